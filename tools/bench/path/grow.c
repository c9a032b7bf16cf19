// SPDX-License-Identifier: GPL-2.0-only
/*
 * grow.c - workloads: what an operation on the library's queue costs when there
 *	    is much in it
 *
 * The first request is in service until all that is measured in the meantime
 * has been. A result has the operation as its engine, and the time of each.
 */
#include "shim.h"

#include "../bench.h"
#include "grow.h"

#define GROW_FLOW_REQUESTS	100000U
#define GROW_LOOKS		20U
#define GROW_EXPIRIES		100U

struct grow {
	struct bench_params params;
	const char *workload;
	unsigned int round;
	unsigned int count;		/* of requests, without the first */
	struct bench_submitter submitter;
	struct bench_server *server;
	struct ddt_flow *flows;
	unsigned int nr_flows;
};

static int grow_begin(struct grow *grow)
{
	const struct bench_rival rival = { &bench_ddt_thread, SCHED_NORMAL };
	struct bench_request *reqs;
	unsigned int i;

	grow->server = bench_server_create(&rival, &grow->params);
	if (IS_ERR(grow->server))
		return PTR_ERR(grow->server);
	grow->submitter = (struct bench_submitter){
		.task = current,
		.server = grow->server,
		.expected = grow->count + 1,
	};
	reqs = bench_requests_create(grow->server, &grow->submitter,
				     grow->count + 1);
	grow->submitter.requests = reqs;
	grow->flows = kcalloc(grow->nr_flows, sizeof(*grow->flows), GFP_KERNEL);
	for (i = 0; i < grow->nr_flows; i++)
		ddt_flow_init(&grow->flows[i]);
	for (i = 1; grow->nr_flows && i <= grow->count; i++)
		reqs[i].ddt.flow = &grow->flows[i % grow->nr_flows];
	reqs[0].gate = true;
	grow->server->engine->submit(grow->server, &reqs[0]);
	wait_for_completion(&grow->server->at_gate);
	return 0;
}

/* The requests [@first, @last], and those behind them are not submitted. */
static void grow_submit(struct grow *grow, unsigned int first,
			unsigned int last)
{
	unsigned int i;

	for (i = first; i <= last; i++)
		grow->server->engine->submit(grow->server,
					     &grow->submitter.requests[i]);
}

static int grow_result(struct grow *grow, const char *operation, u64 begin,
		       unsigned int count)
{
	const struct bench_result result = {
		.workload = grow->workload,
		.engine = operation,
		.policy = -1,
		.params = grow->params,
		.round = grow->round,
		.ps = bench_ps_each(ktime_get_ns() - begin, count),
	};

	return bench_result_add(&result);
}

/* Serves what is left. */
static void grow_end(struct grow *grow)
{
	complete(&grow->server->gate);
	bench_submitter_wait(&grow->submitter);
}

static void grow_free(struct grow *grow)
{
	grow->server->engine->destroy(grow->server);
	bench_server_free(grow->server);
	kvfree(grow->submitter.requests);
	kfree(grow->flows);
}

static int grow_rounds(struct grow *grow, int (*run)(struct grow *grow))
{
	int err;

	for (; grow->round < grow->params.rounds; grow->round++) {
		err = grow_begin(grow);
		if (err)
			return err;
		err = run(grow);
		grow_free(grow);
		if (err)
			return err;
	}
	return 0;
}

static int grow_queue(struct grow *grow)
{
	unsigned int i, cancelled = 0;
	u64 begin;
	int err;

	begin = ktime_get_ns();
	grow_submit(grow, 1, grow->count);
	err = grow_result(grow, "submit", begin, grow->count);
	begin = ktime_get_ns();
	for (i = 1; i <= grow->count; i += 10, cancelled++)
		grow->server->engine->cancel(grow->server,
					     &grow->submitter.requests[i]);
	err = err ?: grow_result(grow, "cancel", begin, cancelled);
	begin = ktime_get_ns();
	grow_end(grow);
	return err ?: grow_result(grow, "serve", begin,
				  grow->count - cancelled);
}

/* n requests in one flow */
int bench_queued(const struct bench_params *params)
{
	struct grow grow = {
		.params = *params,
		.workload = "queued",
		.count = params->n,
	};

	return grow_rounds(&grow, grow_queue);
}

/* A fixed number of requests in n flows */
int bench_flows(const struct bench_params *params)
{
	struct grow grow = {
		.params = *params,
		.workload = "flows",
		.count = GROW_FLOW_REQUESTS,
		.nr_flows = params->n,
	};

	return grow_rounds(&grow, grow_queue);
}

static int grow_deadlines(struct grow *grow)
{
	struct bench_request *reqs = grow->submitter.requests;
	ktime_t far = ktime_get() + 1000 * NSEC_PER_SEC;
	unsigned int i, n = grow->params.n;
	u64 begin;
	int err;

	for (i = 1; i <= n + GROW_LOOKS; i++)
		reqs[i].ddt.deadline = far + i;
	for (; i <= grow->count; i++)
		reqs[i].ddt.deadline = 1;

	begin = ktime_get_ns();
	grow_submit(grow, 1, n);
	err = grow_result(grow, "submit", begin, n);
	shim_run_works();
	begin = ktime_get_ns();
	for (i = n + 1; i <= n + GROW_LOOKS; i++) {
		grow_submit(grow, i, i);
		shim_run_works();
	}
	err = err ?: grow_result(grow, "look", begin, GROW_LOOKS);
	begin = ktime_get_ns();
	for (; i <= grow->count; i++) {
		grow_submit(grow, i, i);
		shim_run_works();
	}
	err = err ?: grow_result(grow, "expire", begin, GROW_EXPIRIES);
	grow_end(grow);
	return err;
}

/*
 * n requests with a deadline that is far away. Then a few more, with a look at
 * the deadlines after each; then some that have expired already.
 */
int bench_deadlines(const struct bench_params *params)
{
	struct grow grow = {
		.params = *params,
		.workload = "deadlines",
		.count = params->n + GROW_LOOKS + GROW_EXPIRIES,
	};

	return grow_rounds(&grow, grow_deadlines);
}

static bool grow_match(const struct ddt_request *req, const void *unused)
{
	return true;
}

static void grow_visit(struct ddt_request *req, bool in_service, void *count)
{
	(*(unsigned int *)count)++;
}

static int grow_walks(struct grow *grow)
{
	struct ddt_queue *queue = grow->server->queue;
	struct ddt_queue_stats stats;
	unsigned int count = 0;
	u64 begin;
	int err;

	grow_submit(grow, 1, grow->count);
	begin = ktime_get_ns();
	ddt_queue_stats(queue, &stats);
	err = grow_result(grow, "stats", begin, 1);
	WARN_ON(stats.queued != grow->count);
	begin = ktime_get_ns();
	ddt_queue_for_each(queue, grow_visit, &count);
	err = err ?: grow_result(grow, "for_each", begin, count);
	WARN_ON(count != grow->count + 1);
	begin = ktime_get_ns();
	ddt_queue_cancel_all(queue, grow_match, NULL);
	err = err ?: grow_result(grow, "cancel_all", begin, count);
	grow_end(grow);
	return err;
}

/* What looks at all of n requests */
int bench_walks(const struct bench_params *params)
{
	struct grow grow = {
		.params = *params,
		.workload = "walks",
		.count = params->n,
	};

	return grow_rounds(&grow, grow_walks);
}
