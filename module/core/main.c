// SPDX-License-Identifier: GPL-2.0-only
/* main.c - the library as a module: what its parts share, tracepoints */

#include <linux/init.h>
#include <linux/module.h>

#define CREATE_TRACE_POINTS
#include "trace.h"

#include "calls.h"
#include "nt.h"
#include "server.h"

static int __init ddt_init(void)
{
	int err;

	err = ddt_queue_cache_init();
	if (err)
		return err;
	err = ddt_server_init();
	if (err)
		goto exit_cache;
	err = ddt_nt_init();
	if (err)
		goto exit_server;
	return 0;

exit_server:
	ddt_server_exit();
exit_cache:
	ddt_queue_cache_exit();
	return err;
}

static void __exit ddt_exit(void)
{
	ddt_nt_exit();
	ddt_server_exit();
	ddt_queue_cache_exit();
}

/* Before the drivers, where all is built in. */
subsys_initcall(ddt_init);
module_exit(ddt_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The ddt authors");
MODULE_DESCRIPTION("Device-dedicated threads");
MODULE_VERSION(DDT_VERSION);
