/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_sums.h"

#include "dataplane/dp_be.h"
#include "dataplane/dp_layers.h"

enum { PLAIN_LINK_MAX = 14 + 2 * 4, UDP_LENGTH = 4, UDP_SUM = 6, GRE_CHECKSUM = 0x8000 };

static void add_range(struct dp_checksum *c, const struct rte_mbuf *m, size_t off, size_t len)
{
	for (; m && len > 0; m = m->next) {
		if (off >= rte_pktmbuf_data_len(m)) {
			off -= rte_pktmbuf_data_len(m);
			continue;
		}
		size_t n = rte_pktmbuf_data_len(m) - off < len ? rte_pktmbuf_data_len(m) - off : len;
		dp_checksum_add(c, rte_pktmbuf_mtod_offset(m, const uint8_t *, off), n);
		len -= n;
		off = 0;
	}
}

bool dp_sums_by_port(const struct rte_mbuf *m, const struct dp_packet *pkt)
{
	if (pkt->depth > 0 || pkt->nlayers > 0 || pkt->labelled || pkt->l3_off > PLAIN_LINK_MAX)
		return false;
	return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD &&
	       (pkt->ip_version == 6 || (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD);
}

static bool udp_right(const struct rte_mbuf *m, const uint8_t *head, const struct dp_layer *l)
{
	const uint8_t *udp = head + l->off;
	struct dp_checksum c = { 0 };
	size_t len = dp_be_get16(udp + UDP_LENGTH);
	if (dp_be_get16(udp + UDP_SUM) == 0)
		return true;
	if (len == 0)
		len = rte_pktmbuf_pkt_len(m) - l->off;
	dp_layers_pseudo(&c, head, l - 1, len);
	add_range(&c, m, l->off, len);
	return dp_checksum_value(&c) == 0;
}

/* Its length is that of the IP packet before it. */
static bool gre_right(const struct rte_mbuf *m, const uint8_t *head, const struct dp_layer *l)
{
	const struct dp_layer *before = l - 1;
	const uint8_t *ip = head + before->off;
	struct dp_checksum c = { 0 };
	if (!(dp_be_get16(head + l->off) & GRE_CHECKSUM))
		return true;
	size_t length = dp_be_get16(ip + (before->kind == DP_LAYER_IPV4 ? 2 : 4));
	size_t end = before->off + length + (before->kind == DP_LAYER_IPV4 ? 0 : 40);
	if (length == 0)
		end = rte_pktmbuf_pkt_len(m);
	add_range(&c, m, l->off, end - l->off);
	return dp_checksum_value(&c) == 0;
}

static bool layer_right(const struct rte_mbuf *m, const uint8_t *head, const struct dp_layer *l)
{
	switch ((enum dp_layer_kind)l->kind) {
	case DP_LAYER_IPV4:
		return dp_packet_checksum_ip(head + l->off);
	case DP_LAYER_UDP:
		return udp_right(m, head, l);
	case DP_LAYER_GRE:
		return gre_right(m, head, l);
	case DP_LAYER_LENGTH:
	case DP_LAYER_PPPOE:
	case DP_LAYER_IPV6:
	case DP_LAYER_PPTP:
	case DP_LAYER_ETHERNET:
		break;
	}
	return true;
}

bool dp_sums_right(const struct rte_mbuf *m, const struct dp_packet *pkt)
{
	const uint8_t *head = rte_pktmbuf_mtod(m, const uint8_t *);
	struct dp_checksum c = { 0 };
	uint32_t len = pkt->tcp_hdr_len + pkt->payload_len;
	if (pkt->ip_version == 4 && !dp_packet_checksum_ip(head + pkt->l3_off))
		return false;
	dp_checksum_add_pseudo(&c, pkt, len);
	add_range(&c, m, pkt->l4_off, len);
	if (dp_checksum_value(&c) != 0)
		return false;
	for (unsigned i = 0; i < pkt->nlayers; i++)
		if (!layer_right(m, head, &pkt->layer[i]))
			return false;
	return true;
}
