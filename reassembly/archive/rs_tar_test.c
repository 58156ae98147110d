/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_name.h"
#include "reassembly/archive/rs_tar.h"
#include "reassembly/archive/rs_unwrap_expect.h"

static uint8_t file[20000];
static size_t len;
static struct unwrap_log whole, split;
static struct rs_tar tar;

static void put(const void *p, size_t n)
{
	assert_true(len + n <= sizeof file);
	memcpy(file + len, p, n);
	len += n;
}

static void pad(void)
{
	while (len % RS_TAR_BLOCK)
		file[len++] = 0;
}

static void seal(uint8_t *b)
{
	uint32_t sum = 0;
	memset(b + 148, ' ', 8);
	for (unsigned i = 0; i < RS_TAR_BLOCK; i++)
		sum += b[i];
	snprintf((char *)b + 148, 8, "%06o", sum);
	b[155] = ' ';
}

/* A header; size: what stands in its field. Returns its block. */
static uint8_t *header(const char *name, char type, const char *size, const char *magic)
{
	uint8_t *b = file + len;
	assert_true(len + RS_TAR_BLOCK <= sizeof file);
	memset(b, 0, RS_TAR_BLOCK);
	memcpy(b, name, strlen(name) < 100 ? strlen(name) : 100);
	memcpy(b + 100, "0000644\0" "0000000\0" "0000000\0", 24);
	memcpy(b + 124, size, strlen(size));
	memcpy(b + 136, "00000000000", 11);
	b[156] = (uint8_t)type;
	memcpy(b + 257, magic, 8);
	seal(b);
	len += RS_TAR_BLOCK;
	return b;
}

static void add(const char *name, char type, const char *content)
{
	char size[32];
	snprintf(size, sizeof size, "%011zo", strlen(content));
	header(name, type, size, "ustar\00000");
	put(content, strlen(content));
	pad();
}

static void finish(void)
{
	memset(file + len, 0, 2 * RS_TAR_BLOCK);
	len += 2 * RS_TAR_BLOCK;
}

/* Whole, byte by byte, and cut in two at every place: the same. Members as "name=content", in their order. */
static void expect(uint32_t flags, const char *const *members, unsigned n)
{
	unwrap_log_run(&whole, &rs_tar_reader, &tar, file, len, NULL, NULL);
	unwrap_log_expect(&whole, &split, flags, members, n);
}

#define EXPECT(flags, ...) expect(flags, UNWRAP_LOG_MEMBERS_OF(__VA_ARGS__))

static void members(void **state)
{
	(void)state;
	len = 0;
	add("a.txt", '0', "some text");
	add("dir/", '5', "");
	add("dir/b.scr", 0, "other text, KERNEL32.DLL");
	add("empty", '0', "");
	finish();
	EXPECT(0, "a.txt=some text", "dir/b.scr=other text, KERNEL32.DLL", "empty=");
	assert_int_equal(whole.member[1].at, 4 * RS_TAR_BLOCK);
	assert_int_equal(whole.member[1].said, 24);
}

static void names_and_sizes_before_their_header(void **state)
{
	(void)state;
	len = 0;
	add("././@LongLink", 'L', "a/very/long/name/that/goes/on");
	add("a/very/lo", '0', "1");
	add("pax", 'x', "27 mtime=1350244992.023960\n25 path=path/of/the/file\n11 size=14\n");
	header("short", '0', "00000000000", "ustar\00000");
	put("fourteen bytes", 14);
	pad();
	add("global", 'g', "21 comment=something\n");
	add("last", '0', "3");
	finish();
	EXPECT(0, "a/very/long/name/that/goes/on=1", "path/of/the/file=fourteen bytes", "last=3");
}

/* A directory is none, whatever size it says: no data follows. Older archives have files whose name says that they are one. */
static void directories(void **state)
{
	(void)state;
	len = 0;
	header("dir/", '5', "00000001130", "ustar\00000");
	add("a.txt", '0', "1");
	header("old/", '0', "00000000000", "\0\0\0\0\0\0\0");
	header("older/", 0, "00000000000", "\0\0\0\0\0\0\0");
	add("pax", 'x', "14 path=long/\n");
	add("long", '0', "");
	add("pax", 'x', "12 size=600\n");
	add("dir", '5', "");
	add("b.txt", '0', "2");
	finish();
	EXPECT(0, "a.txt=1", "b.txt=2");
	/* Where something follows all the same, some look for the next header. */
	len = 0;
	header("dir/", '5', "00000000011", "ustar\00000");
	put("some data", 9);
	pad();
	add("a.txt", '0', "1");
	finish();
	EXPECT(RS_UNWRAP_ODD, "a.txt=1");
	/* Of one by its name some say that it has data. */
	for (unsigned i = 0; i < 4; i++) {
		len = 0;
		if (i > 1)
			add("././@LongLink", 'L', i > 2 ? "not" : "dir/");
		add(i == 2 ? "not" : "dir/", i == 1 ? '0' : 0, "some data");
		add("a.txt", '0', "1");
		finish();
		EXPECT(RS_UNWRAP_ODD, i > 2 ? "not=some data" : "dir/=some data", "a.txt=1");
	}
	/* Of a long name the beginning stands in the header. */
	len = 0;
	add("././@LongLink", 'L', "dir/a.txt");
	add("dir/", '0', "some data");
	finish();
	EXPECT(0, "dir/a.txt=some data");
}

/* GNU's long name ends at its NUL, wherever pieces end. */
static void what_follows_a_name_is_none(void **state)
{
	(void)state;
	static const char name[] = "a/long/name\0and/junk";
	len = 0;
	header("././@LongLink", 'L', "00000000024", "ustar\00000");
	put(name, sizeof name - 1);
	pad();
	add("short", '0', "some text");
	finish();
	EXPECT(0, "a/long/name=some text");
}

/* Of a long name, however it is given, its beginning and its end are kept. */
static void long_names(void **state)
{
	char name[400], member[400], record[420];
	(void)state;
	for (size_t n = RS_TAR_NAME_MAX - 1; n < 399; n += n < RS_TAR_NAME_MAX + 3 ? 1 : 47) {
		const bool cut = n > RS_TAR_NAME_MAX;
		for (size_t i = 0; i < n; i++)
			name[i] = (char)('a' + i % 23);
		memcpy(name + n - 4, ".scr", 5);
		snprintf(member, sizeof member, "%.*s%s=1", (int)((cut ? RS_TAR_NAME_MAX : n) - RS_NAME_TAIL), name,
			 name + n - RS_NAME_TAIL);
		snprintf(record, sizeof record, "%zu path=%s\n", n + 10, name);
		len = 0;
		add("././@LongLink", 'L', name);
		add("a", '0', "1");
		add("b", '0', "2");
		add("pax", 'x', record);
		add("a", '0', "1");
		finish();
		EXPECT(0, member, "b=2", member);
		assert_int_equal(whole.member[0].name_cut, cut);
		assert_false(whole.member[1].name_cut);
		assert_int_equal(whole.member[2].name_cut, cut);
	}
	/* The longest in a header alone. */
	len = 0;
	add(name, '0', "1");
	memcpy(file + 345, name, 155);
	seal(file);
	finish();
	snprintf(member, sizeof member, "%.155s/%.100s=1", name, name);
	EXPECT(0, member);
	assert_false(whole.member[0].name_cut);
}

static void what_is_none(void **state)
{
	(void)state;
	len = 0;
	for (unsigned i = 0; i < 3; i++)
		put("a-text-without-a-space-in-its-first-line\nand so on, and so on, and so on, and so on, and so on\n", 94);
	for (; len < 700; len++)
		file[len] = 'x';
	expect(RS_UNWRAP_NOT, NULL, 0);
	len = 100;
	expect(RS_UNWRAP_NOT, NULL, 0);
}

static void broken(void **state)
{
	(void)state;
	len = 0;
	add("first", '0', "1");
	add("second", '0', "2");
	add("third", '0', "3");
	finish();
	file[2 * RS_TAR_BLOCK] ^= 1; /* the second header: its data is none, the third is found */
	EXPECT(RS_UNWRAP_ODD, "first=1", "third=3");
	len = 3 * RS_TAR_BLOCK + 1;
	file[2 * RS_TAR_BLOCK] ^= 1;
	EXPECT(RS_UNWRAP_CUT, "first=1", "second=2");
	assert_int_equal(whole.member[1].flags, 0);
	len = RS_TAR_BLOCK;
	EXPECT(RS_UNWRAP_CUT, "first=");
	assert_int_equal(whole.member[0].flags, RS_UNWRAP_CUT);
}

/* GNU's type S, with two more blocks of its map; and pax's way. */
static void holes_are_told(void **state)
{
	(void)state;
	len = 0;
	uint8_t *b = header("sparse", 'S', "00000000016", "ustar  ");
	b[482] = 1;
	seal(b);
	memset(file + len, 'x', 2 * RS_TAR_BLOCK);
	file[len + 504] = 1;
	file[len + RS_TAR_BLOCK + 504] = 0;
	len += 2 * RS_TAR_BLOCK;
	put("fourteen bytes", 14);
	pad();
	add("next", '0', "2");
	finish();
	EXPECT(RS_UNWRAP_UNSUPPORTED, "sparse=fourteen bytes", "next=2");
	len = 0;
	add("pax", 'x', "22 GNU.sparse.major=1\n");
	add("GNUSparseFile.1/a", '0', "map and data");
	finish();
	EXPECT(RS_UNWRAP_UNSUPPORTED, "GNUSparseFile.1/a=map and data");
	for (unsigned i = 0; i < 2; i++) { /* whatever comes first */
		struct unwrap_log l = { 0 };
		len = 0;
		add("pax", 'x', i ? "23 GNU.sparse.name=spf\n27 GNU.sparse.realsize=300\n10 path=a\n"
				  : "10 path=a\n27 GNU.sparse.realsize=300\n23 GNU.sparse.name=spf\n");
		add("GNUSparseFile.1/a", '0', "map and data");
		add("next", '0', "2");
		finish();
		EXPECT(RS_UNWRAP_UNSUPPORTED, "spf=map and data", "next=2");
		l.state = &tar.u;
		l.data = malloc(l.room = len);
		rs_tar_reader.init(&tar, &unwrap_log_ops, &l);
		rs_tar_reader.feed(&tar, file, len);
		rs_tar_reader.end(&tar);
		assert_true(l.member[0].said == 300 && l.member[0].flags & RS_UNWRAP_HOLES);
		assert_true(l.member[1].said == 1 && !(l.member[1].flags & RS_UNWRAP_HOLES));
		free(l.data);
	}
	len = 0;
	add("volume", 'V', "");
	add("global", 'g', "10 path=a\n");
	add("b", '0', "1");
	finish();
	EXPECT(RS_UNWRAP_ODD, "b=1");
}

/* Bytes missing, in pieces of at most so many. */
static void run_torn(struct unwrap_log *l, size_t from, size_t to, size_t piece)
{
	unwrap_log_clear(l);
	rs_tar_reader.init(&tar, &unwrap_log_ops, l);
	for (size_t at = 0; at < len;) {
		if (at == from) {
			rs_tar_reader.gap(&tar, to - from);
			at = to;
			continue;
		}
		size_t k = (at < from ? from : len) - at;
		k = k < piece ? k : piece;
		uint8_t *exact = malloc(k);
		assert_non_null(exact);
		memcpy(exact, file + at, k);
		rs_tar_reader.feed(&tar, exact, k);
		free(exact);
		at += k;
	}
	l->flags = rs_tar_reader.end(&tar);
	assert_false(l->open);
}

/* Wherever bytes are missing: members before and behind are as without that, and the one that is torn says so. */
static void a_gap_hides_only_what_it_is_in(void **state)
{
	static const struct {
		const char *name, *content;
	} members[] = { { "one", "the first" }, { "two", "a second one" }, { "three", "the third" } };
	size_t begin[3], end[3];
	(void)state;
	len = 0;
	for (unsigned i = 0; i < 3; i++) {
		begin[i] = len;
		add(members[i].name, '0', members[i].content);
		end[i] = begin[i] + RS_TAR_BLOCK + strlen(members[i].content);
	}
	finish();
	for (size_t from = 1; from < len; from += from % RS_TAR_BLOCK > 20 && from % RS_TAR_BLOCK < 500 ? 37 : 1)
		for (size_t n = 1; n < 1400 && from + n <= len; n = n * 2 + 1) {
			const size_t to = from + n;
			run_torn(&whole, from, to, SIZE_MAX);
			run_torn(&split, from, to, 7);
			assert_true(unwrap_log_same(&whole, &split));
			for (unsigned i = 0; i < 3; i++) {
				const size_t size = strlen(members[i].content);
				const struct unwrap_member *m = NULL;
				for (unsigned k = 0; k < whole.members; k++)
					if (strcmp(whole.member[k].name, members[i].name) == 0)
						m = &whole.member[k];
				if (end[i] <= from || begin[i] >= to) {
					assert_non_null(m);
					assert_int_equal(m->n, size);
					assert_memory_equal(whole.data + m->from, members[i].content, size);
					assert_int_equal(m->flags, 0);
				} else if (m) {
					assert_int_equal(m->n + m->missing, size);
					assert_true(m->flags & RS_UNWRAP_GAP);
				}
			}
		}
}

/* Whoever kept the first block, and handed it out, begins behind it. */
static void begun_behind_the_first_block(void **state)
{
	(void)state;
	static const char *const first[] = { "a.txt", "././@LongLink" };
	for (unsigned i = 0; i < 2; i++) {
		len = 0;
		add(first[i], i ? 'L' : '0', "some text");
		add("b", '0', "more");
		finish();
		unwrap_log_run(&whole, &rs_tar_reader, &tar, file, len, NULL, NULL);
		unwrap_log_clear(&split);
		memset(&tar, 0xa5, sizeof tar);
		memcpy(tar.block, file, RS_TAR_BLOCK);
		rs_tar_start(&tar, &unwrap_log_ops, &split);
		rs_tar_reader.feed(&tar, file + RS_TAR_BLOCK, len - RS_TAR_BLOCK);
		split.flags = rs_tar_reader.end(&tar);
		assert_true(unwrap_log_same(&whole, &split));
		assert_int_equal(split.standing, len - RS_TAR_BLOCK);
	}
}

/* What begins as a header does is never told to be none; a text is where the sum stands. */
static void told_by_its_beginning(void **state)
{
	(void)state;
	static const char *const sums[] = { "  12345\0", "012345\0 ", "12345   ", "\x80\0\0\0\0\0\x30\x39" };
	len = 0;
	add("a", '0', "some text");
	for (unsigned i = 0; i < 4; i++)
		for (size_t n = 0; n <= RS_TAR_BLOCK; n++) {
			memcpy(file + 148, sums[i], 8);
			assert_true(rs_tar_may_be_header(file, n));
		}
	memset(file, 'x', RS_TAR_BLOCK);
	assert_true(rs_tar_may_be_header(file, 148));
	assert_false(rs_tar_may_be_header(file, 149));
	memset(file, ' ', RS_TAR_BLOCK);
	assert_true(rs_tar_may_be_header(file, 155));
	assert_false(rs_tar_may_be_header(file, 156));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members),
		cmocka_unit_test(names_and_sizes_before_their_header),
		cmocka_unit_test(directories),
		cmocka_unit_test(what_follows_a_name_is_none),
		cmocka_unit_test(long_names),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(broken),
		cmocka_unit_test(holes_are_told),
		cmocka_unit_test(a_gap_hides_only_what_it_is_in),
		cmocka_unit_test(begun_behind_the_first_block),
		cmocka_unit_test(told_by_its_beginning),
	};
	return cmocka_run_group_tests_name("rs_tar", tests, NULL, NULL);
}
