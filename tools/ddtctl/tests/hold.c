// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold.c - holds a drive without a file descriptor of it, until it is killed
 *
 *   hold ring FILE      registered in an io_uring
 *   hold mapping FILE   registered in an io_uring that is only mapped
 *   hold request FILE   by a request of an io_uring that has been closed
 *   hold events FILE    by the file of its events
 *
 * Prints "ready" when it does so.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <liburing.h>

#include "check.h"

int main(int argc, char **argv)
{
	static char buffer[4096];
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: hold ring|mapping|request|events FILE\n");
		return 2;
	}
	fd = open(argv[2], O_RDONLY);
	require(fd >= 0, "opening the drive");
	require(!io_uring_queue_init(4, &ring, 0), "an io_uring");
	if (!strcmp(argv[1], "events")) {
		open_events(fd);
	} else if (strcmp(argv[1], "request")) {
		require(!io_uring_register_files(&ring, &fd, 1),
			"registering the drive");
	} else {
		sqe = io_uring_get_sqe(&ring);
		io_uring_prep_read(sqe, fd, buffer, sizeof(buffer), 0);
		require(io_uring_submit(&ring) == 1, "submitting a read");
	}
	close(fd);
	if (!strcmp(argv[1], "mapping"))
		close(ring.ring_fd);
	if (!strcmp(argv[1], "request"))
		io_uring_queue_exit(&ring);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
