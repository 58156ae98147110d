/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_share.h"

static uint32_t held_by(const struct dp_flow *f)
{
	return rs_tcp_held(&f->tcp) + f->doubt[0].cost + f->doubt[1].cost;
}

void dp_share_count(struct dp_worker *w, struct dp_flow *f)
{
	uint32_t now = dp_share_proven(f) ? 0 : held_by(f);
	w->unproven_held = w->unproven_held - f->unproven_held + now;
	f->unproven_held = now;
}

uint32_t dp_share_held_max(const struct dp_worker *w, const struct dp_flow *f)
{
	const struct rs_stream_mem *mem = &w->streams;
	if (dp_share_proven(f))
		return mem->held_max;
	/* Each node costs one at least, so the same bounds the nodes. */
	uint32_t share = RTE_MIN(mem->held_max, w->segments.size) / DP_SHARE;
	uint32_t left = share > w->unproven_held ? share - w->unproven_held : 0;
	return RTE_MIN(mem->held_max, mem->held + left);
}
