/* SPDX-License-Identifier: Apache-2.0 */
/* rs_extended: one parameter's value, put together from all its forms in one field: plain, extended and in
 * continuations (RFC 2231 3, 4), in whatever order they stand.
 *
 * Owner:  the caller. Memory: this struct; the values added are borrowed until it is read. Units: bytes.
 *
 * Where a parameter stands in several forms, the extended one counts (RFC 6266 4.3), then the
 * continuations, then the plain one. Of two of the same form the first counts. */
#ifndef RS_EXTENDED_H
#define RS_EXTENDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reassembly/mime/rs_param.h"

#define RS_EXTENDED_SECTIONS 64

struct rs_extended_piece {
	const uint8_t *p;
	size_t n;
};

/* Which of its forms a reader may take. */
enum rs_extended_form {
	RS_EXTENDED_FIRST_PLAIN,
	RS_EXTENDED_LAST_PLAIN,
	RS_EXTENDED_FIRST_ESCAPED,
	RS_EXTENDED_LAST_ESCAPED,
	RS_EXTENDED_FIRST_JOINED, /* of continuations, of each section the first */
	RS_EXTENDED_LAST_JOINED,
	RS_EXTENDED_WORD, /* the first plain one's first word */
	RS_EXTENDED_SAID, /* the first plain one without the comment that ends it */
	RS_EXTENDED_BEGUN, /* of continuations those before the first that is missing */
	RS_EXTENDED_FORMS
};

struct rs_extended {
	/* [0] plain, [1] extended; p NULL: not there. Of each the first and the last. */
	struct rs_extended_piece whole[2], last_whole[2];
	struct rs_extended_piece word, said; /* of whole[0]; p NULL: all of it is one word, no comment ends it */
	struct rs_extended_piece section[RS_EXTENDED_SECTIONS], last_section[RS_EXTENDED_SECTIONS];
	uint64_t present; /* of the sections, a bit each */
	uint64_t escaped; /* those with percent escapes */
	bool duplicate; /* a form, or a section, came twice */
	bool cut; /* a section's number was beyond the last */
};

void rs_extended_init(struct rs_extended *e);

void rs_extended_add(struct rs_extended *e, const struct rs_param *param);

/* Whether the parameter was there, in any form. */
bool rs_extended_present(const struct rs_extended *e);

/* Whether it stands there more than once, in whatever form, or readers may end it in another place. */
bool rs_extended_many(const struct rs_extended *e);

/* The form that counts here. */
enum rs_extended_form rs_extended_form(const struct rs_extended *e);

/* Whether its value has a character set and percent escapes. */
bool rs_extended_escaped(const struct rs_extended *e);

/* The same of one form. */
bool rs_extended_form_escaped(const struct rs_extended *e, enum rs_extended_form form);

/* Writes the value, cut at cap, and the charset's name with a NUL, "" where there is none.
 * Returns the bytes written; *cut says whether that is not all. */
size_t rs_extended_read(const struct rs_extended *e, uint8_t *out, size_t cap, char *charset, size_t charset_cap,
			bool *cut);

/* The same of a name, without a comment that ends it: of one that is longer than cap its beginning and its end, so that its extension is there. Of encoded words
 * (RFC 2047) at that end none is begun in its middle. cap: more than RS_EXTENDED_TAIL. */
#define RS_EXTENDED_TAIL 96 /* bytes of the end: an encoded word (RFC 2047 2) and what may stand behind it */
size_t rs_extended_name(const struct rs_extended *e, uint8_t *out, size_t cap, char *charset, size_t charset_cap, bool *cut);

/* That of one form. 0: it does not stand in it. */
size_t rs_extended_name_as(const struct rs_extended *e, enum rs_extended_form form, uint8_t *out, size_t cap, char *charset,
			   size_t charset_cap, bool *cut);

/* A name's beginning and end in the same way. */
size_t rs_extended_ends(const uint8_t *name, size_t n, uint8_t *out, size_t cap);

/* The same of one form, whichever counts; false: it does not stand in it. */
bool rs_extended_read_as(const struct rs_extended *e, enum rs_extended_form form, uint8_t *out, size_t cap, size_t *n);

#endif
