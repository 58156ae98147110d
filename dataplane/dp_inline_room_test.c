/* SPDX-License-Identifier: Apache-2.0 */
/* What finds no room: nothing goes on unread for it. */
#include <rte_mempool.h>

#include "dataplane/dp_inline_seen.h"

static void no_runs(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_hostage h;
	dp_seen_init(&s);
	dp_seen_open_greeted(&s);
	dp_hostage_take(&h, &s.t.worker->runs, 0);
	uint32_t at = s.c.seq[0];
	dp_test_say(&s.t, &s.c, 0, "MAIL FROM:<anna@example.org>\r\n");
	assert_int_equal(s.t.nsent, 0);
	assert_int_equal(dp_seen_dropped(&s, DP_DROP_NO_ROOM), 1);
	dp_hostage_free(&h);
	s.c.seq[0] = at;
	dp_test_say(&s.t, &s.c, 0, "MAIL FROM:<anna@example.org>\r\n");
	assert_int_equal(s.t.nsent, 1);
	dp_seen_close(&s);
}

/* A reply that comes early and cannot be kept for the reader. */
static void no_segments(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_hostage h;
	dp_seen_init(&s);
	dp_seen_open_greeted(&s);
	dp_test_say(&s.t, &s.c, 0, "MAIL FROM:<anna@example.org>\r\n");
	dp_test_forget_sent(&s.t);
	dp_hostage_take(&h, &s.t.worker->segments, 0);
	s.c.seq[1] += 4;
	dp_test_say(&s.t, &s.c, 1, "2.1.0 Ok\r\n");
	assert_int_equal(s.t.nsent, 0);
	assert_int_equal(dp_seen_dropped(&s, DP_DROP_NO_ROOM), 1);
	dp_hostage_free(&h);
	s.c.seq[1] -= 14;
	dp_test_say(&s.t, &s.c, 1, "250 2.1.0 Ok\r\n");
	assert_int_equal(s.t.nsent, 1);
	dp_seen_close(&s);
}

static void not_watched(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_hostage h;
	dp_seen_begin(&s);
	dp_hostage_take(&h, &s.t.worker->inlines, 0);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN, s.c.seq[0], NULL, 0);
	assert_int_equal(s.t.nsent, 0);
	assert_int_equal(s.t.worker->stats.inlines_refused, 1);
	dp_hostage_free(&h);
	dp_test_greet(&s.t, &s.c);
	assert_int_equal(s.t.nsent, s.t.frames - 1);
	dp_seen_close(&s);
}

static void not_answered(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_hostage h;
	dp_seen_begin(&s);
	dp_hostage_take(&h, &s.t.worker->replies, 0);
	dp_seen_refuse(&s);
	assert_int_equal(s.t.worker->stats.answers_refused, 1);
	dp_seen_expect_resets(&s, 2, 1);
	struct dp_text server = dp_seen_at_server(&s);
	assert_int_equal(server.n, s.c.seq[0] - s.first - 2);
	dp_text_free(&server);
	dp_hostage_free(&h);
	dp_seen_close(&s);
}

/* A clean mail, of which nothing could be kept: not delivered as if it were judged. */
static void unjudged(struct dp_seen *s, bool records)
{
	struct dp_hostage h;
	struct dp_text mail = { 0 };
	dp_seen_open(s);
	dp_test_greet(&s->t, &s->c);
	dp_hostage_take(&h, records ? &s->t.worker->inspect.records : &s->t.worker->inspect.messages, 0);
	dp_test_envelope(&s->t, &s->c);
	dp_made_mail(&mail, "nothing in it", 13);
	dp_test_bytes(&s->t, &s->c, 0, mail.p, mail.n);
	dp_test_say(&s->t, &s->c, 0, ".\r\n");
	struct dp_text server = dp_seen_at_server(s);
	bool passes = s->t.config.policy[CT_REASON_OVERLOAD] == CT_POLICY_PASS;
	assert_int_equal(server.n, s->c.seq[0] - s->first - (passes ? 0 : 2));
	if (!passes)
		dp_seen_expect(s, "451 4.7.1 ");
	dp_test_end(&s->t);
	assert_int_equal(dp_test_account(&s->t).unscanned[CT_REASON_OVERLOAD], 1);
	dp_hostage_free(&h);
	dp_seen_close(s);
	dp_text_free(&server);
	dp_text_free(&mail);
}

static void no_messages(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct dp_seen s;
		dp_seen_init(&s);
		s.t.config.policy[CT_REASON_OVERLOAD] = i & 1 ? CT_POLICY_PASS : CT_POLICY_TEMPFAIL;
		unjudged(&s, i & 2);
	}
}

static void no_sessions(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct dp_seen s;
		struct dp_hostage h;
		dp_seen_init(&s);
		s.t.config.policy[CT_REASON_OVERLOAD] = i ? CT_POLICY_PASS : CT_POLICY_TEMPFAIL;
		dp_seen_open(&s);
		dp_hostage_take(&h, &s.t.worker->inspect.sessions, 0);
		dp_test_shake(&s.t, &s.c);
		dp_test_say(&s.t, &s.c, 0, "EHLO client.example.org\r\n");
		struct dp_text server = dp_seen_at_server(&s);
		assert_int_equal(server.n, i ? 25 : 0);
		dp_seen_expect_resets(&s, i ? 0 : 1, i ? 0 : 1);
		dp_text_free(&server);
		dp_hostage_free(&h);
		dp_seen_close(&s);
	}
}

/* The port takes nothing: what was forwarded and what is ours is counted as it became. */
static void port_is_full(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	s.t.port_full = true;
	dp_seen_refuse(&s);
	struct ct_account a = dp_test_account(&s.t);
	assert_int_equal(a.dropped[DP_DROP_FULL] + a.held + a.consumed, s.t.frames);
	assert_int_equal(a.sent, 0);
	assert_true(s.t.worker->stats.injected_lost >= 3);
	s.t.port_full = false;
	/* Its repetition makes good what was lost. */
	s.c.seq[0] -= 3;
	dp_test_say(&s.t, &s.c, 0, ".\r\n");
	dp_seen_expect(&s, "554 ");
	dp_seen_close(&s);
}

static void no_mbufs(void **state)
{
	(void)state;
	static struct rte_mbuf *all[4096];
	struct dp_seen s;
	struct dp_text mail = { 0 };
	unsigned n = 0;
	dp_seen_begin(&s);
	dp_made_infected(&mail);
	dp_test_greet(&s.t, &s.c);
	dp_test_envelope(&s.t, &s.c);
	dp_test_bytes(&s.t, &s.c, 0, mail.p, mail.n);
	while (rte_mempool_avail_count(s.t.mbufs) > 1)
		all[n++] = rte_pktmbuf_alloc(s.t.mbufs);
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &s.c, 0, ".\r\n");
	/* Neither the cut segment nor the resets. For the answer there is one: the held segment's own. */
	assert_int_equal(dp_seen_ours(&s, DP_INSIDE), 0);
	assert_true(s.t.worker->stats.injected_lost >= 2);
	struct dp_text server = dp_seen_at_server(&s);
	assert_int_equal(server.n, 0);
	dp_text_free(&server);
	rte_pktmbuf_free_bulk(all, n);
	s.c.seq[0] -= 3;
	dp_test_say(&s.t, &s.c, 0, ".\r\n");
	dp_seen_expect(&s, "554 ");
	dp_test_tick(&s.t, 1);
	assert_true(dp_seen_resets(&s, DP_INSIDE) > 0);
	dp_text_free(&mail);
	dp_seen_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_runs),
		cmocka_unit_test(no_segments),
		cmocka_unit_test(not_watched),
		cmocka_unit_test(not_answered),
		cmocka_unit_test(no_messages),
		cmocka_unit_test(no_sessions),
		cmocka_unit_test(port_is_full),
		cmocka_unit_test(no_mbufs),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
