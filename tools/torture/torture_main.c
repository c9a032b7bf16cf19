// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_main.c - the torture module: its threads, director, monitor, verdict
 *
 * Loading it starts the threads. After duration_s, or at the first failure, they
 * are stopped, and a line in the log begins with SUCCESS or FAILURE; a failure
 * is a warning of the kernel too. Reading the file ddt_torture in debugfs waits
 * for that line and has it, and all counts. Unloading the module ends the run.
 *
 * When a thread hangs the module cannot be unloaded any more, and says so.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../../module/compat.h"
#include "torture.h"

/* Failures that are printed; more are only counted. */
#define TORTURE_PRINTED	6

static unsigned int duration_s = 60;
module_param(duration_s, uint, 0444);
MODULE_PARM_DESC(duration_s, "how long to run, in s; 0: until it is unloaded");

unsigned int torture_queues = 5;
module_param_named(queues, torture_queues, uint, 0444);
MODULE_PARM_DESC(queues, "how many queues");

unsigned int torture_submitters = 3;
module_param_named(submitters, torture_submitters, uint, 0444);
MODULE_PARM_DESC(submitters, "submitting threads of each queue");

static unsigned int stutter_s = 5;
module_param(stutter_s, uint, 0444);
MODULE_PARM_DESC(stutter_s, "how often all pause, to be checked at rest, in s; 0: never");

static unsigned int shuffle_ms = 500;
module_param(shuffle_ms, uint, 0444);
MODULE_PARM_DESC(shuffle_ms, "how often threads get other CPUs, in ms; 0: never");

unsigned int torture_late_s = 30;
module_param_named(late_s, torture_late_s, uint, 0444);
MODULE_PARM_DESC(late_s, "when a request or a call is late, in s");

static unsigned long long seed;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "of the random numbers; 0: a new one");

static bool verbose;
module_param(verbose, bool, 0444);
MODULE_PARM_DESC(verbose, "print counts each time that all pause");

static const char *const torture_count_names[TORTURE_COUNTS] = {
	[TORTURE_COUNT_REQUESTS] = "requests",
	[TORTURE_COUNT_SERVED] = "served",
	[TORTURE_COUNT_CANCELLED] = "cancelled",
	[TORTURE_COUNT_EXPIRED] = "expired",
	[TORTURE_COUNT_ABORTED] = "aborted",
	[TORTURE_COUNT_RETRIED] = "retried",
	[TORTURE_COUNT_REFUSED] = "refused",
	[TORTURE_COUNT_TIMED_OUT] = "timed_out",
	[TORTURE_COUNT_IN_INTERRUPT] = "in_interrupt",
	[TORTURE_COUNT_FLUSHES] = "flushes",
	[TORTURE_COUNT_PAUSES] = "pauses",
	[TORTURE_COUNT_STOPS] = "stops",
	[TORTURE_COUNT_RUDE] = "destroyed_with_callers",
	[TORTURE_COUNT_IDLE] = "idle",
	[TORTURE_COUNT_WAITS] = "waits",
	[TORTURE_COUNT_WAIT_TIMEOUTS] = "wait_timeouts",
	[TORTURE_COUNT_MEETINGS] = "meetings",
	[TORTURE_COUNT_THREADS] = "threads",
	[TORTURE_COUNT_STUTTERS] = "stutters",
};

atomic64_t torture_counts[TORTURE_COUNTS];
struct workqueue_struct *torture_workqueue;

static struct torture_queue *torture_all_queues;
static LIST_HEAD(torture_threads);	/* does not change while they run */
static struct task_struct *torture_director, *torture_monitor;
static struct dentry *torture_file;

static atomic_t torture_failures;
static DECLARE_COMPLETION(torture_over);	/* the director has ended it */
static DECLARE_COMPLETION(torture_judged);
static char torture_verdict[160];
static ktime_t torture_since;
static bool torture_ending;

static bool torture_stutter;
static atomic_t torture_parkers;
static DECLARE_WAIT_QUEUE_HEAD(torture_stutter_wait);

bool torture_failed(void)
{
	return atomic_read(&torture_failures);
}

/* Any context, the lock of a queue included. */
void torture_fail(struct torture_record *record, const char *format, ...)
{
	int n = atomic_inc_return(&torture_failures);
	struct va_format vaf;
	va_list args;

	if (n > TORTURE_PRINTED)
		return;
	va_start(args, format);
	vaf.fmt = format;
	vaf.va = &args;
	pr_err("failure %d: %pV\n", n, &vaf);
	va_end(args);
	if (record)
		torture_history(record);
	WARN(n == 1, "%s: the first failure is above\n", KBUILD_MODNAME);
}

/* Returns false if the thread must end; that also ends the sleep. */
bool torture_sleep(unsigned int min_us, unsigned int max_us)
{
	ktime_t sleep = get_random_u32() % (max_us - min_us + 1) + min_us;

	sleep *= NSEC_PER_USEC;
	set_current_state(TASK_IDLE);
	schedule_hrtimeout_range(&sleep, 0, HRTIMER_MODE_REL);
	return !kthread_should_stop();
}

/* A timeout for a wait, and its flags. */
ktime_t torture_timeout(struct rnd_state *rnd, unsigned int *flags)
{
	ktime_t timeout = torture_random(rnd, torture_one_in(rnd, 8) ?
					 20000000 : 1000000);

	*flags = prandom_u32_state(rnd) &
		 (DDT_WAIT_ALERTABLE | DDT_WAIT_KILLABLE);
	switch (torture_random(rnd, 8)) {
	case 0:
		return DDT_FOREVER;
	case 1:
		return 0;
	case 2:
	case 3:
		*flags |= DDT_WAIT_ABSOLUTE;
		return ktime_get() + timeout;
	case 4:
		*flags |= DDT_WAIT_REALTIME;
		return ktime_get_real() + timeout;
	default:
		return timeout;
	}
}

/* Whether the timeout of a wait that began at @begin or later is over. */
bool torture_timeout_over(unsigned int flags, ktime_t timeout, ktime_t begin)
{
	if (timeout == DDT_FOREVER)
		return false;
	if (flags & DDT_WAIT_ABSOLUTE)
		return ktime_get() >= timeout;
	if (flags & DDT_WAIT_REALTIME)
		return ktime_get_real() >= timeout;
	return ktime_get() - begin >= timeout;
}

/* Threads */

static void torture_park(void)
{
	if (!READ_ONCE(torture_stutter))
		return;
	atomic_inc(&torture_parkers);
	wait_event_freezable(torture_stutter_wait,
			     !READ_ONCE(torture_stutter) ||
			     kthread_should_stop());
	atomic_dec(&torture_parkers);
}

static int torture_thread_fn(void *context)
{
	struct torture_thread *thread = context;

	/* Those that no other depends on. */
	if (thread->round == torture_submitter_round)
		set_freezable();
	while (!kthread_should_stop()) {
		if (thread->parks)
			torture_park();
		thread->round(thread);
		cond_resched();
	}
	return 0;
}

/* All begin to run later, when all have been created. */
struct torture_thread *torture_start(const char *role, unsigned int index,
				     struct torture_queue *queue, bool parks,
				     void (*round)(struct torture_thread *))
{
	struct torture_thread *thread = kzalloc_obj(*thread, GFP_KERNEL);
	struct task_struct *task;

	if (!thread)
		return ERR_PTR(-ENOMEM);
	thread->role = role;
	thread->index = index;
	thread->queue = queue;
	thread->parks = parks;
	thread->round = round;
	prandom_seed_state(&thread->rnd,
			   torture_mix(seed, (u64)(uintptr_t)role + index));
	if (queue)
		task = kthread_create(torture_thread_fn, thread, "%s%u.%u",
				      role, queue->index, index);
	else
		task = kthread_create(torture_thread_fn, thread, "%s%u", role,
				      index);
	if (IS_ERR(task)) {
		kfree(thread);
		return ERR_CAST(task);
	}
	thread->task = get_task_struct(task);
	list_add_tail(&thread->link, &torture_threads);
	return thread;
}

void torture_visit_threads(void (*fn)(struct torture_thread *thread,
				      void *context), void *context)
{
	struct torture_thread *thread;

	list_for_each_entry(thread, &torture_threads, link)
		fn(thread, context);
}

static void torture_wake_threads(void)
{
	struct torture_thread *thread;

	list_for_each_entry(thread, &torture_threads, link)
		wake_up_process(thread->task);
}

static void torture_stop_threads(void)
{
	struct torture_thread *thread;

	list_for_each_entry(thread, &torture_threads, link)
		kthread_stop(thread->task);
}

static void torture_free_threads(void)
{
	struct torture_thread *thread, *next;

	list_for_each_entry_safe(thread, next, &torture_threads, link) {
		list_del(&thread->link);
		put_task_struct(thread->task);
		kfree(thread->seen);
		kfree(thread);
	}
}

static int torture_start_queue(struct torture_queue *q)
{
	struct torture_thread *thread;
	unsigned int i;

	for (i = 0; i < torture_submitters; i++) {
		thread = torture_start("submit", i, q, true,
				       torture_submitter_round);
		if (IS_ERR(thread))
			return PTR_ERR(thread);
	}
	for (i = 0; i < 2; i++) {
		thread = torture_start("flush", i, q, true,
				       torture_flusher_round);
		if (IS_ERR(thread))
			return PTR_ERR(thread);
		thread->seen = kcalloc(q->records_count, sizeof(u64),
				       GFP_KERNEL);
		if (!thread->seen)
			return -ENOMEM;
	}
	thread = torture_start("cancel", 0, q, true, torture_canceller_round);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	thread = torture_start("control", 0, q, true,
			       torture_controller_round);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	thread = torture_start("restart", 0, q, true,
			       torture_restarter_round);
	return PTR_ERR_OR_ZERO(thread);
}

/* The director */

static void torture_shuffle(void)
{
	struct torture_thread *thread;
	unsigned int cpu;

	if (num_online_cpus() < 2)
		return;
	list_for_each_entry(thread, &torture_threads, link) {
		cpu = cpumask_any(cpu_online_mask);
		if (get_random_u32() % 2)
			cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids || get_random_u32() % 4 == 0)
			set_cpus_allowed_ptr(thread->task, cpu_possible_mask);
		else
			set_cpus_allowed_ptr(thread->task, cpumask_of(cpu));
	}
}

static bool torture_all_parked(void)
{
	struct torture_thread *thread;
	int parkers = 0;

	list_for_each_entry(thread, &torture_threads, link)
		parkers += thread->parks;
	return atomic_read(&torture_parkers) == parkers;
}

static void torture_print_counts(void)
{
	unsigned int i;

	for (i = 0; i < TORTURE_COUNTS; i++)
		pr_info("%s %lld\n", torture_count_names[i],
			atomic64_read(&torture_counts[i]));
}

/* Has all threads park, and looks at what must hold then. */
static void torture_rest(void)
{
	ktime_t begin = ktime_get();
	unsigned int i;
	bool late;

	WRITE_ONCE(torture_stutter, true);
	do {
		torture_sleep(1000, 2000);
		late = torture_late(begin);
	} while (!torture_all_parked() && !late && !torture_failed());
	if (late)
		torture_fail(NULL, "the threads do not pause");
	for (i = 0; i < torture_queues; i++)
		torture_device_stop(&torture_all_queues[i]);
	if (!torture_failed()) {
		for (i = 0; i < torture_queues; i++)
			torture_queue_check_at_rest(&torture_all_queues[i]);
		torture_objects_check();
	}
	torture_count(TORTURE_COUNT_STUTTERS);
	if (verbose)
		torture_print_counts();
	for (i = 0; i < torture_queues; i++)
		torture_device_start(&torture_all_queues[i]);
	WRITE_ONCE(torture_stutter, false);
	wake_up_all(&torture_stutter_wait);
}

static bool torture_goes_on(void)
{
	if (READ_ONCE(torture_ending) || torture_failed())
		return false;
	return !duration_s || ktime_get() - torture_since <
			      duration_s * NSEC_PER_SEC;
}

static void torture_wait_for_stop(void)
{
	while (!kthread_should_stop())
		torture_sleep(100000, 200000);
}

static int torture_director_fn(void *unused)
{
	ktime_t shuffled = ktime_get(), rested = shuffled;
	unsigned int i;

	while (torture_goes_on()) {
		torture_sleep(10000, 50000);
		if (shuffle_ms && ktime_get() - shuffled >
				  shuffle_ms * NSEC_PER_MSEC) {
			torture_shuffle();
			shuffled = ktime_get();
		}
		if (stutter_s && ktime_get() - rested >
				 stutter_s * NSEC_PER_SEC) {
			torture_rest();
			rested = ktime_get();
		}
	}
	torture_stop_threads();
	for (i = 0; i < torture_queues; i++)
		torture_queue_end(&torture_all_queues[i]);
	torture_objects_check();
	complete_all(&torture_over);
	torture_wait_for_stop();
	return 0;
}

/* The monitor */

static bool torture_check_thread(struct torture_thread *thread)
{
	/* Pairs with torture_call(). */
	const char *call = smp_load_acquire(&thread->call);
	ktime_t since = READ_ONCE(thread->since);

	if (!call || thread->late || !torture_late(since))
		return false;
	thread->late = true;
	torture_fail(NULL, "%s (pid %d) is in %s for %lld ms",
		     thread->task->comm, thread->task->pid, call,
		     ktime_ms_delta(ktime_get(), since));
	return true;
}

static bool torture_check_late(struct torture_queue *q)
{
	struct torture_record *record;
	struct ddt_queue *queue;
	bool late = false;
	unsigned int i;
	u32 word;

	for (i = 0; i < q->records_count; i++) {
		record = &q->records[i];
		word = atomic_read_acquire(&record->word);
		if (!torture_outstanding(word) ||
		    !torture_late(READ_ONCE(record->since)) ||
		    atomic_read(&record->word) != word ||
		    record->late == word >> TORTURE_STATE_BITS)
			continue;
		record->late = word >> TORTURE_STATE_BITS;
		torture_fail(record, "late: not completed");
		late = true;
	}
	if (!late)
		return false;
	queue = torture_get(q);
	torture_queue_print(q, queue);
	if (queue)
		torture_put(q);
	if (READ_ONCE(q->serving)) {
		pr_err("in service:\n");
		torture_history(READ_ONCE(q->serving));
	}
	return true;
}

static void torture_judge(void)
{
	s64 requests = atomic64_read(&torture_counts[TORTURE_COUNT_REQUESTS]);
	s64 ms = max_t(s64, ktime_ms_delta(ktime_get(), torture_since), 1);
	int failures = atomic_read(&torture_failures);

	scnprintf(torture_verdict, sizeof(torture_verdict),
		  "%s: %lld requests, %d failures, %lld.%03lld s, %lld requests/s, seed %llu",
		  failures ? "FAILURE" : "SUCCESS", requests, failures,
		  ms / 1000, ms % 1000, div64_s64(requests * 1000, ms), seed);
	if (failures)
		pr_err("%s\n", torture_verdict);
	else
		pr_info("%s\n", torture_verdict);
	complete_all(&torture_judged);
}

static int torture_monitor_fn(void *unused)
{
	struct torture_thread *thread;
	bool hangs = false;
	unsigned int i;

	/* After a failure those to come from the same cause are waited for. */
	while (!completion_done(&torture_over) && !hangs) {
		torture_sleep(100000, 200000);
		list_for_each_entry(thread, &torture_threads, link)
			hangs |= torture_check_thread(thread);
		for (i = 0; i < torture_queues; i++)
			hangs |= torture_check_late(&torture_all_queues[i]);
	}
	if (hangs) {
		__module_get(THIS_MODULE);
		pr_err("a thread or request hangs: stays loaded\n");
	}
	torture_judge();
	torture_wait_for_stop();
	return 0;
}

/* The module */

static int torture_show(struct seq_file *m, void *unused)
{
	unsigned int i;
	int err;

	err = wait_for_completion_interruptible(&torture_judged);
	if (err)
		return err;
	seq_printf(m, "%s\n", torture_verdict);
	for (i = 0; i < TORTURE_COUNTS; i++)
		seq_printf(m, "%s %lld\n", torture_count_names[i],
			   atomic64_read(&torture_counts[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(torture);

static void torture_free(void)
{
	unsigned int i;

	torture_free_threads();
	for (i = 0; torture_all_queues && i < torture_queues; i++)
		torture_queue_free(&torture_all_queues[i]);
	kvfree(torture_all_queues);
	if (torture_workqueue)
		destroy_workqueue(torture_workqueue);
}

static int torture_create_all(void)
{
	unsigned int i;
	int err;

	torture_workqueue = alloc_workqueue("ddt_torture", WQ_UNBOUND, 0);
	torture_all_queues = kvcalloc(torture_queues,
				      sizeof(*torture_all_queues), GFP_KERNEL);
	if (!torture_workqueue || !torture_all_queues)
		return -ENOMEM;
	for (i = 0; i < torture_queues; i++) {
		err = torture_queue_init(&torture_all_queues[i], i,
					 torture_mix(seed, i));
		if (err)
			return err;
	}
	for (i = 0; i < torture_queues; i++) {
		err = torture_start_queue(&torture_all_queues[i]);
		if (err)
			return err;
	}
	return torture_objects_start();
}

static int __init torture_init(void)
{
	unsigned int i;
	int err;

	if (!torture_queues || torture_queues > TORTURE_MAX_QUEUES ||
	    !torture_submitters || torture_submitters > TORTURE_MAX_SUBMITTERS ||
	    !torture_late_s)
		return -EINVAL;
	if (!seed)
		seed = get_random_u32();
	torture_since = ktime_get();
	err = torture_create_all();
	if (err)
		goto stop;
	torture_monitor = kthread_create(torture_monitor_fn, NULL, "monitor");
	if (IS_ERR(torture_monitor)) {
		err = PTR_ERR(torture_monitor);
		goto stop;
	}
	torture_director = kthread_create(torture_director_fn, NULL,
					  "director");
	if (IS_ERR(torture_director)) {
		err = PTR_ERR(torture_director);
		goto stop_monitor;
	}
	torture_wake_threads();
	wake_up_process(torture_monitor);
	wake_up_process(torture_director);
	torture_file = debugfs_create_file("ddt_torture", 0400, NULL, NULL,
					   &torture_fops);
	pr_info("%u queues of %u submitters for %u s, seed %llu\n",
		torture_queues, torture_submitters, duration_s, seed);
	return 0;

stop_monitor:
	kthread_stop(torture_monitor);
stop:
	torture_stop_threads();
	for (i = 0; torture_all_queues && i < torture_queues; i++)
		if (torture_all_queues[i].queue)
			torture_queue_end(&torture_all_queues[i]);
	torture_free();
	return err;
}

static void __exit torture_exit(void)
{
	WRITE_ONCE(torture_ending, true);
	wait_for_completion(&torture_judged);
	wait_for_completion(&torture_over);
	debugfs_remove(torture_file);
	kthread_stop(torture_director);
	kthread_stop(torture_monitor);
	torture_free();
}

module_init(torture_init);
module_exit(torture_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The ddt authors");
MODULE_DESCRIPTION("Torture test of device-dedicated threads");
MODULE_VERSION(DDT_VERSION);
