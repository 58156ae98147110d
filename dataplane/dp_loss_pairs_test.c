/* SPDX-License-Identifier: Apache-2.0 */
/* One segment of either side is missing, or one of each, whichever they are: what may be said of a session of three messages then.
 *
 * The model knows who said what, and nothing of the reader. Of every message whose MAIL the capture holds there is one record, with
 * the recipients that it holds, and what belongs to one message is in no other's. A message of which bytes are missing is never
 * clean; one that is whole is found if it is infected, and judged as if nothing were missing where not both sides lack something
 * near it.
 *
 * MAILWEIR_DEEP=1: all pairs of all styles; else some of each. */
#include "dataplane/dp_loss.h"

#define MSS 200
#define STYLES 64
#define FEW 3 /* of so many pairs one is tried */

static unsigned connections;

struct course {
	struct dp_loss_session s;
	unsigned style;
	struct dp_test t;
	enum ct_verdict verdict[DP_LOSS_MESSAGES];
	size_t faults;
};

static void describe(const struct course *c, const struct dp_loss_hole *h, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const size_t len = h[i].to - h[i].at < 60 ? h[i].to - h[i].at : 60;
		print_error("  %u %zu %zu: \"%.*s\"\n", h[i].from, h[i].at, h[i].to, (int)len,
			    (const char *)c->s.said[h[i].from].p + h[i].at);
	}
	for (size_t i = 0; i < c->t.nfound; i++)
		if (c->t.found[i].rec.kind == CT_MESSAGE)
			print_error("  %.500s", c->t.found[i].text);
}

static void fault(struct course *c, const struct dp_loss_hole *h, size_t n, const char *what, size_t which)
{
	if (c->faults++ >= 3)
		return;
	print_error("style %u, message %zu: %s\n", c->style, which, what);
	describe(c, h, n);
}

/* Bit k: it names a sender, recipient or subject of message k. */
static unsigned belongs_to(const char *text)
{
	unsigned set = 0;
	while ((text = strstr(text, "=letter-"))) {
		text += strlen("=letter-");
		set |= 1u << strtoul(text, NULL, 10);
	}
	return set;
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

/* What the capture holds of a message. */
struct seen {
	bool mail, whole;
	size_t rcpts;
};

static struct seen seen_of(const struct course *c, const struct dp_loss_hole *h, size_t n, size_t k)
{
	const struct dp_loss_message *m = &c->s.message[k];
	const uint8_t *said = c->s.said[0].p;
	/* The last line end alone: the server's answer stands for it. */
	struct seen seen = { .whole = !dp_loss_hits(h, n, 0, m->from, m->to - 1) };
	for (size_t at = m->from, to; at < m->content; at = to) {
		to = (size_t)((const uint8_t *)memchr(said + at, '\n', m->content - at) + 1 - said);
		if (dp_loss_hits(h, n, 0, at, to))
			continue;
		seen.mail |= !memcmp(said + at, "MAIL", 4);
		seen.rcpts += !memcmp(said + at, "RCPT", 4);
	}
	return seen;
}

/* Both sides lack something of this message or of the one before it: where that one ended, and whether this one is its rest, may
 * be a matter of opinion. */
static bool is_between(const struct course *c, const struct dp_loss_hole *h, size_t n, size_t k)
{
	const struct dp_loss_message *m = &c->s.message[k], *before = k ? m - 1 : NULL;
	return dp_loss_hits(h, n, 0, before ? before->from : 0, m->to) &&
	       dp_loss_hits(h, n, 1, before ? before->reply_from : 0, m->reply_to);
}

static void check_message(struct course *c, const struct dp_loss_hole *h, size_t n, size_t k)
{
	const struct seen seen = seen_of(c, h, n, k);
	size_t senders = 0, rcpts = 0;
	char from[64], to[64];
	snprintf(from, sizeof from, " from=letter-%zu-of", k);
	snprintf(to, sizeof to, "=letter-%zu-of-many@example.", k);
	for (size_t i = 0; i < c->t.nfound; i++) {
		const struct dp_found *f = &c->t.found[i];
		if (f->rec.kind != CT_MESSAGE || !(belongs_to(f->text) & 1u << k))
			continue;
		const struct ct_message *m = &f->rec.u.message;
		const bool sender = strstr(f->text, from);
		senders += sender;
		rcpts += count_of(f->text, to) - sender;
		if (!seen.whole && m->verdict == CT_CLEAN)
			fault(c, h, n, "bytes are missing, and it is clean", k);
		if (c->verdict[k] == CT_CLEAN && m->verdict == CT_INFECTED)
			fault(c, h, n, "infected, they say", k);
		if (!sender || !seen.whole)
			continue;
		if (c->verdict[k] == CT_INFECTED && m->verdict != CT_INFECTED)
			fault(c, h, n, "whole, and not found", k);
		else if (!is_between(c, h, n, k) && (m->verdict != c->verdict[k] || m->reason != CT_REASON_NONE))
			fault(c, h, n, "whole, and judged otherwise", k);
	}
	if (senders != seen.mail)
		fault(c, h, n, seen.mail ? "its sender is in no record, or in many" : "its sender went unseen, and is known", k);
	if (rcpts != seen.rcpts)
		fault(c, h, n, "its recipients are not those that were seen", k);
}

static void check(struct course *c, const struct dp_loss_hole *h, size_t n)
{
	const size_t messages = dp_test_count(&c->t, CT_MESSAGE);
	for (size_t k = 0; k < c->s.nmessages; k++)
		check_message(c, h, n, k);
	for (size_t i = 0; i < c->t.nfound; i++) {
		unsigned of = c->t.found[i].rec.kind == CT_MESSAGE ? belongs_to(c->t.found[i].text) : 0;
		if (of & (of - 1))
			fault(c, h, n, "one record of two messages", i);
	}
	if (messages < c->s.nmessages)
		fault(c, h, n, "messages went missing", messages);
	if (messages > c->s.nmessages + (n > 1))
		fault(c, h, n, "messages were invented", messages);
}

static void play(struct course *c, const struct dp_loss_hole *h, size_t n)
{
	dp_test_forget(&c->t);
	dp_loss_play(&c->t, &c->s, connections++ % 60000, MSS, h, n, 3);
	dp_test_check(&c->t);
	dp_test_end(&c->t);
	struct ct_account a = dp_test_account(&c->t);
	assert_true(ct_account_messages_balance(&a));
	assert_int_equal(a.open, 0);
	check(c, h, n);
}

static void course_open(struct course *c, unsigned style)
{
	*c = (struct course){ .style = style };
	dp_loss_make_three(&c->s, style);
	dp_test_begin(&c->t);
	c->verdict[1] = CT_INFECTED;
	play(c, NULL, 0);
	assert_int_equal(dp_test_count(&c->t, CT_MESSAGE), 3);
	assert_int_equal(c->faults, 0);
}

static size_t course_close(struct course *c)
{
	if (c->faults)
		print_error("style %u: %zu faults\n", c->style, c->faults);
	dp_loss_free(&c->s);
	dp_test_close(&c->t);
	return c->faults;
}

/* All segments of one side. Caller frees. */
static struct dp_loss_hole *segments(const struct dp_loss_session *s, unsigned from, size_t *n)
{
	struct dp_loss_hole *all = NULL;
	*n = 0;
	for (size_t at = 0, to; at < s->said[from].n; at = to) {
		to = dp_loss_segment_end(s, from, at, MSS);
		all = realloc(all, (*n + 1) * sizeof *all);
		assert_non_null(all);
		all[(*n)++] = (struct dp_loss_hole){ from, at, to };
	}
	return all;
}

/* STYLES without those of LMTP. */
static bool is_played(unsigned style)
{
	return !(style & DP_LOSS_LMTP);
}

static void test_one(void **state)
{
	(void)state;
	size_t faults = 0;
	for (unsigned style = 0; style < STYLES; style++) {
		struct course c;
		if (!is_played(style))
			continue;
		course_open(&c, style);
		for (unsigned from = 0; from < 2; from++) {
			size_t n;
			struct dp_loss_hole *all = segments(&c.s, from, &n);
			for (size_t i = 0; i < n; i++)
				play(&c, &all[i], 1);
			free(all);
		}
		faults += course_close(&c);
	}
	assert_int_equal(faults, 0);
}

static void test_pairs(void **state)
{
	(void)state;
	const char *deep = getenv("MAILWEIR_DEEP");
	const size_t step = deep && strcmp(deep, "1") == 0 ? 1 : FEW;
	size_t faults = 0, n[2], number = 0;
	for (unsigned style = 0; style < STYLES; style++) {
		struct course c;
		if (!is_played(style))
			continue;
		course_open(&c, style);
		struct dp_loss_hole *client = segments(&c.s, 0, &n[0]), *server = segments(&c.s, 1, &n[1]);
		for (size_t i = 0; i < n[0]; i++)
			for (size_t j = 0; j < n[1]; j++)
				if (number++ % step == 0)
					play(&c, (struct dp_loss_hole[]){ client[i], server[j] }, 2);
		free(client);
		free(server);
		faults += course_close(&c);
	}
	assert_int_equal(faults, 0);
}

static struct dp_loss_again again; /* one course, as a failure names it */

static void test_again(void **state)
{
	(void)state;
	struct course c;
	course_open(&c, again.style);
	play(&c, again.holes, again.n);
	for (size_t i = 0; i < c.t.nfound; i++)
		print_message("%s", c.t.found[i].text);
	assert_int_equal(course_close(&c), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest one[] = { cmocka_unit_test(test_again) };
	if (dp_loss_again_parse(&again, argc, argv))
		return cmocka_run_group_tests(one, dp_test_eal, dp_test_eal_stop);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_pairs),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
