#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# priority.bats - the base priority of a drive's thread

load helpers

teardown_file()
{
	reload
}

@test "the thread gets the nice value of the module parameter" {
	for nice in -20 0 19; do
		reload nice=$nice
		run -0 ddtctl info 0 --json
		[ "$(member nice "$output")" = "$nice" ]
		[ "$(nice_of "$(member pid "$output")")" = "$nice" ]
	done
}

@test "what is set the kernel has at once, and get prints it" {
	reload
	pid=$(info pid)
	for nice in -20 -1 0 1 19; do
		run -0 ddtctl priority set 0 "$nice"
		[ -z "$output" ]
		[ "$(nice_of "$pid")" = "$nice" ]
		[ "$(ddtctl priority get 0)" = "$nice" ]
		[ "$(ddtctl priority 0)" = "$nice" ]
		info_is nice "$nice"
	done
}

@test "a nice value can be written with a sign or in hexadecimal" {
	reload
	ddtctl priority set 0 +5
	[ "$(ddtctl priority 0)" = 5 ]
	ddtctl priority set 0 -0x6
	[ "$(ddtctl priority 0)" = -6 ]
	ddtctl priority set 0 -- -7
	[ "$(ddtctl priority 0)" = -7 ]
}

@test "get and set print JSON" {
	reload
	run -0 ddtctl priority set 0 -3 --json
	jq -e '. == {name: "ddt0", nice: -3}' <<<"$output"
	[ "$(ddtctl priority get 0 --json)" = "$output" ]
}

@test "a nice value out of range is refused and changes nothing" {
	reload nice=4
	pid=$(info pid)
	for nice in -21 20 -2147483647 2147483647; do
		run -1 ddtctl priority set 0 "$nice"
		[ "$output" = "ddtctl: /dev/ddt0: $nice is out of range: a nice value is from -20 to 19" ]
		[ "$(nice_of "$pid")" = 4 ]
	done
}

@test "setting the nice value needs CAP_SYS_NICE, and no other capability" {
	reload nice=4
	pid=$(info pid)
	for nice in 3 4 6; do
		run -1 without_capability sys_nice ddtctl priority set 0 $nice
		[ "$output" = "ddtctl: /dev/ddt0: setting the nice value needs CAP_SYS_NICE: run it with sudo" ]
		[ "$(nice_of "$pid")" = 4 ]
	done
	without_capability sys_nice ddtctl priority 0
	without_capability sys_admin ddtctl priority set 0 3
	[ "$(nice_of "$pid")" = 3 ]
}

@test "each drive has a priority of its own" {
	reload drives=2
	ddtctl priority set 1 9
	[ "$(ddtctl priority 0)" = 0 ]
	[ "$(ddtctl priority 1)" = 9 ]
}
