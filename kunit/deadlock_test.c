// SPDX-License-Identifier: GPL-2.0-only
/*
 * deadlock_test.c - what lockdep says of a lock that is taken in a callback, and
 *		     held across a call that waits for the callbacks
 *
 * Lockdep is off after its first report. So each call needs a kernel of its own:
 * tools/check/lockdep boots one for each, and says which with the parameter.
 */

#include <linux/debug_locks.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "subject.h"

static char *deadlock = "none";
module_param(deadlock, charp, 0444);
MODULE_PARM_DESC(deadlock,
		 "Which call lockdep must report: flush, pause, stop or submit_wait (default: none)");

static DEFINE_MUTEX(ddt_deadlock_mutex);

static int serve(struct ddt_queue *queue, struct ddt_request *req)
{
	mutex_lock(&ddt_deadlock_mutex);
	mutex_unlock(&ddt_deadlock_mutex);
	return subject_ops.serve(queue, req);
}

static void complete_request(struct ddt_queue *queue, struct ddt_request *req)
{
	subject_ops.complete(queue, req);
}

static const struct ddt_queue_ops deadlock_ops = {
	.serve = serve,
	.complete = complete_request,
};

/* None of these has to wait: that they could is enough. */
static int call(struct subject *subject, struct job *job)
{
	if (!strcmp(deadlock, "flush"))
		return ddt_queue_flush(subject->queue, 0, DDT_FOREVER);
	if (!strcmp(deadlock, "pause"))
		return ddt_queue_pause(subject->queue, 0, DDT_FOREVER);
	if (!strcmp(deadlock, "stop"))
		return ddt_queue_stop(subject->queue, DDT_QUEUE_DRAIN);
	if (!strcmp(deadlock, "submit_wait"))
		return ddt_queue_submit_wait(subject->queue, &job->req, 0,
					     DDT_FOREVER);
	return -EINVAL;
}

static void lock_held_across_a_wait_and_taken_in_a_callback_is_reported(struct kunit *test)
{
	struct subject *subject;
	struct job *job;

	if (!IS_ENABLED(CONFIG_PROVE_LOCKING) || !strcmp(deadlock, "none"))
		kunit_skip(test, "runs alone: see tools/check/lockdep");

	subject = subject_alloc(test);
	KUNIT_ASSERT_EQ(test, subject_create(subject, &deadlock_ops), 0);
	job = job_submit(test, subject, JOB_NOTHING);
	expect_completions(test, subject, 1);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
	KUNIT_ASSERT_EQ(test, debug_locks, 1);

	pr_info("ddt-test: a report that is wanted begins\n");
	mutex_lock(&ddt_deadlock_mutex);
	call(subject, job);
	mutex_unlock(&ddt_deadlock_mutex);
	pr_info("ddt-test: a report that is wanted ends\n");
	KUNIT_EXPECT_EQ(test, debug_locks, 0);
}

static struct kunit_case deadlock_cases[] = {
	KUNIT_CASE(lock_held_across_a_wait_and_taken_in_a_callback_is_reported),
	{}
};

static struct kunit_suite deadlock_suite = {
	.name = "ddt_deadlock",
	.init = ddt_test_init,
	.exit = ddt_test_exit,
	.test_cases = deadlock_cases,
};

kunit_test_suites(&deadlock_suite);
