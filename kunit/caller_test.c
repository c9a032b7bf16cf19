// SPDX-License-Identifier: GPL-2.0-only
/*
 * caller_test.c - what holds for callers of a queue that meet each other:
 *		   blocked, cancelling, flushing, pausing, destroying
 */

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <uapi/linux/sched/types.h>

#include "../module/compat.h"
#include "subject.h"

/* A thread that waits for a slot. */
struct blocked {
	struct subject *subject;
	struct job *job;
	ktime_t timeout;
	struct ddt_test_thread *thread;
};

static int blocked_main(void *context)
{
	struct blocked *blocked = context;

	return ddt_queue_submit_wait(blocked->subject->queue,
				     &blocked->job->req, DDT_WAIT_ALERTABLE,
				     blocked->timeout);
}

/* Returns when it waits. */
static struct blocked *blocked_start(struct kunit *test,
				     struct subject *subject,
				     struct ddt_flow *flow)
{
	struct blocked *blocked = ddt_test_alloc(test, sizeof(*blocked));

	blocked->subject = subject;
	blocked->job = job_alloc(test, JOB_NOTHING);
	blocked->job->req.flow = flow;
	blocked->timeout = DDT_FOREVER;
	blocked->thread = ddt_test_start(test, blocked_main, blocked);
	KUNIT_EXPECT_TRUE(test,
			  ddt_test_until(ddt_test_waits(blocked->thread)));
	return blocked;
}

/* Waits until a thread waits in the call that is all it does, or has ended. */
static bool caller_has_begun(struct ddt_test_thread *thread)
{
	return ddt_test_until(ddt_test_waits(thread) || ddt_test_ended(thread));
}

/* A queue whose slots are taken, and what is queued there. */
static struct subject *subject_start_full(struct kunit *test,
					  unsigned int depth,
					  struct job **queued)
{
	struct subject *subject = subject_alloc(test);
	int i;

	subject->attr.depth = depth;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	job_begin(test, subject, JOB_GATE);
	for (i = 0; i < depth; i++)
		queued[i] = job_submit(test, subject, JOB_NOTHING);
	return subject;
}

/* Slots */

static void submitter_that_does_not_wait_gets_a_slot_in_turn(struct kunit *test)
{
	struct blocked *first[4], *second[4];
	struct subject *subject;
	struct job *queued[4], *job;
	int i;

	subject = subject_start_full(test, 4, queued);
	for (i = 0; i < ARRAY_SIZE(first); i++)
		first[i] = blocked_start(test, subject, flow_alloc(test));
	job = job_alloc(test, JOB_NOTHING);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			ddt_queue_submit(subject->queue, &job->req));
	for (i = 0; i < ARRAY_SIZE(second); i++)
		second[i] = blocked_start(test, subject, flow_alloc(test));

	/* The flows that waited before come first, those that came later not. */
	for (i = 0; i < ARRAY_SIZE(first); i++) {
		KUNIT_EXPECT_EQ(test, 0,
				ddt_queue_cancel(subject->queue,
						 &queued[i]->req));
		KUNIT_EXPECT_EQ(test, ddt_test_join(first[i]->thread), 0);
		KUNIT_EXPECT_EQ(test, -EAGAIN,
				ddt_queue_submit(subject->queue, &job->req));
	}
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_cancel(subject->queue,
						  &first[0]->job->req));
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_submit(subject->queue, &job->req));

	ddt_event_set(&subject->gate);
	for (i = 0; i < ARRAY_SIZE(second); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(second[i]->thread), 0);
	expect_completions(test, subject, 14);
	expect_completed(test, job, 0);
}

static void flow_keeps_its_turn_when_one_of_its_submitters_gives_up(struct kunit *test)
{
	struct ddt_flow *flow = flow_alloc(test);
	struct blocked *first, *other, *impatient;
	struct subject *subject;
	struct job *queued[1];

	subject = subject_start_full(test, 1, queued);
	first = blocked_start(test, subject, flow);
	other = blocked_start(test, subject, flow_alloc(test));
	impatient = ddt_test_alloc(test, sizeof(*impatient));
	impatient->subject = subject;
	impatient->job = job_alloc(test, JOB_NOTHING);
	impatient->job->req.flow = flow;
	impatient->timeout = NSEC_PER_MSEC;
	KUNIT_EXPECT_EQ(test, -ETIME,
			ddt_test_call(test, blocked_main, impatient));

	KUNIT_EXPECT_EQ(test, 0, ddt_queue_cancel(subject->queue,
						  &queued[0]->req));
	KUNIT_EXPECT_EQ(test, ddt_test_join(first->thread), 0);
	KUNIT_EXPECT_FALSE(test, ddt_test_ended(other->thread));
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(other->thread), 0);
	expect_completions(test, subject, 4);
}

/*
 * A queue of depth 1 with a request in service, whose slot is kept for a
 * submitter that does not wait. Returns the submitter that waits.
 */
static struct blocked *slot_keep(struct kunit *test, struct subject **subject,
				 struct job *job)
{
	struct blocked *before, *blocked;
	struct job *queued[1];

	*subject = subject_start_full(test, 1, queued);
	before = blocked_start(test, *subject, flow_alloc(test));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			ddt_queue_submit((*subject)->queue, &job->req));
	blocked = blocked_start(test, *subject, flow_alloc(test));
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_cancel((*subject)->queue,
						  &queued[0]->req));
	KUNIT_EXPECT_EQ(test, ddt_test_join(before->thread), 0);
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_cancel((*subject)->queue,
						  &before->job->req));
	return blocked;
}

static void only_slot_is_kept_for_a_submitter_that_does_not_wait(struct kunit *test)
{
	struct job *job = job_alloc(test, JOB_NOTHING);
	struct subject *subject;
	struct blocked *blocked;

	blocked = slot_keep(test, &subject, job);
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_submit(subject->queue, &job->req));
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(blocked->thread), 0);
	expect_completions(test, subject, 5);
	expect_completed(test, job, 0);
}

static void kept_slot_that_was_taken_is_granted_to_others_afterwards(struct kunit *test)
{
	struct job *job = job_alloc(test, JOB_NOTHING);
	struct subject *subject;
	struct blocked *blocked;

	blocked = slot_keep(test, &subject, job);
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_submit(subject->queue, &job->req));
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_cancel(subject->queue, &job->req));
	KUNIT_EXPECT_EQ(test, ddt_test_join(blocked->thread), 0);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 5);
}

static void kept_slot_is_granted_when_nothing_else_can_be_served(struct kunit *test)
{
	struct job *job = job_alloc(test, JOB_NOTHING);
	struct subject *subject;
	struct blocked *blocked;

	blocked = slot_keep(test, &subject, job);
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(blocked->thread), 0);
	expect_completions(test, subject, 4);
}

/* Blocks again and again, each time for a slot. */
struct hog {
	struct subject *subject;
	struct job *job;
	struct ddt_flow *flow;
	bool stop;
	int rounds;
};

static int hog_main(void *context)
{
	struct hog *hog = context;
	struct job *job = hog->job;
	int ret;

	while (!READ_ONCE(hog->stop)) {
		ret = ddt_queue_submit_wait(hog->subject->queue, &job->req,
					    DDT_WAIT_ALERTABLE, DDT_FOREVER);
		if (ret)
			return ret;
		hog->rounds++;
		if (!ddt_test_until(atomic_read(&job->completions) ==
				    hog->rounds))
			return -EIO;
	}
	return 0;
}

static void submitter_that_does_not_wait_is_accepted_beside_many_that_do(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_test_thread *threads[8];
	struct job *job = job_alloc(test, JOB_NOTHING);
	unsigned long begin = jiffies;
	int i, accepted = 0, refused = 0;
	struct hog *hogs[8];

	subject->attr.depth = 4;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	for (i = 0; i < ARRAY_SIZE(hogs); i++) {
		hogs[i] = ddt_test_alloc(test, sizeof(*hogs[i]));
		hogs[i]->subject = subject;
		hogs[i]->job = job_alloc(test, JOB_SLEEP);
		hogs[i]->job->req.flow = flow_alloc(test);
		threads[i] = ddt_test_start(test, hog_main, hogs[i]);
	}
	/* After each refusal it comes back within a service or so. */
	for (i = 0; ddt_test_round(i, 40, 4000, begin); i++) {
		while (ddt_queue_submit(subject->queue, &job->req)) {
			refused++;
			usleep_range(1000, 1500);
			if (refused > 100 * (accepted + 1))
				break;
		}
		if (refused > 100 * (accepted + 1))
			break;
		accepted++;
		KUNIT_ASSERT_TRUE(test,
				  ddt_test_until(atomic_read(&job->completions) ==
						 accepted));
	}
	KUNIT_EXPECT_GE(test, accepted, 4);
	KUNIT_EXPECT_LE(test, refused, 100 * accepted);
	for (i = 0; i < ARRAY_SIZE(hogs); i++)
		WRITE_ONCE(hogs[i]->stop, true);
	for (i = 0; i < ARRAY_SIZE(hogs); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(threads[i]), 0);
}

static void slots_are_granted_to_flows_in_turn(struct kunit *test)
{
	struct ddt_flow *greedy = flow_alloc(test), *modest = flow_alloc(test);
	struct blocked *blocked[10], *late;
	struct subject *subject;
	struct job *queued[2];
	int i;

	subject = subject_start_full(test, 2, queued);
	for (i = 0; i < ARRAY_SIZE(blocked); i++)
		blocked[i] = blocked_start(test, subject, greedy);
	late = blocked_start(test, subject, modest);

	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 4 + ARRAY_SIZE(blocked));
	expect_completed(test, late->job, 0);
	/* Behind what had a slot, and one of the other flow. */
	KUNIT_EXPECT_LE(test, late->job->order, 1 + 2 + 2);
	for (i = 0; i < ARRAY_SIZE(blocked); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(blocked[i]->thread), 0);
	KUNIT_EXPECT_EQ(test, ddt_test_join(late->thread), 0);
}

/* Cancellation */

static void cancel_of_a_blocked_request_ends_its_submission(struct kunit *test)
{
	struct blocked *blocked, *other;
	struct subject *subject;
	struct job *queued[1];

	subject = subject_start_full(test, 1, queued);
	blocked = blocked_start(test, subject, NULL);
	other = blocked_start(test, subject, NULL);
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_cancel(subject->queue,
						  &blocked->job->req));
	KUNIT_EXPECT_EQ(test, ddt_test_join(blocked->thread), -ECANCELED);
	KUNIT_EXPECT_EQ(test, -EALREADY,
			ddt_queue_cancel(subject->queue, &blocked->job->req));
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(other->thread), 0);
	expect_completions(test, subject, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&blocked->job->completions), 0);
	KUNIT_EXPECT_EQ(test, blocked->job->services, 0);

	/* It can be submitted again. */
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_submit(subject->queue,
						  &blocked->job->req));
	expect_completions(test, subject, 1);
	expect_completed(test, blocked->job, 0);
}

static bool job_is_of(const struct ddt_request *req, const void *context)
{
	return req->flow == context;
}

static void cancel_all_ends_blocked_submissions_too(struct kunit *test)
{
	struct ddt_flow *flow = flow_alloc(test);
	struct blocked *blocked[3], *other;
	struct subject *subject;
	struct job *queued[1];
	int i;

	subject = subject_start_full(test, 1, queued);
	other = blocked_start(test, subject, NULL);
	for (i = 0; i < ARRAY_SIZE(blocked); i++)
		blocked[i] = blocked_start(test, subject, flow);
	ddt_queue_cancel_all(subject->queue, job_is_of, flow);
	for (i = 0; i < ARRAY_SIZE(blocked); i++)
		KUNIT_EXPECT_EQ(test, -ECANCELED,
				ddt_test_join(blocked[i]->thread));
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(other->thread), 0);
	expect_completions(test, subject, 3);
}

/* A cancellation of a blocked request, and a slot for it, at the same time. */
struct cancel_race {
	struct subject *subject;
	struct job *queued;
	struct blocked *blocked;
	int ret;
};

static void cancel_race_cancel(void *context)
{
	struct cancel_race *race = context;

	race->ret = ddt_queue_cancel(race->subject->queue,
				     &race->blocked->job->req);
}

static void cancel_race_free(void *context)
{
	struct cancel_race *race = context;

	ddt_queue_cancel(race->subject->queue, &race->queued->req);
}

static void cancel_of_a_request_that_is_just_admitted_is_not_lost(struct kunit *test)
{
	struct cancel_race *race = ddt_test_alloc(test, sizeof(*race));
	unsigned long begin = jiffies;
	struct ddt_test_race *there;
	struct job *queued[1];
	int i, ret, completions;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	race->subject = subject_start_full(test, 1, queued);
	race->queued = queued[0];
	ddt_test_pin();
	there = ddt_test_race_start(test, cancel_race_cancel, race);
	for (i = 0; ddt_test_round(i, 200, 1000, begin); i++) {
		race->blocked = blocked_start(test, race->subject, NULL);
		KUNIT_ASSERT_TRUE(test, ddt_test_race_round(there,
							    cancel_race_free));
		ret = ddt_test_join(race->blocked->thread);
		/* Blocked or queued: either way it was cancelled. */
		KUNIT_ASSERT_EQ(test, race->ret, 0);
		completions = atomic_read(&race->blocked->job->completions);
		KUNIT_ASSERT_EQ(test, completions, ret == -ECANCELED ? 0 : 1);
		KUNIT_ASSERT_EQ(test, 0,
				ddt_queue_submit(race->subject->queue,
						 &race->queued->req));
	}
}

/* A cancellation in an interrupt, at any time. */
struct watchdog {
	struct hrtimer timer;
	struct subject *subject;
	struct job *job;
	unsigned int fired;
	unsigned int cancelled;
	bool stop;
};

static enum hrtimer_restart watchdog_fire(struct hrtimer *timer)
{
	struct watchdog *dog = container_of(timer, struct watchdog, timer);

	if (READ_ONCE(dog->stop))
		return HRTIMER_NORESTART;
	if (!ddt_queue_cancel(dog->subject->queue, &dog->job->req))
		dog->cancelled++;
	dog->fired++;
	hrtimer_forward_now(timer, 50 * NSEC_PER_USEC);
	return HRTIMER_RESTART;
}

static void request_can_be_cancelled_in_an_interrupt(struct kunit *test)
{
	struct watchdog *dog = ddt_test_alloc(test, sizeof(*dog));
	struct subject *subject = subject_start(test);
	unsigned long begin = jiffies;
	struct ddt_queue_stats stats;
	unsigned int i, accepted = 0;

	job_begin(test, subject, JOB_GATE);
	dog->subject = subject;
	dog->job = job_alloc(test, JOB_NOTHING);
	hrtimer_setup(&dog->timer, watchdog_fire, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL);
	hrtimer_start(&dog->timer, 50 * NSEC_PER_USEC, HRTIMER_MODE_REL);
	/* What it interrupts holds the lock half of the time. */
	for (i = 0; ddt_test_round(i, 20000, 1000, begin); i++) {
		if (!ddt_queue_submit(subject->queue, &dog->job->req))
			accepted++;
		ddt_queue_stats(subject->queue, &stats);
	}
	WRITE_ONCE(dog->stop, true);
	hrtimer_cancel(&dog->timer);
	ddt_queue_cancel(subject->queue, &dog->job->req);
	KUNIT_EXPECT_EQ(test, accepted, atomic_read(&dog->job->completions));
	KUNIT_EXPECT_GT(test, dog->fired, 0);
}

/* Flushes */

static int flush(void *context)
{
	struct subject *subject = context;

	return ddt_queue_flush(subject->queue, DDT_WAIT_ALERTABLE,
			       DDT_FOREVER);
}

static struct ddt_test_thread *flush_begin(struct kunit *test,
					   struct subject *subject)
{
	struct ddt_test_thread *thread = ddt_test_start(test, flush, subject);

	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_waits(thread)));
	return thread;
}

static void flush_behind_another_does_not_wait_for_what_comes_later(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *threads[3];
	int i;

	job_begin(test, subject, JOB_GATE);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = flush_begin(test, subject);
	job_submit(test, subject, JOB_HOUR);
	ddt_event_set(&subject->gate);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(threads[i]), 0);
}

static void flush_does_not_count_what_comes_later(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *thread;
	struct job *job;
	int i;

	job_begin(test, subject, JOB_GATE);
	thread = flush_begin(test, subject);
	for (i = 0; i < 3; i++) {
		job = job_submit(test, subject, JOB_NOTHING);
		KUNIT_EXPECT_EQ(test, 0, ddt_queue_cancel(subject->queue,
							  &job->req));
	}
	usleep_range(1000, 2000);
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->ended));
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(thread), 0);
}

static void flush_that_gives_up_leaves_its_requests_to_the_next(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *threads[4];
	struct job *jobs[4];
	int i;

	/* The third request of all, which threads[2] waits for, takes long. */
	job_begin(test, subject, JOB_GATE);
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		threads[i] = flush_begin(test, subject);
		jobs[i] = job_submit(test, subject,
				     i == 1 ? JOB_HOUR : JOB_NOTHING);
	}
	/* The first, the last, and one between. */
	for (i = 0; i < ARRAY_SIZE(threads); i += i ? 2 : 1) {
		ddt_test_stop(test, threads[i]);
		KUNIT_EXPECT_EQ(test, ddt_test_join(threads[i]), -EINTR);
	}
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_TRUE(test, one_begun(subject));
	KUNIT_EXPECT_TRUE(test, one_begun(subject));
	usleep_range(2000, 3000);
	KUNIT_EXPECT_FALSE(test, completion_done(&threads[2]->ended));
	KUNIT_EXPECT_EQ(test, ddt_queue_cancel(subject->queue, &jobs[1]->req),
			-EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ddt_test_join(threads[2]), 0);
	expect_completions(test, subject, 1 + ARRAY_SIZE(threads));
	KUNIT_EXPECT_EQ(test, ddt_queue_flush(subject->queue, 0, 0), 0);
}

static void flushes_in_great_number_all_end(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *threads[70];
	int i;

	job_begin(test, subject, JOB_GATE);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = flush_begin(test, subject);
	ddt_event_set(&subject->gate);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(threads[i]), 0);
}

static int flush_repeat(void *context)
{
	struct subject *subject = context;
	unsigned long begin = jiffies;
	int i, ret;

	for (i = 0; ddt_test_round(i, 300, 500, begin); i++) {
		ret = ddt_queue_flush(subject->queue, 0,
				      ddt_test_random(100) * NSEC_PER_USEC);
		if (ret && ret != -ETIME)
			return ret;
		ddt_test_jitter();
	}
	return 0;
}

static void flushes_that_give_up_at_any_time_upset_no_others(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *threads[4];
	unsigned long begin = jiffies;
	struct ddt_queue_stats stats;
	struct job *job;
	int i;

	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = ddt_test_start(test, flush_repeat, subject);
	job = job_alloc(test, JOB_NOTHING);
	for (i = 0; ddt_test_round(i, 2000, 500, begin); i++) {
		KUNIT_ASSERT_EQ(test, 0, ddt_queue_submit(subject->queue,
							  &job->req));
		ddt_test_jitter();
		KUNIT_ASSERT_EQ(test, 0, ddt_queue_flush(subject->queue, 0,
							 DDT_FOREVER));
		ddt_queue_stats(subject->queue, &stats);
		KUNIT_ASSERT_EQ(test, stats.completed, i + 1);
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(threads[i]), 0);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
}

/* The end of a queue */

/* A queue that is destroyed as soon as its last request is completed. */
struct ending {
	struct subject *subject;
	struct blocked *blocked;
	unsigned int completions;	/* after how many */
	bool destroyed;
};

static int ending_destroy(void *context)
{
	struct ending *ending = context;
	struct subject *subject = ending->subject;

	if (!ddt_test_until(ddt_semaphore_count(&subject->completed) ==
			    ending->completions))
		return -EIO;
	ddt_queue_destroy(subject->queue);
	subject->queue = NULL;
	/* Pairs with the acquire of the test. */
	smp_store_release(&ending->destroyed, true);
	return 0;
}

static void submit_wait_does_not_touch_a_queue_that_its_completion_has_destroyed(struct kunit *test)
{
	const struct sched_attr idle = { .sched_policy = SCHED_IDLE };
	struct ending *ending = ddt_test_alloc(test, sizeof(*ending));
	unsigned long begin = jiffies, waited;
	struct ddt_test_thread *destroyer;
	struct subject *subject;
	struct task_struct *task;
	int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	ddt_test_pin();
	for (i = 0; ddt_test_round(i, 10, 1000, begin); i++) {
		subject = subject_alloc(test);
		subject->attr.depth = 1;
		subject->attr.thread.cpus =
			cpumask_of(cpumask_last(cpu_online_mask));
		KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
		job_begin(test, subject, JOB_GATE);
		job_submit(test, subject, JOB_NOTHING);

		/* Does not run before this thread leaves its CPU to it. */
		ending->subject = subject;
		ending->completions = 3;
		ending->destroyed = false;
		ending->blocked = blocked_start(test, subject, NULL);
		task = ending->blocked->thread->task;
		set_cpus_allowed_ptr(task, cpumask_of(raw_smp_processor_id()));
		sched_setattr_nocheck(task, &idle);
		destroyer = ddt_test_start(test, ending_destroy, ending);
		set_cpus_allowed_ptr(destroyer->task,
				     subject->attr.thread.cpus);

		ddt_event_set(&subject->gate);
		waited = jiffies;
		/* Pairs with the release in ending_destroy(). */
		while (!smp_load_acquire(&ending->destroyed) &&
		       !ddt_test_late(waited))
			cpu_relax();
		KUNIT_EXPECT_TRUE(test, ending->destroyed);
		KUNIT_EXPECT_EQ(test, ddt_test_join(destroyer), 0);
		KUNIT_EXPECT_EQ(test, 0,
				ddt_test_join(ending->blocked->thread));
	}
}

/* Submits to queues that are destroyed as soon as they have completed that. */
static void submit_does_not_touch_a_queue_that_its_completion_has_destroyed(struct kunit *test)
{
	struct ending *ending = ddt_test_alloc(test, sizeof(*ending));
	unsigned long begin = jiffies;
	struct ddt_test_thread *destroyer;
	struct subject *subject;
	int i;

	ddt_test_pin();
	for (i = 0; ddt_test_round(i, 100, 1000, begin); i++) {
		subject = subject_alloc(test);
		subject->attr.thread.cpus =
			cpumask_of(cpumask_last(cpu_online_mask));
		KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
		ending->subject = subject;
		ending->completions = 1;
		destroyer = ddt_test_start(test, ending_destroy, ending);
		if (i % 2)
			KUNIT_EXPECT_TRUE(test,
					  ddt_test_until(subject_waits(subject)));
		job_submit(test, subject, JOB_NOTHING);
		KUNIT_EXPECT_EQ(test, ddt_test_join(destroyer), 0);
	}
}

static void stop_waits_for_blocked_submitters_that_give_up(struct kunit *test)
{
	unsigned long begin = jiffies;
	struct blocked *blocked[3];
	struct ddt_test_thread *destroyer;
	struct subject *subject;
	struct job *queued[1];
	int i, k, ret;

	for (i = 0; ddt_test_round(i, 60, 1500, begin); i++) {
		subject = subject_start_full(test, 1, queued);
		for (k = 0; k < ARRAY_SIZE(blocked); k++) {
			blocked[k] = ddt_test_alloc(test, sizeof(**blocked));
			blocked[k]->subject = subject;
			blocked[k]->job = job_alloc(test, JOB_NOTHING);
			blocked[k]->timeout = ddt_test_random(200) *
					      NSEC_PER_USEC;
			blocked[k]->thread = ddt_test_start(test, blocked_main,
							    blocked[k]);
			/* When the queue is destroyed no call may begin. */
			KUNIT_ASSERT_TRUE(test,
					  caller_has_begun(blocked[k]->thread));
		}
		ddt_test_jitter();
		ddt_event_set(&subject->gate);
		destroyer = ddt_test_start(test, subject_destroy, subject);
		KUNIT_EXPECT_EQ(test, ddt_test_join(destroyer), 0);
		subject->queue = NULL;
		for (k = 0; k < ARRAY_SIZE(blocked); k++) {
			ret = ddt_test_join(blocked[k]->thread);
			KUNIT_EXPECT_EQ(test, !ret,
					atomic_read(&blocked[k]->job->completions));
			if (ret && ret != -ETIME)
				KUNIT_EXPECT_EQ(test, ret, -ESHUTDOWN);
		}
	}
}

/* Callbacks */

/* What the server of a full queue gets if it waits for a slot. */
struct self {
	struct ddt_queue *queue;
	struct ddt_request reqs[3];
	struct ddt_event gate;
	struct ddt_event done;
	int ret;
};

static int self_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	struct self *self = ddt_queue_context(queue);

	if (req == &self->reqs[0]) {
		ddt_wait(&self->gate.object, 0, DDT_FOREVER);
		self->ret = ddt_queue_submit_wait(queue, &self->reqs[2], 0,
						  2 * NSEC_PER_SEC);
		ddt_event_set(&self->done);
	}
	return 0;
}

static void self_complete(struct ddt_queue *queue, struct ddt_request *req)
{
}

static const struct ddt_queue_ops self_ops = {
	.serve = self_serve,
	.complete = self_complete,
};

static int self_destroy(void *context)
{
	struct self *self = context;

	ddt_event_set(&self->gate);
	ddt_queue_destroy(self->queue);
	return 0;
}

static void submit_wait_by_the_server_of_a_full_queue_is_refused(struct kunit *test)
{
	static const struct ddt_queue_attr attr = {
		.thread.name = "ddt_self",
		.depth = 1,
		.idle_timeout = DDT_FOREVER,
	};
	struct self *self = ddt_test_alloc(test, sizeof(*self));
	int i;

	for (i = 0; i < ARRAY_SIZE(self->reqs); i++)
		ddt_request_init(&self->reqs[i]);
	ddt_event_init(&self->gate, DDT_EVENT_MANUAL, false);
	ddt_event_init(&self->done, DDT_EVENT_MANUAL, false);
	self->queue = ddt_queue_create(&self_ops, self, &attr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(self->queue));
	ddt_test_at_exit(test, self_destroy, self);

	KUNIT_EXPECT_EQ(test, 0, ddt_queue_submit(self->queue, &self->reqs[0]));
	KUNIT_EXPECT_TRUE(test,
			  ddt_test_until(!ddt_queue_submit(self->queue,
							   &self->reqs[1])));
	ddt_event_set(&self->gate);
	KUNIT_EXPECT_TRUE(test, ddt_test_signaled(&self->done.object));
	KUNIT_EXPECT_EQ(test, self->ret, -EDEADLK);
}

/* Two requests that are cancelled; the completion of one submits the other. */
struct again {
	struct ddt_queue *queue;
	struct ddt_request gate_req;
	struct ddt_request reqs[2];
	struct ddt_event gate;
	int ret;
	int completions;
};

static int again_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	struct again *again = ddt_queue_context(queue);

	ddt_wait(&again->gate.object, 0, DDT_FOREVER);
	return 0;
}

static void again_complete(struct ddt_queue *queue, struct ddt_request *req)
{
	struct again *again = ddt_queue_context(queue);

	again->completions++;
	if (req == &again->reqs[0])
		again->ret = ddt_queue_submit(queue, &again->reqs[1]);
}

static bool again_match(const struct ddt_request *req, const void *context)
{
	const struct again *again = context;

	return req != &again->gate_req;
}

static int again_destroy(void *context)
{
	struct again *again = context;

	ddt_event_set(&again->gate);
	ddt_queue_destroy(again->queue);
	return 0;
}

static void request_that_is_about_to_be_completed_is_busy(struct kunit *test)
{
	static const struct ddt_queue_ops ops = {
		.serve = again_serve,
		.complete = again_complete,
	};
	static const struct ddt_queue_attr attr = {
		.thread.name = "ddt_again",
	};
	struct again *again = ddt_test_alloc(test, sizeof(*again));
	int i;

	ddt_event_init(&again->gate, DDT_EVENT_MANUAL, false);
	again->queue = ddt_queue_create(&ops, again, &attr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(again->queue));
	ddt_test_at_exit(test, again_destroy, again);
	ddt_request_init(&again->gate_req);
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_submit(again->queue,
						  &again->gate_req));
	for (i = 0; i < ARRAY_SIZE(again->reqs); i++) {
		ddt_request_init(&again->reqs[i]);
		KUNIT_EXPECT_EQ(test, 0, ddt_queue_submit(again->queue,
							  &again->reqs[i]));
	}
	ddt_queue_cancel_all(again->queue, again_match, again);
	KUNIT_EXPECT_EQ(test, again->ret, -EBUSY);
	KUNIT_EXPECT_EQ(test, again->completions, 2);
}

static void queue_without_its_callbacks_is_refused(struct kunit *test)
{
	static const struct ddt_queue_ops no_serve = {
		.complete = again_complete,
	};
	static const struct ddt_queue_ops no_complete = {
		.serve = again_serve,
	};
	static const struct ddt_queue_attr attr = {};

	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(ddt_queue_create(&no_serve, NULL,
							 &attr)));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(ddt_queue_create(&no_complete, NULL,
							 &attr)));
}

/* An on-demand thread that can be started only the second time. */
struct start {
	struct module owner;
	struct ddt_queue *queue;
	struct ddt_request req;
	struct ddt_semaphore completed;
	int statuses[2];
	unsigned int completions;
	unsigned int services;
};

static int start_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	struct start *start = ddt_queue_context(queue);

	start->services++;
	return 0;
}

static void start_complete(struct ddt_queue *queue, struct ddt_request *req)
{
	struct start *start = ddt_queue_context(queue);

	if (start->completions < ARRAY_SIZE(start->statuses))
		start->statuses[start->completions] = req->status;
	start->owner.state = MODULE_STATE_LIVE;
	if (!start->completions++)
		ddt_queue_submit(queue, req);
	ddt_semaphore_release(&start->completed, 1);
}

static const struct ddt_queue_ops start_ops = {
	.serve = start_serve,
	.complete = start_complete,
};

static int start_destroy(void *context)
{
	struct start *start = context;

	ddt_queue_destroy(start->queue);
	return 0;
}

static void start_of_an_on_demand_thread_is_tried_again_for_every_request(struct kunit *test)
{
	struct start *start = ddt_test_alloc(test, sizeof(*start));
	const struct ddt_queue_attr attr = {
		.server = DDT_SERVER_ON_DEMAND,
		.thread.name = "ddt_start",
		.thread.owner = &start->owner,
		.depth = 1,
		.idle_timeout = 1,
	};

	/* As if it was being unloaded. */
	start->owner.state = MODULE_STATE_GOING;
	atomic_set(&start->owner.refcnt, 1);
	ddt_request_init(&start->req);
	ddt_semaphore_init(&start->completed, 0, S32_MAX);
	start->queue = ddt_queue_create(&start_ops, start, &attr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(start->queue));
	ddt_test_at_exit(test, start_destroy, start);
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_submit(start->queue, &start->req));
	KUNIT_EXPECT_TRUE(test, ddt_test_signaled(&start->completed.object));
	KUNIT_EXPECT_TRUE(test, ddt_test_signaled(&start->completed.object));
	KUNIT_EXPECT_EQ(test, start->statuses[0], -ENODEV);
	KUNIT_EXPECT_EQ(test, start->statuses[1], 0);
	KUNIT_EXPECT_EQ(test, start->services, 1);
}

/* The completion of what no thread could be started for waits for the test. */
static void failing_complete(struct ddt_queue *queue, struct ddt_request *req)
{
	struct subject *subject = ddt_queue_context(queue);

	subject_ops.complete(queue, req);
	if (req->status == -ENODEV)
		ddt_test_signaled(&subject->gate.object);
}

static void slot_kept_while_the_start_of_a_thread_fails_is_granted(struct kunit *test)
{
	struct module *owner = ddt_test_alloc(test, sizeof(*owner));
	struct job *refused = job_alloc(test, JOB_NOTHING);
	struct subject *subject = subject_alloc(test);
	struct ddt_queue_ops *ops = ddt_test_alloc(test, sizeof(*ops));
	struct blocked *first, *second;
	struct job *queued;

	*ops = subject_ops;
	ops->complete = failing_complete;
	/* As if it was being unloaded. */
	owner->state = MODULE_STATE_GOING;
	atomic_set(&owner->refcnt, 1);
	subject->attr.server = DDT_SERVER_ON_DEMAND;
	subject->attr.thread.owner = owner;
	subject->attr.depth = 1;
	subject->attr.idle_timeout = 0;
	KUNIT_ASSERT_EQ(test, subject_create(subject, ops), 0);
	job_submit(test, subject, JOB_NOTHING);
	KUNIT_EXPECT_TRUE(test, one_completed(subject));
	owner->state = MODULE_STATE_LIVE;

	/* The slot is kept for submitters that do not wait; none comes back. */
	queued = job_submit(test, subject, JOB_NOTHING);
	first = blocked_start(test, subject, flow_alloc(test));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			ddt_queue_submit(subject->queue, &refused->req));
	second = blocked_start(test, subject, flow_alloc(test));
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_cancel(subject->queue,
						  &queued->req));
	KUNIT_EXPECT_EQ(test, ddt_test_join(first->thread), 0);
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_cancel(subject->queue,
						  &first->job->req));

	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(second->thread), 0);
	expect_completions(test, subject, 3);
	expect_completed(test, second->job, 0);
}

/* Work that grows */

#define MANY	3000

static struct job *jobs_alloc(struct kunit *test, unsigned int n)
{
	struct job *jobs = kvcalloc(n, sizeof(*jobs), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, !!jobs);
	for (i = 0; i < n; i++)
		ddt_request_init(&jobs[i].req);
	return jobs;
}

/* Which is how it is found in O(log n) which is next. */
static void requests_expire_in_the_order_of_their_deadlines(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct job *jobs[100];
	ktime_t deadline;
	int i, ms = 30;
	bool in_time;

	subject->attr.depth = ARRAY_SIZE(jobs);
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	job_begin(test, subject, JOB_GATE);
	/* Again with more time, if not all were submitted before the first. */
	do {
		ms *= 2;
		atomic_set(&subject->ended, 0);
		deadline = ktime_add_ms(ktime_get(), ms);
		for (i = 0; i < ARRAY_SIZE(jobs); i++) {
			jobs[i] = job_alloc(test, JOB_NOTHING);
			jobs[i]->req.deadline = ktime_sub_us(deadline, 30 * i);
			KUNIT_EXPECT_EQ(test, 0,
					ddt_queue_submit(subject->queue,
							 &jobs[i]->req));
		}
		in_time = ktime_get() < ktime_sub_us(deadline, 30 * i);
		expect_completions(test, subject, ARRAY_SIZE(jobs));
	} while (!in_time && ms < 20000);
	KUNIT_EXPECT_TRUE(test, in_time);
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		expect_completed(test, jobs[i], -ETIME);
		KUNIT_EXPECT_EQ(test, jobs[i]->completion_order,
				ARRAY_SIZE(jobs) - i);
	}
}

/* How often another context had the lock between two visits. */
struct walk {
	struct subject *subject;
	atomic_t looks;			/* of the other thread */
	int first;
	int last;
	unsigned int visits;
	bool stop;
};

static int walk_look(void *context)
{
	struct walk *walk = context;
	struct ddt_queue_stats stats;

	while (!READ_ONCE(walk->stop)) {
		ddt_queue_stats(walk->subject->queue, &stats);
		atomic_inc(&walk->looks);
		cond_resched();
	}
	return 0;
}

static void walk_visit(struct ddt_request *req, bool in_service, void *context)
{
	struct walk *walk = context;

	walk->last = atomic_read(&walk->looks);
	if (!walk->visits++)
		walk->first = walk->last;
	ndelay(500);
}

static void walk_over_all_requests_lets_others_have_the_lock(struct kunit *test)
{
	struct walk *walk = ddt_test_alloc(test, sizeof(*walk));
	struct subject *subject = subject_alloc(test);
	struct job *jobs = jobs_alloc(test, MANY);
	struct ddt_test_thread *looker;
	int i;

	subject->attr.depth = MANY;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	job_begin(test, subject, JOB_GATE);
	for (i = 0; i < MANY; i++)
		ddt_queue_submit(subject->queue, &jobs[i].req);
	walk->subject = subject;
	looker = ddt_test_start(test, walk_look, walk);
	for (i = 0; i < 20 && walk->last - walk->first < 2; i++) {
		walk->visits = 0;
		ddt_queue_for_each(subject->queue, walk_visit, walk);
		KUNIT_EXPECT_EQ(test, walk->visits, MANY + 1);
	}
	KUNIT_EXPECT_GE(test, walk->last - walk->first, 2);
	WRITE_ONCE(walk->stop, true);
	KUNIT_EXPECT_EQ(test, ddt_test_join(looker), 0);
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_ABORT), 0);
	kvfree(jobs);
}

/* Several requests in one call */

/* Two walks over the same requests. */
struct walks {
	struct subject *subject;
	bool stop;
};

static void walks_count(struct ddt_request *req, bool in_service, void *context)
{
	(*(unsigned int *)context)++;
}

static unsigned int walks_visit_all(struct walks *walks)
{
	unsigned int visits = 0;

	ddt_queue_for_each(walks->subject->queue, walks_count, &visits);
	return visits;
}

static int walks_repeat(void *context)
{
	struct walks *walks = context;

	while (!READ_ONCE(walks->stop)) {
		walks_visit_all(walks);
		cond_resched();
	}
	return 0;
}

static void walks_that_meet_visit_all_requests(struct kunit *test)
{
	struct walks *walks = ddt_test_alloc(test, sizeof(*walks));
	struct subject *subject = subject_alloc(test);
	unsigned long begin = jiffies;
	struct ddt_test_thread *thread;
	unsigned int i, n = 200;

	subject->attr.depth = n;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	job_begin(test, subject, JOB_GATE);
	for (i = 0; i < n; i++)
		job_submit(test, subject, JOB_NOTHING);
	walks->subject = subject;
	thread = ddt_test_start(test, walks_repeat, walks);
	for (i = 0; ddt_test_round(i, 2000, 500, begin); i++) {
		KUNIT_EXPECT_EQ(test, walks_visit_all(walks), n + 1);
		cond_resched();
	}
	WRITE_ONCE(walks->stop, true);
	KUNIT_EXPECT_EQ(test, ddt_test_join(thread), 0);
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, n + 1);
}

static void walk_does_not_visit_requests_that_wait_for_a_slot(struct kunit *test)
{
	struct job *queued[2];
	unsigned int visits = 0;
	struct subject *subject;
	struct blocked *blocked;

	subject = subject_start_full(test, ARRAY_SIZE(queued), queued);
	blocked = blocked_start(test, subject, NULL);
	ddt_queue_for_each(subject->queue, walks_count, &visits);
	KUNIT_EXPECT_EQ(test, visits, 1 + ARRAY_SIZE(queued));
	ddt_event_set(&subject->gate);
	KUNIT_EXPECT_EQ(test, ddt_test_join(blocked->thread), 0);
	expect_completions(test, subject, 2 + ARRAY_SIZE(queued));
}

static void submit_many_queues_all_in_their_order(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_queue_stats before, after;
	struct ddt_request *reqs[70];
	struct job *jobs[70];
	int i, round;

	/* With a thread that may run at any time: on any CPU, not batch. */
	subject->attr.depth = ARRAY_SIZE(reqs);
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = job_alloc(test, JOB_NOTHING);
		reqs[i] = &jobs[i]->req;
	}
	for (round = 0; round < 20; round++) {
		KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
		ddt_queue_stats(subject->queue, &before);
		KUNIT_EXPECT_EQ(test, ARRAY_SIZE(reqs),
				ddt_queue_submit_many(subject->queue, reqs,
						      ARRAY_SIZE(reqs)));
		expect_completions(test, subject, ARRAY_SIZE(reqs));
		ddt_queue_stats(subject->queue, &after);
		KUNIT_EXPECT_EQ(test, after.wakeups, before.wakeups + 1);
		for (i = 0; i < ARRAY_SIZE(jobs); i++) {
			KUNIT_EXPECT_EQ(test, jobs[i]->completion_status, 0);
			KUNIT_EXPECT_EQ(test, jobs[i]->order,
					round * ARRAY_SIZE(reqs) + i + 1);
		}
	}
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_submit_many(subject->queue, reqs,
						       0));
}

static void submit_many_tells_how_many_were_accepted(struct kunit *test)
{
	struct ddt_request *reqs[40];
	struct job *jobs[40], *queued[1];
	struct subject *subject;
	int i;

	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = job_alloc(test, JOB_NOTHING);
		reqs[i] = &jobs[i]->req;
	}
	subject = subject_alloc(test);
	subject->attr.depth = 35;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	job_begin(test, subject, JOB_GATE);
	KUNIT_EXPECT_EQ(test, 35, ddt_queue_submit_many(subject->queue, reqs,
							40));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			ddt_queue_submit_many(subject->queue, reqs + 35, 5));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			ddt_queue_submit_many(subject->queue, reqs, 1));
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 36);
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i]->completions),
				i < 35);

	/* A request twice: once. */
	reqs[36] = reqs[35];
	KUNIT_EXPECT_EQ(test, 1, ddt_queue_submit_many(subject->queue,
						       reqs + 35, 2));
	expect_completions(test, subject, 1);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN,
			ddt_queue_submit_many(subject->queue, reqs, 5));
	subject = subject_start_full(test, 1, queued);
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			ddt_queue_submit_many(subject->queue, reqs, 5));
	ddt_event_set(&subject->gate);
}

/* Pauses */

static int pause_queue(void *context)
{
	struct subject *subject = context;

	return ddt_queue_pause(subject->queue, DDT_WAIT_ALERTABLE,
			       DDT_FOREVER);
}

static void pause_waits_for_the_request_in_service_and_lets_none_begin(struct kunit *test)
{
	struct ddt_test_thread *thread;
	struct job *first, *queued[3];
	struct subject *subject;
	int s, i;

	for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
		subject = subject_start_server(test, subject_servers[s], DDT_TEST_HOUR);
		first = job_begin(test, subject, JOB_GATE);
		queued[0] = job_submit(test, subject, JOB_NOTHING);
		thread = ddt_test_start(test, pause_queue, subject);
		KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_waits(thread)));
		usleep_range(1000, 2000);
		KUNIT_EXPECT_FALSE(test, completion_done(&thread->ended));
		ddt_event_set(&subject->gate);
		KUNIT_EXPECT_EQ(test, ddt_test_join(thread), 0);
		expect_completions(test, subject, 1);
		expect_completed(test, first, 0);

		/* Accepted, cancelled, expired as ever, but not begun. */
		queued[1] = job_submit(test, subject, JOB_NOTHING);
		queued[2] = job_alloc(test, JOB_NOTHING);
		queued[2]->req.deadline = ktime_add_ms(ktime_get(), 1);
		KUNIT_EXPECT_EQ(test, 0, ddt_queue_submit(subject->queue,
							  &queued[2]->req));
		KUNIT_EXPECT_EQ(test, 0, ddt_queue_cancel(subject->queue,
							  &queued[1]->req));
		expect_completions(test, subject, 2);
		expect_completed(test, queued[1], -ECANCELED);
		expect_completed(test, queued[2], -ETIME);
		usleep_range(3000, 4000);
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->served), 1);

		KUNIT_EXPECT_EQ(test, ddt_queue_resume(subject->queue), 0);
		expect_completions(test, subject, 1);
		expect_completed(test, queued[0], 0);
		for (i = 0; i < 2; i++)
			KUNIT_EXPECT_EQ(test, -EINVAL,
					ddt_queue_resume(subject->queue));
	}
}

static void pauses_nest_and_hold_back_idle(struct kunit *test)
{
	struct subject *subject;
	struct job *job;
	int s, idles;

	for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
		subject = subject_start_server(test, subject_servers[s],
					       50 * NSEC_PER_MSEC);
		job_submit(test, subject, JOB_NOTHING);
		expect_completions(test, subject, 1);
		KUNIT_EXPECT_EQ(test, pause_queue(subject), 0);
		KUNIT_EXPECT_EQ(test, pause_queue(subject), 0);
		idles = atomic_read(&subject->idles);
		/* First without a request, which alone would hold it back. */
		msleep(100);
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), idles);
		job = job_submit(test, subject, JOB_NOTHING);
		KUNIT_EXPECT_EQ(test, ddt_queue_resume(subject->queue), 0);
		msleep(100);
		KUNIT_EXPECT_EQ(test, atomic_read(&subject->idles), idles);
		KUNIT_EXPECT_EQ(test, atomic_read(&job->completions), 0);
		KUNIT_EXPECT_EQ(test, ddt_queue_resume(subject->queue), 0);
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(atomic_read(&subject->idles) >
						 idles));
		expect_completions(test, subject, 1);
	}
}

static void pause_that_gives_up_does_not_pause(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_test_thread *thread;
	struct job *job;

	job_begin(test, subject, JOB_GATE);
	job = job_submit(test, subject, JOB_NOTHING);
	KUNIT_EXPECT_EQ(test, -EINVAL, ddt_queue_pause(subject->queue, 1 << 30,
						       DDT_FOREVER));
	KUNIT_EXPECT_EQ(test, -ETIME, ddt_queue_pause(subject->queue, 0, 0));
	KUNIT_EXPECT_EQ(test, -ETIME,
			ddt_queue_pause(subject->queue, 0, NSEC_PER_MSEC));
	thread = ddt_test_start(test, pause_queue, subject);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_waits(thread)));
	ddt_test_stop(test, thread);
	KUNIT_EXPECT_EQ(test, ddt_test_join(thread), -EINTR);
	KUNIT_EXPECT_EQ(test, -EINVAL, ddt_queue_resume(subject->queue));
	ddt_event_set(&subject->gate);
	expect_completions(test, subject, 2);
	expect_completed(test, job, 0);
}

static void resume_of_an_idle_queue_starts_no_thread(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_queue_stats stats;

	subject->attr.server = DDT_SERVER_ON_DEMAND;
	subject->attr.idle_timeout = DDT_TEST_HOUR;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_pause(subject->queue, 0,
						 DDT_FOREVER));
	KUNIT_EXPECT_EQ(test, ddt_queue_resume(subject->queue), 0);
	KUNIT_EXPECT_EQ(test, 0, ddt_queue_set_idle_timeout(subject->queue,
							    NSEC_PER_SEC));
	ddt_queue_stats(subject->queue, &stats);
	KUNIT_EXPECT_EQ(test, stats.wakeups, 0);
	KUNIT_EXPECT_PTR_EQ(test, ddt_queue_get_thread(subject->queue), NULL);
}

/* Pauses a queue, which is destroyed meanwhile. */
struct pauser {
	struct subject *subject;
	ktime_t timeout;
};

static int pauser_main(void *context)
{
	struct pauser *pauser = context;

	return ddt_queue_pause(pauser->subject->queue, 0, pauser->timeout);
}

static void destroy_waits_for_pauses_that_give_up(struct kunit *test)
{
	struct pauser *pauser = ddt_test_alloc(test, sizeof(*pauser));
	struct ddt_test_thread *thread, *destroyer;
	unsigned long begin = jiffies;
	struct subject *subject;
	int i, ret;

	for (i = 0; ddt_test_round(i, 100, 1500, begin); i++) {
		subject = subject_start(test);
		job_begin(test, subject, JOB_GATE);
		pauser->subject = subject;
		pauser->timeout = (1 + ddt_test_random(200)) * NSEC_PER_USEC;
		thread = ddt_test_start(test, pauser_main, pauser);
		KUNIT_ASSERT_TRUE(test, caller_has_begun(thread));
		ddt_test_jitter();
		ddt_event_set(&subject->gate);
		destroyer = ddt_test_start(test, subject_destroy, subject);
		KUNIT_EXPECT_EQ(test, ddt_test_join(destroyer), 0);
		subject->queue = NULL;
		ret = ddt_test_join(thread);
		if (ret)
			KUNIT_EXPECT_EQ(test, ret, -ETIME);
	}
}

static void stop_ends_a_pause(struct kunit *test)
{
	struct subject *subject;
	struct job *job;
	int s, abort;

	for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
		for (abort = 0; abort < 2; abort++) {
			subject = subject_start_server(test, subject_servers[s],
						       DDT_TEST_HOUR);
			KUNIT_EXPECT_EQ(test, pause_queue(subject), 0);
			job = job_submit(test, subject, JOB_NOTHING);
			KUNIT_EXPECT_EQ(test, 0,
					stop(test, subject,
					     abort ? DDT_QUEUE_ABORT :
						     DDT_QUEUE_DRAIN));
			expect_completed(test, job, abort ? -ESHUTDOWN : 0);
			KUNIT_EXPECT_EQ(test, pause_queue(subject), -ESHUTDOWN);
		}
	}
}

static void no_request_is_in_service_or_left_lying_under_pauses(struct kunit *test)
{
	unsigned long begin = jiffies;
	struct subject *subject;
	int s, i, k, ret;

	for (s = 0; s < ARRAY_SIZE(subject_servers); s++) {
		subject = subject_start_server(test, subject_servers[s],
					       20 * NSEC_PER_USEC);
		begin = jiffies;
		for (i = 0; ddt_test_round(i, 300, 1000, begin); i++) {
			for (k = ddt_test_random(4); k > 0; k--)
				job_submit(test, subject, JOB_NOTHING);
			ddt_test_jitter();
			ret = pause_queue(subject);
			KUNIT_ASSERT_EQ(test, ret, 0);
			KUNIT_ASSERT_EQ(test, 0,
					atomic_read(&subject->in_service));
			ddt_test_jitter();
			KUNIT_ASSERT_EQ(test, 0,
					atomic_read(&subject->in_service));
			ddt_queue_resume(subject->queue);
			KUNIT_ASSERT_EQ(test, 0,
					ddt_queue_flush(subject->queue, 0,
							10 * NSEC_PER_SEC));
		}
	}
}

/* Policies */

static void nice_of_a_stopped_on_demand_queue_cannot_be_set(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	int nice;

	subject->attr.server = DDT_SERVER_ON_DEMAND;
	subject->attr.idle_timeout = 1;
	KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
	KUNIT_EXPECT_EQ(test, ddt_queue_set_nice(subject->queue, 3), 0);
	KUNIT_EXPECT_EQ(test, stop(test, subject, DDT_QUEUE_DRAIN), 0);
	KUNIT_EXPECT_EQ(test, ddt_queue_set_nice(subject->queue, 4), -ESRCH);
	KUNIT_EXPECT_EQ(test, ddt_queue_nice(subject->queue, &nice), 0);
	KUNIT_EXPECT_EQ(test, nice, 3);
}

static void thread_is_batch_only_if_its_driver_asks_for_it(struct kunit *test)
{
	struct subject *subject;
	int batch;

	for (batch = 0; batch < 2; batch++) {
		subject = subject_alloc(test);
		subject->attr.thread.batch = batch;
		subject->attr.thread.nice = 3;
		KUNIT_ASSERT_EQ(test, subject_create(subject, &subject_ops), 0);
		job_begin(test, subject, JOB_NOTHING);
		KUNIT_EXPECT_EQ(test, subject->task->policy,
				batch ? SCHED_BATCH : SCHED_NORMAL);
		KUNIT_EXPECT_EQ(test, subject->nice, 3);
		expect_completions(test, subject, 1);
	}
}

static void set_nice_leaves_a_policy_that_was_set_otherwise(struct kunit *test)
{
	const struct sched_attr idle = { .sched_policy = SCHED_IDLE };
	struct subject *subject = subject_start(test);
	int nice;

	job_begin(test, subject, JOB_GATE);
	KUNIT_EXPECT_EQ(test, subject->task->policy, SCHED_NORMAL);
	KUNIT_EXPECT_EQ(test, 0, sched_setattr_nocheck(subject->task, &idle));
	KUNIT_EXPECT_EQ(test, ddt_queue_set_nice(subject->queue, 5), 0);
	KUNIT_EXPECT_EQ(test, subject->task->policy, SCHED_IDLE);
	KUNIT_EXPECT_EQ(test, ddt_queue_nice(subject->queue, &nice), 0);
	KUNIT_EXPECT_EQ(test, nice, 5);
	ddt_event_set(&subject->gate);
}

/*
 * For a moment a kernel thread that is taken for a user task, and waits. What
 * is looked at is its state while it sleeps.
 */
struct user_task {
	struct ddt_event event;
	unsigned int flags;
};

static int user_wait(void *context)
{
	struct user_task *user = context;
	int ret;

	current->flags &= ~PF_KTHREAD;
	ret = ddt_wait(&user->event.object, user->flags, DDT_FOREVER);
	current->flags |= PF_KTHREAD;
	return ret;
}

static void wait_that_a_fatal_signal_ends_is_not_frozen(struct kunit *test)
{
	static const struct {
		unsigned int flags;
		unsigned int state;
	} rows[] = {
		{ 0, TASK_UNINTERRUPTIBLE },
		{ DDT_WAIT_KILLABLE, TASK_KILLABLE },
		{ DDT_WAIT_ALERTABLE, TASK_INTERRUPTIBLE | TASK_FREEZABLE },
	};
	struct user_task *user = ddt_test_alloc(test, sizeof(*user));
	struct ddt_test_thread *thread;
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ddt_event_init(&user->event, DDT_EVENT_MANUAL, false);
		user->flags = rows[i].flags;
		thread = ddt_test_start(test, user_wait, user);
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(READ_ONCE(thread->task->__state) ==
						 rows[i].state));
		ddt_event_set(&user->event);
		KUNIT_EXPECT_EQ(test, ddt_test_join(thread), 0);
	}
}

static struct kunit_case caller_cases[] = {
	KUNIT_CASE(submitter_that_does_not_wait_gets_a_slot_in_turn),
	KUNIT_CASE(submitter_that_does_not_wait_is_accepted_beside_many_that_do),
	KUNIT_CASE(only_slot_is_kept_for_a_submitter_that_does_not_wait),
	KUNIT_CASE(kept_slot_that_was_taken_is_granted_to_others_afterwards),
	KUNIT_CASE(kept_slot_is_granted_when_nothing_else_can_be_served),
	KUNIT_CASE(slots_are_granted_to_flows_in_turn),
	KUNIT_CASE(flow_keeps_its_turn_when_one_of_its_submitters_gives_up),
	KUNIT_CASE(cancel_of_a_blocked_request_ends_its_submission),
	KUNIT_CASE(cancel_all_ends_blocked_submissions_too),
	KUNIT_CASE(cancel_of_a_request_that_is_just_admitted_is_not_lost),
	KUNIT_CASE(flush_behind_another_does_not_wait_for_what_comes_later),
	KUNIT_CASE(flush_does_not_count_what_comes_later),
	KUNIT_CASE(flush_that_gives_up_leaves_its_requests_to_the_next),
	KUNIT_CASE(flushes_in_great_number_all_end),
	KUNIT_CASE(flushes_that_give_up_at_any_time_upset_no_others),
	KUNIT_CASE(submit_wait_does_not_touch_a_queue_that_its_completion_has_destroyed),
	KUNIT_CASE(submit_does_not_touch_a_queue_that_its_completion_has_destroyed),
	KUNIT_CASE(stop_waits_for_blocked_submitters_that_give_up),
	KUNIT_CASE(submit_wait_by_the_server_of_a_full_queue_is_refused),
	KUNIT_CASE(request_that_is_about_to_be_completed_is_busy),
	KUNIT_CASE(queue_without_its_callbacks_is_refused),
	KUNIT_CASE(start_of_an_on_demand_thread_is_tried_again_for_every_request),
	KUNIT_CASE(slot_kept_while_the_start_of_a_thread_fails_is_granted),
	KUNIT_CASE(requests_expire_in_the_order_of_their_deadlines),
	KUNIT_CASE(walk_over_all_requests_lets_others_have_the_lock),
	KUNIT_CASE(walks_that_meet_visit_all_requests),
	KUNIT_CASE(walk_does_not_visit_requests_that_wait_for_a_slot),
	KUNIT_CASE(submit_many_queues_all_in_their_order),
	KUNIT_CASE(submit_many_tells_how_many_were_accepted),
	KUNIT_CASE(pause_waits_for_the_request_in_service_and_lets_none_begin),
	KUNIT_CASE(pauses_nest_and_hold_back_idle),
	KUNIT_CASE(pause_that_gives_up_does_not_pause),
	KUNIT_CASE(resume_of_an_idle_queue_starts_no_thread),
	KUNIT_CASE(destroy_waits_for_pauses_that_give_up),
	KUNIT_CASE(stop_ends_a_pause),
	KUNIT_CASE(no_request_is_in_service_or_left_lying_under_pauses),
	KUNIT_CASE(nice_of_a_stopped_on_demand_queue_cannot_be_set),
	KUNIT_CASE(thread_is_batch_only_if_its_driver_asks_for_it),
	KUNIT_CASE(set_nice_leaves_a_policy_that_was_set_otherwise),
	KUNIT_CASE(wait_that_a_fatal_signal_ends_is_not_frozen),
	KUNIT_CASE(request_can_be_cancelled_in_an_interrupt),
	{}
};

static struct kunit_suite caller_suite = {
	.name = "ddt_caller",
	.init = ddt_test_init,
	.exit = ddt_test_exit,
	.test_cases = caller_cases,
};

kunit_test_suites(&caller_suite);
