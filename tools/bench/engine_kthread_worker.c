// SPDX-License-Identifier: GPL-2.0-only
/* engine_kthread_worker.c - engine: the kernel's worker with a thread */

#include <linux/err.h>

#include "bench.h"

static void bench_kthread_work(struct kthread_work *work)
{
	struct bench_request *req = container_of(work, struct bench_request,
						 kthread_work);

	bench_serve(req);
	bench_complete(req);
}

/* Not with kthread_create_worker(): whether that starts it varies. */
static int bench_kthread_create(struct bench_server *server)
{
	kthread_init_worker(&server->worker);
	server->worker_task = kthread_create(kthread_worker_fn, &server->worker,
					     "bench-worker");
	if (IS_ERR(server->worker_task))
		return PTR_ERR(server->worker_task);
	if (server->cpu >= 0)
		kthread_bind(server->worker_task, server->cpu);
	wake_up_process(server->worker_task);
	return 0;
}

static void bench_kthread_destroy(struct bench_server *server)
{
	kthread_flush_worker(&server->worker);
	kthread_stop(server->worker_task);
}

static void bench_kthread_init(struct bench_request *req)
{
	kthread_init_work(&req->kthread_work, bench_kthread_work);
}

static void bench_kthread_submit(struct bench_server *server,
				 struct bench_request *req)
{
	kthread_queue_work(&server->worker, &req->kthread_work);
}

static void bench_kthread_cancel(struct bench_server *server,
				 struct bench_request *req)
{
	if (kthread_cancel_work_sync(&req->kthread_work))
		bench_complete(req);
}

static void bench_kthread_stop(struct bench_server *server,
			       struct bench_request *reqs, unsigned int count)
{
	while (count--)
		bench_kthread_cancel(server, &reqs[count]);
	bench_kthread_destroy(server);
}

const struct bench_engine bench_kthread_worker = {
	.name = "kthread_worker",
	.create = bench_kthread_create,
	.destroy = bench_kthread_destroy,
	.init = bench_kthread_init,
	.submit = bench_kthread_submit,
	.cancel = bench_kthread_cancel,
	.stop = bench_kthread_stop,
};
