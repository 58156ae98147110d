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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edited_capture),
		cmocka_unit_test(test_inserted_lies),
		cmocka_unit_test(test_never_acknowledged),
		cmocka_unit_test(test_in_the_place_of_a_fin),
		cmocka_unit_test(test_offload),
	};
	return cmocka_run_group_tests_name("dp_doubt", tests, dp_test_eal, dp_test_eal_stop);
}
