// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_objects.c - dispatcher objects and threads
 *
 * Movers take tokens from semaphores, by all kinds of waits, and give them to
 * others: none is lost and none is made. Among the objects is an event that is
 * used as a lock. A host and its guests meet at two events, and acknowledge with
 * semaphores: they wait without a timeout, so that a lost wakeup is found.
 * Parents create threads and stop them.
 */

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "../../module/compat.h"
#include "torture.h"

#define TORTURE_SEMAPHORES	8U
#define TORTURE_TOKENS		16
#define TORTURE_OBJECTS		(TORTURE_SEMAPHORES + 1)
#define TORTURE_MOVERS		3U
#define TORTURE_GUESTS		3U
#define TORTURE_PARENTS		2U

static struct ddt_semaphore torture_sems[TORTURE_SEMAPHORES];
static struct ddt_event torture_lock;	/* set: free */
static unsigned int torture_lock_holder;
static u64 torture_locked;		/* counts, under that lock */
static atomic64_t torture_locks;

static struct ddt_event torture_come, torture_go;
static struct ddt_semaphore torture_here[TORTURE_GUESTS];

static struct ddt_object *torture_object(unsigned int i)
{
	return i < TORTURE_SEMAPHORES ? &torture_sems[i].object :
					&torture_lock.object;
}

/* Some of all objects, in random order. */
static void torture_choose(struct rnd_state *rnd, struct ddt_object **objects)
{
	unsigned int i, other;

	for (i = 0; i < TORTURE_OBJECTS; i++) {
		other = torture_random(rnd, i + 1);
		objects[i] = objects[other];
		objects[other] = torture_object(i);
	}
}

/* A mover has taken from @object, and gives to any. */
static void torture_took(struct rnd_state *rnd, struct ddt_object *object)
{
	unsigned int i = torture_random(rnd, TORTURE_SEMAPHORES);
	s32 count;

	if (object == &torture_lock.object) {
		if (xchg(&torture_lock_holder, 1))
			torture_fail(NULL, "an event ended two waits");
		torture_locked++;
		atomic64_inc(&torture_locks);
		xchg(&torture_lock_holder, 0);
		if (ddt_event_set(&torture_lock))
			torture_fail(NULL, "an event was set meanwhile");
		return;
	}
	count = ddt_semaphore_release(&torture_sems[i], 1);
	if (count < 0 || count >= TORTURE_TOKENS)
		torture_fail(NULL, "ddt_semaphore_release() returned %d",
			     count);
}

static void torture_mover_round(struct torture_thread *thread)
{
	struct ddt_object *objects[TORTURE_OBJECTS];
	struct ddt_wait_block blocks[TORTURE_OBJECTS];
	struct rnd_state *rnd = &thread->rnd;
	unsigned int n = 1 + torture_random(rnd, torture_one_in(rnd, 4) ?
					    TORTURE_OBJECTS : 4);
	unsigned int kind = torture_random(rnd, 5), flags, i;
	bool all = kind == 2 || kind == 4;
	ktime_t timeout, begin;
	int ret;

	torture_choose(rnd, objects);
	do {
		timeout = torture_timeout(rnd, &flags);
	} while (timeout == DDT_FOREVER);
	begin = ktime_get();
	torture_call(thread, "a wait for tokens");
	switch (kind) {
	case 0:
		n = 1;
		ret = ddt_wait(objects[0], flags, timeout);
		break;
	case 1:
		ret = ddt_wait_any(objects, n, flags, timeout);
		break;
	case 2:
		ret = ddt_wait_all(objects, n, flags, timeout);
		break;
	default:
		ret = ddt_wait_blocks(objects, n, all, flags, timeout, blocks);
	}
	torture_return(thread);

	if (ret >= (int)n || (all && ret > 0)) {
		torture_fail(NULL, "a wait for %u objects returned %d", n, ret);
	} else if (ret >= 0 && all) {
		for (i = 0; i < n; i++)
			torture_took(rnd, objects[i]);
		torture_count(TORTURE_COUNT_WAITS);
	} else if (ret >= 0) {
		torture_took(rnd, objects[ret]);
		torture_count(TORTURE_COUNT_WAITS);
	} else if (ret == -ETIME) {
		if (!torture_timeout_over(flags, timeout, begin))
			torture_fail(NULL, "a wait timed out too early");
		torture_count(TORTURE_COUNT_WAIT_TIMEOUTS);
	} else if (ret == -EINTR) {
		if (!(flags & DDT_WAIT_ALERTABLE) || !kthread_should_stop())
			torture_fail(NULL,
				     "a wait was interrupted without a stop");
	} else if (ret != -ENOMEM) {
		torture_fail(NULL, "a wait returned %d", ret);
	}
	if (torture_one_in(rnd, 16) &&
	    ddt_semaphore_release(&torture_sems[n % TORTURE_SEMAPHORES],
				  TORTURE_TOKENS + 1) != -EOVERFLOW)
		torture_fail(NULL, "a semaphore went past its limit");
	torture_sleep(10, 4000);
}

/* Returns false if the thread must end. */
static bool torture_met(int ret)
{
	if (ret == -EINTR && kthread_should_stop())
		return false;
	if (ret)
		torture_fail(NULL, "a wait at a meeting returned %d", ret);
	return !ret;
}

static bool torture_answer(struct torture_thread *thread,
			   struct ddt_event *event)
{
	int ret;

	torture_call(thread, "a wait for an event");
	/* With a timeout now and then, which another wait follows. */
	do {
		ret = ddt_wait(&event->object, DDT_WAIT_ALERTABLE,
			       torture_one_in(&thread->rnd, 4) ?
			       torture_random(&thread->rnd, 300000) :
			       DDT_FOREVER);
	} while (ret == -ETIME);
	torture_return(thread);
	if (!torture_met(ret))
		return false;
	if (ddt_semaphore_release(&torture_here[thread->index], 1))
		torture_fail(NULL, "a guest came twice");
	return true;
}

static void torture_guest_round(struct torture_thread *thread)
{
	if (torture_answer(thread, &torture_come))
		torture_answer(thread, &torture_go);
}

/* Sets an event and waits until all guests have seen it. */
static bool torture_call_guests(struct torture_thread *thread,
				struct ddt_event *event)
{
	struct ddt_object *objects[TORTURE_GUESTS];
	unsigned int i;
	int ret;

	for (i = 0; i < TORTURE_GUESTS; i++)
		objects[i] = &torture_here[i].object;
	if (ddt_event_set(event))
		torture_fail(NULL, "an event was set meanwhile");
	torture_call(thread, "a wait for the guests");
	ret = ddt_wait_all(objects, TORTURE_GUESTS, DDT_WAIT_ALERTABLE,
			   DDT_FOREVER);
	torture_return(thread);
	if (!torture_met(ret))
		return false;
	if (!ddt_event_reset(event))
		torture_fail(NULL, "an event was reset meanwhile");
	return true;
}

static void torture_host_round(struct torture_thread *thread)
{
	if (torture_call_guests(thread, &torture_come) &&
	    torture_call_guests(thread, &torture_go))
		torture_count(TORTURE_COUNT_MEETINGS);
	torture_sleep(20, 4000);
}

/* Threads */

enum torture_child_kind {
	TORTURE_CHILD_RETURNS,
	TORTURE_CHILD_EXITS,
	TORTURE_CHILD_SLEEPS,
	TORTURE_CHILD_IS_STOPPED,
	TORTURE_CHILD_WAITS,
	TORTURE_CHILD_KINDS,
};

struct torture_child {
	enum torture_child_kind kind;
	u32 sleep_ns;
	int code;
	atomic_t ran;
	struct ddt_event begin;
	struct ddt_event *done;		/* freed as soon as it is set */
	struct ddt_thread *thread;
	struct work_struct stop_work;
};

static int torture_child_fn(void *context)
{
	struct torture_child *child = context;
	int ret;

	atomic_inc(&child->ran);
	switch (child->kind) {
	case TORTURE_CHILD_SLEEPS:
		if (ddt_delay(0, child->sleep_ns))
			torture_fail(NULL, "a delay of a thread ended");
		break;
	case TORTURE_CHILD_IS_STOPPED:
		ret = ddt_delay(DDT_WAIT_ALERTABLE, DDT_FOREVER);
		if (ret != -EINTR || !kthread_should_stop())
			torture_fail(NULL, "a delay without end returned %d",
				     ret);
		break;
	case TORTURE_CHILD_WAITS:
		ret = ddt_wait(&child->begin.object, 0, DDT_FOREVER);
		if (ret)
			torture_fail(NULL, "a wait without end returned %d",
				     ret);
		break;
	default:
		break;
	}
	ddt_event_set(child->done);
	if (child->kind == TORTURE_CHILD_EXITS)
		ddt_thread_exit(child->code);
	return child->code;
}

static void torture_child_stop_work(struct work_struct *work)
{
	struct torture_child *child =
		container_of(work, struct torture_child, stop_work);

	if (ddt_thread_stop(child->thread))
		torture_fail(NULL, "ddt_thread_stop() failed");
	ddt_thread_put(child->thread);
}

static int torture_kept_increment(int increment)
{
	if (increment >= 16)
		return 16;
	if (increment <= -16)
		return -16;
	return clamp(increment, -7, 7);
}

static void torture_child_priority(struct rnd_state *rnd,
				   struct ddt_thread *thread)
{
	int increment = (int)torture_random(rnd, 40) - 20, nice, ret;

	ret = ddt_thread_set_increment(thread, increment);
	if (ret)
		torture_fail(NULL, "a new thread has increment %d", ret);
	ret = ddt_thread_set_increment(thread, 0);
	if (ret != torture_kept_increment(increment))
		torture_fail(NULL, "increment %d was kept as %d", increment,
			     ret);
	nice = (int)torture_random(rnd, 40) - 20;
	ret = ddt_thread_set_nice(thread, nice);
	if (ret && ret != -ESRCH)
		torture_fail(NULL, "ddt_thread_set_nice() returned %d", ret);
	if (!ret && ddt_thread_nice(thread) != nice)
		torture_fail(NULL, "nice %d was set and is %d", nice,
			     ddt_thread_nice(thread));
}

static void torture_child_end(struct torture_thread *parent,
			      struct torture_child *child)
{
	struct ddt_object *object = ddt_thread_object(child->thread);
	bool helped = torture_one_in(&parent->rnd, 2);
	bool stops = child->kind == TORTURE_CHILD_IS_STOPPED ||
		     torture_one_in(&parent->rnd, 2);
	int code;

	torture_call(parent, "a wait for a thread to be done");
	if (child->kind == TORTURE_CHILD_WAITS)
		ddt_event_set(&child->begin);
	if (stops && helped) {
		ddt_thread_get(child->thread);
		queue_work(torture_workqueue, &child->stop_work);
	}
	if (stops && ddt_thread_stop(child->thread))
		torture_fail(NULL, "ddt_thread_stop() failed");
	if (ddt_wait(&child->done->object, 0, DDT_FOREVER))
		torture_fail(NULL, "a wait without end has ended");
	kfree(child->done);
	torture_call(parent, "a wait for a thread to end");
	if (ddt_wait(object, 0, DDT_FOREVER) || ddt_wait(object, 0, 0))
		torture_fail(NULL, "a thread that has ended is not signaled");
	if (ddt_thread_exit_code(child->thread, &code) || code != child->code)
		torture_fail(NULL, "a thread's exit code is wrong");
	if (atomic_read(&child->ran) != 1)
		torture_fail(NULL, "a thread's function ran %d times",
			     atomic_read(&child->ran));
	ddt_thread_put(child->thread);
	if (stops && helped)
		flush_work(&child->stop_work);
	torture_return(parent);
}

static void torture_parent_round(struct torture_thread *parent)
{
	struct rnd_state *rnd = &parent->rnd;
	struct ddt_thread_attr attr = {
		.name = "torture_child",
		.nice = (int)torture_random(rnd, 40) - 20,
		.batch = torture_one_in(rnd, 4),
	};
	struct torture_child child = {
		.kind = torture_random(rnd, TORTURE_CHILD_KINDS),
		.sleep_ns = torture_random(rnd, 300000),
		.code = torture_random(rnd, 1000),
	};
	unsigned int flags;
	ktime_t timeout, begin;
	int ret;

	child.done = kzalloc_obj(*child.done, GFP_KERNEL);
	if (!child.done)
		return;
	ddt_event_init(child.done, DDT_EVENT_MANUAL, false);
	ddt_event_init(&child.begin, DDT_EVENT_AUTO, false);
	INIT_WORK_ONSTACK(&child.stop_work, torture_child_stop_work);
	torture_call(parent, "ddt_thread_create()");
	child.thread = ddt_thread_create(torture_child_fn, &child, &attr);
	torture_return(parent);
	if (IS_ERR(child.thread)) {
		if (PTR_ERR(child.thread) != -ENOMEM)
			torture_fail(NULL, "ddt_thread_create() returned %ld",
				     PTR_ERR(child.thread));
		kfree(child.done);
		goto destroy;
	}
	if (torture_one_in(rnd, 2))
		torture_child_priority(rnd, child.thread);
	if (torture_one_in(rnd, 2)) {
		do {
			timeout = torture_timeout(rnd, &flags);
		} while (timeout == DDT_FOREVER);
		begin = ktime_get();
		ret = ddt_wait(ddt_thread_object(child.thread), flags, timeout);
		if (ret == -ETIME && !torture_timeout_over(flags, timeout,
							   begin))
			torture_fail(NULL, "a wait timed out too early");
		if (!ret && (child.kind == TORTURE_CHILD_IS_STOPPED ||
			     child.kind == TORTURE_CHILD_WAITS))
			torture_fail(NULL, "a thread has ended by itself");
	}
	torture_child_end(parent, &child);
	torture_count(TORTURE_COUNT_THREADS);
destroy:
	destroy_work_on_stack(&child.stop_work);
	torture_sleep(200, 50000);
}

/* When all threads are parked. */
void torture_objects_check(void)
{
	s32 tokens = 0;
	unsigned int i;

	for (i = 0; i < TORTURE_SEMAPHORES; i++)
		tokens += ddt_semaphore_count(&torture_sems[i]);
	if (tokens != TORTURE_TOKENS)
		torture_fail(NULL, "%d tokens are left of %d", tokens,
			     TORTURE_TOKENS);
	if (!ddt_event_is_set(&torture_lock))
		torture_fail(NULL, "the signal of an event was lost");
	if (torture_locked != atomic64_read(&torture_locks))
		torture_fail(NULL, "locked %lld times, counted %llu",
			     atomic64_read(&torture_locks), torture_locked);
}

int torture_objects_start(void)
{
	struct torture_thread *thread;
	unsigned int i;

	for (i = 0; i < TORTURE_SEMAPHORES; i++)
		ddt_semaphore_init(&torture_sems[i],
				   TORTURE_TOKENS / TORTURE_SEMAPHORES,
				   TORTURE_TOKENS);
	ddt_event_init(&torture_lock, DDT_EVENT_AUTO, true);
	ddt_event_init(&torture_come, DDT_EVENT_MANUAL, false);
	ddt_event_init(&torture_go, DDT_EVENT_MANUAL, false);
	for (i = 0; i < TORTURE_GUESTS; i++) {
		ddt_semaphore_init(&torture_here[i], 0, 1);
		thread = torture_start("guest", i, NULL, false,
				       torture_guest_round);
		if (IS_ERR(thread))
			return PTR_ERR(thread);
	}
	thread = torture_start("host", 0, NULL, false, torture_host_round);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	for (i = 0; i < TORTURE_MOVERS; i++) {
		thread = torture_start("mover", i, NULL, true,
				       torture_mover_round);
		if (IS_ERR(thread))
			return PTR_ERR(thread);
	}
	for (i = 0; i < TORTURE_PARENTS; i++) {
		thread = torture_start("parent", i, NULL, true,
				       torture_parent_round);
		if (IS_ERR(thread))
			return PTR_ERR(thread);
	}
	return 0;
}
