/* SPDX-License-Identifier: Apache-2.0 */
/* rs_qp: streaming quoted-printable (RFC 2045 6.7).
 *
 * Owner:  whoever holds the state; copied by assignment.
 * Memory: none.
 * Units:  bytes. `out` must have room for RS_QP_OUT_MAX(n).
 *
 * What does not follow the RFC is kept as it stands and flagged ("=XY" that is no hex stays
 * "=XY"); lower case hex is accepted; white space at the end of a line is dropped (rule 3), also
 * between '=' and the line end. A line ends in CRLF or bare LF; a CR alone is content, but behind a '='. Where the
 * input ends without a line end, white space before that is content. A soft line break may end in CR CR LF: text that was converted
 * twice. */
#ifndef RS_QP_H
#define RS_QP_H

#include <stddef.h>
#include <stdint.h>

#define RS_QP_SPACES_MAX 64 /* white space held back; a longer run is content and is let go */

struct rs_qp {
	uint8_t pending[3]; /* "=", "=X", "=\r" or "=\r\r", not yet decided */
	uint8_t npending;
	uint8_t nspaces; /* white space held back until it is known whether the line ends */
	uint8_t flags;
	uint64_t space_bits; /* bit i: the i-th held byte is TAB rather than SP */
};

enum rs_qp_flag {
	RS_QP_BAD_ESCAPE = 1, /* '=' followed by neither two hex digits nor a line end */
	RS_QP_CUT = 2, /* ended inside an escape */
	RS_QP_BARE_CR = 4, /* "=" and a CR without LF: a soft line break here, and content to some */
	RS_QP_TWO_CR = 8, /* "=" and CR CR LF: a soft line break here; to some a line end stands behind it, or all is content */
};

/* Every held byte may be let go at once. */
#define RS_QP_OUT_MAX(n) ((n) + RS_QP_SPACES_MAX + 4)

static inline void rs_qp_init(struct rs_qp *s) { *s = (struct rs_qp){ 0 }; }

/* Eats all n bytes; returns the bytes written. */
size_t rs_qp_feed(struct rs_qp *s, const uint8_t *in, size_t n, uint8_t *out);

/* End of the part: writes what is still held; returns how many bytes (at most RS_QP_OUT_MAX(0)). */
size_t rs_qp_end(struct rs_qp *s, uint8_t *out);

#endif
