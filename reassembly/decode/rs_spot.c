/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/decode/rs_spot_variant.h"

#include "reassembly/decode/rs_text_gap.h"

#include <errno.h>
#include <string.h>

enum { WORD = RS_SPOT_WORD, END = RS_SPOT_END };

#define FIVE(c) c, c, c, c, c
#define TEN(c) FIVE(c), FIVE(c)

const uint8_t rs_spot_kind[256] = {
	['\n'] = END,   ['\r'] = END,    ['+'] = 1,       ['-'] = 1,       ['/'] = 1,       ['_'] = 16,     [':'] = WORD,
	['='] = WORD,   ['0'] = TEN(2),  ['A'] = 4, 4 | WORD, 4, 4, 4, FIVE(4), ['K'] = FIVE(4), ['P'] = 8, ['Q'] = TEN(8),
	['a'] = 4, 4 | WORD, ['c'] = FIVE(4), ['h'] = 4, 4, 4, ['k'] = FIVE(4), ['p'] = 8,       ['q'] = TEN(8),
};

const uint8_t rs_spot_lower[16] = { 2 | 8, 14, 14, 14, 14, 14, 14, 14, 14, 14, 4 | 8 | END, 1 | 4, 4, 1 | 4 | END, 4, 1 | 4 | 16 };
const uint8_t rs_spot_upper[16] = { END, 0, 1, 2, 4, 8 | 16, 4, 8 };
const uint8_t rs_spot_ends[16] = { [0] = 1, ['\n'] = '\n', ['\r'] = '\r' };
struct rs_spot_pairs rs_spot_pairs; /* worker: ro. Written before main. */

bool rs_spot_is_char(uint8_t b)
{
	return rs_spot_kind[b] & RS_SPOT_CHAR;
}

/* Words at the beginning of a line: which, and how much of it is there. */
static const char uu[] = "begin-base64", yenc[] = "=ybegin";
enum { ELSEWHERE = RS_SPOT_ELSEWHERE, LINE = RS_SPOT_LINE };
enum { UU_WORD = 5, UU = LINE, UU_END = LINE + sizeof uu - 1, YENC = UU_END, YENC_END = UU_END + sizeof yenc - 1 };

uint8_t rs_spot_word_step(uint8_t word, uint8_t b, enum rs_spotted *what)
{
	const bool blank = b == ' ' || b == '\t';
	if (b == '\n' || b == '\r')
		return LINE;
	if (word == LINE && b == ':')
		*what = RS_SPOT_HQX;
	else if (word == LINE && b == (uint8_t)yenc[0])
		return YENC + 1;
	else if (word == UU + UU_WORD && blank)
		*what = RS_SPOT_UU;
	else if (word == UU_END && blank)
		*what = RS_SPOT_UU64;
	else if (word == YENC_END && b == ' ')
		*what = RS_SPOT_YENC;
	else if ((word >= UU && word < UU_END && (b | 0x20) == (uint8_t)uu[word - UU]) ||
	         (word > YENC && word < YENC_END && b == (uint8_t)yenc[word - YENC]))
		return (uint8_t)(word + 1);
	return ELSEWHERE;
}

void rs_spot_init(struct rs_spot *s)
{
	*s = (struct rs_spot){ 0, LINE };
}

static bool has_end(const uint8_t *p, size_t n)
{
	unsigned ends = 0;
	for (size_t i = 0; i < n; i++) /* without a branch: many a step */
		ends |= (unsigned)(p[i] == '\n') | (unsigned)(p[i] == '\r');
	return ends;
}

void rs_spot_behind(struct rs_spot *s, const uint8_t *back, size_t nback)
{
	enum rs_spotted what = RS_SPOT_NOTHING;
	const size_t some = nback < sizeof uu ? nback : sizeof uu; /* the longest word, and the line end before it */
	size_t i = nback;
	*s = (struct rs_spot){ 0, ELSEWHERE };
	if (nback >= 16 && !has_end(back + nback - 16, 16))
		return;
	while (i > nback - some && rs_spot_kind[back[i - 1]] != END)
		i--;
	if (i == nback - some)
		return;
	for (s->word = LINE; i < nback && s->word; i++)
		s->word = rs_spot_word_step(s->word, back[i], &what);
}

void rs_spot_resume(struct rs_spot *s, const uint8_t *back, size_t nback)
{
	rs_spot_behind(s, back, nback);
	while (s->run < nback && s->run < RS_SPOT_RUN_MIN - 1 && rs_spot_of_run(back[nback - s->run - 1]))
		s->run++;
}

bool rs_spot_is_data(const uint8_t *back, size_t nback, const uint8_t *p, size_t at)
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

bool rs_spot_is_escaped(const uint8_t *back, size_t nback, const uint8_t *p, size_t at)
{
	uint8_t all[RS_SPOT_BACK];
	if ((p[at] != 'x' && p[at] != 'u') || at + nback < RS_SPOT_ESCAPED_MIN + 1 || (at ? p[at - 1] : back[nback - 1]) != '\\')
		return false;
	const size_t here = at + 1 < sizeof all ? at + 1 : sizeof all, room = sizeof all - here, before = nback < room ? nback : room;
	const size_t n = here + before;
	if (before)
		memcpy(all, back + nback - before, before);
	memcpy(all + before, p + at + 1 - here, here);
	return n - 2 - rs_text_gap_back(all, n, n - 2) >= RS_SPOT_ESCAPED_MIN;
}

size_t rs_spot_bytes(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t from, size_t n, bool quiet,
		     enum rs_spotted *what)
{
	for (size_t i = from; i < n; i++) {
		const uint8_t k = rs_spot_kind[p[i]];
		s->run = rs_spot_of_run(p[i]) ? (uint8_t)(s->run + 1) : 0;
		if (s->run == RS_SPOT_RUN_MIN)
			*what = RS_SPOT_RUN;
		else if (p[i] == ':' && rs_spot_is_data(back, nback, p, i))
			*what = RS_SPOT_DATA;
		else if (rs_spot_is_escaped(back, nback, p, i))
			*what = RS_SPOT_ESCAPED;
		if (s->word || k == END)
			s->word = rs_spot_word_step(s->word, p[i], what);
		if (*what)
			*s = (struct rs_spot){ 0, ELSEWHERE };
		if (*what || (quiet && !s->run && !s->word && p[i] != '\\'))
			return i + 1;
	}
	return n;
}

static size_t look_c(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t n, size_t quiet,
		     enum rs_spotted *what)
{
	(void)quiet;
	return rs_spot_bytes(s, back, nback, p, 0, n, false, what);
}

static size_t run_c(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n && rs_spot_of_run(p[i]))
		i++;
	return i;
}

bool rs_spot_may(const uint8_t *p, size_t n)
{
	const struct rs_spot_pairs *t = &rs_spot_pairs;
	unsigned any = 0;
	for (size_t i = 0; i + 1 < n; i++)
		any |= t->first[p[i]] & t->second[p[i + 1]];
	return any;
}

static void glance_c(struct rs_glance *g, const uint8_t *p, size_t from, size_t n, unsigned what)
{
	const struct rs_spot_pairs *t = &rs_spot_pairs;
	size_t i = from;
	while (what & RS_GLANCE_MARK && i + 1 < n && (!(t->first[p[i]] & t->second[p[i + 1]]) || !rs_marks_may(p[i], p[i + 1])))
		i++;
	g->mark = i + 1 < n ? i : n;
	g->spot = from; /* it would look at all of them for that */
}

static const struct rs_spot_variant plain = { "c", look_c, run_c, glance_c };
/* worker: ro. Written before main, and by rs_spot_use. */
static const struct rs_spot_variant *chosen = &plain;

/* The n-th best this processor can run; NULL after the last one. */
static const struct rs_spot_variant *variant_at(unsigned n)
{
#ifdef __x86_64__
	__builtin_cpu_init();
	const bool bits = __builtin_cpu_supports("bmi");
	if (bits && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") && n-- == 0)
		return &rs_spot_avx512;
	if (bits && __builtin_cpu_supports("avx2") && n-- == 0)
		return &rs_spot_avx2;
	if (__builtin_cpu_supports("ssse3") && n-- == 0)
		return &rs_spot_ssse3;
#endif
	return n == 0 ? &plain : NULL;
}

static void set_bit(uint8_t *table, uint8_t half[2][16], uint8_t b, uint8_t bit)
{
	table[b] |= bit;
	half[0][b & 15] |= bit;
	half[1][b >> 4] |= bit;
}

static void set_pair(uint8_t a, uint8_t b, unsigned bit)
{
	struct rs_spot_pairs *t = &rs_spot_pairs;
	set_bit(t->first, t->first_half, a, (uint8_t)(1u << bit));
	set_bit(t->second, t->second_half, b, (uint8_t)(1u << bit));
}

/* What shares a bit is in few texts when it is mixed up. */
static void set_pairs(void)
{
	static const struct {
		uint8_t a, b;
	} marks[] = {
#define X(first, second) { first, second },
		RS_MARKS_PAIRS(X)
#undef X
	};
	static const uint8_t bits[] = { 1, 2, 3, 3, 4, 4, 4, 7, 7, 0 }, ends[] = "\r\n", words[] = "bB=:";
	_Static_assert(sizeof bits == sizeof marks / sizeof *marks, "each has a bit");
	enum { LINES = 5, DATA = 6 };
	for (size_t i = 0; i < sizeof bits; i++)
		set_pair(marks[i].a, marks[i].b, bits[i]);
	for (size_t e = 0; e < sizeof ends - 1; e++)
		for (size_t w = 0; w < sizeof words - 1; w++)
			set_pair(ends[e], words[w], LINES);
	set_pair('a', ':', DATA);
	set_pair('A', ':', DATA);
	set_pair('\\', 'x', LINES);
	set_pair('\\', 'u', LINES);
}

/* Before main, and so before any thread. */
__attribute__((constructor)) static void choose(void)
{
	set_pairs();
	chosen = variant_at(0);
}

int rs_spot_use(const char *isa)
{
	const struct rs_spot_variant *v;
	for (unsigned i = 0; (v = variant_at(i)); i++) {
		if (strcmp(v->isa, isa) == 0) {
			chosen = v;
			return 0;
		}
	}
	return -ENOTSUP;
}

size_t rs_spot_look(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t n, size_t quiet,
		    enum rs_spotted *what)
{
	*what = RS_SPOT_NOTHING;
	return chosen->look(s, back, nback, p, n, quiet, what);
}

void rs_spot_glance(struct rs_glance *g, const uint8_t *p, size_t from, size_t n, unsigned what)
{
	chosen->glance(g, p, from, n, what);
}

size_t rs_spot_run(const uint8_t *p, size_t n)
{
	return chosen->run(p, n);
}
