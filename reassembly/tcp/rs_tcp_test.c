/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/tcp/rs_tcp.h"

#define NODES 1024
#define REFS 8192
#define FIN RS_TCP_FIN
#define SYN RS_TCP_SYN
#define RST RS_TCP_RST
#define ACK RS_TCP_ACK

struct ref { /* stands for an mbuf */
	int held;
	const char *payload;
};

/* One connection between side 0 and side 1, and what came out of it: log[d] is the bytes of direction d, with a gap
 * of n bytes as "<n>". */
struct wire {
	struct rs_tcp c;
	struct rs_pool pool;
	struct rs_stream_mem mem;
	void *nodes;
	uint32_t isn[2];
	char log[2][8192];
	size_t logged[2];
	struct ref *refs;
	int nrefs;
};

static void ref_get(void *r)
{
	((struct ref *)r)->held++;
}

static void ref_put(void *r)
{
	assert_true(--((struct ref *)r)->held >= 0);
}

static void on_data(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len)
{
	struct wire *w = arg;
	assert_true(len > 0 && w->logged[dir] + len < sizeof w->log[dir]);
	memcpy(w->log[dir] + w->logged[dir], ((struct ref *)ref)->payload + skip, len);
	w->logged[dir] += len;
}

static void on_gap(void *arg, unsigned dir, uint64_t n)
{
	struct wire *w = arg;
	assert_true(n > 0);
	w->logged[dir] += (size_t)sprintf(w->log[dir] + w->logged[dir], "<%llu>", (unsigned long long)n);
}

static const struct rs_tcp_ops ops = { .data = on_data, .gap = on_gap };

static void wire_init(struct wire *w, uint32_t isn0, uint32_t isn1)
{
	memset(w, 0, sizeof *w);
	w->nodes = aligned_alloc(64, RS_POOL_BYTES(sizeof(struct rs_seg), NODES));
	w->refs = calloc(REFS, sizeof *w->refs);
	assert_true(w->nodes && w->refs);
	rs_pool_init(&w->pool, w->nodes, sizeof(struct rs_seg), NODES);
	w->mem = (struct rs_stream_mem){ .segs = &w->pool, .ref_get = ref_get, .ref_put = ref_put,
				     .window = 1000, .held_max = UINT32_MAX, .limit = 32 };
	w->isn[0] = isn0;
	w->isn[1] = isn1;
	rs_tcp_init(&w->c);
}

static enum rs_verdict send_n(struct wire *w, unsigned d, unsigned flags, uint32_t seq, uint32_t ack, const char *text,
			      uint32_t len)
{
	assert_true(w->nrefs < REFS);
	struct ref *r = &w->refs[w->nrefs++];
	r->payload = text;
	struct rs_tcp_segment seg = { .seq = seq, .ack = ack, .len = len, .flags = (uint8_t)flags };
	enum rs_verdict v = rs_tcp_packet(&w->c, &w->mem, d, &seg, r, 1, &ops, w);
	w->log[0][w->logged[0]] = w->log[1][w->logged[1]] = 0;
	return v;
}

/* A segment of side d: seq and ack count from 0, the first byte after each side's ISN; -1 is the SYN. */
static enum rs_verdict send(struct wire *w, unsigned d, unsigned flags, int64_t seq, int64_t ack, const char *text)
{
	return send_n(w, d, flags, w->isn[d] + 1 + (uint32_t)seq, w->isn[1 - d] + 1 + (uint32_t)ack, text,
		      (uint32_t)strlen(text));
}

static void handshake(struct wire *w)
{
	assert_int_equal(send(w, 0, SYN, -1, 0, ""), RS_INORDER);
	assert_int_equal(w->c.state, RS_TCP_SYN_SENT);
	assert_int_equal(send(w, 1, SYN | ACK, -1, 0, ""), RS_INORDER);
	assert_int_equal(w->c.state, RS_TCP_SYN_SENT);
	assert_int_equal(send(w, 0, ACK, 0, 0, ""), RS_INORDER);
	assert_int_equal(w->c.state, RS_TCP_ESTABLISHED);
	assert_false(w->c.midstream);
}

static void wire_end(struct wire *w, const char *want0, const char *want1)
{
	rs_tcp_close(&w->c, &w->mem, &ops, w);
	w->log[0][w->logged[0]] = w->log[1][w->logged[1]] = 0;
	assert_string_equal(w->log[0], want0);
	assert_string_equal(w->log[1], want1);
	assert_int_equal(w->c.state, RS_TCP_CLOSED);
	assert_int_equal(w->pool.used, 0);
	for (int i = 0; i < w->nrefs; i++)
		assert_int_equal(w->refs[i].held, 0);
	free(w->refs);
	free(w->nodes);
}

static void dialogue_from_syn_to_both_fins(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	handshake(&w);
	assert_int_equal(send(&w, 1, ACK, 0, 0, "220 hi\r\n"), RS_INORDER);
	assert_int_equal(send(&w, 0, ACK, 0, 8, "QUIT\r\n"), RS_INORDER);
	assert_int_equal(send(&w, 1, ACK | FIN, 8, 6, "221 bye\r\n"), RS_INORDER);
	assert_int_equal(w.c.state, RS_TCP_CLOSING);
	assert_int_equal(send(&w, 0, ACK | FIN, 6, 18, ""), RS_INORDER);
	assert_int_equal(w.c.state, RS_TCP_CLOSED);
	assert_false(w.c.reset);
	assert_int_equal(send(&w, 1, ACK, 18, 7, ""), RS_DUP);
	wire_end(&w, "QUIT\r\n", "220 hi\r\n221 bye\r\n");
}

static void syn_ack_before_syn(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 77, 0xffffffff);
	assert_int_equal(send(&w, 0, SYN | ACK, -1, 0, ""), RS_INORDER);
	assert_int_equal(send(&w, 1, SYN, -1, 0, ""), RS_INORDER);
	assert_int_equal(send(&w, 1, ACK, 0, 0, ""), RS_INORDER);
	assert_int_equal(w.c.state, RS_TCP_ESTABLISHED);
	assert_false(w.c.midstream);
	send(&w, 0, ACK, 3, 0, "lo");
	send(&w, 0, ACK, 0, 0, "hel");
	send(&w, 1, ACK, 0, 5, "EHLO");
	wire_end(&w, "hello", "EHLO");
}

static void syn_only_in_one_direction_seen(void **state)
{
	(void)state;
	struct wire w;
	/* The SYN-ACK names both numbers. */
	wire_init(&w, 77, 99);
	send(&w, 0, SYN | ACK, -1, 0, "");
	send(&w, 1, ACK, 2, 0, "cd");
	send(&w, 1, ACK, 0, 0, "ab");
	assert_false(w.c.midstream);
	wire_end(&w, "", "abcd");
	/* The SYN names one: the other side is picked up where its payload begins. */
	wire_init(&w, 77, 99);
	send(&w, 0, SYN, -1, 0, "");
	send(&w, 0, ACK, 0, 0, "");
	assert_false(w.c.midstream);
	send(&w, 1, ACK, 40, 0, "220");
	assert_true(w.c.midstream);
	assert_int_equal(w.c.state, RS_TCP_ESTABLISHED);
	send(&w, 0, ACK, 2, 43, "LO");
	send(&w, 0, ACK, 0, 43, "EH");
	wire_end(&w, "EHLO", "220");
}

static void repeated_syns_change_nothing(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	send(&w, 0, SYN, -1, 0, "");
	assert_int_equal(send(&w, 0, SYN, -1, 0, ""), RS_INORDER);
	send(&w, 1, SYN | ACK, -1, 0, "");
	assert_int_equal(send(&w, 1, SYN | ACK, -1, 0, ""), RS_INORDER);
	send(&w, 0, ACK, 0, 0, "abc");
	assert_int_equal(send(&w, 1, SYN | ACK, -1, 0, ""), RS_INORDER);
	assert_int_equal(send(&w, 0, SYN, -1, 0, ""), RS_INORDER);
	assert_int_equal(w.c.state, RS_TCP_ESTABLISHED);
	/* Another number in the middle of a connection: RFC 9293 3.10.7.4, no receiver follows it. */
	assert_int_equal(send(&w, 0, SYN, 500, 0, ""), RS_DUP);
	assert_int_equal(send(&w, 1, SYN | ACK, 500, 0, ""), RS_DUP);
	send(&w, 0, ACK, 3, 0, "def");
	assert_false(w.c.replaced);
	wire_end(&w, "abcdef", "");
}

static void the_answered_syn_counts(void **state)
{
	(void)state;
	struct wire w;
	/* A decoy before or after the SYN that the server answers. */
	for (int before = 0; before < 2; before++) {
		wire_init(&w, 1000, 5000);
		send(&w, 0, SYN, before ? 300 : -1, 0, "");
		send(&w, 0, SYN, before ? -1 : 300, 0, "");
		send(&w, 1, SYN | ACK, -1, 0, "");
		assert_int_equal(send(&w, 0, SYN, 700, 0, ""), RS_DUP);
		send(&w, 0, ACK, 0, 0, "abc");
		assert_false(w.c.replaced);
		wire_end(&w, "abc", "");
	}
	/* A SYN-ACK of the client itself does not blind the server's direction. */
	wire_init(&w, 1000, 5000);
	send(&w, 0, SYN, -1, 0, "");
	send(&w, 0, SYN | ACK, -1, 900, "");
	assert_int_equal(send(&w, 1, SYN | ACK, -1, 0, ""), RS_INORDER);
	send(&w, 0, SYN | ACK, -1, 900, "");
	send(&w, 1, ACK, 0, 0, "220");
	send(&w, 0, ACK, 0, 3, "abc");
	wire_end(&w, "abc", "220");
}

static void another_handshake_replaces_the_connection(void **state)
{
	(void)state;
	struct wire w;
	/* A decoy with data behind it; then the port used again, its old connection's end unseen. */
	for (int established = 0; established < 2; established++) {
		wire_init(&w, 1000, 5000);
		if (established)
			handshake(&w);
		else
			send(&w, 0, SYN, -1, 0, "");
		send(&w, 0, ACK, 0, 0, "decoy");
		assert_int_equal(send(&w, 0, SYN, 90000, 0, ""), RS_DUP);
		assert_false(w.c.replaced);
		assert_int_equal(send(&w, 1, SYN | ACK, 4000, 90001, ""), RS_DUP);
		assert_true(w.c.replaced);
		assert_int_equal(w.c.state, RS_TCP_CLOSED);
		rs_tcp_close(&w.c, &w.mem, &ops, &w);
		rs_tcp_init(&w.c);
		assert_int_equal(send(&w, 1, SYN | ACK, 4000, 90001, ""), RS_INORDER);
		send(&w, 0, ACK, 90001, 4001, "real");
		assert_false(w.c.midstream);
		wire_end(&w, "decoyreal", "");
	}
}

static bool is_anew(const struct wire *w, unsigned d, uint32_t seq, uint32_t ack, uint32_t len)
{
	struct rs_tcp_segment seg = { .seq = seq, .ack = ack, .len = len, .flags = ACK };
	return rs_tcp_is_anew(&w->c, d, &seg, w->mem.window);
}

/* Beside the way a handshake in the middle may have reached nobody: who goes on tells. */
static void another_handshake_beside_the_way(void **state)
{
	(void)state;
	struct wire w;
	static const struct {
		uint32_t isn[2]; /* the later handshake's: far, near, before, about the wrap; the server's the same or another */
	} t[] = { { { 90000, 70000 } }, { { 90000, 5000 } }, { { 1800, 70000 } }, { { 1800, 5000 } }, { { 900, 5000 } },
		  { { 0xfffffff0, 0xffffffff } } };
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		uint32_t isn = t[i].isn[0], peer = t[i].isn[1];
		wire_init(&w, 1000, 5000);
		w.c.aside = true;
		handshake(&w);
		send(&w, 1, ACK, 0, 0, "220");
		send(&w, 0, ACK, 0, 3, "ab");
		send_n(&w, 0, SYN, isn, 0, "", 0);
		assert_false(is_anew(&w, 1, peer + 1, isn + 1, 3));
		send_n(&w, 1, SYN | ACK, peer, isn + 1, "", 0);
		assert_int_equal(w.c.anew, 1);
		assert_false(w.c.replaced);
		send_n(&w, 0, ACK, isn + 1, peer + 1, "", 0);
		assert_int_equal(w.c.dir[0].end, 2);
		/* The old one's next segments, and the new one's first. */
		assert_false(is_anew(&w, 0, 1003, 5004, 2));
		assert_false(is_anew(&w, 1, 5004, 1003, 2));
		assert_true(is_anew(&w, 1, peer + 1, isn + 1, 3));
		/* Within the window, and acknowledging what the old one's server said too: that is the old one's. */
		assert_int_equal(is_anew(&w, 0, isn + 1, peer + 4, 3), isn > 2000 || peer != 5000);
		assert_false(is_anew(&w, 1, peer + 1, isn + 1, 0));
		assert_false(is_anew(&w, 1, peer + 5000, isn + 1, 3));
		/* It goes on as it was. */
		assert_int_equal(send(&w, 0, ACK, 2, 3, "cd"), RS_INORDER);
		assert_int_equal(send(&w, 1, ACK, 3, 4, "250"), RS_INORDER);
		wire_end(&w, "abcd", "220250");
	}
}

static void answered_handshake(struct wire *w, uint32_t isn, uint32_t peer)
{
	send_n(w, 0, SYN, isn, 0, "", 0);
	send_n(w, 1, SYN | ACK, peer, isn + 1, "", 0);
}

/* A server that keeps no state until the last ACK answers each SYN: whoever goes on tells with which. */
static void two_handshakes_beside_the_way(void **state)
{
	(void)state;
	struct wire w;
	static const uint32_t t[][2] = { /* the first one's numbers; the second's are 1000 and 5000 */
		{ 90000, 70000 }, { 1500, 5500 }, { 500, 4500 }, { 1000, 70000 }, { 90000, 5000 }, { 1000, 5500 },
		{ 0xfffffff0, 0xffffffff },
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		uint32_t isn = t[i][0], peer = t[i][1];
		wire_init(&w, 1000, 5000);
		w.c.aside = true;
		answered_handshake(&w, isn, peer);
		assert_int_equal(w.c.anew, 0);
		answered_handshake(&w, 1000, 5000);
		assert_int_equal(w.c.anew, 1);
		assert_false(w.c.anew_open);
		assert_int_equal(send_n(&w, 0, ACK, isn + 1, peer + 1, "", 0), RS_DUP);
		assert_true(is_anew(&w, 1, peer + 1, isn + 1, 3));
		assert_false(is_anew(&w, 1, 5001, 1001, 3));
		assert_false(is_anew(&w, 0, 1001, 5001, 3));
		/* It goes on with the second. */
		assert_int_equal(send(&w, 0, ACK, 0, 0, ""), RS_INORDER);
		assert_int_equal(send(&w, 1, ACK, 0, 0, "220"), RS_INORDER);
		assert_int_equal(send(&w, 0, ACK, 0, 3, "ab"), RS_INORDER);
		wire_end(&w, "ab", "220");
	}
	/* A third's are seen in nothing but an acknowledgement; it is picked up there. One of the connection at hand names nothing. */
	for (uint32_t by = 0x30000000; by; by = by == 0x30000000 ? 400 : by == 400 ? (uint32_t)-400 : 0) {
		wire_init(&w, 1000 + 2 * by, 5000 + 2 * by);
		w.c.aside = true;
		for (uint32_t k = 0; k < 3; k++)
			answered_handshake(&w, 1000 + k * by, 5000 + k * by);
		send(&w, 0, ACK, 0, 0, "");
		assert_int_equal(w.c.anew_isn[0], 1000 + by);
		assert_false(w.c.anew_open);
		send_n(&w, 0, ACK, 1001, 5001, "", 0);
		assert_true(w.c.anew_open);
		assert_true(is_anew(&w, 1, 5001, 1001, 3));
		assert_int_equal(send(&w, 1, ACK, 0, 0, "220"), RS_INORDER);
		/* As far as that may have been said of this one, too, it was. */
		wire_end(&w, "", by == (uint32_t)-400 ? "220<797>" : "220");
	}
}

/* What was replaced may go on where it stood, and what took its place knows it. */
static void the_replaced_one_may_go_on(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	w.c.aside = true;
	handshake(&w);
	struct rs_tcp_other fresh = rs_tcp_as_other(&w.c, 1);
	assert_int_equal(fresh.anew, 2);
	assert_false(fresh.open);
	send(&w, 1, ACK, 0, 0, "220");
	send(&w, 0, ACK, 0, 3, "ab");
	struct rs_tcp_other other = rs_tcp_as_other(&w.c, 1);
	assert_int_equal(other.anew, 2);
	assert_true(other.open);
	rs_tcp_close(&w.c, &w.mem, &ops, &w);
	rs_tcp_init(&w.c);
	w.c.aside = true;
	rs_tcp_set_other(&w.c, &other);
	/* Now the server's direction is 0. */
	send_n(&w, 1, SYN, 90000, 0, "", 0);
	send_n(&w, 0, SYN | ACK, 70000, 90001, "", 0);
	send_n(&w, 0, ACK, 70001, 90001, "decoy", 5);
	assert_false(is_anew(&w, 0, 5001, 1003, 3));
	assert_true(is_anew(&w, 0, 5004, 1003, 3));
	assert_true(is_anew(&w, 1, 1003, 5004, 3));
	assert_false(is_anew(&w, 1, 90001, 70006, 3));
	wire_end(&w, "abdecoy", "220");
}

/* Behind a reset an answered SYN is another connection's, whatever its numbers; one that nobody answers is nothing. */
static void a_handshake_behind_a_reset(void **state)
{
	(void)state;
	struct wire w;
	for (unsigned same = 0; same < 4; same++) {
		uint32_t isn = same & 1 ? 1000 : 90000, peer = same & 2 ? 5000 : 70000;
		wire_init(&w, 1000, 5000);
		w.c.aside = true;
		handshake(&w);
		send(&w, 0, ACK, 0, 0, "ab");
		send(&w, 1, ACK, 0, 2, "");
		send(&w, 0, RST, 2, 0, "");
		assert_int_equal(w.c.state, RS_TCP_RESET);
		assert_int_equal(send_n(&w, 0, SYN, isn, 0, "", 0), RS_DUP);
		assert_int_equal(send_n(&w, 1, SYN | ACK, peer, isn + 2, "", 0), same & 2 ? RS_INORDER : RS_DUP);
		assert_false(w.c.replaced);
		send_n(&w, 1, SYN | ACK, peer, isn + 1, "", 0);
		assert_true(w.c.replaced);
		assert_false(w.c.reset);
		wire_end(&w, "ab", "");
	}
}

static void data_with_the_syn_counts_when_it_was_taken(void **state)
{
	(void)state;
	struct wire w;
	/* Taken: RFC 7413. */
	wire_init(&w, 1000, 5000);
	assert_int_equal(send(&w, 0, SYN, -1, 0, "abc"), RS_HELD);
	assert_int_equal(w.logged[0], 0);
	send(&w, 1, SYN | ACK, -1, 3, "220");
	assert_string_equal(w.log[0], "abc");
	send(&w, 0, ACK, 3, 3, "def");
	wire_end(&w, "abcdef", "220");
	/* Not taken: what follows in its place is another's text. */
	wire_init(&w, 1000, 5000);
	send(&w, 0, SYN, -1, 0, "abc");
	send(&w, 1, SYN | ACK, -1, 0, "");
	send(&w, 0, ACK, 0, 0, "xyz");
	wire_end(&w, "xyz", "");
	/* SYN-ACK captured first. */
	wire_init(&w, 1000, 5000);
	send(&w, 0, SYN | ACK, -1, 3, "");
	assert_int_equal(send(&w, 1, SYN, -1, 0, "abc"), RS_INORDER);
	send(&w, 1, ACK, 3, 0, "def");
	wire_end(&w, "", "abcdef");
	wire_init(&w, 1000, 5000);
	send(&w, 0, SYN | ACK, -1, 0, "");
	assert_int_equal(send(&w, 1, SYN, -1, 0, "abc"), RS_DUP);
	send(&w, 1, ACK, 0, 0, "def");
	wire_end(&w, "", "def");
	/* One way: where the client goes on says it. */
	for (int taken = 0; taken < 2; taken++) {
		wire_init(&w, 1000, 5000);
		send(&w, 0, SYN, -1, 0, "abc");
		send(&w, 0, ACK, taken ? 3 : 0, 0, "def");
		wire_end(&w, taken ? "abcdef" : "def", "");
	}
	/* Nothing more came. */
	wire_init(&w, 1000, 5000);
	send(&w, 0, SYN, -1, 0, "abc");
	send(&w, 0, SYN, -1, 0, "abc");
	wire_end(&w, "abc", "");
	/* A decoy's data goes with it. */
	wire_init(&w, 1000, 5000);
	send(&w, 0, SYN, 300, 0, "decoy");
	send(&w, 0, SYN, -1, 0, "");
	send(&w, 1, SYN | ACK, -1, 0, "");
	send(&w, 0, ACK, 0, 0, "abc");
	wire_end(&w, "abc", "");
}

static void a_hole_waits_until_it_is_acknowledged(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK, 0, 0, "ab");
	assert_int_equal(send(&w, 0, ACK, 5, 0, "fg"), RS_HELD);
	send(&w, 1, ACK, 0, 2, "");
	assert_string_equal(w.log[0], "ab");
	/* Not acknowledged in full: the sender will repeat what is missing. */
	send(&w, 1, ACK, 0, 4, "");
	assert_string_equal(w.log[0], "ab<2>");
	send(&w, 1, ACK, 0, 7, "");
	assert_string_equal(w.log[0], "ab<2><1>fg");
	assert_int_equal(send(&w, 0, ACK, 2, 0, "cde"), RS_DUP);
	wire_end(&w, "ab<2><1>fg", "");
}

static void an_acknowledgement_may_overtake_the_data(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 1, ACK, 0, 6, "250 ok");
	assert_int_equal(send(&w, 0, ACK, 0, 0, "abcdef"), RS_INORDER);
	wire_end(&w, "abcdef", "250 ok");
	/* Until the sender goes on behind it. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 1, ACK, 0, 6, "250 ok");
	send(&w, 0, ACK, 6, 6, "");
	assert_string_equal(w.log[0], "<6>");
	wire_end(&w, "<6>", "250 ok");
}

static void a_hole_that_nobody_acknowledged_is_a_gap_at_close(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK, 2, 0, "cd");
	send(&w, 0, ACK, 7, 0, "h");
	send(&w, 0, ACK | FIN, 10, 0, "");
	assert_int_equal(w.c.state, RS_TCP_CLOSING);
	assert_string_equal(w.log[0], "");
	send(&w, 1, ACK, 0, 0, "x");
	wire_end(&w, "<2>cd<3>h<2>", "x");
	/* Acknowledged bytes that were never seen. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK, 0, 0, "ab");
	send(&w, 1, ACK, 0, 9, "");
	wire_end(&w, "ab<7>", "");
	/* One number more may be a FIN's. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK, 0, 0, "ab");
	send(&w, 1, ACK, 0, 3, "");
	wire_end(&w, "ab", "");
}

static void acknowledgements_of_what_cannot_have_been_sent_do_not_count(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK, 0, 0, "ab");
	send(&w, 0, ACK, 3, 0, "d");
	send(&w, 1, ACK, 0, 1005, "");
	send(&w, 1, ACK, 0, 100000, "");
	send(&w, 1, ACK, 0, -5, "");
	assert_string_equal(w.log[0], "ab");
	assert_int_equal(send(&w, 0, ACK, 2, 0, "c"), RS_INORDER);
	wire_end(&w, "abcd", "");
}

static void more_than_a_window_was_missed(void **state)
{
	(void)state;
	struct wire w;
	for (int ack_first = 0; ack_first < 2; ack_first++) {
		wire_init(&w, 1000, 5000);
		handshake(&w);
		send(&w, 0, ACK, 0, 0, "ab");
		if (ack_first)
			send(&w, 1, ACK, 0, 70000, "");
		enum rs_verdict v = send(&w, 0, ACK, 70000, 0, "xy");
		assert_int_equal(v, ack_first ? RS_INORDER : RS_WINDOW);
		if (!ack_first) {
			/* That segment is lost, but the stream is not. */
			send(&w, 1, ACK, 0, 70002, "");
			send(&w, 0, ACK, 70002, 0, "z");
		}
		wire_end(&w, ack_first ? "ab<69998>xy" : "ab<69998><2>z", "");
	}
	/* One side alone cannot move the reader. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	assert_int_equal(send(&w, 0, ACK, 70000, 0, "xy"), RS_WINDOW);
	assert_int_equal(send(&w, 0, ACK, 0, 0, "ab"), RS_INORDER);
	wire_end(&w, "ab", "");
}

static void one_way_holes_end_at_the_limits(void **state)
{
	(void)state;
	struct wire w;
	char want[256] = "a<1>";
	wire_init(&w, 1000, 5000);
	send(&w, 0, SYN, -1, 0, "");
	send(&w, 0, ACK, 0, 0, "a");
	for (int i = 0; i < 32; i++) {
		assert_int_equal(send(&w, 0, ACK, 2 + i, 0, "b"), RS_HELD);
		strcat(want, "b");
	}
	assert_string_equal(w.log[0], "a");
	assert_int_equal(send(&w, 0, ACK, 34, 0, "c"), RS_INORDER);
	assert_int_equal(send(&w, 0, ACK, 2034, 0, "d"), RS_INORDER);
	strcat(want, "c<1999>d");
	wire_end(&w, want, "");

	/* In both directions seen: refused, for the receiver may yet ask for it. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	for (int i = 0; i < 32; i++)
		assert_int_equal(send(&w, 0, ACK, 2 + 2 * i, 0, "b"), RS_HELD);
	assert_int_equal(send(&w, 0, ACK, 100, 0, "b"), RS_LIMIT);
	assert_int_equal(send(&w, 0, ACK, 0, 0, "aa"), RS_INORDER);
	assert_int_equal(send(&w, 0, ACK, 100, 0, "b"), RS_HELD);
	rs_tcp_close(&w.c, &w.mem, &ops, &w);
	wire_end(&w, w.log[0], "");
}

static void picked_up_in_the_middle(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	send(&w, 0, ACK, 123, 456, "");
	assert_true(w.c.midstream);
	assert_int_equal(w.c.state, RS_TCP_ESTABLISHED);
	send(&w, 1, ACK, 456, 123, "250 ok");
	send(&w, 0, ACK, 126, 462, "L");
	send(&w, 0, ACK, 127, 462, "!");
	send(&w, 0, ACK, 123, 462, "MAI");
	wire_end(&w, "L!", "250 ok");
	/* One direction only. */
	wire_init(&w, 1000, 5000);
	send(&w, 0, ACK, 123, 456, "MAI");
	send(&w, 0, ACK, 127, 456, "!");
	send(&w, 0, ACK, 126, 456, "L");
	assert_true(w.c.midstream);
	send(&w, 0, ACK | FIN, 128, 456, "");
	assert_int_equal(w.c.state, RS_TCP_CLOSING);
	wire_end(&w, "MAIL!", "");
	/* The SYN comes late, and fits. */
	wire_init(&w, 1000, 5000);
	send(&w, 0, ACK, 0, 0, "abc");
	assert_true(w.c.midstream);
	assert_int_equal(send(&w, 0, SYN, -1, 0, ""), RS_INORDER);
	assert_false(w.c.midstream);
	send(&w, 0, ACK, 3, 0, "d");
	wire_end(&w, "abcd", "");
}

/* Between two ports (aside 0) where a receiver takes one at once (RFC 5961 3.2), as far as is known here; beside the way, where some
 * receiver would, and the connection can still go on. */
static void resets_count_where_a_receiver_would_believe_them(void **state)
{
	(void)state;
	struct wire w;
	static const struct {
		int64_t seq;
		bool valid[2]; /* by aside */
	} t[] = {
		{ 1, { false, false } },   { 2, { true, true } },   { 4, { true, true } },       { 5, { false, true } },
		{ 1004, { false, true } }, { 1005, { false, false } }, { -3000, { false, false } },
	};
	for (size_t i = 0; i < 2 * sizeof t / sizeof *t; i++) {
		bool aside = i % 2, valid = t[i / 2].valid[aside];
		wire_init(&w, 0xffffffff, 0xfffffffe);
		w.c.aside = aside;
		handshake(&w);
		send(&w, 0, ACK, 0, 0, "abcd");
		send(&w, 1, ACK, 0, 2, "");
		assert_int_equal(send(&w, 0, RST, t[i / 2].seq, 0, "why"), valid ? RS_INORDER : RS_DUP);
		assert_int_equal(w.c.reset, valid);
		assert_int_equal(w.c.state, !valid ? RS_TCP_ESTABLISHED : aside ? RS_TCP_RESET : RS_TCP_CLOSED);
		if (valid && aside) {
			rs_tcp_revive(&w.c, 0);
			assert_false(w.c.reset);
			assert_int_equal(w.c.state, RS_TCP_ESTABLISHED);
		}
		bool closed = w.c.state == RS_TCP_CLOSED;
		assert_int_equal(send(&w, 0, ACK, 4, 0, "ef"), closed ? RS_DUP : RS_INORDER);
		wire_end(&w, closed ? "abcd" : "abcdef", "");
	}
	/* Between two ports, behind a hole: where the bytes before it end, and where all that were seen do. */
	for (int64_t seq = 2; seq < 12; seq++) {
		bool valid = seq <= 4 || seq == 8;
		wire_init(&w, 0xffffffff, 0xfffffffe);
		handshake(&w);
		send(&w, 0, ACK, 0, 0, "abcd");
		send(&w, 0, ACK, 6, 0, "gh");
		send(&w, 1, ACK, 0, 2, "");
		assert_int_equal(send(&w, 0, RST, seq, 0, ""), valid ? RS_INORDER : RS_DUP);
		assert_int_equal(w.c.reset, valid);
		assert_int_equal(send(&w, 0, ACK, 4, 0, "ef"), valid ? RS_DUP : RS_INORDER);
		wire_end(&w, valid ? "abcd<2>gh" : "abcdefgh", "");
	}
	/* A refused connection. */
	wire_init(&w, 1000, 5000);
	send(&w, 0, SYN, -1, 0, "hi");
	assert_int_equal(send_n(&w, 1, RST | ACK, 0, 2000, "", 0), RS_DUP);
	assert_int_equal(send_n(&w, 1, RST, 0, 0, "", 0), RS_DUP);
	assert_int_equal(send_n(&w, 1, RST | ACK, 0, 1001, "", 0), RS_INORDER);
	assert_true(w.c.reset);
	wire_end(&w, "hi", "");
	/* An answer to data that came unasked. */
	wire_init(&w, 1000, 5000);
	send(&w, 0, ACK, 10, 300, "hello");
	assert_int_equal(send(&w, 1, RST, 299, 0, ""), RS_DUP);
	assert_int_equal(send(&w, 1, RST, 300, 0, ""), RS_INORDER);
	assert_true(w.c.reset);
	wire_end(&w, "hello", "");
	/* First of all packets. */
	wire_init(&w, 1000, 5000);
	assert_int_equal(send(&w, 0, RST | ACK, 0, 0, ""), RS_DUP);
	assert_int_equal(w.c.state, RS_TCP_NEW);
	wire_end(&w, "", "");
}

/* A FIN that nobody acknowledged in its place ends nothing: neither where data follows it, nor where one stands ahead of the data. */
static void a_fin_that_was_not_taken(void **state)
{
	(void)state;
	struct wire w;
	for (unsigned ahead = 0; ahead < 2; ahead++) {
		wire_init(&w, 1000, 5000);
		handshake(&w);
		send(&w, 0, ACK | FIN, ahead ? 500 : 0, 0, "");
		assert_int_equal(w.c.state, RS_TCP_CLOSING);
		assert_int_equal(send(&w, 0, ACK, 0, 0, "abcd"), RS_INORDER);
		send(&w, 1, ACK, 0, 4, "");
		if (!ahead)
			assert_int_equal(w.c.state, RS_TCP_ESTABLISHED);
		send(&w, 0, ACK | FIN, 4, 0, "");
		assert_int_equal(w.c.odd[0], RS_TCP_ODD_FIN);
		send(&w, 1, ACK | FIN, 0, 5, "");
		assert_int_equal(w.c.fin_taken & 1, 1);
		assert_int_equal(w.c.state, RS_TCP_CLOSED);
		wire_end(&w, "abcd", "");
	}
	/* What was acknowledged beyond its number was not the FIN. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK | FIN, 0, 0, "");
	send(&w, 1, ACK, 0, 4, "");
	assert_int_equal(w.c.fin_taken, 0);
	assert_int_equal(send(&w, 0, ACK, 0, 0, "abcd"), RS_INORDER);
	wire_end(&w, "abcd", "");
	/* Taken, as it looked; but bytes behind it are, too. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK | FIN, 0, 0, "");
	send(&w, 1, ACK, 0, 1, "");
	assert_int_equal(w.c.fin_taken, 1);
	assert_int_equal(send(&w, 0, ACK, 0, 0, "abcd"), RS_DUP);
	rs_tcp_revive(&w.c, 0);
	assert_int_equal(w.c.odd[0], RS_TCP_ODD_FIN);
	assert_int_equal(w.c.state, RS_TCP_ESTABLISHED);
	assert_int_equal(send(&w, 0, ACK, 0, 0, "abcd"), RS_INORDER);
	wire_end(&w, "abcd", "");
}

/* Bytes behind a FIN that its receiver has acknowledged were never taken: they are no hole. */
static void what_is_behind_a_fin_that_was_taken(void **state)
{
	(void)state;
	struct wire w;
	for (unsigned i = 0; i < 4; i++) {
		bool server_first = i & 1, acked_at_once = i & 2;
		wire_init(&w, 1000, 5000);
		handshake(&w);
		assert_int_equal(send(&w, 0, ACK, 0, 0, "abcd"), RS_INORDER);
		assert_int_equal(send(&w, 0, ACK, 500, 0, "lie"), RS_HELD);
		send(&w, 1, ACK, 0, 4, "");
		if (server_first)
			send(&w, 1, ACK | FIN, 0, 4, "");
		send(&w, 0, ACK | FIN, 4, server_first, "");
		assert_int_equal(w.c.state, RS_TCP_CLOSING);
		if (acked_at_once || server_first)
			send(&w, 1, ACK, server_first, 5, "");
		if (!server_first)
			send(&w, 1, ACK | FIN, 0, 5, "");
		assert_int_equal(w.c.state, RS_TCP_CLOSED);
		assert_int_equal(w.c.odd[0], RS_TCP_ODD_FIN);
		wire_end(&w, "abcd", "");
	}
	/* Nobody acknowledged it: what is behind may have been taken in its place. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK, 0, 0, "abcd");
	send(&w, 0, ACK, 6, 0, "lie");
	send(&w, 1, ACK | FIN, 0, 4, "");
	send(&w, 0, ACK | FIN, 4, 1, "");
	assert_int_equal(w.c.state, RS_TCP_CLOSING);
	wire_end(&w, "abcd<2>lie", "");
	/* It was one byte, and no FIN: both went on, and what waited is read. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK, 6, 0, "gh");
	send(&w, 0, ACK | FIN, 4, 0, "");
	assert_int_equal(send(&w, 0, ACK, 0, 0, "abcd"), RS_INORDER);
	send(&w, 1, ACK, 0, 5, "");
	assert_int_equal(w.c.fin_taken, 1);
	send(&w, 1, ACK, 0, 8, "");
	assert_int_equal(w.c.fin_taken, 0);
	assert_int_equal(send(&w, 0, ACK, 8, 0, "ij"), RS_INORDER);
	wire_end(&w, "abcd<2>ghij", "");
}

/* An empty segment says where its sender is, and may reach nobody: that bytes are missing its receiver says. */
static void an_empty_segment_far_ahead(void **state)
{
	(void)state;
	struct wire w;
	for (unsigned agreed = 0; agreed < 2; agreed++) {
		wire_init(&w, 1000, 5000);
		handshake(&w);
		send(&w, 0, ACK, 0, 0, "abcd");
		send(&w, 1, ACK, 0, agreed ? 54 : 4, "");
		send(&w, 0, ACK, 54, 0, "");
		assert_string_equal(w.log[0], agreed ? "abcd<50>" : "abcd");
		send(&w, 0, ACK | FIN, agreed ? 54 : 4, 0, "");
		send(&w, 1, ACK | FIN, 0, agreed ? 55 : 5, "");
		assert_int_equal(w.c.state, RS_TCP_CLOSED);
		wire_end(&w, agreed ? "abcd<50>" : "abcd", "");
	}
}

/* Frames of which the capture holds the first bytes: what is cut off is a hole as soon as it is acknowledged, before the answer to it. */
static void cut_segments(void **state)
{
	(void)state;
	struct wire w;
	static char all[] = "abcdefghijklmnopqrst";
	for (unsigned present = 0; present < 4; present++)
		for (unsigned fin = 0; fin < 2; fin++) {
			char expected[64];
			wire_init(&w, 1000, 5000);
			handshake(&w);
			for (uint32_t at = 0; at < 20; at += 5) {
				struct ref *r = &w.refs[w.nrefs++];
				r->payload = all + at;
				struct rs_tcp_segment seg = { .seq = 1001 + at, .ack = 5001, .len = present, .missing = 5 - present,
							      .flags = ACK | (fin && at == 15 ? FIN : 0) };
				rs_tcp_packet(&w.c, &w.mem, 0, &seg, r, 1, &ops, &w);
				/* Every second one is acknowledged, and answered. */
				if (at % 10)
					send(&w, 1, ACK, at / 5 - 1, at + 5 + (fin && at == 15), "ok");
			}
			if (present)
				sprintf(expected, "%.*s<%u>%.*s<%u>%.*s<%u>%.*s<%u>", present, all, 5 - present, present, all + 5,
					5 - present, present, all + 10, 5 - present, present, all + 15, 5 - present);
			else
				strcpy(expected, "<10><10>");
			assert_string_equal(w.log[0], expected);
			assert_int_equal(w.c.fin_taken, fin);
			wire_end(&w, expected, "okok");
		}
}

static void numbers_of_handshakes_that_change(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	send(&w, 0, SYN, -1, 0, "");
	send(&w, 0, SYN, -1, 0, "");
	assert_int_equal(w.c.odd[0], 0);
	send_n(&w, 0, SYN, 777, 0, "", 0);
	assert_int_equal(w.c.odd[0], RS_TCP_ODD_SYN_NUMBER);
	send(&w, 1, SYN | ACK, -1, 0, "");
	assert_int_equal(w.c.odd[1], 0);
	send_n(&w, 1, SYN | ACK, 999, 1001, "", 0);
	assert_int_equal(w.c.odd[1], RS_TCP_ODD_SYN_ACK_NUMBER);
	wire_end(&w, "", "");
	/* An answer that acknowledges what was not asked, then the right one. */
	wire_init(&w, 1000, 5000);
	send(&w, 0, SYN, -1, 0, "");
	send(&w, 1, SYN | ACK, -1, 8999, "");
	assert_int_equal(w.c.odd[1], 0);
	send(&w, 1, SYN | ACK, -1, 0, "");
	assert_int_equal(w.c.odd[1], RS_TCP_ODD_SYN_ACK_NUMBER);
	assert_int_equal(send(&w, 0, ACK, 0, 0, "abcd"), RS_INORDER);
	assert_false(w.c.replaced);
	wire_end(&w, "abcd", "");
}

/* Proven: each side has said what only who saw the other's packets can say. */
static void proven_by_a_handshake(void **state)
{
	(void)state;
	struct wire w;
	for (uint32_t isn = 0xfffffffe; isn < 0xfffffffe + 4u || isn < 4; isn++) {
		wire_init(&w, isn, isn * 7 + 3);
		send(&w, 0, SYN, -1, 0, "");
		assert_false(rs_tcp_proven(&w.c));
		send(&w, 1, SYN | ACK, -1, 0, "");
		assert_false(rs_tcp_proven(&w.c));
		/* A blind sender's third step: an answer was seen, its number was not. */
		for (int64_t off = -70000; off <= 70000; off += 7) {
			if (off == 0)
				continue;
			struct wire guess = w;
			struct rs_tcp_segment seg = { .seq = w.isn[0] + 1, .ack = w.isn[1] + 1 + (uint32_t)off, .flags = ACK };
			rs_tcp_packet(&guess.c, &guess.mem, 0, &seg, w.refs, 1, &ops, &guess);
			assert_false(rs_tcp_proven(&guess.c));
		}
		send(&w, 0, ACK, 0, 0, "");
		assert_true(rs_tcp_proven(&w.c));
		wire_end(&w, "", "");
	}
	/* An answer to a SYN that nobody saw, and data behind it, all of one side. */
	wire_init(&w, 100, 200);
	send(&w, 1, SYN | ACK, -1, 0, "");
	send(&w, 1, ACK, 0, 0, "220 mx");
	assert_false(rs_tcp_proven(&w.c));
	send(&w, 0, ACK, 0, 6, "");
	assert_true(rs_tcp_proven(&w.c));
	wire_end(&w, "", "220 mx");
}

static void proven_in_the_middle(void **state)
{
	(void)state;
	struct wire w;
	for (unsigned first = 0; first < 2; first++) {
		wire_init(&w, 0xffffff00, 5000);
		send(&w, first, ACK, 0, 0, "abc");
		assert_false(rs_tcp_proven(&w.c));
		send(&w, !first, ACK, 0, 3, "defg");
		assert_false(rs_tcp_proven(&w.c));
		send(&w, first, ACK, 3, 4, "");
		assert_true(rs_tcp_proven(&w.c));
		/* It stays so: what is lost or repeated later does not change who is there. */
		send(&w, !first, ACK, 0, 0, "defg");
		send(&w, first, ACK, 10, 4, "k");
		assert_true(rs_tcp_proven(&w.c));
		rs_tcp_close(&w.c, &w.mem, &ops, &w);
		free(w.nodes);
		free(w.refs);
	}
	/* The other side speaks of other numbers. */
	wire_init(&w, 100, 5000);
	send(&w, 0, ACK, 0, 0, "abc");
	send(&w, 1, ACK, 0, -900, "defg");
	send(&w, 0, ACK, 3, 4, "");
	assert_false(rs_tcp_proven(&w.c));
	rs_tcp_close(&w.c, &w.mem, &ops, &w);
	free(w.nodes);
	free(w.refs);
}

static void a_fin_waits_for_the_data_before_it(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 1, ACK | FIN, 0, 0, "");
	assert_int_equal(send(&w, 0, ACK | FIN, 3, 1, "de"), RS_HELD);
	assert_int_equal(w.c.state, RS_TCP_CLOSING);
	assert_int_equal(send(&w, 0, ACK, 0, 1, "abc"), RS_INORDER);
	assert_int_equal(w.c.state, RS_TCP_CLOSED);
	wire_end(&w, "abcde", "");
	/* The receiver acknowledged data and FIN; the data is lost here. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 1, ACK | FIN, 0, 0, "");
	send(&w, 0, ACK | FIN, 3, 1, "de");
	send(&w, 1, ACK, 1, 6, "");
	assert_int_equal(w.c.state, RS_TCP_CLOSED);
	wire_end(&w, "<3>de", "");
	/* A FIN that was lost here is no lost byte. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK, 0, 0, "abc");
	send(&w, 1, ACK, 0, 4, "");
	send(&w, 0, ACK, 4, 0, "");
	wire_end(&w, "abc", "");
}

static void nothing_follows_a_fin_that_was_acknowledged(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK | FIN, 0, 0, "abc");
	send(&w, 1, ACK, 0, 4, "");
	assert_int_equal(send(&w, 0, ACK, 3, 0, "def"), RS_DUP);
	assert_int_equal(w.c.state, RS_TCP_CLOSING);
	wire_end(&w, "abc", "");
	/* One that the receiver never took does not hide what follows it. */
	wire_init(&w, 1000, 5000);
	handshake(&w);
	send(&w, 0, ACK | FIN, 0, 0, "abc");
	assert_int_equal(send(&w, 0, ACK, 3, 0, "def"), RS_INORDER);
	assert_int_equal(w.c.state, RS_TCP_ESTABLISHED);
	wire_end(&w, "abcdef", "");
}

static void keep_alives_and_repetitions_bring_nothing(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, 1000, 5000);
	handshake(&w);
	assert_int_equal(send(&w, 0, ACK, -1, 0, "?"), RS_DUP);
	assert_int_equal(send(&w, 0, ACK, -5, 0, "???"), RS_DUP);
	send(&w, 0, ACK, 0, 0, "abcd");
	assert_int_equal(send(&w, 0, ACK, 3, 0, "?"), RS_DUP);
	assert_int_equal(send(&w, 0, ACK, 3, 0, ""), RS_INORDER);
	/* Cut differently, and with other bytes: the first copy stands. */
	assert_int_equal(send(&w, 0, ACK, 2, 0, "??ef"), RS_INORDER);
	assert_int_equal(send(&w, 0, ACK, -3, 0, "???abcdefgh"), RS_INORDER);
	assert_int_equal(send(&w, 0, ACK, 10, 0, "KL"), RS_HELD);
	assert_int_equal(send(&w, 0, ACK, 8, 0, "ij??mn"), RS_INORDER);
	wire_end(&w, "abcdefghijKLmn", "");
}

/* Random connections: a text in each direction, cut, repeated, shuffled within a horizon, some lost. The receiver
 * acknowledges what it has, which is everything that was sent. The oracle knows what this reader was shown. */

#define TEXT 600

static uint32_t rnd(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)*seed * n) >> 32);
}

struct piece {
	uint32_t off, len;
};

/* Pieces that cover the text, some of them twice and cut elsewhere, locally out of order. */
static int cut(uint32_t *seed, struct piece *p, int most)
{
	int n = 0;
	for (uint32_t at = 0; at < TEXT && n < most - 2;) {
		uint32_t len = 1 + rnd(seed, 40);
		if (len > TEXT - at)
			len = TEXT - at;
		p[n++] = (struct piece){ at, len };
		if (!rnd(seed, 4)) {
			uint32_t off = at - rnd(seed, at < 30 ? at + 1 : 30);
			uint32_t more = 1 + rnd(seed, 60);
			p[n++] = (struct piece){ off, more < TEXT - off ? more : TEXT - off };
		}
		at += len;
	}
	for (int i = n - 1; i > 0; i--) {
		int j = i - (int)rnd(seed, i < 4 ? (uint32_t)i + 1 : 4);
		struct piece t = p[i];
		p[i] = p[j];
		p[j] = t;
	}
	return n;
}

static void random_connections_equal_the_oracle(void **state)
{
	(void)state;
	static char text[2][TEXT], want[4 * TEXT];
	uint32_t seed = 7;
	for (int round = 0; round < 20000; round++) {
		struct wire w;
		bool wrap = rnd(&seed, 2), lossy = !rnd(&seed, 3), acks = rnd(&seed, 2);
		wire_init(&w, wrap ? UINT32_MAX - rnd(&seed, TEXT) : rnd(&seed, UINT32_MAX),
			  wrap ? UINT32_MAX - rnd(&seed, TEXT) : rnd(&seed, UINT32_MAX));
		rs_tcp_init(&w.c);
		w.mem.limit = NODES / 2;
		struct piece p[2][128];
		int n[2], at[2] = { 0, 0 };
		bool shown[2][TEXT] = { { false } };
		handshake(&w);
		for (unsigned d = 0; d < 2; d++) {
			for (int i = 0; i < TEXT; i++)
				text[d][i] = (char)('a' + rnd(&seed, 26));
			n[d] = cut(&seed, p[d], 128);
		}
		while (at[0] < n[0] || at[1] < n[1]) {
			unsigned d = rnd(&seed, 2);
			if (at[d] == n[d])
				d = 1 - d;
			struct piece *q = &p[d][at[d]++];
			if (lossy && !rnd(&seed, 8))
				continue;
			/* What is not a gap yet by an acknowledgement; without any, nothing is. */
			uint64_t next = w.c.dir[d].next;
			enum rs_verdict v = send_n(&w, d, ACK, w.isn[d] + 1 + q->off,
						   w.isn[1 - d] + 1 + (acks ? (uint32_t)w.c.dir[1 - d].next : 0),
						   text[d] + q->off, q->len);
			assert_true(v == RS_INORDER || v == RS_HELD || v == RS_DUP);
			for (uint32_t i = q->off; i < q->off + q->len; i++)
				if (i >= next)
					shown[d][i] = true;
		}
		char wanted[2][4 * TEXT];
		for (unsigned d = 0; d < 2; d++) {
			size_t len = 0;
			int end = TEXT;
			while (end && !shown[d][end - 1])
				end--;
			for (int i = 0; i < end;) {
				if (shown[d][i]) {
					want[len++] = text[d][i++];
					continue;
				}
				int from = i;
				while (!shown[d][i])
					i++;
				len += (size_t)sprintf(want + len, "<%d>", i - from);
			}
			want[len] = 0;
			memcpy(wanted[d], want, len + 1);
		}
		wire_end(&w, wanted[0], wanted[1]);
	}
}

/* A receiver that acknowledges all at once: every byte lost here is given up in its place, and the count is exact. */
static void random_losses_with_acknowledgements_keep_their_place(void **state)
{
	(void)state;
	static char text[TEXT], want[4 * TEXT];
	uint32_t seed = 11;
	for (int round = 0; round < 5000; round++) {
		struct wire w;
		wire_init(&w, UINT32_MAX - rnd(&seed, TEXT), 5);
		handshake(&w);
		size_t len = 0;
		uint32_t at = 0, lost = 0;
		while (at < TEXT) {
			uint32_t n = 1 + rnd(&seed, 20);
			n = n < TEXT - at ? n : TEXT - at;
			for (uint32_t i = at; i < at + n; i++)
				text[i] = (char)('a' + rnd(&seed, 26));
			bool lose = !rnd(&seed, 4) && at + n < TEXT;
			if (!lose) {
				if (lost)
					len += (size_t)sprintf(want + len, "<%u>", lost);
				lost = 0;
				memcpy(want + len, text + at, n);
				len += n;
				send_n(&w, 0, ACK, w.isn[0] + 1 + at, 6, text + at, n);
			} else {
				lost += n;
			}
			at += n;
			/* Only behind what was seen: an acknowledgement inside a hole would split its count. */
			if (!lose && rnd(&seed, 2)) {
				send(&w, 1, ACK, 0, at, "");
				assert_int_equal(w.c.dir[0].next, at);
			}
		}
		want[len] = 0;
		wire_end(&w, want, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogue_from_syn_to_both_fins),
		cmocka_unit_test(syn_ack_before_syn),
		cmocka_unit_test(syn_only_in_one_direction_seen),
		cmocka_unit_test(repeated_syns_change_nothing),
		cmocka_unit_test(the_answered_syn_counts),
		cmocka_unit_test(another_handshake_replaces_the_connection),
		cmocka_unit_test(another_handshake_beside_the_way),
		cmocka_unit_test(two_handshakes_beside_the_way),
		cmocka_unit_test(the_replaced_one_may_go_on),
		cmocka_unit_test(a_handshake_behind_a_reset),
		cmocka_unit_test(data_with_the_syn_counts_when_it_was_taken),
		cmocka_unit_test(a_hole_waits_until_it_is_acknowledged),
		cmocka_unit_test(an_acknowledgement_may_overtake_the_data),
		cmocka_unit_test(a_hole_that_nobody_acknowledged_is_a_gap_at_close),
		cmocka_unit_test(acknowledgements_of_what_cannot_have_been_sent_do_not_count),
		cmocka_unit_test(more_than_a_window_was_missed),
		cmocka_unit_test(one_way_holes_end_at_the_limits),
		cmocka_unit_test(picked_up_in_the_middle),
		cmocka_unit_test(resets_count_where_a_receiver_would_believe_them),
		cmocka_unit_test(a_fin_that_was_not_taken),
		cmocka_unit_test(what_is_behind_a_fin_that_was_taken),
		cmocka_unit_test(an_empty_segment_far_ahead),
		cmocka_unit_test(cut_segments),
		cmocka_unit_test(numbers_of_handshakes_that_change),
		cmocka_unit_test(proven_by_a_handshake),
		cmocka_unit_test(proven_in_the_middle),
		cmocka_unit_test(a_fin_waits_for_the_data_before_it),
		cmocka_unit_test(nothing_follows_a_fin_that_was_acknowledged),
		cmocka_unit_test(keep_alives_and_repetitions_bring_nothing),
		cmocka_unit_test(random_connections_equal_the_oracle),
		cmocka_unit_test(random_losses_with_acknowledgements_keep_their_place),
	};
	return cmocka_run_group_tests_name("rs_tcp", tests, NULL, NULL);
}
