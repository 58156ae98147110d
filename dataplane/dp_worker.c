/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_worker_private.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <rte_pause.h>
#include <rte_prefetch.h>

#include "dataplane/dp_admit.h"
#include "dataplane/dp_conn.h"
#include "dataplane/dp_datagram.h"
#include "dataplane/dp_frags.h"
#include "dataplane/dp_inline.h"
#include "dataplane/dp_joined.h"
#include "dataplane/dp_layers.h"
#include "dataplane/dp_mirror.h"
#include "dataplane/dp_share.h"
#include "dataplane/dp_streams.h"

const char *const dp_drop_names[DP_DROP_MAX] = { "truncated", "bad_link", "bad_ip", "bad_tcp", "bad_checksum", "full",
						  "no_room",   "contradiction", "window", "closed", "fragment", "urgent", "too_deep", "invalid",
						  "fragment_timeout", "fragment_overlap", "fragment_bad", "fragment_no_room", "wrong_port" };

/* Records. */

/* Of captures, which can wait: how many records may be on their way. Else what control has yet to write would be as much as there is
 * room for. */
#define RECORDS_AHEAD 1024

bool dp_worker_send_record(void *arg, struct ct_record *r)
{
	struct dp_worker *w = arg;
	if (w->patient && w->records_out >= RECORDS_AHEAD)
		return false;
	if (rte_ring_sp_enqueue(w->records, r) != 0)
		return false;
	w->records_out++;
	return true;
}

bool dp_worker_reclaim_records(void *arg, bool wait)
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
	dp_worker_reclaim_records(w, false);
}

/* References. Most that streams take end with the burst: until then they need none of the mbuf's. */

void dp_worker_ref_get(void *ref)
{
	struct rte_mbuf *m = ref;
	struct dp_meta *meta = dp_meta(m);
	if (meta->streams++ == 0 && !meta->lent)
		rte_pktmbuf_refcnt_update(m, 1);
}

void dp_worker_ref_put(void *ref)
{
	struct rte_mbuf *m = ref;
	struct dp_meta *meta = dp_meta(m);
	if (--meta->streams == 0 && !meta->lent)
		rte_pktmbuf_free(m);
}

/* Whether the burst, which is done with it, is to free it. */
static bool is_to_free(struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	bool left = meta->lent && meta->streams > 0;
	meta->lent = false;
	return !left;
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
	if (dp_meta(m)->beginning)
		return dp_worker_pass(w);
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
	/* Between two ports others may have it from here on. */
	dp_meta(m)->lent = w->use != DP_USE_INLINE;
	/* What is behind a connection's end is told by its timestamps, too. */
	if (f && f->was_mail)
		dp_admit_options(w, pkt, m);
	/* On a copy the flow tells whether its receiver took a segment of a wrong sum. Between two ports none takes it, and it changes
	 * nothing. */
	if (w->use != DP_USE_INLINE)
		f = flow_of(w, f, pkt, dp_meta(m));
	if (dp_share_is_full(w) && w->use != DP_USE_INLINE && f)
		dp_conn_make_room(w, f, pkt);
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
	if (!dp_conn_segment(w, &f, pkt, m))
		return DP_HELD;
	if (f && w->use == DP_USE_MIRROR && w->tx)
		dp_mirror_segment(w, f, pkt, m);
	return dp_worker_pass(w);
}

/* For the records of a session, should one begin with it. */
static void note_tunnel(struct dp_worker *w, const struct rte_mbuf *m, const struct dp_packet *pkt)
{
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
	if (!given(w, m) && is_to_free(m))
		rte_pktmbuf_free(m);
}

void dp_worker_begun(void *arg, struct rte_mbuf *m)
{
	completed(arg, m);
}

static enum dp_fate fragment(struct dp_worker *w, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	struct rte_mbuf *whole = NULL;
	enum dp_fate fate = dp_joined_take(w, pkt, m, &whole);
	if (whole)
		completed(w, whole);
	return fate;
}

/* The beginning of a datagram that was given up ends within TCP's header: its connection knows all the same. */
static enum dp_fate told_by_ports(struct dp_worker *w, struct rte_mbuf *m, const struct dp_packet *pkt)
{
	struct dp_flow *f = dp_conn_find(w, pkt, dp_meta(m));
	if (!f && dp_joined_give(w, m, pkt, DP_OWNER_FLOW))
		return DP_GONE;
	if (f)
		dp_streams_missing(f, dp_flow_direction(f, pkt));
	return dp_worker_drop(w, m, DP_DROP_TRUNCATED);
}

static enum dp_fate inspect(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	struct dp_packet pkt;
	enum dp_class class = dp_joined_parse(w, m, &pkt);
	if (meta->again != DP_AGAIN_NOT)
		return class == DP_TCP ? dp_joined_again(w, m, &pkt) : DP_HELD;
	if (meta->wire_len > rte_pktmbuf_pkt_len(m))
		w->stats.cut_packets++;
	/* One that was given is counted where it was received. */
	if (meta->kind == DP_FRAME)
		w->stats.class_packets[class]++;
	/* Nobody receives the copies of a mirror that pass between two ports. */
	if (pkt.mirrored && w->use == DP_USE_INLINE)
		return dp_worker_pass(w);
	if ((class == DP_TRUNCATED || class == DP_BAD_TCP) && dp_datagram_ports(m, &pkt))
		return told_by_ports(w, m, &pkt);
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
	unsigned nfree = 0;
	for (unsigned i = 0; i < ndone; i++)
		if (is_to_free(done[i]))
			done[nfree++] = done[i];
	rte_pktmbuf_free_bulk(done, nfree);
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
