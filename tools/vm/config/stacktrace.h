/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the stack traces of user-mode Linux fast. Included before its
 * arch/um/kernel/stacktrace.c when a kernel with debugging options is built
 * (tools/vm/kernel); the kernel's source stays as it is.
 *
 * KASAN, kmemleak and lockdep save a trace for every allocation. dump_trace()
 * there asks of every word on the stack whether it is an address of code; where
 * it is none, or in a module, all modules are looked through, under locks that
 * lockdep follows. A trace that is saved (dump_ops) then keeps only the return
 * addresses of frames. Hence, for those, ask only where one of them is.
 */
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <asm/stacktrace.h>

static const struct stacktrace_ops dump_ops __maybe_unused;

#define __kernel_text_address(addr)					\
	((ops != &dump_ops || (unsigned long)sp == bp + sizeof(long)) &&	\
	 (core_kernel_text(addr) || __kernel_text_address(addr)))
