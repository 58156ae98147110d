/* SPDX-License-Identifier: Apache-2.0 */
/* dp_inline: a mail connection that goes through the sensor: what is forwarded of it, what is held, and what is said in the server's
 * place when a message is refused (docs/INLINE.md).
 *
 * Owner:  one worker; called from dp_worker_burst only. Memory: of the worker's pools.
 * Units:  offsets of the client's stream in bytes from ISN+1; times in nanoseconds.
 *
 * The client's bytes are read as soon as they are in order, and forwarded as far as they were read and judged good; what arrives out
 * of order goes on at once, and the segment that joins it to the rest is the one that is held (dp_hold). The server's bytes go on as
 * they come. When a message is refused, the replies that the server still owes are awaited; then it is reset, and every command of
 * the client that it did not get is answered here. */
#ifndef DP_INLINE_H
#define DP_INLINE_H

#include "dataplane/dp_craft.h"
#include "dataplane/dp_hold.h"
#include "dataplane/dp_worker.h"

enum dp_inline_state {
	DP_INLINE_OPEN, /* read and forwarded */
	DP_INLINE_REFUSING, /* a message is not to be delivered; replies to what went before it are awaited */
	DP_INLINE_ANSWERING, /* the server was reset; the client is answered here */
};

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

struct dp_inline {
	TAILQ_ENTRY(dp_inline) due; /* in the list of its state: by the time that it entered it, or spoke last */
	struct dp_flow *flow;
	struct dp_hold hold; /* of the client's bytes */
	struct dp_voice voice[2]; /* by direction */
	struct dp_replies *replies; /* DP_INLINE_ANSWERING */
	uint64_t since; /* for its list */
	uint64_t base; /* offset where the session's first byte stood */
	uint32_t isn; /* of the client, as hold counts */
	uint8_t state; /* enum dp_inline_state */
	bool told; /* a contradiction was recorded */
	uint8_t unreadable; /* enum ct_reason: for that reason it is not read any more, and both ends are about to be reset */
};

/* What becomes of a segment of this flow (NULL: it belongs to none). */
enum dp_fate dp_inline_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* The connection is about to be forgotten: where its ends could go on without being read, both are reset. f->inl is there. */
void dp_inline_leave(struct dp_worker *w, struct dp_flow *f);
/* Its session has ended: what is held of it is given back. */
void dp_inline_free(struct dp_worker *w, struct dp_flow *f);

/* Both ends are reset, and whatever they still say is answered with a reset. why: as dp_session_end's. */
void dp_inline_kill(struct dp_worker *w, struct dp_flow *f, enum ct_reason why);

/* A refusal is under way: replies of the server are awaited, or the client has not acknowledged ours. A step a client being answered. */
bool dp_inline_unfinished(const struct dp_worker *w);

/* What has waited too long at `now`. */
void dp_inline_tick(struct dp_worker *w, uint64_t now);

#endif
