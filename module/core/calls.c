// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls.c - the public calls for queues: see <ddt/queue.h>, and state.h for how
 *	     a queue works
 */

#include <linux/err.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../compat.h"
#include "calls.h"
#include "service.h"
#include "state.h"

/* Aligned, so that what each request needs is in few cache lines. */
static struct kmem_cache *ddt_queue_cache;

int __init ddt_queue_cache_init(void)
{
	ddt_queue_cache = KMEM_CACHE(ddt_queue, SLAB_HWCACHE_ALIGN);
	return ddt_queue_cache ? 0 : -ENOMEM;
}

void ddt_queue_cache_exit(void)
{
	kmem_cache_destroy(ddt_queue_cache);
}

/* Creation, attributes */

/* Returns the timeout that @timeout asks for, or a negative errno. */
static ktime_t ddt_queue_idle_timeout(enum ddt_queue_server server,
				      ktime_t timeout)
{
	bool on_demand = server == DDT_SERVER_ON_DEMAND;

	if (timeout < 0 || (on_demand && timeout == DDT_FOREVER))
		return -EINVAL;
	return timeout ?: on_demand ? DDT_QUEUE_DEFAULT_IDLE : DDT_FOREVER;
}

/*
 * No thread could be started: completes all requests. Another is started for
 * requests that are submitted meanwhile.
 */
static void ddt_queue_fail(struct ddt_server *server, int err)
{
	struct ddt_queue *queue = container_of(server, struct ddt_queue,
					       server);

	ddt_queue_complete_all(queue, NULL, NULL, err);
	ddt_queue_lock(queue);
	server->asleep = true;
	if (queue->queued || queue->blocked)
		ddt_queue_wake(queue);
	ddt_queue_unlock(queue);
}

struct ddt_queue *__ddt_queue_create(const struct ddt_queue_ops *ops,
				     void *context,
				     const struct ddt_queue_attr *attr,
				     struct lock_class_key *key)
{
	static struct lock_class_key lock_key;
	ktime_t idle_timeout;
	struct ddt_queue *queue;
	int err;

	idle_timeout = ddt_queue_idle_timeout(attr->server, attr->idle_timeout);
	if (!ops->serve || !ops->complete ||
	    attr->server > DDT_SERVER_WORKERS || idle_timeout < 0 ||
	    attr->depth > DDT_QUEUE_MAX_DEPTH || attr->flags & ~DDT_QUEUE_TIMES)
		return ERR_PTR(-EINVAL);

	queue = kmem_cache_zalloc(ddt_queue_cache, GFP_KERNEL);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	if (attr->flags & DDT_QUEUE_TIMES) {
		queue->times = kzalloc_obj(*queue->times, GFP_KERNEL);
		if (!queue->times) {
			err = -ENOMEM;
			goto free_queue;
		}
	}
	queue->ops = ops;
	queue->context = context;
	queue->depth = attr->depth ?: DDT_QUEUE_DEFAULT_DEPTH;
	queue->idle_timeout = idle_timeout;
	lockdep_init_map(&queue->map, "ddt_queue", key, 0);
	ddt_queue_init(queue);
	err = ddt_server_start(&queue->server, attr, &lock_key,
			       ddt_queue_serve, ddt_queue_fail);
	if (err)
		goto free_times;
	return queue;

free_times:
	kfree(queue->times);
free_queue:
	kmem_cache_free(ddt_queue_cache, queue);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(__ddt_queue_create);

void ddt_queue_destroy(struct ddt_queue *queue)
{
	if (WARN_ON(ddt_queue_stop(queue, DDT_QUEUE_ABORT)))
		return;
	ddt_server_free(&queue->server);
	kfree(queue->times);
	kmem_cache_free(ddt_queue_cache, queue);
}
EXPORT_SYMBOL_GPL(ddt_queue_destroy);

void *ddt_queue_context(const struct ddt_queue *queue)
{
	return queue->context;
}
EXPORT_SYMBOL_GPL(ddt_queue_context);

struct ddt_thread *ddt_queue_get_thread(struct ddt_queue *queue)
{
	return ddt_server_get_thread(&queue->server);
}
EXPORT_SYMBOL_GPL(ddt_queue_get_thread);

int ddt_queue_set_nice(struct ddt_queue *queue, int nice)
{
	return ddt_server_set_nice(&queue->server, nice);
}
EXPORT_SYMBOL_GPL(ddt_queue_set_nice);

int ddt_queue_nice(struct ddt_queue *queue, int *nice)
{
	return ddt_server_nice(&queue->server, nice);
}
EXPORT_SYMBOL_GPL(ddt_queue_nice);

int ddt_queue_set_idle_timeout(struct ddt_queue *queue, ktime_t timeout)
{
	timeout = ddt_queue_idle_timeout(queue->server.kind, timeout);
	if (timeout < 0)
		return -EINVAL;

	ddt_queue_lock(queue);
	queue->idle_timeout = timeout;
	/* The server must go to sleep again, for that time. */
	ddt_queue_wake_if_needed(queue);
	ddt_queue_unlock(queue);
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_queue_set_idle_timeout);

/* Requests */

void ddt_request_init(struct ddt_request *req)
{
	*req = (struct ddt_request){ .entry.state = DDT_REQUEST_IDLE };
}
EXPORT_SYMBOL_GPL(ddt_request_init);

int ddt_queue_submit(struct ddt_queue *queue, struct ddt_request *req)
{
	int err;

	ddt_queue_lock(queue);
	err = ddt_request_submit(queue, req);
	if (!err)
		ddt_queue_wake(queue);
	ddt_queue_unlock(queue);
	return err;
}
EXPORT_SYMBOL_GPL(ddt_queue_submit);

int ddt_queue_submit_many(struct ddt_queue *queue,
			  struct ddt_request *const *reqs, unsigned int n)
{
	unsigned int i = 0, end;
	int err = 0;

	n = min_t(unsigned int, n, INT_MAX);
	do {
		end = min(n, i + DDT_CHUNK);
		ddt_queue_lock(queue);
		for (; i < end && !err; i += !err)
			err = ddt_request_submit(queue, reqs[i]);
		/* Not earlier: the server might sleep in between. */
		if ((err || i == n) && i)
			ddt_queue_wake(queue);
		ddt_queue_unlock(queue);
	} while (!err && i < n);
	return i ?: err;
}
EXPORT_SYMBOL_GPL(ddt_queue_submit_many);

int ddt_queue_submit_wait(struct ddt_queue *queue, struct ddt_request *req,
			  unsigned int flags, ktime_t timeout)
{
	struct ddt_blocked blocked;
	int err;

	if (flags & ~DDT_WAIT_FLAGS)
		return -EINVAL;
	if (timeout > 0 && !ddt_server_is_current(&queue->server))
		ddt_queue_might_wait(queue);

	ddt_queue_lock(queue);
	err = ddt_request_submit_or_block(queue, req, &blocked);
	if (!err)
		ddt_queue_wake(queue);
	ddt_queue_unlock(queue);
	if (err != -EAGAIN)
		return err;

	/* From here on the queue may be gone, unless this caller gives up. */
	err = ddt_caller_wait(&blocked.caller, flags, timeout);
	if (!err)
		return blocked.ret;
	ddt_request_leave_blocked(queue, req);
	return err;
}
EXPORT_SYMBOL_GPL(ddt_queue_submit_wait);

int ddt_queue_cancel(struct ddt_queue *queue, struct ddt_request *req)
{
	int ret;

	ddt_queue_lock(queue);
	ret = ddt_request_cancel(queue, req, -ECANCELED);
	ddt_queue_unlock(queue);
	if (!ret)
		ddt_request_complete_unserved(queue, req, -ECANCELED);
	return min(ret, 0);
}
EXPORT_SYMBOL_GPL(ddt_queue_cancel);

void ddt_queue_cancel_all(struct ddt_queue *queue, ddt_request_match_t match,
			  const void *context)
{
	might_sleep();
	ddt_queue_complete_all(queue, match, context, -ECANCELED);
}
EXPORT_SYMBOL_GPL(ddt_queue_cancel_all);

/* The queue as a whole */

/* For calls that wait for its callbacks: returns 0 if the caller may. */
static int ddt_queue_check_wait(struct ddt_queue *queue, unsigned int flags,
				ktime_t timeout)
{
	if (flags & ~DDT_WAIT_FLAGS)
		return -EINVAL;
	if (ddt_server_is_current(&queue->server))
		return -EDEADLK;
	if (timeout > 0)
		ddt_queue_might_wait(queue);
	return 0;
}

int ddt_queue_flush(struct ddt_queue *queue, unsigned int flags,
		    ktime_t timeout)
{
	struct ddt_flusher flusher;
	bool wait;
	int ret;

	ret = ddt_queue_check_wait(queue, flags, timeout);
	if (ret)
		return ret;

	ddt_queue_lock(queue);
	wait = ddt_flusher_add(queue, &flusher);
	ddt_queue_unlock(queue);
	if (!wait)
		return 0;
	ret = ddt_caller_wait(&flusher.caller, flags, timeout);
	if (ret)
		ddt_flusher_leave(queue, &flusher);
	return ret;
}
EXPORT_SYMBOL_GPL(ddt_queue_flush);

int ddt_queue_pause(struct ddt_queue *queue, unsigned int flags,
		    ktime_t timeout)
{
	int ret;

	ret = ddt_queue_check_wait(queue, flags, timeout);
	if (ret)
		return ret;

	ddt_queue_lock(queue);
	if (queue->server.closed) {
		ret = -ESHUTDOWN;
	} else {
		queue->pauses++;
		queue->leaving++;
		if (queue->busy)
			ddt_event_reset(&queue->quiet);
		else
			ddt_queue_set_event(queue, &queue->quiet);
	}
	ddt_queue_unlock(queue);
	if (ret)
		return ret;

	ret = ddt_wait(&queue->quiet.object, flags, timeout);

	ddt_queue_lock(queue);
	queue->leaving--;
	if (ret && !--queue->pauses)
		ddt_queue_wake_if_needed(queue);
	ddt_queue_check_drained(queue);
	ddt_queue_unlock(queue);
	return ret;
}
EXPORT_SYMBOL_GPL(ddt_queue_pause);

int ddt_queue_resume(struct ddt_queue *queue)
{
	int ret = 0;

	ddt_queue_lock(queue);
	if (!queue->pauses)
		ret = -EINVAL;
	else if (!--queue->pauses)
		ddt_queue_wake_if_needed(queue);
	ddt_queue_unlock(queue);
	return ret;
}
EXPORT_SYMBOL_GPL(ddt_queue_resume);

int ddt_queue_stop(struct ddt_queue *queue, enum ddt_queue_stop_mode mode)
{
	bool more;

	if (ddt_server_is_current(&queue->server))
		return -EDEADLK;
	might_sleep();
	ddt_queue_might_wait(queue);

	do {
		ddt_queue_lock(queue);
		WRITE_ONCE(queue->server.closed, true);
		if (mode == DDT_QUEUE_ABORT)
			queue->aborting = true;
		more = ddt_queue_refuse_blocked(queue);
		/* Delayed requests do not wait any longer. */
		if (queue->queued && !queue->aborting)
			ddt_queue_wake(queue);
		ddt_queue_check_drained(queue);
		ddt_queue_unlock(queue);
		cond_resched();
	} while (more);

	if (mode == DDT_QUEUE_ABORT)
		ddt_queue_complete_all(queue, NULL, NULL, -ESHUTDOWN);
	ddt_wait(&queue->drained.object, 0, DDT_FOREVER);
	/* Synchronize with the setter, which may still hold the lock. */
	ddt_queue_lock(queue);
	ddt_queue_unlock(queue);

	/* Ends a delay in ddt_queue_ops.idle(); nothing is in service any more. */
	ddt_event_set(&queue->cancel);
	hrtimer_cancel(&queue->expiry);
	cancel_work_sync(&queue->expire);
	ddt_server_stop(&queue->server);
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_queue_stop);

void ddt_queue_stats(struct ddt_queue *queue, struct ddt_queue_stats *stats)
{
	ddt_queue_lock(queue);
	*stats = (struct ddt_queue_stats){
		.submitted = queue->submitted,
		.completed = queue->completed + queue->claimed +
			     !!READ_ONCE(queue->served),
		.cancelled = queue->cancelled,
		.expired = queue->expired,
		.retried = queue->retried,
		.wakeups = queue->server.wakeups,
		.queued = queue->queued,
		.max_queued = queue->max_queued,
	};
	ddt_queue_unlock(queue);
}
EXPORT_SYMBOL_GPL(ddt_queue_stats);

void ddt_queue_for_each(struct ddt_queue *queue, ddt_request_visit_t visit,
			void *context)
{
	struct ddt_request *req;
	struct ddt_walk walk;
	u8 state;

	might_sleep();
	ddt_walk_begin(&walk, queue);
	while ((req = ddt_walk_next(&walk))) {
		state = READ_ONCE(req->entry.state);
		if (state != DDT_REQUEST_BLOCKED)
			visit(req, state == DDT_REQUEST_IN_SERVICE, context);
	}
	ddt_walk_end(&walk);
}
EXPORT_SYMBOL_GPL(ddt_queue_for_each);

int ddt_queue_times(struct ddt_queue *queue, struct ddt_queue_times *times)
{
	if (!queue->times)
		return -EOPNOTSUPP;
	ddt_queue_lock(queue);
	*times = queue->times->sums;
	if (READ_ONCE(queue->served)) {
		smp_rmb();	/* pairs with ddt_queue_serve_one() */
		ddt_times_add_last(queue->times, times);
	}
	ddt_queue_unlock(queue);
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_queue_times);
