/* SPDX-License-Identifier: Apache-2.0 */
/* AVX2: 32 characters a step, as SSSE3 does 16. */
#include "reassembly/decode/rs_base64_variant.h"

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,popcnt")))

/* The values of the characters c. *keep: which of them are in the alphabet; *foreign: which are no white space either.
 * For a byte from 128 up the shuffle answers 0 for its lower half: foreign. */
TARGET static inline __m256i values(__m256i c, uint32_t *keep, uint32_t *foreign)
{
	const __m256i lower = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)rs_base64_class_lower));
	const __m256i upper = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)rs_base64_class_upper));
	const __m256i shift = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)rs_base64_shift));
	const __m256i none = _mm256_setzero_si256();
	__m256i up = _mm256_and_si256(_mm256_srli_epi32(c, 4), _mm256_set1_epi8(0x0f));
	__m256i class = _mm256_and_si256(_mm256_shuffle_epi8(lower, c), _mm256_shuffle_epi8(upper, up));
	__m256i place = _mm256_add_epi8(up, _mm256_cmpeq_epi8(c, _mm256_set1_epi8('/')));
	__m256i other = _mm256_cmpeq_epi8(_mm256_and_si256(class, _mm256_set1_epi8(RS_BASE64_CLASS_ALPHABET)), none);
	*keep = (uint32_t)_mm256_movemask_epi8(other) ^ 0xffffffffu;
	*foreign = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(class, none));
	return _mm256_add_epi8(c, _mm256_shuffle_epi8(shift, place));
}

TARGET static inline __m128i order16(uint32_t keep)
{
	const __m128i second = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8);
	__m128i order = _mm_set_epi64x((int64_t)rs_base64_squeeze[keep >> 8], (int64_t)rs_base64_squeeze[keep & 0xff]);
	return _mm_add_epi8(order, second);
}

/* Stores those to keep side by side, and something behind them; returns where they end. */
TARGET static inline uint8_t *squeeze(__m256i v, uint32_t keep, uint8_t *to)
{
	v = _mm256_shuffle_epi8(v, _mm256_setr_m128i(order16(keep & 0xffff), order16(keep >> 16)));
	__m128i low = _mm256_castsi256_si128(v), high = _mm256_extracti128_si256(v, 1);
	_mm_storel_epi64((__m128i *)to, low);
	_mm_storel_epi64((__m128i *)(to + __builtin_popcount(keep & 0xff)), _mm_unpackhi_epi64(low, low));
	to += __builtin_popcount(keep & 0xffff);
	_mm_storel_epi64((__m128i *)to, high);
	_mm_storel_epi64((__m128i *)(to + __builtin_popcount(keep >> 16 & 0xff)), _mm_unpackhi_epi64(high, high));
	return to + __builtin_popcount(keep >> 16);
}

/* No branch depends on where lines end: with segments cut anywhere it would be a coin toss for the processor. */
TARGET static size_t gather(const uint8_t *in, size_t n, uint8_t *stage, size_t *staged)
{
	uint8_t *to = stage + *staged;
	uint32_t keep, foreign = 0;
	size_t i = 0;
	for (; n - i >= 32; i += 32) {
		__m256i v = values(_mm256_loadu_si256((const __m256i *)(in + i)), &keep, &foreign);
		if (foreign)
			break;
		to = squeeze(v, keep, to);
	}
	if (!foreign && i < n && n >= 32) {
		/* The last register reaches back over bytes that were taken already. */
		__m256i v = values(_mm256_loadu_si256((const __m256i *)(in + n - 32)), &keep, &foreign);
		if (!foreign) {
			to = squeeze(v, keep & 0xffffffffu << (32 - (n - i)), to);
			i = n;
		}
	}
	*staged = (size_t)(to - stage);
	return i + rs_base64_gather_bytes(in + i, n - i, stage, staged);
}

TARGET static void pack(const uint8_t *stage, size_t staged, uint8_t *out)
{
	/* Each 32 bits then hold three bytes, last one lowest. */
	const __m256i bytes =
		_mm256_broadcastsi128_si256(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
	const __m256i halves = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7);
	const __m256i pair = _mm256_set1_epi32(0x01400140), quad = _mm256_set1_epi32(0x00011000);
	for (size_t i = 0; i < staged / 4 * 4; i += 32, out += 24) {
		__m256i v = _mm256_load_si256((const __m256i *)(stage + i));
		v = _mm256_madd_epi16(_mm256_maddubs_epi16(v, pair), quad);
		v = _mm256_shuffle_epi8(v, bytes);
		/* 12 bytes in each half: side by side. */
		_mm256_storeu_si256((__m256i *)out, _mm256_permutevar8x32_epi32(v, halves));
	}
}

size_t rs_base64_bulk_avx2(struct rs_base64 *s, const uint8_t *in, size_t n, uint8_t *out, size_t *out_len)
{
	return rs_base64_bulk_staged(s, in, n, out, out_len, gather, pack);
}
#endif
