// SPDX-License-Identifier: GPL-2.0-only
/*
 * submit.c - the way of a request into the queue, without a lock
 *
 * To submit costs three atomic operations, in any context. A request passes the
 * gate, where it gets its number, and which is shut when the queue is full or
 * closed. Then it goes to the intake. Whoever takes the queue's lock next, as a
 * rule the server, takes in what is there, so that under the lock all requests
 * that were submitted before are in their flows.
 *
 * Whoever waits for room is let in under the lock by the one who makes room. As
 * long as somebody waits nobody else passes the gate.
 */

#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>

#include "dispatcher.h"
#include "queue.h"
#include "trace.h"

/* Returns 0 and in *@passed the gate as it is then; or why it is shut. */
static int ddt_gate_pass(struct ddt_queue *queue, s64 *passed)
{
	s64 gate = atomic64_read(&queue->gate);
	long depth = queue->depth;

	do {
		if (gate & DDT_GATE_CLOSED)
			return -ESHUTDOWN;
		if (gate & DDT_GATE_WAITERS)
			return -EAGAIN;
		if (ddt_gate_queued(queue, gate) >= depth) {
			/*
			 * That may be of before the gate was read; now it was
			 * full at that moment. Orders the two.
			 */
			smp_rmb();
			if (ddt_gate_queued(queue, gate) >= depth)
				return -EAGAIN;
		}
		*passed = gate + DDT_GATE_ONE;
	} while (!atomic64_try_cmpxchg(&queue->gate, &gate, *passed));
	return 0;
}

/* A request has passed the gate: it is accepted. @gate: as it was then. */
static void ddt_queue_accept(struct ddt_queue *queue, struct ddt_request *req,
			     s64 gate)
{
	unsigned int queued = max(ddt_gate_queued(queue, gate), 0L);

	req->number = ddt_gate_submitted(gate);
	if (queue->times) {
		req->queued_ns = 0;
		req->service_ns = 0;
		req->stamp = ktime_get();
	}
	trace_ddt_request_submit(queue->name, req->number, queued);
	trace_ddt_depth(queue->name, queued);
}

/* Puts a request that is accepted into its flow. */
static void ddt_queue_enter(struct ddt_queue *queue, struct ddt_request *req)
{
	lockdep_assert_held(&queue->lock);

	WRITE_ONCE(req->state, DDT_REQUEST_QUEUED);
	req->cancelled = false;
	req->begun = false;
	req->due = 0;
	req->epoch = queue->epoch;
	queue->outstanding[req->epoch]++;
	ddt_flow_add_last(queue, req);
	if (req->deadline)
		ddt_deadline_schedule(queue, req->deadline);
}

static void ddt_queue_take_in(struct ddt_queue *queue)
{
	struct llist_node *intake = llist_del_all(&queue->intake);
	struct ddt_request *req, *next;

	lockdep_assert_held(&queue->lock);

	intake = llist_reverse_order(intake);
	llist_for_each_entry_safe(req, next, intake, intake)
		ddt_queue_enter(queue, req);
}

void ddt_queue_lock(struct ddt_queue *queue)
	__acquires(&queue->lock)
{
	spin_lock(&queue->lock);
	if (!llist_empty(&queue->intake))
		ddt_queue_take_in(queue);
}

void ddt_queue_unlock(struct ddt_queue *queue)
	__releases(&queue->lock)
{
	spin_unlock(&queue->lock);
}

/**
 * ddt_queue_submit() - queue a request
 * @queue: the queue
 * @req: the request
 *
 * If the request was accepted it belongs to the queue until it is completed,
 * which may have happened before this returns. Takes no lock, unless it has to
 * wake whoever serves the queue or the request has a deadline. Windows:
 * IoMarkIrpPending(), IoCsqInsertIrp() and KeReleaseSemaphore().
 *
 * Context: Any but NMI.
 * Return: 0 if the request was accepted; -EAGAIN if the queue is full or others
 * wait for room, -ESHUTDOWN if it has been stopped, -EBUSY if the request is in
 * a queue. If it was not accepted, it will not be completed.
 */
int ddt_queue_submit(struct ddt_queue *queue, struct ddt_request *req)
{
	bool has_deadline = req->deadline;
	s64 gate;
	int err;

	if (cmpxchg(&req->state, DDT_REQUEST_IDLE, DDT_REQUEST_SUBMITTED) !=
	    DDT_REQUEST_IDLE)
		return -EBUSY;

	/* Pairs with the one who waits in ddt_queue_stop(). */
	rcu_read_lock();
	err = ddt_gate_pass(queue, &gate);
	if (err) {
		WRITE_ONCE(req->state, DDT_REQUEST_IDLE);
		goto unlock;
	}
	ddt_queue_accept(queue, req, gate);
	llist_add(&req->intake, &queue->intake);
	/*
	 * From here on the request may be gone. The barrier that this needs is
	 * the one in llist_add().
	 */
	ddt_server_wake(queue);
	/* Takes in what the server may be too busy for. */
	if (has_deadline)
		mod_delayed_work(ddt_workqueue, &queue->expire, 0);
unlock:
	rcu_read_unlock();
	return err;
}
EXPORT_SYMBOL_GPL(ddt_queue_submit);

/* Whoever waits for room, on the stack; under the queue's lock. */
struct ddt_room_waiter {
	struct list_head link;
	struct ddt_request *req;
	struct ddt_event decided;	/* set when it is no longer linked */
	int ret;
};

static void ddt_room_remove(struct ddt_queue *queue,
			    struct ddt_room_waiter *waiter)
{
	lockdep_assert_held(&queue->lock);

	list_del_init(&waiter->link);
	if (list_empty(&queue->room_waiters))
		atomic64_andnot(DDT_GATE_WAITERS, &queue->gate);
}

/*
 * When a request has left the queue, or the queue was closed: lets those in who
 * wait, in their order.
 */
void ddt_queue_check_room(struct ddt_queue *queue)
{
	struct ddt_room_waiter *waiter;
	s64 gate;

	lockdep_assert_held(&queue->lock);

	while (!list_empty(&queue->room_waiters) &&
	       (ddt_queue_queued(queue) < queue->depth || queue->closed)) {
		waiter = list_first_entry(&queue->room_waiters,
					  struct ddt_room_waiter, link);
		if (queue->closed) {
			waiter->ret = -ESHUTDOWN;
			WRITE_ONCE(waiter->req->state, DDT_REQUEST_IDLE);
		} else {
			waiter->ret = 0;
			gate = atomic64_add_return(DDT_GATE_ONE, &queue->gate);
			ddt_queue_accept(queue, waiter->req, gate);
			ddt_queue_enter(queue, waiter->req);
			ddt_server_wake(queue);
		}
		/* After its request has passed: nobody overtakes it. */
		ddt_room_remove(queue, waiter);
		ddt_event_set(&waiter->decided);
	}
}

/* Begins to wait for room, unless there is some by now. */
static int ddt_room_enter(struct ddt_queue *queue,
			  struct ddt_room_waiter *waiter)
{
	int ret = 0;

	ddt_queue_lock(queue);
	if (cmpxchg(&waiter->req->state, DDT_REQUEST_IDLE,
		    DDT_REQUEST_WAITING) != DDT_REQUEST_IDLE) {
		ret = -EBUSY;
	} else {
		list_add_tail(&waiter->link, &queue->room_waiters);
		atomic64_or(DDT_GATE_WAITERS, &queue->gate);
		ddt_queue_check_room(queue);
	}
	ddt_queue_unlock(queue);
	return ret;
}

/**
 * ddt_queue_submit_wait() - queue a request, wait for room if necessary
 * @queue: the queue
 * @req: the request
 * @flags: as for ddt_wait()
 * @timeout: as for ddt_wait()
 *
 * Those who wait are let in by their order, and before anybody who comes later.
 *
 * Context: Process context, may sleep.
 * Return: 0 if the request was accepted; -ETIME when the time was up, -EINTR
 * see the flags, -EINVAL for unknown flags; -ESHUTDOWN and -EBUSY as for
 * ddt_queue_submit(). If it was not accepted, it will not be completed.
 */
int ddt_queue_submit_wait(struct ddt_queue *queue, struct ddt_request *req,
			  unsigned int flags, ktime_t timeout)
{
	struct ddt_room_waiter waiter = { .req = req };
	int ret, err;

	if (flags & ~DDT_WAIT_FLAGS)
		return -EINVAL;
	ret = ddt_queue_submit(queue, req);
	if (ret != -EAGAIN)
		return ret;

	ddt_event_init(&waiter.decided, DDT_EVENT_MANUAL, false);
	ret = ddt_room_enter(queue, &waiter);
	if (ret)
		return ret;
	err = ddt_wait(&waiter.decided.object, flags, timeout);
	/* Whoever has set it may still hold the lock, and use it. */
	ddt_queue_lock(queue);
	if (list_empty(&waiter.link)) {
		ret = waiter.ret;
	} else {
		ddt_room_remove(queue, &waiter);
		WRITE_ONCE(req->state, DDT_REQUEST_IDLE);
		ret = err;
	}
	ddt_queue_unlock(queue);
	return ret;
}
EXPORT_SYMBOL_GPL(ddt_queue_submit_wait);
