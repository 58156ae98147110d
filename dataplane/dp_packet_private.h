/* SPDX-License-Identifier: Apache-2.0 */
/* dp_packet_private: the parser's own, shared by dp_packet (IP, TCP), dp_link (what stands before IP) and dp_tunnel (what is inside IP).
 *
 * Owner: the caller of the parser. Memory: none. Units: bytes, from the frame's first.
 * Every function passes bytes of the head or ends, so the head bounds the work. */
#ifndef DP_PACKET_PRIVATE_H
#define DP_PACKET_PRIVATE_H

#include <string.h>

#include "dataplane/dp_packet.h"

enum ethertype {
	ETHERTYPE_LENGTH_MAX = 0x05dc, /* IEEE 802.3 3.2.6: up to here it is a length, ... */
	ETHERTYPE_MIN = 0x0600, /* ... from here on a type, and between them nothing */
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_BRIDGED = 0x6558, /* an Ethernet frame; in tunnels only */
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_UPSTREAM = 0x8848, /* RFC 5332 */
	ETHERTYPE_PPPOE = 0x8864, /* session stage */
	ETHERTYPE_QINQ = 0x88a8, /* 802.1ad */
	ETHERTYPE_QINQ_OLD = 0x9100, /* before 802.1ad */
};

enum { ETHERNET_LEN = 14, ETHERNET_TYPE = 12, IPV4_LEN = 20, IPV6_LEN = 40, UDP_LEN = 8 };

struct dp_cursor { /* where the parser is */
	const uint8_t *head;
	size_t head_len; /* bytes that may be read */
	size_t frame_len;
	size_t off;
	size_t end; /* of the IP packet, as its length says; may lie beyond the frame */
	/* Where what encloses it ends, as its own length says: IP that goes on beyond that is taken by nobody. Not so for a frame in a
	 * tunnel, whose end is frame_len: a mirror may have cut it. */
	size_t limit;
};

static inline struct dp_cursor dp_cursor_of(const uint8_t *head, size_t head_len, size_t frame_len)
{
	return (struct dp_cursor){ .head = head, .head_len = head_len < frame_len ? head_len : frame_len, .frame_len = frame_len,
				   .limit = SIZE_MAX };
}

static inline bool can_read(const struct dp_cursor *c, size_t n)
{
	return n <= c->head_len && c->off <= c->head_len - n;
}

/* Whether what encloses it leaves n bytes from here. */
static inline bool within_limit(const struct dp_cursor *c, size_t n)
{
	return n <= c->limit && c->off <= c->limit - n;
}

/* False: there are too many. */
static inline bool add_layer(struct dp_packet *pkt, enum dp_layer_kind kind, size_t off)
{
	if (pkt->nlayers == DP_LAYERS_MAX)
		return false;
	pkt->layer[pkt->nlayers++] = (struct dp_layer){ .off = (uint16_t)off, .kind = (uint8_t)kind };
	return true;
}

/* The tags of an outer frame are not those of the one in it. */
static inline void forget_vlans(struct dp_packet *pkt)
{
	pkt->nvlan = 0;
	memset(pkt->vlan, 0, sizeof pkt->vlan);
}

/* dp_packet. From c->off on; the first sets all of pkt. */
enum dp_class dp_packet_begin(struct dp_cursor *c, enum dp_link link, struct dp_packet *pkt);
enum dp_class dp_packet_ethernet(struct dp_cursor *c, struct dp_packet *pkt);
enum dp_class dp_packet_ethertype(struct dp_cursor *c, struct dp_packet *pkt, unsigned type); /* what it names, tags before it included */
enum dp_class dp_packet_ip(struct dp_cursor *c, struct dp_packet *pkt); /* by its version */
uint64_t dp_packet_mix(uint64_t a, uint64_t b);
uint64_t dp_packet_pair(const struct dp_packet *pkt); /* of its addresses, the same for both directions */

/* dp_link: what the type names that is neither a tag nor IP. c->off is behind the type. */
enum dp_class dp_link_ethertype(struct dp_cursor *c, struct dp_packet *pkt, unsigned type);
/* A PPP frame from its protocol on (RFC 1661 2, 6.5). */
enum dp_class dp_link_ppp(struct dp_cursor *c, struct dp_packet *pkt);
enum dp_class dp_link_mpls(struct dp_cursor *c, struct dp_packet *pkt);

#endif
