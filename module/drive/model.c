// SPDX-License-Identifier: GPL-2.0-only
/*
 * model.c - how the drive behaves: its medium, its motor and its timing
 *
 * All of this happens in the drive's thread, one request after the other.
 * Therefore the medium and the motor need no lock.
 */

#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/crc32.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "drive.h"

/* How much is done before looking whether the request has been cancelled. */
#define DDT_MODEL_STEP		SZ_256K

static struct ddt_drive_request *to_drive_request(struct ddt_request *request)
{
	return container_of(request, struct ddt_drive_request, request);
}

static int ddt_model_spin_up(struct ddt_drive *drive)
{
	int err;

	if (drive->motor_on)
		return 0;

	atomic64_inc(&drive->spinups);
	err = ddt_queue_delay(drive->queue, ms_to_ktime(drive->spinup_ms));
	if (!err)
		WRITE_ONCE(drive->motor_on, true);
	return err;
}

static void ddt_model_spin_down(struct ddt_drive *drive)
{
	WRITE_ONCE(drive->motor_on, false);
}

static int ddt_model_access(struct ddt_drive *drive)
{
	u64 ns = (u64)drive->access_us * NSEC_PER_USEC;

	return ddt_queue_delay(drive->queue, ns_to_ktime(ns));
}

static int ddt_model_transfer(struct ddt_drive *drive,
			      struct ddt_drive_request *req)
{
	u32 crc = ~0;
	u64 done = 0;

	while (done < req->length) {
		size_t n = min_t(u64, req->length - done, DDT_MODEL_STEP);
		void *medium = drive->medium + req->offset + done;

		if (ddt_request_cancelled(&req->request))
			return -ECANCELED;

		switch (req->op) {
		case DDT_DRIVE_OP_READ:
			memcpy(req->data + done, medium, n);
			atomic64_add(n, &drive->bytes_read);
			break;
		case DDT_DRIVE_OP_WRITE:
			memcpy(medium, req->data + done, n);
			atomic64_add(n, &drive->bytes_written);
			break;
		case DDT_DRIVE_OP_VERIFY:
			crc = crc32_le(crc, medium, n);
			atomic64_add(n, &drive->bytes_read);
			break;
		case DDT_DRIVE_OP_ERASE:
			memset(medium, 0, n);
			atomic64_add(n, &drive->bytes_written);
			break;
		}
		done += n;
		cond_resched();
	}

	req->result = req->op == DDT_DRIVE_OP_VERIFY ? ~crc : done;
	return 0;
}

static int ddt_model_serve(struct ddt_queue *queue, struct ddt_request *request)
{
	struct ddt_drive_request *req = to_drive_request(request);
	struct ddt_drive *drive = ddt_queue_context(queue);
	int err;

	switch (req->op) {
	case DDT_DRIVE_OP_SPINUP:
		return ddt_model_spin_up(drive);
	case DDT_DRIVE_OP_SPINDOWN:
		ddt_model_spin_down(drive);
		return 0;
	}

	err = ddt_model_spin_up(drive);
	if (err)
		return err;
	err = ddt_model_access(drive);
	if (err)
		return err;
	return ddt_model_transfer(drive, req);
}

static void ddt_model_complete(struct ddt_queue *queue,
			       struct ddt_request *request)
{
	struct ddt_drive_request *req = to_drive_request(request);
	struct ddt_drive *drive = ddt_queue_context(queue);

	req->order = atomic64_inc_return(&drive->completed);
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
