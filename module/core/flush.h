/* SPDX-License-Identifier: GPL-2.0-only */
/* flush.h - counts the completions that callers wait for */
#ifndef _DDT_CORE_FLUSH_H
#define _DDT_CORE_FLUSH_H

#include <linux/rbtree.h>
#include <linux/types.h>

/* Waits for all requests with numbers up to @last. */
struct ddt_flush {
	struct rb_node node;
	u64 last;
	u64 left;
};

struct ddt_flushes {
	struct rb_root_cached tree;	/* by last */
	u64 left;			/* of all */
};

void ddt_flush_add(struct ddt_flushes *flushes, struct ddt_flush *flush,
		   u64 last, u64 outstanding);
void ddt_flush_remove(struct ddt_flushes *flushes, struct ddt_flush *flush);
void ddt_flush_count(struct ddt_flushes *flushes, u64 number);
struct ddt_flush *ddt_flush_done(struct ddt_flushes *flushes);

static inline bool ddt_flush_any(const struct ddt_flushes *flushes)
{
	return rb_first_cached(&flushes->tree);
}

#endif /* _DDT_CORE_FLUSH_H */
