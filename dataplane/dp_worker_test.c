/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's account, and what it does where its memory ends. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include <rte_mempool.h>

#include "dataplane/dp_made.h"
#include "dataplane/dp_protocol.h"
#include "dataplane/dp_session.h"

/* Every packet is counted once. */

static size_t tcp_frame(uint8_t *frame)
{
	struct dp_test_conn c = dp_test_conn(1);
	return dp_test_segment_write(&c, 0, RS_TCP_ACK, 1, "hello", 5, frame);
}

static void test_every_class_of_packet(void **state)
{
	(void)state;
	struct dp_test t;
	uint8_t good[256], f[256];
	size_t n = tcp_frame(good);
	dp_test_init(&t);
	t.config.capture.checksums = CT_CHECKSUMS_VERIFY;
	dp_test_open(&t);
	const struct ct_account *a = t.worker->account;
	const uint64_t *class = t.worker->stats.class_packets;

	dp_test_frame(&t, DP_LINK_ETHERNET, good, n);
	assert_int_equal(class[DP_TCP], 1);
	assert_int_equal(a->consumed, 1);

	memcpy(f, good, n);
	f[12] = 8;
	f[13] = 6; /* ARP */
	dp_test_frame(&t, DP_LINK_ETHERNET, f, n);
	memcpy(f, good, n);
	f[14 + 9] = 17; /* UDP */
	dp_test_frame(&t, DP_LINK_ETHERNET, f, n);
	assert_int_equal(class[DP_OTHER], 2);
	memcpy(f, good, n);
	f[14 + 6] = 0x20; /* more fragments */
	dp_test_frame(&t, DP_LINK_ETHERNET, f, n);
	assert_int_equal(class[DP_FRAGMENT], 1);
	assert_int_equal(a->consumed, 4);

	/* Cut in the headers. */
	for (size_t k = 0; k < 14 + 20 + 20; k++)
		dp_test_frame(&t, DP_LINK_ETHERNET, good, k);
	assert_int_equal(class[DP_TRUNCATED], 54);
	assert_int_equal(a->dropped[DP_DROP_TRUNCATED], 54);

	dp_test_frame(&t, DP_LINK_NULL, "\x12\x34\x56\x78 what is this?", 18);
	assert_int_equal(a->dropped[DP_DROP_BAD_LINK], 1);
	memcpy(f, good, n);
	f[14] = 0x55;
	dp_test_frame(&t, DP_LINK_ETHERNET, f, n);
	assert_int_equal(a->dropped[DP_DROP_BAD_IP], 1);
	memcpy(f, good, n);
	f[14 + 20 + 12] = 4 << 4;
	dp_test_frame(&t, DP_LINK_ETHERNET, f, n);
	assert_int_equal(a->dropped[DP_DROP_BAD_TCP], 1);
	memcpy(f, good, n);
	f[n - 1] ^= 1;
	dp_test_frame(&t, DP_LINK_ETHERNET, f, n);
	assert_int_equal(a->dropped[DP_DROP_BAD_CHECKSUM], 1);
	assert_int_equal(a->consumed, 4);
	assert_int_equal(a->consumed + ct_account_dropped(a), a->received);
	/* Each reason has its name: its class's, where that is why. */
	for (unsigned i = 0; i < DP_DROP_BAD_CHECKSUM; i++)
		assert_string_equal(dp_drop_names[i], dp_class_name(DP_TRUNCATED + i));
	dp_test_close(&t);
}

/* Anything at all, in bursts, with ticks between. */
static void test_random_frames(void **state)
{
	(void)state;
	struct dp_test t;
	uint64_t seed = 9;
	static const char text[] = "220 MAIL FROM:<>\r\nDATA\r\n354";
	uint8_t good[256], f[256];
	dp_test_begin(&t);
	for (unsigned round = 0; round < 3000; round++) {
		struct rte_mbuf *m[DP_BURST];
		uint16_t n = (uint16_t)dp_test_random(&seed, DP_BURST + 1);
		for (unsigned i = 0; i < n; i++) {
			struct dp_test_conn c = dp_test_conn(dp_test_random(&seed, 100));
			size_t len = dp_test_segment_write(&c, dp_test_random(&seed, 2), dp_test_random(&seed, 64),
							   dp_test_random(&seed, 40), text,
							   dp_test_random(&seed, sizeof text), good);
			memcpy(f, good, len);
			for (unsigned k = dp_test_random(&seed, 4); k > 0; k--)
				f[dp_test_random(&seed, (uint32_t)len)] = (uint8_t)dp_test_random(&seed, 256);
			t.chain = dp_test_random(&seed, 2) * 128;
			m[i] = dp_test_mbuf(&t, f,
					    dp_test_random(&seed, 10) ? len : dp_test_random(&seed, (uint32_t)len));
			t.time += 100000000;
			bool tick = dp_test_random(&seed, 20) == 0;
			*dp_meta(m[i]) = (struct dp_meta){ .seq = ++t.seq,
							   .time = t.time,
							   .pcap_cnt = t.seq,
							   .wire_len = dp_test_random(&seed, 300),
							   .link = (uint8_t)(dp_test_random(&seed, 5)
										     ? DP_LINK_ETHERNET
										     : dp_test_random(&seed, 6)),
							   .kind = tick ? DP_TICK : DP_FRAME };
			t.frames += !tick;
		}
		dp_worker_burst(t.worker, m, n);
		dp_test_check(&t);
	}
	assert_true(t.worker->stats.flows > 0 && t.worker->stats.flows_expired > 0 && t.worker->stats.cut_packets > 0);
	dp_test_close(&t);
}

/* Where memory ends. */

/* Several parts; the loader in a zip in a zip. */
static void make_mail(struct dp_text *mail, bool infected)
{
	struct dp_made m;
	struct dp_made_zip inner = { 0 }, outer = { 0 };
	dp_made_zip_add(&inner, "readme.txt", "read me", 7, DP_MADE_STORED);
	dp_made_zip_add(&inner, "tool.scr", dp_made_bad, infected ? strlen(dp_made_bad) : 8, DP_MADE_STORED);
	dp_made_zip_end(&inner);
	dp_made_zip_add(&outer, "more.txt", "more to read", 12, DP_MADE_STORED);
	dp_made_zip_add(&outer, "inner.zip", inner.data.p, inner.data.n, DP_MADE_STORED);
	dp_made_zip_end(&outer);
	dp_made_base64(&m, outer.data.p, outer.data.n, NULL);
	dp_made_message(mail, "base64", "outer.zip", &m.text);
	dp_made_free(&m);
	dp_made_zip_free(&inner);
	dp_made_zip_free(&outer);
}

/* How the client's bytes travel. */
enum travel { WHOLE, BYTES, SWAPPED, TRAVELS };

static void send_bytes(struct dp_test *t, struct dp_test_conn *c, unsigned from, const void *p, size_t n,
		       enum travel how)
{
	const uint8_t *in = p;
	size_t step = how == WHOLE ? n : how == BYTES ? 1 : 40;
	for (size_t at = 0; at < n; at += 2 * step) {
		size_t first = n - at < step ? n - at : step, second = n - at - first < step ? n - at - first : step;
		uint32_t seq = c->seq[from];
		if (how == SWAPPED && second) {
			dp_test_segment(t, c, from, RS_TCP_ACK, seq + (uint32_t)first, in + at + first, second);
			dp_test_segment(t, c, from, RS_TCP_ACK, seq, in + at, first);
		} else {
			dp_test_segment(t, c, from, RS_TCP_ACK, seq, in + at, first);
			if (second)
				dp_test_segment(t, c, from, RS_TCP_ACK, seq + (uint32_t)first, in + at + first, second);
		}
		c->seq[from] += (uint32_t)(first + second);
	}
}

static void send_text(struct dp_test *t, struct dp_test_conn *c, unsigned from, const char *text, enum travel how)
{
	send_bytes(t, c, from, text, strlen(text), how);
}

/* Two messages on one connection, with commands sent ahead. */
static void two_mails(struct dp_test *t, const struct dp_text *mail, enum travel how, unsigned number)
{
	struct dp_test_conn c = dp_test_conn(number);
	dp_test_shake(t, &c);
	send_text(t, &c, 1, "220 mx.example.com ESMTP\r\n", how);
	send_text(t, &c, 0, "EHLO client.example.org\r\n", how);
	send_text(t, &c, 1, "250-mx.example.com\r\n250 PIPELINING\r\n", how);
	for (unsigned i = 0; i < 2; i++) {
		send_text(t, &c, 0,
			  "MAIL FROM:<anna@example.org>\r\nRCPT TO:<bela@example.com>\r\nRCPT "
			  "TO:<cleo@example.com>\r\nDATA\r\n",
			  how);
		send_text(t, &c, 1, "250 ok\r\n250 ok\r\n550 no such user\r\n354 go on\r\n", how);
		send_bytes(t, &c, 0, mail->p, mail->n, how);
		send_text(t, &c, 0, ".\r\n", how);
		send_text(t, &c, 1, "250 2.0.0 queued as 4711\r\n", how);
	}
	send_text(t, &c, 0, "QUIT\r\n", how);
	send_text(t, &c, 1, "221 bye\r\n", how);
	dp_test_fins(t, &c);
}

/* With all but `left` objects of the pool taken away: an accounted verdict, never clean for what was not read.
 * True when nothing was missing. */
static bool starve(size_t pool, uint32_t left, enum travel how, const struct dp_text *mail, bool infected)
{
	struct dp_test t;
	struct dp_hostage h;
	dp_test_begin(&t);
	struct rs_pool *p = (struct rs_pool *)(void *)((char *)t.worker + pool);
	dp_hostage_take(&h, p, left);
	two_mails(&t, mail, how, 1);
	dp_test_end(&t);

	const struct ct_account *a = t.worker->account;
	bool enough = p->failed == 0;
	assert_true(a->seen >= 1);
	assert_true(ct_account_balanced(a));
	assert_int_equal(a->verdict[CT_SUSPICIOUS], 0);
	if (infected)
		assert_int_equal(a->verdict[CT_CLEAN], 0);
	else
		assert_int_equal(a->verdict[CT_INFECTED], 0);
	if (enough) {
		assert_int_equal(a->seen, 2);
		assert_int_equal(a->verdict[infected ? CT_INFECTED : CT_CLEAN], 2);
	}
	/* Only for want of room, or for what came of it. */
	assert_int_equal(ct_account_unscanned(a), a->unscanned[CT_REASON_OVERLOAD] + a->unscanned[CT_REASON_LIMIT] +
							  a->unscanned[CT_REASON_GAP]);
	dp_hostage_free(&h);

	/* With all of it back, all is well again. */
	t.worker->ended = false;
	uint64_t before = a->verdict[infected ? CT_INFECTED : CT_CLEAN];
	two_mails(&t, mail, how, 2);
	assert_int_equal(a->verdict[infected ? CT_INFECTED : CT_CLEAN], before + 2);
	dp_test_close(&t);
	return enough;
}

static void test_every_pool_found_empty(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		bool unread; /* without it, some of the message is not looked into */
	} pools[] = {
		{ "segments", offsetof(struct dp_worker, segments), true },
		{ "sessions", offsetof(struct dp_worker, inspect.sessions), true },
		{ "lines", offsetof(struct dp_worker, inspect.lines), false },
		{ "headers", offsetof(struct dp_worker, inspect.headers), true },
		{ "messages", offsetof(struct dp_worker, inspect.messages), true },
		{ "contents", offsetof(struct dp_worker, inspect.contents), true },
		{ "files", offsetof(struct dp_worker, inspect.files), true },
		{ "zips", offsetof(struct dp_worker, inspect.zips), true },
		{ "records", offsetof(struct dp_worker, inspect.records), true },
		{ "blocks", offsetof(struct dp_worker, inspect.blocks), false },
	};
	(void)state;
	for (unsigned infected = 0; infected < 2; infected++) {
		struct dp_text mail = { 0 };
		make_mail(&mail, infected);
		for (unsigned i = 0; i < sizeof pools / sizeof pools[0]; i++)
			for (unsigned how = 0; how < TRAVELS; how++) {
				uint32_t left = 0;
				while (!starve(pools[i].at, left, how, &mail, infected))
					if (++left > 120)
						fail_msg("%s: 120 are not enough for two messages", pools[i].name);
				/* It can fail: each is needed. */
				if (left == 0 && !(i == 0 && how != SWAPPED) && !(i == 2 && how == WHOLE))
					fail_msg("%s: never asked", pools[i].name);
			}
		dp_text_free(&mail);
	}
}

/* Three multiparts in one another, with boundaries that take a block beside the header section's. */
static void make_nested(struct dp_text *mail, bool infected)
{
	struct dp_made m;
	char boundary[3][121];
	dp_made_base64(&m, dp_made_bad, infected ? strlen(dp_made_bad) : 8, NULL);
	for (int i = 0; i < 3; i++) {
		memset(boundary[i], 'a' + i, 120);
		boundary[i][120] = 0;
		dp_text_printf(mail, "Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n", boundary[i], boundary[i]);
	}
	dp_text_printf(mail, "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	dp_text_put(mail, m.text.p, m.text.n);
	for (int i = 3; i-- > 0;)
		dp_text_printf(mail, "--%s--\r\n", boundary[i]);
	dp_made_free(&m);
}

static void test_long_boundaries_find_no_room(void **state)
{
	(void)state;
	for (unsigned infected = 0; infected < 2; infected++) {
		struct dp_text mail = { 0 };
		make_nested(&mail, infected);
		for (unsigned how = 0; how < TRAVELS; how++) {
			assert_false(starve(offsetof(struct dp_worker, inspect.headers), 1, how, &mail, infected));
			assert_true(starve(offsetof(struct dp_worker, inspect.headers), 2, how, &mail, infected));
		}
		dp_text_free(&mail);
	}
}

/* A session's tunnel is in a pool of its own: without room its records do not tell it, and nothing else changes. */
static void test_tunnels_that_find_no_room(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	struct dp_inspect *ins = &t.worker->inspect;
	struct dp_flow f[18] = { 0 };
	struct dp_session *s[18];
	struct ct_flow told;
	assert_int_equal(ins->tunnels.size, 16);
	for (unsigned i = 0; i < 18; i++) {
		f[i].session = s[i] = dp_session_begin(ins, &f[i], false);
		assert_non_null(s[i]);
		dp_session_came_by(s[i], &(struct ct_tunnel){ .sport = (uint16_t)i, .depth = 1 });
		dp_protocol_identify(&f[i], &told);
		assert_int_equal(told.tunnel.depth, i < 16);
		assert_int_equal(told.tunnel.sport, i < 16 ? i : 0);
	}
	assert_int_equal(ins->tunnels.failed, 2);
	/* One ends: there is room for another. */
	dp_session_end(s[3], CT_REASON_NONE);
	dp_session_came_by(s[17], &(struct ct_tunnel){ .sport = 17, .depth = 2 });
	dp_protocol_identify(&f[17], &told);
	assert_int_equal(told.tunnel.depth, 2);
	for (unsigned i = 0; i < 18; i++)
		if (i != 3)
			dp_session_end(s[i], CT_REASON_NONE);
	dp_test_close(&t);
}

/* What must be said of a clean message when this much is missing. */
static void test_what_empty_pools_are_called(void **state)
{
	static const struct {
		size_t at;
		uint32_t left;
		enum ct_reason reason;
		size_t counter; /* in dp_inspect_stats; or 0 */
		unsigned records;
	} cases[] = {
		{ offsetof(struct dp_inspect, sessions), 0, CT_REASON_OVERLOAD,
		  offsetof(struct dp_inspect_stats, sessions_refused), 0 },
		{ offsetof(struct dp_inspect, messages), 0, CT_REASON_OVERLOAD, 0, 0 },
		{ offsetof(struct dp_inspect, contents), 0, CT_REASON_OVERLOAD,
		  offsetof(struct dp_inspect_stats, no_content), 2 },
		{ offsetof(struct dp_inspect, records), 0, CT_REASON_OVERLOAD,
		  offsetof(struct dp_inspect_stats, no_record), 0 },
		/* All of it is one text then, in which the attachments stand in base64. */
		{ offsetof(struct dp_inspect, headers), 0, CT_REASON_OVERLOAD, 0, 12 },
		{ offsetof(struct dp_inspect, files), 0, CT_REASON_OVERLOAD, offsetof(struct dp_inspect_stats, no_file),
		  2 },
		{ offsetof(struct dp_inspect, files), 1, CT_REASON_OVERLOAD, offsetof(struct dp_inspect_stats, no_file),
		  4 },
		{ offsetof(struct dp_inspect, zips), 0, CT_REASON_OVERLOAD, offsetof(struct dp_inspect_stats, no_zip), 4 },
		{ offsetof(struct dp_inspect, zips), 1, CT_REASON_OVERLOAD, offsetof(struct dp_inspect_stats, no_zip), 8 },
	};
	(void)state;
	struct dp_text mail = { 0 };
	make_mail(&mail, false);
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dp_test t;
		struct dp_hostage h;
		dp_test_begin(&t);
		dp_hostage_take(&h, (struct rs_pool *)(void *)((char *)&t.worker->inspect + cases[i].at),
				cases[i].left);
		two_mails(&t, &mail, WHOLE, 1);
		dp_test_end(&t);
		const struct ct_account *a = t.worker->account;
		/* A session that was not read counts as one message. */
		unsigned seen = i == 0 ? 1 : 2;
		assert_int_equal(a->seen, seen);
		assert_int_equal(a->unscanned[cases[i].reason], seen);
		if (cases[i].counter) {
			uint64_t n;
			memcpy(&n, (char *)&t.worker->inspect.stats + cases[i].counter, sizeof n);
			assert_true(n > 0);
		}
		assert_int_equal(t.nfound, cases[i].records);
		for (size_t k = 0; k < dp_test_count(&t, CT_MESSAGE); k++)
			dp_test_verdict(&t, k, CT_UNSCANNED, cases[i].reason, true);
		dp_hostage_free(&h);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

static void test_streams_found_empty(void **state)
{
	(void)state;
	for (unsigned infected = 0; infected < 2; infected++) {
		struct dp_text mail = { 0 };
		make_mail(&mail, infected);
		for (unsigned b = 0; b < MT_BUFFER_MAX; b++)
			for (unsigned left = 0; left < 6; left++) {
				struct dp_test t;
				struct mt_stream *taken[256];
				unsigned n = 0;
				dp_test_begin(&t);
				struct mt_worker *mt = t.worker->inspect.matcher;
				while ((taken[n] = mt_stream_open(mt, b)))
					n++;
				for (unsigned i = 0; i < left; i++)
					mt_stream_end(mt, taken[--n], NULL, NULL);
				two_mails(&t, &mail, WHOLE, 1);
				dp_test_end(&t);
				const struct ct_account *a = t.worker->account;
				assert_int_equal(a->seen, 2);
				/* A file and its members, one at a time: three streams, and one for the encoded text. */
				bool enough = left >= (b == MT_FILE_DATA ? 3 : 1);
				assert_int_equal(t.worker->inspect.stats.no_stream > 0, !enough);
				if (enough) {
					assert_int_equal(a->verdict[infected ? CT_INFECTED : CT_CLEAN], 2);
				} else {
					assert_int_equal(a->verdict[CT_CLEAN], 0);
					assert_int_equal(a->verdict[CT_INFECTED] + a->unscanned[CT_REASON_OVERLOAD], 2);
					/* What was not matched was not opened. */
					if (b == MT_FILE_DATA)
						assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)
									 ->rec.u.message.attachments_opened,
								 0);
				}
				while (n > 0)
					mt_stream_end(mt, taken[--n], NULL, NULL);
				dp_test_close(&t);
			}
		dp_text_free(&mail);
	}
}

/* The limits of one message. */
static void test_limits(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	make_mail(&mail, false);
	for (unsigned i = 0; i < 5; i++) {
		struct dp_test t;
		dp_test_init(&t);
		switch (i) {
		case 0:
			t.config.limits.archive_depth = 0;
			break;
		case 1:
			t.config.limits.archive_depth = 1;
			break;
		case 2:
			t.config.limits.archive_members = 3;
			break;
		case 3:
			t.config.limits.mime_parts = 1;
			break;
		case 4:
			t.config.limits.note_blocks = 4;
			break;
		}
		dp_test_open(&t);
		two_mails(&t, &mail, WHOLE, 1);
		bool text = i == 4;
		dp_test_verdict(&t, 0, text ? CT_CLEAN : CT_UNSCANNED, text ? CT_REASON_NONE : CT_REASON_LIMIT, true);
		const struct dp_inspect_stats *s = &t.worker->inspect.stats;
		assert_int_equal(s->archive_limit > 0, i < 2);
		assert_int_equal(s->member_limit > 0, i == 2);
		dp_test_close(&t);
	}
	dp_text_free(&mail);

	/* Text beyond note_blocks: counted, and what is there is whole. */
	struct dp_test t;
	dp_test_init(&t);
	t.config.limits.note_blocks = 4;
	dp_test_open(&t);
	struct dp_test_conn c = dp_test_conn(1);
	make_mail(&mail, true);
	dp_test_greet(&t, &c);
	dp_test_say(&t, &c, 0, "MAIL FROM:<a@b>\r\n");
	dp_test_say(&t, &c, 1, "250 ok\r\n");
	for (unsigned i = 0; i < 400; i++) {
		char line[64];
		snprintf(line, sizeof line, "RCPT TO:<recipient-%u@example.com>\r\n", i);
		dp_test_say(&t, &c, 0, line);
		dp_test_say(&t, &c, 1, "250 ok\r\n");
	}
	dp_test_say(&t, &c, 0, "DATA\r\n");
	dp_test_say(&t, &c, 1, "354 go\r\n");
	dp_test_bytes(&t, &c, 0, mail.p, mail.n);
	dp_test_accept(&t, &c);
	dp_test_fins(&t, &c);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	const struct dp_found *m = dp_test_nth(&t, CT_MESSAGE, 0);
	assert_int_equal(m->rec.u.message.rcpts, 400);
	assert_true(dp_test_has(m, "to10=recipient-10@example.com"));
	assert_true(dp_test_has(m, "lost-notes"));
	assert_true(t.worker->inspect.stats.note_limit > 0);
	dp_text_free(&mail);
	dp_test_close(&t);
}

/* More connections, sessions and messages at once than there is room for, in any order. */
static void test_crowd(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	make_mail(&mail, true);
	for (uint64_t round = 0; round < 12; round++) {
		enum { CONNS = 60 };
		struct dp_test_conn c[CONNS];
		unsigned step[CONNS] = { 0 };
		size_t at[CONNS] = { 0 };
		struct dp_test t;
		uint64_t seed = round;
		dp_test_init(&t);
		t.config.memory.flows = 8 + dp_test_random(&seed, 64);
		t.config.memory.sessions = 4 + dp_test_random(&seed, 64);
		t.config.memory.messages = 2 + dp_test_random(&seed, 20);
		t.config.memory.records = 8 + dp_test_random(&seed, 100);
		t.config.memory.blocks = 20 + dp_test_random(&seed, 400);
		t.config.memory.segments = 1 + dp_test_random(&seed, 20);
		dp_test_open(&t);
		for (unsigned i = 0; i < CONNS; i++)
			c[i] = dp_test_conn(i);
		for (unsigned turn = 0; turn < 20000; turn++) {
			unsigned i = dp_test_random(&seed, CONNS);
			size_t n;
			switch (step[i]) {
			case 0:
				dp_test_greet(&t, &c[i]);
				step[i]++;
				break;
			case 1:
				dp_test_envelope(&t, &c[i]);
				step[i]++;
				at[i] = 0;
				break;
			case 2:
				n = 1 + dp_test_random(&seed, 300);
				if (n > mail.n - at[i])
					n = mail.n - at[i];
				if (dp_test_random(&seed, 50) == 0) /* lost */
					c[i].seq[0] += (uint32_t)n;
				else
					dp_test_bytes(&t, &c[i], 0, mail.p + at[i], n);
				at[i] += n;
				step[i] += at[i] == mail.n;
				break;
			case 3:
				dp_test_accept(&t, &c[i]);
				step[i] = dp_test_random(&seed, 3) ? 1 : 4;
				break;
			case 4:
				if (dp_test_random(&seed, 2))
					dp_test_fins(&t, &c[i]);
				else
					dp_test_segment(&t, &c[i], 0, RS_TCP_RST, c[i].seq[0], NULL, 0);
				c[i] = dp_test_conn(i);
				c[i].seq[0] = dp_test_random(&seed, UINT32_MAX);
				step[i] = 0;
				break;
			}
			if (dp_test_random(&seed, 2000) == 0)
				dp_test_tick(&t, 100);
		}
		dp_test_end(&t);
		const struct ct_account *a = t.worker->account;
		/* Every message carries the loader; one that was given up by its own end may have none of it. */
		assert_true(a->verdict[CT_INFECTED] > 0);
		for (size_t i = 0; i < t.nfound; i++)
			if (t.found[i].rec.kind == CT_MESSAGE && t.found[i].rec.u.message.complete)
				assert_int_not_equal(t.found[i].rec.u.message.verdict, CT_CLEAN);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* Records. */

struct control { /* gives records back, late */
	struct dp_worker *w;
	pthread_t thread;
	_Atomic bool stop;
	uint64_t infected, taken;
};

static void *give_back(void *arg)
{
	struct control *c = arg;
	bool stop;
	do {
		void *v;
		stop = atomic_load(&c->stop);
		nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
		while (rte_ring_sc_dequeue(c->w->records, &v) == 0) {
			const struct ct_record *r = v;
			c->infected += r->kind == CT_MESSAGE && r->u.message.verdict == CT_INFECTED;
			c->taken++;
			rte_ring_sp_enqueue(c->w->done, v);
		}
	} while (!stop);
	return NULL;
}

/* Where packets can wait, no record is lost for want of room, however slow control is. */
static void test_patience(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	make_mail(&mail, true);
	for (unsigned patient = 0; patient < 2; patient++) {
		struct dp_test t;
		dp_test_init(&t);
		t.patient = patient;
		t.config.memory.records = 8;
		dp_test_open(&t);
		struct control c = { .w = t.worker };
		const struct ct_account *a = t.worker->account;
		if (patient) {
			assert_int_equal(pthread_create(&c.thread, NULL, give_back, &c), 0);
			for (unsigned i = 0; i < 40; i++)
				two_mails(&t, &mail, WHOLE, i);
			atomic_store(&c.stop, true);
			pthread_join(c.thread, NULL);
			assert_int_equal(a->verdict[CT_INFECTED], 80);
			assert_int_equal(c.infected, 80);
			assert_int_equal(c.taken, 80 * 6);
			assert_int_equal(t.worker->inspect.stats.no_record, 0);
		} else {
			/* Nobody gives any back. */
			for (unsigned i = 0; i < 40; i++) {
				struct dp_test_conn k = dp_test_conn(i);
				t.patient = true; /* the test does not take them */
				dp_test_mail(&t, &k, &mail, 0, 0);
			}
			t.patient = false;
			assert_int_equal(a->seen, 40);
			assert_true(a->unscanned[CT_REASON_OVERLOAD] > 30);
			assert_int_equal(a->verdict[CT_CLEAN], 0);
			assert_true(t.worker->inspect.stats.no_record > 0);
		}
		t.patient = false;
		dp_test_close(&t);
	}
	dp_text_free(&mail);
}

/* Messages under way hold all records: waiting would be for ever. */
static void test_patience_has_an_end(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_init(&t);
	t.patient = true;
	t.config.memory.records = 4;
	dp_test_open(&t);
	struct dp_test_conn c[6];
	for (unsigned i = 0; i < 6; i++) {
		c[i] = dp_test_conn(i);
		dp_test_greet(&t, &c[i]);
		dp_test_envelope(&t, &c[i]);
	}
	assert_int_equal(t.worker->account[0].seen, 6);
	t.patient = false;
	for (unsigned i = 0; i < 6; i++) {
		dp_test_say(&t, &c[i], 0, "Subject: x\r\n\r\nhello\r\n");
		dp_test_accept(&t, &c[i]);
		dp_test_fins(&t, &c[i]);
	}
	assert_int_equal(t.worker->account[0].verdict[CT_CLEAN], 4);
	assert_int_equal(t.worker->account[0].unscanned[CT_REASON_OVERLOAD], 2);
	dp_test_close(&t);
}

/* A source of packets, and what is said of progress. */

struct source {
	struct rte_mbuf *m[64];
	unsigned n;
};

static uint16_t source_rx(void *source, struct rte_mbuf **m, uint16_t n)
{
	struct source *s = source;
	uint16_t k = s->n < n ? (uint16_t)s->n : n;
	memcpy(m, s->m, k * sizeof *m);
	memmove(s->m, s->m + k, (s->n - k) * sizeof *m);
	s->n -= k;
	return k;
}

static void test_progress(void **state)
{
	(void)state;
	struct dp_test t;
	struct source s = { .n = 0 };
	_Atomic uint64_t dispatched = 0;
	uint8_t frame[256];
	size_t n = tcp_frame(frame);
	dp_test_begin(&t);
	t.worker->rx = source_rx;
	t.worker->source = &s;
	t.worker->dispatched = &dispatched;
	assert_int_equal(dp_worker_poll(t.worker), 0);
	assert_int_equal(t.worker->progress, 0);
	/* 40 frames: two bursts; others' packets lie between. */
	for (unsigned i = 0; i < 40; i++) {
		s.m[s.n] = dp_test_mbuf(&t, frame, n);
		*dp_meta(s.m[s.n++]) = (struct dp_meta){
			.seq = 10 * (i + 1), .time = t.time, .wire_len = (uint32_t)n, .kind = DP_FRAME
		};
	}
	t.frames += 40;
	dispatched = 405;
	assert_int_equal(dp_worker_poll(t.worker), DP_BURST);
	assert_int_equal(t.worker->progress, 320);
	assert_int_equal(dp_worker_poll(t.worker), 8);
	assert_int_equal(t.worker->progress, 400);
	/* Nothing left of what was dispatched: all of it is done. */
	assert_int_equal(dp_worker_poll(t.worker), 0);
	assert_int_equal(t.worker->progress, 405);
	s.m[s.n] = dp_test_mbuf(&t, frame, n);
	*dp_meta(s.m[s.n++]) = (struct dp_meta){ .seq = 406, .time = t.time, .kind = DP_END };
	assert_int_equal(dp_worker_run(t.worker), 0);
	assert_int_equal(t.worker->progress, 406);
	assert_true(t.worker->ended);
	dp_test_close(&t);
}

/* Made and freed again, with and without work done; and names for every counter. */
static void test_made_again(void **state)
{
	(void)state;
	struct dp_text mail = { 0 };
	make_mail(&mail, true);
	for (unsigned i = 0; i < 30; i++) {
		struct dp_test t;
		dp_test_init(&t);
		if (i % 3 == 2)
			t.config.files.sha256 = CT_SHA256_NONE;
		dp_test_open(&t);
		if (i % 2)
			two_mails(&t, &mail, SWAPPED, i);
		if (i == 29) {
			struct ct_counter c[128];
			size_t n = dp_worker_counters(&t.worker, 1, c, 128),
			       more = dp_worker_counters((struct dp_worker *[]){ t.worker, t.worker }, 2, c, 128);
			assert_int_equal(n, more);
			assert_true(n > 5 && n < 128);
			assert_int_equal(dp_worker_counters(&t.worker, 1, c, 3), 3);
		}
		dp_test_close(&t);
	}
	dp_text_free(&mail);
	/* More than there is. */
	struct dp_test t;
	char err[256];
	struct dp_worker *w;
	dp_test_init(&t);
	t.config.memory.flows = 16777216;
	struct dp_worker_config wc = { .config = &t.config, .rules = dp_test_rules() };
	assert_int_equal(dp_worker_create(&wc, &w, err, sizeof err), -ENOMEM);
	assert_null(w);
	assert_non_null(strstr(err, "memory"));
	ct_config_free(&t.config);
}

/* A segment that its frame never held whole is nobody's; one that the capture has not kept whole was its receiver's. */
static void test_longer_than_its_frame(void **state)
{
	(void)state;
	for (unsigned kept = 0; kept < 2; kept++) {
		struct dp_test t;
		struct dp_text mail = { 0 };
		struct dp_test_conn c = dp_test_conn(1);
		uint8_t frame[2048], other[1024];
		make_mail(&mail, true);
		assert_true(mail.n < sizeof other);
		memset(other, 'x', sizeof other);
		dp_test_begin(&t);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		size_t n = dp_test_segment_write(&c, 0, RS_TCP_ACK, c.seq[0], other, mail.n, frame);
		struct rte_mbuf *m = dp_test_mbuf(&t, frame, n - 3);
		uint32_t on_wire = (uint32_t)(kept ? n : n - 3);
		*dp_meta(m) = (struct dp_meta){ .seq = ++t.seq, .time = t.time, .wire_len = on_wire, .kind = DP_FRAME };
		t.frames++;
		dp_worker_burst(t.worker, &m, 1);
		dp_test_bytes(&t, &c, 0, mail.p, mail.n);
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		assert_int_equal(t.worker->account[0].dropped[DP_DROP_TRUNCATED], !kept);
		assert_int_equal(t.worker->account[0].verdict[CT_INFECTED], !kept);
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_class_of_packet),
		cmocka_unit_test(test_random_frames),
		cmocka_unit_test(test_every_pool_found_empty),
		cmocka_unit_test(test_long_boundaries_find_no_room),
		cmocka_unit_test(test_tunnels_that_find_no_room),
		cmocka_unit_test(test_what_empty_pools_are_called),
		cmocka_unit_test(test_streams_found_empty),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_patience_has_an_end),
		cmocka_unit_test(test_longer_than_its_frame),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_made_again),
	};
	return cmocka_run_group_tests_name("dp_worker", tests, dp_test_eal, dp_test_eal_stop);
}
