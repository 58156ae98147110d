/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_inline.h"

#include "dataplane/dp_anomaly.h"
#include "dataplane/dp_conn.h"
#include "dataplane/dp_inline_answer.h"
#include "dataplane/dp_inline_read.h"
#include "dataplane/dp_kept.h"
#include "dataplane/dp_mptcp.h"
#include "dataplane/dp_reset.h"
#include "dataplane/dp_session.h"

/* Nothing of this connection passes any more. A reset is told to whoever speaks (RFC 9293 3.5.2: at the number that it expects). */
static enum dp_fate dead_segment(struct dp_worker *w, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	if (!(pkt->tcp_flags & RS_TCP_RST))
		dp_reset_back(w, pkt, m, dp_meta(m)->port);
	return DP_CONSUMED;
}

/* A message is refused, or the connection is to be reset: when the server has answered what it got, and the client has got that. */
static void conclude(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	struct dp_inline *in = f->inl;
	struct dp_session *s = f->session;
	const struct rs_stream *from_server = &f->tcp.dir[!f->client];
	struct rs_smtp_owed_view v;
	if (!s)
		return;
	if (rs_smtp_owed_first(&s->smtp, &v) && in->base + v.at <= in->hold.edge)
		return;
	if (from_server->end != from_server->next || rs_tcp_acked(&f->tcp, !f->client) < from_server->next)
		return;
	bool answers = s->refused == CT_ACT_REJECT || s->refused == CT_ACT_TEMPFAIL;
	w->flow = f;
	if (!answers || !dp_inline_answer_begin(w, f, now))
		dp_inline_kill(w, f, CT_REASON_NONE);
}

/* After anything that may have let the reader go on. */
static void go_on(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	struct dp_inline *in = f->inl;
	if (f->tcp.state == RS_TCP_CLOSED)
		return;
	dp_inline_read(w, f);
	if (in->unreadable != CT_REASON_NONE) {
		dp_inline_kill(w, f, in->unreadable);
		return;
	}
	dp_kept_release(w, &in->hold, &in->clock);
	/* It is no mail: nothing of it needs to be remembered. Only the server's first word will still be looked at. */
	if (f->proto == DP_PROTO_NONE) {
		f->unheard = f->tcp.dir[!f->client].next == 0;
		dp_inline_free(w, f);
		return;
	}
	if (f->session && dp_session_refused(f->session) && in->state == DP_INLINE_OPEN)
		dp_inline_enter(w, in, DP_INLINE_REFUSING, now);
	if (in->state == DP_INLINE_REFUSING)
		conclude(w, f, now);
}

/* Segments. */

/* The client's first number may be corrected until the server has answered its SYN. */
static void follow_isn(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = f->inl;
	uint32_t isn = f->tcp.dir[f->client].isn;
	if (isn == in->isn)
		return;
	dp_hold_clear(&in->hold, &w->hold);
	dp_hold_init(&in->hold);
	in->isn = isn;
}

static void server_acknowledged(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = f->inl;
	/* A FIN takes a number, too. Beyond that: bytes that reached the server by another way. */
	uint64_t acked = rs_tcp_acked(&f->tcp, f->client);
	/* What nobody has read yet, for it does not tell what it is, is needed still. */
	uint64_t to = f->proto == DP_PROTO_PROBING && acked > in->hold.read ? in->hold.read : acked;
	if (!dp_hold_ack(&in->hold, &w->hold, to) && acked > in->hold.edge + 1) {
		w->stats.bypassed++;
		dp_inline_kill(w, f, CT_REASON_GAP);
	}
}

/* Client data that goes on after the connection was closed: only what the server may have missed. */
static enum dp_fate closed_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m, int64_t off)
{
	struct dp_inline *in = f->inl;
	uint32_t len = pkt->payload_len;
	if (len == 0 || off + (int64_t)len <= (int64_t)in->hold.acked)
		return DP_FORWARDED;
	/* Below edge all was forwarded, and what the server may lack of it is remembered: nothing new is remembered here. */
	if (off >= 0 && off + (int64_t)len <= (int64_t)in->hold.edge &&
	    dp_hold_add(&in->hold, &w->hold, (uint64_t)off, len, m, m->nb_segs) == DP_HOLD_KNOWN)
		return DP_FORWARDED;
	return dp_worker_drop(w, m, DP_DROP_CLOSED);
}

/* The payload is looked at before the header is: what the header ends (FIN, RST) ends behind it. */
static enum dp_fate client_data(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m, uint64_t off,
                                uint64_t now)
{
	struct dp_inline *in = f->inl;
	uint32_t len = pkt->payload_len;
	bool waiting = in->hold.unsent > 0;
	if (off + len > in->hold.read + w->config->tcp.window)
		return dp_worker_drop(w, m, DP_DROP_WINDOW);
	enum dp_hold_verdict v = dp_hold_add(&in->hold, &w->hold, off, len, m, m->nb_segs);
	if (v == DP_HOLD_CONTRADICTS) {
		w->stats.contradictions++;
		dp_anomaly_refused(w, f, f->client, DP_ANOMALY_OVERLAP);
		return dp_worker_drop(w, m, DP_DROP_CONTRADICTION);
	}
	if (v == DP_HOLD_FULL)
		return dp_worker_drop(w, m, DP_DROP_NO_ROOM);
	dp_inline_read(w, f);
	enum dp_fate fate;
	if (in->unreadable != CT_REASON_NONE)
		fate = v == DP_HOLD_NEW ? dp_kept_hold(w, m) : DP_CONSUMED;
	else if (waiting && v == DP_HOLD_NEW)
		fate = dp_kept_hold(w, m); /* goes on in its turn */
	else
		fate = dp_kept_forward(w, &in->hold, &in->clock, pkt, m, off, v == DP_HOLD_NEW);
	f = dp_conn_take(w, f, pkt, m);
	if (f && f->inl)
		go_on(w, f, now);
	return fate;
}

/* The SYN's data comes again behind it, when it does not arrive with it (RFC 7413 4.2). What answers a SYN is the server's: of a client
 * it would only speak for numbers that the server does not count by. */
static enum dp_fate client_syn(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	if (pkt->tcp_flags & RS_TCP_ACK)
		return dp_worker_drop(w, m, DP_DROP_WINDOW);
	f = dp_conn_take(w, f, pkt, m);
	if (f && f->inl)
		follow_isn(w, f);
	if (pkt->payload_len == 0)
		return DP_FORWARDED;
	dp_kept_forward_part(w, m, pkt, 0, 0, NULL);
	return DP_CONSUMED;
}

static enum dp_fate client_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m, uint64_t now)
{
	struct dp_inline *in = f->inl;
	uint32_t len = pkt->payload_len;
	if (pkt->tcp_flags & RS_TCP_SYN)
		return client_syn(w, f, pkt, m);
	/* Picked up in the middle: its stream begins here. */
	if (!(f->tcp.started & (1u << f->client))) {
		f = dp_conn_take(w, f, pkt, m);
		if (!f || !f->inl || !(f->tcp.started & (1u << f->client)))
			return DP_FORWARDED;
	}
	follow_isn(w, f);
	/* Until the server has answered the SYN, nobody knows by which numbers it counts: an older connection's may still be the ones. */
	if (len > 0 && !(f->middle || f->tcp.syn & RS_TCP_SYN_ACK(!f->client)))
		return dp_worker_drop(w, m, DP_DROP_WINDOW);
	int64_t off = (int64_t)in->hold.read + (int32_t)(pkt->seq - (in->isn + 1 + (uint32_t)in->hold.read));
	if (pkt->tcp_flags & RS_TCP_URG)
		return dp_worker_drop(w, m, DP_DROP_URGENT);
	if (f->tcp.state == RS_TCP_CLOSED)
		return closed_segment(w, f, pkt, m, off);
	if (len > 0 && off + (int64_t)len > (int64_t)in->hold.acked) {
		if (off < 0)
			return dp_worker_drop(w, m, DP_DROP_WINDOW);
		return client_data(w, f, pkt, m, (uint64_t)off, now);
	}
	/* Nothing goes on beyond a held byte, and so no FIN. */
	bool early = (pkt->tcp_flags & RS_TCP_FIN) && in->hold.limit != DP_HOLD_NO_LIMIT && off >= (int64_t)in->hold.edge;
	if (early)
		return DP_CONSUMED;
	dp_kept_heard(&in->clock, &in->hold, m, pkt, off);
	f = dp_conn_take(w, f, pkt, m);
	if (f && f->inl)
		go_on(w, f, now);
	return DP_FORWARDED;
}

/* The server's bytes are forwarded only as they are read, now or later: a reply that is missing here would be matched to the wrong
 * command. What finds no room is repeated by the server. */
static enum dp_fate server_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m, uint64_t now)
{
	uint64_t unread = w->stats.tcp_limit + w->stats.tcp_window, contradictions = w->stats.contradictions;
	f = dp_conn_take(w, f, pkt, m);
	if (w->stats.contradictions != contradictions)
		return dp_worker_drop(w, m, DP_DROP_CONTRADICTION);
	if (!f || !f->inl || f->tcp.state == RS_TCP_CLOSED)
		return DP_FORWARDED;
	enum dp_fate fate = DP_FORWARDED;
	if (w->stats.tcp_limit + w->stats.tcp_window != unread)
		fate = dp_worker_drop(w, m, DP_DROP_NO_ROOM);
	follow_isn(w, f);
	server_acknowledged(w, f);
	if (!f->dead)
		go_on(w, f, now);
	return f->dead && fate == DP_FORWARDED ? DP_CONSUMED : fate;
}

/* Found in the middle. On a mail port its beginning went by unread, and so may its message: it is reset. On other ports it is watched:
 * should it speak SMTP, it is reset then. */
static enum dp_fate midstream(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	if (f->proto != DP_PROTO_SMTP && !dp_conn_is_mail(w, pkt)) {
		dp_conn_segment(w, &f, pkt, m);
		if (!f || !f->session)
			return DP_FORWARDED;
	}
	w->stats.midstream_reset++;
	/* Its receiver has a SYN already, or expects what it acknowledges; of others it has what stands before them. */
	dp_reset_on(w, pkt, m, pkt->seq + !!(pkt->tcp_flags & RS_TCP_SYN), !dp_meta(m)->port);
	dp_inline_kill(w, f, CT_REASON_MIDSTREAM);
	return dead_segment(w, pkt, m);
}

/* On a port that is not mail's the client spoke first, of something else, and the server now speaks as a mail server does, or as a
 * mail client: whatever the client has said since went by unread. */
static bool speaks_mail(struct dp_flow *f, const struct dp_packet *pkt, const struct rte_mbuf *m)
{
	if (pkt->payload_len == 0 || dp_flow_direction(f, pkt) == f->client || pkt->seq != f->tcp.dir[!f->client].isn + 1)
		return false;
	f->unheard = false;
	uint32_t n = RTE_MIN(pkt->payload_len, rte_pktmbuf_data_len(m) - pkt->payload_off);
	const uint8_t *p = rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->payload_off);
	return rs_smtp_probe(RS_SMTP_SERVER, p, n) == 1 || rs_smtp_probe(RS_SMTP_CLIENT, p, n) == 1;
}

static void learn(struct dp_inline *in, unsigned dir, const struct dp_packet *pkt, const struct rte_mbuf *m)
{
	dp_voice_learn(&in->voice[dir], dp_inline_far_of(in, dir), rte_pktmbuf_mtod(m, const uint8_t *), pkt, dp_meta_const(m)->time);
}

enum dp_fate dp_inline_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	if (f->dead)
		return dead_segment(w, pkt, m);
	if (f->proto == DP_PROTO_NONE && !f->inl) {
		if (f->unheard && speaks_mail(f, pkt, m)) {
			dp_inline_kill(w, f, CT_REASON_NONE);
			return dead_segment(w, pkt, m);
		}
		dp_conn_segment(w, &f, pkt, m);
		return DP_FORWARDED;
	}
	dp_kept_init(m, pkt);
	if (!f->inl) {
		bool picks_up = meta->time < w->pickup_until && f->client < 2;
		if (f->middle && !picks_up)
			return midstream(w, f, pkt, m);
		if (!dp_inline_begin(w, f))
			return dp_worker_drop(w, m, DP_DROP_NO_ROOM);
	}
	struct dp_inline *in = f->inl;
	bool from_client = dp_flow_direction(f, pkt) == f->client;
	if (!dp_inline_far(w, in, pkt))
		return dp_worker_drop(w, m, DP_DROP_NO_ROOM);
	/* Its bytes could go another way than through here. */
	if ((pkt->tcp_flags & RS_TCP_SYN) && dp_mptcp_remove(rte_pktmbuf_mtod_offset(m, uint8_t *, pkt->l4_off), pkt->tcp_hdr_len))
		w->stats.mptcp_removed++;
	if (in->state != DP_INLINE_ANSWERING || from_client)
		learn(in, dp_flow_direction(f, pkt), pkt, m);
	if (in->state == DP_INLINE_ANSWERING)
		return dp_inline_answer_segment(w, f, pkt, m, from_client);
	return from_client ? client_segment(w, f, pkt, m, meta->time) : server_segment(w, f, pkt, m, meta->time);
}

void dp_inline_tick(struct dp_worker *w, uint64_t now)
{
	struct dp_inline *in;
	uint64_t wait = w->config->inline_.reply_wait * UINT64_C(1000000000);
	unsigned n = 0;
	while (n++ < DP_EXPIRE_MAX && (in = TAILQ_FIRST(&w->refusing)) && in->since + wait <= now) {
		w->stats.reply_timeouts++;
		dp_inline_kill(w, in->flow, CT_REASON_TIMEOUT);
	}
	while (n++ < DP_EXPIRE_MAX && (in = TAILQ_FIRST(&w->answering)) && in->since + DP_ANSWER_REPEAT_NS <= now)
		dp_inline_answer_tick(w, in->flow, now);
	while (n++ < DP_EXPIRE_MAX && (in = TAILQ_FIRST(&w->resetting)) && in->since + DP_ANSWER_REPEAT_NS <= now)
		dp_inline_reset_again(w, in->flow, now);
}

bool dp_inline_unfinished(const struct dp_worker *w)
{
	const struct dp_inline *in;
	if (!TAILQ_EMPTY(&w->refusing))
		return true;
	TAILQ_FOREACH(in, &w->answering, due)
		if (in->replies->len > 0)
			return true;
	return false;
}
