// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - character devices with a medium in memory, to be compared with
 *	      those of ddt_drive.ko from user space
 *
 * ddt_bench_sync copies in the caller's context. ddt_bench_transcription has
 * the copying done by the thread of the transcription engine.
 */

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "bench.h"

#define BENCH_MEDIUM_SIZE	(4 << 20)

struct bench_transfer {
	struct bench_request request;
	struct completion done;
	void *data;
	size_t size;
	loff_t pos;
	bool write;
};

static u8 *bench_medium;
static struct bench_server *bench_device_server;
/* Protects the medium of ddt_bench_sync. */
static DEFINE_MUTEX(bench_sync_lock);

/* What is left of a transfer within the medium. */
static size_t bench_limit(struct kiocb *iocb, struct iov_iter *iter)
{
	if (iocb->ki_pos >= BENCH_MEDIUM_SIZE)
		return 0;
	return min_t(size_t, iov_iter_count(iter),
		     BENCH_MEDIUM_SIZE - iocb->ki_pos);
}

static ssize_t bench_transferred(struct kiocb *iocb, size_t wanted, size_t done)
{
	iocb->ki_pos += done;
	return wanted && !done ? -EFAULT : done;
}

static ssize_t bench_sync(struct kiocb *iocb, struct iov_iter *iter, bool write)
{
	size_t size = bench_limit(iocb, iter), done;
	u8 *medium = bench_medium + iocb->ki_pos;

	if (iocb->ki_flags & IOCB_NOWAIT) {
		if (!mutex_trylock(&bench_sync_lock))
			return -EAGAIN;
	} else {
		mutex_lock(&bench_sync_lock);
	}
	done = write ? copy_from_iter(medium, size, iter) :
		       copy_to_iter(medium, size, iter);
	mutex_unlock(&bench_sync_lock);
	return bench_transferred(iocb, size, done);
}

static ssize_t bench_sync_read(struct kiocb *iocb, struct iov_iter *iter)
{
	return bench_sync(iocb, iter, false);
}

static ssize_t bench_sync_write(struct kiocb *iocb, struct iov_iter *iter)
{
	return bench_sync(iocb, iter, true);
}

static int bench_sync_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_NOWAIT;
	return 0;
}

/* In the thread of the engine. */
static void bench_transfer_data(struct bench_request *req)
{
	struct bench_transfer *transfer = container_of(req,
						       struct bench_transfer,
						       request);
	u8 *medium = bench_medium + transfer->pos;

	if (transfer->write)
		memcpy(medium, transfer->data, transfer->size);
	else
		memcpy(transfer->data, medium, transfer->size);
}

static void bench_transfer_wait(struct bench_transfer *transfer)
{
	struct bench_server *server = bench_device_server;

	init_completion(&transfer->done);
	transfer->request.server = server;
	transfer->request.transfer = bench_transfer_data;
	transfer->request.finished = &transfer->done;
	server->engine->init(&transfer->request);
	server->engine->submit(server, &transfer->request);
	wait_for_completion(&transfer->done);
}

static ssize_t bench_queued_read(struct kiocb *iocb, struct iov_iter *iter)
{
	struct bench_transfer transfer = {
		.pos = iocb->ki_pos,
		.size = bench_limit(iocb, iter),
	};
	size_t done;

	if (!transfer.size)
		return 0;
	transfer.data = kvmalloc(transfer.size, GFP_KERNEL);
	if (!transfer.data)
		return -ENOMEM;
	bench_transfer_wait(&transfer);
	done = copy_to_iter(transfer.data, transfer.size, iter);
	kvfree(transfer.data);
	return bench_transferred(iocb, transfer.size, done);
}

static ssize_t bench_queued_write(struct kiocb *iocb, struct iov_iter *iter)
{
	struct bench_transfer transfer = {
		.pos = iocb->ki_pos,
		.size = bench_limit(iocb, iter),
		.write = true,
	};
	size_t wanted = transfer.size;

	if (!wanted)
		return -ENOSPC;
	transfer.data = kvmalloc(wanted, GFP_KERNEL);
	if (!transfer.data)
		return -ENOMEM;
	transfer.size = copy_from_iter(transfer.data, wanted, iter);
	if (transfer.size)
		bench_transfer_wait(&transfer);
	kvfree(transfer.data);
	return bench_transferred(iocb, wanted, transfer.size);
}

static loff_t bench_device_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, BENCH_MEDIUM_SIZE);
}

static const struct file_operations bench_sync_fops = {
	.owner = THIS_MODULE,
	.open = bench_sync_open,
	.llseek = bench_device_llseek,
	.read_iter = bench_sync_read,
	.write_iter = bench_sync_write,
};

static const struct file_operations bench_queued_fops = {
	.owner = THIS_MODULE,
	.llseek = bench_device_llseek,
	.read_iter = bench_queued_read,
	.write_iter = bench_queued_write,
};

static struct miscdevice bench_devices[] = {
	{
		.minor = MISC_DYNAMIC_MINOR,
		.name = "ddt_bench_sync",
		.fops = &bench_sync_fops,
	}, {
		.minor = MISC_DYNAMIC_MINOR,
		.name = "ddt_bench_transcription",
		.fops = &bench_queued_fops,
	},
};

int bench_devices_create(void)
{
	const struct bench_rival rival = { &bench_transcription, -1 };
	const struct bench_params params = { .cpu = -1 };
	int i, err;

	bench_medium = vzalloc(BENCH_MEDIUM_SIZE);
	if (!bench_medium)
		return -ENOMEM;
	bench_device_server = bench_server_create(&rival, &params);
	if (IS_ERR(bench_device_server)) {
		err = PTR_ERR(bench_device_server);
		goto free_medium;
	}
	for (i = 0; i < ARRAY_SIZE(bench_devices); i++) {
		err = misc_register(&bench_devices[i]);
		if (err)
			goto deregister;
	}
	return 0;

deregister:
	while (i--)
		misc_deregister(&bench_devices[i]);
	bench_transcription.destroy(bench_device_server);
	bench_server_free(bench_device_server);
free_medium:
	vfree(bench_medium);
	return err;
}

void bench_devices_destroy(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(bench_devices); i++)
		misc_deregister(&bench_devices[i]);
	bench_transcription.destroy(bench_device_server);
	bench_server_free(bench_device_server);
	vfree(bench_medium);
}
