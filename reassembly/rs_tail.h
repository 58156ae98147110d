/* SPDX-License-Identifier: Apache-2.0 */
/* rs_tail: the last bytes of a stream, kept while it passes in pieces.
 *
 * Owner: whoever holds the buffer. Memory: the caller's, `size` bytes of it. Units: bytes. */
#ifndef RS_TAIL_H
#define RS_TAIL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* tail holds the last `have` bytes (at most size), oldest first; n more have passed. Returns how many it holds now. */
static inline size_t rs_tail_keep(uint8_t *tail, size_t size, size_t have, const uint8_t *p, size_t n)
{
	if (n >= size) {
		memcpy(tail, p + n - size, size);
		return size;
	}
	if (n == 0)
		return have;
	size_t keep = have + n > size ? size - n : have;
	memmove(tail, tail + have - keep, keep);
	memcpy(tail + keep, p, n);
	return keep + n;
}

#endif
