/* SPDX-License-Identifier: Apache-2.0 */
/* rs_words: encoded words (RFC 2047 2) where they may not stand: in what a field says of a part's structure. Some readers decode them
 * before they read it.
 *
 * Owner: the caller. Memory: the caller's. Units: bytes. */
#ifndef RS_WORDS_H
#define RS_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* Writes the value with each encoded word decoded to out, which has room for n bytes; white space between two of them is none (RFC
 * 2047 6.2). Charsets are not looked at, and NULs are left out: what structure is made of is the same in all that readers know, UTF-16
 * included. Returns the length written, or 0 where no encoded word is there. */
size_t rs_words_decode(const uint8_t *p, size_t n, uint8_t *out);

#endif
