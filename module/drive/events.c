// SPDX-License-Identifier: GPL-2.0-only
/*
 * events.c - a file that can be polled for what happens to a drive
 *
 * The node itself cannot: io_uring would leave it to poll() which of several
 * reads gets a provided buffer, and give all of them the same one. No file of
 * the kernel's that completes reads later has poll().
 */

#include <linux/anon_inodes.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/poll.h>

#include "drive.h"

static __poll_t ddt_events_poll(struct file *filp,
				struct poll_table_struct *wait)
{
	struct ddt_drive_file *file = filp->private_data;
	struct ddt_drive *drive = file->drive;
	struct ddt_queue_stats stats;
	__poll_t events = 0;
	bool closed;

	poll_wait(filp, &drive->poll, wait);
	if (ddt_control_has_finished(file, &closed))
		events |= EPOLLIN | EPOLLRDNORM;
	if (closed || ddt_drive_removed(drive))
		return events | EPOLLERR | EPOLLHUP;
	ddt_queue_stats(drive->queue, &stats);
	if (stats.queued < drive->depth && ddt_user_may_submit(file->user))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static int ddt_events_release(struct inode *inode, struct file *filp)
{
	ddt_node_put_file(filp->private_data);
	return 0;
}

static const struct file_operations ddt_events_fops = {
	.owner		= THIS_MODULE,
	.poll		= ddt_events_poll,
	.release	= ddt_events_release,
};

/* Returns a new file descriptor of the calling process, or an error. */
int ddt_events_get_fd(struct ddt_drive_file *file, unsigned long flags)
{
	char name[sizeof("[]") + sizeof(file->drive->name)];
	int fd;

	if (flags)
		return -EINVAL;
	kref_get(&file->ref);
	/* In /proc/PID/fd it is anon_inode:[ddt0]. */
	scnprintf(name, sizeof(name), "[%s]", file->drive->name);
	fd = anon_inode_getfd(name, &ddt_events_fops, file,
			      O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		ddt_node_put_file(file);
	return fd;
}
