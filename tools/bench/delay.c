// SPDX-License-Identifier: GPL-2.0-only
/* delay.c - workload: how late, or early, the ends of sleeps are */

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>

#include "bench.h"

static void bench_ddt_delay(unsigned int us)
{
	ddt_delay(0, ns_to_ktime(us * NSEC_PER_USEC));
}

/* Knows milliseconds only. */
static void bench_msleep(unsigned int us)
{
	msleep(DIV_ROUND_UP(us, USEC_PER_MSEC));
}

static void bench_usleep_range(unsigned int us)
{
	usleep_range(us, us);
}

static void bench_schedule_timeout(unsigned int us)
{
	schedule_timeout_idle(usecs_to_jiffies(us));
}

static const struct {
	const char *name;
	void (*sleep)(unsigned int us);
} bench_sleeps[] = {
	{ "ddt_delay", bench_ddt_delay },
	{ "usleep_range", bench_usleep_range },
	{ "msleep", bench_msleep },
	{ "schedule_timeout", bench_schedule_timeout },
};

/* params.n is the time in us; the result is in ns and not an average. */
int bench_delay(const struct bench_params *params)
{
	unsigned int round, i;
	u64 begin;
	int err;

	for (round = 0; round < params->rounds; round++) {
		for (i = 0; i < ARRAY_SIZE(bench_sleeps); i++) {
			struct bench_result result = {
				.workload = "delay",
				.engine = bench_sleeps[i].name,
				.params = *params,
				.round = round,
			};

			begin = ktime_get_ns();
			bench_sleeps[i].sleep(params->n);
			result.ns = ktime_get_ns() - begin;
			err = bench_result_add(&result);
			if (err)
				return err;
		}
	}
	return 0;
}
