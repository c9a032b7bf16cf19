// SPDX-License-Identifier: GPL-2.0-only
/*
 * flush.c - counts the completions that callers wait for
 *
 * A flush waits for the requests with numbers up to that of the last one that
 * was accepted before it began. Each outstanding request is counted by one
 * flush, the first that waits for it; a flush is done when it and all before it
 * have none left. So a completion costs O(log n), however many flushes wait for
 * it.
 *
 * The caller protects the tree.
 */

#include "flush.h"

static struct ddt_flush *ddt_flush_of(struct rb_node *node)
{
	return node ? rb_entry(node, struct ddt_flush, node) : NULL;
}

static bool ddt_flush_is_before(struct rb_node *node,
				const struct rb_node *other)
{
	return rb_entry(node, struct ddt_flush, node)->last <
	       rb_entry(other, struct ddt_flush, node)->last;
}

/* @outstanding: how many requests up to @last have not been counted. */
void ddt_flush_add(struct ddt_flushes *flushes, struct ddt_flush *flush,
		   u64 last, u64 outstanding)
{
	flush->last = last;
	flush->left = outstanding - flushes->left;
	flushes->left = outstanding;
	rb_add_cached(&flush->node, &flushes->tree, ddt_flush_is_before);
}

/* What it counted is counted by the next one. */
void ddt_flush_remove(struct ddt_flushes *flushes, struct ddt_flush *flush)
{
	struct ddt_flush *next = ddt_flush_of(rb_next(&flush->node));

	if (next)
		next->left += flush->left;
	else
		flushes->left -= flush->left;
	rb_erase_cached(&flush->node, &flushes->tree);
	RB_CLEAR_NODE(&flush->node);
}

/* The request with that number has been completed. */
void ddt_flush_count(struct ddt_flushes *flushes, u64 number)
{
	struct rb_node *node = flushes->tree.rb_root.rb_node;
	struct ddt_flush *flush, *found = NULL;

	while (node) {
		flush = ddt_flush_of(node);
		if (flush->last < number) {
			node = node->rb_right;
		} else {
			found = flush;
			node = node->rb_left;
		}
	}
	if (found) {
		found->left--;
		flushes->left--;
	}
}

/* Removes a flush that is done and returns it, or NULL if there is none. */
struct ddt_flush *ddt_flush_done(struct ddt_flushes *flushes)
{
	struct ddt_flush *first = ddt_flush_of(rb_first_cached(&flushes->tree));

	if (!first || first->left)
		return NULL;
	ddt_flush_remove(flushes, first);
	return first;
}
