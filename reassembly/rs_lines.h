/* SPDX-License-Identifier: Apache-2.0 */
/* rs_lines: line ends in a piece of text, found many bytes at a time.
 *
 * Owner: the caller; nothing is kept. Memory: none. Units: bytes. */
#ifndef RS_LINES_H
#define RS_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The LFs in p. */
size_t rs_lines_count(const uint8_t *p, size_t n);

/* The index of the first byte c (not NUL) in p that has a LF right before it, or with cr a CR; both must lie in p. n: none. */
size_t rs_lines_find(const uint8_t *p, size_t n, uint8_t c, bool cr);

/* The same behind LF alone of a letter, given in lower case, in either case. */
size_t rs_lines_find_letter(const uint8_t *p, size_t n, uint8_t letter);

/* For tests: use the variant "c", "avx2" or "avx512bw" from here on; 0, or -ENOTSUP when this processor lacks it. */
int rs_lines_use(const char *isa);

#endif
