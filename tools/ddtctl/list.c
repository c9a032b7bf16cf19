// SPDX-License-Identifier: GPL-2.0-only
/* list.c - the command list */

#include <fcntl.h>
#include <stdio.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"

static void print_drive(const struct drive *drive,
			const struct ddt_drive_stats *stats)
{
	const struct ddt_drive_info *info = &drive->info;

	printf("%-6s %7llu KiB  %-5s %6u %5d %7d\n", drive->name,
	       info->capacity / 1024,
	       info->state & DDT_DRIVE_MOTOR_ON ? "on" : "off", stats->queued,
	       info->nice, info->pid);
}

static void append_drive(struct json_object *array, const struct drive *drive,
			 const struct ddt_drive_stats *stats)
{
	const struct ddt_drive_info *info = &drive->info;
	struct json_object *obj = json_new_object();

	json_add_string(obj, "name", drive->name);
	json_add_uint(obj, "capacity", info->capacity);
	json_add_bool(obj, "motor_on", info->state & DDT_DRIVE_MOTOR_ON);
	json_add_uint(obj, "queued", stats->queued);
	json_add_int(obj, "nice", info->nice);
	json_add_int(obj, "pid", info->pid);
	json_append(array, obj);
}

/* Adds a drive to @array if that is set, or else prints it. */
static int list_drive(const char *name, struct json_object *array, bool *titles)
{
	struct ddt_drive_stats stats;
	struct drive drive;
	int status;
	int err;

	status = drive_open_name(name, O_RDONLY, &drive);
	if (status)
		return status;

	err = drive_stats(&drive, &stats);
	drive_close(&drive);
	if (err) {
		drive_error(&drive, err);
		return EXIT_FAILURE;
	}

	if (array) {
		append_drive(array, &drive, &stats);
		return EXIT_SUCCESS;
	}
	if (*titles)
		printf("%-6s %11s  %-5s %6s %5s %7s\n", "NAME", "CAPACITY",
		       "MOTOR", "QUEUED", "NICE", "PID");
	*titles = false;
	print_drive(&drive, &stats);
	return EXIT_SUCCESS;
}

int list_run(const struct invocation *inv)
{
	struct json_object *array = NULL, *obj;
	struct drive_names names = {};
	int status = EXIT_SUCCESS;
	bool titles = true;

	if (inv->options[OPT_JSON])
		array = json_new_array();

	drive_names_get(&names);
	if (!names.nr) {
		drives_missing();
		status = EXIT_FAILURE;
	}
	for (int i = 0; i < names.nr; i++) {
		if (list_drive(names.names[i], array, &titles))
			status = EXIT_FAILURE;
	}
	drive_names_put(&names);

	if (array) {
		obj = json_new_object();
		json_add(obj, "drives", array);
		json_print(obj);
	}
	return status;
}
