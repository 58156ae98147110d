/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "control/ct_config_keys.h"
#include "control/ct_reply.h"

#define INCIDENT UINT64_C(0x73d1f3a6e5b4c2a1)
#define NAME "77MF-KMVJ-V9GN1"

static struct ct_config config;

static int setup(void **state)
{
	(void)state;
	return ct_config_defaults(&config);
}

static int teardown(void **state)
{
	(void)state;
	ct_config_free(&config);
	return 0;
}

static void set(const char *name, const char *value)
{
	for (size_t i = 0; i < ct_nkeys; i++)
		if (!strcmp(ct_keys[i].section, "reject") && !strcmp(ct_keys[i].name, name)) {
			assert_int_equal(ct_key_set(&config, &ct_keys[i], value), 0);
			return;
		}
	fail();
}

/* Into exactly as many bytes as it has, and into none fewer. */
static void says(enum ct_action a, const char *expected)
{
	size_t n = strlen(expected);
	char *exact = malloc(n);
	assert_int_equal(ct_reply_text(exact, n, &config, a, INCIDENT), n);
	assert_memory_equal(exact, expected, n);
	free(exact);
	for (size_t size = 0; size < n; size++) {
		char *less = malloc(size ? size : 1);
		assert_int_equal(ct_reply_text(less, size, &config, a, INCIDENT), 0);
		free(less);
	}
}

static void says_what_is_configured(void **state)
{
	(void)state;
	says(CT_ACT_REJECT, "554 5.7.1 Message refused: its content is a program or looks like one. Incident " NAME "\r\n");
	says(CT_ACT_TEMPFAIL, "451 4.7.1 Message could not be checked, try again later. Incident " NAME "\r\n");
	set("code", "550");
	set("enhanced", "5.7.0");
	set("text", "{incident}{incident {incident}, 100%");
	says(CT_ACT_REJECT, "550 5.7.0 " NAME "{incident " NAME ", 100%\r\n");
	set("enhanced", "");
	set("text", "No");
	says(CT_ACT_REJECT, "550 No\r\n");
	set("tempfail_text", "Later");
	says(CT_ACT_TEMPFAIL, "451 4.7.1 Later\r\n");
}

static void says_nothing_of_other_actions(void **state)
{
	(void)state;
	char line[CT_REPLY_MAX];
	for (int a = 0; a < CT_ACT_MAX; a++) {
		size_t n = ct_reply_text(line, sizeof line, &config, (enum ct_action)a, 1);
		assert_int_equal(n > 0, a == CT_ACT_REJECT || a == CT_ACT_TEMPFAIL);
	}
}

/* The longest texts that the configuration takes still make one line. */
static void always_fits_a_line(void **state)
{
	(void)state;
	char text[CT_REPLY_TEXT_MAX + 1], line[CT_REPLY_MAX];
	set("enhanced", "5.123.123");
	for (unsigned marks = 0; marks <= CT_REPLY_TEXT_MAX / strlen(CT_REPLY_INCIDENT); marks++) {
		memset(text, 'x', CT_REPLY_TEXT_MAX);
		text[CT_REPLY_TEXT_MAX] = '\0';
		for (unsigned i = 0; i < marks; i++)
			memcpy(text + i * strlen(CT_REPLY_INCIDENT), CT_REPLY_INCIDENT, strlen(CT_REPLY_INCIDENT));
		set("text", text);
		set("tempfail_text", text);
		for (int a = CT_ACT_REJECT; a <= CT_ACT_TEMPFAIL; a += CT_ACT_TEMPFAIL - CT_ACT_REJECT) {
			size_t n = ct_reply_text(line, sizeof line, &config, (enum ct_action)a, UINT64_MAX);
			assert_in_range(n, CT_REPLY_TEXT_MAX, CT_REPLY_MAX);
			assert_memory_equal(line + n - 2, "\r\n", 2);
			assert_null(memchr(line, '\n', n - 1));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_is_configured, setup, teardown),
		cmocka_unit_test_setup_teardown(says_nothing_of_other_actions, setup, teardown),
		cmocka_unit_test_setup_teardown(always_fits_a_line, setup, teardown),
	};
	return cmocka_run_group_tests_name("ct_reply", tests, NULL, NULL);
}
