/* SPDX-License-Identifier: GPL-2.0-only */
/* thread.h - what the rest of the library uses of the threads */
#ifndef _DDT_CORE_THREAD_H
#define _DDT_CORE_THREAD_H

#include <linux/mutex.h>
#include <linux/refcount.h>

#include <ddt/thread.h>

struct ddt_thread_start;

/* Priorities as Windows counts them, less that of the system: see priority.c. */
struct ddt_priority {
	struct mutex lock;	/* protects all that follows */
	int increment;		/* of the base priority */
	int saturation;		/* 0, or the direction: 1 or -1 */
	int current_increment;	/* of the current priority */
};

struct ddt_thread {
	struct ddt_object object;
	refcount_t refs;
	struct task_struct *task;
	ddt_thread_fn fn;
	void *context;
	struct module *owner;
	int exit_code;			/* set before object is signaled */
	struct ddt_thread_start *start;	/* valid while the creator waits */
	struct ddt_priority priority;
	/* Serialises callers of ddt_thread_stop(), protects stopped. */
	struct mutex stop_lock;
	bool stopped;			/* kthread_stop() has returned */
};

#endif /* _DDT_CORE_THREAD_H */
