/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_mail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

static const char *const mix_names[PG_MIX_MAX] = { "base64", "text", "qp", "zip-stored", "zip-deflate", "small" };

int pg_mix_of(const char *name)
{
	for (int i = 0; i < PG_MIX_MAX; i++)
		if (strcmp(name, mix_names[i]) == 0)
			return i;
	return -1;
}

const char *pg_mix_name(enum pg_mix mix)
{
	return mix_names[mix];
}

struct buffer {
	uint8_t *data;
	size_t len, cap;
	bool failed;
};

static uint8_t *reserve(struct buffer *b, size_t n)
{
	if (b->failed)
		return NULL;
	if (b->len + n > b->cap) {
		size_t cap = (b->len + n) * 2 + 4096;
		uint8_t *more = realloc(b->data, cap);
		if (!more) {
			b->failed = true;
			return NULL;
		}
		b->data = more;
		b->cap = cap;
	}
	return b->data + b->len;
}

static void append(struct buffer *b, const void *p, size_t n)
{
	uint8_t *to = reserve(b, n);
	if (!to)
		return;
	memcpy(to, p, n);
	b->len += n;
}

static void append_text(struct buffer *b, const char *s)
{
	append(b, s, strlen(s));
}

static void append_base64(struct buffer *b, const uint8_t *p, size_t n)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char line[78];
	while (n > 0) {
		size_t k = n < 57 ? n : 57, len = 0;
		for (size_t i = 0; i < k; i += 3) {
			uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < k ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < k ? p[i + 2] : 0);
			line[len++] = alphabet[v >> 18];
			line[len++] = alphabet[v >> 12 & 63];
			line[len++] = i + 1 < k ? alphabet[v >> 6 & 63] : '=';
			line[len++] = i + 2 < k ? alphabet[v & 63] : '=';
		}
		line[len++] = '\r';
		line[len++] = '\n';
		append(b, line, len);
		p += k;
		n -= k;
	}
}

static void append_qp(struct buffer *b, const uint8_t *p, size_t n)
{
	unsigned column = 0;
	for (size_t i = 0; i < n; i++) {
		char out[4];
		int len = p[i] >= 33 && p[i] <= 126 && p[i] != '=' && p[i] != '.' ? snprintf(out, sizeof out, "%c", p[i])
		                                                              : snprintf(out, sizeof out, "=%02X", p[i]);
		if (column + (unsigned)len > 75) {
			append_text(b, "=\r\n");
			column = 0;
		}
		append(b, out, (size_t)len);
		column += (unsigned)len;
	}
	append_text(b, "\r\n");
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v & 0xffff);
	put16(p + 2, v >> 16);
}

/* One member in a zip archive (APPNOTE.TXT 4.3). */
static void append_zip(struct buffer *b, const uint8_t *p, size_t n, bool deflated)
{
	static const char name[] = "document.scr";
	uint8_t *packed = NULL;
	const uint8_t *data = p;
	size_t size = n;
	if (deflated) {
		z_stream z = { 0 };
		size = n + n / 100 + 1024;
		packed = malloc(size);
		if (!packed || deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
			b->failed = true;
			free(packed);
			return;
		}
		z.next_in = (z_const uint8_t *)(uintptr_t)p;
		z.avail_in = (uInt)n;
		z.next_out = packed;
		z.avail_out = (uInt)size;
		deflate(&z, Z_FINISH);
		size = z.total_out;
		deflateEnd(&z);
		data = packed;
	}
	uint8_t local[30] = "PK\x03\x04", central[46] = "PK\x01\x02", end[22] = "PK\x05\x06";
	uint32_t crc = (uint32_t)crc32(0, p, (uInt)n);
	size_t start = b->len;
	put16(local + 4, 20);
	put16(local + 8, deflated ? 8 : 0);
	put32(local + 14, crc);
	put32(local + 18, (uint32_t)size);
	put32(local + 22, (uint32_t)n);
	put16(local + 26, sizeof name - 1);
	append(b, local, sizeof local);
	append(b, name, sizeof name - 1);
	append(b, data, size);
	size_t directory = b->len - start;
	put16(central + 4, 20);
	memcpy(central + 6, local + 4, 26);
	append(b, central, sizeof central);
	append(b, name, sizeof name - 1);
	put16(end + 8, 1);
	put16(end + 10, 1);
	put32(end + 12, (uint32_t)(sizeof central + sizeof name - 1));
	put32(end + 16, (uint32_t)directory);
	append(b, end, sizeof end);
	free(packed);
}

/* Of random bytes: letters in words about as long as English ones (4.7 in the middle, few above 10). */
static void make_words(uint8_t *p, size_t size)
{
	static const uint8_t lengths[16] = { 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 7, 8, 9, 11 };
	for (size_t i = 0, end; i < size; i = end + 1) {
		end = i + lengths[p[i] % 16];
		for (; i < end && i < size; i++)
			p[i] = (uint8_t)('a' + p[i] / 16 % 16 + p[i] % 11);
		if (end < size)
			p[end] = ' ';
	}
}

/* Bytes as a program's: no pattern, but for the marks that `program` asks for. Text instead where text is asked for. */
static uint8_t *make_content(size_t size, bool program, bool text, uint64_t *seed)
{
	static const uint8_t head[] = { 'M', 'Z', 0x90, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0xff, 0xff, 0, 0 };
	static const char names[] = "KERNEL32.dll\0GetProcAddress\0WS2_32.dll\0connect";
	uint8_t *p = malloc(size + 8);
	if (!p)
		return NULL;
	for (size_t i = 0; i < size; i += 8) {
		uint64_t r = pg_random(seed);
		memcpy(p + i, &r, 8);
	}
	if (text)
		make_words(p, size);
	/* An honest file's first bytes are no archive's and no program's. */
	if (size >= sizeof head) {
		memset(p, text ? 't' : 0x01, 4);
		if (program)
			memcpy(p, head, sizeof head);
		if (program && size >= sizeof head + sizeof names)
			memcpy(p + size / 2, names, size / 2 > sizeof names ? sizeof names : size / 2);
	}
	return p;
}

/* So that deflate makes about half of it: every other run of 8 to 23 bytes stood before. The marks stay where they are. */
static void repeat_some(uint8_t *p, size_t size, uint64_t *seed)
{
	for (size_t i = 512; i + 1024 < size / 2; i += 8 + pg_random(seed) % 16) {
		const size_t n = 8 + pg_random(seed) % 16, back = 24 + pg_random(seed) % 488;
		memmove(p + i, p + i - back, n);
		memmove(p + size / 2 + i, p + size / 2 + i - back, n);
		i += n;
	}
}

static void append_lines(struct buffer *b, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 76) {
		append(b, p + i, n - i < 76 ? n - i : 76);
		append_text(b, "\r\n");
	}
}

int pg_mail_make(struct pg_mail *m, enum pg_mix mix, size_t size, bool program, uint64_t seed)
{
	struct buffer b = { 0 }, zip = { 0 };
	char head[512];
	bool text = mix == PG_TEXT || mix == PG_SMALL;
	const char *encoding = text ? "7bit" : mix == PG_QP ? "quoted-printable" : "base64";
	/* Text carries no program: its marks would make it one. */
	program = program && !text;
	uint8_t *content = make_content(size, program, text, &seed);
	if (content && mix == PG_ZIP_DEFLATE)
		repeat_some(content, size, &seed);
	snprintf(head, sizeof head,
	         "From: Sender <sender@example.org>\r\nTo: Reader <reader@example.com>\r\nSubject: measurement %llu\r\n"
	         "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_part\"\r\n\r\n"
	         "--=_part\r\nContent-Type: text/plain\r\n\r\nSee the attachment.\r\n"
	         "--=_part\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: %s\r\n"
	         "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n",
	         (unsigned long long)seed, encoding, mix == PG_ZIP_STORED || mix == PG_ZIP_DEFLATE ? "d.zip" : "d.bin");
	append_text(&b, head);
	size_t body = b.len;
	if (content)
		switch (mix) {
		case PG_BASE64:
			append_base64(&b, content, size);
			break;
		case PG_TEXT:
		case PG_SMALL:
			append_lines(&b, content, size);
			break;
		case PG_QP:
			append_qp(&b, content, size);
			break;
		case PG_ZIP_STORED:
		case PG_ZIP_DEFLATE:
			append_zip(&zip, content, size, mix == PG_ZIP_DEFLATE);
			append_base64(&b, zip.data, zip.len);
			break;
		case PG_MIX_MAX:
			break;
		}
	size_t body_len = b.len - body;
	append_text(&b, "--=_part--\r\n");
	bool failed = b.failed || zip.failed || !content;
	free(content);
	free(zip.data);
	if (failed) {
		free(b.data);
		return -ENOMEM;
	}
	*m = (struct pg_mail){ b.data, b.len, body, body_len, program };
	return 0;
}

void pg_mail_free(struct pg_mail *m)
{
	free(m->data);
	m->data = NULL;
}
