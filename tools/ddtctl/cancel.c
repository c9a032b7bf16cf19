// SPDX-License-Identifier: GPL-2.0-only
/* cancel.c - the command cancel */

#include <fcntl.h>

#include "ddtctl.h"
#include "drive.h"
#include "request.h"

/* Cancels the @nr requests @ids. Returns an exit status. */
static int cancel_all(const struct invocation *inv, const uint32_t *ids,
		      unsigned int nr)
{
	struct ddt_drive_cancel arg = { .size = sizeof(arg) };
	bool json = inv->options[OPT_JSON];
	struct report report;
	struct drive drive;
	int status;
	int err;

	status = drive_open(inv, O_RDWR, &drive);
	if (status)
		return status;

	report_begin(&report, inv);
	for (unsigned int i = 0; i < nr; i++) {
		arg.id = ids[i];
		err = drive_ioctl(&drive, DDT_DRIVE_IOC_CANCEL, &arg);
		if (err) {
			request_error(&drive, ids[i], err);
			status = EXIT_FAILURE;
		} else if (json) {
			report_id(&report, ids[i]);
		}
	}
	report_end(&report, &drive);
	drive_close(&drive);
	return status;
}

int cancel_run(const struct invocation *inv)
{
	uint32_t *ids;
	int status;

	status = request_ids(inv, &ids);
	if (status)
		return status;
	status = cancel_all(inv, ids, inv->nr_args - 1);
	free(ids);
	return status;
}
