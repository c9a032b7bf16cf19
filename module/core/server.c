// SPDX-License-Identifier: GPL-2.0-only
/*
 * server.c - who serves a queue: a thread, a thread when needed, or workers
 *
 * Each of them calls ddt_queue_serve() until that finds no more requests and
 * says that the server sleeps. Whoever then has something for it to do calls
 * ddt_server_wake(), once: that says that the server sleeps no longer.
 *
 * A thread is woken by the semaphore ready. Who wakes it does so without a lock,
 * so the count may be left over from before the thread was there; then it looks
 * once in vain.
 *
 * Where no thread runs, waking schedules the queue's work. For workers that
 * serves the requests. For a lazy queue it starts the thread, and it also does
 * away with the one that has ended; so there is never more than one, and it is
 * never referred to by itself.
 */

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/sched/prio.h>
#include <linux/slab.h>

#include "queue.h"
#include "trace.h"

/*
 * Makes it known that the server sleeps, and returns true; or finds that
 * something has been submitted meanwhile, and returns false.
 */
bool ddt_server_sleeps(struct ddt_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	/*
	 * Whoever submits does it the other way round: see ddt_server_wake().
	 * If he has seen that the server sleeps it is woken soon.
	 */
	smp_store_mb(queue->sleeping, true);
	return llist_empty(&queue->intake) || !xchg(&queue->sleeping, false);
}

/*
 * Wakes the server if it sleeps. The caller has something for it to do, and has
 * made that known with a full barrier or under the queue's lock. Any context.
 */
void ddt_server_wake(struct ddt_queue *queue)
{
	/* Pairs with the barrier in ddt_server_sleeps(). */
	if (!READ_ONCE(queue->sleeping) || !xchg(&queue->sleeping, false))
		return;
	atomic64_inc(&queue->wakeups);
	if (READ_ONCE(queue->thread_runs))
		ddt_semaphore_release(&queue->ready, 1);
	else
		mod_delayed_work(ddt_workqueue, &queue->work, 0);
}

/* Whether the caller is a callback of the queue. */
bool ddt_server_is_current(const struct ddt_queue *queue)
{
	/* Only the server itself can find that it is. */
	return READ_ONCE(queue->serving) == current;
}

/*
 * Waits until the thread is woken (returns 0), a request is due or the queue
 * has been idle for its time (-ETIME), or the thread has to stop (-EINTR).
 */
static int ddt_server_sleep(struct ddt_queue *queue, ktime_t due)
{
	bool lazy = queue->server == DDT_SERVER_LAZY;
	unsigned int flags = DDT_WAIT_ALERTABLE;
	ktime_t timeout = DDT_FOREVER;
	int ret;

	if (due != DDT_FOREVER) {
		flags |= DDT_WAIT_ABSOLUTE;
		timeout = due;
	} else if (queue->worked || lazy) {
		/* Not 0: that would only be a test, which no stop ends. */
		timeout = max_t(ktime_t, queue->idle_after, 1);
	}

	trace_ddt_thread_wait(queue->name, READ_ONCE(queue->stats.completed));
	ret = ddt_wait(&queue->ready.object, flags, timeout);
	/* Woken too late for that wait: the count is there, or comes soon. */
	if (ret == -ETIME && !xchg(&queue->sleeping, false))
		ret = ddt_wait(&queue->ready.object, 0, DDT_FOREVER);
	trace_ddt_thread_wake(queue->name, READ_ONCE(queue->stats.completed));
	return ret;
}

static void ddt_server_idle(struct ddt_queue *queue)
{
	if (queue->worked && queue->ops->idle)
		queue->ops->idle(queue);
	queue->worked = false;
}

/* Whether a lazy thread may end: then nobody expects it to run any more. */
static bool ddt_server_may_end(struct ddt_queue *queue)
{
	bool end;

	if (queue->server != DDT_SERVER_LAZY)
		return false;

	ddt_queue_lock(queue);
	end = !queue->closed && !ddt_queue_has_requests(queue);
	if (end) {
		WRITE_ONCE(queue->thread_runs, false);
		WRITE_ONCE(queue->serving, NULL);
		/* Either way the work finds what there is to do. */
		mod_delayed_work(ddt_workqueue, &queue->work, 0);
		ddt_server_sleeps(queue);
	}
	ddt_queue_unlock(queue);
	return end;
}

static int ddt_server_thread(void *context)
{
	struct ddt_queue *queue = context;
	ktime_t due;
	int ret;

	WRITE_ONCE(queue->serving, current);
	for (;;) {
		if (ddt_queue_serve(queue, &due))
			queue->worked = true;
		ret = ddt_server_sleep(queue, due);
		if (ret == -EINTR)
			return 0;
		if (ret == -ETIME && due == DDT_FOREVER) {
			ddt_server_idle(queue);
			if (ddt_server_may_end(queue))
				return 0;
		}
	}
}

static struct ddt_thread *ddt_server_create_thread(struct ddt_queue *queue)
{
	struct ddt_thread *thread;

	WRITE_ONCE(queue->thread_runs, true);
	thread = ddt_thread_create(ddt_server_thread, queue,
				   &queue->thread_attr);
	if (IS_ERR(thread))
		WRITE_ONCE(queue->thread_runs, false);
	return thread;
}

/* Completes what no thread could be started for. */
static void ddt_server_fail(struct ddt_queue *queue, int err)
{
	bool more;

	do {
		ddt_queue_complete_all(queue, err);
		ddt_queue_lock(queue);
		more = ddt_queue_has_requests(queue) ||
		       !ddt_server_sleeps(queue);
		ddt_queue_unlock(queue);
	} while (more);
}

/* The work of a lazy queue: ends the thread that has ended, starts another. */
static void ddt_server_replace_thread(struct work_struct *work)
{
	struct ddt_queue *queue = container_of(to_delayed_work(work),
					       struct ddt_queue, work);
	struct ddt_thread *thread = NULL;
	bool ended, wanted;

	mutex_lock(&queue->thread_lock);
	ddt_queue_lock(queue);
	ended = !queue->thread_runs;
	wanted = ended && (ddt_queue_has_requests(queue) ||
			   !ddt_server_sleeps(queue));
	ddt_queue_unlock(queue);

	if (ended && queue->thread) {
		ddt_thread_stop(queue->thread);
		ddt_thread_put(queue->thread);
		queue->thread = NULL;
	}
	if (wanted) {
		thread = ddt_server_create_thread(queue);
		if (!IS_ERR(thread))
			queue->thread = thread;
	}
	mutex_unlock(&queue->thread_lock);

	if (IS_ERR(thread))
		ddt_server_fail(queue, PTR_ERR(thread));
}

/* Schedules the work of workers for when there is something to do again. */
static void ddt_server_schedule(struct ddt_queue *queue, ktime_t when)
{
	if (when == DDT_FOREVER)
		return;

	ddt_queue_lock(queue);
	if (READ_ONCE(queue->sleeping) && !queue->closed) {
		mod_delayed_work(ddt_workqueue, &queue->work,
				 ddt_jiffies_until(when));
		/* That may have put off what ddt_server_wake() has scheduled. */
		smp_mb();
		if (!READ_ONCE(queue->sleeping))
			mod_delayed_work(ddt_workqueue, &queue->work, 0);
	}
	ddt_queue_unlock(queue);
}

/* The work of a queue that is served by workers. */
static void ddt_server_work(struct work_struct *work)
{
	struct ddt_queue *queue = container_of(to_delayed_work(work),
					       struct ddt_queue, work);
	ktime_t due;

	WRITE_ONCE(queue->serving, current);
	if (ddt_queue_serve(queue, &due)) {
		queue->worked = true;
		queue->idle_since = ktime_get();
	}
	if (due == DDT_FOREVER && queue->worked) {
		due = ktime_add_safe(queue->idle_since, queue->idle_after);
		if (ktime_get() >= due) {
			ddt_server_idle(queue);
			due = DDT_FOREVER;
		}
	}
	WRITE_ONCE(queue->serving, NULL);
	ddt_server_schedule(queue, due);
}

/* Sets up the server of a queue that nobody uses yet. */
int ddt_server_start(struct ddt_queue *queue, const struct ddt_queue_attr *attr)
{
	work_func_t work = attr->server == DDT_SERVER_WORKERS ?
			   ddt_server_work : ddt_server_replace_thread;
	struct cpumask *cpus = NULL;
	struct ddt_thread *thread;

	switch (attr->server) {
	case DDT_SERVER_THREAD:
	case DDT_SERVER_WORKERS:
		break;
	case DDT_SERVER_LAZY:
		if (attr->idle_timeout == DDT_FOREVER)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	if (attr->thread.nice < MIN_NICE || attr->thread.nice > MAX_NICE)
		return -ERANGE;

	if (attr->thread.cpus) {
		cpus = kmemdup(attr->thread.cpus, cpumask_size(), GFP_KERNEL);
		if (!cpus)
			return -ENOMEM;
	}
	queue->server = attr->server;
	queue->thread_attr = attr->thread;
	queue->thread_attr.name = queue->name;
	queue->thread_attr.cpus = cpus;
	/* One wake-up for all that is submitted in one go. */
	queue->thread_attr.batch = true;
	ddt_semaphore_init(&queue->ready, 0, 1);
	mutex_init(&queue->thread_lock);
	INIT_DELAYED_WORK(&queue->work, work);
	queue->sleeping = true;
	if (attr->server != DDT_SERVER_THREAD)
		return 0;

	thread = ddt_server_create_thread(queue);
	if (IS_ERR(thread)) {
		kfree(cpus);
		return PTR_ERR(thread);
	}
	queue->thread = thread;
	return 0;
}

/* Ends the server of a queue that has been drained. */
void ddt_server_stop(struct ddt_queue *queue)
{
	struct ddt_thread *thread;

	/* As the queue is closed, nobody schedules it any more. */
	cancel_delayed_work_sync(&queue->work);
	thread = ddt_queue_get_thread(queue);
	if (thread) {
		ddt_thread_stop(thread);
		ddt_thread_put(thread);
	}
}

void ddt_server_free(struct ddt_queue *queue)
{
	if (queue->thread)
		ddt_thread_put(queue->thread);
	kfree(queue->thread_attr.cpus);
}

/**
 * ddt_queue_set_idle_timeout() - set after which time a queue is idle
 * @queue: the queue
 * @timeout: as ddt_queue_attr.idle_timeout
 *
 * If the queue is without work at present the new time holds too, counted from
 * its last work or from this call.
 *
 * Context: As ddt_queue_cancel().
 * Return: 0; -EINVAL for a lazy queue without a timeout.
 */
int ddt_queue_set_idle_timeout(struct ddt_queue *queue, ktime_t timeout)
{
	if (queue->server == DDT_SERVER_LAZY && timeout == DDT_FOREVER)
		return -EINVAL;

	ddt_queue_lock(queue);
	queue->idle_timeout = timeout;
	/* Whoever serves the queue is to go to sleep again, for that time. */
	if (!queue->closed)
		ddt_server_wake(queue);
	ddt_queue_unlock(queue);
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_queue_set_idle_timeout);

/**
 * ddt_queue_get_thread() - the thread of a queue
 * @queue: the queue
 *
 * Context: Process context, may sleep.
 * Return: the thread, with a reference that the caller has to give back with
 * ddt_thread_put(); or NULL if there is none at present.
 */
struct ddt_thread *ddt_queue_get_thread(struct ddt_queue *queue)
{
	struct ddt_thread *thread;

	mutex_lock(&queue->thread_lock);
	thread = queue->thread;
	if (thread)
		ddt_thread_get(thread);
	mutex_unlock(&queue->thread_lock);
	return thread;
}
EXPORT_SYMBOL_GPL(ddt_queue_get_thread);

/**
 * ddt_queue_set_nice() - set the base priority of a queue's thread
 * @queue: the queue
 * @nice: -20 (first) to 19
 *
 * Holds for the thread that there is, and for those that a lazy queue starts
 * later. Whether the caller may do so is for him to check (CAP_SYS_NICE).
 *
 * Context: Process context, may sleep.
 * Return: 0; -ERANGE if @nice is outside -20..19; -ESRCH if the queue has been
 * stopped; -EOPNOTSUPP if workers serve it.
 */
int ddt_queue_set_nice(struct ddt_queue *queue, int nice)
{
	int ret = 0;

	if (nice < MIN_NICE || nice > MAX_NICE)
		return -ERANGE;
	if (queue->server == DDT_SERVER_WORKERS)
		return -EOPNOTSUPP;

	mutex_lock(&queue->thread_lock);
	if (queue->thread)
		ret = ddt_thread_set_nice(queue->thread, nice);
	if (ret == -ESRCH && !READ_ONCE(queue->closed))
		ret = 0;	/* a lazy thread that has ended meanwhile */
	if (!ret)
		queue->thread_attr.nice = nice;
	mutex_unlock(&queue->thread_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(ddt_queue_set_nice);

/**
 * ddt_queue_nice() - the base priority of a queue's thread
 * @queue: the queue
 * @nice: where to store it
 *
 * Context: Process context, may sleep.
 * Return: 0; -EOPNOTSUPP if workers serve it.
 */
int ddt_queue_nice(struct ddt_queue *queue, int *nice)
{
	if (queue->server == DDT_SERVER_WORKERS)
		return -EOPNOTSUPP;

	mutex_lock(&queue->thread_lock);
	*nice = queue->thread ? ddt_thread_nice(queue->thread) :
				queue->thread_attr.nice;
	mutex_unlock(&queue->thread_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_queue_nice);
