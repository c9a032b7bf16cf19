// SPDX-License-Identifier: GPL-2.0-only
/*
 * control.c - control operations, which ioctls submit, wait for and cancel
 *
 * A control operation is in the table of its drive, under its id, from its
 * submission until its result is collected. It leaves the table earlier when
 * its file is closed or, if it is detached, when enough others of its user have
 * finished after it.
 *
 * References: the table has one; the queue has one until the operation is
 * completed; an ioctl has one to what it found in the table.
 *
 * Locking: the lock of the table protects the table, the lists that operations
 * are in, and what is said to be protected in struct ddt_control. Submitting
 * takes the lock of the users, then that of the queue, both under it.
 */

#include <linux/capability.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/time_namespace.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "../compat.h"
#include "drive.h"

/*
 * How many results are kept until they are collected. Of a user's detached
 * operations the oldest result is dropped; of a file's own no more are accepted.
 */
#define DDT_CONTROL_KEEP	1024

/* Positive also for a program that prints it as an int. */
#define DDT_CONTROL_IDS		XA_LIMIT(1, INT_MAX)

/* A control operation. */
struct ddt_control {
	struct ddt_drive_request base;
	struct kref ref;
	struct ddt_event finished;
	struct ddt_control_table *table;
	struct ddt_drive_file *owner;	/* NULL if detached */
	u32 id;

	/* Protected by the lock of the table. */
	struct list_head link;		/* in one of the owner's, or finished */
	bool has_finished;
	bool collecting;		/* its result is being copied out */
};

static void ddt_control_free(struct kref *ref)
{
	struct ddt_control *control = container_of(ref, struct ddt_control,
						   ref);

	ddt_user_put(control->base.user);
	kfree(control);
}

static void ddt_control_put(struct ddt_control *control)
{
	kref_put(&control->ref, ddt_control_free);
}

/*
 * Removes an operation from the table. Returns whether it was there: then the
 * caller has to put the table's reference.
 */
static bool ddt_control_remove(struct ddt_control_table *table,
			       struct ddt_control *control)
{
	lockdep_assert_held(&table->requests.xa_lock);

	if (xa_load(&table->requests, control->id) != control)
		return false;
	__xa_erase(&table->requests, control->id);
	list_del_init(&control->link);
	if (!control->has_finished)
		return true;
	if (control->owner)
		control->owner->nr_finished--;
	else
		control->base.user->nr_finished--;
	return true;
}

/*
 * Makes it known to its file that an operation has finished. It is in the table
 * unless the file is being closed.
 */
static void ddt_control_finish(struct ddt_control_table *table,
			       struct ddt_control *control)
{
	xa_lock(&table->requests);
	if (xa_load(&table->requests, control->id) == control) {
		list_move_tail(&control->link, &control->owner->finished);
		control->has_finished = true;
		control->owner->nr_finished++;
		ddt_event_set(&control->owner->changed);
		ddt_drive_wake_pollers(control->owner->drive);
	}
	xa_unlock(&table->requests);
}

/* Keeps the result of a detached operation, and returns which to drop. */
static struct ddt_control *ddt_control_keep(struct ddt_control_table *table,
					    struct ddt_control *control)
{
	struct ddt_drive_user *user = control->base.user;
	struct ddt_control *oldest = NULL;

	xa_lock(&table->requests);
	list_add_tail(&control->link, &user->finished);
	control->has_finished = true;
	if (++user->nr_finished > DDT_CONTROL_KEEP) {
		oldest = list_first_entry(&user->finished, struct ddt_control,
					  link);
		ddt_control_remove(table, oldest);
	}
	xa_unlock(&table->requests);
	return oldest;
}

static void ddt_control_complete(struct ddt_drive_request *req)
{
	struct ddt_control *control = container_of(req, struct ddt_control,
						   base);
	struct ddt_control *oldest = NULL;

	if (control->owner)
		ddt_control_finish(control->table, control);
	else
		oldest = ddt_control_keep(control->table, control);
	ddt_event_set(&control->finished);
	ddt_control_put(control);
	if (oldest)
		ddt_control_put(oldest);
}

/* With references for the table and the queue. */
static struct ddt_control *ddt_control_alloc(struct ddt_drive_file *file,
					     const struct ddt_drive_submit *arg)
{
	struct ddt_control *control;

	control = kzalloc_obj(*control, GFP_KERNEL_ACCOUNT);
	if (!control)
		return NULL;
	ddt_drive_request_init(&control->base, file, arg->op);
	control->base.offset = arg->offset;
	control->base.length = arg->length;
	control->base.complete = ddt_control_complete;
	kref_init(&control->ref);
	kref_get(&control->ref);
	ddt_event_init(&control->finished, DDT_EVENT_MANUAL, false);
	control->table = &file->drive->control;
	/* It may outlive the file, and itself being in flight. */
	ddt_user_get(control->base.user);
	if (arg->flags & DDT_DRIVE_SUBMIT_DETACH)
		control->base.request.flow = &file->user->detached;
	else
		control->owner = file;
	INIT_LIST_HEAD(&control->link);
	return control;
}

/*
 * Submits an operation and puts it in the table, where its id is reserved.
 * Under the lock, so that it is not found there before it is submitted and not
 * missed there when it is completed at once.
 */
static int ddt_control_enter(struct ddt_drive *drive,
			     struct ddt_control *control)
{
	struct ddt_control_table *table = &drive->control;
	int err = 0;

	xa_lock(&table->requests);
	if (control->owner && control->owner->nr_finished >= DDT_CONTROL_KEEP)
		err = -EBUSY;
	if (!err)
		err = ddt_drive_submit(drive, &control->base, false);
	if (!err) {
		__xa_store(&table->requests, control->id, control, 0);
		if (control->owner)
			list_add_tail(&control->link,
				      &control->owner->requests);
	}
	xa_unlock(&table->requests);
	return err;
}

/*
 * A detached operation belongs to all files of its user that may change the
 * drive.
 */
static bool ddt_control_belongs(const struct ddt_control *control,
				const struct ddt_drive_file *file)
{
	if (control->owner)
		return control->owner == file;
	return file->writable && (control->base.user == file->user ||
				  capable(CAP_SYS_ADMIN));
}

/* Finds an operation of @file, and takes a reference. */
static struct ddt_control *ddt_control_find(struct ddt_drive_file *file, u32 id)
{
	struct ddt_control_table *table = &file->drive->control;
	struct ddt_control *control;

	xa_lock(&table->requests);
	control = xa_load(&table->requests, id);
	if (control && (control->collecting ||
			!ddt_control_belongs(control, file)))
		control = NULL;
	if (control)
		kref_get(&control->ref);
	xa_unlock(&table->requests);
	return control;
}

/* Returns whether the caller may collect the result: only one may. */
static bool ddt_control_begin_collect(struct ddt_control *control)
{
	struct ddt_control_table *table = control->table;
	bool first;

	xa_lock(&table->requests);
	first = !control->collecting &&
		xa_load(&table->requests, control->id) == control;
	if (first)
		control->collecting = true;
	xa_unlock(&table->requests);
	return first;
}

static void ddt_control_end_collect(struct ddt_control *control, bool collected)
{
	struct ddt_control_table *table = control->table;
	bool removed = false;

	xa_lock(&table->requests);
	if (collected)
		removed = ddt_control_remove(table, control);
	else
		control->collecting = false;
	/* There may be nothing left to wait for, or something again. */
	if (control->owner && (removed || !collected))
		ddt_event_set(&control->owner->changed);
	xa_unlock(&table->requests);
	if (removed)
		ddt_control_put(control);
}

static int ddt_control_check(const struct ddt_drive *drive,
			     const struct ddt_drive_submit *arg)
{
	if (arg->flags & ~DDT_DRIVE_SUBMIT_DETACH)
		return -EINVAL;

	switch (arg->op) {
	case DDT_DRIVE_OP_SPINUP:
	case DDT_DRIVE_OP_SPINDOWN:
		if (arg->offset || arg->length)
			return -EINVAL;
		return 0;
	case DDT_DRIVE_OP_VERIFY:
	case DDT_DRIVE_OP_ERASE:
		if (!arg->length)
			return -EINVAL;
		if (arg->offset > drive->capacity ||
		    arg->length > drive->capacity - arg->offset)
			return -ENOSPC;
		return 0;
	default:
		return -EINVAL;
	}
}

/* Whether there is a result to collect, and whether @file is @closed. */
bool ddt_control_has_finished(struct ddt_drive_file *file, bool *closed)
{
	struct ddt_control_table *table = &file->drive->control;
	bool finished;

	xa_lock(&table->requests);
	finished = !list_empty(&file->finished);
	*closed = file->closed;
	xa_unlock(&table->requests);
	return finished;
}

/* Whether it changes the drive, or what other files see of it. */
static bool ddt_control_needs_write(const struct ddt_drive_submit *arg)
{
	return arg->op != DDT_DRIVE_OP_VERIFY ||
	       arg->flags & DDT_DRIVE_SUBMIT_DETACH;
}

int ddt_control_submit(struct ddt_drive_file *file,
		       struct ddt_drive_submit __user *user_arg)
{
	struct ddt_control_table *table = &file->drive->control;
	struct ddt_control *control;
	struct ddt_drive_submit arg;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_submit, length,
			      &arg, user_arg);
	if (err)
		return err;
	err = ddt_control_check(file->drive, &arg);
	if (err)
		return err;
	if (ddt_control_needs_write(&arg) && !file->writable)
		return -EBADF;

	control = ddt_control_alloc(file, &arg);
	if (!control)
		return -ENOMEM;
	err = xa_alloc_cyclic(&table->requests, &control->id, NULL,
			      DDT_CONTROL_IDS, &table->next_id,
			      GFP_KERNEL_ACCOUNT);
	if (err < 0)
		goto free_control;

	/* First the id: once submitted, there is no way back. */
	if (put_user(control->id, &user_arg->id)) {
		err = -EFAULT;
		goto release_id;
	}
	err = ddt_control_enter(file->drive, control);
	if (err)
		goto restore_user_id;
	return 0;

restore_user_id:
	if (put_user(arg.id, &user_arg->id))
		err = -EFAULT;
release_id:
	xa_erase(&table->requests, control->id);
free_control:
	ddt_control_free(&control->ref);
	return err;
}

/* A deadline as programs give it, in their time namespace, in the kernel's. */
static ktime_t ddt_control_deadline(u64 deadline)
{
	struct timespec64 offset = {};
	ktime_t host_offset;

	if (!deadline)
		return 0;
	if (deadline >= KTIME_MAX)
		return DDT_FOREVER;

	timens_add_monotonic(&offset);
	host_offset = timespec64_to_ktime(offset);
	if (host_offset >= (ktime_t)deadline)
		return 0;
	return ktime_add_safe(deadline, -host_offset);
}

static void ddt_control_result(const struct ddt_control *control,
			       struct ddt_drive_wait *arg)
{
	const struct ddt_drive_request *req = &control->base;

	arg->id = control->id;
	arg->status = req->request.status;
	arg->result = req->result;
	arg->order = req->order;
	arg->queued_ns = req->request.queued_ns;
	arg->service_ns = req->request.service_ns;
}

static int ddt_control_collect(struct ddt_control *control,
			       struct ddt_drive_wait *arg,
			       struct ddt_drive_wait __user *user_arg)
{
	bool collected;

	if (!ddt_control_begin_collect(control))
		return -ENOENT;
	ddt_control_result(control, arg);
	collected = !ddt_ioctl_store(user_arg, arg);
	ddt_control_end_collect(control, collected);
	return collected ? 0 : -EFAULT;
}

/*
 * Finds the operation of @file that finished first, and takes a reference. If
 * there is none, but one may still finish, sees to it that file->changed will
 * be set then.
 */
static int ddt_control_find_finished(struct ddt_drive_file *file,
				     struct ddt_control **found)
{
	struct ddt_control_table *table = &file->drive->control;
	struct ddt_control *control;
	int ret = -EAGAIN;

	xa_lock(&table->requests);
	list_for_each_entry(control, &file->finished, link) {
		if (control->collecting)
			continue;
		kref_get(&control->ref);
		*found = control;
		ret = 0;
		goto unlock;
	}
	if (list_empty(&file->requests) && list_empty(&file->finished))
		ret = -ENOENT;
	else
		ddt_event_reset(&file->changed);
unlock:
	xa_unlock(&table->requests);
	return ret;
}

/* Waits for any operation of @file, and collects its result. */
static int ddt_control_wait_any(struct ddt_drive_file *file,
				struct ddt_drive_wait *arg, ktime_t deadline,
				struct ddt_drive_wait __user *user_arg)
{
	struct ddt_control *control;
	int err;

	for (;;) {
		err = ddt_control_find_finished(file, &control);
		if (!err) {
			err = ddt_control_collect(control, arg, user_arg);
			ddt_control_put(control);
			/* Else another task has collected it. */
			if (err != -ENOENT)
				return err;
			continue;
		}
		if (err == -EAGAIN)
			err = ddt_wait(&file->changed.object,
				       DDT_WAIT_ALERTABLE | DDT_WAIT_ABSOLUTE,
				       deadline);
		if (err)
			return err;
	}
}

static int ddt_control_wait_one(struct ddt_drive_file *file,
				struct ddt_drive_wait *arg, ktime_t deadline,
				struct ddt_drive_wait __user *user_arg)
{
	struct ddt_control *control;
	int err;

	control = ddt_control_find(file, arg->id);
	if (!control)
		return -ENOENT;
	err = ddt_wait(&control->finished.object,
		       DDT_WAIT_ALERTABLE | DDT_WAIT_ABSOLUTE, deadline);
	if (!err)
		err = ddt_control_collect(control, arg, user_arg);
	ddt_control_put(control);
	return err;
}

int ddt_control_wait(struct ddt_drive_file *file,
		     struct ddt_drive_wait __user *user_arg)
{
	struct ddt_drive_wait arg;
	ktime_t deadline;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_wait, service_ns,
			      &arg, user_arg);
	if (err)
		return err;
	if (arg.flags)
		return -EINVAL;

	deadline = ddt_control_deadline(arg.deadline);
	if (arg.id)
		err = ddt_control_wait_one(file, &arg, deadline, user_arg);
	else
		err = ddt_control_wait_any(file, &arg, deadline, user_arg);
	if (err == -EINTR)
		return -ERESTARTSYS;	/* the deadline stays the same */
	if (err == -ENOENT && ddt_drive_removed(file->drive))
		return -ENODEV;
	return err;
}

int ddt_control_cancel(struct ddt_drive_file *file,
		       const struct ddt_drive_cancel __user *user_arg)
{
	struct ddt_drive_cancel arg;
	struct ddt_control *control;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_cancel, id,
			      &arg, user_arg);
	if (err)
		return err;

	control = ddt_control_find(file, arg.id);
	if (!control)
		return -ENOENT;
	err = ddt_queue_cancel(file->drive->queue, &control->base.request);
	ddt_control_put(control);
	return err == -EINPROGRESS ? 0 : err;
}

void ddt_control_open(struct ddt_drive_file *file)
{
	INIT_LIST_HEAD(&file->requests);
	INIT_LIST_HEAD(&file->finished);
	ddt_event_init(&file->changed, DDT_EVENT_MANUAL, false);
}

/*
 * Cancels and drops all that belongs to a file, which is being closed. The
 * newest first, or the thread would begin one that is cancelled next.
 */
void ddt_control_close(struct ddt_drive_file *file)
{
	struct ddt_control_table *table = &file->drive->control;
	struct ddt_control *control;

	for (;;) {
		xa_lock(&table->requests);
		file->closed = true;
		list_splice_init(&file->finished, &file->requests);
		if (list_empty(&file->requests)) {
			xa_unlock(&table->requests);
			ddt_drive_wake_pollers(file->drive);
			return;
		}
		control = list_last_entry(&file->requests, struct ddt_control,
					  link);
		ddt_control_remove(table, control);
		xa_unlock(&table->requests);

		ddt_queue_cancel(file->drive->queue, &control->base.request);
		ddt_control_put(control);
	}
}

void ddt_control_init(struct ddt_drive *drive)
{
	struct ddt_control_table *table = &drive->control;

	xa_init_flags(&table->requests, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
}

/*
 * When no file is open and the queue has been stopped: what is left has
 * finished and is detached.
 */
void ddt_control_exit(struct ddt_drive *drive)
{
	struct ddt_control_table *table = &drive->control;
	struct ddt_control *control;
	unsigned long id;

	xa_for_each(&table->requests, id, control)
		ddt_control_put(control);
	xa_destroy(&table->requests);
}
