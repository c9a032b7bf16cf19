/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * queue.pml - the requests of a queue: state.c, calls.c, service.c, server.c and flush.c
 *
 * Functions and fields have the names of the C code, and the order of its steps.
 *
 * Atomic steps: the C code holds the queue's lock for the length of an atomic
 * sequence that begins with ddt_queue_lock(). ->locked is true only where the lock is
 * kept over several steps, because another context takes steps that need no lock
 * meanwhile: the mark of a request in service that is being cancelled. Every
 * statement outside of these sequences is a step without the lock: the exchange of
 * ->service, the stores of ->served and of ->entry.state, each callback, the
 * exchange by which a caller gives up its wait.
 *
 * What is left to chance: which request is cancelled and when; whether and when the
 * queue is stopped, and how; when a time is up (a caller's, the idle timeout, that
 * of a delayed request); whether serve() asks for a retry; whether a thread can be
 * started. Each may happen only so often, so every run ends; a run that ends with a
 * caller still waiting is an invalid end state.
 *
 * What is left out: deadlines (an expired request is claimed as a cancelled one is);
 * more than one flow; ddt_queue_submit_many(). A walk drops the lock after each
 * request, DDT_CHUNK being 1. How an event wakes its waiter is in wait.pml: here a
 * waiter continues at any time after the event has been set.
 *
 * What must hold:
 * - a request that was accepted is completed exactly once, any other never;
 * - at most DEPTH requests are queued when one is accepted;
 * - no callback runs after ddt_queue_stop() has returned, and nothing touches the
 *   queue after it has been freed;
 * - a flush returns only after all requests accepted before it are completed;
 * - a paused server begins nothing;
 * - there is at most one thread;
 * - every call returns, every accepted request is completed, without a stop too.
 *
 * The cases, with their options; those in which it is checked that there is no cycle; and
 * the known bugs, with the case that must find each, and what it must find:
 *
 * case requests: -DCANCELS=1 -DTIMEOUTS=1 -DSTOP
 * case retries: -DREQUESTS=2 -DRETRIES=2 -DCANCELS=1 -DSTOP
 * case flushes: -DREQUESTS=2 -DFLUSHERS=2 -DCANCELS=1 -DTIMEOUTS=1
 * case pauses: -DREQUESTS=2 -DPAUSE -DCANCELS=1 -DTIMEOUTS=1 -DSTOP
 * case on-demand: -DON_DEMAND -DREQUESTS=2 -DCANCELS=1 -DTIMEOUTS=2 -DSTOP
 * case restarts: -DON_DEMAND -DREQUESTS=2 -DAGAIN -DCANCELS=1 -DTIMEOUTS=2
 * case turns: -DTURNS -DRETRIES=1 -DTIMEOUTS=2 -DIDLE_TIMEOUT
 * case failed-start: -DON_DEMAND -DAGAIN -DCANCELS=1 -DTIMEOUTS=1 -DFAILURES=1
 * case workers: -DWORKERS -DIDLE_TIMEOUT -DREQUESTS=2 -DCANCELS=1 -DTIMEOUTS=2 -DSTOP
 * case slots: -DCANCELS=1 -DTIMEOUTS=1
 * case stops: -DREQUESTS=2 -DFLUSHERS=1 -DCANCELS=1 -DTIMEOUTS=1 -DSTOP -DDRAIN_ONLY
 * ends slots
 * ends stops
 * ends restarts
 * ends workers
 *
 * bug BUG_WAKE_BEFORE_ENQUEUE in slots: invalid end state
 * bug BUG_FALL_ASLEEP_LATER in slots: invalid end state
 * bug BUG_CLAIM_FREES_NO_SLOT in slots: invalid end state
 * bug BUG_SLOT_KEPT_FOR_EVER in turns: invalid end state
 * bug BUG_CLAIM_WITHOUT_CHECK in slots: assertion violated req.*owned
 * bug BUG_HOLD_MARKS_NOTHING in slots: assertion violated req.*owned
 * bug BUG_COUNT_AFTER_UNLOCK in slots: assertion violated .*queued<=1
 * bug BUG_GIVE_UP_UNASKED in slots: assertion violated
 * bug BUG_DRAIN_FORGETS_CLAIMED in stops: assertion violated
 * bug BUG_DRAIN_FORGETS_LEAVING in stops: assertion violated .*gone
 * bug BUG_COUNT_BEFORE_COMPLETE in stops: assertion violated .*stopped
 * bug BUG_COUNT_BEFORE_COMPLETE in flushes: assertion violated .*before
 * bug BUG_FLUSH_COUNTS_LATER in flushes: assertion violated .*before
 * bug BUG_FLUSH_TAKES_COUNT in flushes: assertion violated
 * bug BUG_REQUEUE_REGARDLESS in retries: invalid end state
 * bug BUG_PAUSE_OVERLOOKS_CALLBACK in pauses: assertion violated .*in_callback
 * bug BUG_END_IS_NOT_SAID in restarts: invalid end state
 * bug BUG_FALL_ASLEEP_LATER in restarts: invalid end state
 * bug BUG_STARTS_WITHOUT_REAPING in restarts: assertion violated .*threads
 * bug BUG_STOP_FORGETS_SERVER in on-demand: assertion violated
 * bug BUG_STOP_FORGETS_SERVER in workers: assertion violated
 * bug BUG_IDLE_FORGETS_KEPT_SLOT in turns: invalid end state
 * bug BUG_FAIL_FORGETS_BLOCKED in failed-start: invalid end state
 * bug BUG_FAIL_FORGETS_QUEUED in failed-start: invalid end state
 */

#ifndef REQUESTS
#define REQUESTS	3	/* each with a submitter of its own */
#endif
/* How often each is submitted. With AGAIN only request 1 is cancelled. */
#ifdef AGAIN
#define ATTEMPTS(r)	(r == 1 -> 1 : 2)
#elif defined(TURNS)
#define ATTEMPTS(r)	(r + 1)
#else
#define ATTEMPTS(r)	1
#endif
#ifndef DEPTH
#define DEPTH		1
#endif
#ifndef CANCELS
#define CANCELS		0	/* calls of ddt_queue_cancel() */
#endif
#ifndef FLUSHERS
#define FLUSHERS	0
#endif
#ifndef TIMEOUTS
#define TIMEOUTS	0	/* how often a time is up */
#endif
#ifndef RETRIES
#define RETRIES		0	/* calls of ddt_request_retry() */
#endif
#ifndef FAILURES
#define FAILURES	0	/* to start a thread */
#endif

#if FAILURES || defined(STOP) && !defined(DRAIN_ONLY)
#define WALKS		/* ddt_queue_complete_all() is called */
#endif

/* Submitters that call ddt_queue_submit(); the others call ddt_queue_submit_wait(). */
#ifdef TURNS
#define SUBMITS(r)	(r < 2)
#else
#define SUBMITS(r)	(r == 0)
#endif

/* enum ddt_request_state */
#define IDLE		0
#define BLOCKED		1
#define QUEUED		2
#define DELAYED		3
#define IN_SERVICE	4
#define CLAIMED		5

/* enum ddt_caller_state */
#define WAITS		0
#define DECIDED		1
#define GIVEN_UP	2

/* Results of calls. */
#define ECANCELED	1
#define ESHUTDOWN	2
#define ENOMEM		3
#define EAGAIN		4
#define EALREADY	5
#define EINPROGRESS	6
#define ETIME		7
#define UNBLOCKED	8	/* 1 of ddt_request_cancel() */

#define NONE		255

/* The flows of blocked submitters: the shared one, and ->nonblocking. */
#define SHARED		0
#define NONBLOCKING	1

typedef ddt_request {
	byte state;		/* ->entry.state */
	byte place;		/* of ->entry.link, in the order of arrival */
	byte number;
	bool cancelled;
	/* struct ddt_blocked, on the stack of its submitter: */
	byte caller;
	bool done;
	byte ret;
	/* Of the model: the request is accepted, and not completed. */
	bool owned;
	byte completions
};

/* struct ddt_queue */
ddt_request req[REQUESTS];
bool locked;
bool slot_kept;
short queued;
byte blocked;
byte pauses;
byte submitted;
byte leaving;
bool aborting;
bool busy;
bool worked;
byte completed;
byte served;
byte service;		/* 0, or the request + 1 */
bool service_held;	/* DDT_SERVICE_HELD */
bool idle_since;
bool quiet;
bool drained;
chan requests = [REQUESTS] of { byte };		/* of the flow */
chan delayed = [REQUESTS] of { byte };
chan blocked_requests = [REQUESTS] of { byte };	/* ->blocked of the flow */
chan turns = [2] of { byte };			/* ->blocked of the order */
byte places;		/* the last that was given, in ->all */

/* struct ddt_server */
bool asleep;
bool has_thread;
bool closed;
bool ready;		/* the semaphore of the monitor */
bool now_pending;	/* the work item "now" */
bool now_running;
bool now_cancelled;
bool later;		/* the timer of that name runs */
bool thread;		/* there is a struct ddt_thread */
bool started;		/* the thread has been created, and runs next */
bool should_stop;	/* kthread_should_stop() */
bool exited;

/* struct ddt_flushes and its flushers */
#if FLUSHERS
typedef ddt_flusher {
	byte caller;
	bool done;
	bool linked;
	byte last;
	byte left
};

ddt_flusher flusher[FLUSHERS];
chan tree = [FLUSHERS] of { byte };	/* as ->last never falls: in FIFO order */
byte flushes_left;
#endif

/* Of the model */
byte users;		/* processes that may begin another call */
byte timeouts = TIMEOUTS;
byte retries = RETRIES;
byte failures = FAILURES;
byte threads;		/* that run the service loop */
bool in_callback;	/* the server is in one */
bool paused;		/* ddt_queue_pause() has returned 0 */
bool stopped;		/* ddt_queue_stop() has returned */
bool gone;		/* the queue has been freed */

/* Variables of functions that are called with the lock held. */
hidden byte a, b, i, n;
hidden byte found, next;
hidden byte begun, ret;
hidden byte any, until_now, until_ever;

/* Dropped at the end of the atomic sequence, unless locked is set. */
inline ddt_queue_lock()
{
	!locked;
	assert(!gone)
}

/* server.c */

inline queue_work_now()
{
	if
	:: now_cancelled
	:: else -> now_pending = true
	fi
}

inline ddt_server_wake()
{
	if
	:: !asleep
	:: else ->
		asleep = false;
		if
		:: has_thread -> ready = true	/* ddt_monitor_release() */
		:: else -> queue_work_now()
		fi
	fi
}

/* state.c */

inline ddt_queue_wake()
{
	if
	:: !pauses || closed -> ddt_server_wake()
	:: else
	fi
}

inline ddt_queue_wake_if_needed()
{
	if
	:: !closed && (has_thread || worked || queued || blocked) ->
		ddt_queue_wake()
	:: else
	fi
}

#if FLUSHERS
#define FLUSH_ANY	(len(tree) > 0)
#else
#define FLUSH_ANY	false
#endif

#ifdef BUG_DRAIN_FORGETS_CLAIMED
#define ALL_COMPLETED	(queued == 0 && !busy)
#else
#define ALL_COMPLETED	(completed == submitted)
#endif
#ifdef BUG_DRAIN_FORGETS_LEAVING
#define ANY_LEAVING	false
#else
#define ANY_LEAVING	(leaving > 0)
#endif

inline ddt_queue_check_drained()
{
	if
	:: closed && ALL_COMPLETED && !blocked && !ANY_LEAVING &&
	   !FLUSH_ANY -> drained = true
	:: else
	fi
}

/* flush.c */

#if FLUSHERS
/* Sets next: what follows flush f, or NONE. */
inline ddt_flush_next(f)
{
	next = NONE;
	found = false;
	n = len(tree);
	do
	:: n == 0 -> break
	:: else ->
		tree?i;
		tree!i;
		if
		:: found && next == NONE -> next = i
		:: else
		fi;
		if
		:: i == f -> found = true
		:: else
		fi;
		n--
	od
}

inline ddt_flush_add(f, _last, outstanding)
{
	flusher[f].last = _last;
	flusher[f].left = outstanding - flushes_left;
	flushes_left = outstanding;
	flusher[f].linked = true;
	tree!f
}

inline ddt_flush_remove(f)
{
	ddt_flush_next(f);
	if
	:: next != NONE ->
#ifdef BUG_FLUSH_TAKES_COUNT
		flushes_left = flushes_left - flusher[f].left
#else
		flusher[next].left = flusher[next].left + flusher[f].left
#endif
	:: else -> flushes_left = flushes_left - flusher[f].left
	fi;
	tree??eval(f);
	flusher[f].linked = false
}

inline ddt_flush_count(_number)
{
	found = NONE;
	n = len(tree);
	do
	:: n == 0 -> break
	:: else ->
		tree?i;
		tree!i;
		if
#ifdef BUG_FLUSH_COUNTS_LATER
		:: found == NONE -> found = i
#else
		:: found == NONE && flusher[i].last >= _number -> found = i
#endif
		:: else
		fi;
		n--
	od;
	if
	:: found != NONE ->
		assert(flusher[found].left > 0);
		flusher[found].left--;
		flushes_left--
	:: else
	fi
}

inline ddt_flusher_end_done()
{
	do
	:: len(tree) == 0 -> break
	:: else ->
		tree?<b>;
		if
		:: flusher[b].left -> break
		:: else ->
			ddt_flush_remove(b);
			if
			:: flusher[b].caller == WAITS ->
				flusher[b].caller = DECIDED;
				flusher[b].done = true
			:: else -> leaving++
			fi
		fi
	od
}
#endif

/* order.c: the lists of blocked submitters */

inline ddt_order_block(r)
{
	blocked_requests!r;
	if
	:: turns??[SHARED]
	:: else -> turns!SHARED
	fi
}

inline ddt_order_unblock(r)
{
	blocked_requests??eval(r);
	if
	:: len(blocked_requests) == 0 -> turns??SHARED
	:: else
	fi
}

inline ddt_order_end_blocked_turn()
{
	if
	:: turns??[SHARED] ->
		turns??SHARED;
		turns!SHARED
	:: else
	fi
}

inline ddt_order_refused()
{
	if
	:: turns??[NONBLOCKING]
	:: else -> turns!NONBLOCKING
	fi
}

/* Sets r. */
inline ddt_order_next_blocked(r)
{
	if
	:: turns?[SHARED] -> blocked_requests?<r>
	:: else ->
		turns?NONBLOCKING;
		r = NONE
	fi
}

/* state.c: into the queue */

inline ddt_request_accept(r)
{
	assert(!req[r].owned);
	req[r].owned = true;
	submitted++;
#if FLUSHERS
	req[r].number = submitted;
#endif
	queued++;
	assert(queued <= DEPTH);
	req[r].cancelled = false;
	req[r].state = QUEUED;
	requests!r
}

#ifdef BUG_REQUEUE_REGARDLESS
#define MAY_REQUEUE(r)	true
#else
#define MAY_REQUEUE(r)	(!req[r].cancelled && !closed)
#endif
#define IS_BLOCKED(r)	(blocked_requests??[eval(r)])

/* Sets ret to whether the submitter still waits. */
inline ddt_request_unblock(r, why)
{
	if
	:: !IS_BLOCKED(r) -> ret = false
	:: else ->
		ddt_order_unblock(r);
		blocked--;
		if
		:: req[r].caller != WAITS ->	/* ddt_caller_decide() */
			leaving++;
			ret = false
		:: else ->
			req[r].caller = DECIDED;
			req[r].ret = why;
			ddt_order_end_blocked_turn();
			if
			:: why -> req[r].state = IDLE
			:: else -> ddt_request_accept(r)
			fi;
			req[r].done = true;
			ret = true
		fi
	fi
}

inline ddt_queue_admit()
{
	any = false;
	do
	:: closed || len(turns) == 0 || queued + slot_kept >= DEPTH -> break
	:: else ->
		ddt_order_next_blocked(a);
		if
		:: a == NONE -> slot_kept = true
		:: else -> ddt_request_unblock(a, 0)
		fi;
		any = true
	od;
	if
	:: any -> ddt_queue_wake()
	:: else
	fi
}

inline ddt_list_add_tail(r)
{
#ifdef WALKS
	places++;
	req[r].place = places
#else
	skip
#endif
}

/* Sets err. */
inline ddt_request_submit(r, err)
{
	if
	:: req[r].state != IDLE -> assert(false)
	:: else
	fi;
	if
	:: closed -> err = ESHUTDOWN
	:: else ->
		if
		:: queued >= DEPTH ->
			if
			:: blocked -> ddt_order_refused()
			:: else
			fi;
			err = EAGAIN
		:: else ->
			slot_kept = false;
			ddt_list_add_tail(r);
			ddt_request_accept(r);
			err = 0
		fi
	fi
}

/* Sets err. */
inline ddt_request_submit_or_block(r, err)
{
	if
	:: closed -> err = ESHUTDOWN
	:: else ->
		ddt_list_add_tail(r);
		if
		:: !blocked && queued < DEPTH ->
			slot_kept = false;
			ddt_request_accept(r);
			err = 0
		:: else ->
			req[r].state = BLOCKED;
			req[r].caller = WAITS;
			req[r].done = false;
			ddt_order_block(r);
			blocked++;
			err = EAGAIN
		fi
	fi
}

/* For atomic sequences. */
inline ddt_request_leave_blocked(r)
{
	ddt_queue_lock();
	if
	:: !IS_BLOCKED(r) -> leaving--
	:: else ->
		ddt_order_unblock(r);
		blocked--
	fi;
	req[r].state = IDLE;
	ddt_queue_admit();
	ddt_queue_check_drained()
}

/* Sets more. */
inline ddt_queue_refuse_blocked(more)
{
	more = false;
	do
	:: len(turns) == 0 -> break
	:: else ->
		ddt_order_next_blocked(a);
		if
		:: a != NONE -> ddt_request_unblock(a, ESHUTDOWN)
		:: else
		fi;
		more = true
	od
}

/* state.c: out of the queue */

inline ddt_request_free_slot()
{
	queued--;
	if
	:: len(turns) -> ddt_queue_admit()
	:: else
	fi
}

inline ddt_request_set_claimed(r)
{
	req[r].state = CLAIMED;
#ifdef BUG_CLAIM_FREES_NO_SLOT
	queued--
#else
	ddt_request_free_slot()
#endif
}

inline ddt_request_claim(r)
{
	if
	:: req[r].state == DELAYED -> delayed??eval(r)
	:: else -> requests??eval(r)
	fi;
	ddt_request_set_claimed(r)
}

inline ddt_queue_count_completed(_number)
{
	completed++;
#if FLUSHERS
	if
	:: FLUSH_ANY ->
		ddt_flush_count(_number);
		ddt_flusher_end_done()
	:: else
	fi;
#endif
	if
	:: closed -> ddt_queue_check_drained()
	:: else
	fi
}

/* ops->complete(); for atomic sequences. */
inline complete(r)
{
	assert(!stopped);
	assert(req[r].owned);
	req[r].owned = false;
	req[r].completions++
}

#ifdef BUG_COUNT_BEFORE_COMPLETE
#define COUNT_BEFORE(r)	ddt_queue_lock(); ddt_queue_count_completed(req[r].number)
#define COUNT_AFTER(r)	skip
#define SERVED(r)	0
#else
#define COUNT_BEFORE(r)	skip
#define COUNT_AFTER(r)	ddt_queue_lock(); ddt_queue_count_completed(number)
#if FLUSHERS
#define SERVED(r)	req[r].number
#else
#define SERVED(r)	1
#endif
#endif

/* Sets number. */
inline ddt_request_complete_unserved(r, number)
{
	atomic {
		COUNT_BEFORE(r);
		number = req[r].number;
		req[r].state = IDLE
	};
	atomic {
		complete(r)
	};
	atomic {
		COUNT_AFTER(r);
		number = 0
	}
}

#ifdef BUG_HOLD_MARKS_NOTHING
#define MARK	service_held = false
#else
#define MARK	service_held = true
#endif

/*
 * Sets result. With EINPROGRESS the lock is still held: ddt_request_set_cancelled()
 * comes next.
 */
inline ddt_request_cancel(r, why, result)
{
	if
	:: req[r].state == BLOCKED ->
		ddt_request_unblock(r, why);
		if
		:: ret -> result = UNBLOCKED
		:: else -> result = EALREADY
		fi
	:: req[r].state == DELAYED || req[r].state == QUEUED ->
		if
		:: req[r].state == DELAYED -> ddt_queue_wake()
		:: else
		fi;
		ddt_request_claim(r);
		result = 0
	:: req[r].state == IN_SERVICE ->
		/* ddt_request_hold(): atomic with regard to ddt_request_end() */
		if
		:: service -> MARK
		:: else
		fi;
		if
		:: service == r + 1 ->
			locked = true;
			result = EINPROGRESS
		:: else -> result = EALREADY
		fi
	:: else -> result = EALREADY
	fi
}

/* For atomic sequences. */
inline ddt_request_set_cancelled(r)
{
	assert(req[r].owned);
	req[r].cancelled = true;
	locked = false
}

/*
 * A walk, in the order of arrival, over what is in the queue when it begins. end, here,
 * r, result, number and claimed are variables of the process, and 0.
 */
inline ddt_queue_complete_all(why, here, end, r, result, number, claimed)
{
	end = NONE;
	do
	:: atomic {
		result == EINPROGRESS;
		result = 0;
		ddt_request_set_cancelled(r) }
	:: atomic {
		result != EINPROGRESS;
		ddt_queue_lock();
		if
		:: end == NONE -> end = places
		:: else
		fi;
		r = NONE;
		i = 0;
		do
		:: i == REQUESTS -> break
		:: else ->
			if
			:: req[i].state != IDLE && req[i].state != CLAIMED &&
			   req[i].place > here && req[i].place <= end &&
			   (r == NONE || req[i].place < next) ->
				r = i;
				next = req[i].place
			:: else
			fi;
			i++
		od;
		if
		:: r == NONE ->
			r = 0;
			end = 0;
			here = 0;
			result = 0;
			break
		:: else
		fi;
		here = req[r].place;
		ddt_request_cancel(r, why, result);
		if
		:: result == 0 -> claimed = claimed | (1 << r)
		:: else
		fi }
	od;
	do
	:: !claimed ->
		r = 0;
		break
	:: atomic {
		claimed;
		r = 0;
		do
		:: claimed & (1 << r) -> break
		:: else -> r++
		od;
		claimed = claimed ^ (1 << r) };
		ddt_request_complete_unserved(r, number)
	od
}

/* state.c: service */

/* Sets until_now, until_ever: 0 and DDT_FOREVER. */
inline ddt_queue_end_delays(time_up)
{
	do
	:: len(delayed) == 0 -> break
	:: len(delayed) && !closed && !time_up ->
		until_ever = false;
		break
	:: len(delayed) ->	/* closed, or it is due by now */
		delayed?a;
		requests!a;
		req[a].state = QUEUED
	od
}

/* Sets begun, until_now and until_ever. */
inline ddt_request_begin(time_up)
{
	begun = NONE;
	until_now = false;
	until_ever = true;
	if
	:: aborting || (pauses && !closed)
	:: else ->
		ddt_queue_end_delays(time_up);
		if
		:: len(requests) == 0 ->
			if
			:: slot_kept ->
#ifndef BUG_SLOT_KEPT_FOR_EVER
				slot_kept = false;
				ddt_queue_admit();
				until_now = true
#endif
			:: else
			fi
		:: else ->
			requests?begun;
			assert(!paused || closed);
			assert(!in_callback);
			busy = true;
			in_callback = true;
			req[begun].state = IN_SERVICE;
			ddt_request_free_slot();
			service = begun + 1
		fi
	fi
}

inline ddt_request_account()
{
	busy = false;
	in_callback = false;
	if
	:: pauses -> quiet = true
	:: else
	fi;
	if
	:: served ->
		ddt_queue_count_completed(served);
		served = 0
	:: else
	fi
}

/* server.c and service.c: ddt_queue_serve() of a thread, or in a work item */

#ifdef WORKERS
#define SERVER_STARTS	(now_pending && !now_cancelled)
#define ON_DEMAND_KIND	false
#else
#define SERVER_STARTS	started
#ifdef ON_DEMAND
#define ON_DEMAND_KIND	true
#else
#define ON_DEMAND_KIND	false
#endif
#endif

#if defined(IDLE_TIMEOUT) || defined(ON_DEMAND) && !FAILURES
#define IDLE_TIMES_OUT	true
#else
#define IDLE_TIMES_OUT	false
#endif

proctype server()
{
	byte r;
	bool sleeping, time_up, idle, retry, forever;

end_start:
	atomic {
		SERVER_STARTS;
#ifdef WORKERS
		now_pending = false;
		now_running = true;
#else
		started = false;
#endif
		assert(!gone);
		threads++;
		assert(threads == 1)
	};
end_look:
	/*
	 * One hold of the lock: the previous request is accounted for, the next
	 * one is begun; or else the server falls asleep.
	 */
	atomic {
		if
		:: !sleeping -> ddt_queue_lock()
		/* ddt_monitor_wait(), at the end of ddt_server_sleep() */
		:: sleeping && ready ->
			ddt_queue_lock();
			ready = false;
			sleeping = false;
			asleep = false
		:: sleeping && should_stop && !ready ->
			ddt_queue_lock();
			sleeping = false;
			asleep = false;
			goto ended
		:: sleeping && !forever && (timeouts || len(delayed)) ->
			ddt_queue_lock();
			if
			:: len(delayed)	/* is due, sooner or later */
			:: else -> timeouts--
			fi;
			time_up = true;
			ready = false;
			sleeping = false;
			asleep = false
		fi;
		ddt_request_account();
		ddt_request_begin(time_up);
		r = begun;
		begun = 0;
		if
		:: r != NONE ->
			worked = true;
			idle_since = false;
			time_up = false;
			goto serve
		:: else
		fi;
		/* ddt_queue_is_idle() */
		idle = false;
		if
		:: !IDLE_TIMES_OUT || (!worked && !ON_DEMAND_KIND) || queued ||
		   pauses
#ifndef BUG_IDLE_FORGETS_KEPT_SLOT
		:: until_now
#endif
		:: else ->
			until_now = false;
			if
			:: idle_since && time_up -> idle = true
			:: idle_since && !time_up -> until_ever = false
			:: idle_since && !time_up && timeouts ->
				timeouts--;
				idle = true
			:: !idle_since ->
				idle_since = true;
				until_ever = false
			fi
		fi;
		time_up = false;
		if
		:: idle && worked ->
			worked = false;
			busy = true;
			in_callback = true;
			goto call_idle
		:: else
		fi;
		if
		:: until_now -> goto again
		:: else
		fi;
		forever = until_ever;
#ifdef BUG_FALL_ASLEEP_LATER
		goto fall_asleep
	};
fall_asleep:
	atomic {
		ddt_queue_lock();
#endif
		/* ddt_server_sleep() */
		asleep = true;
#ifdef WORKERS
		if
		:: !forever && !closed -> later = true
		:: else
		fi;
		goto ended
#else
		if
		:: ON_DEMAND_KIND && idle && !closed ->
#ifdef BUG_END_IS_NOT_SAID
			queue_work_now();
#else
			has_thread = false;
			queue_work_now();
#endif
			goto ended
		:: else
		fi;
		sleeping = true
#endif
	};
again:
	goto end_look;

serve:
	/* ddt_queue_serve_one() */
	atomic {
		assert(!stopped && !gone);	/* ops->serve() */
		if
		:: true -> retry = false
		:: retries ->
			retries--;
			retry = true
		fi;
		/* ddt_request_end(): the exchange */
		if
		:: !retry && service == r + 1 && !service_held ->
			service = 0;
			goto end_served
		:: else
		fi
	};
	atomic {
		ddt_queue_lock();
		service = 0;
		service_held = false;
		if
		:: retry && MAY_REQUEUE(r) ->
			/* ddt_request_requeue() */
			if
			:: req[r].state = DELAYED;
				delayed!r
			:: req[r].state = QUEUED;
				requests!r
			fi;
			queued++;
			retry = false;
			r = 0;
			goto end_look
		:: else -> retry = false
		fi
	};
end_served:
	/* Two steps in the C code; only the server itself looks at ->served here. */
	atomic {
		COUNT_BEFORE(r);
		served = SERVED(r);
		req[r].state = IDLE
	};
	atomic {
		complete(r);
		r = 0;
		goto end_look
	};

call_idle:
	assert(!stopped && !gone);	/* ops->idle() */
	goto end_look;

ended:
	atomic {
		assert(!gone);		/* WRITE_ONCE(server->task, NULL) */
		threads--;
		idle = false;
		forever = false;
#ifdef WORKERS
		now_running = false
#else
		exited = true
#endif
	};
	goto end_start
}

#ifdef ON_DEMAND
/* The work item "now" of a queue with a thread on demand. */
proctype ddt_server_replace_thread()
{
	byte here, end, r, result, number, claimed;
	bool ended, wanted, failed;

end_now:
	atomic {
		now_pending && !now_cancelled;
		now_pending = false;
		now_running = true
	};
	atomic {
		ddt_queue_lock();
		ended = !has_thread;
		wanted = ended && !asleep;
		if
		:: wanted -> has_thread = true
		:: else
		fi
	};
	if
	:: ended && thread ->
		/* ddt_thread_stop() and ddt_thread_put() */
#ifndef BUG_STARTS_WITHOUT_REAPING
		should_stop = true;
		exited;
#endif
		atomic {
			should_stop = false;
			exited = false;
			thread = false
		}
	:: else
	fi;
	if
	:: wanted ->
		if
		:: failures ->
			failures--;
			failed = true
		:: atomic {
			assert(!threads);
			thread = true;
			started = true }
		fi
	:: else
	fi;
	if
	:: failed ->
		atomic {
			ddt_queue_lock();
			has_thread = false
		};
		/* ddt_queue_fail() */
		ddt_queue_complete_all(ENOMEM, here, end, r, result, number,
				       claimed);
		atomic {
			ddt_queue_lock();
			asleep = true;
			if
#ifdef BUG_FAIL_FORGETS_BLOCKED
			:: queued -> ddt_queue_wake()
#elif !defined(BUG_FAIL_FORGETS_QUEUED)
			:: queued || blocked -> ddt_queue_wake()
#endif
			:: else
			fi
		}
	:: else
	fi;
	atomic {
		here = 0;
		end = 0;
		r = 0;
		result = 0;
		claimed = 0;
		ended = false;
		wanted = false;
		failed = false;
		assert(!gone);
		now_running = false
	};
	goto end_now
}
#endif

#ifdef WORKERS
/* The timer "later". */
proctype ddt_server_timer()
{
end_later:
	do
	/* hrtimer_cancel() waits for it: so it begins when it gets the lock. */
	:: atomic {
		later && timeouts && !locked;
		ddt_queue_lock();
		timeouts--;
		later = false;
		ddt_server_wake() }
	od
}
#endif

/* calls.c */

/*
 * After a call that may have been in progress when the queue was destroyed; for atomic
 * sequences. If it was, no other call may begin.
 */
inline call_returned(calls)
{
	if
	:: gone -> calls = 0
	:: else -> users++
	fi
}

/* The process will call nothing any more; for atomic sequences. */
inline no_more_calls()
{
	if
	:: gone
	:: else -> users--
	fi
}

proctype submitter(byte r)
{
	byte err, accepted, attempts = ATTEMPTS(r);

again:
	if
	/* ddt_queue_submit() */
#ifdef BUG_WAKE_BEFORE_ENQUEUE
	:: atomic {
		SUBMITS(r);
		ddt_queue_lock();
		attempts--;
		ddt_queue_wake() };
		atomic {
			ddt_queue_lock();
			ddt_request_submit(r, err)
		};
		goto submitted_it
#elif defined(BUG_COUNT_AFTER_UNLOCK)
	:: atomic {
		SUBMITS(r);
		ddt_queue_lock();
		attempts--;
		ddt_request_submit(r, err);
		if
		:: err -> goto submitted_it
		:: else -> queued--
		fi };
		atomic {
			ddt_queue_lock();
			queued++;
			assert(queued <= DEPTH);
			ddt_queue_wake()
		};
		goto submitted_it
#else
	:: atomic {
		SUBMITS(r);
		ddt_queue_lock();
		attempts--;
		ddt_request_submit(r, err);
		if
		:: !err -> ddt_queue_wake()
		:: else
		fi;
		goto submitted_it }
#endif
	/* ddt_queue_submit_wait() */
	:: atomic {
		!SUBMITS(r);
		ddt_queue_lock();
		attempts--;
		ddt_request_submit_or_block(r, err);
		if
		:: !err -> ddt_queue_wake()
		:: else
		fi;
		if
		:: err == EAGAIN -> users--
		:: else -> goto submitted_it
		fi }
	fi;
	/* ddt_caller_wait(): the event is set, or the time is up */
	if
	:: atomic {
		req[r].done;
		err = req[r].ret;
		goto returned }
	:: atomic {
		timeouts;
		timeouts--;
		err = ETIME;
#ifndef BUG_GIVE_UP_UNASKED
		if
		:: req[r].caller == WAITS -> req[r].caller = GIVEN_UP
		:: else -> goto decided
		fi
#endif
		}
	fi;
	atomic {
		ddt_request_leave_blocked(r);
		goto returned
	};
decided:
	atomic {
		req[r].done;
		err = req[r].ret
	};
returned:
	atomic {
		assert(!err || !req[r].owned);
		call_returned(attempts);
		goto submitted_it
	};
submitted_it:
	/* Waits for the completion. */
	atomic {
		err || !req[r].owned;
		accepted = accepted + !err;
		assert(!req[r].owned && req[r].completions == accepted);
		err = 0;
		req[r].done = false;
		if
		:: attempts -> goto again
		:: else -> no_more_calls()
		fi
	}
}

#if CANCELS
proctype canceller()
{
	byte r, result, number, calls = CANCELS;

	do
	:: atomic {
		!calls;
		no_more_calls();
		break }
	/* ddt_queue_cancel() */
	:: atomic {
		calls;
		ddt_queue_lock();
		calls--;
#ifdef AGAIN
		r = 1;
#else
		r = 0;
		do
		:: r < REQUESTS - 1 -> r++
		:: true -> break
		od;
#endif
#ifdef BUG_CLAIM_WITHOUT_CHECK
		result = EALREADY;
		if
		:: req[r].state == QUEUED -> result = 0
		:: else
		fi };
		atomic {
			ddt_queue_lock();
			if
			:: !result && req[r].state == QUEUED ->
				ddt_request_claim(r)
			:: else
			fi };
#else
		ddt_request_cancel(r, ECANCELED, result) };
#endif
		if
		:: atomic {
			result == EINPROGRESS;
			ddt_request_set_cancelled(r) }
		:: result == 0 -> ddt_request_complete_unserved(r, number)
		:: result && result != EINPROGRESS
		fi;
		atomic {
			result = 0;
			r = 0
		}
	od
}
#endif

#if FLUSHERS
/* A flush has returned 0: what was accepted before it began is completed. */
inline flushed(r)
{
	r = 0;
	do
	:: r == REQUESTS -> break
	:: else ->
		assert(req[r].completions >= before[r]);
		before[r] = 0;
		r++
	od
}

proctype ddt_queue_flush(byte f)
{
	byte r;
	byte before[REQUESTS];

	atomic {
		ddt_queue_lock();
		/* Of the model: what is accepted before the call */
		do
		:: r == REQUESTS -> break
		:: else ->
			before[r] = req[r].completions + req[r].owned;
			r++
		od;
		r = 0;
		no_more_calls();
		/* ddt_flusher_add() */
		if
		:: submitted == completed ->
			flushed(r);
			goto end
		:: else ->
			flusher[f].caller = WAITS;
			ddt_flush_add(f, submitted, submitted - completed)
		fi
	};
	/* ddt_caller_wait() */
	if
	:: atomic {
		flusher[f].done;
		flushed(r);
		goto end }
	:: atomic {
		timeouts;
		timeouts--;
		if
		:: flusher[f].caller == WAITS -> flusher[f].caller = GIVEN_UP
		:: else -> goto decided
		fi }
	fi;
	/* ddt_flusher_leave() */
	atomic {
		ddt_queue_lock();
		if
		:: !flusher[f].linked -> leaving--
		:: else ->
			ddt_flush_remove(f);
			ddt_flusher_end_done()
		fi;
		ddt_queue_check_drained();
		goto end
	};
decided:
	atomic {
		flusher[f].done;
		flushed(r)
	};
end:
	skip
}
#endif

#ifdef PAUSE
proctype pauser()
{
	byte err, calls = 1;

	/* ddt_queue_pause() */
	atomic {
		ddt_queue_lock();
		no_more_calls();
		if
		:: closed -> goto end
		:: else ->
			pauses++;
			leaving++;
#ifdef BUG_PAUSE_OVERLOOKS_CALLBACK
			quiet = true
#else
			quiet = !busy
#endif
		fi
	};
	if
	:: quiet
	:: atomic {
		timeouts;
		timeouts--;
		err = ETIME }
	fi;
	atomic {
		ddt_queue_lock();
		leaving--;
		if
		:: err ->
			pauses--;
			if
			:: !pauses -> ddt_queue_wake_if_needed()
			:: else
			fi
		:: else ->
			assert(!in_callback || closed);
			paused = true
		fi;
		ddt_queue_check_drained()
	};
	atomic {
		call_returned(calls);
		if
		:: !calls -> goto end
		:: else
		fi
	};
	atomic {
		if
		:: !err ->
			/* ddt_queue_resume() */
			ddt_queue_lock();
			paused = false;
			pauses--;
			if
			:: !pauses -> ddt_queue_wake_if_needed()
			:: else
			fi
		:: else
		fi;
		no_more_calls()
	};
end:
	skip
}
#endif

#ifdef STOP
/*
 * Stops the queue at any time, or never; and frees it, when no other call can begin
 * any more. Calls that wait may still be in progress.
 */
proctype stopper()
{
	byte here, end, r, result, number, claimed;
	bool more = true, abort;

	if
	:: goto unstopped
	:: skip
#ifndef DRAIN_ONLY
	:: abort = true
#endif
	fi;
	/* ddt_queue_stop() */
	do
	:: !more -> break
	:: atomic {
		more;
		ddt_queue_lock();
		closed = true;
		if
		:: abort -> aborting = true
		:: else
		fi;
		ddt_queue_refuse_blocked(more);
		if
		:: queued && !aborting -> ddt_queue_wake()
		:: else
		fi;
		ddt_queue_check_drained() }
	od;
#ifdef WALKS
	if
	:: abort ->
		ddt_queue_complete_all(ESHUTDOWN, here, end, r, result, number,
				       claimed)
	:: else
	fi;
#endif
	drained;
#ifdef WORKERS
	/* ddt_server_stop(): hrtimer_cancel() */
	later = false;
#endif
#ifndef BUG_STOP_FORGETS_SERVER
	atomic {	/* cancel_work_sync() */
		now_pending = false;
		now_cancelled = true
	};
	atomic {
		!now_running;
		now_cancelled = false;
		should_stop = thread	/* ddt_thread_stop() */
	};
	!thread || exited;
#endif
	atomic {
		stopped = true;
		assert(completed == submitted && !threads && !now_pending)
	};
	/* The rest of ddt_queue_destroy() */
	atomic {
		!users;
		gone = true
	};
unstopped:
	skip
}
#endif

init {
	byte r;

	atomic {
		asleep = true;
#ifndef WORKERS
#ifndef ON_DEMAND
		asleep = false;
		has_thread = true;
		thread = true;
		started = true;
#endif
#endif
		users = REQUESTS + (CANCELS > 0) + FLUSHERS;
#ifdef PAUSE
		users++;
		run pauser();
#endif
		run server();
#ifdef ON_DEMAND
		run ddt_server_replace_thread();
#endif
#ifdef WORKERS
		run ddt_server_timer();
#endif
#if CANCELS
		run canceller();
#endif
#ifdef STOP
		run stopper();
#endif
		do
		:: r == REQUESTS -> break
		:: else ->
			run submitter(r);
			r++
		od;
#if FLUSHERS
		r = 0;
		do
		:: r == FLUSHERS -> break
		:: else ->
			run ddt_queue_flush(r);
			r++
		od;
#endif
		r = 0
	}
}
