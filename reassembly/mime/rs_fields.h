/* SPDX-License-Identifier: Apache-2.0 */
/* rs_fields: the fields of one header section (RFC 5322 2.2), pushed in any split, pulled as events.
 *
 * Owner:  the struct rs_mime it is part of. Memory: this struct, and the buffer named at the start, which holds
 * what of a field's unfolded value is not handed out yet. Units: bytes.
 *
 * Only the fields of enum rs_field are read; others are passed over. A section ends with
 * an empty line, or with a line that is no field: no colon after printable ASCII, white space
 * before the colon allowed (RFC 5322 4.5). An mbox "From " as first line is passed over. */
#ifndef RS_FIELDS_H
#define RS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rs_field {
	RS_FIELD_NONE, /* none, or one that is not read */
	RS_FIELD_CONTENT_TYPE,
	RS_FIELD_CONTENT_TRANSFER_ENCODING,
	RS_FIELD_CONTENT_DISPOSITION,
	RS_FIELD_ENVELOPE, /* this and above: a field about the message, enum rs_header + RS_FIELD_ENVELOPE */
};

enum rs_fields_event {
	RS_FIELDS_MORE, /* all was eaten */
	RS_FIELDS_FIELD, /* a field ended: field, buf[0..len), cut */
	RS_FIELDS_FULL, /* a field that is read does not fit: who is told makes buf[0..len) shorter, or sets cut */
	RS_FIELDS_PIECE, /* of an envelope field that is longer than the buffer: buf[0..piece) */
	RS_FIELDS_INVALID, /* a line that is no field, and is passed over: it begins with buf[0..len) */
	RS_FIELDS_END, /* the section ended with its empty line, or with the input */
	RS_FIELDS_BODY, /* the section ended at a line that is no field: it begins with buf[0..len) */
};

struct rs_fields {
	uint8_t *buf;
	uint16_t cap;
	uint16_t len;
	uint16_t piece;
	uint8_t state; /* enum state */
	uint8_t field; /* enum rs_field, or more */
	bool envelope; /* fields about the message are wanted */
	bool first; /* still in the first line */
	bool cut; /* the value did not fit */
	bool begun; /* a piece of the field was handed out */
	bool ended; /* the field was handed out */
	bool virgin; /* no byte was read */
	bool nul; /* a NUL in its name made the last line no field */
	bool passes_nul; /* NULs in names are passed over */
};

/* buf NULL: fields cannot be read; only the empty line is looked for. */
void rs_fields_init(struct rs_fields *h, uint8_t *buf, size_t cap, bool envelope);

/* Reads up to the next event; returns how many bytes were eaten. What an event hands out is valid until the next
 * call. After END and BODY nothing more may be fed, unless rs_fields_resume is called. */
size_t rs_fields_feed(struct rs_fields *h, const uint8_t *p, size_t n, enum rs_fields_event *event);

/* After BODY: the line was no body after all; the section goes on behind it. Where only a NUL made it none, it is a field
 * without that. */
void rs_fields_resume(struct rs_fields *h);

/* Whether both read alike whatever comes. */
bool rs_fields_same(const struct rs_fields *a, const struct rs_fields *b);

/* The input ended. To be called until it says END or BODY. */
enum rs_fields_event rs_fields_finish(struct rs_fields *h);

/* Bytes are missing: the field and the line under way are dropped. True when a piece of the
 * field had been handed out. */
bool rs_fields_gap(struct rs_fields *h);

#endif
