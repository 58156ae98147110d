/* SPDX-License-Identifier: Apache-2.0 */
/* rs_number: the number of a part, from the levels it stands in (RFC 3501 6.4.5). */
#ifndef RS_NUMBER_H
#define RS_NUMBER_H

#include "reassembly/mime/rs_mime.h"

enum rs_level_flag {
	RS_LEVEL_MULTIPART = 1, /* else a nested message */
	RS_LEVEL_DIGEST = 2, /* its parts are messages where they do not say otherwise (RFC 2046 5.1.5) */
	RS_LEVEL_CLOSED = 4, /* its final delimiter was seen */
};

#define RS_NUMBER_MAX ((RS_MIME_DEPTH + 2) * 11) /* "4294967295." a level */

static inline bool rs_level_is_multipart(const struct rs_mime_level *level, unsigned depth, unsigned i)
{
	return i < depth && level[i].flags & RS_LEVEL_MULTIPART;
}

/* Writes the number and a NUL, at most RS_NUMBER_MAX bytes. margin: of the preamble or epilogue of the innermost level,
 * which must be a multipart. */
void rs_number_write(const struct rs_mime_level *level, unsigned depth, bool margin, char *out);

#endif
