/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums, policy "auto" (docs/decisions/0003): what the sender's card or an editor left wrong is read, what the receiver
 * discarded is not. */
#include <rte_mempool.h>

#include "dataplane/dp_made.h"

static void open_auto(struct dp_test *t)
{
	dp_test_init(t);
	t->config.capture.checksums = CT_CHECKSUMS_AUTO;
	dp_test_open(t);
}

static void acknowledge(struct dp_test *t, const struct dp_test_conn *c)
{
	dp_test_segment(t, c, 1, RS_TCP_ACK, c->seq[1], NULL, 0);
}

/* Data with wrong sums among right ones, as an editor of captures leaves them: acknowledged, so it arrived. */
static void test_edited_capture(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	dp_made_infected(&mail);
	open_auto(&t);
	dp_test_greet(&t, &c);
	dp_test_envelope(&t, &c);
	c.bad_sum = true;
	for (size_t at = 0; at < mail.n; at += 100)
		dp_test_bytes(&t, &c, 0, mail.p + at, mail.n - at < 100 ? mail.n - at : 100);
	assert_true(t.worker->account[0].held > 0);
	c.bad_sum = false;
	acknowledge(&t, &c);
	assert_int_equal(t.worker->account[0].held, 0);
	dp_test_accept(&t, &c);
	dp_test_fins(&t, &c);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_int_equal(t.worker->account[0].dropped[DP_DROP_BAD_CHECKSUM], 0);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* A lie in front of each segment, that the receiver discards: neither hides the program nor makes a gap. */
static void test_inserted_lies(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	uint8_t lie[100];
	uint64_t lies = 0;
	dp_made_infected(&mail);
	memset(lie, 'x', sizeof lie);
	open_auto(&t);
	dp_test_greet(&t, &c);
	dp_test_envelope(&t, &c);
	for (size_t at = 0; at < mail.n; at += 100) {
		size_t n = mail.n - at < 100 ? mail.n - at : 100;
		c.bad_sum = true;
		dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], lie, n);
		lies++;
		c.bad_sum = false;
		dp_test_bytes(&t, &c, 0, mail.p + at, n);
		acknowledge(&t, &c);
	}
	dp_test_accept(&t, &c);
	dp_test_fins(&t, &c);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_int_equal(t.worker->account[0].dropped[DP_DROP_BAD_CHECKSUM], lies);
	assert_int_equal(t.worker->stats.tcp_gaps, 0);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* A RST, and data, that nobody took: the one changes nothing, the other waits in vain. */
static void test_never_acknowledged(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	dp_made_infected(&mail);
	open_auto(&t);
	dp_test_greet(&t, &c);
	c.bad_sum = true;
	dp_test_segment(&t, &c, 0, RS_TCP_RST, c.seq[0], NULL, 0);
	dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0] + 5000, "QUIT\r\n", 6);
	c.bad_sum = false;
	assert_int_equal(t.worker->account[0].held, 1);
	dp_test_envelope(&t, &c);
	dp_test_bytes(&t, &c, 0, mail.p, mail.n);
	dp_test_accept(&t, &c);
	dp_test_fins(&t, &c);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	dp_test_end(&t);
	assert_int_equal(t.worker->account[0].dropped[DP_DROP_BAD_CHECKSUM], 2);
	t.worker->ended = false;
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* A byte in the place of a FIN, before or after it: what is acknowledged there is the FIN. */
static void test_in_the_place_of_a_fin(void **state)
{
	(void)state;
	for (unsigned after = 0; after < 2; after++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		open_auto(&t);
		dp_test_greet(&t, &c);
		for (unsigned i = 0; i < 2; i++) {
			c.bad_sum = i != after;
			dp_test_segment(&t, &c, 0, RS_TCP_ACK | (c.bad_sum ? 0 : RS_TCP_FIN), c.seq[0], "x", c.bad_sum);
		}
		c.bad_sum = false;
		c.seq[0]++;
		acknowledge(&t, &c);
		assert_int_equal(t.worker->stats.checksum_trusted, 0);
		assert_int_equal(t.worker->account[0].dropped[DP_DROP_BAD_CHECKSUM], 1);
		dp_test_close(&t);
	}
}

/* Captured on the sending machine: all of its sums are wrong, from the SYN on. */
static void test_offload(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	dp_made_infected(&mail);
	open_auto(&t);
	c.bad_sum = true;
	dp_test_mail(&t, &c, &mail, 536, 0);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_int_equal(t.worker->account[0].dropped[DP_DROP_BAD_CHECKSUM], 0);
	/* What follows the close is not summed any more. */
	assert_true(t.worker->stats.checksum_trusted >= t.frames - 1);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* A message in pieces: of one of them nothing was seen but a lie with a wrong sum, and the acknowledgement. */
struct tale {
	struct dp_test t;
	struct dp_test_conn c;
	struct dp_text mail;
};

#define PIECE 100
#define LONG_PIECE 200

static size_t tell(struct tale *s, size_t at, size_t n)
{
	n = RTE_MIN(n, s->mail.n - at);
	dp_test_bytes(&s->t, &s->c, 0, s->mail.p + at, n);
	acknowledge(&s->t, &s->c);
	return at + n;
}

/* Returns where its text begins. */
static size_t tale_open(struct tale *s)
{
	static const char header[] = "Subject: a letter\r\n\r\n";
	*s = (struct tale){ .c = dp_test_conn(1) };
	dp_text_put(&s->mail, header, sizeof header - 1);
	while (s->mail.n < 8 * PIECE)
		dp_text_put(&s->mail, "Another line of text, and nothing in it.\r\n", 42);
	open_auto(&s->t);
	dp_test_greet(&s->t, &s->c);
	dp_test_envelope(&s->t, &s->c);
	return tell(s, 0, sizeof header - 1);
}

/* seen: the true bytes are seen behind it. */
static size_t lie(struct tale *s, size_t at, size_t n, bool seen)
{
	uint8_t x[LONG_PIECE];
	memset(x, 'x', sizeof x);
	s->c.bad_sum = true;
	dp_test_segment(&s->t, &s->c, 0, RS_TCP_ACK, s->c.seq[0], x, n);
	s->c.bad_sum = false;
	if (seen)
		return tell(s, at, n);
	s->c.seq[0] += (uint32_t)n;
	acknowledge(&s->t, &s->c);
	return at + n;
}

static void tale_end(struct tale *s, size_t at, bool told)
{
	while (at < s->mail.n)
		at = tell(s, at, PIECE);
	dp_test_accept(&s->t, &s->c);
	dp_test_fins(&s->t, &s->c);
	assert_int_equal(s->t.worker->stats.tcp_gaps, 0);
	assert_int_equal(dp_test_count(&s->t, CT_MESSAGE), 1);
	assert_int_equal(dp_test_count(&s->t, CT_ANOMALY), told);
	dp_test_verdict(&s->t, 0, told ? CT_UNSCANNED : CT_CLEAN, told ? CT_REASON_MALFORMED : CT_REASON_NONE, true);
	if (told)
		assert_non_null(strstr(dp_test_nth(&s->t, CT_ANOMALY, 0)->text, "stream.unacceptable_acknowledged"));
	dp_text_free(&s->mail);
	dp_test_close(&s->t);
}

/* Others as long were right: it is no card's. */
static void test_taken_among_right_ones(void **state)
{
	(void)state;
	struct tale s;
	size_t at = tale_open(&s);
	at = tell(&s, at, PIECE);
	at = lie(&s, at, PIECE, false);
	tale_end(&s, at, true);
}

/* The longest until then, and those behind it are right, too. */
static void test_taken_before_right_ones(void **state)
{
	(void)state;
	struct tale s;
	size_t at = lie(&s, tale_open(&s), PIECE, false);
	assert_int_equal(dp_test_count(&s.t, CT_ANOMALY), 0);
	tale_end(&s, at, true);
}

/* The longest of all; but another one, whose place was taken, said other than what was there. */
static void test_taken_behind_a_lie(void **state)
{
	(void)state;
	for (unsigned lied = 0; lied < 2; lied++) {
		struct tale s;
		size_t at = tale_open(&s);
		at = lied ? lie(&s, at, PIECE, true) : tell(&s, at, PIECE);
		at = lie(&s, at, LONG_PIECE, false);
		tale_end(&s, at, lied);
	}
}

/* Two of them before any as long: an editor's. What is long and right behind them says nothing then. */
static void test_taken_one_after_the_other(void **state)
{
	(void)state;
	struct tale s;
	size_t at = lie(&s, tale_open(&s), PIECE, false);
	at = lie(&s, at, PIECE, false);
	assert_int_equal(s.t.worker->stats.checksum_trusted, 2);
	tale_end(&s, at, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edited_capture),
		cmocka_unit_test(test_inserted_lies),
		cmocka_unit_test(test_never_acknowledged),
		cmocka_unit_test(test_in_the_place_of_a_fin),
		cmocka_unit_test(test_offload),
		cmocka_unit_test(test_taken_among_right_ones),
		cmocka_unit_test(test_taken_before_right_ones),
		cmocka_unit_test(test_taken_behind_a_lie),
		cmocka_unit_test(test_taken_one_after_the_other),
	};
	return cmocka_run_group_tests_name("dp_doubt", tests, dp_test_eal, dp_test_eal_stop);
}
