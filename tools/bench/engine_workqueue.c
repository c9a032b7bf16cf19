// SPDX-License-Identifier: GPL-2.0-only
/*
 * engine_workqueue.c - engines: workqueues that serve one request at a time
 *
 * On which CPUs unbound workers run is set from outside, in
 * /sys/devices/virtual/workqueue/cpumask.
 */

#include "../../module/compat.h"
#include "bench.h"

static void bench_work(struct work_struct *work)
{
	struct bench_request *req = container_of(work, struct bench_request,
						 work);

	bench_serve(req);
	bench_complete(req);
}

static int bench_wq_create_ordered(struct bench_server *server)
{
	server->workqueue = alloc_ordered_workqueue("bench-ordered", 0);
	return server->workqueue ? 0 : -ENOMEM;
}

static int bench_wq_create_unbound(struct bench_server *server)
{
	server->workqueue = alloc_workqueue("bench-unbound", WQ_UNBOUND, 1);
	return server->workqueue ? 0 : -ENOMEM;
}

static int bench_wq_create_highpri(struct bench_server *server)
{
	server->workqueue = alloc_workqueue("bench-highpri",
					    WQ_HIGHPRI | DDT_WQ_PERCPU, 1);
	return server->workqueue ? 0 : -ENOMEM;
}

static void bench_wq_destroy(struct bench_server *server)
{
	destroy_workqueue(server->workqueue);
}

static void bench_wq_init(struct bench_request *req)
{
	INIT_WORK(&req->work, bench_work);
}

static void bench_wq_submit(struct bench_server *server,
			    struct bench_request *req)
{
	queue_work(server->workqueue, &req->work);
}

static void bench_wq_submit_on(struct bench_server *server,
			       struct bench_request *req)
{
	/* Any means that of the server here, as its works must not overlap. */
	queue_work_on(server->cpu >= 0 ? server->cpu : 0, server->workqueue,
		      &req->work);
}

static void bench_wq_cancel(struct bench_server *server,
			    struct bench_request *req)
{
	if (cancel_work_sync(&req->work))
		bench_complete(req);
}

static void bench_wq_stop(struct bench_server *server,
			  struct bench_request *reqs, unsigned int count)
{
	while (count--)
		bench_wq_cancel(server, &reqs[count]);
	bench_wq_destroy(server);
}

const struct bench_engine bench_wq_ordered = {
	.name = "workqueue-ordered",
	.create = bench_wq_create_ordered,
	.destroy = bench_wq_destroy,
	.init = bench_wq_init,
	.submit = bench_wq_submit,
	.cancel = bench_wq_cancel,
	.stop = bench_wq_stop,
};

const struct bench_engine bench_wq_unbound = {
	.name = "workqueue-unbound",
	.create = bench_wq_create_unbound,
	.destroy = bench_wq_destroy,
	.init = bench_wq_init,
	.submit = bench_wq_submit,
	.cancel = bench_wq_cancel,
	.stop = bench_wq_stop,
};

const struct bench_engine bench_wq_highpri = {
	.name = "workqueue-highpri",
	.create = bench_wq_create_highpri,
	.destroy = bench_wq_destroy,
	.init = bench_wq_init,
	.submit = bench_wq_submit_on,
	.cancel = bench_wq_cancel,
	.stop = bench_wq_stop,
};
