/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_causal.h"

#include <string.h>

#include "dataplane/dp_streams.h"

/* What was read of dir[d]; a FIN that was reached has a number, too. */
static int64_t edge_of(const struct rs_tcp *c, unsigned d)
{
	const struct rs_stream *s = &c->dir[d];
	return (int64_t)s->next + (s->fin == s->next);
}

static bool is_known(const struct rs_tcp *c, unsigned d)
{
	return (c->seen & c->started & (1u << d)) != 0;
}

bool dp_causal_wait(struct dp_worker *w, struct dp_flow *f, unsigned dir, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	const struct rs_tcp *c = &f->tcp;
	unsigned o = !dir;
	if (!c->waits || f->closing || pkt->payload_len == 0 || (pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_ACK | RS_TCP_RST)) != RS_TCP_ACK)
		return false;
	if (c->state == RS_TCP_CLOSED || !is_known(c, o) || f->doubt[dir].alone)
		return false;
	int64_t ack = rs_stream_offset(&c->dir[o], pkt->ack);
	if (ack <= edge_of(c, o) || ack > edge_of(c, o) + (int64_t)w->streams.window)
		return false;
	rs_tcp_heard(&f->tcp, &w->streams, o, (uint64_t)ack);
	if (dp_doubt_wait(w, f, dir, RS_DOUBT_AHEAD, pkt, m)) {
		w->stats.doubts[RS_DOUBT_AHEAD]++;
		return true;
	}
	dp_causal_end(w, f);
	dp_streams_give_up(w, f, o, (uint64_t)ack);
	return false;
}

/* What waits of direction dir waits for something that may still come. */
static bool waits_in(const struct dp_flow *f, unsigned dir)
{
	return f->doubt[dir].n > 0 && is_known(&f->tcp, !dir) && dp_doubt_ahead(&f->doubt[dir], NULL);
}

static bool waits(const struct dp_flow *f)
{
	const struct rs_tcp *c = &f->tcp;
	return rs_tcp_lacks(c, 0) || rs_tcp_lacks(c, 1) || waits_in(f, 0) || waits_in(f, 1) || c->new_reset;
}

static bool compares(const struct dp_flow *f)
{
	return f->tcp.dir[0].late || f->tcp.dir[1].late;
}

static void forget(struct dp_worker *w, struct dp_flow *f)
{
	if (!f->causal)
		return;
	TAILQ_REMOVE(&w->causal, f->causal, link);
	rs_pool_put(&w->causals, f->causal);
	f->causal = NULL;
}

static void note_read(struct dp_flow *f)
{
	struct dp_causal *c = f->causal;
	for (unsigned d = 0; d < 2; d++) {
		for (unsigned i = DP_CAUSAL_LATE - 1; i > 0; i--)
			c->read[i][d] = c->read[i - 1][d];
		c->read[0][d] = f->tcp.dir[d].next;
	}
}

static void set(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	struct dp_causal *c = f->causal;
	c->flow = f;
	c->until = now + w->config->tcp.out_of_step * UINT64_C(1000000);
	c->waits = waits(f);
	c->reset = f->tcp.new_reset;
	for (unsigned d = 0; d < 2; d++)
		c->mark[d] = rs_tcp_lacks(&f->tcp, d) ? rs_tcp_acked(&f->tcp, d) : 0;
	TAILQ_INSERT_TAIL(&w->causal, c, link);
}

static void begin(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	f->causal = rs_pool_get(&w->causals);
	if (!f->causal) {
		dp_causal_end(w, f);
		return;
	}
	memset(f->causal->read, 0, sizeof f->causal->read);
	note_read(f);
	set(w, f, now);
}

/* What waited for what was read since is read. */
static void release(struct dp_worker *w, struct dp_flow *f)
{
	for (bool more = true; more;) {
		more = false;
		for (unsigned d = 0; d < 2; d++) {
			if (f->doubt[d].n == 0)
				continue;
			const struct rs_stream *o = &f->tcp.dir[!d];
			struct rs_seg *seg = NULL;
			while ((seg = dp_doubt_ahead(&f->doubt[d], seg)))
				if (rs_stream_offset(o, seg->before) <= edge_of(&f->tcp, !d))
					break;
			if (!seg)
				continue;
			dp_streams_read_waiting(w, f, d, seg);
			more = true;
		}
	}
}

/* The next one in the order in which they came; NULL: there is none that came until then. */
static struct rs_seg *oldest(const struct dp_flow *f, uint64_t until, unsigned *dir)
{
	struct rs_seg *found = NULL;
	for (unsigned d = 0; d < 2; d++) {
		struct rs_seg *seg = f->doubt[d].n ? dp_doubt_ahead(&f->doubt[d], NULL) : NULL;
		if (!seg || dp_meta(seg->ref)->time > until || (found && dp_meta(seg->ref)->seq > dp_meta(found->ref)->seq))
			continue;
		found = seg;
		*dir = d;
	}
	return found;
}

static void give_up(struct dp_worker *w, struct dp_flow *f, unsigned dir, int64_t to)
{
	if (to > 0)
		dp_streams_give_up(w, f, dir, (uint64_t)to);
}

/* Of what came until then nothing waits any more. */
static void read_until(struct dp_worker *w, struct dp_flow *f, uint64_t until)
{
	struct rs_seg *seg;
	unsigned dir;
	while ((seg = oldest(f, until, &dir))) {
		/* What it acknowledges was said before it, and what was acknowledged of its own side. What is read by that may end the
		 * connection, and what waits. */
		uint32_t seq = (uint32_t)seg->off;
		unsigned its = dir;
		give_up(w, f, !its, rs_stream_offset(&f->tcp.dir[!its], seg->before));
		give_up(w, f, its, RTE_MIN(rs_stream_offset(&f->tcp.dir[its], seq), (int64_t)rs_tcp_acked(&f->tcp, its)));
		if (oldest(f, until, &dir) != seg)
			continue;
		dp_streams_read_waiting(w, f, dir, seg);
		release(w, f);
	}
}

void dp_causal_due(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	struct dp_causal *c = f->causal;
	if (!c || c->until > now)
		return;
	uint64_t step = w->config->tcp.out_of_step * UINT64_C(1000000), until = c->until - step;
	/* All of it was read with the last packet, or before. */
	bool idle = now > f->last && now - f->last > DP_CAUSAL_LATE * step;
	for (unsigned d = 0; d < 2; d++)
		rs_tcp_forget_late(&f->tcp, &w->streams, d, idle ? UINT64_MAX : c->read[DP_CAUSAL_LATE - 1][d]);
	uint64_t mark[2] = { c->mark[0], c->mark[1] };
	if (c->reset)
		rs_tcp_reset_counts(&f->tcp);
	TAILQ_REMOVE(&w->causal, c, link);
	note_read(f);
	set(w, f, now);
	read_until(w, f, until);
	for (unsigned d = 0; d < 2; d++)
		if (mark[d])
			dp_streams_give_up(w, f, d, mark[d]);
	dp_causal_go_on(w, f, now);
}

void dp_causal_go_on(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	if (f->doubt[0].n + f->doubt[1].n > 0)
		release(w, f);
	bool waiting = f->tcp.waits && waits(f);
	if (!waiting && !(f->tcp.waits && compares(f))) {
		forget(w, f);
	} else if (!f->causal) {
		begin(w, f, now);
	} else if (!waiting) {
		f->causal->waits = false;
	} else if (!f->causal->waits) {
		/* What waits has its whole time, however long something is compared already. */
		TAILQ_REMOVE(&w->causal, f->causal, link);
		set(w, f, now);
	}
}

void dp_causal_end(struct dp_worker *w, struct dp_flow *f)
{
	read_until(w, f, UINT64_MAX);
	for (unsigned d = 0; d < 2; d++)
		if (rs_tcp_lacks(&f->tcp, d))
			dp_streams_give_up(w, f, d, rs_tcp_acked(&f->tcp, d));
	for (unsigned d = 0; d < 2; d++)
		rs_tcp_forget_late(&f->tcp, &w->streams, d, UINT64_MAX);
	rs_tcp_reset_counts(&f->tcp);
	forget(w, f);
}

struct dp_flow *dp_causal_next(const struct dp_worker *w, uint64_t now)
{
	const struct dp_causal *c = TAILQ_FIRST(&w->causal);
	return c && c->until <= now ? c->flow : NULL;
}
