/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_share.h"

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

static void unrank(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_holder *h = w->first_holder + f->holder;
	TAILQ_REMOVE(&w->ranks[h->rank], h, link);
	rs_pool_put(&w->holders, h);
	f->ranked = false;
	f->unproven_held = 0;
}

/* Where the pool is empty it is not ranked: others give way before it. */
static void rank(struct dp_worker *w, struct dp_flow *f, uint8_t to)
{
	struct dp_holder *h = f->ranked ? w->first_holder + f->holder : rs_pool_get(&w->holders);
	if (!h)
		return;
	if (!f->ranked) {
		f->ranked = true;
		f->holder = (uint32_t)(h - w->first_holder);
		h->flow = f;
	} else if (h->rank == to) {
		return;
	} else {
		TAILQ_REMOVE(&w->ranks[h->rank], h, link);
	}
	h->rank = to;
	TAILQ_INSERT_TAIL(&w->ranks[to], h, link);
}

void dp_share_recount(struct dp_worker *w, struct dp_flow *f)
{
	uint32_t held = held_by(f);
	if (dp_share_proven(f)) {
		if (!f->ranked) {
			w->unproven_held -= f->unproven_held;
			f->unproven_held = 0;
		}
		if (held)
			rank(w, f, rank_of(held));
		else if (f->ranked)
			unrank(w, f);
		return;
	}
	if (f->ranked)
		unrank(w, f);
	held += rs_tcp_kept(&f->tcp);
	w->unproven_held = w->unproven_held - f->unproven_held + held;
	f->unproven_held = held;
}

struct dp_flow *dp_share_victim(const struct dp_worker *w, const struct dp_flow *f)
{
	uint32_t has = held_by(f);
	if (!dp_share_proven(f) || has >= DP_SHARE_LEAST)
		return NULL;
	for (unsigned r = DP_SHARE_RANKS; r-- > 0;) {
		const struct dp_holder *h = TAILQ_FIRST(&w->ranks[r]);
		if (h)
			return h->flow != f && held_by(h->flow) > has ? h->flow : NULL;
	}
	return NULL;
}

/* How much more the flow may hold. Each node costs one at least: what bounds the cost bounds the nodes. */
static uint32_t may_hold(const struct dp_worker *w, const struct dp_flow *f)
{
	const struct rs_stream_mem *mem = &w->streams;
	const struct rs_pool *nodes = &w->segments;
	uint32_t max = RTE_MIN(mem->held_max, nodes->size), taken = mem->held + rs_stream_reserve(mem);
	uint32_t left = mem->held_max > taken ? mem->held_max - taken : 0, nodes_taken = nodes->used + rs_stream_reserve(mem);
	uint32_t nodes_left = nodes->size > nodes_taken ? nodes->size - nodes_taken : 0, least = RTE_MIN(left, nodes_left), has, may;
	if (!dp_share_proven(f)) {
		has = w->unproven_held;
		may = max / DP_SHARE;
	} else {
		has = held_by(f);
		may = least > max / DP_SHARE ? least / 2 : RTE_MIN(left + has, DP_SHARE_LEAST);
	}
	return may > has ? may - has : 0;
}

uint32_t dp_share_held_max_scarce(const struct dp_worker *w, const struct dp_flow *f)
{
	return RTE_MIN(w->streams.held_max, w->streams.held + may_hold(w, f));
}
