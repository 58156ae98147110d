/* SPDX-License-Identifier: Apache-2.0 */
/* dp_craft: packets of our own, said in the place of one side of a TCP connection (RFC 9293, 7323): resets, replies,
 * acknowledgements. They look as that side's own would: link header and VLAN tags, MPLS labels, the tunnels they are in, hop limit,
 * traffic class, flow label, timestamps, window.
 *
 * Owner:  the caller's; a voice belongs to one side of one connection, begins all zero and needs no end.
 * Memory: none; a voice behind more than a short link header uses the caller's dp_voice_far.
 *         Two voices for each connection between two ports: what the connection itself knows (its ends) is not in them.
 * Units: times in nanoseconds, the packets' own; numbers and ports in host order. Errors: -errno.
 * Thread: the worker's.
 *
 * A voice learns only from what the caller believes: segments with right checksums, inside the window. Ethernet only; VLAN
 * tags must stand in the frame (no stripping by the port). Not to be used in a connection whose segments are signed, nor,
 * for more than RST, in one of MPTCP (dp_tcp_options says which). */
#ifndef DP_CRAFT_H
#define DP_CRAFT_H

#include "dataplane/dp_packet.h"

enum {
	DP_VOICE_LINK_MAX = 14 + 4 * 4, /* four VLAN tags or MPLS labels; for more, and for headers that have lengths, dp_voice_far */
	DP_VOICE_FAR_MAX = 240, /* two tunnels over IPv6, and GENEVE's options of a cloud; a side with more has no voice */
	/* IPv6, TCP, timestamps. IPv4 is shorter. */
	DP_CRAFT_HEADERS_MAX = DP_VOICE_FAR_MAX + 40 + 20 + 12,
	DP_FRAME_MIN = 60, /* IEEE 802.3 3.2.8, without the FCS; shorter ones are padded with zeros */
};

struct dp_voice_far { /* what stands before one side's IP packets */
	uint16_t len;
	uint8_t nlayers;
	struct dp_layer layer[DP_LAYERS_MAX];
	uint8_t bytes[DP_VOICE_FAR_MAX];
};

struct dp_voice { /* what is known of one side's packets */
	uint64_t tsval_time; /* when tsval was seen */
	union {
		uint8_t link[DP_VOICE_LINK_MAX];
		struct dp_voice_far *far __attribute__((packed)); /* is_far */
	};
	uint8_t link_len, ip_version;
	uint32_t tsval, tsecr; /* its newest, and what it echoed with that */
	uint32_t tsval_said; /* by us, in its place */
	uint32_t flow_label;
	uint16_t window; /* as it stood in the header, the last that was not 0; 0: none seen */
	uint16_t mss; /* what it can receive, from its SYN; 0: not known */
	uint8_t ttl, tos; /* tos: or traffic class; without the ECN bits */
	uint8_t wscale : 4; /* its SYN's, at most 14 */
	bool is_far : 1; /* the link header is in far */
	bool labelled : 1; /* by MPLS: the other side's labels are others */
	bool known : 1; /* can be spoken in */
	bool heard : 1; /* from its own packets, not only by dp_voice_reverse */
	bool syn : 1; /* its SYN was seen, ... */
	bool window_scale : 1; /* ... and offered to scale windows */
	bool window_of_syn : 1; /* window is its SYN's: never scaled (RFC 7323 2.2) */
	bool timestamps : 1; /* tsval is known */
	bool echoes : 1; /* tsecr is */
	bool spoken : 1; /* tsval_said is set */
};
_Static_assert(sizeof(struct dp_voice) == 64, "a million connections have two each");

/* Whether a packet needs a dp_voice_far to be learned from. */
static inline bool dp_voice_needs_far(const struct dp_packet *pkt)
{
	return pkt->nlayers > 0 || pkt->l3_off > DP_VOICE_LINK_MAX;
}

/* From a packet of this side that was DP_TCP; frame: its headers. What ERSPAN has copied is learned as it was before: without the copy's
 * own headers. far: the caller's, as long as the voice, and always the same; NULL: what would need it is not learned. Cheap: for every
 * packet of a mail connection. A RST teaches nothing: its window and timestamps are often zeros, and its hop limit may be a stranger's. */
void dp_voice_learn(struct dp_voice *v, struct dp_voice_far *far, const uint8_t *frame, const struct dp_packet *pkt, uint64_t now);

/* The voice of a side that was never heard, from the other side's: link addresses turned round, its clock as the other side
 * echoed it. What it says itself later takes the place of all this. Overwrites `to`; far: as above. Not known where the
 * other direction's link header cannot be told: behind MPLS labels, in PPTP. */
void dp_voice_reverse(struct dp_voice *to, struct dp_voice_far *far, const struct dp_voice *from);

struct dp_ends { /* of a connection, as dp_packet's: who speaks, and to whom */
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
};

struct dp_craft { /* what is to be said */
	struct dp_ends ends;
	uint32_t seq;
	uint32_t ack; /* written with RS_TCP_ACK only */
	uint8_t flags; /* enum rs_tcp_flag */
	/* The side itself says nothing more to the other: its timestamps go on with time. Else its newest is said again, for a
	 * guess ahead of its clock would make the other side refuse its own next segments (RFC 7323 5.2). */
	bool alone;
	const void *payload; /* no longer than the other side's MSS: the caller's business */
	uint32_t len;
	uint64_t now;
};

/* Writes a frame as this side would send it toward the other. With timestamps when both sides have them; they never go
 * back. The window is the last one that was not 0, a small one when none is known. IPv4: DF, id 0 (RFC 6864 4.1);
 * IPv6: no extension headers. Returns its length, padding included; -ENOTCONN: the voice is not known; -EMSGSIZE: longer
 * than IP can say; -ENOSPC: than size. DP_CRAFT_HEADERS_MAX + len is always enough. */
int dp_craft_frame(uint8_t *to, size_t size, struct dp_voice *as, const struct dp_voice *toward,
		   const struct dp_craft *what);

#endif
