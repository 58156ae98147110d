/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_datagram.h"

#include <string.h>

#include "dataplane/dp_be.h"

enum { PROTO_HOP_BY_HOP = 0, PROTO_TCP = 6, PROTO_ROUTING = 43, PROTO_FRAGMENT = 44, PROTO_AH = 51, PROTO_DESTINATION = 60 };
enum { IPV4_LENGTH = 2, IPV4_ID = 4, IPV4_FLAGS = 6, IPV4_PROTO = 9, IPV4_SUM = 10, IPV6_LENGTH = 4, IPV6_NEXT = 6, IPV6_LEN = 40 };
enum { FRAGMENT_OFFSET = 2, FRAGMENT_ID = 4, FRAGMENT_LEN = 8, TCP_LEN = 20, MORE_FRAGMENTS = 0x2000, DONT_FRAGMENT = 0x4000 };
enum { ETHERNET_TYPE = 12, TAG = 0x8100, TAG_OUTER = 0x88a8, TAG_OLD = 0x9100, TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd, TAG_LEN = 4 };

/* Looking. */

static uint32_t extension_len(uint8_t proto, const uint8_t *ext)
{
	return proto == PROTO_FRAGMENT ? FRAGMENT_LEN : proto == PROTO_AH ? ext[1] * 4u + 8 : ext[1] * 8u + 8;
}

/* Of the header that stands at *at: what follows it and all extension headers behind it, and where. False: they do not end here. */
static bool pass_extensions(const struct rte_mbuf *m, uint32_t end, uint8_t *proto, uint32_t *at)
{
	const uint8_t *head = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t readable = RTE_MIN(end, rte_pktmbuf_data_len(m));
	while (*proto == PROTO_AH || *proto == PROTO_HOP_BY_HOP || *proto == PROTO_ROUTING || *proto == PROTO_DESTINATION) {
		if (*at + 2 > readable)
			return false;
		uint32_t len = extension_len(*proto, head + *at);
		*proto = head[*at];
		*at += len;
	}
	return true;
}

/* The first fragment holds all headers up to that of the upper layer, and TCP's (RFC 7112 5; Linux' ipv6frag_thdr_truncated). */
static bool has_all_headers(const struct rte_mbuf *m, uint8_t proto, uint32_t at, uint32_t end)
{
	if (!pass_extensions(m, end, &proto, &at))
		return false;
	return proto == PROTO_TCP ? at + TCP_LEN <= end : at < end;
}

static enum dp_fragment_fault look4(const struct dp_packet *pkt, struct rte_mbuf *m, bool sums, bool unset, struct dp_fragment *to)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l3_off);
	uint32_t header = pkt->l4_off - pkt->l3_off, total = dp_be_get16(ip + IPV4_LENGTH), flags = dp_be_get16(ip + IPV4_FLAGS);
	if (sums && !(unset && dp_be_get16(ip + IPV4_SUM) == 0) && !dp_packet_checksum_ip(ip))
		return DP_FRAGMENT_BAD;
	if (total < header)
		return DP_FRAGMENT_BAD;
	to->id = dp_be_get16(ip + IPV4_ID);
	to->data_off = pkt->l4_off;
	to->part = (struct rs_frag_part){ m, (flags & 0x1fff) * 8, total - header, header, flags & MORE_FRAGMENTS, ip[1] & 3 };
	return pkt->l3_off + total > rte_pktmbuf_pkt_len(m) ? DP_FRAGMENT_CUT : DP_FRAGMENT_FINE;
}

static enum dp_fragment_fault look6(const struct dp_packet *pkt, struct rte_mbuf *m, struct dp_fragment *to)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l3_off);
	const uint8_t *frag = rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l4_off);
	uint32_t end = pkt->l3_off + IPV6_LEN + dp_be_get16(ip + IPV6_LENGTH), data = pkt->l4_off + FRAGMENT_LEN;
	uint32_t where = dp_be_get16(frag + FRAGMENT_OFFSET), header = pkt->l4_off - pkt->l3_off - IPV6_LEN;
	if (dp_be_get16(ip + IPV6_LENGTH) == 0 || end < data || data > UINT16_MAX)
		return DP_FRAGMENT_BAD;
	to->id = dp_be_get32(frag + FRAGMENT_ID);
	to->data_off = (uint16_t)data;
	to->part = (struct rs_frag_part){ m, where & 0xfff8, end - data, header, where & 1, ip[1] >> 4 & 3 };
	if (end > rte_pktmbuf_pkt_len(m))
		return DP_FRAGMENT_CUT;
	return to->part.off > 0 || has_all_headers(m, frag[0], data, end) ? DP_FRAGMENT_FINE : DP_FRAGMENT_SHORT;
}

enum dp_fragment_fault dp_fragment_look(const struct dp_packet *pkt, struct rte_mbuf *m, bool sums, bool unset,
					struct dp_fragment *to)
{
	return pkt->ip_version == 4 ? look4(pkt, m, sums, unset, to) : look6(pkt, m, to);
}

/* The bytes from `skip` of a fragment's payload on that lie in one piece: at most *len, which says how many. */
static const uint8_t *piece(const struct rte_mbuf *m, uint32_t skip, uint32_t *len)
{
	uint32_t off = dp_meta_const(m)->payload_off + skip;
	while (off >= rte_pktmbuf_data_len(m)) {
		off -= rte_pktmbuf_data_len(m);
		m = m->next;
	}
	*len = RTE_MIN(*len, rte_pktmbuf_data_len(m) - off);
	return rte_pktmbuf_mtod_offset(m, const uint8_t *, off);
}

uint32_t dp_fragment_same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len)
{
	uint32_t done = 0;
	while (done < len) {
		uint32_t n = len - done;
		const uint8_t *p = piece(a, skip_a + done, &n), *q = piece(b, skip_b + done, &n);
		if (memcmp(p, q, n) != 0) {
			while (*p++ == *q++)
				done++;
			return done;
		}
		done += n;
	}
	return len;
}

/* Making. */

static uint16_t link_len(enum dp_link link, const uint8_t *frame, uint16_t l3_off)
{
	uint16_t at, type;
	switch (link) {
	case DP_LINK_ETHERNET:
		at = ETHERNET_TYPE + 2;
		break;
	case DP_LINK_NULL:
		return 4;
	case DP_LINK_SLL:
		at = 16;
		break;
	case DP_LINK_SLL2:
		/* Its EtherType stands at the beginning. */
		at = 20;
		type = dp_be_get16(frame);
		if (type == TAG || type == TAG_OUTER || type == TAG_OLD)
			at += TAG_LEN;
		break;
	case DP_LINK_RAW:
	default:
		return 0;
	}
	for (; at < l3_off; at += TAG_LEN) {
		type = dp_be_get16(frame + at - 2);
		if (type != TAG && type != TAG_OUTER && type != TAG_OLD)
			break;
	}
	return at;
}

bool dp_datagram_is_plain(enum dp_link link, const uint8_t *frame, uint16_t l3_off)
{
	return link_len(link, frame, l3_off) == l3_off;
}

struct writer { /* to the end of a chain */
	struct rte_mbuf *head, *last;
	struct rte_mbuf *(*alloc)(void *arg);
	void *arg;
};

static bool write_bytes(struct writer *w, const uint8_t *p, uint32_t n)
{
	while (n > 0) {
		if (rte_pktmbuf_tailroom(w->last) == 0) {
			struct rte_mbuf *more = w->alloc(w->arg);
			if (!more)
				return false;
			w->last->next = more;
			w->last = more;
			w->head->nb_segs++;
		}
		uint32_t k = RTE_MIN(n, rte_pktmbuf_tailroom(w->last));
		memcpy(rte_pktmbuf_mtod_offset(w->last, uint8_t *, w->last->data_len), p, k);
		w->last->data_len = (uint16_t)(w->last->data_len + k);
		w->head->pkt_len += k;
		p += k;
		n -= k;
	}
	return true;
}

static bool write_link(struct writer *w, const struct rte_mbuf *first, unsigned version, const struct dp_tags *tags)
{
	const struct dp_meta *meta = dp_meta_const(first);
	const uint8_t *frame = rte_pktmbuf_mtod(first, const uint8_t *);
	uint8_t made[ETHERNET_TYPE + 2 + 2 * TAG_LEN] = { 0 }, *at = made + ETHERNET_TYPE;
	if (dp_datagram_is_plain((enum dp_link)meta->link, frame, meta->l3_off))
		return write_bytes(w, frame, meta->l3_off);
	for (unsigned i = 0; i < RTE_MIN(tags->n, RTE_DIM(tags->id)); i++, at += TAG_LEN) {
		dp_be_put16(at, TAG);
		dp_be_put16(at + 2, tags->id[i]);
	}
	dp_be_put16(at, version == 4 ? TYPE_IPV4 : TYPE_IPV6);
	return write_bytes(w, made, (uint32_t)(at + 2 - made));
}

static void finish4(uint8_t *ip, const struct rs_frag *f)
{
	struct dp_checksum sum = { 0 };
	ip[1] = (uint8_t)((ip[1] & 0xfc) | rs_frag_ecn(f, ip[1] & 3));
	dp_be_put16(ip + IPV4_LENGTH, f->header + f->end);
	dp_be_put16(ip + IPV4_FLAGS, dp_be_get16(ip + IPV4_FLAGS) & DONT_FRAGMENT);
	dp_be_put16(ip + IPV4_SUM, 0);
	dp_checksum_add(&sum, ip, f->header);
	uint16_t value = dp_checksum_value(&sum);
	memcpy(ip + IPV4_SUM, &value, sizeof value);
}

/* The header before the fragment header names what that one named. */
static void finish6(uint8_t *ip, const struct rs_frag *f, uint8_t proto)
{
	uint8_t *next = ip + IPV6_NEXT;
	uint32_t at = IPV6_LEN, end = IPV6_LEN + f->header;
	while (at < end) {
		uint8_t *ext = ip + at;
		at += extension_len(*next, ext);
		next = ext;
	}
	*next = proto;
	ip[1] = (uint8_t)((ip[1] & 0xcf) | rs_frag_ecn(f, ip[1] >> 4 & 3) << 4);
	dp_be_put16(ip + IPV6_LENGTH, f->header + f->end);
}

/* Both headers lie in the first mbuf: so the parser found them in the fragment's. */
static bool write_ip(struct writer *w, const struct rte_mbuf *first, const struct rs_frag *f)
{
	const struct dp_meta *meta = dp_meta_const(first);
	const uint8_t *from = rte_pktmbuf_mtod_offset(first, const uint8_t *, meta->l3_off);
	uint32_t len = f->version == 4 ? f->header : IPV6_LEN + f->header;
	if (len > rte_pktmbuf_tailroom(w->head))
		return false;
	uint8_t *ip = rte_pktmbuf_mtod_offset(w->head, uint8_t *, w->head->data_len);
	write_bytes(w, from, len);
	if (f->version == 4)
		finish4(ip, f);
	else
		finish6(ip, f, from[meta->payload_off - FRAGMENT_LEN - meta->l3_off]);
	return true;
}

struct rte_mbuf *dp_datagram_make(const struct rs_frag *f, const struct dp_tags *tags, struct rte_mbuf *(*alloc)(void *arg), void *arg)
{
	const struct rte_mbuf *first = f->head->ref;
	struct writer w = { .alloc = alloc, .arg = arg };
	w.head = w.last = alloc(arg);
	if (!w.head)
		return NULL;
	if (!write_link(&w, first, f->version, tags) || !write_ip(&w, first, f))
		goto fail;
	uint32_t at = 0;
	for (const struct rs_frag_piece *p = f->head; p && p->off == at; at += p->len, p = p->next)
		for (uint32_t done = 0, n; done < p->len; done += n) {
			n = p->len - done;
			const uint8_t *from = piece(p->ref, p->skip + done, &n);
			if (!write_bytes(&w, from, n))
				goto fail;
		}
	return w.head;
fail:
	rte_pktmbuf_free(w.head);
	return NULL;
}

bool dp_datagram_bears_tcp(const struct rs_frag *f)
{
	const struct rte_mbuf *first = f->head->ref;
	const struct dp_meta *meta = dp_meta_const(first);
	const uint8_t *frame = rte_pktmbuf_mtod(first, const uint8_t *);
	uint8_t proto = f->version == 4 ? frame[meta->l3_off + IPV4_PROTO] : frame[meta->payload_off - FRAGMENT_LEN];
	uint32_t at = meta->payload_off;
	return pass_extensions(first, rte_pktmbuf_pkt_len(first), &proto, &at) && proto == PROTO_TCP;
}

bool dp_datagram_ports(const struct rte_mbuf *m, struct dp_packet *pkt)
{
	if (!dp_meta_const(m)->beginning || pkt->proto != PROTO_TCP || pkt->l4_off + 4u > rte_pktmbuf_data_len(m))
		return false;
	const uint8_t *tcp = rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l4_off);
	pkt->sport = dp_be_get16(tcp);
	pkt->dport = dp_be_get16(tcp + 2);
	return true;
}
