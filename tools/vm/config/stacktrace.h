/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the stack traces of user-mode Linux fast. Included before its
 * arch/um/kernel/stacktrace.c when a kernel with debugging options is built
 * (tools/vm/kernel); the kernel's source stays as it is.
 *
 * dump_trace() there asks of every word on the stack whether it is an address
 * of code. For each that is not, the kernel looks through all modules, under
 * locks that lockdep follows, for microseconds; KASAN and kmemleak take
 * a trace for every allocation. Hence answer first for what can be no code: all
 * below the area that modules are loaded into, and the stack itself.
 */
#include <linux/kernel.h>
#include <linux/kallsyms.h>
#include <linux/sched.h>
#include <linux/pgtable.h>

#define __kernel_text_address(addr)					\
	(core_kernel_text(addr) ||					\
	 ((addr) >= VMALLOC_START && (addr) < VMALLOC_END &&		\
	  ((addr) ^ (unsigned long)__builtin_frame_address(0)) >=	\
	   THREAD_SIZE && __kernel_text_address(addr)))
