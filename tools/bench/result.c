// SPDX-License-Identifier: GPL-2.0-only
/* result.c - what was measured, a line of JSON each */

#include <linux/list.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../../module/compat.h"
#include "bench.h"

struct bench_result_entry {
	struct list_head link;
	struct bench_result result;
};

/* Of the last run; used under the mutex of main.c. */
static LIST_HEAD(bench_results);

int bench_result_add(const struct bench_result *result)
{
	struct bench_result_entry *entry;

	entry = kzalloc_obj(*entry, GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	entry->result = *result;
	list_add_tail(&entry->link, &bench_results);
	return 0;
}

void bench_results_clear(void)
{
	struct bench_result_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &bench_results, link) {
		list_del(&entry->link);
		kfree(entry);
	}
}

static void bench_show_ns(struct seq_file *m, const char *name, u64 ps)
{
	u64 ns = div_u64(ps, 1000);

	seq_printf(m, "\"%s\":%llu.%03u,", name, ns,
		   (unsigned int)(ps - ns * 1000));
}

void bench_results_show(struct seq_file *m)
{
	const struct bench_result_entry *entry;
	const struct bench_result *r;

	list_for_each_entry(entry, &bench_results, link) {
		r = &entry->result;
		seq_printf(m, "{\"workload\":\"%s\",\"engine\":\"%s\",", r->workload,
			   r->engine);
		seq_printf(m, "\"policy\":%d,", r->policy);
		seq_printf(m, "\"cpu\":%d,\"n\":%u,\"submitters\":%u,",
			   r->params.cpu, r->params.n, r->params.submitters);
		seq_printf(m, "\"service_ns\":%u,\"round\":%u,",
			   r->params.service_ns, r->round);
		bench_show_ns(m, "ns", r->ps);
		bench_show_ns(m, "submit_ns", r->submit_ps);
		seq_printf(m, "\"wakeups_milli\":%llu,", r->wakeups_milli);
		seq_printf(m, "\"irq_pairs_milli\":%llu}\n",
			   r->irq_pairs_milli);
	}
}
