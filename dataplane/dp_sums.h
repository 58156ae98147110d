/* SPDX-License-Identifier: Apache-2.0 */
/* dp_sums: whether a received segment's checksums are right: TCP's, its IPv4 header's, and those of what encloses it: IPv4 headers, UDP's
 * where it is not 0 (RFC 768, 6935), GRE's where it is there (RFC 2784).
 *
 * Owner:  the caller's mbuf. Memory: none. Thread: the worker's.
 * What the port says is taken where it says "good", and of a packet that stands in nothing but VLANs. All else is summed here: what it
 * calls bad, for some cards call padded or strange packets so; what it does not speak of; and what it says has no checksum though the data
 * are all right (RTE_MBUF_F_RX_L4_CKSUM_NONE), for some drivers say that of what they did not look at. */
#ifndef DP_SUMS_H
#define DP_SUMS_H

#include <rte_mbuf.h>

#include "dataplane/dp_packet.h"

/* m, in both: DP_TCP, with payload_missing 0. */

/* The port has summed it, and says that it is right. */
bool dp_sums_by_port(const struct rte_mbuf *m, const struct dp_packet *pkt);
/* Sums it. */
bool dp_sums_right(const struct rte_mbuf *m, const struct dp_packet *pkt);

#endif
