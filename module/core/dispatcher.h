/* SPDX-License-Identifier: GPL-2.0-only */
/* dispatcher.h - what the rest of the library uses of the dispatcher objects */
#ifndef _DDT_CORE_DISPATCHER_H
#define _DDT_CORE_DISPATCHER_H

#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/spinlock.h>

#include <ddt/dispatcher.h>

void ddt_object_init_thread(struct ddt_object *object);
bool ddt_object_signal(struct ddt_object *object);
bool ddt_object_read(const struct ddt_object *object);

/**
 * struct ddt_monitor - a semaphore whose lock also protects its owner's data
 *
 * So a thread that finds nothing to do waits, and a context that has something
 * for it releases the semaphore, without a second lock. The owner may set events
 * under the lock too. Waiters are woken when the lock is released, but before
 * interrupts are enabled: a claimed waiter does not return before that, so
 * neither its task nor its stack is gone by then.
 *
 * Only ddt_monitor_wait() may wait for the semaphore: an object in a wait for
 * all of several is not protected by its own lock.
 */
struct ddt_monitor {
	/* private: */
	struct ddt_semaphore ready;
	struct ddt_waiter *claimed;	/* to be woken by the unlock */
	unsigned long irqflags;		/* of the context that holds the lock */
};

#define ddt_monitor_assert_held(monitor) \
	lockdep_assert_held(&(monitor)->ready.object.lock)

void ddt_monitor_init(struct ddt_monitor *monitor, struct lock_class_key *key);
void ddt_monitor_unlock_and_wake(struct ddt_monitor *monitor)
	__releases(&monitor->ready.object.lock);
void ddt_monitor_release(struct ddt_monitor *monitor);
void ddt_monitor_set_event(struct ddt_monitor *monitor,
			   struct ddt_event *event);
int ddt_monitor_wait(struct ddt_monitor *monitor, unsigned int flags,
		     ktime_t timeout);

/* Any context but NMI. */
static inline void ddt_monitor_lock(struct ddt_monitor *monitor)
	__acquires(&monitor->ready.object.lock)
{
	unsigned long irqflags;

	raw_spin_lock_irqsave(&monitor->ready.object.lock, irqflags);
	monitor->irqflags = irqflags;
}

static inline void ddt_monitor_unlock(struct ddt_monitor *monitor)
	__releases(&monitor->ready.object.lock)
{
	unsigned long irqflags = monitor->irqflags;

	if (unlikely(monitor->claimed))
		ddt_monitor_unlock_and_wake(monitor);
	else
		raw_spin_unlock_irqrestore(&monitor->ready.object.lock,
					   irqflags);
}

#endif /* _DDT_CORE_DISPATCHER_H */
