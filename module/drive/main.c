// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the drives: made when the module is loaded, with a device node each
 *
 * A drive that is slow and has a thread of its own: a medium in memory, a
 * motor that takes its time to start, and a time for each access.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/sched/prio.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../compat.h"
#include "drive.h"

#define DDT_DRIVE_MAX_DRIVES		64
#define DDT_DRIVE_MAX_CAPACITY_KIB	(1024 * 1024)
#define DDT_DRIVE_MAX_ACCESS_US		(10 * 1000 * 1000)
#define DDT_DRIVE_MAX_SPINUP_MS		(60 * 1000)
#define DDT_DRIVE_MAX_DEPTH		65536

static unsigned int drives = 1;
module_param(drives, uint, 0444);
MODULE_PARM_DESC(drives, "How many drives there are, 1 to 64 (default: 1)");

static unsigned int capacity_kib = 1440;
module_param(capacity_kib, uint, 0444);
MODULE_PARM_DESC(capacity_kib,
		 "Capacity of each medium in KiB, 1 to 1048576 (default: 1440)");

static unsigned int access_us = 3000;
module_param(access_us, uint, 0444);
MODULE_PARM_DESC(access_us,
		 "Time for each access in us, 0 to 10000000 (default: 3000)");

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

static struct ddt_drive *ddt_drives[DDT_DRIVE_MAX_DRIVES];

static int ddt_drive_open(struct inode *inode, struct file *filp)
{
	struct ddt_drive *drive = container_of(filp->private_data,
					       struct ddt_drive, misc);
	struct ddt_drive_file *file;

	file = kzalloc_obj(*file, GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;
	file->drive = drive;
	INIT_LIST_HEAD(&file->requests);
	filp->private_data = file;
	return 0;
}

static int ddt_drive_release(struct inode *inode, struct file *filp)
{
	struct ddt_drive_file *file = filp->private_data;

	ddt_control_close(file);
	kfree(file);
	return 0;
}

static const struct file_operations ddt_drive_fops = {
	.owner		= THIS_MODULE,
	.open		= ddt_drive_open,
	.release	= ddt_drive_release,
	.llseek		= ddt_drive_llseek,
	.read_iter	= ddt_drive_read_iter,
	.write_iter	= ddt_drive_write_iter,
	.unlocked_ioctl	= ddt_drive_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct ddt_queue *ddt_drive_create_queue(struct ddt_drive *drive)
{
	struct ddt_queue_attr attr = {
		.thread = {
			.name = drive->name,
			.nice = nice,
			.node = NUMA_NO_NODE,
		},
		.flags = DDT_QUEUE_TIMES,
		.depth = drive->depth,
		.idle_timeout = drive->idle_ms ? ms_to_ktime(drive->idle_ms) :
						 DDT_FOREVER,
	};

	return ddt_queue_create(&ddt_drive_queue_ops, drive, &attr);
}

/* Makes a drive, which ddt_drive_register() has to make visible. */
static struct ddt_drive *ddt_drive_create(unsigned int index)
{
	struct ddt_drive *drive;
	int err;

	drive = kzalloc_obj(*drive, GFP_KERNEL);
	if (!drive)
		return ERR_PTR(-ENOMEM);
	drive->index = index;
	scnprintf(drive->name, sizeof(drive->name), "ddt%u", index);
	drive->capacity = (u64)capacity_kib * SZ_1K;
	drive->access_us = access_us;
	drive->spinup_ms = spinup_ms;
	drive->idle_ms = idle_ms;
	drive->depth = depth;
	mutex_init(&drive->priority_lock);
	ddt_control_init(drive);

	/* Rather no drive than one for which others are killed. */
	drive->medium = __vmalloc(drive->capacity, GFP_KERNEL | __GFP_ZERO |
				  __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!drive->medium) {
		pr_err("not enough memory for %u drives of %u KiB\n", drives,
		       capacity_kib);
		err = -ENOMEM;
		goto free_drive;
	}
	drive->queue = ddt_drive_create_queue(drive);
	if (IS_ERR(drive->queue)) {
		err = PTR_ERR(drive->queue);
		goto free_medium;
	}
	return drive;

free_medium:
	vfree(drive->medium);
free_drive:
	kfree(drive);
	return ERR_PTR(err);
}

/* Nobody has the drive open, nor can open it any more. */
static void ddt_drive_destroy(struct ddt_drive *drive)
{
	ddt_queue_destroy(drive->queue);
	ddt_control_exit(drive);
	vfree(drive->medium);
	kfree(drive);
}

static int ddt_drive_register(struct ddt_drive *drive)
{
	drive->misc.minor = MISC_DYNAMIC_MINOR;
	drive->misc.name = drive->name;
	drive->misc.fops = &ddt_drive_fops;
	return misc_register(&drive->misc);
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
	       ddt_drive_check_param("spinup_ms", spinup_ms, 0,
				     DDT_DRIVE_MAX_SPINUP_MS) &&
	       ddt_drive_check_param("depth", depth, 1, DDT_DRIVE_MAX_DEPTH) &&
	       ddt_drive_check_param("nice", nice, MIN_NICE, MAX_NICE);
}

/*
 * All that needs memory comes first, the nodes last: whoever opens one keeps
 * the module from being unloaded, but not from failing to load.
 */
static int __init ddt_drive_init(void)
{
	unsigned int created, registered;
	struct ddt_drive *drive;
	int err;

	if (!ddt_drive_check_params())
		return -ERANGE;

	for (created = 0; created < drives; created++) {
		drive = ddt_drive_create(created);
		if (IS_ERR(drive)) {
			err = PTR_ERR(drive);
			goto destroy;
		}
		ddt_drives[created] = drive;
	}
	for (registered = 0; registered < drives; registered++) {
		err = ddt_drive_register(ddt_drives[registered]);
		if (err)
			goto deregister;
	}
	return 0;

deregister:
	while (registered--)
		misc_deregister(&ddt_drives[registered]->misc);
destroy:
	while (created--)
		ddt_drive_destroy(ddt_drives[created]);
	return err;
}
module_init(ddt_drive_init);

static void __exit ddt_drive_exit(void)
{
	unsigned int i;

	for (i = 0; i < drives; i++)
		misc_deregister(&ddt_drives[i]->misc);
	for (i = 0; i < drives; i++)
		ddt_drive_destroy(ddt_drives[i]);
}
module_exit(ddt_drive_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The ddt authors");
MODULE_DESCRIPTION("Slow drives in memory, each with a thread of its own");
