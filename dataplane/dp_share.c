/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_share.h"

static uint32_t held_by(const struct dp_flow *f)
{
	return rs_tcp_held(&f->tcp) + f->doubt[0].cost + f->doubt[1].cost;
}

void dp_share_count_unproven(struct dp_worker *w, struct dp_flow *f)
{
	uint32_t now = dp_share_proven(f) ? 0 : held_by(f) + rs_tcp_kept(&f->tcp);
	w->unproven_held = w->unproven_held - f->unproven_held + now;
	f->unproven_held = now;
}

/* How much more the flow may hold. Each node costs one at least: what bounds the cost bounds the nodes. */
static uint32_t may_hold(const struct dp_worker *w, const struct dp_flow *f)
{
	const struct rs_stream_mem *mem = &w->streams;
	const struct rs_pool *nodes = &w->segments;
	uint32_t max = RTE_MIN(mem->held_max, nodes->size), left = mem->held_max > mem->held ? mem->held_max - mem->held : 0;
	uint32_t free_nodes = nodes->size - nodes->used, least = RTE_MIN(left, free_nodes), has, may;
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
