/* SPDX-License-Identifier: Apache-2.0 */
/* dp_conn: a worker's connections: from a TCP segment to the bytes of an SMTP dialogue.
 *
 * Owner:  one worker; called from dp_worker_burst only. */
#ifndef DP_CONN_H
#define DP_CONN_H

#include "dataplane/dp_worker.h"

/* The packet's flow; a new one where it may begin one (a SYN, or payload); NULL where it has none. */
struct dp_flow *dp_conn_of(struct dp_worker *w, const struct dp_packet *pkt, const struct dp_meta *meta);

/* What becomes of the packet by its checksums and the configured policy. f may be NULL. */
enum dp_sum dp_conn_checksum(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* Reassembles, and reads what is in order now. */
void dp_conn_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* Ends the connections that have idled too long at `now`. */
void dp_conn_expire(struct dp_worker *w, uint64_t now);

/* Nothing follows: ends all of them. */
void dp_conn_end_all(struct dp_worker *w);

#endif
