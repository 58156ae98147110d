/* SPDX-License-Identifier: Apache-2.0 */
/* Overlaps through a worker: which copy is read, by the receiver's address; what contradicts; what is remembered for that. */
#include <rte_mempool.h>

#include "dataplane/dp_causal.h"
#include "dataplane/dp_inline_seen.h"

static void set_receivers(struct dp_test *t, const char *prefix, enum rs_overlap_policy policy)
{
	enum rs_overlap_policy before;
	assert_int_equal(ct_receivers_add(&t->config.receivers, prefix, policy, &before), 0);
}

/* Two senders, of equal extent and length, behind a hole. */
static void ambiguous(struct dp_test *t, struct dp_test_conn *c)
{
	uint32_t at = c->seq[0];
	dp_test_segment(t, c, 0, RS_TCP_ACK, at + 1, "AIL FROM:<first@example.org>\r\n", 30);
	dp_test_segment(t, c, 0, RS_TCP_ACK, at + 1, "AIL FROM:<other@example.org>\r\n", 30);
	dp_test_bytes(t, c, 0, "M", 1);
	c->seq[0] += 30;
	dp_test_say(t, c, 1, "250 2.1.0 Ok\r\n");
}

static void the_receivers_address_says_which_copy_is_read(void **state)
{
	(void)state;
	static const struct {
		const char *prefix;
		enum rs_overlap_policy policy;
		const char *sender;
	} cases[] = {
		{ NULL, 0, "first@example.org" }, /* linux */
		{ "192.0.2.0/24", RS_OVERLAP_LAST, "other@example.org" },
		{ "192.0.2.25", RS_OVERLAP_SOLARIS, "other@example.org" },
		{ "10.0.0.0/8", RS_OVERLAP_LAST, "first@example.org" }, /* the sender's own address says nothing */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dp_test t;
		dp_test_init(&t);
		if (cases[i].prefix)
			set_receivers(&t, cases[i].prefix, cases[i].policy);
		dp_test_open(&t);
		struct dp_test_conn c = dp_test_conn(1);
		dp_test_greet(&t, &c);
		ambiguous(&t, &c);
		dp_test_fins(&t, &c);
		dp_test_check(&t);
		assert_int_equal(t.worker->stats.contradictions, 1);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), cases[i].sender));
		assert_int_equal(dp_test_count(&t, CT_ANOMALY), 1);
		dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_MALFORMED, false);
		ct_receivers_clear(&t.config.receivers, cases[i].policy);
		dp_test_close(&t);
	}
}

static void what_was_read_is_compared(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_greet(&t, &c);
	uint32_t at = c.seq[0];
	dp_test_say(&t, &c, 0, "MAIL FROM:<first@example.org>\r\n");
	dp_test_segment(&t, &c, 0, RS_TCP_ACK, at, "MAIL FROM:<first@example.org>\r\n", 31);
	assert_int_equal(t.worker->stats.contradictions, 0);
	dp_test_segment(&t, &c, 0, RS_TCP_ACK, at + 11, "other", 5);
	assert_int_equal(t.worker->stats.contradictions, 1);
	/* The server's bytes likewise. */
	at = c.seq[1];
	dp_test_say(&t, &c, 1, "250 2.1.0 Ok\r\n");
	dp_test_segment(&t, &c, 1, RS_TCP_ACK, at, "550 5.1.0 No\r\n", 14);
	assert_int_equal(t.worker->stats.contradictions, 2);
	/* Acknowledged, who knows by whom: for as long as an honest sender waits before he repeats. */
	at = c.seq[0];
	dp_test_say(&t, &c, 0, "NOOP\r\n");
	dp_test_say(&t, &c, 1, "250 2.0.0 Ok\r\n");
	dp_test_segment(&t, &c, 0, RS_TCP_ACK, at, "NOOP\r\n", 6);
	assert_int_equal(t.worker->stats.contradictions, 2);
	for (unsigned i = 0; i < DP_CAUSAL_LATE; i++) {
		t.time += t.config.tcp.out_of_step * UINT64_C(900000);
		dp_test_segment(&t, &c, 0, RS_TCP_ACK, at, "HELP\r\n", 6);
		assert_int_equal(t.worker->stats.contradictions, 3 + i);
	}
	/* A keep-alive's garbage says nothing. */
	t.time += UINT64_C(1000000000);
	dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0] - 1, "?", 1);
	assert_int_equal(t.worker->stats.contradictions, 2 + DP_CAUSAL_LATE);
	assert_int_equal(t.worker->stats.not_compared, 0);
	dp_test_fins(&t, &c);
	assert_int_equal(t.worker->streams.kept, 0);
	assert_int_equal(rte_mempool_in_use_count(t.mbufs), 0);
	dp_test_close(&t);
}

static void what_is_not_remembered_is_said(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_init(&t);
	t.config.tcp.remember = 2;
	dp_test_open(&t);
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_greet(&t, &c);
	uint32_t at = c.seq[0];
	dp_test_say(&t, &c, 0, "MAIL FROM:<");
	dp_test_say(&t, &c, 0, "first@");
	dp_test_say(&t, &c, 0, "example.org>\r\n");
	assert_int_equal(t.worker->streams.forgotten, 1);
	dp_test_segment(&t, &c, 0, RS_TCP_ACK, at + 11, "first", 5);
	assert_int_equal(t.worker->stats.not_compared, 0);
	dp_test_segment(&t, &c, 0, RS_TCP_ACK, at, "MAIL", 4);
	assert_int_equal(t.worker->stats.not_compared, 1);
	dp_test_fins(&t, &c);
	dp_test_close(&t);
}

/* Between two ports the client gets one version only of what the server says. */
static void a_servers_contradiction_does_not_go_on(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	dp_test_greet(&s.t, &s.c);
	dp_seen_client(&s, RS_TCP_ACK, 0);
	dp_test_say(&s.t, &s.c, 0, "MAIL FROM:<anna@example.org>\r\n");
	uint32_t at = s.c.seq[1];
	dp_test_say(&s.t, &s.c, 1, "250 2.1.0 Ok\r\n");
	dp_test_forget_sent(&s.t);
	dp_test_segment(&s.t, &s.c, 1, RS_TCP_ACK, at, "550 5.1.0 No\r\n", 14);
	/* Its FIN counts as little as its bytes do. */
	dp_test_segment(&s.t, &s.c, 1, RS_TCP_ACK | RS_TCP_FIN, at, "550 5.1.0 No\r\n", 14);
	/* Out of order, too. */
	dp_test_segment(&s.t, &s.c, 1, RS_TCP_ACK, at + 20, "abc", 3);
	dp_test_segment(&s.t, &s.c, 1, RS_TCP_ACK, at + 19, "?xbc", 4);
	assert_int_equal(s.t.nsent, 1);
	assert_int_equal(dp_test_account(&s.t).dropped[DP_DROP_CONTRADICTION], 3);
	assert_int_equal(s.t.worker->stats.contradictions, 3);
	assert_int_equal(s.t.worker->streams.kept, 1);
	/* The same again goes on. */
	dp_test_segment(&s.t, &s.c, 1, RS_TCP_ACK, at, "250 2.1.0 Ok\r\n", 14);
	assert_int_equal(s.t.nsent, 2);
	dp_seen_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_receivers_address_says_which_copy_is_read),
		cmocka_unit_test(what_was_read_is_compared),
		cmocka_unit_test(what_is_not_remembered_is_said),
		cmocka_unit_test(a_servers_contradiction_does_not_go_on),
	};
	return cmocka_run_group_tests_name("dp_overlap", tests, dp_test_eal, dp_test_eal_stop);
}
