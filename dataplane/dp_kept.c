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

bool dp_kept_same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len)
{
	while (len > 0) {
		uint32_t n = len;
		const uint8_t *p = dp_kept_piece(a, skip_a, &n), *q = dp_kept_piece(b, skip_b, &n);
		if (memcmp(p, q, n) != 0)
			return false;
		skip_a += n;
		skip_b += n;
		len -= n;
	}
	return true;
}

enum dp_fate dp_kept_hold(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	meta->held_in = &w->account[meta->port];
	meta->held_in->held++;
	return DP_HELD;
}

bool dp_kept_forward_cut(struct dp_worker *w, const struct rte_mbuf *m, uint32_t len)
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

enum dp_fate dp_kept_forward(struct dp_worker *w, struct dp_hold *h, struct rte_mbuf *m, uint64_t off, uint32_t len, bool new)
{
	uint32_t may = dp_hold_may(h, off, len);
	if (may == len) {
		dp_hold_forwarded(h, off, len);
		return DP_FORWARDED;
	}
	if (may > 0 && dp_kept_forward_cut(w, m, may))
		dp_hold_forwarded(h, off, may);
	return new ? dp_kept_hold(w, m) : DP_CONSUMED;
}

void dp_kept_release(struct dp_worker *w, struct dp_hold *h)
{
	struct dp_hold_run *r;
	while ((r = dp_hold_unsent(h))) {
		struct rte_mbuf *m = r->ref;
		struct dp_meta *meta = dp_meta(m);
		uint64_t off = r->off - r->skip;
		uint32_t len = meta->payload_len, may = dp_hold_may(h, off, len);
		if (off + may <= r->off + r->sent)
			break;
		if (may < len) {
			if (!dp_kept_forward_cut(w, m, may))
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
			dp_kept_forward_cut(w, m, len);
		}
	}
}
