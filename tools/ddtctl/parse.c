// SPDX-License-Identifier: GPL-2.0-only
/* parse.c - the command line, as the table of commands has it */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ddtctl.h"

const struct option options[NR_OPTIONS] = {
	[OPT_COUNT] = {
		.name = "count",
		.arg = "N",
		.help = "how many: requests to queue, samples to take",
	},
	[OPT_INTERVAL] = {
		.name = "interval",
		.arg = "SECONDS",
		.help = "time between samples (default: 1)",
	},
	[OPT_WAIT] = {
		.name = "wait",
		.help = "wait for the results and print them",
	},
	[OPT_TIMEOUT] = {
		.name = "timeout",
		.arg = "SECONDS",
		.help = "wait no longer than this",
	},
	[OPT_OUTPUT] = {
		.name = "output",
		.letter = 'o',
		.arg = "FILE",
		.help = "write JSON for Perfetto to FILE",
	},
	[OPT_SVG] = {
		.name = "svg",
		.arg = "FILE",
		.help = "draw a picture in FILE",
	},
	[OPT_SECONDS] = {
		.name = "seconds",
		.arg = "SECONDS",
		.help = "record for so long (default: 5)",
	},
	[OPT_BUFFER] = {
		.name = "buffer",
		.arg = "KIB",
		.help = "memory for each CPU (default: 4096)",
	},
	[OPT_ROOT] = {
		.name = "root",
		.arg = "FOLDER",
		.help = "where the files of the system are (default: /)",
	},
	[OPT_OPS] = {
		.name = "ops",
		.arg = "LIST",
		.words = "read write control",
		.help = "of read, write, control (default: all)",
	},
	[OPT_TIMES] = {
		.name = "times",
		.arg = "N",
		.help = "hit so often, and be gone then",
	},
	[OPT_DELAY] = {
		.name = "delay",
		.arg = "MS",
		.help = "how much longer it takes",
	},
	[OPT_PROTECT] = {
		.name = "protect",
		.help = "make it write-protected",
	},
	[OPT_INDEX] = {
		.name = "index",
		.arg = "N",
		.help = "be ddtN (default: the first free one)",
	},
	[OPT_CAPACITY] = {
		.name = "capacity",
		.arg = "BYTES",
		.words = "360k 720k 1440k 16M",
		.help = "size of the medium, as 16M",
	},
	[OPT_DEPTH] = {
		.name = "depth",
		.arg = "N",
		.help = "how many requests can be queued",
	},
	[OPT_NICE] = {
		.name = "nice",
		.arg = "NICE",
		.words = "-20 -10 -5 0 5 10 19",
		.help = "base priority of the thread",
	},
	[OPT_MAN] = {
		.name = "man",
		.help = "print the man page",
	},
	[OPT_COMPLETION] = {
		.name = "completion",
		.arg = "SHELL",
		.words = "bash zsh fish",
		.help = "print the completion for bash, zsh or fish",
	},
	[OPT_COMPLETE] = {
		.name = "complete",
		.help = "print how a command line can go on",
	},
	[OPT_JSON] = {
		.name = "json",
		.help = "print JSON",
	},
	[OPT_HELP] = {
		.name = "help",
		.letter = 'h',
		.help = "print this",
	},
	[OPT_VERSION] = {
		.name = "version",
		.help = "print the version",
	},
};

/* A number can be negative, so it is no option. */
bool is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] &&
	       !isdigit((unsigned char)arg[1]);
}

/* Finds the option that a word of the command line begins with. */
int find_option(const char *word)
{
	size_t length = strcspn(word, "=");

	for (int i = 0; i < NR_OPTIONS; i++) {
		if (word[1] == '-' && strlen(options[i].name) + 2 == length &&
		    !strncmp(options[i].name, word + 2, length - 2))
			return i;
		if (length == 2 && options[i].letter &&
		    options[i].letter == word[1])
			return i;
	}
	return -1;
}

/* Parses the option at *argv, and moves *argv to its last word. */
static int parse_option(struct invocation *inv, char ***argv)
{
	const char *name = **argv;
	const char *value = strchr(name, '=');
	int id = find_option(name);

	/* For the usage line, should there be an error. */
	find_command(inv);

	if (id < 0)
		return usage_error(inv, "unknown option %s", name);

	if (!options[id].arg) {
		if (value)
			return usage_error(inv, "--%s has no argument",
					   options[id].name);
		value = "";
	} else if (value) {
		value++;
	} else {
		value = *++*argv;
		if (!value) {
			--*argv;
			return usage_error(inv, "--%s needs an argument: %s",
					   options[id].name, options[id].arg);
		}
	}
	inv->options[id] = value;
	return 0;
}

/* Goes from inv->command to its members, as long as the arguments name one. */
void find_command(struct invocation *inv)
{
	const struct command *member = inv->command->members;
	size_t length;

	while (inv->nr_args && member && member->name) {
		if (strcmp(member->name, inv->args[0])) {
			member++;
			continue;
		}
		length = strlen(inv->path);
		snprintf(inv->path + length, sizeof(inv->path) - length, "%s%s",
			 length ? " " : "", member->name);
		inv->command = member;
		inv->args++;
		inv->nr_args--;
		member = member->members;
	}
}

static int check_options(const struct invocation *inv)
{
	unsigned int accepted = inv->command->options | BIT(OPT_HELP);

	for (unsigned int i = 0; i < NR_OPTIONS; i++) {
		if (inv->options[i] && !(accepted & BIT(i)))
			return usage_error(inv, "--%s has no meaning here",
					   options[i].name);
	}
	return 0;
}

static int check_args(const struct invocation *inv)
{
	if (inv->command == &root && inv->nr_args)
		return usage_error(inv, "unknown command %s", inv->args[0]);
	if (inv->options[OPT_HELP])
		return 0;
	if (!inv->command->run && inv->nr_args)
		return usage_error(inv, "unknown command %s", inv->args[0]);
	if (!inv->command->run || inv->nr_args < inv->command->min_args)
		return usage_error(inv, "an argument is missing");
	if (inv->nr_args > inv->command->max_args)
		return usage_error(inv, "%s is one argument too many",
				   inv->args[inv->command->max_args]);
	return 0;
}

/* Reorders @argv: inv->args is a part of it. */
int parse_command_line(struct invocation *inv, char **argv)
{
	int status = 0;

	inv->command = &root;
	if (!*argv)
		return 0;
	inv->args = argv + 1;

	for (argv++; *argv && !status; argv++) {
		if (!inv->dashes && !strcmp(*argv, "--"))
			inv->dashes = &inv->args[inv->nr_args];
		else if (!inv->dashes && is_option(*argv))
			status = parse_option(inv, &argv);
		else
			inv->args[inv->nr_args++] = *argv;
	}
	if (status)
		return status;
	inv->args[inv->nr_args] = NULL;

	find_command(inv);
	status = check_options(inv);
	return status ? status : check_args(inv);
}
