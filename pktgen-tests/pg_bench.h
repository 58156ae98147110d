/* SPDX-License-Identifier: Apache-2.0 */
/* pg_bench: the measurements of mailweir-bench, one a file. */
#ifndef PG_BENCH_H
#define PG_BENCH_H

#include <stdbool.h>
#include <stdio.h>

/* argv[0] is the measurement's name. Returns the exit status. */
int pg_bench_scan(int argc, char **argv, void (*usage)(FILE *));
int pg_bench_flows(int argc, char **argv, void (*usage)(FILE *));
int pg_bench_reassemble(int argc, char **argv, void (*usage)(FILE *));
int pg_bench_long(int argc, char **argv, void (*usage)(FILE *));
int pg_bench_forward(int argc, char **argv, void (*usage)(FILE *));
int pg_bench_latency(int argc, char **argv, void (*usage)(FILE *));

/* What their options share. An option's number, from least to most, any or a whole one: false, and said on standard error,
 * where it is none. */
bool pg_bench_number(const char *option, const char *text, double least, double most, double *to);
bool pg_bench_count(const char *option, const char *text, unsigned least, unsigned most, unsigned *to);
/* Whether there is nothing behind the options; else said on standard error. */
bool pg_bench_read_all(int argc, char **argv);

#endif
