/* SPDX-License-Identifier: Apache-2.0 */
/* Input: link type and how many tunnels are opened, how much of the frame is in its head (255: all), bytes that the chain holds beyond it; the frame.
 * Checked: only the head is read, every field lies inside the frame, a shorter head changes nothing but to truncated,
 * checksum and hash do not depend on splits and direction. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp_layers.h"
#include "dataplane/dp_tunnel.h"

#define CHECK(x) ((x) ? (void)0 : abort())

static const uint16_t vxlan[] = { 4789, 8472 }, geneve[] = { 6081 };

static enum dp_class parse_exact(unsigned depth, enum dp_link link, const uint8_t *frame, size_t head_len, size_t frame_len,
				 struct dp_packet *pkt)
{
	uint8_t *exact = malloc(head_len ? head_len : 1);
	CHECK(exact);
	memcpy(exact, frame, head_len);
	const struct dp_tunnels t = { depth, vxlan, geneve, 2, 1 };
	enum dp_class c = dp_tunnel_parse(&t, link, exact, head_len, frame_len, pkt);
	free(exact);
	return c;
}

static void check_tcp(const struct dp_packet *p, size_t head_len, size_t frame_len)
{
	CHECK(p->ip_version == 4 || p->ip_version == 6);
	CHECK(p->proto == 6 && p->nvlan <= 2 && p->vlan[0] < 4096 && p->vlan[1] < 4096);
	for (unsigned i = 0; i < p->nvlan; i++)
		CHECK(p->vlan[i] != 0);
	CHECK(p->l3_off + (p->ip_version == 4 ? 20u : 40u) <= p->l4_off);
	CHECK(p->tcp_hdr_len >= 20 && p->tcp_hdr_len <= 60);
	CHECK(p->payload_off == p->l4_off + (uint32_t)p->tcp_hdr_len && p->payload_off <= head_len);
	CHECK(p->payload_off + (size_t)p->payload_len <= frame_len);
	CHECK(!p->payload_missing || p->depth || p->payload_off + (size_t)p->payload_len == frame_len);
	CHECK(p->payload_missing <= 65535);
}

static void check_checksum(const struct dp_packet *p, const uint8_t *l4, size_t len)
{
	struct dp_checksum c = { 0 };
	dp_checksum_add_pseudo(&c, p, (uint32_t)len);
	size_t cut = p->seq % (len + 1);
	dp_checksum_add(&c, l4, cut);
	dp_checksum_add(&c, l4 + cut, len - cut);
	CHECK(dp_packet_checksum_tcp(p, l4, len) == !dp_checksum_value(&c));
}

/* Its layers made right for what is left without its padding: the same packet, and nothing else changed but lengths and sums. */
static void check_layers(enum dp_link link, const struct dp_packet *p, const uint8_t *frame)
{
	struct dp_packet q;
	size_t len = p->payload_off + (size_t)p->payload_len;
	uint8_t *copy = malloc(len);
	CHECK(copy);
	memcpy(copy, frame, len);
	if (dp_layers_seal(copy, len, p->layer, p->nlayers)) {
		CHECK(parse_exact(p->depth, link, copy, len, len, &q) == DP_TCP);
		CHECK(q.payload_off == p->payload_off && q.payload_len == p->payload_len && q.tunnel == p->tunnel && q.nlayers == p->nlayers);
		dp_layers_learned(copy, p->layer, p->nlayers);
		dp_layers_said(copy, p->layer, p->nlayers);
		/* What is behind labels is told by its first bytes, which are addresses. */
		if (!p->labelled && dp_layers_reverse(copy, p->layer, p->nlayers))
			CHECK(parse_exact(p->depth, link, copy, len, len, &q) == DP_TCP && q.tunnel == p->tunnel);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	enum dp_link link = (enum dp_link)(data[0] % 8 % (DP_LINK_SLL2 + 2));
	unsigned depth = 4 - data[0] / 8 % 5;
	const uint8_t *frame = data + 3;
	size_t len = size - 3, head_len = data[1] < 255 && data[1] < len ? data[1] : len, frame_len = len + data[2];
	struct dp_packet p, q;

	enum dp_class c = parse_exact(depth, link, frame, len, frame_len, &p);
	CHECK(c < DP_CLASS_MAX);
	CHECK(p.l3_off <= len && p.l4_off <= len && p.nvlan <= 2);
	CHECK(p.nlayers <= DP_LAYERS_MAX && p.depth <= depth && (p.depth || !p.tunnel));
	for (unsigned i = 0; i < p.nlayers; i++)
		CHECK(p.layer[i].off <= len && (i == 0 || p.layer[i].off > p.layer[i - 1].off));
	if (c == DP_TCP) {
		check_tcp(&p, len, frame_len);
		size_t l4_len = p.tcp_hdr_len + (size_t)p.payload_len;
		if (p.l4_off + l4_len <= len)
			check_checksum(&p, frame + p.l4_off, l4_len);
		if (p.payload_off + (size_t)p.payload_len <= len && !p.payload_missing)
			check_layers(link, &p, frame);
		if (p.ip_version == 4)
			dp_packet_checksum_ip(frame + p.l3_off);
	}
	if (c == DP_FRAGMENT)
		CHECK(p.ip_version);

	q = p;
	memcpy(q.src, p.dst, 16);
	memcpy(q.dst, p.src, 16);
	q.sport = p.dport;
	q.dport = p.sport;
	CHECK(dp_packet_hash(&p, data[1]) == dp_packet_hash(&q, data[1]));

	enum dp_class shorter = parse_exact(depth, link, frame, head_len, frame_len, &q);
	CHECK(shorter == c || shorter == DP_TRUNCATED);
	if (shorter == DP_TCP)
		CHECK(!memcmp(&p, &q, offsetof(struct dp_packet, layer) + p.nlayers * sizeof *p.layer));
	return 0;
}
