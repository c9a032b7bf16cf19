// SPDX-License-Identifier: GPL-2.0-only
/* manager.c - /dev/ddt-control, with which drives are added and removed */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/types.h>
#include <linux/uaccess.h>

#include "drive.h"

static int ddt_manager_add(struct ddt_drive_add __user *user_arg)
{
	struct ddt_drive_add arg;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_add, model,
			      &arg, user_arg);
	if (err)
		return err;
	err = ddt_drive_fill_in(&arg);
	if (err)
		return err;
	err = ddt_drive_check(&arg);
	if (err)
		return err;
	if (arg.flags & DDT_DRIVE_ADD_NICE && arg.nice < 0 &&
	    !capable(CAP_SYS_NICE))
		return -EPERM;
	return ddt_drive_add(&arg, &user_arg->index);
}

static int ddt_manager_remove(const struct ddt_drive_remove __user *user_arg)
{
	struct ddt_drive_remove arg;
	int err;

	err = ddt_ioctl_fetch(struct ddt_drive_remove, index,
			      &arg, user_arg);
	if (err)
		return err;
	return ddt_drive_remove(arg.index);
}

static long ddt_manager_ioctl(struct file *filp, unsigned int cmd,
			      unsigned long arg)
{
	void __user *user_arg = (void __user *)arg;

	switch (cmd) {
	case DDT_DRIVE_IOC_ADD:
	case DDT_DRIVE_IOC_REMOVE:
		if (!(filp->f_mode & FMODE_WRITE))
			return -EBADF;
		break;
	}

	switch (cmd) {
	case DDT_DRIVE_IOC_ADD:
		return ddt_manager_add(user_arg);
	case DDT_DRIVE_IOC_REMOVE:
		return ddt_manager_remove(user_arg);
	default:
		return -ENOIOCTLCMD;
	}
}

static const struct file_operations ddt_manager_fops = {
	.owner		= THIS_MODULE,
	.open		= nonseekable_open,
	.unlocked_ioctl	= ddt_manager_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static bool ddt_manager_registered;

static struct miscdevice ddt_manager_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "ddt-control",
	.fops	= &ddt_manager_fops,
};

/* Drives may be in use: without a node none can be added or removed. */
void ddt_manager_init(void)
{
	int err = misc_register(&ddt_manager_misc);

	ddt_manager_registered = !err;
	if (err)
		pr_warn("no /dev/%s: error %d\n", ddt_manager_misc.name, err);
}

void ddt_manager_exit(void)
{
	if (ddt_manager_registered)
		misc_deregister(&ddt_manager_misc);
}
