// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor_signature.c - whether the kernel refuses modules: for want of a
 * signature, because it is locked down, or all of them
 *
 * Enforced signatures and lockdown are two settings, each with an error of its
 * own and a remedy of its own.
 */

#include <stdio.h>
#include <string.h>

#include "doctor.h"

#define EDIT_COMMAND_LINE	\
	"sudo editor /etc/default/grub && sudo update-grub && sudo reboot"

/* Whether the kernel's command line has the parameter. */
static bool has_parameter(const struct doctor *doctor, const char *name)
{
	char line[4096];
	char *rest = line, *word;

	if (!doctor_read(doctor, "/proc/cmdline", line, sizeof(line)))
		return false;
	while ((word = strsep(&rest, " "))) {
		if (!strncmp(word, name, strlen(name)) &&
		    (word[strlen(name)] == '=' || !word[strlen(name)]))
			return true;
	}
	return false;
}

static bool signatures_are_enforced(const struct doctor *doctor)
{
	char text[16];

	return doctor_read(doctor, "/sys/module/module/parameters/sig_enforce",
			   text, sizeof(text)) && *text == 'Y';
}

static void report_enforced(struct doctor *doctor)
{
	if (has_parameter(doctor, "module.sig_enforce"))
		doctor_report(doctor, "signature", unless_loaded(doctor),
			      EDIT_COMMAND_LINE,
			      "the kernel loads only modules with a signature that it knows: insmod would say \"Key was rejected by service\". Sign them (make sign), or take module.sig_enforce off the kernel's command line (mokutil --disable-validation does not undo it)");
	else
		doctor_report(doctor, "signature", unless_loaded(doctor),
			      "sudo mokutil --import my.der && sudo reboot",
			      "the kernel loads only modules with a signature that it knows: insmod would say \"Key was rejected by service\", and no parameter has set that, so none undoes it. Sign them (make sign) with a key that is enrolled");
}

static void report_lockdown(struct doctor *doctor)
{
	if (has_parameter(doctor, "lockdown"))
		doctor_report(doctor, "lockdown", unless_loaded(doctor),
			      EDIT_COMMAND_LINE,
			      "the kernel is locked down, so modules need a signature: insmod would say \"Operation not permitted\". Sign them (make sign), or take lockdown= off the kernel's command line");
	else if (doctor_exists(doctor, "/sys/firmware/efi"))
		doctor_report(doctor, "lockdown", unless_loaded(doctor),
			      "sudo mokutil --disable-validation && sudo reboot",
			      "the kernel is locked down, so modules need a signature: insmod would say \"Operation not permitted\". Sign them (make sign), or switch the validation of Secure Boot off, which has locked it down");
	else
		doctor_report(doctor, "lockdown", unless_loaded(doctor),
			      "sudo reboot",
			      "the kernel is locked down, so modules need a signature: insmod would say \"Operation not permitted\". Sign them (make sign), or reboot: it was locked down while it ran");
}

enum lockdown {
	LOCKDOWN_NONE,
	LOCKDOWN_ACTIVE,
	LOCKDOWN_UNKNOWN,
};

/* With securityfs there is the file lsm too, locked down or not. */
static enum lockdown find_lockdown(const struct doctor *doctor)
{
	char text[128];

	if (doctor_read(doctor, "/sys/kernel/security/lockdown", text,
			sizeof(text)))
		return strstr(text, "[none]") ? LOCKDOWN_NONE : LOCKDOWN_ACTIVE;
	if (doctor_exists(doctor, "/sys/kernel/security") &&
	    !doctor_exists(doctor, "/sys/kernel/security/lsm"))
		return LOCKDOWN_UNKNOWN;
	return LOCKDOWN_NONE;
}

void check_signatures(struct doctor *doctor)
{
	enum lockdown lockdown = find_lockdown(doctor);
	bool enforced = signatures_are_enforced(doctor);
	char text[16];

	if (doctor_read(doctor, "/proc/sys/kernel/modules_disabled", text,
			sizeof(text)) && *text == '1')
		doctor_report(doctor, "loading", unless_loaded(doctor),
			      "sudo reboot",
			      "loading modules has been disabled until the next boot: insmod would say \"Operation not permitted\"");
	if (lockdown == LOCKDOWN_UNKNOWN)
		doctor_report(doctor, "lockdown", FINDING_NOTE,
			      "sudo mount -t securityfs none /sys/kernel/security",
			      "whether the kernel is locked down cannot be told: securityfs is not mounted");
	if ((enforced || lockdown == LOCKDOWN_ACTIVE) &&
	    doctor->module_signed) {
		doctor_report(doctor, "signature", FINDING_NOTE,
			      "mokutil --list-enrolled",
			      "modules need a signature, and %s has one: its key must be enrolled",
			      doctor->module);
		return;
	}
	if (enforced)
		report_enforced(doctor);
	if (lockdown == LOCKDOWN_ACTIVE)
		report_lockdown(doctor);
	if (!enforced && lockdown == LOCKDOWN_NONE)
		doctor_report(doctor, "signature", FINDING_OK, NULL,
			      "modules need no signature");
}
