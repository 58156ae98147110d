/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_joined.h"

#include "dataplane/dp_anomaly.h"
#include "dataplane/dp_conn.h"
#include "dataplane/dp_kept.h"
#include "dataplane/dp_streams.h"
#include "dataplane/dp_sums.h"

bool dp_joined_give(struct dp_worker *w, struct rte_mbuf *m, const struct dp_packet *pkt, enum dp_owner whose)
{
	struct dp_meta *meta = dp_meta(m);
	if (!w->give)
		return false;
	uint8_t kind = meta->kind;
	meta->kind = DP_GIVEN;
	if (!meta->uncounted)
		w->account[meta->port].held++;
	if (w->give(w->sink, m, pkt, whose))
		return true;
	meta->kind = kind;
	if (!meta->uncounted)
		w->account[meta->port].held--;
	return false;
}

void dp_joined_tell(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, const struct dp_meta *meta)
{
	const struct dp_fragments_differ *d = &meta->differ;
	struct rs_contradiction c = { d->at, d->off, d->len, d->seen_off, d->seen_len };
	dp_anomaly_flow(w, f, dp_flow_direction(f, pkt), pkt->ip_version == 4 ? DP_ANOMALY_FRAG4_OVERLAP : DP_ANOMALY_FRAG6_OVERLAP, &c);
}

enum dp_fate dp_joined_again(struct dp_worker *w, struct rte_mbuf *m, const struct dp_packet *pkt)
{
	const struct dp_meta *meta = dp_meta_const(m);
	struct dp_flow *f = dp_conn_find(w, pkt, meta);
	if (!f && dp_joined_give(w, m, pkt, DP_OWNER_FLOW))
		return DP_GONE;
	if (!f)
		return DP_HELD;
	unsigned dir = dp_flow_direction(f, pkt);
	switch ((enum dp_again)meta->again) {
	case DP_AGAIN_NOT:
		break;
	case DP_AGAIN_DIFFERS:
		if (!dp_streams_has(f, dir, pkt))
			dp_joined_tell(w, f, pkt, meta);
		break;
	case DP_AGAIN_OTHER:
		if (dp_sums_right(m, pkt))
			dp_joined_tell(w, f, pkt, meta);
		break;
	case DP_AGAIN_FORGOTTEN:
		if (dp_streams_lacks(f, dir, pkt))
			dp_streams_missing(f, dir);
		break;
	}
	return DP_HELD;
}

/* Who only observes lets fragments go on as they come, and looks at what they make: it is counted aside. */
static enum dp_fate observe(struct dp_worker *w, const struct dp_packet *pkt, struct rte_mbuf *m, struct rte_mbuf **whole)
{
	struct dp_meta *meta = dp_meta(m);
	rte_pktmbuf_refcnt_update(m, 1);
	w->tx(w->sink, m, !meta->port);
	meta->uncounted = true;
	dp_frags_take(w->frags, pkt, m, whole);
	return DP_HELD;
}

enum dp_fate dp_joined_take(struct dp_worker *w, const struct dp_packet *pkt, struct rte_mbuf *m, struct rte_mbuf **whole)
{
	struct dp_meta *meta = dp_meta(m);
	if (!w->frags || !dp_frags_wants(w->frags, pkt, m))
		return dp_worker_pass(w);
	/* Between two ports a datagram goes on with its fragments, or in segments: what is in fragments itself could do neither. */
	if (meta->depth == DP_FRAGS_DEPTH || (meta->datagram && w->use == DP_USE_INLINE))
		return meta->uncounted ? DP_HELD : dp_worker_refuse(w, m, DP_DROP_FRAGMENT);
	if (dp_joined_give(w, m, pkt, DP_OWNER_FRAGMENT))
		return DP_GONE;
	if (w->use == DP_USE_INLINE && !dp_worker_guards(w))
		return observe(w, pkt, m, whole);
	return dp_frags_take(w->frags, pkt, m, whole);
}

/* Between two ports: what is no mail's goes on in the fragments that came; what is or may be some in segments of ours, for
 * its receiver might put together other fragments than were judged here. */
static enum dp_fate go_on(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	struct ct_account *a = &w->account[meta->port];
	struct dp_packet pkt;
	bool tcp = dp_joined_parse(w, m, &pkt) == DP_TCP;
	const struct dp_flow *f = tcp ? dp_conn_find(w, &pkt, meta) : NULL;
	if (tcp && (dp_conn_is_mail(w, &pkt) || (f && (f->inl || f->proto != DP_PROTO_NONE)))) {
		dp_kept_forward_part(w, m, &pkt, 0, pkt.payload_len, NULL);
		return DP_CONSUMED;
	}
	struct rte_mbuf *part = meta->fragments;
	meta->fragments = NULL;
	rte_pktmbuf_free(m);
	for (struct rte_mbuf *next; part; part = next) {
		next = dp_meta(part)->fragments;
		a->held -= next != NULL;
		w->tx(w->sink, part, !dp_meta(part)->port);
	}
	return DP_GONE;
}

enum dp_fate dp_joined_send(struct dp_worker *w, struct rte_mbuf *m, enum dp_fate fate)
{
	if (fate == DP_GONE)
		return fate;
	struct dp_meta *meta = dp_meta(m);
	if (meta->uncounted)
		return DP_HELD;
	if (fate == DP_FORWARDED)
		fate = go_on(w, m);
	if (fate != DP_GONE && dp_worker_guards(w))
		dp_frags_release(m, &w->account[meta->port]);
	return fate;
}
