/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dataplane/dp_built.h"
#include "dataplane/dp_craft.h"
#include "reassembly/tcp/rs_tcp.h"

#define MS 1000000ull
#define T0 (1700000000ull * 1000 * MS)

enum { NOISE = 0xa7 };

struct said { /* a crafted frame, read back */
	uint8_t b[DP_BUILT_MAX];
	size_t len;
	struct dp_packet p;
	struct dp_tcp_options o;
};

static uint8_t frame[DP_BUILT_MAX];
static struct said said;

static uint32_t rnd(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void learn(struct dp_voice *v, const struct dp_built *b, uint64_t now)
{
	struct dp_packet p;
	size_t len = dp_built_write(b, frame);
	assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, frame, len, len, &p), DP_TCP);
	/* Its headers, and nothing behind them. */
	uint8_t *exact = malloc(p.payload_off);
	assert_non_null(exact);
	memcpy(exact, frame, p.payload_off);
	dp_voice_learn(v, NULL, exact, &p, now);
	free(exact);
}

/* What must hold of every frame. */
static void read_back(const struct dp_voice *as, const struct dp_craft *what)
{
	struct dp_packet *p = &said.p;
	assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, said.b, said.len, said.len, p), DP_TCP);
	const uint8_t *ip = said.b + p->l3_off, *l4 = said.b + p->l4_off;
	assert_int_equal(p->payload_missing, 0);
	assert_true(dp_packet_checksum_tcp(p, l4, p->tcp_hdr_len + p->payload_len));
	assert_int_equal(p->ip_version, as->ip_version);
	if (p->ip_version == 4) {
		assert_true(dp_packet_checksum_ip(ip));
		assert_int_equal(p->l4_off - p->l3_off, 20);
		assert_memory_equal(ip + 4, ((uint8_t[]){ 0, 0, 0x40, 0 }), 4);
	} else {
		assert_int_equal(p->l4_off - p->l3_off, 40);
	}
	size_t end = p->payload_off + (size_t)p->payload_len;
	assert_int_equal(said.len, end < 60 ? 60 : end);
	for (size_t i = end; i < said.len; i++)
		assert_int_equal(said.b[i], 0);
	assert_memory_equal(p->src, what->ends.src, 16);
	assert_memory_equal(p->dst, what->ends.dst, 16);
	assert_int_equal(p->sport, what->ends.sport);
	assert_int_equal(p->dport, what->ends.dport);
	assert_int_equal(p->seq, what->seq);
	assert_int_equal(p->ack, what->flags & RS_TCP_ACK ? what->ack : 0);
	assert_int_equal(p->tcp_flags, what->flags);
	assert_int_equal(p->payload_len, what->len);
	if (what->len)
		assert_memory_equal(said.b + p->payload_off, what->payload, what->len);
	assert_memory_equal(l4 + 18, "\0\0", 2);
	dp_tcp_options_parse(l4, p->tcp_hdr_len, &said.o);
	assert_int_equal(p->tcp_hdr_len, said.o.timestamps ? 32 : 20);
}

static void say(struct dp_voice *as, const struct dp_voice *toward, const struct dp_craft *what)
{
	size_t room = DP_CRAFT_HEADERS_MAX + what->len;
	uint8_t *exact = malloc(room);
	assert_non_null(exact);
	memset(exact, NOISE, room);
	int n = dp_craft_frame(exact, room, as, toward, what);
	assert_in_range(n, DP_FRAME_MIN, room);
	said.len = (size_t)n;
	memcpy(said.b, exact, said.len);
	free(exact);
	read_back(as, what);
}

static struct dp_ends ends_of(const struct dp_built *b)
{
	struct dp_packet p;
	size_t len = dp_built_write(b, frame);
	assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, frame, len, len, &p), DP_TCP);
	struct dp_ends e = { .sport = p.sport, .dport = p.dport };
	memcpy(e.src, p.src, sizeof e.src);
	memcpy(e.dst, p.dst, sizeof e.dst);
	return e;
}

static struct dp_craft ack_of(const struct dp_built *b, uint64_t now)
{
	return (struct dp_craft){ .ends = ends_of(b), .seq = 0xfffffffe, .ack = 77, .flags = RS_TCP_ACK, .now = now };
}

/* NOP, NOP, timestamps. */
static const uint8_t *stamps(uint32_t tsval, uint32_t tsecr)
{
	static uint8_t turns[4][12];
	static unsigned turn;
	uint8_t *o = turns[turn++ % 4];
	memcpy(o, "\1\1\10\12", 4);
	for (unsigned i = 0; i < 4; i++) {
		o[4 + i] = (uint8_t)(tsval >> (24 - 8 * i));
		o[8 + i] = (uint8_t)(tsecr >> (24 - 8 * i));
	}
	return o;
}

static void stamp(struct dp_built *b, uint32_t tsval, uint32_t tsecr)
{
	b->options = stamps(tsval, tsecr);
	b->noptions = 12;
}

static struct dp_built turned(const struct dp_built *b)
{
	struct dp_built r = *b;
	memcpy(r.mac[0], b->mac[1], 6);
	memcpy(r.mac[1], b->mac[0], 6);
	memcpy(r.addr[0], b->addr[1], 16);
	memcpy(r.addr[1], b->addr[0], 16);
	r.port[0] = b->port[1];
	r.port[1] = b->port[0];
	return r;
}

static void tag(struct dp_built *b, unsigned tags)
{
	static const uint16_t types[DP_BUILT_TAGS] = { 0x88a8, 0x8100, 0x9100, 0x8100, 0x8100, 0x8100 };
	b->tags = tags;
	for (unsigned i = 0; i < tags; i++) {
		/* Alone, 802.1Q; with its priority and drop bits. */
		b->tag_type[i] = tags == 1 ? 0x8100 : types[i];
		b->tci[i] = (uint16_t)(0xb123 + 0x1011 * i);
	}
}

static void it_sounds_like_the_side_that_was_heard(void **state)
{
	(void)state;
	static const char *const words[] = { "", "x", "221\r\n",
					     "554 5.7.1 no, and a line longer than the padding is\r\n" };
	for (unsigned c = 0; c < 2 * 5 * 2 * 4; c++) {
		bool v6 = c & 1, ts = c >> 1 & 1;
		const char *text = words[c >> 2 & 3];
		struct dp_built b = dp_built_plain(v6);
		tag(&b, c >> 4);
		b.tos = 0xbb; /* ECN: congestion experienced */
		b.ttl = 57;
		b.flow_label = v6 ? 0xfedcb : 0;
		if (ts)
			stamp(&b, 1000, 2000);
		struct dp_built r = turned(&b);
		if (ts)
			stamp(&r, 5000, 1000);
		struct dp_voice v = { 0 }, other = { 0 };
		learn(&other, &r, T0);
		learn(&v, &b, T0);
		struct dp_craft what = { .ends = ends_of(&b),
					 .seq = 42,
					 .ack = 43,
					 .flags = RS_TCP_ACK | RS_TCP_PSH,
					 .payload = text,
					 .len = (uint32_t)strlen(text),
					 .now = T0 };
		say(&v, &other, &what);

		size_t l3 = 14 + 4 * b.tags;
		assert_int_equal(said.p.l3_off, l3);
		dp_built_write(&b, frame);
		assert_memory_equal(said.b, frame, l3);
		const uint8_t *ip = said.b + l3;
		if (v6) {
			assert_memory_equal(ip, ((uint8_t[]){ 0x6b, 0x8f, 0xed, 0xcb }), 4);
			assert_int_equal(ip[7], 57);
		} else {
			assert_int_equal(ip[1], 0xb8);
			assert_int_equal(ip[8], 57);
		}
		assert_int_equal(said.p.window, 0x2000);
		assert_int_equal(said.o.timestamps, ts);
		if (ts) {
			assert_int_equal(said.o.tsval, 1000);
			assert_int_equal(said.o.tsecr, 5000);
		}
	}
}

static void too_many_tags_are_no_voice(void **state)
{
	(void)state;
	struct dp_voice v = { 0 };
	struct dp_built b = dp_built_plain(false);
	tag(&b, 5);
	learn(&v, &b, T0);
	assert_false(v.known);
	struct dp_craft what = ack_of(&b, T0);
	assert_int_equal(dp_craft_frame(said.b, sizeof said.b, &v, &v, &what), -ENOTCONN);
	struct dp_voice r;
	dp_voice_reverse(&r, NULL, &v);
	assert_false(r.known);
}

static void a_side_never_heard_is_the_other_turned_round(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 2 * 3; c++) {
		bool v6 = c & 1;
		struct dp_built b = dp_built_plain(v6);
		tag(&b, c >> 1);
		b.window = 9;
		stamp(&b, 1000, 2000);
		struct dp_voice client = { 0 }, server;
		learn(&client, &b, T0);
		dp_voice_reverse(&server, NULL, &client);
		struct dp_built r = turned(&b);
		struct dp_craft what = ack_of(&r, T0 + 5 * MS);
		say(&server, &client, &what);
		dp_built_write(&r, frame);
		assert_memory_equal(said.b, frame, 14 + 4 * b.tags);
		assert_int_equal(said.p.sport, 25);
		assert_int_equal(said.b[said.p.l3_off + (v6 ? 7 : 8)], 64);
		assert_int_equal(said.p.window, 8192);
		/* Its clock, as the client echoed it. */
		assert_int_equal(said.o.tsval, 2000);
		assert_int_equal(said.o.tsecr, 1000);
		/* And as the client toward the server. */
		what.ends = ends_of(&b);
		say(&client, &server, &what);
		assert_int_equal(said.o.tsval, 1000);
		assert_int_equal(said.o.tsecr, 2000);

		/* What it says itself counts, even a clock behind the one the client named. */
		r.ttl = 33;
		r.window = 77;
		stamp(&r, 1500, 900);
		learn(&server, &r, T0);
		assert_int_equal(server.tsval, 1500);
		server.spoken = false;
		say(&server, &client, &what);
		assert_int_equal(said.b[said.p.l3_off + (v6 ? 7 : 8)], 33);
		assert_int_equal(said.p.window, 77);
		assert_int_equal(said.o.tsval, 1500);
	}
	/* A SYN echoes nothing: there is no clock to tell. */
	struct dp_built syn = dp_built_plain(false);
	syn.flags = RS_TCP_SYN;
	stamp(&syn, 1000, 0xdead);
	struct dp_voice client = { 0 }, server;
	learn(&client, &syn, T0);
	dp_voice_reverse(&server, NULL, &client);
	struct dp_craft rst = { .ends = ends_of(&syn), .ack = syn.seq + 1, .flags = RS_TCP_RST | RS_TCP_ACK, .now = T0 };
	say(&server, &client, &rst);
	assert_false(said.o.timestamps);
}

static void timestamps_never_go_back(void **state)
{
	(void)state;
	struct dp_built b = dp_built_plain(false), r = turned(&b);
	struct dp_voice v = { 0 }, other = { 0 };
	stamp(&b, 0xfffffff0, 1);
	stamp(&r, 5000, 1);
	learn(&v, &b, T0);
	learn(&other, &r, T0);
	struct dp_craft what = ack_of(&b, T0 + 100 * MS);
	say(&v, &other, &what);
	assert_int_equal(said.o.tsval, 0xfffffff0); /* it may speak again */
	/* Its clock wraps; then an older segment of it comes late. */
	stamp(&b, 0x10, 1);
	learn(&v, &b, T0 + 32 * MS);
	stamp(&b, 0xfffffff8, 1);
	learn(&v, &b, T0 + 33 * MS);
	say(&v, &other, &what);
	assert_int_equal(said.o.tsval, 0x10);
	what.alone = true;
	say(&v, &other, &what);
	assert_int_equal(said.o.tsval, 0x10 + 68);
	what.now -= 50 * MS;
	say(&v, &other, &what);
	assert_int_equal(said.o.tsval, 0x10 + 68);
	what.now = 0;
	say(&v, &other, &what);
	assert_int_equal(said.o.tsval, 0x10 + 68);
	/* It does speak again, by a slower clock. */
	stamp(&b, 0x20, 1);
	learn(&v, &b, T0 + 200 * MS);
	what.alone = false;
	say(&v, &other, &what);
	assert_int_equal(said.o.tsval, 0x10 + 68);
	stamp(&b, 0x90, 1);
	learn(&v, &b, T0 + 300 * MS);
	say(&v, &other, &what);
	assert_int_equal(said.o.tsval, 0x90);
	/* What the other said last is what is echoed; without ACK there is nothing to echo (RFC 7323 3.2). */
	stamp(&r, 6000, 1);
	learn(&other, &r, T0 + 300 * MS);
	say(&v, &other, &what);
	assert_int_equal(said.o.tsecr, 6000);
	what.flags = RS_TCP_RST;
	say(&v, &other, &what);
	assert_true(said.o.timestamps);
	assert_int_equal(said.o.tsecr, 0);
}

static void timestamps_only_when_both_have_them(void **state)
{
	(void)state;
	struct dp_built with = dp_built_plain(false), without = turned(&with);
	struct dp_voice a = { 0 }, b = { 0 };
	with.flags = RS_TCP_SYN;
	stamp(&with, 1, 0);
	learn(&a, &with, T0);
	learn(&b, &without, T0);
	struct dp_craft what = ack_of(&with, T0);
	say(&a, &b, &what);
	assert_false(said.o.timestamps);
	say(&b, &a, &what);
	assert_false(said.o.timestamps);
}

/* SYN with or without a window scale. */
static void learn_syn(struct dp_voice *v, struct dp_built b, uint8_t flags, uint16_t window, int scale)
{
	uint8_t options[8] = { 2, 4, 5, 0xb4, 1, 3, 3, (uint8_t)scale };
	b.flags = flags;
	b.window = window;
	b.options = options;
	b.noptions = scale < 0 ? 4 : 8;
	learn(v, &b, T0);
}

static void the_window_is_as_announced(void **state)
{
	(void)state;
	struct dp_built b = dp_built_plain(false), r = turned(&b);
	struct dp_voice v = { 0 }, other = { 0 };
	struct dp_craft what = ack_of(&b, T0);
	learn_syn(&v, b, RS_TCP_SYN, 64240, 7);
	assert_int_equal(v.mss, 1460);
	learn_syn(&other, r, RS_TCP_SYN | RS_TCP_ACK, 100, 9);
	/* RFC 7323 2.2: the SYN's is not scaled, ours is. */
	say(&v, &other, &what);
	assert_int_equal(said.p.window, 64240 >> 7);
	say(&other, &v, &what);
	assert_int_equal(said.p.window, 1);
	what.flags = RS_TCP_SYN;
	say(&v, &other, &what);
	assert_int_equal(said.p.window, 64240);
	what.flags = RS_TCP_ACK;
	/* The other does not scale. */
	learn_syn(&other, r, RS_TCP_SYN | RS_TCP_ACK, 100, -1);
	say(&v, &other, &what);
	assert_int_equal(said.p.window, 64240);
	say(&other, &v, &what);
	assert_int_equal(said.p.window, 100);
	/* Behind the SYN: as it stands. A closed window is not repeated: the other is to go on. */
	b.window = 501;
	learn(&v, &b, T0);
	b.window = 0;
	learn(&v, &b, T0);
	learn_syn(&other, r, RS_TCP_SYN | RS_TCP_ACK, 100, 9);
	say(&v, &other, &what);
	assert_int_equal(said.p.window, 501);
	struct dp_voice never = { 0 };
	learn(&never, &b, T0);
	say(&never, &other, &what);
	assert_int_equal(said.p.window, 8192);
}

static void a_reset_teaches_nothing(void **state)
{
	(void)state;
	struct dp_built b = dp_built_plain(false);
	struct dp_voice v = { 0 }, before;
	learn(&v, &b, T0);
	before = v;
	b.flags = RS_TCP_RST | RS_TCP_ACK;
	b.ttl = 255;
	b.window = 3;
	learn(&v, &b, T0 + MS);
	assert_memory_equal(&v, &before, sizeof v);
	struct dp_voice none = { 0 };
	learn(&none, &b, T0);
	assert_false(none.known);
}

static void what_does_not_fit_is_not_written(void **state)
{
	(void)state;
	static uint8_t payload[65536];
	for (int v6 = 0; v6 < 2; v6++) {
		struct dp_built b = dp_built_plain(v6);
		struct dp_voice v = { 0 };
		learn(&v, &b, T0);
		struct dp_craft what = ack_of(&b, T0);
		what.payload = payload;
		for (uint32_t len = 0; len < 30; len++) {
			what.len = len;
			size_t need = 14 + (v6 ? 40u : 20u) + 20 + len;
			need = need < 60 ? 60 : need;
			for (size_t size = 0; size < need; size++) {
				uint8_t *small = malloc(size ? size : 1);
				assert_non_null(small);
				assert_int_equal(dp_craft_frame(small, size, &v, &v, &what), -ENOSPC);
				free(small);
			}
			assert_int_equal(dp_craft_frame(said.b, need, &v, &v, &what), need);
		}
		what.len = v6 ? 65535 - 20 : 65535 - 40;
		say(&v, &v, &what);
		what.len++;
		assert_int_equal(dp_craft_frame(said.b, sizeof said.b, &v, &v, &what), -EMSGSIZE);
		what.len = UINT32_MAX;
		assert_int_equal(dp_craft_frame(said.b, sizeof said.b, &v, &v, &what), -EMSGSIZE);
	}
}

static void fill(void *to, size_t n, uint32_t *seed)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)to)[i] = (uint8_t)rnd(seed);
}

/* Any packet's voice says what parses to the same ends, and teaches what was known already. */
static void what_is_said_teaches_the_same_voice(void **state)
{
	(void)state;
	uint32_t seed = 11;
	for (unsigned i = 0; i < 20000; i++) {
		struct dp_built b = dp_built_plain(rnd(&seed) & 1);
		uint8_t payload[64];
		fill(payload, sizeof payload, &seed);
		fill(b.mac, sizeof b.mac, &seed);
		fill(b.addr, sizeof b.addr, &seed);
		tag(&b, rnd(&seed) % 5);
		b.tos = (uint8_t)rnd(&seed);
		b.ttl = (uint8_t)rnd(&seed);
		b.flow_label = b.v6 ? rnd(&seed) & 0xfffff : 0;
		b.port[0] = (uint16_t)rnd(&seed);
		b.port[1] = (uint16_t)rnd(&seed);
		b.window = (uint16_t)(rnd(&seed) | 1);
		if (rnd(&seed) & 1)
			stamp(&b, rnd(&seed), 1);
		struct dp_built r = turned(&b);
		struct dp_voice v = { 0 }, other = { 0 }, again = { 0 };
		learn(&v, &b, T0);
		learn(&other, &r, T0);
		struct dp_craft what = {
			.ends = ends_of(&b), .seq = rnd(&seed) << 8, .ack = rnd(&seed) << 8, .payload = payload, .now = T0
		};
		what.len = rnd(&seed) % sizeof payload;
		what.flags = RS_TCP_ACK | (rnd(&seed) & (RS_TCP_FIN | RS_TCP_PSH));
		struct dp_voice before = v;
		say(&v, &other, &what);
		dp_voice_learn(&again, NULL, said.b, &said.p, T0);
		before.tsecr = again.tsecr; /* the other's, now */
		assert_memory_equal(&again, &before, sizeof again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_sounds_like_the_side_that_was_heard),
		cmocka_unit_test(too_many_tags_are_no_voice),
		cmocka_unit_test(a_side_never_heard_is_the_other_turned_round),
		cmocka_unit_test(timestamps_never_go_back),
		cmocka_unit_test(timestamps_only_when_both_have_them),
		cmocka_unit_test(the_window_is_as_announced),
		cmocka_unit_test(a_reset_teaches_nothing),
		cmocka_unit_test(what_does_not_fit_is_not_written),
		cmocka_unit_test(what_is_said_teaches_the_same_voice),
	};
	return cmocka_run_group_tests_name("dp_craft", tests, NULL, NULL);
}
