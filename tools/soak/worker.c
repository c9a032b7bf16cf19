// SPDX-License-Identifier: GPL-2.0-only
/*
 * worker.c - a process that reads, writes and controls a drive at random
 *
 * Each of its threads has a file of its own, an io_uring and a context of libaio,
 * and up to SLOTS requests in flight. What a read returned is compared with what
 * was written before, per sector: there must be what was there when it was
 * submitted, or what was written to it since.
 */

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../ddtctl/tests/check.h"
#include "torture.h"

enum {
	ENTRIES = 2 * SLOTS,		/* of the io_uring */
	GROUP = 5,			/* of provided buffers */
	BUFFERS = 8,
	NR_OTHER = SLOTS,		/* user_data from here on: no slot */
	READ_MULTISHOT = 49,
	MAX_IOVECS = 8,
};

/* What a slot has in the process that uses it. */
struct private {
	unsigned char *data;
	uint32_t *stable, *pending;	/* when a read was submitted */
	struct iovec iovecs[MAX_IOVECS];
	struct iocb iocb;
};

struct thread {
	struct worker *worker;
	unsigned int nr;
	uint64_t random;
	int fd;
	bool nonblock;
	bool gone;			/* the drive has been removed */
	struct private private[SLOTS];

	struct io_uring ring;
	bool fixed;			/* files and buffers are registered */
	unsigned int due;		/* completions of the ring */
	struct io_uring_buf_ring *provided;
	unsigned char *buffers;		/* BUFFERS of SMALL sectors each */

	aio_context_t aio;
	unsigned int in_aio, in_control;
};

/* Protects the range of the process. */
static pthread_mutex_t range_lock = PTHREAD_MUTEX_INITIALIZER;
static struct drive *drive;
static int shared_fd;			/* of all threads */

static unsigned int chance(struct thread *thread, unsigned int limit)
{
	return below(&thread->random, limit);
}

static bool one_in(struct thread *thread, unsigned int n)
{
	return !chance(thread, n);
}

static struct slot *slot_of(struct thread *thread, unsigned int nr)
{
	return &thread->worker->slots[thread->nr][nr];
}

static unsigned int nr_of(struct thread *thread, const struct slot *slot)
{
	return slot - thread->worker->slots[thread->nr];
}

static struct private *private_of(struct thread *thread,
				  const struct slot *slot)
{
	return &thread->private[nr_of(thread, slot)];
}

/* Only the first slot has memory for large requests. */
static uint32_t max_sectors(struct thread *thread, const struct slot *slot)
{
	return nr_of(thread, slot) ? SMALL : LARGE;
}

/* Requests: what the model says */

/* Returns how many of @count sectors the request can have; takes them. */
static uint32_t take_sectors(struct thread *thread, struct slot *slot,
			     uint32_t sector, uint32_t count)
{
	struct private *private = private_of(thread, slot);
	struct range *range = &thread->worker->range;
	uint32_t n;

	for (n = 0; n < count; n++) {
		uint32_t *pending = &range->pending[sector + n];

		if (slot->op == OP_READ) {
			private->stable[n] = range->stable[sector + n];
			private->pending[n] = *pending;
			range->readers[sector + n]++;
			continue;
		}
		if (*pending != NONE)
			break;
		if (slot->op == OP_ERASE && range->readers[sector + n])
			break;
		if (slot->op == OP_WRITE)
			*pending = slot->version;
		else if (slot->op == OP_ERASE)
			*pending = 0;
		else
			*pending = range->stable[sector + n];
	}
	return n;
}

static bool take_range(struct thread *thread, struct slot *slot)
{
	struct range *range = &thread->worker->range;
	uint32_t max = max_sectors(thread, slot);
	uint32_t sector, count;

	/* Verifying and erasing more has parts, and no result if one fails. */
	if (slot->way == WAY_CONTROL)
		max = max < 512 ? max : 512;
	count = 1 + chance(thread, one_in(thread, 3) ? max : SMALL);
	sector = chance(thread, RANGE - count + 1);
	pthread_mutex_lock(&range_lock);
	if (slot->op == OP_WRITE)
		slot->version = ++range->version;
	slot->issued = range->version;
	count = take_sectors(thread, slot, sector, count);
	pthread_mutex_unlock(&range_lock);
	slot->sector = sector;
	slot->count = count;
	return count;
}

static uint32_t length_of(const struct slot *slot)
{
	return slot->count * SECTOR;
}

static uint64_t offset_of(struct thread *thread, const struct slot *slot)
{
	return range_offset(thread->worker, slot->sector);
}

static bool has_range(const struct slot *slot)
{
	return slot->op <= OP_ERASE;
}

/* A slot for a request, in which all is set but who submits it; or NULL. */
static struct slot *begin(struct thread *thread, enum way way, enum op op)
{
	unsigned int first = chance(thread, SLOTS);

	for (unsigned int i = 0; i < SLOTS; i++) {
		struct slot *slot = slot_of(thread, (first + i) % SLOTS);
		unsigned char *data;

		if (slot->flying)
			continue;
		slot->op = op;
		slot->way = way;
		slot->submitted_at = now_ns();
		slot->cancelled_at = 0;
		slot->cancelled = false;
		slot->provided = false;
		slot->may_again = thread->nonblock;
		slot->id = 0;
		slot->sector = 0;
		slot->count = 0;
		slot->generation++;
		if (has_range(slot) && !take_range(thread, slot))
			return NULL;
		slot->flying = true;
		data = private_of(thread, slot)->data;
		for (uint32_t n = 0; op == OP_WRITE && n < slot->count; n++)
			fill_sector(thread->worker, slot->sector + n,
				    slot->version, data + n * SECTOR);
		if (op == OP_READ)
			memset(data, 0xcc, length_of(slot));
		record(slot, EVENT_SUBMIT, op);
		return slot;
	}
	return NULL;
}

/* Under the lock: what may a read have found in a sector? */
static bool is_valid(struct thread *thread, const struct slot *slot, uint32_t n,
		     uint32_t version)
{
	const struct private *private = private_of(thread, slot);

	if (version == private->stable[n] || version == private->pending[n])
		return true;
	return version > slot->issued && version <= thread->worker->range.version;
}

static void check_data(struct thread *thread, struct slot *slot,
		       const unsigned char *data, uint32_t n)
{
	uint32_t sector = slot->sector + n, version;

	if (!find_version(thread->worker, sector, data + n * SECTOR, &version))
		fail(thread->worker, slot, "sector %u has other data: %08x",
		     sector, version);
	if (!is_valid(thread, slot, n, version))
		fail(thread->worker, slot,
		     "sector %u has version %u, not %u or %u or one after %u",
		     sector, version, private_of(thread, slot)->stable[n],
		     private_of(thread, slot)->pending[n], slot->issued);
}

static void give_range(struct thread *thread, struct slot *slot, uint32_t done,
		       const unsigned char *data)
{
	struct range *range = &thread->worker->range;

	pthread_mutex_lock(&range_lock);
	for (uint32_t n = 0; n < slot->count; n++) {
		uint32_t sector = slot->sector + n;

		if (slot->op == OP_READ) {
			if (n < done)
				check_data(thread, slot, data, n);
			range->readers[sector]--;
			continue;
		}
		if (n < done)
			range->stable[sector] = range->pending[sector];
		/* The process may be killed here: either is right then. */
		atomic_thread_fence(memory_order_release);
		range->pending[sector] = NONE;
	}
	pthread_mutex_unlock(&range_lock);
}

static bool is_allowed(struct thread *thread, const struct slot *slot, int err)
{
	switch (err) {
	case -ENODEV:
		thread->gone = true;
		return drive->removing;
	case -EIO:
	case -ENOMEDIUM:
		return !shared->calm;
	case -EROFS:
		return !shared->calm &&
		       (slot->op == OP_WRITE || slot->op == OP_ERASE);
	case -EINTR:
		return slot->cancelled;
	case -ECANCELED:
		/*
		 * io_uring cancels what waits for a worker if that cannot be
		 * created, for example because of signals.
		 */
		return slot->cancelled || slot->way == WAY_RING;
	case -EAGAIN:
		return slot->may_again;
	case -ENOBUFS:
		return slot->provided;
	default:
		return false;
	}
}

/*
 * A request has ended with @res, and delivered to @data what it read. Exactly
 * once: the slot is checked to be in use.
 */
static void finish(struct thread *thread, struct slot *slot, int64_t res,
		   const unsigned char *data)
{
	record(slot, EVENT_COMPLETED, res);
	if (!slot->flying)
		fail(thread->worker, slot, "it has ended twice");
	if (res < 0 && !is_allowed(thread, slot, res))
		fail(thread->worker, slot, "error %d is not possible",
		     (int)-res);
	if (has_range(slot)) {
		uint32_t done = res < 0 ? 0 : res / SECTOR;

		if (res >= 0 && (res % SECTOR || res > length_of(slot) ||
				 (!res && slot->count)))
			fail(thread->worker, slot, "a result of %lld",
			     (long long)res);
		if (res >= 0 && res < length_of(slot) && shared->calm)
			fail(thread->worker, slot, "only %lld bytes",
			     (long long)res);
		if (slot->op == OP_READ || slot->op == OP_VERIFY)
			drive->bytes_read += done * SECTOR;
		else
			drive->bytes_written += done * SECTOR;
		give_range(thread, slot, done, data);
	} else if (res > 0) {
		fail(thread->worker, slot, "a result of %lld", (long long)res);
	}
	slot->flying = false;
	thread->worker->requests++;
}

static enum op transfer(struct thread *thread)
{
	return one_in(thread, 2) ? OP_READ : OP_WRITE;
}

/* Segments of the data of a request, of random sizes. */
static unsigned int split(struct thread *thread, const struct slot *slot)
{
	struct private *private = private_of(thread, slot);
	size_t left = length_of(slot);
	unsigned char *data = private->data;
	unsigned int n = 0;

	while (left) {
		size_t part = 1 + chance(thread, left);

		if (n == MAX_IOVECS - 1)
			part = left;
		private->iovecs[n++] = (struct iovec){ data, part };
		data += part;
		left -= part;
	}
	return n;
}

/* Synchronously */

static void run_sync(struct thread *thread)
{
	struct slot *slot = begin(thread, WAY_SYNC, transfer(thread));
	int fd = one_in(thread, 4) ? shared_fd : thread->fd;
	struct private *private;
	unsigned int n;
	uint64_t offset;
	ssize_t ret;

	if (!slot)
		return;
	slot->may_again = fd == thread->fd && thread->nonblock;
	private = private_of(thread, slot);
	offset = offset_of(thread, slot);
	if (one_in(thread, 2)) {
		n = split(thread, slot);
		ret = slot->op == OP_READ ?
		      preadv(fd, private->iovecs, n, offset) :
		      pwritev(fd, private->iovecs, n, offset);
	} else {
		ret = slot->op == OP_READ ?
		      pread(fd, private->data, length_of(slot), offset) :
		      pwrite(fd, private->data, length_of(slot), offset);
	}
	finish(thread, slot, ret < 0 ? -errno : ret, private->data);
}

static void run_fsync(struct thread *thread)
{
	struct slot *slot = begin(thread, WAY_SYNC, OP_FSYNC);

	if (slot)
		finish(thread, slot, fsync(thread->fd) ? -errno : 0, NULL);
}

/* With io_uring */

static const struct {
	unsigned int flags;
} rings[] = {
	{ 0 },
	{ IORING_SETUP_COOP_TASKRUN },
	{ IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN },
	{ IORING_SETUP_SQPOLL },
};

static void provide(struct thread *thread, unsigned int id)
{
	io_uring_buf_ring_add(thread->provided,
			      thread->buffers + id * SMALL * SECTOR,
			      SMALL * SECTOR, id, BUFFERS - 1, 0);
	io_uring_buf_ring_advance(thread->provided, 1);
}

static void *allocate(size_t size)
{
	void *memory = NULL;

	require(!posix_memalign(&memory, 4096, size), "memory");
	return memory;
}

static void open_ring(struct thread *thread)
{
	struct io_uring_buf_reg reg = { .ring_entries = BUFFERS, .bgid = GROUP };
	struct io_uring_params params = {
		.flags = rings[chance(thread, ARRAY_SIZE(rings))].flags,
		.sq_thread_idle = 10,
	};
	struct iovec iovecs[SLOTS];
	int files[] = { thread->fd };
	int err = io_uring_queue_init_params(ENTRIES, &thread->ring, &params);

	/* An old kernel does not know all of them. */
	if (err == -EINVAL) {
		params.flags = 0;
		err = io_uring_queue_init_params(ENTRIES, &thread->ring,
						 &params);
	}
	errno = -err;
	require(!err, "an io_uring");
	reg.ring_addr = (uintptr_t)thread->provided;
	io_uring_buf_ring_init(thread->provided);
	require(!io_uring_register_buf_ring(&thread->ring, &reg, 0),
		"a ring of buffers");
	for (unsigned int id = 0; id < BUFFERS; id++)
		provide(thread, id);
	thread->fixed = one_in(thread, 2);
	if (!thread->fixed)
		return;
	for (unsigned int i = 0; i < SLOTS; i++)
		iovecs[i] = (struct iovec){
			thread->private[i].data,
			max_sectors(thread, slot_of(thread, i)) * SECTOR,
		};
	require(!io_uring_register_files(&thread->ring, files, 1),
		"registering a file");
	require(!io_uring_register_buffers(&thread->ring, iovecs, SLOTS),
		"registering buffers");
}

/* When none of its requests is in flight. */
static void close_ring(struct thread *thread)
{
	io_uring_queue_exit(&thread->ring);
}

static struct io_uring_sqe *get_sqe(struct thread *thread)
{
	/* So that none of its completions overflows either. */
	if (thread->due >= ENTRIES)
		return NULL;
	return io_uring_get_sqe(&thread->ring);
}

static uint64_t tag(struct thread *thread, const struct slot *slot)
{
	return nr_of(thread, slot) | (uint64_t)slot->generation << 32;
}

static void set_file(struct thread *thread, struct io_uring_sqe *sqe)
{
	if (!thread->fixed || !one_in(thread, 2))
		return;
	sqe->fd = 0;
	sqe->flags |= IOSQE_FIXED_FILE;
}

static void prepare_transfer(struct thread *thread, struct io_uring_sqe *sqe,
			     struct slot *slot)
{
	struct private *private = private_of(thread, slot);
	uint64_t offset = offset_of(thread, slot);
	unsigned int length = length_of(slot);
	bool read = slot->op == OP_READ;
	int fd = thread->fd, nr = nr_of(thread, slot);

	switch (chance(thread, 4)) {
	case 0:
		if (!thread->fixed)
			goto simple;
		if (read)
			io_uring_prep_read_fixed(sqe, fd, private->data, length,
						 offset, nr);
		else
			io_uring_prep_write_fixed(sqe, fd, private->data,
						  length, offset, nr);
		break;
	case 1:
		nr = split(thread, slot);
		if (read)
			io_uring_prep_readv(sqe, fd, private->iovecs, nr,
					    offset);
		else
			io_uring_prep_writev(sqe, fd, private->iovecs, nr,
					     offset);
		break;
	case 2:
		if (!read || slot->count > SMALL)
			goto simple;
		io_uring_prep_read(sqe, fd, NULL, length, offset);
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = GROUP;
		slot->provided = true;
		break;
	default:
simple:
		if (read)
			io_uring_prep_read(sqe, fd, private->data, length,
					   offset);
		else
			io_uring_prep_write(sqe, fd, private->data, length,
					    offset);
	}
	if (one_in(thread, 16))
		sqe->flags |= IOSQE_ASYNC;
	set_file(thread, sqe);
	io_uring_sqe_set_data64(sqe, tag(thread, slot));
	thread->due++;
}

/* Something that is no transfer, and has no slot. */
static void prepare_other(struct thread *thread, struct io_uring_sqe *sqe)
{
	struct slot *target = slot_of(thread, chance(thread, SLOTS));

	switch (chance(thread, 8)) {
	case 0:
		io_uring_prep_fsync(sqe, thread->fd, 0);
		break;
	case 1:
		io_uring_prep_poll_add(sqe, thread->fd, POLLIN);
		break;
	case 2:
		/* Refused: a drive cannot be polled. */
		io_uring_prep_rw(READ_MULTISHOT, sqe, thread->fd, NULL, 0, 0);
		sqe->flags |= IOSQE_BUFFER_SELECT;
		sqe->buf_group = GROUP;
		break;
	case 3:
		io_uring_prep_nop(sqe);
		break;
	default:
		if (!target->flying || target->way != WAY_RING)
			goto nop;
		target->cancelled = true;
		record(target, EVENT_CANCEL, 0);
		io_uring_prep_cancel64(sqe, tag(thread, target), 0);
		break;
nop:
		io_uring_prep_nop(sqe);
	}
	io_uring_sqe_set_data64(sqe, NR_OTHER);
	thread->due++;
}

/* A timeout for the request before it, which may be cancelled by it. */
static void prepare_timeout(struct thread *thread, struct io_uring_sqe *before,
			    struct slot *slot)
{
	/* Read when it is submitted, or later by a thread of the kernel. */
	static struct __kernel_timespec timeouts[] = {
		{ .tv_nsec = 1000 }, { .tv_nsec = 100000 }, { .tv_nsec = 1000000 },
	};
	struct io_uring_sqe *sqe = get_sqe(thread);

	if (!sqe)
		return;
	before->flags |= IOSQE_IO_LINK;
	slot->cancelled = true;
	io_uring_prep_link_timeout(sqe, &timeouts[chance(thread, 3)], 0);
	io_uring_sqe_set_data64(sqe, NR_OTHER);
	thread->due++;
}

static void submit_ring(struct thread *thread)
{
	int ret;

	do {
		ret = io_uring_submit(&thread->ring);
		/* Else the rest stays in the ring, and is submitted the next time. */
		require(ret >= 0 || ret == -EAGAIN || ret == -EBUSY ||
			ret == -EINTR, "io_uring_submit()");
	} while (ret == -EINTR);
}

static void run_ring(struct thread *thread)
{
	unsigned int n = 1 + chance(thread, 8);
	struct slot *before = NULL;
	struct io_uring_sqe *last = NULL;

	while (n--) {
		struct io_uring_sqe *sqe;
		struct slot *slot = NULL;

		if (thread->due + 2 >= ENTRIES || !io_uring_sq_space_left(&thread->ring))
			break;
		if (!one_in(thread, 6)) {
			slot = begin(thread, WAY_RING, transfer(thread));
			if (!slot)
				break;
		}
		sqe = io_uring_get_sqe(&thread->ring);
		require(sqe, "an sqe");
		if (!slot) {
			prepare_other(thread, sqe);
			before = NULL;
			continue;
		}
		prepare_transfer(thread, sqe, slot);
		/* One that is linked is cancelled if the one before it fails. */
		if (before && one_in(thread, 4)) {
			last->flags |= IOSQE_IO_LINK;
			slot->cancelled = true;
		} else if (one_in(thread, 16) &&
			   io_uring_sq_space_left(&thread->ring)) {
			prepare_timeout(thread, sqe, slot);
			before = NULL;
			continue;
		}
		before = slot;
		last = sqe;
	}
	submit_ring(thread);
}

static void take_completion(struct thread *thread, struct io_uring_cqe *cqe)
{
	unsigned int nr = (uint32_t)cqe->user_data;
	uint32_t generation = cqe->user_data >> 32;
	const unsigned char *data;
	struct slot *slot;

	if (nr == NR_OTHER)
		return;
	if (nr > NR_OTHER)
		fail(thread->worker, NULL, "a completion of nothing: %llx",
		     (unsigned long long)cqe->user_data);
	slot = slot_of(thread, nr);
	if (slot->generation != generation || slot->way != WAY_RING)
		fail(thread->worker, slot,
		     "a completion of request %u, which had ended", generation);
	data = thread->private[nr].data;
	if (cqe->flags & IORING_CQE_F_BUFFER) {
		unsigned int id = cqe->flags >> IORING_CQE_BUFFER_SHIFT;

		if (id >= BUFFERS || !slot->provided)
			fail(thread->worker, slot, "buffer %u", id);
		finish(thread, slot, cqe->res,
		       thread->buffers + id * SMALL * SECTOR);
		provide(thread, id);
		return;
	}
	if (slot->provided && cqe->res > 0)
		fail(thread->worker, slot, "no buffer");
	finish(thread, slot, cqe->res, data);
}

/* Takes what has completed; waits for the first at most @ns. */
static void reap_ring(struct thread *thread, long ns)
{
	struct __kernel_timespec timeout = { .tv_nsec = ns };
	struct io_uring_cqe *cqe;
	int err;

	while (thread->due) {
		err = io_uring_wait_cqe_timeout(&thread->ring, &cqe, &timeout);
		if (err == -ETIME || err == -EINTR || err == -EAGAIN)
			return;
		errno = -err;
		require(!err, "io_uring_wait_cqe_timeout()");
		take_completion(thread, cqe);
		io_uring_cqe_seen(&thread->ring, cqe);
		thread->due--;
		timeout.tv_nsec = 0;
	}
}

/* With libaio */

static void run_aio(struct thread *thread)
{
	struct iocb *list[4];
	struct slot *slots[4];
	unsigned int n = 1 + chance(thread, 4), i;
	long ret;

	for (i = 0; i < n; i++) {
		struct slot *slot = begin(thread, WAY_AIO, transfer(thread));
		struct private *private;
		bool vector = one_in(thread, 3);

		if (!slot)
			break;
		private = private_of(thread, slot);
		private->iocb = (struct iocb){
			.aio_fildes = thread->fd,
			.aio_buf = (uintptr_t)private->data,
			.aio_nbytes = length_of(slot),
			.aio_offset = offset_of(thread, slot),
			.aio_data = tag(thread, slot),
		};
		if (vector) {
			private->iocb.aio_nbytes = split(thread, slot);
			private->iocb.aio_buf = (uintptr_t)private->iovecs;
		}
		if (slot->op == OP_READ)
			private->iocb.aio_lio_opcode =
				vector ? IOCB_CMD_PREADV : IOCB_CMD_PREAD;
		else
			private->iocb.aio_lio_opcode =
				vector ? IOCB_CMD_PWRITEV : IOCB_CMD_PWRITE;
		list[i] = &private->iocb;
		slots[i] = slot;
	}
	n = i;
	for (i = 0; i < n;) {
		ret = syscall(SYS_io_submit, thread->aio, n - i, list + i);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0) {
			/* The first of them was not accepted. */
			finish(thread, slots[i], -errno, NULL);
			i++;
			continue;
		}
		while (ret--) {
			record(slots[i++], EVENT_ACCEPTED, 0);
			thread->in_aio++;
		}
	}
}

static void reap_aio(struct thread *thread, long ns)
{
	struct timespec timeout = { .tv_nsec = ns };
	struct io_event events[SLOTS];
	long n;

	if (!thread->in_aio)
		return;
	n = syscall(SYS_io_getevents, thread->aio, 1, SLOTS, events, &timeout);
	require(n >= 0 || errno == EINTR, "io_getevents()");
	for (long i = 0; i < n; i++) {
		unsigned int nr = (uint32_t)events[i].data;
		struct slot *slot = slot_of(thread, nr < SLOTS ? nr : 0);

		if (nr >= SLOTS || slot->way != WAY_AIO ||
		    slot->generation != events[i].data >> 32)
			fail(thread->worker, slot, "a completion of nothing: %llx",
			     events[i].data);
		finish(thread, slot, events[i].res, private_of(thread, slot)->data);
		thread->in_aio--;
	}
}

/* What was cancelled must end, whatever hangs before it. */
static void await_aio(struct thread *thread, struct slot *slot)
{
	uint64_t end = now_ns() + PATIENCE;
	uint32_t generation = slot->generation;

	thread->worker->waits_for_cancel++;
	while (slot->flying && slot->generation == generation) {
		if (now_ns() > end)
			fail(thread->worker, slot,
			     "io_cancel() was told that it ends, and it does not");
		reap_aio(thread, 10 * MS);
	}
	thread->worker->waits_for_cancel--;
}

static void cancel_aio(struct thread *thread)
{
	struct slot *slot = slot_of(thread, chance(thread, SLOTS));
	struct io_event event;
	long ret;

	if (!slot->flying || slot->way != WAY_AIO)
		return;
	slot->cancelled = true;
	ret = syscall(SYS_io_cancel, thread->aio,
		      &private_of(thread, slot)->iocb, &event);
	record(slot, EVENT_CANCEL, ret ? -errno : 0);
	/* 6.1 may not know how to cancel it: then EINVAL, as if it had ended. */
	if (!ret || errno == EINPROGRESS)
		await_aio(thread, slot);
}

/* Control operations */

static void run_control(struct thread *thread)
{
	static const enum op ops[] = { OP_VERIFY, OP_ERASE, OP_MOTOR };
	struct slot *slot = begin(thread, WAY_CONTROL, ops[chance(thread, 3)]);
	struct ddt_drive_submit arg = { .size = sizeof(arg) };
	int err;

	if (!slot)
		return;
	if (slot->op == OP_MOTOR) {
		arg.op = DDT_DRIVE_OP_SPINUP + chance(thread, 2);
	} else {
		arg.op = slot->op == OP_VERIFY ? DDT_DRIVE_OP_VERIFY :
						 DDT_DRIVE_OP_ERASE;
		arg.offset = offset_of(thread, slot);
		arg.length = length_of(slot);
	}
	err = call_on(thread->fd, DDT_DRIVE_IOC_SUBMIT, &arg);
	if (err) {
		record(slot, EVENT_REFUSED, err);
		/* EBUSY is for more than there are slots. */
		slot->may_again = true;
		finish(thread, slot, err, NULL);
		return;
	}
	slot->id = arg.id;
	record(slot, EVENT_ACCEPTED, arg.id);
	thread->in_control++;
}

static struct slot *find_id(struct thread *thread, uint32_t id)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct slot *slot = slot_of(thread, i);

		if (slot->flying && slot->way == WAY_CONTROL && slot->id == id)
			return slot;
	}
	return NULL;
}

static void take_result(struct thread *thread, const struct ddt_drive_wait *arg)
{
	struct slot *slot = find_id(thread, arg->id);
	int64_t res = arg->status;

	if (!slot)
		fail(thread->worker, NULL, "a result of nothing: id %u", arg->id);
	if (!arg->order)
		fail(thread->worker, slot, "it has no order");
	/*
	 * It may be in service before its time there begins to count; but then
	 * its first wait for the medium ends at once. The motor need not wait.
	 */
	if (slot->cancelled_at && !arg->status && slot->op != OP_MOTOR &&
	    slot->submitted_at + arg->queued_ns > slot->cancelled_at)
		fail(thread->worker, slot,
		     "it was served after it had been cancelled");
	if (!res && slot->op == OP_ERASE)
		res = arg->result;
	if (!res && slot->op == OP_VERIFY) {
		res = length_of(slot);
		/* No write can meet it: the model is its own. */
		if (arg->result != crc_of(thread->worker, slot->sector,
					  slot->count))
			fail(thread->worker, slot, "CRC %llx instead of %x",
			     arg->result, crc_of(thread->worker, slot->sector,
						 slot->count));
	}
	finish(thread, slot, res, NULL);
	thread->in_control--;
}

/* Returns 0 if a result was taken. @id is 0 for any. */
static int wait_control(struct thread *thread, uint32_t id, uint64_t deadline)
{
	struct ddt_drive_wait arg = {
		.size = sizeof(arg), .id = id, .deadline = deadline,
	};
	int err = call_on(thread->fd, DDT_DRIVE_IOC_WAIT, &arg);

	if (!err) {
		if (id && arg.id != id)
			fail(thread->worker, find_id(thread, id),
			     "the result of another: %u", arg.id);
		take_result(thread, &arg);
		return 0;
	}
	if (err != -ETIME && err != -EINTR)
		fail(thread->worker, id ? find_id(thread, id) : NULL,
		     "WAIT for id %u with %u in flight: error %d", id,
		     thread->in_control, -err);
	return err;
}

static void reap_control(struct thread *thread, uint64_t ns)
{
	struct slot *slot = slot_of(thread, chance(thread, SLOTS));
	uint64_t deadline = ns ? now_ns() + ns : 0;

	if (!thread->in_control)
		return;
	if (slot->flying && slot->way == WAY_CONTROL && one_in(thread, 2))
		wait_control(thread, slot->id, deadline);
	else
		while (thread->in_control &&
		       !wait_control(thread, 0, deadline))
			deadline = 0;
}

static void cancel_control(struct thread *thread)
{
	struct slot *slot = slot_of(thread, chance(thread, SLOTS));
	struct ddt_drive_cancel arg = { .size = sizeof(arg) };
	uint64_t end;
	int err;

	if (!slot->flying || slot->way != WAY_CONTROL)
		return;
	arg.id = slot->id;
	slot->cancelled = true;
	err = call_on(thread->fd, DDT_DRIVE_IOC_CANCEL, &arg);
	record(slot, EVENT_CANCEL, err);
	if (!err)
		slot->cancelled_at = now_ns();
	if (err == -ENODEV && drive->removing)
		return;
	if (err && err != -EALREADY)
		fail(thread->worker, slot, "CANCEL: error %d", -err);
	/* It ends soon, whatever hangs before it. */
	end = now_ns() + PATIENCE;
	thread->worker->waits_for_cancel++;
	do {
		err = wait_control(thread, slot->id, end);
		if (err == -ETIME)
			fail(thread->worker, slot,
			     "it was cancelled, and does not end");
	} while (err);
	thread->worker->waits_for_cancel--;
	/* Its result was collected: it is unknown. */
	err = call_on(thread->fd, DDT_DRIVE_IOC_CANCEL, &arg);
	if (err != -ENOENT && !(err == -ENODEV && drive->removing))
		fail(thread->worker, slot, "it is known, collected: %d", err);
}

/* What its events promise can be collected: only this thread could take it. */
static void check_events(struct thread *thread)
{
	int events = ioctl(thread->fd, DDT_DRIVE_IOC_EVENTS, 0);
	struct pollfd arg = { .fd = events, .events = POLLIN | POLLOUT };
	int err;

	if (events < 0) {
		if (errno != ENODEV || !drive->removing)
			fail(thread->worker, NULL, "EVENTS: %d", errno);
		return;
	}
	poll(&arg, 1, 0);
	close(events);
	if (!(arg.revents & POLLIN))
		return;
	do {
		err = wait_control(thread, 0, 0);
	} while (err == -EINTR);
	if (err)
		fail(thread->worker, NULL, "events promise a result");
}

/* Others */

static void open_and_close(struct thread *thread)
{
	char node[32];
	int fd;

	snprintf(node, sizeof(node), "/dev/ddt%u", drive->index);
	fd = open(node, (one_in(thread, 2) ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0) {
		if (!drive->removing)
			fail(thread->worker, NULL, "open: %d", errno);
		return;
	}
	/* Cancelled when it is closed. */
	for (unsigned int i = chance(thread, 4); i > 0; i--) {
		struct ddt_drive_submit arg = {
			.size = sizeof(arg),
			.op = DDT_DRIVE_OP_SPINUP + chance(thread, 2),
		};

		call_on(fd, DDT_DRIVE_IOC_SUBMIT, &arg);
	}
	close(fd);
}

static void set_priority(struct thread *thread)
{
	struct ddt_drive_priority arg = {
		.size = sizeof(arg), .nice = (int)chance(thread, 12) - 6,
	};
	int err = call_on(thread->fd, DDT_DRIVE_IOC_SET_PRIORITY, &arg);

	if (err && !(err == -ENODEV && drive->removing))
		fail(thread->worker, NULL, "SET_PRIORITY: %d", err);
}

static void set_cpu(struct thread *thread)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (one_in(thread, 2))
		CPU_SET(chance(thread, nr_cpus), &set);
	else
		for (unsigned int i = 0; i < nr_cpus; i++)
			CPU_SET(i, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* A child has the same pages: what is read is the parent's nevertheless. */
static void fork_child(struct thread *thread)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (unsigned int i = 0; i < SLOTS; i++)
			memset(thread->private[i].data, 0xee, SECTOR);
		if (one_in(thread, 2))
			_exit(0);
		execl("/proc/self/exe", "torture", "--nothing", NULL);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

/* The process ends, with requests in flight. */
static void end_process(struct thread *thread)
{
	thread->worker->may_end = true;
	if (one_in(thread, 2))
		execl("/proc/self/exe", "torture", "--nothing", NULL);
	_exit(0);
}

static void reap(struct thread *thread, uint64_t ns)
{
	switch (chance(thread, 3)) {
	case 0:
		reap_ring(thread, ns);
		break;
	case 1:
		reap_aio(thread, ns);
		break;
	default:
		reap_control(thread, ns);
		break;
	}
}

static bool is_full(struct thread *thread)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		if (!slot_of(thread, i)->flying)
			return false;
	return true;
}

static void step(struct thread *thread)
{
	unsigned int what = chance(thread, 1000);

	if (what < 120)
		run_sync(thread);
	else if (what < 350)
		run_ring(thread);
	else if (what < 520)
		run_aio(thread);
	else if (what < 640)
		run_control(thread);
	else if (what < 660)
		cancel_aio(thread);
	else if (what < 690)
		cancel_control(thread);
	else if (what < 700)
		run_fsync(thread);
	else if (what < 710)
		check_events(thread);
	else if (what < 720)
		open_and_close(thread);
	else if (what < 725)
		set_priority(thread);
	else if (what < 730)
		set_cpu(thread);
	else if (what < 732)
		fork_child(thread);
	else if (what == 732 && one_in(thread, 50))
		end_process(thread);
	else
		reap(thread, is_full(thread) ? chance(thread, 2000) * 1000 : 0);
}

static bool in_flight(const struct thread *thread)
{
	return thread->due || thread->in_aio || thread->in_control;
}

static void drain(struct thread *thread)
{
	while (in_flight(thread)) {
		if (io_uring_sq_ready(&thread->ring))
			submit_ring(thread);
		reap_ring(thread, 5 * MS);
		reap_aio(thread, 5 * MS);
		reap_control(thread, 5 * MS);
	}
	for (unsigned int i = 0; i < SLOTS; i++)
		if (slot_of(thread, i)->flying)
			fail(thread->worker, slot_of(thread, i),
			     "it is in flight, but not in a queue");
}

static void pause_ms(long ms)
{
	struct timespec time = { .tv_nsec = ms * MS };

	nanosleep(&time, NULL);
}

static void rest(struct thread *thread)
{
	drain(thread);
	if (one_in(thread, 2)) {
		close_ring(thread);
		open_ring(thread);
	}
	thread->worker->idle++;
	while (shared->phase == PHASE_QUIET)
		pause_ms(2);
	thread->worker->idle--;
}

static void *run_thread(void *arg)
{
	struct thread *thread = arg;
	enum phase phase;

	while (!thread->gone) {
		phase = shared->phase;
		if (phase == PHASE_STOP)
			break;
		if (phase == PHASE_QUIET)
			rest(thread);
		else
			step(thread);
	}
	drain(thread);
	close_ring(thread);
	thread->worker->ended++;
	return NULL;
}

static int open_node(int flags)
{
	char node[32];
	int fd;

	snprintf(node, sizeof(node), "/dev/ddt%u", drive->index);
	fd = open(node, O_RDWR | O_CLOEXEC | flags);
	if (fd < 0 && drive->removing)
		_exit(0);
	require(fd >= 0, node);
	return fd;
}

/*
 * A child would keep the memory of the context mapped, which the kernel then
 * unmaps in a work item: user-mode Linux does that without the lock it needs.
 */
static void set_up_aio(struct thread *thread)
{
	/* The begin of struct aio_ring; its events follow. */
	struct {
		uint32_t id, nr;
		char rest[24];
	} *memory;

	require(!syscall(SYS_io_setup, SLOTS, &thread->aio), "io_setup()");
	memory = (void *)thread->aio;
	require(!madvise(memory, sizeof(*memory) +
			 memory->nr * sizeof(struct io_event), MADV_DONTFORK),
		"MADV_DONTFORK");
}

static void set_up_thread(struct thread *thread, struct worker *worker,
			  unsigned int nr, uint64_t seed)
{
	static const int flags[] = { 0, 0, O_NONBLOCK, O_DIRECT };
	int how;

	thread->worker = worker;
	thread->nr = nr;
	thread->random = seed * THREADS + nr + 1;
	for (int i = 0; i < 8; i++)
		next_random(&thread->random);
	how = flags[chance(thread, ARRAY_SIZE(flags))];
	thread->fd = open_node(how);
	thread->nonblock = how == O_NONBLOCK;
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct private *private = &thread->private[i];
		uint32_t max = max_sectors(thread, slot_of(thread, i));

		private->data = allocate(max * SECTOR);
		private->stable = allocate(max * sizeof(uint32_t));
		private->pending = allocate(max * sizeof(uint32_t));
	}
	thread->provided = allocate(4096);
	thread->buffers = allocate(BUFFERS * SMALL * SECTOR);
	set_up_aio(thread);
}

/* The ring is opened by the thread that uses it: it may be for one only. */
static void *start_thread(void *arg)
{
	open_ring(arg);
	return run_thread(arg);
}

void run_worker(struct worker *worker, uint64_t seed)
{
	static struct thread threads[THREADS];
	pthread_t ids[THREADS];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	drive = &shared->drives[worker->drive];
	shared_fd = open_node(0);
	for (unsigned int i = 0; i < THREADS; i++)
		set_up_thread(&threads[i], worker, i, seed);
	for (unsigned int i = 0; i < THREADS; i++)
		require(!pthread_create(&ids[i], NULL, start_thread,
					&threads[i]), "a thread");
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	_exit(0);
}
