// SPDX-License-Identifier: GPL-2.0-only
/*
 * burst.c - workloads: submitters that submit n requests at once and wait for
 *	     them, again and again; a round trip is a burst of one
 *
 * The workload "scattered" submits them in a random order of their addresses;
 * "hog" has a thread that never sleeps on the server's CPU.
 */

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "bench.h"

/* Requests of a submitter in a round: enough for the clock, not too long. */
#define BENCH_REQUESTS	8192U
#define BENCH_WARM_UP	4U
#define BENCH_ROUND_NS	(100 * NSEC_PER_MSEC)
/* Beside a hog: many ticks, for that is when the scheduler takes turns. */
#define BENCH_HOG_NS	(200 * NSEC_PER_MSEC)
/* To read the clock would be much of a short burst: done in one of so many. */
#define BENCH_SAMPLE	8U

struct bench_burst_kind {
	const char *workload;
	bool scattered;
	bool hog;
};

static unsigned int bench_bursts(const struct bench_params *params)
{
	unsigned int count = BENCH_REQUESTS / params->submitters;

	if (params->service_ns)
		count = min_t(unsigned int, count,
			      BENCH_ROUND_NS / params->service_ns);
	return max(count / params->n, 4U);
}

static void bench_one_burst(struct bench_submitter *submitter, bool sample)
{
	const struct bench_params *params = submitter->params;
	struct bench_server *server = submitter->server;
	void (*submit)(struct bench_server *server, struct bench_request *req);
	unsigned int i;
	u64 begin = 0;

	submit = server->engine->submit;
	atomic_set(&submitter->done, 0);
	submitter->expected = params->n;
	if (sample)
		begin = ktime_get_ns();
	if (server->engine->submit_list)
		server->engine->submit_list(server, submitter->list, params->n);
	else
		for (i = 0; i < params->n; i++)
			submit(server, submitter->order[i]);
	if (sample) {
		submitter->submit_ns += ktime_get_ns() - begin;
		submitter->sampled++;
	}
	bench_submitter_wait(submitter);
}

static int bench_submitter_thread(void *context)
{
	struct bench_submitter *submitter = context;
	unsigned int i;
	u64 begin;

	for (i = 0; i < BENCH_WARM_UP; i++)
		bench_one_burst(submitter, false);
	complete(&submitter->finished);
	wait_for_completion(submitter->start);
	begin = ktime_get_ns();
	i = 0;
	do {
		bench_one_burst(submitter, i % BENCH_SAMPLE == 0);
		i++;
	} while (i < submitter->bursts ||
		 ktime_get_ns() - begin < submitter->min_ns);
	submitter->total_ns = ktime_get_ns() - begin;
	submitter->bursts = i;
	complete(&submitter->finished);

	/* The server may still be about to wake this thread. */
	return bench_sleep_until_stop();
}

/* Exchanges each with one before it: the same order in each round. */
static void bench_scatter(struct bench_request **order, unsigned int count)
{
	unsigned int i, other, seed = 1;

	for (i = 1; i < count; i++) {
		seed = seed * 1664525 + 1013904223;
		other = seed % (i + 1);
		swap(order[i], order[other]);
	}
}

static int bench_submitter_start(struct bench_submitter *submitter,
				 bool scattered)
{
	const struct bench_params *params = submitter->params;
	unsigned int i;

	submitter->requests = bench_requests_create(submitter->server,
						    submitter, params->n);
	submitter->order = kvcalloc(params->n, sizeof(*submitter->order),
				    GFP_KERNEL);
	submitter->list = kvcalloc(params->n, sizeof(*submitter->list),
				   GFP_KERNEL);
	if (!submitter->requests || !submitter->order || !submitter->list)
		return -ENOMEM;
	for (i = 0; i < params->n; i++)
		submitter->order[i] = &submitter->requests[i];
	if (scattered)
		bench_scatter(submitter->order, params->n);
	for (i = 0; i < params->n; i++)
		submitter->list[i] = &submitter->order[i]->ddt;
	init_completion(&submitter->finished);
	submitter->task = kthread_create(bench_submitter_thread, submitter,
					 "bench-submit");
	if (IS_ERR(submitter->task))
		return PTR_ERR(submitter->task);
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
	unsigned int i, bursts = 0, sampled = 0;
	u64 total, requests, begin, submit_ns = 0, wakeups, irq_pairs;

	for (i = 0; i < params->submitters; i++)
		wait_for_completion(&submitters[i].finished);
	wakeups = READ_ONCE(server->wakeups);
	irq_pairs = bench_irq_pairs();
	begin = ktime_get_ns();
	complete_all(start);
	for (i = 0; i < params->submitters; i++) {
		wait_for_completion(&submitters[i].finished);
		submit_ns += submitters[i].submit_ns;
		sampled += submitters[i].sampled;
		bursts += submitters[i].bursts;
	}
	total = ktime_get_ns() - begin;
	/* A single one measures without what this thread adds. */
	if (params->submitters == 1)
		total = submitters->total_ns;
	wakeups = READ_ONCE(server->wakeups) - wakeups;
	irq_pairs = bench_irq_pairs() - irq_pairs;
	requests = (u64)bursts * params->n;
	result->ps = bench_ps_each(total, requests);
	result->submit_ps = bench_ps_each(submit_ns,
					  (u64)sampled * params->n);
	result->wakeups_milli = div64_u64(wakeups * 1000, bursts);
	result->irq_pairs_milli = div64_u64(irq_pairs * 1000, requests);
}

/* Has points at which it can be preempted, on all kernels. */
static int bench_hog_thread(void *unused)
{
	unsigned int i;

	while (!kthread_should_stop()) {
		preempt_disable();
		for (i = 0; i < 100; i++)
			cpu_relax();
		preempt_enable();
		cond_resched();
	}
	return 0;
}

static struct task_struct *bench_hog_start(int cpu)
{
	struct task_struct *task = kthread_create(bench_hog_thread, NULL,
						  "bench-hog");

	if (!IS_ERR(task)) {
		kthread_bind(task, max(cpu, 0));
		wake_up_process(task);
	}
	return task;
}

static int bench_burst_rival(const struct bench_rival *rival,
			     const struct bench_burst_kind *kind,
			     const struct bench_params *params,
			     unsigned int round)
{
	const struct bench_engine *engine = rival->engine;
	struct bench_result result = {
		.workload = kind->workload,
		.engine = engine->name,
		.policy = rival->policy,
		.params = *params,
		.round = round,
	};
	struct bench_submitter *submitters;
	struct task_struct *hog = NULL;
	struct bench_server *server;
	struct completion start;
	unsigned int i;
	int err = 0;

	submitters = kcalloc(params->submitters, sizeof(*submitters),
			     GFP_KERNEL);
	if (!submitters)
		return -ENOMEM;
	server = bench_server_create(rival, params);
	if (IS_ERR(server)) {
		err = PTR_ERR(server);
		goto free_submitters;
	}

	if (kind->hog) {
		hog = bench_hog_start(params->cpu);
		if (IS_ERR(hog)) {
			err = PTR_ERR(hog);
			goto destroy_server;
		}
	}
	init_completion(&start);
	for (i = 0; i < params->submitters; i++) {
		submitters[i].server = server;
		submitters[i].params = &result.params;
		submitters[i].start = &start;
		submitters[i].bursts = kind->hog ? 1 : bench_bursts(params);
		submitters[i].min_ns = kind->hog ? BENCH_HOG_NS : 0;
		err = bench_submitter_start(&submitters[i], kind->scattered);
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
	if (hog)
		kthread_stop(hog);
destroy_server:
	engine->destroy(server);
	bench_server_free(server);
	for (i = 0; i < params->submitters; i++) {
		if (!IS_ERR_OR_NULL(submitters[i].task))
			kthread_stop(submitters[i].task);
		kvfree(submitters[i].list);
		kvfree(submitters[i].order);
		kvfree(submitters[i].requests);
	}
free_submitters:
	kfree(submitters);
	return err;
}

/* Each round gives each rival its turn. */
static int bench_burst_rounds(const struct bench_burst_kind *kind,
			      const struct bench_params *params)
{
	const struct bench_rival *rival;
	unsigned int round, limit;
	int err;

	for (round = 0; round < params->rounds; round++) {
		for (rival = bench_rivals; rival->engine; rival++) {
			limit = rival->engine->max_burst;
			if (limit && params->n * params->submitters > limit)
				continue;
			err = bench_burst_rival(rival, kind, params, round);
			if (err)
				return err;
		}
	}
	return 0;
}

int bench_burst(const struct bench_params *params)
{
	const struct bench_burst_kind kind = { .workload = "burst" };

	return bench_burst_rounds(&kind, params);
}

int bench_scattered(const struct bench_params *params)
{
	const struct bench_burst_kind kind = {
		.workload = "scattered",
		.scattered = true,
	};

	return bench_burst_rounds(&kind, params);
}

int bench_hog(const struct bench_params *params)
{
	const struct bench_burst_kind kind = {
		.workload = "hog",
		.hog = true,
	};

	return bench_burst_rounds(&kind, params);
}
