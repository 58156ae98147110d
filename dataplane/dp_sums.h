/* SPDX-License-Identifier: Apache-2.0 */
/* dp_sums: whether a received segment's checksums are right: TCP's, its IPv4 header's, and those of what encloses it: IPv4 headers, UDP's
 * where it is not 0 (RFC 768, 6935), GRE's where it is there (RFC 2784).
 *
 * Owner:  the caller's mbuf. Memory: none. Thread: the worker's.
 * What the card says is taken where it says "good", and of a packet that stands in nothing but VLANs; also where it says that the data arrived
 * all right though the packet has no checksum yet (a guest's neighbour), but not between two ports: its receiver would drop it. What it
 * calls bad is summed here: some cards call padded or strange packets so. */
#ifndef DP_SUMS_H
#define DP_SUMS_H

#include <rte_mbuf.h>

#include "dataplane/dp_packet.h"

/* m: DP_TCP, with payload_missing 0. goes_on: it is to be forwarded. */
bool dp_sums_right(const struct rte_mbuf *m, const struct dp_packet *pkt, bool goes_on);

#endif
