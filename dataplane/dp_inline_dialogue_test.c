/* SPDX-License-Identifier: Apache-2.0 */
/* Dialogues between two ports that are not as most are. */
#include "dataplane/dp_inline_net.h"
#include "dataplane/dp_inline_seen.h"

static void say(struct dp_seen *s, unsigned dir, const char *text)
{
	dp_test_say(&s->t, &s->c, dir, text);
}

/* In pieces of so many bytes. */
static void say_in(struct dp_seen *s, unsigned dir, size_t piece, const char *text)
{
	for (size_t n = strlen(text), k; n > 0; text += k, n -= k) {
		k = n < piece ? n : piece;
		dp_test_bytes(&s->t, &s->c, dir, text, k);
	}
}

static void to_port(struct dp_seen *s, uint16_t port)
{
	dp_seen_init(s);
	s->c.port[1] = port;
	dp_seen_open(s);
	dp_test_shake(&s->t, &s->c);
}

/* Every frame that came went on, and none of ours. */
static void expect_all_passed(const struct dp_seen *s)
{
	assert_int_equal(s->t.nsent, s->t.frames);
	for (size_t i = 0; i < s->t.nsent; i++)
		assert_false(s->t.sent[i].ours);
}

/* On a port where the first bytes tell that it is mail: a message in chunks, the server's words in pieces. */
static void greeting_in_pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 30; piece++) {
		struct dp_seen s;
		to_port(&s, 8025);
		say_in(&s, 1, piece, "220 mx.example.com ESMTP\r\n");
		say(&s, 0, "EHLO client.example.org\r\n");
		say_in(&s, 1, piece, "250-mx.example.com\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
		say(&s, 0, "MAIL FROM:<anna@example.org>\r\nRCPT TO:<bela@example.com>\r\nBDAT 5\r\na:\r\n\r");
		say_in(&s, 1, piece, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.0.0 5 octets\r\n");
		say(&s, 0, "BDAT 1 LAST\r\n\n");
		say_in(&s, 1, piece, "250 2.0.0 queued as 4711\r\n");
		say(&s, 0, "QUIT\r\n");
		say_in(&s, 1, piece, "221 bye\r\n");
		expect_all_passed(&s);
		dp_test_fins(&s.t, &s.c);
		dp_test_verdict(&s.t, 0, CT_CLEAN, CT_REASON_NONE, true);
		dp_seen_close(&s);
	}
}

/* The client does not wait for the end of the greeting, of which too little has come to tell what it is. */
static void client_speaks_within_the_greeting(void **state)
{
	static const char greeting[] = "220 mx.example.com ESMTP\r\n";
	(void)state;
	for (size_t cut = 1; cut < sizeof greeting - 1; cut++) {
		struct dp_seen s;
		struct dp_text mail = { 0 };
		to_port(&s, 8025);
		dp_test_bytes(&s.t, &s.c, 1, greeting, cut);
		say(&s, 0, "EHLO client.example.org\r\n");
		say(&s, 1, greeting + cut);
		say(&s, 1, "250-mx.example.com\r\n250 CHUNKING\r\n");
		say(&s, 0, "MAIL FROM:<anna@example.org>\r\nRCPT TO:<bela@example.com>\r\nBDAT 5\r\na:\r\n\rBDAT 1 LAST\r\n\n");
		expect_all_passed(&s);
		say(&s, 1, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.0.0 5 octets\r\n250 2.0.0 queued as 4711\r\n");
		dp_test_envelope(&s.t, &s.c);
		dp_made_infected(&mail);
		dp_test_bytes(&s.t, &s.c, 0, mail.p, mail.n);
		say(&s, 0, ".\r\n");
		dp_seen_expect(&s, "554 5.7.1 ");
		dp_test_verdict(&s.t, 0, CT_CLEAN, CT_REASON_NONE, true);
		dp_text_free(&mail);
		dp_seen_close(&s);
	}
}

/* The server never has the line, and the client goes on with another. */
static void turn_is_refused(void **state)
{
	static const char *const lines[] = { "TURN\r\n", "ATRN example.com\r\n", "atrn\r\n", "  TURN \r\n", "TURN\n" };
	(void)state;
	for (size_t i = 0; i < 5; i++) {
		for (size_t piece = 1; piece < 9; piece++) {
			struct dp_seen s;
			dp_seen_begin(&s);
			dp_test_greet(&s.t, &s.c);
			struct dp_text before = dp_seen_at_server(&s);
			say_in(&s, 0, piece, lines[i]);
			struct dp_text after = dp_seen_at_server(&s);
			/* What came of it before it was whole: its end did not go on. */
			assert_true(after.n < before.n + strlen(lines[i]));
			assert_true(memchr(after.p + before.n, '\n', after.n - before.n) == NULL);
			assert_true(dp_seen_resets(&s, DP_INSIDE) > 0);
			dp_seen_expect(&s, "502 5.5.1 ");
			assert_int_equal(s.t.worker->inspect.stats.smtp_anomaly[RS_SMTP_TURN], 1);
			dp_test_forget_sent(&s.t);
			s.c.seq[1] += (uint32_t)strlen("502 5.5.1 Not here\r\n");
			say(&s, 0, "QUIT\r\n");
			dp_seen_expect(&s, "221 ");
			dp_text_free(&before);
			dp_text_free(&after);
			dp_seen_close(&s);
		}
	}
}

/* Greeted, where configuration lets roles be changed. */
static void open_turning(struct dp_seen *s)
{
	dp_seen_init(s);
	s->t.config.smtp.turn = CT_TURN_PASS;
	dp_seen_open(s);
	dp_test_greet(&s->t, &s->c);
}

/* Where configuration lets it, nobody reads what comes then, and that is said. */
static void turn_passes(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	open_turning(&s);
	say(&s, 0, "ATRN\r\n");
	say(&s, 1, "250 now\r\n");
	say(&s, 0, "220 client.example.org\r\n");
	say(&s, 1, "EHLO mx.example.com\r\n");
	say(&s, 0, "250 hello\r\n");
	dp_made_infected(&mail);
	say(&s, 1, "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n");
	dp_test_bytes(&s.t, &s.c, 1, mail.p, mail.n);
	expect_all_passed(&s);
	assert_int_equal(s.t.worker->stats.turned, 1);
	assert_int_equal(dp_test_account(&s.t).unscanned[CT_REASON_UNSUPPORTED], 1);
	dp_text_free(&mail);
	dp_seen_close(&s);
}

/* Refused by the server it changes nothing. */
static void turn_refused_by_the_server(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	open_turning(&s);
	say(&s, 0, "TURN\r\n");
	say(&s, 1, "502 5.5.1 no\r\n");
	dp_test_envelope(&s.t, &s.c);
	dp_made_infected(&mail);
	dp_test_bytes(&s.t, &s.c, 0, mail.p, mail.n);
	say(&s, 0, ".\r\n");
	dp_seen_expect(&s, "554 5.7.1 ");
	assert_int_equal(s.t.worker->stats.turned, 0);
	dp_text_free(&mail);
	dp_seen_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greeting_in_pieces),
		cmocka_unit_test(client_speaks_within_the_greeting),
		cmocka_unit_test(turn_is_refused),
		cmocka_unit_test(turn_passes),
		cmocka_unit_test(turn_refused_by_the_server),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
