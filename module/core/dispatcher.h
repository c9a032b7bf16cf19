/* SPDX-License-Identifier: GPL-2.0-only */
/* dispatcher.h - what the rest of the library uses of the dispatcher objects */
#ifndef _DDT_CORE_DISPATCHER_H
#define _DDT_CORE_DISPATCHER_H

#include <linux/ktime.h>

struct ddt_object;

void ddt_object_init_thread(struct ddt_object *object);
bool ddt_object_signal(struct ddt_object *object);
bool ddt_object_read(const struct ddt_object *object);
void ddt_timeout_make_absolute(unsigned int *flags, ktime_t *timeout);

#endif /* _DDT_CORE_DISPATCHER_H */
