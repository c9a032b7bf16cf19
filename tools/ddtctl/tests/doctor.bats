#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# doctor.bats - the command doctor, on this system and on made-up ones

load helpers

release=6.1.0-99-test

# A system of files on which all is well, but without drives.
setup()
{
	root=$BATS_TEST_TMPDIR/root
	mkdir -p "$root"/{dev,proc/sys/kernel,sys/module/{ddt,ddt_drive}} \
		"$root/lib/modules/$release/build/include/config" \
		"$BATS_TEST_TMPDIR/bin"
	echo $release >"$root/proc/sys/kernel/osrelease"
	echo live >"$root/sys/module/ddt/initstate"
	echo live >"$root/sys/module/ddt_drive/initstate"
	build=$root/lib/modules/$release/build
	touch "$build/Makefile"
	echo 'CONFIG_CC_VERSION_TEXT="ddt-gcc-12 (Debian 12.2.0-14) 12.2.0"' \
		>"$build/include/config/auto.conf"
	compiler 'ddt-gcc-12 (Debian 12.2.0-14) 12.2.0'
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	cd "$BATS_TEST_TMPDIR" || exit
}

teardown_file()
{
	reload
}

# compiler VERSION - what the compiler says that it is
compiler()
{
	printf '#!/bin/sh\necho "%s"\n' "$1" >"$BATS_TEST_TMPDIR/bin/ddt-gcc-12"
	chmod +x "$BATS_TEST_TMPDIR/bin/ddt-gcc-12"
}

not_loaded()
{
	rm -r "$root/sys/module/ddt" "$root/sys/module/ddt_drive"
}

# finds RESULT CHECK TEXT COMMAND - doctor has that finding in its JSON
finds()
{
	local output

	output=$(ddtctl doctor --json --root "$root") || true
	jq -e --arg result "$1" --arg check "$2" --arg text "$3" \
		--arg command "$4" '.findings | any(.result == $result and
		.check == $check and (.text | contains($text)) and
		(.command // "") == $command)' <<<"$output" >/dev/null || {
		echo "$output" >&2
		return 1
	}
}

@test "where the driver is loaded and answers there is no problem" {
	reload
	run -0 ddtctl doctor
	[[ $output == *'/dev/ddt0 answers; 0 requests are not finished'* ]]
	[ "${lines[-1]}" = 'No problem found.' ]
	run -0 ddtctl doctor --json
	jq -e --arg kernel "$(uname -r)" '.problems == 0 and
		.kernel == $kernel and (.findings | all(.result != "problem"))' \
		<<<"$output"
}

@test "where the driver is not loaded it says so, and the command" {
	unload
	run -1 ddtctl doctor
	[[ $output == *'ddt is loaded'*'ddt_drive is not loaded'*'-> sudo make load'* ]]
	reload
}

@test "the text and the JSON have the same findings" {
	not_loaded
	compiler ''
	run -1 ddtctl doctor --root "$root"
	text=$output
	run -1 ddtctl doctor --root "$root" --json
	[ "$(jq .problems <<<"$output")" = "$(grep -c ^problem <<<"$text")" ]
	[ "$(jq -r '.findings[] | .text, .command // empty' <<<"$output")" = \
		"$(sed 's/^\(ok\|note\|problem\) *[a-z]* *//; s/^ *-> //' \
		<<<"$text")" ]
}

@test "headers that are missing are named with their package" {
	finds ok headers "the headers of $release are installed" ''
	rm -r "$build"
	finds note headers 'are missing' \
		"sudo apt-get install linux-headers-$release"
	not_loaded
	finds problem headers 'are missing' \
		"sudo apt-get install linux-headers-$release"
}

@test "a compiler that is missing or of another version is named" {
	not_loaded
	finds ok compiler 'ddt-gcc-12' ''
	compiler 'ddt-gcc-12 (Debian 13.1.0-1) 13.1.0'
	finds problem compiler 13.1.0 'sudo apt-get install gcc-12'
	rm bin/ddt-gcc-12
	finds problem compiler 'is not installed' \
		'sudo apt-get install ddt-gcc-12'
}

@test "a module for another kernel is not taken for one for this" {
	not_loaded
	finds problem module 'there is no ddt.ko' make
	mkdir -p build/other
	cp "$MODDIR/ddt.ko" build/other
	finds note module "built for $(uname -r)" ''
	finds problem module "no ddt.ko is for $release" make
	uname -r >"$root/proc/sys/kernel/osrelease"
	finds ok module 'build/other/ddt.ko was built for the running kernel' ''

	rm -r build
	echo $release >"$root/proc/sys/kernel/osrelease"
	mkdir -p "$root/lib/modules/$release/updates"
	echo x >"$root/lib/modules/$release/updates/ddt.ko"
	finds problem module 'updates/ddt.ko is not a module' 'make clean all'
}

@test "lockdown and enforced signatures are problems for unsigned modules" {
	finds ok signature 'no signature' ''
	mkdir -p "$root/sys/kernel/security" "$root/sys/module/module/parameters"
	lockdown=$root/sys/kernel/security/lockdown
	echo '[none] integrity confidentiality' >"$lockdown"
	finds ok signature 'no signature' ''
	not_loaded
	echo 'none [integrity] confidentiality' >"$lockdown"
	finds problem signature 'locked down' 'sudo mokutil --disable-validation'
	rm "$lockdown"
	echo Y >"$root/sys/module/module/parameters/sig_enforce"
	finds problem signature 'enforces' 'sudo mokutil --disable-validation'
}

@test "loading that is disabled and a module that is not ready are problems" {
	echo coming >"$root/sys/module/ddt_drive/initstate"
	finds problem loaded 'its state is coming' 'sudo dmesg | tail'
	not_loaded
	echo 1 >"$root/proc/sys/kernel/modules_disabled"
	finds problem loading 'disabled' 'sudo reboot'
}

@test "a node that is missing, foreign or without a driver is a problem" {
	finds note node 'there are no drives' 'sudo ddtctl add'
	mkdir -p "$root/sys/class/misc/ddt0"
	finds problem node 'does not exist' \
		'sudo udevadm trigger --subsystem-match=misc'
	mknod "$root/dev/ddt0" c 1 3
	finds problem node 'is not a drive' "ls -l $root/dev/ddt0"
	rm "$root/dev/ddt0"
	mknod "$root/dev/ddt0" c 10 254
	finds problem node 'has no driver' 'sudo make load'
	rm "$root/dev/ddt0"
	cp -a /dev/ddt0 "$root/dev/ddt0"
	finds ok answer 'answers' ''
}

@test "a node that this user may not open is a problem" {
	reload
	chmod 0 /dev/ddt0
	run -1 without_capability dac_override,dac_read_search ddtctl doctor
	[[ $output == *'problem  permission /dev/ddt0 may not be opened'* ]]
	[[ $output == *'-> sudo ddtctl info ddt0'* ]]
}

@test "who has a drive open is named" {
	reload
	run -0 ddtctl doctor
	[[ $output != *'is open in'* ]]
	sleep 1000 3<>/dev/ddt0 4</dev/ddt0 &
	run -0 ddtctl doctor
	kill $!
	[ "$(grep -c 'is open in' <<<"$output")" = 1 ]
	[[ $output == *"/dev/ddt0 is open in sleep, process $!:"* ]]
	[[ $output == *"-> sudo kill $!"* ]]
}

@test "a root that is no folder, or without proc, is refused" {
	run -2 ddtctl doctor --root /nonexistent
	rm "$root/proc/sys/kernel/osrelease"
	run -1 ddtctl doctor --root "$root"
	[[ $output == *'is not mounted'* ]]
}
