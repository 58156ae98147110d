/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_streams.h"

#include "dataplane/dp_admit.h"
#include "dataplane/dp_anomaly.h"
#include "dataplane/dp_be.h"
#include "dataplane/dp_causal.h"
#include "dataplane/dp_mptcp.h"
#include "dataplane/dp_protocol.h"
#include "dataplane/dp_session.h"
#include "dataplane/dp_sums.h"

/* For when it is read, which may be later. */
static void note_place(struct rte_mbuf *m, const struct dp_packet *pkt)
{
	dp_meta(m)->payload_off = pkt->payload_off;
	dp_meta(m)->ack = pkt->ack;
}

static void read_payload(struct dp_worker *w, unsigned dir, const struct rte_mbuf *m, uint32_t skip, uint32_t len)
{
	uint32_t off = dp_meta_const(m)->payload_off + skip;
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

static void on_data(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len)
{
	struct dp_worker *w = arg;
	struct dp_flow *f = w->flow;
	if (dp_flow_is_held(f, dir))
		return;
	w->said.ack = dp_meta(ref)->ack;
	w->said.dir = (uint8_t)dir;
	if (f->has_urgent & (1u << dir)) {
		const struct rs_stream *s = &f->tcp.dir[dir];
		/* These bytes are the last ones before `next`. */
		int64_t at = rs_stream_offset(s, f->urgent[dir]), from = (int64_t)(s->next - len);
		if (at < (int64_t)s->next)
			f->has_urgent &= (uint8_t)~(1u << dir);
		if (at >= from && at < (int64_t)s->next) {
			uint32_t n = (uint32_t)(at - from);
			read_payload(w, dir, ref, skip, n);
			skip += n + 1;
			len -= n + 1;
		}
	}
	read_payload(w, dir, ref, skip, len);
}

static void on_gap(void *arg, unsigned dir, uint64_t n)
{
	struct dp_worker *w = arg;
	if (dp_flow_is_held(w->flow, dir))
		return;
	if (!w->flow->inl)
		dp_anomaly_flow(w, w->flow, dir, DP_ANOMALY_GAP, NULL);
	dp_protocol_gap(w, w->flow, dir, n);
}

/* What contradicts is not read inline; elsewhere the receiver may have it. */
static void on_contradiction(void *arg, unsigned dir, const struct rs_contradiction *c)
{
	struct dp_worker *w = arg;
	w->stats.contradictions++;
	dp_anomaly_flow(w, w->flow, dir, DP_ANOMALY_OVERLAP, c);
}

/* What was read in its place is forgotten: whether it says the same nobody knows. */
static void on_unknown(void *arg, unsigned dir, uint64_t off, uint32_t len)
{
	struct dp_worker *w = arg;
	(void)dir;
	(void)off;
	(void)len;
	w->stats.not_compared++;
	if (w->flow->session)
		dp_session_doubt(w->flow->session, &dp_doubted_forgotten);
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
		rs_stream_set_group(&f->tcp.dir[dir], &w->streams, RS_GROUP_APART);
		/* Inline, dp_hold remembers what the client said. */
		bool held = w->use == DP_USE_INLINE && dir == f->client;
		rs_tcp_overlaps(&f->tcp, &w->streams, dir, ct_config_receiver(c, dir == 0 ? pkt->dst : pkt->src),
				held ? 0 : (uint16_t)c->tcp.remember);
	}
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
	/* A segment that is not here whole cannot be summed, nor can what is around it. */
	if (pkt->payload_missing || dp_meta(m)->beginning)
		return DP_SUM_TAKE;
	bool by_port = dp_sums_by_port(m, pkt), right = by_port || dp_sums_right(m, pkt);
	w->stats.checksum_by_port += by_port;
	/* Between two ports nobody but the receiver's own card has still to compute one. */
	if (policy == CT_CHECKSUMS_VERIFY || inline_)
		return right ? DP_SUM_TAKE : DP_SUM_DROP;
	return dp_doubt_judge(w, f, dp_flow_direction(f, pkt), right, pkt, m);
}

/* Of a wrong checksum: nothing is told of what no receiver takes, but no card leaves it so either. */
static void compare_forged(struct dp_worker *w, struct dp_flow *f, unsigned dir, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	const struct rs_stream *s = &f->tcp.dir[dir];
	int64_t off = rs_stream_offset(s, pkt->seq);
	struct rs_seen seen;
	if (off < 0)
		return;
	note_place(m, pkt);
	rs_stream_compare(s, &w->streams, (uint64_t)off, pkt->payload_len, m, 0, &seen);
	if (seen.contradicts)
		dp_doubt_forged(&f->doubt[dir]);
}

/* Its bytes came another way: do they say the same? */
static void compare(struct dp_worker *w, struct dp_flow *f, unsigned dir, const struct dp_packet *pkt, struct rte_mbuf *m,
                    enum rs_doubt why)
{
	struct rs_tcp_segment seg = { .seq = pkt->seq, .len = pkt->payload_len };
	uint64_t before = w->stats.anomalies[DP_ANOMALY_OVERLAP];
	if (why == RS_DOUBT_SUM) {
		compare_forged(w, f, dir, pkt, m);
		return;
	}
	w->flow = f;
	note_place(m, pkt);
	rs_tcp_packet(&f->tcp, &w->streams, dir, &seg, m, m->nb_segs, &tcp_ops, w);
	if (w->stats.anomalies[DP_ANOMALY_OVERLAP] != before)
		dp_anomaly_flow(w, f, dir, dp_admit_anomaly(why), NULL);
}

enum word { TAKEN, CAME_ANOTHER_WAY, NONE };

#define DEPTH 8 /* segments that wait for each other's word, in turn, as packets seen out of step do */
static void settle_up_to(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t ack, unsigned depth);

/* A segment that waited is read after all, or dropped. */
static void settle(struct dp_worker *w, struct dp_flow *f, unsigned dir, struct rte_mbuf *m, enum word word, unsigned depth)
{
	struct dp_packet pkt;
	enum rs_doubt why = dp_meta(m)->doubt;
	if (dp_tunnel_parse(&w->tunnels, dp_meta(m)->link, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m),
	                    rte_pktmbuf_pkt_len(m), &pkt) != DP_TCP)
		word = NONE;
	if (word == TAKEN) {
		dp_admit_taken(w, f, dir, why);
		/* What it acknowledges was sent, and read, before it. */
		if (depth < DEPTH && (pkt.tcp_flags & RS_TCP_ACK))
			settle_up_to(w, f, !dir, pkt.ack, depth + 1);
		if (why == RS_DOUBT_AHEAD || !dp_causal_wait(w, f, dir, &pkt, m)) {
			dp_admit_options(w, &pkt, m);
			dp_streams_take(w, f, &pkt, m);
			w->account[dp_meta(m)->port].consumed++;
		}
	} else if (why == RS_DOUBT_AHEAD) {
		w->account[dp_meta(m)->port].consumed++;
	} else {
		if (word == CAME_ANOTHER_WAY && f->proto != DP_PROTO_NONE)
			compare(w, f, dir, &pkt, m, why);
		dp_worker_drop(w, m, why == RS_DOUBT_SUM ? DP_DROP_BAD_CHECKSUM : DP_DROP_INVALID);
	}
	w->streams.ref_put(m);
}

static void settle_up_to(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t ack, unsigned depth)
{
	struct rte_mbuf *m;
	bool taken;
	while ((m = dp_doubt_acked(w, f, dir, ack, &taken)))
		settle(w, f, dir, m, taken ? TAKEN : CAME_ANOTHER_WAY, depth);
}

void dp_streams_settle(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint32_t ack)
{
	/* Of the packet that acknowledges; it is read next. */
	struct rs_options options = w->options;
	settle_up_to(w, f, dir, ack, 0);
	w->options = options;
}

/* What still waits when a connection ends was never acknowledged; where only one direction was seen, nobody could. What an honest
 * sender says, too, may have been the last that was seen of it. */
static bool was_sent(const struct dp_flow *f, unsigned dir, enum rs_doubt why)
{
	if (f->proto == DP_PROTO_NONE)
		return false;
	/* What came behind a reset has another reason. */
	if (why == RS_DOUBT_ACK || why == RS_DOUBT_WINDOW || why == RS_DOUBT_NO_TIMESTAMP)
		return true;
	return why == RS_DOUBT_SUM && f->tcp.state != RS_TCP_RESET && !(f->tcp.seen & (1u << !dir));
}

/* Of whichever direction's came first. */
static struct rte_mbuf *drain(struct dp_worker *w, struct dp_flow *f, unsigned *dir)
{
	const struct rs_seg *a = dp_doubt_first(&f->doubt[0]), *b = dp_doubt_first(&f->doubt[1]);
	*dir = !a || (b && dp_meta(b->ref)->seq < dp_meta(a->ref)->seq);
	return dp_doubt_drain(w, f, *dir);
}

void dp_streams_settle_all(struct dp_worker *w, struct dp_flow *f)
{
	struct rte_mbuf *m;
	unsigned dir;
	dp_causal_end(w, f);
	while ((m = drain(w, f, &dir)))
		settle(w, f, dir, m, was_sent(f, dir, dp_meta(m)->doubt) ? TAKEN : NONE, DEPTH);
}

void dp_streams_close(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	/* What waited may have been its end. */
	if (f->closing)
		return;
	f->closing = true;
	dp_streams_settle_all(w, f);
	f->closing = false;
	if (f->tcp.state == RS_TCP_CLOSED)
		why = CT_REASON_NONE;
	w->flow = f;
	if (f->no_room)
		dp_protocol_no_room(w, f);
	rs_tcp_close(&f->tcp, &w->streams, &tcp_ops, w);
	if (f->session)
		dp_session_end(f->session, why);
	f->was_mail |= f->session != NULL;
	f->session = NULL;
	f->proto = DP_PROTO_NONE;
}

void dp_streams_read_waiting(struct dp_worker *w, struct dp_flow *f, unsigned dir, struct rs_seg *seg)
{
	settle(w, f, dir, dp_doubt_take(w, f, dir, seg), TAKEN, 0);
}

void dp_streams_give_up(struct dp_worker *w, struct dp_flow *f, unsigned dir, uint64_t to)
{
	w->flow = f;
	rs_tcp_give_up(&f->tcp, &w->streams, dir, to, &tcp_ops, w);
	if (f->tcp.state == RS_TCP_CLOSED)
		dp_streams_close(w, f, CT_REASON_NONE);
}

/* Something of it was not kept. */
static void tell_no_room(struct dp_worker *w, struct dp_flow *f)
{
	if (dp_worker_guards(w))
		return;
	if (f->session)
		dp_session_doubt(f->session, &dp_doubted_no_room);
	else
		f->no_room = true;
}

void dp_streams_no_room(struct dp_worker *w, struct dp_flow *f)
{
	w->stats.tcp_limit++;
	tell_no_room(w, f);
}

void dp_streams_give_way(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_flow *at_hand = w->flow;
	struct rs_options options = w->options;
	dp_streams_settle_all(w, f);
	rs_tcp_drop(&f->tcp, &w->streams);
	tell_no_room(w, f);
	w->options = options;
	w->flow = at_hand;
}

static void count_verdict(struct dp_worker *w, struct dp_flow *f, enum rs_verdict v)
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
		dp_streams_no_room(w, f);
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
	dp_streams_settle_all(w, f);
	static const struct rs_tcp_ops ignore = { .data = ignore_data, .gap = ignore_gap };
	uint8_t state = f->tcp.state;
	rs_tcp_close(&f->tcp, &w->streams, &ignore, w);
	f->tcp.state = state;
	for (unsigned dir = 0; dir < 2; dir++)
		rs_tcp_overlaps(&f->tcp, &w->streams, dir, f->tcp.dir[dir].policy, 0);
}

/* RFC 6093: receivers take the byte before the pointer out of the stream, where their program does not ask for it. The last one told
 * counts. */
static void note_urgent(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, const struct rte_mbuf *m)
{
	unsigned dir = dp_flow_direction(f, pkt);
	uint16_t pointer = dp_be_get16(rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l4_off + 18));
	dp_anomaly_flow(w, f, dir, DP_ANOMALY_URGENT, NULL);
	if (w->config->tcp.urgent == CT_URGENT_INLINE)
		return;
	f->urgent[dir] = pkt->seq + pointer - (pointer > 0);
	f->has_urgent |= (uint8_t)(1u << dir);
}

void dp_streams_offer(struct dp_flow *f, const struct dp_packet *pkt, const struct rte_mbuf *m)
{
	unsigned dir = dp_flow_direction(f, pkt);
	switch (dp_mptcp_offer(rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l4_off), pkt->tcp_hdr_len)) {
	case DP_MPTCP_NONE:
		break;
	case DP_MPTCP_JOIN:
		f->mptcp |= DP_FLOW_JOINS;
		/* fall through */
	case DP_MPTCP_CAPABLE:
		f->mptcp |= (uint8_t)(1u << dir);
	}
}

static void note_flags(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, const struct rte_mbuf *m)
{
	if (pkt->tcp_flags & RS_TCP_SYN)
		dp_streams_offer(f, pkt, m);
	else if (!(pkt->tcp_flags & RS_TCP_RST))
		note_urgent(w, f, pkt, m);
}

/* A segment of that direction ended it. */
static void close_by(struct dp_worker *w, struct dp_flow *f, unsigned dir)
{
	if (f->tcp.reset && f->reset_by == 2)
		f->reset_by = (uint8_t)dir;
	dp_streams_close(w, f, CT_REASON_NONE);
}

void dp_streams_missing(struct dp_flow *f, unsigned dir)
{
	if (!f->session)
		f->cut |= (uint8_t)(1u << dir);
	else if (dir == f->client)
		dp_session_doubt(f->session, &dp_doubted_cut);
}

/* Whether its receiver has, or may have, other bytes in its place than are read. What is given up of fragments it had not whole by then:
 * what was read before is what it has. */
static bool is_missing(const struct dp_flow *f, unsigned dir, const struct dp_packet *pkt, const struct dp_meta *meta)
{
	const struct rs_stream *s = &f->tcp.dir[dir];
	if (!meta->beginning && !meta->doubtful)
		return pkt->payload_missing > 0;
	if (f->tcp.state == RS_TCP_CLOSED)
		return false;
	if (!(f->tcp.started & (1u << dir)))
		return true;
	uint32_t reach = pkt->payload_len + (meta->endless ? UINT16_MAX : pkt->payload_missing);
	return rs_stream_offset(s, pkt->seq) + (int64_t)reach > (int64_t)s->next;
}

bool dp_streams_has(const struct dp_flow *f, unsigned dir, const struct dp_packet *pkt)
{
	const struct rs_stream *s = &f->tcp.dir[dir];
	return (f->tcp.started & (1u << dir)) && rs_stream_offset(s, pkt->seq) + (int64_t)pkt->payload_len <= (int64_t)s->acked;
}

bool dp_streams_lacks(const struct dp_flow *f, unsigned dir, const struct dp_packet *pkt)
{
	const struct rs_stream *s = &f->tcp.dir[dir];
	return f->tcp.state != RS_TCP_CLOSED && f->tcp.started == 3 && pkt->payload_len > 0 && !dp_streams_has(f, dir, pkt) &&
	       rs_stream_offset(s, pkt->seq) <= (int64_t)s->next;
}

bool dp_streams_take(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	/* Inline the data of a SYN is cut off: it comes again. */
	uint32_t len = f->inl && (pkt->tcp_flags & RS_TCP_SYN) ? 0 : pkt->payload_len;
	struct rs_tcp_segment seg = { pkt->seq, pkt->ack, len, pkt->tcp_flags, pkt->window, pkt->payload_missing };
	unsigned dir = dp_flow_direction(f, pkt);
	w->flow = f;
	if (pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_URG))
		note_flags(w, f, pkt, m);
	note_place(m, pkt);
	bool missing = is_missing(f, dir, pkt, dp_meta(m));
	enum rs_verdict v = rs_tcp_packet(&f->tcp, &w->streams, dir, &seg, m, m->nb_segs, &tcp_ops, w);
	if (missing)
		dp_streams_missing(f, dir);
	bool replaced = f->tcp.replaced, closed = f->tcp.state == RS_TCP_CLOSED;
	if (!replaced) {
		if (v != RS_INORDER)
			count_verdict(w, f, v);
		dp_admit_note(w, f, dir, &seg, v, dp_meta(m)->time);
	}
	if (closed)
		close_by(w, f, dir);
	else if (f->proto == DP_PROTO_NONE)
		forget_held(w, f);
	return !replaced;
}
