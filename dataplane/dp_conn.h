/* SPDX-License-Identifier: Apache-2.0 */
/* dp_conn: a worker's connections: from a TCP segment to the bytes of an SMTP dialogue.
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

/* A connection between these ports is mail's. */
bool dp_conn_is_mail(const struct dp_worker *w, const struct dp_packet *pkt);

/* What becomes of the packet by its checksums and the configured policy. f may be NULL. */
enum dp_sum dp_conn_checksum(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* Reassembles, and reads what is in order now. The flow, or the new one that this segment begins on its ports; NULL: none. */
struct dp_flow *dp_conn_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* What dp_inline needs. */

/* The same; the client's payload is not read, for dp_inline reads it. */
struct dp_flow *dp_conn_take(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);
unsigned dp_conn_direction(const struct dp_flow *f, const struct dp_packet *pkt);
/* The port by which packets of that direction come in. */
unsigned dp_conn_port(const struct dp_flow *f, unsigned dir);
/* Reads payload in order; returns how many bytes were taken: fewer when reading is halted there. */
size_t dp_conn_read(struct dp_worker *w, struct dp_flow *f, unsigned dir, const uint8_t *p, size_t n);
/* Tells by a direction's first bytes what they are (f->proto). False: they are too few. */
bool dp_conn_tell(struct dp_flow *f, unsigned dir, const uint8_t *first, size_t n);
/* Ends its session. */
void dp_conn_close(struct dp_worker *w, struct dp_flow *f, enum ct_reason why);

/* Ends the connections that have idled too long at `now`. */
void dp_conn_expire(struct dp_worker *w, uint64_t now);

/* Nothing follows: ends all of them. */
void dp_conn_end_all(struct dp_worker *w);

#endif
