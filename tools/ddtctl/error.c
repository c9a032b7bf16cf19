// SPDX-License-Identifier: GPL-2.0-only
/* error.c - reporting errors */

#include <stdarg.h>
#include <stdio.h>

#include "ddtctl.h"

void error(const char *fmt, ...)
{
	va_list args;

	/* In the right order where both go to the same place. */
	fflush(stdout);

	fprintf(stderr, "ddtctl: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	putc('\n', stderr);
}

/* For what was allocated: ends the program if there was no memory. */
void *check_memory(void *p)
{
	if (!p) {
		error("out of memory");
		exit(EXIT_FAILURE);
	}
	return p;
}
