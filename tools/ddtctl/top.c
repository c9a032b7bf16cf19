// SPDX-License-Identifier: GPL-2.0-only
/* top.c - the command top, and its JSON */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ddtctl.h"
#include "json.h"
#include "number.h"
#include "top.h"

#define DEFAULT_INTERVAL	1.0
#define NSEC_PER_SEC		1e9

/* A time in ns, or null. */
static void add_time(struct json_object *obj, const char *name, double ns)
{
	if (ns < 0)
		json_add_null(obj, name);
	else
		json_add_uint(obj, name, llrint(ns));
}

static void add_rate(struct json_object *obj, const char *name, double rate)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", rate);
	json_add(obj, name, json_object_new_double_s(rate, text));
}

static struct json_object *sample_json(const struct sample *sample)
{
	const struct top_drive *drive = sample->drive;
	struct json_object *obj = json_new_object();
	char state[2] = { drive->state };

	json_add_string(obj, "name", drive->name);
	json_add_int(obj, "pid", drive->info.pid);
	json_add_int(obj, "nice", drive->info.nice);
	json_add_string(obj, "state", state);
	json_add_uint(obj, "queued", drive->stats.queued);
	json_add_uint(obj, "depth", drive->info.depth);
	add_rate(obj, "requests_per_s", sample->requests);
	add_rate(obj, "wakeups_per_s", sample->wakeups);
	add_rate(obj, "cpu_percent", sample->cpu);
	add_time(obj, "queued_median_ns", sample->queued_median);
	add_time(obj, "queued_p99_ns", sample->queued_p99);
	add_time(obj, "service_median_ns", sample->service_median);
	add_time(obj, "service_p99_ns", sample->service_p99);
	return obj;
}

/* Drives that were added meanwhile are in the next sample. */
static void print_samples(const struct reading *before,
			  const struct reading *now)
{
	struct json_object *obj = json_new_object(), *array = json_new_array();
	struct sample sample;

	for (unsigned int i = 0; i < now->nr; i++) {
		sample_take(&sample, before, now, i);
		if (sample.known)
			json_append(array, sample_json(&sample));
	}
	json_add_uint(obj, "interval_ns", now->time - before->time);
	json_add(obj, "drives", array);
	json_print(obj);
	output_flush();
}

/* Prints @count objects, or for ever if that is 0. */
static int top_json(double interval, uint32_t count)
{
	const struct timespec pause = {
		.tv_sec = interval,
		.tv_nsec = fmod(interval, 1) * NSEC_PER_SEC,
	};
	struct reading before, now;

	reading_take(&before);
	for (uint32_t i = 0; (!count || i < count) && !output_failed(); i++) {
		nanosleep(&pause, NULL);
		reading_take(&now);
		print_samples(&before, &now);
		reading_free(&before);
		before = now;
	}
	reading_free(&before);
	return EXIT_SUCCESS;
}

int top_run(const struct invocation *inv)
{
	const char *interval_arg = inv->options[OPT_INTERVAL];
	const char *count_arg = inv->options[OPT_COUNT];
	double interval = DEFAULT_INTERVAL;
	uint32_t count = 0;

	if (interval_arg && (!parse_seconds(interval_arg, &interval) ||
			     interval < 0.1 || interval > 60))
		return usage_error(inv, "%s is not a number of seconds, 0.1 to 60",
				   interval_arg);
	if (count_arg && (!parse_uint(count_arg, &count) || !count))
		return usage_error(inv, "%s is not a number of samples",
				   count_arg);
	if (inv->options[OPT_JSON])
		return top_json(interval, count);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		error("top needs a terminal; or use --json --count N");
		return EXIT_FAILURE;
	}
	return top_screen(interval, count);
}
