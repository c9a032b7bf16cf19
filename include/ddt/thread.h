/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * thread.h - kernel threads that can be waited for, stopped and given a base
 *	      priority
 */
#ifndef _DDT_THREAD_H
#define _DDT_THREAD_H

#include <linux/kthread.h>
#include <linux/module.h>

#include <ddt/dispatcher.h>

struct cpumask;
struct ddt_thread;
struct task_struct;

/**
 * typedef ddt_thread_fn - the function of a thread
 * @context: what the creator passed
 *
 * A thread that will be stopped should wait with DDT_WAIT_ALERTABLE and return
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
 * struct ddt_thread_usage - what a thread has used so far
 * @pid: its process id, in the initial namespace
 * @switches: how often the scheduler has switched away from it
 * @runtime_ns: CPU time, in ns
 */
struct ddt_thread_usage {
	pid_t pid;
	u64 switches;
	u64 runtime_ns;
};

/**
 * ddt_thread_create() - create a thread and start it
 * @fn: its function
 * @context: passed to @fn
 * @attr: name, priority and CPUs
 *
 * Returns when the thread has begun to run, so that @fn is called in any case,
 * also when the thread is stopped at once. The thread has its base priority
 * from the beginning. Windows: PsCreateSystemThread(), and with an owner
 * IoCreateSystemThread().
 *
 * Context: Process context, may sleep.
 * Return: the thread, with a reference that the caller must drop with
 * ddt_thread_put(); or an error pointer: -ERANGE for a nice value outside
 * -20..19, -ENODEV if the owner is being unloaded, -EINVAL for CPUs of which
 * none is active, -ENOMEM, -EINTR if the caller has been killed.
 */
struct ddt_thread *ddt_thread_create(ddt_thread_fn fn, void *context,
				     const struct ddt_thread_attr *attr);

/**
 * ddt_thread_get() - take a reference to a thread
 * @thread: the thread, to which the caller has a reference
 *
 * Windows: ObReferenceObject().
 *
 * Context: Any.
 * Return: @thread.
 */
struct ddt_thread *ddt_thread_get(struct ddt_thread *thread);

/**
 * ddt_thread_put() - drop a reference to a thread
 * @thread: the thread
 *
 * The thread runs on, with or without references. Windows:
 * ObDereferenceObject().
 *
 * Context: Any but NMI; with PREEMPT_RT neither hard interrupts nor under a raw
 * spin lock.
 */
void ddt_thread_put(struct ddt_thread *thread);

/**
 * ddt_thread_stop() - tell a thread to stop and wait until it has ended
 * @thread: the thread
 *
 * Ends the thread's alertable waits. May be called by several callers at a
 * time, again, and for a thread that has ended by itself. Linux: kthread_stop(),
 * which permits none of this.
 *
 * Context: Process context, may sleep.
 * Return: 0 when the thread has ended; -EDEADLK if it is the caller.
 */
int ddt_thread_stop(struct ddt_thread *thread);

/**
 * ddt_thread_object() - the dispatcher object of a thread
 * @thread: the thread
 *
 * Context: Any.
 * Return: an object that is signaled once the thread's function has returned.
 */
struct ddt_object *ddt_thread_object(struct ddt_thread *thread);

/**
 * ddt_thread_exit_code() - what a thread's function has returned
 * @thread: the thread
 * @code: where to store it
 *
 * Windows: the exit status in the thread object.
 *
 * Context: Any.
 * Return: 0, or -EINPROGRESS as long as the thread has not ended; then @code
 * is left as it is.
 */
int ddt_thread_exit_code(struct ddt_thread *thread, int *code);

/**
 * ddt_thread_set_nice() - set the base priority of a thread
 * @thread: the thread
 * @nice: -20 (highest) to 19 (lowest)
 *
 * No permission check: a caller acting for user space must check CAP_SYS_NICE. A
 * scheduling policy that was set otherwise, by chrt for example, remains.
 * Windows: KeSetBasePriorityThread(), on another scale.
 *
 * Context: Process context.
 * Return: 0; -ERANGE if @nice is outside -20..19; -ESRCH if the thread has
 * ended.
 */
int ddt_thread_set_nice(struct ddt_thread *thread, int nice);

/**
 * ddt_thread_nice() - the base priority of a thread
 * @thread: the thread
 *
 * Context: Any.
 * Return: its nice value, also if it was set otherwise (renice).
 */
int ddt_thread_nice(struct ddt_thread *thread);

/**
 * ddt_thread_set_increment() - set the base priority of a thread by the rules
 *	of Windows
 * @thread: the thread
 * @increment: what to add to 8, the priority of nice 0; the sum is limited to
 *	1 (nice 19) and 15 (nice -20). From 16 on, and from -16 down, the thread
 *	is saturated: that is what the next call returns.
 *
 * No permission check: a caller acting for user space must check CAP_SYS_NICE.
 * Nice values set otherwise do not change the increment that the thread remembers. For a
 * thread that has ended nothing else is changed. Windows:
 * KeSetBasePriorityThread().
 *
 * Context: Process context, may sleep.
 * Return: the previous increment: -7 to 7, which is what was left of it by the
 * limits, or -16 or 16 if the thread was saturated.
 */
int ddt_thread_set_increment(struct ddt_thread *thread, int increment);

/**
 * ddt_thread_increment() - the base priority of a thread as Windows counts it
 * @thread: the thread
 *
 * Context: Process context, may sleep.
 * Return: what the next ddt_thread_set_increment() will return; 0 for a thread
 * for which it has never been called.
 */
int ddt_thread_increment(struct ddt_thread *thread);

/**
 * ddt_thread_is_current() - whether a thread is the caller
 * @thread: the thread
 *
 * Context: Any.
 * Return: true if it is.
 */
bool ddt_thread_is_current(const struct ddt_thread *thread);

/**
 * ddt_thread_usage() - what a thread has used so far
 * @thread: the thread, which may have ended
 * @usage: where to store it
 *
 * Exact for a thread that sleeps; the time of one that runs is up to date as
 * of its last tick.
 *
 * Context: Any.
 */
void ddt_thread_usage(struct ddt_thread *thread,
		      struct ddt_thread_usage *usage);

/**
 * ddt_thread_set_priority() - set the current priority of a thread by the rules
 *	of Windows
 * @thread: the thread
 * @priority: 0 to 31; 0 counts as 1, and 16 or more is the nice value of 15
 *
 * The base priority stays. No permission check, as for
 * ddt_thread_set_increment(). Windows: KeSetPriorityThread().
 *
 * Context: Process context, may sleep.
 * Return: the previous current priority.
 */
int ddt_thread_set_priority(struct ddt_thread *thread, int priority);

/**
 * ddt_thread_priority() - the current priority of a thread as Windows counts it
 * @thread: the thread
 *
 * Windows: KeQueryPriorityThread().
 *
 * Context: Process context, may sleep.
 * Return: the priority, 8 for a thread for which none was set.
 */
int ddt_thread_priority(struct ddt_thread *thread);

/**
 * ddt_thread_current() - the calling thread
 *
 * Windows: KeGetCurrentThread().
 *
 * Context: Any.
 * Return: the thread, without a reference; NULL if ddt_thread_create() has not
 * created it.
 */
struct ddt_thread *ddt_thread_current(void);

/**
 * ddt_thread_context() - the context of the calling thread
 * @fn: the function that it must have been created with
 *
 * Context: Any.
 * Return: what its creator passed; NULL if @fn is not its function.
 */
void *ddt_thread_context(ddt_thread_fn fn);

/* private: */
struct module *__ddt_thread_finish(int code);
/* public: */

/**
 * ddt_thread_exit() - end the calling thread
 * @code: its exit code
 *
 * As if its function had returned @code. Inline, because objtool knows the
 * functions that do not return by their names, and only the kernel's. Windows:
 * PsTerminateSystemThread().
 *
 * Context: a thread that ddt_thread_create() has created.
 */
static __always_inline void __noreturn ddt_thread_exit(int code)
{
	__module_put_and_kthread_exit(__ddt_thread_finish(code), code);
}

#endif /* _DDT_THREAD_H */
