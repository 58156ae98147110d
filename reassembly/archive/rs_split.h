/* SPDX-License-Identifier: Apache-2.0 */
/* For tests and fuzzing: ways to cut an archive's bytes, given to a log that asks for the next piece's length. */
#ifndef RS_SPLIT_H
#define RS_SPLIT_H

#include <stddef.h>
#include <stdint.h>

static inline size_t split_ones(void *arg, size_t left)
{
	(void)arg;
	(void)left;
	return 1;
}

/* arg: the uint32_t that the lengths follow from. */
static inline size_t split_varied(void *arg, size_t left)
{
	uint32_t *state = arg;
	(void)left;
	*state = *state * 1664525u + 1013904223u;
	return 1 + (*state >> 24) % 90;
}

#endif
