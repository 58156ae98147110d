/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/decode/rs_qp.h"

#include <stdbool.h>
#include <string.h>

/* In nspaces: the run of white space was too long to hold, and what comes of it goes straight through. */
#define LONG_RUN (RS_QP_SPACES_MAX + 1)

static inline bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* RFC 2045 6.7 (1) demands upper case; lower case is taken too. -1: no hex digit. */
static inline int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static void drop(struct rs_qp *s)
{
	s->npending = 0;
	s->nspaces = 0;
	s->space_bits = 0;
}

/* What was held is content after all. In the order it came: '=', white space, and what followed either. */
static uint8_t *let_go(struct rs_qp *s, uint8_t *o)
{
	unsigned int next = 0;
	if (s->npending && s->pending[0] == '=')
		*o++ = s->pending[next++];
	for (unsigned int i = 0; s->nspaces <= RS_QP_SPACES_MAX && i < s->nspaces; i++)
		*o++ = s->space_bits >> i & 1 ? '\t' : ' ';
	while (next < s->npending)
		*o++ = s->pending[next++];
	drop(s);
	return o;
}

static uint8_t *bad_escape(struct rs_qp *s, uint8_t *o)
{
	s->flags |= RS_QP_BAD_ESCAPE;
	return let_go(s, o);
}

static uint8_t *space(struct rs_qp *s, uint8_t c, uint8_t *o)
{
	if (s->nspaces == RS_QP_SPACES_MAX) {
		o = s->npending ? bad_escape(s, o) : let_go(s, o);
		s->nspaces = LONG_RUN;
	}
	if (s->nspaces == LONG_RUN) {
		*o++ = c;
		return o;
	}
	s->space_bits |= (uint64_t)(c == '\t') << s->nspaces++;
	return o;
}

/* One byte that no held '=' and no held CR explains. */
static uint8_t *plain(struct rs_qp *s, uint8_t c, uint8_t *o)
{
	bool held = s->nspaces > 0 && s->nspaces < LONG_RUN;
	if (is_space(c))
		return space(s, c, o);
	if (c == '\r' && held) {
		s->pending[s->npending++] = c;
		return o;
	}
	/* (3) white space at the end of a line was added under way. */
	if (c == '\n' && held)
		drop(s);
	o = let_go(s, o);
	if (c == '=')
		s->pending[s->npending++] = c;
	else
		*o++ = c;
	return o;
}

/* One byte after "=", "=X", or "=" and white space. */
static uint8_t *escape(struct rs_qp *s, uint8_t c, uint8_t *o)
{
	bool digit_seen = s->npending == 2;
	if (hex(c) >= 0 && s->nspaces == 0) {
		s->pending[s->npending++] = c;
		if (digit_seen) {
			*o++ = (uint8_t)(hex(s->pending[1]) << 4 | hex(c));
			drop(s);
		}
		return o;
	}
	if (!digit_seen && c == '\r') {
		s->pending[s->npending++] = c;
		return o;
	}
	if (!digit_seen && is_space(c))
		return space(s, c, o);
	if (!digit_seen && c == '\n') {
		/* (5) a soft line break; a bare LF ends a line too. */
		drop(s);
		return o;
	}
	return plain(s, c, bad_escape(s, o));
}

/* One byte after a CR that may end the line whose white space, or whose last '=', is held. */
static uint8_t *line_end(struct rs_qp *s, uint8_t c, uint8_t *o)
{
	bool escaped = s->pending[0] == '=', two = s->npending == 3;
	if (c != '\n' && !escaped)
		return plain(s, c, let_go(s, o));
	if (c == '\r' && !two) {
		s->pending[s->npending++] = c;
		return o;
	}
	if (c != '\n') {
		s->flags |= RS_QP_BARE_CR;
		drop(s);
		return plain(s, c, two ? plain(s, '\r', o) : o);
	}
	if (two)
		s->flags |= RS_QP_TWO_CR;
	drop(s);
	if (!escaped) {
		*o++ = '\r';
		*o++ = '\n';
	}
	return o;
}

/* One byte, whatever is held: where the bulk cannot be told at a glance. */
static uint8_t *step(struct rs_qp *s, uint8_t c, uint8_t *o)
{
	if (s->npending && s->pending[s->npending - 1] == '\r')
		return line_end(s, c, o);
	if (s->npending)
		return escape(s, c, o);
	return plain(s, c, o);
}

static inline bool holds(const struct rs_qp *s)
{
	return s->npending || s->nspaces;
}

/* The end of p[0..n) without the white space before it, and without the CR that may follow that. */
static size_t trim(const uint8_t *p, size_t n)
{
	size_t line = n && p[n - 1] == '\r' ? n - 1 : n, end = line;
	while (end && is_space(p[end - 1]))
		end--;
	return end == line ? n : end;
}

static uint8_t *copy(uint8_t *o, const uint8_t *p, size_t n)
{
	memcpy(o, p, n);
	return o + n;
}

/* The first c from p on, or end. */
static const uint8_t *find(const uint8_t *p, const uint8_t *end, uint8_t c)
{
	const uint8_t *at = memchr(p, c, (size_t)(end - p));
	return at ? at : end;
}

/* Between two '=' text is copied a line at a time: only at a line's end may something have to go. */
size_t rs_qp_feed(struct rs_qp *s, const uint8_t *in, size_t n, uint8_t *out)
{
	if (!n)
		return 0;
	const uint8_t *p = in, *end = in + n;
	/* The next ones from p on, so that no byte is searched twice. */
	const uint8_t *equals = NULL, *newline = NULL;
	uint8_t *o = out;
	for (;;) {
		while (p < end && holds(s))
			o = step(s, *p++, o);
		if (p == end)
			break;
		if (*p == '=') {
			if (end - p >= 3 && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
				*o++ = (uint8_t)(hex(p[1]) << 4 | hex(p[2]));
				p += 3;
			} else {
				o = step(s, *p++, o);
			}
			continue;
		}
		if (!equals || equals < p)
			equals = find(p, end, '=');
		if (!newline || newline < p)
			newline = find(p, end, '\n');
		const uint8_t *stop = equals < newline ? equals : newline;
		size_t len = (size_t)(stop - p), kept = stop == equals && stop < end ? len : trim(p, len);
		o = copy(o, p, kept);
		p += kept;
		/* White space before a line's end, or before the end of what is known: step knows its rules. */
		while (p < stop)
			o = step(s, *p++, o);
		if (stop == newline && stop < end)
			o = step(s, *p++, o);
	}
	return (size_t)(o - out);
}

size_t rs_qp_end(struct rs_qp *s, uint8_t *out)
{
	if (s->npending && s->pending[0] == '=')
		s->flags |= RS_QP_CUT;
	return (size_t)(let_go(s, out) - out);
}
