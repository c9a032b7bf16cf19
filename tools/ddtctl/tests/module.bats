#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# module.bats - loading and unloading the driver

load helpers

teardown_file()
{
	reload
}

# refuses PARAMETER=VALUE - loading fails, with one line in the kernel log.
refuses()
{
	unload
	log_mark
	run -1 insmod "$MODDIR/ddt_drive.ko" "$1"
	run ! drive_is_loaded
	[ ! -e /dev/ddt0 ]
	run -0 log_since
	[ "${#lines[@]}" = 1 ]
	[[ $output == *"ddt_drive: $1 is out of range: "* ]]
}

@test "a module parameter out of range refuses to load and says why" {
	for parameter in drives=0 drives=65 drives=4294967295 \
			capacity_kib=0 capacity_kib=1048577 \
			access_us=10000001 spinup_ms=60001 \
			depth=0 depth=65537 \
			nice=-21 nice=20 nice=-2147483648; do
		refuses "$parameter"
	done
}

@test "a module parameter at its limit is accepted" {
	for parameters in 'drives=64 capacity_kib=1 nice=-20' \
			'access_us=0 spinup_ms=0 idle_ms=0 depth=1 nice=19' \
			'access_us=10000000 spinup_ms=60000 depth=65536' \
			'idle_ms=4294967295'; do
		read -ra words <<<"$parameters"
		reload "${words[@]}"
	done
}

@test "what is not a number refuses to load" {
	unload
	for parameter in drives=x drives=-1 depth= idle_ms=-1 nice=1.5 \
			capacity_kib=4294967296; do
		run -1 insmod "$MODDIR/ddt_drive.ko" "$parameter"
		run ! drive_is_loaded
	done
}

@test "every parameter has a description" {
	run -0 modinfo -p "$MODDIR/ddt_drive.ko"
	for parameter in drives capacity_kib access_us spinup_ms idle_ms depth \
			nice; do
		[[ $'\n'$output =~ $'\n'$parameter:[A-Z] ]]
	done
}

@test "unloading is refused while a drive is open, then works at once" {
	reload
	pid=$(info pid)
	exec 8</dev/ddt0
	run -1 rmmod ddt_drive
	[[ $output == *'in use'* ]]
	ddtctl info 0
	exec 8<&-
	rmmod ddt_drive
	gone "$pid"
	[ ! -e /dev/ddt0 ]
}

@test "unloading the library is refused while the driver uses it" {
	reload
	run -1 rmmod ddt
	[[ $output == *'in use by: ddt_drive'* ]]
	unload
	rmmod ddt
	insmod "$MODDIR/ddt.ko"
}

@test "unloading waits neither for what is queued nor for what is in service" {
	for _ in {1..20}; do
		reload_endless
		pid=$(info pid)
		ddtctl submit 0 spinup --count 64 >/dev/null
		timeout 20 rmmod ddt_drive
		gone "$pid"
		[ ! -e /dev/ddt0 ]
	done
}

@test "the driver can be unloaded while its threads start" {
	for _ in {1..20}; do
		reload drives=8
		timeout 20 rmmod ddt_drive
	done
}

@test "nothing is in the kernel log for a request, be it right or wrong" {
	reload_fast
	log_mark
	dd if=/dev/urandom of=/dev/ddt0 bs=4k count=100 status=none
	dd if=/dev/ddt0 of=/dev/null bs=4k status=none
	run -1 dd if=/dev/zero of=/dev/ddt0 bs=512 seek=2880 count=1
	ddtctl submit 0 verify 0 1M --count 10 --wait
	ddtctl submit 0 spinup
	run -1 ddtctl submit 0 verify 0 2M
	run -1 ddtctl cancel 0 1000
	run -1 ddtctl wait 0 1000
	run -1 ddtctl priority set 0 20
	ddtctl priority set 0 5
	ddtctl info 0
	ddtctl stats 0
	[ -z "$(log_since)" ]
}

@test "loading and unloading say nothing either" {
	unload
	log_mark
	reload drives=4
	unload
	[ -z "$(log_since)" ]
}
