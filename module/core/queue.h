/* SPDX-License-Identifier: GPL-2.0-only */
/* queue.h - a queue from within: the requests and who serves them */
#ifndef _DDT_CORE_QUEUE_H
#define _DDT_CORE_QUEUE_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <ddt/queue.h>

struct ddt_queue {
	/* What submitting changes comes first, in one cache line: see submit.c. */
	atomic64_t gate;		/* DDT_GATE_CLOSED, ... */
	struct llist_head intake;	/* accepted, the last first */
	unsigned int depth;
	/*
	 * Whoever serves the queue has found nothing to do and will look again
	 * when woken: see ddt_server_sleeps() and ddt_server_wake().
	 */
	bool sleeping;
	bool thread_runs;		/* a thread will look at ready */
	atomic64_t wakeups;
	struct ddt_queue_times *times;	/* NULL if not measured */

	const struct ddt_queue_ops *ops;
	void *context;
	char name[TASK_COMM_LEN];

	struct ddt_event cancel;	/* set if in_service is cancelled */
	struct ddt_event drained;	/* set if closed and none outstanding */
	struct ddt_event flushed;	/* set when a flush may be over */
	struct ddt_semaphore flush_turn;	/* taken by the one who flushes */
	struct delayed_work expire;	/* completes what is past its deadline */

	/* Who serves the queue, see server.c. */
	enum ddt_queue_server server;
	struct ddt_semaphore ready;	/* what a thread waits for */
	struct delayed_work work;	/* what workers do, or starts a thread */
	/* Protects thread, and thread_attr.nice from then on. */
	struct mutex thread_lock;
	struct ddt_thread *thread;	/* NULL if there is none */
	struct ddt_thread_attr thread_attr;
	struct task_struct *serving;	/* who runs the callbacks */
	/* Used by serving only: */
	bool worked;			/* not yet idle */
	ktime_t idle_after;		/* idle_timeout when it last looked */
	ktime_t idle_since;		/* used by workers only */

	/*
	 * Protects all that follows, what times points to, and the private part
	 * of the requests. Taken by ddt_queue_lock() and never in an interrupt:
	 * to turn interrupts off for each request would cost more than all the
	 * rest.
	 */
	spinlock_t lock;
	unsigned long left;		/* the queue; also read by ddt_gate_pass() */
	struct list_head flows;		/* that have requests, in their turn */
	struct ddt_flow flow;		/* of the requests that name none */
	struct list_head delayed;	/* put back until they are due, sorted */
	atomic_t service;		/* enum ddt_service, see service.c */
	struct ddt_request *in_service;	/* see ddt_queue_in_service() */
	bool closed;			/* accepts no more requests */
	bool aborting;			/* serves no more requests */
	struct list_head room_waiters;	/* who is let in when there is room */
	ktime_t idle_timeout;
	ktime_t next_expiry;		/* for when expire is scheduled */
	/* Accepted and not yet completed: before the last flush, and since. */
	u64 outstanding[2];
	u8 epoch;			/* which of the two new requests join */
	struct ddt_queue_stats stats;
};

/*
 * The gate that requests pass when they are accepted. Its other bits count those
 * that have passed it since the queue was created.
 */
#define DDT_GATE_CLOSED		BIT(0)
#define DDT_GATE_WAITERS	BIT(1)	/* leave the room to those who wait */
#define DDT_GATE_ONE		BIT(2)

static inline u64 ddt_gate_submitted(s64 gate)
{
	return (u64)gate / DDT_GATE_ONE;
}

/*
 * How many requests are queued if the gate is as @gate. Without the lock it may
 * have changed since; then that may be less than 0.
 */
static inline long ddt_gate_queued(const struct ddt_queue *queue, s64 gate)
{
	return (unsigned long)ddt_gate_submitted(gate) - READ_ONCE(queue->left);
}

/* Whether a request is in service. */
enum ddt_service {
	DDT_SERVICE_NONE,
	DDT_SERVICE_GOES_ON,
	DDT_SERVICE_HELD,		/* and does not end without the lock */
};

static inline unsigned int ddt_queue_queued(const struct ddt_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	return ddt_gate_queued(queue, atomic64_read(&queue->gate));
}

static inline bool ddt_queue_has_requests(const struct ddt_queue *queue)
{
	lockdep_assert_held(&queue->lock);

	return !list_empty(&queue->flows) || !list_empty(&queue->delayed);
}

/* For a work that looks again if that was too early. */
static inline unsigned long ddt_jiffies_until(ktime_t when)
{
	s64 ns = ktime_to_ns(ktime_sub(when, ktime_get()));

	if (ns <= 0)
		return 0;
	return min_t(u64, nsecs_to_jiffies64(ns), MAX_JIFFY_OFFSET - 1) + 1;
}

extern struct workqueue_struct *ddt_workqueue;
extern struct kmem_cache *ddt_queue_cache;

/* flow.c */
void ddt_flow_add_last(struct ddt_queue *queue, struct ddt_request *req);
void ddt_flow_add_first(struct ddt_queue *queue, struct ddt_request *req,
			bool turn);
void ddt_flow_remove(struct ddt_queue *queue, struct ddt_request *req);
void ddt_flow_end_turn(struct ddt_queue *queue, struct ddt_request *req);

/* submit.c */
void ddt_queue_lock(struct ddt_queue *queue) __acquires(&queue->lock);
void ddt_queue_unlock(struct ddt_queue *queue) __releases(&queue->lock);
void ddt_queue_check_room(struct ddt_queue *queue);

/* queue.c */
void ddt_queue_claim(struct ddt_queue *queue, struct ddt_request *req,
		     enum ddt_request_state state);
void ddt_queue_account_completed(struct ddt_queue *queue, u8 epoch);
void ddt_queue_complete_unserved(struct ddt_queue *queue,
				 struct ddt_request *req, int status);
void ddt_queue_complete_all(struct ddt_queue *queue, int status);

/* service.c */
bool ddt_queue_serve(struct ddt_queue *queue, ktime_t *due);
struct ddt_request *ddt_queue_in_service(struct ddt_queue *queue);

/* deadline.c */
void ddt_deadline_init(struct ddt_queue *queue);
bool ddt_deadline_passed(const struct ddt_request *req, ktime_t now);
void ddt_deadline_schedule(struct ddt_queue *queue, ktime_t deadline);

/* server.c */
int ddt_server_start(struct ddt_queue *queue,
		     const struct ddt_queue_attr *attr);
bool ddt_server_sleeps(struct ddt_queue *queue);
void ddt_server_wake(struct ddt_queue *queue);
bool ddt_server_is_current(const struct ddt_queue *queue);
void ddt_server_stop(struct ddt_queue *queue);
void ddt_server_free(struct ddt_queue *queue);

#endif /* _DDT_CORE_QUEUE_H */
