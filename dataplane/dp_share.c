/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_share.h"

#include <stddef.h>

#include "dataplane/dp_streams.h"

static uint32_t held_by(const struct dp_flow *f)
{
	return rs_tcp_held(&f->tcp) + f->doubt[0].cost + f->doubt[1].cost;
}

static uint8_t rank_of(uint32_t held)
{
	uint8_t bits = 0;
	for (; held; held >>= 1)
		bits++;
	return RTE_MIN(bits, (uint8_t)(DP_SHARE_RANKS - 1));
}

/* Of the worker's sum: in its holder where it has one, whose number stands in its place. */
static uint32_t *unproven_held_of(struct dp_worker *w, struct dp_flow *f)
{
	return f->ranked ? &w->first_holder[f->holder].unproven_held : &f->unproven_held;
}

/* What is shared: of those that are not proven, what they remember, too. */
static uint32_t has(const struct dp_flow *f)
{
	return held_by(f) + (dp_share_proven(f) ? 0 : rs_tcp_kept(&f->tcp));
}

static void unrank(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_holder *h = w->first_holder + f->holder;
	TAILQ_REMOVE(&w->ranks[h->proven][h->rank], h, link);
	f->ranked = false;
	f->unproven_held = h->unproven_held;
	rs_pool_put(&w->holders, h);
}

/* Where the pool is empty it is not ranked: others give way before it. */
static void rank(struct dp_worker *w, struct dp_flow *f, uint8_t to)
{
	struct dp_holder *h = f->ranked ? w->first_holder + f->holder : rs_pool_get(&w->holders);
	bool proven = dp_share_proven(f);
	if (!h)
		return;
	if (!f->ranked) {
		h->unproven_held = f->unproven_held;
		f->ranked = true;
		f->holder = (uint32_t)(h - w->first_holder);
		h->flow = f;
	} else if (h->rank == to && h->proven == proven) {
		return;
	} else {
		TAILQ_REMOVE(&w->ranks[h->proven][h->rank], h, link);
	}
	h->rank = to;
	h->proven = proven;
	TAILQ_INSERT_TAIL(&w->ranks[proven][to], h, link);
}

void dp_share_recount(struct dp_worker *w, struct dp_flow *f)
{
	uint32_t n = has(f), unproven = dp_share_proven(f) ? 0 : n;
	if (n)
		rank(w, f, rank_of(n));
	else if (f->ranked)
		unrank(w, f);
	uint32_t *counted = unproven_held_of(w, f);
	w->unproven_held = w->unproven_held - *counted + unproven;
	*counted = unproven;
}

/* Whose stream it is: the flows' pool is where the worker's memory begins. */
static struct dp_flow *flow_of(const struct dp_worker *w, const struct rs_stream *s)
{
	size_t size = w->flows.pool.object_size, at = (size_t)((const char *)s - (const char *)w->memory);
	return (struct dp_flow *)((char *)w->memory + at / size * size);
}

void dp_share_pushed_out(struct rs_stream_mem *mem, struct rs_stream *s)
{
	struct dp_worker *w = (struct dp_worker *)((char *)mem - offsetof(struct dp_worker, streams));
	struct dp_flow *f = flow_of(w, s);
	if (!dp_share_proven(f))
		dp_share_recount(w, f);
}

/* The two networks, in one order. Of captures all is as it is each time that they are read. */
static uint8_t group_of(const struct dp_worker *w, const struct dp_flow *f)
{
	static const struct dp_flow_secret known = { .mix = { 0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
							      0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
							      0x923f82a4af194f9b, 0xab1c5ed5da6d8118 },
						     .out = { 0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c,
							      0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f } };
	struct dp_flow_key networks = { 0 };
	size_t n = f->ip_version == 6 ? 6 : 15;
	for (unsigned i = 0; i < 2; i++)
		memcpy(networks.addr[i], f->key.addr[i], n);
	uint32_t hash = dp_flow_hash(w->use == DP_USE_READ ? &known : &w->flows.secret, &networks);
	return (uint8_t)(hash % RS_GROUP_APART);
}

void dp_share_regroup(struct dp_worker *w, struct dp_flow *f)
{
	uint8_t group = dp_share_proven(f) ? group_of(w, f) : RS_GROUP_APART;
	for (unsigned dir = 0; dir < 2; dir++)
		rs_stream_set_group(&f->tcp.dir[dir], &w->streams, group);
}

struct dp_flow *dp_share_victim(const struct dp_worker *w, const struct dp_flow *f)
{
	uint32_t n = has(f);
	if (n >= DP_SHARE_LEAST)
		return NULL;
	for (unsigned r = DP_SHARE_RANKS; r-- > 0;) {
		const struct dp_holder *h = TAILQ_FIRST(&w->ranks[dp_share_proven(f)][r]);
		if (h)
			return h->flow != f && has(h->flow) > n ? h->flow : NULL;
	}
	return NULL;
}

void dp_share_give_way(struct dp_worker *w, struct dp_flow *victim)
{
	uint32_t kept = rs_tcp_kept(&victim->tcp);
	if (kept && !dp_share_proven(victim)) {
		for (unsigned d = 0; d < 2; d++)
			rs_stream_lose(&victim->tcp.dir[d], &w->streams);
	} else {
		w->stats.tcp_gave_way++;
		dp_streams_give_way(w, victim);
	}
	dp_share_count(w, victim);
}

static bool has_room(struct dp_worker *w, struct dp_flow *f, uint32_t mbufs)
{
	return w->streams.held + (uint64_t)mbufs <= dp_share_held_max(w, f) && w->segments.used < w->segments.size;
}

bool dp_share_make_room(struct dp_worker *w, struct dp_flow *f, uint32_t mbufs)
{
	/* What gives way may have to wait itself. */
	if (w->making_room || w->use == DP_USE_INLINE)
		return has_room(w, f, mbufs);
	w->making_room = true;
	for (unsigned i = 0; i < DP_SHARE_GIVE_WAY_MAX && !has_room(w, f, mbufs); i++) {
		struct dp_flow *victim = dp_share_victim(w, f);
		if (!victim)
			break;
		dp_share_give_way(w, victim);
	}
	w->making_room = false;
	return has_room(w, f, mbufs);
}

/* How much more the flow may hold. Each node costs one at least: what bounds the cost bounds the nodes. */
static uint32_t may_hold(const struct dp_worker *w, const struct dp_flow *f)
{
	const struct rs_stream_mem *mem = &w->streams;
	const struct rs_pool *nodes = &w->segments;
	uint32_t max = RTE_MIN(mem->held_max, nodes->size), taken = mem->held + rs_stream_reserve(mem);
	uint32_t left = mem->held_max > taken ? mem->held_max - taken : 0, nodes_taken = nodes->used + rs_stream_reserve(mem);
	uint32_t nodes_left = nodes->size > nodes_taken ? nodes->size - nodes_taken : 0, least = RTE_MIN(left, nodes_left), own, may;
	if (!dp_share_proven(f)) {
		own = w->unproven_held;
		may = max / DP_SHARE;
	} else {
		own = held_by(f);
		may = least > max / DP_SHARE ? least / 2 : RTE_MIN(left + own, DP_SHARE_LEAST);
	}
	return may > own ? may - own : 0;
}

uint32_t dp_share_held_max_scarce(struct dp_worker *w, struct dp_flow *f)
{
	for (unsigned d = 0; d < 2; d++)
		if (!f->tcp.dir[d].after && !f->tcp.dir[d].lost)
			rs_tcp_forget_late(&f->tcp, &w->streams, d, UINT64_MAX);
	if (dp_share_has_plenty(w) && dp_share_proven(f))
		return w->streams.held_max;
	return RTE_MIN(w->streams.held_max, w->streams.held + may_hold(w, f));
}
