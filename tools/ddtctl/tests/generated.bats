#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# generated.bats - the man page and the completion, made from the commands

load helpers

# complete WORD... - prints what the last word can become, one a line
complete_line()
{
	# shellcheck disable=SC1090 # it is made here
	. <(ddtctl help --completion bash)
	COMP_WORDS=(ddtctl "$@")
	COMP_CWORD=$#
	_ddtctl
	printf '%s\n' "${COMPREPLY[@]}"
}

# completes_to EXPECTED WORD...
completes_to()
{
	local expected=$1 got

	shift
	got=$(complete_line "$@" | paste -s -d ' ')
	if [ "$got" != "$expected" ]; then
		echo "ddtctl $*: $got, and not: $expected" >&2
		return 1
	fi
}

# commands - the paths of all, as the help has them
commands()
{
	ddtctl help | sed -n '/^Commands:/,/^$/s/^  \([a-z]\)/\1/p' |
		sed 's/  .*//; s/ [^a-z].*//'
}

# bats test_tags=host
@test "the man page is without fault for groff" {
	ddtctl help --man >"$BATS_TEST_TMPDIR/ddtctl.1"
	run -0 groff -man -ww -z -Tutf8 "$BATS_TEST_TMPDIR/ddtctl.1"
	[ -z "$output" ]
}

# bats test_tags=host
@test "the man page has its sections, every command and every option" {
	page=$(ddtctl help --man | groff -man -Tascii -P-cbou)
	for section in NAME SYNOPSIS DESCRIPTION COMMANDS OPTIONS \
			'EXIT STATUS' FILES EXAMPLES 'SEE ALSO'; do
		grep -qx "$section" <<<"$page"
	done
	readarray -t paths < <(commands)
	[ "${#paths[@]}" -ge 9 ]
	for path in "${paths[@]}"; do
		grep -q "^       ddtctl $path" <<<"$page"
		grep -q "^       $path" <<<"$page"
	done
	ddtctl help submit | sed -n 's/^  \(--[a-z]*\) .*/\1/p' |
		while read -r option; do
			grep -q "^       .*$option" <<<"$page"
		done
}

# bats test_tags=host
@test "the man page has no text but that of the table, to its last line" {
	page=$(ddtctl help --man)
	# Each option has one line of text, and no other follows.
	options=$(sed -n '/^\.SH OPTIONS/,/^\.SH/p' <<<"$page")
	[ "$(grep -c '^\.TP' <<<"$options")" = "$(grep -c '^\.B' <<<"$options")" ]
	[ "$(sed '/^\./d' <<<"$options" | wc -l)" = \
		"$(grep -c '^\.TP' <<<"$options")" ]
}

# bats test_tags=host
@test "what is generated has no argument, and only bash has a completion" {
	run -2 ddtctl help --man list
	run -2 ddtctl help --completion bash list
	run -2 ddtctl help --completion csh
	[[ $output == *'no completion for csh, only for bash, zsh and fish'* ]]
}

@test "bash completes the names of commands" {
	completes_to list l
	completes_to 'get set ddt0' priority ''
	completes_to set priority s
	[ "$(complete_line '' | sort)" = \
		"$(commands | cut -d ' ' -f 1 | sort -u)" ]
}

@test "bash completes drives and operations where they belong" {
	reload drives=2
	completes_to 'ddt0 ddt1' info ''
	completes_to ddt1 priority set ddt1
	completes_to 'spinup spindown' submit ddt0 spin
	completes_to verify submit --count 3 ddt0 v
	completes_to 'error delay hang' fault add ddt0 ''
	completes_to 'add list remove' fault ''
	completes_to 'ddt0 ddt1' timeline -o x ddt0 ''
	completes_to '' info ddt0 ''
	completes_to '' submit ddt0 verify ''
	reload
}

# bats test_tags=host
@test "bash completes the options that a command has" {
	completes_to '--count --wait --json --help' submit --
	completes_to --timeout wait ddt0 1 --t
	completes_to '' list --count
	completes_to '--index --capacity --depth --nice --json --help' add -
	completes_to '' submit --count ''
	completes_to 'bash zsh fish' help --completion ''
}

@test "bash completes the values of settings" {
	reload
	completes_to 'access_us= seek_us= rate_kib_s= spinup_ms= idle_ms=' \
		model set 0 ''
	completes_to spinup_ms= model set 0 seek_us=1 sp
	completes_to 'read write control' fault add 0 error --ops ''
	completes_to read,write fault add 0 error --ops read,w
	completes_to write fault add 0 error --ops = w
	completes_to '-20 -10 -5 0 5 10 19' priority set 0 ''
	completes_to '-20 -10 -5' add --nice -
	completes_to all fault remove 0 ''
	completes_to '360k 720k 1440k 16M' add --capacity ''
}

# zsh_completes WORD... - what zsh is given to complete the last word
zsh_completes()
{
	# shellcheck disable=SC2016 # zsh expands it
	zsh -f -c '
		compdef() { }
		compset() { }
		compadd() { while [ "$1" != -- ]; do shift; done; shift; print -- "$@" }
		_files() { print files "$@" }
		source <(ddtctl help --completion zsh)
		words=(ddtctl "$@") CURRENT=$(($# + 1))
		_ddtctl' zsh "$@"
}

@test "zsh completes commands, drives, values and files" {
	reload drives=2
	[ "$(zsh_completes l)" = list ]
	[ "$(zsh_completes priority '')" = 'get set ddt0 ddt1' ]
	[ "$(zsh_completes fault add 0 error --ops '')" = 'read write control' ]
	[ "$(zsh_completes model set 0 s)" = 'seek_us= spinup_ms=' ]
	[ "$(zsh_completes timeline -o '')" = files ]
	[ -z "$(zsh_completes submit 0 verify '')" ]
}

# fish_completes LINE - how fish completes it
fish_completes()
{
	# shellcheck disable=SC2016 # fish expands it
	fish --no-config -c 'ddtctl help --completion fish | source
		complete -C $argv[1]' "$1" | sort | paste -s -d ' '
}

@test "fish completes commands, drives, values and files" {
	reload drives=2
	touch "$BATS_TEST_TMPDIR/picture.svg"
	[ "$(fish_completes 'ddtctl l')" = list ]
	[ "$(fish_completes 'ddtctl priority ')" = 'ddt0 ddt1 get set' ]
	[ "$(fish_completes 'ddtctl fault add 0 error --ops ')" = 'control read write' ]
	[ "$(fish_completes 'ddtctl model set 0 s')" = 'seek_us= spinup_ms=' ]
	[ "$(fish_completes "ddtctl timeline --svg $BATS_TEST_TMPDIR/pic")" = \
		"$BATS_TEST_TMPDIR/picture.svg" ]
	[ -z "$(fish_completes 'ddtctl submit 0 verify ')" ]
}

# bats test_tags=host
@test "bash completes the names of files for options that take one" {
	touch "$BATS_TEST_TMPDIR/picture.svg"
	completes_to "$BATS_TEST_TMPDIR/picture.svg" timeline --svg \
		"$BATS_TEST_TMPDIR/pic"
	completes_to "$BATS_TEST_TMPDIR/picture.svg" timeline -o \
		"$BATS_TEST_TMPDIR/pic"
}

@test "without a drive the completion offers none and prints nothing else" {
	unload
	completes_to '' info ''
	reload
}
