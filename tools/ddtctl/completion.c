// SPDX-License-Identifier: GPL-2.0-only
/* completion.c - the completion for bash, made from the table of commands */

#include <stdio.h>
#include <string.h>

#include "ddtctl.h"

/* Prints the names of an option as a pattern of bash. */
static void print_option_pattern(const struct option *option)
{
	printf("\t--%s", option->name);
	if (option->letter)
		printf(" | -%c", option->letter);
	printf(")\n");
}

/* Prints a case for each option with an argument: it is skipped. */
static void print_skip_cases(void)
{
	for (unsigned int i = 0; i < NR_OPTIONS; i++) {
		if (!options[i].arg)
			continue;
		putchar('\t');
		print_option_pattern(&options[i]);
		printf("\t\t\t((++i))\n\t\t\t;;\n");
	}
}

/* Prints a case for each option with an argument: that is completed. */
static void print_argument_cases(void)
{
	for (unsigned int i = 0; i < NR_OPTIONS; i++) {
		const char *arg = options[i].arg;

		if (!arg)
			continue;
		print_option_pattern(&options[i]);
		if (!strcmp(arg, "FILE"))
			printf("\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
			       "\t\tcompopt -o filenames 2>/dev/null\n");
		if (!strcmp(arg, "FOLDER"))
			printf("\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n");
		if (!strcmp(arg, "SHELL"))
			printf("\t\tmapfile -t COMPREPLY < <(compgen -W bash -- \"$cur\")\n");
		printf("\t\treturn\n\t\t;;\n");
	}
}

static void print_member_names(const struct command *group)
{
	for (const struct command *m = group->members; m && m->name; m++)
		printf(" %s", m->name);
}

/* Prints what an argument can be, as a word for the array args. */
static void print_arg(const struct command *command, const char *arg)
{
	if (strstr(arg, "DEV")) {
		printf("\"$drives\" ");
	} else if (strstr(arg, "COMMAND")) {
		printf("'");
		print_member_names(&root);
		printf("' ");
	} else if (command->words && (!strcmp(arg, "OP") ||
				      !strcmp(arg, "KIND"))) {
		printf("'%s' ", command->words);
	} else {
		printf("'' ");
	}
}

static void print_case(const struct command *command, const char *path)
{
	/* Those of a group are arguments of its members. */
	bool has_args = command->run && command != &root;
	const char *arg = has_args ? command->args : "";
	const char *more = "";
	char word[32];
	size_t length;

	printf("\t'%s')\n\t\toptions='", path);
	for (unsigned int i = 0; i < NR_OPTIONS; i++) {
		if ((command->options | BIT(OPT_HELP)) & BIT(i))
			printf("--%s ", options[i].name);
	}
	printf("'\n\t\tnames='");
	print_member_names(command);
	printf("'\n\t\targs=(");
	for (; *arg; arg += strspn(arg, " ")) {
		length = strcspn(arg, " ");
		snprintf(word, sizeof(word), "%.*s", (int)length, arg);
		/* The names of members are no argument. */
		if (!command->members || !strchr(word, '|'))
			print_arg(command, word);
		arg += length;
		if (strstr(word, "...")) {
			more = "yes";
			break;
		}
	}
	printf(")\n\t\tmore='%s'\n\t\t;;\n", more);
}

static void print_cases(const struct command *group, const char *path)
{
	char member_path[32];

	print_case(group, path);
	for (const struct command *m = group->members; m && m->name; m++) {
		snprintf(member_path, sizeof(member_path), "%s%s%s", path,
			 *path ? " " : "", m->name);
		print_cases(m, member_path);
	}
}

static const char script_begin[] =
	"# bash completion of ddtctl, made by: ddtctl help --completion bash\n"
	"\n"
	"# Sets what can follow a command: options, names, args, more.\n"
	"_ddtctl_command()\n"
	"{\n"
	"\tlocal drives\n"
	"\n"
	"\tdrives=$(cd /dev && compgen -G 'ddt[0-9]*')\n"
	"\tcase $1 in\n";

static const char script_middle[] =
	"\tesac\n"
	"}\n"
	"\n"
	"_ddtctl()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal path='' nr=0 options names args more i word\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\t_ddtctl_command ''\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tcase $word in\n";

static const char script_after_skips[] =
	"\t\t-*) ;;\n"
	"\t\t*)\n"
	"\t\t\tif ((!nr)) && [[ \" $names \" == *\" $word \"* ]]; then\n"
	"\t\t\t\tpath+=${path:+ }$word\n"
	"\t\t\t\t_ddtctl_command \"$path\"\n"
	"\t\t\telse\n"
	"\t\t\t\t((++nr))\n"
	"\t\t\tfi\n"
	"\t\t\t;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\n"
	"\tcase $prev in\n";

static const char script_end[] =
	"\tesac\n"
	"\tif [[ $cur == -* ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tif ((nr >= ${#args[@]} && ${#args[@]})) && [ -n \"$more\" ]; then\n"
	"\t\tnr=$((${#args[@]} - 1))\n"
	"\tfi\n"
	"\t((nr)) && names=\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$names ${args[nr]-}\" -- \"$cur\")\n"
	"}\n"
	"complete -F _ddtctl ddtctl\n";

void print_completion(void)
{
	fputs(script_begin, stdout);
	print_cases(&root, "");
	fputs(script_middle, stdout);
	print_skip_cases();
	fputs(script_after_skips, stdout);
	print_argument_cases();
	fputs(script_end, stdout);
}
