// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the workloads as a program
 *
 *   bench-path LINE...
 *
 * Runs each line, see tools/bench/run.c, and prints a line of JSON for each
 * result; if it was built with SHIM_HOLDS, then one with how long a lock was
 * held at most.
 */
#include "shim.h"

#include "../bench.h"
#include "../../../module/core/calls.h"
#include "../../../module/core/server.h"
#include "grow.h"

const struct bench_rival bench_rivals[] = {
	{ &bench_ddt_thread, SCHED_NORMAL },
	{ &bench_ddt_list, SCHED_NORMAL },
	{ &bench_kthread_worker, SCHED_NORMAL },
	{ &bench_llist, SCHED_NORMAL },
	{ }
};

const struct bench_workload bench_workloads[] = {
	{ "burst", bench_burst },
	{ "scattered", bench_scattered },
	{ "cancel", bench_cancel },
	{ "queued", bench_queued },
	{ "flows", bench_flows },
	{ "deadlines", bench_deadlines },
	{ "walks", bench_walks },
	{ }
};

int main(int argc, char **argv)
{
	struct seq_file out = { .to = stdout };
	int i, err;

	if (argc < 2) {
		fprintf(stderr, "usage: bench-path LINE..., see tools/bench/run.c\n");
		return 2;
	}
	shim_init();
	if (ddt_server_init() || ddt_queue_cache_init())
		return 1;
	for (i = 1; i < argc; i++) {
		shim_longest_hold_ns = 0;
		err = bench_run(argv[i]);
		if (err) {
			fprintf(stderr, "bench-path: %s: %s\n", argv[i],
				strerror(-err));
			return 1;
		}
		bench_results_show(&out);
#ifdef SHIM_HOLDS
		printf("{\"workload\":\"hold\",\"line\":\"%s\",\"ns\":%lu}\n",
		       argv[i], shim_longest_hold_ns);
#endif
		fflush(stdout);
	}
	bench_results_clear();
	return 0;
}
