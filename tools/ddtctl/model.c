// SPDX-License-Identifier: GPL-2.0-only
/* model.c - the commands model get and model set */

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"
#include "number.h"

#define MEMBER(name)	{ #name, offsetof(struct ddt_drive_model, name) }

static const struct member {
	const char *name;
	size_t offset;
} members[] = {
	MEMBER(access_us),
	MEMBER(seek_us),
	MEMBER(rate_kib_s),
	MEMBER(spinup_ms),
	MEMBER(idle_ms),
};

static __u32 *member_of(struct ddt_drive_model *model, size_t i)
{
	return (__u32 *)((char *)model + members[i].offset);
}

static void print_model(const struct drive *drive,
			struct ddt_drive_model *model, bool json)
{
	struct json_object *obj = json ? json_new_object() : NULL;

	if (json)
		json_add_string(obj, "name", drive->name);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (json)
			json_add_uint(obj, members[i].name,
				      *member_of(model, i));
		else
			printf("%s=%u\n", members[i].name,
			       *member_of(model, i));
	}
	if (json)
		json_print(obj);
}

static int get_model(const struct drive *drive, struct ddt_drive_model *model)
{
	int err;

	*model = (struct ddt_drive_model){ .size = sizeof(*model) };
	err = drive_ioctl(drive, DDT_DRIVE_IOC_GET_MODEL, model);
	if (err)
		drive_error(drive, err);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int model_get_run(const struct invocation *inv)
{
	struct ddt_drive_model model;
	struct drive drive;
	int status;

	status = drive_open(inv, O_RDONLY, &drive);
	if (status)
		return status;

	status = get_model(&drive, &model);
	if (!status)
		print_model(&drive, &model, inv->options[OPT_JSON]);
	drive_close(&drive);
	return status;
}

/* Changes what an argument as access_us=100 names. Returns an exit status. */
static int parse_assignment(const struct invocation *inv, const char *arg,
			    struct ddt_drive_model *model)
{
	size_t length = strcspn(arg, "=");
	uint32_t value;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (strlen(members[i].name) != length ||
		    strncmp(members[i].name, arg, length))
			continue;
		if (!arg[length] || !parse_uint(arg + length + 1, &value))
			return usage_error(inv, "%s: %s needs a number, as in %s=100",
					   arg, members[i].name,
					   members[i].name);
		*member_of(model, i) = value;
		return EXIT_SUCCESS;
	}
	return usage_error(inv, "%s: a model has no such value, see ddtctl help model set",
			   arg);
}

static int parse_assignments(const struct invocation *inv,
			     struct ddt_drive_model *model)
{
	int status = EXIT_SUCCESS;

	for (unsigned int i = 1; i < inv->nr_args && !status; i++)
		status = parse_assignment(inv, inv->args[i], model);
	return status;
}

int model_set_run(const struct invocation *inv)
{
	struct ddt_drive_model model = {};
	struct drive drive;
	int status;
	int err;

	/* Before there is a drive, for errors of the command line. */
	status = parse_assignments(inv, &model);
	if (!status)
		status = drive_open(inv, O_RDWR, &drive);
	if (status)
		return status;

	status = get_model(&drive, &model);
	if (status)
		goto close;
	parse_assignments(inv, &model);
	err = drive_ioctl(&drive, DDT_DRIVE_IOC_SET_MODEL, &model);
	if (err == -ERANGE)
		error("%s: too much: access_us and seek_us go to 10000000, spinup_ms to 60000",
		      drive.path);
	else if (err)
		drive_error(&drive, err);
	else if (inv->options[OPT_JSON])
		print_model(&drive, &model, true);
	if (err)
		status = EXIT_FAILURE;
close:
	drive_close(&drive);
	return status;
}
