// SPDX-License-Identifier: GPL-2.0-only
/*
 * flow_test.c - what holds for flows: their turns, and which gets a free slot
 */

#include <linux/slab.h>

#include "../module/compat.h"
#include "subject.h"

static struct job *job_submit_to(struct kunit *test, struct subject *subject,
				 struct ddt_flow *flow, enum job_kind kind)
{
	struct job *job = job_alloc(test, kind);

	job->req.flow = flow;
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &job->req), 0);
	return job;
}

/* Submits a request that is requeued, and returns when it is in service. */
static struct job *job_begin_retry(struct kunit *test, struct subject *subject,
				   struct ddt_flow *flow, int retries,
				   enum ddt_retry_place place, ktime_t delay)
{
	struct job *job = job_alloc(test, JOB_GATE);

	job->req.flow = flow;
	job->retries = retries;
	job->retry_place = place;
	job->retry_delay = delay;
	KUNIT_EXPECT_EQ(test, ddt_queue_submit(subject->queue, &job->req), 0);
	KUNIT_EXPECT_TRUE(test, one_begun(subject));
	return job;
}

static void flows_have_their_turn_one_request_each(struct kunit *test)
{
	static const int owners[] = { 0, 0, 0, 0, 1, 1, 2, 2 };
	static const int orders[] = { 2, 5, 8, 9, 3, 6, 4, 7 };
	struct job *jobs[ARRAY_SIZE(owners)];
	struct ddt_flow *flows[3] = {};
	struct subject *subject = subject_start(test);
	int i;

	flows[0] = flow_alloc(test);
	flows[1] = flow_alloc(test);	/* the third is that of all others */
	job_begin(test, subject, JOB_GATE);
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		jobs[i] = job_submit_to(test, subject, flows[owners[i]],
					JOB_NOTHING);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 1 + ARRAY_SIZE(jobs));
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		expect_completed(test, jobs[i], 0);
		KUNIT_EXPECT_EQ(test, jobs[i]->order, orders[i]);
	}
}

static void flow_that_comes_late_waits_for_one_request_at_the_most(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_flow *greedy = flow_alloc(test);
	struct job *late;
	int i;

	job_begin(test, subject, JOB_GATE);
	for (i = 0; i < 10; i++)
		job_submit_to(test, subject, greedy, JOB_NOTHING);
	late = job_submit_to(test, subject, flow_alloc(test), JOB_NOTHING);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 12);
	KUNIT_EXPECT_EQ(test, late->order, 3);
}

static void requests_of_a_flow_keep_their_order_whatever_is_cancelled(struct kunit *test)
{
	struct ddt_flow *flows[4] = {};
	unsigned int last[4], round, i, flow, n;
	struct subject *subject = subject_alloc(test);
	struct job *jobs[40];

	subject->attr.depth = 1 + ARRAY_SIZE(jobs);
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	for (i = 1; i < ARRAY_SIZE(flows); i++)
		flows[i] = flow_alloc(test);
	for (round = 0; round < 20; round++) {
		ddt_event_reset(&subject->gate);
		job_begin(test, subject, JOB_GATE);
		for (i = 0; i < ARRAY_SIZE(jobs); i++) {
			flow = ddt_test_random(ARRAY_SIZE(flows));
			jobs[i] = job_submit_to(test, subject, flows[flow],
						JOB_NOTHING);
		}
		n = 1 + ARRAY_SIZE(jobs);
		for (i = 0; i < 10; i++)
			ddt_queue_cancel(subject->queue,
					 &jobs[ddt_test_random(n - 1)]->req);
		ddt_event_set(&subject->gate);
		expect_completions(test, subject, n);

		memset(last, 0, sizeof(last));
		for (i = 0; i < ARRAY_SIZE(jobs); i++) {
			KUNIT_EXPECT_EQ(test, 1,
					atomic_read(&jobs[i]->completions));
			if (jobs[i]->completion_status)
				continue;
			for (flow = 0; jobs[i]->req.flow != flows[flow];)
				flow++;
			KUNIT_EXPECT_GT(test, jobs[i]->order, last[flow]);
			last[flow] = jobs[i]->order;
		}
	}
}

static void retry_flow_comes_before_its_flow_and_others_have_their_turn(struct kunit *test)
{
	struct ddt_flow *flow = flow_alloc(test), *other = flow_alloc(test);
	struct subject *subject = subject_start(test);
	struct job *job, *next, *others[2];

	job = job_begin_retry(test, subject, flow, 2, DDT_RETRY_HEAD, 0);
	next = job_submit_to(test, subject, flow, JOB_NOTHING);
	others[0] = job_submit_to(test, subject, other, JOB_NOTHING);
	others[1] = job_submit_to(test, subject, other, JOB_NOTHING);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 4);
	expect_completed(test, job, 0);
	KUNIT_EXPECT_EQ(test, job->services, 3);
	KUNIT_EXPECT_EQ(test, others[0]->order, 3);
	KUNIT_EXPECT_EQ(test, job->order, 4);
	KUNIT_EXPECT_EQ(test, others[1]->order, 5);
	KUNIT_EXPECT_EQ(test, next->order, 6);
}

static void retry_flow_with_a_delay_holds_up_its_flow_only(struct kunit *test)
{
	struct ddt_flow *flow = flow_alloc(test), *other = flow_alloc(test);
	struct subject *subject = subject_start(test);
	struct job *job, *next, *others;

	job = job_begin_retry(test, subject, flow, 1, DDT_RETRY_HEAD,
			      DDT_TEST_HOUR);
	next = job_submit_to(test, subject, flow, JOB_NOTHING);
	others = job_submit_to(test, subject, other, JOB_NOTHING);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 1);
	expect_completed(test, others, 0);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
	KUNIT_EXPECT_EQ(test, atomic_read(&next->completions), 0);
	KUNIT_EXPECT_EQ(test, ddt_queue_cancel(subject->queue, &job->req), 0);
	expect_completions(test, subject, 2);
	expect_completed(test, next, 0);
}

static void flow_can_be_freed_when_its_requests_are_cancelled(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct job *in_service, *queued;
	struct ddt_flow *flow;

	flow = kzalloc_obj(*flow, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	ddt_flow_init(flow);
	in_service = job_begin_retry(test, subject, flow, 1, DDT_RETRY_HEAD, 0);
	queued = job_submit_to(test, subject, flow, JOB_NOTHING);
	KUNIT_EXPECT_EQ(test, 0,
			ddt_queue_cancel(subject->queue, &queued->req));
	KUNIT_EXPECT_EQ(test, -EINPROGRESS,
			ddt_queue_cancel(subject->queue, &in_service->req));
	memset(flow, 0x5a, sizeof(*flow));
	kfree(flow);
	job_submit(test, subject, JOB_NOTHING);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 3);
	expect_completed(test, in_service, -ECANCELED);
}

/* Cancels those that the job marks as owned. */
static bool job_is_of(const struct ddt_request *req, const void *context)
{
	return req->flow == context;
}

static void cancel_all_ends_those_that_match_and_no_others(struct kunit *test)
{
	struct ddt_flow *flow = flow_alloc(test);
	struct subject *subject = subject_start(test);
	struct job *in_service, *jobs[6];
	int i;

	in_service = job_begin_retry(test, subject, flow, 0, DDT_RETRY_HEAD,
				     0);
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		jobs[i] = job_submit_to(test, subject, i % 2 ? NULL : flow,
					JOB_NOTHING);
	ddt_queue_cancel_all(subject->queue, job_is_of, flow);
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i]->completions),
				i % 2 == 0);
	KUNIT_EXPECT_TRUE(test, ddt_request_cancelled(&in_service->req));
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 1 + ARRAY_SIZE(jobs));
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		expect_completed(test, jobs[i], i % 2 ? 0 : -ECANCELED);
}

/* A thread that waits for a free slot. */
struct waiter {
	struct subject *subject;
	struct job *job;
};

static int waiter_main(void *context)
{
	struct waiter *waiter = context;

	return ddt_queue_submit_wait(waiter->subject->queue, &waiter->job->req,
				     DDT_WAIT_ALERTABLE, DDT_FOREVER);
}

static void longest_blocked_submitter_of_a_flow_is_admitted_first(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_test_thread *threads[4];
	struct waiter *waiters[4];
	struct job *queued, *late;
	int i;

	subject->attr.depth = 1;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	job_begin(test, subject, JOB_GATE);
	queued = job_submit(test, subject, JOB_NOTHING);
	for (i = 0; i < ARRAY_SIZE(waiters); i++) {
		waiters[i] = ddt_test_alloc(test, sizeof(*waiters[i]));
		waiters[i]->subject = subject;
		waiters[i]->job = job_alloc(test, JOB_NOTHING);
		threads[i] = ddt_test_start(test, waiter_main, waiters[i]);
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(ddt_test_waits(threads[i])));
	}

	/* A slot that becomes free goes to a waiter, not to a later submitter. */
	KUNIT_EXPECT_EQ(test, 0,
			ddt_queue_cancel(subject->queue, &queued->req));
	late = job_alloc(test, JOB_NOTHING);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			ddt_queue_submit(subject->queue, &late->req));
	KUNIT_EXPECT_EQ(test, ddt_test_join(threads[0]), 0);

	/* A blocked request is in a queue already. */
	KUNIT_EXPECT_EQ(test, -EBUSY,
			ddt_queue_submit(subject->queue,
					 &waiters[1]->job->req));
	ddt_event_set(&subject->gate);
	for (i = 1; i < ARRAY_SIZE(waiters); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(threads[i]), 0);
	expect_completions(test, subject, 2 + ARRAY_SIZE(waiters));
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		KUNIT_EXPECT_EQ(test, waiters[i]->job->order, i + 2);
}

/* A slot with a waiter, and a submitter that would take it without waiting. */
struct overtaking {
	struct subject *subject;
	struct job *queued;
	struct job *late;
	int overtook;
};

static void overtaking_make_room(void *context)
{
	struct overtaking *race = context;

	ddt_queue_cancel(race->subject->queue, &race->queued->req);
}

static void overtaking_submit(void *context)
{
	struct overtaking *race = context;
	int i;

	for (i = 0; i < 200; i++)
		if (!ddt_queue_submit(race->subject->queue, &race->late->req))
			race->overtook++;
}

static void late_submitter_does_not_overtake_a_blocked_one(struct kunit *test)
{
	struct overtaking *race = ddt_test_alloc(test, sizeof(*race));
	struct waiter *waiter = ddt_test_alloc(test, sizeof(*waiter));
	unsigned long begin = jiffies;
	struct ddt_test_thread *thread;
	struct ddt_test_race *there;
	struct subject *subject;
	int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	ddt_test_pin();
	there = ddt_test_race_start(test, overtaking_submit, race);
	/* A refusal gives it a turn: in the next round it would not be late. */
	for (i = 0; ddt_test_round(i, 100, 1000, begin); i++) {
		subject = subject_alloc(test);
		subject->attr.depth = 1;
		KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
		job_begin(test, subject, JOB_GATE);
		race->subject = subject;
		race->queued = job_submit(test, subject, JOB_NOTHING);
		race->late = job_alloc(test, JOB_NOTHING);
		waiter->subject = subject;
		waiter->job = job_alloc(test, JOB_NOTHING);
		thread = ddt_test_start(test, waiter_main, waiter);
		KUNIT_ASSERT_TRUE(test, ddt_test_until(ddt_test_waits(thread)));
		KUNIT_ASSERT_TRUE(test,
				  ddt_test_race_round(there,
						      overtaking_make_room));
		KUNIT_ASSERT_EQ(test, race->overtook, 0);
		KUNIT_ASSERT_EQ(test, ddt_test_join(thread), 0);
		ddt_event_set(&subject->gate);
		expect_completions(test, subject, 3);
		KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
	}
}

/* What ddt_queue_for_each() has visited. */
struct visits {
	struct ddt_request *reqs[8];
	bool in_service[8];
	unsigned int n;
};

static void visit(struct ddt_request *req, bool in_service, void *context)
{
	struct visits *visits = context;

	if (visits->n < ARRAY_SIZE(visits->reqs)) {
		visits->reqs[visits->n] = req;
		visits->in_service[visits->n] = in_service;
	}
	visits->n++;
}

static void each_request_is_visited_in_service_queued_or_put_back(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_flow *flow = flow_alloc(test);
	struct visits visits = {};
	struct job *jobs[4];
	int i;

	ddt_queue_for_each(subject->queue, visit, &visits);
	KUNIT_EXPECT_EQ(test, visits.n, 0);

	/* In the order of their arrival, wherever they are. */
	jobs[0] = job_begin_retry(test, subject, NULL, 1, DDT_RETRY_TAIL,
				  DDT_TEST_HOUR);
	jobs[1] = job_submit(test, subject, JOB_HOUR);
	jobs[2] = job_submit(test, subject, JOB_NOTHING);
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_TRUE(test, one_begun(subject));
	jobs[3] = job_submit_to(test, subject, flow, JOB_NOTHING);
	ddt_queue_for_each(subject->queue, visit, &visits);
	KUNIT_ASSERT_EQ(test, visits.n, ARRAY_SIZE(jobs));
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		KUNIT_EXPECT_PTR_EQ(test, visits.reqs[i], &jobs[i]->req);
		KUNIT_EXPECT_EQ(test, visits.in_service[i], i == 1);
	}
}

static struct kunit_case flow_cases[] = {
	KUNIT_CASE(flows_have_their_turn_one_request_each),
	KUNIT_CASE(flow_that_comes_late_waits_for_one_request_at_the_most),
	KUNIT_CASE(requests_of_a_flow_keep_their_order_whatever_is_cancelled),
	KUNIT_CASE(retry_flow_comes_before_its_flow_and_others_have_their_turn),
	KUNIT_CASE(retry_flow_with_a_delay_holds_up_its_flow_only),
	KUNIT_CASE(flow_can_be_freed_when_its_requests_are_cancelled),
	KUNIT_CASE(cancel_all_ends_those_that_match_and_no_others),
	KUNIT_CASE(longest_blocked_submitter_of_a_flow_is_admitted_first),
	KUNIT_CASE(late_submitter_does_not_overtake_a_blocked_one),
	KUNIT_CASE(each_request_is_visited_in_service_queued_or_put_back),
	{}
};

static struct kunit_suite flow_suite = {
	.name = "ddt_flow",
	.init = ddt_test_init,
	.exit = ddt_test_exit,
	.test_cases = flow_cases,
};

kunit_test_suites(&flow_suite);
