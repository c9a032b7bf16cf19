/* SPDX-License-Identifier: GPL-2.0-only */
/* check.h - what the programs share that check a drive: PROGRAM DEV CHECK */
#ifndef DDT_CHECK_H
#define DDT_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/ddt_drive.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define FOR_EVER	UINT64_MAX
#define SEC		1000000000ULL
#define MS		1000000ULL
#define US		1000ULL

extern const char *path;	/* DEV */
extern int fd;			/* which is open */

#define expect(condition, ...)						\
	do {								\
		if (!(condition))					\
			complain(__LINE__, #condition, __VA_ARGS__);	\
	} while (0)

void complain(int line, const char *condition, const char *fmt, ...);

/* For what has to work if a check is to make sense. */
void require(bool condition, const char *what);

/* Waits until the condition holds, at most 20 s. */
#define require_soon(condition)						\
	do {								\
		uint64_t end_ = now_ns() + 20 * SEC;			\
									\
		while (!(condition))					\
			require(now_ns() < end_, #condition);		\
	} while (0)

/* Whether anything was not as it should be, for the exit status of a child. */
bool has_failed(void);

int open_drive(void);

/* These return 0 or a negative error number. */
int call_on(int on, unsigned long cmd, void *arg);
int call(unsigned long cmd, void *arg);

int open_events(int on);
unsigned int poll_events(int events_fd, unsigned int events, int timeout_ms);

/* What current_syscall() returns if that is no number of a system call. */
enum {
	SYSCALL_NONE = -1,
	SYSCALL_RUNNING = -2,
	SYSCALL_UNKNOWN = -3,		/* the kernel does not tell */
};

/* The system call in which a process sleeps. */
long current_syscall(pid_t pid);

uint64_t now_ns(void);
struct ddt_drive_info get_info(void);
struct ddt_drive_stats get_stats(void);

struct check {
	const char *name;
	void (*run)(void);
};

void begin_checks(int argc, char **argv);
int run_check(const struct check *checks, size_t n, const char *name);

#endif /* DDT_CHECK_H */
