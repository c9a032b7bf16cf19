# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# lib.sh - what the scripts in this folder share.
#
# Sourced, never run, after tools/vm/lib.sh: . "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034 # used by those scripts

# The Debian of the root that all cells are built in: its release and its name.
root_debian=13
root_suite=trixie

# Architectures beside amd64 that the tool is built for.
foreign='arm64 i386'

# Inside the root: this repository, and the folder with stock kernels.
repository_inside=/ddt
stock_inside=/kernels/stock

# triplet ARCHITECTURE - as in the names of compilers and folders of libraries.
triplet()
{
	case $1 in
	amd64) echo x86_64-linux-gnu ;;
	arm64) echo aarch64-linux-gnu ;;
	i386) echo i686-linux-gnu ;;
	*) fail "no architecture $1" ;;
	esac
}

# multiarch ARCHITECTURE - the name of its folder of libraries.
multiarch()
{
	triplet "$1" | sed s/i686/i386/
}
