/* SPDX-License-Identifier: Apache-2.0 */
/* dp_share: what connections may take that nobody has confirmed: one forged packet makes one, and a million of them may come.
 *
 * A connection is proven when both of its ends were seen, and each to acknowledge what the other said (rs_tcp_proven). The others, all
 * together,
 *  - hold at most an eighth of what may be held out of order;
 *  - begin no session and no message while fewer than an eighth of the objects for them are free; then a proven connection that begins
 *    one ends some of theirs, the longest idle first.
 * A capture of one direction has none but such connections, and is read in full as long as that suffices.
 *
 * Owner:  one worker. Memory: none. */
#ifndef DP_SHARE_H
#define DP_SHARE_H

#include "dataplane/dp_worker.h"

#define DP_SHARE 8 /* one part in so many */

static inline bool dp_share_proven(const struct dp_flow *f)
{
	return rs_tcp_proven(&f->tcp);
}

/* streams.held_max as it is for this flow's next segment. */
uint32_t dp_share_held_max(const struct dp_worker *w, const struct dp_flow *f);
/* What the flow holds, or whether it is proven, may have changed. */
void dp_share_count(struct dp_worker *w, struct dp_flow *f);

#endif
