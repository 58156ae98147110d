/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_kept.h"

#include <string.h>

#include "dataplane/dp_cut.h"
#include "dataplane/dp_packet.h"

void dp_kept_get(void *mbuf)
{
	dp_meta(mbuf)->runs++;
	rte_pktmbuf_refcnt_update(mbuf, 1);
}

void dp_kept_put(void *mbuf)
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

const uint8_t *dp_kept_piece(const struct rte_mbuf *m, uint32_t skip, uint32_t *len)
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

bool dp_kept_compare(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len, uint32_t *first)
{
	for (uint32_t done = 0, n; done < len; done += n) {
		n = len - done;
		const uint8_t *p = dp_kept_piece(a, skip_a + done, &n), *q = dp_kept_piece(b, skip_b + done, &n);
		if (memcmp(p, q, n) == 0)
			continue;
		for (*first = done; *p == *q; p++, q++)
			++*first;
		return false;
	}
	return true;
}

bool dp_kept_same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len)
{
	uint32_t first;
	return dp_kept_compare(a, skip_a, b, skip_b, len, &first);
}

enum dp_fate dp_kept_hold(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	meta->held_in = &w->account[meta->port];
	meta->held_in->held++;
	return DP_HELD;
}

static bool parse(const struct dp_worker *w, const struct rte_mbuf *m, struct dp_packet *pkt)
{
	return dp_tunnel_parse(&w->tunnels, DP_LINK_ETHERNET, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m),
			       rte_pktmbuf_pkt_len(m), pkt) == DP_TCP;
}

static bool stamp_of(const struct rte_mbuf *m, const struct dp_packet *pkt, uint32_t *tsval)
{
	struct dp_tcp_options o;
	dp_tcp_options_parse(rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l4_off), pkt->tcp_hdr_len, &o);
	*tsval = o.tsval;
	return o.timestamps;
}

static bool is_older(const struct dp_kept_clock *c, const struct rte_mbuf *m, const struct dp_packet *pkt)
{
	uint32_t tsval;
	return c && c->known && stamp_of(m, pkt, &tsval) && dp_timestamp_before(tsval, c->recent);
}

void dp_kept_heard(struct dp_kept_clock *c, const struct dp_hold *h, const struct rte_mbuf *m, const struct dp_packet *pkt,
                   int64_t off)
{
	uint32_t tsval;
	if (h->unsent == 0 || off > (int64_t)h->edge || !stamp_of(m, pkt, &tsval))
		return;
	if (!c->known || dp_timestamp_before(c->recent, tsval))
		c->recent = tsval;
	c->known = true;
}

static bool forward_one(struct dp_worker *w, const struct rte_mbuf *m, const struct dp_packet *pkt, uint32_t from, uint32_t len,
                        const struct dp_kept_clock *c)
{
	struct rte_mbuf *part = rte_pktmbuf_alloc(w->mbufs);
	if (!part || !dp_cut(part, m, pkt, from, len)) {
		rte_pktmbuf_free(part);
		w->stats.injected_lost++;
		return false;
	}
	if (is_older(c, m, pkt))
		dp_cut_stamp(part, pkt, c->recent);
	*dp_meta(part) = (struct dp_meta){ .kind = DP_OURS, .port = dp_meta_const(m)->port, .time = dp_meta_const(m)->time };
	w->tx(w->sink, part, !dp_meta_const(m)->port);
	return true;
}

/* Of a datagram that came in fragments: as much as one packet may carry on a path that made them so short. Who sends shorter ones
 * than every host takes (RFC 791 3.2, RFC 879) gains no packets by it. */
static uint32_t longest_part(const struct rte_mbuf *m, const struct dp_packet *pkt)
{
	enum { LEAST = 590 };
	const struct dp_meta *meta = dp_meta_const(m);
	uint32_t frame = RTE_MAX(meta->cut_to, (uint32_t)LEAST);
	frame = RTE_MIN(frame, (uint32_t)rte_pktmbuf_data_room_size(m->pool) - RTE_PKTMBUF_HEADROOM);
	return meta->datagram && frame > pkt->payload_off ? frame - pkt->payload_off : UINT32_MAX;
}

bool dp_kept_forward_part(struct dp_worker *w, const struct rte_mbuf *m, const struct dp_packet *pkt, uint32_t from, uint32_t len,
                          const struct dp_kept_clock *c)
{
	uint32_t most = longest_part(m, pkt);
	for (; len > most; from += most, len -= most)
		if (!forward_one(w, m, pkt, from, most, c))
			return false;
	return forward_one(w, m, pkt, from, len, c);
}

enum dp_fate dp_kept_forward(struct dp_worker *w, struct dp_hold *h, struct dp_kept_clock *c, const struct dp_packet *pkt,
                             struct rte_mbuf *m, uint64_t off, bool new)
{
	uint32_t len = pkt->payload_len, may = dp_hold_may(h, off, len);
	if (may > 0 && (!new || may < len))
		dp_kept_heard(c, h, m, pkt, (int64_t)off);
	bool as_it_is = !dp_meta(m)->datagram;
	if (may == len && as_it_is) {
		dp_hold_forwarded(h, off, len);
		return DP_FORWARDED;
	}
	if (may > 0 && dp_kept_forward_part(w, m, pkt, 0, may, NULL))
		dp_hold_forwarded(h, off, may);
	return new && may < len ? dp_kept_hold(w, m) : DP_CONSUMED;
}

/* A segment of which nothing was sent goes on as it came, even when its timestamp is older than that of segments which went on
 * early behind it: a receiver sets TS.Recent only by what begins at its left edge or before (RFC 7323 4.3), and those begin behind
 * the hole that this one fills. What repeats bytes before it does set it, also the first part of the same segment: after that a
 * copy goes on, with that timestamp, for an older one would be dropped (RFC 7323 5.3) and the sender's next repetition awaited. */
static bool send_held(struct dp_worker *w, const struct dp_hold *h, struct dp_kept_clock *c, struct rte_mbuf *m, uint64_t off,
                      uint32_t from, uint32_t len)
{
	struct dp_meta *meta = dp_meta(m);
	struct dp_packet pkt;
	if (!parse(w, m, &pkt))
		return false;
	dp_kept_heard(c, h, m, &pkt, (int64_t)(off + from));
	bool whole = meta->held_in && from + len == meta->payload_len && !meta->datagram;
	if ((!whole || from > 0 || is_older(c, m, &pkt)) && dp_kept_forward_part(w, m, &pkt, from, len, c))
		return true;
	if (!whole)
		return false;
	meta->held_in->held--;
	meta->held_in = NULL;
	rte_mbuf_refcnt_update(m, 1);
	w->tx(w->sink, m, !meta->port);
	return true;
}

void dp_kept_release(struct dp_worker *w, struct dp_hold *h, struct dp_kept_clock *c)
{
	struct dp_hold_run *r;
	while ((r = dp_hold_unsent(h))) {
		struct rte_mbuf *m = r->ref;
		uint64_t off = r->off - r->skip;
		uint32_t from = r->skip + r->sent, len = dp_hold_may(h, off + from, dp_meta(m)->payload_len - from);
		if (len == 0 || !send_held(w, h, c, m, off, from, len))
			break;
		dp_hold_forwarded(h, off + from, len);
	}
}
