// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs.c - what a drive is doing, for people: ddt_drive/ddtN/
 *
 * No promise to programs, see docs/ABI/debugfs-ddt. Errors do not matter here:
 * then there is nothing to look at.
 */

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>

#include "drive.h"

static struct dentry *ddt_debugfs_root;

static const char *ddt_debugfs_op(u32 op)
{
	switch (op) {
	case DDT_DRIVE_OP_SPINUP:
		return "spinup";
	case DDT_DRIVE_OP_SPINDOWN:
		return "spindown";
	case DDT_DRIVE_OP_VERIFY:
		return "verify";
	case DDT_DRIVE_OP_ERASE:
		return "erase";
	case DDT_DRIVE_OP_READ:
		return "read";
	default:
		return "write";
	}
}

/* A line for a request. Called with a lock held. */
static void ddt_debugfs_request(struct ddt_request *request, bool in_service,
				void *context)
{
	struct ddt_drive_request *req = to_drive_request(request);
	struct seq_file *seq = context;

	seq_printf(seq, "%-7s %8llu %-8s %12llu %10llu %7d\n",
		   in_service ? "service" : "queued", request->number,
		   ddt_debugfs_op(req->op), req->offset, req->length,
		   req->submitter);
}

static int queue_show(struct seq_file *seq, void *unused)
{
	struct ddt_drive *drive = seq->private;
	struct ddt_queue_stats stats;

	ddt_queue_stats(drive->queue, &stats);
	seq_printf(seq, "queued %u of %u, at most %u\n", stats.queued,
		   drive->depth, stats.max_queued);
	seq_printf(seq, "submitted %llu, completed %llu, cancelled %llu, requeued %llu\n",
		   stats.submitted, stats.completed, stats.cancelled,
		   stats.retried);
	seq_printf(seq, "wakeups %llu, motor starts %llu\n", stats.wakeups,
		   (u64)atomic64_read(&drive->spinups));
	seq_puts(seq, "\nstate     number operation      offset     length     pid\n");
	ddt_queue_for_each(drive->queue, ddt_debugfs_request, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(queue);

static const char *ddt_debugfs_kind(u32 kind)
{
	switch (kind) {
	case DDT_DRIVE_FAULT_ERROR:
		return "error";
	case DDT_DRIVE_FAULT_DELAY:
		return "delay";
	default:
		return "hang";
	}
}

static int faults_show(struct seq_file *seq, void *unused)
{
	struct ddt_drive *drive = seq->private;
	struct ddt_drive_fault fault;
	unsigned long id;

	seq_puts(seq, "id kind ops times hits delay_ms offset length\n");
	for (id = 0; ddt_fault_get(drive, id, &fault); id = fault.id + 1)
		seq_printf(seq, "%u %s %s%s%s %u %u %u %llu %llu\n", fault.id,
			   ddt_debugfs_kind(fault.kind),
			   fault.ops & DDT_DRIVE_FAULT_READ ? "r" : "",
			   fault.ops & DDT_DRIVE_FAULT_WRITE ? "w" : "",
			   fault.ops & DDT_DRIVE_FAULT_CONTROL ? "c" : "",
			   fault.times, fault.hits, fault.delay_ms,
			   fault.offset, fault.length);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(faults);

void ddt_debugfs_add(struct ddt_drive *drive)
{
	drive->debugfs = debugfs_create_dir(drive->name, ddt_debugfs_root);
	debugfs_create_file("queue", 0400, drive->debugfs, drive, &queue_fops);
	debugfs_create_file("faults", 0400, drive->debugfs, drive,
			    &faults_fops);
}

/* Waits for readers. */
void ddt_debugfs_remove(struct ddt_drive *drive)
{
	debugfs_remove(drive->debugfs);
}

void ddt_debugfs_init(void)
{
	ddt_debugfs_root = debugfs_create_dir("ddt_drive", NULL);
}

void ddt_debugfs_exit(void)
{
	debugfs_remove(ddt_debugfs_root);
}
