/* SPDX-License-Identifier: Apache-2.0 */
/* dp_share: what connections may take: those that nobody has confirmed, of which one forged packet makes one, and a million may come;
 * and what of out-of-order data one may hold beside the others.
 *
 * A connection is proven when both of its ends were seen, and each to acknowledge what the other said (rs_tcp_proven). The others, all
 * together,
 *  - hold, and remember, at most an eighth of what may be held out of order, and remember half of that; where that finds no room, the one that has most gives way
 *    to one that has less than DP_SHARE_LEAST: what it remembers first, then what it holds;
 *  - leave an eighth of the objects that sessions and messages take: beyond that, one begins only where another ends, the longest idle
 *    first. A proven connection that begins one then ends some of theirs.
 * A capture of one direction has none but such connections, and is read in full as long as that suffices.
 * Of proven ones, each holds out of order what it likes until half of it is taken; then no more than half of what is still free (a
 * dynamic threshold: Choudhury and Hahne, 1998); and of the last eighth DP_SHARE_LEAST at most. Whoever leaves his holes open never gives
 * back what he has, so that thresholds alone leave less to each who comes later, and nothing in the end. So beside the way, where what
 * finds no room does not come again, the connection that holds most gives way to one that holds less than DP_SHARE_LEAST: real connections
 * with holes, however many, do not keep the others' from being filled.
 *
 * What connections remember nobody keeps: where it takes all that it may, something is forgotten for the new (rs_stream.h). The proven
 * ones that are between the same two networks, /24 of IPv4 and /48 of IPv6, are a group there; some of these meet by chance. Those that
 * are not proven are one apart.
 *
 * What gives way, or finds no room all the same, is told: dp_streams_no_room.
 *
 * Owner:  one worker. Memory: of its pool `holders`, an object for each connection that holds anything. */
#ifndef DP_SHARE_H
#define DP_SHARE_H

#include "dataplane/dp_worker.h"

#define DP_SHARE 8 /* one part in so many */
#define DP_SHARE_LEAST 4 /* mbufs */
#define DP_SHARE_ROOM 16 /* mbufs; of small capacities an eighth */
#define DP_SHARE_GIVE_WAY_MAX 4 /* connections, for one packet */

struct dp_holder { /* a connection that holds something out of order; one that is not proven, or remembers something */
	TAILQ_ENTRY(dp_holder) link; /* of its rank's, in the order in which they came to hold so much */
	struct dp_flow *flow;
	uint32_t unproven_held; /* dp_flow's */
	uint8_t rank; /* bits of the number of mbufs that it holds */
	bool proven;
};
_Static_assert(sizeof(struct dp_holder) % 16 == 0, "numbers of objects of the pool");

static inline bool dp_share_proven(const struct dp_flow *f)
{
	return rs_tcp_proven(&f->tcp);
}

uint32_t dp_share_held_max_scarce(struct dp_worker *w, struct dp_flow *f);

static inline bool dp_share_has_plenty(const struct dp_worker *w)
{
	const struct rs_stream_mem *mem = &w->streams;
	const struct rs_pool *nodes = &w->segments;
	return mem->held < mem->held_max && mem->held < mem->held_max - mem->held && nodes->used < nodes->size - nodes->used;
}

/* What of streams.held_max there is for this flow's next segment. Where less than half is free, it forgets what it still remembers of what is
 * acknowledged. */
static inline uint32_t dp_share_held_max(struct dp_worker *w, struct dp_flow *f)
{
	return dp_share_has_plenty(w) && dp_share_proven(f) ? w->streams.held_max : dp_share_held_max_scarce(w, f);
}

/* Room for DP_SHARE_ROOM mbufs, and their nodes, is not left. (A node costs one at least.) What may be remembered has its own. */
static inline bool dp_share_is_full(const struct dp_worker *w)
{
	return w->streams.held + rs_stream_reserve(&w->streams) > w->held_full;
}

/* Who gives way to this flow, which may have to hold the next packet: of those that are proven as it is, or not, one of those that hold
 * most, the one that has for longest. NULL: nobody, for it holds DP_SHARE_LEAST itself, or nobody holds more. */
struct dp_flow *dp_share_victim(const struct dp_worker *w, const struct dp_flow *f);

/* Others give way to the flow until it may hold so many mbufs more: DP_SHARE_GIVE_WAY_MAX of them at most. False: it may not. Beside the
 * way only. */
bool dp_share_make_room(struct dp_worker *w, struct dp_flow *f, uint32_t mbufs);

/* This one gives way (dp_streams_give_way), which is counted. */
void dp_share_give_way(struct dp_worker *w, struct dp_flow *victim);

/* rs_stream_mem's. */
void dp_share_pushed_out(struct rs_stream_mem *mem, struct rs_stream *s);

/* Those that are not proven remember apart; of the others, those between the same two networks share (rs_stream_set_group). */
void dp_share_regroup(struct dp_worker *w, struct dp_flow *f);

void dp_share_recount(struct dp_worker *w, struct dp_flow *f);

/* What the flow holds, or whether it is proven, may have changed. */
static inline void dp_share_count(struct dp_worker *w, struct dp_flow *f)
{
	uint32_t holds = (uint32_t)f->tcp.dir[0].held | f->tcp.dir[1].held | f->doubt[0].cost | f->doubt[1].cost | f->tcp.has_syn_data;
	if (dp_share_proven(f) == (f->tcp.dir[0].group == RS_GROUP_APART))
		dp_share_regroup(w, f);
	if (holds | f->unproven_held | f->ranked || (!dp_share_proven(f) && rs_tcp_kept(&f->tcp)))
		dp_share_recount(w, f);
}

#endif
