// SPDX-License-Identifier: GPL-2.0-only
/* node.c - /dev/ddtN: opening and closing it, seeking, fsync() */

#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/splice.h>

#include "../compat.h"
#include "drive.h"

static int ddt_node_open(struct inode *inode, struct file *filp)
{
	struct ddt_drive *drive = container_of(filp->private_data,
					       struct ddt_drive, misc);
	struct ddt_drive_file *file;
	int err;

	file = kzalloc_obj(*file, GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;
	file->user = ddt_user_open(&drive->users);
	if (IS_ERR(file->user)) {
		err = PTR_ERR(file->user);
		kfree(file);
		return err;
	}
	/* It is not removed before this call is over: see misc_deregister(). */
	ddt_drive_get(drive);
	kref_init(&file->ref);
	file->drive = drive;
	file->writable = filp->f_mode & FMODE_WRITE;
	ddt_flow_init(&file->flow);
	ddt_control_open(file);
	filp->private_data = file;
	filp->f_mode |= FMODE_NOWAIT | FMODE_CAN_ODIRECT;
	return 0;
}

static void ddt_node_free_file(struct kref *ref)
{
	struct ddt_drive_file *file = container_of(ref, struct ddt_drive_file,
						   ref);

	ddt_user_put(file->user);
	ddt_drive_put(file->drive);
	kfree(file);
}

void ddt_node_put_file(struct ddt_drive_file *file)
{
	kref_put(&file->ref, ddt_node_free_file);
}

static int ddt_node_release(struct inode *inode, struct file *filp)
{
	struct ddt_drive_file *file = filp->private_data;

	ddt_user_close(file->user);
	ddt_control_close(file);
	ddt_node_put_file(file);
	return 0;
}

/* At each close(). */
static int ddt_node_flush(struct file *filp, fl_owner_t owner)
{
	struct ddt_drive_file *file = filp->private_data;

	if (current->flags & PF_EXITING)
		ddt_aio_reap_now(file->drive);
	return 0;
}

/* A drive has no cache: it has written what it has completed. */
static int ddt_node_fsync(struct file *filp, loff_t start, loff_t end,
			  int datasync)
{
	struct ddt_drive_file *file = filp->private_data;
	int err;

	err = ddt_queue_flush(file->drive->queue, DDT_WAIT_KILLABLE,
			      DDT_FOREVER);
	if (!err && ddt_drive_removed(file->drive))
		err = -ENODEV;
	return err;
}

static loff_t ddt_node_llseek(struct file *filp, loff_t offset, int whence)
{
	struct ddt_drive_file *file = filp->private_data;

	return fixed_size_llseek(filp, offset, whence, file->drive->capacity);
}

/* No .poll: see events.c. */
const struct file_operations ddt_node_fops = {
	.owner		= THIS_MODULE,
	.open		= ddt_node_open,
	.flush		= ddt_node_flush,
	.release	= ddt_node_release,
	.llseek		= ddt_node_llseek,
	.read_iter	= ddt_drive_read_iter,
	.write_iter	= ddt_drive_write_iter,
	.splice_read	= ddt_splice_read,
	.splice_write	= iter_file_splice_write,
	.fsync		= ddt_node_fsync,
	.unlocked_ioctl	= ddt_drive_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};
