// SPDX-License-Identifier: GPL-2.0-only
/* soak.c - what torture and fuzz share */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "soak.h"

const char *new_taint(void)
{
	static char before[24], now[24];
	static int fd = -1;
	ssize_t size;

	if (fd < 0)
		fd = open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC);
	size = pread(fd, now, sizeof(now) - 1, 0);
	if (size <= 0)
		return NULL;
	now[size] = 0;
	if (!before[0])
		strcpy(before, now);
	return strcmp(now, before) ? now : NULL;
}
