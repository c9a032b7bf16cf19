#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# settings.bats - what can be set while a drive is used, and adding drives

load helpers

setup()
{
	reload_fast
}

teardown_file()
{
	reload
}

check()
{
	timeout 60 settings_check /dev/ddt0 "$1"
}

@test "the model takes the time that is set for access, seeks, transfers" {
	check model
}

@test "the motor is switched off after the time that was set meanwhile" {
	check idle
}

@test "without a medium ENOMEDIUM, protected EROFS, and it keeps its content" {
	check medium
}

@test "what is queued meets with the medium that there is when it is served" {
	check medium-queued
}

@test "faults that make no sense are refused, 64 can be added and found" {
	check fault-arguments
}

@test "a range that fails does so as often as it should, and alone" {
	check fault-error
}

@test "a fault that takes time takes it until it is removed" {
	check fault-delay
}

@test "what hangs ends when it is cancelled or the fault removed" {
	check fault-hang
}

@test "the histograms count what was served" {
	check times
}

@test "WAIT for any gives those of this file, the first to finish first" {
	check wait-any
}

@test "the file of events says whether there is a free slot" {
	reload_fast depth=3
	check slots
}

@test "the file of events can be polled, the drive cannot, and hangs up with it" {
	check events
}

@test "a file that does not collect its results cannot submit more" {
	check uncollected
}

@test "drives are added and removed, also while they are open" {
	check add
}

@test "drives that make no sense are not added" {
	check add-arguments
}

@test "a file that is open for reading changes nothing for others" {
	check read-only
	check read-only-requests
}

@test "a negative nice value for a new drive needs CAP_SYS_NICE" {
	cd "$BATS_TEST_TMPDIR"
	cat >add.py <<-'END'
		import fcntl, struct, sys
		arg = bytearray(struct.pack("=5Ii32x", 56, 1, 1, 0, 0, -1))
		with open("/dev/ddt-control", "r+b", buffering=0) as control:
		    fcntl.ioctl(control, 0xDD60, arg)
	END
	run -1 without_capability sys_nice python3 add.py
	[[ $output == *PermissionError* ]]
	[ ! -e /dev/ddt1 ]
	python3 add.py
	[ -c /dev/ddt1 ]
}

# attribute NAME - one value in sysfs
attribute()
{
	cat "/sys/class/misc/ddt0/$1"
}

@test "sysfs has what the ioctls say" {
	reload access_us=7 seek_us=8 rate_kib_s=9 spinup_ms=10 idle_ms=11 \
		depth=12 nice=3
	[ "$(attribute access_us)" = 7 ]
	[ "$(attribute seek_us)" = 8 ]
	[ "$(attribute rate_kib_s)" = 9 ]
	[ "$(attribute spinup_ms)" = 10 ]
	[ "$(attribute idle_ms)" = 11 ]
	[ "$(attribute depth)" = 12 ]
	[ "$(attribute nice)" = 3 ]
	[ "$(attribute capacity)" = 1474560 ]
	[ "$(attribute queued)" = 0 ]
	[ "$(attribute medium)" = 1 ]
	[ "$(attribute motor_on)" = 0 ]
	[ "$(attribute write_protected)" = 0 ]
}

@test "each attribute in sysfs is documented, and no other" {
	cd /sys/class/misc/ddt0
	printf '%s\n' * | grep -vx 'dev\|power\|subsystem\|uevent' |
		sort >"$BATS_TEST_TMPDIR/there"
	sed -n 's|^What:.*/ddtN/||p' \
		"$BATS_TEST_DIRNAME/../../../docs/ABI/sysfs-class-misc-ddt" |
		sort >"$BATS_TEST_TMPDIR/documented"
	diff "$BATS_TEST_TMPDIR/there" "$BATS_TEST_TMPDIR/documented"
}

@test "debugfs shows what is in service and what is queued" {
	local queue=/sys/kernel/debug/ddt_drive/ddt0/queue

	reload_endless
	endless=$(start_endless)
	ddtctl submit 0 spindown --wait 3>&- &
	eventually stats_is queued 1
	grep -q '^service *1 spinup ' $queue
	grep -q "^queued *2 spindown *0 *0 *$!$" $queue
	grep -q '^queued 1 of 128, at most 1$' $queue
	ddtctl cancel 0 "$endless"
	[ "$(wc -l </sys/kernel/debug/ddt_drive/ddt0/faults)" = 1 ]
	rmmod ddt_drive
	[ ! -e /sys/kernel/debug/ddt_drive ]
}

@test "the nodes are for root only" {
	[ "$(stat -c %a /dev/ddt0 /dev/ddt-control | uniq)" = 600 ]
}
