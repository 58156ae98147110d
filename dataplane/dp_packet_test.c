/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dataplane/dp_packet.h"

struct frame { /* built header by header */
	uint8_t b[70000];
	size_t len;
	size_t ip; /* where the IP header is, to set its length */
};

static void add(struct frame *f, const void *bytes, size_t n)
{
	assert_true(f->len + n <= sizeof f->b);
	memcpy(f->b + f->len, bytes, n);
	f->len += n;
}

#define ADD(f, ...) add(f, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void set16(struct frame *f, size_t at, size_t v)
{
	f->b[at] = (uint8_t)(v >> 8);
	f->b[at + 1] = (uint8_t)v;
}

static void ethernet(struct frame *f, unsigned type)
{
	f->len = 0;
	ADD(f, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, (uint8_t)(type >> 8), (uint8_t)type);
}

static void ipv4(struct frame *f, uint8_t proto)
{
	f->ip = f->len;
	ADD(f, 0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64, proto, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2);
}

static void ipv6(struct frame *f, uint8_t proto)
{
	f->ip = f->len;
	ADD(f, 0x60, 0, 0, 0, 0, 0, proto, 64);
	ADD(f, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
	ADD(f, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
}

static void tcp(struct frame *f)
{
	ADD(f, 0x04, 0xd2, 0, 25, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 0x18, 0x20, 0, 0, 0, 0, 0);
}

/* The IP length, of all that is there. */
static void seal(struct frame *f)
{
	if (f->b[f->ip] >> 4 == 4)
		set16(f, f->ip + 2, f->len - f->ip);
	else
		set16(f, f->ip + 4, f->len - f->ip - 40);
}

/* Only the bytes that may be read, in a buffer that ends with them. */
static enum dp_class parse_cut(enum dp_link link, const struct frame *f, size_t head_len, size_t frame_len,
			       struct dp_packet *pkt)
{
	uint8_t *exact = malloc(head_len ? head_len : 1);
	assert_non_null(exact);
	memcpy(exact, f->b, head_len);
	enum dp_class c = dp_packet_parse(link, exact, head_len, frame_len, pkt);
	free(exact);
	return c;
}

static enum dp_class parse(enum dp_link link, const struct frame *f, struct dp_packet *pkt)
{
	return parse_cut(link, f, f->len, f->len, pkt);
}

static void expect_tcp(const struct dp_packet *p, unsigned version, size_t l3, size_t l4, size_t payload)
{
	assert_int_equal(p->ip_version, version);
	assert_int_equal(p->proto, 6);
	assert_int_equal(p->l3_off, l3);
	assert_int_equal(p->l4_off, l4);
	assert_int_equal(p->tcp_hdr_len, 20);
	assert_int_equal(p->payload_off, l4 + 20);
	assert_int_equal(p->payload_len, payload);
	assert_int_equal(p->payload_missing, 0);
	assert_int_equal(p->sport, 1234);
	assert_int_equal(p->dport, 25);
	assert_int_equal(p->seq, 0x01020304);
	assert_int_equal(p->ack, 0x05060708);
	assert_int_equal(p->tcp_flags, 0x18);
	assert_int_equal(p->window, 0x2000);
	static const uint8_t v4src[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1 };
	static const uint8_t v4dst[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 2 };
	static const uint8_t v6src[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
	static const uint8_t v6dst[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 };
	assert_memory_equal(p->src, version == 4 ? v4src : v6src, 16);
	assert_memory_equal(p->dst, version == 4 ? v4dst : v6dst, 16);
}

/* Cut everywhere: truncated inside the headers, from there on the payload that is missing. */
static void cut_everywhere(enum dp_link link, const struct frame *f)
{
	struct dp_packet whole, p;
	assert_int_equal(parse(link, f, &whole), DP_TCP);
	for (size_t n = 0; n <= f->len; n++) {
		enum dp_class present = parse_cut(link, f, n, n, &p);
		assert_int_equal(present, n < whole.payload_off ? DP_TRUNCATED : DP_TCP);
		if (present == DP_TCP) {
			size_t end = whole.payload_off + whole.payload_len;
			assert_int_equal(p.payload_len, (n < end ? n : end) - whole.payload_off);
			assert_int_equal(p.payload_missing, n < end ? end - n : 0);
		}
		/* The same bytes, the others elsewhere in the chain. */
		enum dp_class elsewhere = parse_cut(link, f, n, f->len, &p);
		assert_int_equal(elsewhere, n < whole.payload_off ? DP_TRUNCATED : DP_TCP);
		if (elsewhere == DP_TCP)
			assert_memory_equal(&p, &whole, offsetof(struct dp_packet, layer) + whole.nlayers * sizeof *whole.layer);
	}
}

static struct frame f;

static void plain_ipv4_and_ipv6(void **state)
{
	(void)state;
	struct dp_packet p;
	ethernet(&f, 0x0800);
	ipv4(&f, 6);
	tcp(&f);
	add(&f, "QUIT\r\n", 6);
	seal(&f);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
	expect_tcp(&p, 4, 14, 34, 6);
	assert_int_equal(p.nvlan, 0);
	cut_everywhere(DP_LINK_ETHERNET, &f);

	ethernet(&f, 0x86dd);
	ipv6(&f, 6);
	tcp(&f);
	add(&f, "QUIT\r\n", 6);
	seal(&f);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
	expect_tcp(&p, 6, 14, 54, 6);
	cut_everywhere(DP_LINK_ETHERNET, &f);
}

static void padding_is_no_payload(void **state)
{
	(void)state;
	struct dp_packet p;
	ethernet(&f, 0x0800);
	ipv4(&f, 6);
	tcp(&f);
	seal(&f);
	ADD(&f, 1, 2, 3, 4, 5, 6);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
	expect_tcp(&p, 4, 14, 34, 0);
}

static void ip_length_0_is_up_to_the_end_of_the_frame(void **state)
{
	(void)state;
	struct dp_packet p;
	static const uint8_t data[66000];
	for (int v = 4; v <= 6; v += 2) {
		ethernet(&f, v == 4 ? 0x0800 : 0x86dd);
		v == 4 ? ipv4(&f, 6) : ipv6(&f, 6);
		tcp(&f);
		add(&f, data, sizeof data);
		assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
		expect_tcp(&p, (unsigned)v, 14, v == 4 ? 34 : 54, sizeof data);
		/* Headers in the first mbuf, the rest in others. */
		assert_int_equal(parse_cut(DP_LINK_ETHERNET, &f, 74, f.len, &p), DP_TCP);
		expect_tcp(&p, (unsigned)v, 14, v == 4 ? 34 : 54, sizeof data);
	}
}

static void frames_of_64_kb(void **state)
{
	(void)state;
	struct dp_packet p;
	static const uint8_t data[65535 - 40];
	ethernet(&f, 0x0800);
	ipv4(&f, 6);
	tcp(&f);
	add(&f, data, sizeof data);
	seal(&f);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
	expect_tcp(&p, 4, 14, 34, sizeof data);
}

static void vlan_tags(void **state)
{
	(void)state;
	static const unsigned outer[] = { 0x8100, 0x88a8, 0x9100 };
	struct dp_packet p;
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned tags = 1; tags <= 4; tags++) {
			ethernet(&f, outer[i]);
			for (unsigned t = 1; t <= tags; t++)
				ADD(&f, 0xe0 | (uint8_t)t, 0x12, t < tags ? 0x81 : 0x08, 0);
			ipv4(&f, 6);
			tcp(&f);
			add(&f, "x", 1);
			seal(&f);
			assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
			expect_tcp(&p, 4, 14 + 4 * tags, 34 + 4 * tags, 1);
			assert_int_equal(p.nvlan, tags > 2 ? 2 : tags);
			assert_int_equal(p.vlan[0], 0x112);
			assert_int_equal(p.vlan[1], tags > 1 ? 0x212 : 0);
			cut_everywhere(DP_LINK_ETHERNET, &f);
		}
	}
	/* Priorities, with a VLAN's tag inside, outside or without. */
	static const uint16_t tci[][2] = { { 0xa000, 0x0123 }, { 0x0123, 0xa000 }, { 0, 0xe000 } };
	for (unsigned i = 0; i < 3; i++) {
		ethernet(&f, 0x8100);
		for (unsigned t = 0; t < 2; t++)
			ADD(&f, (uint8_t)(tci[i][t] >> 8), (uint8_t)tci[i][t], t ? 0x08 : 0x81, 0);
		ipv4(&f, 6);
		tcp(&f);
		seal(&f);
		assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
		expect_tcp(&p, 4, 22, 42, 0);
		assert_int_equal(p.nvlan, i < 2);
		assert_int_equal(p.vlan[0], i < 2 ? 0x123 : 0);
		assert_int_equal(p.vlan[1], 0);
	}
	/* Nothing but tags: further in than an offset can say. */
	ethernet(&f, 0x8100);
	while (f.len < 66000)
		ADD(&f, 0, 1, 0x81, 0);
	set16(&f, f.len - 2, 0x0800);
	ipv4(&f, 6);
	tcp(&f);
	seal(&f);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_LINK);
}

static void other_links(void **state)
{
	(void)state;
	struct dp_packet p;
	for (int v = 4; v <= 6; v += 2) {
		unsigned type = v == 4 ? 0x0800 : 0x86dd;
		size_t ip = v == 4 ? 20 : 40;
		f.len = 0;
		v == 4 ? ipv4(&f, 6) : ipv6(&f, 6);
		tcp(&f);
		add(&f, "x", 1);
		seal(&f);
		assert_int_equal(parse(DP_LINK_RAW, &f, &p), DP_TCP);
		expect_tcp(&p, (unsigned)v, 0, ip, 1);
		cut_everywhere(DP_LINK_RAW, &f);
		for (int order = 0; order < 2; order++) {
			uint8_t family = v == 4 ? 2 : 30;
			f.len = 0;
			ADD(&f, order ? family : 0, 0, 0, order ? 0 : family);
			v == 4 ? ipv4(&f, 6) : ipv6(&f, 6);
			tcp(&f);
			add(&f, "x", 1);
			seal(&f);
			assert_int_equal(parse(DP_LINK_NULL, &f, &p), DP_TCP);
			expect_tcp(&p, (unsigned)v, 4, 4 + ip, 1);
			cut_everywhere(DP_LINK_NULL, &f);
		}
		f.len = 0;
		ADD(&f, 0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, (uint8_t)(type >> 8), (uint8_t)type);
		v == 4 ? ipv4(&f, 6) : ipv6(&f, 6);
		tcp(&f);
		add(&f, "x", 1);
		seal(&f);
		assert_int_equal(parse(DP_LINK_SLL, &f, &p), DP_TCP);
		expect_tcp(&p, (unsigned)v, 16, 16 + ip, 1);
		cut_everywhere(DP_LINK_SLL, &f);
		/* SLL2, with a VLAN tag. */
		f.len = 0;
		ADD(&f, 0x81, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0);
		ADD(&f, 0, 7, (uint8_t)(type >> 8), (uint8_t)type);
		v == 4 ? ipv4(&f, 6) : ipv6(&f, 6);
		tcp(&f);
		add(&f, "x", 1);
		seal(&f);
		assert_int_equal(parse(DP_LINK_SLL2, &f, &p), DP_TCP);
		expect_tcp(&p, (unsigned)v, 24, 24 + ip, 1);
		assert_int_equal(p.vlan[0], 7);
		cut_everywhere(DP_LINK_SLL2, &f);
	}
	f.len = 0;
	ADD(&f, 0, 0, 0, 7, 1, 2, 3, 4);
	assert_int_equal(parse(DP_LINK_NULL, &f, &p), DP_OTHER);
	f.b[0] = f.b[1] = f.b[2] = 9;
	assert_int_equal(parse(DP_LINK_NULL, &f, &p), DP_BAD_LINK);
	f.len = 0;
	ADD(&f, 0, 4, 3, 56, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0, 0x45);
	assert_int_equal(parse(DP_LINK_SLL, &f, &p), DP_OTHER);
	f.b[2] = 0;
	set16(&f, 14, 1);
	assert_int_equal(parse(DP_LINK_SLL, &f, &p), DP_OTHER);
	f.len = 0;
	ADD(&f, 0x55);
	assert_int_equal(parse(DP_LINK_RAW, &f, &p), DP_BAD_IP);
	assert_int_equal(parse((enum dp_link)99, &f, &p), DP_BAD_LINK);
}

static void what_is_not_ours(void **state)
{
	(void)state;
	struct dp_packet p;
	static const unsigned types[] = { 0x0806, 0x88cc, 0x8864, 0x0600, 0x05dc, 0x0026, 0 };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		ethernet(&f, types[i]);
		ADD(&f, 0x42, 0x42, 3, 0, 0, 0, 8, 0, 0x45);
		assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_OTHER);
		assert_int_equal(p.ip_version, 0);
	}
	ethernet(&f, 0x05dd);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_LINK);
	ethernet(&f, 0x0800);
	ipv4(&f, 17);
	ADD(&f, 0, 53, 0, 53, 0, 8, 0, 0);
	seal(&f);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_OTHER);
	assert_int_equal(p.ip_version, 4);
	assert_int_equal(p.proto, 17);
	assert_int_equal(p.l4_off, 34);
	assert_int_equal(p.dst[15], 2);
	/* IPv6's headers mean nothing in IPv4. */
	static const uint8_t v6only[] = { 0, 43, 44, 60 };
	for (size_t i = 0; i < sizeof v6only; i++) {
		f.b[23] = v6only[i];
		assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_OTHER);
	}
}

/* RFC 8200 4.1, RFC 7045: what passes by any header that is known, and hop-by-hop options in the first place only. */
static void ipv6_headers_in_their_places(void **state)
{
	(void)state;
	struct dp_packet p;
	static const struct { uint8_t first, second; enum dp_class want; } rows[] = {
		{ 0, 60, DP_TCP }, { 60, 43, DP_TCP }, { 135, 60, DP_TCP }, { 139, 140, DP_TCP }, { 60, 60, DP_TCP },
		{ 60, 0, DP_BAD_IP }, { 0, 0, DP_BAD_IP }, { 135, 0, DP_BAD_IP }, { 50, 60, DP_OTHER }, { 253, 60, DP_OTHER },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ethernet(&f, 0x86dd);
		ipv6(&f, rows[i].first);
		ADD(&f, rows[i].second, 0, 1, 4, 0, 0, 0, 0);
		ADD(&f, 6, 0, 1, 4, 0, 0, 0, 0);
		tcp(&f);
		seal(&f);
		assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), rows[i].want);
		/* It could be mail to somebody who does not care: its protocol is told, and its ports are not. */
		if (rows[i].want == DP_BAD_IP)
			assert_true(p.proto == 6 && p.sport == 0);
	}
}

static void ipv4_options_and_faults(void **state)
{
	(void)state;
	struct dp_packet p;
	ethernet(&f, 0x0800);
	ipv4(&f, 6);
	f.b[14] = 0x4f;
	for (int i = 0; i < 10; i++)
		ADD(&f, 1, 1, 1, 1);
	tcp(&f);
	add(&f, "x", 1);
	seal(&f);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
	expect_tcp(&p, 4, 14, 74, 1);
	cut_everywhere(DP_LINK_ETHERNET, &f);

	set16(&f, 16, 59); /* shorter than its own header */
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_IP);
	set16(&f, 16, 79); /* no room for TCP */
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_TCP);
	seal(&f);
	f.b[14] = 0x44;
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_IP);
	f.b[14] = 0x65;
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_IP);
	f.b[14] = 0x4f;
	f.b[74 + 12] = 0x40; /* RFC 9293 3.1: five words at least */
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_TCP);
	f.b[74 + 12] = 0x60; /* one word more than there is */
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_TCP);
	f.b[74 + 12] = 0x50;
	static const unsigned fragments[] = { 0x2000, 0x0001, 0x1fff, 0x3000 };
	for (int i = 0; i < 4; i++) {
		set16(&f, 20, fragments[i]);
		assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_FRAGMENT);
		assert_int_equal(p.src[12], 192);
		assert_int_equal(p.proto, 6);
	}
	set16(&f, 20, 0xc000);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
}

static void tcp_options(void **state)
{
	(void)state;
	struct dp_packet p;
	ethernet(&f, 0x0800);
	ipv4(&f, 6);
	tcp(&f);
	f.b[46] = 0xf0;
	for (int i = 0; i < 10; i++)
		ADD(&f, 1, 1, 1, 1);
	add(&f, "hello", 5);
	seal(&f);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
	assert_int_equal(p.tcp_hdr_len, 60);
	assert_int_equal(p.payload_off, 94);
	assert_int_equal(p.payload_len, 5);
	cut_everywhere(DP_LINK_ETHERNET, &f);
}

static void ipv6_extension_headers(void **state)
{
	(void)state;
	struct dp_packet p;
	ethernet(&f, 0x86dd);
	ipv6(&f, 0);
	ADD(&f, 43, 0, 1, 4, 0, 0, 0, 0); /* hop by hop, then routing of 24 bytes */
	ADD(&f, 60, 2, 4, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9);
	ADD(&f, 51, 0, 1, 4, 0, 0, 0, 0); /* destination, then AH of 24 bytes */
	ADD(&f, 44, 4, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3);
	size_t frag = f.len;
	ADD(&f, 6, 0, 0, 6, 1, 2, 3, 4); /* atomic; the reserved bits do not matter */
	size_t l4 = f.len;
	tcp(&f);
	add(&f, "x", 1);
	seal(&f);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
	expect_tcp(&p, 6, 14, l4, 1);
	cut_everywhere(DP_LINK_ETHERNET, &f);
	f.b[frag + 3] = 1;
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_FRAGMENT);
	assert_int_equal(p.ip_version, 6);
	assert_int_equal(p.proto, 6);
	set16(&f, frag + 2, 8);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_FRAGMENT);
	set16(&f, frag + 2, 0);
	f.b[frag] = 58;
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_OTHER);
	assert_int_equal(p.proto, 58);
	f.b[frag] = 59;
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_OTHER);
	/* A header longer than the packet; and a packet that ends between headers. */
	f.b[55] = 255;
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_IP);
	f.b[55] = 0;
	set16(&f, 18, 8);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_IP);
	set16(&f, 18, 9);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_IP);
	f.b[14] = 0x45;
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_IP);

	/* Extension headers without end, in a frame of 64 KB without a length. */
	ethernet(&f, 0x86dd);
	ipv6(&f, 0);
	while (f.len < 66000)
		ADD(&f, 0, 0, 1, 4, 0, 0, 0, 0);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_BAD_IP);

	/* AH in IPv4. */
	ethernet(&f, 0x0800);
	ipv4(&f, 51);
	ADD(&f, 6, 4, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3);
	tcp(&f);
	add(&f, "x", 1);
	seal(&f);
	assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
	expect_tcp(&p, 4, 14, 58, 1);
	cut_everywhere(DP_LINK_ETHERNET, &f);
}

/* A header with these options, in a buffer that ends with them. */
static struct dp_tcp_options options_of(const void *options, size_t n)
{
	struct dp_tcp_options o;
	uint8_t *l4 = malloc(20 + n);
	assert_non_null(l4);
	memset(l4, 0xff, 20);
	memcpy(l4 + 20, options, n);
	dp_tcp_options_parse(l4, 20 + n, &o);
	free(l4);
	return o;
}

#define OPTIONS(...) options_of((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
#define EXPECT_OPTIONS(got, ...)                                                                                       \
	do {                                                                                                           \
		struct dp_tcp_options o = got, want = { __VA_ARGS__ };                                                 \
		expect_options(&o, &want);                                                                             \
	} while (0)

static void expect_options(const struct dp_tcp_options *o, const struct dp_tcp_options *want)
{
	assert_int_equal(o->timestamps, want->timestamps);
	assert_int_equal(o->tsval, want->tsval);
	assert_int_equal(o->tsecr, want->tsecr);
	assert_int_equal(o->mss, want->mss);
	assert_int_equal(o->window_scale, want->window_scale);
	assert_int_equal(o->wscale, want->wscale);
	assert_int_equal(o->sack_permitted, want->sack_permitted);
	assert_int_equal(o->mptcp, want->mptcp);
	assert_int_equal(o->fast_open, want->fast_open);
	assert_int_equal(o->authenticated, want->authenticated);
	assert_int_equal(o->malformed, want->malformed);
}

#define TS 8, 10, 1, 2, 3, 4, 0xf5, 6, 7, 8
#define TS_READ .timestamps = true, .tsval = 0x01020304, .tsecr = 0xf5060708

static void what_tcp_options_say(void **state)
{
	(void)state;
	EXPECT_OPTIONS(options_of("", 0), .mss = 0);
	/* As Linux sends them: a SYN, then all the others. */
	EXPECT_OPTIONS(OPTIONS(2, 4, 5, 0xb4, 4, 2, TS, 1, 3, 3, 7), TS_READ, .mss = 1460, .sack_permitted = true,
		       .window_scale = true, .wscale = 7);
	EXPECT_OPTIONS(OPTIONS(1, 1, TS), TS_READ);
	EXPECT_OPTIONS(OPTIONS(TS, 1, 1), TS_READ);
	EXPECT_OPTIONS(OPTIONS(1, 1, TS, 1, 1, 5, 10, 1, 1, 1, 1, 2, 2, 2, 2), TS_READ);
	EXPECT_OPTIONS(OPTIONS(3, 3, 15, 0), .window_scale = true, .wscale = 14);
	EXPECT_OPTIONS(OPTIONS(3, 3, 0, 0), .window_scale = true);
	EXPECT_OPTIONS(OPTIONS(30, 4, 0, 1), .mptcp = true);
	EXPECT_OPTIONS(OPTIONS(34, 2, 1, 1), .fast_open = true);
	EXPECT_OPTIONS(OPTIONS(254, 4, 0xf9, 0x89), .fast_open = true);
	EXPECT_OPTIONS(OPTIONS(254, 4, 0xf9, 0x88), .mss = 0);
	EXPECT_OPTIONS(OPTIONS(254, 3, 0xf9, 0), .mss = 0);
	EXPECT_OPTIONS(OPTIONS(29, 4, 1, 1), .authenticated = true);
	EXPECT_OPTIONS(OPTIONS(19, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0),
		       .authenticated = true);
	/* Nothing is read behind the end of the list; the last of two counts. */
	EXPECT_OPTIONS(OPTIONS(0, 2, 4, 1, 1, 3, 3, 7), .mss = 0);
	EXPECT_OPTIONS(OPTIONS(2, 4, 1, 1, 2, 4, 2, 2), .mss = 0x0202);
	/* A length that is not its kind's: as if it were not there. */
	EXPECT_OPTIONS(OPTIONS(2, 5, 1, 1, 1, 3, 2, 8, 9, 1, 2, 3, 4, 5, 6, 7, 4, 3, 1, 3, 3, 2), .window_scale = true,
		       .wscale = 2);
	/* A length that cannot be: what stands before it counts. */
	EXPECT_OPTIONS(OPTIONS(4, 2, 2, 0, 3, 3, 7, 0), .sack_permitted = true, .malformed = true);
	EXPECT_OPTIONS(OPTIONS(4, 2, 2, 1, 3, 3, 7, 0), .sack_permitted = true, .malformed = true);
	EXPECT_OPTIONS(OPTIONS(3, 3, 5, 2, 6, 1, 1, 1), .window_scale = true, .wscale = 5, .malformed = true);
	EXPECT_OPTIONS(OPTIONS(3, 3, 5, 2), .window_scale = true, .wscale = 5, .malformed = true);
	EXPECT_OPTIONS(OPTIONS(1, 1, 8, 10, 1, 2, 3, 4), .malformed = true);
}

/* Sixteen bits at a time, as RFC 1071 says it. */
static uint16_t slow_checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < len; i += 2) {
		sum += (uint32_t)(p[i] << 8 | (i + 1 < len ? p[i + 1] : 0));
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static uint32_t rnd(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void checksums_equal_the_oracle_in_any_split(void **state)
{
	(void)state;
	uint32_t seed = 3;
	for (size_t len = 0; len < 100; len++) {
		uint8_t *b = malloc(len ? len : 1);
		assert_non_null(b);
		for (size_t i = 0; i < len; i++)
			b[i] = rnd(&seed) % 4 ? (uint8_t)rnd(&seed) : 0xff;
		uint8_t want[2] = { slow_checksum(b, len) >> 8, slow_checksum(b, len) & 255 };
		for (size_t cut = 0; cut <= len; cut++) {
			for (size_t cut2 = cut; cut2 <= len; cut2++) {
				struct dp_checksum c = { 0 };
				dp_checksum_add(&c, b, cut);
				dp_checksum_add(&c, b + cut, cut2 - cut);
				dp_checksum_add(&c, b + cut2, len - cut2);
				uint16_t got = dp_checksum_value(&c);
				assert_memory_equal(&got, want, 2);
			}
		}
		struct dp_checksum c = { 0 };
		for (size_t i = 0; i < len; i++)
			dp_checksum_add(&c, b + i, 1);
		uint16_t got = dp_checksum_value(&c);
		assert_memory_equal(&got, want, 2);
		free(b);
	}
	/* The example of RFC 1071 3, and carries out of all 64 bits. */
	static const uint8_t rfc[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	struct dp_checksum c = { 0 };
	dp_checksum_add(&c, rfc, sizeof rfc);
	uint16_t got = dp_checksum_value(&c);
	assert_memory_equal(&got, ((uint8_t[]){ 0x22, 0x0d }), 2);
	memset(f.b, 0xff, 65536);
	c = (struct dp_checksum){ 0 };
	dp_checksum_add(&c, f.b, 65536);
	assert_int_equal(dp_checksum_value(&c), 0);
}

static void checksums_of_packets(void **state)
{
	(void)state;
	/* An ICMP echo's header, its checksum from RFC 1071 by hand: 4500 0054 a6f2 4000 4001 xxxx c0a8 0101 c0a8 0102. */
	uint8_t ip[] = {
		0x45, 0, 0, 0x54, 0xa6, 0xf2, 0x40, 0, 0x40, 1, 0x10, 0x63, 0xc0, 0xa8, 1, 1, 0xc0, 0xa8, 1, 2
	};
	assert_true(dp_packet_checksum_ip(ip));
	ip[19] ^= 1;
	assert_false(dp_packet_checksum_ip(ip));

	for (int v = 4; v <= 6; v += 2) {
		for (size_t extra = 0; extra < 9; extra++) {
			struct dp_packet p;
			ethernet(&f, v == 4 ? 0x0800 : 0x86dd);
			v == 4 ? ipv4(&f, 6) : ipv6(&f, 6);
			tcp(&f);
			add(&f, "abcdefghi", extra);
			seal(&f);
			assert_int_equal(parse(DP_LINK_ETHERNET, &f, &p), DP_TCP);
			size_t len = f.len - p.l4_off, n = v == 4 ? 4 : 16;
			/* The pseudo-header, laid out as the RFCs draw it. */
			uint8_t flat[128] = { 0 };
			memcpy(flat, p.src + 16 - n, n);
			memcpy(flat + n, p.dst + 16 - n, n);
			size_t at = 2 * n;
			if (v == 6)
				at += 2;
			flat[at + (v == 4)] = v == 4 ? 6 : 0;
			flat[at + (v == 4 ? 3 : 1)] = (uint8_t)len;
			at += v == 4 ? 4 : 2;
			if (v == 6) {
				flat[at + 3] = 6;
				at += 4;
			}
			memcpy(flat + at, f.b + p.l4_off, len);
			assert_false(dp_packet_checksum_tcp(&p, f.b + p.l4_off, len));
			set16(&f, p.l4_off + 16u, slow_checksum(flat, at + len));
			assert_true(dp_packet_checksum_tcp(&p, f.b + p.l4_off, len));
			f.b[f.len - 1] ^= 0x10;
			assert_false(dp_packet_checksum_tcp(&p, f.b + p.l4_off, len));
		}
	}
}

static void random_flow(struct dp_packet *p, uint32_t *seed, bool v6)
{
	memset(p, 0, sizeof *p);
	p->ip_version = v6 ? 6 : 4;
	for (int i = v6 ? 0 : 12; i < 16; i++) {
		p->src[i] = (uint8_t)rnd(seed);
		p->dst[i] = (uint8_t)rnd(seed);
	}
	p->sport = (uint16_t)(1024 + rnd(seed) % 60000);
	p->dport = 25;
}

static struct dp_packet turned(const struct dp_packet *p)
{
	struct dp_packet r = *p;
	memcpy(r.src, p->dst, 16);
	memcpy(r.dst, p->src, 16);
	r.sport = p->dport;
	r.dport = p->sport;
	return r;
}

static void expect_even(const unsigned *count, unsigned n, unsigned total)
{
	for (unsigned i = 0; i < n; i++) {
		assert_true(count[i] > total / n * 96 / 100);
		assert_true(count[i] < total / n * 104 / 100);
	}
}

static void the_hash_is_symmetric_and_even(void **state)
{
	(void)state;
	enum { FLOWS = 60000 }; /* chance alone then stays within 4% */
	static const unsigned workers[] = { 2, 3, 4, 8 };
	for (int kind = 0; kind < 3; kind++) {
		for (unsigned w = 0; w < 4; w++) {
			unsigned by_rest[8] = { 0 }, by_top[8] = { 0 };
			uint32_t seed = 5;
			for (unsigned i = 0; i < FLOWS; i++) {
				struct dp_packet p;
				random_flow(&p, &seed, kind == 1);
				if (kind == 2) {
					/* One client and one server: only the port tells flows apart. */
					memset(p.src, 1, 16);
					memset(p.dst, 2, 16);
					p.sport = (uint16_t)(i + 1024);
				}
				uint32_t h = dp_packet_hash(&p, 42);
				struct dp_packet r = turned(&p);
				assert_int_equal(h, dp_packet_hash(&r, 42));
				p.nvlan = 2;
				p.vlan[0] = (uint16_t)i;
				p.seq = i;
				assert_int_equal(h, dp_packet_hash(&p, 42));
				by_rest[h % workers[w]]++;
				by_top[(uint64_t)h * workers[w] >> 32]++;
			}
			expect_even(by_rest, workers[w], FLOWS);
			expect_even(by_top, workers[w], FLOWS);
		}
	}
}

static void the_hash_takes_every_bit_and_the_seed(void **state)
{
	(void)state;
	struct dp_packet p;
	uint32_t seed = 9;
	random_flow(&p, &seed, true);
	uint32_t h = dp_packet_hash(&p, 1);
	for (unsigned i = 0; i < 36 * 8; i++) {
		struct dp_packet q = p;
		if (i < 128)
			q.src[i / 8] ^= (uint8_t)(1 << i % 8);
		else if (i < 256)
			q.dst[i / 8 - 16] ^= (uint8_t)(1 << i % 8);
		else if (i < 272)
			q.sport ^= (uint16_t)(1 << i % 16);
		else
			q.dport ^= (uint16_t)(1 << i % 16);
		assert_int_not_equal(h, dp_packet_hash(&q, 1));
	}
	/* Ports exchanged without their addresses: another flow. */
	struct dp_packet q = p;
	q.sport = p.dport;
	q.dport = p.sport;
	assert_int_not_equal(h, dp_packet_hash(&q, 1));

	unsigned same = 0;
	for (uint32_t s = 0; s < 1000; s++)
		same += dp_packet_hash(&p, s) % 8 == h % 8;
	assert_in_range(same, 80, 170);
}

static void every_class_has_its_name(void **state)
{
	(void)state;
	for (int i = 0; i < DP_CLASS_MAX; i++) {
		assert_non_null(dp_class_name((enum dp_class)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(dp_class_name((enum dp_class)i), dp_class_name((enum dp_class)j));
	}
	assert_string_equal(dp_class_name(DP_TCP), "tcp");
	assert_string_equal(dp_class_name(DP_CLASS_MAX), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_ipv4_and_ipv6),
		cmocka_unit_test(padding_is_no_payload),
		cmocka_unit_test(ip_length_0_is_up_to_the_end_of_the_frame),
		cmocka_unit_test(frames_of_64_kb),
		cmocka_unit_test(vlan_tags),
		cmocka_unit_test(other_links),
		cmocka_unit_test(what_is_not_ours),
		cmocka_unit_test(ipv6_headers_in_their_places),
		cmocka_unit_test(ipv4_options_and_faults),
		cmocka_unit_test(tcp_options),
		cmocka_unit_test(what_tcp_options_say),
		cmocka_unit_test(ipv6_extension_headers),
		cmocka_unit_test(checksums_equal_the_oracle_in_any_split),
		cmocka_unit_test(checksums_of_packets),
		cmocka_unit_test(the_hash_is_symmetric_and_even),
		cmocka_unit_test(the_hash_takes_every_bit_and_the_seed),
		cmocka_unit_test(every_class_has_its_name),
	};
	return cmocka_run_group_tests_name("dp_packet", tests, NULL, NULL);
}
