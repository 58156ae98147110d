/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/mime/rs_mime_cases.h"
#include "reassembly/mime/rs_mime_log.h"

static struct rs_mime_run run;
static const struct rs_mime_limits wide = { .depth = 16, .parts = 1000 };

struct text { /* a message under construction */
	char *p;
	size_t n, cap;
};

static void add(struct text *t, const char *s)
{
	size_t n = strlen(s);
	if (t->n + n + 1 > t->cap) {
		t->cap = (t->n + n + 1) * 2;
		t->p = realloc(t->p, t->cap);
		assert_non_null(t->p);
	}
	memcpy(t->p + t->n, s, n + 1);
	t->n += n;
}

static void add_times(struct text *t, const char *s, size_t times)
{
	while (times--)
		add(t, s);
}

static void text_free(struct text *t)
{
	free(t->p);
	*t = (struct text){ 0 };
}

/* Feeds the message in pieces of `piece` bytes after a first one of `first`. */
static const char *told(const char *message, size_t n, size_t first, size_t piece)
{
	const uint8_t *p = (const uint8_t *)message;
	size_t take = first;
	for (size_t i = 0; i < n; i += take, take = piece) {
		if (i)
			take = piece;
		if (take > n - i)
			take = n - i;
		run_feed(&run, p + i, take);
	}
	run_end(&run);
	return run.log.text;
}

/* Whole and byte by byte. Both texts are freed. */
static void expect_told(struct text *message, struct text *want)
{
	run_begin(&run, 1, wide);
	assert_string_equal(told(message->p, message->n, message->n, 1), want->p);
	run_begin(&run, 1, wide);
	assert_string_equal(told(message->p, message->n, 1, 1), want->p);
	text_free(message);
	text_free(want);
}

static void expect_everywhere(const char *message, size_t n, const char *want, uint32_t blocks,
			      struct rs_mime_limits limits)
{
	run_begin(&run, blocks, limits);
	assert_string_equal(told(message, n, n, n), want);
	run_begin(&run, blocks, limits);
	assert_string_equal(told(message, n, 1, 1), want);
	for (size_t cut = 1; cut < n; cut++) {
		run_begin(&run, blocks, limits);
		assert_string_equal(told(message, n, cut, n), want);
	}
}

static void tells_each_case_however_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rs_mime_cases / sizeof rs_mime_cases[0]; i++) {
		const struct rs_mime_case *c = &rs_mime_cases[i];
		run_begin(&run, c->blocks, c->limits);
		const char *got = told(c->message, strlen(c->message), 1 << 30, 1);
		if (strcmp(got, c->told))
			print_message("%s\n", c->name);
		assert_string_equal(got, c->told);
		expect_everywhere(c->message, strlen(c->message), c->told, c->blocks, c->limits);
	}
}

/* Goes on with a copy from `cut` on, and with the original afterwards: both tell the same, and neither disturbs the other. */
static void expect_of_a_copy(const struct rs_mime_case *c, size_t cut)
{
	const uint8_t *p = (const uint8_t *)c->message;
	size_t n = strlen(c->message);
	static struct rs_mime_run other;
	run_begin(&run, c->blocks, c->limits);
	run_feed(&run, p, cut);
	run_begin(&other, c->blocks, c->limits);
	rs_mime_end(&other.mime); /* only its memory is wanted */
	other.log.len = 0;
	log_bytes(&other.log, run.log.text, run.log.len);
	other.log.in_part = run.log.in_part;
	other.log.in_header = run.log.in_header;
	other.log.in_data = run.log.in_data;
	rs_mime_copy(&other.mime, &run.mime, &rs_mime_log_ops, &other.log, &other.pool);
	run_feed(&other, p + cut, n - cut);
	run_end(&other);
	if (strcmp(other.log.text, c->told))
		print_message("%s, cut at %zu\n", c->name, cut);
	assert_string_equal(other.log.text, c->told);
	run_feed(&run, p + cut, n - cut);
	run_end(&run);
	assert_string_equal(run.log.text, c->told);
}

static void a_copy_goes_its_own_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rs_mime_cases / sizeof rs_mime_cases[0]; i++)
		for (size_t cut = 0; cut <= strlen(rs_mime_cases[i].message); cut++)
			expect_of_a_copy(&rs_mime_cases[i], cut);
}

/* What a section says is not known to a copy that has no block for it. */
static void a_copy_without_a_block_says_so(void **state)
{
	(void)state;
	static const char message[] = "Content-Type: image/png\r\n";
	static struct rs_mime_run other;
	struct rs_pool none = { 0 };
	run_begin(&run, 1, wide);
	run_feed(&run, (const uint8_t *)message, sizeof message - 1);
	run_begin(&other, 0, wide);
	rs_mime_end(&other.mime);
	other.log.len = 0;
	rs_mime_copy(&other.mime, &run.mime, &rs_mime_log_ops, &other.log, &none);
	run_end(&other);
	assert_string_equal(other.log.text, "! mime.block_limit\nleaf 1 depth 0 <> identity limit\nend\n");
	run_end(&run);
	assert_string_equal(run.log.text, "leaf 1 depth 0 <image/png> identity attachment\nend\n");
}

static void hands_out_a_long_field_whole(void **state)
{
	(void)state;
	struct text message = { 0 }, want = { 0 };
	add(&message, "To: ");
	add(&want, "to: ");
	for (int i = 0; i < 6000; i++) {
		char t[64];
		snprintf(t, sizeof t, "recipient%d@example.org,", i);
		add(&message, t);
		add(&want, t);
		if (i % 3 == 0) {
			add(&message, "\r\n ");
			add(&want, " ");
		}
	}
	add(&message, "x \t\r\n\r\n");
	add(&want, "x\nleaf 1 depth 0 <text/plain> identity\nend\n");
	assert_true(message.n > 137000);
	static const size_t pieces[] = { 1, 7, 1460, 1 << 20 };
	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		run_begin(&run, 1, wide);
		assert_string_equal(told(message.p, message.n, pieces[i], pieces[i]), want.p);
	}
	text_free(&message);
	text_free(&want);
}

/* White space at a value's end is not told, nor lost in the middle, also where it fills the block. */
static void keeps_inner_white_space(void **state)
{
	(void)state;
	static const size_t spaces[] = { 2700, 2751, 2752, 2753, 3072, 5000, 7000 };
	for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
		struct text message = { 0 }, want = { 0 };
		add(&message, "Subject: a");
		add_times(&message, " ", spaces[i]);
		add(&message, "b   \r\n\r\n");
		add(&want, "subject: a");
		add_times(&want, " ", spaces[i]);
		add(&want, "b\nleaf 1 depth 0 <text/plain> identity\nend\n");
		expect_told(&message, &want);
	}
}

/* A delimiter in the header ends the field under way before anything else is told. */
static void ends_a_long_field_at_a_delimiter(void **state)
{
	(void)state;
	static const char *const lines[][2] = {
		{ "--b\n", "! mime.header_invalid\n! mime.missing_end\n" },
		{ "--b x\n", "! mime.boundary_alike\n! mime.header_invalid\npreamble 0 depth 1 <text/plain> identity\n"
			     "|--b x\\n|\nend missing-end\n! mime.missing_end\n" },
	};
	for (size_t i = 0; i < 2; i++) {
		struct text message = { 0 }, want = { 0 };
		add(&message, "Content-Type: multipart/mixed; boundary=b\nTo: ");
		add_times(&message, "t", 5000);
		add(&message, "\n");
		add(&message, lines[i][0]);
		add(&want, "to: ");
		add_times(&want, "t", 5000);
		add(&want, "\n");
		add(&want, lines[i][1]);
		expect_everywhere(message.p, message.n, want.p, 1, wide);
		text_free(&message);
		text_free(&want);
	}
}

/* What does not count takes no room, however long it is and wherever the buffer ends in it. */
static void reads_on_behind_what_does_not_count(void **state)
{
	(void)state;
	static const char *const junk[][2] = {
		{ "; x=", "" },	     { "; x=\"", "\"" },   { "; x=\"\\\"; z=\\\"", "\"" }, { " (", ")" },
		{ "; x=1 ((\\", "))" }, { "; x=y;;;z=", "" }, { "; x*0=a; x*1=", "" },
	};
	for (size_t i = 0; i < sizeof junk / sizeof junk[0]; i++)
		for (size_t n = 3000; n < 7000; n += i == 1 && n < 3200 ? 1 : 1999) {
			struct text message = { 0 }, want = { 0 };
			add(&message, "Content-Type: multipart/mixed");
			add(&message, junk[i][0]);
			add_times(&message, "y", n);
			add(&message, junk[i][1]);
			add(&message, "; boundary=b; name=n\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n");
			/* Where that is all it is, an inner name is one. */
			add(&want, "leaf 1 depth 1 <text/plain> identity\n|x|\nend\n");
			expect_told(&message, &want);
		}
}

static void cuts_a_parsed_field_at_the_block(void **state)
{
	(void)state;
	struct text message = { 0 };
	add(&message, "Content-Type: text/html; name=a.exe; name=\"");
	add_times(&message, "\\y", 2500);
	add(&message, "\"; boundary=no\r\n\r\nbody");
	expect_everywhere(message.p, message.n,
			  "! mime.header_too_long\n"
			  "! mime.duplicate_parameter\n"
			  "leaf 1 depth 0 <text/html> identity attachment name='a.exe'\n|body|\nend\n",
			  1, wide);
	text_free(&message);
}

static void cuts_a_long_name(void **state)
{
	(void)state;
	struct text message = { 0 }, want = { 0 };
	add(&message, "Content-Disposition: inline; filename=");
	add_times(&message, "n", RS_MIME_NAME_MAX + 1);
	add(&message, "\n\n");
	add(&want, "! mime.name_cut\nleaf 1 depth 0 <text/plain> identity attachment name-cut name='");
	add_times(&want, "n", RS_MIME_NAME_MAX);
	add(&want, "'\nend\n");
	expect_everywhere(message.p, message.n, want.p, 1, wide);
	text_free(&message);
	text_free(&want);
}

/* However long it is: its end has the extension. Of encoded words none is cut. */
static void keeps_the_end_of_a_long_name(void **state)
{
	(void)state;
	static const size_t lengths[] = { RS_MIME_NAME_MAX - 3, RS_MIME_NAME_MAX + 1, 2000, 3000, 9000 };
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		struct text message = { 0 }, want = { 0 };
		add(&message, "Content-Disposition: inline; filename=\"");
		add_times(&message, "n", lengths[i]);
		add(&message, ".exe\"\n\n");
		add(&want, "! mime.name_cut\nleaf 1 depth 0 <text/plain> identity attachment name-cut name='");
		add_times(&want, "n", RS_MIME_NAME_MAX - 4);
		add(&want, ".exe'\nend\n");
		expect_everywhere(message.p, message.n, want.p, 1, wide);
		text_free(&message);
		text_free(&want);
	}
	struct text message = { 0 }, want = { 0 };
	add(&message, "Content-Disposition: inline; filename=\"");
	add_times(&message, "=?utf-8?Q?aaaaaaaaaaaaaaaaaa?= ", 20);
	add(&message, "=?utf-8?Q?b.exe?=\"\n\n");
	add(&want, "! mime.name_cut\nleaf 1 depth 0 <text/plain> identity attachment name-cut name='");
	add_times(&want, "=?utf-8?Q?aaaaaaaaaaaaaaaaaa?= ", 13 + 2);
	add(&want, "=?utf-8?Q?b.exe?='\nend\n");
	expect_everywhere(message.p, message.n, want.p, 1, wide);
	text_free(&message);
	text_free(&want);
}

/* A line without a colon that is longer than the block is body, and none of it is lost. */
static void reads_an_endless_name_as_body(void **state)
{
	(void)state;
	struct text message = { 0 }, want = { 0 };
	add_times(&message, "n", 9000);
	add(&message, ": x\n");
	add(&want, "! mime.header_invalid\nleaf 1 depth 0 <text/plain> identity\n|");
	add_times(&want, "n", 9000);
	add(&want, ": x\\n|\nend\n");
	expect_told(&message, &want);
}

static void cuts_a_long_boundary_for_comparison(void **state)
{
	(void)state;
	struct text boundary = { 0 }, message = { 0 };
	add_times(&boundary, "x", RS_MIME_BOUNDARY_MAX + 12);
	add(&message, "Content-Type: multipart/mixed; boundary=");
	add(&message, boundary.p);
	add(&message, "\n\n--");
	add(&message, boundary.p);
	add(&message, "\n\none\n--");
	add(&message, boundary.p + 13);
	add(&message, "\n--");
	add(&message, boundary.p);
	add(&message, "-- \nepi");
	struct text want = { 0 };
	add(&want, "! mime.boundary_too_long\nleaf 1 depth 1 <text/plain> identity\n|one\\n--");
	add(&want, boundary.p + 13);
	add(&want, "|\nend\nepilogue 0 depth 1 <text/plain> identity\n|epi|\nend\n");
	expect_everywhere(message.p, message.n, want.p, 1, wide);
	text_free(&boundary);
	text_free(&message);
	text_free(&want);
}

static void takes_endless_padding_for_a_boundary(void **state)
{
	(void)state;
	struct text message = { 0 }, want = { 0 };
	add(&message, "Content-Type: multipart/mixed; boundary=b\n\n--b");
	add_times(&message, " ", 300);
	add(&message, "\n\none\n--b");
	add_times(&message, " ", 100);
	add(&message, "x\n--b");
	add_times(&message, "\t", 300);
	add(&message, "x\n\ntwo\n--b--");
	add_times(&message, " ", 300);
	add(&want, "leaf 1 depth 1 <text/plain> identity\n|one\\n--b");
	add_times(&want, " ", 100);
	add(&want, "|\n! mime.boundary_alike\n|x|\nend\nleaf 2 depth 1 <text/plain> identity\n|two|\nend\n");
	expect_everywhere(message.p, message.n, want.p, 1, wide);
	text_free(&message);
	text_free(&want);
}

/* Levels that do not fit are one leaf, for depth and for the boundaries' room alike. */
static void nest(struct text *message, size_t boundary)
{
	for (unsigned i = 0; i < 20; i++) {
		char name[3] = { (char)('a' + i), 0 };
		add(message, "Content-Type: multipart/mixed; boundary=");
		add_times(message, name, boundary);
		add(message, "\n\n--");
		add_times(message, name, boundary);
		add(message, "\n");
	}
}

/* Boundaries that are long together take a block beside the section's. Without it, what is inside is one leaf, and it is told why. */
static void stops_opening_levels(void **state)
{
	(void)state;
	static const struct {
		size_t boundary, levels;
		uint32_t blocks;
	} limits[] = { { 10, RS_MIME_DEPTH, 1 }, { 20, RS_MIME_DEPTH, 2 }, { 128, RS_MIME_DEPTH, 2 },
		       { 20, RS_BOUNDARY_OWN / 20, 1 }, { 128, RS_BOUNDARY_OWN / 128, 1 } };
	for (size_t k = 0; k < sizeof limits / sizeof limits[0]; k++) {
		struct text message = { 0 };
		nest(&message, limits[k].boundary);
		for (size_t piece = 1; piece < 8; piece++) {
			run_begin(&run, limits[k].blocks, wide);
			const char *got = told(message.p, message.n, piece < 7 ? piece : message.n, piece);
			char want[200];
			snprintf(want, sizeof want, "%s! mime.depth_limit\nleaf ",
				 limits[k].levels < RS_MIME_DEPTH ? "! mime.block_limit\n" : "");
			assert_memory_equal(got, want, strlen(want));
			snprintf(want, sizeof want, "depth %zu <multipart/mixed> identity limit\n", limits[k].levels);
			assert_non_null(strstr(got, want));
			assert_int_equal(run.log.parts, 1);
		}
		text_free(&message);
	}
}

/* As does a copy, of which the other has one: it knows none of the delimiters that follow. */
static void a_copy_without_boundaries_says_so(void **state)
{
	(void)state;
	for (uint32_t blocks = 0; blocks <= 1; blocks++) {
		static struct rs_mime_run other;
		struct text message = { 0 }, rest = { 0 };
		nest(&message, 128);
		add(&rest, "\n--");
		add_times(&rest, "a", 128);
		add(&rest, "--\nend");
		run_begin(&run, 2, wide);
		run_feed(&run, (const uint8_t *)message.p, message.n);
		run_begin(&other, blocks, wide);
		rs_mime_end(&other.mime);
		other.log.len = 0;
		other.log.in_part = run.log.in_part;
		rs_mime_copy(&other.mime, &run.mime, &rs_mime_log_ops, &other.log, &other.pool);
		run_feed(&other, (const uint8_t *)rest.p, rest.n);
		run_end(&other);
		assert_true(!strncmp(other.log.text, "! mime.block_limit\n", 19) == !blocks);
		assert_true(!strstr(other.log.text, "epilogue") == !blocks);
		run_feed(&run, (const uint8_t *)rest.p, rest.n);
		run_end(&run);
		assert_non_null(strstr(run.log.text, "epilogue"));
		text_free(&message);
		text_free(&rest);
	}
}

static const char *told_around_gap(const char *before, const char *after)
{
	run_begin(&run, 2, wide);
	run_feed(&run, (const uint8_t *)before, strlen(before));
	rs_mime_gap(&run.mime, 100);
	run_feed(&run, (const uint8_t *)after, strlen(after));
	run_end(&run);
	return run.log.text;
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n--b\n"

static void goes_on_after_a_gap(void **state)
{
	(void)state;
	/* In a body, at whatever it was comparing or withholding. */
	static const char *const ends[][2] = { { "one", "one" },
					       { "one\n", "one\\n" },
					       { "one\r\n--b", "one\\r\\n--b" } };
	for (size_t i = 0; i < 3; i++) {
		char before[100], want[300];
		snprintf(before, sizeof before, MIXED "\n%s", ends[i][0]);
		snprintf(want, sizeof want,
			 "leaf 1 depth 1 <text/plain> identity\n|%sb\\nx|\nend gap\n"
			 "leaf 2 depth 1 <text/plain> identity\n|two|\nend\n",
			 ends[i][1]);
		assert_string_equal(told_around_gap(before, "b\nx\n--b\n\ntwo\n--b--"), want);
	}
	/* A delimiter right behind it, and a header section without its delimiter. */
	assert_string_equal(told_around_gap(MIXED "\none", "--b\n\ntwo\n--b--"),
			    "leaf 1 depth 1 <text/plain> identity\n|one|\nend gap\n"
			    "leaf 2 depth 1 <text/plain> identity\n|two|\nend\n");
	assert_string_equal(told_around_gap(MIXED "\none", "x: y\ncontent-type: text/html\nContent-Transfer-Encoding: base64\n\nQQ==\n--b--"),
			    "leaf 1 depth 1 <text/plain> identity\n|onex: y|\nend missing-end gap\n"
			    "leaf 2 depth 1 <text/html> base64\n|QQ==\\n|\nend\n");
	/* In a header section: the field is dropped, also one of which a piece was told. */
	assert_string_equal(told_around_gap("Subject: lo", "st\n lost\nTo: t\n\nx"),
			    "to: t\nleaf 1 depth 0 <text/plain> identity\n|x|\nend gap\n");
	struct text before = { 0 };
	add(&before, "Subject: ");
	add_times(&before, "s", 4000);
	const char *got = told_around_gap(before.p, "lost\n\nx");
	assert_memory_equal(got, "subject: sss", 12);
	assert_string_equal(got + strspn(got + 9, "s") + 9, "\nleaf 1 depth 0 <text/plain> identity\n|x|\nend gap\n");
	text_free(&before);
	assert_string_equal(told_around_gap(MIXED, "lost\n\none\n--b--"),
			    "leaf 1 depth 1 <text/plain> identity\n|one|\nend gap\n");
	assert_string_equal(told_around_gap("", ""), "leaf 1 depth 0 <text/plain> identity\nend gap\n");
}

/* The concatenation of what was skipped and what was told is what is told when all is fed. */
static void skips_the_bulk_of_base64(void **state)
{
	(void)state;
	struct text message = { 0 };
	add(&message, MIXED "Content-Transfer-Encoding: base64\n\n");
	add_times(&message, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\r\n", 3);
	add(&message, "QQ==-\r\n-- x\r\n\r\n--b\r\n\r\ntwo-\r\n--b--\r\n");
	run_begin(&run, 1, wide);
	char *want = strdup(told(message.p, message.n, message.n, 1));
	assert_non_null(strstr(want, "QQ==-\\r\\n-- x\\r\\n\\r\\n|"));
	for (size_t piece = 1; piece < 60; piece++) {
		run_begin(&run, 1, wide);
		bool skipped = false;
		for (size_t i = 0; i < message.n;) {
			const uint8_t *p = (const uint8_t *)message.p + i;
			size_t n = message.n - i < piece ? message.n - i : piece;
			if (rs_mime_base64_body(&run.mime)) {
				const uint8_t *dash = memchr(p, '-', n);
				size_t bulk = dash ? (size_t)(dash - p) : n;
				if (bulk) {
					log_on_data(&run.log, p, bulk);
					rs_mime_skip(&run.mime, p, bulk);
					i += bulk;
					skipped = true;
					continue;
				}
			}
			run_feed(&run, p, n);
			i += n;
		}
		run_end(&run);
		assert_string_equal(run.log.text, want);
		assert_true(skipped || piece > 58);
	}
	free(want);
	text_free(&message);
}

static void waits_for_no_more_blocks_than_one(void **state)
{
	(void)state;
	const char *nested =
		"Content-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: x\n\nt\n--b\n\nno field\n--b--";
	run_begin(&run, 1, wide);
	told(nested, strlen(nested), 1000, 1);
	assert_int_equal(run.pool.peak, 1);
	assert_int_equal(run.pool.failed, 0);
	assert_null(strstr(run.log.text, "block_limit"));
	/* Ended anywhere, the block comes back: run_end checks. */
	for (size_t n = 0; n < strlen(nested); n++) {
		run_begin(&run, 1, wide);
		told(nested, n, 1000, 1);
	}
}

static void names_every_anomaly(void **state)
{
	(void)state;
	for (int a = 0; a < RS_MIME_ANOMALY_MAX; a++)
		assert_memory_equal(rs_mime_anomaly_name(a), "mime.", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_each_case_however_it_is_cut),
		cmocka_unit_test(a_copy_goes_its_own_way),
		cmocka_unit_test(a_copy_without_a_block_says_so),
		cmocka_unit_test(hands_out_a_long_field_whole),
		cmocka_unit_test(keeps_inner_white_space),
		cmocka_unit_test(ends_a_long_field_at_a_delimiter),
		cmocka_unit_test(reads_on_behind_what_does_not_count),
		cmocka_unit_test(cuts_a_parsed_field_at_the_block),
		cmocka_unit_test(cuts_a_long_name),
		cmocka_unit_test(keeps_the_end_of_a_long_name),
		cmocka_unit_test(reads_an_endless_name_as_body),
		cmocka_unit_test(cuts_a_long_boundary_for_comparison),
		cmocka_unit_test(takes_endless_padding_for_a_boundary),
		cmocka_unit_test(stops_opening_levels),
		cmocka_unit_test(a_copy_without_boundaries_says_so),
		cmocka_unit_test(goes_on_after_a_gap),
		cmocka_unit_test(skips_the_bulk_of_base64),
		cmocka_unit_test(waits_for_no_more_blocks_than_one),
		cmocka_unit_test(names_every_anomaly),
	};
	int failed = cmocka_run_group_tests_name("rs_mime", tests, NULL, NULL);
	free(run.log.text);
	return failed;
}
