/* SPDX-License-Identifier: Apache-2.0 */
/* dp_streams: the two streams of a connection: its segments become bytes in order (rs_tcp), which dp_protocol reads; segments with
 * wrong checksums wait for their receiver's word (dp_doubt).
 *
 * Owner:  one worker. Memory: references to mbufs, within the worker's streams.
 * The client's payload in a connection that is watched (f->inl) is not read here: dp_inline_read does. */
#ifndef DP_STREAMS_H
#define DP_STREAMS_H

#include "dataplane/dp_worker.h"

/* f's first packet; f->client and f->proto are set: how the receivers of both directions read overlaps, and what is remembered. */
void dp_streams_begin(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt);

/* What becomes of the packet by its checksums and the configured policy. f may be NULL. */
enum dp_sum dp_streams_checksum(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* What a SYN offers, Multipath TCP, is noted. */
void dp_streams_offer(struct dp_flow *f, const struct dp_packet *pkt, const struct rte_mbuf *m);

/* Reassembles, and reads what is in order now. False: the segment is the first of a new connection on the same ports; the old one
 * is ended then, and the segment was not taken. */
bool dp_streams_take(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* Whether the receiver of direction dir has acknowledged all that the segment has: what is told of it later is nothing to it. */
bool dp_streams_has(const struct dp_flow *f, unsigned dir, const struct dp_packet *pkt);

/* Whether that of a connection of which both sides are seen has not, though it was read, or could be next. */
bool dp_streams_lacks(const struct dp_flow *f, unsigned dir, const struct dp_packet *pkt);

/* A segment of direction dir that waited for what it acknowledges is read (dp_doubt_ahead). */
void dp_streams_read_waiting(struct dp_worker *w, struct dp_flow *f, unsigned dir, struct rs_seg *seg);

/* rs_tcp_give_up: what is missing of direction dir below offset `to` is not waited for any more. */
void dp_streams_give_up(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint64_t to);

/* The other side of direction dir has acknowledged up to ack: what waited for that is read, or dropped. */
void dp_streams_settle(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t ack);

/* No more word is awaited: what waits is read as far as it was sent, for all that is known, and the rest is dropped. */
void dp_streams_settle_all(struct dp_worker *w, struct dp_flow *f);

/* Gives up what it holds out of order, for there is no room: what came is missing then, as if it had not been seen, and its messages
 * are not clean. What waits for its receiver's word is read as far as it was sent, for all that is known. */
void dp_streams_give_way(struct dp_worker *w, struct dp_flow *f);

/* Something of the flow found no room, and beside the way it does not come again: counted, and its messages are not clean; where it has no
 * session yet, those of the one that begins, or one that stands for what was not seen. */
void dp_streams_no_room(struct dp_worker *w, struct dp_flow *f);

/* Of direction dir its receiver may have bytes that were not seen, and other ones may come in their place: the client's messages under
 * way are not clean, or the next one. */
void dp_streams_missing(struct dp_flow *f, unsigned dir);

/* Nothing more of it is read: ends its session. why: as dp_session_end's. */
void dp_streams_close(struct dp_worker *w, struct dp_flow *f, enum ct_reason why);

#endif
