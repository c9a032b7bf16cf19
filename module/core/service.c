// SPDX-License-Identifier: GPL-2.0-only
/*
 * service.c - the service loop of a queue, and what its callbacks may call
 *
 * Fast path: one round trip of the lock per request accounts for the previous
 * one and takes the next into service.
 */

#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "../compat.h"
#include "service.h"
#include "state.h"
#include "trace.h"

/* Lockless. */
static void ddt_queue_serve_one(struct ddt_queue *queue,
				struct ddt_request *req)
{
	const char *name = queue->server.name;
	ktime_t begin = 0, end = 0;
	u64 number = req->number;
	int status;

	if (queue->times) {
		begin = ktime_get();
		req->queued_ns += ktime_to_ns(ktime_sub(begin, req->stamp));
	}
	trace_ddt_service(name, number, 'B');
	status = queue->ops->serve(queue, req);
	trace_ddt_service(name, number, 'E');
	if (queue->times) {
		end = ktime_get();
		req->service_ns += ktime_to_ns(ktime_sub(end, begin));
		req->stamp = end;
	}
	if (!ddt_request_end(queue, req, &status))
		return;

	if (queue->times) {
		queue->times->queued_ns = req->queued_ns;
		queue->times->service_ns = req->service_ns;
		smp_wmb();	/* pairs with ddt_queue_times() */
	}
	WRITE_ONCE(queue->served, number);
	req->status = status;
	trace_ddt_request_complete(name, number, status);
	WRITE_ONCE(req->entry.state, DDT_REQUEST_IDLE);
	queue->ops->complete(queue, req);
}

/*
 * Whether the queue has now been idle for its timeout. Otherwise shortens
 * *@until, which is when a request will be due.
 */
static bool ddt_queue_is_idle(struct ddt_queue *queue, ktime_t *until)
{
	ktime_t now, end;

	if (!queue->worked && queue->server.kind != DDT_SERVER_ON_DEMAND)
		return false;
	if (queue->idle_timeout == DDT_FOREVER || queue->queued ||
	    queue->pauses)
		return false;

	now = ktime_get();
	if (!queue->idle_since)
		queue->idle_since = now;
	end = ktime_add_safe(queue->idle_since, queue->idle_timeout);
	if (now >= end)
		return true;
	*until = end;
	return false;
}

/*
 * The loop of whatever serves the queue: ends when ddt_server_sleep() says so.
 * Waits there for the semaphore.
 */
void ddt_queue_serve(struct ddt_server *server)
{
	struct ddt_queue *queue = container_of(server, struct ddt_queue,
					       server);
	bool idle, expired, again = true;
	struct ddt_request *req;
	ktime_t until;

	ddt_queue_lock(queue);
	while (again) {
		ddt_request_account(queue);
		req = ddt_request_begin(queue, &until, &expired);
		idle = !req && until && ddt_queue_is_idle(queue, &until);
		if (req) {
			queue->worked |= !expired;
			queue->idle_since = 0;
			ddt_queue_unlock(queue);
			lock_map_acquire(&queue->map);
			if (expired)
				ddt_request_complete_unserved(queue, req,
							      -ETIME);
			else
				ddt_queue_serve_one(queue, req);
			lock_map_release(&queue->map);
			cond_resched();
			ddt_queue_lock(queue);
		} else if (idle && queue->worked) {
			queue->worked = false;
			queue->busy = true;
			ddt_queue_unlock(queue);
			lock_map_acquire(&queue->map);
			if (queue->ops->idle)
				queue->ops->idle(queue);
			lock_map_release(&queue->map);
			ddt_queue_lock(queue);
		} else if (!until) {
			ddt_queue_unlock(queue);
			cond_resched();
			ddt_queue_lock(queue);
		} else {
			if (server->has_thread)
				trace_ddt_thread_wait(server->name,
						      queue->completed);
			again = ddt_server_sleep(server, until, idle);
			if (again)
				trace_ddt_thread_wake(server->name,
						      queue->completed);
		}
	}
	ddt_queue_unlock(queue);
}

bool ddt_request_cancelled(const struct ddt_request *req)
{
	return READ_ONCE(req->cancelled);
}
EXPORT_SYMBOL_GPL(ddt_request_cancelled);

void ddt_request_retry(struct ddt_request *req, ktime_t delay,
		       enum ddt_retry_place place)
{
	req->key = delay > 0 ? ktime_add_safe(ktime_get(), delay) : 0;
	req->retry = true;
	req->retry_place = place;
}
EXPORT_SYMBOL_GPL(ddt_request_retry);

struct ddt_object *ddt_queue_cancel_object(struct ddt_queue *queue)
{
	return &queue->cancel.object;
}
EXPORT_SYMBOL_GPL(ddt_queue_cancel_object);

int ddt_queue_delay(struct ddt_queue *queue, ktime_t delay)
{
	return ddt_wait(&queue->cancel.object, 0, delay) ? 0 : -ECANCELED;
}
EXPORT_SYMBOL_GPL(ddt_queue_delay);
