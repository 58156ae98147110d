/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as text: what is understood, and for what is refused the exact place and the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <hs.h>

#include "matchers/mt_draft.h"

#define HEAD "alert smtp any any -> any any "

/* Parses the only rule of a text that lies in an allocation of exactly its size. */
struct parsed {
	char *text;
	struct mt_parse p;
	struct mt_arena a;
	struct mt_draft d;
	enum mt_parsed result;
};

static void parse_bytes(struct parsed *t, const char *s, size_t n)
{
	memset(t, 0, sizeof *t);
	t->text = malloc(n ? n : 1);
	assert_non_null(t->text);
	memcpy(t->text, s, n);
	assert_int_equal(mt_parse_init(&t->p, t->text, n), 0);
	t->result = mt_parse_rule(&t->p);
	if (t->result == MT_PARSE_OK)
		t->result = mt_draft_parse(&t->p, &t->a, &t->d);
}

static void done(struct parsed *t)
{
	mt_parse_free(&t->p);
	mt_arena_free(&t->a);
	free(t->text);
}

static void expect_refusal(const char *s, size_t n, unsigned line, unsigned column, const char *reason)
{
	struct parsed t;
	parse_bytes(&t, s, n);
	if (t.result != MT_PARSE_BAD || t.p.bad_line != line || t.p.bad_column != column || !strstr(t.p.reason, reason))
		fail_msg("%.*s\n  got %d at %u:%u \"%s\"\n  expected a refusal at %u:%u \"%s\"", (int)n, s,
			 (int)t.result, t.p.bad_line, t.p.bad_column, t.p.reason, line, column, reason);
	done(&t);
}

/* A tilde stands in each rule where the complaint must point to. */
static void refusals_name_the_place(void **state)
{
	static const struct {
		const char *rule, *reason;
	} cases[] = {
		{ "~alarm smtp any any -> any any (sid:1;)", "unknown action \"alarm\"" },
		{ "alert ~udp any any -> any any (sid:1;)", "protocol \"udp\" is not supported" },
		{ "alert smtp ~$HOME_NET any -> any any (sid:1;)",
		  "address \"$HOME_NET\" is not supported; \"any\" is" },
		{ "alert smtp ~[1.2.3.0/24, !1.2.3.4] any -> any any (sid:1;)",
		  "address \"[1.2.3.0/24, !1.2.3.4]\" is not supported" },
		{ "alert tcp any any -> any ~25 (sid:1;)", "port \"25\" is not supported" },
		{ "alert smtp any any ~<- any any (sid:1;)", "\"->\" or \"<>\" expected" },
		{ "alert smtp any any -> any ~(sid:1;)", "destination ports expected" },
		{ HEAD "~sid:1;)", "\"(\" expected" },
		{ "alert smtp any any -> any any~", "\"(\" expected" },
		{ HEAD "(sid:1;~", "\")\" expected at the end" },
		{ HEAD "(file.data; content:\"a\"; sid:1~)", "\";\" expected after the option \"sid\"" },
		{ HEAD "(msg:\"a\"~ sid:1;)", "\";\" expected after the value of \"msg\"" },
		{ HEAD "(file.data; content:\"a\"~ nocase; sid:1;)", "\";\" expected after the value of \"content\"" },
		{ HEAD "(msg:~\"a; sid:1;)", "no closing quote" },
		{ HEAD "(sid:1~ rev:2;)", "\";\" expected after the number" },
		{ HEAD "(sid:~x;)", "expects a number" },
		{ HEAD "(sid:~0;)", "a number from 1 to 4294967295" },
		{ HEAD "(sid:~4294967296;)", "a number from 1 to 4294967295" },
		{ HEAD "(sid:~99999999999999999999999999;)", "a number from 1 to 4294967295" },
		{ HEAD "(sid:1; ~sid:2;)", "\"sid\" is given twice" },
		{ HEAD "(sid~;)", "\":\" and a value expected" },
		{ HEAD "(sid:~;)", "a value expected" },
		{ HEAD "(sid ~1;)", "\":\" or \";\" expected" },
		{ HEAD "(~;)", "a keyword expected" },
		{ HEAD "(~colour:red; sid:1;)", "unknown keyword \"colour\"" },
		{ HEAD "(file.data; ~bsize:3; sid:1;)", "keyword \"bsize\" is not supported" },
		{ HEAD "(msg:~a; sid:1;)", "stands in quotes" },
		{ HEAD "(noalert:~1; sid:1;)", "takes no value" },
		{ HEAD "(msg:!~\"a\"; sid:1;)", "cannot be negated" },
		{ HEAD "(~content:\"a\"; sid:1;)", "the raw stream" },
		{ HEAD "(file.data; pkt_data; ~content:\"a\"; sid:1;)", "the raw stream" },
		{ HEAD "(file.data; content:\"a\"; mail.encoded; ~content:\"b\"; sid:1;)", "contents in two buffers" },
		{ HEAD "(file.data; content:\"a|~4g|\"; sid:1;)", "two hexadecimal digits" },
		{ HEAD "(file.data; content:\"a|~zz|\"; sid:1;)", "not a hexadecimal digit" },
		{ HEAD "(file.data; content:\"a~|41\"; sid:1;)", "no closing bar" },
		{ HEAD "(file.data; content:\"a~||b\"; sid:1;)", "no bytes between the bars" },
		{ HEAD "(file.data; content:\"a~\\n\"; sid:1;)", "a backslash stands only before" },
		{ HEAD "(file.data; content:\"~\"; sid:1;)", "an empty content" },
		{ HEAD "(file.data; content:\"a~\"b\"; sid:1;)", "a quote inside" },
		{ HEAD "(file.data; ~nocase; sid:1;)", "needs a content before it" },
		{ HEAD "(file.data; content:\"a\"; nocase; ~nocase; sid:1;)", "given twice" },
		{ HEAD "(file.data; content:\"a\"; depth:3; ~within:3; sid:1;)", "cannot have two of" },
		{ HEAD "(file.data; content:\"a\"; startswith; ~offset:1; sid:1;)", "cannot have two of" },
		{ HEAD "(file.data; content:\"abc\"; depth:~2; sid:1;)", "cannot lie within 2" },
		{ HEAD "(file.data; content:\"a\"; content:\"b\"; distance:~-1; sid:1;)", "negative distance" },
		{ HEAD "(file.data; content:\"a\"; content:!\"~b\"; within:5; sid:1;)", "a negated content cannot" },
		{ HEAD "(file.data; pcre:\"/a/\"; content:\"~b\"; within:5; sid:1;)", "relative to a pcre" },
		{ HEAD "(file.data; content:\"a\"; content:\"~b\"; distance:40000; sid:1;)", "above 32767" },
		{ HEAD "(file.data; content:\"a\"; ~endswith; sid:1;)", "\"endswith\" is not supported" },
		{ HEAD "(file.data; pcre:\"/a/~R\"; sid:1;)", "pcre flag \"R\"" },
		{ HEAD "(file.data; pcre:\"/a/~U\"; sid:1;)", "pcre flag \"U\"" },
		{ HEAD "(file.data; pcre:\"~abc\"; sid:1;)", "written \"/expression/flags\"" },
		{ HEAD "(file.data; pcre:\"~/abc\"; sid:1;)", "no closing \"/\"" },
		{ HEAD "(file.data; content:\"a\"; content:\"b\"; criteria:~3; sid:1;)", "has 2 contents" },
		{ HEAD "(file.data; content:\"a\"; content:\"a\"; criteria:~2; sid:1;)", "has 1 contents" },
		{ HEAD "(file.data; sid:1;~)", "nothing to look for" },
		{ HEAD "(file.data; content:\"a\";~)", "no sid" },
		{ HEAD "(flow:~sideways; sid:1;)", "unknown word \"sideways\" in flow" },
		{ HEAD "(flow:established,~no_stream; sid:1;)", "flow:no_stream is not supported" },
		{ HEAD "(reference:~url; sid:1;)", "a reference is written" },
		{ HEAD "(target:~me; sid:1;)", "src_ip or dest_ip" },
		{ HEAD "(metadata:a b, mailweir_class ~bad; sid:1;)", "mailweir_class is one of" },
		{ HEAD "(metadata:a b,~; sid:1;)", "a key expected" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char rule[256];
		size_t at = strcspn(cases[i].rule, "~");
		assert_int_equal(cases[i].rule[at], '~');
		snprintf(rule, sizeof rule, "%.*s%s", (int)at, cases[i].rule, cases[i].rule + at + 1);
		expect_refusal(rule, strlen(rule), 1, (unsigned)at + 1, cases[i].reason);
	}
}

static void places_in_a_rule_of_several_lines(void **state)
{
	(void)state;
	static const char lf[] =
		"# a comment\n\n" HEAD "(msg:\"x\"; \\\n  file.data; \\\n\tcontent:\"a\"; colour:1; \\\n sid:7;)\n";
	expect_refusal(lf, sizeof lf - 1, 5, 15, "unknown keyword");
	static const char crlf[] = "# a comment\r\n\r\n" HEAD
				   "(msg:\"x\"; \\\r\n  file.data; \\\r\n\tcontent:\"a\"; colour:1; \\\r\n sid:7;)\r\n";
	expect_refusal(crlf, sizeof crlf - 1, 5, 15, "unknown keyword");
	/* A backslash at the very end joins nothing. */
	static const char end[] = HEAD "(sid:1; \\";
	expect_refusal(end, sizeof end - 1, 1, 38, "\")\" expected");
	static const char nul[] = HEAD "(sid:1; \\\n ms\0g:\"a\";)";
	expect_refusal(nul, sizeof nul - 1, 2, 4, "a NUL byte");
}

static void limits_of_a_rule(void **state)
{
	(void)state;
	size_t n = MT_PARSE_RULE_MAX + 100;
	char *big = malloc(n);
	assert_non_null(big);
	memset(big, 'a', n);
	expect_refusal(big, n, 1, MT_PARSE_RULE_MAX + 1, "longer than 65536 bytes");
	for (size_t i = 0; i + 3 < n; i += 3)
		memcpy(big + i, "a\\\n", 3);
	expect_refusal(big, n, MT_PARSE_LINES_MAX + 1, 1, "more than 4096 lines");
	free(big);

	char rule[4096] = HEAD "(file.data; ";
	for (int i = 0; i <= MT_DRAFT_ITEMS_MAX; i++)
		strcat(rule, "content:\"a\"; ");
	strcat(rule, "sid:1;)");
	expect_refusal(rule, strlen(rule), 1, 43 + MT_DRAFT_ITEMS_MAX * 13, "more than 64 contents");
}

static void parse_good(struct parsed *t, const char *s)
{
	parse_bytes(t, s, strlen(s));
	if (t->result != MT_PARSE_OK)
		fail_msg("%s\n  refused at %u:%u: %s", s, t->p.bad_line, t->p.bad_column, t->p.reason);
}

static void all_that_a_rule_says(void **state)
{
	(void)state;
	struct parsed t;
	parse_good(&t, "\nrejectboth tcp any any <> any any ( msg : \"a \\\"b\\\"\\; c\" ; flow:to_server, "
		       "established; file_data; "
		       "content:\"x\"; fast_pattern:only; classtype:trojan-activity; priority:4; gid:9; rev:3; "
		       "reference:url,example.org/a; metadata:k v w, created_at 2010_07_30; metadata: mailweir_class "
		       "loadertype; "
		       "noalert; target:src_ip; sid:4294967295; )");
	const struct mt_rule *r = &t.d.rule;
	assert_int_equal(r->action, MT_REJECT);
	assert_string_equal(r->action_name, "rejectboth");
	assert_string_equal(r->msg, "a \"b\"; c");
	assert_int_equal(r->sid, 4294967295u);
	assert_int_equal(r->gid, 9);
	assert_int_equal(r->rev, 3);
	assert_int_equal(r->priority, 4);
	assert_string_equal(r->classtype, "trojan-activity");
	assert_string_equal(r->category, "A Network Trojan was detected");
	assert_string_equal(r->class_name, "loadertype");
	assert_true(r->noalert);
	assert_int_equal(r->buffer, MT_FILE_DATA);
	assert_int_equal(r->line, 2);
	const char *const expected[] = { "k", "v w", "created_at", "2010_07_30", "mailweir_class", "loadertype" };
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(r->metadata[i], expected[i]);
	assert_null(r->metadata[6]);
	assert_string_equal(t.d.warning, "");
	done(&t);
}

static void what_is_left_out_has_a_default(void **state)
{
	(void)state;
	struct parsed t;
	parse_good(&t, "pass smtp any any -> any any (mail.encoded; content:\"x\"; sid:5;)");
	const struct mt_rule *r = &t.d.rule;
	assert_int_equal(r->action, MT_PASS);
	assert_string_equal(r->msg, "");
	assert_string_equal(r->classtype, "");
	assert_string_equal(r->category, "");
	assert_string_equal(r->class_name, "rule");
	assert_int_equal(r->priority, 3);
	assert_int_equal(r->gid, 1);
	assert_null(r->metadata[0]);
	assert_int_equal(r->buffer, MT_MAIL_ENCODED);
	done(&t);
}

static void warnings_have_a_place(void **state)
{
	(void)state;
	struct parsed t;
	parse_good(&t, HEAD "(file.data; content:\"x\"; classtype:odd; sid:5;)");
	assert_non_null(strstr(t.d.warning, "classtype is not known"));
	assert_int_equal(t.d.warning_line, 1);
	assert_int_equal(t.d.warning_column, 66);
	assert_int_equal(t.d.rule.priority, 3);
	done(&t);
	parse_good(&t, HEAD "(flow:to_client; file.data; content:\"x\"; sid:5;)");
	assert_non_null(strstr(t.d.warning, "never matches"));
	assert_true(t.d.never);
	done(&t);
}

static void contents_become_expressions(void **state)
{
	static const struct {
		const char *options, *expression, *text;
		unsigned flags;
		uint64_t min, max, depth;
		uint32_t literal;
	} cases[] = {
		{ "content:\"a.b|00 2F|\\\"\";", "a\\x2eb\\x00\\x2f\\x22", "a.b/\"", 0, 0, 0, UINT64_MAX, 6 },
		{ "content:\"ab\"; nocase;", "ab", "ab", HS_FLAG_CASELESS, 0, 0, UINT64_MAX, 2 },
		{ "content:\"ab\"; startswith;", "^ab", "ab", 0, 0, 0, 2, 2 },
		{ "content:\"ab\"; depth:9;", "ab", "ab", 0, 0, 9, 9, 2 },
		{ "content:\"ab\"; offset:3;", "ab", "ab", 0, 5, 0, UINT64_MAX, 2 },
		{ "content:\"ab\"; offset:3; depth:9;", "ab", "ab", 0, 5, 12, 12, 2 },
		{ "content:\"ab\"; within:9;", "ab", "ab", 0, 0, 9, 9, 2 },
		{ "content:\"ab\"; distance:3; within:4;", "ab", "ab", 0, 5, 7, 7, 2 },
		{ "content:\"ab\"; content:\"cd\"; distance:0; nocase;", "(?:ab).*(?i:cd)", "ab .. cd", HS_FLAG_DOTALL,
		  0, 0, UINT64_MAX, 0 },
		{ "content:\"ab\"; content:\"cd\"; distance:2; within:5;", "(?:ab).{2,5}(?:cd)", "ab .. cd",
		  HS_FLAG_DOTALL, 0, 0, UINT64_MAX, 0 },
		{ "content:\"ab\"; offset:1; depth:4; content:\"cd\"; within:2; content:\"e\"; distance:3; within:1;",
		  "^.{1,3}(?:ab)(?:cd).{3}(?:e)", "ab .. cd .. e", HS_FLAG_DOTALL, 0, 0, 11, 8 },
		{ "content:\"ab\"; startswith; content:\"c\"; distance:1;", "^(?:ab).{1,}(?:c)", "ab .. c",
		  HS_FLAG_DOTALL, 0, 0, UINT64_MAX, 0 },
		{ "pcre:\"/a\\;b\"c/ix\";", "(?x)a\\;b\"c", "/a\\;b\"c/ix", HS_FLAG_CASELESS, 0, 0, UINT64_MAX, 0 },
		{ "pcre:\"/a/b/sm\";", "a/b", "/a/b/sm", HS_FLAG_DOTALL | HS_FLAG_MULTILINE, 0, 0, UINT64_MAX, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char rule[512];
		struct parsed t;
		snprintf(rule, sizeof rule, HEAD "(file.data; %s sid:1;)", cases[i].options);
		parse_good(&t, rule);
		assert_int_equal(t.d.nuses, 1);
		const struct mt_pattern *p = &t.d.uses[0].pattern;
		assert_string_equal(p->expression, cases[i].expression);
		assert_string_equal(p->criterion.text, cases[i].text);
		assert_int_equal(p->flags, cases[i].flags | HS_FLAG_SINGLEMATCH);
		assert_int_equal(p->min_offset, cases[i].min);
		assert_int_equal(p->max_offset, cases[i].max);
		assert_true(p->depth == cases[i].depth);
		assert_int_equal(p->criterion.literal_len, cases[i].literal);
		done(&t);
	}
}

static void comments_and_rules_take_turns(void **state)
{
	static const char text[] = "# prose that ends in a backslash \\\n" HEAD "(file.data; content:\"a\"; sid:1;)\n"
				   "; another comment\n  \t\n"
				   "#" HEAD "( \\\n  file.data; content:\"a\"; \\\n  sid:2;)\n"
				   "   " HEAD "(file.data; content:\"a\"; sid:3;)\\\n\n"
				   "rubbish (sid:4;)\n" HEAD "(file.data; content:\"a\"; sid:5;)";
	static const struct {
		unsigned line, sid;
		enum mt_parsed result;
	} expected[] = {
		{ 2, 1, MT_PARSE_OK }, { 8, 3, MT_PARSE_OK }, { 10, 4, MT_PARSE_BAD }, { 11, 5, MT_PARSE_OK }
	};
	struct mt_parse p;
	struct mt_arena a = { NULL };
	struct mt_draft d;

	(void)state;
	assert_int_equal(mt_parse_init(&p, text, sizeof text - 1), 0);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_int_equal(mt_parse_rule(&p), MT_PARSE_OK);
		assert_int_equal(mt_draft_parse(&p, &a, &d), expected[i].result);
		assert_int_equal(d.rule.line, expected[i].line);
		assert_int_equal(mt_parse_sid(&p), expected[i].sid);
	}
	assert_int_equal(mt_parse_rule(&p), MT_PARSE_END);
	mt_parse_free(&p);
	mt_arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_name_the_place),
		cmocka_unit_test(places_in_a_rule_of_several_lines),
		cmocka_unit_test(limits_of_a_rule),
		cmocka_unit_test(all_that_a_rule_says),
		cmocka_unit_test(what_is_left_out_has_a_default),
		cmocka_unit_test(warnings_have_a_place),
		cmocka_unit_test(contents_become_expressions),
		cmocka_unit_test(comments_and_rules_take_turns),
	};
	return cmocka_run_group_tests_name("mt_parse", tests, NULL, NULL);
}
