// SPDX-License-Identifier: GPL-2.0-only
/* doctor.c - the command doctor: its report, and what the checks share */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "json.h"

static const char *const finding_words[] = {
	[FINDING_OK] = "ok",
	[FINDING_NOTE] = "note",
	[FINDING_PROBLEM] = "problem",
};

/* What keeps the modules from being loaded is no problem while they are. */
enum finding unless_loaded(const struct doctor *doctor)
{
	return doctor->loaded ? FINDING_NOTE : FINDING_PROBLEM;
}

void doctor_report(struct doctor *doctor, const char *check,
		   enum finding finding, const char *command,
		   const char *fmt, ...)
{
	struct json_object *obj;
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	check_memory(text);

	doctor->problems += finding == FINDING_PROBLEM;
	if (doctor->findings) {
		obj = json_new_object();
		json_add_string(obj, "check", check);
		json_add_string(obj, "result", finding_words[finding]);
		json_add_string(obj, "text", text);
		if (command)
			json_add_string(obj, "command", command);
		else
			json_add_null(obj, "command");
		json_append(doctor->findings, obj);
	} else {
		printf("%-8s %-10s %s\n", finding_words[finding], check, text);
		if (command)
			printf("%19s-> %s\n", "", command);
	}
	free(text);
}

/* @path has PATH_MAX bytes. */
void doctor_path(const struct doctor *doctor, char *path, const char *fmt, ...)
{
	int length = snprintf(path, PATH_MAX, "%s", doctor->root);
	va_list args;

	if (length >= PATH_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(path + length, PATH_MAX - length, fmt, args);
	va_end(args);
}

bool doctor_exists(const struct doctor *doctor, const char *path)
{
	char full[PATH_MAX];

	doctor_path(doctor, full, "%s", path);
	return !access(full, F_OK);
}

/* Reads the first line of a file. Returns whether there is one. */
bool doctor_read(const struct doctor *doctor, const char *path, char *text,
		 size_t size)
{
	char full[PATH_MAX];
	FILE *file;
	bool read;

	doctor_path(doctor, full, "%s", path);
	file = fopen(full, "re");
	if (!file)
		return false;
	read = fgets(text, size, file);
	if (read)
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
	return read;
}

int doctor_run(const struct invocation *inv)
{
	const char *root = inv->options[OPT_ROOT];
	struct doctor doctor = { .root = root ? root : "" };
	struct json_object *obj;

	if (access(*doctor.root ? doctor.root : "/", X_OK))
		return usage_error(inv, "%s is no folder", doctor.root);
	if (!doctor_read(&doctor, "/proc/sys/kernel/osrelease", doctor.release,
			 sizeof(doctor.release))) {
		error("%s/proc is not mounted: which kernel runs is not known",
		      doctor.root);
		return EXIT_FAILURE;
	}
	if (inv->options[OPT_JSON])
		doctor.findings = json_new_array();

	check_loaded(&doctor);
	check_headers(&doctor);
	check_compiler(&doctor);
	check_modules(&doctor);
	check_signatures(&doctor);
	check_devices(&doctor);
	check_holders(&doctor);

	if (doctor.findings) {
		obj = json_new_object();
		json_add_string(obj, "kernel", doctor.release);
		json_add_uint(obj, "problems", doctor.problems);
		json_add(obj, "findings", doctor.findings);
		json_print(obj);
	} else if (!doctor.problems) {
		printf("No problem found.\n");
	}
	return doctor.problems ? EXIT_FAILURE : EXIT_SUCCESS;
}
