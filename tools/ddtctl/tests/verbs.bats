#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016 # eval expands it
# verbs.bats - flush, model, fault, eject, insert, add and remove

load helpers

setup()
{
	reload_fast
}

teardown_file()
{
	reload
}

@test "flush returns when what was queued before has been served" {
	ddtctl model set 0 access_us=20000
	ddtctl submit 0 verify 0 512 --count 5
	run -0 ddtctl flush 0
	[ -z "$output" ]
	[ "$(stats queued)" = 0 ]
	[ "$(stats completed)" -ge 5 ]
	[ "$(ddtctl flush 0 --json | jq -c .)" = '{"name":"ddt0"}' ]
}

@test "model set changes what is named, and model prints all" {
	run -0 ddtctl model 0
	[ "$output" = 'access_us=0
seek_us=0
rate_kib_s=0
spinup_ms=0
idle_ms=0' ]
	run -0 ddtctl model set 0 seek_us=7 idle_ms=900
	[ -z "$output" ]
	run -0 ddtctl model get 0 --json
	jq -e '. == {name: "ddt0", access_us: 0, seek_us: 7, rate_kib_s: 0,
		spinup_ms: 0, idle_ms: 900}' <<<"$output"
	run -0 ddtctl model set 0 rate_kib_s=5 --json
	jq -e '.rate_kib_s == 5 and .seek_us == 7' <<<"$output"
	[ "$(info idle_ms)" = 900 ]
}

@test "what model prints can be given to model set" {
	ddtctl model set 0 access_us=1 seek_us=2 rate_kib_s=3 spinup_ms=4 idle_ms=5
	before=$(ddtctl model 0)
	ddtctl model set 0 access_us=0 seek_us=0 rate_kib_s=0 spinup_ms=0 idle_ms=0
	readarray -t lines <<<"$before"
	ddtctl model set 0 "${lines[@]}"
	[ "$(ddtctl model 0)" = "$before" ]
}

@test "a model out of range is refused as a whole" {
	run -1 ddtctl model set 0 seek_us=1 access_us=10000001
	[[ $output == *'too much'* ]]
	[[ $(ddtctl model 0) == 'access_us=0
seek_us=0'* ]]
}

@test "a fault hits as often as it says, is listed meanwhile and then gone" {
	[ "$(ddtctl fault add 0 error 4k 512 --ops read --times 2)" = 1 ]
	run -0 ddtctl fault list 0 --json
	jq -e '. == {name: "ddt0", faults: [{id: 1, kind: "error",
		ops: ["read"], times: 2, hits: 0, delay_ms: 0, offset: 4096,
		length: 512}]}' <<<"$output"
	dd if=/dev/ddt0 of=/dev/null bs=4k count=1 status=none
	run -1 dd if=/dev/ddt0 of=/dev/null bs=4k count=1 skip=1 status=none
	[[ $output == *'Input/output error'* ]]
	run -0 ddtctl fault list 0
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[1]} =~ ^\ +1\ +error\ +read\ +2\ +1\ +0\ +4096\ 512$ ]]
	run -1 dd if=/dev/ddt0 of=/dev/null bs=4k count=1 skip=1 status=none
	dd if=/dev/ddt0 of=/dev/null bs=4k count=1 skip=1 status=none
	jq -e '.faults == []' < <(ddtctl fault list 0 --json)
}

@test "a fault that hits all says so, and what failed too" {
	run -0 ddtctl fault add 0 error --json
	jq -e '. == {name: "ddt0", id: 1}' <<<"$output"
	run -1 ddtctl submit 0 verify 0 512 --wait
	[[ $output == *' error '* ]]
	run -1 ddtctl submit 0 verify 0 512 --wait --json
	jq -e '.requests[0] | .status == "failed" and .errno == 5' \
		<<<"$output"
	[[ $(ddtctl fault list 0) == *'error  read,write,control   ever      2         0  all' ]]
}

@test "a delay takes its time, a hang until the fault is removed" {
	ddtctl fault add 0 delay --delay 50 --times 1
	run -0 ddtctl submit 0 verify 0 512 --wait --json
	jq -e '.requests[0].service_ns >= 50000000' <<<"$output"

	fault=$(ddtctl fault add 0 hang)
	request=$(ddtctl submit 0 verify 0 512)
	run -1 ddtctl wait 0 "$request" --timeout 0.1
	ddtctl fault remove 0 "$fault"
	run -1 ddtctl wait 0 "$request" --json
	jq -e '.requests[0].errno == 5' <<<"$output"
}

@test "faults are removed one by one or all at once" {
	for kind in error hang error; do
		ddtctl fault add 0 $kind
	done
	ddtctl fault remove 0 2
	run -1 ddtctl fault remove 0 2
	[ "$output" = 'ddtctl: /dev/ddt0: no fault 2: ddtctl fault list ddt0 shows those there are' ]
	jq -e '[.faults[].id] == [1, 3]' < <(ddtctl fault list 0 --json)
	ddtctl fault remove 0 all
	jq -e '.faults == []' < <(ddtctl fault list 0 --json)
}

@test "a fault that does not fit is refused" {
	run -1 ddtctl fault add 0 error 1440k 1
	[[ $output == *'the range ends behind the 1474560 bytes'* ]]
	jq -e '.faults == []' < <(ddtctl fault list 0 --json)
}

@test "an ejected medium is missed, and comes back with its content" {
	echo precious >/dev/ddt0
	ddtctl eject 0
	[[ $(ddtctl info 0) == *'medium:        ejected'* ]]
	run -1 head -c 9 /dev/ddt0
	[[ $output == *'No medium found'* ]]
	run -1 ddtctl submit 0 verify 0 512 --wait
	[[ $output == *'no medium'* ]]
	ddtctl insert 0
	[ "$(head -c 8 /dev/ddt0)" = precious ]
}

@test "a protected medium can be read, and stays protected when ejected" {
	ddtctl insert 0 --protect
	run -0 ddtctl info 0 --json
	[ "$(member write_protected "$output")" = true ]
	run -1 dd if=/dev/zero of=/dev/ddt0 bs=512 count=1 status=none
	[[ $output == *'Read-only file system'* ]]
	dd if=/dev/ddt0 of=/dev/null bs=512 count=1 status=none
	ddtctl eject 0
	[ "$(info medium)" = false ]
	[ "$(info write_protected)" = true ]
	ddtctl insert 0
	[ "$(info write_protected)" = false ]
}

@test "a drive is added as the options say, and removed" {
	run -0 ddtctl add --index 5 --capacity 64k --depth 3 --nice 4
	[ "$output" = ddt5 ]
	run -0 ddtctl info 5 --json
	jq -e '.name == "ddt5" and .capacity == 65536 and .depth == 3 and
		.nice == 4' <<<"$output"
	[ "$(ddtctl add --json | jq -c .)" = '{"name":"ddt1"}' ]
	[ "$(info capacity 1)" = 1474560 ]
	ddtctl remove 5
	run -0 ddtctl remove /dev/ddt1 --json
	jq -e '. == {name: "ddt1"}' <<<"$output"
	[ "$(ddtctl list --json | jq -c '[.drives[].name]')" = '["ddt0"]' ]
}

@test "a number that is taken and what is out of range are refused" {
	run -1 ddtctl add --index 0
	[ "$output" = 'ddtctl: there is a drive ddt0: ddtctl list shows those there are' ]
	for option in '--index 64' '--depth 65537' '--capacity 2G' '--nice 20'; do
		# shellcheck disable=SC2086 # two words
		run -1 ddtctl add $option
		[[ $output == *'out of range'* ]]
	done
	run -1 ddtctl remove 7
	[[ $output == *'no such device'* ]]
}

@test "removing a drive that is in use ends what waits for it" {
	ddtctl add --index 3
	ddtctl fault add 3 hang
	ddtctl submit 3 verify 0 512 --wait --json >"$BATS_TEST_TMPDIR/out" &
	eventually eval '[ "$(stats submitted 3)" = 1 ]'
	ddtctl remove 3
	# not with run, whose subshell cannot wait for what this one started
	status=0
	wait $! || status=$?
	[ "$status" = 1 ]
	jq -e '.requests[0].errno == 19' "$BATS_TEST_TMPDIR/out"
}

@test "without permission to write the message says what to do" {
	chmod 0444 /dev/ddt0
	for command in 'flush 0' 'model set 0 access_us=1' 'eject 0' \
			'insert 0' 'fault add 0 error' 'fault remove 0 all'; do
		read -ra words <<<"$command"
		run -1 without_capability dac_override,dac_read_search \
			ddtctl "${words[@]}"
		[ "$output" = 'ddtctl: /dev/ddt0: permission denied: run it with sudo' ]
	done
	without_capability dac_override,dac_read_search ddtctl model 0
	without_capability dac_override,dac_read_search ddtctl fault list 0
}
