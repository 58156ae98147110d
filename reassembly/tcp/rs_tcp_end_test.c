/* SPDX-License-Identifier: Apache-2.0 */
/* How a connection ends: which resets and FINs count, and what is read behind them. */
#include "reassembly/tcp/rs_tcp_wire.h"

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
		wire_open(&w);
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
	wire_open(&w);
	send(&w, 0, ACK | FIN, 0, 0, "");
	send(&w, 1, ACK, 0, 4, "");
	assert_int_equal(w.c.fin_taken, 0);
	assert_int_equal(send(&w, 0, ACK, 0, 0, "abcd"), RS_INORDER);
	wire_end(&w, "abcd", "");
	/* Taken, as it looked; but bytes behind it are, too. */
	wire_open(&w);
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
		wire_open(&w);
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
	wire_open(&w);
	send(&w, 0, ACK, 0, 0, "abcd");
	send(&w, 0, ACK, 6, 0, "lie");
	send(&w, 1, ACK | FIN, 0, 4, "");
	send(&w, 0, ACK | FIN, 4, 1, "");
	assert_int_equal(w.c.state, RS_TCP_CLOSING);
	wire_end(&w, "abcd<2>lie", "");
	/* It was one byte, and no FIN: both went on, and what waited is read. */
	wire_open(&w);
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

/* Of copies: one end was shown with all that it said, its reset too, before the other one's first packet. */
static void a_syn_shown_behind_the_reset(void **state)
{
	(void)state;
	for (int other = 0; other < 2; other++) {
		struct wire w;
		wire_init(&w, 1000, 5000);
		w.c.aside = true;
		rs_tcp_wait(&w.c);
		send(&w, 1, SYN | ACK, -1, 0, "");
		send(&w, 1, ACK, 0, 0, "220");
		send(&w, 1, ACK, 3, 4, "250");
		send(&w, 1, ACK | RST, 6, 4, "");
		assert_int_equal(w.c.state, RS_TCP_RESET);
		/* With another number it is another connection's. */
		assert_int_equal(send(&w, 0, SYN, other ? 70 : -1, 0, ""), other ? RS_DUP : RS_INORDER);
		assert_int_equal(w.c.refused, other);
		send(&w, 0, ACK, 0, 3, "EHLO");
		assert_int_equal(w.c.odd[0] | w.c.odd[1], 0);
		wire_end(&w, "EHLO", "220250");
		if (!other) {
			/* Of one whose beginning was seen it is another one's, whatever its number. */
			wire_open(&w);
			w.c.aside = true;
			rs_tcp_wait(&w.c);
			send(&w, 1, ACK | RST, 0, 0, "");
			assert_int_equal(send(&w, 0, SYN, -1, 0, ""), RS_DUP);
			assert_int_equal(w.c.refused, 1);
			wire_end(&w, "", "");
		}
	}
}

static void a_fin_waits_for_the_data_before_it(void **state)
{
	(void)state;
	struct wire w;
	wire_open(&w);
	send(&w, 1, ACK | FIN, 0, 0, "");
	assert_int_equal(send(&w, 0, ACK | FIN, 3, 1, "de"), RS_HELD);
	assert_int_equal(w.c.state, RS_TCP_CLOSING);
	assert_int_equal(send(&w, 0, ACK, 0, 1, "abc"), RS_INORDER);
	assert_int_equal(w.c.state, RS_TCP_CLOSED);
	wire_end(&w, "abcde", "");
	/* The receiver acknowledged data and FIN; the data is lost here. */
	wire_open(&w);
	send(&w, 1, ACK | FIN, 0, 0, "");
	send(&w, 0, ACK | FIN, 3, 1, "de");
	send(&w, 1, ACK, 1, 6, "");
	assert_int_equal(w.c.state, RS_TCP_CLOSED);
	wire_end(&w, "<3>de", "");
	/* A FIN that was lost here is no lost byte. */
	wire_open(&w);
	send(&w, 0, ACK, 0, 0, "abc");
	send(&w, 1, ACK, 0, 4, "");
	send(&w, 0, ACK, 4, 0, "");
	wire_end(&w, "abc", "");
}

static void nothing_follows_a_fin_that_was_acknowledged(void **state)
{
	(void)state;
	struct wire w;
	wire_open(&w);
	send(&w, 0, ACK | FIN, 0, 0, "abc");
	send(&w, 1, ACK, 0, 4, "");
	assert_int_equal(send(&w, 0, ACK, 3, 0, "def"), RS_DUP);
	assert_int_equal(w.c.state, RS_TCP_CLOSING);
	wire_end(&w, "abc", "");
	/* One that the receiver never took does not hide what follows it. */
	wire_open(&w);
	send(&w, 0, ACK | FIN, 0, 0, "abc");
	assert_int_equal(send(&w, 0, ACK, 3, 0, "def"), RS_INORDER);
	assert_int_equal(w.c.state, RS_TCP_ESTABLISHED);
	wire_end(&w, "abcdef", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resets_count_where_a_receiver_would_believe_them),
		cmocka_unit_test(a_fin_that_was_not_taken),
		cmocka_unit_test(what_is_behind_a_fin_that_was_taken),
		cmocka_unit_test(a_syn_shown_behind_the_reset),
		cmocka_unit_test(a_fin_waits_for_the_data_before_it),
		cmocka_unit_test(nothing_follows_a_fin_that_was_acknowledged),
	};
	return cmocka_run_group_tests_name("rs_tcp_end", tests, NULL, NULL);
}
