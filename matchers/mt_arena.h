/* SPDX-License-Identifier: Apache-2.0 */
/* mt_arena: allocations that are given back together.
 *
 * Owner:  whoever holds it; control only. Memory: the heap, each object its own allocation, so that
 * AddressSanitizer sees its ends. Errors: NULL when memory is out. */
#ifndef MT_ARENA_H
#define MT_ARENA_H

#include <stddef.h>

struct mt_arena {
	struct mt_arena_block *blocks;
};

void *mt_arena_get(struct mt_arena *a, size_t n); /* zeroed */
char *mt_arena_text(struct mt_arena *a, const char *s, size_t n); /* a copy, with a NUL after it */
char *mt_arena_format(struct mt_arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mt_arena_free(struct mt_arena *a);

#endif
