// SPDX-License-Identifier: GPL-2.0-only
/*
 * aio.c - reading and writing without waiting: libaio and io_uring
 *
 * One request for the whole transfer. What is to be written is copied while it
 * is submitted. What was read goes to its user in a work: a page of the user's
 * that has to be fetched first must not hold up the device. All others are
 * completed by whoever completes the request, the drive's thread as a rule.
 *
 * Nobody waits for the memory of a request here: it is freed once ki_complete()
 * has returned.
 *
 * Whoever exits has its requests cancelled: libaio does that through
 * ddt_aio_cancel(), and waits for them; what came by io_uring is cancelled when
 * the files of the process are closed.
 */

#include <linux/aio.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "../compat.h"
#include "drive.h"

struct ddt_aio {
	struct ddt_drive_request base;
	struct kiocb *iocb;
	fl_owner_t owner;		/* the files of who submitted it */
	struct iov_iter iter;		/* where a read delivers its data */
	const void *segments;		/* what iter consists of, to be freed */
	struct work_struct work;
	struct rcu_head rcu;
};

static struct workqueue_struct *ddt_aio_workqueue;

static void ddt_aio_complete(struct ddt_drive_request *req);

static struct ddt_aio *to_aio(struct ddt_drive_request *req)
{
	return container_of(req, struct ddt_aio, base);
}

/* All but the request itself. */
static void ddt_aio_free_parts(struct ddt_aio *aio)
{
	if (aio->base.mm)
		mmdrop(aio->base.mm);
	kfree(aio->segments);
	kvfree(aio->base.data);
}

static void ddt_aio_finish(struct ddt_aio *aio, ssize_t result)
{
	struct kiocb *iocb = aio->iocb;

	if (result > 0)
		iocb->ki_pos += result;
	/* The file, and the drive with it, may go away now. */
	iocb->ki_complete(iocb, result);
	/* Not before: ddt_aio_cancel() may have been looking at it. */
	ddt_aio_free_parts(aio);
	kfree(aio);
}

/* Returns how much of what was read has reached its user. */
static ssize_t ddt_aio_deliver(struct ddt_aio *aio, struct mm_struct *mm,
			       size_t size)
{
	size_t copied;

	if (!user_backed_iter(&aio->iter)) {
		copied = copy_to_iter(aio->base.data, size, &aio->iter);
	} else if (!mm) {
		copied = 0;
	} else {
		kthread_use_mm(mm);
		copied = copy_to_iter(aio->base.data, size, &aio->iter);
		kthread_unuse_mm(mm);
	}
	return copied ?: -EFAULT;
}

static void ddt_aio_work(struct work_struct *work)
{
	struct ddt_aio *aio = container_of(work, struct ddt_aio, work);
	ssize_t result = ddt_drive_request_result(&aio->base);
	struct mm_struct *mm = aio->base.mm;

	if (mm && !mmget_not_zero(mm))
		mm = NULL;
	if (aio->base.op == DDT_DRIVE_OP_READ && result > 0)
		result = ddt_aio_deliver(aio, mm, result);
	ddt_aio_finish(aio, result);
	/* Last: if it frees the memory that waits for all requests of libaio. */
	if (mm)
		mmput(mm);
}

static void ddt_aio_complete(struct ddt_drive_request *req)
{
	struct ddt_aio *aio = to_aio(req);
	ssize_t result = ddt_drive_request_result(req);

	if (req->op == DDT_DRIVE_OP_READ && result > 0)
		queue_work(ddt_aio_workqueue, &aio->work);
	else
		ddt_aio_finish(aio, result);
}

static bool ddt_aio_is_abandoned(const struct ddt_request *request,
				 const void *context)
{
	return READ_ONCE(container_of(request, struct ddt_drive_request,
				      request)->abandoned);
}

static void ddt_aio_cancel_work(struct work_struct *work)
{
	struct ddt_drive *drive = container_of(work, struct ddt_drive,
					       aio_cancel);

	ddt_queue_cancel_all(drive->queue, ddt_aio_is_abandoned, NULL);
}

/*
 * For libaio: io_cancel(), and the exit of a process. May come before the
 * request has been submitted; then the thread finds it abandoned. Is called
 * with a lock that ki_complete() takes, also in interrupts: the rest is left
 * to a work.
 */
static int ddt_aio_cancel(struct kiocb *iocb)
{
	struct ddt_drive_file *file = iocb->ki_filp->private_data;
	struct ddt_aio *aio;

	/* Pairs with the kfree_rcu() of what could not be submitted. */
	rcu_read_lock();
	aio = READ_ONCE(iocb->private);
	if (aio) {
		WRITE_ONCE(aio->base.abandoned, true);
		queue_work(ddt_aio_workqueue, &file->drive->aio_cancel);
	}
	rcu_read_unlock();
	return 0;
}

static struct ddt_aio *ddt_aio_alloc(struct kiocb *iocb, u32 op, size_t size)
{
	struct ddt_drive_file *file = iocb->ki_filp->private_data;
	struct ddt_aio *aio;

	aio = kzalloc_obj(*aio, GFP_KERNEL_ACCOUNT);
	if (!aio)
		return NULL;
	/* Rather no transfer than one for which others are killed. */
	aio->base.data = kvmalloc(size, GFP_KERNEL_ACCOUNT |
				  __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!aio->base.data) {
		kfree(aio);
		return NULL;
	}
	ddt_drive_request_init(&aio->base, file, op);
	aio->base.offset = iocb->ki_pos;
	aio->base.length = size;
	aio->base.complete = ddt_aio_complete;
	aio->base.mm = current->mm;
	if (aio->base.mm)
		mmgrab(aio->base.mm);
	aio->iocb = iocb;
	aio->owner = current->files;
	INIT_WORK(&aio->work, ddt_aio_work);
	return aio;
}

/* Takes over what the caller's iterator refers to, which he may free. */
static int ddt_aio_take_iter(struct ddt_aio *aio, struct iov_iter *iter)
{
	size_t size = aio->base.length;

	if (aio->base.op == DDT_DRIVE_OP_WRITE) {
		aio->base.length = copy_from_iter(aio->base.data, size, iter);
		return aio->base.length ? 0 : -EFAULT;
	}
	aio->segments = dup_iter(&aio->iter, iter, GFP_KERNEL_ACCOUNT);
	if (!aio->segments && !iter_is_ubuf(iter))
		return -ENOMEM;
	return 0;
}

/* Returns -EIOCBQUEUED, or why there was no transfer. */
ssize_t ddt_aio_transfer(struct kiocb *iocb, struct iov_iter *iter, u32 op,
			 size_t size)
{
	struct ddt_drive_file *file = iocb->ki_filp->private_data;
	bool wait = !(iocb->ki_flags & IOCB_NOWAIT) &&
		    !(iocb->ki_filp->f_flags & O_NONBLOCK);
	size_t count = iov_iter_count(iter);
	struct ddt_aio *aio;
	int err;

	aio = ddt_aio_alloc(iocb, op, size);
	if (!aio)
		return -ENOMEM;
	err = ddt_aio_take_iter(aio, iter);
	if (err)
		goto free_aio;

	WRITE_ONCE(iocb->private, aio);
	ddt_kiocb_set_cancel_fn(iocb, ddt_aio_cancel);
	err = ddt_drive_submit(file->drive, &aio->base, wait);
	if (!err)
		return -EIOCBQUEUED;	/* and may have been freed already */
	WRITE_ONCE(iocb->private, NULL);

free_aio:
	iov_iter_revert(iter, count - iov_iter_count(iter));
	ddt_aio_free_parts(aio);
	kfree_rcu(aio, rcu);
	return err;
}

static bool ddt_aio_is_of(const struct ddt_request *request,
			  const void *context)
{
	const struct ddt_drive_request *req =
		container_of(request, struct ddt_drive_request, request);

	return req->complete == ddt_aio_complete &&
	       container_of(req, struct ddt_aio, base)->owner == context;
}

/* Cancels what the process with these files has submitted and has no end. */
void ddt_aio_cancel_all(struct ddt_drive *drive, fl_owner_t owner)
{
	ddt_queue_cancel_all(drive->queue, ddt_aio_is_of, owner);
}

void ddt_aio_init_drive(struct ddt_drive *drive)
{
	INIT_WORK(&drive->aio_cancel, ddt_aio_cancel_work);
}

/* After its last file has been closed. */
void ddt_aio_exit_drive(struct ddt_drive *drive)
{
	cancel_work_sync(&drive->aio_cancel);
}

int ddt_aio_init(void)
{
	ddt_aio_workqueue = alloc_workqueue("ddt_drive", WQ_UNBOUND, 0);
	return ddt_aio_workqueue ? 0 : -ENOMEM;
}

/* After the last file has been closed. */
void ddt_aio_exit(void)
{
	destroy_workqueue(ddt_aio_workqueue);
}
