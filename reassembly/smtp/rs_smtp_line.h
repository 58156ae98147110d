/* SPDX-License-Identifier: Apache-2.0 */
/* rs_smtp_line: one line at a time out of a stream that is cut anywhere.
 *
 * A line that lies whole in one piece is handed out in place; only the beginning of an incomplete one is
 * copied, to a block of the pool, which is given back when the line ends. A line ends at LF; a CR before it
 * belongs to the line end. Of a line longer than RS_SMTP_LINE_MAX the first so many bytes are kept. */
#ifndef RS_SMTP_LINE_H
#define RS_SMTP_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reassembly/rs_pool.h"

struct rs_smtp_line {
	uint8_t *block; /* NULL: nothing kept so far */
	uint32_t len; /* bytes since the last LF, as far as 32 bits count */
	bool cr; /* the last of them was a CR */
	bool starved; /* no block was left: bytes of this line are lost */
};

struct rs_smtp_text { /* a whole line */
	const uint8_t *p; /* without its line end */
	size_t len;
	bool crlf; /* its line end was CRLF, not LF */
	bool cut; /* it was longer than what is kept */
	bool lost; /* it could not be kept: len is 0 */
	bool bare; /* no LF ended it, but bare CRs (the caller's finding) */
};

/* Takes bytes up to and including the next LF, and returns how many. True in *whole: t is a line, valid until
 * rs_smtp_line_done or until p goes. */
size_t rs_smtp_line_take(struct rs_smtp_line *l, struct rs_pool *blocks, const uint8_t *p, size_t n,
			 struct rs_smtp_text *t, bool *whole);

/* What came so far is a whole line, though no LF ended it. */
void rs_smtp_line_end(const struct rs_smtp_line *l, struct rs_smtp_text *t);

/* The line is longer than RS_SMTP_LINE_MAX, whatever may still come. */
bool rs_smtp_line_long(const struct rs_smtp_line *l);

/* Begins anew: after a whole line was used, or to forget an incomplete one. With `wipe` the bytes kept are overwritten
 * before the block goes back. */
void rs_smtp_line_done(struct rs_smtp_line *l, struct rs_pool *blocks, bool wipe);

#endif
