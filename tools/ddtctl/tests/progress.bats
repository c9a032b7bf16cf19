#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# progress.bats - what takes long says so on a terminal, and nowhere else

load helpers

teardown()
{
	tmux -L ddt kill-server 2>/dev/null || true
}

teardown_file()
{
	reload
}

# on_terminal COMMAND - run it in tmux
on_terminal()
{
	TERM=xterm tmux -L ddt -f /dev/null new-session -d -x 80 -y 10 \
		"$1; echo \"status \$?\"; sleep 1000"
}

# shows PATTERN - a line of the screen, as an extended regular expression
shows()
{
	tmux -L ddt capture-pane -p | grep -Eq -- "$1"
}

@test "a recording counts its seconds and leaves its summary alone" {
	reload
	on_terminal "cd $BATS_TEST_TMPDIR
		ddtctl timeline --seconds 1000 --svg svg & echo \$! >pid; wait \$!"
	eventually shows '^recording: [0-9]+\.[0-9] of 1000\.0 s, [0-9]+ events'
	kill -INT "$(<"$BATS_TEST_TMPDIR/pid")"
	eventually shows '^status 0$'
	shows '^recorded [0-9]+\.[0-9]+ s, [0-9]+ events$'
	run ! shows '^recording'
}

@test "requests that are waited for are counted" {
	reload_fast
	ddtctl model set 0 access_us=1000000
	on_terminal "ddtctl submit 0 verify 0 512 --count 20 --wait --json |
		tail -n 1"
	eventually shows '^[0-9]+ of 20 requests$'
	ddtctl model set 0 access_us=0
	eventually shows '^status 0$'
	run ! shows 'of 20 requests'
}

@test "where standard error is no terminal there is no progress" {
	reload_fast
	run -0 ddtctl timeline --seconds 0.2 --svg "$BATS_TEST_TMPDIR/svg"
	[[ $output != *recording:* ]]
	run -0 ddtctl submit 0 verify 0 512 --count 20 --wait --json
	[[ $output != *requests$'\r'* && $output != *'of 20'* ]]
}
