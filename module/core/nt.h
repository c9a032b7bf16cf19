/* SPDX-License-Identifier: GPL-2.0-only */
/* nt.h - what the parts of the NT names use of each other */
#ifndef _DDT_CORE_NT_H
#define _DDT_CORE_NT_H

#include <linux/bug.h>

#include <ddt/nt.h>

extern ddt_nt_bug_fn ddt_nt_bug_handler;

/* Reports what Windows would stop the machine or raise an exception for. */
#define ddt_nt_bug(what)						\
do {									\
	ddt_nt_bug_fn handler = READ_ONCE(ddt_nt_bug_handler);		\
	const char *text = what;					\
									\
	if (handler)							\
		handler(__func__, text);				\
	else								\
		WARN_ONCE(1, "%s: %s\n", __func__, text);		\
} while (0)

void ddt_nt_device_get(PDEVICE_OBJECT device);
void ddt_nt_device_put(PDEVICE_OBJECT device);

int ddt_nt_init(void);
void ddt_nt_exit(void);
int ddt_nt_io_init(void);
void ddt_nt_io_exit(void);

#endif /* _DDT_CORE_NT_H */
