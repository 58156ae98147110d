/* SPDX-License-Identifier: Apache-2.0 */
/* On a mirror: resets as early as the match, with each further segment, and never after the end of the message was seen. */
#include "dataplane/dp_inline_seen.h"

static void begin(struct dp_seen *s)
{
	dp_seen_init(s);
	s->t.use = DP_USE_MIRROR;
	dp_seen_open(s);
	dp_test_greet(&s->t, &s->c);
	dp_test_envelope(&s->t, &s->c);
	assert_int_equal(s->t.nsent, 0);
}

/* A reset to each end, with the number that it expects. */
static void expect_pair(const struct dp_seen *s, uint32_t to_server, uint32_t to_client)
{
	assert_int_equal(s->t.nsent, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct dp_sent *f = &s->t.sent[i];
		assert_true(f->ours && f->out == DP_RESET && (f->pkt.tcp_flags & RS_TCP_RST));
		assert_int_equal(f->pkt.seq, f->pkt.dport == 25 ? to_server : to_client);
	}
	assert_int_not_equal(s->t.sent[0].pkt.dport, s->t.sent[1].pkt.dport);
}

/* The mail up to the line behind the one that matches: so much of it is sent that the match is certain. */
static size_t send_until_match(struct dp_seen *s, const struct dp_text *mail)
{
	size_t at = 0;
	for (; at < mail->n && s->t.nsent == 0; at++)
		dp_test_bytes(&s->t, &s->c, 0, mail->p + at, 1);
	assert_true(at < mail->n);
	return at;
}

static void resets_with_the_match(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	begin(&s);
	dp_made_infected(&mail);
	uint32_t acked = s.c.seq[0];
	size_t at = send_until_match(&s, &mail);
	/* The server has acknowledged nothing of the content; the client expects what the server says next. */
	expect_pair(&s, acked, s.c.seq[1]);
	/* And again with each further segment, of either side. */
	dp_test_forget_sent(&s.t);
	dp_test_bytes(&s.t, &s.c, 0, mail.p + at, 4);
	expect_pair(&s, acked, s.c.seq[1]);
	dp_test_forget_sent(&s.t);
	dp_test_segment(&s.t, &s.c, 1, RS_TCP_ACK, s.c.seq[1], NULL, 0);
	expect_pair(&s, s.c.seq[0], s.c.seq[1]);
	/* A reset is answered by none. */
	dp_test_forget_sent(&s.t);
	dp_test_segment(&s.t, &s.c, 0, RS_TCP_RST, s.c.seq[0], NULL, 0);
	assert_int_equal(s.t.nsent, 0);
	assert_int_equal(s.t.worker->stats.connections_reset, 1);
	dp_test_end(&s.t);
	assert_true(dp_test_has(dp_test_nth(&s.t, CT_MESSAGE, 0), "verdict=infected"));
	assert_true(dp_test_has(dp_test_nth(&s.t, CT_MESSAGE, 0), "action=reset"));
	dp_text_free(&mail);
	dp_seen_close(&s);
}

/* Both ends are silent afterwards: it is over. */
static void silence_ends_it(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	begin(&s);
	dp_made_infected(&mail);
	send_until_match(&s, &mail);
	dp_test_tick(&s.t, 1);
	assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 0);
	dp_test_tick(&s.t, 2);
	assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 1);
	dp_text_free(&mail);
	dp_seen_close(&s);
}

/* A file that might be a tar archive, for all that is known of it so far: what is encoded in it is matched where it stands. */
static void resets_with_what_is_encoded(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_made m;
	struct dp_text mail = { 0 }, text = { 0 };
	begin(&s);
	dp_text_printf(&text, "<script>var program = '");
	dp_made_base64(&m, dp_made_bad, strlen(dp_made_bad), NULL);
	dp_text_put(&text, m.text.p, m.text.n - 2);
	dp_text_printf(&text, "';</script>");
	const size_t until = text.n;
	while (text.n < 300)
		dp_text_printf(&text, " and so on");
	dp_made_mail(&mail, text.p, text.n);
	const size_t behind = (text.n - until) / 3 * 4;
	assert_true(send_until_match(&s, &mail) < mail.n - behind);
	dp_made_free(&m);
	dp_text_free(&text);
	dp_text_free(&mail);
	dp_seen_close(&s);
}

/* The whole of the end is in one segment with the mark, or the mark is found at the end only. */
static void never_after_the_end(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	begin(&s);
	dp_made_infected(&mail);
	dp_text_printf(&mail, ".\r\n");
	dp_test_bytes(&s.t, &s.c, 0, mail.p, mail.n);
	dp_test_say(&s.t, &s.c, 1, "250 2.0.0 queued as 4711\r\n");
	dp_test_say(&s.t, &s.c, 0, "QUIT\r\n");
	dp_test_say(&s.t, &s.c, 1, "221 bye\r\n");
	dp_test_fins(&s.t, &s.c);
	assert_int_equal(s.t.nsent, 0);
	assert_true(dp_test_has(dp_test_nth(&s.t, CT_MESSAGE, 0), "verdict=infected reason= action=alert would=reject delivered=1"));
	dp_text_free(&mail);
	dp_seen_close(&s);
}

/* Resets that came too late do not go on behind the end. */
static void silent_behind_the_end(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	begin(&s);
	dp_made_infected(&mail);
	size_t at = send_until_match(&s, &mail);
	dp_test_bytes(&s.t, &s.c, 0, mail.p + at, mail.n - at);
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &s.c, 0, ".\r\n");
	dp_test_say(&s.t, &s.c, 1, "250 2.0.0 queued as 4711\r\n");
	dp_test_say(&s.t, &s.c, 0, "QUIT\r\n");
	assert_int_equal(s.t.nsent, 0);
	dp_text_free(&mail);
	dp_seen_close(&s);
}

static void clean_and_passed(void **state)
{
	(void)state;
	static const char *const contents[] = { "nothing in it", "only-an-alert", "known-good KERNEL32.DLL ADVAPI32.DLL" };
	for (unsigned i = 0; i < 3; i++) {
		struct dp_seen s;
		struct dp_text mail = { 0 };
		dp_seen_init(&s);
		s.t.use = DP_USE_MIRROR;
		dp_seen_open(&s);
		dp_made_mail(&mail, contents[i], strlen(contents[i]));
		dp_test_mail(&s.t, &s.c, &mail, 1, 0);
		assert_int_equal(s.t.nsent, 0);
		dp_text_free(&mail);
		dp_seen_close(&s);
	}
}

/* Without a port to send them by there are none. */
static void no_port(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	begin(&s);
	s.t.worker->tx = NULL;
	dp_made_infected(&mail);
	for (size_t at = 0; at < mail.n; at++)
		dp_test_bytes(&s.t, &s.c, 0, mail.p + at, 1);
	dp_test_accept(&s.t, &s.c);
	assert_int_equal(s.t.nsent, 0);
	assert_int_equal(s.t.worker->stats.connections_reset, 0);
	assert_true(dp_test_has(dp_test_nth(&s.t, CT_MESSAGE, 0), "verdict=infected reason= action=alert would=reject delivered=1"));
	dp_text_free(&mail);
	dp_seen_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resets_with_the_match),
		cmocka_unit_test(resets_with_what_is_encoded),
		cmocka_unit_test(silence_ends_it),
		cmocka_unit_test(never_after_the_end),
		cmocka_unit_test(silent_behind_the_end),
		cmocka_unit_test(clean_and_passed),
		cmocka_unit_test(no_port),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
