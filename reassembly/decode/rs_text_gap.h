/* SPDX-License-Identifier: Apache-2.0 */
/* rs_text_gap: what stands between two characters of a run of base64 in a text: one that is written in another way, or a joint between
 * two pieces.
 *
 * Of escapes there are those of a script's strings (ECMA-262 12.9.4: \/ \x2f \u002f \u{2f} \57, and a letter that means itself), those of
 * HTML by name and number, and in a URL those of RFC 3986 2.1.
 *
 * A joint is at most RS_TEXT_JOINT_MAX bytes. It is one
 *   where it is the same as the one before: a loop wrote both;
 *   of quotes with white space and operators between them; of white space and '>' at the beginning of a line;
 *   of a script's words or of tags, if the piece behind it begins at a quote or behind a tag, and has RS_SPOT_RUN_MIN bytes;
 *   of anything else, if it is short, and the piece behind it has as many.
 *
 * Owner: nobody: it follows from the bytes. What is said of n bytes, but MORE, is said of more of them, too. */
#ifndef RS_TEXT_GAP_H
#define RS_TEXT_GAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS_TEXT_JOINT_MAX 48
#define RS_TEXT_GAP_MOST 96 /* of so many bytes MORE is never said */

enum rs_text_gap_is {
	RS_TEXT_GAP_MORE, /* not to be told from these bytes */
	RS_TEXT_GAP_NONE, /* the run ends */
	RS_TEXT_GAP_CHAR, /* a character: value */
	RS_TEXT_GAP_LINE, /* where a line was folded */
	RS_TEXT_GAP_QUOTES, /* a joint of quotes and operators alone */
	RS_TEXT_GAP_JOINT,
};

struct rs_text_gap {
	enum rs_text_gap_is is;
	uint8_t value;
	size_t len; /* of CHAR and the joints: so many bytes */
};

struct rs_text_gap_of {
	const uint8_t *before; /* the joint before */
	size_t nbefore; /* 0: there was none */
	uint8_t last; /* the byte before the gap */
	bool url; /* of a data: URL: tags end it */
	bool any; /* whatever joins may join */
	bool blanks; /* even blanks alone, which stand between any two words */
};

/* p[0] is not of a run. n > 0. */
struct rs_text_gap rs_text_gap_at(const struct rs_text_gap_of *of, const uint8_t *p, size_t n);

/* The escape that p begins with: CHAR, MORE or NONE. */
struct rs_text_gap rs_text_escape(const uint8_t *p, size_t n, bool url);

/* Where the run began whose bytes p[at..n) were seen, of which escaped characters may stand before: at, or less. */
size_t rs_text_gap_back(const uint8_t *p, size_t n, size_t at);

#endif
