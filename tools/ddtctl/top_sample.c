// SPDX-License-Identifier: GPL-2.0-only
/* top_sample.c - asks all drives, and computes what they did meanwhile */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ddtctl.h"
#include "times.h"
#include "top.h"

#define NSEC_PER_SEC	1000000000ULL

/* The letter that ps shows. The name before it has no blanks or brackets. */
static char thread_state(int pid)
{
	char path[32], state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return state;
	if (fscanf(file, "%*d %*s %c", &state) != 1)
		state = '?';
	fclose(file);
	return state;
}

/* A drive can be removed while it is asked. Returns 0 or an error. */
static int ask_drive(const char *name, struct top_drive *top)
{
	char path[32];
	struct drive drive;
	int err;

	snprintf(path, sizeof(path), "/dev/%.15s", name);
	err = drive_try_path(path, O_RDONLY, &drive);
	if (err)
		return err;
	err = drive_stats(&drive, &top->stats);
	if (!err)
		err = times_get(&drive, &top->times);
	drive_close(&drive);
	memcpy(top->name, drive.name, sizeof(top->name));
	top->info = drive.info;
	top->state = thread_state(drive.info.pid);
	return err;
}

/* Drives that do not answer are left out. */
void reading_take(struct reading *reading)
{
	struct drive_names names = {};
	struct timespec now;
	int err;

	drive_names_get(&names);
	*reading = (struct reading){
		.drives = check_memory(calloc(names.nr + 1,
					      sizeof(*reading->drives))),
	};
	for (int i = 0; i < names.nr; i++) {
		err = ask_drive(names.names[i], &reading->drives[reading->nr]);
		if (err)
			reading->err = err;
		else
			reading->nr++;
	}
	drive_names_put(&names);
	clock_gettime(CLOCK_MONOTONIC, &now);
	reading->time = now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

void reading_free(struct reading *reading)
{
	free(reading->drives);
	*reading = (struct reading){};
}

/* Another drive of the same name has another thread. */
static const struct top_drive *find_drive(const struct reading *reading,
					  const struct top_drive *drive)
{
	for (unsigned int i = 0; i < reading->nr; i++) {
		const struct top_drive *other = &reading->drives[i];

		if (other->info.index == drive->info.index &&
		    other->info.pid == drive->info.pid)
			return other;
	}
	return NULL;
}

static void quantiles(const __u64 *before, const __u64 *now, double *median,
		      double *p99)
{
	__u64 buckets[DDT_DRIVE_TIME_BUCKETS];

	for (int i = 0; i < DDT_DRIVE_TIME_BUCKETS; i++)
		buckets[i] = now[i] - before[i];
	*median = times_quantile(buckets, 0.5);
	*p99 = times_quantile(buckets, 0.99);
}

/* Computes what drive @i of the reading @now did since @before. */
void sample_take(struct sample *sample, const struct reading *before,
		 const struct reading *now, unsigned int i)
{
	const struct top_drive *drive = &now->drives[i];
	const struct top_drive *earlier = find_drive(before, drive);
	double ns = now->time - before->time;

	*sample = (struct sample){
		.drive = drive,
		.known = earlier,
		.queued_median = -1,
		.queued_p99 = -1,
		.service_median = -1,
		.service_p99 = -1,
	};
	if (!earlier)
		return;
	sample->requests = (drive->stats.completed -
			    earlier->stats.completed) * NSEC_PER_SEC / ns;
	sample->wakeups = (drive->stats.wakeups - earlier->stats.wakeups) *
			  NSEC_PER_SEC / ns;
	sample->cpu = (drive->stats.thread_runtime_ns -
		       earlier->stats.thread_runtime_ns) * 100 / ns;
	quantiles(earlier->times.queued, drive->times.queued,
		  &sample->queued_median, &sample->queued_p99);
	quantiles(earlier->times.service, drive->times.service,
		  &sample->service_median, &sample->service_p99);
}
