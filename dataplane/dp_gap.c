/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_gap.h"

#include <string.h>

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
