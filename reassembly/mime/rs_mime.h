/* SPDX-License-Identifier: Apache-2.0 */
/* rs_mime: the structure of one message: header fields (RFC 5322), multiparts and nested messages
 * (RFC 2045, 2046), names of attachments (RFC 2183, 2231), pushed in any split.
 *
 * Owner:  one thread. Memory: this struct, and one block of RS_MIME_BLOCK bytes from the pool given at init while a
 * header section is being read. Units: bytes. Data handed to the callbacks is borrowed until they return.
 *
 * Where readers differ (RFC 2045 and 2046 leave it open, or senders do not keep to them), this structure follows one reading and
 * asks its owner for a copy (fork) that follows the other:
 *   two fields, or two boundary parameters, that say different things: the first; another
 *   a line in a header section that is no field: the body begins with it; it is passed over, and fields go on
 *   an encoding whose name is not known: the body as it stands; decoded by the one that may have been meant
 *   boundary="": none; empty
 *   a multipart in base64 or quoted-printable: as it stands; a leaf, which is decoded first (RS_PART_ENCODED_MULTIPART)
 *   a line that begins with a boundary and goes on: text; a delimiter (from there on, for the whole message)
 *   a CR without LF: nothing; a line end (likewise)
 *   a field with comments inside a value: they are part of it; they are none
 *   names of different kinds (a.exe, a.pdf) in different forms: the one that counts (rs_extended); another
 *   a boundary with more behind its first word, or with a section missing: all of it; what stands before that
 *   a message/rfc822 in base64 or quoted-printable that begins with a field as it stands: decoded first; as it stands
 *   encoded words (RFC 2047) in Content-Type or Content-Transfer-Encoding: letters; what they stand for
 *   a final delimiter right behind another delimiter: the multipart's end; passed over
 * A copy that has come to the same place in the same state is the same reading (rs_mime_same): its owner lets go of it.
 *
 * Lines end in CRLF or bare LF. The line end before a boundary line belongs to the boundary
 * (RFC 2046 5.1.1). Boundary lines of any open level end all levels inside. A boundary prefix
 * match must be the whole line up to white space. What follows a final boundary, and what
 * precedes the first one, is handed out as a part too (preamble, epilogue), because some readers show it.
 * message/rfc822 (and message/global) is opened: its headers are read, its body is parts of this
 * structure, one level deeper; if such a part is base64 or quoted-printable encoded it is a leaf instead
 * (flag RS_PART_ENCODED_MESSAGE).
 * Limits: RS_MIME_DEPTH levels and limits.parts leaves; beyond, the content is handed out as one leaf and the
 * limit is reported. A boundary longer than RS_MIME_BOUNDARY_MAX is cut for comparison and reported. Where the boundaries
 * of all open levels are longer together than RS_BOUNDARY_OWN they take a block; where there is none the level is not opened, as at the
 * limit of depth, and RS_MIME_BLOCK_LIMIT is reported. Preambles and epilogues count as parts; the leaf that begins when limits.parts were begun takes in
 * all that follows, undecoded. A preamble's or epilogue's leading line ends are not handed out; where it
 * holds nothing else it is no part at all. */
#ifndef RS_MIME_H
#define RS_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "reassembly/rs_pool.h"
#include "reassembly/decode/rs_transfer.h"
#include "reassembly/mime/rs_boundary.h"
#include "reassembly/mime/rs_fields.h"

#define RS_MIME_BLOCK 4096
#define RS_MIME_DEPTH 16
#define RS_MIME_BOUNDARY_MAX 128
#define RS_MIME_NAME_MAX 512

/* Fields of the outermost message, handed out by the header callback. */
enum rs_header {
	RS_HDR_FROM,
	RS_HDR_TO,
	RS_HDR_CC,
	RS_HDR_SUBJECT,
	RS_HDR_DATE,
	RS_HDR_MESSAGE_ID,
	RS_HDR_X_MAILER,
	RS_HDR_RECEIVED,
	RS_HDR_MAX
};

enum rs_part_kind { RS_PART_LEAF, RS_PART_PREAMBLE, RS_PART_EPILOGUE };

enum rs_part_flag {
	RS_PART_ATTACHMENT = 1, /* Content-Disposition: attachment, or a name is given, or it is no text */
	RS_PART_ENCODED_MESSAGE = 2,
	RS_PART_NAME_CUT = 4,
	RS_PART_LIMIT = 8, /* structure inside was not opened, for a limit */
	RS_PART_MISSING_END = 16, /* (part_end) the enclosing multipart never ended */
	RS_PART_GAP = 32, /* (part_end) bytes were missing */
	RS_PART_GUESSED = 64, /* the encoding is not the one named, but what may have been meant by it */
	RS_PART_ENCODED_MULTIPART = 128, /* a multipart to those who decode it first: see boundary */
};

/* How the bytes of a name stand in the message. */
enum rs_name_form {
	RS_NAME_NONE, /* the part has no name */
	RS_NAME_PLAIN, /* as it stands, quotes and backslashes removed; may hold encoded words (RFC 2047) and raw 8-bit */
	RS_NAME_EXTENDED, /* RFC 2231: percent escapes decoded, continuations joined; charset says which */
};

struct rs_part {
	enum rs_part_kind kind;
	enum rs_cte cte;
	uint32_t flags; /* enum rs_part_flag */
	/* IMAP style (RFC 3501 6.4.5): "1", "2.1"; a preamble or epilogue has its multipart's number + ".0", the
	 * message's own multipart "0". */
	const char *number;
	const char *type; /* "text/plain", lower case, without parameters; "" where the field was unreadable */
	enum rs_name_form name_form;
	/* The filename parameter of Content-Disposition, else the name parameter of Content-Type, else what either has in the other's. Of a
	 * value without quotes a comment at its end is none of it. */
	const uint8_t *name;
	size_t name_len;
	const char *name_charset; /* RS_NAME_EXTENDED: the charset named, "" where none */
	/* The name parameter of Content-Type where Content-Disposition has another, or a name that stands in the other field's parameter;
	 * RS_NAME_NONE: there is none. Long ones are cut. */
	enum rs_name_form other_form;
	const uint8_t *other_name;
	size_t other_len;
	const char *other_charset;
	const uint8_t *boundary; /* RS_PART_ENCODED_MULTIPART */
	size_t boundary_len;
	bool digest; /* likewise */
	uint8_t depth; /* 0: the message's own body */
	uint64_t offset; /* of its body's first byte: bytes of the message fed, skipped or missing before it */
};

enum rs_mime_anomaly {
	RS_MIME_HEADER_TOO_LONG, /* a field was cut at RS_MIME_BLOCK (only of fields that are parsed what is read of them) */
	RS_MIME_HEADER_INVALID, /* a line in a header section that is no field, the first one included: readers differ about what follows */
	RS_MIME_BOUNDARY_MISSING, /* multipart without a boundary parameter */
	RS_MIME_BOUNDARY_TOO_LONG,
	RS_MIME_DEPTH_LIMIT,
	RS_MIME_PART_LIMIT,
	RS_MIME_DUPLICATE_FIELD, /* two Content-Type, -Transfer-Encoding or -Disposition fields in one section: readers differ */
	RS_MIME_DUPLICATE_PARAMETER, /* two boundary or name parameters: readers differ */
	RS_MIME_ENCODED_MULTIPART, /* a multipart with base64 or quoted-printable (RFC 2045 6.4 forbids it) */
	RS_MIME_UNKNOWN_ENCODING,
	RS_MIME_NAME_CUT, /* a name is longer than is kept, also that of an archive's member: of its middle something is left out */
	RS_MIME_NAMES_DIFFER, /* Content-Type and Content-Disposition, or a zip, name a file with different extensions */
	RS_MIME_MISSING_END, /* a multipart never ended */
	RS_MIME_BLOCK_LIMIT, /* no block was left: the section's fields, or what is inside a multipart, could not be read */
	RS_MIME_BOUNDARY_ALIKE, /* a line begins with an open boundary and goes on: text here, a delimiter to readers that
				 * compare no further (RFC 2046 5.1.1 lets them) */
	RS_MIME_BARE_CR, /* a CR without LF, in a header section or before what may be a delimiter: a line end to some */
	RS_MIME_BOUNDARY_EMPTY, /* multipart with an empty boundary: none to some */
	RS_MIME_PARTIAL, /* a piece of a message whose other pieces travel as other messages (RFC 2046 5.2.2) */
	RS_MIME_EXTERNAL_BODY, /* content that is elsewhere (RFC 2046 5.2.3) */
	RS_MIME_ENCODED_WORD, /* what a part is stands in encoded words (RFC 2047 5): no type, encoding or boundary to some */
	RS_MIME_END_AT_ONCE, /* a final delimiter right behind another delimiter: some pass over it */
	RS_MIME_ANOMALY_MAX
};

struct rs_mime_ops {
	/* A field of the outermost header section: its unfolded value, in one or more pieces. Folding is removed (RFC 5322
	 * 2.2.3), outer white space too; encoded words are left as they stand. Of repeated fields each is handed out. */
	void (*header)(void *arg, enum rs_header h, const uint8_t *p, size_t n, bool first, bool last);
	void (*part_begin)(void *arg, const struct rs_part *part);
	/* The leaf's body as it travelled (not decoded), line ends included. */
	void (*part_data)(void *arg, const uint8_t *p, size_t n);
	void (*part_end)(void *arg, uint32_t flags);
	/* RS_MIME_BARE_CR may come between the pieces of a header's value. */
	void (*anomaly)(void *arg, enum rs_mime_anomaly a);
	/* Readers differ about what follows: makes a copy with rs_mime_copy, which reads it the other way. The copy is fed and ended as
	 * well, by who made it: from where rs_mime_feed stops. NULL, or answers NULL: that reading is not followed. */
	struct rs_mime *(*fork)(void *arg);
};

struct rs_mime_limits {
	uint16_t depth; /* at most RS_MIME_DEPTH */
	uint32_t parts;
};

struct rs_mime_level { /* a multipart or nested message that is open */
	uint32_t parts : 24; /* of a multipart: begun so far */
	uint32_t flags : 8; /* enum rs_level_flag */
};

struct rs_section;

struct rs_mime { /* fields are the module's own; the order leaves no holes: one for each message under way */
	const struct rs_mime_ops *ops;
	void *arg;
	struct rs_pool *blocks;
	struct rs_section *section; /* a block, while a header section is read */
	struct rs_mime_limits limits;
	uint32_t parts; /* begun so far, of every kind */
	uint32_t end_flags; /* of the part under way */
	uint64_t total; /* bytes so far, missing ones too */
	uint64_t end_at; /* where in the message what is being read ends */
	size_t left; /* of it, behind what was read */
	struct rs_mime *forked; /* copies made since it was last fed: linked by this field of theirs */
	uint8_t depth; /* levels open */
	uint8_t reading; /* enum reading */
	uint8_t line_end; /* enum line_end: withheld, for it may belong to a boundary */
	uint8_t cte; /* of the part under way */
	bool part_open; /* part_begin was called, part_end not yet */
	bool line_start; /* the next byte begins a line */
	uint8_t torn; /* lines to come in which a header section may be whose delimiter is missing */
	bool cr; /* the last byte was a CR */
	bool skip; /* the rest of the line was read */
	bool ending; /* rs_mime_end was called */
	bool whole; /* a multipart ended as it should */
	uint8_t mode, settled; /* enum mode: what this reading is; and of what there is another */
	bool sealed; /* the limit of parts was reached: what comes is one leaf */
	struct rs_mime_level level[RS_MIME_DEPTH];
	struct rs_fields header;
	struct rs_boundary boundary;
};

void rs_mime_init(struct rs_mime *m, const struct rs_mime_ops *ops, void *arg, struct rs_pool *blocks,
		  struct rs_mime_limits limits);
/* Returns how many bytes were read: all of them, unless there is a fork: then the rest is fed to it and to the copies. */
size_t rs_mime_feed(struct rs_mime *m, const uint8_t *p, size_t n);

/* The body of a multipart with this boundary, without the header section before it. */
void rs_mime_init_multipart(struct rs_mime *m, const struct rs_mime_ops *ops, void *arg, struct rs_pool *blocks,
			    struct rs_mime_limits limits, const uint8_t *boundary, size_t n, bool digest);

/* Whether two readings of the same bytes are one from here on: both would tell the same, whatever comes. What a part under way has been
 * told so far is the caller's to compare. */
bool rs_mime_same(const struct rs_mime *a, const struct rs_mime *b);
/* Of readings that are told apart by one mode alone, each is settled in that: call with none, then with each two of those there are. */
void rs_mime_unsettle(struct rs_mime *m);
void rs_mime_settle(struct rs_mime *a, struct rs_mime *b);

/* A multipart has ended with its final delimiter. */
static inline bool rs_mime_whole(const struct rs_mime *m)
{
	return m->whole;
}

/* A delimiter was the last that came: a part is to follow. */
bool rs_mime_awaits_part(const struct rs_mime *m);

/* Still in the outermost header section. */
bool rs_mime_in_header(const struct rs_mime *m);

/* True in the body of a leaf whose encoding is base64, where no boundary match is under way: then the
 * caller may give bytes that hold no '-' to the decoder itself, as rs_base64_bulk does, and tell
 * this structure with rs_mime_skip, in place of rs_mime_feed. part_data is not called for them. */
bool rs_mime_base64_body(const struct rs_mime *m);

/* True where nothing begins or ends, and no other reader differs, before a '-' that is the next byte or stands behind a CR or LF; nor
 * there, where no boundary is looked for. */
bool rs_mime_in_body(const struct rs_mime *m);
/* True where a CR without LF means nothing, to this reader, nor makes any differ, but before a '-'. */
bool rs_mime_in_cr_text(const struct rs_mime *m);
static inline bool rs_mime_has_boundary(const struct rs_mime *m)
{
	return m->boundary.open;
}
void rs_mime_skip(struct rs_mime *m, const uint8_t *p, size_t n);

/* n bytes are missing here: the current leaf is marked. What follows may be a delimiter, or, inside a multipart, a line
 * "Content-...:" of a header section whose delimiter is missing: that begins a part, too. In a header section the field under
 * way is dropped. */
void rs_mime_gap(struct rs_mime *m, uint64_t n);

/* A copy that goes its own way: to see what would come of it. It takes blocks of its own from `blocks` for those that
 * the other has; without them the section, or the parts of what is open, cannot be read, and it is told so. ops and arg: the copy's. */
void rs_mime_copy(struct rs_mime *to, const struct rs_mime *from, const struct rs_mime_ops *ops, void *arg,
		  struct rs_pool *blocks);

/* It is not wanted any more: gives its blocks back, and tells nothing. */
void rs_mime_let_go(struct rs_mime *m);

/* The message ended: ends what is open, gives the blocks back. */
void rs_mime_end(struct rs_mime *m);

/* Whether two names of a file have different extensions. */
bool rs_mime_names_differ(const uint8_t *p, size_t np, const uint8_t *q, size_t nq);
const char *rs_mime_anomaly_name(enum rs_mime_anomaly a); /* "mime.duplicate_field", ... */

#endif
