/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what differs between the kernels that are supported
 *
 * Where that can be done the thing itself is tested for and not the version:
 * stable kernels get backports.
 */
#ifndef _DDT_COMPAT_H
#define _DDT_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/limits.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/version.h>

/* 6.1 has no kzalloc_obj(). */
#ifndef kzalloc_obj
#define kzalloc_obj(obj, gfp)	kzalloc(sizeof(obj), gfp)
#endif

/*
 * Without IOCB_AIO_RW it took all kiocbs for those of libaio, and spoiled what
 * came from elsewhere. Then io_cancel() does not cancel anything.
 */
#ifdef IOCB_AIO_RW
#define ddt_kiocb_set_cancel_fn(iocb, fn)	kiocb_set_cancel_fn(iocb, fn)
#else
#define ddt_kiocb_set_cancel_fn(iocb, fn)	((void)(iocb), (void)(fn))
#endif

/* 6.5 has another function for drivers, and later the one before is gone. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define ddt_splice_read	generic_file_splice_read
#else
#define ddt_splice_read	copy_splice_read
#endif

/*
 * Pin some pages of the memory of user space that @iter refers to, which is not
 * empty, and advance it. 6.1 has no function for that.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline ssize_t ddt_pin_pages(struct iov_iter *iter, struct page **pages,
				    unsigned int nr, size_t *offset)
{
	const struct iovec *iov = iter->iov;
	size_t skip = iter->iov_offset, size = iter->count;
	unsigned long address;
	int pinned;

	if (iter_is_ubuf(iter)) {
		address = (unsigned long)iter->ubuf + skip;
	} else {
		for (; iov->iov_len == skip; skip = 0)
			iov++;
		address = (unsigned long)iov->iov_base + skip;
		size = min(size, iov->iov_len - skip);
	}
	*offset = offset_in_page(address);
	nr = min_t(size_t, nr, DIV_ROUND_UP(*offset + size, PAGE_SIZE));
	pinned = pin_user_pages_fast(address & PAGE_MASK, nr, FOLL_WRITE, pages);
	if (pinned <= 0)
		return pinned ?: -EFAULT;
	size = min_t(size_t, size, pinned * PAGE_SIZE - *offset);
	iov_iter_advance(iter, size);
	return size;
}
#else
static inline ssize_t ddt_pin_pages(struct iov_iter *iter, struct page **pages,
				    unsigned int nr, size_t *offset)
{
	return iov_iter_extract_pages(iter, &pages, SIZE_MAX, nr, 0, offset);
}
#endif

/* Since 6.10 __assign_str() takes the source from __string(). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define ddt_assign_str(dst, src)	__assign_str(dst, src)
#else
#define ddt_assign_str(dst, src)	__assign_str(dst)
#endif

/* 6.12 initialises a timer and sets its function one by one. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*fn)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#endif

/* 6.1 takes a workqueue that is not unbound to be per CPU. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define DDT_WQ_PERCPU	0
#else
#define DDT_WQ_PERCPU	WQ_PERCPU
#endif

#endif /* _DDT_COMPAT_H */
