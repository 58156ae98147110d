/* SPDX-License-Identifier: Apache-2.0 */
/* What the bytes of a connection are: mail or not, by ports, by the first words, behind a proxy. */
#include <rte_mempool.h>

#include "dataplane/dp_made.h"

static void send_mail_on(struct dp_test *t, struct dp_test_conn *c, const struct dp_text *mail, size_t mss)
{
	static const char *const says[] = { "220 mx ESMTP\r\n",    "EHLO me\r\n", "250 mx\r\n",
					    "MAIL FROM:<a@b>\r\n", "250 ok\r\n",  "RCPT TO:<c@d>\r\n",
					    "250 ok\r\n",          "DATA\r\n",    "354 go\r\n" };
	for (unsigned i = 0; i < sizeof says / sizeof says[0]; i++)
		for (size_t at = 0, n = strlen(says[i]); at < n; at += mss)
			dp_test_bytes(t, c, !(i % 2), says[i] + at, n - at < mss ? n - at : mss);
	for (size_t at = 0; at < mail->n; at += mss)
		dp_test_bytes(t, c, 0, mail->p + at, mail->n - at < mss ? mail->n - at : mss);
	dp_test_accept(t, c);
}

static void test_detection(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (unsigned detect = 0; detect < 2; detect++) {
		struct dp_test t;
		dp_test_init(&t);
		t.config.smtp.detect = detect;
		dp_test_open(&t);
		for (size_t mss = 1; mss < 1000; mss = mss * 3 + 1) {
			struct dp_test_conn c = dp_test_conn((unsigned)mss);
			c.port[1] = 4321;
			dp_test_shake(&t, &c);
			send_mail_on(&t, &c, &mail, mss);
			dp_test_fins(&t, &c);
			assert_int_equal(dp_test_count(&t, CT_MESSAGE), detect);
			if (detect)
				dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
			dp_test_forget(&t);
		}
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* The connection ends; its only message is infected. */
static void end_infected(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_fins(t, c);
	assert_int_equal(dp_test_count(t, CT_MESSAGE), 1);
	dp_test_verdict(t, 0, CT_INFECTED, CT_REASON_NONE, true);
}

/* No handshake and no port tell who is who: the first words do, whichever side's come first. */
static void test_detection_midstream(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (size_t mss = 1; mss < 1000; mss = mss * 3 + 1) {
		struct dp_test t;
		dp_test_begin(&t);
		struct dp_test_conn c = dp_test_conn(1);
		c.port[1] = 4321;
		send_mail_on(&t, &c, &mail, mss);
		end_infected(&t, &c);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.flow.dport, 4321);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* What the server says goes another way: of it only what its client acknowledges is seen. */
static void say_heard(struct dp_test *t, struct dp_test_conn *c, const char *text, size_t mss, const char *answer)
{
	for (size_t at = 0, n = strlen(text); at < n; at += mss)
		dp_test_bytes(t, c, 0, text + at, n - at < mss ? n - at : mss);
	c->seq[1] += (uint32_t)strlen(answer);
	dp_test_segment(t, c, 0, RS_TCP_ACK, c->seq[0], NULL, 0);
}

static void send_one_way(struct dp_test *t, struct dp_test_conn *c, const struct dp_text *mail, size_t mss, bool answered)
{
	dp_test_segment(t, c, 0, RS_TCP_SYN, c->seq[0]++, NULL, 0);
	if (answered)
		dp_test_segment(t, c, 1, RS_TCP_SYN | RS_TCP_ACK, c->seq[1], NULL, 0);
	c->seq[1]++;
	dp_test_segment(t, c, 0, RS_TCP_ACK, c->seq[0], NULL, 0);
	say_heard(t, c, "", mss, "220 mx ESMTP\r\n");
	say_heard(t, c, "EHLO me\r\n", mss, "250 mx\r\n");
	say_heard(t, c, "MAIL FROM:<a@b>\r\n", mss, "250 ok\r\n");
	say_heard(t, c, "RCPT TO:<c@d>\r\n", mss, "250 ok\r\n");
	say_heard(t, c, "DATA\r\n", mss, "354 go\r\n");
	for (size_t at = 0; at < mail->n; at += mss)
		dp_test_bytes(t, c, 0, mail->p + at, mail->n - at < mss ? mail->n - at : mss);
	say_heard(t, c, ".\r\n", mss, "250 ok\r\n");
	say_heard(t, c, "QUIT\r\n", mss, "221 bye\r\n");
	if (answered)
		dp_test_fins(t, c);
}

/* Of the server nothing is seen, or its SYN and its FIN, and its port is not mail's: the client tells what they speak. */
static void test_detection_one_way(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (unsigned how = 0; how < 4; how++)
		/* Of smaller ones no connection may let so many wait. */
		for (size_t mss = 4; mss < 1000; mss = mss * 3 + 1) {
			struct dp_test t;
			struct dp_test_conn c = dp_test_conn(1);
			const bool detect = how & 1;
			dp_test_init(&t);
			t.config.smtp.detect = detect;
			dp_test_open(&t);
			c.port[1] = 4321;
			send_one_way(&t, &c, &mail, mss, how & 2);
			dp_test_end(&t);
			assert_int_equal(dp_test_count(&t, CT_MESSAGE), detect);
			if (detect) {
				dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
				assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.delivered, CT_DELIVERED_UNKNOWN);
			}
			dp_test_close(&t);
		}
	dp_text_free(&mail);
}

/* The server's beginning is missing, and what follows tells nothing. */
static void test_no_beginning(void **state)
{
	(void)state;
	for (size_t before = 0; before < 2; before++) {
		struct dp_test t;
		dp_test_begin(&t);
		struct dp_test_conn c = dp_test_conn(1);
		c.port[1] = 4321;
		dp_test_shake(&t, &c);
		dp_test_bytes(&t, &c, 0, "EH", 2 * before);
		c.seq[1] += 14;
		dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], NULL, 0);
		dp_test_say(&t, &c, 1, "ready\r\n");
		dp_test_say(&t, &c, 0, "LO me\r\n");
		dp_test_lull(&t);
		dp_test_say(&t, &c, 1, "and an answer\r\n");
		dp_test_fins(&t, &c);
		assert_int_equal(t.worker->inspect.stats.sessions, 0);
		assert_int_equal(t.worker->segments.used, 0);
		dp_test_close(&t);
	}
}

static void test_http_connect(void **state)
{
	static const char ask[] = "CONNECT mx.example.com:25 HTTP/1.1\r\nHost: mx\r\nX: \r\r\n\r\n";
	static const char yes[] = "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (size_t mss = 1; mss < 200; mss = mss * 2 + 1) {
		struct dp_test t;
		dp_test_begin(&t);
		struct dp_test_conn c = dp_test_conn(1);
		c.port[1] = 8080;
		dp_test_shake(&t, &c);
		for (size_t at = 0; at + 1 < sizeof ask; at += mss)
			dp_test_bytes(&t, &c, 0, ask + at, sizeof ask - 1 - at < mss ? sizeof ask - 1 - at : mss);
		for (size_t at = 0; at + 1 < sizeof yes; at += mss)
			dp_test_bytes(&t, &c, 1, yes + at, sizeof yes - 1 - at < mss ? sizeof yes - 1 - at : mss);
		send_mail_on(&t, &c, &mail, mss);
		end_infected(&t, &c);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* A load balancer's header stands before the mail. late: how much of it follows the server's greeting. */
static void send_prefaced(struct dp_test *t, const struct dp_text *mail, const char *header, size_t n, size_t mss, size_t late)
{
	struct dp_test_conn c = dp_test_conn((unsigned)mss);
	c.port[1] = 4321;
	dp_test_shake(t, &c);
	for (size_t at = 0; at < n - late; at += mss)
		dp_test_bytes(t, &c, 0, header + at, n - late - at < mss ? n - late - at : mss);
	if (late) {
		dp_test_say(t, &c, 1, "220 mx ESMTP\r\n");
		dp_test_bytes(t, &c, 0, header + n - late, late);
		dp_test_say(t, &c, 0, "NOOP\r\n");
		dp_test_say(t, &c, 1, "250 ok\r\n");
		dp_test_say(t, &c, 0, "MAIL FROM:<a@b>\r\n");
		dp_test_say(t, &c, 1, "250 ok\r\n");
		dp_test_say(t, &c, 0, "DATA\r\n");
		dp_test_say(t, &c, 1, "354 go\r\n");
		dp_test_bytes(t, &c, 0, mail->p, mail->n);
		dp_test_accept(t, &c);
	} else {
		send_mail_on(t, &c, mail, mss);
	}
	end_infected(t, &c);
	assert_int_equal(dp_test_nth(t, CT_MESSAGE, 0)->rec.u.message.delivered, CT_DELIVERED_YES);
}

static void test_proxy_protocol(void **state)
{
	static const char line[] = "PROXY TCP4 192.0.2.1 192.0.2.2 1000 25\r\n";
	static const char binary[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10" "\1\2\3\4\5\6\7\x08\3\xe8\0\x19\x03\0\1a";
	static const char local[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
	static const struct {
		const char *p;
		size_t n, known; /* it is known for what it is behind so many */
	} headers[] = { { line, sizeof line - 1, 6 }, { binary, sizeof binary - 1, 12 }, { local, sizeof local - 1, 12 } };
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (unsigned i = 0; i < 3; i++) {
		for (size_t mss = 1; mss < 60; mss++) {
			struct dp_test t;
			dp_test_begin(&t);
			send_prefaced(&t, &mail, headers[i].p, headers[i].n, mss, 0);
			dp_test_close(&t);
		}
		for (size_t late = 1; late + headers[i].known <= headers[i].n; late++) {
			struct dp_test t;
			dp_test_begin(&t);
			send_prefaced(&t, &mail, headers[i].p, headers[i].n, 7, late);
			dp_test_close(&t);
		}
	}
	dp_text_free(&mail);
}

/* What is not mail holds nothing: no mbuf, no segment, no session. */
static void test_not_mail(void **state)
{
	static const char *const first[] = { "GET / HTTP/1.1\r\n",
					     "SSH-2.0-x\r\n",
					     "\x16\x03\x01\x02\0\1",
					     "220",
					     "22x not a greeting\r\n",
					     "CONNECT no.example:443 HTTP/1.0\r\n\r\n",
					     "QUIT\r\n",
					     "C",
					     "PRO",
					     "PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\nGET / HTTP/1.1\r\n",
					     "PROXY UNKNOWN\r\n\x16\x03\x01\x02",
					     "\r\n\r\nno signature",
					     "CONNECTED\r\n" };
	(void)state;
	for (unsigned detect = 0; detect < 2; detect++) {
		struct dp_test t;
		dp_test_init(&t);
		t.config.smtp.detect = detect;
		dp_test_open(&t);
		for (unsigned i = 0; i < 4 * sizeof first / sizeof first[0]; i++) {
			unsigned from = i % 2;
			const char *text = first[i / 4];
			struct dp_test_conn c = dp_test_conn(i);
			c.port[1] = 443;
			if (i % 4 < 2)
				dp_test_shake(&t, &c);
			for (size_t at = 0; at < strlen(text); at++)
				dp_test_bytes(&t, &c, from, text + at, 1);
			dp_test_bytes(&t, &c, from, "more of the same\r\n", 18);
			dp_test_bytes(&t, &c, !from, "\1\2\3\4\5 and an answer\r\n", 22);
			/* Out of order, on both sides. */
			for (unsigned k = 0; k < 20; k++)
				dp_test_segment(&t, &c, k % 2, RS_TCP_ACK, c.seq[k % 2] + 100 * k, "abcdef", 6);
			assert_int_equal(rte_mempool_in_use_count(t.mbufs), 0);
			assert_int_equal(t.worker->segments.used, 0);
		}
		assert_int_equal(t.worker->inspect.stats.sessions, 0);
		assert_int_equal(t.worker->account[0].seen, 0);
		dp_test_close(&t);
	}
}

/* Data that came with a SYN is held until it is known to be taken; of what turns out not to be mail, too. */
static void test_not_mail_with_data_in_its_syn(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	struct dp_test_conn c = dp_test_conn(1);
	c.port[1] = 443;
	dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0]++, "GET / HTTP/1.1\r\n", 16);
	assert_int_equal(rte_mempool_in_use_count(t.mbufs), 1);
	dp_test_segment(&t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1]++, NULL, 0);
	dp_test_say(&t, &c, 0, "GET / HTTP/1.1\r\n");
	dp_test_say(&t, &c, 1, "HTTP/1.1 200 Ok\r\n");
	assert_int_equal(rte_mempool_in_use_count(t.mbufs), 0);

	/* The server speaks before it has answered: what it says decides. */
	c = dp_test_conn(2);
	c.port[1] = 443;
	dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0], "GET / HTTP/1.1\r\n", 16);
	dp_test_segment(&t, &c, 1, RS_TCP_ACK, 5000, "HTTP/1.1 200 Ok\r\n", 17);
	assert_int_equal(rte_mempool_in_use_count(t.mbufs), 0);
	dp_test_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_detection),
		cmocka_unit_test(test_detection_midstream),
		cmocka_unit_test(test_detection_one_way),
		cmocka_unit_test(test_no_beginning),
		cmocka_unit_test(test_http_connect),
		cmocka_unit_test(test_proxy_protocol),
		cmocka_unit_test(test_not_mail),
		cmocka_unit_test(test_not_mail_with_data_in_its_syn),
	};
	return cmocka_run_group_tests_name("dp_protocol", tests, dp_test_eal, dp_test_eal_stop);
}
