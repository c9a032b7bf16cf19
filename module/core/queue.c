// SPDX-License-Identifier: GPL-2.0-only
/*
 * queue.c - a queue of requests to a device: cancelling, stopping
 *
 * What there is to do is read from the queue, so a cancelled request leaves
 * nothing behind but, at the most, one wake-up in vain. How requests get there is
 * in submit.c, how they are served in service.c, and by whom in server.c.
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
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "dispatcher.h"
#include "queue.h"
#include "trace.h"

/* Called whenever one of the two conditions may have become true. */
static void ddt_queue_check_drained(struct ddt_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	/* What has passed the gate is outstanding when it has been taken in. */
	if (queue->closed && !ddt_queue_queued(queue) &&
	    !queue->outstanding[0] && !queue->outstanding[1])
		ddt_event_set(&queue->drained);
}

/*
 * Remembers how many are queued, if they never were more. The most is reached
 * before one leaves, or is still there when somebody asks.
 */
static void ddt_queue_note_queued(struct ddt_queue *queue)
{
	struct ddt_queue_stats *stats = &queue->stats;

	stats->max_queued = max(stats->max_queued, ddt_queue_queued(queue));
}

void ddt_queue_claim(struct ddt_queue *queue, struct ddt_request *req,
		     enum ddt_request_state state)
{
	lockdep_assert_held(&queue->lock);

	ddt_queue_note_queued(queue);
	ddt_flow_remove(queue, req);
	WRITE_ONCE(req->state, state);
	WRITE_ONCE(queue->left, queue->left + 1);
	trace_ddt_depth(queue->name, ddt_queue_queued(queue));
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
	u8 epoch = req->epoch;

	if (queue->times)
		req->queued_ns += ktime_to_ns(ktime_sub(ktime_get(),
							req->stamp));
	req->status = status;
	trace_ddt_request_complete(queue->name, req->number, status);
	queue->ops->complete(queue, req);

	ddt_queue_lock(queue);
	if (status == -ETIME)
		queue->stats.expired++;
	else
		queue->stats.cancelled++;
	ddt_queue_account_completed(queue, epoch);
	ddt_queue_unlock(queue);
}

/* @req: what ddt_queue_in_service() has returned. */
static void ddt_queue_cancel_in_service(struct ddt_queue *queue,
					struct ddt_request *req)
{
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
		ddt_queue_lock(queue);
		req = ddt_queue_first(queue);
		if (req)
			ddt_queue_claim(queue, req, DDT_REQUEST_IDLE);
		ddt_queue_unlock(queue);
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
 * -EINVAL for unknown flags, an unknown server, a bad depth, or a lazy queue
 * without an idle timeout; -ENOMEM; or what ddt_thread_create() returns.
 */
struct ddt_queue *ddt_queue_create(const struct ddt_queue_ops *ops,
				   void *context,
				   const struct ddt_queue_attr *attr)
{
	struct ddt_queue *queue;
	int err;

	if (!attr->depth || attr->depth > DDT_QUEUE_MAX_DEPTH ||
	    attr->flags & ~DDT_QUEUE_TIMES)
		return ERR_PTR(-EINVAL);

	queue = kmem_cache_alloc_node(ddt_queue_cache, GFP_KERNEL | __GFP_ZERO,
				      attr->thread.node);
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
	init_llist_head(&queue->intake);
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
	kmem_cache_free(ddt_queue_cache, queue);
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
	kmem_cache_free(ddt_queue_cache, queue);
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
 * Context: Process context, also with interrupts off, if
 * ddt_queue_ops.complete() permits.
 * Return: 0 if the request was queued and has been completed with -ECANCELED;
 * -EINPROGRESS if it is in service and has been told; -EALREADY if it is
 * neither, because it has been completed or claimed by somebody else who will
 * complete it.
 */
int ddt_queue_cancel(struct ddt_queue *queue, struct ddt_request *req)
{
	int ret;

	ddt_queue_lock(queue);
	if (req->state == DDT_REQUEST_QUEUED) {
		trace_ddt_request_cancel(queue->name, req->number, false);
		ddt_queue_claim(queue, req, DDT_REQUEST_IDLE);
		/* The others may have had to wait for it. */
		if (ddt_queue_has_requests(queue))
			ddt_server_wake(queue);
		ret = 0;
	} else if (req->state == DDT_REQUEST_IN_SERVICE &&
		   ddt_queue_in_service(queue) == req) {
		ddt_queue_cancel_in_service(queue, req);
		ret = -EINPROGRESS;
	} else {
		ret = -EALREADY;
	}
	ddt_queue_unlock(queue);

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
	LIST_HEAD(claimed);

	ddt_queue_lock(queue);
	list_for_each_entry_safe(flow, next_flow, &queue->flows, link)
		ddt_queue_claim_matching(queue, &flow->requests, match, context,
					 &claimed);
	ddt_queue_claim_matching(queue, &queue->delayed, match, context,
				 &claimed);
	req = ddt_queue_in_service(queue);
	if (req && match(req, context))
		ddt_queue_cancel_in_service(queue, req);
	/* The others may have had to wait for them. */
	if (!list_empty(&claimed) && ddt_queue_has_requests(queue))
		ddt_server_wake(queue);
	ddt_queue_unlock(queue);

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
 * Return: 0; -EDEADLK if called by a callback of the queue in its server. No
 * ddt_queue_ops.complete() may call it elsewhere either.
 */
int ddt_queue_stop(struct ddt_queue *queue, enum ddt_queue_stop_mode mode)
{
	bool abort = mode == DDT_QUEUE_ABORT;
	struct ddt_request *req;

	if (ddt_server_is_current(queue))
		return -EDEADLK;

	ddt_queue_lock(queue);
	queue->closed = true;
	atomic64_or(DDT_GATE_CLOSED, &queue->gate);
	if (abort) {
		queue->aborting = true;
		req = ddt_queue_in_service(queue);
		if (req)
			ddt_queue_cancel_in_service(queue, req);
	} else if (ddt_queue_has_requests(queue)) {
		ddt_server_wake(queue);
	}
	ddt_queue_check_room(queue);
	ddt_queue_check_drained(queue);
	ddt_queue_unlock(queue);

	/* Until nobody is between the gate and the end of ddt_queue_submit(). */
	synchronize_rcu_expedited();
	if (abort)
		ddt_queue_complete_all(queue, -ESHUTDOWN);
	ddt_wait(&queue->drained.object, 0, DDT_FOREVER);

	/* Whoever has set it may still hold the lock. */
	ddt_queue_lock(queue);
	ddt_queue_unlock(queue);

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
 * Context: As ddt_queue_cancel().
 */
void ddt_queue_stats(struct ddt_queue *queue, struct ddt_queue_stats *stats)
{
	s64 gate;

	ddt_queue_lock(queue);
	ddt_queue_note_queued(queue);
	*stats = queue->stats;
	gate = atomic64_read(&queue->gate);
	stats->submitted = ddt_gate_submitted(gate);
	stats->wakeups = atomic64_read(&queue->wakeups);
	stats->queued = ddt_gate_queued(queue, gate);
	ddt_queue_unlock(queue);
}
EXPORT_SYMBOL_GPL(ddt_queue_stats);

/**
 * ddt_queue_for_each() - look at the requests of a queue
 * @queue: the queue
 * @visit: called for the request in service, if there is one, and for those
 *	queued, flow by flow; with a spin lock held
 * @context: for @visit
 *
 * Context: As ddt_queue_cancel().
 */
void ddt_queue_for_each(struct ddt_queue *queue,
			void (*visit)(struct ddt_request *req, bool in_service,
				      void *context), void *context)
{
	struct ddt_request *req;
	struct ddt_flow *flow;

	ddt_queue_lock(queue);
	req = ddt_queue_in_service(queue);
	if (req)
		visit(req, true, context);
	list_for_each_entry(flow, &queue->flows, link)
		list_for_each_entry(req, &flow->requests, link)
			visit(req, false, context);
	list_for_each_entry(req, &queue->delayed, link)
		visit(req, false, context);
	ddt_queue_unlock(queue);
}
EXPORT_SYMBOL_GPL(ddt_queue_for_each);
