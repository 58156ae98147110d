/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_tar.h"
#include "reassembly/archive/rs_unwrap_log.h"

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

/* A header; size: what stands in its field. Returns its block. */
static uint8_t *header(const char *name, char type, const char *size, const char *magic)
{
	uint8_t *b = file + len;
	uint32_t sum = 0;
	assert_true(len + RS_TAR_BLOCK <= sizeof file);
	memset(b, 0, RS_TAR_BLOCK);
	memcpy(b, name, strlen(name) < 100 ? strlen(name) : 100);
	memcpy(b + 100, "0000644\0" "0000000\0" "0000000\0", 24);
	memcpy(b + 124, size, strlen(size));
	memcpy(b + 136, "00000000000", 11);
	memset(b + 148, ' ', 8);
	b[156] = (uint8_t)type;
	memcpy(b + 257, magic, 8);
	for (unsigned i = 0; i < RS_TAR_BLOCK; i++)
		sum += b[i];
	snprintf((char *)b + 148, 8, "%06o", sum);
	b[155] = ' ';
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
	assert_int_equal(whole.flags, flags);
	assert_int_equal(whole.members, n);
	for (unsigned i = 0; i < n; i++) {
		const struct unwrap_member *m = &whole.member[i];
		const char *content = strchr(members[i], '=') + 1;
		assert_int_equal(strlen(m->name), content - 1 - members[i]);
		assert_memory_equal(m->name, members[i], strlen(m->name));
		assert_int_equal(m->n, strlen(content));
		assert_memory_equal(whole.data + m->from, content, m->n);
		assert_true(m->ended && m->file);
	}
	unwrap_log_run(&split, &rs_tar_reader, &tar, file, len, split_ones, NULL);
	assert_true(unwrap_log_same(&whole, &split));
	for (size_t cut = 1; cut < len; cut++) {
		size_t at = cut;
		unwrap_log_run(&split, &rs_tar_reader, &tar, file, len, unwrap_log_cut, &at);
		assert_true(unwrap_log_same(&whole, &split));
	}
}

#define EXPECT(flags, ...)                                                                                             \
	do {                                                                                                           \
		const char *const names[] = { __VA_ARGS__ };                                                           \
		expect(flags, names, sizeof names / sizeof *names);                                                    \
	} while (0)

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
	add("global", 'g', "25 path=path/of/the/file\n");
	add("last", '0', "3");
	finish();
	EXPECT(0, "a/very/long/name/that/goes/on=1", "path/of/the/file=fourteen bytes", "last=3");
}

static void what_is_none(void **state)
{
	(void)state;
	len = 0;
	for (unsigned i = 0; i < 3; i++)
		put("a-text-without-a-space-in-its-first-line\nand so on, and so on, and so on, and so on, and so on\n", 94);
	for (; len < 700; len++)
		file[len] = 'x';
	assert_true(rs_tar_may_be(file, 32));
	expect(RS_UNWRAP_NOT, NULL, 0);
	len = 100;
	expect(RS_UNWRAP_NOT, NULL, 0);
	assert_false(rs_tar_may_be((const uint8_t *)"some prose, which has spaces in it", 32));
	assert_false(rs_tar_may_be((const uint8_t *)"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0\xb8\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0", 32));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members),
		cmocka_unit_test(names_and_sizes_before_their_header),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(broken),
	};
	return cmocka_run_group_tests_name("rs_tar", tests, NULL, NULL);
}
