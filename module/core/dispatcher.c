// SPDX-License-Identifier: GPL-2.0-only
/*
 * dispatcher.c - objects that a thread can wait for
 *
 * A waiter puts one block on the list of each object it waits for and sleeps.
 * The waker, which signals an object, hands the signal to the first waiters in
 * its list: it claims the waiter, consumes the signal on its behalf and removes
 * its block. A waiter is claimed once, by the signal of one object or by itself
 * when its time is up (ddt_waiter_claim()); therefore a signal is consumed if
 * and only if it is reported.
 *
 * The waker unlocks the object, wakes the waiter and then stores its result
 * (ddt_object_unlock()), without which the waiter does not return. So neither
 * the waiter nor its task goes away under the waker; and the waiter may free the
 * object as soon as it returns. It removes blocks that are still in lists under
 * the locks of their objects. A wait for one object that its signal has ended
 * takes the lock only once.
 *
 * Locking: an object is protected by its own lock, unless it is in a wait for
 * all of several objects. Such a wait must see all its objects at once;
 * therefore an object that has such waiters is protected by ddt_all_lock
 * instead, together with all the others. ddt_object_lock() takes the right one.
 * The number of such waiters changes only under both locks.
 *
 * A monitor (dispatcher.h) is a semaphore whose lock its owner uses too.
 */

#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <ddt/dispatcher.h>

#include "dispatcher.h"

/* Results of a wait that has not ended; else an index or a negative errno. */
#define DDT_WAIT_PENDING	INT_MAX
#define DDT_WAIT_CLAIMED	(INT_MAX - 1)	/* the result comes at once */

/* A wait for up to so many objects allocates no memory. */
#define DDT_STACK_BLOCKS	4

struct ddt_waiter {
	struct task_struct *task;
	int result;			/* see ddt_waiter_claim() */
	bool all;
	unsigned int count;
	struct ddt_wait_block *blocks;
	/* For the waker: */
	int outcome;			/* what the result will be */
	struct ddt_waiter *next;	/* to be woken */
};

/* Protects all objects that have waiters for all of several objects. */
static DEFINE_RAW_SPINLOCK(ddt_all_lock);

/*
 * Returns the lock that protects @object, taken. As long as it is held only its
 * holder can make the object's number of all-waiters become or cease to be 0.
 */
static raw_spinlock_t *ddt_object_lock(struct ddt_object *object,
				       unsigned long *irqflags)
	__acquires(&object->lock)
{
	bool all;

	for (;;) {
		raw_spin_lock_irqsave(&object->lock, *irqflags);
		if (likely(!object->all_waiters))
			return &object->lock;
		raw_spin_unlock_irqrestore(&object->lock, *irqflags);

		raw_spin_lock_irqsave(&ddt_all_lock, *irqflags);
		raw_spin_lock(&object->lock);
		all = object->all_waiters;
		raw_spin_unlock(&object->lock);
		if (all)
			return &ddt_all_lock;
		raw_spin_unlock_irqrestore(&ddt_all_lock, *irqflags);
	}
}

/* @claimed: the waiters that ddt_object_wake() has claimed, or NULL. */
static void ddt_object_unlock(raw_spinlock_t *lock, unsigned long irqflags,
			      struct ddt_waiter *claimed)
	__releases(lock)
{
	struct ddt_waiter *waiter;

	preempt_disable();
	raw_spin_unlock(lock);
	while ((waiter = claimed)) {
		claimed = waiter->next;
		wake_up_process(waiter->task);
		/* Then it is gone. Pairs with ddt_waiter_result(). */
		smp_store_release(&waiter->result, waiter->outcome);
	}
	/* Not earlier: a claimed waiter may be spinning for its result. */
	local_irq_restore(irqflags);
	/* At last a task that was woken may preempt this one. */
	preempt_enable();
}

static bool ddt_object_signaled(const struct ddt_object *object)
{
	return object->state > 0;
}

/* Changes the state as the end of a wait does. */
static void ddt_object_consume(struct ddt_object *object)
{
	if (object->type == DDT_OBJECT_SEMAPHORE ||
	    object->type == DDT_OBJECT_EVENT_AUTO)
		WRITE_ONCE(object->state, object->state - 1);
}

/*
 * Ends a wait, unless it has ended already or is about to. The full barrier of
 * a successful cmpxchg() is between this and a wakeup; it pairs with the one in
 * set_current_state() of ddt_wait_sleep(). A waiter that was claimed need not
 * try.
 */
static bool ddt_waiter_claim(struct ddt_waiter *waiter, int result)
{
	return READ_ONCE(waiter->result) == DDT_WAIT_PENDING &&
	       cmpxchg(&waiter->result, DDT_WAIT_PENDING, result) ==
	       DDT_WAIT_PENDING;
}

/* For the waiter: its result, once the context that claimed it has stored it. */
static int ddt_waiter_result(struct ddt_waiter *waiter)
{
	return smp_cond_load_acquire(&waiter->result, VAL != DDT_WAIT_CLAIMED);
}

/*
 * Takes all the signals that a waiter waits for, if they are there and it can
 * be claimed. The caller holds ddt_all_lock, and all objects are under it.
 */
static bool ddt_waiter_claim_all(struct ddt_waiter *waiter, int result)
{
	unsigned int i;

	lockdep_assert_held(&ddt_all_lock);

	for (i = 0; i < waiter->count; i++)
		if (!ddt_object_signaled(waiter->blocks[i].object))
			return false;
	if (!ddt_waiter_claim(waiter, result))
		return false;
	for (i = 0; i < waiter->count; i++)
		ddt_object_consume(waiter->blocks[i].object);
	return true;
}

/*
 * Hands the signal of a locked object to its waiters. Puts them before those in
 * *@claimed, to be woken when the caller's lock is released.
 */
static void ddt_object_wake(struct ddt_object *object,
			    struct ddt_waiter **claimed)
{
	struct ddt_waiter *first = *claimed, **last = &first;
	struct ddt_wait_block *block, *next;

	list_for_each_entry_safe(block, next, &object->waiters, link) {
		struct ddt_waiter *waiter = block->waiter;

		if (!ddt_object_signaled(object))
			break;
		if (waiter->all) {
			if (!ddt_waiter_claim_all(waiter, DDT_WAIT_CLAIMED))
				continue;
			waiter->outcome = 0;
		} else {
			if (!ddt_waiter_claim(waiter, DDT_WAIT_CLAIMED))
				continue;
			ddt_object_consume(object);
			list_del_init(&block->link);
			waiter->outcome = block - waiter->blocks;
		}
		waiter->next = *claimed;
		*last = waiter;
		last = &waiter->next;
	}
	*claimed = first;
}

static void ddt_object_init(struct ddt_object *object,
			    enum ddt_object_type type, s32 state)
{
	raw_spin_lock_init(&object->lock);
	object->type = type;
	object->state = state;
	object->all_waiters = 0;
	INIT_LIST_HEAD(&object->waiters);
}

void ddt_object_init_thread(struct ddt_object *object)
{
	ddt_object_init(object, DDT_OBJECT_THREAD, 0);
}

/* Sets the state of a locked object to 1; returns whether it was signaled. */
static bool ddt_object_set(struct ddt_object *object,
			   struct ddt_waiter **claimed)
{
	if (ddt_object_signaled(object))
		return true;
	/* Pairs with ddt_object_read(). */
	smp_store_release(&object->state, 1);
	ddt_object_wake(object, claimed);
	return false;
}

/* As ddt_object_set(), for an object that is not locked. */
bool ddt_object_signal(struct ddt_object *object)
{
	struct ddt_waiter *claimed = NULL;
	unsigned long irqflags;
	raw_spinlock_t *lock;
	bool was_signaled;

	lock = ddt_object_lock(object, &irqflags);
	was_signaled = ddt_object_set(object, &claimed);
	ddt_object_unlock(lock, irqflags, claimed);
	return was_signaled;
}

/* Unlocked: the answer may be outdated when it arrives. */
bool ddt_object_read(const struct ddt_object *object)
{
	/*
	 * A reader that sees the signal sees what was done before it: pairs
	 * with ddt_object_set().
	 */
	return smp_load_acquire(&object->state) > 0;
}

int ddt_semaphore_init(struct ddt_semaphore *sem, s32 count, s32 limit)
{
	if (limit < 1 || count < 0 || count > limit)
		return -EINVAL;
	ddt_object_init(&sem->object, DDT_OBJECT_SEMAPHORE, count);
	sem->limit = limit;
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_semaphore_init);

int ddt_semaphore_release(struct ddt_semaphore *sem, u32 n)
{
	struct ddt_object *object = &sem->object;
	struct ddt_waiter *claimed = NULL;
	unsigned long irqflags;
	raw_spinlock_t *lock;
	int ret;

	lock = ddt_object_lock(object, &irqflags);
	ret = object->state;
	if (n > (u32)(sem->limit - ret)) {
		ret = -EOVERFLOW;
	} else {
		WRITE_ONCE(object->state, ret + n);
		ddt_object_wake(object, &claimed);
	}
	ddt_object_unlock(lock, irqflags, claimed);
	return ret;
}
EXPORT_SYMBOL_GPL(ddt_semaphore_release);

s32 ddt_semaphore_count(const struct ddt_semaphore *sem)
{
	return READ_ONCE(sem->object.state);
}
EXPORT_SYMBOL_GPL(ddt_semaphore_count);

void ddt_event_init(struct ddt_event *event, enum ddt_event_type type,
		    bool signaled)
{
	ddt_object_init(&event->object,
			type == DDT_EVENT_AUTO ? DDT_OBJECT_EVENT_AUTO :
						 DDT_OBJECT_EVENT_MANUAL,
			signaled);
}
EXPORT_SYMBOL_GPL(ddt_event_init);

bool ddt_event_set(struct ddt_event *event)
{
	return ddt_object_signal(&event->object);
}
EXPORT_SYMBOL_GPL(ddt_event_set);

bool ddt_event_reset(struct ddt_event *event)
{
	struct ddt_object *object = &event->object;
	unsigned long irqflags;
	raw_spinlock_t *lock;
	bool was_set;

	lock = ddt_object_lock(object, &irqflags);
	was_set = ddt_object_signaled(object);
	WRITE_ONCE(object->state, 0);
	ddt_object_unlock(lock, irqflags, NULL);
	return was_set;
}
EXPORT_SYMBOL_GPL(ddt_event_reset);

bool ddt_event_is_set(const struct ddt_event *event)
{
	return ddt_object_read(&event->object);
}
EXPORT_SYMBOL_GPL(ddt_event_is_set);

/* Brings an object under ddt_all_lock, which the caller holds, or back. */
static void ddt_object_add_all_waiter(struct ddt_object *object, int n)
{
	lockdep_assert_held(&ddt_all_lock);

	raw_spin_lock(&object->lock);
	object->all_waiters += n;
	raw_spin_unlock(&object->lock);
}

/* Takes the first signal there is. */
static int ddt_test_any(struct ddt_object *const *objects, unsigned int count)
{
	unsigned long irqflags;
	raw_spinlock_t *lock;
	bool signaled;
	unsigned int i;

	for (i = 0; i < count; i++) {
		lock = ddt_object_lock(objects[i], &irqflags);
		signaled = ddt_object_signaled(objects[i]);
		if (signaled)
			ddt_object_consume(objects[i]);
		ddt_object_unlock(lock, irqflags, NULL);
		if (signaled)
			return i;
	}
	return -ETIME;
}

/* Takes all the signals, if they are there. */
static int ddt_test_all(struct ddt_object *const *objects, unsigned int count)
{
	unsigned long irqflags;
	bool signaled = true;
	unsigned int i;

	raw_spin_lock_irqsave(&ddt_all_lock, irqflags);
	for (i = 0; i < count; i++) {
		ddt_object_add_all_waiter(objects[i], 1);
		signaled &= ddt_object_signaled(objects[i]);
	}
	for (i = 0; i < count; i++) {
		if (signaled)
			ddt_object_consume(objects[i]);
		ddt_object_add_all_waiter(objects[i], -1);
	}
	raw_spin_unlock_irqrestore(&ddt_all_lock, irqflags);
	return signaled ? 0 : -ETIME;
}

/* Takes the first signal there is, or else puts the blocks in the lists. */
static void ddt_wait_begin_any(struct ddt_waiter *waiter)
{
	unsigned long irqflags;
	raw_spinlock_t *lock;
	bool signaled;
	unsigned int i;

	for (i = 0; i < waiter->count; i++) {
		struct ddt_wait_block *block = &waiter->blocks[i];

		lock = ddt_object_lock(block->object, &irqflags);
		signaled = ddt_object_signaled(block->object);
		if (!signaled)
			list_add_tail(&block->link, &block->object->waiters);
		else if (ddt_waiter_claim(waiter, i))
			ddt_object_consume(block->object);
		ddt_object_unlock(lock, irqflags, NULL);
		if (signaled)
			break;
	}
}

static void ddt_wait_end_any(struct ddt_waiter *waiter)
{
	unsigned long irqflags;
	raw_spinlock_t *lock;
	unsigned int i;

	for (i = 0; i < waiter->count; i++) {
		struct ddt_wait_block *block = &waiter->blocks[i];

		/* Never put in a list, or removed by the waker. */
		if (list_empty(&block->link))
			continue;
		lock = ddt_object_lock(block->object, &irqflags);
		list_del(&block->link);
		ddt_object_unlock(lock, irqflags, NULL);
	}
}

/* Takes all the signals, or else puts the blocks in the lists. */
static void ddt_wait_begin_all(struct ddt_waiter *waiter)
{
	unsigned long irqflags;
	unsigned int i;

	raw_spin_lock_irqsave(&ddt_all_lock, irqflags);
	for (i = 0; i < waiter->count; i++) {
		struct ddt_wait_block *block = &waiter->blocks[i];

		ddt_object_add_all_waiter(block->object, 1);
		list_add_tail(&block->link, &block->object->waiters);
	}
	ddt_waiter_claim_all(waiter, 0);
	raw_spin_unlock_irqrestore(&ddt_all_lock, irqflags);
}

static void ddt_wait_end_all(struct ddt_waiter *waiter)
{
	unsigned long irqflags;
	unsigned int i;

	raw_spin_lock_irqsave(&ddt_all_lock, irqflags);
	for (i = 0; i < waiter->count; i++) {
		struct ddt_wait_block *block = &waiter->blocks[i];

		list_del(&block->link);
		ddt_object_add_all_waiter(block->object, -1);
	}
	raw_spin_unlock_irqrestore(&ddt_all_lock, irqflags);
}

/*
 * A kernel thread sleeps idle: it is neither load nor a hung task, and after
 * kthread_stop() it still sleeps as long as it means to.
 */
static unsigned int ddt_wait_state(unsigned int flags)
{
	if (current->flags & PF_KTHREAD)
		return TASK_IDLE;
	if (flags & DDT_WAIT_ALERTABLE)
		return TASK_INTERRUPTIBLE | TASK_FREEZABLE;
	/*
	 * Not freezable: the caller may hold a lock that another task needs
	 * before it can be frozen, for example a pipe's in splice().
	 */
	if (flags & DDT_WAIT_KILLABLE)
		return TASK_KILLABLE;
	return TASK_UNINTERRUPTIBLE;
}

static bool ddt_wait_alerted(unsigned int flags, unsigned int state)
{
	if (current->flags & PF_KTHREAD)
		return (flags & DDT_WAIT_ALERTABLE) && kthread_should_stop();
	return signal_pending_state(state, current);
}

/* Sleeps until @waiter is claimed, or returns why it will not be. */
static int ddt_wait_sleep(struct ddt_waiter *waiter, unsigned int flags,
			  ktime_t timeout)
{
	clockid_t clock = flags & DDT_WAIT_REALTIME ? CLOCK_REALTIME :
						      CLOCK_MONOTONIC;
	unsigned int state = ddt_wait_state(flags);
	int ret = -ETIME;

	if (timeout != DDT_FOREVER &&
	    !(flags & (DDT_WAIT_ABSOLUTE | DDT_WAIT_REALTIME)))
		timeout = ktime_add_safe(ktime_get(), timeout);
	for (;;) {
		/*
		 * First the state, then the conditions: a context that makes
		 * one true wakes this task afterwards. Pairs with
		 * ddt_waiter_claim() and with kthread_stop().
		 */
		set_current_state(state);
		if (READ_ONCE(waiter->result) != DDT_WAIT_PENDING)
			break;
		if (ddt_wait_alerted(flags, state)) {
			ret = -EINTR;
			break;
		}
		if (timeout == DDT_FOREVER)
			schedule();
		else if (!schedule_hrtimeout_range_clock(&timeout, 0,
							 HRTIMER_MODE_ABS,
							 clock))
			break;
	}
	__set_current_state(TASK_RUNNING);
	return ret;
}

static int ddt_wait_objects(struct ddt_waiter *waiter,
			    struct ddt_object *const *objects,
			    unsigned int flags, ktime_t timeout)
{
	unsigned int i;
	int ret;

	for (i = 0; i < waiter->count; i++) {
		waiter->blocks[i].object = objects[i];
		waiter->blocks[i].waiter = waiter;
		INIT_LIST_HEAD(&waiter->blocks[i].link);
	}

	if (waiter->all)
		ddt_wait_begin_all(waiter);
	else
		ddt_wait_begin_any(waiter);

	if (READ_ONCE(waiter->result) == DDT_WAIT_PENDING)
		ddt_waiter_claim(waiter,
				 ddt_wait_sleep(waiter, flags, timeout));
	ret = ddt_waiter_result(waiter);

	if (waiter->all)
		ddt_wait_end_all(waiter);
	else
		ddt_wait_end_any(waiter);
	return ret;
}

static int ddt_wait_many(struct ddt_object *const *objects, unsigned int count,
			 bool all, unsigned int flags, ktime_t timeout,
			 struct ddt_wait_block *blocks)
{
	struct ddt_wait_block stack_blocks[DDT_STACK_BLOCKS];
	struct ddt_waiter waiter = {
		.task = current,
		.result = DDT_WAIT_PENDING,
		.all = all,
		.count = count,
		.blocks = blocks ?: stack_blocks,
	};
	int ret;

	if (flags & ~DDT_WAIT_FLAGS)
		return -EINVAL;
	/* A test needs no blocks, and so no memory. */
	if (timeout <= 0)
		return all ? ddt_test_all(objects, count) :
			     ddt_test_any(objects, count);

	might_sleep();
	if (!blocks && count > DDT_STACK_BLOCKS) {
		waiter.blocks = kmalloc_array(count, sizeof(*waiter.blocks),
					      GFP_KERNEL);
		if (!waiter.blocks)
			return -ENOMEM;
	}
	ret = ddt_wait_objects(&waiter, objects, flags, timeout);
	if (!blocks && waiter.blocks != stack_blocks)
		kfree(waiter.blocks);
	return ret;
}

int ddt_wait_blocks(struct ddt_object *const *objects, unsigned int count,
		    bool all, unsigned int flags, ktime_t timeout,
		    struct ddt_wait_block *blocks)
{
	unsigned int i, j;

	if (!count || count > DDT_MAX_WAIT_OBJECTS)
		return -EINVAL;
	for (i = 0; all && i < count; i++)
		for (j = 0; j < i; j++)
			if (objects[i] == objects[j])
				return -EINVAL;
	return ddt_wait_many(objects, count, all, flags, timeout, blocks);
}
EXPORT_SYMBOL_GPL(ddt_wait_blocks);

int ddt_wait(struct ddt_object *object, unsigned int flags, ktime_t timeout)
{
	return ddt_wait_many(&object, 1, false, flags, timeout, NULL);
}
EXPORT_SYMBOL_GPL(ddt_wait);

int ddt_wait_any(struct ddt_object *const *objects, unsigned int count,
		 unsigned int flags, ktime_t timeout)
{
	return ddt_wait_blocks(objects, count, false, flags, timeout, NULL);
}
EXPORT_SYMBOL_GPL(ddt_wait_any);

int ddt_wait_all(struct ddt_object *const *objects, unsigned int count,
		 unsigned int flags, ktime_t timeout)
{
	return ddt_wait_blocks(objects, count, true, flags, timeout, NULL);
}
EXPORT_SYMBOL_GPL(ddt_wait_all);

/* @key: the class of the lock, which other objects are locked under. */
void ddt_monitor_init(struct ddt_monitor *monitor, struct lock_class_key *key)
{
	ddt_semaphore_init(&monitor->ready, 0, 1);
	lockdep_set_class(&monitor->ready.object.lock, key);
	monitor->claimed = NULL;
}

/* ddt_monitor_unlock() where there are waiters to be woken. */
void ddt_monitor_unlock_and_wake(struct ddt_monitor *monitor)
	__releases(&monitor->ready.object.lock)
{
	struct ddt_waiter *claimed = monitor->claimed;

	monitor->claimed = NULL;
	ddt_object_unlock(&monitor->ready.object.lock, monitor->irqflags,
			  claimed);
}

/* Releases the semaphore of a locked monitor, unless its count is 1 already. */
void ddt_monitor_release(struct ddt_monitor *monitor)
{
	ddt_monitor_assert_held(monitor);

	ddt_object_set(&monitor->ready.object, &monitor->claimed);
}

/* Sets an event; its waiters are woken when the monitor is unlocked. */
void ddt_monitor_set_event(struct ddt_monitor *monitor, struct ddt_event *event)
{
	unsigned long irqflags;
	raw_spinlock_t *lock;

	ddt_monitor_assert_held(monitor);

	lock = ddt_object_lock(&event->object, &irqflags);
	ddt_object_set(&event->object, &monitor->claimed);
	raw_spin_unlock_irqrestore(lock, irqflags);
}

/*
 * ddt_wait() for the semaphore of a locked monitor, which is unlocked while it
 * waits and locked again when it returns. Tests the semaphore even if the time
 * is up.
 */
int ddt_monitor_wait(struct ddt_monitor *monitor, unsigned int flags,
		     ktime_t timeout)
	__must_hold(&monitor->ready.object.lock)
{
	struct ddt_object *object = &monitor->ready.object;
	struct ddt_wait_block block = { .object = object };
	struct ddt_waiter waiter = {
		.task = current,
		.result = DDT_WAIT_PENDING,
		.count = 1,
		.blocks = &block,
	};
	int ret;

	ddt_monitor_assert_held(monitor);

	if (!ddt_object_signaled(object)) {
		block.waiter = &waiter;
		list_add_tail(&block.link, &object->waiters);
		ddt_monitor_unlock(monitor);

		ddt_waiter_claim(&waiter,
				 ddt_wait_sleep(&waiter, flags, timeout));
		ret = ddt_waiter_result(&waiter);

		ddt_monitor_lock(monitor);
		if (!ret)
			return 0;	/* the waker has removed the block */
		list_del(&block.link);
		if (!ddt_object_signaled(object))
			return ret;
	}
	ddt_object_consume(object);
	return 0;
}

int ddt_delay(unsigned int flags, ktime_t timeout)
{
	int ret = ddt_wait_many(NULL, 0, false, flags, timeout, NULL);

	return ret == -ETIME ? 0 : ret;
}
EXPORT_SYMBOL_GPL(ddt_delay);
