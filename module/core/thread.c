// SPDX-License-Identifier: GPL-2.0-only
/*
 * thread.c - kernel threads that can be waited for, stopped and given a base
 *	      priority
 *
 * References: the creator has one, the running thread has one, and so has each
 * caller of ddt_thread_get(). They hold the task too, so that a thread can be
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
#include <linux/numa.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/topology.h>
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
	ddt_thread_exit(code);
}

struct ddt_thread *ddt_thread_current(void)
{
	if (!(current->flags & PF_KTHREAD) ||
	    kthread_func(current) != ddt_thread_main)
		return NULL;
	return kthread_data(current);
}
EXPORT_SYMBOL_GPL(ddt_thread_current);

void *ddt_thread_context(ddt_thread_fn fn)
{
	struct ddt_thread *thread = ddt_thread_current();

	return thread && thread->fn == fn ? thread->context : NULL;
}
EXPORT_SYMBOL_GPL(ddt_thread_context);

/* All of ddt_thread_exit() but the end. Returns the module to put there. */
struct module *__ddt_thread_finish(int code)
{
	struct ddt_thread *thread = kthread_data(current);

	module_put(thread->owner);
	thread->exit_code = code;
	ddt_object_signal(&thread->object);
	ddt_thread_put(thread);
	return THIS_MODULE;
}
EXPORT_SYMBOL_GPL(__ddt_thread_finish);

/* The memory of a thread that is confined to CPUs is on their node. */
static int ddt_thread_node(const struct cpumask *cpus)
{
	if (!cpus || cpumask_empty(cpus))
		return NUMA_NO_NODE;
	return cpu_to_node(cpumask_first(cpus));
}

struct ddt_thread *ddt_thread_create(ddt_thread_fn fn, void *context,
				     const struct ddt_thread_attr *attr)
{
	const struct sched_attr batch = {
		.sched_policy = SCHED_BATCH,
		.sched_nice = attr->nice,
	};
	struct ddt_thread_start start = { .cpus = attr->cpus };
	int node = ddt_thread_node(attr->cpus);
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

	thread = kzalloc_node(sizeof(*thread), GFP_KERNEL, node);
	if (!thread) {
		err = -ENOMEM;
		goto put_owner;
	}
	ddt_object_init_thread(&thread->object);
	refcount_set(&thread->refs, 2);	/* the caller's and the thread's */
	thread->fn = fn;
	thread->context = context;
	thread->owner = attr->owner;
	mutex_init(&thread->priority.lock);
	mutex_init(&thread->stop_lock);

	thread->start = &start;
	init_completion(&start.done);
	task = kthread_create_on_node(ddt_thread_main, thread, node, "%s",
				      attr->name ?: "ddt");
	if (IS_ERR(task)) {
		err = PTR_ERR(task);
		goto free_thread;
	}
	thread->task = get_task_struct(task);
	if (attr->batch)
		sched_setattr_nocheck(task, &batch);
	else
		sched_set_normal(task, attr->nice);

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

struct ddt_thread *ddt_thread_get(struct ddt_thread *thread)
{
	refcount_inc(&thread->refs);
	return thread;
}
EXPORT_SYMBOL_GPL(ddt_thread_get);

void ddt_thread_put(struct ddt_thread *thread)
{
	if (!refcount_dec_and_test(&thread->refs))
		return;
	put_task_struct(thread->task);
	kfree(thread);
}
EXPORT_SYMBOL_GPL(ddt_thread_put);

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

struct ddt_object *ddt_thread_object(struct ddt_thread *thread)
{
	return &thread->object;
}
EXPORT_SYMBOL_GPL(ddt_thread_object);

int ddt_thread_exit_code(struct ddt_thread *thread, int *code)
{
	if (!ddt_object_read(&thread->object))
		return -EINPROGRESS;
	*code = thread->exit_code;
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_thread_exit_code);

int ddt_thread_set_nice(struct ddt_thread *thread, int nice)
{
	if (nice < MIN_NICE || nice > MAX_NICE)
		return -ERANGE;
	if (ddt_object_read(&thread->object))
		return -ESRCH;
	trace_ddt_thread_priority(thread->task->comm, task_pid_nr(thread->task),
				  task_nice(thread->task), nice);
	/* A policy that an administrator has chosen remains. */
	if (READ_ONCE(thread->task->policy) == SCHED_NORMAL)
		sched_set_normal(thread->task, nice);
	else
		set_user_nice(thread->task, nice);
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_thread_set_nice);

int ddt_thread_nice(struct ddt_thread *thread)
{
	return task_nice(thread->task);
}
EXPORT_SYMBOL_GPL(ddt_thread_nice);

bool ddt_thread_is_current(const struct ddt_thread *thread)
{
	return thread->task == current;
}
EXPORT_SYMBOL_GPL(ddt_thread_is_current);

void ddt_thread_usage(struct ddt_thread *thread,
		      struct ddt_thread_usage *usage)
{
	struct task_struct *task = thread->task;

	usage->pid = task_pid_nr(task);
	usage->switches = READ_ONCE(task->nvcsw) + READ_ONCE(task->nivcsw);
	usage->runtime_ns = READ_ONCE(task->se.sum_exec_runtime);
}
EXPORT_SYMBOL_GPL(ddt_thread_usage);
