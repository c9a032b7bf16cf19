#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# io.bats - reading and writing a drive with the usual programs

load helpers

capacity=1474560

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

teardown_file()
{
	reload
}

# random BYTES - a file named medium
random()
{
	head -c "$1" /dev/urandom >medium
}

# The drive has what the file has that name, and ends there.
drive_has()
{
	cmp /dev/ddt0 "$1"
}

@test "a new medium has zeros, as many as it should" {
	for kib in 1 360 5000; do
		reload_fast capacity_kib=$kib
		head -c $((kib * 1024)) /dev/zero >zeros
		drive_has zeros
	done
}

@test "what is written to the whole medium is read back" {
	reload_fast
	for bs in 64k 1000000 2M; do
		random $capacity
		dd if=medium of=/dev/ddt0 bs="$bs" status=none
		drive_has medium
	done
}

@test "what is written is read back at its offset, and is nowhere else" {
	reload_fast
	random $capacity
	dd if=medium of=/dev/ddt0 bs=64k status=none
	for place in '0 1' '511 2' '512 512' '777 100001' '1474559 1' \
			'262143 2' '1048576 425984'; do
		read -r offset length <<<"$place"
		head -c "$length" /dev/urandom >part
		dd if=part of=/dev/ddt0 bs="$length" oflag=seek_bytes \
			seek="$offset" status=none
		dd if=/dev/ddt0 bs="$length" count=1 iflag=skip_bytes \
			skip="$offset" status=none | cmp - part
		dd if=part of=medium bs="$length" oflag=seek_bytes \
			seek="$offset" conv=notrunc status=none
	done
	drive_has medium
}

@test "a read at the end gives 0 bytes" {
	reload_fast
	dd if=/dev/ddt0 of=out bs=512 skip=2880 count=1 status=none
	[ ! -s out ]
	exec 8</dev/ddt0
	[ "$(wc -c <&8)" = "$capacity" ]
	[ "$(wc -c <&8)" = 0 ]
	exec 8<&-
}

@test "a read across the end gives what is there" {
	reload_fast
	random 100
	dd if=medium of=/dev/ddt0 bs=100 oflag=seek_bytes \
		seek=$((capacity - 100)) status=none
	dd if=/dev/ddt0 of=out bs=4096 iflag=skip_bytes \
		skip=$((capacity - 100)) status=none
	cmp medium out
}

@test "a write at the end or behind it fails with ENOSPC" {
	reload_fast
	random 512
	for offset in $capacity $((capacity + 1)) $((capacity * 1000)); do
		run -1 dd if=medium of=/dev/ddt0 bs=512 count=1 \
			oflag=seek_bytes seek="$offset"
		[[ $output == *'No space left on device'* ]]
	done
	stats_is submitted 0
}

@test "a write across the end writes what fits and then fails with ENOSPC" {
	reload_fast
	random 1000
	run -1 dd if=medium of=/dev/ddt0 bs=1000 count=1 oflag=seek_bytes \
		seek=$((capacity - 100))
	[[ $output == *'No space left on device'* ]]
	stats_is bytes_written 100
	cmp -i $((capacity - 100)):0 -n 100 /dev/ddt0 medium
}

@test "to write nothing does nothing" {
	reload_fast
	: >/dev/ddt0
	dd if=/dev/null of=/dev/ddt0 status=none
	stats_is submitted 0
}

@test "several programs write at the same time, each where it wants" {
	reload_fast depth=1
	random 40960
	pids=()
	for part in {0..9}; do
		dd if=medium of=/dev/ddt0 bs=512 count=8 skip=$((part * 8)) \
			seek=$((part * 8)) status=none 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	cmp -n 40960 /dev/ddt0 medium
	stats_is bytes_written 40960
	# Where there was no room in the queue, they waited.
	stats_is max_queued 1
}

@test "each drive has a medium of its own" {
	reload_fast drives=2
	random $capacity
	dd if=medium of=/dev/ddt1 bs=64k status=none
	cmp -n $capacity /dev/ddt0 /dev/zero
	cmp /dev/ddt1 medium
}

@test "with O_NONBLOCK a full queue gives EAGAIN at once" {
	reload_endless depth=1
	endless=$(start_endless)
	ddtctl submit 0 spindown
	run -1 timeout 20 dd if=/dev/ddt0 of=/dev/null bs=512 count=1 \
		iflag=nonblock
	[[ $output == *'Resource temporarily unavailable'* ]]
	ddtctl cancel 0 "$endless"
}

@test "a program that waits for the slowest drive can be killed" {
	reload_endless
	endless=$(start_endless)
	dd if=/dev/ddt0 of=/dev/null bs=512 count=1 status=none 3>&- &
	reader=$!
	dd if=/dev/zero of=/dev/ddt0 bs=512 count=1 status=none 3>&- &
	writer=$!
	eventually stats_is queued 2
	kill "$reader"
	kill -9 "$writer"
	eventually ended "$reader"
	eventually ended "$writer"
	stats_is queued 0
	stats_is cancelled 2
	ddtctl cancel 0 "$endless"
}

waits_killably()
{
	[ "$(process_stat "$1" 3)" = D ]
}

@test "a program that waits for room in the queue can be killed" {
	reload_endless depth=1
	endless=$(start_endless)
	ddtctl submit 0 spindown
	dd if=/dev/ddt0 of=/dev/null bs=512 count=1 status=none 3>&- &
	reader=$!
	eventually waits_killably "$reader"
	kill "$reader"
	eventually ended "$reader"
	stats_is submitted 2
	ddtctl cancel 0 "$endless"
}
