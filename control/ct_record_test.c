/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "control/ct_record.h"

#define BLOCKS 40
#define ROOM (sizeof((struct ct_block *)0)->data)
#define HEAD 8 /* bytes that a note takes beside its text */

static struct rs_pool pool;

static int make_pool(void **state)
{
	_Alignas(64) static char mem[RS_POOL_BYTES(sizeof(struct ct_block), BLOCKS)];
	(void)state;
	rs_pool_init(&pool, mem, sizeof(struct ct_block), BLOCKS);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	pool.failed = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return pool.used != 0; /* every test gives all back */
}

static uint8_t byte(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

static void fill(uint8_t *p, size_t n, size_t from)
{
	for (size_t i = 0; i < n; i++)
		p[i] = byte(from + i);
}

/* The next note, all its bytes read into an exact buffer. */
static struct ct_note next(struct ct_note_iter *it, uint8_t **text)
{
	struct ct_note note;
	assert_true(ct_note_next(it, &note));
	*text = malloc(note.len ? note.len : 1);
	assert_int_equal(ct_note_copy(it, *text, note.len), note.len);
	return note;
}

static void reads_what_was_put(void **state)
{
	(void)state;
	struct ct_notes n = { 0 };
	assert_true(ct_note_put(&n, &pool, 4, CT_NOTE_HELO, 1, 2, "client", 6));
	assert_true(ct_note_put(&n, &pool, 4, CT_NOTE_MAIL_FROM, 0, 0, NULL, 0));
	assert_true(ct_note_more(&n, &pool, 4, "a@", 2));
	assert_true(ct_note_more(&n, &pool, 4, "b", 1));
	struct ct_note_iter it;
	struct ct_note note;
	uint8_t *text;
	ct_note_first(&it, &n);
	note = next(&it, &text);
	assert_int_equal(note.kind, CT_NOTE_HELO);
	assert_int_equal(note.sub, 1);
	assert_int_equal(note.index, 2);
	assert_memory_equal(text, "client", 6);
	free(text);
	note = next(&it, &text);
	assert_int_equal(note.kind, CT_NOTE_MAIL_FROM);
	assert_int_equal(note.len, 3);
	assert_memory_equal(text, "a@b", 3);
	free(text);
	assert_false(ct_note_next(&it, &note));
	assert_int_equal(n.blocks, 1);
	ct_notes_free(&n, &pool);
	assert_null(n.first);
}

/* A first note of every length moves the second one over every place of a block's border. */
static void crosses_borders_at_every_place(void **state)
{
	(void)state;
	for (size_t a = 0; a <= ROOM + HEAD; a++) {
		for (size_t b = 0; b < 3 * ROOM; b += b < 20 ? 1 : 97) {
			static uint8_t one[2 * ROOM], two[3 * ROOM];
			struct ct_notes n = { 0 };
			struct ct_note_iter it;
			uint8_t *text;
			fill(one, a, 1);
			fill(two, b, 1000);
			assert_true(ct_note_put(&n, &pool, BLOCKS, CT_NOTE_HELO, 0, 0, one, a));
			assert_true(ct_note_put(&n, &pool, BLOCKS, CT_NOTE_REPLY, 0, 0, two, b));
			ct_note_first(&it, &n);
			assert_int_equal(next(&it, &text).len, a);
			assert_memory_equal(text, one, a);
			free(text);
			assert_int_equal(next(&it, &text).len, b);
			assert_memory_equal(text, two, b);
			free(text);
			assert_int_equal(pool.used, n.blocks);
			ct_notes_free(&n, &pool);
		}
	}
}

/* The same text in one piece and in pieces of every size. */
static void grows_in_pieces(void **state)
{
	(void)state;
	static uint8_t all[2000];
	fill(all, sizeof all, 5);
	for (size_t piece = 1; piece < sizeof all; piece += piece < 20 ? 1 : 61) {
		struct ct_notes n = { 0 };
		struct ct_note_iter it;
		struct ct_note note;
		uint8_t *text;
		assert_true(ct_note_put(&n, &pool, BLOCKS, CT_NOTE_HEADER, 3, 0, all, 0));
		for (size_t i = 0; i < sizeof all; i += piece)
			assert_true(ct_note_more(&n, &pool, BLOCKS, all + i,
						 sizeof all - i < piece ? sizeof all - i : piece));
		ct_note_first(&it, &n);
		note = next(&it, &text);
		assert_int_equal(note.len, sizeof all);
		assert_memory_equal(text, all, sizeof all);
		free(text);
		assert_int_equal(n.lost, 0);
		ct_notes_free(&n, &pool);
	}
}

static void keeps_a_note_whole_or_not_at_all(void **state)
{
	(void)state;
	static uint8_t big[3 * ROOM];
	struct ct_notes n = { 0 };
	struct ct_note_iter it;
	struct ct_note note;
	assert_true(ct_note_put(&n, &pool, 2, CT_NOTE_HELO, 0, 0, "h", 1));
	assert_false(ct_note_put(&n, &pool, 2, CT_NOTE_REPLY, 0, 0, big, sizeof big));
	assert_int_equal(n.lost, 1);
	assert_int_equal(n.blocks, 1);
	/* What belonged to the lost note is not added to the one before it. */
	assert_false(ct_note_more(&n, &pool, 2, "x", 1));
	assert_int_equal(n.lost, 1);
	/* Exactly as much as two blocks hold. */
	assert_true(ct_note_put(&n, &pool, 2, CT_NOTE_REPLY, 0, 0, big, 2 * ROOM - 2 * HEAD - 1));
	assert_int_equal(n.blocks, 2);
	assert_false(ct_note_put(&n, &pool, 2, CT_NOTE_REPLY, 0, 0, "", 0));
	assert_int_equal(n.lost, 2);
	ct_note_first(&it, &n);
	assert_true(ct_note_next(&it, &note));
	assert_int_equal(note.len, 1);
	assert_true(ct_note_next(&it, &note));
	assert_int_equal(note.len, 2 * ROOM - 2 * HEAD - 1);
	assert_false(ct_note_next(&it, &note));
	ct_notes_free(&n, &pool);
}

/* A value may lose its end, never its middle. */
static void stops_growing_after_a_loss(void **state)
{
	(void)state;
	static uint8_t big[ROOM];
	struct ct_notes n = { 0 };
	struct ct_note_iter it;
	uint8_t *text;
	assert_true(ct_note_put(&n, &pool, 1, CT_NOTE_HEADER, 0, 0, "ab", 2));
	assert_false(ct_note_more(&n, &pool, 1, big, sizeof big));
	assert_int_equal(n.lost, 1);
	assert_false(ct_note_more(&n, &pool, 1, "c", 1));
	assert_int_equal(n.lost, 1);
	ct_note_first(&it, &n);
	assert_int_equal(next(&it, &text).len, 2);
	assert_memory_equal(text, "ab", 2);
	free(text);
	ct_notes_free(&n, &pool);
}

static void gives_back_what_a_failed_note_took(void **state)
{
	(void)state;
	static uint8_t big[(BLOCKS + 1) * ROOM];
	struct ct_notes n = { 0 };
	assert_false(ct_note_put(&n, &pool, 1000, CT_NOTE_REPLY, 0, 0, big, sizeof big));
	assert_int_equal(pool.used, 0);
	assert_int_equal(pool.failed, 1);
	assert_int_equal(n.lost, 1);
	assert_int_equal(n.blocks, 0);
	assert_false(ct_note_put(&n, &pool, 0, CT_NOTE_REPLY, 0, 0, "", 0));
	ct_notes_free(&n, &pool);
}

static void passes_over_what_is_not_copied(void **state)
{
	(void)state;
	static uint8_t big[2 * ROOM], part[10];
	struct ct_notes n = { 0 };
	struct ct_note_iter it;
	struct ct_note note;
	fill(big, sizeof big, 0);
	assert_true(ct_note_put(&n, &pool, 9, CT_NOTE_FILE_HEAD, 0, 0, big, sizeof big));
	assert_true(ct_note_put(&n, &pool, 9, CT_NOTE_FILE_TYPE, 0, 0, "t", 1));
	ct_note_first(&it, &n);
	assert_true(ct_note_next(&it, &note));
	assert_int_equal(ct_note_copy(&it, part, sizeof part), sizeof part);
	assert_memory_equal(part, big, sizeof part);
	assert_true(ct_note_next(&it, &note));
	assert_int_equal(note.kind, CT_NOTE_FILE_TYPE);
	assert_int_equal(ct_note_copy(&it, part, sizeof part), 1);
	assert_int_equal(ct_note_copy(&it, part, sizeof part), 0);
	assert_false(ct_note_next(&it, &note));
	assert_false(ct_note_next(&it, &note));
	ct_notes_free(&n, &pool);
}

static void names_are_those_of_the_interface(void **state)
{
	(void)state;
	static const char *const reasons[CT_REASON_MAX] = {
		"",          "tls",   "overload",  "timeout",     "gap",
		"midstream", "limit", "malformed", "unsupported", "encrypted-file"
	};
	static const char *const actions[CT_ACT_MAX] = {
		"none", "alert", "reject", "drop", "reset", "tempfail", "pass"
	};
	static const char *const verdicts[CT_VERDICT_MAX] = { "clean", "infected", "suspicious", "unscanned" };
	for (int i = 0; i < CT_REASON_MAX; i++)
		assert_string_equal(ct_reason_name((enum ct_reason)i), reasons[i]);
	for (int i = 0; i < CT_ACT_MAX; i++)
		assert_string_equal(ct_action_name((enum ct_action)i), actions[i]);
	for (int i = 0; i < CT_VERDICT_MAX; i++)
		assert_string_equal(ct_verdict_name((enum ct_verdict)i), verdicts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_what_was_put, setup, teardown),
		cmocka_unit_test_setup_teardown(crosses_borders_at_every_place, setup, teardown),
		cmocka_unit_test_setup_teardown(grows_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_a_note_whole_or_not_at_all, setup, teardown),
		cmocka_unit_test_setup_teardown(stops_growing_after_a_loss, setup, teardown),
		cmocka_unit_test_setup_teardown(gives_back_what_a_failed_note_took, setup, teardown),
		cmocka_unit_test_setup_teardown(passes_over_what_is_not_copied, setup, teardown),
		cmocka_unit_test(names_are_those_of_the_interface),
	};
	return cmocka_run_group_tests_name("ct_record", tests, make_pool, NULL);
}
