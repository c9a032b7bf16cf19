// SPDX-License-Identifier: GPL-2.0-only
/* ddt_hello.c - a driver to begin with: each request takes its thread 100 ms */

#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <ddt/queue.h>

struct hello_request {
	struct ddt_request req;
	int number;
};

static struct ddt_queue *hello_queue;

/* In the thread of the device: may sleep, one request at a time. */
static int hello_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	return ddt_queue_delay(queue, ms_to_ktime(100));
}

static void hello_complete(struct ddt_queue *queue, struct ddt_request *req)
{
	struct hello_request *hello =
		container_of(req, struct hello_request, req);

	pr_info("request %d: %d\n", hello->number, req->status);
	kfree(hello);
}

static const struct ddt_queue_ops hello_ops = {
	.serve = hello_serve,
	.complete = hello_complete,
};

static int hello_submit(int number)
{
	struct hello_request *hello = kzalloc(sizeof(*hello), GFP_KERNEL);
	int err;

	if (!hello)
		return -ENOMEM;
	ddt_request_init(&hello->req);
	hello->number = number;
	err = ddt_queue_submit(hello_queue, &hello->req);
	if (err)
		kfree(hello);
	return err;
}

static int __init hello_init(void)
{
	static const struct ddt_queue_attr attr = {
		.server = DDT_SERVER_THREAD,
		.thread.name = "ddt_hello",
		.depth = 16,
		.idle_timeout = DDT_FOREVER,
	};
	int err = 0;
	int i;

	hello_queue = ddt_queue_create(&hello_ops, NULL, &attr);
	if (IS_ERR(hello_queue))
		return PTR_ERR(hello_queue);
	for (i = 1; i <= 3 && !err; i++)
		err = hello_submit(i);
	if (err)
		ddt_queue_destroy(hello_queue);
	return err;
}

static void __exit hello_exit(void)
{
	ddt_queue_destroy(hello_queue);
}

module_init(hello_init);
module_exit(hello_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A driver to begin with, on device-dedicated threads");
