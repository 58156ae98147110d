/* SPDX-License-Identifier: Apache-2.0 */
/* dp_mail: a file that is itself a message (RFC 5322), or several one after the other (mbox, RFC 4155): an attached message that is
 * encoded, a file that is called one or begins like one, a multipart that is decoded before it is read, what S/MIME wraps (RFC 8551 3.1).
 *
 * And what a text quotes of a message: behind a line that names quoted-printable as an encoding the rest of the text is read as a part
 * that is encoded so, up to the next line that names one. Readers that pass over what is no header get the file out of it; in honest mail
 * (a bounce in clear, a list's digest) it is a text besides, and nothing about it is a fault.
 *
 * What is in it is read as a content of its own, fed with the file's bytes. Its parts' numbers stand behind the number of the part that the
 * file is; its headers are not the message's. Its places and lines are those in the file.
 *
 * Bounds: DP_MAIL_DEPTH in one another, the levels and parts that limits.mime_* leave, limits.archive_members messages of an mbox; at
 * each, and at as many quoted parts, the message is judged "limit", counted. No room: "overload", counted. What its archives come to counts with the rest.
 *
 * Owner: one worker. Memory: of the pool `contents`; a block of `headers` while a header section is read. */
#ifndef DP_MAIL_H
#define DP_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_content;
struct dp_file;
struct rs_part;

#define DP_MAIL_DEPTH 4
#define DP_MAIL_PIECE 4096 /* of what an inner part is decoded from, at a time */
#define DP_MAIL_BUFFER (DP_MAIL_PIECE + 128) /* RS_TRANSFER_OUT_MAX of it */

/* The part is a message, or a multipart, that is encoded. */
void dp_mail_open(struct dp_file *f, const struct rs_part *part);
/* The file's first bytes are known: it is opened if it is one. */
void dp_mail_start(struct dp_file *f, const uint8_t *p, size_t n);
/* Of the n bytes that come next, n > 0, so many are fed before whoever else reads the file is given more. What is held is read with the
 * last of them only, so that what all who read the file find in it is told in the same order however the bytes come. */
size_t dp_mail_piece(const struct dp_file *f, const uint8_t *p, size_t n);
/* Its wrapping says that it is a MIME entity, and it begins with no field: it is read as the file that it looks like (a signed PDF). Some
 * readers of mail pass over what is no field: where a field of MIME (Content-Type, Content-Transfer-Encoding) stands in it, it is
 * "malformed". */
void dp_mail_seek(struct dp_file *f, const uint8_t *p, size_t n);
/* Of the n bytes that come next, so many are fed up to where a quoted part begins or ends, and dp_mail_quote is called behind them. */
size_t dp_mail_quoted(struct dp_file *f, const uint8_t *p, size_t n);
void dp_mail_quote(struct dp_file *f);
void dp_mail_feed(struct dp_file *f, const uint8_t *p, size_t n);
void dp_mail_gap(struct dp_file *f, uint64_t n);
void dp_mail_end(struct dp_file *f);
/* from's for its copy. */
void dp_mail_copy(struct dp_file *to, const struct dp_file *from);
void dp_mail_let_go(struct dp_file *f);

#endif
