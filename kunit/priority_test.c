// SPDX-License-Identifier: GPL-2.0-only
/* priority_test.c - tests of the base priority as Windows counts it */

#include <kunit/test.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/limits.h>

#include <ddt/thread.h>

static int wait_for_stop(void *context)
{
	ddt_wait(context, DDT_WAIT_ALERTABLE, DDT_FOREVER);
	return 0;
}

struct priority_test {
	struct ddt_event never;
	struct ddt_thread *thread;
};

static int priority_test_init(struct kunit *test)
{
	static const struct ddt_thread_attr attr = {
		.name = "priority_test",
	};
	struct priority_test *ctx;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ctx);
	ddt_event_init(&ctx->never, DDT_EVENT_MANUAL, false);
	ctx->thread = ddt_thread_create(wait_for_stop, &ctx->never, &attr);
	if (IS_ERR(ctx->thread))
		return PTR_ERR(ctx->thread);
	test->priv = ctx;
	return 0;
}

static void priority_test_exit(struct kunit *test)
{
	struct priority_test *ctx = test->priv;

	if (!ctx)
		return;
	ddt_thread_stop(ctx->thread);
	ddt_thread_put(ctx->thread);
}

static struct ddt_thread *thread_of(struct kunit *test)
{
	struct priority_test *ctx = test->priv;

	return ctx->thread;
}

static void increment_is_0_until_one_is_set(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ddt_thread_increment(thread_of(test)), 0);
	KUNIT_EXPECT_EQ(test, ddt_thread_nice(thread_of(test)), 0);
}

static void nice_value_falls_as_the_increment_rises(struct kunit *test)
{
	struct ddt_thread *thread = thread_of(test);
	int increment, nice, last = 20;

	for (increment = -7; increment <= 7; increment++) {
		ddt_thread_set_increment(thread, increment);
		nice = ddt_thread_nice(thread);
		KUNIT_EXPECT_LT(test, nice, last);
		last = nice;
		if (!increment)
			KUNIT_EXPECT_EQ(test, nice, 0);
	}
}

static void last_nice_values_are_reached_and_not_passed(struct kunit *test)
{
	static const struct {
		int increment, nice;
	} rows[] = {
		{ -7, 19 }, { -8, 19 }, { -15, 19 }, { -16, 19 }, { -17, 19 },
		{ INT_MIN, 19 },
		{ 7, -20 }, { 8, -20 }, { 15, -20 }, { 16, -20 }, { 17, -20 },
		{ INT_MAX, -20 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ddt_thread_set_increment(thread_of(test), rows[i].increment);
		KUNIT_EXPECT_EQ_MSG(test, ddt_thread_nice(thread_of(test)),
				    rows[i].nice, "increment %d",
				    rows[i].increment);
	}
}

static void previous_increment_is_returned_as_windows_does(struct kunit *test)
{
	/* What is set, and what the next call returns. */
	static const struct {
		int increment, returned;
	} rows[] = {
		{ 0, 0 }, { 1, 1 }, { -1, -1 }, { 7, 7 }, { -7, -7 },
		/* limited to 15 and 1 */
		{ 8, 7 }, { 15, 7 }, { -8, -7 }, { -15, -7 },
		/* saturated */
		{ 16, 16 }, { 17, 16 }, { 1000, 16 }, { INT_MAX, 16 },
		{ -16, -16 }, { -17, -16 }, { INT_MIN, -16 },
		/* not saturated any more */
		{ 3, 3 },
	};
	struct ddt_thread *thread = thread_of(test);
	unsigned int i;
	int last = 0;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ(test,
				ddt_thread_set_increment(thread,
							 rows[i].increment),
				last);
		last = rows[i].returned;
		KUNIT_EXPECT_EQ_MSG(test, ddt_thread_increment(thread), last,
				    "increment %d", rows[i].increment);
	}
}

static void nice_value_set_otherwise_leaves_the_increment(struct kunit *test)
{
	struct ddt_thread *thread = thread_of(test);

	ddt_thread_set_increment(thread, 2);
	KUNIT_EXPECT_EQ(test, ddt_thread_set_nice(thread, 5), 0);
	KUNIT_EXPECT_EQ(test, ddt_thread_nice(thread), 5);
	KUNIT_EXPECT_EQ(test, ddt_thread_set_increment(thread, 0), 2);
	KUNIT_EXPECT_EQ(test, ddt_thread_nice(thread), 0);
}

static void increment_of_an_ended_thread_is_remembered(struct kunit *test)
{
	struct ddt_thread *thread = thread_of(test);

	ddt_thread_stop(thread);
	KUNIT_EXPECT_EQ(test, ddt_thread_set_increment(thread, 4), 0);
	KUNIT_EXPECT_EQ(test, ddt_thread_increment(thread), 4);
}

static struct kunit_case priority_test_cases[] = {
	KUNIT_CASE(increment_is_0_until_one_is_set),
	KUNIT_CASE(nice_value_falls_as_the_increment_rises),
	KUNIT_CASE(last_nice_values_are_reached_and_not_passed),
	KUNIT_CASE(previous_increment_is_returned_as_windows_does),
	KUNIT_CASE(nice_value_set_otherwise_leaves_the_increment),
	KUNIT_CASE(increment_of_an_ended_thread_is_remembered),
	{}
};

static struct kunit_suite priority_test_suite = {
	.name = "ddt_priority",
	.init = priority_test_init,
	.exit = priority_test_exit,
	.test_cases = priority_test_cases,
};

kunit_test_suites(&priority_test_suite);
