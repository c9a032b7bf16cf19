// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks what the ioctls of a drive promise: that they refuse what is wrong
 * and then change nothing, and that they fill in all they say.
 *
 * ioctl_check DEV CHECK, where the drive is new, has nothing to do and takes
 * very long to start its motor: spinup_ms=60000. Prints what is not as it
 * should be, and exits with 1 if anything is.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static struct ddt_drive_info info;

/* Valid arguments: what the driver fills in has a pattern. */

static struct ddt_drive_submit submit_arg(uint32_t op, uint64_t offset,
					  uint64_t length)
{
	return (struct ddt_drive_submit){
		.size = sizeof(struct ddt_drive_submit),
		.flags = DDT_DRIVE_SUBMIT_DETACH,
		.op = op,
		.id = 0xcccccccc,
		.offset = offset,
		.length = length,
	};
}

static struct ddt_drive_wait wait_arg(uint32_t id, uint64_t deadline)
{
	struct ddt_drive_wait arg;

	memset(&arg, 0xcc, sizeof(arg));
	arg.size = sizeof(arg);
	arg.flags = 0;
	arg.id = id;
	arg.deadline = deadline;
	return arg;
}

/* Short forms, for requests and files that are not what is checked. */

static uint32_t submit_on(int on, uint32_t flags, uint32_t op)
{
	struct ddt_drive_submit arg = submit_arg(op, 0, 0);

	arg.flags = flags;
	require(!call_on(on, DDT_DRIVE_IOC_SUBMIT, &arg), "SUBMIT");
	return arg.id;
}

static int wait_on(int on, uint32_t id, uint64_t deadline)
{
	struct ddt_drive_wait arg = wait_arg(id, deadline);
	int err = call_on(on, DDT_DRIVE_IOC_WAIT, &arg);

	return err ? err : arg.status;
}

static int cancel_on(int on, uint32_t id)
{
	struct ddt_drive_cancel arg = { .size = sizeof(arg), .id = id };

	return call_on(on, DDT_DRIVE_IOC_CANCEL, &arg);
}

/* A detached request that has finished and was not collected. */
static uint32_t finished_request(void)
{
	uint64_t end = now_ns() + 20 * SEC;
	uint64_t submitted;
	uint32_t id;

	id = submit_on(fd, DDT_DRIVE_SUBMIT_DETACH, DDT_DRIVE_OP_SPINDOWN);
	submitted = get_stats().submitted;
	while (get_stats().completed < submitted)
		require(now_ns() < end, "the request to finish");
	return id;
}

/* Makes the drive busy. */
static uint32_t endless_request(void)
{
	uint64_t end = now_ns() + 20 * SEC;
	uint32_t id;

	id = submit_on(fd, DDT_DRIVE_SUBMIT_DETACH, DDT_DRIVE_OP_SPINUP);
	while (get_stats().queued)
		require(now_ns() < end, "the request to be begun");
	return id;
}

static void end_request(uint32_t id)
{
	require(!cancel_on(fd, id), "CANCEL");
	require(wait_on(fd, id, FOR_EVER) == -ECANCELED, "WAIT");
}

/* Whether the call fails with @err and leaves @arg and the drive alone. */
static void expect_refused(int line, unsigned long cmd, void *arg, size_t size,
			   int err, const char *what)
{
	struct ddt_drive_stats stats = get_stats();
	char before[1024];
	int nice = get_info().nice;
	int ret;

	memcpy(before, arg, size);
	ret = call(cmd, arg);
	if (ret != err)
		complain(line, "the right error", "%s: %d instead of %d", what,
			 ret, err);
	if (memcmp(before, arg, size))
		complain(line, "the structure is as it was", "%s", what);
	if (get_stats().submitted != stats.submitted)
		complain(line, "no request was submitted", "%s", what);
	if (get_stats().cancelled != stats.cancelled)
		complain(line, "no request was cancelled", "%s", what);
	if (get_info().nice != nice)
		complain(line, "the priority is as it was", "%s", what);
}

#define refused(cmd, arg, err, what) \
	expect_refused(__LINE__, cmd, &(arg), sizeof(arg), -(err), what)

/* All ioctls with valid arguments. */
static struct ddt_drive_info valid_info;
static struct ddt_drive_stats valid_stats;
static struct ddt_drive_priority valid_get;
static struct ddt_drive_priority valid_set;
static struct ddt_drive_submit valid_submit;
static struct ddt_drive_wait valid_wait;
static struct ddt_drive_cancel valid_cancel;
static struct ddt_drive_times valid_times;
static struct ddt_drive_model valid_get_model;
static struct ddt_drive_model valid_set_model;
static struct ddt_drive_medium valid_medium;
static struct ddt_drive_fault valid_fault_add;
static struct ddt_drive_fault valid_fault_get;
static struct ddt_drive_fault valid_fault_remove;

static const struct {
	const char *name;
	unsigned long cmd;
	void *arg;
	size_t size;
	bool writes;
} calls[] = {
	{ "INFO", DDT_DRIVE_IOC_INFO, &valid_info, sizeof(valid_info), true },
	{ "STATS", DDT_DRIVE_IOC_STATS, &valid_stats, sizeof(valid_stats),
	  true },
	{ "GET_PRIORITY", DDT_DRIVE_IOC_GET_PRIORITY, &valid_get,
	  sizeof(valid_get), true },
	{ "SET_PRIORITY", DDT_DRIVE_IOC_SET_PRIORITY, &valid_set,
	  sizeof(valid_set), false },
	{ "SUBMIT", DDT_DRIVE_IOC_SUBMIT, &valid_submit, sizeof(valid_submit),
	  true },
	{ "WAIT", DDT_DRIVE_IOC_WAIT, &valid_wait, sizeof(valid_wait), true },
	{ "CANCEL", DDT_DRIVE_IOC_CANCEL, &valid_cancel, sizeof(valid_cancel),
	  false },
	{ "TIMES", DDT_DRIVE_IOC_TIMES, &valid_times, sizeof(valid_times),
	  true },
	{ "GET_MODEL", DDT_DRIVE_IOC_GET_MODEL, &valid_get_model,
	  sizeof(valid_get_model), true },
	{ "SET_MODEL", DDT_DRIVE_IOC_SET_MODEL, &valid_set_model,
	  sizeof(valid_set_model), false },
	{ "SET_MEDIUM", DDT_DRIVE_IOC_SET_MEDIUM, &valid_medium,
	  sizeof(valid_medium), false },
	{ "FAULT_ADD", DDT_DRIVE_IOC_FAULT_ADD, &valid_fault_add,
	  sizeof(valid_fault_add), true },
	{ "FAULT_GET", DDT_DRIVE_IOC_FAULT_GET, &valid_fault_get,
	  sizeof(valid_fault_get), true },
	{ "FAULT_REMOVE", DDT_DRIVE_IOC_FAULT_REMOVE, &valid_fault_remove,
	  sizeof(valid_fault_remove), false },
};

/* @finished is for WAIT, @queued is for CANCEL. */
static void make_valid(uint32_t finished, uint32_t queued)
{
	memset(&valid_info, 0xcc, sizeof(valid_info));
	memset(&valid_stats, 0xcc, sizeof(valid_stats));
	memset(&valid_get, 0xcc, sizeof(valid_get));
	valid_info.size = sizeof(valid_info);
	valid_stats.size = sizeof(valid_stats);
	valid_get.size = sizeof(valid_get);
	valid_set = (struct ddt_drive_priority){
		.size = sizeof(valid_set),
		.nice = info.nice + 1,
	};
	valid_submit = submit_arg(DDT_DRIVE_OP_SPINDOWN, 0, 0);
	valid_wait = wait_arg(finished, FOR_EVER);
	valid_cancel = (struct ddt_drive_cancel){
		.size = sizeof(valid_cancel),
		.id = queued,
	};
	memset(&valid_times, 0xcc, sizeof(valid_times));
	memset(&valid_get_model, 0xcc, sizeof(valid_get_model));
	valid_times.size = sizeof(valid_times);
	valid_get_model.size = sizeof(valid_get_model);
	valid_set_model = (struct ddt_drive_model){
		.size = sizeof(valid_set_model),
		.spinup_ms = info.spinup_ms,
	};
	valid_medium = (struct ddt_drive_medium){
		.size = sizeof(valid_medium),
		.flags = DDT_DRIVE_MEDIUM_PRESENT,
	};
	valid_fault_add = (struct ddt_drive_fault){
		.size = sizeof(valid_fault_add),
		.kind = DDT_DRIVE_FAULT_ERROR,
		.ops = DDT_DRIVE_FAULT_WRITE,
	};
	/* There is one, also where adding one more is refused. */
	valid_fault_get = valid_fault_add;
	require(!call(DDT_DRIVE_IOC_FAULT_ADD, &valid_fault_get), "FAULT_ADD");
	valid_fault_get = (struct ddt_drive_fault){
		.size = sizeof(valid_fault_get),
	};
	valid_fault_remove = valid_fault_get;
}

/* Each of them works: what was refused before was refused for one reason. */
static void expect_valid(int line)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int err = call(calls[i].cmd, calls[i].arg);

		if (err)
			complain(line, "it is accepted", "%s: %d",
				 calls[i].name, err);
	}
}

/* A structure of a program that knows members which the driver does not. */
static union {
	uint32_t size;
	char bytes[8192];
} larger;

static void make_larger(const void *arg, size_t size, uint32_t larger_size)
{
	memset(&larger, 0, sizeof(larger));
	memcpy(&larger, arg, size);
	larger.size = larger_size;
}

/* Sizes that are refused. */
static void check_sizes(void)
{
	uint32_t finished = finished_request();
	uint32_t endless = endless_request();

	make_valid(finished, endless);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		uint32_t right = calls[i].size;
		uint32_t small[] = { 0, 4, right - 1 };
		uint32_t large[] = { sizeof(larger), UINT32_MAX };

		for (size_t j = 0; j < ARRAY_SIZE(small); j++) {
			*(uint32_t *)calls[i].arg = small[j];
			expect_refused(__LINE__, calls[i].cmd, calls[i].arg,
				       right, -EINVAL, calls[i].name);
		}
		*(uint32_t *)calls[i].arg = right;
		for (size_t j = 0; j < ARRAY_SIZE(large); j++) {
			make_larger(calls[i].arg, right, large[j]);
			expect_refused(__LINE__, calls[i].cmd, &larger, right,
				       -E2BIG, calls[i].name);
		}
		for (size_t j = right; j < right + 8; j++) {
			make_larger(calls[i].arg, right, right + 8);
			larger.bytes[j] = 1;
			expect_refused(__LINE__, calls[i].cmd, &larger,
				       right + 8, -E2BIG, calls[i].name);
		}
	}
	expect_valid(__LINE__);
}

/* The rest of a larger structure, all zeros, is accepted and left alone. */
static void check_larger(void)
{
	uint32_t finished = finished_request();
	uint32_t endless = endless_request();

	make_valid(finished, endless);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		uint32_t right = calls[i].size;

		make_larger(calls[i].arg, right, right + 8);
		expect(!call(calls[i].cmd, &larger), "%s: %d", calls[i].name,
		       errno);
		expect(larger.size == right || larger.size == right + 8,
		       "%s: %u", calls[i].name, larger.size);
		for (size_t j = right; j < sizeof(larger); j++)
			expect(!larger.bytes[j], "%s: byte %zu", calls[i].name,
			       j);
	}
}

static atomic_bool flipping;

/* Sets a size, and lets about the time of a call pass. */
static void set_size(atomic_uint *size, uint32_t value)
{
	*size = value;
	for (int i = 0; i < 20 && flipping; i++)
		;
}

/* Keeps changing the size of @arg. */
static void *flip_size(void *arg)
{
	while (flipping) {
		set_size(arg, sizeof(struct ddt_drive_fault));
		set_size(arg, 3000);
	}
	return NULL;
}

/* A size that changes while it is looked at is not what others get to see. */
static void check_flipped_size(void)
{
	struct ddt_drive_fault fault = {
		.size = sizeof(fault),
		.kind = DDT_DRIVE_FAULT_ERROR,
		.ops = DDT_DRIVE_FAULT_READ,
	};
	struct ddt_drive_fault none = { .size = sizeof(none) };
	struct ddt_drive_fault found;
	pthread_t thread;
	uint64_t end = now_ns() + 3 * SEC;
	int accepted = 0, refused = 0;

	make_larger(&fault, sizeof(fault), sizeof(fault));
	larger.bytes[2999] = 1;
	flipping = true;
	require(!pthread_create(&thread, NULL, flip_size, &larger), "a thread");
	while (now_ns() < end) {
		int err;

		memcpy(larger.bytes + sizeof(uint32_t),
		       (char *)&fault + sizeof(uint32_t),
		       sizeof(fault) - sizeof(uint32_t));
		err = call(DDT_DRIVE_IOC_FAULT_ADD, &larger);
		if (err == -E2BIG) {
			refused++;
			continue;
		}
		require(!err, "FAULT_ADD");
		accepted++;
		found = none;
		require(!call(DDT_DRIVE_IOC_FAULT_GET, &found), "FAULT_GET");
		expect(found.size == sizeof(found), "%u", found.size);
		require(!call(DDT_DRIVE_IOC_FAULT_REMOVE, &none),
			"FAULT_REMOVE");
	}
	expect(accepted && refused, "%d accepted, %d refused", accepted,
	       refused);
	flipping = false;
	pthread_join(thread, NULL);
}

static void check_unknown(void)
{
	struct ddt_drive_submit arg = submit_arg(DDT_DRIVE_OP_SPINDOWN, 0, 0);
	uint32_t finished = finished_request();
	uint32_t endless = endless_request();
	unsigned int nr;

	/* Unknown numbers. */
	for (nr = 0; nr < 0x100; nr++) {
		if (nr < 0x40 || nr > 0x4e)
			refused(_IO(DDT_DRIVE_IOC_MAGIC, nr), arg, ENOTTY,
				"unknown number");
	}

	/* Known numbers in what would be another ioctl. */
	make_valid(finished, endless);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		unsigned long cmd = calls[i].cmd;
		unsigned long wrong[] = {
			_IO(DDT_DRIVE_IOC_MAGIC + 1, _IOC_NR(cmd)),
			_IOC(_IOC_READ | _IOC_WRITE, DDT_DRIVE_IOC_MAGIC,
			     _IOC_NR(cmd), calls[i].size),
			_IOC(_IOC_READ, DDT_DRIVE_IOC_MAGIC, _IOC_NR(cmd), 0),
			_IOC_NR(cmd),
		};

		for (size_t j = 0; j < ARRAY_SIZE(wrong); j++)
			expect_refused(__LINE__, wrong[j], calls[i].arg,
				       calls[i].size, -ENOTTY, calls[i].name);
	}
	expect_valid(__LINE__);
}

static void check_info(void)
{
	struct ddt_drive_info arg;
	size_t length;

	memset(&arg, 0xcc, sizeof(arg));
	arg.size = sizeof(arg);
	expect(!call(DDT_DRIVE_IOC_INFO, &arg), "%d", errno);
	expect(arg.size == sizeof(arg), "%u", arg.size);
	expect(arg.index < 64, "%u", arg.index);
	expect(arg.capacity == 1440 * 1024, "%llu", arg.capacity);
	expect(arg.sector_size == DDT_DRIVE_SECTOR_SIZE, "%u",
	       arg.sector_size);
	expect(arg.state == DDT_DRIVE_MEDIUM, "%x", arg.state);
	expect(arg.spinup_ms == 60000, "%u", arg.spinup_ms);
	expect(arg.access_us == 3000, "%u", arg.access_us);
	expect(arg.idle_ms == 3000, "%u", arg.idle_ms);
	expect(arg.depth == 128, "%u", arg.depth);
	expect(arg.pid > 0, "%d", arg.pid);
	expect(arg.nice == 0, "%d", arg.nice);

	length = strnlen(arg.thread, sizeof(arg.thread));
	expect(length < sizeof(arg.thread), "%zu", length);
	for (size_t i = length; i < sizeof(arg.thread); i++)
		expect(!arg.thread[i], "what is behind the name, at %zu", i);
}

static void check_stats(void)
{
	struct ddt_drive_stats arg;

	memset(&arg, 0xcc, sizeof(arg));
	arg.size = sizeof(arg);
	expect(!call(DDT_DRIVE_IOC_STATS, &arg), "%d", errno);
	expect(arg.size == sizeof(arg), "%u", arg.size);
	expect(!arg.queued, "%u", arg.queued);
	expect(!arg.max_queued, "%u", arg.max_queued);
	expect(!arg.reserved, "%u", arg.reserved);
	expect(!arg.submitted, "%llu", arg.submitted);
	expect(!arg.completed, "%llu", arg.completed);
	expect(!arg.cancelled, "%llu", arg.cancelled);
	expect(!arg.wakeups, "%llu", arg.wakeups);
	expect(!arg.spinups, "%llu", arg.spinups);
	expect(!arg.bytes_read, "%llu", arg.bytes_read);
	expect(!arg.bytes_written, "%llu", arg.bytes_written);
	expect(arg.thread_switches < 1000, "%llu", arg.thread_switches);
	expect(arg.thread_runtime_ns < SEC, "%llu", arg.thread_runtime_ns);
}

static void check_priority(void)
{
	static const int wrong[] = { -21, 20, -128, 256, INT_MIN, INT_MAX };
	struct ddt_drive_priority arg = { .size = sizeof(arg) };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		arg.nice = wrong[i];
		refused(DDT_DRIVE_IOC_SET_PRIORITY, arg, ERANGE, "range");
	}
	for (int nice = -20; nice <= 19; nice++) {
		arg.nice = nice;
		expect(!call(DDT_DRIVE_IOC_SET_PRIORITY, &arg), "%d", nice);
		expect(arg.nice == nice && arg.size == sizeof(arg), "%d",
		       arg.nice);
		arg.nice = 0xcccccccc;
		expect(!call(DDT_DRIVE_IOC_GET_PRIORITY, &arg), "%d", errno);
		expect(arg.nice == nice && arg.size == sizeof(arg),
		       "%d instead of %d", arg.nice, nice);
		expect(get_info().nice == nice, "%d", get_info().nice);
	}
}

static void check_submit_flags(void)
{
	struct ddt_drive_submit arg = submit_arg(DDT_DRIVE_OP_SPINDOWN, 0, 0);

	for (int bit = 1; bit < 32; bit++) {
		arg.flags = 1U << bit;
		refused(DDT_DRIVE_IOC_SUBMIT, arg, EINVAL, "unknown flag");
		arg.flags |= DDT_DRIVE_SUBMIT_DETACH;
		refused(DDT_DRIVE_IOC_SUBMIT, arg, EINVAL, "unknown flag");
	}
	arg.flags = 0;
	expect(!call(DDT_DRIVE_IOC_SUBMIT, &arg), "%d", errno);
}

static void check_submit_op(void)
{
	static const uint32_t wrong[] = { 0, 5, 6, 0x100, 0x101, 0x102,
					  0x10001, 0x80000001, UINT32_MAX };
	struct ddt_drive_submit arg;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		arg = submit_arg(wrong[i], 0, 0);
		refused(DDT_DRIVE_IOC_SUBMIT, arg, EINVAL, "operation");
		arg = submit_arg(wrong[i], 0, 512);
		refused(DDT_DRIVE_IOC_SUBMIT, arg, EINVAL, "operation");
	}

	for (uint32_t op = DDT_DRIVE_OP_SPINUP; op <= DDT_DRIVE_OP_SPINDOWN;
	     op++) {
		arg = submit_arg(op, 0, 1);
		refused(DDT_DRIVE_IOC_SUBMIT, arg, EINVAL, "length");
		arg = submit_arg(op, 1, 0);
		refused(DDT_DRIVE_IOC_SUBMIT, arg, EINVAL, "offset");
	}
}

static void check_submit_range(void)
{
	const uint64_t capacity = info.capacity;
	const struct {
		uint64_t offset, length;
		int err;
	} ranges[] = {
		{ 0, 0, EINVAL },
		{ 512, 0, EINVAL },
		{ 0, capacity + 1, ENOSPC },
		{ capacity, 1, ENOSPC },
		{ capacity - 1, 2, ENOSPC },
		{ capacity + 1, 1, ENOSPC },
		{ 0, UINT64_MAX, ENOSPC },
		{ 1, UINT64_MAX, ENOSPC },
		{ UINT64_MAX, 1, ENOSPC },
		{ UINT64_MAX, UINT64_MAX, ENOSPC },
		{ UINT64_MAX - 511, 512, ENOSPC },
		{ 1ULL << 63, 1ULL << 63, ENOSPC },
		{ 1ULL << 32, 1, ENOSPC },
		{ 0, 1ULL << 32, ENOSPC },
		{ 0, capacity, 0 },
		{ capacity - 1, 1, 0 },
		{ 0, 1, 0 },
	};

	for (uint32_t op = DDT_DRIVE_OP_VERIFY; op <= DDT_DRIVE_OP_ERASE;
	     op++) {
		for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
			struct ddt_drive_submit arg;

			arg = submit_arg(op, ranges[i].offset,
					 ranges[i].length);
			if (ranges[i].err) {
				refused(DDT_DRIVE_IOC_SUBMIT, arg,
					ranges[i].err, "range");
				continue;
			}
			expect(!call(DDT_DRIVE_IOC_SUBMIT, &arg), "%d", errno);
			end_request(arg.id);
		}
	}
}

static void check_submit_id(void)
{
	struct ddt_drive_submit arg, before;
	uint32_t ids[100];

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		arg = submit_arg(DDT_DRIVE_OP_VERIFY, 512, 1024);
		before = arg;
		expect(!call(DDT_DRIVE_IOC_SUBMIT, &arg), "%d", errno);
		expect(arg.id && arg.id != before.id, "%u", arg.id);
		ids[i] = arg.id;
		for (size_t j = 0; j < i; j++)
			expect(ids[j] != arg.id, "%u is not new", arg.id);
		before.id = arg.id;
		expect(!memcmp(&arg, &before, sizeof(arg)),
		       "more than the id was changed");
	}
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		end_request(ids[i]);
}

static void check_wait(void)
{
	static const uint32_t unknown[] = { 0, 1000000, INT32_MAX,
					    1U << 31, UINT32_MAX };
	uint32_t id = finished_request();
	struct ddt_drive_wait arg;

	for (int bit = 0; bit < 32; bit++) {
		arg = wait_arg(id, FOR_EVER);
		arg.flags = 1U << bit;
		refused(DDT_DRIVE_IOC_WAIT, arg, EINVAL, "unknown flag");
	}
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		arg = wait_arg(unknown[i], FOR_EVER);
		refused(DDT_DRIVE_IOC_WAIT, arg, ENOENT, "unknown id");
	}

	arg = wait_arg(id, 0);
	expect(!call(DDT_DRIVE_IOC_WAIT, &arg), "%d", errno);
	expect(arg.size == sizeof(arg) && !arg.flags && arg.id == id &&
	       !arg.deadline, "what goes in is as it was");
	expect(arg.status == 0, "%d", arg.status);
	expect(arg.result == 0, "%llu", arg.result);
	expect(arg.order == 1, "%llu", arg.order);
	expect(arg.queued_ns < 20 * SEC, "%llu", arg.queued_ns);
	expect(arg.service_ns < 20 * SEC, "%llu", arg.service_ns);

	arg = wait_arg(id, 0);
	refused(DDT_DRIVE_IOC_WAIT, arg, ENOENT, "collected");
}

static void check_deadline(void)
{
	uint32_t id = endless_request();
	struct ddt_drive_wait arg;
	uint64_t deadline;

	arg = wait_arg(id, 0);
	refused(DDT_DRIVE_IOC_WAIT, arg, ETIME, "none");
	arg = wait_arg(id, 1);
	refused(DDT_DRIVE_IOC_WAIT, arg, ETIME, "long ago");

	deadline = now_ns() + SEC / 5;
	arg = wait_arg(id, deadline);
	refused(DDT_DRIVE_IOC_WAIT, arg, ETIME, "soon");
	expect(now_ns() >= deadline, "the wait ended too early");

	expect(!cancel_on(fd, id), "%d", errno);
	arg = wait_arg(id, FOR_EVER);
	expect(!call(DDT_DRIVE_IOC_WAIT, &arg), "%d", errno);
	expect(arg.status == -ECANCELED, "%d", arg.status);
	expect(arg.service_ns >= SEC / 5, "%llu", arg.service_ns);

	/* The far future is no error. */
	for (int shift = 0; shift < 3; shift++) {
		id = submit_on(fd, 0, DDT_DRIVE_OP_SPINDOWN);
		expect(!wait_on(fd, id, FOR_EVER >> shift), "%d", shift);
	}
}

static void check_cancel(void)
{
	static const uint32_t unknown[] = { 0, 1000000, UINT32_MAX };
	uint32_t finished = finished_request();
	uint32_t endless = endless_request();
	struct ddt_drive_cancel arg = { .size = sizeof(arg) };
	struct ddt_drive_wait result;
	uint32_t queued;

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		arg.id = unknown[i];
		refused(DDT_DRIVE_IOC_CANCEL, arg, ENOENT, "unknown id");
	}
	arg.id = finished;
	refused(DDT_DRIVE_IOC_CANCEL, arg, EALREADY, "finished");
	expect(!wait_on(fd, finished, 0), "the result is still there");
	refused(DDT_DRIVE_IOC_CANCEL, arg, ENOENT, "collected");

	queued = submit_on(fd, 0, DDT_DRIVE_OP_SPINDOWN);
	expect(!cancel_on(fd, queued), "%d", errno);
	expect(get_stats().cancelled == 1, "%llu", get_stats().cancelled);
	expect(get_stats().queued == 0, "%u", get_stats().queued);
	arg.id = queued;
	refused(DDT_DRIVE_IOC_CANCEL, arg, EALREADY, "cancelled before");
	result = wait_arg(queued, 0);
	expect(!call(DDT_DRIVE_IOC_WAIT, &result), "%d", errno);
	expect(result.status == -ECANCELED, "%d", result.status);
	expect(result.service_ns == 0, "%llu", result.service_ns);

	end_request(endless);
	/* It had been begun. */
	expect(get_stats().cancelled == 1, "%llu", get_stats().cancelled);
}

static void check_files(void)
{
	uint32_t endless = endless_request();
	uint32_t attached, detached;
	int other = open_drive();

	attached = submit_on(other, 0, DDT_DRIVE_OP_SPINDOWN);
	detached = submit_on(other, DDT_DRIVE_SUBMIT_DETACH,
			     DDT_DRIVE_OP_SPINDOWN);
	expect(cancel_on(fd, attached) == -ENOENT, "another file's");
	expect(wait_on(fd, attached, 0) == -ENOENT, "another file's");
	expect(wait_on(fd, detached, 0) == -ETIME, "the drive's");
	expect(get_stats().queued == 2, "%u", get_stats().queued);

	close(other);
	expect(get_stats().queued == 1, "%u", get_stats().queued);
	expect(get_stats().cancelled == 1, "%llu", get_stats().cancelled);
	expect(wait_on(fd, attached, 0) == -ENOENT, "its file is closed");
	expect(!cancel_on(fd, detached), "%d", errno);
	expect(wait_on(fd, detached, 0) == -ECANCELED, "collected by another");
	end_request(endless);
}

/* A file is closed when its last descriptor is. */
static void check_descriptors(void)
{
	uint32_t endless = endless_request();
	int other = open_drive();
	int copy = dup(other);
	uint32_t id;
	pid_t child;

	id = submit_on(other, 0, DDT_DRIVE_OP_SPINDOWN);
	close(other);
	expect(get_stats().queued == 1, "%u", get_stats().queued);

	child = fork();
	require(child >= 0, "fork");
	if (!child)
		_exit(wait_on(copy, id, 0) == -ETIME ? 0 : 1);
	expect(waitpid(child, &other, 0) == child && !other,
	       "a child has the file too: %d", other);
	expect(get_stats().queued == 1, "%u", get_stats().queued);

	close(copy);
	expect(get_stats().queued == 0, "%u", get_stats().queued);
	end_request(endless);
}

static void check_order(void)
{
	uint32_t endless = endless_request();
	struct ddt_drive_wait arg;
	uint32_t ids[100];

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		ids[i] = submit_on(fd, 0, DDT_DRIVE_OP_SPINDOWN);
	end_request(endless);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		arg = wait_arg(ids[i], FOR_EVER);
		expect(!call(DDT_DRIVE_IOC_WAIT, &arg), "%d", errno);
		expect(!arg.status, "%d", arg.status);
		expect(arg.order == i + 2, "%llu is the %zuth", arg.order, i);
	}
}

static void check_full(void)
{
	uint32_t endless = endless_request();
	struct ddt_drive_submit arg;
	uint32_t ids[128];

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		ids[i] = submit_on(fd, 0, DDT_DRIVE_OP_SPINDOWN);
	arg = submit_arg(DDT_DRIVE_OP_SPINDOWN, 0, 0);
	refused(DDT_DRIVE_IOC_SUBMIT, arg, EAGAIN, "full");
	expect(!cancel_on(fd, ids[5]), "%d", errno);
	expect(!call(DDT_DRIVE_IOC_SUBMIT, &arg), "room for one: %d", errno);
	arg = submit_arg(DDT_DRIVE_OP_SPINDOWN, 0, 0);
	refused(DDT_DRIVE_IOC_SUBMIT, arg, EAGAIN, "full again");
	end_request(endless);
}

static char *page, *behind;
static size_t page_size;

/* Two pages, the second of which cannot be accessed. */
static void map_pages(void)
{
	page_size = sysconf(_SC_PAGESIZE);
	page = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(page != MAP_FAILED, "mmap");
	behind = page + page_size;
	require(!mprotect(behind, page_size, PROT_NONE), "mprotect");
}

static void check_addresses(void)
{
	struct ddt_drive_stats before, after;
	uint32_t finished, endless;

	map_pages();
	finished = finished_request();
	endless = endless_request();
	make_valid(finished, endless);
	before = get_stats();
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		void *bad[] = { NULL, behind, (void *)-4096L, (void *)-1L };

		for (size_t j = 0; j < ARRAY_SIZE(bad); j++)
			expect(call(calls[i].cmd, bad[j]) == -EFAULT, "%s, %zu",
			       calls[i].name, j);
		/* It ends where nothing is. */
		for (size_t n = 1; n < calls[i].size; n++) {
			memcpy(behind - n, calls[i].arg, n);
			expect(call(calls[i].cmd, behind - n) == -EFAULT,
			       "%s, %zu bytes", calls[i].name, n);
		}
	}
	after = get_stats();
	expect(after.submitted == before.submitted, "%llu", after.submitted);
	expect(after.cancelled == before.cancelled, "%llu", after.cancelled);
	expect(get_info().nice == info.nice, "%d", get_info().nice);
	expect_valid(__LINE__);
}

static void check_read_only_memory(void)
{
	uint32_t finished, endless;

	map_pages();
	finished = finished_request();
	endless = endless_request();
	make_valid(finished, endless);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		struct ddt_drive_stats before = get_stats();
		int err;

		memcpy(page, calls[i].arg, calls[i].size);
		require(!mprotect(page, page_size, PROT_READ), "mprotect");
		err = call(calls[i].cmd, page);
		require(!mprotect(page, page_size, PROT_READ | PROT_WRITE),
			"mprotect");
		expect(err == (calls[i].writes ? -EFAULT : 0), "%s: %d",
		       calls[i].name, err);
		expect(!memcmp(page, calls[i].arg, calls[i].size), "%s",
		       calls[i].name);
		expect(get_stats().submitted == before.submitted, "%s",
		       calls[i].name);
	}
	expect(!wait_on(fd, finished, 0), "the result was not lost");
	expect(wait_on(fd, endless, FOR_EVER) == -ECANCELED, "it was cancelled");
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void check_interrupt(void)
{
	const struct itimerval soon = { .it_value.tv_usec = 100000 };
	struct sigaction action = { .sa_handler = on_alarm };
	uint32_t id = endless_request();
	struct ddt_drive_wait arg;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	arg = wait_arg(id, FOR_EVER);
	refused(DDT_DRIVE_IOC_WAIT, arg, EINTR, "signal");

	/* Restarted, it ends at the same time. */
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	arg = wait_arg(id, now_ns() + SEC / 2);
	refused(DDT_DRIVE_IOC_WAIT, arg, ETIME, "signal, restarted");
	end_request(id);
}

/* Many processes collect the same result: one gets it. */
static void check_collect_once(void)
{
	uint32_t id = endless_request();
	int got = 0, status;
	pid_t pids[8];

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		require(pids[i] >= 0, "fork");
		if (pids[i])
			continue;
		status = wait_on(fd, id, FOR_EVER);
		_exit(status == -ECANCELED ? 0 : status == -ENOENT ? 1 : 2);
	}
	expect(!cancel_on(fd, id), "%d", errno);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		waitpid(pids[i], &status, 0);
		expect(WIFEXITED(status) && WEXITSTATUS(status) <= 1, "%x",
		       status);
		got += !status;
	}
	expect(got == 1, "%d", got);
}

static void check_seek(void)
{
	off_t capacity = info.capacity;

	expect(lseek(fd, 0, SEEK_END) == capacity, "%d", errno);
	expect(lseek(fd, -512, SEEK_END) == capacity - 512, "%d", errno);
	expect(lseek(fd, 512, SEEK_CUR) == capacity, "%d", errno);
	expect(lseek(fd, 7, SEEK_SET) == 7, "%d", errno);
	expect(lseek(fd, capacity + 1, SEEK_SET) == -1 && errno == EINVAL,
	       "%d", errno);
	expect(lseek(fd, -8, SEEK_CUR) == -1 && errno == EINVAL, "%d", errno);
	expect(lseek(fd, 0, SEEK_CUR) == 7, "%d", errno);
}

static void check_end(void)
{
	char buffer[512];
	off_t capacity = info.capacity;

	expect(pread(fd, buffer, 0, 0) == 0, "%d", errno);
	expect(pread(fd, buffer, 512, capacity) == 0, "%d", errno);
	expect(pread(fd, buffer, 512, capacity + 1) == 0, "%d", errno);
	expect(pread(fd, buffer, 512, INT64_MAX - 512) == 0, "%d", errno);
	expect(pread(fd, buffer, 512, -1) == -1 && errno == EINVAL, "%d",
	       errno);
	expect(pwrite(fd, buffer, 0, 0) == 0, "%d", errno);
	expect(pwrite(fd, buffer, 0, capacity) == 0, "%d", errno);
	expect(pwrite(fd, buffer, 512, capacity) == -1 && errno == ENOSPC,
	       "%d", errno);
	expect(pwrite(fd, buffer, 512, INT64_MAX - 512) == -1 &&
	       errno == ENOSPC, "%d", errno);
	expect(pwrite(fd, buffer, 512, -1) == -1 && errno == EINVAL, "%d",
	       errno);
	expect(!get_stats().submitted, "%llu", get_stats().submitted);
}

static const struct check checks[] = {
	{ "sizes", check_sizes },
	{ "larger", check_larger },
	{ "flipped-size", check_flipped_size },
	{ "unknown", check_unknown },
	{ "info", check_info },
	{ "stats", check_stats },
	{ "priority", check_priority },
	{ "submit-flags", check_submit_flags },
	{ "submit-op", check_submit_op },
	{ "submit-range", check_submit_range },
	{ "submit-id", check_submit_id },
	{ "wait", check_wait },
	{ "deadline", check_deadline },
	{ "cancel", check_cancel },
	{ "files", check_files },
	{ "descriptors", check_descriptors },
	{ "order", check_order },
	{ "full", check_full },
	{ "addresses", check_addresses },
	{ "read-only-memory", check_read_only_memory },
	{ "interrupt", check_interrupt },
	{ "collect-once", check_collect_once },
	{ "seek", check_seek },
	{ "end", check_end },
};

int main(int argc, char **argv)
{
	begin_checks(argc, argv);
	info = get_info();
	require(info.spinup_ms == 60000, "a drive with spinup_ms=60000");
	return run_check(checks, ARRAY_SIZE(checks), argv[2]);
}
