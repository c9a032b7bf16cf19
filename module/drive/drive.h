/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * drive.h - what the parts of the drive share
 *
 * drive.c has the drives: main.c adds the first ones, manager.c adds and removes
 * others on request. Each has a device node (node.c), and each open file of it
 * can have a second file to poll (events.c). A read or write (io.c, aio.c) or a
 * control operation (control.c) becomes a request, if its user may have one more
 * (user.c). The drive's thread serves it (model.c), as it is set (settings.c), or
 * not (fault.c). A system that sleeps pauses it (power.c). sysfs.c and debugfs.c
 * show it.
 */
#ifndef _DDT_DRIVE_DRIVE_H
#define _DDT_DRIVE_DRIVE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <ddt/queue.h>
#include <uapi/linux/ddt_drive.h>

struct attribute_group;
struct dentry;
struct iov_iter;

#define DDT_DRIVE_MAX_DRIVES		64
#define DDT_DRIVE_MAX_CAPACITY_KIB	(1024 * 1024)
#define DDT_DRIVE_MAX_DEPTH		65536
#define DDT_DRIVE_MAX_ACCESS_US		(10 * 1000 * 1000)
#define DDT_DRIVE_MAX_SEEK_US		(10 * 1000 * 1000)
#define DDT_DRIVE_MAX_SPINUP_MS		(60 * 1000)

/* How much is served at a time; then others have their turn. */
#define DDT_DRIVE_PART			SZ_256K

/* The control requests of a drive by their ids, see control.c. */
struct ddt_control_table {
	/* Its lock protects all that is here, and more: see control.c. */
	struct xarray requests;
	u32 next_id;
};

/* The users of a drive by their user ids, see user.c. */
struct ddt_user_table {
	/* Its lock protects all that is here, and more: see user.c. */
	struct xarray users;
	unsigned int nr_in_use;
	/* These are constant. */
	unsigned int depth;		/* which they share */
	unsigned int kept;		/* of it, for one more user */
};

/* A user, with all files and requests of one user id. */
struct ddt_drive_user {
	struct ddt_user_table *table;
	kuid_t uid;
	/* These are protected by the table's lock. */
	unsigned int refs;
	unsigned int uses;		/* open files and requests in flight */
	unsigned int in_flight;		/* requests, and those about to be */
	struct list_head waiting;	/* submitters, for the share */
	struct ddt_flow detached;	/* requests */
	/* These by that of the drive's table of control requests. */
	struct list_head finished;	/* detached ones, the oldest first */
	unsigned int nr_finished;
};

/* The faults of a drive by their ids, see fault.c. */
struct ddt_fault_table {
	/* Its lock protects all that is here. */
	struct xarray faults;
	u32 next_id;
	unsigned int nr;
	struct ddt_drive_fault *hit;	/* what the thread has met with */
};

struct ddt_drive {
	/* The table's until it is removed, and one for each ddt_drive_file. */
	struct kref ref;
	struct miscdevice misc;
	char name[16];			/* of the node and of the thread */
	unsigned int index;
	struct ddt_queue *queue;
	u64 capacity;
	unsigned int depth;

	/* Set before the queue is stopped, and never reset; read lockless. */
	bool removed;
	wait_queue_head_t poll;
	struct work_struct aio_cancel;	/* these three: see aio.c */
	struct delayed_work aio_reap;
	atomic_t nr_aio;		/* in flight */

	/* Used by the thread only. */
	void *medium;
	u64 head;			/* where the last access ended */

	/* Changed by the thread only, read lockless. */
	bool motor_on;
	atomic64_t spinups;
	atomic64_t bytes_read;
	atomic64_t bytes_written;

	spinlock_t settings_lock;	/* protects model */
	struct ddt_drive_model model;
	/* Bits of enum ddt_drive_medium_flags. Set and read lockless. */
	unsigned int medium_flags;
	struct ddt_fault_table faults;

	atomic64_t completed;		/* see ddt_drive_request.order */
	struct dentry *debugfs;
	struct ddt_control_table control;
	struct ddt_user_table users;
};

/* An open file. */
struct ddt_drive_file {
	/* The open file's, and one for each file of its events. */
	struct kref ref;
	struct ddt_drive *drive;
	struct ddt_drive_user *user;	/* that opened it */
	bool writable;
	struct ddt_flow flow;
	/*
	 * The control requests that end with the file. Protected, down to
	 * closed, by the lock of the drive's table of them.
	 */
	struct list_head requests;
	struct list_head finished;	/* the oldest first */
	unsigned int nr_finished;
	bool closed;
	struct ddt_event changed;	/* look at these again */
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
	struct ddt_drive_user *user;	/* charged while it is in flight */
	u32 op;
	u64 offset;
	u64 length;
	void *data;			/* to write; to read, if there is no iter */
	struct iov_iter *iter;		/* where to read to, or NULL */
	bool abandoned;			/* cancelled, perhaps before submission */
	pid_t submitter;		/* process id, for debugfs */
	/* Called once for each submission, as ddt_queue_ops.complete() is. */
	void (*complete)(struct ddt_drive_request *req);

	u32 crc;			/* of what has been verified */
	u64 done;			/* how much of the length */
	u64 result;			/* of a control operation */
	u64 order;			/* counts completions, from 1 */
};

static inline struct ddt_drive_request *
to_drive_request(struct ddt_request *request)
{
	return container_of(request, struct ddt_drive_request, request);
}

/* For the device of its node. */
static inline struct ddt_drive *to_drive(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct ddt_drive, misc);
}

/* How much a read or write has transferred, or why nothing. */
static inline ssize_t
ddt_drive_request_result(const struct ddt_drive_request *req)
{
	return req->done ? req->done : req->request.status;
}

/* aio.c */
ssize_t ddt_aio_transfer(struct kiocb *iocb, struct iov_iter *iter, u32 op,
			 size_t size);
void ddt_aio_reap_now(struct ddt_drive *drive);
void ddt_aio_init_drive(struct ddt_drive *drive);
void ddt_aio_exit_drive(struct ddt_drive *drive);
int ddt_aio_init(void);
void ddt_aio_exit(void);

/* control.c */
void ddt_control_init(struct ddt_drive *drive);
void ddt_control_exit(struct ddt_drive *drive);
void ddt_control_open(struct ddt_drive_file *file);
void ddt_control_close(struct ddt_drive_file *file);
bool ddt_control_has_finished(struct ddt_drive_file *file, bool *closed);
int ddt_control_submit(struct ddt_drive_file *file,
		       struct ddt_drive_submit __user *user_arg);
int ddt_control_wait(struct ddt_drive_file *file,
		     struct ddt_drive_wait __user *user_arg);
int ddt_control_cancel(struct ddt_drive_file *file,
		       const struct ddt_drive_cancel __user *user_arg);

/* debugfs.c */
void ddt_debugfs_add(struct ddt_drive *drive);
void ddt_debugfs_remove(struct ddt_drive *drive);
void ddt_debugfs_init(void);
void ddt_debugfs_exit(void);

/* drive.c */
int ddt_drive_check(const struct ddt_drive_add *arg);
int ddt_drive_add_first(const struct ddt_drive_add *arg, unsigned int n);
int ddt_drive_add(const struct ddt_drive_add *arg, u32 __user *user_index);
int ddt_drive_remove(unsigned int index);
void ddt_drive_remove_all(void);
void ddt_drive_get(struct ddt_drive *drive);
void ddt_drive_put(struct ddt_drive *drive);
bool ddt_drive_removed(const struct ddt_drive *drive);
void ddt_drive_wake_pollers(struct ddt_drive *drive);
void ddt_drive_request_init(struct ddt_drive_request *req,
			    struct ddt_drive_file *file, u32 op);
int ddt_drive_submit(struct ddt_drive *drive, struct ddt_drive_request *req,
		     bool wait);

/* events.c */
int ddt_events_get_fd(struct ddt_drive_file *file, unsigned long flags);

/* fault.c */
void ddt_fault_init(struct ddt_drive *drive);
void ddt_fault_exit(struct ddt_drive *drive);
int ddt_fault_hit(struct ddt_drive *drive, const struct ddt_drive_request *req,
		  u64 offset, u64 size);
bool ddt_fault_get(struct ddt_drive *drive, unsigned long id,
		   struct ddt_drive_fault *copy);
int ddt_fault_add(struct ddt_drive *drive,
		  struct ddt_drive_fault __user *user_arg);
int ddt_fault_remove(struct ddt_drive *drive,
		     const struct ddt_drive_fault __user *user_arg);
int ddt_fault_show(struct ddt_drive *drive,
		   struct ddt_drive_fault __user *user_arg);

/* io.c */
ssize_t ddt_drive_read_iter(struct kiocb *iocb, struct iov_iter *iter);
ssize_t ddt_drive_write_iter(struct kiocb *iocb, struct iov_iter *iter);

/* ioctl.c */
int ddt_ioctl_fetch_struct(void *to, const void __user *from, u32 size,
			   u32 min_size);
/* @last: the last member that the first version of the structure had. */
#define ddt_ioctl_fetch(type, last, to, from)				\
	ddt_ioctl_fetch_struct(to, from, sizeof(type), offsetofend(type, last))
int ddt_ioctl_store(void __user *to, const void *from);
long ddt_drive_ioctl(struct file *filp, unsigned int cmd, unsigned long arg);

/* main.c */
int ddt_drive_fill_in(struct ddt_drive_add *arg);

/* manager.c */
void ddt_manager_init(void);
void ddt_manager_exit(void);

/* model.c */
extern const struct ddt_queue_ops ddt_drive_queue_ops;

/* node.c */
extern const struct file_operations ddt_node_fops;
void ddt_node_put_file(struct ddt_drive_file *file);

/* power.c */
void ddt_power_init(struct ddt_drive *drive);

/* settings.c */
int ddt_settings_check_model(const struct ddt_drive_model *model);
void ddt_settings_model(struct ddt_drive *drive, struct ddt_drive_model *model);
u32 ddt_settings_state(const struct ddt_drive *drive);
int ddt_settings_get_model(struct ddt_drive *drive,
			   struct ddt_drive_model __user *user_arg);
int ddt_settings_set_model(struct ddt_drive *drive,
			   const struct ddt_drive_model __user *user_arg);
int ddt_settings_set_medium(struct ddt_drive *drive,
			    const struct ddt_drive_medium __user *user_arg);

/* sysfs.c */
extern const struct attribute_group *ddt_sysfs_groups[];

/* user.c */
int ddt_user_charge(struct ddt_drive_user *user, bool wait);
void ddt_user_uncharge(struct ddt_drive_user *user);
bool ddt_user_may_submit(struct ddt_drive_user *user);
void ddt_user_get(struct ddt_drive_user *user);
void ddt_user_put(struct ddt_drive_user *user);
struct ddt_drive_user *ddt_user_open(struct ddt_user_table *table);
void ddt_user_close(struct ddt_drive_user *user);
void ddt_user_init(struct ddt_user_table *table, unsigned int depth);
void ddt_user_exit(struct ddt_user_table *table);

#endif /* _DDT_DRIVE_DRIVE_H */
