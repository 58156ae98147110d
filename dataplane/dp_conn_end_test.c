/* SPDX-License-Identifier: Apache-2.0 */
/* How connections end in the middle of a message, and what is said of it then; bytes of it that the capture lacks. */
#include "dataplane/dp_made.h"

static void by_end(struct dp_test *t, struct dp_test_conn *c)
{
	(void)c;
	dp_test_end(t);
}

static void by_timeout(struct dp_test *t, struct dp_test_conn *c)
{
	(void)c;
	dp_test_tick(t, t->config.tcp.timeout_established + 1);
}

static void by_idling(struct dp_test *t, struct dp_test_conn *c)
{
	/* No tick came, but the next packet is too late. */
	t->time += (t->config.tcp.timeout_established + 1) * UINT64_C(1000000000);
	dp_test_segment(t, c, 0, RS_TCP_ACK, c->seq[0], NULL, 0);
}

static void by_eviction(struct dp_test *t, struct dp_test_conn *c)
{
	(void)c;
	/* As if one of its sides had not been heard: proven mail gives way to nobody. */
	dp_flow_touch(&t->worker->flows, dp_flow_any(&t->worker->flows), DP_FLOWS_ONE_SIDED, t->time);
	for (unsigned i = 0; i < t->config.memory.flows; i++) {
		struct dp_test_conn other = dp_test_conn(1000 + i);
		dp_made_session(t, &other, DP_MADE_AFTER_RCPT);
	}
}

static void by_fins(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_fins(t, c);
}

static void by_reset(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_segment(t, c, 0, RS_TCP_RST, c->seq[0], NULL, 0);
}

/* The reset may not have arrived: that nothing follows it tells. */
static void by_reset_and_silence(struct dp_test *t, struct dp_test_conn *c)
{
	by_reset(t, c);
	assert_int_equal(dp_test_count(t, CT_MESSAGE), 0);
	dp_test_tick(t, t->config.tcp.timeout_closed + 1);
}

static void by_reset_and_end(struct dp_test *t, struct dp_test_conn *c)
{
	by_reset(t, c);
	dp_test_end(t);
}

static void test_ends_in_the_middle(void **state)
{
	/* What ends from outside may have gone on: what was not seen of the message was not looked into. What ended by itself
	 * had no more, if no content had begun: whether the rest of that was ever sent is not known. Behind the end of the content all
	 * was seen, only the answer was not. */
	static const struct {
		void (*end)(struct dp_test *t, struct dp_test_conn *c);
		enum ct_reason reason;
	} ways[] = {
		{ by_end, CT_REASON_GAP },        { by_timeout, CT_REASON_TIMEOUT },
		{ by_idling, CT_REASON_TIMEOUT }, { by_eviction, CT_REASON_OVERLOAD },
		{ by_fins, CT_REASON_NONE },      { by_reset_and_silence, CT_REASON_NONE },
		{ by_reset_and_end, CT_REASON_NONE },
	};
	(void)state;
	for (unsigned w = 0; w < sizeof ways / sizeof ways[0]; w++)
		for (enum dp_made_stage stage = 0; stage < DP_MADE_STAGES; stage++) {
			struct dp_test t;
			struct dp_test_conn c = dp_test_conn(1);
			dp_test_init(&t);
			t.config.memory.flows = 16;
			t.config.memory.messages = 32;
			dp_test_open(&t);
			dp_made_session(&t, &c, stage);
			ways[w].end(&t, &c);
			assert_true(dp_test_count(&t, CT_MESSAGE) >= 1);
			bool complete = stage == DP_MADE_AFTER_DOT;
			enum ct_reason reason = complete ? CT_REASON_NONE : ways[w].reason;
			if ((stage == DP_MADE_IN_CONTENT || stage == DP_MADE_AFTER_DATA) && reason == CT_REASON_NONE)
				reason = CT_REASON_GAP;
			dp_test_verdict(&t, 0, reason ? CT_UNSCANNED : CT_CLEAN, reason, complete);
			assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.delivered == CT_DELIVERED_YES,
					 0);
			dp_test_close(&t);
		}
}

/* The capture lost the content, its end with it; the server has accepted the message. */
static void test_accepted_but_not_seen(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 4; way++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		dp_test_begin(&t);
		dp_made_session(&t, &c, DP_MADE_AFTER_RCPT);
		if (way & 1)
			c.seq[0] += 6; /* DATA is lost, too */
		else
			dp_test_say(&t, &c, 0, "DATA\r\n");
		dp_test_say(&t, &c, 1, "354 go on\r\n");
		if (way & 2)
			dp_test_say(&t, &c, 0, "Subject: a beginning\r\n\r\n");
		c.seq[0] += 5000;
		dp_test_say(&t, &c, 1, "250 accepted\r\n");
		dp_test_say(&t, &c, 0, "QUIT\r\n");
		dp_test_say(&t, &c, 1, "221 bye\r\n");
		dp_test_fins(&t, &c);
		dp_test_lull(&t);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_GAP, false);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.delivered, CT_DELIVERED_YES);
		dp_test_close(&t);
	}
}

/* All that followed RCPT was lost, the server's replies too; then both sides went on. */
static void test_lost_both_ways(void **state)
{
	(void)state;
	for (unsigned quit = 0; quit < 2; quit++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		dp_test_begin(&t);
		dp_test_greet(&t, &c);
		dp_test_say(&t, &c, 0, "MAIL FROM:<anna@example.org>\r\n");
		dp_test_say(&t, &c, 1, "250 ok\r\n");
		dp_test_say(&t, &c, 0, "RCPT TO:<bela@example.com>\r\n");
		c.seq[0] += 5000;
		c.seq[1] += 200;
		dp_test_say(&t, &c, 0, quit ? "QUIT\r\n" : "RSET\r\n");
		dp_test_say(&t, &c, 1, quit ? "221 bye\r\n" : "250 ok\r\n");
		dp_test_fins(&t, &c);
		dp_test_lull(&t);
		dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_GAP, false);
		dp_test_close(&t);
	}
}

/* A hole inside the content. */
static void test_gap(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_made_mail(&mail, "nothing in it at all, but long enough", 37);
	dp_test_begin(&t);
	for (size_t lost = 1; lost + 1 < mail.n; lost += 7) {
		struct dp_test_conn c = dp_test_conn((unsigned)lost);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		dp_test_bytes(&t, &c, 0, mail.p, lost);
		c.seq[0]++;
		dp_test_bytes(&t, &c, 0, mail.p + lost + 1, mail.n - lost - 1);
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		dp_test_lull(&t);
		dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_GAP, true);
		assert_int_equal(dp_test_count(&t, CT_ANOMALY), 1);
		const struct ct_anomaly *a = &dp_test_nth(&t, CT_ANOMALY, 0)->rec.u.anomaly;
		assert_string_equal(a->event, "stream.reassembly_seq_gap");
		assert_true(a->to_server && !a->contradicts);
		dp_test_forget(&t);
	}
	assert_true(t.worker->stats.tcp_gaps > 0);
	dp_text_free(&mail);
	dp_test_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_in_the_middle),
		cmocka_unit_test(test_accepted_but_not_seen),
		cmocka_unit_test(test_lost_both_ways),
		cmocka_unit_test(test_gap),
	};
	return cmocka_run_group_tests_name("dp_conn_end", tests, dp_test_eal, dp_test_eal_stop);
}
