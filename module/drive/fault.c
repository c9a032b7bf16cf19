// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault.c - faults on purpose: errors, delays, and requests that never end
 *
 * Locking: the lock of the table protects the table and its faults.
 */

#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "../compat.h"
#include "drive.h"

#define DDT_FAULT_MAX_DELAY_MS	(3600 * 1000)

/* Positive also for a program that prints it as an int. */
#define DDT_FAULT_IDS		XA_LIMIT(1, INT_MAX)

#define DDT_FAULT_ALL_OPS	(DDT_DRIVE_FAULT_READ | \
				 DDT_DRIVE_FAULT_WRITE | \
				 DDT_DRIVE_FAULT_CONTROL)

/* How often a request that hangs looks whether it still should, in ms. */
#define DDT_FAULT_LOOK_MS	100

static u32 ddt_fault_ops_of(const struct ddt_drive_request *req)
{
	switch (req->op) {
	case DDT_DRIVE_OP_READ:
		return DDT_DRIVE_FAULT_READ;
	case DDT_DRIVE_OP_WRITE:
		return DDT_DRIVE_FAULT_WRITE;
	default:
		return DDT_DRIVE_FAULT_CONTROL;
	}
}

static bool ddt_fault_spent(const struct ddt_drive_fault *fault)
{
	return fault->times && fault->hits >= fault->times;
}

static bool ddt_fault_matches(const struct ddt_drive_fault *fault, u32 ops,
			      u64 offset, u64 size)
{
	if (!(fault->ops & ops) || ddt_fault_spent(fault))
		return false;
	return !fault->length || (offset < fault->offset + fault->length &&
				  fault->offset < offset + size);
}

static void ddt_fault_erase(struct ddt_fault_table *table,
			    struct ddt_drive_fault *fault)
{
	lockdep_assert_held(&table->faults.xa_lock);

	__xa_erase(&table->faults, fault->id);
	table->nr--;
	if (table->hit == fault)
		table->hit = NULL;
	kfree(fault);
}

/* Returns what hits the request, or 0 in its kind. */
static struct ddt_drive_fault ddt_fault_begin(struct ddt_fault_table *table,
					      u32 ops, u64 offset, u64 size)
{
	struct ddt_drive_fault *fault, copy = {};
	unsigned long id;

	xa_lock(&table->faults);
	xa_for_each(&table->faults, id, fault) {
		if (!ddt_fault_matches(fault, ops, offset, size))
			continue;
		fault->hits++;
		table->hit = fault;
		copy = *fault;
		break;
	}
	xa_unlock(&table->faults);
	return copy;
}

static void ddt_fault_end(struct ddt_fault_table *table)
{
	xa_lock(&table->faults);
	if (table->hit && ddt_fault_spent(table->hit))
		ddt_fault_erase(table, table->hit);
	table->hit = NULL;
	xa_unlock(&table->faults);
}

static bool ddt_fault_removed(struct ddt_fault_table *table)
{
	bool removed;

	xa_lock(&table->faults);
	removed = !table->hit;
	xa_unlock(&table->faults);
	return removed;
}

/* Returns when the request is cancelled, or the fault or the drive removed. */
static int ddt_fault_hang(struct ddt_drive *drive)
{
	int err;

	do {
		err = ddt_queue_delay(drive->queue,
				      ms_to_ktime(DDT_FAULT_LOOK_MS));
		if (!err && ddt_fault_removed(&drive->faults))
			err = -EIO;
	} while (!err);
	return err;
}

/*
 * For the thread: what a request, or a part of it, meets with. Returns 0 if it
 * is to go on.
 */
int ddt_fault_hit(struct ddt_drive *drive, const struct ddt_drive_request *req,
		  u64 offset, u64 size)
{
	struct ddt_fault_table *table = &drive->faults;
	struct ddt_drive_fault fault;
	int err = 0;

	fault = ddt_fault_begin(table, ddt_fault_ops_of(req), offset, size);
	if (!fault.kind)
		return 0;

	switch (fault.kind) {
	case DDT_DRIVE_FAULT_ERROR:
		err = -EIO;
		break;
	case DDT_DRIVE_FAULT_DELAY:
		err = ddt_queue_delay(drive->queue, ms_to_ktime(fault.delay_ms));
		break;
	case DDT_DRIVE_FAULT_HANG:
		err = ddt_fault_hang(drive);
		break;
	}
	ddt_fault_end(table);
	return err;
}

static int ddt_fault_check(const struct ddt_drive *drive,
			   const struct ddt_drive_fault *arg)
{
	if (arg->kind < DDT_DRIVE_FAULT_ERROR ||
	    arg->kind > DDT_DRIVE_FAULT_HANG)
		return -EINVAL;
	if (!arg->ops || arg->ops & ~DDT_FAULT_ALL_OPS)
		return -EINVAL;
	if (arg->hits || arg->reserved)
		return -EINVAL;
	if (arg->kind == DDT_DRIVE_FAULT_DELAY ?
	    !arg->delay_ms || arg->delay_ms > DDT_FAULT_MAX_DELAY_MS :
	    arg->delay_ms)
		return -EINVAL;
	if (!arg->length && arg->offset)
		return -EINVAL;
	if (arg->offset > drive->capacity ||
	    arg->length > drive->capacity - arg->offset)
		return -ENOSPC;
	return 0;
}

/* Reserves an entry and an id for one more. */
static int ddt_fault_reserve(struct ddt_fault_table *table, u32 *id)
{
	int err = 0;

	xa_lock(&table->faults);
	if (table->nr < DDT_DRIVE_MAX_FAULTS)
		table->nr++;
	else
		err = -ENOSPC;
	xa_unlock(&table->faults);
	if (err)
		return err;

	err = xa_alloc_cyclic(&table->faults, id, NULL, DDT_FAULT_IDS,
			      &table->next_id, GFP_KERNEL_ACCOUNT);
	if (err >= 0)
		return 0;
	xa_lock(&table->faults);
	table->nr--;
	xa_unlock(&table->faults);
	return err;
}

int ddt_fault_add(struct ddt_drive *drive,
		  struct ddt_drive_fault __user *user_arg)
{
	struct ddt_fault_table *table = &drive->faults;
	struct ddt_drive_fault *fault;
	u32 id;
	int err;

	fault = kzalloc_obj(*fault, GFP_KERNEL_ACCOUNT);
	if (!fault)
		return -ENOMEM;
	err = ddt_ioctl_fetch(struct ddt_drive_fault, length,
			      fault, user_arg);
	if (!err)
		err = ddt_fault_check(drive, fault);
	if (!err)
		err = ddt_fault_reserve(table, &id);
	if (err)
		goto free_fault;

	fault->size = sizeof(*fault);
	fault->id = id;
	err = put_user(id, &user_arg->id);
	xa_lock(&table->faults);
	if (!err) {
		__xa_store(&table->faults, id, fault, 0);
	} else {
		__xa_erase(&table->faults, id);
		table->nr--;
	}
	xa_unlock(&table->faults);
	if (!err)
		return 0;

free_fault:
	kfree(fault);
	return err;
}

int ddt_fault_remove(struct ddt_drive *drive,
		     const struct ddt_drive_fault __user *user_arg)
{
	struct ddt_fault_table *table = &drive->faults;
	struct ddt_drive_fault *fault, arg, rest;
	unsigned long id;
	bool found;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_fault, length,
			      &arg, user_arg);
	if (err)
		return err;
	rest = arg;
	rest.size = 0;
	rest.id = 0;
	if (memchr_inv(&rest, 0, sizeof(rest)))
		return -EINVAL;

	found = !arg.id;
	xa_lock(&table->faults);
	xa_for_each(&table->faults, id, fault) {
		if (arg.id && arg.id != id)
			continue;
		ddt_fault_erase(table, fault);
		found = true;
	}
	xa_unlock(&table->faults);
	return found ? 0 : -ENOENT;
}

/* Copies the first fault with this id or a higher one. */
bool ddt_fault_get(struct ddt_drive *drive, unsigned long id,
		   struct ddt_drive_fault *copy)
{
	struct ddt_fault_table *table = &drive->faults;
	struct ddt_drive_fault *fault;

	xa_lock(&table->faults);
	fault = xa_find(&table->faults, &id, ULONG_MAX, XA_PRESENT);
	if (fault)
		*copy = *fault;
	xa_unlock(&table->faults);
	return fault;
}

int ddt_fault_show(struct ddt_drive *drive,
		   struct ddt_drive_fault __user *user_arg)
{
	struct ddt_drive_fault arg;
	u32 size;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_fault, length,
			      &arg, user_arg);
	if (err)
		return err;
	size = arg.size;
	if (!ddt_fault_get(drive, arg.id, &arg))
		return -ENOENT;
	arg.size = size;
	return ddt_ioctl_store(user_arg, &arg);
}

void ddt_fault_init(struct ddt_drive *drive)
{
	xa_init_flags(&drive->faults.faults, XA_FLAGS_ALLOC1 |
		      XA_FLAGS_ACCOUNT);
}

/* After the thread has ended. */
void ddt_fault_exit(struct ddt_drive *drive)
{
	struct ddt_drive_fault *fault;
	unsigned long id;

	xa_for_each(&drive->faults.faults, id, fault)
		kfree(fault);
	xa_destroy(&drive->faults.faults);
}
