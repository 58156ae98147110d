/* SPDX-License-Identifier: Apache-2.0 */
/* dp_encoded: what is encoded inside of a file that is no archive (rs_text): becomes members of it, as an archive's do.
 *
 * A file costs nothing but the look at its bytes (rs_spot) until something is seen; then it has an object of the pool `zips` for as long
 * as that goes on. What is found counts as deep as an archive would (limits.archive_depth): base64 in base64 in ... is bounded as zip in
 * zip is, and a run in a file that is that deep is "limit", known or not. A run whose beginning is that of no file that is known is
 * matched, and has no record of its own, nor does it count as a member: a newsletter has hundreds of words that look like one.
 * Of a part that is said to be uuencoded the file that stands in it takes its place: it is no deeper, and the text is not reported.
 *
 * What is found in a run, or in anything in it, bears the line in which the run begins; of a run in something decoded, that in which it
 * was seen to be one, some lines below. In uuencode, yEnc and BinHex each place has its own line.
 *
 * Owner:  one worker. */
#ifndef DP_ENCODED_H
#define DP_ENCODED_H

#include "dataplane/dp_archive.h"

/* Whether f is no archive, so that its bytes are to be taken here. */
bool dp_encoded_reads(const struct dp_file *f);
/* The next n bytes of f, counted in f->size, as are the `left` behind them: to its matching stream, and what is encoded in them to
 * members. quiet: rs_glance.spot of them, or 0. */
void dp_encoded_take(struct dp_file *f, const uint8_t *p, size_t n, size_t left, size_t quiet);
/* A run in f that is no file, of which these are all bytes: whether anything may come of it: a match, something encoded in it in its turn,
 * a limit, a record. */
bool dp_encoded_wants(struct dp_file *f, const uint8_t *p, size_t n);
/* The same of a file that may be a deflate stream, and is fed to that: where something encoded is seen while it is one, it is both, and read
 * on as a text; where the stream came to something, the message is "malformed". */
void dp_encoded_beside(struct dp_file *f, const uint8_t *p, size_t n, size_t left, size_t quiet);
/* Bytes of f are missing here. */
void dp_encoded_gap(struct dp_file *f, uint64_t n);
/* f ends: what is open ends, and everything is given back. */
void dp_encoded_end(struct dp_file *f);

#endif
