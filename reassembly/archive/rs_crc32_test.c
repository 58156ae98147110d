/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_crc32.h"

/* RFC 1952 8, a bit at a time. */
static uint32_t slow(uint32_t crc, const uint8_t *p, size_t n)
{
	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* Each length up to some hundreds, whole and in two, in blocks of exactly their size. */
static void each_variant_is_what_a_slow_one_says(void **state)
{
	static const char *const isa[] = { "zlib", "pclmul" };
	uint8_t all[700];
	unsigned tried = 0;
	(void)state;
	srandom(1);
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)random();
	for (unsigned v = 0; v < 2; v++) {
		if (rs_crc32_use(isa[v]) != 0)
			continue;
		tried++;
		for (size_t n = 0; n < sizeof all; n++) {
			const size_t cut = n ? (size_t)random() % n : 0;
			uint8_t *first = malloc(cut ? cut : 1), *second = malloc(n - cut ? n - cut : 1);
			assert_true(first && second);
			memcpy(first, all, cut);
			memcpy(second, all + cut, n - cut);
			const uint32_t want = slow(0, all, n);
			assert_int_equal(rs_crc32(0, all, n), want);
			assert_int_equal(rs_crc32(rs_crc32(0, first, cut), second, n - cut), want);
			free(first);
			free(second);
		}
		assert_int_equal(rs_crc32(0, (const uint8_t *)"123456789", 9), 0xcbf43926);
	}
	assert_true(tried > 0);
	assert_int_not_equal(rs_crc32_use("none"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_variant_is_what_a_slow_one_says),
	};
	return cmocka_run_group_tests_name("rs_crc32", tests, NULL, NULL);
}
