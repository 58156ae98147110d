/* SPDX-License-Identifier: Apache-2.0 */
/* dp_file: decoded content of one MIME part, or of one member of an archive, while it streams past:
 * its first bytes and hash for the record, its members when it is an archive, its matches.
 *
 * Owner:  one worker. Memory: a file of the worker's pool, a record when it is reported, a matching stream. */
#ifndef DP_FILE_H
#define DP_FILE_H

#include "dataplane/dp_archive.h"
#include "dataplane/dp_inspect.h"

struct dp_content;

#define DP_FILE_START RS_KIND_BYTES

struct dp_file {
	struct dp_content *content;
	struct dp_file *outer; /* the archive it is a member of */
	struct dp_file *side; /* of a zip: the same bytes, read in another way; NULL: they are not */
	struct dp_file *member; /* of this archive: the one being read */
	struct ct_record *rec; /* NULL: not reported (text of the message itself), or no room */
	struct mt_stream *scan; /* NULL: no rule looks, or no room */
	struct dp_content *mail; /* what is read in it as a message */
	struct dp_archive *archive; /* it is one that is being read */
	struct dp_archive *tar; /* it may be one: of its first block what there is; NULL: it is known */
	EVP_MD_CTX *sha256; /* NULL: not hashed */
	struct rs_exe *exe; /* it begins like an executable, and is reported; else NULL */
	uint64_t base; /* of its first byte, or of the deflate stream that it is made of, in its outer file's content */
	uint64_t size; /* bytes so far */
	uint64_t skew; /* archives: offset in the file less bytes given to the matcher */
	uint32_t line; /* of whatever is found in it: where the text begins that it is decoded from; 0: each has its own */
	uint32_t head_left; /* bytes still wanted for libmagic */
	struct rs_marks marks; /* of archives in the middle of it */
	const char *layer; /* what it is called in the way in where it has no record; NULL: nothing */
	uint8_t tail[RS_SPOT_BACK]; /* its last bytes so far */
	uint8_t ntail;
	uint8_t start[DP_FILE_START];
	uint8_t nstart;
	struct rs_spot spot; /* dp_encoded's */
	bool gaps; /* bytes of it are missing */
	bool started; /* its kind was told */
	uint8_t store; /* enum ct_store_wish, so far */
	bool hit; /* a rule matched in it, or in a member of it */
	bool cms; /* it is declared to be S/MIME, and was not found to be, or to hold it */
	bool opaque; /* its content cannot be read here: no data comes */
	bool lost; /* it has ended, and not with its last byte, or not with all */
	bool inflated; /* its bytes are what its outer file inflates */
	bool silent; /* its record only tells its name: it is not sent, and nothing else is put into it */
	bool watched; /* marks of archives are looked for */
	bool wide; /* it begins like text in UTF-16 */
	bool raw; /* its bytes are matched as its outer file's, and are not those that it has when it is unpacked */
	bool same; /* it is its outer file's `side` */
	bool stored; /* as the zip says that it is a member of */
	bool stopped; /* the rest of its data is not read, for a reason that was given */
	bool may_be_mail; /* an attachment, or a member, that was not told to be a message */
	bool uu; /* said to be uuencoded: what is found so in it is no deeper than it is */
	bool travelled; /* that was found: this is a file as it travelled, which is not reported */
	bool entity; /* as its wrapping says it is a MIME entity: read as a message where it begins with a field */
	bool message; /* a message that was encoded: read as one unless it begins with what no text holds */
	bool fields_sought; /* it does not */
	uint8_t field_at; /* of such a field's name so much stands at the beginning of this line */
	uint8_t quoting; /* a line that names an encoding: so much of it stands there (dp_mail) */
	bool quotes; /* such lines are looked for */
	bool quoted; /* what follows one is read as its part */
	bool mbox, mbox_blank, mbox_text; /* messages one after the other; the last line is empty; of this one there is something */
	uint8_t mbox_held; /* bytes of this line that may begin another */
	uint8_t depth; /* 0: a MIME part */
};

struct dp_file_name { /* as rs_part and rs_zip give names. RS_NAME_NONE, and n > 0: it has none, and this is what it is called */
	enum rs_name_form form;
	const char *charset;
	const uint8_t *p;
	size_t n;
};

/* NULL when there is no room: counted, and the message is judged "overload". report: it gets a fileinfo record. */
struct dp_file *dp_file_begin(struct dp_content *c, struct dp_file *outer, const struct dp_file_name *name, const char *type,
                              bool report);
/* It has another name, too: said before its data, or behind it (of its beginning what comes later is not shown to libmagic). */
void dp_file_other_name(struct dp_file *f, const struct dp_file_name *name);
/* One that is not reported is called so in the way in. */
void dp_file_called(struct dp_file *f, const struct dp_file_name *name);
void dp_file_data(struct dp_file *f, const uint8_t *p, size_t n);
/* n bytes of it are missing here. What stands behind has its place in the file and in archives, as far as those can be read on
 * behind it. Matching sees zeros in their place, up to a bound, so that no mark is made of both sides. */
void dp_file_gap(struct dp_file *f, uint64_t n);
/* How many were missing is not known after all. */
void dp_file_lose(struct dp_file *f);
/* Of one with gaps: where it stood in the message, as it travelled: its first byte, length, and how many of it are missing. */
void dp_file_encoded(struct dp_file *f, uint64_t offset, uint64_t length, uint64_t lost);
/* cut: it ended before its end. gaps: bytes of it were missing. Gives everything back. */
void dp_file_end(struct dp_file *f, bool cut, bool gaps);

/* Gives everything back; nothing comes of it. */
void dp_file_let_go(struct dp_file *f);

/* A copy of a file, and of the members open in it, for a copy of their content and its copy of the outer file: no record comes of it, and no hash. NULL when
 * there is no room: the message `to` belongs to has the reason (dp_content_no_room). */
struct dp_file *dp_file_copy(const struct dp_file *f, struct dp_content *to, struct dp_file *outer);

/* What has matched so far in it, and in what is open in it: a set of MT_ACTION_BIT. */
unsigned dp_file_peek(const struct dp_file *f);

/* Appends the file's own name to a record, as a note of this kind; nothing when it has none. */
void dp_file_step(struct dp_inspect *ins, struct ct_record *to, enum ct_note_kind kind, const struct dp_file *f);

/* Appends the way in to a record, as notes of this kind: outermost first, the file itself last. */
void dp_file_path(struct dp_inspect *ins, struct ct_record *to, enum ct_note_kind kind, const struct dp_file *f);

/* Its own name, borrowed from the buffer; RS_NAME_NONE: it has none, or no record. */
struct dp_file_name dp_file_name(const struct dp_file *f, uint8_t *buffer, size_t size);

/* Bytes of an archive that are none of a member's: to its matching stream. */
void dp_file_scan(struct dp_file *f, const uint8_t *p, size_t n);
/* The same, of n bytes that are missing. */
void dp_file_scan_gap(struct dp_file *f, uint64_t n);

/* Offset in the outer file's content of an offset in this file; where that is inflated, of the place that the byte came from. */
uint64_t dp_file_outer_offset(const struct dp_file *f, uint64_t offset);
/* Offset in the part's decoded content of an offset in this file. */
uint64_t dp_file_part_offset(const struct dp_file *f, uint64_t offset);

#endif
