/* SPDX-License-Identifier: Apache-2.0 */
/* dp_flow: the table of TCP connections of one worker.
 *
 * Owner:  one worker. Memory: rte_hash and a pool, both of a fixed capacity taken at start. The hash holds no keys but pointers to
 *         those in the flows: 16 bytes an entry, and 16 of buckets where the capacity is a power of two, else up to 32.
 * Units:  times in nanoseconds, the packets' own.
 * A flow is in exactly one list, by what it is worth: each list is in the order of the last packet, so that expiry looks only at
 * what has expired. Who gives way to a newcomer: docs/MEMORY.md. */
#ifndef DP_FLOW_H
#define DP_FLOW_H

#include <string.h>
#include <sys/queue.h>

#include "dataplane/dp_doubt.h"
#include "dataplane/dp_packet.h"
#include "reassembly/rs_pool.h"
#include "reassembly/tcp/rs_tcp.h"
#include "reassembly/tcp/rs_valid.h"

struct rte_hash;
struct dp_causal;
struct dp_inline;
struct dp_session;

struct dp_flow_key { /* the lower endpoint first, so that both directions have the same key */
	uint8_t addr[2][16];
	uint16_t port[2];
	uint16_t vlan[2]; /* 0xffff where there is no tag */
	uint32_t side; /* inline: which end is behind which port; else 0. A packet that comes in by the wrong port is none of this connection */
	uint32_t tunnel[2]; /* dp_packet's, its lower half first */
} __attribute__((aligned(4)));

enum dp_flow_list {
	DP_FLOWS_CLOSED,
	DP_FLOWS_HALF_OPEN, /* anyone can make one: no handshake yet, or not mail and one side was not heard. At most half_open_max */
	DP_FLOWS_ONE_SIDED, /* mail of which one side was not heard, or has not confirmed the other: one forged packet makes one */
	DP_FLOWS_OTHER, /* both sides of it were heard; not mail, or not told yet */
	DP_FLOWS_MAIL, /* proven: never gives way */
	DP_FLOWS_RESET, /* reset by us at a mirror */
	DP_FLOWS_LISTS
};

enum dp_protocol {
	DP_PROTO_PROBING, /* not told yet */
	DP_PROTO_PROXY, /* an HTTP CONNECT was seen: what is inside is told after the answer */
	DP_PROTO_PREFACE, /* a header of the PROXY protocol is under way: what is behind it is told by its own first bytes */
	DP_PROTO_SMTP,
	DP_PROTO_NONE, /* not mail: passes unread */
};

#define DP_PROBE_MAX 12
#define DP_PROBE_UNSEEN 15 /* its beginning is missing */
#define DP_FLOW_JOINS 4

struct dp_probe { /* how a direction begins */
	uint8_t n : 4; /* bytes kept; DP_PROBE_UNSEEN */
	uint8_t proxy_match : 4; /* DP_PROTO_PROXY: how much of CR LF CR LF was seen */
	uint8_t bytes[DP_PROBE_MAX]; /* or DP_PROTO_PREFACE, the client's: a struct rs_smtp_preface */
};
_Static_assert(DP_PROBE_MAX < DP_PROBE_UNSEEN, "n");

struct dp_flow { /* the order leaves no holes: a million of them are kept */
	TAILQ_ENTRY(dp_flow) link;
	struct dp_flow_key key;
	uint32_t records; /* handed to control, of this connection */
	union { /* dp_share's */
		uint32_t unproven_held; /* what it holds, as it is in the worker's sum */
		uint32_t holder; /* ranked: the number of its dp_holder */
	};
	uint16_t input; /* of the last packet, and its number there: pcap_cnt */
	uint8_t proto; /* enum dp_protocol */
	uint8_t key_of_first; /* which end of the key sent the first packet: direction 0 of rs_tcp */
	uint8_t client; /* direction of the SMTP client; 2: not told yet */
	uint8_t list : 3; /* enum dp_flow_list */
	uint8_t ip_version : 3;
	uint8_t reset_by : 2; /* the direction whose RST ended it; 2: none did */
	struct dp_probe probe[2]; /* by direction, until it is told what they are */
	uint8_t fins : 2, syns : 2; /* DP_PROTO_NONE: bit i: a FIN, a SYN without ACK, of direction i was seen */
	uint8_t proxy_done : 2; /* bit i: direction i's header has ended */
	uint8_t has_urgent : 2; /* bit i: urgent[i] is set */
	uint8_t mptcp : 3; /* bit i: the SYN of direction i offered Multipath TCP; DP_FLOW_JOINS: to join another connection (dp_mptcp.h) */
	bool was_mail : 1; /* its session has ended */
	bool again : 1; /* since then its SYN was seen once more */
	bool middle : 1; /* its first packet seen was no SYN; inline, nor the answer to one that was seen */
	bool unheard : 1; /* inline: told not to be mail by the client's bytes, and the server has said nothing yet */
	bool closing : 1; /* its end is at work */
	bool ranked : 1; /* by what it holds out of order */
	bool dead : 1; /* inline: reset on both sides; whoever still speaks is told so */
	uint8_t cut : 2; /* bit i: before its session began, bytes of direction i were missing, and others may have come in their place */
	bool prefaced : 1; /* the client's first bytes were a header of the PROXY protocol */
	bool no_room : 1; /* segments were given up for want of room before its session began */
	struct dp_doubt doubt[2]; /* by direction */
	uint32_t urgent[2]; /* by direction: number of the byte that its receiver takes out of the stream */
	uint32_t anomalies_told, anomalies_due; /* bit a: enum dp_anomaly a was told; is to be told when its session begins */
	uint64_t pcap_cnt;
	uint64_t last; /* time of the last packet */
	uint64_t first_seq, first_time;
	struct rs_tcp tcp;
	struct rs_valid valid; /* what tells which segments the receivers accept */
	struct dp_session *session; /* DP_PROTO_SMTP */
	struct dp_inline *inl; /* inline: what is held of it */
	struct dp_causal *causal; /* NULL: nothing of it waits for the other direction */
};
_Static_assert(sizeof(struct dp_flow) == 496, "a million of them are kept");

TAILQ_HEAD(dp_flow_head, dp_flow);

/* What the hash depends on besides the key. Who does not know it cannot choose keys that collide: two keys chosen without it share their
 * 32 bits with a probability of 2^-32 (NH of RFC 4418, then multiply-shift), however they were chosen. */
struct dp_flow_secret {
	uint64_t mix[8], out[5];
};

struct dp_flow_table {
	struct rte_hash *hash;
	struct dp_flow_secret secret;
	struct rs_pool pool;
	struct dp_flow *recent; /* found last: segments of a window arrive together. NULL: none, or gone */
	struct dp_flow_head lists[DP_FLOWS_LISTS];
	uint32_t count[DP_FLOWS_LISTS];
	uint32_t half_open_max; /* set by the owner: most in HALF_OPEN */
	uint64_t timeout[DP_FLOWS_LISTS]; /* set by the owner */
};

/* From the system's randomness. 0 or -errno. */
int dp_flow_secret_draw(struct dp_flow_secret *s);
uint32_t dp_flow_hash(const struct dp_flow_secret *s, const struct dp_flow_key *k);

/* mem: RS_POOL_BYTES(sizeof(struct dp_flow), capacity). 0 or -errno. Which flow is which depends on the secret nowhere. */
int dp_flow_table_init(struct dp_flow_table *t, const char *name, void *mem, uint32_t capacity, const struct dp_flow_secret *secret,
                       int socket);
/* Bytes that the table takes beside that. */
size_t dp_flow_hash_bytes(uint32_t capacity);
void dp_flow_table_free(struct dp_flow_table *t);

/* The key of a packet, and in *end which end of it sent the packet. */
void dp_flow_key_make(struct dp_flow_key *k, unsigned *end, const struct dp_packet *pkt, bool vlan);

struct dp_flow *dp_flow_look_up(struct dp_flow_table *t, const struct dp_flow_key *k); /* dp_flow_find's, of one that is not recent */

/* In words: a call of memcmp costs more. */
static inline uint64_t dp_flow_key_word(const struct dp_flow_key *k, unsigned i)
{
	uint64_t v = 0;
	memcpy(&v, (const char *)k + 8 * i, i < 6 ? 8 : 4);
	return v;
}

static inline bool dp_flow_key_same(const struct dp_flow_key *a, const struct dp_flow_key *b)
{
	uint64_t differ = 0;
	for (unsigned i = 0; i < 7; i++)
		differ |= dp_flow_key_word(a, i) ^ dp_flow_key_word(b, i);
	return differ == 0;
}

static inline struct dp_flow *dp_flow_find(struct dp_flow_table *t, const struct dp_flow_key *k)
{
	return t->recent && dp_flow_key_same(&t->recent->key, k) ? t->recent : dp_flow_look_up(t, k);
}

/* A new flow, all zero but for its key, in list HALF_OPEN. NULL when the table is full: make room with dp_flow_victim. */
struct dp_flow *dp_flow_add(struct dp_flow_table *t, const struct dp_flow_key *k);

/* Who gives way to a newcomer, the longest idle of its list: where HALF_OPEN has all that it may have, one of these; else where the
 * table is full, CLOSED, ONE_SIDED, OTHER, HALF_OPEN, RESET, in this order: so HALF_OPEN may always have its share, and no more. NULL:
 * there is room, or only MAIL is left (then dp_flow_add answers NULL). */
struct dp_flow *dp_flow_victim(const struct dp_flow_table *t);

/* Any flow; NULL when the table is empty. */
struct dp_flow *dp_flow_any(const struct dp_flow_table *t);

void dp_flow_move(struct dp_flow_table *t, struct dp_flow *f, enum dp_flow_list list); /* to that list's end */

/* A packet came at `now`; the flow belongs in `list` from here on. */
static inline void dp_flow_touch(struct dp_flow_table *t, struct dp_flow *f, enum dp_flow_list list, uint64_t now)
{
	f->last = now;
	if (f->list != list || TAILQ_NEXT(f, link))
		dp_flow_move(t, f, list);
}

/* A flow that has idled past its list's timeout; NULL when there is none. */
struct dp_flow *dp_flow_expired(const struct dp_flow_table *t, uint64_t now);

/* Takes the flow out and gives its memory back. What it refers to is the caller's. */
void dp_flow_remove(struct dp_flow_table *t, struct dp_flow *f);

static inline bool dp_flow_same_address(const uint8_t a[16], const uint8_t b[16])
{
	uint64_t x[2], y[2];
	memcpy(x, a, sizeof x);
	memcpy(y, b, sizeof y);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* The direction of a packet of this flow. */
static inline unsigned dp_flow_direction(const struct dp_flow *f, const struct dp_packet *pkt)
{
	unsigned end = f->key.port[0] == pkt->sport && dp_flow_same_address(f->key.addr[0], pkt->src) ? 0 : 1;
	return end == f->key_of_first ? 0 : 1;
}

/* Inline: the port by which packets of that direction come in. */
static inline unsigned dp_flow_port(const struct dp_flow *f, unsigned dir)
{
	unsigned end = dir == 0 ? f->key_of_first : !f->key_of_first;
	return end ^ f->key.side;
}

/* Inline: what that direction says is read by dp_inline_read, which can stop where it is. */
static inline bool dp_flow_is_held(const struct dp_flow *f, unsigned dir)
{
	return f->inl && dir == f->client;
}

#endif
