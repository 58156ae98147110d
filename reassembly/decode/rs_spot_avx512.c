/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 with VBMI: all classes by one lookup in a table of 128. */
#ifdef __x86_64__
#include <immintrin.h>
#include <stdint.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vbmi,bmi")))

#include "reassembly/decode/rs_spot_variant.h"

TARGET static inline __m512i load(const uint8_t *p)
{
	return _mm512_loadu_si512(p);
}

TARGET static inline uint64_t wide_run(const uint8_t *p)
{
	const __m512i v = load(p), k = _mm512_permutex2var_epi8(load(rs_spot_kind), v, load(rs_spot_kind + 64));
	/* The lookup ignores the top bit. */
	return _mm512_test_epi8_mask(k, _mm512_set1_epi8(RS_SPOT_CHAR | RS_SPOT_END)) & ~_mm512_movepi8_mask(v);
}

/* As of AVX2. */
TARGET static inline bool wide_full(const uint8_t *p)
{
	const __m512i v = _mm512_xor_si512(load(p), _mm512_set1_epi8(0x20));
	return rs_spot_has_full(_mm512_cmpgt_epi8_mask(v, _mm512_set1_epi8(0x0a)));
}

TARGET static inline __m512i table(const uint8_t *t)
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)t));
}

TARGET static inline __mmask64 is_end(__m512i v)
{
	return _mm512_cmpeq_epi8_mask(v, _mm512_shuffle_epi8(table(rs_spot_ends), v));
}

TARGET static inline uint64_t wide_ends(const uint8_t *p)
{
	return is_end(load(p));
}

TARGET static inline uint64_t wide_colons(const uint8_t *p)
{
	return _mm512_cmpeq_epi8_mask(load(p), _mm512_set1_epi8(':'));
}

/* The lookup ignores the top bit. No first byte has it; of a second one that has it too much is said. */
TARGET static inline __m512i high(const uint8_t *t)
{
	return _mm512_or_si512(load(t), load(t + 128));
}

TARGET static inline uint64_t wide_pairs(const uint8_t *p)
{
	const struct rs_spot_pairs *t = &rs_spot_pairs;
	const __m512i v = load(p), first = _mm512_permutex2var_epi8(load(t->first), v, load(t->first + 64));
	const __m512i second = _mm512_permutex2var_epi8(high(t->second), load(p + 1), high(t->second + 64));
	return _mm512_mask_test_epi8_mask(_mm512_testn_epi8_mask(v, _mm512_set1_epi8(-128)), first, second);
}

#include "reassembly/decode/rs_spot_wide.h"

const struct rs_spot_variant rs_spot_avx512 = { "avx512vbmi", wide_look, run_of, glance };
#endif
