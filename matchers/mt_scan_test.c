/* SPDX-License-Identifier: Apache-2.0 */
/* Criteria, and the rules they make, must not depend on where the buffer was cut. */
#include "matchers/mt_test.h"

#define RULE(sid, options) "alert smtp any any -> any any (file.data; " options " sid:" #sid ";)\n"

static void log_hit(void *arg, struct mt_hit *hit)
{
	struct mt_test_log *log = arg;
	assert_true(log->nhits < sizeof log->hits / sizeof *log->hits);
	log->hits[log->nhits++] = *hit;
}

static int compare_hits(const void *va, const void *vb)
{
	const struct mt_hit *a = va, *b = vb;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	return a->criterion - b->criterion;
}

/* What ends at the same byte may come in any order. */
static void put_hits(struct mt_test_log *log)
{
	qsort(log->hits, log->nhits, sizeof *log->hits, compare_hits);
	for (size_t i = 0; i < log->nhits; i++)
		mt_test_put(log, "hit %u %.*s %llu-%llu\n", log->hits[i].criterion, log->hits[i].text_len,
			    log->hits[i].text, (unsigned long long)log->hits[i].from,
			    (unsigned long long)log->hits[i].to);
}

/* One piece in an allocation of exactly its size. */
static void scan_piece(struct mt_worker *w, struct mt_stream *s, const void *p, size_t n, struct mt_test_log *log)
{
	uint8_t *exact = malloc(n ? n : 1);
	assert_non_null(exact);
	memcpy(exact, p, n);
	mt_stream_scan(w, s, exact, n, log ? log_hit : NULL, log);
	free(exact);
}

/* The buffer in pieces: cut at one place, or, with step, after every step bytes. */
static void scan_cut(struct mt_worker *w, enum mt_buffer b, const void *data, size_t n, size_t cut, size_t step,
		     struct mt_test_log *log)
{
	const char *p = data;
	struct mt_stream *s = mt_stream_open(w, b);
	assert_non_null(s);
	memset(log, 0, sizeof *log);
	if (!step) {
		scan_piece(w, s, p, cut, log);
		scan_piece(w, s, p + cut, n - cut, log);
	}
	for (size_t at = 0; step && at < n; at += step)
		scan_piece(w, s, p + at, n - at < step ? n - at : step, log);
	assert_false(mt_stream_failed(s));
	put_hits(log);
	const size_t before = log->n;
	mt_stream_end(w, s, mt_test_match, log);
	if (log->n > before)
		assert_true(mt_worker_may_match(w, b, data, n));
}

/* The text of a hit may be the criterion's where it was cut in two: compared without letter case. */
static void expect_same(const struct mt_test_log *a, const struct mt_test_log *b, size_t cut)
{
	if (a->n != b->n || strncasecmp(a->text, b->text, a->n))
		fail_msg("cut at %zu:\n%.*s\nwhole:\n%.*s", cut, (int)b->n, b->text, (int)a->n, a->text);
}

static void scan_every_way(const char *rules, const void *data, size_t n, const char *expected)
{
	struct mt_ruleset *rs = mt_test_rules(rules);
	struct mt_worker *w;
	struct mt_test_log whole, other;
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	scan_cut(w, MT_FILE_DATA, data, n, n, 0, &whole);
	if (strcmp(whole.text, expected))
		fail_msg("got:\n%s\nexpected:\n%s", whole.text, expected);
	for (size_t cut = 0; cut < n; cut++) {
		scan_cut(w, MT_FILE_DATA, data, n, cut, 0, &other);
		expect_same(&whole, &other, cut);
	}
	for (size_t step = 1; step < 4; step++) {
		scan_cut(w, MT_FILE_DATA, data, n, 0, step, &other);
		expect_same(&whole, &other, step);
	}
	struct mt_worker_stats st;
	mt_worker_stats(w, &st);
	assert_int_equal(st.streams_used, 0);
	assert_int_equal(st.places_used, 0);
	assert_int_equal(st.scan_errors, 0);
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

static void all_criteria_of_a_rule(void **state)
{
	(void)state;
	static const char rules[] = RULE(1, "content:\"Alpha\"; nocase; content:\"beta|00|\";")
		RULE(2, "content:\"Alpha\"; nocase; content:\"gamma\";") RULE(3, "content:\"ALPHA\";");
	static const char data[] = "..beta\0 alphA gamm alpha";
	scan_every_way(rules, data, sizeof data - 1, "hit 1 beta 2-7\nhit 0 alphA 8-13\nrule 1: alphA 8-13 beta 2-7\n");
}

static void nothing_matches_nothing(void **state)
{
	(void)state;
	scan_every_way(RULE(1, "content:\"alpha\";"), "", 0, "");
	scan_every_way(RULE(1, "content:\"alpha\";"), "alph", 4, "");
}

static void so_many_of_the_criteria(void **state)
{
	(void)state;
	static const char rules[] =
		RULE(2, "content:\"aa\"; content:\"bb\"; content:\"cc\"; content:\"dd\"; criteria:2;")
			RULE(3, "content:\"aa\"; content:\"bb\"; content:\"cc\"; content:\"dd\"; criteria:3;")
				RULE(4, "content:\"aa\"; content:\"bb\"; content:!\"ee\"; criteria:1;");
	scan_every_way(rules, "xddxddx", 7, "hit 3 dd 1-3\n");
	scan_every_way(rules, "ddaa", 4, "hit 3 dd 0-2\nhit 0 aa 2-4\nrule 2: aa 2-4 dd 0-2\nrule 4: aa 2-4\n");
	scan_every_way(rules, "ddaaccee", 8,
		       "hit 3 dd 0-2\nhit 0 aa 2-4\nhit 2 cc 4-6\nhit 4 ee 6-8\n"
		       "rule 2: aa 2-4 cc 4-6 dd 0-2\nrule 3: aa 2-4 cc 4-6 dd 0-2\n");
}

/* Also where what must not be there comes last, long after all else was seen. */
static void absence_is_judged_at_the_end(void **state)
{
	(void)state;
	static const char rules[] = RULE(1, "content:\"a1\"; content:!\"zz\";")
		RULE(2, "content:!\"zz\"; content:!\"yy\";") RULE(3, "content:!\"q\"; startswith;");
	scan_every_way(rules, "a1....zz", 8, "hit 0 a1 0-2\nhit 1 zz 6-8\nrule 3:\n");
	scan_every_way(rules, "a1....zy", 8, "hit 0 a1 0-2\nrule 1: a1 0-2\nrule 2:\nrule 3:\n");
	scan_every_way(rules, "q", 1, "hit 3 q 0-1\nrule 2:\n");
	scan_every_way(rules, "", 0, "rule 2:\nrule 3:\n");
}

static void places_in_the_buffer(void **state)
{
	(void)state;
	static const char rules[] = RULE(1, "content:\"ab\"; startswith;") RULE(2, "content:\"ab\"; offset:3; depth:4;")
		RULE(3, "content:\"ab\"; offset:5;") RULE(4, "content:\"ab\"; depth:3;")
			RULE(5, "content:\"ab\"; content:\"cd\"; distance:1; within:3;");
	scan_every_way(rules, "ab.....", 7, "hit 0 ab 0-2\nhit 3 ab 0-2\nrule 1: ab 0-2\nrule 4: ab 0-2\n");
	scan_every_way(rules, ".ab....", 7, "hit 3 ab 1-3\nrule 4: ab 1-3\n");
	scan_every_way(rules, "..ab...", 7, "");
	scan_every_way(rules, "...ab.cd", 8,
		       "hit 1 ab 3-5\nhit 4 ab .. cd 8-8\nrule 2: ab 3-5\nrule 5: ab .. cd 8-8\n");
	scan_every_way(rules, ".....ab...cd", 12, "hit 1 ab 5-7\nhit 2 ab 5-7\nrule 2: ab 5-7\nrule 3: ab 5-7\n");
	scan_every_way(rules, "......abcd", 10, "hit 2 ab 6-8\nrule 3: ab 6-8\n");
}

static void regexes(void **state)
{
	(void)state;
	static const char rules[] = RULE(1, "pcre:\"/^a.c/\";") RULE(2, "pcre:\"/^a.c/s\";")
		RULE(3, "pcre:\"/x Y/xi\";") RULE(4, "pcre:\"/^z/m\";") RULE(5, "pcre:!\"/[0-9]/\"; content:\"c\";")
			RULE(6, "pcre:\"/c$/\";");
	scan_every_way(rules, "a\nc", 3,
		       "hit 1 /^a.c/s 3-3\nhit 5 c 2-3\nrule 2: /^a.c/s 3-3\nrule 5: c 2-3\nrule 6: /c$/ 3-3\n");
	scan_every_way(rules, "9\nzXy", 5,
		       "hit 4 /[0-9]/ 1-1\nhit 3 /^z/m 3-3\nhit 2 /x Y/xi 5-5\n"
		       "rule 3: /x Y/xi 5-5\nrule 4: /^z/m 3-3\n");
}

/* A slow search that says where a content first matches; -1 where it does not. */
static long oracle(const char *d, size_t n, const char *lit, long offset, long depth)
{
	size_t len = strlen(lit);
	for (size_t i = (size_t)offset; i + len <= n; i++)
		if (!memcmp(d + i, lit, len) && (!depth || i + len <= (size_t)(offset + depth)))
			return (long)i;
	return -1;
}

static void random_buffers_against_an_oracle(void **state)
{
	(void)state;
	static const struct {
		const char *lit;
		long offset, depth;
	} cases[] = { { "ab", 0, 0 },  { "aba", 0, 5 },    { "b", 7, 0 },
		      { "aab", 3, 9 }, { "bbab", 10, 30 }, { "abab", 0, 4 } };
	enum { N = sizeof cases / sizeof *cases };
	char rules[2048] = "";
	for (int i = 0; i < N; i++) {
		char rule[256], depth[32] = "";
		if (cases[i].depth)
			snprintf(depth, sizeof depth, "depth:%ld;", cases[i].depth);
		snprintf(rule, sizeof rule,
			 "alert smtp any any -> any any (file.data; content:\"%s\"; offset:%ld; %s sid:%d;)\n",
			 cases[i].lit, cases[i].offset, depth, i + 1);
		strcat(rules, rule);
	}
	struct mt_ruleset *rs = mt_test_rules(rules);
	struct mt_worker *w;
	struct mt_test_log log;
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	srandom(4);
	for (int round = 0; round < 3000; round++) {
		char d[64], expected[1024];
		size_t n = (size_t)random() % sizeof d, at = 0;
		for (size_t i = 0; i < n; i++)
			d[i] = "ab"[random() >> 5 & 1];
		for (int i = 0; i < N; i++) {
			long where = oracle(d, n, cases[i].lit, cases[i].offset, cases[i].depth);
			if (where >= 0)
				at += (size_t)snprintf(expected + at, sizeof expected - at, "rule %d: %s %ld-%ld\n",
						       i + 1, cases[i].lit, where, where + (long)strlen(cases[i].lit));
		}
		expected[at] = 0;
		scan_cut(w, MT_FILE_DATA, d, n, 0, 1 + (size_t)random() % 9, &log);
		const char *decided = strstr(log.text, "rule");
		assert_string_equal(decided ? decided : "", expected);
	}
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

static void fifty_megabytes_apart(void **state)
{
	(void)state;
	struct mt_ruleset *rs =
		mt_test_rules(RULE(1, "content:\"KERNEL32.DLL|00|\"; nocase; content:\"ADVAPI32.DLL|00|\"; nocase;"));
	struct mt_worker *w;
	struct mt_test_log log = { .n = 0 };
	static const uint8_t zeros[1 << 16];
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	struct mt_stream *s = mt_stream_open(w, MT_FILE_DATA);
	scan_piece(w, s, "KERNEL32.dll", 12, NULL);
	for (int i = 0; i < 50 << 4; i++)
		mt_stream_scan(w, s, zeros, sizeof zeros, NULL, NULL);
	scan_piece(w, s, "ADVAPI32.dll", 13, NULL);
	mt_stream_end(w, s, mt_test_match, &log);
	assert_string_equal(log.text, "rule 1: KERNEL32.dll 0-13 ADVAPI32.dll 52428812-52428825\n");
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

static void bytes_beyond_the_depth_are_not_looked_at(void **state)
{
	(void)state;
	struct mt_ruleset *rs =
		mt_test_rules(RULE(1, "content:\"abc\"; startswith;") RULE(2, "content:!\"x\"; depth:5;"));
	struct mt_worker *w;
	struct mt_test_log log;
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	assert_true(mt_ruleset_depth(rs, MT_FILE_DATA) == 5);
	scan_cut(w, MT_FILE_DATA, "abcdexxx", 8, 4, 0, &log);
	assert_string_equal(log.text, "hit 0 abc 0-3\nrule 1: abc 0-3\nrule 2:\n");
	scan_cut(w, MT_FILE_DATA, "abcdxxxx", 8, 4, 0, &log);
	assert_string_equal(log.text, "hit 0 abc 0-3\nhit 1 x 4-5\nrule 1: abc 0-3\n");
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

static void a_rule_for_the_other_direction_never_matches(void **state)
{
	(void)state;
	scan_every_way(RULE(1, "flow:to_client; content:\"ab\";") RULE(2, "flow:to_server; content:\"ab\";"), "ab", 2,
		       "hit 0 ab 0-2\nrule 2: ab 0-2\n");
}

/* A piece holds unprintable bytes, a long match, the start of a match in an earlier piece. */
static void text_of_a_hit(void **state)
{
	(void)state;
	struct mt_ruleset *rs = mt_test_rules(RULE(1, "content:\"|01 02|Hello|ff|\"; nocase;")
						      RULE(2, "content:\"abcdefghijklmnopqrstuvwxyz0123\"; nocase;"));
	struct mt_worker *w;
	struct mt_test_log log;
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	scan_cut(w, MT_FILE_DATA, "\1\2hELLo\xff", 8, 8, 0, &log);
	assert_string_equal(log.text, "hit 0 hELLo 0-8\nrule 1: hELLo 0-8\n");
	scan_cut(w, MT_FILE_DATA, "\1\2hELLo\xff", 8, 3, 0, &log);
	assert_string_equal(log.text, "hit 0 hELLo 0-8\nrule 1: hELLo 0-8\n");
	scan_cut(w, MT_FILE_DATA, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123", 30, 30, 0, &log);
	assert_string_equal(log.text, "hit 1 ABCDEFGHIJKLMNOPQRSTUVWX 0-30\nrule 2: ABCDEFGHIJKLMNOPQRSTUVWX 0-30\n");
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

static void set_line(void *arg, struct mt_hit *hit)
{
	hit->line = *(uint32_t *)arg;
}

static void read_line(void *arg, const struct mt_rule *rule, size_t index, const struct mt_hit *const *hits,
		      size_t nhits)
{
	assert_int_equal(rule->sid, 1);
	assert_int_equal(index, 0);
	assert_int_equal(nhits, 1);
	*(uint32_t *)arg = hits[0]->line;
}

static void the_callers_line_is_kept(void **state)
{
	(void)state;
	struct mt_ruleset *rs = mt_test_rules(RULE(1, "content:\"ab\";"));
	struct mt_worker *w;
	uint32_t line = 77, got = 0;
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	struct mt_stream *s = mt_stream_open(w, MT_FILE_DATA);
	mt_stream_scan(w, s, (const uint8_t *)"ab", 2, set_line, &line);
	mt_stream_end(w, s, read_line, &got);
	assert_int_equal(got, 77);
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

static void scan_within(void *arg, struct mt_hit *hit)
{
	void **v = arg;
	(void)hit;
	mt_stream_scan(v[0], v[1], (const uint8_t *)"ab", 2, NULL, NULL);
}

/* Hyperscan refuses to scan inside a callback: what was not looked at is not taken for clean. */
static void a_scan_that_fails_is_counted(void **state)
{
	(void)state;
	struct mt_ruleset *rs = mt_test_rules(RULE(1, "content:\"ab\";"));
	struct mt_worker *w;
	struct mt_worker_stats st;
	assert_int_equal(mt_worker_create(rs, 2, &w), 0);
	struct mt_stream *s = mt_stream_open(w, MT_FILE_DATA), *other = mt_stream_open(w, MT_FILE_DATA);
	void *v[] = { w, other };
	mt_stream_scan(w, s, (const uint8_t *)"ab", 2, scan_within, v);
	assert_false(mt_stream_failed(s));
	assert_true(mt_stream_failed(other));
	mt_worker_stats(w, &st);
	assert_int_equal(st.scan_errors, 1);
	mt_stream_end(w, s, NULL, NULL);
	mt_stream_end(w, other, NULL, NULL);
	other = mt_stream_open(w, MT_FILE_DATA);
	assert_false(mt_stream_failed(other));
	mt_stream_end(w, other, NULL, NULL);
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

static void streams_run_out_and_come_back_clean(void **state)
{
	(void)state;
	enum { N = 5 };
	struct mt_ruleset *rs = mt_test_rules(RULE(1, "content:\"ab\"; content:\"cd\";"));
	struct mt_worker *w;
	struct mt_worker_stats st;
	struct mt_stream *s[N];
	struct mt_test_log log = { .n = 0 };
	assert_int_equal(mt_worker_create(rs, N, &w), 0);
	assert_null(mt_stream_open(w, MT_MAIL_ENCODED)); /* no rule looks at it: not an exhaustion */
	for (int i = 0; i < N; i++) {
		s[i] = mt_stream_open(w, MT_FILE_DATA);
		assert_non_null(s[i]);
		mt_stream_scan(w, s[i], (const uint8_t *)"aba", 3, NULL, NULL);
	}
	assert_null(mt_stream_open(w, MT_FILE_DATA));
	mt_worker_stats(w, &st);
	assert_int_equal(st.no_stream, 1);
	assert_int_equal(st.streams_used, N);
	assert_int_equal(st.streams_peak, N);
	assert_int_equal(st.streams_size, N);
	assert_true(st.bytes > 0);
	for (int i = 0; i < N; i++)
		mt_stream_end(w, s[i], NULL, NULL);
	/* Neither a criterion nor half a literal is left of what was abandoned. */
	for (int i = 0; i < N; i++) {
		s[i] = mt_stream_open(w, MT_FILE_DATA);
		mt_stream_scan(w, s[i], (const uint8_t *)"bcd", 3, NULL, NULL);
	}
	for (int i = 0; i < N; i++)
		mt_stream_end(w, s[i], mt_test_match, &log);
	assert_int_equal(log.n, 0);
	mt_worker_stats(w, &st);
	assert_int_equal(st.streams_used, 0);
	assert_int_equal(st.places_used, 0);
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

static void count_hit(void *arg, struct mt_hit *hit)
{
	(void)hit;
	++*(unsigned *)arg;
}

static void count_match(void *arg, const struct mt_rule *rule, size_t index, const struct mt_hit *const *hits,
			size_t nhits)
{
	(void)rule;
	(void)index;
	(void)hits;
	((unsigned *)arg)[0]++;
	((unsigned *)arg)[1] += (unsigned)nhits;
}

static void rules_decide_without_places(void **state)
{
	(void)state;
	enum { N = 400 };
	struct mt_ruleset *rs = mt_test_rules(RULE(1, "content:\"ab\"; content:\"cd\";"));
	struct mt_worker *w;
	struct mt_worker_stats st;
	static struct mt_stream *s[N];
	unsigned hits = 0, matches[2] = { 0 };
	assert_int_equal(mt_worker_create(rs, N, &w), 0);
	mt_worker_stats(w, &st);
	assert_int_equal(st.places_size, N / 4);
	for (int i = 0; i < N; i++) {
		s[i] = mt_stream_open(w, MT_FILE_DATA);
		mt_stream_scan(w, s[i], (const uint8_t *)"abcd", 4, count_hit, &hits);
	}
	assert_int_equal(hits, 2 * N);
	mt_worker_stats(w, &st);
	assert_int_equal(st.places_used, st.places_size);
	assert_int_equal(st.no_place, 2 * (N - st.places_size));
	for (int i = 0; i < N; i++)
		mt_stream_end(w, s[i], count_match, matches);
	assert_int_equal(matches[0], N);
	assert_int_equal(matches[1], 2 * st.places_size);
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

/* More criteria than a stream has places for, and than one word has bits. */
static void more_criteria_than_places(void **state)
{
	(void)state;
	char rules[4096] = "alert smtp any any -> any any (file.data; ", data[512] = "";
	for (int i = 0; i < 60; i++) {
		snprintf(rules + strlen(rules), 64, "content:\"<%02d>\"; ", i);
		snprintf(data + strlen(data), 8, "<%02d>", 59 - i);
	}
	strcat(rules,
	       "sid:1;)\n" RULE(2, "content:\"<59>\"; content:!\"never\"; content:\"<00>\";") RULE(3, "content:\"a3\";")
		       RULE(4, "content:\"a4\";") RULE(5, "content:\"<58>\"; content:!\"a5\";"));
	struct mt_ruleset *rs = mt_test_rules(rules);
	struct mt_worker *w;
	unsigned hits = 0, matches[2] = { 0 };
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	assert_true(mt_ruleset_criteria(rs, MT_FILE_DATA) > 63);
	struct mt_stream *s = mt_stream_open(w, MT_FILE_DATA);
	mt_stream_scan(w, s, (const uint8_t *)data, strlen(data), count_hit, &hits);
	mt_stream_end(w, s, count_match, matches);
	assert_int_equal(hits, 60);
	assert_int_equal(matches[0], 3);
	assert_int_equal(matches[1], MT_HITS_MAX + 1 + 1); /* <00> came last: its place is lost */
	struct mt_worker_stats st;
	mt_worker_stats(w, &st);
	assert_int_equal(st.no_place, 60 - MT_HITS_MAX);
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

/* What has matched so far. */

static void put_action(void *arg, const struct mt_rule *rule, size_t index, const struct mt_hit *const *hits,
		       size_t nhits)
{
	(void)index;
	(void)hits;
	(void)nhits;
	*(unsigned *)arg |= MT_ACTION_BIT(rule->action);
}

/* What a buffer of just these bytes comes to. */
static unsigned actions_of(struct mt_worker *w, enum mt_buffer b, const char *p, size_t n)
{
	unsigned actions = 0;
	struct mt_stream *s = mt_stream_open(w, b);
	assert_non_null(s);
	scan_piece(w, s, p, n, NULL);
	mt_stream_end(w, s, put_action, &actions);
	return actions;
}

struct peeked { /* over all rounds: the tests must have met both outcomes */
	unsigned sure, ended; /* every action that was ever in an answer */
	unsigned undone; /* times that what was true of a prefix was not of a longer one */
};

/* Scans in pieces at random, and asks at each cut. exact: no rule has a negated criterion, or one that waits for the end. */
static void peek_everywhere(struct mt_worker *w, enum mt_buffer b, const char *d, size_t n, bool exact,
			    struct peeked *all)
{
	struct mt_test_log asked = { .n = 0 }, never = { .n = 0 };
	struct mt_stream *s = mt_stream_open(w, b), *other = mt_stream_open(w, b);
	unsigned sure = 0, before = 0;
	assert_true(s && other);
	for (size_t at = 0;;) {
		unsigned fresh = actions_of(w, b, d, at), ended = fresh;
		if (random() & 1)
			ended = mt_stream_peek(w, s, true);
		unsigned now = mt_stream_peek(w, s, false);
		if (random() & 1)
			ended = mt_stream_peek(w, s, true);
		if (ended != fresh || (sure | now) != now || (now & fresh) != now || (exact && now != fresh))
			fail_msg("after %zu bytes of \"%.*s\": ended %x, is %x; sure %x, was %x", at, (int)n, d, ended,
				 fresh, now, sure);
		all->undone += (before & ~fresh) != 0;
		all->sure |= now;
		all->ended |= ended;
		before = fresh;
		sure = now;
		if (at == n)
			break;
		size_t piece = 1 + (size_t)random() % 9;
		if (piece > n - at)
			piece = n - at;
		scan_piece(w, s, d + at, piece, &asked);
		scan_piece(w, other, d + at, piece, &never);
		at += piece;
	}
	assert_false(mt_stream_failed(s));
	put_hits(&asked);
	put_hits(&never);
	mt_stream_end(w, s, mt_test_match, &asked);
	mt_stream_end(w, other, mt_test_match, &never);
	assert_string_equal(asked.text, never.text);
}

/* Buffers put together of these pieces. */
static void peek_rounds(struct mt_ruleset *rs, enum mt_buffer b, const char *const *pieces, size_t npieces, bool exact,
			struct peeked *all)
{
	struct mt_worker *w;
	struct mt_worker_stats st, fresh;
	assert_int_equal(mt_worker_create(rs, 3, &w), 0);
	mt_worker_stats(w, &fresh);
	for (int round = 0; round < 1500; round++) {
		char d[256];
		size_t n = 0;
		for (long k = random() % 9; k > 0; k--) {
			const char *piece = pieces[(size_t)random() % npieces];
			size_t len = *piece ? strlen(piece) : 2; /* "": zero bytes */
			if (n + len <= sizeof d)
				memcpy(d + n, *piece ? piece : "\0", len);
			n += n + len <= sizeof d ? len : 0;
		}
		peek_everywhere(w, b, d, n, exact, all);
	}
	mt_worker_stats(w, &st);
	assert_int_equal(st.streams_used, 0);
	assert_int_equal(st.streams_size, fresh.streams_size);
	assert_int_equal(st.streams_peak, 3);
	assert_int_equal(st.places_used, 0);
	assert_int_equal(st.scan_errors + st.no_stream + st.no_place, 0);
	mt_worker_free(w);
}

#define ACTION(action, sid, options) action " smtp any any -> any any (file.data; " options " sid:" #sid ";)\n"
#define COUNT(v) (sizeof(v) / sizeof *(v))

static void peeks_at_made_rules(void **state)
{
	(void)state;
	static const char *const pieces[] = { "ab", "cd", "ef", "gh", "a", "b", "\n", "x", "zz", "zend" };
	struct peeked all = { 0 };
	srandom(11);
	struct mt_ruleset *rs = mt_test_rules(
		ACTION("reject", 1, "content:\"ab\"; content:\"cd\"; content:!\"zz\";") ACTION(
			"drop", 2, "pcre:\"/zend$/\"; content:\"ef\";")
			ACTION("pass", 3, "content:\"ab\"; content:\"cd\"; content:\"ef\"; content:\"gh\"; criteria:3;")
				ACTION("alert", 4, "content:!\"ab\"; content:!\"x\"; depth:7;") ACTION(
					"alert", 5, "content:\"ef\"; content:\"gh\"; content:!\"a\"; criteria:1;")
					ACTION("reject", 6, "pcre:!\"/x\\z/\"; content:\"gh\"; startswith;") ACTION(
						"drop", 7, "content:\"cd\"; content:\"gh\"; distance:1; within:4;"));
	peek_rounds(rs, MT_FILE_DATA, pieces, COUNT(pieces), false, &all);
	mt_ruleset_free(rs);
	assert_int_equal(all.sure, MT_ACTION_BIT(MT_PASS) | MT_ACTION_BIT(MT_DROP));
	assert_int_equal(all.ended, MT_ACTIONS);
	assert_true(all.undone > 100);

	/* Nothing can be undone: both answers are the same. */
	all = (struct peeked){ 0 };
	rs = mt_test_rules(
		ACTION("reject", 1,
		       "content:\"ab\"; content:\"cd\";") ACTION("drop", 2, "pcre:\"/z+e/\"; content:\"ef\"; offset:3;")
			ACTION("pass", 3, "content:\"ab\"; content:\"cd\"; content:\"ef\"; content:\"gh\"; criteria:3;")
				ACTION("alert", 4, "content:\"x\"; depth:7;"));
	peek_rounds(rs, MT_FILE_DATA, pieces, COUNT(pieces), true, &all);
	mt_ruleset_free(rs);
	assert_int_equal(all.sure, MT_ACTIONS);
	assert_int_equal(all.undone, 0);
}

static void peeks_at_the_default_rules(void **state)
{
	(void)state;
	static const char *const names[] = { "KERNEL32.DLL", "kernel32.dll", "ADVAPI32.dll", "WS2_32.DLL", "", "",
					     "\1",           "text ",        "\r\n" };
	static const char *const prefixes[] = { "TVqQAAMAA", "TVpQAAIAA", "TVpQAAlAA", "TVpAALQAc", "TVpyAXkAX",
						"TVrmAU4AA", "TVrhARwAk", "TVoFAQUAA", "TVoAAAQAA", "TVoIARMAA",
						"TVouARsAA", "TVrQAT8AA", "VFZxUUFBT", "VkZaeFVVR", "UEsDBAkAA",
						"H4sIADWWb", "TV",        "AA" };
	struct peeked all = { 0 };
	struct mt_load load = { .npaths = 0 };
	struct mt_report report;
	struct mt_ruleset *rs;
	srandom(12);
	assert_int_equal(mt_ruleset_load(&load, &rs, &report), 0);
	peek_rounds(rs, MT_FILE_DATA, names, COUNT(names), false, &all);
	assert_int_equal(all.sure, MT_ACTION_BIT(MT_REJECT));
	assert_int_equal(all.ended, MT_ACTION_BIT(MT_REJECT) | MT_ACTION_BIT(MT_ALERT));
	assert_true(all.undone > 10);
	all = (struct peeked){ 0 };
	peek_rounds(rs, MT_MAIL_ENCODED, prefixes, COUNT(prefixes), true, &all);
	assert_int_equal(all.sure, MT_ACTION_BIT(MT_REJECT) | MT_ACTION_BIT(MT_ALERT));
	mt_ruleset_free(rs);
}

/* A copy goes its own way, and what it sees is not the other's. */
static void copies_go_their_own_way(void **state)
{
	(void)state;
	struct mt_ruleset *rs =
		mt_test_rules(ACTION("reject", 1, "content:\"abcd\";") ACTION("alert", 2, "content:!\"abcd\";"));
	struct mt_worker *w;
	struct mt_stream *copies[MT_COPIES];
	struct mt_worker_stats st;
	struct mt_test_log log = { .n = 0 };
	unsigned actions = 0;
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	struct mt_stream *s = mt_stream_open(w, MT_FILE_DATA);
	scan_piece(w, s, "..ab", 4, NULL);
	for (int i = 0; i < MT_COPIES; i++) {
		copies[i] = mt_stream_copy(w, MT_FILE_DATA, i % 2 ? s : NULL);
		assert_non_null(copies[i]);
		scan_piece(w, copies[i], "cd", 2, &log);
		assert_int_equal(mt_stream_peek(w, copies[i], true), MT_ACTION_BIT(i % 2 ? MT_REJECT : MT_ALERT));
	}
	assert_null(mt_stream_copy(w, MT_FILE_DATA, s));
	assert_null(mt_stream_copy(w, MT_MAIL_ENCODED, NULL));
	assert_int_equal(mt_stream_peek(w, s, true), MT_ACTION_BIT(MT_ALERT));
	for (int i = 0; i < MT_COPIES; i++)
		mt_stream_end(w, copies[i], NULL, NULL);
	/* Nor is anything of it left to the next one. */
	copies[0] = mt_stream_copy(w, MT_FILE_DATA, NULL);
	assert_int_equal(mt_stream_peek(w, copies[0], true), MT_ACTION_BIT(MT_ALERT));
	mt_stream_end(w, copies[0], put_action, &actions);
	assert_int_equal(actions, MT_ACTION_BIT(MT_ALERT));
	assert_int_equal(log.nhits, 0);
	mt_worker_stats(w, &st);
	assert_int_equal(st.places_peak, 0);
	scan_piece(w, s, "cd", 2, NULL);
	copies[0] = mt_stream_copy(w, MT_FILE_DATA, s);
	assert_int_equal(mt_stream_peek(w, copies[0], true), MT_ACTION_BIT(MT_REJECT));
	mt_stream_end(w, copies[0], NULL, NULL);
	assert_int_equal(mt_stream_peek(w, s, false), MT_ACTION_BIT(MT_REJECT));
	mt_stream_end(w, s, NULL, NULL);
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

/* What it tells is what its original would have told, places and all. */
static void a_fork_is_a_stream_like_any(void **state)
{
	(void)state;
	static const char text[] = "..abcd..wxyz..";
	struct mt_ruleset *rs = mt_test_rules(ACTION("reject", 1, "content:\"abcd\"; content:\"wxyz\";"));
	struct mt_worker *w;
	struct mt_worker_stats st;
	assert_int_equal(mt_worker_create(rs, 2, &w), 0);
	for (size_t cut = 0; cut < sizeof text; cut++) {
		struct mt_test_log first = { .n = 0 }, second = { .n = 0 };
		struct mt_stream *s = mt_stream_open(w, MT_FILE_DATA);
		scan_piece(w, s, text, cut, NULL);
		struct mt_stream *f = mt_stream_fork(w, s);
		assert_non_null(f);
		assert_null(mt_stream_fork(w, s));
		scan_piece(w, f, text + cut, sizeof text - cut, NULL);
		scan_piece(w, s, text + cut, sizeof text - cut, NULL);
		mt_stream_end(w, s, mt_test_match, &first);
		mt_stream_end(w, f, mt_test_match, &second);
		assert_true(first.n > 0);
		expect_same(&first, &second, cut);
	}
	mt_worker_stats(w, &st);
	assert_int_equal(st.streams_used, 0);
	assert_int_equal(st.places_used, 0);
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

/* A regex that waits for the end needs a copy; without one, what was not looked at is not taken for clean. */
static void a_peek_without_a_copy_has_failed(void **state)
{
	(void)state;
	struct mt_ruleset *rs = mt_test_rules(ACTION("reject", 1, "pcre:\"/ab$/\";"));
	struct mt_worker *w;
	struct mt_stream *copies[MT_COPIES];
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	struct mt_stream *s = mt_stream_open(w, MT_FILE_DATA);
	scan_piece(w, s, "ab", 2, NULL);
	for (int i = 0; i < MT_COPIES; i++)
		assert_non_null(copies[i] = mt_stream_copy(w, MT_FILE_DATA, NULL));
	assert_int_equal(mt_stream_peek(w, s, false), 0);
	assert_false(mt_stream_failed(s));
	assert_int_equal(mt_stream_peek(w, s, true), 0);
	assert_true(mt_stream_failed(s));
	for (int i = 0; i < MT_COPIES; i++)
		mt_stream_end(w, copies[i], NULL, NULL);
	assert_int_equal(mt_stream_peek(w, s, true), MT_ACTION_BIT(MT_REJECT));
	mt_stream_end(w, s, NULL, NULL);
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

/* Of random buffers with some of a rule's words in them: may_match is true of all that the rules match, and of few others. */
static void most_buffers_are_told_without_a_stream(void **state)
{
	(void)state;
	static const char rules[] = RULE(1, "content:\"longest\"; content:\"ab\"; pcre:\"/./\";")
		RULE(2, "content:\"first\"; content:\"again\"; content:\"other\"; criteria:2;")
			RULE(3, "content:\"starts\"; startswith; content:!\"ab\";") RULE(4, "pcre:\"/e[0-9]+$/\"; content:\"x\";");
	static const char *const words[] = { "longest", "ab", "first", "again", "other", "starts", "x", "e12", "e1", " ", " " };
	struct mt_ruleset *rs = mt_test_rules(rules);
	struct mt_worker *w;
	struct mt_test_log log;
	unsigned matched = 0, told = 0, vain = 0;
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	srandom(5);
	for (int round = 0; round < 5000; round++) {
		char d[128] = "";
		for (long k = random() % 5; k >= 0; k--)
			strcat(d, words[(size_t)random() % (sizeof words / sizeof *words)]);
		scan_cut(w, MT_FILE_DATA, d, strlen(d), 0, 7, &log);
		if (strstr(log.text, "rule"))
			matched++;
		else if (mt_worker_may_match(w, MT_FILE_DATA, (const uint8_t *)d, strlen(d)))
			vain++;
		else
			told++;
	}
	assert_true(matched > 500 && told > 500 && vain > 100);
	mt_worker_free(w);
	mt_ruleset_free(rs);
	/* A rule that matches what holds nothing of it: all may match. */
	rs = mt_test_rules(RULE(1, "content:!\"ab\";"));
	assert_int_equal(mt_worker_create(rs, 1, &w), 0);
	assert_true(mt_worker_may_match(w, MT_FILE_DATA, (const uint8_t *)"ab", 2));
	mt_worker_free(w);
	mt_ruleset_free(rs);
}

static void the_first_action_wins(void **state)
{
	(void)state;
	assert_int_equal(mt_actions_first(0), MT_NONE);
	assert_int_equal(mt_actions_first(MT_ACTION_BIT(MT_ALERT) | MT_ACTION_BIT(MT_REJECT)), MT_REJECT);
	assert_int_equal(mt_actions_first(MT_ACTIONS), MT_PASS);
	assert_int_equal(mt_actions_first(~MT_ACTIONS), MT_NONE);
	assert_string_equal(mt_action_name(MT_NONE), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_criteria_of_a_rule),
		cmocka_unit_test(nothing_matches_nothing),
		cmocka_unit_test(so_many_of_the_criteria),
		cmocka_unit_test(absence_is_judged_at_the_end),
		cmocka_unit_test(places_in_the_buffer),
		cmocka_unit_test(regexes),
		cmocka_unit_test(random_buffers_against_an_oracle),
		cmocka_unit_test(fifty_megabytes_apart),
		cmocka_unit_test(bytes_beyond_the_depth_are_not_looked_at),
		cmocka_unit_test(a_rule_for_the_other_direction_never_matches),
		cmocka_unit_test(text_of_a_hit),
		cmocka_unit_test(the_callers_line_is_kept),
		cmocka_unit_test(a_scan_that_fails_is_counted),
		cmocka_unit_test(streams_run_out_and_come_back_clean),
		cmocka_unit_test(rules_decide_without_places),
		cmocka_unit_test(more_criteria_than_places),
		cmocka_unit_test(peeks_at_made_rules),
		cmocka_unit_test(peeks_at_the_default_rules),
		cmocka_unit_test(copies_go_their_own_way),
		cmocka_unit_test(a_fork_is_a_stream_like_any),
		cmocka_unit_test(a_peek_without_a_copy_has_failed),
		cmocka_unit_test(most_buffers_are_told_without_a_stream),
		cmocka_unit_test(the_first_action_wins),
	};
	return cmocka_run_group_tests_name("mt_scan", tests, NULL, NULL);
}
