/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_marks.h"
#include "reassembly/decode/rs_spot.h"

#define FILE_MAX 70000
#define FOUND_MAX 64

struct found {
	uint64_t end[FOUND_MAX];
	enum rs_mark what[FOUND_MAX];
	unsigned n;
};

static uint8_t file[FILE_MAX];

/* Pieces in blocks of exactly their size. */
static void look(struct found *f, size_t n, const size_t *cuts, unsigned ncuts)
{
	struct rs_marks m = { 0 };
	memset(f, 0, sizeof *f);
	for (size_t at = 0, c = 0; at < n; c++) {
		const size_t to = c < ncuts && cuts[c] < n ? cuts[c] : n;
		uint8_t *exact = malloc(to - at + 1);
		assert_non_null(exact);
		memcpy(exact, file + at, to - at);
		uint8_t *piece = realloc(exact, to - at ? to - at : 1);
		assert_non_null(piece);
		for (size_t k = 0; k < to - at;) {
			enum rs_mark what;
			struct rs_glance g = { 0, 0 };
			if (c % 2 == 0)
				rs_spot_glance(&g, piece + k, 0, to - at - k, RS_GLANCE_MARK | RS_GLANCE_SPOT);
			k += rs_marks_find(&m, piece + k, to - at - k, g.mark, &what);
			assert_true(m.pos == at + k);
			if (what == RS_MARK_NONE)
				continue;
			assert_true(f->n < FOUND_MAX);
			assert_memory_equal(rs_marks_last(&m, 4), file + m.pos - 4, 4);
			f->end[f->n] = m.pos;
			f->what[f->n++] = what;
		}
		free(piece);
		at = to;
	}
}

static void put(size_t at, const char *mark, size_t n)
{
	memcpy(file + at, mark, n);
}

static const struct {
	enum rs_mark what;
	const char *bytes;
	size_t n;
} all[] = {
	{ RS_MARK_ZIP, "PK\3\4", 4 },	    { RS_MARK_ZIP, "PK\1\2", 4 },		  { RS_MARK_RAR, "Rar!\x1a\7", 6 },
	{ RS_MARK_7Z, "7z\xbc\xaf\x27\x1c", 6 }, { RS_MARK_CAB, "MSCF\0\0\0\0", 8 },
	{ RS_MARK_GZIP, "\x1f\x8b\x08\x08 t t\2\3", 10 }, { RS_MARK_PACKED, "BZh91AY&SY", 10 },
	{ RS_MARK_PACKED, "\xfd" "7zXZ", 6 }, { RS_MARK_PACKED, "\x28\xb5\x2f\xfd\x24", 5 },
	{ RS_MARK_PACKED, "r!\0\x1c\0\1", 6 },
};
#define ALL (sizeof all / sizeof *all)

/* A glance at all of it tells where the first one begins. */
static void a_glance_sees_the_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < ALL; i++)
		for (size_t at = 0; at < 200; at++)
			for (size_t from = 0; from < 70; from += 1 + from / 3) {
				struct rs_glance g;
				const size_t begin = at + (*(const uint8_t *)all[i].bytes == 0xfd); /* which is not looked for */
				memset(file, 0x80, 300);
				put(at, all[i].bytes, all[i].n);
				rs_spot_glance(&g, file, from, 300, RS_GLANCE_MARK);
				assert_true(g.mark >= from);
				if (begin >= from)
					assert_int_equal(g.mark, begin);
				else
					assert_true(g.mark == 300 || g.mark < at + all[i].n);
			}
}

static void every_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ALL; i++)
		for (size_t at = 0; at < 300; at++) {
			struct found f;
			memset(file, i % 2 ? 'P' : 0x80, 400);
			put(at, all[i].bytes, all[i].n);
			look(&f, 400, NULL, 0);
			assert_int_equal(f.n, 1);
			assert_int_equal(f.what[0], all[i].what);
			assert_int_equal(f.end[0], at + all[i].n);
			look(&f, at + all[i].n, NULL, 0);
			assert_int_equal(f.n, 1);
			look(&f, at + all[i].n - 1, NULL, 0);
			assert_int_equal(f.n, 0);
		}
}

/* Many marks, and what nearly is one; cut at every place, in two and in three. */
static void any_split(void **state)
{
	(void)state;
	struct found whole, split;
	uint32_t seed = 7;
	memset(file, 'x', 400);
	for (size_t at = 3; at + 10 < 400;) {
		seed = seed * 1664525u + 1013904223u;
		const size_t i = (seed >> 20) % ALL, n = all[i].n - (seed >> 28 == 0);
		put(at, all[i].bytes, n);
		at += n + (seed >> 12) % 40 * (seed >> 8 & 1);
	}
	look(&whole, 400, NULL, 0);
	assert_true(whole.n > 10);
	for (size_t a = 1; a < 400; a++)
		for (size_t b = a; b < a + 12; b++) {
			const size_t cuts[] = { a, b };
			look(&split, 400, cuts, 2);
			assert_memory_equal(&whole, &split, sizeof whole);
		}
	size_t ones[400];
	for (size_t k = 0; k < 400; k++)
		ones[k] = k + 1;
	look(&split, 400, ones, 400);
	assert_memory_equal(&whole, &split, sizeof whole);
}

/* Of a header that is not always the same, what no writer makes is none. */
static void a_header_is_as_writers_make_it(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		bool is;
	} cases[] = {
		{ "\x1f\x8b\x08\x1f....\4\xff", 10, true }, { "\x1f\x8b\x08\x20....\0\3", 10, false },
		{ "\x1f\x8b\x08\0....\1\3", 10, false },	{ "\x1f\x8b\x08\0....\0\x15", 10, false },
		{ "\x1f\x8b\7\0....\0\3", 10, false },	{ "BZh01AY&SY", 10, false },
		{ "BZh11AY&SY", 10, true },			{ "BZh91AY&SX", 10, false },
		{ "e!\0\x1c\0\1", 6, false },			{ "r!\0\x1c\0\1", 6, true },
		{ "\x28\xb5\x2f\xfd\x2c", 5, false },		{ "\x28\xb5\x2f\xfd\x04", 5, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct found f;
		memset(file, ' ', 200);
		put(67, cases[i].bytes, cases[i].n);
		look(&f, 200, NULL, 0);
		assert_int_equal(f.n, cases[i].is);
	}
}

static void a_disc_has_its_mark_in_one_place(void **state)
{
	(void)state;
	for (size_t at = 0x7fff; at < 0x8004; at++)
		for (unsigned i = 0; i < 2; i++) {
			struct found f;
			memset(file, 0, FILE_MAX);
			put(at, i ? "BEA01" : "CD001", 5);
			look(&f, FILE_MAX, NULL, 0);
			assert_int_equal(f.n, at == 0x8001);
			assert_true(!f.n || f.what[0] == RS_MARK_DISC);
		}
}

static void missing_bytes_keep_places(void **state)
{
	(void)state;
	struct rs_marks m = { 0 };
	enum rs_mark what;
	rs_marks_find(&m, (const uint8_t *)"PK", 2, 0, &what);
	rs_marks_gap(&m, 0x8001 - 2);
	rs_marks_find(&m, (const uint8_t *)"\3\4", 2, 0, &what);
	assert_int_equal(what, RS_MARK_NONE);
	m = (struct rs_marks){ 0 };
	rs_marks_gap(&m, 0x8001);
	assert_int_equal(rs_marks_find(&m, (const uint8_t *)"CD001xx", 7, 0, &what), 5);
	assert_int_equal(what, RS_MARK_DISC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_glance_sees_the_first),
		cmocka_unit_test(every_place),
		cmocka_unit_test(any_split),
		cmocka_unit_test(a_header_is_as_writers_make_it),
		cmocka_unit_test(a_disc_has_its_mark_in_one_place),
		cmocka_unit_test(missing_bytes_keep_places),
	};
	const char *const isa[] = { "c", "ssse3", "avx2", "avx512vbmi" };
	int failed = 0;
	for (unsigned v = 0; v < sizeof isa / sizeof *isa; v++)
		if (rs_spot_use(isa[v]) == 0)
			failed += cmocka_run_group_tests_name(isa[v], tests, NULL, NULL);
	return failed;
}
