// SPDX-License-Identifier: GPL-2.0-only
/* queues.c - many queues without work: what they take while they are idle */

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "bench.h"

#define BENCH_MAX_QUEUES	65536U

/* Queues, or for comparison threads that only sleep. */
static void **bench_queues;
static unsigned int bench_queues_count;
static bool bench_queues_bare;

static int bench_queues_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	return 0;
}

static void bench_queues_complete(struct ddt_queue *queue,
				  struct ddt_request *req)
{
}

static const struct ddt_queue_ops bench_queues_ops = {
	.serve = bench_queues_serve,
	.complete = bench_queues_complete,
};

static int bench_bare_thread(void *unused)
{
	return bench_sleep_until_stop();
}

static void *bench_queue_create(enum ddt_queue_server server)
{
	struct ddt_queue_attr attr = {
		.server = server,
		.thread.name = "bench-idle",
		.depth = 1,
		.idle_timeout = server == DDT_SERVER_ON_DEMAND ?
				NSEC_PER_SEC : DDT_FOREVER,
	};

	return ddt_queue_create(&bench_queues_ops, NULL, &attr);
}

void bench_queues_destroy(void)
{
	while (bench_queues_count) {
		bench_queues_count--;
		if (bench_queues_bare)
			kthread_stop(bench_queues[bench_queues_count]);
		else
			ddt_queue_destroy(bench_queues[bench_queues_count]);
	}
	kvfree(bench_queues);
	bench_queues = NULL;
}

/*
 * Replaces what there is by @count of a kind: "thread", "on-demand", "workers", or
 * "bare" for threads without a queue.
 */
int bench_queues_set(const char *kind, unsigned int count)
{
	static const char *const kinds[] = {
		[DDT_SERVER_THREAD] = "thread",
		[DDT_SERVER_ON_DEMAND] = "on-demand",
		[DDT_SERVER_WORKERS] = "workers",
		"bare",
	};
	int server = match_string(kinds, ARRAY_SIZE(kinds), kind);
	void *one;

	if (server < 0 || count > BENCH_MAX_QUEUES)
		return -EINVAL;
	bench_queues_destroy();
	if (!count)
		return 0;

	bench_queues = kvcalloc(count, sizeof(*bench_queues), GFP_KERNEL);
	if (!bench_queues)
		return -ENOMEM;
	bench_queues_bare = server > DDT_SERVER_WORKERS;
	while (bench_queues_count < count) {
		one = bench_queues_bare ?
		      kthread_run(bench_bare_thread, NULL, "bench-bare") :
		      bench_queue_create(server);
		if (IS_ERR(one)) {
			bench_queues_destroy();
			return PTR_ERR(one);
		}
		bench_queues[bench_queues_count++] = one;
	}
	return 0;
}

/* The sums of what the threads of the queues have used up to now. */
void bench_queues_show(struct seq_file *m)
{
	u64 switches = 0, runtime_ns = 0;
	struct ddt_thread_usage usage;
	struct ddt_thread *thread;
	unsigned int i;

	for (i = 0; i < bench_queues_count && !bench_queues_bare; i++) {
		thread = ddt_queue_get_thread(bench_queues[i]);
		if (!thread)
			continue;
		ddt_thread_usage(thread, &usage);
		ddt_thread_put(thread);
		switches += usage.switches;
		runtime_ns += usage.runtime_ns;
	}
	seq_printf(m, "{\"request_bytes\":%zu,", sizeof(struct ddt_request));
	seq_printf(m, "\"queues\":%u,\"switches\":%llu,\"runtime_ns\":%llu}\n",
		   bench_queues_count, switches, runtime_ns);
}
