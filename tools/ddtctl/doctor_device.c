// SPDX-License-Identifier: GPL-2.0-only
/* doctor_device.c - whether the drives answer */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "drive.h"
#include "module.h"

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* Reports what is wrong with a node that cannot be opened or asked. */
static void report_error(struct doctor *doctor, const char *path, int err)
{
	const char *name = base_name(path);
	char command[PATH_MAX + 64];

	switch (-err) {
	case ENOENT:
		doctor_report(doctor, "node", FINDING_PROBLEM,
			      "sudo udevadm trigger --subsystem-match=misc",
			      "%s does not exist, though there is a drive %s",
			      path, name);
		break;
	case EACCES:
	case EPERM:
		snprintf(command, sizeof(command), "sudo ddtctl info %s", name);
		doctor_report(doctor, "permission", FINDING_PROBLEM, command,
			      "%s may not be opened by this user: root may", path);
		break;
	case ENXIO:
	case ENODEV:
		doctor_report(doctor, "node", FINDING_PROBLEM,
			      module_load_command(doctor->root,
						  doctor->release),
			      "%s has no driver: it was left behind, or the drive removed",
			      path);
		break;
	case EINVAL:
		doctor_report(doctor, "answer", FINDING_PROBLEM,
			      "make && sudo make unload load",
			      "%s answers as another version of ddt_drive than ddtctl's",
			      path);
		break;
	case ENOTTY:
		snprintf(command, sizeof(command), "ls -l %s", path);
		doctor_report(doctor, "node", FINDING_PROBLEM, command,
			      "%s is not a drive of ddt_drive", path);
		break;
	default:
		doctor_report(doctor, "answer", FINDING_PROBLEM,
			      "sudo dmesg | tail", "%s: %s", path,
			      strerror(-err));
	}
}

static void report_drive(struct doctor *doctor, const struct drive *drive)
{
	struct ddt_drive_stats stats;
	int err;

	err = drive_stats(drive, &stats);
	if (err) {
		report_error(doctor, drive->path, err);
		return;
	}
	if (access(drive->path, W_OK))
		report_error(doctor, drive->path, -errno);
	doctor_report(doctor, "answer", FINDING_OK, NULL,
		      "%s answers; %llu requests are not finished", drive->path,
		      stats.submitted - stats.completed);
}

static void check_node(struct doctor *doctor, const char *path)
{
	struct drive drive;
	int err;

	err = drive_try_path(path, O_RDONLY, &drive);
	if (err) {
		report_error(doctor, path, err);
		return;
	}
	report_drive(doctor, &drive);
	drive_close(&drive);
}

/* A drive is in sysfs as soon as it is there, and stays in /dev by mistake. */
static void find_drives(const struct doctor *doctor, glob_t *found)
{
	char path[PATH_MAX];

	doctor_path(doctor, path, "/sys/class/misc/ddt[0-9]*");
	glob(path, 0, NULL, found);
	doctor_path(doctor, path, "/dev/ddt[0-9]*");
	glob(path, GLOB_APPEND, NULL, found);
}

void check_devices(struct doctor *doctor)
{
	const char *name, *earlier;
	char path[PATH_MAX];
	glob_t found = {};
	size_t j;

	find_drives(doctor, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		name = base_name(found.gl_pathv[i]);
		for (j = 0; j < i; j++) {
			earlier = base_name(found.gl_pathv[j]);
			if (!strcmp(name, earlier))
				break;
		}
		if (j < i)
			continue;
		doctor_path(doctor, path, "/dev/%s", name);
		check_node(doctor, path);
	}
	if (!found.gl_pathc && doctor->loaded)
		doctor_report(doctor, "node", FINDING_NOTE, "sudo ddtctl add",
			      "ddt_drive is loaded, but there are no drives");
	globfree(&found);
}
