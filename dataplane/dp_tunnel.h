/* SPDX-License-Identifier: Apache-2.0 */
/* dp_tunnel: the innermost IP packet of a frame: through IP in IP (RFC 2003, 2473, 4213), MPLS in IP (RFC 4023), GRE (RFC 2784, 2890, 7637;
 * version 1 of RFC 2637 with PPP), ERSPAN of types I, II and III (draft-foschini-erspan), VXLAN (RFC 7348), GENEVE (RFC 8926).
 *
 * Owner:  the caller; nothing is kept. Memory: none. Units: bytes.
 * A tunnel that says of itself that it bears something else (its flags, its version, an unknown type) is what it was before: DP_OTHER. What
 * is inside one that was opened is what it is: DP_TCP, DP_FRAGMENT, DP_BAD_IP, ... */
#ifndef DP_TUNNEL_H
#define DP_TUNNEL_H

#include "dataplane/dp_packet.h"

struct ct_config;

struct dp_tunnels { /* which are opened */
	unsigned depth; /* so many in one another; 0: none */
	/* UDP ports of their receivers: a sender's may be any (RFC 7348 5). */
	const uint16_t *vxlan, *geneve;
	size_t nvxlan, ngeneve;
};

/* As configured: capture.tunnels, tunnel_depth, vxlan_ports, geneve_ports. c outlives it. */
void dp_tunnels_init(struct dp_tunnels *t, const struct ct_config *c);

/* As dp_packet_parse, but of the innermost IP packet: all fields are that one's; layer, depth and tunnel tell what is around it.
 * A frame in a tunnel may be shorter than its IP length says, as a frame of its own may: a mirror cut it. An IP packet that is longer than
 * the tunnel's length allows is DP_BAD_IP. DP_TOO_DEEP: fields are those of the packet that was reached. */
enum dp_class dp_tunnel_parse(const struct dp_tunnels *t, enum dp_link link, const uint8_t *head, size_t head_len, size_t frame_len,
			      struct dp_packet *pkt);

/* Whether a frame is TCP at first sight: not in a tunnel, nor behind anything but one VLAN tag. */
bool dp_tunnel_none(const uint8_t *head, size_t head_len);

#endif
