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

struct wide { /* of nothing: there are registers enough, or too few */
	int none;
};

TARGET static inline struct wide wide_init(void)
{
	return (struct wide){ 0 };
}

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

TARGET static inline bool wide_full(const struct wide *w, const uint8_t *p)
{
	(void)w;
	return rs_spot_has_full(mask(is_most(load(p)), is_most(load(p + 16)), is_most(load(p + 32)), is_most(load(p + 48))));
}

TARGET static inline __m128i is_end(__m128i v)
{
	return _mm_cmpeq_epi8(v, _mm_shuffle_epi8(load(rs_spot_ends), v));
}

TARGET static inline uint64_t wide_ends(const struct wide *w, const uint8_t *p)
{
	(void)w;
	return mask(is_end(load(p)), is_end(load(p + 16)), is_end(load(p + 32)), is_end(load(p + 48)));
}

TARGET static inline __m128i is_colon(__m128i v)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(':'));
}

TARGET static inline uint64_t wide_colons(const struct wide *w, const uint8_t *p)
{
	(void)w;
	return mask(is_colon(load(p)), is_colon(load(p + 16)), is_colon(load(p + 32)), is_colon(load(p + 48)));
}

#include "reassembly/decode/rs_spot_wide.h"

const struct rs_spot_variant rs_spot_ssse3 = { "ssse3", wide_look, run_of };
#endif
