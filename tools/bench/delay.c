// SPDX-License-Identifier: GPL-2.0-only
/* delay.c - workload: how late, or early, the ends of sleeps are */

#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "bench.h"

/* 6.12 has no us_to_ktime(). */
static ktime_t bench_ktime(unsigned int us)
{
	return ns_to_ktime((u64)us * NSEC_PER_USEC);
}

static void bench_ddt_delay(unsigned int us)
{
	ddt_delay(0, bench_ktime(us));
}

/* The floor: no more than a timer and a switch. */
static void bench_schedule_hrtimeout(unsigned int us)
{
	ktime_t timeout = bench_ktime(us);

	set_current_state(TASK_IDLE);
	schedule_hrtimeout(&timeout, HRTIMER_MODE_REL);
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
	{ "schedule_hrtimeout", bench_schedule_hrtimeout },
	{ "usleep_range", bench_usleep_range },
	{ "msleep", bench_msleep },
	{ "schedule_timeout", bench_schedule_timeout },
};

/* params.n is the time in us; the result is that of one sleep. */
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
				.policy = -1,
				.params = *params,
				.round = round,
			};

			begin = ktime_get_ns();
			bench_sleeps[i].sleep(params->n);
			result.ps = bench_ps_each(ktime_get_ns() - begin, 1);
			err = bench_result_add(&result);
			if (err)
				return err;
		}
	}
	return 0;
}
