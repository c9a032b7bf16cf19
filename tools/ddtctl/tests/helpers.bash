# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# helpers.bash - what the tests share
#
# They run as root in a VM in which ddt.ko is loaded, and load ddt_drive.ko as
# they need it. MODDIR names the folder with the modules.
#
# In the VM it is starting programs that takes time: few are started here.

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
	unload
	insmod "$MODDIR/ddt_drive.ko" "$@"
	[ -c /dev/ddt0 ]
}

# With drives that take no time.
reload_fast()
{
	reload access_us=0 spinup_ms=0 idle_ms=0 "$@"
}

# With drives which, once they start, are busy until that request is cancelled.
reload_endless()
{
	reload spinup_ms=60000 "$@"
}

# start_endless - make drive 0 of reload_endless busy. Prints the request's id.
start_endless()
{
	ddtctl submit 0 spinup
	eventually stats_is spinups 1
}

# member NAME JSON - a number or truth value in what ddtctl prints
member()
{
	[[ $2 =~ \"$1\":\ ([-0-9a-z]+) ]] && echo "${BASH_REMATCH[1]}"
}

# info NAME [DRIVE], stats NAME [DRIVE] - one value
info()
{
	member "$1" "$(ddtctl info --json "${2:-0}")"
}

stats()
{
	member "$1" "$(ddtctl stats --json "${2:-0}")"
}

# info_is NAME VALUE, stats_is NAME VALUE - of drive 0; with as few processes as possible
info_is()
{
	member_is "$1" "$2" "$(ddtctl info --json 0)"
}

stats_is()
{
	member_is "$1" "$2" "$(ddtctl stats --json 0)"
}

member_is()
{
	[[ $3 =~ \"$1\":\ ([-0-9a-z]+) ]] && [ "${BASH_REMATCH[1]}" = "$2" ]
}

# gone PID - the process or thread has ended.
gone()
{
	[ ! -e "/proc/$1" ]
}

# process_stat PID FIELD - as proc(5) counts them; its name has no blanks
process_stat()
{
	local fields

	read -ra fields <"/proc/$1/stat"
	echo "${fields[$2 - 1]}"
}

# ended PID - it may still be a zombie.
ended()
{
	gone "$1" || [ "$(process_stat "$1" 3)" = Z ]
}

# nice_of PID - its nice value as the kernel has it
nice_of()
{
	process_stat "$1" 19
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
