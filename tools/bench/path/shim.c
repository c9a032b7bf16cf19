// SPDX-License-Identifier: GPL-2.0-only
/*
 * shim.c - tasks, locks and works for the sources in user space
 *
 * A CPU is a thread of the host, bound to one of the host's CPUs. Its tasks are
 * coroutines in a ring. One runs until it calls schedule() with a state that is
 * not TASK_RUNNING; then the next one in the ring that is TASK_RUNNING goes on.
 * wake_up_process() does no more than to set that state, under pi_lock. A CPU
 * without such a task polls the states: to wake it costs two transfers of a
 * cache line, and no system call.
 */
#include <sched.h>
#include <stdarg.h>
#include <x86intrin.h>

#include "shim.h"

#define SHIM_STACK_SIZE		(64 << 10)
#define SHIM_TASK_MIGRATING	0x40
#define SHIM_TASK_NORMAL	(TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

__thread int shim_preempt_count;
__thread unsigned long shim_irq_pairs;
__thread struct task_struct *shim_current;
u64 shim_longest_hold_ns;
int shim_cpus;

/* A task of its CPU: the program, or one that always runs. */
static struct task_struct *shim_first[SHIM_CPUS];
/* Protect the rings; the CPU itself goes round its own without one. */
static raw_spinlock_t shim_ring_locks[SHIM_CPUS];

static u64 shim_tsc_base, shim_ns_per_tick;	/* the latter times 2^32 */

void shim_bug(const char *function, int line)
{
	fprintf(stderr, "bench-path: %s:%d: a condition that must not hold does\n",
		function, line);
	abort();
}

/* Time */

static u64 shim_host_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static u64 shim_ticks_to_ns(u64 ticks)
{
	return (unsigned __int128)ticks * shim_ns_per_tick >> 32;
}

ktime_t ktime_get(void)
{
	return shim_ticks_to_ns(__rdtsc() - shim_tsc_base) + 1;
}

static void shim_clock_init(void)
{
	u64 begin = shim_host_ns(), end;

	shim_tsc_base = __rdtsc();
	do {
		end = shim_host_ns();
	} while (end - begin < 50 * NSEC_PER_MSEC);
	shim_ns_per_tick = ((end - begin) << 32) / (__rdtsc() - shim_tsc_base);
}

/* Memory */

void *shim_alloc(size_t size)
{
	void *memory = aligned_alloc(64, (size + 63) & ~63UL);

	if (!memory) {
		perror("bench-path");
		exit(1);
	}
	return memset(memory, 0, size);
}

/* Locks: tickets. Functions of their own, as in the kernel. */

static inline void shim_acquired(raw_spinlock_t *lock)
{
#ifdef SHIM_HOLDS
	lock->since = __rdtsc();
#endif
}

void raw_spin_lock(raw_spinlock_t *lock)
{
	u16 ticket;

	preempt_disable();
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_ACQUIRE);
	while (smp_load_acquire(&lock->owner) != ticket)
		cpu_relax();
	shim_acquired(lock);
}

static inline void shim_release(raw_spinlock_t *lock)
{
#ifdef SHIM_HOLDS
	u64 held = shim_ticks_to_ns(__rdtsc() - lock->since);

	if (held > READ_ONCE(shim_longest_hold_ns))
		WRITE_ONCE(shim_longest_hold_ns, held);
#endif
	smp_store_release(&lock->owner, (u16)(lock->owner + 1));
}

void raw_spin_unlock(raw_spinlock_t *lock)
{
	shim_release(lock);
	preempt_enable();
}

unsigned long shim_lock_irqsave(raw_spinlock_t *lock)
{
	unsigned long flags;

	local_irq_save(flags);
	raw_spin_lock(lock);
	return flags;
}

void raw_spin_unlock_irqrestore(raw_spinlock_t *lock, unsigned long flags)
{
	shim_release(lock);
	local_irq_restore(flags);
	preempt_enable();
}

void raw_spin_lock_irq(raw_spinlock_t *lock)
{
	shim_irq_pairs++;
	raw_spin_lock(lock);
}

void raw_spin_unlock_irq(raw_spinlock_t *lock)
{
	raw_spin_unlock(lock);
}

/* Tasks */

static void shim_ring_add(struct task_struct *task)
{
	struct task_struct *first = shim_first[task->cpu];

	raw_spin_lock(&shim_ring_locks[task->cpu]);
	task->next = first->next;
	smp_store_release(&first->next, task);
	raw_spin_unlock(&shim_ring_locks[task->cpu]);
}

static void shim_ring_remove(struct task_struct *task, int cpu)
{
	struct task_struct *before = shim_first[cpu];

	raw_spin_lock(&shim_ring_locks[cpu]);
	while (before->next != task)
		before = before->next;
	before->next = task->next;
	raw_spin_unlock(&shim_ring_locks[cpu]);
}

void put_task_struct(struct task_struct *task)
{
	if (!refcount_dec_and_test(&task->refs))
		return;
	free(task->stack);
	free(task);
}

/* Saves what a function call may not change, and goes on where @load left off. */
static __attribute__((__naked__, __noinline__))
void shim_switch_stacks(void **save, void *load)
{
	asm("pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
	    "movq %rsp, (%rdi); movq %rsi, %rsp\n"
	    "popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp\n"
	    "ret");
}

static __thread struct task_struct *shim_previous;

/* In the task that runs now, for the one that ran before on this CPU. */
static void shim_switched(void)
{
	struct task_struct *task = shim_previous;
	int cpu = current->cpu;

	switch (READ_ONCE(task->__state)) {
	case SHIM_TASK_DEAD:
		shim_ring_remove(task, cpu);
		put_task_struct(task);
		break;
	case SHIM_TASK_MIGRATING:
		shim_ring_remove(task, cpu);
		WRITE_ONCE(task->__state, TASK_RUNNING);
		shim_ring_add(task);
		break;
	}
}

static void shim_switch_to(struct task_struct *task)
{
	struct task_struct *previous = current;

	previous->nvcsw++;
	shim_previous = previous;
	shim_current = task;
	shim_switch_stacks(&previous->stack_pointer, task->stack_pointer);
	shim_switched();
}

static void shim_timer(void);

void schedule(void)
{
	struct task_struct *task = current;

	if (READ_ONCE(task->__state) == TASK_RUNNING)
		return;
	for (;;) {
		task = smp_load_acquire(&task->next);
		if (READ_ONCE(task->__state) == TASK_RUNNING)
			break;
		if (task == current) {
			shim_timer();
			cpu_relax();
		}
	}
	if (task != current)
		shim_switch_to(task);
}

/* For one that waits without being woken. */
static void shim_yield(void)
{
	struct task_struct *task = current;

	shim_timer();
	do {
		task = smp_load_acquire(&task->next);
	} while (READ_ONCE(task->__state) != TASK_RUNNING);
	if (task != current)
		shim_switch_to(task);
	else
		cpu_relax();
}

int wake_up_process(struct task_struct *task)
{
	unsigned long flags;
	bool wake;

	raw_spin_lock_irqsave(&task->pi_lock, flags);
	wake = READ_ONCE(task->__state) & SHIM_TASK_NORMAL;
	if (wake) {
		if (unlikely(!task->next))
			shim_ring_add(task);
		smp_store_release(&task->__state, TASK_RUNNING);
	}
	raw_spin_unlock_irqrestore(&task->pi_lock, flags);
	return wake;
}

void shim_exit(void)
{
	WRITE_ONCE(current->__state, SHIM_TASK_DEAD);
	schedule();
	shim_bug(__func__, __LINE__);
}

static void shim_task_main(void)
{
	shim_switched();
	current->fn(current->data);
	shim_exit();
}

struct task_struct *shim_kthread_create(int (*fn)(void *data), void *data,
					const char *name, ...)
{
	struct task_struct *task = shim_alloc(sizeof(*task));
	void **top;
	va_list args;

	va_start(args, name);
	vsnprintf(task->comm, sizeof(task->comm), name, args);
	va_end(args);
	task->__state = TASK_UNINTERRUPTIBLE;
	task->flags = PF_KTHREAD;
	refcount_set(&task->refs, 1);
	task->fn = fn;
	task->data = data;
	task->stack = shim_alloc(SHIM_STACK_SIZE);
	/* What shim_switch_stacks() pops: six registers, where to return to. */
	top = task->stack + SHIM_STACK_SIZE;
	top[-2] = shim_task_main;
	task->stack_pointer = &top[-8];
	return task;
}

void kthread_bind(struct task_struct *task, unsigned int cpu)
{
	task->cpu = cpu;
}

int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask)
{
	if (task->cpu == mask->cpu)
		return 0;
	WARN_ON(task != current);
	WRITE_ONCE(task->__state, SHIM_TASK_MIGRATING);
	task->cpu = mask->cpu;
	schedule();
	return 0;
}

int sched_setattr_nocheck(struct task_struct *task, const struct sched_attr *attr)
{
	task->policy = attr->sched_policy;
	task->nice = attr->sched_nice;
	return 0;
}

const struct cpumask *cpumask_of(int cpu)
{
	static const struct cpumask masks[SHIM_CPUS] = { { 0 }, { 1 } };

	return &masks[cpu];
}

int kthread_stop(struct task_struct *task)
{
	get_task_struct(task);
	WRITE_ONCE(task->should_stop, true);
	wake_up_process(task);
	while (READ_ONCE(task->__state) != SHIM_TASK_DEAD)
		shim_yield();
	put_task_struct(task);
	return 0;
}

/* Waits */

void wait_for_completion(struct completion *c)
{
	while (!smp_load_acquire(&c->done))
		shim_yield();
	if (c->done != UINT_MAX)
		__atomic_fetch_sub(&c->done, 1, __ATOMIC_SEQ_CST);
}

void complete(struct completion *c)
{
	__atomic_fetch_add(&c->done, 1, __ATOMIC_SEQ_CST);
}

void complete_all(struct completion *c)
{
	smp_store_release(&c->done, UINT_MAX);
}

void mutex_lock(struct mutex *mutex)
{
	while (xchg(&mutex->locked, 1))
		shim_yield();
}

void mutex_unlock(struct mutex *mutex)
{
	smp_store_release(&mutex->locked, 0);
}

/* Works */

static raw_spinlock_t shim_work_lock;	/* protects the works that are queued */
static struct work_struct *shim_works;
static struct work_struct *shim_running_work;
static ktime_t shim_next_work = KTIME_MAX;
static struct task_struct *shim_worker;

/* Takes out a work that is due, or finds when one will be. */
static struct work_struct *shim_due_work(void)
{
	struct work_struct **link, *work;
	ktime_t now = ktime_get();

	raw_spin_lock(&shim_work_lock);
	shim_next_work = KTIME_MAX;
	for (link = &shim_works; (work = *link); link = &work->next) {
		if (work->when <= now) {
			*link = work->next;
			work->queued = false;
			shim_running_work = work;
			shim_next_work = 0;
			break;
		}
		shim_next_work = min(shim_next_work, work->when);
	}
	raw_spin_unlock(&shim_work_lock);
	return work;
}

static int shim_worker_thread(void *unused)
{
	struct work_struct *work;

	while (!kthread_should_stop()) {
		set_current_state(TASK_IDLE);
		work = shim_due_work();
		if (!work) {
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		work->func(work);
		smp_store_release(&shim_running_work, NULL);
	}
	return 0;
}

void shim_run_works(void)
{
	while (READ_ONCE(shim_next_work) <= ktime_get() ||
	       READ_ONCE(shim_running_work))
		shim_yield();
}

static void shim_timer(void)
{
	if (current->cpu == shim_worker->cpu &&
	    READ_ONCE(shim_next_work) != KTIME_MAX &&
	    ktime_get() >= READ_ONCE(shim_next_work))
		wake_up_process(shim_worker);
}

void shim_queue_work(struct work_struct *work, ktime_t when)
{
	raw_spin_lock(&shim_work_lock);
	if (!work->queued) {
		work->queued = true;
		work->next = shim_works;
		shim_works = work;
	}
	work->when = when;
	shim_next_work = min(shim_next_work, when);
	raw_spin_unlock(&shim_work_lock);
	if (!when)
		wake_up_process(shim_worker);
}

void shim_timer_work(struct work_struct *work)
{
	struct hrtimer *timer = container_of(work, struct hrtimer, work);

	timer->function(timer);
}

bool shim_cancel_work(struct work_struct *work)
{
	struct work_struct **link;
	bool was_queued;

	raw_spin_lock(&shim_work_lock);
	was_queued = work->queued;
	if (was_queued) {
		for (link = &shim_works; *link != work; link = &(*link)->next)
			;
		*link = work->next;
		work->queued = false;
	}
	raw_spin_unlock(&shim_work_lock);
	while (smp_load_acquire(&shim_running_work) == work)
		shim_yield();
	return was_queued;
}

/* CPUs */

/* Binds the calling thread to the @n-th of the host's CPUs. */
static void shim_bind(int n)
{
	cpu_set_t set, one;
	int cpu;

	sched_getaffinity(0, sizeof(set), &set);
	for (cpu = 0; !CPU_ISSET(cpu, &set) || n--; cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void *shim_cpu_thread(void *first)
{
	shim_bind(1);
	shim_current = first;
	for (;;)
		shim_yield();
	return NULL;
}

static struct task_struct *shim_first_task(int cpu)
{
	struct task_struct *task = shim_alloc(sizeof(*task));

	task->cpu = cpu;
	task->next = task;
	refcount_set(&task->refs, 1);
	shim_first[cpu] = task;
	return task;
}

/* Returns how many CPUs there are. */
int shim_init(void)
{
	pthread_t thread;
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	shim_cpus = min(CPU_COUNT(&set), SHIM_CPUS);
	shim_clock_init();
	shim_current = shim_first_task(0);
	shim_worker = shim_kthread_create(shim_worker_thread, NULL, "worker");
	wake_up_process(shim_worker);
	if (shim_cpus > 1) {
		/* Before this thread is bound, so that it may use both. */
		if (pthread_create(&thread, NULL, shim_cpu_thread,
				   shim_first_task(1))) {
			perror("bench-path");
			exit(1);
		}
	}
	shim_bind(0);
	return shim_cpus;
}
