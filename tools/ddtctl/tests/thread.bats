#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# thread.bats - the drive's thread and its motor

load helpers

setup()
{
	reload access_us=0 spinup_ms=0 idle_ms=0
	pid=$(info pid)
}

teardown_file()
{
	reload
}

# The kernel's own figures, which do not come through the driver.
switches()
{
	sed -n 's/.*ctxt_switches:[[:space:]]*//p' "/proc/$pid/status" |
		awk '{ sum += $1 } END { print sum }'
}

usage()
{
	echo "$(stats thread_switches) $(stats thread_runtime_ns)"
}

# The thread has gone to sleep: twice the same.
usage_settled()
{
	local before

	before=$(usage)
	[ "$(usage)" = "$before" ]
}

@test "each drive has a thread of its own with the drive's name" {
	reload drives=3
	pids=()
	for index in 0 1 2; do
		pids[index]=$(info pid "$index")
		[ "$(cat "/proc/${pids[index]}/comm")" = "ddt$index" ]
		# A thread of the kernel: it has no program.
		run -1 readlink "/proc/${pids[index]}/exe"
	done
	[ "$(printf '%s\n' "${pids[@]}" | sort -u | wc -l)" = 3 ]
}

@test "the thread uses no CPU time in an idle second" {
	dd if=/dev/ddt0 of=/dev/null bs=512 count=10 status=none
	eventually usage_settled
	before=$(usage)
	kernel_before=$(switches)
	sleep 1
	[ "$(usage)" = "$before" ]
	[ "$(switches)" = "$kernel_before" ]
}

@test "the thread uses no CPU time before its first request" {
	eventually usage_settled
	before=$(usage)
	sleep 1
	[ "$(usage)" = "$before" ]
}

@test "work makes its switches and run time grow" {
	before=$(stats thread_switches)
	runtime_before=$(stats thread_runtime_ns)
	dd if=/dev/ddt0 of=/dev/null bs=64k status=none
	(($(stats thread_switches) > before))
	(($(stats thread_runtime_ns) > runtime_before))
}

@test "the switches are those that the kernel counts" {
	dd if=/dev/ddt0 of=/dev/null bs=512 count=10 status=none
	eventually usage_settled
	[ "$(stats thread_switches)" = "$(switches)" ]
}

@test "a waiting thread neither adds to the load nor can be reported as hung" {
	eventually usage_settled
	[ "$(cut -d ' ' -f 3 "/proc/$pid/stat")" = I ]
}

@test "a burst of requests wakes the thread less often than once for each" {
	reload spinup_ms=0 access_us=1000
	ddtctl submit 0 verify 0 512 --count 100 --wait >/dev/null
	stats_is submitted 100
	(($(stats wakeups) < 50))
}

@test "the motor starts with the first request and stops when idle" {
	reload access_us=0 spinup_ms=100 idle_ms=500
	info_is motor_on false

	before=$(date +%s%N)
	dd if=/dev/ddt0 of=/dev/null bs=512 count=1 status=none
	(($(date +%s%N) - before >= 100000000))
	info_is motor_on true
	stats_is spinups 1

	eventually info_is motor_on false
	(($(date +%s%N) - before >= 600000000))
	stats_is spinups 1

	dd if=/dev/ddt0 of=/dev/null bs=512 count=1 status=none
	info_is motor_on true
	stats_is spinups 2
}

@test "the motor runs on while there is work" {
	reload access_us=0 spinup_ms=0 idle_ms=5000
	for _ in {1..10}; do
		ddtctl submit 0 verify 0 512 --wait >/dev/null
	done
	info_is motor_on true
	stats_is spinups 1
}

@test "idle_ms=0: the motor is never switched off by itself" {
	dd if=/dev/ddt0 of=/dev/null bs=512 count=1 status=none
	eventually usage_settled
	info_is motor_on true
	# The thread waits without a timeout: it will not run to switch it off.
	before=$(usage)
	sleep 1
	[ "$(usage)" = "$before" ]
	info_is motor_on true
}

@test "a stopped motor is started for the next request, and by spinup" {
	ddtctl submit 0 spinup --wait
	ddtctl submit 0 spinup --wait
	stats_is spinups 1
	ddtctl submit 0 spindown --wait
	ddtctl submit 0 spindown --wait
	info_is motor_on false
	ddtctl submit 0 verify 0 512 --wait
	info_is motor_on true
	stats_is spinups 2
}

@test "access_us is what each request takes" {
	reload access_us=100000 spinup_ms=0
	before=$(date +%s%N)
	dd if=/dev/ddt0 of=/dev/null bs=512 count=3 status=none
	(($(date +%s%N) - before >= 300000000))
}
