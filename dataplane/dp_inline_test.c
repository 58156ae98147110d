/* SPDX-License-Identifier: Apache-2.0 */
/* Between two ports: what goes on, what is held, what is said in the server's place. */
#include <rte_mempool.h>

#include "dataplane/dp_inline_seen.h"

/* Everything of a clean mail goes on as it is, at once. */
static void clean_passes(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	dp_made_mail(&mail, "nothing in it", 13);
	dp_seen_begin(&s);
	dp_test_mail(&s.t, &s.c, &mail, 100, 0);
	assert_int_equal(s.t.nsent, s.t.frames);
	for (size_t i = 0; i < s.t.nsent; i++)
		assert_false(s.t.sent[i].ours);
	dp_test_verdict(&s.t, 0, CT_CLEAN, CT_REASON_NONE, true);
	dp_seen_close(&s);
	dp_text_free(&mail);
}

static void infected_is_refused(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	dp_seen_begin(&s);
	dp_test_greet(&s.t, &s.c);
	dp_test_envelope(&s.t, &s.c);
	dp_test_bytes(&s.t, &s.c, 0, mail.p, mail.n);
	assert_int_equal(s.t.nsent, s.t.frames);
	dp_test_say(&s.t, &s.c, 0, ".\r\n");
	/* The server acknowledges what it has. */
	struct dp_text server = dp_seen_at_server(&s);
	assert_int_equal(server.n, s.c.seq[0] - s.first - 2);
	struct dp_text said = dp_seen_said(&s);
	if (!strstr((char *)said.p, "554 5.7.1 "))
		fail_msg("said: %s", (char *)said.p);
	assert_true(dp_seen_resets(&s, DP_INSIDE) > 0);
	assert_int_equal(dp_seen_resets(&s, DP_OUTSIDE), 0);
	dp_test_verdict(&s.t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_true(dp_test_has(dp_test_nth(&s.t, CT_MESSAGE, 0), "action=reject would=none delivered=2 complete=1 tls=0 reply=554"));
	dp_seen_close(&s);
	dp_text_free(&mail);
	dp_text_free(&server);
	dp_text_free(&said);
}

/* The client says it in pieces of so many bytes. */
static void say_in(struct dp_seen *s, size_t piece, const char *text)
{
	for (size_t n = strlen(text), k; n > 0; text += k, n -= k) {
		k = n < piece ? n : piece;
		dp_test_bytes(&s->t, &s->c, 0, text, k);
	}
}

/* Everything went on, and the server's answers are the record's. */
static void expect_delivered(const struct dp_seen *s)
{
	assert_int_equal(s->t.nsent, s->t.frames);
	dp_test_verdict(&s->t, 0, CT_CLEAN, CT_REASON_NONE, true);
	assert_true(dp_test_has(dp_test_nth(&s->t, CT_MESSAGE, 0), "delivered=1 complete=1 tls=0 reply=250"));
	assert_true(dp_test_has(dp_test_nth(&s->t, CT_MESSAGE, 0), "to0-reply=250 2.1.5 Ok"));
}

/* In several chunks, each answered. */
static void chunks_pass(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 40; piece++) {
		struct dp_seen s;
		dp_seen_begin(&s);
		dp_test_shake(&s.t, &s.c);
		dp_test_say(&s.t, &s.c, 1, "220 mx.example.com ESMTP\r\n");
		say_in(&s, piece, "EHLO client.example.org\r\n");
		dp_test_say(&s.t, &s.c, 1, "250-mx.example.com\r\n250 CHUNKING\r\n");
		say_in(&s, piece, "MAIL FROM:<anna@example.org>\r\n");
		dp_test_say(&s.t, &s.c, 1, "250 2.1.0 Ok\r\n");
		say_in(&s, piece, "RCPT TO:<bela@example.com>\r\n");
		dp_test_say(&s.t, &s.c, 1, "250 2.1.5 Ok\r\n");
		say_in(&s, piece, "BDAT 16\r\nSubject: first\r\n");
		dp_test_say(&s.t, &s.c, 1, "250 2.0.0 16 octets\r\n");
		say_in(&s, piece, "BDAT 9\r\n\r\nhello\r\n");
		dp_test_say(&s.t, &s.c, 1, "250 2.0.0 9 octets\r\n");
		say_in(&s, piece, "BDAT 7 LAST\r\nhello\r\n");
		dp_test_say(&s.t, &s.c, 1, "250 2.0.0 queued as 4711\r\n");
		say_in(&s, piece, "QUIT\r\n");
		dp_test_say(&s.t, &s.c, 1, "221 bye\r\n");
		dp_test_fins(&s.t, &s.c);
		expect_delivered(&s);
		dp_seen_close(&s);
	}
}

/* A server to which CR ends a line answers before the LF has come. */
static void answered_at_cr(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	dp_test_shake(&s.t, &s.c);
	dp_test_say(&s.t, &s.c, 1, "220 mx.example.com ESMTP\r\n");
	static const char *const lines[][2] = {
		{ "EHLO client.example.org\r", "250 mx.example.com\r\n" },
		{ "\nMAIL FROM:<anna@example.org>\r", "250 2.1.0 Ok\r\n" },
		{ "\nRCPT TO:<bela@example.com>\r", "250 2.1.5 Ok\r\n" },
		{ "\nDATA\r", "354 go on\r\n" },
		{ "\nSubject: x\r\n\r\nhello\r\n.\r\n", "250 2.0.0 queued as 4711\r\n" },
		{ "QUIT\r", "221 bye\r\n" },
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		dp_test_say(&s.t, &s.c, 0, lines[i][0]);
		dp_test_say(&s.t, &s.c, 1, lines[i][1]);
	}
	dp_test_fins(&s.t, &s.c);
	expect_delivered(&s);
	dp_seen_close(&s);
}

/* The end of the content, too: the LF that follows is no command. */
static void content_answered_at_cr(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	dp_test_greet(&s.t, &s.c);
	for (unsigned i = 0; i < 2; i++) {
		dp_test_envelope(&s.t, &s.c);
		dp_test_say(&s.t, &s.c, 0, "Subject: x\r\n\r\nhello\r\n.\r");
		dp_test_say(&s.t, &s.c, 1, "250 2.0.0 queued as 4711\r\n");
		dp_test_say(&s.t, &s.c, 0, "\n");
	}
	dp_test_say(&s.t, &s.c, 0, "QUIT\r\n");
	dp_test_say(&s.t, &s.c, 1, "221 bye\r\n");
	dp_test_fins(&s.t, &s.c);
	assert_int_equal(s.t.nsent, s.t.frames);
	for (size_t i = 0; i < 2; i++)
		assert_true(dp_test_has(dp_test_nth(&s.t, CT_MESSAGE, i), "delivered=1 complete=1 tls=0 reply=250"));
	dp_seen_close(&s);
}

/* The server took an end after which the client had gone on: where it reads commands since is not known. */
static void content_ended_unseen(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_begin(&s);
	dp_test_greet(&s.t, &s.c);
	dp_test_envelope(&s.t, &s.c);
	dp_test_say(&s.t, &s.c, 0, "Subject: x\r\n\r\nhello\r\n.\nMAI");
	dp_test_say(&s.t, &s.c, 1, "250 2.0.0 queued as 4711\r\n");
	dp_test_forget_sent(&s.t);
	s.first = s.c.seq[0];
	dp_test_say(&s.t, &s.c, 0, "L FROM:<anna@example.org>\r\nRCPT TO:<bela@example.com>\r\nDATA\r\n");
	struct dp_text server = dp_seen_at_server(&s);
	assert_int_equal(server.n, 0);
	assert_true(dp_seen_resets(&s, DP_INSIDE) > 0);
	assert_int_equal(dp_seen_resets(&s, DP_OUTSIDE), 1);
	dp_test_verdict(&s.t, 0, CT_UNSCANNED, CT_REASON_GAP, false);
	dp_seen_close(&s);
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
