/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_text.h"

#include <string.h>
#include <strings.h>

#include "control/ct_utf8.h"
#include "reassembly/mime/rs_mime.h"

#define CHARSET_LEN_MAX 64

struct shown { /* text as a person is shown it */
	struct ct_buf b;
	bool overrides; /* it held characters that change its direction */
};

struct word { /* =?charset*language?encoding?text?= */
	const char *charset;
	size_t charset_len;
	char encoding; /* 'B' or 'Q' */
	const uint8_t *text;
	size_t text_len;
	size_t len; /* of the whole word */
};

/* RFC 2047 2, charset = token; RFC 2231 5 adds "*language". */
static size_t token(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n && i < CHARSET_LEN_MAX && p[i] > ' ' && p[i] < 0x7f && p[i] != '?' && p[i] != '=')
		i++;
	return i;
}

/* Whether p begins with a word. Its text ends at the first "?="; a "=?" before that begins another word, and this is none. So no
 * byte is looked at again and again, however many words are begun. */
static bool parse_word(const uint8_t *p, size_t n, struct word *w)
{
	if (n < 8 || p[0] != '=' || p[1] != '?')
		return false;
	size_t i = 2 + token(p + 2, n - 2);
	if (i + 3 > n || p[i] != '?' || p[i + 2] != '?')
		return false;
	const uint8_t *star = memchr(p + 2, '*', i - 2);
	w->charset = (const char *)p + 2;
	w->charset_len = star ? (size_t)(star - (p + 2)) : i - 2;
	w->encoding = (char)(p[i + 1] & ~0x20);
	if (w->encoding != 'B' && w->encoding != 'Q')
		return false;
	w->text = p + i + 3;
	for (size_t j = i + 3; j + 1 < n; j++) {
		if (p[j] != '?')
			continue;
		if (p[j + 1] == '=') {
			w->text_len = j - (i + 3);
			w->len = j + 2;
			return true;
		}
		if (p[j - 1] == '=')
			return false;
	}
	return false;
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2047 4.2. A '=' that begins no number stands for itself. */
static void decode_q(const uint8_t *p, size_t n, struct ct_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = p[i];
		if (c == '_') {
			c = ' ';
		} else if (c == '=' && i + 2 < n && hex(p[i + 1]) >= 0 && hex(p[i + 2]) >= 0) {
			c = (uint8_t)(hex(p[i + 1]) << 4 | hex(p[i + 2]));
			i += 2;
		}
		ct_buf_put(out, &c, 1);
	}
}

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 2047 4.1. Padding may be missing, and more may follow it; what is no base64 is passed over. */
static void decode_b(const uint8_t *p, size_t n, struct ct_buf *out)
{
	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < n; i++) {
		int v = base64_value(p[i]);
		if (p[i] == '=')
			have = 0;
		if (v < 0)
			continue;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			uint8_t c = (uint8_t)(bits >> have);
			ct_buf_put(out, &c, 1);
		}
	}
}

static void show(struct shown *out, struct ct_buf *utf8)
{
	out->b.failed |= utf8->failed;
	out->overrides |= ct_utf8_visible(&out->b, (const uint8_t *)utf8->p, utf8->n);
	ct_buf_free(utf8);
}

static void put_guess(const uint8_t *p, size_t n, struct shown *out)
{
	struct ct_buf utf8 = { 0 };
	ct_charset_guess(p, n, &utf8);
	show(out, &utf8);
}

static void put_charset(struct ct_charsets *c, const char *charset, size_t len, const uint8_t *p, size_t n,
			struct shown *out)
{
	struct ct_buf utf8 = { 0 };
	if (!ct_charset_utf8(c, charset, len, p, n, &utf8))
		ct_charset_guess(p, n, &utf8);
	show(out, &utf8);
}

static size_t space(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n && (p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n'))
		i++;
	return i;
}

/* A run of words, w being the first, at p + at. Returns where it ends. */
static size_t put_words(struct ct_charsets *c, const uint8_t *p, size_t n, size_t at, struct word w, struct shown *out)
{
	struct ct_buf bytes = { 0 };
	for (;;) {
		if (w.encoding == 'B')
			decode_b(w.text, w.text_len, &bytes);
		else
			decode_q(w.text, w.text_len, &bytes);
		at += w.len;
		struct word next;
		size_t gap = space(p + at, n - at);
		bool more = parse_word(p + at + gap, n - at - gap, &next);
		if (more && next.charset_len == w.charset_len && !strncasecmp(next.charset, w.charset, w.charset_len)) {
			at += gap;
			w = next;
			continue;
		}
		put_charset(c, w.charset, w.charset_len, (const uint8_t *)bytes.p, bytes.n, out);
		out->b.failed |= bytes.failed;
		ct_buf_free(&bytes);
		if (!more)
			return at;
		at += gap;
		w = next;
	}
}

static void decode(struct ct_charsets *c, const uint8_t *p, size_t n, struct shown *out)
{
	size_t raw = 0; /* where text that is no word began */
	for (size_t i = 0; i < n;) {
		struct word w;
		const uint8_t *mark = memchr(p + i, '=', n - i);
		if (!mark)
			break;
		i = (size_t)(mark - p);
		if (!parse_word(mark, n - i, &w)) {
			i++;
			continue;
		}
		put_guess(p + raw, i - raw, out);
		raw = i = put_words(c, p, n, i, w, out);
	}
	if (n)
		put_guess(p + raw, n - raw, out);
}

char *ct_text_decode(struct ct_charsets *c, const uint8_t *p, size_t n)
{
	struct shown out = { 0 };
	decode(c, p, n, &out);
	return ct_buf_take(&out.b);
}

char *ct_text_plain(const uint8_t *p, size_t n)
{
	struct shown out = { 0 };
	put_guess(p, n, &out);
	return ct_buf_take(&out.b);
}

char *ct_text_name_seen(struct ct_charsets *c, uint8_t form, const uint8_t *p, size_t n, bool *overrides)
{
	struct shown out = { 0 };
	const uint8_t *nul = n ? memchr(p, '\0', n) : NULL;
	size_t charset_len = nul ? (size_t)(nul - p) : 0;
	const uint8_t *name = nul ? nul + 1 : p;
	size_t len = nul ? n - charset_len - 1 : n;
	if (form == RS_NAME_EXTENDED)
		put_charset(c, (const char *)p, charset_len, name, len, &out);
	else
		decode(c, name, len, &out);
	*overrides = out.overrides;
	return ct_buf_take(&out.b);
}

char *ct_text_name(struct ct_charsets *c, uint8_t form, const uint8_t *p, size_t n)
{
	bool overrides;
	return ct_text_name_seen(c, form, p, n, &overrides);
}
