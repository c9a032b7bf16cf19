/* SPDX-License-Identifier: GPL-2.0-only */
/* server.h - what serves a queue: a thread, a thread on demand, or workers */
#ifndef _DDT_CORE_SERVER_H
#define _DDT_CORE_SERVER_H

#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include <ddt/queue.h>

#include "dispatcher.h"

struct ddt_server {
	/* Its lock is the queue's, its semaphore is what the thread waits for. */
	struct ddt_monitor monitor;
	/* Under that lock: */
	bool asleep;		/* looks again only when woken */
	bool has_thread;	/* one runs, or is being started */
	bool closed;		/* the queue accepts no more requests */
	u64 wakeups;

	enum ddt_queue_server kind;
	struct task_struct *task;	/* that runs the callbacks, or NULL */
	/* Serves until ddt_server_sleep() returns false. */
	void (*serve)(struct ddt_server *server);
	/* Completes what no thread could be started for. */
	void (*fail)(struct ddt_server *server, int err);
	struct work_struct now;		/* workers serve, or a thread is started */
	struct hrtimer later;		/* wakes workers */
	/* Protects thread, and attr.nice from the start on. */
	struct mutex thread_lock;
	struct ddt_thread *thread;	/* NULL if there is none */
	struct ddt_thread_attr attr;
	char name[TASK_COMM_LEN];
};

int ddt_server_start(struct ddt_server *server,
		     const struct ddt_queue_attr *attr,
		     struct lock_class_key *key,
		     void (*serve)(struct ddt_server *server),
		     void (*fail)(struct ddt_server *server, int err));
void ddt_server_wake(struct ddt_server *server);
bool ddt_server_sleep(struct ddt_server *server, ktime_t until, bool idle);
bool ddt_server_is_current(const struct ddt_server *server);
void ddt_server_stop(struct ddt_server *server);
void ddt_server_free(struct ddt_server *server);

struct ddt_thread *ddt_server_get_thread(struct ddt_server *server);
int ddt_server_set_nice(struct ddt_server *server, int nice);
int ddt_server_nice(struct ddt_server *server, int *nice);

void ddt_server_queue_work(struct work_struct *work);
int ddt_server_init(void);
void ddt_server_exit(void);

#endif /* _DDT_CORE_SERVER_H */
