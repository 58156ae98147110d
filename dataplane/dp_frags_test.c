/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments through a worker: between two ports, beside a mirror, at the limits. dp_test asserts after each frame that both
 * sums hold. */
#include <rte_mempool.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_frags.h"
#include "dataplane/dp_inline_seen.h"

static uint64_t sum_dropped(const struct dp_test *t, enum dp_drop why)
{
	return dp_test_account(t).dropped[why];
}

/* Beside a mirror; to be opened. */
static void init_mirror(struct dp_test *t)
{
	dp_test_init(t);
	t->use = DP_USE_MIRROR;
}

/* No fragment has left, each frame fits an Ethernet, and all checksums are right. */
static void only_segments_left(const struct dp_seen *s)
{
	for (size_t i = 0; i < s->t.nsent; i++) {
		const struct dp_sent *f = &s->t.sent[i];
		assert_true(f->pkt.ip_version != 0);
		assert_true(f->n <= 1514);
		assert_int_equal(f->pkt.payload_missing, 0);
		if (f->pkt.ip_version == 4)
			assert_true(dp_packet_checksum_ip(f->p + f->pkt.l3_off));
		assert_true(dp_packet_checksum_tcp(&f->pkt, f->p + f->pkt.l4_off, f->pkt.tcp_hdr_len + f->pkt.payload_len));
	}
}

static const uint32_t sizes[] = { 8, 24, 256, 1448 };

/* A whole session in fragments, of both directions; a message's segment is as long as a datagram may be. */
static void clean_mail_passes_in_segments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (unsigned kind = 0; kind < 8; kind++) {
			struct dp_seen s;
			struct dp_text mail = { 0 }, all = { 0 };
			if (sizes[i] < 20 && kind & 2)
				continue; /* no IPv6 host takes them */
			dp_seen_init(&s);
			s.t.config.capture.checksums = CT_CHECKSUMS_VERIFY;
			s.t.config.ip.fragments_max = 8192;
			s.t.config.memory.fragments = 1024;
			s.t.cut = sizes[i];
			s.t.backwards = kind & 1;
			s.c.v6 = kind & 2;
			s.c.timestamps = kind & 4;
			dp_seen_open(&s);
			dp_made_mail(&mail, "quite harmless", 14);
			while (sizes[i] > 24 && mail.n < 30000)
				dp_text_printf(&mail, "a line more %zu\r\n", mail.n);
			dp_test_mail(&s.t, &s.c, &mail, 0, 0);
			only_segments_left(&s);
			struct dp_text server = dp_seen_at_server(&s);
			dp_text_printf(&all, "EHLO client.example.org\r\nMAIL FROM:<anna@example.org>\r\nRCPT TO:<bela@example.com>\r\nDATA\r\n");
			dp_text_put(&all, mail.p, mail.n);
			dp_text_printf(&all, ".\r\nQUIT\r\n");
			assert_int_equal(server.n, all.n);
			assert_memory_equal(server.p, all.p, all.n);
			dp_test_verdict(&s.t, 0, CT_CLEAN, CT_REASON_NONE, true);
			struct ct_account a = dp_test_account(&s.t);
			/* What is shorter than a fragment came whole. */
			assert_int_equal(a.received, a.consumed + a.forwarded);
			assert_int_equal(a.injected + a.forwarded, s.t.nsent);
			assert_true(a.injected > 0 && a.consumed > a.forwarded);
			dp_seen_close(&s);
			dp_text_free(&mail);
			dp_text_free(&server);
			dp_text_free(&all);
		}
}

static void infected_mail_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (unsigned kind = 0; kind < 4; kind++) {
			struct dp_seen s;
			struct dp_text mail = { 0 };
			if (sizes[i] < 20 && kind & 2)
				continue;
			dp_seen_init(&s);
			s.t.config.capture.checksums = CT_CHECKSUMS_VERIFY;
			s.t.cut = sizes[i];
			s.t.backwards = kind & 1;
			s.c.v6 = kind & 2;
			dp_seen_open(&s);
			dp_made_infected(&mail);
			dp_test_greet(&s.t, &s.c);
			dp_test_envelope(&s.t, &s.c);
			dp_test_bytes(&s.t, &s.c, 0, mail.p, mail.n);
			dp_test_say(&s.t, &s.c, 0, ".\r\n");
			only_segments_left(&s);
			struct dp_text server = dp_seen_at_server(&s);
			assert_int_equal(server.n, s.c.seq[0] - s.first - 2);
			struct dp_text said = dp_seen_said(&s);
			assert_non_null(strstr((char *)said.p, "554 5.7.1 "));
			assert_true(dp_seen_resets(&s, DP_INSIDE) > 0);
			dp_test_verdict(&s.t, 0, CT_INFECTED, CT_REASON_NONE, true);
			dp_seen_close(&s);
			dp_text_free(&mail);
			dp_text_free(&server);
			dp_text_free(&said);
		}
}

/* Its own fragments go on, all of them, in the order that they came in, once all are there. */
static void what_is_no_mail_goes_on_as_it_came(void **state)
{
	(void)state;
	struct dp_seen s;
	uint8_t frame[2048], fragment[2048];
	dp_seen_init(&s);
	s.t.config.smtp.detect = false;
	s.c.port[1] = 80;
	dp_seen_open(&s);
	dp_test_shake(&s.t, &s.c);
	dp_test_forget_sent(&s.t);
	size_t len = dp_test_segment_write(&s.c, 0, RS_TCP_ACK, s.c.seq[0], "GET / HTTP/1.0\r\nHost: www.example.com\r\n\r\n", 42, frame);
	static const uint32_t order[] = { 3, 0, 2, 1 };
	struct dp_text came = { 0 }, went = { 0 };
	for (unsigned i = 0; i < 4; i++) {
		uint32_t off = order[i] * 16, left = (uint32_t)len - 34 - off;
		size_t n = dp_test_fragment_write(frame, len, off, left > 16 ? 16 : left, left > 16, 77, NULL, fragment);
		dp_text_put(&came, fragment, n);
		assert_int_equal(s.t.nsent, 0);
		assert_int_equal(dp_test_account(&s.t).held, i);
		dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, n);
	}
	assert_int_equal(s.t.nsent, 4);
	for (size_t i = 0; i < s.t.nsent; i++) {
		assert_int_equal(s.t.sent[i].out, DP_INSIDE);
		assert_false(s.t.sent[i].ours);
		dp_text_put(&went, s.t.sent[i].p, s.t.sent[i].n);
	}
	assert_int_equal(went.n, came.n);
	assert_memory_equal(went.p, came.p, came.n);
	struct ct_account a = dp_test_account(&s.t);
	assert_int_equal(a.forwarded, 3 + 4);
	assert_int_equal(a.held, 0);
	dp_seen_close(&s);
	dp_text_free(&came);
	dp_text_free(&went);
}

/* UDP's are not collected; neither is what lies about its protocol, and so nothing of it goes on that could be put together. */
static void other_protocols_pass(void **state)
{
	(void)state;
	struct dp_seen s;
	uint8_t frame[2048], fragment[2048];
	dp_seen_init(&s);
	s.c.v6 = true;
	dp_seen_open(&s);
	size_t len = dp_test_segment_write(&s.c, 0, RS_TCP_ACK, s.c.seq[0], "anything, long enough to be cut in two", 38, frame);
	size_t n = dp_test_fragment_write(frame, len, 24, 34, false, 5, NULL, fragment);
	fragment[14 + 40] = 17;
	dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, n);
	assert_int_equal(s.t.nsent, 1);
	n = dp_test_fragment_write(frame, len, 0, 24, true, 5, NULL, fragment);
	dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, n);
	assert_int_equal(s.t.nsent, 1);
	/* Behind the first one, it means nothing: this is the second fragment of the same datagram. */
	n = dp_test_fragment_write(frame, len, 24, 34, false, 5, NULL, fragment);
	fragment[14 + 40] = 17;
	dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, n);
	assert_int_equal(s.t.worker->frags->stats.datagrams, 1);
	/* Of a connection that began unseen: it is reset, and none of it goes on. */
	assert_int_equal(dp_seen_resets(&s, DP_INSIDE), 1);
	assert_int_equal(dp_seen_resets(&s, DP_OUTSIDE), 1);
	assert_int_equal(s.t.nsent, 3);
	dp_seen_close(&s);
}

/* A message whose last segment's fragments differ does not go on, by either reading; sent again it does. */
static void fragments_that_differ_are_dropped(void **state)
{
	(void)state;
	for (unsigned policy = 0; policy < RS_OVERLAP_MAX; policy++) {
		struct dp_seen s;
		uint8_t frame[2048], fragment[2048];
		dp_seen_init(&s);
		s.t.config.receivers.fallback = (enum rs_overlap_policy)policy;
		dp_seen_open(&s);
		dp_test_greet(&s.t, &s.c);
		dp_test_envelope(&s.t, &s.c);
		dp_test_forget_sent(&s.t);
		static const char text[] = "Subject: x\r\n\r\nhello, this is one line\r\n.\r\n";
		size_t len = dp_test_segment_write(&s.c, 0, RS_TCP_ACK, s.c.seq[0], text, sizeof text - 1, frame);
		static const struct {
			uint32_t off, n;
			const char *p;
		} parts[] = { { 24, 16, NULL }, { 24, 8, "otherwis" }, { 0, 24, NULL }, { 40, 0, NULL } };
		for (size_t i = 0; i < 4; i++) {
			uint32_t n = parts[i].n ? parts[i].n : (uint32_t)len - 34 - parts[i].off;
			size_t k = dp_test_fragment_write(frame, len, parts[i].off, n, i < 3, 9, parts[i].p, fragment);
			dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, k);
		}
		assert_int_equal(s.t.nsent, 0);
		assert_int_equal(dp_test_account(&s.t).held, 0);
		assert_true(sum_dropped(&s.t, DP_DROP_FRAGMENT_OVERLAP) >= 3);
		dp_test_bytes(&s.t, &s.c, 0, text, sizeof text - 1);
		dp_test_say(&s.t, &s.c, 1, "250 2.0.0 queued as 4711\r\n");
		dp_test_verdict(&s.t, 0, CT_CLEAN, CT_REASON_NONE, true);
		dp_seen_close(&s);
	}
}

static void what_is_never_whole_is_dropped_in_time(void **state)
{
	(void)state;
	struct dp_seen s;
	uint8_t frame[2048], fragment[2048];
	dp_seen_init(&s);
	dp_seen_open(&s);
	size_t len = dp_test_segment_write(&s.c, 0, RS_TCP_ACK, s.c.seq[0], "anything, long enough to be cut in two", 38, frame);
	for (uint32_t i = 0; i < 10; i++) {
		size_t n = dp_test_fragment_write(frame, len, 0, 24, true, i, NULL, fragment);
		dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, n);
	}
	assert_int_equal(dp_test_account(&s.t).held, 10);
	dp_test_tick(&s.t, 29);
	assert_int_equal(dp_test_account(&s.t).held, 10);
	dp_test_tick(&s.t, 1);
	assert_int_equal(dp_test_account(&s.t).held, 0);
	assert_int_equal(sum_dropped(&s.t, DP_DROP_FRAGMENT_TIMEOUT), 10);
	assert_int_equal(s.t.worker->frags->stats.timeouts, 10);
	assert_int_equal(s.t.nsent, 0);
	dp_seen_close(&s);
}

/* Who sends without end pushes out his own; what others keep stays, and mail goes on. */
static void a_flood_pushes_out_its_own(void **state)
{
	(void)state;
	struct dp_seen s;
	struct dp_text mail = { 0 };
	uint8_t frame[2048], fragment[2048];
	dp_seen_init(&s);
	s.t.config.memory.fragments = 64;
	dp_seen_open(&s);
	dp_frags_seed_by(s.t.worker->frags, 0, "their groups differ", 19); /* of a random seed's, one in DP_FRAGS_GROUPS is the same */
	struct dp_test_conn flooder = dp_test_conn(2), other = dp_test_conn(3);
	flooder.ip[0] = 0xcb007105;
	size_t len = dp_test_segment_write(&other, 0, RS_TCP_ACK, 1, "anything, long enough to be cut in two", 38, frame);
	size_t n = dp_test_fragment_write(frame, len, 0, 24, true, 1, NULL, fragment);
	dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, n);
	len = dp_test_segment_write(&flooder, 0, RS_TCP_ACK, 1, "anything, long enough to be cut in two", 38, frame);
	for (uint32_t i = 0; i < 1000; i++) {
		/* Many datagrams, then many fragments of one. */
		bool many = i >= 500;
		n = dp_test_fragment_write(frame, len, many ? 24 + (i - 500) * 16 : 24, 8, true, many ? 70000 : i, "8 bytes.", fragment);
		dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, n);
		assert_true(s.t.worker->frags->kept <= 64 && s.t.worker->frags->datagrams.used <= 16);
	}
	assert_true(sum_dropped(&s.t, DP_DROP_FRAGMENT_NO_ROOM) > 900);
	/* The first one's second fragment comes, at last. */
	len = dp_test_segment_write(&other, 0, RS_TCP_ACK, 1, "anything, long enough to be cut in two", 38, frame);
	n = dp_test_fragment_write(frame, len, 24, 34, false, 1, NULL, fragment);
	uint64_t datagrams = s.t.worker->frags->stats.datagrams;
	dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, n);
	assert_int_equal(s.t.worker->frags->stats.datagrams, datagrams + 1);
	s.t.cut = 256;
	dp_test_forget_sent(&s.t);
	dp_made_mail(&mail, "quite harmless", 14);
	dp_test_mail(&s.t, &s.c, &mail, 0, 0);
	dp_test_verdict(&s.t, 0, CT_CLEAN, CT_REASON_NONE, true);
	dp_seen_close(&s);
	dp_text_free(&mail);
}

/* Observed, they go on as they come, and what they make is read. */
static void observed_they_go_on(void **state)
{
	(void)state;
	struct dp_seen s;
	dp_seen_init(&s);
	s.t.config.inline_.observe = true;
	s.t.cut = 256;
	dp_seen_open(&s);
	dp_seen_refuse(&s);
	assert_int_equal(s.t.nsent, s.t.frames);
	dp_test_say(&s.t, &s.c, 1, "250 2.0.0 queued as 4711\r\n");
	dp_test_verdict(&s.t, 0, CT_INFECTED, CT_REASON_NONE, true);
	struct ct_account a = dp_test_account(&s.t);
	assert_int_equal(a.forwarded, a.received);
	dp_seen_close(&s);
}

static void beside_a_mirror_they_are_read(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		struct dp_text mail = { 0 };
		init_mirror(&t);
		t.cut = 64;
		t.backwards = true;
		c.v6 = kind;
		dp_test_open(&t);
		dp_made_infected(&mail);
		dp_test_mail(&t, &c, &mail, 500, 0);
		dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
		assert_int_equal(dp_test_account(&t).consumed, t.frames);
		dp_test_close(&t);
		dp_text_free(&mail);
	}
}

/* What is put together here has neither copy's sum: it waits for its receiver's word, and is told whatever that is. */
static void beside_a_mirror_differences_are_told(void **state)
{
	(void)state;
	for (unsigned taken = 0; taken < 2; taken++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		uint8_t frame[2048], fragment[2048];
		static const char text[] = "Subject: x\r\n\r\nhello, this is one line\r\n.\r\n";
		init_mirror(&t);
		t.config.receivers.fallback = RS_OVERLAP_FIRST;
		t.config.capture.checksums = CT_CHECKSUMS_AUTO;
		dp_test_open(&t);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		size_t len = dp_test_segment_write(&c, 0, RS_TCP_ACK, c.seq[0], text, sizeof text - 1, frame);
		for (unsigned i = 0; i < 3; i++) {
			uint32_t off = i == 2 ? 40 : 24, n = i == 2 ? (uint32_t)len - 34 - 40 : 16;
			if (i == 1) {
				size_t k = dp_test_fragment_write(frame, len, 0, 24, true, 9, NULL, fragment);
				dp_test_frame(&t, DP_LINK_ETHERNET, fragment, k);
			}
			size_t k = dp_test_fragment_write(frame, len, off, n, i < 2, 9, i ? NULL : "otherwise, it is", fragment);
			dp_test_frame(&t, DP_LINK_ETHERNET, fragment, k);
		}
		/* Of the end of it, its sender says it again where nobody took it. */
		if (!taken)
			dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], text, sizeof text - 1);
		c.seq[0] += sizeof text - 1;
		dp_test_say(&t, &c, 1, "250 2.0.0 queued as 4711\r\n");
		dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_MALFORMED, true);
		assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "decoder.ipv4.frag_overlap"));
		dp_test_close(&t);
	}
}

/* RFC 7112: hosts should discard it, and some do not. */
static void beside_a_mirror_a_short_first_one_is_read(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c = dp_test_conn(1);
	struct dp_text mail = { 0 };
	init_mirror(&t);
	t.cut = 16;
	c.v6 = true;
	dp_test_open(&t);
	dp_made_infected(&mail);
	dp_test_mail(&t, &c, &mail, 300, 0);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	assert_int_equal(dp_test_account(&t).dropped[DP_DROP_FRAGMENT_BAD], 0);
	dp_test_close(&t);
	dp_text_free(&mail);
}

/* Without an mbuf for the datagram, or with a port that takes nothing, it is dropped, and counted. */
static void without_room(void **state)
{
	(void)state;
	struct dp_seen s;
	struct rte_mbuf *all[2048];
	unsigned n = 0;
	uint8_t frame[2048], fragment[2048];
	dp_seen_init(&s);
	dp_seen_open(&s);
	dp_test_greet(&s.t, &s.c);
	size_t len = dp_test_segment_write(&s.c, 0, RS_TCP_ACK, s.c.seq[0], "NOOP\r\nNOOP\r\nNOOP\r\n", 18, frame);
	for (unsigned i = 0; i < 2; i++) {
		size_t k = dp_test_fragment_write(frame, len, i * 24, i ? 14 : 24, !i, 3, NULL, fragment);
		if (i) {
			struct rte_mbuf *m = dp_test_mbuf(&s.t, fragment, k);
			while (n < 2048 && (all[n] = rte_pktmbuf_alloc(s.t.mbufs)))
				n++;
			*dp_meta(m) = (struct dp_meta){ .seq = ++s.t.seq, .time = s.t.time, .wire_len = (uint32_t)k,
							.port = DP_OUTSIDE };
			s.t.frames++;
			dp_worker_burst(s.t.worker, &m, 1);
		} else {
			dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, k);
		}
	}
	while (n > 0)
		rte_pktmbuf_free(all[--n]);
	dp_test_check(&s.t);
	assert_int_equal(sum_dropped(&s.t, DP_DROP_FRAGMENT_NO_ROOM), 2);
	assert_int_equal(dp_test_account(&s.t).held, 0);
	/* A port that is full. */
	s.t.port_full = true;
	s.t.cut = 24;
	dp_test_say(&s.t, &s.c, 0, "NOOP\r\nNOOP\r\nNOOP\r\n");
	assert_true(s.t.worker->stats.injected_lost > 0);
	s.t.port_full = false;
	dp_seen_close(&s);
}

/* What comes by way of another worker was received earlier than what came straight, by the other port. */
static void the_older_packet_of_the_other_port(void **state)
{
	(void)state;
	struct dp_seen s;
	uint8_t frame[2048];
	dp_seen_init(&s);
	dp_seen_open(&s);
	dp_test_greet(&s.t, &s.c);
	size_t len = dp_test_segment_write(&s.c, 0, RS_TCP_ACK, s.c.seq[0], "NOOP\r\n", 6, frame);
	struct rte_mbuf *m = dp_test_mbuf(&s.t, frame, len);
	*dp_meta(m) = (struct dp_meta){ .seq = ++s.t.seq, .time = s.t.time - 1, .wire_len = (uint32_t)len, .port = DP_OUTSIDE,
					.input = DP_OUTSIDE };
	dp_test_forget_sent(&s.t);
	s.t.frames++;
	dp_worker_burst(s.t.worker, &m, 1);
	dp_test_check(&s.t);
	assert_int_equal(s.t.nsent, 1);
	assert_int_equal(s.t.worker->stats.flows, 1);
	dp_seen_close(&s);
}

static void sums_and_truncation(void **state)
{
	(void)state;
	struct dp_seen s;
	uint8_t frame[2048], fragment[2048];
	dp_seen_init(&s);
	s.t.config.capture.checksums = CT_CHECKSUMS_VERIFY;
	dp_seen_open(&s);
	size_t len = dp_test_segment_write(&s.c, 0, RS_TCP_ACK, s.c.seq[0], "anything, long enough to be cut in two", 38, frame);
	size_t n = dp_test_fragment_write(frame, len, 0, 24, true, 3, NULL, fragment);
	fragment[14 + 10] ^= 1;
	dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, n);
	assert_int_equal(sum_dropped(&s.t, DP_DROP_FRAGMENT_BAD), 1);
	fragment[14 + 10] ^= 1;
	dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, n - 1);
	assert_int_equal(sum_dropped(&s.t, DP_DROP_TRUNCATED), 1);
	/* RFC 7112: a first fragment of IPv6 without all of TCP's header. */
	s.c.v6 = true;
	len = dp_test_segment_write(&s.c, 0, RS_TCP_ACK, s.c.seq[0], "anything, long enough to be cut in two", 38, frame);
	n = dp_test_fragment_write(frame, len, 0, 16, true, 4, NULL, fragment);
	dp_test_frame_at(&s.t, DP_OUTSIDE, DP_LINK_ETHERNET, fragment, n);
	assert_int_equal(sum_dropped(&s.t, DP_DROP_FRAGMENT_BAD), 2);
	assert_int_equal(dp_test_account(&s.t).held, 0);
	assert_int_equal(s.t.nsent, 0);
	dp_seen_close(&s);
}

/* A piece of a message comes in more fragments than are collected, and its receiver has it; then other bytes come in its place, whole. */
static void beside_a_mirror_what_is_given_up_is_missing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		bool no_room = i & 1, other = i & 2;
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		struct dp_text mail = { 0 };
		uint8_t decoy[400];
		memset(decoy, 'x', sizeof decoy);
		init_mirror(&t);
		c.v6 = i & 4;
		t.config.ip.fragments_max = no_room ? 8192 : 32;
		t.config.memory.fragments = no_room ? 40 : 4096;
		dp_test_open(&t);
		dp_made_mail(&mail, "nothing in it at all, but long enough to be parted in three or more", 67);
		while (mail.n < 1200)
			dp_text_printf(&mail, "and one more line of it\r\n");
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		dp_test_bytes(&t, &c, 0, mail.p, 300);
		t.cut = 8;
		dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], mail.p + 300, sizeof decoy);
		t.cut = 0;
		dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], other ? decoy : mail.p + 300, sizeof decoy);
		c.seq[0] += (uint32_t)sizeof decoy;
		dp_test_segment(&t, &c, 1, RS_TCP_ACK, c.seq[1], NULL, 0);
		dp_test_bytes(&t, &c, 0, mail.p + 700, mail.n - 700);
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		dp_test_lull(&t);
		assert_int_equal(dp_test_count(&t, CT_MESSAGE), 1);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.verdict, CT_UNSCANNED);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.reason, CT_REASON_GAP);
		/* What says other than the beginning that was seen is told, too. */
		assert_int_equal(dp_test_count(&t, CT_ANOMALY), other);
		assert_true(dp_test_account(&t).dropped[DP_DROP_FRAGMENT_NO_ROOM] > 0);
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

enum { SAME, DIFFERS, ALIKE, NOTHING }; /* what comes late of a datagram that was whole, against what was read in its place */

static const char late_text[] = "Subject: x\r\n\r\nhello, this is one line, and this is another\r\n";

/* Its fragment `part` of two, with another text: one of the same sum, or not. */
static void send_half(struct dp_test *t, const struct dp_test_conn *c, unsigned part, unsigned how)
{
	uint8_t frame[2048], fragment[2048];
	char text[sizeof late_text];
	memcpy(text, late_text, sizeof text);
	if (how == ALIKE) { /* two words, each for the other, in each half */
		memcpy(text + 14, late_text + 16, 2);
		memcpy(text + 16, late_text + 14, 2);
		memcpy(text + 30, late_text + 32, 2);
		memcpy(text + 32, late_text + 30, 2);
	} else if (how == DIFFERS) {
		text[14] = text[30] = '#';
	}
	size_t len = dp_test_segment_write(c, 0, RS_TCP_ACK, c->seq[0], text, sizeof text - 1, frame);
	size_t head = 14 + (c->v6 ? 40 : 20);
	if (how == DIFFERS)
		dp_be_put16(frame + head + 16, (uint16_t)(dp_be_get16(frame + head + 16) ^ 0x1234));
	size_t n = dp_test_fragment_write(frame, len, part ? 40 : 0, part ? len - head - 40 : 40, !part, 9, NULL, fragment);
	dp_test_frame(t, DP_LINK_ETHERNET, fragment, n);
}

/* One half dies on the way, and completes the datagram here; the one that its receiver got instead comes behind it. */
static void beside_a_mirror_what_comes_late_is_compared(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		unsigned how = i & 3, part = i >> 2 & 1;
		bool acked = i & 8;
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		init_mirror(&t);
		c.v6 = i & 16;
		dp_test_open(&t);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		send_half(&t, &c, part, SAME);
		send_half(&t, &c, !part, SAME);
		struct dp_test_conn before = c;
		c.seq[0] += sizeof late_text - 1;
		if (acked)
			dp_test_segment(&t, &c, 1, RS_TCP_ACK, c.seq[1], NULL, 0);
		if (how != NOTHING)
			send_half(&t, &before, part, how);
		dp_test_accept(&t, &c);
		/* What its receiver had before is its; but for what it may have had instead, seen late. */
		bool told = how == ALIKE || (how == DIFFERS && !acked);
		dp_test_verdict(&t, 0, told ? CT_UNSCANNED : CT_CLEAN, told ? CT_REASON_MALFORMED : CT_REASON_NONE, true);
		assert_int_equal(dp_test_count(&t, CT_ANOMALY), told);
		const char *event = c.v6 ? "decoder.ipv6.frag_overlap" : "decoder.ipv4.frag_overlap";
		assert_true(!told || dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), event));
		dp_test_close(&t);
	}
}

/* The network shows one of them twice: the second one waits in vain, and nothing is missing for that. */
static void beside_a_mirror_a_repetition_tells_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		unsigned part = i & 1, first = i >> 1 & 1;
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		dp_test_init(&t);
		t.use = DP_USE_MIRROR;
		c.v6 = i & 4;
		dp_test_open(&t);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		send_half(&t, &c, first, SAME);
		send_half(&t, &c, !first, SAME);
		struct dp_test_conn before = c;
		c.seq[0] += sizeof late_text - 1;
		dp_test_segment(&t, &c, 1, RS_TCP_ACK, c.seq[1], NULL, 0);
		if (i & 8)
			send_half(&t, &before, part, SAME);
		dp_test_tick(&t, 20);
		dp_test_tick(&t, 20);
		dp_test_accept(&t, &c);
		dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
		assert_int_equal(dp_test_count(&t, CT_ANOMALY), 0);
		dp_test_close(&t);
	}
}

/* For want of room, or after its time, it is forgotten: nothing is told of what its receiver has acknowledged by then. */
static void beside_a_mirror_what_is_forgotten(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bool acked = i & 1, in_time = i & 2;
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1), flooder = dp_test_conn(2);
		flooder.ip[0] = c.ip[0]; /* its group */
		flooder.port[1] = 80;
		init_mirror(&t);
		t.config.memory.fragments = 64;
		t.config.smtp.detect = false;
		dp_test_open(&t);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		send_half(&t, &c, 0, SAME);
		send_half(&t, &c, 1, SAME);
		c.seq[0] += sizeof late_text - 1;
		if (acked)
			dp_test_segment(&t, &c, 1, RS_TCP_ACK, c.seq[1], NULL, 0);
		t.cut = 24;
		t.ident = 1000;
		for (unsigned k = 0; k < 200 && !in_time; k++) {
			dp_test_segment(&t, &flooder, 0, RS_TCP_ACK, 1, late_text, sizeof late_text - 1);
			assert_true(t.worker->frags->kept <= 64 && t.worker->frags->datagrams.used <= t.config.memory.datagrams);
			assert_int_equal(dp_test_account(&t).held, 0);
		}
		t.cut = 0;
		if (in_time)
			dp_test_tick(&t, 30);
		/* Nothing that waits has given way for what is only remembered. */
		assert_int_equal(t.worker->frags->stats.evicted, 0);
		dp_test_accept(&t, &c);
		dp_test_verdict(&t, 0, acked ? CT_CLEAN : CT_UNSCANNED, acked ? CT_REASON_NONE : CT_REASON_GAP, true);
		dp_test_close(&t);
	}
}

/* One number for all: each datagram's fragments say other than those before, and are its own. However many there are, few are
 * compared. */
static void beside_a_mirror_a_number_is_used_again(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c = dp_test_conn(1);
	struct dp_text mail = { 0 };
	init_mirror(&t);
	dp_test_open(&t);
	dp_made_mail(&mail, "quite harmless", 14);
	while (mail.n < 3000)
		dp_text_printf(&mail, "a line more %zu\r\n", mail.n);
	dp_test_greet(&t, &c);
	dp_test_envelope(&t, &c);
	t.cut = 64;
	for (size_t at = 0; at < mail.n; at += 200) {
		uint32_t n = (uint32_t)RTE_MIN(mail.n - at, (size_t)200);
		t.ident = 76;
		dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], mail.p + at, n);
		c.seq[0] += n;
		dp_test_segment(&t, &c, 1, RS_TCP_ACK, c.seq[1], NULL, 0);
		assert_true(t.worker->frags->datagrams.used <= DP_FRAGS_REMEMBERED);
	}
	t.cut = 0;
	dp_test_accept(&t, &c);
	dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
	assert_int_equal(dp_test_count(&t, CT_ANOMALY), 0);
	dp_test_close(&t);
	dp_text_free(&mail);
}

/* A capture reads the same each time: its own first packet is the seed, all of it and its time. */
static void a_capture_seeds_itself(void **state)
{
	(void)state;
	struct dp_frags f = { 0 };
	uint8_t p[64] = { 1, 2, 3 };
	uint64_t seen[5];
	dp_frags_seed_by(&f, 17, p, sizeof p);
	seen[0] = f.seed;
	dp_frags_seed_by(&f, 17, p, sizeof p);
	assert_true(f.seed == seen[0]);
	dp_frags_seed_by(&f, 18, p, sizeof p);
	seen[1] = f.seed;
	dp_frags_seed_by(&f, 17, p, sizeof p - 8);
	seen[2] = f.seed;
	p[63]++;
	dp_frags_seed_by(&f, 17, p, sizeof p);
	seen[3] = f.seed;
	dp_frags_seed_by(&f, 17, p, 0);
	seen[4] = f.seed;
	for (unsigned i = 0; i < 5; i++)
		for (unsigned k = 0; k < i; k++)
			assert_true(seen[i] != seen[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_mail_passes_in_segments),
		cmocka_unit_test(infected_mail_is_refused),
		cmocka_unit_test(what_is_no_mail_goes_on_as_it_came),
		cmocka_unit_test(other_protocols_pass),
		cmocka_unit_test(fragments_that_differ_are_dropped),
		cmocka_unit_test(what_is_never_whole_is_dropped_in_time),
		cmocka_unit_test(a_flood_pushes_out_its_own),
		cmocka_unit_test(observed_they_go_on),
		cmocka_unit_test(beside_a_mirror_they_are_read),
		cmocka_unit_test(beside_a_mirror_differences_are_told),
		cmocka_unit_test(beside_a_mirror_a_short_first_one_is_read),
		cmocka_unit_test(beside_a_mirror_what_is_given_up_is_missing),
		cmocka_unit_test(beside_a_mirror_what_comes_late_is_compared),
		cmocka_unit_test(beside_a_mirror_a_repetition_tells_nothing),
		cmocka_unit_test(beside_a_mirror_what_is_forgotten),
		cmocka_unit_test(beside_a_mirror_a_number_is_used_again),
		cmocka_unit_test(without_room),
		cmocka_unit_test(the_older_packet_of_the_other_port),
		cmocka_unit_test(sums_and_truncation),
		cmocka_unit_test(a_capture_seeds_itself),
	};
	return cmocka_run_group_tests_name("dp_frags", tests, dp_test_eal, dp_test_eal_stop);
}
