/* SPDX-License-Identifier: Apache-2.0 */
/* Segments out of order, in chains of mbufs, and with wrong checksums: the stream is the same. */
#include <rte_mempool.h>

#include "dataplane/dp_made.h"

/* Segments within a window in any order, some twice, some overlapping: as if they had come in order. */
static void test_disorder(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	uint64_t seed = 5;
	uint8_t content[4000];
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (uint8_t)dp_test_random(&seed, 256);
	content[0] = 'n';
	memcpy(content + 1000, "kernel32.DLL", 12);
	memcpy(content + 3000, "ADVAPI32.dll", 12);
	dp_made_mail(&mail, content, sizeof content);
	dp_test_begin(&t);
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_mail(&t, &c, &mail, 0, 0);
	char *story = dp_test_story(&t);
	dp_test_forget(&t);
	for (unsigned round = 0; round < 40; round++) {
		c = dp_test_conn(2 + round);
		t.chain = round % 4 ? 0 : 100;
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		uint32_t isn = c.seq[0];
		size_t at[200], len[200], n = 0;
		for (size_t from = 0; from < mail.n; n++) {
			at[n] = from;
			len[n] = 1 + dp_test_random(&seed, 200);
			if (len[n] > mail.n - from)
				len[n] = mail.n - from;
			from += len[n];
		}
		for (size_t i = n; i > 1; i--) {
			/* Far, or only near. */
			size_t reach = round % 2 ? i
				       : i < 8   ? i
						 : 8,
			       k = i - 1 - dp_test_random(&seed, (uint32_t)reach);
			size_t a = at[i - 1], l = len[i - 1];
			at[i - 1] = at[k];
			len[i - 1] = len[k];
			at[k] = a;
			len[k] = l;
		}
		for (size_t i = 0; i < n; i++) {
			size_t more = dp_test_random(&seed, 4) ? 0 : dp_test_random(&seed, 300);
			if (more > mail.n - at[i] - len[i])
				more = mail.n - at[i] - len[i];
			for (unsigned twice = dp_test_random(&seed, 5) == 0 ? 2 : 1; twice > 0; twice--)
				dp_test_segment(&t, &c, 0, RS_TCP_ACK, isn + (uint32_t)at[i], mail.p + at[i],
						len[i] + more);
		}
		c.seq[0] = isn + (uint32_t)mail.n;
		dp_test_accept(&t, &c);
		dp_test_say(&t, &c, 0, "QUIT\r\n");
		dp_test_say(&t, &c, 1, "221 bye\r\n");
		dp_test_fins(&t, &c);
		story = dp_test_same_story(&t, story, "round %u", (unsigned)round);
		dp_test_forget(&t);
		assert_int_equal(t.worker->segments.used, 0);
		assert_int_equal(rte_mempool_in_use_count(t.mbufs), 0);
	}
	assert_true(t.worker->stats.tcp_held > 0);
	assert_int_equal(t.worker->stats.tcp_gaps, 0);
	free(story);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* Frames of up to 64 KB, as offloading cards make them, in chains of mbufs: in order, and held. */
static void test_chained(void **state)
{
	static const unsigned chains[] = { 0, 128, 129, 500, 1000, 2047 };
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	uint64_t seed = 6;
	uint8_t *content = malloc(46000);
	assert_non_null(content);
	for (size_t i = 0; i < 46000; i++)
		content[i] = (uint8_t)dp_test_random(&seed, 256);
	content[0] = 'n';
	memcpy(content + 20000, "kernel32.DLL", 12);
	memcpy(content + 40000, "ADVAPI32.dll", 12);
	dp_made_mail(&mail, content, 46000);
	assert_true(mail.n > 62000 && mail.n < 65000);
	dp_test_begin(&t);
	char *story = NULL;
	for (unsigned i = 0; i < 2 * sizeof chains / sizeof chains[0]; i++) {
		bool late = i % 2;
		t.chain = chains[i / 2];
		struct dp_test_conn c = dp_test_conn(i);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		if (late) {
			/* The first byte comes last. */
			dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0] + 1, mail.p + 1, mail.n - 1);
			assert_true(rte_mempool_in_use_count(t.mbufs) >= mail.n / 2048);
			dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], mail.p, 1);
			c.seq[0] += (uint32_t)mail.n;
		} else {
			dp_test_bytes(&t, &c, 0, mail.p, mail.n);
		}
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		assert_int_equal(rte_mempool_in_use_count(t.mbufs), 0);
		dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
		story = dp_test_same_story(&t, story, "in chains of %u, %s", chains[i / 2], late ? "late" : "in order");
		dp_test_forget(&t);
	}
	free(story);
	free(content);
	dp_text_free(&mail);
	dp_test_close(&t);
}

static void test_wrong_checksums_are_dropped(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	dp_test_init(&t);
	t.config.capture.checksums = CT_CHECKSUMS_VERIFY;
	dp_test_open(&t);
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_greet(&t, &c);
	dp_test_envelope(&t, &c);
	/* The receiver drops these, so they must not be taken for the message. */
	for (unsigned chain = 0; chain < 2; chain++) {
		t.chain = chain * 128;
		c.bad_sum = true;
		uint8_t lie[600];
		memset(lie, 'x', sizeof lie);
		dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], lie, sizeof lie);
		c.bad_sum = false;
		dp_test_bytes(&t, &c, 0, mail.p + chain * mail.n / 2, chain ? mail.n - mail.n / 2 : mail.n / 2);
	}
	dp_test_accept(&t, &c);
	dp_test_fins(&t, &c);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_int_equal(t.worker->account[0].dropped[DP_DROP_BAD_CHECKSUM], 2);
	assert_int_equal(t.worker->account[0].consumed, t.frames - 2);
	dp_text_free(&mail);
	dp_test_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disorder),
		cmocka_unit_test(test_chained),
		cmocka_unit_test(test_wrong_checksums_are_dropped),
	};
	return cmocka_run_group_tests_name("dp_streams", tests, dp_test_eal, dp_test_eal_stop);
}
