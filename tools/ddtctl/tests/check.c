// SPDX-License-Identifier: GPL-2.0-only
/*
 * check.c - what the programs share that check a drive
 *
 * They print what is not as it should be, and exit with 1 if anything is.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "check.h"

const char *path;
int fd;
static bool failed;

void complain(int line, const char *condition, const char *fmt, ...)
{
	va_list args;

	failed = true;
	printf("line %d: not so: %s: ", line, condition);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void require(bool condition, const char *what)
{
	if (condition)
		return;
	printf("cannot go on: %s: %s\n", what, strerror(errno));
	exit(1);
}

bool has_failed(void)
{
	return failed;
}

int open_drive(void)
{
	int new = open(path, O_RDWR | O_CLOEXEC);

	require(new >= 0, path);
	return new;
}

int call_on(int on, unsigned long cmd, void *arg)
{
	int ret = ioctl(on, cmd, arg);

	return ret < 0 ? -errno : ret;
}

int call(unsigned long cmd, void *arg)
{
	return call_on(fd, cmd, arg);
}

/* The file to poll for what happens to the drive that is open as @on. */
int open_events(int on)
{
	int events_fd = ioctl(on, DDT_DRIVE_IOC_EVENTS, 0);

	require(events_fd >= 0, "EVENTS");
	return events_fd;
}

/* Waits for one of @events; returns what there is, at the end of the time 0. */
unsigned int poll_events(int events_fd, unsigned int events, int timeout_ms)
{
	struct pollfd arg = { .fd = events_fd, .events = events };

	require(poll(&arg, 1, timeout_ms) >= 0, "poll()");
	return arg.revents;
}

long current_syscall(pid_t pid)
{
	char name[64], text[32] = "";
	long nr = SYSCALL_NONE;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/syscall", pid);
	file = fopen(name, "re");
	if (!file)
		return SYSCALL_UNKNOWN;
	if (fgets(text, sizeof(text), file))
		nr = strncmp(text, "running", 7) ? atol(text) : SYSCALL_RUNNING;
	fclose(file);
	return nr;
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SEC + now.tv_nsec;
}

struct ddt_drive_info get_info(void)
{
	struct ddt_drive_info arg = { .size = sizeof(arg) };

	require(!call(DDT_DRIVE_IOC_INFO, &arg), "INFO");
	return arg;
}

struct ddt_drive_stats get_stats(void)
{
	struct ddt_drive_stats arg = { .size = sizeof(arg) };

	require(!call(DDT_DRIVE_IOC_STATS, &arg), "STATS");
	return arg;
}

void begin_checks(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s DEV CHECK\n", argv[0]);
		exit(2);
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	path = argv[1];
	fd = open_drive();
}

int run_check(const struct check *checks, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(checks[i].name, name))
			continue;
		checks[i].run();
		return failed;
	}
	fprintf(stderr, "no check %s\n", name);
	return 2;
}
