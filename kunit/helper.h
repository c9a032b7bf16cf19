/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * helper.h - what the suites share: bounded waiting, threads, clean-up
 *
 * A test of a library that is broken should fail, not hang: all waiting is
 * bounded, what might block for ever is done in a thread of its own, and what
 * a thread that does not end might still use is not freed.
 */
#ifndef _DDT_KUNIT_HELPER_H
#define _DDT_KUNIT_HELPER_H

#include <kunit/test.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/time64.h>

struct ddt_object;
struct ddt_thread;
struct task_struct;

#define DDT_TEST_HOUR		(3600 * NSEC_PER_SEC)

/* Waits until @condition is true. Returns false if it does not become so. */
#define ddt_test_until(condition)					\
({									\
	unsigned long begin_ = jiffies;					\
	bool true_;							\
									\
	for (;;) {							\
		true_ = (condition);					\
		if (true_ || ddt_test_late(begin_))			\
			break;						\
		usleep_range(20, 100);					\
	}								\
	true_;								\
})

/**
 * struct ddt_test_thread - a kernel thread of a test
 * @task: the thread
 * @result: what its function has returned, once it has ended
 */
struct ddt_test_thread {
	struct task_struct *task;
	int result;
	/* private: */
	int (*fn)(void *context);
	void *context;
	struct completion begun;
	struct completion ended;
	bool stopped;
	struct list_head link;
};

/* For the suites' init and exit. */
int ddt_test_init(struct kunit *test);
void ddt_test_exit(struct kunit *test);

/* Zeroed, freed at the end of the test. Never fails. */
void *ddt_test_alloc(struct kunit *test, size_t size);

/* At the end of the test, last in first out, calls @fn in a thread. */
void ddt_test_at_exit(struct kunit *test, int (*fn)(void *context),
		      void *context);

/*
 * Whether what is waited for since @begin should have happened by now.
 * A test that passes never waits so long.
 */
bool ddt_test_late(unsigned long begin);

/* Waits for an object. Returns false if it is not signaled in time. */
bool ddt_test_signaled(struct ddt_object *object);

/* Returns when the thread has begun to run. Never fails. */
struct ddt_test_thread *ddt_test_start(struct kunit *test,
				       int (*fn)(void *context), void *context);

/* Waits for the end of a thread: its result; -EINPROGRESS if it hangs. */
int ddt_test_join(struct ddt_test_thread *thread);

/* Whether its function has returned. */
bool ddt_test_ended(struct ddt_test_thread *thread);

/* Calls a function in a thread and waits for its end. */
int ddt_test_call(struct kunit *test, int (*fn)(void *context), void *context);

/* kthread_stop(), once. Returns the thread that calls it. */
struct ddt_test_thread *ddt_test_stop(struct kunit *test,
				      struct ddt_test_thread *thread);

/* Whether a thread waits in the library, or is just about to. */
bool ddt_test_waits(struct ddt_test_thread *thread);
bool ddt_test_thread_waits(struct ddt_thread *thread);

/* Whether it has done so for a few ms: it really sleeps. */
bool ddt_test_thread_settles(struct ddt_thread *thread);

/*
 * Whether a test that does something over and over is to do round @i of
 * @rounds, counted from 0: where it has taken @ms since @begin it does fewer.
 */
bool ddt_test_round(unsigned int i, unsigned int rounds, unsigned int ms,
		    unsigned long begin);

/**
 * struct ddt_test_race - a thread on another CPU, to do something there at the
 *	same time as the test does something here
 */
struct ddt_test_race {
	/* private: */
	void (*there)(void *context);
	void *context;
	unsigned int begun;		/* rounds */
	unsigned int ended;
};

/* There must be two CPUs, and the callers of rounds be confined to the first. */
struct ddt_test_race *ddt_test_race_start(struct kunit *test,
					  void (*there)(void *context),
					  void *context);

/* Calls both functions. Returns false if the other CPU does not return. */
bool ddt_test_race_round(struct ddt_test_race *race,
			 void (*here)(void *context));

/* Confines the caller to the first CPU. */
void ddt_test_pin(void);

/* Takes some time, by one of several means, or none. */
void ddt_test_jitter(void);

/* A number from 0 to @n - 1. */
u32 ddt_test_random(u32 n);

#endif /* _DDT_KUNIT_HELPER_H */
