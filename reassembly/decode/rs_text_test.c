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

/* What a script's loop writes, tags, calls, comments, marks of any kind: the file is whole. */
static void finds_runs_in_any_pieces(void **state)
{
	static const char *const joints[] = { "\";\nf += \"", "\");\r\nf.push(\"", "</div>\n<div class=b>", "</span> <span>", "\".concat(\"",
					      "\"+/* more */\"", "\") + (\"", "\" + '", "'></i>\n<i x='", "|", "&quot;+&quot;", "\\\"+\\\"" };
	static const unsigned lines[] = { 60, 76, 128, 500, 36, 77 };
	(void)state;
	for (unsigned i = 0; i < sizeof joints / sizeof *joints; i++)
		for (unsigned k = 0; k < sizeof lines / sizeof *lines; k++) {
			struct made m = { 0 };
			const size_t n = 200 + draw(1000);
			made_text(&m, "<p class=x>\"");
			made_base64(&m, program, n, lines[k], joints[i], false, k % 2);
			m.n -= strlen(joints[i]);
			made_text(&m, "\");</p>");
			expect_one(&m, "base64", program, n, true);
		}
}

/* However a character is written. */
static void finds_runs_with_escapes(void **state)
{
	static const char *const written[] = { "\\%c", "\\x%02x", "\\u%04X", "\\u{%x}", "\\%03o", "&#x%x;", "&#%u;", "&#x%04X;", "\\\\/" };
	static const char *const named[] = { "&sol;", "&plus;", "&equals;" };
	(void)state;
	for (unsigned turn = 0; turn < 60; turn++) {
		struct made m = { 0 }, coded = { 0 };
		const size_t n = 90 + draw(700);
		made_text(&m, "{\"x\":\"");
		made_base64(&coded, program, n, 0, "", false, turn % 2);
		for (size_t i = 0; i < coded.n; i++) {
			const char *c = strchr("/+=", coded.p[i]);
			if (!c || (*c != '/' && turn % 10 == 8))
				made_put(&m, coded.p + i, 1);
			else if (turn % 10 == 9)
				made_text(&m, named[*c == '/' ? 0 : *c == '+' ? 1 : 2]);
			else
				made_printf(&m, written[turn % 10], coded.p[i]);
		}
		made_text(&m, "\"}");
		made_free(&coded);
		expect_one(&m, "base64", program, n, true);
	}
}

/* All of them: "\\x54\\x56". */
static void finds_runs_of_escapes(void **state)
{
	static const char *const written[] = { "\\x%02x", "\\u%04x", "\\u{%x}", "\\x%02X" };
	(void)state;
	for (unsigned turn = 0; turn < 16; turn++) {
		struct made m = { 0 }, coded = { 0 };
		const size_t n = 60 + draw(400);
		made_text(&m, "x = '");
		made_base64(&coded, program, n, 0, "", false, turn % 2);
		for (size_t i = 0; i < coded.n; i++)
			made_printf(&m, written[turn % 4], coded.p[i]);
		made_text(&m, "';");
		made_free(&coded);
		expect_one(&m, "base64", program, n, true);
	}
}

/* A word, another run that is none of it, or a file more stand before a joint: what is behind is found. */
static void joints_hide_nothing(void **state)
{
	static const char *const joints[] = { "\" y=\"", "\",\"", "</b><b>", "|", "\";\nf += \"" };
	(void)state;
	for (unsigned turn = 0; turn < 100; turn++) {
		struct made m = { 0 };
		const size_t before = 25 + draw(400), n = 90 + draw(300);
		bool found = false;
		made_text(&m, "<i x=\"");
		made_base64(&m, turn % 2 ? noise : program, before, 0, "", false, false);
		made_text(&m, joints[turn % 5]);
		made_base64(&m, program, n, 0, "", false, draw(2));
		made_text(&m, "\"");
		read_all(&m);
		for (unsigned i = 0; i < whole.members; i++)
			found |= whole.member[i].n == n && memcmp(whole.data + whole.member[i].from, program, n) == 0 && whole.member[i].file;
		assert_true(found);
		made_free(&m);
	}
	/* What stands in what is no joint is read. */
	struct made m = { 0 };
	made_base64(&m, noise, 90, 0, "", false, false);
	made_text(&m, "\"><a href=\"data:,abc\">");
	read_all(&m);
	assert_int_equal(whole.members, 2);
	assert_int_equal(whole.member[1].n, 3);
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

/* More behind what a line says that it holds: passed over. But where it says nothing, lines end it. */
static void finds_uuencoded_in_lines_too_long(void **state)
{
	struct made m = { 0 }, more = { 0 };
	(void)state;
	made_uu(&m, "z", program, 450, "\n", false, false);
	for (size_t i = 0, line = 0; i < m.n; i++) {
		if (m.p[i] == '\n' && ++line > 3)
			made_text(&more, "=3D=3D");
		made_put(&more, m.p + i, 1);
	}
	made_text(&more, "`\nend\n");
	made_free(&m);
	read_all(&more);
	assert_int_equal(whole.members, 1);
	assert_true(whole.member[0].flags & RS_UNWRAP_ODD);
	assert_int_equal(whole.member[0].n, 450);
	assert_memory_equal(whole.data, program, 450);
	made_free(&more);

	made_uu(&m, "z", program, 90, "\n", false, false);
	made_text(&m, "   INDENTED\n   WORDS\n");
	made_uu(&m, "y", program, 90, "\n", false, true);
	read_all(&m);
	assert_int_equal(whole.members, 2);
	assert_int_equal(whole.member[0].n, 90);
	expect_member(1, "y", program, 90, true);
	made_free(&m);
}

/* The lines of `from` without the blanks at their ends. */
static void strip(struct made *to, const struct made *from)
{
	for (size_t i = 0, k; i < from->n; i = k + 1) {
		size_t end;
		for (k = i; k < from->n && from->p[k] != '\n';)
			k++;
		for (end = k; end > i && (from->p[end - 1] == ' ' || from->p[end - 1] == '\r');)
			end--;
		made_put(to, from->p + i, end - i);
		made_text(to, "\r\n");
	}
}

/* What this reader or that takes for a beginning. */
static void finds_uuencoded_behind_odd_beginnings(void **state)
{
	static const struct {
		const char *begin, *name;
	} odd[] = {
		{ "begin 0 a", "a" },      { "begin 100644 a b", "a b" }, { "begin 644", "uuencode" },        { "begin 999 a", "a" },
		{ "begin 644a", "a" },     { "begin (644 a", "a" },       { "begin\t644\ta", "a" },   { "BEGIN 644 a", "a" },
		{ "Begin  644  a ", "a" }, { "begin x a", "x a" },        { "begin ", "uuencode" },
		{ "begin 644 a\r\n`", "a" }, { "begin 644 a\r\n\r\n ", "a" },
	};
	static uint8_t sparse[400];
	(void)state;
	memcpy(sparse + 200, "some bytes", 10);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		for (unsigned turn = 0; turn < 6; turn++) {
			struct made m = { 0 }, lines = { 0 }, less = { 0 };
			const uint8_t *p = turn == 2 ? sparse : program;
			const size_t n = turn == 2 ? sizeof sparse : 1 + draw(turn % 2 ? 500 : 60);
			made_uu(&lines, "", p, n, "\r\n", turn != 1, true);
			strip(&less, &lines);
			const uint8_t *from = (uint8_t *)memchr(less.p, '\n', less.n) + 1;
			made_text(&m, turn ? "Hello,\r\n" : "");
			made_text(&m, odd[i].begin);
			made_text(&m, "\r\n");
			made_put(&m, from, (size_t)(less.p + less.n - from));
			made_free(&lines);
			made_free(&less);
			expect_one(&m, odd[i].name, p, n, true);
		}
	/* A file of nothing: all its lines are one character, more of them than are held. */
	struct made m = { 0 };
	static uint8_t nothing[45 * 200];
	made_text(&m, "begin 644 a\n");
	for (unsigned i = 0; i < 200; i++)
		made_text(&m, "M\n");
	made_text(&m, "end\n");
	expect_one(&m, "a", nothing, sizeof nothing, true);
	/* A name that is longer than what is held, and the text's end instead of its own. */
	char name[400];
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	made_text(&m, "begin 644 ");
	made_text(&m, name);
	made_text(&m, "\n#35I#\n#35I#");
	read_all(&m);
	assert_int_equal(whole.members, 1);
	assert_int_equal(whole.member[0].n, 6);
	assert_memory_equal(whole.data, "MZCMZC", 6);
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

/* Behind a header of it any text is data: what is encoded in that is found all the same. */
static void yenc_hides_nothing(void **state)
{
	static const char head[] = "=ybegin line=64 size=9999 name=x\r\n";
	struct made m = { 0 };
	(void)state;
	for (unsigned loose = 0; loose < 2; loose++) {
		made_text(&m, head);
		for (unsigned i = 0; i < 40; i++)
			made_text(&m, loose ? "a b c d \r\n" : "a b c d a b c d a b c d a b c d a b c d a b c d a b c d a b c d \r\n");
		made_text(&m, loose ? "<a href='data:application/octet-stream;base64,"
				    : "a b c d a b c d a b c d a b c d <a  href='data:text/html;base64,\r\n");
		made_base64(&m, program, 1500, 64, "\r\n", false, true);
		made_text(&m, "'>\r\n");
		read_all(&m);
		assert_int_equal(whole.members, 2);
		assert_int_equal(whole.member[0].flags & RS_UNWRAP_ODD, loose ? 0 : RS_UNWRAP_ODD);
		assert_int_equal(whole.member[1].n, 1500);
		made_free(&m);
		made_text(&m, head);
		made_text(&m, loose ? "a b c d\r\n" : "");
		made_base64(&m, program, 1500, 64, "\r\n", false, true);
		read_all(&m);
		/* Where its beginning is no more at hand it is odd. */
		assert_true(whole.members == 2 || whole.member[0].flags & RS_UNWRAP_ODD);
		assert_int_equal(whole.members, loose ? 2 : whole.members);
		made_free(&m);
	}
}

/* A file of spaces is letters in a row. */
static void yenc_of_spaces(void **state)
{
	uint8_t spaces[900];
	struct made m = { 0 };
	(void)state;
	memset(spaces, ' ', sizeof spaces);
	made_yenc(&m, "x", spaces, sizeof spaces, "\r\n", (uint32_t)crc32(0, spaces, sizeof spaces));
	expect_one(&m, "x", spaces, sizeof spaces, true);
}

/* Without the length of its lines; and a text that only speaks of it, which is no file that is broken. */
static void finds_yenc_by_its_size(void **state)
{
	static const char talk[] = "A post begins so:\r\n=ybegin line=128 size=10 name=x\r\nand so on, up to the end.\r\n";
	struct made m = { 0 }, coded = { 0 };
	(void)state;
	made_yenc(&coded, "", program, 600, "\r\n", 0);
	const uint8_t *from = (uint8_t *)memchr(coded.p, '\n', coded.n) + 1;
	const size_t n = (size_t)(coded.p + coded.n - from);
	made_text(&m, "=ybegin size=600 name=x\r\n");
	made_put(&m, from, n);
	expect_one(&m, "x", program, 600, true);
	made_text(&m, "=ybegin size=600 name=x\r\n");
	made_put(&m, from, n / 2);
	read_all(&m);
	assert_int_equal(whole.members, 1);
	assert_int_equal(whole.member[0].flags, RS_UNWRAP_CUT | RS_UNWRAP_ODD);
	made_free(&m);
	made_free(&coded);
	made_text(&m, talk);
	read_all(&m);
	assert_int_equal(whole.members, 1);
	assert_int_equal(whole.member[0].flags, RS_UNWRAP_CUT);
	made_free(&m);
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
		"begin with 5 things\r\nof which this is one.\r\n",
		"Begin\r\nwith this\r\nBEGIN\r\nTHE END\r\nBEGIN 12 MONTHS AFTER\r\nTHIS TEXT\r\nEND\r\nbegin 5\r\nEnd\r\n",
		"Begin TRANSACTION\r\nUPDATE THINGS SET NAME = 5\r\nCOMMIT\r\nEND\r\n",
		"begin here, and go on in one line that is longer than what is held of it: there is no end to it, nor is there any line "
		"end for as long as anybody looks, nor in what is behind that, which goes on and on and on until it is more than is held, "
		"and then goes on for a while, so that it is longer than anything that might be held of it, and then it ends.\r\nReally.\r\n",
		"Begin:\r\nand go on in one line that is longer than what is held of it: there is no end to it, nor is there any line "
		"end for as long as anybody looks, nor in what is behind that, which goes on and on and on until it is more than is held, "
		"and then goes on for a while, so that it is longer than anything that might be held of it, and then it ends.\r\n",
		"begin now\r\nbegin-base64 is a word\r\nbegin-base64 644 x\r\nIt is one.\r\n",
		"Write begin-base64 644 file to start:\r\nbegin-base64 644 file\r\n====\r\nand so on.\r\n",
		"begin-base64 644 file\n\n====",
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
	static const char *const words[] = { "\nbegin 644 x\n", "\nBegin\t", "\nbegin x", "M", "\n=ybegin line=1 size=2 name=x\n", "\n=yend size=2\n", "\n:", "\nend\n",
					     "data:", ";base64,", "\"", "\" + \"", "\\", "</b><b>", "\";\nf += \"", "\\/", "\\x41\\x42", "&sol;", "\r\n", "=", "%3d", "&#65;", ",", " ", "Hello", "-----" };
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
		cmocka_unit_test(finds_runs_in_any_pieces),
		cmocka_unit_test(finds_runs_with_escapes),
		cmocka_unit_test(finds_runs_of_escapes),
		cmocka_unit_test(joints_hide_nothing),
		cmocka_unit_test(finds_data_urls),
		cmocka_unit_test(finds_uuencoded),
		cmocka_unit_test(finds_uuencoded_that_is_broken),
		cmocka_unit_test(finds_uuencoded_in_lines_too_long),
		cmocka_unit_test(finds_uuencoded_behind_odd_beginnings),
		cmocka_unit_test(finds_yenc),
		cmocka_unit_test(yenc_hides_nothing),
		cmocka_unit_test(yenc_of_spaces),
		cmocka_unit_test(finds_yenc_by_its_size),
		cmocka_unit_test(finds_binhex),
		cmocka_unit_test(looks_again),
		cmocka_unit_test(prose_is_none),
		cmocka_unit_test(any_split_is_the_same),
		cmocka_unit_test(leaves_out_what_nobody_wants),
		cmocka_unit_test(links_are_told_however_they_are_cut),
	};
	return cmocka_run_group_tests_name("rs_text", tests, make_contents, NULL);
}
