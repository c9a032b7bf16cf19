// SPDX-License-Identifier: GPL-2.0-only
/*
 * queue.c - a queue of requests to a device, served by a thread of its own
 *
 * The thread waits on a semaphore, which submitters signal only when it
 * sleeps: a burst of requests costs one wake-up. What there is to do is read
 * from the queue and not from the semaphore, so a cancelled request leaves
 * nothing behind but, at the most, one wake-up in vain.
 *
 * A request is claimed by whoever takes it out of the queue: the thread, to
 * serve it; ddt_queue_cancel(); or ddt_queue_stop(). The claimant completes it,
 * and as long as it has not done so the request counts as outstanding. The
 * thread is told to stop when the queue is closed and nothing is outstanding,
 * so no callback ever runs in a thread that is being stopped, where on some
 * kernels interruptible sleeps return at once. The only exception is
 * ddt_queue_ops.idle().
 */

#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <ddt/queue.h>

struct ddt_queue {
	const struct ddt_queue_ops *ops;
	void *context;
	struct ddt_thread *thread;
	unsigned int depth;
	ktime_t idle_timeout;

	struct ddt_semaphore ready;	/* what the thread waits for */
	struct ddt_event cancel;	/* set if in_service is cancelled */
	struct ddt_event drained;	/* set if closed and none outstanding */

	/* Protects all that follows, and the private part of the requests. */
	spinlock_t lock;
	struct list_head requests;
	struct ddt_request *in_service;
	/*
	 * The thread waits for ready or is about to. Whoever resets it
	 * releases ready, and the thread takes that count: ready never has
	 * more than one.
	 */
	bool sleeping;
	bool closed;			/* accepts no more requests */
	bool aborting;			/* serves no more requests */
	u64 outstanding;		/* accepted and not yet completed */
	struct ddt_queue_stats stats;
};

/* Called whenever one of the two conditions may have become true. */
static void ddt_queue_check_drained(struct ddt_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	if (queue->closed && !queue->outstanding)
		ddt_event_set(&queue->drained);
}

static void ddt_queue_claim(struct ddt_queue *queue, struct ddt_request *req,
			    enum ddt_request_state state)
{
	lockdep_assert_held(&queue->lock);

	list_del(&req->link);
	req->state = state;
	queue->stats.queued--;
}

static void ddt_queue_account_completed(struct ddt_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	queue->stats.completed++;
	queue->outstanding--;
	ddt_queue_check_drained(queue);
}

/* Completes a request that was claimed before it was begun. */
static void ddt_queue_complete_unserved(struct ddt_queue *queue,
					struct ddt_request *req, int status)
{
	unsigned long irqflags;

	req->status = status;
	queue->ops->complete(queue, req);

	spin_lock_irqsave(&queue->lock, irqflags);
	queue->stats.cancelled++;
	ddt_queue_account_completed(queue);
	spin_unlock_irqrestore(&queue->lock, irqflags);
}

static void ddt_queue_cancel_in_service(struct ddt_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	WRITE_ONCE(queue->in_service->cancelled, true);
	ddt_event_set(&queue->cancel);
}

/* Returns the next request to serve, or makes it known that we will sleep. */
static struct ddt_request *ddt_queue_begin(struct ddt_queue *queue)
{
	struct ddt_request *req = NULL;

	spin_lock_irq(&queue->lock);
	if (!queue->aborting)
		req = list_first_entry_or_null(&queue->requests,
					       struct ddt_request, link);
	if (req) {
		ddt_queue_claim(queue, req, DDT_REQUEST_IN_SERVICE);
		queue->in_service = req;
	} else {
		queue->sleeping = true;
	}
	spin_unlock_irq(&queue->lock);
	return req;
}

static void ddt_queue_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	int status = queue->ops->serve(queue, req);

	/* From here on it cannot be cancelled any more. */
	spin_lock_irq(&queue->lock);
	queue->in_service = NULL;
	req->state = DDT_REQUEST_IDLE;
	if (req->cancelled)
		ddt_event_reset(&queue->cancel);
	spin_unlock_irq(&queue->lock);

	req->status = status;
	queue->ops->complete(queue, req);

	spin_lock_irq(&queue->lock);
	ddt_queue_account_completed(queue);
	spin_unlock_irq(&queue->lock);
}

/*
 * Waits for requests: returns 0 when there may be some, -ETIME when there were
 * none for as long as @timeout, -EINTR when the thread has to stop.
 */
static int ddt_queue_sleep(struct ddt_queue *queue, ktime_t timeout)
{
	int ret = ddt_wait(&queue->ready.object, DDT_WAIT_ALERTABLE, timeout);

	if (ret == -ETIME) {
		bool signaled;

		spin_lock_irq(&queue->lock);
		signaled = !queue->sleeping;
		queue->sleeping = false;
		spin_unlock_irq(&queue->lock);
		if (signaled)	/* too late for the wait: take the count now */
			ret = ddt_wait(&queue->ready.object, 0, 0);
	}
	return ret;
}

static int ddt_queue_main(void *context)
{
	struct ddt_queue *queue = context;
	ktime_t idle_timeout = DDT_FOREVER;
	struct ddt_request *req;
	int ret;

	for (;;) {
		req = ddt_queue_begin(queue);
		if (req) {
			ddt_queue_serve(queue, req);
			idle_timeout = queue->idle_timeout;
			continue;
		}

		ret = ddt_queue_sleep(queue, idle_timeout);
		if (ret == -EINTR)
			return 0;
		if (ret == -ETIME) {
			queue->ops->idle(queue);
			idle_timeout = DDT_FOREVER;
		}
	}
}

/**
 * ddt_queue_create() - create a queue and its thread
 * @ops: what it calls
 * @context: for the caller, see ddt_queue_context()
 * @attr: its thread, depth and idle time
 *
 * @ops is used until the queue is destroyed, @attr only during the call.
 *
 * Context: Process context, may sleep.
 * Return: the queue, to be freed by ddt_queue_destroy(); or an error pointer:
 * -EINVAL for a depth of 0, -ENOMEM, or what ddt_thread_create() returns.
 */
struct ddt_queue *ddt_queue_create(const struct ddt_queue_ops *ops,
				   void *context,
				   const struct ddt_queue_attr *attr)
{
	struct ddt_queue *queue;
	int err;

	if (!attr->depth)
		return ERR_PTR(-EINVAL);

	queue = kzalloc_node(sizeof(*queue), GFP_KERNEL, attr->thread.node);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	queue->ops = ops;
	queue->context = context;
	queue->depth = attr->depth;
	queue->idle_timeout = ops->idle ? attr->idle_timeout : DDT_FOREVER;
	ddt_semaphore_init(&queue->ready, 0, 1);
	ddt_event_init(&queue->cancel, DDT_EVENT_MANUAL, false);
	ddt_event_init(&queue->drained, DDT_EVENT_MANUAL, false);
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->requests);

	queue->thread = ddt_thread_create(ddt_queue_main, queue, &attr->thread);
	if (IS_ERR(queue->thread)) {
		err = PTR_ERR(queue->thread);
		goto free_queue;
	}
	return queue;

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
 * Context: Process context, may sleep; not the queue's own thread.
 */
void ddt_queue_destroy(struct ddt_queue *queue)
{
	if (WARN_ON(ddt_queue_stop(queue, DDT_QUEUE_ABORT)))
		return;
	ddt_thread_put(queue->thread);
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
 * ddt_queue_thread() - the thread of a queue
 * @queue: the queue
 *
 * Context: Any.
 * Return: the thread, to which the queue has a reference until it is destroyed.
 */
struct ddt_thread *ddt_queue_thread(struct ddt_queue *queue)
{
	return queue->thread;
}
EXPORT_SYMBOL_GPL(ddt_queue_thread);

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
	struct ddt_queue_stats *stats = &queue->stats;
	unsigned long irqflags;
	int ret = 0;

	spin_lock_irqsave(&queue->lock, irqflags);
	if (queue->closed) {
		ret = -ESHUTDOWN;
		goto unlock;
	}
	if (req->state != DDT_REQUEST_IDLE) {
		ret = -EBUSY;
		goto unlock;
	}
	if (stats->queued >= queue->depth) {
		ret = -EAGAIN;
		goto unlock;
	}

	req->state = DDT_REQUEST_QUEUED;
	req->cancelled = false;
	req->number = ++stats->submitted;
	list_add_tail(&req->link, &queue->requests);
	queue->outstanding++;
	stats->queued++;
	if (stats->queued > stats->max_queued)
		stats->max_queued = stats->queued;

	if (queue->sleeping) {
		queue->sleeping = false;
		stats->wakeups++;
		ddt_semaphore_release(&queue->ready, 1);
	}
unlock:
	spin_unlock_irqrestore(&queue->lock, irqflags);
	return ret;
}
EXPORT_SYMBOL_GPL(ddt_queue_submit);

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
		ddt_queue_claim(queue, req, DDT_REQUEST_IDLE);
		ret = 0;
	} else if (req->state == DDT_REQUEST_IN_SERVICE) {
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

static void ddt_queue_abort_requests(struct ddt_queue *queue)
{
	struct ddt_request *req;

	for (;;) {
		spin_lock_irq(&queue->lock);
		req = list_first_entry_or_null(&queue->requests,
					       struct ddt_request, link);
		if (req)
			ddt_queue_claim(queue, req, DDT_REQUEST_IDLE);
		spin_unlock_irq(&queue->lock);
		if (!req)
			return;
		ddt_queue_complete_unserved(queue, req, -ESHUTDOWN);
	}
}

/**
 * ddt_queue_stop() - stop a queue
 * @queue: the queue
 * @mode: what becomes of its requests
 *
 * No more requests are accepted. When it returns, all have been completed, the
 * thread has ended, and no callback runs. May be called by several at a time
 * and again: to abort what somebody else drains, say. Windows: what a driver's
 * unload routine does.
 *
 * Context: Process context, may sleep: with %DDT_QUEUE_DRAIN until all requests
 * have been served, with %DDT_QUEUE_ABORT until ddt_queue_ops.serve() returns.
 * Return: 0; -EDEADLK if called by the queue's own thread.
 */
int ddt_queue_stop(struct ddt_queue *queue, enum ddt_queue_stop_mode mode)
{
	bool abort = mode == DDT_QUEUE_ABORT;

	if (ddt_thread_is_current(queue->thread))
		return -EDEADLK;

	spin_lock_irq(&queue->lock);
	queue->closed = true;
	if (abort) {
		queue->aborting = true;
		if (queue->in_service)
			ddt_queue_cancel_in_service(queue);
	}
	ddt_queue_check_drained(queue);
	spin_unlock_irq(&queue->lock);

	if (abort)
		ddt_queue_abort_requests(queue);
	ddt_wait(&queue->drained.object, 0, DDT_FOREVER);

	/* Whoever has set it may still hold the lock. */
	spin_lock_irq(&queue->lock);
	spin_unlock_irq(&queue->lock);

	return ddt_thread_stop(queue->thread);
}
EXPORT_SYMBOL_GPL(ddt_queue_stop);

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
 * is cancelled; -EINTR as soon as the thread is told to stop, which happens in
 * .idle() only.
 */
int ddt_queue_delay(struct ddt_queue *queue, ktime_t delay)
{
	int ret = ddt_wait(&queue->cancel.object, DDT_WAIT_ALERTABLE, delay);

	if (!ret)
		return -ECANCELED;
	return ret == -ETIME ? 0 : ret;
}
EXPORT_SYMBOL_GPL(ddt_queue_delay);

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
