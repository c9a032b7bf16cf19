// SPDX-License-Identifier: GPL-2.0-only
/* output.c - standard output, whose errors count */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ddtctl.h"

/* The first error, or 0. */
static int output_errno;

/*
 * Occupies the standard descriptors that are closed, or else a device would
 * get one of them and be written to. Writing to standard output then fails, as
 * it does when it is closed.
 */
static void occupy_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == 1 ? O_RDONLY : O_RDWR) != fd)
			_exit(EXIT_FAILURE);
	}
}

void output_init(void)
{
	occupy_descriptors();
	/* A closed pipe is an error like others. */
	signal(SIGPIPE, SIG_IGN);
}

/* Writes what has been printed: what follows can take long. */
void output_flush(void)
{
	if (fflush(stdout) && !output_errno)
		output_errno = errno;
}

/* For who prints without end. */
bool output_failed(void)
{
	return output_errno;
}

/* Returns the exit status: failure if not all could be written. */
int output_finish(int status)
{
	output_flush();
	/* Something may have been written before it was flushed. */
	if (ferror(stdout) && !output_errno)
		output_errno = EIO;
	if (fclose(stdout) && !output_errno)
		output_errno = errno;
	if (!output_errno)
		return status;

	/* Who closed the pipe does not want to know. */
	if (output_errno != EPIPE)
		fprintf(stderr, "ddtctl: standard output: %s\n",
			strerror(output_errno));
	return EXIT_FAILURE;
}
