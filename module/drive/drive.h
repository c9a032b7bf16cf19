/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * drive.h - what the parts of the drive share
 *
 * main.c has the drives and their device nodes. A read or write (io.c) or a
 * control operation (control.c) becomes a request, which the drive's thread
 * serves (model.c).
 */
#ifndef _DDT_DRIVE_DRIVE_H
#define _DDT_DRIVE_DRIVE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include <ddt/queue.h>
#include <uapi/linux/ddt_drive.h>

struct file;
struct iov_iter;
struct kiocb;

/* The control requests of a drive by their ids, see control.c. */
struct ddt_control_table {
	/* Its lock protects all that is here, and more: see control.c. */
	struct xarray requests;
	u32 next_id;
	struct list_head finished;	/* detached ones, the oldest first */
	unsigned int nr_finished;
};

struct ddt_drive {
	struct miscdevice misc;
	char name[16];			/* of the node and of the thread */
	unsigned int index;
	struct ddt_queue *queue;

	/* Constant. */
	u64 capacity;
	unsigned int access_us;
	unsigned int spinup_ms;
	unsigned int idle_ms;
	unsigned int depth;

	void *medium;			/* used by the thread only */

	/* Changed by the thread only, read by anybody. */
	bool motor_on;
	atomic64_t spinups;
	atomic64_t bytes_read;
	atomic64_t bytes_written;

	atomic64_t completed;		/* see ddt_drive_request.order */
	struct mutex priority_lock;	/* serialises setting the priority */
	struct ddt_control_table control;
};

/* An open file. */
struct ddt_drive_file {
	struct ddt_drive *drive;
	/* The requests that end with the file. Under the lock of the table. */
	struct list_head requests;
};

/* Operations beside those of enum ddt_drive_op, which ioctls do not accept. */
#define DDT_DRIVE_OP_READ	0x100
#define DDT_DRIVE_OP_WRITE	0x101

/*
 * A request: the upper half is for the submitter to set, the lower half is
 * valid from the completion on.
 */
struct ddt_drive_request {
	struct ddt_request request;
	u32 op;
	u64 offset;
	u64 length;
	void *data;			/* to write, or where to read to */
	/* Called once for each submission, as ddt_queue_ops.complete() is. */
	void (*complete)(struct ddt_drive_request *req);

	u64 result;			/* of a control operation */
	u64 order;			/* counts completions, from 1 */
};

/* control.c */
void ddt_control_init(struct ddt_drive *drive);
void ddt_control_exit(struct ddt_drive *drive);
void ddt_control_close(struct ddt_drive_file *file);
int ddt_control_submit(struct ddt_drive_file *file,
		       struct ddt_drive_submit __user *user_arg);
int ddt_control_wait(struct ddt_drive_file *file,
		     struct ddt_drive_wait __user *user_arg);
int ddt_control_cancel(struct ddt_drive_file *file,
		       const struct ddt_drive_cancel __user *user_arg);

/* io.c */
ssize_t ddt_drive_read_iter(struct kiocb *iocb, struct iov_iter *iter);
ssize_t ddt_drive_write_iter(struct kiocb *iocb, struct iov_iter *iter);
loff_t ddt_drive_llseek(struct file *filp, loff_t offset, int whence);

/* ioctl.c */
int ddt_ioctl_fetch(void *to, const void __user *from, u32 size);
long ddt_drive_ioctl(struct file *filp, unsigned int cmd, unsigned long arg);

/* model.c */
extern const struct ddt_queue_ops ddt_drive_queue_ops;

#endif /* _DDT_DRIVE_DRIVE_H */
