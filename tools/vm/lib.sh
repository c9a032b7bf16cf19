# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# lib.sh - what the scripts in this folder share.
#
# Sourced, never run: . "$(dirname "$0")/lib.sh" with $here set to this folder.
# Progress goes to standard error, one line a step with its time; results go to
# standard output.

: "${here:?the folder of the scripts}"

# Everything that is fetched or built, outside the tree.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ddt

# apt keeps its state to the user that runs it.
apt_state=$cache/apt-$(id -u)

# Suites of the Debian archive that are asked for kernels beside the machine's own.
suites='bookworm bookworm-backports trixie trixie-backports sid'

# How the running script is called in messages.
me=/$0
me=tools/${me##*/tools/}

# fail MESSAGE... - say why, and end.
fail()
{
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

# usage_error MESSAGE... - the command line is wrong.
usage_error()
{
	printf '%s: %s\nTry: %s --help\n' "$me" "$*" "$0" >&2
	exit 2
}

# help - print the comment at the top of the running script.
help()
{
	sed -n '/^# SPDX/d; 2,/^[^#]*$/{s/^# \{0,1\}//p;}' "$0" | sed '1{/^$/d;}'
}

say()
{
	printf '%s\n' "$*" >&2
}

# step LOG WHAT COMMAND... - run COMMAND with its output in the file LOG, and tell what it
# is and how long it took; when it fails, show the end of LOG and end.
step()
{
	step_log=$1
	step_what=$2
	shift 2
	step_start=$(date +%s)
	if [ -t 2 ]; then
		printf '%s ...\r' "$step_what" >&2
	fi
	if "$@" >"$step_log" 2>&1 </dev/null; then
		say "$step_what: $(($(date +%s) - step_start)) s"
	else
		say "$step_what: failed after $(($(date +%s) - step_start)) s. The end of $step_log:"
		tail -n 25 "$step_log" >&2
		exit 1
	fi
}

# lock NAME [FOLDER] - wait until no other run holds NAME, which is a file in FOLDER (default:
# one of the cache's); held until the script ends.
lock()
{
	lock_folder=${2-$cache/lock}
	mkdir -p "$lock_folder"
	exec 9>"$lock_folder/$1"
	if ! flock -n 9; then
		say "waiting for another run that is busy with $1"
		flock 9
	fi
}

# at_least VERSION MINIMUM - compare kernel versions.
at_least()
{
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# need_room FOLDER MEGABYTES - end when the disk has less.
need_room()
{
	mkdir -p "$1"
	room=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	[ "$room" -ge "$2" ] ||
		fail "$1 has $room MB free, and this needs $2 MB. Make room, or set XDG_CACHE_HOME."
}

# apt_here TOOL ARGUMENT... - apt-get or apt-cache with the cache's own list of sources,
# which leaves the machine's alone and needs no root.
apt_here()
{
	apt_tool=$1
	shift
	"$apt_tool" -q \
		-o Dir::Etc::sourcelist="$apt_state/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State::lists="$apt_state/lists" \
		-o Dir::Cache="$apt_state/cache" \
		-o Dir::Cache::pkgcache=pkgcache.bin \
		-o Dir::Cache::srcpkgcache=srcpkgcache.bin \
		-o Acquire::Languages=none \
		-o APT::Get::List-Cleanup=false \
		-o APT::Sandbox::User=root \
		-o Debug::NoLocking=true \
		"$@"
}

# archive_sites - lines "LABEL|URI|RELEASE" of the Debian archives that this machine uses.
archive_sites()
{
	# shellcheck disable=SC2016 # apt fills these in
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)|$(RELEASE)' \
		'Created-By: Packages' |
		awk -F'|' '$1 == "Debian" && $3 == "main" { print $2 "|" $4 "|" $5 }' | sort -u
}

# archive_refresh - fetch the package lists, when those in the cache are half a day old.
archive_refresh()
(
	mkdir -p "$cache/lock" "$apt_state/lists/partial" "$apt_state/cache/archives/partial"
	exec 8>"$cache/lock/apt"
	flock 8
	if [ -n "$(find "$apt_state/fresh" -mmin -720 2>/dev/null)" ]; then
		return 0
	fi
	sites=$(archive_sites)
	if [ -z "$sites" ]; then
		"$here/../packages" --update
		sites=$(archive_sites)
	fi
	[ -n "$sites" ] ||
		fail "apt on this machine knows no Debian archive (apt-get indextargets): kernels come from there."
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -r $keys ] && keys="[signed-by=$keys] " || keys=
	{
		# the machine's own suites, then the others from the same place
		printf '%s\n' "$sites" | while IFS='|' read -r _ uri release; do
			printf 'deb %s%s %s main\n' "$keys" "$uri" "$release"
		done
		uri=$(printf '%s\n' "$sites" | awk -F'|' '$1 == "Debian" { print $2; exit }')
		for suite in $suites; do
			[ -z "$uri" ] || printf 'deb %s%s %s main\n' "$keys" "$uri" "$suite"
		done
	} | sort -u >"$apt_state/sources.list"
	# a suite that the mirror does not have is no reason to stop
	if apt_here apt-get update >"$apt_state/update.log" 2>&1 </dev/null ||
		grep -q '^Get:\|^Hit:' "$apt_state/update.log"; then
		touch "$apt_state/fresh"
	else
		return 1
	fi
)

# archive_version PACKAGE [VERSION-PREFIX] - the newest version that the archive has.
archive_version()
{
	apt_here apt-cache madison "$1" 2>/dev/null |
		awk -F'|' -v p="${2-}" '{ gsub(/ /, "", $2) } index($2, p) == 1 { print $2 }' |
		archive_newest
}

# archive_newest - of Debian versions on standard input.
archive_newest()
{
	newest=
	while read -r one; do
		if [ -z "$newest" ] || dpkg --compare-versions "$one" gt "$newest"; then
			newest=$one
		fi
	done
	[ -n "$newest" ] && printf '%s\n' "$newest"
}

# archive_fetch PACKAGE VERSION FOLDER - download a package into FOLDER, print its path.
archive_fetch()
{
	need_room "$3" 400
	(
		cd "$3" || exit 1
		step "$apt_state/download.log" "downloading $1 $2" apt_here apt-get download "$1=$2"
	)
	set -- "$3/$1"_*.deb
	[ -f "$1" ] || fail "apt-get download left no file $1"
	printf '%s\n' "$1"
}

# judge_log LOG [WHAT] - print a result: whether a kernel had nothing to report; fail if it had.
judge_log()
{
	if "$here/check-log" "$1"; then
		echo "ok - ${2:+$2: }nothing in the kernel's log"
	else
		echo "not ok - ${2:+$2: }the kernel reported trouble"
		return 1
	fi
}

# build_modules KDIR ARCH [tests] - build the modules for that kernel, the tools, and what the
# tools' tests need; print where the modules are.
build_modules()
{
	(
		cd "$here/../.." || exit 1
		"$here/../packages" modules tool
		build_log=$(mktemp)
		trap 'rm -f "$build_log"' EXIT
		step "$build_log" 'building modules and tools' \
			make -s -j"$(nproc)" modules tools KDIR="$1" ARCH="$2"
		if [ "${3-}" = tests ]; then
			"$here/../packages" tool-tests
			step "$build_log" 'building the tests of the tool' make -s -C tools/ddtctl tests
			step "$build_log" 'building the programs of the soak' make -s -C tools/soak
		fi
		make -s print-moddir KDIR="$1" ARCH="$2"
	)
}
