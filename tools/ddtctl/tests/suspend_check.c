// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks that a task can be frozen in each state in which it can wait for a
 * drive:
 *
 *   suspend_check /dev/ddt-control WAY
 *
 * Each state has a drive and a process of its own, which is this program again:
 *
 *   suspend_check /dev/ddtN STATE
 *
 * The thread of a drive first hangs in a request, the holder; that keeps all
 * processes in their states. When the holders are gone tasks are frozen as WAY
 * says, while the drives do what they have to do. Trace events tell the order
 * of things, so that a busy machine does not matter. A run in which something
 * came too late to tell anything is repeated, with more time for everything.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suspend.h"

#define TRACING	"/sys/kernel/tracing/"

/* How long an access takes, and the first request of a state that is LATE. */
#define ACCESS_MS	700
#define LONG_MS		5000
/* How long a suspend takes at most that comes to an end, without that. */
#define SLEEP_MS	7000
/* How long the freezer tries. */
#define FREEZE_MS	20000
/* How much later than the device, or the thaw, a wait may end. */
#define LAG_MS		3000
/* The device's times are doubled up to that while runs tell nothing. */
#define LAST_SCALE	4

/* Processes */

/*
 * Whether all tasks of a process sleep, at least @nr of them in a wait that is
 * not interruptible.
 */
static bool tasks_sleep(pid_t pid, int nr)
{
	struct dirent *entry;
	bool sleep = true;
	char name[64];
	DIR *folder;

	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	folder = opendir(name);
	if (!folder)
		return false;
	while (sleep && (entry = readdir(folder))) {
		if (!isdigit(entry->d_name[0]))
			continue;
		switch (task_state(pid, atoi(entry->d_name))) {
		case 'D':
			nr--;
			break;
		case 'S':
			break;
		default:
			sleep = false;
		}
	}
	closedir(folder);
	return sleep && nr <= 0;
}

/* Also true if the kernel does not tell. */
static bool is_in_syscall(pid_t pid, long nr)
{
	long current = current_syscall(pid);

	return current == SYSCALL_UNKNOWN || current == nr;
}

/* A state, as it is in a run. */
struct subject {
	const struct state *state;
	unsigned int drive;
	int fd;
	pid_t pid;		/* 0 if it has no process, or that has ended */
	__u64 first;		/* the number of its first request */
	uint32_t holder;	/* the fault that its holder hangs in */
	__u64 ended;		/* when its process has */
	/* What the trace says: */
	__u64 in_service;	/* the number of the request, or 0 */
	unsigned int done;	/* of its own */
	unsigned int done_before, done_frozen;	/* when freezing began, ended */
	__u64 last_done;	/* when */
};

struct way {
	const char *name;
	/* A suspend: what it is called, and with what error it has to end. */
	const char *sleep;
	int err;
	/* A freezer: a folder, and what is in its files. */
	const char *group;
	const char *control, *freeze, *thaw;
	const char *status, *frozen;
};

static const struct way ways[] = {
	{ .name = "none" },
	{ .name = "mem", .sleep = "mem" },
	{ .name = "hang", .sleep = "mem", .err = -EBUSY },
	{ .name = "timeout", .sleep = "mem", .err = -EBUSY },
	{ .name = "cgroup", .group = "/tmp/cgroup2/ddt",
	  .control = "cgroup.freeze", .freeze = "1", .thaw = "0",
	  .status = "cgroup.events", .frozen = "frozen 1" },
	{ .name = "freezer", .group = "/tmp/freezer/ddt",
	  .control = "freezer.state", .freeze = "FROZEN", .thaw = "THAWED",
	  .status = "freezer.state", .frozen = "FROZEN" },
};

static struct subject subjects[STATES];

#define LAST	(subjects + STATES)

static struct run {
	const struct way *way;
	unsigned int scale;	/* of all times */
	__u64 thawed;	/* when */
	bool repeat;		/* it came too late to tell anything */
	/* What the trace says: */
	__u64 freezing;		/* since when, or for how long it was */
	bool suspended, slept;
} run;

static bool is_called(const struct subject *subject, const char *name)
{
	return !strcmp(subject->state->name, name);
}

static void repeat(const char *why)
{
	if (!run.repeat)
		printf("# %s, once more with more time: %s\n", run.way->name,
		       why);
	run.repeat = true;
}

/* Files of the kernel's */

/* Returns 0 or a negative error number. */
static int store(const char *name, const char *text)
{
	int file = open(name, O_WRONLY | O_TRUNC | O_CLOEXEC), err = 0;

	if (file < 0)
		return -errno;
	if (write(file, text, strlen(text)) < 0)
		err = -errno;
	close(file);
	return err;
}

static void set(const char *name, const char *text)
{
	errno = -store(name, text);
	require(!errno, name);
}

static void load_text(const char *name, char *text, size_t size)
{
	int file = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t ret;

	require(file >= 0, name);
	ret = read(file, text, size - 1);
	require(ret >= 0, name);
	text[ret] = 0;
	close(file);
}

/* Drives */

static struct ddt_drive_stats stats_of(const struct subject *subject)
{
	struct ddt_drive_stats arg = { .size = sizeof(arg) };

	require(!call_on(subject->fd, DDT_DRIVE_IOC_STATS, &arg), "STATS");
	return arg;
}

static void set_model(const struct subject *subject, unsigned int access_us,
		      unsigned int idle_ms)
{
	struct ddt_drive_model arg = model(access_us, idle_ms);

	require(!call_on(subject->fd, DDT_DRIVE_IOC_SET_MODEL, &arg),
		"SET_MODEL");
}

static uint32_t add_fault(const struct subject *subject, uint32_t kind,
			  uint32_t ops, uint32_t times, uint32_t delay_ms)
{
	struct ddt_drive_fault arg = {
		.size = sizeof(arg),
		.kind = kind,
		.ops = ops,
		.times = times,
		.delay_ms = delay_ms,
	};

	require(!call_on(subject->fd, DDT_DRIVE_IOC_FAULT_ADD, &arg),
		"FAULT_ADD");
	return arg.id;
}

/* It takes a while: see await_holder(). */
static void end_holder(const struct subject *subject)
{
	struct ddt_drive_fault arg = {
		.size = sizeof(arg),
		.id = subject->holder,
	};

	if (subject->holder)
		require(!call_on(subject->fd, DDT_DRIVE_IOC_FAULT_REMOVE, &arg),
			"FAULT_REMOVE");
}

static void await_holder(struct subject *subject)
{
	if (subject->holder)
		await(stats_of(subject).completed >= subject->first - 1);
	subject->holder = 0;
}

/* Ends the holders of all states, or of all that are not LATE. */
static void end_holders(bool late)
{
	bool hang = !strcmp(run.way->name, "hang");

	for (struct subject *subject = subjects; subject < LAST; subject++)
		if ((late || subject->state->completed != LATE) &&
		    !(hang && is_called(subject, "hang")))
			end_holder(subject);
	for (struct subject *subject = subjects; subject < LAST; subject++)
		if ((late || subject->state->completed != LATE) &&
		    !(hang && is_called(subject, "hang")))
			await_holder(subject);
}

static void add_holder(struct subject *subject)
{
	struct ddt_drive_submit arg = {
		.size = sizeof(arg),
		.flags = DDT_DRIVE_SUBMIT_DETACH,
		.op = DDT_DRIVE_OP_SPINDOWN,
	};

	subject->holder = add_fault(subject, DDT_DRIVE_FAULT_HANG,
				    DDT_DRIVE_FAULT_CONTROL, 1, 0);
	require(!call_on(subject->fd, DDT_DRIVE_IOC_SUBMIT, &arg), "SUBMIT");
	await(!stats_of(subject).queued);
}

/* A run, step by step */

static void start_process(struct subject *subject)
{
	char name[32], group[64];

	snprintf(name, sizeof(name), "/dev/ddt%u", subject->drive);
	subject->pid = fork();
	require(subject->pid >= 0, "fork()");
	if (subject->pid)
		return;
	if (run.way->group) {
		snprintf(group, sizeof(group), "%s/cgroup.procs",
			 run.way->group);
		set(group, "0");
	}
	execl("/proc/self/exe", "suspend_check", name, subject->state->name,
	      NULL);
	_exit(127);
}

static void add_subject(struct subject *subject)
{
	const struct state *state = subject->state;
	unsigned char data[SIZE];
	char name[32];

	subject->drive = add_drive(fd, state->depth, model(0, 0));
	snprintf(name, sizeof(name), "/dev/ddt%u", subject->drive);
	subject->fd = open(name, O_RDWR | O_CLOEXEC);
	require(subject->fd >= 0, name);
	for (unsigned int i = 0; i < BLOCKS; i++) {
		fill(data, subject->drive, i, false);
		require(pwrite(subject->fd, data, SIZE, i * SIZE) == SIZE,
			"pwrite()");
	}
	if (is_called(subject, "idle"))
		set_model(subject, 0, LONG_MS);
	else if (!state->requests)
		set_model(subject, 5000, 0);
	else
		set_model(subject, run.scale * ACCESS_MS * 1000, 0);
	if (state->requests || is_called(subject, "hang"))
		add_holder(subject);
	subject->first = stats_of(subject).submitted + 1;
	if (is_called(subject, "killed"))
		add_fault(subject, DDT_DRIVE_FAULT_HANG, DDT_DRIVE_FAULT_READ,
			  0, 0);
	else if (state->completed == LATE && run.way->sleep)
		add_fault(subject, DDT_DRIVE_FAULT_DELAY,
			  DDT_DRIVE_FAULT_READ | DDT_DRIVE_FAULT_CONTROL, 1,
			  run.scale * LONG_MS);
	if (state->run)
		start_process(subject);
}

static bool is_in_state(const struct subject *subject)
{
	const struct state *state = subject->state;
	__u64 submitted = stats_of(subject).submitted + 1 - subject->first;

	if (!state->requests)
		return submitted > 0;
	return submitted == state->accepted &&
	       tasks_sleep(subject->pid, state->uninterruptible) &&
	       (state->syscall < 0 ||
		is_in_syscall(subject->pid, state->syscall));
}

static void await_state(const struct subject *subject)
{
	__u64 end = now_ns() + 20 * SEC;

	while (!is_in_state(subject)) {
		usleep(5000);
		if (now_ns() < end)
			continue;
		printf("# %llu requests of %s, process %d in %c\n",
		       stats_of(subject).submitted + 1 -
		       subject->first, subject->state->name, subject->pid,
		       task_state(subject->pid, subject->pid) ?: '-');
		require(false, "the state");
	}
}

static void begin_trace(void)
{
	static const char *const events[] = {
		"power/suspend_resume", "ddt/ddt_request_begin",
		"ddt/ddt_request_retry", "ddt/ddt_request_complete",
	};
	char name[128];

	set(TRACING "tracing_on", "0");
	set(TRACING "trace", "");
	set(TRACING "trace_clock", "mono");
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		snprintf(name, sizeof(name), TRACING "events/%s/enable",
			 events[i]);
		set(name, "1");
	}
	set(TRACING "tracing_on", "1");
}

/* Without a clock that wakes the machine up nothing here needs one. */
static void set_alarm(unsigned int seconds)
{
	static const char *name = "/sys/class/rtc/rtc0/wakealarm";
	char text[16];

	snprintf(text, sizeof(text), "+%u", seconds);
	if (!store(name, "0"))
		set(name, text);
}

/* From here on an alarm that comes too early ends a suspend. */
static void count_wakeups(void)
{
	char text[32];

	do {
		load_text("/sys/power/wakeup_count", text, sizeof(text));
	} while (store("/sys/power/wakeup_count", text) == -EINVAL);
}

static void suspend(void)
{
	static const char *limit = "/sys/power/pm_freeze_timeout";
	bool timeout = !strcmp(run.way->name, "timeout");
	unsigned int seconds = run.scale * (LONG_MS + SLEEP_MS) / 1000;
	char before[32] = "";
	int err;

	set_alarm(run.way->err ? 4 * seconds : seconds);
	if (timeout) {
		load_text(limit, before, sizeof(before));
		set(limit, "300");
	} else {
		count_wakeups();
	}
	err = store("/sys/power/state", run.way->sleep);
	if (timeout)
		set(limit, before);
	store("/sys/class/rtc/rtc0/wakealarm", "0");
	run.thawed = now_ns();
	if (err == -EBUSY && !run.way->err)
		repeat("the alarm came too early");
	else if (!err && run.way->err)
		repeat("the machine slept");
	else
		expect(err == run.way->err, "%s: %d", run.way->name, err);
}

static bool is_frozen(const struct way *way)
{
	char name[64], text[256];

	snprintf(name, sizeof(name), "%s/%s", way->group, way->status);
	load_text(name, text, sizeof(text));
	return strstr(text, way->frozen);
}

/* Puts the processes, which are in a group, on ice. */
static void freeze_group(void)
{
	const struct way *way = run.way;
	char name[64];

	snprintf(name, sizeof(name), "%s/%s", way->group, way->control);
	set(name, way->freeze);
	await(is_frozen(way));
	for (struct subject *subject = subjects; subject < LAST; subject++) {
		struct ddt_drive_stats stats = stats_of(subject);

		if (subject->state->completed == EARLY)
			expect(stats.completed == stats.submitted &&
			       stats.completed + 1 - subject->first ==
				       subject->state->requests,
			       "%s is frozen with %llu completed",
			       subject->state->name, stats.completed);
	}
	end_holders(true);
	for (struct subject *subject = subjects; subject < LAST; subject++)
		if (subject->state->completed == LATE)
			await(stats_of(subject).completed + 1 -
			      subject->first == subject->state->requests);
	expect(is_frozen(way), "%s: it did not stay so", way->name);
	for (struct subject *subject = subjects; subject < LAST; subject++)
		if (subject->state->completed == LATE)
			expect(!waitpid(subject->pid, NULL, WNOHANG),
			       "%s has ended while it was frozen",
			       subject->state->name);
	run.thawed = now_ns();
	set(name, way->thaw);
}

static void reap(void)
{
	int status;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	if (pid <= 0)
		return;
	for (struct subject *subject = subjects; subject < LAST; subject++) {
		if (subject->pid != pid)
			continue;
		subject->pid = 0;
		subject->ended = now_ns();
		if (is_called(subject, "killed"))
			expect(WIFSIGNALED(status), "%x", status);
		else
			expect(WIFEXITED(status) && !WEXITSTATUS(status),
			       "the process of %s failed: %x",
			       subject->state->name, status);
	}
}

static bool any_process(void)
{
	reap();
	for (struct subject *subject = subjects; subject < LAST; subject++)
		if (subject->pid)
			return true;
	return false;
}

static void end_load(void)
{
	for (struct subject *subject = subjects; subject < LAST; subject++) {
		__u64 before = stats_of(subject).completed;

		if (!subject->pid || subject->state->requests)
			continue;
		/* It goes on. */
		await(stats_of(subject).completed > before + 3);
		kill(subject->pid, SIGTERM);
	}
}

static bool motor_on(const struct subject *subject)
{
	struct ddt_drive_info arg = { .size = sizeof(arg) };

	require(!call_on(subject->fd, DDT_DRIVE_IOC_INFO, &arg), "INFO");
	return arg.state & DDT_DRIVE_MOTOR_ON;
}

static bool is_done(const struct subject *subject)
{
	struct ddt_drive_stats stats = stats_of(subject);

	return stats.completed == stats.submitted;
}

static void check_end(struct subject *subject)
{
	const struct state *state = subject->state;
	unsigned char data[SIZE];
	struct ddt_drive_stats stats;

	end_holder(subject);
	await_holder(subject);
	if (is_called(subject, "idle"))
		await(!motor_on(subject));
	await(is_done(subject));
	stats = stats_of(subject);
	expect(!stats.queued, "%s: %u", state->name, stats.queued);
	if (state->requests)
		expect(stats.submitted + 1 - subject->first == state->requests,
		       "%s: %llu", state->name, stats.submitted);
	set_model(subject, 0, 0);
	for (unsigned int i = 0; i < BLOCKS && !is_called(subject, "killed") &&
	     !is_called(subject, "load"); i++) {
		expect(pread(subject->fd, data, SIZE, i * SIZE) == SIZE, "%d",
		       errno);
		expect(is_block(data, subject->drive, i, i < state->written),
		       "%s: block %u", state->name, i);
	}
	close(subject->fd);
	remove_drive(fd, subject->drive);
}

/* What the trace says */

static void trace_begin(struct subject *subject,
			__u64 number)
{
	expect(!run.suspended, "%s: request %llu is begun in a suspended drive",
	       subject->state->name, number);
	subject->in_service = number;
}

static void trace_complete(struct subject *subject, __u64 number,
			   __u64 time)
{
	if (subject->in_service == number)
		subject->in_service = 0;
	if (number < subject->first ||
	    number >= subject->first + subject->state->requests)
		return;
	subject->done++;
	subject->last_done = time;
}

static void trace_freeze(bool begin, __u64 time)
{
	run.freezing = time - run.freezing;
	for (struct subject *subject = subjects; subject < LAST; subject++)
		if (begin)
			subject->done_before = subject->done;
		else
			subject->done_frozen = subject->done;
}

static void trace_sleep(void)
{
	run.suspended = true;
	run.slept = true;
	for (struct subject *subject = subjects; subject < LAST; subject++)
		expect(!subject->in_service || is_called(subject, "hang"),
		       "%s: request %llu is in service in a suspended drive",
		       subject->state->name, subject->in_service);
}

static void trace_suspend(const char *action, bool begin, __u64 time)
{
	if (!strcmp(action, "freeze_processes"))
		trace_freeze(begin, time);
	else if (!strcmp(action, "dpm_suspend") && !begin)
		trace_sleep();
	else if (!strcmp(action, "dpm_resume") && begin)
		run.suspended = false;
}

/* The time of an event, which is before @text in its line, in ns. */
static __u64 trace_time(const char *line, const char *text)
{
	__u64 seconds = 0, us = 0;

	while (text > line && (isdigit(text[-1]) || text[-1] == '.'))
		text--;
	require(sscanf(text, "%llu.%llu", &seconds, &us) == 2, "a time");
	return seconds * SEC + us * 1000;
}

static void trace_line(char *line)
{
	char *text, *event, name[32], action[32], which[8];
	__u64 time, number, kept, written;
	unsigned int drive;

	if (sscanf(line, "# entries-in-buffer/entries-written: %llu/%llu",
		   &kept, &written) == 2)
		require(kept == written, "room for the trace");
	if (line[0] == '#')
		return;
	text = strstr(line, ": suspend_resume: ");
	if (!text)
		text = strstr(line, ": ddt_");
	if (!text)
		return;
	time = trace_time(line, text);
	event = text + 2;
	if (sscanf(event, "suspend_resume: %31[a-z_][%*u] %7s", action,
		   which) == 2) {
		trace_suspend(action, !strcmp(which, "begin"), time);
		return;
	}
	if (sscanf(event, "%31[a-z_]: queue=ddt%u number=%llu", name,
		   &drive, &number) != 3)
		return;
	for (struct subject *subject = subjects; subject < LAST; subject++) {
		if (subject->drive != drive)
			continue;
		if (!strcmp(name, "ddt_request_begin"))
			trace_begin(subject, number);
		else if (!strcmp(name, "ddt_request_retry"))
			subject->in_service = 0;
		else
			trace_complete(subject, number, time);
	}
}

static void read_trace(void)
{
	FILE *file = fopen(TRACING "trace", "re");
	size_t size = 0;
	char *line = NULL;

	set(TRACING "tracing_on", "0");
	require(file, "the trace");
	while (getline(&line, &size, file) > 0)
		trace_line(line);
	free(line);
	fclose(file);
}

/* What was frozen in the order that it should have been. */
static void check_order(const struct subject *subject)
{
	const struct state *state = subject->state;

	if (!run.way->sleep || !run.slept)
		return;
	if (state->completed == EARLY) {
		if (subject->done_before == state->requests)
			repeat("the freeze began too late");
		else
			expect(subject->done_frozen == state->requests,
			       "%s is frozen with %u of %u completed",
			       state->name, subject->done_frozen,
			       state->requests);
	}
	/* Or all took so long: then it will not be so the next time. */
	if (state->completed == LATE && subject->done_frozen) {
		if (run.scale < LAST_SCALE)
			repeat("the freeze took too long");
		else
			expect(!subject->done_frozen,
			       "%s is not frozen before it has %u completed",
			       state->name, subject->done_frozen);
	}
}

static __u64 check_lag(const struct subject *subject)
{
	__u64 due = subject->last_done, ended = subject->ended, lag;

	if (!subject->state->requests)
		return 0;
	if (is_called(subject, "killed")) {
		/* Its requests end because of that. */
		if (ended < due)
			ended = due;
		due = 0;
	}
	expect(subject->done == subject->state->requests,
	       "%s: %u completions of %u", subject->state->name, subject->done,
	       subject->state->requests);
	if (due < run.thawed)
		due = run.thawed;
	lag = ended > due ? ended - due : 0;
	if (lag < LAG_MS * MS)
		return lag;
	if (run.scale < LAST_SCALE)
		repeat("a wait ended late");
	else
		expect(lag < LAG_MS * MS, "%s waits %llu ms too long",
		       subject->state->name, lag / MS);
	return lag;
}

/* Has all processes in their states. */
static void set_up(void)
{
	const char *group = run.way->group;

	if (group)
		require(!mkdir(group, 0755) || errno == EEXIST, group);
	for (size_t i = 0; i < STATES; i++)
		subjects[i].state = &states[i];
	for (struct subject *subject = subjects; subject < LAST; subject++)
		add_subject(subject);
	for (struct subject *subject = subjects; subject < LAST; subject++)
		if (subject->pid)
			await_state(subject);
}

static void judge(void)
{
	__u64 lag, longest = 0;

	read_trace();
	for (struct subject *subject = subjects; subject < LAST; subject++) {
		check_order(subject);
		lag = check_lag(subject);
		if (lag > longest)
			longest = lag;
	}
	if (run.freezing >= FREEZE_MS * MS) {
		expect(false, "%s: tasks cannot be frozen", run.way->name);
		run.repeat = false;
	} else if (run.way->sleep && !run.repeat) {
		expect(run.slept == !!strcmp(run.way->name, "timeout"), "%d",
		       run.slept);
	}
	printf("# %s: waits end %llu ms after they can, at most\n",
	       run.way->name, longest / MS);
}

static void run_once(void)
{
	__u64 limit;

	set_up();
	begin_trace();
	for (struct subject *subject = subjects; subject < LAST; subject++)
		if (is_called(subject, "killed"))
			kill(subject->pid, SIGKILL);
	/* In a group, those of LATE states hang until all is frozen. */
	end_holders(!run.way->group);
	if (run.way->sleep)
		suspend();
	else if (run.way->group)
		freeze_group();
	else
		run.thawed = now_ns();
	limit = now_ns() + run.scale * 60 * SEC;
	end_load();
	while (any_process()) {
		usleep(5000);
		require(now_ns() < limit, "the end of all waits");
	}
	for (struct subject *subject = subjects; subject < LAST; subject++)
		check_end(subject);
	judge();
}

static void check_way(void)
{
	for (unsigned int scale = 1; scale <= LAST_SCALE; scale *= 2) {
		run = (struct run){ .way = run.way, .scale = scale };
		memset(subjects, 0, sizeof(subjects));
		run_once();
		if (!run.repeat)
			return;
	}
	expect(!run.repeat, "%s: no run was as it has to be", run.way->name);
}

int main(int argc, char **argv)
{
	struct check checks[STATES + ARRAY_SIZE(ways)];
	size_t n = 0;

	begin_checks(argc, argv);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		checks[n++] = (struct check){ ways[i].name, check_way };
		if (!strcmp(ways[i].name, argv[2]))
			run.way = &ways[i];
	}
	for (size_t i = 0; i < STATES; i++) {
		if (!states[i].run)
			continue;
		checks[n++] = (struct check){ states[i].name, states[i].run };
		if (!strcmp(states[i].name, argv[2]))
			own_drive = get_info().index;
	}
	return run_check(checks, n, argv[2]);
}
