/* SPDX-License-Identifier: Apache-2.0 */
/* dp_causal: copies of the two directions' packets, in the order in which their senders knew of each other.
 *
 * A mirror, two of them, or a card with several queues shows packets of the two directions out of step: an acknowledgement before the
 * bytes, a reply before the command, and within a direction a segment before the one that precedes it. A reader that goes by the order
 * of arrival gives up bytes that are about to come, and takes replies for those of other commands. So beside the way
 *  - bytes that are acknowledged and missing are waited for (rs_tcp's `waits`);
 *  - a segment with payload waits until what it acknowledges was read (RS_DOUBT_AHEAD).
 * A reset ends neither: until it was seen for as long, what was sent before it is read (rs_tcp's new_reset).
 * What is acknowledged is compared with what comes in its place (rs_stream's `late`): it may have come after its acknowledgement, or that was
 * not its receiver's. For as long as an honest sender waits before it repeats: DP_CAUSAL_LATE times tcp.out_of_step.
 * None of it for longer than twice tcp.out_of_step, of the packets' time: then the bytes were not seen here, and the segment is read
 * behind the hole. What waits holds mbufs, within dp_share; where there is no room, nothing waits.
 * Between two ports packets come in their order: nothing waits there.
 *
 * Owner:  one worker. Memory: one struct dp_causal a connection of which something waits, from the worker's pool; where that is empty,
 *         it does not wait. Units: nanoseconds, the packets' own. */
#ifndef DP_CAUSAL_H
#define DP_CAUSAL_H

#include "dataplane/dp_worker.h"

#define DP_CAUSAL_LATE RS_STREAM_LATE

struct dp_causal { /* of one connection */
	TAILQ_ENTRY(dp_causal) link; /* by `until` */
	struct dp_flow *flow;
	uint64_t until; /* tcp.out_of_step after `mark` was set: what waited by then is not waited for any more */
	bool waits; /* something does since then; else all of it is what is compared */
	bool reset; /* rs_tcp's new_reset by then: at `until` it counts */
	uint64_t mark[2]; /* of dir[i]: acknowledged up to it, while bytes before were missing; 0: none were */
	uint64_t read[DP_CAUSAL_LATE][2]; /* of dir[i]: read up to it when `mark` was set, and the times before; of the last, what is
					   * acknowledged is forgotten at `until` */
};

/* It acknowledges what was not read. */
static inline bool dp_causal_is_ahead(const struct dp_flow *f, unsigned dir, const struct dp_packet *pkt)
{
	const struct rs_stream *o = &f->tcp.dir[!dir];
	return f->tcp.waits && pkt->payload_len > 0 && rs_stream_offset(o, pkt->ack) > (int64_t)o->next;
}

/* Something of the flow may wait, or may have to. */
static inline bool dp_causal_has_work(const struct dp_flow *f)
{
	const struct rs_stream *a = &f->tcp.dir[0], *b = &f->tcp.dir[1];
	return f->causal || f->doubt[0].n + f->doubt[1].n > 0 || a->end != a->next || b->end != b->next || a->late || b->late || f->tcp.new_reset;
}

/* A segment with payload of direction dir, which its receiver may accept. True: it acknowledges what was not read, and waits; a reference
 * was taken, and it is counted as held. */
bool dp_causal_wait(struct dp_worker *w, struct dp_flow *f, unsigned dir, const struct dp_packet *pkt, struct rte_mbuf *m);

/* Before a packet of the flow is worked on: what has waited too long is read. */
void dp_causal_due(struct dp_worker *w, struct dp_flow *f, uint64_t now);

/* After one was read: so is what waited for it; and what is missing now is waited for. */
void dp_causal_go_on(struct dp_worker *w, struct dp_flow *f, uint64_t now);

/* Nothing is waited for any more: what waits is read in the order in which it came, each behind what it acknowledges. */
void dp_causal_end(struct dp_worker *w, struct dp_flow *f);

/* The flow of which something has waited too long; NULL: none. For dp_causal_due. */
struct dp_flow *dp_causal_next(const struct dp_worker *w, uint64_t now);

#endif
