#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# soak.bats - two minutes of what `make soak` does for an hour
# bats file_tags=long

load ../../ddtctl/tests/helpers

setup()
{
	unload
}

teardown_file()
{
	reload
}

@test "under torture the library completes each request once, in order, in time" {
	[ -e "$MODDIR/ddt_torture.ko" ] || skip "there is no ddt_torture.ko"
	"$BATS_TEST_DIRNAME/../guest" library 50
}

@test "under torture the drive loses no request and no data" {
	"$BATS_TEST_DIRNAME/../guest" drive 50
}

@test "calls that are nearly right fail cleanly and set all that they return" {
	"$BATS_TEST_DIRNAME/../guest" fuzz 20
}
