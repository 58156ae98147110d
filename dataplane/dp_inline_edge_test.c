/* SPDX-License-Identifier: Apache-2.0 */
/* Where a connection begins, where it is forgotten, what is no mail: nothing goes on unread for it. */
#include "dataplane/dp_inline_seen.h"

/* Forgotten while it is open. */

static void expiry_resets_both(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	dp_seen_open_greeted(&s);
	dp_test_tick(&s.t, s.t.config.tcp.timeout_established - 1);
	assert_int_equal(s.t.nsent, 0);
	dp_test_tick(&s.t, 1);
	dp_seen_expect_resets(&s, 1, 1);
	assert_int_equal(dp_seen_one(&s, DP_INSIDE, RS_TCP_RST)->pkt.seq, s.c.seq[0]);
	assert_int_equal(dp_seen_one(&s, DP_OUTSIDE, RS_TCP_RST)->pkt.seq, s.c.seq[1]);
	dp_seen_close(&s);
}

static void eviction_resets_both(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	s.t.config.memory.flows = 1;
	dp_seen_open_greeted(&s);
	/* It is established: the newcomer does not come in. */
	struct dp_test_conn other = dp_test_conn(2);
	dp_test_segment(&s.t, &other, 0, RS_TCP_SYN, other.seq[0], NULL, 0);
	assert_int_equal(s.t.worker->account[DP_OUTSIDE].dropped[DP_DROP_NO_ROOM], 1);
	assert_int_equal(s.t.nsent, 0);
	/* Were one of its ends not known to be there, it would give way. */
	dp_flow_touch(&s.t.worker->flows, dp_flow_any(&s.t.worker->flows), DP_FLOWS_ONE_SIDED, s.t.time);
	dp_test_segment(&s.t, &other, 0, RS_TCP_SYN, other.seq[0], NULL, 0);
	assert_int_equal(s.t.worker->stats.flows_evicted[DP_FLOWS_ONE_SIDED], 1);
	dp_seen_expect_resets(&s, 1, 1);
	assert_int_equal(dp_seen_one(&s, DP_OUTSIDE, RS_TCP_RST)->pkt.dport, s.c.port[0]);
	/* Its ends may not have got them: what they say is not known any more, and does not go on. */
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &s.c, 0, "MAIL FROM:<anna@example.org>\r\n");
	for (size_t i = 0; i < s.t.nsent; i++)
		assert_true(s.t.sent[i].ours);
	dp_seen_close(&s);
}

/* Who sends SYNs of others' addresses gets none of them a reset. */
static void half_open_is_forgotten_in_silence(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	s.t.config.memory.half_open = 4;
	dp_seen_open(&s);
	for (unsigned i = 0; i < 100; i++) {
		struct dp_test_conn c = dp_test_conn(100 + i);
		dp_test_segment(&s.t, &c, 0, RS_TCP_SYN, c.seq[0]++, NULL, 0);
		dp_test_segment(&s.t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1]++, NULL, 0);
	}
	assert_int_equal(s.t.worker->stats.flows_evicted[DP_FLOWS_HALF_OPEN], 96);
	assert_int_equal(dp_seen_resets(&s, DP_INSIDE) + dp_seen_resets(&s, DP_OUTSIDE), 0);
	/* Who was an honest one does not get past unread for that. */
	struct dp_test_conn c = dp_test_conn(100);
	c.seq[0]++;
	c.seq[1]++;
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &c, 1, "220 mx\r\n");
	assert_true(dp_seen_resets(&s, DP_INSIDE) > 0);
	assert_true(dp_seen_resets(&s, DP_OUTSIDE) > 0);
	for (size_t i = 0; i < s.t.nsent; i++)
		assert_true(s.t.sent[i].ours);
	dp_seen_close(&s);
}

static void end_resets_both(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	dp_seen_open_greeted(&s);
	dp_test_end(&s.t);
	dp_seen_expect_resets(&s, 1, 1);
	dp_seen_close(&s);
}

/* Bytes. */

/* A message is under way when its connection is ended here: it was kept from being delivered, and that is said of it. One that the
 * server has whole is not. */
static void cut_message_is_said_to_be(void **state)
{
	(void)state;
	static const char *const texts[] = { "Subject: x\r\n\r\nhello\r\n", "KERNEL32.DLL ADVAPI32.DLL\r\n" };
	for (unsigned i = 0; i < 3; i++) {
		struct dp_seen s;
		bool bad = i == 1, whole = i == 2;
		dp_seen_begin(&s);
		dp_test_greet(&s.t, &s.c);
		dp_test_envelope(&s.t, &s.c);
		dp_test_say(&s.t, &s.c, 0, texts[whole ? 0 : bad]);
		if (whole)
			dp_test_say(&s.t, &s.c, 0, ".\r\n");
		dp_test_tick(&s.t, s.t.config.tcp.timeout_established);
		dp_test_check(&s.t);
		assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 1);
		const struct ct_message *m = &dp_test_nth(&s.t, CT_MESSAGE, 0)->rec.u.message;
		assert_int_equal(m->complete, whole);
		assert_int_equal(m->action, whole ? CT_ACT_NONE : CT_ACT_RESET);
		assert_int_equal(m->delivered, whole ? CT_DELIVERED_UNKNOWN : CT_DELIVERED_NO);
		assert_int_equal(m->verdict, whole ? CT_CLEAN : bad ? CT_INFECTED : CT_UNSCANNED);
		dp_seen_close(&s);
	}
}

static void contradiction_does_not_go_on(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	dp_seen_open_greeted(&s);
	uint32_t at = s.c.seq[0];
	dp_test_say(&s.t, &s.c, 0, "MAIL FROM:<anna@example.org>\r\n");
	dp_test_forget_sent(&s.t);
	static const char *const other[] = { "RSET\r\n", "MAIL FROM:<ANNA@example.org>\r\n", "MAIL FROM:<anna@example.org>\rX" };
	for (unsigned i = 0; i < 3; i++)
		dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, at, other[i], strlen(other[i]));
	assert_int_equal(s.t.nsent, 0);
	assert_int_equal(dp_seen_dropped(&s, DP_DROP_CONTRADICTION), 3);
	assert_int_equal(s.t.worker->stats.contradictions, 3);
	assert_int_equal(dp_test_count(&s.t, CT_ANOMALY), 1);
	assert_true(dp_test_has(dp_test_nth(&s.t, CT_ANOMALY, 0), "stream.reassembly_overlap_different_data"));
	/* The same again goes on; and below what the server has acknowledged, garbage does. */
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, at, "MAIL FROM:", 10);
	assert_int_equal(s.t.nsent, 1);
	dp_test_say(&s.t, &s.c, 1, "250 2.1.0 Ok\r\n");
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, s.c.seq[0] - 1, "?", 1);
	assert_int_equal(s.t.nsent, 3);
	dp_seen_close(&s);
}

/* The server may lack what was read: the message is not clean. One that came before, or that is answered already, is. */
static void contradicted_message_is_not_clean(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct dp_seen s;
		bool before = i == 0, under_way = i == 1;
		dp_seen_begin(&s);
		dp_test_greet(&s.t, &s.c);
		uint32_t at = s.c.seq[0];
		if (before) {
			dp_test_say(&s.t, &s.c, 0, "NOOP\r\n");
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, at, "RSET\r\n", 6);
			dp_test_say(&s.t, &s.c, 1, "250 ok\r\n");
		}
		dp_test_envelope(&s.t, &s.c);
		at = s.c.seq[0];
		dp_test_say(&s.t, &s.c, 0, "Subject: x\r\n\r\nhello\r\n");
		if (under_way)
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, at, "Subject: y\r\n\r\nhello\r\n", 21);
		dp_test_say(&s.t, &s.c, 0, ".\r\n");
		if (i == 2)
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, at, "Subject: y\r\n\r\nhello\r\n", 21);
		dp_test_tick(&s.t, s.t.config.tcp.timeout_established);
		assert_int_equal(dp_seen_dropped(&s, DP_DROP_CONTRADICTION), 1);
		dp_test_verdict(&s.t, 0, before ? CT_CLEAN : CT_UNSCANNED, before ? CT_REASON_NONE : CT_REASON_MALFORMED, true);
		if (!before)
			assert_true(dp_test_has(dp_test_nth(&s.t, CT_MESSAGE, 0), "stream.reassembly_overlap_different_data"));
		dp_seen_close(&s);
	}
}

static void data_of_a_syn_is_cut_off(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN, s.c.seq[0], "EHLO x\r\n", 8);
	const struct dp_sent *syn = dp_seen_one(&s, DP_INSIDE, RS_TCP_SYN);
	assert_int_equal(s.t.nsent, 1);
	assert_int_equal(syn->pkt.payload_len, 0);
	assert_int_equal(syn->pkt.seq, s.c.seq[0]);
	s.c.seq[0]++;
	dp_test_segment(&s.t, &s.c, 1, RS_TCP_SYN | RS_TCP_ACK, s.c.seq[1]++, NULL, 0);
	dp_test_say(&s.t, &s.c, 1, "220 mx.example.com ESMTP\r\n");
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &s.c, 0, "EHLO x\r\n");
	struct dp_text server = dp_seen_at_server(&s);
	assert_string_equal((char *)server.p, "EHLO x\r\n");
	dp_text_free(&server);
	dp_seen_close(&s);
}

static void bypassed_is_reset(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	dp_seen_open_greeted(&s);
	struct dp_test_conn c = s.c;
	c.seq[0] += 10;
	dp_test_segment(&s.t, &c, 1, RS_TCP_ACK, c.seq[1], NULL, 0);
	assert_int_equal(s.t.worker->stats.bypassed, 1);
	dp_seen_expect_resets(&s, 1, 1);
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &s.c, 0, "MAIL FROM:<anna@example.org>\r\n");
	dp_seen_expect_resets(&s, 0, 1);
	assert_int_equal(s.t.nsent, 1);
	dp_seen_close(&s);
}

/* Other ports. */

static void to_port_opened(struct dp_seen *s, uint16_t port)
{
	s->c.port[1] = port;
	dp_seen_open(s);
	dp_test_shake(&s->t, &s->c);
}

static void to_port(struct dp_seen *s, uint16_t port)
{
	dp_seen_init(s);
	to_port_opened(s, port);
}

/* An infected mail from EHLO on. */
static void expect_refused(struct dp_seen *s)
{
	struct dp_text mail = { 0 };
	dp_test_say(&s->t, &s->c, 1, "250-mx.example.com\r\n250 SIZE\r\n");
	dp_test_envelope(&s->t, &s->c);
	dp_made_infected(&mail);
	dp_test_bytes(&s->t, &s->c, 0, mail.p, mail.n);
	dp_test_say(&s->t, &s->c, 0, ".\r\n");
	dp_seen_expect(s, "554 5.7.1 ");
	struct dp_text server = dp_seen_at_server(s);
	assert_int_equal(server.n, s->c.seq[0] - s->first - 2);
	assert_true(dp_seen_resets(s, DP_INSIDE) > 0);
	dp_text_free(&server);
	dp_text_free(&mail);
	dp_seen_close(s);
}

static void other_port_server_first(void **state)
{
	(void)state;
	struct dp_seen s;
	to_port(&s, 8025);
	dp_test_say(&s.t, &s.c, 1, "220 mx.example.com ESMTP\r\n");
	dp_test_say(&s.t, &s.c, 0, "EHLO client.example.org\r\n");
	expect_refused(&s);
}

static void other_port_client_first(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < 12; cut++) {
		struct dp_seen s;
		to_port(&s, 8025);
		dp_test_bytes(&s.t, &s.c, 0, "EHLO client.example.org\r\n", cut);
		dp_test_say(&s.t, &s.c, 0, &"EHLO client.example.org\r\n"[cut]);
		dp_test_say(&s.t, &s.c, 1, "220 mx.example.com ESMTP\r\n");
		expect_refused(&s);
	}
}

static void through_a_proxy(void **state)
{
	(void)state;
	struct dp_seen s;
	to_port(&s, 3128);
	dp_test_say(&s.t, &s.c, 0, "CONNECT mx.example.com:25 HTTP/1.1\r\nHost: mx.example.com:25\r\n\r\n");
	dp_test_say(&s.t, &s.c, 1, "HTTP/1.1 200 Connection established\r\n\r\n");
	dp_test_say(&s.t, &s.c, 1, "220 mx.example.com ESMTP\r\n");
	dp_test_say(&s.t, &s.c, 0, "EHLO client.example.org\r\n");
	expect_refused(&s);
}

static void no_mail_passes(void **state)
{
	(void)state;
	struct dp_seen s;
	to_port(&s, 8080);
	dp_test_say(&s.t, &s.c, 0, "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n");
	dp_test_say(&s.t, &s.c, 1, "HTTP/1.1 200 OK\r\n\r\n");
	assert_int_equal(s.t.worker->inlines.used, 0);
	/* In any order, and contradicting itself: nobody reads it. */
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, s.c.seq[0] - 5, "other", 5);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, s.c.seq[0] + 500, "ahead", 5);
	dp_test_tick(&s.t, s.t.config.tcp.timeout_established);
	assert_int_equal(s.t.nsent, s.t.frames);
	dp_seen_close(&s);
}

/* Its server greets as mail's do. When it is known for what it is, TLS and replies that nothing was asked for pass. */
static void ftp_passes(void **state)
{
	(void)state;
	static const char *const logins[][2] = { { "AUTH TLS\r\n", "234 Proceed\r\n" }, { "USER anna\r\n", "331 Password?\r\n" } };
	for (unsigned i = 0; i < 4; i++) {
		struct dp_seen s;
		bool mail = i >= 2;
		to_port(&s, mail ? 25 : 21);
		dp_test_say(&s.t, &s.c, 1, "220 (vsFTPd 3.0.3)\r\n");
		dp_test_say(&s.t, &s.c, 0, logins[i % 2][0]);
		dp_test_say(&s.t, &s.c, 1, logins[i % 2][1]);
		assert_int_equal(s.t.worker->inlines.used, mail);
		dp_test_bytes(&s.t, &s.c, 0, "\x16\x03\x01\x02\n\x01\x02\n\x03", 9);
		dp_test_say(&s.t, &s.c, 1, "426 Aborted\r\n226 Closing\r\n");
		dp_test_say(&s.t, &s.c, 1, "226 Closing\r\n");
		dp_test_say(&s.t, &s.c, 0, "NOOP\r\n");
		for (size_t k = 0; !mail && k < s.t.nsent; k++)
			assert_false(s.t.sent[k].ours);
		assert_true(mail || s.t.nsent == s.t.frames);
		dp_seen_close(&s);
	}
}

/* TCP's client is mail's server. */

static const char spoken[] = "EHLO client.example.org\r\nMAIL FROM:<anna@example.org>\r\n";

static void expect_reversed(struct dp_seen *s)
{
	assert_true(dp_seen_resets(s, DP_INSIDE) > 0 && dp_seen_resets(s, DP_OUTSIDE) == 1);
	assert_int_equal(s->t.worker->stats.reversed, 1);
	dp_seen_close(s);
}

static void client_greets(void **state)
{
	(void)state;
	static const uint16_t ports[][2] = { { 25, 40000 }, { 1234, 8025 }, { 25, 8025 } };
	static const char greeting[] = "220 mx.example.com ESMTP\r\n";
	for (unsigned i = 0; i < 3; i++)
		for (size_t cut = 0; cut < 8; cut++) {
			struct dp_seen s;
			dp_seen_init(&s);
			s.c.port[0] = ports[i][0];
			to_port_opened(&s, ports[i][1]);
			if (cut)
				dp_test_bytes(&s.t, &s.c, 0, greeting, cut);
			size_t told = cut < 5 ? cut : 0;
			assert_int_equal(s.t.worker->stats.reversed, cut >= 5);
			if (cut < 5)
				dp_test_say(&s.t, &s.c, 0, &greeting[cut]);
			struct dp_text server = dp_seen_at_server(&s);
			assert_int_equal(server.n, told);
			dp_text_free(&server);
			expect_reversed(&s);
		}
}

/* None of it goes on, nor what came ahead of it and waits at TCP's client for it. */
static void server_commands(void **state)
{
	(void)state;
	for (unsigned early = 0; early < 2; early++) {
		struct dp_seen s;
		dp_seen_init(&s);
		s.c.port[0] = 25;
		to_port_opened(&s, 40000);
		dp_test_forget_sent(&s.t);
		if (early)
			dp_test_segment(&s.t, &s.c, 1, RS_TCP_ACK, s.c.seq[1] + (uint32_t)strlen(spoken), "DATA\r\n", 6);
		dp_test_say(&s.t, &s.c, 1, spoken);
		assert_int_equal(s.t.nsent, 2 + early);
		expect_reversed(&s);
	}
}

/* It said something else first. */
static void server_commands_late(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	to_port_opened(&s, 8025);
	dp_test_say(&s.t, &s.c, 0, "hello there, who are you\r\n");
	dp_seen_server(&s, RS_TCP_ACK, 0, "");
	assert_int_equal(s.t.worker->inlines.used, 0);
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &s.c, 1, spoken);
	assert_int_equal(dp_seen_ours(&s, DP_INSIDE), 1);
	assert_int_equal(s.t.nsent, 1);
	dp_seen_close(&s);
}

/* Numbers, and words, that others begin with. */
static void others_are_left_alone(void **state)
{
	(void)state;
	static const char *const client[] = { "220 <34>1 2024-05-01T00:00:00Z host app - - - text\n", "412 <34>1 2024-05-01 text\n",
					      "554 <13>text that is longer", "2200 and more, of something", "221 what is counted\r\n" };
	static const char *const server[] = { "SSH-2.0-OpenSSH_9.2\r\n", "+OK POP3 server ready\r\n", "* OK IMAP4rev1 ready\r\n",
					      "NOOP\r\nNOOP\r\nNOOP\r\n", "MAILBOX 1 of 2 and more", "DATABASE is ready" };
	for (unsigned i = 0; i < 5 + 6; i++) {
		struct dp_seen s;
		dp_seen_init(&s);
		to_port_opened(&s, 8025);
		dp_test_say(&s.t, &s.c, i < 5 ? 0 : 1, i < 5 ? client[i] : server[i - 5]);
		dp_test_say(&s.t, &s.c, i < 5 ? 1 : 0, "so it is\r\n");
		dp_test_say(&s.t, &s.c, 0, "and so on\r\n");
		dp_seen_expect_resets(&s, 0, 0);
		assert_int_equal(s.t.nsent, s.t.frames);
		assert_int_equal(s.t.worker->inlines.used, 0);
		dp_seen_close(&s);
	}
}

/* Found in the middle. */

static void midstream_mail_is_reset(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	dp_test_say(&s.t, &s.c, 0, "MAIL FROM:<anna@example.org>\r\n");
	dp_seen_expect_resets(&s, 1, 1);
	assert_int_equal(s.t.nsent, 2);
	assert_int_equal(s.t.worker->stats.midstream_reset, 1);
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &s.c, 1, "250 2.1.0 Ok\r\n");
	dp_seen_expect_resets(&s, 1, 0);
	assert_int_equal(s.t.nsent, 1);
	dp_seen_close(&s);
}

/* The answer to a SYN that was forgotten: who asked has that answer, and takes a reset at the number behind it (RFC 5961 3.2). */
static void forgotten_answer_is_reset(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	s.c.seq[0]++;
	dp_test_segment(&s.t, &s.c, 1, RS_TCP_SYN | RS_TCP_ACK, s.c.seq[1], NULL, 0);
	assert_int_equal(s.t.nsent, 2);
	assert_int_equal(dp_seen_one(&s, DP_OUTSIDE, RS_TCP_RST)->pkt.seq, s.c.seq[1] + 1);
	const struct dp_packet *back = &dp_seen_one(&s, DP_INSIDE, RS_TCP_RST)->pkt;
	assert_int_equal(back->seq, s.c.seq[0]);
	assert_int_equal(back->ack, s.c.seq[1] + 1);
	dp_seen_close(&s);
}

static void midstream_elsewhere(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	s.c.port[1] = 8080;
	dp_seen_open(&s);
	dp_test_say(&s.t, &s.c, 0, "\1\2\3 some bytes of something");
	dp_test_say(&s.t, &s.c, 1, "\4\5\6 and of something else");
	assert_int_equal(s.t.nsent, 2);
	dp_seen_expect_resets(&s, 0, 0);
	/* Another one speaks SMTP. */
	struct dp_test_conn other = dp_test_conn(2);
	other.port[1] = 8080;
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &other, 1, "220 mx.example.com ESMTP\r\n");
	dp_test_say(&s.t, &other, 0, "EHLO client.example.org\r\n");
	assert_true(dp_seen_resets(&s, DP_INSIDE) > 0 && dp_seen_resets(&s, DP_OUTSIDE) > 0);
	assert_int_equal(s.t.worker->stats.midstream_reset, 1);
	dp_seen_close(&s);
}

/* Soon after the start it is picked up: judged from its next MAIL. */
static void picked_up(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	s.t.config.inline_.pickup = 60;
	s.first = s.c.seq[0];
	dp_seen_open(&s);
	dp_test_say(&s.t, &s.c, 0, "NOOP\r\n");
	dp_test_say(&s.t, &s.c, 1, "250 2.0.0 Ok\r\n");
	dp_test_say(&s.t, &s.c, 0, "EHLO client.example.org\r\n");
	expect_refused(&s);
}

/* Tags that one direction bears and the other does not. */

static void say_tagged(struct dp_seen *s, const uint16_t tci[2], unsigned from, unsigned flags, const char *text)
{
	s->c.nvlan = tci[from] != 0xffff;
	s->c.vlan[0] = tci[from];
	dp_test_segment(&s->t, &s->c, from, flags, s->c.seq[from], text, strlen(text));
	s->c.seq[from] += (uint32_t)strlen(text) + !!(flags & RS_TCP_SYN);
}

/* Whose word it is, or is said to be, has his tags. */
static void expect_tags(const struct dp_seen *s, const uint16_t tci[2])
{
	for (size_t i = 0; i < s->t.nsent; i++) {
		const uint8_t *tag = s->t.sent[i].p + 12;
		uint16_t its = s->t.sent[i].out == DP_INSIDE ? tci[0] : tci[1];
		assert_int_equal(tag[0] << 8 | tag[1], its == 0xffff ? 0x0800 : 0x8100);
		if (its != 0xffff)
			assert_int_equal(tag[2] << 8 | tag[3], its);
	}
}

static void mail_tagged(struct dp_seen *s, const uint16_t tci[2])
{
	static const char *const dialogue[] = { "220 mx.example.com ESMTP\r\n", "EHLO client.example.org\r\n", "250 mx.example.com\r\n",
						"MAIL FROM:<anna@example.org>\r\n", "250 2.1.0 Ok\r\n", "RCPT TO:<bela@example.com>\r\n",
						"250 2.1.5 Ok\r\n", "DATA\r\n", "354 go on\r\n", "KERNEL32.DLL ADVAPI32.DLL\r\n.\r\n" };
	dp_seen_open(s);
	say_tagged(s, tci, 0, RS_TCP_SYN, "");
	say_tagged(s, tci, 1, RS_TCP_SYN | RS_TCP_ACK, "");
	for (unsigned i = 0; i < 10; i++)
		say_tagged(s, tci, i % 2 ? 0 : 1, RS_TCP_ACK, dialogue[i]);
}

static void tags_of_one_direction(void **state)
{
	(void)state;
	/* A priority is no VLAN; VLANs are no part of the connection when they are told not to be. */
	static const uint16_t tags[][2] = { { 0xa000, 0xffff }, { 0xffff, 0 }, { 0, 0xe000 }, { 10, 20 } };
	for (unsigned i = 0; i < 4; i++) {
		struct dp_seen s;
		dp_seen_init(&s);
		s.t.config.capture.vlan_in_flow = i < 3;
		mail_tagged(&s, tags[i]);
		expect_tags(&s, tags[i]);
		dp_seen_expect(&s, "554 5.7.1 ");
		assert_true(dp_seen_resets(&s, DP_INSIDE) > 0);
		dp_test_end(&s.t);
		assert_int_equal(dp_test_nth(&s.t, CT_MESSAGE, 0)->rec.flow.nvlan, 0);
		dp_seen_close(&s);
	}
}

/* Then each direction is a connection of its own, without an answer. */
static void vlans_of_either_direction(void **state)
{
	(void)state;
	static const uint16_t tci[2] = { 10, 20 };
	for (unsigned mail = 0; mail < 2; mail++) {
		struct dp_seen s;
		dp_seen_init(&s);
		s.c.port[1] = mail ? 25 : 8080;
		mail_tagged(&s, tci);
		assert_int_equal(s.t.worker->stats.midstream_reset, 1);
		struct dp_text server = dp_seen_at_server(&s);
		assert_int_equal(server.n, 0);
		dp_text_free(&server);
		dp_seen_close(&s);
	}
	struct dp_seen s;
	dp_seen_init(&s);
	s.c.port[1] = 8080;
	dp_seen_open(&s);
	say_tagged(&s, tci, 0, RS_TCP_SYN, "");
	say_tagged(&s, tci, 1, RS_TCP_SYN | RS_TCP_ACK, "");
	say_tagged(&s, tci, 0, RS_TCP_ACK, "GET / HTTP/1.1\r\n");
	assert_int_equal(dp_seen_dropped(&s, DP_DROP_WINDOW), 1);
	dp_seen_close(&s);
}

/* What cannot be read, and what must not be touched. */

static void tls_passes(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	dp_seen_open_greeted(&s);
	dp_test_say(&s.t, &s.c, 0, "STARTTLS\r\n");
	dp_test_say(&s.t, &s.c, 1, "220 2.0.0 Ready\r\n");
	uint64_t before = s.t.frames;
	dp_test_forget_sent(&s.t);
	for (unsigned i = 0; i < 20; i++) {
		dp_test_bytes(&s.t, &s.c, 0, "\x16\x03\x01\0\x04\1\0\0\0", 9);
		dp_test_bytes(&s.t, &s.c, 1, "\x16\x03\x03\0\x04\2\0\0\0", 9);
	}
	assert_int_equal(s.t.nsent, s.t.frames - before);
	for (size_t i = 0; i < s.t.nsent; i++)
		assert_false(s.t.sent[i].ours);
	assert_int_equal(dp_test_account(&s.t).unscanned[CT_REASON_TLS], 1);
	dp_seen_close(&s);
}

static void observing_passes_all(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	dp_seen_init(&s);
	s.t.config.inline_.observe = true;
	dp_seen_open(&s);
	dp_made_infected(&mail);
	dp_test_mail(&s.t, &s.c, &mail, 100, 0);
	/* Contradictions, the middle of a connection, a wrong length. */
	struct dp_test_conn other = dp_test_conn(2);
	dp_test_say(&s.t, &other, 0, "MAIL FROM:<anna@example.org>\r\n");
	dp_test_segment(&s.t, &other, 0, RS_TCP_ACK, other.seq[0] - 5, "other", 5);
	assert_int_equal(s.t.nsent, s.t.frames);
	for (size_t i = 0; i < s.t.nsent; i++)
		assert_false(s.t.sent[i].ours);
	assert_true(dp_test_has(dp_test_nth(&s.t, CT_MESSAGE, 0), "verdict=infected reason= action=alert would=reject delivered=1"));
	dp_text_free(&mail);
	dp_seen_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expiry_resets_both),
		cmocka_unit_test(eviction_resets_both),
		cmocka_unit_test(half_open_is_forgotten_in_silence),
		cmocka_unit_test(end_resets_both),
		cmocka_unit_test(cut_message_is_said_to_be),
		cmocka_unit_test(contradiction_does_not_go_on),
		cmocka_unit_test(contradicted_message_is_not_clean),
		cmocka_unit_test(data_of_a_syn_is_cut_off),
		cmocka_unit_test(bypassed_is_reset),
		cmocka_unit_test(other_port_server_first),
		cmocka_unit_test(other_port_client_first),
		cmocka_unit_test(through_a_proxy),
		cmocka_unit_test(no_mail_passes),
		cmocka_unit_test(ftp_passes),
		cmocka_unit_test(client_greets),
		cmocka_unit_test(server_commands),
		cmocka_unit_test(server_commands_late),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(midstream_mail_is_reset),
		cmocka_unit_test(forgotten_answer_is_reset),
		cmocka_unit_test(midstream_elsewhere),
		cmocka_unit_test(picked_up),
		cmocka_unit_test(tags_of_one_direction),
		cmocka_unit_test(vlans_of_either_direction),
		cmocka_unit_test(tls_passes),
		cmocka_unit_test(observing_passes_all),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
