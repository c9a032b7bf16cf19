// SPDX-License-Identifier: GPL-2.0-only
/*
 * commands.c - the table of commands
 *
 * The command line is parsed by it (parse.c); the help (help.c), the man page
 * (man.c) and the completion (completion.c) are made from it.
 */

#include <stddef.h>

#include "ddtctl.h"

static const struct command priority_members[] = {
	{
		.name = "get",
		.args = "DEV",
		.help = "print the nice value of a drive's thread",
		.min_args = 1,
		.max_args = 1,
		.options = BIT(OPT_JSON),
		.run = priority_get_run,
	}, {
		.name = "set",
		.args = "DEV NICE",
		.help = "set it, from -20 (highest) to 19 (lowest)",
		.details =
			"A thread with a lower nice value gets more of a busy processor. To set it\n"
			"needs CAP_SYS_NICE.\n",
		.examples = "ddtctl priority set ddt0 10\n",
		.words = "-20 -10 -5 0 5 10 19",
		.min_args = 2,
		.max_args = 2,
		.options = BIT(OPT_JSON),
		.run = priority_set_run,
	},
	{}
};

static const struct command model_members[] = {
	{
		.name = "get",
		.args = "DEV",
		.help = "print what a drive takes its time for",
		.min_args = 1,
		.max_args = 1,
		.options = BIT(OPT_JSON),
		.run = model_get_run,
	}, {
		.name = "set",
		.args = "DEV NAME=VALUE...",
		.help = "change that; the others stay",
		.details =
			"What can be set, and holds for what is begun from then on:\n"
			"  access_us    for each access, in us\n"
			"  seek_us      from one end of the medium to the other, in us\n"
			"  rate_kib_s   transfer rate in KiB/s; 0 for no limit\n"
			"  spinup_ms    until the motor is up to speed, in ms\n"
			"  idle_ms      without work until the motor is switched off; 0 for never\n"
			"\n"
			"With all of them 0 what remains is the time of the software. To set them\n"
			"needs CAP_SYS_ADMIN.\n",
		.examples = "ddtctl model set 0 access_us=0 spinup_ms=0\n",
		.words = "access_us= seek_us= rate_kib_s= spinup_ms= idle_ms=",
		.min_args = 2,
		.max_args = UINT_MAX,
		.options = BIT(OPT_JSON),
		.run = model_set_run,
	},
	{}
};

static const struct command fault_members[] = {
	{
		.name = "add",
		.args = "DEV KIND [OFFSET LENGTH]",
		.help = "let something go wrong",
		.details =
			"Prints the id of the fault. Without a range it is for requests anywhere.\n"
			"To add or remove one needs CAP_SYS_ADMIN.\n"
			"\n"
			"Kinds:\n"
			"  error   the request fails with EIO\n"
			"  delay   it takes longer, as --delay says\n"
			"  hang    it takes for ever, until it is cancelled or the fault removed\n",
		.examples =
			"ddtctl fault add 0 error 512k 4k --ops read --times 2\n"
			"ddtctl fault add 0 delay --delay 200\n",
		.words = "error delay hang",
		.min_args = 2,
		.max_args = 4,
		.options = BIT(OPT_OPS) | BIT(OPT_TIMES) | BIT(OPT_DELAY) |
			   BIT(OPT_JSON),
		.run = fault_add_run,
	}, {
		.name = "list",
		.args = "DEV",
		.help = "show the faults of a drive and their hits",
		.min_args = 1,
		.max_args = 1,
		.options = BIT(OPT_JSON),
		.run = fault_list_run,
	}, {
		.name = "remove",
		.args = "DEV ID|all",
		.help = "remove a fault, or all",
		.words = "all",
		.min_args = 2,
		.max_args = 2,
		.options = BIT(OPT_JSON),
		.run = fault_remove_run,
	},
	{}
};

static const struct command members[] = {
	{
		.name = "list",
		.args = "",
		.help = "show all drives",
		.options = BIT(OPT_JSON),
		.run = list_run,
	}, {
		.name = "info",
		.args = "DEV",
		.help = "show what a drive is and how it is set",
		.min_args = 1,
		.max_args = 1,
		.options = BIT(OPT_JSON),
		.run = info_run,
	}, {
		.name = "priority",
		.args = "[get|set] DEV [NICE]",
		.help = "get or set the base priority of a drive's thread",
		.min_args = 1,
		.max_args = 1,
		.options = BIT(OPT_JSON),
		.members = priority_members,
		.run = priority_get_run,
	}, {
		.name = "submit",
		.args = "DEV OP [OFFSET LENGTH]",
		.help = "queue a request",
		.details =
			"Prints the id of the request, which then belongs to the drive. With --wait it\n"
			"belongs to ddtctl: interrupt ddtctl and the request is cancelled. A full queue\n"
			"is an error, with --wait only a delay.\n"
			"\n"
			"Operations:\n"
			"  spinup                 start the motor\n"
			"  spindown               stop the motor\n"
			"  verify OFFSET LENGTH   read a range; the result is its CRC-32\n"
			"  erase OFFSET LENGTH    fill a range with zeros; the result is its length\n"
			"\n"
			"OFFSET and LENGTH are in bytes; 0x200, 4k and 1M are understood.\n",
		.examples =
			"ddtctl submit 0 verify 0 1440k --wait\n"
			"ddtctl submit ddt0 erase 4k 512 --count 3\n",
		.words = "spinup spindown verify erase",
		.min_args = 2,
		.max_args = 4,
		.options = BIT(OPT_COUNT) | BIT(OPT_WAIT) | BIT(OPT_JSON),
		.run = submit_run,
	}, {
		.name = "wait",
		.args = "DEV ID...",
		.help = "wait for requests and collect their results",
		.details =
			"A result can be collected once. The exit status is 0 if all requests were done.\n",
		.examples = "ddtctl wait 0 1 2 3 --timeout 2.5\n",
		.min_args = 2,
		.max_args = UINT_MAX,
		.options = BIT(OPT_TIMEOUT) | BIT(OPT_JSON),
		.run = wait_run,
	}, {
		.name = "cancel",
		.args = "DEV ID...",
		.help = "cancel requests; their results remain",
		.details =
			"A queued request is not begun any more; one in service ends soon. Collect the\n"
			"result of each with ddtctl wait.\n",
		.min_args = 2,
		.max_args = UINT_MAX,
		.options = BIT(OPT_JSON),
		.run = cancel_run,
	}, {
		.name = "stats",
		.args = "DEV",
		.help = "show what a drive has done",
		.min_args = 1,
		.max_args = 1,
		.options = BIT(OPT_JSON),
		.run = stats_run,
	}, {
		.name = "flush",
		.args = "DEV",
		.help = "wait until what is queued has been served",
		.min_args = 1,
		.max_args = 1,
		.options = BIT(OPT_JSON),
		.run = flush_run,
	}, {
		.name = "model",
		.args = "[get|set] DEV [NAME=VALUE...]",
		.help = "get or set what a drive takes its time for",
		.min_args = 1,
		.max_args = 1,
		.options = BIT(OPT_JSON),
		.members = model_members,
		.run = model_get_run,
	}, {
		.name = "fault",
		.args = "add|list|remove DEV...",
		.help = "let a drive fail on purpose",
		.members = fault_members,
	}, {
		.name = "eject",
		.args = "DEV",
		.help = "take the medium out of a drive",
		.details = "It keeps its content.\n",
		.min_args = 1,
		.max_args = 1,
		.options = BIT(OPT_JSON),
		.run = eject_run,
	}, {
		.name = "insert",
		.args = "DEV",
		.help = "put the medium into a drive, writable or not",
		.min_args = 1,
		.max_args = 1,
		.options = BIT(OPT_PROTECT) | BIT(OPT_JSON),
		.run = insert_run,
	}, {
		.name = "add",
		.args = "",
		.help = "add a drive",
		.details =
			"Prints its name. What is not given is as the parameters of ddt_drive say; see\n"
			"ddtctl model for the times it takes.\n",
		.examples = "sudo ddtctl add --capacity 16M --depth 1000\n",
		.options = BIT(OPT_INDEX) | BIT(OPT_CAPACITY) | BIT(OPT_DEPTH) |
			   BIT(OPT_NICE) | BIT(OPT_JSON),
		.run = add_run,
	}, {
		.name = "remove",
		.args = "DEV",
		.help = "remove a drive, even if it is in use",
		.details =
			"All that is queued ends with ENODEV, and so does all that is tried later by\n"
			"those who have it open.\n",
		.min_args = 1,
		.max_args = 1,
		.options = BIT(OPT_JSON),
		.run = remove_run,
	}, {
		.name = "top",
		.args = "",
		.help = "watch what all drives do",
		.details =
			"A live view: h explains it, q ends it. With --json it prints an object for each\n"
			"sample, --count of them or without end.\n",
		.examples = "ddtctl top --json --count 1 --interval 10\n",
		.options = BIT(OPT_COUNT) | BIT(OPT_INTERVAL) | BIT(OPT_JSON),
		.run = top_run,
	}, {
		.name = "timeline",
		.args = "[DEV...] [-- COMMAND...]",
		.help = "record what drives do, and draw it",
		.details =
			"Records all drives, or those named, until COMMAND ends, or for a time; Ctrl-C\n"
			"ends it sooner, and what was recorded is written. Needs root.\n"
			"\n"
			"The JSON of --output opens in https://ui.perfetto.dev and chrome://tracing: a\n"
			"track for each drive's thread, a slice for each request, arrows from who\n"
			"submitted it to the thread and back, and the depth of the queue. The picture\n"
			"of --svg shows the same and opens in any browser.\n",
		.examples =
			"sudo ddtctl timeline --svg dd.svg -- dd if=/dev/ddt0 of=/dev/null count=4\n"
			"sudo ddtctl timeline -o trace.json --seconds 10 ddt0\n",
		.max_args = UINT_MAX,
		.options = BIT(OPT_OUTPUT) | BIT(OPT_SVG) | BIT(OPT_SECONDS) |
			   BIT(OPT_BUFFER) | BIT(OPT_JSON),
		.run = timeline_run,
	}, {
		.name = "doctor",
		.args = "",
		.help = "say why it does not load or answer",
		.details =
			"Each finding is ok, a note or a problem, with the command that mends it. Looks\n"
			"for a built ddt.ko in ./build too: run it where the sources are. With --root\n"
			"it looks at /proc, /sys, /dev and /lib/modules of another system.\n"
			"\n"
			"The exit status is 1 if there is a problem.\n",
		.options = BIT(OPT_ROOT) | BIT(OPT_JSON),
		.run = doctor_run,
	}, {
		.name = "help",
		.args = "[COMMAND]",
		.help = "explain a command",
		.details =
			"With --man it prints the man page, with --completion what a shell needs to\n"
			"complete command lines. They are installed with ddtctl. The shell then asks\n"
			"with --complete -- WORD... what the last WORD can become.\n",
		.examples =
			". <(ddtctl help --completion bash)\n"
			"ddtctl help --completion fish | source\n",
		.max_args = UINT_MAX,
		.options = BIT(OPT_MAN) | BIT(OPT_COMPLETION) |
			   BIT(OPT_COMPLETE),
		.run = help_run,
	},
	{}
};

const struct command root = {
	.name = "ddtctl",
	.args = "[COMMAND [ARGUMENT...]]",
	.help = "drive the devices of ddt_drive",
	.details =
		"Without a command it lists all drives. DEV is 0, ddt0 or /dev/ddt0.\n"
		"\n"
		"The exit status is 0 if it is done, 1 if it failed, 2 for a wrong command line.\n",
	.options = BIT(OPT_JSON) | BIT(OPT_VERSION),
	.members = members,
	.run = list_run,
};
