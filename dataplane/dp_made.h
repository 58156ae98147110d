/* SPDX-License-Identifier: Apache-2.0 */
/* dp_made: messages made for tests, with the line that each byte of their content stands in known beforehand.
 *
 * Owner: the caller. Memory: heap. Everything random follows from the seed. */
#ifndef DP_MADE_H
#define DP_MADE_H

#include "dataplane/dp_test.h"

struct dp_made { /* content, encoded */
	struct dp_text text; /* as it travels, with its last line's end */
	uint32_t *line; /* of each byte of the content: where its encoding begins, from 1 */
};

/* seed NULL: lines of 76 characters, as mail programs make them; else of any length, some empty. */
void dp_made_base64(struct dp_made *m, const void *p, size_t n, uint64_t *seed);
void dp_made_qp(struct dp_made *m, const void *p, size_t n, uint64_t *seed);
/* p must be text that may stand in mail as it is. */
void dp_made_plain(struct dp_made *m, const void *p, size_t n);
void dp_made_free(struct dp_made *m);

/* Headers, a line of text, and one attachment; without the final dot. name NULL: the attachment has none. */
void dp_made_message(struct dp_text *to, const char *cte, const char *name, const struct dp_text *body);
/* The same with p in the attachment, in base64. */
void dp_made_mail(struct dp_text *to, const void *p, size_t n);
/* With dp_made_bad in it: what the rules of the tests reject. */
void dp_made_infected(struct dp_text *to);
extern const char dp_made_bad[];

enum dp_made_stage { DP_MADE_AFTER_RCPT, DP_MADE_AFTER_DATA, DP_MADE_IN_CONTENT, DP_MADE_AFTER_DOT, DP_MADE_STAGES };

/* A session from its handshake as far as the stage, with a clean message; what comes of that is the test's. */
void dp_made_session(struct dp_test *t, struct dp_test_conn *c, enum dp_made_stage stage);

/* Archives. */
enum dp_made_member { DP_MADE_STORED = 0, DP_MADE_DEFLATED = 1, DP_MADE_ENCRYPTED = 2, DP_MADE_DESCRIPTOR = 4 };

struct dp_made_zip {
	struct dp_text data, directory;
	unsigned members;
};

/* Returns the offset of the member's data in the archive. */
size_t dp_made_zip_add(struct dp_made_zip *z, const char *name, const void *p, size_t n, unsigned flags);
void dp_made_zip_end(struct dp_made_zip *z);
void dp_made_zip_free(struct dp_made_zip *z);

/* In place: a gzip file with it in. Returns the offset of the deflate stream. */
size_t dp_made_gzip(struct dp_text *content, const char *name);
/* Where in a deflate stream the byte at this offset of what it makes comes from. */
size_t dp_made_inflated_from(const uint8_t *p, size_t n, size_t offset);

#endif
