/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: texts with something encoded in them, as writers of each encoding make them.
 *
 * Owner: the caller. Memory: heap. */
#ifndef RS_TEXT_MADE_H
#define RS_TEXT_MADE_H

#include <stdarg.h>
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

#endif
