/* SPDX-License-Identifier: Apache-2.0 */
/* rs_spot: sees in any bytes, text or not, where something encoded may begin, or an archive: at next to no cost where nothing does.
 *
 * Owner:  whoever holds the state, which is copied by assignment. Memory: none. Units: bytes.
 *
 * What it says follows from the bytes alone, however they come in pieces. It says where a reader is to look: most of what it says of runs
 * is nothing (a long word, a path, the mark of a newsletter's reader).
 *
 * RS_SPOT_RUN_MIN follows from what is looked at in one step: shorter runs inside a step are not seen, which is what makes it cheap. It is
 * half of what a reader asks of a run, so that a script's strings of less than 64 characters are still seen. */
#ifndef RS_SPOT_H
#define RS_SPOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS_SPOT_RUN_MIN 32
#define RS_SPOT_ESCAPED_MIN 20
#define RS_SPOT_BACK 64 /* so many bytes before those that come are asked for, where there are as many */

enum rs_spotted {
	RS_SPOT_NOTHING,
	RS_SPOT_RUN, /* so many bytes in a row of either base64 alphabet (RFC 4648 4 and 5) or line ends */
	RS_SPOT_ESCAPED, /* a script's "\x" or "\u" behind RS_SPOT_ESCAPED_MIN bytes of a run, of which some are escaped in any way */
	RS_SPOT_DATA, /* "data:" (RFC 2397) */
	RS_SPOT_UU, /* at the beginning of a line, in either case: "begin" and a blank or a tab */
	RS_SPOT_UU64, /* "begin-base64", a blank or a tab */
	RS_SPOT_YENC, /* "=ybegin " */
	RS_SPOT_HQX, /* ":" */
	RS_SPOT_WIDE, /* not seen here: what a file begins with tells (rs_text_is_wide) */
	RS_SPOT_MAX,
};

struct rs_spot {
	uint8_t run; /* bytes in a row so far that may be of one */
	uint8_t word; /* how much of which word stands at the beginning of the line */
};

/* The file begins. */
void rs_spot_init(struct rs_spot *s);

/* What one look at all bytes tells, for those who would otherwise each have one of their own. */
struct rs_glance {
	size_t mark; /* where the first mark of an archive (rs_marks) may begin, whose two first bytes are there */
	size_t spot; /* nothing begins before, but what began before p[from] or with it */
};
enum { RS_GLANCE_MARK = 1, RS_GLANCE_SPOT = 2 };

/* Looks at p[from..n) for some of both; where there is nothing, it is n. from <= n. */
void rs_spot_glance(struct rs_glance *g, const uint8_t *p, size_t from, size_t n, unsigned what);

/* Of few bytes: whether there may be something at all. */
bool rs_spot_may(const uint8_t *p, size_t n);

/* back: the last bytes before p; quiet: rs_glance.spot of p[0..n), or 0. Returns how many bytes it took: up to and with the one that
 * completes *what; n: RS_SPOT_NOTHING, or the last one does. */
size_t rs_spot_look(struct rs_spot *s, const uint8_t *back, size_t nback, const uint8_t *p, size_t n, size_t quiet,
		    enum rs_spotted *what);

/* Somebody else read what came until here: of a run less than all counts, of a word what the line begins with. */
void rs_spot_resume(struct rs_spot *s, const uint8_t *back, size_t nback);

/* The same where the next byte is of no run. */
void rs_spot_behind(struct rs_spot *s, const uint8_t *back, size_t nback);

/* How many bytes of a run p begins with. */
size_t rs_spot_run(const uint8_t *p, size_t n);

/* Whether a byte may be of a run, and is no line end. */
bool rs_spot_is_char(uint8_t b);

/* For tests: use the variant "c", "ssse3", "avx2" or "avx512vbmi" from here on; 0, or -ENOTSUP when this processor lacks it. */
int rs_spot_use(const char *isa);

#endif
