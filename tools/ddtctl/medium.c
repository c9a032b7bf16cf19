// SPDX-License-Identifier: GPL-2.0-only
/* medium.c - the commands eject and insert */

#include <fcntl.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"

static int set_medium(const struct invocation *inv, uint32_t flags,
		      uint32_t kept)
{
	struct ddt_drive_medium arg = { .size = sizeof(arg) };
	struct drive drive;
	int status;
	int err;

	status = drive_open(inv, O_RDWR, &drive);
	if (status)
		return status;

	arg.flags = flags;
	if (drive.info.state & DDT_DRIVE_WRITE_PROTECTED)
		arg.flags |= kept;
	err = drive_ioctl(&drive, DDT_DRIVE_IOC_SET_MEDIUM, &arg);
	if (err) {
		drive_error(&drive, err);
		status = EXIT_FAILURE;
	} else if (inv->options[OPT_JSON]) {
		json_print_name(&drive);
	}
	drive_close(&drive);
	return status;
}

/* The medium keeps its protection, as its content. */
int eject_run(const struct invocation *inv)
{
	return set_medium(inv, 0, DDT_DRIVE_MEDIUM_PROTECTED);
}

int insert_run(const struct invocation *inv)
{
	uint32_t flags = DDT_DRIVE_MEDIUM_PRESENT;

	if (inv->options[OPT_PROTECT])
		flags |= DDT_DRIVE_MEDIUM_PROTECTED;
	return set_medium(inv, flags, 0);
}
