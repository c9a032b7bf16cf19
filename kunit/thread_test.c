// SPDX-License-Identifier: GPL-2.0-only
/*
 * thread_test.c - what holds for threads
 */

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <ddt/thread.h>

#include "helper.h"

/* A thread of the library, what it is to do and what it has seen. */
struct subject {
	struct ddt_thread_attr attr;
	struct ddt_thread *thread;
	struct ddt_event release;	/* ends it */
	int code;			/* what it returns */
	bool deaf;			/* it does not hear a stop */

	atomic_t runs;
	char comm[TASK_COMM_LEN];
	int nice;
	struct cpumask cpus;
	pid_t pid;
	bool is_current;
	int stop_from_itself;
	bool returned;
};

/* Notes what it sees and waits until it is released or told to stop. */
static int subject_main(void *context)
{
	struct subject *subject = context;
	int code = subject->code;

	subject->nice = task_nice(current);
	cpumask_copy(&subject->cpus, current->cpus_ptr);
	strscpy(subject->comm, current->comm, sizeof(subject->comm));
	subject->pid = task_pid_nr(current);
	atomic_inc(&subject->runs);

	ddt_wait(&subject->release.object,
		 subject->deaf ? 0 : DDT_WAIT_ALERTABLE, DDT_FOREVER);
	/* From here on it may be freed. */
	WRITE_ONCE(subject->returned, true);
	return code;
}

static int subject_stop(void *context)
{
	struct subject *subject = context;

	return ddt_thread_stop(subject->thread);
}

static int subject_exit(void *context)
{
	struct subject *subject = context;

	if (!subject->thread)
		return 0;
	ddt_event_set(&subject->release);
	ddt_thread_stop(subject->thread);
	ddt_thread_put(subject->thread);
	return 0;
}

static struct subject *subject_alloc(struct kunit *test)
{
	struct subject *subject = ddt_test_alloc(test, sizeof(*subject));

	ddt_event_init(&subject->release, DDT_EVENT_MANUAL, false);
	subject->attr.name = "ddt_subject";
	ddt_test_at_exit(test, subject_exit, subject);
	return subject;
}

static int subject_create(struct subject *subject, ddt_thread_fn fn)
{
	struct ddt_thread *thread;

	thread = ddt_thread_create(fn, subject, &subject->attr);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	subject->thread = thread;
	return 0;
}

static struct subject *subject_start(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);

	KUNIT_ASSERT_EQ(test, subject_create(subject, subject_main), 0);
	return subject;
}

/* Waits for the end of its function. */
static bool subject_ended(struct subject *subject)
{
	return ddt_test_signaled(ddt_thread_object(subject->thread));
}

/* Whether it has run up to its wait. */
static bool subject_waits(struct subject *subject)
{
	return ddt_test_thread_waits(subject->thread);
}

#if defined(MODULE) && defined(CONFIG_MODULE_UNLOAD)
static int this_module_refs(void)
{
	return module_refcount(THIS_MODULE);
}
#else
static int this_module_refs(void)
{
	return -1;
}
#endif

/* Creation */

static void create_refuses_a_nice_value_outside_the_range(struct kunit *test)
{
	static const int rows[] = { -21, 20, -128, 127, INT_MIN, INT_MAX };
	struct subject *subject = subject_alloc(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		subject->attr.nice = rows[i];
		KUNIT_EXPECT_EQ(test, subject_create(subject, subject_main),
				-ERANGE);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->runs), 0);
}

static void create_refuses_cpus_of_which_none_is_there(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct cpumask *cpus = ddt_test_alloc(test, sizeof(*cpus));

	subject->attr.cpus = cpus;
	KUNIT_EXPECT_EQ(test, subject_create(subject, subject_main), -EINVAL);
	cpumask_andnot(cpus, cpu_all_mask, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, subject_create(subject, subject_main), -EINVAL);
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->runs), 0);
}

static void thread_has_its_nice_value_from_its_first_line_on(struct kunit *test)
{
	static const int rows[] = { -20, -7, -1, 0, 1, 5, 19 };
	struct subject *subject;
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		subject = subject_alloc(test);
		subject->attr.nice = rows[i];
		KUNIT_ASSERT_EQ(test, 0, subject_create(subject, subject_main));
		KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
		KUNIT_EXPECT_EQ(test, subject->nice, rows[i]);
		KUNIT_EXPECT_EQ(test, ddt_thread_nice(subject->thread),
				rows[i]);
	}
}

static void thread_has_its_cpus_from_its_first_line_on(struct kunit *test)
{
	struct subject *subject;
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		subject = subject_alloc(test);
		subject->attr.cpus = cpumask_of(cpu);
		KUNIT_ASSERT_EQ(test, 0, subject_create(subject, subject_main));
		KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
		KUNIT_EXPECT_TRUE(test, cpumask_equal(&subject->cpus,
						      cpumask_of(cpu)));
	}

	subject = subject_start(test);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
	KUNIT_EXPECT_TRUE(test, cpumask_subset(cpu_online_mask,
					       &subject->cpus));
}

static void thread_has_its_name_up_to_15_characters(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);

	/* A name is no format. */
	subject->attr.name = "%s%n/0:drive123456789";
	KUNIT_ASSERT_EQ(test, subject_create(subject, subject_main), 0);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
	KUNIT_EXPECT_STREQ(test, subject->comm, "%s%n/0:drive123");
}

static int subject_of_itself(void *context)
{
	struct subject *subject = context;

	/* The creator may not have its pointer yet. */
	ddt_wait(&subject->release.object, 0, DDT_FOREVER);
	subject->is_current = ddt_thread_is_current(subject->thread);
	subject->stop_from_itself = ddt_thread_stop(subject->thread);
	return kthread_should_stop();
}

static void thread_is_current_only_for_itself(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);

	KUNIT_ASSERT_EQ(test, subject_create(subject, subject_of_itself), 0);
	KUNIT_EXPECT_FALSE(test, ddt_thread_is_current(subject->thread));
	ddt_event_set(&subject->release);
	KUNIT_EXPECT_TRUE(test, subject_ended(subject));
	KUNIT_EXPECT_TRUE(test, subject->is_current);
}

/* The end */

static void thread_exit_code_can_be_read_once_it_has_ended(struct kunit *test)
{
	static const int rows[] = { 0, 1, 42, -EIO, INT_MAX, INT_MIN };
	struct subject *subject;
	int i, code;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		subject = subject_alloc(test);
		subject->code = rows[i];
		KUNIT_ASSERT_EQ(test, 0, subject_create(subject, subject_main));
		code = 4711;
		KUNIT_EXPECT_EQ(test, -EINPROGRESS,
				ddt_thread_exit_code(subject->thread, &code));
		KUNIT_EXPECT_EQ(test, code, 4711);

		ddt_event_set(&subject->release);
		KUNIT_EXPECT_TRUE(test, subject_ended(subject));
		KUNIT_EXPECT_EQ(test, 0,
				ddt_thread_exit_code(subject->thread, &code));
		KUNIT_EXPECT_EQ(test, code, rows[i]);
	}
}

static void thread_exit_code_is_that_of_its_function_after_a_stop(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	int code = 0;

	subject->code = 17;
	KUNIT_ASSERT_EQ(test, subject_create(subject, subject_main), 0);
	KUNIT_EXPECT_EQ(test, ddt_test_call(test, subject_stop, subject), 0);
	KUNIT_EXPECT_EQ(test, 0, ddt_thread_exit_code(subject->thread, &code));
	KUNIT_EXPECT_EQ(test, code, 17);
}

static int subject_wait(void *context)
{
	struct subject *subject = context;
	int ret;

	ret = ddt_wait(ddt_thread_object(subject->thread), DDT_WAIT_ALERTABLE,
		       DDT_FOREVER);
	/* What the thread did is seen by a waiter for it. */
	return ret ? ret : !READ_ONCE(subject->returned);
}

static void thread_ends_any_number_of_waits_for_it_for_ever(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_object *object = ddt_thread_object(subject->thread);
	struct ddt_test_thread *waiters[5];
	int i;

	KUNIT_EXPECT_EQ(test, ddt_wait(object, 0, 0), -ETIME);
	KUNIT_EXPECT_EQ(test, ddt_wait(object, 0, NSEC_PER_MSEC), -ETIME);
	for (i = 0; i < ARRAY_SIZE(waiters); i++) {
		waiters[i] = ddt_test_start(test, subject_wait, subject);
		KUNIT_EXPECT_TRUE(test,
				  ddt_test_until(ddt_test_waits(waiters[i])));
	}

	ddt_event_set(&subject->release);
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(waiters[i]), 0);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, ddt_wait(object, 0, 0), 0);
		KUNIT_EXPECT_EQ(test, ddt_wait_any(&object, 1, 0, 0), 0);
		KUNIT_EXPECT_EQ(test, ddt_wait_all(&object, 1, 0, 0), 0);
		KUNIT_EXPECT_EQ(test, ddt_test_call(test, subject_wait,
						    subject), 0);
	}
}

static void thread_can_be_waited_for_together_with_other_objects(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_object *objects[2];
	struct ddt_semaphore sem;

	ddt_semaphore_init(&sem, 2, 2);
	objects[0] = ddt_thread_object(subject->thread);
	objects[1] = &sem.object;

	KUNIT_EXPECT_EQ(test, ddt_wait_any(objects, 2, 0, 0), 1);
	KUNIT_EXPECT_EQ(test, ddt_wait_all(objects, 2, 0, 0), -ETIME);
	ddt_event_set(&subject->release);
	KUNIT_EXPECT_TRUE(test,
			  ddt_test_until(!ddt_wait_all(objects, 2, 0, 0)));
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(&sem), 0);
	KUNIT_EXPECT_EQ(test, ddt_wait_any(objects, 2, 0, 0), 0);
}

/* Stops */

static void thread_stop_returns_when_the_thread_has_ended(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_test_thread *stopper;
	int code;

	/* One that takes its time to end. */
	subject->deaf = true;
	KUNIT_ASSERT_EQ(test, subject_create(subject, subject_main), 0);
	stopper = ddt_test_start(test, subject_stop, subject);
	usleep_range(2000, 3000);
	KUNIT_EXPECT_FALSE(test, completion_done(&stopper->ended));
	KUNIT_EXPECT_FALSE(test, READ_ONCE(subject->returned));

	ddt_event_set(&subject->release);
	KUNIT_EXPECT_EQ(test, ddt_test_join(stopper), 0);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(subject->returned));
	KUNIT_EXPECT_EQ(test, 0, ddt_thread_exit_code(subject->thread, &code));
}

static void thread_can_be_stopped_twice(struct kunit *test)
{
	struct subject *subject = subject_start(test);

	KUNIT_EXPECT_EQ(test, ddt_test_call(test, subject_stop, subject), 0);
	KUNIT_EXPECT_EQ(test, ddt_test_call(test, subject_stop, subject), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->runs), 1);
}

static void thread_can_be_stopped_after_it_has_ended_by_itself(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	int code;

	subject->code = 3;
	KUNIT_ASSERT_EQ(test, subject_create(subject, subject_main), 0);
	ddt_event_set(&subject->release);
	KUNIT_EXPECT_TRUE(test, subject_ended(subject));
	/* For good, if it is not just about to. */
	usleep_range(2000, 3000);
	KUNIT_EXPECT_EQ(test, ddt_test_call(test, subject_stop, subject), 0);
	KUNIT_EXPECT_EQ(test, ddt_test_call(test, subject_stop, subject), 0);
	KUNIT_EXPECT_EQ(test, 0, ddt_thread_exit_code(subject->thread, &code));
	KUNIT_EXPECT_EQ(test, code, 3);
}

static void thread_can_be_stopped_by_several_at_once(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_test_thread *stoppers[4];
	int i;

	subject->deaf = true;
	KUNIT_ASSERT_EQ(test, subject_create(subject, subject_main), 0);
	for (i = 0; i < ARRAY_SIZE(stoppers); i++)
		stoppers[i] = ddt_test_start(test, subject_stop, subject);
	usleep_range(1000, 2000);
	for (i = 0; i < ARRAY_SIZE(stoppers); i++)
		KUNIT_EXPECT_FALSE(test, completion_done(&stoppers[i]->ended));
	ddt_event_set(&subject->release);
	for (i = 0; i < ARRAY_SIZE(stoppers); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(stoppers[i]), 0);
}

static int subject_main_stopped_at_once(void *context)
{
	struct subject *subject = context;

	atomic_inc(&subject->runs);
	return ddt_wait(&subject->release.object, DDT_WAIT_ALERTABLE,
			DDT_FOREVER);
}

static int subject_stop_at_once(void *context)
{
	struct subject *subject = context;
	unsigned long begin = jiffies;
	struct ddt_thread *thread;
	int i, code, err;

	for (i = 0; ddt_test_round(i, 500, 1000, begin); i++) {
		thread = ddt_thread_create(subject_main_stopped_at_once,
					   subject, &subject->attr);
		if (IS_ERR(thread))
			return PTR_ERR(thread);
		err = ddt_thread_stop(thread);
		if (!err)
			err = ddt_thread_exit_code(thread, &code);
		ddt_thread_put(thread);
		if (err || code != -EINTR)
			return -EINVAL;
	}
	return i;
}

static void thread_stopped_at_once_has_run(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	int created = ddt_test_call(test, subject_stop_at_once, subject);

	KUNIT_EXPECT_GT(test, created, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&subject->runs), created);
}

static void thread_cannot_stop_itself(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	int code = -1;

	KUNIT_ASSERT_EQ(test, subject_create(subject, subject_of_itself), 0);
	ddt_event_set(&subject->release);
	KUNIT_EXPECT_TRUE(test, subject_ended(subject));
	KUNIT_EXPECT_EQ(test, subject->stop_from_itself, -EDEADLK);
	/* And it has not been told to. */
	KUNIT_EXPECT_EQ(test, 0, ddt_thread_exit_code(subject->thread, &code));
	KUNIT_EXPECT_EQ(test, code, 0);
	KUNIT_EXPECT_EQ(test, ddt_test_call(test, subject_stop, subject), 0);
}

/* References */

static void thread_can_be_used_after_its_end_as_long_as_it_is_referred_to(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_thread_usage usage;
	struct ddt_thread *thread;
	int code = -1;

	thread = ddt_thread_get(subject->thread);
	KUNIT_EXPECT_PTR_EQ(test, thread, subject->thread);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
	ddt_thread_put(subject->thread);
	ddt_event_set(&subject->release);
	KUNIT_EXPECT_TRUE(test, subject_ended(subject));
	KUNIT_EXPECT_EQ(test, ddt_test_call(test, subject_stop, subject), 0);
	usleep_range(1000, 2000);

	KUNIT_EXPECT_EQ(test, ddt_thread_exit_code(thread, &code), 0);
	KUNIT_EXPECT_EQ(test, code, 0);
	KUNIT_EXPECT_EQ(test, ddt_thread_nice(thread), 0);
	KUNIT_EXPECT_EQ(test, ddt_thread_set_nice(thread, 1), -ESRCH);
	KUNIT_EXPECT_FALSE(test, ddt_thread_is_current(thread));
	ddt_thread_usage(thread, &usage);
	KUNIT_EXPECT_GT(test, usage.switches, 0);
	KUNIT_EXPECT_EQ(test, ddt_wait(ddt_thread_object(thread), 0, 0), 0);

	subject->thread = NULL;
	ddt_thread_put(thread);
}

static void thread_runs_on_although_nobody_refers_to_it(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	int before = this_module_refs();
	struct ddt_thread *thread;

	/* Its last lines cannot be waited for, so it must hold the module. */
	subject->attr.owner = THIS_MODULE;
	thread = ddt_thread_create(subject_main, subject, &subject->attr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	ddt_thread_put(thread);
	KUNIT_EXPECT_TRUE(test,
			  ddt_test_until(atomic_read(&subject->runs) == 1));
	ddt_event_set(&subject->release);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(READ_ONCE(subject->returned)));
	KUNIT_EXPECT_TRUE(test, ddt_test_until(this_module_refs() == before));
}

/* One of many that take and give back references while a thread ends. */
static int subject_refer(void *context)
{
	struct subject *subject = context;
	struct ddt_thread *thread = subject->thread;
	int code, i;

	for (i = 0; i < 5; i++) {
		ddt_thread_get(thread);
		ddt_test_jitter();
		if (!ddt_thread_exit_code(thread, &code) && code != 5)
			return -EINVAL;
		ddt_thread_nice(thread);
		ddt_thread_put(thread);
	}
	ddt_test_jitter();
	if (ddt_test_random(2))
		ddt_thread_stop(thread);
	ddt_thread_put(thread);
	return 0;
}

static int subject_main_short(void *context)
{
	ddt_test_jitter();
	return 5;
}

static void thread_ends_and_is_stopped_and_dropped_in_any_order(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_test_thread *users[3];
	unsigned long begin = jiffies;
	struct ddt_thread *thread;
	int i, j;

	for (i = 0; ddt_test_round(i, 100, 1000, begin); i++) {
		KUNIT_ASSERT_EQ(test, 0,
				subject_create(subject, subject_main_short));
		thread = subject->thread;
		for (j = 0; j < ARRAY_SIZE(users); j++) {
			ddt_thread_get(thread);
			users[j] = ddt_test_start(test, subject_refer, subject);
		}
		for (j = 0; j < ARRAY_SIZE(users); j++)
			KUNIT_ASSERT_EQ(test, ddt_test_join(users[j]), 0);
		KUNIT_ASSERT_EQ(test, ddt_test_call(test, subject_stop,
						    subject), 0);
		subject->thread = NULL;
		ddt_thread_put(thread);
	}
}

static void thread_holds_its_owner_until_its_function_has_returned(struct kunit *test)
{
	int before = this_module_refs();
	struct subject *subject;

	if (before < 0)
		kunit_skip(test, "not a module that can be unloaded");

	subject = subject_alloc(test);
	subject->attr.owner = THIS_MODULE;
	KUNIT_ASSERT_EQ(test, subject_create(subject, subject_main), 0);
	KUNIT_EXPECT_EQ(test, this_module_refs(), before + 1);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(subject_waits(subject)));
	KUNIT_EXPECT_EQ(test, this_module_refs(), before + 1);
	ddt_event_set(&subject->release);
	KUNIT_EXPECT_TRUE(test, subject_ended(subject));
	KUNIT_EXPECT_EQ(test, this_module_refs(), before);
}

static void thread_that_was_not_created_holds_no_owner(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	int before = this_module_refs();
	struct cpumask *cpus = ddt_test_alloc(test, sizeof(*cpus));

	if (before < 0)
		kunit_skip(test, "not a module that can be unloaded");

	subject->attr.owner = THIS_MODULE;
	subject->attr.nice = 20;
	KUNIT_EXPECT_EQ(test, subject_create(subject, subject_main), -ERANGE);
	KUNIT_EXPECT_EQ(test, this_module_refs(), before);
	subject->attr.nice = 0;
	subject->attr.cpus = cpus;
	KUNIT_EXPECT_EQ(test, subject_create(subject, subject_main), -EINVAL);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(this_module_refs() == before));
}

/* Base priority and use of the processor */

static void set_nice_refuses_values_outside_the_range(struct kunit *test)
{
	static const int rows[] = { -21, 20, 1000, INT_MIN, INT_MAX };
	struct subject *subject = subject_start(test);
	int i;

	KUNIT_EXPECT_EQ(test, ddt_thread_set_nice(subject->thread, 3), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ(test, -ERANGE,
				ddt_thread_set_nice(subject->thread, rows[i]));
		KUNIT_EXPECT_EQ(test, ddt_thread_nice(subject->thread), 3);
	}
}

static void set_nice_takes_every_value_of_the_range(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	int nice;

	for (nice = -20; nice <= 19; nice++) {
		KUNIT_EXPECT_EQ(test, 0,
				ddt_thread_set_nice(subject->thread, nice));
		KUNIT_EXPECT_EQ(test, ddt_thread_nice(subject->thread), nice);
	}
}

static void set_nice_of_a_thread_that_has_ended_changes_nothing(struct kunit *test)
{
	struct subject *subject = subject_start(test);

	KUNIT_EXPECT_EQ(test, ddt_thread_set_nice(subject->thread, 4), 0);
	ddt_event_set(&subject->release);
	KUNIT_EXPECT_TRUE(test, subject_ended(subject));
	KUNIT_EXPECT_EQ(test, ddt_thread_set_nice(subject->thread, 0), -ESRCH);
	KUNIT_EXPECT_EQ(test, ddt_thread_set_nice(subject->thread, 99),
			-ERANGE);
	KUNIT_EXPECT_EQ(test, ddt_thread_nice(subject->thread), 4);
}

static void thread_that_waits_uses_no_processor_time_at_all(struct kunit *test)
{
	struct subject *subject = subject_start(test);
	struct ddt_thread_usage before, after;

	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_thread_settles(subject->thread)));
	ddt_thread_usage(subject->thread, &before);
	usleep_range(100000, 110000);
	ddt_thread_usage(subject->thread, &after);
	KUNIT_EXPECT_EQ(test, after.switches, before.switches);
	KUNIT_EXPECT_EQ(test, after.runtime_ns, before.runtime_ns);
	KUNIT_EXPECT_EQ(test, after.pid, subject->pid);
}

/* Waits over and over, for what the test signals. */
static int subject_main_often(void *context)
{
	struct subject *subject = context;

	while (!ddt_wait(&subject->release.object, DDT_WAIT_ALERTABLE,
			 DDT_FOREVER)) {
		ddt_event_reset(&subject->release);
		mdelay(10);
		atomic_inc(&subject->runs);
	}
	return 0;
}

static void thread_usage_counts_what_it_does(struct kunit *test)
{
	struct subject *subject = subject_alloc(test);
	struct ddt_thread_usage before, after;
	int i;

	KUNIT_ASSERT_EQ(test, subject_create(subject, subject_main_often), 0);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_thread_settles(subject->thread)));
	ddt_thread_usage(subject->thread, &before);
	after = before;
	/* Some kernels count only the ticks that hit it while it runs. */
	for (i = 1; i <= 5 || (after.runtime_ns == before.runtime_ns &&
			       i <= 500); i++) {
		ddt_event_set(&subject->release);
		KUNIT_ASSERT_TRUE(test,
				  ddt_test_until(atomic_read(&subject->runs) ==
						 i &&
						 subject_waits(subject)));
		ddt_thread_usage(subject->thread, &after);
	}
	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_thread_settles(subject->thread)));
	ddt_thread_usage(subject->thread, &after);
	KUNIT_EXPECT_GE(test, after.switches, before.switches + 5);
	KUNIT_EXPECT_GT(test, after.runtime_ns, before.runtime_ns);
}

static struct kunit_case thread_cases[] = {
	KUNIT_CASE(create_refuses_a_nice_value_outside_the_range),
	KUNIT_CASE(create_refuses_cpus_of_which_none_is_there),
	KUNIT_CASE(thread_has_its_nice_value_from_its_first_line_on),
	KUNIT_CASE(thread_has_its_cpus_from_its_first_line_on),
	KUNIT_CASE(thread_has_its_name_up_to_15_characters),
	KUNIT_CASE(thread_is_current_only_for_itself),
	KUNIT_CASE(thread_exit_code_can_be_read_once_it_has_ended),
	KUNIT_CASE(thread_exit_code_is_that_of_its_function_after_a_stop),
	KUNIT_CASE(thread_ends_any_number_of_waits_for_it_for_ever),
	KUNIT_CASE(thread_can_be_waited_for_together_with_other_objects),
	KUNIT_CASE(thread_stop_returns_when_the_thread_has_ended),
	KUNIT_CASE(thread_can_be_stopped_twice),
	KUNIT_CASE(thread_can_be_stopped_after_it_has_ended_by_itself),
	KUNIT_CASE(thread_can_be_stopped_by_several_at_once),
	KUNIT_CASE(thread_stopped_at_once_has_run),
	KUNIT_CASE(thread_cannot_stop_itself),
	KUNIT_CASE(thread_can_be_used_after_its_end_as_long_as_it_is_referred_to),
	KUNIT_CASE(thread_runs_on_although_nobody_refers_to_it),
	KUNIT_CASE(thread_ends_and_is_stopped_and_dropped_in_any_order),
	KUNIT_CASE(thread_holds_its_owner_until_its_function_has_returned),
	KUNIT_CASE(thread_that_was_not_created_holds_no_owner),
	KUNIT_CASE(set_nice_refuses_values_outside_the_range),
	KUNIT_CASE(set_nice_takes_every_value_of_the_range),
	KUNIT_CASE(set_nice_of_a_thread_that_has_ended_changes_nothing),
	KUNIT_CASE(thread_that_waits_uses_no_processor_time_at_all),
	KUNIT_CASE(thread_usage_counts_what_it_does),
	{}
};

static struct kunit_suite thread_suite = {
	.name = "ddt_thread",
	.init = ddt_test_init,
	.exit = ddt_test_exit,
	.test_cases = thread_cases,
};

kunit_test_suites(&thread_suite);
