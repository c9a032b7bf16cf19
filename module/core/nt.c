// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt.c - the NT names: statuses, and reports of drivers' bugs
 */

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>

#include "nt.h"

ddt_nt_bug_fn ddt_nt_bug_handler;

/**
 * ddt_nt_set_bug_fn() - have bugs of drivers reported to a function
 * @fn: the function, or NULL to have a warning with a stack trace, once for
 *	each kind of bug
 *
 * For tests that show that a bug is found, and for those that show that there
 * is none. What it counts as bugs is what Windows stops the machine for, and
 * the exceptions that Windows' functions raise.
 *
 * Context: Any. The function must stay where it is until another one has been
 * set and no driver is in any function of <ddt/nt.h>.
 * Return: the function before, or NULL.
 */
ddt_nt_bug_fn ddt_nt_set_bug_fn(ddt_nt_bug_fn fn)
{
	return xchg(&ddt_nt_bug_handler, fn);
}
EXPORT_SYMBOL_GPL(ddt_nt_set_bug_fn);

/**
 * ddt_nt_errno() - what Linux calls a status
 * @status: the status
 *
 * Context: Any.
 * Return: 0 for STATUS_SUCCESS and STATUS_END_OF_FILE, which Linux tells from
 * each other by the number of bytes; a negative errno for all others, also for
 * those that NT_SUCCESS() takes for success but that say that something has
 * not happened: -ETIME for STATUS_TIMEOUT, -EINTR for STATUS_ALERTED and
 * STATUS_USER_APC, -EINPROGRESS for STATUS_PENDING. -EIO if there is nothing
 * closer.
 */
int ddt_nt_errno(NTSTATUS status)
{
	static const struct {
		NTSTATUS status;
		int err;
	} errors[] = {
		{ STATUS_USER_APC, -EINTR },
		{ STATUS_ALERTED, -EINTR },
		{ STATUS_TIMEOUT, -ETIME },
		{ STATUS_PENDING, -EINPROGRESS },
		{ STATUS_BUFFER_OVERFLOW, -EOVERFLOW },
		{ STATUS_DEVICE_BUSY, -EAGAIN },
		{ STATUS_NOT_IMPLEMENTED, -EOPNOTSUPP },
		{ STATUS_INVALID_HANDLE, -EBADF },
		{ STATUS_INVALID_PARAMETER, -EINVAL },
		{ STATUS_NO_SUCH_DEVICE, -ENODEV },
		{ STATUS_INVALID_DEVICE_REQUEST, -EOPNOTSUPP },
		{ STATUS_END_OF_FILE, 0 },
		{ STATUS_NO_MEDIA_IN_DEVICE, -ENOMEDIUM },
		{ STATUS_NO_MEMORY, -ENOMEM },
		{ STATUS_ACCESS_DENIED, -EACCES },
		{ STATUS_BUFFER_TOO_SMALL, -EINVAL },
		{ STATUS_OBJECT_TYPE_MISMATCH, -EINVAL },
		{ STATUS_SEMAPHORE_LIMIT_EXCEEDED, -EOVERFLOW },
		{ STATUS_THREAD_IS_TERMINATING, -ESRCH },
		{ STATUS_DELETE_PENDING, -ESHUTDOWN },
		{ STATUS_INSUFFICIENT_RESOURCES, -ENOMEM },
		{ STATUS_DEVICE_NOT_CONNECTED, -ENODEV },
		{ STATUS_DEVICE_NOT_READY, -EBUSY },
		{ STATUS_IO_TIMEOUT, -ETIME },
		{ STATUS_NOT_SUPPORTED, -EOPNOTSUPP },
		{ STATUS_PROCESS_IS_TERMINATING, -EINTR },
		{ STATUS_CANCELLED, -ECANCELED },
		{ STATUS_INVALID_BUFFER_SIZE, -EINVAL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].status == status)
			return errors[i].err;
	return NT_SUCCESS(status) ? 0 : -EIO;
}
EXPORT_SYMBOL_GPL(ddt_nt_errno);
