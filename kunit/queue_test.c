// SPDX-License-Identifier: GPL-2.0-only
/*
 * queue_test.c - what holds for queues and their requests
 */

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "subject.h"

/* Creation */

static void create_refuses_what_is_out_of_range(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);

	subject->attr.depth = DDT_QUEUE_MAX_DEPTH + 1;
	KUNIT_EXPECT_EQ(test, subject_create(subject, &subject_ops), -EINVAL);
	subject->attr.depth = 1;
	subject->attr.idle_timeout = -1;
	KUNIT_EXPECT_EQ(test, subject_create(subject, &subject_ops), -EINVAL);
}

/* Every member that is 0 means the default. */
static void create_takes_a_zeroed_attribute_for_the_defaults(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct job *in_service;
	struct job *last;
	int i;

	memset(&subject->attr, 0, sizeof(subject->attr));
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops_idle), 0);
	in_service = job_begin(test, subject, JOB_GATE);
	KUNIT_EXPECT_EQ(test, subject->nice, 0);
	KUNIT_EXPECT_EQ(test, subject->task->policy, SCHED_NORMAL);
	KUNIT_EXPECT_STREQ(test, subject->task->comm, "ddt");
	KUNIT_EXPECT_TRUE(test, cpumask_subset(cpu_online_mask,
					       subject->task->cpus_ptr));
	for (i = 0; i < DDT_QUEUE_DEFAULT_DEPTH; i++)
		job_submit(test, subject, JOB_NOTHING);
	last = job_alloc(test, JOB_NOTHING);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			ddt_queue_submit(subject->queue, &last->req));
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 1 + DDT_QUEUE_DEFAULT_DEPTH);
	expect_completed(test, in_service, 0);
	/* It is never idle. */
	usleep_range(5000, 6000);
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), 0);
}

static void create_refuses_what_its_thread_cannot_have(struct kunit *test)
{
	struct cpumask *none = ddt_test_alloc(test, sizeof(*none));
	struct subject *subject = subject_alloc(test);

	subject->attr.thread.nice = 20;
	KUNIT_EXPECT_EQ(test, subject_create(subject, &subject_ops), -ERANGE);
	subject->attr.thread.nice = 0;
	subject->attr.thread.cpus = none;
	KUNIT_EXPECT_EQ(test, subject_create(subject, &subject_ops), -EINVAL);
}

static void queue_has_the_context_and_the_thread_that_it_was_given(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);

	subject->attr.thread.nice = 7;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	KUNIT_EXPECT_PTR_EQ(test, ddt_queue_context(subject->queue),
			    (void *)subject);
	KUNIT_EXPECT_EQ(test, 7,
			ddt_thread_nice(subject_thread(subject)));
	job_begin(test, subject, JOB_NOTHING);
	expect_completions(test, subject, 1);
	KUNIT_EXPECT_EQ(test, subject->nice, 7);
}

/* Service */

static void requests_are_served_one_at_a_time_in_the_order_of_submission(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *jobs[10];
	int i;

	jobs[0] = job_begin(test, subject, JOB_GATE);
	for (i = 1; i < ARRAY_SIZE(jobs); i++)
		jobs[i] = job_submit(test, subject, JOB_NOTHING);
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->served), 1);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, ARRAY_SIZE(jobs));

	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		expect_completed(test, jobs[i], 0);
		KUNIT_EXPECT_EQ(test, jobs[i]->order, i + 1);
		KUNIT_EXPECT_EQ(test, jobs[i]->req.number, i + 1);
		KUNIT_EXPECT_PTR_EQ(test, jobs[i]->server, jobs[0]->server);
		KUNIT_EXPECT_PTR_EQ(test, jobs[i]->completer, jobs[0]->server);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->overlaps), 0);
}

static void request_status_is_what_serving_it_has_returned(struct kunit *test)
{
	static const int rows[] = {
		0, 1, 512, -EIO, -ECANCELED, -ESHUTDOWN, INT_MAX, INT_MIN,
	};
	struct subject *subject = subject_start(test);
	struct job *job;
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		job = job_alloc(test, JOB_NOTHING);
		job->status = rows[i];
		KUNIT_EXPECT_EQ(test, 0,
				ddt_queue_submit(subject->queue, &job->req));
		expect_completions(test, subject, 1);
		expect_completed(test, job, rows[i]);
	}
}

static void request_can_be_submitted_again_by_its_completion(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job = job_alloc(test, JOB_NOTHING);

	job->resubmissions = 20;
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &job->req), 0);
	expect_completions(test, subject, 21);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->completions), 21);
	KUNIT_EXPECT_EQ(test, job->order, 21);
	KUNIT_EXPECT_EQ(test, job->req.number, 21);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
}

static struct job *job_alloc_free(struct kunit *test)
{
	struct job *job = kzalloc(sizeof(*job), GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, !!job);
	ddt_request_init(&job->req);
	job->free = true;
	return job;
}

static void request_can_be_freed_by_its_completion(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_queue *queue = subject->queue;
	struct job *cancelled = job_alloc_free(test);
	struct job *aborted = job_alloc_free(test);
	struct job *served = job_alloc_free(test);

	/* A kernel that checks would complain about a use after that. */
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(queue, &served->req), 0);
	expect_completions(test, subject, 1);

	job_begin(test, subject, JOB_HOUR);
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(queue, &cancelled->req), 0);
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(queue, &aborted->req), 0);
	KUNIT_EXPECT_EQ(test, ddt_queue_cancel(queue, &cancelled->req), 0);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_ABORT), 0);
	expect_completions(test, subject, 3);
}

/* A submission in an interrupt, and what came of it. */
struct interrupt {
	struct irq_work work;
	struct ddt_queue *queue;
	struct ddt_request *req;
	bool in_interrupt;
	int ret;
};

static void interrupt_handle(struct irq_work *work)
{
	struct interrupt *irq = container_of(work, struct interrupt, work);

	irq->in_interrupt = in_hardirq();
	irq->ret = ddt_queue_submit(irq->queue, irq->req);
}

static void submit_in_interrupt(struct kunit *test, struct subject *subject,
				struct job *job)
{
	struct interrupt *irq = ddt_test_alloc(test, sizeof(*irq));

	irq->queue = subject->queue;
	irq->req = &job->req;
	irq->work = IRQ_WORK_INIT_HARD(interrupt_handle);
	irq_work_queue(&irq->work);
	irq_work_sync(&irq->work);
	KUNIT_EXPECT_TRUE(test, irq->in_interrupt);
	KUNIT_EXPECT_EQ(test, irq->ret, 0);
}

static void request_can_be_submitted_in_an_interrupt(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job;
	int i;

	for (i = 0; i < 5; i++) {
		job = job_alloc(test, JOB_NOTHING);
		KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
		submit_in_interrupt(test, subject, job);
		expect_completions(test, subject, 1);
		expect_completed(test, job, 0);
		KUNIT_EXPECT_PTR_EQ(test, job->completer, job->server);
	}
}

static void request_can_be_cancelled_with_interrupts_off(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job;
	int ret;

	job_begin(test, subject, JOB_GATE);
	job = job_submit(test, subject, JOB_NOTHING);
	local_irq_disable();
	ret = ddt_queue_cancel(subject->queue, &job->req);
	local_irq_enable();
	KUNIT_EXPECT_EQ(test, ret, 0);
	expect_completed(test, job, -ECANCELED);
}

/* Refusals */

static void submit_to_a_full_queue_changes_nothing(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_queue_stats before, after;
	struct job *first, *queued[2], *refused;
	int i;

	subject->attr.depth = 2;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	/* The one in service does not count. */
	first = job_begin(test, subject, JOB_GATE);
	for (i = 0; i < 2; i++)
		queued[i] = job_submit(test, subject, JOB_NOTHING);

	refused = job_alloc(test, JOB_NOTHING);
	ddt_queue_stats(subject->queue, &before);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, -EAGAIN,
				ddt_queue_submit(subject->queue,
						 &refused->req));
	ddt_queue_stats(subject->queue, &after);
	KUNIT_EXPECT_TRUE(test, !memcmp(&before, &after, sizeof(before)));
	KUNIT_EXPECT_EQ(test, -EALREADY,
			ddt_queue_cancel(subject->queue, &refused->req));

	/* One free slot, and no more. */
	KUNIT_EXPECT_EQ(test, 0,
			ddt_queue_cancel(subject->queue, &queued[1]->req));
	KUNIT_EXPECT_EQ(test, 0,
			ddt_queue_submit(subject->queue, &refused->req));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			ddt_queue_submit(subject->queue, &queued[1]->req));

	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 4);
	expect_completed(test, first, 0);
	expect_completed(test, queued[0], 0);
	expect_completed(test, queued[1], -ECANCELED);
	expect_completed(test, refused, 0);
	KUNIT_EXPECT_EQ(test, refused->req.number, 4);
}

static void submit_to_a_stopped_queue_is_refused(struct kunit *test)
{
	static const enum ddt_queue_stop_mode modes[] = {
		DDT_QUEUE_DRAIN, DDT_QUEUE_ABORT,
	};
	struct subject *subject;
	struct job *job;
	int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		subject = subject_start(test);
		job = job_alloc(test, JOB_NOTHING);
		KUNIT_EXPECT_EQ(test, stop(test, subject, modes[i]), 0);
		KUNIT_EXPECT_EQ(test, -ESHUTDOWN,
				ddt_queue_submit(subject->queue, &job->req));
		KUNIT_EXPECT_EQ(test, atomic_read(&job->completions), 0);

		/* It can go elsewhere. */
		subject = subject_start(test);
		KUNIT_EXPECT_EQ(test, 0,
				ddt_queue_submit(subject->queue, &job->req));
		expect_completions(test, subject, 1);
		expect_completed(test, job, 0);
	}
}

static void submit_while_the_queue_drains_is_refused(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job = job_alloc(test, JOB_NOTHING);
	struct ddt_test_thread *stopper;

	job_begin(test, subject, JOB_GATE);
	stopper = stop_begin(test, subject, DDT_QUEUE_DRAIN);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_waits(stopper)));
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN,
			ddt_queue_submit(subject->queue, &job->req));
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(stopper), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->completions), 0);
}

static void submit_of_a_request_that_is_in_a_queue_is_refused(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct subject *other = subject_start(test);
	struct ddt_queue_stats stats;
	struct job *first, *second;

	first = job_begin(test, subject, JOB_GATE);
	second = job_submit(test, subject, JOB_NOTHING);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			ddt_queue_submit(subject->queue, &first->req));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			ddt_queue_submit(subject->queue, &second->req));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			ddt_queue_submit(other->queue, &second->req));
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 2);
	expect_completed(test, first, 0);
	expect_completed(test, second, 0);
	ddt_queue_stats(subject->queue, &stats);
	KUNIT_EXPECT_EQ(test, stats.submitted, 2);
}

/* Slots */

/* A thread that waits until its request is accepted. */
struct submitter {
	struct subject *subject;
	struct job *job;
	unsigned int flags;
	ktime_t timeout;
	struct ddt_test_thread *thread;
};

static int submitter_main(void *context)
{
	struct submitter *submitter = context;

	return ddt_queue_submit_wait(submitter->subject->queue,
				     &submitter->job->req, submitter->flags,
				     submitter->timeout);
}

static struct submitter *submitter_alloc(struct kunit *test,
					 struct subject *subject)
{
	struct submitter *submitter = ddt_test_alloc(test, sizeof(*submitter));

	submitter->subject = subject;
	submitter->job = job_alloc(test, JOB_NOTHING);
	submitter->flags = DDT_WAIT_ALERTABLE;
	submitter->timeout = DDT_FOREVER;
	return submitter;
}

/* Starts it, and returns when it waits. */
static struct submitter *submitter_start(struct kunit *test,
					 struct subject *subject)
{
	struct submitter *submitter = submitter_alloc(test, subject);

	submitter->thread = ddt_test_start(test, submitter_main, submitter);
	KUNIT_EXPECT_TRUE(test,
			  ddt_test_until(ddt_test_waits(submitter->thread)));
	return submitter;
}

/* A queue with one slot, which is taken. */
static struct subject *subject_start_full(struct kunit *test,
					  struct job **in_service,
					  struct job **queued)
{
	struct subject *subject = subject_alloc(test);

	subject->attr.depth = 1;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	*in_service = job_begin(test, subject, JOB_GATE);
	*queued = job_submit(test, subject, JOB_NOTHING);
	return subject;
}

static void submit_wait_does_not_wait_if_there_is_room(struct kunit *test)
{
	static const ktime_t timeouts[] = { 0, -1, 1, DDT_FOREVER };
	struct subject *subject = subject_start(test);
	struct job *job;
	int i;

	for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
		job = job_alloc(test, JOB_NOTHING);
		KUNIT_EXPECT_EQ(test, 0,
				ddt_queue_submit_wait(subject->queue, &job->req,
						      0, timeouts[i]));
		expect_completions(test, subject, 1);
		expect_completed(test, job, 0);
	}
}

static void submit_wait_waits_until_there_is_room(struct kunit *test)
{
	struct submitter *submitters[3];
	struct job *first, *queued;
	struct subject *subject;
	int i;

	subject = subject_start_full(test, &first, &queued);
	for (i = 0; i < ARRAY_SIZE(submitters); i++)
		submitters[i] = submitter_start(test, subject);
	usleep_range(500, 1000);
	for (i = 0; i < ARRAY_SIZE(submitters); i++)
		KUNIT_EXPECT_TRUE(test, ddt_test_waits(submitters[i]->thread));

	/* One leaves, one comes in. */
	KUNIT_EXPECT_EQ(test, 0,
			ddt_queue_cancel(subject->queue, &queued->req));
	KUNIT_EXPECT_EQ(test, ddt_test_join(submitters[0]->thread), 0);
	for (i = 1; i < ARRAY_SIZE(submitters); i++)
		KUNIT_EXPECT_TRUE(test, ddt_test_waits(submitters[i]->thread));

	/* All the others come in one after the other. */
	ddt_event_set(&subject->gate);
	for (i = 1; i < ARRAY_SIZE(submitters); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(submitters[i]->thread), 0);
	expect_completions(test, subject, 5);
	for (i = 0; i < ARRAY_SIZE(submitters); i++)
		expect_completed(test, submitters[i]->job, 0);
}

static void submit_wait_gives_up_when_its_time_is_up_and_never_early(struct kunit *test)
{
	struct submitter *submitter;
	struct job *first, *queued;
	struct subject *subject;
	ktime_t until;

	subject = subject_start_full(test, &first, &queued);
	submitter = submitter_alloc(test, subject);
	submitter->timeout = 0;
	KUNIT_EXPECT_EQ(test, submitter_main(submitter), -ETIME);

	until = ktime_add(ktime_get(), INTERVAL);
	submitter->timeout = INTERVAL;
	KUNIT_EXPECT_EQ(test, submitter_main(submitter), -ETIME);
	KUNIT_EXPECT_GE(test, ktime_get(), until);

	submitter->flags = DDT_WAIT_ABSOLUTE;
	submitter->timeout = ktime_add(ktime_get(), INTERVAL);
	KUNIT_EXPECT_EQ(test, submitter_main(submitter), -ETIME);
	KUNIT_EXPECT_GE(test, ktime_get(), submitter->timeout);

	/* Its request was not accepted, and can be later. */
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&submitter->job->completions), 0);
	KUNIT_EXPECT_EQ(test, submitter_main(submitter), 0);
	expect_completions(test, subject, 1);
	expect_completed(test, submitter->job, 0);
}

static void submit_wait_ends_when_its_thread_is_told_to_stop(struct kunit *test)
{
	struct submitter *stopped, *other;
	struct job *first, *queued;
	struct subject *subject;

	subject = subject_start_full(test, &first, &queued);
	stopped = submitter_start(test, subject);
	other = submitter_start(test, subject);
	ddt_test_stop(test, stopped->thread);
	KUNIT_EXPECT_EQ(test, ddt_test_join(stopped->thread), -EINTR);

	/* The other one has not lost its place by that. */
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(other->thread), 0);
	expect_completions(test, subject, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&stopped->job->completions), 0);
}

static void submit_wait_ends_for_all_when_the_queue_is_stopped(struct kunit *test)
{
	static const enum ddt_queue_stop_mode modes[] = {
		DDT_QUEUE_DRAIN, DDT_QUEUE_ABORT,
	};
	struct submitter *submitters[3];
	struct ddt_test_thread *stopper;
	struct job *first, *queued;
	struct subject *subject;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		subject = subject_start_full(test, &first, &queued);
		for (j = 0; j < ARRAY_SIZE(submitters); j++)
			submitters[j] = submitter_start(test, subject);
		/* Before there is a free slot: nothing is served as yet. */
		stopper = stop_begin(test, subject, modes[i]);
		for (j = 0; j < ARRAY_SIZE(submitters); j++)
			KUNIT_EXPECT_EQ(test, -ESHUTDOWN,
					ddt_test_join(submitters[j]->thread));
		ddt_event_set(&subject->gate);
		KUNIT_EXPECT_EQ(test, ddt_test_join(stopper), 0);
		for (j = 0; j < ARRAY_SIZE(submitters); j++)
			KUNIT_EXPECT_EQ(test, 0,
					atomic_read(&submitters[j]->job->completions));
	}
}

/* Submits its request over and over, some of the times for a short while. */
static int submitter_repeat(void *context)
{
	struct submitter *submitter = context;
	unsigned long begin = jiffies;
	int i, ret, accepted = 0;

	for (i = 0; ddt_test_round(i, 300, 500, begin); i++) {
		submitter->timeout = ddt_test_random(2) ? DDT_FOREVER :
				     ddt_test_random(50) * NSEC_PER_USEC;
		ret = submitter_main(submitter);
		if (!ret)
			accepted++;
		else if (ret != -ETIME)
			return ret;
		/* There is a canceller, so it need not be served. */
		if (!ret && !ddt_test_random(4))
			ddt_queue_cancel(submitter->subject->queue,
					 &submitter->job->req);
		if (!ddt_test_until(atomic_read(&submitter->job->completions) ==
				    accepted))
			return -EIO;
	}
	return accepted;
}

static void no_room_is_lost_that_somebody_waits_for(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct submitter *submitters[4];
	int i, accepted;

	subject->attr.depth = 1;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	for (i = 0; i < ARRAY_SIZE(submitters); i++) {
		submitters[i] = submitter_alloc(test, subject);
		submitters[i]->thread = ddt_test_start(test, submitter_repeat,
						       submitters[i]);
	}
	for (i = 0; i < ARRAY_SIZE(submitters); i++) {
		accepted = ddt_test_join(submitters[i]->thread);
		KUNIT_EXPECT_GT(test, accepted, 0);
		KUNIT_EXPECT_EQ(test, accepted,
				atomic_read(&submitters[i]->job->completions));
	}
}

/* Cancellation */

static void cancel_completes_a_queued_request_at_once(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *first, *second, *third;

	first = job_begin(test, subject, JOB_GATE);
	second = job_submit(test, subject, JOB_NOTHING);
	third = job_submit(test, subject, JOB_NOTHING);
	KUNIT_EXPECT_EQ(test, 0,
			ddt_queue_cancel(subject->queue, &second->req));
	expect_completed(test, second, -ECANCELED);
	KUNIT_EXPECT_PTR_EQ(test, second->completer, current);

	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 3);
	expect_completed(test, first, 0);
	expect_completed(test, second, -ECANCELED);
	expect_completed(test, third, 0);
	KUNIT_EXPECT_EQ(test, second->order, 0);
	KUNIT_EXPECT_EQ(test, third->order, 2);
}

static void cancel_ends_the_delay_of_a_request_in_service(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job, *next;

	job = job_begin(test, subject, JOB_HOUR);
	next = job_submit(test, subject, JOB_SLEEP);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS,
			ddt_queue_cancel(subject->queue, &job->req));
	KUNIT_EXPECT_TRUE(test, one_completed(subject));
	expect_completed(test, job, -ECANCELED);
	KUNIT_EXPECT_TRUE(test, job->cancelled);
	KUNIT_EXPECT_PTR_EQ(test, job->completer, job->server);

	/* The next is not affected. */
	expect_completions(test, subject, 1);
	expect_completed(test, next, 0);
	KUNIT_EXPECT_FALSE(test, next->cancelled);
	KUNIT_EXPECT_FALSE(test, next->early);
}

static void cancel_ends_a_delay_that_has_not_begun(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job;

	job = job_begin(test, subject, JOB_GATE_HOUR);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS,
			ddt_queue_cancel(subject->queue, &job->req));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS,
			ddt_queue_cancel(subject->queue, &job->req));
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 1);
	expect_completed(test, job, -ECANCELED);
}

static void cancel_ends_a_wait_for_the_device_or_the_cancellation(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job;

	job = job_begin(test, subject, JOB_DEVICE);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS,
			ddt_queue_cancel(subject->queue, &job->req));
	expect_completions(test, subject, 1);
	KUNIT_EXPECT_EQ(test, job->ret, 1);

	ddt_event_set(&subject->gate);
	job = job_submit(test, subject, JOB_DEVICE);
	expect_completions(test, subject, 1);
	KUNIT_EXPECT_EQ(test, job->ret, 0);
}

static void cancel_that_nobody_looks_at_does_not_affect_the_next(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job, *next;

	job = job_begin(test, subject, JOB_DEAF);
	next = job_submit(test, subject, JOB_SLEEP);
	KUNIT_EXPECT_EQ(test, -EINPROGRESS,
			ddt_queue_cancel(subject->queue, &job->req));
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 2);
	expect_completed(test, job, 0);
	KUNIT_EXPECT_TRUE(test, job->cancelled);
	expect_completed(test, next, 0);
	KUNIT_EXPECT_FALSE(test, next->cancelled);
	KUNIT_EXPECT_FALSE(test, next->early);
}

static void cancel_of_a_request_that_is_not_in_the_queue_changes_nothing(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job = job_alloc(test, JOB_SLEEP);

	KUNIT_EXPECT_EQ(test, -EALREADY,
			ddt_queue_cancel(subject->queue, &job->req));
	job->complete_cancels = true;
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &job->req), 0);
	expect_completions(test, subject, 1);
	expect_completed(test, job, 0);

	/* Neither now nor in its completion. */
	KUNIT_EXPECT_EQ(test, job->complete_ret, -EALREADY);
	KUNIT_EXPECT_EQ(test, -EALREADY,
			ddt_queue_cancel(subject->queue, &job->req));
	expect_completed(test, job, 0);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
	KUNIT_EXPECT_EQ(test, -EALREADY,
			ddt_queue_cancel(subject->queue, &job->req));
	expect_completed(test, job, 0);
}

static void request_that_was_cancelled_can_be_submitted_again(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *first, *queued;

	first = job_begin(test, subject, JOB_HOUR);
	queued = job_submit(test, subject, JOB_SLEEP);
	ddt_queue_cancel(subject->queue, &queued->req);
	ddt_queue_cancel(subject->queue, &first->req);
	expect_completions(test, subject, 2);

	first->kind = JOB_SLEEP;
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &first->req), 0);
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &queued->req),
			0);
	expect_completions(test, subject, 2);
	KUNIT_EXPECT_EQ(test, first->completion_status, 0);
	KUNIT_EXPECT_FALSE(test, first->cancelled);
	KUNIT_EXPECT_FALSE(test, first->early);
	KUNIT_EXPECT_EQ(test, queued->completion_status, 0);
	KUNIT_EXPECT_FALSE(test, queued->cancelled);
	KUNIT_EXPECT_FALSE(test, queued->early);
}

static void request_can_be_in_memory_that_was_used(struct kunit *test)
{
	struct ddt_flow *flow = ddt_test_alloc(test, sizeof(*flow));
	struct job *job = ddt_test_alloc(test, sizeof(*job));
	struct subject *subject = subject_start(test);

	memset(flow, 0xff, sizeof(*flow));
	ddt_flow_init(flow);
	memset(&job->req, 0xff, sizeof(job->req));
	ddt_request_init(&job->req);
	KUNIT_EXPECT_PTR_EQ(test, job->req.flow, NULL);
	KUNIT_EXPECT_EQ(test, job->req.deadline, 0);

	job->req.flow = flow;
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &job->req), 0);
	expect_completions(test, subject, 1);
	expect_completed(test, job, 0);
}

static void request_can_be_submitted_again_by_the_completion_of_its_cancellation(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job;

	job_begin(test, subject, JOB_GATE);
	job = job_submit(test, subject, JOB_NOTHING);
	job->resubmissions = 1;
	KUNIT_EXPECT_EQ(test, ddt_queue_cancel(subject->queue, &job->req), 0);
	KUNIT_EXPECT_EQ(test, job->completion_status, -ECANCELED);
	KUNIT_EXPECT_EQ(test, job->complete_ret, 0);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->completions), 2);
	KUNIT_EXPECT_EQ(test, job->completion_status, 0);
	KUNIT_EXPECT_EQ(test, job->order, 2);
}

/* Stops */

static void stop_of_an_idle_queue_ends_at_once(struct kunit *test)
{
	static const enum ddt_queue_stop_mode modes[] = {
		DDT_QUEUE_DRAIN, DDT_QUEUE_ABORT,
	};
	static const ktime_t timeouts[] = { DDT_TEST_HOUR, DDT_FOREVER };
	struct subject *subject;
	int i, j, served;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		for (j = 0; j < ARRAY_SIZE(timeouts); j++) {
			for (served = 0; served < 2; served++) {
				subject = subject_start_idle(test, timeouts[j]);
				if (served)
					job_begin(test, subject, JOB_NOTHING);
				KUNIT_EXPECT_TRUE(test,
						  ddt_test_until(subject_waits(subject)));
				KUNIT_EXPECT_EQ(test, 0,
						stop(test, subject, modes[i]));
			}
		}
	}
}

static void stop_with_drain_serves_all_first(struct kunit *test)
{
	static const enum job_kind kinds[] = {
		JOB_GATE, JOB_SLEEP, JOB_INTERRUPTIBLE, JOB_NOTHING, JOB_SLEEP,
		JOB_INTERRUPTIBLE,
	};
	struct subject *subject = subject_start(test);
	struct job *jobs[ARRAY_SIZE(kinds)];
	struct ddt_test_thread *stopper;
	int i;

	jobs[0] = job_begin(test, subject, kinds[0]);
	for (i = 1; i < ARRAY_SIZE(jobs); i++)
		jobs[i] = job_submit(test, subject, kinds[i]);
	stopper = stop_begin(test, subject, DDT_QUEUE_DRAIN);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_waits(stopper)));
	KUNIT_EXPECT_FALSE(test, completion_done(&stopper->ended));
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(stopper), 0);

	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		expect_completed(test, jobs[i], 0);
		KUNIT_EXPECT_EQ(test, jobs[i]->order, i + 1);
		/* Serving sleeps as long as it means to. */
		KUNIT_EXPECT_FALSE(test, jobs[i]->early);
	}
}

static void stop_with_abort_leaves_nothing_queued_or_in_service(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *stopper;
	struct job *first, *queued[5];
	int i;

	first = job_begin(test, subject, JOB_HOUR);
	for (i = 0; i < ARRAY_SIZE(queued); i++)
		queued[i] = job_submit(test, subject, JOB_HOUR);
	stopper = stop_begin(test, subject, DDT_QUEUE_ABORT);
	KUNIT_EXPECT_EQ(test, ddt_test_join(stopper), 0);

	expect_completed(test, first, -ECANCELED);
	KUNIT_EXPECT_TRUE(test, first->cancelled);
	KUNIT_EXPECT_PTR_EQ(test, first->completer, first->server);
	for (i = 0; i < ARRAY_SIZE(queued); i++) {
		expect_completed(test, queued[i], -ESHUTDOWN);
		KUNIT_EXPECT_EQ(test, queued[i]->order, 0);
		KUNIT_EXPECT_PTR_EQ(test, queued[i]->completer, stopper->task);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->served), 1);
}

static void stop_with_abort_waits_until_serving_has_returned(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *stopper;
	struct job *first, *queued;

	first = job_begin(test, subject, JOB_DEAF);
	queued = job_submit(test, subject, JOB_NOTHING);
	stopper = stop_begin(test, subject, DDT_QUEUE_ABORT);

	/* The queued one need not wait. */
	expect_completions(test, subject, 1);
	expect_completed(test, queued, -ESHUTDOWN);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_waits(stopper)));
	usleep_range(1000, 2000);
	KUNIT_EXPECT_FALSE(test, completion_done(&stopper->ended));
	KUNIT_EXPECT_EQ(test, atomic_read(&first->completions), 0);

	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(stopper), 0);
	expect_completed(test, first, 0);
}

static void stop_can_be_called_again(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job = job_submit(test, subject, JOB_NOTHING);

	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_ABORT), 0);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
	expect_completed(test, job, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->callbacks_after_stop), 0);
}

static void stop_by_several_at_once_ends_for_all(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *stoppers[4];
	struct job *first, *queued;
	int i;

	first = job_begin(test, subject, JOB_GATE);
	queued = job_submit(test, subject, JOB_NOTHING);
	for (i = 0; i < ARRAY_SIZE(stoppers); i++) {
		stoppers[i] = stop_begin(test, subject, DDT_QUEUE_DRAIN);
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(ddt_test_waits(stoppers[i])));
	}
	ddt_event_set(&subject->gate);
	for (i = 0; i < ARRAY_SIZE(stoppers); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(stoppers[i]), 0);
	expect_completed(test, first, 0);
	expect_completed(test, queued, 0);
}

static void stop_with_abort_ends_a_drain_that_is_in_progress(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *drainer;
	struct job *first, *queued[3];
	int i;

	first = job_begin(test, subject, JOB_HOUR);
	for (i = 0; i < ARRAY_SIZE(queued); i++)
		queued[i] = job_submit(test, subject, JOB_HOUR);
	drainer = stop_begin(test, subject, DDT_QUEUE_DRAIN);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_waits(drainer)));
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->served), 1);

	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_ABORT), 0);
	KUNIT_EXPECT_EQ(test, ddt_test_join(drainer), 0);
	expect_completed(test, first, -ECANCELED);
	for (i = 0; i < ARRAY_SIZE(queued); i++)
		expect_completed(test, queued[i], -ESHUTDOWN);
}

static void stop_by_the_queues_own_thread_is_refused(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job, *next;

	/* Neither in its service nor in its completion. */
	job = job_submit(test, subject, JOB_STOP);
	expect_completions(test, subject, 1);
	expect_completed(test, job, -EDEADLK);
	KUNIT_EXPECT_TRUE(test, job->complete_stops);
	KUNIT_EXPECT_EQ(test, job->complete_ret, -EDEADLK);

	/* And the queue goes on. */
	next = job_submit(test, subject, JOB_NOTHING);
	expect_completions(test, subject, 1);
	expect_completed(test, next, 0);
}

static void stop_leaves_no_way_for_completions_to_submit_again(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *first, *queued;

	first = job_begin(test, subject, JOB_HOUR);
	queued = job_submit(test, subject, JOB_NOTHING);
	first->resubmissions = 1;
	queued->resubmissions = 1;
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_ABORT), 0);
	expect_completed(test, first, -ECANCELED);
	KUNIT_EXPECT_EQ(test, first->complete_ret, -ESHUTDOWN);
	expect_completed(test, queued, -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, queued->complete_ret, -ESHUTDOWN);
}

static void destroy_aborts_a_queue_that_was_not_stopped(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *destroyer;
	struct job *first, *queued;

	first = job_begin(test, subject, JOB_HOUR);
	queued = job_submit(test, subject, JOB_NOTHING);
	destroyer = ddt_test_start(test, subject_destroy, subject);
	KUNIT_EXPECT_EQ(test, ddt_test_join(destroyer), 0);
	subject->queue = NULL;
	expect_completed(test, first, -ECANCELED);
	expect_completed(test, queued, -ESHUTDOWN);
}

/* The idle callback */

static void idle_is_called_once_after_the_last_request(struct kunit *test)
{
	struct subject *subject = subject_start_idle(test, NSEC_PER_MSEC);
	int round, i;

	/* Without any request there is nothing to be idle after. */
	usleep_range(10000, 11000);
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), 0);

	for (round = 1; round <= 3; round++) {
		/* All are queued before the first ends. */
		ddt_event_reset(&subject->gate);
		job_begin(test, subject, JOB_GATE);
		for (i = 1; i < 3; i++)
			job_submit(test, subject, JOB_NOTHING);
		ddt_event_set(&subject->gate);
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(atomic_read(&subject->idles) ==
						 round));
		expect_completions(test, subject, 3);
		usleep_range(10000, 11000);
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), round);
		KUNIT_EXPECT_FALSE(test, subject->idle_early);
	}
}

static void idle_is_never_early_and_not_called_in_between(struct kunit *test)
{
	static const ktime_t timeouts[] = {
		1, 100 * NSEC_PER_USEC, 3 * NSEC_PER_MSEC,
	};
	struct subject *subject;
	int i;

	for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
		subject = subject_start_idle(test, timeouts[i]);
		job_begin(test, subject, JOB_GATE);
		job_submit(test, subject, JOB_SLEEP);
		usleep_range(4000, 5000);
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), 0);
		ddt_event_set(&subject->gate);
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(atomic_read(&subject->idles)));
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->served), 2);
		KUNIT_EXPECT_FALSE(test, subject->idle_early);
		job_submit(test, subject, JOB_NOTHING);
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(atomic_read(&subject->idles) ==
						 2));
		KUNIT_EXPECT_FALSE(test, subject->idle_early);
		KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), 2);
		KUNIT_EXPECT_EQ(test, 0,
				atomic_read(&subject->callbacks_after_stop));
	}
}

static void idle_that_sleeps_is_ended_by_a_stop(struct kunit *test)
{
	struct subject *subject = subject_start_idle(test, 1);

	subject->idle_sleeps = true;
	job_submit(test, subject, JOB_NOTHING);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(atomic_read(&subject->idles) &&
					       subject_waits(subject)));
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
	KUNIT_EXPECT_EQ(test, subject->idle_ret, -ECANCELED);
}

static void idle_timeout_without_a_callback_does_nothing(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	int i;

	subject->attr.idle_timeout = 100 * NSEC_PER_USEC;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	for (i = 0; i < 3; i++) {
		job_submit(test, subject, JOB_NOTHING);
		expect_completions(test, subject, 1);
		usleep_range(1000, 2000);
	}
}

static void idle_time_that_no_clock_reaches_does_not_end(struct kunit *test)
{
	struct subject *subject = subject_start_idle(test, DDT_FOREVER - 1);

	job_submit(test, subject, JOB_NOTHING);
	expect_completions(test, subject, 1);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), 0);
}

/* Wakeups and statistics */

static void burst_of_requests_costs_one_wakeup(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_queue_stats before, after;
	struct job *jobs[10];
	int round, i, err;

	/* On one CPU, where the thread cannot run before all are there. */
	ddt_test_pin();
	subject->attr.thread.cpus = cpumask_of(raw_smp_processor_id());
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);

	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(jobs); i++)
			jobs[i] = job_alloc(test, JOB_NOTHING);
		KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
		ddt_queue_stats(subject->queue, &before);
		err = 0;
		preempt_disable();
		for (i = 0; i < ARRAY_SIZE(jobs); i++)
			err |= ddt_queue_submit(subject->queue, &jobs[i]->req);
		preempt_enable();
		KUNIT_EXPECT_EQ(test, err, 0);
		expect_completions(test, subject, ARRAY_SIZE(jobs));
		ddt_queue_stats(subject->queue, &after);
		KUNIT_EXPECT_EQ(test, after.wakeups, before.wakeups + 1);
		KUNIT_EXPECT_EQ(test, after.max_queued, ARRAY_SIZE(jobs));
	}
}

static void submit_to_a_thread_that_serves_costs_no_wakeup(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_queue_stats before, after;
	int i;

	job_begin(test, subject, JOB_GATE);
	ddt_queue_stats(subject->queue, &before);
	for (i = 0; i < 10; i++)
		job_submit(test, subject, JOB_NOTHING);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 11);
	ddt_queue_stats(subject->queue, &after);
	KUNIT_EXPECT_EQ(test, after.wakeups, before.wakeups);
}

static void cancelled_request_costs_the_thread_one_look_at_the_most(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_queue_stats before, after;
	struct job *job = job_alloc(test, JOB_NOTHING);
	int i, err = 0;

	ddt_test_pin();
	subject->attr.thread.cpus = cpumask_of(raw_smp_processor_id());
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));

	/* Cancelled before the thread can run, over and over. */
	ddt_queue_stats(subject->queue, &before);
	preempt_disable();
	for (i = 0; i < 10; i++) {
		err |= ddt_queue_submit(subject->queue, &job->req);
		err |= ddt_queue_cancel(subject->queue, &job->req);
	}
	preempt_enable();
	KUNIT_EXPECT_EQ(test, err, 0);
	expect_completions(test, subject, 10);
	KUNIT_EXPECT_EQ(test, job->order, 0);
	ddt_queue_stats(subject->queue, &after);
	KUNIT_EXPECT_EQ(test, after.wakeups, before.wakeups + 1);
	KUNIT_EXPECT_EQ(test, after.cancelled, 10);

	/* And the next one is served. */
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &job->req), 0);
	expect_completions(test, subject, 1);
	KUNIT_EXPECT_EQ(test, job->order, 1);
}

static void queue_without_requests_uses_no_processor_time_at_all(struct kunit *test)
{
	struct subject *subject = subject_start_idle(test, NSEC_PER_MSEC);
	struct ddt_thread *thread = subject_thread(subject);
	struct ddt_thread_usage before, after;

	job_submit(test, subject, JOB_NOTHING);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(atomic_read(&subject->idles)));
	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_thread_settles(thread)));
	ddt_thread_usage(thread, &before);
	usleep_range(100000, 110000);
	ddt_thread_usage(thread, &after);
	KUNIT_EXPECT_EQ(test, after.switches, before.switches);
	KUNIT_EXPECT_EQ(test, after.runtime_ns, before.runtime_ns);
}

static void expect_stats(struct kunit *test, struct subject *subject,
			 u64 submitted, u64 completed, u64 cancelled,
			 u32 queued, u32 max_queued)
{
	struct ddt_queue_stats stats;

	ddt_queue_stats(subject->queue, &stats);
	KUNIT_EXPECT_EQ(test, stats.submitted, submitted);
	KUNIT_EXPECT_EQ(test, stats.completed, completed);
	KUNIT_EXPECT_EQ(test, stats.cancelled, cancelled);
	KUNIT_EXPECT_EQ(test, stats.queued, queued);
	KUNIT_EXPECT_EQ(test, stats.max_queued, max_queued);
}

/* A queue whose completions take until the gate is opened. */
struct slow_completion {
	struct ddt_queue *queue;
	struct ddt_request req;
	struct ddt_event begun;
	struct ddt_event gate;
};

static int slow_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	return 0;
}

static void slow_complete(struct ddt_queue *queue, struct ddt_request *req)
{
	struct slow_completion *slow = ddt_queue_context(queue);

	ddt_event_set(&slow->begun);
	ddt_wait(&slow->gate.object, 0, DDT_FOREVER);
}

static const struct ddt_queue_ops slow_ops = {
	.serve = slow_serve,
	.complete = slow_complete,
};

static int slow_destroy(void *context)
{
	struct slow_completion *slow = context;

	ddt_event_set(&slow->gate);
	ddt_queue_destroy(slow->queue);
	return 0;
}

static struct slow_completion *slow_start(struct kunit *test)
{
	struct ddt_queue_attr attr = {
		.thread = { .name = "ddt-slow" },
		.flags = DDT_QUEUE_TIMES,
	};
	struct slow_completion *slow = ddt_test_alloc(test, sizeof(*slow));

	ddt_request_init(&slow->req);
	ddt_event_init(&slow->begun, DDT_EVENT_MANUAL, false);
	ddt_event_init(&slow->gate, DDT_EVENT_MANUAL, false);
	slow->queue = ddt_queue_create(&slow_ops, slow, &attr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(slow->queue));
	ddt_test_at_exit(test, slow_destroy, slow);
	return slow;
}

static u64 sum_of(const u64 *buckets)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < DDT_QUEUE_TIME_BUCKETS; i++)
		sum += buckets[i];
	return sum;
}

static void request_is_counted_before_its_submitter_is_told(struct kunit *test)
{
	struct ddt_queue_times *times = ddt_test_alloc(test, sizeof(*times));
	struct slow_completion *slow = slow_start(test);
	struct ddt_queue_stats stats;

	KUNIT_EXPECT_EQ(test, ddt_queue_submit(slow->queue, &slow->req), 0);
	KUNIT_EXPECT_TRUE(test, ddt_test_signaled(&slow->begun.object));
	ddt_queue_stats(slow->queue, &stats);
	KUNIT_EXPECT_EQ(test, stats.completed, 1);
	KUNIT_EXPECT_EQ(test, ddt_queue_times(slow->queue, times), 0);
	KUNIT_EXPECT_EQ(test, sum_of(times->queued), 1);
	KUNIT_EXPECT_EQ(test, sum_of(times->service), 1);

	/* And once. */
	ddt_event_set(&slow->gate);
	KUNIT_EXPECT_EQ(test, ddt_queue_flush(slow->queue, 0, DDT_FOREVER), 0);
	ddt_queue_stats(slow->queue, &stats);
	KUNIT_EXPECT_EQ(test, stats.completed, 1);
	KUNIT_EXPECT_EQ(test, ddt_queue_times(slow->queue, times), 0);
	KUNIT_EXPECT_EQ(test, sum_of(times->service), 1);
}

static int slow_cancel(void *context)
{
	struct slow_completion *slow = context;

	return ddt_queue_cancel(slow->queue, &slow->req);
}

static void cancelled_request_is_counted_before_its_submitter_is_told(struct kunit *test)
{
	struct slow_completion *slow = slow_start(test);
	struct ddt_test_thread *canceller;
	struct ddt_queue_stats stats;

	KUNIT_EXPECT_EQ(test, ddt_queue_pause(slow->queue, 0, DDT_FOREVER), 0);
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(slow->queue, &slow->req), 0);
	canceller = ddt_test_start(test, slow_cancel, slow);
	KUNIT_EXPECT_TRUE(test, ddt_test_signaled(&slow->begun.object));
	ddt_queue_stats(slow->queue, &stats);
	KUNIT_EXPECT_EQ(test, stats.completed, 1);
	KUNIT_EXPECT_EQ(test, stats.cancelled, 1);

	ddt_event_set(&slow->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(canceller), 0);
	ddt_queue_stats(slow->queue, &stats);
	KUNIT_EXPECT_EQ(test, stats.completed, 1);
	KUNIT_EXPECT_EQ(test, stats.cancelled, 1);
}

static void stats_tell_what_has_become_of_the_requests(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *jobs[6];
	int i;

	expect_stats(test, subject, 0, 0, 0, 0, 0);
	jobs[0] = job_begin(test, subject, JOB_DEAF);
	expect_stats(test, subject, 1, 0, 0, 0, 1);
	for (i = 1; i < ARRAY_SIZE(jobs); i++)
		jobs[i] = job_submit(test, subject, JOB_HOUR);
	expect_stats(test, subject, 6, 0, 0, 5, 5);
	ddt_queue_cancel(subject->queue, &jobs[2]->req);
	ddt_queue_cancel(subject->queue, &jobs[5]->req);
	expect_stats(test, subject, 6, 2, 2, 3, 5);
	expect_completions(test, subject, 2);

	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_TRUE(test, one_begun(subject));
	ddt_queue_cancel(subject->queue, &jobs[1]->req);
	KUNIT_EXPECT_TRUE(test, one_begun(subject));
	/* Those that were in service are not counted as cancelled. */
	expect_stats(test, subject, 6, 4, 2, 1, 5);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_ABORT), 0);
	expect_stats(test, subject, 6, 6, 3, 0, 5);
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i]->completions), 1);
}

/* Races */

static bool completes(struct subject *subject)
{
	return ddt_test_until(ddt_semaphore_count(&subject->completed));
}

/*
 * Submits request after request, each at about the time at which the thread
 * has nothing left to do and is about to sleep, or to call itself idle. To meet
 * it there the test looks on from another CPU, if there is one.
 */
static void expect_none_left_lying(struct kunit *test, ktime_t idle_timeout,
				   unsigned int rounds)
{
	int max_spins = num_online_cpus() > 1 ? 20000 : 100;
	struct job *jobs[2] = {
		job_alloc(test, JOB_NOTHING), job_alloc(test, JOB_NOTHING),
	};
	struct subject *subject = subject_alloc(test);
	unsigned long begin = jiffies;
	unsigned int i, delay;
	int spins;

	subject->attr.idle_timeout = idle_timeout;
	subject->attr.thread.cpus = cpumask_of(cpumask_last(cpu_online_mask));
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops_idle), 0);
	ddt_test_pin();
	KUNIT_ASSERT_EQ(test, 0,
			ddt_queue_submit(subject->queue, &jobs[0]->req));
	for (i = 0; ddt_test_round(i, rounds, rounds / 2, begin); i++) {
		delay = ddt_test_random(i % 2 ? 400 : 4000);
		if (!ddt_test_random(20))
			ddt_test_jitter();
		for (spins = 0; spins < max_spins; spins++) {
			if (ddt_semaphore_count(&subject->completed))
				break;
			cpu_relax();
		}
		if (spins == max_spins)
			KUNIT_ASSERT_TRUE(test, completes(subject));
		/* Nothing else between: the thread does not take long. */
		ndelay(delay);
		KUNIT_ASSERT_EQ(test, 0,
				ddt_queue_submit(subject->queue,
						 &jobs[!(i % 2)]->req));
		KUNIT_ASSERT_TRUE(test, one_completed(subject));
	}
	KUNIT_ASSERT_TRUE(test, one_completed(subject));
	KUNIT_EXPECT_EQ(test, jobs[i % 2]->order, i + 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0]->completions), i / 2 + 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1]->completions), (i + 1) / 2);
	KUNIT_EXPECT_FALSE(test, subject->idle_early);
}

static void no_request_is_left_lying_when_the_thread_falls_asleep(struct kunit *test)
{
	expect_none_left_lying(test, DDT_FOREVER, 5000);
}

static void no_request_is_left_lying_when_the_idle_time_runs_out(struct kunit *test)
{
	static const ktime_t timeouts[] = {
		1, NSEC_PER_USEC, 5 * NSEC_PER_USEC, 20 * NSEC_PER_USEC,
		100 * NSEC_PER_USEC,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(timeouts); i++)
		expect_none_left_lying(test, timeouts[i], 500);
}

static int subject_abort_at_once(void *context)
{
	struct subject *subject = context;
	unsigned long begin = jiffies;
	struct job jobs[3];
	int i, j, ret;

	for (i = 0; ddt_test_round(i, 150, 1000, begin); i++) {
		memset(jobs, 0, sizeof(jobs));
		WRITE_ONCE(subject->stopped, false);
		ret = subject_create(subject, &subject_ops);
		for (j = 0; !ret && j < ARRAY_SIZE(jobs); j++) {
			ddt_request_init(&jobs[j].req);
			jobs[j].kind = JOB_HOUR;
			ret = ddt_queue_submit(subject->queue, &jobs[j].req);
		}
		if (ret)
			return ret;
		if (i % 2)
			ddt_test_jitter();
		if (i % 3)
			ret = ddt_queue_stop(subject->queue, DDT_QUEUE_ABORT);
		WRITE_ONCE(subject->stopped, i % 3);
		ddt_queue_destroy(subject->queue);
		subject->queue = NULL;
		if (ret)
			return ret;
		for (j = 0; j < ARRAY_SIZE(jobs); j++) {
			if (atomic_read(&jobs[j].completions) != 1)
				return -EIO;
			ret = jobs[j].order ? -ECANCELED : -ESHUTDOWN;
			if (jobs[j].completion_status != ret)
				return jobs[j].completion_status;
		}
	}
	return 3 * i;
}

static void request_is_completed_once_if_the_queue_is_aborted_at_once(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	int submitted = ddt_test_call(test, subject_abort_at_once, subject);

	KUNIT_EXPECT_GT(test, submitted, 0);
	KUNIT_EXPECT_EQ(test, submitted,
			ddt_semaphore_count(&subject->completed));
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->callbacks_after_stop), 0);
}

/* Submitters against cancellers against stops. */

#define LOAD_SUBMITTERS		2
#define LOAD_REQUESTS		6	/* of each submitter */

struct load_request {
	struct ddt_request req;
	atomic_t completions;
};

struct load {
	struct ddt_queue *queue;
	struct load_request requests[LOAD_SUBMITTERS][LOAD_REQUESTS];
	atomic_t next_submitter;
	unsigned int accepted[LOAD_SUBMITTERS][LOAD_REQUESTS];
	atomic_t cancels;		/* that have completed a request */
	atomic_t serves;
	atomic_t in_service;
	atomic_t served;		/* completions, by status */
	atomic_t cancelled;
	atomic_t aborted;
	atomic_t unexpected;
	bool stopped;
	bool done;
};

#define LOAD_SERVED	4711

static int load_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	struct load *load = ddt_queue_context(queue);

	if (atomic_inc_return(&load->in_service) != 1 ||
	    READ_ONCE(load->stopped))
		atomic_inc(&load->unexpected);
	atomic_inc(&load->serves);
	switch (ddt_test_random(32)) {
	case 0:		/* until it is cancelled */
		if (ddt_queue_delay(queue, DDT_TEST_HOUR) != -ECANCELED ||
		    !ddt_request_cancelled(req))
			atomic_inc(&load->unexpected);
		break;
	case 1 ... 8:	/* a cancellation that ends it is its own */
		if (ddt_queue_delay(queue, ddt_test_random(50) *
					   NSEC_PER_USEC) &&
		    !ddt_request_cancelled(req))
			atomic_inc(&load->unexpected);
		break;
	default:
		ddt_test_jitter();
		break;
	}
	atomic_dec(&load->in_service);
	return LOAD_SERVED;
}

static void load_complete(struct ddt_queue *queue, struct ddt_request *req)
{
	struct load_request *request;
	struct load *load = ddt_queue_context(queue);

	request = container_of(req, struct load_request, req);
	if (READ_ONCE(load->stopped))
		atomic_inc(&load->unexpected);
	switch (req->status) {
	case LOAD_SERVED:
		atomic_inc(&load->served);
		break;
	case -ECANCELED:
		atomic_inc(&load->cancelled);
		break;
	case -ESHUTDOWN:
		atomic_inc(&load->aborted);
		break;
	default:
		atomic_inc(&load->unexpected);
		break;
	}
	/* From here on its submitter may use it again. */
	atomic_inc_return_release(&request->completions);
}

static void load_idle(struct ddt_queue *queue)
{
	struct load *load = ddt_queue_context(queue);

	if (READ_ONCE(load->stopped) || atomic_read(&load->in_service))
		atomic_inc(&load->unexpected);
}

static const struct ddt_queue_ops load_ops = {
	.serve = load_serve,
	.complete = load_complete,
	.idle = load_idle,
};

static int load_submitter(void *context)
{
	struct load *load = context;
	unsigned int self = atomic_inc_return(&load->next_submitter) - 1;
	struct load_request *request;
	unsigned int k;
	int ret = 0;

	while (ret != -ESHUTDOWN) {
		k = ddt_test_random(LOAD_REQUESTS);
		request = &load->requests[self][k];
		ddt_test_jitter();
		if (atomic_read_acquire(&request->completions) !=
		    load->accepted[self][k])
			continue;
		ret = ddt_queue_submit(load->queue, &request->req);
		if (!ret)
			load->accepted[self][k]++;
		else if (ret != -EAGAIN && ret != -ESHUTDOWN)
			return ret;
	}
	return 0;
}

static int load_canceller(void *context)
{
	struct load *load = context;
	struct load_request *request;

	while (!READ_ONCE(load->done)) {
		request = &load->requests[ddt_test_random(LOAD_SUBMITTERS)]
					 [ddt_test_random(LOAD_REQUESTS)];
		switch (ddt_queue_cancel(load->queue, &request->req)) {
		case 0:
			atomic_inc(&load->cancels);
			break;
		case -EINPROGRESS:
		case -EALREADY:
			break;
		default:
			return -EINVAL;
		}
		ddt_test_jitter();
	}
	return 0;
}

static int load_drain(void *context)
{
	struct load *load = context;

	return ddt_queue_stop(load->queue, DDT_QUEUE_DRAIN);
}

static int load_abort(void *context)
{
	struct load *load = context;

	return ddt_queue_stop(load->queue, DDT_QUEUE_ABORT);
}

static int load_destroy(void *context)
{
	struct load *load = context;

	ddt_queue_destroy(load->queue);
	return 0;
}

static void expect_load_adds_up(struct kunit *test, struct load *load)
{
	struct ddt_queue_stats stats;
	unsigned int accepted = 0;
	int i, k;

	for (i = 0; i < LOAD_SUBMITTERS; i++) {
		for (k = 0; k < LOAD_REQUESTS; k++) {
			struct load_request *request = &load->requests[i][k];

			KUNIT_EXPECT_EQ(test, load->accepted[i][k],
					atomic_read(&request->completions));
			accepted += load->accepted[i][k];
		}
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&load->unexpected), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&load->served),
			atomic_read(&load->serves));
	KUNIT_EXPECT_EQ(test, atomic_read(&load->cancelled),
			atomic_read(&load->cancels));
	KUNIT_EXPECT_EQ(test, accepted, atomic_read(&load->served) +
					atomic_read(&load->cancelled) +
					atomic_read(&load->aborted));

	ddt_queue_stats(load->queue, &stats);
	KUNIT_EXPECT_EQ(test, stats.submitted, accepted);
	KUNIT_EXPECT_EQ(test, stats.completed, accepted);
	KUNIT_EXPECT_EQ(test, stats.cancelled,
			atomic_read(&load->cancelled) +
			atomic_read(&load->aborted));
	KUNIT_EXPECT_EQ(test, stats.queued, 0);
}

/* One queue, from its creation to its end. */
static void load_run(struct kunit *test, bool abort, bool twice)
{
	static const ktime_t idle_timeouts[] = {
		1, NSEC_PER_USEC, 20 * NSEC_PER_USEC, DDT_FOREVER,
	};
	const struct ddt_queue_attr attr = {
		.thread.name = "ddt_load",
		.depth = 1 + ddt_test_random(8),
		.idle_timeout = idle_timeouts[ddt_test_random(4)],
	};
	struct ddt_test_thread *submitters[LOAD_SUBMITTERS];
	struct ddt_test_thread *cancellers[2], *stoppers[2];
	struct load *load = ddt_test_alloc(test, sizeof(*load));
	int i, k;

	for (i = 0; i < LOAD_SUBMITTERS; i++)
		for (k = 0; k < LOAD_REQUESTS; k++)
			ddt_request_init(&load->requests[i][k].req);
	load->queue = ddt_queue_create(&load_ops, load, &attr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(load->queue));

	for (i = 0; i < LOAD_SUBMITTERS; i++)
		submitters[i] = ddt_test_start(test, load_submitter, load);
	for (i = 0; i < ARRAY_SIZE(cancellers); i++)
		cancellers[i] = ddt_test_start(test, load_canceller, load);
	usleep_range(1, 1 + ddt_test_random(3000));

	stoppers[0] = ddt_test_start(test, abort ? load_abort : load_drain,
				     load);
	if (twice) {
		ddt_test_jitter();
		stoppers[1] = ddt_test_start(test, load_abort, load);
	}
	KUNIT_EXPECT_EQ(test, ddt_test_join(stoppers[0]), 0);
	if (twice)
		KUNIT_EXPECT_EQ(test, ddt_test_join(stoppers[1]), 0);
	WRITE_ONCE(load->stopped, true);

	for (i = 0; i < LOAD_SUBMITTERS; i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(submitters[i]), 0);
	WRITE_ONCE(load->done, true);
	for (i = 0; i < ARRAY_SIZE(cancellers); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(cancellers[i]), 0);
	expect_load_adds_up(test, load);
	if (!abort && !twice)
		KUNIT_EXPECT_EQ(test, atomic_read(&load->aborted), 0);
	KUNIT_ASSERT_EQ(test, ddt_test_call(test, load_destroy, load), 0);
}

/* A submission and an abort at the same time, and nothing else. */
struct abort_race {
	struct ddt_queue *queue;
	struct ddt_request req;
	int submitted;
	atomic_t completions;
};

static int abort_race_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	return 0;
}

static void abort_race_complete(struct ddt_queue *queue,
				struct ddt_request *req)
{
	struct abort_race *race = ddt_queue_context(queue);

	atomic_inc(&race->completions);
}

static const struct ddt_queue_ops abort_race_ops = {
	.serve = abort_race_serve,
	.complete = abort_race_complete,
};

static void abort_race_submit(void *context)
{
	struct abort_race *race = context;

	race->submitted = ddt_queue_submit(race->queue, &race->req);
}

static void abort_race_stop(void *context)
{
	struct abort_race *race = context;

	ddt_queue_stop(race->queue, DDT_QUEUE_ABORT);
}

static void stop_with_abort_completes_what_is_just_being_submitted(struct kunit *test)
{
	static const struct ddt_queue_attr attr = {
		.thread.name = "ddt_abort",
		.depth = 1,
		.idle_timeout = DDT_FOREVER,
	};
	struct abort_race *race = ddt_test_alloc(test, sizeof(*race));
	unsigned long begin = jiffies;
	struct ddt_test_race *there;
	int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	ddt_request_init(&race->req);
	ddt_test_pin();
	there = ddt_test_race_start(test, abort_race_stop, race);
	for (i = 0; ddt_test_round(i, 300, 1500, begin); i++) {
		race->queue = ddt_queue_create(&abort_race_ops, race, &attr);
		KUNIT_ASSERT_FALSE(test, IS_ERR(race->queue));
		atomic_set(&race->completions, 0);
		KUNIT_ASSERT_TRUE(test, ddt_test_race_round(there,
							    abort_race_submit));
		if (race->submitted)
			KUNIT_EXPECT_EQ(test, race->submitted, -ESHUTDOWN);
		KUNIT_EXPECT_EQ(test, atomic_read(&race->completions),
				!race->submitted);
		ddt_queue_destroy(race->queue);
	}
}

static void every_request_is_completed_exactly_once_under_submit_cancel_stop(struct kunit *test)
{
	unsigned long begin = jiffies;
	int i;

	for (i = 0; ddt_test_round(i, 60, 3000, begin); i++)
		load_run(test, i & 1, i & 2);
}

static struct kunit_case queue_cases[] = {
	KUNIT_CASE(create_refuses_what_is_out_of_range),
	KUNIT_CASE(create_takes_a_zeroed_attribute_for_the_defaults),
	KUNIT_CASE(create_refuses_what_its_thread_cannot_have),
	KUNIT_CASE(queue_has_the_context_and_the_thread_that_it_was_given),
	KUNIT_CASE(requests_are_served_one_at_a_time_in_the_order_of_submission),
	KUNIT_CASE(request_status_is_what_serving_it_has_returned),
	KUNIT_CASE(request_can_be_submitted_again_by_its_completion),
	KUNIT_CASE(request_can_be_freed_by_its_completion),
	KUNIT_CASE(request_can_be_submitted_in_an_interrupt),
	KUNIT_CASE(request_can_be_cancelled_with_interrupts_off),
	KUNIT_CASE(submit_to_a_full_queue_changes_nothing),
	KUNIT_CASE(submit_to_a_stopped_queue_is_refused),
	KUNIT_CASE(submit_while_the_queue_drains_is_refused),
	KUNIT_CASE(submit_of_a_request_that_is_in_a_queue_is_refused),
	KUNIT_CASE(submit_wait_does_not_wait_if_there_is_room),
	KUNIT_CASE(submit_wait_waits_until_there_is_room),
	KUNIT_CASE(submit_wait_gives_up_when_its_time_is_up_and_never_early),
	KUNIT_CASE(submit_wait_ends_when_its_thread_is_told_to_stop),
	KUNIT_CASE(submit_wait_ends_for_all_when_the_queue_is_stopped),
	KUNIT_CASE(no_room_is_lost_that_somebody_waits_for),
	KUNIT_CASE(cancel_completes_a_queued_request_at_once),
	KUNIT_CASE(cancel_ends_the_delay_of_a_request_in_service),
	KUNIT_CASE(cancel_ends_a_delay_that_has_not_begun),
	KUNIT_CASE(cancel_ends_a_wait_for_the_device_or_the_cancellation),
	KUNIT_CASE(cancel_that_nobody_looks_at_does_not_affect_the_next),
	KUNIT_CASE(cancel_of_a_request_that_is_not_in_the_queue_changes_nothing),
	KUNIT_CASE(request_that_was_cancelled_can_be_submitted_again),
	KUNIT_CASE(request_can_be_in_memory_that_was_used),
	KUNIT_CASE(request_can_be_submitted_again_by_the_completion_of_its_cancellation),
	KUNIT_CASE(stop_of_an_idle_queue_ends_at_once),
	KUNIT_CASE(stop_with_drain_serves_all_first),
	KUNIT_CASE(stop_with_abort_leaves_nothing_queued_or_in_service),
	KUNIT_CASE(stop_with_abort_waits_until_serving_has_returned),
	KUNIT_CASE(stop_can_be_called_again),
	KUNIT_CASE(stop_by_several_at_once_ends_for_all),
	KUNIT_CASE(stop_with_abort_ends_a_drain_that_is_in_progress),
	KUNIT_CASE(stop_by_the_queues_own_thread_is_refused),
	KUNIT_CASE(stop_leaves_no_way_for_completions_to_submit_again),
	KUNIT_CASE(destroy_aborts_a_queue_that_was_not_stopped),
	KUNIT_CASE(idle_is_called_once_after_the_last_request),
	KUNIT_CASE(idle_is_never_early_and_not_called_in_between),
	KUNIT_CASE(idle_that_sleeps_is_ended_by_a_stop),
	KUNIT_CASE(idle_timeout_without_a_callback_does_nothing),
	KUNIT_CASE(idle_time_that_no_clock_reaches_does_not_end),
	KUNIT_CASE(burst_of_requests_costs_one_wakeup),
	KUNIT_CASE(submit_to_a_thread_that_serves_costs_no_wakeup),
	KUNIT_CASE(cancelled_request_costs_the_thread_one_look_at_the_most),
	KUNIT_CASE(queue_without_requests_uses_no_processor_time_at_all),
	KUNIT_CASE(request_is_counted_before_its_submitter_is_told),
	KUNIT_CASE(cancelled_request_is_counted_before_its_submitter_is_told),
	KUNIT_CASE(stats_tell_what_has_become_of_the_requests),
	KUNIT_CASE(no_request_is_left_lying_when_the_thread_falls_asleep),
	KUNIT_CASE(no_request_is_left_lying_when_the_idle_time_runs_out),
	KUNIT_CASE(request_is_completed_once_if_the_queue_is_aborted_at_once),
	KUNIT_CASE(stop_with_abort_completes_what_is_just_being_submitted),
	KUNIT_CASE(every_request_is_completed_exactly_once_under_submit_cancel_stop),
	{}
};

static struct kunit_suite queue_suite = {
	.name = "ddt_queue",
	.init = ddt_test_init,
	.exit = ddt_test_exit,
	.test_cases = queue_cases,
};

kunit_test_suites(&queue_suite);
