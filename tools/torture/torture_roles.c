// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_roles.c - what threads and timers do to a queue, one round each
 */

#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "../../module/compat.h"
#include "torture.h"

#define TORTURE_MANY		32U

/* Sets up what is submitted for a record. Returns NULL if there is no memory. */
static struct ddt_request *torture_request(struct torture_record *record,
					   gfp_t gfp)
{
	struct torture_carrier *carrier = &record->carrier;
	unsigned int flow = record->flow;

	if (record->ephemeral) {
		carrier = kzalloc_obj(*carrier, gfp);
		if (!carrier)
			return NULL;
		ddt_request_init(&carrier->req);
		carrier->record = record;
	}
	carrier->req.deadline = record->deadline;
	carrier->req.flow = flow ? &record->queue->flows[flow].flow : NULL;
	return &carrier->req;
}

static void torture_free_request(struct ddt_request *req)
{
	struct torture_carrier *carrier =
		container_of(req, struct torture_carrier, req);

	if (carrier != &carrier->record->carrier)
		kfree(carrier);
}

static unsigned int torture_free_records(struct torture_submitter *submitter)
{
	while (torture_reap(submitter))
		;
	return TORTURE_RING - (submitter->head - submitter->tail);
}

/* The next free record, planned; taken once the request was accepted. */
static struct torture_record *torture_next(struct torture_submitter *submitter,
					   unsigned int offset)
{
	unsigned int i = (submitter->head + offset) % TORTURE_RING;
	struct torture_record *record = &submitter->records[i];

	torture_plan(submitter, record);
	return record;
}

static bool torture_is_completed(struct torture_record *record)
{
	return torture_state_of(atomic_read(&record->word)) ==
	       TORTURE_COMPLETED;
}

/* Waits until most of the requests have been completed, or the oldest is. */
static void torture_await(struct torture_submitter *submitter)
{
	unsigned int used = submitter->head - submitter->tail;
	unsigned int i = (submitter->tail + used * 3 / 4) % TORTURE_RING;
	struct torture_record *record = &submitter->records[i];

	if (torture_is_completed(record))
		record = &submitter->records[submitter->tail % TORTURE_RING];
	WRITE_ONCE(submitter->awaited, record);
	smp_mb();	/* pairs with the exchange in torture_complete() */
	wait_event_freezable_timeout(submitter->wait,
				     kthread_should_stop() ||
				     torture_is_completed(record), HZ);
	WRITE_ONCE(submitter->awaited, NULL);
}

static void torture_check_refusal(struct torture_record *record, int err)
{
	if (err != -EAGAIN && err != -ESHUTDOWN)
		torture_fail(record, "ddt_queue_submit() returned %d", err);
	if (err == -ESHUTDOWN && !READ_ONCE(record->queue->stopping))
		torture_fail(record, "refused, but the queue is not stopped");
}

/* Returns 0 or a negative errno. Any context. */
static int torture_submit_one(struct torture_submitter *submitter,
			      struct ddt_queue *queue, gfp_t gfp)
{
	struct torture_record *record = torture_next(submitter, 0);
	struct ddt_request *req;
	u32 incarnation;
	int err;

	record->ephemeral = !record->resubmits && record->random % 16 == 2;
	req = torture_request(record, gfp);
	if (!req)
		return -ENOMEM;
	incarnation = torture_prepare(record);
	err = ddt_queue_submit(queue, req);
	if (!err) {
		torture_accepted(record, incarnation);
		submitter->head++;
		return 0;
	}
	torture_check_refusal(record, err);
	torture_refused(record, err);
	torture_free_request(req);
	return err;
}

static int torture_submit_many(struct torture_submitter *submitter,
			       struct ddt_queue *queue, unsigned int n)
{
	struct torture_record *records[TORTURE_MANY];
	struct ddt_request *reqs[TORTURE_MANY];
	u32 incarnations[TORTURE_MANY];
	unsigned int i;
	int ret;

	n = min(n, TORTURE_MANY);
	for (i = 0; i < n; i++) {
		records[i] = torture_next(submitter, i);
		records[i]->resubmits = 0;
		reqs[i] = torture_request(records[i], GFP_KERNEL);
		incarnations[i] = torture_prepare(records[i]);
	}
	ret = ddt_queue_submit_many(queue, reqs, n);
	if (ret < 0)
		torture_check_refusal(records[0], ret);
	if (!ret || ret > (int)n)
		torture_fail(records[0], "ddt_queue_submit_many() returned %d",
			     ret);
	for (i = 0; i < n; i++) {
		if ((int)i < ret)
			torture_accepted(records[i], incarnations[i]);
		else
			torture_refused(records[i], ret < 0 ? ret : -EAGAIN);
	}
	submitter->head += max(ret, 0);
	return ret == (int)n ? 0 : -EAGAIN;
}

static void torture_submit_wait(struct torture_thread *thread,
				struct torture_submitter *submitter)
{
	struct torture_queue *q = thread->queue;
	struct torture_record *record;
	struct ddt_request *req;
	struct ddt_queue *queue;
	unsigned int flags;
	ktime_t timeout, begin;
	u32 incarnation;
	bool over;
	int err;

	queue = torture_enter(thread, "ddt_queue_submit_wait()");
	if (!queue)
		return;
	record = torture_next(submitter, 0);
	record->resubmits = 0;
	WRITE_ONCE(record->blocking, true);
	record->ephemeral = record->random % 16 == 2;
	req = torture_request(record, GFP_KERNEL);
	if (!req)
		goto leave;
	timeout = torture_timeout(&thread->rnd, &flags);
	incarnation = torture_prepare(record);
	begin = ktime_get();
	err = ddt_queue_submit_wait(queue, req, flags, timeout);
	/* From here on the queue may be gone. */
	if (!err) {
		torture_accepted(record, incarnation);
		submitter->head++;
		goto leave;
	}
	over = torture_timeout_over(flags, timeout, begin);
	switch (err) {
	case -ESHUTDOWN:
		if (!READ_ONCE(q->stopping))
			torture_fail(record,
				     "refused, but the queue is not stopped");
		break;
	case -ETIME:
		if (!over)
			torture_fail(record, "timed out too early");
		torture_count(TORTURE_COUNT_TIMED_OUT);
		break;
	case -EINTR:
		if (!(flags & DDT_WAIT_ALERTABLE) || !kthread_should_stop())
			torture_fail(record, "interrupted without a stop");
		break;
	case -ECANCELED:
		if (atomic_read(&record->cancels_begun) ==
		    record->cancels_before &&
		    atomic_read(&q->all_begun) == record->all_before)
			torture_fail(record, "cancelled, but not asked to be");
		break;
	case -ENOMEM:
		if (q->attr.server == DDT_SERVER_ON_DEMAND)
			break;
		fallthrough;
	default:
		torture_fail(record, "ddt_queue_submit_wait() returned %d",
			     err);
	}
	torture_refused(record, err);
	torture_free_request(req);
leave:
	torture_leave(thread);
}

/* Waits until the queue is there again. */
static void torture_wait_open(struct torture_queue *q)
{
	wait_event_freezable_timeout(q->opened, atomic_read(&q->users) ||
				     kthread_should_stop(), HZ / 10);
}

void torture_submitter_round(struct torture_thread *thread)
{
	struct torture_queue *q = thread->queue;
	struct torture_submitter *submitter = &q->submitters[thread->index];
	unsigned int room = torture_free_records(submitter);
	unsigned int n = 1 + torture_random(&thread->rnd, TORTURE_MANY);
	struct ddt_queue *queue;
	int err = 0;

	if (!room) {
		torture_await(submitter);
		return;
	}
	if (torture_one_in(&thread->rnd, 8)) {
		torture_submit_wait(thread, submitter);
		if (!atomic_read(&q->users))
			torture_wait_open(q);
		return;
	}
	queue = torture_get(q);
	if (!queue) {
		torture_wait_open(q);
		return;
	}
	/* More than there is room for only now and then. */
	if (!torture_one_in(&thread->rnd, 8))
		n = min(n, q->attr.depth);
	n = min(n, room);
	torture_call(thread, "ddt_queue_submit()");
	if (torture_one_in(&thread->rnd, 2)) {
		err = torture_submit_many(submitter, queue, n);
	} else {
		while (n-- && !err)
			err = torture_submit_one(submitter, queue, GFP_KERNEL);
	}
	torture_return(thread);
	torture_put(q);
	/* Not again and again while it is full, or stopped. */
	if (!err)
		return;
	if (submitter->head != submitter->tail)
		torture_await(submitter);
	else
		torture_sleep(50, 1000);
}

/* The device's interrupt: submits too. */
enum hrtimer_restart torture_device_fn(struct hrtimer *timer)
{
	struct torture_queue *q = container_of(timer, struct torture_queue,
					       device_timer);
	struct torture_submitter *submitter = &q->device;
	unsigned int n = 1 + torture_random(&submitter->rnd, 4);
	struct ddt_queue *queue = torture_get(q);

	if (queue) {
		n = min(n, torture_free_records(submitter));
		while (n-- && !torture_submit_one(submitter, queue, GFP_ATOMIC))
			;
		torture_put(q);
	}
	if (!READ_ONCE(q->device_on))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer,
			    200000 + torture_random(&submitter->rnd, 8000000));
	return HRTIMER_RESTART;
}

enum hrtimer_restart torture_cancel_fn(struct hrtimer *timer)
{
	struct torture_timer *t = container_of(timer, struct torture_timer,
					       timer);
	struct ddt_queue *queue = torture_get(t->queue);

	if (queue) {
		torture_cancel(queue, READ_ONCE(t->record));
		torture_put(t->queue);
	}
	return HRTIMER_NORESTART;
}

/* Selects records of a submitter. */
static bool torture_match(const struct ddt_request *req, const void *context)
{
	const struct torture_carrier *carrier =
		container_of(req, struct torture_carrier, req);

	return carrier->record->submitter == context;
}

void torture_canceller_round(struct torture_thread *thread)
{
	struct torture_queue *q = thread->queue;
	struct ddt_queue *queue = torture_get(q);
	struct rnd_state *rnd = &thread->rnd;
	struct torture_record *record, *serving;
	struct torture_timer *timer;
	unsigned int n, i;

	if (!queue) {
		torture_wait_open(q);
		return;
	}
	n = torture_random(rnd, 8);
	torture_call(thread, "ddt_queue_cancel()");
	for (i = 0; i < n; i++) {
		record = &q->records[torture_random(rnd, q->records_count)];
		serving = READ_ONCE(q->serving);
		if (serving && torture_one_in(rnd, 4))
			record = serving;
		if (torture_one_in(rnd, 3)) {
			timer = &q->timers[torture_random(rnd, TORTURE_TIMERS)];
			WRITE_ONCE(timer->record, record);
			hrtimer_start(&timer->timer,
				      torture_random(rnd, 200000),
				      HRTIMER_MODE_REL);
		} else {
			torture_cancel(queue, record);
		}
	}
	if (torture_one_in(rnd, 64)) {
		i = torture_random(rnd, torture_submitters + 2);
		torture_call(thread, "ddt_queue_cancel_all()");
		atomic_inc(&q->all_begun);
		if (i > torture_submitters)
			ddt_queue_cancel_all(queue, NULL, NULL);
		else if (i == torture_submitters)
			ddt_queue_cancel_all(queue, torture_match, &q->device);
		else
			ddt_queue_cancel_all(queue, torture_match,
					     &q->submitters[i]);
		atomic_inc(&q->all_ended);
	}
	torture_return(thread);
	torture_put(q);
	torture_sleep(20, 4000);
}

/* Notes what is known as accepted, and must be completed by a flush. */
static unsigned int torture_flush_begin(struct torture_queue *q, u64 *seen)
{
	struct torture_record *record;
	unsigned int i, n = 0;
	u32 word;

	for (i = 0; i < q->records_count; i++) {
		record = &q->records[i];
		word = atomic_read_acquire(&record->word);
		if (torture_outstanding(word) &&
		    word >> TORTURE_STATE_BITS == READ_ONCE(record->accepted))
			seen[n++] = (u64)i << 32 | word >> TORTURE_STATE_BITS;
	}
	return n;
}

static void torture_flush_check(struct torture_queue *q, const u64 *seen,
				unsigned int n)
{
	struct torture_record *record;
	unsigned int i;
	u32 word;

	for (i = 0; i < n; i++) {
		record = &q->records[seen[i] >> 32];
		word = atomic_read_acquire(&record->word);
		if (torture_outstanding(word) &&
		    word >> TORTURE_STATE_BITS == (u32)seen[i])
			torture_fail(record, "a flush did not wait for it");
	}
}

void torture_flusher_round(struct torture_thread *thread)
{
	struct torture_queue *q = thread->queue;
	ktime_t timeout, begin;
	struct ddt_queue *queue;
	unsigned int flags, n;
	int ret;

	queue = torture_enter(thread, "ddt_queue_flush()");
	if (!queue) {
		torture_wait_open(q);
		return;
	}
	timeout = torture_timeout(&thread->rnd, &flags);
	n = torture_flush_begin(q, thread->seen);
	begin = ktime_get();
	ret = ddt_queue_flush(queue, flags, timeout);
	if (!ret)
		torture_flush_check(q, thread->seen, n);
	else if (ret == -EINTR && (!(flags & DDT_WAIT_ALERTABLE) ||
				   !kthread_should_stop()))
		torture_fail(NULL, "a flush was interrupted without a stop");
	else if (ret == -ETIME && !torture_timeout_over(flags, timeout, begin))
		torture_fail(NULL, "a flush timed out too early");
	else if (ret != -EINTR && ret != -ETIME)
		torture_fail(NULL, "ddt_queue_flush() returned %d", ret);
	torture_leave(thread);
	torture_count(TORTURE_COUNT_FLUSHES);
	torture_sleep(20, 8000);
}

/* Changes of a queue's attributes, pauses, and looks */

static void torture_pause(struct torture_thread *thread)
{
	struct torture_queue *q = thread->queue;
	struct torture_record *serving;
	struct ddt_queue *queue;
	ktime_t timeout, begin;
	unsigned int flags;
	int ret;

	queue = torture_enter(thread, "ddt_queue_pause()");
	if (!queue)
		return;
	timeout = torture_timeout(&thread->rnd, &flags);
	begin = ktime_get();
	ret = ddt_queue_pause(queue, flags, timeout);
	if (ret == -ETIME && !torture_timeout_over(flags, timeout, begin))
		torture_fail(NULL, "a pause timed out too early");
	else if (ret == -ESHUTDOWN && !READ_ONCE(q->stopping))
		torture_fail(NULL, "no pause, but the queue is not stopped");
	else if (ret == -EINTR && (!(flags & DDT_WAIT_ALERTABLE) ||
				   !kthread_should_stop()))
		torture_fail(NULL, "a pause was interrupted without a stop");
	else if (ret && ret != -ETIME && ret != -ESHUTDOWN && ret != -EINTR)
		torture_fail(NULL, "ddt_queue_pause() returned %d", ret);
	if (ret) {
		queue = NULL;
	} else {
		queue = torture_get(q);
		/* It is about to be destroyed, or may be gone. */
		if (!queue)
			atomic_inc(&q->left_paused);
	}
	torture_leave(thread);
	if (!queue)
		return;

	serving = READ_ONCE(q->serving);
	if (serving && !READ_ONCE(q->stopping))
		torture_fail(serving, "served during a pause");
	atomic_inc(&q->paused);
	torture_sleep(10, torture_one_in(&thread->rnd, 16) ? 20000 : 1000);
	atomic_dec(&q->paused);
	ret = ddt_queue_resume(queue);
	if (ret)
		torture_fail(NULL, "ddt_queue_resume() returned %d", ret);
	torture_put(q);
	torture_count(TORTURE_COUNT_PAUSES);
}

static void torture_set_nice(struct torture_queue *q, struct ddt_queue *queue,
			     struct rnd_state *rnd)
{
	int nice = (int)torture_random(rnd, 44) - 22, now, ret, expected = 0;

	ret = ddt_queue_set_nice(queue, nice);
	if (nice < -20 || nice > 19)
		expected = -ERANGE;
	else if (q->attr.server == DDT_SERVER_WORKERS)
		expected = -EOPNOTSUPP;
	if (ret != expected && !(ret == -ESRCH && READ_ONCE(q->stopping)))
		torture_fail(NULL, "ddt_queue_set_nice(%d) returned %d", nice,
			     ret);
	if (ret)
		return;
	ret = ddt_queue_nice(queue, &now);
	if (ret || (now != nice && !READ_ONCE(q->stopping)))
		torture_fail(NULL, "nice %d was set and is %d (%d)", nice, now,
			     ret);
}

static void torture_look(struct torture_queue *q, struct ddt_queue *queue)
{
	struct ddt_queue_stats before, after;
	struct ddt_thread_usage usage;
	struct ddt_queue_times times;
	struct ddt_thread *thread;
	int ret;

	ddt_queue_stats(queue, &before);
	q->walks++;
	ddt_queue_for_each(queue, torture_visit, &q->walks);
	ddt_queue_stats(queue, &after);
	if (after.completed > after.submitted ||
	    after.completed < before.completed ||
	    after.submitted < before.submitted ||
	    after.cancelled + after.expired > after.completed ||
	    after.max_queued > q->attr.depth + 1 ||
	    after.queued > after.max_queued)
		torture_fail(NULL,
			     "queue %u: submitted %llu completed %llu cancelled %llu expired %llu queued %u of %u, at most %u, before %llu %llu",
			     q->index, after.submitted, after.completed,
			     after.cancelled, after.expired, after.queued,
			     q->attr.depth, after.max_queued, before.submitted,
			     before.completed);
	ret = ddt_queue_times(queue, &times);
	if (ret != (q->attr.flags & DDT_QUEUE_TIMES ? 0 : -EOPNOTSUPP))
		torture_fail(NULL, "ddt_queue_times() returned %d", ret);

	thread = ddt_queue_get_thread(queue);
	if (thread) {
		ddt_thread_usage(thread, &usage);
		if (!ddt_wait(ddt_thread_object(thread), 0, 1000) &&
		    q->attr.server == DDT_SERVER_THREAD &&
		    !READ_ONCE(q->stopping))
			torture_fail(NULL, "queue %u: its thread has ended",
				     q->index);
		ddt_thread_put(thread);
	}
}

void torture_controller_round(struct torture_thread *thread)
{
	struct torture_queue *q = thread->queue;
	struct rnd_state *rnd = &thread->rnd;
	struct ddt_queue *queue;
	int ret;

	if (torture_one_in(rnd, 4)) {
		torture_pause(thread);
		torture_sleep(100, 20000);
		return;
	}
	queue = torture_get(q);
	if (!queue) {
		torture_wait_open(q);
		return;
	}
	switch (torture_random(rnd, 3)) {
	case 0:
		torture_call(thread, "ddt_queue_set_nice()");
		torture_set_nice(q, queue, rnd);
		break;
	case 1:
		torture_call(thread, "ddt_queue_set_idle_timeout()");
		ret = ddt_queue_set_idle_timeout(queue,
						 1 + torture_random(rnd,
								    2000000));
		if (ret)
			torture_fail(NULL,
				     "ddt_queue_set_idle_timeout() returned %d",
				     ret);
		break;
	default:
		torture_call(thread, "ddt_queue_for_each()");
		torture_look(q, queue);
	}
	torture_return(thread);
	torture_put(q);
	torture_sleep(100, 10000);
}
