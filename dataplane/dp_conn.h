/* SPDX-License-Identifier: Apache-2.0 */
/* dp_conn: a worker's connections: which one a segment belongs to, where one begins and ends, and which gives way to another.
 *
 * Owner:  one worker; called from dp_worker_burst only. */
#ifndef DP_CONN_H
#define DP_CONN_H

#include "dataplane/dp_worker.h"

/* The flow that is kept for the packet's addresses and ports, or NULL. Nothing is changed. */
struct dp_flow *dp_conn_find(struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta);
/* The packet's flow, where `f` was found for it: that one; a new one where the packet may begin one (a SYN, or payload), in its place
 * where the old one is over; NULL where it has none. */
struct dp_flow *dp_conn_of(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, const struct dp_meta *meta);

/* Between two ports, of a packet that no flow was found for, and that may be mail's: a connection has these addresses and ports, and its
 * ends behind the other port each. So its sender is not who it says, or it comes from where it just went: a router sent back what came
 * to it. What it says would count when it comes by the right port, and therefore it must not go on. Told of that connection. False where
 * a SYN takes the place of what nobody has confirmed. (Where a flow is made the other one is gone: of what may be mail there are never
 * both.) */
bool dp_conn_is_astray(struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta);

struct dp_flow *dp_conn_renew_anew(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, const struct dp_meta *meta);
/* Of a copy with right checksums, and a flow that dp_conn_of told: that one, or a new one where the packet goes on behind a
 * handshake that was seen in it. NULL: none. */
static inline struct dp_flow *dp_conn_renew(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt,
					    const struct dp_meta *meta)
{
	return f->tcp.anew ? dp_conn_renew_anew(w, f, pkt, meta) : f;
}

/* A connection between these ports is mail's. */
bool dp_conn_is_mail(const struct dp_worker *w, const struct dp_packet *pkt);

/* Reassembles, and reads what is in order now. *f: the flow; afterwards it, or the new one that this segment begins on its ports; NULL:
 * none. False: the segment waits (dp_causal), and is counted as held. */
bool dp_conn_segment(struct dp_worker *w, struct dp_flow **f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* The same of a segment that no checksum was waited for, of what is or may be mail. */
struct dp_flow *dp_conn_take(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* Ends connections that have idled too long at `now`: DP_EXPIRE_MAX of them at most, so that no packet waits for a crowd. Returns how
 * many; those that are left are over all the same (dp_conn_of). */
#define DP_EXPIRE_MAX 512
unsigned dp_conn_expire(struct dp_worker *w, uint64_t now);

/* A packet of this flow came, and there is hardly room (dp_share_is_full): unless it is in order, of the proven connections those who hold
 * most give way to it, if it is proven. Beside the way only: between two ports what finds no room comes again. */
void dp_conn_make_room(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt);

/* Whether w->flow may begin a session or a message, as dp_share.h says; where room is short for a proven one, others give way. dp_room
 * of dp_inspect; arg: the worker. */
bool dp_conn_room(void *arg);

/* Nothing follows: ends all of them. */
void dp_conn_end_all(struct dp_worker *w);

#endif
