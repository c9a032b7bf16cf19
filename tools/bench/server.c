// SPDX-License-Identifier: GPL-2.0-only
/* server.c - what all engines do alike: serving, counting, waiting */

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <uapi/linux/sched/types.h>

#include "../../module/compat.h"
#include "bench.h"

struct bench_server *bench_server_create(const struct bench_rival *rival,
					 const struct bench_params *params)
{
	struct bench_server *server;
	int err;

	server = kzalloc_obj(*server, GFP_KERNEL);
	if (!server)
		return ERR_PTR(-ENOMEM);
	server->engine = rival->engine;
	server->policy = rival->policy;
	server->cpu = params->cpu;
	server->service_ns = params->service_ns;
	init_completion(&server->gate);
	init_completion(&server->at_gate);
	err = rival->engine->create(server);
	if (err) {
		kfree(server);
		return ERR_PTR(err);
	}
	return server;
}

void bench_server_free(struct bench_server *server)
{
	kfree(server);
}

/* In the server's thread, before it serves anything that is measured. */
static void bench_set_policy(const struct bench_server *server)
{
	const struct sched_attr attr = { .sched_policy = server->policy };

	if (server->policy >= 0)
		WARN_ON_ONCE(sched_setattr_nocheck(current, &attr));
}

/*
 * Does the work of a request; called in the server's task, one request at a
 * time. A wakeup is counted when that is another task than before, or the same
 * one and it has slept since.
 */
void bench_serve(struct bench_request *req)
{
	struct bench_server *server = req->server;
	u64 end;

	if (server->last_task != current ||
	    server->last_switches != current->nvcsw) {
		if (server->last_task != current)
			bench_set_policy(server);
		server->last_task = current;
		server->last_switches = current->nvcsw;
		server->wakeups++;
	}
	if (req->gate) {
		complete(&server->at_gate);
		wait_for_completion(&server->gate);
		return;
	}
	if (req->transfer)
		req->transfer(req);
	if (server->service_ns) {
		end = ktime_get_ns() + server->service_ns;
		while (ktime_get_ns() < end)
			cpu_relax();
	}
}

void bench_complete(struct bench_request *req)
{
	struct bench_submitter *submitter = req->submitter;
	struct task_struct *task;
	unsigned int expected;

	if (req->finished) {
		complete(req->finished);
		return;
	}
	expected = submitter->expected;
	task = submitter->task;
	/* Fully ordered; pairs with bench_submitter_wait(). */
	if (atomic_inc_return(&submitter->done) == expected)
		wake_up_process(task);
}

/* Waits until as many requests are done as are expected. */
void bench_submitter_wait(struct bench_submitter *submitter)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		/* Pairs with bench_complete(). */
		if (atomic_read_acquire(&submitter->done) == submitter->expected)
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

struct bench_request *bench_requests_create(struct bench_server *server,
					    struct bench_submitter *submitter,
					    unsigned int count)
{
	struct bench_request *reqs;
	unsigned int i;

	reqs = kvcalloc(count, sizeof(*reqs), GFP_KERNEL);
	if (!reqs)
		return NULL;
	for (i = 0; i < count; i++) {
		reqs[i].server = server;
		reqs[i].submitter = submitter;
		server->engine->init(&reqs[i]);
	}
	return reqs;
}

/* For a thread that has nothing to do: returns 0 when it is to stop. */
int bench_sleep_until_stop(void)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}
