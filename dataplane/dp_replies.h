/* SPDX-License-Identifier: Apache-2.0 */
/* dp_replies: what a client is told in the server's place: a reply for each command that the server did not get, in their order.
 *
 * Owner:  one worker. Memory: of its pool `replies`. The session reads each reply as if the server had said it. */
#ifndef DP_REPLIES_H
#define DP_REPLIES_H

#include "dataplane/dp_session.h"

#define DP_REPLIES_MAX 2000 /* bytes that the client has not acknowledged */

struct dp_replies { /* what is said to the client in the server's place */
	uint32_t una; /* sequence number of the first byte that it has not acknowledged: text[0] */
	uint32_t sent; /* bytes of text that were sent at least once */
	uint32_t len;
	bool fin, fin_sent, fin_acked; /* a FIN behind text */
	bool closing; /* nothing more is answered */
	bool answered; /* the refused message was */
	bool mail; /* a MAIL behind it was taken, for it was sent before the refusal */
	bool peer_fin; /* the client's was taken */
	uint8_t tries; /* repetitions without an answer */
	uint8_t resets; /* repetitions of the server's reset */
	uint16_t idle; /* repetition times without a word of the client */
	uint64_t withheld; /* position of the client: what it had sent when it was refused ends there */
	uint64_t reset_acked, reset_edge; /* offsets of the client's stream where the server is reset */
	char text[DP_REPLIES_MAX];
};

/* There is room for one more, and something may follow. */
bool dp_replies_has_room(const struct dp_replies *r);

/* Answers this command, or end of a message; a FIN may stand behind it then. There is room. */
void dp_replies_answer(struct dp_replies *r, struct dp_session *s, const struct rs_smtp_owed_view *v);

/* A FIN behind what was said; nothing more is answered. */
void dp_replies_close(struct dp_replies *r);

#endif
