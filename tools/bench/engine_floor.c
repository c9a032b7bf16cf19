// SPDX-License-Identifier: GPL-2.0-only
/*
 * engine_floor.c - engine: one word, and what the scheduler itself costs
 *
 * Less than this cannot be done: no lock, no list, and one request at a time.
 */

#include <linux/err.h>

#include "bench.h"

static int bench_floor_thread(void *context)
{
	struct bench_server *server = context;
	struct bench_request *req;

	for (;;) {
		/* Pairs with wake_up_process() after the word was stored. */
		set_current_state(TASK_IDLE);
		req = READ_ONCE(server->word);
		if (!req) {
			if (kthread_should_stop())
				break;
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		WRITE_ONCE(server->word, NULL);
		bench_serve(req);
		bench_complete(req);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int bench_floor_create(struct bench_server *server)
{
	server->word = NULL;
	server->pong = kthread_create(bench_floor_thread, server,
				      "bench-floor");
	if (IS_ERR(server->pong))
		return PTR_ERR(server->pong);
	if (server->cpu >= 0)
		kthread_bind(server->pong, server->cpu);
	wake_up_process(server->pong);
	return 0;
}

static void bench_floor_destroy(struct bench_server *server)
{
	kthread_stop(server->pong);
}

static void bench_floor_init(struct bench_request *req)
{
}

static void bench_floor_submit(struct bench_server *server,
			       struct bench_request *req)
{
	/* The thread sees the whole request: wake_up_process() is a barrier. */
	WRITE_ONCE(server->word, req);
	wake_up_process(server->pong);
}

const struct bench_engine bench_floor = {
	.name = "floor",
	.max_burst = 1,
	.create = bench_floor_create,
	.destroy = bench_floor_destroy,
	.init = bench_floor_init,
	.submit = bench_floor_submit,
};
