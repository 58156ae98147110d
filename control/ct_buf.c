/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One byte more than n, for the NUL. */
static bool room(struct ct_buf *b, size_t n)
{
	if (b->failed)
		return false;
	if (b->size - b->n > n)
		return true;
	size_t size = b->size ? b->size * 2 : 64;
	if (size < b->n + n + 1)
		size = b->n + n + 1;
	char *p = realloc(b->p, size);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->size = size;
	return true;
}

void ct_buf_put(struct ct_buf *b, const void *p, size_t n)
{
	if (!n || !room(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void ct_buf_puts(struct ct_buf *b, const char *s)
{
	ct_buf_put(b, s, strlen(s));
}

void ct_buf_printf(struct ct_buf *b, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	char *s = NULL;
	int n = vasprintf(&s, format, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	ct_buf_put(b, s, (size_t)n);
	free(s);
}

void ct_buf_rune(struct ct_buf *b, uint32_t rune)
{
	char s[4];
	size_t n;
	if (rune < 0x80) {
		s[0] = (char)rune;
		n = 1;
	} else if (rune < 0x800) {
		s[0] = (char)(0xc0 | rune >> 6);
		s[1] = (char)(0x80 | (rune & 0x3f));
		n = 2;
	} else if (rune < 0x10000) {
		s[0] = (char)(0xe0 | rune >> 12);
		s[1] = (char)(0x80 | (rune >> 6 & 0x3f));
		s[2] = (char)(0x80 | (rune & 0x3f));
		n = 3;
	} else {
		s[0] = (char)(0xf0 | rune >> 18);
		s[1] = (char)(0x80 | (rune >> 12 & 0x3f));
		s[2] = (char)(0x80 | (rune >> 6 & 0x3f));
		s[3] = (char)(0x80 | (rune & 0x3f));
		n = 4;
	}
	ct_buf_put(b, s, n);
}

char *ct_buf_take(struct ct_buf *b)
{
	if (!room(b, 0)) {
		ct_buf_free(b);
		return NULL;
	}
	b->p[b->n] = '\0';
	char *s = b->p;
	*b = (struct ct_buf){ 0 };
	return s;
}

void ct_buf_free(struct ct_buf *b)
{
	free(b->p);
	*b = (struct ct_buf){ 0 };
}

bool ct_list_add(struct ct_list *l, char *s)
{
	if (!s)
		return false;
	if (l->n == l->size) {
		size_t size = l->size ? l->size * 2 : 4;
		char **v = realloc(l->v, size * sizeof(*v));
		if (!v) {
			free(s);
			return false;
		}
		l->v = v;
		l->size = size;
	}
	l->v[l->n++] = s;
	return true;
}

void ct_list_free(struct ct_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct ct_list){ 0 };
}
