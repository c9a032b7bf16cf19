/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shim.h - as much of the kernel as the library and the engines use, in user
 *	    space
 *
 * Included before each source; the headers that the sources name are empty, or
 * come from the kernel's tree (see Makefile). What costs time in a request's way
 * costs the same here: locked instructions, out-of-line spin locks with a count
 * of preemption, pi_lock of a task that is woken. Not here: turning interrupts
 * off and on, which a process cannot do; shim_irq_pairs counts how often that
 * would happen. Nor the scheduler: to switch between two tasks of a CPU costs
 * some 10 ns, see shim.c.
 */
#ifndef _DDT_BENCH_PATH_SHIM_H
#define _DDT_BENCH_PATH_SHIM_H

#ifndef __x86_64__
#error "tools/bench/path is for x86-64"
#endif

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/rbtree_augmented.h>
#include <linux/types.h>

/* The one of the tools does not say whether @node is the first. */
#define rb_add_cached(node, tree, less)					\
	((rb_add_cached)(node, tree, less),				\
	 rb_first_cached(tree) == (node) ? (node) : NULL)

/* Annotations */
#define __user
#ifndef __init
#define __init
#endif
#define EXPORT_SYMBOL_GPL(symbol)
#define KERNEL_VERSION(a, b, c)		(((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE		KERNEL_VERSION(7, 2, 0)
#define lockdep_assert_held(lock)	((void)(lock))
#define might_sleep()			do { } while (0)
struct lock_class_key { };
struct lockdep_map { };
#define lockdep_set_class(lock, key)		((void)(key))
#define lockdep_init_map(map, name, key, class)	((void)(key))
#define lock_map_acquire(map)			((void)(map))
#define lock_map_release(map)			((void)(map))
#define ____cacheline_aligned		__aligned(64)
#ifndef fallthrough
#define fallthrough			__attribute__((__fallthrough__))
#endif
#undef WARN_ON
#undef WARN_ON_ONCE
#define WARN_ON(condition) ({						\
	bool _bad = condition;						\
	if (_bad)							\
		shim_bug(__func__, __LINE__);				\
	_bad; })
#define WARN_ON_ONCE(condition)	WARN_ON(condition)
void shim_bug(const char *function, int line) __attribute__((__noreturn__));

/* Arithmetic; the one of the tools needs a parenthesis in the caller. */
#undef min_t
#define min_t(type, a, b)	min((type)(a), (type)(b))
#ifndef clamp
#define clamp(value, low, high)	min(max(value, low), high)
#endif
#define swap(a, b) do {							\
	__typeof__(a) _a = (a);						\
									\
	(a) = (b);							\
	(b) = _a;							\
} while (0)
#define div_u64(a, b)		((u64)(a) / (b))
#define div64_u64(a, b)		((u64)(a) / (b))
#define S64_MAX			INT64_MAX

/* Atomic operations, all of them fully ordered where the kernel's are */
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define cmpxchg(p, old, new) ({						\
	__typeof__(*(p)) _old = (old);					\
	__atomic_compare_exchange_n(p, &_old, new, false,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	_old; })
#define try_cmpxchg(p, old, new)					\
	__atomic_compare_exchange_n(p, old, new, false,			\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define smp_store_mb(var, value)	((void)xchg(&(var), value))
#define smp_rmb()			__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()			__atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)		__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define cpu_relax()			__builtin_ia32_pause()
#define smp_cond_load_acquire(p, condition) ({				\
	__typeof__(*(p)) VAL;						\
	while (VAL = smp_load_acquire(p), !(condition))			\
		cpu_relax();						\
	VAL; })
#define prefetch(p)			__builtin_prefetch(p)
#define prefetchw(p)			__builtin_prefetch(p, 1)

#define SHIM_ATOMIC(name, type)						\
static inline type name##_read(const name##_t *v)			\
{ return READ_ONCE(v->counter); }					\
static inline type name##_read_acquire(const name##_t *v)		\
{ return smp_load_acquire(&v->counter); }				\
static inline void name##_set(name##_t *v, type i)			\
{ WRITE_ONCE(v->counter, i); }						\
static inline void name##_add(type i, name##_t *v)			\
{ __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST); }		\
static inline void name##_inc(name##_t *v)				\
{ name##_add(1, v); }							\
static inline void name##_dec(name##_t *v)				\
{ name##_add(-1, v); }							\
static inline type name##_add_return(type i, name##_t *v)		\
{ return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST); }	\
static inline type name##_inc_return(name##_t *v)			\
{ return name##_add_return(1, v); }					\
static inline type name##_dec_return(name##_t *v)			\
{ return name##_add_return(-1, v); }					\
static inline bool name##_dec_and_test(name##_t *v)			\
{ return !name##_dec_return(v); }					\
static inline void name##_or(type i, name##_t *v)			\
{ __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST); }		\
static inline void name##_andnot(type i, name##_t *v)			\
{ __atomic_fetch_and(&v->counter, ~i, __ATOMIC_SEQ_CST); }		\
static inline type name##_xchg(name##_t *v, type i)			\
{ return xchg(&v->counter, i); }					\
static inline type name##_cmpxchg(name##_t *v, type old, type new)	\
{ return cmpxchg(&v->counter, old, new); }				\
static inline bool name##_try_cmpxchg(name##_t *v, type *old, type new)	\
{ return try_cmpxchg(&v->counter, old, new); }
SHIM_ATOMIC(atomic, int)

typedef struct { atomic_t refs; } refcount_t;
#define refcount_set(r, n)		atomic_set(&(r)->refs, n)
#define refcount_inc(r)			atomic_inc(&(r)->refs)
#define refcount_dec_and_test(r)	atomic_dec_and_test(&(r)->refs)

/* Preemption, interrupts: what they cost, for nothing is ever preempted */
extern __thread int shim_preempt_count;
extern __thread unsigned long shim_irq_pairs;
#define bench_irq_pairs()		shim_irq_pairs

/* One instruction, as in the kernel. */
#define preempt_disable()						\
	asm volatile("incl %%fs:shim_preempt_count@tpoff" ::: "memory", "cc")
#define preempt_enable() do {						\
	asm volatile("decl %%fs:shim_preempt_count@tpoff" ::: "memory", "cc"); \
	if (unlikely(READ_ONCE(shim_preempt_count) < 0))		\
		shim_bug(__func__, __LINE__);				\
} while (0)
#define local_irq_save(flags) do {					\
	asm volatile("pushfq; popq %0" : "=r" (flags) :: "memory");	\
	shim_irq_pairs++;						\
} while (0)
#define local_irq_restore(flags) do {					\
	if (unlikely(!((flags) & 0x200)))				\
		shim_bug(__func__, __LINE__);				\
} while (0)
#define cond_resched()			((void)0)

/* Spin locks: fair, as the kernel's, which matters when two CPUs want one */
typedef struct {
	u16 owner;
	u16 next;
#ifdef SHIM_HOLDS
	u64 since;
#endif
} raw_spinlock_t, spinlock_t;

void raw_spin_lock(raw_spinlock_t *lock);
void raw_spin_unlock(raw_spinlock_t *lock);
unsigned long shim_lock_irqsave(raw_spinlock_t *lock);
void raw_spin_unlock_irqrestore(raw_spinlock_t *lock, unsigned long flags);
void raw_spin_lock_irq(raw_spinlock_t *lock);
void raw_spin_unlock_irq(raw_spinlock_t *lock);
#define DEFINE_RAW_SPINLOCK(name)	raw_spinlock_t name
#define raw_spin_lock_init(lock)	((void)(*(lock) = (raw_spinlock_t){ }))
#define raw_spin_lock_irqsave(lock, flags)				\
	((void)((flags) = shim_lock_irqsave(lock)))

/* The longest that a lock was held since this was set to 0; with SHIM_HOLDS. */
extern u64 shim_longest_hold_ns;

/* Time */
typedef s64 ktime_t;
#define KTIME_MAX			INT64_MAX
#define NSEC_PER_USEC			1000L
#define NSEC_PER_MSEC			1000000L
#define NSEC_PER_SEC			1000000000L
#define ktime_sub(a, b)			((a) - (b))
#define ktime_to_ns(t)			(t)
#define ns_to_ktime(ns)			(ns)
ktime_t ktime_get(void);
#define ktime_get_ns()			((u64)ktime_get())
static inline ktime_t ktime_add_safe(ktime_t a, ktime_t b)
{
	ktime_t sum;

	return __builtin_add_overflow(a, b, &sum) ? KTIME_MAX : sum;
}

/* Memory */
#define GFP_KERNEL			0
#define GFP_ATOMIC			0
#define SLAB_HWCACHE_ALIGN		0
#define NUMA_NO_NODE			(-1)
struct kmem_cache {
	size_t size;
};
#define KMEM_CACHE(type, flags) ({					\
	static struct kmem_cache _cache = { .size = sizeof(struct type) }; \
	&_cache; })
#define kmem_cache_destroy(cache)	((void)(cache))
void *shim_alloc(size_t size);
#define kzalloc(size, gfp)		shim_alloc(size)
#define kzalloc_node(size, gfp, node)	((void)(node), shim_alloc(size))
#define kcalloc(n, size, gfp)		shim_alloc((size_t)(n) * (size))
#define kvcalloc(n, size, gfp)		shim_alloc((size_t)(n) * (size))
#define kmalloc_array(n, size, gfp)	shim_alloc((size_t)(n) * (size))
#define kmemdup(p, size, gfp)		memcpy(shim_alloc(size), p, size)
#define kfree(p)			free((void *)(p))
#define kvfree(p)			free(p)
#define kmem_cache_zalloc(cache, gfp)	shim_alloc((cache)->size)
#define kmem_cache_free(cache, p)	free(p)
#define strscpy(to, from, size)		snprintf(to, size, "%s", from)

/* Tasks: see shim.c */
#define TASK_COMM_LEN			16
#define TASK_RUNNING			0x0
#define TASK_INTERRUPTIBLE		0x1
#define TASK_UNINTERRUPTIBLE		0x2
#define TASK_KILLABLE			(0x100 | TASK_UNINTERRUPTIBLE)
#define TASK_IDLE			(0x400 | TASK_UNINTERRUPTIBLE)
#define TASK_FREEZABLE			0x2000
#define SHIM_TASK_DEAD			0x80
#define PF_KTHREAD			0x00200000
#define MIN_NICE			(-20)
#define MAX_NICE			19
#ifndef SCHED_NORMAL
#define SCHED_NORMAL			0
#define SCHED_BATCH			3
#endif
#define HRTIMER_MODE_ABS		0

struct task_struct {
	unsigned int __state;
	refcount_t refs;
	unsigned int flags;
	raw_spinlock_t pi_lock;
	int cpu;
	struct task_struct *next;	/* of the same CPU, in a ring */
	void *stack_pointer;		/* of a task that does not run */
	void *stack;
	int (*fn)(void *data);
	void *data;
	bool should_stop;
	unsigned long nvcsw;
	unsigned long nivcsw;
	struct {
		u64 sum_exec_runtime;
	} se;
	int policy;
	int nice;
	char comm[TASK_COMM_LEN];
};

struct sched_attr {
	int sched_policy;
	int sched_nice;
};

extern __thread struct task_struct *shim_current;
#define current				shim_current
#define set_current_state(state)	smp_store_mb(current->__state, state)
#define __set_current_state(state)	WRITE_ONCE(current->__state, state)
void schedule(void);
int wake_up_process(struct task_struct *task);
#define schedule_hrtimeout_range_clock(t, delta, mode, clock)		\
	((void)(clock), schedule(), -EINTR)
#define signal_pending_state(state, task)	(false)
#define fatal_signal_pending(task)		(false)
#define task_nice(task)				((task)->nice)
#define task_pid_nr(task)			(1)
#define sched_set_normal(task, value)		((void)((task)->nice = (value)))
#define set_user_nice(task, value)		sched_set_normal(task, value)
int sched_setattr_nocheck(struct task_struct *task, const struct sched_attr *attr);
#define get_task_struct(task)	(refcount_inc(&(task)->refs), (task))
void put_task_struct(struct task_struct *task);

struct task_struct *shim_kthread_create(int (*fn)(void *data), void *data,
					const char *name, ...);
#define kthread_create_on_node(fn, data, node, ...)			\
	shim_kthread_create(fn, data, __VA_ARGS__)
#define kthread_create(fn, data, ...)	shim_kthread_create(fn, data, __VA_ARGS__)
void kthread_bind(struct task_struct *task, unsigned int cpu);
int kthread_stop(struct task_struct *task);
#define kthread_should_stop()		READ_ONCE(current->should_stop)
#define kthread_func(task)		((void *)(task)->fn)
#define kthread_data(task)		((task)->data)

struct module;
#define THIS_MODULE			NULL
#define try_module_get(module)		(true)
#define __module_get(module)		((void)0)
#define module_put(module)		((void)0)
void shim_exit(void) __attribute__((__noreturn__));
#define __module_put_and_kthread_exit(module, code)			\
	((void)(module), (void)(code), shim_exit())

/* More than two CPUs are of no use here. */
#define SHIM_CPUS			2
struct cpumask {
	int cpu;
};
const struct cpumask *cpumask_of(int cpu);
#define cpumask_size()			sizeof(struct cpumask)
#define cpumask_empty(mask)		((mask)->cpu < 0)
#define cpumask_first(mask)		((mask)->cpu)
#define cpu_to_node(cpu)		((void)(cpu), NUMA_NO_NODE)
int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask);

/* Makes the program a task of CPU 0; returns how many CPUs there are. */
int shim_init(void);
extern int shim_cpus;
#define nr_cpu_ids			shim_cpus
#define cpu_online(cpu)			((cpu) < shim_cpus)

/* Sleeping locks, waits */
struct completion {
	unsigned int done;
};
#define init_completion(c)		((void)((c)->done = 0))
void wait_for_completion(struct completion *c);
void complete(struct completion *c);
void complete_all(struct completion *c);

struct mutex {
	int locked;
};
#define mutex_init(mutex)		((void)((mutex)->locked = 0))
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

struct semaphore {			/* of an engine that is not here */
	int unused;
};

/* Workqueues and timers: one worker for all, on the CPU of the program */
struct workqueue_struct;
struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);
struct work_struct {
	work_func_t func;
	struct work_struct *next;
	bool queued;
	ktime_t when;
};
#define alloc_workqueue(name, flags, n)	((struct workqueue_struct *)(name))
#define destroy_workqueue(wq)		((void)(wq))
#define INIT_WORK(w, fn)	((void)(*(w) = (struct work_struct){ .func = fn }))
void shim_queue_work(struct work_struct *work, ktime_t when);
bool shim_cancel_work(struct work_struct *work);
/* On the CPU of the program: lets the worker run what is due. */
void shim_run_works(void);
#define queue_work(wq, w)		((void)(wq), shim_queue_work(w, 0))
#define cancel_work_sync(w)		shim_cancel_work(w)

enum hrtimer_restart {
	HRTIMER_NORESTART,
};
struct hrtimer {
	struct work_struct work;
	enum hrtimer_restart (*function)(struct hrtimer *timer);
};
void shim_timer_work(struct work_struct *work);
#define hrtimer_setup(timer, fn, clock, mode)				\
	((void)(*(timer) = (struct hrtimer){				\
		.work.func = shim_timer_work, .function = fn }))
#define hrtimer_start(timer, time, mode)	shim_queue_work(&(timer)->work, time)
#define hrtimer_cancel(timer)			shim_cancel_work(&(timer)->work)

/* The kernel's worker, in worker.c */
struct kthread_worker;
struct kthread_work;
typedef void (*kthread_work_func_t)(struct kthread_work *work);
struct kthread_worker {
	unsigned int flags;
	raw_spinlock_t lock;
	struct list_head work_list;
	struct list_head delayed_work_list;
	struct task_struct *task;
	struct kthread_work *current_work;
};
struct kthread_work {
	struct list_head node;
	kthread_work_func_t func;
	struct kthread_worker *worker;
	int canceling;
};
void kthread_init_worker(struct kthread_worker *worker);
void kthread_init_work(struct kthread_work *work, kthread_work_func_t func);
int kthread_worker_fn(void *worker);
bool kthread_queue_work(struct kthread_worker *worker, struct kthread_work *work);
bool kthread_cancel_work_sync(struct kthread_work *work);
void kthread_flush_worker(struct kthread_worker *worker);

/* Tracepoints: not compiled in */
#define TP_PROTO(...)			__VA_ARGS__
#define TP_ARGS(...)			__VA_ARGS__
#define DECLARE_EVENT_CLASS(...)
#define TRACE_EVENT(name, proto, ...)					\
	static inline void trace_##name(proto) { }
#define DEFINE_EVENT(class, name, proto, ...)				\
	static inline void trace_##name(proto) { }

/* Files */
struct seq_file {
	FILE *to;
};
#define seq_printf(m, ...)		fprintf((m)->to, __VA_ARGS__)

#endif /* _DDT_BENCH_PATH_SHIM_H */
