/* SPDX-License-Identifier: Apache-2.0 */
/* rs_name: a member's name that comes in pieces and may be longer than what is kept of it. Then its beginning is kept, and its last
 * RS_NAME_TAIL bytes, as of a name in a mail (rs_extended_name): its extension says what will be done with the file.
 *
 * Memory: the caller's, `cap` bytes, more than RS_NAME_TAIL. Units: bytes. What is kept does not hang on the pieces. */
#ifndef RS_NAME_H
#define RS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RS_NAME_TAIL 96

/* n bytes more of a name of which *len are kept. True: it is longer than cap. */
static inline bool rs_name_add(uint8_t *name, uint16_t *len, size_t cap, const uint8_t *p, size_t n)
{
	const size_t room = cap - *len, k = n < room ? n : room;
	uint8_t *tail = name + cap - RS_NAME_TAIL;
	memcpy(name + *len, p, k);
	*len = (uint16_t)(*len + k);
	p += k;
	n -= k;
	if (n >= RS_NAME_TAIL) {
		memcpy(tail, p + n - RS_NAME_TAIL, RS_NAME_TAIL);
	} else if (n) {
		memmove(tail, tail + n, RS_NAME_TAIL - n);
		memcpy(tail + RS_NAME_TAIL - n, p, n);
	}
	return n > 0;
}

/* Of a beginning that ends in the middle of a character of UTF-8: so many bytes of it are to go. */
static inline size_t rs_name_torn(const uint8_t *p, size_t n)
{
	for (size_t i = 1; i <= 3 && i <= n; i++) {
		const uint8_t b = p[n - i];
		if ((b & 0xc0) == 0x80)
			continue;
		return i < (b >= 0xf0 ? 4u : b >= 0xe0 ? 3u : b >= 0xc0 ? 2u : 1u) ? i : 0;
	}
	return 0;
}

/* One that is longer than cap has come to its end: where its ends meet no half of a character of UTF-8 is left, which would make the whole
 * of it look like another charset. Returns its length. */
static inline uint16_t rs_name_join(uint8_t *name, size_t cap)
{
	const size_t head = cap - RS_NAME_TAIL;
	size_t from = head;
	while (from < head + 3 && (name[from] & 0xc0) == 0x80)
		from++;
	const size_t to = head - rs_name_torn(name, head);
	memmove(name + to, name + from, cap - from);
	return (uint16_t)(to + cap - from);
}

#endif
