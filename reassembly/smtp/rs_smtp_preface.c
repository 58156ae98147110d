/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_preface.h"

#include <string.h>

#define BINARY_HEADER 16

static const char line[] = "PROXY ";
static const uint8_t signature[] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };

const uint8_t *rs_smtp_preface_taken(const struct rs_smtp_preface *f)
{
	return f->binary ? signature : (const uint8_t *)line;
}

static void ask(struct rs_smtp_preface *f, uint8_t c)
{
	if (f->n == 0)
		f->binary = c == signature[0];
	unsigned n = f->n, known = f->binary ? sizeof signature : sizeof line - 1;
	if (n < known && c != rs_smtp_preface_taken(f)[n]) {
		f->state = RS_PREFACE_NONE;
		return;
	}
	f->n++;
	if (!f->binary && f->n == known)
		f->state = RS_PREFACE_LINE;
	/* Behind the signature: version, family, and how much follows. */
	if (f->n > BINARY_HEADER - 2)
		f->left = (uint16_t)(f->left << 8 | c);
	if (f->n == BINARY_HEADER)
		f->state = f->left ? RS_PREFACE_BINARY : RS_PREFACE_SEEN;
}

size_t rs_smtp_preface_take(struct rs_smtp_preface *f, const uint8_t *p, size_t n)
{
	size_t at = 0;
	while (at < n && f->state == RS_PREFACE_ASK) {
		ask(f, p[at]);
		at += f->state != RS_PREFACE_NONE;
	}
	if (f->state == RS_PREFACE_LINE) {
		const uint8_t *lf = memchr(p + at, '\n', n - at);
		if (!lf)
			return n;
		f->state = RS_PREFACE_SEEN;
		return (size_t)(lf + 1 - p);
	}
	if (f->state == RS_PREFACE_BINARY) {
		size_t k = f->left < n - at ? f->left : n - at;
		f->left = (uint16_t)(f->left - k);
		at += k;
		if (!f->left)
			f->state = RS_PREFACE_SEEN;
	}
	return at;
}

int rs_smtp_preface_probe(const uint8_t *p, size_t n)
{
	struct rs_smtp_preface f = { 0 };
	rs_smtp_preface_take(&f, p, n);
	if (f.state == RS_PREFACE_NONE)
		return 0;
	return f.state != RS_PREFACE_ASK || f.n >= sizeof signature ? 1 : -1;
}
