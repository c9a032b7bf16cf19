// SPDX-License-Identifier: GPL-2.0-only
/*
 * daq_ddt.c - the driver of a data-acquisition device, for Linux alone
 *
 * What daq_nt.c does, with <ddt/queue.h>. The queue, its bound, cancelling, the
 * thread and its end are the library's.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/wait.h>

#include "daq.h"

/* A little ahead of the threads that read, lest it misses its poll times. */
#define DAQ_NICE	(-3)

struct daq {
	struct daq_hw *hw;
	struct ddt_queue *queue;
};

struct daq_file {
	struct daq *daq;
	spinlock_t lock;		/* protects reads */
	struct list_head reads;		/* not yet completed */
	wait_queue_head_t no_reads;
};

static struct daq_read *to_daq_read(struct ddt_request *req)
{
	return container_of(req, struct daq_read, request);
}

/* The thread. */

static int daq_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	struct daq *daq = ddt_queue_context(queue);
	struct daq_read *read = to_daq_read(req);
	unsigned int polls;
	int err;

	daq_hw_start(daq->hw, read->channel);
	for (polls = 0; polls < DAQ_MAX_POLLS; polls++) {
		if (daq_hw_ready(daq->hw)) {
			read->value = daq_hw_value(daq->hw);
			return 0;
		}
		err = ddt_queue_delay(queue, DAQ_POLL_US * NSEC_PER_USEC);
		if (err)
			return err;
	}
	return -ETIME;
}

static void daq_forget(struct daq_read *read, int status)
{
	struct daq_file *file = read->file;
	unsigned long irqflags;

	spin_lock_irqsave(&file->lock, irqflags);
	list_del(&read->link);
	if (list_empty(&file->reads))
		wake_up(&file->no_reads);
	spin_unlock_irqrestore(&file->lock, irqflags);

	daq_read_done(read, status);
}

static void daq_complete(struct ddt_queue *queue, struct ddt_request *req)
{
	daq_forget(to_daq_read(req), req->status);
}

static const struct ddt_queue_ops daq_queue_ops = {
	.serve = daq_serve,
	.complete = daq_complete,
};

/* Files. */

static struct daq_file *daq_ddt_open(struct daq *daq)
{
	struct daq_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return ERR_PTR(-ENOMEM);
	file->daq = daq;
	spin_lock_init(&file->lock);
	INIT_LIST_HEAD(&file->reads);
	init_waitqueue_head(&file->no_reads);
	return file;
}

static void daq_ddt_submit(struct daq_read *read)
{
	struct daq_file *file = read->file;
	int err;

	ddt_request_init(&read->request);
	spin_lock_irq(&file->lock);
	list_add_tail(&read->link, &file->reads);
	spin_unlock_irq(&file->lock);

	err = read->channel < DAQ_CHANNELS ?
		ddt_queue_submit(file->daq->queue, &read->request) : -EINVAL;
	if (err)
		daq_forget(read, err);
}

static void daq_ddt_cancel(struct daq_read *read)
{
	ddt_queue_cancel(read->file->daq->queue, &read->request);
}

/* Returns a read that has not been cancelled yet, with a reference. */
static struct daq_read *daq_next_to_cancel(struct daq_file *file)
{
	struct daq_read *read, *found = NULL;

	spin_lock_irq(&file->lock);
	list_for_each_entry(read, &file->reads, link) {
		if (read->closing)
			continue;
		read->closing = true;
		kref_get(&read->refs);
		found = read;
		break;
	}
	spin_unlock_irq(&file->lock);
	return found;
}

/* Under the lock: whoever removes the last read wakes us under it. */
static bool daq_has_no_reads(struct daq_file *file)
{
	bool empty;

	spin_lock_irq(&file->lock);
	empty = list_empty(&file->reads);
	spin_unlock_irq(&file->lock);
	return empty;
}

static void daq_ddt_close(struct daq_file *file)
{
	struct daq_read *read;

	while ((read = daq_next_to_cancel(file))) {
		daq_ddt_cancel(read);
		daq_read_put(read);
	}
	wait_event(file->no_reads, daq_has_no_reads(file));
	kfree(file);
}

/* Loading and unloading. */

static struct daq *daq_ddt_load(struct daq_hw *hw)
{
	static const struct ddt_queue_attr attr = {
		.thread = {
			.name = "daq_ddt",
			.nice = DAQ_NICE,
		},
		.depth = DAQ_DEPTH,
	};
	struct daq *daq = kzalloc(sizeof(*daq), GFP_KERNEL);
	int err;

	if (!daq)
		return ERR_PTR(-ENOMEM);
	daq->hw = hw;
	daq->queue = ddt_queue_create(&daq_queue_ops, daq, &attr);
	if (IS_ERR(daq->queue)) {
		err = PTR_ERR(daq->queue);
		kfree(daq);
		return ERR_PTR(err);
	}
	return daq;
}

static void daq_ddt_unload(struct daq *daq)
{
	ddt_queue_destroy(daq->queue);
	kfree(daq);
}

const struct daq_driver daq_ddt_driver = {
	.name = "daq_ddt",
	.load = daq_ddt_load,
	.unload = daq_ddt_unload,
	.open = daq_ddt_open,
	.close = daq_ddt_close,
	.submit = daq_ddt_submit,
	.cancel = daq_ddt_cancel,
};
EXPORT_SYMBOL_GPL(daq_ddt_driver);
