#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # stderr is set by run
# show.bats - list, info and stats, and how drives are named

load helpers

teardown_file()
{
	reload
}

@test "list has a line for each drive, in numerical order" {
	reload drives=12 capacity_kib=360 nice=3
	run -0 ddtctl list
	[ "${#lines[@]}" = 13 ]
	for index in {0..11}; do
		read -r name capacity unit motor queued nice pid \
			<<<"${lines[index + 1]}"
		[ "$name" = "ddt$index" ]
		[ "$capacity $unit" = '360 KiB' ]
		[ "$motor" = off ]
		[ "$queued" = 0 ]
		[ "$nice" = 3 ]
		[ "$(<"/proc/$pid/comm")" = "ddt$index" ]
	done
}

@test "list --json has the same" {
	reload drives=3 capacity_kib=360 nice=3
	run -0 ddtctl list --json
	jq -e '[.drives[] | del(.pid)] == ["ddt0", "ddt1", "ddt2" | {name: .,
		capacity: 368640, motor_on: false, queued: 0, nice: 3}] and
		(.drives | all(.pid > 0))' <<<"$output"
}

@test "links to drives and stray nodes are no drives" {
	reload drives=2
	expected=$(ddtctl list)
	ln -s ddt0 /dev/ddt10
	mknod /dev/ddt11 c 10 254
	mknod /dev/ddt12 c 1 3
	run -0 --separate-stderr ddtctl list
	listed=$output$stderr
	run -0 ddtctl top --json --count 1 --interval 0.1
	top=$output
	run -0 ddtctl timeline --json -o "$BATS_TEST_TMPDIR/json" --seconds 0.1
	rm /dev/ddt10 /dev/ddt11 /dev/ddt12
	[ "$listed" = "$expected" ]
	jq -e '[.drives[].name] == ["ddt0", "ddt1"]' <<<"$top"
	jq -e '[.drives[].name] == ["ddt0", "ddt1"]' <<<"$output"
}

@test "without a command ddtctl lists the drives" {
	reload
	[ "$(ddtctl)" = "$(ddtctl list)" ]
	[ "$(ddtctl --json)" = "$(ddtctl list --json)" ]
}

@test "without the driver the messages say what to do" {
	unload
	run -1 --separate-stderr ddtctl list
	[ -z "$output" ]
	[ "$stderr" = "ddtctl: there are no drives: is ddt_drive loaded? sudo make load, or ddtctl doctor" ]
	run -1 --separate-stderr ddtctl list --json
	jq -e '. == {drives: []}' <<<"$output"

	for command in 'info 0' 'stats 0' 'priority get 0' 'priority set 0 1' \
			'submit 0 spinup' 'wait 0 1' 'cancel 0 1' 'flush 0' \
			'model 0' 'model set 0 idle_ms=1' 'fault list 0' \
			'fault add 0 hang' 'fault remove 0 1' 'eject 0' \
			'insert 0' 'remove 0'; do
		read -ra words <<<"$command"
		run -1 ddtctl "${words[@]}"
		[ "$output" = "ddtctl: /dev/ddt0: no such device: is ddt_drive loaded? sudo make load, or ddtctl doctor" ]
	done
}

@test "info shows what the module parameters say" {
	reload drives=2 capacity_kib=720 access_us=11 spinup_ms=12 \
		idle_ms=1300 depth=14 nice=15
	run -0 ddtctl info --json 1
	jq -e 'del(.pid) == {name: "ddt1", capacity: 737280, sector_size: 512,
		medium: true, write_protected: false, motor_on: false, access_us: 11, spinup_ms: 12, idle_ms: 1300,
		depth: 14, thread: "ddt1", nice: 15}' <<<"$output"
	pid=$(member pid "$output")
	[ "$(<"/proc/$pid/comm")" = ddt1 ]

	run -0 ddtctl info 1
	cmp <(echo "$output") - <<END
name:          ddt1
capacity:      737280 bytes
sector size:   512 bytes
medium:        writable
motor:         off
access time:   11 us
spin-up time:  12 ms
motor off:     1300 ms after the last request
queue depth:   14
thread:        ddt1
pid:           $pid
nice:          15
END
}

@test "a drive is a 1.44 MB floppy disk by default, in no hurry" {
	reload
	run -0 ddtctl info 0 --json
	[ "$(member capacity "$output")" = 1474560 ]
	[ "$(member sector_size "$output")" = 512 ]
	[ "$(member nice "$output")" = 0 ]
}

@test "info of a drive whose motor runs for ever says so" {
	reload idle_ms=0
	[[ $(ddtctl info 0) == *$'\nmotor off:     never'* ]]
}

@test "stats start at zero and count what was done" {
	reload_fast
	run -0 ddtctl stats 0 --json
	jq -e 'del(.thread_switches, .thread_runtime_ns) == {name: "ddt0",
		queued: 0, max_queued: 0, submitted: 0, completed: 0,
		cancelled: 0, wakeups: 0, spinups: 0, bytes_read: 0,
		bytes_written: 0, queued_times: [], service_times: []}' <<<"$output"

	dd if=/dev/zero of=/dev/ddt0 bs=1024 count=3 status=none
	dd if=/dev/ddt0 of=/dev/null bs=512 count=4 status=none
	ddtctl submit 0 verify 0 100 --wait
	ddtctl submit 0 erase 0 10 --wait

	run -0 ddtctl stats 0 --json
	jq -e '.queued == 0 and .submitted == 9 and .completed == 9 and
		.cancelled == 0 and .spinups == 1 and .bytes_read == 2148 and
		.bytes_written == 3082 and .wakeups >= 1 and .wakeups <= 9 and
		.max_queued >= 1 and .thread_switches >= 1' <<<"$output"

	run -0 ddtctl stats 0
	[[ $output == *$'\nsubmitted:        9\n'* ]]
	[[ $output == *$'\nbytes written:    3082\n'* ]]
	[[ ${lines[10]} =~ ^thread\ run\ time:\ +[0-9]+\ ns$ ]]
}

@test "stats have a histogram of the times in the queue and in service" {
	reload_fast
	run -0 ddtctl stats 0
	[ "${#lines[@]}" = 11 ]
	ddtctl model set 0 access_us=3000
	ddtctl submit 0 verify 0 512 --count 4 --wait >/dev/null
	# counted just after the results can be collected
	counted()
	{
		run -0 ddtctl stats 0 --json
		[ "$(jq '[.queued_times[].requests] | add' <<<"$output")" = 4 ] &&
		[ "$(jq '[.service_times[].requests] | add' <<<"$output")" = 4 ]
	}
	eventually counted
	jq -e 'all(.queued_times, .service_times | .[]; .from_ns < .to_ns) and
		(.service_times[0].from_ns == 2097152)' <<<"$output"

	run -0 ddtctl stats 0
	[[ $output == *'requests by their time in the queue:'* ]]
	[[ $output == *'requests by their time in service:'* ]]
	[[ $output =~ '2.1 ms to 4.19 ms'\ +[1-4]\ \|@+ ]]
	# The fullest line of each histogram has the longest bar.
	[ "$(grep -c '|@\{40\}|$' <<<"$output")" -ge 2 ]
}

@test "0, ddt0, /dev/ddt0 and a symbolic link to it name the same drive" {
	reload drives=2
	ln -s /dev/ddt1 "$BATS_TEST_TMPDIR/link"
	expected=$(ddtctl info 1)
	for name in ddt1 /dev/ddt1 /dev/../dev/ddt1 "$BATS_TEST_TMPDIR/link"; do
		[ "$(ddtctl info "$name")" = "$expected" ]
	done
	[ "$(cd /dev && ddtctl info ./ddt1)" = "$expected" ]
	[ "$(ddtctl info 0)" != "$expected" ]
}

@test "options can stand anywhere" {
	reload
	expected=$(ddtctl info 0 --json)
	[ "$(ddtctl --json info 0)" = "$expected" ]
	[ "$(ddtctl info --json 0)" = "$expected" ]
	[ "$(ddtctl info --json -- 0)" = "$expected" ]
}

@test "for a drive that is not there the message names the list of drives" {
	reload
	run -1 ddtctl info 7
	[ "$output" = "ddtctl: /dev/ddt7: no such device: ddtctl list shows those there are" ]
}

@test "what is no drive is refused and, if it is no device, not opened" {
	reload
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	for path in /dev/null /dev/zero /dev "$BATS_TEST_TMPDIR/pipe" \
			"$BATS_TEST_DIRNAME/helpers.bash"; do
		run -1 timeout 10 ddtctl info "$path"
		[ "$output" = "ddtctl: $path: not a drive of ddt_drive: ddtctl list shows those there are" ]
	done
}

@test "without permission the message says what to do, and list goes on" {
	reload drives=3
	chmod 0 /dev/ddt1
	run -1 without_capability dac_override,dac_read_search ddtctl info 1
	[ "$output" = "ddtctl: /dev/ddt1: permission denied: run it with sudo" ]

	run -1 --separate-stderr without_capability \
		dac_override,dac_read_search ddtctl list --json
	[ "$stderr" = "ddtctl: /dev/ddt1: permission denied: run it with sudo" ]
	jq -e '[.drives[].name] == ["ddt0", "ddt2"]' <<<"$output"
}

@test "with standard output closed, nothing is written to the drive" {
	reload_fast
	run -1 bash -c 'ddtctl priority set 0 1 --json >&-'
	run -1 bash -c 'ddtctl priority set 0 2 --json <&- >&- 2>&-'
	stats_is bytes_written 0
	cmp -n 1474560 /dev/ddt0 /dev/zero
}

@test "results that cannot be written are a failure" {
	reload_fast
	for command in list 'info 0' 'stats 0' 'priority get 0' \
			'submit 0 spinup' 'submit 0 spinup --wait' \
			'submit 0 spinup --json'; do
		run -1 bash -c "ddtctl $command >/dev/full"
		[[ $output == *'No space left on device' ]]
	done
}
