/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/mime/rs_words.h"

/* From an exact block to an exact block, so that no byte beyond either is touched. */
static const char *decode(const char *value, size_t n)
{
	static char text[256];
	uint8_t *in = malloc(n ? n : 1), *out = malloc(n ? n : 1);
	assert_non_null(in);
	assert_non_null(out);
	memcpy(in, value, n);
	const size_t k = rs_words_decode(in, n, out);
	assert_true(k <= n && k < sizeof text);
	memcpy(text, out, k);
	text[k] = 0;
	free(in);
	free(out);
	return text;
}

static void decodes_words_wherever_they_stand(void **state)
{
	(void)state;
	static const char *const values[][2] = {
		{ "=?us-ascii?q?multipart/mixed?=; boundary=B0", "multipart/mixed; boundary=B0" },
		{ "=?utf-8*en?Q?multipart=2fmixed=3B_boundary=3DB0?=", "multipart/mixed; boundary=B0" },
		{ "a/b; boundary=\"=?x?b?QjA=?=\"", "a/b; boundary=\"B0\"" },
		{ "=?utf-16be?b?AEIAMA==?=", "B0" },
		{ "=?x?q?a?= \t=?x?B?Yg==?= c =?x?q?d=3?=", "ab c d=3" },
		{ "=?x?q?\?=y", "y" },
		/* No words: nothing is told. */
		{ "text/plain; x==?", "" },
		{ "=?x?z?a?=", "" },
		{ "=?x?q?a?", "" },
		{ "=?x?q=a?=", "" },
		{ "=?=?=?=?=", "" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		assert_string_equal(decode(values[i][0], strlen(values[i][0])), values[i][1]);
}

/* Where the value is cut, what is whole before is decoded. */
static void a_value_that_is_cut(void **state)
{
	(void)state;
	static const char value[] = "=?x?q?a?= =?x?b?YmM=?=";
	for (size_t n = 0; n < sizeof value; n++) {
		char want[64] = "";
		if (n == sizeof value - 1)
			strcpy(want, "abc");
		else if (n >= 9)
			snprintf(want, sizeof want, "a%.*s", (int)(n - 9), value + 9);
		assert_string_equal(decode(value, n), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_words_wherever_they_stand),
		cmocka_unit_test(a_value_that_is_cut),
	};
	return cmocka_run_group_tests_name("rs_words", tests, NULL, NULL);
}
