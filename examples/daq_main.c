// SPDX-License-Identifier: GPL-2.0-only
/*
 * daq_main.c - the device nodes of the two drivers, and the converter that they
 *		drive
 *
 * /dev/daq_nt and /dev/daq_ddt do the same: a read of four bytes at position n,
 * with pread(), returns a value of channel n.
 */

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "daq.h"

/* The converter. */

void daq_hw_start(struct daq_hw *hw, unsigned int channel)
{
	hw->channel = channel;
	hw->asked = 0;
}

bool daq_hw_ready(struct daq_hw *hw)
{
	if (READ_ONCE(hw->polls) == DAQ_NEVER)
		return false;
	return hw->asked++ >= hw->polls;
}

/* The channel, and how many conversions there were before. */
u32 daq_hw_value(struct daq_hw *hw)
{
	return hw->channel << 16 | (hw->conversions++ & 0xffff);
}

/* Reads: one reference is the owner's, one the driver's until it is done. */

struct daq_read *daq_read_alloc(const struct daq_driver *driver,
				struct daq_file *file, unsigned int channel)
{
	struct daq_read *read = kzalloc(sizeof(*read), GFP_KERNEL);

	if (!read)
		return NULL;
	read->driver = driver;
	read->file = file;
	read->channel = channel;
	init_completion(&read->done);
	kref_init(&read->refs);
	return read;
}
EXPORT_SYMBOL_GPL(daq_read_alloc);

static void daq_read_release(struct kref *refs)
{
	struct daq_read *read = container_of(refs, struct daq_read, refs);

	if (read->driver->free_read)
		read->driver->free_read(read);
	kfree(read);
}

void daq_read_put(struct daq_read *read)
{
	kref_put(&read->refs, daq_read_release);
}
EXPORT_SYMBOL_GPL(daq_read_put);

void daq_read_submit(struct daq_read *read)
{
	kref_get(&read->refs);
	read->driver->submit(read);
}
EXPORT_SYMBOL_GPL(daq_read_submit);

void daq_read_done(struct daq_read *read, int status)
{
	read->status = status;
	complete(&read->done);
	daq_read_put(read);
}

/* The device nodes. */

struct daq_node {
	struct miscdevice misc;
	const struct daq_driver *driver;
	struct daq_hw hw;
	struct daq *daq;
};

struct daq_open_file {
	struct daq_node *node;
	struct daq_file *file;
};

static int daq_open(struct inode *inode, struct file *file)
{
	struct daq_node *node = container_of(file->private_data,
					     struct daq_node, misc);
	struct daq_open_file *open_file = kzalloc(sizeof(*open_file),
						  GFP_KERNEL);
	int err;

	if (!open_file)
		return -ENOMEM;
	open_file->node = node;
	open_file->file = node->driver->open(node->daq);
	if (IS_ERR(open_file->file)) {
		err = PTR_ERR(open_file->file);
		kfree(open_file);
		return err;
	}
	file->private_data = open_file;
	return 0;
}

static int daq_release(struct inode *inode, struct file *file)
{
	struct daq_open_file *open_file = file->private_data;

	open_file->node->driver->close(open_file->file);
	kfree(open_file);
	return 0;
}

static ssize_t daq_read(struct file *file, char __user *buffer, size_t count,
			loff_t *pos)
{
	struct daq_open_file *open_file = file->private_data;
	const struct daq_driver *driver = open_file->node->driver;
	struct daq_read *read;
	ssize_t ret;

	if (count < sizeof(read->value) || *pos >= DAQ_CHANNELS)
		return -EINVAL;
	read = daq_read_alloc(driver, open_file->file, *pos);
	if (!read)
		return -ENOMEM;
	daq_read_submit(read);
	if (wait_for_completion_interruptible(&read->done)) {
		driver->cancel(read);
		wait_for_completion(&read->done);
	}

	ret = read->status;
	if (ret == -ECANCELED)
		ret = -EINTR;
	if (!ret)
		ret = copy_to_user(buffer, &read->value, sizeof(read->value)) ?
			-EFAULT : sizeof(read->value);
	daq_read_put(read);
	return ret;
}

static const struct file_operations daq_fops = {
	.owner = THIS_MODULE,
	.open = daq_open,
	.release = daq_release,
	.read = daq_read,
};

static struct daq_node daq_nodes[] = {
	{ .driver = &daq_nt_driver, .hw = { .polls = 4 } },
	{ .driver = &daq_ddt_driver, .hw = { .polls = 4 } },
};

static int daq_node_register(struct daq_node *node)
{
	node->misc.minor = MISC_DYNAMIC_MINOR;
	node->misc.name = node->driver->name;
	node->misc.fops = &daq_fops;
	return misc_register(&node->misc);
}

/* Unloads the drivers of nodes that nothing can see: from @from to @to - 1. */
static void daq_unload(unsigned int from, unsigned int to)
{
	for (; from < to; from++) {
		daq_nodes[from].driver->unload(daq_nodes[from].daq);
		daq_nodes[from].daq = NULL;
	}
}

static int __init daq_load(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(daq_nodes); i++) {
		struct daq_node *node = &daq_nodes[i];

		node->daq = node->driver->load(&node->hw);
		if (IS_ERR(node->daq)) {
			err = PTR_ERR(node->daq);
			daq_unload(0, i);
			return err;
		}
	}
	return 0;
}

/* A module whose node may be open must not fail to load. */
static int __init daq_init(void)
{
	unsigned int i;
	int err;

	err = daq_load();
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(daq_nodes); i++) {
		err = daq_node_register(&daq_nodes[i]);
		if (!err)
			continue;
		daq_unload(i, ARRAY_SIZE(daq_nodes));
		if (!i)
			return err;
		pr_warn("no /dev/%s: error %d\n", daq_nodes[i].misc.name, err);
		break;
	}
	return 0;
}
module_init(daq_init);

static void __exit daq_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(daq_nodes) && daq_nodes[i].daq; i++) {
		misc_deregister(&daq_nodes[i].misc);
		daq_unload(i, i + 1);
	}
}
module_exit(daq_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The ddt authors");
MODULE_DESCRIPTION("One driver in NT names and in ddt's own");
MODULE_VERSION(DDT_VERSION);
