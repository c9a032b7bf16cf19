#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# io.bats - reading and writing a drive with the usual programs

load helpers

capacity=1474560

setup()
{
	reload access_us=0 spinup_ms=0 idle_ms=0
	cd "$BATS_TEST_TMPDIR" || return
	head -c "$capacity" /dev/urandom >medium
}

teardown_file()
{
	reload
}

# The whole medium is what the file has that name.
medium_is()
{
	dd if=/dev/ddt0 of=read bs=64k status=none
	cmp read "$1"
}

@test "a new medium has zeros" {
	head -c "$capacity" /dev/zero >zeros
	medium_is zeros
}

@test "what is written to the whole medium is read back" {
	for bs in 64k 512 1000000 2M; do
		head -c "$capacity" /dev/urandom >medium
		dd if=medium of=/dev/ddt0 bs="$bs" status=none
		medium_is medium
	done
}

@test "what is written is read back at its offset, and only there" {
	dd if=medium of=/dev/ddt0 bs=64k status=none
	for place in '0 1' '1 1' '511 2' '512 512' '777 100001' \
			'1474559 1' '1048576 425984' '262143 2' '262144 262144'; do
		read -r offset length <<<"$place"
		head -c "$length" /dev/urandom >part
		dd if=part of=/dev/ddt0 bs="$length" oflag=seek_bytes \
			seek="$offset" status=none
		dd if=/dev/ddt0 of=back bs="$length" count=1 iflag=skip_bytes \
			skip="$offset" status=none
		cmp part back
		dd if=part of=medium bs="$length" oflag=seek_bytes \
			seek="$offset" conv=notrunc status=none
		medium_is medium
	done
}

@test "a read at the end gives 0 bytes" {
	run -0 dd if=/dev/ddt0 bs=512 skip=2880 count=1
	[[ $output == *'0 bytes copied'* ]] || [[ $output == *'0+0 records in'* ]]
	exec 8</dev/ddt0
	[ "$(cat <&8 | wc -c)" = "$capacity" ]
	[ "$(cat <&8 | wc -c)" = 0 ]
	exec 8<&-
}

@test "a read across the end gives what is there" {
	dd if=medium of=/dev/ddt0 bs=64k status=none
	dd if=/dev/ddt0 of=read bs=4096 iflag=skip_bytes \
		skip=$((capacity - 100)) status=none
	tail -c 100 medium | cmp - read
}

@test "a write at the end or behind it fails with ENOSPC" {
	for offset in $capacity $((capacity + 1)) $((capacity * 1000)); do
		run -1 dd if=medium of=/dev/ddt0 bs=512 count=1 \
			oflag=seek_bytes seek="$offset"
		[[ $output == *'No space left on device'* ]]
	done
	head -c "$capacity" /dev/zero >zeros
	medium_is zeros
}

@test "a write across the end writes what fits and then fails" {
	run -1 dd if=medium of=/dev/ddt0 bs=1000 count=1 oflag=seek_bytes \
		seek=$((capacity - 100))
	[[ $output == *'No space left on device'* ]]
	tail -c 100 /dev/ddt0 | cmp -n 100 - medium
	stats_is bytes_written 100
}

@test "a write of nothing does nothing" {
	: >/dev/ddt0
	dd if=/dev/null of=/dev/ddt0 status=none
	stats_is submitted 0
}

@test "two programs write and read at the same time" {
	dd if=medium of=/dev/ddt0 bs=512 count=1440 status=none 3>&- &
	first=$!
	dd if=medium of=/dev/ddt0 bs=512 count=1440 skip=1440 seek=1440 \
		status=none 3>&- &
	second=$!
	wait "$first"
	wait "$second"
	medium_is medium
}

@test "each drive has a medium of its own" {
	reload drives=2 access_us=0 spinup_ms=0
	dd if=medium of=/dev/ddt1 bs=64k status=none
	head -c "$capacity" /dev/zero >zeros
	medium_is zeros
	dd if=/dev/ddt1 bs=64k status=none | cmp - medium
}

@test "the medium has the size that the module parameter says" {
	for kib in 1 360 5000; do
		reload capacity_kib=$kib access_us=0 spinup_ms=0
		[ "$(wc -c </dev/ddt0)" = $((kib * 1024)) ]
		run -1 dd if=/dev/zero of=/dev/ddt0 bs=1k seek=$kib count=1
	done
}

@test "reads and writes wait for room in a full queue" {
	reload depth=1 access_us=2000 spinup_ms=0
	pids=()
	for part in {0..9}; do
		dd if=medium of=/dev/ddt0 bs=1k count=4 skip=$((part * 4)) \
			seek=$((part * 4)) status=none 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	cmp -n 40960 /dev/ddt0 medium
	stats_is max_queued 1
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
	wait "$reader" "$writer" || true
	stats_is queued 0
	stats_is cancelled 2
	ddtctl cancel 0 "$endless"
}

@test "a program that waits for room in the queue can be killed" {
	reload_endless depth=1
	endless=$(start_endless)
	ddtctl submit 0 spindown
	dd if=/dev/ddt0 of=/dev/null bs=512 count=1 status=none 3>&- &
	reader=$!
	eventually grep -q ddt "/proc/$reader/maps" || true
	kill "$reader"
	eventually ended "$reader"
	wait "$reader" || true
	stats_is queued 1
	ddtctl cancel 0 "$endless"
}
