/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor.h - what the checks of the command doctor share */
#ifndef DDTCTL_DOCTOR_H
#define DDTCTL_DOCTOR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "ddtctl.h"

enum finding {
	FINDING_OK,
	FINDING_NOTE,		/* good to know, or of no consequence */
	FINDING_PROBLEM,
};

struct json_object;

struct doctor {
	const char *root;		/* "", or where the files are */
	char release[128];		/* of the running kernel */
	bool loaded;			/* both modules */
	char module[PATH_MAX];		/* ddt.ko for that kernel, or "" */
	bool module_signed;
	unsigned int problems;
	struct json_object *findings;	/* if it is to be JSON */
};

/*
 * Reports a finding: which check, what it found, and the command that mends it
 * or NULL.
 */
__printf(5, 6)
void doctor_report(struct doctor *doctor, const char *check,
		   enum finding finding, const char *command,
		   const char *fmt, ...);

enum finding unless_loaded(const struct doctor *doctor);

/* All under doctor->root. */
__printf(3, 4)
void doctor_path(const struct doctor *doctor, char *path, const char *fmt, ...);
bool doctor_exists(const struct doctor *doctor, const char *path);
bool doctor_read(const struct doctor *doctor, const char *path, char *text,
		 size_t size);

/* doctor_build.c: what it takes to build and load the modules */
void check_loaded(struct doctor *doctor);
void check_headers(struct doctor *doctor);
void check_compiler(struct doctor *doctor);
void check_modules(struct doctor *doctor);

/* doctor_signature.c: what makes the kernel refuse modules */
void check_signatures(struct doctor *doctor);

/* doctor_device.c: the nodes in /dev */
void check_devices(struct doctor *doctor);

/* doctor_holders.c: the processes that use them */
void check_holders(struct doctor *doctor);

#endif /* DDTCTL_DOCTOR_H */
