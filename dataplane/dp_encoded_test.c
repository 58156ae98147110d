/* SPDX-License-Identifier: Apache-2.0 */
/* What is encoded inside of files: what is found, where, in whose name, and what a nest of it costs. */
#include "dataplane/dp_made.h"
#include "dataplane/dp_session.h"
#include "reassembly/decode/rs_text_made.h"

static void send_part(struct dp_test *t, unsigned number, const char *cte, const char *name, const struct made *body, size_t mss,
		      size_t cut)
{
	struct dp_test_conn c = dp_test_conn(number);
	struct dp_text mail = { 0 };
	const struct dp_text text = { body->p, body->n, body->n };
	const bool base64 = !strcmp(cte, "base64"), qp = !strcmp(cte, "quoted-printable");
	struct dp_made in;
	if (base64)
		dp_made_base64(&in, text.p, text.n, NULL);
	else if (qp)
		dp_made_qp(&in, text.p, text.n, NULL);
	dp_made_message(&mail, cte, name, base64 || qp ? &in.text : &text);
	if (base64 || qp)
		dp_made_free(&in);
	dp_test_mail(t, &c, &mail, mss, cut ? mail.n * cut / 100 : 0);
	dp_text_free(&mail);
}

/* A program's loader among noise; `at`: where its two names stand. */
static void make_program(uint8_t *p, size_t n)
{
	uint64_t seed = 7;
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(dp_test_random(&seed, 256) | 0x80);
	memcpy(p, "MZ\x90\0\x03\0\0\0", 8);
	memcpy(p + n / 2, "KERNEL32.DLL", 12);
	memcpy(p + n - 20, "ADVAPI32.DLL", 12);
}

static uint8_t program[2000];

static void in_base64(struct made *m)
{
	made_text(m, "Hello\r\n\r\n");
	made_base64(m, program, sizeof program, 76, "\r\n", false, true);
}

static void in_script(struct made *m)
{
	made_text(m, "<html><script>\r\nvar f = \"");
	made_base64(m, program, sizeof program, 60, "\" +\r\n\"", false, true);
	made_text(m, "\";\r\n</script></html>\r\n");
}

static void in_url(struct made *m)
{
	made_text(m, "<a href=\"data:application/x-thing;base64,\r\n");
	made_base64(m, program, sizeof program, 70, "\r\n", false, true);
	made_text(m, "\">x</a>\r\n");
}

static void in_uu(struct made *m)
{
	made_text(m, "See:\r\n\r\n");
	made_uu(m, "a file.exe", program, sizeof program, "\r\n", false, true);
}

static void in_hqx(struct made *m)
{
	made_text(m, "(This file must be converted with BinHex 4.0)\r\n\r\n");
	made_hqx(m, "a file.exe", program, sizeof program, "", 0, "\r\n");
}

static const struct {
	void (*make)(struct made *m);
	const char *path, *file;
} ways[] = {
	{ in_base64, ">x >base64 ", "name=base64" }, { in_script, ">x >base64 ", "name=base64" },
	{ in_url, ">x >base64 ", "type=application/x-thing" }, { in_uu, ">x >a file.exe ", "name=a file.exe" },
	{ in_hqx, ">x >a file.exe ", "name=a file.exe" },
};

/* Found, with its SHA-256 and its way in, however it travels and is cut. */
static void test_found_in_any_split(void **state)
{
	static const char *const ctes[] = { "7bit", "base64", "quoted-printable" };
	static const size_t sizes[] = { 0, 1, 7, 64, 1460 };
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
		for (size_t e = 0; e < 3; e++) {
			struct made m = { 0 };
			char *story = NULL;
			ways[w].make(&m);
			for (unsigned i = 0; i < 60; i++) {
				dp_test_forget(&t);
				send_part(&t, i, ctes[e], "x", &m, i < 5 ? sizes[i] : 0, i < 5 ? 0 : i);
				story = dp_test_same_story(&t, story, "way %zu %s, %u", w, ctes[e], i);
			}
			if (!strstr(story, "verdict=infected reason= ") || !strstr(story, ways[w].path) || !strstr(story, ways[w].file) ||
			    !strstr(story, " size=2000 "))
				fail_msg("way %zu %s: %s", w, ctes[e], story);
			free(story);
			made_free(&m);
		}
	dp_test_close(&t);
}

/* A token in a link, long or short, that names a loader's libraries, is found as if it were no link's; the same without the names comes to
 * nothing. What was matched is the same however it is cut. */
static void test_tokens_in_links(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	for (unsigned names = 0; names < 2; names++)
		for (size_t n = 60; n <= 240; n += 60) {
			struct made m = { 0 };
			uint8_t token[240];
			char *story = NULL;
			uint64_t matched = 0;
			memcpy(token, program + 100, n);
			if (names) {
				memcpy(token + 5, "KERNEL32.DLL", 13);
				memcpy(token + n - 15, "ADVAPI32.DLL\0\1", 14);
			}
			for (unsigned i = 0; i < 20; i++) {
				made_text(&m, "<p>Good morning. <a href=\"https://click.example.com/?u=");
				if (i % 7 == 3 || !names)
					made_base64(&m, token, n, 0, "", true, false);
				made_text(&m, "\">Read it</a> and be glad.</p>\r\n");
			}
			for (unsigned i = 0; i < 60; i++) {
				dp_test_forget(&t);
				const uint64_t before = t.worker->inspect.stats.matched_bytes;
				send_part(&t, i, "7bit", "x", &m, i == 1 ? 1 : i == 2 ? 64 : i == 3 ? 1460 : 0, i < 4 ? 0 : i);
				const uint64_t here = t.worker->inspect.stats.matched_bytes - before;
				if (story)
					assert_int_equal(here, matched);
				story = dp_test_same_story(&t, story, "%zu, %u", n, i);
				matched = here;
			}
			if (!strstr(story, names ? "verdict=infected" : "verdict=clean"))
				fail_msg("%zu %u: %s", n, names, story);
			free(story);
			made_free(&m);
		}
	dp_test_close(&t);
}

/* So many layers of base64 around the program, in a part that is base64 itself. */
static void make_layers(struct made *m, unsigned layers)
{
	made_put(m, program, sizeof program);
	while (layers-- > 0) {
		struct made outer = { 0 };
		made_base64(&outer, m->p, m->n, 76, "\r\n", false, true);
		made_free(m);
		*m = outer;
	}
}

static void test_layers(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	const unsigned depth = t.config.limits.archive_depth;
	uint64_t before = 0, bytes[21];
	for (unsigned layers = 1; layers <= 20; layers++) {
		struct made m = { 0 };
		make_layers(&m, layers);
		dp_test_forget(&t);
		send_part(&t, layers, "base64", "x", &m, 1460, 0);
		if (layers <= depth)
			dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
		else
			dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_LIMIT, true);
		/* What is matched is bounded by what travelled: each layer has three quarters of the one around it. */
		bytes[layers] = t.worker->inspect.stats.matched_bytes - before;
		before += bytes[layers];
		assert_true(bytes[layers] < 5 * m.n);
		made_free(&m);
	}
	dp_test_close(&t);
}

/* What a part is said to be encoded by is no layer: of one that is said to be uuencoded the file is what stands in it, by both names, no
 * deeper than the part; in any other the text is a file, and what stands in it is deeper. */
static void test_uuencoded_part(void **state)
{
	static const struct {
		const char *cte;
		enum ct_reason why;
		size_t files;
	} cases[] = { { "x-uuencode", CT_REASON_NONE, 2 }, { "UUE", CT_REASON_NONE, 2 }, { "7bit", CT_REASON_LIMIT, 2 } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dp_test t;
		struct made inner = { 0 }, m = { 0 };
		char *story = NULL;
		dp_test_init(&t);
		t.config.limits.archive_depth = 1;
		dp_test_open(&t);
		made_base64(&inner, program, sizeof program, 76, "\r\n", false, true);
		made_uu(&m, "a file.txt", inner.p, inner.n, "\r\n", false, true);
		for (unsigned cut = 0; cut < 100; cut++) {
			dp_test_forget(&t);
			send_part(&t, cut, cases[i].cte, "x", &m, cut ? 0 : 1, cut);
			story = dp_test_same_story(&t, story, "%s, %u", cases[i].cte, cut);
			assert_int_equal(dp_test_count(&t, CT_FILE), cases[i].files);
			dp_test_verdict(&t, 0, cases[i].why ? CT_UNSCANNED : CT_INFECTED, cases[i].why, true);
		}
		assert_int_equal(!strstr(story, "other-name=x"), cases[i].why != CT_REASON_NONE);
		free(story);
		made_free(&inner);
		made_free(&m);
		dp_test_close(&t);
	}
	/* Where nothing is uuencoded the text is the file. */
	struct dp_test t;
	struct made m = { 0 };
	dp_test_begin(&t);
	made_text(&m, "Nothing begins here.\r\n");
	send_part(&t, 0, "x-uuencode", "x", &m, 0, 0);
	assert_int_equal(dp_test_count(&t, CT_FILE), 1);
	dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
	made_free(&m);
	dp_test_close(&t);
}

/* Words that look like a run of base64, as newsletters have them: clean, without records, nor do they count as members. */
static void test_runs_that_are_nothing(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_init(&t);
	t.config.limits.archive_members = 3;
	dp_test_open(&t);
	struct made m = { 0 };
	uint8_t noise[60];
	uint64_t seed = 3;
	for (unsigned i = 0; i < 200; i++) {
		for (size_t k = 0; k < sizeof noise; k++)
			noise[k] = (uint8_t)dp_test_random(&seed, 256);
		noise[0] = 0x55;
		made_text(&m, "<a href=\"https://click.example.com/?q=");
		made_base64(&m, noise, sizeof noise, 0, "", true, false);
		made_text(&m, "\">here</a>\r\n");
	}
	send_part(&t, 0, "7bit", "x.html", &m, 1460, 0);
	dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
	assert_int_equal(dp_test_count(&t, CT_FILE), 1);
	made_free(&m);
	dp_test_close(&t);
}

/* Text in UTF-16, of both byte orders, with its mark and without: cut at every hundredth of it. */
static void test_wide_text(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 4; turn++) {
		struct dp_test t;
		struct made narrow = { 0 }, m = { 0 };
		dp_test_begin(&t);
		made_text(&narrow, "<html><body>Some words. <script>var a = \"");
		made_base64(&narrow, program, sizeof program, 0, "", false, true);
		made_text(&narrow, "\";</script></body></html>\r\n");
		if (turn / 2)
			made_put(&m, turn % 2 ? "\xff\xfe" : "\xfe\xff", 2);
		for (size_t i = 0; i < narrow.n; i++)
			made_put(&m, turn % 2 ? (uint8_t[]){ narrow.p[i], 0 } : (uint8_t[]){ 0, narrow.p[i] }, 2);
		for (unsigned cut = 0; cut < 100; cut++) {
			send_part(&t, cut, "base64", "x.html", &m, cut ? 0 : 1, cut);
			dp_test_verdict(&t, cut, CT_INFECTED, CT_REASON_NONE, true);
		}
		made_free(&narrow);
		made_free(&m);
		dp_test_close(&t);
	}
}

/* In UTF-32: the line of what is found does not depend on where it is cut. */
static void test_line_in_wide_text(void **state)
{
	(void)state;
	struct dp_test t;
	struct made narrow = { 0 }, m = { 0 };
	char first[80] = "";
	dp_test_begin(&t);
	made_text(&narrow, "<html><body>Some words. <script>var a = \"");
	made_base64(&narrow, program, sizeof program, 0, "", false, true);
	made_text(&narrow, "\";</script></body></html>\r\n");
	made_put(&m, (uint8_t[]){ 0xff, 0xfe, 0, 0 }, 4);
	for (size_t i = 0; i < narrow.n; i++)
		made_put(&m, (uint8_t[]){ narrow.p[i], 0, 0, 0 }, 4);
	for (unsigned cut = 0; cut < 100; cut++) {
		send_part(&t, cut, "base64", "x.html", &m, cut ? 0 : 1, cut);
		dp_test_verdict(&t, cut, CT_INFECTED, CT_REASON_NONE, true);
		const char *mark = strstr(dp_test_nth(&t, CT_MESSAGE, cut)->text, "mark=");
		assert_non_null(mark);
		const size_t n = strcspn(mark, " \n");
		assert_true(n < sizeof first);
		if (!cut)
			memcpy(first, mark, n);
		assert_int_equal(strlen(first), n);
		assert_memory_equal(mark, first, n);
	}
	made_free(&narrow);
	made_free(&m);
	dp_test_close(&t);
}

/* A text in base64, and behind it, in clear, what a mailing list adds: no fault of it, up to a length; `cut`: where the content is cut. */
static void test_footers(void **state)
{
	static const char line[] = "_______________________\r\nlist mailing list\r\nlist@example.org\r\n";
	static const struct {
		const char *text;
		unsigned times;
		bool fine;
	} cases[] = {
		{ "SGVsbG8=\r\n", 1, true },   { "SGVsbG8h\r\n", 1, true },  { "SGVsbA==\r\n", 60, true },
		{ "SGVsbG8=\r\n", 90, false }, { "SGVsbG8hS\r\n", 1, false }, { "SGVsbG8h=\r\n", 1, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dp_test t;
		struct made body = { 0 };
		dp_test_begin(&t);
		made_text(&body, "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n");
		made_text(&body, cases[i].text);
		for (unsigned k = 0; k < cases[i].times; k++)
			made_text(&body, line);
		const struct dp_text mail = { body.p, body.n, body.n };
		for (unsigned cut = 0; cut < 200; cut++) {
			struct dp_test_conn c = dp_test_conn(cut);
			dp_test_mail(&t, &c, &mail, cut ? 0 : 1, cut < body.n ? cut : 0);
			dp_test_verdict(&t, cut, cases[i].fine ? CT_CLEAN : CT_UNSCANNED,
					cases[i].fine ? CT_REASON_NONE : CT_REASON_MALFORMED, true);
		}
		made_free(&body);
		dp_test_close(&t);
	}
}

/* Prose that speaks of it. */
static void test_prose(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	struct made m = { 0 };
	made_text(&m, "begin 644 things\r\nand go on.\r\n=ybegin it\r\n:-)\r\nThe data: all of it.\r\n"
		      "(This file must be converted with BinHex 4.0)\r\n");
	send_part(&t, 0, "7bit", "x", &m, 0, 0);
	dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
	assert_int_equal(dp_test_count(&t, CT_FILE), 1);
	made_free(&m);
	dp_test_close(&t);
}

/* No room for a reader: never clean. */
static void test_no_room(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_hostage h = { 0 };
	dp_test_begin(&t);
	struct made m = { 0 };
	in_base64(&m);
	dp_hostage_take(&h, &t.worker->inspect.zips, 0);
	send_part(&t, 0, "7bit", "x", &m, 1460, 0);
	dp_hostage_free(&h);
	dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_OVERLOAD, true);
	assert_true(t.worker->inspect.stats.no_zip > 0);
	made_free(&m);
	dp_test_close(&t);
}

/* What stands before missing bytes and what stands behind them are no word together: in a text, and in what is read as a stream besides
 * (a stored block of zlib's). */
static void test_gap_in_a_word(void **state)
{
	(void)state;
	static const uint8_t stream[] = { 0x78, 1, 0, 0, 0x80, 0xff, 0x7f };
	for (unsigned streams = 0; streams < 2; streams++) {
		struct dp_test t;
		struct dp_test_message u;
		struct dp_text mail = { 0 };
		struct made m = { 0 };
		if (streams)
			made_put(&m, stream, sizeof stream);
		made_text(&m, "A text of some lines, more than its first bytes,\r\nof which nothing is encoded.\r\n");
		made_uu(&m, "a file.exe", program, sizeof program, "\r\n", false, true);
		const struct dp_text body = { m.p, m.n, m.n };
		dp_made_message(&mail, "binary", "x", &body);
		const uint8_t *word = memmem(mail.p, mail.n, "begin 644", 9);
		assert_non_null(word);
		const size_t at = (size_t)(word + 3 - (const uint8_t *)mail.p);
		dp_test_begin(&t);
		dp_test_message_begin(&t, &u);
		dp_test_content_feed(u.msg->content, mail.p, at);
		dp_content_gap(u.msg->content, 10);
		dp_test_content_feed(u.msg->content, mail.p + at, mail.n - at);
		dp_content_end(u.msg->content);
		dp_test_message_end(&t, &u);
		for (size_t i = 0; i < dp_test_count(&t, CT_FILE); i++)
			assert_false(dp_test_has(dp_test_nth(&t, CT_FILE, i), "a file.exe"));
		dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_GAP, false);
		made_free(&m);
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

static int setup(void **state)
{
	make_program(program, sizeof program);
	return dp_test_eal(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_in_any_split), cmocka_unit_test(test_tokens_in_links),
		cmocka_unit_test(test_layers), cmocka_unit_test(test_runs_that_are_nothing),
		cmocka_unit_test(test_prose), cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_uuencoded_part), cmocka_unit_test(test_wide_text), cmocka_unit_test(test_line_in_wide_text), cmocka_unit_test(test_footers),
		cmocka_unit_test(test_gap_in_a_word),
	};
	return cmocka_run_group_tests_name("dp_encoded", tests, setup, dp_test_eal_stop);
}
