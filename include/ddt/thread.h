/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * thread.h - kernel threads that can be waited for, stopped and given a base
 *	      priority
 */
#ifndef _DDT_THREAD_H
#define _DDT_THREAD_H

#include <ddt/dispatcher.h>

struct cpumask;
struct module;
struct task_struct;
struct ddt_thread;

/**
 * typedef ddt_thread_fn - what a thread does
 * @context: what the creator passed
 *
 * A thread that somebody stops should wait with DDT_WAIT_ALERTABLE and return
 * when kthread_should_stop() says so.
 *
 * Context: the new thread.
 * Return: the thread's exit code.
 *
 * Windows: KSTART_ROUTINE.
 */
typedef int (*ddt_thread_fn)(void *context);

/**
 * struct ddt_thread_attr - the attributes of a new thread
 * @name: its name; ps and top show the first 15 characters; NULL for "ddt"
 * @nice: its base priority, -20 (highest) to 19 (lowest)
 * @batch: SCHED_BATCH instead of SCHED_NORMAL: when the thread is woken it does
 *	not preempt its waker. That saves wakeups where many requests are
 *	submitted one by one. The price is latency where the CPU is busy: beside
 *	a task that computes a request took 35 to 40 times as long.
 * @cpus: the CPUs it may use, and whose node its memory is on; NULL for all
 * @owner: a module that cannot be unloaded until the thread's function has
 *	returned, or NULL. For a thread that ends by itself: THIS_MODULE. For
 *	one that the module's exit function stops: NULL, or that function would
 *	never be called.
 *
 * A member that is 0 means the default.
 */
struct ddt_thread_attr {
	const char *name;
	int nice;
	bool batch;
	const struct cpumask *cpus;
	struct module *owner;
};

/**
 * struct ddt_thread_usage - what a thread has used up to now
 * @pid: its process id, in the initial namespace
 * @switches: how often it has been switched away from
 * @runtime_ns: CPU time, in ns
 */
struct ddt_thread_usage {
	pid_t pid;
	u64 switches;
	u64 runtime_ns;
};

struct ddt_thread *ddt_thread_create(ddt_thread_fn fn, void *context,
				     const struct ddt_thread_attr *attr);
struct ddt_thread *ddt_thread_get(struct ddt_thread *thread);
void ddt_thread_put(struct ddt_thread *thread);
int ddt_thread_stop(struct ddt_thread *thread);
struct ddt_object *ddt_thread_object(struct ddt_thread *thread);
int ddt_thread_exit_code(struct ddt_thread *thread, int *code);
int ddt_thread_set_nice(struct ddt_thread *thread, int nice);
int ddt_thread_nice(struct ddt_thread *thread);
int ddt_thread_set_increment(struct ddt_thread *thread, int increment);
int ddt_thread_increment(struct ddt_thread *thread);
bool ddt_thread_is_current(const struct ddt_thread *thread);
void ddt_thread_usage(struct ddt_thread *thread,
		      struct ddt_thread_usage *usage);

#endif /* _DDT_THREAD_H */
