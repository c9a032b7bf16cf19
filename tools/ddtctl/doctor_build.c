// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor_build.c - whether the modules can be built and loaded
 *
 * While they are loaded, what would keep them from being built or loaded is no
 * problem but good to know.
 */

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include <libkmod.h>

#include "doctor.h"
#include "module.h"

void check_loaded(struct doctor *doctor)
{
	static const char *const names[] = { "ddt", "ddt_drive" };
	char path[64], state[32];

	doctor->loaded = true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/sys/module/%s", names[i]);
		if (module_is_listed(doctor->root, doctor->release,
				     "modules.builtin", names[i])) {
			doctor_report(doctor, "loaded", FINDING_OK, NULL,
				      "%s is built into the kernel", names[i]);
			continue;
		}
		if (!doctor_exists(doctor, path)) {
			doctor->loaded = false;
			doctor_report(doctor, "loaded", FINDING_PROBLEM,
				      module_load_command(doctor->root,
							  doctor->release),
				      "%s is not loaded", names[i]);
			continue;
		}
		strcat(path, "/initstate");
		if (doctor_read(doctor, path, state, sizeof(state)) &&
		    strcmp(state, "live"))
			doctor_report(doctor, "loaded", FINDING_PROBLEM,
				      "sudo dmesg | tail",
				      "%s is not ready: its state is %s",
				      names[i], state);
		else
			doctor_report(doctor, "loaded", FINDING_OK, NULL,
				      "%s is loaded", names[i]);
	}
}

void check_headers(struct doctor *doctor)
{
	char command[256], path[256];

	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile",
		 doctor->release);
	if (doctor_exists(doctor, path)) {
		doctor_report(doctor, "headers", FINDING_OK, NULL,
			      "the headers of %s are installed",
			      doctor->release);
		return;
	}
	snprintf(command, sizeof(command),
		 "sudo apt-get install linux-headers-%s", doctor->release);
	doctor_report(doctor, "headers", unless_loaded(doctor), command,
		      "the headers of %s, the running kernel, are missing; if the kernel was upgraded, reboot first",
		      doctor->release);
}

/* Reads how the compiler of the kernel named itself, as "gcc-12 (...) 12.2.0". */
static bool kernel_compiler(const struct doctor *doctor, char *text,
			    size_t size)
{
	static const char key[] = "CONFIG_CC_VERSION_TEXT=\"";
	char path[PATH_MAX], line[512];
	bool found = false;
	FILE *file;

	doctor_path(doctor, path, "/lib/modules/%s/build/include/config/auto.conf",
		    doctor->release);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		found = !strncmp(line, key, strlen(key));
		if (found)
			snprintf(text, size, "%.*s",
				 (int)strcspn(line + strlen(key), "\"\n"),
				 line + strlen(key));
	}
	fclose(file);
	return found;
}

/* Asks a compiler, which is found as the shell does, for its first line. */
static bool ask_compiler(const char *name, char *text, size_t size)
{
	char command[256];
	FILE *pipe;
	bool read;

	snprintf(command, sizeof(command), "%s --version 2>/dev/null", name);
	pipe = popen(command, "re");
	if (!pipe)
		return false;
	read = fgets(text, size, pipe);
	if (read)
		text[strcspn(text, "\n")] = '\0';
	/* The rest is of no interest: it may end by SIGPIPE. */
	pclose(pipe);
	return read;
}

static bool is_plain_name(const char *name)
{
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && !strchr("-+._", *name))
			return false;
	}
	return true;
}

/* Returns the first number of a version, as 12 of "gcc-12 (...) 12.2.0". */
static int major_version(const char *text)
{
	const char *word = strrchr(text, ' ');
	const char *version = strstr(text, "version ");

	if (version)
		word = version + strlen("version");
	return word ? atoi(word + 1) : 0;
}

void check_compiler(struct doctor *doctor)
{
	char kernel[256], own[256], name[64], command[128];

	if (!kernel_compiler(doctor, kernel, sizeof(kernel)))
		return;		/* the headers are missing */
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(kernel, " "), kernel);
	if (strstr(kernel, "clang"))
		snprintf(name, sizeof(name), "clang");
	if (!is_plain_name(name))
		return;

	if (!ask_compiler(name, own, sizeof(own))) {
		snprintf(command, sizeof(command), "sudo apt-get install %s",
			 name);
		doctor_report(doctor, "compiler", unless_loaded(doctor),
			      command,
			      "the kernel was built with %s, which is not installed",
			      kernel);
	} else if (major_version(own) != major_version(kernel)) {
		snprintf(command, sizeof(command),
			 "sudo apt-get install %.40s-%d",
			 strstr(kernel, "clang") ? "clang" : "gcc",
			 major_version(kernel));
		doctor_report(doctor, "compiler", unless_loaded(doctor),
			      command,
			      "the kernel was built with %s, and %s is installed",
			      kernel, own);
	} else {
		doctor_report(doctor, "compiler", FINDING_OK, NULL,
			      "the kernel was built with %s", kernel);
	}
}

/* What is of interest of a module file. */
struct module_info {
	char release[128];
	bool is_signed;
};

static bool read_module(const char *path, struct module_info *info)
{
	struct kmod_list *list = NULL, *item;
	struct kmod_module *module = NULL;
	const char *key, *value;
	struct kmod_ctx *ctx;
	bool read;

	*info = (struct module_info){};
	ctx = check_memory(kmod_new("/", NULL));
	read = !kmod_module_new_from_path(ctx, path, &module) &&
	       kmod_module_get_info(module, &list) >= 0;
	kmod_list_foreach(item, list) {
		key = kmod_module_info_get_key(item);
		value = kmod_module_info_get_value(item);
		if (!strcmp(key, "vermagic"))
			snprintf(info->release, sizeof(info->release), "%.*s",
				 (int)strcspn(value, " "), value);
		else if (!strcmp(key, "sig_id"))
			info->is_signed = true;
	}
	kmod_module_info_free_list(list);
	kmod_module_unref(module);
	kmod_unref(ctx);
	return read && *info->release;
}

/* Returns whether it is for the running kernel. */
static bool check_module(struct doctor *doctor, const char *path)
{
	struct module_info info;

	if (!read_module(path, &info)) {
		doctor_report(doctor, "module", unless_loaded(doctor),
			      "make clean all", "%s is not a module", path);
		return false;
	}
	if (strcmp(info.release, doctor->release)) {
		doctor_report(doctor, "module", FINDING_NOTE, NULL,
			      "%s was built for %s", path, info.release);
		return false;
	}
	doctor_report(doctor, "module", FINDING_OK, NULL,
		      "%s was built for the running kernel", path);
	if (!*doctor->module) {
		snprintf(doctor->module, sizeof(doctor->module), "%s", path);
		doctor->module_signed = info.is_signed;
	}
	return true;
}

/* Returns how a module comes to be there for the running kernel. */
static const char *build_command(const struct doctor *doctor)
{
	return doctor_exists(doctor, "/var/lib/dkms/ddt") ?
	       "sudo dkms autoinstall" : "make";
}

/* Where make leaves it, and where make install, DKMS and a kernel tree put it. */
void check_modules(struct doctor *doctor)
{
	static const char *const patterns[] = {
		"/lib/modules/*/updates/ddt.ko*",
		"/lib/modules/*/extra/ddt.ko*",
		"/lib/modules/*/updates/dkms/ddt.ko*",
		"/lib/modules/*/kernel/drivers/misc/ddt/ddt.ko*",
	};
	bool installed = false;
	char path[PATH_MAX];
	glob_t found = {};
	size_t nr;

	if (module_is_listed(doctor->root, doctor->release, "modules.builtin",
			     "ddt"))
		return;
	glob("build/*/ddt.ko", 0, NULL, &found);
	nr = found.gl_pathc;
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		doctor_path(doctor, path, "%s", patterns[i]);
		glob(path, GLOB_APPEND, NULL, &found);
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (check_module(doctor, found.gl_pathv[i]) && i >= nr)
			installed = true;
	}
	nr = found.gl_pathc;
	globfree(&found);

	if (installed && !module_is_listed(doctor->root, doctor->release,
					   "modules.dep", "ddt"))
		doctor_report(doctor, "module", unless_loaded(doctor),
			      "sudo depmod -a",
			      "it is installed, but modprobe does not know it yet");
	if (*doctor->module)
		return;
	if (nr)
		doctor_report(doctor, "module", unless_loaded(doctor),
			      build_command(doctor),
			      "no ddt.ko is for %s, the running kernel: insmod would say \"Invalid module format\"",
			      doctor->release);
	else
		doctor_report(doctor, "module", unless_loaded(doctor),
			      build_command(doctor),
			      "there is no ddt.ko, neither in ./build nor installed");
}
