#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# trace.bats - the tracepoints of the library

load helpers

tracing=/sys/kernel/tracing

setup()
{
	instance=$tracing/instances/$BATS_TEST_NAME
	mkdir "$instance"
}

teardown()
{
	local trigger

	for trigger in "$tracing"/events/ddt/*/trigger; do
		sed -n '/^#/d; s/^\([^ ]*\).*/!\1/p' "$trigger" |
			while read -r remove; do
				echo "$remove" >"$trigger"
			done
	done
	rmdir "$instance"
}

teardown_file()
{
	reload
}

# trace [EVENT...] - record these, or all there are
trace()
{
	local event

	for event in "${@:-.}"; do
		echo 1 >"$instance/events/ddt/$event/enable"
	done
}

# traced - what was recorded, as lines "EVENT: FIELDS"
traced()
{
	echo 0 >"$instance/events/ddt/enable"
	sed -n '/^#/d; s/.* \(ddt_[a-z_]*: \)/\1/p' "$instance/trace"
}

# numbers_of EVENT TRACE - the requests that had it, in its order
numbers_of()
{
	sed -n "s/^ddt_$1: queue=ddt0 number=\([0-9]*\).*/\1/p" <<<"$2" |
		paste -s -d ' '
}

@test "a request is traced by its number from submission to completion" {
	reload_fast
	trace
	ddtctl submit 0 erase 0 512 --count 3 --wait
	events=$(traced)
	for event in request_submit request_begin request_complete; do
		[ "$(numbers_of $event "$events")" = '1 2 3' ]
	done
	grep -qx 'ddt_request_complete: queue=ddt0 number=3 status=0' \
		<<<"$events"
}

@test "the begin and the end of a service are the slices of a track" {
	reload_fast
	trace ddt_service
	ddtctl submit 0 erase 0 512 --count 2 --wait
	[ "$(traced)" = "$(for number in 1 2; do
		for type in B E; do
			echo "ddt_service: queue=ddt0 number=$number type=$type"
		done
	done)" ]
	format=$instance/events/ddt/ddt_service/format
	for field in 'char track_event_type' 'char[] slice_name' \
		'char[] track_name'; do
		grep -q -F "$field" "$format"
	done
}

@test "trace-cmd prints the events as the kernel does" {
	reload_fast
	cd "$BATS_TEST_TMPDIR" || return
	trace-cmd record -q -e ddt ddtctl submit 0 erase 0 512 --wait >&2
	report=$(trace-cmd report)
	for line in 'ddt_request_submit: *queue=ddt0 number=1 queued=1' \
			'ddt_service: *queue=ddt0 number=1 type=B' \
			'ddt_service: *queue=ddt0 number=1 type=E' \
			'ddt_depth: *queue=ddt0 queued=0' \
			'ddt_thread_wake: *queue=ddt0 completed=0' \
			'ddt_request_complete: *queue=ddt0 number=1 status=0'; do
		grep -q "$line\$" <<<"$report"
	done
	# libtraceevent knows these conversions.
	run ! grep '^print fmt.*%[^sdul]' $tracing/events/ddt/*/format
}

@test "the depth of the queue goes up and down as a counter" {
	reload_endless
	start_endless
	trace ddt_depth
	ddtctl submit 0 verify 0 512 --count 3
	echo 0 >"$instance/events/ddt/enable"
	[ "$(traced)" = "$(printf 'ddt_depth: queue=ddt0 queued=%d\n' 1 2 3)" ]
	grep -q 'counter_value' "$instance/events/ddt/ddt_depth/format"
}

@test "a cancellation is traced, whether queued or in service" {
	reload_endless
	first=$(start_endless)
	second=$(ddtctl submit 0 verify 0 512)
	trace ddt_request_cancel ddt_request_complete
	ddtctl cancel 0 "$second" "$first"
	eventually stats_is completed 2
	events=$(traced)
	grep -qx 'ddt_request_cancel: queue=ddt0 number=2 in_service=0' \
		<<<"$events"
	grep -qx 'ddt_request_cancel: queue=ddt0 number=1 in_service=1' \
		<<<"$events"
	grep -qx 'ddt_request_complete: queue=ddt0 number=2 status=-125' \
		<<<"$events"
}

@test "the thread is traced when it wakes and when it waits again" {
	reload_fast
	trace ddt_thread_wait ddt_thread_wake
	ddtctl submit 0 erase 0 512 --wait
	waits_again()
	{
		grep -q 'ddt_thread_wait: queue=ddt0 completed=1' \
			"$instance/trace"
	}
	eventually waits_again
	[ "$(traced)" = 'ddt_thread_wake: queue=ddt0 completed=0
ddt_thread_wait: queue=ddt0 completed=1' ]
}

@test "a change of the priority is traced with the old and the new one" {
	reload_fast
	pid=$(info pid)
	trace ddt_thread_priority
	ddtctl priority set 0 7
	[ "$(traced)" = "ddt_thread_priority: comm=ddt0 pid=$pid old_nice=0 new_nice=7" ]
}

@test "a hist trigger counts completions by their status" {
	reload_endless
	event=$tracing/events/ddt/ddt_request_complete
	[ -e "$event/hist" ] || skip 'this kernel has no hist triggers'
	echo 'hist:keys=status' >"$event/trigger"
	first=$(start_endless)
	readarray -t others < <(ddtctl submit 0 verify 0 512 --count 4)
	ddtctl cancel 0 "${others[@]}" "$first"
	eventually stats_is completed 5
	grep -Eq 'status: *-125 *} hitcount: *5$' "$event/hist"
}
