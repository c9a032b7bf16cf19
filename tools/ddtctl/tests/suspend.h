/* SPDX-License-Identifier: GPL-2.0-only */
/* suspend.h - the states in which suspend_check has tasks frozen */
#ifndef DDT_SUSPEND_H
#define DDT_SUSPEND_H

#include <sys/types.h>

#include "check.h"

#define SIZE	4096
#define BLOCKS	16

/* When a task is frozen, compared to its requests. */
enum when {
	EITHER,
	EARLY,		/* not before they are completed: a killable wait */
	LATE,		/* before they are completed */
};

struct state {
	const char *name;
	void (*run)(void);
	enum when completed;
	unsigned int depth;
	unsigned int requests;
	unsigned int accepted;	/* those that find a slot at first */
	unsigned int written;	/* how many blocks */
	int uninterruptible;	/* how many tasks wait so, at least */
	long syscall;		/* in which the process waits, or -1 */
};

#define STATES	23

extern const struct state states[STATES];

/* For the process of a state. */
extern unsigned int own_drive;

/* As require_soon(), for others to run meanwhile. */
#define await(condition)	require_soon((usleep(5000), (condition)))

/* What is in a block at first, or once it has been @written. */
void fill(unsigned char *data, unsigned int drive, unsigned int block,
	  bool written);
bool is_block(const unsigned char *data, unsigned int drive, unsigned int block,
	      bool written);

/* A model of a drive without a motor. */
struct ddt_drive_model model(unsigned int access_us, unsigned int idle_ms);

/* On /dev/ddt-control. */
unsigned int add_drive(int on, unsigned int depth,
		       struct ddt_drive_model model);
void remove_drive(int on, unsigned int index);

/* The state of a task as ps(1) shows it. */
char task_state(pid_t pid, pid_t tid);

#endif /* DDT_SUSPEND_H */
