/* SPDX-License-Identifier: Apache-2.0 */
/* dp_packet: where things are in a frame: link (dp_link), IPv4, IPv6, TCP and its options (RFC 791, 8200, 9293, 7323). What stands inside
 * a tunnel is dp_tunnel's.
 *
 * Owner:  the caller; nothing is kept. Memory: none. Units: bytes; ports and sequence numbers in host order.
 * Only headers are read, and they must lie in the first data segment given; payload may continue elsewhere. */
#ifndef DP_PACKET_H
#define DP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dp_link { /* what the first byte of a frame is; live ports are always Ethernet */
	       DP_LINK_ETHERNET,
	       DP_LINK_RAW, /* IPv4 or IPv6 by its version nibble */
	       DP_LINK_NULL, /* BSD loopback: address family in either byte order */
	       DP_LINK_SLL, /* Linux cooked v1 */
	       DP_LINK_SLL2,
};

enum dp_class { /* what became of a frame's headers; each names a counter */
		DP_TCP, /* a TCP segment: all fields are set */
		DP_OTHER, /* well formed, not TCP: ARP, UDP, an unknown EtherType, a tunnel that was not opened, ... */
		DP_FRAGMENT, /* an IP fragment, first or later: not reassembled */
		DP_TRUNCATED, /* fewer bytes than the headers or the IP length promise */
		DP_BAD_LINK, /* link header makes no sense */
		DP_BAD_IP, /* IP header makes no sense */
		DP_BAD_TCP, /* TCP header makes no sense */
		DP_TOO_DEEP, /* more tunnels in one another, or headers around the innermost packet, than are opened */
		DP_CLASS_MAX
};

/* A header around the innermost IP packet that says how long what it encloses is, or sums it, or has addresses. What has none of that (VLAN
 * tags, MPLS labels, VXLAN's header, ...) is not told. */
enum dp_layer_kind {
	DP_LAYER_LENGTH, /* IEEE 802.3: a length in the place of the EtherType, at off */
	DP_LAYER_PPPOE, /* RFC 2516 */
	DP_LAYER_IPV4,
	DP_LAYER_IPV6,
	DP_LAYER_UDP, /* its IP header is the layer before */
	DP_LAYER_GRE, /* RFC 2784, 2890 */
	DP_LAYER_PPTP, /* RFC 2637: GRE of version 1 */
	DP_LAYER_ETHERNET, /* of a frame inside a tunnel */
};

struct dp_layer {
	uint16_t off; /* from the frame's first byte */
	uint8_t kind; /* enum dp_layer_kind */
};

/* Four tunnels of the kind that has most of them (IP, UDP, Ethernet), the inner frames with lengths, and those of the outermost link. */
enum { DP_LAYERS_MAX = 18 };

struct dp_packet {
	uint8_t src[16], dst[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint16_t sport, dport;
	uint8_t ip_version; /* 4, 6; 0 when not IP */
	uint8_t proto; /* IP protocol, after extension headers; 0 when not IP */
	/* VLANs of the frame that holds the IP packet, outermost first, 2 at most; further ones are passed over. A tag with id 0 tells a
	 * priority, and no VLAN (IEEE 802.1Q 9.6): one direction may bear it and the other not. */
	uint8_t nvlan;
	uint16_t vlan[2]; /* 12 bits */
	uint16_t l3_off,
		l4_off; /* from the frame's first byte; headers that begin further in than 65535 are malformed */
	uint32_t payload_off; /* of the TCP payload, from the frame's first byte */
	uint32_t
		payload_len; /* bytes of it in the frame, as far as the IP length goes: the frame's padding is not part of it.
			       * IP length 0 (captures of TSO, jumbograms): up to the frame's end */
	uint32_t payload_missing; /* bytes of payload that the IP length promises and the frame does not hold, or the frame in a tunnel */
	uint32_t seq, ack;
	uint16_t window;
	uint8_t tcp_flags;
	uint8_t tcp_hdr_len;
	uint8_t depth; /* tunnels opened */
	uint8_t nlayers;
	bool authenticated; /* an AH stands somewhere: nobody else can speak for this sender, nor change what it says (RFC 4302) */
	bool labelled; /* by MPLS: the other direction has other labels (RFC 3031 3.1) */
	bool mirrored; /* by ERSPAN: nobody receives it */
	uint64_t tunnel; /* names the tunnels, the same for both directions (docs/decisions/0010); 0: none */
	struct dp_layer layer[DP_LAYERS_MAX]; /* nlayers, outermost first; the others are not set */
};

/* Sequence numbers that a segment takes (RFC 9293 3.4). */
static inline uint32_t dp_packet_sequence(const struct dp_packet *pkt)
{
	return pkt->payload_len + !!(pkt->tcp_flags & 0x02) + !!(pkt->tcp_flags & 0x01);
}

/* head: the first head_len bytes, contiguous; frame_len: all bytes present in the chain. A frame that was cut inside the TCP
 * payload is DP_TCP with payload_missing set; one cut inside its headers is DP_TRUNCATED. */
enum dp_class dp_packet_parse(enum dp_link link, const uint8_t *head, size_t head_len, size_t frame_len,
			      struct dp_packet *pkt);

/* Addresses, ip_version, proto are set from DP_FRAGMENT on, and for DP_OTHER where it is IP; l4_off then is where
 * the parser stopped. All fields are 0 where they are not known. Tunnels are not opened: dp_tunnel_parse does. */

/* TCP's options (RFC 9293 3.1). What has a wrong length for its kind is passed over, as if it were not there. MSS, window
 * scale and SACK permitted mean something in a SYN only; here they are told wherever they stand. */
struct dp_tcp_options {
	uint32_t tsval, tsecr; /* with timestamps */
	uint8_t tsval_at; /* where it stands, from the TCP header's first byte */
	uint16_t mss; /* 0: not there */
	uint8_t wscale; /* with window_scale; 14 at most (RFC 7323 2.3) */
	bool timestamps, window_scale, sack_permitted;
	bool mptcp; /* RFC 8684: of any subtype */
	bool fast_open; /* RFC 7413, by its own kind or the experimental one */
	bool authenticated; /* RFC 5925, RFC 2385: nobody else can speak for this sender, nor change what it says */
	bool malformed; /* a length that cannot be: what follows was not read */
};

/* l4: tcp_hdr_len bytes, from 20 to 60. Of an option that stands there twice, the last counts. */
void dp_tcp_options_parse(const uint8_t *l4, size_t tcp_hdr_len, struct dp_tcp_options *o);

/* RFC 7323 5.2: timestamps are compared as sequence numbers are. */
static inline bool dp_timestamp_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* The Internet checksum (RFC 1071) over bytes that may lie in several places. */
struct dp_checksum {
	uint64_t sum; /* in the machine's byte order */
	bool odd; /* an odd number of bytes was added so far */
};

void dp_checksum_add(struct dp_checksum *c, const void *bytes, size_t len);
/* The pseudo-header (RFC 9293 3.1, RFC 8200 8.1) of a packet that was DP_TCP. Its destination is the one in the IPv6
 * header: that of a packet with segments left in its routing header is another. */
void dp_checksum_add_pseudo(struct dp_checksum *c, const struct dp_packet *pkt, uint32_t l4_len);
/* The value for the header's checksum field, to be stored as it is. 0 when the field itself was summed and is right. */
uint16_t dp_checksum_value(const struct dp_checksum *c);

/* The checksums of an IPv4 header and a TCP segment whose bytes are contiguous. l4_len: tcp_hdr_len + payload_len; it cannot
 * be told when payload_missing is not 0. */
bool dp_packet_checksum_ip(const uint8_t *l3);
bool dp_packet_checksum_tcp(const struct dp_packet *pkt, const uint8_t *l4, size_t l4_len);

/* The same for both directions of a connection: the symmetric hash that distributes flows. Of addresses and ports;
 * all 32 bits are good. Without the seed nobody can choose flows that meet. */
uint32_t dp_packet_hash(const struct dp_packet *pkt, uint32_t seed);

const char *dp_class_name(enum dp_class c); /* "tcp", "other", "fragment", "truncated", "bad_link", ... */

#endif
