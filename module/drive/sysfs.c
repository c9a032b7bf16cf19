// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs.c - the attributes of a drive, see docs/ABI/sysfs-class-misc-ddt
 *
 * They are removed with the node, which waits for readers. So the
 * drive is there, and its thread.
 */

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/sysfs.h>

#include "drive.h"

static ssize_t capacity_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%llu\n", to_drive(dev)->capacity);
}
static DEVICE_ATTR_RO(capacity);

static ssize_t depth_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n", to_drive(dev)->depth);
}
static DEVICE_ATTR_RO(depth);

static ssize_t queued_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct ddt_queue_stats stats;

	ddt_queue_stats(to_drive(dev)->queue, &stats);
	return sysfs_emit(buf, "%u\n", stats.queued);
}
static DEVICE_ATTR_RO(queued);

static ssize_t nice_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	int nice, err;

	err = ddt_queue_nice(to_drive(dev)->queue, &nice);
	if (err)
		return err;
	return sysfs_emit(buf, "%d\n", nice);
}
static DEVICE_ATTR_RO(nice);

static ssize_t show_state(struct device *dev, char *buf, u32 bit)
{
	return sysfs_emit(buf, "%d\n",
			  !!(ddt_settings_state(to_drive(dev)) & bit));
}

static ssize_t motor_on_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return show_state(dev, buf, DDT_DRIVE_MOTOR_ON);
}
static DEVICE_ATTR_RO(motor_on);

static ssize_t medium_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return show_state(dev, buf, DDT_DRIVE_MEDIUM);
}
static DEVICE_ATTR_RO(medium);

static ssize_t write_protected_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	return show_state(dev, buf, DDT_DRIVE_WRITE_PROTECTED);
}
static DEVICE_ATTR_RO(write_protected);

#define DDT_SYSFS_MODEL(name)						\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	struct ddt_drive_model model;					\
									\
	ddt_settings_model(to_drive(dev), &model);			\
	return sysfs_emit(buf, "%u\n", model.name);			\
}									\
static DEVICE_ATTR_RO(name)

DDT_SYSFS_MODEL(access_us);
DDT_SYSFS_MODEL(seek_us);
DDT_SYSFS_MODEL(rate_kib_s);
DDT_SYSFS_MODEL(spinup_ms);
DDT_SYSFS_MODEL(idle_ms);

static struct attribute *ddt_sysfs_attrs[] = {
	&dev_attr_access_us.attr,
	&dev_attr_capacity.attr,
	&dev_attr_depth.attr,
	&dev_attr_idle_ms.attr,
	&dev_attr_medium.attr,
	&dev_attr_motor_on.attr,
	&dev_attr_nice.attr,
	&dev_attr_queued.attr,
	&dev_attr_rate_kib_s.attr,
	&dev_attr_seek_us.attr,
	&dev_attr_spinup_ms.attr,
	&dev_attr_write_protected.attr,
	NULL
};

static const struct attribute_group ddt_sysfs_group = {
	.attrs = ddt_sysfs_attrs,
};

const struct attribute_group *ddt_sysfs_groups[] = {
	&ddt_sysfs_group,
	NULL
};
