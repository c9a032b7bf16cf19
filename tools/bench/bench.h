/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench.h - the same work through different engines, measured
 *
 * An engine is a way to have requests served one at a time and in order by
 * somebody else. A server is one instance of it. Submitters are threads that
 * give requests to a server and wait until all of them are done.
 */
#ifndef _DDT_BENCH_H
#define _DDT_BENCH_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/workqueue.h>

#include <ddt/queue.h>

struct bench_params;
struct bench_server;
struct seq_file;

/* A thread that submits requests and waits for them. */
struct bench_submitter {
	struct task_struct *task;
	struct bench_server *server;
	const struct bench_params *params;
	struct bench_request *requests;
	struct bench_request **order;	/* in which they are submitted */
	struct ddt_request **list;	/* the same, for engines that need it */
	struct completion *start;
	unsigned int bursts;		/* at least; then, how many */
	u64 min_ns;			/* the time that they have to take */
	/* Counted by the server or a cancellation, compared by the submitter. */
	atomic_t done;
	unsigned int expected;
	/* Its own cost of submitting in some bursts, and all the time, in ns. */
	unsigned int sampled;
	u64 submit_ns;
	u64 total_ns;
	struct completion finished;
};

struct bench_request {
	struct bench_submitter *submitter;
	struct bench_server *server;
	bool gate;		/* waits for bench_server.gate while served */
	/* For those of device.c: what to do, and what to complete instead. */
	void (*transfer)(struct bench_request *req);
	struct completion *finished;
	union {
		struct ddt_request ddt;
		struct kthread_work kthread_work;
		struct work_struct work;
		struct list_head link;
		struct llist_node node;
	};
};

/**
 * struct bench_engine - a way to have requests served
 * @name: for the results
 * @max_burst: how many requests may be queued, 0 if there is no limit
 * @create: starts a server, on bench_server.cpu if that is not -1
 * @destroy: ends it; nothing is queued any more
 * @init: prepares a request, once
 * @submit: queues a request
 * @submit_list: queues several in one call; optional, then each by @submit
 * @cancel: takes back a request that is queued; optional
 * @stop: ends the server with requests queued: as @destroy, but the first
 *	completes or takes back all of them; optional
 */
struct bench_engine {
	const char *name;
	unsigned int max_burst;
	int (*create)(struct bench_server *server);
	void (*destroy)(struct bench_server *server);
	void (*init)(struct bench_request *req);
	void (*submit)(struct bench_server *server, struct bench_request *req);
	void (*submit_list)(struct bench_server *server,
			    struct ddt_request *const *reqs, unsigned int n);
	void (*cancel)(struct bench_server *server, struct bench_request *req);
	void (*stop)(struct bench_server *server, struct bench_request *reqs,
		     unsigned int count);
};

struct bench_server {
	const struct bench_engine *engine;
	int cpu;
	u64 service_ns;
	int policy;
	struct completion gate;
	struct completion at_gate;
	/* Used in the server's task only, see bench_serve(). */
	struct task_struct *last_task;
	unsigned long last_switches;
	u64 wakeups;
	/* What the engine needs. */
	union {
		struct ddt_queue *queue;
		struct workqueue_struct *workqueue;
		struct {
			struct kthread_worker worker;
			struct task_struct *worker_task;
		};
		struct {
			spinlock_t lock;	/* protects requests */
			struct list_head requests;
			struct semaphore count;
			struct task_struct *thread;
			bool stopping;
		};
		struct {
			struct bench_request *word;
			struct task_struct *pong;
		};
		struct {
			struct llist_head pushed;
			struct task_struct *popper;
		};
	};
};

/**
 * struct bench_rival - an engine, and how its thread is scheduled
 * @engine: the engine
 * @policy: SCHED_NORMAL or SCHED_BATCH for the thread that serves, or -1 to
 *	leave it as it is: a worker is not the engine's own
 *
 * All have their turn in each round, so that those with the same policy can be
 * compared.
 */
struct bench_rival {
	const struct bench_engine *engine;
	int policy;
};

/**
 * struct bench_workload - something to measure
 * @name: for bench_run() and the results
 * @run: measures
 */
struct bench_workload {
	const char *name;
	int (*run)(const struct bench_params *params);
};

struct bench_params {
	int cpu;
	unsigned int n;
	unsigned int submitters;
	unsigned int service_ns;
	unsigned int rounds;
};

struct bench_result {
	const char *workload;
	const char *engine;
	int policy;
	struct bench_params params;
	unsigned int round;
	u64 ps;			/* per request, or what the workload says */
	u64 submit_ps;		/* per request */
	u64 wakeups_milli;	/* per burst */
	u64 irq_pairs_milli;	/* per request; not counted in a kernel */
};

extern const struct bench_engine bench_ddt_idle;
extern const struct bench_engine bench_ddt_list;
extern const struct bench_engine bench_ddt_thread;
extern const struct bench_engine bench_ddt_times;
extern const struct bench_engine bench_ddt_workers;
extern const struct bench_engine bench_floor;
extern const struct bench_engine bench_kthread_worker;
extern const struct bench_engine bench_llist;
extern const struct bench_engine bench_transcription;
extern const struct bench_engine bench_wq_highpri;
extern const struct bench_engine bench_wq_ordered;
extern const struct bench_engine bench_wq_unbound;

/* The time that each of @count took, in ps. */
static inline u64 bench_ps_each(u64 ns, u64 count)
{
	return div64_u64(ns * 1000, count);
}

#ifndef bench_irq_pairs
#define bench_irq_pairs()	0UL
#endif

/* main.c; both end with an empty one */
extern const struct bench_rival bench_rivals[];
extern const struct bench_workload bench_workloads[];

/* run.c */
int bench_run(const char *line);

/* server.c */
struct bench_server *bench_server_create(const struct bench_rival *rival,
					 const struct bench_params *params);
void bench_server_free(struct bench_server *server);
void bench_serve(struct bench_request *req);
void bench_complete(struct bench_request *req);
struct bench_request *bench_requests_create(struct bench_server *server,
					    struct bench_submitter *submitter,
					    unsigned int count);
void bench_submitter_wait(struct bench_submitter *submitter);
int bench_sleep_until_stop(void);

/* result.c */
int bench_result_add(const struct bench_result *result);
void bench_results_clear(void);
void bench_results_show(struct seq_file *m);

/* device.c */
int bench_devices_create(void);
void bench_devices_destroy(void);

/* The workloads. */
int bench_burst(const struct bench_params *params);
int bench_scattered(const struct bench_params *params);
int bench_hog(const struct bench_params *params);
int bench_cancel(const struct bench_params *params);
int bench_stop(const struct bench_params *params);
int bench_delay(const struct bench_params *params);

/* queues.c */
int bench_queues_set(const char *kind, unsigned int count);
void bench_queues_destroy(void);
void bench_queues_show(struct seq_file *m);

#endif /* _DDT_BENCH_H */
