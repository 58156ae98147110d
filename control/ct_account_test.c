/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "control/ct_account.h"

static struct ct_account balanced(void)
{
	struct ct_account a = {
		.received = 100, .forwarded = 50, .consumed = 20, .held = 5, .sent = 57, .injected = 7, .seen = 13, .open = 3
	};
	a.dropped[0] = 15;
	a.dropped[CT_DROP_MAX - 1] = 10;
	a.verdict[CT_CLEAN] = 4;
	a.verdict[CT_INFECTED] = 2;
	a.verdict[CT_SUSPICIOUS] = 1;
	a.verdict[CT_UNSCANNED] = 77; /* not used */
	a.unscanned[CT_REASON_TLS] = 2;
	a.unscanned[CT_REASON_MAX - 1] = 1;
	return a;
}

static void holds_when_every_term_is_there(void **state)
{
	(void)state;
	struct ct_account a = balanced(), none = { 0 };
	assert_true(ct_account_balanced(&a));
	assert_true(ct_account_balanced(&none));
	assert_int_equal(ct_account_dropped(&a), 25);
	assert_int_equal(ct_account_unscanned(&a), 3);
}

/* One more of anything that is a term, and a sum no longer holds. */
static void fails_when_any_term_is_wrong(void **state)
{
	(void)state;
	struct ct_account a = balanced();
	uint64_t *packets[] = { &a.received, &a.forwarded, &a.consumed,   &a.held,
				&a.sent,     &a.injected,  &a.dropped[0], &a.dropped[CT_DROP_MAX - 1] };
	uint64_t *messages[] = { &a.seen,
				 &a.open,
				 &a.verdict[CT_CLEAN],
				 &a.verdict[CT_INFECTED],
				 &a.verdict[CT_SUSPICIOUS],
				 &a.unscanned[CT_REASON_TLS],
				 &a.unscanned[CT_REASON_MAX - 1] };
	for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
		a = balanced();
		++*packets[i];
		assert_false(ct_account_packets_balance(&a));
		assert_true(ct_account_messages_balance(&a));
		assert_false(ct_account_balanced(&a));
	}
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		a = balanced();
		++*messages[i];
		assert_true(ct_account_packets_balance(&a));
		assert_false(ct_account_messages_balance(&a));
		assert_false(ct_account_balanced(&a));
	}
}

/* A packet that came in by one port, at one worker, and left by the other, at another: the sums hold before, between and after, for
 * all together; received, of each port. */
static void holds_while_a_packet_changes_hands(void **state)
{
	(void)state;
	struct ct_account first[2] = { 0 }, second[2] = { 0 }, all;
	for (int step = 0; step < 3; step++) {
		if (step == 1)
			first[0].received = first[0].held = 1;
		if (step == 2) {
			second[0].held--;
			second[0].forwarded = second[1].sent = 1;
		}
		for (int seen = 0; seen < 4; seen++) { /* a copy of one that was taken before its step */
			struct ct_account none[2] = { 0 };
			const struct ct_account *a = seen & 1 ? first : none, *b = seen & 2 ? second : none;
			memset(&all, 0, sizeof all);
			for (int port = 0; port < 2; port++) {
				struct ct_account one = a[port];
				ct_account_add(&one, &b[port]);
				assert_true(ct_account_received_balance(&one));
				ct_account_add(&all, &one);
			}
			assert_true(ct_account_balanced(&all));
		}
	}
	assert_int_equal(all.held, 0);
	assert_int_equal(all.forwarded, 1);
	assert_false(ct_account_packets_balance(&second[1])); /* what left by a port is no port's sum */
}

/* The struct is nothing but counters: adding it to itself doubles every word. */
static void adds_every_counter(void **state)
{
	(void)state;
	struct ct_account a, b;
	uint64_t words[sizeof a / sizeof(uint64_t)];
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		words[i] = i + 1;
	memcpy(&a, words, sizeof a);
	b = a;
	ct_account_add(&a, &b);
	memcpy(words, &a, sizeof a);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		assert_int_equal(words[i], 2 * (i + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_when_every_term_is_there),
		cmocka_unit_test(fails_when_any_term_is_wrong),
		cmocka_unit_test(holds_while_a_packet_changes_hands),
		cmocka_unit_test(adds_every_counter),
	};
	return cmocka_run_group_tests_name("ct_account", tests, NULL, NULL);
}
