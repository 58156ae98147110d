/* SPDX-License-Identifier: Apache-2.0 */
/* dp_message_wraps: for dp_message_fuzz: what writers wrap a file in, besides what dp_made makes. Each appends `in`, wrapped.
 *
 * Owner: the caller. Memory: heap. */
#ifndef DP_MESSAGE_WRAPS_H
#define DP_MESSAGE_WRAPS_H

#include "dataplane/dp_test.h"

void dp_message_uu(struct dp_text *to, const struct dp_text *in);
void dp_message_yenc(struct dp_text *to, const struct dp_text *in);
void dp_message_hqx(struct dp_text *to, const struct dp_text *in); /* in the second fork there is nothing */
void dp_message_tar(struct dp_text *to, const struct dp_text *in);
void dp_message_tnef(struct dp_text *to, const struct dp_text *in);
void dp_message_cms(struct dp_text *to, const struct dp_text *in); /* signedData (RFC 5652 5.1), of indefinite length */

/* A line that is like a boundary of this level, in one of eight forms. */
void dp_message_boundary_like(struct dp_text *to, unsigned level, unsigned form);
/* Two fields that contradict each other, and an empty line. */
void dp_message_two_fields(struct dp_text *to, unsigned which);
/* The fields of a multipart of this level: of one of the first five types, or, behind those, such that readers differ. */
#define DP_MESSAGE_TYPES 10
#define DP_MESSAGE_PLAIN_TYPES 5
void dp_message_multipart(struct dp_text *to, unsigned level, unsigned type);

#endif
