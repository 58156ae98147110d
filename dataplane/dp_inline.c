/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_inline.h"

#include <string.h>

#include "dataplane/dp_conn.h"
#include "dataplane/dp_cut.h"
#include "dataplane/dp_inline_answer.h"
#include "dataplane/dp_reset.h"
#include "dataplane/dp_session.h"

/* References. */

void dp_inline_get(void *mbuf)
{
	dp_meta(mbuf)->runs++;
	rte_pktmbuf_refcnt_update(mbuf, 1);
}

void dp_inline_put(void *mbuf)
{
	struct rte_mbuf *m = mbuf;
	struct dp_meta *meta = dp_meta(m);
	/* It was held to its end: repeated by its sender, or of a connection that is over. */
	if (--meta->runs == 0 && meta->held_in) {
		meta->held_in->held--;
		meta->held_in->consumed++;
		meta->held_in = NULL;
	}
	rte_pktmbuf_free(m);
}

/* The bytes from `skip` of the payload on that lie in one piece. */
static const uint8_t *piece(const struct rte_mbuf *m, uint32_t skip, uint32_t *len)
{
	uint32_t off = dp_meta_const(m)->payload_off + skip;
	while (off >= rte_pktmbuf_data_len(m)) {
		off -= rte_pktmbuf_data_len(m);
		m = m->next;
	}
	uint32_t n = rte_pktmbuf_data_len(m) - off;
	*len = *len < n ? *len : n;
	return rte_pktmbuf_mtod_offset(m, const uint8_t *, off);
}

bool dp_inline_same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len)
{
	while (len > 0) {
		uint32_t n = len;
		const uint8_t *p = piece(a, skip_a, &n), *q = piece(b, skip_b, &n);
		if (memcmp(p, q, n) != 0)
			return false;
		skip_a += n;
		skip_b += n;
		len -= n;
	}
	return true;
}

/* Fates. */

static enum dp_fate drop(struct dp_worker *w, struct rte_mbuf *m, enum dp_drop why)
{
	w->account[dp_meta(m)->port].dropped[why]++;
	return DP_DROPPED;
}

/* A reference to it was taken. */
enum dp_fate dp_inline_hold(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	meta->held_in = &w->account[meta->port];
	meta->held_in->held++;
	return DP_HELD;
}

/* The packet as it is but for its payload, of which only the first `len` bytes go on. */
static bool forward_cut(struct dp_worker *w, const struct rte_mbuf *m, uint32_t len)
{
	struct dp_packet pkt;
	struct rte_mbuf *cut = rte_pktmbuf_alloc(w->mbufs);
	if (cut && dp_packet_parse(DP_LINK_ETHERNET, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), rte_pktmbuf_pkt_len(m),
	                           &pkt) == DP_TCP &&
	    dp_cut(cut, m, &pkt, len)) {
		*dp_meta(cut) = (struct dp_meta){ .kind = DP_OURS, .port = dp_meta_const(m)->port, .time = dp_meta_const(m)->time };
		w->tx(w->sink, cut, !dp_meta_const(m)->port);
		return true;
	}
	rte_pktmbuf_free(cut);
	w->stats.injected_lost++;
	return false;
}

/* Reading. */

static size_t read_piece(struct dp_worker *w, struct dp_flow *f, const struct rte_mbuf *m, uint32_t skip, uint32_t len)
{
	size_t taken = 0;
	while (taken < len) {
		uint32_t n = len - (uint32_t)taken;
		const uint8_t *p = piece(m, skip + (uint32_t)taken, &n);
		size_t k = dp_conn_read(w, f, f->client, p, n);
		taken += k;
		if (k < n)
			break;
	}
	return taken;
}

/* The first bytes in order, for who must tell what they are. */
static size_t gather(struct dp_inline *in, uint8_t *to, size_t size)
{
	struct dp_hold at = in->hold;
	size_t got = 0;
	void *ref;
	uint32_t skip, len;
	while (got < size && dp_hold_unread(&at, &ref, &skip, &len)) {
		uint32_t n = len < size - got ? len : (uint32_t)(size - got);
		const uint8_t *p = piece(ref, skip, &n);
		memcpy(to + got, p, n);
		got += n;
		dp_hold_took(&at, n);
	}
	return got;
}

/* False: the bytes there are too few to tell; or they are no mail's, and the server has not acknowledged them: it may have dropped them
 * (RFC 7323 5.3, RFC 9293 3.10.7.4), and with what is remembered other bytes in their place would be forgotten, too. */
static bool tell(struct dp_flow *f)
{
	uint8_t first[DP_PROBE_MAX];
	size_t n = gather(f->inl, first, sizeof first);
	if (n == 0 || !dp_conn_tell(f, f->client, first, n))
		return false;
	if (f->proto == DP_PROTO_NONE && f->tcp.acked[f->client] < f->inl->hold.read + n) {
		f->proto = DP_PROTO_PROBING;
		return false;
	}
	return true;
}

static uint64_t limit_of(const struct dp_flow *f)
{
	const struct dp_inline *in = f->inl;
	uint64_t limit = DP_HOLD_NO_LIMIT;
	if (f->session && dp_session_refused(f->session))
		limit = in->base + f->session->safe;
	else if (f->session && dp_session_halted(f->session))
		limit = in->hold.read;
	/* What was forwarded before it was known cannot be taken back: those bytes were judged, or made no message. */
	return limit < in->hold.edge ? in->hold.edge : limit;
}

/* Reads what is in order, as far as it may be read. */
void dp_inline_read(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = f->inl;
	void *ref;
	uint32_t skip, len;
	/* What its end cut off stays where it is. */
	if (f->tcp.state == RS_TCP_CLOSED)
		return;
	w->flow = f;
	while (in->unreadable == CT_REASON_NONE) {
		if (f->session && dp_session_halted(f->session))
			break;
		if (f->proto == DP_PROTO_PROBING && !tell(f))
			break;
		if (!dp_hold_unread(&in->hold, &ref, &skip, &len))
			break;
		if (f->proto == DP_PROTO_NONE) {
			dp_hold_took(&in->hold, len);
			continue;
		}
		size_t n = read_piece(w, f, ref, skip, len);
		dp_hold_took(&in->hold, (uint32_t)n);
		if (n == 0 && f->proto != DP_PROTO_PROBING)
			break;
	}
	in->hold.limit = limit_of(f);
}

/* What is held and may go on now, does, in order. */
static void release(struct dp_worker *w, struct dp_inline *in)
{
	struct dp_hold *h = &in->hold;
	struct dp_hold_run *r;
	while ((r = dp_hold_unsent(h))) {
		struct rte_mbuf *m = r->ref;
		struct dp_meta *meta = dp_meta(m);
		uint64_t off = r->off - r->skip;
		uint32_t len = meta->payload_len, may = dp_hold_may(h, off, len);
		if (off + may <= r->off + r->sent)
			break;
		if (may < len) {
			if (!forward_cut(w, m, may))
				break;
			dp_hold_forwarded(h, off, may);
			continue;
		}
		dp_hold_forwarded(h, off, may);
		if (meta->held_in) {
			meta->held_in->held--;
			meta->held_in = NULL;
			rte_mbuf_refcnt_update(m, 1);
			w->tx(w->sink, m, !meta->port);
		} else {
			/* It went by once, and its sent part was cut off it: a whole copy is one of ours. */
			forward_cut(w, m, len);
		}
	}
}

/* States. */

static void enter(struct dp_worker *w, struct dp_inline *in, enum dp_inline_state state, uint64_t now)
{
	dp_inline_unlist(w, in);
	in->state = (uint8_t)state;
	in->since = now;
	dp_inline_enlist(w, in);
}

void dp_inline_unlist(struct dp_worker *w, struct dp_inline *in)
{
	if (in->state == DP_INLINE_REFUSING)
		TAILQ_REMOVE(&w->refusing, in, due);
	else if (in->state == DP_INLINE_ANSWERING)
		TAILQ_REMOVE(&w->answering, in, due);
}

void dp_inline_enlist(struct dp_worker *w, struct dp_inline *in)
{
	if (in->state == DP_INLINE_REFUSING)
		TAILQ_INSERT_TAIL(&w->refusing, in, due);
	else if (in->state == DP_INLINE_ANSWERING)
		TAILQ_INSERT_TAIL(&w->answering, in, due);
}

void dp_inline_free(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = f->inl;
	dp_inline_unlist(w, in);
	dp_hold_clear(&in->hold, &w->hold);
	if (in->replies)
		rs_pool_put(&w->replies, in->replies);
	rs_pool_put(&w->inlines, in);
	f->inl = NULL;
}

void dp_inline_kill(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	w->stats.connections_reset++;
	if (f->inl)
		dp_inline_reset_both(w, f);
	if (f->session)
		f->session->cut = true;
	dp_conn_close(w, f, why);
	dp_inline_bury(w, f);
}

void dp_inline_bury(struct dp_worker *w, struct dp_flow *f)
{
	if (f->inl)
		dp_inline_free(w, f);
	f->dead = true;
	f->tcp.state = RS_TCP_CLOSED;
	dp_flow_touch(&w->flows, f, DP_FLOWS_CLOSED, w->inspect.now.time);
}

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
	if (from_server->end != from_server->next || f->tcp.acked[!f->client] < from_server->next)
		return;
	bool answers = s->refused == CT_ACT_REJECT || s->refused == CT_ACT_TEMPFAIL;
	w->flow = f;
	if (answers && (in->replies = rs_pool_get(&w->replies))) {
		enter(w, in, DP_INLINE_ANSWERING, now);
		dp_inline_answer_begin(w, f, now);
	} else {
		if (answers)
			w->stats.answers_refused++;
		dp_inline_kill(w, f, CT_REASON_NONE);
	}
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
	release(w, in);
	/* It is no mail: nothing of it needs to be remembered. Only the server's first word will still be looked at. */
	if (f->proto == DP_PROTO_NONE) {
		f->unheard = f->tcp.dir[!f->client].next == 0;
		dp_inline_free(w, f);
		return;
	}
	if (f->session && dp_session_refused(f->session) && in->state == DP_INLINE_OPEN)
		enter(w, in, DP_INLINE_REFUSING, now);
	if (in->state == DP_INLINE_REFUSING)
		conclude(w, f, now);
}

/* Segments. */

static void contradiction(struct dp_worker *w, struct dp_flow *f)
{
	w->stats.contradictions++;
	if (!f->inl->told && f->session)
		dp_session_anomaly(f->session, rs_smtp_transactions(&f->session->smtp), "stream.overlap_contradicts", "proto_parser", "stream");
	f->inl->told = true;
}

/* The client's first number may be corrected until the server has answered its SYN. */
static void follow_isn(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = f->inl;
	uint32_t isn = f->tcp.dir[f->client].isn;
	if (isn == in->isn)
		return;
	dp_hold_clear(&in->hold, &w->hold);
	dp_hold_init(&in->hold, w->config->inline_.hold);
	in->isn = isn;
}

static void server_acknowledged(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = f->inl;
	/* A FIN takes a number, too. Beyond that: bytes that reached the server by another way. */
	uint64_t acked = f->tcp.acked[f->client];
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
	return drop(w, m, DP_DROP_CLOSED);
}

/* How much of it may go on now; the rest of it is held. */
static enum dp_fate forward(struct dp_worker *w, struct dp_inline *in, struct rte_mbuf *m, uint64_t off, uint32_t len, bool new)
{
	uint32_t may = dp_hold_may(&in->hold, off, len);
	if (may == len) {
		dp_hold_forwarded(&in->hold, off, len);
		return DP_FORWARDED;
	}
	if (may > 0 && forward_cut(w, m, may))
		dp_hold_forwarded(&in->hold, off, may);
	return new ? dp_inline_hold(w, m) : DP_CONSUMED;
}

/* The payload is looked at before the header is: what the header ends (FIN, RST) ends behind it. */
static enum dp_fate client_data(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m, uint64_t off,
                                uint64_t now)
{
	struct dp_inline *in = f->inl;
	uint32_t len = pkt->payload_len;
	bool waiting = in->hold.unsent > 0;
	if (off + len > in->hold.read + w->config->tcp.window)
		return drop(w, m, DP_DROP_WINDOW);
	enum dp_hold_verdict v = dp_hold_add(&in->hold, &w->hold, off, len, m, m->nb_segs);
	if (v == DP_HOLD_CONTRADICTS) {
		contradiction(w, f);
		return drop(w, m, DP_DROP_CONTRADICTION);
	}
	if (v == DP_HOLD_FULL)
		return drop(w, m, DP_DROP_NO_ROOM);
	dp_inline_read(w, f);
	enum dp_fate fate;
	if (in->unreadable != CT_REASON_NONE)
		fate = v == DP_HOLD_NEW ? dp_inline_hold(w, m) : DP_CONSUMED;
	else if (waiting && v == DP_HOLD_NEW)
		fate = dp_inline_hold(w, m); /* goes on in its turn */
	else
		fate = forward(w, in, m, off, len, v == DP_HOLD_NEW);
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
		return drop(w, m, DP_DROP_WINDOW);
	f = dp_conn_take(w, f, pkt, m);
	if (f && f->inl)
		follow_isn(w, f);
	if (pkt->payload_len == 0)
		return DP_FORWARDED;
	forward_cut(w, m, 0);
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
	int64_t off = (int64_t)in->hold.read + (int32_t)(pkt->seq - (in->isn + 1 + (uint32_t)in->hold.read));
	if (pkt->tcp_flags & RS_TCP_URG)
		return drop(w, m, DP_DROP_URGENT);
	if (f->tcp.state == RS_TCP_CLOSED)
		return closed_segment(w, f, pkt, m, off);
	if (len > 0 && off + (int64_t)len > (int64_t)in->hold.acked) {
		/* Until the server has answered the SYN, nobody knows by which numbers it counts. */
		if (off < 0 || !(f->middle || f->tcp.syn & RS_TCP_SYN_ACK(!f->client)))
			return drop(w, m, DP_DROP_WINDOW);
		return client_data(w, f, pkt, m, (uint64_t)off, now);
	}
	/* Nothing goes on beyond a held byte, and so no FIN. */
	bool early = (pkt->tcp_flags & RS_TCP_FIN) && in->hold.limit != DP_HOLD_NO_LIMIT && off >= (int64_t)in->hold.edge;
	if (early)
		return DP_CONSUMED;
	f = dp_conn_take(w, f, pkt, m);
	if (f && f->inl)
		go_on(w, f, now);
	return DP_FORWARDED;
}

/* The server's bytes are forwarded only as they are read, now or later: a reply that is missing here would be matched to the wrong
 * command. What finds no room is repeated by the server. */
static enum dp_fate server_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m, uint64_t now)
{
	uint64_t unread = w->stats.tcp_limit + w->stats.tcp_window;
	f = dp_conn_take(w, f, pkt, m);
	if (!f || !f->inl || f->tcp.state == RS_TCP_CLOSED)
		return DP_FORWARDED;
	enum dp_fate fate = DP_FORWARDED;
	if (w->stats.tcp_limit + w->stats.tcp_window != unread)
		fate = drop(w, m, DP_DROP_NO_ROOM);
	follow_isn(w, f);
	server_acknowledged(w, f);
	if (f->dead)
		return fate == DP_FORWARDED ? DP_CONSUMED : fate;
	go_on(w, f, now);
	return fate;
}

/* Found in the middle. On a mail port its beginning went by unread, and so may its message: it is reset. On other ports it is watched:
 * should it speak SMTP, it is reset then. */
static enum dp_fate midstream(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	if (f->proto != DP_PROTO_SMTP && !dp_conn_is_mail(w, pkt)) {
		f = dp_conn_segment(w, f, pkt, m);
		if (!f || !f->session)
			return DP_FORWARDED;
	}
	w->stats.midstream_reset++;
	dp_reset_on(w, pkt, m, pkt->seq, !dp_meta(m)->port);
	dp_inline_kill(w, f, CT_REASON_MIDSTREAM);
	return dead_segment(w, pkt, m);
}

/* On a port that is not mail's the client spoke first, of something else, and the server now greets as a mail server does: whatever the
 * client has said since went by unread. */
static bool greets(struct dp_flow *f, const struct dp_packet *pkt, const struct rte_mbuf *m)
{
	if (pkt->payload_len == 0 || dp_conn_direction(f, pkt) == f->client || pkt->seq != f->tcp.dir[!f->client].isn + 1)
		return false;
	f->unheard = false;
	uint32_t n = RTE_MIN(pkt->payload_len, rte_pktmbuf_data_len(m) - pkt->payload_off);
	return rs_smtp_probe(RS_SMTP_SERVER, rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->payload_off), n) == 1;
}

/* False: there is no room to watch it. */
static bool begin(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = rs_pool_get(&w->inlines);
	if (!in) {
		w->stats.inlines_refused++;
		return false;
	}
	memset(in, 0, sizeof *in);
	in->flow = f;
	dp_hold_init(&in->hold, w->config->inline_.hold);
	f->inl = in;
	return true;
}

enum dp_fate dp_inline_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	if (f->dead)
		return dead_segment(w, pkt, m);
	if (f->proto == DP_PROTO_NONE && !f->inl) {
		if (f->unheard && greets(f, pkt, m)) {
			dp_inline_kill(w, f, CT_REASON_NONE);
			return dead_segment(w, pkt, m);
		}
		dp_conn_segment(w, f, pkt, m);
		return DP_FORWARDED;
	}
	meta->payload_off = pkt->payload_off;
	meta->payload_len = pkt->payload_len;
	meta->runs = 0;
	meta->held_in = NULL;
	if (!f->inl) {
		bool picks_up = meta->time < w->pickup_until && f->client < 2;
		if (f->middle && !picks_up)
			return midstream(w, f, pkt, m);
		if (!begin(w, f))
			return drop(w, m, DP_DROP_NO_ROOM);
	}
	struct dp_inline *in = f->inl;
	bool from_client = dp_conn_direction(f, pkt) == f->client;
	if (in->state != DP_INLINE_ANSWERING || from_client)
		dp_voice_learn(&in->voice[dp_conn_direction(f, pkt)], rte_pktmbuf_mtod(m, const uint8_t *), pkt, meta->time);
	if (in->state == DP_INLINE_ANSWERING)
		return dp_inline_answer_segment(w, f, pkt, m, from_client);
	return from_client ? client_segment(w, f, pkt, m, meta->time) : server_segment(w, f, pkt, m, meta->time);
}

void dp_inline_leave(struct dp_worker *w, struct dp_flow *f)
{
	if (f->tcp.state == RS_TCP_CLOSED || f->proto != DP_PROTO_SMTP)
		return;
	w->stats.connections_reset++;
	if (f->session)
		f->session->cut = true;
	dp_inline_reset_both(w, f);
}

void dp_inline_tick(struct dp_worker *w, uint64_t now)
{
	struct dp_inline *in;
	uint64_t wait = w->config->inline_.reply_wait * UINT64_C(1000000000);
	while ((in = TAILQ_FIRST(&w->refusing)) && in->since + wait <= now) {
		w->stats.reply_timeouts++;
		dp_inline_kill(w, in->flow, CT_REASON_TIMEOUT);
	}
	while ((in = TAILQ_FIRST(&w->answering)) && in->since + DP_ANSWER_REPEAT_NS <= now)
		dp_inline_answer_tick(w, in->flow, now);
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
