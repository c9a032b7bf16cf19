// SPDX-License-Identifier: GPL-2.0-only
/*
 * completion.c - completing command lines, by the table of commands
 *
 * The scripts for the shells only ask: ddtctl help --complete -- WORD... prints
 * what the last word can become, one a line; or, where the shell itself knows
 * better, FILE, FOLDER or COMMAND.
 */

#include <stdio.h>
#include <string.h>

#include "ddtctl.h"
#include "drive.h"

/* What precedes the word to be completed. */
struct context {
	const struct command *command;
	const struct option *option;	/* whose argument is the word, or NULL */
	unsigned int nr_args;
	bool dashes;			/* there was a -- */
};

/* Prints @prefix and @word, if that is how the line goes on. */
static void offer(const char *prefix, const char *word, size_t length,
		  const char *typed)
{
	size_t typed_length = strlen(typed);

	if (typed_length <= length && !strncmp(word, typed, typed_length))
		printf("%s%.*s\n", prefix, (int)length, word);
}

static void offer_words(const char *prefix, const char *words,
			const char *typed)
{
	size_t length;

	for (; *words; words += length + strspn(words + length, " ")) {
		length = strcspn(words, " ");
		offer(prefix, words, length, typed);
	}
}

static void offer_drives(const char *typed)
{
	struct drive_names names;

	if (drive_names_get(&names))
		return;
	for (int i = 0; i < names.nr; i++)
		offer("", names.names[i], strlen(names.names[i]), typed);
	drive_names_put(&names);
}

static void offer_members(const struct command *group, const char *typed)
{
	for (const struct command *m = group->members; m && m->name; m++)
		offer("", m->name, strlen(m->name), typed);
}

static void offer_options(const struct command *command, const char *typed)
{
	unsigned int accepted = command->options | BIT(OPT_HELP);
	char name[32];

	for (unsigned int i = 0; i < NR_OPTIONS; i++) {
		snprintf(name, sizeof(name), "--%s", options[i].name);
		if (accepted & BIT(i))
			offer("", name, strlen(name), typed);
	}
}

static void offer_values(const struct option *option, const char *typed)
{
	const char *comma = strrchr(typed, ',');
	char prefix[64] = "";

	if (!strcmp(option->arg, "FILE") || !strcmp(option->arg, "FOLDER")) {
		puts(option->arg);
		return;
	}
	if (!option->words)
		return;
	if (!strcmp(option->arg, "LIST") && comma) {
		snprintf(prefix, sizeof(prefix), "%.*s",
			 (int)(comma + 1 - typed), typed);
		typed = comma + 1;
	}
	offer_words(prefix, option->words, typed);
}

/* Copies argument @n of a command, as its usage has it; the last may repeat. */
static bool find_arg(const struct command *command, unsigned int n, char *arg,
		     size_t size)
{
	const char *s = command->args;
	size_t length;

	*arg = '\0';
	/* The names of the members are no argument. */
	if (command->members)
		s += strcspn(s, " ");
	for (s += strspn(s, " "); *s; s += length + strspn(s + length, " ")) {
		length = strcspn(s, " ");
		snprintf(arg, size, "%.*s", (int)length, s);
		if (!n-- || strstr(arg, "..."))
			return true;
	}
	return false;
}

static void offer_args(const struct context *context, const char *typed)
{
	const struct command *command = context->command;
	char arg[32];

	if (!context->nr_args)
		offer_members(command, typed);
	/* Those of a group are arguments of its members. */
	if (!command->run || command == &root ||
	    !find_arg(command, context->nr_args, arg, sizeof(arg)))
		return;
	if (strstr(arg, "DEV"))
		offer_drives(typed);
	else if (strstr(arg, "COMMAND"))
		offer_members(&root, typed);
	else if (command->words && !strstr(arg, "OFFSET") &&
		 !strstr(arg, "LENGTH"))
		offer_words("", command->words, typed);
}

static const struct command *find_member(const struct command *group,
					 const char *name)
{
	for (const struct command *m = group->members; m && m->name; m++) {
		if (!strcmp(m->name, name))
			return m;
	}
	return NULL;
}

static void add_word(struct context *context, const char *word)
{
	const struct command *member = NULL;
	int id;

	if (context->option) {
		/* bash has the = of --ops=read as a word of its own. */
		if (strcmp(word, "="))
			context->option = NULL;
	} else if (!context->dashes && !strcmp(word, "--")) {
		context->dashes = true;
	} else if (!context->dashes && is_option(word)) {
		id = find_option(word);
		if (id >= 0 && options[id].arg && !strchr(word, '='))
			context->option = &options[id];
	} else {
		if (!context->nr_args)
			member = find_member(context->command, word);
		if (member)
			context->command = member;
		else
			context->nr_args++;
	}
}

/* Prints what the last of @words can become; they end with NULL. */
void complete_words(char **words)
{
	struct context context = { .command = &root };
	const char *typed = "", *value;

	for (; *words && words[1]; words++)
		add_word(&context, *words);
	if (*words)
		typed = *words;

	value = strchr(typed, '=');
	if (context.option) {
		offer_values(context.option, strcmp(typed, "=") ? typed : "");
	} else if (context.dashes) {
		if (strstr(context.command->args, "-- COMMAND"))
			puts("COMMAND");
		else
			offer_args(&context, typed);
	} else if (*typed == '-' && value) {
		/* zsh and fish have --ops=read as one word. */
		int id = find_option(typed);

		if (id >= 0 && options[id].words)
			offer_words("", options[id].words, value + 1);
	} else if (*typed == '-') {
		offer_options(context.command, typed);
		if (context.command->words)
			offer_words("", context.command->words, typed);
	} else {
		offer_args(&context, typed);
	}
}

static const char bash_script[] =
	"# bash completion of ddtctl, made by: ddtctl help --completion bash\n"
	"_ddtctl()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} words\n"
	"\n"
	"\twords=$(\"${COMP_WORDS[0]}\" help --complete -- \\\n"
	"\t\t\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
	"\t[[ $cur != = ]] || cur=\n"
	"\tcase $words in\n"
	"\tFILE) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
	"\tFOLDER) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
	"\tCOMMAND) mapfile -t COMPREPLY < <(compgen -c -- \"$cur\") ;;\n"
	"\t*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
	"\tesac\n"
	"\t[[ $words != F* ]] || compopt -o filenames 2>/dev/null\n"
	"\t[[ $words != *= ]] || compopt -o nospace 2>/dev/null\n"
	"}\n"
	"complete -F _ddtctl ddtctl\n";

static const char zsh_script[] =
	"#compdef ddtctl\n"
	"# zsh completion of ddtctl, made by: ddtctl help --completion zsh\n"
	"_ddtctl()\n"
	"{\n"
	"\tlocal said=$(\"${words[1]}\" help --complete -- \\\n"
	"\t\t\"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
	"\tlocal -a list=(\"${(@f)said}\")\n"
	"\n"
	"\tcase $said in\n"
	"\t'') return 1 ;;\n"
	"\tFILE) _files ;;\n"
	"\tFOLDER) _files -/ ;;\n"
	"\tCOMMAND) _command_names ;;\n"
	"\t*=) compadd -S '' -- \"${list[@]}\" ;;\n"
	"\t*)\n"
	"\t\tcompset -P '--*='\n"
	"\t\tcompadd -- \"${list[@]}\"\n"
	"\t\t;;\n"
	"\tesac\n"
	"}\n"
	"if [ \"${funcstack[1]}\" = _ddtctl ]; then\n"
	"\t_ddtctl \"$@\"\n"
	"else\n"
	"\tcompdef _ddtctl ddtctl\n"
	"fi\n";

static const char fish_script[] =
	"# fish completion of ddtctl, made by: ddtctl help --completion fish\n"
	"function __ddtctl_complete\n"
	"\tset -l words (commandline -opc) (commandline -ct)\n"
	"\tset -l said ($words[1] help --complete -- $words[2..-1] 2>/dev/null)\n"
	"\tswitch \"$said\"\n"
	"\tcase FILE\n"
	"\t\t__fish_complete_path (commandline -ct)\n"
	"\tcase FOLDER\n"
	"\t\t__fish_complete_directories (commandline -ct)\n"
	"\tcase COMMAND\n"
	"\t\t__fish_complete_command\n"
	"\tcase '*'\n"
	"\t\tset -l option (string match -r -- '^--.*=' (commandline -ct); or echo)\n"
	"\t\tfor word in $said\n"
	"\t\t\techo $option$word\n"
	"\t\tend\n"
	"\tend\n"
	"end\n"
	"complete -c ddtctl -f -a '(__ddtctl_complete)'\n";

/* Returns whether there is a completion for that shell, which it prints. */
bool print_completion(const char *shell)
{
	static const struct {
		const char *shell, *script;
	} scripts[] = {
		{ "bash", bash_script },
		{ "zsh", zsh_script },
		{ "fish", fish_script },
	};

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		if (strcmp(scripts[i].shell, shell))
			continue;
		fputs(scripts[i].script, stdout);
		return true;
	}
	return false;
}
