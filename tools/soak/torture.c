// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture.c - uses drives in all ways at once, and accounts for every request
 *
 *   torture [--seconds N] [--seed N] [--drives N]
 *
 * Adds drives of its own with /dev/ddt-control. For each some processes read,
 * write and control it (worker.c), while this one sets how it behaves, ejects
 * its medium, injects faults, removes it, moves threads between CPUs, stops,
 * continues and kills processes. From time to time all must drain: then nothing
 * is in flight, the drive has counted as many completions as submissions and as
 * many bytes as the processes, and the medium of processes that died has in each
 * sector what they wrote last, or what they were writing.
 *
 * Sometimes all are killed instead; what is measured then is how long the module
 * is in use afterwards.
 *
 * The last line is "torture: N requests, ...: ok"; or, with exit status 1, there
 * is a line with FAILURE and the history of the request. The random numbers of
 * a run are those of --seed; what they lead to depends on timing too.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../ddtctl/tests/check.h"
#include "torture.h"

#define MODULE	"/sys/module/ddt_drive/refcnt"

struct shared *shared;
unsigned int nr_cpus;

static unsigned int nr_drives = 2;
static uint64_t seed = 1, seconds = 60;
static uint64_t random_state;
static int control;

static struct {
	unsigned int kills, massacres, drains, removals;
	uint64_t max_exit, max_free, max_remove;
} total;

/* What happened to a request */

void record(struct slot *slot, enum what what, int64_t arg)
{
	slot->history[slot->nr_events % HISTORY] = (struct event){
		.when = now_ns(), .what = what, .arg = arg,
	};
	slot->nr_events++;
}

struct text {
	char bytes[65536];
	size_t length;
};

__printf(2, 3)
static void add(struct text *text, const char *fmt, ...)
{
	size_t left = sizeof(text->bytes) - text->length;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text->bytes + text->length, left, fmt, args);
	va_end(args);
	text->length += n < (int)left ? n : (int)left - 1;
}

static void add_slot(struct text *text, const struct slot *slot)
{
	static const char *const ops[] = {
		"read", "write", "verify", "erase", "motor", "fsync",
	};
	static const char *const ways[] = { "sync", "io_uring", "libaio", "ioctl" };
	static const char *const whats[] = {
		"", "submitted", "accepted", "refused", "cancelled", "ended",
	};
	unsigned int first = slot->nr_events > HISTORY ?
			     slot->nr_events - HISTORY : 0;

	add(text, "  request %u of its slot: %s by %s, sectors %u to %u, version %u, id %u, %s\n",
	    slot->generation, ops[slot->op], ways[slot->way], slot->sector,
	    slot->sector + slot->count, slot->version, slot->id,
	    slot->flying ? "in flight" : "ended");
	for (unsigned int i = first; i < slot->nr_events; i++) {
		const struct event *event = &slot->history[i % HISTORY];

		add(text, "    %12.6f s  %s (%lld)\n",
		    (event->when - shared->begin) / 1e9, whats[event->what],
		    (long long)event->arg);
	}
}

static void print(const struct text *text)
{
	/* At once: other processes may print too. */
	if (write(STDOUT_FILENO, text->bytes, text->length) < 0)
		_exit(2);
}

static void add_failure(struct text *text, const struct worker *worker,
			const struct slot *slot, const char *fmt, va_list args)
{
	char said[256];

	vsnprintf(said, sizeof(said), fmt, args);
	add(text, "torture: FAILURE: %s\n", said);
	add(text, "  after %.6f s, seed %llu\n",
	    (now_ns() - shared->begin) / 1e9, (unsigned long long)seed);
	if (worker)
		add(text, "  ddt%u, process %u (pid %d)\n",
		    shared->drives[worker->drive].index, worker->nr,
		    worker->pid);
	if (slot)
		add_slot(text, slot);
}

void fail(const struct worker *worker, const struct slot *slot,
	  const char *fmt, ...)
{
	static struct text text;
	va_list args;

	va_start(args, fmt);
	add_failure(&text, worker, slot, fmt, args);
	va_end(args);
	shared->failed = true;
	print(&text);
	_exit(1);
}

static struct worker *worker_of(unsigned int i)
{
	return &shared->drives[i / WORKERS].workers[i % WORKERS];
}

static unsigned int nr_workers(void)
{
	return nr_drives * WORKERS;
}

static void kill_workers(void)
{
	for (unsigned int i = 0; i < nr_workers(); i++)
		if (worker_of(i)->pid)
			kill(worker_of(i)->pid, SIGKILL);
}

static noreturn void give_up(void)
{
	kill_workers();
	exit(1);
}

/* A failure that is seen by the parent, and what is in flight then. */
__printf(1, 2)
static noreturn void failure(const char *fmt, ...)
{
	static struct text text;
	va_list args;

	va_start(args, fmt);
	add_failure(&text, NULL, NULL, fmt, args);
	va_end(args);
	for (unsigned int i = 0; i < nr_workers(); i++) {
		struct worker *worker = worker_of(i);

		for (int j = 0; j < THREADS * SLOTS; j++) {
			struct slot *slot = &worker->slots[0][0] + j;

			if (!slot->flying)
				continue;
			add(&text, "  ddt%u, process %u, thread %u:\n",
			    shared->drives[worker->drive].index, worker->nr,
			    j / SLOTS);
			add_slot(&text, slot);
		}
	}
	shared->failed = true;
	print(&text);
	give_up();
}

/* Random numbers, time */

static unsigned int chance(unsigned int limit)
{
	return below(&random_state, limit);
}

static bool one_in(unsigned int n)
{
	return !chance(n);
}

static void pause_us(unsigned int us)
{
	struct timespec time = { .tv_nsec = us * 1000L };

	nanosleep(&time, NULL);
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Processes */

static void start_worker(struct worker *worker)
{
	uint64_t of_its_own = (uint64_t)next_random(&random_state) << 16 | 1;
	pid_t pid;

	worker->idle = 0;
	worker->ended = 0;
	worker->waits_for_cancel = 0;
	worker->may_end = false;
	worker->killed_at = 0;
	worker->stopped = false;
	worker->dead = false;
	memset(worker->range.readers, 0, sizeof(worker->range.readers));
	for (unsigned int i = 0; i < THREADS * SLOTS; i++)
		(&worker->slots[0][0] + i)->flying = false;
	pid = fork();
	require(pid >= 0, "fork()");
	if (!pid)
		run_worker(worker, of_its_own);
	worker->pid = pid;
}

static struct worker *find_worker(pid_t pid)
{
	for (unsigned int i = 0; i < nr_workers(); i++)
		if (worker_of(i)->pid == pid)
			return worker_of(i);
	return NULL;
}

static void account_for_end(struct worker *worker, int status)
{
	struct drive *drive = &shared->drives[worker->drive];

	worker->pid = 0;
	worker->dead = true;
	drive->uncertain = true;
	if (worker->killed_at)
		total.max_exit = max(total.max_exit,
				     now_ns() - worker->killed_at);
	if (shared->failed)
		give_up();
	/* A program that it executed does not catch the signal. */
	if (worker->may_end && WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1)
		return;
	if (WIFSIGNALED(status) ? !worker->killed_at : WEXITSTATUS(status))
		failure("process %u of ddt%u ended with status %x", worker->nr,
			drive->index, status);
	if (WIFEXITED(status) && !worker->killed_at && !worker->may_end &&
	    !drive->removing && shared->phase != PHASE_STOP)
		failure("process %u of ddt%u has ended", worker->nr,
			drive->index);
}

/* Children that have ended, and children of theirs. */
static void reap_children(void)
{
	struct worker *worker;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		worker = find_worker(pid);
		if (worker)
			account_for_end(worker, status);
	}
	if (shared->failed)
		give_up();
}

static void kill_worker(struct worker *worker)
{
	if (!worker->pid || worker->killed_at)
		return;
	worker->killed_at = now_ns();
	kill(worker->pid, SIGKILL);
	total.kills++;
}

static void stop_worker(struct worker *worker, bool stop)
{
	if (!worker->pid)
		return;
	worker->stopped = stop;
	kill(worker->pid, stop ? SIGSTOP : SIGCONT);
}

/* A thread of a process; the process itself if there is none. */
static pid_t some_thread(pid_t pid)
{
	struct dirent *entry;
	pid_t found = pid;
	char name[64];
	DIR *folder;

	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	folder = opendir(name);
	if (!folder)
		return pid;
	while ((entry = readdir(folder)))
		if (atoi(entry->d_name) > 0 && one_in(3))
			found = atoi(entry->d_name);
	closedir(folder);
	return found;
}

static void shuffle_cpus(pid_t thread)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(chance(nr_cpus), &set);
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (one_in(2))
			CPU_SET(i, &set);
	sched_setaffinity(thread, sizeof(set), &set);
}

/* Drives */

/* Fails unless it works, or the drive has been removed. */
static void tell(struct drive *drive, const char *what, unsigned long cmd,
		 void *arg)
{
	int err = call_on(drive->fd, cmd, arg);

	if (err)
		failure("%s on ddt%u: error %d", what, drive->index, -err);
}

static void set_model(struct drive *drive, bool fast)
{
	struct ddt_drive_model arg = { .size = sizeof(arg) };

	if (!fast) {
		arg.access_us = one_in(2) ? chance(300) : 0;
		arg.seek_us = one_in(2) ? chance(500) : 0;
		arg.rate_kib_s = one_in(2) ? 100000 + chance(1000000) : 0;
		arg.spinup_ms = chance(4);
		arg.idle_ms = one_in(2) ? 1 + chance(20) : 0;
	}
	tell(drive, "SET_MODEL", DDT_DRIVE_IOC_SET_MODEL, &arg);
}

static void set_medium(struct drive *drive, uint32_t flags)
{
	struct ddt_drive_medium arg = { .size = sizeof(arg), .flags = flags };

	tell(drive, "SET_MEDIUM", DDT_DRIVE_IOC_SET_MEDIUM, &arg);
}

static void add_fault(struct drive *drive)
{
	struct ddt_drive_fault arg = {
		.size = sizeof(arg),
		.kind = 1 + chance(3),
		.ops = 1 + chance(7),
		.times = 1 + chance(4),
	};
	int err;

	if (arg.kind == DDT_DRIVE_FAULT_DELAY)
		arg.delay_ms = 1 + chance(5);
	if (one_in(2)) {
		arg.offset = chance(CAPACITY_KIB) * 1024ULL;
		arg.length = 1 + chance(CAPACITY_KIB * 1024 - arg.offset);
	}
	err = call_on(drive->fd, DDT_DRIVE_IOC_FAULT_ADD, &arg);
	if (err && err != -ENOSPC)
		failure("FAULT_ADD on ddt%u: error %d", drive->index, -err);
}

static void remove_faults(struct drive *drive)
{
	struct ddt_drive_fault arg = { .size = sizeof(arg) };

	tell(drive, "FAULT_REMOVE", DDT_DRIVE_IOC_FAULT_REMOVE, &arg);
}

static void let_all_hang(struct drive *drive)
{
	struct ddt_drive_fault arg = {
		.size = sizeof(arg), .kind = DDT_DRIVE_FAULT_HANG, .ops = 7,
	};

	remove_faults(drive);
	tell(drive, "FAULT_ADD", DDT_DRIVE_IOC_FAULT_ADD, &arg);
}

static struct ddt_drive_stats stats_of(struct drive *drive)
{
	struct ddt_drive_stats arg = { .size = sizeof(arg) };

	tell(drive, "STATS", DDT_DRIVE_IOC_STATS, &arg);
	return arg;
}

static void open_drive_of(struct drive *drive)
{
	static const unsigned int depths[] = { 3, 16, 128 };
	struct ddt_drive_add arg = {
		.size = sizeof(arg),
		.flags = DDT_DRIVE_ADD_MODEL,
		.index = DDT_DRIVE_ANY_INDEX,
		.capacity_kib = CAPACITY_KIB,
		.depth = depths[chance(ARRAY_SIZE(depths))],
		.model.size = sizeof(arg.model),
	};
	struct ddt_drive_info info = { .size = sizeof(info) };
	char node[32];
	int err;

	err = call_on(control, DDT_DRIVE_IOC_ADD, &arg);
	if (err)
		failure("ADD: error %d", -err);
	drive->index = arg.index;
	snprintf(node, sizeof(node), "/dev/ddt%u", drive->index);
	drive->fd = open(node, O_RDWR | O_CLOEXEC);
	require(drive->fd >= 0, node);
	tell(drive, "INFO", DDT_DRIVE_IOC_INFO, &info);
	drive->thread = info.pid;
	drive->gone = false;
	drive->removing = false;
	drive->uncertain = false;
	drive->bytes_read = 0;
	drive->bytes_written = 0;
	memset(&drive->stats, 0, sizeof(drive->stats));
	for (int i = 0; i < WORKERS; i++) {
		struct range *range = &drive->workers[i].range;

		memset(range, 0, sizeof(*range));
		memset(range->pending, 0xff, sizeof(range->pending));
	}
}

/* Processes may be using it: all their requests end. */
static void remove_drive(struct drive *drive)
{
	struct ddt_drive_remove arg = {
		.size = sizeof(arg), .index = drive->index,
	};
	uint64_t begin = now_ns();
	int err;

	drive->removing = true;
	err = call_on(control, DDT_DRIVE_IOC_REMOVE, &arg);
	if (err)
		failure("REMOVE of ddt%u: error %d", drive->index, -err);
	total.max_remove = max(total.max_remove, now_ns() - begin);
	total.removals++;
	close(drive->fd);
	drive->gone = true;
}

static int module_users(void)
{
	char text[16] = "";
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);

	require(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0, MODULE);
	close(fd);
	return atoi(text);
}

/* What is done to drives and processes, one thing at a time */

/* What was cancelled must end while all else hangs. */
static bool waits_for_cancel(struct drive *drive)
{
	for (int i = 0; i < WORKERS; i++) {
		struct worker *worker = &drive->workers[i];

		if (worker->pid && !worker->killed_at &&
		    worker->waits_for_cancel)
			return true;
	}
	return false;
}

static void disturb_drive(struct drive *drive)
{
	static const uint32_t media[] = {
		0, DDT_DRIVE_MEDIUM_PRESENT,
		DDT_DRIVE_MEDIUM_PRESENT | DDT_DRIVE_MEDIUM_PROTECTED,
		DDT_DRIVE_MEDIUM_PRESENT, DDT_DRIVE_MEDIUM_PRESENT,
	};

	switch (chance(8)) {
	case 0:
		set_model(drive, !one_in(3));
		break;
	case 1:
		set_medium(drive, media[chance(ARRAY_SIZE(media))]);
		break;
	case 2:
		add_fault(drive);
		break;
	case 3:
	case 4:
	case 5:
		if (!waits_for_cancel(drive))
			remove_faults(drive);
		break;
	case 6:
		shuffle_cpus(drive->thread);
		break;
	}
}

static void disturb_worker(struct worker *worker)
{
	if (!worker->pid)
		return;
	switch (chance(8)) {
	case 0:
		if (one_in(8))
			kill_worker(worker);
		break;
	case 1:
		stop_worker(worker, true);
		break;
	case 3:
	case 4:
		shuffle_cpus(some_thread(worker->pid));
		break;
	case 5:
	case 6:
		/* Ends what it waits for. */
		kill(worker->pid, SIGUSR1);
		break;
	}
}

static void be_busy(uint64_t duration)
{
	uint64_t end = now_ns() + duration;

	shared->phase = PHASE_BUSY;
	while (now_ns() < end) {
		struct drive *drive = &shared->drives[chance(nr_drives)];

		pause_us(500 + chance(10000));
		reap_children();
		if (!shared->calm && !drive->gone) {
			if (one_in(400))
				remove_drive(drive);
			else
				disturb_drive(drive);
		}
		/* Not for long, so that there is work beside it. */
		for (unsigned int i = 0; i < nr_workers(); i++)
			if (worker_of(i)->stopped && one_in(2))
				stop_worker(worker_of(i), false);
		disturb_worker(worker_of(chance(nr_workers())));
	}
}

/* They find out for themselves if it takes too long. */
static void await_cancellations(void)
{
	for (unsigned int i = 0; i < nr_drives; i++) {
		while (waits_for_cancel(&shared->drives[i])) {
			reap_children();
			pause_us(1000);
		}
	}
}

/* Each process has drained or has ended. */
static bool all_idle(void)
{
	for (unsigned int i = 0; i < nr_workers(); i++) {
		struct worker *worker = worker_of(i);

		if (worker->pid && worker->idle + worker->ended < THREADS)
			return false;
	}
	return true;
}

static void restore_drives(void)
{
	for (unsigned int i = 0; i < nr_drives; i++) {
		struct drive *drive = &shared->drives[i];

		if (drive->gone)
			continue;
		remove_faults(drive);
		set_model(drive, true);
		set_medium(drive, DDT_DRIVE_MEDIUM_PRESENT);
	}
}

static void drain(void)
{
	uint64_t end;

	shared->phase = PHASE_QUIET;
	for (unsigned int i = 0; i < nr_workers(); i++)
		stop_worker(worker_of(i), false);
	await_cancellations();
	restore_drives();
	end = now_ns() + PATIENCE;
	while (!all_idle()) {
		reap_children();
		if (now_ns() > end)
			failure("not all that was submitted has ended");
		pause_us(500);
	}
	total.drains++;
}

static bool any_alive(void)
{
	for (unsigned int i = 0; i < nr_workers(); i++)
		if (worker_of(i)->pid)
			return true;
	return false;
}

/* Kills all, with whatever hangs. Nothing of theirs is left soon after. */
static void massacre(int users)
{
	uint64_t begin;

	for (unsigned int i = 0; !shared->calm && i < nr_drives; i++)
		if (!shared->drives[i].gone)
			let_all_hang(&shared->drives[i]);
	/* For more to be submitted meanwhile. */
	pause_us(5000);
	begin = now_ns();
	for (unsigned int i = 0; i < nr_workers(); i++)
		kill_worker(worker_of(i));
	while (any_alive() || module_users() > users) {
		reap_children();
		if (now_ns() - begin > PATIENCE)
			failure("all processes are dead, and the module has %d users, not %d",
				module_users(), users);
		pause_us(500);
	}
	total.max_free = max(total.max_free, now_ns() - begin);
	total.massacres++;
	restore_drives();
}

/* What must hold when nothing is in flight */

static void check_counters(struct drive *drive)
{
	uint64_t end = now_ns() + PATIENCE;
	struct ddt_drive_stats now;
	uint64_t read, written;

	/* What belonged to a process that was killed may still be ending. */
	for (;;) {
		now = stats_of(drive);
		if (!now.queued && now.submitted == now.completed)
			break;
		if (now_ns() > end)
			failure("ddt%u is idle, with %u queued, %llu submitted, %llu completed",
				drive->index, now.queued, now.submitted,
				now.completed);
		pause_us(1000);
	}
	if (now.cancelled > now.completed)
		failure("ddt%u has %llu cancelled of %llu completed",
			drive->index, now.cancelled, now.completed);
	read = now.bytes_read - drive->stats.bytes_read;
	written = now.bytes_written - drive->stats.bytes_written;
	if (!drive->uncertain && (read != drive->bytes_read ||
				  written != drive->bytes_written))
		failure("ddt%u has read %llu bytes and written %llu; its processes %lu and %lu",
			drive->index, (unsigned long long)read,
			(unsigned long long)written, drive->bytes_read,
			drive->bytes_written);
	drive->stats = now;
	drive->uncertain = false;
	drive->bytes_read = 0;
	drive->bytes_written = 0;
}

/* Each sector of a process that died has what it had or was being written. */
static void settle(struct worker *worker)
{
	static uint64_t words[RANGE * SECTOR / 8];
	unsigned char *data = (unsigned char *)words;
	struct drive *drive = &shared->drives[worker->drive];
	struct range *range = &worker->range;

	if (pread(drive->fd, data, sizeof(words), range_offset(worker, 0)) !=
	    sizeof(words))
		failure("reading the range of process %u of ddt%u: %d",
			worker->nr, drive->index, errno);
	for (uint32_t i = 0; i < RANGE; i++) {
		uint32_t version;

		if (!find_version(worker, i, data + i * SECTOR, &version))
			failure("sector %u of process %u of ddt%u has other data",
				i, worker->nr, drive->index);
		if (version != range->stable[i] && version != range->pending[i])
			failure("sector %u of process %u of ddt%u has version %u, not %u or %u",
				i, worker->nr, drive->index, version,
				range->stable[i], range->pending[i]);
		range->stable[i] = version;
		range->pending[i] = NONE;
	}
	/* Its own reading is not counted as theirs. */
	drive->stats.bytes_read += sizeof(words);
}

static void check_tainted(void)
{
	const char *taint = new_taint();

	if (taint)
		failure("the kernel reported trouble: tainted %s", taint);
}

static void check_all(void)
{
	check_tainted();
	for (unsigned int i = 0; i < nr_drives; i++)
		if (!shared->drives[i].gone)
			check_counters(&shared->drives[i]);
	for (unsigned int i = 0; i < nr_workers(); i++)
		if (worker_of(i)->dead && !shared->drives[i / WORKERS].gone)
			settle(worker_of(i));
}

/* Adds again what was removed, starts again what died. */
static void restart(void)
{
	for (unsigned int i = 0; i < nr_drives; i++) {
		struct drive *drive = &shared->drives[i];

		if (drive->gone && !drive->workers[0].pid &&
		    !drive->workers[1].pid && !drive->workers[2].pid)
			open_drive_of(drive);
	}
	for (unsigned int i = 0; i < nr_workers(); i++)
		if (worker_of(i)->dead && !shared->drives[i / WORKERS].gone)
			start_worker(worker_of(i));
}

static void report(const char *end)
{
	unsigned long requests = 0;
	double took = (now_ns() - shared->begin) / 1e9;

	for (unsigned int i = 0; i < nr_workers(); i++)
		requests += worker_of(i)->requests;
	printf("torture: %lu requests, %.0f s, %.0f each second; ",
	       requests, took, requests / took);
	printf("drained %u times; %u kills, ended in at most %llu ms; ",
	       total.drains, total.kills,
	       (unsigned long long)(total.max_exit / MS));
	printf("%u times all killed, module free in at most %llu ms; ",
	       total.massacres, (unsigned long long)(total.max_free / MS));
	printf("%u drives removed, in at most %llu ms%s\n", total.removals,
	       (unsigned long long)(total.max_remove / MS), end);
	fflush(stdout);
}

static void torture(void)
{
	uint64_t end = shared->begin + seconds * SEC;
	uint64_t next_report = shared->begin + 30 * SEC;
	int users = module_users();

	for (unsigned int i = 0; i < nr_workers(); i++)
		start_worker(worker_of(i));
	while (now_ns() < end) {
		shared->calm = one_in(3);
		be_busy((200 + chance(3000)) * MS);
		if (one_in(4))
			massacre(users);
		else
			drain();
		check_all();
		restart();
		if (now_ns() > next_report) {
			report("");
			next_report = now_ns() + 30 * SEC;
		}
	}
	drain();
	check_all();
	shared->phase = PHASE_STOP;
	for (end = now_ns() + PATIENCE; any_alive(); reap_children()) {
		if (now_ns() > end)
			failure("the processes do not end");
		pause_us(500);
	}
	check_all();
}

static void on_signal(int sig)
{
	(void)sig;
}

static void set_up(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(shared != MAP_FAILED, "memory");
	shared->begin = now_ns();
	nr_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	random_state = seed * 0x9e3779b97f4a7c15 | 1;
	for (int i = 0; i < 8; i++)
		next_random(&random_state);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* For the processes, from their begin on. */
	sigaction(SIGUSR1, &action, NULL);
	control = open("/dev/ddt-control", O_RDWR | O_CLOEXEC);
	require(control >= 0, "/dev/ddt-control");
	for (unsigned int i = 0; i < nr_drives; i++) {
		open_drive_of(&shared->drives[i]);
		for (int j = 0; j < WORKERS; j++) {
			shared->drives[i].workers[j].drive = i;
			shared->drives[i].workers[j].nr = j;
		}
	}
	check_tainted();
}

static noreturn void print_usage(void)
{
	fprintf(stderr, "usage: torture [--seconds N] [--seed N] [--drives N]\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{ "drives", required_argument, NULL, 'd' },
		{ "nothing", no_argument, NULL, 'n' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 's':
			seconds = strtoull(optarg, NULL, 0);
			break;
		case 'r':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'd':
			nr_drives = strtoul(optarg, NULL, 0);
			break;
		case 'n':
			/* What a process executes that ends so. */
			exit(0);
		default:
			print_usage();
		}
	}
	if (optind < argc || !nr_drives || nr_drives > MAX_DRIVES)
		print_usage();
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	set_up();
	printf("torture: %u drives, %u processes, seed %llu\n", nr_drives,
	       nr_workers(), (unsigned long long)seed);
	fflush(stdout);
	torture();
	for (unsigned int i = 0; i < nr_drives; i++)
		if (!shared->drives[i].gone)
			remove_drive(&shared->drives[i]);
	report(": ok");
	return 0;
}
