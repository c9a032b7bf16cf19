// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks what a member of the drive's group may do to others: hostile_check DEV
 * CHECK, as root, where the drive is new and its node is for its group. What
 * members do is done by children without any privilege.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* Two members of the group. */
#define MALLORY	65001
#define ALICE	65002

/* How many threads, files or requests are used to keep others out. */
#define CROWD	200

#define SIZE	512

static char data[SIZE];

/* Users */

/* Opens the drive as a user without privileges, and as no other. */
static void become(uid_t uid)
{
	struct stat node;

	require(!stat(path, &node), path);
	close(fd);
	require(!setgroups(0, NULL), "setgroups()");
	require(!setresgid(node.st_gid, node.st_gid, node.st_gid),
		"setresgid()");
	require(!setresuid(uid, uid, uid), "setresuid()");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open_drive();
}

/* Runs @run as a user; it goes on for ever or says whether all is well. */
static pid_t start_as(uid_t uid, void (*run)(void))
{
	pid_t pid = fork();

	require(pid >= 0, "fork()");
	if (pid)
		return pid;
	become(uid);
	run();
	_exit(has_failed());
}

static void run_as(uid_t uid, void (*run)(void))
{
	pid_t pid = start_as(uid, run);
	int status;

	require(waitpid(pid, &status, 0) == pid, "waitpid()");
	expect(!status, "%x as user %u", status, uid);
}

static void end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	require_soon(waitpid(pid, &status, WNOHANG) == pid);
}

/* Requests */

static struct ddt_drive_submit verify_arg(uint32_t flags)
{
	return (struct ddt_drive_submit){
		.size = sizeof(struct ddt_drive_submit),
		.flags = flags,
		.op = DDT_DRIVE_OP_VERIFY,
		.length = SIZE,
	};
}

static int submit_verify(uint32_t flags, uint32_t *id)
{
	struct ddt_drive_submit arg = verify_arg(flags);
	int err = call(DDT_DRIVE_IOC_SUBMIT, &arg);

	*id = arg.id;
	return err;
}

static int wait_for(uint32_t id, uint64_t deadline)
{
	struct ddt_drive_wait arg = {
		.size = sizeof(arg),
		.id = id,
		.deadline = deadline,
	};
	int err = call(DDT_DRIVE_IOC_WAIT, &arg);

	return err ? err : arg.status;
}

static int cancel(uint32_t id)
{
	struct ddt_drive_cancel arg = { .size = sizeof(arg), .id = id };

	return call(DDT_DRIVE_IOC_CANCEL, &arg);
}

/* Of the drive, without opening it: who has it open has a share of it. */
static unsigned int attribute(const char *name)
{
	char file[128], text[32] = "";
	int attr;

	snprintf(file, sizeof(file), "/sys/class/misc/%s/%s",
		 strrchr(path, '/') + 1, name);
	attr = open(file, O_RDONLY | O_CLOEXEC);
	require(attr >= 0 && read(attr, text, sizeof(text) - 1) > 0, file);
	close(attr);
	return strtoul(text, NULL, 10);
}

/* Keeping others out */

static void *keep_reading(void *arg)
{
	int own = arg ? open_drive() : fd;

	for (;;)
		if (pread(own, data, SIZE, 0) != SIZE && errno != EIO)
			return NULL;
}

/* Returns when all have met with an error. */
static void read_in_threads(bool own_files)
{
	pthread_t threads[CROWD];

	for (int i = 0; i < CROWD; i++)
		require(!pthread_create(&threads[i], NULL, keep_reading,
					own_files ? &fd : NULL), "a thread");
	for (int i = 0; i < CROWD; i++)
		pthread_join(threads[i], NULL);
}

/* Many threads that wait for their requests. */
static void flood_threads(void)
{
	read_in_threads(false);
}

/* Each with a file of its own. */
static void flood_files(void)
{
	read_in_threads(true);
}

/* As many asynchronous reads as are accepted. */
static void flood_aio(void)
{
	struct iocb iocb = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = fd,
		.aio_buf = (uintptr_t)data,
		.aio_nbytes = SIZE,
	};
	struct iocb *list = &iocb;
	struct io_event events[CROWD];
	aio_context_t context = 0;

	require(!fcntl(fd, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
	require(!syscall(SYS_io_setup, 2 * CROWD, &context), "io_setup()");
	for (;;) {
		while (syscall(SYS_io_submit, context, 1, &list) == 1)
			;
		require(errno == EAGAIN, "io_submit()");
		syscall(SYS_io_getevents, context, 0, CROWD, events, NULL);
	}
}

/* Operations of which no result is collected. */
static void flood_detached(void)
{
	uint32_t id;

	for (;;)
		submit_verify(DDT_DRIVE_SUBMIT_DETACH, &id);
}

/*
 * Beside a user that takes what it gets: each request is accepted at once, and
 * waits for no more than one user may have in flight, as often as the machine has
 * time for this one.
 */
static void use_drive(void)
{
	unsigned int share = attribute("depth") / 2;
	uint64_t least = UINT64_MAX;
	uint32_t id;

	for (int i = 0; i < 20; i++) {
		uint64_t before = get_stats().completed;
		int err = submit_verify(0, &id);

		expect(!err, "request %d: %d", i, err);
		if (!err)
			expect(!wait_for(id, FOR_EVER), "request %d", i);
		expect(pread(fd, data, SIZE, 0) == SIZE, "%d", errno);
		before = get_stats().completed - before;
		if (before < least)
			least = before;
	}
	expect(least <= 2 * (share + 2), "%llu requests",
	       (unsigned long long)least);
}

/*
 * Starts a user that takes all it gets, which is seven eighths of the depth if it
 * is the only one: closes the drive. The first request hangs meanwhile, or a slow
 * machine would not fill the queue.
 */
static pid_t start_flood(void (*flood)(void))
{
	unsigned int depth = attribute("depth");
	struct ddt_drive_fault hang = {
		.size = sizeof(hang),
		.kind = DDT_DRIVE_FAULT_HANG,
		.ops = DDT_DRIVE_FAULT_READ | DDT_DRIVE_FAULT_CONTROL,
		.times = 1,
	};
	pid_t pid;

	require(depth >= 16, "a depth of at least 16");
	require(!call(DDT_DRIVE_IOC_FAULT_ADD, &hang), "FAULT_ADD");
	pid = start_as(MALLORY, flood);
	close(fd);
	require_soon(attribute("queued") >= depth - depth / 8 - 1);
	return pid;
}

static void check_flood(void (*flood)(void))
{
	struct ddt_drive_fault all = { .size = sizeof(all) };
	pid_t pid = start_flood(flood);

	fd = open_drive();
	require(!call(DDT_DRIVE_IOC_FAULT_REMOVE, &all), "FAULT_REMOVE");
	close(fd);
	run_as(ALICE, use_drive);
	end(pid);
}

static void check_threads(void)
{
	check_flood(flood_threads);
}

static void check_files(void)
{
	check_flood(flood_files);
}

static void check_aio(void)
{
	check_flood(flood_aio);
}

static void check_detached(void)
{
	check_flood(flood_detached);
}

/* Submitters that wait for the share of their user can be killed. */
static void check_killed(void)
{
	end(start_flood(flood_threads));
	require_soon(!attribute("queued"));
}

/* They are told, one and all, when the drive is removed. */
static void check_removed(void)
{
	struct ddt_drive_remove arg = {
		.size = sizeof(arg),
		.index = get_info().index,
	};
	pid_t pid = start_flood(flood_threads);
	int control = open("/dev/ddt-control", O_RDWR | O_CLOEXEC);
	int status;

	require(control >= 0, "/dev/ddt-control");
	require(!call_on(control, DDT_DRIVE_IOC_REMOVE, &arg), "REMOVE");
	require_soon(waitpid(pid, &status, WNOHANG) == pid);
	expect(!status, "%x", status);
}

/* What is for the administrator */

static void expect_not_permitted(void)
{
	struct ddt_drive_priority priority = { .size = sizeof(priority) };
	struct ddt_drive_model model = { .size = sizeof(model) };
	struct ddt_drive_fault fault = {
		.size = sizeof(fault),
		.kind = DDT_DRIVE_FAULT_HANG,
		.ops = DDT_DRIVE_FAULT_READ,
	};
	struct ddt_drive_fault none = { .size = sizeof(none) };

	for (priority.nice = -20; priority.nice <= 19; priority.nice++)
		expect(call(DDT_DRIVE_IOC_SET_PRIORITY, &priority) == -EPERM,
		       "%d: %d", priority.nice, errno);
	expect(call(DDT_DRIVE_IOC_SET_MODEL, &model) == -EPERM, "%d", errno);
	expect(call(DDT_DRIVE_IOC_FAULT_ADD, &fault) == -EPERM, "%d", errno);
	expect(call(DDT_DRIVE_IOC_FAULT_REMOVE, &none) == -EPERM, "%d", errno);
	expect(!call(DDT_DRIVE_IOC_FAULT_GET, &none), "%d", errno);
	expect(open("/dev/ddt-control", O_RDONLY) == -1 && errno == EACCES,
	       "%d", errno);
}

static void check_settings(void)
{
	struct ddt_drive_model before = { .size = sizeof(before) };
	struct ddt_drive_model after = { .size = sizeof(after) };
	struct ddt_drive_fault fault = {
		.size = sizeof(fault),
		.kind = DDT_DRIVE_FAULT_ERROR,
		.ops = DDT_DRIVE_FAULT_WRITE,
	};

	require(!call(DDT_DRIVE_IOC_FAULT_ADD, &fault), "FAULT_ADD");
	require(!call(DDT_DRIVE_IOC_GET_MODEL, &before), "GET_MODEL");
	run_as(MALLORY, expect_not_permitted);
	require(!call(DDT_DRIVE_IOC_GET_MODEL, &after), "GET_MODEL");
	expect(!memcmp(&before, &after, sizeof(before)), "the model");
	expect(get_info().nice == 0, "%d", get_info().nice);
	fault.id = 0;
	expect(!call(DDT_DRIVE_IOC_FAULT_GET, &fault), "%d", errno);
}

/* The kernel's log */

/* Calls that are wrong in all ways. */
static void call_wrongly(void)
{
	void *nowhere = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
	uint32_t *words = (uint32_t *)data;
	struct ddt_drive_submit arg;

	require(nowhere != MAP_FAILED, "mmap()");

	for (unsigned int i = 0; i < 2000; i++) {
		unsigned long cmd = _IO(DDT_DRIVE_IOC_MAGIC, 0x40 + i % 0x24);

		for (size_t j = 0; j < SIZE / sizeof(*words); j++)
			words[j] = rand();
		words[0] = i % 3 ? i % SIZE : words[0];
		/* Not for ever: as a rule that time is over. */
		if (cmd == DDT_DRIVE_IOC_WAIT)
			memset(data + offsetof(struct ddt_drive_wait, deadline),
			       0, sizeof(uint64_t));
		ioctl(fd, cmd, i % 5 ? data : nowhere);
		expect(pread(fd, nowhere, SIZE, 0) == -1, "%u", i);
		expect(pwrite(fd, nowhere, SIZE, 0) == -1, "%u", i);
		expect(pwrite(fd, data, SIZE, INT64_MAX - i) == -1, "%u", i);
		arg = verify_arg(0);
		arg.offset = -1ULL - i;
		call(DDT_DRIVE_IOC_SUBMIT, &arg);
	}
}

static void check_wrong_calls(void)
{
	run_as(MALLORY, call_wrongly);
}

/* Data and requests of others */

static uint32_t ids[2];
static int result_pipe[2];

static void submit_detached(void)
{
	uint32_t id;

	require(!submit_verify(DDT_DRIVE_SUBMIT_DETACH, &id), "SUBMIT");
	require(write(result_pipe[1], &id, sizeof(id)) == sizeof(id), "a pipe");
}

static void touch_requests(void)
{
	/* To guess an id must not help. */
	for (uint32_t id = 1; id <= 1000; id++) {
		expect(cancel(id) == -ENOENT, "%u: %d", id, errno);
		expect(wait_for(id, 0) == -ENOENT, "%u: %d", id, errno);
	}
	expect(wait_for(0, 0) == -ENOENT, "%d", errno);
}

static void check_requests(void)
{
	require(!submit_verify(0, &ids[0]), "SUBMIT");
	require(!submit_verify(DDT_DRIVE_SUBMIT_DETACH, &ids[1]), "SUBMIT");
	require(ids[0] <= 1000 && ids[1] <= 1000, "ids");
	require_soon(get_stats().completed == 2);
	run_as(MALLORY, touch_requests);
	for (int i = 0; i < 2; i++)
		expect(!wait_for(ids[i], 0), "%d: %d", i, errno);

	/* The administrator can collect what a member has detached. */
	require(!pipe(result_pipe), "pipe()");
	run_as(ALICE, submit_detached);
	require(read(result_pipe[0], ids, sizeof(*ids)) == sizeof(*ids),
		"a pipe");
	expect(!wait_for(ids[0], FOR_EVER), "%d", errno);
}

/* More than are kept for one user. */
static void detach_many(void)
{
	uint32_t id;

	for (int i = 0; i < 1200; i++)
		require_soon(!submit_verify(DDT_DRIVE_SUBMIT_DETACH, &id));
}

static void check_results(void)
{
	uint32_t id;

	require(!pipe(result_pipe), "pipe()");
	run_as(ALICE, submit_detached);
	require(read(result_pipe[0], &id, sizeof(id)) == sizeof(id), "a pipe");
	run_as(MALLORY, detach_many);
	expect(!wait_for(id, FOR_EVER), "%d", errno);
}

#define LARGE	(512 * 1024)

static unsigned char large[LARGE];

static bool untouched(size_t from)
{
	for (size_t i = from; i < LARGE; i++)
		if (large[i] != 0xcc)
			return false;
	return true;
}

static ssize_t read_large(bool async)
{
	struct iocb iocb = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = fd,
		.aio_buf = (uintptr_t)large,
		.aio_nbytes = LARGE,
	};
	struct iocb *list = &iocb;
	aio_context_t context = 0;
	struct io_event event;
	ssize_t ret;

	memset(large, 0xcc, LARGE);
	if (!async) {
		ret = pread(fd, large, LARGE, 0);
		return ret < 0 ? -errno : ret;
	}
	require(!syscall(SYS_io_setup, 1, &context), "io_setup()");
	require(syscall(SYS_io_submit, context, 1, &list) == 1, "io_submit()");
	require(syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1,
		"io_getevents()");
	syscall(SYS_io_destroy, context);
	return event.res;
}

/* The second part of a read fails. */
static void read_in_part(void)
{
	for (int async = 0; async < 2; async++) {
		expect(read_large(async) == LARGE / 2, "%d", errno);
		expect(!large[LARGE / 2 - 1], "what is on the medium");
		expect(untouched(LARGE / 2), "more than was read");
	}
}

static void read_nothing(void)
{
	for (int async = 0; async < 2; async++) {
		expect(read_large(async) == -ENOMEDIUM, "%d", errno);
		expect(untouched(0), "something was read");
	}
}

static void check_short_reads(void)
{
	struct ddt_drive_medium medium = { .size = sizeof(medium) };
	struct ddt_drive_fault fault = {
		.size = sizeof(fault),
		.kind = DDT_DRIVE_FAULT_ERROR,
		.ops = DDT_DRIVE_FAULT_READ,
		.offset = LARGE / 2,
		.length = 1,
	};

	require(!call(DDT_DRIVE_IOC_FAULT_ADD, &fault), "FAULT_ADD");
	run_as(MALLORY, read_in_part);
	require(!call(DDT_DRIVE_IOC_SET_MEDIUM, &medium), "SET_MEDIUM");
	run_as(MALLORY, read_nothing);
}

/*
 * Memory: what a member can make the kernel allocate. For a memory cgroup with a
 * limit, see tools/check/hostile: ends with ENOMEM, or is killed.
 */

static void expect_no_memory(const char *what, unsigned int nr)
{
	printf("%u %s, then %s\n", nr, what, strerror(errno));
	expect(errno == ENOMEM, "%d", errno);
}

/* Files, and of each also the file of its events. */
static void check_memory_files(void)
{
	unsigned int nr = 0;
	int drive = 0;

	become(MALLORY);
	while (drive >= 0) {
		drive = open(path, O_RDWR | O_CLOEXEC);
		if (drive >= 0)
			drive = ioctl(drive, DDT_DRIVE_IOC_EVENTS, 0);
		nr++;
	}
	expect_no_memory("files", nr);
}

/* Results that are not collected, and those of detached requests. */
static void check_memory_results(void)
{
	unsigned int nr = 0;
	uint32_t id;
	int err;

	become(MALLORY);
	do {
		err = submit_verify(nr % 2 ? DDT_DRIVE_SUBMIT_DETACH : 0, &id);
		nr += !err;
		if (err == -EBUSY) {
			fd = open(path, O_RDWR | O_CLOEXEC);
			err = fd < 0 ? -errno : 0;
		}
	} while (!err || err == -EAGAIN);
	errno = -err;
	expect_no_memory("results", nr);
}

/*
 * Data of writes that are queued. To wait for memory can take until others have
 * been served: then all are accepted in the end.
 */
static void check_memory_queued(void)
{
	struct iocb iocb = {
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_buf = (uintptr_t)large,
		.aio_nbytes = LARGE,
	};
	struct iocb *list = &iocb;
	aio_context_t context = 0;
	unsigned int nr = 0;

	become(MALLORY);
	iocb.aio_fildes = fd;
	require(!syscall(SYS_io_setup, CROWD, &context), "io_setup()");
	while (nr < CROWD && syscall(SYS_io_submit, context, 1, &list) == 1)
		nr++;
	if (nr < CROWD)
		expect_no_memory("writes", nr);
}

static const struct check checks[] = {
	{ "threads", check_threads },
	{ "files", check_files },
	{ "aio", check_aio },
	{ "detached", check_detached },
	{ "killed", check_killed },
	{ "removed", check_removed },
	{ "settings", check_settings },
	{ "wrong-calls", check_wrong_calls },
	{ "requests", check_requests },
	{ "results", check_results },
	{ "short-reads", check_short_reads },
	{ "memory-files", check_memory_files },
	{ "memory-results", check_memory_results },
	{ "memory-queued", check_memory_queued },
};

int main(int argc, char **argv)
{
	begin_checks(argc, argv);
	return run_check(checks, ARRAY_SIZE(checks), argv[2]);
}
