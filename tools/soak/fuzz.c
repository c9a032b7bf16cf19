// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz.c - calls the drive with what is right, nearly right and wrong
 *
 *   fuzz [--seconds N] [--seed N] [--threads N] [--corpus DIR]
 *        [--corpus-out DIR] [--replay FILE] [--verbose]
 *
 * Runs programs: sequences of calls from up to three threads. They come from the
 * corpus, changed, or from nothing. One that reaches what none has reached before
 * is made as short as it can be and kept; with --corpus-out, as a file too. With
 * CONFIG_KCOV what is reached are blocks of the driver, else results of calls.
 *
 * --threads is how many processes do so at the same time. Each has drives of its
 * own, which it adds with /dev/ddt-control.
 *
 * The last line is "fuzz: N calls, ...: ok"; or, with exit status 1, there is a
 * line with FAILURE and the program, which is in a file too: --replay runs it.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ddtctl/tests/check.h"
#include "fuzz.h"

struct shared *shared;
bool verbose;

static uint64_t seed = 1, seconds = 60;
static unsigned int nr_processes = 2;
static const char *corpus_in, *corpus_out, *replay;
static pid_t pids[MAX_PROCESSES];

/* Failures */

/* Opens a file for what failed, where one can be written. */
static FILE *open_failure(char *name, size_t size)
{
	const char *const folders[] = { corpus_out, ".", "/tmp" };
	FILE *file = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(folders) && !file; i++) {
		if (!folders[i])
			continue;
		snprintf(name, size, "%s/fuzz-failure-%d", folders[i],
			 getpid());
		file = fopen(name, "we");
	}
	return file;
}

void fail(const struct program *program, const char *fmt, ...)
{
	char name[PATH_MAX], said[256];
	va_list args;
	FILE *file;

	/* One is enough. */
	if (atomic_exchange(&shared->failed, true))
		_exit(1);
	va_start(args, fmt);
	vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
	printf("fuzz: FAILURE: %s\n", said);
	if (program) {
		write_program(stdout, program);
		file = open_failure(name, sizeof(name));
		if (file) {
			fprintf(file, "# %s\n", said);
			write_program(file, program);
			fclose(file);
			printf("fuzz: the program is in %s\n", name);
		}
	}
	fflush(stdout);
	_exit(1);
}

static void check_tainted(const struct program *program)
{
	const char *taint = new_taint();

	if (taint)
		fail(program, "the kernel reported trouble: tainted %s", taint);
}

/* The corpus */

static void add_to_corpus(const struct program *program)
{
	unsigned int i = shared->nr_corpus++;

	if (i >= MAX_CORPUS) {
		shared->nr_corpus = MAX_CORPUS;
		return;
	}
	shared->corpus[i] = *program;
	shared->ready[i] = true;
}

static void write_to_corpus(const struct program *program)
{
	char name[PATH_MAX];
	uint64_t hash = 0xcbf29ce484222325;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	require(file, "memory");
	write_program(file, program);
	fclose(file);
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3;
	snprintf(name, sizeof(name), "%s/%016llx", corpus_out,
		 (unsigned long long)hash);
	file = fopen(name, "we");
	require(file, name);
	require(fwrite(text, size, 1, file) == 1 && !fclose(file), name);
	free(text);
}

static bool load(const char *name, struct program *program)
{
	FILE *file = fopen(name, "re");
	bool good;

	require(file, name);
	good = read_program(file, program);
	fclose(file);
	return good;
}

static int is_program(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* In the order of their names. */
static void load_corpus(const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_program, alphasort);

	for (int i = 0; i < n; i++) {
		static struct program program;
		char name[PATH_MAX];

		snprintf(name, sizeof(name), "%s/%s", folder,
			 entries[i]->d_name);
		if (load(name, &program))
			add_to_corpus(&program);
		else
			printf("fuzz: %s is no program\n", name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	shared->nr_seeds = shared->nr_corpus;
}

/* Beside this program. */
static const char *default_corpus(void)
{
	static char name[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", name, sizeof(name) - 16);

	if (n < 0)
		return "corpus";
	name[n] = 0;
	strcat(dirname(name), "/corpus");
	return name;
}

/* A process that runs programs */

static unsigned int nr;			/* which */
static uint64_t random_state;

static void run(const struct program *program)
{
	shared->current[nr] = *program;
	shared->beats[nr]++;
	execute(&shared->current[nr]);
	check_tainted(&shared->current[nr]);
}

/* Drops all calls without which it still reaches @items. */
static void minimise(struct program *program, const uint64_t *items,
		     unsigned int n)
{
	static struct program shorter;

	for (unsigned int i = program->n; i-- > 0 && program->n > 1;) {
		shorter = *program;
		remove_call(&shorter, i);
		run(&shorter);
		if (cover_has(items, n))
			*program = shorter;
	}
}

static void run_and_keep(struct program *program, bool of_corpus)
{
	static uint64_t items[4096];
	unsigned int n;

	run(program);
	n = cover_take_new(items, ARRAY_SIZE(items));
	if (!n || of_corpus)
		return;
	minimise(program, items, n);
	add_to_corpus(program);
	if (corpus_out)
		write_to_corpus(program);
}

static const struct program *pick(void)
{
	unsigned int n = shared->nr_corpus, i;

	if (!n)
		return NULL;
	i = below(&random_state, n < MAX_CORPUS ? n : MAX_CORPUS);
	return shared->ready[i] ? &shared->corpus[i] : NULL;
}

static void run_next(void)
{
	static struct program program;
	const struct program *picked, *other;
	unsigned int i = shared->next_seed < shared->nr_seeds ?
			 shared->next_seed++ : UINT_MAX;

	if (i < shared->nr_seeds) {
		program = shared->corpus[i];
		run_and_keep(&program, true);
		return;
	}
	picked = pick();
	other = pick();
	if (!picked || !below(&random_state, 8)) {
		generate(&program, &random_state);
	} else {
		program = *picked;
		mutate(&program, other ? other : picked, &random_state);
	}
	run_and_keep(&program, false);
}

static noreturn void fuzz(unsigned int i, unsigned int life)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	nr = i;
	random_state = (seed * MAX_PROCESSES + i) * 0x9e3779b97f4a7c15 + life;
	random_state |= 1;
	for (int j = 0; j < 8; j++)
		next_random(&random_state);
	execute_init(i, random_state);
	while (!shared->stop)
		run_next();
	_exit(0);
}

static void start(unsigned int i)
{
	static unsigned int lives;

	lives++;
	fflush(stdout);
	pids[i] = fork();
	require(pids[i] >= 0, "fork()");
	if (!pids[i])
		fuzz(i, lives);
}

/* The parent */

static void report(const char *end)
{
	printf("fuzz: %lu calls, %lu programs, coverage %u %s, corpus %u%s\n",
	       shared->calls, shared->programs, shared->nr_cover,
	       access("/sys/kernel/debug/kcov", F_OK) ? "results" : "blocks",
	       shared->nr_corpus, end);
	fflush(stdout);
}

static void kill_all(void)
{
	for (unsigned int i = 0; i < nr_processes; i++)
		if (pids[i])
			kill(pids[i], SIGKILL);
}

/* One that has ended has failed, or was told to. */
static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned int i = 0; i < nr_processes; i++) {
			if (pids[i] != pid)
				continue;
			pids[i] = 0;
			if (!status && shared->stop)
				continue;
			kill_all();
			if (shared->failed)
				exit(1);
			fail(&shared->current[i], "the process ended with status %x",
			     status);
		}
	}
}

static bool any_alive(void)
{
	for (unsigned int i = 0; i < nr_processes; i++)
		if (pids[i])
			return true;
	return false;
}

static void remove_drives(void)
{
	int control = open("/dev/ddt-control", O_RDWR | O_CLOEXEC);

	for (uint32_t i = FIRST_INDEX; i < END_INDEX; i++) {
		struct ddt_drive_remove arg = { .size = sizeof(arg), .index = i };

		call_on(control, DDT_DRIVE_IOC_REMOVE, &arg);
	}
	close(control);
}

/* Fails if a process has not begun another program for two minutes. */
static void watch(unsigned int i, uint64_t *seen, uint64_t *since)
{
	if (*seen != shared->beats[i]) {
		*seen = shared->beats[i];
		*since = now_ns();
	}
	if (now_ns() - *since < 120 * SEC)
		return;
	kill_all();
	fail(&shared->current[i], "it does not end, and cannot be ended");
}

static void supervise(void)
{
	uint64_t end = now_ns() + seconds * SEC;
	uint64_t next_report = now_ns() + 30 * SEC;
	uint64_t seen[MAX_PROCESSES] = { 0 }, since[MAX_PROCESSES];

	for (unsigned int i = 0; i < nr_processes; i++) {
		start(i);
		since[i] = now_ns();
	}
	while (any_alive()) {
		usleep(20000);
		reap();
		for (unsigned int i = 0; i < nr_processes; i++)
			if (pids[i])
				watch(i, &seen[i], &since[i]);
		/* The corpus is run however long that takes. */
		if (now_ns() > end && shared->next_seed >= shared->nr_seeds)
			shared->stop = true;
		if (now_ns() > next_report) {
			report("");
			next_report = now_ns() + 30 * SEC;
		}
	}
}

static void replay_program(void)
{
	static struct program program;

	require(load(replay, &program), replay);
	execute_init(0, seed);
	run(&program);
	cover_take_new(NULL, 0);
	remove_drives();
	report(": ok");
	exit(0);
}

static noreturn void print_usage(void)
{
	fprintf(stderr, "usage: fuzz [--seconds N] [--seed N] [--threads N] [--corpus DIR]\n"
		"            [--corpus-out DIR] [--replay FILE] [--verbose]\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{ "threads", required_argument, NULL, 't' },
		{ "corpus", required_argument, NULL, 'c' },
		{ "corpus-out", required_argument, NULL, 'o' },
		{ "replay", required_argument, NULL, 'p' },
		{ "verbose", no_argument, NULL, 'v' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 's':
			seconds = strtoull(optarg, NULL, 0);
			break;
		case 'r':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			nr_processes = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			corpus_in = optarg;
			break;
		case 'o':
			corpus_out = optarg;
			break;
		case 'p':
			replay = optarg;
			break;
		case 'v':
			verbose = true;
			break;
		default:
			print_usage();
		}
	}
	if (optind < argc || !nr_processes || nr_processes > MAX_PROCESSES)
		print_usage();
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	require(shared != MAP_FAILED, "memory");
	check_tainted(NULL);
	if (!cover_init())
		printf("fuzz: no kcov: feedback is from the results of calls only\n");
	if (replay)
		replay_program();
	load_corpus(corpus_in ? corpus_in : default_corpus());
	printf("fuzz: %u processes, seed %llu, corpus %u\n", nr_processes,
	       (unsigned long long)seed, shared->nr_corpus);
	fflush(stdout);
	supervise();
	remove_drives();
	report(": ok");
	return 0;
}
