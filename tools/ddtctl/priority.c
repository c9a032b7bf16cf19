// SPDX-License-Identifier: GPL-2.0-only
/* priority.c - the commands priority get and priority set */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"
#include "number.h"

static void print_json(const struct drive *drive, int nice)
{
	struct json_object *obj = json_new_object();

	json_add_string(obj, "name", drive->name);
	json_add_int(obj, "nice", nice);
	json_print(obj);
}

int priority_get_run(const struct invocation *inv)
{
	struct ddt_drive_priority arg = { .size = sizeof(arg) };
	struct drive drive;
	int status;
	int err;

	status = drive_open(inv, O_RDONLY, &drive);
	if (status)
		return status;

	err = drive_ioctl(&drive, DDT_DRIVE_IOC_GET_PRIORITY, &arg);
	if (err) {
		drive_error(&drive, err);
		status = EXIT_FAILURE;
	} else if (inv->options[OPT_JSON]) {
		print_json(&drive, arg.nice);
	} else {
		printf("%d\n", arg.nice);
	}
	drive_close(&drive);
	return status;
}

static void set_error(const struct drive *drive, int nice, int err)
{
	switch (-err) {
	case ERANGE:
		error("%s: %d is out of range: a nice value is from -20 to 19",
		      drive->path, nice);
		break;
	case EPERM:
		error("%s: setting the nice value needs CAP_SYS_NICE: run it with sudo",
		      drive->path);
		break;
	default:
		drive_error(drive, err);
	}
}

int priority_set_run(const struct invocation *inv)
{
	struct ddt_drive_priority arg = { .size = sizeof(arg) };
	struct drive drive;
	int status;
	int err;

	if (!parse_int(inv->args[1], &arg.nice))
		return usage_error(inv, "%s is not a nice value",
				   inv->args[1]);

	status = drive_open(inv, O_RDWR, &drive);
	if (status)
		return status;

	err = drive_ioctl(&drive, DDT_DRIVE_IOC_SET_PRIORITY, &arg);
	if (err) {
		set_error(&drive, arg.nice, err);
		status = EXIT_FAILURE;
	} else if (inv->options[OPT_JSON]) {
		print_json(&drive, arg.nice);
	}
	drive_close(&drive);
	return status;
}
