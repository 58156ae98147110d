/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_preface.h"

#include <string.h>

#define BINARY_HEADER 16

static const char line[] = "PROXY ";
static const uint8_t signature[] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };

/* Whether the kept bytes and c may begin s. */
static bool begins(const struct rs_smtp_preface *f, uint8_t c, const void *s, size_t len)
{
	const uint8_t *b = s;
	return f->n < len && memcmp(f->kept, b, f->n) == 0 && b[f->n] == c;
}

static void ask(struct rs_smtp_preface *f, uint8_t c)
{
	bool text = begins(f, c, line, sizeof line - 1);
	bool binary = begins(f, c, signature, sizeof signature) ||
		      (f->n >= sizeof signature && memcmp(f->kept, signature, sizeof signature) == 0);
	if (!text && !binary) {
		f->state = RS_PREFACE_NONE;
		return;
	}
	f->kept[f->n++] = c;
	if (text && f->n == sizeof line - 1)
		f->state = RS_PREFACE_LINE;
	if (f->n == BINARY_HEADER) {
		f->left = (uint16_t)(f->kept[14] << 8 | f->kept[15]);
		f->state = f->left ? RS_PREFACE_BINARY : RS_PREFACE_SEEN;
	}
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
