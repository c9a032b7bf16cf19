// SPDX-License-Identifier: GPL-2.0-only
/* show.c - the commands info and stats */

#include <fcntl.h>
#include <stdio.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"
#include "times.h"

static const char *medium_text(uint32_t state)
{
	if (!(state & DDT_DRIVE_MEDIUM))
		return "ejected";
	return state & DDT_DRIVE_WRITE_PROTECTED ? "write-protected" :
						   "writable";
}

static void print_info(const struct drive *drive)
{
	const struct ddt_drive_info *info = &drive->info;

	printf("name:          %s\n", drive->name);
	printf("capacity:      %llu bytes\n", info->capacity);
	printf("sector size:   %u bytes\n", info->sector_size);
	printf("medium:        %s\n", medium_text(info->state));
	printf("motor:         %s\n",
	       info->state & DDT_DRIVE_MOTOR_ON ? "on" : "off");
	printf("access time:   %u us\n", info->access_us);
	printf("spin-up time:  %u ms\n", info->spinup_ms);
	if (info->idle_ms)
		printf("motor off:     %u ms after the last request\n",
		       info->idle_ms);
	else
		printf("motor off:     never by itself\n");
	printf("queue depth:   %u\n", info->depth);
	printf("thread:        %.*s\n", (int)sizeof(info->thread),
	       info->thread);
	printf("pid:           %d\n", info->pid);
	printf("nice:          %d\n", info->nice);
}

static void print_info_json(const struct drive *drive)
{
	const struct ddt_drive_info *info = &drive->info;
	struct json_object *obj = json_new_object();
	char thread[sizeof(info->thread) + 1];

	snprintf(thread, sizeof(thread), "%.*s", (int)sizeof(info->thread),
		 info->thread);

	json_add_string(obj, "name", drive->name);
	json_add_uint(obj, "capacity", info->capacity);
	json_add_uint(obj, "sector_size", info->sector_size);
	json_add_bool(obj, "medium", info->state & DDT_DRIVE_MEDIUM);
	json_add_bool(obj, "write_protected",
		      info->state & DDT_DRIVE_WRITE_PROTECTED);
	json_add_bool(obj, "motor_on", info->state & DDT_DRIVE_MOTOR_ON);
	json_add_uint(obj, "access_us", info->access_us);
	json_add_uint(obj, "spinup_ms", info->spinup_ms);
	json_add_uint(obj, "idle_ms", info->idle_ms);
	json_add_uint(obj, "depth", info->depth);
	json_add_string(obj, "thread", thread);
	json_add_int(obj, "pid", info->pid);
	json_add_int(obj, "nice", info->nice);
	json_print(obj);
}

int info_run(const struct invocation *inv)
{
	struct drive drive;
	int status;

	status = drive_open(inv, O_RDONLY, &drive);
	if (status)
		return status;

	if (inv->options[OPT_JSON])
		print_info_json(&drive);
	else
		print_info(&drive);
	drive_close(&drive);
	return EXIT_SUCCESS;
}

static void print_stats(const struct ddt_drive_stats *stats,
			const struct ddt_drive_times *times)
{
	printf("queued:           %u\n", stats->queued);
	printf("most queued:      %u\n", stats->max_queued);
	printf("submitted:        %llu\n", stats->submitted);
	printf("completed:        %llu\n", stats->completed);
	printf("cancelled:        %llu\n", stats->cancelled);
	printf("wakeups:          %llu\n", stats->wakeups);
	printf("motor starts:     %llu\n", stats->spinups);
	printf("bytes read:       %llu\n", stats->bytes_read);
	printf("bytes written:    %llu\n", stats->bytes_written);
	printf("thread switches:  %llu\n", stats->thread_switches);
	printf("thread run time:  %llu ns\n", stats->thread_runtime_ns);
	times_print("requests by their time in the queue", times->queued);
	times_print("requests by their time in service", times->service);
}

static void print_stats_json(const struct drive *drive,
			     const struct ddt_drive_stats *stats,
			     const struct ddt_drive_times *times)
{
	struct json_object *obj = json_new_object();

	json_add_string(obj, "name", drive->name);
	json_add_uint(obj, "queued", stats->queued);
	json_add_uint(obj, "max_queued", stats->max_queued);
	json_add_uint(obj, "submitted", stats->submitted);
	json_add_uint(obj, "completed", stats->completed);
	json_add_uint(obj, "cancelled", stats->cancelled);
	json_add_uint(obj, "wakeups", stats->wakeups);
	json_add_uint(obj, "spinups", stats->spinups);
	json_add_uint(obj, "bytes_read", stats->bytes_read);
	json_add_uint(obj, "bytes_written", stats->bytes_written);
	json_add_uint(obj, "thread_switches", stats->thread_switches);
	json_add_uint(obj, "thread_runtime_ns", stats->thread_runtime_ns);
	json_add(obj, "queued_times", times_json(times->queued));
	json_add(obj, "service_times", times_json(times->service));
	json_print(obj);
}

int stats_run(const struct invocation *inv)
{
	struct ddt_drive_stats stats;
	struct ddt_drive_times times;
	struct drive drive;
	int status;
	int err;

	status = drive_open(inv, O_RDONLY, &drive);
	if (status)
		return status;

	err = drive_stats(&drive, &stats);
	if (!err)
		err = times_get(&drive, &times);
	if (err) {
		drive_error(&drive, err);
		status = EXIT_FAILURE;
	} else if (inv->options[OPT_JSON]) {
		print_stats_json(&drive, &stats, &times);
	} else {
		print_stats(&stats, &times);
	}
	drive_close(&drive);
	return status;
}
