/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_streams.h"

#include "dataplane/dp_protocol.h"
#include "dataplane/dp_session.h"

static void on_data(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len)
{
	struct dp_worker *w = arg;
	const struct rte_mbuf *m = ref;
	if (dp_flow_is_held(w->flow, dir))
		return;
	uint32_t off = dp_meta(ref)->payload_off + skip;
	while (m && off >= rte_pktmbuf_data_len(m)) {
		off -= rte_pktmbuf_data_len(m);
		m = m->next;
	}
	for (; m && len > 0; m = m->next, off = 0) {
		uint32_t n = rte_pktmbuf_data_len(m) - off;
		if (n > len)
			n = len;
		dp_protocol_read(w, w->flow, dir, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n);
		len -= n;
	}
}

static void on_gap(void *arg, unsigned dir, uint64_t n)
{
	struct dp_worker *w = arg;
	if (!dp_flow_is_held(w->flow, dir))
		dp_protocol_gap(w, w->flow, dir, n);
}

/* What contradicts is not read inline; elsewhere the receiver may have it. */
static void on_contradiction(void *arg, unsigned dir, const struct rs_contradiction *c)
{
	struct dp_worker *w = arg;
	(void)dir;
	(void)c;
	w->stats.contradictions++;
}

static void on_unknown(void *arg, unsigned dir, uint64_t off, uint32_t len)
{
	struct dp_worker *w = arg;
	(void)dir;
	(void)off;
	(void)len;
	w->stats.not_compared++;
}

static const struct rs_tcp_ops tcp_ops = { .data = on_data, .gap = on_gap, .contradiction = on_contradiction,
					   .unknown = on_unknown };

void dp_streams_begin(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt)
{
	const struct ct_config *c = w->config;
	f->tcp.refuse = w->use == DP_USE_INLINE;
	if (f->proto == DP_PROTO_NONE)
		return;
	for (unsigned dir = 0; dir < 2; dir++) {
		/* Inline, dp_hold remembers what the client said. */
		bool held = w->use == DP_USE_INLINE && dir == f->client;
		rs_tcp_overlaps(&f->tcp, &w->streams, dir, ct_config_receiver(c, dir == 0 ? pkt->dst : pkt->src),
				held ? 0 : (uint16_t)c->tcp.remember);
	}
}

static bool sums_right(const struct dp_packet *pkt, const struct rte_mbuf *m)
{
	const uint8_t *head = rte_pktmbuf_mtod(m, const uint8_t *);
	if (pkt->ip_version == 4 && !dp_packet_checksum_ip(head + pkt->l3_off))
		return false;
	struct dp_checksum sum = { 0 };
	uint32_t off = pkt->l4_off, len = pkt->tcp_hdr_len + pkt->payload_len;
	dp_checksum_add_pseudo(&sum, pkt, len);
	for (; m && len > 0; m = m->next, off = 0) {
		uint32_t n = rte_pktmbuf_data_len(m) - off;
		if (n > len)
			n = len;
		dp_checksum_add(&sum, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n);
		len -= n;
	}
	return dp_checksum_value(&sum) == 0;
}

/* Whether anything depends on it: what is no mail passes, right or wrong, but no wrong one begins or replaces a connection. */
static bool matters(const struct dp_flow *f, const struct dp_packet *pkt)
{
	if ((pkt->tcp_flags & RS_TCP_SYN) || (!f && pkt->payload_len > 0))
		return true;
	return f && (f->proto != DP_PROTO_NONE || f->was_mail || f->dead);
}

enum dp_sum dp_streams_checksum(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	enum ct_checksums policy = w->config->capture.checksums;
	bool inline_ = w->use == DP_USE_INLINE;
	if (policy == CT_CHECKSUMS_TRUST || (inline_ ? !matters(f, pkt) : !f || f->proto == DP_PROTO_NONE))
		return DP_SUM_TAKE;
	/* A segment that is not here whole cannot be summed. */
	if (pkt->payload_missing)
		return DP_SUM_TAKE;
	bool right = sums_right(pkt, m);
	/* Between two ports nobody but the receiver's own card has still to compute one. */
	if (policy == CT_CHECKSUMS_VERIFY || inline_)
		return right ? DP_SUM_TAKE : DP_SUM_DROP;
	return dp_doubt_judge(w, f, dp_flow_direction(f, pkt), right, pkt, m);
}

/* A segment that waited is read after all, or dropped. */
static void settle(struct dp_worker *w, struct dp_flow *f, struct rte_mbuf *m, bool taken)
{
	struct dp_packet pkt;
	if (taken && dp_packet_parse(dp_meta(m)->link, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m),
	                             rte_pktmbuf_pkt_len(m), &pkt) == DP_TCP) {
		dp_streams_take(w, f, &pkt, m);
		w->account[dp_meta(m)->port].consumed++;
	} else {
		dp_worker_drop(w, m, DP_DROP_BAD_CHECKSUM);
	}
	rte_pktmbuf_free(m);
}

void dp_streams_settle(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t ack)
{
	struct rte_mbuf *m;
	bool taken;
	while ((m = dp_doubt_acked(w, f, dir, ack, &taken)))
		settle(w, f, m, taken);
}

/* What still waits when a connection ends was never acknowledged; where only one direction was seen, nobody could. */
static void settle_all(struct dp_worker *w, struct dp_flow *f)
{
	struct rte_mbuf *m;
	for (unsigned dir = 0; dir < 2; dir++)
		while ((m = dp_doubt_drain(w, f, dir)))
			settle(w, f, m, !(f->tcp.seen & (1u << !dir)) && f->proto != DP_PROTO_NONE);
}

void dp_streams_close(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	settle_all(w, f);
	w->flow = f;
	rs_tcp_close(&f->tcp, &w->streams, &tcp_ops, w);
	if (f->session)
		dp_session_end(f->session, why);
	f->was_mail |= f->session != NULL;
	f->session = NULL;
	f->proto = DP_PROTO_NONE;
}

static void count_verdict(struct dp_worker *w, enum rs_verdict v)
{
	switch (v) {
	case RS_INORDER:
		break;
	case RS_HELD:
		w->stats.tcp_held++;
		break;
	case RS_DUP:
		w->stats.tcp_duplicate++;
		break;
	case RS_LIMIT:
		w->stats.tcp_limit++;
		break;
	case RS_WINDOW:
		w->stats.tcp_window++;
		break;
	case RS_CONTRADICTS:
		break;
	}
}

static void ignore_data(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len)
{
	(void)arg;
	(void)dir;
	(void)ref;
	(void)skip;
	(void)len;
}

static void ignore_gap(void *arg, unsigned dir, uint64_t n)
{
	(void)arg;
	(void)dir;
	(void)n;
}

/* It turned out not to be mail: nothing of it is held any more, nor what came with its SYN. */
static void forget_held(struct dp_worker *w, struct dp_flow *f)
{
	settle_all(w, f);
	static const struct rs_tcp_ops ignore = { .data = ignore_data, .gap = ignore_gap };
	uint8_t state = f->tcp.state;
	rs_tcp_close(&f->tcp, &w->streams, &ignore, w);
	f->tcp.state = state;
	for (unsigned dir = 0; dir < 2; dir++)
		rs_tcp_overlaps(&f->tcp, &w->streams, dir, f->tcp.dir[dir].policy, 0);
}

bool dp_streams_take(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	/* Inline the data of a SYN is cut off: it comes again. */
	uint32_t len = f->inl && (pkt->tcp_flags & RS_TCP_SYN) ? 0 : pkt->payload_len;
	struct rs_tcp_segment seg = { pkt->seq, pkt->ack, len, pkt->tcp_flags, pkt->window };
	w->flow = f;
	dp_meta(m)->payload_off = pkt->payload_off;
	enum rs_verdict v = rs_tcp_packet(&f->tcp, &w->streams, dp_flow_direction(f, pkt), &seg, m, m->nb_segs, &tcp_ops, w);
	bool replaced = f->tcp.replaced;
	if (f->tcp.state == RS_TCP_CLOSED && f->tcp.reset && f->reset_by == 2)
		f->reset_by = (uint8_t)dp_flow_direction(f, pkt);
	if (!replaced)
		count_verdict(w, v);
	if (f->tcp.state == RS_TCP_CLOSED)
		dp_streams_close(w, f, CT_REASON_NONE);
	else if (f->proto == DP_PROTO_NONE)
		forget_held(w, f);
	return !replaced;
}
