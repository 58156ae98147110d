/* SPDX-License-Identifier: Apache-2.0 */
/* dp_share: what connections may take that nobody has confirmed: one forged packet makes one, and a million of them may come.
 *
 * A connection is proven when both of its ends were seen, and each to acknowledge what the other said (rs_tcp_proven). The others, all
 * together,
 *  - hold at most an eighth of what may be held out of order;
 *  - leave an eighth of the objects that sessions and messages take: beyond that, one begins only where another ends, the longest idle
 *    first. A proven connection that begins one then ends some of theirs.
 * A capture of one direction has none but such connections, and is read in full as long as that suffices.
 * Of proven ones, each holds out of order what it likes until half of it is taken; then no more than half of what is still free; and
 * of the last eighth DP_SHARE_LEAST at most: some real connections with holes do not keep the others' from being filled.
 *
 * Owner:  one worker. Memory: none. */
#ifndef DP_SHARE_H
#define DP_SHARE_H

#include "dataplane/dp_worker.h"

#define DP_SHARE 8 /* one part in so many */
#define DP_SHARE_LEAST 4 /* mbufs */

static inline bool dp_share_proven(const struct dp_flow *f)
{
	return rs_tcp_proven(&f->tcp);
}

uint32_t dp_share_held_max_scarce(const struct dp_worker *w, const struct dp_flow *f);
void dp_share_count_unproven(struct dp_worker *w, struct dp_flow *f);

/* streams.held_max as it is for this flow's next segment. */
static inline uint32_t dp_share_held_max(const struct dp_worker *w, const struct dp_flow *f)
{
	const struct rs_stream_mem *mem = &w->streams;
	const struct rs_pool *nodes = &w->segments;
	bool plenty = mem->held < mem->held_max && mem->held < mem->held_max - mem->held && nodes->used < nodes->size - nodes->used;
	return plenty && dp_share_proven(f) ? mem->held_max : dp_share_held_max_scarce(w, f);
}

/* What the flow holds, or whether it is proven, may have changed. */
static inline void dp_share_count(struct dp_worker *w, struct dp_flow *f)
{
	if (f->unproven_held || !dp_share_proven(f))
		dp_share_count_unproven(w, f);
}

#endif
