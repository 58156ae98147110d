/* SPDX-License-Identifier: Apache-2.0 */
/* The same two ports again: a connection anew, its packets seen twice, or a handshake that is none of theirs. */
#include "dataplane/dp_made.h"

static void test_port_reuse(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	dp_test_begin(&t);
	/* After FINs, after a reset, and in the middle of a message that nobody ended. */
	for (unsigned i = 0; i < 9; i++) {
		struct dp_test_conn c = dp_test_conn(7);
		c.seq[0] = 1000000 * i;
		c.seq[1] = 2000000 * i + 5;
		if (i % 3 == 2) {
			dp_made_session(&t, &c, DP_MADE_IN_CONTENT);
			continue;
		}
		dp_test_mail(&t, &c, &mail, 100, 0);
		if (i % 3 == 1) {
			struct dp_test_conn again = dp_test_conn(7);
			again.seq[0] = 3000000;
			dp_made_session(&t, &again, DP_MADE_IN_CONTENT);
			dp_test_segment(&t, &again, 0, RS_TCP_RST, again.seq[0], NULL, 0);
		}
	}
	dp_test_end(&t);
	const struct ct_account *a = t.worker->account;
	assert_int_equal(a->verdict[CT_INFECTED], 6);
	assert_int_equal(a->seen, 6 + 3 + 3);
	assert_int_equal(t.worker->stats.flows, 12);
	/* Each connection's records are numbered from 0, and have an id of their own. */
	for (size_t i = 0; i < t.nfound; i++)
		for (size_t k = 0; k < i; k++)
			if (t.found[i].rec.flow.id == t.found[k].rec.flow.id) {
				assert_int_equal(t.found[i].rec.flow.first_seq, t.found[k].rec.flow.first_seq);
				assert_int_not_equal(t.found[i].rec.n, t.found[k].rec.n);
			}
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* All of its packets once more, after its end, three times: it was one session. Without timestamps, or with later ones, nobody knows: each
 * time it is read. */
static void test_seen_again(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_mail(&mail, "nothing in it", 13);
	for (unsigned way = 0; way < 4; way++) {
		bool known = way < 2;
		struct dp_test t;
		dp_test_begin(&t);
		for (unsigned k = 0; k < 4; k++) {
			struct dp_test_conn c = dp_test_conn(7);
			c.timestamps = way != 2;
			c.tsval[0] = 0xfffffffe;
			c.tsval[1] = 5000 + (way == 3 ? k : 0);
			dp_test_mail(&t, &c, &mail, way ? 1000 : 100, 0);
			dp_test_tick(&t, 1);
		}
		dp_test_end(&t);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), known ? 1 : 4);
		assert_int_equal(dp_test_count(&t, CT_ANOMALY), 0);
		dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
		assert_int_equal(t.worker->stats.flows, known ? 1 : 4);
		/* Of one whose SYN was taken for a copy's the timestamps are not agreed upon. */
		assert_int_equal(t.worker->stats.flows_repeated, known ? 1 : way == 3 ? 2 : 0);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

enum anew { OTHER_ANSWER, LATER_ANSWER, NO_ANSWER, CLIENT_ALONE, DATA_IN_SYN, A_MINUTE_LATER, ANEWS };

/* The same ports, the same first number and the same timestamps of the client soon after a clean session, but another connection, as the
 * server's number says, or its timestamps, or, where its SYN-ACK was not seen, what is acknowledged of it. */
static void play_anew(struct dp_test *t, struct dp_test_conn c, const struct dp_text *mail, enum anew how)
{
	if (how == LATER_ANSWER)
		c.tsval[1]++;
	else if (how != A_MINUTE_LATER)
		c.seq[1] += 500000;
	else
		dp_test_tick(t, t->config.tcp.timeout_closed + 1);
	if (how == OTHER_ANSWER || how == LATER_ANSWER || how == A_MINUTE_LATER) {
		dp_test_mail(t, &c, mail, 100, 0);
		return;
	}
	static const char early[] = "EHLO x\r\n";
	size_t n = how == DATA_IN_SYN ? sizeof early - 1 : 0;
	dp_test_segment(t, &c, 0, RS_TCP_SYN, c.seq[0], early, n);
	c.seq[0] += 1 + (uint32_t)n;
	if (how == DATA_IN_SYN)
		dp_test_segment(t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1], NULL, 0);
	c.seq[1]++;
	dp_test_segment(t, &c, 0, RS_TCP_ACK, c.seq[0], NULL, 0);
	if (how == CLIENT_ALONE) {
		dp_test_say(t, &c, 0, "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n");
		dp_test_bytes(t, &c, 0, mail->p, mail->n);
		dp_test_say(t, &c, 0, ".\r\nQUIT\r\n");
		return;
	}
	dp_test_say(t, &c, 1, "220 mx\r\n");
	if (how == NO_ANSWER)
		dp_test_say(t, &c, 0, early);
	dp_test_say(t, &c, 1, "250 mx\r\n");
	dp_test_deliver(t, &c, mail);
	dp_test_fins(t, &c);
}

static void test_same_number_anew(void **state)
{
	(void)state;
	struct dp_text mail = { 0 }, bad = { 0 };
	dp_made_mail(&mail, "nothing in it", 13);
	dp_made_infected(&bad);
	for (enum anew how = 0; how < ANEWS; how++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(7);
		c.timestamps = true;
		c.tsval[0] = c.tsval[1] = 5000;
		dp_test_begin(&t);
		struct dp_test_conn first = c;
		dp_test_mail(&t, &first, &mail, 100, 0);
		dp_test_tick(&t, 1);
		play_anew(&t, c, &bad, how);
		dp_test_end(&t);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 2);
		dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 1)->rec.u.message.verdict, CT_INFECTED);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
	dp_text_free(&bad);
}

/* A handshake in the middle of a message. goes_on: its sender goes on as if there had been none, for it reached nobody; else
 * behind it. */
static void play_second_handshake(struct dp_test *t, const struct dp_text *mail, uint32_t isn, uint32_t peer, bool goes_on)
{
	struct dp_test_conn c = dp_test_conn(7), other = dp_test_conn(7);
	other.seq[0] = isn;
	other.seq[1] = peer;
	dp_test_greet(t, &c);
	dp_test_envelope(t, &c);
	dp_test_bytes(t, &c, 0, mail->p, 100);
	if (goes_on) {
		dp_test_shake(t, &other);
		dp_test_bytes(t, &c, 0, mail->p + 100, mail->n - 100);
		dp_test_accept(t, &c);
		dp_test_fins(t, &c);
	} else {
		dp_test_mail(t, &other, mail, 100, 0);
	}
	dp_test_end(t);
}

static void test_second_handshake(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	struct dp_test_conn first = dp_test_conn(7);
	for (unsigned i = 0; i < 12; i++) {
		static const uint32_t far[3] = { 0x70000000, 20000, 0x80000000 };
		bool goes_on = i & 1, same_peer = i / 2 & 1;
		struct dp_test t;
		dp_test_begin(&t);
		play_second_handshake(&t, &mail, first.seq[0] + far[i / 4], first.seq[1] + (same_peer ? 0 : 0x60000000), goes_on);
		if (!goes_on)
			dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_GAP, false);
		dp_test_verdict(&t, !goes_on, CT_INFECTED, CT_REASON_NONE, true);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), goes_on ? 1 : 2);
		assert_int_equal(t.worker->stats.flows, goes_on ? 1 : 2);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* Two or three SYNs, each answered, the last ones with other numbers; then the session with those of one of them. decoys: before it, data
 * of both sides in the others' numbers. */
static void play_answered(struct dp_test *t, const struct dp_text *mail, unsigned n, unsigned goes_on, uint32_t by, bool decoys)
{
	struct dp_test_conn all[3];
	for (unsigned i = 0; i < n; i++) {
		all[i] = dp_test_conn(7);
		all[i].seq[0] += i * by;
		all[i].seq[1] += i * by;
		dp_test_segment(t, &all[i], 0, RS_TCP_SYN, all[i].seq[0]++, NULL, 0);
		dp_test_segment(t, &all[i], 1, RS_TCP_SYN | RS_TCP_ACK, all[i].seq[1]++, NULL, 0);
	}
	for (unsigned i = 0; i < n && decoys; i++) {
		if (i == goes_on)
			continue;
		dp_test_say(t, &all[i], 1, "220 nobody\r\n");
		dp_test_say(t, &all[i], 0, "EHLO nobody\r\n");
	}
	struct dp_test_conn *c = &all[goes_on];
	dp_test_segment(t, c, 0, RS_TCP_ACK, c->seq[0], NULL, 0);
	dp_test_say(t, c, 1, "220 mx.example.com ESMTP\r\n");
	dp_test_say(t, c, 0, "EHLO client.example.org\r\n");
	dp_test_say(t, c, 1, "250 mx.example.com\r\n");
	dp_test_deliver(t, c, mail);
	dp_test_fins(t, c);
	dp_test_end(t);
}

static void test_answered_twice(void **state)
{
	(void)state;
	struct dp_text bad = { 0 }, good = { 0 };
	dp_made_infected(&bad);
	dp_made_mail(&good, "nothing in it", 13);
	static const uint32_t by[] = { 0x30000000, 100000, 600, (uint32_t)-600 };
	for (unsigned i = 0; i < 2 * 4 * 5 * 2; i++) {
		bool infected = i & 1, decoys = i / 2 & 1;
		unsigned n = i / 4 % 5 < 2 ? 2 : 3, goes_on = n == 2 ? i / 4 % 5 : i / 4 % 5 - 2;
		struct dp_test t;
		dp_test_begin(&t);
		play_answered(&t, infected ? &bad : &good, n, goes_on, by[i / 20], decoys && by[i / 20] == by[0]);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		dp_test_verdict(&t, 0, infected ? CT_INFECTED : CT_CLEAN, CT_REASON_NONE, true);
		assert_true(dp_test_count(&t, CT_ANOMALY) > 0);
		dp_test_close(&t);
	}
	dp_text_free(&bad);
	dp_text_free(&good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_port_reuse),
		cmocka_unit_test(test_seen_again),
		cmocka_unit_test(test_same_number_anew),
		cmocka_unit_test(test_second_handshake),
		cmocka_unit_test(test_answered_twice),
	};
	return cmocka_run_group_tests_name("dp_conn_anew", tests, dp_test_eal, dp_test_eal_stop);
}
