// SPDX-License-Identifier: GPL-2.0-only
/*
 * io.c - reading and writing the medium
 *
 * The thread never touches the memory of a user: the data goes through a
 * buffer that belongs to the request. So a task that is killed while it waits
 * can leave at once, and the request, with a reference of its own, lives until
 * the thread is done with it.
 *
 * What does not wait is in aio.c.
 */

#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "../compat.h"
#include "drive.h"

/* A request to read or write; may be submitted again when it is done. */
struct ddt_io {
	struct ddt_drive_request base;
	struct kref ref;		/* the submitter's and the queue's */
	struct ddt_event done;
};

static void ddt_io_free(struct kref *ref)
{
	struct ddt_io *io = container_of(ref, struct ddt_io, ref);

	kvfree(io->base.data);
	kfree(io);
}

static void ddt_io_put(struct ddt_io *io)
{
	kref_put(&io->ref, ddt_io_free);
}

static void ddt_io_complete(struct ddt_drive_request *req)
{
	struct ddt_io *io = container_of(req, struct ddt_io, base);

	ddt_event_set(&io->done);
	ddt_io_put(io);
}

static struct ddt_io *ddt_io_alloc(struct ddt_drive_file *file, u32 op,
				   size_t size)
{
	struct ddt_io *io;

	io = kzalloc_obj(*io, GFP_KERNEL_ACCOUNT);
	if (!io)
		return NULL;
	io->base.data = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!io->base.data) {
		kfree(io);
		return NULL;
	}
	ddt_drive_request_init(&io->base, file, op);
	io->base.complete = ddt_io_complete;
	kref_init(&io->ref);
	ddt_event_init(&io->done, DDT_EVENT_MANUAL, false);
	return io;
}

/* Submits the request; with @wait, waits for a free slot. */
static int ddt_io_submit(struct ddt_drive *drive, struct ddt_io *io, bool wait)
{
	int err;

	ddt_event_reset(&io->done);
	kref_get(&io->ref);
	err = ddt_drive_submit(drive, &io->base, wait);
	if (err)
		ddt_io_put(io);
	return err;
}

/*
 * Has one request served, and returns when it is done or the task is killed:
 * how much was transferred, or an error.
 */
static ssize_t ddt_io_serve(struct ddt_drive *drive, struct ddt_io *io,
			    bool wait)
{
	int err;

	err = ddt_io_submit(drive, io, wait);
	if (err)
		return err;

	err = ddt_wait(&io->done.object, DDT_WAIT_KILLABLE, DDT_FOREVER);
	if (err) {
		ddt_queue_cancel(drive->queue, &io->base.request);
		return err;
	}
	return ddt_drive_request_result(&io->base);
}

/* Returns how much of @size was transferred: less after a fault. */
static ssize_t ddt_io_part(struct ddt_drive *drive, struct ddt_io *io,
			   struct iov_iter *iter, size_t size, bool wait)
{
	ssize_t ret;

	if (io->base.op == DDT_DRIVE_OP_WRITE)
		size = copy_from_iter(io->base.data, size, iter);
	if (!size)
		return -EFAULT;

	io->base.length = size;
	io->base.done = 0;
	ret = ddt_io_serve(drive, io, wait);
	if (ret <= 0)
		return ret;

	if (io->base.op == DDT_DRIVE_OP_READ)
		ret = copy_to_iter(io->base.data, ret, iter);
	if (!ret)
		return -EFAULT;
	return ret;
}

/*
 * Transfers @left bytes, which lie within the medium, unless it is prevented by
 * a fault, by the death of the task or by an error. Then what was transferred
 * before counts.
 */
static ssize_t ddt_io_transfer(struct kiocb *iocb, struct iov_iter *iter,
			       u32 op, size_t left)
{
	struct ddt_drive_file *file = iocb->ki_filp->private_data;
	bool wait = !(iocb->ki_filp->f_flags & O_NONBLOCK);
	struct ddt_drive *drive = file->drive;
	struct ddt_io *io;
	ssize_t done = 0;
	ssize_t ret = 0;

	/*
	 * With IOCB_NOWAIT the caller must not sleep, and would have to
	 * until the thread has served the request. O_NONBLOCK means less, as
	 * for a disk: not to wait for a free slot.
	 */
	if (iocb->ki_flags & IOCB_NOWAIT)
		return -EAGAIN;

	io = ddt_io_alloc(file, op, min_t(size_t, left, DDT_DRIVE_PART));
	if (!io)
		return -ENOMEM;

	while (left) {
		size_t size = min_t(size_t, left, DDT_DRIVE_PART);

		io->base.offset = iocb->ki_pos;
		ret = ddt_io_part(drive, io, iter, size, wait);
		if (ret < 0)
			break;
		iocb->ki_pos += ret;
		done += ret;
		if (ret < size)
			break;
		left -= size;
	}

	ddt_io_put(io);
	return done ?: ret;
}

/* Returns how much of what @iter asks for lies within the medium. */
static size_t ddt_io_size(const struct kiocb *iocb, const struct iov_iter *iter)
{
	struct ddt_drive_file *file = iocb->ki_filp->private_data;
	u64 capacity = file->drive->capacity;

	if (iocb->ki_pos < 0 || iocb->ki_pos >= capacity)
		return 0;
	return min_t(u64, iov_iter_count(iter), capacity - iocb->ki_pos);
}

static ssize_t ddt_io_start(struct kiocb *iocb, struct iov_iter *iter, u32 op,
			    size_t size)
{
	if (is_sync_kiocb(iocb))
		return ddt_io_transfer(iocb, iter, op, size);
	return ddt_aio_transfer(iocb, iter, op, size);
}

ssize_t ddt_drive_read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	struct ddt_drive_file *file = iocb->ki_filp->private_data;
	size_t size = ddt_io_size(iocb, iter);

	if (ddt_drive_removed(file->drive))
		return -ENODEV;
	if (!size)
		return 0;
	return ddt_io_start(iocb, iter, DDT_DRIVE_OP_READ, size);
}

ssize_t ddt_drive_write_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	struct ddt_drive_file *file = iocb->ki_filp->private_data;
	size_t size = ddt_io_size(iocb, iter);

	if (ddt_drive_removed(file->drive))
		return -ENODEV;
	if (!iov_iter_count(iter))
		return 0;
	if (!size)
		return -ENOSPC;
	return ddt_io_start(iocb, iter, DDT_DRIVE_OP_WRITE, size);
}
