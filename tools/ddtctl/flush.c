// SPDX-License-Identifier: GPL-2.0-only
/* flush.c - the command flush */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"

int flush_run(const struct invocation *inv)
{
	struct drive drive;
	int status;

	status = drive_open(inv, O_RDWR, &drive);
	if (status)
		return status;

	if (fsync(drive.fd)) {
		drive_error(&drive, -errno);
		status = EXIT_FAILURE;
	} else if (inv->options[OPT_JSON]) {
		json_print_name(&drive);
	}
	drive_close(&drive);
	return status;
}
