// SPDX-License-Identifier: GPL-2.0-only
/*
 * model.c - how the drive behaves: its medium, its motor and its timing
 *
 * All of this happens in the drive's thread, one request after the other.
 * Therefore the content of the medium, the motor and the head need no lock.
 */

#include <linux/atomic.h>
#include <linux/crc32.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/uio.h>

#include "drive.h"

static int ddt_model_spin_up(struct ddt_drive *drive, unsigned int spinup_ms)
{
	int err;

	if (drive->motor_on)
		return 0;

	atomic64_inc(&drive->spinups);
	err = ddt_queue_delay(drive->queue, ms_to_ktime(spinup_ms));
	if (!err)
		WRITE_ONCE(drive->motor_on, true);
	return err;
}

static void ddt_model_spin_down(struct ddt_drive *drive)
{
	WRITE_ONCE(drive->motor_on, false);
}

/* How long it takes to get to @offset and transfer @size bytes there, in ns. */
static u64 ddt_model_time(const struct ddt_drive *drive,
			  const struct ddt_drive_model *model, u64 offset,
			  u64 size)
{
	u64 way = offset > drive->head ? offset - drive->head :
					 drive->head - offset;
	u64 ns = (u64)model->access_us * NSEC_PER_USEC;

	/* At most 10 s times 1 GiB: fits. */
	ns += div64_u64((u64)model->seek_us * NSEC_PER_USEC * way,
			drive->capacity);
	if (model->rate_kib_s)
		ns += div64_u64(size * NSEC_PER_SEC,
				(u64)model->rate_kib_s * SZ_1K);
	return ns;
}

/* Whether the medium permits it, which may have been changed meanwhile. */
static int ddt_model_check_medium(struct ddt_drive *drive, u32 op)
{
	unsigned int flags = READ_ONCE(drive->medium_flags);

	if (!(flags & DDT_DRIVE_MEDIUM_PRESENT))
		return -ENOMEDIUM;
	if ((flags & DDT_DRIVE_MEDIUM_PROTECTED) &&
	    (op == DDT_DRIVE_OP_WRITE || op == DDT_DRIVE_OP_ERASE))
		return -EROFS;
	return 0;
}

static void ddt_model_transfer(struct ddt_drive *drive,
			       struct ddt_drive_request *req, u64 size)
{
	void *medium = drive->medium + req->offset + req->done;

	switch (req->op) {
	case DDT_DRIVE_OP_READ:
		if (req->iter)
			size = copy_to_iter(medium, size, req->iter);
		else
			memcpy(req->data + req->done, medium, size);
		atomic64_add(size, &drive->bytes_read);
		break;
	case DDT_DRIVE_OP_WRITE:
		memcpy(medium, req->data + req->done, size);
		atomic64_add(size, &drive->bytes_written);
		break;
	case DDT_DRIVE_OP_VERIFY:
		if (!req->done)
			req->crc = ~0;
		req->crc = crc32_le(req->crc, medium, size);
		atomic64_add(size, &drive->bytes_read);
		break;
	case DDT_DRIVE_OP_ERASE:
		memset(medium, 0, size);
		atomic64_add(size, &drive->bytes_written);
		break;
	}
	req->done += size;
	drive->head = req->offset + req->done;
}

/* Serves the next part of a request that has a range. */
static int ddt_model_part(struct ddt_drive *drive,
			  struct ddt_drive_request *req,
			  const struct ddt_drive_model *model)
{
	u64 size = min_t(u64, req->length - req->done, DDT_DRIVE_PART);
	u64 offset = req->offset + req->done;
	int err;

	err = ddt_model_check_medium(drive, req->op);
	if (err)
		return err;
	err = ddt_model_spin_up(drive, model->spinup_ms);
	if (err)
		return err;
	err = ddt_queue_delay(drive->queue,
			      ns_to_ktime(ddt_model_time(drive, model, offset,
							 size)));
	if (err)
		return err;
	err = ddt_fault_hit(drive, req, offset, size);
	if (err)
		return err;
	err = ddt_model_check_medium(drive, req->op);
	if (err)
		return err;
	ddt_model_transfer(drive, req, size);
	return 0;
}

static int ddt_model_motor(struct ddt_drive *drive,
			   struct ddt_drive_request *req,
			   const struct ddt_drive_model *model)
{
	int err;

	err = ddt_fault_hit(drive, req, 0, 0);
	if (err)
		return err;
	if (req->op == DDT_DRIVE_OP_SPINUP)
		return ddt_model_spin_up(drive, model->spinup_ms);
	ddt_model_spin_down(drive);
	return 0;
}

static int ddt_model_serve(struct ddt_queue *queue, struct ddt_request *request)
{
	struct ddt_drive_request *req = to_drive_request(request);
	struct ddt_drive *drive = ddt_queue_context(queue);
	struct ddt_drive_model model;
	int err;

	/* There may be a free slot now. */
	ddt_drive_wake_pollers(drive);

	if (READ_ONCE(req->abandoned))
		return -ECANCELED;
	ddt_settings_model(drive, &model);
	if (!req->length)
		return ddt_model_motor(drive, req, &model);

	err = ddt_model_part(drive, req, &model);
	if (err)
		return err;
	if (req->done < req->length) {
		ddt_request_retry(request, 0, DDT_RETRY_HEAD);
		return 0;
	}
	req->result = req->op == DDT_DRIVE_OP_VERIFY ? ~req->crc : req->done;
	return 0;
}

static void ddt_model_complete(struct ddt_queue *queue,
			       struct ddt_request *request)
{
	struct ddt_drive_request *req = to_drive_request(request);
	struct ddt_drive *drive = ddt_queue_context(queue);

	/* To stop the queue is how a drive is removed. */
	if (ddt_drive_removed(drive) && (request->status == -ESHUTDOWN ||
					 request->status == -ECANCELED))
		request->status = -ENODEV;
	req->order = atomic64_inc_return(&drive->completed);
	ddt_user_uncharge(req->user);
	/* Before the completion: the drive may go away with it. */
	ddt_drive_wake_pollers(drive);
	req->complete(req);
}

static void ddt_model_idle(struct ddt_queue *queue)
{
	ddt_model_spin_down(ddt_queue_context(queue));
}

const struct ddt_queue_ops ddt_drive_queue_ops = {
	.serve = ddt_model_serve,
	.complete = ddt_model_complete,
	.idle = ddt_model_idle,
};
