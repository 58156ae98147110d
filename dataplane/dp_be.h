/* SPDX-License-Identifier: Apache-2.0 */
/* dp_be: numbers in a frame, in the order of the network (RFC 1700): the byte that weighs most first, at any address.
 *
 * Owner, memory: the caller's. */
#ifndef DP_BE_H
#define DP_BE_H

#include <stdint.h>

static inline uint16_t dp_be_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t dp_be_get32(const uint8_t *p)
{
	return (uint32_t)dp_be_get16(p) << 16 | dp_be_get16(p + 2);
}

static inline void dp_be_put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void dp_be_put32(uint8_t *p, uint32_t v)
{
	dp_be_put16(p, v >> 16);
	dp_be_put16(p + 2, v & 0xffff);
}

static inline uint64_t dp_be_get64(const uint8_t *p)
{
	return (uint64_t)dp_be_get32(p) << 32 | dp_be_get32(p + 4);
}

#endif
