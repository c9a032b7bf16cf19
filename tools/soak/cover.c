// SPDX-License-Identifier: GPL-2.0-only
/*
 * cover.c - what a program has reached
 *
 * With CONFIG_KCOV, the blocks of the driver that ran; without, which results
 * its calls had. What was reached by any process before is in memory that all
 * share.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../ddtctl/tests/check.h"
#include "fuzz.h"

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0

enum { ENTRIES = 1 << 14, MAX_ITEMS = 1 << 12 };

/* Of each thread: kcov's memory, and what the program reached. */
static struct {
	unsigned long *kcov;
	unsigned int n;
	uint64_t items[MAX_ITEMS];
} threads[NR_THREADS];

static bool has_kcov;

/* Returns whether there is feedback from the kernel. */
bool cover_init(void)
{
	has_kcov = !access("/sys/kernel/debug/kcov", R_OK | W_OK);
	return has_kcov;
}

/* To be called by the thread itself. */
void cover_thread(unsigned int thread)
{
	unsigned long *memory;
	int fd;

	if (!has_kcov)
		return;
	fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	require(fd >= 0, "/sys/kernel/debug/kcov");
	require(!ioctl(fd, KCOV_INIT_TRACE, ENTRIES), "KCOV_INIT_TRACE");
	memory = mmap(NULL, ENTRIES * sizeof(*memory), PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	require(memory != MAP_FAILED, "mapping kcov");
	require(!ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC), "KCOV_ENABLE");
	/* Enabled for as long as the thread lives; the file may stay open. */
	threads[thread].kcov = memory;
}

static void add(unsigned int thread, uint64_t item)
{
	unsigned int n = threads[thread].n;

	if (n < MAX_ITEMS)
		threads[thread].items[threads[thread].n++] = item;
}

/* Before a program. */
void cover_begin(unsigned int thread)
{
	threads[thread].n = 0;
}

/* Before a call. */
void cover_call(unsigned int thread)
{
	if (threads[thread].kcov)
		__atomic_store_n(threads[thread].kcov, 0, __ATOMIC_RELAXED);
}

/* After a call. */
void cover_result(unsigned int thread, uint64_t result)
{
	unsigned long *kcov = threads[thread].kcov;
	unsigned long n;

	if (!kcov) {
		add(thread, result);
		return;
	}
	n = __atomic_load_n(kcov, __ATOMIC_RELAXED);
	for (unsigned long i = 1; i <= n && i < ENTRIES; i++)
		add(thread, kcov[i]);
	__atomic_store_n(kcov, 0, __ATOMIC_RELAXED);
}

static uint64_t hash(uint64_t item)
{
	item *= 0x9e3779b97f4a7c15;
	return item ^ item >> 32;
}

/* Whether it was not there. */
static bool insert(uint64_t item)
{
	const unsigned int size = ARRAY_SIZE(shared->cover);

	for (unsigned int i = hash(item), end = i + size; i != end; i++) {
		atomic_ulong *entry = &shared->cover[i % size];
		unsigned long found = *entry;

		if (!found && atomic_compare_exchange_strong(entry, &found,
							     item)) {
			shared->nr_cover++;
			return true;
		}
		if (found == item)
			return false;
	}
	return false;
}

/* What no program reached before; at most @max are stored. */
unsigned int cover_take_new(uint64_t *items, unsigned int max)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < NR_THREADS; i++)
		for (unsigned int j = 0; j < threads[i].n; j++) {
			uint64_t item = threads[i].items[j];

			if (item && insert(item) && n < max)
				items[n++] = item;
		}
	return n;
}

/* Whether the program that ran last has reached all of these. */
bool cover_has(const uint64_t *items, unsigned int n)
{
	while (n--) {
		bool found = false;

		for (unsigned int i = 0; i < NR_THREADS; i++)
			for (unsigned int j = 0; j < threads[i].n; j++)
				found |= threads[i].items[j] == items[n];
		if (!found)
			return false;
	}
	return true;
}
