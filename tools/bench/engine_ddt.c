// SPDX-License-Identifier: GPL-2.0-only
/* engine_ddt.c - engines: queues of the library */

#include <linux/cpumask.h>
#include <linux/err.h>

#include "bench.h"

#define BENCH_DEPTH	1000000U

static int bench_ddt_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	bench_serve(container_of(req, struct bench_request, ddt));
	return 0;
}

static void bench_ddt_complete(struct ddt_queue *queue,
			       struct ddt_request *req)
{
	bench_complete(container_of(req, struct bench_request, ddt));
}

static const struct ddt_queue_ops bench_ddt_ops = {
	.serve = bench_ddt_serve,
	.complete = bench_ddt_complete,
};

static int bench_ddt_create(struct bench_server *server,
			    enum ddt_queue_server kind, unsigned int flags,
			    ktime_t idle_timeout)
{
	struct ddt_queue_attr attr = {
		.server = kind,
		.thread.name = "bench-ddt",
		.flags = flags,
		.depth = BENCH_DEPTH,
		.idle_timeout = idle_timeout,
	};

	if (server->cpu >= 0)
		attr.thread.cpus = cpumask_of(server->cpu);
	server->queue = ddt_queue_create(&bench_ddt_ops, server, &attr);
	return PTR_ERR_OR_ZERO(server->queue);
}

static int bench_ddt_create_thread(struct bench_server *server)
{
	return bench_ddt_create(server, DDT_SERVER_THREAD, 0, DDT_FOREVER);
}

static int bench_ddt_create_times(struct bench_server *server)
{
	return bench_ddt_create(server, DDT_SERVER_THREAD, DDT_QUEUE_TIMES,
				DDT_FOREVER);
}

/* So that each sleep of the thread needs a timer. */
static int bench_ddt_create_idle(struct bench_server *server)
{
	return bench_ddt_create(server, DDT_SERVER_THREAD, 0, NSEC_PER_SEC);
}

static int bench_ddt_create_workers(struct bench_server *server)
{
	return bench_ddt_create(server, DDT_SERVER_WORKERS, 0, DDT_FOREVER);
}

static void bench_ddt_destroy(struct bench_server *server)
{
	ddt_queue_destroy(server->queue);
}

static void bench_ddt_init(struct bench_request *req)
{
	ddt_request_init(&req->ddt);
}

static void bench_ddt_submit(struct bench_server *server,
			     struct bench_request *req)
{
	WARN_ON_ONCE(ddt_queue_submit(server->queue, &req->ddt));
}

static void bench_ddt_submit_list(struct bench_server *server,
				  struct ddt_request *const *reqs,
				  unsigned int n)
{
	WARN_ON_ONCE(ddt_queue_submit_many(server->queue, reqs, n) != n);
}

static void bench_ddt_cancel(struct bench_server *server,
			     struct bench_request *req)
{
	WARN_ON_ONCE(ddt_queue_cancel(server->queue, &req->ddt));
}

static void bench_ddt_stop(struct bench_server *server,
			   struct bench_request *reqs, unsigned int count)
{
	ddt_queue_stop(server->queue, DDT_QUEUE_ABORT);
	ddt_queue_destroy(server->queue);
}

const struct bench_engine bench_ddt_thread = {
	.name = "ddt",
	.create = bench_ddt_create_thread,
	.destroy = bench_ddt_destroy,
	.init = bench_ddt_init,
	.submit = bench_ddt_submit,
	.cancel = bench_ddt_cancel,
	.stop = bench_ddt_stop,
};

const struct bench_engine bench_ddt_list = {
	.name = "ddt-list",
	.create = bench_ddt_create_thread,
	.destroy = bench_ddt_destroy,
	.init = bench_ddt_init,
	.submit = bench_ddt_submit,
	.submit_list = bench_ddt_submit_list,
	.cancel = bench_ddt_cancel,
	.stop = bench_ddt_stop,
};

const struct bench_engine bench_ddt_times = {
	.name = "ddt-times",
	.create = bench_ddt_create_times,
	.destroy = bench_ddt_destroy,
	.init = bench_ddt_init,
	.submit = bench_ddt_submit,
	.cancel = bench_ddt_cancel,
	.stop = bench_ddt_stop,
};

const struct bench_engine bench_ddt_idle = {
	.name = "ddt-idle",
	.create = bench_ddt_create_idle,
	.destroy = bench_ddt_destroy,
	.init = bench_ddt_init,
	.submit = bench_ddt_submit,
	.cancel = bench_ddt_cancel,
	.stop = bench_ddt_stop,
};

const struct bench_engine bench_ddt_workers = {
	.name = "ddt-workers",
	.create = bench_ddt_create_workers,
	.destroy = bench_ddt_destroy,
	.init = bench_ddt_init,
	.submit = bench_ddt_submit,
	.cancel = bench_ddt_cancel,
	.stop = bench_ddt_stop,
};
