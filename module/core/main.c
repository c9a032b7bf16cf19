// SPDX-License-Identifier: GPL-2.0-only
/* main.c - the library as a module */

#include <linux/module.h>

#include "nt.h"

static int __init ddt_init(void)
{
	return ddt_nt_init();
}
module_init(ddt_init);

static void __exit ddt_exit(void)
{
	ddt_nt_exit();
}
module_exit(ddt_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The ddt authors");
MODULE_DESCRIPTION("Device-dedicated threads");
