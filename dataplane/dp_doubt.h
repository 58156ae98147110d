/* SPDX-License-Identifier: Apache-2.0 */
/* dp_doubt: segments whose checksum is wrong, until their receiver says what it made of them.
 *
 * A receiver discards such a segment and does not acknowledge it (RFC 9293 3.1), so a reader that takes it can be deceived.
 * But captures hold wrong checksums of segments that arrived all right: the sender's card was to compute them after the
 * capture, or someone has made the contents anonymous. So, with the policy "auto" (docs/decisions/0003):
 *  - while a direction has shown no right checksum at all, its segments are taken: a card makes them all wrong;
 *  - otherwise a wrong one that carries data waits until the receiver has acknowledged data that came no other way; from
 *    then on the direction is trusted;
 *  - a wrong one that carries none (a SYN, a RST) is dropped.
 *
 * Owner:  one worker. Memory: nodes of the worker's segments, and references to mbufs, within streams.held_max. */
#ifndef DP_DOUBT_H
#define DP_DOUBT_H

#include <stdbool.h>
#include <stdint.h>

#include "reassembly/tcp/rs_stream.h"

struct dp_flow;
struct dp_packet;
struct dp_worker;
struct rte_mbuf;

#define DP_DOUBT_MAX 256 /* segments that wait, a direction */

struct dp_doubt { /* of one direction */
	struct rs_seg *first, *last; /* in the order they came; off is the sequence number */
	uint16_t n;
	bool right; /* a right checksum was seen */
	bool trusted; /* the receiver acknowledged a segment with a wrong one */
	uint32_t cost; /* of those that wait */
};

enum dp_sum { DP_SUM_TAKE, DP_SUM_WAIT, DP_SUM_DROP };

/* What is done with a packet of direction dir whose checksums were found right or wrong. On DP_SUM_WAIT a reference to it was taken, and
 * it is counted as held. */
enum dp_sum dp_doubt_judge(struct dp_worker *w, struct dp_flow *f, unsigned dir, bool right, const struct dp_packet *pkt,
                           struct rte_mbuf *m);

/* The other side of direction dir has acknowledged up to ack: the next waiting segment that it covers, no longer waiting and no longer
 * counted as held; the caller owns its reference. NULL when there is none. *taken: the receiver took it, and its direction is
 * trusted now; otherwise its bytes came another way, and it is to be dropped. */
struct rte_mbuf *dp_doubt_acked(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t ack, bool *taken);

/* The connection ends: the next waiting segment of direction dir, as above. */
struct rte_mbuf *dp_doubt_drain(struct dp_worker *w, struct dp_flow *f, unsigned dir);

#endif
