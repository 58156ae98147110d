/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_made.h"

#include <zlib.h>

static void begin(struct dp_made *m, size_t n)
{
	*m = (struct dp_made){ .line = calloc(n + 1, sizeof *m->line) };
	assert_non_null(m->line);
}

void dp_made_free(struct dp_made *m)
{
	dp_text_free(&m->text);
	free(m->line);
}

static void put_char(struct dp_text *t, unsigned c)
{
	uint8_t b = (uint8_t)c;
	dp_text_put(t, &b, 1);
}

/* Base64: character 4q + r holds the first bits of byte 3q + r. */
void dp_made_base64(struct dp_made *m, const void *p, size_t n, uint64_t *seed)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *in = p;
	uint32_t line = 1;
	size_t chars = (n + 2) / 3 * 4, left = seed ? 1 + dp_test_random(seed, 60) : 76;
	begin(m, n);
	for (size_t i = 0; i < chars; i++) {
		size_t q = i / 4, r = i % 4;
		uint32_t bits = 0;
		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (q * 3 + k < n ? in[q * 3 + k] : 0);
		while (left == 0) {
			dp_text_put(&m->text, "\r\n", 2);
			line++;
			/* An empty line now and then. */
			left = seed ? dp_test_random(seed, 40) : 76;
		}
		if (r < 3 && q * 3 + r < n)
			m->line[q * 3 + r] = line;
		bool pad = q * 3 + r > n; /* r characters hold r - 1 bytes */
		put_char(&m->text, pad ? '=' : (uint8_t)alphabet[bits >> (18 - 6 * r) & 63]);
		left--;
	}
	dp_text_put(&m->text, "\r\n", 2);
}

static bool must_escape(const uint8_t *p, size_t i, size_t n, bool line_start)
{
	uint8_t b = p[i];
	if (b == ' ' || b == '\t')
		return i + 1 == n || p[i + 1] == '\r';
	if (line_start && (b == '.' || b == '-'))
		return true;
	return b < ' ' || b > '~' || b == '=';
}

void dp_made_qp(struct dp_made *m, const void *p, size_t n, uint64_t *seed)
{
	const uint8_t *in = p;
	uint32_t line = 1;
	unsigned column = 0;
	begin(m, n);
	for (size_t i = 0; i < n; i++) {
		if (seed ? dp_test_random(seed, 8) == 0 : column > 70) {
			dp_text_put(&m->text, "=\r\n", 3);
			line++;
			column = 0;
		}
		m->line[i] = line;
		if (in[i] == '\r' && i + 1 < n && in[i + 1] == '\n') {
			dp_text_put(&m->text, "\r\n", 2);
			m->line[++i] = line++;
			column = 0;
			continue;
		}
		/* White space after which a soft line break may come must not end its line. */
		bool escape =
			must_escape(in, i, n, column == 0) || in[i] == ' ' || (seed && dp_test_random(seed, 3) == 0);
		if (escape)
			dp_text_printf(&m->text, seed && dp_test_random(seed, 2) ? "=%02x" : "=%02X", in[i]);
		else
			put_char(&m->text, in[i]);
		column += escape ? 3 : 1;
	}
	dp_text_put(&m->text, "\r\n", 2);
}

void dp_made_plain(struct dp_made *m, const void *p, size_t n)
{
	const uint8_t *in = p;
	uint32_t line = 1;
	begin(m, n);
	for (size_t i = 0; i < n; i++) {
		m->line[i] = line;
		line += in[i] == '\n';
	}
	dp_text_put(&m->text, p, n);
	dp_text_put(&m->text, "\r\n", 2);
}

void dp_made_message(struct dp_text *to, const char *cte, const char *name, const struct dp_text *body)
{
	dp_text_printf(to,
		       "From: Anna <anna@example.org>\r\nTo: Bela <bela@example.com>\r\nSubject: a test\r\n"
		       "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n"
		       "--=_b\r\nContent-Type: text/plain\r\n\r\nLook at this.\r\n"
		       "--=_b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: %s\r\n",
		       cte);
	if (name)
		dp_text_printf(to, "Content-Disposition: attachment; filename=\"%s\"\r\n", name);
	dp_text_printf(to, "\r\n");
	dp_text_put(to, body->p, body->n);
	dp_text_printf(to, "--=_b--\r\n");
}

const char dp_made_bad[] = "\1\2\3 KERNEL32.dll and advapi32.DLL and the rest of it";

void dp_made_mail(struct dp_text *to, const void *p, size_t n)
{
	struct dp_made m;
	dp_made_base64(&m, p, n, NULL);
	dp_made_message(to, "base64", "x.bin", &m.text);
	dp_made_free(&m);
}

void dp_made_infected(struct dp_text *to)
{
	dp_made_mail(to, dp_made_bad, strlen(dp_made_bad));
}

void dp_made_session(struct dp_test *t, struct dp_test_conn *c, enum dp_made_stage stage)
{
	struct dp_text mail = { 0 };
	dp_made_mail(&mail, "nothing in it", 13);
	dp_test_greet(t, c);
	dp_test_say(t, c, 0, "MAIL FROM:<anna@example.org>\r\nRCPT TO:<bela@example.com>\r\n");
	dp_test_say(t, c, 1, "250 ok\r\n250 ok\r\n");
	if (stage >= DP_MADE_AFTER_DATA) {
		dp_test_say(t, c, 0, "DATA\r\n");
		dp_test_say(t, c, 1, "354 go on\r\n");
	}
	if (stage >= DP_MADE_IN_CONTENT)
		dp_test_bytes(t, c, 0, mail.p, stage == DP_MADE_IN_CONTENT ? mail.n - 40 : mail.n);
	if (stage >= DP_MADE_AFTER_DOT)
		dp_test_say(t, c, 0, ".\r\n");
	dp_text_free(&mail);
}

/* Archives (APPNOTE.TXT 4.3). */

static void put16(struct dp_text *t, unsigned v)
{
	put_char(t, v & 255);
	put_char(t, v >> 8 & 255);
}

static void put32(struct dp_text *t, uint32_t v)
{
	put16(t, v & 0xffff);
	put16(t, v >> 16);
}

/* What the local header and the directory have in common, from "version needed" on. */
static void put_common(struct dp_text *t, unsigned flags, uint32_t crc, size_t csize, size_t size, const char *name)
{
	put16(t, 20);
	put16(t, (flags & DP_MADE_ENCRYPTED ? 1 : 0) | (flags & DP_MADE_DESCRIPTOR ? 8 : 0));
	put16(t, flags & DP_MADE_DEFLATED ? 8 : 0);
	put32(t, 0x21);
	put32(t, crc);
	put32(t, (uint32_t)csize);
	put32(t, (uint32_t)size);
	put16(t, (unsigned)strlen(name));
	put16(t, 0);
}

static uint8_t *deflated(const void *p, size_t n, size_t *len)
{
	z_stream z = { 0 };
	uint8_t *out = malloc(n + 256);
	assert_non_null(out);
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)(n + 256);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	*len = z.total_out;
	deflateEnd(&z);
	return out;
}

size_t dp_made_inflated_from(const uint8_t *p, size_t n, size_t offset)
{
	uint8_t *out = malloc(offset + 1);
	z_stream z = { .next_out = out, .avail_out = (uInt)offset + 1 };
	size_t at = 0;
	assert_non_null(out);
	assert_int_equal(inflateInit2(&z, -15), Z_OK);
	for (; at < n && z.avail_out; at++) {
		z.next_in = (Bytef *)(uintptr_t)(p + at);
		z.avail_in = 1;
		inflate(&z, Z_NO_FLUSH);
	}
	assert_int_equal(z.avail_out, 0);
	inflateEnd(&z);
	free(out);
	return at - 1;
}

size_t dp_made_gzip(struct dp_text *content, const char *name)
{
	struct dp_text to = { 0 };
	size_t len, begin;
	uint8_t *packed = deflated(content->p, content->n, &len);
	dp_text_put(&to, name ? "\x1f\x8b\x08\x08\1\2\3\4\0\3" : "\x1f\x8b\x08\0\1\2\3\4\0\3", 10);
	if (name)
		dp_text_put(&to, name, strlen(name) + 1);
	begin = to.n;
	dp_text_put(&to, packed, len);
	put32(&to, (uint32_t)crc32(0, content->p, (uInt)content->n));
	put32(&to, (uint32_t)content->n);
	free(packed);
	dp_text_free(content);
	*content = to;
	return begin;
}

size_t dp_made_zip_add(struct dp_made_zip *z, const char *name, const void *p, size_t n, unsigned flags)
{
	size_t header = z->data.n, csize = n;
	uint32_t crc = (uint32_t)crc32(0, p, (uInt)n);
	uint8_t *packed = flags & DP_MADE_DEFLATED ? deflated(p, n, &csize) : NULL;
	bool later = flags & DP_MADE_DESCRIPTOR;

	put32(&z->data, 0x04034b50);
	put_common(&z->data, flags, later ? 0 : crc, later ? 0 : csize, later ? 0 : n, name);
	dp_text_put(&z->data, name, strlen(name));
	size_t at = z->data.n;
	dp_text_put(&z->data, packed ? packed : p, csize);
	if (later) {
		put32(&z->data, 0x08074b50);
		put32(&z->data, crc);
		put32(&z->data, (uint32_t)csize);
		put32(&z->data, (uint32_t)n);
	}
	put32(&z->directory, 0x02014b50);
	put16(&z->directory, 20);
	put_common(&z->directory, flags, crc, csize, n, name);
	put16(&z->directory, 0); /* comment */
	put32(&z->directory, 0); /* disk, internal attributes */
	put32(&z->directory, 0);
	put32(&z->directory, (uint32_t)header);
	dp_text_put(&z->directory, name, strlen(name));
	z->members++;
	free(packed);
	return at;
}

void dp_made_zip_end(struct dp_made_zip *z)
{
	size_t at = z->data.n;
	dp_text_put(&z->data, z->directory.p, z->directory.n);
	put32(&z->data, 0x06054b50);
	put32(&z->data, 0);
	put16(&z->data, z->members);
	put16(&z->data, z->members);
	put32(&z->data, (uint32_t)z->directory.n);
	put32(&z->data, (uint32_t)at);
	put16(&z->data, 0);
}

void dp_made_zip_free(struct dp_made_zip *z)
{
	dp_text_free(&z->data);
	dp_text_free(&z->directory);
}
