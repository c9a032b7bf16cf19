/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * timeline.h - what drives did over a while, for the command timeline
 *
 * A recording (timeline_record.c) is events in the order of time. A timeline
 * (timeline_model.c) is what they mean: what each thread did when, and what
 * became of each request. It is written as JSON (timeline_json.c) or drawn
 * (timeline_svg.c). Times are in ns of CLOCK_MONOTONIC.
 */
#ifndef DDTCTL_TIMELINE_H
#define DDTCTL_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ddtctl.h"

enum event_type {
	EVENT_SUBMIT,
	EVENT_BEGIN,
	EVENT_RETRY,
	EVENT_CANCEL,
	EVENT_COMPLETE,
	EVENT_SERVICE_BEGIN,
	EVENT_SERVICE_END,
	EVENT_DEPTH,
	EVENT_WAIT,
	EVENT_WAKE,
	EVENT_READY,		/* the scheduler has woken the thread */
	EVENT_ON_CPU,
	EVENT_PREEMPTED,
	EVENT_OFF_CPU,
};

struct event {
	uint64_t time;
	uint64_t number;	/* of the request */
	int64_t value;		/* a status, a depth or a CPU */
	enum event_type type;
	unsigned int drive;	/* index in what was recorded */
	int tid;		/* who did it */
};

/* A drive that is recorded. */
struct subject {
	char name[16];
	int pid;
	int nice;
	unsigned int queued;	/* when the recording began */
	bool in_service;	/* a request was then */
};

/* The name of a thread. */
struct task {
	int tid;
	char comm[16];
};

struct recording {
	const struct subject *drives;
	unsigned int nr_drives;
	struct event *events;
	size_t nr_events, size_events;
	struct task *tasks;
	size_t nr_tasks, size_tasks;
	uint64_t begin, end;
	uint64_t lost;		/* events that found no room */
};

enum span_kind {
	THREAD_WAITING,
	THREAD_RUNNING,
	THREAD_SERVING,
	CPU_READY,
	CPU_ON,
	REQUEST_QUEUED,
	REQUEST_IN_SERVICE,
};

struct span {
	uint64_t begin, end;
	uint64_t number;	/* THREAD_SERVING: the request, 0 if not known */
	enum span_kind kind;
	int cpu;		/* CPU_ON */
};

struct spans {
	struct span *list;
	size_t nr, size;
};

struct timeline_request {
	uint64_t number;
	uint64_t submit;	/* or the beginning of the recording */
	uint64_t complete;	/* or its end */
	struct spans phases;
	int submitter, completer;	/* thread ids, 0 if not known */
	int status;
	bool submitted, completed;	/* within the recording */
};

struct depth {
	uint64_t time;
	unsigned int queued;
};

/* What one drive did. */
struct track {
	const struct subject *drive;
	struct spans thread;
	struct spans cpu;
	struct timeline_request *requests;	/* by number */
	size_t nr_requests, size_requests;
	struct depth *depths;
	size_t nr_depths, size_depths;
};

struct timeline {
	const struct recording *recording;
	struct track *tracks;		/* as recording->drives */
};

/* timeline_record.c */
struct recorder;
struct recorder *recorder_start(struct recording *recording,
				unsigned int buffer_kib);
int recorder_drain(struct recorder *recorder);
int recorder_stop(struct recorder *recorder);

/* timeline_model.c */
void timeline_build(struct timeline *timeline,
		    const struct recording *recording);
void timeline_free(struct timeline *timeline);
const char *span_name(const struct span *span);
const char *task_name(const struct recording *recording, int tid);
void *grow(void *list, size_t nr, size_t *size, size_t element);

/* timeline_json.c, timeline_svg.c */
void timeline_write_json(FILE *file, const struct timeline *timeline);
void timeline_write_svg(FILE *file, const struct timeline *timeline);

#endif /* DDTCTL_TIMELINE_H */
