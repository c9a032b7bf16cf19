// SPDX-License-Identifier: GPL-2.0-only
/* wait.c - the command wait */

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "ddtctl.h"
#include "drive.h"
#include "number.h"
#include "request.h"

#define NSEC_PER_SEC	1000000000ULL

/* More than anybody waits, and little enough to be computed with. */
#define MAX_SECONDS	1e9

static uint64_t deadline_in(double seconds)
{
	struct timespec now;

	if (seconds > MAX_SECONDS)
		return NO_DEADLINE;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec +
	       (uint64_t)(seconds * NSEC_PER_SEC);
}

/* Waits for the @nr requests @ids. Returns an exit status. */
static int wait_for_all(const struct invocation *inv, const uint32_t *ids,
			unsigned int nr, uint64_t deadline)
{
	struct ddt_drive_wait result;
	struct report report;
	struct drive drive;
	int status;
	int err;

	status = drive_open(inv, O_RDWR, &drive);
	if (status)
		return status;

	report_begin(&report, inv);
	for (unsigned int i = 0; i < nr; i++) {
		err = request_collect(&drive, ids[i], deadline, &result);
		if (!err)
			report_result(&report, &result);
		else if (err == -ETIME)
			error("%s: request %u has not finished within %s s",
			      drive.path, ids[i], inv->options[OPT_TIMEOUT]);
		else
			request_error(&drive, ids[i], err);
		if (err || result.status)
			status = EXIT_FAILURE;
	}
	report_end(&report, &drive);
	drive_close(&drive);
	return status;
}

int wait_run(const struct invocation *inv)
{
	const char *timeout = inv->options[OPT_TIMEOUT];
	uint64_t deadline = NO_DEADLINE;
	double seconds;
	uint32_t *ids;
	int status;

	if (timeout) {
		if (!parse_seconds(timeout, &seconds))
			return usage_error(inv, "%s is not a number of seconds",
					   timeout);
		deadline = deadline_in(seconds);
	}

	status = request_ids(inv, &ids);
	if (status)
		return status;
	status = wait_for_all(inv, ids, inv->nr_args - 1, deadline);
	free(ids);
	return status;
}
