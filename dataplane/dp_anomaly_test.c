/* SPDX-License-Identifier: Apache-2.0 */
/* Anomalies of packets: told once, with both places; no message that they may have touched is clean. */
#include "dataplane/dp_anomaly.h"
#include "dataplane/dp_made.h"
#include "dataplane/dp_test.h"

static const struct rs_contradiction seen = { .at = 12, .off = 10, .len = 5, .seen_off = 4, .seen_len = 9 };

static struct dp_flow *begin(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_begin(t);
	*c = dp_test_conn(1);
	dp_test_greet(t, c);
	return dp_flow_any(&t->worker->flows);
}

static void send_mail(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_envelope(t, c);
	dp_test_say(t, c, 0, "Subject: x\r\n\r\ntext\r\n");
	dp_test_accept(t, c);
}

static void told_once_with_both_places(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c;
	struct dp_flow *f = begin(&t, &c);
	dp_test_envelope(&t, &c);
	for (unsigned i = 0; i < 3; i++)
		dp_anomaly_flow(t.worker, f, f->client, DP_ANOMALY_OVERLAP, &seen);
	dp_test_say(&t, &c, 0, "Subject: x\r\n\r\ntext\r\n");
	dp_test_accept(&t, &c);
	assert_int_equal(dp_test_count(&t, CT_ANOMALY), 1);
	const struct ct_anomaly *a = &dp_test_nth(&t, CT_ANOMALY, 0)->rec.u.anomaly;
	assert_string_equal(a->event, "stream.reassembly_overlap_different_data");
	assert_string_equal(a->type, "stream");
	assert_true(a->contradicts && a->to_server && a->at == 12 && a->offset == 10 && a->length == 5);
	assert_true(a->seen_offset == 4 && a->seen_length == 9);
	dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_MALFORMED, true);
	assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), a->event));
	assert_int_equal(t.worker->stats.anomalies[DP_ANOMALY_OVERLAP], 3);
	/* What came before it, and what comes after it, is another message's. */
	send_mail(&t, &c);
	dp_test_verdict(&t, 1, CT_CLEAN, CT_REASON_NONE, true);
	dp_test_close(&t);
}

static void between_messages_it_is_the_next_ones(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c;
	struct dp_flow *f = begin(&t, &c);
	send_mail(&t, &c);
	dp_anomaly_flow(t.worker, f, f->client, DP_ANOMALY_OVERLAP, &seen);
	send_mail(&t, &c);
	send_mail(&t, &c);
	dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
	dp_test_verdict(&t, 1, CT_UNSCANNED, CT_REASON_MALFORMED, true);
	dp_test_verdict(&t, 2, CT_CLEAN, CT_REASON_NONE, true);
	/* No message follows: one is counted for what may have been one. */
	dp_anomaly_flow(t.worker, f, f->client, DP_ANOMALY_URGENT, NULL);
	dp_test_end(&t);
	dp_test_verdict(&t, 3, CT_UNSCANNED, CT_REASON_MALFORMED, false);
	dp_test_close(&t);
}

static void what_deceives_nobody_leaves_it_clean(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c;
	struct dp_flow *f = begin(&t, &c);
	dp_test_envelope(&t, &c);
	dp_anomaly_flow(t.worker, f, !f->client, DP_ANOMALY_RST, NULL);
	dp_test_say(&t, &c, 0, "Subject: x\r\n\r\ntext\r\n");
	dp_test_accept(&t, &c);
	dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
	assert_int_equal(dp_test_count(&t, CT_ANOMALY), 1);
	assert_false(dp_test_nth(&t, CT_ANOMALY, 0)->rec.u.anomaly.to_server);
	dp_test_close(&t);
}

static void told_when_the_session_begins(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_begin(&t);
	dp_test_shake(&t, &c);
	struct dp_flow *f = dp_flow_any(&t.worker->flows);
	dp_anomaly_flow(t.worker, f, f->client, DP_ANOMALY_OVERLAP, &seen);
	assert_int_equal(dp_test_count(&t, CT_ANOMALY), 0);
	dp_test_say(&t, &c, 1, "220 mx.example.net ESMTP\r\n");
	assert_int_equal(dp_test_count(&t, CT_ANOMALY), 1);
	dp_test_say(&t, &c, 0, "EHLO a.example.org\r\n");
	dp_test_say(&t, &c, 1, "250 mx.example.net\r\n");
	send_mail(&t, &c);
	dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_MALFORMED, true);
	dp_test_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_once_with_both_places),
		cmocka_unit_test(between_messages_it_is_the_next_ones),
		cmocka_unit_test(what_deceives_nobody_leaves_it_clean),
		cmocka_unit_test(told_when_the_session_begins),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
