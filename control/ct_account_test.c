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
		.received = 100, .forwarded = 50, .consumed = 20, .held = 5, .sent = 57, .injected = 7, .seen = 10
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
		cmocka_unit_test(adds_every_counter),
	};
	return cmocka_run_group_tests_name("ct_account", tests, NULL, NULL);
}
