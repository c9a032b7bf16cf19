// SPDX-License-Identifier: GPL-2.0-only
/*
 * execute.c - runs a program, and checks what the driver did
 *
 * Memory: each call has an arena of some pages with nothing behind them. It is
 * mapped several times: as it is, read-only, half read-only, and where another
 * thread takes it away and brings it back. So memory can be prepared and looked
 * at whatever the call may do with it.
 *
 * Data: what is written to a drive is letters. What is read must be letters or
 * zeros, all else is from somewhere else.
 *
 * Each process has a drive of its own, which takes no time. A program may make
 * it take some, make requests hang, or wait for ever: then a thread of its own
 * sets all that back, and sends signals, until the program ends.
 */

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../ddtctl/tests/check.h"
#include "fuzz.h"

enum {
	PAGE = 4096,
	PAGES = 4,			/* of an arena */
	ARENA = PAGES * PAGE,
	STRIDE = ARENA + PAGE,		/* the last page is never mapped */
	NOT_WRITTEN = 0xa5,		/* where a read should deliver to */
	BESIDE = 0xbd,			/* what no call should touch */
	CAPACITY_KIB = 600,
	DEPTH = 3,			/* a program can fill it */
	MAX_DUE = 48,			/* requests of the ring and of libaio */
	NR_REPEATED = 8,		/* how often, when memory is changing */
	UNSET_RUNS = 4,
};

enum view { VIEW_PLAIN, VIEW_READONLY, VIEW_HALF, VIEW_VANISH, NR_VIEWS };

static unsigned int process;
static int home_fd = -1, control_fd;	/* not the program's */
static const struct program *running;
static bool alone;			/* it has one thread, and nothing changes */
static atomic_bool rescued;		/* its drive has been set back */
static uint64_t random_state;

/* Memory */

static unsigned char *views[NR_VIEWS];

static unsigned char *arena(enum view view, unsigned int i)
{
	return views[view] + (size_t)i * STRIDE;
}

static void map_arenas(void)
{
	int fd = memfd_create("arenas", MFD_CLOEXEC);

	require(fd >= 0 && !ftruncate(fd, MAX_CALLS * ARENA), "memory");
	for (int view = 0; view < NR_VIEWS; view++) {
		int protection = view == VIEW_READONLY ? PROT_READ :
							 PROT_READ | PROT_WRITE;

		views[view] = mmap(NULL, MAX_CALLS * STRIDE, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		require(views[view] != MAP_FAILED, "memory");
		for (unsigned int i = 0; i < MAX_CALLS; i++) {
			void *part = arena(view, i);

			require(mmap(part, ARENA, protection,
				     MAP_SHARED | MAP_FIXED, fd, i * ARENA) ==
				part, "memory");
			if (view == VIEW_HALF)
				mprotect(part + ARENA / 2, ARENA / 2, PROT_READ);
		}
	}
	close(fd);
}

/* The memory of a call: where it is told to be, and where it can be written. */
struct memory {
	void *address;
	unsigned char *plain;
	unsigned int length;
	bool steady;			/* nothing changes it but the call */
	bool partial;			/* not all of it can be written */
};

static struct memory memory_of(const struct call *call, unsigned int i,
			       unsigned int length)
{
	struct memory memory = { .length = length, .steady = true };
	enum view view = VIEW_PLAIN;
	unsigned int offset = 256;

	switch (call->place) {
	case PLACE_ODD:
		offset += 1 + call->a % 7;
		break;
	case PLACE_STRADDLE:
		offset = ARENA / 2 - length / 2;
		break;
	case PLACE_END:
		offset = ARENA - length;
		break;
	case PLACE_BEYOND:
		offset = ARENA - length + 1 + call->a % length;
		memory.length = ARENA - offset;
		memory.partial = true;
		break;
	case PLACE_READONLY:
		view = VIEW_READONLY;
		memory.partial = true;
		break;
	case PLACE_HALF:
		view = VIEW_HALF;
		offset = ARENA / 2 - length / 2;
		memory.partial = true;
		break;
	case PLACE_VANISH:
		view = VIEW_VANISH;
		offset = ARENA / 2 - length / 2;
		memory.steady = false;
		memory.partial = true;
		break;
	}
	memory.plain = arena(VIEW_PLAIN, i) + offset;
	memory.address = arena(view, i) + offset;
	if (call->place == PLACE_NULL)
		memory.address = NULL;
	else if (call->place == PLACE_KERNEL)
		memory.address = (void *)(intptr_t)(-4096 - (long)call->a % 4096);
	if (call->place >= PLACE_NULL)
		memory.partial = true;
	if (call->flip != NO_FLIP)
		memory.steady = false;
	return memory;
}

static bool is_beside(const struct memory *memory, unsigned int i)
{
	const unsigned char *begin = arena(VIEW_PLAIN, i);
	const unsigned char *end = memory->plain + memory->length;

	for (const unsigned char *p = memory->plain; p-- > begin;)
		if (*p != BESIDE)
			return false;
	for (const unsigned char *p = end; p < begin + ARENA; p++)
		if (*p != BESIDE)
			return false;
	return true;
}

static void fill_letters(unsigned int i)
{
	unsigned char *begin = arena(VIEW_PLAIN, i);
	unsigned char letter = 'a' + next_random(&random_state) % 26;

	memset(begin, letter, ARENA);
}

static bool all_letters(const unsigned char *data, size_t n,
			unsigned char besides)
{
	for (size_t i = 0; i < n; i++)
		if (data[i] && data[i] != besides &&
		    (data[i] < 'a' || data[i] > 'z'))
			return false;
	return true;
}

/* Changes memory during calls */

static struct target {
	/* Address of a word that has now one value and now another, or 0. */
	atomic_uintptr_t word;
	uint32_t values[2];
	/* Address of pages that come and go, or 0. */
	atomic_uintptr_t pages;
} targets[NR_THREADS];

static atomic_uint changing;		/* as a futex */
static atomic_bool in_round;

static void change_target(struct target *target, unsigned int round)
{
	uint32_t *word = (uint32_t *)target->word;
	void *pages = (void *)target->pages;

	if (word)
		__atomic_store_n(word, target->values[round & 1],
				 __ATOMIC_RELAXED);
	if (pages)
		mprotect(pages, ARENA / 2, round & 1 ? PROT_NONE :
						       PROT_READ | PROT_WRITE);
}

static void *change_memory(void *unused)
{
	for (unsigned int round = 0;; round++) {
		while (!changing)
			syscall(SYS_futex, &changing, 0 /* FUTEX_WAIT */, 0,
				NULL, NULL, 0);
		in_round = true;
		for (int i = 0; i < NR_THREADS; i++)
			change_target(&targets[i], round);
		in_round = false;
		if (round % 64 == 0)
			sched_yield();
	}
	return unused;
}

static void begin_change(const struct call *call, unsigned int thread,
			 const struct memory *memory)
{
	struct target *target = &targets[thread];
	uint32_t value = next_random(&random_state) >> call->flip % 32;

	if (call->place == PLACE_VANISH)
		target->pages = (uintptr_t)memory->address +
				memory->length / 2;
	/* Not what decides for how long, or how much memory, is taken. */
	if (call->flip != NO_FLIP && call->flip + 4U <= memory->length &&
	    (call->cmd != DDT_DRIVE_IOC_SET_MODEL &&
	     call->cmd != DDT_DRIVE_IOC_FAULT_ADD &&
	     call->cmd != DDT_DRIVE_IOC_ADD &&
	     call->cmd != DDT_DRIVE_IOC_REMOVE) | !call->flip) {
		memcpy(&target->values[0], memory->plain + call->flip, 4);
		target->values[1] = call->a & 1 ? value : target->values[0] ^ 1;
		target->word = (uintptr_t)memory->plain + call->flip;
	}
	changing++;
	syscall(SYS_futex, &changing, 1 /* FUTEX_WAKE */, 1, NULL, NULL, 0);
}

static void end_change(unsigned int thread)
{
	targets[thread].word = 0;
	targets[thread].pages = 0;
	/* A round that began before may still have it. */
	while (in_round)
		sched_yield();
	changing--;
}

/* Files */

static atomic_int fds[NR_FDS];

static int fd_of(const struct call *call)
{
	int fd = fds[call->fd % NR_FDS];

	return fd >= 0 ? fd : fds[0];
}

static void put_fd(unsigned int i, int fd)
{
	int old = atomic_exchange(&fds[i % NR_FDS], fd);

	if (old >= 0)
		close(old);
}

/* The numbers of the drives that a process may have. */
static unsigned int home_index(void)
{
	return FIRST_INDEX + process;
}

static unsigned int other_index(void)
{
	return FIRST_INDEX + MAX_PROCESSES + process;
}

static void node_name(char *name, size_t size, unsigned int index)
{
	snprintf(name, size, "/dev/ddt%u", index);
}

/* The ioctls of the process itself, on its drive */

static void calm_down(int fd)
{
	struct ddt_drive_fault fault = { .size = sizeof(fault) };
	struct ddt_drive_model model = { .size = sizeof(model) };
	struct ddt_drive_medium medium = {
		.size = sizeof(medium), .flags = DDT_DRIVE_MEDIUM_PRESENT,
	};
	struct ddt_drive_priority priority = { .size = sizeof(priority) };

	call_on(fd, DDT_DRIVE_IOC_FAULT_REMOVE, &fault);
	call_on(fd, DDT_DRIVE_IOC_SET_MODEL, &model);
	call_on(fd, DDT_DRIVE_IOC_SET_MEDIUM, &medium);
	call_on(fd, DDT_DRIVE_IOC_SET_PRIORITY, &priority);
}

static int remove_drive(unsigned int index)
{
	struct ddt_drive_remove arg = { .size = sizeof(arg), .index = index };

	return call_on(control_fd, DDT_DRIVE_IOC_REMOVE, &arg);
}

static void add_home(void)
{
	struct ddt_drive_add arg = {
		.size = sizeof(arg),
		.flags = DDT_DRIVE_ADD_MODEL,
		.index = home_index(),
		.capacity_kib = CAPACITY_KIB,
		.depth = DEPTH,
		.model.size = sizeof(arg.model),
	};
	char name[32];
	int err;

	node_name(name, sizeof(name), home_index());
	/* One that was added with any number may have got this one. */
	require_soon(!(err = call_on(control_fd, DDT_DRIVE_IOC_ADD, &arg)) ||
		     (remove_drive(home_index()), err != -EEXIST));
	errno = -err;
	require(!err, "ADD");
	if (home_fd >= 0)
		close(home_fd);
	home_fd = open(name, O_RDWR | O_CLOEXEC);
	require(home_fd >= 0, name);
}

static struct ddt_drive_info info_of_home(void)
{
	struct ddt_drive_info arg = { .size = sizeof(arg) };

	if (call_on(home_fd, DDT_DRIVE_IOC_INFO, &arg))
		memset(&arg, 0, sizeof(arg));
	arg.state &= ~DDT_DRIVE_MOTOR_ON;
	return arg;
}

static struct ddt_drive_model model_of_home(void)
{
	struct ddt_drive_model arg = { .size = sizeof(arg) };

	if (call_on(home_fd, DDT_DRIVE_IOC_GET_MODEL, &arg))
		memset(&arg, 0, sizeof(arg));
	return arg;
}

/* Ioctls */

static uint32_t ids[MAX_CALLS];		/* that calls were given */

static uint32_t get32(const unsigned char *data, unsigned int offset)
{
	uint32_t value;

	memcpy(&value, data + offset, sizeof(value));
	return value;
}

static void put32(unsigned char *data, unsigned int offset, uint32_t value)
{
	memcpy(data + offset, &value, sizeof(value));
}

static void limit(unsigned char *data, unsigned int offset, uint32_t max,
		  uint32_t allowed)
{
	uint32_t value = get32(data, offset);

	/* What is refused anyway stays. */
	if (value > max && value <= allowed)
		put32(data, offset, value % (max + 1));
}

static uint32_t own_index(uint32_t index)
{
	if (index >= 64)
		return index;
	return index % 2 ? home_index() : other_index();
}

static void limit_model(unsigned char *data)
{
	limit(data, 4, 300, 10000000);
	limit(data, 8, 300, 10000000);
	if (get32(data, 12) && get32(data, 12) < 10000)
		put32(data, 12, 10000);
	limit(data, 16, 3, 60000);
}

/* So that nothing takes long, or concerns drives of others. */
static void make_harmless(const struct call *call, unsigned char *data,
			  unsigned int length)
{
	const struct spec *spec = find_spec(call->cmd);

	if (!spec || length < spec->size)
		return;
	switch (spec->cmd) {
	case DDT_DRIVE_IOC_SET_MODEL:
		limit_model(data);
		break;
	case DDT_DRIVE_IOC_FAULT_ADD:
		limit(data, 24, 10, 3600000);
		break;
	case DDT_DRIVE_IOC_ADD:
		limit(data, 12, 1000, 1048576);
		put32(data, 8, own_index(get32(data, 8)));
		limit_model(data + 24);
		break;
	case DDT_DRIVE_IOC_REMOVE:
		put32(data, 4, own_index(get32(data, 4)));
		break;
	}
}

static bool is_allowed(const struct spec *spec, int err)
{
	static const int of_all[] = {
		EINVAL, E2BIG, EFAULT, ENODEV, ENOMEM, EBADF, ENOTTY, 0,
	};

	for (int i = 0; of_all[i]; i++)
		if (err == of_all[i])
			return true;
	for (int i = 0; spec->errors && spec->errors[i]; i++)
		if (err == spec->errors[i])
			return true;
	return false;
}

static void fail_here(unsigned int i, const char *what, long value)
{
	fail(running, "call %u: %s (%ld)", i, what, value);
}

/* What is neither filled in nor the size is as it was. */
static void check_untouched(const struct spec *spec, unsigned int i,
			    const unsigned char *before,
			    const unsigned char *after, unsigned int length)
{
	uint32_t size = get32(before, 0);

	if (size < spec->size || size > 4096)
		fail_here(i, "accepts a size of", size);
	for (unsigned int j = spec->size; j < size; j++)
		if (before[j])
			fail_here(i, "accepts what it does not know at byte", j);
	for (unsigned int j = 0; j < length; j++) {
		bool out = j >= spec->out && j < spec->out_end && j < size;

		if ((spec->stores && j < 4) || out)
			continue;
		if (before[j] != after[j])
			fail_here(i, "changes what it should not, at byte", j);
	}
	if (!spec->stores)
		return;
	size = size < spec->size ? size : spec->size;
	if (get32(after, 0) != size)
		fail_here(i, "sets its size to", get32(after, 0));
}

/*
 * What keeps the content that it had before, whatever that was, was not set.
 * @before and @after are of a call that worked.
 */
static void check_query(const struct call *call, const struct spec *spec,
			unsigned int i, const struct memory *memory,
			unsigned char *before, const unsigned char *after,
			int fd)
{
	static const unsigned char changes[] = { 0xff, 0x55, 0x3c };
	unsigned int begin = spec->id ? spec->id + 4 : spec->out;
	bool unset[MAX_DATA] = { false };
	unsigned int end = get32(after, 0);

	for (unsigned int j = begin; j < end; j++)
		unset[j] = before[j] == after[j];
	for (unsigned int n = 0; n < ARRAY_SIZE(changes); n++) {
		memcpy(memory->plain, before, end);
		for (unsigned int j = begin; j < end; j++)
			memory->plain[j] ^= changes[n];
		if (ioctl(fd, call->cmd, memory->address))
			return;
		for (unsigned int j = begin; j < end; j++)
			unset[j] &= memory->plain[j] ==
				    (before[j] ^ changes[n]);
	}
	for (unsigned int j = begin; j < end; j++)
		if (unset[j])
			fail_here(i, "does not set byte", j);
}

/* The same for WAIT, which cannot be repeated: over many calls. */
static void check_wait(unsigned int i, const unsigned char *before,
		       const unsigned char *after)
{
	static atomic_uchar same[sizeof(struct ddt_drive_wait)];

	for (unsigned int j = 12; j < sizeof(same); j++) {
		if (j >= 16 && j < 24)
			continue;
		if (before[j] != after[j])
			same[j] = 0;
		else if (++same[j] == UNSET_RUNS)
			fail_here(i, "does not set byte", j);
	}
	if (!get32(after, 8))
		fail_here(i, "names no request", 0);
}

/* A setting is what it was set to, or as it was on an error. */
static void check_setting(const struct call *call, unsigned int i, int err,
			  const unsigned char *arg,
			  const struct ddt_drive_info *info,
			  const struct ddt_drive_model *model)
{
	struct ddt_drive_info info_now = info_of_home();
	struct ddt_drive_model model_now = model_of_home();
	struct ddt_drive_info info_wanted = *info;
	struct ddt_drive_model model_wanted = *model;

	/* Looked at last: what the rescuer changes it says before. */
	if (!info_now.size || !info->size || rescued)
		return;
	if (!err && call->cmd == DDT_DRIVE_IOC_SET_PRIORITY)
		info_wanted.nice = get32(arg, 4);
	if (!err && call->cmd == DDT_DRIVE_IOC_SET_MODEL) {
		memcpy((char *)&model_wanted + 4, arg + 4,
		       sizeof(model_wanted) - 4);
		info_wanted.access_us = model_wanted.access_us;
		info_wanted.spinup_ms = model_wanted.spinup_ms;
		info_wanted.idle_ms = model_wanted.idle_ms;
	}
	if (!err && call->cmd == DDT_DRIVE_IOC_SET_MEDIUM)
		info_wanted.state = get32(arg, 4) << 1;
	if (memcmp(&info_now, &info_wanted, sizeof(info_now)) ||
	    memcmp(&model_now, &model_wanted, sizeof(model_now)))
		fail_here(i, err ? "fails, and changes a setting" :
				   "works, and the setting is another", err);
}

static bool is_setting(uint32_t cmd)
{
	return cmd == DDT_DRIVE_IOC_SET_PRIORITY ||
	       cmd == DDT_DRIVE_IOC_SET_MODEL ||
	       cmd == DDT_DRIVE_IOC_SET_MEDIUM;
}

/* Whether the file is of the drive of this process. */
static bool is_home(int fd)
{
	struct stat one, other;

	return !fstat(fd, &one) && !fstat(home_fd, &other) &&
	       one.st_rdev == other.st_rdev;
}

static void check_ioctl(const struct call *call, const struct spec *spec,
			unsigned int i, const struct memory *memory,
			unsigned char *before, long ret, int err, int fd)
{
	unsigned char after[MAX_LENGTH];

	if (!is_beside(memory, i))
		fail_here(i, "changes what is beside the structure", ret);
	if (spec && ret < 0 && !is_allowed(spec, err))
		fail_here(i, "error", err);
	if (!spec && ret >= 0 && _IOC_TYPE(call->cmd) == DDT_DRIVE_IOC_MAGIC &&
	    call->cmd != DDT_DRIVE_IOC_EVENTS)
		fail_here(i, "an unknown ioctl works", ret);
	if (!memory->steady)
		return;
	memcpy(after, memory->plain, memory->length);
	if (ret < 0) {
		/* A part may have been copied before what cannot be written. */
		if (err == EFAULT && memory->partial)
			return;
		if (memcmp(before, after, memory->length))
			fail_here(i, "fails, and changes the structure", err);
		return;
	}
	if (!spec)
		return;
	if (ret)
		fail_here(i, "returns", ret);
	check_untouched(spec, i, before, after, memory->length);
	if (spec->query)
		check_query(call, spec, i, memory, before, after, fd);
	if (spec->cmd == DDT_DRIVE_IOC_WAIT)
		check_wait(i, before, after);
	if (!spec->query && spec->out) {
		ids[i] = get32(after, spec->out);
		if (!ids[i] != (spec->cmd == DDT_DRIVE_IOC_ADD && !ids[i]))
			fail_here(i, "an id of 0", ret);
	}
}

static void prepare_ioctl(const struct call *call, const struct spec *spec,
			  unsigned int i, const struct memory *memory)
{
	unsigned char data[MAX_LENGTH] = { 0 };

	memcpy(data, call->data, MAX_DATA);
	if (spec && spec->id && call->ref && call->ref <= MAX_CALLS)
		put32(data, spec->id, ids[call->ref - 1]);
	make_harmless(call, data, sizeof(data));
	if (call->cmd == DDT_DRIVE_IOC_WAIT) {
		put32(data, 12, next_random(&random_state));
		for (unsigned int j = 24; j < 56; j++)
			data[j] = next_random(&random_state);
	}
	memset(arena(VIEW_PLAIN, i), BESIDE, ARENA);
	memcpy(memory->plain, data, memory->length);
}

/* All that the driver may read or write. */
static unsigned int ioctl_length(const struct call *call,
				 const struct spec *spec)
{
	uint32_t size = get32(call->data, 0);
	unsigned int length = call->length;

	if (spec && length < spec->size)
		length = spec->size;
	if (size <= 4096 && length < size)
		length = size;
	return length < 8 ? 8 : length < MAX_LENGTH ? length : MAX_LENGTH;
}

static long run_ioctl(const struct call *call, unsigned int i)
{
	const struct spec *spec = find_spec(call->cmd);
	struct memory memory = memory_of(call, i, ioctl_length(call, spec));
	unsigned char before[MAX_LENGTH];
	struct ddt_drive_model model;
	struct ddt_drive_info info;
	int fd = fd_of(call), err;
	bool setting;
	long ret;

	/* Its argument is a number. */
	if (call->cmd == DDT_DRIVE_IOC_EVENTS)
		return 0;
	/* FIOCLEX, FIONBIO and so on have no structure of ours. */
	if (_IOC_TYPE(call->cmd) != DDT_DRIVE_IOC_MAGIC)
		return ioctl(fd, call->cmd & 0xffff, NULL) ? -errno : 0;
	prepare_ioctl(call, spec, i, &memory);
	memcpy(before, memory.plain, memory.length);
	setting = alone && memory.steady && is_setting(call->cmd) &&
		  is_home(fd);
	if (setting) {
		info = info_of_home();
		model = model_of_home();
	}
	ret = ioctl(fd, call->cmd, memory.address);
	err = ret < 0 ? errno : 0;
	check_ioctl(call, spec, i, &memory, before, ret, err, fd);
	if (setting)
		check_setting(call, i, err, before, &info, &model);
	return ret < 0 ? -err : ret;
}

/* Reading and writing */

static unsigned int length_of(const struct call *call)
{
	return call->length ? call->length : 1;
}

static struct memory prepare_read(const struct call *call, unsigned int i)
{
	struct memory memory = memory_of(call, i, length_of(call));

	memset(arena(VIEW_PLAIN, i), BESIDE, ARENA);
	memset(memory.plain, NOT_WRITTEN, memory.length);
	return memory;
}

static struct memory prepare_write(const struct call *call, unsigned int i)
{
	fill_letters(i);
	return memory_of(call, i, length_of(call));
}

static void check_read(unsigned int i, const struct memory *memory, long ret)
{
	unsigned int n = ret > 0 ? ret : 0;

	if (!is_beside(memory, i))
		fail_here(i, "changes what is beside its memory", ret);
	if (n > memory->length && !memory->partial)
		fail_here(i, "reads more than it was asked for", ret);
	if (memory->partial)
		return;
	if (!all_letters(memory->plain, n, 0))
		fail_here(i, "reads what was never written", ret);
	for (unsigned int j = n; j < memory->length; j++)
		if (memory->plain[j] != NOT_WRITTEN)
			fail_here(i, "reads more than it says", j);
}

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static unsigned int make_iovecs(const struct call *call,
				const struct memory *memory,
				struct iovec *iovecs)
{
	unsigned int length = length_of(call), part = length / 3;

	for (int i = 0; i < 3; i++)
		iovecs[i] = (struct iovec){
			memory->address + i * part,
			i < 2 ? part : length - 2 * part,
		};
	if (call->b == 6)
		iovecs[2].iov_base = NULL;
	if (call->b == 7)
		iovecs[2].iov_len = SIZE_MAX;
	return 3;
}

static long run_read(const struct call *call, unsigned int i)
{
	struct memory memory = prepare_read(call, i);
	struct iovec iovecs[3];
	int fd = fd_of(call);
	long ret;

	if (call->kind == CALL_READ)
		ret = result(read(fd, memory.address, length_of(call)));
	else if (call->kind == CALL_PREAD)
		ret = result(pread(fd, memory.address, length_of(call),
				   call->a));
	else
		ret = result(preadv2(fd, iovecs,
				     make_iovecs(call, &memory, iovecs),
				     call->a, call->cmd));
	check_read(i, &memory, ret);
	return ret;
}

static long run_write(const struct call *call, unsigned int i)
{
	struct memory memory = prepare_write(call, i);
	struct iovec iovecs[3];
	int fd = fd_of(call);

	if (call->kind == CALL_WRITE)
		return result(write(fd, memory.address, length_of(call)));
	if (call->kind == CALL_PWRITE)
		return result(pwrite(fd, memory.address, length_of(call),
				     call->a));
	make_iovecs(call, &memory, iovecs);
	/* Else it would be something else than letters. */
	if (call->b == 7)
		iovecs[2].iov_base = NULL;
	return result(pwritev2(fd, iovecs, 3, call->a, call->cmd));
}

/* Each thread has a pipe. */
static int pipes[NR_THREADS][2];

static void drain_pipe(const struct call *call, unsigned int i)
{
	char data[PAGE];
	ssize_t n;

	while ((n = read(pipes[call->thread][0], data, sizeof(data))) > 0)
		if (!all_letters((unsigned char *)data, n, 0))
			fail_here(i, "splices what was never written", n);
}

static long run_splice(const struct call *call, unsigned int i)
{
	const int *pipe = pipes[call->thread];
	unsigned int flags = SPLICE_F_NONBLOCK | call->b;
	loff_t offset = call->a;
	int fd = fd_of(call);
	long ret;

	if (call->kind == CALL_SPLICE_IN) {
		fill_letters(i);
		if (write(pipe[1], arena(VIEW_PLAIN, i), length_of(call)) < 0)
			return -errno;
		ret = result(splice(pipe[0], NULL, fd, call->b & 4 ? NULL :
				    &offset, length_of(call), flags));
	} else {
		ret = result(splice(fd, call->b & 4 ? NULL : &offset, pipe[1],
				    NULL, length_of(call), flags));
	}
	drain_pipe(call, i);
	return ret;
}

/* Asynchronously */

static struct io_uring ring;
static unsigned int ring_due;
static pthread_mutex_t async_lock = PTHREAD_MUTEX_INITIALIZER;
static aio_context_t aio;
static unsigned int aio_due;
static struct iocb iocbs[MAX_DUE];
static struct iovec async_iovecs[MAX_CALLS][3];
static bool async_read[MAX_CALLS];
static struct memory async_memory[MAX_CALLS];

static void open_async(void)
{
	struct iovec iovecs[MAX_CALLS];
	int err = io_uring_queue_init(MAX_DUE, &ring, 0);

	errno = -err;
	require(!err, "an io_uring");
	for (unsigned int i = 0; i < MAX_CALLS; i++)
		iovecs[i] = (struct iovec){ arena(VIEW_PLAIN, i), ARENA };
	require(!io_uring_register_buffers(&ring, iovecs, MAX_CALLS),
		"registering buffers");
	require(!syscall(SYS_io_setup, MAX_DUE, &aio), "io_setup()");
}

/* Each call has one request in flight: its memory is its own. */
static struct memory prepare_async(const struct call *call, unsigned int i,
				   bool reads)
{
	async_memory[i] = reads ? prepare_read(call, i) :
				  prepare_write(call, i);
	async_read[i] = reads;
	make_iovecs(call, &async_memory[i], async_iovecs[i]);
	if (!reads && call->b == 7)
		async_iovecs[i][2].iov_base = NULL;
	return async_memory[i];
}

static void reap_ring(void)
{
	struct io_uring_cqe *cqe;

	while (!io_uring_peek_cqe(&ring, &cqe)) {
		if (!(cqe->flags & IORING_CQE_F_MORE))
			ring_due--;
		io_uring_cqe_seen(&ring, cqe);
	}
}

static bool sqe_reads(unsigned int opcode)
{
	return opcode == IORING_OP_READ || opcode == IORING_OP_READV ||
	       opcode == IORING_OP_READ_FIXED;
}

/* What the program says, with addresses of its memory; or nothing. */
static void make_sqe(struct io_uring_sqe *sqe, const struct call *call,
		     unsigned int i)
{
	struct memory memory;

	memcpy(sqe, call->data, sizeof(*sqe));
	/*
	 * Not IOSQE_IO_DRAIN: in Linux 6.1 io_uring may never start such a
	 * request if one that was submitted after it has failed at once.
	 */
	sqe->flags &= 0x3f & ~IOSQE_IO_DRAIN;
	sqe->fd = fd_of(call);
	sqe->user_data = i + 1;
	memory = prepare_async(call, i, sqe_reads(sqe->opcode));
	switch (sqe->opcode) {
	case IORING_OP_READ:
	case IORING_OP_WRITE:
	case IORING_OP_READ_FIXED:
	case IORING_OP_WRITE_FIXED:
	case 49:		/* IORING_OP_READ_MULTISHOT */
		sqe->addr = (uintptr_t)memory.address;
		if (sqe->len > memory.length)
			sqe->len = memory.length;
		if (!sqe->buf_index && !(sqe->flags & IOSQE_BUFFER_SELECT))
			sqe->buf_index = i;
		break;
	case IORING_OP_READV:
	case IORING_OP_WRITEV:
		sqe->addr = (uintptr_t)async_iovecs[i];
		sqe->len %= 4;
		break;
	case IORING_OP_FSYNC:
	case IORING_OP_POLL_ADD:
	case IORING_OP_ASYNC_CANCEL:
	case IORING_OP_FALLOCATE:
	case IORING_OP_URING_CMD:
		break;
	default:
		sqe->opcode = IORING_OP_NOP;
	}
}

static long run_uring(const struct call *call, unsigned int i)
{
	struct io_uring_sqe *sqe;
	long ret = -EBUSY;

	pthread_mutex_lock(&async_lock);
	reap_ring();
	sqe = ring_due < MAX_DUE ? io_uring_get_sqe(&ring) : NULL;
	if (sqe) {
		make_sqe(sqe, call, i);
		ring_due++;
		ret = io_uring_submit(&ring);
	}
	pthread_mutex_unlock(&async_lock);
	return ret;
}

static long run_aio(const struct call *call, unsigned int i)
{
	static const int opcodes[] = {
		IOCB_CMD_PREAD, IOCB_CMD_PWRITE, IOCB_CMD_FSYNC,
		IOCB_CMD_FDSYNC, IOCB_CMD_PREADV, IOCB_CMD_PWRITEV, 4, 9,
	};
	unsigned int opcode = opcodes[call->b % ARRAY_SIZE(opcodes)];
	bool reads = opcode == IOCB_CMD_PREAD || opcode == IOCB_CMD_PREADV;
	bool vector = opcode >= IOCB_CMD_PREADV;
	struct iocb *iocb = &iocbs[i];
	struct memory memory;
	long ret = -EBUSY;

	pthread_mutex_lock(&async_lock);
	memory = prepare_async(call, i, reads);
	*iocb = (struct iocb){
		.aio_lio_opcode = opcode,
		.aio_fildes = fd_of(call),
		.aio_buf = vector ? (uintptr_t)async_iovecs[i] :
				    (uintptr_t)memory.address,
		.aio_nbytes = vector ? 3 : memory.length,
		.aio_offset = call->a,
		.aio_data = i,
		.aio_rw_flags = call->cmd,
	};
	/* A fsync has none. */
	if (opcode == IOCB_CMD_FSYNC || opcode == IOCB_CMD_FDSYNC) {
		iocb->aio_buf = 0;
		iocb->aio_nbytes = 0;
		iocb->aio_offset = 0;
		iocb->aio_rw_flags = 0;
	}
	ret = result(syscall(SYS_io_submit, aio, 1, &iocb));
	aio_due += ret > 0;
	pthread_mutex_unlock(&async_lock);
	return ret;
}

static void reap_aio(void)
{
	struct timespec timeout = { 0 };
	struct io_event events[MAX_DUE];
	long n = syscall(SYS_io_getevents, aio, 0, MAX_DUE, events, &timeout);

	if (n > 0)
		aio_due -= n;
}

static long run_aio_cancel(const struct call *call)
{
	struct io_event event;

	return result(syscall(SYS_io_cancel, aio,
			      &iocbs[call->a % MAX_CALLS], &event));
}

static long run_reap(void)
{
	pthread_mutex_lock(&async_lock);
	reap_ring();
	reap_aio();
	pthread_mutex_unlock(&async_lock);
	return 0;
}

/* After the drive has been told to be quick: all that is in flight ends. */
static void finish_async(void)
{
	uint64_t end = now_ns() + 20 * SEC;
	struct io_uring_sqe *sqe;

	if (ring_due) {
		sqe = io_uring_get_sqe(&ring);
		if (sqe) {
			io_uring_prep_cancel64(sqe, 0, IORING_ASYNC_CANCEL_ALL |
					       IORING_ASYNC_CANCEL_ANY);
			ring_due++;
		}
		io_uring_submit(&ring);
	}
	while (ring_due || aio_due) {
		if (now_ns() > end)
			fail(running, "%u requests of the ring and %u of libaio have not ended",
			     ring_due, aio_due);
		reap_ring();
		reap_aio();
		if (ring_due || aio_due)
			usleep(100);
	}
	for (unsigned int i = 0; i < MAX_CALLS; i++) {
		const struct memory *memory = &async_memory[i];

		if (async_read[i] && memory->steady && memory->length &&
		    !all_letters(memory->plain, memory->length, NOT_WRITTEN))
			fail_here(i, "reads what was never written", 0);
		async_read[i] = false;
	}
}

/* Others */

static long run_open(const struct call *call)
{
	char name[32] = "/dev/ddt-control";
	/* Nothing that creates a file. */
	int flags = call->cmd & (O_ACCMODE | O_NONBLOCK | O_DIRECT | O_APPEND |
				 O_TRUNC | O_SYNC | O_ASYNC | O_PATH);
	int fd;

	if (call->a % 3 == 0)
		node_name(name, sizeof(name), home_index());
	else if (call->a % 3 == 2)
		node_name(name, sizeof(name), other_index());
	fd = open(name, flags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	put_fd(call->fd, fd);
	return 0;
}

static long run_events(const struct call *call)
{
	int fd = ioctl(fd_of(call), DDT_DRIVE_IOC_EVENTS,
		       call->b == 7 ? call->a : 0);

	if (fd < 0)
		return -errno;
	put_fd(call->b, fd);
	return 0;
}

static long run_mmap(const struct call *call, unsigned int i)
{
	void *memory = mmap(NULL, PAGE, PROT_READ, call->b & 1 ? MAP_PRIVATE :
			    MAP_SHARED, fd_of(call), call->a & ~4095ULL);

	if (memory == MAP_FAILED)
		return -errno;
	fail_here(i, "a drive can be mapped", 0);
	return 0;
}

static long run_epoll(const struct call *call)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	long ret;

	ret = result(epoll_ctl(epoll, EPOLL_CTL_ADD, fd_of(call), &event));
	if (!ret)
		epoll_wait(epoll, &event, 1, 1);
	close(epoll);
	return ret;
}

static long run_fork(const struct call *call)
{
	char data[64];
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (call->b & 1)
			pread(fd_of(call), data, sizeof(data), call->a);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static long run_call(const struct call *call, unsigned int i)
{
	struct pollfd poll_arg = { .fd = fd_of(call), .events = call->cmd };
	struct stat status;

	switch (call->kind) {
	case CALL_OPEN:
		return run_open(call);
	case CALL_CLOSE:
		put_fd(call->fd, -1);
		return 0;
	case CALL_DUP:
		put_fd(call->b, fcntl(fd_of(call), F_DUPFD_CLOEXEC, 0));
		return 0;
	case CALL_IOCTL:
		return run_ioctl(call, i);
	case CALL_EVENTS:
		return run_events(call);
	case CALL_READ:
	case CALL_PREAD:
	case CALL_PREADV:
		return run_read(call, i);
	case CALL_WRITE:
	case CALL_PWRITE:
	case CALL_PWRITEV:
		return run_write(call, i);
	case CALL_LSEEK:
		return result(lseek(fd_of(call), call->a, call->b) < 0 ? -1 : 0);
	case CALL_FSYNC:
		return result(call->b & 1 ? fdatasync(fd_of(call)) :
					    fsync(fd_of(call)));
	case CALL_FALLOCATE:
		return result(fallocate(fd_of(call), call->b, call->a,
					call->length));
	case CALL_FTRUNCATE:
		return result(ftruncate(fd_of(call), call->a));
	case CALL_MMAP:
		return run_mmap(call, i);
	case CALL_POLL:
		return result(poll(&poll_arg, 1, call->b));
	case CALL_EPOLL:
		return run_epoll(call);
	case CALL_SPLICE_IN:
	case CALL_SPLICE_OUT:
		return run_splice(call, i);
	case CALL_SETFL:
		/* SIGIO of O_ASYNC is ignored. */
		return result(fcntl(fd_of(call), F_SETFL, call->cmd));
	case CALL_FSTAT:
		return result(fstat(fd_of(call), &status));
	case CALL_URING:
		return run_uring(call, i);
	case CALL_AIO:
		return run_aio(call, i);
	case CALL_AIO_CANCEL:
		return run_aio_cancel(call);
	case CALL_REAP:
		return run_reap();
	case CALL_FORK:
		return run_fork(call);
	default:
		sched_yield();
		return 0;
	}
}

/* What distinguishes a result, for a kernel that does not tell what it ran. */
static uint64_t result_item(const struct call *call, long ret)
{
	const struct spec *spec = find_spec(call->cmd);
	uint64_t item = call->kind + 1;

	if (call->kind == CALL_IOCTL)
		item |= (spec ? spec - specs + 1ULL : 0) << 8;
	if (call->kind == CALL_URING)
		item |= (uint64_t)call->data[0] << 8;
	item |= (uint64_t)call->place << 16;
	return item | (uint64_t)(ret < 0 ? -ret : ret ? 4096 : 0) << 24;
}

static void run_one(const struct call *call, unsigned int i)
{
	unsigned int thread = call->thread, times = 1;
	bool changes = call->kind == CALL_IOCTL &&
		       (call->flip != NO_FLIP || call->place == PLACE_VANISH);
	struct memory memory;
	long ret;

	if (changes) {
		memory = memory_of(call, i, ioctl_length(call,
							 find_spec(call->cmd)));
		times = NR_REPEATED;
	}
	while (times--) {
		cover_call(thread);
		if (changes) {
			prepare_ioctl(call, find_spec(call->cmd), i, &memory);
			begin_change(call, thread, &memory);
		}
		ret = run_call(call, i);
		if (changes)
			end_change(thread);
		cover_result(thread, result_item(call, ret));
	}
	shared->calls++;
	if (verbose)
		printf("fuzz: call %u in thread %u: %ld\n", i, thread, ret);
}

/* Threads */

static pthread_barrier_t begin_barrier, end_barrier;
static pthread_t thread_ids[NR_THREADS];

static void run_thread(unsigned int thread)
{
	for (unsigned int i = 0; i < running->n; i++)
		if (running->calls[i].thread == thread)
			run_one(&running->calls[i], i);
}

static void *follow(void *arg)
{
	unsigned int thread = (uintptr_t)arg;

	cover_thread(thread);
	for (;;) {
		pthread_barrier_wait(&begin_barrier);
		run_thread(thread);
		pthread_barrier_wait(&end_barrier);
	}
	return NULL;
}

static pthread_mutex_t rescue_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_ulong running_since;

/* Ends what takes too long. */
static void *rescue(void *unused)
{
	for (;;) {
		uint64_t since = running_since;
		char name[32];
		int fd;

		usleep(10000);
		if (!since || since != running_since ||
		    now_ns() - since < 30 * MS)
			continue;
		if (now_ns() - since > 60 * SEC)
			fail(running, "it does not end");
		pthread_mutex_lock(&rescue_lock);
		/* It may have ended meanwhile. */
		if (since != running_since) {
			pthread_mutex_unlock(&rescue_lock);
			continue;
		}
		rescued = true;
		calm_down(home_fd);
		node_name(name, sizeof(name), other_index());
		fd = open(name, O_RDWR | O_CLOEXEC);
		if (fd >= 0) {
			calm_down(fd);
			close(fd);
		}
		for (int i = 0; i < NR_THREADS; i++)
			pthread_kill(thread_ids[i], SIGUSR1);
		pthread_mutex_unlock(&rescue_lock);
	}
	return unused;
}

static void on_signal(int sig)
{
	(void)sig;
}

void execute_init(unsigned int nr, uint64_t seed)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t id;

	process = nr;
	random_state = seed | 1;
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGIO, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	control_fd = open("/dev/ddt-control", O_RDWR | O_CLOEXEC);
	require(control_fd >= 0, "/dev/ddt-control");
	/* Left from a process that was killed. */
	remove_drive(home_index());
	remove_drive(other_index());
	add_home();
	map_arenas();
	open_async();
	for (int i = 0; i < NR_THREADS; i++)
		require(!pipe2(pipes[i], O_CLOEXEC | O_NONBLOCK), "a pipe");
	for (int i = 0; i < NR_FDS; i++)
		fds[i] = -1;
	require(!pthread_barrier_init(&begin_barrier, NULL, NR_THREADS) &&
		!pthread_barrier_init(&end_barrier, NULL, NR_THREADS),
		"a barrier");
	thread_ids[0] = pthread_self();
	cover_thread(0);
	for (uintptr_t i = 1; i < NR_THREADS; i++)
		require(!pthread_create(&thread_ids[i], NULL, follow,
					(void *)i), "a thread");
	require(!pthread_create(&id, NULL, rescue, NULL) &&
		!pthread_create(&id, NULL, change_memory, NULL), "a thread");
}

/*
 * What was added for the program goes, what it removed comes back. A drive that
 * was added with any number, which the program may not know, has the lowest that
 * was free; so those of other processes may go too.
 */
static void restore_drives(void)
{
	bool adds = false, removes = false;

	for (unsigned int i = 0; i < running->n; i++) {
		const struct call *call = &running->calls[i];

		if (call->kind != CALL_IOCTL)
			continue;
		adds |= call->cmd == DDT_DRIVE_IOC_ADD;
		removes |= call->cmd == DDT_DRIVE_IOC_REMOVE;
	}
	if (adds) {
		for (unsigned int i = 1; i < 64; i++)
			if (i < FIRST_INDEX || i >= END_INDEX)
				remove_drive(i);
		remove_drive(other_index());
	}
	if ((adds || removes) && !info_of_home().size)
		add_home();
}

/* All that was accepted has been completed. */
static void await_completion(void)
{
	uint64_t end = now_ns() + 20 * SEC;
	struct ddt_drive_stats stats = { .size = sizeof(stats) };

	while (!call_on(home_fd, DDT_DRIVE_IOC_STATS, &stats) &&
	       (stats.submitted != stats.completed || stats.queued)) {
		if (now_ns() > end)
			fail(running, "%llu requests were submitted, %llu completed, %u are queued",
			     stats.submitted, stats.completed, stats.queued);
		usleep(100);
	}
}

void execute(const struct program *program)
{
	bool threads = false;

	running = program;
	memset(ids, 0, sizeof(ids));
	alone = true;
	for (unsigned int i = 0; i < program->n; i++) {
		threads |= program->calls[i].thread;
		if (program->calls[i].flip != NO_FLIP)
			alone = false;
	}
	alone &= !threads;
	for (unsigned int i = 0; i < NR_THREADS; i++)
		cover_begin(i);
	rescued = false;
	running_since = now_ns();
	if (threads)
		pthread_barrier_wait(&begin_barrier);
	run_thread(0);
	if (threads)
		pthread_barrier_wait(&end_barrier);
	pthread_mutex_lock(&rescue_lock);
	running_since = 0;
	pthread_mutex_unlock(&rescue_lock);

	calm_down(home_fd);
	finish_async();
	for (int i = 0; i < NR_FDS; i++)
		put_fd(i, -1);
	await_completion();
	restore_drives();
	shared->programs++;
}
