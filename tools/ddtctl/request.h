/* SPDX-License-Identifier: GPL-2.0-only */
/* request.h - what the commands for requests share */
#ifndef DDTCTL_REQUEST_H
#define DDTCTL_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/ddt_drive.h>

#define NO_DEADLINE	UINT64_MAX

/* In place of an id: of those submitted here, the next one to finish. */
#define ANY_REQUEST	0

struct drive;
struct invocation;
struct json_object;

/* Where requests and their results are printed, one after the other. */
struct report {
	struct json_object *array;	/* collects them, if it is to be JSON */
	bool titles;			/* have been printed */
};

void report_begin(struct report *report, const struct invocation *inv);
void report_id(struct report *report, uint32_t id);
void report_result(struct report *report, const struct ddt_drive_wait *result);
void report_end(struct report *report, const struct drive *drive);

int request_ids(const struct invocation *inv, uint32_t **ids);
int request_collect(const struct drive *drive, uint32_t id, uint64_t deadline,
		    struct ddt_drive_wait *result);
void request_error(const struct drive *drive, uint32_t id, int err);

#endif /* DDTCTL_REQUEST_H */
