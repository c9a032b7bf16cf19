// SPDX-License-Identifier: GPL-2.0-only
/*
 * engine_llist.c - engine: a lockless list, and what a burst costs at least
 *
 * One atomic operation a request and one wakeup a burst. It cannot cancel, has
 * no limit and no count of what is queued.
 */

#include <linux/err.h>

#include "bench.h"

static int bench_llist_thread(void *context)
{
	struct bench_request *req, *next;
	struct bench_server *server = context;
	struct llist_node *batch;

	for (;;) {
		/* Pairs with wake_up_process() after llist_add(). */
		set_current_state(TASK_IDLE);
		batch = llist_del_all(&server->pushed);
		if (!batch) {
			if (kthread_should_stop())
				break;
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		batch = llist_reverse_order(batch);
		llist_for_each_entry_safe(req, next, batch, node) {
			bench_serve(req);
			bench_complete(req);
		}
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int bench_llist_create(struct bench_server *server)
{
	init_llist_head(&server->pushed);
	server->popper = kthread_create(bench_llist_thread, server,
					"bench-llist");
	if (IS_ERR(server->popper))
		return PTR_ERR(server->popper);
	if (server->cpu >= 0)
		kthread_bind(server->popper, server->cpu);
	wake_up_process(server->popper);
	return 0;
}

static void bench_llist_destroy(struct bench_server *server)
{
	kthread_stop(server->popper);
}

static void bench_llist_init(struct bench_request *req)
{
}

static void bench_llist_submit(struct bench_server *server,
			       struct bench_request *req)
{
	if (llist_add(&req->node, &server->pushed))
		wake_up_process(server->popper);
}

const struct bench_engine bench_llist = {
	.name = "llist",
	.create = bench_llist_create,
	.destroy = bench_llist_destroy,
	.init = bench_llist_init,
	.submit = bench_llist_submit,
};
