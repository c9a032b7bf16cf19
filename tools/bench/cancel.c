// SPDX-License-Identifier: GPL-2.0-only
/*
 * cancel.c - workloads: cancelling requests that are queued, and stopping with
 *	      requests queued, behind one that takes its time
 */

#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/mm.h>

#include "bench.h"

/* Submits one request more than @n; the first is in service until the gate. */
static void bench_fill(struct bench_submitter *submitter, unsigned int n)
{
	struct bench_server *server = submitter->server;
	unsigned int i;

	atomic_set(&submitter->done, 0);
	submitter->expected = n + 1;
	submitter->requests[0].gate = true;
	server->engine->submit(server, &submitter->requests[0]);
	wait_for_completion(&server->at_gate);
	for (i = 1; i <= n; i++)
		server->engine->submit(server, &submitter->requests[i]);
}

static int bench_filled(const struct bench_rival *rival,
			const struct bench_params *params, unsigned int round,
			bool stop)
{
	const struct bench_engine *engine = rival->engine;
	struct bench_result result = {
		.workload = stop ? "stop" : "cancel",
		.engine = engine->name,
		.policy = rival->policy,
		.params = *params,
		.round = round,
	};
	struct bench_submitter submitter = { .task = current };
	struct bench_server *server;
	unsigned int i;
	u64 begin;

	server = bench_server_create(rival, params);
	if (IS_ERR(server))
		return PTR_ERR(server);
	submitter.server = server;
	submitter.requests = bench_requests_create(server, &submitter,
						   params->n + 1);
	if (!submitter.requests) {
		engine->destroy(server);
		bench_server_free(server);
		return -ENOMEM;
	}

	bench_fill(&submitter, params->n);
	begin = ktime_get_ns();
	if (stop) {
		complete(&server->gate);
		engine->stop(server, submitter.requests, params->n + 1);
		result.ps = bench_ps_each(ktime_get_ns() - begin, 1);
	} else {
		for (i = 1; i <= params->n; i++)
			engine->cancel(server, &submitter.requests[i]);
		result.ps = bench_ps_each(ktime_get_ns() - begin, params->n);
		complete(&server->gate);
	}
	bench_submitter_wait(&submitter);
	if (!stop)
		engine->destroy(server);
	bench_server_free(server);
	kvfree(submitter.requests);
	return bench_result_add(&result);
}

static int bench_filled_rounds(const struct bench_params *params, bool stop)
{
	const struct bench_rival *rival;
	unsigned int round;
	int err;

	for (round = 0; round < params->rounds; round++) {
		for (rival = bench_rivals; rival->engine; rival++) {
			if (!rival->engine->cancel)
				continue;
			err = bench_filled(rival, params, round, stop);
			if (err)
				return err;
		}
	}
	return 0;
}

int bench_cancel(const struct bench_params *params)
{
	return bench_filled_rounds(params, false);
}

int bench_stop(const struct bench_params *params)
{
	return bench_filled_rounds(params, true);
}
