/* SPDX-License-Identifier: Apache-2.0 */
/* rs_section: what one header section says of the part it stands before, and the buffer its fields are read in.
 * It is what a block of RS_MIME_BLOCK bytes holds.
 *
 * Owner:  the struct rs_mime that holds the block. Memory: the block. Units: bytes.
 * Of two Content-Type, -Transfer-Encoding or -Disposition fields the first counts. */
#ifndef RS_SECTION_H
#define RS_SECTION_H

#include "reassembly/mime/rs_mime.h"

#define RS_SECTION_TYPE 128 /* RFC 6838 4.2: 127 characters a name; more is cut */
#define RS_SECTION_BOUNDARY 256
#define RS_SECTION_CHARSET 48
#define RS_SECTION_VALUE 3072 /* of a field that is parsed */

enum rs_section_opens { /* what the part holds */
			RS_SECTION_LEAF,
			RS_SECTION_MULTIPART,
			RS_SECTION_MESSAGE,
};

struct rs_section {
	uint16_t boundary_len;
	uint16_t name_len;
	uint8_t cte; /* enum rs_cte */
	uint8_t opens; /* enum rs_section_opens */
	uint8_t name_form; /* enum rs_name_form */
	bool has_type, has_cte, has_disposition; /* fields seen */
	bool attachment; /* Content-Disposition is there and is not inline */
	bool digest; /* multipart/digest: its parts are messages where they do not say otherwise */
	bool name_of_disposition; /* the name is the disposition's, which counts more than the type's */
	bool name_cut;
	char type[RS_SECTION_TYPE];
	char charset[RS_SECTION_CHARSET]; /* of the name */
	uint8_t boundary[RS_SECTION_BOUNDARY];
	uint8_t name[RS_MIME_NAME_MAX];
	uint8_t value[RS_SECTION_VALUE];
};

/* message: the type is message/rfc822 where no field says otherwise (RFC 2046 5.1.5). */
void rs_section_init(struct rs_section *s, bool message);

/* A field ended; its value is changed in place. What is odd in it is reported to ops. */
void rs_section_field(struct rs_section *s, enum rs_field field, uint8_t *value, size_t n,
		      const struct rs_mime_ops *ops, void *arg);

/* A line that is no field: whether it is the boundary parameter of a multipart that has none yet, of a
 * Content-Type that was not folded as it should be: "boundary=..." at the line's start. If so the line is changed. */
bool rs_section_stray_boundary(struct rs_section *s, uint8_t *line, size_t n, const struct rs_mime_ops *ops, void *arg);

#endif
