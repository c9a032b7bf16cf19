#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # stderr is set by run
# request.bats - submit, wait and cancel

load helpers

# A drive that takes no time.
setup()
{
	reload access_us=0 spinup_ms=0 idle_ms=0
}

teardown_file()
{
	reload
}

# Writes the whole medium and keeps a copy.
fill()
{
	head -c 1474560 /dev/urandom >"$BATS_TEST_TMPDIR/medium"
	dd if="$BATS_TEST_TMPDIR/medium" of=/dev/ddt0 bs=64k status=none
}

# crc32_of OFFSET LENGTH - of the copy, by another program
crc32_of()
{
	tail -c "+$(($1 + 1))" "$BATS_TEST_TMPDIR/medium" | head -c "$2" |
		gzip -1 -c | tail -c 8 | od -An -N4 -tu4 | tr -d ' '
}

# Waits, and prints one field of the only result.
result()
{
	ddtctl wait 0 "$1" --json | jq -r ".requests[0].$2"
}

@test "submit prints the id, and wait the result" {
	run -0 --separate-stderr ddtctl submit 0 erase 512 1024
	[[ $output =~ ^[1-9][0-9]*$ ]]
	[ -z "$stderr" ]
	id=$output

	run -0 --separate-stderr ddtctl wait 0 "$id"
	[ "${#lines[@]}" = 2 ]
	read -r got status order queued ms1 service ms2 result hex \
		<<<"${lines[1]}"
	[ "$got" = "$id" ]
	[ "$status" = 'done' ]
	[ "$order" = 1 ]
	[[ "$queued $ms1" =~ ^[0-9]+\.[0-9]{3}\ ms$ ]]
	[[ "$service $ms2" =~ ^[0-9]+\.[0-9]{3}\ ms$ ]]
	[ "$result $hex" = '1024 (0x400)' ]
}

@test "submit and wait print JSON" {
	run -0 ddtctl submit 0 erase 512 1024 --count 2 --json
	jq -e '.name == "ddt0" and (.requests | length) == 2 and
		.requests[0].id != .requests[1].id' <<<"$output"
	readarray -t ids < <(jq '.requests[].id' <<<"$output")

	run -0 ddtctl wait 0 "${ids[@]}" --json
	jq -e ".name == \"ddt0\" and
		(.requests[1] | del(.queued_ns, .service_ns)) ==
		{id: ${ids[1]}, status: \"done\", errno: 0, order: 2,
		result: 1024}" <<<"$output"
	jq -e '.requests[0] | .queued_ns >= 0 and .service_ns >= 0' \
		<<<"$output"
}

@test "submit --wait prints the results of all, in the order of completion" {
	run -0 ddtctl submit 0 verify 0 512 --count 50 --wait
	[ "${#lines[@]}" = 51 ]
	run -0 ddtctl submit 0 verify 0 512 --count 50 --wait --json
	jq -e '[.requests[].order] == [range(51; 101)]' <<<"$output"
	jq -e '[.requests[].status] | unique == ["done"]' <<<"$output"
}

@test "requests are served in the order of submission" {
	reload spinup_ms=0 access_us=1000
	ids=()
	for _ in {1..5}; do
		readarray -t -O ${#ids[@]} ids \
			< <(ddtctl submit 0 verify 0 512 --count 10)
	done
	ddtctl wait 0 "${ids[@]}" --json >"$BATS_TEST_TMPDIR/json"
	jq -e '[.requests[].order] == [range(1; 51)]' "$BATS_TEST_TMPDIR/json"
}

@test "the queued and service times are those that the drive took" {
	reload spinup_ms=0 access_us=20000 idle_ms=0
	ddtctl submit 0 verify 0 512 --count 3 --wait --json \
		>"$BATS_TEST_TMPDIR/json"
	jq -e '[.requests[].service_ns] | min >= 20000000' \
		"$BATS_TEST_TMPDIR/json"
	# Each one waits until those before it have been served.
	jq -e '[.requests[].queued_ns] | . == sort and .[2] >= 20000000' \
		"$BATS_TEST_TMPDIR/json"
}

@test "verify gives the CRC-32 that gzip gives" {
	fill
	for range in '0 1474560' '0 1' '1474559 1' '512 512' '777 100001'; do
		read -r offset length <<<"$range"
		id=$(ddtctl submit 0 verify "$offset" "$length")
		[ "$(result "$id" result)" = "$(crc32_of "$offset" "$length")" ]
	done
}

@test "erase fills its range with zeros and nothing else" {
	fill
	ddtctl submit 0 erase 777 100001 --wait
	cmp -n 777 /dev/ddt0 "$BATS_TEST_TMPDIR/medium"
	cmp -i 777:0 -n 100001 /dev/ddt0 /dev/zero
	cmp -i 100778 /dev/ddt0 "$BATS_TEST_TMPDIR/medium"
}

@test "verify changes nothing" {
	fill
	ddtctl submit 0 verify 0 1440k --wait
	cmp /dev/ddt0 "$BATS_TEST_TMPDIR/medium"
}

@test "spinup and spindown start and stop the motor, their result is 0" {
	info_is motor_on false
	[ "$(result "$(ddtctl submit 0 spinup)" result)" = 0 ]
	info_is motor_on true
	[ "$(result "$(ddtctl submit 0 spindown)" result)" = 0 ]
	info_is motor_on false
}

@test "k, M and hexadecimal numbers are understood" {
	for length in 1M 1024k 1024K 0x100000 0X100000 0x400k 1048576; do
		id=$(ddtctl submit 0 erase 0 $length)
		[ "$(result "$id" result)" = 1048576 ]
	done
	id=$(ddtctl submit 0 erase 1439k 1k)
	[ "$(result "$id" result)" = 1024 ]
}

@test "a range that ends behind the medium is refused and changes nothing" {
	fill
	before=$(stats submitted)
	for range in '0 1474561' '1474560 1' '1474559 2' '1441k 1' \
			'0 18446744073709551615' '18446744073709551615 1' \
			'18446744073709551615 18446744073709551615' \
			'1 18446744073709551615'; do
		read -r offset length <<<"$range"
		for op in verify erase; do
			run -1 --separate-stderr \
				ddtctl submit 0 $op "$offset" "$length"
			[ -z "$output" ]
			[ "$stderr" = "ddtctl: /dev/ddt0: the range ends behind the medium, which has 1474560 bytes" ]
		done
	done
	stats_is submitted "$before"
	cmp /dev/ddt0 "$BATS_TEST_TMPDIR/medium"
}

@test "a range of length 0 is refused" {
	for op in verify erase; do
		run -1 --separate-stderr ddtctl submit 0 $op 0 0
		[[ $stderr == *'LENGTH must be 1 or more' ]]
	done
	stats_is submitted 0
}

@test "a result is collected once" {
	id=$(ddtctl submit 0 spinup)
	ddtctl wait 0 "$id"
	run -1 --separate-stderr ddtctl wait 0 "$id"
	[ -z "$output" ]
	[[ $stderr == "ddtctl: /dev/ddt0: no request $id: "* ]]
}

@test "an unknown request is an error, and the others are collected" {
	readarray -t ids < <(ddtctl submit 0 spinup --count 2)
	for unknown in 0 1000 4294967295; do
		run -1 --separate-stderr ddtctl cancel 0 $unknown
		[[ $stderr == "ddtctl: /dev/ddt0: no request $unknown: "* ]]
	done
	run -1 --separate-stderr ddtctl wait 0 "${ids[0]}" 1000 "${ids[1]}" \
		--json
	jq -e "[.requests[].id] == [${ids[0]}, ${ids[1]}]" <<<"$output"
	[[ $stderr == "ddtctl: /dev/ddt0: no request 1000: "* ]]
}

@test "a wait ends at its deadline and the result is not lost" {
	reload_endless
	id=$(start_endless)

	before=$(date +%s%N)
	run -1 --separate-stderr ddtctl wait --timeout 0.3 0 "$id"
	(($(date +%s%N) - before >= 300000000))
	[ -z "$output" ]
	[ "$stderr" = "ddtctl: /dev/ddt0: request $id has not finished within 0.3 s" ]
	run -1 --separate-stderr ddtctl wait --timeout 0 0 "$id" --json
	jq -e '.requests == []' <<<"$output"

	ddtctl cancel 0 "$id"
	run -1 ddtctl wait --timeout 20 0 "$id"
	[[ ${lines[1]} == *cancelled* ]]
}

@test "what has finished is collected even if there is no time left" {
	id=$(ddtctl submit 0 spinup)
	eventually stats_is completed 1
	run -0 ddtctl wait --timeout=0 0 "$id"
	id=$(ddtctl submit 0 spinup)
	run -0 ddtctl wait --timeout 100000000000 0 "$id"
}

@test "a queued request is cancelled at once" {
	reload_endless
	endless=$(start_endless)
	readarray -t ids < <(ddtctl submit 0 verify 0 512 --count 3)
	stats_is queued 3

	run -0 --separate-stderr ddtctl cancel 0 "${ids[1]}"
	[ -z "$output$stderr" ]
	stats_is queued 2
	run -1 ddtctl wait 0 "${ids[1]}" --json
	jq -e '.requests[0] | .status == "cancelled" and .errno == 125 and
		.order == 1 and .service_ns == 0 and .result == null' \
		<<<"$output"
	stats_is cancelled 1

	# It is not begun, and the others still are there.
	ddtctl cancel 0 "${ids[2]}" "${ids[0]}"
	run -1 ddtctl wait 0 "${ids[0]}" "${ids[2]}" --json
	jq -e '[.requests[].order] == [3, 2]' <<<"$output"
	stats_is queued 0
	info_is motor_on false
	ddtctl cancel 0 "$endless"
}

@test "the request in service is cancelled and ends soon" {
	reload_endless
	endless=$(start_endless)
	run -0 ddtctl cancel 0 "$endless" --json
	jq -e ". == {name: \"ddt0\", requests: [{id: $endless}]}" <<<"$output"
	run -1 ddtctl wait 0 "$endless" --timeout 20 --json
	jq -e '.requests[0] | .status == "cancelled" and .result == null' \
		<<<"$output"
	info_is motor_on false
}

@test "a request that has finished cannot be cancelled" {
	id=$(ddtctl submit 0 spinup)
	eventually stats_is completed 1
	run -1 --separate-stderr ddtctl cancel 0 "$id"
	[ "$stderr" = "ddtctl: /dev/ddt0: request $id has finished: ddtctl wait ddt0 $id collects its result" ]
	run -0 ddtctl wait 0 "$id"
	run -1 --separate-stderr ddtctl cancel 0 "$id"
	[[ $stderr == *"no request $id"* ]]
}

@test "cancel does all it can and then fails" {
	reload_endless
	endless=$(start_endless)
	id=$(ddtctl submit 0 verify 0 512)
	run -1 --separate-stderr ddtctl cancel 0 1000 "$id" --json
	jq -e "[.requests[].id] == [$id]" <<<"$output"
	[[ $stderr == *'no request 1000'* ]]
	stats_is cancelled 1
	ddtctl cancel 0 "$endless"
}

@test "a full queue says how many were queued, whose ids are printed" {
	reload_endless depth=4
	endless=$(start_endless)
	run -1 --separate-stderr ddtctl submit 0 verify 0 512 --count 10
	[ "${#lines[@]}" = 4 ]
	[[ $stderr == "ddtctl: /dev/ddt0: the queue is full: queued 4 of 10 requests"* ]]
	stats_is queued 4
	stats_is submitted 5
	run -1 --separate-stderr ddtctl submit 0 spinup
	[ -z "$output" ]
	[[ $stderr == *'queued 0 of 1 requests'* ]]
	stats_is max_queued 4

	# A cancelled one makes room.
	ddtctl cancel 0 "${lines[0]:-$((endless + 1))}"
	run -0 ddtctl submit 0 spindown
	stats_is queued 4
	ddtctl cancel 0 "$endless"
}

@test "with --wait a full queue is a failure too, and the results are printed" {
	reload spinup_ms=0 access_us=50000 depth=2
	run -1 --separate-stderr ddtctl submit 0 verify 0 512 --count 20 \
		--wait --json
	[[ $stderr == *'the queue is full: queued '* ]]
	nr=$(jq '.requests | length' <<<"$output")
	((nr >= 2 && nr < 20))
	stats_is completed "$nr"
}

@test "attached requests end with the program that submitted them" {
	reload_endless
	endless=$(start_endless)
	ddtctl submit 0 verify 0 512 --count 3 --wait 3>&- &
	pid=$!
	eventually stats_is queued 3
	kill "$pid"
	eventually stats_is queued 0
	stats_is cancelled 3
	wait "$pid" || true

	ddtctl cancel 0 "$endless"
	ddtctl wait 0 "$endless" || true
	stats_is completed 4

	# The same for the one in service.
	ddtctl submit 0 spinup --wait 3>&- &
	pid=$!
	eventually stats_is spinups 2
	kill -9 "$pid"
	eventually stats_is completed 5
	wait "$pid" || true
}

@test "detached requests outlive the program that submitted them" {
	readarray -t ids < <(ddtctl submit 0 erase 0 512 --count 3)
	eventually stats_is completed 3
	run -0 ddtctl wait 0 "${ids[@]}" --json
	jq -e '[.requests[].result] == [512, 512, 512]' <<<"$output"
}

@test "the attached requests of one program are unknown to others" {
	reload_endless
	endless=$(start_endless)
	ddtctl submit 0 verify 0 512 --wait 3>&- &
	pid=$!
	eventually stats_is queued 1
	id=$((endless + 1))
	run -1 ddtctl cancel 0 $id
	run -1 ddtctl wait 0 $id
	stats_is queued 1
	kill "$pid"
	wait "$pid" || true
	ddtctl cancel 0 "$endless"
}

@test "the results of the last 1024 detached requests are kept" {
	reload access_us=0 spinup_ms=0 depth=2000
	readarray -t ids < <(ddtctl submit 0 spindown --count 1030)
	[ "${#ids[@]}" = 1030 ]
	eventually stats_is completed 1030
	for id in "${ids[@]:0:6}"; do
		run -1 ddtctl wait 0 "$id"
	done
	run -0 ddtctl wait 0 "${ids[@]:6}" --json
	jq -e '[.requests[].order] == [range(7; 1031)]' <<<"$output"
}

@test "drives do not know each other's requests" {
	reload drives=2
	id=$(ddtctl submit 1 spinup)
	run -1 ddtctl wait 0 "$id"
	run -0 ddtctl wait 1 "$id"
}

@test "a drive that is busy does not keep another one from its work" {
	reload_endless drives=2
	endless=$(start_endless)
	run -0 ddtctl submit 1 spindown --wait
	ddtctl cancel 0 "$endless"
}
