// SPDX-License-Identifier: GPL-2.0-only
/*
 * service.c - how the requests of a queue are served
 *
 * The server (server.c) takes one request after the other into service. A
 * request in service is not in the queue; it is known as in_service, so that it
 * can be told that it is cancelled. One that the device is not ready for goes
 * back into the queue: into its flow, if it can be served again at once or the
 * others have to wait for it; else among the delayed ones until it is due.
 *
 * For a request that nobody asks about the queue's lock is taken once: to take
 * it into service, and to account for the one before.
 */

#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "queue.h"
#include "trace.h"

/* Returns the request to serve next, or NULL and when one will be due. */
static struct ddt_request *ddt_queue_next(struct ddt_queue *queue, ktime_t *due)
{
	struct ddt_request *req;
	struct ddt_flow *flow;

	lockdep_assert_held(&queue->lock);

	*due = DDT_FOREVER;
	if (queue->aborting)
		return NULL;

	/* Once the queue is closed nothing is put back, see below. */
	while (!list_empty(&queue->delayed)) {
		req = list_first_entry(&queue->delayed, struct ddt_request,
				       link);
		if (!queue->closed && ktime_get() < req->due) {
			*due = req->due;
			break;
		}
		list_del(&req->link);
		ddt_flow_add_last(queue, req);
		req->due = 0;
	}

	list_for_each_entry(flow, &queue->flows, link) {
		req = list_first_entry(&flow->requests, struct ddt_request,
				       link);
		if (!req->due || queue->closed || ktime_get() >= req->due)
			return req;
		/* Its flow has to wait for it, or everybody. */
		*due = min(*due, req->due);
		if (req->retry_place == DDT_RETRY_FIRST) {
			*due = req->due;
			return NULL;
		}
	}
	return NULL;
}

/* A request that was served, and is completed; it may be gone. */
struct ddt_served {
	bool unaccounted;
	u8 epoch;
	u64 queued_ns;
	u64 service_ns;
};

static unsigned int ddt_time_bucket(u64 ns)
{
	return min_t(unsigned int, ns ? ilog2(ns) : 0,
		     DDT_QUEUE_TIME_BUCKETS - 1);
}

static void ddt_queue_account_served(struct ddt_queue *queue,
				     struct ddt_served *served)
{
	struct ddt_queue_times *times = queue->times;

	lockdep_assert_held(&queue->lock);

	if (!served->unaccounted)
		return;
	served->unaccounted = false;
	if (times) {
		times->queued[ddt_time_bucket(served->queued_ns)]++;
		times->service[ddt_time_bucket(served->service_ns)]++;
	}
	ddt_queue_account_completed(queue, served->epoch);
}

/*
 * Takes the next request into service. If there is none, makes it known that
 * the server sleeps, and returns NULL and when there will be one.
 */
static struct ddt_request *ddt_queue_begin(struct ddt_queue *queue,
					   struct ddt_served *served,
					   ktime_t *due)
{
	struct ddt_request *req;
	bool expired, sleeps;

	for (;;) {
		ddt_queue_lock(queue);
		ddt_queue_account_served(queue, served);
		req = ddt_queue_next(queue, due);
		if (!req) {
			queue->idle_after = queue->idle_timeout;
			sleeps = ddt_server_sleeps(queue);
			ddt_queue_unlock(queue);
			if (sleeps)
				return NULL;
			continue;
		}

		expired = req->deadline &&
			  ddt_deadline_passed(req, ktime_get());
		if (expired) {
			ddt_queue_claim(queue, req, DDT_REQUEST_IDLE);
		} else {
			ddt_queue_claim(queue, req, DDT_REQUEST_IN_SERVICE);
			ddt_flow_end_turn(queue, req);
			queue->in_service = req;
			atomic_set(&queue->service, DDT_SERVICE_GOES_ON);
			req->begun = true;
			req->due = 0;
			trace_ddt_request_begin(queue->name, req->number,
						ddt_queue_queued(queue));
		}
		ddt_queue_unlock(queue);
		if (!expired)
			return req;
		ddt_queue_complete_unserved(queue, req, -ETIME);
	}
}

/* Returns the request in service, which stays there under the lock, or NULL. */
struct ddt_request *ddt_queue_in_service(struct ddt_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	/* Pairs with the one in ddt_queue_end(). */
	if (atomic_cmpxchg(&queue->service, DDT_SERVICE_GOES_ON,
			   DDT_SERVICE_HELD) == DDT_SERVICE_NONE)
		return NULL;
	return queue->in_service;
}

/*
 * Puts a request back that was not ready and returns 0, or returns the status
 * to complete it with. A queue that is being stopped gives each request one
 * more chance.
 */
static int ddt_queue_put_back(struct ddt_queue *queue, struct ddt_request *req)
{
	struct list_head *behind = &queue->delayed;
	struct ddt_request *other;

	lockdep_assert_held(&queue->lock);

	if (req->cancelled)
		return -ECANCELED;
	if (queue->closed)
		return -ESHUTDOWN;

	if (req->retry_place != DDT_RETRY_LAST) {
		ddt_flow_add_first(queue, req,
				   req->retry_place == DDT_RETRY_FIRST);
	} else if (!req->due) {
		ddt_flow_add_last(queue, req);
	} else {
		list_for_each_entry_reverse(other, &queue->delayed, link) {
			if (other->due <= req->due) {
				behind = &other->link;
				break;
			}
		}
		list_add(&req->link, behind);
	}
	WRITE_ONCE(req->state, DDT_REQUEST_QUEUED);
	WRITE_ONCE(queue->left, queue->left - 1);
	queue->stats.retried++;
	trace_ddt_request_retry(queue->name, req->number,
				ddt_queue_queued(queue));
	trace_ddt_depth(queue->name, ddt_queue_queued(queue));
	return 0;
}

/*
 * Takes a request out of service: from here on it cannot be cancelled. Returns
 * whether it is to be completed, with *@status.
 */
static bool ddt_queue_end(struct ddt_queue *queue, struct ddt_request *req,
			  int *status)
{
	bool put_back = false;

	/* Without the lock if nobody has asked for it and it is over. */
	if (req->retry ||
	    atomic_cmpxchg(&queue->service, DDT_SERVICE_GOES_ON,
			   DDT_SERVICE_NONE) != DDT_SERVICE_GOES_ON) {
		ddt_queue_lock(queue);
		atomic_set(&queue->service, DDT_SERVICE_NONE);
		if (req->cancelled)
			ddt_event_reset(&queue->cancel);
		if (req->retry) {
			*status = ddt_queue_put_back(queue, req);
			put_back = !*status;
		}
		ddt_queue_unlock(queue);
	}
	if (!put_back)
		WRITE_ONCE(req->state, DDT_REQUEST_IDLE);
	return !put_back;
}

static void ddt_queue_serve_one(struct ddt_queue *queue,
				struct ddt_request *req,
				struct ddt_served *served)
{
	ktime_t begin = 0, end = 0;
	u64 number = req->number;
	u8 epoch = req->epoch;
	int status;

	req->retry = false;
	if (queue->times) {
		begin = ktime_get();
		req->queued_ns += ktime_to_ns(ktime_sub(begin, req->stamp));
	}
	trace_ddt_service(queue->name, number, 'B');
	status = queue->ops->serve(queue, req);
	trace_ddt_service(queue->name, number, 'E');
	if (queue->times) {
		end = ktime_get();
		req->service_ns += ktime_to_ns(ktime_sub(end, begin));
		req->stamp = end;
	}
	if (!ddt_queue_end(queue, req, &status))
		return;

	req->status = status;
	*served = (struct ddt_served){
		.unaccounted = true,
		.epoch = epoch,
		.queued_ns = req->queued_ns,
		.service_ns = req->service_ns,
	};
	trace_ddt_request_complete(queue->name, number, status);
	queue->ops->complete(queue, req);
}

/*
 * For the server: serves requests until there is none. Then makes it known that
 * the server sleeps. Returns whether there was one, and when there will be the
 * next.
 */
bool ddt_queue_serve(struct ddt_queue *queue, ktime_t *due)
{
	struct ddt_served served = { .unaccounted = false };
	struct ddt_request *req;
	bool any = false;

	while ((req = ddt_queue_begin(queue, &served, due))) {
		ddt_queue_serve_one(queue, req, &served);
		any = true;
		/* There may always be another, and none that sleeps. */
		cond_resched();
	}
	return any;
}

/**
 * ddt_request_cancelled() - whether a request in service has been cancelled
 * @req: the request
 *
 * Windows: the Cancel member of the IRP.
 *
 * Context: Any; for ddt_queue_ops.serve().
 * Return: true if it should be ended, with -ECANCELED or what else is true.
 */
bool ddt_request_cancelled(const struct ddt_request *req)
{
	return READ_ONCE(req->cancelled);
}
EXPORT_SYMBOL_GPL(ddt_request_cancelled);

/**
 * ddt_request_retry() - put a request back that the device is not ready for
 * @req: the request in service
 * @delay: after which time to serve it again, in ns
 * @place: before or behind the other requests
 *
 * To be called before returning from ddt_queue_ops.serve(), the result of which
 * does not count then. The request is put back even if the queue is full. While
 * it is delayed it can be cancelled as any queued request.
 *
 * Context: ddt_queue_ops.serve().
 */
void ddt_request_retry(struct ddt_request *req, ktime_t delay,
		       enum ddt_retry_place place)
{
	req->due = delay > 0 ? ktime_add_safe(ktime_get(), delay) : 0;
	req->retry = true;
	req->retry_place = place;
}
EXPORT_SYMBOL_GPL(ddt_request_retry);

/**
 * ddt_queue_cancel_object() - the object that is signaled by a cancellation
 * @queue: the queue
 *
 * For ddt_queue_ops.serve(), to wait for it beside what it waits for.
 *
 * Context: Any.
 * Return: an object that is signaled while the request in service is
 * cancelled.
 */
struct ddt_object *ddt_queue_cancel_object(struct ddt_queue *queue)
{
	return &queue->cancel.object;
}
EXPORT_SYMBOL_GPL(ddt_queue_cancel_object);

/**
 * ddt_queue_delay() - sleep in a callback of a queue
 * @queue: the queue
 * @delay: for how long, in ns
 *
 * Never returns 0 early.
 *
 * Context: ddt_queue_ops.serve() and .idle(), may sleep.
 * Return: 0 when the time is over; -ECANCELED as soon as the request in service
 * is cancelled or, in .idle(), the queue is stopped.
 */
int ddt_queue_delay(struct ddt_queue *queue, ktime_t delay)
{
	return ddt_wait(&queue->cancel.object, 0, delay) ? 0 : -ECANCELED;
}
EXPORT_SYMBOL_GPL(ddt_queue_delay);

/**
 * ddt_queue_times() - histograms of the times that requests took
 * @queue: the queue
 * @times: where to store them
 *
 * Only requests that were served are counted.
 *
 * Context: As ddt_queue_cancel().
 * Return: 0, or -EOPNOTSUPP if the queue was created without
 * %DDT_QUEUE_TIMES.
 */
int ddt_queue_times(struct ddt_queue *queue, struct ddt_queue_times *times)
{
	if (!queue->times)
		return -EOPNOTSUPP;
	ddt_queue_lock(queue);
	*times = *queue->times;
	ddt_queue_unlock(queue);
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_queue_times);
