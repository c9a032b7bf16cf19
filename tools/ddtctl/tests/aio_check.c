// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks reading and writing a drive without waiting, with libaio's system
 * calls and with io_uring: aio_check DEV CHECK, where the drive is new and takes
 * no time, but for what each check sets.
 */

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define ENTRIES	64

static struct io_uring ring;

static void set_up_ring(void)
{
	int err = io_uring_queue_init(ENTRIES, &ring, 0);

	errno = -err;
	require(!err, "io_uring_queue_init()");
}

static void set_model(uint32_t access_us)
{
	struct ddt_drive_model arg = { .size = sizeof(arg) };

	arg.access_us = access_us;
	require(!call(DDT_DRIVE_IOC_SET_MODEL, &arg), "SET_MODEL");
}

static void add_fault(uint32_t kind, uint32_t ops, uint32_t times,
		      uint64_t offset, uint64_t length)
{
	struct ddt_drive_fault arg = {
		.size = sizeof(arg),
		.kind = kind,
		.ops = ops,
		.times = times,
		.offset = offset,
		.length = length,
	};

	require(!call(DDT_DRIVE_IOC_FAULT_ADD, &arg), "FAULT_ADD");
}

static void fill(unsigned char *data, size_t size, unsigned int seed)
{
	srand(seed);
	for (size_t i = 0; i < size; i++)
		data[i] = rand();
}

static void *allocate(size_t size)
{
	void *memory = malloc(size);

	require(memory, "memory");
	return memory;
}

/* Waits for a completion, at most 20 s; its result. */
static int reap(uint64_t *data)
{
	struct __kernel_timespec timeout = { .tv_sec = 20 };
	struct io_uring_cqe *cqe;
	int res, err;

	err = io_uring_wait_cqe_timeout(&ring, &cqe, &timeout);
	errno = -err;
	require(!err, "a completion");
	res = cqe->res;
	*data = cqe->user_data;
	io_uring_cqe_seen(&ring, cqe);
	return res;
}

static struct io_uring_sqe *next_sqe(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	require(sqe, "an sqe");
	return sqe;
}

static void set_data(struct io_uring_sqe *sqe, uint64_t data)
{
	sqe->user_data = data;
}

static void submit_all(int n)
{
	int ret = io_uring_submit(&ring);

	errno = ret < 0 ? -ret : 0;
	require(ret == n, "io_uring_submit()");
}

/* Submits the one request that was prepared, and returns its result. */
static int submit_and_reap(void)
{
	uint64_t data;

	submit_all(1);
	return reap(&data);
}

/*
 * To submit waits for nothing, here for a request that hangs; to complete takes
 * the time of each, and is in order.
 */
static void check_queues(void)
{
	struct ddt_drive_submit first = {
		.size = sizeof(first),
		.op = DDT_DRIVE_OP_SPINUP,
	};
	struct ddt_drive_cancel cancel = { .size = sizeof(cancel) };
	enum { N = 16 };
	char data[N][512];
	uint64_t begin, end;

	set_up_ring();
	add_fault(DDT_DRIVE_FAULT_HANG, DDT_DRIVE_FAULT_CONTROL, 1, 0, 0);
	require(!call(DDT_DRIVE_IOC_SUBMIT, &first), "SUBMIT");
	set_model(20000);
	for (int i = 0; i < N; i++) {
		struct io_uring_sqe *sqe = next_sqe();

		io_uring_prep_read(sqe, fd, data[i], sizeof(data[i]), i * 512);
		set_data(sqe, i);
	}
	submit_all(N);
	expect(get_stats().submitted == N + 1, "%llu", get_stats().submitted);
	expect(get_stats().completed == 0, "%llu", get_stats().completed);
	begin = now_ns();
	cancel.id = first.id;
	expect(!call(DDT_DRIVE_IOC_CANCEL, &cancel), "%d", errno);
	for (int i = 0; i < N; i++) {
		uint64_t nr;
		int res = reap(&nr);

		expect(res == 512, "%d", res);
		expect(nr == (uint64_t)i, "%d", (int)nr);
	}
	end = now_ns();
	expect(end - begin >= N * 20 * MS, "%llu ns",
	       (unsigned long long)(end - begin));
}

/* The whole medium in one request, in many segments, is never cut short. */
static void check_large(void)
{
	size_t size = get_info().capacity;
	unsigned char *written = allocate(size), *read = allocate(size);
	struct iovec segments[2][100];
	size_t part = size / 100;
	struct io_uring_sqe *sqe;
	uint64_t data;
	int res;

	set_up_ring();
	fill(written, size, 1);
	for (int i = 0; i < 100; i++) {
		size_t length = i < 99 ? part : size - 99 * part;

		segments[0][i].iov_base = written + i * part;
		segments[0][i].iov_len = length;
		segments[1][i].iov_base = read + i * part;
		segments[1][i].iov_len = length;
	}
	sqe = next_sqe();
	io_uring_prep_writev(sqe, fd, segments[0], 100, 0);
	set_data(sqe, 1);
	submit_all(1);
	/* What was written is that of the submission. */
	memset(segments[0], 0xcc, sizeof(segments[0]));
	res = reap(&data);
	expect((size_t)res == size, "%d", res);

	sqe = next_sqe();
	io_uring_prep_readv(sqe, fd, segments[1], 100, 0);
	set_data(sqe, 2);
	submit_all(1);
	memset(segments[1], 0xcc, sizeof(segments[1]));
	res = reap(&data);
	expect((size_t)res == size, "%d", res);
	expect(!memcmp(read, written, size), "what is read is other data");

	/* Across the end: what is there. Behind it: nothing, or ENOSPC. */
	sqe = next_sqe();
	io_uring_prep_read(sqe, fd, read, 4096, size - 100);
	res = submit_and_reap();
	expect(res == 100, "%d", res);
	sqe = next_sqe();
	io_uring_prep_read(sqe, fd, read, 4096, size);
	res = submit_and_reap();
	expect(res == 0, "%d", res);
	sqe = next_sqe();
	io_uring_prep_write(sqe, fd, written, 4096, size);
	res = submit_and_reap();
	expect(res == -ENOSPC, "%d", res);
}

/* Bad memory fails the request, and it alone. */
static void check_addresses(void)
{
	struct io_uring_sqe *sqe;
	char data[512];
	uint64_t nr;
	int res;

	set_up_ring();
	for (int i = 0; i < 3; i++) {
		sqe = next_sqe();
		if (i == 0)
			io_uring_prep_read(sqe, fd, (void *)8, 512, 0);
		else if (i == 1)
			io_uring_prep_write(sqe, fd, (void *)8, 512, 0);
		else
			io_uring_prep_read(sqe, fd, data, 512, 0);
		set_data(sqe, i);
	}
	submit_all(3);
	for (int i = 0; i < 3; i++) {
		res = reap(&nr);
		expect(res == (nr == 2 ? 512 : -EFAULT), "%d: %d", (int)nr,
		       res);
	}
}

/* What does not find room in the queue is submitted later, not lost. */
static void check_full(void)
{
	enum { N = ENTRIES };
	static char data[N][512];
	bool seen[N] = { false };

	require(get_info().depth == 2, "depth=2");
	set_up_ring();
	set_model(1000);
	for (int i = 0; i < N; i++) {
		struct io_uring_sqe *sqe = next_sqe();

		io_uring_prep_write(sqe, fd, data[i], 512, i * 512);
		set_data(sqe, i);
	}
	submit_all(N);
	for (int i = 0; i < N; i++) {
		uint64_t nr;
		int res = reap(&nr);

		expect(res == 512, "%d", res);
		expect(nr < N && !seen[nr], "%d", (int)nr);
		seen[nr % N] = true;
	}
	expect(get_stats().max_queued <= 2, "%u", get_stats().max_queued);
	expect(get_stats().bytes_written == N * 512, "%llu",
	       get_stats().bytes_written);
}

/* A mix of all, several rounds: each is completed once, with the right data. */
static void check_mix(void)
{
	enum { SLOTS = 48, SIZE = 3000, ROUNDS = 200 };
	static unsigned char medium[SLOTS][SIZE], memory[SLOTS][SIZE];
	unsigned int seen[ENTRIES];
	int res;

	set_up_ring();
	add_fault(DDT_DRIVE_FAULT_ERROR, DDT_DRIVE_FAULT_READ, 0, 0, 1);
	for (int round = 0; round < ROUNDS; round++) {
		int n = 0;

		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < SLOTS; i++, n++) {
			struct io_uring_sqe *sqe = next_sqe();
			bool write = (i + round) % 2;

			if (write) {
				fill(medium[i], SIZE, round * SLOTS + i);
				io_uring_prep_write(sqe, fd, medium[i], SIZE,
						    i * SIZE);
			} else {
				memset(memory[i], 0xcc, SIZE);
				io_uring_prep_read(sqe, fd, memory[i], SIZE,
						   i * SIZE);
			}
			set_data(sqe, n);
		}
		for (int i = 0; i < 8; i++, n++) {
			struct io_uring_sqe *sqe = next_sqe();

			void *other = (void *)(uintptr_t)(i * 3);

			if (i % 2)
				io_uring_prep_poll_add(sqe, fd, POLLIN);
			else
				io_uring_prep_cancel(sqe, other, 0);
			set_data(sqe, n);
		}
		submit_all(n);
		for (int i = 0; i < n; i++) {
			uint64_t nr;
			bool write;

			res = reap(&nr);
			require(nr < (uint64_t)n, "the number of a request");
			seen[nr]++;
			if (nr >= SLOTS)
				continue;
			write = (nr + round) % 2;
			if (!nr && !write) {
				expect(res == -EIO, "%d", res);
				continue;
			}
			expect(res == SIZE, "%d: %d", (int)nr, res);
			if (!write && round)
				expect(!memcmp(memory[nr], medium[nr], SIZE),
				       "slot %d in round %d", (int)nr, round);
		}
		for (int i = 0; i < n; i++)
			expect(seen[i] == 1, "%d: %u completions", i, seen[i]);
	}
	expect(get_stats().completed == get_stats().submitted, "%llu",
	       get_stats().completed);
}

/*
 * Reads with provided buffers: each completion names a buffer of its own, which
 * has the data of its read.
 */
static void check_provided(void)
{
	enum { N = 4, SIZE = 4096, GROUP = 3 };
	static unsigned char medium[N * SIZE], buffers[N][SIZE];
	struct io_uring_buf_ring *provided = NULL;
	struct io_uring_buf_reg reg = { .ring_entries = N, .bgid = GROUP };
	bool used[N] = { false };

	set_up_ring();
	require(!posix_memalign((void **)&provided, 4096, 4096), "memory");
	reg.ring_addr = (uintptr_t)provided;
	require(!io_uring_register_buf_ring(&ring, &reg, 0), "a buffer ring");
	io_uring_buf_ring_init(provided);
	for (int i = 0; i < N; i++)
		io_uring_buf_ring_add(provided, buffers[i], SIZE, i, N - 1, i);
	io_uring_buf_ring_advance(provided, N);

	fill(medium, sizeof(medium), 5);
	require(pwrite(fd, medium, sizeof(medium), 0) == sizeof(medium),
		"pwrite()");
	set_model(5000);
	for (int i = 0; i < N; i++) {
		struct io_uring_sqe *sqe = next_sqe();

		io_uring_prep_read(sqe, fd, NULL, SIZE, i * SIZE);
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = GROUP;
		set_data(sqe, i);
	}
	submit_all(N);
	for (int i = 0; i < N; i++) {
		struct io_uring_cqe *cqe;
		unsigned int id, nr;

		require(!io_uring_wait_cqe(&ring, &cqe), "a completion");
		expect(cqe->res == SIZE, "%d", cqe->res);
		expect(cqe->flags & IORING_CQE_F_BUFFER, "%x", cqe->flags);
		id = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
		nr = cqe->user_data;
		require(id < N && nr < N, "the number of a buffer");
		expect(!used[id], "buffer %u is used twice", id);
		used[id] = true;
		expect(!memcmp(buffers[id], medium + nr * SIZE, SIZE),
		       "buffer %u has other data", id);
		io_uring_cqe_seen(&ring, cqe);
	}
}

/* What is read reaches a process that forks meanwhile, and writes beside it. */
static void check_fork(void)
{
	enum { PAGE = 4096, SIZE = 512 };
	static unsigned char medium[SIZE];
	unsigned char *page;
	struct io_uring_sqe *sqe;
	uint64_t data;
	int status;
	pid_t pid;

	set_up_ring();
	page = aligned_alloc(PAGE, PAGE);
	require(page, "memory");
	memset(page, 0xcc, PAGE);
	fill(medium, SIZE, 7);
	require(pwrite(fd, medium, SIZE, 0) == SIZE, "pwrite()");
	add_fault(DDT_DRIVE_FAULT_HANG, DDT_DRIVE_FAULT_CONTROL, 0, 0, 0);
	require(!call(DDT_DRIVE_IOC_SUBMIT,
		      &(struct ddt_drive_submit){
			      .size = sizeof(struct ddt_drive_submit),
			      .op = DDT_DRIVE_OP_SPINUP,
		      }), "SUBMIT");
	sqe = next_sqe();
	io_uring_prep_read(sqe, fd, page + SIZE, SIZE, 0);
	submit_all(1);
	pid = fork();
	require(pid >= 0, "fork()");
	if (!pid) {
		pause();
		_exit(0);
	}
	page[0] = 1;
	require(!call(DDT_DRIVE_IOC_FAULT_REMOVE,
		      &(struct ddt_drive_fault){
			      .size = sizeof(struct ddt_drive_fault),
		      }), "FAULT_REMOVE");
	expect(reap(&data) == SIZE, "a whole read");
	expect(!memcmp(page + SIZE, medium, SIZE), "other data");
	expect(page[0] == 1 && page[2 * SIZE] == 0xcc, "beside it");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* A read that would go on for ever is for files that can be polled. */
static void check_multishot(void)
{
	enum { READ_MULTISHOT = 49, SIZE = 4096, GROUP = 3 };
	struct io_uring_sqe *sqe;
	int res;

	set_up_ring();
	sqe = next_sqe();
	io_uring_prep_rw(READ_MULTISHOT, sqe, fd, NULL, 0, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
	res = submit_and_reap();
	/* A kernel of before 6.7 does not know it. */
	expect(res == -EBADFD || res == -EINVAL, "%d", res);
}

/* How the process that will be killed uses its ring. */
enum kill_how {
	KILL_PLAIN,
	KILL_REGISTERED,		/* no descriptor of the drive is left */
	KILL_SQPOLL,
	KILL_EXEC,			/* which waits for the requests */
};

/* As many requests are queued, beside one in service. */
static bool queue_is_full(uint64_t submitted, uint32_t queued)
{
	struct ddt_drive_stats stats = get_stats();

	return stats.submitted == submitted && stats.queued == queued;
}

/* Its requests that get a slot make the queue full: see queue_is_full(). */
static void read_until_killed(enum kill_how how, uint64_t submitted,
			      uint32_t queued)
{
	static char data[8][512];
	unsigned int flags = how == KILL_SQPOLL ? IORING_SETUP_SQPOLL : 0;
	bool registered = how == KILL_REGISTERED;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	require(!io_uring_queue_init(ENTRIES, &ring, flags), "a ring");
	if (registered) {
		require(!io_uring_register_files(&ring, &fd, 1),
			"io_uring_register_files()");
		close(fd);
	}
	for (int i = 0; i < 8; i++) {
		struct io_uring_sqe *sqe = next_sqe();

		io_uring_prep_read(sqe, registered ? 0 : fd, data[i], 512, 0);
		if (registered)
			sqe->flags |= IOSQE_FIXED_FILE;
	}
	submit_all(8);
	if (how == KILL_EXEC) {
		/* exec() ends what has yet to be submitted. */
		require_soon(queue_is_full(submitted, queued));
		execlp("sleep", "sleep", "1000", NULL);
	}
	for (;;)
		pause();
}

/*
 * Whether a process is in exec(), or at least in no other system call; true if
 * the kernel does not tell.
 */
static bool is_in_exec(pid_t pid)
{
	long nr = current_syscall(pid);

	return nr == SYSCALL_UNKNOWN || nr == SYSCALL_RUNNING ||
	       nr == SYS_execve;
}

/*
 * Kills a process: it dies, and leaves no requests behind, wherever they are.
 * Returns how long that took.
 */
static uint64_t kill_reader(pid_t pid)
{
	uint64_t begin = now_ns(), took;
	int status;

	kill(pid, SIGKILL);
	require_soon(waitpid(pid, &status, WNOHANG) == pid);
	expect(WIFSIGNALED(status), "%x", status);
	require_soon(get_stats().completed == get_stats().submitted);
	took = now_ns() - begin;
	printf("%llu us to the last completion\n",
	       (unsigned long long)(took / US));
	return took;
}

static uint64_t kill_ring(enum kill_how how)
{
	struct ddt_drive_stats before = get_stats();
	uint32_t depth = get_info().depth;
	uint32_t queued = depth < 7 ? depth : 7;
	uint64_t submitted = before.submitted + queued + 1;
	pid_t pid;

	pid = fork();
	require(pid >= 0, "fork()");
	if (!pid)
		read_until_killed(how, submitted, queued);
	require_soon(queue_is_full(submitted, queued));
	if (how == KILL_EXEC)
		require_soon(is_in_exec(pid));
	expect(get_stats().completed == before.completed, "%llu",
	       get_stats().completed);
	return kill_reader(pid);
}

/* It takes a second at most. The host may be busy; but not every time. */
static void kill_rings(enum kill_how how)
{
	uint64_t took = FOR_EVER;

	add_fault(DDT_DRIVE_FAULT_HANG, DDT_DRIVE_FAULT_READ, 0, 0, 0);
	for (int i = 0; i < 10 && took > SEC; i++)
		took = kill_ring(how);
	expect(took <= SEC, "%llu ms", (unsigned long long)(took / MS));
}

static void check_killed(void)
{
	kill_rings(KILL_PLAIN);
}

static void check_killed_registered(void)
{
	kill_rings(KILL_REGISTERED);
}

static void check_killed_sqpoll(void)
{
	kill_rings(KILL_SQPOLL);
}

static void check_killed_exec(void)
{
	kill_rings(KILL_EXEC);
}

/* libaio, without its library. */

static aio_context_t context;

static void set_up_aio(void)
{
	require(!syscall(SYS_io_setup, ENTRIES, &context), "io_setup()");
}

static struct iocb aio_arg(int op, void *data, size_t size, uint64_t offset)
{
	return (struct iocb){
		.aio_lio_opcode = op,
		.aio_fildes = fd,
		.aio_buf = (uintptr_t)data,
		.aio_nbytes = size,
		.aio_offset = offset,
		.aio_data = offset,
	};
}

static void aio_submit(struct iocb *iocb)
{
	require(syscall(SYS_io_submit, context, 1, &iocb) == 1,
		"io_submit()");
}

static struct io_event aio_reap(void)
{
	struct timespec timeout = { .tv_sec = 20 };
	struct io_event event = {};

	require(syscall(SYS_io_getevents, context, 1, 1, &event,
			&timeout) == 1, "io_getevents()");
	return event;
}

static void check_aio(void)
{
	enum { N = 16, SIZE = 70000 };
	static unsigned char written[N][SIZE], read[N][SIZE];
	static struct iocb iocbs[N];
	struct io_event event;

	set_up_aio();
	for (int i = 0; i < N; i++) {
		fill(written[i], SIZE, i);
		iocbs[i] = aio_arg(IOCB_CMD_PWRITE, written[i], SIZE, i * SIZE);
		aio_submit(&iocbs[i]);
	}
	for (int i = 0; i < N; i++) {
		event = aio_reap();
		expect(event.res == SIZE, "%lld", event.res);
	}
	for (int i = 0; i < N; i++) {
		iocbs[i] = aio_arg(IOCB_CMD_PREAD, read[i], SIZE, i * SIZE);
		aio_submit(&iocbs[i]);
	}
	for (int i = 0; i < N; i++) {
		event = aio_reap();
		expect(event.res == SIZE, "%lld", event.res);
	}
	expect(!memcmp(written, read, sizeof(read)), "other data");
	/* Flushing goes the way of fsync(). */
	iocbs[0] = aio_arg(IOCB_CMD_FSYNC, NULL, 0, 0);
	aio_submit(&iocbs[0]);
	event = aio_reap();
	expect(event.res == 0, "%lld", event.res);
}

/* io_cancel() ends what hangs and what is queued, and nothing else. */
static void check_aio_cancel(void)
{
	static char data[4][512];
	static struct iocb iocbs[4];
	struct io_event event;
	int64_t results[4];

	set_up_aio();
	add_fault(DDT_DRIVE_FAULT_HANG, DDT_DRIVE_FAULT_READ, 1, 0, 0);
	for (int i = 0; i < 4; i++) {
		iocbs[i] = aio_arg(i % 2 ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
				   data[i], 512, i);
		aio_submit(&iocbs[i]);
	}
	require_soon(get_stats().queued == 3);
	for (int i = 2; i >= 0; i--) {
		expect(syscall(SYS_io_cancel, context, &iocbs[i],
			       &event) == -1 && errno == EINPROGRESS, "%d",
		       errno);
		expect(syscall(SYS_io_cancel, context, &iocbs[i],
			       &event) == -1 && errno == EINVAL, "%d", errno);
	}
	for (int i = 0; i < 4; i++) {
		event = aio_reap();
		require(event.data < 4, "the number of a request");
		results[event.data] = event.res;
	}
	for (int i = 0; i < 3; i++)
		expect(results[i] == -ECANCELED, "%d: %lld", i,
		       (long long)results[i]);
	expect(results[3] == 512, "%lld", (long long)results[3]);
}

/*
 * A process that is killed ends, though exiting waits for what was queued, which
 * hangs.
 */
static void check_aio_killed(void)
{
	static char data[512];
	static struct iocb iocbs[8];
	pid_t pid;

	add_fault(DDT_DRIVE_FAULT_HANG, DDT_DRIVE_FAULT_READ, 0, 0, 0);
	pid = fork();
	require(pid >= 0, "fork()");
	if (!pid) {
		set_up_aio();
		for (int i = 0; i < 8; i++) {
			iocbs[i] = aio_arg(IOCB_CMD_PREAD, data, 512, 0);
			aio_submit(&iocbs[i]);
		}
		pause();
		_exit(0);
	}
	require_soon(get_stats().submitted == 8 && get_stats().queued == 7);
	kill_reader(pid);
	expect(get_stats().bytes_read == 0, "%llu", get_stats().bytes_read);
}

/*
 * One who has filled the queue does not keep others waiting for all that: they
 * have their turn after the next one.
 */
static void check_turns(void)
{
	enum { N = 32 };
	static char data[N][512];
	int other = open_drive();
	uint64_t before;

	set_up_ring();
	set_model(20000);
	for (int i = 0; i < N; i++) {
		struct io_uring_sqe *sqe = next_sqe();

		io_uring_prep_read(sqe, fd, data[i], 512, i * 512);
	}
	submit_all(N);
	for (int i = 0; i < 3; i++) {
		before = get_stats().completed;
		expect(pread(other, data[0], 512, 0) == 512, "%d", errno);
		/* That in service, one more of the other's, and its own. */
		expect(get_stats().completed - before <= 4, "%llu requests",
		       get_stats().completed - before);
	}
	expect(get_stats().queued > N / 2, "%u", get_stats().queued);
}

static void remove_drive(void)
{
	struct ddt_drive_remove arg = {
		.size = sizeof(arg),
		.index = get_info().index,
	};
	int control = open("/dev/ddt-control", O_RDWR | O_CLOEXEC);

	require(control >= 0, "/dev/ddt-control");
	require(!call_on(control, DDT_DRIVE_IOC_REMOVE, &arg), "REMOVE");
	close(control);
}

/* All that is queued when the drive is removed ends with ENODEV. */
static void check_removed(void)
{
	enum { N = 32 };
	static char data[N][512];
	int events = open_events(fd);
	struct ddt_drive_submit submit = {
		.size = sizeof(submit),
		.op = DDT_DRIVE_OP_SPINUP,
	};
	struct ddt_drive_wait wait = { .size = sizeof(wait) };
	struct iocb iocb;

	set_up_ring();
	set_up_aio();
	add_fault(DDT_DRIVE_FAULT_HANG, DDT_DRIVE_FAULT_READ |
		  DDT_DRIVE_FAULT_WRITE, 0, 0, 0);
	for (int i = 0; i < N; i++) {
		struct io_uring_sqe *sqe = next_sqe();

		if (i % 2)
			io_uring_prep_read(sqe, fd, data[i], 512, 0);
		else
			io_uring_prep_write(sqe, fd, data[i], 512, 0);
		set_data(sqe, i);
	}
	submit_all(N);
	iocb = aio_arg(IOCB_CMD_PREAD, data[0], 512, 0);
	aio_submit(&iocb);
	require(!call(DDT_DRIVE_IOC_SUBMIT, &submit), "SUBMIT");
	require_soon(get_stats().submitted == N + 2);

	remove_drive();
	for (int i = 0; i < N; i++) {
		uint64_t nr;
		int res = reap(&nr);

		expect(res == -ENODEV, "%d: %d", (int)nr, res);
	}
	expect(aio_reap().res == -ENODEV, "libaio");
	expect(access(path, F_OK) == -1 && errno == ENOENT, "the node: %d",
	       errno);
	expect(poll_events(events, 0, 0) == (POLLERR | POLLHUP), "events");

	/* What finished can be collected, and then all is over. */
	wait.deadline = FOR_EVER;
	expect(!call(DDT_DRIVE_IOC_WAIT, &wait), "%d", errno);
	expect(wait.id == submit.id && wait.status == -ENODEV, "%d",
	       wait.status);
	wait.id = 0;
	expect(call(DDT_DRIVE_IOC_WAIT, &wait) == -ENODEV, "%d", errno);
	expect(call(DDT_DRIVE_IOC_SUBMIT, &submit) == -ENODEV, "%d", errno);
	expect(pread(fd, data[0], 512, 0) == -1 && errno == ENODEV, "%d",
	       errno);
	expect(pwrite(fd, data[0], 512, 0) == -1 && errno == ENODEV, "%d",
	       errno);
	expect(fsync(fd) == -1 && errno == ENODEV, "%d", errno);
}

static const struct check checks[] = {
	{ "queues", check_queues },
	{ "large", check_large },
	{ "addresses", check_addresses },
	{ "full", check_full },
	{ "mix", check_mix },
	{ "provided", check_provided },
	{ "fork", check_fork },
	{ "multishot", check_multishot },
	{ "killed", check_killed },
	{ "killed-registered", check_killed_registered },
	{ "killed-sqpoll", check_killed_sqpoll },
	{ "killed-exec", check_killed_exec },
	{ "aio", check_aio },
	{ "aio-cancel", check_aio_cancel },
	{ "aio-killed", check_aio_killed },
	{ "turns", check_turns },
	{ "removed", check_removed },
};

int main(int argc, char **argv)
{
	begin_checks(argc, argv);
	return run_check(checks, ARRAY_SIZE(checks), argv[2]);
}
