/* SPDX-License-Identifier: Apache-2.0 */
/* pg_impair_plan: what is to become of frame k of one direction. It follows from the settings, the direction and k alone: not
 * from the frames before it, nor from the time.
 *
 * Units: shares from 0 to 1; time in nanoseconds. */
#ifndef PG_IMPAIR_PLAN_H
#define PG_IMPAIR_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#define PG_IMPAIR_BEHIND_MAX 3

struct pg_impair_settings {
	double loss, duplicate, reorder;
	uint64_t delay, jitter; /* each frame: delay, and up to jitter more */
	uint64_t seed;
};

struct pg_impair_fate {
	bool lost; /* then nothing else is set */
	bool duplicated;
	unsigned behind; /* so many later frames are to go first: 0, or 1 to PG_IMPAIR_BEHIND_MAX */
	uint64_t delay;
};

struct pg_impair_fate pg_impair_plan(const struct pg_impair_settings *s, unsigned direction, uint64_t k);

#endif
