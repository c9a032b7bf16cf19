// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeline_json.c - writes a timeline in the JSON format of Chrome's tracing
 *
 * Each drive is a process with two threads: the drive's own, and under its name
 * what the scheduler did with it. Requests overlap, so they are asynchronous
 * slices; an arrow can only begin and end at a slice, so submitting and
 * completing a request are short slices of the threads that did it.
 *
 * Event after event is written and freed: there can be millions.
 */

#include <string.h>

#include "ddtctl.h"
#include "json.h"
#include "timeline.h"

/* The thread id of what the scheduler did, which is no thread's. */
#define CPU_TID		0x40000000

/* How long submitting and completing are drawn, at most. */
#define MARK_NS		1000

/* A short slice of a thread. */
struct mark {
	uint64_t time;
	int tid;
	bool completes;
	const struct track *track;
	const struct timeline_request *request;
};

struct writer {
	FILE *file;
	const struct timeline *timeline;
	const char *separator;
};

/* Microseconds since the recording began, to the nanosecond. */
static struct json_object *microseconds(uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu.%03llu",
		 (unsigned long long)ns / 1000, (unsigned long long)ns % 1000);
	return json_object_new_double_s(ns / 1000.0, text);
}

static struct json_object *new_event(const struct writer *writer,
				     const char *phase, const char *name,
				     const char *category, int pid, int tid,
				     uint64_t time)
{
	struct json_object *obj = json_new_object();
	uint64_t begin = writer->timeline->recording->begin;

	json_add_string(obj, "ph", phase);
	json_add_string(obj, "name", name);
	json_add_string(obj, "cat", category);
	json_add_int(obj, "pid", pid);
	json_add_int(obj, "tid", tid);
	json_add(obj, "ts", microseconds(time > begin ? time - begin : 0));
	return obj;
}

/* In one line; valid as long as the object is. */
static const char *json_text(struct json_object *obj)
{
	const char *text;

	text = json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN);
	return check_memory((char *)text);
}

/* Writes an event and frees it. */
static void write_event(struct writer *writer, struct json_object *obj)
{
	fprintf(writer->file, "%s\n%s", writer->separator, json_text(obj));
	json_object_put(obj);
	writer->separator = ",";
}

static void write_name(struct writer *writer, const char *what, int pid,
		       int tid, const char *name)
{
	struct json_object *obj = json_new_object(), *args = json_new_object();

	json_add_string(obj, "ph", "M");
	json_add_string(obj, "name", what);
	json_add_int(obj, "pid", pid);
	json_add_int(obj, "tid", tid);
	json_add_string(args, "name", name);
	json_add(obj, "args", args);
	write_event(writer, obj);
}

static void write_span(struct writer *writer, const struct span *span, int pid,
		       int tid)
{
	struct json_object *obj, *args = json_new_object();
	char name[64];

	snprintf(name, sizeof(name), "%s", span_name(span));
	if (span->kind == THREAD_SERVING && span->number) {
		snprintf(name, sizeof(name), "%s %llu", span_name(span),
			 (unsigned long long)span->number);
		json_add_uint(args, "request", span->number);
	}
	if (span->kind == CPU_ON && span->cpu >= 0)
		json_add_int(args, "cpu", span->cpu);

	obj = new_event(writer, "X", name, "thread", pid, tid, span->begin);
	json_add(obj, "dur", microseconds(span->end - span->begin));
	json_add(obj, "args", args);
	write_event(writer, obj);
}

static void write_spans(struct writer *writer, const struct spans *spans,
			int pid, int tid)
{
	for (size_t i = 0; i < spans->nr; i++) {
		if (spans->list[i].end > spans->list[i].begin)
			write_span(writer, &spans->list[i], pid, tid);
	}
}

/*
 * Identifies a request, or its arrow, among those of all drives. A number:
 * Perfetto drops arrows whose id is a string that is not hexadecimal.
 */
static void add_id(const struct writer *writer, struct json_object *obj,
		   const struct track *track, uint64_t number)
{
	const struct timeline *timeline = writer->timeline;

	json_add_uint(obj, "id", number * timeline->recording->nr_drives +
		      (track - timeline->tracks));
}

/* One end of an asynchronous slice. */
static void write_async(struct writer *writer, const struct track *track,
			uint64_t number, const char *phase, const char *name,
			uint64_t time, struct json_object *args)
{
	int pid = track->drive->pid;
	struct json_object *obj;

	obj = new_event(writer, phase, name, "request", pid, pid, time);
	add_id(writer, obj, track, number);
	if (args)
		json_add(obj, "args", args);
	write_event(writer, obj);
}

static struct json_object *request_args(const struct writer *writer,
					const struct timeline_request *request)
{
	const struct recording *recording = writer->timeline->recording;
	struct json_object *args = json_new_object();

	json_add_uint(args, "request", request->number);
	if (request->submitted) {
		json_add_int(args, "submitter", request->submitter);
		json_add_string(args, "comm",
				task_name(recording, request->submitter));
	} else {
		json_add_bool(args, "submitted_before", true);
	}
	if (request->completed)
		json_add_int(args, "status", request->status);
	else
		json_add_bool(args, "unfinished", true);
	return args;
}

static void write_request(struct writer *writer, const struct track *track,
			  const struct timeline_request *request)
{
	const struct spans *phases = &request->phases;
	uint64_t number = request->number;

	write_async(writer, track, number, "b", "request", request->submit,
		    request_args(writer, request));
	for (size_t i = 0; i < phases->nr; i++) {
		const struct span *span = &phases->list[i];

		write_async(writer, track, number, "b", span_name(span),
			    span->begin, NULL);
		write_async(writer, track, number, "e", span_name(span),
			    span->end, NULL);
	}
	write_async(writer, track, number, "e", "request", request->complete,
		    NULL);
}

static void write_depths(struct writer *writer, const struct track *track)
{
	struct json_object *obj, *args;

	for (size_t i = 0; i < track->nr_depths; i++) {
		obj = new_event(writer, "C", "queue depth", "queue",
				track->drive->pid, track->drive->pid,
				track->depths[i].time);
		args = json_new_object();
		json_add_uint(args, "requests", track->depths[i].queued);
		json_add(obj, "args", args);
		write_event(writer, obj);
	}
}

/* A point of an arrow: "s" its begin, "t" on its way, "f" its end. */
static void write_flow(struct writer *writer, const struct track *track,
		       uint64_t number, const char *phase, int tid,
		       uint64_t time)
{
	struct json_object *obj;

	obj = new_event(writer, phase, "request", "flow", tid, tid, time);
	add_id(writer, obj, track, number);
	if (*phase == 'f')
		json_add_string(obj, "bp", "e");	/* the slice around it */
	write_event(writer, obj);
}

static void write_mark(struct writer *writer, const struct mark *mark,
		       uint64_t duration)
{
	uint64_t number = mark->request->number;
	struct json_object *obj;
	char name[64];

	snprintf(name, sizeof(name), "%s %s %llu",
		 mark->completes ? "complete" : "submit",
		 mark->track->drive->name, (unsigned long long)number);
	obj = new_event(writer, "X", name, "mark", mark->tid, mark->tid,
			mark->time);
	json_add(obj, "dur", microseconds(duration));
	write_event(writer, obj);
	write_flow(writer, mark->track, number, mark->completes ? "f" : "s",
		   mark->tid, mark->time);
}

/* The arrows touch the drive's thread where it begins to serve the request. */
static void write_flow_steps(struct writer *writer, const struct track *track)
{
	for (size_t i = 0; i < track->thread.nr; i++) {
		const struct span *span = &track->thread.list[i];

		if (span->kind == THREAD_SERVING && span->number)
			write_flow(writer, track, span->number, "t",
				   track->drive->pid, span->begin);
	}
}

static int compare_marks(const void *a, const void *b)
{
	const struct mark *first = a, *second = b;

	if (first->tid != second->tid)
		return first->tid < second->tid ? -1 : 1;
	return first->time < second->time ? -1 : first->time > second->time;
}

/*
 * Arrows need both ends. The end is drawn at the submitter, which learns of the
 * completion then.
 */
static size_t track_marks(const struct track *track, struct mark *marks)
{
	size_t nr = 0;

	for (size_t i = 0; i < track->nr_requests; i++) {
		const struct timeline_request *request = &track->requests[i];

		if (!request->submitted || !request->completed)
			continue;
		marks[nr++] = (struct mark){
			.time = request->submit,
			.tid = request->submitter,
			.track = track,
			.request = request,
		};
		marks[nr] = marks[nr - 1];
		marks[nr].time = request->complete;
		marks[nr++].completes = true;
	}
	return nr;
}

/* Slices of a thread must not overlap: each mark ends before the next one. */
static void write_marks(struct writer *writer)
{
	const struct timeline *timeline = writer->timeline;
	unsigned int nr_drives = timeline->recording->nr_drives;
	struct mark *marks;
	size_t nr = 0;

	for (unsigned int i = 0; i < nr_drives; i++)
		nr += 2 * timeline->tracks[i].nr_requests;
	marks = check_memory(calloc(nr + 1, sizeof(*marks)));
	nr = 0;
	for (unsigned int i = 0; i < nr_drives; i++)
		nr += track_marks(&timeline->tracks[i], marks + nr);
	qsort(marks, nr, sizeof(*marks), compare_marks);

	for (size_t i = 0; i < nr; i++) {
		uint64_t duration = MARK_NS;

		if (i + 1 < nr && marks[i + 1].tid == marks[i].tid &&
		    marks[i + 1].time - marks[i].time < duration)
			duration = marks[i + 1].time - marks[i].time;
		write_mark(writer, &marks[i], duration);
	}
	free(marks);
}

static void write_track(struct writer *writer, const struct track *track)
{
	int pid = track->drive->pid;

	write_name(writer, "process_name", pid, pid, track->drive->name);
	write_name(writer, "thread_name", pid, pid, "thread");
	write_name(writer, "thread_name", pid, CPU_TID | pid, "scheduler");
	write_spans(writer, &track->thread, pid, pid);
	write_spans(writer, &track->cpu, pid, CPU_TID | pid);
	write_depths(writer, track);
	for (size_t i = 0; i < track->nr_requests; i++) {
		write_request(writer, track, &track->requests[i]);
		if (i % 1000 == 0)
			progress("writing JSON: %s, request %zu of %zu",
				 track->drive->name, i, track->nr_requests);
	}
	write_flow_steps(writer, track);
}

static bool is_drive(const struct recording *recording, int tid)
{
	for (unsigned int i = 0; i < recording->nr_drives; i++) {
		if (recording->drives[i].pid == tid)
			return true;
	}
	return false;
}

/* The begin of the file: about the whole recording. */
static void write_other_data(const struct writer *writer)
{
	const struct recording *recording = writer->timeline->recording;
	struct json_object *obj = json_new_object();

	json_add_string(obj, "program", "ddtctl " DDTCTL_VERSION);
	json_add_uint(obj, "duration_ns", recording->end - recording->begin);
	json_add_uint(obj, "lost_events", recording->lost);
	fprintf(writer->file, "{\"otherData\":%s", json_text(obj));
	json_object_put(obj);
}

/* Errors are left in @file. */
void timeline_write_json(FILE *file, const struct timeline *timeline)
{
	const struct recording *recording = timeline->recording;
	struct writer writer = {
		.file = file,
		.timeline = timeline,
		.separator = "",
	};

	write_other_data(&writer);
	fprintf(file, ",\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
	for (size_t i = 0; i < recording->nr_tasks; i++) {
		int tid = recording->tasks[i].tid;

		if (!is_drive(recording, tid))
			write_name(&writer, "process_name", tid, tid,
				   task_name(recording, tid));
	}
	for (unsigned int i = 0; i < recording->nr_drives; i++)
		write_track(&writer, &timeline->tracks[i]);
	write_marks(&writer);
	fprintf(file, "\n]}\n");
	progress_end();
}
