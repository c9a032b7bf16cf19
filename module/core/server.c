// SPDX-License-Identifier: GPL-2.0-only
/*
 * server.c - what serves a queue: a thread, a thread on demand, or workers
 *
 * Each of them calls ->serve(), the service loop, which knows the requests;
 * nothing here does. When the loop finds nothing to do it calls
 * ddt_server_sleep() with the lock held. A context that has something for the
 * server calls ddt_server_wake(), under the same lock, so no wakeup is lost.
 *
 * A thread waits for the monitor's semaphore, and is woken by its release. Where
 * there is none, a wakeup schedules the work "now": workers serve in it; for a
 * queue with a thread on demand it starts that thread, and also reaps the one
 * before. So there is never more than one, and none has to end itself. Only
 * workers use the timer "later": a thread waits with a timeout.
 */

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/sched/prio.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../compat.h"
#include "server.h"

/* Serve queues that have no thread: run callbacks, which may take long. */
static struct workqueue_struct *ddt_workers;
/* Starts threads on demand; other short work items of queues. */
static struct workqueue_struct *ddt_workqueue;

/* Wakes the server, unless it is awake or will look again anyway. */
void ddt_server_wake(struct ddt_server *server)
{
	ddt_monitor_assert_held(&server->monitor);

	if (!server->asleep)
		return;
	server->asleep = false;
	server->wakeups++;
	if (server->has_thread)
		ddt_monitor_release(&server->monitor);
	else if (server->kind == DDT_SERVER_WORKERS)
		queue_work(ddt_workers, &server->now);
	else
		queue_work(ddt_workqueue, &server->now);
}

/*
 * For the service loop, with the lock held: sleeps until the server is woken or
 * until a time. @idle: whether the queue has been idle for long enough. Returns
 * whether to look again; else the loop must end, having touched nothing since.
 */
bool ddt_server_sleep(struct ddt_server *server, ktime_t until, bool idle)
{
	int ret;

	ddt_monitor_assert_held(&server->monitor);

	server->asleep = true;
	if (server->kind == DDT_SERVER_WORKERS) {
		if (until != DDT_FOREVER && !server->closed)
			hrtimer_start(&server->later, until, HRTIMER_MODE_ABS);
		return false;
	}
	if (server->kind == DDT_SERVER_ON_DEMAND && idle && !server->closed) {
		server->has_thread = false;
		queue_work(ddt_workqueue, &server->now);	/* reaps it */
		return false;
	}
	ret = ddt_monitor_wait(&server->monitor,
			       DDT_WAIT_ALERTABLE | DDT_WAIT_ABSOLUTE, until);
	server->asleep = false;
	return ret != -EINTR;
}

/* Whether the caller is a callback of the queue, called by its server. */
bool ddt_server_is_current(const struct ddt_server *server)
{
	/* Only the server itself can find that it is. */
	return READ_ONCE(server->task) == current;
}

static void ddt_server_run(struct ddt_server *server)
{
	WRITE_ONCE(server->task, current);
	server->serve(server);
	WRITE_ONCE(server->task, NULL);
}

static int ddt_server_thread(void *context)
{
	ddt_server_run(context);
	return 0;
}

/* The work item of workers. */
static void ddt_server_work(struct work_struct *work)
{
	ddt_server_run(container_of(work, struct ddt_server, now));
}

static enum hrtimer_restart ddt_server_timer(struct hrtimer *timer)
{
	struct ddt_server *server = container_of(timer, struct ddt_server,
						 later);

	ddt_monitor_lock(&server->monitor);
	ddt_server_wake(server);
	ddt_monitor_unlock(&server->monitor);
	return HRTIMER_NORESTART;
}

/* The work item of a thread on demand: reaps the one that has ended, starts one. */
static void ddt_server_replace_thread(struct work_struct *work)
{
	struct ddt_server *server = container_of(work, struct ddt_server, now);
	struct ddt_thread *thread = NULL;
	bool ended, wanted;

	mutex_lock(&server->thread_lock);
	ddt_monitor_lock(&server->monitor);
	ended = !server->has_thread;
	wanted = ended && !server->asleep;
	if (wanted)
		server->has_thread = true;
	ddt_monitor_unlock(&server->monitor);

	if (ended && server->thread) {
		ddt_thread_stop(server->thread);
		ddt_thread_put(server->thread);
		server->thread = NULL;
	}
	if (wanted) {
		thread = ddt_thread_create(ddt_server_thread, server,
					   &server->attr);
		if (!IS_ERR(thread))
			server->thread = thread;
	}
	mutex_unlock(&server->thread_lock);

	if (IS_ERR(thread)) {
		ddt_monitor_lock(&server->monitor);
		server->has_thread = false;
		ddt_monitor_unlock(&server->monitor);
		server->fail(server, PTR_ERR(thread));
	}
}

/* Sets up the server of a queue that is not in use yet. */
int ddt_server_start(struct ddt_server *server,
		     const struct ddt_queue_attr *attr,
		     struct lock_class_key *key,
		     void (*serve)(struct ddt_server *server),
		     void (*fail)(struct ddt_server *server, int err))
{
	bool workers = attr->server == DDT_SERVER_WORKERS;
	struct cpumask *cpus = NULL;
	struct ddt_thread *thread;

	if (attr->thread.nice < MIN_NICE || attr->thread.nice > MAX_NICE)
		return -ERANGE;
	if (attr->thread.cpus) {
		cpus = kmemdup(attr->thread.cpus, cpumask_size(), GFP_KERNEL);
		if (!cpus)
			return -ENOMEM;
	}

	ddt_monitor_init(&server->monitor, key);
	server->asleep = true;
	server->kind = attr->server;
	server->serve = serve;
	server->fail = fail;
	INIT_WORK(&server->now, workers ? ddt_server_work :
					  ddt_server_replace_thread);
	hrtimer_setup(&server->later, ddt_server_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
	mutex_init(&server->thread_lock);
	strscpy(server->name, attr->thread.name ?: "ddt", sizeof(server->name));
	server->attr = attr->thread;
	server->attr.name = server->name;
	server->attr.cpus = cpus;
	if (attr->server != DDT_SERVER_THREAD)
		return 0;

	server->asleep = false;
	server->has_thread = true;
	thread = ddt_thread_create(ddt_server_thread, server, &server->attr);
	if (IS_ERR(thread)) {
		kfree(cpus);
		return PTR_ERR(thread);
	}
	server->thread = thread;
	return 0;
}

/* Ends a server that nothing will wake any more; may be called again. */
void ddt_server_stop(struct ddt_server *server)
{
	struct ddt_thread *thread;

	hrtimer_cancel(&server->later);
	cancel_work_sync(&server->now);
	thread = ddt_server_get_thread(server);
	if (thread) {
		ddt_thread_stop(thread);
		ddt_thread_put(thread);
	}
}

void ddt_server_free(struct ddt_server *server)
{
	if (server->thread)
		ddt_thread_put(server->thread);
	kfree(server->attr.cpus);
}

struct ddt_thread *ddt_server_get_thread(struct ddt_server *server)
{
	struct ddt_thread *thread;

	mutex_lock(&server->thread_lock);
	thread = server->thread;
	if (thread)
		ddt_thread_get(thread);
	mutex_unlock(&server->thread_lock);
	return thread;
}

int ddt_server_set_nice(struct ddt_server *server, int nice)
{
	int ret = -ESRCH;

	if (nice < MIN_NICE || nice > MAX_NICE)
		return -ERANGE;
	if (server->kind == DDT_SERVER_WORKERS)
		return -EOPNOTSUPP;

	mutex_lock(&server->thread_lock);
	if (server->thread)
		ret = ddt_thread_set_nice(server->thread, nice);
	/* After a thread on demand comes another, until the queue is stopped. */
	if (ret == -ESRCH && !READ_ONCE(server->closed))
		ret = 0;
	if (!ret)
		server->attr.nice = nice;
	mutex_unlock(&server->thread_lock);
	return ret;
}

int ddt_server_nice(struct ddt_server *server, int *nice)
{
	int code;

	if (server->kind == DDT_SERVER_WORKERS)
		return -EOPNOTSUPP;

	mutex_lock(&server->thread_lock);
	/* One that has ended may not have been reaped yet. */
	if (server->thread &&
	    ddt_thread_exit_code(server->thread, &code) == -EINPROGRESS)
		*nice = ddt_thread_nice(server->thread);
	else
		*nice = server->attr.nice;
	mutex_unlock(&server->thread_lock);
	return 0;
}

int __init ddt_server_init(void)
{
	ddt_workqueue = alloc_workqueue("ddt", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!ddt_workqueue)
		return -ENOMEM;
	ddt_workers = alloc_workqueue("ddt_workers",
				      WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!ddt_workers) {
		destroy_workqueue(ddt_workqueue);
		return -ENOMEM;
	}
	return 0;
}

void ddt_server_exit(void)
{
	destroy_workqueue(ddt_workers);
	destroy_workqueue(ddt_workqueue);
}

/* For short work items of a queue. Any context but NMI. */
void ddt_server_queue_work(struct work_struct *work)
{
	queue_work(ddt_workqueue, work);
}
