/* SPDX-License-Identifier: Apache-2.0 */
/* pg_rounds: how long each round of a measurement took.
 *
 * Owner: the caller. Memory: heap. All zero is empty. */
#ifndef PG_ROUNDS_H
#define PG_ROUNDS_H

#include <stddef.h>
#include <stdint.h>

struct pg_rounds {
	uint64_t *cycles;
	size_t n, cap;
};

/* 0 or -ENOMEM. */
int pg_rounds_add(struct pg_rounds *r, uint64_t cycles);
/* Shortest first; the functions below need it. */
void pg_rounds_sort(struct pg_rounds *r);
/* The round that the share q of all is shorter than. At least one round was added. */
uint64_t pg_rounds_quantile(const struct pg_rounds *r, double q);
uint64_t pg_rounds_median(const struct pg_rounds *r);
void pg_rounds_free(struct pg_rounds *r);

#endif
