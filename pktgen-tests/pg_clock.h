/* SPDX-License-Identifier: Apache-2.0 */
/* pg_clock: nanoseconds of a clock that does not go back. */
#ifndef PG_CLOCK_H
#define PG_CLOCK_H

#include <stdint.h>
#include <time.h>

#define PG_SECOND UINT64_C(1000000000)

static inline uint64_t pg_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * PG_SECOND + (uint64_t)t.tv_nsec;
}

#endif
