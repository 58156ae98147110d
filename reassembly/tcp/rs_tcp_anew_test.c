/* SPDX-License-Identifier: Apache-2.0 */
/* Another handshake of the same two ports: whether what follows is the old connection's or a new one's. */
#include "reassembly/tcp/rs_tcp_wire.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_handshake_replaces_the_connection),
		cmocka_unit_test(another_handshake_beside_the_way),
		cmocka_unit_test(two_handshakes_beside_the_way),
		cmocka_unit_test(the_replaced_one_may_go_on),
		cmocka_unit_test(a_handshake_behind_a_reset),
	};
	return cmocka_run_group_tests_name("rs_tcp_anew", tests, NULL, NULL);
}
