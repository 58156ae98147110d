/* SPDX-License-Identifier: Apache-2.0 */
/* rs_section: what one header section says of the part it stands before, and the buffer its fields are read in.
 * Both are what a block of RS_MIME_BLOCK bytes holds.
 *
 * Owner:  the struct rs_mime that holds the block. Memory: the block. Units: bytes.
 * Of two fields that say the same thing in two ways, or two parameters, the first counts; what the section says where another
 * counts is told besides, once for each way that leads to other parts or other content. */
#ifndef RS_SECTION_H
#define RS_SECTION_H

#include "reassembly/mime/rs_mime.h"

#define RS_SECTION_TYPE 128 /* RFC 6838 4.2: 127 characters a name; more is cut */
#define RS_SECTION_BOUNDARY 256
#define RS_SECTION_CHARSET 48
#define RS_SECTION_OTHER_NAME 320
#define RS_SECTION_OTHER_CHARSET 24
#define RS_SECTION_VALUE 2752 /* of a field that is parsed */

struct rs_section;

struct rs_section_ops {
	void (*anomaly)(void *arg, enum rs_mime_anomaly a);
	/* Some readers take the section to say this. Borrowed. */
	void (*differs)(void *arg, const struct rs_section *other);
};

enum rs_section_opens { /* what the part holds */
			RS_SECTION_LEAF,
			RS_SECTION_MULTIPART,
			RS_SECTION_MESSAGE,
			RS_SECTION_ENCODED, /* a multipart that is decoded first */
};

struct rs_section {
	uint16_t boundary_len;
	uint16_t name_len;
	uint16_t other_len;
	uint8_t cte; /* enum rs_cte */
	uint8_t opens; /* enum rs_section_opens */
	uint8_t name_form; /* enum rs_name_form */
	uint8_t other_form; /* of the type's name where the disposition's counts */
	bool has_type, has_cte, has_disposition; /* fields seen */
	bool attachment; /* Content-Disposition is there and is not inline */
	bool message; /* what its multipart's parts are where they do not say otherwise */
	bool digest; /* multipart/digest: its parts are messages where they do not say otherwise */
	bool name_of_disposition; /* the name is the disposition's, which counts more than the type's */
	bool name_left; /* the name is that of a disposition which does not count any more */
	bool name_stray; /* the name is one that stands in the other field's parameter: any other counts more */
	bool name_cut;
	bool empty_boundary; /* the boundary is there, and empty: a delimiter is two dashes */
	bool no_boundary; /* the boundary is there, and empty: none to others */
	bool guessed; /* the encoding is not what was said, but what may have been meant */
	uint8_t settled; /* fields of which others take another one, a bit each */
	char type[RS_SECTION_TYPE];
	char charset[RS_SECTION_CHARSET]; /* of the name */
	uint8_t boundary[RS_SECTION_BOUNDARY];
	uint8_t name[RS_MIME_NAME_MAX];
	char other_charset[RS_SECTION_OTHER_CHARSET];
	uint8_t other_name[RS_SECTION_OTHER_NAME];
};

struct rs_section_block {
	struct rs_section says; /* begins it */
	uint8_t value[RS_SECTION_VALUE];
};

static inline uint8_t *rs_section_value(struct rs_section *s)
{
	return ((struct rs_section_block *)s)->value;
}

/* message: the type is message/rfc822 where no field says otherwise (RFC 2046 5.1.5). */
void rs_section_init(struct rs_section *s, bool message);

/* A field ended; its value is changed in place. */
void rs_section_field(struct rs_section *s, enum rs_field field, uint8_t *value, size_t n, const struct rs_section_ops *ops, void *arg);

/* A line that is no field: whether it is the boundary parameter of a multipart that has none yet, of a
 * Content-Type that was not folded as it should be: "boundary=..." at the line's start. If so the line is changed. */
bool rs_section_stray_boundary(struct rs_section *s, uint8_t *line, size_t n, const struct rs_section_ops *ops, void *arg);

/* Whether both say the same of the part's structure and content. */
bool rs_section_same(const struct rs_section *a, const struct rs_section *b);

/* What is there of a value that goes on beyond its buffer, made shorter: parameters that are not read, comments, and what stands in
 * them are left out, so that what follows reads as it would have. Returns the new length. */
size_t rs_section_squeeze(uint8_t *value, size_t n);

#endif
