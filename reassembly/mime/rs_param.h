/* SPDX-License-Identifier: Apache-2.0 */
/* rs_param: the value of a Content-Type or Content-Disposition field (RFC 2045 5.1, RFC 2183), word by word.
 *
 * Owner:  the caller. Memory: the caller's buffer, which is written to: quotes and backslashes
 * are taken out in place. What is handed out points into it. Units: bytes.
 *
 * As mail is, rather than as it should be: semicolons may be missing or doubled, '=' may have white
 * space around it, a value without quotes may hold spaces and goes on to the next semicolon or the next
 * "name=", a quoted string without its end goes on to the next semicolon. A comment in a value without quotes is kept: names hold
 * parentheses. */
#ifndef RS_PARAM_H
#define RS_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RS_PARAM_WHOLE -1 /* the name has no section number */

struct rs_param {
	const uint8_t *name; /* without what RFC 2231 adds to it */
	size_t name_len;
	uint8_t *value;
	size_t value_len;
	/* Of it, the first word: a quoted string, or what stands before white space, a comma, a parenthesis or a control character. */
	size_t word_len;
	size_t said_len; /* of it, what stands before a comment that ends it (RFC 5322 3.2.2), or one that has no end */
	int section; /* "name*3": 3 (RFC 2231 3), or RS_PARAM_WHOLE */
	bool extended; /* the name ends in '*': the value has percent escapes (RFC 2231 4) */
};

struct rs_param_reader {
	uint8_t *p, *end;
	bool unended; /* a quoted string without an end was met: there is no further ending quote to look for */
};

void rs_param_start(struct rs_param_reader *r, uint8_t *value, size_t n);

/* The first word, the disposition's type, in lower case with a NUL, cut at cap - 1; "" where
 * there is none. */
void rs_param_word(struct rs_param_reader *r, char *out, size_t cap);

/* The media type "type/subtype", likewise. Returns false, and out = what stands before the slash if anything, when
 * it is not one type and one subtype. */
bool rs_param_media_type(struct rs_param_reader *r, char *out, size_t cap);

/* The next parameter; false at the end. */
bool rs_param_next(struct rs_param_reader *r, struct rs_param *out);

bool rs_param_is(const struct rs_param *p, const char *name);

#endif
