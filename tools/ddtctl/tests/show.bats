#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # stderr is set by run
# show.bats - list, info and stats, and how drives are named

load helpers

setup()
{
	reload
}

teardown_file()
{
	reload
}

@test "without a command ddtctl lists the drives" {
	[ "$(ddtctl)" = "$(ddtctl list)" ]
	[ "$(ddtctl --json)" = "$(ddtctl list --json)" ]
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
		[ "$(cat "/proc/$pid/comm")" = "ddt$index" ]
	done
}

@test "list --json has the same" {
	reload drives=3 capacity_kib=360 nice=3
	ddtctl list --json >"$BATS_TEST_TMPDIR/json"
	jq -e '.drives | length == 3' "$BATS_TEST_TMPDIR/json"
	jq -e '[.drives[].name] == ["ddt0", "ddt1", "ddt2"]' \
		"$BATS_TEST_TMPDIR/json"
	jq -e '.drives[2] | del(.pid) == {name: "ddt2", capacity: 368640,
		motor_on: false, queued: 0, nice: 3}' "$BATS_TEST_TMPDIR/json"
	pid=$(jq '.drives[2].pid' "$BATS_TEST_TMPDIR/json")
	[ "$(cat "/proc/$pid/comm")" = ddt2 ]
}

@test "without the driver, list says what to do and fails" {
	unload
	run -1 --separate-stderr ddtctl list
	[ -z "$output" ]
	[[ $stderr == *'is ddt_drive loaded? sudo make load'* ]]

	run -1 --separate-stderr ddtctl list --json
	jq -e '.drives == []' <<<"$output"
}

@test "info shows what the module parameters say" {
	reload drives=2 capacity_kib=720 access_us=11 spinup_ms=12 idle_ms=1300 \
		depth=14 nice=15
	ddtctl info --json 1 >"$BATS_TEST_TMPDIR/json"
	jq -e 'del(.pid) == {name: "ddt1", capacity: 737280, sector_size: 512,
		motor_on: false, access_us: 11, spinup_ms: 12, idle_ms: 1300,
		depth: 14, thread: "ddt1", nice: 15}' "$BATS_TEST_TMPDIR/json"
	pid=$(jq .pid "$BATS_TEST_TMPDIR/json")

	run -0 ddtctl info 1
	grep -Eq '^name: +ddt1$' <<<"$output"
	grep -Eq '^capacity: +737280 bytes$' <<<"$output"
	grep -Eq '^sector size: +512 bytes$' <<<"$output"
	grep -Eq '^motor: +off$' <<<"$output"
	grep -Eq '^access time: +11 us$' <<<"$output"
	grep -Eq '^spin-up time: +12 ms$' <<<"$output"
	grep -Eq '^motor off: +1300 ms after the last request$' <<<"$output"
	grep -Eq '^queue depth: +14$' <<<"$output"
	grep -Eq '^thread: +ddt1$' <<<"$output"
	grep -Eq "^pid: +$pid\$" <<<"$output"
	grep -Eq '^nice: +15$' <<<"$output"
}

@test "a drive is a 1.44 MB floppy disk by default" {
	info_is capacity 1474560
	info_is sector_size 512
	info_is nice 0
}

@test "info of a drive whose motor runs for ever says so" {
	reload idle_ms=0
	run -0 ddtctl info 0
	grep -Eq '^motor off: +never' <<<"$output"
}

@test "stats start at zero and count what was done" {
	jq -e 'del(.thread_switches, .thread_runtime_ns) == {name: "ddt0",
		queued: 0, max_queued: 0, submitted: 0, completed: 0,
		cancelled: 0, wakeups: 0, spinups: 0, bytes_read: 0,
		bytes_written: 0}' <(ddtctl stats --json 0)

	dd if=/dev/zero of=/dev/ddt0 bs=1024 count=3 status=none
	dd if=/dev/ddt0 of=/dev/null bs=512 count=4 status=none
	ddtctl submit 0 verify 0 100 --wait
	ddtctl submit 0 erase 0 10 --wait

	ddtctl stats --json 0 >"$BATS_TEST_TMPDIR/json"
	jq -e '.queued == 0 and .submitted == 9 and .completed == 9 and
		.cancelled == 0 and .spinups == 1 and .bytes_read == 2148 and
		.bytes_written == 3082' "$BATS_TEST_TMPDIR/json"
	jq -e '.wakeups >= 1 and .wakeups <= 9 and .max_queued >= 1 and
		.thread_switches >= 1 and .thread_runtime_ns >= 1' \
		"$BATS_TEST_TMPDIR/json"
}

@test "stats as text has the same" {
	dd if=/dev/zero of=/dev/ddt0 bs=1024 count=3 status=none
	run -0 ddtctl stats 0
	[ "${#lines[@]}" = 11 ]
	grep -Eq '^submitted: +3$' <<<"$output"
	grep -Eq '^bytes written: +3072$' <<<"$output"
	grep -Eq '^thread run time: +[0-9]+ ns$' <<<"$output"
}

@test "0, ddt0, /dev/ddt0 and a symbolic link to it name the same drive" {
	reload drives=2
	ln -s /dev/ddt1 "$BATS_TEST_TMPDIR/link"
	expected=$(ddtctl info 1)
	[ "$(ddtctl info ddt1)" = "$expected" ]
	[ "$(ddtctl info /dev/ddt1)" = "$expected" ]
	[ "$(ddtctl info /dev/../dev/ddt1)" = "$expected" ]
	[ "$(ddtctl info "$BATS_TEST_TMPDIR/link")" = "$expected" ]
	[ "$(cd /dev && ddtctl info ./ddt1)" = "$expected" ]
	[ "$(ddtctl info 0)" != "$expected" ]
}

@test "options can stand anywhere" {
	expected=$(ddtctl info 0 --json)
	[ "$(ddtctl --json info 0)" = "$expected" ]
	[ "$(ddtctl info --json 0)" = "$expected" ]
	[ "$(ddtctl info --json -- 0)" = "$expected" ]
}

@test "a drive that is not there: the message names the list of drives" {
	run -1 --separate-stderr ddtctl info 7
	[ -z "$output" ]
	[ "$stderr" = "ddtctl: /dev/ddt7: no such device: ddtctl list shows those there are" ]
}

@test "a drive that is not there, nor any other: the message says what to do" {
	unload
	for command in info stats 'priority get'; do
		read -ra words <<<"$command"
		run -1 --separate-stderr ddtctl "${words[@]}" 0
		[ "$stderr" = "ddtctl: /dev/ddt0: no such device: is ddt_drive loaded? sudo make load" ]
	done
}

@test "what is no drive is refused and, if it is no device, not opened" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	touch "$BATS_TEST_TMPDIR/file"
	for path in /dev/null /dev/zero /dev "$BATS_TEST_TMPDIR/pipe" \
			"$BATS_TEST_TMPDIR/file"; do
		run -1 --separate-stderr timeout 10 ddtctl info "$path"
		[[ $stderr == "ddtctl: $path: not a drive of ddt_drive: "* ]]
	done
}

@test "without permission the message says what to do" {
	chmod 0 /dev/ddt0
	run -1 --separate-stderr \
		without_capability dac_override,dac_read_search ddtctl info 0
	[ "$stderr" = "ddtctl: /dev/ddt0: permission denied: run it with sudo" ]

	run -1 --separate-stderr \
		without_capability dac_override,dac_read_search ddtctl list
	[ "$stderr" = "ddtctl: /dev/ddt0: permission denied: run it with sudo" ]
}

@test "list shows the other drives if one cannot be opened, and fails" {
	reload drives=3
	chmod 0 /dev/ddt1
	run -1 --separate-stderr \
		without_capability dac_override,dac_read_search ddtctl list --json
	jq -e '[.drives[].name] == ["ddt0", "ddt2"]' <<<"$output"
	[[ $stderr == *'/dev/ddt1: permission denied'* ]]
}

@test "with standard output closed, nothing is written to the drive" {
	run -1 bash -c 'ddtctl priority set 0 1 --json >&-'
	run -1 bash -c 'ddtctl priority set 0 2 --json <&- >&- 2>&-'
	cmp -n 1474560 /dev/ddt0 /dev/zero
	stats_is bytes_written 0
}

@test "results that cannot be written are a failure" {
	for command in 'list' 'info 0' 'stats 0' 'priority get 0' \
			'submit 0 spinup' 'submit 0 spinup --wait'; do
		run -1 bash -c "ddtctl $command >/dev/full"
		run -1 bash -c "ddtctl $command --json >/dev/full"
	done
}
