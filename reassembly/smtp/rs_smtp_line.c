/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp.h"

#include <string.h>

/* One more than a line may have, for the CR of its line end. */
#define KEPT (RS_SMTP_LINE_MAX + 1)

static void keep(struct rs_smtp_line *l, struct rs_pool *blocks, const uint8_t *p, size_t n)
{
	if (!n)
		return;
	if (!l->block && !l->starved) {
		l->block = rs_pool_get(blocks);
		l->starved = !l->block;
	}
	if (l->block && l->len < KEPT) {
		size_t room = KEPT - l->len;
		memcpy(l->block + l->len, p, n < room ? n : room);
	}
	l->len = n > UINT32_MAX - l->len ? UINT32_MAX : l->len + (uint32_t)n;
	l->cr = p[n - 1] == '\r';
}

static void fit(struct rs_smtp_text *t)
{
	t->cut = t->len > RS_SMTP_LINE_MAX;
	if (t->cut)
		t->len = RS_SMTP_LINE_MAX;
	if (t->lost) {
		t->p = (const uint8_t *)"";
		t->len = 0;
	}
}

void rs_smtp_line_end(const struct rs_smtp_line *l, struct rs_smtp_text *t)
{
	*t = (struct rs_smtp_text){ .p = l->block, .len = l->len, .lost = l->starved };
	fit(t);
}

size_t rs_smtp_line_take(struct rs_smtp_line *l, struct rs_pool *blocks, const uint8_t *p, size_t n,
			 struct rs_smtp_text *t, bool *whole)
{
	const uint8_t *lf = memchr(p, '\n', n);
	*whole = lf;
	if (!lf) {
		keep(l, blocks, p, n);
		return n;
	}
	size_t body = (size_t)(lf - p);
	if (l->len) {
		keep(l, blocks, p, body);
		*t = (struct rs_smtp_text){ .p = l->block, .len = l->len, .crlf = l->cr, .lost = l->starved };
	} else {
		*t = (struct rs_smtp_text){ .p = p, .len = body, .crlf = body && p[body - 1] == '\r' };
	}
	t->len -= t->crlf;
	fit(t);
	return body + 1;
}

bool rs_smtp_line_long(const struct rs_smtp_line *l)
{
	return l->len > KEPT;
}

void rs_smtp_line_done(struct rs_smtp_line *l, struct rs_pool *blocks, bool wipe)
{
	if (wipe && l->block)
		memset(l->block, 0, RS_SMTP_BLOCK);
	rs_pool_put(blocks, l->block);
	*l = (struct rs_smtp_line){ 0 };
}
