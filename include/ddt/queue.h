/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * queue.h - a queue of requests to a device, served by a thread of its own
 *
 * A driver embeds struct ddt_request in its requests and writes one callback,
 * ddt_queue_ops.serve(), which does the slow work. Every request that
 * ddt_queue_submit() accepted is completed exactly once, whether it was
 * served, cancelled, or still queued when the queue was stopped.
 */
#ifndef _DDT_QUEUE_H
#define _DDT_QUEUE_H

#include <ddt/thread.h>

struct ddt_queue;

/* private: what a request is at, see queue.c */
enum ddt_request_state {
	DDT_REQUEST_IDLE,
	DDT_REQUEST_QUEUED,
	DDT_REQUEST_IN_SERVICE,
};

/**
 * struct ddt_request - a request to a device
 * @number: counts the requests that the queue accepted, from 1
 * @status: from the completion on, what became of it: what
 *	ddt_queue_ops.serve() returned, -ECANCELED if it was cancelled before
 *	it was begun, or -ESHUTDOWN if the queue was stopped before that
 *
 * The submitter owns its memory, except from ddt_queue_submit() to
 * ddt_queue_ops.complete().
 *
 * Windows: the IRP.
 */
struct ddt_request {
	u64 number;
	int status;
	/* private: under the queue's lock */
	enum ddt_request_state state;
	bool cancelled;
	struct list_head link;
};

/**
 * struct ddt_queue_ops - what a queue calls
 * @serve: does the work of one request, one at a time and in the order of
 *	submission; may sleep. Returns the request's status. Where it sleeps it
 *	should use ddt_queue_delay(), or wait for ddt_queue_cancel_object()
 *	beside what it waits for, so that a cancelled request ends at once.
 * @complete: called once for every accepted request, with its status set, when
 *	the queue is done with it: may free or submit it again. May be called
 *	in the thread or in the context of ddt_queue_cancel() or
 *	ddt_queue_stop().
 * @idle: called in the thread, once, after ddt_queue_attr.idle_timeout without
 *	work; may sleep. Optional.
 */
struct ddt_queue_ops {
	int (*serve)(struct ddt_queue *queue, struct ddt_request *req);
	void (*complete)(struct ddt_queue *queue, struct ddt_request *req);
	void (*idle)(struct ddt_queue *queue);
};

/**
 * struct ddt_queue_attr - how a queue is to be created
 * @thread: its thread
 * @depth: how many requests may be queued, the one in service not counted
 * @idle_timeout: when to call ddt_queue_ops.idle() after the last request
 */
struct ddt_queue_attr {
	struct ddt_thread_attr thread;
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
 * @completed: requests completed, the cancelled and aborted ones counted too
 * @cancelled: requests completed before they were begun
 * @wakeups: how often the thread was woken for requests
 * @queued: requests queued at present, the one in service not counted
 * @max_queued: the most that were ever queued
 */
struct ddt_queue_stats {
	u64 submitted;
	u64 completed;
	u64 cancelled;
	u64 wakeups;
	u32 queued;
	u32 max_queued;
};

struct ddt_queue *ddt_queue_create(const struct ddt_queue_ops *ops,
				   void *context,
				   const struct ddt_queue_attr *attr);
void ddt_queue_destroy(struct ddt_queue *queue);
void *ddt_queue_context(const struct ddt_queue *queue);
struct ddt_thread *ddt_queue_thread(struct ddt_queue *queue);

void ddt_request_init(struct ddt_request *req);
int ddt_queue_submit(struct ddt_queue *queue, struct ddt_request *req);
int ddt_queue_cancel(struct ddt_queue *queue, struct ddt_request *req);
int ddt_queue_stop(struct ddt_queue *queue, enum ddt_queue_stop_mode mode);
bool ddt_request_cancelled(const struct ddt_request *req);
struct ddt_object *ddt_queue_cancel_object(struct ddt_queue *queue);
int ddt_queue_delay(struct ddt_queue *queue, ktime_t delay);
void ddt_queue_stats(struct ddt_queue *queue, struct ddt_queue_stats *stats);

#endif /* _DDT_QUEUE_H */
