// SPDX-License-Identifier: GPL-2.0-only
/*
 * daq_test.c - the same tests of the example driver in NT names and in ddt's
 *		own
 */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/random.h>

#include "../examples/daq.h"
#include "helper.h"

static const struct daq_driver *const daq_drivers[] = {
	&daq_nt_driver, &daq_ddt_driver,
};

static void daq_describe(const struct daq_driver *const *driver, char *desc)
{
	strscpy(desc, (*driver)->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(daq_drivers, daq_drivers, daq_describe);

struct daq_test {
	const struct daq_driver *driver;
	struct daq_hw hw;
	struct daq *daq;
	struct daq_file *file;
};

static int daq_test_close(void *context)
{
	struct daq_test *ctx = context;

	ctx->driver->close(ctx->file);
	return 0;
}

static int daq_test_unload(void *context)
{
	struct daq_test *ctx = context;

	ctx->driver->unload(ctx->daq);
	return 0;
}

/* The driver that the test is for, with an open file, until the test ends. */
static struct daq_test *daq_test_start(struct kunit *test)
{
	const struct daq_driver *const *driver = test->param_value;
	struct daq_test *ctx = ddt_test_alloc(test, sizeof(*ctx));

	ctx->driver = *driver;
	ctx->daq = ctx->driver->load(&ctx->hw);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx->daq));
	ddt_test_at_exit(test, daq_test_unload, ctx);
	ctx->file = ctx->driver->open(ctx->daq);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ctx->file));
	ddt_test_at_exit(test, daq_test_close, ctx);
	return ctx;
}

static struct daq_read *submit(struct kunit *test, struct daq_test *ctx,
			       struct daq_file *file, unsigned int channel)
{
	struct daq_read *read = daq_read_alloc(ctx->driver, file, channel);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, read);
	daq_read_submit(read);
	return read;
}

static int finish_value(struct daq_read *read, u32 *value)
{
	int status;

	/* If it still may be completed it has to stay. */
	if (!ddt_test_until(completion_done(&read->done)))
		return -EINPROGRESS;
	status = read->status;
	*value = read->value;
	daq_read_put(read);
	return status;
}

static int finish(struct daq_read *read)
{
	u32 value = 0;

	return finish_value(read, &value);
}

/* Waits until the converter has been told to convert the first read. */
static bool wait_for_service(struct daq_test *ctx, unsigned int channel)
{
	return ddt_test_until(READ_ONCE(ctx->hw.channel) == channel);
}

static void read_returns_a_value_of_its_channel(struct kunit *test)
{
	struct daq_test *ctx = daq_test_start(test);
	unsigned int i;
	u32 value;

	ctx->hw.polls = 3;
	for (i = 0; i < DAQ_CHANNELS; i++) {
		KUNIT_EXPECT_EQ(test, finish_value(submit(test, ctx, ctx->file, i),
						   &value), 0);
		KUNIT_EXPECT_EQ(test, value, i << 16 | i);
	}
}

static void reads_are_served_in_order(struct kunit *test)
{
	struct daq_test *ctx = daq_test_start(test);
	struct daq_read *reads[DAQ_DEPTH];
	unsigned int i;
	u32 value;

	for (i = 0; i < DAQ_DEPTH; i++)
		reads[i] = submit(test, ctx, ctx->file, i % DAQ_CHANNELS);
	for (i = 0; i < DAQ_DEPTH; i++) {
		KUNIT_EXPECT_EQ(test, finish_value(reads[i], &value), 0);
		KUNIT_EXPECT_EQ(test, value & 0xffff, i);
	}
}

static void channel_that_is_none_is_refused(struct kunit *test)
{
	struct daq_test *ctx = daq_test_start(test);

	KUNIT_EXPECT_EQ(test, finish(submit(test, ctx, ctx->file, DAQ_CHANNELS)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, finish(submit(test, ctx, ctx->file, 0)), 0);
}

static void converter_that_is_broken_is_given_up(struct kunit *test)
{
	struct daq_test *ctx = daq_test_start(test);

	ctx->hw.polls = DAQ_NEVER;
	KUNIT_EXPECT_EQ(test, finish(submit(test, ctx, ctx->file, 1)), -ETIME);
	WRITE_ONCE(ctx->hw.polls, 0);
	KUNIT_EXPECT_EQ(test, finish(submit(test, ctx, ctx->file, 1)), 0);
}

static void read_in_service_can_be_cancelled(struct kunit *test)
{
	struct daq_test *ctx = daq_test_start(test);
	struct daq_read *read;

	ctx->hw.polls = DAQ_NEVER;
	read = submit(test, ctx, ctx->file, 1);
	KUNIT_EXPECT_TRUE(test, wait_for_service(ctx, 1));
	ctx->driver->cancel(read);
	KUNIT_EXPECT_EQ(test, finish(read), -ECANCELED);
}

static void queued_read_can_be_cancelled(struct kunit *test)
{
	struct daq_test *ctx = daq_test_start(test);
	struct daq_read *first, *second, *third;

	ctx->hw.polls = DAQ_NEVER;
	first = submit(test, ctx, ctx->file, 1);
	KUNIT_EXPECT_TRUE(test, wait_for_service(ctx, 1));
	second = submit(test, ctx, ctx->file, 2);
	third = submit(test, ctx, ctx->file, 3);
	ctx->driver->cancel(second);
	/* At once, though the first is still in service. */
	KUNIT_EXPECT_TRUE(test, completion_done(&second->done));
	KUNIT_EXPECT_EQ(test, finish(second), -ECANCELED);
	ctx->driver->cancel(first);
	KUNIT_EXPECT_EQ(test, finish(first), -ECANCELED);
	WRITE_ONCE(ctx->hw.polls, 0);
	KUNIT_EXPECT_EQ(test, finish(third), 0);
}

static void completed_read_can_be_cancelled_in_vain(struct kunit *test)
{
	struct daq_test *ctx = daq_test_start(test);
	struct daq_read *read = submit(test, ctx, ctx->file, 1);

	KUNIT_EXPECT_TRUE(test, ddt_test_until(completion_done(&read->done)));
	ctx->driver->cancel(read);
	KUNIT_EXPECT_EQ(test, finish(read), 0);
}

static void full_queue_refuses_reads(struct kunit *test)
{
	struct daq_read *first, *reads[DAQ_DEPTH];
	struct daq_test *ctx = daq_test_start(test);
	unsigned int i;

	ctx->hw.polls = DAQ_NEVER;
	first = submit(test, ctx, ctx->file, 1);
	KUNIT_EXPECT_TRUE(test, wait_for_service(ctx, 1));
	for (i = 0; i < DAQ_DEPTH; i++)
		reads[i] = submit(test, ctx, ctx->file, 2);
	KUNIT_EXPECT_EQ(test, finish(submit(test, ctx, ctx->file, 2)), -EAGAIN);
	WRITE_ONCE(ctx->hw.polls, 0);
	KUNIT_EXPECT_EQ(test, finish(first), 0);
	for (i = 0; i < DAQ_DEPTH; i++)
		KUNIT_EXPECT_EQ(test, finish(reads[i]), 0);
}

/* A converter that becomes ready when a read has been cancelled. */
struct become_ready {
	struct daq_hw *hw;
	struct daq_read *read;
};

static int become_ready(void *context)
{
	struct become_ready *ctx = context;

	ddt_test_until(completion_done(&ctx->read->done));
	WRITE_ONCE(ctx->hw->polls, 0);
	return 0;
}

static void close_cancels_what_its_file_has_queued(struct kunit *test)
{
	struct daq_read *first, *mine[3], *others[3];
	struct daq_test *ctx = daq_test_start(test);
	struct become_ready *become;
	struct daq_file *other;
	unsigned int i;

	other = ctx->driver->open(ctx->daq);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	ctx->hw.polls = DAQ_NEVER;
	first = submit(test, ctx, other, 1);
	KUNIT_EXPECT_TRUE(test, wait_for_service(ctx, 1));
	for (i = 0; i < 3; i++) {
		mine[i] = submit(test, ctx, ctx->file, 2);
		others[i] = submit(test, ctx, other, 3);
	}
	become = ddt_test_alloc(test, sizeof(*become));
	become->hw = &ctx->hw;
	become->read = others[2];
	ddt_test_start(test, become_ready, become);
	ctx->driver->close(other);

	/* All are completed when close returns. */
	KUNIT_EXPECT_TRUE(test, completion_done(&first->done));
	finish(first);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_TRUE(test, completion_done(&others[i]->done));
		KUNIT_EXPECT_EQ(test, finish(others[i]), -ECANCELED);
		KUNIT_EXPECT_EQ(test, finish(mine[i]), 0);
	}
}

/* Reads that are served and cancelled at the same time. */

#define RACE_READS	500

struct race {
	struct daq_test *ctx;
	struct daq_read *reads[RACE_READS];
	int submitted;
};

static int cancel_some(void *context)
{
	struct race *race = context;
	int i, submitted = 0;

	for (i = 0; i < RACE_READS; i++) {
		while (submitted <= i) {
			/* Pairs with the submitter. */
			submitted = smp_load_acquire(&race->submitted);
			if (submitted <= i)
				usleep_range(1, 10);
		}
		if (get_random_u32() & 1)
			race->ctx->driver->cancel(race->reads[i]);
	}
	return 0;
}

static void race_of_service_and_cancel_completes_all_once(struct kunit *test)
{
	struct daq_test *ctx = daq_test_start(test);
	struct race *race = ddt_test_alloc(test, sizeof(*race));
	int i, served = 0, cancelled = 0, refused = 0;
	struct ddt_test_thread *thread;

	race->ctx = ctx;
	thread = ddt_test_start(test, cancel_some, race);
	for (i = 0; i < RACE_READS; i++) {
		race->reads[i] = submit(test, ctx, ctx->file, i % DAQ_CHANNELS);
		/* Pairs with cancel_some(). */
		smp_store_release(&race->submitted, i + 1);
		if (!(get_random_u32() & 3))
			usleep_range(1, 50);
	}
	KUNIT_EXPECT_EQ(test, ddt_test_join(thread), 0);
	for (i = 0; i < RACE_READS; i++) {
		struct daq_read *read = race->reads[i];

		if (!ddt_test_until(try_wait_for_completion(&read->done)))
			break;
		/* Once only. */
		KUNIT_EXPECT_FALSE(test, completion_done(&read->done));
		served += !read->status;
		cancelled += read->status == -ECANCELED;
		refused += read->status == -EAGAIN;
		daq_read_put(read);
	}
	KUNIT_EXPECT_EQ(test, served + cancelled + refused, RACE_READS);
	kunit_info(test, "%d served, %d cancelled, %d refused\n", served,
		   cancelled, refused);
}

static struct kunit_case daq_test_cases[] = {
	KUNIT_CASE_PARAM(read_returns_a_value_of_its_channel,
			 daq_drivers_gen_params),
	KUNIT_CASE_PARAM(reads_are_served_in_order, daq_drivers_gen_params),
	KUNIT_CASE_PARAM(channel_that_is_none_is_refused,
			 daq_drivers_gen_params),
	KUNIT_CASE_PARAM(converter_that_is_broken_is_given_up,
			 daq_drivers_gen_params),
	KUNIT_CASE_PARAM(read_in_service_can_be_cancelled,
			 daq_drivers_gen_params),
	KUNIT_CASE_PARAM(queued_read_can_be_cancelled, daq_drivers_gen_params),
	KUNIT_CASE_PARAM(completed_read_can_be_cancelled_in_vain,
			 daq_drivers_gen_params),
	KUNIT_CASE_PARAM(full_queue_refuses_reads, daq_drivers_gen_params),
	KUNIT_CASE_PARAM(close_cancels_what_its_file_has_queued,
			 daq_drivers_gen_params),
	KUNIT_CASE_PARAM(race_of_service_and_cancel_completes_all_once,
			 daq_drivers_gen_params),
	{}
};

static struct kunit_suite daq_test_suite = {
	.name = "ddt_daq",
	.init = ddt_test_init,
	.exit = ddt_test_exit,
	.test_cases = daq_test_cases,
};

kunit_test_suites(&daq_test_suite);
