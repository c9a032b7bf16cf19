/* SPDX-License-Identifier: GPL-2.0-only */
/* thread.h - what the rest of the library uses of the threads */
#ifndef _DDT_CORE_THREAD_H
#define _DDT_CORE_THREAD_H

#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/refcount.h>

#include <ddt/thread.h>

#include "dispatcher.h"

struct ddt_thread_start;

/* A priority as Windows counts it, see priority.c. */
struct ddt_priority {
	struct mutex lock;	/* protects all that follows */
	int base;
	int saturation;		/* 0, or the direction: 1 or -1 */
	int current_priority;
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

struct ddt_thread *ddt_thread_current(void);

/*
 * Ends the calling thread, after its function has returned or instead. Inline:
 * objtool knows the functions that do not return by their names, and has only
 * the kernel's.
 */
static __always_inline void __noreturn
ddt_thread_exit(struct ddt_thread *thread, int code)
{
	module_put(thread->owner);
	thread->exit_code = code;
	ddt_object_signal(&thread->object);
	ddt_thread_put(thread);
	module_put_and_kthread_exit(code);
}

void ddt_priority_init(struct ddt_priority *priority);
int ddt_thread_set_priority(struct ddt_thread *thread, int priority);
int ddt_thread_priority(struct ddt_thread *thread);

#endif /* _DDT_CORE_THREAD_H */
