/* SPDX-License-Identifier: Apache-2.0 */
/* dp_joined: fragments on the way of a packet, and the datagrams that are made of them: whose they are, and in what form they
 * go on.
 *
 * Owner: one worker. Memory: mbufs of the frames' pool; dp_frags holds those that wait. Thread: the worker's. */
#ifndef DP_JOINED_H
#define DP_JOINED_H

#include "dataplane/dp_frags.h"
#include "dataplane/dp_tunnel.h"
#include "dataplane/dp_worker.h"

/* The frame's headers. A datagram is of the tunnel that its fragments came by, which its own frame does not show. */
static inline enum dp_class dp_joined_parse(const struct dp_worker *w, const struct rte_mbuf *m, struct dp_packet *pkt)
{
	const struct dp_meta *meta = dp_meta_const(m);
	enum dp_class class = dp_tunnel_parse(&w->tunnels, (enum dp_link)meta->link, rte_pktmbuf_mtod(m, const uint8_t *),
					      rte_pktmbuf_data_len(m), rte_pktmbuf_pkt_len(m), pkt);
	if (meta->datagram && pkt->tunnel == 0)
		pkt->tunnel = meta->tunnel;
	return class;
}

/* Another worker's: it is held until that one has it. False: it is this one's. */
bool dp_joined_give(struct dp_worker *w, struct rte_mbuf *m, const struct dp_packet *pkt, enum dp_owner whose);

/* It was put together of fragments that differ: which bytes its receiver has is not known. */
void dp_joined_tell(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, const struct dp_meta *meta);

/* A datagram that is told of once more (enum dp_again), in no account: its connection is told, where its receiver may have other
 * bytes. */
enum dp_fate dp_joined_again(struct dp_worker *w, struct rte_mbuf *m, const struct dp_packet *pkt);

/* A fragment. *whole: the datagram that it completes, counted as held, to be worked on at once, in this one's place; NULL: it
 * completes none, or is not taken. */
enum dp_fate dp_joined_take(struct dp_worker *w, const struct dp_packet *pkt, struct rte_mbuf *m, struct rte_mbuf **whole);

/* A datagram of which this was decided: sends what is to be sent, gives up the fragments, and answers what is left to be done with
 * it. */
enum dp_fate dp_joined_send(struct dp_worker *w, struct rte_mbuf *m, enum dp_fate fate);

#endif
