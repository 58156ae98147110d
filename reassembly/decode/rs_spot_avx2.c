/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2: classes by two tables of 16, a half of a step at a time. */
#ifdef __x86_64__
#include <immintrin.h>
#include <stdint.h>

#define TARGET __attribute__((target("avx2,bmi")))

TARGET static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

TARGET static inline __m256i table(const uint8_t *t)
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)t));
}

TARGET static inline uint64_t mask(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

#include "reassembly/decode/rs_spot_variant.h"

TARGET static inline __m256i is_run(__m256i v)
{
	const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0f));
	const __m256i k = _mm256_and_si256(_mm256_shuffle_epi8(table(rs_spot_lower), v), _mm256_shuffle_epi8(table(rs_spot_upper), upper));
	return _mm256_cmpgt_epi8(k, _mm256_setzero_si256());
}

TARGET static inline uint64_t wide_run(const uint8_t *p)
{
	return mask(is_run(load(p)), is_run(load(p + 32)));
}

/* Exclusive or with the one is more than the other: of a run, and few others: no space, no quote, nothing above 127. */
TARGET static inline __m256i is_most(__m256i v)
{
	return _mm256_cmpgt_epi8(_mm256_xor_si256(v, _mm256_set1_epi8(0x20)), _mm256_set1_epi8(0x0a));
}

TARGET static inline bool wide_full(const uint8_t *p)
{
	const uint64_t m = mask(is_most(load(p)), is_most(load(p + 32)));
	return rs_spot_has_full(m);
}

TARGET static inline __m256i is_end(__m256i v)
{
	return _mm256_cmpeq_epi8(v, _mm256_shuffle_epi8(table(rs_spot_ends), v));
}

TARGET static inline uint64_t wide_ends(const uint8_t *p)
{
	return mask(is_end(load(p)), is_end(load(p + 32)));
}

TARGET static inline uint64_t wide_colons(const uint8_t *p)
{
	return mask(_mm256_cmpeq_epi8(load(p), _mm256_set1_epi8(':')), _mm256_cmpeq_epi8(load(p + 32), _mm256_set1_epi8(':')));
}

TARGET static inline __m256i halves(const uint8_t half[2][16], __m256i v)
{
	const __m256i low = _mm256_set1_epi8(0x0f);
	return _mm256_and_si256(_mm256_shuffle_epi8(table(half[0]), _mm256_and_si256(v, low)),
				_mm256_shuffle_epi8(table(half[1]), _mm256_and_si256(_mm256_srli_epi16(v, 4), low)));
}

/* Where there is none. */
TARGET static inline __m256i no_pair(const uint8_t *p)
{
	const struct rs_spot_pairs *t = &rs_spot_pairs;
	const __m256i both = _mm256_and_si256(halves(t->first_half, load(p)), halves(t->second_half, load(p + 1)));
	return _mm256_cmpeq_epi8(both, _mm256_setzero_si256());
}

TARGET static inline uint64_t wide_pairs(const uint8_t *p)
{
	return ~mask(no_pair(p), no_pair(p + 32));
}

#include "reassembly/decode/rs_spot_wide.h"

const struct rs_spot_variant rs_spot_avx2 = { "avx2", wide_look, run_of, glance };
#endif
