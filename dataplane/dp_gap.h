/* SPDX-License-Identifier: Apache-2.0 */
/* dp_gap: bytes are missing of a leaf's encoded text: how much of its content that is, and where the decoder goes on.
 *
 * How many bytes are missing TCP counts exactly. In base64 the lines say how many characters those are: mail programs write
 * lines of one length (RFC 2045 6.8: at most 76), so what the last lines before the hole were like tells where in which line it
 * ends, how many lines went by, and which of the four places of a quantum the next character has. The first line end behind the
 * hole is the proof: if it stands elsewhere, decoding begins anew in the next line, for lines hold whole quanta wherever
 * their length is a multiple of 4. Where each line has another length that is none, that is a guess, and stands until some of what
 * follows decodes as text at one of the four places, and at no other: what a loader is told by is text. (What stands before
 * that may be shifted, and a line that is too short to tell.) One long line without ends is one line: every missing
 * byte was a character.
 *
 * Owner: one worker. Memory: none. Units: bytes as they travelled, characters of the base64 alphabet, bytes of content. */
#ifndef DP_GAP_H
#define DP_GAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_gap {
	uint64_t chars; /* of the missing bytes, those that are no line ends */
	uint64_t lines; /* line ends among them */
	uint32_t line_left; /* characters of the line in which the hole ends that follow it */
	bool sure; /* seen in the lines before; else assumed */
	bool endless; /* no line ends anywhere: nothing proves it */
};

/* tail: the last bytes before the hole; whole: there was nothing of the part before them. */
void dp_gap_base64(struct dp_gap *g, const uint8_t *tail, size_t ntail, bool whole, uint64_t lost);

/* Whether the text behind the hole bears it out: its first line ends where it should. True too where no line end is in it. */
bool dp_gap_proved(const struct dp_gap *g, const uint8_t *p, size_t n);

/* The first character at p from which on the characters decode as text, and only so: where it stands, or n where there is none. */
size_t dp_gap_text(const uint8_t *p, size_t n);

#endif
