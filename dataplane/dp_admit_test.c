/* SPDX-License-Identifier: Apache-2.0 */
/* Which segments count on a copy of the traffic: what a receiver does not accept hides no program and changes nothing; with a clean twin
 * of each, and what honest ends do that looks like it. */
#include "dataplane/dp_admit.h"
#include "dataplane/dp_anomaly.h"
#include "dataplane/dp_made.h"

#define PIECE 100

struct scene {
	struct dp_test t;
	struct dp_test_conn c;
	struct dp_text mail;
	bool bad;
};

static void acknowledge(struct scene *s)
{
	dp_test_segment(&s->t, &s->c, 1, RS_TCP_ACK, s->c.seq[1], NULL, 0);
}

static void scene_init(struct scene *s, bool bad)
{
	memset(s, 0, sizeof *s);
	dp_test_init(&s->t);
	s->t.config.capture.checksums = CT_CHECKSUMS_AUTO;
	s->c = dp_test_conn(1);
	s->bad = bad;
	if (bad)
		dp_made_infected(&s->mail);
	else
		dp_made_mail(&s->mail, "nothing in it at all, but long enough to be cut into pieces, as the other one is", 80);
}

/* Up to the content. */
static void scene_open(struct scene *s)
{
	dp_test_open(&s->t);
	dp_test_greet(&s->t, &s->c);
	dp_test_envelope(&s->t, &s->c);
}

static size_t piece(const struct scene *s, size_t at)
{
	return s->mail.n - at < PIECE ? s->mail.n - at : PIECE;
}

/* A piece in order, and its acknowledgement. */
static void say_piece(struct scene *s, size_t at)
{
	dp_test_bytes(&s->t, &s->c, 0, s->mail.p + at, piece(s, at));
	acknowledge(s);
}

static void scene_accept(struct scene *s)
{
	dp_test_accept(&s->t, &s->c);
	dp_test_say(&s->t, &s->c, 0, "QUIT\r\n");
	dp_test_say(&s->t, &s->c, 1, "221 bye\r\n");
	dp_test_fins(&s->t, &s->c);
}

static size_t told(const struct scene *s, enum dp_anomaly which)
{
	size_t n = 0;
	for (size_t i = 0; i < dp_test_count(&s->t, CT_ANOMALY); i++)
		n += strstr(dp_test_nth(&s->t, CT_ANOMALY, i)->text, dp_anomaly_name(which)) != NULL;
	return n;
}

static void scene_close(struct scene *s)
{
	dp_text_free(&s->mail);
	dp_test_close(&s->t);
}

/* One message, whole, found; and of what could be told only this, and, where decoys said other bytes, that they did. */
static void scene_end_as(struct scene *s, enum dp_anomaly only, bool contradicted)
{
	assert_int_equal(dp_test_count(&s->t, CT_MESSAGE), 1);
	dp_test_verdict(&s->t, 0, s->bad ? CT_INFECTED : CT_CLEAN, contradicted ? CT_REASON_MALFORMED : CT_REASON_NONE, true);
	assert_int_equal(s->t.worker->stats.tcp_gaps, 0);
	assert_int_equal(told(s, DP_ANOMALY_OVERLAP), contradicted);
	assert_int_equal(dp_test_count(&s->t, CT_ANOMALY), (only != DP_ANOMALY_MAX) + contradicted);
	if (only != DP_ANOMALY_MAX)
		assert_int_equal(told(s, only), 1);
	scene_close(s);
}

static void scene_end(struct scene *s, enum dp_anomaly only)
{
	scene_end_as(s, only, false);
}

/* Decoys: a segment in the place of the next one, that its receiver does not accept. */

enum decoy { OLD_STAMP, NO_ACK, ACK_AHEAD, ACK_BEFORE, SIGNED, DECOYS };

static const struct {
	enum rs_doubt why;
	enum dp_anomaly told; /* whatever it says */
} decoys[DECOYS] = {
	[OLD_STAMP] = { RS_DOUBT_TIMESTAMP, DP_ANOMALY_TIMESTAMP }, [NO_ACK] = { RS_DOUBT_NO_ACK, DP_ANOMALY_NO_ACK },
	[ACK_AHEAD] = { RS_DOUBT_ACK, DP_ANOMALY_MAX },             [ACK_BEFORE] = { RS_DOUBT_ACK_OLD, DP_ANOMALY_ACK },
	[SIGNED] = { RS_DOUBT_SIGNED, DP_ANOMALY_SIGNED },
};

static void deceive(struct scene *s, enum decoy how, const void *p, size_t n)
{
	struct dp_test_conn lie = s->c;
	unsigned flags = RS_TCP_ACK;
	switch (how) {
	case OLD_STAMP:
		lie.tsval[0] -= 100;
		break;
	case NO_ACK:
		flags = RS_TCP_PSH;
		break;
	case ACK_AHEAD:
		lie.seq[1] += 4000;
		break;
	case ACK_BEFORE:
		lie.seq[1] = 76000;
		break;
	case SIGNED:
		memcpy(lie.options, (uint8_t[20]){ 1, 1, 19, 18, 1, 2, 3 }, 20);
		lie.noptions = 20;
		break;
	case DECOYS:
		break;
	}
	dp_test_segment(&s->t, &lie, 0, flags, s->c.seq[0], p, n);
}

/* One before each piece of the message. In the infected one it says other bytes; in its clean twin the same. */
static void test_decoys_before(void **state)
{
	(void)state;
	for (unsigned how = 0; how < DECOYS; how++)
		for (unsigned bad = 0; bad < 2; bad++) {
			struct scene s;
			uint8_t lie[PIECE];
			uint64_t lies = 0;
			memset(lie, 'x', sizeof lie);
			scene_init(&s, bad);
			s.c.timestamps = true;
			s.c.tsval[0] = 0xffffffff - 3; /* and so it wraps */
			scene_open(&s);
			for (size_t at = 0; at < s.mail.n; at += PIECE) {
				s.c.tsval[0] += 2;
				deceive(&s, how, bad ? lie : s.mail.p + at, piece(&s, at));
				lies++;
				dp_test_bytes(&s.t, &s.c, 0, s.mail.p + at, piece(&s, at));
				assert_int_equal(s.t.worker->account[0].held, 1);
				acknowledge(&s);
				assert_int_equal(s.t.worker->account[0].held, 0);
			}
			scene_accept(&s);
			assert_int_equal(s.t.worker->stats.doubts[decoys[how].why], lies);
			assert_int_equal(s.t.worker->account[0].dropped[DP_DROP_INVALID], lies);
			scene_end_as(&s, bad ? dp_admit_anomaly(decoys[how].why) : decoys[how].told, bad);
		}
}

/* In a message with nothing bad in it one decoy says other bytes, before the true ones or after them: what the receiver read of the two
 * cannot be known here, and it is not clean. */
static void test_decoys_that_contradict(void **state)
{
	(void)state;
	for (unsigned how = 0; how < DECOYS; how++)
		for (unsigned after = 0; after < 2; after++) {
			struct scene s;
			uint8_t lie[PIECE];
			memset(lie, 'x', sizeof lie);
			scene_init(&s, false);
			s.c.timestamps = true;
			s.c.tsval[0] = 5000;
			scene_open(&s);
			for (size_t at = 0; at < s.mail.n; at += PIECE) {
				if (at == PIECE && !after)
					deceive(&s, how, lie, piece(&s, at));
				dp_test_bytes(&s.t, &s.c, 0, s.mail.p + at, piece(&s, at));
				if (at == PIECE && after) {
					s.c.seq[0] -= (uint32_t)piece(&s, at);
					deceive(&s, how, lie, piece(&s, at));
					s.c.seq[0] += (uint32_t)piece(&s, at);
				}
				acknowledge(&s);
			}
			scene_accept(&s);
			assert_int_equal(told(&s, DP_ANOMALY_OVERLAP), 1);
			assert_int_equal(told(&s, dp_admit_anomaly(decoys[how].why)), 1);
			assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 1);
			dp_test_verdict(&s.t, 0, CT_UNSCANNED, CT_REASON_MALFORMED, true);
			scene_close(&s);
		}
}

/* Segments with a timestamp far ahead that tell nothing, and reach nobody; and a reset with a decoy behind it, in the place of bytes that
 * wait as well: what comes behind them is as good as ever. */
static void test_stamps_far_ahead(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		static const struct {
			unsigned flags;
			int32_t off, ack;
		} decoy[] = { { RS_TCP_ACK, 0, 0 },
			      { RS_TCP_ACK, -1, 0 },
			      { RS_TCP_ACK, 70000, 0 },
			      { RS_TCP_ACK, 0, 2000 },
			      { RS_TCP_RST | RS_TCP_ACK, 1, 0 } };
		bool bad = i % 2, reset = decoy[i / 2].flags & RS_TCP_RST;
		struct scene s;
		scene_init(&s, bad);
		s.c.timestamps = true;
		s.c.tsval[0] = s.c.tsval[1] = 5000;
		scene_open(&s);
		for (size_t at = 0; at < s.mail.n; at += PIECE) {
			struct dp_test_conn lie = s.c;
			s.c.tsval[0] += 2;
			lie.tsval[0] += 0x70000000;
			lie.seq[1] += (uint32_t)decoy[i / 2].ack;
			dp_test_segment(&s.t, &lie, 0, decoy[i / 2].flags, s.c.seq[0] + (uint32_t)decoy[i / 2].off, NULL, 0);
			if (reset)
				deceive(&s, OLD_STAMP, s.mail.p + at, piece(&s, at));
			say_piece(&s, at);
		}
		scene_accept(&s);
		assert_int_equal(told(&s, DP_ANOMALY_UNACCEPTABLE), 0);
		assert_int_equal(dp_test_count(&s.t, CT_ANOMALY), reset ? 2 : 0);
		assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 1);
		dp_test_verdict(&s.t, 0, bad ? CT_INFECTED : CT_CLEAN, CT_REASON_NONE, true);
		scene_close(&s);
	}
}

/* Copies that come late, whole or as parts of others, some before they are acknowledged, in order and not: networks do that. */
static void test_late_copies(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		bool bad = i & 1, acked = i & 2, held = i & 4, other = i & 8;
		struct scene s;
		scene_init(&s, bad);
		s.c.timestamps = true;
		s.c.tsval[0] = s.c.tsval[1] = 5000;
		scene_open(&s);
		for (size_t at = 0; at < s.mail.n; at += PIECE) {
			size_t n = piece(&s, at);
			struct dp_test_conn early = s.c;
			uint8_t p[PIECE];
			memcpy(p, s.mail.p + at, n);
			if (other && at == PIECE)
				p[n / 2] ^= 1;
			if (held)
				dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, s.c.seq[0] + 10, s.mail.p + at + 10, n - 10);
			s.c.tsval[0] += 20;
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, s.c.seq[0], NULL, 0);
			acknowledge(&s);
			if (held)
				dp_test_segment(&s.t, &early, 0, RS_TCP_ACK, early.seq[0] + 10, p + 10, n - 10);
			dp_test_bytes(&s.t, &s.c, 0, s.mail.p + at, held ? 10 : n);
			s.c.seq[0] = early.seq[0] + (uint32_t)n;
			if (acked)
				acknowledge(&s);
			dp_test_segment(&s.t, &early, 0, RS_TCP_ACK, early.seq[0], p, n);
			acknowledge(&s);
		}
		s.c.tsval[0] += 20;
		scene_accept(&s);
		struct dp_test_conn late = s.c;
		late.tsval[0] = 4000;
		dp_test_segment(&s.t, &late, 0, RS_TCP_FIN | RS_TCP_ACK, s.c.seq[0] - 1, NULL, 0);
		assert_true(s.t.worker->stats.doubts[RS_DOUBT_TIMESTAMP] > 0);
		assert_int_equal(told(&s, DP_ANOMALY_TIMESTAMP), other);
		/* Also below what is acknowledged: whose acknowledgement it was nobody knows. */
		assert_int_equal(told(&s, DP_ANOMALY_OVERLAP), other);
		assert_int_equal(dp_test_count(&s.t, CT_ANOMALY), 2 * other);
		dp_test_verdict(&s.t, 0, bad ? CT_INFECTED : other ? CT_UNSCANNED : CT_CLEAN,
				other ? CT_REASON_MALFORMED : CT_REASON_NONE, true);
		scene_close(&s);
	}
}

/* Its receiver took it after all, or what it had in its place was not seen: read, but not clean. */
static void test_decoys_acknowledged(void **state)
{
	(void)state;
	for (unsigned how = 0; how < DECOYS; how++) {
		struct scene s;
		scene_init(&s, false);
		s.c.timestamps = true;
		s.c.tsval[0] = 5000;
		scene_open(&s);
		deceive(&s, how, s.mail.p, s.mail.n);
		s.c.seq[0] += (uint32_t)s.mail.n;
		assert_int_equal(s.t.worker->account[0].held, 1);
		acknowledge(&s);
		/* What it acknowledges may still be seen. */
		assert_int_equal(s.t.worker->account[0].held, how == ACK_AHEAD);
		scene_accept(&s);
		dp_test_lull(&s.t);
		assert_int_equal(s.t.worker->account[0].held, 0);
		bool odd = decoys[how].told != DP_ANOMALY_MAX;
		assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 1);
		dp_test_verdict(&s.t, 0, odd ? CT_UNSCANNED : CT_CLEAN, odd ? CT_REASON_MALFORMED : CT_REASON_NONE, true);
		assert_int_equal(told(&s, DP_ANOMALY_UNACCEPTABLE), odd);
		scene_close(&s);
	}
}

/* Bytes beyond the window, in the place of true ones that come when it has opened. */
static void test_beyond_the_window(void **state)
{
	(void)state;
	for (unsigned bad = 0; bad < 2; bad++) {
		struct scene s;
		uint8_t lie[PIECE];
		memset(lie, 'x', sizeof lie);
		scene_init(&s, bad);
		s.c.window = PIECE;
		scene_open(&s);
		assert_int_equal(s.t.worker->stats.doubts[RS_DOUBT_WINDOW], 0);
		for (size_t at = 0; at < s.mail.n; at += PIECE) {
			size_t ahead = at + PIECE, n = ahead < s.mail.n ? piece(&s, ahead) : 0;
			if (n)
				dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, s.c.seq[0] + PIECE, bad ? lie : s.mail.p + ahead, n);
			say_piece(&s, at);
		}
		assert_true(s.t.worker->stats.doubts[RS_DOUBT_WINDOW] > 0);
		scene_accept(&s);
		scene_end_as(&s, bad ? DP_ANOMALY_WINDOW : DP_ANOMALY_MAX, bad);
	}
}

/* Resets. */

enum behind { NOTHING, SECONDS, OTHER_SYN, MORE_RESETS, BEHINDS };

/* A reset that did not arrive, or was not taken: the sender goes on, and the receiver with it. */
static void test_reset_that_was_not_taken(void **state)
{
	(void)state;
	static const int32_t off[] = { 0, -1, 1, 500 };
	for (unsigned i = 0; i < 2 * BEHINDS * sizeof off / sizeof *off; i++) {
		unsigned bad = i % 2, behind = i / 2 % BEHINDS;
		int32_t at_off = off[i / 2 / BEHINDS];
		uint32_t reset = 0;
		struct scene s;
		scene_init(&s, bad);
		scene_open(&s);
		for (size_t at = 0; at < s.mail.n; at += PIECE) {
			bool now = at == PIECE;
			uint32_t seq = s.c.seq[0] + (uint32_t)at_off;
			if (now)
				dp_test_segment(&s.t, &s.c, 0, RS_TCP_RST, reset = seq, NULL, 0);
			if (now && behind == SECONDS)
				dp_test_tick(&s.t, s.t.config.tcp.timeout_closed - 1);
			if (now && behind == OTHER_SYN)
				dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN, s.c.seq[0] + 90000, NULL, 0);
			for (unsigned k = 0; now && behind == MORE_RESETS && k < 3; k++)
				dp_test_segment(&s.t, &s.c, 0, RS_TCP_RST | RS_TCP_ACK, seq, NULL, 0);
			say_piece(&s, at);
		}
		scene_accept(&s);
		/* Below what is acknowledged no receiver takes it: it tells nothing. Where all was said before its number, and
		 * soon, it was only seen early. */
		bool counts = at_off >= 0 && (behind == SECONDS || (int32_t)(s.c.seq[0] - reset) > 0);
		assert_int_equal(told(&s, DP_ANOMALY_RST), counts);
		assert_int_equal(told(&s, DP_ANOMALY_SYN), behind == OTHER_SYN);
		assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 1);
		assert_int_equal(s.t.worker->stats.flows, 1);
		dp_test_verdict(&s.t, 0, bad ? CT_INFECTED : CT_CLEAN, CT_REASON_NONE, true);
		scene_close(&s);
	}
}

/* Only the client is seen: nobody's word will come, and who goes on is read on. */
static void test_reset_seen_from_one_side(void **state)
{
	(void)state;
	for (unsigned bad = 0; bad < 2; bad++) {
		struct scene s;
		scene_init(&s, bad);
		dp_test_open(&s.t);
		dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN, s.c.seq[0]++, NULL, 0);
		dp_test_say(&s.t, &s.c, 0, "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n");
		dp_test_segment(&s.t, &s.c, 0, RS_TCP_RST, s.c.seq[0], NULL, 0);
		dp_test_bytes(&s.t, &s.c, 0, s.mail.p, s.mail.n);
		dp_test_say(&s.t, &s.c, 0, ".\r\nQUIT\r\n");
		dp_test_end(&s.t);
		scene_end(&s, DP_ANOMALY_RST);
	}
}

/* What was on its way when the other end gave up: whether somebody took it, or it was seen behind the reset only here, is not known, and
 * it is read; but not after the time that packets are seen out of step by: then nobody took it. */
static void test_in_flight_behind_a_reset(void **state)
{
	(void)state;
	static const unsigned ms[] = { 0, 50, 250 };
	for (unsigned i = 0; i < sizeof ms / sizeof *ms; i++) {
		bool late = ms[i] > 2 * 100;
		struct scene s;
		scene_init(&s, true);
		scene_open(&s);
		dp_test_segment(&s.t, &s.c, 1, RS_TCP_RST, s.c.seq[1], NULL, 0);
		s.t.time += ms[i] * UINT64_C(1000000);
		dp_test_bytes(&s.t, &s.c, 0, s.mail.p, s.mail.n);
		dp_test_say(&s.t, &s.c, 0, ".\r\n");
		dp_test_tick(&s.t, s.t.config.tcp.timeout_closed + 1);
		assert_int_equal(dp_test_count(&s.t, CT_ANOMALY), 0);
		assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 1);
		dp_test_verdict(&s.t, 0, late ? CT_UNSCANNED : CT_INFECTED, late ? CT_REASON_GAP : CT_REASON_NONE, !late);
		assert_int_equal(dp_test_nth(&s.t, CT_MESSAGE, 0)->rec.u.message.delivered == CT_DELIVERED_YES, false);
		assert_int_equal(s.t.worker->account[0].dropped[DP_DROP_INVALID], late ? 2 : 0);
		scene_close(&s);
	}
}

/* The same ports again, soon after a reset in the middle of a message: two connections, as its server says. */
static void test_ports_again_after_a_reset(void **state)
{
	(void)state;
	for (unsigned below = 0; below < 2; below++) {
		struct scene s;
		scene_init(&s, true);
		scene_open(&s);
		dp_test_bytes(&s.t, &s.c, 0, s.mail.p, PIECE);
		dp_test_segment(&s.t, &s.c, 0, RS_TCP_RST, s.c.seq[0], NULL, 0);
		s.c.seq[0] += below ? (uint32_t)-70000 : 70000;
		s.c.seq[1] += 70000;
		dp_test_mail(&s.t, &s.c, &s.mail, PIECE, 0);
		assert_int_equal(s.t.worker->stats.flows, 2);
		assert_int_equal(dp_test_count(&s.t, CT_ANOMALY), 0);
		assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 2);
		dp_test_verdict(&s.t, 0, CT_UNSCANNED, CT_REASON_GAP, false);
		dp_test_verdict(&s.t, 1, CT_INFECTED, CT_REASON_NONE, true);
		scene_close(&s);
	}
}

/* A FIN in the place of data, or ahead of it; acknowledged by chance, as it looks. */
static void test_fin_that_was_not_taken(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		bool bad = i % 2;
		unsigned way = i / 2;
		struct scene s;
		scene_init(&s, bad);
		scene_open(&s);
		for (size_t at = 0; at < s.mail.n; at += PIECE) {
			if (at == PIECE)
				dp_test_segment(&s.t, &s.c, 0, RS_TCP_FIN | RS_TCP_ACK, s.c.seq[0] + (way == 1 ? 50 : 0), NULL, 0);
			if (at == PIECE && way == 2) {
				/* One byte that is seen only after what its receiver said of it. */
				s.c.seq[0]++;
				acknowledge(&s);
				s.c.seq[0]--;
				dp_test_bytes(&s.t, &s.c, 0, s.mail.p + at, 1);
				dp_test_bytes(&s.t, &s.c, 0, s.mail.p + at + 1, piece(&s, at) - 1);
			} else {
				dp_test_bytes(&s.t, &s.c, 0, s.mail.p + at, piece(&s, at));
			}
			acknowledge(&s);
		}
		scene_accept(&s);
		dp_test_lull(&s.t);
		if (way == 2) {
			/* The byte in the FIN's place is lost: that is said. */
			assert_int_equal(told(&s, DP_ANOMALY_FIN), 1);
			assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 1);
			assert_int_not_equal(dp_test_nth(&s.t, CT_MESSAGE, 0)->rec.u.message.verdict, CT_CLEAN);
			scene_close(&s);
		} else {
			scene_end(&s, DP_ANOMALY_FIN);
		}
	}
}

/* SYNs. */

static void test_syn_in_an_open_connection(void **state)
{
	(void)state;
	static const uint32_t off[] = { 0, 1, 500, 1u << 30, (uint32_t)-1 << 30 };
	for (unsigned i = 0; i < 2 * sizeof off / sizeof *off; i++) {
		struct scene s;
		uint8_t lie[PIECE];
		memset(lie, 'x', sizeof lie);
		scene_init(&s, i % 2);
		scene_open(&s);
		for (size_t at = 0; at < s.mail.n; at += PIECE) {
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN, s.c.seq[0] + off[i / 2], lie, sizeof lie);
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN | RS_TCP_ACK, s.c.seq[0] + off[i / 2], lie, sizeof lie);
			say_piece(&s, at);
		}
		scene_accept(&s);
		scene_end(&s, DP_ANOMALY_SYN);
	}
}

/* Another SYN before the answer: the answer tells which one counts. */
static void test_syn_with_another_number(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bool bad = i % 2, first = i / 2;
		struct scene s;
		scene_init(&s, bad);
		dp_test_open(&s.t);
		for (unsigned k = 0; k < 2; k++)
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_SYN, s.c.seq[0] + (k == first ? 777 : 0), NULL, 0);
		dp_test_mail(&s.t, &s.c, &s.mail, PIECE, 0);
		scene_end(&s, DP_ANOMALY_SYN_NUMBER);
	}
}

/* Urgent bytes. */

/* One in the midst of each mark: what the receiver's program reads depends on the receiver. */
static void test_urgent(void **state)
{
	(void)state;
	for (unsigned inl = 0; inl < 2; inl++)
		for (unsigned how = 0; how < 3; how++) {
			struct scene s;
			scene_init(&s, true);
			s.t.config.tcp.urgent = inl ? CT_URGENT_INLINE : CT_URGENT_OOB;
			scene_open(&s);
			for (size_t at = 0; at < s.mail.n; at += PIECE) {
				size_t n = piece(&s, at), mid = n / 2;
				uint8_t with[PIECE + 1];
				memcpy(with, s.mail.p + at, mid);
				with[mid] = '*';
				memcpy(with + mid + 1, s.mail.p + at + mid, n - mid);
				s.c.urgent = (uint16_t)(mid + 1);
				/* Told with the bytes, before them, or after those in front of it. */
				if (how == 1)
					dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK | RS_TCP_URG, s.c.seq[0], NULL, 0);
				if (how == 2) {
					dp_test_bytes(&s.t, &s.c, 0, with, mid);
					s.c.urgent = 0;
					dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK | RS_TCP_URG, s.c.seq[0], with + mid, n + 1 - mid);
				} else {
					dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK | (how == 0 ? RS_TCP_URG : 0), s.c.seq[0], with, n + 1);
				}
				s.c.seq[0] += (uint32_t)(n + 1 - (how == 2 ? mid : 0));
				acknowledge(&s);
			}
			scene_accept(&s);
			assert_int_equal(dp_test_count(&s.t, CT_MESSAGE), 1);
			assert_int_equal(told(&s, DP_ANOMALY_URGENT), 1);
			dp_test_verdict(&s.t, 0, inl ? CT_UNSCANNED : CT_INFECTED, CT_REASON_MALFORMED, true);
			scene_close(&s);
		}
}

/* Multipath TCP. */

static void offer(struct scene *s, unsigned from, unsigned flags, unsigned subtype)
{
	static const uint8_t opt[12] = { 30, 12, 1, 0x81, 1, 2, 3, 4, 5, 6, 7, 8 };
	memcpy(s->c.options, opt, sizeof opt);
	s->c.options[2] |= (uint8_t)(subtype << 4);
	s->c.noptions = subtype == 2 ? 0 : sizeof opt;
	dp_test_segment(&s->t, &s->c, from, flags, s->c.seq[from]++, NULL, 0);
	s->c.noptions = 0;
}

static void test_multipath(void **state)
{
	(void)state;
	/* Each SYN's subtype; 2: none. */
	static const struct {
		unsigned subtype[2];
		bool agreed;
	} t[] = { { { 0, 0 }, true }, { { 0, 2 }, false }, { { 1, 1 }, true }, { { 2, 2 }, false } };
	for (unsigned i = 0; i < 2 * sizeof t / sizeof *t; i++) {
		bool bad = i % 2, agreed = t[i / 2].agreed;
		struct scene s;
		scene_init(&s, bad);
		dp_test_open(&s.t);
		offer(&s, 0, RS_TCP_SYN, t[i / 2].subtype[0]);
		offer(&s, 1, RS_TCP_SYN | RS_TCP_ACK, t[i / 2].subtype[1]);
		dp_test_say(&s.t, &s.c, 1, "220 mx\r\n");
		dp_test_say(&s.t, &s.c, 0, "EHLO x\r\n");
		dp_test_say(&s.t, &s.c, 1, "250 mx\r\n");
		for (unsigned k = 0; k < 2; k++) {
			dp_test_envelope(&s.t, &s.c);
			dp_test_bytes(&s.t, &s.c, 0, s.mail.p, s.mail.n);
			dp_test_accept(&s.t, &s.c);
		}
		for (unsigned k = 0; k < 2; k++)
			dp_test_verdict(&s.t, k, bad ? CT_INFECTED : agreed ? CT_UNSCANNED : CT_CLEAN,
			                agreed ? CT_REASON_UNSUPPORTED : CT_REASON_NONE, true);
		assert_int_equal(s.t.worker->stats.mptcp_seen, agreed);
		scene_close(&s);
	}
}

/* A part of another connection, with nothing in it that looks like mail: counted all the same. */
static void test_multipath_joined(void **state)
{
	(void)state;
	struct scene s;
	scene_init(&s, false);
	dp_test_open(&s.t);
	offer(&s, 0, RS_TCP_SYN, 1);
	offer(&s, 1, RS_TCP_SYN | RS_TCP_ACK, 1);
	dp_test_bytes(&s.t, &s.c, 0, s.mail.p + s.mail.n / 2, PIECE);
	dp_test_end(&s.t);
	assert_int_equal(s.t.worker->account[0].seen, 1);
	assert_int_equal(s.t.worker->account[0].unscanned[CT_REASON_UNSUPPORTED], 1);
	scene_close(&s);
}

/* Honest ends. */

struct frames { /* of a whole connection, in the order of the wire */
	struct {
		uint8_t p[700];
		size_t n;
		unsigned from;
	} v[128];
	size_t n;
};

static void put(struct frames *fs, struct dp_test_conn *c, unsigned from, unsigned flags, const void *p, size_t n)
{
	assert_true(fs->n < sizeof fs->v / sizeof *fs->v);
	c->tsval[from] += 3;
	fs->v[fs->n].from = from;
	fs->v[fs->n].n = dp_test_segment_write(c, from, flags, c->seq[from], p, n, fs->v[fs->n].p);
	fs->n++;
	c->seq[from] += (uint32_t)n + !!(flags & (RS_TCP_SYN | RS_TCP_FIN));
}

static void say(struct frames *fs, struct dp_test_conn *c, unsigned from, const char *text)
{
	put(fs, c, from, RS_TCP_ACK, text, strlen(text));
}

static void talk(struct frames *fs, struct scene *s)
{
	struct dp_test_conn *c = &s->c;
	put(fs, c, 0, RS_TCP_SYN, NULL, 0);
	put(fs, c, 1, RS_TCP_SYN | RS_TCP_ACK, NULL, 0);
	put(fs, c, 0, RS_TCP_ACK, NULL, 0);
	say(fs, c, 1, "220 mx\r\n");
	say(fs, c, 0, "EHLO x\r\n");
	say(fs, c, 1, "250 mx\r\n");
	say(fs, c, 0, "MAIL FROM:<a@example.org>\r\n");
	say(fs, c, 1, "250 ok\r\n");
	say(fs, c, 0, "RCPT TO:<b@example.com>\r\n");
	say(fs, c, 1, "250 ok\r\n");
	say(fs, c, 0, "DATA\r\n");
	say(fs, c, 1, "354 go on\r\n");
	for (size_t at = 0; at < s->mail.n; at += PIECE) {
		put(fs, c, 0, RS_TCP_ACK, s->mail.p + at, piece(s, at));
		if (at / PIECE % 2)
			put(fs, c, 1, RS_TCP_ACK, NULL, 0);
	}
	say(fs, c, 0, ".\r\n");
	say(fs, c, 1, "250 queued\r\n");
	say(fs, c, 0, "QUIT\r\n");
	say(fs, c, 1, "221 bye\r\n");
	put(fs, c, 1, RS_TCP_FIN | RS_TCP_ACK, NULL, 0);
	put(fs, c, 0, RS_TCP_FIN | RS_TCP_ACK, NULL, 0);
	put(fs, c, 1, RS_TCP_ACK, NULL, 0);
}

/* The packets of one direction are seen so many later than they were; the server's also last of all. (All of it first:
 * test_server_first.) */
static void test_out_of_step(void **state)
{
	(void)state;
	for (unsigned late = 0; late < 2; late++)
		for (size_t by = 0; by < (late ? 20 : 11); by++)
			for (unsigned bad = 0; bad < 2; bad++) {
				struct scene s;
				struct frames *fs = calloc(1, sizeof *fs);
				assert_non_null(fs);
				scene_init(&s, bad);
				s.c.timestamps = true;
				talk(fs, &s);
				dp_test_open(&s.t);
				size_t delay = by == 19 ? fs->n : by, next = 0;
				for (size_t i = 0; i < fs->n + delay; i++) {
					if (i < fs->n && fs->v[i].from != late)
						dp_test_frame(&s.t, DP_LINK_ETHERNET, fs->v[i].p, fs->v[i].n);
					for (; next < fs->n && next + delay <= i; next++)
						if (fs->v[next].from == late)
							dp_test_frame(&s.t, DP_LINK_ETHERNET, fs->v[next].p, fs->v[next].n);
				}
				free(fs);
				dp_test_end(&s.t);
				if (dp_test_count(&s.t, CT_MESSAGE) != 1 || s.t.worker->stats.tcp_gaps || dp_test_count(&s.t, CT_ANOMALY)) {
					print_error("late %u by %zu\n", late, by);
					for (size_t i = 0; i < s.t.nfound; i++)
						print_error("%s", s.t.found[i].text);
				}
				scene_end(&s, DP_ANOMALY_MAX);
			}
}

/* A byte of garbage below what is acknowledged; and the window closed, with a byte sent all the same, and again. */
#define IDLE UINT64_C(1000000000) /* who asks whether the other is still there has heard nothing for a while */

static void test_probes(void **state)
{
	(void)state;
	for (unsigned bad = 0; bad < 2; bad++) {
		struct scene s;
		scene_init(&s, bad);
		scene_open(&s);
		for (size_t at = 0; at < s.mail.n; at += PIECE) {
			s.t.time += IDLE;
			dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, s.c.seq[0] - 1, "\xff", 1);
			s.c.window = 0;
			acknowledge(&s);
			for (unsigned k = 0; k < 3; k++)
				dp_test_segment(&s.t, &s.c, 0, RS_TCP_ACK, s.c.seq[0], s.mail.p + at, 1);
			s.c.window = 65535;
			acknowledge(&s);
			say_piece(&s, at);
		}
		scene_accept(&s);
		scene_end(&s, DP_ANOMALY_MAX);
	}
}

/* One side's packets of a whole session; what the other one says is taken as said. */
static void play_side(struct dp_test *t, unsigned side, unsigned messages)
{
	struct dp_test_conn c = dp_test_conn(3);
	static const struct {
		unsigned from;
		const char *text;
	} open[] = { { 1, "220 mx.example.net ESMTP\r\n" }, { 0, "EHLO client.example.org\r\n" }, { 1, "250 mx.example.net\r\n" } },
	  mail[] = { { 0, "MAIL FROM:<a@example.org>\r\n" }, { 1, "250 2.1.0 Ok\r\n" }, { 0, "RCPT TO:<b@example.com>\r\n" },
		     { 1, "250 2.1.5 Ok\r\n" }, { 0, "DATA\r\n" }, { 1, "354 go on\r\n" }, { 0, "Subject: x\r\n\r\ntext\r\n.\r\n" },
		     { 1, "250 2.0.0 queued as 4711\r\n" } };
	c.seq[!side]++;
	dp_test_segment(t, &c, side, side ? RS_TCP_SYN | RS_TCP_ACK : RS_TCP_SYN, c.seq[side], NULL, 0);
	c.seq[side]++;
	for (size_t i = 0, n = sizeof open / sizeof *open; i < n + messages * (sizeof mail / sizeof *mail); i++) {
		size_t k = i < n ? i : (i - n) % (sizeof mail / sizeof *mail);
		unsigned from = i < n ? open[k].from : mail[k].from;
		const char *text = i < n ? open[k].text : mail[k].text;
		if (from == side)
			dp_test_say(t, &c, from, text);
		else
			c.seq[from] += (uint32_t)strlen(text);
		if (from != side)
			dp_test_segment(t, &c, side, RS_TCP_ACK, c.seq[side], NULL, 0);
	}
	dp_test_segment(t, &c, side, RS_TCP_FIN | RS_TCP_ACK, c.seq[side], NULL, 0);
}

/* All of the server's packets, then all of the client's: each reply is read behind what it answers, and no message is invented. */
static void test_server_first(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	play_side(&t, 1, 2);
	assert_int_equal(dp_test_account(&t).held, 9);
	assert_int_equal(t.worker->stats.doubts[RS_DOUBT_AHEAD], 9);
	play_side(&t, 0, 2);
	assert_int_equal(dp_test_account(&t).held, 0);
	assert_int_equal(dp_test_count(&t, CT_MESSAGE), 2);
	for (size_t i = 0; i < 2; i++) {
		dp_test_verdict(&t, i, CT_CLEAN, CT_REASON_NONE, true);
		assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, i), "reply=250 rcpts=1"));
	}
	dp_test_close(&t);
}

/* The client is not in the capture: what was taken unread is told at the end, when five seconds have passed, or when there is no
 * room. */
static void test_server_alone(void **state)
{
	(void)state;
	struct dp_test t;
	for (unsigned way = 0; way < 3; way++) {
		dp_test_begin(&t);
		play_side(&t, 1, way == 2 ? DP_DOUBT_MAX / 4 + 1 : 2);
		size_t told = dp_test_count(&t, CT_MESSAGE);
		assert_int_equal(told > 0, way == 2);
		if (way == 1) {
			struct dp_test_conn c = dp_test_conn(3);
			t.time += UINT64_C(6000000000);
			c.seq[1] += 1 + 26 + 20 + 2 * (14 + 14 + 11 + 26);
			c.seq[0] += 400;
			dp_test_say(&t, &c, 1, "421 bye\r\n");
			assert_int_equal(dp_test_count(&t, CT_MESSAGE), 2);
		}
		dp_test_end(&t);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), way == 2 ? DP_DOUBT_MAX / 4 + 1 : 2);
		dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_GAP, false);
		assert_int_equal(dp_test_account(&t).consumed, t.frames);
		dp_test_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decoys_before),
		cmocka_unit_test(test_decoys_that_contradict),
		cmocka_unit_test(test_stamps_far_ahead),
		cmocka_unit_test(test_late_copies),
		cmocka_unit_test(test_decoys_acknowledged),
		cmocka_unit_test(test_beyond_the_window),
		cmocka_unit_test(test_reset_that_was_not_taken),
		cmocka_unit_test(test_reset_seen_from_one_side),
		cmocka_unit_test(test_in_flight_behind_a_reset),
		cmocka_unit_test(test_ports_again_after_a_reset),
		cmocka_unit_test(test_fin_that_was_not_taken),
		cmocka_unit_test(test_syn_in_an_open_connection),
		cmocka_unit_test(test_syn_with_another_number),
		cmocka_unit_test(test_urgent),
		cmocka_unit_test(test_multipath),
		cmocka_unit_test(test_multipath_joined),
		cmocka_unit_test(test_out_of_step),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_server_first),
		cmocka_unit_test(test_server_alone),
	};
	return cmocka_run_group_tests_name("dp_admit", tests, dp_test_eal, dp_test_eal_stop);
}
