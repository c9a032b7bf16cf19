// SPDX-License-Identifier: GPL-2.0-only
/*
 * priority.c - the base priority of a thread as Windows counts it
 *
 * Windows gives a thread a base priority from 1 to 15, which is 8, that of the
 * system process, plus an increment. An increment of 16 or more, either way,
 * saturates the thread: it gets the last priority in that direction and
 * remembers that it was saturated. The current priority, which the scheduler
 * uses, is the base priority unless it was set by itself.
 *
 * Here the scheduler uses the nice value to which the current priority maps.
 */

#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>

#include "thread.h"

#define DDT_PRIORITY_MIN	1
#define DDT_PRIORITY_SYSTEM	8	/* of a thread whose increment is 0 */
#define DDT_PRIORITY_MAX	15
#define DDT_SATURATION		16	/* the increment that saturates */

/*
 * The nice value of each priority.
 *
 * - 8 is nice 0: by default a thread is never ahead of its submitters.
 * - Both ends of one scale are the ends of the other, and the steps between
 *   are as even as whole numbers permit. So a higher priority always is a
 *   lower nice value, no two are the same, and none is lost.
 * - There is no SCHED_FIFO in it, not even for priorities from 16 on, which
 *   count as 15. On Windows those are for the scheduler what SCHED_FIFO is
 *   here, but drivers use them to be served soon, and a nice value of -20 is
 *   that. A driver cannot know which other real-time threads a system has, and
 *   a real-time thread that loops hangs a CPU.
 */
static const s8 ddt_priority_nice[DDT_PRIORITY_MAX + 1] = {
	[1] = 19, [2] = 16, [3] = 14, [4] = 11, [5] = 8, [6] = 5, [7] = 3,
	[DDT_PRIORITY_SYSTEM] = 0,
	[9] = -3, [10] = -6, [11] = -9, [12] = -11, [13] = -14, [14] = -17,
	[15] = -20,
};

static int ddt_priority_clamp(int priority)
{
	return clamp(priority, DDT_PRIORITY_MIN, DDT_PRIORITY_MAX);
}

static int ddt_priority_increment(const struct ddt_priority *priority)
{
	if (priority->saturation)
		return priority->saturation * DDT_SATURATION;
	return priority->increment;
}

/* A change of the base takes a current priority that was set along with it. */
static int ddt_priority_shift(const struct ddt_priority *priority, int base)
{
	int ahead = max(priority->current_increment - priority->increment, 0);

	return ddt_priority_clamp(base + ahead);
}

static void ddt_thread_apply_priority(struct ddt_thread *thread, int priority)
{
	lockdep_assert_held(&thread->priority.lock);

	thread->priority.current_increment = priority - DDT_PRIORITY_SYSTEM;
	/* Fails if the thread has ended, and then it does not matter. */
	ddt_thread_set_nice(thread,
			    ddt_priority_nice[ddt_priority_clamp(priority)]);
}

int ddt_thread_set_increment(struct ddt_thread *thread, int increment)
{
	struct ddt_priority *priority = &thread->priority;
	int base, current_priority, previous;

	/* Not beyond what saturates, lest the sum overflows. */
	increment = clamp(increment, -DDT_SATURATION, DDT_SATURATION);

	mutex_lock(&priority->lock);
	previous = ddt_priority_increment(priority);
	base = ddt_priority_clamp(DDT_PRIORITY_SYSTEM + increment);
	if (abs(increment) == DDT_SATURATION) {
		priority->saturation = increment / DDT_SATURATION;
		current_priority = base;
	} else {
		priority->saturation = 0;
		current_priority = ddt_priority_shift(priority, base);
	}
	priority->increment = base - DDT_PRIORITY_SYSTEM;
	ddt_thread_apply_priority(thread, current_priority);
	mutex_unlock(&priority->lock);
	return previous;
}
EXPORT_SYMBOL_GPL(ddt_thread_set_increment);

int ddt_thread_increment(struct ddt_thread *thread)
{
	struct ddt_priority *priority = &thread->priority;
	int increment;

	mutex_lock(&priority->lock);
	increment = ddt_priority_increment(priority);
	mutex_unlock(&priority->lock);
	return increment;
}
EXPORT_SYMBOL_GPL(ddt_thread_increment);

int ddt_thread_set_priority(struct ddt_thread *thread, int priority)
{
	int previous;

	mutex_lock(&thread->priority.lock);
	previous = DDT_PRIORITY_SYSTEM + thread->priority.current_increment;
	ddt_thread_apply_priority(thread, max(priority, DDT_PRIORITY_MIN));
	mutex_unlock(&thread->priority.lock);
	return previous;
}
EXPORT_SYMBOL_GPL(ddt_thread_set_priority);

int ddt_thread_priority(struct ddt_thread *thread)
{
	int priority;

	mutex_lock(&thread->priority.lock);
	priority = DDT_PRIORITY_SYSTEM + thread->priority.current_increment;
	mutex_unlock(&thread->priority.lock);
	return priority;
}
EXPORT_SYMBOL_GPL(ddt_thread_priority);
