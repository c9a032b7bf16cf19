// SPDX-License-Identifier: GPL-2.0-only
/* help.c - the help, made from the table of commands */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ddtctl.h"

static void print_usage(FILE *out, const struct invocation *inv)
{
	const struct command *command = inv->command;

	fprintf(out, "usage: ddtctl%s%s", *inv->path ? " " : "", inv->path);
	for (unsigned int i = 0; i < NR_OPTIONS; i++) {
		if (!(command->options & BIT(i)))
			continue;
		if (options[i].arg)
			fprintf(out, " [--%s %s]", options[i].name,
				options[i].arg);
		else
			fprintf(out, " [--%s]", options[i].name);
	}
	if (*command->args)
		fprintf(out, " %s", command->args);
	putc('\n', out);
}

/* Prints a line for each command of a group and of the groups in it. */
static void print_members(const struct command *group, const char *path)
{
	const struct command *member;
	char left[64];

	for (member = group->members; member->name; member++) {
		snprintf(left, sizeof(left), "%s%s %s", path, member->name,
			 member->members ? "" : member->args);
		if (member->members)
			print_members(member, left);
		else
			printf("  %-29s %s\n", left, member->help);
	}
}

static void print_options(const struct command *command)
{
	unsigned int accepted = command->options | BIT(OPT_HELP);
	char left[64];

	for (unsigned int i = 0; i < NR_OPTIONS; i++) {
		if (!(accepted & BIT(i)))
			continue;
		snprintf(left, sizeof(left), "--%s %s", options[i].name,
			 options[i].arg ? options[i].arg : "");
		printf("  %-29s %s\n", left, options[i].help);
	}
}

void print_help(const struct invocation *inv)
{
	const struct command *command = inv->command;

	print_usage(stdout, inv);
	printf("\n%s: %s.\n", *inv->path ? inv->path : "ddtctl",
	       command->help);
	if (command->details)
		printf("%s", command->details);
	if (command->members) {
		printf("\nCommands:\n");
		print_members(command, "");
	}
	printf("\nOptions:\n");
	print_options(command);
}

int help_run(const struct invocation *inv)
{
	struct invocation topic = {
		.command = &root,
		.args = inv->args,
		.nr_args = inv->nr_args,
	};

	find_command(&topic);
	if (topic.nr_args)
		return usage_error(&topic, "unknown command %s",
				   topic.args[0]);
	print_help(&topic);
	return EXIT_SUCCESS;
}

/* Reports an error in the command line. Returns the exit status for it. */
int usage_error(const struct invocation *inv, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "ddtctl%s%s: ", *inv->path ? " " : "", inv->path);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	putc('\n', stderr);
	print_usage(stderr, inv);
	fprintf(stderr, "See ddtctl help%s%s\n", *inv->path ? " " : "",
		inv->path);
	return EXIT_USAGE;
}
