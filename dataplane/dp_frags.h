/* SPDX-License-Identifier: Apache-2.0 */
/* dp_frags: datagrams that come in fragments: those under way, and the packets that they become.
 *
 * Owner:  one worker; of captures the main thread, before frames go to their workers.
 * Memory: all of it taken at start: datagrams, pieces, and buckets of the hash. Fragments are kept in their mbufs, of which
 *         there may be `fragments`; a datagram that is whole is copied into others.
 * Units:  times in nanoseconds, the packets' own.
 * Work:   a fragment costs at most a step for each that its datagram has, and giving up DP_FRAGS_STEPS datagrams; one that makes
 *         its datagram whole, a copy of that.
 *
 * At capacity the oldest datagram gives way of the senders that keep most mbufs. (Senders are told apart by a hash of their
 * addresses into DP_FRAGS_GROUPS, so that who sends fragments without end pushes out his own, and those of who falls together
 * with him.)
 *
 * What gives way on a copy is told to the connection in it: `begun`. Where the first fragment has not come that waits until it does: the
 * place of the datagram in `lost` says so for as long as a datagram may wait, and nothing that comes after makes it forget.
 *
 * What was whole on a copy, and TCP, is remembered for as long as a datagram may wait: of its fragments one may have died on the
 * way, and the one that its receiver got instead may come here behind it. A later fragment of its number that says other than it
 * did is told to its connection (enum dp_again), which knows whether the receiver had taken it before. So is when it is forgotten,
 * after that time or for want of room.
 *
 * Accounting: a fragment that waits is held. When its datagram is whole the datagram stands for the fragment that completed it:
 * it is a DP_GIVEN frame, to be looked at as any other, by whoever owns what is in it; the other fragments are consumed, or,
 * between two ports, travel with it until it is known what becomes of it. What does not become whole is dropped. */
#ifndef DP_FRAGS_H
#define DP_FRAGS_H

#include <sys/queue.h>

#include "control/ct_config.h"
#include "dataplane/dp_mbuf.h"
#include "dataplane/dp_worker.h"
#include "reassembly/ip/rs_frag.h"

#define DP_FRAGS_GROUPS 64
#define DP_FRAGS_STEPS 32
#define DP_FRAGS_DEPTH 4 /* datagrams in fragments, each the payload of the next */
#define DP_FRAGS_REMEMBERED 4 /* datagrams of one number */
#define DP_FRAGS_TRIED 16 /* fragments that are put in the place of those of one datagram */
#define DP_FRAGS_LOST 256 /* places of a group, a power of two */

struct dp_frags_key {
	uint8_t src[16], dst[16];
	uint32_t id;
	uint16_t vlan[2]; /* 0xffff: none */
	uint8_t proto; /* IPv4; of IPv6 it is the first fragment's alone that counts (RFC 8200 4.5) */
	uint8_t version;
	uint8_t side; /* the port that they came in by */
	uint8_t zero; /* no hole */
	uint64_t tunnel; /* that it came in; 0: none */
};

struct dp_datagram;
TAILQ_HEAD(dp_datagrams, dp_datagram);

struct dp_frags_stats {
	uint64_t fragments, datagrams; /* received; made whole */
	uint64_t tiny; /* first fragments without a whole TCP header, and those that begin in one (RFC 1858, RFC 3128) */
	uint64_t contradictions; /* datagrams */
	uint64_t evicted;
	uint64_t timeouts; /* datagrams */
	uint64_t faults[RS_FRAG_FAULTS]; /* fragments */
};

struct dp_frags {
	const struct ct_config *config;
	uint64_t seed, timeout;
	struct rs_pool datagrams, pieces;
	struct dp_datagram **buckets;
	uint32_t mask; /* buckets - 1 */
	uint32_t kept, kept_max; /* mbufs */
	struct dp_datagrams order, done; /* the oldest first; done: what was whole, and is remembered */
	struct { struct dp_datagrams list, done; uint32_t kept; } groups[DP_FRAGS_GROUPS];
	struct rs_frag_mem mem;
	bool inline_;
	struct dp_tunnels tunnels;
	struct ct_account *account; /* by port */
	struct rte_mbuf *(*alloc)(void *arg);
	void (*begun)(void *arg, struct rte_mbuf *m);
	void *arg;
	struct rte_mbuf *beginnings, **last_beginning; /* to be given to begun */
	bool handing; /* they are being given */
	/* By group and hash: the second, from 1, in which a datagram there was given up before its first fragment came. */
	uint32_t (*lost)[DP_FRAGS_LOST];
	struct dp_frags_stats stats;
};

struct dp_frags_config {
	const struct ct_config *config;
	uint64_t seed; /* secret: who knows it can choose datagrams that meet in the hash */
	uint32_t fragments; /* mbufs that may be kept */
	bool inline_; /* between two ports: datagrams carry their fragments, and none whose fragments differ is made */
	struct ct_account *account;
	struct rte_mbuf *(*alloc)(void *arg); /* NULL: none is to be had */
	/* Of copies: a datagram that is given up for want of room or after its time, and that its receiver may yet have whole, as far as it
	 * is here from its beginning: a DP_GIVEN frame of the callee's, counted as held, of which the rest is missing. What is in it may
	 * be taken as any fragment is (dp_frags_take). Or one that was whole before (dp_meta's again): in no account. */
	void (*begun)(void *arg, struct rte_mbuf *m);
	void *arg;
};

/* mem: dp_frags_bytes of it, aligned to 64. */
size_t dp_frags_bytes(const struct ct_config *c, uint32_t fragments);
void dp_frags_init(struct dp_frags *f, void *mem, const struct dp_frags_config *fc);

/* A seed. Start only. */
uint64_t dp_frags_seed(void);

/* While nothing is kept: the seed is drawn from these n bytes and that time, those of a capture's first packet. The same capture reads
 * the same each time, and who made its fragments did not know when it would begin. */
void dp_frags_seed_by(struct dp_frags *f, uint64_t time, const void *p, size_t n);

/* Whether a DP_FRAGMENT is one to be collected: one of TCP, or of what TCP may stand in: extension headers, tunnels that are
 * opened. */
bool dp_frags_wants(const struct dp_frags *f, const struct dp_packet *pkt, struct rte_mbuf *m);

/* A fragment that dp_frags_wants, received and counted so. What becomes of it: DP_HELD (a reference was taken; counted), DP_DROPPED
 * (counted), or DP_CONSUMED (it repeats others; not counted). *datagram: NULL, or the datagram that it completes: a DP_GIVEN frame
 * of the caller's. */
enum dp_fate dp_frags_take(struct dp_frags *f, const struct dp_packet *pkt, struct rte_mbuf *m, struct rte_mbuf **datagram);

/* The time is `now`: gives up what has waited too long, DP_FRAGS_STEPS datagrams at most. What is given to `begun` tells this time. */
void dp_frags_expire(struct dp_frags *f, uint64_t now);

/* Nothing follows: gives up all, and tells nobody: what was read by now was all there is. */
void dp_frags_end(struct dp_frags *f);

/* Of a datagram that came with its fragments: these, but for the one that it stands for, are consumed; all are given back.
 * account: of the port by which they came. */
void dp_frags_release(struct rte_mbuf *datagram, struct ct_account *account);

/* Counters for the account, behind the n that are there; returns how many there are then. */
size_t dp_frags_counters(const struct dp_frags *f, struct ct_counter *to, size_t n, size_t max);

#endif
