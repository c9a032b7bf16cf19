// SPDX-License-Identifier: GPL-2.0-only
/*
 * service_test.c - what holds for the service of requests: putting them back,
 *		    and the times that it takes
 */

#include <linux/log2.h>
#include <linux/sched.h>

#include "subject.h"

static struct job *job_submit_retry(struct kunit *test, struct subject *subject,
				    enum job_kind kind, int retries,
				    enum ddt_retry_place place, ktime_t delay)
{
	struct job *job = job_alloc(test, kind);

	job->retries = retries;
	job->retry_place = place;
	job->retry_delay = delay;
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &job->req), 0);
	return job;
}

/* Submits a request that is delayed for an hour, and waits until it is. */
static struct job *job_put_back(struct kunit *test, struct subject *subject,
				enum ddt_retry_place place)
{
	struct job *job = job_submit_retry(test, subject, JOB_NOTHING, 1,
					   place, DDT_TEST_HOUR);

	KUNIT_EXPECT_TRUE(test, one_begun(subject));
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
	return job;
}

static void expect_queued(struct kunit *test, struct subject *subject,
			  u32 queued)
{
	struct ddt_queue_stats stats;

	ddt_queue_stats(subject->queue, &stats);
	KUNIT_EXPECT_EQ(test, stats.queued, queued);
}

static void retry_first_comes_before_the_others(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job, *other;

	job = job_submit_retry(test, subject, JOB_GATE, 1, DDT_RETRY_HEAD, 0);
	other = job_submit(test, subject, JOB_NOTHING);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 2);
	expect_completed(test, job, 0);
	KUNIT_EXPECT_EQ(test, job->services, 2);
	KUNIT_EXPECT_EQ(test, job->order, 2);
	KUNIT_EXPECT_EQ(test, other->order, 3);
}

static void retry_last_comes_behind_the_others(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job, *other;

	job = job_submit_retry(test, subject, JOB_GATE, 1, DDT_RETRY_TAIL, 0);
	other = job_submit(test, subject, JOB_NOTHING);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 2);
	expect_completed(test, job, 0);
	KUNIT_EXPECT_EQ(test, job->services, 2);
	KUNIT_EXPECT_EQ(test, job->order, 3);
	KUNIT_EXPECT_EQ(test, other->order, 2);
}

static void retry_first_makes_the_others_wait_until_it_is_cancelled(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job, *other;

	job = job_put_back(test, subject, DDT_RETRY_HEAD);
	other = job_submit(test, subject, JOB_NOTHING);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
	usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->served), 1);
	expect_queued(test, subject, 2);

	KUNIT_EXPECT_EQ(test, ddt_queue_cancel(subject->queue, &job->req), 0);
	expect_completions(test, subject, 2);
	expect_completed(test, job, -ECANCELED);
	expect_completed(test, other, 0);
}

static void retry_last_lets_the_others_be_served_meanwhile(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job, *other;

	job = job_put_back(test, subject, DDT_RETRY_TAIL);
	other = job_submit(test, subject, JOB_NOTHING);
	expect_completions(test, subject, 1);
	expect_completed(test, other, 0);
	expect_queued(test, subject, 1);
	KUNIT_EXPECT_EQ(test, ddt_queue_cancel(subject->queue, &job->req), 0);
	expect_completions(test, subject, 1);
	expect_completed(test, job, -ECANCELED);
	KUNIT_EXPECT_EQ(test, job->services, 1);
}

/* So many that their delays do not end all at once. */
#define MANY	70

static void drain_ends_many_delays_at_once(struct kunit *test)
{
	struct subject *subject;
	int i, k;

	for (i = 0; i < ARRAY_SIZE(subject_servers); i++) {
		subject = subject_alloc(test);
		subject->attr.server = subject_servers[i];
		subject->attr.idle_timeout = DDT_TEST_HOUR;
		subject->attr.depth = MANY + 1;
		KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
		for (k = 0; k < MANY; k++)
			job_submit_retry(test, subject, JOB_NOTHING, 1,
					 DDT_RETRY_TAIL, DDT_TEST_HOUR);
		/* Holds the flow of all, and is due last. */
		job_submit_retry(test, subject, JOB_NOTHING, 1, DDT_RETRY_HEAD,
				 2 * DDT_TEST_HOUR);
		for (k = 0; k <= MANY; k++)
			KUNIT_ASSERT_TRUE(test, one_begun(subject));
		KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
		expect_completions(test, subject, MANY + 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->served),
				2 * (MANY + 1));
	}
}

static void many_delays_of_a_held_flow_do_not_hide_its_own(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct job *job;
	int i;

	subject->attr.depth = MANY + 2;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	job_begin(test, subject, JOB_GATE);
	for (i = 0; i < MANY; i++)
		job_submit_retry(test, subject, JOB_NOTHING, 1, DDT_RETRY_TAIL,
				 NSEC_PER_MSEC);
	job = job_submit_retry(test, subject, JOB_NOTHING, 1, DDT_RETRY_HEAD,
			       10 * NSEC_PER_MSEC);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, MANY + 2);
	expect_completed(test, job, 0);
	KUNIT_EXPECT_FALSE(test, job->early);
}

static void retry_is_never_early(struct kunit *test)
{
	static const ktime_t delays[] = {
		1, 50 * NSEC_PER_USEC, NSEC_PER_MSEC, 7 * NSEC_PER_MSEC,
	};
	struct subject *subject = subject_start(test);
	struct job *job;
	int i;

	for (i = 0; i < 2 * ARRAY_SIZE(delays); i++) {
		job = job_submit_retry(test, subject, JOB_NOTHING, 3,
				       i % 2 ? DDT_RETRY_HEAD : DDT_RETRY_TAIL,
				       delays[i / 2]);
		expect_completions(test, subject, 1);
		KUNIT_EXPECT_EQ(test, job->services, 4);
		KUNIT_EXPECT_FALSE(test, job->early);
	}
}

static void retried_requests_are_served_when_they_are_due(struct kunit *test)
{
	static const unsigned int ms[] = { 30, 10, 20 };
	struct subject *subject = subject_start(test);
	struct job *jobs[ARRAY_SIZE(ms)];
	int i, k;

	for (i = 0; i < ARRAY_SIZE(ms); i++)
		jobs[i] = job_submit_retry(test, subject, JOB_NOTHING, 1,
					   DDT_RETRY_TAIL,
					   ms[i] * NSEC_PER_MSEC);
	expect_completions(test, subject, ARRAY_SIZE(ms));
	for (i = 0; i < ARRAY_SIZE(ms); i++) {
		KUNIT_EXPECT_FALSE(test, jobs[i]->early);
		for (k = 0; k < i; k++)
			KUNIT_EXPECT_EQ(test, jobs[i]->order < jobs[k]->order,
					ktime_before(jobs[i]->due,
						     jobs[k]->due));
	}
}

static void retry_of_a_request_that_was_cancelled_in_service_ends_it(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *job;

	job = job_submit_retry(test, subject, JOB_GATE, 1, DDT_RETRY_TAIL,
			       DDT_TEST_HOUR);
	KUNIT_EXPECT_TRUE(test, one_begun(subject));
	KUNIT_EXPECT_EQ(test, ddt_queue_cancel(subject->queue, &job->req),
			-EINPROGRESS);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 1);
	expect_completed(test, job, -ECANCELED);
	KUNIT_EXPECT_EQ(test, job->services, 1);
}

static void drain_tries_a_request_that_was_put_back_once_more(struct kunit *test)
{
	static const enum ddt_retry_place places[] = {
		DDT_RETRY_HEAD, DDT_RETRY_TAIL,
	};
	struct subject *subject;
	struct job *job;
	int i, more;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (more = 0; more < 2; more++) {
			subject = subject_start(test);
			job = job_put_back(test, subject, places[i]);
			job->retries = more;
			KUNIT_EXPECT_EQ(test, 0,
					stop(test, subject, DDT_QUEUE_DRAIN));
			expect_completed(test, job, more ? -ESHUTDOWN : 0);
			KUNIT_EXPECT_EQ(test, job->services, 2);
		}
	}
}

static void abort_completes_what_was_put_back(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *jobs[2];
	int i;

	jobs[0] = job_put_back(test, subject, DDT_RETRY_TAIL);
	jobs[1] = job_put_back(test, subject, DDT_RETRY_HEAD);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_ABORT), 0);
	for (i = 0; i < 2; i++) {
		expect_completed(test, jobs[i], -ESHUTDOWN);
		KUNIT_EXPECT_EQ(test, jobs[i]->services, 1);
	}
}

static void retry_is_put_back_although_the_queue_is_full(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_queue_stats stats;
	struct job *job, *other;

	subject->attr.depth = 1;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	job = job_submit_retry(test, subject, JOB_GATE, 1, DDT_RETRY_TAIL, 0);
	KUNIT_EXPECT_TRUE(test, one_begun(subject));
	other = job_submit(test, subject, JOB_NOTHING);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 2);
	expect_completed(test, job, 0);
	expect_completed(test, other, 0);
	ddt_queue_stats(subject->queue, &stats);
	KUNIT_EXPECT_EQ(test, stats.retried, 1);
	/* For a moment both were queued. */
	KUNIT_EXPECT_EQ(test, stats.max_queued, 2);
	KUNIT_EXPECT_EQ(test, stats.queued, 0);
}

static u64 sum(const u64 *buckets, unsigned int first)
{
	u64 n = 0;

	for (; first < DDT_QUEUE_TIME_BUCKETS; first++)
		n += buckets[first];
	return n;
}

static void times_are_those_in_the_queue_and_in_service(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct job *first, *second, *cancelled;
	struct ddt_queue_times times;

	subject->attr.flags = DDT_QUEUE_TIMES;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	first = job_begin(test, subject, JOB_GATE);
	second = job_submit(test, subject, JOB_SLEEP);
	cancelled = job_submit(test, subject, JOB_SLEEP);
	usleep_range(2000, 3000);
	KUNIT_EXPECT_EQ(test, 0,
			ddt_queue_cancel(subject->queue, &cancelled->req));
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 3);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);

	KUNIT_EXPECT_GE(test, first->req.service_ns, 2000000);
	KUNIT_EXPECT_GE(test, second->req.queued_ns, 2000000);
	KUNIT_EXPECT_GE(test, second->req.service_ns, INTERVAL);
	KUNIT_EXPECT_GE(test, cancelled->req.queued_ns, 2000000);
	KUNIT_EXPECT_EQ(test, cancelled->req.service_ns, 0);

	KUNIT_EXPECT_EQ(test, ddt_queue_times(subject->queue, &times), 0);
	KUNIT_EXPECT_EQ(test, sum(times.queued, 0), 2);
	KUNIT_EXPECT_EQ(test, sum(times.service, 0), 2);
	KUNIT_EXPECT_EQ(test, sum(times.service, ilog2(INTERVAL)), 2);
	KUNIT_EXPECT_GE(test, sum(times.queued, ilog2(INTERVAL)), 1);
	KUNIT_EXPECT_GE(test, times.service[ilog2(first->req.service_ns)], 1);
	KUNIT_EXPECT_GE(test, times.queued[ilog2(second->req.queued_ns)], 1);
}

static void times_add_up_over_retries(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct job *job;

	subject->attr.flags = DDT_QUEUE_TIMES;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	job = job_submit_retry(test, subject, JOB_SLEEP, 3, DDT_RETRY_TAIL,
			       2 * NSEC_PER_MSEC);
	expect_completions(test, subject, 1);
	KUNIT_EXPECT_EQ(test, job->services, 4);
	KUNIT_EXPECT_GE(test, job->req.queued_ns, 3 * 2 * NSEC_PER_MSEC);
	KUNIT_EXPECT_GE(test, job->req.service_ns, 4 * INTERVAL);
}

static void time_in_the_queue_leaves_out_that_in_service(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct job *job;
	int i;

	subject->attr.flags = DDT_QUEUE_TIMES;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	for (i = 0; i < 100; i++) {
		job = job_submit_retry(test, subject, JOB_SLEEP, 1,
				       DDT_RETRY_HEAD, 0);
		expect_completions(test, subject, 1);
		if (job->req.queued_ns < INTERVAL)
			return;
	}
	KUNIT_FAIL(test, "never less than the time in service");
}

static void times_begin_anew_with_each_submission(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct job *job;
	u64 first;
	int i;

	subject->attr.flags = DDT_QUEUE_TIMES;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	job = job_submit(test, subject, JOB_SLEEP);
	expect_completions(test, subject, 1);
	first = job->req.service_ns;

	job->kind = JOB_NOTHING;
	for (i = 0; i < 100 && job->req.service_ns >= first; i++) {
		KUNIT_ASSERT_EQ(test, 0,
				ddt_queue_submit(subject->queue, &job->req));
		expect_completions(test, subject, 1);
	}
	KUNIT_EXPECT_LT(test, job->req.service_ns, first);
}

/* Reads the times: whether a request is among them. */
static bool counted(struct subject *subject, struct ddt_queue_times *times)
{
	return !ddt_queue_times(subject->queue, times) &&
	       sum(times->service, 0);
}

static void times_that_are_read_meanwhile_are_those_of_their_request(struct kunit *test)
{
	struct ddt_queue_times *times = ddt_test_alloc(test, sizeof(*times));
	struct subject *subject;
	int i;

	for (i = 0; i < 20; i++) {
		subject = subject_alloc(test);
		subject->attr.flags = DDT_QUEUE_TIMES;
		KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
		job_submit(test, subject, JOB_SLEEP);
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(counted(subject, times)));
		KUNIT_EXPECT_EQ(test, sum(times->service, 0), 1);
		KUNIT_EXPECT_EQ(test, 1,
				sum(times->service, ilog2(INTERVAL)));
	}
}

static void times_are_not_to_be_had_if_they_are_not_measured(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_queue_times times;

	KUNIT_EXPECT_EQ(test, ddt_queue_times(subject->queue, &times),
			-EOPNOTSUPP);
}

#define STRESS_ROUNDS	30
#define STRESS_JOBS	16

static void every_request_is_completed_once_under_retry_and_cancel(struct kunit *test)
{
	struct job *jobs[STRESS_JOBS];
	struct subject *subject;
	int round, i;

	for (round = 0; round < STRESS_ROUNDS; round++) {
		subject = subject_start(test);
		for (i = 0; i < STRESS_JOBS; i++) {
			jobs[i] = job_submit_retry(test, subject, JOB_NOTHING,
						   ddt_test_random(4),
						   ddt_test_random(2),
						   ddt_test_random(100000));
			ddt_test_jitter();
			if (!ddt_test_random(4))
				ddt_queue_cancel(subject->queue,
						 &jobs[ddt_test_random(i + 1)]->req);
		}
		stop(test, subject,
		     round % 3 ? DDT_QUEUE_DRAIN : DDT_QUEUE_ABORT);
		for (i = 0; i < STRESS_JOBS; i++) {
			KUNIT_EXPECT_EQ(test, 1,
					atomic_read(&jobs[i]->completions));
			KUNIT_EXPECT_FALSE(test, jobs[i]->early &&
					   jobs[i]->completion_status == 0 &&
					   round % 3 == 0);
		}
	}
}

static struct kunit_case service_cases[] = {
	KUNIT_CASE(retry_first_comes_before_the_others),
	KUNIT_CASE(retry_last_comes_behind_the_others),
	KUNIT_CASE(retry_first_makes_the_others_wait_until_it_is_cancelled),
	KUNIT_CASE(retry_last_lets_the_others_be_served_meanwhile),
	KUNIT_CASE(drain_ends_many_delays_at_once),
	KUNIT_CASE(many_delays_of_a_held_flow_do_not_hide_its_own),
	KUNIT_CASE(retry_is_never_early),
	KUNIT_CASE(retried_requests_are_served_when_they_are_due),
	KUNIT_CASE(retry_of_a_request_that_was_cancelled_in_service_ends_it),
	KUNIT_CASE(drain_tries_a_request_that_was_put_back_once_more),
	KUNIT_CASE(abort_completes_what_was_put_back),
	KUNIT_CASE(retry_is_put_back_although_the_queue_is_full),
	KUNIT_CASE(times_are_those_in_the_queue_and_in_service),
	KUNIT_CASE(times_add_up_over_retries),
	KUNIT_CASE(time_in_the_queue_leaves_out_that_in_service),
	KUNIT_CASE(times_begin_anew_with_each_submission),
	KUNIT_CASE(times_that_are_read_meanwhile_are_those_of_their_request),
	KUNIT_CASE(times_are_not_to_be_had_if_they_are_not_measured),
	KUNIT_CASE(every_request_is_completed_once_under_retry_and_cancel),
	{}
};

static struct kunit_suite service_suite = {
	.name = "ddt_service",
	.init = ddt_test_init,
	.exit = ddt_test_exit,
	.test_cases = service_cases,
};

kunit_test_suites(&service_suite);
