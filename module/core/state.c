// SPDX-License-Identifier: GPL-2.0-only
/*
 * state.c - every change of a request's state: see state.h
 *
 * Functions that take the lock themselves say so; all others are called with it.
 */

#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/prefetch.h>
#include <linux/sched.h>

#include "../compat.h"
#include "state.h"
#include "trace.h"

/* In ->service: the request is needed, the server must take the lock. */
#define DDT_SERVICE_HELD	1UL

enum ddt_caller_state {
	DDT_CALLER_WAITS,
	DDT_CALLER_DECIDED,
	DDT_CALLER_GIVEN_UP,
};

static void ddt_queue_assert_held(const struct ddt_queue *queue)
{
	ddt_monitor_assert_held(&queue->server.monitor);
}

/* Its waiters are woken when the lock is dropped. */
void ddt_queue_set_event(struct ddt_queue *queue, struct ddt_event *event)
{
	ddt_monitor_set_event(&queue->server.monitor, event);
}

/* Has the server look for requests, unless it must not serve any. */
void ddt_queue_wake(struct ddt_queue *queue)
{
	ddt_queue_assert_held(queue);

	if (!queue->pauses || queue->server.closed)
		ddt_server_wake(&queue->server);
}

/* Has the server look again, but starts nothing if there is nothing to do. */
void ddt_queue_wake_if_needed(struct ddt_queue *queue)
{
	ddt_queue_assert_held(queue);

	if (!queue->server.closed &&
	    (queue->server.has_thread || queue->worked || queue->queued ||
	     queue->blocked))
		ddt_queue_wake(queue);
}

/* Called whenever one of the conditions may have become true. */
void ddt_queue_check_drained(struct ddt_queue *queue)
{
	ddt_queue_assert_held(queue);

	if (queue->server.closed && queue->completed == queue->submitted &&
	    !queue->blocked && !queue->leaving &&
	    !ddt_flush_any(&queue->flushes))
		ddt_queue_set_event(queue, &queue->drained);
}

/* Callers that wait for the queue */

static void ddt_caller_init(struct ddt_caller *caller)
{
	atomic_set(&caller->state, DDT_CALLER_WAITS);
	ddt_event_init(&caller->done, DDT_EVENT_MANUAL, false);
}

/* Returns false if the caller has given up: it will take the lock. */
static bool ddt_caller_decide(struct ddt_caller *caller)
{
	return atomic_cmpxchg(&caller->state, DDT_CALLER_WAITS,
			      DDT_CALLER_DECIDED) == DDT_CALLER_WAITS;
}

/*
 * Without the lock: returns 0 when the caller's case is decided, and then the
 * queue may be gone. Otherwise the caller has given up, and must leave.
 */
int ddt_caller_wait(struct ddt_caller *caller, unsigned int flags,
		    ktime_t timeout)
{
	int ret = ddt_wait(&caller->done.object, flags, timeout);

	/* If it has been decided meanwhile the event is about to be set. */
	if (ret && atomic_cmpxchg(&caller->state, DDT_CALLER_WAITS,
				  DDT_CALLER_GIVEN_UP) != DDT_CALLER_WAITS)
		ret = ddt_wait(&caller->done.object, 0, DDT_FOREVER);
	return ret;
}

/* Flushes */

/* Ends those that are done. */
static void ddt_flusher_end_done(struct ddt_queue *queue)
{
	struct ddt_flusher *flusher;
	struct ddt_flush *flush;
	int i;

	ddt_queue_assert_held(queue);

	for (i = 0; i < DDT_CHUNK; i++) {
		flush = ddt_flush_done(&queue->flushes);
		if (!flush)
			return;
		flusher = container_of(flush, struct ddt_flusher, flush);
		if (ddt_caller_decide(&flusher->caller))
			ddt_queue_set_event(queue, &flusher->caller.done);
		else
			queue->leaving++;
	}
	ddt_server_queue_work(&queue->expire);	/* for the others */
}

/* Returns false if there is nothing to wait for. */
bool ddt_flusher_add(struct ddt_queue *queue, struct ddt_flusher *flusher)
{
	u64 outstanding = queue->submitted - queue->completed;

	ddt_queue_assert_held(queue);

	if (!outstanding)
		return false;
	ddt_caller_init(&flusher->caller);
	ddt_flush_add(&queue->flushes, &flusher->flush, queue->submitted,
		      outstanding);
	return true;
}

/* For a flusher that has given up. Takes the lock. */
void ddt_flusher_leave(struct ddt_queue *queue, struct ddt_flusher *flusher)
{
	ddt_queue_lock(queue);
	if (RB_EMPTY_NODE(&flusher->flush.node)) {
		queue->leaving--;
	} else {
		ddt_flush_remove(&queue->flushes, &flusher->flush);
		ddt_flusher_end_done(queue);
	}
	ddt_queue_check_drained(queue);
	ddt_queue_unlock(queue);
}

/* Into the queue */

static void ddt_queue_arm_expiry(struct ddt_queue *queue, ktime_t deadline)
{
	/* It may still be begun at that very time. */
	hrtimer_start(&queue->expiry, ktime_add_safe(deadline, 1),
		      HRTIMER_MODE_ABS);
}

/* A slot is granted: from here on the request will be completed. */
static void ddt_request_accept(struct ddt_queue *queue, struct ddt_request *req)
{
	ddt_queue_assert_held(queue);

	req->number = ++queue->submitted;
	queue->queued++;
	queue->max_queued = max(queue->max_queued, queue->queued);
	req->cancelled = false;
	req->begun = false;
	if (queue->times) {
		req->queued_ns = 0;
		req->service_ns = 0;
		req->stamp = ktime_get();
	}
	req->entry.state = DDT_REQUEST_QUEUED;
	ddt_order_add(&queue->order, req, false);
	if (req->deadline && ddt_order_add_deadline(&queue->order, req))
		ddt_queue_arm_expiry(queue, req->deadline);
	trace_ddt_request_submit(queue->server.name, req->number,
				 queue->queued);
	trace_ddt_depth(queue->server.name, queue->queued);
}

/*
 * Decides about a blocked submission: @ret is 0 to accept it, or why it is
 * refused. Returns false if its submitter has given up.
 */
static bool ddt_request_unblock(struct ddt_queue *queue,
				struct ddt_request *req, int ret)
{
	struct ddt_blocked *blocked = req->blocked;

	ddt_queue_assert_held(queue);

	if (list_empty(&req->link))
		return false;
	ddt_order_unblock(&queue->order, req);
	queue->blocked--;
	if (!ddt_caller_decide(&blocked->caller)) {
		queue->leaving++;
		return false;
	}
	blocked->ret = ret;
	ddt_order_end_blocked_turn(&queue->order, req);
	if (ret) {
		list_del(&req->entry.link);
		req->entry.state = DDT_REQUEST_IDLE;
	} else {
		ddt_request_accept(queue, req);
	}
	ddt_queue_set_event(queue, &blocked->caller.done);
	return true;
}

/* Grants free slots to blocked submitters. */
static void ddt_queue_admit(struct ddt_queue *queue)
{
	struct ddt_request *req;
	bool any = false;
	int i;

	ddt_queue_assert_held(queue);

	/* Any that are passed over will come here when they leave. */
	for (i = 0; i < DDT_CHUNK; i++) {
		if (queue->server.closed || list_empty(&queue->order.blocked) ||
		    queue->queued + queue->slot_kept >= queue->depth)
			break;
		req = ddt_order_next_blocked(&queue->order);
		if (!req)
			queue->slot_kept = true;
		else
			ddt_request_unblock(queue, req, 0);
		any = true;
	}
	/* A server that finds nothing to serve gives up the slot that is kept. */
	if (any)
		ddt_queue_wake(queue);
}

static int ddt_request_check(const struct ddt_queue *queue,
			     const struct ddt_request *req)
{
	if (READ_ONCE(req->entry.state) != DDT_REQUEST_IDLE)
		return -EBUSY;
	return queue->server.closed ? -ESHUTDOWN : 0;
}

/* The server is not woken yet. */
int ddt_request_submit(struct ddt_queue *queue, struct ddt_request *req)
{
	int err = ddt_request_check(queue, req);

	ddt_queue_assert_held(queue);

	if (unlikely(err))
		return err;
	if (unlikely(queue->queued >= queue->depth)) {
		if (queue->blocked)
			ddt_order_refused(&queue->order);
		return -EAGAIN;
	}
	queue->slot_kept = false;
	list_add_tail(&req->entry.link, &queue->all);
	ddt_request_accept(queue, req);
	return 0;
}

/* Returns -EAGAIN if the submitter must wait for a slot. */
int ddt_request_submit_or_block(struct ddt_queue *queue,
				struct ddt_request *req,
				struct ddt_blocked *blocked)
{
	int err = ddt_request_check(queue, req);

	ddt_queue_assert_held(queue);

	if (err)
		return err;
	if (!queue->blocked && queue->queued < queue->depth) {
		queue->slot_kept = false;
		list_add_tail(&req->entry.link, &queue->all);
		ddt_request_accept(queue, req);
		return 0;
	}
	if (ddt_server_is_current(&queue->server))
		return -EDEADLK;

	req->entry.state = DDT_REQUEST_BLOCKED;
	req->blocked = blocked;
	ddt_caller_init(&blocked->caller);
	list_add_tail(&req->entry.link, &queue->all);
	ddt_order_block(&queue->order, req);
	queue->blocked++;
	return -EAGAIN;
}

/* For a submitter that has given up. Takes the lock. */
void ddt_request_leave_blocked(struct ddt_queue *queue, struct ddt_request *req)
{
	ddt_queue_lock(queue);
	if (list_empty(&req->link)) {
		queue->leaving--;
	} else {
		ddt_order_unblock(&queue->order, req);
		queue->blocked--;
	}
	list_del(&req->entry.link);
	req->entry.state = DDT_REQUEST_IDLE;
	ddt_queue_admit(queue);
	ddt_queue_check_drained(queue);
	ddt_queue_unlock(queue);
}

/* Refuses some blocked submitters of a closed queue; returns whether any. */
bool ddt_queue_refuse_blocked(struct ddt_queue *queue)
{
	struct ddt_request *req;
	bool any = false;
	int i;

	ddt_queue_assert_held(queue);

	for (i = 0; i < DDT_CHUNK && !list_empty(&queue->order.blocked); i++) {
		req = ddt_order_next_blocked(&queue->order);
		if (req)
			ddt_request_unblock(queue, req, -ESHUTDOWN);
		any = true;
	}
	return any;
}

/* Out of the queue */

/* The request has left its order. */
static void ddt_request_free_slot(struct ddt_queue *queue,
				  struct ddt_request *req)
{
	ddt_queue_assert_held(queue);

	if (unlikely(req->deadline) && !req->begun)
		ddt_order_remove_deadline(&queue->order, req);
	queue->queued--;
	trace_ddt_depth(queue->server.name, queue->queued);
	if (unlikely(!list_empty(&queue->order.blocked)))
		ddt_queue_admit(queue);
}

/* @req has left its order: the caller must complete it with @status, unserved. */
static void ddt_request_set_claimed(struct ddt_queue *queue,
				    struct ddt_request *req, int status)
{
	queue->claimed++;
	if (status == -ETIME)
		queue->expired++;
	else
		queue->cancelled++;
	list_del(&req->entry.link);
	req->entry.state = DDT_REQUEST_CLAIMED;
	ddt_request_free_slot(queue, req);
}

/* Takes out a request that is queued or delayed, and claims it. */
static void ddt_request_claim(struct ddt_queue *queue, struct ddt_request *req,
			      int status)
{
	if (req->entry.state == DDT_REQUEST_DELAYED)
		ddt_order_undelay(&queue->order, req);
	else
		ddt_order_remove(&queue->order, req);
	ddt_request_set_claimed(queue, req, status);
}

/* @number: that of a request that has been completed, and may be gone. */
static void ddt_queue_count_completed(struct ddt_queue *queue, u64 number)
{
	ddt_queue_assert_held(queue);

	queue->completed++;
	if (unlikely(ddt_flush_any(&queue->flushes))) {
		ddt_flush_count(&queue->flushes, number);
		ddt_flusher_end_done(queue);
	}
	if (unlikely(queue->server.closed))
		ddt_queue_check_drained(queue);
}

/* Completes a request that was claimed before it was begun. Takes the lock. */
void ddt_request_complete_unserved(struct ddt_queue *queue,
				   struct ddt_request *req, int status)
{
	u64 number = req->number;

	if (queue->times)
		req->queued_ns += ktime_to_ns(ktime_sub(ktime_get(),
							req->stamp));
	req->status = status;
	trace_ddt_request_complete(queue->server.name, number, status);
	WRITE_ONCE(req->entry.state, DDT_REQUEST_IDLE);
	queue->ops->complete(queue, req);

	ddt_queue_lock(queue);
	queue->claimed--;
	ddt_queue_count_completed(queue, number);
	ddt_queue_unlock(queue);
}

/*
 * Cancels a request, or with another @status aborts it. Returns 0 if the caller
 * must complete it with that; 1 if it was blocked, and its submitter gets
 * @status; -EINPROGRESS if it is in service; -EALREADY if it is elsewhere.
 */
int ddt_request_cancel(struct ddt_queue *queue, struct ddt_request *req,
		       int status)
{
	ddt_queue_assert_held(queue);

	switch (READ_ONCE(req->entry.state)) {
	case DDT_REQUEST_BLOCKED:
		return ddt_request_unblock(queue, req, status) ? 1 : -EALREADY;
	case DDT_REQUEST_DELAYED:
		/* Its flow may have waited for it. */
		ddt_queue_wake(queue);
		fallthrough;
	case DDT_REQUEST_QUEUED:
		if (status == -ECANCELED)
			trace_ddt_request_cancel(queue->server.name,
						 req->number, false);
		ddt_request_claim(queue, req, status);
		return 0;
	case DDT_REQUEST_IN_SERVICE:
		if (ddt_request_hold(queue) != req)
			return -EALREADY;
		WRITE_ONCE(req->cancelled, true);
		ddt_queue_set_event(queue, &queue->cancel);
		trace_ddt_request_cancel(queue->server.name, req->number, true);
		return -EINPROGRESS;
	default:
		return -EALREADY;
	}
}

/* ddt_request_cancel() for all requests that match. Takes the lock. */
void ddt_queue_complete_all(struct ddt_queue *queue, ddt_request_match_t match,
			    const void *context, int status)
{
	struct ddt_request *req, *next;
	struct ddt_walk walk;
	LIST_HEAD(claimed);

	ddt_walk_begin(&walk, queue);
	while ((req = ddt_walk_next(&walk))) {
		if (match && !match(req, context))
			continue;
		if (!ddt_request_cancel(queue, req, status))
			list_add_tail(&req->link, &claimed);
	}
	ddt_walk_end(&walk);

	list_for_each_entry_safe(req, next, &claimed, link) {
		ddt_request_complete_unserved(queue, req, status);
		cond_resched();
	}
}

/* Completes expired requests, also while the server is busy with another. */
static void ddt_queue_expire(struct work_struct *work)
{
	struct ddt_queue *queue = container_of(work, struct ddt_queue, expire);
	struct ddt_request *req;
	bool expired;

	do {
		ddt_queue_lock(queue);
		ddt_flusher_end_done(queue);
		req = ddt_order_first_deadline(&queue->order);
		expired = req && req->deadline < ktime_get();
		if (expired)
			ddt_request_claim(queue, req, -ETIME);
		else if (req)
			ddt_queue_arm_expiry(queue, req->deadline);
		ddt_queue_check_drained(queue);
		ddt_queue_unlock(queue);

		if (expired)
			ddt_request_complete_unserved(queue, req, -ETIME);
		cond_resched();
	} while (expired);
}

static enum hrtimer_restart ddt_queue_expiry(struct hrtimer *timer)
{
	struct ddt_queue *queue = container_of(timer, struct ddt_queue, expiry);

	ddt_server_queue_work(&queue->expire);
	return HRTIMER_NORESTART;
}

/* Service */

/*
 * Returns requests that are due to their flows. Returns when the next one will
 * be due, 0 if others may be due already.
 */
static ktime_t ddt_queue_end_delays(struct ddt_queue *queue)
{
	struct ddt_request *req;
	int i;

	ddt_queue_assert_held(queue);

	for (i = 0; i < DDT_CHUNK; i++) {
		req = ddt_order_first_delayed(&queue->order);
		if (!req)
			return DDT_FOREVER;
		/* A queue that is being stopped does not wait for it. */
		if (!queue->server.closed && ktime_get() < req->key)
			return req->key;
		ddt_order_undelay(&queue->order, req);
		ddt_order_add(&queue->order, req,
			      req->retry_place == DDT_RETRY_HEAD);
		req->entry.state = DDT_REQUEST_QUEUED;
	}
	return 0;
}

/*
 * Takes the next request into service; or out, if it has @expired: then the
 * caller must complete it unserved. If there is none, returns NULL and until
 * when to wait for one: 0 to call this again at once, the lock dropped in
 * between.
 */
struct ddt_request *ddt_request_begin(struct ddt_queue *queue, ktime_t *until,
				      bool *expired)
{
	struct ddt_request *req, *next;

	ddt_queue_assert_held(queue);

	*until = DDT_FOREVER;
	if (unlikely(queue->aborting || (queue->pauses && !queue->server.closed)))
		return NULL;
	if (unlikely(ddt_order_first_delayed(&queue->order)))
		*until = ddt_queue_end_delays(queue);
	req = ddt_order_next(&queue->order);
	if (!req) {
		if (unlikely(queue->slot_kept)) {
			/* It was not wanted in time. */
			queue->slot_kept = false;
			ddt_queue_admit(queue);
			*until = 0;
		}
		return NULL;
	}

	queue->busy = true;
	ddt_order_take(&queue->order, req);
	*expired = unlikely(req->deadline) && !req->begun &&
		   req->deadline < ktime_get();
	if (*expired) {
		ddt_request_set_claimed(queue, req, -ETIME);
		return req;
	}
	list_replace(&req->entry.link, &queue->place.link);
	req->entry.state = DDT_REQUEST_IN_SERVICE;
	ddt_request_free_slot(queue, req);
	req->begun = true;
	req->retry = false;
	WRITE_ONCE(queue->service, (unsigned long)req);
	/* Its link was written when @req was removed, so it is in the cache. */
	next = ddt_order_next(&queue->order);
	if (next)
		prefetchw(list_next_entry(next, link));
	trace_ddt_request_begin(queue->server.name, req->number, queue->queued);
	return req;
}

/* Returns the request in service, which stays there under the lock, or NULL. */
struct ddt_request *ddt_request_hold(struct ddt_queue *queue)
{
	unsigned long service = READ_ONCE(queue->service);

	ddt_queue_assert_held(queue);

	/* Fails only if the server ends the service: pairs with that. */
	while (service && !(service & DDT_SERVICE_HELD) &&
	       !try_cmpxchg(&queue->service, &service,
			    service | DDT_SERVICE_HELD))
		;
	return (struct ddt_request *)(service & ~DDT_SERVICE_HELD);
}

/*
 * Requeues a request that was not ready and returns 0, or returns the status
 * to complete it with.
 */
static int ddt_request_requeue(struct ddt_queue *queue, struct ddt_request *req)
{
	ddt_queue_assert_held(queue);

	if (req->cancelled)
		return -ECANCELED;
	if (queue->server.closed)
		return -ESHUTDOWN;

	list_replace(&queue->place.link, &req->entry.link);
	if (req->key) {
		ddt_order_delay(&queue->order, req, req->key);
		req->entry.state = DDT_REQUEST_DELAYED;
	} else {
		ddt_order_add(&queue->order, req,
			      req->retry_place == DDT_RETRY_HEAD);
		req->entry.state = DDT_REQUEST_QUEUED;
	}
	queue->retried++;
	queue->queued++;
	queue->max_queued = max(queue->max_queued, queue->queued);
	trace_ddt_request_retry(queue->server.name, req->number, queue->queued);
	trace_ddt_depth(queue->server.name, queue->queued);
	return 0;
}

/*
 * Ends the service of a request: from here on it cannot be cancelled. Returns
 * whether to complete it, with *@status. Takes the lock only if @req is held or
 * requeued.
 */
bool ddt_request_end(struct ddt_queue *queue, struct ddt_request *req,
		     int *status)
{
	unsigned long service = (unsigned long)req;
	bool requeued = false;

	/* Pairs with ddt_request_hold(). */
	if (likely(!req->retry) &&
	    likely(try_cmpxchg(&queue->service, &service, 0UL)))
		return true;

	ddt_queue_lock(queue);
	WRITE_ONCE(queue->service, 0UL);
	if (req->cancelled)
		ddt_event_reset(&queue->cancel);
	if (req->retry) {
		*status = ddt_request_requeue(queue, req);
		requeued = !*status;
	}
	ddt_queue_unlock(queue);
	return !requeued;
}

static unsigned int ddt_time_bucket(u64 ns)
{
	return min_t(unsigned int, ns ? ilog2(ns) : 0,
		     DDT_QUEUE_TIME_BUCKETS - 1);
}

void ddt_times_add_last(const struct ddt_times *times,
			struct ddt_queue_times *sums)
{
	sums->queued[ddt_time_bucket(times->queued_ns)]++;
	sums->service[ddt_time_bucket(times->service_ns)]++;
}

/*
 * For the server, when it runs no callback: accounts for the request that it
 * has completed, if any. ->served is its number, and 0 afterwards; the request
 * itself may be gone.
 */
void ddt_request_account(struct ddt_queue *queue)
{
	u64 number = queue->served;

	ddt_queue_assert_held(queue);

	queue->busy = false;
	if (unlikely(queue->pauses))
		ddt_queue_set_event(queue, &queue->quiet);
	if (!number)
		return;
	list_del(&queue->place.link);
	if (queue->times)
		ddt_times_add_last(queue->times, &queue->times->sums);
	ddt_queue_count_completed(queue, number);
	WRITE_ONCE(queue->served, 0);
}

/* Walks */

/* Takes the lock. */
void ddt_walk_begin(struct ddt_walk *walk, struct ddt_queue *queue)
	__acquires(&queue->server.monitor.ready.object.lock)
{
	walk->queue = queue;
	walk->here.state = DDT_ENTRY_CURSOR;
	walk->end.state = DDT_ENTRY_CURSOR;
	walk->left = DDT_CHUNK;
	ddt_queue_lock(queue);
	list_add(&walk->here.link, &queue->all);
	list_add_tail(&walk->end.link, &queue->all);
}

/*
 * Returns the next request, blocked ones included, or NULL. It stays in its
 * state until the next call, which may drop the lock for a moment.
 */
struct ddt_request *ddt_walk_next(struct ddt_walk *walk)
	__must_hold(&walk->queue->server.monitor.ready.object.lock)
{
	struct ddt_queue *queue = walk->queue;
	struct ddt_request *req;
	struct ddt_entry *entry;

	for (;;) {
		if (!walk->left--) {
			ddt_queue_unlock(queue);
			cond_resched();
			ddt_queue_lock(queue);
			walk->left = DDT_CHUNK - 1;
		}
		entry = list_next_entry(&walk->here, link);
		if (entry == &walk->end)
			return NULL;
		list_move(&walk->here.link, &entry->link);
		if (entry->state == DDT_ENTRY_CURSOR)
			continue;
		if (entry != &queue->place)
			return container_of(entry, struct ddt_request, entry);
		req = ddt_request_hold(queue);
		if (req)
			return req;
	}
}

/* Drops the lock. */
void ddt_walk_end(struct ddt_walk *walk)
	__releases(&walk->queue->server.monitor.ready.object.lock)
{
	list_del(&walk->here.link);
	list_del(&walk->end.link);
	ddt_queue_unlock(walk->queue);
}

/* Without the lock, for a queue that is not in use yet, and zeroed. */
void ddt_queue_init(struct ddt_queue *queue)
{
	INIT_LIST_HEAD(&queue->all);
	queue->place.state = DDT_REQUEST_IN_SERVICE;
	ddt_order_init(&queue->order);
	queue->flushes.tree = RB_ROOT_CACHED;
	ddt_event_init(&queue->cancel, DDT_EVENT_MANUAL, false);
	ddt_event_init(&queue->quiet, DDT_EVENT_MANUAL, false);
	ddt_event_init(&queue->drained, DDT_EVENT_MANUAL, false);
	INIT_WORK(&queue->expire, ddt_queue_expire);
	hrtimer_setup(&queue->expiry, ddt_queue_expiry, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
}
