/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dispatcher.h - objects that a thread can wait for: semaphores and events
 *
 * The model is that of the Windows kernel's dispatcher objects: an object is
 * signaled or not; a wait ends when the object is signaled, and ending it may
 * consume the signal. Threads (<ddt/thread.h>) are such objects too.
 */
#ifndef _DDT_DISPATCHER_H
#define _DDT_DISPATCHER_H

#include <linux/bits.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * enum ddt_object_type - what a dispatcher object is
 * @DDT_OBJECT_SEMAPHORE: a wait takes one of its counts
 * @DDT_OBJECT_EVENT_MANUAL: stays signaled until it is reset, for all waiters
 * @DDT_OBJECT_EVENT_AUTO: one wait takes the signal
 * @DDT_OBJECT_THREAD: signaled once the thread has ended, for ever
 */
enum ddt_object_type {
	DDT_OBJECT_SEMAPHORE,
	DDT_OBJECT_EVENT_MANUAL,
	DDT_OBJECT_EVENT_AUTO,
	DDT_OBJECT_THREAD,
};

/**
 * struct ddt_object - what every dispatcher object begins with
 *
 * To be embedded first. The owner of the enclosing structure must see to it
 * that nobody waits for the object when its memory is freed.
 *
 * Windows: DISPATCHER_HEADER.
 */
struct ddt_object {
	/* private: */
	/*
	 * Protects the object, unless a wait for all of several objects is
	 * under way on it (all_waiters > 0): then ddt_all_lock does, see
	 * dispatcher.c.
	 */
	raw_spinlock_t lock;
	enum ddt_object_type type;
	s32 state;			/* signaled when above 0 */
	unsigned int all_waiters;
	struct list_head waiters;	/* first come, first served */
};

/**
 * struct ddt_semaphore - a count with a limit
 * @object: what to wait for
 *
 * Windows: KSEMAPHORE.
 */
struct ddt_semaphore {
	struct ddt_object object;
	/* private: */
	s32 limit;
};

/**
 * enum ddt_event_type - what setting an event does
 * @DDT_EVENT_MANUAL: ends all waits, and all later ones until it is reset
 * @DDT_EVENT_AUTO: ends exactly one wait, now or later
 *
 * Windows: NotificationEvent and SynchronizationEvent.
 */
enum ddt_event_type {
	DDT_EVENT_MANUAL,
	DDT_EVENT_AUTO,
};

/**
 * struct ddt_event - something that has happened, or not
 * @object: what to wait for
 *
 * Windows: KEVENT.
 */
struct ddt_event {
	struct ddt_object object;
};

struct ddt_waiter;

/**
 * struct ddt_wait_block - memory for a wait, one for each object
 *
 * Windows: KWAIT_BLOCK.
 */
struct ddt_wait_block {
	/* private: */
	struct list_head link;		/* in ddt_object.waiters */
	struct ddt_object *object;
	struct ddt_waiter *waiter;
};

/**
 * define DDT_WAIT_ALERTABLE - a flag of the waits
 *
 * The wait ends with -EINTR when the calling kernel thread has been told to
 * stop, or when a signal is pending for the calling user task.
 */
#define DDT_WAIT_ALERTABLE	BIT(0)

/**
 * define DDT_WAIT_KILLABLE - a flag of the waits
 *
 * The wait ends with -EINTR when a fatal signal is pending for the calling
 * user task. A kernel thread takes no notice of it.
 */
#define DDT_WAIT_KILLABLE	BIT(1)

/**
 * define DDT_WAIT_ABSOLUTE - a flag of the waits
 *
 * The timeout is a time of CLOCK_MONOTONIC rather than an interval.
 */
#define DDT_WAIT_ABSOLUTE	BIT(2)

/**
 * define DDT_WAIT_REALTIME - a flag of the waits
 *
 * The timeout is a time of CLOCK_REALTIME rather than an interval: it follows
 * the wall clock when that is set.
 */
#define DDT_WAIT_REALTIME	BIT(3)

/* private: all of them */
#define DDT_WAIT_FLAGS	(DDT_WAIT_ALERTABLE | DDT_WAIT_KILLABLE | \
			 DDT_WAIT_ABSOLUTE | DDT_WAIT_REALTIME)

/**
 * define DDT_FOREVER - the timeout of a wait that has none
 */
#define DDT_FOREVER		KTIME_MAX

/**
 * define DDT_MAX_WAIT_OBJECTS - for how many objects one call can wait
 *
 * Windows: MAXIMUM_WAIT_OBJECTS.
 */
#define DDT_MAX_WAIT_OBJECTS	64

int ddt_semaphore_init(struct ddt_semaphore *sem, s32 count, s32 limit);
int ddt_semaphore_release(struct ddt_semaphore *sem, u32 n);
s32 ddt_semaphore_count(const struct ddt_semaphore *sem);

void ddt_event_init(struct ddt_event *event, enum ddt_event_type type,
		    bool signaled);
bool ddt_event_set(struct ddt_event *event);
bool ddt_event_reset(struct ddt_event *event);
bool ddt_event_is_set(const struct ddt_event *event);

int ddt_wait(struct ddt_object *object, unsigned int flags, ktime_t timeout);
int ddt_wait_any(struct ddt_object *const *objects, unsigned int count,
		 unsigned int flags, ktime_t timeout);
int ddt_wait_all(struct ddt_object *const *objects, unsigned int count,
		 unsigned int flags, ktime_t timeout);
int ddt_wait_blocks(struct ddt_object *const *objects, unsigned int count,
		    bool all, unsigned int flags, ktime_t timeout,
		    struct ddt_wait_block *blocks);
int ddt_delay(unsigned int flags, ktime_t timeout);

#endif /* _DDT_DISPATCHER_H */
