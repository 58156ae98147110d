/* SPDX-License-Identifier: Apache-2.0 */
/* rs_boundary: whether a line is a delimiter of one of the open multiparts (RFC 2046 5.1.1).
 *
 * Owner:  the struct rs_mime it is part of. Memory: this struct; and where the boundaries of the open levels are longer together
 * than RS_BOUNDARY_OWN, as hardly any are, a block of RS_BOUNDARY_TEXT bytes or more of the pool given to each call, until they are
 * not. Units: bytes.
 *
 * Levels are numbered from the outermost, 0. A level without a boundary (a nested message) is
 * pushed too, so that the numbers are those of the structure. A line that may yet become a
 * delimiter is held here, whatever pieces it comes in; a line that cannot is let go at its first
 * wrong byte. White space after the boundary is let pass (transport padding); of more of it than
 * there is room for, the line is taken for a delimiter without waiting for its end. */
#ifndef RS_BOUNDARY_H
#define RS_BOUNDARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reassembly/rs_pool.h"

#define RS_BOUNDARY_LEVELS 16
#define RS_BOUNDARY_ONE 128 /* of one; a longer one is compared as far as this */
#define RS_BOUNDARY_TEXT (RS_BOUNDARY_LEVELS * RS_BOUNDARY_ONE) /* of all levels together */
#define RS_BOUNDARY_OWN 192 /* of them, without a block: three or four as mail programs make them */
#define RS_BOUNDARY_LINE (2 + RS_BOUNDARY_ONE + 2 + 60) /* dashes, text, dashes, padding */

enum rs_boundary_step {
	RS_BOUNDARY_MORE, /* may be one: all was eaten */
	RS_BOUNDARY_NO, /* is none: line[0..held) must be read otherwise, then call rs_boundary_drop */
	RS_BOUNDARY_PART, /* a delimiter */
	RS_BOUNDARY_CLOSE, /* the final one */
};

struct rs_boundary {
	uint8_t *block; /* the levels' boundaries, one after the other; NULL: they are in own */
	uint8_t own[RS_BOUNDARY_OWN];
	uint8_t line[RS_BOUNDARY_LINE + 1]; /* the line under way, or the delimiter that was found last, its LF included */
	uint16_t end[RS_BOUNDARY_LEVELS]; /* where in text a level's boundary ends */
	uint16_t open; /* levels that are looked for, a bit each */
	uint16_t closed; /* levels whose final delimiter was seen */
	uint16_t cut; /* levels whose boundary is longer than what is kept */
	uint16_t alive; /* levels the line under way may yet belong to */
	uint16_t held; /* bytes in line, of the one under way */
	uint16_t found; /* of the delimiter */
	uint8_t levels;
	uint8_t dashes; /* of a decided line: '-' that end it so far */
	/* The last line began with a whole boundary and went on: one that is no delimiter, or is one of a level outside. To readers that
	 * compare no further than the boundary it is alike_step of alike_level; as is the delimiter of a level that ended, to those that do
	 * not heed its end. Until the next line, or rs_boundary_drop. */
	bool alike, ended; /* ended: of a level that did */
	uint8_t alike_level, alike_step;
	/* The last line is the final delimiter of a level, and one that is not final of a level outside: readers that ask the outermost first
	 * take it for that. Until the same. */
	bool outside;
	uint8_t outside_level;
	uint16_t fell; /* levels whose whole boundary the line under way began with, and went on otherwise */
	bool decided; /* the line under way is a delimiter: only its end is awaited */
};

void rs_boundary_init(struct rs_boundary *b);

enum rs_boundary_room {
	RS_BOUNDARY_OK,
	RS_BOUNDARY_LIMIT, /* RS_BOUNDARY_LEVELS are open */
	RS_BOUNDARY_STARVED, /* a block is needed, and none was left */
};

/* Adds a level; text NULL for one without boundary; n = 0: it is empty. Where there is no room, nothing is changed. */
enum rs_boundary_room rs_boundary_push(struct rs_boundary *b, struct rs_pool *blocks, const uint8_t *text, size_t n);

/* Leaves `levels` levels. With 0 there is no block any more. */
void rs_boundary_pop(struct rs_boundary *b, struct rs_pool *blocks, uint8_t levels);

/* What was copied byte by byte from another that has a block gets one of its own. False: none was left, and no level of it is looked
 * for. */
bool rs_boundary_copied(struct rs_boundary *b, struct rs_pool *blocks);

/* The level's final delimiter was seen: lines are no more its delimiters, but alike. */
void rs_boundary_close(struct rs_boundary *b, uint8_t level);
/* Its end was none. */
void rs_boundary_reopen(struct rs_boundary *b, uint8_t level);
/* Whether there is any whose lines matter. */
static inline bool rs_boundary_any(const struct rs_boundary *b)
{
	return b->open | b->closed;
}

/* Whether [p, p + n), which begins at the start of a line, may begin a delimiter, or something alike. */
bool rs_boundary_maybe(const struct rs_boundary *b, const uint8_t *p, size_t n);

/* Eats bytes of the line under way, its LF included. Returns how many; the byte that shows that
 * the line is no delimiter is not eaten. On PART and CLOSE the level is in *level: the innermost
 * that fits, and nothing is held any more. */
size_t rs_boundary_feed(struct rs_boundary *b, const uint8_t *p, size_t n, enum rs_boundary_step *step, uint8_t *level);

/* The input ended in the line under way. NO, PART or CLOSE. */
enum rs_boundary_step rs_boundary_finish(struct rs_boundary *b, uint8_t *level);

/* Whether lines are delimiters alike to both, and none is under way. */
bool rs_boundary_same(const struct rs_boundary *a, const struct rs_boundary *b);

/* Forgets the line under way. */
void rs_boundary_drop(struct rs_boundary *b);

/* Whether a line is under way. */
static inline bool rs_boundary_holds(const struct rs_boundary *b)
{
	return b->held > 0;
}

#endif
