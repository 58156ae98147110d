/* SPDX-License-Identifier: Apache-2.0 */
/* rs_spot_wide: the variants that look at 64 bytes in one step, each byte a bit of a mask. For rs_spot_ssse3.c, rs_spot_avx2.c and
 * rs_spot_avx512.c, which define TARGET and, over the 64 bytes at p:
 *   wide_run   which may be of a run;
 *   wide_full  whether a run may fill an aligned quarter (said of others, too, where that costs less);
 *   wide_ends, wide_colons;
 *   wide_pairs  of which two bytes in a row are in rs_spot_pairs (said of some others, too); p[64] is there.
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

/* With how many bytes of a run the step at q ends. */
TARGET static inline size_t run_at_end(const uint8_t *q)
{
	const uint64_t other = ~wide_run(q);
	return other ? (size_t)__builtin_clzll(other) : WIDE;
}

/* How many of the bytes before p[i] are of a run; less than RS_SPOT_RUN_MIN, or it would have been seen. */
TARGET static inline size_t run_before(const struct piece *c, size_t i)
{
	size_t n = 0;
	if (i >= WIDE) {
		n = run_at_end(c->p + i - WIDE);
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

TARGET static inline void find_escaped(const struct piece *c, size_t i, struct found *f)
{
	const size_t n = c->n - i < WIDE ? c->n - i : WIDE;
	const uint8_t *q = c->p + i, *end = q + n;
	while (q < end && (q = memchr(q, '\\', (size_t)(end - q)))) {
		const size_t at = (size_t)(++q - c->p);
		if (at < c->n && rs_spot_is_escaped(c->back, c->nback, c->p, at)) {
			first_of(f, at + 1, RS_SPOT_ESCAPED);
			break;
		}
	}
}

/* Looks closely at the step at p[i]. */
TARGET __attribute__((noinline)) static void look_closely(const struct piece *c, size_t i, struct found *f)
{
	uint8_t last[WIDE];
	const uint8_t *q = c->p + i;
	if (c->n - i < WIDE) {
		memset(last, 0, sizeof last);
		memcpy(last, q, c->n - i);
		q = last;
	}
	const uint64_t ends = wide_ends(q), colons = wide_colons(q);
	const uint64_t starts = (ends << 1 | (i > c->from && rs_spot_kind[c->p[i - 1]] == RS_SPOT_END)) & ~ends;
	if (starts)
		find_words(c, i, starts, f);
	if (colons)
		find_data(c, i, colons, f);
	find_escaped(c, i, f);
	if (wide_full(q))
		find_run(c, q, i, f);
}

/* Whether a run of the step at q may be long enough, with those beside it: others do not tell of it. */
TARGET static inline bool may_be_long(const uint8_t *p, size_t n, const uint8_t *q)
{
	const uint64_t run = wide_run(q);
	const size_t at = (size_t)(q - p);
	if (!~run || in_a_row(run))
		return true;
	const size_t first = (size_t)__builtin_ctzll(~run), last = (size_t)__builtin_clzll(~run);
	if (first >= QUARTER && (at < WIDE || first + run_at_end(q - WIDE) >= RS_SPOT_RUN_MIN))
		return true;
	return last >= QUARTER && (n - at < 2 * WIDE || last + run_at(q + WIDE, WIDE) >= RS_SPOT_RUN_MIN);
}

/* Whether something begins behind q[0], the first byte of a pair; n: bytes of it. */
static inline bool begins_behind(const uint8_t *q, size_t n)
{
	if (((q[0] | 0x20) == 'a' && q[1] == ':') || (q[0] == '\\' && (q[1] == 'x' || q[1] == 'u')))
		return true;
	return rs_spot_kind[q[0]] == RS_SPOT_END && rs_spot_kind[q[1]] & RS_SPOT_WORD &&
	       ((q[1] | 0x20) != 'b' || n <= 2 || (q[2] | 0x20) == 'e');
}

/* Of the step at q: its pairs, and whether a run may fill a quarter; i: what g->spot is, if it is here. Returns what of `what` is in it. */
TARGET static unsigned find_in(struct rs_glance *g, const uint8_t *p, size_t n, const uint8_t *q, size_t i, uint64_t pairs, bool full,
			       unsigned what)
{
	unsigned found = 0;
	for (; pairs && what & ~found; pairs &= pairs - 1) {
		const uint8_t *at = q + __builtin_ctzll(pairs);
		const size_t left = (size_t)(p + n - at);
		if (!(rs_spot_pairs.first[at[0]] & rs_spot_pairs.second[at[1]]))
			continue;
		if (what & ~found & RS_GLANCE_MARK && rs_marks_may(at[0], at[1]) && rs_marks_begins(at, left)) {
			g->mark = (size_t)(at - p);
			found |= RS_GLANCE_MARK;
		}
		if (what & ~found & RS_GLANCE_SPOT && begins_behind(at, left))
			found |= RS_GLANCE_SPOT;
	}
	if (full && what & ~found & RS_GLANCE_SPOT && may_be_long(p, n, q))
		found |= RS_GLANCE_SPOT;
	if (found & RS_GLANCE_SPOT)
		g->spot = i;
	return found;
}

/* Fewer bytes than a step needs. */
TARGET __attribute__((noinline)) static void glance_short(struct rs_glance *g, const uint8_t *p, size_t from, size_t n, unsigned what)
{
	uint8_t last[WIDE + 1] = { 0 };
	const size_t k = n - from;
	memcpy(last, p + from, k);
	const uint64_t pairs = k > 1 ? wide_pairs(last) & ~0ull >> (WIDE + 1 - k) : 0;
	const unsigned found = find_in(g, last, k, last, 0, pairs, wide_full(last), what);
	g->mark = found & RS_GLANCE_MARK ? g->mark + from : n;
	g->spot = found & RS_GLANCE_SPOT ? from : n;
}

/* The last step reaches back, where it can. */
TARGET static void glance(struct rs_glance *g, const uint8_t *p, size_t from, size_t n, unsigned what)
{
	g->mark = g->spot = n;
	if (n - from <= WIDE) {
		if (n > from)
			glance_short(g, p, from, n, what);
		return;
	}
	size_t i = from;
	uint64_t pairs = 0;
	bool full = false;
	for (; what; i += WIDE) {
		/* Nothing is written while nothing is met, so that tables stay in registers. */
		for (; n - i > WIDE; i += WIDE) {
			pairs = wide_pairs(p + i);
			full = wide_full(p + i);
			if (pairs | full)
				break;
		}
		if (n - i <= WIDE)
			break;
		what &= ~find_in(g, p, n, p + i, i, pairs, full, what);
	}
	/* Of one byte there is no pair, and a quarter that it fills was seen. */
	if (what && n - i > 1) {
		const uint8_t *q = p + n - WIDE - 1;
		pairs = wide_pairs(q) & ~0ull << (p + i - q);
		full = wide_full(q);
		if (pairs | full)
			find_in(g, p, n, q, i, pairs, full, what);
	}
}

/* The state at p[n], where nothing was found. */
TARGET static inline void state_at_end(struct rs_spot *s, const struct piece *c)
{
	enum rs_spotted what = RS_SPOT_NOTHING;
	const size_t most = c->n - c->from < LONGEST_WORD ? c->n - c->from : LONGEST_WORD;
	*s = (struct rs_spot){ (uint8_t)run_before(c, c->n), RS_SPOT_ELSEWHERE };
	if (c->n >= WIDE && !(wide_ends(c->p + c->n - WIDE) >> (WIDE - LONGEST_WORD)))
		return;
	for (size_t k = 1; k <= most; k++)
		if (rs_spot_kind[c->p[c->n - k]] == RS_SPOT_END) {
			s->word = RS_SPOT_LINE;
			for (size_t i = c->n - k + 1; i < c->n && s->word; i++)
				s->word = rs_spot_word_step(s->word, c->p[i], &what);
			break;
		}
}

/* What began before p. Where nothing is found, c->from says where others may begin. */
TARGET static inline void go_on(struct rs_spot *s, struct piece *c, struct found *f)
{
	if (s->word || (s->run && c->n < WIDE)) {
		c->from = rs_spot_bytes(s, c->back, c->nback, c->p, 0, c->n, true, &f->what);
		if (f->what)
			f->end = c->from;
		return;
	}
	if (s->run && run_at(c->p, c->n) + s->run >= RS_SPOT_RUN_MIN)
		first_of(f, RS_SPOT_RUN_MIN - s->run, RS_SPOT_RUN);
	if (c->p[0] == ':' && rs_spot_is_data(c->back, c->nback, c->p, 0))
		first_of(f, 1, RS_SPOT_DATA);
	if (rs_spot_is_escaped(c->back, c->nback, c->p, 0))
		first_of(f, 1, RS_SPOT_ESCAPED);
}

TARGET static size_t wide_look(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t n, size_t quiet,
			       enum rs_spotted *what)
{
	struct found f = { SIZE_MAX, RS_SPOT_NOTHING };
	struct piece c = { back, nback, p, 0, n };
	struct rs_glance g;
	if (!n)
		return 0;
	go_on(s, &c, &f);
	for (g.spot = quiet > c.from ? quiet : c.from; !f.what && g.spot < n;) {
		glance(&g, p, g.spot, n, RS_GLANCE_SPOT);
		if (g.spot == n)
			break;
		look_closely(&c, g.spot, &f);
		/* Of a pair the first byte may be the last one of a step. */
		g.spot += WIDE - 1;
	}
	if (f.what) {
		*what = f.what;
		*s = (struct rs_spot){ 0, RS_SPOT_ELSEWHERE };
		return f.end;
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
