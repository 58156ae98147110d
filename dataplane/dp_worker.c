/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_worker.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_pause.h>
#include <rte_prefetch.h>

#include "dataplane/dp_admit.h"
#include "dataplane/dp_conn.h"
#include "dataplane/dp_frags.h"
#include "dataplane/dp_inline.h"
#include "dataplane/dp_inline_state.h"
#include "dataplane/dp_joined.h"
#include "dataplane/dp_layers.h"
#include "dataplane/dp_mirror.h"
#include "dataplane/dp_protocol.h"
#include "dataplane/dp_streams.h"

const char *const dp_drop_names[DP_DROP_MAX] = { "truncated", "bad_link", "bad_ip", "bad_tcp", "bad_checksum", "full",
						  "no_room",   "contradiction", "window", "closed", "fragment", "urgent", "too_deep", "invalid",
						  "fragment_timeout", "fragment_overlap", "fragment_bad", "fragment_no_room", "wrong_port" };

/* Records. */

static bool send_record(void *arg, struct ct_record *r)
{
	struct dp_worker *w = arg;
	if (rte_ring_sp_enqueue(w->records, r) != 0)
		return false;
	w->records_out++;
	return true;
}

static bool reclaim_records(void *arg, bool wait)
{
	struct dp_worker *w = arg;
	void *r[DP_BURST];
	for (;;) {
		unsigned n = rte_ring_sc_dequeue_burst(w->done, r, DP_BURST, NULL);
		for (unsigned i = 0; i < n; i++)
			dp_record_free(&w->inspect, r[i]);
		w->records_out -= n;
		if (n > 0)
			return true;
		if (!wait || !w->patient || w->records_out == 0)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	}
}

void dp_worker_idle(struct dp_worker *w)
{
	reclaim_records(w, false);
}

/* The way of a packet. */

/* A mail client's greeting, which it says once: mail of which nothing will be read, for no flow is kept. */
static void count_greeting(struct dp_worker *w, const struct dp_packet *pkt, const struct rte_mbuf *m)
{
	char verb[5] = "";
	if (!dp_worker_mail_port(w, pkt->dport) || pkt->payload_len < sizeof verb ||
	    rte_pktmbuf_data_len(m) < pkt->payload_off + sizeof verb)
		return;
	memcpy(verb, rte_pktmbuf_mtod_offset(m, const char *, pkt->payload_off), sizeof verb);
	if (strncasecmp(verb, "EHLO ", 5) != 0 && strncasecmp(verb, "HELO ", 5) != 0 && strncasecmp(verb, "LHLO ", 5) != 0)
		return;
	w->account[0].seen++;
	w->account[0].unscanned[CT_REASON_OVERLOAD]++;
}

/* A segment that no flow is kept for: what could begin or carry mail does not pass unread. */
static enum dp_fate no_flow(struct dp_worker *w, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	bool mail = dp_conn_is_mail(w, pkt);
	if (!dp_worker_guards(w)) {
		count_greeting(w, pkt, m);
		return dp_worker_pass(w);
	}
	if (!mail)
		return dp_worker_pass(w);
	if (!(pkt->tcp_flags & RS_TCP_SYN) && pkt->payload_len == 0)
		return dp_worker_pass(w);
	return dp_worker_drop(w, m, DP_DROP_NO_ROOM);
}

/* Headers that no host takes: nobody's mail, but what could be some does not pass unread. */
static enum dp_fate unreadable(struct dp_worker *w, const struct rte_mbuf *m, const struct dp_packet *pkt, enum dp_drop why)
{
	bool tcp = pkt->proto == IPPROTO_TCP && (pkt->sport == 0 || dp_conn_is_mail(w, pkt));
	return w->use == DP_USE_INLINE && !tcp ? dp_worker_pass(w) : dp_worker_refuse(w, m, why);
}

/* Its IP length promises more than the frame ever had: no receiver takes it. Of a frame that a capture holds in part,
 * nobody here knows. */
static bool never_whole(const struct rte_mbuf *m, const struct dp_packet *pkt)
{
	return pkt->payload_missing && (uint64_t)rte_pktmbuf_pkt_len(m) + pkt->payload_missing > dp_meta_const(m)->wire_len;
}

/* As dp_conn_of. The sum of what was put together here may be wrong where its receiver's is right: differences are told before it is
 * looked at. */
static struct dp_flow *flow_of(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, const struct dp_meta *meta)
{
	f = dp_conn_of(w, f, pkt, meta);
	if (f && meta->differs)
		dp_joined_tell(w, f, pkt, meta);
	return f;
}

static enum dp_fate segment(struct dp_worker *w, struct rte_mbuf *m, const struct dp_packet *pkt)
{
	/* What the port cut cannot go on: its receiver would not take it, and would the reader. */
	if (pkt->payload_missing && (w->use == DP_USE_INLINE || never_whole(m, pkt)))
		return unreadable(w, m, pkt, DP_DROP_TRUNCATED);
	struct dp_flow *f = dp_conn_find(w, pkt, dp_meta(m));
	if (!f && dp_meta(m)->datagram && dp_joined_give(w, m, pkt, DP_OWNER_FLOW))
		return DP_GONE;
	/* On a copy the flow tells whether its receiver took a segment of a wrong sum. Between two ports none takes it, and it changes
	 * nothing. */
	if (w->use != DP_USE_INLINE)
		f = flow_of(w, f, pkt, dp_meta(m));
	switch (dp_streams_checksum(w, f, pkt, m)) {
	case DP_SUM_TAKE:
		break;
	case DP_SUM_WAIT:
		return DP_HELD;
	case DP_SUM_DROP:
		/* What is no mail goes on as it is: its receiver will not take it. */
		if (w->use == DP_USE_INLINE && !(f && (f->inl || f->dead)) && !dp_conn_is_mail(w, pkt))
			return dp_worker_pass(w);
		return dp_worker_refuse(w, m, DP_DROP_BAD_CHECKSUM);
	}
	if (w->use == DP_USE_INLINE && !f && dp_conn_is_astray(w, pkt, dp_meta(m)))
		return dp_worker_refuse(w, m, DP_DROP_WRONG_PORT);
	if (w->use == DP_USE_INLINE)
		f = flow_of(w, f, pkt, dp_meta(m));
	else if (f)
		f = dp_conn_renew(w, f, pkt, dp_meta(m));
	if (!f)
		return no_flow(w, pkt, m);
	switch (dp_admit_segment(w, f, pkt, m)) {
	case DP_SUM_TAKE:
		break;
	case DP_SUM_WAIT:
		return DP_HELD;
	case DP_SUM_DROP:
		return dp_worker_refuse(w, m, DP_DROP_INVALID);
	}
	if (dp_worker_guards(w))
		return dp_inline_segment(w, f, pkt, m);
	f = dp_conn_segment(w, f, pkt, m);
	if (f && w->use == DP_USE_MIRROR && w->tx)
		dp_mirror_segment(w, f, pkt, m);
	return dp_worker_pass(w);
}

/* For the records of a session, should one begin with it. */
static void note_tunnel(struct dp_worker *w, const struct rte_mbuf *m, const struct dp_packet *pkt)
{
	if (pkt->tunnel == w->tunnel.id && pkt->sport == w->tunnel.sport && memcmp(pkt->src, w->tunnel.src, sizeof pkt->src) == 0)
		return;
	w->tunnel.id = pkt->tunnel;
	memcpy(w->tunnel.src, pkt->src, sizeof pkt->src);
	w->tunnel.sport = pkt->sport;
	dp_layers_outermost(&w->tunnel.is, rte_pktmbuf_mtod(m, const uint8_t *), pkt);
}

static enum dp_fate inspect(struct dp_worker *w, struct rte_mbuf *m);

static bool act(struct dp_worker *w, struct rte_mbuf *m, enum dp_fate fate);

/* A datagram made of fragments is a packet like any other, until it is to be sent. */
static enum dp_fate datagram(struct dp_worker *w, struct rte_mbuf *m)
{
	return dp_joined_send(w, m, inspect(w, m));
}

/* What another worker, or this one, counts as received and held. True: it is the worker's no more. */
static bool given(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	if (!meta->uncounted)
		w->account[meta->port].held--;
	return act(w, m, meta->datagram ? datagram(w, m) : inspect(w, m));
}

/* A datagram that was completed here is worked on at once, in the place of its last fragment. */
static void completed(struct dp_worker *w, struct rte_mbuf *m)
{
	if (!given(w, m))
		rte_pktmbuf_free(m);
}

static enum dp_fate fragment(struct dp_worker *w, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	struct rte_mbuf *whole = NULL;
	enum dp_fate fate = dp_joined_take(w, pkt, m, &whole);
	if (whole)
		completed(w, whole);
	return fate;
}

static enum dp_fate inspect(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	struct dp_packet pkt;
	enum dp_class class = dp_joined_parse(w, m, &pkt);
	if (meta->wire_len > rte_pktmbuf_pkt_len(m))
		w->stats.cut_packets++;
	/* One that was given is counted where it was received. */
	if (meta->kind == DP_FRAME)
		w->stats.class_packets[class]++;
	/* Nobody receives the copies of a mirror that pass between two ports. */
	if (pkt.mirrored && w->use == DP_USE_INLINE)
		return dp_worker_pass(w);
	switch (class) {
	case DP_TCP:
		if (pkt.depth > 0)
			note_tunnel(w, m, &pkt);
		return segment(w, m, &pkt);
	case DP_FRAGMENT:
		return fragment(w, &pkt, m);
	case DP_OTHER:
		return dp_worker_pass(w);
	case DP_TRUNCATED:
		return unreadable(w, m, &pkt, DP_DROP_TRUNCATED);
	case DP_BAD_LINK:
		return unreadable(w, m, &pkt, DP_DROP_BAD_LINK);
	case DP_BAD_IP:
		return unreadable(w, m, &pkt, DP_DROP_BAD_IP);
	case DP_BAD_TCP:
		return unreadable(w, m, &pkt, DP_DROP_BAD_TCP);
	case DP_TOO_DEEP:
		return dp_worker_refuse(w, m, DP_DROP_TOO_DEEP);
	case DP_CLASS_MAX:
		break;
	}
	return DP_CONSUMED;
}

/* True: the frame is the worker's no more. */
static bool act(struct dp_worker *w, struct rte_mbuf *m, enum dp_fate fate)
{
	unsigned port = dp_meta(m)->port;
	switch (fate) {
	case DP_FORWARDED:
		w->tx(w->sink, m, !port);
		return true;
	case DP_CONSUMED:
		w->account[port].consumed++;
		return false;
	case DP_GONE:
		return true;
	case DP_HELD:
	case DP_DROPPED:
		break;
	}
	return false;
}

void dp_worker_sent(struct dp_worker *w, const struct rte_mbuf *m, unsigned out)
{
	const struct dp_meta *meta = dp_meta_const(m);
	if (meta->kind == DP_SEND)
		return;
	w->account[out].sent++;
	if (meta->kind == DP_OURS)
		w->account[out].injected++;
	else
		w->account[meta->port].forwarded++;
}

void dp_worker_unsent(struct dp_worker *w, const struct rte_mbuf *m)
{
	const struct dp_meta *meta = dp_meta_const(m);
	bool ours = meta->kind == DP_OURS || (meta->kind == DP_SEND && meta->ours);
	if (meta->kind == DP_SEND) {
		w->account[meta->out].sent--;
		if (ours)
			w->account[meta->out].injected--;
		else
			w->account[meta->port].forwarded--;
	}
	if (ours)
		w->stats.injected_lost++;
	else
		dp_worker_drop(w, m, DP_DROP_FULL);
}

void dp_worker_not_given(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	if (!meta->uncounted) {
		w->account[meta->port].held--;
		dp_frags_release(m, &w->account[meta->port]);
		dp_worker_drop(w, m, DP_DROP_FULL);
	}
	rte_pktmbuf_free(m);
}

void dp_worker_hand_on(struct dp_worker *w, struct rte_mbuf *m, unsigned out)
{
	struct dp_meta *meta = dp_meta(m);
	dp_worker_sent(w, m, out);
	meta->ours = meta->kind == DP_OURS;
	meta->kind = DP_SEND;
	meta->out = (uint8_t)out;
}

/* A packet is in no cache when it comes: while one is worked on, the next is fetched. More than one ahead, or more of it than a
 * segment, would drive out what is being worked on. */
static void fetch(const struct rte_mbuf *m)
{
	const char *p = rte_pktmbuf_mtod(m, const char *);
	uint16_t len = RTE_MIN(rte_pktmbuf_data_len(m), 2048);
	for (uint16_t at = 0; at < len; at += RTE_CACHE_LINE_SIZE)
		rte_prefetch0(p + at);
}

void dp_worker_burst(struct dp_worker *w, struct rte_mbuf **m, uint16_t n)
{
	struct rte_mbuf *done[DP_BURST];
	unsigned ndone = 0;
	for (uint16_t i = 0; i < n; i++) {
		const struct dp_meta *meta = dp_meta(m[i]);
		bool gone = false;
		if (i + 1 < n)
			fetch(m[i + 1]);
		w->inspect.now = (struct dp_now){ meta->seq, meta->time, meta->pcap_cnt, meta->input };
		switch (meta->kind) {
		case DP_FRAME:
			w->account[meta->port].received++;
			w->account[meta->port].bytes += rte_pktmbuf_pkt_len(m[i]);
			gone = act(w, m[i], inspect(w, m[i]));
			break;
		case DP_GIVEN:
			gone = given(w, m[i]);
			break;
		case DP_TICK:
			if (w->frags)
				dp_frags_expire(w->frags, meta->time);
			/* Where packets can wait, all end at the same tick, however many workers they are spread over. */
			while (dp_conn_expire(w, meta->time) == DP_EXPIRE_MAX && w->patient)
				;
			dp_inline_tick(w, meta->time);
			break;
		case DP_END:
			if (w->frags)
				dp_frags_end(w->frags);
			dp_conn_end_all(w);
			w->ended = true;
			break;
		case DP_SEND:
		case DP_OURS:
			w->tx(w->sink, m[i], meta->out);
			gone = true;
			break;
		}
		if (!gone)
			done[ndone++] = m[i];
	}
	rte_pktmbuf_free_bulk(done, ndone);
}

void dp_worker_lose_track(struct dp_worker *w, uint64_t seq, uint64_t now)
{
	w->inspect.now = (struct dp_now){ seq, now, 0, 0 };
	if (w->frags)
		dp_frags_end(w->frags);
	dp_conn_end_all(w);
}

static void give_snapshot(struct dp_worker *w)
{
	uint32_t asked = atomic_load_explicit(&w->asked, memory_order_acquire);
	if (asked == atomic_load_explicit(&w->given, memory_order_relaxed))
		return;
	memcpy(w->snapshot, w->account, sizeof w->snapshot);
	atomic_store_explicit(&w->given, asked, memory_order_release);
}

uint16_t dp_worker_poll(struct dp_worker *w)
{
	struct rte_mbuf *m[DP_BURST];
	give_snapshot(w);
	/* Read before the ring is: what was dispatched by then was in the ring by then. */
	uint64_t dispatched = w->dispatched ? atomic_load_explicit(w->dispatched, memory_order_acquire) : 0;
	uint16_t n = w->rx(w->source, m, DP_BURST);
	if (n > 0) {
		uint64_t last = dp_meta(m[n - 1])->seq;
		dp_worker_burst(w, m, n);
		atomic_store_explicit(&w->progress, last, memory_order_release);
	} else if (dispatched > atomic_load_explicit(&w->progress, memory_order_relaxed)) {
		atomic_store_explicit(&w->progress, dispatched, memory_order_release);
	}
	return n;
}

bool dp_worker_snapshot(struct dp_worker *w, struct ct_account to[DP_PORTS_MAX])
{
	uint32_t asked = atomic_load_explicit(&w->asked, memory_order_relaxed);
	/* One that was not given in time may still come. */
	if (atomic_load_explicit(&w->given, memory_order_acquire) == asked)
		atomic_store_explicit(&w->asked, ++asked, memory_order_release);
	for (unsigned i = 0; i < 1000; i++) {
		if (atomic_load_explicit(&w->given, memory_order_acquire) == asked) {
			memcpy(to, w->snapshot, sizeof w->snapshot);
			return true;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	}
	return false;
}

int dp_worker_run(void *arg)
{
	struct dp_worker *w = arg;
	unsigned idle = 0;
	while (!w->ended) {
		if (dp_worker_poll(w) > 0) {
			idle = 0;
			continue;
		}
		dp_worker_idle(w);
		/* Workers may be more than processors here: a worker without work steps back. */
		if (++idle < 64)
			rte_pause();
		else
			nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	}
	return 0;
}

/* Making one. */

#define ALIGN64(n) (((n) + 63) & ~(size_t)63)

/* What holding takes: each packet buffer may be remembered, each connection watched, and as many clients answered as an
 * outbreak may bring at once. */
static uint32_t replies_of(const struct ct_config *c)
{
	return RTE_MAX(c->memory.messages / 8, 64u);
}

#define FOR_EACH_POOL(X)                                                                                               \
	X(runs, sizeof(struct dp_hold_run), c->memory.mbufs)                                                           \
	X(inlines, sizeof(struct dp_inline), c->memory.flows)                                                         \
	X(fars, 2 * sizeof(struct dp_voice_far), c->memory.wrapped)                                                    \
	X(replies, sizeof(struct dp_replies), replies_of(c))

static size_t inline_bytes(const struct ct_config *c)
{
	size_t bytes = 0;
#define X(pool, size, n) bytes += ALIGN64(RS_POOL_BYTES(size, n));
	FOR_EACH_POOL(X)
#undef X
	return bytes;
}

/* All of them, for one: their mbufs are shared out, but nothing keeps the senders from sending all to one. */
static size_t frags_bytes(const struct ct_config *c)
{
	return ALIGN64(sizeof(struct dp_frags)) + dp_frags_bytes(c, c->memory.fragments);
}

static size_t worker_bytes(const struct ct_config *c, enum dp_use use)
{
	return ALIGN64(RS_POOL_BYTES(sizeof(struct dp_flow), c->memory.flows)) +
	       ALIGN64(RS_POOL_BYTES(sizeof(struct rs_seg), c->memory.segments)) + (use == DP_USE_INLINE ? inline_bytes(c) : 0) +
	       (use == DP_USE_READ ? 0 : frags_bytes(c)) + dp_inspect_bytes(c);
}

unsigned dp_worker_megabytes(const struct ct_config *c, unsigned workers, enum dp_use use)
{
	size_t hash = dp_flow_hash_bytes(c->memory.flows);
	/* A pointer each, rounded up to a power of two. */
	size_t rings = (size_t)c->memory.records * 2 * 2 * sizeof(void *) + 65536;
	size_t each = sizeof(struct rte_mbuf) + sizeof(struct dp_meta) + RTE_MBUF_DEFAULT_BUF_SIZE + 128;
	size_t mbufs = ((size_t)c->memory.mbufs + c->memory.fragments) * each;
	size_t bytes = workers * (worker_bytes(c, use) + sizeof(struct dp_worker) + hash + rings) + mbufs;
	if (use == DP_USE_READ)
		bytes += frags_bytes(c); /* the reader's */
	return (unsigned)((bytes + bytes / 16) / 1048576) + 24;
}

static void ref_get(void *ref)
{
	rte_pktmbuf_refcnt_update(ref, 1);
}

static void ref_put(void *ref)
{
	rte_pktmbuf_free(ref);
}

static int make_rings(struct dp_worker *w)
{
	char name[RTE_RING_NAMESIZE];
	unsigned size = w->config->memory.records;
	snprintf(name, sizeof name, "records%u", w->id);
	w->records = rte_ring_create(name, size, rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	snprintf(name, sizeof name, "done%u", w->id);
	w->done = rte_ring_create(name, size, rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	return w->records && w->done ? 0 : -ENOMEM;
}

static uint64_t seconds(uint32_t s)
{
	return s * UINT64_C(1000000000);
}

static char *make_inline(struct dp_worker *w, const struct dp_worker_config *wc, char *at)
{
	const struct ct_config *c = wc->config;
	if (w->use != DP_USE_INLINE)
		return at;
#define X(pool, size, n)                                                                                               \
	rs_pool_init(&w->pool, at, size, n);                                                                           \
	at += ALIGN64(RS_POOL_BYTES(size, n));
	FOR_EACH_POOL(X)
#undef X
	/* What arrives out of order is kept twice, by the reader of the headers too. */
	w->streams.held_max = wc->held_max / 4;
	w->hold = (struct dp_hold_mem){ .runs = &w->runs, .ref_get = dp_kept_get, .ref_put = dp_kept_put, .same = dp_kept_same,
					.held_max = wc->held_max - w->streams.held_max };
	w->pickup_until = wc->now + seconds(c->inline_.pickup);
	return at;
}

static struct rte_mbuf *alloc_frame(void *worker)
{
	return rte_pktmbuf_alloc(((struct dp_worker *)worker)->mbufs);
}

static char *make_frags(struct dp_worker *w, const struct dp_worker_config *wc, char *at)
{
	struct dp_frags_config fc = { .config = wc->config, .seed = dp_frags_seed(), .fragments = wc->fragments,
		.inline_ = dp_worker_guards(w),
				      .account = w->use == DP_USE_INLINE && !dp_worker_guards(w) ? w->aside : w->account,
				      .alloc = alloc_frame, .arg = w };
	if (w->use == DP_USE_READ)
		return at;
	w->frags = (struct dp_frags *)at;
	dp_frags_init(w->frags, at + ALIGN64(sizeof *w->frags), &fc);
	return at + frags_bytes(wc->config);
}

int dp_worker_create(const struct dp_worker_config *wc, struct dp_worker **out, char *err, size_t err_size)
{
	const struct ct_config *c = wc->config;
	size_t asked;
	*out = NULL;
	if (rs_inflate_check(&asked) != 0) {
		snprintf(err, err_size, "zlib %s asks for %zu bytes to inflate, and mailweir was built with room for %u: set "
			 "RS_INFLATE_MEMORY in reassembly/archive/rs_inflate.h to at least that, and build it again", zlibVersion(), asked,
			 (unsigned)RS_INFLATE_MEMORY);
		return -ENOTSUP;
	}
	int rc = -ENOMEM;
	struct dp_worker *w = rte_zmalloc("worker", sizeof *w, 64);
	if (!w)
		goto fail;
	w->id = wc->id;
	w->use = wc->use;
	w->tx = wc->tx;
	w->sink = wc->sink;
	w->give = wc->give;
	w->config = c;
	w->rx = wc->rx;
	w->source = wc->source;
	w->dispatched = wc->dispatched;
	w->patient = wc->patient;
	dp_tunnels_init(&w->tunnels, c);
	for (size_t i = 0; i < c->smtp.nports; i++)
		w->smtp_ports[c->smtp.ports[i] / 64] |= UINT64_C(1) << (c->smtp.ports[i] % 64);

	TAILQ_INIT(&w->refusing);
	TAILQ_INIT(&w->answering);
	TAILQ_INIT(&w->resetting);
	w->mbufs = wc->mbufs;

	char *at = w->memory = rte_malloc("worker pools", worker_bytes(c, w->use), 64);
	if (!at)
		goto fail;
	struct dp_flow_secret secret;
	if (!wc->secret && (rc = dp_flow_secret_draw(&secret)) != 0)
		goto fail;
	char name[32];
	snprintf(name, sizeof name, "flows%u", w->id);
	rc = dp_flow_table_init(&w->flows, name, at, c->memory.flows, wc->secret ? wc->secret : &secret, (int)rte_socket_id());
	if (rc != 0)
		goto fail;
	at += ALIGN64(RS_POOL_BYTES(sizeof(struct dp_flow), c->memory.flows));
	w->flows.half_open_max = c->memory.half_open ? c->memory.half_open : RTE_MAX(c->memory.flows / 8, 1u);
	w->flows.timeout[DP_FLOWS_HALF_OPEN] = seconds(c->tcp.timeout_new);
	w->flows.timeout[DP_FLOWS_OTHER] = w->flows.timeout[DP_FLOWS_MAIL] = seconds(c->tcp.timeout_established);
	w->flows.timeout[DP_FLOWS_ONE_SIDED] = w->flows.timeout[DP_FLOWS_MAIL];
	w->flows.timeout[DP_FLOWS_RESET] = seconds(2);
	w->flows.timeout[DP_FLOWS_CLOSED] = seconds(c->tcp.timeout_closed);
	rs_pool_init(&w->segments, at, sizeof(struct rs_seg), c->memory.segments);
	at += ALIGN64(RS_POOL_BYTES(sizeof(struct rs_seg), c->memory.segments));
	w->streams = (struct rs_stream_mem){ .segs = &w->segments, .ref_get = ref_get, .ref_put = ref_put, .window = c->tcp.window,
					      .limit = (uint16_t)c->tcp.held, .held_max = wc->held_max, .same = dp_kept_compare };
	at = make_frags(w, wc, make_inline(w, wc, at));
	rc = make_rings(w);
	if (rc != 0)
		goto fail;
	rc = dp_inspect_init(&w->inspect, c, wc->rules, at, w->account, send_record, reclaim_records, w);
	if (rc != 0)
		goto fail;
	w->inspect.inline_ = w->use == DP_USE_INLINE;
	w->inspect.identify = dp_protocol_identify;
	w->inspect.room = dp_conn_room;
	*out = w;
	return 0;
fail:
	snprintf(err, err_size, "worker %u could not be made: %s; smaller values under `memory:` need less", wc->id,
	         strerror(-rc));
	dp_worker_free(w);
	return rc;
}

void dp_worker_leave(struct dp_worker *w)
{
	if (w)
		dp_inspect_free(&w->inspect);
}

void dp_worker_free(struct dp_worker *w)
{
	if (!w)
		return;
	dp_inspect_free(&w->inspect);
	rte_ring_free(w->records);
	rte_ring_free(w->done);
	if (w->flows.hash)
		dp_flow_table_free(&w->flows);
	if (w->memory)
		rs_pool_release(w->memory, worker_bytes(w->config, w->use));
	rte_free(w->memory);
	rte_free(w);
}
