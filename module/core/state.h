/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * state.h - a queue from within, and what changes the state of its requests
 *
 *	  calls.c	the public calls: submit, cancel, flush, stop, ...
 *	     |
 *	 service.c	the service loop: takes one request after the other
 *	     |
 *	  state.c	every change of a request's state, under the lock
 *	  /  |  \
 *  order.c  |  flush.c	the order of requests; counts for flushes:
 *	     |		know no lock and no wakeup
 *	 server.c	what serves: a thread, a thread on demand, or workers:
 *	     |		knows no requests; calls the service loop back
 *	dispatcher.c	the lock and the semaphore (struct ddt_monitor)
 *
 * A file calls only those below it.
 *
 * The lock: one raw spin lock, taken with interrupts off, protects the queue and
 * the private part of its requests. It is that of the semaphore for which the
 * thread waits. What is done under it takes constant time or O(log n); a walk
 * over all requests drops it after every DDT_CHUNK. No callback is called under
 * it but those that select or visit requests. Events that are set under it wake
 * their waiters when it is dropped, before interrupts are enabled.
 *
 * The states: a request is IDLE outside the queue. Submitting makes it QUEUED,
 * or BLOCKED until a slot is granted. The server takes it into service
 * (IN_SERVICE) and completes it (IDLE), or requeues it (QUEUED or DELAYED).
 * Every other context that takes a request out of the queue makes it CLAIMED,
 * and must complete it (IDLE). So a request is claimed under the lock by exactly
 * one context, and completed exactly once.
 *
 * In service a request is known by ->service alone: its completion may free it.
 * The server ends a service without the lock, by exchanging that word. A
 * context that needs the request marks the word, under the lock; then the
 * server takes the lock too, and the request stays until the lock is dropped.
 * The completion is accounted for when the server takes the lock the next time;
 * until then the request counts as outstanding.
 *
 * The end: the queue is drained when it is closed, all requests are accounted
 * for, and no caller is left that has yet to take the lock after its wait
 * (->leaving). A submitter or flusher whose wait the queue ended does not touch
 * it again.
 */
#ifndef _DDT_CORE_STATE_H
#define _DDT_CORE_STATE_H

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/workqueue.h>

#include <ddt/queue.h>

#include "dispatcher.h"
#include "flush.h"
#include "order.h"
#include "server.h"

/* How many requests are looked at while the lock is held. */
#define DDT_CHUNK	32

/* Where times are measured. */
struct ddt_times {
	struct ddt_queue_times sums;
	u64 queued_ns;			/* of the request that was served last */
	u64 service_ns;
};

/*
 * Cache lines: what the submitter and the server both write is in as few as
 * possible, and what only the server writes is in others.
 */
struct ddt_queue {
	struct ddt_server server;	/* first: has the lock */

	/* What a submission needs, and the server too: */
	bool slot_kept ____cacheline_aligned;	/* for those that do not wait */
	unsigned int depth;
	unsigned int queued;
	unsigned int max_queued;
	unsigned int blocked;		/* submitters that wait for a slot */
	unsigned int pauses;
	u64 submitted;
	struct ddt_times *times;	/* NULL if not measured */
	struct list_head all;		/* entries, in the order of arrival */
	struct ddt_order order ____cacheline_aligned;

	/* Seldom changed: */
	unsigned int leaving;		/* callers that will take the lock */
	unsigned int claimed;		/* unserved, not yet in completed */
	u64 cancelled;
	u64 expired;
	u64 retried;
	void *context;

	/* What only the server needs for each request: */
	bool aborting ____cacheline_aligned;	/* serves no more requests */
	bool busy;			/* the server runs a callback or will */
	bool worked;			/* since idle() was called */
	u64 completed;			/* and accounted for */
	u64 served;			/* see ddt_request_account() */
	unsigned long service;		/* see ddt_request_hold() */
	struct ddt_entry place;		/* of the request in service */
	const struct ddt_queue_ops *ops;

	struct ddt_flushes flushes;
	ktime_t idle_since;		/* 0: not yet, or unknown */
	ktime_t idle_timeout;
	struct ddt_event cancel;	/* set if the one in service is cancelled */
	struct ddt_event quiet;		/* set if paused and not busy */
	struct ddt_event drained;
	struct work_struct expire;	/* completes expired requests */
	struct hrtimer expiry;		/* when to do that next */
	struct lockdep_map map;		/* held by callbacks, and by their waiters */
};

/* A caller that waits for the queue, on its stack. */
struct ddt_caller {
	atomic_t state;			/* enum ddt_caller_state */
	struct ddt_event done;
};

/* A submitter that waits for a slot. */
struct ddt_blocked {
	struct ddt_caller caller;
	int ret;
};

/* A caller that waits for completions. */
struct ddt_flusher {
	struct ddt_caller caller;
	struct ddt_flush flush;
};

/* A walk over all requests, on the stack. */
struct ddt_walk {
	struct ddt_queue *queue;
	struct ddt_entry here;
	struct ddt_entry end;
	unsigned int left;		/* before the lock is dropped */
};

static inline void ddt_queue_lock(struct ddt_queue *queue)
	__acquires(&queue->server.monitor.ready.object.lock)
{
	ddt_monitor_lock(&queue->server.monitor);
}

static inline void ddt_queue_unlock(struct ddt_queue *queue)
	__releases(&queue->server.monitor.ready.object.lock)
{
	ddt_monitor_unlock(&queue->server.monitor);
}

/* Has lockdep know that the caller waits for the callbacks of a queue. */
static inline void ddt_queue_might_wait(struct ddt_queue *queue)
{
	lock_map_acquire(&queue->map);
	lock_map_release(&queue->map);
}

void ddt_queue_init(struct ddt_queue *queue);
void ddt_queue_wake(struct ddt_queue *queue);
void ddt_queue_wake_if_needed(struct ddt_queue *queue);
void ddt_queue_set_event(struct ddt_queue *queue, struct ddt_event *event);
void ddt_queue_check_drained(struct ddt_queue *queue);

int ddt_caller_wait(struct ddt_caller *caller, unsigned int flags,
		    ktime_t timeout);

int ddt_request_submit(struct ddt_queue *queue, struct ddt_request *req);
int ddt_request_submit_or_block(struct ddt_queue *queue,
				struct ddt_request *req,
				struct ddt_blocked *blocked);
void ddt_request_leave_blocked(struct ddt_queue *queue,
			       struct ddt_request *req);
bool ddt_queue_refuse_blocked(struct ddt_queue *queue);

struct ddt_request *ddt_request_begin(struct ddt_queue *queue, ktime_t *until,
				      bool *expired);
struct ddt_request *ddt_request_hold(struct ddt_queue *queue);
bool ddt_request_end(struct ddt_queue *queue, struct ddt_request *req,
		     int *status);
void ddt_request_account(struct ddt_queue *queue);
void ddt_times_add_last(const struct ddt_times *times,
			struct ddt_queue_times *sums);

int ddt_request_cancel(struct ddt_queue *queue, struct ddt_request *req,
		       int status);
void ddt_request_complete_unserved(struct ddt_queue *queue,
				   struct ddt_request *req, int status);
void ddt_queue_complete_all(struct ddt_queue *queue, ddt_request_match_t match,
			    const void *context, int status);

bool ddt_flusher_add(struct ddt_queue *queue, struct ddt_flusher *flusher);
void ddt_flusher_leave(struct ddt_queue *queue, struct ddt_flusher *flusher);

void ddt_walk_begin(struct ddt_walk *walk, struct ddt_queue *queue);
struct ddt_request *ddt_walk_next(struct ddt_walk *walk);
void ddt_walk_end(struct ddt_walk *walk);

#endif /* _DDT_CORE_STATE_H */
