/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: texts with something encoded in them, as writers of each encoding make them.
 *
 * Owner: the caller. Memory: heap. */
#ifndef RS_TEXT_MADE_H
#define RS_TEXT_MADE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct made {
	uint8_t *p;
	size_t n, size;
};

static inline void made_put(struct made *m, const void *p, size_t n)
{
	if (m->n + n > m->size) {
		m->size = (m->n + n) * 2;
		m->p = realloc(m->p, m->size);
		if (!m->p)
			abort();
	}
	if (n)
		memcpy(m->p + m->n, p, n);
	m->n += n;
}

static inline void made_text(struct made *m, const char *text)
{
	made_put(m, text, strlen(text));
}

static inline void made_free(struct made *m)
{
	free(m->p);
	*m = (struct made){ 0 };
}

/* RFC 4648 4, or 5 where `url`. line: characters in one, then `end`; 0: all in one. pad: with "=". */
static inline void made_base64(struct made *m, const void *content, size_t n, size_t line, const char *end, bool url, bool pad)
{
	static const char both[2][65] = { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
					  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" };
	const uint8_t *p = content;
	size_t chars = 0;
	for (size_t i = 0; i < n; i += 3) {
		const size_t k = n - i < 3 ? n - i : 3;
		const uint32_t v = (uint32_t)p[i] << 16 | (k > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (k > 2 ? p[i + 2] : 0);
		for (unsigned j = 0; j < 4; j++) {
			if (j > k && !pad)
				continue;
			if (line && chars && chars % line == 0)
				made_text(m, end);
			made_put(m, j > k ? "=" : &both[url][v >> (18 - 6 * j) & 63], 1);
			chars++;
		}
	}
	if (line)
		made_text(m, end);
}

static inline void made_printf(struct made *m, const char *format, ...)
{
	char text[400];
	va_list args;
	va_start(args, format);
	const int n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	made_put(m, text, (size_t)n);
}

/* POSIX uuencode; spaces: 0 is written so, not as '`'. */
static inline void made_uu(struct made *m, const char *name, const void *content, size_t n, const char *end, bool spaces, bool last)
{
	const uint8_t *p = content;
	made_printf(m, "begin 644 %s%s", name, end);
	for (size_t i = 0; i < n; i += 45) {
		const size_t k = n - i < 45 ? n - i : 45;
		uint8_t line[61] = { (uint8_t)(0x20 + k) };
		for (size_t j = 0; j < k; j++)
			for (unsigned bit = 0; bit < 8; bit++)
				line[1 + (8 * j + bit) / 6] |= (uint8_t)((p[i + j] >> (7 - bit) & 1) << (5 - (8 * j + bit) % 6));
		for (size_t j = 1; j <= (k + 2) / 3 * 4; j++)
			line[j] = line[j] || spaces ? (uint8_t)(line[j] + 0x20) : '`';
		made_put(m, line, 1 + (k + 2) / 3 * 4);
		made_text(m, end);
	}
	if (last)
		made_printf(m, "`%send%s", end, end);
}

/* yEnc. crc: what its end says; 0: nothing. */
static inline void made_yenc(struct made *m, const char *name, const void *content, size_t n, const char *end, uint32_t crc)
{
	const uint8_t *p = content;
	made_printf(m, "=ybegin line=128 size=%zu name=%s%s", n, name, end);
	for (size_t i = 0; i < n; i++) {
		uint8_t b = (uint8_t)(p[i] + 42);
		const bool escape = b == 0 || b == '\n' || b == '\r' || b == '=';
		b = (uint8_t)(b + (escape ? 64 : 0));
		made_put(m, "=", escape);
		made_put(m, &b, 1);
		if (i % 128 == 127)
			made_text(m, end);
	}
	made_printf(m, "%s=yend size=%zu", end, n);
	if (crc)
		made_printf(m, " crc32=%08x", crc);
	made_text(m, end);
}

static inline uint16_t made_crc16(const uint8_t *p, size_t n)
{
	unsigned crc = 0;
	for (size_t i = 0; i < 8 * n; i++)
		crc = (crc << 1 ^ ((crc >> 15 & 1) ^ (p[i / 8] >> (7 - i % 8) & 1) ? 0x1021 : 0)) & 0xffff;
	return (uint16_t)crc;
}

static inline void made_be(struct made *m, uint32_t v, unsigned n)
{
	while (n-- > 0)
		made_put(m, &(uint8_t){ (uint8_t)(v >> 8 * n) }, 1);
}

/* BinHex 4.0, with two forks. */
static inline void made_hqx(struct made *m, const char *name, const void *fork, size_t n, const void *other, size_t nother, const char *end)
{
	static const char alphabet[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";
	struct made plain = { 0 }, packed = { 0 };
	made_put(&plain, &(uint8_t){ (uint8_t)strlen(name) }, 1);
	made_text(&plain, name);
	made_put(&plain, "\0APPLDPLY\0", 11);
	made_be(&plain, (uint32_t)n, 4);
	made_be(&plain, (uint32_t)nother, 4);
	made_be(&plain, made_crc16(plain.p, plain.n), 2);
	made_put(&plain, fork, n);
	made_be(&plain, made_crc16(fork, n), 2);
	made_put(&plain, other, nother);
	made_be(&plain, made_crc16(other, nother), 2);
	for (size_t i = 0, k; i < plain.n; i += k) {
		for (k = 1; i + k < plain.n && k < 255 && plain.p[i + k] == plain.p[i];)
			k++;
		if (k < 4)
			k = 1;
		made_put(&packed, plain.p[i] == 0x90 ? "\x90\0" : (char *)plain.p + i, plain.p[i] == 0x90 ? 2 : 1);
		if (k > 1)
			made_put(&packed, (uint8_t[]){ 0x90, (uint8_t)k }, 2);
	}
	made_text(m, ":");
	for (size_t bit = 0; bit < 8 * packed.n; bit += 6) {
		unsigned v = 0;
		for (size_t b = bit; b < bit + 6; b++)
			v = v << 1 | (b < 8 * packed.n ? packed.p[b / 8] >> (7 - b % 8) & 1u : 0);
		if (bit / 6 % 64 == 63)
			made_text(m, end);
		made_put(m, alphabet + v, 1);
	}
	made_printf(m, ":%s", end);
	made_free(&plain);
	made_free(&packed);
}

#endif
