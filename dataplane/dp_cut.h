/* SPDX-License-Identifier: Apache-2.0 */
/* dp_cut: a part of a received segment, where only that may go on (RFC 9293 3.8.1: a sender repeats what was not acknowledged, in
 * segments of any length).
 *
 * Owner:  the caller of both mbufs. Memory: none. Units: bytes. Thread: the worker's. */
#ifndef DP_CUT_H
#define DP_CUT_H

#include <rte_mbuf.h>

#include "dataplane/dp_packet.h"

/* Copies `m`, a DP_TCP frame (a chain; its headers in the first data segment), to `to`, an empty mbuf, with `len` bytes of its
 * payload from byte `from` on. Where that cuts off the end, FIN and PSH are cleared; where it cuts off the beginning, the sequence
 * number is that of the first byte left. All else is equal: link header, VLAN tags, IPv4 options, IPv6 extension headers, TCP
 * options; the lengths of what encloses the IP packet are corrected, and its checksums made right; what stands behind the IP packet is
 * not copied, frames shorter than DP_FRAME_MIN are padded. Checksums are corrected
 * of IP and TCP (RFC 1624), not made anew: what was wrong stays wrong. `to` gets data only: no metadata, no offload flags.
 *
 * False, and `to` is as it was: no such packet can be made. The payload has no such bytes, part of it is missing, `to` has not
 * enough room, the sender signed what it sent (AH, TCP-AO, MD5), the IP length stands in an option (RFC 2675), or the beginning is
 * to be cut off a SYN or of what an urgent pointer counts from. */
bool dp_cut(struct rte_mbuf *to, const struct rte_mbuf *m, const struct dp_packet *pkt, uint32_t from, uint32_t len);

/* `to` was made by dp_cut of `pkt`. Its timestamp becomes this one; nothing, where it has none. */
void dp_cut_stamp(struct rte_mbuf *to, const struct dp_packet *pkt, uint32_t tsval);

#endif
