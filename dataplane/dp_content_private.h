/* SPDX-License-Identifier: Apache-2.0 */
/* dp_content's own: what a message's bytes are told as, and copies of what is open.
 *
 * Owner:  one worker. */
#ifndef DP_CONTENT_PRIVATE_H
#define DP_CONTENT_PRIVATE_H

#include "dataplane/dp_session.h"

/* Of a content, and of one that is only tried. */
extern const struct rs_mime_ops dp_content_ops, dp_content_trial_ops;

/* Readers differ: another reading of what c is reading, behind those there are. */
struct rs_mime *dp_views_fork(void *c);

/* A content of what is in a file: all but its structure. */
void dp_content_within(struct dp_content *c, struct dp_file *f);
/* All readings of it, for a copy of the file. NULL: no room. */
struct dp_content *dp_content_copy(const struct dp_content *c, struct dp_file *to);
/* Gives the object back. */
void dp_content_put(struct dp_content *c);
/* Gives all readings back; nothing comes of them. */
void dp_content_let_go(struct dp_content *c);

/* Where a piece is decoded, and how long it may be. */
uint8_t *dp_content_buffer(const struct dp_content *c);
size_t dp_content_piece(const struct dp_content *c);

/* Feeds all readings: where there are several, or a file's other readers, a line at a time, or DP_VIEWS_PIECE bytes of it; in a body of
 * lines as many as these hold. What is less is held in `c`, the first. */
void dp_views_feed(struct dp_content *c, const uint8_t *p, size_t n);
/* Of the n bytes that come next, n > 0, and behind `taken` that were not fed yet: up to where all readings are given what is held, and the
 * byte that tells so. */
size_t dp_views_wants(const struct dp_content *c, const uint8_t *p, size_t n, size_t taken);
/* What is held, to all of them. */
void dp_views_flush(struct dp_content *c);

/* Another reading began this leaf in the same place; alike: and reads it in the same way, as far as this one does. whole: no further. */
bool dp_views_has_leaf(const struct dp_content *c);
bool dp_views_reads_alike(const struct dp_content *c, bool whole);

#endif
