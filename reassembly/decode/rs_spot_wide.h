/* SPDX-License-Identifier: Apache-2.0 */
/* rs_spot_wide: the variants that look at 64 bytes in one step, each byte a bit of a mask. For rs_spot_ssse3.c, rs_spot_avx2.c and
 * rs_spot_avx512.c, which define TARGET and, over the 64 bytes at p:
 *   wide_init  what the others keep in registers;
 *   wide_run   which may be of a run;
 *   wide_full  whether a run may fill an aligned quarter (said of others, too, where that costs less);
 *   wide_ends, wide_colons.
 *
 * A run of RS_SPOT_RUN_MIN bytes fills a quarter of some step, wherever it begins: so only steps with a full one are looked at closely. */
#include <string.h>

#include "reassembly/decode/rs_spot_variant.h"

enum { WIDE = 64, QUARTER = WIDE / 4, LONGEST_WORD = sizeof "begin-base64 " - 1 };
_Static_assert((int)RS_SPOT_RUN_MIN >= 2 * (int)QUARTER - 1, "a run fills a quarter of a step, wherever it begins");

struct piece {
	const uint8_t *back;
	size_t nback;
	const uint8_t *p;
	size_t from, n; /* nothing begins before p[from], nor does it end behind p[n - 1] */
};

/* Where the first thing is complete: p[end - 1]; SIZE_MAX: nowhere. */
struct found {
	size_t end;
	enum rs_spotted what;
};

TARGET static inline void first_of(struct found *f, size_t end, enum rs_spotted what)
{
	if (end < f->end)
		*f = (struct found){ end, what };
}

/* How many of the bytes before p[i] are of a run; less than RS_SPOT_RUN_MIN, or it would have been seen. */
TARGET static inline size_t run_before(const struct piece *c, size_t i)
{
	size_t n = 0;
	if (i >= WIDE) {
		const uint64_t other = ~wide_run(c->p + i - WIDE);
		n = other ? (size_t)__builtin_clzll(other) : WIDE;
		return n < i - c->from ? n : i - c->from;
	}
	while (i - n > c->from && rs_spot_of_run(c->p[i - n - 1]))
		n++;
	return n;
}

/* How many of the n bytes at p are of a run, or RS_SPOT_RUN_MIN and more. */
TARGET static inline size_t run_at(const uint8_t *p, size_t n)
{
	size_t i = 0;
	if (n >= WIDE) {
		const uint64_t other = ~wide_run(p);
		return other ? (size_t)__builtin_ctzll(other) : WIDE;
	}
	while (i < n && i < RS_SPOT_RUN_MIN && rs_spot_of_run(p[i]))
		i++;
	return i;
}

/* Each RS_SPOT_RUN_MIN bits in a row, by the first of them. */
static inline uint64_t in_a_row(uint64_t run)
{
	for (unsigned k = 1; k < RS_SPOT_RUN_MIN; k *= 2)
		run &= run >> k;
	return run;
}

/* A quarter of the step at p[i] may be full; q: its bytes, with zeros behind the last one. */
TARGET __attribute__((noinline)) static void find_run(const struct piece *c, const uint8_t *q, size_t i, struct found *f)
{
	const uint64_t run = wide_run(q);
	if (run & 1) {
		const size_t before = run_before(c, i);
		if (before + (~run ? (size_t)__builtin_ctzll(~run) : WIDE) >= RS_SPOT_RUN_MIN) {
			first_of(f, i + RS_SPOT_RUN_MIN - before, RS_SPOT_RUN);
			return;
		}
	}
	const uint64_t all = in_a_row(run);
	if (all) {
		first_of(f, i + (size_t)__builtin_ctzll(all) + RS_SPOT_RUN_MIN, RS_SPOT_RUN);
		return;
	}
	/* One that ends in the next step need not fill a quarter of that. */
	if (run >> (WIDE - QUARTER) == (1u << QUARTER) - 1) {
		const size_t begin = i + WIDE - (size_t)__builtin_clzll(~run);
		size_t end = i + WIDE;
		end += run_at(c->p + end, end < c->n ? c->n - end : 0);
		if (end - begin >= RS_SPOT_RUN_MIN)
			first_of(f, begin + RS_SPOT_RUN_MIN, RS_SPOT_RUN);
	}
}

/* Lines begin at p[i + ...]. */
TARGET static inline void find_words(const struct piece *c, size_t i, uint64_t starts, struct found *f)
{
	for (; starts; starts &= starts - 1) {
		size_t at = i + (size_t)__builtin_ctzll(starts);
		if (at >= c->n || !(rs_spot_kind[c->p[at]] & RS_SPOT_WORD))
			continue;
		enum rs_spotted what = RS_SPOT_NOTHING;
		for (uint8_t word = RS_SPOT_LINE; word && !what && at < c->n; at++)
			word = rs_spot_word_step(word, c->p[at], &what);
		if (what)
			first_of(f, at, what);
	}
}

TARGET static inline void find_data(const struct piece *c, size_t i, uint64_t colons, struct found *f)
{
	for (; colons; colons &= colons - 1) {
		const size_t at = i + (size_t)__builtin_ctzll(colons);
		if ((at == 0 || (c->p[at - 1] | 0x20) == 'a') && rs_spot_is_data(c->back, c->nback, c->p, at))
			first_of(f, at + 1, RS_SPOT_DATA);
	}
}

/* The state at p[n], where nothing was found. */
TARGET static inline void state_at_end(struct rs_spot *s, const struct piece *c)
{
	enum rs_spotted what = RS_SPOT_NOTHING;
	const size_t most = c->n - c->from < LONGEST_WORD ? c->n - c->from : LONGEST_WORD;
	s->run = (uint8_t)run_before(c, c->n);
	for (size_t k = 1; k <= most; k++)
		if (rs_spot_kind[c->p[c->n - k]] == RS_SPOT_END) {
			s->word = RS_SPOT_LINE;
			for (size_t i = c->n - k + 1; i < c->n && s->word; i++)
				s->word = rs_spot_word_step(s->word, c->p[i], &what);
			break;
		}
}

/* Looks closely at the step at p[i]. */
TARGET __attribute__((noinline)) static void look_closely(const struct wide *w, const struct piece *c, size_t i,
						      uint64_t *line, struct found *f)
{
	uint8_t last[WIDE];
	const uint8_t *q = c->p + i;
	if (c->n - i < WIDE) {
		memset(last, 0, sizeof last);
		memcpy(last, q, c->n - i);
		q = last;
	}
	const uint64_t ends = wide_ends(w, q), colons = wide_colons(w, q);
	const uint64_t starts = (ends << 1 | *line) & ~ends;
	*line = ends >> (WIDE - 1);
	if (starts)
		find_words(c, i, starts, f);
	if (colons)
		find_data(c, i, colons, f);
	if (wide_full(w, q))
		find_run(c, q, i, f);
}

/* Whether a run may be long enough: in this step, or with bytes beside it. */
static inline bool may_be_long(uint64_t run)
{
	const uint64_t first = (1u << QUARTER) - 1;
	return (run & first) == first || run >> (WIDE - QUARTER) == first || in_a_row(run);
}

static inline bool may_be_word(const uint8_t *q, unsigned at)
{
	return rs_spot_kind[q[at]] & RS_SPOT_WORD && ((q[at] | 0x20) != 'b' || at == WIDE - 1 || (q[at + 1] | 0x20) == 'e');
}

/* Passes over whole steps in which nothing begins, nor any run fills a quarter. line: 1 where one begins with the next step. */
TARGET static inline size_t pass(const struct wide *w, const uint8_t *p, size_t i, size_t n, uint64_t *line)
{
	uint64_t begins = *line;
	for (; n - i >= WIDE; i += WIDE) {
		const uint8_t *q = p + i;
		const uint64_t ends = wide_ends(w, q);
		uint64_t starts = (ends << 1 | begins) & ~ends, colons = wide_colons(w, q);
		for (; starts; starts &= starts - 1)
			if (may_be_word(q, (unsigned)__builtin_ctzll(starts)))
				goto out;
		for (; colons; colons &= colons - 1)
			if (colons & 1 || (q[__builtin_ctzll(colons) - 1] | 0x20) == 'a')
				goto out;
		if (wide_full(w, q) && may_be_long(wide_run(q)))
			break;
		begins = ends >> (WIDE - 1);
	}
out:
	*line = begins;
	return i;
}

TARGET static size_t wide_look(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t n,
			       enum rs_spotted *what)
{
	struct found f = { SIZE_MAX, RS_SPOT_NOTHING };
	struct piece c = { back, nback, p, 0, n };
	const struct wide w = wide_init();
	uint64_t line = 0;
	if (s->run || s->word)
		c.from = rs_spot_bytes(s, back, nback, p, 0, n, true, what);
	if (*what)
		return c.from;
	for (size_t i = pass(&w, p, c.from, n, &line); i < n; i = pass(&w, p, i + WIDE, n, &line)) {
		look_closely(&w, &c, i, &line, &f);
		if (f.what) {
			*what = f.what;
			*s = (struct rs_spot){ 0, RS_SPOT_ELSEWHERE };
			return f.end;
		}
		if (n - i < WIDE)
			break;
	}
	if (c.from < n)
		state_at_end(s, &c);
	return n;
}

TARGET static size_t run_of(const uint8_t *p, size_t n)
{
	size_t i = 0;
	for (; n - i >= WIDE; i += WIDE) {
		const uint64_t other = ~wide_run(p + i);
		if (other)
			return i + (size_t)__builtin_ctzll(other);
	}
	if (i < n) {
		uint8_t last[WIDE] = { 0 };
		memcpy(last, p + i, n - i);
		i += (size_t)__builtin_ctzll(~wide_run(last));
	}
	return i;
}
