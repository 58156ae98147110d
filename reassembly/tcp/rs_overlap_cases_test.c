/* SPDX-License-Identifier: Apache-2.0 */
/* All cases of two and three segments: they are all there, and rs_stream reads each as the slow oracle does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/tcp/rs_overlap_cases.h"
#include "reassembly/tcp/rs_stream_oracle.h"

static struct rs_case cases[RS_CASE_MAX];

static bool is_among(const struct rs_case *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (memcmp(&cases[i], c, sizeof *c) == 0)
			return true;
	return false;
}

static struct rs_case swapped(struct rs_case c, unsigned a, unsigned b)
{
	uint8_t begin = c.begin[a], end = c.end[a];
	c.begin[a] = c.begin[b];
	c.end[a] = c.end[b];
	c.begin[b] = begin;
	c.end[b] = end;
	return c;
}

static void there_are_13_and_409(void **state)
{
	(void)state;
	assert_int_equal(rs_cases(1, cases), 1);
	assert_int_equal(rs_cases(2, cases), 13);
	for (unsigned i = 0; i < 13; i++)
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(rs_case_relation(&cases[i], 1, 0), rs_case_relation(&cases[k], 1, 0));
	unsigned n = rs_cases(3, cases);
	assert_int_equal(n, 409);
	for (unsigned i = 0; i < n; i++) {
		/* Each one once, and in every order of arrival. */
		assert_false(is_among(&cases[i], i));
		struct rs_case a = swapped(cases[i], 0, 1), b = swapped(cases[i], 1, 2);
		assert_true(is_among(&a, n) && is_among(&b, n));
		/* Which is the same as that the three relations differ from those of every other case. */
		for (unsigned k = 0; k < i; k++)
			assert_true(strcmp(rs_case_relation(&cases[i], 1, 0), rs_case_relation(&cases[k], 1, 0)) != 0 ||
				    strcmp(rs_case_relation(&cases[i], 2, 0), rs_case_relation(&cases[k], 2, 0)) != 0 ||
				    strcmp(rs_case_relation(&cases[i], 2, 1), rs_case_relation(&cases[k], 2, 1)) != 0);
	}
}

static void oracle_read(const struct rs_case *c, enum rs_case_start start, enum rs_overlap_policy policy, char *to)
{
	struct rs_oracle o;
	unsigned hole = start == RS_CASE_BEHIND, last = hole + c->points - 1;
	rs_oracle_init(&o, policy);
	for (unsigned i = 0; i < c->n; i++) {
		uint8_t byte[RS_CASE_POINTS];
		memset(byte, (int)('1' + i), sizeof byte);
		rs_oracle_add(&o, hole + c->begin[i], (uint32_t)(c->end[i] - c->begin[i]), byte);
	}
	while (o.next < last)
		rs_oracle_add(&o, o.next, 1, (const uint8_t *)".");
	for (unsigned i = hole; i < last; i++)
		to[i - hole] = (char)rs_oracle_byte(&o, i);
	to[last - hole] = '\0';
}

static void each_is_read_as_the_oracle_reads_it(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 3; n++)
		for (unsigned i = rs_cases(n, cases); i--;)
			for (int p = 0; p < RS_OVERLAP_MAX; p++)
				for (int start = RS_CASE_BEHIND; start <= RS_CASE_AT_ONCE; start++) {
					char got[RS_CASE_POINTS], expected[RS_CASE_POINTS], one[RS_CASE_POINTS];
					rs_case_read(&cases[i], start, p, got);
					oracle_read(&cases[i], start, p, expected);
					if (strcmp(got, expected) == 0)
						continue;
					for (unsigned k = 0; k < n; k++) {
						rs_case_draw(&cases[i], k, one);
						print_message("%s\n", one);
					}
					fail_msg("%s, %s: %s instead of %s", rs_overlap_name(p), start ? "at once" : "behind", got,
						 expected);
				}
}

/* A few that do not follow from the code that they test: Linux, tcp_data_queue_ofo. */
static void linux_by_hand(void **state)
{
	(void)state;
	static const struct {
		struct rs_case c;
		const char *read;
	} by_hand[] = {
		/* The second says nothing that is not there already; the third is appended to the first. */
		{ { 3, 4, { 0, 0, 1 }, { 1, 1, 3 } }, "133" },
		{ { 3, 4, { 0, 1, 1 }, { 1, 2, 3 } }, "123" }, /* the second is longer by what was appended to the first */
		{ { 3, 4, { 0, 1, 0 }, { 1, 2, 3 } }, "333" }, /* covers both */
		{ { 3, 4, { 1, 0, 2 }, { 2, 1, 3 } }, "213" }, /* nothing overlaps */
		{ { 2, 3, { 0, 0 }, { 1, 2 } }, "22" }, /* the longer one with the same beginning */
		{ { 2, 3, { 0, 0 }, { 2, 1 } }, "11" },
		{ { 2, 4, { 1, 0 }, { 3, 2 } }, "221" }, /* what begins first is read first */
		{ { 2, 4, { 0, 1 }, { 2, 3 } }, "112" },
		/* The first, met on the way before the second, is continued by the third ... */
		{ { 3, 5, { 0, 1, 2 }, { 2, 3, 4 } }, "1133" },
		/* ... but not where the second is older. */
		{ { 3, 5, { 1, 0, 2 }, { 3, 2, 4 } }, "2213" },
	};
	for (size_t i = 0; i < sizeof by_hand / sizeof *by_hand; i++) {
		char got[RS_CASE_POINTS];
		rs_case_read(&by_hand[i].c, RS_CASE_BEHIND, RS_OVERLAP_LINUX, got);
		assert_string_equal(got, by_hand[i].read);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_are_13_and_409),
		cmocka_unit_test(each_is_read_as_the_oracle_reads_it),
		cmocka_unit_test(linux_by_hand),
	};
	return cmocka_run_group_tests_name("rs_overlap_cases", tests, NULL, NULL);
}
