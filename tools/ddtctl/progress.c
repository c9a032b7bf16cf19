// SPDX-License-Identifier: GPL-2.0-only
/* progress.c - what a long operation does, on the last line of a terminal */

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "ddtctl.h"

static bool shown;

/* Nothing happens if standard error is no terminal. */
void progress(const char *fmt, ...)
{
	va_list args;

	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fflush(stderr);
	shown = true;
}

/* Removes the line. */
void progress_end(void)
{
	if (shown)
		fprintf(stderr, "\r\033[K");
	shown = false;
}
