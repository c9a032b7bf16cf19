// SPDX-License-Identifier: GPL-2.0-only
/* times.c - the histograms of the times that requests took */

#include <math.h>
#include <stdio.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"
#include "times.h"

#define BAR_WIDTH	40

/* Returns 0 or a negative error number. */
int times_get(const struct drive *drive, struct ddt_drive_times *times)
{
	*times = (struct ddt_drive_times){ .size = sizeof(*times) };
	return drive_ioctl(drive, DDT_DRIVE_IOC_TIMES, times);
}

/* The bounds of a bucket, in ns. The last one has no upper bound. */
static uint64_t bucket_from(int i)
{
	return i ? 1ULL << i : 0;
}

static uint64_t bucket_to(int i)
{
	return 1ULL << (i + 1);
}

/* As "1.05 ms", in at most 7 characters. */
void times_format(double ns, char *text, size_t size)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	size_t i = 0;

	for (; ns >= 999.5 && i + 1 < ARRAY_SIZE(units); i++)
		ns /= 1000;
	snprintf(text, size, "%.3g %s", ns, units[i]);
}

/* Finds the first and the last bucket that is not empty, and the fullest. */
static bool bounds(const __u64 *buckets, int *first, int *last, uint64_t *most)
{
	*first = -1;
	*most = 0;
	for (int i = 0; i < DDT_DRIVE_TIME_BUCKETS; i++) {
		if (!buckets[i])
			continue;
		if (*first < 0)
			*first = i;
		*last = i;
		if (buckets[i] > *most)
			*most = buckets[i];
	}
	return *first >= 0;
}

/* Prints a line with a bar for each power of two, if there is a request. */
void times_print(const char *title, const __u64 *buckets)
{
	char from[16], to[16], bar[BAR_WIDTH + 1];
	int first, last, width;
	uint64_t most;

	if (!bounds(buckets, &first, &last, &most))
		return;
	printf("\n%s:\n", title);
	for (int i = first; i <= last; i++) {
		times_format(bucket_from(i), from, sizeof(from));
		times_format(bucket_to(i), to, sizeof(to));
		width = (buckets[i] * BAR_WIDTH + most - 1) / most;
		for (int j = 0; j < width; j++)
			bar[j] = '@';
		bar[width] = '\0';
		printf("  %7s to %7s %10llu |%-*s|\n", from, to, buckets[i],
		       BAR_WIDTH, bar);
	}
}

/* An array of the buckets that are not empty. */
struct json_object *times_json(const __u64 *buckets)
{
	struct json_object *array = json_new_array(), *obj;

	for (int i = 0; i < DDT_DRIVE_TIME_BUCKETS; i++) {
		if (!buckets[i])
			continue;
		obj = json_new_object();
		json_add_uint(obj, "from_ns", bucket_from(i));
		if (i + 1 < DDT_DRIVE_TIME_BUCKETS)
			json_add_uint(obj, "to_ns", bucket_to(i));
		else
			json_add_null(obj, "to_ns");
		json_add_uint(obj, "requests", buckets[i]);
		json_append(array, obj);
	}
	return array;
}

/*
 * Returns the time in ns that this part of the requests did not exceed, about:
 * within a bucket they are taken to be spread evenly over the logarithm. It is
 * negative if there is no request.
 */
double times_quantile(const __u64 *buckets, double quantile)
{
	double total = 0, before = 0, wanted;

	for (int i = 0; i < DDT_DRIVE_TIME_BUCKETS; i++)
		total += buckets[i];
	wanted = total * quantile;
	for (int i = 0; i < DDT_DRIVE_TIME_BUCKETS; i++) {
		if (buckets[i] && before + buckets[i] >= wanted)
			return exp2(i + (wanted - before) / buckets[i]);
		before += buckets[i];
	}
	return -1;
}
