/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * subject.h - a queue under test, and requests for it
 *
 * The queue's callbacks keep book of what they see.
 */
#ifndef _DDT_KUNIT_SUBJECT_H
#define _DDT_KUNIT_SUBJECT_H

#include <linux/atomic.h>

#include <ddt/queue.h>

#include "helper.h"

/* What serving a request consists of. */
enum job_kind {
	JOB_NOTHING,
	JOB_GATE,		/* waits until the test opens the gate */
	JOB_HOUR,		/* sleeps for an hour */
	JOB_SLEEP,		/* sleeps for a while */
	JOB_DEAF,		/* takes no notice of a cancellation */
	JOB_DEVICE,		/* waits for the device, or a cancellation */
	JOB_GATE_HOUR,		/* first the one, then the other */
	JOB_INTERRUPTIBLE,	/* sleeps as Linux drivers often do */
	JOB_STOP,		/* stops its own queue, in all ways */
	JOB_FLUSH,		/* flushes its own queue */
};

/* A queue, what it was created with, and what its callbacks have seen. */
struct subject {
	struct ddt_queue *queue;
	struct ddt_queue_attr attr;
	struct ddt_event gate;
	struct ddt_semaphore begun;	/* one for each service begun */
	struct ddt_semaphore completed;	/* one for each completion */
	struct task_struct *task;
	int nice;			/* of the task when it served */
	atomic_t served;
	atomic_t ended;			/* completions */
	atomic_t in_service;
	atomic_t overlaps;
	atomic_t idles;
	atomic_t callbacks_after_stop;
	bool stopped;
	ktime_t last_completion;
	bool idle_early;
	bool idle_sleeps;
	int idle_ret;
};

struct job {
	struct ddt_request req;
	enum job_kind kind;
	int status;			/* what serving it returns */

	unsigned int order;		/* in which it was served, from 1 */
	struct task_struct *server;
	int ret;			/* of what serving it waits for */
	bool early;
	bool cancelled;			/* as serving it has seen it */
	atomic_t completions;
	int completion_status;
	unsigned int completion_order;	/* from 1 */
	struct task_struct *completer;
	int services;			/* how often it was served */
	int retries;			/* how often it is not ready */
	ktime_t retry_delay;
	enum ddt_retry_place retry_place;
	ktime_t due;			/* when it is ready again */
	int resubmissions;		/* still to be done by its completion */
	bool free;			/* by its completion */
	bool complete_stops;		/* its completion stops the queue */
	bool complete_cancels;		/* its completion cancels it */
	int complete_ret;		/* of what its completion tries */
};

#define INTERVAL	(2 * NSEC_PER_MSEC)

extern const enum ddt_queue_server subject_servers[3];	/* all there are */
extern const struct ddt_queue_ops subject_ops;
extern const struct ddt_queue_ops subject_ops_idle;

struct subject *subject_alloc(struct kunit *test);
int subject_create(struct subject *subject,
		   const struct ddt_queue_ops *ops);
struct subject *subject_start(struct kunit *test);
struct subject *subject_start_server(struct kunit *test,
				     enum ddt_queue_server server,
				     ktime_t idle_timeout);
struct subject *subject_start_idle(struct kunit *test, ktime_t timeout);
struct ddt_flow *flow_alloc(struct kunit *test);
struct job *job_alloc(struct kunit *test, enum job_kind kind);
struct job *job_submit(struct kunit *test, struct subject *subject,
		       enum job_kind kind);
bool one_begun(struct subject *subject);
bool one_completed(struct subject *subject);
struct job *job_begin(struct kunit *test, struct subject *subject,
		      enum job_kind kind);
int subject_destroy(void *context);
struct ddt_test_thread *stop_begin(struct kunit *test,
				   struct subject *subject,
				   enum ddt_queue_stop_mode mode);
int stop(struct kunit *test, struct subject *subject,
	 enum ddt_queue_stop_mode mode);
struct ddt_thread *subject_thread(struct subject *subject);
bool subject_waits(struct subject *subject);
void expect_completed(struct kunit *test, struct job *job, int status);
void expect_completions(struct kunit *test, struct subject *subject,
			unsigned int n);

#endif /* _DDT_KUNIT_SUBJECT_H */
