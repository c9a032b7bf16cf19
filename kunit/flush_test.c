// SPDX-License-Identifier: GPL-2.0-only
/*
 * flush_test.c - what holds for waiting until all that was submitted is done
 */

#include "subject.h"

static int flush(void *context)
{
	struct subject *subject = context;

	return ddt_queue_flush(subject->queue, DDT_WAIT_ALERTABLE,
			       DDT_FOREVER);
}

/* Starts a flush in a thread, and returns when it waits. */
static struct ddt_test_thread *flush_begin(struct kunit *test,
					   struct subject *subject)
{
	struct ddt_test_thread *thread = ddt_test_start(test, flush, subject);

	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_waits(thread)));
	return thread;
}

static void flush_of_an_idle_queue_ends_at_once(struct kunit *test)
{
	struct subject *subject = subject_start(test);

	KUNIT_EXPECT_EQ(test, ddt_queue_flush(subject->queue, 0, DDT_FOREVER),
			0);
	job_submit(test, subject, JOB_NOTHING);
	expect_completions(test, subject, 1);
	KUNIT_EXPECT_EQ(test, ddt_queue_flush(subject->queue, 0, DDT_FOREVER),
			0);
	KUNIT_EXPECT_EQ(test, ddt_queue_flush(subject->queue, 0, 0), 0);
}

static void flush_waits_for_what_is_queued_and_in_service(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *thread;
	struct job *jobs[3];
	int i;

	jobs[0] = job_begin(test, subject, JOB_GATE);
	for (i = 1; i < ARRAY_SIZE(jobs); i++)
		jobs[i] = job_submit(test, subject, JOB_SLEEP);
	thread = flush_begin(test, subject);
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(thread), 0);
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		expect_completed(test, jobs[i], 0);
}

static void flush_does_not_wait_for_what_comes_later(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *thread;
	struct job *before, *later;

	before = job_begin(test, subject, JOB_GATE);
	thread = flush_begin(test, subject);
	later = job_submit(test, subject, JOB_HOUR);
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(thread), 0);
	expect_completed(test, before, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&later->completions), 0);
	KUNIT_EXPECT_EQ(test, ddt_queue_flush(subject->queue, 0, 0), -ETIME);
}

static void flush_waits_for_requests_that_were_put_back(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job = job_alloc(test, JOB_NOTHING);

	job->retries = 3;
	job->retry_place = DDT_RETRY_TAIL;
	job->retry_delay = NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &job->req), 0);
	KUNIT_EXPECT_EQ(test, flush(subject), 0);
	expect_completed(test, job, 0);
	KUNIT_EXPECT_EQ(test, job->services, 4);
}

static void flush_counts_cancelled_and_late_requests_as_done(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *thread;
	struct job *jobs[3];

	jobs[0] = job_begin(test, subject, JOB_HOUR);
	jobs[1] = job_submit(test, subject, JOB_NOTHING);
	jobs[2] = job_alloc(test, JOB_NOTHING);
	jobs[2]->req.deadline = ktime_add_ms(ktime_get(), 2);
	KUNIT_EXPECT_EQ(test, 0,
			ddt_queue_submit(subject->queue, &jobs[2]->req));
	thread = flush_begin(test, subject);
	ddt_queue_cancel(subject->queue, &jobs[1]->req);
	expect_completions(test, subject, 2);
	ddt_queue_cancel(subject->queue, &jobs[0]->req);
	KUNIT_EXPECT_EQ(test, ddt_test_join(thread), 0);
	expect_completed(test, jobs[0], -ECANCELED);
	expect_completed(test, jobs[2], -ETIME);
}

static void flush_whose_time_is_up_can_be_repeated(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *thread;
	struct job *jobs[2];
	int i;

	jobs[0] = job_begin(test, subject, JOB_GATE);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, -ETIME,
				ddt_queue_flush(subject->queue, 0,
						NSEC_PER_MSEC));
	jobs[1] = job_submit(test, subject, JOB_SLEEP);
	thread = flush_begin(test, subject);
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(thread), 0);
	for (i = 0; i < 2; i++)
		expect_completed(test, jobs[i], 0);
}

static void flush_ends_when_its_thread_is_told_to_stop(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *thread;

	job_begin(test, subject, JOB_GATE);
	thread = flush_begin(test, subject);
	ddt_test_stop(test, thread);
	KUNIT_EXPECT_EQ(test, ddt_test_join(thread), -EINTR);
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, flush(subject), 0);
}

static void flushes_by_several_at_once_end_for_all(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *threads[4];
	int i;

	job_begin(test, subject, JOB_GATE);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = flush_begin(test, subject);
	ddt_event_set(&subject->gate);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(threads[i]), 0);
}

static void flush_by_the_queues_own_thread_is_refused(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job = job_submit(test, subject, JOB_FLUSH);

	expect_completions(test, subject, 1);
	KUNIT_EXPECT_EQ(test, job->ret, -EDEADLK);
}

static struct kunit_case flush_cases[] = {
	KUNIT_CASE(flush_of_an_idle_queue_ends_at_once),
	KUNIT_CASE(flush_waits_for_what_is_queued_and_in_service),
	KUNIT_CASE(flush_does_not_wait_for_what_comes_later),
	KUNIT_CASE(flush_waits_for_requests_that_were_put_back),
	KUNIT_CASE(flush_counts_cancelled_and_late_requests_as_done),
	KUNIT_CASE(flush_whose_time_is_up_can_be_repeated),
	KUNIT_CASE(flush_ends_when_its_thread_is_told_to_stop),
	KUNIT_CASE(flushes_by_several_at_once_end_for_all),
	KUNIT_CASE(flush_by_the_queues_own_thread_is_refused),
	{}
};

static struct kunit_suite flush_suite = {
	.name = "ddt_flush",
	.init = ddt_test_init,
	.exit = ddt_test_exit,
	.test_cases = flush_cases,
};

kunit_test_suites(&flush_suite);
