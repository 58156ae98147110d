/* SPDX-License-Identifier: Apache-2.0 */
/* dp_datagram: what a fragment's headers say, and the packet that is made of fragments (RFC 791 3.2; RFC 8200 4.5).
 *
 * Owner:  the caller of all mbufs. Memory: mbufs for the packet. Units: bytes. Thread: the worker's, or the reader's. */
#ifndef DP_DATAGRAM_H
#define DP_DATAGRAM_H

#include "dataplane/dp_mbuf.h"
#include "reassembly/ip/rs_frag.h"

struct dp_fragment { /* as its headers tell */
	struct rs_frag_part part; /* its ref is the mbuf */
	uint32_t id;
	uint16_t data_off; /* where its payload begins, from the frame's first byte */
};

enum dp_fragment_fault {
	DP_FRAGMENT_FINE,
	DP_FRAGMENT_CUT, /* part of it is missing in the frame */
	DP_FRAGMENT_BAD, /* an IPv4 header with a wrong sum; of IPv6 a jumbogram */
	DP_FRAGMENT_SHORT, /* of IPv6: a first one without all headers, which not all hosts discard (RFC 7112). The rest is told */
};

/* Of a DP_FRAGMENT. sums: whether a wrong checksum of an IPv4 header makes it bad; 0 is passed over where `unset` says so (a card
 * was to set it). */
enum dp_fragment_fault dp_fragment_look(const struct dp_packet *pkt, struct rte_mbuf *m, bool sums, bool unset,
					struct dp_fragment *to);

/* The same bytes of two fragments' payloads (struct rs_frag_mem). */
uint32_t dp_fragment_same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len);

struct dp_tags { /* of the frame that holds a datagram: struct dp_packet */
	uint8_t n;
	uint16_t id[2];
};

/* Whether nothing but a link header with VLAN tags stands before the IP header. */
bool dp_datagram_is_plain(enum dp_link link, const uint8_t *frame, uint16_t l3_off);

/* A frame with the datagram, or, where pieces are missing, with its beginning up to there, of which the lengths tell what is missing:
 * link header and IP headers of the first fragment, which is that of the first piece; lengths, fragment fields, ECN and IPv4 header
 * checksum are those of the whole. What stood between link header and IP header (a tunnel) is left out: an Ethernet header without
 * addresses stands in its place then, with these tags. The headers lie in the first data segment, as far as it has room. Metadata is
 * the caller's. NULL: alloc gave none. */
struct rte_mbuf *dp_datagram_make(const struct rs_frag *f, const struct dp_tags *tags, struct rte_mbuf *(*alloc)(void *arg), void *arg);

/* Of a datagram whose first fragment is there: TCP stands in it, and no tunnel. */
bool dp_datagram_bears_tcp(const struct rs_frag *f);

/* Of a beginning (dp_meta) that ends within TCP's header, but not before its ports: sets these. */
bool dp_datagram_ports(const struct rte_mbuf *m, struct dp_packet *pkt);

#endif
