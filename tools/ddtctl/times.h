/* SPDX-License-Identifier: GPL-2.0-only */
/* times.h - the histograms of the times that requests took */
#ifndef DDTCTL_TIMES_H
#define DDTCTL_TIMES_H

#include <stddef.h>

#include <linux/ddt_drive.h>

struct drive;
struct json_object;

int times_get(const struct drive *drive, struct ddt_drive_times *times);

/* @buckets: one of those in struct ddt_drive_times, or differences of them */
void times_print(const char *title, const __u64 *buckets);
struct json_object *times_json(const __u64 *buckets);
double times_quantile(const __u64 *buckets, double quantile);
void times_format(double ns, char *text, size_t size);

#endif /* DDTCTL_TIMES_H */
