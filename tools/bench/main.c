// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - benchmarks as a module: files in debugfs
 *
 * Writing a line to the file run measures, see run.c; the file results then has
 * a line for each engine and round. Writing "KIND COUNT" to the file queues
 * creates queues that stay idle; it tells what they have used.
 */

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "bench.h"

/* In the order in which they take turns in each round. */
const struct bench_rival bench_rivals[] = {
	{ &bench_ddt_thread, SCHED_NORMAL },
	{ &bench_ddt_list, SCHED_NORMAL },
	{ &bench_ddt_idle, SCHED_NORMAL },
	{ &bench_ddt_times, SCHED_NORMAL },
	{ &bench_ddt_workers, -1 },
	{ &bench_kthread_worker, SCHED_NORMAL },
	{ &bench_wq_ordered, -1 },
	{ &bench_wq_unbound, -1 },
	{ &bench_wq_highpri, -1 },
	{ &bench_transcription, SCHED_NORMAL },
	{ &bench_llist, SCHED_NORMAL },
	{ &bench_floor, SCHED_NORMAL },
	{ &bench_ddt_thread, SCHED_BATCH },
	{ &bench_kthread_worker, SCHED_BATCH },
	{ &bench_transcription, SCHED_BATCH },
	{ &bench_llist, SCHED_BATCH },
	{ &bench_floor, SCHED_BATCH },
	{ }
};

const struct bench_workload bench_workloads[] = {
	{ "burst", bench_burst },
	{ "scattered", bench_scattered },
	{ "hog", bench_hog },
	{ "cancel", bench_cancel },
	{ "delay", bench_delay },
	{ "stop", bench_stop },
	{ }
};

/* One run at a time; protects the results and the idle queues. */
static DEFINE_MUTEX(bench_lock);

static struct dentry *bench_dir;

static int bench_create_queues(const char *line)
{
	unsigned int count;
	char kind[16];

	if (sscanf(line, "%15s %u", kind, &count) != 2)
		return -EINVAL;
	return bench_queues_set(kind, count);
}

static ssize_t bench_write(const char __user *from, size_t count,
			   int (*handle)(const char *line))
{
	char *line;
	int err;

	if (count > PAGE_SIZE)
		return -EINVAL;
	line = memdup_user_nul(from, count);
	if (IS_ERR(line))
		return PTR_ERR(line);
	mutex_lock(&bench_lock);
	err = handle(line);
	mutex_unlock(&bench_lock);
	kfree(line);
	return err ?: count;
}

static ssize_t bench_run_write(struct file *file, const char __user *from,
			       size_t count, loff_t *pos)
{
	return bench_write(from, count, bench_run);
}

static const struct file_operations bench_run_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = bench_run_write,
};

static int bench_results_file_show(struct seq_file *m, void *unused)
{
	mutex_lock(&bench_lock);
	bench_results_show(m);
	mutex_unlock(&bench_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench_results_file);

static int bench_queues_file_show(struct seq_file *m, void *unused)
{
	mutex_lock(&bench_lock);
	bench_queues_show(m);
	mutex_unlock(&bench_lock);
	return 0;
}

static int bench_queues_open(struct inode *inode, struct file *file)
{
	return single_open(file, bench_queues_file_show, NULL);
}

static ssize_t bench_queues_write(struct file *file, const char __user *from,
				  size_t count, loff_t *pos)
{
	return bench_write(from, count, bench_create_queues);
}

static const struct file_operations bench_queues_fops = {
	.owner = THIS_MODULE,
	.open = bench_queues_open,
	.read = seq_read,
	.write = bench_queues_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init bench_init(void)
{
	int err;

	err = bench_devices_create();
	if (err)
		return err;
	bench_dir = debugfs_create_dir("ddt_bench", NULL);
	if (IS_ERR(bench_dir)) {
		bench_devices_destroy();
		return PTR_ERR(bench_dir);
	}
	debugfs_create_file("run", 0200, bench_dir, NULL, &bench_run_fops);
	debugfs_create_file("results", 0400, bench_dir, NULL,
			    &bench_results_file_fops);
	debugfs_create_file("queues", 0600, bench_dir, NULL,
			    &bench_queues_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(bench_dir);
	bench_devices_destroy();
	bench_queues_destroy();
	bench_results_clear();
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The ddt authors");
MODULE_DESCRIPTION("Benchmarks of device-dedicated threads");
MODULE_VERSION(DDT_VERSION);
