/* SPDX-License-Identifier: GPL-2.0-only */
/* dispatcher.h - what the rest of the library uses of the dispatcher objects */
#ifndef _DDT_CORE_DISPATCHER_H
#define _DDT_CORE_DISPATCHER_H

#include <linux/ktime.h>
#include <linux/list.h>

struct ddt_object;
struct ddt_waiter;

struct ddt_wait_block {
	struct list_head link;		/* in ddt_object.waiters */
	struct ddt_object *object;
	struct ddt_waiter *waiter;
};

#define DDT_WAIT_FLAGS	(DDT_WAIT_ALERTABLE | DDT_WAIT_KILLABLE | \
			 DDT_WAIT_ABSOLUTE | DDT_WAIT_REALTIME)

void ddt_object_init_thread(struct ddt_object *object);
bool ddt_object_signal(struct ddt_object *object);
bool ddt_object_read(const struct ddt_object *object);
int ddt_wait_blocks(struct ddt_object *const *objects, unsigned int count,
		    bool all, unsigned int flags, ktime_t timeout,
		    struct ddt_wait_block *blocks);
void ddt_timeout_make_absolute(unsigned int *flags, ktime_t *timeout);

#endif /* _DDT_CORE_DISPATCHER_H */
