/* SPDX-License-Identifier: Apache-2.0 */
/* dp_archive's own: one reader for each wrapping, and what they share.
 *
 * Owner:  one worker. */
#ifndef DP_ARCHIVE_PRIVATE_H
#define DP_ARCHIVE_PRIVATE_H

#include "dataplane/dp_archive.h"
#include "dataplane/dp_session.h"

/* How one wrapping is read. Each is called with f->archive set; open, feed and gap may close it. */
struct dp_archive_reader {
	void (*open)(struct dp_file *f, enum rs_kind kind);
	void (*feed)(struct dp_file *f, const uint8_t *p, size_t n);
	void (*gap)(struct dp_file *f, uint64_t n);
	void (*lose)(struct dp_file *f); /* NULL: nothing is done */
	bool (*end)(struct dp_file *f, bool cut); /* see dp_archive_end */
	void (*copy)(struct dp_file *to, const struct dp_file *from); /* of u; what is inflated was copied */
	/* Where in f's content a byte of its member came from. */
	uint64_t (*from)(const struct dp_file *f, uint64_t offset);
};

/* Of what only may be a stream: what came to less is none. Bytes without meaning are a few letters of one. */
#define DP_ARCHIVE_MADE 64

/* A gzip file that may begin at this offset of what f is beside, with this header: opens f->archive. */
void dp_archive_gzip_behind(struct dp_file *f, uint64_t at, const uint8_t header[RS_MARKS_GZIP]);
/* It has come to something. */
bool dp_archive_gzip_is_sure(const struct dp_file *f);
/* True: it has ended, or is none from here on, and was closed. */
bool dp_archive_gzip_leave(struct dp_file *f);

/* One that begins in the middle of f with this signature, which was matched already, at this offset. */
void dp_archive_zip_behind(struct dp_file *f, uint64_t at, const uint8_t signature[RS_MARKS_ZIP]);

/* f, which is none so far, from this signature at this offset of it on. */
void dp_archive_behind(struct dp_file *f, uint64_t at, const uint8_t signature[RS_MARKS_ZIP]);

/* f is a zip: bytes of it that were handed out, in their order. look: headers are looked for in them. */
void dp_archive_side_see(struct dp_file *f, const uint8_t *p, size_t n, bool look);
/* The header of what may be a gzip file ends here, at f->marks.pos. */
void dp_archive_side_gzip(struct dp_file *f);
/* f's next bytes, to what was begun beside it. */
void dp_archive_side_feed(struct dp_file *f, const uint8_t *p, size_t n);
/* The same where f is read as something else as well, by as many bytes at a time as the first tells, n at most: the side is given a
 * piece when f has been read so far, so that what is told first does not hang on how the bytes come. */
size_t dp_archive_side_piece(const struct dp_file *f, size_t n);
void dp_archive_side_along(struct dp_file *f, const uint8_t *p, size_t n);

/* f's archive, of dp_archive_stream, is read no further, though it has not ended: it is something else as well. False: it goes on, for it
 * says itself that it is a stream; if it turns out to be none, it is malformed. */
bool dp_archive_stream_drop(struct dp_file *f);

extern const struct dp_archive_reader dp_archive_zip, dp_archive_gzip, dp_archive_members, dp_archive_stream;

/* Gives f->archive back. read: so many bytes of f went through it, which must not depend on how segments are cut; 0: it was none, or
 * what it came to says enough. */
void dp_archive_close(struct dp_file *f, uint64_t read);

extern const struct rs_unwrap_ops dp_archive_members_ops;

/* f->archive holds a tar archive's first block, which was matched: its members are read from there on. */
void dp_archive_members_tar(struct dp_file *f);

/* An object of its pool. NULL: there is none, which was told. */
struct dp_archive *dp_archive_get(struct dp_file *f);
void dp_archive_put(struct dp_file *f, struct dp_archive *a);

/* One for f->archive, with nothing inflated. False: there is none, which was told. */
bool dp_archive_room(struct dp_file *f, const struct dp_archive_reader *reader);

/* The message is given the reason, and the part is one that could not be looked into. */
void dp_archive_cannot(struct dp_file *f, enum ct_reason why);

/* f's archive is not as it should be: why it could not be looked into as all others may see it. Of one behind something else that is
 * told at its end, when it is one. */
void dp_archive_broken(struct dp_file *f);

/* It is an archive inside more of them than limits.archive_depth, which was told. */
bool dp_archive_too_deep(struct dp_file *f);

/* One member more; true: there are more than limits.archive_members, which was told. */
bool dp_archive_too_many(struct dp_file *f);

/* A deflate stream begins at this offset of f. False: there is a limit, or no room, which was told. */
bool dp_archive_inflate_begin(struct dp_file *f, uint64_t at);
void dp_archive_inflate_end(struct dp_file *f);
/* Inflates into a piece for f's member, and hands it on. */
enum rs_inflate_verdict dp_archive_inflate_piece(struct dp_file *f, const uint8_t *p, size_t n, size_t *taken);
/* At the end of a piece: whether one more may be inflated. */
bool dp_archive_go_on(struct dp_file *f);
/* Where in f's content a byte of its member came from, which may be inflated. */
uint64_t dp_archive_inflated_from(const struct dp_file *f, uint64_t offset);
/* DP_ARCHIVE_PIECE bytes, for what f's member is made of. */
uint8_t *dp_archive_piece(const struct dp_file *f);

void dp_archive_member_close(struct dp_file *f, bool cut, bool gaps);
/* No more of the member is read, for a reason that was given: that what is in it did not end is no other. */
void dp_archive_member_stop(struct dp_file *f);

#endif
