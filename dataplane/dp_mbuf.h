/* SPDX-License-Identifier: Apache-2.0 */
/* dp_mbuf: what travels with a frame from its reception to its end, in the mbuf's private area.
 *
 * Owner: the mbuf's. Units: times in nanoseconds since 1970. */
#ifndef DP_MBUF_H
#define DP_MBUF_H

#include <rte_mbuf.h>
#include "control/ct_account.h"
#include "dataplane/dp_packet.h"

enum dp_kind {
	DP_FRAME, /* as it was received */
	DP_TICK, /* no frame: the packets' time has reached `time`; what has waited too long is ended */
	DP_END, /* no frame: nothing follows; what is open is ended */
	/* To be sent by the worker that has the port's queue, looked at already by that of its connection, and counted there as sent.
	 * Where it is not sent after all, that is taken back. */
	DP_SEND,
	DP_OURS, /* a frame of our own making: counted as injected when it is sent */
	/* A frame that was counted as received, and as held, before it came here: by another worker, by the reader, or, where it
	 * is a datagram, as its last fragment, for which it stands. */
	DP_GIVEN,
};

struct dp_fragments_differ { /* two fragments that differ: struct rs_contradiction, of a datagram's payload */
	uint16_t at, off, len, seen_off, seen_len;
};

enum dp_again { /* a datagram that was read before, and is not to be read: what it is told of for */
	DP_AGAIN_NOT,
	DP_AGAIN_DIFFERS, /* a later fragment says other than one of its own: `differ` */
	DP_AGAIN_OTHER, /* it is what it were with that fragment: its receiver has this, if its sum is right */
	DP_AGAIN_FORGOTTEN, /* later fragments are not compared with it any more */
};

struct dp_meta {
	uint64_t seq; /* number of the packet, over all inputs, from 1; ticks and the end have numbers too */
	uint64_t time;
	uint64_t pcap_cnt; /* its number in its capture file, from 1 */
	uint32_t payload_off; /* of the TCP payload; set by the worker, for segments that wait out of order */
	uint32_t payload_len;
	uint32_t wire_len; /* its length on the wire; more than the mbuf holds when the capture cut it */
	uint16_t input; /* capture file or port */
	uint8_t port; /* of the worker's account that it is counted in: the port it came in by; 0 for captures */
	uint8_t out; /* DP_SEND: the port that it leaves by */
	uint16_t runs; /* references to it in dp_hold */
	uint16_t streams; /* those of dp_streams and dp_doubt (worker.streams): all together they have one of the mbuf's, ... */
	bool lent; /* ... but while it is worked on with its burst: then that one is the burst's, which leaves it to them */
	struct ct_account *held_in; /* it is counted as held there; NULL: it is not */
	uint8_t link; /* enum dp_link */
	uint8_t kind; /* enum dp_kind */
	bool ours; /* DP_SEND: it was DP_OURS */
	bool datagram; /* made of fragments: as long as it is, no port may take it */
	bool differs; /* its fragments contradict each other: `differ` says where */
	bool uncounted; /* DP_GIVEN: in no account; what it is made of has gone on already */
	uint8_t depth; /* how many datagrams in fragments it was the payload of */
	uint8_t hops; /* workers that it was given to and who did not know it */
	uint16_t l3_off; /* of a fragment: where its IP header is */
	uint16_t cut_to; /* of a datagram: the longest frame that may be made of it */
	struct dp_fragments_differ differ;
	uint8_t again; /* enum dp_again */
	uint64_t tunnel; /* of a datagram: that which its fragments came in (dp_packet); 0: none */
	struct rte_mbuf *fragments; /* of a fragment: the next one that came; of a datagram between two ports: the first one */
	uint8_t doubt; /* enum rs_doubt: why it waits (dp_doubt) */
	bool beginning; /* a datagram that was given up, as far as it was there from its first byte */
	bool endless; /* and nobody knows where it ends: its IP length is a guess */
	bool doubtful; /* a datagram of which fragments were given up before: its receiver may have it with those */
	uint32_t ack; /* what it acknowledges: as payload_off */
};

static inline struct dp_meta *dp_meta(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

static inline const struct dp_meta *dp_meta_const(const struct rte_mbuf *m)
{
	return (const struct dp_meta *)(m + 1);
}

#endif
