/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * top.h - what drives do at present, for the command top
 *
 * A reading (top_sample.c) is what the drives have done until then; a sample is
 * the difference of two. Samples are shown on a screen (top_screen.c) or as
 * JSON (top.c).
 */
#ifndef DDTCTL_TOP_H
#define DDTCTL_TOP_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/ddt_drive.h>

#include "drive.h"

struct top_drive {
	char name[16];
	char state;			/* of the thread, as ps has it */
	struct ddt_drive_info info;
	struct ddt_drive_stats stats;
	struct ddt_drive_times times;
};

struct reading {
	uint64_t time;			/* CLOCK_MONOTONIC, in ns */
	struct top_drive *drives;
	unsigned int nr;
	int err;			/* of a drive that could not be asked */
};

/* What a drive did between two readings; times are negative if unknown. */
struct sample {
	const struct top_drive *drive;	/* of the later reading */
	bool known;			/* it was there at the earlier one */
	double requests;		/* per second */
	double wakeups;			/* per second */
	double cpu;			/* percent */
	double queued_median, queued_p99;	/* ns */
	double service_median, service_p99;	/* ns */
};

/* top_sample.c */
void reading_take(struct reading *reading);
void reading_free(struct reading *reading);
void sample_take(struct sample *sample, const struct reading *before,
		 const struct reading *now, unsigned int i);

/* top_screen.c */
int top_screen(double interval, uint32_t count);

#endif /* DDTCTL_TOP_H */
