/* SPDX-License-Identifier: Apache-2.0 */
#include "matchers/mt_arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mt_arena_block {
	struct mt_arena_block *next;
	_Alignas(max_align_t) char bytes[];
};

void *mt_arena_get(struct mt_arena *a, size_t n)
{
	if (n > SIZE_MAX / 2)
		return NULL;
	struct mt_arena_block *b = calloc(1, sizeof *b + n);
	if (!b)
		return NULL;
	b->next = a->blocks;
	a->blocks = b;
	return b->bytes;
}

char *mt_arena_text(struct mt_arena *a, const char *s, size_t n)
{
	char *copy = mt_arena_get(a, n + 1);
	if (copy && n)
		memcpy(copy, s, n);
	return copy;
}

char *mt_arena_format(struct mt_arena *a, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	char *s = n < 0 ? NULL : mt_arena_get(a, (size_t)n + 1);
	if (!s)
		return NULL;
	va_start(ap, format);
	vsnprintf(s, (size_t)n + 1, format, ap);
	va_end(ap);
	return s;
}

void mt_arena_free(struct mt_arena *a)
{
	for (struct mt_arena_block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	a->blocks = NULL;
}
