// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeline_record.c - records the tracepoints of ddt and of the scheduler
 *
 * In an instance of its own, so that other users of tracing are not disturbed;
 * it is removed whenever the program ends, except by SIGKILL.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tracefs.h>

#include "ddtctl.h"
#include "timeline.h"

#define NSEC_PER_SEC	1000000000ULL
#define DDT_SYSTEM	"ddt"
#define SCHED_SYSTEM	"sched"

/* Bits of prev_state that say that a thread does not want to run. */
#define TASK_STATES	0xff

struct recorder {
	struct recording *recording;
	struct tep_handle *tep;
};

/* For the end of the program. */
static struct tracefs_instance *instance;

static const char *const sched_events[] = { "sched_switch", "sched_wakeup" };

static const struct ddt_event {
	const char *name;
	enum event_type type;
	const char *queue;	/* fields */
	const char *value;
} ddt_events[] = {
	{ "ddt_request_submit", EVENT_SUBMIT, "queue", NULL },
	{ "ddt_request_begin", EVENT_BEGIN, "queue", NULL },
	{ "ddt_request_retry", EVENT_RETRY, "queue", NULL },
	{ "ddt_request_cancel", EVENT_CANCEL, "queue", "in_service" },
	{ "ddt_request_complete", EVENT_COMPLETE, "queue", "status" },
	{ "ddt_service", EVENT_SERVICE_BEGIN, "track_name",
	  "track_event_type" },
	{ "ddt_depth", EVENT_DEPTH, "track_name", "counter_value" },
	{ "ddt_thread_wait", EVENT_WAIT, "queue", NULL },
	{ "ddt_thread_wake", EVENT_WAKE, "queue", NULL },
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

static void destroy_instance(void)
{
	if (!instance)
		return;
	tracefs_trace_off(instance);
	tracefs_instance_destroy(instance);
	tracefs_instance_free(instance);
	instance = NULL;
}

static struct event *add_event(struct recording *recording,
			       const struct tep_record *record,
			       enum event_type type, unsigned int drive)
{
	struct event *event;

	recording->events = grow(recording->events, recording->nr_events,
				 &recording->size_events,
				 sizeof(*recording->events));
	event = &recording->events[recording->nr_events++];
	*event = (struct event){
		.time = record->ts,
		.type = type,
		.drive = drive,
	};
	return event;
}

/* Remembers the name of a thread while it exists. */
static void add_task(struct recording *recording, int tid)
{
	struct task *task;
	char path[32];
	FILE *file;

	for (size_t i = recording->nr_tasks; i > 0; i--) {
		if (recording->tasks[i - 1].tid == tid)
			return;
	}
	recording->tasks = grow(recording->tasks, recording->nr_tasks,
				&recording->size_tasks,
				sizeof(*recording->tasks));
	task = &recording->tasks[recording->nr_tasks++];
	*task = (struct task){ .tid = tid };

	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(task->comm, sizeof(task->comm), file))
		*task->comm = '\0';
	task->comm[strcspn(task->comm, "\n")] = '\0';
	fclose(file);
}

static long long field(struct tep_event *event, struct tep_record *record,
		       const char *name)
{
	unsigned long long value = 0;

	tep_get_field_val(NULL, event, name, record, &value, 0);
	return value;
}

/* Returns the index of the drive whose queue it is, or -1. */
static int find_queue(const struct recording *recording, const char *name,
		      int length)
{
	for (unsigned int i = 0; name && i < recording->nr_drives; i++) {
		if (!strncmp(recording->drives[i].name, name, length))
			return i;
	}
	return -1;
}

static int find_pid(const struct recording *recording, long long pid)
{
	for (unsigned int i = 0; i < recording->nr_drives; i++) {
		if (recording->drives[i].pid == pid)
			return i;
	}
	return -1;
}

static void record_ddt(struct recorder *recorder, struct tep_event *event,
		       struct tep_record *record, const struct ddt_event *known)
{
	struct recording *recording = recorder->recording;
	struct event *added;
	const char *queue;
	int length, drive;

	queue = tep_get_field_raw(NULL, event, known->queue, record, &length,
				  0);
	drive = find_queue(recording, queue, length);
	if (drive < 0)
		return;

	added = add_event(recording, record, known->type, drive);
	added->number = field(event, record, "number");
	added->tid = tep_data_pid(recorder->tep, record);
	if (known->value)
		added->value = field(event, record, known->value);
	if (known->type == EVENT_SERVICE_BEGIN && added->value == 'E')
		added->type = EVENT_SERVICE_END;
	if (known->type == EVENT_COMPLETE)
		added->value = (int32_t)added->value;
	add_task(recording, added->tid);
}

static void record_switch(struct recording *recording, struct tep_event *event,
			  struct tep_record *record, int cpu)
{
	int prev = find_pid(recording, field(event, record, "prev_pid"));
	int next = find_pid(recording, field(event, record, "next_pid"));
	bool sleeps = field(event, record, "prev_state") & TASK_STATES;

	if (prev >= 0)
		add_event(recording, record,
			  sleeps ? EVENT_OFF_CPU : EVENT_PREEMPTED, prev);
	if (next >= 0)
		add_event(recording, record, EVENT_ON_CPU, next)->value = cpu;
}

static int record_event(struct tep_event *event, struct tep_record *record,
			int cpu, void *context)
{
	struct recorder *recorder = context;
	struct recording *recording = recorder->recording;
	int drive;

	if (!strcmp(event->name, "sched_switch")) {
		record_switch(recording, event, record, cpu);
		return 0;
	}
	if (!strcmp(event->name, "sched_wakeup")) {
		drive = find_pid(recording, field(event, record, "pid"));
		if (drive >= 0)
			add_event(recording, record, EVENT_READY, drive);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ddt_events); i++) {
		if (!strcmp(event->name, ddt_events[i].name)) {
			record_ddt(recorder, event, record, &ddt_events[i]);
			break;
		}
	}
	return 0;
}

/* Only switches and wakeups of the threads of the drives. */
static int filter_sched(const struct recording *recording)
{
	static const char *const formats[] = {
		"prev_pid == %1$d || next_pid == %1$d", "pid == %d",
	};
	char *filter = NULL;
	size_t size;
	FILE *file;
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(formats) && !ret; i++) {
		file = check_memory(open_memstream(&filter, &size));
		for (unsigned int j = 0; j < recording->nr_drives; j++) {
			fputs(j ? " || " : "", file);
			fprintf(file, formats[i], recording->drives[j].pid);
		}
		fclose(file);
		ret = tracefs_event_file_write(instance, SCHED_SYSTEM,
					       sched_events[i], "filter",
					       check_memory(filter)) < 0;
		free(filter);
	}
	return ret;
}

static int enable_events(const struct recording *recording)
{
	for (size_t i = 0; i < ARRAY_SIZE(ddt_events); i++) {
		if (tracefs_event_enable(instance, DDT_SYSTEM,
					 ddt_events[i].name)) {
			error("there are no tracepoints of ddt: is ddt.ko as old as ddtctl?");
			return -1;
		}
	}
	if (filter_sched(recording)) {
		error("the tracepoints of the scheduler: %s", strerror(errno));
		return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sched_events); i++) {
		if (tracefs_event_enable(instance, SCHED_SYSTEM,
					 sched_events[i])) {
			error("there is no tracepoint %s: %s", sched_events[i],
			      strerror(errno));
			return -1;
		}
	}
	return 0;
}

static int create_instance(unsigned int buffer_kib)
{
	char name[32];

	if (!tracefs_tracing_dir()) {
		error("there is no tracefs: sudo mount -t tracefs none /sys/kernel/tracing");
		return -1;
	}
	snprintf(name, sizeof(name), "ddtctl-%d", getpid());
	instance = tracefs_instance_create(name);
	if (!instance) {
		if (errno == EACCES || errno == EPERM)
			error("recording needs root: run it with sudo");
		else
			error("%s/instances/%s: %s", tracefs_tracing_dir(),
			      name, strerror(errno));
		return -1;
	}
	atexit(destroy_instance);

	tracefs_trace_off(instance);
	if (tracefs_instance_file_write(instance, "trace_clock", "mono") < 0 ||
	    tracefs_instance_set_buffer_size(instance, buffer_kib, -1)) {
		error("%s/instances/%s cannot be set up: %s",
		      tracefs_tracing_dir(), name, strerror(errno));
		return -1;
	}
	return 0;
}

/*
 * Begins to record recording->drives, with @buffer_kib of memory a CPU. Returns
 * NULL after an error, which has been reported.
 */
struct recorder *recorder_start(struct recording *recording,
				unsigned int buffer_kib)
{
	static const char *const systems[] = {
		DDT_SYSTEM, SCHED_SYSTEM, NULL
	};
	struct recorder *recorder;

	tep_set_loglevel(TEP_LOG_NONE);
	if (create_instance(buffer_kib) || enable_events(recording)) {
		destroy_instance();
		return NULL;
	}
	recorder = check_memory(calloc(1, sizeof(*recorder)));
	recorder->recording = recording;
	recorder->tep = tracefs_local_events_system(NULL, systems);
	if (!recorder->tep) {
		error("the formats of the tracepoints cannot be read: %s",
		      strerror(errno));
		destroy_instance();
		free(recorder);
		return NULL;
	}
	recording->begin = now();
	tracefs_trace_on(instance);
	return recorder;
}

/* Takes over what was recorded. Returns 0 or a negative error number. */
int recorder_drain(struct recorder *recorder)
{
	return tracefs_iterate_raw_events(recorder->tep, instance, NULL, 0,
					  record_event, recorder) < 0 ?
		-errno : 0;
}

/* Counts what found no room, on all CPUs. */
static uint64_t count_lost(void)
{
	static const char *const keys[] = { "\noverrun: ", "dropped events: " };
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	uint64_t lost = 0;
	char name[64], *text, *found;

	for (long cpu = 0; cpu < cpus; cpu++) {
		snprintf(name, sizeof(name), "per_cpu/cpu%ld/stats", cpu);
		text = tracefs_instance_file_read(instance, name, NULL);
		for (size_t i = 0; text && i < ARRAY_SIZE(keys); i++) {
			found = strstr(text, keys[i]);
			if (found)
				lost += strtoull(found + strlen(keys[i]), NULL,
						 10);
		}
		free(text);
	}
	return lost;
}

static int compare_events(const void *a, const void *b)
{
	const struct event *first = a, *second = b;

	return first->time < second->time ? -1 : first->time > second->time;
}

/* Names the threads that ended too soon for add_task(), if the kernel can. */
static void name_tasks(struct recorder *recorder)
{
	struct recording *recording = recorder->recording;
	const char *comm;

	if (tracefs_load_cmdlines(NULL, recorder->tep))
		return;
	for (size_t i = 0; i < recording->nr_tasks; i++) {
		struct task *task = &recording->tasks[i];

		if (*task->comm)
			continue;
		comm = tep_data_comm_from_pid(recorder->tep, task->tid);
		if (comm && strcmp(comm, "<...>"))
			snprintf(task->comm, sizeof(task->comm), "%s", comm);
	}
}

/* Ends the recording and frees the recorder. Returns as recorder_drain(). */
int recorder_stop(struct recorder *recorder)
{
	struct recording *recording = recorder->recording;
	int ret;

	tracefs_trace_off(instance);
	recording->end = now();
	ret = recorder_drain(recorder);
	recording->lost = count_lost();
	name_tasks(recorder);
	/* Each part was sorted, but parts can overlap. */
	if (recording->nr_events)
		qsort(recording->events, recording->nr_events,
		      sizeof(*recording->events), compare_events);
	destroy_instance();
	tep_free(recorder->tep);
	free(recorder);
	return ret;
}
