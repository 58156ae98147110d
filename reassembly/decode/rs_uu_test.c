/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/decode/rs_uu.h"

static const struct {
	const char *text;
	bool begins;
} cases[] = {
	{ "begin 644 a.exe\nM....", true },
	{ "Hello,\r\n\r\nbegin 0755 a\r\n", true },
	{ "begin 644 ", true },
	{ "\nbegin 644 \n", true },
	{ "", false },
	{ "begin", false },
	{ "begin 644", false },
	{ "begin 64 a", false },
	{ "begin 689 a", false },
	{ "begin 64444 a", false },
	{ " begin 644 a", false },
	{ "We begin 644 a", false },
	{ "Begin 644 a", false },
	{ "begin the work\nbegin\n 644 a", false },
	{ "bbegin 644 a\nbegin 6\n44 a", false },
};

static bool feed(const char *text, size_t n, size_t first, size_t piece)
{
	struct rs_uu u;
	bool found = false;
	rs_uu_init(&u);
	for (size_t at = 0, k = first; at < n; at += k, k = piece) {
		if (k > n - at)
			k = n - at;
		/* A copy of exactly this piece, so that a read past its end is seen. */
		uint8_t *p = malloc(k ? k : 1);
		memcpy(p, text + at, k);
		found = rs_uu_feed(&u, p, k);
		free(p);
	}
	return found;
}

static void finds_the_line_however_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t n = strlen(cases[i].text);
		assert_int_equal(feed(cases[i].text, n, n, n), cases[i].begins);
		assert_int_equal(feed(cases[i].text, n, 1, 1), cases[i].begins);
		for (size_t cut = 1; cut < n; cut++)
			assert_int_equal(feed(cases[i].text, n, cut, n), cases[i].begins);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_line_however_it_is_cut),
	};
	return cmocka_run_group_tests_name("rs_uu", tests, NULL, NULL);
}
