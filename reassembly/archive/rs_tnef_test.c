/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_tnef.h"
#include "reassembly/archive/rs_unwrap_log.h"

static uint8_t file[8192];
static size_t len, data_at;
static struct unwrap_log whole, split;
static struct rs_tnef tnef;

static void put(const void *p, size_t n)
{
	assert_true(len + n <= sizeof file);
	memcpy(file + len, p, n);
	len += n;
}

static void put32(uint32_t v)
{
	put((const uint8_t[]){ (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) }, 4);
}

static void begin(void)
{
	len = 0;
	put("\x78\x9f\x3e\x22\1\0", 6);
}

static void attribute(uint8_t level, uint32_t id)
{
	put(&level, 1);
	put32(id);
	put32(0);
	data_at = len;
}

static void attribute_end(void)
{
	uint16_t sum = 0;
	const size_t n = len - data_at;
	for (size_t i = data_at; i < len; i++)
		sum = (uint16_t)(sum + file[i]);
	len = data_at - 4;
	put32((uint32_t)n);
	len += n;
	put((const uint8_t[]){ (uint8_t)sum, (uint8_t)(sum >> 8) }, 2);
}

static void text(uint8_t level, uint32_t id, const char *what, size_t n)
{
	attribute(level, id);
	put(what, n);
	attribute_end();
}

static void property(uint32_t tag, const void *p, size_t n)
{
	/* The type comes first. */
	put32(tag << 16 >> 16 | (tag >> 16) << 16);
	if ((tag & 0xffff) == 3 || (tag & 0xffff) == 0xb) {
		put(p, 4);
		return;
	}
	put32(1);
	put32((uint32_t)n);
	put(p, n);
	put("\0\0\0", -n & 3);
}

/* Members as "name|other name=content", in their order. */
static void expect(uint32_t flags, const char *const *members, unsigned n)
{
	unwrap_log_run(&whole, &rs_tnef_reader, &tnef, file, len, NULL, NULL);
	assert_int_equal(whole.flags, flags);
	assert_int_equal(whole.members, n);
	for (unsigned i = 0; i < n; i++) {
		const struct unwrap_member *m = &whole.member[i];
		char told[1500];
		const int k = snprintf(told, sizeof told, "%s%s%s=%.*s", m->name, m->other[0] ? "|" : "", m->other, (int)m->n,
				       (const char *)whole.data + m->from);
		assert_true(k > 0);
		assert_string_equal(told, members[i]);
		assert_true(m->ended && m->file);
	}
	assert_true(unwrap_log_every_cut(&split, &whole, 1));
}

#define EXPECT(flags, ...) expect(flags, UNWRAP_LOG_MEMBERS_OF(__VA_ARGS__))

static void rend_data(void)
{
	text(2, 0x00069002, "\1\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 14);
}

/* An attachment that is a list: so many properties follow, and its end. */
static void attachment_of(uint32_t n)
{
	rend_data();
	attribute(2, 0x00069005);
	put32(n);
}

static void attachments_and_bodies(void **state)
{
	(void)state;
	begin();
	text(1, 0x00089006, "\0\0\1\0", 4);
	text(1, 0x00069007, "\xe3\4\0\0\0\0\0\0", 8);
	text(1, 0x0002800c, "a body", 6);
	rend_data();
	text(2, 0x00018010, "LETTER~1.TXT\0", 13);
	text(2, 0x00068011, "a picture of it", 15);
	text(2, 0x0006800f, "some text", 9);
	attribute(2, 0x00069005);
	put32(3);
	property(0x37050003, "\1\0\0\0", 4);
	property(0x3707001e, "letter to all.txt", 18);
	property(0x370e001e, "text/plain", 11);
	attribute_end();
	rend_data();
	text(2, 0x0006800f, "named later", 11);
	text(2, 0x00018010, "later.bin", 10);
	rend_data();
	text(2, 0x0006800f, "", 0);
	EXPECT(0, "body=a body", "LETTER~1.TXT|letter to all.txt=some text", "attachment|later.bin=named later", "attachment=");
	assert_string_equal(tnef.charset, "windows-1251");
	assert_int_equal(whole.member[1].said, 9);
	len--;
	EXPECT(RS_UNWRAP_CUT, "body=a body", "LETTER~1.TXT|letter to all.txt=some text", "attachment|later.bin=named later", "attachment=");
}

static void properties(void **state)
{
	(void)state;
	begin();
	attribute(1, 0x00069003);
	put32(9);
	property(0x1000001f, "b\0o\0", 4);
	property(0x10090102, "compressed", 10);
	property(0x0e1b000b, "\1\0\0\0", 4);
	put("\3\0\1\x80", 4); /* named by a number, and by a text */
	put("0123456789abcdef\0\0\0\0\x33\x44\0\0", 24);
	put("\1\0\0\0", 4);
	put("\x1e\0\2\x80", 4);
	put("0123456789abcdef\1\0\0\0\6\0\0\0n\0a\0m\0\0\0", 32);
	put("\1\0\0\0\3\0\0\0abc\0", 12);
	put("\x1f\x10\3\x0f", 4); /* two texts */
	put("\2\0\0\0\2\0\0\0a\0\0\0\4\0\0\0b\0c\0", 20);
	put("\3\x10\4\x0f", 4); /* three numbers */
	put("\3\0\0\0aaaabbbbcccc", 16);
	put("\x48\0\5\x0f", 4);
	put("0123456789abcdef", 16);
	property(0x10130102, "<p>", 3);
	attribute_end();
	attachment_of(3);
	property(0x3707001f, "f\0i\0l\0e\0.\0x\0\0\0", 14);
	property(0x37010102, "data in a property", 18);
	property(0x37050003, "\1\0\0\0", 4);
	attribute_end();
	attachment_of(1);
	property(0x3701000d, "\7\3\2\0\0\0\0\0\xc0\0\0\0\0\0\0\x46" "\x78\x9f\x3e\x22\1\0", 22);
	attribute_end();
	unwrap_log_run(&whole, &rs_tnef_reader, &tnef, file, len, NULL, NULL);
	assert_int_equal(whole.members, 5);
	/* UTF-16: compared by hand. */
	assert_memory_equal(whole.data + whole.member[0].from, "b\0o\0", 4);
	assert_string_equal(whole.member[1].name, "body-rtf");
	assert_memory_equal(whole.data + whole.member[1].from, "compressed", 10);
	assert_memory_equal(whole.data + whole.member[2].from, "<p>", 3);
	assert_memory_equal(whole.member[3].name, "f\0i\0l\0e\0.\0x\0\0\0", 14);
	assert_int_equal(whole.member[3].n, 18);
	assert_memory_equal(whole.data + whole.member[4].from, "\x78\x9f\x3e\x22\1\0", 6);
	assert_int_equal(whole.member[4].n, 6);
	EXPECT(0, "body=b", "body-rtf=compressed", "body-html=<p>", "f=data in a property", "attachment=x\x9f>\"\1");
}

static void odd_ones(void **state)
{
	(void)state;
	begin();
	rend_data();
	text(2, 0x00018010, "a.txt", 6);
	text(2, 0x0006800f, "some text", 9);
	file[len - 1] ^= 1;
	text(2, 0x00018010, "b.txt", 6);
	EXPECT(RS_UNWRAP_ODD, "a.txt|b.txt=some text");
	/* A value that is longer than its list. */
	begin();
	attachment_of(1);
	property(0x37010102, "long", 4);
	file[len - 8] = 77;
	attribute_end();
	rend_data();
	text(2, 0x0006800f, "more", 4);
	EXPECT(RS_UNWRAP_ODD, "attachment=long", "attachment=more");
	assert_int_equal(whole.member[0].flags, RS_UNWRAP_CUT);
	/* Fewer than it says. */
	begin();
	attribute(1, 0x00069003);
	put32(2);
	property(0x37050003, "\1\0\0\0", 4);
	attribute_end();
	expect(RS_UNWRAP_ODD, NULL, 0);
	/* What is no attribute ends it. */
	begin();
	rend_data();
	text(2, 0x0006800f, "some text", 9);
	put("rubbish that is no attribute", 28);
	EXPECT(RS_UNWRAP_WRONG, "attachment=some text");
	/* It ends within an attachment, and right behind its beginning. */
	begin();
	rend_data();
	text(2, 0x0006800f, "some text", 9);
	len -= 5;
	EXPECT(RS_UNWRAP_CUT, "attachment=some t");
	assert_int_equal(whole.member[0].flags, RS_UNWRAP_CUT);
	len = 3;
	expect(RS_UNWRAP_CUT | RS_UNWRAP_NOT, NULL, 0);
	memcpy(file, "no such thing", 13);
	len = 13;
	expect(RS_UNWRAP_NOT, NULL, 0);
}

/* Missing: n bytes at `at`. */
static void lose(size_t at, size_t n)
{
	unwrap_log_lose(&whole, &rs_tnef_reader, &tnef, file, len, at, n);
}

static void missing_bytes(void **state)
{
	(void)state;
	begin();
	rend_data();
	text(2, 0x0006800f, "some text", 9);
	const size_t data = len - 11, next = len;
	attachment_of(2);
	property(0x37050003, "\1\0\0\0", 4);
	property(0x37010102, "long", 4);
	attribute_end();
	rend_data();
	text(2, 0x0006800f, "more", 4);
	lose(data + 2, 3); /* of its data: its sum is not asked */
	assert_int_equal(whole.flags, 0);
	assert_int_equal(whole.members, 3);
	assert_int_equal(whole.member[0].missing, 3);
	assert_int_equal(whole.member[0].flags, RS_UNWRAP_GAP);
	lose(next + 40, 3); /* of a list: what is in it is not known, what is behind it is */
	assert_int_equal(whole.flags, 0);
	assert_int_equal(whole.members, 2);
	assert_int_equal(whole.member[1].n, 4);
	lose(data + 5, 8); /* up to the next attribute's length */
	assert_int_equal(whole.flags, RS_UNWRAP_CUT);
	assert_int_equal(whole.members, 1);
	for (size_t at = 0; at < len; at++)
		for (size_t n = 1; at + n <= len; n++)
			lose(at, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attachments_and_bodies),
		cmocka_unit_test(properties),
		cmocka_unit_test(odd_ones),
		cmocka_unit_test(missing_bytes),
	};
	return cmocka_run_group_tests_name("rs_tnef", tests, NULL, NULL);
}
