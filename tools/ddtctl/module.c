// SPDX-License-Identifier: GPL-2.0-only
/* module.c - whether the modules are installed, and how they are loaded */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ddtctl.h"
#include "module.h"

/* Whether a line as "updates/dkms/ddt.ko.xz: ..." is about that module. */
static bool is_about(const char *line, const char *name)
{
	size_t length = strcspn(line, ":\n");
	size_t begin = length;

	while (begin && line[begin - 1] != '/')
		begin--;
	line += begin;
	return !strncmp(line, name, strlen(name)) &&
	       !strncmp(line + strlen(name), ".ko", strlen(".ko"));
}

/*
 * Whether a file of a kernel, modules.dep or modules.builtin, has a module.
 * modprobe finds what modules.dep has, wherever it is installed.
 */
bool module_is_listed(const char *root, const char *release, const char *list,
		      const char *name)
{
	char path[PATH_MAX], *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/lib/modules/%s/%s", root, release,
		 list);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && getline(&line, &size, file) > 0)
		found = is_about(line, name);
	free(line);
	fclose(file);
	return found;
}

/* Returns the command that loads ddt_drive, with ddt, into a kernel. */
const char *module_load_command(const char *root, const char *release)
{
	if (module_is_listed(root, release, "modules.dep", "ddt_drive"))
		return "sudo modprobe ddt_drive";
	return "sudo make load";
}

/* Returns why there is no drive at all, and what to do about it. */
const char *module_missing_hint(void)
{
	static char hint[80];
	struct utsname name;

	if (!access("/sys/module/ddt_drive", F_OK))
		return "all were removed: sudo ddtctl add";
	uname(&name);
	snprintf(hint, sizeof(hint),
		 "is ddt_drive loaded? %s, or ddtctl doctor",
		 module_load_command("", name.release));
	return hint;
}
