/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to make server and sensor read different bytes, or to be taken for something else. Each ends without the message's end at the
 * server. */
#include <rte_mempool.h>

#include "dataplane/dp_inline_seen.h"

/* An infected mail up to where its final dot belongs. */
static void up_to_the_dot(struct dp_seen *s)
{
	struct dp_text mail = { 0 };
	dp_seen_begin(s);
	dp_test_greet(&s->t, &s->c);
	dp_test_envelope(&s->t, &s->c);
	dp_made_infected(&mail);
	dp_test_bytes(&s->t, &s->c, 0, mail.p, mail.n);
	dp_text_free(&mail);
}

/* The server has the client's bytes up to this sequence number, and no more. */
static void expect_at_server(const struct dp_seen *s, uint32_t seq)
{
	struct dp_text server = dp_seen_at_server(s);
	assert_int_equal(server.n, seq - s->first);
	dp_text_free(&server);
}

/* Linux answers a reset that is in the window but not exact with a challenge ACK, and goes on (RFC 5961 3.2): so does what is read
 * here, and of the end the dot passes as of any. Behind an exact one nothing does. */
static void end_again_and_again_behind_a_reset(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct dp_seen s;
		bool exact = i & 2;
		up_to_the_dot(&s);
		uint32_t seq = s.c.seq[0];
		dp_test_segment(&s.t, &s.c, 0, RS_TCP_RST, exact ? seq : seq + 100, NULL, 0);
		if (i & 1)
			dp_seen_server(&s, RS_TCP_ACK, 0, "");
		for (unsigned k = 0; k < 4; k++)
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, seq, ".\r\n", 3);
		expect_at_server(&s, exact ? seq : seq + 1);
		dp_seen_close(&s);
	}
}

/* Behind a hole, and with a signature that nobody agreed on: neither ends anything here, for neither does there. */
static void resets_that_are_not_taken(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct dp_seen s;
		up_to_the_dot(&s);
		uint32_t seq = s.c.seq[0];
		dp_seen_server(&s, RS_TCP_ACK, 0, "");
		if (i == 2) {
			memcpy(s.c.options, (uint8_t[20]){ 1, 1, 19, 18 }, 20);
			s.c.noptions = 20;
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_RST, seq, NULL, 0);
			s.c.noptions = 0;
			assert_int_equal(dp_seen_dropped(&s, DP_DROP_INVALID), 1);
		} else {
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, seq + 3, "QUIT\r\n", 6);
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_RST, seq + (i ? 3 : 8), NULL, 0);
		}
		dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, seq, ".\r\n", 3);
		expect_at_server(&s, seq + 1);
		dp_seen_expect(&s, "554 5.7.1 ");
		dp_seen_close(&s);
	}
}

/* Of "." X CR LF with X urgent, a server that does not take urgent bytes in line reads a dot alone (RFC 6093 2.1). */
static void urgent_byte_in_the_dots_line(void **state)
{
	(void)state;
	struct dp_seen s;
	up_to_the_dot(&s);
	uint32_t seq = s.c.seq[0];
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK | RS_TCP_URG, seq, NULL, 0);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK | RS_TCP_URG, seq, ".X\r\n", 4);
	assert_int_equal(dp_seen_dropped(&s, DP_DROP_URGENT), 2);
	expect_at_server(&s, seq);
	dp_seen_close(&s);
}

/* By which numbers the server counts is known when it has answered. */
static void data_before_the_answer_to_the_syn(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	uint32_t isn = s.c.seq[0];
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN, isn, NULL, 0);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, isn + 1, "EHLO x\r\n", 8);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN, isn + 100, NULL, 0);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, isn + 101, "EHLO y\r\n", 8);
	assert_int_equal(dp_seen_dropped(&s, DP_DROP_WINDOW), 2);
	for (size_t i = 0; i < s.t.nsent; i++)
		assert_int_equal(s.t.sent[i].pkt.payload_len, 0);
	dp_seen_close(&s);
}

static void other_port(struct dp_seen *s)
{
	dp_seen_init(s);
	s->c.port[1] = 8025;
	dp_seen_open(s);
	dp_test_shake(&s->t, &s->c);
}

/* The server greets: what its client said before was a command, or nothing, to it. */
static void another_protocol_before_the_greeting(void **state)
{
	(void)state;
	struct dp_seen s;
	other_port(&s);
	dp_test_say(&s.t, &s.c, 0, "XYZZY foo bar baz\r\n");
	dp_seen_server(&s, RS_TCP_ACK, 0, "");
	dp_test_say(&s.t, &s.c, 0, "what follows is not looked at\r\n");
	dp_test_say(&s.t, &s.c, 1, "220 mx.example.com ESMTP\r\n");
	assert_true(dp_seen_resets(&s, DP_INSIDE) > 0);
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &s.c, 0, "MAIL FROM:<anna@example.org>\r\n");
	for (size_t i = 0; i < s.t.nsent; i++)
		assert_true(s.t.sent[i].pkt.tcp_flags & RS_TCP_RST);
	dp_seen_close(&s);
}

/* Bytes that the server did not take (an old timestamp, say) decide nothing, and no others take their place. */
static void another_protocol_that_the_server_drops(void **state)
{
	(void)state;
	struct dp_seen s;
	other_port(&s);
	uint32_t seq = s.c.seq[0];
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, seq, "GET / HTTP/1.0\r\n", 16);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, seq, "EHLO client.org\r", 16);
	assert_int_equal(dp_seen_dropped(&s, DP_DROP_CONTRADICTION), 1);
	dp_seen_close(&s);
}

/* A server that knows chunks, up to an accepted recipient. */
static void open_chunking(struct dp_seen *s)
{
	dp_seen_begin(s);
	dp_test_shake(&s->t, &s->c);
	dp_test_say(&s->t, &s->c, 1, "220 mx.example.com ESMTP\r\n");
	dp_test_say(&s->t, &s->c, 0, "EHLO client.example.org\r\n");
	dp_test_say(&s->t, &s->c, 1, "250-mx.example.com\r\n250 CHUNKING\r\n");
	dp_test_say(&s->t, &s->c, 0, "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n");
	dp_test_say(&s->t, &s->c, 1, "250 ok\r\n250 ok\r\n");
}

/* A server that answers 500 to a chunk reads the chunk as commands. */
static void chunk_read_as_commands(void **state)
{
	(void)state;
	struct dp_seen s;
	open_chunking(&s);
	dp_test_say(&s.t, &s.c, 0, "BDAT 6 LAST\r\nDATA\r\n");
	dp_test_say(&s.t, &s.c, 1, "500 what\r\n");
	dp_seen_client(&s, RS_TCP_ACK, 0);
	assert_true(dp_seen_resets(&s, DP_INSIDE) > 0);
	assert_true(dp_seen_resets(&s, DP_OUTSIDE) > 0);
	dp_seen_close(&s);
}

/* An infected mail to its end, over a connection that begins now. Returns how many bytes more than the server may have it has: -1 where
 * the mail was refused at its end, fewer where the connection was reset before. */
static int64_t beyond(struct dp_seen *s)
{
	struct dp_text mail = { 0 };
	s->first = s->c.seq[0] + 1;
	dp_test_greet(&s->t, &s->c);
	dp_test_envelope(&s->t, &s->c);
	dp_made_infected(&mail);
	dp_test_bytes(&s->t, &s->c, 0, mail.p, mail.n);
	dp_text_free(&mail);
	dp_test_say(&s->t, &s->c, 0, ".\r\n");
	struct dp_text server = dp_seen_at_server(s);
	/* Of the end's line, the dot. */
	int64_t n = (int64_t)server.n - (int64_t)(s->c.seq[0] - s->first) + 1;
	dp_text_free(&server);
	return n;
}

static const char *const decoy_texts[] = { "", "GET / HTTP/1.0\r\n\r\n", "220 mx.example.com ESMTP\r\n" };

/* A segment of the client goes by that the server does not take: its sum is wrong, or it lives for too few hops. */
static void decoy(struct dp_seen *s, unsigned flags, bool bad_sum, uint32_t before, const char *text)
{
	s->c.bad_sum = bad_sum;
	dp_test_segment(&s->t, &s->c, 0, flags, s->c.seq[0] - before, text, strlen(text));
	s->c.bad_sum = false;
}

static void decoy_before_the_syn(unsigned port, bool detect, unsigned flags)
{
	for (unsigned i = 0; i < 2 * sizeof decoy_texts / sizeof *decoy_texts; i++) {
		struct dp_seen s;
		bool bad_sum = i % 2;
		dp_seen_init(&s);
		s.t.config.capture.checksums = CT_CHECKSUMS_AUTO;
		s.t.config.smtp.detect = detect;
		s.c.port[1] = (uint16_t)port;
		dp_seen_open(&s);
		decoy(&s, flags, bad_sum, 5000, decoy_texts[i / 2]);
		int64_t n = beyond(&s);
		/* What nobody takes changes nothing. Of others the connection may be reset. */
		if (bad_sum)
			assert_int_equal(n, -1);
		else
			assert_true(n < 0);
		dp_seen_close(&s);
	}
}

static void decoys_before_the_syn(void **state)
{
	(void)state;
	static const unsigned flags[] = { RS_TCP_SYN, RS_TCP_SYN | RS_TCP_ACK, RS_TCP_ACK, RS_TCP_RST, RS_TCP_FIN | RS_TCP_ACK,
					  RS_TCP_RST | RS_TCP_ACK };
	for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
		decoy_before_the_syn(25, true, flags[i]);
		decoy_before_the_syn(25, false, flags[i]);
		decoy_before_the_syn(8025, true, flags[i]);
	}
}

/* A SYN, or the answer to one, that names other numbers than those of the client's connection, before the server has answered. */
static void decoys_in_the_handshake(void **state)
{
	(void)state;
	static const uint32_t before[] = { 1, 100, 5000, (uint32_t)-1, (uint32_t)-100 };
	for (unsigned i = 0; i < 4 * sizeof before / sizeof *before; i++) {
		struct dp_seen s;
		dp_seen_init(&s);
		s.t.config.capture.checksums = CT_CHECKSUMS_AUTO;
		dp_seen_open(&s);
		dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN, s.c.seq[0], NULL, 0);
		decoy(&s, i % 2 ? RS_TCP_SYN : RS_TCP_SYN | RS_TCP_ACK, i / 2 % 2, before[i / 4], "");
		s.first = ++s.c.seq[0];
		dp_test_segment(&s.t, &s.c, 1, RS_TCP_SYN | RS_TCP_ACK, s.c.seq[1]++, NULL, 0);
		dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, s.c.seq[0], NULL, 0);
		/* All in one flight, before the server has acknowledged any of it. */
		struct dp_text mail = { 0 }, flight = { 0 };
		dp_made_infected(&mail);
		dp_text_printf(&flight, "EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n%.*s.\r\n", (int)mail.n, (const char *)mail.p);
		dp_test_bytes(&s.t, &s.c, 0, flight.p, flight.n);
		struct dp_text server = dp_seen_at_server(&s);
		/* The server's answer tells which numbers count: what waits for it waits. */
		assert_int_equal(server.n, strlen("EHLO x\r\n"));
		dp_text_free(&server);
		dp_text_free(&flight);
		dp_text_free(&mail);
		dp_seen_close(&s);
	}
}

/* A reset that the server does not take, a SYN that it answers with a challenge ACK, and the old connection goes on (RFC 5961 3.2, 4.2). */
static void old_numbers_behind_a_syn(void **state)
{
	(void)state;
	static const uint32_t ahead[] = { 1, 100, 5000, 1 << 20, 1u << 31, (uint32_t)-1000 };
	for (unsigned i = 0; i < 4 * sizeof ahead / sizeof *ahead; i++) {
		struct dp_seen s;
		up_to_the_dot(&s);
		uint32_t seq = s.c.seq[0];
		dp_test_segment(&s.t, &s.c, 0, RS_TCP_RST, seq + 100, NULL, 0);
		dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN, seq + ahead[i / 4], NULL, 0);
		if (i & 1)
			dp_seen_server(&s, RS_TCP_ACK, 0, "");
		if (i & 2)
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_RST, seq + ahead[i / 4] + 1, NULL, 0);
		for (unsigned k = 0; k < 3; k++)
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, seq, ".\r\n", 3);
		/* Of the end the dot passes, as of any that is judged. */
		expect_at_server(&s, seq + 1);
		dp_seen_close(&s);
	}
}

/* Ports that carried no mail, and whose end nobody saw, carry some now. */
static void mail_where_there_was_none(void **state)
{
	(void)state;
	struct dp_seen s;
	other_port(&s);
	dp_test_say(&s.t, &s.c, 0, "GET / HTTP/1.0\r\n\r\n");
	dp_test_say(&s.t, &s.c, 1, "HTTP/1.0 200 OK\r\n\r\n");
	dp_test_say(&s.t, &s.c, 0, "GET / HTTP/1.0\r\n\r\n");
	s.c.seq[0] += 100000;
	s.c.seq[1] += 100000;
	dp_test_forget_sent(&s.t);
	assert_int_equal(beyond(&s), -1);
	dp_seen_close(&s);
}

/* The commands that an infected mail is in, as the bytes of a chunk. */
static void put_transaction(struct dp_text *to)
{
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	dp_text_printf(to, "RSET\r\nMAIL FROM:<c@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n%.*s.\r\n", (int)mail.n, (const char *)mail.p);
	dp_text_free(&mail);
}

static void expect_no_end(struct dp_seen *s)
{
	struct dp_text server = dp_seen_at_server(s);
	dp_text_put(&server, "", 1);
	assert_null(strstr((const char *)server.p, "\r\n.\r\n"));
	dp_text_free(&server);
	dp_seen_close(s);
}

/* Servers that refuse a BDAT which is not in order, and do not take its chunk: to them it is commands (Exim 4.96 behind a command between two
 * chunks). All in one flight; then with an answer to each step. */
static void doubtful_chunk(void **state)
{
	(void)state;
	static const char *const before[] = { "BDAT 6\r\na: b\r\nVRFY x\r\nBDAT", "BDAT 6\r\na: b\r\nMAIL FROM:<a@x>\r\nBDAT", "\tBDAT", " BDAT", "BDAT ", "BDAT\t",
					      "RSET\r\nBDAT", "RSET\r\nMAIL FROM:<a@x>\r\nBDAT" };
	for (unsigned i = 0; i < 2 * sizeof before / sizeof *before; i++) {
		struct dp_seen s;
		struct dp_text inner = { 0 }, flight = { 0 };
		const char *b = before[i / 2];
		open_chunking(&s);
		put_transaction(&inner);
		dp_text_printf(&flight, "%s %zu LAST\r\n", b, inner.n);
		size_t head = flight.n;
		dp_text_put(&flight, inner.p, inner.n);
		if (i % 2) {
			dp_test_bytes(&s.t, &s.c, 0, flight.p, flight.n);
			struct dp_text server = dp_seen_at_server(&s);
			/* Nothing of the chunk before the answer to its line. */
			assert_memory_equal(server.p + server.n - head, flight.p, head);
			dp_text_free(&server);
		} else {
			dp_test_bytes(&s.t, &s.c, 0, flight.p, head);
			for (const char *line = b; (line = strchr(line, '\n')); line++)
				if (!strstr(line, "a: b"))
					dp_test_say(&s.t, &s.c, 1, "250 ok\r\n");
			dp_test_say(&s.t, &s.c, 1, "503 only RSET accepted now\r\n");
			dp_test_say(&s.t, &s.c, 0, "RSET\r\nMAIL FROM:<c@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n");
			dp_test_say(&s.t, &s.c, 1, "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
			dp_text_free(&inner);
			dp_made_infected(&inner);
			dp_test_bytes(&s.t, &s.c, 0, inner.p, inner.n);
			dp_test_say(&s.t, &s.c, 0, ".\r\n");
		}
		dp_text_free(&inner);
		dp_text_free(&flight);
		expect_no_end(&s);
	}
}

/* Answered before its bytes came: whether the server still takes them for a chunk, nobody knows. */
static void chunk_answered_early(void **state)
{
	(void)state;
	static const char *const answers[] = { "503 no\r\n", "554 no\r\n", "550 no\r\n", "452 no\r\n", "250 ok\r\n", "354 go\r\n" };
	for (unsigned i = 0; i < 2 * sizeof answers / sizeof *answers; i++) {
		struct dp_seen s;
		struct dp_text inner = { 0 }, line = { 0 };
		open_chunking(&s);
		put_transaction(&inner);
		dp_text_printf(&line, "BDAT %zu%s\r\n", inner.n, i % 2 ? "" : " LAST");
		dp_test_bytes(&s.t, &s.c, 0, line.p, line.n);
		dp_test_say(&s.t, &s.c, 1, answers[i / 2]);
		dp_seen_client(&s, RS_TCP_ACK, 0);
		dp_test_bytes(&s.t, &s.c, 0, inner.p, inner.n);
		assert_true(dp_seen_resets(&s, DP_INSIDE) > 0);
		assert_true(dp_seen_resets(&s, DP_OUTSIDE) > 0);
		dp_text_free(&inner);
		dp_text_free(&line);
		expect_no_end(&s);
	}
}

/* A number that does not fit into 64 bits, with as much left of it as the chunk has: nothing of the chunk before the answer to its line.
 * A server that takes it has taken what nobody here read; one that does not reads commands. */
static void chunk_beyond_64_bits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct dp_seen s;
		struct dp_text inner = { 0 }, line = { 0 };
		const bool taken = i & 2;
		open_chunking(&s);
		put_transaction(&inner);
		dp_text_printf(&line, "BDAT 1844674407370955%zu%s\r\n", 1616 + inner.n, i & 1 ? "" : " LAST");
		const size_t head = line.n;
		dp_text_put(&line, inner.p, inner.n);
		dp_test_bytes(&s.t, &s.c, 0, line.p, line.n);
		struct dp_text server = dp_seen_at_server(&s);
		assert_memory_equal(server.p + server.n - head, line.p, head);
		dp_text_free(&server);
		dp_seen_server(&s, RS_TCP_ACK, (uint32_t)inner.n, taken ? "250 ok\r\n" : "501 no\r\n");
		dp_seen_client(&s, RS_TCP_ACK, 0);
		assert_int_equal(dp_seen_resets(&s, DP_INSIDE) > 0, taken);
		dp_text_free(&inner);
		dp_text_free(&line);
		expect_no_end(&s);
	}
}

/* A server that takes DATA between two chunks: whether what came in chunks belongs to its message, nobody knows. */
static void data_between_chunks(void **state)
{
	(void)state;
	struct dp_seen s;
	open_chunking(&s);
	dp_test_say(&s.t, &s.c, 0, "BDAT 6\r\na: b\r\n");
	dp_test_say(&s.t, &s.c, 1, "250 ok\r\n");
	dp_test_say(&s.t, &s.c, 0, "DATA\r\n");
	dp_test_say(&s.t, &s.c, 1, "354 go\r\n");
	dp_test_say(&s.t, &s.c, 0, "hello\r\n.\r\n");
	expect_no_end(&s);
}

/* Segments that no server accepts, in the place of the true ones: with timestamps, without an ACK bit, signed, with an acknowledgement of
 * what was never sent. They do not go on, and so cannot be remembered in the place of the true ones, which do. */
static void segments_that_no_server_accepts(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 4; how++) {
		struct dp_seen s;
		struct dp_text mail = { 0 };
		uint64_t lies = 0;
		dp_made_mail(&mail, "nothing in it", 13);
		dp_seen_init(&s);
		s.c.timestamps = true;
		s.c.tsval[0] = 1000;
		dp_seen_open(&s);
		dp_test_greet(&s.t, &s.c);
		dp_test_envelope(&s.t, &s.c);
		for (size_t at = 0, n; at < mail.n; at += n, lies++) {
			struct dp_test_conn lie = s.c;
			n = mail.n - at < 100 ? mail.n - at : 100;
			lie.tsval[0] -= how == 0 ? 50 : 0;
			lie.seq[1] += how == 3 ? 1 : 0;
			if (how == 2) {
				memcpy(lie.options, (uint8_t[20]){ 1, 1, 19, 18 }, 20);
				lie.noptions = 20;
			}
			dp_test_segment(&s.t, &lie, 0, how == 1 ? RS_TCP_PSH : RS_TCP_ACK, s.c.seq[0], ".\r\nQUIT\r\n", 9);
			dp_test_bytes(&s.t, &s.c, 0, mail.p + at, n);
		}
		expect_at_server(&s, s.c.seq[0]);
		dp_test_accept(&s.t, &s.c);
		expect_at_server(&s, s.c.seq[0]);
		assert_int_equal(dp_seen_dropped(&s, DP_DROP_INVALID), lies);
		assert_int_equal(dp_seen_dropped(&s, DP_DROP_CONTRADICTION), 0);
		dp_test_verdict(&s.t, 0, CT_CLEAN, CT_REASON_NONE, true);
		dp_text_free(&mail);
		dp_seen_close(&s);
	}
}

/* Bytes that could go by another connection than this one: the ends do not learn of each other that they could. */
static void multipath_is_not_offered(void **state)
{
	(void)state;
	static const uint8_t offer[12] = { 30, 12, 1, 0x81, 1, 2, 3, 4, 5, 6, 7, 8 };
	for (unsigned data = 0; data < 2; data++) {
		struct dp_seen s;
		dp_seen_begin(&s);
		memcpy(s.c.options, offer, sizeof offer);
		s.c.noptions = sizeof offer;
		dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN, s.c.seq[0]++, "EHLO x\r\n", data ? 8 : 0);
		dp_test_segment(&s.t, &s.c, 1, RS_TCP_SYN | RS_TCP_ACK, s.c.seq[1]++, NULL, 0);
		assert_int_equal(s.t.nsent, 2);
		for (size_t i = 0; i < 2; i++) {
			const struct dp_packet *pkt = &s.t.sent[i].pkt;
			const uint8_t *l4 = s.t.sent[i].p + pkt->l4_off;
			struct dp_tcp_options o;
			dp_tcp_options_parse(l4, pkt->tcp_hdr_len, &o);
			assert_false(o.mptcp);
			assert_int_equal(pkt->tcp_hdr_len, 32);
			assert_true(dp_packet_checksum_tcp(pkt, l4, pkt->tcp_hdr_len + pkt->payload_len));
		}
		assert_int_equal(s.t.worker->stats.mptcp_removed, 2);
		dp_seen_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(end_again_and_again_behind_a_reset),
		cmocka_unit_test(resets_that_are_not_taken),
		cmocka_unit_test(urgent_byte_in_the_dots_line),
		cmocka_unit_test(data_before_the_answer_to_the_syn),
		cmocka_unit_test(another_protocol_before_the_greeting),
		cmocka_unit_test(another_protocol_that_the_server_drops),
		cmocka_unit_test(chunk_read_as_commands),
		cmocka_unit_test(doubtful_chunk),
		cmocka_unit_test(chunk_answered_early),
		cmocka_unit_test(chunk_beyond_64_bits),
		cmocka_unit_test(data_between_chunks),
		cmocka_unit_test(decoys_before_the_syn),
		cmocka_unit_test(decoys_in_the_handshake),
		cmocka_unit_test(old_numbers_behind_a_syn),
		cmocka_unit_test(mail_where_there_was_none),
		cmocka_unit_test(segments_that_no_server_accepts),
		cmocka_unit_test(multipath_is_not_offered),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
