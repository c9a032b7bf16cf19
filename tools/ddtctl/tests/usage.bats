#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# usage.bats - the command line of ddtctl, without a drive
# bats file_tags=host

load helpers

commands=(list info priority 'priority get' 'priority set' submit wait cancel
	stats flush model 'model get' 'model set' fault 'fault add' 'fault list'
	'fault remove' eject insert add remove top timeline doctor
	help)

# refused ARGUMENT... - is a usage error, which is kept in $message
refused()
{
	local status=0 out

	out=$(ddtctl "$@" 2>"$BATS_TEST_TMPDIR/message") || status=$?
	message=$(<"$BATS_TEST_TMPDIR/message")
	if [ "$status" != 2 ] || [ -n "$out" ] ||
			[[ $message != *$'\nusage: ddtctl'* ]]; then
		echo "ddtctl $*: status $status, $out, $message" >&2
		return 1
	fi
}

@test "help names every command" {
	help=$(ddtctl help 2>&1)
	for command in "${commands[@]}"; do
		[[ $command == @(priority|model|fault) ]] ||
			[[ $help == *$'\n'"  $command "* ]]
	done
}

@test "help, --help and -h print the same, wherever they stand" {
	help=$(ddtctl help)
	[ "$(ddtctl --help)" = "$help" ]
	[ "$(ddtctl -h)" = "$help" ]

	help=$(ddtctl help priority set)
	[ "$(ddtctl priority set --help)" = "$help" ]
	[ "$(ddtctl --help priority set)" = "$help" ]
	[ "$(ddtctl priority set 0 5 -h)" = "$help" ]
}

@test "every command has a help text with its usage, for 80 columns" {
	for command in '' "${commands[@]}"; do
		read -ra words <<<"$command"
		readarray -t help < <(ddtctl help "${words[@]}")
		[[ ${help[0]} == "usage: ddtctl${command:+ }$command"* ]]
		for line in "${help[@]}"; do
			[ "${#line}" -le 80 ]
		done
	done
}

@test "--version prints the version" {
	[[ $(ddtctl --version) =~ ^ddtctl\ [0-9.]+$ ]]
}

@test "unknown commands and options are usage errors" {
	refused frobnicate
	[[ $message == *$'\nSee ddtctl help' ]]
	refused frobnicate --help
	refused help frobnicate
	refused info --frobnicate 0
	refused -x
	refused --jso
}

@test "an option that the command does not have is a usage error" {
	refused info --count 2 0
	refused wait --wait 0 1
	refused submit --timeout 1 0 spinup
	refused info --version 0
}

@test "missing and extra arguments are usage errors" {
	refused info
	refused stats
	refused priority
	refused priority get
	refused priority set 0
	[[ $message == *$'\nSee ddtctl help priority set' ]]
	refused submit 0
	refused wait 0
	refused cancel 0
	refused list 0
	refused info 0 1
	refused stats 0 1
	refused priority 0 1
	refused priority get 0 1
	refused priority set 0 1 2
	refused submit 0 verify 0 512 512
	refused help priority set 0
}

@test "an option with a wrong, missing or superfluous argument is a usage error" {
	refused submit --count 0 0 spinup
	refused submit --count -1 0 spinup
	refused submit --count x 0 spinup
	refused submit --count 4294967296 0 spinup
	refused submit 0 spinup --count
	refused wait --timeout x 0 1
	refused wait --timeout -1 0 1
	refused wait --timeout . 0 1
	refused wait --timeout 1.2.3 0 1
	refused wait --timeout '' 0 1
	refused wait --timeout= 0 1
	refused wait --timeout nan 0 1
	refused wait 0 1 --timeout
	refused info --json=yes 0
}

@test "what is not the name of a drive is a usage error" {
	for name in '' x ddt ddtx ddt0x 0x0 -1 ddt-1 1e0 ' 0' 12345678901; do
		refused info "$name"
	done
}

@test "what is not a number is a usage error" {
	for nice in x '' 1x 1.5 0x 0x0x5 - 2147483648 -99999999999; do
		refused priority set 0 "$nice"
	done
	for id in x '' 1x -1 +1 4294967296; do
		refused wait 0 "$id"
	done
	refused cancel 0 1 x
	for bytes in x '' 1q 1kk 1kB 1.5k -1 +1 0x k 0x0x1 ' 1' '1 ' \
			18446744073709551616 0x10000000000000000 \
			18014398509481984k 17592186044416M 17179869184G; do
		refused submit 0 verify "$bytes" 512
	done
	refused submit 0 verify 0 x
}

@test "wrong arguments of the commands that set things are usage errors" {
	refused model
	refused model set 0
	for assignment in x access_us access_us= access_us=x access_us=-1 \
			access=1 access_usx=1 =1 access_us=4294967296; do
		refused model set 0 "$assignment"
	done
	refused fault
	refused fault frobnicate
	refused fault add 0
	refused fault add 0 frobnicate
	refused fault add 0 error 0
	refused fault add 0 error 0 0
	refused fault add 0 error x 1
	refused fault add 0 delay
	refused fault add 0 delay --delay 0
	refused fault add 0 delay --delay 3600001
	refused fault add 0 hang --delay 5
	refused fault add 0 error --times 0
	for ops in '' x 'read,' read,x readwrite; do
		refused fault add 0 error --ops "$ops"
	done
	refused fault remove 0
	refused fault remove 0 0
	refused fault remove 0 x
	refused insert 0 1
	refused eject
	refused flush
	refused add 0
	refused add --index x
	refused add --capacity 0
	refused add --capacity 1000
	refused add --depth 0
	refused add --nice x
	refused remove
	for interval in 0 0.01 61 x -1 ''; do
		refused top --interval "$interval"
	done
	refused top --count 0
	refused top 0
}

@test "wrong operations and ranges are usage errors" {
	refused submit 0 frobnicate
	refused submit 0 ''
	refused submit 0 spinup 0 512
	refused submit 0 spindown 0
	refused submit 0 verify
	refused submit 0 verify 0
	refused submit 0 erase
	refused submit 0 erase 0
}

@test "output that cannot be written is a failure" {
	run -1 bash -c 'ddtctl help >/dev/full'
	[[ $output == *'No space left on device' ]]
	run -1 bash -c 'ddtctl help >&-'
	run -1 bash -c 'ddtctl --version >/dev/full'
}

@test "a closed pipe is a failure, without a message" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 8<>"$BATS_TEST_TMPDIR/pipe"
	exec 9>"$BATS_TEST_TMPDIR/pipe"
	exec 8>&-
	run -1 bash -c 'ddtctl help >&9'
	exec 9>&-
	[ -z "$output" ]
}
