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
 * Embed it first. The owner of the enclosing structure must ensure that no wait
 * for the object is in progress when its memory is freed.
 *
 * Windows: DISPATCHER_HEADER.
 */
struct ddt_object {
	/* private: */
	/*
	 * Protects the object, unless it is in a wait for all of several
	 * objects (all_waiters > 0): then ddt_all_lock does, see dispatcher.c.
	 */
	raw_spinlock_t lock;
	enum ddt_object_type type;
	s32 state;			/* signaled when above 0 */
	unsigned int all_waiters;
	struct list_head waiters;	/* in FIFO order */
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
 * struct ddt_event - set or not
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
 * stop, or when a signal is pending for the calling user task. The task may be
 * frozen while it waits: the caller must hold no lock that another user task
 * may wait for.
 */
#define DDT_WAIT_ALERTABLE	BIT(0)

/**
 * define DDT_WAIT_KILLABLE - a flag of the waits
 *
 * The wait ends with -EINTR when a fatal signal is pending for the calling
 * user task. A kernel thread ignores the flag. The task is not frozen while it
 * waits so, since its caller may hold locks; a system suspend waits for it.
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
 * define DDT_MAX_WAIT_OBJECTS - the number of objects that one call can wait for
 *
 * Windows: MAXIMUM_WAIT_OBJECTS.
 */
#define DDT_MAX_WAIT_OBJECTS	64

/**
 * ddt_semaphore_init() - initialise a semaphore
 * @sem: the semaphore, not in use yet
 * @count: its count, 0 to @limit
 * @limit: the highest count it may reach, at least 1
 *
 * The semaphore needs no clean-up, but no wait for it may be in progress when
 * its memory is freed. Windows: KeInitializeSemaphore().
 *
 * Context: Any.
 * Return: 0, or -EINVAL if @count or @limit is out of range; then the semaphore
 * is not initialised.
 */
int ddt_semaphore_init(struct ddt_semaphore *sem, s32 count, s32 limit);

/**
 * ddt_semaphore_release() - add to the count of a semaphore
 * @sem: the semaphore
 * @n: how much to add; with 0 the count is only returned
 *
 * Ends as many waits as the count allows, the longest first. Windows:
 * KeReleaseSemaphore(), which raises an exception past the limit.
 *
 * Context: Any but NMI.
 * Return: the count before, 0 or more, or -EOVERFLOW if the count would have
 * exceeded the limit; then nothing has changed.
 */
int ddt_semaphore_release(struct ddt_semaphore *sem, u32 n);

/**
 * ddt_semaphore_count() - read the count of a semaphore
 * @sem: the semaphore
 *
 * Windows: KeReadStateSemaphore().
 *
 * Context: Any. Lockless: the count may have changed when it is returned.
 * Return: the count.
 */
s32 ddt_semaphore_count(const struct ddt_semaphore *sem);

/**
 * ddt_event_init() - initialise an event
 * @event: the event, not in use yet
 * @type: whether a wait resets it
 * @signaled: whether it is set to begin with
 *
 * The event needs no clean-up, but no wait for it may be in progress when its
 * memory is freed. Windows: KeInitializeEvent().
 *
 * Context: Any.
 */
void ddt_event_init(struct ddt_event *event, enum ddt_event_type type,
		    bool signaled);

/**
 * ddt_event_set() - set an event
 * @event: the event
 *
 * A manual-reset event ends all waits for it. An auto-reset event ends the
 * longest wait and is reset, or stays set until there is one. Setting an event
 * that is set changes nothing. Windows: KeSetEvent().
 *
 * Context: Any but NMI.
 * Return: whether it was set before.
 */
bool ddt_event_set(struct ddt_event *event);

/**
 * ddt_event_reset() - reset an event
 * @event: the event
 *
 * A wait that the event has ended stays ended, even if the waiter has not run
 * since. Windows: KeResetEvent().
 *
 * Context: Any but NMI.
 * Return: whether it was set before.
 */
bool ddt_event_reset(struct ddt_event *event);

/**
 * ddt_event_is_set() - read the state of an event
 * @event: the event
 *
 * Windows: KeReadStateEvent().
 *
 * Context: Any. Lockless: the state may have changed when it is returned.
 * Return: whether it is set.
 */
bool ddt_event_is_set(const struct ddt_event *event);

/**
 * ddt_wait() - wait until an object is signaled
 * @object: the object
 * @flags: DDT_WAIT_ALERTABLE, DDT_WAIT_KILLABLE, DDT_WAIT_ABSOLUTE,
 *	DDT_WAIT_REALTIME
 * @timeout: in ns: for how long to wait, or with one of the last two flags
 *	until when; %DDT_FOREVER; 0 or less to test the object only
 *
 * An object that is signaled ends the wait at once, even if the time is up or
 * the thread has been told to stop. The wait consumes a count of a semaphore
 * and resets an auto-reset event. Without DDT_WAIT_ALERTABLE or
 * DDT_WAIT_KILLABLE nothing but the object and the timeout ends it.
 *
 * A kernel thread waits in TASK_IDLE. Windows: KeWaitForSingleObject().
 *
 * Context: Process context, may sleep; any context but NMI if
 * @timeout is 0 or less.
 * Return: 0 if the object was signaled; -ETIME when the time was up; -EINTR
 * see the flags; -EINVAL for unknown flags.
 */
int ddt_wait(struct ddt_object *object, unsigned int flags, ktime_t timeout);

/**
 * ddt_wait_any() - wait until one of several objects is signaled
 * @objects: the objects
 * @count: their number, 1 to %DDT_MAX_WAIT_OBJECTS
 * @flags: as for ddt_wait()
 * @timeout: as for ddt_wait()
 *
 * If several are signaled when the wait begins, the first in the array ends
 * it. Only the object that is reported is consumed. Windows:
 * KeWaitForMultipleObjects() with WaitAny.
 *
 * Context: as for ddt_wait().
 * Return: the index of the object that ended the wait; -ETIME, -EINTR as for
 * ddt_wait(); -EINVAL for unknown flags or a bad @count; -ENOMEM, for more than
 * four objects, unless @timeout is 0 or less.
 */
int ddt_wait_any(struct ddt_object *const *objects, unsigned int count,
		 unsigned int flags, ktime_t timeout);

/**
 * ddt_wait_all() - wait until several objects are signaled at the same time
 * @objects: the objects, each of them once
 * @count: their number, 1 to %DDT_MAX_WAIT_OBJECTS
 * @flags: as for ddt_wait()
 * @timeout: as for ddt_wait()
 *
 * None is consumed before all are signaled, then all are at once. Windows:
 * KeWaitForMultipleObjects() with WaitAll.
 *
 * Context: as for ddt_wait().
 * Return: 0 if all were signaled; -ETIME, -EINTR as for ddt_wait(); -EINVAL
 * for unknown flags, a bad @count or an object that is there twice; -ENOMEM
 * as for ddt_wait_any().
 */
int ddt_wait_all(struct ddt_object *const *objects, unsigned int count,
		 unsigned int flags, ktime_t timeout);

/**
 * ddt_wait_blocks() - wait for several objects in memory of the caller's
 * @objects: the objects; each of them once if @all
 * @count: their number, 1 to %DDT_MAX_WAIT_OBJECTS
 * @all: whether to wait for all of them, else for any
 * @flags: as for ddt_wait()
 * @timeout: as for ddt_wait()
 * @blocks: one for each object, which are not used any more when it returns;
 *	NULL to have them allocated
 *
 * ddt_wait_any() or ddt_wait_all() without allocating memory. Windows:
 * KeWaitForMultipleObjects() with a WaitBlockArray.
 *
 * Context: as for ddt_wait().
 * Return: as for ddt_wait_any() or ddt_wait_all(); -ENOMEM only if @blocks is
 * NULL.
 */
int ddt_wait_blocks(struct ddt_object *const *objects, unsigned int count,
		    bool all, unsigned int flags, ktime_t timeout,
		    struct ddt_wait_block *blocks);

/**
 * ddt_delay() - sleep for a time
 * @flags: as for ddt_wait()
 * @timeout: as for ddt_wait()
 *
 * Never returns 0 early. With DDT_WAIT_ALERTABLE a thread that is told to stop
 * returns at once. Windows: KeDelayExecutionThread().
 *
 * Context: Process context, may sleep.
 * Return: 0 when the time was up; -EINTR, -EINVAL as for ddt_wait().
 */
int ddt_delay(unsigned int flags, ktime_t timeout);

#endif /* _DDT_DISPATCHER_H */
