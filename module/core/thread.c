// SPDX-License-Identifier: GPL-2.0-only
/*
 * thread.c - kernel threads that can be waited for, stopped and given a base
 *	      priority
 *
 * References: the creator has one, the running thread has one, and whoever
 * called ddt_thread_get(). Each holds the task too, so that a thread can be
 * stopped after it has ended by itself.
 *
 * Modules: the thread holds one on its owner until its function has returned,
 * and one on this module until core kernel code ends it. So a wait for the
 * thread is a barrier for the owner's code, and no wait at all is needed for
 * this module's.
 */

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <uapi/linux/sched/types.h>

#include "dispatcher.h"
#include "thread.h"
#include "trace.h"

/* What the creator and the new thread tell each other; the creator waits. */
struct ddt_thread_start {
	const struct cpumask *cpus;
	struct completion done;
	int err;
};

static int ddt_thread_main(void *data)
{
	struct ddt_thread *thread = data;
	struct ddt_thread_start *start = thread->start;
	int code;

	/*
	 * Here rather than in the creator: when an unbound kernel thread runs
	 * for the first time some kernels set its CPUs.
	 */
	if (start->cpus)
		start->err = set_cpus_allowed_ptr(current, start->cpus);
	code = start->err;
	complete(&start->done);

	if (!code)
		code = thread->fn(thread->context);
	ddt_thread_exit(thread, code);
}

/* Returns the thread that calls it, or NULL if the library did not create it. */
struct ddt_thread *ddt_thread_current(void)
{
	if (!(current->flags & PF_KTHREAD) ||
	    kthread_func(current) != ddt_thread_main)
		return NULL;
	return kthread_data(current);
}

/*
 * The scheduler never lets a batch task preempt a normal one at its wake-up,
 * and in all else treats it as that.
 */
static void ddt_thread_apply_nice(struct ddt_thread *thread, int nice)
{
	const struct sched_attr attr = {
		.sched_policy = thread->batch && nice >= 0 ? SCHED_BATCH :
							     SCHED_NORMAL,
		.sched_nice = nice,
	};

	/* Fails for no nice value in range. */
	sched_setattr_nocheck(thread->task, &attr);
}

/**
 * ddt_thread_create() - create a thread and start it
 * @fn: what it is to do
 * @context: passed to @fn
 * @attr: name, priority and place
 *
 * Returns when the thread has begun to run, so that @fn is called in any case,
 * also when the thread is stopped at once. The thread has its base priority
 * from the beginning. Windows: PsCreateSystemThread(), and with an owner
 * IoCreateSystemThread().
 *
 * Context: Process context, may sleep.
 * Return: the thread, with a reference that the caller has to give back with
 * ddt_thread_put(); or an error pointer: -ERANGE for a nice value outside
 * -20..19, -ENODEV if the owner is being unloaded, -EINVAL for CPUs of which
 * none is active, -ENOMEM, -EINTR if the caller has been killed.
 */
struct ddt_thread *ddt_thread_create(ddt_thread_fn fn, void *context,
				     const struct ddt_thread_attr *attr)
{
	struct ddt_thread_start start = { .cpus = attr->cpus };
	struct ddt_thread *thread;
	struct task_struct *task;
	int err;

	if (attr->nice < MIN_NICE || attr->nice > MAX_NICE)
		return ERR_PTR(-ERANGE);
	/* kthread_create() may or may not notice. */
	if (fatal_signal_pending(current))
		return ERR_PTR(-EINTR);
	if (!try_module_get(attr->owner))
		return ERR_PTR(-ENODEV);

	thread = kzalloc_node(sizeof(*thread), GFP_KERNEL, attr->node);
	if (!thread) {
		err = -ENOMEM;
		goto put_owner;
	}
	ddt_object_init_thread(&thread->object);
	refcount_set(&thread->refs, 2);	/* the caller's and the thread's */
	thread->fn = fn;
	thread->context = context;
	thread->owner = attr->owner;
	thread->batch = attr->batch;
	ddt_priority_init(&thread->priority);
	mutex_init(&thread->stop_lock);

	thread->start = &start;
	init_completion(&start.done);
	task = kthread_create_on_node(ddt_thread_main, thread, attr->node, "%s",
				      attr->name);
	if (IS_ERR(task)) {
		err = PTR_ERR(task);
		goto free_thread;
	}
	thread->task = get_task_struct(task);
	ddt_thread_apply_nice(thread, attr->nice);

	__module_get(THIS_MODULE);
	wake_up_process(task);
	wait_for_completion(&start.done);
	if (start.err) {
		ddt_thread_put(thread);
		return ERR_PTR(start.err);
	}
	return thread;

free_thread:
	kfree(thread);
put_owner:
	module_put(attr->owner);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(ddt_thread_create);

/**
 * ddt_thread_get() - take a reference to a thread
 * @thread: the thread, to which the caller has a reference
 *
 * Windows: ObReferenceObject().
 *
 * Context: Any.
 * Return: @thread.
 */
struct ddt_thread *ddt_thread_get(struct ddt_thread *thread)
{
	refcount_inc(&thread->refs);
	return thread;
}
EXPORT_SYMBOL_GPL(ddt_thread_get);

/**
 * ddt_thread_put() - give back a reference to a thread
 * @thread: the thread
 *
 * The thread runs on, whoever refers to it. Windows: ObDereferenceObject().
 *
 * Context: Any.
 */
void ddt_thread_put(struct ddt_thread *thread)
{
	if (!refcount_dec_and_test(&thread->refs))
		return;
	put_task_struct(thread->task);
	kfree(thread);
}
EXPORT_SYMBOL_GPL(ddt_thread_put);

/**
 * ddt_thread_stop() - tell a thread to stop and wait until it has ended
 * @thread: the thread
 *
 * Ends the thread's alertable waits. May be called by several at a time, again,
 * and for a thread that has ended by itself. Linux: kthread_stop(), which
 * permits none of this.
 *
 * Context: Process context, may sleep.
 * Return: 0 when the thread has ended; -EDEADLK if it is the caller.
 */
int ddt_thread_stop(struct ddt_thread *thread)
{
	if (ddt_thread_is_current(thread))
		return -EDEADLK;

	mutex_lock(&thread->stop_lock);
	if (!thread->stopped) {
		kthread_stop(thread->task);
		thread->stopped = true;
	}
	mutex_unlock(&thread->stop_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_thread_stop);

/**
 * ddt_thread_object() - the dispatcher object of a thread
 * @thread: the thread
 *
 * Context: Any.
 * Return: an object that is signaled once the thread's function has returned.
 */
struct ddt_object *ddt_thread_object(struct ddt_thread *thread)
{
	return &thread->object;
}
EXPORT_SYMBOL_GPL(ddt_thread_object);

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
int ddt_thread_exit_code(struct ddt_thread *thread, int *code)
{
	if (!ddt_object_read(&thread->object))
		return -EINPROGRESS;
	*code = thread->exit_code;
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_thread_exit_code);

/**
 * ddt_thread_set_nice() - set the base priority of a thread
 * @thread: the thread
 * @nice: -20 (first) to 19
 *
 * Whether the caller may do so is for him to check (CAP_SYS_NICE). Windows:
 * KeSetBasePriorityThread(), on another scale.
 *
 * Context: Process context.
 * Return: 0; -ERANGE if @nice is outside -20..19; -ESRCH if the thread has
 * ended.
 */
int ddt_thread_set_nice(struct ddt_thread *thread, int nice)
{
	if (nice < MIN_NICE || nice > MAX_NICE)
		return -ERANGE;
	if (ddt_object_read(&thread->object))
		return -ESRCH;
	trace_ddt_thread_priority(thread->task->comm, task_pid_nr(thread->task),
				  task_nice(thread->task), nice);
	ddt_thread_apply_nice(thread, nice);
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_thread_set_nice);

/**
 * ddt_thread_nice() - the base priority of a thread
 * @thread: the thread
 *
 * Context: Any.
 * Return: its nice value, also if somebody else has set it (renice).
 */
int ddt_thread_nice(struct ddt_thread *thread)
{
	return task_nice(thread->task);
}
EXPORT_SYMBOL_GPL(ddt_thread_nice);

/**
 * ddt_thread_is_current() - whether a thread is the caller
 * @thread: the thread
 *
 * Context: Any.
 * Return: true if it is.
 */
bool ddt_thread_is_current(const struct ddt_thread *thread)
{
	return thread->task == current;
}
EXPORT_SYMBOL_GPL(ddt_thread_is_current);

/**
 * ddt_thread_usage() - what a thread has used up to now
 * @thread: the thread, which may have ended
 * @usage: where to store it
 *
 * Exact for a thread that sleeps; the time of one that runs is up to date as
 * of its last tick.
 *
 * Context: Any.
 */
void ddt_thread_usage(struct ddt_thread *thread,
		      struct ddt_thread_usage *usage)
{
	struct task_struct *task = thread->task;

	usage->pid = task_pid_nr(task);
	usage->switches = READ_ONCE(task->nvcsw) + READ_ONCE(task->nivcsw);
	usage->runtime_ns = READ_ONCE(task->se.sum_exec_runtime);
}
EXPORT_SYMBOL_GPL(ddt_thread_usage);
