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
	echo "$release" >"$root/proc/sys/kernel/osrelease"
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
	echo "$release" >"$root/proc/sys/kernel/osrelease"
	mkdir -p "$root/lib/modules/$release/updates"
	echo x >"$root/lib/modules/$release/updates/ddt.ko"
	finds problem module 'updates/ddt.ko is not a module' 'make clean all'
}

# installed FILE - modules.dep has both modules, and FILE is a copy of ddt.ko
installed()
{
	mkdir -p "$root/lib/modules/$release/updates/dkms"
	cp "$MODDIR/ddt.ko" "$root/lib/modules/$release/updates/dkms/ddt.ko"
	echo "updates/dkms/ddt.ko:
updates/dkms/ddt_drive.ko: updates/dkms/ddt.ko" \
		>"$root/lib/modules/$release/modules.dep"
}

@test "modules that are installed are loaded by modprobe" {
	not_loaded
	finds problem loaded 'ddt_drive is not loaded' 'sudo make load'
	release=$(uname -r)
	echo "$release" >"$root/proc/sys/kernel/osrelease"
	installed
	finds problem loaded 'ddt_drive is not loaded' 'sudo modprobe ddt_drive'
	finds ok module 'dkms/ddt.ko was built for the running kernel' ''
	echo 'updates/dkms/ddtx.ko: updates/addt.ko' \
		>"$root/lib/modules/$release/modules.dep"
	finds problem loaded 'ddt_drive is not loaded' 'sudo make load'
	finds problem module 'modprobe does not know it' 'sudo depmod -a'
	echo 'kernel/drivers/misc/ddt/ddt.ko
kernel/drivers/misc/ddt/ddt_drive.ko' \
		>"$root/lib/modules/$release/modules.builtin"
	finds ok loaded 'ddt_drive is built into the kernel' ''
}

@test "with DKMS a module that is missing is built by it" {
	not_loaded
	mkdir -p "$root/var/lib/dkms/ddt"
	finds problem module 'there is no ddt.ko' 'sudo dkms autoinstall'
}

grub='sudo editor /etc/default/grub && sudo update-grub && sudo reboot'

@test "enforced signatures are undone where they were set" {
	finds ok signature 'no signature' ''
	not_loaded
	mkdir -p "$root/sys/module/module/parameters" "$root/sys/firmware/efi"
	echo Y >"$root/sys/module/module/parameters/sig_enforce"
	echo 'root=/dev/sda quiet' >"$root/proc/cmdline"
	finds problem signature 'Key was rejected by service' \
		'sudo mokutil --import my.der && sudo reboot'
	echo 'root=/dev/sda module.sig_enforce=1 quiet' >"$root/proc/cmdline"
	finds problem signature 'Key was rejected by service' "$grub"
	finds problem signature 'disable-validation does not undo it' "$grub"
}

@test "lockdown is undone where it was set" {
	mkdir -p "$root/sys/kernel/security"
	lockdown=$root/sys/kernel/security/lockdown
	echo '[none] integrity confidentiality' >"$lockdown"
	finds ok signature 'no signature' ''
	not_loaded
	echo 'none [integrity] confidentiality' >"$lockdown"
	finds problem lockdown 'Operation not permitted' 'sudo reboot'
	mkdir -p "$root/sys/firmware/efi"
	finds problem lockdown 'Operation not permitted' \
		'sudo mokutil --disable-validation && sudo reboot'
	echo 'root=/dev/sda lockdown=integrity' >"$root/proc/cmdline"
	finds problem lockdown 'Operation not permitted' "$grub"
}

@test "without securityfs it says that it cannot tell" {
	mkdir -p "$root/sys/kernel/security"
	finds note lockdown 'cannot be told: securityfs is not mounted' \
		'sudo mount -t securityfs none /sys/kernel/security'
	run -0 ddtctl doctor --root "$root"
	[[ $output != *'need no signature'* ]]
	touch "$root/sys/kernel/security/lsm"
	finds ok signature 'no signature' ''
}

@test "loading that is disabled and a module that is not ready are problems" {
	echo coming >"$root/sys/module/ddt_drive/initstate"
	finds problem loaded 'its state is coming' 'sudo dmesg | tail'
	not_loaded
	echo 1 >"$root/proc/sys/kernel/modules_disabled"
	finds problem loading 'Operation not permitted' 'sudo reboot'
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

@test "the process that has a drive open is named" {
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

# holds KIND - starts the program hold. Prints its process id.
holds()
{
	hold "$1" /dev/ddt0 >"$BATS_TEST_TMPDIR/hold" 3>&- &
	echo $!
	eventually grep -q ready "$BATS_TEST_TMPDIR/hold"
}

# examine_holder KIND - what doctor says of such a process, which then ends: $pid
examine_holder()
{
	reload
	pid=$(holds "$1")
	run -1 rmmod ddt_drive
	run -0 ddtctl doctor
	kill "$pid"
}

@test "the process that has a drive registered in an io_uring is named" {
	examine_holder ring
	[[ $output == *"/dev/ddt0 is registered in an io_uring in hold, process $pid:"* ]]
	[[ $output == *"-> sudo kill $pid"* ]]
	eventually rmmod ddt_drive
}

@test "the process that has the file of a drive's events is named" {
	examine_holder events
	[[ $output == *"/dev/ddt0 is polled for events in hold, process $pid:"* ]]
	eventually rmmod ddt_drive
}

@test "an io_uring that is only mapped is said to be possible" {
	examine_holder mapping
	[[ $output == *'(processes with one: 1)'* ]]
	eventually rmmod ddt_drive
}

@test "the process that has a request in flight is named, though the file is closed" {
	reload_fast
	ddtctl fault add 0 hang
	pid=$(holds request)
	run -1 rmmod ddt_drive
	run -0 ddtctl doctor
	[[ $output == *"a request of hold, process $pid, is in flight in ddt0:"* ]]
	[[ $output == *'-> sudo ddtctl remove ddt0'* ]]
	ddtctl remove ddt0
	eventually rmmod ddt_drive
	kill "$pid"
}

@test "requests that hold nothing are not named" {
	reload_endless
	start_endless
	run -0 ddtctl doctor
	[[ $output != *'in flight'* ]]
}

@test "a root that is no folder, or without proc, is refused" {
	run -2 ddtctl doctor --root /nonexistent
	rm "$root/proc/sys/kernel/osrelease"
	run -1 ddtctl doctor --root "$root"
	[[ $output == *'is not mounted'* ]]
}
