/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_built.h"
#include "dataplane/dp_craft.h"
#include "dataplane/dp_tunnel.h"
#include "dataplane/dp_wrapped.h"

#define MAIL "MAIL FROM:<a@example.com>\r\n"
#define IP_AT 14 /* of what dp_built writes */

static const uint16_t vxlan_ports[] = { 4789, 8472 }, geneve_ports[] = { 6081 };
static const struct dp_tunnels all = { 4, vxlan_ports, geneve_ports, 2, 1 };
static uint8_t packet[DP_BUILT_MAX], frame[DP_BUILT_MAX];

/* An IP packet from the client, or the answer of its server. */
static size_t make_packet(bool v6, bool back)
{
	struct dp_built b = dp_built_plain(v6);
	b.payload = (const uint8_t *)MAIL;
	b.len = sizeof MAIL - 1;
	if (back) {
		uint8_t addr[16];
		memcpy(addr, b.addr[0], 16);
		memcpy(b.addr[0], b.addr[1], 16);
		memcpy(b.addr[1], addr, 16);
		b.port[0] = 25;
		b.port[1] = 1234;
	}
	size_t n = dp_built_write(&b, frame);
	memcpy(packet, frame + IP_AT, n - IP_AT);
	return n - IP_AT;
}

static size_t wrapped(const struct dp_wrapping *how, bool v6, const struct dp_wrapped *w)
{
	return dp_wrapped_write(frame, packet, make_packet(v6, w->back), how->how, w);
}

/* From a copy of exactly the head, so that a reader beyond it is seen. */
static enum dp_class parse_head(const struct dp_tunnels *t, size_t head, size_t n, struct dp_packet *p)
{
	uint8_t *exact = malloc(head ? head : 1);
	assert_non_null(exact);
	memcpy(exact, frame, head);
	enum dp_class c = dp_tunnel_parse(t, DP_LINK_ETHERNET, exact, head, n, p);
	free(exact);
	return c;
}

static enum dp_class parse(size_t n, struct dp_packet *p)
{
	return parse_head(&all, n, n, p);
}

static void expect_inner(const struct dp_packet *p, bool v6, const struct dp_wrapping *how, size_t n)
{
	if (p->payload_len != sizeof MAIL - 1 || p->depth != how->depth)
		print_message("%s: %u bytes, %u tunnels\n", how->name, p->payload_len, p->depth);
	assert_int_equal(p->depth, how->depth);
	assert_int_equal(p->ip_version, v6 ? 6 : 4);
	assert_int_equal(p->proto, 6);
	assert_int_equal(p->sport, 1234);
	assert_int_equal(p->dport, 25);
	assert_int_equal(p->src[15], 1);
	assert_int_equal(p->dst[15], 2);
	assert_int_equal(p->src[0], v6 ? 0x20 : 0);
	assert_int_equal(p->payload_len, sizeof MAIL - 1);
	assert_int_equal(p->payload_missing, 0);
	assert_int_equal(p->payload_off + p->payload_len, n);
	assert_memory_equal(frame + p->payload_off, MAIL, sizeof MAIL - 1);
	assert_int_equal(p->tunnel != 0, how->depth > 0);
	assert_int_equal(p->mirrored, !how->inline_);
}

static void every_wrapping_is_read(void **state)
{
	(void)state;
	struct dp_packet p;
	for (size_t i = 0; i < dp_nwrappings; i++)
		for (int v6 = 0; v6 < 2; v6++) {
			size_t n = wrapped(&dp_wrappings[i], v6, &(struct dp_wrapped){ .number = 5000 });
			enum dp_class c = parse(n, &p);
			if (c != DP_TCP)
				print_message("%s: %s\n", dp_wrappings[i].name, dp_class_name(c));
			assert_int_equal(c, DP_TCP);
			expect_inner(&p, v6, &dp_wrappings[i], n);
		}
}

/* Cut inside headers it is truncated, whatever the cut leaves to be guessed; behind them bytes are missing. */
static void cut_anywhere(void **state)
{
	(void)state;
	struct dp_packet whole, p;
	for (size_t i = 0; i < dp_nwrappings; i++) {
		size_t n = wrapped(&dp_wrappings[i], i % 2, &(struct dp_wrapped){ .number = 5000 });
		assert_int_equal(parse(n, &whole), DP_TCP);
		for (size_t cut = 0; cut < n; cut++) {
			enum dp_class c = parse(cut, &p);
			assert_int_equal(c, cut < whole.payload_off ? DP_TRUNCATED : DP_TCP);
			if (c == DP_TCP)
				assert_int_equal(p.payload_missing, n - cut);
			c = parse_head(&all, cut, n, &p);
			assert_int_equal(c, cut < whole.payload_off ? DP_TRUNCATED : DP_TCP);
			if (c == DP_TCP)
				assert_int_equal(p.payload_len, whole.payload_len);
		}
	}
}

/* Every field of every header takes other values: nothing is read beyond the frame, and no length makes more of the payload than there is. */
static void every_byte_wrong(void **state)
{
	(void)state;
	struct dp_packet whole, p;
	static const uint8_t to[] = { 0, 1, 4, 0x40, 0x45, 0x60, 0x7f, 0x80, 0xfe, 0xff };
	for (size_t i = 0; i < dp_nwrappings; i++) {
		size_t n = wrapped(&dp_wrappings[i], i % 2, &(struct dp_wrapped){ .number = 5000 });
		assert_int_equal(parse(n, &whole), DP_TCP);
		for (size_t at = 0; at < whole.payload_off; at++)
			for (size_t k = 0; k < sizeof to; k++) {
				uint8_t was = frame[at];
				frame[at] = to[k];
				if (parse(n, &p) == DP_TCP) {
					assert_true(p.payload_off + p.payload_len <= n);
					assert_true(p.nlayers <= DP_LAYERS_MAX);
				}
				frame[at] = was;
			}
	}
}

/* Where the length of a header of that kind stands in a frame, and how many bytes less than the layer's rest it says. */
static size_t length_at(const struct dp_layer *l)
{
	switch ((enum dp_layer_kind)l->kind) {
	case DP_LAYER_LENGTH:
		return l->off;
	case DP_LAYER_PPPOE:
	case DP_LAYER_IPV6:
	case DP_LAYER_UDP:
	case DP_LAYER_PPTP:
		return l->off + 4u;
	case DP_LAYER_IPV4:
		return l->off + 2u;
	case DP_LAYER_GRE:
	case DP_LAYER_ETHERNET:
		break;
	}
	return 0;
}

/* What encloses it ends a byte early: IP is bad, and a frame in a tunnel was cut. A byte more is padding. */
static void every_length_wrong(void **state)
{
	(void)state;
	struct dp_packet whole, p;
	unsigned changed = 0;
	for (size_t i = 0; i < dp_nwrappings; i++) {
		size_t n = wrapped(&dp_wrappings[i], i % 2, &(struct dp_wrapped){ .number = 5000 });
		assert_int_equal(parse(n, &whole), DP_TCP);
		for (unsigned k = 0; k < whole.nlayers; k++) {
			size_t at = length_at(&whole.layer[k]);
			if (!at)
				continue;
			unsigned length = dp_be_get16(frame + at);
			bool in_frame = false;
			for (unsigned j = k + 1; j < whole.nlayers && j < k + 4; j++)
				in_frame |= whole.layer[j].kind == DP_LAYER_ETHERNET;
			dp_be_put16(frame + at, length - 1);
			enum dp_class c = parse(n, &p);
			if (c == DP_TCP)
				assert_true(in_frame && p.payload_missing == 1 && p.payload_len == whole.payload_len - 1);
			else
				assert_true(c == DP_BAD_IP || c == DP_OTHER);
			dp_be_put16(frame + at, length);
			changed++;
		}
	}
	assert_true(changed > 30);
}

/* Both directions have the same name for their tunnel, and the same hash; other networks have others. */
static void directions_meet_and_tenants_do_not(void **state)
{
	(void)state;
	struct dp_packet there, back, other;
	for (size_t i = 0; i < dp_nwrappings; i++) {
		const struct dp_wrapping *how = &dp_wrappings[i];
		size_t n = wrapped(how, false, &(struct dp_wrapped){ .number = 5000 });
		assert_int_equal(parse(n, &there), DP_TCP);
		n = wrapped(how, false, &(struct dp_wrapped){ .number = 5000, .back = true });
		assert_int_equal(parse(n, &back), DP_TCP);
		assert_int_equal(there.sport, back.dport);
		assert_true(there.tunnel == back.tunnel);
		assert_int_equal(dp_packet_hash(&there, 7), dp_packet_hash(&back, 7));
		n = wrapped(how, false, &(struct dp_wrapped){ .number = 5001, .end = 3 });
		assert_int_equal(parse(n, &other), DP_TCP);
		assert_int_equal(dp_packet_hash(&there, 7), dp_packet_hash(&other, 7));
		/* A mirror's sessions are not networks. */
		if (how->depth > 0 && how->inline_)
			assert_true(there.tunnel != other.tunnel);
		else
			assert_true(there.tunnel == other.tunnel);
	}
}

static void kinds_of_tunnels_differ(void **state)
{
	(void)state;
	struct dp_packet p;
	uint64_t seen[64];
	size_t n = 0;
	for (size_t i = 0; i < dp_nwrappings; i++) {
		if (!dp_wrappings[i].depth || !dp_wrappings[i].inline_)
			continue;
		size_t len = wrapped(&dp_wrappings[i], false, &(struct dp_wrapped){ .number = 5000 });
		assert_int_equal(parse(len, &p), DP_TCP);
		/* Those that differ by their outer link only are the same. */
		bool copy = !strcmp(dp_wrappings[i].name, "VXLAN with a checksum, over IPv6") ||
			    !strcmp(dp_wrappings[i].name, "VLAN in VXLAN over QinQ") || !strcmp(dp_wrappings[i].name, "PPPoE in VXLAN over MPLS") ||
			    !strcmp(dp_wrappings[i].name, "IP in GENEVE") || !strcmp(dp_wrappings[i].name, "MPLS over GRE") ||
			    !strcmp(dp_wrappings[i].name, "Ethernet in GRE");
		bool found = false;
		for (size_t k = 0; k < n; k++)
			found |= seen[k] == p.tunnel;
		if (found != copy)
			print_message("%s\n", dp_wrappings[i].name);
		assert_int_equal(found, copy);
		seen[n++] = p.tunnel;
	}
}

static void vlans_are_the_inner_frames(void **state)
{
	(void)state;
	struct dp_packet p;
	static const struct { const char *name; unsigned n, first; } want[] = {
		{ "QinQ", 2, 100 }, { "pseudowire", 1, 7 }, { "NVGRE", 1, 7 }, { "VXLAN", 0, 0 },
		{ "VLAN in VXLAN over QinQ", 1, 7 }, { "PPPoE over QinQ", 2, 100 }, { "two labels", 1, 7 },
	};
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		size_t n = wrapped(dp_wrapping_named(want[i].name), true, &(struct dp_wrapped){ .number = 9 });
		assert_int_equal(parse(n, &p), DP_TCP);
		assert_int_equal(p.nvlan, want[i].n);
		assert_int_equal(p.vlan[0], want[i].first);
	}
}

/* Switched off, and deeper than is opened. */
static void depth_is_bounded(void **state)
{
	(void)state;
	struct dp_packet p;
	for (size_t i = 0; i < dp_nwrappings; i++) {
		size_t n = wrapped(&dp_wrappings[i], false, &(struct dp_wrapped){ .number = 9 });
		for (unsigned depth = 0; depth <= 4; depth++) {
			struct dp_tunnels t = all;
			t.depth = depth;
			enum dp_class want = depth >= dp_wrappings[i].depth ? DP_TCP : depth ? DP_TOO_DEEP : DP_OTHER;
			assert_int_equal(parse_head(&t, n, n, &p), want);
		}
		assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, frame, n, n, &p), dp_wrappings[i].depth ? DP_OTHER : DP_TCP);
	}
	/* Pseudowires in one another, until they are too many. */
	size_t n = dp_wrapped_write(frame, packet, make_packet(false, false), (enum dp_wrap[]){ DP_WRAP_ETHERNET, DP_WRAP_END },
				    &(struct dp_wrapped){ 0 });
	for (unsigned i = 1; i < 30; i++) {
		static const uint8_t around[18] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0x47, 0, 0x3e, 0x81, 64 };
		memmove(frame + sizeof around, frame, n);
		memcpy(frame, around, sizeof around);
		n += sizeof around;
		assert_int_equal(parse(n, &p), i <= DP_LAYERS_MAX ? DP_TCP : DP_TOO_DEEP);
	}
}

/* What a tunnel's header says of itself. */
static void headers_are_believed(void **state)
{
	(void)state;
	struct dp_packet p;
	struct dp_wrapped w = { .number = 9 };
	static const struct { const char *name; unsigned at, was, is; enum dp_class want; } changes[] = {
		{ "VXLAN", 42, 0x08, 0x00, DP_OTHER }, /* no I */
		{ "VXLAN", 42, 0x08, 0xff, DP_TCP }, /* RFC 7348 5: the others are ignored on receipt */
		{ "VXLAN", 36, 0x12, 0x35, DP_OTHER }, /* another port */
		{ "VXLAN", 39, 0, 7, DP_OTHER }, /* UDP shorter than its header (the upper byte is 0) */
		{ "GENEVE", 42, 0x02, 0x42, DP_OTHER }, /* version 1 */
		{ "GENEVE", 42, 0x02, 0x3f, DP_OTHER }, /* options longer than the packet */
		{ "GENEVE", 43, 0, 0x80, DP_OTHER }, /* a control message */
		{ "GENEVE", 43, 0, 0x40, DP_TCP }, /* critical options: whether the receiver knows them cannot be told */
		{ "GENEVE", 45, 0x58, 0x59, DP_OTHER }, /* bears something else */
		{ "GRE", 34, 0, 0x40, DP_OTHER }, /* routing present: RFC 1701's */
		{ "GRE", 34, 0, 0x08, DP_OTHER },
		{ "GRE", 34, 0, 0x03, DP_TCP }, /* RFC 2784 2.3: ignored */
		{ "GRE", 35, 0, 0x02, DP_OTHER }, /* version 2 */
		{ "GRE", 36, 0x08, 0x00, DP_OTHER }, /* a keep-alive has type 0 */
		{ "ERSPAN II", 42, 0x10, 0x20, DP_OTHER }, /* version */
		{ "ERSPAN III", 42, 0x20, 0x10, DP_OTHER },
		{ "ERSPAN III", 52, 0, 2 << 2, DP_BAD_IP }, /* frame type IP: here it is none */
		{ "PPTP", 34, 0x30, 0xb0, DP_OTHER }, /* version 1 has no checksum */
		{ "PPTP", 35, 0x81, 0x82, DP_OTHER }, /* version 2 */
		{ "PPPoE", 14, 0x11, 0x21, DP_OTHER }, /* version */
		{ "PPPoE", 15, 0, 9, DP_OTHER }, /* code */
		{ "PPPoE", 21, 0x21, 0x3d, DP_OTHER }, /* not IP */
		{ "SNAP", 19, 0, 1, DP_OTHER }, /* another OUI */
		{ "SNAP", 14, 0xaa, 0x42, DP_OTHER },
	};
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		size_t n = wrapped(dp_wrapping_named(changes[i].name), false, &w);
		if (frame[changes[i].at] != changes[i].was && changes[i].at != 39)
			print_message("%s: byte %u is %02x\n", changes[i].name, changes[i].at, frame[changes[i].at]);
		if (changes[i].at == 39)
			frame[38] = 0;
		else
			assert_int_equal(frame[changes[i].at], changes[i].was);
		frame[changes[i].at] = (uint8_t)changes[i].is;
		enum dp_class c = parse(n, &p);
		if (c != changes[i].want)
			print_message("%s: byte %u\n", changes[i].name, changes[i].at);
		assert_int_equal(c, changes[i].want);
	}
}

/* RFC 7637 3.2: the last byte of NVGRE's key is no part of the network's number; of another key it is. */
static void keys(void **state)
{
	(void)state;
	struct dp_packet p, q;
	size_t n = wrapped(dp_wrapping_named("NVGRE"), false, &(struct dp_wrapped){ .number = 0x2000 });
	parse(n, &p);
	frame[41] ^= 1;
	parse(n, &q);
	assert_true(p.tunnel == q.tunnel);
	n = wrapped(dp_wrapping_named("NVGRE"), false, &(struct dp_wrapped){ .number = 0x20 });
	parse(n, &p);
	frame[41] ^= 1;
	parse(n, &q);
	assert_true(p.tunnel != q.tunnel);
}

static void layers_are_told(void **state)
{
	(void)state;
	struct dp_packet p;
	wrapped(dp_wrapping_named("VXLAN in GRE over IPv6"), false, &(struct dp_wrapped){ .number = 9 });
	static const struct dp_layer want[] = {
		{ 14, DP_LAYER_IPV6 }, { 54, DP_LAYER_GRE }, { 70, DP_LAYER_IPV4 }, { 90, DP_LAYER_UDP }, { 106, DP_LAYER_ETHERNET },
	};
	assert_int_equal(dp_tunnel_parse(&all, DP_LINK_ETHERNET, frame, 400, 400, &p), DP_TCP);
	assert_int_equal(p.nlayers, 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(p.layer[i].off, want[i].off);
		assert_int_equal(p.layer[i].kind, want[i].kind);
	}
	assert_int_equal(p.l3_off, 120);
}

static void first_sight(void **state)
{
	(void)state;
	for (size_t i = 0; i < dp_nwrappings; i++) {
		size_t n = wrapped(&dp_wrappings[i], i % 2, &(struct dp_wrapped){ .number = 9 });
		assert_int_equal(dp_tunnel_none(frame, n), i < 2);
		for (size_t cut = 0; cut < 34; cut++)
			assert_false(dp_tunnel_none(frame, cut));
	}
}

/* A reset to what a mirror copied goes to the ends of the connection, not to those of the mirror's tunnel. */
static void a_mirrors_headers_are_not_borne(void **state)
{
	(void)state;
	static uint8_t said[DP_CRAFT_HEADERS_MAX];
	unsigned n = 0;
	for (size_t i = 0; i < dp_nwrappings; i++) {
		struct dp_packet p, q;
		struct dp_voice_far far[1];
		struct dp_voice v = { 0 };
		if (dp_wrappings[i].inline_)
			continue;
		size_t len = wrapped(&dp_wrappings[i], i % 2, &(struct dp_wrapped){ .number = 9 });
		assert_int_equal(parse(len, &p), DP_TCP);
		dp_voice_learn(&v, &far[0], frame, &p, 1);
		assert_true(v.known);
		struct dp_craft reset = { .ends = { .sport = p.sport, .dport = p.dport }, .seq = 7, .flags = 4, .now = 1 };
		memcpy(reset.ends.src, p.src, sizeof p.src);
		memcpy(reset.ends.dst, p.dst, sizeof p.dst);
		int size = dp_craft_frame(said, sizeof said, &v, &v, &reset);
		assert_true(size >= DP_FRAME_MIN);
		assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, said, (size_t)size, (size_t)size, &q), DP_TCP);
		assert_memory_equal(q.src, p.src, 16);
		assert_int_equal(q.nvlan, p.nvlan);
		size_t link = p.l3_off - 14 - 4u * p.nvlan;
		assert_memory_equal(said, frame + link, q.l3_off);
		n++;
	}
	assert_int_equal(n, 4);
}

/* Nobody speaks for whoever signs, behind headers that nobody keeps, or that are too long; nor the way back behind labels. */
static void where_there_is_no_voice(void **state)
{
	(void)state;
	struct dp_packet p;
	struct dp_voice_far far[2];
	struct dp_voice v = { 0 }, back;
	size_t n = wrapped(dp_wrapping_named("VXLAN"), false, &(struct dp_wrapped){ .number = 9 });
	assert_int_equal(parse(n, &p), DP_TCP);
	dp_voice_learn(&v, NULL, frame, &p, 1);
	assert_false(v.known);
	p.authenticated = true;
	dp_voice_learn(&v, &far[0], frame, &p, 1);
	assert_false(v.known);
	p.authenticated = false;
	dp_voice_learn(&v, &far[0], frame, &p, 1);
	assert_true(v.known);
	dp_voice_reverse(&back, &far[1], &v);
	assert_true(back.known);
	static const char *const one_way[] = { "MPLS", "PPTP", "MPLS over GRE" };
	for (unsigned i = 0; i < 3; i++) {
		n = wrapped(dp_wrapping_named(one_way[i]), false, &(struct dp_wrapped){ .number = 9 });
		assert_int_equal(parse(n, &p), DP_TCP);
		v = (struct dp_voice){ 0 };
		dp_voice_learn(&v, &far[0], frame, &p, 1);
		assert_true(v.known);
		dp_voice_reverse(&back, &far[1], &v);
		assert_false(back.known);
	}
	static const enum dp_wrap deep[] = { DP_WRAP_IPV6, DP_WRAP_IPV6, DP_WRAP_IPV6, DP_WRAP_ETHERNET, DP_WRAP_VXLAN, DP_WRAP_IPV6,
					     DP_WRAP_VLAN, DP_WRAP_VLAN, DP_WRAP_VLAN, DP_WRAP_ETHERNET, DP_WRAP_END };
	n = dp_wrapped_write(frame, packet, make_packet(true, false), deep, &(struct dp_wrapped){ .number = 9 });
	assert_int_equal(parse(n, &p), DP_TCP);
	v = (struct dp_voice){ 0 };
	dp_voice_learn(&v, &far[0], frame, &p, 1);
	assert_int_equal(v.known, p.l3_off <= DP_VOICE_FAR_MAX);
	p.l3_off = DP_VOICE_FAR_MAX + 1;
	v = (struct dp_voice){ 0 };
	dp_voice_learn(&v, &far[0], frame, &p, 1);
	assert_false(v.known);
}

/* RFC 2473, RFC 4302: options and an AH may stand before what is in the tunnel. */
static void headers_between(void **state)
{
	(void)state;
	struct dp_packet p;
	static const uint8_t limit[8] = { 6, 0, 4, 1, 4, 1, 0, 0 }, ah[24] = { 6, 4 };
	for (unsigned i = 0; i < 2; i++) {
		struct dp_built b = dp_built_plain(true);
		b.payload = (const uint8_t *)MAIL;
		b.len = sizeof MAIL - 1;
		b.next = i ? 51 : 60;
		b.between = i ? ah : limit;
		b.nbetween = i ? sizeof ah : sizeof limit;
		size_t n = dp_built_write(&b, frame) - IP_AT;
		memcpy(packet, frame + IP_AT, n);
		n = dp_wrapped_write(frame, packet, n, dp_wrapping_named("VXLAN")->how, &(struct dp_wrapped){ .number = 9 });
		assert_int_equal(parse(n, &p), DP_TCP);
		assert_int_equal(p.authenticated, i);
		assert_int_equal(p.payload_len, sizeof MAIL - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrapping_is_read),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(every_byte_wrong),
		cmocka_unit_test(every_length_wrong),
		cmocka_unit_test(directions_meet_and_tenants_do_not),
		cmocka_unit_test(kinds_of_tunnels_differ),
		cmocka_unit_test(vlans_are_the_inner_frames),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(headers_are_believed),
		cmocka_unit_test(keys),
		cmocka_unit_test(layers_are_told),
		cmocka_unit_test(first_sight),
		cmocka_unit_test(a_mirrors_headers_are_not_borne),
		cmocka_unit_test(where_there_is_no_voice),
		cmocka_unit_test(headers_between),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
