/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * ddt_drive.h - the ioctls of /dev/ddt0, /dev/ddt1, ...
 *
 * Rules that hold for all of them:
 *
 * - The first member of each structure is its size in bytes. A size that the
 *   driver does not know gives EINVAL, and so does an unknown bit in a flags
 *   member. An unknown ioctl gives ENOTTY.
 * - On an error nothing has changed, and the structure is as it was.
 * - Times are in ns unless the name says otherwise.
 */
#ifndef _UAPI_LINUX_DDT_DRIVE_H
#define _UAPI_LINUX_DDT_DRIVE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DDT_DRIVE_SECTOR_SIZE	512

/**
 * enum ddt_drive_state - bits of ddt_drive_info.state
 * @DDT_DRIVE_MOTOR_ON: the motor is running
 */
enum ddt_drive_state {
	DDT_DRIVE_MOTOR_ON = 1 << 0,
};

/**
 * struct ddt_drive_info - what a drive is and how it is set
 * @size: in: sizeof(struct ddt_drive_info)
 * @index: the N of /dev/ddtN
 * @capacity: of the medium, in bytes
 * @sector_size: in bytes
 * @state: bits of enum ddt_drive_state
 * @access_us: how long the drive takes for each request, in microseconds
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
 * Setting it outside that range gives ERANGE; to lower it needs CAP_SYS_NICE,
 * else EPERM.
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
 * The request belongs to the drive, not to the open file: it outlives the
 * file, and any file of the drive can wait for it and cancel it. The results
 * of the last 1024 finished detached requests are kept until collected.
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
 * the medium, EAGAIN when the queue is full.
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
 * @id: in: the request
 * @status: out: 0, or a negative error number: -ECANCELED if it was cancelled,
 *	-ESHUTDOWN if the drive went away
 * @deadline: in: the time of CLOCK_MONOTONIC at which the wait ends; 0 not to
 *	wait at all, all ones to wait for ever
 * @result: out: see enum ddt_drive_op
 * @order: out: counts the requests that the drive completed, from 1
 * @queued_ns: out: how long it was queued
 * @service_ns: out: how long it was in service
 *
 * A result is collected exactly once: afterwards the id is unknown. ENOENT for
 * an unknown id, ETIME when the deadline passed first.
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

/* 0xDD 00-3F is taken by ZFCP. */
#define DDT_DRIVE_IOC_MAGIC	0xdd

#define DDT_DRIVE_IOC_INFO \
	_IOWR(DDT_DRIVE_IOC_MAGIC, 0x40, struct ddt_drive_info)
#define DDT_DRIVE_IOC_STATS \
	_IOWR(DDT_DRIVE_IOC_MAGIC, 0x41, struct ddt_drive_stats)
#define DDT_DRIVE_IOC_GET_PRIORITY \
	_IOWR(DDT_DRIVE_IOC_MAGIC, 0x42, struct ddt_drive_priority)
#define DDT_DRIVE_IOC_SET_PRIORITY \
	_IOW(DDT_DRIVE_IOC_MAGIC, 0x43, struct ddt_drive_priority)
#define DDT_DRIVE_IOC_SUBMIT \
	_IOWR(DDT_DRIVE_IOC_MAGIC, 0x44, struct ddt_drive_submit)
#define DDT_DRIVE_IOC_WAIT \
	_IOWR(DDT_DRIVE_IOC_MAGIC, 0x45, struct ddt_drive_wait)
#define DDT_DRIVE_IOC_CANCEL \
	_IOW(DDT_DRIVE_IOC_MAGIC, 0x46, struct ddt_drive_cancel)

#endif /* _UAPI_LINUX_DDT_DRIVE_H */
