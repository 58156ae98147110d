/* SPDX-License-Identifier: Apache-2.0 */
/* Which connection a packet belongs to, and who is the client in it: both ways, one way, found in the middle. */
#include "dataplane/dp_made.h"

static void test_vlan(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (unsigned in_flow = 0; in_flow < 2; in_flow++) {
		struct dp_test t;
		dp_test_init(&t);
		t.config.capture.vlan_in_flow = in_flow;
		dp_test_open(&t);
		/* The same addresses and ports in two networks, in step. */
		struct dp_test_conn a = dp_test_conn(1), b = dp_test_conn(1);
		a.nvlan = b.nvlan = 2;
		a.vlan[0] = b.vlan[0] = 100;
		a.vlan[1] = 10;
		b.vlan[1] = 20;
		b.seq[0] = 5000;
		b.seq[1] = 6000;
		dp_test_greet(&t, &a);
		if (in_flow)
			dp_test_greet(&t, &b);
		dp_test_envelope(&t, &a);
		if (in_flow)
			dp_test_envelope(&t, &b);
		for (size_t at = 0; at < mail.n; at += 90) {
			size_t n = mail.n - at < 90 ? mail.n - at : 90;
			dp_test_bytes(&t, &a, 0, mail.p + at, n);
			if (in_flow)
				dp_test_bytes(&t, &b, 0, mail.p + at, n);
		}
		if (in_flow) {
			dp_test_accept(&t, &b);
			dp_test_fins(&t, &b);
		} else {
			/* One network's tags each way: one connection all the same. */
			a.vlan[1] = 30;
		}
		dp_test_accept(&t, &a);
		dp_test_fins(&t, &a);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), in_flow ? 2 : 1);
		for (unsigned i = 0; i < 1 + in_flow; i++)
			dp_test_verdict(&t, i, CT_INFECTED, CT_REASON_NONE, true);
		assert_int_equal(t.worker->stats.flows, 1 + in_flow);
		const struct ct_flow *f = &dp_test_nth(&t, CT_MESSAGE, 0)->rec.flow;
		assert_int_equal(f->nvlan, in_flow ? 2 : 0);
		if (in_flow) {
			assert_int_equal(f->vlan[0], 100);
			assert_int_equal(f->vlan[1], 20);
		}
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* TCP's client is mail's server: read with the roles as they are spoken. */
static void test_reversed(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (unsigned greets_first = 0; greets_first < 2; greets_first++) {
		struct dp_test t;
		dp_test_begin(&t);
		struct dp_test_conn c = dp_test_conn(1), tcp = c;
		/* c as mail sees it, with who opens the connection as its server. */
		dp_test_segment(&t, &c, 1, RS_TCP_SYN, c.seq[1]++, NULL, 0);
		dp_test_segment(&t, &c, 0, RS_TCP_SYN | RS_TCP_ACK, c.seq[0]++, NULL, 0);
		dp_test_segment(&t, &c, 1, RS_TCP_ACK, c.seq[1], NULL, 0);
		if (greets_first)
			dp_test_say(&t, &c, 1, "220 mx.example.com ESMTP\r\n");
		dp_test_say(&t, &c, 0, "EHLO client.example.org\r\n");
		dp_test_say(&t, &c, 1, "250 mx.example.com\r\n");
		dp_test_deliver(&t, &c, &mail);
		dp_test_fins(&t, &c);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
		const struct ct_flow *f = &dp_test_nth(&t, CT_MESSAGE, 0)->rec.flow;
		assert_int_equal(f->sport, tcp.port[0]);
		assert_int_equal(f->dport, tcp.port[1]);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

static void test_ipv6(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	dp_made_infected(&mail);
	dp_test_begin(&t);
	c.v6 = true;
	dp_test_mail(&t, &c, &mail, 50, 0);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.flow.ip_version, 6);
	assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.flow.src[0], 0x20);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* The server's side may be caught first, or the client's alone. */
static void test_one_way(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	dp_test_begin(&t);
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0]++, NULL, 0);
	dp_test_say(&t, &c, 0, "EHLO client\r\n");
	dp_test_say(&t, &c, 0, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
	dp_test_bytes(&t, &c, 0, mail.p, mail.n);
	dp_test_say(&t, &c, 0, ".\r\nQUIT\r\n");
	dp_test_end(&t);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.delivered, CT_DELIVERED_UNKNOWN);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* Found in the middle: from its next MAIL on, whichever side speaks first. */
static void test_midstream(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (unsigned way = 0; way < 2; way++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		dp_test_begin(&t);
		if (way)
			dp_test_say(&t, &c, 1, "250 ok\r\n");
		else
			dp_test_say(&t, &c, 0, "the end of some content\r\n.\r\n");
		dp_test_say(&t, &c, 1, "250 ok\r\n");
		dp_test_deliver(&t, &c, &mail);
		dp_test_fins(&t, &c);
		size_t n = dp_test_count(&t, CT_MESSAGE);
		dp_test_verdict(&t, n - 1, CT_INFECTED, CT_REASON_NONE, true);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, n - 1)->rec.flow.sport, 10001);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_reversed),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_midstream),
	};
	return cmocka_run_group_tests_name("dp_conn", tests, dp_test_eal, dp_test_eal_stop);
}
