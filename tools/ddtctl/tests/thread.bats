#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# thread.bats - the drive's thread and its motor

load helpers

teardown_file()
{
	reload
}

# The context switches of process $pid, as the kernel has them
switches()
{
	local name value sum=0

	while IFS=$':\t' read -r name value; do
		[[ $name != *ctxt_switches ]] || sum=$((sum + value))
	done <"/proc/$pid/status"
	echo "$sum"
}

# usage OUTPUT - of stats --json: what the thread used
usage()
{
	echo "$(member thread_switches "$1") $(member thread_runtime_ns "$1")"
}

# The thread with $pid has gone to sleep: it waits, and twice the usage is the same.
usage_settled()
{
	local before

	[ "$(process_stat "$pid" 3)" = I ]
	before=$(usage "$(ddtctl stats 0 --json)")
	[ "$(usage "$(ddtctl stats 0 --json)")" = "$before" ]
}

@test "each drive has a thread of its own with the drive's name" {
	reload drives=3
	pids=()
	for index in 0 1 2; do
		pids[index]=$(info pid "$index")
		[ "$(<"/proc/${pids[index]}/comm")" = "ddt$index" ]
		# A thread of the kernel: it has no program.
		[ -z "$(tr -d '\0' <"/proc/${pids[index]}/cmdline")" ]
	done
	[ "${pids[0]}" != "${pids[1]}" ]
	[ "${pids[1]}" != "${pids[2]}" ]
	[ "${pids[2]}" != "${pids[0]}" ]
}

@test "the thread uses no CPU time in an idle second, before and after work" {
	reload_fast
	pid=$(info pid)
	for count in 0 10; do
		dd if=/dev/ddt0 of=/dev/null bs=512 count=$count status=none
		eventually usage_settled
		before=$(usage "$(ddtctl stats 0 --json)")
		kernel_before=$(switches)
		sleep 1
		[ "$(usage "$(ddtctl stats 0 --json)")" = "$before" ]
		[ "$(switches)" = "$kernel_before" ]
	done
	# The motor still runs: nothing was left to be done for it.
	info_is motor_on true
}

@test "its switches are those that the kernel counts, and grow with work" {
	reload_fast
	pid=$(info pid)
	eventually usage_settled
	before=$(switches)
	[ "$(stats thread_switches)" = "$before" ]
	dd if=/dev/ddt0 of=/dev/null bs=512 count=10 status=none
	eventually usage_settled
	(($(switches) > before))
	[ "$(stats thread_switches)" = "$(switches)" ]
}

@test "a waiting thread neither adds to the load nor can be reported as hung" {
	reload_fast
	pid=$(info pid)
	eventually usage_settled
	[ "$(process_stat "$pid" 3)" = I ]
}

@test "what is queued while the thread works does not wake it once more" {
	reload_endless
	endless=$(start_endless)
	ddtctl submit 0 spindown --count 100
	ddtctl cancel 0 "$endless"
	eventually stats_is completed 101
	stats_is wakeups 1
}

@test "the motor starts with the first request and stops when idle" {
	reload access_us=0 spinup_ms=100 idle_ms=1000
	info_is motor_on false

	before=$(date +%s%N)
	for spinups in 1 2; do
		dd if=/dev/ddt0 of=/dev/null bs=512 count=1 status=none
		(($(date +%s%N) - before >= 100000000))
		eventually info_is motor_on false
		(($(date +%s%N) - before >= 1100000000))
		stats_is spinups $spinups
		before=$(date +%s%N)
	done
}

@test "the motor runs on while there is work" {
	reload access_us=100000 spinup_ms=0 idle_ms=1000
	ddtctl submit 0 verify 0 512 --count 15 --wait
	stats_is spinups 1
}

@test "a stopped motor is started for the next request, and by spinup" {
	reload_fast
	for _ in 1 2; do
		ddtctl submit 0 spinup --wait
		stats_is spinups 1
	done
	for _ in 1 2; do
		ddtctl submit 0 spindown --wait
		info_is motor_on false
	done
	ddtctl submit 0 verify 0 512 --wait
	info_is motor_on true
	stats_is spinups 2
}

@test "access_us is what each request takes" {
	reload_fast access_us=100000
	before=$(date +%s%N)
	dd if=/dev/ddt0 of=/dev/null bs=512 count=3 status=none
	(($(date +%s%N) - before >= 300000000))
}
