// SPDX-License-Identifier: GPL-2.0-only
/* timeline_model.c - makes a timeline of the events of a recording */

#include <string.h>

#include "ddtctl.h"
#include "timeline.h"

/* Makes room for one more element in a list of @nr. */
void *grow(void *list, size_t nr, size_t *size, size_t element)
{
	if (nr < *size)
		return list;
	*size = *size ? 2 * *size : 16;
	return check_memory(reallocarray(list, *size, element));
}

const char *span_name(const struct span *span)
{
	static const char *const names[] = {
		[THREAD_WAITING] = "waiting",
		[THREAD_RUNNING] = "running",
		[THREAD_SERVING] = "serving",
		[CPU_READY] = "ready",
		[CPU_ON] = "on a CPU",
		[REQUEST_QUEUED] = "queued",
		[REQUEST_IN_SERVICE] = "in service",
	};

	return names[span->kind];
}

const char *task_name(const struct recording *recording, int tid)
{
	for (size_t i = 0; i < recording->nr_tasks; i++) {
		if (recording->tasks[i].tid == tid && *recording->tasks[i].comm)
			return recording->tasks[i].comm;
	}
	return "?";
}

/* The last span ends; its end is 0 until then. */
static void span_end(struct spans *spans, uint64_t time)
{
	struct span *last = spans->nr ? &spans->list[spans->nr - 1] : NULL;

	if (last && !last->end)
		last->end = time;
}

static struct span *span_begin(struct spans *spans, uint64_t time,
			       enum span_kind kind)
{
	struct span *span;

	span_end(spans, time);
	spans->list = grow(spans->list, spans->nr, &spans->size,
			   sizeof(*spans->list));
	span = &spans->list[spans->nr++];
	*span = (struct span){ .begin = time, .kind = kind };
	return span;
}

/*
 * What the thread did when the recording began is known from what it did first
 * in it.
 */
static void thread_before(struct track *track, const struct event *event,
			  uint64_t begin)
{
	struct span *span;

	switch (event->type) {
	case EVENT_WAKE:
		span_begin(&track->thread, begin, THREAD_WAITING);
		break;
	case EVENT_SERVICE_END:
		span = span_begin(&track->thread, begin, THREAD_SERVING);
		span->number = event->number;
		break;
	default:
		span_begin(&track->thread, begin, THREAD_RUNNING);
	}
}

static void thread_event(struct track *track, const struct event *event,
			 uint64_t begin)
{
	struct span *span;

	if (!track->thread.nr)
		thread_before(track, event, begin);

	switch (event->type) {
	case EVENT_WAIT:
		span_begin(&track->thread, event->time, THREAD_WAITING);
		break;
	case EVENT_SERVICE_BEGIN:
		span = span_begin(&track->thread, event->time, THREAD_SERVING);
		span->number = event->number;
		break;
	default:
		span_begin(&track->thread, event->time, THREAD_RUNNING);
	}
}

static void cpu_event(struct track *track, const struct event *event,
		      uint64_t begin)
{
	struct spans *spans = &track->cpu;
	bool off = event->type == EVENT_OFF_CPU ||
		   event->type == EVENT_PREEMPTED;

	if (!spans->nr && off)
		span_begin(spans, begin, CPU_ON)->cpu = -1;
	if (event->type == EVENT_ON_CPU)
		span_begin(spans, event->time, CPU_ON)->cpu = event->value;
	else if (event->type == EVENT_OFF_CPU)
		span_end(spans, event->time);
	else if (event->type == EVENT_PREEMPTED || !spans->nr ||
		 spans->list[spans->nr - 1].end)
		span_begin(spans, event->time, CPU_READY);
}

/* Finds a request, or makes one that was submitted before the recording. */
static struct timeline_request *get_request(struct track *track,
					    uint64_t number, uint64_t begin)
{
	size_t low = 0, high = track->nr_requests, middle;
	struct timeline_request *request;

	while (low < high) {
		middle = (low + high) / 2;
		request = &track->requests[middle];
		if (request->number == number)
			return request;
		if (request->number < number)
			low = middle + 1;
		else
			high = middle;
	}

	track->requests = grow(track->requests, track->nr_requests,
			       &track->size_requests,
			       sizeof(*track->requests));
	request = &track->requests[low];
	memmove(request + 1, request,
		(track->nr_requests++ - low) * sizeof(*request));
	*request = (struct timeline_request){
		.number = number,
		.submit = begin,
	};
	return request;
}

static void request_event(struct track *track, const struct event *event,
			  uint64_t begin)
{
	struct timeline_request *request = get_request(track, event->number,
						       begin);

	switch (event->type) {
	case EVENT_SUBMIT:
		request->submit = event->time;
		request->submitter = event->tid;
		request->submitted = true;
		span_begin(&request->phases, event->time, REQUEST_QUEUED);
		return;
	case EVENT_COMPLETE:
		if (!request->phases.nr)
			span_begin(&request->phases, begin, REQUEST_IN_SERVICE);
		span_end(&request->phases, event->time);
		request->complete = event->time;
		request->completer = event->tid;
		request->status = event->value;
		request->completed = true;
		return;
	case EVENT_BEGIN:
		if (!request->phases.nr)
			span_begin(&request->phases, begin, REQUEST_QUEUED);
		span_begin(&request->phases, event->time, REQUEST_IN_SERVICE);
		return;
	default:
		if (!request->phases.nr)
			span_begin(&request->phases, begin, REQUEST_IN_SERVICE);
		span_begin(&request->phases, event->time, REQUEST_QUEUED);
	}
}

static void add_depth(struct track *track, uint64_t time, unsigned int queued)
{
	track->depths = grow(track->depths, track->nr_depths,
			     &track->size_depths, sizeof(*track->depths));
	track->depths[track->nr_depths++] = (struct depth){ time, queued };
}

static void track_event(struct track *track, const struct event *event,
			uint64_t begin)
{
	switch (event->type) {
	case EVENT_SUBMIT:
	case EVENT_BEGIN:
	case EVENT_RETRY:
	case EVENT_COMPLETE:
		request_event(track, event, begin);
		break;
	case EVENT_SERVICE_BEGIN:
	case EVENT_SERVICE_END:
	case EVENT_WAIT:
	case EVENT_WAKE:
		thread_event(track, event, begin);
		break;
	case EVENT_DEPTH:
		add_depth(track, event->time, event->value);
		break;
	case EVENT_READY:
	case EVENT_ON_CPU:
	case EVENT_PREEMPTED:
	case EVENT_OFF_CPU:
		cpu_event(track, event, begin);
		break;
	case EVENT_CANCEL:
		break;	/* the completion says so too */
	}
}

/* What has not ended does so with the recording. */
static void track_end(struct track *track, const struct recording *recording)
{
	if (!track->thread.nr)
		span_begin(&track->thread, recording->begin,
			   track->drive->in_service ? THREAD_SERVING :
						      THREAD_WAITING);
	span_end(&track->thread, recording->end);
	span_end(&track->cpu, recording->end);
	for (size_t i = 0; i < track->nr_requests; i++) {
		struct timeline_request *request = &track->requests[i];

		span_end(&request->phases, recording->end);
		if (!request->completed)
			request->complete = recording->end;
	}
}

void timeline_build(struct timeline *timeline,
		    const struct recording *recording)
{
	unsigned int nr = recording->nr_drives;
	struct track *track;

	timeline->recording = recording;
	timeline->tracks = check_memory(calloc(nr, sizeof(*timeline->tracks)));
	for (unsigned int i = 0; i < nr; i++) {
		track = &timeline->tracks[i];
		track->drive = &recording->drives[i];
		add_depth(track, recording->begin, track->drive->queued);
	}
	for (size_t i = 0; i < recording->nr_events; i++) {
		const struct event *event = &recording->events[i];

		track_event(&timeline->tracks[event->drive], event,
			    recording->begin);
	}
	for (unsigned int i = 0; i < nr; i++)
		track_end(&timeline->tracks[i], recording);
}

void timeline_free(struct timeline *timeline)
{
	for (unsigned int i = 0; i < timeline->recording->nr_drives; i++) {
		struct track *track = &timeline->tracks[i];

		for (size_t j = 0; j < track->nr_requests; j++)
			free(track->requests[j].phases.list);
		free(track->requests);
		free(track->depths);
		free(track->thread.list);
		free(track->cpu.list);
	}
	free(timeline->tracks);
}
