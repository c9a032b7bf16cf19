/* SPDX-License-Identifier: GPL-2.0-only */
/* ddtctl.h - the commands, and what all parts of ddtctl share */
#ifndef DDTCTL_H
#define DDTCTL_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define DDTCTL_DATE	"2026-11-21"

/* Beside EXIT_SUCCESS and EXIT_FAILURE: the command line makes no sense. */
#define EXIT_USAGE	2

#define BIT(nr)		(1U << (nr))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __printf(format, args)					\
	__attribute__((__format__(__printf__,			\
				  format, args)))

/* The order is that of the usage lines. */
enum option_id {
	OPT_COUNT,
	OPT_INTERVAL,
	OPT_WAIT,
	OPT_TIMEOUT,
	OPT_OUTPUT,
	OPT_SVG,
	OPT_SECONDS,
	OPT_BUFFER,
	OPT_ROOT,
	OPT_OPS,
	OPT_TIMES,
	OPT_DELAY,
	OPT_PROTECT,
	OPT_INDEX,
	OPT_CAPACITY,
	OPT_DEPTH,
	OPT_NICE,
	OPT_MAN,
	OPT_COMPLETION,
	OPT_COMPLETE,
	OPT_JSON,
	OPT_HELP,
	OPT_VERSION,
	NR_OPTIONS
};

/*
 * An option, named --name and perhaps -letter; with an argument if @arg is set.
 */
struct option {
	const char *name;
	char letter;
	const char *arg;
	const char *words;		/* what @arg can be, or NULL */
	const char *help;
};

struct invocation;

/*
 * A command, or a group of commands. A group with a function of its own is a
 * command too: for arguments that do not begin with the name of a member.
 */
struct command {
	const char *name;
	const char *args;
	const char *help;		/* one line */
	const char *details;		/* more of it, or NULL */
	const char *examples;		/* command lines, or NULL */
	const char *words;		/* what OP and the like in @args can be */
	unsigned int min_args;
	unsigned int max_args;
	unsigned int options;		/* bits of enum option_id */
	const struct command *members;	/* the last one has no name */
	int (*run)(const struct invocation *inv);
};

/* Every command that is no group, with the groups that it is in. */
#define MAX_COMMANDS	64

struct flat_command {
	const struct command *command;
	char path[32];
};

/* A command line. */
struct invocation {
	const struct command *command;
	char path[32];			/* of the command: "priority set" */
	char **args;
	unsigned int nr_args;
	char **dashes;			/* the arguments behind --, or NULL */
	/* The argument, or "" if it has none; NULL if it is not given. */
	const char *options[NR_OPTIONS];
};

/* commands.c */
extern const struct command root;

/* parse.c */
extern const struct option options[NR_OPTIONS];
bool is_option(const char *arg);
int find_option(const char *word);
int parse_command_line(struct invocation *inv, char **argv);
void find_command(struct invocation *inv);

/* help.c */
#define USAGE_SIZE		512
#define OPTION_USAGE_SIZE	64
const char *next_line(const char *line);
void usage(const struct command *command, const char *path,
	   char *line);
void option_usage(enum option_id id, char *text);
unsigned int flat_commands(const struct command *group, const char *path,
			   struct flat_command *list);
void print_help(const struct invocation *inv);
int help_run(const struct invocation *inv);
__printf(2, 3)
int usage_error(const struct invocation *inv, const char *fmt, ...);

/* man.c, completion.c */
void print_man(void);
bool print_completion(const char *shell);
void complete_words(char **words);

/* error.c */
__printf(1, 2)
void error(const char *fmt, ...);
void *check_memory(void *p);

/* progress.c */
__printf(1, 2)
void progress(const char *fmt, ...);
void progress_end(void);

/* output.c */
void output_init(void);
void output_flush(void);
bool output_failed(void);
int output_finish(int status);

/* The functions of the commands. */
int list_run(const struct invocation *inv);
int info_run(const struct invocation *inv);
int stats_run(const struct invocation *inv);
int priority_get_run(const struct invocation *inv);
int priority_set_run(const struct invocation *inv);
int submit_run(const struct invocation *inv);
int wait_run(const struct invocation *inv);
int cancel_run(const struct invocation *inv);
int flush_run(const struct invocation *inv);
int model_get_run(const struct invocation *inv);
int model_set_run(const struct invocation *inv);
int fault_add_run(const struct invocation *inv);
int fault_list_run(const struct invocation *inv);
int fault_remove_run(const struct invocation *inv);
int eject_run(const struct invocation *inv);
int insert_run(const struct invocation *inv);
int add_run(const struct invocation *inv);
int remove_run(const struct invocation *inv);
int doctor_run(const struct invocation *inv);
int top_run(const struct invocation *inv);
int timeline_run(const struct invocation *inv);

#endif /* DDTCTL_H */
