/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "reassembly/decode/rs_spot.h"
#include "reassembly/decode/rs_text_gap.h"

#define MOST 700

struct seen {
	size_t at[MOST];
	enum rs_spotted what[MOST];
	unsigned n;
};

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static bool is_run(uint8_t b)
{
	return b && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_\r\n", b);
}

static bool ends_with(const uint8_t *p, size_t n, const char *word)
{
	const size_t k = strlen(word);
	return n >= k && (*word == 'b' ? strncasecmp((const char *)p + n - k, word, k) : memcmp(p + n - k, word, k)) == 0;
}

/* The definition, said slowly: each byte by all that stand before it. from: where counting began anew. */
static enum rs_spotted slow(const uint8_t *p, size_t at, size_t from)
{
	static const struct {
		const char *word;
		enum rs_spotted what;
	} words[] = { { "begin ", RS_SPOT_UU },          { "begin\t", RS_SPOT_UU },
		    { "begin-base64 ", RS_SPOT_UU64 }, { "begin-base64\t", RS_SPOT_UU64 },
		    { "=ybegin ", RS_SPOT_YENC }, { ":", RS_SPOT_HQX } };
	size_t run = 0;
	while (run <= at - from && is_run(p[at - run]))
		run++;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const size_t k = strlen(words[i].word);
		if (at + 1 >= from + k && ends_with(p, at + 1, words[i].word) &&
		    (at + 1 == k || ((p[at - k] == '\n' || p[at - k] == '\r') && at - k >= from)))
			return words[i].what;
	}
	if (run == RS_SPOT_RUN_MIN)
		return RS_SPOT_RUN;
	if (p[at] == ':' && at >= 4) {
		uint8_t four[4];
		for (unsigned i = 0; i < 4; i++)
			four[i] = p[at - 4 + i] | 0x20;
		if (memcmp(four, "data", 4) == 0)
			return RS_SPOT_DATA;
	}
	if (at > RS_SPOT_ESCAPED_MIN && p[at - 1] == '\\' && (p[at] == 'x' || p[at] == 'u')) {
		const size_t some = at < RS_SPOT_BACK ? at : RS_SPOT_BACK - 1; /* before p[at] */
		if (some - 1 - rs_text_gap_back(p + at - some, some + 1, some - 1) >= RS_SPOT_ESCAPED_MIN)
			return RS_SPOT_ESCAPED;
	}
	return RS_SPOT_NOTHING;
}

static void slow_all(const uint8_t *p, size_t n, struct seen *s)
{
	size_t from = 0;
	s->n = 0;
	for (size_t i = 0; i < n; i++) {
		const enum rs_spotted what = slow(p, i, from);
		if (!what)
			continue;
		s->at[s->n] = i;
		s->what[s->n++] = what;
		from = i + 1;
	}
}

/* In two pieces, each in a block of its own, and one byte further on each time. */
static void look_all(const uint8_t *p, size_t n, size_t cut, size_t most, struct seen *s)
{
	struct rs_spot spot;
	s->n = 0;
	rs_spot_init(&spot);
	for (size_t i = 0; i < n;) {
		enum rs_spotted what;
		size_t k = i < cut ? cut - i : n - i;
		k = k < most ? k : most;
		const size_t back = i < RS_SPOT_BACK ? i : RS_SPOT_BACK;
		uint8_t *exact = malloc(k);
		assert_non_null(exact);
		memcpy(exact, p + i, k);
		struct rs_glance g = { 0, 0 };
		if (draw(2))
			rs_spot_glance(&g, exact, 0, k, RS_GLANCE_SPOT | (draw(2) ? RS_GLANCE_MARK : 0));
		k = rs_spot_look(&spot, p + i - back, back, exact, k, g.spot, &what);
		free(exact);
		i += k;
		if (what) {
			s->at[s->n] = i - 1;
			s->what[s->n++] = what;
		}
	}
}

static void expect_same(const struct seen *a, const struct seen *b)
{
	assert_int_equal(a->n, b->n);
	for (unsigned i = 0; i < a->n; i++) {
		assert_int_equal(a->at[i], b->at[i]);
		assert_int_equal(a->what[i], b->what[i]);
	}
}

static size_t make(uint8_t *p, size_t size)
{
	static const char *const words[] = { "begin ", "begin-base64 ", "=ybegin ", ":", "data:", "DaTa:", "\n", "\r\n", " ", "begin", "-",
					     "\nbegin ", "\n:", "\r=ybegin ", "\nbegin-base64 ", "metadata:", "\n\n", "\nb", "\n=", "\nBegin\t",
					     "BEGIN", "\nbeGin\n", "\nB", "\t", "\nBegin-Base64\t",
					     "\\x41\\x42", "\\u0043\\x44\\x45\\u0046", "\\/\\x", "&sol;\\x4a\\x61\\x62\\x63", "\\", "x",
					     "PK\3\4", "Rar!", "(\xb5/\xfd" };
	size_t n = 0;
	while (n + 80 < size && draw(60)) {
		const char *w = words[draw(sizeof words / sizeof *words)];
		const size_t k = draw(3) ? draw(8) : draw(75);
		for (size_t i = 0; i < k; i++)
			p[n++] = draw(20) ? (uint8_t)"ABZaz09+/-_yekb"[draw(15)] : (uint8_t)draw(256);
		if (n + strlen(w) > size)
			break;
		memcpy(p + n, w, strlen(w));
		n += strlen(w);
	}
	return n;
}

static void is_what_its_definition_says(void **state)
{
	static uint8_t p[MOST];
	struct seen want, got;
	unsigned long seen[RS_SPOT_MAX] = { 0 };
	(void)state;
	const char *const isa[] = { "c", "ssse3", "avx2", "avx512vbmi" };
	for (unsigned v = 0; v < 4; v++) {
		if (rs_spot_use(isa[v]) != 0)
			continue;
		for (unsigned turn = 0; turn < 3000; turn++) {
			const size_t n = make(p, sizeof p);
			slow_all(p, n, &want);
			for (unsigned i = 0; i < want.n; i++)
				seen[want.what[i]]++;
			look_all(p, n, 0, MOST, &got);
			expect_same(&want, &got);
			look_all(p, n, 0, 1, &got);
			expect_same(&want, &got);
			look_all(p, n, draw((uint32_t)n + 1), 1 + draw(70), &got);
			expect_same(&want, &got);
			for (size_t cut = turn % 50 ? n : 1; cut < n; cut++) {
				look_all(p, n, cut, MOST, &got);
				expect_same(&want, &got);
			}
		}
	}
	for (unsigned i = 1; i < RS_SPOT_MAX; i++)
		if (i != RS_SPOT_WIDE) /* which others see */
			assert_true(seen[i] > 100);
}

static void a_run_ends_at_the_first_other_byte(void **state)
{
	uint8_t p[200];
	(void)state;
	const char *const isa[] = { "c", "ssse3", "avx2", "avx512vbmi" };
	for (unsigned v = 0; v < 4; v++) {
		if (rs_spot_use(isa[v]) != 0)
			continue;
		for (unsigned b = 0; b < 256; b++)
			for (size_t at = 0; at < 100; at += 7) {
				memset(p, 'Q', sizeof p);
				p[at] = (uint8_t)b;
				assert_int_equal(rs_spot_run(p, sizeof p), is_run((uint8_t)b) ? sizeof p : at);
				assert_int_equal(rs_spot_run(p, at), at);
			}
	}
}

/* What somebody else read: the same is seen behind it as if it had been looked at, but for runs that began in it. */
static void goes_on_where_another_stopped(void **state)
{
	static const struct {
		const char *back, *next;
		enum rs_spotted what;
	} cases[] = {
		{ "xx\nbegin", " 644", RS_SPOT_UU },
		{ "xx\nbegi", "n 644", RS_SPOT_UU },
		{ "xx begin", " 644", RS_SPOT_NOTHING },
		{ "xx\nBEGI", "N\t644", RS_SPOT_UU },
		{ "xx\nbegin ", " 644", RS_SPOT_NOTHING },
		{ "xx\n", ":", RS_SPOT_HQX },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a", RS_SPOT_RUN },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaa", RS_SPOT_RUN },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aa", RS_SPOT_NOTHING },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaa data", ":", RS_SPOT_DATA },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rs_spot s;
		enum rs_spotted what;
		const uint8_t *back = (const uint8_t *)cases[i].back;
		rs_spot_resume(&s, back, strlen(cases[i].back));
		rs_spot_look(&s, back, strlen(cases[i].back), (const uint8_t *)cases[i].next, strlen(cases[i].next), 0, &what);
		assert_int_equal(what, cases[i].what);
	}
}

/* Otherwise it would be no help. */
static void a_glance_passes_by_prose(void **state)
{
	static const char prose[] = "Dear all, the ballad begins below:\r\nbut that is not what beginners: as we said, expect of\r\n";
	uint8_t p[20 * sizeof prose];
	struct rs_glance g;
	(void)state;
	const char *const isa[] = { "ssse3", "avx2", "avx512vbmi" };
	for (unsigned i = 0; i < 20; i++)
		memcpy(p + i * (sizeof prose - 1), prose, sizeof prose - 1);
	for (unsigned v = 0; v < 3; v++)
		for (size_t n = 1; rs_spot_use(isa[v]) == 0 && n < 10 * sizeof prose; n++) {
			rs_spot_glance(&g, p, 0, n, RS_GLANCE_MARK | RS_GLANCE_SPOT);
			assert_int_equal(g.mark, n);
			if (n == 1 || p[n - 1] != 'b') /* it may yet be "be" */
				assert_int_equal(g.spot, n);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_what_its_definition_says),
		cmocka_unit_test(a_run_ends_at_the_first_other_byte),
		cmocka_unit_test(goes_on_where_another_stopped),
		cmocka_unit_test(a_glance_passes_by_prose),
	};
	return cmocka_run_group_tests_name("rs_spot", tests, NULL, NULL);
}
