// SPDX-License-Identifier: GPL-2.0-only
/*
 * server_test.c - what holds for a queue's servers: on-demand threads, workers
 */

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/sched.h>

#include "subject.h"

static bool subject_has_thread(struct subject *subject)
{
	struct ddt_thread *thread = ddt_queue_get_thread(subject->queue);

	if (thread)
		ddt_thread_put(thread);
	return thread;
}

/* Waits until it has one, or none. */
static bool subject_gets_thread(struct subject *subject, bool thread)
{
	return ddt_test_until(subject_has_thread(subject) == thread);
}

static bool subject_was_idle(struct subject *subject, int times)
{
	return ddt_test_until(atomic_read(&subject->idles) == times);
}

static void create_refuses_servers_that_make_no_sense(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);

	subject->attr.server = DDT_SERVER_WORKERS + 1;
	KUNIT_EXPECT_EQ(test, subject_create(subject, &subject_ops), -EINVAL);
	subject->attr.server = DDT_SERVER_ON_DEMAND;
	KUNIT_EXPECT_EQ(test, subject_create(subject, &subject_ops), -EINVAL);
	subject->attr.idle_timeout = 1;
	subject->attr.thread.nice = -21;
	KUNIT_EXPECT_EQ(test, subject_create(subject, &subject_ops), -ERANGE);
	subject->attr.server = DDT_SERVER_WORKERS;
	KUNIT_EXPECT_EQ(test, subject_create(subject, &subject_ops), -ERANGE);
	subject->attr.thread.nice = 0;
	subject->attr.flags = DDT_QUEUE_TIMES << 1;
	KUNIT_EXPECT_EQ(test, subject_create(subject, &subject_ops), -EINVAL);
}

static void each_server_serves_one_request_at_a_time_in_order(struct kunit *test)
{
	struct subject *subject;
	struct job *jobs[10];
	int s, i;

	for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
		subject = subject_start_server(test, subject_servers[s], DDT_TEST_HOUR);
		jobs[0] = job_begin(test, subject, JOB_GATE);
		for (i = 1; i < ARRAY_SIZE(jobs); i++)
			jobs[i] = job_submit(test, subject, JOB_NOTHING);
		ddt_event_set(&subject->gate);
		expect_completions(test, subject, ARRAY_SIZE(jobs));
		for (i = 0; i < ARRAY_SIZE(jobs); i++) {
			expect_completed(test, jobs[i], 0);
			KUNIT_EXPECT_EQ(test, jobs[i]->order, i + 1);
		}
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->overlaps), 0);
	}
}

static void each_server_ends_a_cancelled_request_at_once(struct kunit *test)
{
	struct job *in_service, *queued;
	struct subject *subject;
	int s;

	for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
		subject = subject_start_server(test, subject_servers[s], DDT_TEST_HOUR);
		in_service = job_begin(test, subject, JOB_HOUR);
		queued = job_submit(test, subject, JOB_NOTHING);
		KUNIT_EXPECT_EQ(test, 0, ddt_queue_cancel(subject->queue,
							  &queued->req));
		KUNIT_EXPECT_EQ(test, -EINPROGRESS,
				ddt_queue_cancel(subject->queue,
						 &in_service->req));
		expect_completions(test, subject, 2);
		expect_completed(test, in_service, -ECANCELED);
		expect_completed(test, queued, -ECANCELED);
	}
}

static void each_server_waits_for_a_request_that_was_put_back(struct kunit *test)
{
	struct subject *subject;
	struct job *job;
	int s;

	for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
		subject = subject_start_server(test, subject_servers[s], 1);
		job = job_alloc(test, JOB_NOTHING);
		job->retries = 3;
		job->retry_place = s % 2;
		job->retry_delay = 3 * NSEC_PER_MSEC;
		KUNIT_EXPECT_EQ(test, 0,
				ddt_queue_submit(subject->queue, &job->req));
		expect_completions(test, subject, 1);
		expect_completed(test, job, 0);
		KUNIT_EXPECT_EQ(test, job->services, 4);
		KUNIT_EXPECT_FALSE(test, job->early);
	}
}

static void each_server_calls_idle_once_after_work_and_not_early(struct kunit *test)
{
	struct subject *subject;
	int s, round;

	for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
		subject = subject_start_server(test, subject_servers[s],
					       5 * NSEC_PER_MSEC);
		usleep_range(7000, 8000);
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), 0);
		for (round = 1; round <= 3; round++) {
			job_submit(test, subject, JOB_NOTHING);
			expect_completions(test, subject, 1);
			KUNIT_EXPECT_TRUE(test,
					  subject_was_idle(subject, round));
			KUNIT_EXPECT_FALSE(test, subject->idle_early);
		}
		usleep_range(12000, 13000);
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), 3);
	}
}

static void stop_ends_the_idle_delay_of_each_server(struct kunit *test)
{
	struct subject *subject;
	int s;

	for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
		subject = subject_start_server(test, subject_servers[s], 1);
		subject->idle_sleeps = true;
		job_submit(test, subject, JOB_NOTHING);
		KUNIT_EXPECT_TRUE(test, subject_was_idle(subject, 1));
		KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
		KUNIT_EXPECT_EQ(test, subject->idle_ret, -ECANCELED);
	}
}

static void each_server_drains_and_aborts(struct kunit *test)
{
	struct subject *subject;
	struct job *jobs[4];
	int s, i, abort;

	for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
		for (abort = 0; abort < 2; abort++) {
			subject = subject_start_server(test, subject_servers[s],
						       DDT_TEST_HOUR);
			jobs[0] = job_begin(test, subject,
					    abort ? JOB_HOUR : JOB_SLEEP);
			for (i = 1; i < ARRAY_SIZE(jobs); i++)
				jobs[i] = job_submit(test, subject, JOB_SLEEP);
			KUNIT_EXPECT_EQ(test, 0,
					stop(test, subject,
					     abort ? DDT_QUEUE_ABORT :
						     DDT_QUEUE_DRAIN));
			expect_completed(test, jobs[0], abort ? -ECANCELED : 0);
			for (i = 1; i < ARRAY_SIZE(jobs); i++)
				expect_completed(test, jobs[i],
						 abort ? -ESHUTDOWN : 0);
			KUNIT_EXPECT_EQ(test, 0,
					atomic_read(&subject->callbacks_after_stop));
		}
	}
}

static void each_server_refuses_to_stop_or_flush_itself(struct kunit *test)
{
	struct job *stops, *flushes;
	struct subject *subject;
	int s;

	for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
		subject = subject_start_server(test, subject_servers[s], DDT_TEST_HOUR);
		stops = job_submit(test, subject, JOB_STOP);
		flushes = job_submit(test, subject, JOB_FLUSH);
		expect_completions(test, subject, 2);
		KUNIT_EXPECT_EQ(test, stops->ret, -EDEADLK);
		KUNIT_EXPECT_EQ(test, flushes->ret, -EDEADLK);
	}
}

static void lazy_queue_has_a_thread_only_while_it_needs_one(struct kunit *test)
{
	struct subject *subject;
	int round;

	subject = subject_start_server(test, DDT_SERVER_ON_DEMAND, NSEC_PER_MSEC);
	for (round = 1; round <= 3; round++) {
		KUNIT_EXPECT_FALSE(test, subject_has_thread(subject));
		ddt_event_reset(&subject->gate);
		job_begin(test, subject, JOB_GATE);
		KUNIT_EXPECT_TRUE(test, subject_gets_thread(subject, true));
		ddt_event_set(&subject->gate);
		expect_completions(test, subject, 1);
		KUNIT_EXPECT_TRUE(test, subject_gets_thread(subject, false));
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), round);
	}
}

static void lazy_thread_ends_also_if_its_request_was_cancelled(struct kunit *test)
{
	struct subject *subject;
	struct job *job;
	int i;

	subject = subject_start_server(test, DDT_SERVER_ON_DEMAND, 1);
	for (i = 0; i < 50; i++) {
		job = job_submit(test, subject, JOB_NOTHING);
		ddt_test_jitter();
		ddt_queue_cancel(subject->queue, &job->req);
		expect_completions(test, subject, 1);
	}
	KUNIT_EXPECT_TRUE(test, subject_gets_thread(subject, false));
}

static void lazy_thread_that_ends_at_once_can_be_stopped_in_service(struct kunit *test)
{
	static const ktime_t timeouts[] = { 1, NSEC_PER_USEC };
	struct ddt_test_thread *stopper;
	struct subject *subject;
	int i;

	for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
		subject = subject_start_server(test, DDT_SERVER_ON_DEMAND,
					       timeouts[i]);
		job_begin(test, subject, JOB_GATE);
		stopper = stop_begin(test, subject, DDT_QUEUE_DRAIN);
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(ddt_test_waits(stopper)));
		ddt_event_set(&subject->gate);
		KUNIT_EXPECT_EQ(test, ddt_test_join(stopper), 0);
	}
}

static void lazy_thread_that_cannot_be_started_fails_its_requests(struct kunit *test)
{
	struct cpumask *none = ddt_test_alloc(test, cpumask_size());
	struct subject *subject = subject_alloc(test);
	struct job *jobs[3];
	int i;

	subject->attr.server = DDT_SERVER_ON_DEMAND;
	subject->attr.idle_timeout = 1;
	subject->attr.thread.cpus = none;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = job_submit(test, subject, JOB_NOTHING);
		expect_completions(test, subject, 1);
		expect_completed(test, jobs[i], -EINVAL);
		KUNIT_EXPECT_EQ(test, jobs[i]->services, 0);
	}
	KUNIT_EXPECT_FALSE(test, subject_has_thread(subject));
}

static void lazy_thread_has_its_cpus_although_their_mask_has_changed(struct kunit *test)
{
	struct cpumask *cpus = ddt_test_alloc(test, cpumask_size());
	struct subject *subject = subject_alloc(test);
	struct job *job;

	cpumask_copy(cpus, cpu_online_mask);
	subject->attr.server = DDT_SERVER_ON_DEMAND;
	subject->attr.thread.cpus = cpus;
	subject->attr.idle_timeout = NSEC_PER_MSEC;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	cpumask_clear(cpus);
	job = job_submit(test, subject, JOB_NOTHING);
	expect_completions(test, subject, 1);
	expect_completed(test, job, 0);
}

static void nice_of_a_lazy_queue_is_that_of_each_thread(struct kunit *test)
{
	struct subject *subject;
	int nice;

	subject = subject_start_server(test, DDT_SERVER_ON_DEMAND, NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, ddt_queue_set_nice(subject->queue, 20), -ERANGE);
	KUNIT_EXPECT_EQ(test, ddt_queue_set_nice(subject->queue, 9), 0);
	KUNIT_EXPECT_EQ(test, ddt_queue_nice(subject->queue, &nice), 0);
	KUNIT_EXPECT_EQ(test, nice, 9);

	job_begin(test, subject, JOB_GATE);
	KUNIT_EXPECT_EQ(test, task_nice(subject->task), 9);
	KUNIT_EXPECT_EQ(test, ddt_queue_set_nice(subject->queue, 11), 0);
	KUNIT_EXPECT_TRUE(test, subject_gets_thread(subject, true));
	KUNIT_EXPECT_EQ(test, ddt_queue_set_nice(subject->queue, 12), 0);
	KUNIT_EXPECT_EQ(test, task_nice(subject->task), 12);
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_TRUE(test, subject_gets_thread(subject, false));

	ddt_event_reset(&subject->gate);
	job_begin(test, subject, JOB_GATE);
	KUNIT_EXPECT_EQ(test, task_nice(subject->task), 12);
	ddt_event_set(&subject->gate);
}

static void nice_of_a_lazy_queue_is_what_was_set_while_its_thread_ends(struct kunit *test)
{
	struct subject *subject;
	int round, i, set, nice;

	subject = subject_start_server(test, DDT_SERVER_ON_DEMAND, 1);
	for (round = 0; round < 300; round++) {
		job_submit(test, subject, JOB_NOTHING);
		expect_completions(test, subject, 1);
		for (i = 0; i < 20; i++) {
			set = i % 2 ? 7 : 5;
			nice = -1;
			KUNIT_EXPECT_EQ(test, 0,
					ddt_queue_set_nice(subject->queue, set));
			KUNIT_EXPECT_EQ(test, 0,
					ddt_queue_nice(subject->queue, &nice));
			KUNIT_EXPECT_EQ(test, nice, set);
		}
	}
}

static void nice_of_a_stopped_queue_cannot_be_set(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	int nice;

	KUNIT_EXPECT_EQ(test, ddt_queue_set_nice(subject->queue, 3), 0);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
	KUNIT_EXPECT_EQ(test, ddt_queue_set_nice(subject->queue, 4), -ESRCH);
	KUNIT_EXPECT_EQ(test, ddt_queue_nice(subject->queue, &nice), 0);
	KUNIT_EXPECT_EQ(test, nice, 3);
}

static void workers_have_no_thread_and_no_priority(struct kunit *test)
{
	struct subject *subject;
	int nice = 99;

	subject = subject_start_server(test, DDT_SERVER_WORKERS, 1);
	job_begin(test, subject, JOB_GATE);
	KUNIT_EXPECT_FALSE(test, subject_has_thread(subject));
	KUNIT_EXPECT_TRUE(test, subject->task->flags & PF_WQ_WORKER);
	KUNIT_EXPECT_EQ(test, ddt_queue_set_nice(subject->queue, 1),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, ddt_queue_nice(subject->queue, &nice),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, nice, 99);
	ddt_event_set(&subject->gate);
}

static void workers_of_a_queue_do_not_wait_for_those_of_others(struct kunit *test)
{
	struct subject *subject;
	int i;

	for (i = 0; i < 4; i++) {
		subject = subject_start_server(test, DDT_SERVER_WORKERS, 1);
		job_begin(test, subject, JOB_GATE);
	}
}

/* Submits one request after the other at about the time the server sleeps. */
static void submit_when_the_server_may_end(struct kunit *test,
					   enum ddt_queue_server server)
{
	struct subject *subject;
	int i;

	subject = subject_start_server(test, server, 30 * NSEC_PER_USEC);
	for (i = 0; i < 400; i++) {
		struct job *job = job_submit(test, subject, JOB_NOTHING);

		if (!one_completed(subject)) {
			KUNIT_FAIL(test, "request %d is left lying", i);
			return;
		}
		KUNIT_EXPECT_EQ(test, job->completion_status, 0);
		ddt_test_jitter();
	}
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->overlaps), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->served), 400);
}

static void no_request_is_left_lying_when_a_lazy_thread_ends(struct kunit *test)
{
	submit_when_the_server_may_end(test, DDT_SERVER_ON_DEMAND);
}

static void no_request_is_left_lying_when_workers_become_idle(struct kunit *test)
{
	submit_when_the_server_may_end(test, DDT_SERVER_WORKERS);
}

static void stop_of_each_server_at_any_time_completes_each_request_once(struct kunit *test)
{
	struct subject *subject;
	struct job *jobs[6];
	int round, s, n, i;

	for (round = 0; round < 40; round++) {
		for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
			subject = subject_start_server(test, subject_servers[s],
						       ddt_test_random(50000));
			n = ddt_test_random(ARRAY_SIZE(jobs) + 1);
			for (i = 0; i < n; i++) {
				jobs[i] = job_submit(test, subject,
						     JOB_NOTHING);
				ddt_test_jitter();
			}
			KUNIT_EXPECT_EQ(test, 0,
					stop(test, subject, round % 2 ?
					     DDT_QUEUE_ABORT :
					     DDT_QUEUE_DRAIN));
			for (i = 0; i < n; i++)
				KUNIT_EXPECT_EQ(test, 1,
						atomic_read(&jobs[i]->completions));
			KUNIT_EXPECT_EQ(test, 0,
					atomic_read(&subject->callbacks_after_stop));
		}
	}
}

static void idle_timeout_that_is_set_holds_for_a_queue_that_sleeps(struct kunit *test)
{
	static const enum ddt_queue_server servers[] = {
		DDT_SERVER_THREAD, DDT_SERVER_WORKERS,
	};
	struct subject *subject;
	int i;

	for (i = 0; i < ARRAY_SIZE(servers); i++) {
		subject = subject_alloc(test);
		subject->attr.server = servers[i];
		KUNIT_ASSERT_EQ(test, 0,
				subject_create(subject, &subject_ops_idle));
		job_submit(test, subject, JOB_NOTHING);
		expect_completions(test, subject, 1);
		usleep_range(3000, 5000);
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), 0);

		KUNIT_EXPECT_EQ(test, 0,
				ddt_queue_set_idle_timeout(subject->queue,
							   NSEC_PER_MSEC));
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(atomic_read(&subject->idles)));

		/* And does no longer when it is taken back. */
		KUNIT_EXPECT_EQ(test, 0,
				ddt_queue_set_idle_timeout(subject->queue,
							   DDT_FOREVER));
		job_submit(test, subject, JOB_NOTHING);
		expect_completions(test, subject, 1);
		usleep_range(3000, 5000);
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), 1);
	}
}

static void idle_timeout_of_a_lazy_queue_cannot_be_taken_away(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);

	subject->attr.server = DDT_SERVER_ON_DEMAND;
	subject->attr.idle_timeout = NSEC_PER_MSEC;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops_idle), 0);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			ddt_queue_set_idle_timeout(subject->queue,
						   DDT_FOREVER));
	KUNIT_EXPECT_EQ(test, 0,
			ddt_queue_set_idle_timeout(subject->queue,
						   DDT_TEST_HOUR));
}

static struct kunit_case server_cases[] = {
	KUNIT_CASE(create_refuses_servers_that_make_no_sense),
	KUNIT_CASE(each_server_serves_one_request_at_a_time_in_order),
	KUNIT_CASE(each_server_ends_a_cancelled_request_at_once),
	KUNIT_CASE(each_server_waits_for_a_request_that_was_put_back),
	KUNIT_CASE(each_server_calls_idle_once_after_work_and_not_early),
	KUNIT_CASE(stop_ends_the_idle_delay_of_each_server),
	KUNIT_CASE(each_server_drains_and_aborts),
	KUNIT_CASE(each_server_refuses_to_stop_or_flush_itself),
	KUNIT_CASE(lazy_queue_has_a_thread_only_while_it_needs_one),
	KUNIT_CASE(lazy_thread_ends_also_if_its_request_was_cancelled),
	KUNIT_CASE(lazy_thread_that_ends_at_once_can_be_stopped_in_service),
	KUNIT_CASE(lazy_thread_that_cannot_be_started_fails_its_requests),
	KUNIT_CASE(lazy_thread_has_its_cpus_although_their_mask_has_changed),
	KUNIT_CASE(nice_of_a_lazy_queue_is_that_of_each_thread),
	KUNIT_CASE(nice_of_a_lazy_queue_is_what_was_set_while_its_thread_ends),
	KUNIT_CASE(nice_of_a_stopped_queue_cannot_be_set),
	KUNIT_CASE(workers_have_no_thread_and_no_priority),
	KUNIT_CASE(workers_of_a_queue_do_not_wait_for_those_of_others),
	KUNIT_CASE(no_request_is_left_lying_when_a_lazy_thread_ends),
	KUNIT_CASE(no_request_is_left_lying_when_workers_become_idle),
	KUNIT_CASE(stop_of_each_server_at_any_time_completes_each_request_once),
	KUNIT_CASE(idle_timeout_that_is_set_holds_for_a_queue_that_sleeps),
	KUNIT_CASE(idle_timeout_of_a_lazy_queue_cannot_be_taken_away),
	{}
};

static struct kunit_suite server_suite = {
	.name = "ddt_server",
	.init = ddt_test_init,
	.exit = ddt_test_exit,
	.test_cases = server_cases,
};

kunit_test_suites(&server_suite);
