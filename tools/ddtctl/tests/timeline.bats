#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2154 # jq and bash expand; stderr is set by run
# timeline.bats - the command timeline: what it records, writes and draws

load helpers

instances=/sys/kernel/tracing/instances

setup()
{
	json=$BATS_TEST_TMPDIR/timeline.json
	svg=$BATS_TEST_TMPDIR/timeline.svg
}

# The instance is gone, however the recording ended.
teardown()
{
	[ -z "$(ls $instances)" ]
}

teardown_file()
{
	reload
}

# events FILTER - the result of jq for the events of the recording
events()
{
	jq -e ".traceEvents | $1" "$json"
}

# serves DRIVE - its thread does not wait for requests.
serves()
{
	[[ $(<"/proc/$(info pid "$1")/stat") != *') I '* ]]
}

# load_drive DRIVE N - submit N requests of each kind, together; until all of them are
# served and the thread waits again
load_drive()
{
	ddtctl submit "$1" verify 0 4k --count "$2" --wait >/dev/null &
	dd if="/dev/ddt$1" of=/dev/null bs=4k count="$2" status=none &
	dd if=/dev/zero of="/dev/ddt$1" bs=4k count="$2" status=none \
		conv=notrunc
	wait
	while serves "$1"; do
		sleep 0.02
	done
}
export -f load_drive serves info member

@test "each submission has its completion, and each slice its end" {
	reload_fast
	run -0 ddtctl timeline -o "$json" --json -- \
		bash -c 'load_drive 0 20'
	[ "$(jq '.drives[0].requests' <<<"$output")" = 60 ]
	[ "$(jq .lost_events <<<"$output")" = 0 ]

	events '[.[] | select(.ph == "b" and .name == "request")] |
		length == 60 and all(.args.status == 0) and
		all(.args.comm | IN("dd", "ddtctl"))'
	# By id, the begins and ends of slices are balanced and nest.
	events 'map(select(.ph == "b" or .ph == "e")) | group_by(.id) |
		length == 60 and all(
		reduce .[] as $e ({stack: [], at: 0, ok: true};
			if $e.ph == "b" then
				.ok = (.ok and $e.ts >= .at) |
				.stack += [$e.name] | .at = $e.ts
			else
				.ok = (.ok and .stack[-1] == $e.name and
					$e.ts >= .at) |
				.stack |= .[:-1] | .at = $e.ts
			end) | .ok and .stack == [])'
	# Every arrow begins, goes over the thread and ends, in this order.
	events 'map(select(.cat == "flow")) | group_by(.id) |
		length == 60 and all(map(.ph) | sort == ["f", "s", "t"]) and
		all((map({(.ph): .ts}) | add) | .s <= .t and .t <= .f)'
}

@test "the slices of a thread do not overlap, and are all of the recording" {
	reload access_us=2000 spinup_ms=20
	pid=$(info pid)
	ddtctl timeline -o "$json" -- bash -c 'load_drive 0 4'
	events "map(select(.ph == \"X\")) | group_by(.tid) | all(sort_by(.ts) |
		. as \$s | all(range(1; length);
			\$s[. - 1].ts + \$s[. - 1].dur <= \$s[.].ts + 0.0015))"
	events "map(select(.ph == \"X\" and .tid == $pid) | .dur) | add" \
		>"$BATS_TEST_TMPDIR/sum"
	jq -e --slurpfile sum "$BATS_TEST_TMPDIR/sum" \
		'.otherData.duration_ns / 1000 - $sum[0] | fabs < 1' "$json"
	# It waited at the begin and at the end, and served each request.
	events "map(select(.ph == \"X\" and .tid == $pid)) |
		.[0].name == \"waiting\" and .[-1].name == \"waiting\" and
		(map(select(.name | startswith(\"serving\"))) | length == 12)"
}

@test "the depth of the queue is a counter that returns to zero" {
	reload_endless
	first=$(start_endless)
	ddtctl timeline -o "$json" -- bash -c "
		ddtctl submit 0 verify 0 512 --count 3
		ddtctl cancel 0 2 3 4 $first"
	[ "$(events 'map(select(.ph == "C") | .args.requests) |
		@text' | tr -d '"')" = '[0,1,2,3,2,1,0]' ]
}

@test "what began before the recording or does not end in it is said to" {
	reload_endless
	first=$(start_endless)
	ddtctl timeline -o "$json" --svg "$svg" -- bash -c "
		ddtctl submit 0 verify 0 512
		ddtctl cancel 0 $first
		ddtctl submit 0 spinup
		sleep 0.1"
	events 'map(select(.ph == "b" and .name == "request")) |
		(.[0].args | .submitted_before and .status == -125) and
		(.[-1].args | .unfinished and .comm == "ddtctl")'
	xmllint --noout "$svg"
	grep -q 'submitted before, cancelled' "$svg"
	grep -q 'not finished' "$svg"
}

@test "a request that lasts as long as the recording is drawn" {
	reload_endless
	first=$(start_endless)
	ddtctl timeline --svg "$svg" -- bash -c "sleep 1; ddtctl cancel 0 $first"
	grep -q 'submitted before' "$svg"
}

@test "a thread that does nothing waits, and one that serves for ever serves" {
	reload_endless drives=2
	start_endless
	ddtctl timeline -o "$json" --seconds 0.2
	idle=$(info pid 1)
	busy=$(info pid 0)
	events "map(select(.ph == \"X\" and .tid == $idle) | .name) ==
		[\"waiting\"]"
	events "map(select(.ph == \"X\" and .tid == $busy) | .name) ==
		[\"serving\"]"
}

@test "only the drives that are named are recorded" {
	reload_fast drives=3
	run -0 ddtctl timeline -o "$json" --json 1 ddt2 /dev/ddt2 -- \
		bash -c 'load_drive 0 2; load_drive 1 2'
	echo "$output"
	jq -e '.drives == [{name: "ddt1", requests: 6},
		{name: "ddt2", requests: 0}]' <<<"$output"
	events 'map(select(.name == "process_name") | .args.name) |
		index("ddt1") and index("ddt2") and (index("ddt0") | not)'
}

@test "the picture is well-formed and shows every request" {
	# Long enough for a pixel each, however slow the machine is.
	reload access_us=30000 spinup_ms=20
	ddtctl timeline --svg "$svg" -- bash -c 'load_drive 0 3'
	xmllint --noout "$svg"
	for number in {1..9}; do
		grep -q "<title>submits #$number</title>" "$svg"
		grep -q "<title>#$number is completed, status 0</title>" "$svg"
		grep -q "<title>serving #$number for" "$svg"
	done
	# Nothing lies outside of it.
	xmllint --xpath '//@x | //@x1 | //@x2 | //@cx' "$svg" |
		awk -F '"' '$2 < 0 || $2 > 1400 { bad = 1 } END { exit bad }'
}

@test "the picture of 10,000 requests stays small" {
	reload_fast depth=10000
	ddtctl timeline --svg "$svg" --buffer 65536 -- bash -c '
		ddtctl submit 0 verify 0 512 --count 10000 --wait >/dev/null'
	xmllint --huge --noout "$svg"
	[ "$(stat -c %s "$svg")" -lt 4000000 ]
	grep -q 'more requests at the same time, not drawn' "$svg"
}

@test "lost events are reported" {
	reload_fast
	run -1 --separate-stderr ddtctl timeline -o "$json" --buffer 1 --json \
		-- bash -c 'kill -STOP $PPID
		load_drive 0 300; kill -CONT $PPID'
	[[ $stderr == *'events were lost'*'--buffer'* ]]
	[ "$(jq .lost_events <<<"$output")" -gt 0 ]
	jq -e '.otherData.lost_events > 0' "$json"
}

@test "an interrupt ends the recording, which is written" {
	reload_fast
	ddtctl timeline -o "$json" --seconds 1000 &
	eventually eval '[ -n "$(ls $instances)" ]'
	eventually grep -q 1 "$instances"/*/tracing_on
	dd if=/dev/ddt0 of=/dev/null bs=512 count=1 status=none
	kill -INT $!
	wait $!
	events 'map(select(.ph == "b" and .name == "request")) | length == 1'
}

@test "a command that fails or is missing is reported, and recorded" {
	reload_fast
	run -1 ddtctl timeline -o "$json" -- bash -c 'ddtctl info 0; exit 3'
	[[ $output == *'bash failed'* ]]
	jq -e . "$json"
	run -1 ddtctl timeline -o "$json" -- /nonexistent
	[[ $output == *'/nonexistent: No such file or directory'* ]]
}

@test "wrong command lines are usage errors, and write nothing" {
	reload_fast
	for wrong in '' '--seconds 1' "-o $json --seconds x" \
			"-o $json --seconds 1 -- true" \
			"-o $json --buffer 0" "-o $json --buffer 1M" \
			"-o $json xyz"; do
		# shellcheck disable=SC2086 # several words
		run -2 ddtctl timeline $wrong
	done
	[ ! -e "$json" ]
}

@test "without a drive, root or a writable file it fails and says why" {
	reload_fast
	run -1 ddtctl timeline -o /nonexistent/file -- true
	[ "$output" = 'ddtctl: /nonexistent/file: No such file or directory' ]
	run -1 ddtctl timeline -o /dev/full -- true
	[[ $output == *'/dev/full: No space left on device'* ]]
	run -1 ddtctl timeline -o "$json" 7 -- true
	[[ $output == *'no such device'* ]]
	chmod 0444 /dev/ddt0
	run -1 setpriv --reuid 65534 --clear-groups ddtctl timeline \
		-o "$json" -- true
	[ "$output" = 'ddtctl: recording needs root: run it with sudo' ]
	unload
	run -1 ddtctl timeline -o "$json" -- true
	[[ $output == *'there are no drives'* ]]
	reload
}
