/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_rounds.h"

#include <stdlib.h>
#include <string.h>

void pg_rounds_init(struct pg_rounds *r, size_t slices)
{
	*r = (struct pg_rounds){ .slices = slices };
}

uint64_t *pg_rounds_next(struct pg_rounds *r)
{
	if (r->rounds == r->cap) {
		size_t cap = r->cap * 2 + 16;
		uint64_t *more = realloc(r->times, cap * r->slices * sizeof *more);
		if (!more)
			return NULL;
		r->times = more;
		r->cap = cap;
	}
	uint64_t *row = r->times + r->rounds++ * r->slices;
	memset(row, 0, r->slices * sizeof *row);
	return row;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

uint64_t pg_rounds_quantile(const struct pg_rounds *r, double q)
{
	uint64_t sum = 0, *column = malloc(r->rounds * sizeof *column);
	if (!column)
		abort();
	for (size_t s = 0; s < r->slices; s++) {
		for (size_t i = 0; i < r->rounds; i++)
			column[i] = r->times[i * r->slices + s];
		qsort(column, r->rounds, sizeof *column, compare);
		sum += column[(size_t)(q * (double)(r->rounds - 1) + 0.5)];
	}
	free(column);
	return sum;
}

void pg_rounds_free(struct pg_rounds *r)
{
	free(r->times);
	*r = (struct pg_rounds){ 0 };
}
