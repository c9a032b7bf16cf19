// SPDX-License-Identifier: GPL-2.0-only
/* fault.c - the commands fault add, fault list and fault remove */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"
#include "number.h"

#define ALL_OPS	(DDT_DRIVE_FAULT_READ | DDT_DRIVE_FAULT_WRITE | \
		 DDT_DRIVE_FAULT_CONTROL)

/* A word and what it stands for. */
struct word {
	const char *name;
	uint32_t value;
};

static const struct word kinds[] = {
	{ "error", DDT_DRIVE_FAULT_ERROR },
	{ "delay", DDT_DRIVE_FAULT_DELAY },
	{ "hang", DDT_DRIVE_FAULT_HANG },
	{}
};

static const struct word operations[] = {
	{ "read", DDT_DRIVE_FAULT_READ },
	{ "write", DDT_DRIVE_FAULT_WRITE },
	{ "control", DDT_DRIVE_FAULT_CONTROL },
	{}
};

static const struct word *find_word(const struct word *words, const char *name,
				    size_t length)
{
	for (; words->name; words++) {
		if (strlen(words->name) == length &&
		    !strncmp(words->name, name, length))
			return words;
	}
	return NULL;
}

/* Parses "read,write". */
static int parse_ops(const struct invocation *inv, uint32_t *ops)
{
	const char *list = inv->options[OPT_OPS];
	const struct word *operation;
	size_t length;

	*ops = list ? 0 : ALL_OPS;
	for (; list; list = list[length] ? list + length + 1 : NULL) {
		length = strcspn(list, ",");
		operation = find_word(operations, list, length);
		if (!operation)
			return usage_error(inv, "--ops is a list as read,write,control, and not %s",
					   inv->options[OPT_OPS]);
		*ops |= operation->value;
	}
	return 0;
}

static int parse_range(const struct invocation *inv,
		       struct ddt_drive_fault *fault)
{
	uint64_t offset, length;

	if (inv->nr_args == 2)
		return 0;
	if (inv->nr_args == 3)
		return usage_error(inv, "OFFSET needs a LENGTH too");
	if (!parse_bytes(inv->args[2], &offset))
		return usage_error(inv, "OFFSET is not a number of bytes: %s",
				   inv->args[2]);
	if (!parse_bytes(inv->args[3], &length) || !length)
		return usage_error(inv, "LENGTH is not a number of bytes: %s",
				   inv->args[3]);
	fault->offset = offset;
	fault->length = length;
	return 0;
}

static int parse_fault(const struct invocation *inv,
		       struct ddt_drive_fault *fault)
{
	const char *times = inv->options[OPT_TIMES];
	const char *delay = inv->options[OPT_DELAY];
	const struct word *kind;
	int status;

	*fault = (struct ddt_drive_fault){ .size = sizeof(*fault) };
	kind = find_word(kinds, inv->args[1], strlen(inv->args[1]));
	if (!kind)
		return usage_error(inv, "KIND is error, delay or hang, and not %s",
				   inv->args[1]);
	fault->kind = kind->value;
	status = parse_ops(inv, &fault->ops);
	if (status)
		return status;
	if (times && (!parse_uint(times, &fault->times) || !fault->times))
		return usage_error(inv, "%s is not how often", times);
	if (delay && kind->value != DDT_DRIVE_FAULT_DELAY)
		return usage_error(inv, "only KIND delay has a --delay");
	if (!delay && kind->value == DDT_DRIVE_FAULT_DELAY)
		return usage_error(inv, "KIND delay needs a --delay");
	if (delay && (!parse_uint(delay, &fault->delay_ms) ||
		      !fault->delay_ms || fault->delay_ms > 3600 * 1000))
		return usage_error(inv, "%s is not a time in ms, 1 to 3600000",
				   delay);
	return parse_range(inv, fault);
}

static void add_error(const struct drive *drive, int err)
{
	if (err == -ENOSPC)
		error("%s: the range ends behind the %llu bytes there are, or there are %u faults",
		      drive->path, drive->info.capacity, DDT_DRIVE_MAX_FAULTS);
	else
		drive_error(drive, err);
}

int fault_add_run(const struct invocation *inv)
{
	struct ddt_drive_fault fault;
	struct json_object *obj;
	struct drive drive;
	int status;
	int err;

	status = parse_fault(inv, &fault);
	if (!status)
		status = drive_open(inv, O_RDWR, &drive);
	if (status)
		return status;

	err = drive_ioctl(&drive, DDT_DRIVE_IOC_FAULT_ADD, &fault);
	if (err) {
		add_error(&drive, err);
		status = EXIT_FAILURE;
	} else if (inv->options[OPT_JSON]) {
		obj = json_new_object();
		json_add_string(obj, "name", drive.name);
		json_add_uint(obj, "id", fault.id);
		json_print(obj);
	} else {
		printf("%u\n", fault.id);
	}
	drive_close(&drive);
	return status;
}

static const char *kind_name(uint32_t value)
{
	for (const struct word *kind = kinds; kind->name; kind++) {
		if (kind->value == value)
			return kind->name;
	}
	return "?";
}

static void print_fault(const struct ddt_drive_fault *fault)
{
	char ops[32] = "", times[16] = "ever", range[48] = "all";
	size_t n = 0;

	for (const struct word *op = operations; op->name; op++) {
		if (fault->ops & op->value)
			n += snprintf(ops + n, sizeof(ops) - n, "%s%s",
				      n ? "," : "", op->name);
	}
	if (fault->times)
		snprintf(times, sizeof(times), "%u", fault->times);
	if (fault->length)
		snprintf(range, sizeof(range), "%llu %llu", fault->offset,
			 fault->length);
	printf("%4u  %-6s %-18s %6s %6u %9u  %s\n", fault->id,
	       kind_name(fault->kind), ops, times, fault->hits,
	       fault->delay_ms, range);
}

static struct json_object *fault_json(const struct ddt_drive_fault *fault)
{
	struct json_object *obj = json_new_object(), *ops = json_new_array();

	json_add_uint(obj, "id", fault->id);
	json_add_string(obj, "kind", kind_name(fault->kind));
	for (const struct word *op = operations; op->name; op++) {
		if (fault->ops & op->value)
			json_append(ops, json_object_new_string(op->name));
	}
	json_add(obj, "ops", ops);
	json_add_uint(obj, "times", fault->times);
	json_add_uint(obj, "hits", fault->hits);
	json_add_uint(obj, "delay_ms", fault->delay_ms);
	json_add_uint(obj, "offset", fault->offset);
	json_add_uint(obj, "length", fault->length);
	return obj;
}

/* Asks for the fault with that id or the next one. Returns 0 or an error. */
static int get_fault(const struct drive *drive, uint32_t id,
		     struct ddt_drive_fault *fault)
{
	*fault = (struct ddt_drive_fault){ .size = sizeof(*fault), .id = id };
	return drive_ioctl(drive, DDT_DRIVE_IOC_FAULT_GET, fault);
}

int fault_list_run(const struct invocation *inv)
{
	struct json_object *obj, *array = NULL;
	struct ddt_drive_fault fault;
	struct drive drive;
	uint32_t id;
	int status;
	int err;

	status = drive_open(inv, O_RDONLY, &drive);
	if (status)
		return status;

	if (inv->options[OPT_JSON])
		array = json_new_array();
	else
		printf("%4s  %-6s %-18s %6s %6s %9s  %s\n", "ID", "KIND",
		       "OPS", "TIMES", "HITS", "DELAY ms", "OFFSET LENGTH");
	for (id = 0; !(err = get_fault(&drive, id, &fault)); id = fault.id + 1) {
		if (array)
			json_append(array, fault_json(&fault));
		else
			print_fault(&fault);
	}
	if (err != -ENOENT) {
		drive_error(&drive, err);
		status = EXIT_FAILURE;
	}
	if (array) {
		obj = json_new_object();
		json_add_string(obj, "name", drive.name);
		json_add(obj, "faults", array);
		json_print(obj);
	}
	drive_close(&drive);
	return status;
}

int fault_remove_run(const struct invocation *inv)
{
	struct ddt_drive_fault fault = { .size = sizeof(fault) };
	struct drive drive;
	int status;
	int err;

	if (strcmp(inv->args[1], "all") &&
	    (!parse_uint(inv->args[1], &fault.id) || !fault.id))
		return usage_error(inv, "%s is not the id of a fault, nor all",
				   inv->args[1]);
	status = drive_open(inv, O_RDWR, &drive);
	if (status)
		return status;

	err = drive_ioctl(&drive, DDT_DRIVE_IOC_FAULT_REMOVE, &fault);
	if (err == -ENOENT)
		error("%s: no fault %u: ddtctl fault list %s shows those there are",
		      drive.path, fault.id, drive.name);
	else if (err)
		drive_error(&drive, err);
	else if (inv->options[OPT_JSON])
		json_print_name(&drive);
	drive_close(&drive);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
