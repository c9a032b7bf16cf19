// SPDX-License-Identifier: GPL-2.0-only
/* main.c - the library as a module: what its parts share, tracepoints */

#include <linux/init.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

#include "nt.h"
#include "queue.h"

/* Serves queues that have no thread, and looks after deadlines. */
struct workqueue_struct *ddt_workqueue;

/* Queues, aligned: the first cache line is that of those who submit. */
struct kmem_cache *ddt_queue_cache;

static int __init ddt_init(void)
{
	int err;

	ddt_queue_cache = KMEM_CACHE(ddt_queue, SLAB_HWCACHE_ALIGN);
	if (!ddt_queue_cache)
		return -ENOMEM;
	err = -ENOMEM;
	ddt_workqueue = alloc_workqueue("ddt", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!ddt_workqueue)
		goto destroy_cache;
	err = ddt_nt_init();
	if (err)
		goto destroy_workqueue;
	return 0;

destroy_workqueue:
	destroy_workqueue(ddt_workqueue);
destroy_cache:
	kmem_cache_destroy(ddt_queue_cache);
	return err;
}

static void __exit ddt_exit(void)
{
	ddt_nt_exit();
	destroy_workqueue(ddt_workqueue);
	kmem_cache_destroy(ddt_queue_cache);
}

/* Before the drivers, where all is built in. */
subsys_initcall(ddt_init);
module_exit(ddt_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The ddt authors");
MODULE_DESCRIPTION("Device-dedicated threads");
MODULE_VERSION(DDT_VERSION);
