// SPDX-License-Identifier: GPL-2.0-only
/* output.c - standard output, whose errors count */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ddtctl.h"

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

/* Returns the exit status: failure if not all could be written. */
int output_finish(int status)
{
	int err;

	errno = 0;
	err = ferror(stdout);
	if (!fclose(stdout) && !err)
		return status;

	/* Who closed the pipe does not want to know. */
	if (errno != EPIPE)
		fprintf(stderr, "ddtctl: standard output: %s\n",
			errno ? strerror(errno) : "not all was written");
	return EXIT_FAILURE;
}
