/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * torture.h - threads that use the library in all ways at once, and a model
 *	       that says what must come of it
 *
 * The roles: each of some queues has threads that submit, cancel, flush, change
 * its attributes and pause it, and one that stops, destroys and creates it
 * again; two timers submit and cancel in interrupt context. Other threads move
 * tokens between dispatcher objects, meet at events, and create threads. The
 * director moves the threads between CPUs and from time to time has all of them
 * park (stutter): then it looks at what must hold when nothing is in progress.
 * The monitor looks for what is late.
 *
 * The model: a request belongs to a record, which outlives it. The record's word
 * is its incarnation and state; each step exchanges the word, so that a step
 * that happens twice, or out of turn, finds the wrong one.
 *
 *	IDLE -> SUBMITTED -> SERVING -> ENDED -> COMPLETED -> IDLE
 *	  ^---refused--'|       ^  `---> RETRIED -'  ^
 *			|       `-----------'        |
 *			`---cancelled, expired-------'
 *
 * What is checked: every accepted request is completed once, and none that was
 * refused; one callback of a server at a time; none during a pause or after a
 * stop; in each flow the order of submission, by the submitter's count and by
 * the queue's; requeued requests at the place that was asked for; flows in turn;
 * the status; that what was cancelled had been asked to be, and that a server
 * which was told so sees it; what a flush has waited for; that what is served
 * changes a checksum of its flow that its submitter predicts; all statistics, as
 * soon as a queue is at rest; and that no call or request takes longer than
 * late_s, although nothing holds it for longer than some ms.
 *
 * What another context may claim at the same time cannot be judged at once:
 * when a request is overtaken, and should not have been, it is marked, and must
 * not be served any more.
 */
#ifndef _DDT_TORTURE_H
#define _DDT_TORTURE_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <ddt/queue.h>

#define TORTURE_MAX_SUBMITTERS	8U
#define TORTURE_MAX_QUEUES	16U
#define TORTURE_RING		64U	/* records of a submitter */
#define TORTURE_TIMERS		4U	/* of a canceller */
#define TORTURE_EVENTS		16U	/* in a record's history */

struct torture_queue;

enum torture_state {
	TORTURE_IDLE,
	TORTURE_SUBMITTED,
	TORTURE_SERVING,
	TORTURE_ENDED,
	TORTURE_RETRIED,
	TORTURE_COMPLETED,
};

#define TORTURE_STATE_BITS	3
#define TORTURE_STATE_MASK	((1U << TORTURE_STATE_BITS) - 1)

enum torture_event_kind {
	TORTURE_EVENT_SUBMIT,
	TORTURE_EVENT_REFUSED,
	TORTURE_EVENT_SERVE,
	TORTURE_EVENT_RETRY,
	TORTURE_EVENT_CANCEL,
	TORTURE_EVENT_COMPLETE,
	TORTURE_EVENT_OVERTAKEN,
};

/* A step in the life of a record. */
struct torture_event {
	u64 ns;
	s64 value;
	u32 incarnation;
	pid_t pid;
	u16 cpu;
	u8 kind;
	bool interrupt;
	char comm[TASK_COMM_LEN];
};

/* What the server does with a request, decided by its submitter. */
enum torture_work {
	TORTURE_WORK_NONE,
	TORTURE_WORK_SPIN,
	TORTURE_WORK_DELAY,
	TORTURE_WORK_STICKY,		/* until it is cancelled, or some ms */
	TORTURE_WORK_CANCEL_SELF,
	TORTURE_WORK_CANCEL_OTHER,
};

/* What is submitted: part of its record, or freed by its completion. */
struct torture_carrier {
	struct ddt_request req;
	struct torture_record *record;
};

struct torture_record {
	struct torture_queue *queue;
	struct torture_submitter *submitter;
	unsigned int index;		/* in torture_queue.records */
	atomic_t word;
	u32 incarnation;
	u32 accepted;			/* the incarnation that is known to be */
	bool blocking;			/* its submitter may wait for a slot */
	bool ephemeral;			/* its carrier is freed */
	ktime_t since;			/* when it was submitted */

	/* The plan */
	unsigned int flow;
	u64 sequence;			/* of its submitter, 0: not known */
	u64 payload;
	ktime_t deadline;
	u8 work;
	u8 retries;
	u8 resubmits;
	u32 random;

	/* What happened */
	bool begun;
	u32 late;			/* the incarnation that was reported so */
	int status;			/* what its service returned */
	u64 result;
	u64 behind;			/* the witness of a retry at the tail */
	u32 overtaken;			/* the incarnation that must not be served */
	unsigned int visited;		/* the walk that did so last */
	u32 told;			/* the incarnation whose server was told */
	atomic_t cancels_begun;
	atomic_t cancels_ended;
	int cancels_before;		/* cancels that had ended at submission */
	int all_before;

	struct torture_carrier carrier;
	atomic_t events;
	struct torture_event history[TORTURE_EVENTS];
};

struct torture_flow {
	struct ddt_flow flow;		/* the first is the shared one: unused */
	u64 sum;			/* only the server changes it */
	u64 last_number;
	struct torture_record *head;	/* requeued before all others */
	u64 head_witness;
	u64 seen[2];			/* witnesses at the last two services */
	atomic64_t witness;		/* accepted last: see torture_witness() */
};

/* A thread, or a timer, with a ring of records and a flow. */
struct torture_submitter {
	struct torture_queue *queue;
	unsigned int index;
	unsigned int head, tail;	/* counts; the ring is full at RING */
	struct torture_record *records;
	u64 sequence;
	u64 served[2];			/* the last sequence, in each of its flows */
	u64 sum;			/* the mirror of its flow's */
	struct rnd_state rnd;
	struct torture_record *awaited;
	wait_queue_head_t wait;
};

struct torture_timer {
	struct hrtimer timer;
	struct torture_queue *queue;
	struct torture_record *record;
};

struct torture_queue {
	unsigned int index;
	struct ddt_queue *queue;	/* valid for its users */
	atomic_t users;			/* 0: no call may begin */
	struct completion unused;
	wait_queue_head_t opened;
	struct ddt_queue_attr attr;
	unsigned int generation;
	unsigned int walks;		/* the controller's */
	bool stopping;			/* stop or destroy may be in progress */
	bool stopped;			/* has returned */
	atomic_t paused;		/* pauses that are in force */
	atomic_t left_paused;		/* by callers that are no users any more */
	atomic_t all_begun;		/* what may cancel any request */
	atomic_t all_ended;
	ktime_t stop_since;

	/* The server's */
	struct torture_record *serving;
	struct torture_record *last;
	struct task_struct *server;
	struct rnd_state rnd;		/* of the restarter */
	struct rnd_state callback_rnd;	/* of the server */
	unsigned int last_flow;
	unsigned int turns;		/* services since one expired */
	int expirations_seen;
	bool worked;

	atomic_t completing;		/* completions that are in progress */

	/* Counts of this generation */
	atomic_t accepted;
	atomic_t completed;
	atomic_t served;		/* completed by the server, after service */
	atomic_t claimed;		/* cancelled or aborted while queued */
	atomic_t expired;
	atomic_t retried;
	atomic_t expirations;

	unsigned int flows_count;
	struct torture_flow flows[TORTURE_MAX_SUBMITTERS + 2];
	struct torture_submitter submitters[TORTURE_MAX_SUBMITTERS];
	struct torture_submitter device;	/* the timer that submits */
	struct hrtimer device_timer;
	bool device_on;
	struct torture_timer timers[TORTURE_TIMERS];
	struct work_struct stop_work;
	struct task_struct *helper;	/* that does it at present */
	enum ddt_queue_stop_mode stop_mode;

	unsigned int records_count;
	struct torture_record *records;
};

/**
 * struct torture_thread - a thread with a role
 * @role: its name
 * @round: does something once
 * @parks: whether it takes part in stutter
 * @call: the call of the library that it is in, or NULL; for the monitor
 * @inside: the queue that may be destroyed while it is in that call
 */
struct torture_thread {
	const char *role;
	void (*round)(struct torture_thread *thread);
	bool parks;
	const char *call;
	struct torture_queue *inside;
	/* private: */
	struct torture_queue *queue;
	unsigned int index;
	struct task_struct *task;
	struct rnd_state rnd;
	unsigned int calls;
	ktime_t since;
	bool late;
	u64 *seen;			/* a flusher's */
	struct list_head link;
};

enum torture_count {
	TORTURE_COUNT_REQUESTS,
	TORTURE_COUNT_SERVED,
	TORTURE_COUNT_CANCELLED,
	TORTURE_COUNT_EXPIRED,
	TORTURE_COUNT_ABORTED,
	TORTURE_COUNT_RETRIED,
	TORTURE_COUNT_REFUSED,
	TORTURE_COUNT_TIMED_OUT,	/* submissions that waited for a slot */
	TORTURE_COUNT_IN_INTERRUPT,	/* requests completed there */
	TORTURE_COUNT_FLUSHES,
	TORTURE_COUNT_PAUSES,
	TORTURE_COUNT_STOPS,
	TORTURE_COUNT_RUDE,		/* queues destroyed with callers in them */
	TORTURE_COUNT_IDLE,
	TORTURE_COUNT_WAITS,		/* for dispatcher objects, ended */
	TORTURE_COUNT_WAIT_TIMEOUTS,
	TORTURE_COUNT_MEETINGS,
	TORTURE_COUNT_THREADS,
	TORTURE_COUNT_STUTTERS,
	TORTURE_COUNTS,
};

extern unsigned int torture_submitters;
extern unsigned int torture_queues;
extern unsigned int torture_late_s;
extern atomic64_t torture_counts[TORTURE_COUNTS];
extern struct workqueue_struct *torture_workqueue;

static inline void torture_count(enum torture_count count)
{
	atomic64_inc(&torture_counts[count]);
}

static inline u32 torture_random(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

static inline bool torture_one_in(struct rnd_state *rnd, u32 n)
{
	return !torture_random(rnd, n);
}

static inline u64 torture_mix(u64 sum, u64 value)
{
	sum = (sum ^ value) * 0x9e3779b97f4a7c15ULL;
	return sum ^ (sum >> 29);
}

static inline u32 torture_word(u32 incarnation, enum torture_state state)
{
	return (incarnation << TORTURE_STATE_BITS) | state;
}

static inline enum torture_state torture_state_of(u32 word)
{
	return word & TORTURE_STATE_MASK;
}

static inline bool torture_outstanding(u32 word)
{
	enum torture_state state = torture_state_of(word);

	return state != TORTURE_IDLE && state != TORTURE_COMPLETED;
}

/* Enters a call that the monitor follows. */
static inline void torture_call(struct torture_thread *thread,
				const char *call)
{
	WRITE_ONCE(thread->since, ktime_get());
	/* Pairs with torture_check_thread(). */
	smp_store_release(&thread->call, call);
}

static inline void torture_return(struct torture_thread *thread)
{
	WRITE_ONCE(thread->call, NULL);
}

/* Whether the time since @begin is beyond what is late. */
static inline bool torture_late(ktime_t begin)
{
	return ktime_get() - begin > torture_late_s * NSEC_PER_SEC;
}

/* torture_main.c */
__printf(2, 3)
void torture_fail(struct torture_record *record, const char *format, ...);
bool torture_failed(void);
struct torture_thread *torture_start(const char *role, unsigned int index,
				     struct torture_queue *queue, bool parks,
				     void (*round)(struct torture_thread *));
bool torture_sleep(unsigned int min_us, unsigned int max_us);
bool torture_parked(void);
ktime_t torture_timeout(struct rnd_state *rnd, unsigned int *flags);
bool torture_timeout_over(unsigned int flags, ktime_t timeout, ktime_t begin);
void torture_visit_threads(void (*fn)(struct torture_thread *thread,
				      void *context), void *context);

/* torture_model.c */
extern const struct ddt_queue_ops torture_ops;
void torture_note(struct torture_record *record, enum torture_event_kind kind,
		  s64 value);
void torture_history(const struct torture_record *record);
u32 torture_prepare(struct torture_record *record);
void torture_plan(struct torture_submitter *submitter,
		  struct torture_record *record);
void torture_accepted(struct torture_record *record, u32 incarnation);
void torture_refused(struct torture_record *record, int err);
bool torture_reap(struct torture_submitter *submitter);
int torture_cancel(struct ddt_queue *queue, struct torture_record *record);
void torture_visit(struct ddt_request *req, bool in_service, void *context);

/* torture_roles.c */
void torture_submitter_round(struct torture_thread *thread);
void torture_canceller_round(struct torture_thread *thread);
void torture_flusher_round(struct torture_thread *thread);
void torture_controller_round(struct torture_thread *thread);
enum hrtimer_restart torture_device_fn(struct hrtimer *timer);
enum hrtimer_restart torture_cancel_fn(struct hrtimer *timer);

/* torture_queue.c */
struct ddt_queue *torture_get(struct torture_queue *q);
void torture_put(struct torture_queue *q);
struct ddt_queue *torture_enter(struct torture_thread *thread,
				const char *call);
void torture_leave(struct torture_thread *thread);
void torture_restarter_round(struct torture_thread *thread);
int torture_queue_init(struct torture_queue *q, unsigned int index,
		       u64 seed);
void torture_queue_end(struct torture_queue *q);
void torture_queue_free(struct torture_queue *q);
void torture_device_start(struct torture_queue *q);
void torture_device_stop(struct torture_queue *q);
void torture_queue_check_at_rest(struct torture_queue *q);
void torture_queue_print(struct torture_queue *q, struct ddt_queue *queue);

/* torture_objects.c */
int torture_objects_start(void);
void torture_objects_check(void);

#endif /* _DDT_TORTURE_H */
