/* SPDX-License-Identifier: Apache-2.0 */
/* dp_loss: an SMTP session of many messages for tests, and the same with bytes of either side that the capture lacks: the
 * receiver has them and acknowledges them, only the reader does not.
 *
 * Owner: the caller. Memory: heap. Units: bytes of a side's stream, from 0. */
#ifndef DP_LOSS_H
#define DP_LOSS_H

#include "dataplane/dp_made.h"

#define DP_LOSS_MESSAGES 24

struct dp_loss_message {
	char subject[24]; /* no other has it */
	size_t from, to; /* the client's bytes, from MAIL to the end of the content */
	size_t content; /* where its content begins */
	size_t reply_from, reply_to; /* the server's */
	bool taken; /* the server takes it */
};

struct dp_loss_turn {
	unsigned from; /* 0 the client, 1 the server */
	size_t at, to;
};

struct dp_loss_session {
	struct dp_text said[2];
	struct dp_loss_turn *turns;
	size_t nturns;
	struct dp_loss_message message[DP_LOSS_MESSAGES];
	size_t nmessages;
	bool terse; /* replies say no more than their code */
};

enum dp_loss_style {
	DP_LOSS_STEPS = 0,
	DP_LOSS_PIPELINED = 1,
	DP_LOSS_LMTP = 2,
	/* Of three: */
	DP_LOSS_CHUNKED = 4, /* BDAT, not DATA */
	DP_LOSS_RESET = 8, /* RSET before each message */
	DP_LOSS_REFUSED = 16, /* AUTH and STARTTLS, which the server refuses */
	DP_LOSS_TERSE = 32, /* no enhanced codes (RFC 2034) */
};

/* Every kind of message and of what stands between them; style: a set. */
void dp_loss_make(struct dp_loss_session *s, unsigned style);
/* Three messages: one of text, one that is infected, one of text. */
void dp_loss_make_three(struct dp_loss_session *s, unsigned style);
void dp_loss_free(struct dp_loss_session *s);

struct dp_loss_hole {
	unsigned from; /* whose bytes */
	size_t at, to;
};

/* A case to play once more, as a failure names it. */
struct dp_loss_again {
	unsigned style;
	struct dp_loss_hole holes[8];
	size_t n;
};

/* From a test's arguments: STYLE, then SIDE FROM TO for each hole. False: there are none. */
bool dp_loss_again_parse(struct dp_loss_again *a, int argc, char **argv);

/* The segment that begins at `at` with such an mss: where it ends. A side's first begins at 0. */
size_t dp_loss_segment_end(const struct dp_loss_session *s, unsigned from, size_t at, size_t mss);

/* Whether a hole takes any of these bytes. */
bool dp_loss_hits(const struct dp_loss_hole *h, size_t n, unsigned from, size_t at, size_t to);

/* The connection, with its handshake, in segments of at most mss bytes, without the bytes in the holes. only: bit d: the packets
 * of side d are in the capture. */
void dp_loss_play(struct dp_test *t, const struct dp_loss_session *s, unsigned number, size_t mss,
		  const struct dp_loss_hole *h, size_t n, unsigned only);

#endif
