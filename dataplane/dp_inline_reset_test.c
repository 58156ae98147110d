/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends are reset: again, for a lost one, at the same numbers; and nothing else is kept of the connection. */
#include "dataplane/dp_inline_seen.h"
#include "dataplane/dp_inline_state.h"

static void open_greeted(struct dp_seen *s)
{
	dp_seen_begin(s);
	dp_seen_greet(s);
}

/* The server acknowledges what never went by here. */
static void bypass(struct dp_seen *s, struct dp_test_conn c)
{
	c.seq[0] += 10;
	dp_test_segment(&s->t, &c, 1, RS_TCP_ACK, c.seq[1], NULL, 0);
}

/* What the ends are told now: the same as `first`, or nothing. */
static void expect_again(struct dp_seen *s, const struct dp_sent *first, size_t n, bool again)
{
	dp_test_forget_sent(&s->t);
	dp_test_tick(&s->t, 1);
	assert_int_equal(s->t.nsent, again ? n : 0);
	for (size_t i = 0; i < s->t.nsent; i++) {
		const struct dp_sent *f = &s->t.sent[i];
		assert_true(f->ours && (f->pkt.tcp_flags & RS_TCP_RST));
		assert_int_equal(f->out, first[i].out);
		assert_int_equal(f->pkt.seq, first[i].pkt.seq);
		assert_int_equal(f->pkt.ack, first[i].pkt.ack);
	}
}

static void expect_repetitions(struct dp_seen *s, size_t n)
{
	struct dp_sent first[4];
	size_t got = 0;
	for (size_t i = 0; i < s->t.nsent; i++)
		if (s->t.sent[i].pkt.tcp_flags & RS_TCP_RST && got < n)
			first[got++] = s->t.sent[i];
	assert_int_equal(got, n);
	assert_int_equal(dp_seen_resets(s, DP_INSIDE) + dp_seen_resets(s, DP_OUTSIDE), n);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(s->t.worker->inlines.used, i < DP_ANSWER_RESETS);
		expect_again(s, first, n, i < DP_ANSWER_RESETS);
	}
}

static void resets_are_repeated(void **state)
{
	(void)state;
	for (unsigned hole = 0; hole < 2; hole++) {
		struct dp_seen s;
		open_greeted(&s);
		/* Closing the server's stream gives up what is missing in it: that must not change the numbers. */
		if (hole)
			dp_test_segment(&s.t, &s.c, 1, RS_TCP_ACK, s.c.seq[1] + 100, "250 ok\r\n", 8);
		dp_test_forget_sent(&s.t);
		bypass(&s, s.c);
		assert_int_equal(dp_seen_one(&s, DP_INSIDE, RS_TCP_RST)->pkt.seq, s.c.seq[0]);
		assert_int_equal(dp_seen_one(&s, DP_INSIDE, RS_TCP_RST)->pkt.ack, s.c.seq[1]);
		assert_int_equal(dp_seen_one(&s, DP_OUTSIDE, RS_TCP_RST)->pkt.seq, s.c.seq[1]);
		expect_repetitions(&s, 2);
		/* Who speaks is told so, then as before. */
		dp_test_say(&s.t, &s.c, 0, "NOOP\r\n");
		assert_int_equal(dp_seen_resets(&s, DP_OUTSIDE), 1);
		dp_seen_close(&s);
	}
}

/* A rule that drops; a refusal that waits for the client's acknowledgement of 354 in vain. What was held is given back at once. */
static void refused_ones_too(void **state)
{
	(void)state;
	for (unsigned waits = 0; waits < 2; waits++) {
		static const char drop[] = "a file with drop-this-one in it";
		struct dp_seen s;
		struct dp_text mail = { 0 };
		open_greeted(&s);
		dp_test_envelope(&s.t, &s.c);
		if (waits)
			dp_made_infected(&mail);
		else
			dp_made_mail(&mail, drop, sizeof drop - 1);
		struct dp_test_conn c = s.c;
		c.seq[1] -= waits ? 11 : 0;
		dp_test_bytes(&s.t, &c, 0, mail.p, mail.n);
		dp_test_forget_sent(&s.t);
		dp_test_say(&s.t, &c, 0, ".\r\n");
		assert_int_equal(dp_test_account(&s.t).held, waits);
		if (waits) {
			dp_test_forget_sent(&s.t);
			dp_test_tick(&s.t, s.t.config.inline_.reply_wait);
			assert_int_equal(s.t.worker->stats.reply_timeouts, 1);
		}
		assert_int_equal(dp_test_account(&s.t).held, 0);
		assert_int_equal(s.t.worker->hold.held, 0);
		assert_int_equal(s.t.worker->runs.used, 0);
		/* The server's at what it acknowledged, and at what it may have. */
		expect_repetitions(&s, 3);
		dp_text_free(&mail);
		dp_seen_close(&s);
	}
}

/* A SYN begins another connection, and that one is left alone. */
static void ports_are_used_again(void **state)
{
	(void)state;
	struct dp_seen s;
	open_greeted(&s);
	bypass(&s, s.c);
	s.c.seq[0] += 1000;
	s.c.seq[1] += 1000;
	dp_test_greet(&s.t, &s.c);
	assert_int_equal(s.t.worker->inlines.used, 1);
	dp_test_forget_sent(&s.t);
	for (unsigned i = 0; i < 4; i++)
		dp_test_tick(&s.t, 1);
	assert_int_equal(s.t.nsent, 0);
	dp_seen_close(&s);
}

/* Two were reset, and there is no more room: the first of them gives way, and whoever speaks of it is still told. */
static void gives_way_to_a_new_one(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_hostage h;
	open_greeted(&s);
	struct dp_test_conn other = dp_test_conn(2), third = dp_test_conn(3);
	dp_test_greet(&s.t, &other);
	dp_hostage_take(&h, &s.t.worker->inlines, 0);
	bypass(&s, s.c);
	bypass(&s, other);
	dp_test_greet(&s.t, &third);
	assert_int_equal(s.t.worker->stats.inlines_refused, 0);
	dp_test_forget_sent(&s.t);
	dp_test_tick(&s.t, 1);
	assert_int_equal(s.t.nsent, 2);
	for (unsigned i = 0; i < 2; i++)
		assert_true(s.t.sent[i].pkt.sport == other.port[0] || s.t.sent[i].pkt.dport == other.port[0]);
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &s.c, 0, "NOOP\r\n");
	assert_int_equal(dp_seen_resets(&s, DP_OUTSIDE), 1);
	assert_int_equal(s.t.nsent, 1);
	dp_hostage_free(&h);
	dp_seen_close(&s);
}

/* It is forgotten before the last repetition: its room is given back all the same. */
static void forgotten_meanwhile(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct dp_seen s;
		dp_seen_init(&s);
		s.t.config.tcp.timeout_closed = i == 0 ? 1 : 30;
		s.t.config.memory.flows = i == 1 ? 1 : s.t.config.memory.flows;
		dp_seen_open(&s);
		dp_test_greet(&s.t, &s.c);
		bypass(&s, s.c);
		assert_int_equal(s.t.worker->inlines.used, 1);
		dp_test_forget_sent(&s.t);
		struct dp_test_conn other = dp_test_conn(2);
		if (i == 0)
			dp_test_tick(&s.t, 1);
		else if (i == 1)
			dp_test_segment(&s.t, &other, 0, RS_TCP_SYN, other.seq[0], NULL, 0);
		else
			dp_test_end(&s.t);
		assert_int_equal(s.t.worker->inlines.used, i == 1);
		assert_int_equal(dp_seen_ours(&s, DP_INSIDE) + dp_seen_ours(&s, DP_OUTSIDE), 0);
		dp_seen_close(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resets_are_repeated), cmocka_unit_test(refused_ones_too),    cmocka_unit_test(ports_are_used_again),
		cmocka_unit_test(gives_way_to_a_new_one), cmocka_unit_test(forgotten_meanwhile),
	};
	return cmocka_run_group_tests_name("dp_inline_reset", tests, dp_test_eal, dp_test_eal_stop);
}
