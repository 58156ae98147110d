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
	struct dp_made in;
	if (!strcmp(cte, "base64"))
		dp_made_base64(&in, text.p, text.n, NULL);
	else if (!strcmp(cte, "quoted-printable"))
		dp_made_qp(&in, text.p, text.n, NULL);
	dp_made_message(&mail, cte, name, strcmp(cte, "7bit") ? &in.text : &text);
	if (strcmp(cte, "7bit"))
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
	};
	return cmocka_run_group_tests_name("dp_encoded", tests, setup, dp_test_eal_stop);
}
