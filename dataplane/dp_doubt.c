/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_doubt.h"

#include "dataplane/dp_anomaly.h"
#include "dataplane/dp_share.h"
#include "dataplane/dp_streams.h"

bool dp_doubt_wait(struct dp_worker *w, struct dp_flow *f, unsigned dir, enum rs_doubt why, const struct dp_packet *pkt,
                   struct rte_mbuf *m)
{
	struct dp_doubt *d = &f->doubt[dir];
	if (d->n == DP_DOUBT_MAX || d->cost + m->nb_segs > UINT16_MAX)
		return false;
	/* What an honest sender says, too, is read where there is no room: nobody gives way to it. */
	if (why != RS_DOUBT_AHEAD && why != RS_DOUBT_ACK && why != RS_DOUBT_WINDOW && why != RS_DOUBT_NO_TIMESTAMP)
		dp_share_make_room(w, f, m->nb_segs);
	if (w->streams.held + (uint64_t)m->nb_segs > dp_share_held_max(w, f))
		return false;
	struct rs_seg *seg = rs_pool_get(&w->segments);
	if (!seg)
		return false;
	*seg = (struct rs_seg){ .off = pkt->seq, .ref = m, .len = pkt->payload_len, .cost = m->nb_segs, .before = pkt->ack, .born = why };
	dp_meta(m)->doubt = (uint8_t)why;
	w->streams.ref_get(m);
	w->streams.held += seg->cost;
	d->cost = (uint16_t)(d->cost + seg->cost);
	uint32_t end = pkt->seq + pkt->payload_len;
	if (d->n == 0 || (int32_t)(end - d->reach) > 0)
		d->reach = end;
	seg->next = seg;
	if (d->last) {
		seg->next = d->last->next;
		d->last->next = seg;
	}
	d->last = seg;
	d->n++;
	w->account[dp_meta(m)->port].held++;
	dp_share_count(w, f);
	return true;
}

static struct rs_seg *behind(const struct dp_doubt *d, const struct rs_seg *seg)
{
	return seg == d->last ? NULL : seg->next;
}

/* before: NULL where it is the first. */
static struct rte_mbuf *unlink_next(struct dp_worker *w, struct dp_doubt *d, struct rs_seg *seg, struct rs_seg *before)
{
	struct rte_mbuf *m = seg->ref;
	(before ? before : d->last)->next = seg->next;
	if (d->last == seg)
		d->last = before;
	d->n--;
	d->cost = (uint16_t)(d->cost - seg->cost);
	w->streams.held -= seg->cost;
	w->account[dp_meta(m)->port].held--;
	rs_pool_put(&w->segments, seg);
	return m;
}

bool dp_doubt_is_acked(const struct dp_flow *f, unsigned dir, const struct dp_packet *pkt)
{
	int64_t end = rs_stream_offset(&f->tcp.dir[dir], pkt->seq + pkt->payload_len);
	return (f->tcp.started & (1u << dir)) && end <= (int64_t)rs_tcp_acked(&f->tcp, dir);
}

void dp_doubt_forged(struct dp_doubt *d)
{
	d->forged = true;
	d->trusted = false;
}

/* One as long had a right sum: if that was seen only now, the message may be over. */
static void note_right(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t len)
{
	struct dp_doubt *d = &f->doubt[dir];
	d->right = true;
	if (len > d->right_len)
		d->right_len = (uint16_t)RTE_MIN(len, UINT16_MAX);
	if (d->taken_len && len >= d->taken_len) {
		d->taken_len = 0;
		dp_anomaly_flow(w, f, dir, DP_ANOMALY_UNACCEPTABLE, NULL);
	}
}

/* Its receiver took one with a wrong sum: an editor's or a card's, or nobody knows what it took in its place. */
static void note_taken(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t len)
{
	struct dp_doubt *d = &f->doubt[dir];
	w->stats.checksum_trusted++;
	if (d->trusted)
		return;
	if (d->forged || len <= d->right_len) {
		dp_anomaly_flow(w, f, dir, DP_ANOMALY_UNACCEPTABLE, NULL);
		return;
	}
	d->trusted = d->taken_len > 0;
	d->taken_len = d->trusted ? 0 : (uint16_t)RTE_MIN(len, UINT16_MAX);
}

enum dp_sum dp_doubt_judge(struct dp_worker *w, struct dp_flow *f, unsigned dir, bool right, const struct dp_packet *pkt,
                           struct rte_mbuf *m)
{
	struct dp_doubt *d = &f->doubt[dir];
	if (right) {
		note_right(w, f, dir, pkt->payload_len);
		return DP_SUM_TAKE;
	}
	if (!d->right || d->trusted) {
		w->stats.checksum_trusted++;
		return DP_SUM_TAKE;
	}
	bool waits = pkt->payload_len > 0 && !(pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_RST));
	if (!waits)
		return DP_SUM_DROP;
	/* Where only one direction is in the capture nobody will acknowledge. */
	if (!(f->tcp.seen & (1u << !dir)) && d->n == DP_DOUBT_MAX) {
		d->trusted = true;
		w->stats.checksum_trusted++;
		return DP_SUM_TAKE;
	}
	w->stats.doubts[RS_DOUBT_SUM]++;
	if (dp_doubt_wait(w, f, dir, RS_DOUBT_SUM, pkt, m))
		return DP_SUM_WAIT;
	if (!dp_doubt_is_acked(f, dir, pkt))
		dp_streams_no_room(w, f);
	return DP_SUM_DROP;
}

/* Whether the stream still lacks any of the segment's bytes. */
static bool is_news(const struct dp_flow *f, unsigned dir, const struct rs_seg *seg)
{
	const struct rs_stream *s = &f->tcp.dir[dir];
	if (!(f->tcp.started & (1u << dir)))
		return true;
	/* A FIN that is in order has a number, too, and that is acknowledged. */
	return rs_stream_offset(s, (uint32_t)seg->off + seg->len) > (int64_t)s->next + (s->fin == s->next);
}

/* A receiver takes none of these, if it is as strict as it should be. */
static bool is_refused(const struct rs_seg *seg)
{
	enum rs_doubt why = (enum rs_doubt)seg->born;
	return why == RS_DOUBT_SUM || rs_doubt_is_deliberate(why);
}

/* The first one that is acknowledged, or the first of those that receivers take. *before: the one before it. */
static struct rs_seg *next_acked(const struct dp_doubt *d, uint32_t ack, bool refused, struct rs_seg **before)
{
	*before = NULL;
	for (struct rs_seg *seg = dp_doubt_first(d); seg; *before = seg, seg = behind(d, seg))
		if (seg->born != RS_DOUBT_AHEAD && (int32_t)(ack - ((uint32_t)seg->off + seg->len)) >= 0 && (refused || !is_refused(seg)))
			return seg;
	return NULL;
}

struct rte_mbuf *dp_doubt_acked(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t ack, bool *taken)
{
	struct dp_doubt *d = &f->doubt[dir];
	struct rs_seg *before, *seg = next_acked(d, ack, false, &before);
	if (!seg)
		seg = next_acked(d, ack, true, &before);
	if (!seg)
		return NULL;
	*taken = is_news(f, dir, seg);
	if (*taken && seg->born == RS_DOUBT_SUM)
		note_taken(w, f, dir, seg->len);
	return unlink_next(w, d, seg, before);
}

struct rs_seg *dp_doubt_ahead(const struct dp_doubt *d, const struct rs_seg *after)
{
	struct rs_seg *seg = after ? behind(d, after) : dp_doubt_first(d);
	while (seg && seg->born != RS_DOUBT_AHEAD)
		seg = behind(d, seg);
	return seg;
}

struct rte_mbuf *dp_doubt_take(struct dp_worker *w, struct dp_flow *f, unsigned dir, struct rs_seg *seg)
{
	struct dp_doubt *d = &f->doubt[dir];
	struct rs_seg *before = NULL;
	for (struct rs_seg *s = dp_doubt_first(d); s != seg; s = s->next)
		before = s;
	return unlink_next(w, d, seg, before);
}

struct rte_mbuf *dp_doubt_drain(struct dp_worker *w, struct dp_flow *f, unsigned dir)
{
	struct dp_doubt *d = &f->doubt[dir];
	return d->last ? unlink_next(w, d, dp_doubt_first(d), NULL) : NULL;
}
