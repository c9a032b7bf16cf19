// SPDX-License-Identifier: GPL-2.0-only
/*
 * flush.c - waiting until all that has been submitted is completed
 *
 * Each request belongs to one of two epochs. A flush begins a new one, which
 * later requests join, and waits until none of the old one is outstanding. There
 * is one flush at a time; so the epoch that begins has no requests.
 */

#include <linux/export.h>

#include "dispatcher.h"
#include "queue.h"

/* Waits until no request of the epoch before the present one is left. */
static int ddt_queue_wait_for_epoch(struct ddt_queue *queue, unsigned int flags,
				    ktime_t timeout)
{
	bool done;
	int ret;

	for (;;) {
		ddt_queue_lock(queue);
		done = !queue->outstanding[!queue->epoch];
		if (!done)
			ddt_event_reset(&queue->flushed);
		ddt_queue_unlock(queue);
		if (done)
			return 0;
		ret = ddt_wait(&queue->flushed.object, flags, timeout);
		if (ret)
			return ret;
	}
}

/**
 * ddt_queue_flush() - wait until all that has been submitted is completed
 * @queue: the queue
 * @flags: as for ddt_wait()
 * @timeout: as for ddt_wait()
 *
 * What is submitted after the call began is not waited for.
 *
 * Context: Process context, may sleep.
 * Return: 0 when all have been completed; -ETIME, -EINTR, -EINVAL as for
 * ddt_wait(); -EDEADLK if called by a callback of the queue in its server. No
 * ddt_queue_ops.complete() may call it elsewhere either.
 */
int ddt_queue_flush(struct ddt_queue *queue, unsigned int flags,
		    ktime_t timeout)
{
	int ret;

	if (ddt_server_is_current(queue))
		return -EDEADLK;

	ddt_timeout_make_absolute(&flags, &timeout);
	ret = ddt_wait(&queue->flush_turn.object, flags, timeout);
	if (ret)
		return ret;

	/* Whoever flushed before us may have given up. */
	ret = ddt_queue_wait_for_epoch(queue, flags, timeout);
	if (ret)
		goto next_turn;

	ddt_queue_lock(queue);
	queue->epoch = !queue->epoch;
	ddt_queue_unlock(queue);
	ret = ddt_queue_wait_for_epoch(queue, flags, timeout);

next_turn:
	ddt_semaphore_release(&queue->flush_turn, 1);
	return ret;
}
EXPORT_SYMBOL_GPL(ddt_queue_flush);
