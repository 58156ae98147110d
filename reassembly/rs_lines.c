/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/rs_lines.h"

#include <errno.h>
#include <string.h>

struct variant {
	const char *isa;
	size_t (*count)(const uint8_t *p, size_t n);
	/* fold: what is added to each byte before it is compared */
	size_t (*find)(const uint8_t *p, size_t n, uint8_t c, bool cr, uint8_t fold);
};

static size_t count_c(const uint8_t *p, size_t n)
{
	size_t lines = 0;
	for (size_t i = 0; i < n; i++)
		lines += p[i] == '\n';
	return lines;
}

static size_t find_c(const uint8_t *p, size_t n, uint8_t c, bool cr, uint8_t fold)
{
	for (size_t i = 1; i < n; i++)
		if ((p[i - 1] == '\n' || (cr && p[i - 1] == '\r')) && (p[i] | fold) == c)
			return i;
	return n;
}

static const struct variant plain = { "c", count_c, find_c };
/* worker: ro. Written before main, and by rs_lines_use. */
static const struct variant *chosen = &plain;

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET_AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define TARGET_AVX512 __attribute__((target("avx512f,avx512bw,bmi,popcnt")))

/* A byte of a register counts to 255 before it is added up. */
enum { WIDTH = 32, COUNTED = 255 * WIDTH };

TARGET_AVX2 static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

TARGET_AVX2 static size_t count_avx2(const uint8_t *p, size_t n)
{
	const __m256i lf = _mm256_set1_epi8('\n'), none = _mm256_setzero_si256();
	__m256i sum = none;
	size_t i = 0;
	if (n < WIDTH)
		return count_c(p, n);
	while (n - i >= WIDTH) {
		size_t stop = n - i > COUNTED ? i + COUNTED : n;
		__m256i few = none;
		for (; stop - i >= WIDTH; i += WIDTH)
			few = _mm256_sub_epi8(few, _mm256_cmpeq_epi8(load(p + i), lf));
		sum = _mm256_add_epi64(sum, _mm256_sad_epu8(few, none));
	}
	/* The last register reaches back over bytes that were counted already. */
	uint64_t last = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load(p + n - WIDTH), lf));
	__m128i half = _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
	return (size_t)(_mm_extract_epi64(half, 0) + _mm_extract_epi64(half, 1)) +
	       (size_t)__builtin_popcountll(last >> (WIDTH - (n - i)));
}

/* Which of the WIDTH bytes at p are c behind one of two line ends. */
TARGET_AVX2 static inline uint32_t begins(const uint8_t *p, __m256i c, __m256i fold, __m256i end, __m256i other)
{
	__m256i before = load(p - 1);
	__m256i behind = _mm256_or_si256(_mm256_cmpeq_epi8(before, end), _mm256_cmpeq_epi8(before, other));
	return (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(_mm256_cmpeq_epi8(_mm256_or_si256(load(p), fold), c), behind));
}

TARGET_AVX2 static size_t find_avx2(const uint8_t *p, size_t n, uint8_t c, bool cr, uint8_t fold)
{
	const __m256i what = _mm256_set1_epi8((char)c), folds = _mm256_set1_epi8((char)fold), end = _mm256_set1_epi8('\n');
	const __m256i other = cr ? _mm256_set1_epi8('\r') : end;
	size_t i = 1;
	if (n <= WIDTH)
		return find_c(p, n, c, cr, fold);
	for (; n - i >= WIDTH; i += WIDTH) {
		uint32_t hits = begins(p + i, what, folds, end, other);
		if (hits)
			return i + (size_t)__builtin_ctz(hits);
	}
	uint32_t hits = begins(p + n - WIDTH, what, folds, end, other);
	return hits ? n - WIDTH + (size_t)__builtin_ctz(hits) : n;
}

/* The n bytes at p, n <= 64, and zeros behind them. */
TARGET_AVX512 static inline __m512i load_some(const uint8_t *p, size_t n)
{
	return _mm512_maskz_loadu_epi8(n < 64 ? (UINT64_C(1) << n) - 1 : ~UINT64_C(0), p);
}

TARGET_AVX512 static size_t count_avx512(const uint8_t *p, size_t n)
{
	const __m512i lf = _mm512_set1_epi8('\n');
	size_t lines = 0, i = 0;
	for (; n - i >= 64; i += 64)
		lines += (size_t)__builtin_popcountll(_mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p + i), lf));
	return lines + (size_t)__builtin_popcountll(_mm512_cmpeq_epi8_mask(load_some(p + i, n - i), lf));
}

TARGET_AVX512 static size_t find_avx512(const uint8_t *p, size_t n, uint8_t c, bool cr, uint8_t fold)
{
	const __m512i what = _mm512_set1_epi8((char)c), folds = _mm512_set1_epi8((char)fold), end = _mm512_set1_epi8('\n');
	const __m512i other = cr ? _mm512_set1_epi8('\r') : end;
	uint64_t before = 0; /* bit 0: the last byte of the register before was a line end */
	for (size_t i = 0; i < n; i += 64) {
		__m512i v = n - i >= 64 ? _mm512_loadu_si512(p + i) : load_some(p + i, n - i);
		uint64_t ends = _mm512_cmpeq_epi8_mask(v, end) | _mm512_cmpeq_epi8_mask(v, other);
		uint64_t hits = (ends << 1 | before) & _mm512_cmpeq_epi8_mask(_mm512_or_si512(v, folds), what);
		if (hits)
			return i + (size_t)__builtin_ctzll(hits);
		before = ends >> 63;
	}
	return n;
}

static const struct variant avx2 = { "avx2", count_avx2, find_avx2 };
static const struct variant avx512 = { "avx512bw", count_avx512, find_avx512 };

/* The n-th best this processor can run; NULL after the last one. */
static const struct variant *variant_at(unsigned n)
{
	__builtin_cpu_init();
	bool bits = __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
	if (bits && __builtin_cpu_supports("avx512bw") && n-- == 0)
		return &avx512;
	if (bits && __builtin_cpu_supports("avx2") && n-- == 0)
		return &avx2;
	return n == 0 ? &plain : NULL;
}
#else
static const struct variant *variant_at(unsigned n)
{
	return n == 0 ? &plain : NULL;
}
#endif

/* Before main, and so before any thread. */
__attribute__((constructor)) static void choose(void)
{
	chosen = variant_at(0);
}

int rs_lines_use(const char *isa)
{
	const struct variant *v;
	for (unsigned i = 0; (v = variant_at(i)); i++)
		if (strcmp(v->isa, isa) == 0) {
			chosen = v;
			return 0;
		}
	return -ENOTSUP;
}

size_t rs_lines_count(const uint8_t *p, size_t n)
{
	return n ? chosen->count(p, n) : 0;
}

size_t rs_lines_find(const uint8_t *p, size_t n, uint8_t c, bool cr)
{
	return n ? chosen->find(p, n, c, cr, 0) : 0;
}

size_t rs_lines_find_letter(const uint8_t *p, size_t n, uint8_t letter)
{
	return n ? chosen->find(p, n, letter, false, 0x20) : 0;
}
