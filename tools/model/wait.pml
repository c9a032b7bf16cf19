/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wait.pml - how a task waits and is woken: dispatcher.c, and ddt_server_sleep()
 *
 * Functions and fields have the names of the C code, and the order of its steps.
 *
 * Atomic steps: each statement is one, and reads or writes at most one thing that
 * another process may write meanwhile; an atomic sequence is a lock that is taken, an
 * exchange, or what is done with an object while its lock is held. That the lock
 * excludes all others is not taken for granted: object_enter() checks it.
 *
 * Steps are interleaved as if each were seen by all CPUs at once. Which barriers make
 * that true is in litmus/.
 *
 * What is left to chance: the order of all steps; whether and when a time is up.
 *
 * What must hold:
 * - no wakeup is lost: when nothing can happen any more no task sleeps whose objects
 *   are signaled;
 * - a signal is consumed if and only if it is reported;
 * - a waker touches no object, waiter or task that is gone: the object may be freed as
 *   soon as the wait has returned, the task may have ended;
 * - only one context at a time is between ddt_object_lock() and the unlock.
 *
 * The cases, with their options; those in which it is checked that there is no cycle; and
 * the known bugs, with the case that must find each, and what it must find:
 *
 * case server: -DSERVER_CASE -DSUBMITTERS=3 -DTIMEOUTS=2
 * case event: -DSTACK_CASE
 * case drained: -DSTACK_CASE -DFREES_QUEUE
 * case objects: -DOBJECTS_CASE -DTASKS=2 -DTIMEOUTS=1
 * ends server
 *
 * bug BUG_WAKE_BEFORE_ENQUEUE in server: assertion violated .*queued
 * bug BUG_FALL_ASLEEP_LATER in server: assertion violated .*queued
 * bug BUG_TEST_BEFORE_SET_STATE in server: (assertion violated .*queued|invalid end state)
 * bug BUG_TEST_BEFORE_SET_STATE in event: assertion violated .*task_gone
 * bug BUG_RESULT_BEFORE_WAKEUP in event: assertion violated .*task_gone
 * bug BUG_WAKEUP_BEFORE_UNLOCK in event: assertion violated
 * bug BUG_STOP_DOES_NOT_SYNC in drained: assertion violated .*object_gone
 * bug BUG_LOCK_IGNORES_ALL in objects: assertion violated .*entered
 * bug BUG_TIME_UP_UNASKED in objects: assertion violated
 */

#ifndef TASKS
#define TASKS	1
#endif
#ifndef TIMEOUTS
#define TIMEOUTS	0	/* how often a time is up */
#endif
#define OBJECTS	2

/* The results of a wait: an index; or else */
#define PENDING	250
#define CLAIMED	251
#define ETIME	252
#define EINTR	253

#define NONE	255
#define ALL	254	/* the lock ddt_all_lock */

/* struct ddt_object */
bool lock[OBJECTS];
byte state[OBJECTS];
byte all_waiters[OBJECTS];
chan waiters0 = [TASKS] of { byte };	/* ->waiters of each: tasks */
chan waiters1 = [TASKS] of { byte };
bool manual[OBJECTS];			/* an event, which is not consumed */
bool ddt_all_lock;

/* struct ddt_waiter of each task */
byte result[TASKS];
byte outcome[TASKS];
bool for_all[TASKS];

/* The task itself */
bool running[TASKS];			/* task->state is TASK_RUNNING */
bool should_stop[TASKS];		/* kthread_should_stop() */

/* Of the model */
byte timeouts = TIMEOUTS;
bool entered[OBJECTS];			/* its lock is held, whichever it is */
bool object_gone[OBJECTS];
bool waiter_gone[TASKS];
bool task_gone[TASKS];

hidden byte i;
hidden byte claimed_it;

/* The lists of waiters */

inline list_add_tail(o, t)
{
	if
	:: o == 0 -> waiters0!t
	:: else -> waiters1!t
	fi
}

inline list_del(o, t)
{
	if
	:: o == 0 && waiters0??[eval(t)] -> waiters0??eval(t)
	:: o == 1 && waiters1??[eval(t)] -> waiters1??eval(t)
	:: else
	fi
}

#define IS_LISTED(o, t)	((o == 0 && waiters0??[eval(t)]) || \
			 (o == 1 && waiters1??[eval(t)]))

/* Locks */

inline object_enter(o)
{
	atomic {
		assert(!object_gone[o]);
		assert(!entered[o]);
		entered[o] = true
	}
}

inline spin_lock(o)
{
	atomic {
		assert(!object_gone[o]);
		!lock[o];
		lock[o] = true
	}
}

inline spin_unlock(o)
{
	atomic {
		assert(!object_gone[o]);
		lock[o] = false
	}
}

/* Sets held: the lock that was taken. */
inline ddt_object_lock(o, held)
{
	do
	:: spin_lock(o);
		if
#ifdef BUG_LOCK_IGNORES_ALL
		:: true ->
#else
		:: !all_waiters[o] ->
#endif
			held = o;
			break
#ifndef BUG_LOCK_IGNORES_ALL
		:: else
#endif
		fi;
		spin_unlock(o);
		atomic {
			!ddt_all_lock;
			ddt_all_lock = true
		};
		spin_lock(o);
		if
		:: all_waiters[o] -> held = ALL
		:: else -> held = NONE
		fi;
		spin_unlock(o);
		if
		:: held == ALL -> break
		:: else
		fi;
		ddt_all_lock = false
	od;
	object_enter(o)
}

inline raw_unlock(o, held)
{
	atomic {
		assert(!object_gone[o]);
		entered[o] = false;
		if
		:: held == ALL -> ddt_all_lock = false
		:: else -> lock[o] = false
		fi;
		held = NONE
	}
}

/* Tasks */

inline wake_up_process(t)
{
	atomic {
		assert(!task_gone[t]);
		running[t] = true
	}
}

/* Sets ret. */
inline ddt_wait_sleep(t, alertable, timed, ret)
{
	ret = ETIME;
	do
	:: true ->
#ifdef BUG_TEST_BEFORE_SET_STATE
		if
		:: result[t] != PENDING -> break
		:: else
		fi;
		running[t] = false;
#else
		running[t] = false;	/* set_current_state() */
		if
		:: result[t] != PENDING -> break
		:: else
		fi;
#endif
		if
		:: alertable && should_stop[t] ->
			ret = EINTR;
			break
		:: else
		fi;
		/* schedule(), schedule_hrtimeout_range_clock() */
end_schedule:
		if
		:: running[t]
		:: atomic {
			timed && timeouts;
			timeouts--;
			running[t] = true };
			break
		fi
	od;
	running[t] = true
}

/* ddt_waiter_claim(), in one step. Sets claimed_it; for atomic sequences. */
inline ddt_waiter_claim(t, value)
{
	claimed_it = false;
	if
	:: result[t] == PENDING ->
		result[t] = value;
		claimed_it = true
	:: else
	fi
}

/* For the waiter itself. */
inline ddt_waiter_end(t, value)
{
#ifdef BUG_TIME_UP_UNASKED
	if
	:: result[t] == PENDING || result[t] == CLAIMED -> result[t] = value
	:: else
	fi
#else
	atomic {
		ddt_waiter_claim(t, value)
	}
#endif
}

/* Hands the signal of object o to its waiters. Sets bits of claimed. */
inline ddt_object_wake(o, claimed)
{
	atomic {
		assert(!object_gone[o]);
		i = 0;
		do
		:: i == TASKS || !state[o] -> break
		:: else ->
			if
			:: !IS_LISTED(o, i)
			:: IS_LISTED(o, i) && for_all[i] ->
				/* ddt_waiter_claim_all() */
				if
				:: state[0] && state[1] ->
					ddt_waiter_claim(i, CLAIMED);
					if
					:: claimed_it ->
						state[0]--;
						state[1]--;
						outcome[i] = 0;
						claimed = claimed | (1 << i)
					:: else
					fi
				:: else
				fi
			:: IS_LISTED(o, i) && !for_all[i] ->
				ddt_waiter_claim(i, CLAIMED);
				if
				:: claimed_it ->
					if
					:: manual[o]
					:: else -> state[o]--
					fi;
					list_del(o, i);
					outcome[i] = o;
					claimed = claimed | (1 << i)
				:: else
				fi
			fi;
			i++
		od;
		i = 0
	}
}

/* What follows the unlock in ddt_object_unlock(), interrupts being off. */
inline wake_claimed(claimed, t)
{
	t = 0;
	do
	:: t == TASKS -> break
	:: else ->
		if
		:: claimed & (1 << t) ->
#ifdef BUG_RESULT_BEFORE_WAKEUP
			atomic {
				assert(!waiter_gone[t]);
				result[t] = outcome[t]
			};
			wake_up_process(t)
#else
			wake_up_process(t);
			atomic {	/* smp_store_release() */
				assert(!waiter_gone[t]);
				result[t] = outcome[t]
			}
#endif
		:: else
		fi;
		t++
	od;
	claimed = 0;
	t = 0
}

#ifdef BUG_WAKEUP_BEFORE_UNLOCK
#define OBJECT_UNLOCK(o, held, claimed, t)	\
	wake_claimed(claimed, t); raw_unlock(o, held)
#define OBJECT_UNLOCKED_LATER(o, held, claimed, t)	\
	OBJECT_UNLOCK(o, held, claimed, t)
#else
#define OBJECT_UNLOCK(o, held, claimed, t)	\
	raw_unlock(o, held); wake_claimed(claimed, t)
/* The waiters are woken when the lock of the monitor is dropped. */
#define OBJECT_UNLOCKED_LATER(o, held, claimed, t)	raw_unlock(o, held)
#endif

/* ddt_event_set() and ddt_semaphore_release() */
inline ddt_object_signal(o, held, claimed, t)
{
	ddt_object_lock(o, held);
	atomic {
		assert(!object_gone[o]);
		if
		:: manual[o] -> state[o] = 1
		:: else -> state[o]++
		fi
	};
	ddt_object_wake(o, claimed);
	OBJECT_UNLOCK(o, held, claimed, t)
}

/* Sets signaled. */
inline ddt_wait_begin_one(o, me, held, signaled)
{
	ddt_object_lock(o, held);
	atomic {
		signaled = state[o] > 0;
		if
		:: signaled ->
			ddt_waiter_claim(me, o);
			if
			:: claimed_it && !manual[o] -> state[o]--
			:: else
			fi
		:: else -> list_add_tail(o, me)
		fi
	};
	raw_unlock(o, held)
}

/* The end of each wait: result[me] is what it returns. */
inline ddt_wait_finish(me, alertable, timed, ret)
{
	if
	:: result[me] == PENDING ->
		ddt_wait_sleep(me, alertable, timed, ret);
		ddt_waiter_end(me, ret)
	:: else
	fi;
	result[me] != CLAIMED	/* ddt_waiter_result() */
}

#ifdef OBJECTS_CASE
/*
 * Two semaphores: a task waits for any of both, another one for all; three contexts
 * release them.
 */
byte released[OBJECTS];
byte reported[OBJECTS];

proctype wait_any(byte me)
{
	byte o, held = NONE, ret;
	bool signaled;

	result[me] = PENDING;
	do
	:: o == OBJECTS || signaled -> break
	:: else ->
		ddt_wait_begin_one(o, me, held, signaled);
		o++
	od;
	ddt_wait_finish(me, false, true, ret);
	/* ddt_wait_end_any() */
	o = 0;
	do
	:: o == OBJECTS -> break
	:: else ->
		if
		:: IS_LISTED(o, me) ->
			ddt_object_lock(o, held);
			list_del(o, me);
			raw_unlock(o, held)
		:: else
		fi;
		o++
	od;
	atomic {
		if
		:: result[me] < OBJECTS ->
			reported[result[me]] = reported[result[me]] + 1
		:: else
		fi;
		waiter_gone[me] = true;
		task_gone[me] = true
	}
}

proctype wait_all(byte me)
{
	byte o, ret;

	for_all[me] = true;
	result[me] = PENDING;
	/* ddt_wait_begin_all() */
	atomic {
		!ddt_all_lock;
		ddt_all_lock = true
	};
	do
	:: o == OBJECTS -> break
	:: else ->
		spin_lock(o);
		all_waiters[o]++;
		spin_unlock(o);
		object_enter(o);
		list_add_tail(o, me);
		o++
	od;
	atomic {
		/* ddt_waiter_claim_all() */
		if
		:: state[0] && state[1] ->
			ddt_waiter_claim(me, 0);
			if
			:: claimed_it ->
				state[0]--;
				state[1]--
			:: else
			fi
		:: else
		fi;
		entered[0] = false;
		entered[1] = false;
		ddt_all_lock = false
	};
	ddt_wait_finish(me, false, true, ret);
	/* ddt_wait_end_all() */
	atomic {
		!ddt_all_lock;
		ddt_all_lock = true
	};
	o = 0;
	do
	:: o == OBJECTS -> break
	:: else ->
		object_enter(o);
		list_del(o, me);
		spin_lock(o);
		all_waiters[o]--;
		entered[o] = false;
		spin_unlock(o);
		o++
	od;
	ddt_all_lock = false;
	atomic {
		if
		:: result[me] < OBJECTS ->
			reported[0]++;
			reported[1]++
		:: else
		fi;
		waiter_gone[me] = true;
		task_gone[me] = true
	}
}

proctype releaser(byte o)
{
	byte held = NONE, claimed, t;

	atomic {
		released[o]++
	};
	ddt_object_signal(o, held, claimed, t)
}

proctype checker()
{
	timeout;
	assert(released[0] == reported[0] + state[0]);
	assert(released[1] == reported[1] + state[1]);
	assert(waiter_gone[0] || (!state[0] && !state[1]));
	assert(waiter_gone[1] || !state[0] || !state[1])
}

init {
	atomic {
		running[0] = true;
		running[1] = true;
		run wait_any(0);
		run wait_all(1);
		run releaser(0);
		run releaser(1);
		run releaser(0);
		run checker()
	}
}
#endif

#ifdef STACK_CASE
/*
 * The queue's lock is that of object 0. Under it an event is set, object 1, as
 * ddt_queue_set_event() does. The event is freed as soon as the wait for it has ended;
 * and with FREES_QUEUE the queue too, once its lock has been taken and dropped, as in
 * ddt_queue_stop().
 */
proctype setter()
{
	byte held = NONE, held1 = NONE, claimed, t;

	/* ddt_queue_lock() */
	spin_lock(0);
	/* ddt_monitor_set_event() */
	ddt_object_lock(1, held1);
	state[1] = 1;
	ddt_object_wake(1, claimed);
	OBJECT_UNLOCKED_LATER(1, held1, claimed, t);
	/* ddt_monitor_unlock_and_wake() */
	spin_unlock(0);
	wake_claimed(claimed, t)
}

proctype waiter()
{
	byte held = NONE, ret;
	bool signaled;

	result[0] = PENDING;
	ddt_wait_begin_one(1, 0, held, signaled);
	ddt_wait_finish(0, false, false, ret);
	/* ddt_wait_end_any() */
	if
	:: IS_LISTED(1, 0) ->
		ddt_object_lock(1, held);
		list_del(1, 0);
		raw_unlock(1, held)
	:: else
	fi;
	assert(result[0] == 1);
	waiter_gone[0] = true;
#ifdef FREES_QUEUE
#ifndef BUG_STOP_DOES_NOT_SYNC
	spin_lock(0);
	spin_unlock(0);
#endif
	object_gone[0] = true;
#endif
	object_gone[1] = true;
	task_gone[0] = true
}

proctype checker()
{
	timeout;
	assert(task_gone[0])
}

init {
	atomic {
		running[0] = true;
		manual[1] = true;
		run setter();
		run waiter();
		run checker()
	}
}
#endif

#ifdef SERVER_CASE
/*
 * A thread serves what SUBMITTERS contexts submit; it waits for the semaphore of the
 * queue's monitor, object 0, with a timeout, and is told to stop at any time.
 */
byte queued;
bool asleep;
byte submitters_left = SUBMITTERS;

inline ddt_monitor_unlock(claimed, t)
{
	spin_unlock(0);
	wake_claimed(claimed, t)
}

proctype submitter()
{
	byte claimed, t;

#ifdef BUG_WAKE_BEFORE_ENQUEUE
	spin_lock(0);
	if
	:: asleep ->
		asleep = false;
		state[0] = 1;
		ddt_object_wake(0, claimed)
	:: else
	fi;
	ddt_monitor_unlock(claimed, t);
	spin_lock(0);
	queued++;
	ddt_monitor_unlock(claimed, t);
#else
	spin_lock(0);
	queued++;
	/* ddt_server_wake() */
	if
	:: asleep ->
		asleep = false;
		/* ddt_monitor_release() */
		if
		:: state[0]
		:: else ->
			state[0] = 1;
			ddt_object_wake(0, claimed)
		fi
	:: else
	fi;
	ddt_monitor_unlock(claimed, t);
#endif
	atomic {
		submitters_left--
	}
}

proctype server()
{
	byte ret, none, t;

	spin_lock(0);
look:
	if
	:: queued ->
		queued--;
		spin_unlock(0);
		/* serves it */
		spin_lock(0);
		goto look
	:: else
	fi;
#ifdef BUG_FALL_ASLEEP_LATER
	spin_unlock(0);
	spin_lock(0);
#endif
	/* ddt_server_sleep() */
	asleep = true;
	/* ddt_monitor_wait() */
	if
	:: state[0] -> ret = 0
	:: else ->
		atomic {
			waiter_gone[0] = false;
			result[0] = PENDING
		};
		list_add_tail(0, 0);
		ddt_monitor_unlock(none, t);
		ddt_wait_sleep(0, true, true, ret);
		ddt_waiter_end(0, ret);
		result[0] != CLAIMED;
		ret = result[0];
		spin_lock(0);
		if
		:: ret ->
			list_del(0, 0);
			if
			:: state[0] ->
				ret = 0;
				state[0]--
			:: else
			fi
		:: else
		fi;
		goto woken
	fi;
	state[0]--;
woken:
	waiter_gone[0] = true;
	asleep = false;
	if
	:: ret != EINTR -> goto look
	:: else
	fi;
	spin_unlock(0);
	task_gone[0] = true
}

proctype stopper()
{
	if
	:: true -> goto unstopped
	:: true
	fi;
	/* ddt_queue_stop() has the requests accounted for, ddt_thread_stop() comes last */
	submitters_left == 0 && !queued;
	/* kthread_stop(), which holds a reference to the task */
	should_stop[0] = true;
	running[0] = true;
	task_gone[0];
unstopped:
	skip
}

proctype checker()
{
	timeout;
	assert(!queued)
}

init {
	byte n;

	atomic {
		running[0] = true;
		waiter_gone[0] = true;
		do
		:: n == SUBMITTERS -> break
		:: else ->
			run submitter();
			n++
		od;
		run server();
		run stopper();
		run checker()
	}
}
#endif
