/* SPDX-License-Identifier: Apache-2.0 */
/* rs_inflate: deflated data (RFC 1951), also in the format of zlib (RFC 1950), streaming, by zlib on fixed memory.
 *
 * Owner:  one thread. Memory: this struct, which holds all that zlib asks for; no allocation.
 * Units:  bytes. Input in any pieces; output is written where the caller says, as much as there is room for, and all of it that
 *         the input so far makes: what is handed out does not depend on how the input was split.
 * Errors: RS_INFLATE_BAD, for good: wrong data, or a preset dictionary. What came out until then is right. */
#ifndef RS_INFLATE_H
#define RS_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

/* zlib 1.2.13 asks for 7,160 bytes of state and, at the first output, for the window of 32 KiB that deflate needs. */
#define RS_INFLATE_MEMORY 39936

/* Where in the input a byte of the output came from is known to so many bytes, for the last RS_INFLATE_STEPS of them. */
#define RS_INFLATE_STEP 64
#define RS_INFLATE_STEPS 64

enum rs_inflate_format { RS_INFLATE_RAW, RS_INFLATE_ZLIB };

enum rs_inflate_verdict {
	RS_INFLATE_MORE, /* all input was taken, and all output handed out */
	RS_INFLATE_FULL, /* call again, with the rest of the input, though that be nothing */
	RS_INFLATE_PAUSE, /* a step ended at which `out` has reached pause_at; set another, and call again */
	RS_INFLATE_END, /* the stream ended; input behind it was not taken */
	RS_INFLATE_BAD, /* it is no such stream; input may have been taken */
};

struct rs_inflate {
	z_stream z;
	uint64_t in, out; /* bytes taken and made, since rs_inflate_init */
	uint64_t pause_at; /* the caller's; at first UINT64_MAX: never */
	uint64_t made_at[RS_INFLATE_STEPS]; /* [k % STEPS]: what `out` was when `in` was k * STEP; only the last ones */
	uint32_t used; /* of memory */
	enum rs_inflate_verdict state; /* FULL: there may be more output */
	_Alignas(16) uint8_t memory[RS_INFLATE_MEMORY];
};

/* Whether this machine's zlib makes do with RS_INFLATE_MEMORY: once, at start, before any other call. 0 or -ENOTSUP; *asked, where
 * not NULL: bytes that it asks for. */
int rs_inflate_check(size_t *asked);

/* Whether these first bytes of something may begin a bare stream: of what has no meaning as one, one in four may. */
bool rs_inflate_may_be(const uint8_t *p, size_t n);

void rs_inflate_init(struct rs_inflate *f, enum rs_inflate_format format);

/* Takes n bytes at p, or fewer (*taken), and writes at most room bytes at to (*made). room > 0. */
enum rs_inflate_verdict rs_inflate_feed(struct rs_inflate *f, const uint8_t *p, size_t n, size_t *taken, uint8_t *to, size_t room,
                                        size_t *made);

/* n bytes of input that are none of the stream's, before it or between two. */
void rs_inflate_skip(struct rs_inflate *f, uint64_t n);

/* Another stream of the same format follows; in and out go on being counted. */
void rs_inflate_again(struct rs_inflate *f);

/* Offset in the input, a multiple of RS_INFLATE_STEP, from which on the byte at this offset of the output was made; of a byte that
 * is too old, or not made yet, the nearest offset that is known. */
uint64_t rs_inflate_from(const struct rs_inflate *f, uint64_t offset);

/* A copy that goes its own way. `from` is as before. */
void rs_inflate_copy(struct rs_inflate *to, struct rs_inflate *from);

#endif
