// SPDX-License-Identifier: GPL-2.0-only
/*
 * drive.c - which drives there are: adding, finding and removing them
 *
 * A drive that has been removed lives on until its last file is closed; but it
 * is no longer in the table, has neither node nor medium, and its queue has been
 * stopped.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "../compat.h"
#include "drive.h"

/* Protects the table; serialises adding and removing. */
static DEFINE_MUTEX(ddt_drives_lock);
static struct ddt_drive *ddt_drives[DDT_DRIVE_MAX_DRIVES];

void ddt_drive_get(struct ddt_drive *drive)
{
	kref_get(&drive->ref);
}

static void ddt_drive_free(struct kref *ref)
{
	struct ddt_drive *drive = container_of(ref, struct ddt_drive, ref);

	ddt_aio_exit_drive(drive);
	ddt_queue_destroy(drive->queue);
	ddt_control_exit(drive);
	ddt_user_exit(&drive->users);
	ddt_fault_exit(drive);
	vfree(drive->medium);
	kfree(drive);
}

void ddt_drive_put(struct ddt_drive *drive)
{
	kref_put(&drive->ref, ddt_drive_free);
}

/* Pairs with the WRITE_ONCE() of ddt_drive_unregister(); orders nothing. */
bool ddt_drive_removed(const struct ddt_drive *drive)
{
	return READ_ONCE(drive->removed);
}

/*
 * To be called after anything that poll() looks at. wq_has_sleeper() has a
 * barrier, which pairs with that of poll_wait().
 */
void ddt_drive_wake_pollers(struct ddt_drive *drive)
{
	if (wq_has_sleeper(&drive->poll))
		wake_up_interruptible_all(&drive->poll);
}

/*
 * @req uses the flow of @file, and must be completed or cancelled before @file is
 * freed.
 */
void ddt_drive_request_init(struct ddt_drive_request *req,
			    struct ddt_drive_file *file, u32 op)
{
	ddt_request_init(&req->request);
	req->request.flow = &file->flow;
	req->user = file->user;
	req->op = op;
	req->submitter = task_tgid_nr(current);
}

/*
 * As ddt_queue_submit(), or with @wait waits, killably, for its user's share and
 * a slot.
 */
int ddt_drive_submit(struct ddt_drive *drive, struct ddt_drive_request *req,
		     bool wait)
{
	struct ddt_request *request = &req->request;
	struct ddt_drive_user *user = req->user;
	int err;

	err = ddt_user_charge(user, wait);
	if (err)
		return err;
	err = wait ? ddt_queue_submit_wait(drive->queue, request,
					   DDT_WAIT_KILLABLE, DDT_FOREVER) :
		     ddt_queue_submit(drive->queue, request);
	/* Once accepted, @req may have been freed. */
	if (err) {
		ddt_user_uncharge(user);
		ddt_drive_wake_pollers(drive);
	}
	return err == -ESHUTDOWN ? -ENODEV : err;
}

static struct ddt_queue *ddt_drive_create_queue(struct ddt_drive *drive,
						int nice)
{
	struct ddt_queue_attr attr = {
		.thread = {
			.name = drive->name,
			.nice = nice,
		},
		.flags = DDT_QUEUE_TIMES,
		.depth = drive->depth,
		.idle_timeout = ms_to_ktime(drive->model.idle_ms),
	};

	return ddt_queue_create(&ddt_drive_queue_ops, drive, &attr);
}

/* Makes a drive, which ddt_drive_register() has to make visible. */
static struct ddt_drive *ddt_drive_create(const struct ddt_drive_add *arg,
					  unsigned int index)
{
	struct ddt_drive *drive;
	int err;

	drive = kzalloc_obj(*drive, GFP_KERNEL);
	if (!drive)
		return ERR_PTR(-ENOMEM);
	kref_init(&drive->ref);
	drive->index = index;
	scnprintf(drive->name, sizeof(drive->name), "ddt%u", index);
	drive->capacity = (u64)arg->capacity_kib * SZ_1K;
	drive->depth = arg->depth;
	drive->model = arg->model;
	drive->medium_flags = DDT_DRIVE_MEDIUM_PRESENT;
	init_waitqueue_head(&drive->poll);
	ddt_aio_init_drive(drive);
	spin_lock_init(&drive->settings_lock);
	ddt_control_init(drive);
	ddt_user_init(&drive->users, drive->depth);
	ddt_fault_init(drive);

	/* Fail rather than invoke the OOM killer. */
	drive->medium = __vmalloc(drive->capacity, GFP_KERNEL | __GFP_ZERO |
				  __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!drive->medium) {
		pr_err("not enough memory for a drive of %u KiB\n",
		       arg->capacity_kib);
		err = -ENOMEM;
		goto free_drive;
	}
	drive->queue = ddt_drive_create_queue(drive, arg->nice);
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

static int ddt_drive_register(struct ddt_drive *drive)
{
	int err;

	drive->misc.minor = MISC_DYNAMIC_MINOR;
	drive->misc.name = drive->name;
	drive->misc.fops = &ddt_node_fops;
	drive->misc.groups = ddt_sysfs_groups;
	err = misc_register(&drive->misc);
	if (err)
		return err;
	ddt_power_init(drive);
	ddt_debugfs_add(drive);
	return 0;
}

/* It cannot be opened any more; files that are open are told. */
static void ddt_drive_unregister(struct ddt_drive *drive)
{
	misc_deregister(&drive->misc);
	ddt_debugfs_remove(drive);
	WRITE_ONCE(drive->removed, true);
	ddt_queue_stop(drive->queue, DDT_QUEUE_ABORT);
	/* The thread has ended. Files may stay open for ever. */
	vfree(drive->medium);
	drive->medium = NULL;
	ddt_drive_wake_pollers(drive);
}

/* Finds a number that is free, or that is asked for and free. */
static int ddt_drive_find_index(u32 wanted)
{
	unsigned int i;

	lockdep_assert_held(&ddt_drives_lock);

	if (wanted != DDT_DRIVE_ANY_INDEX)
		return ddt_drives[wanted] ? -EEXIST : wanted;
	for (i = 0; i < DDT_DRIVE_MAX_DRIVES; i++)
		if (!ddt_drives[i])
			return i;
	return -ENOSPC;
}

int ddt_drive_check(const struct ddt_drive_add *arg)
{
	if (arg->index >= DDT_DRIVE_MAX_DRIVES &&
	    arg->index != DDT_DRIVE_ANY_INDEX)
		return -ERANGE;
	if (!arg->capacity_kib ||
	    arg->capacity_kib > DDT_DRIVE_MAX_CAPACITY_KIB ||
	    !arg->depth || arg->depth > DDT_DRIVE_MAX_DEPTH ||
	    arg->nice < MIN_NICE || arg->nice > MAX_NICE)
		return -ERANGE;
	return ddt_settings_check_model(&arg->model);
}

static int ddt_drive_add_locked(const struct ddt_drive_add *arg,
				u32 __user *user_index)
{
	struct ddt_drive *drive;
	int index, err;

	lockdep_assert_held(&ddt_drives_lock);

	index = ddt_drive_find_index(arg->index);
	if (index < 0)
		return index;
	drive = ddt_drive_create(arg, index);
	if (IS_ERR(drive))
		return PTR_ERR(drive);

	/* Its number first: once there is a node, there is no way back. */
	if (user_index && put_user(index, user_index)) {
		err = -EFAULT;
		goto put_drive;
	}
	err = ddt_drive_register(drive);
	if (err)
		goto restore_user_index;
	ddt_drives[index] = drive;
	return 0;

restore_user_index:
	if (user_index && put_user(arg->index, user_index))
		err = -EFAULT;
put_drive:
	ddt_drive_put(drive);
	return err;
}

/* Adds a drive, and stores its number for the user. */
int ddt_drive_add(const struct ddt_drive_add *arg, u32 __user *user_index)
{
	int err;

	mutex_lock(&ddt_drives_lock);
	err = ddt_drive_add_locked(arg, user_index);
	mutex_unlock(&ddt_drives_lock);
	return err;
}

/* Drops drives from @from to @to - 1, which have no nodes. */
static void ddt_drive_drop(unsigned int from, unsigned int to)
{
	lockdep_assert_held(&ddt_drives_lock);

	for (; from < to; from++) {
		ddt_drive_put(ddt_drives[from]);
		ddt_drives[from] = NULL;
	}
}

/*
 * Adds the drives 0 to @n - 1. An error means that no node is visible: a module
 * whose node may be open must not fail to load. Hence a node that cannot be
 * registered after the first costs only that drive and those behind it.
 */
int ddt_drive_add_first(const struct ddt_drive_add *arg, unsigned int n)
{
	struct ddt_drive *drive;
	unsigned int i;
	int err = 0;

	mutex_lock(&ddt_drives_lock);
	for (i = 0; i < n; i++) {
		drive = ddt_drive_create(arg, i);
		if (IS_ERR(drive)) {
			err = PTR_ERR(drive);
			ddt_drive_drop(0, i);
			goto unlock;
		}
		ddt_drives[i] = drive;
	}
	for (i = 0; i < n; i++) {
		err = ddt_drive_register(ddt_drives[i]);
		if (err)
			break;
	}
	if (!err)
		goto unlock;
	ddt_drive_drop(i, n);
	if (i) {
		pr_warn("only %u of %u drives: no node for ddt%u: error %d\n",
			i, n, i, err);
		err = 0;
	}
unlock:
	mutex_unlock(&ddt_drives_lock);
	return err;
}

int ddt_drive_remove(unsigned int index)
{
	struct ddt_drive *drive = NULL;

	mutex_lock(&ddt_drives_lock);
	if (index < DDT_DRIVE_MAX_DRIVES)
		drive = ddt_drives[index];
	if (drive) {
		ddt_drive_unregister(drive);
		ddt_drives[index] = NULL;
	}
	mutex_unlock(&ddt_drives_lock);

	if (!drive)
		return -ENOENT;
	ddt_drive_put(drive);
	return 0;
}

void ddt_drive_remove_all(void)
{
	unsigned int i;

	for (i = 0; i < DDT_DRIVE_MAX_DRIVES; i++)
		ddt_drive_remove(i);
}
