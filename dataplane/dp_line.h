/* SPDX-License-Identifier: Apache-2.0 */
/* dp_line: the line of a part's text, as it travelled, in which a decoded byte stands.
 *
 * A byte stands where its encoding begins: in base64 with the character that holds its first bits, in quoted-printable with the
 * "=" of its escape. The text passes in pieces. A place in an earlier piece is looked for in the last `keep` bytes
 * before this one: matches are shorter than that as mail programs write, and where one is not, the line is the
 * earliest that is still known.
 *
 * Owner:  one worker. Memory: this struct; p is borrowed while the piece is decoded. Units: bytes; lines from 1.
 * Work:   on the hot path counting line ends; the rest is for the rare match. */
#ifndef DP_LINE_H
#define DP_LINE_H

#include "reassembly/decode/rs_transfer.h"

/* What nested archives hold back (RS_ZIP_HELD each) and how exactly it is known where inflated bytes come from (RS_INFLATE_STEP
 * each), a literal, and their line ends, encoded: for four archives. */
#define DP_LINE_TAIL 576
/* Where nothing is held back: three lines, by which dp_gap knows what the others are like, and a literal of so many bytes, in base64
 * with line ends as mail programs write them, or as it stands. */
#define DP_LINE_LEAST 256
#define DP_LINE_ENOUGH(reach)                                                                                                              \
	((reach) < DP_LINE_LEAST / 2 - 4 ? DP_LINE_LEAST : (reach) < DP_LINE_TAIL / 2 - 4 ? (reach) * 2 + 8 : DP_LINE_TAIL)
/* The longest lines of which that many are as much: of longer ones all of the tail is kept. */
#define DP_LINE_USUAL 80

struct dp_line {
	const uint8_t *p; /* the piece being decoded */
	size_t n;
	struct rs_transfer before; /* the decoder's state at p */
	uint64_t decoded; /* decoded bytes of the part before p */
	uint64_t lines; /* line ends of the part before p */
	bool unknown; /* lines are missing, and how many is not known */
	uint16_t keep; /* DP_LINE_TAIL at most; may be set at any time, and counts from the next piece on */
	uint16_t ntail;
	uint8_t tail[DP_LINE_TAIL]; /* the last bytes before p */
};

/* A part begins. */
void dp_line_init(struct dp_line *l);
/* The decoder, in this state, is given a piece. */
void dp_line_piece(struct dp_line *l, const struct rs_transfer *before, const uint8_t *p, size_t n);
/* It was given n bytes of it, which made so many. */
void dp_line_done(struct dp_line *l, size_t n, size_t decoded);

/* Text is missing here: that many line ends, and what would have become that many bytes. */
void dp_line_gap(struct dp_line *l, uint64_t lines, uint64_t decoded);
/* How many line ends are missing is not known: no line is, from here on. */
static inline void dp_line_lose(struct dp_line *l)
{
	l->unknown = true;
}

/* The line of a byte of the part's decoded content, up to what the piece makes of it; 0: it is not known. */
uint32_t dp_line_of(const struct dp_line *l, uint64_t offset);
/* The line of a character that stands so many characters after p[at], or before it: white space is not counted.
 * 0: it is not known. */
uint32_t dp_line_of_char(const struct dp_line *l, size_t at, int64_t chars);

#endif
