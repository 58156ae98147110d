/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_gzip_log.h"

struct bytes {
	uint8_t p[40000];
	size_t n;
};

static struct bytes file;
static struct gzip_log whole, split;

static void put(struct bytes *b, const void *p, size_t n)
{
	assert_true(n <= sizeof b->p - b->n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

static void put_int(struct bytes *b, uint32_t v, unsigned bytes)
{
	for (; bytes--; v >>= 8)
		put(b, &(uint8_t){ (uint8_t)v }, 1);
}

enum { HEADER_CRC = 2, EXTRA = 4, NAME = 8, COMMENT = 16 };

/* Where this member's parts stand. */
struct places {
	size_t flags, header_end, body_end;
};

static struct places put_member(const char *name, const void *data, size_t n, unsigned flags)
{
	const size_t start = file.n;
	put(&file, "\x1f\x8b\x08", 3);
	put_int(&file, flags, 1);
	put(&file, "\1\2\3\4\2\3", 6);
	if (flags & EXTRA) {
		put_int(&file, 10, 2);
		put(&file, "AP\6\0\x1f\x8b\x08\0ab", 10);
	}
	if (flags & NAME)
		put(&file, name, strlen(name) + 1);
	if (flags & COMMENT)
		put(&file, "a comment", 10);
	if (flags & HEADER_CRC)
		put_int(&file, (uint32_t)crc32(0, file.p + start, (uInt)(file.n - start)) & 0xffff, 2);
	const size_t body = file.n;
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, 0), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)n;
	z.next_out = file.p + file.n;
	z.avail_out = (uInt)(sizeof file.p - file.n);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	file.n += z.total_out;
	deflateEnd(&z);
	const size_t end = file.n;
	put_int(&file, (uint32_t)crc32(0, data, (uInt)n), 4);
	put_int(&file, (uint32_t)n, 4);
	return (struct places){ start + 3, body, end };
}

static size_t cut_once(void *arg, size_t left)
{
	size_t *cut = arg, n = *cut;
	*cut = left;
	return n;
}

static size_t by_size(void *arg, size_t left)
{
	(void)left;
	return *(size_t *)arg;
}

/* The file whole, cut in two at every place, and in pieces of every size up to 70: the same. */
static void expect(const void *data, size_t n, const char *name, unsigned faults)
{
	gzip_log_run(&whole, file.p, file.n, NULL, NULL);
	assert_int_equal(whole.n, n);
	if (n)
		assert_memory_equal(whole.out, data, n);
	assert_int_equal(whole.faults, faults);
	assert_int_equal(whole.begun, name ? 1 : 0);
	assert_int_equal(whole.name_len, name ? strlen(name) : 0);
	if (name)
		assert_memory_equal(whole.name, name, whole.name_len);
	for (size_t cut = 1; cut < file.n; cut++) {
		size_t at = cut;
		gzip_log_run(&split, file.p, file.n, cut_once, &at);
		assert_true(gzip_log_same(&whole, &split));
	}
	for (size_t size = 1; size < 70; size++) {
		gzip_log_run(&split, file.p, file.n, by_size, &size);
		assert_true(gzip_log_same(&whole, &split));
	}
}

#define TEXT "some text, some text, KERNEL32.DLL and then ADVAPI32.DLL, some text"
#define TEXT_LEN (sizeof TEXT - 1)

static void every_header(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 32; flags += 2) {
		file.n = 0;
		const struct places at = put_member("a.scr", TEXT, TEXT_LEN, flags | 1 /* text, it says */);
		expect(TEXT, TEXT_LEN, flags & NAME ? "a.scr" : "", 0);
		assert_int_equal(whole.begun_at, at.header_end);
		assert_int_equal(whole.inflate.in, file.n);
	}
}

static void a_long_name_is_cut(void **state)
{
	(void)state;
	char name[301], known[RS_GZIP_NAME_MAX + 1];
	for (size_t n = RS_GZIP_NAME_MAX - 1; n <= 300; n += n < RS_GZIP_NAME_MAX + 1 ? 1 : 44) {
		memset(name, 'n', n);
		name[n] = 0;
		snprintf(known, sizeof known, "%.*s", RS_GZIP_NAME_MAX, name);
		file.n = 0;
		put_member(name, TEXT, TEXT_LEN, NAME);
		expect(TEXT, TEXT_LEN, known, 0);
	}
}

/* RFC 1952 2.2: members one after the other are one file; padding may follow, and as some readers have it stand between. */
static void several_members(void **state)
{
	(void)state;
	for (unsigned zeros = 0; zeros < 5; zeros += 2) {
		file.n = 0;
		put_member("first", "one, ", 5, NAME | HEADER_CRC);
		put(&file, "\0\0\0\0", zeros);
		put_member("second", "", 0, NAME);
		put_member("third", "two, ", 5, EXTRA | COMMENT);
		put_member("", "three", 5, 0);
		put(&file, "\0\0\0\0", zeros);
		expect("one, two, three", 15, "first", 0);
	}
}

static void every_prefix_is_cut(void **state)
{
	(void)state;
	static struct bytes all;
	file.n = 0;
	const struct places at = put_member("n", TEXT, TEXT_LEN, NAME | EXTRA | COMMENT | HEADER_CRC);
	put_member("", TEXT, TEXT_LEN, 0);
	all = file;
	for (size_t n = 1; n < all.n; n++) {
		memcpy(file.p, all.p, n);
		file.n = n;
		gzip_log_run(&whole, file.p, n, NULL, NULL);
		const size_t first = at.body_end + 8;
		assert_int_equal(whole.faults, n == first ? 0 : n > first && n < first + 10 ? RS_GZIP_ODD : RS_GZIP_CUT);
		assert_int_equal(whole.begun, n >= at.header_end);
		assert_true(n < at.body_end || whole.n >= TEXT_LEN);
	}
}

/* Where readers may differ, all of it is handed out, and it is told. */
static void what_is_odd_is_told(void **state)
{
	(void)state;
	struct places at;
	for (unsigned bit = 32; bit < 256; bit *= 2) { /* reserved */
		file.n = 0;
		put_member("n", TEXT, TEXT_LEN, NAME | bit);
		expect(TEXT, TEXT_LEN, "n", RS_GZIP_ODD);
	}
	for (unsigned i = 1; i <= 2; i++) { /* the header's checksum */
		file.n = 0;
		at = put_member("n", TEXT, TEXT_LEN, NAME | HEADER_CRC);
		file.p[at.header_end - i] ^= 1;
		expect(TEXT, TEXT_LEN, "n", RS_GZIP_ODD);
	}
	for (unsigned i = 0; i < 8; i++) { /* checksum and length of the data */
		file.n = 0;
		at = put_member("n", TEXT, TEXT_LEN, NAME);
		file.p[at.body_end + i] ^= 0x80;
		put_member("", "more", 4, 0);
		expect(TEXT "more", TEXT_LEN + 4, "n", RS_GZIP_ODD);
	}
	static const char *const behind[] = { "x",		    "\x1f",			 "\x1f\x8b",
					      "\x1f\x8b\x08 none", "\x1f\x8c\x08 a stranger", "MZ\x90 a program" };
	for (unsigned i = 0; i < sizeof behind / sizeof *behind; i++) {
		file.n = 0;
		put_member("n", TEXT, TEXT_LEN, NAME);
		put(&file, behind[i], strlen(behind[i]));
		expect(TEXT, TEXT_LEN, "n", RS_GZIP_ODD);
	}
}

static void what_is_wrong_is_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) { /* no gzip, or another method */
		file.n = 0;
		put_member("n", TEXT, TEXT_LEN, NAME);
		file.p[i]++;
		expect("", 0, NULL, RS_GZIP_WRONG);
	}
	file.n = 0;
	struct places at = put_member("n", TEXT, TEXT_LEN, NAME);
	file.p[at.header_end] |= 6; /* a block of no type */
	expect("", 0, "n", RS_GZIP_WRONG);
	/* In the second member: the first is there. */
	file.n = 0;
	put_member("n", TEXT, TEXT_LEN, NAME);
	at = put_member("n", TEXT, TEXT_LEN, NAME);
	file.p[at.header_end] |= 6;
	expect(TEXT, TEXT_LEN, "n", RS_GZIP_WRONG);
}

static void no_more_than_wanted(void **state)
{
	(void)state;
	static uint8_t zeros[100000];
	file.n = 0;
	put_member("", zeros, sizeof zeros, 0);
	put_member("", zeros, sizeof zeros, 0);
	whole.most = 20000;
	gzip_log_run(&whole, file.p, file.n, NULL, NULL);
	assert_true(whole.n >= 20000 && whole.n < 20000 + 64 * 1032);
	const size_t n = whole.n;
	for (size_t size = 1; size < 70; size++) {
		split.most = 20000;
		gzip_log_run(&split, file.p, file.n, by_size, &size);
		assert_int_equal(split.n, n); /* however it is cut */
	}
	split.most = whole.most = 0;
	assert_int_equal(whole.faults, 0);
}

static void a_copy_goes_its_own_way(void **state)
{
	(void)state;
	uint8_t buffer[100];
	file.n = 0;
	put_member("name", TEXT, TEXT_LEN, NAME | EXTRA | HEADER_CRC);
	put_member("", "more", 4, COMMENT);
	for (size_t cut = 0; cut <= file.n; cut++) {
		whole.n = whole.begun = 0;
		rs_gzip_init(&whole.g, &gzip_log_ops, &whole, &whole.inflate);
		rs_gzip_feed(&whole.g, file.p, cut, buffer, sizeof buffer);
		memcpy(split.out, whole.out, whole.n);
		memcpy(split.name, whole.name, sizeof whole.name);
		split.n = whole.n;
		split.name_len = whole.name_len;
		split.begun = whole.begun;
		rs_inflate_copy(&split.inflate, &whole.inflate);
		rs_gzip_copy(&split.g, &whole.g, &split, &split.inflate);
		for (unsigned i = 0; i < 2; i++) {
			struct gzip_log *l = i ? &whole : &split;
			rs_gzip_feed(&l->g, file.p + cut, file.n - cut, buffer, sizeof buffer);
			assert_int_equal(rs_gzip_end(&l->g), 0);
			assert_int_equal(l->n, TEXT_LEN + 4);
			assert_memory_equal(l->out, TEXT "more", l->n);
			assert_true(l->begun == 1 && l->name_len == 4);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_header),	       cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(several_members),     cmocka_unit_test(every_prefix_is_cut),
		cmocka_unit_test(what_is_odd_is_told), cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(no_more_than_wanted), cmocka_unit_test(a_copy_goes_its_own_way),
	};
	return cmocka_run_group_tests_name("rs_gzip", tests, NULL, NULL);
}
