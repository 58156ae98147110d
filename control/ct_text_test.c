/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "control/ct_address.h"
#include "control/ct_record.h"
#include "control/ct_text.h"
#include "control/ct_utf8.h"
#include "reassembly/mime/rs_mime.h"

static struct ct_charsets charsets;

/* A copy of exactly that size, so that AddressSanitizer sees a byte read beyond. */
static uint8_t *exact(const char *s, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);
	memcpy(p, s, n);
	return p;
}

static char *decode(const char *s, size_t n)
{
	uint8_t *p = exact(s, n);
	char *out = ct_text_decode(&charsets, p, n);
	free(p);
	assert_non_null(out);
	return out;
}

struct row {
	const char *in, *out;
};

static const struct row rows[] = {
	{ "", "" },
	{ "Your details", "Your details" },
	/* RFC 2047 8. */
	{ "=?ISO-8859-1?Q?a?=", "a" },
	{ "=?ISO-8859-1?Q?a?= b", "a b" },
	{ "=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab" },
	{ "=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?=", "ab" },
	{ "=?ISO-8859-1?Q?a_b?=", "a b" },
	{ "=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b" },
	{ "=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>" },
	{ "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
	  "If you can read this you understand the example." },
	/* Charsets. */
	{ "=?iso-8859-1?Q?Die_Hasen_und_die_Fr=F6sche?=", "Die Hasen und die Frösche" },
	{ "=?utf-8?Q?Fr=C3=B6sche?=", "Frösche" },
	{ "=?UTF8?b?w6Q=?=", "ä" },
	{ "=?utf-7?Q?Fr+APY-sche?=", "Frösche" },
	{ "=?windows-1252?Q?=80_=93x=94?=", "€ “x”" },
	{ "=?iso-8859-1?Q?=80?=", "€" },
	{ "=?windows-1251?B?z/Do4uXy?=", "Привет" },
	{ "=?koi8-r?B?8NLJ18XU?=", "Привет" },
	{ "=?iso-8859-2?Q?=B3=F3d=BC?=", "łódź" },
	{ "=?iso-8859-15?Q?=A4?=", "€" },
	{ "=?ISO-2022-JP?B?GyRCJEskYyE8JHMbKEI=?=", "にゃーん" },
	{ "=?Shift_JIS?B?g2WDWINn?=", "テスト" },
	{ "=?euc-jp?B?pcaluaXI?=", "テスト" },
	{ "=?GB2312?B?xOO6ww==?=", "你好" },
	{ "=?big5?B?p0Gmbg==?=", "你好" },
	{ "=?ks_c_5601-1987?B?vsiz5w==?=", "안녕" },
	{ "=?utf-16?B?RABlAHMAaQBnAG4A?=", "Design" },
	{ "=?utf-16?B?/v8ARABl?=", "De" },
	{ "=?cp437?Q?=81?=", "ü" },
	{ "=?iso-8859-2*sl?Q?Doma=e8e?=", "Domače" },
	{ "=?us-ascii?Q?caf=E9?=", "café" },
	{ "=?us-ascii?Q?caf=C3=A9?=", "café" },
	/* Nobody knows these charsets: UTF-8 where it is valid, else windows-1252. */
	{ "=?x-klingon?Q?caf=E9?=", "café" },
	{ "=?x-klingon?Q?caf=C3=A9?=", "café" },
	{ "=??Q?Bras=EDlia?=", "Brasília" },
	{ "=?../../x?Q?a=E9?=", "aé" },
	/* Characters cut between words. */
	{ "=?utf-8?B?4w==?= =?utf-8?B?gYI=?=", "あ" },
	{ "=?utf-8?Q?=E3=81?= =?UTF-8?B?gg==?=", "あ" },
	{ "=?big5?Q?=A7?=\t=?big5?Q?A=A6n?=", "你好" },
	{ "=?utf-8?Q?=E3=81?= =?iso-8859-1?Q?=E9?=", "\uFFFDé" },
	/* Words as mail programs really write them. */
	{ "=?utf-8?Q?with spaces =C3=A9?=", "with spaces é" },
	{ "=?utf-8?Q?a?==?utf-8?Q?b?=", "ab" },
	{ "Re:=?utf-8?Q?a?=!", "Re:a!" },
	{ "\"=?utf-8?Q?a=2C_b?=\" <a@b>", "\"a, b\" <a@b>" },
	{ "=?iso-8859-1?Q?Fr\xf6sche?=", "Frösche" },
	{ "=?utf-8?B?44Gr44KD44O844KT=?=", "にゃーん" },
	{ "=?utf-8?B?4 4G\r\nr?=", "に" },
	{ "=?utf-8?B?YQ==Yg==?=", "ab" },
	{ "=?utf-8?Q?why?_not?=", "why? not" },
	{ "=?utf-8?Q?50=_off=?=", "50= off=" },
	{ "=?utf-8?Q?"
	  "?=",
	  "" },
	/* No words. */
	{ "=?utf-8?X?a?=", "=?utf-8?X?a?=" },
	{ "=?utf-8?Q?never ends", "=?utf-8?Q?never ends" },
	{ "=?utf-8?Q?broken =?utf-8?Q?ok?=", "=?utf-8?Q?broken ok" },
	{ "=?utf-8?Q", "=?utf-8?Q" },
	{ "1 =? 2 ?= 3", "1 =? 2 ?= 3" },
	{ "a=b", "a=b" },
	/* Raw 8-bit. */
	{ "Gr\xfc\xdf"
	  "e",
	  "Grüße" },
	{ "Grüße", "Grüße" },
	{ "猫 caf\xc3", "猫 caf\uFFFD" },
	{ "caf\xe9", "café" },
	{ "\x81", "\uFFFD" },
	{ "ä =?utf-8?Q?=C3=B6?= \xfc", "ä ö ü" },
	/* What is wrong in a charset. */
	{ "=?utf-8?Q?a=FFb=C3?=", "a\uFFFD"
				  "b\uFFFD" },
	{ "=?utf-8?Q?=ED=A0=80?=", "\uFFFD\uFFFD\uFFFD" },
	{ "=?utf-8?Q?=C0=AF?=", "\uFFFD\uFFFD" },
	{ "=?iso-2022-jp?B?G5uB?=", "␛\uFFFD\uFFFD" },
	{ "=?euc-jp?Q?a=A4?=", "a\uFFFD" },
	/* What would move a cursor, or hide what is there. */
	{ "=?utf-8?Q?a=1B[31mred?=", "a␛[31mred" },
	{ "a\tb", "a b" },
	{ "=?utf-8?Q?a=0D=0Ab?=", "a␍␊b" },
	{ "=?utf-8?Q?a=00b=7F?=", "a␀b␡" },
	{ "=?utf-8?Q?exe.=E2=80=AEgpj?=", "exe.<U+202E>gpj" },
	{ "=?utf-8?Q?=C2=9B31m?=", "<U+009B>31m" },
	{ "=?utf-8?Q?=F0=9F=91=A9=E2=80=8D=F0=9F=92=BB?=", "👩‍💻" },
};

static void decodes_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *out = decode(rows[i].in, strlen(rows[i].in));
		assert_string_equal(out, rows[i].out);
		free(out);
	}
}

/* Cut anywhere, there is an answer, and it is UTF-8 without a control character. */
static void answers_when_cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t n = 0; n <= strlen(rows[i].in); n++) {
			char *out = decode(rows[i].in, n);
			size_t len = strlen(out);
			assert_int_not_equal(ct_utf8_kind((const uint8_t *)out, len), CT_UTF8_INVALID);
			for (size_t j = 0; j < len; j++)
				assert_true((uint8_t)out[j] >= ' ' && out[j] != 0x7f);
			free(out);
		}
	}
}

static void nul_is_shown(void **state)
{
	(void)state;
	char *out = decode("a\0b", 3);
	assert_string_equal(out, "a␀b");
	free(out);
	out = ct_text_plain((const uint8_t *)"=?utf-8?Q?a?=", 13);
	assert_string_equal(out, "=?utf-8?Q?a?=");
	free(out);
}

/* Long hostile text takes time in proportion to its length: these would take minutes otherwise. */
static void is_linear(void **state)
{
	(void)state;
	static const char *const bits[] = { "=?", "=?a?Q?", "=?a?B?=", "=?utf-8?Q?x?= ", "=?a?Q?x ", "?=", "=?a?Q?\?" };
	for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
		size_t each = strlen(bits[i]), n = (size_t)1 << 21;
		char *s = malloc(n);
		for (size_t j = 0; j < n; j++)
			s[j] = bits[i][j % each];
		free(decode(s, n));
		free(s);
	}
}

static void names_have_their_form(void **state)
{
	(void)state;
	static const struct {
		uint8_t form;
		const char *in;
		size_t n;
		const char *out;
	} names[] = {
		{ RS_NAME_PLAIN, "\0plain.zip", 10, "plain.zip" },
		{ RS_NAME_PLAIN, "\0=?utf-8?Q?Fr=C3=B6sche.zip?=", 29, "Frösche.zip" },
		{ RS_NAME_PLAIN, "\0Fr\xf6sche.zip", 12, "Frösche.zip" },
		{ RS_NAME_EXTENDED, "utf-8\0Fr\xc3\xb6.zip", 14, "Frö.zip" },
		{ RS_NAME_EXTENDED, "iso-8859-1\0Fr\xf6.zip", 18, "Frö.zip" },
		{ RS_NAME_EXTENDED, "cp437\0\x81.exe", 11, "ü.exe" },
		{ RS_NAME_EXTENDED, "\0Fr\xf6.zip", 8, "Frö.zip" },
		{ RS_NAME_EXTENDED, "utf-8\0=?utf-8?Q?a?=", 19, "=?utf-8?Q?a?=" },
		{ RS_NAME_EXTENDED, CT_CHARSET_ZIP "\0\x81.txt", 20, "ü.txt" },
		{ RS_NAME_EXTENDED, CT_CHARSET_ZIP "\0\xc3\xbc.txt", 21, "ü.txt" },
		{ RS_NAME_EXTENDED, "utf-8\0a\0b", 9, "a␀b" },
		{ RS_NAME_EXTENDED, "utf-8\0details\xe2\x80\xaegpj.scr", 23, "details<U+202E>gpj.scr" },
		{ RS_NAME_PLAIN, "", 0, "" },
		{ RS_NAME_NONE, "\0", 1, "" },
		{ RS_NAME_EXTENDED, "no nul", 6, "no nul" },
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		uint8_t *p = exact(names[i].in, names[i].n);
		char *out = ct_text_name(&charsets, names[i].form, p, names[i].n);
		assert_string_equal(out, names[i].out);
		free(out);
		free(p);
	}
}

static void splits_address_lists(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		const char *out[6];
	} lists[] = {
		{ "", { NULL } },
		{ "a@b", { "a@b" } },
		{ "a@b, c@d", { "a@b", "c@d" } },
		{ " , a@b ,, c@d, ", { "a@b", "c@d" } },
		{ "\"Doe, John\" <j@d>, x@y", { "\"Doe, John\" <j@d>", "x@y" } },
		{ "\"a \\\" b, c\" <a@b>, d@e", { "\"a \\\" b, c\" <a@b>", "d@e" } },
		{ "a@b (one, two (three, four)), c@d (five \\), six)",
		  { "a@b (one, two (three, four))", "c@d (five \\), six)" } },
		{ "=?utf-8?Q?Doe=2C_J=C3=B6rg?= <j@d>, x@y", { "Doe, Jörg <j@d>", "x@y" } },
		{ "Friends: a@b, \"C\" <c@d>;, e@f", { "a@b", "\"C\" <c@d>", "e@f" } },
		{ "undisclosed-recipients:;", { "undisclosed-recipients:;" } },
		{ "undisclosed-recipients: ;, a@b", { "undisclosed-recipients: ;", "a@b" } },
		{ "nobody:", { "nobody:" } },
		{ "<@relay,@other:a@b>, c@d", { "<@relay,@other:a@b>", "c@d" } },
		{ "a@[IPv6:2001:db8::1], c@d", { "a@[IPv6:2001:db8::1]", "c@d" } },
		{ "\"never ends, a@b", { "\"never ends, a@b" } },
		{ "a@b (never ends, c@d", { "a@b (never ends, c@d" } },
		{ "a@b\\", { "a@b\\" } },
		{ "\"\\", { "\"\\" } },
	};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct ct_list l = { 0 };
		size_t n = strlen(lists[i].in), want = 0;
		uint8_t *p = exact(lists[i].in, n);
		assert_true(ct_address_split(&charsets, p, n, &l));
		while (lists[i].out[want])
			want++;
		assert_int_equal(l.n, want);
		for (size_t j = 0; j < want; j++)
			assert_string_equal(l.v[j], lists[i].out[j]);
		ct_list_free(&l);
		free(p);
	}
}

/* Every character survives the way out and back; what is none does not. */
static void reads_utf8_strictly(void **state)
{
	(void)state;
	for (uint32_t r = 0; r < 0x110000; r++) {
		struct ct_buf b = { 0 };
		uint32_t back;
		ct_buf_rune(&b, r);
		size_t n = ct_utf8_next((const uint8_t *)b.p, b.n, &back);
		if (r >= 0xd800 && r <= 0xdfff) {
			assert_int_equal(back, CT_RUNE_BAD);
		} else {
			assert_int_equal(back, r);
			assert_int_equal(n, b.n);
		}
		ct_buf_free(&b);
	}
}

static int setup(void **state)
{
	(void)state;
	ct_charsets_init(&charsets);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ct_charsets_free(&charsets);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_the_table),     cmocka_unit_test(answers_when_cut_anywhere),
		cmocka_unit_test(nul_is_shown),          cmocka_unit_test(is_linear),
		cmocka_unit_test(names_have_their_form), cmocka_unit_test(splits_address_lists),
		cmocka_unit_test(reads_utf8_strictly),
	};
	return cmocka_run_group_tests_name("ct_text", tests, setup, teardown);
}
