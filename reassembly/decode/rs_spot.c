/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/decode/rs_spot.h"

#include <errno.h>
#include <string.h>

/* What a byte is. WORD: a word at the beginning of a line may begin with it. The bits of CHAR are classes of the vector variant, by the
 * upper half of the byte. */
enum { CHAR = 0x1f, WORD = 0x20, END = 0x40 };

#define FIVE(c) c, c, c, c, c
#define TEN(c) FIVE(c), FIVE(c)

static const uint8_t kind[256] = {
	['\n'] = END,   ['\r'] = END,    ['+'] = 1,       ['-'] = 1,       ['/'] = 1,       ['_'] = 16,     [':'] = WORD,
	['='] = WORD,   ['0'] = TEN(2),  ['A'] = TEN(4),  ['K'] = FIVE(4), ['P'] = 8,       ['Q'] = TEN(8), ['a'] = 4,
	['b'] = 4 | WORD, ['c'] = FIVE(4), ['h'] = 4, 4, 4, ['k'] = FIVE(4), ['p'] = 8,       ['q'] = TEN(8),
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

void rs_spot_behind(struct rs_spot *s, const uint8_t *back, size_t nback)
{
	enum rs_spotted what = RS_SPOT_NOTHING;
	const size_t some = nback < sizeof uu ? nback : sizeof uu; /* the longest word, and the line end before it */
	size_t i = nback;
	*s = (struct rs_spot){ 0, ELSEWHERE };
	if (!some || (!memchr(back + nback - some, '\n', some) && !memchr(back + nback - some, '\r', some)))
		return;
	while (kind[back[i - 1]] != END)
		i--;
	for (s->word = LINE; i < nback; i++)
		s->word = word_step(s->word, back[i], &what);
}

void rs_spot_resume(struct rs_spot *s, const uint8_t *back, size_t nback)
{
	rs_spot_behind(s, back, nback);
	while (s->run < nback && s->run < RS_SPOT_RUN_MIN - 1 && kind[back[nback - s->run - 1]] & (CHAR | END))
		s->run++;
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
		else if (p[i] == ':' && is_data(back, nback, p, i))
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

#define TARGET_AVX2 __attribute__((target("avx2,bmi")))

enum { WIDTH = 32, HALF = WIDTH / 2 };
_Static_assert((int)RS_SPOT_RUN_MIN >= 2 * (int)HALF, "a run fills half a step at least, wherever it begins");

TARGET_AVX2 static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* Which bytes may be of a run. */
TARGET_AVX2 static inline uint32_t of_run(__m256i v)
{
	const __m128i lo = _mm_setr_epi8(2 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8, 2 | 4 | 8,
					 2 | 4 | 8, 4 | 8 | END, 1 | 4, 4, 1 | 4 | END, 4, 1 | 4 | 16);
	const __m128i hi = _mm_setr_epi8(END, 0, 1, 2, 4, 8 | 16, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(0x0f));
	const __m256i k = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(lo), v),
					   _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(hi), upper));
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(k, _mm256_setzero_si256()));
}

/* What the compiler would make anew for each step. */
TARGET_AVX2 static inline __m256i keep(__m256i v)
{
	__asm__("" : "+x"(v));
	return v;
}

struct step {
	/* Exclusive or with the one is more than the other: of a run, and few others: no space, no quote, nothing above 127. */
	__m256i space, most;
	__m256i end, colon; /* end: by the lower half of a byte, the line end that it may be */
};

TARGET_AVX2 static inline struct step step_init(void)
{
	const __m128i end = _mm_setr_epi8(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\n', 0, 0, '\r', 0, 0);
	return (struct step){ keep(_mm256_set1_epi8(0x20)), keep(_mm256_set1_epi8(0x0a)), keep(_mm256_broadcastsi128_si256(end)),
			      keep(_mm256_set1_epi8(':')) };
}

static inline bool has_full_half(uint32_t m)
{
	return (~m - 0x00010001) & m & 0x80008000;
}

TARGET_AVX2 static inline bool may_have_run(const struct step *c, __m256i v)
{
	return has_full_half((uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_xor_si256(v, c->space), c->most)));
}

TARGET_AVX2 static inline uint32_t ends_and_colons(const struct step *c, __m256i v)
{
	const __m256i end = _mm256_cmpeq_epi8(v, _mm256_shuffle_epi8(c->end, v));
	return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(end, _mm256_cmpeq_epi8(v, c->colon)));
}

/* Whether at one of these bytes something may begin: a word behind a line end, or data behind a colon. */
TARGET_AVX2 static inline bool may_begin(uint32_t at, const uint8_t *back, size_t nback, const uint8_t *p, size_t step, size_t n)
{
	for (; at; at &= at - 1) {
		const size_t i = step + _tzcnt_u32(at);
		if (p[i] == ':' ? is_data(back, nback, p, i) : i + 1 < n && kind[p[i + 1]] & WORD &&
		    (p[i + 1] != (uint8_t)uu[0] || i + 2 == n || p[i + 2] == (uint8_t)uu[1]))
			return true;
	}
	return false;
}

/* The state at p[i]; nothing that it says began before `from`. */
static void state_at(struct rs_spot *s, const uint8_t *p, size_t from, size_t i)
{
	s->run = 0;
	while (i - s->run > from && kind[p[i - s->run - 1]] & (CHAR | END))
		s->run++;
	s->word = i > from && kind[p[i - 1]] == END ? LINE : ELSEWHERE;
}

/* How many of the n bytes before p are of a run, or at p, of a step's width at most. */

TARGET_AVX2 static inline size_t run_before(const uint8_t *p, size_t n)
{
	size_t i = 0;
	if (n >= WIDTH) {
		const uint32_t other = ~of_run(load(p - WIDTH));
		return other ? (size_t)__builtin_clz(other) : WIDTH;
	}
	while (i < n && kind[p[-(ptrdiff_t)i - 1]] & (CHAR | END))
		i++;
	return i;
}

TARGET_AVX2 static inline size_t run_at(const uint8_t *p, size_t n)
{
	size_t i = 0;
	if (n >= WIDTH)
		return _tzcnt_u32(~of_run(load(p)));
	while (i < n && kind[p[i]] & (CHAR | END))
		i++;
	return i;
}

/* Half of the step at p[step] may be of a run: whether it is long enough, and where it begins, which is not before `from`. */
TARGET_AVX2 __attribute__((noinline)) static bool is_long(uint32_t m, const uint8_t *p, size_t from, size_t step, size_t n,
						 size_t *begin)
{
	size_t end = step + WIDTH;
	if (!has_full_half(m))
		return false;
	if (m >> HALF == 0xffff) {
		*begin = step + (~m ? WIDTH - (size_t)__builtin_clz(~m) : 0);
		end += run_at(p + end, n - end);
	} else {
		*begin = step;
		end = step + _tzcnt_u32(~m);
	}
	if (*begin == step)
		*begin -= run_before(p + step, step - from);
	return end - *begin >= RS_SPOT_RUN_MIN;
}

/* Whether a run is in the step at p[step], and where that begins. */
TARGET_AVX2 static inline bool has_run(const struct step *c, __m256i v, const uint8_t *p, size_t from, size_t step, size_t n,
				       size_t *begin)
{
	return may_have_run(c, v) && is_long(of_run(v), p, from, step, n, begin);
}

/* Passes over steps in which nothing begins, nor any run fills a half. */
TARGET_AVX2 static inline size_t pass(const struct step *c, const uint8_t *back, size_t nback, const uint8_t *p, size_t from,
				      size_t i, size_t n)
{
	size_t begin;
	for (; n - i >= WIDTH; i += WIDTH) {
		const __m256i v = load(p + i);
		const uint32_t at = ends_and_colons(c, v);
		if ((at && may_begin(at, back, nback, p, i, n)) || has_run(c, v, p, from, i, n, &begin))
			break;
	}
	return i;
}

TARGET_AVX2 static size_t look_avx2(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t n,
				    enum rs_spotted *what)
{
	const struct step c = step_init();
	size_t i = 0, from = 0;
	while (i < n) {
		if (s->run || s->word) {
			i = from = look_bytes(s, back, nback, p, i, i + 1, what);
			if (*what)
				return i;
			continue;
		}
		i = pass(&c, back, nback, p, from, i, n);
		if (i == n)
			break;
		/* The last step reaches back. */
		const size_t step = n - i >= WIDTH ? i : n - WIDTH;
		if (n < WIDTH || step < from)
			break;
		const __m256i v = load(p + step);
		uint32_t at = ends_and_colons(&c, v);
		if (step < i)
			at = at >> (i - step) << (i - step);
		size_t begin;
		const bool other = at && may_begin(at, back, nback, p, step, n), run = has_run(&c, v, p, from, step, n, &begin);
		if (run && !other) {
			*what = RS_SPOT_RUN;
			return begin + RS_SPOT_RUN_MIN;
		}
		if (!run && !other) {
			i = step + WIDTH;
			continue;
		}
		state_at(s, p, from, i);
		i = from = look_bytes(s, back, nback, p, i, step + WIDTH, what);
		if (*what)
			return i;
	}
	if (!s->run && !s->word)
		state_at(s, p, from, i);
	return i < n ? look_bytes(s, back, nback, p, i, n, what) : n;
}

TARGET_AVX2 static size_t run_avx2(const uint8_t *p, size_t n)
{
	size_t i = 0;
	for (; n - i >= WIDTH; i += WIDTH) {
		const uint32_t other = ~of_run(load(p + i));
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
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && n-- == 0)
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
