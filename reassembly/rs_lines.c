/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/rs_lines.h"

#include <errno.h>
#include <string.h>

struct variant {
	const char *isa;
	size_t (*count)(const uint8_t *p, size_t n);
	size_t (*find)(const uint8_t *p, size_t n, uint8_t c, bool cr);
};

static size_t count_c(const uint8_t *p, size_t n)
{
	size_t lines = 0;
	for (size_t i = 0; i < n; i++)
		lines += p[i] == '\n';
	return lines;
}

static size_t find_c(const uint8_t *p, size_t n, uint8_t c, bool cr)
{
	for (size_t i = 1; i < n; i++) {
		const uint8_t *at = memchr(p + i, c, n - i);
		if (!at)
			break;
		i = (size_t)(at - p);
		if (p[i - 1] == '\n' || (cr && p[i - 1] == '\r'))
			return i;
	}
	return n;
}

static const struct variant plain = { "c", count_c, find_c };
/* worker: ro. Written before main, and by rs_lines_use. */
static const struct variant *chosen = &plain;

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,popcnt")))

/* A byte of a register counts to 255 before it is added up. */
enum { WIDTH = 32, COUNTED = 255 * WIDTH };

TARGET static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

TARGET static size_t count_avx2(const uint8_t *p, size_t n)
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
TARGET static inline uint32_t begins(const uint8_t *p, __m256i c, __m256i end, __m256i other)
{
	__m256i before = load(p - 1);
	__m256i behind = _mm256_or_si256(_mm256_cmpeq_epi8(before, end), _mm256_cmpeq_epi8(before, other));
	return (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(_mm256_cmpeq_epi8(load(p), c), behind));
}

TARGET static size_t find_avx2(const uint8_t *p, size_t n, uint8_t c, bool cr)
{
	const __m256i what = _mm256_set1_epi8((char)c), end = _mm256_set1_epi8('\n');
	const __m256i other = cr ? _mm256_set1_epi8('\r') : end;
	size_t i = 1;
	if (n <= WIDTH)
		return find_c(p, n, c, cr);
	for (; n - i >= WIDTH; i += WIDTH) {
		uint32_t hits = begins(p + i, what, end, other);
		if (hits)
			return i + (size_t)__builtin_ctz(hits);
	}
	uint32_t hits = begins(p + n - WIDTH, what, end, other);
	return hits ? n - WIDTH + (size_t)__builtin_ctz(hits) : n;
}

static const struct variant avx2 = { "avx2", count_avx2, find_avx2 };

static bool has_avx2(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
}

/* Before main, and so before any thread. */
__attribute__((constructor)) static void choose(void)
{
	if (has_avx2())
		chosen = &avx2;
}

int rs_lines_use(const char *isa)
{
	if (strcmp(isa, avx2.isa) == 0 && has_avx2())
		chosen = &avx2;
	else if (strcmp(isa, plain.isa) == 0)
		chosen = &plain;
	else
		return -ENOTSUP;
	return 0;
}
#else
int rs_lines_use(const char *isa)
{
	return strcmp(isa, plain.isa) == 0 ? 0 : -ENOTSUP;
}
#endif

size_t rs_lines_count(const uint8_t *p, size_t n)
{
	return chosen->count(p, n);
}

size_t rs_lines_find(const uint8_t *p, size_t n, uint8_t c, bool cr)
{
	return chosen->find(p, n, c, cr);
}
