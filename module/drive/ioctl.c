// SPDX-License-Identifier: GPL-2.0-only
/* ioctl.c - the ioctls; see <uapi/linux/ddt_drive.h> */

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/sched/prio.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../compat.h"
#include "drive.h"

/* No structure will ever be larger. */
#define DDT_IOCTL_MAX_SIZE	SZ_4K

/* The layout is the same for all programs, 32-bit ones too. */
static_assert(sizeof(struct ddt_drive_info) == 64);
static_assert(sizeof(struct ddt_drive_stats) == 88);
static_assert(sizeof(struct ddt_drive_priority) == 8);
static_assert(sizeof(struct ddt_drive_submit) == 32);
static_assert(sizeof(struct ddt_drive_wait) == 56);
static_assert(sizeof(struct ddt_drive_cancel) == 8);
static_assert(sizeof(struct ddt_drive_model) == 32);
static_assert(sizeof(struct ddt_drive_medium) == 8);
static_assert(sizeof(struct ddt_drive_fault) == 48);
static_assert(sizeof(struct ddt_drive_times) == 648);
static_assert(sizeof(struct ddt_drive_add) == 56);
static_assert(sizeof(struct ddt_drive_remove) == 8);
static_assert(DDT_DRIVE_TIME_BUCKETS == DDT_QUEUE_TIME_BUCKETS);

/*
 * Copies a structure of user space, which begins with its size, and sets that to
 * how much of it both know. Structures grow at their end: @min_size is that of
 * the first version; of one that is longer than @size the rest must be zeros.
 *
 * The size is read once: what is checked is what is used.
 */
int ddt_ioctl_fetch_struct(void *to, const void __user *from, u32 size,
			   u32 min_size)
{
	u32 user_size;
	int err;

	if (get_user(user_size, (const u32 __user *)from))
		return -EFAULT;
	if (user_size < min_size)
		return -EINVAL;
	if (user_size > DDT_IOCTL_MAX_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(to, size, from, user_size);
	if (err)
		return err;
	*(u32 *)to = min(user_size, size);
	return 0;
}

/* Copies back what both know: @from has the size that was fetched. */
int ddt_ioctl_store(void __user *to, const void *from)
{
	return copy_to_user(to, from, *(const u32 *)from) ? -EFAULT : 0;
}

/* A drive always has a thread. */
static void ddt_ioctl_usage(struct ddt_drive *drive,
			    struct ddt_thread_usage *usage)
{
	struct ddt_thread *thread = ddt_queue_get_thread(drive->queue);

	ddt_thread_usage(thread, usage);
	ddt_thread_put(thread);
}

static int ddt_ioctl_info(struct ddt_drive *drive,
			  struct ddt_drive_info __user *user_arg)
{
	struct ddt_drive_model model;
	struct ddt_thread_usage usage;
	struct ddt_drive_info arg;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_info, thread,
			      &arg, user_arg);
	if (err)
		return err;

	arg.index = drive->index;
	arg.capacity = drive->capacity;
	arg.sector_size = DDT_DRIVE_SECTOR_SIZE;
	arg.state = ddt_settings_state(drive);
	arg.depth = drive->depth;
	ddt_settings_model(drive, &model);
	arg.access_us = model.access_us;
	arg.spinup_ms = model.spinup_ms;
	arg.idle_ms = model.idle_ms;
	ddt_ioctl_usage(drive, &usage);
	arg.pid = usage.pid;
	arg.nice = 0;
	ddt_queue_nice(drive->queue, &arg.nice);
	strscpy_pad(arg.thread, drive->name, sizeof(arg.thread));
	return ddt_ioctl_store(user_arg, &arg);
}

static int ddt_ioctl_stats(struct ddt_drive *drive,
			   struct ddt_drive_stats __user *user_arg)
{
	struct ddt_thread_usage usage;
	struct ddt_queue_stats stats;
	struct ddt_drive_stats arg;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_stats, thread_runtime_ns,
			      &arg, user_arg);
	if (err)
		return err;

	ddt_queue_stats(drive->queue, &stats);
	arg.queued = stats.queued;
	arg.max_queued = stats.max_queued;
	arg.reserved = 0;
	arg.submitted = stats.submitted;
	arg.completed = stats.completed;
	arg.cancelled = stats.cancelled;
	arg.wakeups = stats.wakeups;
	arg.spinups = atomic64_read(&drive->spinups);
	arg.bytes_read = atomic64_read(&drive->bytes_read);
	arg.bytes_written = atomic64_read(&drive->bytes_written);
	ddt_ioctl_usage(drive, &usage);
	arg.thread_switches = usage.switches;
	arg.thread_runtime_ns = usage.runtime_ns;
	return ddt_ioctl_store(user_arg, &arg);
}

static int ddt_ioctl_times(struct ddt_drive *drive,
			   struct ddt_drive_times __user *user_arg)
{
	struct ddt_queue_times *times;
	struct ddt_drive_times *arg;
	int err = -ENOMEM;

	/* Too large for the stack. */
	times = kzalloc_obj(*times, GFP_KERNEL);
	arg = kzalloc_obj(*arg, GFP_KERNEL);
	if (!times || !arg)
		goto free;
	err = ddt_ioctl_fetch(struct ddt_drive_times, service,
			      arg, user_arg);
	if (!err)
		err = ddt_queue_times(drive->queue, times);
	if (err)
		goto free;

	arg->buckets = DDT_DRIVE_TIME_BUCKETS;
	memcpy(arg->queued, times->queued, sizeof(arg->queued));
	memcpy(arg->service, times->service, sizeof(arg->service));
	err = ddt_ioctl_store(user_arg, arg);
free:
	kfree(arg);
	kfree(times);
	return err;
}

static int ddt_ioctl_get_priority(struct ddt_drive *drive,
				  struct ddt_drive_priority __user *user_arg)
{
	struct ddt_drive_priority arg;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_priority, nice,
			      &arg, user_arg);
	if (err)
		return err;

	err = ddt_queue_nice(drive->queue, &arg.nice);
	if (err)
		return err;
	return ddt_ioctl_store(user_arg, &arg);
}

static int
ddt_ioctl_set_priority(struct ddt_drive *drive,
		       const struct ddt_drive_priority __user *user_arg)
{
	struct ddt_drive_priority arg;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_priority, nice,
			      &arg, user_arg);
	if (err)
		return err;
	if (arg.nice < MIN_NICE || arg.nice > MAX_NICE)
		return -ERANGE;

	err = ddt_queue_set_nice(drive->queue, arg.nice);
	/* The thread has ended: the drive has just been removed. */
	return err == -ESRCH ? -ENODEV : err;
}

/*
 * Whether it changes the drive for others too. Of control operations only some
 * do: see control.c.
 */
static bool ddt_ioctl_needs_write(unsigned int cmd)
{
	switch (cmd) {
	case DDT_DRIVE_IOC_SET_PRIORITY:
	case DDT_DRIVE_IOC_SET_MODEL:
	case DDT_DRIVE_IOC_SET_MEDIUM:
	case DDT_DRIVE_IOC_FAULT_ADD:
	case DDT_DRIVE_IOC_FAULT_REMOVE:
		return true;
	default:
		return false;
	}
}

/*
 * The capability that a call needs, or -1. The thread is not the caller's own, as
 * for setpriority(). What takes the drive from its users is for the
 * administrator, as a floppy drive's parameters are.
 */
static int ddt_ioctl_capability(unsigned int cmd)
{
	switch (cmd) {
	case DDT_DRIVE_IOC_SET_PRIORITY:
		return CAP_SYS_NICE;
	case DDT_DRIVE_IOC_SET_MODEL:
	case DDT_DRIVE_IOC_FAULT_ADD:
	case DDT_DRIVE_IOC_FAULT_REMOVE:
		return CAP_SYS_ADMIN;
	default:
		return -1;
	}
}

long ddt_drive_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct ddt_drive_file *file = filp->private_data;
	struct ddt_drive *drive = file->drive;
	void __user *user_arg = (void __user *)arg;
	int capability = ddt_ioctl_capability(cmd);

	if (ddt_drive_removed(drive) && cmd != DDT_DRIVE_IOC_WAIT)
		return -ENODEV;
	if (ddt_ioctl_needs_write(cmd) && !file->writable)
		return -EBADF;
	if (capability >= 0 && !capable(capability))
		return -EPERM;

	switch (cmd) {
	case DDT_DRIVE_IOC_INFO:
		return ddt_ioctl_info(drive, user_arg);
	case DDT_DRIVE_IOC_STATS:
		return ddt_ioctl_stats(drive, user_arg);
	case DDT_DRIVE_IOC_TIMES:
		return ddt_ioctl_times(drive, user_arg);
	case DDT_DRIVE_IOC_GET_PRIORITY:
		return ddt_ioctl_get_priority(drive, user_arg);
	case DDT_DRIVE_IOC_SET_PRIORITY:
		return ddt_ioctl_set_priority(drive, user_arg);
	case DDT_DRIVE_IOC_SUBMIT:
		return ddt_control_submit(file, user_arg);
	case DDT_DRIVE_IOC_WAIT:
		return ddt_control_wait(file, user_arg);
	case DDT_DRIVE_IOC_CANCEL:
		return ddt_control_cancel(file, user_arg);
	case DDT_DRIVE_IOC_EVENTS:
		return ddt_events_get_fd(file, arg);
	case DDT_DRIVE_IOC_GET_MODEL:
		return ddt_settings_get_model(drive, user_arg);
	case DDT_DRIVE_IOC_SET_MODEL:
		return ddt_settings_set_model(drive, user_arg);
	case DDT_DRIVE_IOC_SET_MEDIUM:
		return ddt_settings_set_medium(drive, user_arg);
	case DDT_DRIVE_IOC_FAULT_ADD:
		return ddt_fault_add(drive, user_arg);
	case DDT_DRIVE_IOC_FAULT_REMOVE:
		return ddt_fault_remove(drive, user_arg);
	case DDT_DRIVE_IOC_FAULT_GET:
		return ddt_fault_show(drive, user_arg);
	default:
		return -ENOIOCTLCMD;
	}
}
