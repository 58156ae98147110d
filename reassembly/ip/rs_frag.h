/* SPDX-License-Identifier: Apache-2.0 */
/* rs_frag: one datagram in fragments (RFC 791 3.2, RFC 815; RFC 8200 4.5, RFC 5722).
 *
 * Owner:  one thread. Memory: nodes of struct rs_frag_piece from the pool given to each call; no allocation.
 * Units:  bytes of the datagram's payload, from the first one behind the header that every fragment bears.
 * Work:   a fragment behind all others: constant. Otherwise one step a piece; n fragments are 2n - 1 pieces at most.
 *
 * Payload is kept by reference: `ref` is the caller's (an mbuf), opaque here, and has to last until the datagram's end, whatever
 * of it is kept. Which copy of a byte is kept is the receiver's policy, decided as rs_frag_takes says between what is left of an
 * earlier fragment and the whole of the new one.
 *
 * `linux` is Linux 4.19 and later, and IPv6 is treated so for every receiver: an overlap discards the datagram, but for a
 * fragment that lies wholly within what arrived in one run, which is ignored unread (net/ipv4/inet_fragment.c; RFC 5722, errata
 * 3089). Other fragments of a discarded datagram begin a new one, as they do there. */
#ifndef RS_FRAG_H
#define RS_FRAG_H

#include "reassembly/rs_overlap.h"
#include "reassembly/rs_pool.h"

#define RS_FRAG_MAX 65535 /* bytes of a datagram, its header included */

struct rs_frag_piece { /* bytes that are kept of one fragment */
	struct rs_frag_piece *next;
	void *ref;
	uint32_t off, len;
	uint32_t skip; /* of the fragment's payload */
	uint32_t whole; /* the fragment's length */
	bool joined; /* it came right behind the one before it, when that was the last: one run with it */
};

enum rs_frag_verdict {
	RS_FRAG_HELD, /* taken: something is missing still */
	RS_FRAG_WHOLE, /* taken, and nothing is missing: the pieces are the datagram, in order */
	RS_FRAG_IGNORED, /* not taken: fault says why; nothing changed */
	RS_FRAG_DISCARD, /* not taken, and the receiver gives the datagram up: fault says why. To be cleared */
};

enum rs_frag_fault {
	RS_FRAG_NO_FAULT,
	RS_FRAG_REPEATED, /* nothing of it is new: of a copy, each byte was kept before and stays */
	RS_FRAG_OVERLAP,
	RS_FRAG_ENDS, /* it says otherwise than others where the datagram ends */
	RS_FRAG_LENGTH, /* no bytes; or not the last, and no multiple of 8 */
	RS_FRAG_TOO_LARGE, /* beyond what a datagram can be */
	RS_FRAG_ECN, /* the fragments' ECN fields do not go together (RFC 3168 5.3) */
	RS_FRAG_TOO_MANY, /* more than max fragments, or no node */
	RS_FRAG_FAULTS
};

struct rs_frag {
	struct rs_frag_piece *head, *tail; /* by offset, not overlapping */
	uint32_t have; /* bytes in the pieces */
	uint32_t end; /* highest offset + 1 told of */
	uint32_t header; /* bytes before the payload, as the first fragment has them; 0: it has not come */
	bool last; /* the last fragment was seen: end is the datagram's */
	bool contradicts; /* two fragments differ in a byte, or in where the datagram ends */
	uint8_t ecn; /* bit i: a fragment bears ECN field i */
	uint8_t policy; /* enum rs_overlap_policy */
	uint8_t version; /* of IP: 4, 6 */
	uint8_t fault; /* enum rs_frag_fault: of the last fragment */
	uint16_t n, max; /* fragments taken; most of them */
	struct rs_contradiction contradiction; /* the first one */
};

struct rs_frag_part { /* a fragment as its headers tell */
	void *ref;
	uint32_t off, len;
	uint32_t header; /* what stands before the payload in the datagram: IPv4 header; IPv6 extension headers without the fragment's */
	bool more; /* M: not the last one */
	uint8_t ecn; /* 2 bits */
};

struct rs_frag_mem {
	struct rs_pool *pieces;
	/* How many of the first len bytes of two fragments' payloads are the same. */
	uint32_t (*same)(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len);
};

void rs_frag_init(struct rs_frag *f, enum rs_overlap_policy policy, unsigned version, uint16_t max);

enum rs_frag_verdict rs_frag_add(struct rs_frag *f, const struct rs_frag_mem *mem, const struct rs_frag_part *part);

/* The ECN field of the datagram when it is whole (RFC 3168 5.3); `first`: that of the first fragment. */
unsigned rs_frag_ecn(const struct rs_frag *f, unsigned first);

/* Gives all pieces back. */
void rs_frag_clear(struct rs_frag *f, const struct rs_frag_mem *mem);

/* Whether, of bytes that are held and of a fragment that comes now, the new one's are kept where both have some. Not for what
 * discards: rs_frag_discards. */
bool rs_frag_takes(enum rs_overlap_policy p, struct rs_extent held, struct rs_extent now);
bool rs_frag_discards(enum rs_overlap_policy p, unsigned version);

const char *rs_frag_fault_name(enum rs_frag_fault f); /* "overlap" */

#endif
