/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/mime/rs_words.h"

#include <stdbool.h>
#include <string.h>

struct word {
	const uint8_t *text, *end; /* encoded; what follows its "?=" */
	size_t n;
	bool base64;
};

static const uint8_t *find(const uint8_t *p, const uint8_t *end, uint8_t c)
{
	return p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
}

/* Whether an encoded word begins at p: "=?" charset "?" encoding "?" text "?=". */
static bool is_word(const uint8_t *p, const uint8_t *end, struct word *w)
{
	if (end - p < 8 || p[0] != '=' || p[1] != '?')
		return false;
	const uint8_t *q = find(p + 2, end, '?');
	if (!q || end - q < 5 || q[2] != '?')
		return false;
	const uint8_t encoding = q[1] | 0x20;
	if (encoding != 'q' && encoding != 'b')
		return false;
	w->base64 = encoding == 'b';
	w->text = q + 3;
	const uint8_t *mark = find(w->text, end, '?');
	while (mark && (mark + 1 == end || mark[1] != '='))
		mark = find(mark + 1, end, '?');
	if (!mark)
		return false;
	w->n = (size_t)(mark - w->text);
	w->end = mark + 2;
	return true;
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint8_t *put(uint8_t *o, uint8_t c)
{
	if (c)
		*o++ = c;
	return o;
}

/* RFC 2047 4.2 */
static uint8_t *put_quoted(uint8_t *o, const struct word *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const uint8_t c = w->text[i];
		const int high = c == '=' && i + 2 < w->n ? hex(w->text[i + 1]) : -1, low = high < 0 ? -1 : hex(w->text[i + 2]);
		if (low >= 0)
			i += 2;
		o = put(o, low >= 0 ? (uint8_t)(high << 4 | low) : c == '_' ? ' ' : c);
	}
	return o;
}

static int base64_value(uint8_t c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

static uint8_t *put_base64(uint8_t *o, const struct word *w)
{
	uint32_t bits = 0;
	unsigned n = 0;
	for (size_t i = 0; i < w->n; i++) {
		const int value = base64_value(w->text[i]);
		if (value < 0)
			continue;
		bits = bits << 6 | (uint32_t)value;
		n += 6;
		if (n >= 8) {
			n -= 8;
			o = put(o, (uint8_t)(bits >> n));
		}
	}
	return o;
}

static const uint8_t *skip_space(const uint8_t *p, const uint8_t *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* No word ends behind it. */
static const uint8_t *last_mark(const uint8_t *p, size_t n)
{
	while (n > 1 && (p[n - 2] != '?' || p[n - 1] != '='))
		n--;
	return n > 1 ? p + n - 2 : p;
}

size_t rs_words_decode(const uint8_t *p, size_t n, uint8_t *out)
{
	const uint8_t *const end = p + n, *const last = last_mark(p, n);
	uint8_t *o = out;
	bool any = false;
	while (p < end) {
		struct word w;
		if (p >= last || !is_word(p, end, &w)) {
			*o++ = *p++;
			continue;
		}
		any = true;
		o = w.base64 ? put_base64(o, &w) : put_quoted(o, &w);
		p = w.end;
		const uint8_t *next = skip_space(p, end);
		if (next > p && is_word(next, end, &w))
			p = next;
	}
	return any ? (size_t)(o - out) : 0;
}
