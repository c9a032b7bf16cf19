/* SPDX-License-Identifier: GPL-2.0-only */
/* order.h - the order in which requests are served and slots are granted */
#ifndef _DDT_CORE_ORDER_H
#define _DDT_CORE_ORDER_H

#include <linux/list.h>
#include <linux/rbtree.h>

#include <ddt/queue.h>

struct ddt_order {
	struct list_head flows;		/* with a request to serve, in turn */
	struct ddt_flow shared;		/* of the requests that name none */
	struct rb_root_cached delayed;	/* requests, by the time they are due */
	struct list_head blocked;	/* flows of blocked submitters, in turn */
	struct rb_root_cached deadlines;	/* of those not begun */
	struct ddt_flow nonblocking;	/* takes their turn among them */
};

void ddt_order_init(struct ddt_order *order);

void ddt_order_add(struct ddt_order *order, struct ddt_request *req,
		   bool first);
void ddt_order_remove(struct ddt_order *order, struct ddt_request *req);
void ddt_order_take(struct ddt_order *order, struct ddt_request *req);

void ddt_order_delay(struct ddt_order *order, struct ddt_request *req,
		     ktime_t due);
void ddt_order_undelay(struct ddt_order *order, struct ddt_request *req);

bool ddt_order_add_deadline(struct ddt_order *order, struct ddt_request *req);
void ddt_order_remove_deadline(struct ddt_order *order,
			       struct ddt_request *req);

void ddt_order_block(struct ddt_order *order, struct ddt_request *req);
void ddt_order_unblock(struct ddt_order *order, struct ddt_request *req);
void ddt_order_end_blocked_turn(struct ddt_order *order,
				struct ddt_request *req);
void ddt_order_refused(struct ddt_order *order);
struct ddt_request *ddt_order_next_blocked(struct ddt_order *order);

/* The request to serve next, or NULL. */
static inline struct ddt_request *ddt_order_next(struct ddt_order *order)
{
	struct ddt_flow *flow;

	flow = list_first_entry_or_null(&order->flows, struct ddt_flow, turn);
	return flow ? list_first_entry(&flow->requests, struct ddt_request,
				       link) : NULL;
}

static inline struct ddt_request *
ddt_order_first_in(struct rb_root_cached *tree)
{
	struct rb_node *node = rb_first_cached(tree);

	return node ? rb_entry(node, struct ddt_request, node) : NULL;
}

/* The delayed request that is due first, or NULL. */
static inline struct ddt_request *
ddt_order_first_delayed(struct ddt_order *order)
{
	return ddt_order_first_in(&order->delayed);
}

/* The request that expires first, or NULL. */
static inline struct ddt_request *
ddt_order_first_deadline(struct ddt_order *order)
{
	return ddt_order_first_in(&order->deadlines);
}

#endif /* _DDT_CORE_ORDER_H */
