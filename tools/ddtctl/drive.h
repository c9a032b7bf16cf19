/* SPDX-License-Identifier: GPL-2.0-only */
/* drive.h - finding, opening and asking a drive */
#ifndef DDTCTL_DRIVE_H
#define DDTCTL_DRIVE_H

#include <limits.h>

#include <linux/ddt_drive.h>

struct invocation;

/* An open drive. */
struct drive {
	int fd;
	char path[PATH_MAX];
	char name[16];
	struct ddt_drive_info info;
};

/* The names of all drives, in numerical order. */
struct drive_names {
	char **names;
	int nr;
};

/* These return 0 or a negative error number if nothing else is said. */

int drive_names_get(struct drive_names *names);
void drive_names_put(struct drive_names *names);

int drive_try_path(const char *path, int flags, struct drive *drive);
int drive_open_arg(const struct invocation *inv, const char *arg, int flags,
		   struct drive *drive);
int drive_open(const struct invocation *inv, int flags, struct drive *drive);
int drive_open_name(const char *name, int flags, struct drive *drive);
int drive_open_control(struct drive *control);
void drive_close(struct drive *drive);

int drive_ioctl(const struct drive *drive, unsigned long cmd, void *arg);
int drive_stats(const struct drive *drive, struct ddt_drive_stats *stats);
void drives_missing(void);
void drive_error(const struct drive *drive, int err);

#endif /* DDTCTL_DRIVE_H */
