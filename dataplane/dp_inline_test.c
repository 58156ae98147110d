/* SPDX-License-Identifier: Apache-2.0 */
/* Between two ports: what goes on, what is held, what is said in the server's place. */
#include <rte_mempool.h>

#include "dataplane/dp_made.h"

static const char bad[] = "\1\2\3 KERNEL32.dll and advapi32.DLL and the rest of it";

static void make_mail(struct dp_text *mail, const void *p, size_t n)
{
	struct dp_made m;
	dp_made_base64(&m, p, n, NULL);
	dp_made_message(mail, "base64", "x.bin", &m.text);
	dp_made_free(&m);
}

static void open_inline(struct dp_test *t)
{
	dp_test_init(t);
	t->use = DP_USE_INLINE;
	dp_test_open(t);
}

/* The payload that reached the server, as far as it is in one piece. */
static struct dp_text at_server(const struct dp_test *t, uint32_t first)
{
	struct dp_text s = { 0 };
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < t->nsent; i++) {
			const struct dp_sent *f = &t->sent[i];
			if (f->out != DP_INSIDE || !f->pkt.ip_version || f->pkt.tcp_flags & RS_TCP_RST)
				continue;
			uint32_t off = f->pkt.seq - first;
			if ((int32_t)(off - (uint32_t)s.n) <= 0 && (int32_t)(off + f->pkt.payload_len - (uint32_t)s.n) > 0) {
				uint32_t skip = (uint32_t)s.n - off;
				dp_text_put(&s, f->p + f->pkt.payload_off + skip, f->pkt.payload_len - skip);
				more = true;
			}
		}
	}
	dp_text_put(&s, "", 1);
	s.n--;
	return s;
}

/* The text that was said to the client in the server's place. */
static struct dp_text said_to_client(const struct dp_test *t)
{
	struct dp_text s = { 0 };
	for (size_t i = 0; i < t->nsent; i++)
		if (t->sent[i].out == DP_OUTSIDE && t->sent[i].ours && t->sent[i].pkt.payload_len)
			dp_text_put(&s, t->sent[i].p + t->sent[i].pkt.payload_off, t->sent[i].pkt.payload_len);
	dp_text_put(&s, "", 1);
	s.n--;
	return s;
}

static size_t resets(const struct dp_test *t, unsigned out)
{
	size_t n = 0;
	for (size_t i = 0; i < t->nsent; i++)
		n += t->sent[i].out == out && t->sent[i].pkt.ip_version && (t->sent[i].pkt.tcp_flags & RS_TCP_RST);
	return n;
}

/* Everything of a clean mail goes on as it is, at once. */
static void clean_passes(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	make_mail(&mail, "nothing in it", 13);
	open_inline(&t);
	dp_test_mail(&t, &c, &mail, 100, 0);
	assert_int_equal(t.nsent, t.frames);
	for (size_t i = 0; i < t.nsent; i++)
		assert_false(t.sent[i].ours);
	dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
	dp_test_close(&t);
	dp_text_free(&mail);
}

static void infected_is_refused(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	uint32_t first = c.seq[0] + 1;
	make_mail(&mail, bad, sizeof bad - 1);
	open_inline(&t);
	dp_test_greet(&t, &c);
	dp_test_envelope(&t, &c);
	dp_test_bytes(&t, &c, 0, mail.p, mail.n);
	assert_int_equal(t.nsent, t.frames);
	dp_test_say(&t, &c, 0, ".\r\n");
	/* The server acknowledges what it has. */
	struct dp_text server = at_server(&t, first);
	assert_int_equal(server.n, c.seq[0] - first - 2);
	struct dp_text said = said_to_client(&t);
	if (!strstr((char *)said.p, "554 5.7.1 "))
		fail_msg("said: %s", (char *)said.p);
	assert_true(resets(&t, DP_INSIDE) > 0);
	assert_int_equal(resets(&t, DP_OUTSIDE), 0);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "action=reject would=none delivered=2 complete=1 tls=0 reply=554"));
	dp_test_close(&t);
	dp_text_free(&mail);
	dp_text_free(&server);
	dp_text_free(&said);
}

/* The client says it in pieces of so many bytes. */
static void say_in(struct dp_test *t, struct dp_test_conn *c, size_t piece, const char *text)
{
	for (size_t n = strlen(text), k; n > 0; text += k, n -= k) {
		k = n < piece ? n : piece;
		dp_test_bytes(t, c, 0, text, k);
	}
}

/* In several chunks, each answered. */
static void chunks_pass(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 40; piece++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		open_inline(&t);
		dp_test_shake(&t, &c);
		dp_test_say(&t, &c, 1, "220 mx.example.com ESMTP\r\n");
		say_in(&t, &c, piece, "EHLO client.example.org\r\n");
		dp_test_say(&t, &c, 1, "250-mx.example.com\r\n250 CHUNKING\r\n");
		say_in(&t, &c, piece, "MAIL FROM:<anna@example.org>\r\n");
		dp_test_say(&t, &c, 1, "250 2.1.0 Ok\r\n");
		say_in(&t, &c, piece, "RCPT TO:<bela@example.com>\r\n");
		dp_test_say(&t, &c, 1, "250 2.1.5 Ok\r\n");
		say_in(&t, &c, piece, "BDAT 16\r\nSubject: first\r\n");
		dp_test_say(&t, &c, 1, "250 2.0.0 16 octets\r\n");
		say_in(&t, &c, piece, "BDAT 9\r\n\r\nhello\r\n");
		dp_test_say(&t, &c, 1, "250 2.0.0 9 octets\r\n");
		say_in(&t, &c, piece, "BDAT 7 LAST\r\nhello\r\n");
		dp_test_say(&t, &c, 1, "250 2.0.0 queued as 4711\r\n");
		say_in(&t, &c, piece, "QUIT\r\n");
		dp_test_say(&t, &c, 1, "221 bye\r\n");
		dp_test_fins(&t, &c);
		assert_int_equal(t.nsent, t.frames);
		dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
		assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "delivered=1 complete=1 tls=0 reply=250"));
		assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "to0-reply=250 2.1.5 Ok"));
		dp_test_close(&t);
	}
}

/* A server to which CR ends a line answers before the LF has come. */
static void answered_at_cr(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c = dp_test_conn(1);
	open_inline(&t);
	dp_test_shake(&t, &c);
	dp_test_say(&t, &c, 1, "220 mx.example.com ESMTP\r\n");
	static const char *const lines[][2] = {
		{ "EHLO client.example.org\r", "250 mx.example.com\r\n" },
		{ "\nMAIL FROM:<anna@example.org>\r", "250 2.1.0 Ok\r\n" },
		{ "\nRCPT TO:<bela@example.com>\r", "250 2.1.5 Ok\r\n" },
		{ "\nDATA\r", "354 go on\r\n" },
		{ "\nSubject: x\r\n\r\nhello\r\n.\r\n", "250 2.0.0 queued as 4711\r\n" },
		{ "QUIT\r", "221 bye\r\n" },
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		dp_test_say(&t, &c, 0, lines[i][0]);
		dp_test_say(&t, &c, 1, lines[i][1]);
	}
	dp_test_fins(&t, &c);
	assert_int_equal(t.nsent, t.frames);
	dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
	assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "delivered=1 complete=1 tls=0 reply=250"));
	assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "to0-reply=250 2.1.5 Ok"));
	dp_test_close(&t);
}

/* The end of the content, too: the LF that follows is no command. */
static void content_answered_at_cr(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c = dp_test_conn(1);
	open_inline(&t);
	dp_test_greet(&t, &c);
	for (unsigned i = 0; i < 2; i++) {
		dp_test_envelope(&t, &c);
		dp_test_say(&t, &c, 0, "Subject: x\r\n\r\nhello\r\n.\r");
		dp_test_say(&t, &c, 1, "250 2.0.0 queued as 4711\r\n");
		dp_test_say(&t, &c, 0, "\n");
	}
	dp_test_say(&t, &c, 0, "QUIT\r\n");
	dp_test_say(&t, &c, 1, "221 bye\r\n");
	dp_test_fins(&t, &c);
	assert_int_equal(t.nsent, t.frames);
	for (size_t i = 0; i < 2; i++)
		assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, i), "delivered=1 complete=1 tls=0 reply=250"));
	dp_test_close(&t);
}

/* The server took an end after which the client had gone on: where it reads commands since is not known. */
static void content_ended_unseen(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c = dp_test_conn(1);
	open_inline(&t);
	dp_test_greet(&t, &c);
	dp_test_envelope(&t, &c);
	dp_test_say(&t, &c, 0, "Subject: x\r\n\r\nhello\r\n.\nMAI");
	dp_test_say(&t, &c, 1, "250 2.0.0 queued as 4711\r\n");
	dp_test_forget_sent(&t);
	uint32_t behind = c.seq[0];
	dp_test_say(&t, &c, 0, "L FROM:<anna@example.org>\r\nRCPT TO:<bela@example.com>\r\nDATA\r\n");
	struct dp_text server = at_server(&t, behind);
	assert_int_equal(server.n, 0);
	assert_true(resets(&t, DP_INSIDE) > 0);
	assert_int_equal(resets(&t, DP_OUTSIDE), 1);
	dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_GAP, false);
	dp_test_close(&t);
	dp_text_free(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_passes),
		cmocka_unit_test(infected_is_refused),
		cmocka_unit_test(chunks_pass),
		cmocka_unit_test(answered_at_cr),
		cmocka_unit_test(content_answered_at_cr),
		cmocka_unit_test(content_ended_unseen),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
