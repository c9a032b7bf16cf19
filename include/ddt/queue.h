/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * queue.h - a queue of requests to a device, served by a thread of its own
 *
 * A driver embeds struct ddt_request in its requests and writes two callbacks:
 * ddt_queue_ops.serve() does the slow work, .complete() gives the request back
 * to its submitter. Every request that the queue accepted is completed exactly
 * once, whether it was served, cancelled, past its deadline, or still queued
 * when the queue was stopped.
 *
 * The submitter owns a request's memory before it is accepted and from
 * ddt_queue_ops.complete() on, the queue in between.
 */
#ifndef _DDT_QUEUE_H
#define _DDT_QUEUE_H

#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/rbtree.h>

#include <ddt/thread.h>

struct ddt_blocked;
struct ddt_queue;

/* private: the states of a request, see module/core/state.h */
enum ddt_request_state {
	DDT_REQUEST_IDLE,	/* in no queue */
	DDT_REQUEST_BLOCKED,	/* its submitter waits for a slot */
	DDT_REQUEST_QUEUED,
	DDT_REQUEST_DELAYED,	/* requeued, and not due yet */
	DDT_REQUEST_IN_SERVICE,
	DDT_REQUEST_CLAIMED,	/* about to be completed, unserved */
	DDT_ENTRY_CURSOR,	/* no request: the place of a walk */
};

/* private: a place in the order of arrival */
struct ddt_entry {
	struct list_head link;
	u8 state;
};

/**
 * enum ddt_retry_place - where in its flow a request is requeued
 * @DDT_RETRY_HEAD: before all others of its flow, which wait until it is due;
 *	other flows have their turn. For work that is done in parts.
 * @DDT_RETRY_TAIL: behind all others of its flow, once it is due; until then
 *	they are served
 */
enum ddt_retry_place {
	DDT_RETRY_HEAD,
	DDT_RETRY_TAIL,
};

/**
 * struct ddt_flow - requests that belong together
 *
 * A queue serves the requests of a flow in their order, and its flows in turn:
 * one request of each that has any. Slots of a full queue are granted to
 * blocked submitters in the same way. So a user with a flow of its own never
 * waits for all that another has queued. Requests with no flow share one.
 *
 * A driver embeds it in what stands for its user, an open file for example,
 * and may free it when each of its requests has been completed or cancelled.
 */
struct ddt_flow {
	/* private: under the queue's lock */
	struct list_head requests;	/* in the order of service */
	struct list_head turn;		/* in the queue's, if one can be served */
	struct list_head blocked;	/* whose submitters wait for a slot */
	struct list_head blocked_turn;	/* in the queue's, if there are any */
	bool held;			/* until its first request is due */
};

/**
 * struct ddt_request - a request to a device
 * @number: counts the requests that the queue accepted, from 1
 * @deadline: the time of CLOCK_MONOTONIC until which it must have been begun,
 *	in ns, set before it is submitted; 0 for none
 * @flow: its flow, set before it is submitted; NULL for the shared one
 * @status: valid from the completion on: what ddt_queue_ops.serve() returned;
 *	or, if it was not served, -ECANCELED because it was cancelled, -ETIME
 *	because its deadline passed, -ESHUTDOWN because the queue was stopped,
 *	or the error with which an on-demand thread could not be started
 * @queued_ns: with %DDT_QUEUE_TIMES, how long it was queued, in ns
 * @service_ns: with %DDT_QUEUE_TIMES, how long it was in service, in ns
 *
 * Two callers must not submit the same request at the same time to two queues.
 *
 * Windows: the IRP.
 */
struct ddt_request {
	u64 number;
	ktime_t deadline;
	struct ddt_flow *flow;
	int status;
	/* private: under the queue's lock, or the server's while in service */
	bool cancelled;
	bool begun;
	bool retry;
	u8 retry_place;
	struct ddt_entry entry;
	struct list_head link;		/* in its flow */
	union {
		struct rb_node node;	/* by key */
		struct ddt_blocked *blocked;
	};
	ktime_t key;			/* its deadline until begun, then due */
	ktime_t stamp;			/* when it was submitted or begun */
	/* public: */
	u64 queued_ns;
	u64 service_ns;
};

/**
 * struct ddt_queue_ops - the callbacks of a queue
 * @serve: does the work of one request, one at a time and in the order of
 *	submission within each flow. Called by the server, may sleep. Returns the
 *	request's status, unless it has called ddt_request_retry(). Where it
 *	sleeps it should use ddt_queue_delay(), or wait for
 *	ddt_queue_cancel_object() beside the device, so that a cancelled request
 *	ends at once.
 * @complete: called once for every accepted request, with its status set, when
 *	the queue is done with it; may free it or submit it again. Called by the
 *	server; by a worker, if its deadline has passed or an on-demand thread
 *	could not be started; and by ddt_queue_cancel(),
 *	ddt_queue_cancel_all() and ddt_queue_stop() in the context of their
 *	caller: by several at a time, for different requests, also during @serve.
 *	Must not sleep if that context must not, and must not call
 *	ddt_queue_flush(), _pause(), _stop() or _destroy() for its queue, which
 *	wait for it.
 * @idle: called by the server, once, after ddt_queue_attr.idle_timeout without
 *	work; may sleep, but requests wait meanwhile. Optional.
 */
struct ddt_queue_ops {
	int (*serve)(struct ddt_queue *queue, struct ddt_request *req);
	void (*complete)(struct ddt_queue *queue, struct ddt_request *req);
	void (*idle)(struct ddt_queue *queue);
};

/**
 * enum ddt_queue_server - what serves a queue
 * @DDT_SERVER_THREAD: a thread of its own
 * @DDT_SERVER_ON_DEMAND: a thread of its own, which is started for the first
 *	request and ends after ddt_queue_attr.idle_timeout without work
 * @DDT_SERVER_WORKERS: the system's workers (workqueue); for work that is short
 *	or needs no priority of its own. Windows: system worker threads.
 */
enum ddt_queue_server {
	DDT_SERVER_THREAD,
	DDT_SERVER_ON_DEMAND,
	DDT_SERVER_WORKERS,
};

/**
 * define DDT_QUEUE_TIMES - a flag of queues: measure times
 *
 * The time of each request in the queue and in service: see struct
 * ddt_request and ddt_queue_times(). Costs three readings of the clock for
 * each request.
 */
#define DDT_QUEUE_TIMES		BIT(0)

/**
 * define DDT_QUEUE_DEFAULT_DEPTH - the depth of a queue that asks for none
 */
#define DDT_QUEUE_DEFAULT_DEPTH	128U

/**
 * define DDT_QUEUE_MAX_DEPTH - the highest depth of a queue
 */
#define DDT_QUEUE_MAX_DEPTH	10000000U

/**
 * define DDT_QUEUE_DEFAULT_IDLE - the idle timeout of an on-demand thread that
 *	asks for none, in ns
 */
#define DDT_QUEUE_DEFAULT_IDLE	NSEC_PER_SEC

/**
 * struct ddt_queue_attr - the attributes of a new queue
 * @server: what serves it
 * @thread: its thread; with %DDT_SERVER_WORKERS only the name is used
 * @flags: %DDT_QUEUE_TIMES
 * @depth: how many requests may be queued, the one in service not counted; 0
 *	for %DDT_QUEUE_DEFAULT_DEPTH, at most %DDT_QUEUE_MAX_DEPTH
 * @idle_timeout: after which time without work ddt_queue_ops.idle() is called
 *	and an on-demand thread ends, in ns; %DDT_FOREVER for never; 0 for the
 *	default: %DDT_QUEUE_DEFAULT_IDLE for an on-demand thread, else never
 *
 * A member that is 0 means the default.
 */
struct ddt_queue_attr {
	enum ddt_queue_server server;
	struct ddt_thread_attr thread;
	unsigned int flags;
	unsigned int depth;
	ktime_t idle_timeout;
};

/**
 * enum ddt_queue_stop_mode - how a queue stops
 * @DDT_QUEUE_DRAIN: all accepted requests are served
 * @DDT_QUEUE_ABORT: queued requests are completed with -ESHUTDOWN, and the one
 *	in service is cancelled
 */
enum ddt_queue_stop_mode {
	DDT_QUEUE_DRAIN,
	DDT_QUEUE_ABORT,
};

/**
 * struct ddt_queue_stats - what a queue has done so far
 * @submitted: requests accepted
 * @completed: requests completed, however they ended, from when complete() is
 *	about to be called for them
 * @cancelled: those of them that were cancelled or aborted while they were
 *	queued, requeued ones included, or for which no thread could be started
 * @expired: those of them whose deadline passed before they were begun
 * @retried: how often a request was requeued
 * @wakeups: how often the server was woken
 * @queued: requests queued at present, the one in service not counted
 * @max_queued: the most that were ever queued: more than the depth if requests
 *	were requeued into a full queue
 */
struct ddt_queue_stats {
	u64 submitted;
	u64 completed;
	u64 cancelled;
	u64 expired;
	u64 retried;
	u64 wakeups;
	u32 queued;
	u32 max_queued;
};

/**
 * define DDT_QUEUE_TIME_BUCKETS - the number of buckets in struct
 *	ddt_queue_times
 */
#define DDT_QUEUE_TIME_BUCKETS	40

/**
 * struct ddt_queue_times - histograms of the times of requests
 * @queued: in the queue
 * @service: in service
 *
 * Bucket i counts those of 2^i ns and more, but less than 2^(i+1) ns; the
 * first also those of 0 ns, the last all longer ones.
 */
struct ddt_queue_times {
	u64 queued[DDT_QUEUE_TIME_BUCKETS];
	u64 service[DDT_QUEUE_TIME_BUCKETS];
};

/**
 * typedef ddt_request_match_t - selects requests
 * @req: a request
 * @context: what the caller passed
 *
 * Context: the queue's lock is held, a raw spin lock with interrupts off: must
 * not sleep nor call the queue.
 * Return: whether @req is selected.
 */
typedef bool (*ddt_request_match_t)(const struct ddt_request *req,
				    const void *context);

/**
 * typedef ddt_request_visit_t - looks at a request
 * @req: the request
 * @in_service: whether it is in service
 * @context: what the caller passed
 *
 * Context: as ddt_request_match_t.
 */
typedef void (*ddt_request_visit_t)(struct ddt_request *req, bool in_service,
				    void *context);

/* private: */
struct ddt_queue *__ddt_queue_create(const struct ddt_queue_ops *ops,
				     void *context,
				     const struct ddt_queue_attr *attr,
				     struct lock_class_key *key);
/* public: */

/**
 * ddt_queue_create() - create a queue and its thread
 * @ops: its callbacks, used until the queue is destroyed
 * @context: for the caller, see ddt_queue_context()
 * @attr: its server, depth and idle timeout, used only during the call
 *
 * @attr->thread.owner must be NULL if the owner's exit function destroys the
 * queue. The queue keeps a copy of @attr->thread.cpus.
 *
 * A macro, for lockdep: the queues that one line of code creates are a class.
 *
 * Context: Process context, may sleep.
 * Return: the queue, which the caller must free with ddt_queue_destroy(); or an
 * error pointer: -EINVAL without serve() or complete(), for unknown flags, an
 * unknown server, a bad depth, a negative idle timeout, or an on-demand thread
 * that never ends; -ENOMEM; or what ddt_thread_create() returns.
 */
#define ddt_queue_create(ops, context, attr)				\
({									\
	static struct lock_class_key ddt_key_;				\
									\
	__ddt_queue_create(ops, context, attr, &ddt_key_);		\
})

/**
 * ddt_queue_destroy() - stop a queue and free it
 * @queue: the queue
 *
 * A queue that has not been stopped is aborted: see ddt_queue_stop(). Of other
 * calls only ddt_queue_submit_wait(), _flush() and _pause() may be in progress,
 * which end; none may begin.
 *
 * Context: Process context, may sleep; not a callback of the queue.
 */
void ddt_queue_destroy(struct ddt_queue *queue);

/**
 * ddt_queue_context() - the context that the creator of a queue passed
 * @queue: the queue
 *
 * Context: Any.
 * Return: the pointer.
 */
void *ddt_queue_context(const struct ddt_queue *queue);

/**
 * ddt_queue_get_thread() - the thread of a queue
 * @queue: the queue
 *
 * To look at it or wait for it. ddt_queue_stop() stops it; ddt_thread_stop()
 * must not be called for it.
 *
 * Context: Process context, may sleep.
 * Return: the thread, which may have ended, with a reference that the caller
 * must drop with ddt_thread_put(); or NULL if there is none at present.
 */
struct ddt_thread *ddt_queue_get_thread(struct ddt_queue *queue);

/**
 * ddt_queue_set_nice() - set the base priority of a queue's thread
 * @queue: the queue
 * @nice: -20 (highest) to 19 (lowest)
 *
 * Also holds for the threads that an on-demand queue starts later. No
 * permission check: a caller acting for user space must check CAP_SYS_NICE.
 *
 * Context: Process context, may sleep.
 * Return: 0; -ERANGE if @nice is outside -20..19; -ESRCH if the queue has been
 * stopped; -EOPNOTSUPP if workers serve it.
 */
int ddt_queue_set_nice(struct ddt_queue *queue, int nice);

/**
 * ddt_queue_nice() - the base priority of a queue's thread
 * @queue: the queue
 * @nice: where to store it
 *
 * Context: Process context, may sleep.
 * Return: 0; -EOPNOTSUPP if workers serve it.
 */
int ddt_queue_nice(struct ddt_queue *queue, int *nice);

/**
 * ddt_queue_set_idle_timeout() - set the idle timeout of a queue
 * @queue: the queue
 * @timeout: as ddt_queue_attr.idle_timeout
 *
 * If the queue is without work at present, the new timeout is counted from its
 * last work, or from this call if it had none before.
 *
 * Context: Any but NMI.
 * Return: 0; -EINVAL if @timeout is negative, or %DDT_FOREVER for an on-demand
 * thread.
 */
int ddt_queue_set_idle_timeout(struct ddt_queue *queue, ktime_t timeout);

/**
 * ddt_flow_init() - initialise a flow
 * @flow: the flow
 *
 * It needs no clean-up.
 *
 * Context: Any.
 */
void ddt_flow_init(struct ddt_flow *flow);

/**
 * ddt_request_init() - initialise a request
 * @req: the request, which is in no queue
 *
 * Needed once; afterwards a request that has been completed can be submitted
 * again.
 *
 * Context: Any.
 */
void ddt_request_init(struct ddt_request *req);

/**
 * ddt_queue_submit() - queue a request
 * @queue: the queue
 * @req: the request
 *
 * An accepted request belongs to the queue until it is completed, which may
 * have happened before this returns. Windows: IoMarkIrpPending(),
 * IoCsqInsertIrp() and KeReleaseSemaphore().
 *
 * Context: Any but NMI.
 * Return: 0 if the request was accepted; -EAGAIN if the queue is full,
 * -ESHUTDOWN if it has been stopped, -EBUSY if the request is in the queue. A
 * request that was not accepted is not completed. After -EAGAIN a slot stays
 * open for the next call, in turn with the flows of blocked submitters.
 */
int ddt_queue_submit(struct ddt_queue *queue, struct ddt_request *req);

/**
 * ddt_queue_submit_many() - queue several requests
 * @queue: the queue
 * @reqs: the requests, in their order
 * @n: their number
 *
 * As ddt_queue_submit() for each until one is refused, but with one wakeup of
 * the server for all and one round trip of the lock for every 32. The wakeup
 * comes last: if the caller is preempted before, all wait for it.
 *
 * Context: Any but NMI.
 * Return: how many were accepted; if none, 0 for @n = 0 or else why the first
 * was refused, as ddt_queue_submit().
 */
int ddt_queue_submit_many(struct ddt_queue *queue,
			  struct ddt_request *const *reqs, unsigned int n);

/**
 * ddt_queue_submit_wait() - queue a request, wait for a slot if necessary
 * @queue: the queue
 * @req: the request
 * @flags: as for ddt_wait()
 * @timeout: as for ddt_wait()
 *
 * Slots are granted to the flows of blocked submitters in turn, and within a
 * flow in FIFO order. If the request is accepted the queue is not used any more
 * when this returns: the request's completion may destroy it.
 *
 * Context: Process context, may sleep.
 * Return: 0 if the request was accepted; -ETIME when the time was up; -EINTR,
 * see the flags; -ECANCELED if it was cancelled while it was blocked; -EINVAL
 * for unknown flags; -EDEADLK if the queue is full and its own server calls;
 * -ESHUTDOWN and -EBUSY as for ddt_queue_submit(); what ddt_thread_create()
 * returned, if an on-demand thread could not be started. A request that was not
 * accepted is not completed.
 */
int ddt_queue_submit_wait(struct ddt_queue *queue, struct ddt_request *req,
			  unsigned int flags, ktime_t timeout);

/**
 * ddt_queue_cancel() - cancel a request
 * @queue: the queue
 * @req: a request that was submitted to it; the caller must ensure that its
 *	memory is not freed meanwhile
 *
 * A queued request is completed at once, in the caller's context. A blocked one
 * is not accepted: ddt_queue_submit_wait() returns -ECANCELED. For one in
 * service ddt_request_cancelled() becomes true and ddt_queue_delay() ends.
 * Windows: IoCancelIrp() and IoCsqRemoveIrp().
 *
 * Context: Any but NMI, if ddt_queue_ops.complete() permits it.
 * Return: 0 if the request was queued and has been completed with -ECANCELED,
 * or was blocked; -EINPROGRESS if it is in service; -EALREADY if it is neither,
 * because it has been completed or another context is about to complete it.
 */
int ddt_queue_cancel(struct ddt_queue *queue, struct ddt_request *req);

/**
 * ddt_queue_cancel_all() - cancel all requests that match
 * @queue: the queue
 * @match: selects the requests; NULL for all
 * @context: for @match
 *
 * Does with each what ddt_queue_cancel() does. A matching request cannot be
 * completed meanwhile, so its memory needs no protection by the caller.
 * Requests that are submitted after the call began are not visited. Windows:
 * IoCsqRemoveNextIrp(), in a loop, when a file is cleaned up.
 *
 * Context: Process context, may sleep.
 */
void ddt_queue_cancel_all(struct ddt_queue *queue, ddt_request_match_t match,
			  const void *context);

/**
 * ddt_queue_flush() - wait until all submitted requests are completed
 * @queue: the queue
 * @flags: as for ddt_wait()
 * @timeout: as for ddt_wait()
 *
 * Does not wait for requests that are submitted after the call began. Linux:
 * kthread_flush_worker().
 *
 * Context: Process context, may sleep.
 * Return: 0 when all have been completed; -ETIME, -EINTR, -EINVAL as for
 * ddt_wait(); -EDEADLK if called by the queue's own server.
 */
int ddt_queue_flush(struct ddt_queue *queue, unsigned int flags,
		    ktime_t timeout);

/**
 * ddt_queue_pause() - begin no more requests
 * @queue: the queue
 * @flags: as for ddt_wait()
 * @timeout: as for ddt_wait()
 *
 * For the suspend callback of a device, which runs when tasks have been frozen.
 * A queue that is paused earlier, by a PM notifier for example, keeps tasks that
 * wait killably for its requests from being frozen, and the suspend fails.
 *
 * When it returns 0 the server runs no callback, and begins none until
 * ddt_queue_resume() has been called as often. Meanwhile requests are accepted,
 * cancelled and expire as ever. Stopping a queue ends its pause.
 *
 * Context: Process context, may sleep: until the request in service, or
 * ddt_queue_ops.idle(), ends.
 * Return: 0; -ETIME, -EINTR, -EINVAL as for ddt_wait(), and then the queue is
 * not paused by this call; -ESHUTDOWN if it has been stopped; -EDEADLK if
 * called by the queue's own server.
 */
int ddt_queue_pause(struct ddt_queue *queue, unsigned int flags,
		    ktime_t timeout);

/**
 * ddt_queue_resume() - end a pause
 * @queue: the queue
 *
 * Context: Any but NMI.
 * Return: 0; -EINVAL if the queue is not paused.
 */
int ddt_queue_resume(struct ddt_queue *queue);

/**
 * ddt_queue_stop() - stop a queue
 * @queue: the queue
 * @mode: whether its requests are served or aborted
 *
 * No more requests are accepted, and blocked submitters are refused. A delayed
 * request is served at once, and completed with -ESHUTDOWN if it is still not
 * ready. When it returns all requests have been completed, the thread has
 * ended, and no callback runs. May be called again and by several callers at a
 * time: to abort what another drains, for example. Windows: what a driver's
 * unload routine does.
 *
 * Context: Process context, may sleep: with %DDT_QUEUE_DRAIN until all requests
 * have been served, with %DDT_QUEUE_ABORT until ddt_queue_ops.serve() returns.
 * Return: 0; -EDEADLK if called by the queue's own server.
 */
int ddt_queue_stop(struct ddt_queue *queue, enum ddt_queue_stop_mode mode);

/**
 * ddt_request_cancelled() - whether a request in service has been cancelled
 * @req: the request
 *
 * Windows: the Cancel member of the IRP.
 *
 * Context: Any; for ddt_queue_ops.serve().
 * Return: true if it should be ended, with -ECANCELED or any other status.
 */
bool ddt_request_cancelled(const struct ddt_request *req);

/**
 * ddt_request_retry() - requeue a request that the device is not ready for
 * @req: the request in service
 * @delay: after which time to serve it again, in ns; 0 or less for at once
 * @place: before or behind the other requests of its flow
 *
 * Call it before returning from ddt_queue_ops.serve(), whose result is then
 * ignored. The request is requeued even if the queue is full. While it is
 * delayed it can be cancelled as any queued request.
 *
 * Context: ddt_queue_ops.serve().
 */
void ddt_request_retry(struct ddt_request *req, ktime_t delay,
		       enum ddt_retry_place place);

/**
 * ddt_queue_cancel_object() - the object that a cancellation signals
 * @queue: the queue
 *
 * For ddt_queue_ops.serve(), to wait for it beside the device.
 *
 * Context: Any.
 * Return: an object that is signaled while the request in service is
 * cancelled.
 */
struct ddt_object *ddt_queue_cancel_object(struct ddt_queue *queue);

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
int ddt_queue_delay(struct ddt_queue *queue, ktime_t delay);

/**
 * ddt_queue_stats() - what a queue has done so far
 * @queue: the queue
 * @stats: where to store it
 *
 * Context: Any but NMI.
 */
void ddt_queue_stats(struct ddt_queue *queue, struct ddt_queue_stats *stats);

/**
 * ddt_queue_for_each() - look at the requests of a queue
 * @queue: the queue
 * @visit: called for each request that is queued or in service, in the order of
 *	their arrival
 * @context: for @visit
 *
 * The lock is dropped after every 32 requests. Requests that are submitted
 * after the call began are not visited.
 *
 * Context: Process context, may sleep.
 */
void ddt_queue_for_each(struct ddt_queue *queue, ddt_request_visit_t visit,
			void *context);

/**
 * ddt_queue_times() - histograms of the times of requests
 * @queue: the queue
 * @times: where to store them
 *
 * Only requests that were served are counted.
 *
 * Context: Any but NMI.
 * Return: 0; -EOPNOTSUPP if the queue was created without %DDT_QUEUE_TIMES.
 */
int ddt_queue_times(struct ddt_queue *queue, struct ddt_queue_times *times);

#endif /* _DDT_QUEUE_H */
