/* SPDX-License-Identifier: Apache-2.0 */
/* Input: link type, how much of the frame is in its head (255: all), bytes that the chain holds beyond it; the frame.
 * Checked: only the head is read, every field lies inside the frame, a shorter head changes nothing but to truncated,
 * checksum and hash do not depend on splits and direction. */
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp_packet.h"

#define CHECK(x) ((x) ? (void)0 : abort())

static enum dp_class parse_exact(enum dp_link link, const uint8_t *frame, size_t head_len, size_t frame_len,
				 struct dp_packet *pkt)
{
	uint8_t *exact = malloc(head_len ? head_len : 1);
	CHECK(exact);
	memcpy(exact, frame, head_len);
	enum dp_class c = dp_packet_parse(link, exact, head_len, frame_len, pkt);
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
	CHECK(!p->payload_missing || p->payload_off + (size_t)p->payload_len == frame_len);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	enum dp_link link = (enum dp_link)(data[0] % (DP_LINK_SLL2 + 2));
	const uint8_t *frame = data + 3;
	size_t len = size - 3, head_len = data[1] < 255 && data[1] < len ? data[1] : len, frame_len = len + data[2];
	struct dp_packet p, q;

	enum dp_class c = parse_exact(link, frame, len, frame_len, &p);
	CHECK(c < DP_CLASS_MAX);
	CHECK(p.l3_off <= len && p.l4_off <= len && p.nvlan <= 2);
	if (c == DP_TCP) {
		check_tcp(&p, len, frame_len);
		size_t l4_len = p.tcp_hdr_len + (size_t)p.payload_len;
		if (p.l4_off + l4_len <= len)
			check_checksum(&p, frame + p.l4_off, l4_len);
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

	enum dp_class shorter = parse_exact(link, frame, head_len, frame_len, &q);
	CHECK(shorter == c || shorter == DP_TRUNCATED);
	if (shorter == DP_TCP)
		CHECK(!memcmp(&p, &q, sizeof p));
	return 0;
}
