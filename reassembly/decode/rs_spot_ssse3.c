/* SPDX-License-Identifier: Apache-2.0 */
/* SSSE3: classes by two tables of 16, a quarter of a step at a time. */
#ifdef __x86_64__
#include <immintrin.h>
#include <stdint.h>

#define TARGET __attribute__((target("ssse3")))

TARGET static inline __m128i load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

TARGET static inline uint64_t mask(__m128i a, __m128i b, __m128i c, __m128i d)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(a) | (uint64_t)(uint32_t)_mm_movemask_epi8(b) << 16 |
	       (uint64_t)(uint32_t)_mm_movemask_epi8(c) << 32 | (uint64_t)(uint32_t)_mm_movemask_epi8(d) << 48;
}

#include "reassembly/decode/rs_spot_variant.h"

TARGET static inline __m128i is_run(__m128i v)
{
	const __m128i upper = _mm_and_si128(_mm_srli_epi16(v, 4), _mm_set1_epi8(0x0f));
	const __m128i k = _mm_and_si128(_mm_shuffle_epi8(load(rs_spot_lower), v), _mm_shuffle_epi8(load(rs_spot_upper), upper));
	return _mm_cmpgt_epi8(k, _mm_setzero_si128());
}

TARGET static inline uint64_t wide_run(const uint8_t *p)
{
	return mask(is_run(load(p)), is_run(load(p + 16)), is_run(load(p + 32)), is_run(load(p + 48)));
}

/* As of AVX2. */
TARGET static inline __m128i is_most(__m128i v)
{
	return _mm_cmpgt_epi8(_mm_xor_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8(0x0a));
}

TARGET static inline bool wide_full(const uint8_t *p)
{
	return rs_spot_has_full(mask(is_most(load(p)), is_most(load(p + 16)), is_most(load(p + 32)), is_most(load(p + 48))));
}

TARGET static inline __m128i is_end(__m128i v)
{
	return _mm_cmpeq_epi8(v, _mm_shuffle_epi8(load(rs_spot_ends), v));
}

TARGET static inline uint64_t wide_ends(const uint8_t *p)
{
	return mask(is_end(load(p)), is_end(load(p + 16)), is_end(load(p + 32)), is_end(load(p + 48)));
}

TARGET static inline __m128i is_colon(__m128i v)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(':'));
}

TARGET static inline uint64_t wide_colons(const uint8_t *p)
{
	return mask(is_colon(load(p)), is_colon(load(p + 16)), is_colon(load(p + 32)), is_colon(load(p + 48)));
}

TARGET static inline __m128i halves(const uint8_t half[2][16], __m128i v)
{
	const __m128i low = _mm_set1_epi8(0x0f);
	return _mm_and_si128(_mm_shuffle_epi8(load(half[0]), _mm_and_si128(v, low)),
			     _mm_shuffle_epi8(load(half[1]), _mm_and_si128(_mm_srli_epi16(v, 4), low)));
}

/* As of AVX2. */
TARGET static inline __m128i no_pair(const uint8_t *p)
{
	const struct rs_spot_pairs *t = &rs_spot_pairs;
	const __m128i both = _mm_and_si128(halves(t->first_half, load(p)), halves(t->second_half, load(p + 1)));
	return _mm_cmpeq_epi8(both, _mm_setzero_si128());
}

TARGET static inline uint64_t wide_pairs(const uint8_t *p)
{
	return ~mask(no_pair(p), no_pair(p + 16), no_pair(p + 32), no_pair(p + 48));
}

#include "reassembly/decode/rs_spot_wide.h"

const struct rs_spot_variant rs_spot_ssse3 = { "ssse3", wide_look, run_of, glance };
#endif
