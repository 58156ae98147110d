/* SPDX-License-Identifier: Apache-2.0 */
/* pg_rounds: how long the slices of a round took, over many rounds.
 *
 * A round goes over all of the traffic, in slices that are the same in every round. What else runs on the machine only ever
 * makes a slice longer, and hits another slice each time: so a round's typical time is put together from each slice's median.
 *
 * Owner: the caller. Memory: heap. Units: the caller's. */
#ifndef PG_ROUNDS_H
#define PG_ROUNDS_H

#include <stddef.h>
#include <stdint.h>

struct pg_rounds {
	uint64_t *times; /* a row a round, a column a slice */
	size_t slices, rounds, cap;
};

void pg_rounds_init(struct pg_rounds *r, size_t slices);
/* The next round's row, all zero, for the caller to fill in; valid until the next call. NULL without memory. */
uint64_t *pg_rounds_next(struct pg_rounds *r);
/* A round made of the times that the share q of each slice's rounds is shorter than. At least one round was added. */
uint64_t pg_rounds_quantile(const struct pg_rounds *r, double q);
void pg_rounds_free(struct pg_rounds *r);

#endif
