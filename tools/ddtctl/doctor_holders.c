// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor_holders.c - which processes keep ddt_drive from being unloaded
 *
 * An open file does, wherever it is: in a file descriptor, registered in an
 * io_uring, or with a request in flight. The last kind is in no folder of
 * /proc, but in the queue as debugfs shows it.
 */

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define NAME_SIZE	64

/* Where the drives of ddt_drive are in debugfs. */
#define QUEUES		"/sys/kernel/debug/ddt_drive/ddt[0-9]*/queue"

/* A process, and what it has of a drive. */
struct holder {
	int pid;
	char drive[NAME_SIZE];
};

struct holders {
	struct holder *list;
	size_t nr;
	size_t nr_rings;		/* whose files cannot be seen */
};

static bool is_held(const struct holders *holders, int pid, const char *drive)
{
	for (size_t i = 0; i < holders->nr; i++) {
		if (holders->list[i].pid == pid &&
		    !strcmp(holders->list[i].drive, drive))
			return true;
	}
	return false;
}

static void add_holder(struct holders *holders, int pid, const char *drive)
{
	struct holder *holder;

	holders->list = check_memory(reallocarray(holders->list,
						  holders->nr + 1,
						  sizeof(*holders->list)));
	holder = &holders->list[holders->nr++];
	holder->pid = pid;
	snprintf(holder->drive, sizeof(holder->drive), "%s", drive);
}

/* Returns whether there is such a process. */
static bool process_name(const struct doctor *doctor, int pid, char *name,
			 size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	return doctor_read(doctor, path, name, size);
}

/* Reports a drive that a process has open, unless it was reported. */
static void report_open(struct doctor *doctor, struct holders *holders,
			int pid, const char *drive, const char *how)
{
	char comm[32] = "?", command[64];

	if (is_held(holders, pid, drive))
		return;
	add_holder(holders, pid, drive);
	process_name(doctor, pid, comm, sizeof(comm));
	snprintf(command, sizeof(command), "sudo kill %d", pid);
	doctor_report(doctor, "open", FINDING_NOTE, command,
		      "/dev/%s is %s in %s, process %d: ddt_drive cannot be unloaded meanwhile",
		      drive, how, comm, pid);
}

/*
 * Takes the drive's name from what the kernel calls its file: "/dev/ddt0" or, in
 * an io_uring of some kernels, "ddt0"; " (deleted)" may follow. The file that is
 * polled for its events is "anon_inode:[ddt0]". Returns whether it is one.
 */
static bool drive_name(const char *target, char *name)
{
	static const char folder[] = "/dev/", events[] = "anon_inode:[";
	size_t length;

	if (!strncmp(target, folder, strlen(folder)))
		target += strlen(folder);
	else if (!strncmp(target, events, strlen(events)))
		target += strlen(events);
	if (strncmp(target, "ddt", 3))
		return false;
	length = 3 + strspn(target + 3, "0123456789");
	if (length == 3 || length >= NAME_SIZE || !strchr("]\n ", target[length]))
		return false;
	memcpy(name, target, length);
	name[length] = '\0';
	return true;
}

/*
 * Reports the drives that are registered in the io_uring of a descriptor, which
 * fdinfo has as lines "    0: /dev/ddt0" below "UserFiles:".
 */
static void check_ring(struct doctor *doctor, struct holders *holders, int pid,
		       const char *fd)
{
	char path[PATH_MAX], line[PATH_MAX], drive[NAME_SIZE];
	bool inside = false;
	const char *target;
	FILE *file;

	doctor_path(doctor, path, "/proc/%d/fdinfo/%s", pid, fd);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (*line != ' ') {
			inside = !strncmp(line, "UserFiles:", 10);
			continue;
		}
		target = strstr(line, ": ");
		if (inside && target && drive_name(target + 2, drive))
			report_open(doctor, holders, pid, drive,
				    "registered in an io_uring");
	}
	fclose(file);
}

/* Whether a process has an io_uring mapped: it lives on without a descriptor. */
static bool maps_ring(const struct doctor *doctor, int pid)
{
	char path[PATH_MAX], line[PATH_MAX];
	bool found = false;
	FILE *file;

	doctor_path(doctor, path, "/proc/%d/maps", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, "anon_inode:[io_uring]");
	fclose(file);
	return found;
}

static void check_process(struct doctor *doctor, struct holders *holders,
			  int pid)
{
	char path[PATH_MAX], target[NAME_SIZE], drive[NAME_SIZE];
	bool has_ring = false;
	glob_t found = {};
	ssize_t length;

	doctor_path(doctor, path, "/proc/%d/fd/*", pid);
	glob(path, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *fd = found.gl_pathv[i];

		length = readlink(fd, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = '\0';
		if (drive_name(target, drive)) {
			report_open(doctor, holders, pid, drive,
				    *target == '/' ? "open" :
						     "polled for events");
		} else if (!strcmp(target, "anon_inode:[io_uring]")) {
			check_ring(doctor, holders, pid, strrchr(fd, '/') + 1);
			has_ring = true;
		}
	}
	globfree(&found);
	if (!has_ring && maps_ring(doctor, pid))
		holders->nr_rings++;
}

static void check_processes(struct doctor *doctor, struct holders *holders)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *proc;
	int pid;

	doctor_path(doctor, path, "/proc");
	proc = opendir(path);
	while (proc && (entry = readdir(proc))) {
		pid = atoi(entry->d_name);
		if (pid > 0 && pid != getpid())
			check_process(doctor, holders, pid);
	}
	if (proc)
		closedir(proc);
}

/* Reports the submitter of a request in flight that has no descriptor left. */
static void check_request(struct doctor *doctor, struct holders *holders,
			  int pid, const char *drive)
{
	char comm[32], command[96];

	bool alive = process_name(doctor, pid, comm, sizeof(comm));

	/* One that has ended left detached requests as a rule: they hold nothing. */
	if (is_held(holders, pid, drive) || (!alive && holders->nr))
		return;
	add_holder(holders, pid, drive);
	snprintf(command, sizeof(command), "sudo ddtctl remove %s", drive);
	if (alive)
		doctor_report(doctor, "request", FINDING_NOTE, command,
			      "a request of %s, process %d, is in flight in %s: ddt_drive cannot be unloaded before it ends",
			      comm, pid, drive);
	else
		doctor_report(doctor, "request", FINDING_NOTE, command,
			      "a request of process %d, which has ended, is in flight in %s: ddt_drive cannot be unloaded before it ends",
			      pid, drive);
}

/* Reads the pids of the requests in a queue, the last number of their lines. */
static void check_queue(struct doctor *doctor, struct holders *holders,
			const char *path)
{
	char line[256], drive[NAME_SIZE];
	const char *name = strstr(path, "/ddt_drive/") + strlen("/ddt_drive/");
	FILE *file;
	int pid;

	snprintf(drive, sizeof(drive), "%.*s", (int)strcspn(name, "/"), name);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*[a-z] %*u %*[a-z] %*u %*u %d", &pid) == 1)
			check_request(doctor, holders, pid, drive);
	}
	fclose(file);
}

static void check_queues(struct doctor *doctor, struct holders *holders)
{
	char path[PATH_MAX];
	glob_t found = {};

	doctor_path(doctor, path, QUEUES);
	glob(path, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_queue(doctor, holders, found.gl_pathv[i]);
	globfree(&found);
}

/* Reports what can be told if something holds ddt_drive and was not found. */
static void report_unknown(struct doctor *doctor, const struct holders *holders)
{
	if (!doctor_exists(doctor, "/sys/kernel/debug/ddt_drive"))
		doctor_report(doctor, "open", FINDING_NOTE,
			      "sudo mount -t debugfs none /sys/kernel/debug",
			      "ddt_drive is in use, perhaps by a request in flight: debugfs, which would show it, is not mounted");
	else if (holders->nr_rings)
		doctor_report(doctor, "open", FINDING_NOTE,
			      "sudo grep -l io_uring /proc/[0-9]*/maps",
			      "ddt_drive is in use, perhaps by an io_uring without a descriptor (processes with one: %zu)",
			      holders->nr_rings);
	else
		doctor_report(doctor, "open", FINDING_NOTE, NULL,
			      "ddt_drive is in use, but no process that can be seen here has a drive open: one in a container, or a descriptor on its way through a socket");
}

void check_holders(struct doctor *doctor)
{
	struct holders holders = {};
	char references[32] = "";

	/* Built into the kernel, or in files made up for a test, it has none. */
	if (!doctor->loaded ||
	    (doctor_read(doctor, "/sys/module/ddt_drive/refcnt", references,
			 sizeof(references)) && !atoi(references)))
		return;
	check_processes(doctor, &holders);
	check_queues(doctor, &holders);
	if (geteuid())
		doctor_report(doctor, "open", FINDING_NOTE,
			      "sudo ddtctl doctor",
			      "only root can see which other processes have a drive open");
	else if (!holders.nr && *references)
		report_unknown(doctor, &holders);
	free(holders.list);
}
