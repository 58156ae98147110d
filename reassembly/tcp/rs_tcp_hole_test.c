/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are missing: when a hole is given up, and how large it is. */
#include "reassembly/tcp/rs_tcp_wire.h"

static void a_hole_waits_until_it_is_acknowledged(void **state)
{
	(void)state;
	struct wire w;
	wire_open(&w);
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
	wire_open(&w);
	send(&w, 1, ACK, 0, 6, "250 ok");
	assert_int_equal(send(&w, 0, ACK, 0, 0, "abcdef"), RS_INORDER);
	wire_end(&w, "abcdef", "250 ok");
	/* Until the sender goes on behind it. */
	wire_open(&w);
	send(&w, 1, ACK, 0, 6, "250 ok");
	send(&w, 0, ACK, 6, 6, "");
	assert_string_equal(w.log[0], "<6>");
	wire_end(&w, "<6>", "250 ok");
}

static void a_hole_that_nobody_acknowledged_is_a_gap_at_close(void **state)
{
	(void)state;
	struct wire w;
	wire_open(&w);
	send(&w, 0, ACK, 2, 0, "cd");
	send(&w, 0, ACK, 7, 0, "h");
	send(&w, 0, ACK | FIN, 10, 0, "");
	assert_int_equal(w.c.state, RS_TCP_CLOSING);
	assert_string_equal(w.log[0], "");
	send(&w, 1, ACK, 0, 0, "x");
	wire_end(&w, "<2>cd<3>h<2>", "x");
	/* Acknowledged bytes that were never seen. */
	wire_open(&w);
	send(&w, 0, ACK, 0, 0, "ab");
	send(&w, 1, ACK, 0, 9, "");
	wire_end(&w, "ab<7>", "");
	/* One number more may be a FIN's. */
	wire_open(&w);
	send(&w, 0, ACK, 0, 0, "ab");
	send(&w, 1, ACK, 0, 3, "");
	wire_end(&w, "ab", "");
}

static void acknowledgements_of_what_cannot_have_been_sent_do_not_count(void **state)
{
	(void)state;
	struct wire w;
	wire_open(&w);
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
		wire_open(&w);
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
	wire_open(&w);
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
	wire_open(&w);
	for (int i = 0; i < 32; i++)
		assert_int_equal(send(&w, 0, ACK, 2 + 2 * i, 0, "b"), RS_HELD);
	assert_int_equal(send(&w, 0, ACK, 100, 0, "b"), RS_LIMIT);
	assert_int_equal(send(&w, 0, ACK, 0, 0, "aa"), RS_INORDER);
	assert_int_equal(send(&w, 0, ACK, 100, 0, "b"), RS_HELD);
	rs_tcp_close(&w.c, &w.mem, &ops, &w);
	wire_end(&w, w.log[0], "");
}

/* An empty segment says where its sender is, and may reach nobody: that bytes are missing its receiver says. */
static void an_empty_segment_far_ahead(void **state)
{
	(void)state;
	struct wire w;
	for (unsigned agreed = 0; agreed < 2; agreed++) {
		wire_open(&w);
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
			wire_open(&w);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hole_waits_until_it_is_acknowledged),
		cmocka_unit_test(an_acknowledgement_may_overtake_the_data),
		cmocka_unit_test(a_hole_that_nobody_acknowledged_is_a_gap_at_close),
		cmocka_unit_test(acknowledgements_of_what_cannot_have_been_sent_do_not_count),
		cmocka_unit_test(more_than_a_window_was_missed),
		cmocka_unit_test(one_way_holes_end_at_the_limits),
		cmocka_unit_test(an_empty_segment_far_ahead),
		cmocka_unit_test(cut_segments),
	};
	return cmocka_run_group_tests_name("rs_tcp_hole", tests, NULL, NULL);
}
