// SPDX-License-Identifier: GPL-2.0-only
/*
 * deadline.c - requests that are of no use if they are not begun in time
 *
 * Whoever takes a request into service looks at its deadline first. So that a
 * request need not wait for that, a work completes those that are late also
 * while the device is busy with another.
 */

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>

#include "queue.h"

bool ddt_deadline_passed(const struct ddt_request *req, ktime_t now)
{
	return req->deadline && !req->begun && req->deadline < now;
}

/* Schedules a look at the deadlines, if none is scheduled early enough. */
void ddt_deadline_schedule(struct ddt_queue *queue, ktime_t deadline)
{
	lockdep_assert_held(&queue->lock);

	if (deadline >= queue->next_expiry)
		return;
	queue->next_expiry = deadline;
	mod_delayed_work(ddt_workqueue, &queue->expire,
			 ddt_jiffies_until(deadline));
	/*
	 * That may have put off what ddt_queue_submit() has scheduled: pairs
	 * with llist_add() there.
	 */
	smp_mb();
	if (!llist_empty(&queue->intake))
		mod_delayed_work(ddt_workqueue, &queue->expire, 0);
}

/* Returns a request of a list that is past its deadline, or finds the next. */
static struct ddt_request *ddt_deadline_find_in(struct list_head *requests,
						ktime_t now, ktime_t *next)
{
	struct ddt_request *req;

	list_for_each_entry(req, requests, link) {
		if (ddt_deadline_passed(req, now))
			return req;
		if (req->deadline && !req->begun)
			*next = min(*next, req->deadline);
	}
	return NULL;
}

/* Returns a request that is past its deadline, or schedules the next look. */
static struct ddt_request *ddt_deadline_find(struct ddt_queue *queue)
{
	ktime_t next = DDT_FOREVER, now = ktime_get();
	struct ddt_request *req;
	struct ddt_flow *flow;

	lockdep_assert_held(&queue->lock);

	list_for_each_entry(flow, &queue->flows, link) {
		req = ddt_deadline_find_in(&flow->requests, now, &next);
		if (req)
			return req;
	}
	req = ddt_deadline_find_in(&queue->delayed, now, &next);
	if (req)
		return req;
	queue->next_expiry = DDT_FOREVER;
	if (next != DDT_FOREVER)
		ddt_deadline_schedule(queue, next);
	return NULL;
}

/* Completes what is past its deadline also while the server is busy. */
static void ddt_deadline_work(struct work_struct *work)
{
	struct ddt_queue *queue = container_of(to_delayed_work(work),
					       struct ddt_queue, expire);
	struct ddt_request *req;

	for (;;) {
		ddt_queue_lock(queue);
		req = ddt_deadline_find(queue);
		if (req)
			ddt_queue_claim(queue, req, DDT_REQUEST_IDLE);
		ddt_queue_unlock(queue);
		if (!req)
			return;
		ddt_queue_complete_unserved(queue, req, -ETIME);
	}
}

void ddt_deadline_init(struct ddt_queue *queue)
{
	INIT_DELAYED_WORK(&queue->expire, ddt_deadline_work);
	queue->next_expiry = DDT_FOREVER;
}
