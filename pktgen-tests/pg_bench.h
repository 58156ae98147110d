/* SPDX-License-Identifier: Apache-2.0 */
/* pg_bench: the measurements of mailweir-bench, one a file. */
#ifndef PG_BENCH_H
#define PG_BENCH_H

#include <stdio.h>

/* argv[0] is the measurement's name. Returns the exit status. */
int pg_bench_scan(int argc, char **argv, void (*usage)(FILE *));
int pg_bench_flows(int argc, char **argv, void (*usage)(FILE *));
int pg_bench_reassemble(int argc, char **argv, void (*usage)(FILE *));
int pg_bench_forward(int argc, char **argv, void (*usage)(FILE *));
int pg_bench_latency(int argc, char **argv, void (*usage)(FILE *));

#endif
