/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_inline_answer.h"

#include <string.h>

#include "dataplane/dp_inline_read.h"
#include "dataplane/dp_inline_reset.h"
#include "dataplane/dp_kept.h"
#include "dataplane/dp_reset.h"
#include "dataplane/dp_session.h"

#define MSS 536 /* RFC 9293 3.7.1: what every host takes */

static void say(struct dp_worker *w, struct dp_flow *f, uint8_t flags, uint32_t at, uint32_t len, uint64_t now)
{
	const struct dp_inline *in = f->inl;
	const struct dp_replies *r = in->replies;
	struct dp_craft what = { .seq = r->una + at, .ack = in->isn + 1 + (uint32_t)in->hold.read + r->peer_fin,
				 .flags = flags | RS_TCP_ACK, .alone = true, .payload = r->text + at, .len = len, .now = now };
	dp_inline_speak(w, f, !f->client, &what);
}

/* Text and FIN from `at` on. True: something was said. */
static bool say_from(struct dp_worker *w, struct dp_flow *f, uint32_t at, uint64_t now)
{
	struct dp_replies *r = f->inl->replies;
	uint32_t mss = f->inl->voice[f->client].mss ? f->inl->voice[f->client].mss - 12u : MSS;
	bool said = false;
	for (; at < r->len; said = true) {
		uint32_t n = r->len - at < mss ? r->len - at : mss;
		bool last = at + n == r->len;
		say(w, f, last && r->fin ? RS_TCP_PSH | RS_TCP_FIN : last ? RS_TCP_PSH : 0, at, n, now);
		at += n;
		r->sent = at > r->sent ? at : r->sent;
		r->fin_sent |= last && r->fin;
	}
	if (!said && r->fin && !r->fin_acked) {
		say(w, f, RS_TCP_FIN, r->len, 0, now);
		r->fin_sent = said = true;
	}
	return said;
}

static bool say_new(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	struct dp_replies *r = f->inl->replies;
	if (r->sent == r->len && (!r->fin || r->fin_sent))
		return false;
	return say_from(w, f, r->sent, now);
}

static void say_again(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	if (!say_from(w, f, 0, now))
		say(w, f, 0, f->inl->replies->len + f->inl->replies->fin_acked, 0, now);
}

/* What was read is the endpoint's; what stands behind a FIN's reply is read by nobody. */
static void take_read(struct dp_worker *w, struct dp_inline *in)
{
	void *ref;
	uint32_t skip, len;
	while (in->replies->closing && dp_hold_unread(&in->hold, &ref, &skip, &len))
		dp_hold_took(&in->hold, len);
	in->hold.edge = RTE_MAX(in->hold.edge, in->hold.read);
	dp_hold_ack(&in->hold, &w->hold, in->hold.read);
}

/* Answers what is owed, reads on, and so forth, until neither can go on. */
static void answer(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = f->inl;
	struct dp_replies *r = in->replies;
	struct rs_smtp_owed_view v;
	for (;;) {
		uint64_t read = in->hold.read;
		uint32_t len = r->len;
		while (dp_replies_has_room(r) && rs_smtp_owed_first(&f->session->smtp, &v))
			dp_replies_answer(r, f->session, &v);
		/* A message that follows is answered like the withheld ones. */
		rs_smtp_resume(&f->session->smtp);
		if (dp_replies_has_room(r))
			dp_inline_read(w, f);
		if (f->dead || (in->hold.read == read && r->len == len))
			break;
	}
	if (!f->dead)
		take_read(w, in);
}

bool dp_inline_answer_begin(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	struct dp_replies *r = f->inl->replies = rs_pool_get(&w->replies);
	const struct rs_stream *server = &f->tcp.dir[!f->client];
	if (!r) {
		w->stats.answers_refused++;
		return false;
	}
	dp_inline_enter(w, f->inl, DP_INLINE_ANSWERING, now);
	memset(r, 0, offsetof(struct dp_replies, text));
	r->withheld = dp_hold_known(&f->inl->hold) - f->inl->base;
	r->una = server->isn + 1 + (uint32_t)server->next;
	r->reset_acked = f->inl->hold.acked;
	r->reset_edge = f->inl->hold.edge;
	dp_inline_reset_server(w, f);
	answer(w, f);
	if (!f->dead)
		say_new(w, f, now);
	return true;
}

/* The client has acknowledged up to `ack`. */
static void acknowledged(struct dp_replies *r, uint32_t ack)
{
	uint32_t n = ack - r->una;
	if (n > r->sent + r->fin_sent)
		return;
	if (n > r->sent) {
		r->fin_acked = true;
		n = r->sent;
	}
	if (n == 0)
		return;
	memmove(r->text, r->text + n, r->len - n);
	r->una += n;
	r->len -= n;
	r->sent -= n;
	r->tries = 0;
}

static enum dp_fate client_says(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	struct dp_inline *in = f->inl;
	struct dp_replies *r = in->replies;
	uint64_t now = dp_meta(m)->time;
	int64_t off = (int64_t)in->hold.read + (int32_t)(pkt->seq - (in->isn + 1 + (uint32_t)in->hold.read));
	bool speaks = dp_packet_sequence(pkt) > 0;
	enum dp_fate fate = DP_CONSUMED;
	if (pkt->tcp_flags & RS_TCP_RST) {
		if (off < (int64_t)in->hold.acked || off > (int64_t)(in->hold.read + w->config->tcp.window))
			return DP_CONSUMED;
		dp_inline_end(w, f, CT_REASON_NONE);
		return DP_CONSUMED;
	}
	if (pkt->tcp_flags & RS_TCP_ACK)
		acknowledged(r, pkt->ack);
	r->idle = 0;
	if (pkt->payload_len > 0 && off >= 0 && (uint64_t)off + pkt->payload_len <= in->hold.read + w->config->tcp.window &&
	    dp_hold_add(&in->hold, &w->hold, (uint64_t)off, pkt->payload_len, m, m->nb_segs) == DP_HOLD_NEW)
		fate = dp_kept_hold(w, m);
	answer(w, f);
	if (f->dead)
		return fate;
	if ((pkt->tcp_flags & RS_TCP_FIN) && (uint64_t)(off + (int64_t)pkt->payload_len) == in->hold.read) {
		r->peer_fin = true;
		r->fin = r->closing = true;
	}
	if (r->peer_fin && r->fin_acked) {
		if (speaks)
			say_again(w, f, now);
		dp_inline_end(w, f, CT_REASON_NONE);
		return fate;
	}
	dp_inline_enter(w, in, DP_INLINE_ANSWERING, now);
	if (!say_new(w, f, now) && speaks)
		say_again(w, f, now);
	return fate;
}

/* The message was refused at an end that only some servers take, and what was read stands right behind that dot's line. Whether the
 * client is of the same mind, its silence tells. */
static bool stands_behind_end(const struct dp_session *s)
{
	uint64_t at = rs_smtp_position(&s->smtp);
	return rs_smtp_in_content(&s->smtp) && at > s->safe && at <= s->safe + 2;
}

/* To the reader this reply is the end of the content. */
static void answer_silence(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	struct dp_session *s = f->session;
	const struct rs_smtp_owed_view v = { .verb = RS_VERB_CONTENT, .tx = s->refused_message };
	w->flow = f;
	dp_replies_answer(f->inl->replies, s, &v);
	answer(w, f);
	if (!f->dead)
		say_new(w, f, now);
}

enum dp_fate dp_inline_answer_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m,
                                      bool from_client)
{
	if (from_client)
		return client_says(w, f, pkt, m);
	/* Challenge ACKs, repetitions, whatever it says: its transaction is dead (RFC 5961 3.2). */
	if (!(pkt->tcp_flags & RS_TCP_RST))
		dp_reset_back(w, pkt, m, dp_meta(m)->port);
	return DP_CONSUMED;
}

void dp_inline_answer_tick(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	struct dp_inline *in = f->inl;
	struct dp_replies *r = in->replies;
	bool waits = r->len > 0 || (r->fin && !r->fin_acked);
	r->idle++;
	if (waits && ++r->tries > DP_ANSWER_TRIES) {
		dp_inline_kill(w, f, CT_REASON_TIMEOUT);
		return;
	}
	dp_inline_enter(w, in, DP_INLINE_ANSWERING, now);
	if (r->resets < DP_ANSWER_RESETS) {
		r->resets++;
		dp_inline_reset_server(w, f);
	}
	if (!waits && !r->answered && r->idle == DP_ANSWER_QUIET && stands_behind_end(f->session)) {
		answer_silence(w, f, now);
		return;
	}
	if (!waits && r->idle > DP_ANSWER_IDLE) {
		if (r->fin) {
			dp_inline_kill(w, f, CT_REASON_TIMEOUT);
			return;
		}
		static const char bye[] = "421 4.4.2 Idle for too long\r\n";
		memcpy(r->text + r->len, bye, sizeof bye - 1);
		r->len += sizeof bye - 1;
		dp_replies_close(r);
		waits = true;
	}
	/* Twice as long each time: 1, 2, 4 ... */
	if (waits && (r->tries & (r->tries - 1)) == 0)
		say_from(w, f, 0, now);
}
