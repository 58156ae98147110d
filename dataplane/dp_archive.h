/* SPDX-License-Identifier: Apache-2.0 */
/* dp_archive: a file that is an archive, while it streams past: its members become files, inflated where they are deflated.
 *
 * The archive's own bytes are matched as such, but for a stored member's data, which is matched as the member's; what is
 * inflated is matched as the member's, besides. So no byte is given to the same stream twice.
 *
 * Bounds: at each (limits.inflate_*, archive_depth, archive_members) what is inflated stops there, the message is judged
 * "limit", and the archive's own bytes go on being matched. The checks are at places that do not depend on how segments are cut.
 * No room for one more archive, or member that is inflated: "overload", counted. Damaged data: "malformed"; what came until then was
 * matched.
 *
 * Where bytes are missing ("gap"), what was being inflated ends; the next member of a zip is found by its local header, of a gzip
 * file nothing more is inflated. Its own bytes go on being matched.
 *
 * Owner:  one worker. Memory: an object of the pool `zips`, and one of `inflates` while a member is inflated. */
#ifndef DP_ARCHIVE_H
#define DP_ARCHIVE_H

#include "reassembly/archive/rs_ar.h"
#include "reassembly/archive/rs_cms.h"
#include "reassembly/archive/rs_gzip.h"
#include "reassembly/archive/rs_kind.h"
#include "reassembly/archive/rs_marks.h"
#include "reassembly/archive/rs_tar.h"
#include "reassembly/archive/rs_tnef.h"
#include "reassembly/archive/rs_zip.h"
#include "reassembly/decode/rs_text.h"

struct dp_content;
struct dp_file;

/* Inflated bytes are matched in pieces of at most this; one such buffer for each depth. */
#define DP_ARCHIVE_PIECE 16384

struct dp_archive_reader;

struct dp_archive {
	const struct dp_archive_reader *reader;
	const struct rs_unwrap_reader *unwrap; /* of dp_archive_members */
	uint32_t in, out; /* rs_member's */
	struct rs_inflate *inflate; /* of the member under way; NULL: nothing is inflated */
	uint64_t said; /* how much it is to come to; RS_ZIP_SIZE_UNKNOWN */
	bool ended; /* the deflate stream did */
	bool behind; /* it stands behind something else, or is none: its end tells */
	bool zlib; /* of dp_archive_stream: its format, else bare */
	bool seen; /* in such a stream, as it stands: what begins something encoded in a text */
	bool broken; /* something in it is, which counts when it is one */
	bool bare; /* of a zip: the member is said to be deflated, and is read as stored */
	size_t streamed; /* of the bytes that are handed out next: they were inflated */
	bool pending; /* a local header's signature stands at pending_at, and may be that of a member */
	uint64_t pending_at;
	uint32_t crc; /* of what was inflated of the member */
	union {
		struct rs_zip zip;
		struct rs_gzip gz;
		struct rs_unwrap unwrap; /* begins each of these: */
		struct rs_ar ar;
		struct rs_cms cms;
		struct rs_tar tar;
		struct rs_tnef tnef;
		struct rs_text text;
	} u;
};

/* f is, or may be, an archive of this kind: sets f->archive, or, where it may not be opened or there is no room,
 * gives the message the reason. */
void dp_archive_open(struct dp_file *f, enum rs_kind kind);
/* The last n of f->size bytes. Of a file that is no archive by its beginning: where the mark of one stands in them, it is one from there
 * on, or gives the message the reason why not; and what is encoded in them becomes members of it. */
void dp_archive_feed(struct dp_file *f, const uint8_t *p, size_t n);
/* n bytes of it are missing here. */
void dp_archive_gap(struct dp_file *f, uint64_t n);
/* How many were missing is not known after all. */
void dp_archive_lose(struct dp_file *f);
/* Ends its members, and gives everything back. Answers whether its structure was well formed up to its end. */
bool dp_archive_end(struct dp_file *f, bool cut);
/* Gives everything back but its members. */
void dp_archive_let_go(struct dp_file *f);
/* Where in f's content a byte came from that is at this offset of its member. While the member is open. */
uint64_t dp_archive_from(const struct dp_file *f, uint64_t offset);
/* from's archive and member for its copy `to`; NULL there when there is no room. */
void dp_archive_copy(struct dp_file *to, const struct dp_file *from);

/* What is read beside f, on the same bytes, ends. */
void dp_archive_side_end(struct dp_file *f);
/* So many of them are missing. */
void dp_archive_side_gap(struct dp_file *f, uint64_t n);

/* f may be a tar archive: sets f->tar, or, where there is no room, gives the message the reason. It is fed besides. */
void dp_archive_tar_open(struct dp_file *f);
/* So many bytes, at most, are to be shown next; n of these, which were fed: then f is one (f->archive), or is not known yet, or is none. */
size_t dp_archive_tar_wanted(const struct dp_file *f);
void dp_archive_tar_see(struct dp_file *f, const uint8_t *p, size_t n);
/* It is none, or nobody asks any more. */
void dp_archive_tar_drop(struct dp_file *f);
/* from's for its copy. */
void dp_archive_tar_copy(struct dp_file *to, const struct dp_file *from);

#endif
