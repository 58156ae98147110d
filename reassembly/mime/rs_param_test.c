/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "reassembly/mime/rs_extended.h"
#include "reassembly/mime/rs_param.h"

/* The field's type and parameters as one line: type|name[section]*=value|... */
static const char *read_all(const char *field)
{
	static char line[1000];
	char type[40];
	size_t n = strlen(field), at;
	uint8_t *exact = malloc(n ? n : 1);
	struct rs_param_reader r;
	struct rs_param p;
	assert_non_null(exact);
	memcpy(exact, field, n);
	rs_param_start(&r, exact, n);
	bool whole = rs_param_media_type(&r, type, sizeof type);
	at = (size_t)sprintf(line, "%s%s", type, whole ? "" : "?");
	while (rs_param_next(&r, &p)) {
		at += (size_t)sprintf(line + at, "|%.*s", (int)p.name_len, p.name);
		if (p.section != RS_PARAM_WHOLE)
			at += (size_t)sprintf(line + at, "[%d]", p.section);
		at += (size_t)sprintf(line + at, "%s=%.*s", p.extended ? "*" : "", (int)p.value_len, p.value);
	}
	free(exact);
	return line;
}

static void reads_fields_as_mail_has_them(void **state)
{
	(void)state;
	static const char *const fields[][2] = {
		{ "text/plain; charset=us-ascii", "text/plain|charset=us-ascii" },
		{ "Text/HTML;charset=\"utf-8\";x=y", "text/html|charset=utf-8|x=y" },
		{ " text / plain ; a = b ; ; c= \"d\" ", "text/plain|a=b|c=d" },
		{ "(x)text(y)/(z)plain(;a=b)", "text/plain" },
		{ "text/plain (unended; a=b", "text/plain" },
		{ "text/plain a=b c=d;e=f g", "text/plain|a=b|c=d|e=f g" },
		{ "a/b; name=one two (3).txt ; x=1", "a/b|name=one two (3).txt|x=1" },
		{ "a/b; name=\"x\\\"y\\\\z\" ", "a/b|name=x\"y\\z" },
		{ "a/b; name=\"x;y\"z\";w\"; c=d", "a/b|name=x;yz;w|c=d" },
		{ "a/b; name=\"unended; c=d", "a/b|name=unended|c=d" },
		{ "a/b; name=\"unended; c=\"d", "a/b|name=unended; c=d" },
		{ "a/b; name='x y'; c=", "a/b|name='x y'|c=" },
		{ "a/b; name=(c) \"x\" (d)", "a/b|name=x" },
		{ "a/b; name=(1).txt", "a/b|name=(1).txt" },
		{ "a/b; name==?utf-8?B?eA==?= =?utf-8?B?eQ==?=", "a/b|name==?utf-8?B?eA==?= =?utf-8?B?eQ==?=" },
		{ "a/b; n*=u''x; n*0=a; n*12*=b; n**=c; *=d; n*x=e", "a/b|n*=u''x|n[0]=a|n[12]*=b|n**=c|*=d|n*x=e" },
		{ "a/b; n*99999999999999999999=x", "a/b|n[99999]=x" },
		{ "text", "text?" },
		{ "text; a=b", "text?|a=b" },
		{ "text/", "text?" },
		{ "text/plain/x; a=b", "text?|a=b" },
		{ "text/plain=x", "text?|plain=x" },
		{ "\"text/plain\"; a=b", "text/plain|a=b" },
		{ "text/plain, a=b", "text/plain|a=b" },
		{ "name=x.exe", "?|name=x.exe" },
		{ "; name=x.exe", "?|name=x.exe" },
		{ "", "?" },
		{ "/", "?" },
		{ "a/b; \"; c=d", "a/b|c=d" },
		{ "a/b; c=\"", "a/b|c=" },
		{ "a/b; c=\"\\", "a/b|c=\\" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b; c=d",
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|c=d" },
	};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		assert_string_equal(read_all(fields[i][0]), fields[i][1]);
}

/* A comment at a value's end is none of it, and what stands in its middle is kept. */
static void knows_what_stands_before_a_comment(void **state)
{
	(void)state;
	static const char *const values[][2] = {
		{ "a.pdf (comment)", "a.pdf" },
		{ "a.exe(c)", "a.exe" },
		{ "a.exe (c) (d (e)) \t(f)", "a.exe" },
		{ "a.exe (\\) b)", "a.exe" },
		{ "a.exe (c; d)", "a.exe" },
		{ "a.exe (c", "a.exe" },
		{ "my file (1).exe", "my file (1).exe" },
		{ "a (1).exe (c)", "a (1).exe" },
		{ "(1) a.exe", "(1) a.exe" },
		{ "(1)", "(1)" },
		{ "(1) (2)", "(1) (2)" },
		{ "a)", "a)" },
		{ "\"a (1)\"", "a (1)" },
		{ "\"a (1)\"(c)", "a (1)" },
	};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		char field[80];
		struct rs_param_reader r;
		struct rs_param p;
		const size_t n = (size_t)sprintf(field, "x=%s", values[i][0]);
		rs_param_start(&r, (uint8_t *)field, n);
		assert_true(rs_param_next(&r, &p));
		assert_int_equal(p.said_len, strlen(values[i][1]));
		assert_memory_equal(p.value, values[i][1], p.said_len);
	}
}

/* Fields made to be gone through again and again. The bound is wide; a quadratic reader needs minutes. */
static void needs_time_in_proportion_to_length(void **state)
{
	(void)state;
	static const char *const bricks[] = { "(",  "a=\"", "a=\\\"", ";a=\\\"", ";a=\"\\", "\"",
					      "a ", "a= b", "=",      ";",       "a=(", "a=b( ", "a=b()()" };
	size_t n = 1 << 20;
	uint8_t *field = malloc(n);
	assert_non_null(field);
	clock_t start = clock();
	for (size_t i = 0; i < sizeof bricks / sizeof bricks[0]; i++) {
		size_t size = strlen(bricks[i]);
		for (size_t k = 0; k < n; k++)
			field[k] = (uint8_t)bricks[i][k % size];
		struct rs_param_reader r;
		struct rs_param p;
		char type[40];
		rs_param_start(&r, field, n);
		rs_param_media_type(&r, type, sizeof type);
		while (rs_param_next(&r, &p))
			;
	}
	assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
	free(field);
}

static const char *join(const char *field, const char **charset, bool *cut, size_t cap)
{
	static char out[200], set[8];
	char copy[200];
	struct rs_param_reader r;
	struct rs_param p;
	struct rs_extended e;
	strcpy(copy, field);
	rs_param_start(&r, (uint8_t *)copy, strlen(copy));
	rs_extended_init(&e);
	while (rs_param_next(&r, &p))
		rs_extended_add(&e, &p);
	size_t n = rs_extended_read(&e, (uint8_t *)out, cap, set, sizeof set, cut);
	out[n] = 0;
	*charset = set;
	return out;
}

static void joins_extended_values(void **state)
{
	(void)state;
	static const struct {
		const char *field, *value, *charset;
		bool cut;
	} cases[] = {
		{ "n=a", "a", "", false },
		{ "n=a%20b", "a%20b", "", false },
		{ "n*=utf-8'en'a%20%C3%a4", "a \xc3\xa4", "utf-8", false },
		{ "n*=utf-8''a; n=b", "a", "utf-8", false },
		{ "n=b; n*0=a; n*1=c", "ac", "", false },
		{ "n*0*=utf-8''%41; n*1=%42; n*2*=%43", "A%42C", "utf-8", false },
		{ "n*2*=%43; n*1=b; n*0*=l1''%41", "AbC", "l1", false },
		{ "n*=a'b", "a'b", "", false },
		{ "n*=%4", "%4", "", false },
		{ "n*=%", "%", "", false },
		{ "n*=%4g%zz", "%4g%zz", "", false },
		{ "n*=verylongcharset''x", "x", "verylon", false },
		{ "n*=''", "", "", false },
		{ "n*63=b; n*64=c; n*0=a", "ab", "", true },
		{ "n=0123456789abcdefg", "0123456789abcdef", "", true },
		{ "", "", "", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *charset;
		bool cut;
		assert_string_equal(join(cases[i].field, &charset, &cut, 16), cases[i].value);
		assert_string_equal(charset, cases[i].charset);
		assert_int_equal(cut, cases[i].cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_fields_as_mail_has_them),
		cmocka_unit_test(knows_what_stands_before_a_comment),
		cmocka_unit_test(needs_time_in_proportion_to_length),
		cmocka_unit_test(joins_extended_values),
	};
	return cmocka_run_group_tests_name("rs_param", tests, NULL, NULL);
}
