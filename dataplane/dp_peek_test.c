/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a message before its end must be what would be said if it ended there, and asking must change nothing. */
#include <unistd.h>

#include "dataplane/dp_made.h"
#include "dataplane/dp_session.h"

/* Every way in which a rule can depend on what is not there yet. */
static const char rule_text[] =
	"reject smtp any any -> any any (file.data; content:\"KERNEL32.DLL\"; nocase; content:\"ADVAPI32.DLL\"; "
	"nocase; "
	"content:!\"stay-away\"; sid:1;)\n"
	"drop smtp any any -> any any (file.data; pcre:\"/the end$/\"; sid:2;)\n"
	"pass smtp any any -> any any (file.data; content:\"known-good\"; content:\"ADVAPI32.DLL\"; "
	"content:\"KERNEL32.DLL\"; "
	"criteria:2; sid:3;)\n"
	"alert smtp any any -> any any (file.data; content:!\"common\"; content:!\"PK\"; sid:4;)\n"
	"reject smtp any any -> any any (mail.encoded; content:\"TVqQAAMAA\"; startswith; sid:5;)\n"
	"drop smtp any any -> any any (mail.encoded; pcre:\"/[AQgw]==$/\"; sid:6;)\n"
	"alert smtp any any -> any any (file.data; content:\"short\"; startswith; sid:7;)\n";

static struct mt_ruleset *made_rules, *default_rules;

static struct mt_ruleset *load(const char *path)
{
	struct mt_load l = { .paths = &path, .npaths = 1 };
	struct mt_report report;
	struct mt_ruleset *rs;
	assert_int_equal(mt_ruleset_load(&l, &rs, &report), 0);
	assert_int_equal(report.nrefused, 0);
	return rs;
}

static int setup(void **state)
{
	char path[] = "/tmp/dp-peek-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, rule_text, sizeof rule_text - 1) == sizeof rule_text - 1);
	close(fd);
	made_rules = load(path);
	unlink(path);
	default_rules = load("default");
	return dp_test_eal(state);
}

static int teardown(void **state)
{
	mt_ruleset_free(made_rules);
	mt_ruleset_free(default_rules);
	return dp_test_eal_stop(state);
}

/* Answers as dp_message_peek does, but with the first action only. The records stay in t. */
static unsigned end(struct dp_test *t, struct dp_test_message *u)
{
	dp_content_end(u->msg->content);
	u->msg->content = NULL;
	unsigned set = dp_message_peek(u->msg, true);
	dp_test_message_end(t, u);
	return set;
}

static unsigned end_of_prefix(struct dp_test *t, const uint8_t *p, size_t n)
{
	struct dp_test_message u;
	dp_test_check(t); /* the records of others */
	size_t found = t->nfound;
	dp_test_message_begin(t, &u);
	dp_test_content_feed(u.msg->content, p, n);
	unsigned set = end(t, &u);
	while (t->nfound > found)
		free(t->found[--t->nfound].text);
	return set;
}

/* What the end alone adds, because the structure had not ended: the peek leaves it out. */
#define OF_THE_END (DP_PEEK_REASON(CT_REASON_MALFORMED) | DP_PEEK_REASON(CT_REASON_GAP))

struct met { /* over all rounds: what the tests must have met */
	unsigned ended, sure; /* actions and reasons */
	unsigned undone; /* times that a verdict was another a little later */
};

static void expect_peek(struct dp_test *t, struct dp_test_message *u, unsigned fresh, size_t at, size_t n)
{
	struct dp_inspect *ins = &t->worker->inspect;
	struct dp_inspect_stats before = ins->stats;
	struct dp_hostage files, zips, inflates, headers;
	unsigned blocks = ins->blocks.used, standing = u->msg->reasons << DP_PEEK_SHIFT;
	/* Others may have taken all there is. */
	dp_hostage_take(&files, &ins->files, 0);
	dp_hostage_take(&zips, &ins->zips, 0);
	dp_hostage_take(&inflates, &ins->inflates, 0);
	dp_hostage_take(&headers, &ins->headers, 0);
	unsigned set = dp_message_peek(u->msg, true);
	dp_hostage_free(&files);
	dp_hostage_free(&zips);
	dp_hostage_free(&inflates);
	dp_hostage_free(&headers);
	unsigned reasons = set & ~MT_ACTIONS, due = fresh & ~MT_ACTIONS;
	if (mt_actions_first(set) != mt_actions_first(fresh) || (reasons & ~OF_THE_END) != (due & ~OF_THE_END) ||
	    (reasons & ~due) || (standing & ~reasons))
		fail_msg("after %zu bytes of %zu: %x, is %x", at, n, set, fresh);
	if (reasons == due)
		assert_int_equal(dp_message_verdict(set), dp_message_verdict(fresh));
	assert_memory_equal(&before, &ins->stats, sizeof before);
	assert_int_equal(ins->blocks.used, blocks);
}

/* The message in pieces of at most `most` bytes, asked after each one. */
static void peek_everywhere(struct dp_test *t, const struct dp_text *mail, size_t most, uint64_t *seed, struct met *met)
{
	struct dp_test_message asked, never;
	unsigned sure = 0, before = 0;
	struct dp_text cuts = { 0 };
	dp_test_message_begin(t, &asked);
	for (size_t at = 0;;) {
		unsigned fresh = end_of_prefix(t, mail->p, at);
		expect_peek(t, &asked, fresh, at, mail->n);
		unsigned now = dp_message_peek(asked.msg, false);
		if (mt_actions_first(sure) < mt_actions_first(now) || (now & ~MT_ACTIONS) ||
		    mt_actions_first(fresh) > mt_actions_first(now))
			fail_msg("after %zu bytes of %zu: %x is sure, %x was, %x is", at, mail->n, now, sure, fresh);
		met->undone += mt_actions_first(before) < mt_actions_first(fresh);
		met->ended |= fresh;
		met->sure |= at < mail->n ? now : 0;
		sure = now;
		before = fresh;
		if (at == mail->n)
			break;
		size_t k = 1 + dp_test_random(seed, (uint32_t)most);
		if (k > mail->n - at)
			k = mail->n - at;
		dp_test_content_feed(asked.msg->content, mail->p + at, k);
		dp_text_put(&cuts, &k, sizeof k);
		at += k;
	}
	unsigned got = end(t, &asked);
	char *story = dp_test_story(t);
	dp_test_forget(t);
	dp_test_message_begin(t, &never);
	for (size_t i = 0, at = 0, k; i < cuts.n; i += sizeof k, at += k) {
		memcpy(&k, cuts.p + i, sizeof k);
		dp_test_content_feed(never.msg->content, mail->p + at, k);
	}
	assert_int_equal(end(t, &never), got);
	story = dp_test_same_story(t, story, "never asked");
	dp_test_forget(t);
	dp_text_free(&cuts);
	free(story);
}

/* Mail made of what the rules look for. */

static const char
	*const words[] = { "KERNEL32.DLL", "kernel32.dll", "ADVAPI32.DLL", "advapi32.dll", "WS2_32.DLL", "stay-away",
			   "common",       "known-good",   "the end",      "short",        " ",          "\r\n",
			   "some text",    "a.b",          "\t ",          "MZ\x90\1\3\1" /* no text */ };

static void make_content(struct dp_text *to, bool text, uint64_t *seed)
{
	for (unsigned k = dp_test_random(seed, 12); k > 0; k--) {
		const char *word = words[dp_test_random(seed, sizeof words / sizeof *words - text)];
		dp_text_put(to, word, strlen(word));
		if (!text && dp_test_random(seed, 3) == 0)
			dp_text_put(to, "\0\0", 1 + dp_test_random(seed, 2));
	}
	if (!text && dp_test_random(seed, 6) == 0) { /* a file that is a program */
		struct dp_text program = { 0 };
		dp_text_put(&program, "MZ\x90\0\3\0\0", 7);
		dp_text_put(&program, to->p, to->n);
		dp_text_free(to);
		*to = program;
	}
}

/* In so many archives. */
static void wrap(struct dp_text *content, unsigned archives, uint64_t *seed)
{
	while (archives-- > 0) {
		struct dp_made_zip z = { 0 };
		unsigned flags = dp_test_random(seed, 3) ? dp_test_random(seed, 2) * DP_MADE_DEFLATED : dp_test_random(seed, 4);
		if (dp_test_random(seed, 4) == 0) {
			dp_made_gzip(content, dp_test_random(seed, 2) ? "inner" : NULL);
			continue;
		}
		if (dp_test_random(seed, 2))
			dp_made_zip_add(&z, "first", "common, short", 13, dp_test_random(seed, 2) * DP_MADE_DESCRIPTOR);
		dp_made_zip_add(&z, "second", content->p, content->n,
				flags | dp_test_random(seed, 2) * DP_MADE_DESCRIPTOR);
		dp_made_zip_end(&z);
		dp_text_free(content);
		dp_text_put(content, z.data.p, z.data.n);
		dp_made_zip_free(&z);
	}
}

static void damage(struct dp_text *mail, uint64_t *seed)
{
	static const char *const pieces[] = { "=",           "\n",       "\r",     "--=_b\r\n",    "--=_b--",
					      "--=_b--\r\n", "\r\n\r\n", "PK\3\4", "QUJDRA==",     " \t ",
					      "-",           "=\r\n",    "=3",     "begin 644 a\n" };
	const char *piece = pieces[dp_test_random(seed, sizeof pieces / sizeof *pieces)];
	size_t at = dp_test_random(seed, (uint32_t)mail->n);
	struct dp_text to = { 0 };
	dp_text_put(&to, mail->p, at);
	dp_text_put(&to, piece, strlen(piece));
	dp_text_put(&to, mail->p + at, mail->n - at);
	dp_text_free(mail);
	*mail = to;
}

static void make_mail(struct dp_text *mail, uint64_t *seed)
{
	static const char *const cte[] = { "base64", "quoted-printable", "8bit" };
	unsigned how = dp_test_random(seed, 4) % 3;
	struct dp_text content = { 0 };
	struct dp_made m;
	make_content(&content, how == 2, seed);
	if (how == 0)
		wrap(&content, dp_test_random(seed, 4), seed);
	uint64_t *lines = dp_test_random(seed, 2) ? seed : NULL;
	if (how == 0)
		dp_made_base64(&m, content.p, content.n, lines);
	else if (how == 1)
		dp_made_qp(&m, content.p, content.n, lines);
	else
		dp_made_plain(&m, content.p, content.n);
	dp_made_message(mail, cte[how], "x.bin", &m.text);
	for (unsigned k = dp_test_random(seed, 3); k > 0; k--)
		damage(mail, seed);
	dp_made_free(&m);
	dp_text_free(&content);
}

static void rounds(const struct mt_ruleset *rules, unsigned n, struct met *met)
{
	struct dp_test t;
	dp_test_init(&t);
	t.config.memory.messages = t.config.memory.inflating = 64; /* three at a time, archives in archives */
	t.rules = rules;
	dp_test_open(&t);
	for (uint64_t round = 0; round < n; round++) {
		uint64_t seed = 500 + round;
		struct dp_text mail = { 0 };
		make_mail(&mail, &seed);
		peek_everywhere(&t, &mail, round % 10 ? 60 : 1, &seed, met);
		dp_text_free(&mail);
	}
	dp_test_close(&t);
}

static void test_made_rules(void **state)
{
	(void)state;
	struct met met = { 0 };
	rounds(made_rules, 250, &met);
	assert_int_equal(met.ended & MT_ACTIONS, MT_ACTIONS);
	assert_int_equal(met.sure, MT_ACTIONS);
	assert_true(met.undone > 20);
	assert_true(met.ended & DP_PEEK_REASON(CT_REASON_UNSUPPORTED));
	assert_true(met.ended & DP_PEEK_REASON(CT_REASON_ENCRYPTED_FILE));
}

static void test_default_rules(void **state)
{
	(void)state;
	struct met met = { 0 };
	rounds(default_rules, 100, &met);
	assert_true(met.sure & MT_ACTION_BIT(MT_REJECT));
	assert_true(met.ended & MT_ACTION_BIT(MT_ALERT));
}

/* As deep as archives are opened, all of them open at once. */
static void test_as_deep_as_may_be(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		const unsigned depth = i / 2 * 8, flags = i % 2 ? DP_MADE_DEFLATED | DP_MADE_DESCRIPTOR : DP_MADE_STORED;
		struct dp_test t;
		struct met met = { 0 };
		struct dp_text content = { 0 }, mail = { 0 };
		struct dp_made m;
		uint64_t seed = depth;
		dp_test_init(&t);
		t.config.limits.archive_depth = depth;
		t.config.memory.messages = 64; /* two at a time, 16 archives each */
		t.config.memory.inflating = 64;
		t.rules = made_rules;
		dp_test_open(&t);
		dp_text_printf(&content, "short KERNEL32.DLL and, in the end");
		for (unsigned k = 0; k <= depth; k++) {
			struct dp_made_zip z = { 0 };
			dp_made_zip_add(&z, "member", content.p, content.n, k ? flags : DP_MADE_STORED);
			dp_made_zip_end(&z);
			dp_text_free(&content);
			dp_text_put(&content, z.data.p, z.data.n);
			dp_made_zip_free(&z);
		}
		dp_made_base64(&m, content.p, content.n, NULL);
		dp_made_message(&mail, "base64", "x.zip", &m.text);
		peek_everywhere(&t, &mail, 1, &seed, &met);
		/* One archive more than is opened: said. */
		assert_true(met.ended & DP_PEEK_REASON(CT_REASON_LIMIT));
		/* Of what is inflated not every byte is the last one at some time. */
		assert_true(depth && flags ? met.sure & MT_ACTION_BIT(MT_ALERT) : met.ended & MT_ACTION_BIT(MT_DROP));
		dp_made_free(&m);
		dp_text_free(&content);
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

/* What is held back at the moment of asking decides. */
static void test_what_is_held_back(void **state)
{
	static const struct {
		const char *cte, *body;
		enum mt_action action;
	} cases[] = {
		{ "base64", "Y29tbW9uIHRoZSBlbm", MT_NONE },
		{ "base64", "Y29tbW9uIHRoZSBlbmQ", MT_DROP }, /* three characters of a quantum */
		{ "base64", "Y29tbW9uIHRoZSBlbmQu", MT_NONE },
		{ "base64", "TVqQAAMA", MT_ALERT },
		{ "base64", "TVqQAAMAA", MT_REJECT }, /* and fewer bytes than tell a file's kind */
		{ "quoted-printable", "common the en=64", MT_DROP },
		{ "quoted-printable", "common the end=", MT_NONE }, /* a lone "=" is content */
		{ "quoted-printable", "common the end=\n", MT_DROP },
		{ "quoted-printable", "common the end ", MT_NONE },
		{ "8bit", "common the end", MT_DROP },
		{ "8bit", "common the end\n", MT_DROP }, /* $ stands before a last line end */
		{ "8bit", "common the end\n\n", MT_NONE },
		{ "8bit", "common the end\r\n--=_b", MT_DROP }, /* a delimiter whose line has not ended */
		{ "8bit", "common the end\r\n--=_bb", MT_DROP }, /* a delimiter to some */
	};
	(void)state;
	struct dp_test t;
	dp_test_init(&t);
	t.rules = made_rules;
	dp_test_open(&t);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dp_text mail = { 0 };
		struct dp_test_message u;
		dp_text_printf(&mail,
			       "Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b\r\n"
			       "Content-Type: application/x\r\nContent-Transfer-Encoding: %s\r\n\r\n%s",
			       cases[i].cte, cases[i].body);
		dp_test_message_begin(&t, &u);
		dp_test_content_feed(u.msg->content, mail.p, mail.n);
		unsigned set = dp_message_peek(u.msg, true);
		if (mt_actions_first(set) != cases[i].action)
			fail_msg("%s: %s", cases[i].body, mt_action_name(mt_actions_first(set)));
		assert_int_equal(mt_actions_first(end(&t, &u)), cases[i].action);
		dp_text_free(&mail);
	}
	dp_test_close(&t);
}

/* That an attachment in an archive is still under way is no fault of it; what no reader can be sure of is. */
static void test_what_has_merely_not_ended(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_made m;
	struct dp_text mail = { 0 };
	struct dp_made_zip z = { 0 };
	dp_test_init(&t);
	t.rules = made_rules;
	dp_test_open(&t);
	dp_made_zip_add(&z, "member", "common text in a member", 23, DP_MADE_STORED);
	dp_made_zip_end(&z);
	dp_made_base64(&m, z.data.p, z.data.n, NULL);
	dp_made_message(&mail, "base64", "x.zip", &m.text);
	const uint8_t *body = memmem(mail.p, mail.n, m.text.p, m.text.n);
	assert_non_null(body);
	size_t from = (size_t)(body - mail.p);
	for (size_t n = from + 60; n < from + m.text.n; n++) {
		struct dp_test_message u;
		dp_test_message_begin(&t, &u);
		dp_test_content_feed(u.msg->content, mail.p, n);
		assert_int_equal(DP_PEEK_REASONS(dp_message_peek(u.msg, true)), 0);
		dp_test_content_feed(u.msg->content, (const uint8_t *)"!", 1);
		assert_int_equal(DP_PEEK_REASONS(dp_message_peek(u.msg, true)), 1u << CT_REASON_MALFORMED);
		end(&t, &u);
		assert_true(end_of_prefix(&t, mail.p, n) & OF_THE_END);
	}
	dp_made_zip_free(&z);
	dp_made_free(&m);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* A scan that the regex library refused has not looked, and says so before the end too. */
static void test_scan_that_fails(void **state)
{
	static const char mail[] = "Content-Type: text/plain\r\n\r\ncommon";
	(void)state;
	struct dp_test t;
	struct dp_test_message u;
	dp_test_init(&t);
	t.rules = made_rules;
	dp_test_open(&t);
	dp_test_message_begin(&t, &u);
	dp_test_content_feed(u.msg->content, (const uint8_t *)mail, sizeof mail - 1);
	assert_int_equal(DP_PEEK_REASONS(dp_message_peek(u.msg, true)), 0);
	dp_test_scan_fails = true;
	assert_int_equal(DP_PEEK_REASONS(dp_message_peek(u.msg, true)), 1u << CT_REASON_OVERLOAD);
	dp_test_scan_fails = false;
	assert_int_equal(DP_PEEK_REASONS(dp_message_peek(u.msg, true)), 0);
	dp_test_scan_fails = true;
	dp_test_content_feed(u.msg->content, (const uint8_t *)"more than the first bytes of a file, and more", 45);
	dp_test_scan_fails = false;
	assert_true(dp_message_peek(u.msg, true) & DP_PEEK_REASON(CT_REASON_OVERLOAD));
	assert_true(end(&t, &u) & DP_PEEK_REASON(CT_REASON_OVERLOAD));
	dp_test_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_rules),
		cmocka_unit_test(test_default_rules),
		cmocka_unit_test(test_as_deep_as_may_be),
		cmocka_unit_test(test_what_is_held_back),
		cmocka_unit_test(test_what_has_merely_not_ended),
		cmocka_unit_test(test_scan_that_fails),
	};
	return cmocka_run_group_tests_name("dp_peek", tests, setup, teardown);
}
