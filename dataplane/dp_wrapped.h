/* SPDX-License-Identifier: Apache-2.0 */
/* dp_wrapped: for tests: an IP packet inside link headers and tunnels, built field by field as the RFCs draw them, from the inside out. Needs
 * no EAL.
 *
 * Owner: the caller. Memory: none. Units: bytes; host order. Checksums are summed slowly, by nothing that is tested. */
#ifndef DP_WRAPPED_H
#define DP_WRAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dp_wrap {
	DP_WRAP_END,
	/* Links. */
	DP_WRAP_ETHERNET, /* around what the type before names */
	DP_WRAP_VLAN, /* 802.1Q, id 7 */
	DP_WRAP_QINQ, /* 802.1ad, id 100 */
	DP_WRAP_SNAP, /* with the Ethernet header */
	DP_WRAP_PPPOE,
	DP_WRAP_PPPOE_SHORT, /* the protocol in one byte */
	DP_WRAP_MPLS, /* a label; a second one is not the bottom of the stack */
	DP_WRAP_CONTROL_WORD,
	/* IP, around IP or what of UDP and GRE came before. */
	DP_WRAP_IPV4,
	DP_WRAP_IPV6,
	/* GRE, UDP: IP comes next. */
	DP_WRAP_GRE,
	DP_WRAP_GRE_ALL, /* checksum, key, sequence number */
	DP_WRAP_NVGRE,
	DP_WRAP_PPTP, /* the body: IP */
	DP_WRAP_ERSPAN_I,
	DP_WRAP_ERSPAN_II,
	DP_WRAP_ERSPAN_III,
	DP_WRAP_ERSPAN_III_SUB,
	DP_WRAP_VXLAN, /* UDP's checksum: 0 */
	DP_WRAP_VXLAN_SUM, /* a right one */
	DP_WRAP_GENEVE, /* with 8 bytes of options, and a right checksum */
	DP_WRAP_MAX
};

struct dp_wrapped {
	uint32_t number; /* VNI, key; PPPoE's session */
	bool back; /* the other direction: ends exchanged, other labels, another source port */
	uint32_t sequence; /* of GRE; 0: 77 */
	uint16_t port; /* UDP's, of the sender, and NVGRE's in that place; 0: 50000, and back 50001 */
	uint8_t end; /* the last byte of the outer addresses, to tell tunnels apart */
};

/* to: DP_BUILT_MAX bytes; the packet, of n bytes, is IPv4 or IPv6 by its version. how: from the innermost, to DP_WRAP_END. Returns
 * the length of all. */
size_t dp_wrapped_write(uint8_t *to, const uint8_t *packet, size_t n, const enum dp_wrap *how, const struct dp_wrapped *w);

/* Which wrappings there are to be tested, each a frame on Ethernet. */
struct dp_wrapping {
	const char *name;
	enum dp_wrap how[12];
	unsigned depth; /* tunnels */
	bool inline_; /* can be answered: no mirror */
};
extern const struct dp_wrapping dp_wrappings[];
extern const size_t dp_nwrappings;
const struct dp_wrapping *dp_wrapping_named(const char *name); /* aborts when there is none */

#endif
