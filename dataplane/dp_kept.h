/* SPDX-License-Identifier: Apache-2.0 */
/* dp_kept: the packets behind dp_hold's runs: references, payload, and what goes on of them.
 *
 * Owner:  one worker. Memory: references to mbufs; an mbuf for each copy that is cut short; without one the whole segment is held.
 * Units:  bytes of the TCP payload; offsets of the stream.
 * A packet is counted as held from dp_kept_hold until it goes on, or until its last run is forgotten (consumed). */
#ifndef DP_KEPT_H
#define DP_KEPT_H

#include "dataplane/dp_hold.h"
#include "dataplane/dp_worker.h"

/* The newest timestamp by which the receiver may judge others (TS.Recent, RFC 7323 4.3), while something is held. */
struct dp_kept_clock {
	uint32_t recent;
	bool known;
};

/* A segment at off goes on: it counts where it begins at the receiver's edge, or before it. */
void dp_kept_heard(struct dp_kept_clock *c, const struct dp_hold *h, const struct rte_mbuf *m, const struct dp_packet *pkt,
                   int64_t off);

/* A segment that may be kept, before anything else here. */
static inline void dp_kept_init(struct rte_mbuf *m, const struct dp_packet *pkt)
{
	struct dp_meta *meta = dp_meta(m);
	meta->payload_off = pkt->payload_off;
	meta->payload_len = pkt->payload_len;
	meta->runs = 0;
	meta->held_in = NULL;
}

/* dp_hold's references (struct dp_hold_mem). */
void dp_kept_get(void *mbuf);
void dp_kept_put(void *mbuf);
bool dp_kept_same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len);
/* The same; where they differ, *first says behind how many bytes. */
bool dp_kept_compare(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len, uint32_t *first);

/* The bytes from `skip` of the payload on that lie in one piece: at most *len, which says how many. */
const uint8_t *dp_kept_piece(const struct rte_mbuf *m, uint32_t skip, uint32_t *len);

/* It is held: dp_hold took a reference to it. DP_HELD. */
enum dp_fate dp_kept_hold(struct dp_worker *w, struct rte_mbuf *m);

/* Sends the packet as it is but for its payload, of which only `len` bytes from byte `from` on go on, and, where the clock (or
 * NULL) shows a newer one, its timestamp. False: it cannot be made (dp_cut), or there is no mbuf; counted. */
bool dp_kept_forward_part(struct dp_worker *w, const struct rte_mbuf *m, const struct dp_packet *pkt, uint32_t from, uint32_t len,
                          const struct dp_kept_clock *c);

/* Of a segment at off that dp_hold_add took: how much of it may go on now; the rest of it is held. new: dp_hold has a reference to
 * it. */
enum dp_fate dp_kept_forward(struct dp_worker *w, struct dp_hold *h, struct dp_kept_clock *c, const struct dp_packet *pkt,
                             struct rte_mbuf *m, uint64_t off, bool new);

/* What is held and may go on now, does, in order: of each segment what has not gone on yet. */
void dp_kept_release(struct dp_worker *w, struct dp_hold *h, struct dp_kept_clock *c);

#endif
