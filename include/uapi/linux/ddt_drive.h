/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * ddt_drive.h - the ioctls of /dev/ddt0, /dev/ddt1, ... and /dev/ddt-control
 *
 * Rules that hold for all of them:
 *
 * - The first member of each structure is its size in bytes, and is not part of
 *   the ioctl's number: structures can grow, at their end. A size below that of
 *   the first version gives EINVAL. Of a structure that is larger than the driver
 *   knows it the rest must be zeros, and it must not exceed 4096 bytes, else
 *   E2BIG. A call that fills in a structure sets its size to what the driver has
 *   filled in, and leaves the rest.
 * - An unknown bit in a flags member gives EINVAL, an unknown ioctl ENOTTY.
 * - On an error nothing has changed, and the structure is as it was; only with
 *   EFAULT may a part of it have been written, if only a part can be.
 * - Times are in ns unless the name says otherwise.
 * - What changes a drive for others too (its priority, the model, the medium,
 *   faults, drives added and removed, all control operations but
 *   DDT_DRIVE_OP_VERIFY, and detached ones) needs a file that was opened for
 *   writing, else EBADF.
 * - The priority of the thread needs CAP_SYS_NICE, the model and faults need
 *   CAP_SYS_ADMIN, else EPERM.
 * - The users that have a drive open, or requests in flight, share its depth: of
 *   n users each may have 1/n of it, but at least one request, queued or in
 *   service. A user is the user id that opened the file. One eighth of the depth
 *   is kept for one more user; only root may use that too. Beyond their user's
 *   share calls wait as for a free slot or, if they do not wait, give EAGAIN.
 * - Once a drive has been removed all give ENODEV; but DDT_DRIVE_IOC_WAIT still
 *   collects what has finished.
 * - Of all signals only SIGKILL ends a read, a write or fsync() early; any that
 *   is handled ends DDT_DRIVE_IOC_WAIT.
 * - Asynchronous requests of a process that exits, or is killed, are cancelled.
 * - A drive cannot be polled, as a regular file cannot: poll() says that it is
 *   always ready, epoll_ctl() gives EPERM. See DDT_DRIVE_IOC_EVENTS.
 */
#ifndef _UAPI_LINUX_DDT_DRIVE_H
#define _UAPI_LINUX_DDT_DRIVE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DDT_DRIVE_SECTOR_SIZE	512

/**
 * enum ddt_drive_state - bits of ddt_drive_info.state
 * @DDT_DRIVE_MOTOR_ON: the motor is running
 * @DDT_DRIVE_MEDIUM: there is a medium in the drive
 * @DDT_DRIVE_WRITE_PROTECTED: the medium is write-protected, in the drive or not
 */
enum ddt_drive_state {
	DDT_DRIVE_MOTOR_ON = 1 << 0,
	DDT_DRIVE_MEDIUM = 1 << 1,
	DDT_DRIVE_WRITE_PROTECTED = 1 << 2,
};

/**
 * struct ddt_drive_info - what a drive is and how it is set
 * @size: in: sizeof(struct ddt_drive_info)
 * @index: the N of /dev/ddtN
 * @capacity: of the medium, in bytes, also while it is not in the drive
 * @sector_size: in bytes
 * @state: bits of enum ddt_drive_state
 * @access_us: how long the drive takes for each request, in us
 * @spinup_ms: how long its motor takes to come up to speed, in ms
 * @idle_ms: after which time without work the motor is switched off, in ms; 0
 *	if never
 * @depth: how many requests may be queued
 * @pid: process id of the drive's thread, in the initial namespace
 * @nice: base priority of the drive's thread, -20 (first) to 19
 * @thread: name of the drive's thread
 */
struct ddt_drive_info {
	__u32 size;
	__u32 index;
	__u64 capacity;
	__u32 sector_size;
	__u32 state;
	__u32 access_us;
	__u32 spinup_ms;
	__u32 idle_ms;
	__u32 depth;
	__s32 pid;
	__s32 nice;
	char thread[16];
};

/**
 * struct ddt_drive_stats - what a drive has done since it was added
 * @size: in: sizeof(struct ddt_drive_stats)
 * @queued: requests queued at present, the one in service not counted
 * @max_queued: the most that were ever queued
 * @reserved: 0
 * @submitted: requests accepted
 * @completed: requests completed, however they ended
 * @cancelled: those of them that were never begun
 * @wakeups: how often the thread was woken for requests
 * @spinups: how often the motor was started
 * @bytes_read: bytes read from the medium
 * @bytes_written: bytes written to the medium
 * @thread_switches: context switches of the thread
 * @thread_runtime_ns: CPU time of the thread, in ns
 */
struct ddt_drive_stats {
	__u32 size;
	__u32 queued;
	__u32 max_queued;
	__u32 reserved;
	__u64 submitted;
	__u64 completed;
	__u64 cancelled;
	__u64 wakeups;
	__u64 spinups;
	__u64 bytes_read;
	__u64 bytes_written;
	__u64 thread_switches;
	__u64 thread_runtime_ns;
};

/**
 * struct ddt_drive_priority - the base priority of a drive's thread
 * @size: in: sizeof(struct ddt_drive_priority)
 * @nice: -20 (first) to 19
 *
 * Setting it outside that range gives ERANGE.
 */
struct ddt_drive_priority {
	__u32 size;
	__s32 nice;
};

/**
 * enum ddt_drive_op - control operations
 * @DDT_DRIVE_OP_SPINUP: start the motor
 * @DDT_DRIVE_OP_SPINDOWN: stop the motor
 * @DDT_DRIVE_OP_VERIFY: read a range of the medium; the result is its CRC-32
 *	(as zlib's crc32())
 * @DDT_DRIVE_OP_ERASE: fill a range of the medium with zeros; the result is
 *	the number of bytes
 */
enum ddt_drive_op {
	DDT_DRIVE_OP_SPINUP = 1,
	DDT_DRIVE_OP_SPINDOWN = 2,
	DDT_DRIVE_OP_VERIFY = 3,
	DDT_DRIVE_OP_ERASE = 4,
};

/**
 * define DDT_DRIVE_SUBMIT_DETACH - a flag of struct ddt_drive_submit
 *
 * The request belongs to the user, not to the open file: it outlives the file,
 * and any file that the user opened for writing can wait for it and cancel it.
 * With CAP_SYS_ADMIN any file that was opened for writing can; for others it does
 * not exist. The results of a user's last 1024 finished detached requests are
 * kept until collected.
 */
#define DDT_DRIVE_SUBMIT_DETACH	(1 << 0)

/**
 * struct ddt_drive_submit - queue a control operation
 * @size: in: sizeof(struct ddt_drive_submit)
 * @flags: in: DDT_DRIVE_SUBMIT_DETACH or 0
 * @op: in: one of enum ddt_drive_op
 * @id: out: names the request in the other calls; never 0
 * @offset: in: begin of the range in bytes; 0 for an operation without one
 * @length: in: length of the range in bytes, at least 1; 0 for an operation
 *	without one
 *
 * Unless it is detached, a request is cancelled when its file is closed.
 *
 * EINVAL for an unknown operation, ENOSPC for a range that does not lie within
 * the medium, EAGAIN when the queue is full or the user has its share of it, EBUSY
 * when 1024 results of this file have not been collected. The medium itself is
 * looked at when the request is served.
 */
struct ddt_drive_submit {
	__u32 size;
	__u32 flags;
	__u32 op;
	__u32 id;
	__u64 offset;
	__u64 length;
};

/**
 * struct ddt_drive_wait - wait for a control operation and collect its result
 * @size: in: sizeof(struct ddt_drive_wait)
 * @flags: in: 0
 * @id: in: the request, or 0 for any of those submitted with this file and not
 *	detached, the one that finished first; out: the request
 * @status: out: 0, or a negative error number: -ECANCELED if it was cancelled,
 *	-ENODEV if the drive was removed, -ENOMEDIUM without a medium, -EROFS if
 *	that is write-protected, -EIO after a fault
 * @deadline: in: the time of CLOCK_MONOTONIC at which the wait ends; 0 not to
 *	wait at all, all ones to wait for ever
 * @result: out: see enum ddt_drive_op
 * @order: out: counts the requests that the drive completed, from 1
 * @queued_ns: out: how long it was queued
 * @service_ns: out: how long it was in service
 *
 * A result is collected exactly once: afterwards the id is unknown. ENOENT for
 * an unknown id, or if there is none to wait for; ETIME when the deadline passed
 * first.
 */
struct ddt_drive_wait {
	__u32 size;
	__u32 flags;
	__u32 id;
	__s32 status;
	__u64 deadline;
	__u64 result;
	__u64 order;
	__u64 queued_ns;
	__u64 service_ns;
};

/**
 * struct ddt_drive_cancel - cancel a control operation
 * @size: in: sizeof(struct ddt_drive_cancel)
 * @id: in: the request
 *
 * A queued request is completed with ECANCELED at once; one in service is told
 * and ends soon. Its result is to be collected in either case. ENOENT for an
 * unknown id, EALREADY for a request that has finished.
 */
struct ddt_drive_cancel {
	__u32 size;
	__u32 id;
};

/**
 * struct ddt_drive_model - what the drive takes its time for
 * @size: in: sizeof(struct ddt_drive_model)
 * @access_us: for each access, in us
 * @seek_us: to seek from one end of the medium to the other, in us; a shorter
 *	way takes proportionally less, and where the last access ended none
 * @rate_kib_s: how fast data is transferred, in KiB/s; 0 for no limit
 * @spinup_ms: until the motor is up to speed, in ms
 * @idle_ms: after which time without work the motor is switched off, in ms; 0
 *	if never
 * @reserved: in: 0
 *
 * With zeros in all of them what remains is the time of the software. What is
 * set holds for what is begun from then on. EINVAL if a reserved member is not
 * 0; ERANGE for times of more than 10 s for @access_us and @seek_us, of more
 * than 60 s for @spinup_ms.
 */
struct ddt_drive_model {
	__u32 size;
	__u32 access_us;
	__u32 seek_us;
	__u32 rate_kib_s;
	__u32 spinup_ms;
	__u32 idle_ms;
	__u32 reserved[2];
};

/**
 * enum ddt_drive_medium_flags - flags of struct ddt_drive_medium
 * @DDT_DRIVE_MEDIUM_PRESENT: it is in the drive
 * @DDT_DRIVE_MEDIUM_PROTECTED: it is write-protected
 */
enum ddt_drive_medium_flags {
	DDT_DRIVE_MEDIUM_PRESENT = 1 << 0,
	DDT_DRIVE_MEDIUM_PROTECTED = 1 << 1,
};

/**
 * struct ddt_drive_medium - eject, insert or protect the medium
 * @size: in: sizeof(struct ddt_drive_medium)
 * @flags: in: what it is to be, bits of enum ddt_drive_medium_flags
 *
 * Happens at once, before what is queued and between the parts of a transfer.
 * Without a medium all that needs one fails with ENOMEDIUM: reads, writes,
 * verifying, erasing. With one that is write-protected, writes and erasing
 * fail with EROFS. An ejected medium keeps its content.
 */
struct ddt_drive_medium {
	__u32 size;
	__u32 flags;
};

/**
 * enum ddt_drive_fault_kind - what goes wrong
 * @DDT_DRIVE_FAULT_ERROR: the request fails with EIO
 * @DDT_DRIVE_FAULT_DELAY: it takes a time more
 * @DDT_DRIVE_FAULT_HANG: it takes for ever, until it is cancelled, the task
 *	that waits for it or submitted it is killed, the fault or the drive is
 *	removed. With DDT_DRIVE_IOC_FAULT_REMOVE it ends with EIO.
 */
enum ddt_drive_fault_kind {
	DDT_DRIVE_FAULT_ERROR = 1,
	DDT_DRIVE_FAULT_DELAY = 2,
	DDT_DRIVE_FAULT_HANG = 3,
};

/**
 * enum ddt_drive_fault_ops - which requests a fault is for
 * @DDT_DRIVE_FAULT_READ: reads
 * @DDT_DRIVE_FAULT_WRITE: writes
 * @DDT_DRIVE_FAULT_CONTROL: control operations
 */
enum ddt_drive_fault_ops {
	DDT_DRIVE_FAULT_READ = 1 << 0,
	DDT_DRIVE_FAULT_WRITE = 1 << 1,
	DDT_DRIVE_FAULT_CONTROL = 1 << 2,
};

/* How many faults a drive can have. */
#define DDT_DRIVE_MAX_FAULTS	64

/**
 * struct ddt_drive_fault - a fault on purpose
 * @size: in: sizeof(struct ddt_drive_fault)
 * @id: FAULT_ADD, out: its name, never 0; FAULT_REMOVE, in: which one, or 0 for
 *	all; FAULT_GET, in: the fault with this id or the next higher one, out:
 *	its id
 * @kind: one of enum ddt_drive_fault_kind
 * @ops: bits of enum ddt_drive_fault_ops, at least one
 * @times: how often it hits before it is gone; 0 if it stays
 * @hits: how often it has hit; FAULT_ADD, in: 0
 * @delay_ms: for DDT_DRIVE_FAULT_DELAY, at least 1 and at most an hour,
 *	else 0
 * @reserved: 0
 * @offset: begin of the range in bytes
 * @length: length of the range in bytes; 0, with an @offset of 0, for requests
 *	anywhere, also for those without a range
 *
 * A fault hits a request that begins to be served, whose range has a byte in
 * common with its own. Of several that could the one with the lowest id does.
 * Requests larger than 256 KiB are served in parts: a fault hits those parts
 * that it applies to, and what comes before is transferred.
 *
 * FAULT_ADD: EINVAL for what is not as it is said here, ENOSPC for a range that
 * does not lie within the medium, or if there are DDT_DRIVE_MAX_FAULTS.
 * FAULT_REMOVE, for which all but @size and @id is 0: ENOENT for an unknown id
 * other than 0. FAULT_GET: ENOENT if there is none with such an id.
 */
struct ddt_drive_fault {
	__u32 size;
	__u32 id;
	__u32 kind;
	__u32 ops;
	__u32 times;
	__u32 hits;
	__u32 delay_ms;
	__u32 reserved;
	__u64 offset;
	__u64 length;
};

/* How many buckets the histograms have. */
#define DDT_DRIVE_TIME_BUCKETS	40

/**
 * struct ddt_drive_times - histograms of the times that requests took
 * @size: in: sizeof(struct ddt_drive_times)
 * @buckets: DDT_DRIVE_TIME_BUCKETS
 * @queued: in the queue
 * @service: in service
 *
 * Since the drive was added. Bucket i counts times of 2^i ns and more, but less
 * than 2^(i+1) ns; the first also those of 0 ns, the last all longer ones. Only
 * requests that were served are counted.
 */
struct ddt_drive_times {
	__u32 size;
	__u32 buckets;
	__u64 queued[DDT_DRIVE_TIME_BUCKETS];
	__u64 service[DDT_DRIVE_TIME_BUCKETS];
};

/**
 * enum ddt_drive_add_flags - flags of struct ddt_drive_add
 * @DDT_DRIVE_ADD_NICE: ddt_drive_add.nice is set
 * @DDT_DRIVE_ADD_MODEL: ddt_drive_add.model is set
 */
enum ddt_drive_add_flags {
	DDT_DRIVE_ADD_NICE = 1 << 0,
	DDT_DRIVE_ADD_MODEL = 1 << 1,
};

/* For ddt_drive_add.index: the lowest that is free. */
#define DDT_DRIVE_ANY_INDEX	(~0U)

/**
 * struct ddt_drive_add - add a drive; on /dev/ddt-control
 * @size: in: sizeof(struct ddt_drive_add)
 * @flags: in: bits of enum ddt_drive_add_flags
 * @index: in: the N of its /dev/ddtN, below 64, or DDT_DRIVE_ANY_INDEX; out:
 *	the N
 * @capacity_kib: in: of its medium, in KiB, at most 1048576
 * @depth: in: how many requests may be queued, at most 65536
 * @nice: in: base priority of its thread; 0 without DDT_DRIVE_ADD_NICE
 * @model: in: as for DDT_DRIVE_IOC_SET_MODEL, its size too; all 0 without
 *	DDT_DRIVE_ADD_MODEL
 *
 * Grows with the model only, which is its last member.
 *
 * What is 0, or has no flag, is as the module's parameters say. EEXIST if there
 * is a drive with that number, ENOSPC if there are 64, ERANGE for what is too
 * much, EPERM if @nice is below 0 without CAP_SYS_NICE.
 */
struct ddt_drive_add {
	__u32 size;
	__u32 flags;
	__u32 index;
	__u32 capacity_kib;
	__u32 depth;
	__s32 nice;
	struct ddt_drive_model model;
};

/**
 * struct ddt_drive_remove - remove a drive; on /dev/ddt-control
 * @size: in: sizeof(struct ddt_drive_remove)
 * @index: in: the N of its /dev/ddtN
 *
 * Files of it may be open and requests queued: all that has not finished ends
 * with ENODEV before this returns. ENOENT if there is no such drive.
 */
struct ddt_drive_remove {
	__u32 size;
	__u32 index;
};

/*
 * 0xDD 00-3F is taken by ZFCP. The argument is a pointer to the structure that is
 * named above the ioctl.
 */
#define DDT_DRIVE_IOC_MAGIC		0xdd

/* struct ddt_drive_info */
#define DDT_DRIVE_IOC_INFO		_IO(DDT_DRIVE_IOC_MAGIC, 0x40)
/* struct ddt_drive_stats */
#define DDT_DRIVE_IOC_STATS		_IO(DDT_DRIVE_IOC_MAGIC, 0x41)
/* struct ddt_drive_priority */
#define DDT_DRIVE_IOC_GET_PRIORITY	_IO(DDT_DRIVE_IOC_MAGIC, 0x42)
#define DDT_DRIVE_IOC_SET_PRIORITY	_IO(DDT_DRIVE_IOC_MAGIC, 0x43)
/* struct ddt_drive_submit */
#define DDT_DRIVE_IOC_SUBMIT		_IO(DDT_DRIVE_IOC_MAGIC, 0x44)
/* struct ddt_drive_wait */
#define DDT_DRIVE_IOC_WAIT		_IO(DDT_DRIVE_IOC_MAGIC, 0x45)
/* struct ddt_drive_cancel */
#define DDT_DRIVE_IOC_CANCEL		_IO(DDT_DRIVE_IOC_MAGIC, 0x46)
/* struct ddt_drive_model */
#define DDT_DRIVE_IOC_GET_MODEL		_IO(DDT_DRIVE_IOC_MAGIC, 0x47)
#define DDT_DRIVE_IOC_SET_MODEL		_IO(DDT_DRIVE_IOC_MAGIC, 0x48)
/* struct ddt_drive_medium */
#define DDT_DRIVE_IOC_SET_MEDIUM	_IO(DDT_DRIVE_IOC_MAGIC, 0x49)
/* struct ddt_drive_fault */
#define DDT_DRIVE_IOC_FAULT_ADD		_IO(DDT_DRIVE_IOC_MAGIC, 0x4a)
#define DDT_DRIVE_IOC_FAULT_REMOVE	_IO(DDT_DRIVE_IOC_MAGIC, 0x4b)
#define DDT_DRIVE_IOC_FAULT_GET		_IO(DDT_DRIVE_IOC_MAGIC, 0x4c)
/* struct ddt_drive_times */
#define DDT_DRIVE_IOC_TIMES		_IO(DDT_DRIVE_IOC_MAGIC, 0x4d)

/**
 * define DDT_DRIVE_IOC_EVENTS - get a file that can be polled
 *
 * Returns a new file descriptor (close-on-exec). The argument must be 0, else
 * EINVAL. Poll events of the new file:
 *
 * - EPOLLIN: a control operation of the file on which it was got has finished
 *   and can be collected
 * - EPOLLOUT: there is a free slot in the drive's queue, and the user's share is
 *   not used up
 * - EPOLLERR and EPOLLHUP: the drive has been removed, or that file closed
 */
#define DDT_DRIVE_IOC_EVENTS		_IO(DDT_DRIVE_IOC_MAGIC, 0x4e)

/* On /dev/ddt-control. */
/* struct ddt_drive_add */
#define DDT_DRIVE_IOC_ADD		_IO(DDT_DRIVE_IOC_MAGIC, 0x60)
/* struct ddt_drive_remove */
#define DDT_DRIVE_IOC_REMOVE		_IO(DDT_DRIVE_IOC_MAGIC, 0x61)

#endif /* _UAPI_LINUX_DDT_DRIVE_H */
