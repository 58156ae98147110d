/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_crc32.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <zlib.h>

#define PIECE_MAX (1u << 30) /* zlib counts with 32 bits */

static uint32_t by_zlib(uint32_t crc, const uint8_t *p, size_t n)
{
	for (size_t k; n; p += k, n -= k) {
		k = n < PIECE_MAX ? n : PIECE_MAX;
		crc = (uint32_t)crc32(crc, p, (uInt)k);
	}
	return crc;
}

/* worker: ro. Written before main, and by rs_crc32_use. */
static uint32_t (*chosen)(uint32_t crc, const uint8_t *p, size_t n) = by_zlib;

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("pclmul,sse4.1")))

/* Powers of x modulo the polynomial 104c11db7, bits reversed: x^(8d+32) and x^(8d-32) move 16 bytes on by d. */
#define BY_64 _mm_set_epi64x(0x1c6e41596, 0x154442bd4)
#define BY_16 _mm_set_epi64x(0x0ccaa009e, 0x1751997d0)

TARGET static inline __m128i load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

TARGET static inline __m128i fold(__m128i x, __m128i by, __m128i next)
{
	return _mm_xor_si128(next, _mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00), _mm_clmulepi64_si128(x, by, 0x11)));
}

/* What 64 bytes and more come to is that of 16 others, which zlib takes. */
TARGET static uint32_t by_pclmul(uint32_t crc, const uint8_t *p, size_t n)
{
	uint8_t rest[16];
	__m128i x[4];
	if (n < 128)
		return by_zlib(crc, p, n);
	for (unsigned i = 0; i < 4; i++)
		x[i] = load(p + 16 * i);
	x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128((int)~crc));
	for (p += 64, n -= 64; n >= 64; p += 64, n -= 64)
		for (unsigned i = 0; i < 4; i++)
			x[i] = fold(x[i], BY_64, load(p + 16 * i));
	for (unsigned i = 1; i < 4; i++)
		x[0] = fold(x[0], BY_16, x[i]);
	for (; n >= 16; p += 16, n -= 16)
		x[0] = fold(x[0], BY_16, load(p));
	_mm_storeu_si128((__m128i *)(void *)rest, x[0]);
	/* zlib turns all bits round before and behind; the 16 bytes hold what came before already. */
	return by_zlib(by_zlib(UINT32_MAX, rest, sizeof rest), p, n);
}

static bool has_pclmul(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

/* Before main, and so before any thread. */
__attribute__((constructor)) static void choose(void)
{
	if (has_pclmul())
		chosen = by_pclmul;
}
#endif

int rs_crc32_use(const char *isa)
{
	if (strcmp(isa, "zlib") == 0) {
		chosen = by_zlib;
		return 0;
	}
#ifdef __x86_64__
	if (strcmp(isa, "pclmul") == 0 && has_pclmul()) {
		chosen = by_pclmul;
		return 0;
	}
#endif
	return -ENOTSUP;
}

uint32_t rs_crc32(uint32_t crc, const uint8_t *p, size_t n)
{
	return chosen(crc, p, n);
}
