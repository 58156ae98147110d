/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of the two directions seen out of step: the records are those of the same packets in their order. What was really not seen
 * is a hole, behind which the dialogue is found as if it had been told at once. */
#include "dataplane/dp_causal.h"

#include "dataplane/dp_loss.h"
#include "dataplane/dp_test.h"

#define MS UINT64_C(1000000)

static unsigned connections;

static void keep(struct dp_test *t, const struct dp_loss_session *s, size_t mss)
{
	t->keeps = true;
	dp_loss_play(t, s, connections++, mss, NULL, 0, 3);
}

static bool from_server(const struct dp_late *l)
{
	struct dp_packet pkt;
	assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, l->p, l->n, l->n, &pkt), DP_TCP);
	return pkt.sport == 25;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Notes may come in another order: a reply that is seen late stands behind the content's header. */
static void sort_line(char *line, size_t n)
{
	char *copy = strndup(line, n), *word[256], *save = NULL;
	size_t nwords = 0;
	assert_non_null(copy);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		assert_true(nwords < 256);
		word[nwords++] = w;
	}
	qsort(word, nwords, sizeof *word, by_text);
	for (size_t i = 0; i < nwords; i++) {
		size_t len = strlen(word[i]);
		memcpy(line, word[i], len);
		line += len;
		if (i + 1 < nwords)
			*line++ = ' ';
	}
	free(copy);
}

/* What was told, the words of each line sorted. */
static char *told(struct dp_test *t)
{
	dp_test_lull(t);
	assert_int_equal(t->worker->account[0].held, 0);
	assert_int_equal(t->worker->causals.used, 0);
	char *story = dp_test_story(t);
	for (char *line = story; *line;) {
		size_t n = strcspn(line, "\n");
		sort_line(line, n);
		line += n + (line[n] != 0);
	}
	dp_test_forget(t);
	return story;
}

/* The first line that differs: cmocka cuts what is longer. */
static void differ(const char *got, const char *want, const char *what, uint64_t by)
{
	size_t line = 0;
	for (size_t i = 0; got[i] && got[i] == want[i]; i++)
		line = got[i] == '\n' ? i + 1 : line;
	fail_msg("%s by %llu us:\n%.*s\nin the place of\n%.*s", what, (unsigned long long)(by / 1000), (int)strcspn(got + line, "\n"),
		 got + line, (int)strcspn(want + line, "\n"), want + line);
}

static void same(struct dp_test *t, const char *want, const char *what, uint64_t by)
{
	char *got = told(t);
	if (strcmp(got, want))
		differ(got, want, what, by);
	free(got);
}

/* One direction is seen later than the other by so much; or each packet by anything up to that. The session's packets are one
 * millisecond apart. */
static void test_out_of_step(void **state)
{
	(void)state;
	static const uint64_t by[] = { MS / 2, 3 * MS / 2, 5 * MS / 2, 7 * MS, 20 * MS, 60 * MS };
	for (unsigned style = 0; style < 4; style++) {
		struct dp_test t;
		struct dp_loss_session s;
		uint64_t seed = 5 + style;
		dp_loss_make(&s, style);
		dp_test_init(&t);
		dp_test_open(&t);
		keep(&t, &s, 400);
		dp_test_see(&t);
		char *want = told(&t);
		for (size_t b = 0; b < sizeof by / sizeof *by; b++) {
			/* Replies that come a dozen commands late are nobody's any more. */
			for (unsigned server = 0; server < (by[b] < 10 * MS ? 2 : 1); server++) {
				keep(&t, &s, 400);
				for (size_t i = 0; i < t.nlate; i++)
					t.late[i].time += from_server(&t.late[i]) == server ? by[b] : 0;
				dp_test_see(&t);
				same(&t, want, server ? "the server" : "the client", by[b]);
			}
			for (unsigned round = 0; round < 20; round++) {
				keep(&t, &s, 100 + dp_test_random(&seed, 900));
				/* Who sees a command before the handshake takes it for the middle of a connection. */
				for (size_t i = by[b] < 3 * MS ? 0 : 10; i < t.nlate; i++)
					t.late[i].time += dp_test_random(&seed, (uint32_t)by[b]);
				dp_test_see(&t);
				same(&t, want, "each", by[b]);
			}
		}
		assert_true(t.worker->stats.doubts[RS_DOUBT_AHEAD] > 0);
		free(want);
		dp_loss_free(&s);
		dp_test_close(&t);
	}
}

static void acknowledge(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_segment(t, c, 1, RS_TCP_ACK, c->seq[1], NULL, 0);
}

/* A piece of a message is acknowledged before it is seen, so much later: read in its place, or, after that, a hole. */
static void test_how_long(void **state)
{
	(void)state;
	static const struct {
		unsigned ms, out_of_step;
		bool in_time;
	} cases[] = { { 1, 100, true }, { 90, 100, true }, { 210, 100, false }, { 1, 0, false }, { 90, 30, false }, { 400, 1000, true } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(connections++);
		struct dp_text mail = { 0 };
		dp_made_mail(&mail, dp_made_bad, strlen(dp_made_bad));
		dp_test_init(&t);
		t.config.tcp.out_of_step = cases[i].out_of_step;
		dp_test_open(&t);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		size_t hole = mail.n / 2, end = hole + 10;
		dp_test_bytes(&t, &c, 0, mail.p, hole);
		c.seq[0] += (uint32_t)(end - hole);
		dp_test_bytes(&t, &c, 0, mail.p + end, mail.n - end);
		acknowledge(&t, &c);
		t.time += cases[i].ms * MS;
		if (cases[i].ms > 100)
			acknowledge(&t, &c);
		dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0] - (uint32_t)(mail.n - hole), mail.p + hole, end - hole);
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		if (cases[i].in_time)
			dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
		else
			assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.reason, CT_REASON_GAP);
		assert_int_equal(dp_test_count(&t, CT_ANOMALY), !cases[i].in_time);
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

/* One hole, and all behind it waits. When it is read, more is acknowledged than was when it was said: what is missing behind a 354
 * is the content's all the same, and no command's. */
static void test_said_before(void **state)
{
	(void)state;
	for (unsigned style = 0; style < 2; style++) {
		struct dp_test t;
		struct dp_loss_session s;
		dp_loss_make(&s, style);
		dp_test_init(&t);
		dp_test_open(&t);
		/* Of the greeting; the end of one message, and all of the next but its last lines. */
		const struct dp_loss_hole h[] = { { 1, 9, 30 }, { 0, s.message[4].to - 12, s.message[5].to - 15 } };
		dp_loss_play(&t, &s, connections++, 400, h, 2, 3);
		dp_test_lull(&t);
		dp_test_check(&t);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), s.nmessages);
		for (size_t i = 0; i < s.nmessages; i++) {
			const struct dp_found *m = dp_test_nth(&t, CT_MESSAGE, i);
			assert_true((m->rec.u.message.reason == CT_REASON_GAP) == (i == 4 || i == 5));
			assert_int_equal(m->rec.u.message.delivered, s.message[i].taken ? CT_DELIVERED_YES : CT_DELIVERED_NO);
		}
		assert_true(t.worker->stats.doubts[RS_DOUBT_AHEAD] > 20);
		dp_loss_free(&s);
		dp_test_close(&t);
	}
}

/* The client says all, and closes with a reset; without the bytes in the hole. */
static void play_reset(struct dp_test *t, const struct dp_loss_session *s, const struct dp_loss_hole *h, uint8_t flags)
{
	struct dp_test_conn c = dp_test_conn(connections++);
	t->keeps = true;
	dp_test_shake(t, &c);
	for (size_t i = 0; i < s->nturns; i++) {
		const struct dp_loss_turn *u = &s->turns[i];
		for (size_t at = u->at, to; at < u->to; at = to) {
			to = dp_loss_segment_end(s, u->from, at, 400);
			if (h && dp_loss_hits(h, 1, u->from, at, to))
				c.seq[u->from] += (uint32_t)(to - at);
			else
				dp_test_bytes(t, &c, u->from, s->said[u->from].p + at, to - at);
		}
	}
	dp_test_segment(t, &c, 0, flags, c.seq[0], NULL, 0);
}

/* One side is seen so much later. */
static void see_late(struct dp_test *t, bool server, uint64_t by)
{
	for (size_t i = 0; i < t->nlate; i++)
		t->late[i].time += from_server(&t->late[i]) == server ? by : 0;
	dp_test_see(t);
	dp_test_tick(t, t->config.tcp.timeout_closed + 1);
}

/* What the server said before the client's reset, and what the client said of it, is read when it is seen behind the reset; nothing of it
 * looks as if the reset had not been taken. */
static void test_behind_a_reset(void **state)
{
	(void)state;
	static const uint64_t by[] = { 2 * MS, 10 * MS, 50 * MS, 90 * MS };
	static const unsigned styles[] = { DP_LOSS_STEPS, DP_LOSS_PIPELINED, DP_LOSS_PIPELINED | DP_LOSS_CHUNKED };
	for (unsigned i = 0; i < 2 * sizeof styles / sizeof *styles; i++) {
		uint8_t flags = i % 2 ? RS_TCP_RST : RS_TCP_RST | RS_TCP_ACK;
		struct dp_test t;
		struct dp_loss_session s;
		dp_loss_make_three(&s, styles[i / 2]);
		dp_test_init(&t);
		dp_test_open(&t);
		play_reset(&t, &s, NULL, flags);
		see_late(&t, true, 0);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 3);
		dp_test_verdict(&t, 1, CT_INFECTED, CT_REASON_NONE, true);
		char *want = told(&t);
		for (size_t b = 0; b < sizeof by / sizeof *by; b++)
			for (unsigned server = 0; server < (by[b] < 10 * MS ? 2 : 1); server++) {
				play_reset(&t, &s, NULL, flags);
				see_late(&t, !server, by[b]);
				assert_int_equal(dp_test_count(&t, CT_MESSAGE), 3);
				assert_int_equal(dp_test_count(&t, CT_ANOMALY), 0);
				dp_test_verdict(&t, 1, CT_INFECTED, CT_REASON_NONE, true);
				/* Replies that come a dozen commands late are nobody's any more. */
				if (server || by[b] < 10 * MS)
					same(&t, want, server ? "the client" : "the server", by[b]);
				else
					dp_test_forget(&t);
			}
		free(want);
		dp_loss_free(&s);
		dp_test_close(&t);
	}
}

/* And what is missing is told, as behind a FIN: no message goes by uncounted. */
static void test_lost_before_a_reset(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * 4; i++) {
		const unsigned styles[] = { DP_LOSS_STEPS, DP_LOSS_PIPELINED, DP_LOSS_CHUNKED, DP_LOSS_PIPELINED | DP_LOSS_CHUNKED };
		struct dp_test t;
		struct dp_loss_session s;
		dp_loss_make_three(&s, styles[i % 4]);
		const struct dp_loss_message *m = &s.message[1];
		const struct dp_loss_hole h = { 0, i / 4 == 1 ? m->content : m->from, i / 4 == 2 ? m->content : m->to };
		dp_test_init(&t);
		dp_test_open(&t);
		play_reset(&t, &s, &h, RS_TCP_RST | RS_TCP_ACK);
		see_late(&t, true, 20 * MS);
		/* Where the envelope is missing, too, what stands on both sides of the hole may be told as two. */
		assert_true(dp_test_count(&t, CT_MESSAGE) >= 3);
		unsigned gaps = 0;
		for (size_t k = 0; k < dp_test_count(&t, CT_MESSAGE); k++) {
			const struct dp_found *found = dp_test_nth(&t, CT_MESSAGE, k);
			gaps += found->rec.u.message.reason == CT_REASON_GAP;
			if (found->rec.u.message.verdict == CT_CLEAN)
				assert_null(strstr(found->text, m->subject));
		}
		assert_true(gaps > 0);
		dp_loss_free(&s);
		dp_test_close(&t);
	}
}

/* A piece of a message is seen after its acknowledgement, and another in its place behind it, before it, or behind a hole: which of them
 * its receiver has cannot be known. Copies are as one. */
static void test_two_behind_their_acknowledgement(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		bool other = i & 1, hole = i & 2, later = i & 4;
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(connections++);
		struct dp_text mail = { 0 };
		uint8_t decoy[40];
		memset(decoy, 'x', sizeof decoy);
		dp_made_mail(&mail, "nothing in it at all, but long enough to be parted in three", 59);
		dp_test_init(&t);
		dp_test_open(&t);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		const size_t at = mail.n / 2, n = sizeof decoy;
		const uint32_t seq = c.seq[0] + (uint32_t)at;
		dp_test_bytes(&t, &c, 0, mail.p, at);
		c.seq[0] += (uint32_t)(mail.n - at);
		acknowledge(&t, &c);
		if (hole)
			dp_test_segment(&t, &c, 0, RS_TCP_ACK, seq + 10, mail.p + at + 10, n - 10);
		else
			dp_test_segment(&t, &c, 0, RS_TCP_ACK, seq, mail.p + at, n);
		if (later)
			acknowledge(&t, &c);
		dp_test_segment(&t, &c, 0, RS_TCP_ACK, seq, other ? decoy : mail.p + at, n);
		dp_test_segment(&t, &c, 0, RS_TCP_ACK, seq + (uint32_t)n, mail.p + at + n, mail.n - at - n);
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		dp_test_lull(&t);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		dp_test_verdict(&t, 0, other ? CT_UNSCANNED : CT_CLEAN, other ? CT_REASON_MALFORMED : CT_REASON_NONE, true);
		assert_int_equal(dp_test_count(&t, CT_ANOMALY), other);
		assert_int_equal(t.worker->streams.kept, 0);
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

/* Where there is no room, nothing waits, and nothing is lost without a word. */
static void test_no_room(void **state)
{
	(void)state;
	for (unsigned which = 0; which < 2; which++) {
		struct dp_test t;
		struct dp_loss_session s;
		struct dp_hostage h;
		uint64_t seed = 1;
		dp_loss_make(&s, 0);
		dp_test_init(&t);
		dp_test_open(&t);
		dp_hostage_take(&h, which ? &t.worker->segments : &t.worker->causals, which);
		keep(&t, &s, 400);
		for (size_t i = 0; i < t.nlate; i++)
			t.late[i].time += dp_test_random(&seed, 20 * MS);
		dp_test_see(&t);
		dp_test_lull(&t);
		size_t known = 0;
		for (size_t i = 0; i < s.nmessages; i++)
			for (size_t k = 0; k < dp_test_count(&t, CT_MESSAGE); k++) {
				const struct dp_found *f = dp_test_nth(&t, CT_MESSAGE, k);
				if (!strstr(f->text, s.message[i].subject))
					continue;
				known++;
				break;
			}
		assert_true(known > 0);
		assert_int_equal(t.worker->account[0].held, 0);
		dp_hostage_free(&h);
		dp_loss_free(&s);
		dp_test_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_step),
		cmocka_unit_test(test_how_long),
		cmocka_unit_test(test_said_before),
		cmocka_unit_test(test_behind_a_reset),
		cmocka_unit_test(test_lost_before_a_reset),
		cmocka_unit_test(test_two_behind_their_acknowledgement),
		cmocka_unit_test(test_no_room),
	};
	return cmocka_run_group_tests_name("dp_causal", tests, dp_test_eal, dp_test_eal_stop);
}
