#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# json.bats - what is printed with --json has the form that docs has it in

load helpers

# shellcheck disable=SC2016 # jq expands it
# The members with their types, of all that is read
form='[paths as $path | {
	path: $path | map(if type == "number" then "[]" else . end) | join("."),
	type: getpath($path) | type}] | unique'

setup_file()
{
	reload depth=8
}

teardown_file()
{
	reload
}

# documented HEADING - the example below it
documented()
{
	awk -v heading="## $1" '$0 == heading { inside = 1; next }
		/^## / { inside = 0 }
		/^```$/ { if (inside) exit }
		inside && json
		/^```json$/ { json = inside }' \
		"$BATS_TEST_DIRNAME/../../../docs/ddtctl-json.md"
}

# has_form HEADING ARGUMENT... - that is what ddtctl ARGUMENT... --json prints
has_form()
{
	local example output

	example=$(documented "$1")
	[ -n "$example" ]
	shift
	output=$(ddtctl --json "$@") || true
	diff <(jq "$form" <<<"$example") <(jq "$form" <<<"$output")
}

@test "every command that has --json is documented" {
	for command in $(ddtctl help |
			sed -n '/^Commands:/,/^$/s/^  \([a-z]\)/\1/p' |
			sed 's/  .*//; s/ [^a-z].*//' | tr ' ' _); do
		read -ra words <<<"${command//_/ }"
		ddtctl help "${words[@]}" | grep -q -- '  --json' || continue
		[[ $command != @(priority|model|fault) ]] || continue
		sed -n 's/^## //p' \
			"$BATS_TEST_DIRNAME/../../../docs/ddtctl-json.md" |
			tr , '\n' | sed 's/^ //; s/ --wait$//' |
			grep -qx "${command//_/ }"
	done
}

@test "list, info and priority have the documented form" {
	has_form list list
	has_form info info 0
	has_form 'priority get, priority set' priority get 0
	has_form 'priority get, priority set' priority set 0 3
}

@test "submit, cancel and wait have the documented form" {
	has_form 'submit, cancel' submit 0 verify 0 512
	has_form 'wait, submit --wait' wait 0 1
	has_form 'wait, submit --wait' submit 0 verify 0 512 --wait
	reload_endless
	start_endless
	has_form 'submit, cancel' cancel 0 1
	reload depth=8
}

@test "stats has the documented form" {
	ddtctl submit 0 verify 0 512 --wait
	served()
	{
		jq -e '.service_times != []' < <(ddtctl stats 0 --json)
	}
	eventually served
	has_form stats stats 0
}

@test "flush, model, fault, eject, insert, add and remove have it" {
	done_form='flush, eject, insert, remove, fault remove'
	has_form "$done_form" flush 0
	has_form "$done_form" eject 0
	has_form "$done_form" insert 0
	has_form 'model get, model set' model get 0
	has_form 'model get, model set' model set 0 seek_us=1
	has_form 'fault add' fault add 0 error
	has_form 'fault list' fault list 0
	has_form "$done_form" fault remove 0 all
	has_form add add --index 4
	has_form "$done_form" remove 4
}

@test "top, timeline and doctor have the documented form" {
	reload_fast
	ddtctl model set 0 access_us=20000
	ddtctl submit 0 verify 0 512 --count 100
	has_form top top --interval 0.3 --count 1
	has_form timeline timeline -o "$BATS_TEST_TMPDIR/json" -- true
	unload
	# ok findings have no command
	diff <(documented doctor | jq "$form") \
		<(ddtctl doctor --json | jq '.findings |= map(
			select(.command))' | jq "$form")
	reload depth=8
}

@test "the arrows of timeline have numbers as Perfetto wants, different for each request" {
	reload_fast drives=2
	ddtctl timeline -o "$BATS_TEST_TMPDIR/json" -- bash -c '
		ddtctl submit 0 verify 0 512 --count 3 --wait
		ddtctl submit 1 verify 0 512 --count 3 --wait
		sleep 0.1'
	jq -e '[.traceEvents[] | select(.cat == "flow")] |
		length == 18 and all(.id | type == "number") and
		(group_by(.id) | length == 6 and all(length == 3))' \
		"$BATS_TEST_TMPDIR/json"
}
