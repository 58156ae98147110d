/* SPDX-License-Identifier: Apache-2.0 */
/* dp_content: a message's bytes while they come: MIME structure, transfer decoding, files.
 *
 * Owner:  one worker. Memory: of the worker's pools. */
#ifndef DP_CONTENT_H
#define DP_CONTENT_H

#include "dataplane/dp_file.h"
#include "dataplane/dp_line.h"
#include "reassembly/decode/rs_uu.h"

struct dp_message;

struct dp_content {
	struct dp_inspect *ins;
	struct dp_message *msg;
	struct rs_mime mime;
	struct rs_transfer transfer;
	struct rs_uu uu; /* of a leaf that is text as it stands */
	struct dp_file *file; /* of the leaf under way; NULL between leaves, or without room */
	struct dp_line line; /* of the leaf */
	struct mt_stream *encoded_scan; /* MT_MAIL_ENCODED of the leaf; NULL when none of it is needed */
	uint64_t encoded, encoded_left; /* characters given to it, and still wanted */
	size_t encoded_at; /* where in the piece the next ones begin */
	bool leaf; /* a leaf is under way */
	bool attachment; /* it is one */
	bool matched; /* a rule matched in it or in a member of it */
	bool opaque; /* it, or a member of it, could not be looked into */
	char part[64]; /* its number */
};

/* NULL when there is no room, counted. */
struct dp_content *dp_content_begin(struct dp_message *msg);
/* Bytes that hold no '.' are taken in bulk when a base64 part is under way; returns how many (0: use dp_content_feed). */
size_t dp_content_bulk(struct dp_content *c, const uint8_t *p, size_t n);
void dp_content_feed(struct dp_content *c, const uint8_t *p, size_t n);
void dp_content_gap(struct dp_content *c, uint64_t n);
void dp_content_end(struct dp_content *c);

#endif
