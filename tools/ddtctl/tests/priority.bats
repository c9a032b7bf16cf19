#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # stderr is set by run
# priority.bats - the base priority of a drive's thread

load helpers

setup()
{
	reload
	pid=$(info pid)
}

teardown_file()
{
	reload
}

@test "the thread gets the nice value of the module parameter" {
	for nice in -20 -1 0 1 19; do
		reload nice=$nice
		[ "$(ddtctl priority get 0)" = "$nice" ]
		[ "$(nice_of "$(info pid)")" = "$nice" ]
	done
}

@test "every nice value can be set, and the kernel has it at once" {
	for nice in {-20..19}; do
		run -0 ddtctl priority set 0 "$nice"
		[ -z "$output" ]
		[ "$(nice_of "$pid")" = "$nice" ]
		[ "$(ddtctl priority get 0)" = "$nice" ]
		info_is nice "$nice"
	done
}

@test "priority without get or set is get" {
	ddtctl priority set 0 7
	[ "$(ddtctl priority 0)" = 7 ]
}

@test "a nice value can be written with a sign or in hexadecimal" {
	ddtctl priority set 0 +5
	[ "$(ddtctl priority 0)" = 5 ]
	ddtctl priority set 0 -0x5
	[ "$(ddtctl priority 0)" = -5 ]
	ddtctl priority set 0 -- -6
	[ "$(ddtctl priority 0)" = -6 ]
}

@test "get and set print JSON" {
	run -0 ddtctl priority set 0 -3 --json
	jq -e '. == {name: "ddt0", nice: -3}' <<<"$output"
	run -0 ddtctl priority get 0 --json
	jq -e '. == {name: "ddt0", nice: -3}' <<<"$output"
}

@test "a nice value out of range is refused and changes nothing" {
	ddtctl priority set 0 4
	for nice in -21 20 -2147483647 2147483647; do
		run -1 --separate-stderr ddtctl priority set 0 "$nice"
		[[ $stderr == "ddtctl: /dev/ddt0: $nice is out of range: "*'-20 to 19' ]]
		[ "$(nice_of "$pid")" = 4 ]
	done
}

@test "lowering the nice value needs CAP_SYS_NICE, raising it does not" {
	ddtctl priority set 0 4
	run -1 --separate-stderr without_capability sys_nice \
		ddtctl priority set 0 3
	[ "$stderr" = "ddtctl: /dev/ddt0: lowering the nice value needs CAP_SYS_NICE: run it with sudo" ]
	[ "$(nice_of "$pid")" = 4 ]

	without_capability sys_nice ddtctl priority set 0 4
	without_capability sys_nice ddtctl priority set 0 6
	[ "$(nice_of "$pid")" = 6 ]
}

@test "each drive has a priority of its own" {
	reload drives=2
	ddtctl priority set 1 9
	[ "$(ddtctl priority 0)" = 0 ]
	[ "$(ddtctl priority 1)" = 9 ]
}
