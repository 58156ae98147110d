/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "control/ct_policy.h"
#include "matchers/mt_rules.h"

#define PASS (1u << MT_PASS)
#define DROP (1u << MT_DROP)
#define REJECT (1u << MT_REJECT)
#define ALERT (1u << MT_ALERT)
#define WHY(r) (1u << CT_REASON_##r)

static void decides_by_default(void **state)
{
	(void)state;
	static const struct {
		unsigned actions;
		uint32_t reasons;
		bool smuggled;
		enum ct_action expected;
	} rows[] = {
		{ 0, 0, false, CT_ACT_NONE },
		{ ALERT, 0, false, CT_ACT_ALERT },
		{ REJECT, 0, false, CT_ACT_REJECT },
		{ DROP, 0, false, CT_ACT_DROP },
		{ PASS, 0, false, CT_ACT_PASS },
		/* Rules among themselves. */
		{ ALERT | REJECT, 0, false, CT_ACT_REJECT },
		{ ALERT | REJECT | DROP, 0, false, CT_ACT_DROP },
		{ ALERT | REJECT | DROP | PASS, 0, false, CT_ACT_PASS },
		{ ALERT | PASS, 0, false, CT_ACT_PASS },
		/* Reasons alone. */
		{ 0, WHY(OVERLOAD), false, CT_ACT_TEMPFAIL },
		{ 0, WHY(TIMEOUT), false, CT_ACT_TEMPFAIL },
		{ 0, WHY(GAP), false, CT_ACT_TEMPFAIL },
		{ 0, WHY(LIMIT), false, CT_ACT_NONE },
		{ 0, WHY(MALFORMED), false, CT_ACT_NONE },
		{ 0, WHY(UNSUPPORTED), false, CT_ACT_NONE },
		{ 0, WHY(ENCRYPTED_FILE), false, CT_ACT_NONE },
		{ 0, WHY(MIDSTREAM), false, CT_ACT_NONE },
		{ 0, WHY(TLS), false, CT_ACT_NONE },
		{ 0, 0, true, CT_ACT_REJECT },
		/* Several: the strictest. */
		{ 0, WHY(LIMIT) | WHY(GAP) | WHY(MALFORMED), false, CT_ACT_TEMPFAIL },
		{ 0, WHY(GAP), true, CT_ACT_REJECT },
		/* Rules before reasons. */
		{ REJECT, WHY(GAP), false, CT_ACT_REJECT },
		{ DROP, WHY(GAP), true, CT_ACT_DROP },
		{ REJECT, WHY(ENCRYPTED_FILE), false, CT_ACT_REJECT },
		{ PASS, WHY(OVERLOAD), true, CT_ACT_PASS },
		/* An alert stops nothing, and does not let through what reasons stop. */
		{ ALERT, WHY(GAP), false, CT_ACT_TEMPFAIL },
		{ ALERT, 0, true, CT_ACT_REJECT },
		{ ALERT, WHY(LIMIT), false, CT_ACT_ALERT },
	};
	struct ct_config c;
	assert_int_equal(ct_config_defaults(&c), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(ct_policy_action(&c, rows[i].actions, rows[i].reasons, rows[i].smuggled), rows[i].expected);
	ct_config_free(&c);
}

/* Each reason, with each policy, decides by its own key and by no other. */
static void each_reason_has_a_policy_of_its_own(void **state)
{
	(void)state;
	static const enum ct_action actions[] = { [CT_POLICY_PASS] = CT_ACT_NONE, [CT_POLICY_TEMPFAIL] = CT_ACT_TEMPFAIL,
						  [CT_POLICY_REJECT] = CT_ACT_REJECT, [CT_POLICY_DROP] = CT_ACT_DROP };
	struct ct_config c;
	assert_int_equal(ct_config_defaults(&c), 0);
	for (unsigned why = CT_REASON_NONE + 1; why < CT_POLICY_FOR_MAX; why++)
		for (unsigned p = CT_POLICY_PASS; p <= CT_POLICY_DROP; p++) {
			for (unsigned other = 0; other < CT_POLICY_FOR_MAX; other++)
				c.policy[other] = other == why ? p : p == CT_POLICY_DROP ? CT_POLICY_PASS : p + 1;
			bool smuggled = why == CT_POLICY_SMUGGLING;
			uint32_t reasons = smuggled ? 0 : 1u << why;
			assert_int_equal(ct_policy_action(&c, 0, reasons, smuggled), actions[p]);
			/* A rule's reject is stricter than tempfail, and is what the site said where drop is policy. */
			assert_int_equal(ct_policy_action(&c, REJECT, reasons, smuggled), CT_ACT_REJECT);
		}
	ct_config_free(&c);
}

/* Of all sets of reasons: never milder than any of them, and as strict as one of them. */
static void the_strictest_decides(void **state)
{
	(void)state;
	static const int rank[CT_ACT_MAX] = { [CT_ACT_TEMPFAIL] = CT_POLICY_TEMPFAIL, [CT_ACT_REJECT] = CT_POLICY_REJECT,
					      [CT_ACT_DROP] = CT_POLICY_DROP };
	struct ct_config c;
	assert_int_equal(ct_config_defaults(&c), 0);
	for (unsigned why = 1; why < CT_POLICY_FOR_MAX; why++)
		c.policy[why] = why * 7 % 4;
	for (uint32_t set = 0; set < 1u << CT_POLICY_FOR_MAX; set += 2) {
		int strictest = CT_POLICY_PASS;
		for (unsigned why = 1; why < CT_POLICY_FOR_MAX; why++)
			if (set >> why & 1 && (int)c.policy[why] > strictest)
				strictest = (int)c.policy[why];
		enum ct_action a = ct_policy_action(&c, 0, set & ~(1u << CT_POLICY_SMUGGLING), set >> CT_POLICY_SMUGGLING & 1);
		assert_int_equal(rank[a], strictest);
	}
	ct_config_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_by_default),
		cmocka_unit_test(each_reason_has_a_policy_of_its_own),
		cmocka_unit_test(the_strictest_decides),
	};
	return cmocka_run_group_tests_name("ct_policy", tests, NULL, NULL);
}
