/* SPDX-License-Identifier: GPL-2.0-only */
/* compat.h - the differences between the kernels that are supported */
#ifndef _DDT_COMPAT_H
#define _DDT_COMPAT_H

#include <linux/version.h>

/* 6.10: __assign_str() takes the source from __string(). */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define ddt_assign_str(dst, src)	__assign_str(dst, src)
#else
#define ddt_assign_str(dst, src)	__assign_str(dst)
#endif

#endif /* _DDT_COMPAT_H */
