// SPDX-License-Identifier: GPL-2.0-only
/* help.c - the help, made from the table of commands */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ddtctl.h"

#define COLUMNS		80

/* Returns the next line of a text, or its end; the last newline may be missing. */
const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

/* "-o, --output FILE" */
void option_usage(enum option_id id, char *text)
{
	const struct option *option = &options[id];
	char letter[8] = "";

	if (option->letter)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(text, OPTION_USAGE_SIZE, "%s--%s%s%s", letter, option->name,
		 option->arg ? " " : "", option->arg ? option->arg : "");
}

/* Makes "ddtctl submit [--count N] DEV OP". */
void usage(const struct command *command, const char *path,
	   char *line)
{
	size_t n = snprintf(line, USAGE_SIZE, "ddtctl%s%s", *path ? " " : "",
			    path);

	for (unsigned int i = 0; i < NR_OPTIONS; i++) {
		if (!(command->options & BIT(i)))
			continue;
		n += snprintf(line + n, USAGE_SIZE - n, " [--%s%s%s]",
			      options[i].name, options[i].arg ? " " : "",
			      options[i].arg ? options[i].arg : "");
	}
	snprintf(line + n, USAGE_SIZE - n, "%s%s", *command->args ? " " : "",
		 command->args);
}

/* Returns where the word ends that begins at @s; [in brackets] it is one. */
static const char *word_end(const char *s)
{
	int depth = 0;

	for (; *s && (*s != ' ' || depth); s++)
		depth += (*s == '[') - (*s == ']');
	return s;
}

/* In lines that fit, all but the first one indented. */
static void print_usage(FILE *out, const struct invocation *inv)
{
	size_t indent = strlen("usage: ddtctl ");
	const char *word, *end;
	char line[USAGE_SIZE];
	size_t column;

	usage(inv->command, inv->path, line);
	column = fprintf(out, "usage:");
	for (word = line; *word; word = end + (*end == ' ')) {
		end = word_end(word);
		if (column + 1 + (end - word) > COLUMNS) {
			fprintf(out, "\n%*s", (int)indent - 1, "");
			column = indent - 1;
		}
		column += fprintf(out, " %.*s", (int)(end - word), word);
	}
	putc('\n', out);
}

/*
 * Lists the commands of a group and of the groups in it, whose path is @path.
 * Returns how many there are.
 */
unsigned int flat_commands(const struct command *group, const char *path,
			   struct flat_command *list)
{
	const struct command *member;
	unsigned int nr = 0;
	char below[32];

	for (member = group->members; member && member->name; member++) {
		snprintf(below, sizeof(below), "%s%s%s", path,
			 *path ? " " : "", member->name);
		if (member->members) {
			nr += flat_commands(member, below, list + nr);
			continue;
		}
		list[nr].command = member;
		memcpy(list[nr++].path, below, sizeof(below));
	}
	return nr;
}

static void print_members(const struct command *group)
{
	struct flat_command list[MAX_COMMANDS];
	unsigned int nr = flat_commands(group, "", list);
	char left[64];

	for (unsigned int i = 0; i < nr; i++) {
		snprintf(left, sizeof(left), "  %s %s", list[i].path,
			 list[i].command->args);
		if (strlen(left) > 31)
			printf("%s\n%31s", left, "");
		else
			printf("%-31s", left);
		printf(" %s\n", list[i].command->help);
	}
}

static void print_examples(const char *examples)
{
	for (; *examples; examples = next_line(examples))
		printf("  %.*s\n", (int)strcspn(examples, "\n"), examples);
}

static void print_options(const struct command *command)
{
	unsigned int accepted = command->options | BIT(OPT_HELP);
	char left[OPTION_USAGE_SIZE];

	for (unsigned int i = 0; i < NR_OPTIONS; i++) {
		if (!(accepted & BIT(i)))
			continue;
		option_usage(i, left);
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
		print_members(command);
	}
	printf("\nOptions:\n");
	print_options(command);
	if (command->examples) {
		printf("\nExamples:\n");
		print_examples(command->examples);
	}
}

int help_run(const struct invocation *inv)
{
	const char *shell = inv->options[OPT_COMPLETION];
	struct invocation topic = {
		.command = &root,
		.args = inv->args,
		.nr_args = inv->nr_args,
	};

	if (inv->options[OPT_COMPLETE]) {
		complete_words(inv->dashes ? inv->dashes : inv->args);
		return EXIT_SUCCESS;
	}
	if (inv->nr_args && (shell || inv->options[OPT_MAN]))
		return usage_error(inv, "%s is one argument too many",
				   inv->args[0]);
	if (inv->options[OPT_MAN]) {
		print_man();
		return EXIT_SUCCESS;
	}
	if (shell && !print_completion(shell))
		return usage_error(inv, "no completion for %s, only for bash, zsh and fish",
				   shell);
	if (shell)
		return EXIT_SUCCESS;

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
