/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zlib.h>

#include "reassembly/archive/rs_unwrap_log.h"
#include "reassembly/decode/rs_text.h"
#include "reassembly/decode/rs_text_made.h"

static struct unwrap_log whole, split;
static struct rs_text text;
static uint8_t program[3000], noise[3000];

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static int make_contents(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof program; i++) {
		program[i] = draw(3) ? (uint8_t)draw(256) : 0;
		noise[i] = (uint8_t)(draw(256) | 0x80);
	}
	memcpy(program, "MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff", 14);
	return 0;
}

/* Whole, a byte at a time, and cut in two at every place: equal, and of these members. */
static void read_all(const struct made *m)
{
	unwrap_log_run(&whole, &rs_text_reader, &text, m->p, m->n, NULL, NULL);
	assert_true(unwrap_log_every_cut(&split, &whole, m->n < 3000 ? 1 : 7));
}

static void expect_member(unsigned i, const char *name, const void *p, size_t n, bool file)
{
	assert_true(whole.members > i);
	const struct unwrap_member *k = &whole.member[i];
	assert_string_equal(k->name, name);
	assert_int_equal(k->n, n);
	assert_memory_equal(whole.data + k->from, p, n);
	assert_int_equal(k->file, file);
	assert_int_equal(k->flags, 0);
}

/* Reads it, and frees it: one member. */
static void expect_one(struct made *m, const char *name, const void *p, size_t n, bool file)
{
	read_all(m);
	assert_int_equal(whole.members, 1);
	expect_member(0, name, p, n, file);
	assert_int_equal(whole.flags, 0);
	made_free(m);
}

static void expect_none(struct made *m)
{
	read_all(m);
	assert_int_equal(whole.members, 0);
	assert_int_equal(whole.flags, 0);
	made_free(m);
}

static void finds_runs(void **state)
{
	static const char *const before[] = { "", "Hello\r\n\r\n", "See:\n", "var f=\"", "<a x='", "word\nlonger\n\n", "==", "---------------\r\n" };
	static const char *const ends[] = { "\r\n", "\n", "\r" };
	static const char *const behind[] = { "", "\"; x", "' y=", ". And on", "\x80", "!" };
	(void)state;
	for (unsigned turn = 0; turn < 60; turn++) {
		struct made m = { 0 };
		const size_t n = 60 + draw(600), line = turn % 5 ? turn % 7 ? 4 * (6 + draw(20)) : 4 + draw(3) : 0;
		const bool url = draw(2), known = draw(2);
		const uint8_t *p = known ? program : noise;
		/* Of words as long as its lines nobody could tell. */
		made_text(&m, line && line < 8 ? "See:\n" : before[turn % 8]);
		made_base64(&m, p, n, line, ends[draw(3)], url, draw(2));
		made_text(&m, behind[turn % 6]);
		expect_one(&m, "base64", p, n, known);
	}
}

static void finds_runs_put_together(void **state)
{
	static const char *const joints[] = { "\"+\r\n\"", "\" + \"", "\",\n\t\"", "\" & _\r\n  \"", "\\\r\n", "\\n", "\\r\\n", "\n    ", "\r\n> ",
					      "\"\n\"", "\\\n" };
	(void)state;
	for (unsigned turn = 0; turn < 66; turn++) {
		struct made m = { 0 };
		const size_t n = 60 + draw(600), line = 35 + draw(60);
		made_text(&m, "x = \"");
		made_base64(&m, program, n, line, joints[turn % 11], false, turn % 2);
		if (m.p[m.n - 1] == '"')
			m.n--;
		made_text(&m, "\";");
		expect_one(&m, "base64", program, n, true);
	}
	/* Two files, one behind the other. */
	struct made m = { 0 };
	made_text(&m, "[\"");
	made_base64(&m, program, 300, 0, "", false, true);
	made_text(&m, "\",\"");
	made_base64(&m, program, 600, 0, "", false, true);
	made_text(&m, "\"]");
	read_all(&m);
	assert_int_equal(whole.members, 2);
	expect_member(0, "base64", program, 300, true);
	expect_member(1, "base64", program, 600, true);
	made_free(&m);
}

static void finds_data_urls(void **state)
{
	static const char *const heads[] = { "data:application/octet-stream;base64,", "Data:;BASE64,", "data:text/html; charset=utf-8; base64," };
	(void)state;
	for (unsigned turn = 0; turn < 24; turn++) {
		struct made m = { 0 }, coded = { 0 };
		const size_t n = 3 + draw(300);
		const bool known = draw(2);
		made_text(&m, turn % 2 ? "<a href=\"" : "url(");
		made_text(&m, heads[turn % 3]);
		made_base64(&coded, known ? program : noise, n, 0, "", draw(2), draw(2));
		for (size_t i = 0; i < coded.n; i++) {
			char number[8];
			snprintf(number, sizeof number, draw(2) ? "%%%02x" : "&#x%X;", coded.p[i]);
			if (turn % 4 == 0 && draw(4) == 0)
				made_text(&m, number);
			else
				made_put(&m, coded.p + i, 1);
			if (turn % 4 == 1 && draw(10) == 0)
				made_text(&m, draw(2) ? "\r\n\t " : "&#10;");
		}
		made_text(&m, turn % 2 ? "\">x" : ")");
		made_free(&coded);
		expect_one(&m, "base64", known ? program : noise, n, true);
	}
	struct made m = { 0 };
	made_text(&m, "<a href='data:text/html,%3Cscript%3Ealert%281%29%3C/script%3E'>");
	expect_one(&m, "percent", "<script>alert(1)</script>", 25, true);
	made_text(&m, "data:,%41%");
	read_all(&m);
	assert_int_equal(whole.members, 1);
	expect_member(0, "percent", "A", 1, true);
	made_free(&m);
}

static const char *const line_ends[] = { "\r\n", "\n" };

static void finds_uuencoded(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 40; turn++) {
		struct made m = { 0 };
		const size_t n = 1 + draw(turn % 2 ? 500 : 60);
		if (turn % 3)
			made_text(&m, turn % 3 == 1 ? "Hello,\r\n\r\n" : "word\n");
		made_uu(&m, "my file.exe", program, n, line_ends[draw(2)], draw(2), true);
		made_text(&m, "Yours\r\n");
		expect_one(&m, "my file.exe", program, n, true);
	}
	/* Several; the base64 form of it. */
	struct made m = { 0 };
	made_uu(&m, "a", program, 100, "\n", true, true);
	made_text(&m, "and\nbegin-base64 755 b\n");
	made_base64(&m, noise, 200, 60, "\n", false, true);
	made_text(&m, "====\n");
	made_uu(&m, "c", noise, 46, "\r\n", false, true);
	read_all(&m);
	assert_int_equal(whole.members, 3);
	expect_member(0, "a", program, 100, true);
	expect_member(1, "b", noise, 200, true);
	expect_member(2, "c", noise, 46, true);
	made_free(&m);
}

/* Spaces lost at the ends of lines, checksums behind them, no end. */
static void finds_uuencoded_that_is_broken(void **state)
{
	uint8_t zeros[90] = { 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w' };
	struct made m = { 0 }, less = { 0 };
	(void)state;
	zeros[45] = 'x';
	made_uu(&m, "z", zeros, sizeof zeros, "\n", true, true);
	for (size_t i = 0; i < m.n; i++) {
		size_t k = i;
		while (k < m.n && m.p[k] == ' ')
			k++;
		if (m.p[k] != '\n')
			made_put(&less, m.p + i, 1);
		else
			made_put(&less, "\n", 1), i = k;
	}
	made_free(&m);
	expect_one(&less, "z", zeros, sizeof zeros, true);

	made_uu(&m, "z", program, 90, "\r\n", true, false);
	made_text(&m, "This is no line of it.\r\nNor is this one.\r\n");
	made_uu(&m, "y", program, 90, "\r\n", true, true);
	read_all(&m);
	assert_int_equal(whole.members, 2);
	assert_true(whole.member[0].flags & RS_UNWRAP_ODD);
	assert_true(whole.member[0].n >= 90);
	assert_memory_equal(whole.data, program, 90);
	expect_member(1, "y", program, 90, true);
	made_free(&m);
}

static void finds_yenc(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 20; turn++) {
		struct made m = { 0 };
		const size_t n = 1 + draw(700);
		const uint32_t crc = (uint32_t)crc32(0, program, (uInt)n);
		made_text(&m, turn % 2 ? "See\r\n" : "");
		made_yenc(&m, "some name.bin", program, n, line_ends[draw(2)], turn % 3 ? crc : 0);
		made_text(&m, "and more\n");
		if (turn % 4) {
			expect_one(&m, "some name.bin", program, n, true);
			continue;
		}
		made_free(&m);
		made_yenc(&m, "x", program, n, "\n", crc + 1);
		read_all(&m);
		assert_int_equal(whole.members, 1);
		assert_int_equal(whole.member[0].flags, RS_UNWRAP_ODD);
		made_free(&m);
	}
}

static void finds_binhex(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 24; turn++) {
		struct made m = { 0 };
		const size_t n = draw(turn % 2 ? 900 : 4), other = draw(turn % 3 ? 300 : 2);
		if (turn % 4)
			made_text(&m, "(This file must be converted with BinHex 4.0)\r\n\r\n");
		made_hqx(&m, "My File", program, n, noise, other, line_ends[draw(2)]);
		made_text(&m, "more\r\n");
		read_all(&m);
		assert_int_equal(whole.members, (n > 0) + (other > 0));
		if (n)
			expect_member(0, "My File", program, n, true);
		if (other)
			expect_member(n > 0, "My File.rsrc", noise, other, true);
		assert_int_equal(whole.flags, 0);
		made_free(&m);
	}
}

/* What stands in a header that turns out to be none is looked at all the same. */
static void looks_again(void **state)
{
	struct made m = { 0 };
	(void)state;
	made_text(&m, "data:");
	made_base64(&m, program, 90, 0, "", false, true);
	made_text(&m, " data:\"");
	expect_one(&m, "base64", program, 90, true);
	made_text(&m, "begin 644 ");
	made_base64(&m, program, 90, 0, "", false, true);
	made_text(&m, "\n(which is none)\n");
	expect_one(&m, "base64", program, 90, true);
	made_text(&m, "=ybegin ");
	made_base64(&m, program, 90, 0, "", false, false);
	made_text(&m, "\n(which is none)\n");
	expect_one(&m, "base64", program, 90, true);
	made_text(&m, ":");
	made_base64(&m, program, 90, 0, "", false, false);
	made_text(&m, "\n");
	expect_one(&m, "base64", program, 90, true);
}

static void prose_is_none(void **state)
{
	static const char *const texts[] = {
		"The data: all of it. Data:1,234 items, metadata:foo,bar.\r\n",
		"See https://www.example.com/a/long-path/that-goes-on/and-on_and_on and on.\r\n",
		"one\r\ntwo\r\nthree\r\nfour\r\nfive\r\nsix\r\nseven\r\neight\r\n. Done.\r\n",
		"----------------------------------------------------------------------------------------------\r\n",
		"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n",
		"begin 644 things\r\nand go on with them\r\n",
		"begin 644 things\r\n\r\nBEGIN AGAIN\r\n",
		"begin 644 things",
		"begin now\r\nbegin-base64 is a word\r\nbegin-base64 644 x\r\nIt is one.\r\n",
		"=ybegin is how it begins\r\n=ybegin line=128 size=10\r\n",
		":-)\r\n: that\r\n:\r\n:\"#$%&'\r\n",
		"d41d8cd98f00b204e9800998ecf8427e da39a3ee5e6b4b0d3255bfef95601890afd80709\r\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct made m = { 0 };
		made_text(&m, texts[i]);
		expect_none(&m);
	}
}

/* Many things, some of them broken. */
static void make_some(struct made *m)
{
	static const char *const words[] = { "\nbegin 644 x\n", "M", "\n=ybegin line=1 size=2 name=x\n", "\n=yend size=2\n", "\n:", "\nend\n",
					     "data:", ";base64,", "\"", "\" + \"", "\\", "\r\n", "=", "%3d", "&#65;", ",", " ", "Hello", "-----" };
	while (draw(12)) {
		made_text(m, words[draw(sizeof words / sizeof *words)]);
		if (draw(6) == 0)
			made_uu(m, "n", program, draw(100), "\n", draw(2), draw(2));
		if (draw(6) == 0)
			made_yenc(m, "n", program, draw(100), "\r\n", draw(2));
		if (draw(6) == 0) {
			made_text(m, "\n");
			made_hqx(m, "n", program, draw(100), noise, draw(20), "\r\n");
			m->n -= draw(2) * draw(20);
		}
		if (draw(2))
			made_base64(m, draw(2) ? program : noise + draw(1000), draw(4) ? draw(90) : 150 + draw(150),
				    draw(3) ? 0 : 4 + draw(90), "\r\n", draw(2), draw(2));
	}
}

static void split_alike(const struct made *m, const struct rs_unwrap_ops *ops)
{
	unwrap_log_run_ops(&whole, ops, &rs_text_reader, &text, m->p, m->n, NULL, NULL);
	assert_true(unwrap_log_again(&split, &whole, split_ones, NULL));
	assert_true(unwrap_log_again(&split, &whole, split_varied, &seed));
}

static void any_split_is_the_same(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 1500; turn++) {
		struct made m = { 0 };
		make_some(&m);
		split_alike(&m, &unwrap_log_ops);
		split_alike(&m, &unwrap_log_picky_ops);
		made_free(&m);
	}
}

static bool same_member(const struct unwrap_log *a, unsigned i, const struct unwrap_log *b, unsigned k)
{
	const struct unwrap_member *x = &a->member[i], *y = &b->member[k];
	return k < b->members && x->at == y->at && x->n == y->n && x->file == y->file && x->flags == y->flags &&
	       strcmp(x->name, y->name) == 0 && (x->n == 0 || memcmp(a->data + x->from, b->data + y->from, x->n) == 0);
}

/* Nothing is left out but what nobody wants, and that is no file, and short. All else is as it would be. */
static void leaves_out_what_nobody_wants(void **state)
{
	static struct unwrap_log picky;
	unsigned left_out = 0, wanted = 0;
	(void)state;
	for (unsigned turn = 0; turn < 3000; turn++) {
		struct made m = { 0 };
		unsigned k = 0;
		make_some(&m);
		unwrap_log_run(&whole, &rs_text_reader, &text, m.p, m.n, NULL, NULL);
		unwrap_log_run_ops(&picky, &unwrap_log_picky_ops, &rs_text_reader, &text, m.p, m.n, NULL, NULL);
		assert_int_equal(whole.flags, picky.flags);
		const bool kept = whole.members <= UNWRAP_LOG_MEMBERS;
		for (unsigned i = 0; kept && i < whole.members; i++) {
			const struct unwrap_member *x = &whole.member[i];
			const bool does = unwrap_log_wanted(NULL, whole.data + x->from, x->n);
			if (same_member(&whole, i, &picky, k)) {
				k++;
				wanted += !x->file && does;
				continue;
			}
			assert_false(x->file || does || x->n > RS_TEXT_HOLD / 4 * 3);
			left_out++;
		}
		if (kept)
			assert_int_equal(k, picky.members);
		made_free(&m);
	}
	assert_true(left_out > 500 && wanted > 500);
}

/* In a text of which every run is a link's: each length about the shortest and the longest that are held, behind and before all that
 * may stand there, cut at every place. */
static void links_are_told_however_they_are_cut(void **state)
{
	static const char *const before[] = { "<a href=\"https://example.com/?u=", " \r\n", "x\r\nhttps://example.com/?", "-----\r\n" };
	static const char *const behind[] = { "\">x</a>", "&x=1 ", "\r\n ", "\r\nand ", "== ", "\" + \"and", "" };
	static const unsigned sizes[] = { 46, 47, 48, 49, 60, 120, 213, 214, 215, 216, 217, 218 };
	unsigned none = 0, some = 0;
	(void)state;
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (unsigned k = 0; k < 28; k++) {
			struct made m = { 0 };
			made_text(&m, before[k % 4]);
			made_base64(&m, noise + draw(1000), sizes[i], 0, "", false, draw(2));
			made_text(&m, behind[k / 4]);
			unwrap_log_run_ops(&whole, &unwrap_log_picky_ops, &rs_text_reader, &text, m.p, m.n, NULL, NULL);
			assert_true(unwrap_log_every_cut(&split, &whole, 1));
			none += whole.members == 0;
			some += whole.members != 0;
			made_free(&m);
		}
	assert_true(none > 50 && some > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_runs),
		cmocka_unit_test(finds_runs_put_together),
		cmocka_unit_test(finds_data_urls),
		cmocka_unit_test(finds_uuencoded),
		cmocka_unit_test(finds_uuencoded_that_is_broken),
		cmocka_unit_test(finds_yenc),
		cmocka_unit_test(finds_binhex),
		cmocka_unit_test(looks_again),
		cmocka_unit_test(prose_is_none),
		cmocka_unit_test(any_split_is_the_same),
		cmocka_unit_test(leaves_out_what_nobody_wants),
		cmocka_unit_test(links_are_told_however_they_are_cut),
	};
	return cmocka_run_group_tests_name("rs_text", tests, make_contents, NULL);
}
