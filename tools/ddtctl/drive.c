// SPDX-License-Identifier: GPL-2.0-only
/* drive.c - finding, opening and asking a drive */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ddtctl.h"
#include "drive.h"
#include "module.h"

#define DEV		"/dev/"
#define PREFIX		"ddt"

/* Whether it is a decimal number of at most 9 digits, as indices are. */
static bool is_index(const char *s)
{
	size_t length = strspn(s, "0123456789");

	return length && length <= 9 && !s[length];
}

static int is_drive_name(const struct dirent *entry)
{
	return !strncmp(entry->d_name, PREFIX, strlen(PREFIX)) &&
	       is_index(entry->d_name + strlen(PREFIX));
}

/*
 * From sysfs, which has the drives and nothing else: /dev may also have links
 * to nodes, and nodes that were left behind.
 */
int drive_names_get(struct drive_names *names)
{
	struct dirent **entries;
	int nr;

	nr = scandir("/sys/class/misc", &entries, is_drive_name, versionsort);
	if (nr < 0)
		return -errno;

	names->nr = nr;
	names->names = check_memory(calloc(nr + 1, sizeof(*names->names)));
	for (int i = 0; i < nr; i++) {
		names->names[i] = check_memory(strdup(entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
	return 0;
}

void drive_names_put(struct drive_names *names)
{
	for (int i = 0; i < names->nr; i++)
		free(names->names[i]);
	free(names->names);
}

static bool drives_exist(void)
{
	struct drive_names names;
	bool exist;

	if (drive_names_get(&names))
		return false;
	exist = names.nr;
	drive_names_put(&names);
	return exist;
}

/* Reports that there is not a single one. */
void drives_missing(void)
{
	error("there are no drives: %s", module_missing_hint());
}

/* Reports that a drive cannot be opened or asked, and what to do about it. */
void drive_error(const struct drive *drive, int err)
{
	switch (-err) {
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
		if (drives_exist())
			error("%s: no such device: ddtctl list shows those there are",
			      drive->path);
		else
			error("%s: no such device: %s", drive->path,
			      module_missing_hint());
		break;
	case EACCES:
	case EPERM:
		error("%s: permission denied: run it with sudo", drive->path);
		break;
	case ENOTTY:
		error("%s: not a drive of ddt_drive: ddtctl list shows those there are",
		      drive->path);
		break;
	case ENOMEDIUM:
		error("%s: there is no medium in the drive: ddtctl insert %s",
		      drive->path, drive->name);
		break;
	case EROFS:
		error("%s: the medium is write-protected: ddtctl insert %s without --protect",
		      drive->path, drive->name);
		break;
	case ESHUTDOWN:
		error("%s: the drive is being removed", drive->path);
		break;
	default:
		error("%s: %s", drive->path, strerror(-err));
	}
}

/* Makes a path of "0", "ddt0" or a path. Returns whether it was one of them. */
static bool drive_path(const char *arg, struct drive *drive)
{
	const char *index = arg;
	int length;

	if (strchr(arg, '/')) {
		length = snprintf(drive->path, sizeof(drive->path), "%s", arg);
		return length < (int)sizeof(drive->path);
	}
	if (!strncmp(arg, PREFIX, strlen(PREFIX)))
		index += strlen(PREFIX);
	if (!is_index(index))
		return false;
	snprintf(drive->path, sizeof(drive->path), DEV PREFIX "%s", index);
	return true;
}

/* Opening something else could have effects: only do so with devices. */
static int drive_open_node(struct drive *drive, int flags)
{
	struct stat st;

	if (stat(drive->path, &st))
		return -errno;
	if (!S_ISCHR(st.st_mode))
		return -ENOTTY;
	drive->fd = open(drive->path, flags | O_NOCTTY | O_CLOEXEC);
	return drive->fd < 0 ? -errno : 0;
}

/*
 * Opens a drive and asks what it is, without a word. Returns 0 or a negative
 * error number: EINVAL if the driver is of another version.
 */
int drive_try_path(const char *path, int flags, struct drive *drive)
{
	struct ddt_drive_info *info = &drive->info;
	int err;

	if (path != drive->path)
		snprintf(drive->path, sizeof(drive->path), "%s", path);
	err = drive_open_node(drive, flags);
	if (err)
		return err;

	*info = (struct ddt_drive_info){ .size = sizeof(*info) };
	err = drive_ioctl(drive, DDT_DRIVE_IOC_INFO, info);
	if (err) {
		drive_close(drive);
		return err;
	}
	snprintf(drive->name, sizeof(drive->name), PREFIX "%u", info->index);
	return 0;
}

static int drive_open_path(struct drive *drive, int flags)
{
	int err = drive_try_path(drive->path, flags, drive);

	if (err == -EINVAL)
		error("%s: ddt_drive is of another version than ddtctl: install both again",
		      drive->path);
	else if (err)
		drive_error(drive, err);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Opens a drive by its name in /dev. Returns an exit status. */
int drive_open_name(const char *name, int flags, struct drive *drive)
{
	snprintf(drive->path, sizeof(drive->path), DEV "%s", name);
	return drive_open_path(drive, flags);
}

/* Opens the drive that an argument names. Returns an exit status. */
int drive_open_arg(const struct invocation *inv, const char *arg, int flags,
		   struct drive *drive)
{
	if (!drive_path(arg, drive))
		return usage_error(inv,
				   "%s is not the name of a drive, as 0, ddt0 and /dev/ddt0 are",
				   arg);
	return drive_open_path(drive, flags);
}

/* Opens the drive that the first argument names. Returns an exit status. */
int drive_open(const struct invocation *inv, int flags, struct drive *drive)
{
	return drive_open_arg(inv, inv->args[0], flags, drive);
}

/* Opens the node that adds and removes drives. Returns an exit status. */
int drive_open_control(struct drive *control)
{
	int err;

	*control = (struct drive){ .path = DEV PREFIX "-control" };
	err = drive_open_node(control, O_RDWR);
	if (err)
		drive_error(control, err);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

void drive_close(struct drive *drive)
{
	close(drive->fd);
}

int drive_ioctl(const struct drive *drive, unsigned long cmd, void *arg)
{
	int ret;

	do {
		ret = ioctl(drive->fd, cmd, arg);
	} while (ret && errno == EINTR);
	return ret ? -errno : 0;
}

int drive_stats(const struct drive *drive, struct ddt_drive_stats *stats)
{
	*stats = (struct ddt_drive_stats){ .size = sizeof(*stats) };
	return drive_ioctl(drive, DDT_DRIVE_IOC_STATS, stats);
}
