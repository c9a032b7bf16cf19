// SPDX-License-Identifier: GPL-2.0-only
/*
 * queue.c - a queue of requests to a device: submitting, cancelling, stopping
 *
 * What there is to do is read from the queue, so a cancelled request leaves
 * nothing behind but, at the most, one wake-up in vain. How requests are served
 * is in service.c, and by whom in server.c.
 *
 * A request is claimed by whoever takes it out of the queue: by whoever serves
 * it; or, to complete it unserved, by ddt_queue_cancel(), ddt_queue_stop(), or
 * the work that looks after deadlines. As long as the claimant has not
 * completed it the request counts as outstanding. The server is stopped when
 * the queue is closed and nothing is outstanding, so no request is ever served
 * by a thread that is being stopped, where on some kernels interruptible sleeps
 * return at once.
 */

#include <linux/err.h>
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "dispatcher.h"
#include "queue.h"
#include "trace.h"

/* Called whenever one of the two conditions may have become true. */
static void ddt_queue_check_drained(struct ddt_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	if (queue->closed && !queue->outstanding[0] && !queue->outstanding[1])
		ddt_event_set(&queue->drained);
}

/* Puts a request that is accepted into the queue. */
static void ddt_queue_enter(struct ddt_queue *queue, struct ddt_request *req)
{
	struct ddt_queue_stats *stats = &queue->stats;

	lockdep_assert_held(&queue->lock);

	req->number = ++stats->submitted;
	req->state = DDT_REQUEST_QUEUED;
	req->cancelled = false;
	req->begun = false;
	req->due = 0;
	req->epoch = queue->epoch;
	if (queue->times) {
		req->queued_ns = 0;
		req->service_ns = 0;
		req->stamp = ktime_get();
	}
	ddt_flow_add_last(queue, req);
	queue->outstanding[req->epoch]++;
	stats->queued++;
	if (stats->queued > stats->max_queued)
		stats->max_queued = stats->queued;
	trace_ddt_request_submit(queue->name, req->number, stats->queued);
	trace_ddt_depth(queue->name, stats->queued);

	if (req->deadline)
		ddt_deadline_schedule(queue, req->deadline);
	if (queue->sleeping)
		ddt_server_wake(queue);
}

/* Whoever waits for room, on the stack; under the queue's lock. */
struct ddt_room_waiter {
	struct list_head link;
	struct ddt_request *req;
	struct ddt_event decided;	/* set when it is no longer linked */
	int ret;
};

/*
 * When a request has left the queue, or the queue was closed: lets those in who
 * wait, in their order. So there is room for others only if nobody waits.
 */
static void ddt_queue_check_room(struct ddt_queue *queue)
{
	struct ddt_room_waiter *waiter;

	lockdep_assert_held(&queue->lock);

	while (!list_empty(&queue->room_waiters) &&
	       (queue->stats.queued < queue->depth || queue->closed)) {
		waiter = list_first_entry(&queue->room_waiters,
					  struct ddt_room_waiter, link);
		list_del_init(&waiter->link);
		if (queue->closed) {
			waiter->ret = -ESHUTDOWN;
			waiter->req->state = DDT_REQUEST_IDLE;
		} else {
			waiter->ret = 0;
			ddt_queue_enter(queue, waiter->req);
		}
		ddt_event_set(&waiter->decided);
	}
}

void ddt_queue_claim(struct ddt_queue *queue, struct ddt_request *req,
		     enum ddt_request_state state)
{
	lockdep_assert_held(&queue->lock);

	ddt_flow_remove(queue, req);
	req->state = state;
	queue->stats.queued--;
	trace_ddt_depth(queue->name, queue->stats.queued);
	ddt_queue_check_room(queue);
}

/* @epoch: that of the request, which may have been freed. */
void ddt_queue_account_completed(struct ddt_queue *queue, u8 epoch)
{
	lockdep_assert_held(&queue->lock);

	queue->stats.completed++;
	if (!--queue->outstanding[epoch] && epoch != queue->epoch)
		ddt_event_set(&queue->flushed);
	ddt_queue_check_drained(queue);
}

/* Completes a request that was claimed before it was begun. */
void ddt_queue_complete_unserved(struct ddt_queue *queue,
				 struct ddt_request *req, int status)
{
	unsigned long irqflags;
	u8 epoch = req->epoch;

	if (queue->times)
		req->queued_ns += ktime_to_ns(ktime_sub(ktime_get(),
							req->stamp));
	req->status = status;
	trace_ddt_request_complete(queue->name, req->number, status);
	queue->ops->complete(queue, req);

	spin_lock_irqsave(&queue->lock, irqflags);
	if (status == -ETIME)
		queue->stats.expired++;
	else
		queue->stats.cancelled++;
	ddt_queue_account_completed(queue, epoch);
	spin_unlock_irqrestore(&queue->lock, irqflags);
}

static void ddt_queue_cancel_in_service(struct ddt_queue *queue)
{
	struct ddt_request *req = queue->in_service;

	lockdep_assert_held(&queue->lock);

	WRITE_ONCE(req->cancelled, true);
	ddt_event_set(&queue->cancel);
	trace_ddt_request_cancel(queue->name, req->number, true);
}

/* Returns any request that is queued, or NULL. */
static struct ddt_request *ddt_queue_first(struct ddt_queue *queue)
{
	struct list_head *requests = &queue->delayed;

	lockdep_assert_held(&queue->lock);

	if (!list_empty(&queue->flows))
		requests = &list_first_entry(&queue->flows, struct ddt_flow,
					     link)->requests;
	return list_first_entry_or_null(requests, struct ddt_request, link);
}

/* Completes all queued requests unserved. */
void ddt_queue_complete_all(struct ddt_queue *queue, int status)
{
	struct ddt_request *req;

	for (;;) {
		spin_lock_irq(&queue->lock);
		req = ddt_queue_first(queue);
		if (req)
			ddt_queue_claim(queue, req, DDT_REQUEST_IDLE);
		spin_unlock_irq(&queue->lock);
		if (!req)
			return;
		ddt_queue_complete_unserved(queue, req, status);
	}
}

/**
 * ddt_queue_create() - create a queue and its thread
 * @ops: what it calls
 * @context: for the caller, see ddt_queue_context()
 * @attr: its thread, depth and idle time
 *
 * @ops is used until the queue is destroyed, @attr only during the call. A
 * thread's owner has to be NULL if the owner's exit function destroys the
 * queue, and what it refers to has to outlive a lazy queue.
 *
 * Context: Process context, may sleep.
 * Return: the queue, to be freed by ddt_queue_destroy(); or an error pointer:
 * -EINVAL for unknown flags, an unknown server, a depth of 0, or a lazy queue
 * without an idle timeout; -ENOMEM; or what ddt_thread_create() returns.
 */
struct ddt_queue *ddt_queue_create(const struct ddt_queue_ops *ops,
				   void *context,
				   const struct ddt_queue_attr *attr)
{
	struct ddt_queue *queue;
	int err;

	if (!attr->depth || attr->flags & ~DDT_QUEUE_TIMES)
		return ERR_PTR(-EINVAL);

	queue = kzalloc_node(sizeof(*queue), GFP_KERNEL, attr->thread.node);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	queue->ops = ops;
	queue->context = context;
	strscpy(queue->name, attr->thread.name, sizeof(queue->name));
	queue->depth = attr->depth;
	queue->idle_timeout = attr->idle_timeout;
	ddt_event_init(&queue->cancel, DDT_EVENT_MANUAL, false);
	ddt_event_init(&queue->drained, DDT_EVENT_MANUAL, false);
	ddt_event_init(&queue->flushed, DDT_EVENT_MANUAL, false);
	ddt_semaphore_init(&queue->flush_turn, 1, 1);
	ddt_deadline_init(queue);
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->flows);
	ddt_flow_init(&queue->flow);
	INIT_LIST_HEAD(&queue->delayed);
	INIT_LIST_HEAD(&queue->room_waiters);

	if (attr->flags & DDT_QUEUE_TIMES) {
		queue->times = kzalloc_node(sizeof(*queue->times), GFP_KERNEL,
					    attr->thread.node);
		if (!queue->times) {
			err = -ENOMEM;
			goto free_queue;
		}
	}
	err = ddt_server_start(queue, attr);
	if (err)
		goto free_times;
	return queue;

free_times:
	kfree(queue->times);
free_queue:
	kfree(queue);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(ddt_queue_create);

/**
 * ddt_queue_destroy() - stop a queue and free it
 * @queue: the queue, for which nobody calls anything else any more
 *
 * If it has not been stopped, its requests are aborted: see ddt_queue_stop().
 *
 * Context: Process context, may sleep; not a callback of the queue.
 */
void ddt_queue_destroy(struct ddt_queue *queue)
{
	if (WARN_ON(ddt_queue_stop(queue, DDT_QUEUE_ABORT)))
		return;
	ddt_server_free(queue);
	kfree(queue->times);
	kfree(queue);
}
EXPORT_SYMBOL_GPL(ddt_queue_destroy);

/**
 * ddt_queue_context() - what the creator of a queue passed as context
 * @queue: the queue
 *
 * Context: Any.
 * Return: the pointer.
 */
void *ddt_queue_context(const struct ddt_queue *queue)
{
	return queue->context;
}
EXPORT_SYMBOL_GPL(ddt_queue_context);

/**
 * ddt_request_init() - initialise a request
 * @req: the request, which is not queued
 *
 * Needed once; afterwards a request that has been completed can be submitted
 * again.
 *
 * Context: Any.
 */
void ddt_request_init(struct ddt_request *req)
{
	*req = (struct ddt_request){ .state = DDT_REQUEST_IDLE };
}
EXPORT_SYMBOL_GPL(ddt_request_init);

/* Queues @req; if there is no room and @waiter is given, registers for it. */
static int ddt_queue_add(struct ddt_queue *queue, struct ddt_request *req,
			 struct ddt_room_waiter *waiter)
{
	unsigned long irqflags;
	int ret = 0;

	spin_lock_irqsave(&queue->lock, irqflags);
	if (req->state != DDT_REQUEST_IDLE) {
		ret = -EBUSY;
	} else if (queue->closed) {
		ret = -ESHUTDOWN;
	} else if (queue->stats.queued < queue->depth) {
		ddt_queue_enter(queue, req);
	} else {
		ret = -EAGAIN;
		if (waiter) {
			req->state = DDT_REQUEST_WAITING;
			list_add_tail(&waiter->link, &queue->room_waiters);
		}
	}
	spin_unlock_irqrestore(&queue->lock, irqflags);
	return ret;
}

/**
 * ddt_queue_submit() - queue a request
 * @queue: the queue
 * @req: the request
 *
 * If the request was accepted it belongs to the queue until it is completed,
 * which may have happened before this returns. Windows: IoMarkIrpPending(),
 * IoCsqInsertIrp() and KeReleaseSemaphore().
 *
 * Context: Any but NMI; on PREEMPT_RT, any that may take a spin lock.
 * Return: 0 if the request was accepted; -EAGAIN if the queue is full,
 * -ESHUTDOWN if it has been stopped, -EBUSY if the request is in a queue.
 * If it was not accepted, it will not be completed.
 */
int ddt_queue_submit(struct ddt_queue *queue, struct ddt_request *req)
{
	return ddt_queue_add(queue, req, NULL);
}
EXPORT_SYMBOL_GPL(ddt_queue_submit);

/**
 * ddt_queue_submit_wait() - queue a request, wait for room if necessary
 * @queue: the queue
 * @req: the request
 * @flags: as for ddt_wait()
 * @timeout: as for ddt_wait()
 *
 * Those who wait have their turn in their order, before anybody who comes later.
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

	ddt_event_init(&waiter.decided, DDT_EVENT_MANUAL, false);
	ret = ddt_queue_add(queue, req, &waiter);
	if (ret != -EAGAIN)
		return ret;

	err = ddt_wait(&waiter.decided.object, flags, timeout);
	/* Whoever has set it may still hold the lock, and use it. */
	spin_lock_irq(&queue->lock);
	if (list_empty(&waiter.link)) {
		ret = waiter.ret;
	} else {
		list_del(&waiter.link);
		req->state = DDT_REQUEST_IDLE;
		ret = err;
	}
	spin_unlock_irq(&queue->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(ddt_queue_submit_wait);

/**
 * ddt_queue_cancel() - cancel a request
 * @queue: the queue
 * @req: a request that was submitted to it; the caller must see to it that its
 *	memory is not freed meanwhile
 *
 * A queued request is completed at once, in the caller's context. One in
 * service is told: ddt_request_cancelled() becomes true and ddt_queue_delay()
 * ends. Windows: IoCancelIrp() and IoCsqRemoveIrp().
 *
 * Context: As ddt_queue_submit(), if ddt_queue_ops.complete() permits.
 * Return: 0 if the request was queued and has been completed with -ECANCELED;
 * -EINPROGRESS if it is in service and has been told; -EALREADY if it is
 * neither, because it has been completed or claimed by somebody else who will
 * complete it.
 */
int ddt_queue_cancel(struct ddt_queue *queue, struct ddt_request *req)
{
	unsigned long irqflags;
	int ret;

	spin_lock_irqsave(&queue->lock, irqflags);
	if (req->state == DDT_REQUEST_QUEUED) {
		trace_ddt_request_cancel(queue->name, req->number, false);
		ddt_queue_claim(queue, req, DDT_REQUEST_IDLE);
		/* The others may have had to wait for it. */
		if (queue->sleeping && ddt_queue_has_requests(queue))
			ddt_server_wake(queue);
		ret = 0;
	} else if (req->state == DDT_REQUEST_IN_SERVICE &&
		   queue->in_service == req) {
		ddt_queue_cancel_in_service(queue);
		ret = -EINPROGRESS;
	} else {
		ret = -EALREADY;
	}
	spin_unlock_irqrestore(&queue->lock, irqflags);

	if (!ret)
		ddt_queue_complete_unserved(queue, req, -ECANCELED);
	return ret;
}
EXPORT_SYMBOL_GPL(ddt_queue_cancel);

/* Takes those that match out of a list of queued requests. */
static void ddt_queue_claim_matching(struct ddt_queue *queue,
				     struct list_head *list,
				     ddt_request_match_t match,
				     const void *context,
				     struct list_head *claimed)
{
	struct ddt_request *req, *next;

	lockdep_assert_held(&queue->lock);

	list_for_each_entry_safe(req, next, list, link) {
		if (!match(req, context))
			continue;
		trace_ddt_request_cancel(queue->name, req->number, false);
		ddt_queue_claim(queue, req, DDT_REQUEST_IDLE);
		list_add_tail(&req->link, claimed);
	}
}

/**
 * ddt_queue_cancel_all() - cancel all requests that match
 * @queue: the queue
 * @match: tells whether a request is one of them; called with a spin lock held
 *	and interrupts off
 * @context: for @match
 *
 * Does with each what ddt_queue_cancel() does. As none of them can be completed
 * meanwhile, nobody has to see to it that their memory is not freed. Windows:
 * IoCsqRemoveNextIrp(), in a loop, when a file is cleaned up.
 *
 * Context: As ddt_queue_cancel().
 */
void ddt_queue_cancel_all(struct ddt_queue *queue, ddt_request_match_t match,
			  const void *context)
{
	struct ddt_flow *flow, *next_flow;
	struct ddt_request *req, *next;
	unsigned long irqflags;
	LIST_HEAD(claimed);

	spin_lock_irqsave(&queue->lock, irqflags);
	list_for_each_entry_safe(flow, next_flow, &queue->flows, link)
		ddt_queue_claim_matching(queue, &flow->requests, match, context,
					 &claimed);
	ddt_queue_claim_matching(queue, &queue->delayed, match, context,
				 &claimed);
	if (queue->in_service && match(queue->in_service, context))
		ddt_queue_cancel_in_service(queue);
	/* The others may have had to wait for them. */
	if (!list_empty(&claimed) && queue->sleeping &&
	    ddt_queue_has_requests(queue))
		ddt_server_wake(queue);
	spin_unlock_irqrestore(&queue->lock, irqflags);

	list_for_each_entry_safe(req, next, &claimed, link)
		ddt_queue_complete_unserved(queue, req, -ECANCELED);
}
EXPORT_SYMBOL_GPL(ddt_queue_cancel_all);

/**
 * ddt_queue_stop() - stop a queue
 * @queue: the queue
 * @mode: what becomes of its requests
 *
 * No more requests are accepted. A request that was put back is tried again at
 * once, and completed with -ESHUTDOWN if it is still not ready. When it
 * returns, all requests have been completed, the thread has ended, and no
 * callback runs. May be called by several at a time and again: to abort what
 * somebody else drains, say. Windows: what a driver's unload routine does.
 *
 * Context: Process context, may sleep: with %DDT_QUEUE_DRAIN until all requests
 * have been served, with %DDT_QUEUE_ABORT until ddt_queue_ops.serve() returns.
 * Return: 0; -EDEADLK if called by a callback of the queue.
 */
int ddt_queue_stop(struct ddt_queue *queue, enum ddt_queue_stop_mode mode)
{
	bool abort = mode == DDT_QUEUE_ABORT;

	if (ddt_server_is_current(queue))
		return -EDEADLK;

	spin_lock_irq(&queue->lock);
	queue->closed = true;
	if (abort) {
		queue->aborting = true;
		if (queue->in_service)
			ddt_queue_cancel_in_service(queue);
	} else if (queue->sleeping && ddt_queue_has_requests(queue)) {
		ddt_server_wake(queue);
	}
	ddt_queue_check_room(queue);
	ddt_queue_check_drained(queue);
	spin_unlock_irq(&queue->lock);

	if (abort)
		ddt_queue_complete_all(queue, -ESHUTDOWN);
	ddt_wait(&queue->drained.object, 0, DDT_FOREVER);

	/* Whoever has set it may still hold the lock. */
	spin_lock_irq(&queue->lock);
	spin_unlock_irq(&queue->lock);

	/* Ends a delay in ddt_queue_ops.idle(); nothing is served any more. */
	ddt_event_set(&queue->cancel);
	cancel_delayed_work_sync(&queue->expire);
	ddt_server_stop(queue);
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_queue_stop);

/**
 * ddt_queue_stats() - what a queue has done up to now
 * @queue: the queue
 * @stats: where to store it
 *
 * Context: As ddt_queue_submit().
 */
void ddt_queue_stats(struct ddt_queue *queue, struct ddt_queue_stats *stats)
{
	unsigned long irqflags;

	spin_lock_irqsave(&queue->lock, irqflags);
	*stats = queue->stats;
	spin_unlock_irqrestore(&queue->lock, irqflags);
}
EXPORT_SYMBOL_GPL(ddt_queue_stats);

/**
 * ddt_queue_for_each() - look at the requests of a queue
 * @queue: the queue
 * @visit: called for the request in service, if there is one, and for those
 *	queued, flow by flow; with a spin lock held and interrupts off
 * @context: for @visit
 *
 * Context: As ddt_queue_submit().
 */
void ddt_queue_for_each(struct ddt_queue *queue,
			void (*visit)(struct ddt_request *req, bool in_service,
				      void *context), void *context)
{
	struct ddt_request *req;
	unsigned long irqflags;
	struct ddt_flow *flow;

	spin_lock_irqsave(&queue->lock, irqflags);
	if (queue->in_service)
		visit(queue->in_service, true, context);
	list_for_each_entry(flow, &queue->flows, link)
		list_for_each_entry(req, &flow->requests, link)
			visit(req, false, context);
	list_for_each_entry(req, &queue->delayed, link)
		visit(req, false, context);
	spin_unlock_irqrestore(&queue->lock, irqflags);
}
EXPORT_SYMBOL_GPL(ddt_queue_for_each);
