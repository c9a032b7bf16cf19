// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_queue.c - stops queues, destroys them and creates them again, and
 *		     checks what must hold then
 *
 * A call to a queue is made by one of its users: the restarter destroys it when
 * there are none. Callers of what may be in progress when a queue is destroyed
 * are no users during the call; the restarter sees from their tasks' states that
 * they have begun to wait.
 */

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "../../module/compat.h"
#include "torture.h"

/* How often the restarter looks whether all that are in a call wait in it. */
#define TORTURE_LOOKS	50

/* Any context. Returns NULL if there is no queue at present. */
struct ddt_queue *torture_get(struct torture_queue *q)
{
	return atomic_inc_not_zero(&q->users) ? q->queue : NULL;
}

void torture_put(struct torture_queue *q)
{
	if (atomic_dec_and_test(&q->users))
		complete(&q->unused);
}

/* For a call that may be in progress when the queue is destroyed. */
struct ddt_queue *torture_enter(struct torture_thread *thread, const char *call)
{
	struct torture_queue *q = thread->queue;
	struct ddt_queue *queue = torture_get(q);

	if (!queue)
		return NULL;
	torture_call(thread, call);
	WRITE_ONCE(thread->calls, thread->calls + 1);
	/* After what it has slept in before: pairs with torture_insiders(). */
	smp_store_release(&thread->inside, q);
	torture_put(q);
	return queue;
}

void torture_leave(struct torture_thread *thread)
{
	/* After all that it has counted: pairs with torture_insiders(). */
	smp_store_release(&thread->inside, NULL);
	torture_return(thread);
}

static void torture_close(struct torture_queue *q)
{
	torture_put(q);
	wait_for_completion(&q->unused);
}

struct torture_insiders {
	struct torture_queue *q;
	unsigned int inside;
	unsigned int running;
};

static void torture_count_insider(struct torture_thread *thread, void *context)
{
	struct torture_insiders *insiders = context;
	unsigned int calls = READ_ONCE(thread->calls);

	/* Pairs with torture_enter() and torture_leave(). */
	if (smp_load_acquire(&thread->inside) != insiders->q)
		return;
	insiders->inside++;
	/* In a call it sleeps only where it waits. */
	if (!(READ_ONCE(thread->task->__state) & TASK_IDLE) ||
	    READ_ONCE(thread->calls) != calls)
		insiders->running++;
}

static struct torture_insiders torture_insiders(struct torture_queue *q)
{
	struct torture_insiders insiders = { .q = q };

	torture_visit_threads(torture_count_insider, &insiders);
	return insiders;
}

static void torture_wait_outside(struct torture_queue *q)
{
	while (torture_insiders(q).inside)
		torture_sleep(20, 100);
}

/* Ends pauses for callers that cannot. */
static void torture_resume_left(struct torture_queue *q)
{
	while (atomic_dec_if_positive(&q->left_paused) >= 0)
		if (ddt_queue_resume(q->queue))
			torture_fail(NULL, "ddt_queue_resume() failed");
}

static void torture_create(struct torture_queue *q)
{
	struct rnd_state *rnd = &q->rnd;
	struct ddt_queue *queue;
	unsigned int i;
	char name[16];

	snprintf(name, sizeof(name), "torture%u.%u", q->index, q->generation);
	q->attr = (struct ddt_queue_attr){
		.server = q->generation ? torture_random(rnd, 3) : q->index % 3,
		.thread.name = name,
		.thread.nice = (int)torture_random(rnd, 40) - 20,
		.thread.batch = torture_one_in(rnd, 4),
		.flags = torture_one_in(rnd, 2) ? DDT_QUEUE_TIMES : 0,
		.depth = 1 + torture_random(rnd, torture_one_in(rnd, 4) ? 8 :
								      256),
		.idle_timeout = 1 + torture_random(rnd, 1000000),
	};
	if (torture_one_in(rnd, 4))
		q->attr.thread.cpus =
			cpumask_of(cpumask_any(cpu_online_mask));
	q->generation++;
	WRITE_ONCE(q->stopping, false);
	WRITE_ONCE(q->stopped, false);
	q->last = NULL;
	q->turns = 0;
	q->worked = false;
	WRITE_ONCE(q->server, NULL);
	atomic_set(&q->left_paused, 0);
	atomic_set(&q->accepted, 0);
	atomic_set(&q->completed, 0);
	atomic_set(&q->served, 0);
	atomic_set(&q->claimed, 0);
	atomic_set(&q->expired, 0);
	atomic_set(&q->retried, 0);
	for (i = 0; i < q->flows_count; i++) {
		q->flows[i].last_number = 0;
		if (torture_one_in(rnd, 4))
			ddt_flow_init(&q->flows[i].flow);
	}
	for (;;) {
		queue = ddt_queue_create(&torture_ops, q, &q->attr);
		if (!IS_ERR(queue))
			break;
		if (PTR_ERR(queue) != -ENOMEM)
			torture_fail(NULL, "ddt_queue_create() returned %ld",
				     PTR_ERR(queue));
		torture_sleep(1000, 10000);
	}
	q->queue = queue;
	reinit_completion(&q->unused);
	atomic_set_release(&q->users, 1);
	wake_up_all(&q->opened);
}

void torture_queue_print(struct torture_queue *q, struct ddt_queue *queue)
{
	struct ddt_queue_stats stats = { };

	if (queue)
		ddt_queue_stats(queue, &stats);
	pr_err("queue %u: generation %u, server %u, depth %u, idle after %lld, flags %u%s%s, paused %d, users %d; accepted %u completed %u (served %u claimed %u expired %u) retried %u; its own figures: submitted %llu completed %llu cancelled %llu expired %llu retried %llu queued %u, at most %u, wakeups %llu\n",
	       q->index, q->generation, q->attr.server, q->attr.depth,
	       q->attr.idle_timeout, q->attr.flags,
	       READ_ONCE(q->stopping) ? ", stopping" : "",
	       READ_ONCE(q->stopped) ? ", stopped" : "",
	       atomic_read(&q->paused), atomic_read(&q->users),
	       atomic_read(&q->accepted), atomic_read(&q->completed),
	       atomic_read(&q->served), atomic_read(&q->claimed),
	       atomic_read(&q->expired), atomic_read(&q->retried),
	       stats.submitted, stats.completed, stats.cancelled,
	       stats.expired, stats.retried, stats.queued, stats.max_queued,
	       stats.wakeups);
}

/* No request may be left, whatever has become of it. */
static void torture_check_records(struct torture_queue *q)
{
	struct torture_record *record;
	unsigned int i;

	for (i = 0; i < q->records_count; i++) {
		record = &q->records[i];
		if (torture_outstanding(atomic_read_acquire(&record->word)))
			torture_fail(record, "lost: not completed at the end");
	}
	if (atomic_read(&q->accepted) != atomic_read(&q->completed))
		torture_fail(NULL, "queue %u: accepted %u, completed %u",
			     q->index, atomic_read(&q->accepted),
			     atomic_read(&q->completed));
}

static void torture_no_visit(struct ddt_request *req, bool in_service,
			     void *context)
{
	*(unsigned int *)context += 1;
}

/* The queue has completed all requests, and there are no callers. */
static void torture_check_stats(struct torture_queue *q,
				struct ddt_queue *queue)
{
	struct ddt_queue_stats stats;
	struct ddt_queue_times times;
	unsigned int left = 0, i;
	u64 counted = 0;

	ddt_queue_stats(queue, &stats);
	ddt_queue_for_each(queue, torture_no_visit, &left);
	if (stats.submitted != atomic_read(&q->accepted) ||
	    stats.completed != atomic_read(&q->completed) ||
	    stats.cancelled != atomic_read(&q->claimed) ||
	    stats.expired != atomic_read(&q->expired) ||
	    stats.retried != atomic_read(&q->retried) ||
	    stats.queued || stats.max_queued > q->attr.depth + 1 || left) {
		torture_fail(NULL,
			     "queue %u: its figures are wrong, %u requests are left",
			     q->index, left);
		torture_queue_print(q, queue);
	}
	if (ddt_queue_times(queue, &times))
		return;
	for (i = 0; i < DDT_QUEUE_TIME_BUCKETS; i++)
		counted += times.service[i];
	if (counted != atomic_read(&q->served))
		torture_fail(NULL, "queue %u: %llu times of %u requests",
			     q->index, counted, atomic_read(&q->served));
}

/* For the director, when all threads are parked and the timers off. */
void torture_queue_check_at_rest(struct torture_queue *q)
{
	struct ddt_queue *queue = torture_get(q);
	struct ddt_queue_stats stats;
	ktime_t begin = ktime_get();
	struct ddt_thread *thread;
	int ret;

	if (!queue) {
		torture_fail(NULL, "queue %u is not there", q->index);
		return;
	}
	/* Completions may have submitted others. */
	do {
		ret = ddt_queue_flush(queue, 0,
				      torture_late_s * NSEC_PER_SEC);
		ddt_queue_stats(queue, &stats);
		if (ret) {
			torture_fail(NULL, "queue %u: a flush at rest: %d",
				     q->index, ret);
			torture_queue_print(q, queue);
			goto put;
		}
	} while (stats.submitted != stats.completed);
	torture_check_records(q);
	torture_check_stats(q, queue);

	/* It has nothing to do, so its thread ends. */
	while (q->attr.server == DDT_SERVER_ON_DEMAND) {
		thread = ddt_queue_get_thread(queue);
		if (!thread)
			break;
		ddt_thread_put(thread);
		if (torture_late(begin)) {
			torture_fail(NULL, "queue %u: an idle thread is left",
				     q->index);
			break;
		}
		torture_sleep(100, 500);
	}
put:
	torture_put(q);
}

static void torture_stop_work(struct work_struct *work)
{
	struct torture_queue *q = container_of(work, struct torture_queue,
					       stop_work);

	WRITE_ONCE(q->helper, current);
	if (ddt_queue_stop(q->queue, q->stop_mode))
		torture_fail(NULL, "ddt_queue_stop() failed");
	WRITE_ONCE(q->helper, NULL);
}

static void torture_stop(struct torture_queue *q, enum ddt_queue_stop_mode mode)
{
	int ret = ddt_queue_stop(q->queue, mode);

	if (ret)
		torture_fail(NULL, "ddt_queue_stop() returned %d", ret);
	if (READ_ONCE(q->serving))
		torture_fail(READ_ONCE(q->serving),
			     "a callback runs after the stop");
	if (atomic_read(&q->completing))
		torture_fail(NULL, "queue %u: a completion runs after the stop",
			     q->index);
	WRITE_ONCE(q->stopped, true);
	torture_count(TORTURE_COUNT_STOPS);
}

/* Whether all that are in a call wait there, as the queue is being destroyed. */
static bool torture_all_wait(struct torture_queue *q)
{
	struct torture_insiders insiders;
	unsigned int i;

	for (i = 0; i < TORTURE_LOOKS; i++) {
		insiders = torture_insiders(q);
		if (!insiders.running) {
			if (insiders.inside)
				torture_count(TORTURE_COUNT_RUDE);
			return true;
		}
		torture_sleep(20, 50);
	}
	return false;
}

/* Stops a queue in one of several ways, and destroys it. */
static void torture_destroy(struct torture_queue *q, unsigned int way)
{
	enum ddt_queue_stop_mode mode = torture_random(&q->rnd, 2);
	bool rude = false;

	switch (way) {
	case 0:		/* while it is in use */
	case 1:
		WRITE_ONCE(q->stopping, true);
		atomic_inc(&q->all_begun);
		torture_stop(q, mode);
		torture_close(q);
		break;
	case 2:		/* twice at a time */
		WRITE_ONCE(q->stopping, true);
		atomic_inc(&q->all_begun);
		q->stop_mode = torture_random(&q->rnd, 2);
		queue_work(torture_workqueue, &q->stop_work);
		torture_stop(q, mode);
		torture_close(q);
		flush_work(&q->stop_work);
		break;
	case 3:		/* with callers in it, if all have begun to wait */
		torture_close(q);
		WRITE_ONCE(q->stopping, true);
		atomic_inc(&q->all_begun);
		rude = torture_all_wait(q);
		if (!rude)
			torture_stop(q, mode);
		break;
	default:	/* without any */
		torture_close(q);
		while (torture_insiders(q).inside) {
			torture_resume_left(q);
			torture_sleep(20, 100);
		}
		torture_resume_left(q);
		WRITE_ONCE(q->stopping, true);
		atomic_inc(&q->all_begun);
		torture_stop(q, mode);
	}
	if (!rude) {
		torture_wait_outside(q);
		torture_check_stats(q, q->queue);
		if (torture_one_in(&q->rnd, 2))
			torture_stop(q, mode);
	}
	ddt_queue_destroy(q->queue);
	WRITE_ONCE(q->stopped, true);
	torture_wait_outside(q);
	atomic_inc(&q->all_ended);
	torture_check_records(q);
	if (READ_ONCE(q->serving))
		torture_fail(READ_ONCE(q->serving), "a callback at the end");
	q->queue = NULL;
}

void torture_restarter_round(struct torture_thread *thread)
{
	struct torture_queue *q = thread->queue;

	/* Mostly soon, but long enough for each kind of server to settle. */
	if (!torture_sleep(2000, torture_one_in(&thread->rnd, 4) ? 20000 :
								   500000))
		return;
	torture_call(thread, "ddt_queue_destroy()");
	torture_destroy(q, torture_random(&thread->rnd, 5));
	torture_call(thread, "ddt_queue_create()");
	torture_create(q);
	torture_return(thread);
}

void torture_device_start(struct torture_queue *q)
{
	WRITE_ONCE(q->device_on, true);
	hrtimer_start(&q->device_timer, NSEC_PER_MSEC, HRTIMER_MODE_REL);
}

void torture_device_stop(struct torture_queue *q)
{
	unsigned int i;

	WRITE_ONCE(q->device_on, false);
	hrtimer_cancel(&q->device_timer);
	for (i = 0; i < TORTURE_TIMERS; i++)
		hrtimer_cancel(&q->timers[i].timer);
}

static void torture_submitter_init(struct torture_submitter *submitter,
				   struct torture_queue *q, unsigned int index,
				   u64 seed)
{
	struct torture_record *record;
	unsigned int i;

	submitter->queue = q;
	submitter->index = index;
	submitter->records = &q->records[index * TORTURE_RING];
	prandom_seed_state(&submitter->rnd, seed + index);
	init_waitqueue_head(&submitter->wait);
	for (i = 0; i < TORTURE_RING; i++) {
		record = &submitter->records[i];
		record->queue = q;
		record->submitter = submitter;
		record->index = index * TORTURE_RING + i;
		record->carrier.record = record;
		ddt_request_init(&record->carrier.req);
	}
}

int torture_queue_init(struct torture_queue *q, unsigned int index, u64 seed)
{
	unsigned int i;

	q->index = index;
	q->flows_count = torture_submitters + 2;
	q->records_count = (torture_submitters + 1) * TORTURE_RING;
	q->records = kvcalloc(q->records_count, sizeof(*q->records),
			      GFP_KERNEL);
	if (!q->records)
		return -ENOMEM;
	init_completion(&q->unused);
	init_waitqueue_head(&q->opened);
	prandom_seed_state(&q->rnd, seed + 100);
	prandom_seed_state(&q->callback_rnd, seed + 200);
	INIT_WORK(&q->stop_work, torture_stop_work);
	hrtimer_setup(&q->device_timer, torture_device_fn, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL);
	for (i = 0; i < TORTURE_TIMERS; i++) {
		q->timers[i].queue = q;
		hrtimer_setup(&q->timers[i].timer, torture_cancel_fn,
			      CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	}
	for (i = 0; i < q->flows_count; i++)
		ddt_flow_init(&q->flows[i].flow);
	for (i = 0; i < torture_submitters; i++)
		torture_submitter_init(&q->submitters[i], q, i, seed);
	torture_submitter_init(&q->device, q, torture_submitters, seed);
	torture_create(q);
	torture_device_start(q);
	return 0;
}

/* When all threads have ended. */
void torture_queue_end(struct torture_queue *q)
{
	torture_device_stop(q);
	torture_destroy(q, 4);
}

void torture_queue_free(struct torture_queue *q)
{
	kvfree(q->records);
}
