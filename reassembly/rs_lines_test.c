/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/rs_lines.h"

static const char *const isas[] = { "c", "avx2", "avx512bw" };

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

/* The oracles: a byte at a time. */

static size_t slow_count(const uint8_t *p, size_t n)
{
	size_t lines = 0;
	while (n--)
		lines += *p++ == '\n';
	return lines;
}

static size_t slow_find(const uint8_t *p, size_t n, uint8_t c, bool cr)
{
	for (size_t i = 1; i < n; i++)
		if (p[i] == c && (p[i - 1] == '\n' || (cr && p[i - 1] == '\r')))
			return i;
	return n;
}

static size_t slow_letter(const uint8_t *p, size_t n, char letter)
{
	for (size_t i = 1; i < n; i++)
		if (tolower(p[i]) == letter && p[i - 1] == '\n')
			return i;
	return n;
}

/* In a heap buffer of exactly this size, so that AddressSanitizer sees a byte too many. */
static void check(const uint8_t *text, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);
	assert_non_null(p);
	memcpy(p, text, n);
	for (size_t v = 0; v < sizeof isas / sizeof *isas; v++) {
		if (rs_lines_use(isas[v]) != 0)
			continue;
		assert_int_equal(rs_lines_count(p, n), slow_count(p, n));
		for (unsigned cr = 0; cr < 2; cr++) {
			assert_int_equal(rs_lines_find(p, n, '.', cr), slow_find(p, n, '.', cr));
			assert_int_equal(rs_lines_find(p, n, '-', cr), slow_find(p, n, '-', cr));
		}
		assert_int_equal(rs_lines_find_letter(p, n, 'a'), slow_letter(p, n, 'a'));
	}
	free(p);
}

static void random_text(void **state)
{
	(void)state;
	static const char dense[] = "\r\n.-\n\n.aA!", sparse[] = "abcdefghijklmnopqrstuvwxyz.- \r\n";
	uint8_t text[300];
	for (unsigned round = 0; round < 20000; round++) {
		const char *from = round % 2 ? dense : sparse;
		size_t n = any(sizeof text);
		for (size_t i = 0; i < n; i++)
			text[i] = (uint8_t)from[any((uint32_t)strlen(from))];
		check(text, n);
	}
}

/* One pair, in every place of every size. */
static void every_place(void **state)
{
	(void)state;
	uint8_t text[140];
	for (size_t n = 0; n <= sizeof text; n++)
		for (size_t at = 0; at + 1 < n; at++) {
			memset(text, 'x', n);
			text[at] = at % 2 ? '\n' : '\r';
			text[at + 1] = '.';
			check(text, n);
		}
}

/* More line ends than a byte counts to. */
static void many_lines(void **state)
{
	(void)state;
	static uint8_t text[40000];
	memset(text, '\n', sizeof text);
	for (size_t n = 8000; n < sizeof text; n += 811)
		check(text, n);
}

/* A part may end without a piece under way. */
static void nothing_at_all(void **state)
{
	(void)state;
	static const char *const variants[] = { "c", "avx2", "avx512bw" };
	for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
		if (rs_lines_use(variants[i]) != 0)
			continue;
		assert_int_equal(rs_lines_count(NULL, 0), 0);
		assert_int_equal(rs_lines_find(NULL, 0, '-', false), 0);
	}
}

static void unknown_variant(void **state)
{
	(void)state;
	assert_int_not_equal(rs_lines_use("abacus"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_text),
		cmocka_unit_test(every_place),
		cmocka_unit_test(many_lines),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(unknown_variant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
