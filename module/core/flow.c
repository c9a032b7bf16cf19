// SPDX-License-Identifier: GPL-2.0-only
/*
 * flow.c - whose turn it is: the requests of a queue by the flows they belong to
 *
 * A flow is linked to its queue as long as it has requests there. The one whose
 * turn it is comes first, and goes behind the others with each request that is
 * taken into service. What is put back for later is in no flow until it is due.
 */

#include <linux/export.h>

#include "queue.h"

static struct ddt_flow *ddt_flow_of(struct ddt_queue *queue,
				    struct ddt_request *req)
{
	return req->flow ?: &queue->flow;
}

/**
 * ddt_flow_init() - initialise a flow
 * @flow: the flow
 *
 * It needs no clean-up.
 *
 * Context: Any.
 */
void ddt_flow_init(struct ddt_flow *flow)
{
	INIT_LIST_HEAD(&flow->requests);
	INIT_LIST_HEAD(&flow->link);
}
EXPORT_SYMBOL_GPL(ddt_flow_init);

/* Adds a request behind the others of its flow. */
void ddt_flow_add_last(struct ddt_queue *queue, struct ddt_request *req)
{
	struct ddt_flow *flow = ddt_flow_of(queue, req);

	lockdep_assert_held(&queue->lock);

	if (list_empty(&flow->requests))
		list_add_tail(&flow->link, &queue->flows);
	list_add_tail(&req->link, &flow->requests);
}

/* Adds a request before the others of its flow; @turn: it is also its turn. */
void ddt_flow_add_first(struct ddt_queue *queue, struct ddt_request *req,
			bool turn)
{
	struct ddt_flow *flow = ddt_flow_of(queue, req);

	lockdep_assert_held(&queue->lock);

	if (list_empty(&flow->requests))
		list_add_tail(&flow->link, &queue->flows);
	list_add(&req->link, &flow->requests);
	if (turn)
		list_move(&flow->link, &queue->flows);
}

/* Removes a request that is queued, in its flow or for later. */
void ddt_flow_remove(struct ddt_queue *queue, struct ddt_request *req)
{
	struct ddt_flow *flow = ddt_flow_of(queue, req);

	lockdep_assert_held(&queue->lock);

	list_del(&req->link);
	if (list_empty(&flow->requests))
		list_del_init(&flow->link);
}

/* When a request has been taken into service: the next flow has its turn. */
void ddt_flow_end_turn(struct ddt_queue *queue, struct ddt_request *req)
{
	struct ddt_flow *flow = ddt_flow_of(queue, req);

	lockdep_assert_held(&queue->lock);

	if (!list_empty(&flow->requests))
		list_move_tail(&flow->link, &queue->flows);
}
