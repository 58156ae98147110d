/* SPDX-License-Identifier: Apache-2.0 */
/* pg_random: splitmix64, the generator of everything here that is to be random and the same in every run. */
#ifndef PG_RANDOM_H
#define PG_RANDOM_H

#include <stdint.h>

/* What a draw adds to the state: the state of draw n is known without those before it. */
#define PG_RANDOM_STEP UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t pg_random(uint64_t *state)
{
	uint64_t x = *state += PG_RANDOM_STEP;
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

#endif
