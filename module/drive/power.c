// SPDX-License-Identifier: GPL-2.0-only
/*
 * power.c - suspend and resume of a drive
 *
 * A drive is paused by its device's suspend callback, which runs after all
 * tasks have been frozen. Not earlier, as a PM notifier would do it: a task that
 * reads or writes is not frozen before its requests have been completed, since
 * it may hold locks; a queue that is paused would never complete them, and the
 * suspend would fail. So what is in the queue of a drive that is paused belongs
 * to tasks that are frozen already, and is served after the resume.
 */

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/pm.h>
#include <linux/pm_domain.h>
#include <linux/time64.h>

#include "drive.h"

/*
 * How long a suspend waits for the request in service: as long as by default it
 * waits for tasks.
 */
#define DDT_POWER_TIMEOUT_MS	(20 * MSEC_PER_SEC)

/* Nothing is lost if it fails: the suspend is given up, and all goes on. */
static int ddt_power_suspend(struct device *dev)
{
	int err = ddt_queue_pause(to_drive(dev)->queue, 0,
				  ms_to_ktime(DDT_POWER_TIMEOUT_MS));

	return err == -ETIME ? -EBUSY : err;
}

/* Called only after a suspend that succeeded. */
static int ddt_power_resume(struct device *dev)
{
	return ddt_queue_resume(to_drive(dev)->queue);
}

/* A misc device has no driver that could have these callbacks. */
static struct dev_pm_domain ddt_power_domain = {
	.ops = {
		SYSTEM_SLEEP_PM_OPS(ddt_power_suspend, ddt_power_resume)
	},
};

/* For a drive that has its node. */
void ddt_power_init(struct ddt_drive *drive)
{
	struct device *dev = drive->misc.this_device;

	dev_pm_domain_set(dev, &ddt_power_domain);
	/* The drives are waited for all at once. */
	device_enable_async_suspend(dev);
}
