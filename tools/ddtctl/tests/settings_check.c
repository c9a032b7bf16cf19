// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks what can be set while a drive is used: its model, its medium, faults;
 * and adding and removing drives. settings_check DEV CHECK, where the drive is
 * new and takes no time, but for what each check sets.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "check.h"

static char data[512];

/* Short forms. They return 0 or a negative error number. */

static int set_model(struct ddt_drive_model arg)
{
	arg.size = sizeof(arg);
	return call(DDT_DRIVE_IOC_SET_MODEL, &arg);
}

static struct ddt_drive_model get_model(void)
{
	struct ddt_drive_model arg;

	memset(&arg, 0xcc, sizeof(arg));
	arg.size = sizeof(arg);
	require(!call(DDT_DRIVE_IOC_GET_MODEL, &arg), "GET_MODEL");
	return arg;
}

static int set_medium(uint32_t flags)
{
	struct ddt_drive_medium arg = { .size = sizeof(arg), .flags = flags };

	return call(DDT_DRIVE_IOC_SET_MEDIUM, &arg);
}

static struct ddt_drive_fault fault_arg(uint32_t kind, uint32_t ops)
{
	return (struct ddt_drive_fault){
		.size = sizeof(struct ddt_drive_fault),
		.kind = kind,
		.ops = ops,
		.delay_ms = kind == DDT_DRIVE_FAULT_DELAY ? 50 : 0,
	};
}

static int add_fault(struct ddt_drive_fault *arg)
{
	return call(DDT_DRIVE_IOC_FAULT_ADD, arg);
}

static int get_fault(uint32_t id, struct ddt_drive_fault *arg)
{
	memset(arg, 0xcc, sizeof(*arg));
	arg->size = sizeof(*arg);
	arg->id = id;
	return call(DDT_DRIVE_IOC_FAULT_GET, arg);
}

static int remove_fault(uint32_t id)
{
	struct ddt_drive_fault arg = { .size = sizeof(arg), .id = id };

	return call(DDT_DRIVE_IOC_FAULT_REMOVE, &arg);
}

static int read_at(uint64_t offset)
{
	ssize_t ret = pread(fd, data, sizeof(data), offset);

	return ret < 0 ? -errno : ret;
}

static int write_at(uint64_t offset)
{
	ssize_t ret = pwrite(fd, data, sizeof(data), offset);

	return ret < 0 ? -errno : ret;
}

static uint32_t submit(uint32_t op, uint64_t length)
{
	struct ddt_drive_submit arg = {
		.size = sizeof(arg),
		.op = op,
		.length = length,
	};

	require(!call(DDT_DRIVE_IOC_SUBMIT, &arg), "SUBMIT");
	return arg.id;
}

static int wait_for(uint32_t id, uint64_t deadline, uint32_t *found)
{
	struct ddt_drive_wait arg = {
		.size = sizeof(arg),
		.id = id,
		.deadline = deadline,
	};
	int err = call(DDT_DRIVE_IOC_WAIT, &arg);

	if (found)
		*found = arg.id;
	return err ? err : arg.status;
}

static int cancel(uint32_t id)
{
	struct ddt_drive_cancel arg = { .size = sizeof(arg), .id = id };

	return call(DDT_DRIVE_IOC_CANCEL, &arg);
}

static int control_fd(int flags)
{
	int control = open("/dev/ddt-control", flags | O_CLOEXEC);

	require(control >= 0, "/dev/ddt-control");
	return control;
}

/*
 * A read takes at least @least, always, and less than @most if the machine has
 * time for it: at one of many attempts. @from is where the head is before.
 */
static void takes(uint64_t from, uint64_t offset, size_t length, uint64_t least,
		  uint64_t most)
{
	uint64_t end = now_ns() + 20 * SEC, begin, ns;
	static char big[8192];

	do {
		expect(read_at(from) == 512, "%d", errno);
		begin = now_ns();
		expect(pread(fd, big, length, offset) == (ssize_t)length, "%d",
		       errno);
		ns = now_ns() - begin;
		expect(ns >= least, "%llu ns instead of %llu",
		       (unsigned long long)ns, (unsigned long long)least);
	} while (ns >= most && now_ns() < end);
	expect(ns < most, "never less than %llu ns", (unsigned long long)most);
}

static void check_model(void)
{
	struct ddt_drive_model valid = {
		.access_us = 1, .seek_us = 2, .rate_kib_s = 3,
		.spinup_ms = 4, .idle_ms = 5,
	}, wrong, got;
	uint64_t end = get_info().capacity - 512;

	expect(!set_model(valid), "%d", errno);
	got = get_model();
	valid.size = sizeof(valid);
	expect(!memcmp(&got, &valid, sizeof(got)), "not what was set");
	expect(get_info().access_us == 1, "%u", get_info().access_us);
	expect(get_info().spinup_ms == 4, "%u", get_info().spinup_ms);
	expect(get_info().idle_ms == 5, "%u", get_info().idle_ms);

	wrong = valid;
	wrong.access_us = 10000001;
	expect(set_model(wrong) == -ERANGE, "access");
	wrong = valid;
	wrong.seek_us = 10000001;
	expect(set_model(wrong) == -ERANGE, "seek");
	wrong = valid;
	wrong.spinup_ms = 60001;
	expect(set_model(wrong) == -ERANGE, "spinup");
	wrong = valid;
	wrong.reserved[1] = 1;
	expect(set_model(wrong) == -EINVAL, "reserved");
	got = get_model();
	expect(!memcmp(&got, &valid, sizeof(got)), "changed by what is wrong");

	set_model((struct ddt_drive_model){ .access_us = 50000 });
	takes(0, 0, 512, 50 * MS, 550 * MS);

	/* Where the head is costs nothing, half the way half the time. */
	set_model((struct ddt_drive_model){ .seek_us = 400000 });
	takes(0, 512, 512, 0, 100 * MS);
	takes(0, end, 512, 398 * MS, 898 * MS);
	takes(end / 2, 0, 512, 199 * MS, 699 * MS);

	set_model((struct ddt_drive_model){ .rate_kib_s = 80 });
	takes(0, 0, 8192, 100 * MS, 600 * MS);
}

/* The motor is switched off after the time that was set meanwhile. */
static void check_idle(void)
{
	uint64_t begin;

	read_at(0);
	expect(get_info().state & DDT_DRIVE_MOTOR_ON, "%x", get_info().state);
	usleep(50000);
	expect(get_info().state & DDT_DRIVE_MOTOR_ON, "%x", get_info().state);
	set_model((struct ddt_drive_model){ .idle_ms = 10, .spinup_ms = 50 });
	require_soon(!(get_info().state & DDT_DRIVE_MOTOR_ON));
	begin = now_ns();
	expect(read_at(0) == 512, "%d", errno);
	expect(now_ns() - begin >= 50 * MS, "it was not started");
	expect(get_stats().spinups == 2, "%llu", get_stats().spinups);
}

static void check_medium(void)
{
	memcpy(data, "content", 8);
	expect(write_at(0) == 512, "%d", errno);
	expect(get_info().state & DDT_DRIVE_MEDIUM, "%x", get_info().state);
	for (int bit = 2; bit < 32; bit++)
		expect(set_medium(1U << bit) == -EINVAL, "%d", bit);

	expect(!set_medium(0), "%d", errno);
	expect(!(get_info().state & DDT_DRIVE_MEDIUM), "%x", get_info().state);
	expect(read_at(0) == -ENOMEDIUM, "read");
	expect(write_at(0) == -ENOMEDIUM, "write");
	expect(wait_for(submit(DDT_DRIVE_OP_VERIFY, 1), FOR_EVER, NULL) ==
	       -ENOMEDIUM, "verify");
	expect(wait_for(submit(DDT_DRIVE_OP_ERASE, 1), FOR_EVER, NULL) ==
	       -ENOMEDIUM, "erase");
	expect(!wait_for(submit(DDT_DRIVE_OP_SPINUP, 0), FOR_EVER, NULL),
	       "spinup");

	expect(!set_medium(DDT_DRIVE_MEDIUM_PRESENT |
			   DDT_DRIVE_MEDIUM_PROTECTED), "%d", errno);
	expect(get_info().state & DDT_DRIVE_WRITE_PROTECTED, "%x",
	       get_info().state);
	memset(data, 0, sizeof(data));
	expect(read_at(0) == 512 && !strcmp(data, "content"), "the content");
	expect(write_at(0) == -EROFS, "write");
	expect(wait_for(submit(DDT_DRIVE_OP_ERASE, 1), FOR_EVER, NULL) ==
	       -EROFS, "erase");
	expect(!wait_for(submit(DDT_DRIVE_OP_VERIFY, 1), FOR_EVER, NULL),
	       "verify");

	expect(!set_medium(DDT_DRIVE_MEDIUM_PRESENT), "%d", errno);
	expect(write_at(0) == 512, "%d", errno);
	/* The error cases did not begin to touch the medium. */
	expect(get_stats().bytes_written == 1024, "%llu",
	       get_stats().bytes_written);
}

/* One that is queued meets with what there is when it is served. */
static void check_medium_queued(void)
{
	struct ddt_drive_fault hang = fault_arg(DDT_DRIVE_FAULT_HANG,
						DDT_DRIVE_FAULT_CONTROL);
	uint32_t ids[2];

	hang.times = 1;
	require(!add_fault(&hang), "FAULT_ADD");
	for (int i = 0; i < 2; i++)
		ids[i] = submit(DDT_DRIVE_OP_VERIFY, 512);
	require_soon(get_stats().queued == 1);
	require(!set_medium(0), "SET_MEDIUM");
	expect(!cancel(ids[0]), "%d", errno);
	expect(wait_for(ids[0], FOR_EVER, NULL) == -ECANCELED, "the first");
	expect(wait_for(ids[1], FOR_EVER, NULL) == -ENOMEDIUM, "the second");
}

static void check_fault_arguments(void)
{
	struct ddt_drive_fault valid = fault_arg(DDT_DRIVE_FAULT_ERROR,
						 DDT_DRIVE_FAULT_READ);
	uint64_t capacity = get_info().capacity;
	struct ddt_drive_fault arg, got;
	const struct {
		struct ddt_drive_fault arg;
		int err;
	} wrong[] = {
		{ { .kind = 0, .ops = 1 }, -EINVAL },
		{ { .kind = 4, .ops = 1 }, -EINVAL },
		{ { .kind = 1, .ops = 0 }, -EINVAL },
		{ { .kind = 1, .ops = 8 }, -EINVAL },
		{ { .kind = 1, .ops = 1, .hits = 1 }, -EINVAL },
		{ { .kind = 1, .ops = 1, .reserved = 1 }, -EINVAL },
		{ { .kind = 1, .ops = 1, .delay_ms = 1 }, -EINVAL },
		{ { .kind = 3, .ops = 1, .delay_ms = 1 }, -EINVAL },
		{ { .kind = 2, .ops = 1 }, -EINVAL },
		{ { .kind = 2, .ops = 1, .delay_ms = 3600001 }, -EINVAL },
		{ { .kind = 1, .ops = 1, .offset = 1 }, -EINVAL },
		{ { .kind = 1, .ops = 1, .offset = capacity, .length = 1 },
		  -ENOSPC },
		{ { .kind = 1, .ops = 1, .length = capacity + 1 }, -ENOSPC },
		{ { .kind = 1, .ops = 1, .offset = 1, .length = UINT64_MAX },
		  -ENOSPC },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		int err;

		arg = wrong[i].arg;
		arg.size = sizeof(arg);
		err = add_fault(&arg);
		expect(err == wrong[i].err, "%zu: %d", i, err);
		expect(!arg.id, "%zu: %u", i, arg.id);
	}
	expect(get_fault(0, &got) == -ENOENT, "there is one");

	/* As many as there may be, and each can be found. */
	for (int i = 0; i < DDT_DRIVE_MAX_FAULTS; i++) {
		arg = valid;
		arg.offset = i;
		arg.length = 1;
		expect(!add_fault(&arg) && arg.id, "%d", i);
	}
	arg = valid;
	expect(add_fault(&arg) == -ENOSPC, "too many");
	got.id = 0;
	for (int i = 0; i < DDT_DRIVE_MAX_FAULTS; i++) {
		expect(!get_fault(got.id + 1, &got), "%d", i);
		expect(got.offset == (uint64_t)i && got.length == 1 &&
		       got.kind == DDT_DRIVE_FAULT_ERROR && !got.hits &&
		       !got.reserved, "%d", i);
	}
	expect(get_fault(got.id + 1, &arg) == -ENOENT, "more");

	expect(!remove_fault(got.id), "%d", errno);
	expect(remove_fault(got.id) == -ENOENT, "twice");
	arg = got;
	expect(call(DDT_DRIVE_IOC_FAULT_REMOVE, &arg) == -EINVAL, "the rest");
	expect(!remove_fault(0), "%d", errno);
	expect(!remove_fault(0), "none is all too");
	expect(get_fault(0, &got) == -ENOENT, "there is one left");
}

static void check_fault_error(void)
{
	struct ddt_drive_fault arg = fault_arg(DDT_DRIVE_FAULT_ERROR,
					       DDT_DRIVE_FAULT_READ);
	struct ddt_drive_fault got;
	static char medium[600000];

	arg.offset = 300000;
	arg.length = 2;
	arg.times = 2;
	require(!add_fault(&arg), "FAULT_ADD");
	expect(read_at(300000 - 512) == 512, "before");
	expect(read_at(300002) == 512, "behind");
	expect(write_at(300000) == 512, "another operation");
	expect(read_at(300001) == -EIO, "inside");
	expect(!get_fault(arg.id, &got) && got.hits == 1, "%u", got.hits);
	/* What comes before the part that fails counts. */
	expect(pread(fd, medium, sizeof(medium), 0) == 256 * 1024, "%d", errno);
	expect(get_fault(arg.id, &got) == -ENOENT, "it stays");
	expect(pread(fd, medium, sizeof(medium), 0) == sizeof(medium), "%d",
	       errno);
}

static void check_fault_delay(void)
{
	struct ddt_drive_fault arg = fault_arg(DDT_DRIVE_FAULT_DELAY,
					       DDT_DRIVE_FAULT_READ);

	require(!add_fault(&arg), "FAULT_ADD");
	takes(0, 0, 512, 50 * MS, 550 * MS);
	takes(0, 0, 512, 50 * MS, 550 * MS);
	expect(!remove_fault(arg.id), "%d", errno);
	takes(0, 0, 512, 0, 50 * MS);

	/* If this one stayed, the read would not end. */
	arg.id = 0;
	arg.delay_ms = 3600000;
	require(!add_fault(&arg), "FAULT_ADD");
	expect(!remove_fault(arg.id), "%d", errno);
	expect(read_at(0) == 512, "%d", errno);
}

static void check_fault_hang(void)
{
	struct ddt_drive_fault arg = fault_arg(DDT_DRIVE_FAULT_HANG,
					       DDT_DRIVE_FAULT_CONTROL);
	uint32_t id;

	require(!add_fault(&arg), "FAULT_ADD");
	id = submit(DDT_DRIVE_OP_SPINUP, 0);
	expect(wait_for(id, now_ns() + 250 * MS, NULL) == -ETIME, "no hang");
	expect(!cancel(id), "%d", errno);
	expect(wait_for(id, FOR_EVER, NULL) == -ECANCELED, "cancelled");

	id = submit(DDT_DRIVE_OP_SPINUP, 0);
	require_soon(!get_stats().queued);
	expect(!remove_fault(0), "%d", errno);
	expect(wait_for(id, FOR_EVER, NULL) == -EIO, "removed");
	expect(!wait_for(submit(DDT_DRIVE_OP_SPINUP, 0), FOR_EVER, NULL),
	       "it stays");
}

static void check_times(void)
{
	struct ddt_drive_times times;
	uint64_t sum = 0;

	set_model((struct ddt_drive_model){ .access_us = 2000 });
	for (int i = 0; i < 5; i++)
		read_at(0);
	memset(&times, 0xcc, sizeof(times));
	times.size = sizeof(times);
	expect(!call(DDT_DRIVE_IOC_TIMES, &times), "%d", errno);
	expect(times.size == sizeof(times), "%u", times.size);
	expect(times.buckets == DDT_DRIVE_TIME_BUCKETS, "%u", times.buckets);
	for (int i = 0; i < DDT_DRIVE_TIME_BUCKETS; i++) {
		sum += times.queued[i];
		/* 2 ms and more */
		expect(i >= 20 || !times.service[i], "%d", i);
	}
	expect(sum == 5, "%llu", (unsigned long long)sum);
	times.size = 8;
	expect(call(DDT_DRIVE_IOC_TIMES, &times) == -EINVAL, "size");
}

/* WAIT for any gives those of this file, the first to finish first. */
static void check_wait_any(void)
{
	struct ddt_drive_fault hang = fault_arg(DDT_DRIVE_FAULT_HANG,
						DDT_DRIVE_FAULT_CONTROL);
	int events = open_events(fd);
	struct ddt_drive_submit detached = {
		.size = sizeof(detached),
		.flags = DDT_DRIVE_SUBMIT_DETACH,
		.op = DDT_DRIVE_OP_SPINDOWN,
	};
	uint32_t ids[3], found;

	expect(wait_for(0, FOR_EVER, NULL) == -ENOENT, "there is none");
	require(!call(DDT_DRIVE_IOC_SUBMIT, &detached), "SUBMIT");
	require_soon(get_stats().completed == 1);
	expect(wait_for(0, FOR_EVER, NULL) == -ENOENT, "a detached one");
	expect(!poll_events(events, POLLIN, 0), "none has finished");

	hang.times = 1;
	require(!add_fault(&hang), "FAULT_ADD");
	for (int i = 0; i < 3; i++)
		ids[i] = submit(DDT_DRIVE_OP_SPINDOWN, 0);
	require_soon(get_stats().queued == 2);
	expect(wait_for(0, 0, NULL) == -ETIME, "not yet");
	expect(!cancel(ids[2]), "%d", errno);
	expect(poll_events(events, POLLIN, 20000) == POLLIN, "one has");
	expect(wait_for(0, FOR_EVER, &found) == -ECANCELED && found == ids[2],
	       "%u", found);
	expect(!poll_events(events, POLLIN, 0), "it is collected");
	expect(!cancel(ids[0]), "%d", errno);
	expect(wait_for(0, FOR_EVER, &found) == -ECANCELED && found == ids[0],
	       "%u", found);
	expect(!wait_for(0, FOR_EVER, &found) && found == ids[1], "%u", found);
	expect(wait_for(0, FOR_EVER, NULL) == -ENOENT, "all are collected");
}

/* The file of events says whether there is a free slot. */
static void check_slots(void)
{
	struct ddt_drive_fault hang = fault_arg(DDT_DRIVE_FAULT_HANG,
						DDT_DRIVE_FAULT_CONTROL);
	uint32_t depth = get_info().depth, first;
	int events = open_events(fd);

	require(depth < 10, "a small depth");
	expect(poll_events(events, POLLOUT, 0) == POLLOUT, "an empty queue");
	require(!add_fault(&hang), "FAULT_ADD");
	first = submit(DDT_DRIVE_OP_SPINDOWN, 0);
	require_soon(!get_stats().queued);
	for (uint32_t i = 0; i < depth; i++)
		submit(DDT_DRIVE_OP_SPINDOWN, 0);
	expect(!poll_events(events, POLLOUT, 50), "a full queue");
	expect(!cancel(first), "%d", errno);
	expect(poll_events(events, POLLOUT, 20000) == POLLOUT, "a free slot");
}

/* The file of events is a file of its own; the drive itself cannot be polled. */
static void check_events(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int drive = open_drive(), events;

	require(epoll >= 0, "epoll_create1()");
	expect(epoll_ctl(epoll, EPOLL_CTL_ADD, drive, &event) == -1 &&
	       errno == EPERM, "%d", errno);
	expect(ioctl(drive, DDT_DRIVE_IOC_EVENTS, 1) == -1 && errno == EINVAL,
	       "%d", errno);
	events = open_events(drive);
	expect(fcntl(events, F_GETFD) == FD_CLOEXEC, "%d",
	       fcntl(events, F_GETFD));
	expect(!epoll_ctl(epoll, EPOLL_CTL_ADD, events, &event), "%d", errno);
	expect(epoll_wait(epoll, &event, 1, 0) == 0, "nothing has happened");
	expect(read(events, data, 1) == -1 && errno == EINVAL, "%d", errno);
	close(drive);
	expect(epoll_wait(epoll, &event, 1, 20000) == 1 &&
	       event.events & EPOLLHUP, "%x", event.events);
	expect(poll_events(events, POLLOUT, 0) == (POLLERR | POLLHUP),
	       "the drive's file is closed");
	close(events);
}

/* A file must collect results before it has more than it is allowed. */
static void check_uncollected(void)
{
	struct ddt_drive_submit arg = {
		.size = sizeof(arg),
		.op = DDT_DRIVE_OP_SPINDOWN,
	};
	int other = open_drive();
	uint32_t nr = 0;
	int err;

	do {
		err = call(DDT_DRIVE_IOC_SUBMIT, &arg);
		nr += !err;
		require_soon(!get_stats().queued);
	} while (!err && nr < 5000);
	expect(err == -EBUSY, "%d", err);
	expect(nr >= 1024 && nr <= 1025, "%u", nr);
	expect(!call_on(other, DDT_DRIVE_IOC_SUBMIT, &arg), "%d", errno);
	while (nr--)
		expect(!wait_for(0, FOR_EVER, NULL), "%d", errno);
	expect(wait_for(0, FOR_EVER, NULL) == -ENOENT, "all are collected");
	expect(!call(DDT_DRIVE_IOC_SUBMIT, &arg), "%d", errno);
}

static struct ddt_drive_add add_arg(uint32_t index)
{
	return (struct ddt_drive_add){
		.size = sizeof(struct ddt_drive_add),
		.index = index,
	};
}

static int remove_on(int control, uint32_t index)
{
	struct ddt_drive_remove arg = { .size = sizeof(arg), .index = index };

	return call_on(control, DDT_DRIVE_IOC_REMOVE, &arg);
}

static void check_add(void)
{
	struct ddt_drive_info info = { .size = sizeof(info) };
	struct ddt_drive_model model = { .size = sizeof(model) };
	int control = control_fd(O_RDWR), new;
	struct ddt_drive_add arg;

	arg = add_arg(DDT_DRIVE_ANY_INDEX);
	expect(!call_on(control, DDT_DRIVE_IOC_ADD, &arg) && arg.index == 1,
	       "%u", arg.index);
	arg = add_arg(7);
	arg.flags = DDT_DRIVE_ADD_NICE | DDT_DRIVE_ADD_MODEL;
	arg.capacity_kib = 5;
	arg.depth = 3;
	arg.nice = -4;
	arg.model.size = sizeof(arg.model);
	arg.model.seek_us = 9;
	expect(!call_on(control, DDT_DRIVE_IOC_ADD, &arg) && arg.index == 7,
	       "%u", arg.index);
	arg = add_arg(7);
	expect(call_on(control, DDT_DRIVE_IOC_ADD, &arg) == -EEXIST, "%d",
	       errno);
	new = open("/dev/ddt7", O_RDWR);
	require(new >= 0, "/dev/ddt7");
	expect(!call_on(new, DDT_DRIVE_IOC_INFO, &info), "%d", errno);
	expect(info.index == 7 && info.capacity == 5120 && info.depth == 3 &&
	       info.nice == -4, "%u %llu %u %d", info.index, info.capacity,
	       info.depth, info.nice);
	expect(!call_on(new, DDT_DRIVE_IOC_GET_MODEL, &model) &&
	       model.seek_us == 9, "%u", model.seek_us);

	/* Taken away while it is open; another takes its number. */
	expect(!remove_on(control, 7), "%d", errno);
	expect(remove_on(control, 7) == -ENOENT, "%d", errno);
	expect(access("/dev/ddt7", F_OK) == -1, "the node is there");
	expect(call_on(new, DDT_DRIVE_IOC_INFO, &info) == -ENODEV, "%d",
	       errno);
	arg = add_arg(7);
	expect(!call_on(control, DDT_DRIVE_IOC_ADD, &arg), "%d", errno);
	expect(call_on(new, DDT_DRIVE_IOC_INFO, &info) == -ENODEV, "%d",
	       errno);
	close(new);
	expect(!access("/dev/ddt7", F_OK), "%d", errno);
	expect(!remove_on(control, 7), "%d", errno);
	expect(!remove_on(control, 1), "%d", errno);
	for (uint32_t i = 1; i < 64; i++) {
		arg = add_arg(DDT_DRIVE_ANY_INDEX);
		arg.capacity_kib = 1;
		expect(!call_on(control, DDT_DRIVE_IOC_ADD, &arg) &&
		       arg.index == i, "%u", arg.index);
	}
	arg = add_arg(DDT_DRIVE_ANY_INDEX);
	expect(call_on(control, DDT_DRIVE_IOC_ADD, &arg) == -ENOSPC, "%d",
	       errno);
	for (uint32_t i = 1; i < 64; i++)
		expect(!remove_on(control, i), "%u", i);
}

static void check_add_arguments(void)
{
	int control = control_fd(O_RDWR);
	struct ddt_drive_add wrong[12];
	const int errors[12] = {
		-EINVAL, -EINVAL, -EINVAL, -EINVAL, -EINVAL,
		-ERANGE, -ERANGE, -ERANGE, -ERANGE, -ERANGE, -ERANGE, -EINVAL,
	};

	for (int i = 0; i < 12; i++)
		wrong[i] = add_arg(1);
	wrong[0].size--;
	wrong[1].flags = 4;
	wrong[2].nice = 1;
	wrong[3].model.seek_us = 1;
	wrong[4].flags = DDT_DRIVE_ADD_MODEL;
	wrong[5].index = 64;
	wrong[6].capacity_kib = 1048577;
	wrong[7].depth = 65537;
	wrong[8].flags = DDT_DRIVE_ADD_NICE;
	wrong[8].nice = 20;
	wrong[9].flags = DDT_DRIVE_ADD_NICE;
	wrong[9].nice = -21;
	wrong[10].flags = DDT_DRIVE_ADD_MODEL;
	wrong[10].model.size = sizeof(wrong[10].model);
	wrong[10].model.spinup_ms = 60001;
	wrong[11].flags = DDT_DRIVE_ADD_MODEL;
	wrong[11].model.size = sizeof(wrong[11].model);
	wrong[11].model.reserved[0] = 1;
	for (int i = 0; i < 12; i++) {
		int err = call_on(control, DDT_DRIVE_IOC_ADD, &wrong[i]);

		expect(err == errors[i], "%d: %d", i, err);
	}
	expect(access("/dev/ddt1", F_OK) == -1, "there is one");
	expect(remove_on(control, 64) == -ENOENT, "%d", errno);
	expect(remove_on(control, UINT32_MAX) == -ENOENT, "%d", errno);
	expect(call_on(control, DDT_DRIVE_IOC_INFO, wrong) == -ENOTTY, "%d",
	       errno);
}

/* A drive that is open for reading only. */
static int open_read_only(void)
{
	int drive = open(path, O_RDONLY);

	require(drive >= 0, path);
	return drive;
}

/* A file that is open for reading changes nothing for others. */
static void check_read_only(void)
{
	struct ddt_drive_model model = { .size = sizeof(model) };
	struct ddt_drive_medium medium = { .size = sizeof(medium) };
	struct ddt_drive_priority priority = { .size = sizeof(priority),
					       .nice = 19 };
	struct ddt_drive_fault fault = fault_arg(DDT_DRIVE_FAULT_ERROR, 1);
	struct ddt_drive_fault none = { .size = sizeof(none) };
	struct ddt_drive_add add = add_arg(1);
	int control = control_fd(O_RDONLY);
	int drive = open_read_only();

	expect(call_on(drive, DDT_DRIVE_IOC_SET_MODEL, &model) == -EBADF,
	       "%d", errno);
	expect(call_on(drive, DDT_DRIVE_IOC_SET_MEDIUM, &medium) == -EBADF,
	       "%d", errno);
	expect(call_on(drive, DDT_DRIVE_IOC_SET_PRIORITY, &priority) == -EBADF,
	       "%d", errno);
	expect(call_on(drive, DDT_DRIVE_IOC_FAULT_ADD, &fault) == -EBADF,
	       "%d", errno);
	expect(call_on(drive, DDT_DRIVE_IOC_FAULT_REMOVE, &none) == -EBADF,
	       "%d", errno);
	expect(call_on(control, DDT_DRIVE_IOC_ADD, &add) == -EBADF, "%d",
	       errno);
	expect(remove_on(control, 0) == -EBADF, "%d", errno);
	expect(!call_on(drive, DDT_DRIVE_IOC_GET_MODEL, &model), "%d", errno);
	expect(get_info().state & DDT_DRIVE_MEDIUM, "%x", get_info().state);
	expect(get_info().nice == 0, "%d", get_info().nice);
}

/* Of control operations such a file can verify, and cancel and collect that. */
static void check_read_only_requests(void)
{
	struct ddt_drive_fault hang = fault_arg(DDT_DRIVE_FAULT_HANG,
						DDT_DRIVE_FAULT_CONTROL);
	struct ddt_drive_submit verify = {
		.size = sizeof(verify),
		.op = DDT_DRIVE_OP_VERIFY,
		.length = 1,
	};
	struct ddt_drive_submit detached = verify, other;
	struct ddt_drive_wait wait = { .size = sizeof(wait) };
	struct ddt_drive_cancel cancel_arg = { .size = sizeof(cancel_arg) };
	static const uint32_t ops[] = { DDT_DRIVE_OP_SPINUP,
					DDT_DRIVE_OP_SPINDOWN,
					DDT_DRIVE_OP_ERASE };
	int drive = open_read_only();

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		other = verify;
		other.op = ops[i];
		other.length = ops[i] == DDT_DRIVE_OP_ERASE;
		expect(call_on(drive, DDT_DRIVE_IOC_SUBMIT, &other) == -EBADF,
		       "%u: %d", ops[i], errno);
	}
	detached.flags = DDT_DRIVE_SUBMIT_DETACH;
	other = detached;
	expect(call_on(drive, DDT_DRIVE_IOC_SUBMIT, &other) == -EBADF, "%d",
	       errno);

	require(!add_fault(&hang), "FAULT_ADD");
	require(!call(DDT_DRIVE_IOC_SUBMIT, &detached), "SUBMIT");
	cancel_arg.id = detached.id;
	wait.id = detached.id;
	expect(call_on(drive, DDT_DRIVE_IOC_CANCEL, &cancel_arg) == -ENOENT,
	       "%d", errno);
	expect(call_on(drive, DDT_DRIVE_IOC_WAIT, &wait) == -ENOENT, "%d",
	       errno);
	expect(!call_on(drive, DDT_DRIVE_IOC_SUBMIT, &verify), "%d", errno);
	cancel_arg.id = verify.id;
	wait.id = verify.id;
	expect(!call_on(drive, DDT_DRIVE_IOC_CANCEL, &cancel_arg), "%d", errno);
	expect(!call_on(drive, DDT_DRIVE_IOC_WAIT, &wait) &&
	       wait.status == -ECANCELED, "%d", wait.status);
	expect(!cancel(detached.id), "%d", errno);
	expect(wait_for(detached.id, FOR_EVER, NULL) == -ECANCELED, "%d",
	       errno);
}

static const struct check checks[] = {
	{ "model", check_model },
	{ "idle", check_idle },
	{ "medium", check_medium },
	{ "medium-queued", check_medium_queued },
	{ "fault-arguments", check_fault_arguments },
	{ "fault-error", check_fault_error },
	{ "fault-delay", check_fault_delay },
	{ "fault-hang", check_fault_hang },
	{ "times", check_times },
	{ "wait-any", check_wait_any },
	{ "slots", check_slots },
	{ "events", check_events },
	{ "uncollected", check_uncollected },
	{ "add", check_add },
	{ "add-arguments", check_add_arguments },
	{ "read-only", check_read_only },
	{ "read-only-requests", check_read_only_requests },
};

int main(int argc, char **argv)
{
	begin_checks(argc, argv);
	return run_check(checks, ARRAY_SIZE(checks), argv[2]);
}
