// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the module: its parameters, and the drives that it begins with
 *
 * A drive that is slow and has a thread of its own: a medium in memory, a
 * motor that takes its time to start, and a time for each access.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/sched/prio.h>
#include <linux/string.h>

#include "drive.h"

static unsigned int drives = 1;
module_param(drives, uint, 0444);
MODULE_PARM_DESC(drives,
		 "How many drives there are at first, 1 to 64 (default: 1)");

static unsigned int capacity_kib = 1440;
module_param(capacity_kib, uint, 0444);
MODULE_PARM_DESC(capacity_kib,
		 "Capacity of each medium in KiB, 1 to 1048576 (default: 1440)");

static unsigned int access_us = 3000;
module_param(access_us, uint, 0444);
MODULE_PARM_DESC(access_us,
		 "Time for each access in us, 0 to 10000000 (default: 3000)");

static unsigned int seek_us;
module_param(seek_us, uint, 0444);
MODULE_PARM_DESC(seek_us,
		 "Time to seek from end to end in us, 0 to 10000000 (default: 0)");

static unsigned int rate_kib_s;
module_param(rate_kib_s, uint, 0444);
MODULE_PARM_DESC(rate_kib_s,
		 "Transfer rate in KiB/s, or 0 for no limit (default: 0)");

static unsigned int spinup_ms = 400;
module_param(spinup_ms, uint, 0444);
MODULE_PARM_DESC(spinup_ms,
		 "Time to start the motor in ms, 0 to 60000 (default: 400)");

static unsigned int idle_ms = 3000;
module_param(idle_ms, uint, 0444);
MODULE_PARM_DESC(idle_ms,
		 "Time without work until the motor is switched off, in ms, or 0 for never (default: 3000)");

static unsigned int depth = 128;
module_param(depth, uint, 0444);
MODULE_PARM_DESC(depth,
		 "How many requests can be queued, 1 to 65536 (default: 128)");

static int nice;
module_param(nice, int, 0444);
MODULE_PARM_DESC(nice,
		 "Base priority of the threads, -20 (first) to 19 (default: 0)");

/*
 * For a drive that is to be added: puts what the parameters say in the place of
 * what is not given.
 */
int ddt_drive_fill_in(struct ddt_drive_add *arg)
{
	struct ddt_drive_model none = {};

	if (arg->flags & ~(DDT_DRIVE_ADD_NICE | DDT_DRIVE_ADD_MODEL))
		return -EINVAL;

	if (arg->flags & DDT_DRIVE_ADD_MODEL) {
		/* It comes last, so of a longer one the rest was zeros. */
		if (arg->model.size < sizeof(arg->model))
			return -EINVAL;
		arg->model.size = sizeof(arg->model);
	} else {
		if (memcmp(&arg->model, &none, sizeof(none)))
			return -EINVAL;
		arg->model = (struct ddt_drive_model) {
			.size = sizeof(arg->model),
			.access_us = access_us,
			.seek_us = seek_us,
			.rate_kib_s = rate_kib_s,
			.spinup_ms = spinup_ms,
			.idle_ms = idle_ms,
		};
	}
	if (!(arg->flags & DDT_DRIVE_ADD_NICE)) {
		if (arg->nice)
			return -EINVAL;
		arg->nice = nice;
	}
	arg->capacity_kib = arg->capacity_kib ?: capacity_kib;
	arg->depth = arg->depth ?: depth;
	return 0;
}

static bool __init ddt_drive_check_param(const char *name, long long value,
					 long long min, long long max)
{
	if (value >= min && value <= max)
		return true;
	pr_err("%s=%lld is out of range: %lld to %lld\n", name, value, min, max);
	return false;
}

static bool __init ddt_drive_check_params(void)
{
	return ddt_drive_check_param("drives", drives, 1,
				     DDT_DRIVE_MAX_DRIVES) &&
	       ddt_drive_check_param("capacity_kib", capacity_kib, 1,
				     DDT_DRIVE_MAX_CAPACITY_KIB) &&
	       ddt_drive_check_param("access_us", access_us, 0,
				     DDT_DRIVE_MAX_ACCESS_US) &&
	       ddt_drive_check_param("seek_us", seek_us, 0,
				     DDT_DRIVE_MAX_SEEK_US) &&
	       ddt_drive_check_param("spinup_ms", spinup_ms, 0,
				     DDT_DRIVE_MAX_SPINUP_MS) &&
	       ddt_drive_check_param("depth", depth, 1, DDT_DRIVE_MAX_DEPTH) &&
	       ddt_drive_check_param("nice", nice, MIN_NICE, MAX_NICE);
}

/*
 * Nothing may fail once a node is visible: an open file keeps a module from
 * being unloaded, but not from failing to load.
 */
static int __init ddt_drive_init(void)
{
	struct ddt_drive_add arg = { .index = DDT_DRIVE_ANY_INDEX };
	int err;

	if (!ddt_drive_check_params())
		return -ERANGE;
	err = ddt_drive_fill_in(&arg);
	if (err)
		return err;

	err = ddt_aio_init();
	if (err)
		return err;
	ddt_debugfs_init();
	err = ddt_drive_add_first(&arg, drives);
	if (err) {
		ddt_debugfs_exit();
		ddt_aio_exit();
		return err;
	}
	ddt_manager_init();
	return 0;
}
module_init(ddt_drive_init);

static void __exit ddt_drive_exit(void)
{
	ddt_manager_exit();
	ddt_drive_remove_all();
	ddt_debugfs_exit();
	ddt_aio_exit();
}
module_exit(ddt_drive_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The ddt authors");
MODULE_DESCRIPTION("Slow drives in memory, each with a thread of its own");
MODULE_VERSION(DDT_VERSION);
