/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_line.h"

#include <string.h>

#include "reassembly/rs_lines.h"
#include "reassembly/rs_tail.h"

void dp_line_init(struct dp_line *l)
{
	l->p = NULL;
	l->n = 0;
	l->decoded = l->lines = 0;
	l->ntail = 0;
	l->unknown = false;
	l->keep = DP_LINE_TAIL;
}

void dp_line_gap(struct dp_line *l, uint64_t lines, uint64_t decoded)
{
	l->lines += lines;
	l->decoded += decoded;
	l->ntail = 0;
}

void dp_line_piece(struct dp_line *l, const struct rs_transfer *before, const uint8_t *p, size_t n)
{
	l->p = p;
	l->n = n;
	l->before = *before;
}

void dp_line_done(struct dp_line *l, size_t n, size_t decoded)
{
	if (!n)
		return;
	l->decoded += decoded;
	l->lines += rs_lines_count(l->p, n);
	l->ntail = (uint16_t)rs_tail_keep(l->tail, l->keep, l->ntail, l->p, n);
	l->p += n;
	l->n -= n;
}

static bool is_text(uint8_t b)
{
	return b != ' ' && b != '\t' && b != '\r' && b != '\n';
}

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t';
}

static bool is_hex(uint8_t b)
{
	return (b >= '0' && b <= '9') || (b >= 'A' && b <= 'F') || (b >= 'a' && b <= 'f');
}

/* Line ends that lie between the n-th counted character before p[at] and p[at]. */
static uint64_t ends_back(const struct dp_line *l, size_t at, uint64_t n, bool (*counts)(uint8_t))
{
	uint64_t ends = 0;
	for (size_t i = at + l->ntail; n > 0 && i-- > 0;) {
		uint8_t b = i < l->ntail ? l->tail[i] : l->p[i - l->ntail];
		ends += b == '\n';
		n -= counts(b);
	}
	return ends;
}

static bool is_escape(const uint8_t *t, size_t n)
{
	return n >= 3 && t[n - 3] == '=' && is_hex(t[n - 2]) && is_hex(t[n - 1]);
}

/* Where in the tail the quoted-printable (RFC 2045 6.7) of the byte begins that lies `back` bytes before the piece's first. */
static size_t qp_back(const struct dp_line *l, uint64_t back)
{
	const struct rs_qp *qp = &l->before.u.qp;
	const uint8_t *t = l->tail;
	size_t held = qp->npending + (qp->nspaces <= RS_QP_SPACES_MAX ? qp->nspaces : 0u);
	size_t i = held < l->ntail ? l->ntail - held : 0;
	while (i > 0 && back > 0) {
		if (t[i - 1] != '\n') {
			i -= is_escape(t, i) ? 3 : 1;
			back--;
			continue;
		}
		size_t end = i > 1 && t[i - 2] == '\r' ? i - 2 : i - 1, text = end;
		while (text > 0 && is_blank(t[text - 1]))
			text--;
		if (text > 0 && t[text - 1] == '=') {
			i = text - 1; /* a soft line break: no byte at all */
			continue;
		}
		back -= back < i - end ? back : i - end;
		i = back ? text : end;
	}
	return i;
}

static uint32_t clamp(uint64_t line)
{
	return line > UINT32_MAX ? UINT32_MAX : (uint32_t)line;
}

/* It was made of earlier pieces. */
static uint64_t line_before(const struct dp_line *l, uint64_t back)
{
	size_t at;
	switch (l->before.cte) {
	case RS_CTE_BASE64:
		/* Behind whole quanta stand the characters that the decoder holds. The bytes of a quantum begin, from
		 * the last to the first, 2, 3 and 4 characters before its end. */
		return l->lines + 1 -
		       ends_back(l, 0, l->before.u.base64.nacc + (back - 1) / 3 * 4 + 2 + (back - 1) % 3, rs_base64_has);
	case RS_CTE_QP:
		at = qp_back(l, back);
		break;
	default:
		at = back < l->ntail ? l->ntail - (size_t)back : 0;
	}
	return l->lines + 1 - rs_lines_count(l->tail + at, l->ntail - at);
}

/* Lets the decoder have n bytes; returns how many it makes. */
static uint64_t advance(struct rs_transfer *t, const uint8_t *p, size_t n)
{
	uint8_t out[RS_TRANSFER_OUT_MAX(256)];
	uint64_t made = 0;
	for (size_t i = 0, k, len; i < n; i += k) {
		k = n - i < 256 ? n - i : 256;
		rs_transfer_feed(t, p + i, k, out, &len);
		made += len;
	}
	return made;
}

uint32_t dp_line_of(const struct dp_line *l, uint64_t offset)
{
	if (l->unknown)
		return 0;
	if (offset < l->decoded)
		return clamp(line_before(l, l->decoded - offset));
	uint64_t index = offset - l->decoded, held = 0;
	size_t at = rs_transfer_locate(&l->before, l->p, l->n, index);
	if (l->before.cte == RS_CTE_BASE64) {
		/* p[at] completes the quantum; the byte began with one of the characters held there. */
		struct rs_transfer t = l->before;
		uint64_t nth = index - advance(&t, l->p, at);
		if (t.u.base64.nacc > nth)
			held = t.u.base64.nacc - nth;
	}
	return clamp(l->lines + 1 + rs_lines_count(l->p, at) - ends_back(l, at, held, rs_base64_has));
}

uint32_t dp_line_of_char(const struct dp_line *l, size_t at, int64_t chars)
{
	if (l->unknown)
		return 0;
	uint64_t line = l->lines + 1 + rs_lines_count(l->p, at);
	if (chars < 0)
		return clamp(line - ends_back(l, at, (uint64_t)-chars, is_text));
	for (; at < l->n && (chars > 0 || !is_text(l->p[at])); at++) {
		line += l->p[at] == '\n';
		chars -= is_text(l->p[at]);
	}
	return clamp(line);
}
