/* SPDX-License-Identifier: Apache-2.0 */
/* rs_row: whether so many bytes in a row are of text: tells random bytes from what may hold words, at half an instruction a byte.
 *
 * Owner: nobody: a function of its arguments. Units: bytes. */
#ifndef RS_ROW_H
#define RS_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define RS_ROW_MAX 16

/* Tab, line ends, and all between space and 7f. */
static inline bool rs_row_is_text(uint8_t b)
{
	return (b > 8 && b < 0x0e) || (b > 0x1f && b < 0x80);
}

#ifdef __SSE2__
static inline uint64_t rs_row_mask(const uint8_t p[64])
{
	uint64_t m = 0;
	for (unsigned i = 0; i < 4; i++) {
		const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
		const __m128i low = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8(8)), _mm_cmplt_epi8(v, _mm_set1_epi8(0x0e)));
		m |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_or_si128(low, _mm_cmpgt_epi8(v, _mm_set1_epi8(0x1f)))) << 16 * i;
	}
	return m;
}
#else
static inline uint64_t rs_row_mask(const uint8_t p[64])
{
	uint64_t m = 0;
	for (unsigned i = 0; i < 64; i++)
		m |= (uint64_t)rs_row_is_text(p[i]) << i;
	return m;
}
#endif

/* 1 <= k <= RS_ROW_MAX. */
static inline bool rs_row_of_text(const uint8_t *p, size_t n, unsigned k)
{
	uint8_t last[64];
	for (size_t i = 0; i + k <= n; i += 65 - k) {
		const uint8_t *q = p + i;
		if (n - i < sizeof last) {
			memset(last, 0, sizeof last);
			memcpy(last, q, n - i);
			q = last;
		}
		uint64_t m = rs_row_mask(q);
		for (unsigned have = 1, more; have < k; have += more) {
			more = have < k - have ? have : k - have;
			m &= m >> more;
		}
		if (m)
			return true;
	}
	return false;
}

#endif
