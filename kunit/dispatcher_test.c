// SPDX-License-Identifier: GPL-2.0-only
/*
 * dispatcher_test.c - what holds for semaphores, events, waits and delays
 */

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include <trace/events/printk.h>

#include <ddt/dispatcher.h>

#include "helper.h"

/* A timeout that plays no part. */
#define A_WHILE		(100 * NSEC_PER_MSEC)

enum wait_kind {
	WAIT_ONE,
	WAIT_ANY,
	WAIT_ALL,
	DELAY,
};

/* A wait, and the thread that does it. */
struct waiter {
	enum wait_kind kind;
	struct ddt_object *objects[DDT_MAX_WAIT_OBJECTS];
	unsigned int count;
	unsigned int flags;
	ktime_t timeout;
	bool pinned;
	struct ddt_test_thread *thread;
};

static int wait_with(const struct waiter *waiter)
{
	switch (waiter->kind) {
	case WAIT_ONE:
		return ddt_wait(waiter->objects[0], waiter->flags,
				waiter->timeout);
	case WAIT_ANY:
		return ddt_wait_any(waiter->objects, waiter->count,
				    waiter->flags, waiter->timeout);
	case WAIT_ALL:
		return ddt_wait_all(waiter->objects, waiter->count,
				    waiter->flags, waiter->timeout);
	case DELAY:
		return ddt_delay(waiter->flags, waiter->timeout);
	}
	return -EINVAL;
}

static int waiter_main(void *context)
{
	struct waiter *waiter = context;

	if (waiter->pinned)
		ddt_test_pin();
	return wait_with(waiter);
}

/* Starts a thread, and returns when it waits. */
static void waiter_start(struct kunit *test, struct waiter *waiter)
{
	waiter->thread = ddt_test_start(test, waiter_main, waiter);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_waits(waiter->thread)));
}

/* For ever, but alertable, so that a test that fails is no test that hangs. */
static struct waiter *waiter_alloc(struct kunit *test, enum wait_kind kind)
{
	struct waiter *waiter = ddt_test_alloc(test, sizeof(*waiter));

	waiter->kind = kind;
	waiter->flags = DDT_WAIT_ALERTABLE;
	waiter->timeout = DDT_FOREVER;
	return waiter;
}

static void waiter_add(struct waiter *waiter, struct ddt_object *object)
{
	waiter->objects[waiter->count++] = object;
}

static struct waiter *wait_for_one(struct kunit *test,
				   struct ddt_object *object)
{
	struct waiter *waiter = waiter_alloc(test, WAIT_ONE);

	waiter_add(waiter, object);
	waiter_start(test, waiter);
	return waiter;
}

static struct waiter *wait_for_two(struct kunit *test, enum wait_kind kind,
				   struct ddt_object *first,
				   struct ddt_object *second)
{
	struct waiter *waiter = waiter_alloc(test, kind);

	waiter_add(waiter, first);
	waiter_add(waiter, second);
	waiter_start(test, waiter);
	return waiter;
}

static int waiter_join(struct waiter *waiter)
{
	return ddt_test_join(waiter->thread);
}

/* Whether it still waits, unclaimed: it is given time to end. */
static bool waiter_stays(struct waiter *waiter)
{
	usleep_range(500, 1000);
	return ddt_test_waits(waiter->thread);
}

static struct ddt_semaphore *semaphore_alloc(struct kunit *test, s32 count,
					     s32 limit)
{
	struct ddt_semaphore *sem = ddt_test_alloc(test, sizeof(*sem));

	KUNIT_EXPECT_EQ(test, ddt_semaphore_init(sem, count, limit), 0);
	return sem;
}

static struct ddt_event *event_alloc(struct kunit *test,
				     enum ddt_event_type type, bool signaled)
{
	struct ddt_event *event = ddt_test_alloc(test, sizeof(*event));

	ddt_event_init(event, type, signaled);
	return event;
}

/* Semaphores */

static void
semaphore_init_refuses_what_makes_no_sense_and_changes_nothing(struct kunit *test)
{
	static const struct {
		s32 count;
		s32 limit;
	} rows[] = {
		{ 0, 0 }, { 0, -1 }, { 0, S32_MIN }, { -1, 1 }, { S32_MIN, 1 },
		{ 2, 1 }, { S32_MAX, S32_MAX - 1 }, { -1, -1 }, { -2, -1 },
	};
	struct ddt_semaphore sem;
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&sem, 0xa5, sizeof(sem));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				ddt_semaphore_init(&sem, rows[i].count,
						   rows[i].limit));
		KUNIT_EXPECT_TRUE(test, !memchr_inv(&sem, 0xa5, sizeof(sem)));
	}
}

static void semaphore_starts_with_its_count_and_limit(struct kunit *test)
{
	static const struct {
		s32 count;
		s32 limit;
	} rows[] = {
		{ 0, 1 }, { 1, 1 }, { 3, 5 }, { 5, 5 }, { 0, S32_MAX },
		{ S32_MAX, S32_MAX },
	};
	struct ddt_semaphore sem;
	s32 free;
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		free = rows[i].limit - rows[i].count;
		KUNIT_EXPECT_EQ(test, 0,
				ddt_semaphore_init(&sem, rows[i].count,
						   rows[i].limit));
		KUNIT_EXPECT_EQ(test, ddt_semaphore_count(&sem),
				rows[i].count);
		KUNIT_EXPECT_EQ(test, ddt_semaphore_release(&sem, free),
				rows[i].count);
		KUNIT_EXPECT_EQ(test, ddt_semaphore_release(&sem, 1),
				-EOVERFLOW);
	}
}

static void semaphore_release_returns_the_count_before(struct kunit *test)
{
	struct ddt_semaphore *sem = semaphore_alloc(test, 0, 10);

	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 1), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 3), 1);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 0), 4);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 6), 4);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 0), 10);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 10);
}

static void semaphore_release_past_limit_changes_nothing(struct kunit *test)
{
	static const struct {
		s32 count;
		s32 limit;
		u32 n;
	} rows[] = {
		{ 1, 1, 1 }, { 5, 5, 1 }, { 3, 5, 3 }, { 0, 5, 6 },
		{ 0, 5, U32_MAX }, { 3, 5, U32_MAX }, { 3, 5, U32_MAX - 1 },
		{ 5, 5, U32_MAX - 4 }, { 0, S32_MAX, U32_MAX },
		{ 1, S32_MAX, S32_MAX }, { S32_MAX, S32_MAX, 1 },
		{ S32_MAX, S32_MAX, U32_MAX }, { 0, S32_MAX, 0x80000000u },
		{ S32_MAX, S32_MAX, 0x80000001u },
	};
	struct ddt_semaphore sem;
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ddt_semaphore_init(&sem, rows[i].count, rows[i].limit);
		KUNIT_EXPECT_EQ(test, ddt_semaphore_release(&sem, rows[i].n),
				-EOVERFLOW);
		KUNIT_EXPECT_EQ(test, ddt_semaphore_count(&sem),
				rows[i].count);
	}
}

static void semaphore_release_past_limit_ends_no_wait(struct kunit *test)
{
	struct ddt_semaphore *sem = semaphore_alloc(test, 0, 2);
	struct waiter *waiters[3];
	int i;

	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		waiters[i] = wait_for_one(test, &sem->object);

	/* That there would be a waiter for each does not make it fit. */
	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 3), -EOVERFLOW);
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		KUNIT_EXPECT_TRUE(test, waiter_stays(waiters[i]));

	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 2), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 2), 0);
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		KUNIT_EXPECT_EQ(test, waiter_join(waiters[i]), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);
}

static void semaphore_wait_takes_one_count(struct kunit *test)
{
	struct ddt_semaphore *sem = semaphore_alloc(test, 3, 3);
	s32 left;

	for (left = 2; left >= 0; left--) {
		KUNIT_EXPECT_EQ(test, ddt_wait(&sem->object, 0, A_WHILE), 0);
		KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), left);
	}
	KUNIT_EXPECT_EQ(test, ddt_wait(&sem->object, 0, 0), -ETIME);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 0);
}

static void semaphore_release_ends_as_many_waits_as_there_are_counts(struct kunit *test)
{
	struct ddt_semaphore *sem = semaphore_alloc(test, 0, 10);
	struct waiter *waiters[5];
	int i;

	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		waiters[i] = wait_for_one(test, &sem->object);

	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 0), 0);
	KUNIT_EXPECT_TRUE(test, waiter_stays(waiters[0]));

	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 2), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 0);
	KUNIT_EXPECT_EQ(test, waiter_join(waiters[0]), 0);
	KUNIT_EXPECT_EQ(test, waiter_join(waiters[1]), 0);
	for (i = 2; i < ARRAY_SIZE(waiters); i++)
		KUNIT_EXPECT_TRUE(test, waiter_stays(waiters[i]));

	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 7), 0);
	for (i = 2; i < ARRAY_SIZE(waiters); i++)
		KUNIT_EXPECT_EQ(test, waiter_join(waiters[i]), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 4);
}

static void expect_first_come_first_served(struct kunit *test,
					   struct ddt_semaphore *sem,
					   struct ddt_event *event)
{
	struct waiter *waiters[4];
	int i, j;

	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		waiters[i] = wait_for_one(test, sem ? &sem->object :
						      &event->object);
	for (i = 0; i < ARRAY_SIZE(waiters); i++) {
		if (sem)
			ddt_semaphore_release(sem, 1);
		else
			ddt_event_set(event);
		KUNIT_EXPECT_EQ(test, waiter_join(waiters[i]), 0);
		for (j = i + 1; j < ARRAY_SIZE(waiters); j++)
			KUNIT_EXPECT_TRUE(test, waiter_stays(waiters[j]));
	}
}

static void semaphore_serves_those_first_who_came_first(struct kunit *test)
{
	struct ddt_semaphore *sem = semaphore_alloc(test, 0, 1);

	expect_first_come_first_served(test, sem, NULL);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 0);
}

/* Events */

static void event_set_and_reset_return_the_state_before(struct kunit *test)
{
	static const enum ddt_event_type types[] = {
		DDT_EVENT_MANUAL, DDT_EVENT_AUTO,
	};
	struct ddt_event event;
	int i, signaled;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		for (signaled = 0; signaled < 2; signaled++) {
			ddt_event_init(&event, types[i], signaled);
			KUNIT_EXPECT_EQ(test, ddt_event_is_set(&event),
					(bool)signaled);
			KUNIT_EXPECT_EQ(test, ddt_event_set(&event),
					(bool)signaled);
			KUNIT_EXPECT_TRUE(test, ddt_event_is_set(&event));
			KUNIT_EXPECT_TRUE(test, ddt_event_set(&event));
			KUNIT_EXPECT_TRUE(test, ddt_event_reset(&event));
			KUNIT_EXPECT_FALSE(test, ddt_event_is_set(&event));
			KUNIT_EXPECT_FALSE(test, ddt_event_reset(&event));
			KUNIT_EXPECT_FALSE(test, ddt_event_is_set(&event));
		}
	}
}

static void event_manual_ends_all_waits_until_it_is_reset(struct kunit *test)
{
	struct ddt_event *event = event_alloc(test, DDT_EVENT_MANUAL, false);
	struct waiter *waiters[4];
	int i;

	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		waiters[i] = wait_for_one(test, &event->object);
	KUNIT_EXPECT_FALSE(test, ddt_event_set(event));
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		KUNIT_EXPECT_EQ(test, waiter_join(waiters[i]), 0);

	KUNIT_EXPECT_TRUE(test, ddt_event_is_set(event));
	KUNIT_EXPECT_EQ(test, ddt_wait(&event->object, 0, A_WHILE), 0);
	KUNIT_EXPECT_EQ(test, ddt_wait(&event->object, 0, 0), 0);
	KUNIT_EXPECT_TRUE(test, ddt_event_reset(event));
	KUNIT_EXPECT_EQ(test, ddt_wait(&event->object, 0, 0), -ETIME);
}

static void event_auto_ends_exactly_one_wait(struct kunit *test)
{
	struct ddt_event *event = event_alloc(test, DDT_EVENT_AUTO, false);

	expect_first_come_first_served(test, NULL, event);
	KUNIT_EXPECT_FALSE(test, ddt_event_is_set(event));
}

static void event_auto_stays_set_until_one_wait_has_taken_it(struct kunit *test)
{
	struct ddt_event *event = event_alloc(test, DDT_EVENT_AUTO, false);

	/* Setting it twice does not count. */
	KUNIT_EXPECT_FALSE(test, ddt_event_set(event));
	KUNIT_EXPECT_TRUE(test, ddt_event_set(event));
	KUNIT_EXPECT_EQ(test, ddt_wait(&event->object, 0, A_WHILE), 0);
	KUNIT_EXPECT_FALSE(test, ddt_event_is_set(event));
	KUNIT_EXPECT_EQ(test, ddt_wait(&event->object, 0, 0), -ETIME);
}

static void event_reset_does_not_undo_a_wait_that_has_ended(struct kunit *test)
{
	struct ddt_event *event = event_alloc(test, DDT_EVENT_MANUAL, false);
	struct waiter *waiter = waiter_alloc(test, WAIT_ONE);

	waiter_add(waiter, &event->object);
	waiter->pinned = true;
	waiter_start(test, waiter);

	/* The waiter cannot run before the event is reset. */
	ddt_test_pin();
	preempt_disable();
	ddt_event_set(event);
	ddt_event_reset(event);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, waiter_join(waiter), 0);
	KUNIT_EXPECT_FALSE(test, ddt_event_is_set(event));
}

/* Waits for one object */

static void wait_refuses_unknown_flags_and_takes_nothing(struct kunit *test)
{
	static const unsigned int flags[] = {
		BIT(4), BIT(31), BIT(4) | DDT_WAIT_ALERTABLE, ~0u,
	};
	struct ddt_semaphore *sem = semaphore_alloc(test, 1, 1);
	struct ddt_object *objects[] = { &sem->object };
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		KUNIT_EXPECT_EQ(test, ddt_wait(objects[0], flags[i], A_WHILE),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, -EINVAL,
				ddt_wait_any(objects, 1, flags[i], A_WHILE));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				ddt_wait_all(objects, 1, flags[i], A_WHILE));
		KUNIT_EXPECT_EQ(test, ddt_delay(flags[i], 1), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);
}

static void wait_with_a_zero_timeout_never_blocks(struct kunit *test)
{
	struct ddt_semaphore *sem = semaphore_alloc(test, 3, 3);
	struct ddt_event *event = event_alloc(test, DDT_EVENT_AUTO, false);
	struct ddt_object *both[] = { &event->object, &sem->object };
	static const ktime_t timeouts[] = { 0, -1, -NSEC_PER_SEC, KTIME_MIN };
	int no[4], one[4], any[4], none[4], all[4];
	struct ddt_object *six[6];
	int i;

	for (i = 0; i < ARRAY_SIZE(six); i++)
		six[i] = &event_alloc(test, DDT_EVENT_AUTO, false)->object;

	/* A kernel that checks would complain here about one that sleeps. */
	for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
		ddt_semaphore_release(sem, 3 - ddt_semaphore_count(sem));
		preempt_disable();
		no[i] = ddt_wait(&event->object, 0, timeouts[i]);
		one[i] = ddt_wait(&sem->object, 0, timeouts[i]);
		any[i] = ddt_wait_any(both, 2, 0, timeouts[i]);
		none[i] = ddt_wait_any(six, 6, 0, timeouts[i]);
		all[i] = ddt_wait_all(both, 2, 0, timeouts[i]);
		preempt_enable();
		KUNIT_EXPECT_EQ(test, no[i], -ETIME);
		KUNIT_EXPECT_EQ(test, one[i], 0);
		KUNIT_EXPECT_EQ(test, any[i], 1);
		KUNIT_EXPECT_EQ(test, none[i], -ETIME);
		KUNIT_EXPECT_EQ(test, all[i], -ETIME);
		KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);
	}
}

/* Looks at what the kernel prints. */
static void count_complaints(void *context, const char *text, size_t len)
{
	atomic_t *complaints = context;

	if (strnstr(text, "sleeping function called from invalid context",
		    len))
		atomic_inc(complaints);
}

static void wait_in_atomic_context_makes_a_debug_kernel_complain(struct kunit *test)
{
	struct ddt_semaphore *sem = semaphore_alloc(test, 1, 1);
	atomic_t *complaints = ddt_test_alloc(test, sizeof(*complaints));
	int ret;

	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) ||
	    !IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "needs a kernel that checks");

	KUNIT_ASSERT_EQ(test, register_trace_console(count_complaints,
						     complaints), 0);
	/* Between these lines tools/vm/check-log finds nothing wrong. */
	pr_info("ddt-test: a report that is wanted begins\n");
	preempt_disable();
	ret = ddt_wait(&sem->object, 0, DDT_FOREVER);
	preempt_enable();
	pr_info("ddt-test: a report that is wanted ends\n");
	unregister_trace_console(count_complaints, complaints);
	tracepoint_synchronize_unregister();

	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(complaints), 1);
}

static void test_of_many_objects_can_be_in_atomic_context(struct kunit *test)
{
	struct ddt_object *objects[DDT_MAX_WAIT_OBJECTS];
	struct ddt_event event;
	int ret, i;

	ddt_event_init(&event, DDT_EVENT_MANUAL, false);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = &event.object;
	preempt_disable();
	ret = ddt_wait_any(objects, ARRAY_SIZE(objects), 0, 0);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, ret, -ETIME);
}

static void wait_ends_at_once_if_the_object_is_signaled(struct kunit *test)
{
	static const unsigned int flags[] = {
		0, DDT_WAIT_ALERTABLE, DDT_WAIT_KILLABLE, DDT_WAIT_ABSOLUTE,
		DDT_WAIT_REALTIME, DDT_WAIT_ABSOLUTE | DDT_WAIT_ALERTABLE,
	};
	static const ktime_t timeouts[] = { KTIME_MIN, 0, 1, DDT_FOREVER };
	struct ddt_semaphore *sem = semaphore_alloc(test, 100, 100);
	int i, j;

	/* Also if the time is up already. */
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		for (j = 0; j < ARRAY_SIZE(timeouts); j++)
			KUNIT_EXPECT_EQ(test, 0,
					ddt_wait(&sem->object, flags[i],
						 timeouts[j]));
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem),
			100 - ARRAY_SIZE(flags) * ARRAY_SIZE(timeouts));
}

static const ktime_t intervals[] = {
	1, NSEC_PER_USEC, 50 * NSEC_PER_USEC, 999 * NSEC_PER_USEC,
	NSEC_PER_MSEC, 3 * NSEC_PER_MSEC, 12 * NSEC_PER_MSEC,
};

/* Each kind of wait that only the time can end: @err is its result then. */
static void expect_never_early(struct kunit *test, struct waiter *waiter,
			       int err)
{
	ktime_t until;
	int i;

	for (i = 0; i < ARRAY_SIZE(intervals); i++) {
		waiter->flags = 0;
		waiter->timeout = intervals[i];
		until = ktime_add(ktime_get(), intervals[i]);
		KUNIT_EXPECT_EQ(test, wait_with(waiter), err);
		KUNIT_EXPECT_GE(test, ktime_get(), until);

		waiter->flags = DDT_WAIT_ABSOLUTE;
		waiter->timeout = ktime_add(ktime_get(), intervals[i]);
		KUNIT_EXPECT_EQ(test, wait_with(waiter), err);
		KUNIT_EXPECT_GE(test, ktime_get(), waiter->timeout);

		waiter->flags = DDT_WAIT_REALTIME;
		waiter->timeout = ktime_add(ktime_get_real(), intervals[i]);
		KUNIT_EXPECT_EQ(test, wait_with(waiter), err);
		KUNIT_EXPECT_GE(test, ktime_get_real(), waiter->timeout);
	}
}

static void wait_times_out_and_never_early(struct kunit *test)
{
	struct ddt_event *event = event_alloc(test, DDT_EVENT_AUTO, false);
	struct ddt_semaphore *sem = semaphore_alloc(test, 1, 1);
	struct waiter *waiter = waiter_alloc(test, WAIT_ONE);

	waiter_add(waiter, &event->object);
	expect_never_early(test, waiter, -ETIME);
	waiter->kind = WAIT_ANY;
	expect_never_early(test, waiter, -ETIME);

	waiter_add(waiter, &sem->object);
	waiter->kind = WAIT_ALL;
	expect_never_early(test, waiter, -ETIME);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);

	/* Nothing is left of these waits. */
	ddt_event_set(event);
	KUNIT_EXPECT_TRUE(test, ddt_event_is_set(event));
}

static void wait_until_a_time_that_has_passed_ends_at_once(struct kunit *test)
{
	struct ddt_event *event = event_alloc(test, DDT_EVENT_AUTO, false);
	struct waiter *waiter = waiter_alloc(test, WAIT_ONE);
	static const ktime_t ago[] = { 0, 1, NSEC_PER_MSEC, NSEC_PER_SEC };
	int i;

	waiter_add(waiter, &event->object);
	for (i = 0; i < ARRAY_SIZE(ago); i++) {
		waiter->flags = DDT_WAIT_ABSOLUTE | DDT_WAIT_ALERTABLE;
		waiter->timeout = ktime_sub(ktime_get(), ago[i]);
		KUNIT_EXPECT_EQ(test, -ETIME,
				ddt_test_call(test, waiter_main, waiter));
		waiter->flags = DDT_WAIT_REALTIME | DDT_WAIT_ALERTABLE;
		waiter->timeout = ktime_sub(ktime_get_real(), ago[i]);
		KUNIT_EXPECT_EQ(test, -ETIME,
				ddt_test_call(test, waiter_main, waiter));
	}
	/* 1 ns after the machine was started, and after 1970. */
	waiter->timeout = 1;
	KUNIT_EXPECT_EQ(test, ddt_test_call(test, waiter_main, waiter), -ETIME);
	waiter->flags = DDT_WAIT_ABSOLUTE | DDT_WAIT_ALERTABLE;
	KUNIT_EXPECT_EQ(test, ddt_test_call(test, waiter_main, waiter), -ETIME);
}

static void wait_for_a_very_long_time_does_not_overflow(struct kunit *test)
{
	struct ddt_event *event = event_alloc(test, DDT_EVENT_MANUAL, false);
	static const unsigned int flags[] = {
		0, DDT_WAIT_ABSOLUTE, DDT_WAIT_REALTIME,
	};
	struct waiter *waiters[ARRAY_SIZE(flags)];
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		waiters[i] = waiter_alloc(test, WAIT_ONE);
		waiter_add(waiters[i], &event->object);
		waiters[i]->flags |= flags[i];
		waiters[i]->timeout = KTIME_MAX - 1;
		waiter_start(test, waiters[i]);
	}
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		KUNIT_EXPECT_TRUE(test, waiter_stays(waiters[i]));
	ddt_event_set(event);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		KUNIT_EXPECT_EQ(test, waiter_join(waiters[i]), 0);
}

static void wait_of_a_kernel_thread_is_no_load_whatever_its_flags(struct kunit *test)
{
	struct ddt_event *event = event_alloc(test, DDT_EVENT_MANUAL, false);
	static const unsigned int flags[] = {
		0, DDT_WAIT_ALERTABLE, DDT_WAIT_KILLABLE,
	};
	struct waiter *waiters[ARRAY_SIZE(flags)];
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		waiters[i] = waiter_alloc(test, WAIT_ONE);
		waiter_add(waiters[i], &event->object);
		waiters[i]->flags = flags[i];
		waiter_start(test, waiters[i]);
		KUNIT_EXPECT_EQ(test, (unsigned int)TASK_IDLE,
				READ_ONCE(waiters[i]->thread->task->__state));
	}
	ddt_event_set(event);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		KUNIT_EXPECT_EQ(test, waiter_join(waiters[i]), 0);
}

/* Stops */

/* Tells a thread to stop that waits: it ends, or wakes for nothing. */
static struct ddt_test_thread *waiter_stop(struct kunit *test,
					   struct waiter *waiter)
{
	unsigned long switches = waiter->thread->task->nvcsw;
	struct ddt_test_thread *stopper;

	stopper = ddt_test_stop(test, waiter->thread);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(switches !=
				READ_ONCE(waiter->thread->task->nvcsw)));
	return stopper;
}

static void wait_that_is_alertable_is_ended_by_a_stop(struct kunit *test)
{
	static const ktime_t timeouts[] = { DDT_TEST_HOUR, DDT_FOREVER };
	struct ddt_semaphore *sem = semaphore_alloc(test, 1, 1);
	static const enum wait_kind kinds[] = {
		WAIT_ONE, WAIT_ANY, WAIT_ALL, DELAY,
	};
	struct ddt_event *event = event_alloc(test, DDT_EVENT_AUTO, false);
	struct waiter *waiter;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (j = 0; j < ARRAY_SIZE(timeouts); j++) {
			waiter = waiter_alloc(test, kinds[i]);
			waiter_add(waiter, &event->object);
			if (kinds[i] == WAIT_ALL)
				waiter_add(waiter, &sem->object);
			waiter->timeout = timeouts[j];
			waiter_start(test, waiter);
			ddt_test_stop(test, waiter->thread);
			KUNIT_ASSERT_EQ(test, waiter_join(waiter), -EINTR);
		}
	}

	/* They are gone, and took nothing. */
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);
	ddt_event_set(event);
	KUNIT_EXPECT_TRUE(test, ddt_event_is_set(event));
}

static void wait_that_is_not_alertable_is_not_ended_by_a_stop(struct kunit *test)
{
	static const unsigned int flags[] = { 0, DDT_WAIT_KILLABLE };
	static const enum wait_kind kinds[] = { WAIT_ONE, WAIT_ANY, WAIT_ALL };
	static const ktime_t timeouts[] = { DDT_TEST_HOUR, DDT_FOREVER };
	struct ddt_semaphore *sem = semaphore_alloc(test, 0, 1);
	struct waiter *waiter;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		for (j = 0; j < ARRAY_SIZE(kinds); j++) {
			waiter = waiter_alloc(test, kinds[j]);
			waiter_add(waiter, &sem->object);
			waiter->flags = flags[i];
			waiter->timeout = timeouts[i];
			waiter_start(test, waiter);
			waiter_stop(test, waiter);
			KUNIT_EXPECT_TRUE(test, waiter_stays(waiter));
			ddt_semaphore_release(sem, 1);
			KUNIT_ASSERT_EQ(test, waiter_join(waiter), 0);
			KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 0);
		}
	}
}

/* What a thread finds that has been told to stop. */
struct after_stop {
	struct ddt_semaphore sem;
	struct ddt_event never;
	int stop;
	int signaled;
	int again;
	int slept[3];
	bool early;
};

static int after_stop_main(void *context)
{
	struct after_stop *after = context;
	struct ddt_object *never = &after->never.object;
	ktime_t until;

	after->stop = ddt_wait(never, DDT_WAIT_ALERTABLE, DDT_FOREVER);
	after->signaled = ddt_wait(&after->sem.object, DDT_WAIT_ALERTABLE,
				   DDT_FOREVER);
	after->again = ddt_wait(&after->sem.object, DDT_WAIT_ALERTABLE,
				DDT_TEST_HOUR);

	until = ktime_add_ms(ktime_get(), 3);
	after->slept[0] = ddt_wait(never, 0, 3 * NSEC_PER_MSEC);
	after->early |= ktime_before(ktime_get(), until);

	until = ktime_add_ms(ktime_get(), 3);
	after->slept[1] = ddt_wait(never, DDT_WAIT_KILLABLE |
					  DDT_WAIT_ABSOLUTE, until);
	after->early |= ktime_before(ktime_get(), until);

	until = ktime_add_ms(ktime_get(), 3);
	after->slept[2] = ddt_delay(0, 3 * NSEC_PER_MSEC);
	after->early |= ktime_before(ktime_get(), until);
	return kthread_should_stop();
}

static struct after_stop *call_after_stop(struct kunit *test)
{
	struct after_stop *after = ddt_test_alloc(test, sizeof(*after));
	struct ddt_test_thread *thread;

	ddt_semaphore_init(&after->sem, 1, 1);
	ddt_event_init(&after->never, DDT_EVENT_AUTO, false);
	thread = ddt_test_start(test, after_stop_main, after);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(ddt_test_waits(thread)));
	ddt_test_stop(test, thread);
	KUNIT_EXPECT_EQ(test, ddt_test_join(thread), 1);
	return after;
}

static void wait_for_a_signaled_object_succeeds_although_a_stop_is_pending(struct kunit *test)
{
	struct after_stop *after = call_after_stop(test);

	KUNIT_EXPECT_EQ(test, after->stop, -EINTR);
	KUNIT_EXPECT_EQ(test, after->signaled, 0);
	KUNIT_EXPECT_EQ(test, after->again, -EINTR);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(&after->sem), 0);
}

static void wait_that_is_not_alertable_sleeps_its_time_after_a_stop(struct kunit *test)
{
	struct after_stop *after = call_after_stop(test);

	KUNIT_EXPECT_EQ(test, after->slept[0], -ETIME);
	KUNIT_EXPECT_EQ(test, after->slept[1], -ETIME);
	KUNIT_EXPECT_EQ(test, after->slept[2], 0);
	KUNIT_EXPECT_FALSE(test, after->early);
}

/* Waits for any of several objects */

static void wait_for_several_refuses_none_and_too_many(struct kunit *test)
{
	struct ddt_object *objects[DDT_MAX_WAIT_OBJECTS + 1];
	struct ddt_semaphore *sem;
	int i;

	for (i = 0; i < ARRAY_SIZE(objects); i++) {
		sem = semaphore_alloc(test, 1, 1);
		objects[i] = &sem->object;
	}

	KUNIT_EXPECT_EQ(test, ddt_wait_any(objects, 0, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, ddt_wait_all(objects, 0, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			ddt_wait_any(objects, DDT_MAX_WAIT_OBJECTS + 1, 0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			ddt_wait_all(objects, DDT_MAX_WAIT_OBJECTS + 1, 0, 0));
	KUNIT_EXPECT_EQ(test, ddt_wait_any(objects, UINT_MAX, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, ddt_wait_all(objects, UINT_MAX, 0, 0), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(objects); i++) {
		sem = container_of(objects[i], struct ddt_semaphore, object);
		KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);
	}
}

static const unsigned int object_counts[] = { 1, 4, 5, DDT_MAX_WAIT_OBJECTS };

static void wait_any_takes_the_first_that_is_signaled_and_only_that(struct kunit *test)
{
	struct ddt_semaphore *sems[DDT_MAX_WAIT_OBJECTS];
	struct ddt_object *objects[DDT_MAX_WAIT_OBJECTS];
	static const ktime_t timeouts[] = { 0, A_WHILE };
	unsigned int n, first, i, j, k;

	for (i = 0; i < ARRAY_SIZE(sems); i++) {
		sems[i] = semaphore_alloc(test, 0, 2);
		objects[i] = &sems[i]->object;
	}

	for (i = 0; i < ARRAY_SIZE(object_counts); i++) {
		n = object_counts[i];
		for (j = 0; j < n * ARRAY_SIZE(timeouts); j++) {
			first = j % n;
			for (k = 0; k < n; k++)
				ddt_semaphore_init(sems[k], k >= first, 2);
			KUNIT_EXPECT_EQ(test, first,
					ddt_wait_any(objects, n, 0,
						     timeouts[j / n]));
			for (k = 0; k < n; k++)
				KUNIT_EXPECT_EQ(test, k > first,
						ddt_semaphore_count(sems[k]));
		}
	}
}

static void wait_any_tells_which_object_has_ended_it(struct kunit *test)
{
	struct ddt_semaphore *sems[DDT_MAX_WAIT_OBJECTS];
	unsigned int i, index, k;
	struct waiter *waiter;

	for (i = 0; i < ARRAY_SIZE(sems); i++)
		sems[i] = semaphore_alloc(test, 0, 2);

	for (i = 0; i < ARRAY_SIZE(object_counts); i++) {
		for (index = 0; index < object_counts[i];
		     index += 1 + object_counts[i] / 6) {
			waiter = waiter_alloc(test, WAIT_ANY);
			for (k = 0; k < object_counts[i]; k++)
				waiter_add(waiter, &sems[k]->object);
			waiter_start(test, waiter);
			ddt_semaphore_release(sems[index], 1);
			KUNIT_EXPECT_EQ(test, waiter_join(waiter), index);

			/* None of the others is used up by it later. */
			for (k = 0; k < object_counts[i]; k++) {
				KUNIT_EXPECT_EQ(test, 0,
						ddt_semaphore_release(sems[k],
								      1));
				KUNIT_EXPECT_EQ(test, 0,
						ddt_wait(&sems[k]->object, 0,
							 0));
			}
		}
	}
}

static void wait_any_takes_one_of_two_signals_that_come_at_once(struct kunit *test)
{
	struct ddt_semaphore *a = semaphore_alloc(test, 0, 1);
	struct ddt_semaphore *b = semaphore_alloc(test, 0, 1);
	struct waiter *waiter = waiter_alloc(test, WAIT_ANY);

	waiter_add(waiter, &a->object);
	waiter_add(waiter, &b->object);
	waiter->pinned = true;
	waiter_start(test, waiter);

	/* Both come before the waiter can run: the first ends the wait. */
	ddt_test_pin();
	preempt_disable();
	ddt_semaphore_release(b, 1);
	ddt_semaphore_release(a, 1);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, waiter_join(waiter), 1);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(a), 1);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(b), 0);
}

static void wait_any_passes_a_signal_on_that_it_does_not_need(struct kunit *test)
{
	struct ddt_event *a = event_alloc(test, DDT_EVENT_AUTO, false);
	struct ddt_event *b = event_alloc(test, DDT_EVENT_AUTO, false);
	struct waiter *any = waiter_alloc(test, WAIT_ANY);
	struct waiter *one;

	waiter_add(any, &a->object);
	waiter_add(any, &b->object);
	any->pinned = true;
	waiter_start(test, any);
	one = wait_for_one(test, &b->object);

	/* When the second comes the first in its list has one already. */
	ddt_test_pin();
	preempt_disable();
	ddt_event_set(a);
	ddt_event_set(b);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, waiter_join(any), 0);
	KUNIT_EXPECT_EQ(test, waiter_join(one), 0);
	KUNIT_EXPECT_FALSE(test, ddt_event_is_set(a));
	KUNIT_EXPECT_FALSE(test, ddt_event_is_set(b));
}

static void wait_any_may_name_an_object_twice(struct kunit *test)
{
	struct ddt_semaphore *sem = semaphore_alloc(test, 2, 2);
	struct ddt_object *twice[] = { &sem->object, &sem->object };
	struct waiter *waiter;

	KUNIT_EXPECT_EQ(test, ddt_wait_any(twice, 2, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);
	KUNIT_EXPECT_EQ(test, ddt_wait(&sem->object, 0, 0), 0);

	waiter = wait_for_two(test, WAIT_ANY, &sem->object, &sem->object);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_release(sem, 2), 0);
	KUNIT_EXPECT_EQ(test, waiter_join(waiter), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);
}

/* Waits for all of several objects */

static void wait_all_refuses_an_object_that_is_there_twice(struct kunit *test)
{
	struct ddt_object *objects[DDT_MAX_WAIT_OBJECTS];
	unsigned int n, i, j;

	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = &event_alloc(test, DDT_EVENT_AUTO, true)->object;

	for (i = 1; i < ARRAY_SIZE(object_counts); i++) {
		n = object_counts[i];
		for (j = 0; j < n - 1; j += 1 + n / 6) {
			struct ddt_object *last = objects[n - 1];

			objects[n - 1] = objects[j];
			KUNIT_EXPECT_EQ(test, ddt_wait_all(objects, n, 0, 0),
					-EINVAL);
			objects[n - 1] = last;
		}
	}
	/* Nothing has been taken. */
	KUNIT_EXPECT_EQ(test, 0,
			ddt_wait_all(objects, DDT_MAX_WAIT_OBJECTS, 0, 0));
}

static void wait_all_ends_at_once_if_all_are_signaled(struct kunit *test)
{
	struct ddt_semaphore *sems[DDT_MAX_WAIT_OBJECTS];
	struct ddt_object *objects[DDT_MAX_WAIT_OBJECTS];
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(sems); i++) {
		sems[i] = semaphore_alloc(test, 0, 3);
		objects[i] = &sems[i]->object;
	}
	for (i = 0; i < ARRAY_SIZE(object_counts); i++) {
		for (k = 0; k < object_counts[i]; k++)
			ddt_semaphore_init(sems[k], 3, 3);
		KUNIT_EXPECT_EQ(test, 0,
				ddt_wait_all(objects, object_counts[i], 0,
					     A_WHILE));
		KUNIT_EXPECT_EQ(test, 0,
				ddt_wait_all(objects, object_counts[i], 0, 0));
		for (k = 0; k < object_counts[i]; k++)
			KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sems[k]), 1);
	}
}

static void wait_all_ends_when_the_last_is_signaled(struct kunit *test)
{
	struct ddt_semaphore *sems[DDT_MAX_WAIT_OBJECTS];
	unsigned int i, last, k;
	struct waiter *waiter;

	for (i = 0; i < ARRAY_SIZE(sems); i++)
		sems[i] = semaphore_alloc(test, 0, 2);

	for (i = 0; i < ARRAY_SIZE(object_counts); i++) {
		for (last = 0; last < object_counts[i];
		     last += 1 + object_counts[i] / 3) {
			waiter = waiter_alloc(test, WAIT_ALL);
			for (k = 0; k < object_counts[i]; k++)
				waiter_add(waiter, &sems[k]->object);
			waiter_start(test, waiter);
			for (k = 0; k < object_counts[i]; k++)
				if (k != last)
					ddt_semaphore_release(sems[k], 1);
			KUNIT_EXPECT_TRUE(test, waiter_stays(waiter));
			ddt_semaphore_release(sems[last], 1);
			KUNIT_EXPECT_EQ(test, waiter_join(waiter), 0);
			for (k = 0; k < object_counts[i]; k++)
				KUNIT_EXPECT_EQ(test, 0,
						ddt_semaphore_count(sems[k]));
		}
	}
}

static void wait_all_takes_nothing_before_all_are_signaled(struct kunit *test)
{
	struct ddt_semaphore *sem = semaphore_alloc(test, 0, 1);
	struct ddt_event *event = event_alloc(test, DDT_EVENT_AUTO, false);
	struct waiter *waiter;

	waiter = wait_for_two(test, WAIT_ALL, &sem->object, &event->object);
	ddt_semaphore_release(sem, 1);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);

	/* Another waiter takes it, so the event is not enough. */
	KUNIT_EXPECT_EQ(test, ddt_wait(&sem->object, 0, 0), 0);
	ddt_event_set(event);
	KUNIT_EXPECT_TRUE(test, waiter_stays(waiter));
	KUNIT_EXPECT_TRUE(test, ddt_event_is_set(event));

	ddt_semaphore_release(sem, 1);
	KUNIT_EXPECT_EQ(test, waiter_join(waiter), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 0);
	KUNIT_EXPECT_FALSE(test, ddt_event_is_set(event));
}

static void wait_all_takes_each_object_as_its_type_wants(struct kunit *test)
{
	struct ddt_semaphore *sem = semaphore_alloc(test, 2, 2);
	struct ddt_event *manual = event_alloc(test, DDT_EVENT_MANUAL, true);
	struct ddt_event *once = event_alloc(test, DDT_EVENT_AUTO, true);
	struct ddt_object *objects[] = {
		&manual->object, &sem->object, &once->object,
	};

	KUNIT_EXPECT_EQ(test, ddt_wait_all(objects, 3, 0, A_WHILE), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);
	KUNIT_EXPECT_TRUE(test, ddt_event_is_set(manual));
	KUNIT_EXPECT_FALSE(test, ddt_event_is_set(once));
	KUNIT_EXPECT_EQ(test, ddt_wait_all(objects, 3, 0, 0), -ETIME);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);
}

static void wait_all_that_must_wait_on_lets_later_ones_take_the_signal(struct kunit *test)
{
	struct ddt_semaphore *sem = semaphore_alloc(test, 0, 5);
	struct ddt_event *event = event_alloc(test, DDT_EVENT_AUTO, false);
	struct waiter *all, *one, *any;

	all = wait_for_two(test, WAIT_ALL, &sem->object, &event->object);
	one = wait_for_one(test, &sem->object);
	any = wait_for_two(test, WAIT_ANY, &event->object, &sem->object);

	ddt_semaphore_release(sem, 1);
	KUNIT_EXPECT_EQ(test, waiter_join(one), 0);
	ddt_semaphore_release(sem, 1);
	KUNIT_EXPECT_EQ(test, waiter_join(any), 1);
	ddt_semaphore_release(sem, 2);
	KUNIT_EXPECT_TRUE(test, waiter_stays(all));
	ddt_event_set(event);
	KUNIT_EXPECT_EQ(test, waiter_join(all), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), 1);
}

static void wait_all_by_two_in_opposite_orders_ends_one_per_pair(struct kunit *test)
{
	struct ddt_semaphore *a = semaphore_alloc(test, 0, 5);
	struct ddt_semaphore *b = semaphore_alloc(test, 0, 5);
	struct waiter *ab, *ba;

	ab = wait_for_two(test, WAIT_ALL, &a->object, &b->object);
	ba = wait_for_two(test, WAIT_ALL, &b->object, &a->object);
	ddt_semaphore_release(a, 2);
	ddt_semaphore_release(b, 1);
	KUNIT_EXPECT_EQ(test, waiter_join(ab), 0);
	KUNIT_EXPECT_TRUE(test, waiter_stays(ba));
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(a), 1);
	ddt_semaphore_release(b, 1);
	KUNIT_EXPECT_EQ(test, waiter_join(ba), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(a), 0);
	KUNIT_EXPECT_EQ(test, ddt_semaphore_count(b), 0);
}

/*
 * Each way in which a wait ends, on objects that are freed right afterwards:
 * a kernel that checks memory and lists would complain.
 */
static void wait_leaves_nothing_behind_however_it_ends(struct kunit *test)
{
	static const enum wait_kind kinds[] = { WAIT_ANY, WAIT_ALL };
	struct waiter *waiters[4];
	struct ddt_event *events;
	int i, j, k, n;

	for (i = 0; i < ARRAY_SIZE(kinds) * ARRAY_SIZE(object_counts); i++) {
		n = object_counts[i / ARRAY_SIZE(kinds)];
		events = kcalloc(n, sizeof(*events), GFP_KERNEL);
		KUNIT_ASSERT_TRUE(test, !!events);
		for (k = 0; k < n; k++)
			ddt_event_init(&events[k], DDT_EVENT_MANUAL, false);

		for (j = 0; j < ARRAY_SIZE(waiters); j++) {
			waiters[j] = waiter_alloc(test,
						  kinds[i % ARRAY_SIZE(kinds)]);
			for (k = 0; k < n; k++)
				waiter_add(waiters[j], &events[k].object);
		}
		/* A test, a timeout, a stop, a signal. */
		waiters[0]->timeout = 0;
		KUNIT_EXPECT_EQ(test, wait_with(waiters[0]), -ETIME);
		waiters[1]->timeout = NSEC_PER_MSEC;
		KUNIT_EXPECT_EQ(test, wait_with(waiters[1]), -ETIME);
		waiter_start(test, waiters[2]);
		waiter_start(test, waiters[3]);
		ddt_test_stop(test, waiters[2]->thread);
		KUNIT_EXPECT_EQ(test, waiter_join(waiters[2]), -EINTR);
		for (k = 0; k < n; k++)
			ddt_event_set(&events[k]);
		KUNIT_EXPECT_EQ(test, waiter_join(waiters[3]), 0);

		/* And one that finds all as it wants it. */
		KUNIT_EXPECT_EQ(test, wait_with(waiters[0]), 0);

		for (k = 0; k < n; k++) {
			ddt_event_reset(&events[k]);
			ddt_event_set(&events[k]);
			KUNIT_EXPECT_TRUE(test,
					  list_empty(&events[k].object.waiters));
			KUNIT_EXPECT_EQ(test, events[k].object.all_waiters, 0);
		}
		kfree(events);
	}
}

/* Delays */

static void delay_is_never_early(struct kunit *test)
{
	expect_never_early(test, waiter_alloc(test, DELAY), 0);
}

static void delay_is_late_by_less_than_a_microsecond_if_nothing_else_takes_time(struct kunit *test)
{
	static const ktime_t delays[] = {
		1, 999, 50 * NSEC_PER_USEC, NSEC_PER_MSEC + 1, NSEC_PER_SEC,
		100 * NSEC_PER_SEC,
	};
	struct waiter *waiter = waiter_alloc(test, DELAY);
	ktime_t late;
	int i;

	if (!IS_ENABLED(CONFIG_UML_TIME_TRAVEL_SUPPORT))
		kunit_skip(test, "needs virtual time, in which code takes none");

	waiter->flags = DDT_WAIT_ABSOLUTE;
	for (i = 0; i < ARRAY_SIZE(delays); i++) {
		waiter->timeout = ktime_add(ktime_get(), delays[i]);
		KUNIT_EXPECT_EQ(test, waiter_main(waiter), 0);
		late = ktime_sub(ktime_get(), waiter->timeout);
		KUNIT_EXPECT_GE(test, late, 0);
		/* The clock counts in steps of 256 ns. */
		KUNIT_EXPECT_LT(test, late, NSEC_PER_USEC);
	}
}

static void delay_until_a_time_that_has_passed_ends_at_once(struct kunit *test)
{
	static const ktime_t times[] = { 0, -1, KTIME_MIN };
	struct waiter *waiter = waiter_alloc(test, DELAY);
	int results[3];
	int i;

	preempt_disable();
	for (i = 0; i < ARRAY_SIZE(times); i++)
		results[i] = ddt_delay(0, times[i]);
	preempt_enable();
	for (i = 0; i < ARRAY_SIZE(times); i++)
		KUNIT_EXPECT_EQ(test, results[i], 0);

	waiter->flags = DDT_WAIT_ABSOLUTE | DDT_WAIT_ALERTABLE;
	waiter->timeout = ktime_sub_ms(ktime_get(), 1);
	KUNIT_EXPECT_EQ(test, ddt_test_call(test, waiter_main, waiter), 0);
}

/* Races */

#define STRESS_SEMAPHORES	3

struct stress {
	struct ddt_semaphore sems[STRESS_SEMAPHORES];
	atomic_t released[STRESS_SEMAPHORES];
	atomic_t taken[STRESS_SEMAPHORES];
	atomic_t unexpected;
	bool done;
};

static int stress_releaser(void *context)
{
	struct stress *stress = context;
	unsigned long begin = jiffies;
	unsigned int i, k, n;

	for (i = 0; ddt_test_round(i, 1500, 1000, begin); i++) {
		k = ddt_test_random(STRESS_SEMAPHORES);
		n = 1 + ddt_test_random(2);
		if (ddt_semaphore_release(&stress->sems[k], n) < 0)
			atomic_inc(&stress->unexpected);
		atomic_add(n, &stress->released[k]);
		ddt_test_jitter();
	}
	return 0;
}

/* Waits in all ways for all sets of the semaphores, for a short time. */
static int stress_waiter(void *context)
{
	struct stress *stress = context;
	struct ddt_object *objects[6];
	unsigned int n, first, i;
	ktime_t timeout;
	bool all;
	int ret;

	while (!READ_ONCE(stress->done)) {
		n = 1 + ddt_test_random(STRESS_SEMAPHORES);
		first = ddt_test_random(STRESS_SEMAPHORES);
		for (i = 0; i < ARRAY_SIZE(objects); i++) {
			unsigned int k = (first + i) % STRESS_SEMAPHORES;

			objects[i] = &stress->sems[k].object;
		}
		timeout = ddt_test_random(60) * NSEC_PER_USEC;
		all = ddt_test_random(2);
		if (all)
			ret = ddt_wait_all(objects, n, 0, timeout);
		else	/* every object twice needs more than a few blocks */
			ret = ddt_wait_any(objects, 2 * n, 0, timeout);

		if (all && !ret)
			for (i = 0; i < n; i++)
				atomic_inc(&stress->taken[(first + i) %
							  STRESS_SEMAPHORES]);
		else if (!all && ret >= 0 && ret < 2 * n)
			atomic_inc(&stress->taken[(first + ret) %
						  STRESS_SEMAPHORES]);
		else if (ret != -ETIME)
			atomic_inc(&stress->unexpected);
		ddt_test_jitter();
	}
	return 0;
}

static void
nothing_is_lost_or_taken_twice_under_wait_any_wait_all_and_timeouts(struct kunit *test)
{
	struct ddt_test_thread *releasers[2], *waiters[3];
	struct stress *stress = ddt_test_alloc(test, sizeof(*stress));
	int i;

	for (i = 0; i < STRESS_SEMAPHORES; i++)
		ddt_semaphore_init(&stress->sems[i], 0, S32_MAX);
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		waiters[i] = ddt_test_start(test, stress_waiter, stress);
	for (i = 0; i < ARRAY_SIZE(releasers); i++)
		releasers[i] = ddt_test_start(test, stress_releaser, stress);

	for (i = 0; i < ARRAY_SIZE(releasers); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(releasers[i]), 0);
	WRITE_ONCE(stress->done, true);
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(waiters[i]), 0);

	KUNIT_EXPECT_EQ(test, atomic_read(&stress->unexpected), 0);
	for (i = 0; i < STRESS_SEMAPHORES; i++) {
		KUNIT_EXPECT_GT(test, atomic_read(&stress->taken[i]), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&stress->released[i]),
				atomic_read(&stress->taken[i]) +
				ddt_semaphore_count(&stress->sems[i]));
	}
}

/* Of an auto-reset event: how often it became set, and ceased to be. */
struct event_stress {
	struct ddt_event event;
	atomic_t set;
	atomic_t taken;
	bool done;
};

static int event_stress_setter(void *context)
{
	struct event_stress *stress = context;
	unsigned long begin = jiffies;
	int i;

	for (i = 0; ddt_test_round(i, 2000, 1000, begin); i++) {
		if (!ddt_event_set(&stress->event))
			atomic_inc(&stress->set);
		if (!ddt_test_random(4) && ddt_event_reset(&stress->event))
			atomic_inc(&stress->taken);
		ddt_test_jitter();
	}
	return 0;
}

static int event_stress_waiter(void *context)
{
	struct event_stress *stress = context;

	while (!READ_ONCE(stress->done)) {
		if (!ddt_wait(&stress->event.object, 0,
			      ddt_test_random(40) * NSEC_PER_USEC))
			atomic_inc(&stress->taken);
		ddt_test_jitter();
	}
	return 0;
}

static void event_auto_is_taken_once_per_time_it_becomes_set(struct kunit *test)
{
	struct event_stress *stress = ddt_test_alloc(test, sizeof(*stress));
	struct ddt_test_thread *setters[2], *waiters[2];
	int i;

	ddt_event_init(&stress->event, DDT_EVENT_AUTO, false);
	for (i = 0; i < 2; i++) {
		waiters[i] = ddt_test_start(test, event_stress_waiter, stress);
		setters[i] = ddt_test_start(test, event_stress_setter, stress);
	}
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(setters[i]), 0);
	WRITE_ONCE(stress->done, true);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, ddt_test_join(waiters[i]), 0);

	KUNIT_EXPECT_EQ(test, atomic_read(&stress->set),
			atomic_read(&stress->taken) +
			ddt_event_is_set(&stress->event));
}

/* Two threads that wake each other in turn, and one that disturbs them. */
struct ping_pong {
	struct ddt_semaphore ping;
	struct ddt_semaphore pong;
	struct ddt_event never;
	bool done;
};

static int ping_pong_wait(struct ddt_object *mine, struct ddt_object *never,
			  unsigned int round)
{
	struct ddt_object *objects[] = { never, mine, never, never, never };

	switch (round % 4) {
	case 0:
		return ddt_wait(mine, DDT_WAIT_ALERTABLE, DDT_FOREVER);
	case 1:
		return ddt_wait(mine, DDT_WAIT_ALERTABLE, DDT_TEST_HOUR);
	case 2:
		return ddt_wait_all(&mine, 1, DDT_WAIT_ALERTABLE, DDT_FOREVER);
	default:
		return ddt_wait_any(objects, 5, DDT_WAIT_ALERTABLE,
				    DDT_FOREVER) == 1 ? 0 : -EINTR;
	}
}

static int ping_main(void *context)
{
	struct ping_pong *pp = context;
	unsigned long begin = jiffies;
	unsigned int i;

	for (i = 0; ddt_test_round(i, 1500, 1000, begin); i++) {
		ddt_semaphore_release(&pp->ping, 1);
		ddt_test_jitter();
		if (ping_pong_wait(&pp->pong.object, &pp->never.object, i))
			return -EINTR;
	}
	WRITE_ONCE(pp->done, true);
	ddt_semaphore_release(&pp->ping, 1);
	return 0;
}

static int pong_main(void *context)
{
	struct ping_pong *pp = context;
	unsigned int i;

	for (i = 0; !READ_ONCE(pp->done); i++) {
		if (ping_pong_wait(&pp->ping.object, &pp->never.object, i / 4))
			return -EINTR;
		ddt_test_jitter();
		ddt_semaphore_release(&pp->pong, 1);
	}
	return 0;
}

/* It never takes anything, but changes what protects the semaphores. */
static int ping_pong_disturb(void *context)
{
	struct ping_pong *pp = context;
	struct ddt_object *objects[] = {
		&pp->ping.object, &pp->never.object, &pp->pong.object,
	};
	int ret;

	while (!READ_ONCE(pp->done)) {
		ret = ddt_wait_all(objects, 3, 0,
				   ddt_test_random(20) * NSEC_PER_USEC);
		if (ret != -ETIME)
			return -EINVAL;
		ddt_test_jitter();
	}
	return 0;
}

static void no_wakeup_is_lost_while_others_wait_for_all(struct kunit *test)
{
	struct ping_pong *pp = ddt_test_alloc(test, sizeof(*pp));
	struct ddt_test_thread *ping, *pong, *disturb;

	ddt_semaphore_init(&pp->ping, 0, 1);
	ddt_semaphore_init(&pp->pong, 0, 1);
	ddt_event_init(&pp->never, DDT_EVENT_MANUAL, false);
	disturb = ddt_test_start(test, ping_pong_disturb, pp);
	pong = ddt_test_start(test, pong_main, pp);
	ping = ddt_test_start(test, ping_main, pp);
	KUNIT_EXPECT_EQ(test, ddt_test_join(ping), 0);
	WRITE_ONCE(pp->done, true);
	KUNIT_EXPECT_EQ(test, ddt_test_join(pong), 0);
	KUNIT_EXPECT_EQ(test, ddt_test_join(disturb), 0);
}

/* Two objects signaled at the same time, and threads that wait for both. */
#define SIGNAL_RACERS	6

struct signal_race {
	struct ddt_semaphore sems[2];
	atomic_t ended;
	atomic_t unexpected;
};

static int signal_race_waiter(void *context)
{
	struct signal_race *race = context;
	struct ddt_object *objects[] = {
		&race->sems[0].object, &race->sems[1].object,
	};
	int ret;

	do {
		ret = ddt_wait_any(objects, 2, DDT_WAIT_ALERTABLE, DDT_FOREVER);
		if (ret >= 0)
			atomic_inc(&race->ended);
	} while (ret == 0 || ret == 1);
	return ret;
}

static void signal_race_first(void *context)
{
	struct signal_race *race = context;

	if (ddt_semaphore_release(&race->sems[0], SIGNAL_RACERS) < 0)
		atomic_inc(&race->unexpected);
}

static void signal_race_second(void *context)
{
	struct signal_race *race = context;

	if (ddt_semaphore_release(&race->sems[1], SIGNAL_RACERS) < 0)
		atomic_inc(&race->unexpected);
}

static bool signal_racers_wait(struct ddt_test_thread **waiters)
{
	int i;

	for (i = 0; i < SIGNAL_RACERS; i++)
		if (!ddt_test_waits(waiters[i]))
			return false;
	return true;
}

static void signals_at_the_same_time_end_one_wait_each(struct kunit *test)
{
	struct signal_race *signals = ddt_test_alloc(test, sizeof(*signals));
	struct ddt_test_thread *waiters[SIGNAL_RACERS];
	unsigned long begin = jiffies;
	struct ddt_test_race *race;
	int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	for (i = 0; i < 2; i++)
		ddt_semaphore_init(&signals->sems[i], 0, SIGNAL_RACERS);
	for (i = 0; i < SIGNAL_RACERS; i++)
		waiters[i] = ddt_test_start(test, signal_race_waiter, signals);
	ddt_test_pin();
	race = ddt_test_race_start(test, signal_race_second, signals);

	for (i = 1; ddt_test_round(i, 3000, 1500, begin); i++) {
		KUNIT_ASSERT_TRUE(test,
				  ddt_test_until(signal_racers_wait(waiters)));
		KUNIT_ASSERT_TRUE(test, ddt_test_race_round(race,
							    signal_race_first));
		/* No signal was taken without a waiter returning. */
		KUNIT_ASSERT_TRUE(test,
				  ddt_test_until(atomic_read(&signals->ended) ==
						 2 * SIGNAL_RACERS * i));
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&signals->unexpected), 0);
}

/* A wait that finds its last object signaled, when its first becomes so. */
struct begin_race {
	struct ddt_semaphore first;
	struct ddt_semaphore last;
	struct ddt_event never;
	struct ddt_object *objects[DDT_MAX_WAIT_OBJECTS];
	int ret;
};

static void begin_race_wait(void *context)
{
	struct begin_race *race = context;

	race->ret = ddt_wait_any(race->objects, DDT_MAX_WAIT_OBJECTS, 0,
				 A_WHILE);
}

static void begin_race_signal(void *context)
{
	struct begin_race *race = context;

	ddt_semaphore_release(&race->first, 1);
}

static void wait_any_takes_one_signal_although_another_comes_meanwhile(struct kunit *test)
{
	struct begin_race *wait = ddt_test_alloc(test, sizeof(*wait));
	unsigned long begin = jiffies;
	struct ddt_test_race *race;
	int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	ddt_semaphore_init(&wait->first, 0, 1);
	ddt_semaphore_init(&wait->last, 0, 1);
	ddt_event_init(&wait->never, DDT_EVENT_MANUAL, false);
	for (i = 0; i < ARRAY_SIZE(wait->objects); i++)
		wait->objects[i] = &wait->never.object;
	wait->objects[0] = &wait->first.object;
	wait->objects[DDT_MAX_WAIT_OBJECTS - 1] = &wait->last.object;

	ddt_test_pin();
	race = ddt_test_race_start(test, begin_race_signal, wait);
	for (i = 0; ddt_test_round(i, 2000, 500, begin); i++) {
		ddt_semaphore_release(&wait->last, 1);
		KUNIT_ASSERT_TRUE(test,
				  ddt_test_race_round(race, begin_race_wait));
		/* The other one is still there. */
		if (wait->ret)
			KUNIT_EXPECT_EQ(test, wait->ret,
					DDT_MAX_WAIT_OBJECTS - 1);
		KUNIT_ASSERT_EQ(test, ddt_semaphore_count(&wait->first),
				!!wait->ret);
		KUNIT_ASSERT_EQ(test, ddt_semaphore_count(&wait->last),
				!wait->ret);
		ddt_wait(&wait->first.object, 0, 0);
		ddt_wait(&wait->last.object, 0, 0);
	}
}

/* Tasks that release a semaphore while another tests for it and one more. */
struct test_race {
	struct ddt_semaphore sem;
	struct ddt_event never;
	unsigned int unexpected;
};

#define TEST_RACE_RELEASES	20

static void test_race_release(void *context)
{
	struct test_race *race = context;
	int i;

	for (i = 0; i < TEST_RACE_RELEASES; i++)
		ddt_semaphore_release(&race->sem, 1);
}

static void test_race_test_and_release(void *context)
{
	struct test_race *race = context;
	struct ddt_object *both[] = {
		&race->sem.object, &race->never.object,
	};
	int i;

	for (i = 0; i < TEST_RACE_RELEASES; i++) {
		if (ddt_wait_all(both, 2, 0, 0) != -ETIME)
			race->unexpected++;
		ddt_semaphore_release(&race->sem, 1);
	}
}

static void no_count_is_lost_while_others_test_for_all(struct kunit *test)
{
	struct test_race *counts = ddt_test_alloc(test, sizeof(*counts));
	unsigned long begin = jiffies;
	struct ddt_test_race *race;
	int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	ddt_event_init(&counts->never, DDT_EVENT_MANUAL, false);
	ddt_semaphore_init(&counts->sem, 0, S32_MAX);
	ddt_test_pin();
	race = ddt_test_race_start(test, test_race_test_and_release, counts);
	for (i = 1; ddt_test_round(i, 3000, 500, begin); i++) {
		KUNIT_ASSERT_TRUE(test,
				  ddt_test_race_round(race, test_race_release));
		KUNIT_ASSERT_EQ(test, ddt_semaphore_count(&counts->sem),
				2 * TEST_RACE_RELEASES * i);
	}
	KUNIT_EXPECT_EQ(test, counts->unexpected, 0);
}

/* A wait that is just about to sleep, and the signal that is to end it. */
struct sleep_race {
	struct ddt_semaphore sem;
	struct ddt_object *objects[1];
	struct ddt_test_race *race;
	unsigned int round;
	int ret;
};

static void sleep_race_wait(void *context)
{
	struct sleep_race *race = context;

	/* Alertable, so that a test that fails is no test that hangs. */
	if (race->round % 2)
		race->ret = ddt_wait(&race->sem.object, DDT_WAIT_ALERTABLE,
				     DDT_FOREVER);
	else
		race->ret = ddt_wait_all(race->objects, 1, DDT_WAIT_ALERTABLE,
					 DDT_TEST_HOUR);
}

static void sleep_race_signal(void *context)
{
	struct sleep_race *race = context;

	ddt_semaphore_release(&race->sem, 1);
}

static int sleep_race_main(void *context)
{
	struct sleep_race *race = context;
	unsigned long begin = jiffies;

	ddt_test_pin();
	while (ddt_test_round(race->round, 5000, 500, begin)) {
		if (!ddt_test_race_round(race->race, sleep_race_wait) ||
		    race->ret)
			return -EIO;
		race->round++;
	}
	return 0;
}

static void no_wakeup_is_lost_that_comes_as_the_thread_falls_asleep(struct kunit *test)
{
	struct sleep_race *sleep = ddt_test_alloc(test, sizeof(*sleep));

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	ddt_semaphore_init(&sleep->sem, 0, 1);
	sleep->objects[0] = &sleep->sem.object;
	sleep->race = ddt_test_race_start(test, sleep_race_signal, sleep);
	KUNIT_EXPECT_EQ(test, ddt_test_call(test, sleep_race_main, sleep), 0);
}

/* An event that is no more as soon as a wait for it has ended. */
#define FREE_RACE_POISON	0x5a

struct free_race {
	struct ddt_event event;
	struct ddt_test_race *race;
	int ret;
};

static void free_race_wait(void *context)
{
	struct free_race *race = context;

	race->ret = ddt_wait(&race->event.object, DDT_WAIT_ALERTABLE,
			     DDT_FOREVER);
	memset(&race->event, FREE_RACE_POISON, sizeof(race->event));
}

static void free_race_set(void *context)
{
	struct free_race *race = context;

	ddt_event_set(&race->event);
}

static int free_race_main(void *context)
{
	struct free_race *race = context;
	unsigned long begin = jiffies;
	unsigned int i;

	ddt_test_pin();
	for (i = 0; ddt_test_round(i, 5000, 500, begin); i++) {
		ddt_event_init(&race->event,
			       i % 2 ? DDT_EVENT_AUTO : DDT_EVENT_MANUAL, false);
		if (!ddt_test_race_round(race->race, free_race_wait) ||
		    race->ret)
			return -EIO;
		if (memchr_inv(&race->event, FREE_RACE_POISON,
			       sizeof(race->event)))
			return -EFAULT;
	}
	return 0;
}

static void event_on_the_stack_is_not_touched_once_the_wait_has_ended(struct kunit *test)
{
	struct free_race *race = ddt_test_alloc(test, sizeof(*race));

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");

	race->race = ddt_test_race_start(test, free_race_set, race);
	KUNIT_EXPECT_EQ(test, ddt_test_call(test, free_race_main, race), 0);
}

/* A stop and a signal that come at about the same time. */
static int stop_race_waiter(void *context)
{
	struct ddt_semaphore *sem = context;

	ddt_test_jitter();
	return ddt_wait(&sem->object, DDT_WAIT_ALERTABLE, DDT_FOREVER);
}

static int stop_race_releaser(void *context)
{
	struct ddt_semaphore *sem = context;

	ddt_test_jitter();
	return ddt_semaphore_release(sem, 1);
}

static void wait_that_a_stop_has_ended_has_taken_nothing(struct kunit *test)
{
	struct ddt_semaphore *sem = ddt_test_alloc(test, sizeof(*sem));
	struct ddt_test_thread *waiter, *releaser;
	unsigned long begin = jiffies;
	int i, ret;

	for (i = 0; ddt_test_round(i, 150, 1000, begin); i++) {
		ddt_semaphore_init(sem, 0, 1);
		waiter = ddt_test_start(test, stop_race_waiter, sem);
		releaser = ddt_test_start(test, stop_race_releaser, sem);
		ddt_test_jitter();
		ddt_test_stop(test, waiter);
		ret = ddt_test_join(waiter);
		KUNIT_EXPECT_EQ(test, ddt_test_join(releaser), 0);
		KUNIT_ASSERT_TRUE(test, !ret || ret == -EINTR);
		KUNIT_EXPECT_EQ(test, ddt_semaphore_count(sem), !!ret);
	}
}

static struct kunit_case dispatcher_cases[] = {
	KUNIT_CASE(semaphore_init_refuses_what_makes_no_sense_and_changes_nothing),
	KUNIT_CASE(semaphore_starts_with_its_count_and_limit),
	KUNIT_CASE(semaphore_release_returns_the_count_before),
	KUNIT_CASE(semaphore_release_past_limit_changes_nothing),
	KUNIT_CASE(semaphore_release_past_limit_ends_no_wait),
	KUNIT_CASE(semaphore_wait_takes_one_count),
	KUNIT_CASE(semaphore_release_ends_as_many_waits_as_there_are_counts),
	KUNIT_CASE(semaphore_serves_those_first_who_came_first),
	KUNIT_CASE(event_set_and_reset_return_the_state_before),
	KUNIT_CASE(event_manual_ends_all_waits_until_it_is_reset),
	KUNIT_CASE(event_auto_ends_exactly_one_wait),
	KUNIT_CASE(event_auto_stays_set_until_one_wait_has_taken_it),
	KUNIT_CASE(event_reset_does_not_undo_a_wait_that_has_ended),
	KUNIT_CASE(wait_refuses_unknown_flags_and_takes_nothing),
	KUNIT_CASE(wait_with_a_zero_timeout_never_blocks),
	KUNIT_CASE(wait_in_atomic_context_makes_a_debug_kernel_complain),
	KUNIT_CASE(test_of_many_objects_can_be_in_atomic_context),
	KUNIT_CASE(wait_ends_at_once_if_the_object_is_signaled),
	KUNIT_CASE(wait_times_out_and_never_early),
	KUNIT_CASE(wait_until_a_time_that_has_passed_ends_at_once),
	KUNIT_CASE(wait_for_a_very_long_time_does_not_overflow),
	KUNIT_CASE(wait_of_a_kernel_thread_is_no_load_whatever_its_flags),
	KUNIT_CASE(wait_that_is_alertable_is_ended_by_a_stop),
	KUNIT_CASE(wait_that_is_not_alertable_is_not_ended_by_a_stop),
	KUNIT_CASE(wait_for_a_signaled_object_succeeds_although_a_stop_is_pending),
	KUNIT_CASE(wait_that_is_not_alertable_sleeps_its_time_after_a_stop),
	KUNIT_CASE(wait_for_several_refuses_none_and_too_many),
	KUNIT_CASE(wait_any_takes_the_first_that_is_signaled_and_only_that),
	KUNIT_CASE(wait_any_tells_which_object_has_ended_it),
	KUNIT_CASE(wait_any_takes_one_of_two_signals_that_come_at_once),
	KUNIT_CASE(wait_any_passes_a_signal_on_that_it_does_not_need),
	KUNIT_CASE(wait_any_may_name_an_object_twice),
	KUNIT_CASE(wait_all_refuses_an_object_that_is_there_twice),
	KUNIT_CASE(wait_all_ends_at_once_if_all_are_signaled),
	KUNIT_CASE(wait_all_ends_when_the_last_is_signaled),
	KUNIT_CASE(wait_all_takes_nothing_before_all_are_signaled),
	KUNIT_CASE(wait_all_takes_each_object_as_its_type_wants),
	KUNIT_CASE(wait_all_that_must_wait_on_lets_later_ones_take_the_signal),
	KUNIT_CASE(wait_all_by_two_in_opposite_orders_ends_one_per_pair),
	KUNIT_CASE(wait_leaves_nothing_behind_however_it_ends),
	KUNIT_CASE(delay_is_never_early),
	KUNIT_CASE(delay_is_late_by_less_than_a_microsecond_if_nothing_else_takes_time),
	KUNIT_CASE(delay_until_a_time_that_has_passed_ends_at_once),
	KUNIT_CASE(nothing_is_lost_or_taken_twice_under_wait_any_wait_all_and_timeouts),
	KUNIT_CASE(event_auto_is_taken_once_per_time_it_becomes_set),
	KUNIT_CASE(no_wakeup_is_lost_while_others_wait_for_all),
	KUNIT_CASE(signals_at_the_same_time_end_one_wait_each),
	KUNIT_CASE(wait_any_takes_one_signal_although_another_comes_meanwhile),
	KUNIT_CASE(no_count_is_lost_while_others_test_for_all),
	KUNIT_CASE(no_wakeup_is_lost_that_comes_as_the_thread_falls_asleep),
	KUNIT_CASE(event_on_the_stack_is_not_touched_once_the_wait_has_ended),
	KUNIT_CASE(wait_that_a_stop_has_ended_has_taken_nothing),
	{}
};

static struct kunit_suite dispatcher_suite = {
	.name = "ddt_dispatcher",
	.init = ddt_test_init,
	.exit = ddt_test_exit,
	.test_cases = dispatcher_cases,
};

kunit_test_suites(&dispatcher_suite);
