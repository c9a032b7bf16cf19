#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# ioctl.bats - the ioctls, called by ioctl_check: nothing of ddtctl in between

load helpers

setup()
{
	reload_endless
}

teardown_file()
{
	reload
}

check()
{
	timeout 60 ioctl_check /dev/ddt0 "$1"
}

@test "sizes too small give EINVAL, too large E2BIG, and change nothing" {
	check sizes
}

@test "a larger structure is accepted if its unknown members are zeros" {
	check larger
}

@test "a size that is changed during the call is stored nowhere" {
	check flipped-size
}

@test "unknown ioctls give ENOTTY and change nothing" {
	check unknown
}

@test "INFO fills in all of its structure" {
	check info
}

@test "STATS fills in all of its structure" {
	check stats
}

@test "a nice value out of range gives ERANGE, all others can be set" {
	check priority
}

@test "unknown flags of a request give EINVAL" {
	check submit-flags
}

@test "unknown operations, and ranges where none belongs, give EINVAL" {
	check submit-op
}

@test "a range that does not lie within the medium gives ENOSPC" {
	check submit-range
}

@test "every request has an id of its own, and nothing else is filled in" {
	check submit-id
}

@test "WAIT refuses unknown flags and ids, fills in all, collects once" {
	check wait
}

@test "WAIT ends at its deadline and not before" {
	check deadline
}

@test "CANCEL refuses unknown and finished requests" {
	check cancel
}

@test "closing a file cancels its requests and no others" {
	check files
}

@test "the requests of a file live until its last descriptor is closed" {
	check descriptors
}

@test "requests are completed in the order of submission" {
	check order
}

@test "a full queue gives EAGAIN and a cancelled request makes room" {
	check full
}

@test "bad addresses give EFAULT and change nothing" {
	check addresses
}

@test "memory that cannot be written gives EFAULT and loses no result" {
	check read-only-memory
}

@test "a signal ends WAIT, and a restarted WAIT keeps its deadline" {
	check interrupt
}

@test "of many that wait for one result, one gets it" {
	check collect-once
}

@test "seeking knows the end of the medium" {
	check seek
}

@test "reads at the end give nothing, writes ENOSPC, wrong offsets EINVAL" {
	check end
}
