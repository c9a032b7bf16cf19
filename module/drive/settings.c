// SPDX-License-Identifier: GPL-2.0-only
/* settings.c - what can be set while a drive is used: its model, its medium */

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>

#include "drive.h"

#define DDT_SETTINGS_MEDIUM_FLAGS	(DDT_DRIVE_MEDIUM_PRESENT | \
					 DDT_DRIVE_MEDIUM_PROTECTED)

int ddt_settings_check_model(const struct ddt_drive_model *model)
{
	if (model->reserved[0] || model->reserved[1])
		return -EINVAL;
	if (model->access_us > DDT_DRIVE_MAX_ACCESS_US ||
	    model->seek_us > DDT_DRIVE_MAX_SEEK_US ||
	    model->spinup_ms > DDT_DRIVE_MAX_SPINUP_MS)
		return -ERANGE;
	return 0;
}

void ddt_settings_model(struct ddt_drive *drive, struct ddt_drive_model *model)
{
	spin_lock(&drive->settings_lock);
	*model = drive->model;
	spin_unlock(&drive->settings_lock);
}

/* Bits of enum ddt_drive_state. */
u32 ddt_settings_state(const struct ddt_drive *drive)
{
	unsigned int flags = READ_ONCE(drive->medium_flags);
	u32 state = 0;

	if (READ_ONCE(drive->motor_on))
		state |= DDT_DRIVE_MOTOR_ON;
	if (flags & DDT_DRIVE_MEDIUM_PRESENT)
		state |= DDT_DRIVE_MEDIUM;
	if (flags & DDT_DRIVE_MEDIUM_PROTECTED)
		state |= DDT_DRIVE_WRITE_PROTECTED;
	return state;
}

int ddt_settings_get_model(struct ddt_drive *drive,
			   struct ddt_drive_model __user *user_arg)
{
	struct ddt_drive_model arg;
	u32 size;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_model, reserved,
			      &arg, user_arg);
	if (err)
		return err;
	size = arg.size;
	ddt_settings_model(drive, &arg);
	arg.size = size;
	return ddt_ioctl_store(user_arg, &arg);
}

int ddt_settings_set_model(struct ddt_drive *drive,
			   const struct ddt_drive_model __user *user_arg)
{
	struct ddt_drive_model arg;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_model, reserved,
			      &arg, user_arg);
	if (err)
		return err;
	err = ddt_settings_check_model(&arg);
	if (err)
		return err;

	spin_lock(&drive->settings_lock);
	drive->model = arg;
	ddt_queue_set_idle_timeout(drive->queue, ms_to_ktime(arg.idle_ms));
	spin_unlock(&drive->settings_lock);
	return 0;
}

int ddt_settings_set_medium(struct ddt_drive *drive,
			    const struct ddt_drive_medium __user *user_arg)
{
	struct ddt_drive_medium arg;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_medium, flags,
			      &arg, user_arg);
	if (err)
		return err;
	if (arg.flags & ~DDT_SETTINGS_MEDIUM_FLAGS)
		return -EINVAL;
	/* Read by the thread; nothing else goes with it. */
	WRITE_ONCE(drive->medium_flags, arg.flags);
	return 0;
}
