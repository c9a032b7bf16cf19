// SPDX-License-Identifier: GPL-2.0-only
/* submit.c - the command submit */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ddtctl.h"
#include "drive.h"
#include "number.h"
#include "request.h"

static const struct operation {
	const char *name;
	enum ddt_drive_op op;
	bool has_range;
} operations[] = {
	{ "spinup", DDT_DRIVE_OP_SPINUP, false },
	{ "spindown", DDT_DRIVE_OP_SPINDOWN, false },
	{ "verify", DDT_DRIVE_OP_VERIFY, true },
	{ "erase", DDT_DRIVE_OP_ERASE, true },
};

/* Requests that have been queued. */
struct batch {
	uint32_t *ids;
	uint32_t nr;
	uint32_t size;
	uint32_t collected;		/* results that were reported */
	bool failed;			/* one of those requests has */
};

static const struct operation *find_operation(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	}
	return NULL;
}

static int parse_range(const struct invocation *inv,
		       struct ddt_drive_submit *arg)
{
	uint64_t offset, length;

	if (inv->nr_args != 4)
		return usage_error(inv, "%s needs an OFFSET and a LENGTH",
				   inv->args[1]);
	if (!parse_bytes(inv->args[2], &offset))
		return usage_error(inv, "OFFSET is not a number of bytes: %s",
				   inv->args[2]);
	if (!parse_bytes(inv->args[3], &length))
		return usage_error(inv, "LENGTH is not a number of bytes: %s",
				   inv->args[3]);
	arg->offset = offset;
	arg->length = length;
	return 0;
}

/* Makes the argument of the ioctl from the command line. */
static int parse_request(const struct invocation *inv,
			 struct ddt_drive_submit *arg)
{
	const struct operation *operation = find_operation(inv->args[1]);

	if (!operation)
		return usage_error(inv, "unknown operation %s", inv->args[1]);

	*arg = (struct ddt_drive_submit){
		.size = sizeof(*arg),
		.op = operation->op,
	};
	if (!inv->options[OPT_WAIT])
		arg->flags |= DDT_DRIVE_SUBMIT_DETACH;

	if (operation->has_range)
		return parse_range(inv, arg);
	if (inv->nr_args != 2)
		return usage_error(inv, "%s has no OFFSET and LENGTH",
				   operation->name);
	return 0;
}

static void batch_add(struct batch *batch, uint32_t id)
{
	if (batch->nr == batch->size) {
		batch->size = batch->size ? 2 * batch->size : 16;
		batch->ids = check_memory(reallocarray(batch->ids, batch->size,
						       sizeof(*batch->ids)));
	}
	batch->ids[batch->nr++] = id;
}

static void submit_error(const struct drive *drive, uint32_t count,
			 uint32_t queued, int err)
{
	switch (-err) {
	case EAGAIN:
		error("%s: the queue is full: queued %u of %u requests, try the rest with --wait",
		      drive->path, queued, count);
		break;
	case ENOSPC:
		error("%s: the range ends behind the medium, which has %llu bytes",
		      drive->path, drive->info.capacity);
		break;
	case EINVAL:
		error("%s: the drive refuses the request: LENGTH must be 1 or more",
		      drive->path);
		break;
	default:
		drive_error(drive, err);
	}
}

/* Waits for one more result and reports it. Returns an exit status. */
static int collect_result(const struct drive *drive, uint32_t count,
			  struct batch *batch, struct report *report)
{
	struct ddt_drive_wait result;
	int err;

	/* JSON is printed when it is complete. */
	if (report->array)
		progress("%u of %u requests", batch->collected, count);
	err = request_collect(drive, ANY_REQUEST, NO_DEADLINE, &result);
	if (err) {
		progress_end();
		drive_error(drive, err);
		return EXIT_FAILURE;
	}
	report_result(report, &result);
	batch->collected++;
	if (result.status)
		batch->failed = true;
	return EXIT_SUCCESS;
}

/* Waits until the queue has a free slot. Returns 0, or a negative error number. */
static int poll_slot(const struct drive *drive)
{
	struct pollfd poll_fd = { .events = POLLOUT };
	int err = 0;

	poll_fd.fd = ioctl(drive->fd, DDT_DRIVE_IOC_EVENTS, 0);
	if (poll_fd.fd < 0)
		return -errno;
	if (poll(&poll_fd, 1, -1) < 0 && errno != EINTR)
		err = -errno;
	close(poll_fd.fd);
	return err;
}

/*
 * Waits until the queue may have a free slot: until a request of this program
 * has finished or, if it has none, one of another. Returns an exit status.
 */
static int wait_for_slot(const struct drive *drive, uint32_t count,
			 struct batch *batch, struct report *report)
{
	int err;

	if (batch->collected < batch->nr)
		return collect_result(drive, count, batch, report);
	err = poll_slot(drive);
	if (err) {
		drive_error(drive, err);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

/*
 * Queues @count requests; with @report, waits for free slots and reports the
 * results meanwhile. Returns an exit status.
 */
static int submit_all(const struct drive *drive, struct ddt_drive_submit *arg,
		      uint32_t count, struct batch *batch,
		      struct report *report)
{
	int err;

	while (batch->nr < count) {
		err = drive_ioctl(drive, DDT_DRIVE_IOC_SUBMIT, arg);
		if (!err) {
			batch_add(batch, arg->id);
			continue;
		}
		/* EBUSY: there are results enough to collect. */
		if ((err != -EAGAIN && err != -EBUSY) || !report) {
			progress_end();
			submit_error(drive, count, batch->nr, err);
			return EXIT_FAILURE;
		}
		if (wait_for_slot(drive, count, batch, report))
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

/* Reports the remaining results as the requests finish. Returns an exit status. */
static int report_results(const struct drive *drive, uint32_t count,
			  struct batch *batch, struct report *report)
{
	while (batch->collected < batch->nr) {
		if (collect_result(drive, count, batch, report))
			return EXIT_FAILURE;
	}
	progress_end();
	return batch->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int submit_run(const struct invocation *inv)
{
	const char *count_arg = inv->options[OPT_COUNT];
	struct ddt_drive_submit arg;
	struct batch batch = {};
	struct report report;
	struct drive drive;
	uint32_t count = 1;
	int status;

	status = parse_request(inv, &arg);
	if (status)
		return status;
	if (count_arg && (!parse_uint(count_arg, &count) || !count))
		return usage_error(inv, "%s is not a number of requests",
				   count_arg);
	status = drive_open(inv, O_RDWR, &drive);
	if (status)
		return status;

	report_begin(&report, inv);
	status = submit_all(&drive, &arg, count, &batch,
			    inv->options[OPT_WAIT] ? &report : NULL);
	if (!inv->options[OPT_WAIT]) {
		for (uint32_t i = 0; i < batch.nr; i++)
			report_id(&report, batch.ids[i]);
	} else if (report_results(&drive, count, &batch, &report)) {
		status = EXIT_FAILURE;
	}
	report_end(&report, &drive);

	free(batch.ids);
	drive_close(&drive);
	return status;
}
