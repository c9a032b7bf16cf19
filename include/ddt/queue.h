/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * queue.h - a queue of requests to a device, served by a thread of its own
 *
 * A driver embeds struct ddt_request in its requests and writes one callback,
 * ddt_queue_ops.serve(), which does the slow work. Every request that
 * ddt_queue_submit() accepted is completed exactly once, whether it was
 * served, cancelled, too late, or still queued when the queue was stopped.
 */
#ifndef _DDT_QUEUE_H
#define _DDT_QUEUE_H

#include <linux/llist.h>

#include <ddt/thread.h>

struct ddt_queue;

/* private: what a request is at, see submit.c and queue.c */
enum ddt_request_state {
	DDT_REQUEST_IDLE,
	DDT_REQUEST_SUBMITTED,
	DDT_REQUEST_WAITING,
	DDT_REQUEST_QUEUED,
	DDT_REQUEST_IN_SERVICE,
};

/**
 * enum ddt_retry_place - where a request is put back
 * @DDT_RETRY_FIRST: before all others, which have to wait for it
 * @DDT_RETRY_LAST: behind all others of its flow, once its delay is over; until
 *	then they are served
 * @DDT_RETRY_FLOW: before all others of its flow, which have to wait for it;
 *	other flows have their turn. For work that is done in parts.
 */
enum ddt_retry_place {
	DDT_RETRY_FIRST,
	DDT_RETRY_LAST,
	DDT_RETRY_FLOW,
};

/**
 * struct ddt_flow - requests that belong together
 *
 * A queue serves the requests of a flow in their order, and its flows in turn:
 * one request of each that has any. So nobody who has a flow of his own waits
 * for all that another has queued. Requests for which no flow is named share
 * one.
 *
 * A driver embeds it in what stands for its user, an open file say, and may
 * free it when each of its requests has been completed or cancelled.
 */
struct ddt_flow {
	/* private: under the queue's lock */
	struct list_head requests;	/* to be served in this order */
	struct list_head link;		/* in the queue's if it has requests */
};

/**
 * struct ddt_request - a request to a device
 * @number: counts the requests that the queue accepted, from 1
 * @deadline: the time of CLOCK_MONOTONIC until which it must have been begun,
 *	to be set before it is submitted; 0 if there is none
 * @flow: the flow that it belongs to, to be set before it is submitted; NULL
 *	for the one that is shared
 * @status: from the completion on, what became of it: what
 *	ddt_queue_ops.serve() returned; or, if it was not served, -ECANCELED
 *	because it was cancelled, -ETIME because its deadline passed, -ESHUTDOWN
 *	because the queue was stopped, or the reason for which a lazy queue
 *	could not start its thread
 * @queued_ns: with %DDT_QUEUE_TIMES, how long it was queued, in ns
 * @service_ns: with %DDT_QUEUE_TIMES, how long it was in service, in ns
 *
 * The submitter owns its memory, except from ddt_queue_submit() to
 * ddt_queue_ops.complete().
 *
 * Windows: the IRP.
 */
struct ddt_request {
	u64 number;
	ktime_t deadline;
	struct ddt_flow *flow;
	int status;
	/* private: under the queue's lock, except for the way from idle on */
	enum ddt_request_state state;
	union {
		struct llist_node intake;	/* as long as it is submitted */
		struct list_head link;
	};
	ktime_t due;		/* of a request that was put back, else 0 */
	bool cancelled;
	bool begun;
	bool retry;
	u8 epoch;
	enum ddt_retry_place retry_place;
	/* Up to here, what is needed for each request, in one cache line. */
	ktime_t stamp;		/* when it was submitted or begun */
	/* public: */
	u64 queued_ns;
	u64 service_ns;
};

/**
 * struct ddt_queue_ops - what a queue calls
 * @serve: does the work of one request, one at a time and in the order of
 *	submission within each flow; may sleep. Returns the request's status,
 *	unless it has called ddt_request_retry(). Where it sleeps it should use
 *	ddt_queue_delay(), or wait for ddt_queue_cancel_object() beside what it
 *	waits for, so that a cancelled request ends at once.
 * @complete: called once for every accepted request, with its status set, when
 *	the queue is done with it: may free or submit it again. Called by
 *	whoever serves the queue; in the context of ddt_queue_cancel(),
 *	ddt_queue_cancel_all() or ddt_queue_stop(); or by a worker, if the
 *	deadline has passed or a lazy queue could not start its thread.
 * @idle: called by whoever serves the queue, once, after
 *	ddt_queue_attr.idle_timeout without work; may sleep. Optional.
 */
struct ddt_queue_ops {
	int (*serve)(struct ddt_queue *queue, struct ddt_request *req);
	void (*complete)(struct ddt_queue *queue, struct ddt_request *req);
	void (*idle)(struct ddt_queue *queue);
};

/**
 * enum ddt_queue_server - who serves a queue
 * @DDT_SERVER_THREAD: a thread of its own
 * @DDT_SERVER_LAZY: a thread of its own, which is started for the first request
 *	and ends after ddt_queue_attr.idle_timeout without work
 * @DDT_SERVER_WORKERS: the system's worker threads; for work that is short or
 *	needs no priority of its own. Windows: system worker threads.
 */
enum ddt_queue_server {
	DDT_SERVER_THREAD,
	DDT_SERVER_LAZY,
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
 * define DDT_QUEUE_MAX_DEPTH - how deep a queue can be
 */
#define DDT_QUEUE_MAX_DEPTH	10000000U

/**
 * struct ddt_queue_attr - how a queue is to be created
 * @server: who serves it
 * @thread: its thread; with %DDT_SERVER_WORKERS only the name is used
 * @flags: %DDT_QUEUE_TIMES
 * @depth: how many requests may be queued, the one in service not counted; up
 *	to %DDT_QUEUE_MAX_DEPTH
 * @idle_timeout: after which time without work ddt_queue_ops.idle() is called
 *	and a lazy thread ends; %DDT_FOREVER if never
 */
struct ddt_queue_attr {
	enum ddt_queue_server server;
	struct ddt_thread_attr thread;
	unsigned int flags;
	unsigned int depth;
	ktime_t idle_timeout;
};

/**
 * enum ddt_queue_stop_mode - what becomes of the requests when a queue stops
 * @DDT_QUEUE_DRAIN: all are served
 * @DDT_QUEUE_ABORT: those queued are completed with -ESHUTDOWN, and the one in
 *	service is cancelled
 */
enum ddt_queue_stop_mode {
	DDT_QUEUE_DRAIN,
	DDT_QUEUE_ABORT,
};

/**
 * struct ddt_queue_stats - what a queue has done up to now
 * @submitted: requests accepted
 * @completed: requests completed, however they ended
 * @cancelled: those of them that were cancelled or aborted before they were
 *	begun
 * @expired: those of them whose deadline passed before they were begun
 * @retried: how often a request was put back
 * @wakeups: how often whoever serves the queue was woken
 * @queued: requests queued at present, the one in service not counted
 * @max_queued: the most that were ever queued: more than the queue is deep if
 *	requests were put back into a full queue
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
 * define DDT_QUEUE_TIME_BUCKETS - how many buckets struct ddt_queue_times has
 */
#define DDT_QUEUE_TIME_BUCKETS	40

/**
 * struct ddt_queue_times - histograms of the times that requests took
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

/* Whether a request is one of those that are meant. */
typedef bool (*ddt_request_match_t)(const struct ddt_request *req,
				    const void *context);

struct ddt_queue *ddt_queue_create(const struct ddt_queue_ops *ops,
				   void *context,
				   const struct ddt_queue_attr *attr);
void ddt_queue_destroy(struct ddt_queue *queue);
void *ddt_queue_context(const struct ddt_queue *queue);
struct ddt_thread *ddt_queue_get_thread(struct ddt_queue *queue);
int ddt_queue_set_nice(struct ddt_queue *queue, int nice);
int ddt_queue_nice(struct ddt_queue *queue, int *nice);
int ddt_queue_set_idle_timeout(struct ddt_queue *queue, ktime_t timeout);

void ddt_flow_init(struct ddt_flow *flow);
void ddt_request_init(struct ddt_request *req);
int ddt_queue_submit(struct ddt_queue *queue, struct ddt_request *req);
int ddt_queue_submit_wait(struct ddt_queue *queue, struct ddt_request *req,
			  unsigned int flags, ktime_t timeout);
int ddt_queue_cancel(struct ddt_queue *queue, struct ddt_request *req);
void ddt_queue_cancel_all(struct ddt_queue *queue, ddt_request_match_t match,
			  const void *context);
int ddt_queue_flush(struct ddt_queue *queue, unsigned int flags,
		    ktime_t timeout);
int ddt_queue_stop(struct ddt_queue *queue, enum ddt_queue_stop_mode mode);

bool ddt_request_cancelled(const struct ddt_request *req);
void ddt_request_retry(struct ddt_request *req, ktime_t delay,
		       enum ddt_retry_place place);
struct ddt_object *ddt_queue_cancel_object(struct ddt_queue *queue);
int ddt_queue_delay(struct ddt_queue *queue, ktime_t delay);

void ddt_queue_stats(struct ddt_queue *queue, struct ddt_queue_stats *stats);
void ddt_queue_for_each(struct ddt_queue *queue,
			void (*visit)(struct ddt_request *req, bool in_service,
				      void *context), void *context);
int ddt_queue_times(struct ddt_queue *queue, struct ddt_queue_times *times);

#endif /* _DDT_QUEUE_H */
