// SPDX-License-Identifier: GPL-2.0-only
/* timeline.c - the command timeline */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"
#include "number.h"
#include "timeline.h"

#define DEFAULT_SECONDS		5.0
#define MAX_SECONDS		86400.0
#define DEFAULT_BUFFER_KIB	4096
#define MAX_BUFFER_KIB		(1024 * 1024)
#define DRAIN_NS		20000000

struct plan {
	double seconds;
	uint32_t buffer_kib;
	char **command;		/* or NULL */
};

/* Where the timeline is written, as the options say. */
struct output {
	enum option_id option;
	void (*write)(FILE *file, const struct timeline *timeline);
	FILE *file;
};

static struct output outputs[] = {
	{ .option = OPT_OUTPUT, .write = timeline_write_json },
	{ .option = OPT_SVG, .write = timeline_write_svg },
};

/* Ends of the recording, which is kept then and its instance removed. */
static const int end_signals[] = { SIGINT, SIGTERM, SIGHUP };

/* They, and the end of the command, are waited for and never handled. */
static void block_signals(sigset_t *blocked, sigset_t *before)
{
	sigemptyset(blocked);
	for (size_t i = 0; i < ARRAY_SIZE(end_signals); i++)
		sigaddset(blocked, end_signals[i]);
	sigaddset(blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, blocked, before);
}

/* Waits a moment. Returns whether a signal came that ends the recording. */
static bool interrupted(const sigset_t *blocked)
{
	static const struct timespec moment = { .tv_nsec = DRAIN_NS };
	int signal = sigtimedwait(blocked, NULL, &moment);

	return signal > 0 && signal != SIGCHLD;
}

static int parse_plan(const struct invocation *inv, struct plan *plan)
{
	const char *seconds = inv->options[OPT_SECONDS];
	const char *buffer = inv->options[OPT_BUFFER];

	*plan = (struct plan){
		.seconds = DEFAULT_SECONDS,
		.buffer_kib = DEFAULT_BUFFER_KIB,
		.command = inv->dashes && *inv->dashes ? inv->dashes : NULL,
	};
	if (!inv->options[OPT_OUTPUT] && !inv->options[OPT_SVG])
		return usage_error(inv, "name a file with --output or --svg");
	if (seconds && plan->command)
		return usage_error(inv, "--seconds has no meaning with a COMMAND");
	if (seconds && (!parse_seconds(seconds, &plan->seconds) ||
			plan->seconds > MAX_SECONDS))
		return usage_error(inv, "%s is not a number of seconds, at most 86400",
				   seconds);
	if (buffer && (!parse_uint(buffer, &plan->buffer_kib) ||
		       !plan->buffer_kib || plan->buffer_kib > MAX_BUFFER_KIB))
		return usage_error(inv, "%s is not a size in KiB, 1 to 1048576",
				   buffer);
	return 0;
}

/* Asks a drive for what is to be known of it before. */
static int add_subject(const struct drive *drive, struct recording *recording,
		       struct subject *subjects)
{
	struct subject *subject = &subjects[recording->nr_drives];
	struct ddt_drive_stats stats;
	int err;

	for (unsigned int i = 0; i < recording->nr_drives; i++) {
		if (!strcmp(subjects[i].name, drive->name))
			return EXIT_SUCCESS;
	}
	err = drive_stats(drive, &stats);
	if (err) {
		drive_error(drive, err);
		return EXIT_FAILURE;
	}
	snprintf(subject->name, sizeof(subject->name), "%s", drive->name);
	subject->pid = drive->info.pid;
	subject->nice = drive->info.nice;
	subject->queued = stats.queued;
	subject->in_service = stats.submitted - stats.completed > stats.queued;
	recording->nr_drives++;
	return EXIT_SUCCESS;
}

/* Makes recording->drives of the arguments, or of all drives. */
static int find_subjects(const struct invocation *inv,
			 struct recording *recording)
{
	unsigned int nr = inv->dashes ?
			  (unsigned int)(inv->dashes - inv->args) :
			  inv->nr_args;
	struct drive_names names = {};
	struct subject *subjects;
	struct drive drive;
	int status = 0;

	if (!nr)
		drive_names_get(&names);
	subjects = check_memory(calloc(nr + names.nr + 1, sizeof(*subjects)));
	recording->drives = subjects;
	for (unsigned int i = 0; i < nr + names.nr && !status; i++) {
		if (nr)
			status = drive_open_arg(inv, inv->args[i], O_RDONLY,
						&drive);
		else
			status = drive_open_name(names.names[i], O_RDONLY,
						 &drive);
		if (status)
			break;
		status = add_subject(&drive, recording, subjects);
		drive_close(&drive);
	}
	drive_names_put(&names);
	if (!status && !recording->nr_drives) {
		drives_missing();
		status = EXIT_FAILURE;
	}
	return status;
}

/* Starts the command. Returns its process id, or -1 if there is none. */
static pid_t start_command(char **command, const sigset_t *signals)
{
	pid_t pid;

	if (!command)
		return -1;
	output_flush();
	pid = fork();
	if (pid < 0) {
		error("fork: %s", strerror(errno));
		exit(EXIT_FAILURE);
	}
	if (!pid) {
		sigprocmask(SIG_SETMASK, signals, NULL);
		execvp(*command, command);
		fprintf(stderr, "ddtctl: %s: %s\n", *command, strerror(errno));
		_exit(127);
	}
	return pid;
}

static double seconds_since(const struct recording *recording)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9 - recording->begin / 1e9;
}

static void show_recording(const struct recording *recording,
			   const struct plan *plan)
{
	double seconds = seconds_since(recording);

	if (plan->command)
		progress("recording: %.1f s, %zu events", seconds,
			 recording->nr_events);
	else
		progress("recording: %.1f of %.1f s, %zu events (Ctrl-C ends it)",
			 seconds, plan->seconds, recording->nr_events);
}

/* Records until it is time. Returns an exit status. */
static int record(struct recorder *recorder, struct recording *recording,
		  const struct plan *plan)
{
	bool running = true, stopped = false;
	sigset_t blocked, before;
	int command_status = 0;
	int stop_err;
	int err = 0;
	pid_t pid;

	block_signals(&blocked, &before);
	pid = start_command(plan->command, &before);
	while (running && !err && !stopped) {
		stopped = interrupted(&blocked);
		err = recorder_drain(recorder);
		show_recording(recording, plan);
		if (plan->command)
			running = !waitpid(pid, &command_status, WNOHANG);
		else
			running = seconds_since(recording) < plan->seconds;
	}
	if (plan->command && running) {
		kill(pid, SIGTERM);
		waitpid(pid, &command_status, 0);
	}
	stop_err = recorder_stop(recorder);
	progress_end();

	if (!err)
		err = stop_err;
	if (err) {
		error("reading the recording: %s", strerror(-err));
		return EXIT_FAILURE;
	}
	if (plan->command && command_status && !stopped) {
		error("%s failed: what it did until then was recorded",
		      *plan->command);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

/* Before the recording, which would be lost if they could not be written. */
static int open_outputs(const struct invocation *inv)
{
	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
		const char *path = inv->options[outputs[i].option];

		if (!path)
			continue;
		outputs[i].file = fopen(path, "we");
		if (!outputs[i].file) {
			error("%s: %s", path, strerror(errno));
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}

static int write_outputs(const struct invocation *inv,
			 const struct timeline *timeline)
{
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
		FILE *file = outputs[i].file;
		bool failed;

		if (!file)
			continue;
		outputs[i].write(file, timeline);
		failed = ferror(file);
		if (!fclose(file) && !failed)
			continue;
		error("%s: %s", inv->options[outputs[i].option],
		      strerror(errno));
		status = EXIT_FAILURE;
	}
	return status;
}

static void print_summary(const struct timeline *timeline)
{
	const struct recording *recording = timeline->recording;

	printf("recorded %.3f s, %zu events\n",
	       (recording->end - recording->begin) / 1e9,
	       recording->nr_events);
	for (unsigned int i = 0; i < recording->nr_drives; i++)
		printf("%s: %zu requests\n", recording->drives[i].name,
		       timeline->tracks[i].nr_requests);
}

static void print_summary_json(const struct timeline *timeline)
{
	const struct recording *recording = timeline->recording;
	struct json_object *obj = json_new_object(), *array = json_new_array();

	json_add_uint(obj, "duration_ns", recording->end - recording->begin);
	json_add_uint(obj, "events", recording->nr_events);
	json_add_uint(obj, "lost_events", recording->lost);
	for (unsigned int i = 0; i < recording->nr_drives; i++) {
		struct json_object *drive = json_new_object();

		json_add_string(drive, "name", recording->drives[i].name);
		json_add_uint(drive, "requests",
			      timeline->tracks[i].nr_requests);
		json_append(array, drive);
	}
	json_add(obj, "drives", array);
	json_print(obj);
}

static int write_timeline(const struct invocation *inv,
			  const struct recording *recording)
{
	struct timeline timeline;
	int status;

	timeline_build(&timeline, recording);
	status = write_outputs(inv, &timeline);
	if (inv->options[OPT_JSON])
		print_summary_json(&timeline);
	else
		print_summary(&timeline);
	timeline_free(&timeline);

	if (recording->lost) {
		error("%llu events were lost, so some requests may have no end: give --buffer more",
		      (unsigned long long)recording->lost);
		status = EXIT_FAILURE;
	}
	return status;
}

int timeline_run(const struct invocation *inv)
{
	struct recording recording = {};
	struct recorder *recorder;
	struct plan plan;
	int status;

	status = parse_plan(inv, &plan);
	if (!status)
		status = find_subjects(inv, &recording);
	if (status)
		goto free_drives;

	status = EXIT_FAILURE;
	recorder = recorder_start(&recording, plan.buffer_kib);
	if (!recorder || open_outputs(inv))
		goto free_drives;
	status = record(recorder, &recording, &plan);
	if (write_timeline(inv, &recording))
		status = EXIT_FAILURE;
	free(recording.events);
	free(recording.tasks);
free_drives:
	free((void *)recording.drives);
	return status;
}
