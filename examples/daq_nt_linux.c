// SPDX-License-Identifier: GPL-2.0-only
/*
 * daq_nt_linux.c - the Linux side of daq_nt.c: makes requests of what Linux's
 *		    files are asked for
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "daq_nt.h"

struct daq {
	DRIVER_OBJECT driver;
};

struct daq_file {
	FILE_OBJECT object;
	spinlock_t lock;		/* protects reads */
	unsigned int reads;		/* not yet completed */
	wait_queue_head_t no_reads;
};

/* Passed to DaqDriverEntry(), which has no argument for it. */
static DEFINE_MUTEX(daq_nt_load_lock);
static struct daq_hw *daq_nt_converter;

struct daq_hw *DaqFindConverter(void)
{
	return daq_nt_converter;
}

static struct daq *daq_nt_load(struct daq_hw *hw)
{
	struct daq *daq = kzalloc(sizeof(*daq), GFP_KERNEL);
	int err;

	if (!daq)
		return ERR_PTR(-ENOMEM);
	mutex_lock(&daq_nt_load_lock);
	daq_nt_converter = hw;
	err = ddt_nt_driver_load(&daq->driver, DaqDriverEntry, THIS_MODULE);
	mutex_unlock(&daq_nt_load_lock);
	if (err) {
		kfree(daq);
		return ERR_PTR(err);
	}
	return daq;
}

static void daq_nt_unload(struct daq *daq)
{
	ddt_nt_driver_unload(&daq->driver);
	kfree(daq);
}

/* Sends a request without data and waits until it is completed. */
static int daq_nt_call(struct daq_file *file, UCHAR major)
{
	PIRP irp = ddt_nt_irp_alloc(file->object.DeviceObject, &file->object,
				    major, NULL, 0, GFP_KERNEL | __GFP_NOFAIL);
	NTSTATUS status = ddt_nt_call(irp);

	ddt_nt_irp_put(irp);
	return ddt_nt_errno(status);
}

static struct daq_file *daq_nt_open(struct daq *daq)
{
	struct daq_file *file = kzalloc(sizeof(*file), GFP_KERNEL);
	int err;

	if (!file)
		return ERR_PTR(-ENOMEM);
	ddt_nt_file_init(&file->object, daq->driver.DeviceObject);
	spin_lock_init(&file->lock);
	init_waitqueue_head(&file->no_reads);
	err = daq_nt_call(file, IRP_MJ_CREATE);
	if (err) {
		kfree(file);
		return ERR_PTR(err);
	}
	return file;
}

/* Under the lock: whoever completes the last read wakes us under it. */
static bool daq_nt_has_no_reads(struct daq_file *file)
{
	unsigned int reads;

	spin_lock_irq(&file->lock);
	reads = file->reads;
	spin_unlock_irq(&file->lock);
	return !reads;
}

static void daq_nt_close(struct daq_file *file)
{
	daq_nt_call(file, IRP_MJ_CLEANUP);
	wait_event(file->no_reads, daq_nt_has_no_reads(file));
	daq_nt_call(file, IRP_MJ_CLOSE);
	kfree(file);
}

/* What ends a read: IoCompleteRequest() calls it. */
static void daq_nt_read_done(PIRP irp, void *context)
{
	struct daq_read *read = context;
	struct daq_file *file = read->file;
	unsigned long irqflags;

	daq_read_done(read, ddt_nt_errno(irp->IoStatus.Status));

	spin_lock_irqsave(&file->lock, irqflags);
	if (!--file->reads)
		wake_up(&file->no_reads);
	spin_unlock_irqrestore(&file->lock, irqflags);
}

static void daq_nt_submit(struct daq_read *read)
{
	struct daq_file *file = read->file;
	PIRP irp;

	irp = ddt_nt_irp_alloc(file->object.DeviceObject, &file->object,
			       IRP_MJ_READ, &read->value, sizeof(read->value),
			       GFP_KERNEL);
	if (!irp) {
		daq_read_done(read, -ENOMEM);
		return;
	}
	IoGetCurrentIrpStackLocation(irp)->Parameters.Read.ByteOffset.QuadPart =
		read->channel;
	spin_lock_irq(&file->lock);
	file->reads++;
	spin_unlock_irq(&file->lock);
	/* The read keeps the IRP, for as long as somebody may cancel it. */
	read->irp = irp;
	ddt_nt_send(irp, daq_nt_read_done, read);
}

static void daq_nt_cancel(struct daq_read *read)
{
	if (read->irp)
		IoCancelIrp(read->irp);
}

static void daq_nt_free_read(struct daq_read *read)
{
	if (read->irp)
		ddt_nt_irp_put(read->irp);
}

const struct daq_driver daq_nt_driver = {
	.name = "daq_nt",
	.load = daq_nt_load,
	.unload = daq_nt_unload,
	.open = daq_nt_open,
	.close = daq_nt_close,
	.submit = daq_nt_submit,
	.cancel = daq_nt_cancel,
	.free_read = daq_nt_free_read,
};
EXPORT_SYMBOL_GPL(daq_nt_driver);
