// SPDX-License-Identifier: GPL-2.0-only
/*
 * engine_transcription.c - engine: the pattern of the Windows documentation,
 *	word for word
 *
 * An interlocked list, a semaphore that is released for each request, and a
 * thread that waits for it each time.
 */

#include <linux/err.h>
#include <linux/sched/task.h>

#include "bench.h"

static int bench_transcription_thread(void *context)
{
	struct bench_server *server = context;
	struct bench_request *req;
	unsigned long irqflags;

	for (;;) {
		down(&server->count);
		if (READ_ONCE(server->stopping))
			return 0;
		spin_lock_irqsave(&server->lock, irqflags);
		req = list_first_entry_or_null(&server->requests,
					       struct bench_request, link);
		if (req)
			list_del_init(&req->link);
		spin_unlock_irqrestore(&server->lock, irqflags);
		if (!req)	/* was cancelled */
			continue;
		bench_serve(req);
		bench_complete(req);
	}
}

static int bench_transcription_create(struct bench_server *server)
{
	spin_lock_init(&server->lock);
	INIT_LIST_HEAD(&server->requests);
	sema_init(&server->count, 0);
	server->thread = kthread_create(bench_transcription_thread, server,
					"bench-list");
	if (IS_ERR(server->thread))
		return PTR_ERR(server->thread);
	/* It may end before kthread_stop(). */
	get_task_struct(server->thread);
	if (server->cpu >= 0)
		kthread_bind(server->thread, server->cpu);
	wake_up_process(server->thread);
	return 0;
}

static void bench_transcription_stop(struct bench_server *server,
				     struct bench_request *reqs,
				     unsigned int count)
{
	struct bench_request *req, *next;
	LIST_HEAD(requests);

	spin_lock_irq(&server->lock);
	list_splice_init(&server->requests, &requests);
	spin_unlock_irq(&server->lock);
	list_for_each_entry_safe(req, next, &requests, link) {
		list_del_init(&req->link);
		bench_complete(req);
	}
	/* kthread_stop() alone does not end down(). */
	WRITE_ONCE(server->stopping, true);
	up(&server->count);
	kthread_stop(server->thread);
	put_task_struct(server->thread);
}

static void bench_transcription_destroy(struct bench_server *server)
{
	bench_transcription_stop(server, NULL, 0);
}

static void bench_transcription_init(struct bench_request *req)
{
	INIT_LIST_HEAD(&req->link);
}

static void bench_transcription_submit(struct bench_server *server,
				       struct bench_request *req)
{
	unsigned long irqflags;

	spin_lock_irqsave(&server->lock, irqflags);
	list_add_tail(&req->link, &server->requests);
	spin_unlock_irqrestore(&server->lock, irqflags);
	up(&server->count);
}

static void bench_transcription_cancel(struct bench_server *server,
				       struct bench_request *req)
{
	unsigned long irqflags;
	bool queued;

	spin_lock_irqsave(&server->lock, irqflags);
	queued = !list_empty(&req->link);
	list_del_init(&req->link);
	spin_unlock_irqrestore(&server->lock, irqflags);
	if (queued)
		bench_complete(req);
}

const struct bench_engine bench_transcription = {
	.name = "transcription",
	.create = bench_transcription_create,
	.destroy = bench_transcription_destroy,
	.init = bench_transcription_init,
	.submit = bench_transcription_submit,
	.cancel = bench_transcription_cancel,
	.stop = bench_transcription_stop,
};
