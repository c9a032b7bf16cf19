// SPDX-License-Identifier: GPL-2.0-only
/*
 * aio.c - asynchronous reads and writes: libaio and io_uring
 *
 * One request for the whole transfer. The data of a write is copied when it is
 * submitted. The memory that a read delivers to is pinned when it is submitted,
 * as for direct I/O: the thread copies to it, never takes a page fault of a
 * program, and needs no mm. A completed request is freed once ki_complete() has
 * returned.
 *
 * Requests of a process that dies are cancelled by a work item that looks for
 * them: every DDT_AIO_REAP_MS, and when the process closes its files on exit. The
 * files and the mm of a process are no sign of its death: an io_uring keeps
 * registered files open and lends both to its SQPOLL thread. libaio also calls
 * ddt_aio_cancel() on exit.
 */

#include <linux/aio.h>
#include <linux/bvec.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "../compat.h"
#include "drive.h"

/* How often dead submitters are looked for while requests are in flight. */
#define DDT_AIO_REAP_MS		250

/* How many pages are pinned at a time. */
#define DDT_AIO_PIN_PAGES	16

struct ddt_aio {
	struct ddt_drive_request base;
	struct kiocb *iocb;
	struct task_struct *submitter;	/* NULL for a kernel thread */
	struct iov_iter iter;		/* where a read delivers its data */
	const void *segments;		/* of iter, to be freed */
	struct bio_vec *pages;		/* that are pinned, or NULL */
	unsigned int nr_pages;
	struct work_struct work;
	struct rcu_head rcu;
};

/* For cancellation; and for the pages that must be marked dirty once more. */
static struct workqueue_struct *ddt_aio_workqueue;
static struct workqueue_struct *ddt_aio_dirty_workqueue;

static void ddt_aio_complete(struct ddt_drive_request *req);

static struct ddt_aio *to_aio(struct ddt_drive_request *req)
{
	return container_of(req, struct ddt_aio, base);
}

/* Memory that is pinned */

static void ddt_aio_mark_dirty(struct ddt_aio *aio)
{
	unsigned int i;

	for (i = 0; i < aio->nr_pages; i++) {
		struct folio *folio = page_folio(aio->pages[i].bv_page);

		folio_lock(folio);
		folio_mark_dirty(folio);
		folio_unlock(folio);
	}
}

/* Writeback may have cleaned a page since the request was submitted. */
static bool ddt_aio_is_dirty(const struct ddt_aio *aio)
{
	unsigned int i;

	for (i = 0; i < aio->nr_pages; i++)
		if (!folio_test_dirty(page_folio(aio->pages[i].bv_page)))
			return false;
	return true;
}

static void ddt_aio_unpin(struct ddt_aio *aio)
{
	unsigned int i;

	for (i = 0; i < aio->nr_pages; i++)
		unpin_user_page(aio->pages[i].bv_page);
	kvfree(aio->pages);
}

/* Returns how many bytes of @iter were pinned, or an error. */
static ssize_t ddt_aio_pin_some(struct ddt_aio *aio, struct iov_iter *iter)
{
	struct page *pages[DDT_AIO_PIN_PAGES];
	size_t left, part, offset;
	ssize_t size;
	int i = 0;

	size = ddt_pin_pages(iter, pages, DDT_AIO_PIN_PAGES, &offset);
	for (left = size > 0 ? size : 0; left; left -= part) {
		part = min_t(size_t, left, PAGE_SIZE - offset);
		aio->pages[aio->nr_pages++] = (struct bio_vec) {
			.bv_page = pages[i++],
			.bv_len = part,
			.bv_offset = offset,
		};
		offset = 0;
	}
	return size;
}

/* A read ends where the first bad address is. */
static int ddt_aio_pin(struct ddt_aio *aio, struct iov_iter *iter)
{
	unsigned int max = iov_iter_npages(iter, INT_MAX);
	ssize_t size = 0, done = 0;

	aio->pages = kvmalloc_array(max, sizeof(*aio->pages),
				    GFP_KERNEL_ACCOUNT);
	if (!aio->pages)
		return -ENOMEM;
	while (iov_iter_count(iter)) {
		size = ddt_aio_pin_some(aio, iter);
		if (size <= 0)
			break;
		done += size;
	}
	if (!done)
		return size ?: -EFAULT;
	ddt_aio_mark_dirty(aio);
	aio->base.length = done;
	iov_iter_bvec(&aio->iter, ITER_DEST, aio->pages, aio->nr_pages, done);
	return 0;
}

/* Completion */

/* All but the request itself. */
static void ddt_aio_free_parts(struct ddt_aio *aio)
{
	if (aio->submitter)
		put_task_struct(aio->submitter);
	ddt_aio_unpin(aio);
	kfree(aio->segments);
	kvfree(aio->base.data);
}

static void ddt_aio_finish(struct ddt_aio *aio)
{
	ssize_t result = ddt_drive_request_result(&aio->base);
	struct kiocb *iocb = aio->iocb;
	struct ddt_drive_file *file = iocb->ki_filp->private_data;

	if (result > 0)
		iocb->ki_pos += result;
	atomic_dec(&file->drive->nr_aio);
	/* The file, and the drive with it, may go away now. */
	iocb->ki_complete(iocb, result);
	/* Not before: ddt_aio_cancel() may have been looking at it. */
	ddt_aio_free_parts(aio);
	kfree(aio);
}

static void ddt_aio_work(struct work_struct *work)
{
	struct ddt_aio *aio = container_of(work, struct ddt_aio, work);

	ddt_aio_mark_dirty(aio);
	ddt_aio_finish(aio);
}

static void ddt_aio_complete(struct ddt_drive_request *req)
{
	struct ddt_aio *aio = to_aio(req);

	/* A program can hold the lock of a page: the thread must not wait for it. */
	if (!req->done || ddt_aio_is_dirty(aio))
		ddt_aio_finish(aio);
	else
		queue_work(ddt_aio_dirty_workqueue, &aio->work);
}

/* Cancellation */

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
 * For libaio: io_cancel(), and the exit of a process. May be called before the
 * request has been submitted; then the thread finds it abandoned. Called with a
 * lock that ki_complete() takes, also in interrupts: hence the work item.
 */
static int ddt_aio_cancel(struct kiocb *iocb)
{
	struct ddt_drive_file *file = iocb->ki_filp->private_data;
	struct ddt_aio *aio;

	/* Pairs with the kfree_rcu() of a request that was not accepted. */
	rcu_read_lock();
	aio = READ_ONCE(iocb->private);
	if (aio) {
		WRITE_ONCE(aio->base.abandoned, true);
		queue_work(ddt_aio_workqueue, &file->drive->aio_cancel);
	}
	rcu_read_unlock();
	return 0;
}

/* Whether the process that submitted the request has been killed, or exits. */
static bool ddt_aio_is_orphaned(const struct ddt_request *request,
				const void *context)
{
	const struct ddt_drive_request *req =
		container_of(request, struct ddt_drive_request, request);
	const struct task_struct *submitter;
	const struct signal_struct *signal;

	if (req->complete != ddt_aio_complete)
		return false;
	submitter = container_of(req, struct ddt_aio, base)->submitter;
	if (!submitter)
		return false;
	/* Lives as long as the task. */
	signal = submitter->signal;
	/* Set once, and never cleared: what is missed is seen the next time. */
	if (data_race(signal->flags & SIGNAL_GROUP_EXIT))
		return true;
	return !atomic_read(&signal->live);
}

static void ddt_aio_reap(struct work_struct *work)
{
	struct ddt_drive *drive = container_of(to_delayed_work(work),
					       struct ddt_drive, aio_reap);

	ddt_queue_cancel_all(drive->queue, ddt_aio_is_orphaned, NULL);
	if (atomic_read(&drive->nr_aio))
		queue_delayed_work(ddt_aio_workqueue, &drive->aio_reap,
				   msecs_to_jiffies(DDT_AIO_REAP_MS));
}

/* On exit of a process that has a drive open: its requests end at once. */
void ddt_aio_reap_now(struct ddt_drive *drive)
{
	if (atomic_read(&drive->nr_aio))
		mod_delayed_work(ddt_aio_workqueue, &drive->aio_reap, 0);
}

/* Submission */

static struct ddt_aio *ddt_aio_alloc(struct kiocb *iocb, u32 op, size_t size)
{
	struct ddt_drive_file *file = iocb->ki_filp->private_data;
	struct ddt_aio *aio;

	aio = kzalloc_obj(*aio, GFP_KERNEL_ACCOUNT);
	if (!aio)
		return NULL;
	ddt_drive_request_init(&aio->base, file, op);
	aio->base.offset = iocb->ki_pos;
	aio->base.length = size;
	aio->base.complete = ddt_aio_complete;
	aio->iocb = iocb;
	if (!(current->flags & PF_KTHREAD))
		aio->submitter = get_task_struct(current);
	INIT_WORK(&aio->work, ddt_aio_work);
	return aio;
}

static int ddt_aio_take_data(struct ddt_aio *aio, struct iov_iter *iter)
{
	size_t size = aio->base.length;

	/* Fail rather than invoke the OOM killer. */
	aio->base.data = kvmalloc(size, GFP_KERNEL_ACCOUNT |
				  __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!aio->base.data)
		return -ENOMEM;
	aio->base.length = copy_from_iter(aio->base.data, size, iter);
	return aio->base.length ? 0 : -EFAULT;
}

/* Keeps what @iter refers to: the caller may free that. */
static int ddt_aio_take_iter(struct ddt_aio *aio, struct iov_iter *iter)
{
	if (aio->base.op == DDT_DRIVE_OP_WRITE)
		return ddt_aio_take_data(aio, iter);

	aio->base.iter = &aio->iter;
	if (user_backed_iter(iter))
		return ddt_aio_pin(aio, iter);
	aio->segments = dup_iter(&aio->iter, iter, GFP_KERNEL_ACCOUNT);
	return aio->segments ? 0 : -ENOMEM;
}

/* Returns -EIOCBQUEUED, or why there was no transfer. */
ssize_t ddt_aio_transfer(struct kiocb *iocb, struct iov_iter *iter, u32 op,
			 size_t size)
{
	struct ddt_drive_file *file = iocb->ki_filp->private_data;
	bool wait = !(iocb->ki_flags & IOCB_NOWAIT) &&
		    !(iocb->ki_filp->f_flags & O_NONBLOCK);
	struct ddt_drive *drive = file->drive;
	size_t count = iov_iter_count(iter);
	struct ddt_aio *aio;
	int err;

	aio = ddt_aio_alloc(iocb, op, size);
	if (!aio)
		return -ENOMEM;
	iov_iter_truncate(iter, size);
	err = ddt_aio_take_iter(aio, iter);
	iov_iter_reexpand(iter, count - size + iov_iter_count(iter));
	if (err)
		goto free_aio;

	WRITE_ONCE(iocb->private, aio);
	ddt_kiocb_set_cancel_fn(iocb, ddt_aio_cancel);
	atomic_inc(&drive->nr_aio);
	queue_delayed_work(ddt_aio_workqueue, &drive->aio_reap,
			   msecs_to_jiffies(DDT_AIO_REAP_MS));
	err = ddt_drive_submit(drive, &aio->base, wait);
	if (!err)
		return -EIOCBQUEUED;	/* and may have been freed already */
	atomic_dec(&drive->nr_aio);
	WRITE_ONCE(iocb->private, NULL);

free_aio:
	iov_iter_revert(iter, count - iov_iter_count(iter));
	ddt_aio_free_parts(aio);
	kfree_rcu(aio, rcu);
	return err;
}

void ddt_aio_init_drive(struct ddt_drive *drive)
{
	INIT_WORK(&drive->aio_cancel, ddt_aio_cancel_work);
	INIT_DELAYED_WORK(&drive->aio_reap, ddt_aio_reap);
}

/* After its last file has been closed. */
void ddt_aio_exit_drive(struct ddt_drive *drive)
{
	cancel_work_sync(&drive->aio_cancel);
	cancel_delayed_work_sync(&drive->aio_reap);
}

int ddt_aio_init(void)
{
	/* Cancelling frees the memory of processes that are killed for theirs. */
	ddt_aio_workqueue = alloc_workqueue("ddt_drive", WQ_UNBOUND |
					    WQ_MEM_RECLAIM, 0);
	if (!ddt_aio_workqueue)
		return -ENOMEM;
	ddt_aio_dirty_workqueue = alloc_workqueue("ddt_drive_dirty", WQ_UNBOUND,
						  0);
	if (!ddt_aio_dirty_workqueue) {
		destroy_workqueue(ddt_aio_workqueue);
		return -ENOMEM;
	}
	return 0;
}

/* After the last file has been closed. */
void ddt_aio_exit(void)
{
	destroy_workqueue(ddt_aio_dirty_workqueue);
	destroy_workqueue(ddt_aio_workqueue);
}
