/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_rounds.h"

#include <errno.h>
#include <stdlib.h>

int pg_rounds_add(struct pg_rounds *r, uint64_t cycles)
{
	if (r->n == r->cap) {
		size_t cap = r->cap * 2 + 64;
		uint64_t *more = realloc(r->cycles, cap * sizeof *more);
		if (!more)
			return -ENOMEM;
		r->cycles = more;
		r->cap = cap;
	}
	r->cycles[r->n++] = cycles;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

void pg_rounds_sort(struct pg_rounds *r)
{
	qsort(r->cycles, r->n, sizeof *r->cycles, compare);
}

uint64_t pg_rounds_quantile(const struct pg_rounds *r, double q)
{
	return r->cycles[(size_t)(q * (double)(r->n - 1) + 0.5)];
}

uint64_t pg_rounds_median(const struct pg_rounds *r)
{
	return pg_rounds_quantile(r, 0.5);
}

void pg_rounds_free(struct pg_rounds *r)
{
	free(r->cycles);
	*r = (struct pg_rounds){ 0 };
}
