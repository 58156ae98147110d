/* SPDX-License-Identifier: Apache-2.0 */
/* Connections whose ends acknowledge nothing, beside mail that repeats what it said: what is remembered of the mail to be compared is
 * still there. */
#include "dataplane/dp_made.h"
#include "dataplane/dp_share.h"

enum { MAILS = 4, MSS = 100, WINDOW = 8, SEGMENTS = 2048 };

struct flood {
	const char *name;
	unsigned n, each; /* connections, and segments of each that nobody acknowledges, before the mail begins */
	unsigned burst; /* segments more between what a mail says and its repetition */
	unsigned fast; /* by so many connections, in turn; 0: by all */
	unsigned networks; /* that they are from */
	bool unproven;
	bool near; /* the mail's own */
};

struct crowd {
	const struct flood *kind;
	struct dp_test_conn *c;
	unsigned next;
};

/* Half of it is said by clients, half by servers. */
static void say_unheard(struct dp_test *t, struct crowd *crowd, unsigned i)
{
	struct dp_test_conn *c = &crowd->c[i];
	if (i % 2)
		dp_test_say(t, c, 1, "220-unheard\r\n");
	else
		dp_test_say(t, c, 0, "NOOP\r\n");
}

static void crowd_in(struct dp_test *t, struct crowd *crowd, const struct flood *kind)
{
	*crowd = (struct crowd){ .kind = kind, .c = calloc(kind->n + 1, sizeof *crowd->c) };
	assert_non_null(crowd->c);
	for (unsigned i = 0; i < kind->n; i++) {
		crowd->c[i] = dp_test_conn(1000 + i);
		crowd->c[i].ip[0] = (kind->near ? 0x0a000001 : 0x0b000001) + (i % kind->networks << 8);
		/* Of the others nobody has acknowledged the answer to the SYN, nor will. */
		if (!kind->unproven)
			dp_test_shake(t, &crowd->c[i]);
	}
	for (unsigned k = 0; k < kind->each; k++)
		for (unsigned i = 0; i < kind->n; i++)
			say_unheard(t, crowd, i);
}

static void go_on(struct dp_test *t, struct crowd *crowd)
{
	uint64_t time = t->time;
	unsigned by = crowd->kind->fast ? crowd->kind->fast : crowd->kind->n;
	for (unsigned i = 0; i < crowd->kind->burst; i++)
		say_unheard(t, crowd, crowd->next++ % by);
	t->time = time;
}

struct mail {
	struct dp_test_conn c;
	struct dp_text text;
	size_t at;
};

static size_t window_of(const struct mail *m)
{
	return RTE_MIN(m->text.n - m->at, (size_t)WINDOW * MSS);
}

static void say_window(struct dp_test *t, const struct mail *m)
{
	for (size_t n = window_of(m), i = 0; i < n; i += MSS)
		dp_test_segment(t, &m->c, 0, RS_TCP_ACK, m->c.seq[0] + (uint32_t)i, m->text.p + m->at + i,
				RTE_MIN(n - i, (size_t)MSS));
}

/* All of a window is said, is lost behind the mirror, comes again, and is acknowledged: of all mails at a time. */
static bool say_all_twice(struct dp_test *t, struct mail *mails, struct crowd *crowd)
{
	bool more = false;
	for (unsigned twice = 0; twice < 2; twice++)
		for (unsigned i = 0; i < MAILS; i++) {
			say_window(t, &mails[i]);
			go_on(t, crowd);
		}
	for (unsigned i = 0; i < MAILS; i++) {
		size_t n = window_of(&mails[i]);
		mails[i].c.seq[0] += (uint32_t)n;
		mails[i].at += n;
		dp_test_segment(t, &mails[i].c, 1, RS_TCP_ACK, mails[i].c.seq[1], NULL, 0);
		more |= mails[i].at < mails[i].text.n;
	}
	return more;
}

static void open_small(struct dp_test *t, enum dp_use use)
{
	/* Which networks share is the same each time. */
	static const struct dp_flow_secret secret = { .mix = { 3, 5, 7, 11, 13, 17, 19, 23 }, .out = { 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9,
						      0x94d049bb133111eb, 0xd6e8feb86659fd93, 1 } };
	dp_test_init(t);
	t->use = use;
	t->secret = &secret;
	t->config.memory.flows = t->config.memory.sessions = t->config.memory.messages = 4096;
	t->config.memory.segments = SEGMENTS;
	t->config.memory.mbufs = 3 * SEGMENTS;
	dp_test_open(t);
}

static void begin(struct dp_test *t, struct mail *mails)
{
	char body[3000];
	for (unsigned i = 0; i < sizeof body; i++)
		body[i] = (char)('a' + i % 17);
	for (unsigned i = 0; i < MAILS; i++) {
		mails[i] = (struct mail){ .c = dp_test_conn(i) };
		mails[i].c.ip[0] = 0x0a000001 + (i << 8);
		if (i % 2)
			dp_made_infected(&mails[i].text);
		else
			dp_made_mail(&mails[i].text, body, sizeof body);
		dp_test_greet(t, &mails[i].c);
		dp_test_envelope(t, &mails[i].c);
	}
}

static void end(struct dp_test *t, struct mail *mails)
{
	for (unsigned i = 0; i < MAILS; i++) {
		dp_test_accept(t, &mails[i].c);
		dp_test_fins(t, &mails[i].c);
		dp_text_free(&mails[i].text);
	}
}

/* What must hold at any time. */
static void adds_up(const struct dp_test *t)
{
	const struct dp_worker *w = t->worker;
	const struct dp_flow *f;
	uint32_t unproven = 0, kept = 0, held = 0;
	for (unsigned list = 0; list < DP_FLOWS_LISTS; list++)
		TAILQ_FOREACH(f, &w->flows.lists[list], link) {
			uint32_t has = rs_tcp_held(&f->tcp) + rs_tcp_kept(&f->tcp) + f->doubt[0].cost + f->doubt[1].cost;
			kept += rs_tcp_kept(&f->tcp);
			held += has;
			unproven += dp_share_proven(f) ? 0 : has;
		}
	assert_int_equal(kept, w->streams.kept);
	assert_int_equal(held, w->streams.held);
	assert_int_equal(unproven, w->unproven_held);
	assert_true(w->segments.used >= kept && kept <= SEGMENTS / 2 && unproven <= SEGMENTS / DP_SHARE);
}

static const struct flood floods[] = {
	{ .name = "none", .networks = 1 },
	{ .name = "many, each one segment", .n = 2500, .each = 1, .burst = 50, .networks = 1 },
	{ .name = "many, each three segments", .n = 2500, .each = 3, .burst = 50, .networks = 500 },
	{ .name = "a few that say much", .n = 10, .each = 500, .burst = 50, .networks = 10 },
	{ .name = "fast, few", .n = 2000, .each = 1, .burst = 2000, .fast = 3, .networks = 500 },
	{ .name = "fast, few, of the mail's networks", .n = 2000, .each = 1, .burst = 2000, .fast = 3, .networks = MAILS, .near = true },
	{ .name = "fast, of one network", .n = 2000, .each = 1, .burst = 2000, .networks = 1 },
	{ .name = "not proven", .n = 2500, .each = 3, .burst = 50, .networks = 500, .unproven = true },
	{ .name = "not proven, fast, few", .n = 2000, .each = 1, .burst = 2000, .fast = 3, .networks = 500, .unproven = true },
	{ .name = "not proven, fast", .n = 2000, .each = 1, .burst = 2000, .networks = MAILS, .unproven = true, .near = true },
};

static void flood(enum dp_use use, const struct flood *kind)
{
	struct dp_test t;
	struct mail mails[MAILS];
	struct crowd crowd;
	open_small(&t, use);
	crowd_in(&t, &crowd, kind);
	adds_up(&t);
	if (kind->n && !kind->unproven)
		assert_int_equal(t.worker->streams.kept, SEGMENTS / 2);
	uint64_t forgotten = t.worker->streams.forgotten;
	begin(&t, mails);
	while (say_all_twice(&t, mails, &crowd))
		adds_up(&t);
	end(&t, mails);
	dp_test_check(&t);
	const struct ct_account *a = &t.worker->account[0];
	if (a->verdict[CT_CLEAN] != MAILS / 2 || a->verdict[CT_INFECTED] != MAILS / 2 || t.worker->stats.not_compared)
		fail_msg("use %d, %s: %ju clean, %ju infected, %ju unscanned for want of room, %ju not compared", use, kind->name,
			 (uintmax_t)a->verdict[CT_CLEAN], (uintmax_t)a->verdict[CT_INFECTED],
			 (uintmax_t)a->unscanned[CT_REASON_OVERLOAD], (uintmax_t)t.worker->stats.not_compared);
	if (kind->n ? t.worker->streams.forgotten == forgotten : t.worker->streams.forgotten > 0)
		fail_msg("use %d, %s: %ju forgotten", use, kind->name, (uintmax_t)t.worker->streams.forgotten);
	dp_test_end(&t);
	dp_test_check(&t);
	free(crowd.c);
	dp_test_close(&t);
}

static void what_is_remembered_of_mail_is_not_pushed_out(void **state)
{
	(void)state;
	for (enum dp_use use = DP_USE_READ; use <= DP_USE_MIRROR; use++)
		for (size_t i = 0; use != DP_USE_INLINE && i < sizeof floods / sizeof *floods; i++)
			flood(use, &floods[i]);
}

/* More than all that can be remembered, from everywhere, between a mail's bytes and their repetition: that is told. */
static void what_was_pushed_out_is_told(void **state)
{
	static const struct flood everywhere = { .name = "everywhere", .n = 2500, .each = 1, .burst = 2 * SEGMENTS, .networks = 2500 };
	struct dp_test t;
	struct mail mails[MAILS];
	struct crowd crowd;
	(void)state;
	open_small(&t, DP_USE_MIRROR);
	crowd_in(&t, &crowd, &everywhere);
	begin(&t, mails);
	while (say_all_twice(&t, mails, &crowd))
		adds_up(&t);
	end(&t, mails);
	dp_test_check(&t);
	const struct ct_account *a = &t.worker->account[0];
	assert_int_equal(a->verdict[CT_CLEAN], 0);
	assert_int_equal(a->verdict[CT_INFECTED] + a->unscanned[CT_REASON_OVERLOAD], MAILS);
	assert_true(t.worker->stats.not_compared > 0);
	dp_test_end(&t);
	dp_test_check(&t);
	free(crowd.c);
	dp_test_close(&t);
}

/* And it is compared, not passed over. */
static void what_contradicts_is_seen_beside_a_flood(void **state)
{
	struct dp_test t;
	struct crowd crowd;
	struct dp_test_conn c = dp_test_conn(1);
	(void)state;
	open_small(&t, DP_USE_MIRROR);
	crowd_in(&t, &crowd, &floods[1]);
	dp_test_greet(&t, &c);
	uint32_t at = c.seq[0];
	dp_test_say(&t, &c, 0, "MAIL FROM:<first@example.org>\r\n");
	go_on(&t, &crowd);
	dp_test_segment(&t, &c, 0, RS_TCP_ACK, at + 11, "other", 5);
	assert_int_equal(t.worker->stats.contradictions, 1);
	assert_int_equal(t.worker->stats.not_compared, 0);
	dp_test_end(&t);
	dp_test_check(&t);
	free(crowd.c);
	dp_test_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_remembered_of_mail_is_not_pushed_out),
		cmocka_unit_test(what_was_pushed_out_is_told),
		cmocka_unit_test(what_contradicts_is_seen_beside_a_flood),
	};
	return cmocka_run_group_tests_name("dp_remember", tests, dp_test_eal, dp_test_eal_stop);
}
