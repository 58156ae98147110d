/* SPDX-License-Identifier: Apache-2.0 */
/* dp_clock: packets' time on a live port: real time's figures with the monotonic clock's behaviour. It never goes back, and when
 * the real clock is set it follows by an eighth of its own pace at most: so that no timeout of a connection is cut short by a step.
 *
 * Owner: one worker. Units: nanoseconds; `mono` of CLOCK_MONOTONIC, `real` of CLOCK_REALTIME, since 1970. */
#ifndef DP_CLOCK_H
#define DP_CLOCK_H

#include <stdint.h>

#define DP_CLOCK_PACE 8

struct dp_clock {
	uint64_t offset; /* to be added to mono; may wrap */
	uint64_t corrected; /* mono, when `offset` was looked at last */
};

static inline void dp_clock_start(struct dp_clock *c, uint64_t mono, uint64_t real)
{
	*c = (struct dp_clock){ real - mono, mono };
}

static inline uint64_t dp_clock_now(const struct dp_clock *c, uint64_t mono)
{
	return mono + c->offset;
}

/* Now and then: moves towards the real time. */
static inline void dp_clock_correct(struct dp_clock *c, uint64_t mono, uint64_t real)
{
	int64_t most = (int64_t)((mono - c->corrected) / DP_CLOCK_PACE), off = (int64_t)(real - dp_clock_now(c, mono));
	c->corrected = mono;
	c->offset += (uint64_t)(off > most ? most : off < -most ? -most : off);
}

#endif
