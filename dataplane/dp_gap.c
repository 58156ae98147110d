/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_gap.h"

#include <string.h>

#include "reassembly/decode/rs_base64_variant.h"

/* What programs write where nothing else is seen. */
#define USUAL 76

struct shape {
	size_t chars, end; /* of a line, and of its line end */
	size_t column; /* of the hole, in bytes */
	unsigned lines; /* seen whole */
	bool same;
};

static struct shape shape_of(const uint8_t *p, size_t n, bool whole)
{
	struct shape s = { .chars = USUAL, .end = 2, .same = true };
	size_t from = 0;
	bool known = whole; /* that a line begins at `from` */
	for (const uint8_t *lf; (lf = memchr(p + from, '\n', n - from)); known = true) {
		size_t to = (size_t)(lf - p), end = to > from && p[to - 1] == '\r' ? 2 : 1, chars = to + 1 - from - end;
		if (known) {
			s.same &= !s.lines || (chars == s.chars && end == s.end);
			s.chars = chars;
			s.end = end;
			s.lines++;
		}
		from = to + 1;
	}
	s.column = n - from;
	return s;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

void dp_gap_base64(struct dp_gap *g, const uint8_t *tail, size_t ntail, bool whole, uint64_t lost)
{
	struct shape s = shape_of(tail, ntail, whole);
	*g = (struct dp_gap){ .sure = s.lines && s.same && s.chars };
	if (!s.lines && s.column > USUAL + 2) {
		g->chars = lost;
		g->endless = true;
		return;
	}
	if (!s.chars || s.column >= s.chars + s.end) {
		s.chars = USUAL;
		s.end = 2;
		s.column = min_size(s.column, USUAL);
		g->sure = false;
	}
	const uint64_t line = s.chars + s.end, at = s.column + lost;
	const size_t column = (size_t)(at % line);
	g->lines = at / line;
	g->chars = g->lines * s.chars + min_size(column, s.chars) - min_size(s.column, s.chars);
	g->line_left = (uint32_t)(s.chars - min_size(column, s.chars));
}

bool dp_gap_proved(const struct dp_gap *g, const uint8_t *p, size_t n)
{
	if (g->endless)
		return true;
	const uint8_t *lf = memchr(p, '\n', n);
	size_t chars = lf ? (size_t)(lf - p) : n;
	chars -= chars && p[chars - 1] == '\r';
	/* The last line of all is shorter. */
	return lf ? chars == g->line_left || (g->sure && chars < g->line_left) : chars <= g->line_left;
}

/* Text is looked for in so many quanta at a time. */
#define QUANTA 5
#define CHARS (4 * QUANTA)
#define TEXT_MIN 10 /* bytes that are not 0 */
#define ODD_MAX 0 /* of them no text, where it is */
#define ODD_MIN 3 /* where it is not */

static bool is_odd(uint8_t b)
{
	return (b < ' ' && b != '\r' && b != '\n' && b != '\t') || b > '~';
}

/* Of the quanta at v, the bytes that are no text; no more than `most` are counted. *some: bytes that are not 0. */
static unsigned odd_bytes(const uint8_t *v, unsigned most, unsigned *some)
{
	unsigned odd = 0;
	*some = 0;
	for (unsigned q = 0; q < QUANTA && odd < most; q++, v += 4) {
		const uint32_t three = (uint32_t)v[0] << 18 | (uint32_t)v[1] << 12 | (uint32_t)v[2] << 6 | v[3];
		for (unsigned shift = 0; shift < 24; shift += 8) {
			const uint8_t b = (uint8_t)(three >> shift);
			*some += b != 0;
			odd += b && is_odd(b);
		}
	}
	return odd;
}

static bool is_text(const uint8_t *v)
{
	unsigned some, other;
	if (odd_bytes(v, ODD_MAX + 1, &some) > ODD_MAX || some < TEXT_MIN)
		return false;
	for (unsigned place = 1; place < 4; place++)
		if (odd_bytes(v + place, ODD_MIN, &other) < ODD_MIN)
			return false;
	return true;
}

size_t dp_gap_text(const uint8_t *p, size_t n)
{
	uint8_t v[512];
	size_t at[512], m = 0, kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (!rs_base64_has(p[i]))
			continue;
		v[m] = rs_base64_value[p[i]];
		at[m++] = i;
		if (m - kept > CHARS + 3 && is_text(v + kept++))
			return at[kept - 1];
		if (m < sizeof v)
			continue;
		m -= kept;
		memmove(v, v + kept, m);
		memmove(at, at + kept, m * sizeof *at);
		kept = 0;
	}
	return n;
}
