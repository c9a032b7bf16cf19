#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016 # what tmux runs expands it
# top.bats - the command top: its screen in tmux, and its JSON

load helpers

teardown()
{
	tmux -L ddt kill-server 2>/dev/null || true
}

teardown_file()
{
	reload
}

# start_top COLUMNS LINES [ARGUMENT...] - on a terminal of that size
start_top()
{
	local columns=$1 lines=$2

	shift 2
	TERM=xterm tmux -L ddt -f /dev/null new-session -d \
		-x "$columns" -y "$lines" \
		"ddtctl top --interval 0.2 $*; echo status \$?; sleep 1000"
}

screen()
{
	tmux -L ddt capture-pane -p
}

# shows PATTERN - a line of the screen, as an extended regular expression
shows()
{
	screen | grep -Eq -- "$1"
}

press()
{
	tmux -L ddt send-keys "$@"
}

@test "each drive has a line, with its thread and an empty queue" {
	reload drives=2 nice=3
	start_top 80 24
	eventually shows '^ddtctl top: 2 drives, every 0.2 s$'
	eventually shows "^ddt1 +$(info pid 1) +3 I \[ +\] +0 +0.0 +0.0 +0.0 +- +- +- +-$"
	shows "^ddt0 +$(info pid 0) +3 I "
	shows '^NAME +PID +NI S QUEUE +REQ/S WAKE/S +CPU% +q p50 +q p99 +s p50 +s p99$'
}

@test "a full queue is a full bar, and a half one half of it" {
	reload_endless depth=8
	start_endless
	ddtctl submit 0 verify 0 512 --count 4
	start_top 97 10
	eventually shows '^ddt0 .* \[##########          \] +4 '
	ddtctl submit 0 verify 0 512 --count 4
	eventually shows '^ddt0 .* \[####################\] +8 '
}

@test "work shows as requests per second and as times in service" {
	reload_fast
	ddtctl model set 0 access_us=20000
	start_top 100 10
	# for a minute
	dd if=/dev/ddt0 of=/dev/null bs=512 status=none &
	# each takes 20 ms, on a slow machine more
	eventually shows '^ddt0 .* [1-9][0-9]*\.[0-9] +[1-9][0-9]*\.[0-9] .* [0-9.]+[um]?s +[0-9.]+[um]?s +[1-9][0-9]+(\.[0-9]+)?ms'
	kill $!
}

@test "q quits and leaves a terminal that works" {
	reload
	start_top 80 24
	eventually shows '^ddt0 '
	press q
	eventually shows '^status 0$'
}

@test "+ and - change the interval, p pauses, h explains" {
	reload
	start_top 80 24
	eventually shows 'every 0.2 s$'
	press +
	eventually shows 'every 0.4 s$'
	press -
	eventually shows 'every 0.2 s$'
	press -
	press -
	press x
	eventually shows 'every 0.1 s$'
	press p
	eventually shows ', paused$'
	press p
	eventually shows 'every 0.1 s$'
	press h
	eventually shows 'q +quit$'
	[ "$(screen | grep -c '^ddt0')" = 0 ]
	press h
	eventually shows '^ddt0 '
}

@test "while it is paused nothing changes" {
	reload_endless
	start_top 80 24
	eventually shows '^ddt0 .*\] +0 '
	press p
	eventually shows ', paused$'
	start_endless
	ddtctl submit 0 verify 0 512 --count 3
	sleep 0.5
	shows '^ddt0 .*\] +0 '
	press p
	eventually shows '^ddt0 .*\] +3 '
}

@test "it fits a terminal that is resized" {
	reload drives=12
	start_top 100 24
	eventually shows '^ddt11 '
	tmux -L ddt resize-window -x 80 -y 10
	eventually shows 'and [0-9]+ more drives: make the terminal higher'
	[ "$(screen | grep -c '^ddt')" = 7 ]
	tmux -L ddt resize-window -x 40 -y 3
	sleep 0.5
	tmux -L ddt resize-window -x 120 -y 30
	eventually shows '^ddt11 '
	screen | awk 'length > 120 { exit 1 }'
}

@test "a drive that is added appears, one that is removed disappears" {
	reload
	start_top 80 24
	eventually shows '1 drive,'
	ddtctl add --index 9
	eventually shows '^ddt9 '
	ddtctl remove 9
	eventually shows '1 drive,'
	run ! shows '^ddt9 '
	ddtctl remove 0
	eventually shows '^there are no drives'
	ddtctl add
	eventually shows '^ddt0 '
}

@test "--count ends it" {
	reload
	start_top 80 24 --count 2
	eventually shows '^status 0$'
}

@test "--json prints an object for each sample" {
	reload_fast drives=2 nice=2
	ddtctl model set 1 access_us=20000
	# for a minute
	dd if=/dev/ddt1 of=/dev/null bs=512 status=none &
	run -0 ddtctl top --json --count 2 --interval 0.5
	kill $! || true
	jq -es 'length == 2 and all(.interval_ns >= 500000000 and
		([.drives[].name] == ["ddt0", "ddt1"]) and
		(.drives[0] | .requests_per_s == 0 and .nice == 2 and
			.queued_median_ns == null and .depth == 128 and
			.state == "I") and
		(.drives[1] | .requests_per_s > 1 and .wakeups_per_s > 1 and
			.cpu_percent <= 101 and .service_median_ns > 500000 and
			.service_p99_ns >= .service_median_ns and
			.queued_p99_ns >= .queued_median_ns))' <<<"$output"
}

@test "the JSON of no drives is empty, and a closed pipe ends it" {
	unload
	run -0 ddtctl top --json --count 1 --interval 0.1
	jq -e '.drives == []' <<<"$output"
	timeout 20 bash -c 'ddtctl top --json --interval 0.1 | head -n 1'
	reload
}

@test "without a terminal it says what to do" {
	run -1 ddtctl top
	[ "$output" = 'ddtctl: top needs a terminal; or use --json --count N' ]
	TERM=xterm tmux -L ddt -f /dev/null new-session -d -x 80 -y 24 \
		'TERM=nonexistent ddtctl top; echo status $?; sleep 1000'
	eventually shows '^status 1$'
	shows 'the terminal cannot be used'
}
