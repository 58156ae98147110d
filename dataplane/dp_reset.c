/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_reset.h"

#include <string.h>

void dp_reset_send(struct dp_worker *w, struct dp_voice *as, const struct dp_voice *toward, const struct dp_craft *what, unsigned out)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->mbufs);
	int len = m ? dp_craft_frame(rte_pktmbuf_mtod(m, uint8_t *), rte_pktmbuf_tailroom(m), as, toward, what) : -1;
	if (len < 0) {
		rte_pktmbuf_free(m);
		w->stats.injected_lost++;
		return;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	*dp_meta(m) = (struct dp_meta){ .kind = DP_OURS, .port = (uint8_t)out, .out = (uint8_t)out, .time = what->now };
	w->tx(w->sink, m, out);
}

static void ends_of(struct dp_ends *e, const struct dp_packet *pkt, bool back)
{
	e->sport = back ? pkt->dport : pkt->sport;
	e->dport = back ? pkt->sport : pkt->dport;
	memcpy(e->src, back ? pkt->dst : pkt->src, sizeof e->src);
	memcpy(e->dst, back ? pkt->src : pkt->dst, sizeof e->dst);
}

void dp_reset_back(struct dp_worker *w, const struct dp_packet *pkt, struct rte_mbuf *m, unsigned out)
{
	struct dp_voice_far far[2];
	struct dp_voice from = { 0 }, as;
	uint64_t now = dp_meta(m)->time;
	dp_voice_learn(&from, &far[0], rte_pktmbuf_mtod(m, const uint8_t *), pkt, now);
	dp_voice_reverse(&as, &far[1], &from);
	struct dp_craft what = { .seq = pkt->tcp_flags & RS_TCP_ACK ? pkt->ack : 0, .ack = pkt->seq + dp_packet_sequence(pkt),
				 .flags = RS_TCP_RST | RS_TCP_ACK, .now = now };
	ends_of(&what.ends, pkt, true);
	dp_reset_send(w, &as, &from, &what, out);
}

void dp_reset_on(struct dp_worker *w, const struct dp_packet *pkt, struct rte_mbuf *m, uint32_t seq, unsigned out)
{
	struct dp_voice_far far[2];
	struct dp_voice as = { 0 }, to;
	uint64_t now = dp_meta(m)->time;
	dp_voice_learn(&as, &far[0], rte_pktmbuf_mtod(m, const uint8_t *), pkt, now);
	dp_voice_reverse(&to, &far[1], &as);
	struct dp_craft what = { .seq = seq, .ack = pkt->ack, .flags = RS_TCP_RST | (pkt->tcp_flags & RS_TCP_ACK), .now = now };
	ends_of(&what.ends, pkt, false);
	dp_reset_send(w, &as, &to, &what, out);
}
