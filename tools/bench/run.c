// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - runs a workload that a line names: "WORKLOAD CPU N SUBMITTERS
 *	   SERVICE_NS ROUNDS"
 *
 * CPU is that of the server, submitters are on CPU 0; -1 is any, for both. What
 * N is the workload says.
 */

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/string.h>

#include "bench.h"

#define BENCH_MAX_N		1000000U
#define BENCH_MAX_SUBMITTERS	64U
#define BENCH_MAX_ROUNDS	100000U

int bench_run(const char *line)
{
	const struct bench_workload *workload;
	struct bench_params params;
	char name[16];

	if (sscanf(line, "%15s %d %u %u %u %u", name, &params.cpu, &params.n,
		   &params.submitters, &params.service_ns,
		   &params.rounds) != 6)
		return -EINVAL;
	if (params.cpu < -1 ||
	    (params.cpu >= 0 && (params.cpu >= nr_cpu_ids ||
				 !cpu_online(params.cpu))) ||
	    !params.n || params.n > BENCH_MAX_N ||
	    !params.submitters || params.submitters > BENCH_MAX_SUBMITTERS ||
	    params.service_ns > NSEC_PER_SEC ||
	    !params.rounds || params.rounds > BENCH_MAX_ROUNDS)
		return -ERANGE;

	for (workload = bench_workloads; workload->name; workload++) {
		if (strcmp(name, workload->name))
			continue;
		bench_results_clear();
		return workload->run(&params);
	}
	return -EINVAL;
}
