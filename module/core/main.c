// SPDX-License-Identifier: GPL-2.0-only
/* main.c - the library as a module; it does nothing until somebody calls it */

#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The ddt authors");
MODULE_DESCRIPTION("Device-dedicated threads");
