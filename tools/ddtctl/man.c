// SPDX-License-Identifier: GPL-2.0-only
/* man.c - the man page, made from the table of commands */

#include <stdio.h>
#include <string.h>

#include "ddtctl.h"

/* Prints text of which roff is to change nothing. */
static void print_literal(const char *text, size_t length)
{
	if (length && (*text == '.' || *text == '\''))
		printf("\\&");
	for (; length; text++, length--) {
		if (*text == '-')
			printf("\\-");
		else if (*text == '\\')
			printf("\\e");
		else
			putchar(*text);
	}
}

/*
 * Prints lines. Those that begin with a blank stay as they are, the others
 * become paragraphs.
 */
static void print_text(const char *text)
{
	bool verbatim = false;
	size_t length;

	for (; *text; text = next_line(text)) {
		length = strcspn(text, "\n");
		if (verbatim != (*text == ' ')) {
			verbatim = !verbatim;
			puts(verbatim ? ".RS\n.nf" : ".fi\n.RE");
		}
		if (!length) {
			/* Where a paragraph follows. */
			if (text[1] && text[1] != ' ')
				puts(".PP");
			continue;
		}
		print_literal(text + verbatim, length - verbatim);
		putchar('\n');
	}
	if (verbatim)
		puts(".fi\n.RE");
}

static void print_synopsis(const struct command *command, const char *path)
{
	char line[USAGE_SIZE];
	size_t name;

	usage(command, path, line);
	name = strlen("ddtctl ") + strlen(path);
	printf(".br\n\\fB");
	print_literal(line, name);
	printf("\\fR");
	print_literal(line + name, strlen(line + name));
	putchar('\n');
}

static void print_command(const struct command *command, const char *path)
{
	char help[128];

	printf(".TP\n.B ");
	print_literal(path, strlen(path));
	if (*command->args) {
		putchar(' ');
		print_literal(command->args, strlen(command->args));
	}
	putchar('\n');
	snprintf(help, sizeof(help), "%s.\n", command->help);
	print_text(help);
	if (command->details) {
		puts(".RS\n.PP");
		print_text(command->details);
		puts(".RE");
	}
}

static void print_options(void)
{
	char text[OPTION_USAGE_SIZE];

	for (unsigned int i = 0; i < NR_OPTIONS; i++) {
		option_usage(i, text);
		printf(".TP\n.B ");
		print_literal(text, strlen(text));
		putchar('\n');
		print_text(options[i].help);
	}
}

static void print_examples(const struct command *command)
{
	if (!command->examples)
		return;
	printf(".TP\n");
	print_literal(command->help, strlen(command->help));
	printf(":\n.nf\n");
	for (const char *s = command->examples; *s; s = next_line(s)) {
		print_literal(s, strcspn(s, "\n"));
		putchar('\n');
	}
	puts(".fi");
}

void print_man(void)
{
	struct flat_command list[MAX_COMMANDS];
	unsigned int nr = flat_commands(&root, "", list);

	printf(".\\\" made by: ddtctl help --man\n");
	printf(".TH DDTCTL 1 %s \"ddtctl %s\" \"User Commands\"\n",
	       DDTCTL_DATE, DDTCTL_VERSION);
	printf(".SH NAME\nddtctl \\- %s\n", root.help);

	printf(".SH SYNOPSIS\n.nh\n.ad l\n\\fBddtctl\\fR [\\-\\-json]\n");
	for (unsigned int i = 0; i < nr; i++)
		print_synopsis(list[i].command, list[i].path);
	printf(".hy\n.ad\n");

	printf(".SH DESCRIPTION\n");
	print_text(root.details);
	printf(".SH COMMANDS\n");
	for (unsigned int i = 0; i < nr; i++)
		print_command(list[i].command, list[i].path);
	printf(".SH OPTIONS\n");
	print_options();

	printf(".SH EXIT STATUS\n");
	printf(".TP\n0\nWhat was asked for is done.\n");
	printf(".TP\n1\nIt failed, or not all of it was done.\n");
	printf(".TP\n2\nThe command line makes no sense.\n");

	printf(".SH FILES\n");
	printf(".TP\n.I /dev/ddt0\nA drive; the others are numbered on.\n");
	printf(".TP\n.I /dev/ddt\\-control\nAdds and removes drives.\n");
	printf(".TP\n.I /sys/module/ddt_drive\n");
	printf("There while the driver is loaded; its parameters.\n");

	printf(".SH EXAMPLES\n");
	for (unsigned int i = 0; i < nr; i++)
		print_examples(list[i].command);

	printf(".SH SEE ALSO\n");
	printf(".BR modinfo (8),\n.BR perf\\-sched (1),\n");
	printf(".BR trace\\-cmd (1)\n");
}
