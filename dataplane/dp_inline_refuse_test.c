/* SPDX-License-Identifier: Apache-2.0 */
/* A message is refused: what each end is told, when, how often, and what ends it. */
#include "dataplane/dp_inline_net.h"
#include "dataplane/dp_inline_seen.h"

/* The client's words. */

static void lost_reply_is_repeated(void **state)
{
	(void)state;
	static const unsigned said[] = { 1, 1, 0, 1, 0, 0, 0, 1, 0, 0 };
	struct dp_seen s;
	dp_seen_begin(&s);
	dp_seen_refuse(&s);
	dp_seen_expect(&s, "554 5.7.1 ");
	for (unsigned i = 0; i < 10; i++) {
		dp_test_forget_sent(&s.t);
		dp_test_tick(&s.t, 1);
		assert_int_equal(dp_seen_ours(&s, DP_OUTSIDE), said[i]);
		/* The server's reset may have been lost as well: at what it acknowledged, and at what it may have. */
		assert_int_equal(dp_seen_resets(&s, DP_INSIDE), i < 3 ? 2 : 0);
	}
	dp_test_forget_sent(&s.t);
	dp_test_tick(&s.t, 1);
	assert_int_equal(dp_seen_resets(&s, DP_OUTSIDE), 1);
	assert_int_equal(s.t.worker->stats.connections_reset, 1);
	/* Whoever still speaks is told so. */
	dp_test_forget_sent(&s.t);
	dp_seen_client(&s, RS_TCP_ACK, 0);
	assert_int_equal(dp_seen_resets(&s, DP_OUTSIDE), 1);
	assert_int_equal(dp_seen_ours(&s, DP_INSIDE), 0);
	dp_seen_close(&s);
}

static void repetition_is_answered_at_once(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	dp_seen_refuse(&s);
	dp_test_forget_sent(&s.t);
	s.c.seq[0] -= 3;
	dp_test_say(&s.t, &s.c, 0, ".\r\n");
	dp_seen_expect(&s, "554 5.7.1 ");
	assert_int_equal(dp_seen_ours(&s, DP_OUTSIDE), 1);
	assert_int_equal(dp_seen_ours(&s, DP_INSIDE), 0);
	dp_seen_close(&s);
}

/* Bytes that were said to the client and it has not acknowledged in s.c. */
static uint32_t said_bytes(const struct dp_seen *s)
{
	struct dp_text said = dp_seen_said(s);
	uint32_t n = (uint32_t)said.n;
	dp_text_free(&said);
	return n;
}

/* Refused, told so, and the client has that. */
static void refuse_and_tell(struct dp_seen *s)
{
	dp_seen_begin(s);
	dp_seen_refuse(s);
	s->c.seq[1] += said_bytes(s);
	dp_seen_client(s, RS_TCP_ACK, 0);
	dp_test_forget_sent(&s->t);
}

static void silent_client_is_told_to_go(void **state)
{
	(void)state;
	struct dp_seen s;
	refuse_and_tell(&s);
	for (unsigned i = 0; i < 300; i++)
		dp_test_tick(&s.t, 1);
	assert_int_equal(dp_seen_ours(&s, DP_OUTSIDE), 0);
	/* Only three repetitions of its reset, ever. */
	assert_int_equal(dp_seen_ours(&s, DP_INSIDE), 3 * 2);
	dp_test_tick(&s.t, 1);
	dp_seen_expect(&s, "421 4.4.2 ");
	const struct dp_sent *bye = dp_seen_one(&s, DP_OUTSIDE, RS_TCP_FIN);
	s.c.seq[1] += bye->pkt.payload_len + 1;
	dp_test_forget_sent(&s.t);
	dp_seen_client(&s, RS_TCP_FIN | RS_TCP_ACK, 0);
	const struct dp_sent *last = dp_seen_one(&s, DP_OUTSIDE, RS_TCP_ACK);
	assert_int_equal(last->pkt.seq, s.c.seq[1]);
	assert_int_equal(last->pkt.ack, s.c.seq[0]);
	/* Its end: nothing is kept but the number, for whoever still speaks. */
	assert_int_equal(s.t.worker->inlines.used, 0);
	assert_int_equal(s.t.worker->stats.connections_reset, 0);
	dp_seen_close(&s);
}

/* It has said its last word behind an end that only some servers take, and waits. */
static void bare_end_is_answered(void **state)
{
	(void)state;
	static const char *const ends[] = { ".\n", ".\r" };
	for (unsigned i = 0; i < 2; i++) {
		struct dp_seen s;
		struct dp_text mail = { 0 };
		dp_seen_begin(&s);
		dp_made_infected(&mail);
		dp_test_greet(&s.t, &s.c);
		dp_test_envelope(&s.t, &s.c);
		dp_test_bytes(&s.t, &s.c, 0, mail.p, mail.n);
		dp_test_say(&s.t, &s.c, 0, ends[i]);
		/* More may follow, and then it was content. */
		for (unsigned k = 0; k < 4; k++)
			dp_test_tick(&s.t, 1);
		assert_int_equal(dp_seen_ours(&s, DP_OUTSIDE), 0);
		dp_test_tick(&s.t, 1);
		dp_seen_expect(&s, "554 5.7.1 ");
		s.c.seq[1] += said_bytes(&s);
		dp_test_forget_sent(&s.t);
		dp_test_say(&s.t, &s.c, 0, "QUIT\r\n");
		dp_seen_expect(&s, "221 ");
		dp_test_end(&s.t);
		assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 1);
		assert_true(dp_test_has(dp_test_nth(&s.t, CT_MESSAGE, 0), "action=reject would=none delivered=2"));
		dp_seen_close(&s);
		dp_text_free(&mail);
	}
}

/* The same place, and it was content: the answer comes at the real end, and once. */
static void bare_end_that_goes_on(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	dp_seen_begin(&s);
	dp_made_infected(&mail);
	dp_test_greet(&s.t, &s.c);
	dp_test_envelope(&s.t, &s.c);
	dp_test_bytes(&s.t, &s.c, 0, mail.p, mail.n);
	dp_test_say(&s.t, &s.c, 0, ".\n");
	dp_test_tick(&s.t, 1);
	dp_test_say(&s.t, &s.c, 0, "it goes on\r\n");
	for (unsigned k = 0; k < 20; k++)
		dp_test_tick(&s.t, 1);
	assert_int_equal(said_bytes(&s), 0);
	dp_test_say(&s.t, &s.c, 0, ".\r\n");
	dp_seen_expect(&s, "554 5.7.1 ");
	dp_seen_close(&s);
	dp_text_free(&mail);
}

/* Everything that may be said after it. */
static void commands_after_it(void **state)
{
	(void)state;
	static const char *const said[][2] = {
		{ "NOOP\r\n", "250 " }, { "RSET\r\n", "250 " }, { "VRFY x\r\n", "252 " }, { "RCPT TO:<x@y>\r\n", "503 " },
		{ "DATA\r\n", "503 " }, { "MAIL FROM:<x@y>\r\n", "421 4.3.2 " },
	};
	struct dp_seen s;
	refuse_and_tell(&s);
	for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
		dp_test_say(&s.t, &s.c, 0, said[i][0]);
		dp_seen_expect(&s, said[i][1]);
		s.c.seq[1] += said_bytes(&s);
		if (i + 1 < sizeof said / sizeof *said)
			dp_test_forget_sent(&s.t);
	}
	dp_seen_one(&s, DP_OUTSIDE, RS_TCP_FIN);
	assert_int_equal(dp_seen_ours(&s, DP_INSIDE), 0);
	dp_seen_close(&s);
}

/* The server's words. */

static void challenge_is_answered(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	dp_seen_refuse(&s);
	for (uint32_t lacks = 0; lacks < 30; lacks += 7) {
		dp_test_forget_sent(&s.t);
		dp_seen_server(&s, RS_TCP_ACK, lacks, "");
		const struct dp_sent *rst = dp_seen_one(&s, DP_INSIDE, RS_TCP_RST);
		assert_int_equal(rst->pkt.seq, s.c.seq[0] - lacks);
		assert_int_equal(dp_seen_ours(&s, DP_OUTSIDE), 0);
		assert_int_equal(s.t.nsent, 1);
	}
	/* A reset is not answered. */
	dp_test_forget_sent(&s.t);
	dp_seen_server(&s, RS_TCP_RST | RS_TCP_ACK, 2, "");
	assert_int_equal(s.t.nsent, 0);
	dp_seen_close(&s);
}

/* Several messages. */

struct rig {
	struct dp_test t;
	struct dp_net n;
	struct dp_pair *p;
};

static void rig_init(struct rig *r)
{
	dp_test_init(&r->t);
	r->t.use = DP_USE_INLINE;
}

static void rig_open(struct rig *r)
{
	dp_test_open(&r->t);
	dp_net_init(&r->n, &r->t, 7);
	r->p = dp_net_pair(&r->n);
}

static void rig_close(struct rig *r)
{
	dp_net_judge(&r->n, 7);
	dp_net_free(&r->n);
	dp_test_close(&r->t);
}

static void send_letter(struct rig *r, bool bad, bool bdat, unsigned rcpts)
{
	struct dp_letter l = dp_net_letter(&r->n, bad, 200);
	l.bdat = bdat;
	l.rcpts = rcpts;
	dp_net_send(r->p, l);
}

static void expect_told(const struct rig *r, size_t letter, unsigned code, unsigned times)
{
	const struct dp_letter *l = &r->p->client.letters[letter];
	for (unsigned i = 0; i < l->ntold; i++)
		if (l->told[i] != code)
			fail_msg("letter %zu: %s", letter, dp_net_tell(r->p));
	if (l->ntold != times)
		fail_msg("letter %zu was told %u times: %s", letter, l->ntold, dp_net_tell(r->p));
}

static void second_of_three(void **state)
{
	(void)state;
	struct rig r;
	rig_init(&r);
	rig_open(&r);
	r.p->client.pipelines = true;
	r.p->server.delay = 3000;
	for (unsigned i = 0; i < 3; i++)
		send_letter(&r, i == 1, true, 1);
	assert_true(dp_net_run(&r.n, 100));
	expect_told(&r, 0, 250, 1);
	expect_told(&r, 1, 554, 1);
	expect_told(&r, 2, 451, 1);
	assert_int_equal(r.p->server.ndelivered, 1);
	rig_close(&r);
}

static void lmtp_each_recipient(void **state)
{
	(void)state;
	struct rig r;
	rig_init(&r);
	rig_open(&r);
	r.p->client.lmtp = r.p->server.lmtp = true;
	send_letter(&r, false, false, 2);
	send_letter(&r, true, false, 3);
	r.p->client.letters[1].strangers = 2;
	assert_true(dp_net_run(&r.n, 100));
	expect_told(&r, 0, 250, 2);
	expect_told(&r, 1, 554, 3);
	rig_close(&r);
}

/* A is good and B bad; behind A's end everything has gone on early, for a byte before it was missing. */
static void good_one_withheld(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 }, all = { 0 };
	dp_seen_begin(&s);
	dp_test_shake(&s.t, &s.c);
	dp_test_say(&s.t, &s.c, 1, "220 mx.example.com ESMTP\r\n");
	dp_test_say(&s.t, &s.c, 0, "EHLO client.example.org\r\n");
	dp_test_say(&s.t, &s.c, 1, "250-PIPELINING\r\n250 CHUNKING\r\n");
	static const char good[] = "Subject: A\r\n\r\nIt is good.\r\n";
	dp_text_printf(&all, "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT %zu LAST\r\n%s", sizeof good - 1, good);
	size_t end_of_a = all.n;
	dp_made_infected(&mail);
	dp_text_printf(&all, "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT %zu LAST\r\n", mail.n);
	dp_text_put(&all, mail.p, mail.n);
	uint32_t base = s.c.seq[0];
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, base, all.p, end_of_a - 10);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, base + (uint32_t)end_of_a - 2, all.p + end_of_a - 2, all.n - end_of_a + 2);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, base + (uint32_t)end_of_a - 10, all.p + end_of_a - 10, 8);
	s.c.seq[0] += (uint32_t)all.n;
	struct dp_text server = dp_seen_at_server(&s);
	assert_true(server.n < base - s.first + end_of_a);
	dp_text_free(&server);
	/* MAIL and RCPT of A, which the server got, are answered by it. */
	assert_int_equal(said_bytes(&s), 0);
	uint32_t lacks = (uint32_t)(all.n - (end_of_a - 3));
	dp_seen_server(&s, RS_TCP_ACK | RS_TCP_PSH, lacks, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n");
	assert_int_equal(said_bytes(&s), 0);
	dp_seen_client(&s, RS_TCP_ACK, 0);
	dp_seen_expect(&s, "451 4.7.1 ");
	struct dp_text said = dp_seen_said(&s);
	const char *at = strstr((const char *)said.p, "\r\n250 2.1.0 OK\r\n250 2.1.5 OK\r\n554 5.7.1 ");
	if (!at || strstr((const char *)said.p, "\r\n") != at)
		fail_msg("said: %s", (const char *)said.p);
	dp_test_end(&s.t);
	assert_true(dp_test_has(dp_test_nth(&s.t, CT_MESSAGE, 0), "verdict=clean reason= action=tempfail"));
	assert_true(dp_test_has(dp_test_nth(&s.t, CT_MESSAGE, 1), "verdict=infected reason= action=reject"));
	dp_text_free(&said);
	dp_text_free(&mail);
	dp_text_free(&all);
	dp_seen_close(&s);
}

/* Replies still owed. */

/* The server never answers MAIL; all that followed it is there but for the last octet. */
static void owe_for_ever(struct rig *r, uint32_t wait)
{
	rig_init(r);
	r->t.config.inline_.reply_wait = wait;
	rig_open(r);
	r->p->client.pipelines = true;
	r->p->server.mute = "MAIL";
	send_letter(r, true, true, 1);
	assert_false(dp_net_run(&r->n, 5));
	assert_int_equal(r->p->end[0].state, DP_END_OPEN);
	assert_int_equal(r->p->end[1].state, DP_END_OPEN);
	assert_false(TAILQ_EMPTY(&r->t.worker->refusing));
}

static void replies_that_never_come(void **state)
{
	(void)state;
	struct rig r;
	owe_for_ever(&r, 8);
	assert_int_equal(r.t.worker->stats.reply_timeouts, 0);
	assert_true(dp_net_run(&r.n, 5));
	assert_int_equal(r.p->end[0].state, DP_END_RESET);
	assert_int_equal(r.p->end[1].state, DP_END_RESET);
	assert_int_equal(r.t.worker->stats.reply_timeouts, 1);
	expect_told(&r, 0, 0, 0);
	dp_test_end(&r.t);
	assert_true(dp_test_has(dp_test_nth(&r.t, CT_MESSAGE, 0), "verdict=infected"));
	rig_close(&r);
}

static void ends_while_refusing(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 2; side++)
		for (unsigned fin = 0; fin < 2; fin++) {
			struct rig r;
			owe_for_ever(&r, 20);
			struct dp_end *e = &r.p->end[side];
			if (fin) {
				dp_end_close(e);
				dp_end_push(e, r.t.time);
			} else {
				dp_end_abort(e, r.t.time);
			}
			assert_true(dp_net_run(&r.n, 300));
			assert_int_equal(r.p->server.ndelivered, 0);
			expect_told(&r, 0, 0, 0);
			rig_close(&r);
		}
}

static void ends_while_answering(void **state)
{
	(void)state;
	for (unsigned fin = 0; fin < 2; fin++) {
		struct dp_seen s;
		dp_seen_begin(&s);
		dp_seen_refuse(&s);
		uint32_t said = said_bytes(&s);
		dp_test_forget_sent(&s.t);
		if (fin) {
			dp_seen_client(&s, RS_TCP_FIN | RS_TCP_ACK, 0);
			/* What it has not acknowledged is said again, and the FIN with it. */
			assert_int_equal(dp_seen_one(&s, DP_OUTSIDE, RS_TCP_FIN)->pkt.ack, s.c.seq[0]);
			dp_seen_client(&s, RS_TCP_ACK, said + 1);
		} else {
			dp_seen_client(&s, RS_TCP_RST | RS_TCP_ACK, 0);
			assert_int_equal(s.t.nsent, 0);
		}
		assert_int_equal(s.t.worker->inlines.used, 0);
		assert_int_equal(s.t.worker->replies.used, 0);
		assert_int_equal(s.t.worker->stats.connections_reset, 0);
		dp_seen_close(&s);
	}
}

/* Not by a stranger who guesses. */
static void reset_outside_the_window(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	dp_seen_refuse(&s);
	s.c.seq[0] += 0x40000000;
	dp_seen_client(&s, RS_TCP_RST | RS_TCP_ACK, 0);
	s.c.seq[0] -= 0x40000000;
	assert_int_equal(s.t.worker->inlines.used, 1);
	dp_seen_close(&s);
}

static void same_port_again(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	refuse_and_tell(&s);
	dp_test_say(&s.t, &s.c, 0, "QUIT\r\n");
	s.c.seq[1] += said_bytes(&s) + 1;
	dp_seen_client(&s, RS_TCP_FIN | RS_TCP_ACK, 0);
	assert_int_equal(s.t.worker->inlines.used, 0);
	dp_made_mail(&mail, "nothing in it", 13);
	s.c.seq[0] += 70000;
	s.c.seq[1] += 123456;
	dp_test_forget_sent(&s.t);
	uint64_t before = s.t.frames;
	dp_test_mail(&s.t, &s.c, &mail, 100, 0);
	assert_int_equal(s.t.nsent, s.t.frames - before);
	dp_test_verdict(&s.t, 1, CT_CLEAN, CT_REASON_NONE, true);
	dp_text_free(&mail);
	dp_seen_close(&s);
}

/* Without the end of the first connection: the small endpoint says what it expects, and the client's kernel resets it (RFC 9293
 * 3.5.1). */
static void same_port_while_answering(void **state)
{
	(void)state;
	struct dp_seen s;
	refuse_and_tell(&s);
	uint32_t expects = s.c.seq[0];
	struct dp_test_conn again = s.c;
	again.seq[0] += 500000;
	dp_test_segment(&s.t, &again, 0, RS_TCP_SYN, again.seq[0], NULL, 0);
	const struct dp_sent *ack = dp_seen_one(&s, DP_OUTSIDE, RS_TCP_ACK);
	assert_int_equal(ack->pkt.ack, expects);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_RST, ack->pkt.ack, NULL, 0);
	dp_test_forget_sent(&s.t);
	dp_test_segment(&s.t, &again, 0, RS_TCP_SYN, again.seq[0], NULL, 0);
	assert_int_equal(s.t.nsent, 1);
	assert_false(s.t.sent[0].ours);
	dp_seen_close(&s);
}

/* Other actions. */

/* A mail with this in it: what its client is told; NULL: nothing, and both are reset. */
static void action_is(struct dp_seen *s, const char *content, const char *told, const char *record)
{
	struct dp_text mail = { 0 };
	dp_seen_open(s);
	dp_made_mail(&mail, content, strlen(content));
	dp_test_greet(&s->t, &s->c);
	dp_test_envelope(&s->t, &s->c);
	dp_test_bytes(&s->t, &s->c, 0, mail.p, mail.n);
	dp_test_say(&s->t, &s->c, 0, ".\r\n");
	struct dp_text server = dp_seen_at_server(s);
	assert_int_equal(server.n, s->c.seq[0] - s->first - 2);
	assert_true(dp_seen_resets(s, DP_INSIDE) > 0);
	assert_int_equal(dp_seen_resets(s, DP_OUTSIDE), told ? 0 : 1);
	if (told)
		dp_seen_expect(s, told);
	else
		assert_int_equal(said_bytes(s), 0);
	dp_test_end(&s->t);
	if (!dp_test_has(dp_test_nth(&s->t, CT_MESSAGE, 0), record))
		fail();
	dp_seen_close(s);
	dp_text_free(&mail);
	dp_text_free(&server);
}

static void rule_drops(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	action_is(&s, "a file with drop-this-one in it", NULL, "verdict=infected reason= action=drop would=none delivered=2");
}

static void policies(void **state)
{
	(void)state;
	static const struct { enum ct_policy p; const char *told, *record; } all[] = {
		{ CT_POLICY_TEMPFAIL, "451 4.7.1 ", "verdict=unscanned reason=limit action=tempfail would=none delivered=2" },
		{ CT_POLICY_REJECT, "554 5.7.1 ", "verdict=unscanned reason=limit action=reject would=none delivered=2" },
		{ CT_POLICY_DROP, NULL, "verdict=unscanned reason=limit action=drop would=none delivered=2" },
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct dp_seen s;
		dp_seen_init(&s);
		s.t.config.limits.mime_parts = 1;
		s.t.config.policy[CT_REASON_LIMIT] = all[i].p;
		action_is(&s, "harmless", all[i].told, all[i].record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_reply_is_repeated),
		cmocka_unit_test(repetition_is_answered_at_once),
		cmocka_unit_test(silent_client_is_told_to_go),
		cmocka_unit_test(bare_end_is_answered),
		cmocka_unit_test(bare_end_that_goes_on),
		cmocka_unit_test(commands_after_it),
		cmocka_unit_test(challenge_is_answered),
		cmocka_unit_test(second_of_three),
		cmocka_unit_test(lmtp_each_recipient),
		cmocka_unit_test(good_one_withheld),
		cmocka_unit_test(replies_that_never_come),
		cmocka_unit_test(ends_while_refusing),
		cmocka_unit_test(ends_while_answering),
		cmocka_unit_test(reset_outside_the_window),
		cmocka_unit_test(same_port_again),
		cmocka_unit_test(same_port_while_answering),
		cmocka_unit_test(rule_drops),
		cmocka_unit_test(policies),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
