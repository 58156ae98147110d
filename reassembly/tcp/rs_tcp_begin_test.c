/* SPDX-License-Identifier: Apache-2.0 */
/* How a connection begins: which SYN counts, what comes with it, pick-up in the middle, and who has proved to be there. */
#include "reassembly/tcp/rs_tcp_wire.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syn_ack_before_syn),
		cmocka_unit_test(syn_only_in_one_direction_seen),
		cmocka_unit_test(repeated_syns_change_nothing),
		cmocka_unit_test(the_answered_syn_counts),
		cmocka_unit_test(data_with_the_syn_counts_when_it_was_taken),
		cmocka_unit_test(picked_up_in_the_middle),
		cmocka_unit_test(numbers_of_handshakes_that_change),
		cmocka_unit_test(proven_by_a_handshake),
		cmocka_unit_test(proven_in_the_middle),
	};
	return cmocka_run_group_tests_name("rs_tcp_begin", tests, NULL, NULL);
}
