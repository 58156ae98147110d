/* SPDX-License-Identifier: Apache-2.0 */
/* Floods: whatever anyone can send without seeing an answer, ever more of it while mail is under way. The mail is judged as without
 * it, and nothing grows. */
#include "dataplane/dp_inline_state.h"
#include "dataplane/dp_made.h"
#include "dataplane/dp_session.h"
#include "dataplane/dp_share.h"

enum { MAILS = 6, MSS = 100, BURST = 60, HOGS = 10, MANY = 100 };

enum flood {
	FLOOD_NONE,
	FLOOD_SYN,
	FLOOD_SYN_ACK,
	FLOOD_EMPTY, /* one packet, ACK, nothing in it */
	FLOOD_COMMAND, /* one packet: a whole command */
	FLOOD_LINE, /* one packet: the beginning of one, which is kept */
	FLOOD_MESSAGE, /* one packet: the beginning of a message, with a part's */
	FLOOD_OTHER, /* one packet, of what is no mail */
	FLOOD_GREETED, /* both ends forged, with wrong numbers */
	FLOOD_HOLE, /* a SYN, and segments behind holes */
	FLOOD_HOLE_IN_THE_MIDDLE,
	FLOOD_SUM, /* a right checksum, then wrong ones */
	FLOOD_RESET, /* a SYN and its end */
	FLOOD_HOGS, /* not blind: a few real connections, which keep all that they can behind holes */
	FLOODS
};

static const char one_message[] =
	"EHLO forged.example.org\r\nMAIL FROM:<forged@example.org>\r\nRCPT TO:<bela@example.com>\r\nDATA\r\n"
	"Subject: forged\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
	"Content-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\nAQIDBAUGBwgJAQIDBAUGBwgJ\r\nAQIDBAUG";

/* One connection's share of the flood. */
static void forge(struct dp_test *t, enum flood kind, unsigned number)
{
	struct dp_test_conn c = dp_test_conn(100000 + number);
	switch (kind) {
	case FLOOD_NONE:
	case FLOODS:
		break;
	case FLOOD_SYN:
		dp_test_segment(t, &c, 0, RS_TCP_SYN, c.seq[0], NULL, 0);
		break;
	case FLOOD_SYN_ACK:
		dp_test_segment(t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1], NULL, 0);
		break;
	case FLOOD_EMPTY:
		dp_test_segment(t, &c, 0, RS_TCP_ACK, c.seq[0], NULL, 0);
		break;
	case FLOOD_COMMAND:
		dp_test_say(t, &c, 0, "NOOP\r\n");
		break;
	case FLOOD_LINE:
		dp_test_say(t, &c, 0, "EHLO forged.exa");
		break;
	case FLOOD_MESSAGE:
		dp_test_say(t, &c, 0, one_message);
		break;
	case FLOOD_OTHER:
		c.port[1] = 443;
		dp_test_say(t, &c, number % 2, "\x16\x03\x01\x02 neither this nor that");
		break;
	case FLOOD_GREETED:
		dp_test_segment(t, &c, 0, RS_TCP_SYN, c.seq[0]++, NULL, 0);
		dp_test_segment(t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1]++, NULL, 0);
		c.seq[1] += 4711;
		dp_test_say(t, &c, 0, one_message);
		break;
	case FLOOD_HOLE:
		dp_test_segment(t, &c, 0, RS_TCP_SYN, c.seq[0]++, NULL, 0);
		dp_test_segment(t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1]++, NULL, 0);
		c.seq[1] += 4711;
		for (unsigned i = 1; i <= 4; i++)
			dp_test_segment(t, &c, 0, RS_TCP_ACK, c.seq[0] + i * 1000, "hole", 4);
		break;
	case FLOOD_HOLE_IN_THE_MIDDLE:
		dp_test_say(t, &c, 0, "NOOP\r\n");
		for (unsigned i = 1; i <= 4; i++)
			dp_test_segment(t, &c, 0, RS_TCP_ACK, c.seq[0] + i * 1000, "hole", 4);
		break;
	case FLOOD_SUM:
		dp_test_say(t, &c, 0, "NOOP\r\n");
		c.bad_sum = true;
		for (unsigned i = 0; i < 4; i++)
			dp_test_say(t, &c, 0, "NOOP\r\n");
		break;
	case FLOOD_RESET:
		dp_test_segment(t, &c, 0, RS_TCP_SYN, c.seq[0]++, NULL, 0);
		dp_test_segment(t, &c, 0, RS_TCP_RST, c.seq[0], NULL, 0);
		break;
	case FLOOD_HOGS:
		/* One after the other, so that each finds what the last ones have left. */
		c = dp_test_conn(100000 + number / 200 % HOGS);
		if (number % 200 == 0 && number < 200 * HOGS)
			dp_test_shake(t, &c);
		c.seq[0] = dp_test_conn(100000 + number / 200 % HOGS).seq[0] + 1000 + 10 * (number % 200);
		c.seq[1] = 77001;
		dp_test_segment(t, &c, 0, RS_TCP_ACK, c.seq[0], "hole", 4);
		break;
	}
}

struct mail {
	struct dp_test_conn c;
	struct dp_text text;
	size_t at;
	unsigned step;
};

/* The next piece of this mail; false: it is done. Segments come in pairs, the second one first, and the first one twice, before it is
 * acknowledged: then it is compared with what is remembered. */
static bool go_on(struct dp_test *t, struct mail *m)
{
	switch (m->step++) {
	case 0:
		dp_test_greet(t, &m->c);
		return true;
	case 1:
		dp_test_envelope(t, &m->c);
		return true;
	case 2:
		if (m->at + 2 * MSS <= m->text.n) {
			dp_test_segment(t, &m->c, 0, RS_TCP_ACK, m->c.seq[0] + MSS, m->text.p + m->at + MSS, MSS);
			for (unsigned i = 0; i < 2; i++)
				dp_test_segment(t, &m->c, 0, RS_TCP_ACK, m->c.seq[0], m->text.p + m->at, MSS);
			dp_test_segment(t, &m->c, 1, RS_TCP_ACK, m->c.seq[1], NULL, 0);
			/* Between two ports the second one may have found no room: then it comes again. */
			if (t->use == DP_USE_INLINE)
				dp_test_segment(t, &m->c, 0, RS_TCP_ACK, m->c.seq[0] + MSS, m->text.p + m->at + MSS, MSS);
			m->c.seq[0] += 2 * MSS;
			m->at += 2 * MSS;
			m->step = 2;
			return true;
		}
		dp_test_bytes(t, &m->c, 0, m->text.p + m->at, m->text.n - m->at);
		return true;
	case 3:
		dp_test_accept(t, &m->c);
		return true;
	default:
		dp_test_fins(t, &m->c);
		return false;
	}
}

static void make_mails(struct mail *mails, bool infected)
{
	char body[2000];
	for (unsigned i = 0; i < sizeof body; i++)
		body[i] = (char)('a' + i % 17);
	for (unsigned i = 0; i < MAILS; i++) {
		mails[i] = (struct mail){ .c = dp_test_conn(i) };
		if (infected && i % 2)
			dp_made_infected(&mails[i].text);
		else
			dp_made_mail(&mails[i].text, body, sizeof body - 100 * i);
	}
}

/* What was said of the mails, and of nothing else. */
static char *story(const struct dp_test *t)
{
	struct dp_text s = { 0 };
	for (unsigned k = 0; k < MAILS; k++)
		for (size_t i = 0; i < t->nfound; i++)
			if (t->found[i].rec.flow.sport == 10000 + k && t->found[i].rec.flow.src[15] == 1)
				dp_text_put(&s, t->found[i].text, strlen(t->found[i].text));
	dp_text_put(&s, "", 1);
	return (char *)s.p;
}

/* What must hold at any time. */
static void nothing_grows(const struct dp_test *t)
{
	const struct dp_worker *w = t->worker;
	const struct dp_flow *f;
	uint32_t unproven = 0, proven = 0;
	assert_true(w->flows.count[DP_FLOWS_HALF_OPEN] <= t->config.memory.flows / 8);
	for (unsigned list = 0; list < DP_FLOWS_LISTS; list++)
		TAILQ_FOREACH(f, &w->flows.lists[list], link)
			*(dp_share_proven(f) ? &proven : &unproven) += rs_tcp_held(&f->tcp) + rs_tcp_kept(&f->tcp) + f->doubt[0].cost + f->doubt[1].cost;
	assert_int_equal(unproven, w->unproven_held);
	assert_int_equal(unproven + proven, w->streams.held);
	assert_true(unproven <= RTE_MIN(w->streams.held_max, w->segments.size) / DP_SHARE);
	/* Packet buffers: what is held, and nothing else. */
	assert_true(rte_mempool_in_use_count(t->mbufs) <= w->streams.held + w->hold.held);
	assert_int_equal(w->stats.flows_evicted[DP_FLOWS_MAIL], 0);
}

static char *run(enum dp_use use, enum flood kind, uint64_t *sum)
{
	struct dp_test t;
	struct mail mails[MAILS];
	unsigned done = 0, forged = 0;
	dp_test_init(&t);
	t.use = use;
	dp_test_open(&t);
	make_mails(mails, use != DP_USE_INLINE);
	/* The flood is there first: all that it can have, it has. */
	for (unsigned i = 0; kind != FLOOD_NONE && i < 500; i++)
		forge(&t, kind, forged++);
	while (done < MAILS) {
		done = 0;
		for (unsigned i = 0; i < MAILS; i++) {
			if (mails[i].step > 4 || !go_on(&t, &mails[i]))
				done++;
			/* It takes no time: nothing idles for it. */
			uint64_t time = t.time;
			for (unsigned k = 0; kind != FLOOD_NONE && k < BURST; k++)
				forge(&t, kind, forged++);
			t.time = time;
			nothing_grows(&t);
			dp_test_check(&t);
		}
	}
	dp_test_end(&t);
	dp_test_check(&t);
	char *s = story(&t);
	const struct dp_worker_stats *st = &t.worker->stats;
	*sum = st->flows_evicted[DP_FLOWS_HALF_OPEN] + st->flows_evicted[DP_FLOWS_ONE_SIDED] + st->flows_evicted[DP_FLOWS_CLOSED] +
	       st->unproven_refused + st->tcp_limit + st->midstream_reset + dp_test_account(&t).dropped[DP_DROP_WINDOW];
	if (use != DP_USE_INLINE && (kind == FLOOD_COMMAND || kind == FLOOD_LINE || kind == FLOOD_MESSAGE))
		assert_true(st->flows_evicted[DP_FLOWS_ONE_SIDED] > 0);
	for (unsigned i = 0; i < MAILS; i++)
		dp_text_free(&mails[i].text);
	dp_test_close(&t);
	return s;
}

static void flood_all(enum dp_use use)
{
	uint64_t none, some;
	char *quiet = run(use, FLOOD_NONE, &none);
	assert_true(strlen(quiet) > 100 * MAILS);
	assert_int_equal(none, 0);
	for (enum flood kind = FLOOD_NONE + 1; kind < FLOODS; kind++) {
		char *loud = run(use, kind, &some);
		size_t same = 0;
		while (loud[same] && loud[same] == quiet[same])
			same++;
		if (loud[same] != quiet[same])
			fail_msg("flood %d: ...%.300s\nwithout it: ...%.300s", kind, loud + (same > 100 ? same - 100 : 0),
				 quiet + (same > 100 ? same - 100 : 0));
		/* What came of the flood is told. */
		if (kind != FLOOD_EMPTY && some == 0)
			fail_msg("flood %d is not counted", kind);
		free(loud);
	}
	free(quiet);
}

/* Real connections that leave holes open, and keep all that they can behind them. */

struct crowd {
	struct dp_test_conn *c;
	unsigned n, next;
	bool sums;
};

static void crowd_in(struct dp_test *t, struct crowd *crowd, unsigned n, bool sums)
{
	*crowd = (struct crowd){ .c = calloc(n + 1, sizeof *crowd->c), .n = n, .sums = sums };
	assert_non_null(crowd->c);
	for (unsigned i = 0; i < n; i++) {
		crowd->c[i] = dp_test_conn(100000 + i);
		dp_test_shake(t, &crowd->c[i]);
	}
}

/* One after the other takes what it gets; whoever comes later, what is left. Behind holes; or, with wrong sums, until the receiver says
 * what it made of that, which it never does. */
static void grab(struct dp_test *t, struct crowd *crowd, unsigned each, unsigned packets)
{
	for (unsigned i = 0; i < packets; i++, crowd->next++) {
		struct dp_test_conn *c = &crowd->c[crowd->next / each % crowd->n];
		c->bad_sum = crowd->sums;
		dp_test_segment(t, c, 0, RS_TCP_ACK, c->seq[0] + 1000 + 10 * (crowd->next % 2000), "hole", 4);
	}
}

static char *run_crowded(enum dp_use use, unsigned n, unsigned each, bool sums, uint64_t *gave_way)
{
	struct dp_test t;
	struct mail mails[MAILS];
	struct crowd crowd;
	dp_test_init(&t);
	t.use = use;
	t.config.memory.flows = 4096;
	t.config.memory.sessions = 4096;
	t.config.capture.checksums = CT_CHECKSUMS_AUTO;
	dp_test_open(&t);
	make_mails(mails, use != DP_USE_INLINE);
	crowd_in(&t, &crowd, n, sums);
	if (n)
		grab(&t, &crowd, each, n * each);
	uint32_t all = RTE_MIN(t.worker->streams.held_max, t.worker->segments.size);
	if (n >= MANY)
		assert_true(use == DP_USE_INLINE || t.worker->streams.held + rs_stream_reserve(&t.worker->streams) > all - all / DP_SHARE);
	/* All mails at once: each has the place that it needs. */
	for (unsigned done = 0; done < MAILS;) {
		done = 0;
		for (unsigned i = 0; i < MAILS; i++) {
			if (mails[i].step > 4 || !go_on(&t, &mails[i]))
				done++;
			uint64_t time = t.time;
			if (n)
				grab(&t, &crowd, each, BURST);
			t.time = time;
		}
		nothing_grows(&t);
		dp_test_check(&t);
	}
	*gave_way = t.worker->stats.tcp_gave_way;
	dp_test_end(&t);
	dp_test_check(&t);
	char *s = story(&t);
	for (unsigned i = 0; i < MAILS; i++)
		dp_text_free(&mails[i].text);
	free(crowd.c);
	dp_test_close(&t);
	return s;
}

static void test_real_connections_with_holes(void **state)
{
	(void)state;
	/* A few that take much, more than there is room for that take one each, and what is between. */
	static const struct { unsigned n, each; bool sums; } crowds[] = { { 10, 500, false }, { 200, 40, false }, { 300, 1, false },
									  { 2000, 3, false }, { 2000, 1, false }, { 200, 40, true },
									  { 2000, 1, true } };
	for (enum dp_use use = DP_USE_READ; use <= DP_USE_MIRROR; use++) {
		uint64_t gave_way;
		char *quiet = run_crowded(use, 0, 0, false, &gave_way);
		assert_int_equal(gave_way, 0);
		for (unsigned i = 0; i < sizeof crowds / sizeof *crowds; i++) {
			char *loud = run_crowded(use, crowds[i].n, crowds[i].each, crowds[i].sums, &gave_way);
			if (strcmp(loud, quiet) != 0)
				fail_msg("use %d, %u with %u each: %s", use, crowds[i].n, crowds[i].each, loud);
			/* Between two ports nobody gives way: what finds no room comes again. */
			if (use == DP_USE_INLINE)
				assert_int_equal(gave_way, 0);
			else if (crowds[i].n >= MANY)
				assert_true(gave_way > 0);
			free(loud);
		}
		free(quiet);
	}
}

/* Connections that nobody has confirmed, and what waits there behind a reset that nobody may have taken. */

static void begin(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_segment(t, c, 0, RS_TCP_SYN, c->seq[0]++, NULL, 0);
	dp_test_segment(t, c, 1, RS_TCP_SYN | RS_TCP_ACK, c->seq[1]++, NULL, 0);
}

static void begin_reset(struct dp_test *t, struct dp_test_conn *c)
{
	begin(t, c);
	dp_test_segment(t, c, 0, RS_TCP_RST, c->seq[0], NULL, 0);
}

static void wait_behind(struct dp_test *t, const struct dp_test_conn *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		dp_test_segment(t, c, 0, RS_TCP_ACK, c->seq[0] + 10 * i, "NOOP", 4);
}

static uint32_t share_of(const struct dp_test *t)
{
	return RTE_MIN(t->worker->streams.held_max, t->worker->segments.size) / DP_SHARE;
}

/* Whoever comes last finds room, too, and is read: those that have most give way. That is told of each of them, once; and so it is of the
 * last one, should it not suffice. */
static void test_the_last_of_those_not_proven(void **state)
{
	(void)state;
	for (unsigned hogs = 1; hogs <= 4; hogs++) {
		struct dp_test t;
		struct dp_text mail = { 0 };
		struct dp_test_conn c = dp_test_conn(1);
		dp_test_init(&t);
		dp_test_open(&t);
		dp_made_infected(&mail);
		for (unsigned i = 0; i < hogs; i++) {
			struct dp_test_conn hog = dp_test_conn(100 + i);
			begin_reset(&t, &hog);
			wait_behind(&t, &hog, share_of(&t) / hogs);
			nothing_grows(&t);
		}
		assert_true(t.worker->unproven_held + hogs > share_of(&t));
		begin_reset(&t, &c);
		dp_test_say(&t, &c, 0, "EHLO client.example.org\r\n");
		dp_test_say(&t, &c, 1, "220 mx.example.com ESMTP\r\n250 mx.example.com\r\n");
		dp_test_envelope(&t, &c);
		dp_test_bytes(&t, &c, 0, mail.p, mail.n);
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		nothing_grows(&t);
		dp_test_end(&t);
		dp_test_check(&t);
		const struct ct_account *a = &t.worker->account[0];
		assert_true(t.worker->stats.tcp_gave_way > 0);
		/* Of more of them each has so little that one place more is not enough. */
		bool found = hogs <= 3;
		assert_int_equal(a->verdict[CT_INFECTED], found);
		assert_int_equal(a->unscanned[CT_REASON_OVERLOAD], t.worker->stats.tcp_gave_way + !found);
		assert_int_equal(a->seen, 1 + t.worker->stats.tcp_gave_way);
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

/* Where nobody can give way, what finds no room is told: as long as all of it waits, in vain, nothing is. */
static void test_no_room_is_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		bool full = i & 1, sums = i & 2, proven = i & 4;
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		dp_test_init(&t);
		t.config.capture.checksums = CT_CHECKSUMS_AUTO;
		/* Of one that is proven no more wait than DP_DOUBT_MAX; the others have their share. */
		if (proven)
			t.config.memory.segments = t.config.memory.mbufs = 4096;
		dp_test_open(&t);
		if (proven)
			dp_test_greet(&t, &c);
		else
			begin(&t, &c);
		if (!sums)
			dp_test_segment(&t, &c, 0, RS_TCP_RST, c.seq[0], NULL, 0);
		c.bad_sum = sums;
		uint32_t room = proven ? DP_DOUBT_MAX : share_of(&t);
		wait_behind(&t, &c, room + full);
		nothing_grows(&t);
		assert_int_equal(t.worker->stats.tcp_limit, full);
		dp_test_end(&t);
		dp_test_check(&t);
		const struct ct_account *a = &t.worker->account[0];
		assert_int_equal(a->unscanned[CT_REASON_OVERLOAD], full);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), full);
		dp_test_close(&t);
	}
}

static void test_read(void **state)
{
	(void)state;
	flood_all(DP_USE_READ);
}

static void test_mirror(void **state)
{
	(void)state;
	flood_all(DP_USE_MIRROR);
}

static void test_inline(void **state)
{
	(void)state;
	flood_all(DP_USE_INLINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_mirror),
		cmocka_unit_test(test_inline),
		cmocka_unit_test(test_real_connections_with_holes),
		cmocka_unit_test(test_the_last_of_those_not_proven),
		cmocka_unit_test(test_no_room_is_told),
	};
	return cmocka_run_group_tests_name("dp_flood", tests, dp_test_eal, dp_test_eal_stop);
}
