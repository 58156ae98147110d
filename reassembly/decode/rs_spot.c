/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/decode/rs_spot.h"

#include <errno.h>
#include <string.h>

/* What a byte is. The bits of CHAR are classes of a vector variant, by the upper half of the byte. */
enum { CHAR = 0x1f, END = 0x40, COLON = 0x80 };

#define FIVE(c) c, c, c, c, c
#define TEN(c) FIVE(c), FIVE(c)

static const uint8_t kind[256] = {
	['\n'] = END,      ['\r'] = END,      ['+'] = 1,         ['-'] = 1,         ['/'] = 1,         [':'] = COLON,     ['_'] = 16,
	['0'] = TEN(2),    ['A'] = TEN(4),    ['K'] = FIVE(4),   ['Q'] = TEN(8),    ['a'] = TEN(4),    ['k'] = FIVE(4),   ['q'] = TEN(8),
	['P'] = 8,         ['p'] = 8,
};

bool rs_spot_is_char(uint8_t b)
{
	return kind[b] & CHAR;
}

/* Words at the beginning of a line: which, and how much of it is there. */
static const char uu[] = "begin-base64", yenc[] = "=ybegin";
enum { ELSEWHERE, LINE, UU_WORD = 5, UU = LINE, UU_END = LINE + sizeof uu - 1, YENC = UU_END, YENC_END = UU_END + sizeof yenc - 1 };

static uint8_t word_step(uint8_t word, uint8_t b, enum rs_spotted *what)
{
	if (b == '\n' || b == '\r')
		return LINE;
	if (word == LINE && b == ':')
		*what = RS_SPOT_HQX;
	else if (word == LINE && b == (uint8_t)yenc[0])
		return YENC + 1;
	else if (word == UU + UU_WORD && b == ' ')
		*what = RS_SPOT_UU;
	else if (word == UU_END && b == ' ')
		*what = RS_SPOT_UU64;
	else if (word == YENC_END && b == ' ')
		*what = RS_SPOT_YENC;
	else if ((word >= UU && word < UU_END && b == (uint8_t)uu[word - UU]) ||
	         (word > YENC && word < YENC_END && b == (uint8_t)yenc[word - YENC]))
		return (uint8_t)(word + 1);
	return ELSEWHERE;
}

void rs_spot_init(struct rs_spot *s)
{
	*s = (struct rs_spot){ 0, LINE };
}

void rs_spot_resume(struct rs_spot *s, const uint8_t *back, size_t nback)
{
	enum rs_spotted what = RS_SPOT_NOTHING;
	size_t i = nback;
	*s = (struct rs_spot){ 0, ELSEWHERE };
	while (s->run < nback && s->run < RS_SPOT_RUN_MIN - 1 && kind[back[nback - s->run - 1]] & (CHAR | END))
		s->run++;
	while (i > 0 && nback - i < YENC_END && !(kind[back[i - 1]] & END))
		i--;
	if (i == 0 || !(kind[back[i - 1]] & END))
		return;
	for (s->word = LINE; i < nback; i++)
		s->word = word_step(s->word, back[i], &what);
}

/* Whether "data" stands before p[at]. */
static bool is_data(const uint8_t *back, size_t nback, const uint8_t *p, size_t at)
{
	static const char word[] = "data";
	for (size_t i = 1; i < sizeof word; i++) {
		if (i > at + nback)
			return false;
		const uint8_t b = i <= at ? p[at - i] : back[nback - (i - at)];
		if ((b | 0x20) != (uint8_t)word[sizeof word - 1 - i])
			return false;
	}
	return true;
}

/* A byte at a time. Returns as rs_spot_look does. */
static size_t look_bytes(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t from, size_t n,
			 enum rs_spotted *what)
{
	for (size_t i = from; i < n; i++) {
		const uint8_t k = kind[p[i]];
		s->run = k & (CHAR | END) ? (uint8_t)(s->run + 1) : 0;
		if (s->run == RS_SPOT_RUN_MIN)
			*what = RS_SPOT_RUN;
		else if (k == COLON && is_data(back, nback, p, i))
			*what = RS_SPOT_DATA;
		if (s->word || k == END)
			s->word = word_step(s->word, p[i], what);
		if (*what) {
			*s = (struct rs_spot){ 0, ELSEWHERE };
			return i + 1;
		}
	}
	return n;
}

static size_t look_c(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t n, enum rs_spotted *what)
{
	return look_bytes(s, back, nback, p, 0, n, what);
}

static size_t run_c(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n && kind[p[i]] & (CHAR | END))
		i++;
	return i;
}

struct variant {
	const char *isa;
	size_t (*look)(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t n, enum rs_spotted *what);
	size_t (*run)(const uint8_t *p, size_t n);
};

static const struct variant plain = { "c", look_c, run_c };
/* worker: ro. Written before main, and by rs_spot_use. */
static const struct variant *chosen = &plain;

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET_AVX2 __attribute__((target("avx2,bmi,lzcnt")))

enum { WIDTH = 32 };
_Static_assert((int)RS_SPOT_RUN_MIN >= (int)WIDTH, "what lies between two bytes of a step is no run");

/* Where in a step each kind of byte is. */
struct masks {
	uint32_t run, end, colon;
};

TARGET_AVX2 static inline struct masks masks_of(__m256i v)
{
	const __m128i lo = _mm_setr_epi8(2 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8,
					 2 | 4 | 8, 4 | 8 | END | (char)COLON, 1 | 4, 4, 1 | 4 | END, 4, 1 | 4 | 16);
	const __m128i hi = _mm_setr_epi8(END, 0, 1, 2 | (char)COLON, 4, 8 | 16, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0f));
	const __m256i k = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(lo), v),
					   _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(hi), upper));
	/* COLON is the sign. */
	return (struct masks){ (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(k, _mm256_setzero_si256())),
			       (uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(k, 1)), (uint32_t)_mm256_movemask_epi8(k) };
}

/* A step of n bytes at p[i], whose masks these are: whether nothing ends in it, nor a word begins. Then the state is that behind it. */
TARGET_AVX2 static inline bool is_dull(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t i, size_t n,
				       struct masks m)
{
	uint32_t other = ~m.run & (uint32_t)(UINT64_MAX >> (64 - n));
	if (s->run + _tzcnt_u32(other | (uint32_t)(UINT64_C(1) << n)) >= RS_SPOT_RUN_MIN)
		return false;
	for (uint32_t starts = (m.end << 1 | (s->word == LINE)) & ~m.end; starts; starts &= starts - 1) {
		const size_t at = _tzcnt_u32(starts);
		if (at < n && (p[i + at] == (uint8_t)uu[0] || p[i + at] == (uint8_t)yenc[0] || p[i + at] == ':'))
			return false;
	}
	for (uint32_t colons = m.colon; colons; colons &= colons - 1)
		if (is_data(back, nback, p, i + _tzcnt_u32(colons)))
			return false;
	s->run = other ? (uint8_t)(n - 32 + _lzcnt_u32(other)) : (uint8_t)(s->run + n);
	s->word = m.end >> (n - 1) & 1;
	return true;
}

TARGET_AVX2 static size_t look_avx2(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t n,
				    enum rs_spotted *what)
{
	for (size_t i = 0; i < n && !*what;) {
		uint8_t few[WIDTH] = { 0 };
		const uint8_t *at = p + i;
		const size_t k = n - i < WIDTH ? n - i : WIDTH;
		if (k < WIDTH)
			at = memcpy(few, p + i, k);
		if (s->word <= LINE && is_dull(s, back, nback, p, i, k, masks_of(_mm256_loadu_si256((const __m256i *)at))))
			i += k;
		else
			i = look_bytes(s, back, nback, p, i, i + k, what);
		if (*what)
			return i;
	}
	return n;
}

TARGET_AVX2 static size_t run_avx2(const uint8_t *p, size_t n)
{
	size_t i = 0;
	for (; n - i >= WIDTH; i += WIDTH) {
		const uint32_t other = ~masks_of(_mm256_loadu_si256((const __m256i *)(p + i))).run;
		if (other)
			return i + _tzcnt_u32(other);
	}
	return i + run_c(p + i, n - i);
}

static const struct variant avx2 = { "avx2", look_avx2, run_avx2 };

/* The n-th best this processor can run; NULL after the last one. */
static const struct variant *variant_at(unsigned n)
{
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("lzcnt") && n-- == 0)
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

int rs_spot_use(const char *isa)
{
	const struct variant *v;
	for (unsigned i = 0; (v = variant_at(i)); i++) {
		if (strcmp(v->isa, isa) == 0) {
			chosen = v;
			return 0;
		}
	}
	return -ENOTSUP;
}

size_t rs_spot_look(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t n, enum rs_spotted *what)
{
	*what = RS_SPOT_NOTHING;
	return chosen->look(s, back, nback, p, n, what);
}

size_t rs_spot_run(const uint8_t *p, size_t n)
{
	return chosen->run(p, n);
}
