/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of device-dedicated threads.
 *
 * A request's number, together with the queue's name, ties its events
 * together. ddt_service and ddt_depth follow Perfetto's convention for kernel
 * track events: each queue becomes a track of slices, one for each request in
 * service, and a counter track of its depth.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ddt

#if !defined(_TRACE_DDT_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_DDT_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(ddt_request,
	TP_PROTO(const char *queue, u64 number, unsigned int queued),
	TP_ARGS(queue, number, queued),
	TP_STRUCT__entry(
		__string(queue, queue)
		__field(u64, number)
		__field(unsigned int, queued)
	),
	TP_fast_assign(
		ddt_assign_str(queue, queue);
		__entry->number = number;
		__entry->queued = queued;
	),
	TP_printk("queue=%s number=%llu queued=%u", __get_str(queue),
		  __entry->number, __entry->queued)
);

/* A request was accepted; queued is the depth with it. */
DEFINE_EVENT(ddt_request, ddt_request_submit,
	TP_PROTO(const char *queue, u64 number, unsigned int queued),
	TP_ARGS(queue, number, queued)
);

/* A request goes into service; queued is the depth without it. */
DEFINE_EVENT(ddt_request, ddt_request_begin,
	TP_PROTO(const char *queue, u64 number, unsigned int queued),
	TP_ARGS(queue, number, queued)
);

/* A request in service was not ready and goes back into the queue. */
DEFINE_EVENT(ddt_request, ddt_request_retry,
	TP_PROTO(const char *queue, u64 number, unsigned int queued),
	TP_ARGS(queue, number, queued)
);

/* A request is cancelled: in_service if serve() is only told so. */
TRACE_EVENT(ddt_request_cancel,
	TP_PROTO(const char *queue, u64 number, bool in_service),
	TP_ARGS(queue, number, in_service),
	TP_STRUCT__entry(
		__string(queue, queue)
		__field(u64, number)
		__field(bool, in_service)
	),
	TP_fast_assign(
		ddt_assign_str(queue, queue);
		__entry->number = number;
		__entry->in_service = in_service;
	),
	TP_printk("queue=%s number=%llu in_service=%d", __get_str(queue),
		  __entry->number, __entry->in_service)
);

/* A request is about to be completed, however it ended. */
TRACE_EVENT(ddt_request_complete,
	TP_PROTO(const char *queue, u64 number, int status),
	TP_ARGS(queue, number, status),
	TP_STRUCT__entry(
		__string(queue, queue)
		__field(u64, number)
		__field(int, status)
	),
	TP_fast_assign(
		ddt_assign_str(queue, queue);
		__entry->number = number;
		__entry->status = status;
	),
	TP_printk("queue=%s number=%llu status=%d", __get_str(queue),
		  __entry->number, __entry->status)
);

/* Service of a request begins ('B') or ends ('E'). */
TRACE_EVENT(ddt_service,
	TP_PROTO(const char *queue, u64 number, char type),
	TP_ARGS(queue, number, type),
	TP_STRUCT__entry(
		__field(char, track_event_type)
		__string(slice_name, "request")
		__string(track_name, queue)
		__field(u64, number)
	),
	TP_fast_assign(
		__entry->track_event_type = type;
		ddt_assign_str(slice_name, "request");
		ddt_assign_str(track_name, queue);
		__entry->number = number;
	),
	/* libtraceevent knows no %c, and no character constants. */
	TP_printk("queue=%s number=%llu type=%s", __get_str(track_name),
		  __entry->number,
		  __print_symbolic(__entry->track_event_type,
				   { 66, "B" }, { 69, "E" }))
);

/* The number of requests in a queue has changed. */
TRACE_EVENT(ddt_depth,
	TP_PROTO(const char *queue, unsigned int queued),
	TP_ARGS(queue, queued),
	TP_STRUCT__entry(
		__string(track_name, queue)
		__field(u64, counter_value)
	),
	TP_fast_assign(
		ddt_assign_str(track_name, queue);
		__entry->counter_value = queued;
	),
	TP_printk("queue=%s queued=%llu", __get_str(track_name),
		  __entry->counter_value)
);

DECLARE_EVENT_CLASS(ddt_server,
	TP_PROTO(const char *queue, u64 completed),
	TP_ARGS(queue, completed),
	TP_STRUCT__entry(
		__string(queue, queue)
		__field(u64, completed)
	),
	TP_fast_assign(
		ddt_assign_str(queue, queue);
		__entry->completed = completed;
	),
	TP_printk("queue=%s completed=%llu", __get_str(queue),
		  __entry->completed)
);

/* The thread of a queue has nothing to do and waits. */
DEFINE_EVENT(ddt_server, ddt_thread_wait,
	TP_PROTO(const char *queue, u64 completed),
	TP_ARGS(queue, completed)
);

/* The thread of a queue has been woken. */
DEFINE_EVENT(ddt_server, ddt_thread_wake,
	TP_PROTO(const char *queue, u64 completed),
	TP_ARGS(queue, completed)
);

/* The base priority of a thread is about to be changed. */
TRACE_EVENT(ddt_thread_priority,
	TP_PROTO(const char *comm, pid_t pid, int old_nice, int new_nice),
	TP_ARGS(comm, pid, old_nice, new_nice),
	TP_STRUCT__entry(
		__string(comm, comm)
		__field(pid_t, pid)
		__field(int, old_nice)
		__field(int, new_nice)
	),
	TP_fast_assign(
		ddt_assign_str(comm, comm);
		__entry->pid = pid;
		__entry->old_nice = old_nice;
		__entry->new_nice = new_nice;
	),
	TP_printk("comm=%s pid=%d old_nice=%d new_nice=%d", __get_str(comm),
		  __entry->pid, __entry->old_nice, __entry->new_nice)
);

#endif /* _TRACE_DDT_H */

#include <trace/define_trace.h>
