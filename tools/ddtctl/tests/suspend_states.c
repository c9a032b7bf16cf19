// SPDX-License-Identifier: GPL-2.0-only
/*
 * suspend_states.c - the states in which a task can wait for a drive: what the
 *		      processes of suspend_check do
 */

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "suspend.h"

void fill(unsigned char *data, unsigned int drive, unsigned int block,
	  bool written)
{
	for (unsigned int i = 0; i < SIZE; i++)
		data[i] = drive * 59 + block * 31 + i * 7 + written;
}

bool is_block(const unsigned char *data, unsigned int drive, unsigned int block,
	      bool written)
{
	unsigned char wanted[SIZE];

	fill(wanted, drive, block, written);
	return !memcmp(data, wanted, SIZE);
}

char task_state(pid_t pid, pid_t tid)
{
	char name[64], text[256] = "", *end;
	ssize_t size;
	int file;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/stat", pid, tid);
	file = open(name, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return 0;
	size = read(file, text, sizeof(text) - 1);
	close(file);
	end = size > 0 ? strrchr(text, ')') : NULL;
	return end ? end[2] : 0;
}

unsigned int own_drive;

static void check_read(const unsigned char *data, unsigned int block)
{
	expect(is_block(data, own_drive, block, false), "block %u of drive %u",
	       block, own_drive);
}

static void *read_block(void *arg)
{
	unsigned int block = (uintptr_t)arg;
	unsigned char data[SIZE];

	expect(pread(fd, data, SIZE, block * SIZE) == SIZE, "%d", errno);
	check_read(data, block);
	return NULL;
}

static void *write_block(void *arg)
{
	unsigned int block = (uintptr_t)arg;
	unsigned char data[SIZE];

	fill(data, own_drive, block, true);
	expect(pwrite(fd, data, SIZE, block * SIZE) == SIZE, "%d", errno);
	return NULL;
}

/* Calls a function for the blocks 0 to @n - 1, each in a thread. */
static void in_threads(void *(*fn)(void *), unsigned int n)
{
	pthread_t threads[BLOCKS];

	for (uintptr_t i = 1; i < n; i++)
		require(!pthread_create(&threads[i], NULL, fn, (void *)i),
			"a thread");
	fn((void *)0);
	for (unsigned int i = 1; i < n; i++)
		pthread_join(threads[i], NULL);
}

static void state_read(void)
{
	in_threads(read_block, 1);
}

static void state_write(void)
{
	in_threads(write_block, 1);
}

static void state_slot_read(void)
{
	in_threads(read_block, 3);
}

static void state_slot_write(void)
{
	in_threads(write_block, 3);
}

static uint32_t submit(unsigned int flags)
{
	struct ddt_drive_submit arg = {
		.size = sizeof(arg),
		.flags = flags,
		.op = DDT_DRIVE_OP_VERIFY,
		.length = SIZE,
	};

	require(!call(DDT_DRIVE_IOC_SUBMIT, &arg), "SUBMIT");
	return arg.id;
}

static void state_fsync(void)
{
	submit(DDT_DRIVE_SUBMIT_DETACH);
	expect(!fsync(fd), "%d", errno);
	expect(get_stats().completed == get_stats().submitted, "%llu",
	       get_stats().completed);
}

/*
 * A task that holds the lock of a pipe while it waits for the drive, and
 * another that wants it. (The position of a device's file has no lock.)
 */

static int pipe_fds[2];
static pid_t holding;		/* set and read by different threads */

static void set_holding(void)
{
	__atomic_store_n(&holding, gettid(), __ATOMIC_RELAXED);
}

static bool holds_lock(void)
{
	pid_t tid = __atomic_load_n(&holding, __ATOMIC_RELAXED);

	return tid && task_state(getpid(), tid) == 'D';
}

static void hold_lock_in(pthread_t *thread, void *(*fn)(void *))
{
	require(!pthread_create(thread, NULL, fn, NULL), "a thread");
	await(holds_lock());
}

static void *splice_from_drive(void *arg)
{
	off64_t offset = 0;

	set_holding();
	expect(splice(fd, &offset, pipe_fds[1], NULL, SIZE, 0) == SIZE, "%d",
	       errno);
	return arg;
}

static void *send_from_drive(void *arg)
{
	off_t offset = 0;

	set_holding();
	expect(sendfile(pipe_fds[1], fd, &offset, SIZE) == SIZE, "%d", errno);
	return arg;
}

static void *splice_to_drive(void *arg)
{
	off64_t offset = 0;

	set_holding();
	expect(splice(pipe_fds[0], NULL, fd, &offset, SIZE, 0) == SIZE, "%d",
	       errno);
	return arg;
}

static void hold_pipe(void *(*fn)(void *))
{
	unsigned char data[SIZE], last = 0;
	pthread_t thread;

	require(!pipe2(pipe_fds, O_CLOEXEC), "a pipe");
	if (fn == splice_to_drive) {
		fill(data, own_drive, 0, true);
		require(write(pipe_fds[1], data, SIZE) == SIZE, "write()");
	}
	hold_lock_in(&thread, fn);
	expect(write(pipe_fds[1], "x", 1) == 1, "%d", errno);
	pthread_join(thread, NULL);
	if (fn != splice_to_drive) {
		expect(read(pipe_fds[0], data, SIZE) == SIZE, "%d", errno);
		check_read(data, 0);
	}
	expect(read(pipe_fds[0], &last, 1) == 1 && last == 'x', "%d", last);
}

static void state_splice_read(void)
{
	hold_pipe(splice_from_drive);
}

static void state_splice_write(void)
{
	hold_pipe(splice_to_drive);
}

static void state_sendfile(void)
{
	hold_pipe(send_from_drive);
}

static void ring_read(unsigned int flags, unsigned int n, bool ignore)
{
	static unsigned char data[BLOCKS][SIZE];
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = 1 };
	bool seen[BLOCKS] = { false };
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	int err;

	require(!io_uring_queue_init_params(BLOCKS, &ring, &params), "a ring");
	for (unsigned int i = 0; i < n; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

		io_uring_prep_read(sqe, fd, data[i], SIZE, i * SIZE);
		sqe->user_data = i;
	}
	require(io_uring_submit(&ring) == (int)n, "io_uring_submit()");
	for (unsigned int i = 0; i < n && !ignore; i++) {
		/* Like some other waits it is interrupted by the freezer. */
		do {
			err = io_uring_wait_cqe(&ring, &cqe);
		} while (err == -EINTR);
		require(!err, "a completion");
		expect(cqe->res == SIZE, "%d", cqe->res);
		require(cqe->user_data < n && !seen[cqe->user_data],
			"one completion of each");
		seen[cqe->user_data] = true;
		check_read(data[cqe->user_data], cqe->user_data);
		io_uring_cqe_seen(&ring, cqe);
	}
	expect(ignore || io_uring_peek_cqe(&ring, &cqe), "one more completion");
}

/* Workers of io_uring wait for slots. */
static void state_io_wq(void)
{
	ring_read(0, 3, false);
}

static void state_io_uring(void)
{
	ring_read(0, 2, false);
}

static void state_sqpoll(void)
{
	ring_read(IORING_SETUP_SQPOLL, 2, false);
}

/* Is killed. */
static void state_killed(void)
{
	ring_read(0, 8, true);
	for (;;)
		pause();
}

static void aio_read(unsigned int n)
{
	static unsigned char data[BLOCKS][SIZE];
	struct iocb iocbs[BLOCKS] = {}, *args[BLOCKS];
	struct io_event event;
	aio_context_t context = 0;
	bool seen[BLOCKS] = { false };
	long ret;

	require(!syscall(SYS_io_setup, BLOCKS, &context), "io_setup()");
	for (unsigned int i = 0; i < n; i++) {
		args[i] = &iocbs[i];
		iocbs[i].aio_lio_opcode = IOCB_CMD_PREAD;
		iocbs[i].aio_fildes = fd;
		iocbs[i].aio_buf = (uintptr_t)data[i];
		iocbs[i].aio_nbytes = SIZE;
		iocbs[i].aio_offset = i * SIZE;
		iocbs[i].aio_data = i;
	}
	require(syscall(SYS_io_submit, context, n, args) == n, "io_submit()");
	for (unsigned int i = 0; i < n; i++) {
		do {
			ret = syscall(SYS_io_getevents, context, 1, 1, &event,
				      NULL);
		} while (ret < 0 && errno == EINTR);
		require(ret == 1, "io_getevents()");
		expect(event.res == SIZE, "%lld", event.res);
		require(event.data < n && !seen[event.data],
			"one completion of each");
		seen[event.data] = true;
		check_read(data[event.data], event.data);
	}
}

static void state_io_submit(void)
{
	aio_read(3);
}

static void state_io_getevents(void)
{
	aio_read(2);
}

/* Waits for a control operation of its own, with 0 for any. */
static uint32_t collect(uint32_t id)
{
	struct ddt_drive_wait arg = {
		.size = sizeof(arg),
		.id = id,
		.deadline = FOR_EVER,
	};
	int err = call(DDT_DRIVE_IOC_WAIT, &arg);

	expect(!err, "%d", err);
	expect(!arg.status, "%d", arg.status);
	return arg.id;
}

static uint32_t ids[2];

static void *collect_one(void *arg)
{
	collect(ids[(uintptr_t)arg]);
	return NULL;
}

static void state_wait(void)
{
	ids[0] = submit(0);
	ids[1] = submit(0);
	in_threads(collect_one, 2);
}

static void collect_any(void)
{
	uint32_t first = collect(0), second = collect(0);

	expect(first + second == ids[0] + ids[1] && first != second,
	       "%u and %u", first, second);
}

static void state_wait_any(void)
{
	ids[0] = submit(0);
	ids[1] = submit(0);
	collect_any();
}

static void state_ddtctl(void)
{
	char drive[16], texts[2][16];

	snprintf(drive, sizeof(drive), "%u", own_drive);
	for (int i = 0; i < 2; i++)
		snprintf(texts[i], sizeof(texts[i]), "%u",
			 submit(DDT_DRIVE_SUBMIT_DETACH));
	require(freopen("/dev/null", "w", stdout), "/dev/null");
	execlp("ddtctl", "ddtctl", "wait", drive, texts[0], texts[1], NULL);
	require(false, "ddtctl");
}

static void state_poll(void)
{
	int events = open_events(fd);

	submit(0);
	submit(0);
	for (int i = 0; i < 2; i++) {
		expect(poll_events(events, POLLIN, -1) & POLLIN, "no event");
		collect(0);
	}
}

static void state_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int events = open_events(fd), epoll = epoll_create1(EPOLL_CLOEXEC);
	int ret;

	require(epoll >= 0, "epoll_create1()");
	require(!epoll_ctl(epoll, EPOLL_CTL_ADD, events, &event),
		"epoll_ctl()");
	submit(0);
	submit(0);
	for (int i = 0; i < 2; i++) {
		do {
			ret = epoll_wait(epoll, &event, 1, -1);
		} while (ret < 0 && errno == EINTR);
		expect(ret == 1 && event.events & EPOLLIN, "%d", ret);
		collect(0);
	}
}

/* Load, until it is told to end. */

static bool ended;

static void end(int signal)
{
	(void)signal;
	__atomic_store_n(&ended, true, __ATOMIC_RELAXED);
}

static bool goes_on(void)
{
	return !__atomic_load_n(&ended, __ATOMIC_RELAXED);
}

static void state_load(void)
{
	unsigned char data[SIZE];

	signal(SIGTERM, end);
	for (unsigned int n = 0; goes_on(); n++) {
		unsigned int block = n % BLOCKS;
		bool written = n / BLOCKS % 2;

		fill(data, own_drive, block, written);
		expect(pwrite(fd, data, SIZE, block * SIZE) == SIZE, "%d",
		       errno);
		memset(data, 0xcc, SIZE);
		expect(pread(fd, data, SIZE, block * SIZE) == SIZE, "%d",
		       errno);
		expect(is_block(data, own_drive, block, written), "block %u",
		       block);
	}
}

struct ddt_drive_model model(unsigned int access_us, unsigned int idle_ms)
{
	return (struct ddt_drive_model){
		.size = sizeof(struct ddt_drive_model),
		.access_us = access_us,
		.idle_ms = idle_ms,
	};
}

unsigned int add_drive(int on, unsigned int depth, struct ddt_drive_model model)
{
	struct ddt_drive_add arg = {
		.size = sizeof(arg),
		.flags = DDT_DRIVE_ADD_MODEL,
		.index = DDT_DRIVE_ANY_INDEX,
		.capacity_kib = BLOCKS * SIZE / 1024,
		.depth = depth,
		.model = model,
	};

	require(!call_on(on, DDT_DRIVE_IOC_ADD, &arg), "ADD");
	return arg.index;
}

void remove_drive(int on, unsigned int index)
{
	struct ddt_drive_remove arg = { .size = sizeof(arg), .index = index };

	require(!call_on(on, DDT_DRIVE_IOC_REMOVE, &arg), "REMOVE");
}

/* Files are opened and closed, and a drive is added and removed, in use. */
static void state_churn(void)
{
	int control = open("/dev/ddt-control", O_RDWR | O_CLOEXEC);
	int own = fd;

	require(control >= 0, "/dev/ddt-control");
	signal(SIGTERM, end);
	while (goes_on()) {
		unsigned int nr = add_drive(control, 8, model(1000000, 0));
		char name[32];
		int events;

		snprintf(name, sizeof(name), "/dev/ddt%u", nr);
		path = name;
		for (int i = 0; i < 2; i++) {
			fd = open_drive();
			events = open_events(fd);
			submit(0);
			submit(0);
			if (i)
				remove_drive(control, nr);
			close(fd);
			close(events);
		}
		fd = own;
		in_threads(read_block, 1);
	}
}

const struct state states[STATES] = {
	{ "read", state_read, EARLY, 8, 1, 1, 0, 1, SYS_pread64 },
	{ "write", state_write, EARLY, 8, 1, 1, 1, 1, SYS_pwrite64 },
	{ "slot-read", state_slot_read, EARLY, 1, 3, 1, 0, 3, SYS_pread64 },
	{ "slot-write", state_slot_write, EARLY, 1, 3, 1, 3, 3, SYS_pwrite64 },
	{ "fsync", state_fsync, EARLY, 8, 1, 1, 0, 1, SYS_fsync },
	{ "splice-read", state_splice_read, EARLY, 8, 1, 1, 0, 2, SYS_write },
	{ "splice-write", state_splice_write, EARLY, 8, 1, 1, 1, 2, SYS_write },
	{ "sendfile", state_sendfile, EARLY, 8, 1, 1, 0, 2, SYS_write },
	{ "io-wq", state_io_wq, EITHER, 1, 3, 1, 0, 2, SYS_io_uring_enter },
	{ "io_submit", state_io_submit, EITHER, 1, 3, 1, 0, 1, SYS_io_submit },
	{ "killed", state_killed, EITHER, 16, 8, 8, 0, 0, SYS_pause },
	{ "wait", state_wait, LATE, 8, 2, 2, 0, 0, SYS_ioctl },
	{ "wait-any", state_wait_any, LATE, 8, 2, 2, 0, 0, SYS_ioctl },
	{ "ddtctl", state_ddtctl, LATE, 8, 2, 2, 0, 0, SYS_ioctl },
	{ "poll", state_poll, LATE, 8, 2, 2, 0, 0, SYS_poll },
	{ "epoll", state_epoll, LATE, 8, 2, 2, 0, 0, SYS_epoll_wait },
	{ "io_uring", state_io_uring, LATE, 8, 2, 2, 0, 0, SYS_io_uring_enter },
	{ "sqpoll", state_sqpoll, LATE, 8, 2, 2, 0, 0, SYS_io_uring_enter },
	{ "io_getevents", state_io_getevents, LATE, 8, 2, 2, 0, 0,
	  SYS_io_getevents },
	/* These do not wait behind a holder. */
	{ "load", state_load, EITHER, 8, 0, 0, 0, 0, -1 },
	{ "churn", state_churn, EITHER, 8, 0, 0, 0, 0, -1 },
	/* A thread that waits until its motor is to be switched off. */
	{ "idle", NULL, EITHER, 8, 0, 0, 0, 0, -1 },
	/* Only for the way of that name. */
	{ "hang", NULL, EITHER, 8, 0, 0, 0, 0, -1 },
};
