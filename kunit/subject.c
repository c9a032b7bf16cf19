// SPDX-License-Identifier: GPL-2.0-only
/*
 * subject.c - a queue under test, and requests for it: see subject.h
 */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "subject.h"

const enum ddt_queue_server subject_servers[3] = {
	DDT_SERVER_THREAD, DDT_SERVER_ON_DEMAND, DDT_SERVER_WORKERS,
};

static struct job *to_job(struct ddt_request *req)
{
	return container_of(req, struct job, req);
}

static int job_wait(struct subject *subject, struct job *job)
{
	struct ddt_object *objects[] = {
		&subject->gate.object, ddt_queue_cancel_object(subject->queue),
	};
	ktime_t interval = INTERVAL;
	ktime_t until = ktime_add(ktime_get(), INTERVAL);
	int ret = 0;

	switch (job->kind) {
	case JOB_NOTHING:
		break;
	case JOB_GATE:
	case JOB_DEAF:
		ret = ddt_wait(&subject->gate.object, 0, DDT_FOREVER);
		break;
	case JOB_HOUR:
		ret = ddt_queue_delay(subject->queue, DDT_TEST_HOUR);
		break;
	case JOB_SLEEP:
		ret = ddt_queue_delay(subject->queue, INTERVAL);
		job->early = ktime_before(ktime_get(), until);
		break;
	case JOB_DEVICE:
		ret = ddt_wait_any(objects, 2, 0, DDT_FOREVER);
		break;
	case JOB_GATE_HOUR:
		ddt_wait(&subject->gate.object, 0, DDT_FOREVER);
		ret = ddt_queue_delay(subject->queue, DDT_TEST_HOUR);
		break;
	case JOB_INTERRUPTIBLE:
		/* By the clock, not by ticks, which may lag behind it. */
		set_current_state(TASK_INTERRUPTIBLE);
		job->early = schedule_hrtimeout(&interval, HRTIMER_MODE_REL);
		break;
	case JOB_STOP:
		ret = ddt_queue_stop(subject->queue, DDT_QUEUE_ABORT);
		if (ret == ddt_queue_stop(subject->queue, DDT_QUEUE_DRAIN))
			job->complete_stops = true;
		break;
	case JOB_FLUSH:
		ret = ddt_queue_flush(subject->queue, 0, DDT_FOREVER);
		break;
	}
	return ret;
}

static int subject_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	struct subject *subject = ddt_queue_context(queue);
	struct job *job = to_job(req);

	if (atomic_inc_return(&subject->in_service) != 1)
		atomic_inc(&subject->overlaps);
	if (READ_ONCE(subject->stopped))
		atomic_inc(&subject->callbacks_after_stop);
	subject->task = current;
	subject->nice = task_nice(current);
	job->server = current;
	job->order = atomic_inc_return(&subject->served);
	if (job->services++ && ktime_before(ktime_get(), job->due))
		job->early = true;
	ddt_semaphore_release(&subject->begun, 1);

	job->ret = job_wait(subject, job);
	if (job->retries > 0) {
		job->retries--;
		job->due = ktime_add(ktime_get(), job->retry_delay);
		ddt_request_retry(req, job->retry_delay, job->retry_place);
	}
	job->cancelled = ddt_request_cancelled(req);
	atomic_dec(&subject->in_service);
	return job->status ? job->status : min(job->ret, 0);
}

static void subject_complete(struct ddt_queue *queue, struct ddt_request *req)
{
	struct subject *subject = ddt_queue_context(queue);
	struct job *job = to_job(req);

	if (READ_ONCE(subject->stopped))
		atomic_inc(&subject->callbacks_after_stop);
	job->completion_status = req->status;
	job->completion_order = atomic_inc_return(&subject->ended);
	job->completer = current;
	subject->last_completion = ktime_get();
	if (job->free) {
		kfree(job);
	} else {
		if (job->complete_stops)
			job->complete_ret = ddt_queue_stop(queue,
							   DDT_QUEUE_DRAIN);
		else if (job->resubmissions-- > 0)
			job->complete_ret = ddt_queue_submit(queue, req);
		else if (job->complete_cancels)
			job->complete_ret = ddt_queue_cancel(queue, req);
		atomic_inc(&job->completions);
	}
	ddt_semaphore_release(&subject->completed, 1);
}

static void subject_idle(struct ddt_queue *queue)
{
	struct subject *subject = ddt_queue_context(queue);

	if (READ_ONCE(subject->stopped))
		atomic_inc(&subject->callbacks_after_stop);
	if (ktime_before(ktime_get(), ktime_add(subject->last_completion,
						subject->attr.idle_timeout)))
		subject->idle_early = true;
	atomic_inc(&subject->idles);
	if (subject->idle_sleeps)
		subject->idle_ret = ddt_queue_delay(queue, DDT_TEST_HOUR);
}

const struct ddt_queue_ops subject_ops = {
	.serve = subject_serve,
	.complete = subject_complete,
};

const struct ddt_queue_ops subject_ops_idle = {
	.serve = subject_serve,
	.complete = subject_complete,
	.idle = subject_idle,
};

static int subject_exit(void *context)
{
	struct subject *subject = context;

	ddt_event_set(&subject->gate);
	if (subject->queue)
		ddt_queue_destroy(subject->queue);
	return 0;
}

struct subject *subject_alloc(struct kunit *test)
{
	struct subject *subject = ddt_test_alloc(test, sizeof(*subject));

	subject->attr.thread.name = "ddt_subject";
	subject->attr.depth = 16;
	subject->attr.idle_timeout = DDT_FOREVER;
	ddt_event_init(&subject->gate, DDT_EVENT_MANUAL, false);
	ddt_semaphore_init(&subject->begun, 0, S32_MAX);
	ddt_semaphore_init(&subject->completed, 0, S32_MAX);
	ddt_test_at_exit(test, subject_exit, subject);
	return subject;
}

int subject_create(struct subject *subject,
		   const struct ddt_queue_ops *ops)
{
	struct ddt_queue *queue;

	queue = ddt_queue_create(ops, subject, &subject->attr);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	subject->queue = queue;
	return 0;
}

struct subject *subject_start(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);

	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	return subject;
}

struct subject *subject_start_server(struct kunit *test,
				     enum ddt_queue_server server,
				     ktime_t idle_timeout)
{
	struct subject *subject = subject_alloc(test);

	subject->attr.server = server;
	subject->attr.idle_timeout = idle_timeout;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops_idle), 0);
	return subject;
}

struct subject *subject_start_idle(struct kunit *test, ktime_t timeout)
{
	return subject_start_server(test, DDT_SERVER_THREAD, timeout);
}

struct ddt_flow *flow_alloc(struct kunit *test)
{
	struct ddt_flow *flow = ddt_test_alloc(test, sizeof(*flow));

	ddt_flow_init(flow);
	return flow;
}

struct job *job_alloc(struct kunit *test, enum job_kind kind)
{
	struct job *job = ddt_test_alloc(test, sizeof(*job));

	ddt_request_init(&job->req);
	job->kind = kind;
	return job;
}

struct job *job_submit(struct kunit *test, struct subject *subject,
		       enum job_kind kind)
{
	struct job *job = job_alloc(test, kind);

	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &job->req), 0);
	return job;
}

/* Waits until one more request is being served, or has been completed. */
bool one_begun(struct subject *subject)
{
	return ddt_test_signaled(&subject->begun.object);
}

bool one_completed(struct subject *subject)
{
	return ddt_test_signaled(&subject->completed.object);
}

struct job *job_begin(struct kunit *test, struct subject *subject,
		      enum job_kind kind)
{
	struct job *job = job_submit(test, subject, kind);

	KUNIT_ASSERT_TRUE(test, one_begun(subject));
	return job;
}

static int subject_drain(void *context)
{
	struct subject *subject = context;

	return ddt_queue_stop(subject->queue, DDT_QUEUE_DRAIN);
}

static int subject_abort(void *context)
{
	struct subject *subject = context;

	return ddt_queue_stop(subject->queue, DDT_QUEUE_ABORT);
}

int subject_destroy(void *context)
{
	struct subject *subject = context;

	ddt_queue_destroy(subject->queue);
	return 0;
}

/* Stops a queue in a thread, which is returned, or waits for its end too. */
struct ddt_test_thread *stop_begin(struct kunit *test,
				   struct subject *subject,
				   enum ddt_queue_stop_mode mode)
{
	return ddt_test_start(test, mode == DDT_QUEUE_ABORT ? subject_abort :
							      subject_drain,
			      subject);
}

int stop(struct kunit *test, struct subject *subject,
	 enum ddt_queue_stop_mode mode)
{
	int ret = ddt_test_join(stop_begin(test, subject, mode));

	WRITE_ONCE(subject->stopped, true);
	return ret;
}

/* The thread of a queue that has one for ever: needs no reference. */
struct ddt_thread *subject_thread(struct subject *subject)
{
	struct ddt_thread *thread = ddt_queue_get_thread(subject->queue);

	ddt_thread_put(thread);
	return thread;
}

/* Whether the queue's thread waits; it does for requests if there are none. */
bool subject_waits(struct subject *subject)
{
	return ddt_test_thread_waits(subject_thread(subject));
}

void expect_completed(struct kunit *test, struct job *job, int status)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&job->completions), 1);
	KUNIT_EXPECT_EQ(test, job->completion_status, status);
}

/* Waits for @n completions, and lets the thread have its last word on them. */
void expect_completions(struct kunit *test, struct subject *subject,
			unsigned int n)
{
	while (n--)
		KUNIT_ASSERT_TRUE(test, one_completed(subject));
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(&subject->completed), 0);
}
