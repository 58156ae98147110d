/* SPDX-License-Identifier: Apache-2.0 */
/* More than one reading of a message: what either holds is found. */
#include "dataplane/dp_made.h"
#include "dataplane/dp_session.h"

struct under_way { /* a message whose content is fed by hand */
	struct dp_session *session;
	struct dp_message *msg;
	struct dp_flow flow;
};

static void begin(struct dp_test *t, struct under_way *u)
{
	u->flow = (struct dp_flow){ 0 };
	u->session = dp_session_begin(&t->worker->inspect, &u->flow, false);
	assert_non_null(u->session);
	u->msg = dp_message_begin(u->session, 0);
	assert_non_null(u->msg);
	u->msg->content = dp_content_begin(u->msg);
	assert_non_null(u->msg->content);
}

/* As rs_smtp hands content out: what the decoder takes in bulk, then the rest. */
static void feed(struct dp_content *c, const void *p, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	assert_non_null(exact);
	memcpy(exact, p, n);
	for (size_t at = 0, k; at < n; at += k) {
		k = dp_content_bulk(c, exact + at, n - at);
		if (!k) {
			k = n - at;
			dp_content_feed(c, exact + at, k);
		}
	}
	free(exact);
}

/* The message of which `content` was the last one open. */
static void end(struct dp_test *t, struct under_way *u)
{
	u->msg->content = NULL;
	assert_int_equal(u->msg->contents, 0);
	dp_message_end(u->msg);
	dp_session_end(u->session, CT_REASON_NONE);
	dp_test_check(t);
}

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
			struct under_way u;
			begin(&t, &u);
			feed(u.msg->content, mail.p, cut);
			struct dp_content *both[2] = { u.msg->content, dp_content_fork(u.msg->content) };
			assert_non_null(both[1]);
			dp_content_end(both[!goes_on]);
			feed(both[goes_on], mail.p + cut, mail.n - cut);
			dp_content_end(both[goes_on]);
			end(&t, &u);
			if (dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.verdict != CT_INFECTED)
				fail_msg("%zu of %zu: reading %u was not looked into", cut, mail.n, goes_on);
			assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "member.scr"));
			assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "x.zip"));
			/* The archive's; the member's, where it begins in both at once with what was held back. */
			assert_true(dp_test_count(&t, CT_FILE) <= 3);
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
			struct under_way u;
			begin(&t, &u);
			feed(u.msg->content, mail.p, cut);
			struct dp_content *copy = forked ? dp_content_fork(u.msg->content) : NULL;
			feed(u.msg->content, mail.p + cut, mail.n - cut);
			dp_content_end(u.msg->content);
			if (copy)
				dp_content_end(copy);
			end(&t, &u);
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
		struct under_way u;
		struct dp_content *v[3];
		struct dp_hostage contents;
		begin(&t, &u);
		feed(v[0] = u.msg->content, mail.p, mail.n / 2);
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
		end(&t, &u);
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
		struct under_way u;
		struct dp_hostage taken;
		begin(&t, &u);
		size_t cut = mail.n;
		for (feed(u.msg->content, mail.p, cut = 300); !ins->inflates.used; cut++)
			feed(u.msg->content, mail.p + cut, 1);
		dp_hostage_take(&taken, pools[i], 0);
		struct dp_content *copy = dp_content_fork(u.msg->content);
		assert_non_null(copy);
		dp_hostage_free(&taken);
		assert_int_equal(u.msg->reasons, 1u << CT_REASON_OVERLOAD);
		feed(copy, mail.p + cut, mail.n - cut);
		dp_content_end(copy);
		feed(u.msg->content, mail.p + cut, mail.n - cut);
		dp_content_end(u.msg->content);
		end(&t, &u);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.verdict, CT_INFECTED);
		dp_test_forget(&t);
	}
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
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
