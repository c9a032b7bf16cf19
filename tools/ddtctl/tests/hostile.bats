#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# hostile.bats - what a member of the drive's group may do to others, and may not.
# SECURITY.md has the table.

load helpers

# As tools/udev/60-ddt.rules has it, with a group of which only these tests know.
group=65000

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

teardown_file()
{
	reload
}

# reload_shared [PARAMETER=VALUE...] - with a drive for the group
reload_shared()
{
	reload idle_ms=0 "$@"
	chgrp "$group" /dev/ddt0
	chmod 660 /dev/ddt0
}

member=(setpriv --reuid 65001 --regid "$group" --clear-groups)

# as_member COMMAND... - without privileges, but in the group
as_member()
{
	"${member[@]}" "$@"
}

# as_other COMMAND... - nor in the group
as_other()
{
	setpriv --reuid 65003 --regid 65003 --clear-groups "$@"
}

check()
{
	timeout 120 hostile_check /dev/ddt0 "$1"
}

@test "what is not in the group neither opens a drive nor adds one" {
	reload_shared
	run -1 as_other ddtctl info 0
	[ "$output" = 'ddtctl: /dev/ddt0: permission denied: run it with sudo' ]
	run -1 as_other ddtctl add
	[ "$output" = 'ddtctl: /dev/ddt-control: permission denied: run it with sudo' ]
}

@test "a member reads, writes, ejects and inserts the medium" {
	reload_shared access_us=0 spinup_ms=0
	as_member sh -c 'echo hello >/dev/ddt0'
	[ "$(as_member head -c 5 /dev/ddt0)" = hello ]
	as_member ddtctl submit 0 erase 0 5 --wait
	as_member ddtctl eject 0
	run -1 as_member dd if=/dev/ddt0 count=1 status=none
	as_member ddtctl insert 0
	as_member dd if=/dev/ddt0 of=/dev/null count=1 status=none
}

@test "a member changes neither priority, model nor faults, adds no drive" {
	reload_shared
	check settings
	for command in 'priority set 0 -1' 'priority set 0 1' \
			'model set 0 access_us=1' 'fault add 0 hang' \
			'fault remove 0 all' add 'remove 0'; do
		read -ra words <<<"$command"
		run -1 as_member ddtctl "${words[@]}"
		[[ $output == *sudo ]]
	done
	[ "$(ddtctl priority 0)" = 0 ]
}

@test "a member that reads with 200 threads does not keep another out" {
	reload_shared access_us=1000 spinup_ms=0
	check threads
}

@test "nor one that opens the drive 200 times" {
	reload_shared access_us=1000 spinup_ms=0 depth=64
	check files
}

@test "nor one with all asynchronous reads that are accepted" {
	reload_shared access_us=1000 spinup_ms=0 depth=16
	check aio
}

@test "nor one with detached requests" {
	reload_shared access_us=1000 spinup_ms=0
	check detached
}

@test "a member that is killed leaves no request, and no submitter that waits" {
	reload_shared access_us=0 spinup_ms=0
	check killed
	rmmod ddt_drive
}

@test "all that wait for their share are told when the drive is removed" {
	reload_shared access_us=0 spinup_ms=0
	check removed
}

@test "a member has no part in the requests and results of another" {
	reload_shared access_us=0 spinup_ms=0
	check requests
}

@test "nor does it push them out with its own" {
	reload_shared access_us=0 spinup_ms=0
	check results
}

@test "a read that fails, at once or in part, leaves the memory behind it alone" {
	reload_shared access_us=0 spinup_ms=0
	check short-reads
}

@test "a new drive has nothing of the one that had its number" {
	reload_shared access_us=0 spinup_ms=0
	tr '\0' x </dev/zero | dd of=/dev/ddt0 bs=64k status=none || true
	ddtctl remove 0
	ddtctl add --index 0
	cmp -n 1474560 /dev/ddt0 /dev/zero
}

# available - KiB of memory
available()
{
	sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

is_available()
{
	[ "$(available)" -ge "$1" ]
}

@test "a removed drive that is still open has given back its medium" {
	reload_shared
	ddtctl add --index 1 --capacity 64M
	exec 8</dev/ddt1
	before=$(available)
	ddtctl remove 1
	eventually is_available $((before + 48 * 1024))
	exec 8<&-
}

@test "debugfs, tracefs and /dev/ddt-control are closed to a member" {
	reload_shared
	local files=(/sys/kernel/debug/ddt_drive/ddt0/{queue,faults}
		/sys/kernel/tracing/events/ddt/enable /dev/ddt-control)

	for file in "${files[@]}"; do
		[ -e "$file" ]
	done
	# shellcheck disable=SC2016 # for the member's shell
	as_member sh -c 'for file; do
		! [ -r "$file" ] && ! [ -w "$file" ] || exit 1
	done' sh "${files[@]}"
	# In sysfs there is nothing that can be written.
	run -0 as_member find /sys/class/misc/ddt0/ -maxdepth 1 -type f -writable
	[ -z "$output" ]
}

@test "10,000 calls of a member that are wrong leave nothing in the log" {
	reload_shared access_us=0 spinup_ms=0
	log_mark
	check wrong-calls
	[ -z "$(log_since)" ]
}

@test "a member keeps the module from unloading until it is killed, and is named" {
	reload_shared
	"${member[@]}" sleep 100 </dev/ddt0 3>&- &
	holder=$!
	eventually grep -q sleep "/proc/$holder/comm"
	run -1 rmmod ddt_drive
	[[ $output == *'in use'* ]]
	run -0 ddtctl doctor
	[[ $output == *"/dev/ddt0 is open in sleep, process $holder: "*"sudo kill $holder"* ]]
	kill "$holder"
	eventually ended "$holder"
	rmmod ddt_drive
}
