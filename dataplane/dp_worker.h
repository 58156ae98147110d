/* SPDX-License-Identifier: Apache-2.0 */
/* dp_worker: one worker: one core, one source of packets, one set of flows; nothing is shared with other workers
 * on the way of a packet.
 *
 * Owner:  made by the main thread; then the worker's lcore. Fields that others read say so.
 * Memory: all of it taken in dp_worker_create; none after.
 * Units:  times in nanoseconds, the packets' own. */
#ifndef DP_WORKER_H
#define DP_WORKER_H

#include <stdatomic.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "control/ct_config.h"
#include "dataplane/dp_flow.h"
#include "dataplane/dp_hold.h"
#include "dataplane/dp_inspect.h"
#include "dataplane/dp_mbuf.h"
#include "dataplane/dp_tunnel.h"

#define DP_BURST 32

enum dp_use { /* what the worker's packets are */
	DP_USE_READ, /* of captures: looked at */
	DP_USE_INLINE, /* of two ports, INSIDE and OUTSIDE: each goes out by the other one, or not at all */
	DP_USE_MIRROR, /* copies, of one port: looked at */
};

enum dp_port_index { DP_INSIDE, DP_OUTSIDE, DP_MIRROR = DP_INSIDE, DP_RESET = DP_OUTSIDE, DP_PORTS_MAX = 2 };

/* Why a packet was dropped: each names a counter. */
enum dp_drop {
	DP_DROP_TRUNCATED,
	DP_DROP_BAD_LINK,
	DP_DROP_BAD_IP,
	DP_DROP_BAD_TCP,
	DP_DROP_BAD_CHECKSUM,
	DP_DROP_FULL, /* the port it was to leave by, or the way to it, had no room */
	/* Inline: not forwarded, and so repeated by an honest sender. */
	DP_DROP_NO_ROOM, /* to remember it */
	DP_DROP_CONTRADICTION, /* other bytes were forwarded in the place of its */
	DP_DROP_WINDOW, /* too far ahead, or before the connection's first byte */
	DP_DROP_CLOSED, /* new data after the connection's end */
	DP_DROP_FRAGMENT, /* of a TCP segment: it could not be read in one piece */
	DP_DROP_URGENT, /* of a mail connection: some servers take the urgent byte out of the stream (RFC 6093), others do not */
	DP_DROP_TOO_DEEP, /* more tunnels in one another than are opened */
	DP_DROP_INVALID, /* its receiver would not accept it (rs_valid) */
	/* Fragments (dp_frags). */
	DP_DROP_FRAGMENT_TIMEOUT, /* the rest of the datagram did not come in time */
	DP_DROP_FRAGMENT_OVERLAP, /* fragments overlap, and no receiver, or not each one, would have the same of them */
	DP_DROP_FRAGMENT_BAD, /* what its headers say makes no sense, or not with those of the others */
	DP_DROP_FRAGMENT_NO_ROOM, /* to keep it, or to make its datagram of it */
	DP_DROP_WRONG_PORT, /* inline: its sender is behind the other port, by a connection that is or may be mail */
	DP_DROP_MAX
};
extern const char *const dp_drop_names[DP_DROP_MAX];

enum dp_anomaly { /* what is worth telling of a connection's packets (dp_anomaly.h) */
	DP_ANOMALY_OVERLAP, /* bytes contradict bytes seen in their place */
	DP_ANOMALY_TIMESTAMP, /* RFC 7323 5: older than what was seen */
	DP_ANOMALY_WINDOW, /* data further on than its receiver would take */
	DP_ANOMALY_ACK, /* RFC 5961 5.2: acknowledges what was never sent */
	DP_ANOMALY_NO_ACK, /* RFC 9293 3.10.7.4: no ACK in an established connection */
	DP_ANOMALY_RST, /* its sender, or its receiver, went on */
	DP_ANOMALY_FIN, /* not where the stream ends */
	DP_ANOMALY_SYN, /* in an established connection */
	DP_ANOMALY_SYN_NUMBER, /* a SYN repeated with another number */
	DP_ANOMALY_SYN_ACK_NUMBER,
	DP_ANOMALY_URGENT, /* receivers differ on what becomes of the urgent byte (RFC 6093) */
	DP_ANOMALY_FRAG4_OVERLAP, DP_ANOMALY_FRAG6_OVERLAP, /* fragments contradict each other */
	DP_ANOMALY_SIGNED, /* a signature that nobody agreed on: some receivers drop it */
	DP_ANOMALY_GAP, /* bytes that their receiver has were not seen */
	DP_ANOMALY_UNACCEPTABLE, /* its receiver acknowledged what it should not have accepted */
	DP_ANOMALY_PORT, /* inline: came in by the port that the other end is behind */
	DP_ANOMALY_MAX
};

enum dp_fate { /* what became of a packet */
	DP_CONSUMED, /* looked at, and nothing to send */
	DP_HELD, /* kept, by reference, until more is known; counted already */
	DP_DROPPED, /* with a reason; counted already */
	DP_FORWARDED, /* given to the other port as it is; counted when that has taken it */
	DP_GONE, /* another worker's now, or sent already; counted already */
};

struct dp_worker_stats { /* counters outside the sums */
	uint64_t class_packets[DP_CLASS_MAX];
	uint64_t flows, flows_expired, flows_refused;
	uint64_t flows_repeated; /* whose packets were seen once more after their end */
	uint64_t flows_evicted[DP_FLOWS_LISTS]; /* by the list that they were in */
	uint64_t unproven_refused; /* sessions and messages of connections that nobody had confirmed, while room was short */
	uint64_t tcp_duplicate, tcp_held, tcp_limit, tcp_gave_way, tcp_window, tcp_gaps, tcp_gap_bytes;
	uint64_t resets_ignored; /* the side that sent one went on */
	uint64_t mptcp_seen, mptcp_removed; /* mail connections with Multipath TCP; inline: SYNs that it was taken out of */
	uint64_t doubts[RS_DOUBT_MAX]; /* segments that their receiver may not have accepted */
	uint64_t checksum_by_port; /* segments that the port has found right: they were not summed here */
	uint64_t checksum_trusted; /* wrong checksums that were taken for the sender's card's work */
	uint64_t connections_reset, midstream_reset; /* inline */
	uint64_t inlines_refused, answers_refused; /* inline: no room to watch a connection, to answer a client */
	uint64_t contradictions; /* segments that say other than what was seen in their place */
	uint64_t not_compared; /* repetitions of what was read, and is not remembered any more */
	uint64_t bypassed, reply_timeouts;
	uint64_t reversed; /* inline: TCP's client was mail's server */
	uint64_t turned; /* inline: mail's client and server changed places, and what follows passes */
	uint64_t unread[DP_DROP_MAX]; /* observing: would have been dropped */
	uint64_t anomalies[DP_ANOMALY_MAX];
	uint64_t injected_lost; /* frames of ours that no port took */
	uint64_t cut_packets; /* frames that the capture holds only in part */
	uint64_t forwarded_unjudged; /* frames that main sent on in the place of a stalled worker */
	/* Given to other workers by a ring, each time that one is. */
	uint64_t handed_frames; /* to their owner, as they were received */
	uint64_t handed_datagrams; /* to the owner of what they hold, put together of fragments; or a fragment that came to another one */
	uint64_t handed_sends; /* to the one that has the queue by which they leave */
	uint64_t handed_lost; /* of all these: the ring had no room. Dropped as `full`, or frames of ours that are lost */
};

/* A source of packets: fills up to n, returns how many. A port's queue, or the ring of a capture's reader. */
typedef uint16_t (*dp_rx)(void *source, struct rte_mbuf **m, uint16_t n);

/* Where frames go: takes m, to be sent by port `out`. The sink calls dp_worker_sent or dp_worker_unsent for each of them, when it
 * has sent or freed it. */
typedef void (*dp_tx)(void *sink, struct rte_mbuf *m, unsigned out);

/* A packet whose worker may be another one; m is counted as held. True: it was given to that one. */
enum dp_owner {
	DP_OWNER_FRAGMENT, /* that of all fragments between two addresses */
	DP_OWNER_FLOW, /* that of the packet's connection, which is not known here */
};
typedef bool (*dp_give)(void *sink, struct rte_mbuf *m, const struct dp_packet *pkt, enum dp_owner whose);

struct dp_frags;
TAILQ_HEAD(dp_inline_list, dp_inline);
TAILQ_HEAD(dp_causal_list, dp_causal);

struct dp_holder;
#define DP_SHARE_RANKS 18 /* 0: none; up to those that hold 2^16 mbufs, or more */

struct dp_worker {
	unsigned id;
	enum dp_use use;
	const struct ct_config *config;
	struct dp_tunnels tunnels;
	dp_rx rx;
	void *source;
	dp_tx tx; /* NULL: nothing is sent; with a mirror: no reset port */
	void *sink;
	dp_give give; /* NULL: all is this one's */
	struct dp_frags *frags; /* NULL: collected before packets come here (captures) */
	struct ct_account aside[DP_PORTS_MAX]; /* of fragments that are looked at beside their way (inline.observe) */
	struct dp_flow_table flows;
	struct rs_pool segments;
	struct rs_stream_mem streams;
	struct rs_pool causals;
	struct dp_causal_list causal; /* connections of which something waits for the other direction */
	uint32_t held_full; /* streams.held beyond which hardly anything is free (dp_share) */
	uint32_t unproven_held; /* of streams.held: by connections that are not proven (dp_share) */
	bool making_room; /* some are giving way */
	struct rs_pool holders; /* those that hold anything */
	struct dp_holder *first_holder;
	TAILQ_HEAD(dp_holder_rank, dp_holder) ranks[2][DP_SHARE_RANKS]; /* [1]: the proven ones */
	struct rte_mempool *mbufs; /* for frames of ours */
	struct dp_hold_mem hold;
	struct rs_pool runs, inlines, fars, replies; /* inline */
	struct dp_inline_list refusing, answering, resetting;
	uint64_t pickup_until;
	struct dp_inspect inspect;
	struct ct_account account[DP_PORTS_MAX]; /* packets by the port they came in by (sent, injected: left by); messages in the first */
	struct dp_worker_stats stats;
	struct dp_flow *flow; /* of the packet being worked on, for the callbacks; NULL: none */
	struct rs_options options; /* of the packet being worked on */
	struct { /* the segment whose payload is being read; not of a connection between two ports */
		uint32_t ack;
		uint8_t dir;
	} said;
	struct { /* what tunnel the last packet that was in one came by */
		struct ct_tunnel is;
		uint64_t id; /* dp_packet's */
		uint8_t src[16]; /* in it */
		uint16_t sport;
	} tunnel;
	uint64_t smtp_ports[65536 / 64]; /* bit set */
	bool ended; /* DP_END was seen */
	bool patient; /* records may be waited for (captures); live ports never wait */
	uint32_t records_out; /* sent to control and not yet back */
	struct rte_ring *records; /* to control: struct ct_record * */
	struct rte_ring *done; /* from control */
	void *memory;
	_Alignas(64) _Atomic uint32_t asked; /* main: wo, worker: ro. Snapshots asked for */
	_Atomic uint32_t given; /* worker: wo, main: ro */
	struct ct_account snapshot[DP_PORTS_MAX]; /* the worker's while asked != given, else main's */
	_Alignas(64) _Atomic uint64_t progress; /* worker: wo, control: ro. All packets up to this number are done with */
	const _Atomic uint64_t *dispatched; /* reader: wo, worker: ro. NULL for ports */
};

struct dp_worker_config {
	unsigned id;
	enum dp_use use;
	const struct ct_config *config;
	const struct mt_ruleset *rules;
	dp_rx rx;
	void *source;
	dp_tx tx;
	void *sink;
	dp_give give;
	uint32_t fragments; /* mbufs that fragments may keep; live */
	const _Atomic uint64_t *dispatched;
	bool patient;
	struct rte_mempool *mbufs; /* inline and mirror */
	uint64_t now; /* when it begins, as its packets tell the time */
	uint32_t held_max; /* mbufs that its connections may keep, all together */
	const struct dp_flow_secret *secret; /* of the flow table's hash; NULL: drawn from the system's randomness */
};

/* 0, or -errno with one line in err. */
int dp_worker_create(const struct dp_worker_config *wc, struct dp_worker **out, char *err, size_t err_size);
void dp_worker_free(struct dp_worker *w);
/* The program ends: gives back what libraries hold for the worker, and leaves its EAL memory to the end of the process, because EAL
 * clears what it is given back, page by page. */
void dp_worker_leave(struct dp_worker *w);

/* Megabytes of EAL memory that so many workers need with this configuration, rings and mbufs included. */
unsigned dp_worker_megabytes(const struct ct_config *c, unsigned workers, enum dp_use use);

/* One of smtp.ports. */
static inline bool dp_worker_mail_port(const struct dp_worker *w, uint16_t port)
{
	return w->smtp_ports[port / 64] & (UINT64_C(1) << (port % 64));
}

/* Whether mail is kept from passing unjudged: between two ports, and not only observing. */
static inline bool dp_worker_guards(const struct dp_worker *w)
{
	return w->use == DP_USE_INLINE && !w->config->inline_.observe;
}

/* It is dropped: counted where it came in. */
static inline enum dp_fate dp_worker_drop(struct dp_worker *w, const struct rte_mbuf *m, enum dp_drop why)
{
	w->account[dp_meta_const(m)->port].dropped[why]++;
	return DP_DROPPED;
}

/* What is not looked into goes on where packets go on at all. */
static inline enum dp_fate dp_worker_pass(const struct dp_worker *w)
{
	return w->use == DP_USE_INLINE ? DP_FORWARDED : DP_CONSUMED;
}

/* What is wrong with it keeps it from being read; who only observes lets it go on. */
static inline enum dp_fate dp_worker_refuse(struct dp_worker *w, const struct rte_mbuf *m, enum dp_drop why)
{
	if (w->use != DP_USE_INLINE || dp_worker_guards(w))
		return dp_worker_drop(w, m, why);
	w->stats.unread[why]++;
	return DP_FORWARDED;
}

/* One burst: received packets are looked at, and given back or sent on. This is the whole way of a packet. */
void dp_worker_burst(struct dp_worker *w, struct rte_mbuf **m, uint16_t n);

/* What became of a frame that was given to the sink, said before it is freed: counted at the port that it came in by, and
 * left by. */
void dp_worker_sent(struct dp_worker *w, const struct rte_mbuf *m, unsigned out);
void dp_worker_unsent(struct dp_worker *w, const struct rte_mbuf *m);

/* A frame that another worker was to be given, and that had no room for it: dropped, counted and freed. */
void dp_worker_not_given(struct dp_worker *w, struct rte_mbuf *m);

/* It goes to the worker that has the port's queue: counted as sent here, by the worker of its connection. */
void dp_worker_hand_on(struct dp_worker *w, struct rte_mbuf *m, unsigned out);

/* Packets went on without it: ends all its connections, as DP_END does, and goes on. */
void dp_worker_lose_track(struct dp_worker *w, uint64_t seq, uint64_t now);

/* When there is nothing to do: takes back the records that control is done with. */
void dp_worker_idle(struct dp_worker *w);

/* Receives one burst and works on it; returns how many packets there were. */
uint16_t dp_worker_poll(struct dp_worker *w);

/* The account as it is between two bursts, from a worker that runs: it copies it out when it is asked. False: it has not within a
 * tenth of a second, and nothing is written. Main only. */
bool dp_worker_snapshot(struct dp_worker *w, struct ct_account to[DP_PORTS_MAX]);

/* lcore main: polls until DP_END. arg: struct dp_worker. */
int dp_worker_run(void *arg);

/* Counters for the account, as name and value; returns how many were written. Of one that only counts (dp_live_stand_in), too. */
size_t dp_worker_counters(struct dp_worker *const *w, unsigned n, struct ct_counter *to, size_t max);

#endif
