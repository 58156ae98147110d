/* SPDX-License-Identifier: Apache-2.0 */
/* Making a worker: all of its memory is taken here. */
#include "dataplane/dp_worker_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_malloc.h>

#include "dataplane/dp_causal.h"
#include "dataplane/dp_conn.h"
#include "dataplane/dp_frags.h"
#include "dataplane/dp_frames.h"
#include "dataplane/dp_inline_state.h"
#include "dataplane/dp_protocol.h"
#include "dataplane/dp_share.h"

#define ALIGN64(n) (((n) + 63) & ~(size_t)63)

/* As many clients are answered as an outbreak may bring at once. */
static uint32_t replies_of(const struct ct_config *c)
{
	return RTE_MAX(c->memory.messages / 8, 64u);
}

/* Each of them has a segment that waits, or one that is held. */
static uint32_t causals_of(const struct ct_config *c)
{
	return RTE_MIN(c->memory.segments, c->memory.flows);
}

#define POOLS(X)                                                                                                       \
	X(segments, sizeof(struct rs_seg), c->memory.segments)                                                         \
	X(holders, sizeof(struct dp_holder), c->memory.segments)                                                       \
	X(causals, sizeof(struct dp_causal), causals_of(c))

/* Inline: each packet buffer may be remembered, and each connection watched. */
#define INLINE_POOLS(X)                                                                                                \
	X(runs, sizeof(struct dp_hold_run), c->memory.mbufs)                                                           \
	X(inlines, sizeof(struct dp_inline), c->memory.flows)                                                          \
	X(fars, 2 * sizeof(struct dp_voice_far), c->memory.wrapped)                                                    \
	X(replies, sizeof(struct dp_replies), replies_of(c))

static size_t pools_bytes(const struct ct_config *c, enum dp_use use)
{
	size_t bytes = 0;
#define X(pool, size, n) bytes += ALIGN64(RS_POOL_BYTES(size, n));
	POOLS(X)
	if (use == DP_USE_INLINE) {
		INLINE_POOLS(X)
	}
#undef X
	return bytes;
}

static char *make_pools(struct dp_worker *w, char *at)
{
	const struct ct_config *c = w->config;
#define X(pool, size, n)                                                                                               \
	rs_pool_init(&w->pool, at, size, n);                                                                           \
	at += ALIGN64(RS_POOL_BYTES(size, n));
	POOLS(X)
	if (w->use == DP_USE_INLINE) {
		INLINE_POOLS(X)
	}
#undef X
	return at;
}

/* All fragments, for one: their mbufs are shared out, but nothing keeps the senders from sending all to one. */
static size_t frags_bytes(const struct ct_config *c)
{
	return ALIGN64(sizeof(struct dp_frags)) + dp_frags_bytes(c, c->memory.fragments);
}

static size_t worker_bytes(const struct ct_config *c, enum dp_use use)
{
	return ALIGN64(RS_POOL_BYTES(sizeof(struct dp_flow), c->memory.flows)) + pools_bytes(c, use) +
	       (use == DP_USE_READ ? 0 : frags_bytes(c)) + dp_inspect_bytes(c);
}

unsigned dp_worker_megabytes(const struct ct_config *c, unsigned workers, enum dp_use use)
{
	size_t hash = dp_flow_hash_bytes(c->memory.flows);
	/* A pointer each, rounded up to a power of two. */
	size_t rings = (size_t)c->memory.records * 2 * 2 * sizeof(void *) + 65536;
	/* Of captures each worker has as many, for what one may hold must not depend on how many there are. */
	uint32_t nmbufs = c->memory.mbufs * (use == DP_USE_READ ? workers : 1) + c->memory.fragments;
	size_t mbufs = dp_frames_bytes(nmbufs, RTE_MBUF_DEFAULT_BUF_SIZE);
	size_t bytes = workers * (worker_bytes(c, use) + sizeof(struct dp_worker) + hash + rings) + mbufs;
	if (use == DP_USE_READ)
		bytes += frags_bytes(c); /* the reader's */
	return (unsigned)((bytes + bytes / 16) / 1048576) + 24;
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

static void make_streams(struct dp_worker *w, const struct dp_worker_config *wc)
{
	const struct ct_config *c = wc->config;
	w->streams = (struct rs_stream_mem){ .segs = &w->segments, .ref_get = dp_worker_ref_get, .ref_put = dp_worker_ref_put,
					      .window = c->tcp.window, .limit = (uint16_t)c->tcp.held, .held_max = wc->held_max,
					      .same = dp_kept_compare,
					      .pushed_out = dp_share_pushed_out };
	if (w->use == DP_USE_INLINE) {
		/* What arrives out of order is kept twice, by the reader of the headers too. */
		w->streams.held_max = wc->held_max / 4;
		w->hold = (struct dp_hold_mem){ .runs = &w->runs, .ref_get = dp_kept_get, .ref_put = dp_kept_put, .same = dp_kept_same,
						.held_max = wc->held_max - w->streams.held_max, .max = c->inline_.hold };
	}
	w->held_full = RTE_MIN(w->streams.held_max, w->segments.size);
	w->held_full -= RTE_MIN(w->held_full / 8, (uint32_t)DP_SHARE_ROOM);
}

static int make_flows(struct dp_worker *w, const struct dp_worker_config *wc, void *mem)
{
	const struct ct_config *c = wc->config;
	struct dp_flow_secret secret;
	char name[32];
	int rc = wc->secret ? 0 : dp_flow_secret_draw(&secret);
	if (rc != 0)
		return rc;
	snprintf(name, sizeof name, "flows%u", w->id);
	rc = dp_flow_table_init(&w->flows, name, mem, c->memory.flows, wc->secret ? wc->secret : &secret, (int)rte_socket_id());
	if (rc != 0)
		return rc;
	w->flows.half_open_max = c->memory.half_open ? c->memory.half_open : RTE_MAX(c->memory.flows / 8, 1u);
	w->flows.timeout[DP_FLOWS_HALF_OPEN] = seconds(c->tcp.timeout_new);
	w->flows.timeout[DP_FLOWS_OTHER] = w->flows.timeout[DP_FLOWS_MAIL] = seconds(c->tcp.timeout_established);
	w->flows.timeout[DP_FLOWS_ONE_SIDED] = w->flows.timeout[DP_FLOWS_MAIL];
	w->flows.timeout[DP_FLOWS_RESET] = seconds(2);
	w->flows.timeout[DP_FLOWS_CLOSED] = seconds(c->tcp.timeout_closed);
	return 0;
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
				      .alloc = alloc_frame, .begun = w->use == DP_USE_MIRROR ? dp_worker_begun : NULL, .arg = w };
	if (w->use == DP_USE_READ)
		return at;
	w->frags = (struct dp_frags *)at;
	dp_frags_init(w->frags, at + ALIGN64(sizeof *w->frags), &fc);
	return at + frags_bytes(wc->config);
}

static void make_fields(struct dp_worker *w, const struct dp_worker_config *wc)
{
	const struct ct_config *c = wc->config;
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
	w->mbufs = wc->mbufs;
	w->pickup_until = wc->now + seconds(c->inline_.pickup);
	dp_tunnels_init(&w->tunnels, c);
	for (size_t i = 0; i < c->smtp.nports; i++)
		w->smtp_ports[c->smtp.ports[i] / 64] |= UINT64_C(1) << (c->smtp.ports[i] % 64);
	TAILQ_INIT(&w->refusing);
	TAILQ_INIT(&w->answering);
	TAILQ_INIT(&w->resetting);
	TAILQ_INIT(&w->causal);
	for (unsigned r = 0; r < DP_SHARE_RANKS; r++)
		for (unsigned proven = 0; proven < 2; proven++)
			TAILQ_INIT(&w->ranks[proven][r]);
}

static int make(struct dp_worker *w, const struct dp_worker_config *wc)
{
	const struct ct_config *c = wc->config;
	make_fields(w, wc);
	char *at = w->memory = rte_malloc("worker pools", worker_bytes(c, w->use), 64);
	if (!at)
		return -ENOMEM;
	int rc = make_flows(w, wc, at);
	if (rc != 0)
		return rc;
	at = make_pools(w, at + ALIGN64(RS_POOL_BYTES(sizeof(struct dp_flow), c->memory.flows)));
	w->first_holder = (struct dp_holder *)w->holders.fresh;
	make_streams(w, wc);
	at = make_frags(w, wc, at);
	rc = make_rings(w);
	if (rc != 0)
		return rc;
	rc = dp_inspect_init(&w->inspect, c, wc->rules, at, w->account, dp_worker_send_record, dp_worker_reclaim_records, w);
	if (rc != 0)
		return rc;
	w->inspect.inline_ = w->use == DP_USE_INLINE;
	w->inspect.identify = dp_protocol_identify;
	w->inspect.number = dp_protocol_number;
	w->inspect.room = dp_conn_room;
	return 0;
}

int dp_worker_create(const struct dp_worker_config *wc, struct dp_worker **out, char *err, size_t err_size)
{
	size_t asked;
	*out = NULL;
	if (rs_inflate_check(&asked) != 0) {
		snprintf(err, err_size, "zlib %s asks for %zu bytes to inflate, and mailweir was built with room for %u: set "
			 "RS_INFLATE_MEMORY in reassembly/archive/rs_inflate.h to at least that, and build it again", zlibVersion(), asked,
			 (unsigned)RS_INFLATE_MEMORY);
		return -ENOTSUP;
	}
	struct dp_worker *w = rte_zmalloc("worker", sizeof *w, 64);
	int rc = w ? make(w, wc) : -ENOMEM;
	if (rc != 0) {
		snprintf(err, err_size, "worker %u could not be made: %s; smaller values under `memory:` need less", wc->id,
		         strerror(-rc));
		dp_worker_free(w);
		return rc;
	}
	*out = w;
	return 0;
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
