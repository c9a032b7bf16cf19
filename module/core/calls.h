/* SPDX-License-Identifier: GPL-2.0-only */
/* calls.h - what the module needs before queues can be created */
#ifndef _DDT_CORE_CALLS_H
#define _DDT_CORE_CALLS_H

int ddt_queue_cache_init(void);
void ddt_queue_cache_exit(void);

#endif /* _DDT_CORE_CALLS_H */
