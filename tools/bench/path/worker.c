// SPDX-License-Identifier: GPL-2.0-only
/*
 * worker.c - the kernel's kthread_worker, as far as a request's way goes
 *
 * The same locks, states and lists in the same order as in kernel/kthread.c;
 * without lockdep, the freezer, delayed works and works that cancel themselves.
 */
#include "shim.h"

void kthread_init_worker(struct kthread_worker *worker)
{
	*worker = (struct kthread_worker){ };
	INIT_LIST_HEAD(&worker->work_list);
}

void kthread_init_work(struct kthread_work *work, kthread_work_func_t func)
{
	*work = (struct kthread_work){ .func = func };
	INIT_LIST_HEAD(&work->node);
}

int kthread_worker_fn(void *worker_ptr)
{
	struct kthread_worker *worker = worker_ptr;
	struct kthread_work *work;

	worker->task = current;
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;

		work = NULL;
		raw_spin_lock_irq(&worker->lock);
		if (!list_empty(&worker->work_list)) {
			work = list_first_entry(&worker->work_list,
						struct kthread_work, node);
			list_del_init(&work->node);
		}
		worker->current_work = work;
		raw_spin_unlock_irq(&worker->lock);

		if (work) {
			__set_current_state(TASK_RUNNING);
			work->func(work);
		} else {
			schedule();
		}
	}
	__set_current_state(TASK_RUNNING);
	raw_spin_lock_irq(&worker->lock);
	worker->task = NULL;
	raw_spin_unlock_irq(&worker->lock);
	return 0;
}

bool kthread_queue_work(struct kthread_worker *worker,
			struct kthread_work *work)
{
	unsigned long flags;
	bool queued = false;

	raw_spin_lock_irqsave(&worker->lock, flags);
	if (list_empty(&work->node) && !work->canceling) {
		list_add_tail(&work->node, &worker->work_list);
		work->worker = worker;
		if (!worker->current_work && likely(worker->task))
			wake_up_process(worker->task);
		queued = true;
	}
	raw_spin_unlock_irqrestore(&worker->lock, flags);
	return queued;
}

/* Of a work that is not running. */
bool kthread_cancel_work_sync(struct kthread_work *work)
{
	struct kthread_worker *worker = work->worker;
	unsigned long flags;
	bool queued;

	if (!worker)
		return false;
	raw_spin_lock_irqsave(&worker->lock, flags);
	queued = !list_empty(&work->node);
	list_del_init(&work->node);
	raw_spin_unlock_irqrestore(&worker->lock, flags);
	return queued;
}

struct flush_work {
	struct kthread_work work;
	struct completion done;
};

static void flush_work_fn(struct kthread_work *work)
{
	complete(&container_of(work, struct flush_work, work)->done);
}

void kthread_flush_worker(struct kthread_worker *worker)
{
	struct flush_work flush = { .done.done = 0 };

	kthread_init_work(&flush.work, flush_work_fn);
	kthread_queue_work(worker, &flush.work);
	wait_for_completion(&flush.done);
}
