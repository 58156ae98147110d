/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_ar.h"
#include "reassembly/archive/rs_unwrap_expect.h"

static uint8_t file[4000];
static size_t len;
static struct unwrap_log whole, split;
static struct rs_ar ar;

static void put(const char *text)
{
	assert_true(len + strlen(text) <= sizeof file);
	memcpy(file + len, text, strlen(text));
	len += strlen(text);
}

static void begin(void)
{
	len = 0;
	put("!<arch>\n");
}

/* A header; size: what stands in its field. */
static void header(const char *name, const char *size)
{
	char head[RS_AR_HEADER + 1];
	snprintf(head, sizeof head, "%-16.16s%-12s%-6s%-6s%-8s%-10.10s`\n", name, "1075363200", "0", "0", "100644", size);
	put(head);
}

/* A member without the byte that makes it even. */
static void add_uneven(const char *name, const char *content)
{
	char size[24];
	snprintf(size, sizeof size, "%zu", strlen(content));
	header(name, size);
	put(content);
}

static void add(const char *name, const char *content)
{
	add_uneven(name, content);
	if (strlen(content) % 2)
		put("\n");
}

/* Whole, byte by byte, and cut in two at every place: the same. Members as "name=content", in their order. */
static void expect(uint32_t flags, const char *const *members, unsigned n)
{
	unwrap_log_run(&whole, &rs_ar_reader, &ar, file, len, NULL, NULL);
	unwrap_log_expect(&whole, &split, flags, members, n);
}

#define EXPECT(flags, ...) expect(flags, UNWRAP_LOG_MEMBERS_OF(__VA_ARGS__))

static void members(void **state)
{
	(void)state;
	begin();
	add("debian-binary", "2.0\n");
	add("a.txt/", "odd");
	add("with blank", "");
	add("b.scr", "KERNEL32.DLL");
	EXPECT(0, "debian-binary=2.0\n", "a.txt=odd", "with blank=", "b.scr=KERNEL32.DLL");
	assert_int_equal(whole.member[1].at, 8 + 60 + 4 + 60);
	assert_int_equal(whole.member[3].said, 12);
	begin();
	expect(0, NULL, 0);
}

static void long_names_of_gnu(void **state)
{
	(void)state;
	begin();
	add("/", "index");
	add("//", "a_name_longer_than_its_field.o/\nanother/of/the/kind.exe/\n");
	add("/0", "first");
	add("/32", "second");
	add("short.o/", "third");
	add("/57", "beyond the table");
	EXPECT(RS_UNWRAP_ODD, "/=index", "a_name_longer_than_its_field.o=first", "another/of/the/kind.exe=second", "short.o=third",
	       "/57=beyond the table");
	/* Microsoft's, whose names end in NUL. */
	begin();
	header("//", "20");
	memcpy(file + len, "a/long/name.obj\0b.c\0", 20);
	len += 20;
	add("/0", "first");
	add("/16", "second");
	EXPECT(0, "a/long/name.obj=first", "b.c=second");
}

/* Of a table that is longer than what is kept: what stands before that is known, and all else is a limit. */
static void long_names_beyond_what_is_kept(void **state)
{
	char table[RS_AR_TABLE + 40], name[16], beyond[32];
	(void)state;
	memset(table, 'x', sizeof table);
	memcpy(table, "first/\n", 7);
	memcpy(table + RS_AR_TABLE - 10, "/\nkept/\nno", 10);
	strcpy(table + RS_AR_TABLE, "t kept/\n");
	snprintf(beyond, sizeof beyond, "/%u=data", RS_AR_TABLE - 2);
	for (unsigned i = 0; i < 3; i++) {
		const unsigned at[] = { 0, RS_AR_TABLE - 8, RS_AR_TABLE - 2 };
		const char *const wanted[] = { "first=data", "kept=data", beyond };
		begin();
		add("//", table);
		snprintf(name, sizeof name, "/%u", at[i]);
		add(name, "data");
		EXPECT(i == 2 ? RS_UNWRAP_LIMIT : 0, wanted[i]);
	}
}

static void long_names_of_bsd(void **state)
{
	char name[400];
	(void)state;
	begin();
	header("#1/28", "33");
	put("a name longer than its field");
	put("12345\n");
	header("#1/8", "8");
	memcpy(file + len, "empty\0\0\0", 8);
	len += 8;
	header("#1/9", "4"); /* longer than all there is: it is the name itself */
	put("data");
	add("#1/x", "y");
	EXPECT(0, "a name longer than its field=12345", "empty=", "#1/9=data", "#1/x=y");
	assert_int_equal(whole.member[0].said, 5);
	/* Longer than is kept. */
	memset(name, 'n', sizeof name);
	name[299] = 0;
	begin();
	header("#1/299", "303");
	put(name);
	put("data\n");
	unwrap_log_run(&whole, &rs_ar_reader, &ar, file, len, NULL, NULL);
	assert_int_equal(whole.members, 1);
	assert_int_equal(strlen(whole.member[0].name), RS_AR_NAME_MAX);
	assert_int_equal(whole.member[0].n, 4);
	assert_int_equal(whole.flags, 0);
	assert_true(unwrap_log_every_cut(&split, &whole, 1));
}

/* The byte that makes a length even: another one, or none; and what some put at the end. */
static void uneven(void **state)
{
	(void)state;
	begin();
	add_uneven("a", "1");
	put("x");
	add_uneven("b", "2");
	put("\n");
	add_uneven("c", "3");
	EXPECT(0, "a=1", "b=2", "c=3");
	begin();
	add_uneven("a", "1");
	add_uneven("b", "2");
	add("c", "3");
	EXPECT(RS_UNWRAP_ODD, "a=1", "b=2", "c=3");
	begin();
	add("a", "1");
	for (unsigned i = 0; i < 130; i++) {
		put(i % 2 ? "\r" : "\n");
		EXPECT(0, "a=1");
	}
}

static void broken(void **state)
{
	(void)state;
	begin();
	add("first", "1");
	add("second", "12");
	add("third", "3");
	const size_t second = 8 + 60 + 2, all = len;
	for (len = all; len > second; len--) {
		/* The third's last byte may be missing; what is cut off behind the first's is a header, or data. */
		const size_t third = second + 60 + 2;
		const uint32_t flags = len == all || len == all - 1 || len == third ? 0 : RS_UNWRAP_CUT;
		unwrap_log_run(&whole, &rs_ar_reader, &ar, file, len, NULL, NULL);
		assert_int_equal(whole.flags, flags);
		assert_int_equal(whole.members, len >= third + 60 ? 3 : len >= second + 60 ? 2 : 1);
	}
	len = all;
	file[second + 58] = 'x'; /* the header's end */
	EXPECT(RS_UNWRAP_WRONG, "first=1");
	begin();
	header("first", "1x");
	put("1\n");
	expect(RS_UNWRAP_WRONG, NULL, 0);
	begin();
	header("first", "");
	expect(RS_UNWRAP_WRONG, NULL, 0);
	begin();
	header("first", "9999999999");
	put("1\n");
	EXPECT(RS_UNWRAP_CUT, "first=1\n");
	assert_int_equal(whole.member[0].flags, RS_UNWRAP_CUT);
	begin();
	file[3] = 'A';
	expect(RS_UNWRAP_NOT, NULL, 0);
	len = 3;
	expect(RS_UNWRAP_NOT, NULL, 0);
}

/* In data it hides that; in what is counted the rest is found; in a header all that follows is nobody's. */
static void a_gap_hides_only_what_it_is_in(void **state)
{
	(void)state;
	begin();
	add("first", "some odd text");
	add("second", "2");
	const size_t data = 8 + 60, second = data + 14;
	for (size_t at = data; at < second; at++)
		for (size_t n = 1; at + n <= second; n++) {
			unwrap_log_lose(&whole, &rs_ar_reader, &ar, file, len, at, n);
			assert_int_equal(whole.members, 2);
			assert_int_equal(whole.member[0].missing, (at + n < second ? at + n : second - 1) - at);
			assert_int_equal(whole.member[0].flags, at < second - 1 ? RS_UNWRAP_GAP : 0);
			assert_int_equal(whole.member[1].n, 1);
			assert_int_equal(whole.flags, 0);
		}
	unwrap_log_lose(&whole, &rs_ar_reader, &ar, file, len, second + 3, 2);
	assert_int_equal(whole.members, 1);
	assert_int_equal(whole.standing, len - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members),
		cmocka_unit_test(long_names_of_gnu),
		cmocka_unit_test(long_names_beyond_what_is_kept),
		cmocka_unit_test(long_names_of_bsd),
		cmocka_unit_test(uneven),
		cmocka_unit_test(broken),
		cmocka_unit_test(a_gap_hides_only_what_it_is_in),
	};
	return cmocka_run_group_tests_name("rs_ar", tests, NULL, NULL);
}
