/* SPDX-License-Identifier: Apache-2.0 */
/* rs_base64: streaming base64 (RFC 4648 4, RFC 2045 6.8), as it stands in mail: in lines.
 *
 * Owner:  whoever holds the state; a state is 8 bytes and copied by assignment.
 * Memory: none.
 * Units:  bytes. `out` must have room for RS_BASE64_OUT_MAX(n).
 *
 * Two ways in. rs_base64_bulk eats alphabet characters and white space (CR LF SP TAB) and stops
 * *before* the first other byte: since '.', '-' and '=' are outside the alphabet, no end of data
 * and no MIME boundary can lie in what it ate, so that the layers above need not look at it.
 * rs_base64_feed eats everything, as RFC 2045 6.8 asks of a decoder: bytes outside the alphabet
 * are skipped and counted, '=' ends a quantum, and what follows it is decoded as a new one; where it
 * completes none ("A=", "AA=A") it is skipped, as by all readers that go on. */
#ifndef RS_BASE64_H
#define RS_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rs_base64 {
	uint32_t acc; /* up to three characters not yet made into bytes: 6 bits each, newest lowest */
	uint8_t nacc; /* how many of them: 0 to 3 */
	uint8_t flags; /* RS_BASE64_* seen so far */
	uint8_t pads; /* '=' still due: 1 after the first of "==", else 0; its two characters are not made into a byte yet */
};

enum rs_base64_flag {
	RS_BASE64_PADDED = 1, /* '=' was seen */
	RS_BASE64_AFTER_PAD = 2, /* alphabet characters after '=' */
	RS_BASE64_FOREIGN = 4, /* a byte outside alphabet, white space and '=' */
	RS_BASE64_CUT = 8, /* ended inside a quantum that no '=' completed */
	RS_BASE64_BAD_PAD = 16, /* '=' where none was due, or one missing */
};

/* Slack lets a vector variant store whole registers. */
#define RS_BASE64_OUT_MAX(n) ((n) / 4 * 3 + 3 + 64)

/* Whether a byte is of the alphabet (RFC 4648 table 1). For the rare byte, not for the bulk. */
static inline bool rs_base64_has(uint8_t b)
{
	return (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '+' || b == '/';
}

/* All zero is a valid new state too. */
static inline void rs_base64_init(struct rs_base64 *s) { *s = (struct rs_base64){ 0 }; }

/* Returns how many bytes of `in` were eaten (n unless a foreign byte or '=' stands at in[ret]);
 * *out_len is set to the bytes written. */
size_t rs_base64_bulk(struct rs_base64 *s, const uint8_t *in, size_t n, uint8_t *out, size_t *out_len);

/* Eats all n bytes; returns the bytes written. */
size_t rs_base64_feed(struct rs_base64 *s, const uint8_t *in, size_t n, uint8_t *out);

/* End of the part: writes what a cut quantum still gives (0 to 2 bytes), returns how many. */
size_t rs_base64_end(struct rs_base64 *s, uint8_t *out);

/* The instruction set chosen for this processor: "avx512vbmi", "avx2", "ssse3" or "c". */
const char *rs_base64_isa(void);

/* For tests and benchmarks: use the named variant from here on; 0, or -ENOTSUP when this
 * processor lacks it. Not to be called while another thread decodes. */
int rs_base64_use(const char *isa);

#endif
