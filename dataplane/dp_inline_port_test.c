/* SPDX-License-Identifier: Apache-2.0 */
/* Packets in the name of an end that is behind the other port, and a router inside that sends them back: they say nothing, and do not go
 * on. */
#include <rte_mempool.h>

#include "dataplane/dp_built.h"
#include "dataplane/dp_inline_seen.h"

static uint64_t astray(const struct dp_seen *s)
{
	return dp_test_account(&s->t).dropped[DP_DROP_WRONG_PORT];
}

/* A segment of that end, with the numbers as they are now, which comes in by the port that is named. */
static void by_port(struct dp_seen *s, unsigned port, unsigned from, unsigned flags, const char *text)
{
	uint8_t frame[DP_BUILT_MAX];
	size_t n = dp_test_segment_write(&s->c, from, flags, s->c.seq[from], text, strlen(text), frame);
	dp_test_frame_at(&s->t, port, DP_LINK_ETHERNET, frame, n);
}

/* The router inside: what left by its port since `at`, and is not for the server, comes back. Returns how many frames. */
static size_t route_back(struct dp_seen *s, size_t at)
{
	size_t back = 0;
	for (size_t i = at, n = s->t.nsent; i < n; i++) {
		const struct dp_sent *f = &s->t.sent[i];
		if (f->out != DP_INSIDE || !f->pkt.ip_version || f->pkt.dport == s->c.port[1])
			continue;
		dp_test_frame_at(&s->t, DP_INSIDE, DP_LINK_ETHERNET, f->p, f->n);
		back++;
	}
	return back;
}

/* The client speaks for the server. False: it did not go on. */
static bool forge(struct dp_seen *s, unsigned flags, const char *text)
{
	size_t at = s->t.nsent;
	by_port(s, DP_OUTSIDE, 1, flags, text);
	return route_back(s, at) > 0;
}

static const unsigned all_flags[] = { RS_TCP_ACK, RS_TCP_SYN, RS_TCP_SYN | RS_TCP_ACK, RS_TCP_RST, RS_TCP_RST | RS_TCP_ACK,
				      RS_TCP_FIN | RS_TCP_ACK };
#define NFLAGS (sizeof all_flags / sizeof *all_flags)

/* A decoy that the server never gets, acknowledged in its name: else the true bytes could take its place unread. */
static void acknowledged_in_the_servers_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * NFLAGS; i++) {
		struct dp_seen s;
		struct dp_text mail = { 0 }, decoy = { 0 };
		dp_made_infected(&mail);
		for (size_t k = 0; k < mail.n; k++)
			dp_text_put(&decoy, "x", 1);
		dp_seen_begin(&s);
		dp_test_greet(&s.t, &s.c);
		dp_test_envelope(&s.t, &s.c);
		uint32_t seq = s.c.seq[0];
		dp_test_bytes(&s.t, &s.c, 0, decoy.p, decoy.n);
		assert_false(forge(&s, all_flags[i / 2], i % 2 ? "250 ok\r\n" : ""));
		assert_int_equal(astray(&s), 1);
		s.c.seq[0] = seq;
		dp_test_forget_sent(&s.t);
		dp_test_bytes(&s.t, &s.c, 0, mail.p, mail.n);
		dp_test_say(&s.t, &s.c, 0, ".\r\n");
		for (size_t k = 0; k < s.t.nsent; k++)
			assert_int_equal(s.t.sent[k].pkt.payload_len > 3, false);
		assert_true(dp_test_account(&s.t).dropped[DP_DROP_CONTRADICTION] > 0);
		dp_test_end(&s.t);
		assert_int_equal(dp_test_count(&s.t, CT_ANOMALY), 2);
		assert_true(dp_test_has(dp_test_nth(&s.t, CT_ANOMALY, 0), "stream.wrong_port"));
		dp_text_free(&mail);
		dp_text_free(&decoy);
		dp_seen_close(&s);
	}
}

/* On other ports such a decoy would tell that it is no mail; the server is one that waits for its client to speak. */
static void no_mail_in_the_servers_name(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	s.c.port[1] = 8025;
	dp_seen_open(&s);
	dp_test_shake(&s.t, &s.c);
	uint32_t seq = s.c.seq[0];
	dp_test_say(&s.t, &s.c, 0, "GET / HTTP/1.0\r\n\r\n");
	assert_false(forge(&s, RS_TCP_ACK, ""));
	assert_false(forge(&s, RS_TCP_ACK, "HTTP/1.0 200 OK\r\n\r\n"));
	assert_int_equal(astray(&s), 2);
	s.c.seq[0] = seq;
	dp_test_forget_sent(&s.t);
	dp_test_say(&s.t, &s.c, 0, "EHLO client.example.org\r\n");
	assert_int_equal(s.t.nsent, 0);
	dp_seen_close(&s);
}

enum state { ASKED, ANSWERED, OPEN, GREETED, KILLED, OVER, REFUSED, REFUSED_OVER, STATES };

static void bring_to(struct dp_seen *s, enum state at)
{
	if (at >= REFUSED) {
		dp_seen_refuse(s);
		if (at == REFUSED_OVER)
			dp_seen_client(s, RS_TCP_RST, 0);
		return;
	}
	dp_test_segment(&s->t, &s->c, 0, RS_TCP_SYN, s->c.seq[0]++, NULL, 0);
	if (at >= ANSWERED)
		dp_test_segment(&s->t, &s->c, 1, RS_TCP_SYN | RS_TCP_ACK, s->c.seq[1]++, NULL, 0);
	if (at >= OPEN)
		dp_test_segment(&s->t, &s->c, 0, RS_TCP_ACK, s->c.seq[0], NULL, 0);
	if (at >= GREETED)
		dp_test_say(&s->t, &s->c, 1, "220 mx.example.com ESMTP\r\n");
	if (at == KILLED) /* it acknowledges what was never sent */
		dp_seen_server(s, RS_TCP_ACK, (uint32_t)-10, "");
	if (at == OVER)
		dp_test_fins(&s->t, &s->c);
}

/* From its SYN to the time after its end, and of either end. */
static void in_every_state(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STATES * NFLAGS; i++) {
		struct dp_seen s;
		enum state at = (enum state)(i / NFLAGS);
		unsigned flags = all_flags[i % NFLAGS];
		dp_seen_begin(&s);
		bring_to(&s, at);
		dp_test_forget_sent(&s.t);
		by_port(&s, DP_OUTSIDE, 1, flags, "");
		by_port(&s, DP_OUTSIDE, 1, flags, "250 ok\r\n");
		assert_int_equal(astray(&s), 2);
		by_port(&s, DP_INSIDE, 0, flags, "");
		by_port(&s, DP_INSIDE, 0, flags, "MAIL FROM:<a@x>\r\n");
		assert_int_equal(astray(&s), 4);
		assert_int_equal(s.t.nsent, 0);
		dp_seen_close(&s);
	}
}

/* Forged before there is a connection to be taken for: the client's SYN tells who is where. */
static void forged_before(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * NFLAGS; i++) {
		struct dp_seen s;
		dp_seen_begin(&s);
		by_port(&s, DP_OUTSIDE, 1, all_flags[i / 2], i % 2 ? "220 mx.example.com ESMTP\r\n" : "");
		dp_test_forget_sent(&s.t);
		dp_seen_refuse(&s);
		dp_seen_expect(&s, "");
		assert_false(forge(&s, RS_TCP_ACK, "250 ok\r\n"));
		struct dp_text server = dp_seen_at_server(&s);
		assert_int_equal(server.n, s.c.seq[0] - s.first - 2);
		dp_text_free(&server);
		dp_seen_close(&s);
	}
}

/* A priority is no VLAN; and what is put together of fragments is judged as any other. */
static void tagged_and_in_fragments(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct dp_seen s;
		dp_seen_begin(&s);
		dp_test_greet(&s.t, &s.c);
		dp_test_forget_sent(&s.t);
		struct dp_test_conn c = s.c;
		uint8_t whole[DP_BUILT_MAX], fragment[DP_BUILT_MAX];
		c.nvlan = i == 0;
		c.vlan[0] = 0xa000;
		uint32_t n = (uint32_t)dp_test_segment_write(&c, 1, RS_TCP_ACK, c.seq[1], "250 ok\r\n", 8, whole);
		if (i == 0)
			dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, whole, n);
		for (uint32_t off = 0; i == 1 && off < n - 34; off += 16) {
			bool more = off + 16 < n - 34;
			size_t k = dp_test_fragment_write(whole, n, off, more ? 16 : n - 34 - off, more, 5, NULL, fragment);
			dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, k);
		}
		assert_int_equal(s.t.nsent, 0);
		assert_true(astray(&s) > 0);
		dp_seen_close(&s);
	}
}

/* A router with one arm: the same connection passes twice. Only where nothing of it could be mail. */
static void passes_twice(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct dp_seen s;
		bool mail = i & 1, detect = i & 2;
		dp_seen_init(&s);
		s.c.port[1] = mail ? 25 : 8080;
		s.t.config.smtp.detect = detect;
		dp_seen_open(&s);
		static const char *const said[] = { "", "", "", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n", "GET /2 HTTP/1.0\r\n\r\n" };
		static const unsigned flags[] = { RS_TCP_SYN, RS_TCP_SYN | RS_TCP_ACK, RS_TCP_ACK, RS_TCP_ACK, RS_TCP_ACK, RS_TCP_ACK };
		for (unsigned k = 0; k < 6; k++) {
			unsigned from = k % 3 % 2;
			by_port(&s, DP_OUTSIDE, from, flags[k], said[k]);
			by_port(&s, DP_INSIDE, from, flags[k], said[k]);
			s.c.seq[from] += (uint32_t)strlen(said[k]) + !!(flags[k] & RS_TCP_SYN);
		}
		assert_int_equal(astray(&s) > 0, mail || detect);
		if (!mail && !detect)
			assert_int_equal(s.t.nsent, 12);
		dp_seen_close(&s);
	}
}

/* What is known to be no mail is not ended by who guesses its addresses and ports; what a forged packet made to look so is. */
static void what_is_no_mail(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NFLAGS; i++) {
		struct dp_seen s;
		dp_seen_init(&s);
		s.c.port[1] = 8080;
		dp_seen_open(&s);
		dp_test_shake(&s.t, &s.c);
		dp_test_say(&s.t, &s.c, 0, "GET / HTTP/1.0\r\n\r\n");
		dp_test_say(&s.t, &s.c, 1, "HTTP/1.0 200 OK\r\n\r\n");
		assert_false(forge(&s, all_flags[i], "x"));
		dp_test_forget_sent(&s.t);
		dp_test_say(&s.t, &s.c, 0, "GET /2 HTTP/1.0\r\n\r\n");
		assert_int_equal(s.t.nsent, 1);
		dp_seen_close(&s);

		dp_seen_init(&s);
		s.c.port[1] = 8025;
		dp_seen_open(&s);
		by_port(&s, DP_OUTSIDE, 1, RS_TCP_ACK, "SSH-2.0-x\r\n and more");
		by_port(&s, DP_INSIDE, 1, RS_TCP_ACK, "SSH-2.0-x\r\n and more");
		s.c.seq[1]--;
		dp_test_forget_sent(&s.t);
		dp_seen_refuse(&s);
		dp_seen_expect(&s, "554 5.7.1 ");
		assert_false(forge(&s, all_flags[i], "x"));
		dp_seen_close(&s);
	}
}

/* Who only observes lets it go on, and counts it. */
static void observed(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	s.t.config.inline_.observe = true;
	dp_seen_open(&s);
	dp_test_greet(&s.t, &s.c);
	dp_test_forget_sent(&s.t);
	by_port(&s, DP_OUTSIDE, 1, RS_TCP_ACK, "250 ok\r\n");
	assert_int_equal(s.t.nsent, 1);
	assert_int_equal(s.t.worker->stats.unread[DP_DROP_WRONG_PORT], 1);
	dp_seen_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acknowledged_in_the_servers_name),
		cmocka_unit_test(no_mail_in_the_servers_name),
		cmocka_unit_test(in_every_state),
		cmocka_unit_test(forged_before),
		cmocka_unit_test(tagged_and_in_fragments),
		cmocka_unit_test(passes_twice),
		cmocka_unit_test(what_is_no_mail),
		cmocka_unit_test(observed),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
