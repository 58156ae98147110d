/* SPDX-License-Identifier: Apache-2.0 */
/* What is held goes on when it may: each byte once, and with timestamps that the server takes (RFC 7323 5.3). */
#include "dataplane/dp_inline_seen.h"

static const char envelope[] = "MAIL FROM:<anna@example.org>\r\nRCPT TO:<bela@example.com>\r\nDATA\r\n";
static const char content[] = "Subject: x\r\n\r\nhello\r\n.\r\n";
static const char three_oks[] = "250 2.0.0 Ok\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n";

static void open_stamped(struct dp_seen *s, uint32_t tsval)
{
	dp_seen_init(s);
	s->c.timestamps = true;
	s->c.tsval[0] = tsval;
	dp_seen_open(s);
	dp_test_greet(&s->t, &s->c);
	dp_test_forget_sent(&s->t);
}

/* The frame sent as number i by now: its place, its timestamp, who made it. */
static void expect_frame(const struct dp_seen *s, size_t i, uint32_t seq, size_t len, uint32_t tsval, bool ours)
{
	assert_true(i < s->t.nsent);
	const struct dp_sent *f = &s->t.sent[i];
	struct dp_tcp_options o;
	dp_tcp_options_parse(f->p + f->pkt.l4_off, f->pkt.tcp_hdr_len, &o);
	assert_int_equal(f->out, DP_INSIDE);
	assert_int_equal(f->pkt.seq, seq);
	assert_int_equal(f->pkt.payload_len, len);
	assert_int_equal(o.tsval, tsval);
	assert_int_equal(f->ours, ours);
	assert_true(dp_packet_checksum_tcp(&f->pkt, f->p + f->pkt.l4_off, f->pkt.tcp_hdr_len + len));
}

/* What the server says, who lacks so much; only what it lets go on is left in s->t.sent. */
static void answer(struct dp_seen *s, uint32_t lacks, const char *text)
{
	dp_test_forget_sent(&s->t);
	dp_seen_server(s, RS_TCP_ACK, lacks, text);
	struct dp_sent *said = &s->t.sent[s->t.nsent - 1];
	assert_int_equal(said->out, DP_OUTSIDE);
	free(said->p);
	s->t.nsent--;
}

/* Two messages and a QUIT in one segment, by a client that awaits no 354. again: it repeats all of it later. */
static void pipelined_behind_data(void **state)
{
	(void)state;
	size_t first = strlen(envelope), second = strlen(content) + first, last = strlen(content) + 6;
	for (unsigned again = 0; again < 2; again++) {
		struct dp_seen s;
		char text[512];
		open_stamped(&s, 100);
		uint32_t at = s.c.seq[0];
		snprintf(text, sizeof text, "%s%s%s%sQUIT\r\n", envelope, content, envelope, content);
		assert_int_equal(strlen(text), first + second + last);
		dp_test_say(&s.t, &s.c, 0, text);
		assert_int_equal(s.t.nsent, 1);
		expect_frame(&s, 0, at, first, 100, true);
		if (again) {
			s.c.seq[0] = at;
			s.c.tsval[0] = 300;
			dp_test_say(&s.t, &s.c, 0, text);
			assert_int_equal(s.t.nsent, 2);
			expect_frame(&s, 1, at, first, 300, true);
		}
		answer(&s, (uint32_t)(second + last), &three_oks[14]);
		assert_int_equal(s.t.nsent, 1);
		expect_frame(&s, 0, at + (uint32_t)first, second, again ? 300 : 100, true);
		answer(&s, (uint32_t)last, three_oks);
		assert_int_equal(s.t.nsent, 1);
		expect_frame(&s, 0, at + (uint32_t)(first + second), last, again ? 300 : 100, true);
		assert_true(s.t.sent[0].pkt.tcp_flags & RS_TCP_PSH);
		assert_int_equal(dp_test_account(&s.t).held, 1);
		answer(&s, 0, "250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n");
		assert_int_equal(dp_test_account(&s.t).held, 0);
		assert_int_equal(dp_test_account(&s.t).consumed, 1 + again);
		dp_test_end(&s.t);
		assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 2);
		for (unsigned i = 0; i < 2; i++)
			dp_test_verdict(&s.t, i, CT_CLEAN, CT_REASON_NONE, true);
		dp_seen_close(&s);
	}
}

enum meanwhile { NOTHING, ACKNOWLEDGED, REPEATED, PROBED };

/* Content that came before 354, in two segments. */
static void whole_segments(void **state)
{
	(void)state;
	for (unsigned i = NOTHING; i <= PROBED; i++) {
		struct dp_seen s;
		open_stamped(&s, 100);
		dp_test_say(&s.t, &s.c, 0, envelope);
		struct dp_test_conn then = s.c;
		uint32_t at = s.c.seq[0];
		s.c.tsval[0] = 110;
		dp_test_bytes(&s.t, &s.c, 0, content, 10);
		s.c.tsval[0] = 120;
		dp_test_say(&s.t, &s.c, 0, &content[10]);
		assert_int_equal(s.t.nsent, 1);
		s.c.tsval[0] = then.tsval[0] = 300;
		if (i == ACKNOWLEDGED)
			dp_seen_client(&s, RS_TCP_ACK, 0);
		else if (i == REPEATED)
			dp_test_segment(&s.t, &then, 0, RS_TCP_ACK, at - 6, "DATA\r\n", 6);
		else if (i == PROBED)
			dp_test_segment(&s.t, &then, 0, RS_TCP_ACK, at - 1, NULL, 0);
		/* What does not begin behind them makes their timestamps old to the server. */
		bool old = i == REPEATED || i == PROBED;
		assert_int_equal(s.t.nsent, 1 + (i != NOTHING));
		answer(&s, (uint32_t)strlen(content), &three_oks[14]);
		assert_int_equal(s.t.nsent, 2);
		expect_frame(&s, 0, at, 10, old ? 300 : 110, old);
		expect_frame(&s, 1, at + 10, strlen(content) - 10, old ? 300 : 120, old);
		answer(&s, 0, "250 2.0.0 Ok\r\n");
		assert_int_equal(dp_test_account(&s.t).consumed, old ? 2 : 0);
		assert_int_equal(dp_test_account(&s.t).held, 0);
		dp_seen_close(&s);
	}
}

/* Its last byte stays away, for behind it stands what came early; that goes on with the first segment's own timestamp, though what
 * came early bore a newer one. */
static void hole_is_filled(void **state)
{
	(void)state;
	struct dp_seen s;
	open_stamped(&s, 100);
	uint32_t at = s.c.seq[0], n = (uint32_t)strlen(envelope);
	s.c.seq[0] += n;
	s.c.tsval[0] = 200;
	dp_test_say(&s.t, &s.c, 0, content);
	s.c.seq[0] = at;
	s.c.tsval[0] = 100;
	dp_test_say(&s.t, &s.c, 0, envelope);
	assert_int_equal(s.t.nsent, 2);
	expect_frame(&s, 0, at + n, strlen(content), 200, false);
	expect_frame(&s, 1, at, n - 1, 100, true);
	answer(&s, 1, &three_oks[14]);
	assert_int_equal(s.t.nsent, 1);
	expect_frame(&s, 0, at + n - 1, 1, 100, true);
	dp_seen_close(&s);
}

/* Without a packet buffer for the copy, it goes on as it came. */
static void no_room_for_a_copy(void **state)
{
	(void)state;
	struct rte_mbuf *all[4096];
	struct dp_seen s;
	unsigned n = 0;
	open_stamped(&s, 100);
	uint32_t at = s.c.seq[0], len = (uint32_t)(strlen(envelope) + strlen(content));
	char text[256];
	snprintf(text, sizeof text, "%s%s", envelope, content);
	dp_test_say(&s.t, &s.c, 0, text);
	/* The server's own segment takes the last one. */
	while (n < 4096 && (all[n] = rte_pktmbuf_alloc(s.t.mbufs)))
		n++;
	rte_pktmbuf_free(all[--n]);
	answer(&s, (uint32_t)strlen(content), &three_oks[14]);
	rte_pktmbuf_free_bulk(all, n);
	assert_int_equal(s.t.nsent, 1);
	expect_frame(&s, 0, at, len, 100, false);
	assert_int_equal(s.t.worker->stats.injected_lost, 1);
	dp_seen_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipelined_behind_data),
		cmocka_unit_test(whole_segments),
		cmocka_unit_test(hole_is_filled),
		cmocka_unit_test(no_room_for_a_copy),
	};
	return cmocka_run_group_tests_name("dp_inline_held", tests, dp_test_eal, dp_test_eal_stop);
}
