/* SPDX-License-Identifier: Apache-2.0 */
/* AVX-512 with VBMI and VBMI2: 64 characters are looked up in the table of 128 at once, and compressed past their line
 * ends in one instruction. Masked loads, so that nothing is done a byte at a time. */
#include "reassembly/decode/rs_base64_variant.h"

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vbmi,avx512vbmi2,bmi,popcnt")))

TARGET static size_t gather(const uint8_t *in, size_t n, uint8_t *stage, size_t *staged)
{
	const __m512i low = _mm512_loadu_si512(rs_base64_value);
	const __m512i high = _mm512_loadu_si512(rs_base64_value + 64);
	const __m512i space = _mm512_set1_epi8(RS_BASE64_SPACE);
	uint8_t *to = stage + *staged;
	size_t i = 0;
	for (; n - i >= 64; i += 64) {
		__m512i c = _mm512_loadu_si512(in + i);
		__m512i v = _mm512_permutex2var_epi8(low, c, high);
		/* The lookup ignores the top bit: a byte that has it is foreign whatever was found. */
		if (_mm512_movepi8_mask(_mm512_or_si512(c, v)))
			break;
		__mmask64 keep = _mm512_testn_epi8_mask(v, space);
		_mm512_storeu_si512(to, _mm512_maskz_compress_epi8(keep, v));
		to += __builtin_popcountll(keep);
	}
	if (i < n) {
		/* The last, short register, or the one with a foreign byte. */
		__mmask64 in_reach = n - i >= 64 ? ~0ull : (1ull << (n - i)) - 1;
		__m512i c = _mm512_maskz_loadu_epi8(in_reach, in + i);
		__m512i v = _mm512_permutex2var_epi8(low, c, high);
		/* Bytes out of reach are zero, and so foreign. */
		__mmask64 foreign = _mm512_movepi8_mask(_mm512_or_si512(c, v));
		size_t good = foreign ? (size_t)__builtin_ctzll(foreign) : 64;
		__mmask64 before = foreign ? (foreign & -foreign) - 1 : ~0ull;
		__mmask64 keep = _mm512_testn_epi8_mask(v, space) & before;
		_mm512_storeu_si512(to, _mm512_maskz_compress_epi8(keep, v));
		to += __builtin_popcountll(keep);
		i += good;
	}
	*staged = (size_t)(to - stage);
	return i;
}

#define QUAD(i) (i) + 2, (i) + 1, (i)
#define QUADS(i) QUAD(i), QUAD((i) + 4), QUAD((i) + 8), QUAD((i) + 12)

TARGET static void pack(const uint8_t *stage, size_t staged, uint8_t *out)
{
	/* Each 32 bits then hold three bytes, last one lowest. */
	static const _Alignas(64) uint8_t order[64] = { QUADS(0), QUADS(16), QUADS(32), QUADS(48) };
	const __m512i bytes = _mm512_load_si512(order);
	const __m512i pair = _mm512_set1_epi32(0x01400140), quad = _mm512_set1_epi32(0x00011000);
	for (size_t i = 0; i < staged / 4 * 4; i += 64, out += 48) {
		__m512i v = _mm512_load_si512(stage + i);
		v = _mm512_madd_epi16(_mm512_maddubs_epi16(v, pair), quad);
		_mm512_storeu_si512(out, _mm512_permutexvar_epi8(bytes, v));
	}
}

size_t rs_base64_bulk_avx512(struct rs_base64 *s, const uint8_t *in, size_t n, uint8_t *out, size_t *out_len)
{
	return rs_base64_bulk_staged(s, in, n, out, out_len, gather, pack);
}
#endif
