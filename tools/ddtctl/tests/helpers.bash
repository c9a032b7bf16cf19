# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# helpers.bash - what the tests share
#
# They run as root in a VM in which ddt.ko and ddt_drive.ko are loaded, and load
# ddt_drive.ko anew as they need it. MODDIR names the folder with the modules.

bats_require_minimum_version 1.5.0

PATH=$BATS_TEST_DIRNAME/..:$BATS_TEST_DIRNAME:/usr/sbin:/sbin:$PATH

# eventually COMMAND... - wait until the command succeeds, at most 20 s.
eventually()
{
	local end=$((SECONDS + 20))

	until "$@"; do
		if ((SECONDS >= end)); then
			echo "did not happen within 20 s: $*" >&2
			return 1
		fi
		sleep 0.02
	done
}

drive_is_loaded()
{
	[ -d /sys/module/ddt_drive ]
}

unload()
{
	! drive_is_loaded || rmmod ddt_drive
}

# reload [PARAMETER=VALUE...] - load the driver anew: all that was is gone.
reload()
{
	eventually unload
	insmod "$MODDIR/ddt_drive.ko" "$@"
	[ -c /dev/ddt0 ]
}

# Drives which are busy, once they start, until their request is cancelled.
reload_endless()
{
	reload spinup_ms=60000 "$@"
}

# info FIELD [DRIVE], stats FIELD [DRIVE] - one value
info()
{
	ddtctl info --json "${2:-0}" | jq ".$1"
}

stats()
{
	ddtctl stats --json "${2:-0}" | jq ".$1"
}

info_is()
{
	[ "$(info "$1")" = "$2" ]
}

stats_is()
{
	[ "$(stats "$1")" = "$2" ]
}

# start_endless - make drive 0 of reload_endless busy. Prints the request's id.
start_endless()
{
	ddtctl submit 0 spinup
	eventually stats_is spinups 1
}

# gone PID - the process or thread has ended.
gone()
{
	[ ! -e "/proc/$1" ]
}

# runs PID - the process has not ended; a zombie has.
runs()
{
	[ -e "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status"
}

ended()
{
	! runs "$1"
}

# nice_of PID - its nice value as the kernel has it
nice_of()
{
	cut -d ' ' -f 19 "/proc/$1/stat"
}

# log_mark - the kernel log is looked at from here on.
log_mark()
{
	log_marker="ddt-test: $BATS_TEST_NAME $RANDOM$RANDOM"
	echo "$log_marker" >/dev/kmsg
}

# log_since - what it had to say since then
log_since()
{
	dmesg | sed "1,/$log_marker/d"
}

# without_capability NAME[,NAME...] COMMAND... - as root, but without those.
without_capability()
{
	local set=-${1//,/,-}
	shift

	setpriv --bounding-set "$set" --inh-caps "$set" "$@"
}
