// SPDX-License-Identifier: GPL-2.0-only
/*
 * deadline_test.c - what holds for requests with a deadline
 */

#include <linux/ktime.h>

#include "subject.h"

static struct job *job_submit_until(struct kunit *test, struct subject *subject,
				    enum job_kind kind, ktime_t deadline)
{
	struct job *job = job_alloc(test, kind);

	job->req.deadline = deadline;
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &job->req), 0);
	return job;
}

static ktime_t in_ms(unsigned int ms)
{
	return ktime_add_ms(ktime_get(), ms);
}

static void request_is_served_before_its_deadline(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job;

	job = job_submit_until(test, subject, JOB_NOTHING, in_ms(3600 * 1000));
	expect_completions(test, subject, 1);
	expect_completed(test, job, 0);
	KUNIT_EXPECT_EQ(test, job->services, 1);
}

static void request_past_its_deadline_ends_while_another_is_in_service(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *busy, *job;
	ktime_t deadline;

	busy = job_begin(test, subject, JOB_GATE);
	deadline = in_ms(3);
	job = job_submit_until(test, subject, JOB_NOTHING, deadline);
	expect_completions(test, subject, 1);
	expect_completed(test, job, -ETIME);
	KUNIT_EXPECT_EQ(test, job->services, 0);
	KUNIT_EXPECT_FALSE(test, ktime_before(subject->last_completion,
					      deadline));
	KUNIT_EXPECT_EQ(test, atomic_read(&busy->completions), 0);
}

static void request_whose_deadline_has_passed_is_not_served(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_queue_stats stats;
	struct job *job;
	int i;

	for (i = 0; i < 50; i++) {
		job = job_submit_until(test, subject, JOB_NOTHING, 1);
		expect_completions(test, subject, 1);
		expect_completed(test, job, -ETIME);
		KUNIT_EXPECT_EQ(test, job->services, 0);
	}
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
	ddt_queue_stats(subject->queue, &stats);
	KUNIT_EXPECT_EQ(test, stats.expired, 50);
	KUNIT_EXPECT_EQ(test, stats.cancelled, 0);
	KUNIT_EXPECT_EQ(test, stats.completed, 50);
}

static void request_that_was_served_before_has_its_deadline(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job;

	job = job_submit(test, subject, JOB_NOTHING);
	expect_completions(test, subject, 1);
	expect_completed(test, job, 0);

	job->req.deadline = 1;
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &job->req), 0);
	expect_completions(test, subject, 1);
	KUNIT_EXPECT_EQ(test, job->completion_status, -ETIME);
	KUNIT_EXPECT_EQ(test, job->services, 1);
}

static void deadlines_can_come_in_any_order(struct kunit *test)
{
	static const unsigned int ms[] = { 3600 * 1000, 40, 4, 20, 1 };
	struct subject *subject = subject_start(test);
	struct job *jobs[ARRAY_SIZE(ms)];
	int i;

	job_begin(test, subject, JOB_GATE);
	for (i = 0; i < ARRAY_SIZE(ms); i++)
		jobs[i] = job_submit_until(test, subject, JOB_NOTHING,
					   in_ms(ms[i]));
	expect_completions(test, subject, ARRAY_SIZE(ms) - 1);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 2);
	for (i = 0; i < ARRAY_SIZE(ms); i++)
		expect_completed(test, jobs[i], ms[i] > 40 ? 0 : -ETIME);
}

static void deadline_does_not_concern_a_request_that_was_begun(struct kunit *test)
{
	struct subject *subject;
	unsigned int ms = 50;
	struct job *job;

	/* On a slow machine it may expire first: repeat with more time. */
	do {
		subject = subject_start(test);
		job = job_alloc(test, JOB_GATE);
		job->req.deadline = in_ms(ms);
		job->retries = 1;
		job->retry_place = DDT_RETRY_TAIL;
		job->retry_delay = 3 * NSEC_PER_MSEC;
		KUNIT_EXPECT_EQ(test, 0,
				ddt_queue_submit(subject->queue, &job->req));
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(atomic_read(&subject->served) ||
						 atomic_read(&job->completions)));
		ms *= 4;
	} while (atomic_read(&job->completions) && ms < 20000);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(ktime_after(ktime_get(),
							   job->req.deadline)));
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 1);
	expect_completed(test, job, 0);
	KUNIT_EXPECT_EQ(test, job->services, 2);
}

static void request_that_ended_otherwise_does_not_end_again_at_its_deadline(struct kunit *test)
{
	struct job *cancelled, *aborted;
	struct subject *subject;
	unsigned int ms = 50;
	ktime_t deadline;

	/* On a slow machine they may expire first: repeat with more time. */
	do {
		subject = subject_start(test);
		job_begin(test, subject, JOB_HOUR);
		deadline = in_ms(ms);
		cancelled = job_submit_until(test, subject, JOB_NOTHING,
					     deadline);
		aborted = job_submit_until(test, subject, JOB_NOTHING,
					   deadline);
		ddt_queue_cancel(subject->queue, &cancelled->req);
		KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_ABORT), 0);
		ms *= 4;
	} while (ktime_after(ktime_get(), deadline) && ms < 20000);
	KUNIT_EXPECT_TRUE(test,
			  ddt_test_until(ktime_after(ktime_get(), deadline)));
	expect_completed(test, cancelled, -ECANCELED);
	expect_completed(test, aborted, -ESHUTDOWN);
}

#define STRESS_ROUNDS	50
#define STRESS_JOBS	12

static void every_request_is_completed_once_at_its_deadline_or_before(struct kunit *test)
{
	struct job *jobs[STRESS_JOBS];
	struct subject *subject;
	int round, i;

	for (round = 0; round < STRESS_ROUNDS; round++) {
		subject = subject_start(test);
		for (i = 0; i < STRESS_JOBS; i++) {
			jobs[i] = job_submit_until(test, subject,
						   ddt_test_random(3) ?
						   JOB_NOTHING : JOB_SLEEP,
						   ktime_add_us(ktime_get(),
								ddt_test_random(8000)));
			if (!ddt_test_random(4))
				ddt_queue_cancel(subject->queue,
						 &jobs[ddt_test_random(i + 1)]->req);
			ddt_test_jitter();
		}
		stop(test, subject,
		     round % 2 ? DDT_QUEUE_DRAIN : DDT_QUEUE_ABORT);
		for (i = 0; i < STRESS_JOBS; i++) {
			KUNIT_EXPECT_EQ(test, 1,
					atomic_read(&jobs[i]->completions));
			KUNIT_EXPECT_EQ(test, jobs[i]->services == 0,
					jobs[i]->completion_status &&
					jobs[i]->ret >= 0);
		}
	}
}

static struct kunit_case deadline_cases[] = {
	KUNIT_CASE(request_is_served_before_its_deadline),
	KUNIT_CASE(request_past_its_deadline_ends_while_another_is_in_service),
	KUNIT_CASE(request_whose_deadline_has_passed_is_not_served),
	KUNIT_CASE(request_that_was_served_before_has_its_deadline),
	KUNIT_CASE(deadlines_can_come_in_any_order),
	KUNIT_CASE(deadline_does_not_concern_a_request_that_was_begun),
	KUNIT_CASE(request_that_ended_otherwise_does_not_end_again_at_its_deadline),
	KUNIT_CASE(every_request_is_completed_once_at_its_deadline_or_before),
	{}
};

static struct kunit_suite deadline_suite = {
	.name = "ddt_deadline",
	.init = ddt_test_init,
	.exit = ddt_test_exit,
	.test_cases = deadline_cases,
};

kunit_test_suites(&deadline_suite);
