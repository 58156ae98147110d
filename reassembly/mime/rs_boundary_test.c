/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/mime/rs_boundary.h"

static _Alignas(64) uint8_t mem[2 * RS_BOUNDARY_TEXT];
static struct rs_pool blocks;
static uint32_t seed = 1;

static uint32_t next_random(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

/* What the line, without its LF, is to one boundary: slow and plain. */
static enum rs_boundary_step oracle_one(const char *boundary, const char *line)
{
	size_t n = strlen(boundary), end = strlen(line);
	if (end && line[end - 1] == '\r')
		end--;
	if (!n || end < 2 + n || memcmp(line, "--", 2) || memcmp(line + 2, boundary, n))
		return RS_BOUNDARY_NO;
	while (end > 2 + n && (line[end - 1] == ' ' || line[end - 1] == '\t'))
		end--;
	if (end == 2 + n)
		return RS_BOUNDARY_PART;
	if (end == 4 + n && !memcmp(line + 2 + n, "--", 2))
		return RS_BOUNDARY_CLOSE;
	return RS_BOUNDARY_NO;
}

static enum rs_boundary_step oracle(const char boundaries[][8], int levels, const char *line, uint8_t *level)
{
	for (int i = levels; i-- > 0;) {
		enum rs_boundary_step s = oracle_one(boundaries[i], line);
		if (s != RS_BOUNDARY_NO) {
			*level = (uint8_t)i;
			return s;
		}
	}
	return RS_BOUNDARY_NO;
}

static void random_text(char *out, size_t most, const char *alphabet)
{
	size_t n = next_random((uint32_t)most + 1), a = strlen(alphabet);
	for (size_t i = 0; i < n; i++)
		out[i] = alphabet[next_random((uint32_t)a)];
	out[n] = 0;
}

static enum rs_boundary_step step_line(struct rs_boundary *b, const char *line, size_t piece, bool lf, uint8_t *level)
{
	enum rs_boundary_step step = RS_BOUNDARY_MORE;
	size_t n = strlen(line), eaten = 0;
	while (eaten < n && step == RS_BOUNDARY_MORE) {
		size_t take = piece < n - eaten ? piece : n - eaten;
		uint8_t *exact = malloc(take);
		assert_non_null(exact);
		memcpy(exact, line + eaten, take);
		eaten += rs_boundary_feed(b, exact, take, &step, level);
		free(exact);
	}
	if (step == RS_BOUNDARY_MORE) {
		if (lf)
			rs_boundary_feed(b, (const uint8_t *)"\n", 1, &step, level);
		else
			step = rs_boundary_finish(b, level);
	}
	if (step == RS_BOUNDARY_NO) {
		/* What it held is the line's beginning, to be read again. */
		assert_memory_equal(b->line, line, b->held);
		assert_int_equal(b->held, eaten);
		rs_boundary_drop(b);
	}
	assert_false(rs_boundary_holds(b));
	return step;
}

static void agrees_with_the_oracle(void **state)
{
	(void)state;
	unsigned found[4] = { 0 };
	for (int round = 0; round < 300000; round++) {
		char boundaries[4][8], line[32];
		int levels = 1 + (int)next_random(4);
		struct rs_boundary b;
		rs_boundary_init(&b);
		for (int i = 0; i < levels; i++) {
			random_text(boundaries[i], 3, "a-b");
			const uint8_t *text = boundaries[i][0] ? (const uint8_t *)boundaries[i] : NULL;
			assert_int_equal(rs_boundary_push(&b, &blocks, text, strlen(boundaries[i])), RS_BOUNDARY_OK);
		}
		strcpy(line, "-");
		size_t at = 1;
		if (round & 2)
			at = (size_t)sprintf(line, "--%s", boundaries[next_random((uint32_t)levels)]);
		random_text(line + at, 9 - at, round & 1 ? "-ab" : "--aab \t\r");
		uint8_t want_level = 99, level = 99;
		enum rs_boundary_step want = oracle((const char(*)[8])boundaries, levels, line, &want_level);
		found[want]++;
		if (want != RS_BOUNDARY_NO)
			assert_true(rs_boundary_maybe(&b, (const uint8_t *)line, strlen(line)));
		for (size_t piece = 1; piece < 4; piece++) {
			assert_int_equal(step_line(&b, line, piece, piece & 1, &level), want);
			assert_int_equal(level, want_level);
		}
	}
	assert_true(found[RS_BOUNDARY_PART] > 1000 && found[RS_BOUNDARY_CLOSE] > 1000);
}

static void knows_open_levels_only(void **state)
{
	(void)state;
	struct rs_boundary b;
	uint8_t level = 99;
	rs_boundary_init(&b);
	rs_boundary_push(&b, &blocks, (const uint8_t *)"a", 1);
	rs_boundary_push(&b, &blocks, NULL, 0);
	rs_boundary_push(&b, &blocks, (const uint8_t *)"a", 1);
	assert_int_equal(step_line(&b, "--a", 9, true, &level), RS_BOUNDARY_PART);
	assert_int_equal(level, 2);
	rs_boundary_close(&b, 2);
	assert_int_equal(step_line(&b, "--a--", 9, true, &level), RS_BOUNDARY_CLOSE);
	assert_int_equal(level, 0);
	rs_boundary_pop(&b, &blocks, 1);
	rs_boundary_push(&b, &blocks, (const uint8_t *)"b", 1);
	assert_int_equal(step_line(&b, "--b", 9, true, &level), RS_BOUNDARY_PART);
	assert_int_equal(level, 1);
	rs_boundary_pop(&b, &blocks, 0);
	assert_int_equal(step_line(&b, "--a", 9, true, &level), RS_BOUNDARY_NO);
}

/* A level that ended, and a final delimiter that is one of a level outside. */
static void tells_what_others_see(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		enum rs_boundary_step step;
		uint8_t level;
		bool ended, outside;
	} cases[] = {
		/* "a--" has "b" in it, which ended, and "a" in that. */
		{ "--b", RS_BOUNDARY_NO, 99, true, false },	{ "--b--", RS_BOUNDARY_NO, 99, false, false },
		{ "--bx", RS_BOUNDARY_NO, 99, false, false },	{ "--b \r", RS_BOUNDARY_NO, 99, true, false },
		{ "--a--", RS_BOUNDARY_CLOSE, 2, false, true }, { "--a-- ", RS_BOUNDARY_CLOSE, 2, false, true },
		{ "--a", RS_BOUNDARY_PART, 2, false, false },	{ "--a----", RS_BOUNDARY_CLOSE, 0, false, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t piece = 1; piece < 9; piece++) {
			struct rs_boundary b;
			uint8_t level = 99;
			enum rs_boundary_step step = RS_BOUNDARY_MORE;
			const size_t n = strlen(cases[i].line);
			rs_boundary_init(&b);
			rs_boundary_push(&b, &blocks, (const uint8_t *)"a--", 3);
			rs_boundary_push(&b, &blocks, (const uint8_t *)"b", 1);
			rs_boundary_push(&b, &blocks, (const uint8_t *)"a", 1);
			rs_boundary_close(&b, 1);
			for (size_t at = 0; at < n && step == RS_BOUNDARY_MORE;)
				at += rs_boundary_feed(&b, (const uint8_t *)cases[i].line + at, n - at < piece ? n - at : piece, &step, &level);
			if (step == RS_BOUNDARY_MORE)
				rs_boundary_feed(&b, (const uint8_t *)"\n", 1, &step, &level);
			assert_int_equal(step, cases[i].step);
			assert_int_equal(level, cases[i].level);
			assert_true(b.outside == cases[i].outside && (!b.outside || b.outside_level == 0));
			assert_true((b.alike && b.ended) == cases[i].ended && (!b.ended || b.alike_level == 1));
			rs_boundary_reopen(&b, 1);
			rs_boundary_drop(&b);
			assert_int_equal(step_line(&b, "--b", piece, true, &level), RS_BOUNDARY_PART);
			assert_int_equal(level, 1);
		}
}

static void an_empty_one_is_two_dashes(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		enum rs_boundary_step step;
	} cases[] = { { "--", RS_BOUNDARY_PART }, { "-- \t", RS_BOUNDARY_PART }, { "----", RS_BOUNDARY_CLOSE }, { "---", RS_BOUNDARY_NO },
		      { "-", RS_BOUNDARY_NO },	  { "--a", RS_BOUNDARY_NO } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rs_boundary b;
		uint8_t level;
		rs_boundary_init(&b);
		rs_boundary_push(&b, &blocks, (const uint8_t *)"", 0);
		assert_int_equal(step_line(&b, cases[i].line, 9, true, &level), cases[i].step);
	}
}

/* What a line is to who compares no further than the boundary. */
static void tells_what_is_alike(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		enum rs_boundary_step step, alike; /* alike MORE: not */
		uint8_t level;
	} cases[] = {
		/* "abc" has "ab" in it, and "a" in that. */
		{ "--abc", RS_BOUNDARY_PART, RS_BOUNDARY_PART, 2 }, { "--ab", RS_BOUNDARY_PART, RS_BOUNDARY_PART, 2 },
		{ "--a", RS_BOUNDARY_PART, RS_BOUNDARY_MORE, 0 },   { "--ax", RS_BOUNDARY_NO, RS_BOUNDARY_PART, 2 },
		{ "--a--", RS_BOUNDARY_CLOSE, RS_BOUNDARY_MORE, 0 }, { "--a--x", RS_BOUNDARY_NO, RS_BOUNDARY_CLOSE, 2 },
		{ "--a-", RS_BOUNDARY_NO, RS_BOUNDARY_PART, 2 },    { "--a\x0b", RS_BOUNDARY_NO, RS_BOUNDARY_PART, 2 },
		{ "--b", RS_BOUNDARY_NO, RS_BOUNDARY_MORE, 0 },     { "--abcd", RS_BOUNDARY_NO, RS_BOUNDARY_PART, 2 },
	};
	static const char *const text[] = { "abc", "ab", "a" };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t piece = 1; piece < 9; piece++) {
			struct rs_boundary b;
			const size_t n = strlen(cases[i].line);
			rs_boundary_init(&b);
			for (int level = 0; level < 3; level++)
				rs_boundary_push(&b, &blocks, (const uint8_t *)text[level], strlen(text[level]));
			enum rs_boundary_step step = RS_BOUNDARY_MORE;
			uint8_t level;
			assert_true(rs_boundary_maybe(&b, (const uint8_t *)cases[i].line, n) ==
				    (cases[i].step != RS_BOUNDARY_NO || cases[i].alike != RS_BOUNDARY_MORE));
			for (size_t at = 0; at < n && step == RS_BOUNDARY_MORE;)
				at += rs_boundary_feed(&b, (const uint8_t *)cases[i].line + at, n - at < piece ? n - at : piece, &step, &level);
			if (step == RS_BOUNDARY_MORE)
				step = rs_boundary_finish(&b, &level);
			assert_int_equal(step, cases[i].step);
			assert_int_equal(b.alike, cases[i].alike != RS_BOUNDARY_MORE);
			if (b.alike) {
				assert_int_equal(b.alike_step, cases[i].alike);
				assert_int_equal(b.alike_level, cases[i].level);
			}
		}
}

static uint8_t *text_of_level(uint8_t *text, unsigned i)
{
	memset(text, 'a' + (int)i, RS_BOUNDARY_ONE);
	return text;
}

/* Each level is found by its own boundary, and only as long as it is open. */
static void finds_each(struct rs_boundary *b)
{
	char line[2 + RS_BOUNDARY_ONE + 1] = "--";
	for (unsigned i = 0; i < RS_BOUNDARY_LEVELS; i++) {
		uint8_t level = 99;
		text_of_level((uint8_t *)line + 2, i);
		assert_int_equal(step_line(b, line, sizeof line, true, &level), i < b->levels ? RS_BOUNDARY_PART : RS_BOUNDARY_NO);
		assert_int_equal(level, i < b->levels ? i : 99);
	}
}

/* As many as stand in the struct need no block; more do, until that many are left. */
static void has_room_for_so_many(void **state)
{
	(void)state;
	struct rs_boundary b;
	uint8_t text[RS_BOUNDARY_ONE];
	rs_pool_init(&blocks, mem, RS_BOUNDARY_TEXT, 1);
	rs_boundary_init(&b);
	for (unsigned i = 0; i < RS_BOUNDARY_LEVELS; i++) {
		assert_int_equal(rs_boundary_push(&b, &blocks, text_of_level(text, i), sizeof text), RS_BOUNDARY_OK);
		assert_int_equal(blocks.used, i >= RS_BOUNDARY_OWN / RS_BOUNDARY_ONE);
		finds_each(&b);
	}
	assert_int_equal(rs_boundary_push(&b, &blocks, text, 1), RS_BOUNDARY_LIMIT);
	assert_int_equal(rs_boundary_push(&b, &blocks, NULL, 0), RS_BOUNDARY_LIMIT);
	for (uint8_t i = RS_BOUNDARY_LEVELS; i-- > 0;) {
		rs_boundary_pop(&b, &blocks, i);
		assert_int_equal(blocks.used, i > RS_BOUNDARY_OWN / RS_BOUNDARY_ONE);
		finds_each(&b);
	}
}

/* Without a block what needs one is refused, and what was there goes on. */
static void goes_on_without_a_block(void **state)
{
	(void)state;
	struct rs_boundary b;
	uint8_t text[RS_BOUNDARY_ONE];
	rs_pool_init(&blocks, mem, RS_BOUNDARY_TEXT, 0);
	rs_boundary_init(&b);
	for (unsigned i = 0; i < RS_BOUNDARY_OWN / RS_BOUNDARY_ONE; i++)
		assert_int_equal(rs_boundary_push(&b, &blocks, text_of_level(text, i), sizeof text), RS_BOUNDARY_OK);
	assert_int_equal(rs_boundary_push(&b, &blocks, text, sizeof text), RS_BOUNDARY_STARVED);
	finds_each(&b);
	assert_int_equal(rs_boundary_push(&b, &blocks, NULL, 0), RS_BOUNDARY_OK);
}

static void a_copy_has_a_block_of_its_own(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 2; n++) {
		struct rs_boundary b, copy;
		uint8_t text[RS_BOUNDARY_ONE];
		rs_pool_init(&blocks, mem, RS_BOUNDARY_TEXT, n);
		rs_boundary_init(&b);
		for (unsigned i = 0; i < RS_BOUNDARY_LEVELS; i++)
			rs_boundary_push(&b, &blocks, text_of_level(text, i), sizeof text);
		copy = b;
		assert_int_equal(rs_boundary_copied(&copy, &blocks), n == 2);
		assert_int_equal(rs_boundary_same(&b, &copy), n == 2);
		finds_each(&b);
		if (n == 2)
			finds_each(&copy);
		uint8_t level = 99;
		if (n == 1)
			assert_int_equal(step_line(&copy, "--aaa", 9, true, &level), RS_BOUNDARY_NO);
		rs_boundary_pop(&b, &blocks, 0);
		if (n == 2)
			finds_each(&copy);
		rs_boundary_pop(&copy, &blocks, 0);
		assert_int_equal(blocks.used, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_oracle),
		cmocka_unit_test(knows_open_levels_only),
		cmocka_unit_test(tells_what_others_see),
		cmocka_unit_test(an_empty_one_is_two_dashes),
		cmocka_unit_test(tells_what_is_alike),
		cmocka_unit_test(has_room_for_so_many),
		cmocka_unit_test(goes_on_without_a_block),
		cmocka_unit_test(a_copy_has_a_block_of_its_own),
	};
	return cmocka_run_group_tests_name("rs_boundary", tests, NULL, NULL);
}
