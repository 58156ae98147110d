/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_admit.h"

#include "dataplane/dp_anomaly.h"
#include "dataplane/dp_inline_state.h"
#include "dataplane/dp_streams.h"

enum dp_anomaly dp_admit_anomaly(enum rs_doubt why)
{
	switch (why) {
	case RS_DOUBT_TIMESTAMP:
	case RS_DOUBT_NO_TIMESTAMP:
		return DP_ANOMALY_TIMESTAMP;
	case RS_DOUBT_NO_ACK:
		return DP_ANOMALY_NO_ACK;
	case RS_DOUBT_ACK:
	case RS_DOUBT_ACK_OLD:
		return DP_ANOMALY_ACK;
	case RS_DOUBT_WINDOW:
		return DP_ANOMALY_WINDOW;
	case RS_DOUBT_SIGNED:
		return DP_ANOMALY_SIGNED;
	case RS_DOUBT_FIN:
		return DP_ANOMALY_FIN;
	case RS_DOUBT_RESET:
		return DP_ANOMALY_RST;
	case RS_DOUBT_NONE:
	case RS_DOUBT_SUM:
	case RS_DOUBT_AHEAD:
	case RS_DOUBT_MAX:
		break;
	}
	return DP_ANOMALY_MAX;
}

void dp_admit_options(struct dp_worker *w, const struct dp_packet *pkt, const struct rte_mbuf *m)
{
	struct dp_tcp_options o;
	w->options = (struct rs_options){ 0 };
	if (pkt->tcp_hdr_len <= 20)
		return;
	dp_tcp_options_parse(rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l4_off), pkt->tcp_hdr_len, &o);
	w->options = (struct rs_options){ .tsval = o.tsval, .tsecr = o.tsecr, .wscale = o.wscale, .timestamps = o.timestamps,
					  .window_scale = o.window_scale, .authenticated = o.authenticated };

}

static enum dp_sum wait_for_word(struct dp_worker *w, struct dp_flow *f, unsigned dir, enum rs_doubt why, const struct dp_packet *pkt,
                                 struct rte_mbuf *m)
{
	const struct rs_stream *s = &f->tcp.dir[dir];
	bool one_way = !(f->tcp.seen & (1u << !dir));
	/* Nobody's word will come: what follows a reset goes on, for what else would it be. */
	if (one_way && !rs_doubt_is_deliberate(why)) {
		dp_admit_taken(w, f, dir, why);
		return DP_SUM_TAKE;
	}
	if (one_way || pkt->payload_len == 0)
		return DP_SUM_DROP;
	/* Its receiver's word was seen before it; and so may newer timestamps have been, where these bytes are waited for (dp_causal). */
	int64_t end = rs_stream_offset(s, pkt->seq + pkt->payload_len);
	bool known = dp_doubt_is_acked(f, dir, pkt);
	bool awaited = f->tcp.waits && why == RS_DOUBT_TIMESTAMP && end > (int64_t)s->next && !rs_valid_was_old(&f->valid, dir, &w->options);
	if (known && (awaited || !rs_doubt_is_deliberate(why)))
		return DP_SUM_TAKE;
	if (dp_doubt_wait(w, f, dir, why, pkt, m))
		return DP_SUM_WAIT;
	/* An honest sender's, seen long before what its receiver says, too. */
	if (why == RS_DOUBT_ACK || why == RS_DOUBT_WINDOW || why == RS_DOUBT_NO_TIMESTAMP)
		return DP_SUM_TAKE;
	if (!known)
		dp_streams_no_room(w, f);
	return DP_SUM_DROP;
}

/* What no receiver accepts, whatever it is; of the others its own word is not awaited, for it gets nothing that was not read here. */
static enum dp_sum judge_inline(const struct dp_worker *w, const struct dp_flow *f, unsigned dir, enum rs_doubt why)
{
	bool answered = f->inl && f->inl->state >= DP_INLINE_ANSWERING;
	bool ack = why == RS_DOUBT_ACK || why == RS_DOUBT_ACK_OLD;
	if (!ack && rs_doubt_is_deliberate(why))
		return DP_SUM_DROP;
	/* What is said in the server's place only the client knows of. */
	return ack && dir == f->client && dp_worker_guards(w) && !answered ? DP_SUM_DROP : DP_SUM_TAKE;
}

static uint64_t waiting_up_to(const struct dp_flow *f, unsigned dir)
{
	const struct dp_doubt *d = &f->doubt[dir];
	if (d->n == 0 || !(f->tcp.started & (1u << dir)))
		return 0;
	int64_t off = rs_stream_offset(&f->tcp.dir[dir], d->reach);
	return off > 0 ? (uint64_t)off : 0;
}

/* A server's answer, and all that is known of its client is what the server says of it. */
static bool is_ahead(const struct dp_flow *f, unsigned dir, const struct dp_packet *pkt)
{
	const struct rs_tcp *c = &f->tcp;
	uint8_t other = (uint8_t)(1u << !dir);
	if (pkt->payload_len == 0 || f->doubt[dir].alone || (c->seen & other) || !(c->known & other))
		return false;
	if ((pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_ACK | RS_TCP_RST)) != RS_TCP_ACK)
		return false;
	return rs_stream_offset(&c->dir[!dir], pkt->ack) > 0;
}

/* No mirror shows its two directions further apart. */
#define AHEAD_MAX UINT64_C(5000000000)

/* It waits until what it acknowledges was seen and read (dp_causal): replies are read behind what they answer. False: the other side
 * is not in the capture, and nothing waits for it any more. */
static bool wait_for_other(struct dp_worker *w, struct dp_flow *f, unsigned dir, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	const struct rs_seg *first = dp_doubt_first(&f->doubt[dir]);
	bool late = first && dp_meta(m)->time - dp_meta(first->ref)->time > AHEAD_MAX;
	if (!late && dp_doubt_wait(w, f, dir, RS_DOUBT_AHEAD, pkt, m))
		return true;
	f->doubt[dir].alone = true;
	dp_streams_settle_all(w, f);
	dp_admit_options(w, pkt, m);
	return false;
}

/* Nothing in it was not seen before: a copy that comes late, as networks and mirrors make them. Whether it says the same is seen when its
 * receiver's word comes; what was acknowledged says nothing any more. */
static bool is_repetition(const struct dp_worker *w, const struct dp_flow *f, unsigned dir, const struct dp_packet *pkt, enum dp_sum sum)
{
	const struct rs_stream *s = &f->tcp.dir[dir];
	if (!(f->tcp.started & (1u << dir)))
		return false;
	int64_t off = rs_stream_offset(s, pkt->seq), end = off + (int64_t)pkt->payload_len;
	bool fin = pkt->tcp_flags & RS_TCP_FIN;
	if (end + fin <= (int64_t)rs_tcp_acked(&f->tcp, dir))
		return true;
	if (w->use == DP_USE_INLINE || (fin && s->fin != (uint64_t)end))
		return false;
	return pkt->payload_len == 0 || (sum == DP_SUM_WAIT && rs_stream_has(s, off, pkt->payload_len));
}

enum dp_sum dp_admit_segment(struct dp_worker *w, struct dp_flow *f, const struct dp_packet *pkt, struct rte_mbuf *m)
{
	if (!f || f->proto == DP_PROTO_NONE)
		return DP_SUM_TAKE;
	dp_admit_options(w, pkt, m);
	/* What says no more than that is never doubted. */
	if (pkt->payload_len == 0 && !(pkt->tcp_flags & (RS_TCP_FIN | RS_TCP_RST)))
		return DP_SUM_TAKE;
	unsigned dir = dp_flow_direction(f, pkt);
	struct rs_tcp_segment seg = { pkt->seq, pkt->ack, pkt->payload_len, pkt->tcp_flags, pkt->window, pkt->payload_missing };
	uint64_t waiting[2] = { waiting_up_to(f, 0), waiting_up_to(f, 1) };
	if (w->use != DP_USE_INLINE && is_ahead(f, dir, pkt) && wait_for_other(w, f, dir, pkt, m)) {
		w->stats.doubts[RS_DOUBT_AHEAD]++;
		return DP_SUM_WAIT;
	}
	enum rs_doubt why = rs_valid_check(&f->valid, &f->tcp, dir, &seg, &w->options, waiting, dp_meta(m)->time);
	if (why == RS_DOUBT_NONE)
		return DP_SUM_TAKE;
	enum dp_sum sum = w->use == DP_USE_INLINE ? judge_inline(w, f, dir, why) : wait_for_word(w, f, dir, why, pkt, m);
	if (sum == DP_SUM_TAKE)
		return sum;
	w->stats.doubts[why]++;
	if (rs_doubt_is_deliberate(why) && !(why == RS_DOUBT_TIMESTAMP && is_repetition(w, f, dir, pkt, sum)))
		dp_anomaly_flow(w, f, dir, dp_admit_anomaly(why), NULL);
	return sum;
}

void dp_admit_taken(struct dp_worker *w, struct dp_flow *f, unsigned dir, enum rs_doubt why)
{
	if (why == RS_DOUBT_RESET || why == RS_DOUBT_FIN) {
		w->stats.resets_ignored += f->tcp.state == RS_TCP_RESET;
		if (f->tcp.state == RS_TCP_RESET)
			dp_anomaly_flow(w, f, dir, DP_ANOMALY_RST, NULL);
		rs_tcp_revive(&f->tcp, dir);
	}
	/* Either it does not do as the RFCs say, or other bytes, which it does have, were not seen here. */
	if (rs_doubt_is_deliberate(why))
		dp_anomaly_flow(w, f, dir, DP_ANOMALY_UNACCEPTABLE, NULL);
}

static void tell_odd(struct dp_worker *w, struct dp_flow *f, unsigned dir)
{
	static const struct {
		enum rs_tcp_odd odd;
		enum dp_anomaly which;
	} all[] = {
		{ RS_TCP_ODD_FIN, DP_ANOMALY_FIN },
		{ RS_TCP_ODD_SYN, DP_ANOMALY_SYN },
		{ RS_TCP_ODD_SYN_NUMBER, DP_ANOMALY_SYN_NUMBER },
		{ RS_TCP_ODD_SYN_ACK_NUMBER, DP_ANOMALY_SYN_ACK_NUMBER },
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (f->tcp.odd[dir] & all[i].odd)
			dp_anomaly_flow(w, f, dir, all[i].which, NULL);
	f->tcp.odd[dir] = 0;
}

void dp_admit_note(struct dp_worker *w, struct dp_flow *f, unsigned dir, const struct rs_tcp_segment *seg, enum rs_verdict v,
		   uint64_t now)
{
	struct rs_tcp *c = &f->tcp;
	rs_valid_note(&f->valid, c, dir, seg, &w->options, now);
	/* The connection that another SYN was to replace went on. */
	if (seg->len && v == RS_INORDER && (c->refused & (1u << dir)) && c->state >= RS_TCP_ESTABLISHED) {
		c->refused &= (uint8_t)~(1u << dir);
		c->odd[dir] |= RS_TCP_ODD_SYN;
	}
	if (c->odd[0] | c->odd[1])
		for (unsigned d = 0; d < 2; d++)
			if (c->odd[d])
				tell_odd(w, f, d);
}
