// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fails, one after the other, each allocation of a call and each copy to and
 * from user space (/proc/thread-self/fail-nth): the call must end with ENOMEM or
 * EFAULT and have changed nothing, or must do without.
 *
 *   faults_check MODULE   ddt_drive.ko, which is not loaded, while ddt.ko is
 *
 * Loading ddt.ko is left out: it has trace events, and the kernel warns of
 * itself when it has no memory for those of a module.
 *
 * Prints a line for each call. Needs a kernel with FAULT_INJECTION, and its
 * settings in debugfs such that all allocations are eligible.
 */

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

/* More than any call has: one that is still hit then goes round in circles. */
#define MAX_FAULTS	5000

static int nth_fd;
static int control;			/* /dev/ddt-control */
static char *buffer;
static const char *module;

/* Arms the @nth fault of this thread; 0 for none. */
static void arm(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);
	int written = pwrite(nth_fd, text, length, 0);

	/* Writing this copies from user space, which may be what is hit. */
	if (written < 0 && errno == EFAULT)
		written = pwrite(nth_fd, text, length, 0);
	require(written == length, "fail-nth");
}

/* Disarms it, and returns whether it was hit. */
static bool was_hit(void)
{
	char text[16] = "";
	ssize_t length = pread(nth_fd, text, sizeof(text) - 1, 0);
	/* Reading this copies to user space, which may be what was hit. */
	bool hit = length > 0 && atoi(text) == 0;

	arm(0);
	return hit;
}

/* What a call that fails must leave as it was. */
struct state {
	uint64_t submitted;
	int nice;
	unsigned int medium;
	struct ddt_drive_model model;
	unsigned int nr_faults;
	unsigned int nr_drives;
};

static unsigned int count_faults(void)
{
	struct ddt_drive_fault fault = { .size = sizeof(fault) };
	unsigned int nr = 0;

	while (!call(DDT_DRIVE_IOC_FAULT_GET, &fault)) {
		fault.size = sizeof(fault);
		fault.id++;
		nr++;
	}
	return nr;
}

static unsigned int count_drives(void)
{
	unsigned int nr = 0;
	char node[32];

	for (int i = 0; i < 64; i++) {
		snprintf(node, sizeof(node), "/dev/ddt%d", i);
		nr += !access(node, F_OK);
	}
	return nr;
}

static struct state get_state(void)
{
	struct state state;

	memset(&state, 0, sizeof(state));
	state.submitted = get_stats().submitted;
	state.nice = get_info().nice;
	state.medium = get_info().state & ~DDT_DRIVE_MOTOR_ON;
	state.model.size = sizeof(state.model);
	require(!call(DDT_DRIVE_IOC_GET_MODEL, &state.model), "GET_MODEL");
	state.nr_faults = count_faults();
	state.nr_drives = count_drives();
	return state;
}

/* A call: returns 0 or what it returns, or a negative error number. */
struct subject {
	const char *name;
	long (*run)(void);
	void (*prepare)(void);		/* without faults, before */
	void (*undo)(void);		/* without faults, after it has worked */
	bool served;			/* also if its result cannot be copied */
};

/* Fails each fault of a call once. */
static void sweep(const struct subject *subject, bool has_drive)
{
	unsigned int failed = 0, nth;
	struct state before = {}, after;
	bool hit = true;
	long ret;

	for (nth = 1; hit && nth < MAX_FAULTS; nth++) {
		if (subject->prepare)
			subject->prepare();
		if (has_drive)
			before = get_state();
		arm(nth);
		ret = subject->run();
		hit = was_hit();
		if (ret >= 0) {
			if (subject->undo)
				subject->undo();
			continue;
		}
		failed++;
		expect(hit, "%s fails without a fault: %ld", subject->name,
		       ret);
		expect(ret == -ENOMEM || ret == -EFAULT, "%s, fault %u: %ld",
		       subject->name, nth, ret);
		if (!has_drive)
			continue;
		after = get_state();
		if (subject->served)
			after.submitted = before.submitted;
		expect(!memcmp(&before, &after, sizeof(before)),
		       "%s, fault %u changes something", subject->name, nth);
	}
	expect(!hit, "%s has more than %u faults", subject->name, nth);
	printf("%s: %u faults, %u errors\n", subject->name, nth - 2, failed);
	fflush(stdout);
}

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

/* The module */

static int drive_fd;

/* The motor is off, and nothing takes time. */
static long load_drive(void)
{
	return result(syscall(SYS_finit_module, drive_fd,
			      "drives=2 access_us=0 spinup_ms=0 idle_ms=0", 0));
}

static void unload_drive(void)
{
	require_soon(!syscall(SYS_delete_module, "ddt_drive", O_NONBLOCK));
}

static atomic_bool opening;

/* Opens and asks a drive as soon as there is one. */
static void *keep_opening(void *unused)
{
	struct ddt_drive_info info;
	int drive;

	while (opening) {
		drive = open("/dev/ddt0", O_RDWR | O_CLOEXEC);
		if (drive < 0)
			continue;
		info.size = sizeof(info);
		expect(!ioctl(drive, DDT_DRIVE_IOC_INFO, &info), "%d", errno);
		close(drive);
	}
	return unused;
}

static void check_loading(void)
{
	static const struct subject drive = {
		.name = "insmod ddt_drive.ko",
		.run = load_drive,
		.undo = unload_drive,
	};
	pthread_t thread;

	drive_fd = open(module, O_RDONLY | O_CLOEXEC);
	require(drive_fd >= 0, module);
	opening = true;
	require(!pthread_create(&thread, NULL, keep_opening, NULL), "a thread");
	sweep(&drive, false);
	opening = false;
	pthread_join(thread, NULL);
	require(!load_drive(), "loading ddt_drive");
}

/* Drives */

static struct ddt_drive_add add;

static long add_drive(void)
{
	add = (struct ddt_drive_add){ .size = sizeof(add), .index = 5 };
	return result(ioctl(control, DDT_DRIVE_IOC_ADD, &add));
}

static void remove_drive(void)
{
	struct ddt_drive_remove arg = { .size = sizeof(arg), .index = 5 };

	require(!ioctl(control, DDT_DRIVE_IOC_REMOVE, &arg), "REMOVE");
}

static int opened;

static long open_file(void)
{
	opened = open("/dev/ddt0", O_RDWR | O_CLOEXEC);
	return result(opened);
}

static long get_events(void)
{
	opened = ioctl(fd, DDT_DRIVE_IOC_EVENTS, 0);
	return result(opened);
}

static void close_file(void)
{
	close(opened);
}

/* Ioctls */

static struct ddt_drive_submit submit;
static struct ddt_drive_wait wait_arg;

static long submit_op(uint32_t op, uint64_t length)
{
	submit = (struct ddt_drive_submit){
		.size = sizeof(submit),
		.op = op,
		.length = length,
	};
	return result(ioctl(fd, DDT_DRIVE_IOC_SUBMIT, &submit));
}

static long submit_verify(void)
{
	return submit_op(DDT_DRIVE_OP_VERIFY, 512);
}

static long collect(void)
{
	wait_arg = (struct ddt_drive_wait){
		.size = sizeof(wait_arg),
		.id = submit.id,
		.deadline = FOR_EVER,
	};
	return result(ioctl(fd, DDT_DRIVE_IOC_WAIT, &wait_arg));
}

static void collect_it(void)
{
	require(!collect(), "WAIT");
	expect(wait_arg.status == 0 || wait_arg.status == -ECANCELED, "%d",
	       wait_arg.status);
}

static void submit_it(void)
{
	static bool pending;

	/* A wait that failed has left its request to be collected. */
	if (pending && !collect())
		pending = false;
	require(!submit_verify(), "SUBMIT");
	pending = true;
	require_soon(get_stats().submitted == get_stats().completed);
}

static long cancel_it(void)
{
	struct ddt_drive_cancel arg = { .size = sizeof(arg), .id = submit.id };
	long ret = result(ioctl(fd, DDT_DRIVE_IOC_CANCEL, &arg));

	return ret == -EALREADY ? 0 : ret;
}

static long set_nice(void)
{
	struct ddt_drive_priority arg = { .size = sizeof(arg) };

	return result(ioctl(fd, DDT_DRIVE_IOC_SET_PRIORITY, &arg));
}

static long set_model(void)
{
	struct ddt_drive_model arg = { .size = sizeof(arg) };

	return result(ioctl(fd, DDT_DRIVE_IOC_SET_MODEL, &arg));
}

static long set_medium(void)
{
	struct ddt_drive_medium arg = {
		.size = sizeof(arg),
		.flags = DDT_DRIVE_MEDIUM_PRESENT,
	};

	return result(ioctl(fd, DDT_DRIVE_IOC_SET_MEDIUM, &arg));
}

static struct ddt_drive_fault fault;

static long add_fault(void)
{
	fault = (struct ddt_drive_fault){
		.size = sizeof(fault),
		.kind = DDT_DRIVE_FAULT_ERROR,
		.ops = DDT_DRIVE_FAULT_READ,
		.offset = 65536,
		.length = 1,
	};
	return result(ioctl(fd, DDT_DRIVE_IOC_FAULT_ADD, &fault));
}

static long remove_faults(void)
{
	struct ddt_drive_fault arg = { .size = sizeof(arg) };

	return result(ioctl(fd, DDT_DRIVE_IOC_FAULT_REMOVE, &arg));
}

static void remove_the_faults(void)
{
	require(!remove_faults(), "FAULT_REMOVE");
}

static void add_the_fault(void)
{
	remove_the_faults();
	require(!add_fault(), "FAULT_ADD");
}

static long get_fault(void)
{
	struct ddt_drive_fault arg = { .size = sizeof(arg) };

	return result(ioctl(fd, DDT_DRIVE_IOC_FAULT_GET, &arg));
}

/* An ioctl that only asks. */
static long query(unsigned long cmd, uint32_t size)
{
	static union {
		uint32_t size;
		char bytes[1024];
	} answer;

	memset(&answer, 0, sizeof(answer));
	answer.size = size;
	return result(ioctl(fd, cmd, &answer));
}

static long query_info(void)
{
	return query(DDT_DRIVE_IOC_INFO, sizeof(struct ddt_drive_info));
}

static long query_stats(void)
{
	return query(DDT_DRIVE_IOC_STATS, sizeof(struct ddt_drive_stats));
}

static long query_times(void)
{
	return query(DDT_DRIVE_IOC_TIMES, sizeof(struct ddt_drive_times));
}

static long query_nice(void)
{
	return query(DDT_DRIVE_IOC_GET_PRIORITY,
		     sizeof(struct ddt_drive_priority));
}

static long query_model(void)
{
	return query(DDT_DRIVE_IOC_GET_MODEL, sizeof(struct ddt_drive_model));
}

/* Reading and writing */

enum { SIZE = 300000 };			/* in two parts, and not in a page */

static long read_sync(void)
{
	return result(pread(fd, buffer, SIZE, 0));
}

static long write_sync(void)
{
	return result(pwrite(fd, buffer, SIZE, 0));
}

static long sync_drive(void)
{
	return result(fsync(fd));
}

static aio_context_t context;

static long aio_transfer(int op)
{
	struct iocb iocb = {
		.aio_lio_opcode = op,
		.aio_fildes = fd,
		.aio_buf = (uintptr_t)buffer,
		.aio_nbytes = SIZE,
	};
	struct iocb *list = &iocb;
	long ret = result(syscall(SYS_io_submit, context, 1, &list));

	/* Out of memory for what the kernel itself keeps of it. */
	return ret == -EAGAIN ? -ENOMEM : ret;
}

static long aio_read(void)
{
	return aio_transfer(IOCB_CMD_PREAD);
}

static long aio_write(void)
{
	return aio_transfer(IOCB_CMD_PWRITE);
}

static void aio_reap(void)
{
	struct io_event event;

	require(syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1,
		"io_getevents()");
	expect(event.res == SIZE || event.res == -ENOMEM ||
	       event.res == -EFAULT, "%lld", event.res);
}

static struct io_uring ring;

static void ring_prepare(bool write)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	require(sqe, "an sqe");
	if (write)
		io_uring_prep_write(sqe, fd, buffer, SIZE, 0);
	else
		io_uring_prep_read(sqe, fd, buffer, SIZE, 0);
}

static void ring_prepare_read(void)
{
	if (!io_uring_sq_ready(&ring))
		ring_prepare(false);
}

static void ring_prepare_write(void)
{
	if (!io_uring_sq_ready(&ring))
		ring_prepare(true);
}

static long ring_submit(void)
{
	int ret = io_uring_submit(&ring);

	/* Out of memory for a request: it stays in the ring. */
	return ret == -EAGAIN ? -ENOMEM : ret;
}

static void ring_reap(void)
{
	struct io_uring_cqe *cqe;

	require(!io_uring_wait_cqe(&ring, &cqe), "a completion");
	expect(cqe->res == SIZE || cqe->res == -ENOMEM || cqe->res == -EFAULT,
	       "%d", cqe->res);
	io_uring_cqe_seen(&ring, cqe);
}

/* Files that show a drive */

static long read_file(const char *name)
{
	int file = open(name, O_RDONLY | O_CLOEXEC);
	long ret;

	if (file < 0)
		return -errno;
	ret = result(read(file, buffer, 4096));
	close(file);
	return ret;
}

static long read_sysfs(void)
{
	return read_file("/sys/class/misc/ddt0/queued");
}

static long read_queue(void)
{
	return read_file("/sys/kernel/debug/ddt_drive/ddt0/queue");
}

static long read_faults(void)
{
	return read_file("/sys/kernel/debug/ddt_drive/ddt0/faults");
}

static const struct subject subjects[] = {
	{ .name = "open", .run = open_file, .undo = close_file },
	{ .name = "ADD", .run = add_drive, .undo = remove_drive },
	{ .name = "INFO", .run = query_info },
	{ .name = "STATS", .run = query_stats },
	{ .name = "TIMES", .run = query_times },
	{ .name = "GET_PRIORITY", .run = query_nice },
	{ .name = "SET_PRIORITY", .run = set_nice },
	{ .name = "GET_MODEL", .run = query_model },
	{ .name = "SET_MODEL", .run = set_model },
	{ .name = "SET_MEDIUM", .run = set_medium },
	{ .name = "FAULT_ADD", .run = add_fault, .undo = remove_the_faults },
	{ .name = "FAULT_GET", .run = get_fault, .prepare = add_the_fault },
	{ .name = "FAULT_REMOVE", .run = remove_faults,
	  .prepare = add_the_fault },
	{ .name = "SUBMIT", .run = submit_verify,
	  .prepare = remove_the_faults, .undo = collect_it },
	{ .name = "WAIT", .run = collect, .prepare = submit_it },
	{ .name = "CANCEL", .run = cancel_it, .prepare = submit_it },
	{ .name = "EVENTS", .run = get_events, .undo = close_file },
	{ .name = "read", .run = read_sync, .served = true },
	{ .name = "write", .run = write_sync },
	{ .name = "fsync", .run = sync_drive },
	{ .name = "libaio read", .run = aio_read, .undo = aio_reap },
	{ .name = "libaio write", .run = aio_write, .undo = aio_reap },
	{ .name = "io_uring read", .run = ring_submit,
	  .prepare = ring_prepare_read, .undo = ring_reap },
	{ .name = "io_uring write", .run = ring_submit,
	  .prepare = ring_prepare_write, .undo = ring_reap },
	{ .name = "sysfs", .run = read_sysfs },
	{ .name = "debugfs queue", .run = read_queue },
	{ .name = "debugfs faults", .run = read_faults,
	  .prepare = add_the_fault },
};

static void check_calls(void)
{
	control = open("/dev/ddt-control", O_RDWR | O_CLOEXEC);
	require(control >= 0, "/dev/ddt-control");
	require(!syscall(SYS_io_setup, 4, &context), "io_setup()");
	require(!io_uring_queue_init(4, &ring, 0), "an io_uring");
	buffer = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	require(buffer != MAP_FAILED, "memory");

	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++)
		sweep(&subjects[i], true);
	require_soon(get_stats().completed == get_stats().submitted);
}

static const struct check checks[] = {
	{ "calls", check_calls },
};

int main(int argc, char **argv)
{
	char drive[] = "/dev/ddt0", name[] = "calls";
	char *arguments[3] = { argv[0], drive, name };

	if (argc != 2) {
		fprintf(stderr, "usage: faults_check MODULE\n");
		return 2;
	}
	module = argv[1];
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	require(nth_fd >= 0, "/proc/thread-self/fail-nth");
	check_loading();
	begin_checks(3, arguments);
	return run_check(checks, ARRAY_SIZE(checks), name);
}
