// SPDX-License-Identifier: GPL-2.0-only
/* report.c - printing requests and their results */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"
#include "request.h"

#define NSEC_PER_MSEC	1000000.0

void report_begin(struct report *report, const struct invocation *inv)
{
	*report = (struct report){
		.array = inv->options[OPT_JSON] ? json_new_array() : NULL,
	};
}

static const char *status_text(int status)
{
	switch (status) {
	case 0:
		return "done";
	case -ECANCELED:
		return "cancelled";
	case -ENODEV:
	case -ESHUTDOWN:
		return "removed";
	case -EIO:
		return "error";
	case -ENOMEDIUM:
		return "no medium";
	case -EROFS:
		return "read-only";
	default:
		return strerror(-status);
	}
}

/* Always the same words, for scripts. */
static const char *status_word(int status)
{
	switch (status) {
	case 0:
		return "done";
	case -ECANCELED:
		return "cancelled";
	default:
		return "failed";
	}
}

static void print_result(const struct ddt_drive_wait *result)
{
	printf("%6u  %-9s %7llu %10.3f ms %10.3f ms", result->id,
	       status_text(result->status), result->order,
	       result->queued_ns / NSEC_PER_MSEC,
	       result->service_ns / NSEC_PER_MSEC);
	if (result->status)
		printf("  -\n");
	else
		printf("  %llu (0x%llx)\n", result->result, result->result);
}

static struct json_object *result_json(const struct ddt_drive_wait *result)
{
	struct json_object *obj = json_new_object();

	json_add_uint(obj, "id", result->id);
	json_add_string(obj, "status", status_word(result->status));
	json_add_int(obj, "errno", -(int64_t)result->status);
	json_add_uint(obj, "order", result->order);
	json_add_uint(obj, "queued_ns", result->queued_ns);
	json_add_uint(obj, "service_ns", result->service_ns);
	if (result->status)
		json_add_null(obj, "result");
	else
		json_add_uint(obj, "result", result->result);
	return obj;
}

void report_result(struct report *report, const struct ddt_drive_wait *result)
{
	if (report->array) {
		json_append(report->array, result_json(result));
		return;
	}

	if (!report->titles)
		printf("%6s  %-9s %7s %13s %13s  %s\n", "ID", "STATUS", "ORDER",
		       "QUEUED", "IN SERVICE", "RESULT");
	report->titles = true;
	print_result(result);
	output_flush();
}

/* Of a request without a result. */
void report_id(struct report *report, uint32_t id)
{
	struct json_object *obj;

	if (!report->array) {
		printf("%u\n", id);
		return;
	}

	obj = json_new_object();
	json_add_uint(obj, "id", id);
	json_append(report->array, obj);
}

void report_end(struct report *report, const struct drive *drive)
{
	struct json_object *obj;

	if (!report->array)
		return;

	obj = json_new_object();
	json_add_string(obj, "name", drive->name);
	json_add(obj, "requests", report->array);
	json_print(obj);
}
