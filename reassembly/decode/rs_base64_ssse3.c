/* SPDX-License-Identifier: Apache-2.0 */
/* SSSE3: 16 characters a step. */
#include "reassembly/decode/rs_base64_variant.h"

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("ssse3,popcnt")))

/* The values of the characters c. *keep: which of them are in the alphabet; *foreign: which are no white space either.
 * For a byte from 128 up the shuffle answers 0 for its lower half: foreign. */
TARGET static inline __m128i values(__m128i c, uint32_t *keep, uint32_t *foreign)
{
	const __m128i lower = _mm_loadu_si128((const __m128i *)rs_base64_class_lower);
	const __m128i upper = _mm_loadu_si128((const __m128i *)rs_base64_class_upper);
	const __m128i shift = _mm_loadu_si128((const __m128i *)rs_base64_shift);
	const __m128i none = _mm_setzero_si128();
	__m128i up = _mm_and_si128(_mm_srli_epi32(c, 4), _mm_set1_epi8(0x0f));
	__m128i class = _mm_and_si128(_mm_shuffle_epi8(lower, c), _mm_shuffle_epi8(upper, up));
	__m128i place = _mm_add_epi8(up, _mm_cmpeq_epi8(c, _mm_set1_epi8('/')));
	__m128i other = _mm_cmpeq_epi8(_mm_and_si128(class, _mm_set1_epi8(RS_BASE64_CLASS_ALPHABET)), none);
	*keep = (uint32_t)_mm_movemask_epi8(other) ^ 0xffffu;
	*foreign = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(class, none));
	return _mm_add_epi8(c, _mm_shuffle_epi8(shift, place));
}

TARGET static inline __m128i order16(uint32_t keep)
{
	const __m128i second = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8);
	__m128i order = _mm_set_epi64x((int64_t)rs_base64_squeeze[keep >> 8], (int64_t)rs_base64_squeeze[keep & 0xff]);
	return _mm_add_epi8(order, second);
}

/* Stores those to keep side by side, and something behind them; returns where they end. */
TARGET static inline uint8_t *squeeze(__m128i v, uint32_t keep, uint8_t *to)
{
	v = _mm_shuffle_epi8(v, order16(keep));
	_mm_storel_epi64((__m128i *)to, v);
	to += __builtin_popcount(keep & 0xff);
	_mm_storel_epi64((__m128i *)to, _mm_unpackhi_epi64(v, v));
	return to + __builtin_popcount(keep >> 8);
}

/* No branch depends on where lines end: with segments cut anywhere it would be a coin toss for the processor. */
TARGET static size_t gather(const uint8_t *in, size_t n, uint8_t *stage, size_t *staged)
{
	uint8_t *to = stage + *staged;
	uint32_t keep, foreign = 0;
	size_t i = 0;
	for (; n - i >= 16; i += 16) {
		__m128i v = values(_mm_loadu_si128((const __m128i *)(in + i)), &keep, &foreign);
		if (foreign)
			break;
		to = squeeze(v, keep, to);
	}
	if (!foreign && i < n && n >= 16) {
		/* The last register reaches back over bytes that were taken already. */
		__m128i v = values(_mm_loadu_si128((const __m128i *)(in + n - 16)), &keep, &foreign);
		if (!foreign) {
			to = squeeze(v, keep & 0xffffu << (16 - (n - i)), to);
			i = n;
		}
	}
	*staged = (size_t)(to - stage);
	return i + rs_base64_gather_bytes(in + i, n - i, stage, staged);
}

TARGET static void pack(const uint8_t *stage, size_t staged, uint8_t *out)
{
	/* Each 32 bits then hold three bytes, last one lowest. */
	const __m128i bytes = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
	const __m128i pair = _mm_set1_epi32(0x01400140), quad = _mm_set1_epi32(0x00011000);
	for (size_t i = 0; i < staged / 4 * 4; i += 16, out += 12) {
		__m128i v = _mm_load_si128((const __m128i *)(stage + i));
		v = _mm_madd_epi16(_mm_maddubs_epi16(v, pair), quad);
		_mm_storeu_si128((__m128i *)out, _mm_shuffle_epi8(v, bytes));
	}
}

size_t rs_base64_bulk_ssse3(struct rs_base64 *s, const uint8_t *in, size_t n, uint8_t *out, size_t *out_len)
{
	return rs_base64_bulk_staged(s, in, n, out, out_len, gather, pack);
}
#endif
