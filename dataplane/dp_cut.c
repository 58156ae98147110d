/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_cut.h"

#include <string.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_craft.h"
#include "dataplane/dp_layers.h"
#include "reassembly/tcp/rs_tcp.h"

enum {
	IPV4_LENGTH = 2,
	IPV4_SUM = 10,
	IPV6_LENGTH = 4,
	IPV6_LEN = 40,
	TCP_SEQ = 4,
	TCP_FLAGS = 13,
	TCP_SUM = 16
};
static bool can_cut(const uint8_t *frame, const struct dp_packet *pkt, uint32_t from, uint32_t len)
{
	struct dp_tcp_options o;
	if (from > pkt->payload_len || len > pkt->payload_len - from || pkt->payload_missing || pkt->authenticated)
		return false;
	if (from > 0 && pkt->tcp_flags & (RS_TCP_SYN | RS_TCP_URG))
		return false;
	/* Its length stands in a jumbo payload option, if not nowhere. */
	if (pkt->ip_version == 6 && !dp_be_get16(frame + pkt->l3_off + IPV6_LENGTH) && pkt->l4_off != pkt->l3_off + IPV6_LEN)
		return false;
	dp_tcp_options_parse(frame + pkt->l4_off, pkt->tcp_hdr_len, &o);
	return !o.authenticated;
}

/* Bytes [off, off + len) of a chain, to `to` or, where that is NULL, into the sum. */
static void take(const struct rte_mbuf *m, size_t off, size_t len, uint8_t *to, struct dp_checksum *sum)
{
	for (; len; m = m->next) {
		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		size_t n = m->data_len - off < len ? m->data_len - off : len;
		const uint8_t *p = rte_pktmbuf_mtod_offset(m, const uint8_t *, off);
		if (to) {
			memcpy(to, p, n);
			to += n;
		} else {
			dp_checksum_add(sum, p, n);
		}
		len -= n;
		off = 0;
	}
}

/* RFC 1624 3: HC' = ~(~HC + ~m + m'). What goes out of the sum goes in as its complement. */
static void sum_replace(struct dp_checksum *c, const uint8_t *was, const uint8_t *is, size_t len)
{
	for (size_t i = 0; i < len; i += 2) {
		const uint8_t out[2] = { (uint8_t)~was[i], (uint8_t)~was[i + 1] };
		dp_checksum_add(c, out, sizeof out);
		dp_checksum_add(c, is + i, sizeof out);
	}
}

static void sum_begin(struct dp_checksum *c, const uint8_t *field)
{
	const uint8_t out[2] = { (uint8_t)~field[0], (uint8_t)~field[1] };
	*c = (struct dp_checksum){ 0 };
	dp_checksum_add(c, out, sizeof out);
}

static void sum_end(const struct dp_checksum *c, uint8_t *field)
{
	uint16_t sum = dp_checksum_value(c);
	memcpy(field, &sum, sizeof sum);
}

static void correct_ip(uint8_t *frame, const struct dp_packet *pkt, uint32_t keep)
{
	uint8_t *ip = frame + pkt->l3_off;
	size_t len = pkt->l4_off - pkt->l3_off + (size_t)pkt->tcp_hdr_len + keep;
	if (pkt->ip_version == 6) {
		dp_be_put16(ip + IPV6_LENGTH, (unsigned)(len - IPV6_LEN));
		return;
	}
	struct dp_checksum c;
	uint8_t was[2];
	memcpy(was, ip + IPV4_LENGTH, sizeof was);
	dp_be_put16(ip + IPV4_LENGTH, (unsigned)len);
	sum_begin(&c, ip + IPV4_SUM);
	sum_replace(&c, was, ip + IPV4_LENGTH, sizeof was);
	sum_end(&c, ip + IPV4_SUM);
}

/* Bytes that are summed no more, from `off` of the frame on. */
static void sum_without(struct dp_checksum *c, const struct rte_mbuf *m, size_t off, size_t len, size_t sum_off)
{
	struct dp_checksum gone = { .odd = (off - sum_off) & 1 };
	take(m, off, len, NULL, &gone);
	/* A sum's value is its complement already. */
	uint16_t out = dp_checksum_value(&gone);
	dp_checksum_add(c, &out, sizeof out);
}

static void correct_tcp(uint8_t *tcp, const struct dp_packet *pkt, const struct rte_mbuf *m, uint32_t from, uint32_t len)
{
	struct dp_checksum c;
	uint32_t was = pkt->tcp_hdr_len + pkt->payload_len, is = pkt->tcp_hdr_len + len;
	uint8_t length_was[4] = { was >> 24, was >> 16 & 255, was >> 8 & 255, was & 255 };
	uint8_t length_is[4] = { is >> 24, is >> 16 & 255, is >> 8 & 255, is & 255 };
	uint8_t word[2] = { tcp[TCP_FLAGS - 1], tcp[TCP_FLAGS] }, seq[4];
	memcpy(seq, tcp + TCP_SEQ, sizeof seq);
	dp_be_put32(tcp + TCP_SEQ, pkt->seq + from);
	if (from + len < pkt->payload_len)
		tcp[TCP_FLAGS] &= (uint8_t) ~(RS_TCP_FIN | RS_TCP_PSH);
	sum_begin(&c, tcp + TCP_SUM);
	sum_replace(&c, length_was, length_is, sizeof length_was);
	sum_replace(&c, word, tcp + TCP_FLAGS - 1, sizeof word);
	sum_replace(&c, seq, tcp + TCP_SEQ, sizeof seq);
	if (from == 0) {
		sum_without(&c, m, pkt->payload_off + (size_t)len, pkt->payload_len - len, pkt->l4_off);
	} else {
		/* What is left may stand at odd places now that were even. */
		sum_without(&c, m, pkt->payload_off, pkt->payload_len, pkt->l4_off);
		take(m, pkt->payload_off + (size_t)from, len, NULL, &c);
	}
	sum_end(&c, tcp + TCP_SUM);
}

bool dp_cut(struct rte_mbuf *to, const struct rte_mbuf *m, const struct dp_packet *pkt, uint32_t from, uint32_t len)
{
	if (!can_cut(rte_pktmbuf_mtod(m, const uint8_t *), pkt, from, len))
		return false;
	size_t size = pkt->payload_off + (size_t)len, padded = size < DP_FRAME_MIN ? DP_FRAME_MIN : size;
	if (padded > rte_pktmbuf_tailroom(to))
		return false;
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(to, (uint16_t)padded);
	take(m, 0, pkt->payload_off, frame, NULL);
	take(m, pkt->payload_off + (size_t)from, len, frame + pkt->payload_off, NULL);
	memset(frame + size, 0, padded - size);
	if (len < pkt->payload_len) {
		correct_ip(frame, pkt, len);
		correct_tcp(frame + pkt->l4_off, pkt, m, from, len);
	}
	if (!dp_layers_seal(frame, size, pkt->layer, pkt->nlayers)) {
		rte_pktmbuf_trim(to, (uint16_t)padded);
		return false;
	}
	return true;
}

void dp_cut_stamp(struct rte_mbuf *to, const struct dp_packet *pkt, uint32_t tsval)
{
	uint8_t *tcp = rte_pktmbuf_mtod_offset(to, uint8_t *, pkt->l4_off);
	struct dp_tcp_options o;
	struct dp_checksum c;
	dp_tcp_options_parse(tcp, pkt->tcp_hdr_len, &o);
	if (!o.timestamps)
		return;
	sum_begin(&c, tcp + TCP_SUM);
	sum_without(&c, to, (size_t)pkt->l4_off + o.tsval_at, sizeof tsval, pkt->l4_off);
	dp_be_put32(tcp + o.tsval_at, tsval);
	c.odd = o.tsval_at & 1;
	dp_checksum_add(&c, tcp + o.tsval_at, sizeof tsval);
	sum_end(&c, tcp + TCP_SUM);
}
