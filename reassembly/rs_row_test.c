/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/rs_row.h"

static bool slow(const uint8_t *p, size_t n, unsigned k)
{
	unsigned row = 0;
	for (size_t i = 0; i < n; i++) {
		const bool control = p[i] == '\t' || p[i] == '\n' || p[i] == '\v' || p[i] == '\f' || p[i] == '\r';
		row = control || (p[i] >= ' ' && p[i] <= 0x7f) ? row + 1 : 0;
		if (row == k)
			return true;
	}
	return false;
}

/* Rows of all lengths at all places, in blocks of exactly their size. */
static void is_what_a_slow_search_says(void **state)
{
	static const uint8_t ends[] = { 0, 8, 0x0e, 0x1f, 0x80, 0xff };
	static const uint8_t texts[] = { '\t', '\r', ' ', 'a', 0x7f };
	unsigned yes = 0, no = 0;
	(void)state;
	srandom(1);
	for (unsigned turn = 0; turn < 40000; turn++) {
		const size_t n = (size_t)random() % 250;
		const unsigned k = 1 + (unsigned)random() % RS_ROW_MAX, chance = 2 + (unsigned)random() % 30;
		uint8_t *p = malloc(n ? n : 1);
		assert_non_null(p);
		for (size_t i = 0; i < n; i++)
			p[i] = (unsigned)random() % chance ? texts[(size_t)random() % sizeof texts] : ends[(size_t)random() % sizeof ends];
		const bool want = slow(p, n, k);
		assert_int_equal(rs_row_of_text(p, n, k), want);
		yes += want;
		no += !want;
		free(p);
	}
	assert_true(yes > 2000 && no > 2000);
}

static void each_byte_is_told(void **state)
{
	(void)state;
	for (unsigned b = 0; b < 256; b++) {
		const uint8_t p[1] = { (uint8_t)b };
		assert_int_equal(rs_row_of_text(p, 1, 1), slow(p, 1, 1));
		assert_int_equal(rs_row_is_text((uint8_t)b), slow(p, 1, 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_what_a_slow_search_says),
		cmocka_unit_test(each_byte_is_told),
	};
	return cmocka_run_group_tests_name("rs_row", tests, NULL, NULL);
}
