// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - what the suites share, see helper.h
 */

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include <ddt/thread.h>

#include "helper.h"

/* After the first time that the patience was not enough: the run has failed. */
#define DDT_TEST_PATIENCE_LOST		2

static unsigned int patience = 30;
module_param(patience, uint, 0444);
MODULE_PARM_DESC(patience, "for how many seconds a test waits for what should be so soon");

static bool ddt_test_failed;

struct ddt_test {
	struct list_head exits;
	struct list_head threads;
	struct list_head memory;
	bool stuck;
};

struct ddt_test_exit {
	struct list_head link;
	int (*fn)(void *context);
	void *context;
};

struct ddt_test_memory {
	struct list_head link;
	u64 data[];
};

int ddt_test_init(struct kunit *test)
{
	struct ddt_test *priv = kzalloc(sizeof(*priv), GFP_KERNEL);

	if (!priv)
		return -ENOMEM;
	INIT_LIST_HEAD(&priv->exits);
	INIT_LIST_HEAD(&priv->threads);
	INIT_LIST_HEAD(&priv->memory);
	test->priv = priv;
	return 0;
}

/* In jiffies. */
static unsigned long ddt_test_bound(void)
{
	return HZ * (READ_ONCE(ddt_test_failed) ? DDT_TEST_PATIENCE_LOST :
						  patience);
}

bool ddt_test_late(unsigned long begin)
{
	if (time_before(jiffies, begin + ddt_test_bound()))
		return false;
	WRITE_ONCE(ddt_test_failed, true);
	return true;
}

bool ddt_test_signaled(struct ddt_object *object)
{
	u64 bound = jiffies64_to_nsecs(ddt_test_bound());

	if (!ddt_wait(object, 0, bound))
		return true;
	WRITE_ONCE(ddt_test_failed, true);
	return false;
}

void *ddt_test_alloc(struct kunit *test, size_t size)
{
	struct ddt_test *priv = test->priv;
	struct ddt_test_memory *memory;

	memory = kzalloc(sizeof(*memory) + size, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, !!memory);
	list_add(&memory->link, &priv->memory);
	return memory->data;
}

void ddt_test_at_exit(struct kunit *test, int (*fn)(void *context),
		      void *context)
{
	struct ddt_test_exit *action = ddt_test_alloc(test, sizeof(*action));
	struct ddt_test *priv = test->priv;

	action->fn = fn;
	action->context = context;
	list_add(&action->link, &priv->exits);
}

static int ddt_test_main(void *data)
{
	struct ddt_test_thread *thread = data;

	complete(&thread->begun);
	thread->result = thread->fn(thread->context);
	complete_all(&thread->ended);
	module_put_and_kthread_exit(0);
}

struct ddt_test_thread *ddt_test_start(struct kunit *test,
				       int (*fn)(void *context), void *context)
{
	struct ddt_test_thread *thread = ddt_test_alloc(test, sizeof(*thread));
	struct ddt_test *priv = test->priv;
	struct task_struct *task;

	thread->fn = fn;
	thread->context = context;
	init_completion(&thread->begun);
	init_completion(&thread->ended);
	task = kthread_create(ddt_test_main, thread, "ddt_test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));

	thread->task = get_task_struct(task);
	list_add_tail(&thread->link, &priv->threads);
	__module_get(THIS_MODULE);
	wake_up_process(task);
	wait_for_completion(&thread->begun);
	return thread;
}

int ddt_test_join(struct ddt_test_thread *thread)
{
	if (!wait_for_completion_timeout(&thread->ended, ddt_test_bound())) {
		WRITE_ONCE(ddt_test_failed, true);
		return -EINPROGRESS;
	}
	return thread->result;
}

int ddt_test_call(struct kunit *test, int (*fn)(void *context), void *context)
{
	return ddt_test_join(ddt_test_start(test, fn, context));
}

static int ddt_test_call_kthread_stop(void *context)
{
	struct ddt_test_thread *thread = context;

	kthread_stop(thread->task);
	return 0;
}

struct ddt_test_thread *ddt_test_stop(struct kunit *test,
				      struct ddt_test_thread *thread)
{
	thread->stopped = true;
	return ddt_test_start(test, ddt_test_call_kthread_stop, thread);
}

static void ddt_test_run_exits(struct kunit *test)
{
	struct ddt_test *priv = test->priv;
	struct ddt_test_thread *thread;
	struct ddt_test_exit *action;

	list_for_each_entry(action, &priv->exits, link) {
		thread = ddt_test_start(test, action->fn, action->context);
		if (ddt_test_join(thread) == -EINPROGRESS) {
			KUNIT_FAIL(test, "clean-up hangs: %ps", action->fn);
			priv->stuck = true;
		}
	}
}

/* Tells all threads to stop that have not ended, and waits for their end. */
static void ddt_test_reap_threads(struct kunit *test)
{
	struct ddt_test *priv = test->priv;
	struct ddt_test_thread *thread, *last;

	if (list_empty(&priv->threads))
		return;
	last = list_last_entry(&priv->threads, struct ddt_test_thread, link);
	list_for_each_entry(thread, &priv->threads, link) {
		if (!completion_done(&thread->ended) && !thread->stopped &&
		    thread->fn != ddt_test_call_kthread_stop)
			ddt_test_stop(test, thread);
		if (thread == last)	/* then come those that stop others */
			break;
	}

	list_for_each_entry(thread, &priv->threads, link) {
		if (ddt_test_join(thread) == -EINPROGRESS) {
			KUNIT_FAIL(test, "thread hangs: %ps", thread->fn);
			priv->stuck = true;
			return;
		}
		/* It gives back the module after its end: wait for that. */
		if (!thread->stopped)
			kthread_stop(thread->task);
		put_task_struct(thread->task);
	}
}

void ddt_test_exit(struct kunit *test)
{
	struct ddt_test *priv = test->priv;
	struct ddt_test_memory *memory, *next;

	if (!priv)
		return;
	ddt_test_run_exits(test);

	ddt_test_reap_threads(test);
	if (priv->stuck)
		return;
	list_for_each_entry_safe(memory, next, &priv->memory, link)
		kfree(memory);
	kfree(priv);
}

static bool ddt_test_task_waits(struct task_struct *task)
{
	return READ_ONCE(task->__state) == TASK_IDLE;
}

bool ddt_test_ended(struct ddt_test_thread *thread)
{
	return completion_done(&thread->ended);
}

bool ddt_test_waits(struct ddt_test_thread *thread)
{
	return ddt_test_task_waits(thread->task);
}

bool ddt_test_thread_waits(struct ddt_thread *thread)
{
	struct ddt_thread_usage usage;
	struct task_struct *task;
	bool waits;

	ddt_thread_usage(thread, &usage);
	rcu_read_lock();
	task = pid_task(find_vpid(usage.pid), PIDTYPE_PID);
	waits = task && ddt_test_task_waits(task);
	rcu_read_unlock();
	return waits;
}

bool ddt_test_thread_settles(struct ddt_thread *thread)
{
	struct ddt_thread_usage before, after;

	ddt_thread_usage(thread, &before);
	usleep_range(5000, 6000);
	ddt_thread_usage(thread, &after);
	return ddt_test_thread_waits(thread) &&
	       before.switches == after.switches;
}

bool ddt_test_round(unsigned int i, unsigned int rounds, unsigned int ms,
		    unsigned long begin)
{
	return i < 4 ||
	       (i < rounds && time_before(jiffies,
					  begin + msecs_to_jiffies(ms)));
}

void ddt_test_pin(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
}

static int ddt_test_race_main(void *context)
{
	struct ddt_test_race *race = context;
	unsigned int begun;

	set_cpus_allowed_ptr(current, cpumask_of(cpumask_last(cpu_online_mask)));
	while (!kthread_should_stop()) {
		/* Pairs with the release in ddt_test_race_round(). */
		begun = smp_load_acquire(&race->begun);
		if (begun == race->ended) {
			cpu_relax();
			cond_resched();
			continue;
		}
		ndelay(ddt_test_random(500));
		race->there(race->context);
		/* Pairs with the acquire in ddt_test_race_round(). */
		smp_store_release(&race->ended, begun);
	}
	return 0;
}

struct ddt_test_race *ddt_test_race_start(struct kunit *test,
					  void (*there)(void *context),
					  void *context)
{
	struct ddt_test_race *race = ddt_test_alloc(test, sizeof(*race));

	race->there = there;
	race->context = context;
	ddt_test_start(test, ddt_test_race_main, race);
	return race;
}

bool ddt_test_race_round(struct ddt_test_race *race,
			 void (*here)(void *context))
{
	unsigned int begun = race->begun + 1;

	/* Pairs with the acquire in ddt_test_race_main(). */
	smp_store_release(&race->begun, begun);
	ndelay(ddt_test_random(1000));
	here(race->context);
	/* Pairs with the release there. */
	return ddt_test_until(smp_load_acquire(&race->ended) == begun);
}

u32 ddt_test_random(u32 n)
{
	return get_random_u32() % n;
}

void ddt_test_jitter(void)
{
	switch (ddt_test_random(8)) {
	case 0:
		usleep_range(1, 50);
		break;
	case 1:
	case 2:
		udelay(ddt_test_random(20));
		break;
	case 3:
	case 4:
		cond_resched();
		break;
	default:
		break;
	}
}

MODULE_DESCRIPTION("KUnit tests of device-dedicated threads");
MODULE_VERSION(DDT_VERSION);
MODULE_LICENSE("GPL");
