// SPDX-License-Identifier: GPL-2.0-only
/*
 * order.c - the order in which requests are served and slots are granted
 *
 * A flow takes part in the turns as long as it has a request to serve. The
 * first in the list has its turn; it goes behind the others with each request
 * that is taken into service. Flows of blocked submitters take turns in the
 * same way.
 *
 * A delayed request is in no flow. One that its flow waits for holds it: the
 * flow has no turn until the request is due.
 *
 * The lists and trees are the caller's to protect, and so is what a change of
 * them means for others: nothing here knows of the lock or of wakeups. Every
 * function takes constant time, or O(log n) where a tree is changed.
 */

#include <linux/export.h>

#include "order.h"

void ddt_flow_init(struct ddt_flow *flow)
{
	INIT_LIST_HEAD(&flow->requests);
	INIT_LIST_HEAD(&flow->turn);
	INIT_LIST_HEAD(&flow->blocked);
	INIT_LIST_HEAD(&flow->blocked_turn);
	flow->held = false;
}
EXPORT_SYMBOL_GPL(ddt_flow_init);

void ddt_order_init(struct ddt_order *order)
{
	INIT_LIST_HEAD(&order->flows);
	ddt_flow_init(&order->shared);
	order->delayed = RB_ROOT_CACHED;
	order->deadlines = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&order->blocked);
	ddt_flow_init(&order->nonblocking);
}

static struct ddt_flow *ddt_flow_of(struct ddt_order *order,
				    struct ddt_request *req)
{
	return req->flow ?: &order->shared;
}

/* Gives a flow its place in the turns, or none. */
static void ddt_flow_update(struct ddt_order *order, struct ddt_flow *flow)
{
	if (flow->held || list_empty(&flow->requests))
		list_del_init(&flow->turn);
	else if (list_empty(&flow->turn))
		list_add_tail(&flow->turn, &order->flows);
}

/* Adds a request before (@first) or behind the others of its flow. */
void ddt_order_add(struct ddt_order *order, struct ddt_request *req, bool first)
{
	struct ddt_flow *flow = ddt_flow_of(order, req);

	if (first)
		list_add(&req->link, &flow->requests);
	else
		list_add_tail(&req->link, &flow->requests);
	ddt_flow_update(order, flow);
}

void ddt_order_remove(struct ddt_order *order, struct ddt_request *req)
{
	list_del(&req->link);
	ddt_flow_update(order, ddt_flow_of(order, req));
}

/* Removes the next request to be served: then the next flow has its turn. */
void ddt_order_take(struct ddt_order *order, struct ddt_request *req)
{
	struct ddt_flow *flow = ddt_flow_of(order, req);

	list_del(&req->link);
	if (list_empty(&flow->requests))
		list_del_init(&flow->turn);
	else if (!list_is_last(&flow->turn, &order->flows))
		list_move_tail(&flow->turn, &order->flows);
}

static bool ddt_order_is_before(struct rb_node *node,
				const struct rb_node *other)
{
	return rb_entry(node, struct ddt_request, node)->key <
	       rb_entry(other, struct ddt_request, node)->key;
}

void ddt_order_delay(struct ddt_order *order, struct ddt_request *req,
		     ktime_t due)
{
	struct ddt_flow *flow = ddt_flow_of(order, req);

	req->key = due;
	rb_add_cached(&req->node, &order->delayed, ddt_order_is_before);
	if (req->retry_place == DDT_RETRY_HEAD) {
		flow->held = true;
		ddt_flow_update(order, flow);
	}
}

void ddt_order_undelay(struct ddt_order *order, struct ddt_request *req)
{
	struct ddt_flow *flow = ddt_flow_of(order, req);

	rb_erase_cached(&req->node, &order->delayed);
	if (req->retry_place == DDT_RETRY_HEAD) {
		flow->held = false;
		ddt_flow_update(order, flow);
	}
}

/* Returns whether it is the first to expire. */
bool ddt_order_add_deadline(struct ddt_order *order, struct ddt_request *req)
{
	req->key = req->deadline;
	return rb_add_cached(&req->node, &order->deadlines,
			     ddt_order_is_before);
}

void ddt_order_remove_deadline(struct ddt_order *order, struct ddt_request *req)
{
	rb_erase_cached(&req->node, &order->deadlines);
}

/* The submitter of @req waits for a slot. */
void ddt_order_block(struct ddt_order *order, struct ddt_request *req)
{
	struct ddt_flow *flow = ddt_flow_of(order, req);

	list_add_tail(&req->link, &flow->blocked);
	if (list_empty(&flow->blocked_turn))
		list_add_tail(&flow->blocked_turn, &order->blocked);
}

/* It waits no longer. */
void ddt_order_unblock(struct ddt_order *order, struct ddt_request *req)
{
	struct ddt_flow *flow = ddt_flow_of(order, req);

	list_del_init(&req->link);
	if (list_empty(&flow->blocked))
		list_del_init(&flow->blocked_turn);
}

/* @req, which is blocked no longer, was granted a slot: the next flow's turn. */
void ddt_order_end_blocked_turn(struct ddt_order *order,
				struct ddt_request *req)
{
	struct ddt_flow *flow = ddt_flow_of(order, req);

	if (!list_empty(&flow->blocked_turn))
		list_move_tail(&flow->blocked_turn, &order->blocked);
}

/* A submitter that does not wait was refused a slot: such have a turn too. */
void ddt_order_refused(struct ddt_order *order)
{
	struct ddt_flow *flow = &order->nonblocking;

	if (list_empty(&flow->blocked_turn))
		list_add_tail(&flow->blocked_turn, &order->blocked);
}

/*
 * The blocked request whose turn it is to get a slot. NULL if it is that of
 * submitters that do not wait; their turn has ended then.
 */
struct ddt_request *ddt_order_next_blocked(struct ddt_order *order)
{
	struct ddt_flow *flow = list_first_entry(&order->blocked,
						 struct ddt_flow, blocked_turn);

	if (flow != &order->nonblocking)
		return list_first_entry(&flow->blocked, struct ddt_request,
					link);
	list_del_init(&flow->blocked_turn);
	return NULL;
}
