#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # stderr is set by run
# request.bats - submit, wait and cancel

load helpers

capacity=1474560

teardown_file()
{
	reload
}

# Writes the whole medium and keeps a copy.
fill()
{
	head -c "$capacity" /dev/urandom >"$BATS_TEST_TMPDIR/medium"
	dd if="$BATS_TEST_TMPDIR/medium" of=/dev/ddt0 bs=64k status=none
}

# crc32_of OFFSET LENGTH - of the copy, by another program
crc32_of()
{
	tail -c "+$(($1 + 1))" "$BATS_TEST_TMPDIR/medium" | head -c "$2" |
		gzip -1 -c | tail -c 8 | od -An -N4 -tu4 | tr -d ' '
}

# result_of OPERATION... - its result
result_of()
{
	member result "$(ddtctl submit 0 "$@" --wait --json)"
}

@test "submit prints the id, and wait the result" {
	reload_fast
	run -0 ddtctl submit 0 erase 512 1024
	[[ $output =~ ^[1-9][0-9]*$ ]]
	id=$output

	run -0 ddtctl wait 0 "$id"
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
	reload_fast
	run -0 ddtctl submit 0 erase 512 1024 --count 2 --json
	readarray -t ids < <(jq '.requests[].id' <<<"$output")
	jq -e ". == {name: \"ddt0\",
		requests: [{id: ${ids[0]}}, {id: ${ids[1]}}]}" <<<"$output"

	run -0 ddtctl wait 0 "${ids[@]}" --json
	jq -e '[.requests[] | .queued_ns >= 0 and .service_ns > 0] | all' \
		<<<"$output"
	jq -e "del(.requests[].queued_ns, .requests[].service_ns) ==
		{name: \"ddt0\", requests: [
		{id: ${ids[0]}, status: \"done\", errno: 0, order: 1,
		result: 1024},
		{id: ${ids[1]}, status: \"done\", errno: 0, order: 2,
		result: 1024}]}" <<<"$output"
}

@test "requests are served in the order of submission" {
	reload spinup_ms=0 access_us=1000
	ids=()
	for _ in {1..5}; do
		readarray -t -O ${#ids[@]} ids \
			< <(ddtctl submit 0 verify 0 512 --count 10)
	done
	run -0 ddtctl wait 0 "${ids[@]}" --json
	jq -e '[.requests[].order] == [range(1; 51)]' <<<"$output"
}

@test "submit --wait prints the results of all, in the order of completion" {
	reload_fast
	run -0 ddtctl submit 0 verify 0 512 --count 50 --wait
	[ "${#lines[@]}" = 51 ]
	run -0 ddtctl submit 0 verify 0 512 --count 50 --wait --json
	jq -e '[.requests[].order] == [range(51; 101)] and
		(.requests | all(.status == "done"))' <<<"$output"
}

@test "the queued and service times are those that it took" {
	reload_fast access_us=20000
	run -0 ddtctl submit 0 verify 0 512 --count 3 --wait --json
	jq -e '.requests | all(.service_ns >= 20000000)' <<<"$output"

	reload_endless
	endless=$(start_endless)
	readarray -t ids < <(ddtctl submit 0 spindown --count 3)
	sleep 0.2
	ddtctl cancel 0 "$endless"
	run -0 ddtctl wait 0 "${ids[@]}" --json
	jq -e '.requests | all(.queued_ns >= 200000000)' <<<"$output"
	run -1 ddtctl wait 0 "$endless" --json
	jq -e '.requests[0].service_ns >= 200000000' <<<"$output"
}

@test "verify gives the CRC-32 that gzip gives, and changes nothing" {
	reload_fast
	fill
	for range in '0 1474560' '0 1' '1474559 1' '777 100001'; do
		read -r offset length <<<"$range"
		[ "$(result_of verify "$offset" "$length")" = \
			"$(crc32_of "$offset" "$length")" ]
	done
	cmp /dev/ddt0 "$BATS_TEST_TMPDIR/medium"
}

@test "erase fills its range with zeros and nothing else" {
	reload_fast
	fill
	ddtctl submit 0 erase 777 100001 --wait
	cmp -n 777 /dev/ddt0 "$BATS_TEST_TMPDIR/medium"
	cmp -i 777:0 -n 100001 /dev/ddt0 /dev/zero
	cmp -i 100778 /dev/ddt0 "$BATS_TEST_TMPDIR/medium"
}

@test "spinup and spindown start and stop the motor, their result is 0" {
	reload_fast
	info_is motor_on false
	[ "$(result_of spinup)" = 0 ]
	info_is motor_on true
	[ "$(result_of spindown)" = 0 ]
	info_is motor_on false
}

@test "k, M and hexadecimal numbers are understood" {
	reload_fast
	for length in 1M 1024k 1024K 0x100000 0X100000 0x400k 1048576; do
		[ "$(result_of erase 0 $length)" = 1048576 ]
	done
	[ "$(result_of erase 1439k 1k)" = 1024 ]
}

@test "a range that ends behind the medium is refused and changes nothing" {
	reload_fast
	for range in '0 1474561' '1474560 1' '1474559 2' '1441k 1' \
			'0 18446744073709551615' '18446744073709551615 1'; do
		read -r offset length <<<"$range"
		run -1 ddtctl submit 0 erase "$offset" "$length"
		[ "$output" = "ddtctl: /dev/ddt0: the range ends behind the medium, which has 1474560 bytes" ]
	done
	run -1 ddtctl submit 0 verify 0 0
	[[ $output == *'LENGTH must be 1 or more' ]]
	stats_is submitted 0
}

@test "a result is collected once" {
	reload_fast
	id=$(ddtctl submit 0 spinup)
	ddtctl wait 0 "$id"
	run -1 ddtctl wait 0 "$id"
	[[ $output == "ddtctl: /dev/ddt0: no request $id: "* ]]
}

@test "an unknown request is an error, and the others are collected" {
	reload_fast
	readarray -t ids < <(ddtctl submit 0 spinup --count 2)
	for unknown in 0 1000 4294967295; do
		run -1 ddtctl cancel 0 $unknown
		[[ $output == "ddtctl: /dev/ddt0: no request $unknown: "* ]]
	done
	run -1 --separate-stderr ddtctl wait 0 "${ids[0]}" 1000 "${ids[1]}" \
		--json
	jq -e "[.requests[].id] == [${ids[0]}, ${ids[1]}]" <<<"$output"
	[[ $stderr == "ddtctl: /dev/ddt0: no request 1000: "* ]]
}

@test "a wait ends at its deadline, and the result is not lost" {
	reload_endless
	id=$(start_endless)

	before=$(date +%s%N)
	run -1 ddtctl wait --timeout 0.3 0 "$id"
	(($(date +%s%N) - before >= 300000000))
	[ "$output" = "ddtctl: /dev/ddt0: request $id has not finished within 0.3 s" ]
	run -1 --separate-stderr ddtctl wait --timeout 0 0 "$id" --json
	jq -e '. == {name: "ddt0", requests: []}' <<<"$output"

	ddtctl cancel 0 "$id"
	run -1 ddtctl wait --timeout 20 0 "$id"
	[[ ${lines[1]} == *cancelled* ]]
}

@test "what has finished is collected even if there is no time left" {
	reload_fast
	readarray -t ids < <(ddtctl submit 0 spinup --count 2)
	eventually stats_is completed 2
	run -0 ddtctl wait --timeout=0 0 "${ids[0]}"
	run -0 ddtctl wait --timeout 100000000000 0 "${ids[1]}"
}

@test "a queued request is cancelled at once and never begun" {
	reload_endless
	endless=$(start_endless)
	readarray -t ids < <(ddtctl submit 0 verify 0 512 --count 3)
	stats_is queued 3

	run -0 ddtctl cancel 0 "${ids[1]}"
	[ -z "$output" ]
	stats_is queued 2
	stats_is cancelled 1
	run -1 ddtctl wait 0 "${ids[1]}" --json
	jq -e '.requests[0] | .status == "cancelled" and .errno == 125 and
		.order == 1 and .service_ns == 0 and .result == null' \
		<<<"$output"

	# Those before and behind it are still there.
	ddtctl cancel 0 "${ids[2]}" "${ids[0]}"
	run -1 ddtctl wait 0 "${ids[0]}" "${ids[2]}" --json
	jq -e '[.requests[].order] == [3, 2]' <<<"$output"
	stats_is queued 0
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
	# It had been begun.
	stats_is cancelled 0
}

@test "a request that has finished cannot be cancelled" {
	reload_fast
	id=$(ddtctl submit 0 spinup)
	eventually stats_is completed 1
	run -1 ddtctl cancel 0 "$id"
	[ "$output" = "ddtctl: /dev/ddt0: request $id has finished: ddtctl wait ddt0 $id collects its result" ]
	run -0 ddtctl wait 0 "$id"
	run -1 ddtctl cancel 0 "$id"
	[[ $output == *"no request $id"* ]]
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
	[ "$stderr" = "ddtctl: /dev/ddt0: the queue is full: queued 4 of 10 requests, try the rest with --wait" ]
	id=${lines[2]}
	run -0 ddtctl stats 0 --json
	[ "$(member queued "$output")" = 4 ]
	[ "$(member max_queued "$output")" = 4 ]
	[ "$(member submitted "$output")" = 5 ]

	# A cancelled one makes room.
	run -1 ddtctl submit 0 spindown
	ddtctl cancel 0 "$id"
	run -0 ddtctl submit 0 spindown
	run -1 ddtctl submit 0 spindown
	ddtctl cancel 0 "$endless"
}

sleeps()
{
	[ "$(process_stat "$1" 3)" = S ]
}

@test "with --wait a full queue is waited for, with and without requests in it" {
	reload_endless depth=2
	endless=$(start_endless)
	cd "$BATS_TEST_TMPDIR" || return
	ddtctl submit 0 spindown --count 20 --wait --json >out 2>err 3>&- &
	pid=$!
	eventually stats_is queued 2
	ddtctl cancel 0 "$endless"
	wait "$pid"
	[ ! -s err ]
	jq -e '[.requests[].status] | length == 20 and all(. == "done")' out

	reload_endless depth=2
	endless=$(start_endless)
	ddtctl submit 0 spindown --count 2
	ddtctl submit 0 spindown --wait --json >out 2>err 3>&- &
	pid=$!
	eventually sleeps "$pid"
	ddtctl cancel 0 "$endless"
	wait "$pid"
	[ ! -s err ]
	jq -e '[.requests[].status] == ["done"]' out
}

@test "with --wait many more requests than the queue holds are served" {
	reload_fast depth=16
	run -0 ddtctl submit 0 verify 0 512 --count 2000 --wait --json
	jq -e '[.requests[].id] | length == 2000 and (unique | length) == 2000' \
		<<<"$output"
	[ "$(stats completed)" = 2000 ]
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

@test "the attached requests of one program are unknown to others" {
	reload_endless
	endless=$(start_endless)
	ddtctl submit 0 verify 0 512 --wait 3>&- &
	pid=$!
	eventually stats_is queued 1
	run -1 ddtctl cancel 0 $((endless + 1))
	run -1 ddtctl wait 0 $((endless + 1))
	stats_is queued 1
	kill "$pid"
	wait "$pid" || true
	ddtctl cancel 0 "$endless"
}

@test "the results of the last 1024 detached requests are kept" {
	reload_fast depth=2000
	readarray -t ids < <(ddtctl submit 0 spindown --count 1030)
	[ "${#ids[@]}" = 1030 ]
	eventually stats_is completed 1030
	run -1 --separate-stderr ddtctl wait 0 "${ids[@]}" --json
	jq -e '[.requests[].order] == [range(7; 1031)]' <<<"$output"
	[ "${#stderr_lines[@]}" = 6 ]
}

@test "drives neither know each other's requests nor wait for each other" {
	reload_endless drives=2
	endless=$(start_endless)
	run -1 ddtctl wait 1 "$endless"
	run -1 ddtctl cancel 1 "$endless"
	run -0 ddtctl submit 1 spindown --wait
	ddtctl cancel 0 "$endless"
}
