/* SPDX-License-Identifier: GPL-2.0-only */
/* grow.h - workloads: the library's queue as there is more in it */
#ifndef _DDT_BENCH_PATH_GROW_H
#define _DDT_BENCH_PATH_GROW_H

struct bench_params;

int bench_queued(const struct bench_params *params);
int bench_flows(const struct bench_params *params);
int bench_deadlines(const struct bench_params *params);
int bench_walks(const struct bench_params *params);

#endif /* _DDT_BENCH_PATH_GROW_H */
