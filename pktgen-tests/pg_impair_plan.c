/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_impair_plan.h"

#include "pktgen-tests/pg_random.h"

/* Every frame has so many draws of its own, used or not: no setting changes what another one does to a frame. */
#define DRAWS 5

/* 0 to 1, without 1: a share of 1 is always, of 0 never. */
static double share(uint64_t *state)
{
	return (double)(pg_random(state) >> 11) * 0x1p-53;
}

struct pg_impair_fate pg_impair_plan(const struct pg_impair_settings *s, unsigned direction, uint64_t k)
{
	uint64_t base = s->seed * 2 + direction, state = pg_random(&base) + k * DRAWS * PG_RANDOM_STEP;
	bool lost = share(&state) < s->loss, duplicated = share(&state) < s->duplicate, reordered = share(&state) < s->reorder;
	unsigned behind = 1 + (unsigned)(pg_random(&state) % PG_IMPAIR_BEHIND_MAX);
	uint64_t jitter = (uint64_t)(share(&state) * (double)s->jitter);
	if (lost)
		return (struct pg_impair_fate){ .lost = true };
	return (struct pg_impair_fate){ .duplicated = duplicated, .behind = reordered ? behind : 0, .delay = s->delay + jitter };
}
