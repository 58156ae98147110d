/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: how they begin, what they are taken for, and how they end. */
#include <rte_mempool.h>

#include "dataplane/dp_conn.h"
#include "dataplane/dp_made.h"

static void open_small(struct dp_test *t)
{
	dp_test_init(t);
	dp_test_open(t);
}

/* Ends in the middle. */

enum stage { AFTER_RCPT, AFTER_DATA, IN_CONTENT, AFTER_DOT, STAGES };

/* A dialogue as far as the stage; what comes of the message is the test's. */
static void play_to(struct dp_test *t, struct dp_test_conn *c, enum stage stage)
{
	struct dp_text mail = { 0 };
	dp_made_mail(&mail, "nothing in it", 13);
	dp_test_greet(t, c);
	dp_test_say(t, c, 0, "MAIL FROM:<anna@example.org>\r\nRCPT TO:<bela@example.com>\r\n");
	dp_test_say(t, c, 1, "250 ok\r\n250 ok\r\n");
	if (stage >= AFTER_DATA) {
		dp_test_say(t, c, 0, "DATA\r\n");
		dp_test_say(t, c, 1, "354 go on\r\n");
	}
	if (stage >= IN_CONTENT)
		dp_test_bytes(t, c, 0, mail.p, stage == IN_CONTENT ? mail.n - 40 : mail.n);
	if (stage >= AFTER_DOT)
		dp_test_say(t, c, 0, ".\r\n");
	dp_text_free(&mail);
}

static void by_end(struct dp_test *t, struct dp_test_conn *c)
{
	(void)c;
	dp_test_end(t);
}

static void by_timeout(struct dp_test *t, struct dp_test_conn *c)
{
	(void)c;
	dp_test_tick(t, t->config.tcp.timeout_established + 1);
}

static void by_idling(struct dp_test *t, struct dp_test_conn *c)
{
	/* No tick came, but the next packet is too late. */
	t->time += (t->config.tcp.timeout_established + 1) * UINT64_C(1000000000);
	dp_test_segment(t, c, 0, RS_TCP_ACK, c->seq[0], NULL, 0);
}

static void by_eviction(struct dp_test *t, struct dp_test_conn *c)
{
	(void)c;
	/* As if one of its sides had not been heard: proven mail gives way to nobody. */
	dp_flow_touch(&t->worker->flows, dp_flow_any(&t->worker->flows), DP_FLOWS_ONE_SIDED, t->time);
	for (unsigned i = 0; i < t->config.memory.flows; i++) {
		struct dp_test_conn other = dp_test_conn(1000 + i);
		play_to(t, &other, AFTER_RCPT);
	}
}

static void by_fins(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_fins(t, c);
}

static void by_reset(struct dp_test *t, struct dp_test_conn *c)
{
	dp_test_segment(t, c, 0, RS_TCP_RST, c->seq[0], NULL, 0);
}

/* The reset may not have arrived: that nothing follows it tells. */
static void by_reset_and_silence(struct dp_test *t, struct dp_test_conn *c)
{
	by_reset(t, c);
	assert_int_equal(dp_test_count(t, CT_MESSAGE), 0);
	dp_test_tick(t, t->config.tcp.timeout_closed + 1);
}

static void by_reset_and_end(struct dp_test *t, struct dp_test_conn *c)
{
	by_reset(t, c);
	dp_test_end(t);
}

static void test_ends_in_the_middle(void **state)
{
	/* What ends from outside may have gone on: what was not seen of the message was not looked into. What ended by itself
	 * had no more, if no content had begun: whether the rest of that was ever sent is not known. Behind the end of the content all was seen, only the answer was not. */
	static const struct {
		void (*end)(struct dp_test *t, struct dp_test_conn *c);
		enum ct_reason reason;
	} ways[] = {
		{ by_end, CT_REASON_GAP },        { by_timeout, CT_REASON_TIMEOUT },
		{ by_idling, CT_REASON_TIMEOUT }, { by_eviction, CT_REASON_OVERLOAD },
		{ by_fins, CT_REASON_NONE },      { by_reset_and_silence, CT_REASON_NONE },
		{ by_reset_and_end, CT_REASON_NONE },
	};
	(void)state;
	for (unsigned w = 0; w < sizeof ways / sizeof ways[0]; w++)
		for (unsigned stage = 0; stage < STAGES; stage++) {
			struct dp_test t;
			struct dp_test_conn c = dp_test_conn(1);
			dp_test_init(&t);
			t.config.memory.flows = 16;
			t.config.memory.messages = 32;
			dp_test_open(&t);
			play_to(&t, &c, stage);
			ways[w].end(&t, &c);
			assert_true(dp_test_count(&t, CT_MESSAGE) >= 1);
			bool complete = stage == AFTER_DOT;
			enum ct_reason reason = complete ? CT_REASON_NONE : ways[w].reason;
			if ((stage == IN_CONTENT || stage == AFTER_DATA) && reason == CT_REASON_NONE)
				reason = CT_REASON_GAP;
			dp_test_verdict(&t, 0, reason ? CT_UNSCANNED : CT_CLEAN, reason, complete);
			assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.delivered == CT_DELIVERED_YES,
					 0);
			dp_test_close(&t);
		}
}

/* The capture lost the content, its end with it; the server has accepted the message. */
static void test_accepted_but_not_seen(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 4; way++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		open_small(&t);
		dp_test_greet(&t, &c);
		dp_test_say(&t, &c, 0, "MAIL FROM:<anna@example.org>\r\nRCPT TO:<bela@example.com>\r\n");
		dp_test_say(&t, &c, 1, "250 ok\r\n250 ok\r\n");
		if (way & 1)
			c.seq[0] += 6; /* DATA is lost, too */
		else
			dp_test_say(&t, &c, 0, "DATA\r\n");
		dp_test_say(&t, &c, 1, "354 go on\r\n");
		if (way & 2)
			dp_test_say(&t, &c, 0, "Subject: a beginning\r\n\r\n");
		c.seq[0] += 5000;
		dp_test_say(&t, &c, 1, "250 accepted\r\n");
		dp_test_say(&t, &c, 0, "QUIT\r\n");
		dp_test_say(&t, &c, 1, "221 bye\r\n");
		dp_test_fins(&t, &c);
		dp_test_lull(&t);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_GAP, false);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.delivered, CT_DELIVERED_YES);
		dp_test_close(&t);
	}
}

/* All that followed RCPT was lost, the server's replies too; then both sides went on. */
static void test_lost_both_ways(void **state)
{
	(void)state;
	for (unsigned quit = 0; quit < 2; quit++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		open_small(&t);
		dp_test_greet(&t, &c);
		dp_test_say(&t, &c, 0, "MAIL FROM:<anna@example.org>\r\n");
		dp_test_say(&t, &c, 1, "250 ok\r\n");
		dp_test_say(&t, &c, 0, "RCPT TO:<bela@example.com>\r\n");
		c.seq[0] += 5000;
		c.seq[1] += 200;
		dp_test_say(&t, &c, 0, quit ? "QUIT\r\n" : "RSET\r\n");
		dp_test_say(&t, &c, 1, quit ? "221 bye\r\n" : "250 ok\r\n");
		dp_test_fins(&t, &c);
		dp_test_lull(&t);
		dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_GAP, false);
		dp_test_close(&t);
	}
}

/* A hole inside the content. */
static void test_gap(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_made_mail(&mail, "nothing in it at all, but long enough", 37);
	open_small(&t);
	for (size_t lost = 1; lost + 1 < mail.n; lost += 7) {
		struct dp_test_conn c = dp_test_conn((unsigned)lost);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		dp_test_bytes(&t, &c, 0, mail.p, lost);
		c.seq[0]++;
		dp_test_bytes(&t, &c, 0, mail.p + lost + 1, mail.n - lost - 1);
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		dp_test_lull(&t);
		dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_GAP, true);
		assert_int_equal(dp_test_count(&t, CT_ANOMALY), 1);
		const struct ct_anomaly *a = &dp_test_nth(&t, CT_ANOMALY, 0)->rec.u.anomaly;
		assert_string_equal(a->event, "stream.reassembly_seq_gap");
		assert_true(a->to_server && !a->contradicts);
		dp_test_forget(&t);
	}
	assert_true(t.worker->stats.tcp_gaps > 0);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* Which connection a packet belongs to. */

static void test_port_reuse(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	open_small(&t);
	/* After FINs, after a reset, and in the middle of a message that nobody ended. */
	for (unsigned i = 0; i < 9; i++) {
		struct dp_test_conn c = dp_test_conn(7);
		c.seq[0] = 1000000 * i;
		c.seq[1] = 2000000 * i + 5;
		if (i % 3 == 2) {
			play_to(&t, &c, IN_CONTENT);
			continue;
		}
		dp_test_mail(&t, &c, &mail, 100, 0);
		if (i % 3 == 1) {
			struct dp_test_conn again = dp_test_conn(7);
			again.seq[0] = 3000000;
			play_to(&t, &again, IN_CONTENT);
			by_reset(&t, &again);
		}
	}
	dp_test_end(&t);
	const struct ct_account *a = t.worker->account;
	assert_int_equal(a->verdict[CT_INFECTED], 6);
	assert_int_equal(a->seen, 6 + 3 + 3);
	assert_int_equal(t.worker->stats.flows, 12);
	/* Each connection's records are numbered from 0, and have an id of their own. */
	for (size_t i = 0; i < t.nfound; i++)
		for (size_t k = 0; k < i; k++)
			if (t.found[i].rec.flow.id == t.found[k].rec.flow.id) {
				assert_int_equal(t.found[i].rec.flow.first_seq, t.found[k].rec.flow.first_seq);
				assert_int_not_equal(t.found[i].rec.n, t.found[k].rec.n);
			}
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* All of its packets once more, after its end, three times: it was one session. Without timestamps, or with later ones, nobody knows: each
 * time it is read. */
static void test_seen_again(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_mail(&mail, "nothing in it", 13);
	for (unsigned way = 0; way < 4; way++) {
		bool known = way < 2;
		struct dp_test t;
		open_small(&t);
		for (unsigned k = 0; k < 4; k++) {
			struct dp_test_conn c = dp_test_conn(7);
			c.timestamps = way != 2;
			c.tsval[0] = 0xfffffffe;
			c.tsval[1] = 5000 + (way == 3 ? k : 0);
			dp_test_mail(&t, &c, &mail, way ? 1000 : 100, 0);
			dp_test_tick(&t, 1);
		}
		dp_test_end(&t);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), known ? 1 : 4);
		assert_int_equal(dp_test_count(&t, CT_ANOMALY), 0);
		dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
		assert_int_equal(t.worker->stats.flows, known ? 1 : 4);
		/* Of one whose SYN was taken for a copy's the timestamps are not agreed upon. */
		assert_int_equal(t.worker->stats.flows_repeated, known ? 1 : way == 3 ? 2 : 0);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

enum anew { OTHER_ANSWER, LATER_ANSWER, NO_ANSWER, CLIENT_ALONE, DATA_IN_SYN, A_MINUTE_LATER, ANEWS };

/* The same ports, the same first number and the same timestamps of the client soon after a clean session, but another connection, as the
 * server's number says, or its timestamps, or, where its SYN-ACK was not seen, what is acknowledged of it. */
static void play_anew(struct dp_test *t, struct dp_test_conn c, const struct dp_text *mail, enum anew how)
{
	if (how == LATER_ANSWER)
		c.tsval[1]++;
	else if (how != A_MINUTE_LATER)
		c.seq[1] += 500000;
	else
		dp_test_tick(t, t->config.tcp.timeout_closed + 1);
	if (how == OTHER_ANSWER || how == LATER_ANSWER || how == A_MINUTE_LATER) {
		dp_test_mail(t, &c, mail, 100, 0);
		return;
	}
	static const char early[] = "EHLO x\r\n";
	size_t n = how == DATA_IN_SYN ? sizeof early - 1 : 0;
	dp_test_segment(t, &c, 0, RS_TCP_SYN, c.seq[0], early, n);
	c.seq[0] += 1 + (uint32_t)n;
	if (how == DATA_IN_SYN)
		dp_test_segment(t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1], NULL, 0);
	c.seq[1]++;
	dp_test_segment(t, &c, 0, RS_TCP_ACK, c.seq[0], NULL, 0);
	if (how == CLIENT_ALONE) {
		dp_test_say(t, &c, 0, "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n");
		dp_test_bytes(t, &c, 0, mail->p, mail->n);
		dp_test_say(t, &c, 0, ".\r\nQUIT\r\n");
		return;
	}
	dp_test_say(t, &c, 1, "220 mx\r\n");
	if (how == NO_ANSWER)
		dp_test_say(t, &c, 0, early);
	dp_test_say(t, &c, 1, "250 mx\r\n");
	dp_test_envelope(t, &c);
	dp_test_bytes(t, &c, 0, mail->p, mail->n);
	dp_test_accept(t, &c);
	dp_test_fins(t, &c);
}

static void test_same_number_anew(void **state)
{
	(void)state;
	struct dp_text mail = { 0 }, bad = { 0 };
	dp_made_mail(&mail, "nothing in it", 13);
	dp_made_infected(&bad);
	for (enum anew how = 0; how < ANEWS; how++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(7);
		c.timestamps = true;
		c.tsval[0] = c.tsval[1] = 5000;
		open_small(&t);
		struct dp_test_conn first = c;
		dp_test_mail(&t, &first, &mail, 100, 0);
		dp_test_tick(&t, 1);
		play_anew(&t, c, &bad, how);
		dp_test_end(&t);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 2);
		dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 1)->rec.u.message.verdict, CT_INFECTED);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
	dp_text_free(&bad);
}

/* A handshake in the middle of a message. goes_on: its sender goes on as if there had been none, for it reached nobody; else
 * behind it. */
static void play_second_handshake(struct dp_test *t, const struct dp_text *mail, uint32_t isn, uint32_t peer, bool goes_on)
{
	struct dp_test_conn c = dp_test_conn(7), other = dp_test_conn(7);
	other.seq[0] = isn;
	other.seq[1] = peer;
	dp_test_greet(t, &c);
	dp_test_envelope(t, &c);
	dp_test_bytes(t, &c, 0, mail->p, 100);
	if (goes_on) {
		dp_test_shake(t, &other);
		dp_test_bytes(t, &c, 0, mail->p + 100, mail->n - 100);
		dp_test_accept(t, &c);
		dp_test_fins(t, &c);
	} else {
		dp_test_mail(t, &other, mail, 100, 0);
	}
	dp_test_end(t);
}

static void test_second_handshake(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	struct dp_test_conn first = dp_test_conn(7);
	for (unsigned i = 0; i < 12; i++) {
		static const uint32_t far[3] = { 0x70000000, 20000, 0x80000000 };
		bool goes_on = i & 1, same_peer = i / 2 & 1;
		struct dp_test t;
		open_small(&t);
		play_second_handshake(&t, &mail, first.seq[0] + far[i / 4], first.seq[1] + (same_peer ? 0 : 0x60000000), goes_on);
		if (!goes_on)
			dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_GAP, false);
		dp_test_verdict(&t, !goes_on, CT_INFECTED, CT_REASON_NONE, true);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), goes_on ? 1 : 2);
		assert_int_equal(t.worker->stats.flows, goes_on ? 1 : 2);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* Two or three SYNs, each answered, the last ones with other numbers; then the session with those of one of them. decoys: before it, data
 * of both sides in the others' numbers. */
static void play_answered(struct dp_test *t, const struct dp_text *mail, unsigned n, unsigned goes_on, uint32_t by, bool decoys)
{
	struct dp_test_conn all[3];
	for (unsigned i = 0; i < n; i++) {
		all[i] = dp_test_conn(7);
		all[i].seq[0] += i * by;
		all[i].seq[1] += i * by;
		dp_test_segment(t, &all[i], 0, RS_TCP_SYN, all[i].seq[0]++, NULL, 0);
		dp_test_segment(t, &all[i], 1, RS_TCP_SYN | RS_TCP_ACK, all[i].seq[1]++, NULL, 0);
	}
	for (unsigned i = 0; i < n && decoys; i++) {
		if (i == goes_on)
			continue;
		dp_test_say(t, &all[i], 1, "220 nobody\r\n");
		dp_test_say(t, &all[i], 0, "EHLO nobody\r\n");
	}
	struct dp_test_conn *c = &all[goes_on];
	dp_test_segment(t, c, 0, RS_TCP_ACK, c->seq[0], NULL, 0);
	dp_test_say(t, c, 1, "220 mx.example.com ESMTP\r\n");
	dp_test_say(t, c, 0, "EHLO client.example.org\r\n");
	dp_test_say(t, c, 1, "250 mx.example.com\r\n");
	dp_test_envelope(t, c);
	dp_test_bytes(t, c, 0, mail->p, mail->n);
	dp_test_accept(t, c);
	dp_test_fins(t, c);
	dp_test_end(t);
}

static void test_answered_twice(void **state)
{
	(void)state;
	struct dp_text bad = { 0 }, good = { 0 };
	dp_made_infected(&bad);
	dp_made_mail(&good, "nothing in it", 13);
	static const uint32_t by[] = { 0x30000000, 100000, 600, (uint32_t)-600 };
	for (unsigned i = 0; i < 2 * 4 * 5 * 2; i++) {
		bool infected = i & 1, decoys = i / 2 & 1;
		unsigned n = i / 4 % 5 < 2 ? 2 : 3, goes_on = n == 2 ? i / 4 % 5 : i / 4 % 5 - 2;
		struct dp_test t;
		open_small(&t);
		play_answered(&t, infected ? &bad : &good, n, goes_on, by[i / 20], decoys && by[i / 20] == by[0]);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		dp_test_verdict(&t, 0, infected ? CT_INFECTED : CT_CLEAN, CT_REASON_NONE, true);
		assert_true(dp_test_count(&t, CT_ANOMALY) > 0);
		dp_test_close(&t);
	}
	dp_text_free(&bad);
	dp_text_free(&good);
}

static void test_vlan(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (unsigned in_flow = 0; in_flow < 2; in_flow++) {
		struct dp_test t;
		dp_test_init(&t);
		t.config.capture.vlan_in_flow = in_flow;
		dp_test_open(&t);
		/* The same addresses and ports in two networks, in step. */
		struct dp_test_conn a = dp_test_conn(1), b = dp_test_conn(1);
		a.nvlan = b.nvlan = 2;
		a.vlan[0] = b.vlan[0] = 100;
		a.vlan[1] = 10;
		b.vlan[1] = 20;
		b.seq[0] = 5000;
		b.seq[1] = 6000;
		dp_test_greet(&t, &a);
		if (in_flow)
			dp_test_greet(&t, &b);
		dp_test_envelope(&t, &a);
		if (in_flow)
			dp_test_envelope(&t, &b);
		for (size_t at = 0; at < mail.n; at += 90) {
			size_t n = mail.n - at < 90 ? mail.n - at : 90;
			dp_test_bytes(&t, &a, 0, mail.p + at, n);
			if (in_flow)
				dp_test_bytes(&t, &b, 0, mail.p + at, n);
		}
		if (in_flow) {
			dp_test_accept(&t, &b);
			dp_test_fins(&t, &b);
		} else {
			/* One network's tags each way: one connection all the same. */
			a.vlan[1] = 30;
		}
		dp_test_accept(&t, &a);
		dp_test_fins(&t, &a);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), in_flow ? 2 : 1);
		for (unsigned i = 0; i < 1 + in_flow; i++)
			dp_test_verdict(&t, i, CT_INFECTED, CT_REASON_NONE, true);
		assert_int_equal(t.worker->stats.flows, 1 + in_flow);
		const struct ct_flow *f = &dp_test_nth(&t, CT_MESSAGE, 0)->rec.flow;
		assert_int_equal(f->nvlan, in_flow ? 2 : 0);
		if (in_flow) {
			assert_int_equal(f->vlan[0], 100);
			assert_int_equal(f->vlan[1], 20);
		}
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* TCP's client is mail's server: read with the roles as they are spoken. */
static void test_reversed(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (unsigned greets_first = 0; greets_first < 2; greets_first++) {
		struct dp_test t;
		dp_test_init(&t);
		dp_test_open(&t);
		struct dp_test_conn c = dp_test_conn(1), tcp = c;
		/* c as mail sees it, with who opens the connection as its server. */
		dp_test_segment(&t, &c, 1, RS_TCP_SYN, c.seq[1]++, NULL, 0);
		dp_test_segment(&t, &c, 0, RS_TCP_SYN | RS_TCP_ACK, c.seq[0]++, NULL, 0);
		dp_test_segment(&t, &c, 1, RS_TCP_ACK, c.seq[1], NULL, 0);
		if (greets_first)
			dp_test_say(&t, &c, 1, "220 mx.example.com ESMTP\r\n");
		dp_test_say(&t, &c, 0, "EHLO client.example.org\r\n");
		dp_test_say(&t, &c, 1, "250 mx.example.com\r\n");
		dp_test_envelope(&t, &c);
		dp_test_bytes(&t, &c, 0, mail.p, mail.n);
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
		const struct ct_flow *f = &dp_test_nth(&t, CT_MESSAGE, 0)->rec.flow;
		assert_int_equal(f->sport, tcp.port[0]);
		assert_int_equal(f->dport, tcp.port[1]);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

static void test_ipv6(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	dp_made_infected(&mail);
	open_small(&t);
	c.v6 = true;
	dp_test_mail(&t, &c, &mail, 50, 0);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.flow.ip_version, 6);
	assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.flow.src[0], 0x20);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* The server's side may be caught first, or the client's alone. */
static void test_one_way(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	open_small(&t);
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0]++, NULL, 0);
	dp_test_say(&t, &c, 0, "EHLO client\r\n");
	dp_test_say(&t, &c, 0, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
	dp_test_bytes(&t, &c, 0, mail.p, mail.n);
	dp_test_say(&t, &c, 0, ".\r\nQUIT\r\n");
	dp_test_end(&t);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.delivered, CT_DELIVERED_UNKNOWN);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* Found in the middle: from its next MAIL on, whichever side speaks first. */
static void test_midstream(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (unsigned way = 0; way < 2; way++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		open_small(&t);
		if (way)
			dp_test_say(&t, &c, 1, "250 ok\r\n");
		else
			dp_test_say(&t, &c, 0, "the end of some content\r\n.\r\n");
		dp_test_say(&t, &c, 1, "250 ok\r\n");
		dp_test_envelope(&t, &c);
		dp_test_bytes(&t, &c, 0, mail.p, mail.n);
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		size_t n = dp_test_count(&t, CT_MESSAGE);
		dp_test_verdict(&t, n - 1, CT_INFECTED, CT_REASON_NONE, true);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, n - 1)->rec.flow.sport, 10001);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* Order. */

/* Segments within a window in any order, some twice, some overlapping: as if they had come in order. */
static void test_disorder(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	uint64_t seed = 5;
	uint8_t content[4000];
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (uint8_t)dp_test_random(&seed, 256);
	content[0] = 'n';
	memcpy(content + 1000, "kernel32.DLL", 12);
	memcpy(content + 3000, "ADVAPI32.dll", 12);
	dp_made_mail(&mail, content, sizeof content);
	open_small(&t);
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_mail(&t, &c, &mail, 0, 0);
	char *story = dp_test_story(&t);
	dp_test_forget(&t);
	for (unsigned round = 0; round < 40; round++) {
		c = dp_test_conn(2 + round);
		t.chain = round % 4 ? 0 : 100;
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		uint32_t isn = c.seq[0];
		size_t at[200], len[200], n = 0;
		for (size_t from = 0; from < mail.n; n++) {
			at[n] = from;
			len[n] = 1 + dp_test_random(&seed, 200);
			if (len[n] > mail.n - from)
				len[n] = mail.n - from;
			from += len[n];
		}
		for (size_t i = n; i > 1; i--) {
			/* Far, or only near. */
			size_t reach = round % 2 ? i
				       : i < 8   ? i
						 : 8,
			       k = i - 1 - dp_test_random(&seed, (uint32_t)reach);
			size_t a = at[i - 1], l = len[i - 1];
			at[i - 1] = at[k];
			len[i - 1] = len[k];
			at[k] = a;
			len[k] = l;
		}
		for (size_t i = 0; i < n; i++) {
			size_t more = dp_test_random(&seed, 4) ? 0 : dp_test_random(&seed, 300);
			if (more > mail.n - at[i] - len[i])
				more = mail.n - at[i] - len[i];
			for (unsigned twice = dp_test_random(&seed, 5) == 0 ? 2 : 1; twice > 0; twice--)
				dp_test_segment(&t, &c, 0, RS_TCP_ACK, isn + (uint32_t)at[i], mail.p + at[i],
						len[i] + more);
		}
		c.seq[0] = isn + (uint32_t)mail.n;
		dp_test_accept(&t, &c);
		dp_test_say(&t, &c, 0, "QUIT\r\n");
		dp_test_say(&t, &c, 1, "221 bye\r\n");
		dp_test_fins(&t, &c);
		char *again = dp_test_story(&t);
		assert_string_equal(story, again);
		free(again);
		dp_test_forget(&t);
		assert_int_equal(t.worker->segments.used, 0);
		assert_int_equal(rte_mempool_in_use_count(t.mbufs), 0);
	}
	assert_true(t.worker->stats.tcp_held > 0);
	assert_int_equal(t.worker->stats.tcp_gaps, 0);
	free(story);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* Frames of up to 64 KB, as offloading cards make them, in chains of mbufs: in order, and held. */
static void test_chained(void **state)
{
	static const unsigned chains[] = { 0, 128, 129, 500, 1000, 2047 };
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	uint64_t seed = 6;
	uint8_t *content = malloc(46000);
	assert_non_null(content);
	for (size_t i = 0; i < 46000; i++)
		content[i] = (uint8_t)dp_test_random(&seed, 256);
	content[0] = 'n';
	memcpy(content + 20000, "kernel32.DLL", 12);
	memcpy(content + 40000, "ADVAPI32.dll", 12);
	dp_made_mail(&mail, content, 46000);
	assert_true(mail.n > 62000 && mail.n < 65000);
	open_small(&t);
	char *story = NULL;
	for (unsigned i = 0; i < 2 * sizeof chains / sizeof chains[0]; i++) {
		bool late = i % 2;
		t.chain = chains[i / 2];
		struct dp_test_conn c = dp_test_conn(i);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		if (late) {
			/* The first byte comes last. */
			dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0] + 1, mail.p + 1, mail.n - 1);
			assert_true(rte_mempool_in_use_count(t.mbufs) >= mail.n / 2048);
			dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], mail.p, 1);
			c.seq[0] += (uint32_t)mail.n;
		} else {
			dp_test_bytes(&t, &c, 0, mail.p, mail.n);
		}
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		assert_int_equal(rte_mempool_in_use_count(t.mbufs), 0);
		dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
		char *again = dp_test_story(&t);
		if (story)
			assert_string_equal(story, again);
		free(story);
		story = again;
		dp_test_forget(&t);
	}
	free(story);
	free(content);
	dp_text_free(&mail);
	dp_test_close(&t);
}

static void test_wrong_checksums_are_dropped(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	dp_test_init(&t);
	t.config.capture.checksums = CT_CHECKSUMS_VERIFY;
	dp_test_open(&t);
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_greet(&t, &c);
	dp_test_envelope(&t, &c);
	/* The receiver drops these, so they must not be taken for the message. */
	for (unsigned chain = 0; chain < 2; chain++) {
		t.chain = chain * 128;
		c.bad_sum = true;
		uint8_t lie[600];
		memset(lie, 'x', sizeof lie);
		dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], lie, sizeof lie);
		c.bad_sum = false;
		dp_test_bytes(&t, &c, 0, mail.p + chain * mail.n / 2, chain ? mail.n - mail.n / 2 : mail.n / 2);
	}
	dp_test_accept(&t, &c);
	dp_test_fins(&t, &c);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_int_equal(t.worker->account[0].dropped[DP_DROP_BAD_CHECKSUM], 2);
	assert_int_equal(t.worker->account[0].consumed, t.frames - 2);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* What it is. */

static void send_mail_on(struct dp_test *t, struct dp_test_conn *c, const struct dp_text *mail, size_t mss)
{
	static const char *const says[] = { "220 mx ESMTP\r\n",    "EHLO me\r\n", "250 mx\r\n",
					    "MAIL FROM:<a@b>\r\n", "250 ok\r\n",  "RCPT TO:<c@d>\r\n",
					    "250 ok\r\n",          "DATA\r\n",    "354 go\r\n" };
	for (unsigned i = 0; i < sizeof says / sizeof says[0]; i++)
		for (size_t at = 0, n = strlen(says[i]); at < n; at += mss)
			dp_test_bytes(t, c, !(i % 2), says[i] + at, n - at < mss ? n - at : mss);
	for (size_t at = 0; at < mail->n; at += mss)
		dp_test_bytes(t, c, 0, mail->p + at, mail->n - at < mss ? mail->n - at : mss);
	dp_test_accept(t, c);
}

static void test_detection(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (unsigned detect = 0; detect < 2; detect++) {
		struct dp_test t;
		dp_test_init(&t);
		t.config.smtp.detect = detect;
		dp_test_open(&t);
		for (size_t mss = 1; mss < 1000; mss = mss * 3 + 1) {
			struct dp_test_conn c = dp_test_conn((unsigned)mss);
			c.port[1] = 4321;
			dp_test_shake(&t, &c);
			send_mail_on(&t, &c, &mail, mss);
			dp_test_fins(&t, &c);
			assert_int_equal(dp_test_count(&t, CT_MESSAGE), detect);
			if (detect)
				dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
			dp_test_forget(&t);
		}
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* No handshake and no port tell who is who: the first words do, whichever side's come first. */
static void test_detection_midstream(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (size_t mss = 1; mss < 1000; mss = mss * 3 + 1) {
		struct dp_test t;
		open_small(&t);
		struct dp_test_conn c = dp_test_conn(1);
		c.port[1] = 4321;
		send_mail_on(&t, &c, &mail, mss);
		dp_test_fins(&t, &c);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.flow.dport, 4321);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

static void test_http_connect(void **state)
{
	static const char ask[] = "CONNECT mx.example.com:25 HTTP/1.1\r\nHost: mx\r\nX: \r\r\n\r\n";
	static const char yes[] = "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
	(void)state;
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	for (size_t mss = 1; mss < 200; mss = mss * 2 + 1) {
		struct dp_test t;
		open_small(&t);
		struct dp_test_conn c = dp_test_conn(1);
		c.port[1] = 8080;
		dp_test_shake(&t, &c);
		for (size_t at = 0; at + 1 < sizeof ask; at += mss)
			dp_test_bytes(&t, &c, 0, ask + at, sizeof ask - 1 - at < mss ? sizeof ask - 1 - at : mss);
		for (size_t at = 0; at + 1 < sizeof yes; at += mss)
			dp_test_bytes(&t, &c, 1, yes + at, sizeof yes - 1 - at < mss ? sizeof yes - 1 - at : mss);
		send_mail_on(&t, &c, &mail, mss);
		dp_test_fins(&t, &c);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* What is not mail holds nothing: no mbuf, no segment, no session. */
static void test_not_mail(void **state)
{
	static const char *const first[] = { "GET / HTTP/1.1\r\n",
					     "SSH-2.0-x\r\n",
					     "\x16\x03\x01\x02\0\1",
					     "220",
					     "22x not a greeting\r\n",
					     "CONNECT no.example:443 HTTP/1.0\r\n\r\n",
					     "QUIT\r\n",
					     "C",
					     "CONNECTED\r\n" };
	(void)state;
	for (unsigned detect = 0; detect < 2; detect++) {
		struct dp_test t;
		dp_test_init(&t);
		t.config.smtp.detect = detect;
		dp_test_open(&t);
		for (unsigned i = 0; i < 4 * sizeof first / sizeof first[0]; i++) {
			unsigned from = i % 2;
			const char *text = first[i / 4];
			struct dp_test_conn c = dp_test_conn(i);
			c.port[1] = 443;
			if (i % 4 < 2)
				dp_test_shake(&t, &c);
			for (size_t at = 0; at < strlen(text); at++)
				dp_test_bytes(&t, &c, from, text + at, 1);
			dp_test_bytes(&t, &c, from, "more of the same\r\n", 18);
			dp_test_bytes(&t, &c, !from, "\1\2\3\4\5 and an answer\r\n", 22);
			/* Out of order, on both sides. */
			for (unsigned k = 0; k < 20; k++)
				dp_test_segment(&t, &c, k % 2, RS_TCP_ACK, c.seq[k % 2] + 100 * k, "abcdef", 6);
			assert_int_equal(rte_mempool_in_use_count(t.mbufs), 0);
			assert_int_equal(t.worker->segments.used, 0);
		}
		assert_int_equal(t.worker->inspect.stats.sessions, 0);
		assert_int_equal(t.worker->account[0].seen, 0);
		dp_test_close(&t);
	}
}

/* Data that came with a SYN is held until it is known to be taken; of what turns out not to be mail, too. */
static void test_not_mail_with_data_in_its_syn(void **state)
{
	(void)state;
	struct dp_test t;
	open_small(&t);
	struct dp_test_conn c = dp_test_conn(1);
	c.port[1] = 443;
	dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0]++, "GET / HTTP/1.1\r\n", 16);
	assert_int_equal(rte_mempool_in_use_count(t.mbufs), 1);
	dp_test_segment(&t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1]++, NULL, 0);
	dp_test_say(&t, &c, 0, "GET / HTTP/1.1\r\n");
	dp_test_say(&t, &c, 1, "HTTP/1.1 200 Ok\r\n");
	assert_int_equal(rte_mempool_in_use_count(t.mbufs), 0);

	/* The server speaks before it has answered: what it says decides. */
	c = dp_test_conn(2);
	c.port[1] = 443;
	dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0], "GET / HTTP/1.1\r\n", 16);
	dp_test_segment(&t, &c, 1, RS_TCP_ACK, 5000, "HTTP/1.1 200 Ok\r\n", 17);
	assert_int_equal(rte_mempool_in_use_count(t.mbufs), 0);
	dp_test_close(&t);
}

/* Room. */

static void open_flow(struct dp_test *t, unsigned number, enum dp_flow_list list)
{
	struct dp_test_conn c = dp_test_conn(number);
	if (list == DP_FLOWS_OTHER)
		c.port[1] = 443;
	if (list == DP_FLOWS_HALF_OPEN) {
		dp_test_segment(t, &c, 0, RS_TCP_SYN, c.seq[0], NULL, 0);
		return;
	}
	if (list == DP_FLOWS_ONE_SIDED) {
		dp_test_say(t, &c, 0, "NOOP\r\n");
		return;
	}
	dp_test_shake(t, &c);
	if (list == DP_FLOWS_OTHER) {
		dp_test_say(t, &c, 0, "GET / HTTP/1.1\r\n");
		dp_test_say(t, &c, 1, "HTTP/1.1 200 Ok\r\n");
	} else {
		dp_test_say(t, &c, 1, "220 mx\r\n");
	}
	if (list == DP_FLOWS_CLOSED)
		dp_test_fins(t, &c);
}

static unsigned flows_in(const struct dp_test *t, enum dp_flow_list list)
{
	const struct dp_flow *f;
	unsigned n = 0;
	TAILQ_FOREACH(f, &t->worker->flows.lists[list], link)
	n++;
	return n;
}

static struct dp_flow *flow_of(const struct dp_test *t, unsigned number, uint16_t port)
{
	struct dp_test_conn c = dp_test_conn(number);
	struct dp_flow_key key;
	struct dp_packet pkt;
	unsigned end;
	uint8_t frame[200];
	c.port[1] = port;
	size_t n = dp_test_segment_write(&c, 0, RS_TCP_ACK, 0, NULL, 0, frame);
	dp_packet_parse(DP_LINK_ETHERNET, frame, n, n, &pkt);
	dp_flow_key_make(&key, &end, &pkt, true);
	return dp_flow_find(&t->worker->flows, &key);
}

static uint64_t evicted(const struct dp_test *t)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < DP_FLOWS_LISTS; i++)
		n += t->worker->stats.flows_evicted[i];
	return n;
}

/* A newcomer takes the place of what is worth less, and none takes an established mail connection's. */
static void test_who_is_evicted(void **state)
{
	(void)state;
	for (unsigned detect = 0; detect < 2; detect++) {
		struct dp_test t;
		dp_test_init(&t);
		t.config.smtp.detect = detect;
		t.config.memory.flows = 16;
		t.config.memory.half_open = 4;
		dp_test_open(&t);
		const struct dp_worker_stats *st = &t.worker->stats;
		/* Mail came first, so it is not age alone that decides. */
		for (unsigned list = DP_FLOWS_RESET; list-- > 0;)
			for (unsigned i = 0; i < 3; i++)
				open_flow(&t, list * 10 + i, list);
		for (unsigned list = 0; list < DP_FLOWS_RESET; list++)
			assert_int_equal(flows_in(&t, list), 3);
		/* One place is free. Then the others' places, in their order. */
		for (unsigned i = 0; i < 1 + 3 + 3 + 3 + 3; i++) {
			open_flow(&t, 100 + i, DP_FLOWS_MAIL);
			assert_int_equal(evicted(&t), i);
			assert_int_equal(flows_in(&t, DP_FLOWS_CLOSED), i < 3 ? 3 - i : 0);
			assert_int_equal(flows_in(&t, DP_FLOWS_ONE_SIDED), i < 3 ? 3 : i < 6 ? 6 - i : 0);
			assert_int_equal(flows_in(&t, DP_FLOWS_OTHER), i < 6 ? 3 : i < 9 ? 9 - i : 0);
			assert_int_equal(flows_in(&t, DP_FLOWS_HALF_OPEN), i < 9 ? 3 : 12 - i);
			assert_int_equal(flows_in(&t, DP_FLOWS_MAIL), 4 + i);
		}
		assert_int_equal(st->flows_evicted[DP_FLOWS_MAIL], 0);
		assert_int_equal(st->flows_refused, 0);
		/* Now there is none left that would give way. What is refused is counted as mail when it says that it is: once. */
		struct dp_test_conn late = dp_test_conn(200);
		dp_test_greet(&t, &late);
		dp_test_say(&t, &late, 0, "MAIL FROM:<anna@example.org>\r\n");
		assert_true(st->flows_refused > 0);
		assert_int_equal(evicted(&t), 12);
		assert_int_equal(t.worker->account[0].seen, 1);
		assert_int_equal(t.worker->account[0].unscanned[CT_REASON_OVERLOAD], 1);
		assert_null(flow_of(&t, 200, 25));
		for (unsigned i = 0; i < 3; i++)
			assert_non_null(flow_of(&t, DP_FLOWS_MAIL * 10 + i, 25));
		dp_test_close(&t);
	}
}

/* Half-open connections have a share of their own: they always get it, and never more. */
static void test_half_open_share(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_init(&t);
	t.config.memory.flows = 64;
	dp_test_open(&t);
	for (unsigned i = 0; i < 60; i++)
		open_flow(&t, i, DP_FLOWS_OTHER);
	for (unsigned i = 0; i < 100; i++) {
		open_flow(&t, 1000 + i, DP_FLOWS_HALF_OPEN);
		assert_int_equal(flows_in(&t, DP_FLOWS_HALF_OPEN), i < 8 ? i + 1 : 8);
	}
	assert_int_equal(flows_in(&t, DP_FLOWS_OTHER), 56);
	assert_int_equal(t.worker->stats.flows_evicted[DP_FLOWS_HALF_OPEN], 92);
	assert_int_equal(t.worker->stats.flows_evicted[DP_FLOWS_OTHER], 4);
	assert_null(flow_of(&t, 1091, 25));
	assert_non_null(flow_of(&t, 1092, 25));
	/* A packet of one side of what is no mail makes no more than that either. */
	for (unsigned i = 0; i < 100; i++) {
		struct dp_test_conn c = dp_test_conn(2000 + i);
		c.port[1] = 443;
		dp_test_say(&t, &c, i % 2, "neither this nor that\r\n");
		assert_int_equal(flows_in(&t, DP_FLOWS_HALF_OPEN), 8);
	}
	dp_test_close(&t);
}

/* What a sender can do who sees no answer does not make an established connection. */
static void test_blind_sender(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 5; way++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		dp_test_init(&t);
		dp_test_open(&t);
		uint32_t isn = c.seq[1];
		switch (way) {
		case 0: /* The number that the server answered with is not known. */
			dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0]++, NULL, 0);
			dp_test_segment(&t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1]++, NULL, 0);
			c.seq[1] = isn + 5000;
			dp_test_say(&t, &c, 0, "EHLO forged\r\n");
			break;
		case 1: /* No SYN was ever sent. */
			dp_test_segment(&t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1]++, NULL, 0);
			dp_test_say(&t, &c, 1, "220 forged\r\n");
			break;
		case 2:
			dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0]++, NULL, 0);
			dp_test_say(&t, &c, 0, "EHLO forged\r\n");
			break;
		case 3: /* In the middle, and the server answers by its own numbers. */
			dp_test_say(&t, &c, 0, "NOOP\r\n");
			c.seq[0] += 100000;
			dp_test_segment(&t, &c, 1, RS_TCP_ACK, isn, NULL, 0);
			break;
		default: /* The same, behind what was forged. */
			dp_test_say(&t, &c, 0, "NOOP\r\n");
			c.seq[0] -= 100000;
			dp_test_say(&t, &c, 1, "220 mx\r\n");
			break;
		}
		assert_int_equal(flows_in(&t, DP_FLOWS_MAIL), 0);
		/* What no receiver accepts waits, and makes nothing of it. */
		assert_int_equal(flows_in(&t, way == 0 ? DP_FLOWS_HALF_OPEN : DP_FLOWS_ONE_SIDED), 1);
		dp_test_close(&t);
	}
}

/* What makes one: a handshake, or in the middle that each acknowledges the other's data. */
static void test_proven(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_init(&t);
	dp_test_open(&t);
	dp_test_shake(&t, &c);
	assert_int_equal(flows_in(&t, DP_FLOWS_MAIL), 1);
	c = dp_test_conn(2);
	dp_test_say(&t, &c, 0, "NOOP\r\n");
	assert_int_equal(flows_in(&t, DP_FLOWS_ONE_SIDED), 1);
	dp_test_say(&t, &c, 1, "250 ok\r\n");
	assert_int_equal(flows_in(&t, DP_FLOWS_ONE_SIDED), 1);
	dp_test_say(&t, &c, 0, "NOOP\r\n");
	assert_int_equal(flows_in(&t, DP_FLOWS_ONE_SIDED), 0);
	assert_int_equal(flows_in(&t, DP_FLOWS_MAIL), 2);
	dp_test_close(&t);
}

/* Also where ports alone tell that it is not mail: a flood of SYNs is no crowd of connections. */
static void test_unanswered_is_worth_less(void **state)
{
	(void)state;
	for (unsigned detect = 0; detect < 2; detect++) {
		struct dp_test t;
		dp_test_init(&t);
		t.config.smtp.detect = detect;
		dp_test_open(&t);
		for (unsigned i = 0; i < 5; i++) {
			struct dp_test_conn c = dp_test_conn(i);
			c.port[1] = 443;
			dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0], NULL, 0);
		}
		assert_int_equal(flows_in(&t, DP_FLOWS_HALF_OPEN), 5);
		for (unsigned i = 0; i < 2; i++) {
			struct dp_test_conn c = dp_test_conn(i);
			c.port[1] = 443;
			dp_test_shake(&t, &c);
		}
		assert_int_equal(flows_in(&t, DP_FLOWS_HALF_OPEN), 3);
		assert_int_equal(flows_in(&t, DP_FLOWS_OTHER), 2);
		dp_test_close(&t);
	}
}

static void test_expiry(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_init(&t);
	t.config.tcp.timeout_closed = 10;
	t.config.tcp.timeout_new = 20;
	t.config.tcp.timeout_established = 40;
	dp_test_open(&t);
	for (unsigned list = 0; list < DP_FLOWS_RESET; list++)
		open_flow(&t, list * 10, list);
	static const unsigned left[] = { 5, 4, 3, 3, 0 };
	for (unsigned i = 0; i < 5; i++) {
		/* 9, 18, ... seconds: before and after each time. */
		assert_int_equal(t.worker->flows.pool.used, i ? left[i - 1] : 5);
		dp_test_tick(&t, i == 0 ? 9 : i == 4 ? 10 : i == 1 ? 5 : 8);
		assert_int_equal(t.worker->flows.pool.used, left[i]);
	}
	assert_int_equal(t.worker->stats.flows_expired, 5);
	/* A packet in between puts it off. */
	struct dp_test_conn c = dp_test_conn(500);
	dp_test_greet(&t, &c);
	for (unsigned i = 0; i < 5; i++) {
		dp_test_tick(&t, 39);
		assert_int_equal(t.worker->flows.pool.used, 1);
		dp_test_say(&t, &c, 0, "NOOP\r\n");
		dp_test_say(&t, &c, 1, "250 ok\r\n");
	}
	/* Time that goes backwards ends nothing. */
	t.time -= UINT64_C(1000000000000);
	dp_test_say(&t, &c, 0, "NOOP\r\n");
	dp_test_tick(&t, 1);
	assert_int_equal(t.worker->flows.pool.used, 1);
	dp_test_close(&t);
}

/* On a port a tick ends no more than so many; the others at the next ones, and they are over all the same. */
static void test_expiry_is_bounded(void **state)
{
	(void)state;
	for (unsigned patient = 0; patient < 2; patient++) {
		struct dp_test t;
		dp_test_init(&t);
		t.patient = patient;
		t.config.memory.flows = 4 * DP_EXPIRE_MAX;
		t.config.memory.half_open = 3 * DP_EXPIRE_MAX;
		dp_test_open(&t);
		for (unsigned i = 0; i < 2 * DP_EXPIRE_MAX + 10; i++)
			open_flow(&t, i, DP_FLOWS_HALF_OPEN);
		for (unsigned i = patient ? 3 : 1; i < 4; i++) {
			dp_test_tick(&t, i == 1 || patient ? t.config.tcp.timeout_new : 0);
			assert_int_equal(t.worker->stats.flows_expired, i < 3 ? i * DP_EXPIRE_MAX : 2 * DP_EXPIRE_MAX + 10);
		}
		dp_test_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_in_the_middle),
		cmocka_unit_test(test_accepted_but_not_seen),
		cmocka_unit_test(test_lost_both_ways),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_port_reuse),
		cmocka_unit_test(test_seen_again),
		cmocka_unit_test(test_same_number_anew),
		cmocka_unit_test(test_second_handshake),
		cmocka_unit_test(test_answered_twice),
		cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_reversed),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_midstream),
		cmocka_unit_test(test_disorder),
		cmocka_unit_test(test_chained),
		cmocka_unit_test(test_wrong_checksums_are_dropped),
		cmocka_unit_test(test_detection),
		cmocka_unit_test(test_detection_midstream),
		cmocka_unit_test(test_http_connect),
		cmocka_unit_test(test_not_mail),
		cmocka_unit_test(test_not_mail_with_data_in_its_syn),
		cmocka_unit_test(test_who_is_evicted),
		cmocka_unit_test(test_half_open_share),
		cmocka_unit_test(test_blind_sender),
		cmocka_unit_test(test_proven),
		cmocka_unit_test(test_unanswered_is_worth_less),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_expiry_is_bounded),
	};
	return cmocka_run_group_tests_name("dp_conn", tests, dp_test_eal, dp_test_eal_stop);
}
