/* SPDX-License-Identifier: Apache-2.0 */
/* dp_inline_seen: one connection through a worker between two ports, segment by segment, and what left the worker of it.
 *
 * Owner: the test. Memory: heap; texts are the caller's to free. */
#ifndef DP_INLINE_SEEN_H
#define DP_INLINE_SEEN_H

#include "dataplane/dp_inline.h"
#include "dataplane/dp_made.h"

struct dp_seen {
	struct dp_test t; /* to be changed before dp_seen_open */
	struct dp_test_conn c;
	uint32_t first; /* sequence number of the client's first byte */
};

void dp_seen_init(struct dp_seen *s);
void dp_seen_open(struct dp_seen *s);
void dp_seen_begin(struct dp_seen *s); /* both, with nothing changed between */
void dp_seen_close(struct dp_seen *s);

/* From the handshake to EHLO's answer, which the client acknowledges; what left is forgotten. */
void dp_seen_greet(struct dp_seen *s);
void dp_seen_open_greeted(struct dp_seen *s); /* after dp_seen_init */
/* The whole of an infected mail, from the SYN to the final dot, which is held: from then on the server has all but two bytes, and what
 * it says (dp_seen_server) acknowledges no more. */
void dp_seen_refuse(struct dp_seen *s);
/* A segment of the server, which lacks the last `lacks` bytes that the client sent. */
void dp_seen_server(struct dp_seen *s, unsigned flags, uint32_t lacks, const char *text);
/* A segment of the client without data, which acknowledges `more` bytes beyond what the server said. */
void dp_seen_client(struct dp_seen *s, unsigned flags, uint32_t more);

/* What has left since dp_test_forget_sent. */
struct dp_text dp_seen_at_server(const struct dp_seen *s); /* the client's bytes from `first` on, as far as they are in one piece */
struct dp_text dp_seen_said(const struct dp_seen *s); /* said to the client in the server's place */
size_t dp_seen_resets(const struct dp_seen *s, unsigned out);
void dp_seen_expect_resets(const struct dp_seen *s, size_t inside, size_t outside);
uint64_t dp_seen_dropped(const struct dp_seen *s, enum dp_drop why);
size_t dp_seen_ours(const struct dp_seen *s, unsigned out); /* with or without payload */
/* The only frame of these flags that left by this port, or a failure. */
const struct dp_sent *dp_seen_one(const struct dp_seen *s, unsigned out, unsigned flags);
/* What was said to the client begins so. */
void dp_seen_expect(const struct dp_seen *s, const char *text);

#endif
