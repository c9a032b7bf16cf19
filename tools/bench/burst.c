// SPDX-License-Identifier: GPL-2.0-only
/*
 * burst.c - workload: submitters that submit n requests at once and wait for
 *	     them, again and again; a round trip is a burst of one
 */

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "bench.h"

/* Requests of a submitter in a round: enough for the clock, not too long. */
#define BENCH_REQUESTS	8192U
#define BENCH_WARM_UP	4U
#define BENCH_ROUND_NS	(100 * NSEC_PER_MSEC)

static unsigned int bench_bursts(const struct bench_params *params)
{
	unsigned int count = BENCH_REQUESTS / params->submitters;

	if (params->service_ns)
		count = min_t(unsigned int, count,
			      BENCH_ROUND_NS / params->service_ns);
	return max(count / params->n, 4U);
}

static void bench_one_burst(struct bench_submitter *submitter)
{
	const struct bench_params *params = submitter->params;
	struct bench_server *server = submitter->server;
	void (*submit)(struct bench_server *server, struct bench_request *req);
	u64 begin, submitted;
	unsigned int i;

	submit = server->engine->submit;
	atomic_set(&submitter->done, 0);
	submitter->expected = params->n;
	begin = ktime_get_ns();
	for (i = 0; i < params->n; i++)
		submit(server, &submitter->requests[i]);
	submitted = ktime_get_ns();
	bench_submitter_wait(submitter);
	submitter->total_ns += ktime_get_ns() - begin;
	submitter->submit_ns += submitted - begin;
}

static int bench_submitter_thread(void *context)
{
	struct bench_submitter *submitter = context;
	unsigned int i;

	for (i = 0; i < BENCH_WARM_UP; i++)
		bench_one_burst(submitter);
	submitter->total_ns = 0;
	submitter->submit_ns = 0;
	complete(&submitter->finished);
	wait_for_completion(submitter->start);
	for (i = bench_bursts(submitter->params); i; i--)
		bench_one_burst(submitter);
	complete(&submitter->finished);

	/* Somebody may still be about to wake this thread. */
	return bench_sleep_until_stop();
}

static int bench_submitter_start(struct bench_submitter *submitter)
{
	const struct bench_params *params = submitter->params;

	submitter->requests = bench_requests_create(submitter->server,
						    submitter, params->n);
	if (!submitter->requests)
		return -ENOMEM;
	init_completion(&submitter->finished);
	submitter->task = kthread_create(bench_submitter_thread, submitter,
					 "bench-submit");
	if (IS_ERR(submitter->task)) {
		kvfree(submitter->requests);
		return PTR_ERR(submitter->task);
	}
	if (params->cpu >= 0)
		kthread_bind(submitter->task, 0);
	wake_up_process(submitter->task);
	return 0;
}

/* Lets them run, and stores what they have measured. */
static void bench_submitters_run(struct bench_submitter *submitters,
				 struct completion *start,
				 struct bench_result *result)
{
	const struct bench_params *params = &result->params;
	struct bench_server *server = submitters->server;
	u64 total, requests, begin, submit_ns = 0, wakeups;
	unsigned int i, bursts = bench_bursts(params);

	for (i = 0; i < params->submitters; i++)
		wait_for_completion(&submitters[i].finished);
	wakeups = READ_ONCE(server->wakeups);
	begin = ktime_get_ns();
	complete_all(start);
	for (i = 0; i < params->submitters; i++) {
		wait_for_completion(&submitters[i].finished);
		submit_ns += submitters[i].submit_ns;
	}
	total = ktime_get_ns() - begin;
	/* A single one measures without what this thread adds. */
	if (params->submitters == 1)
		total = submitters->total_ns;
	wakeups = READ_ONCE(server->wakeups) - wakeups;
	bursts *= params->submitters;
	requests = (u64)bursts * params->n;
	result->ns = div64_u64(total, requests);
	result->submit_ns = div64_u64(submit_ns, requests);
	result->wakeups_milli = div64_u64(wakeups * 1000, bursts);
}

static int bench_burst_engine(const struct bench_engine *engine,
			      const struct bench_params *params,
			      unsigned int round)
{
	struct bench_result result = {
		.workload = "burst",
		.engine = engine->name,
		.params = *params,
		.round = round,
	};
	struct bench_submitter *submitters;
	struct bench_server *server;
	struct completion start;
	unsigned int i;
	int err = 0;

	submitters = kcalloc(params->submitters, sizeof(*submitters),
			     GFP_KERNEL);
	if (!submitters)
		return -ENOMEM;
	server = bench_server_create(engine, params);
	if (IS_ERR(server)) {
		err = PTR_ERR(server);
		goto free_submitters;
	}

	init_completion(&start);
	for (i = 0; i < params->submitters; i++) {
		submitters[i].server = server;
		submitters[i].params = &result.params;
		submitters[i].start = &start;
		err = bench_submitter_start(&submitters[i]);
		if (err)
			break;
	}
	if (!err) {
		bench_submitters_run(submitters, &start, &result);
		err = bench_result_add(&result);
	} else {
		complete_all(&start);
		while (i--) {
			wait_for_completion(&submitters[i].finished);
			wait_for_completion(&submitters[i].finished);
		}
	}
	engine->destroy(server);
	bench_server_free(server);
	for (i = 0; i < params->submitters && submitters[i].requests; i++) {
		if (!IS_ERR_OR_NULL(submitters[i].task))
			kthread_stop(submitters[i].task);
		kvfree(submitters[i].requests);
	}
free_submitters:
	kfree(submitters);
	return err;
}

/* Each round gives each engine its turn. */
int bench_burst(const struct bench_params *params)
{
	const struct bench_engine *const *engine;
	unsigned int round;
	int err;

	for (round = 0; round < params->rounds; round++) {
		for (engine = bench_engines; *engine; engine++) {
			if ((*engine)->max_burst &&
			    params->n * params->submitters >
			    (*engine)->max_burst)
				continue;
			err = bench_burst_engine(*engine, params, round);
			if (err)
				return err;
		}
	}
	return 0;
}
