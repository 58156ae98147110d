/* SPDX-License-Identifier: Apache-2.0 */
/* dp_cut: a received segment made shorter, where only the first bytes of it may go on (RFC 9293 3.8.1: a sender repeats
 * what was not acknowledged, in segments of any length).
 *
 * Owner:  the caller of both mbufs. Memory: none. Units: bytes. Thread: the worker's. */
#ifndef DP_CUT_H
#define DP_CUT_H

#include <rte_mbuf.h>

#include "dataplane/dp_packet.h"

/* Copies `from`, a DP_TCP frame (a chain; its headers in the first data segment), to `to`, an empty mbuf, with the
 * first `keep` bytes of its payload. Where that cuts something off, FIN and PSH are cleared. All else is equal: link header,
 * VLAN tags, IPv4 options, IPv6 extension headers, TCP options; what stands behind the IP packet is not copied, frames shorter
 * than DP_FRAME_MIN are padded. Checksums are corrected (RFC 1624), not made anew: what was wrong stays wrong.
 * `to` gets data only: no metadata, no offload flags.
 *
 * False, and `to` is as it was: no such packet can be made. `keep` is more than the payload, part of the payload is
 * missing, `to` has not enough room, or the sender signed what it sent (AH, TCP-AO, MD5), or the IP length stands in an
 * option (RFC 2675). */
bool dp_cut(struct rte_mbuf *to, const struct rte_mbuf *from, const struct dp_packet *pkt, uint32_t keep);

#endif
