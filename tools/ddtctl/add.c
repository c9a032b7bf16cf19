// SPDX-License-Identifier: GPL-2.0-only
/* add.c - the commands add and remove, for drives */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"
#include "number.h"

#define KIB	1024

static int parse_add(const struct invocation *inv, struct ddt_drive_add *arg)
{
	const char *index = inv->options[OPT_INDEX];
	const char *capacity = inv->options[OPT_CAPACITY];
	const char *depth = inv->options[OPT_DEPTH];
	const char *nice = inv->options[OPT_NICE];
	uint64_t bytes = 0;

	*arg = (struct ddt_drive_add){
		.size = sizeof(*arg),
		.index = DDT_DRIVE_ANY_INDEX,
	};
	if (index && !parse_uint(index, &arg->index))
		return usage_error(inv, "%s is not the number of a drive",
				   index);
	if (capacity && (!parse_bytes(capacity, &bytes) || !bytes ||
			 bytes % KIB || bytes / KIB > UINT32_MAX))
		return usage_error(inv, "%s is not a capacity: give whole KiB, as 1440k or 16M",
				   capacity);
	arg->capacity_kib = bytes / KIB;
	if (depth && (!parse_uint(depth, &arg->depth) || !arg->depth))
		return usage_error(inv, "%s is not the depth of a queue", depth);
	if (nice) {
		if (!parse_int(nice, &arg->nice))
			return usage_error(inv, "%s is not a nice value", nice);
		arg->flags |= DDT_DRIVE_ADD_NICE;
	}
	return 0;
}

static void add_error(const struct drive *control,
		      const struct ddt_drive_add *arg, int err)
{
	switch (-err) {
	case EEXIST:
		error("there is a drive ddt%u: ddtctl list shows those there are",
		      arg->index);
		break;
	case ENOSPC:
		error("there are 64 drives: ddtctl remove makes room");
		break;
	case ERANGE:
	case EINVAL:
		error("out of range: --index ends at 63, --capacity 1G, --depth 65536, --nice 19");
		break;
	case EPERM:
		error("a nice value below 0 needs CAP_SYS_NICE: run it with sudo");
		break;
	default:
		drive_error(control, err);
	}
}

static void print_added(const struct invocation *inv, unsigned int index)
{
	struct json_object *obj;
	char name[16];

	snprintf(name, sizeof(name), "ddt%u", index);
	if (!inv->options[OPT_JSON]) {
		printf("%s\n", name);
		return;
	}
	obj = json_new_object();
	json_add_string(obj, "name", name);
	json_print(obj);
}

int add_run(const struct invocation *inv)
{
	struct ddt_drive_add arg;
	struct drive control;
	int status;
	int err;

	status = parse_add(inv, &arg);
	if (!status)
		status = drive_open_control(&control);
	if (status)
		return status;

	err = drive_ioctl(&control, DDT_DRIVE_IOC_ADD, &arg);
	if (err) {
		add_error(&control, &arg, err);
		status = EXIT_FAILURE;
	} else {
		print_added(inv, arg.index);
	}
	drive_close(&control);
	return status;
}

int remove_run(const struct invocation *inv)
{
	struct ddt_drive_remove arg = { .size = sizeof(arg) };
	struct drive drive, control;
	int status;
	int err;

	/* It is open only as long as it takes to know which one it is. */
	status = drive_open(inv, O_RDONLY, &drive);
	if (status)
		return status;
	arg.index = drive.info.index;
	drive_close(&drive);
	status = drive_open_control(&control);
	if (status)
		return status;

	err = drive_ioctl(&control, DDT_DRIVE_IOC_REMOVE, &arg);
	drive_close(&control);
	if (err) {
		drive_error(&drive, err);
		return EXIT_FAILURE;
	}
	if (inv->options[OPT_JSON])
		json_print_name(&drive);
	return EXIT_SUCCESS;
}
