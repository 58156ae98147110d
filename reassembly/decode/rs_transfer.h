/* SPDX-License-Identifier: Apache-2.0 */
/* rs_transfer: one leaf part's content transfer encoding (RFC 2045 6), whichever it is.
 *
 * Owner:  whoever holds the state; copied by assignment, which is how rs_transfer_locate works.
 * Memory: none. `out` must have room for RS_TRANSFER_OUT_MAX(n). */
#ifndef RS_TRANSFER_H
#define RS_TRANSFER_H

#include <stdbool.h>
#include "reassembly/decode/rs_base64.h"
#include "reassembly/decode/rs_qp.h"

enum rs_cte {
	RS_CTE_IDENTITY, /* 7bit, 8bit, binary, or none named */
	RS_CTE_BASE64,
	RS_CTE_QP,
	RS_CTE_UNKNOWN, /* named, but not one of the RFC's: handed on as it stands, and flagged */
	RS_CTE_UU, /* uuencode, which says itself where it begins: handed on as it stands; rs_text finds it there */
};

struct rs_transfer {
	enum rs_cte cte;
	union {
		struct rs_base64 base64;
		struct rs_qp qp;
	} u;
};

#define RS_TRANSFER_OUT_MAX(n) ((n) + 128)

void rs_transfer_init(struct rs_transfer *t, enum rs_cte cte);

/* Eats all n bytes. Returns the decoded bytes: `out` itself, or `in` where nothing had to be
 * changed (identity); *out_len says how many. Borrowed until the next call or until in or out
 * is reused. */
const uint8_t *rs_transfer_feed(struct rs_transfer *t, const uint8_t *in, size_t n, uint8_t *out, size_t *out_len);

/* What is still held at the end of the part; returns the bytes written to out. */
size_t rs_transfer_end(struct rs_transfer *t, uint8_t *out);

/* Whether what ended was not well formed. Valid after rs_transfer_end. An unknown encoding always is: nobody can
 * tell what the bytes would become. */
bool rs_transfer_malformed(const struct rs_transfer *t);

/* Where in `in` a decoded byte came from: given the state *before* `in` was fed and the index of
 * a decoded byte that feeding it gave, returns the index in `in` of the first byte of the encoded unit whose
 * reading made that decoded byte available (the character that completed it). Decodes again, a
 * byte at a time in the end: for the rare match, not for the hot path. n when the index is not reached. */
size_t rs_transfer_locate(const struct rs_transfer *before, const uint8_t *in, size_t n, size_t decoded);

#endif
