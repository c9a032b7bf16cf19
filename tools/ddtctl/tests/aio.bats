#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# aio.bats - reading and writing without waiting, and programs that do it

load helpers

capacity=1474560

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	reload_fast
}

teardown_file()
{
	reload
}

check()
{
	timeout 60 aio_check /dev/ddt0 "$1"
}

@test "io_uring queues: to submit takes no time, to complete does" {
	check queues
}

@test "a transfer of the whole medium in many segments is not cut short" {
	check large
}

@test "memory that is not there fails a request, and it alone" {
	check addresses
}

@test "what finds no room in the queue is submitted later, not lost" {
	reload_fast depth=2
	check full
}

@test "reads, writes, polls and cancellations: one completion each" {
	check mix
}

@test "reads with provided buffers land each in a buffer of its own" {
	check provided
	# Submitted by a worker, which waits for a free slot.
	reload_fast depth=1
	check provided
}

@test "a read reaches a process that forks meanwhile" {
	check fork
}

@test "a multishot read is refused at once" {
	check multishot
}

@test "a process that is killed leaves nothing behind in io_uring" {
	check killed
}

@test "nor with a registered file, of which no descriptor is left" {
	check killed-registered
}

@test "nor with a thread of the kernel that submits (SQPOLL)" {
	check killed-sqpoll
}

@test "nor in exec(), which waits for the requests" {
	check killed-exec
}

@test "nor where most of its requests wait for a slot" {
	reload_fast depth=1
	for how in killed killed-registered killed-sqpoll killed-exec; do
		check "$how"
	done
}

@test "the module can be unloaded as soon as a killed process is gone" {
	for how in killed killed-registered killed-sqpoll killed-exec; do
		check "$how"
		eventually rmmod ddt_drive
		reload_fast
	done
}

@test "libaio reads and writes" {
	check aio
}

@test "io_cancel() ends what hangs and what is queued, and nothing else" {
	check aio-cancel
}

@test "a process that is killed does not wait for what it queued with libaio" {
	check aio-killed
}

@test "a submitter that fills the queue does not keep others waiting for all of it" {
	check turns
}

@test "all that is queued when a drive is removed ends with ENODEV" {
	check removed
}

@test "dd: conv=fsync, conv=fdatasync, direct" {
	head -c $capacity /dev/urandom >medium
	dd if=medium of=/dev/ddt0 bs=32k conv=fsync status=none
	cmp /dev/ddt0 medium
	head -c $capacity /dev/urandom >medium
	dd if=medium of=/dev/ddt0 bs=64k oflag=direct conv=fdatasync status=none
	dd if=/dev/ddt0 bs=64k iflag=direct status=none | cmp - medium
}

@test "what goes through a pipe by splice() is complete" {
	head -c $capacity /dev/urandom >medium
	python3 - <<-'END'
		import os
		def move(source, sink):
		    done = 0
		    reader, writer = os.pipe()
		    while True:
		        n = os.splice(source, writer, 65536)
		        if not n:
		            return done
		        while n:
		            part = os.splice(reader, sink, n)
		            n -= part
		            done += part
		drive = os.open("/dev/ddt0", os.O_RDWR)
		medium = os.open("medium", os.O_RDONLY)
		copy = os.open("copy", os.O_WRONLY | os.O_CREAT)
		assert move(medium, drive) == 1474560
		os.lseek(drive, 0, os.SEEK_SET)
		assert move(drive, copy) == 1474560
	END
	cmp medium copy
}

# fio ENGINE [OPTION...] - write at random, read back, compare
fio_verify()
{
	local engine=$1
	shift

	fio --name=verify --filename=/dev/ddt0 --size=$capacity --rw=randwrite \
		--bsrange=512-16k --ioengine="$engine" --verify=crc32c \
		--do_verify=1 --output-format=terse --thread "$@"
}

@test "fio verifies with psync" {
	fio_verify psync
}

@test "fio verifies with libaio, 16 at a time" {
	fio_verify libaio --iodepth=16
	fio_verify libaio --iodepth=16 --direct=1 --end_fsync=1
}

@test "fio verifies with io_uring, 16 at a time" {
	fio_verify io_uring --iodepth=16
}

@test "ioping: cached, direct, asynchronous, writing" {
	for option in -q -D -A -WWW; do
		ioping -c 3 -i 0 -s 4k -S $capacity $option /dev/ddt0
	done
}
