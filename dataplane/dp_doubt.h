/* SPDX-License-Identifier: Apache-2.0 */
/* dp_doubt: segments that their receiver may not have accepted, until it says what it made of them.
 *
 * A receiver discards a segment with a wrong checksum, an old timestamp, no ACK bit (rs_valid.h: enum rs_doubt), and does not acknowledge
 * it: a reader that takes it can be deceived. But whoever sees copies of packets may be wrong: sums are left to the sender's card until
 * after the capture, packets of the two directions are seen out of step or not at all, and receivers differ. So such a segment waits,
 * until the receiver has acknowledged bytes that came no other way: then it is read. Where they came another way it is dropped; if it
 * says other bytes, that is a contradiction (but for a wrong checksum, which no receiver takes). What waits for the bytes that it
 * acknowledges (RS_DOUBT_AHEAD) is here, too: dp_causal.
 *
 * Wrong checksums, with the policy "auto" (docs/decisions/0003):
 *  - while a direction has shown no right checksum at all, its segments are taken: a card makes them all wrong;
 *  - otherwise a wrong one that carries data waits; once two were taken, the direction is trusted;
 *  - but not where a right one as long was seen before, or after the first of the two, or a wrong one said other than what came in its
 *    place: cards and editors leave long ones wrong, or many. Such a one that is taken is told, and the message is not clean;
 *  - a wrong one that carries none (a SYN, a RST) is dropped.
 *
 * Owner:  one worker. Memory: nodes of the worker's segments, and references to mbufs, within streams.held_max. */
#ifndef DP_DOUBT_H
#define DP_DOUBT_H

#include <stdbool.h>
#include <stdint.h>

#include "reassembly/tcp/rs_valid.h"

struct dp_flow;
struct dp_packet;
struct dp_worker;
struct rte_mbuf;

#define DP_DOUBT_MAX 256 /* segments that wait, a direction */

struct dp_doubt { /* of one direction */
	struct rs_seg *last; /* in the order they came, in a ring: its next is the first; off is the sequence number */
	uint32_t reach; /* n > 0: the number behind the last byte of those that waited since there were none */
	uint16_t cost; /* of those that wait */
	uint16_t right_len; /* the longest payload with a right checksum */
	uint16_t taken_len; /* the payload with a wrong one that was taken, and not told, where it is the only one; 0: none */
	uint16_t n : 9;
	bool right : 1; /* a right checksum was seen */
	bool trusted : 1; /* the receiver acknowledged two segments with wrong ones */
	bool alone : 1; /* nothing of this direction waits for the other one to be seen: it is not in the capture */
	bool forged : 1; /* a segment with a wrong checksum said other than what came in its place */
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct dp_doubt) == 20, "a million connections have two");

static inline struct rs_seg *dp_doubt_first(const struct dp_doubt *d) /* NULL: none waits */
{
	return d->last ? d->last->next : NULL;
}

enum dp_sum { DP_SUM_TAKE, DP_SUM_WAIT, DP_SUM_DROP };

/* What is done with a packet of direction dir whose checksums were found right or wrong. On DP_SUM_WAIT a reference to it was taken, and
 * it is counted as held. */
enum dp_sum dp_doubt_judge(struct dp_worker *w, struct dp_flow *f, unsigned dir, bool right, const struct dp_packet *pkt,
                           struct rte_mbuf *m);

/* Its receiver has acknowledged all of its bytes before: whatever it says is nothing to it any more. */
bool dp_doubt_is_acked(const struct dp_flow *f, unsigned dir, const struct dp_packet *pkt);

/* It waits, for that reason: likewise. False: there is no room, though others gave way; where the
 * segment is then dropped, the caller tells it (dp_streams_no_room). */
bool dp_doubt_wait(struct dp_worker *w, struct dp_flow *f, unsigned dir, enum rs_doubt why, const struct dp_packet *pkt,
                   struct rte_mbuf *m);

/* The other side of direction dir has acknowledged up to ack: the next waiting segment that it covers, no longer waiting and no longer
 * counted as held; the caller owns its reference, one of worker.streams. NULL when there is none. Those that no receiver should take (a wrong checksum, a
 * doubt that is deliberate) come behind the others: where both bear the same bytes, the others are what it took. *taken: the receiver
 * took it (of one with a wrong checksum the direction's trust, or the anomaly, is noted here); otherwise its bytes came another way, and it is to be dropped.
 * dp_meta(m)->doubt is why it waited: not RS_DOUBT_AHEAD, these wait for something else. */
struct rte_mbuf *dp_doubt_acked(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t ack, bool *taken);

/* One with a wrong checksum said other than what its receiver took. */
void dp_doubt_forged(struct dp_doubt *d);

/* The next segment that waits for what it acknowledges (RS_DOUBT_AHEAD) behind `after`, or the first one (NULL), in the order they came;
 * NULL: there is none. Its `before` is the number that it acknowledges, its ref the mbuf. */
struct rs_seg *dp_doubt_ahead(const struct dp_doubt *d, const struct rs_seg *after);

/* That one waits no longer, and is no longer counted as held: the caller owns its reference. */
struct rte_mbuf *dp_doubt_take(struct dp_worker *w, struct dp_flow *f, unsigned dir, struct rs_seg *seg);

/* The connection ends: the next waiting segment of direction dir, as above. */
struct rte_mbuf *dp_doubt_drain(struct dp_worker *w, struct dp_flow *f, unsigned dir);

#endif
