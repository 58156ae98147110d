/* SPDX-License-Identifier: Apache-2.0 */
/* More than one reading of a message: what either holds is found. */
#include "dataplane/dp_made.h"
#include "dataplane/dp_session.h"

/* A program in a deflated member of an archive, in base64. */
static void make_wrapped(struct dp_text *mail)
{
	struct dp_made_zip z = { 0 };
	struct dp_made m;
	dp_made_zip_add(&z, "member.scr", dp_made_bad, strlen(dp_made_bad), DP_MADE_DEFLATED | DP_MADE_DESCRIPTOR);
	dp_made_zip_end(&z);
	dp_made_base64(&m, z.data.p, z.data.n, NULL);
	dp_made_message(mail, "base64", "x.zip", &m.text);
	dp_made_zip_free(&z);
	dp_made_free(&m);
}

/* Wherever one reading ends and the other goes on, what is in the one that goes on is found, and each file has one record. */
static void test_either_reading_goes_on(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_test_begin(&t);
	make_wrapped(&mail);
	for (size_t cut = 0; cut <= mail.n; cut++)
		for (unsigned goes_on = 0; goes_on < 2; goes_on++) {
			struct dp_test_message u;
			dp_test_message_begin(&t, &u);
			dp_test_content_feed(u.msg->content, mail.p, cut);
			struct dp_content *both[2] = { u.msg->content, dp_content_fork(u.msg->content) };
			assert_non_null(both[1]);
			dp_content_end(both[!goes_on]);
			dp_test_content_feed(both[goes_on], mail.p + cut, mail.n - cut);
			dp_content_end(both[goes_on]);
			dp_test_message_end(&t, &u);
			if (dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.verdict != CT_INFECTED)
				fail_msg("%zu of %zu: reading %u was not looked into", cut, mail.n, goes_on);
			assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "member.scr"));
			assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "x.zip"));
			dp_test_forget(&t);
		}
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* A copy that is fed what its original is fed changes nothing of what is told. */
static void test_a_copy_disturbs_nothing(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_test_begin(&t);
	make_wrapped(&mail);
	for (size_t cut = 0; cut <= mail.n; cut += 7) {
		char *story[2];
		for (unsigned forked = 0; forked < 2; forked++) {
			struct dp_test_message u;
			dp_test_message_begin(&t, &u);
			dp_test_content_feed(u.msg->content, mail.p, cut);
			struct dp_content *copy = forked ? dp_content_fork(u.msg->content) : NULL;
			dp_test_content_feed(u.msg->content, mail.p + cut, mail.n - cut);
			dp_content_end(u.msg->content);
			if (copy)
				dp_content_end(copy);
			dp_test_message_end(&t, &u);
			/* What was left of the copy is broken, and is told. */
			assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.verdict, CT_INFECTED);
			story[forked] = strdup(dp_test_nth(&t, CT_FILE, 0)->text);
			assert_non_null(story[forked]);
			dp_test_forget(&t);
		}
		assert_string_equal(story[0], story[1]);
		free(story[0]);
		free(story[1]);
	}
	dp_text_free(&mail);
	dp_test_close(&t);
}

static void test_so_many_and_no_more(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_test_init(&t);
	t.config.limits.views = 3;
	dp_test_open(&t);
	make_wrapped(&mail);
	for (unsigned round = 0; round < 2; round++) {
		struct dp_test_message u;
		struct dp_content *v[3];
		struct dp_hostage contents;
		dp_test_message_begin(&t, &u);
		dp_test_content_feed(v[0] = u.msg->content, mail.p, mail.n * 3 / 4);
		for (unsigned i = 1; i < 3; i++)
			assert_non_null(v[i] = dp_content_fork(v[i - 1]));
		assert_int_equal(u.msg->reasons, 0);
		if (round) { /* one that has ended makes room, but in the pool */
			dp_content_end(v[2]);
			u.msg->reasons = 0;
			dp_hostage_take(&contents, &t.worker->inspect.contents, 0);
		}
		assert_null(dp_content_fork(v[0]));
		assert_int_equal(u.msg->reasons, 1u << (round ? CT_REASON_OVERLOAD : CT_REASON_LIMIT));
		assert_int_equal(t.worker->inspect.stats.view_limit, 1);
		assert_int_equal(t.worker->inspect.stats.no_content, round);
		if (round)
			dp_hostage_free(&contents);
		for (unsigned i = 0; i < 3 - round; i++)
			dp_content_end(v[i]);
		dp_test_message_end(&t, &u);
	}
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* Of what finds no room in the copy the message says so; the copy goes on with the rest, and nothing is lost. */
static void test_a_copy_without_room(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_test_begin(&t);
	make_wrapped(&mail);
	struct dp_inspect *ins = &t.worker->inspect;
	struct rs_pool *pools[] = { &ins->files, &ins->zips, &ins->inflates };
	for (size_t i = 0; i < 3; i++) {
		struct dp_test_message u;
		struct dp_hostage taken;
		dp_test_message_begin(&t, &u);
		size_t cut = mail.n;
		for (dp_test_content_feed(u.msg->content, mail.p, cut = 300); !ins->inflates.used; cut++)
			dp_test_content_feed(u.msg->content, mail.p + cut, 1);
		dp_hostage_take(&taken, pools[i], 0);
		struct dp_content *copy = dp_content_fork(u.msg->content);
		assert_non_null(copy);
		dp_hostage_free(&taken);
		assert_int_equal(u.msg->reasons, 1u << CT_REASON_OVERLOAD);
		dp_test_content_feed(copy, mail.p + cut, mail.n - cut);
		dp_content_end(copy);
		dp_test_content_feed(u.msg->content, mail.p + cut, mail.n - cut);
		dp_content_end(u.msg->content);
		dp_test_message_end(&t, &u);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.verdict, CT_INFECTED);
		dp_test_forget(&t);
	}
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* Messages that readers understand in different ways. */

static const struct ambiguous {
	const char *name, *anomaly;
	const char *message; /* "{1}" and "{2}": what the first and the second reading decode; "{h}": the header section of both */
	enum ct_verdict clean; /* where neither has the program: unscanned where a multipart does not end, however it is read */
} ambiguous[] = {
	{ "two encodings, base64 first", "mime.duplicate_field",
	  "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{1}{2}", CT_CLEAN },
	{ "two encodings, base64 last", "mime.duplicate_field",
	  "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: quoted-printable\r\n"
	  "Content-Transfer-Encoding: base64\r\n\r\n{1}{2}", CT_CLEAN },
	{ "two types", "mime.duplicate_field",
	  "Content-Type: multipart/mixed; boundary=a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	  "--a\r\n{h}{1}--a--\r\n\r\n--b\r\n{h}{2}--b--\r\n", CT_CLEAN },
	{ "two boundaries", "mime.duplicate_parameter",
	  "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n"
	  "--a\r\n{h}{1}--a--\r\n\r\n--b\r\n{h}{2}--b--\r\n", CT_CLEAN },
	{ "an empty boundary", "mime.boundary_empty",
	  "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n{h}{1}{2}----\r\n", CT_CLEAN },
	{ "a line that is no field", "mime.header_invalid",
	  "Content-Type: multipart/mixed; boundary=a\r\nno field\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	  "--a\r\n{h}{1}--a--\r\n\r\n--b\r\n{h}{2}--b--\r\n", CT_CLEAN },
	{ "a line that is no field in a part", "mime.header_invalid",
	  "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nno field\r\n{h}{1}{2}--a--\r\n", CT_CLEAN },
	{ "an encoding misspelt", "mime.unknown_encoding",
	  "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base-64\r\n\r\n{1}{2}", CT_CLEAN },
	{ "a boundary with junk", "mime.boundary_alike",
	  "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n{h}{1}--ajunk\r\n{h}{2}--a--\r\n", CT_CLEAN },
	{ "a boundary in another", "mime.boundary_alike",
	  "Content-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
	  "--a\r\n{h}{1}--ab\r\n{h}{2}--ab--\r\n", CT_UNSCANNED },
	{ "bare CR in a header", "mime.bare_cr",
	  "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n{h}{1}--a\r\nX-Mark: x\rContent-Type: application/x\r"
	  "Content-Transfer-Encoding: base64\r\n\r\n{2}--a--\r\n", CT_CLEAN },
	{ "bare CR before a delimiter", "mime.bare_cr",
	  "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n{h}{1}--a\r\n\r\ntext\r--a\r\n{h}{2}--a--\r\n", CT_CLEAN },
	{ "bare CR before a delimiter, behind base64", "mime.bare_cr",
	  "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n{h}{1}\r--a\r{h}{2}--a--\r\n", CT_CLEAN },
};

static void put_base64(struct dp_text *to, bool bad)
{
	struct dp_made m;
	const char *content = bad ? dp_made_bad : "what a program has is not here";
	dp_made_base64(&m, content, strlen(content), NULL);
	dp_text_put(to, m.text.p, m.text.n);
	dp_made_free(&m);
}

/* bad: the reading that has the program, or 0. */
static void make_ambiguous(struct dp_text *mail, const char *message, unsigned bad)
{
	dp_text_printf(mail, "From: a@b\r\nSubject: s\r\n");
	for (const char *p = message; *p; p++) {
		if (*p != '{') {
			dp_text_put(mail, p, 1);
			continue;
		}
		if (p[1] == 'h')
			dp_text_printf(mail, "Content-Type: application/octet-stream; name=x\r\nContent-Transfer-Encoding: base64\r\n\r\n");
		else if (strstr(message, "{1}{2}") && p[1] == '2')
			; /* both decode the same place */
		else
			put_base64(mail, strstr(message, "{1}{2}") ? bad : bad == (unsigned)(p[1] - '0'));
		p += 2;
	}
}

static void test_what_either_reading_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ambiguous / sizeof *ambiguous; i++)
		for (unsigned bad = 0; bad < 3; bad++) {
			struct dp_test t;
			struct dp_text mail = { 0 };
			const struct ambiguous *a = &ambiguous[i];
			dp_test_begin(&t);
			make_ambiguous(&mail, a->message, bad);
			for (unsigned k = 0; k < 3; k++) {
				struct dp_test_conn c = dp_test_conn(k);
				dp_test_mail(&t, &c, &mail, k == 0 ? 1460 : k == 1 ? 1 : 7, 0);
				const struct dp_found *m = dp_test_nth(&t, CT_MESSAGE, 0);
				if (m->rec.u.message.verdict != (bad ? CT_INFECTED : a->clean))
					fail_msg("%s, %u in segments of %u:\n%s\n%.*s", a->name, bad, k, m->text, (int)mail.n, (char *)mail.p);
				if (!dp_test_has(m, a->anomaly))
					fail_msg("%s is not told of %s: %s", a->anomaly, a->name, m->text);
				dp_test_forget(&t);
			}
			dp_text_free(&mail);
			dp_test_close(&t);
		}
}

/* More readings than are followed. */
static void test_too_many_readings(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_begin(&t);
	dp_text_printf(&mail, "Content-Type: multipart/mixed; boundary=a; boundary=b; boundary*=''c; boundary*=''d; boundary*0=e\r\n\r\ntext\r\n");
	dp_test_mail(&t, &c, &mail, 1460, 0);
	dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_LIMIT, true);
	assert_true(t.worker->inspect.stats.view_limit > 0);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* Readings that come to the same are one again: however many places there are in which they differ, never are there more than two. */
static void test_readings_become_one(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_begin(&t);
	dp_text_printf(&mail, "Content-Type: multipart/mixed; boundary=a\r\n\r\n");
	for (unsigned i = 0; i < 100; i++)
		dp_text_printf(&mail, "--a\r\nno field\r\nContent-Type: application/x; name=%u\r\n"
				      "Content-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--ax\r\n\r\n", i);
	dp_text_printf(&mail, "--a--\r\n");
	dp_test_mail(&t, &c, &mail, 100, 0);
	dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
	assert_in_range(t.worker->inspect.contents.peak, 3, 4);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* Of a part that all read alike there is one record, and one mark. */
static void test_told_once(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_begin(&t);
	dp_text_printf(&mail, "Content-Type: multipart/mixed; boundary=a\r\nX: 1\rX-Other: 2\r\n\r\n--a\r\n"
			      "Content-Type: application/x; name=x\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	put_base64(&mail, true);
	dp_text_printf(&mail, "--a--\r\n");
	dp_test_mail(&t, &c, &mail, 1460, 0);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_int_equal(dp_test_count(&t, CT_FILE), 1);
	const struct ct_message *m = &dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message;
	assert_int_equal(m->attachments_seen, 1);
	assert_int_equal(m->attachments_opened, 1);
	assert_int_equal(m->attachments_matched, 1);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* What several readings find in one line is told in one order, wherever that is cut. */
static void test_one_order(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	uint8_t program[60] = "MZ";
	char *story = NULL;
	dp_test_begin(&t);
	dp_text_printf(&mail, "Content-Type: application/octet-stream; name=x\r\nContent-Transfer-Encoding: 7bit\r\n"
			      "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	for (unsigned i = 0; i < 15; i++) {
		struct dp_made m;
		program[4] = (uint8_t)i;
		dp_made_base64(&m, program, sizeof program, NULL);
		dp_text_put(&mail, m.text.p, 76);
		dp_text_printf(&mail, "AAAA%s", i % 3 == 2 ? ".\r\n" : i % 4 ? " " : ".\r");
		dp_made_free(&m);
	}
	for (size_t cut = 0; cut <= mail.n; cut++) {
		struct dp_test_conn c = dp_test_conn((unsigned)cut);
		dp_test_forget(&t);
		dp_test_mail(&t, &c, &mail, cut ? 0 : 1, cut);
		story = dp_test_same_story(&t, story, "cut at %zu", cut);
	}
	assert_int_equal(dp_test_count(&t, CT_FILE), 2 + 2 * 15);
	free(story);
	dp_text_free(&mail);
	dp_test_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_either_reading_goes_on),
		cmocka_unit_test(test_a_copy_disturbs_nothing),
		cmocka_unit_test(test_so_many_and_no_more),
		cmocka_unit_test(test_a_copy_without_room),
		cmocka_unit_test(test_what_either_reading_holds),
		cmocka_unit_test(test_too_many_readings),
		cmocka_unit_test(test_readings_become_one),
		cmocka_unit_test(test_told_once),
		cmocka_unit_test(test_one_order),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
