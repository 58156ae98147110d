/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams that give way before they are whole, in every wrapping: a tunnel's own, and those in it. Their receiver may have them: the
 * connection in them is told, and what it is told by is theirs, whatever packet made them give way. */
#include <rte_mempool.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_built.h"
#include "dataplane/dp_frags.h"
#include "dataplane/dp_made.h"
#include "dataplane/dp_test.h"
#include "dataplane/dp_wrapped.h"
#include "dataplane/dp_worker_private.h"

enum { PART = 64, CONTENT = 1200, BEFORE = 300 };

enum why { TIMEOUT, FLOOD, TOO_MANY, WHYS };
static const char *const whys[WHYS] = { "timeout", "flood", "too many" };

struct way {
	const struct dp_wrapping *wrapping;
	bool outer; /* the outermost IP packet is in fragments; else the innermost */
	bool backwards; /* the last fragment first */
	bool v6; /* the connection in it */
	bool other_v6; /* what pushes it out */
	unsigned other_tags;
	enum why why;
	/* Where not 0: */
	uint32_t part; /* bytes of a fragment */
	uint32_t left_out; /* not the last, but this one; of too many, too */
	bool first_only; /* no other comes */
	unsigned nested; /* of the fragments in it, this one gives way */
};

struct seen { /* what was handed on to the connection, beside what it should look like */
	struct dp_worker *worker;
	struct dp_packet fragment; /* of the datagram that is to give way: its innermost frame */
	uint64_t time;
	unsigned handed;
	bool several; /* more than one datagram gives way: their looks differ */
};

static struct seen seen;

static void look(void *worker, struct rte_mbuf *m)
{
	const struct dp_meta *meta = dp_meta(m);
	struct dp_packet pkt;
	assert_ptr_equal(worker, seen.worker);
	assert_true(meta->beginning && meta->time >= seen.time);
	seen.handed++;
	if (seen.several) {
		dp_worker_begun(worker, m);
		return;
	}
	dp_packet_parse((enum dp_link)meta->link, rte_pktmbuf_mtod(m, const uint8_t *), rte_pktmbuf_data_len(m), rte_pktmbuf_pkt_len(m), &pkt);
	assert_int_equal(pkt.ip_version, seen.fragment.ip_version);
	assert_memory_equal(pkt.src, seen.fragment.src, sizeof pkt.src);
	assert_int_equal(pkt.nvlan, seen.fragment.nvlan);
	assert_memory_equal(pkt.vlan, seen.fragment.vlan, sizeof pkt.vlan);
	dp_worker_begun(worker, m);
}

/* The wrappings up to the outermost IP, and those around that. */
static void split(const struct dp_wrapping *w, enum dp_wrap inside[12], const enum dp_wrap **around)
{
	unsigned n = 0;
	for (unsigned i = 0; w->how[i] != DP_WRAP_END; i++)
		if (w->how[i] == DP_WRAP_IPV4 || w->how[i] == DP_WRAP_IPV6)
			n = i + 1;
	memcpy(inside, w->how, n * sizeof *inside);
	inside[n] = DP_WRAP_END;
	*around = w->how + n;
}

/* Of an IP packet without options the n bytes of payload from `off` on. */
static size_t fragment_write(const uint8_t *ip, uint32_t off, size_t n, bool more, unsigned id, uint8_t *to)
{
	if (ip[0] >> 4 == 4) {
		struct dp_checksum sum = { 0 };
		memcpy(to, ip, 20);
		dp_be_put16(to + 2, (unsigned)(20 + n));
		dp_be_put16(to + 4, id);
		dp_be_put16(to + 6, off / 8 | (more ? 0x2000 : 0));
		dp_be_put16(to + 10, 0);
		dp_checksum_add(&sum, to, 20);
		uint16_t v = dp_checksum_value(&sum);
		memcpy(to + 10, &v, 2);
		memcpy(to + 20, ip + 20 + off, n);
		return 20 + n;
	}
	memcpy(to, ip, 40);
	dp_be_put16(to + 4, (unsigned)(8 + n));
	to[6] = 44;
	memset(to + 40, 0, 8);
	to[40] = ip[6];
	dp_be_put16(to + 42, off | more);
	dp_be_put32(to + 44, id);
	memcpy(to + 48, ip + 40 + off, n);
	return 48 + n;
}

static size_t payload_of(const uint8_t *ip, size_t len)
{
	return len - (ip[0] >> 4 == 4 ? 20 : 40);
}

struct wrapped_frame {
	uint8_t p[DP_BUILT_MAX];
	size_t n;
};

static void put(struct dp_test *t, const struct wrapped_frame *f)
{
	dp_test_frame(t, DP_LINK_ETHERNET, f->p, f->n);
}

/* What of the fragments of an IP packet comes: all but the last, or, of too many, all. */
static void put_fragments(struct dp_test *t, const struct way *way, const uint8_t *ip, size_t len, const enum dp_wrap *around,
			  const struct dp_wrapped *w, uint32_t part)
{
	static struct wrapped_frame f;
	static uint8_t fragment[DP_BUILT_MAX];
	size_t total = payload_of(ip, len);
	uint32_t n = (uint32_t)((total + part - 1) / part), left_out = way->why == TOO_MANY ? n : way->backwards ? 0 : n - 1;
	if (way->left_out)
		left_out = way->left_out;
	struct dp_tunnels tunnels;
	dp_tunnels_init(&tunnels, &t->config);
	t->ident++;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = way->backwards ? n - 1 - k : k, off = i * part;
		if (i == left_out || (way->first_only && i > 0))
			continue;
		size_t k_len = fragment_write(ip, off, RTE_MIN(total - off, part), i + 1 < n, t->ident, fragment);
		f.n = dp_wrapped_write(f.p, fragment, k_len, around, w);
		assert_int_equal(dp_tunnel_parse(&tunnels, DP_LINK_ETHERNET, f.p, f.n, f.n, &seen.fragment), DP_FRAGMENT);
		seen.time = t->time;
		put(t, &f);
	}
}

/* A segment of the connection, wrapped, whole; or, given a way, in fragments. */
static void put_wrapped(struct dp_test *t, const struct dp_wrapping *wrapping, const uint8_t *frame, size_t len, const struct way *way)
{
	static struct wrapped_frame f;
	struct dp_packet pkt;
	assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, frame, len, len, &pkt), DP_TCP);
	struct dp_wrapped w = { .number = 5000, .back = pkt.sport == 25 };
	if (!way) {
		f.n = dp_wrapped_write(f.p, frame + 14, len - 14, wrapping->how, &w);
		put(t, &f);
		return;
	}
	enum dp_wrap inside[12];
	const enum dp_wrap *around;
	split(wrapping, inside, &around);
	if (way->outer) {
		f.n = dp_wrapped_write(f.p, frame + 14, len - 14, inside, &w);
		put_fragments(t, way, f.p, f.n, around, &w, way->part ? way->part : PART);
	} else {
		put_fragments(t, way, frame + 14, len - 14, wrapping->how, &w, way->part ? way->part : PART);
	}
}

/* The innermost packet in two fragments; of that which is to give way the tunnel's packet is in fragments itself. */
static void put_nested(struct dp_test *t, const struct way *way, const uint8_t *ip, size_t len)
{
	static struct wrapped_frame f;
	static uint8_t fragment[2048];
	struct dp_wrapped w = { .number = 5000 };
	enum dp_wrap inside[12];
	const enum dp_wrap *around;
	size_t total = payload_of(ip, len), half = total / 2 & ~(size_t)7;
	split(way->wrapping, inside, &around);
	for (unsigned i = 0; i < 2; i++) {
		size_t n = fragment_write(ip, i ? (uint32_t)half : 0, i ? total - half : half, !i, 4711, fragment);
		if (i + 1 == way->nested) {
			f.n = dp_wrapped_write(f.p, fragment, n, inside, &w);
			put_fragments(t, way, f.p, f.n, around, &w, 32);
		} else {
			f.n = dp_wrapped_write(f.p, fragment, n, way->wrapping->how, &w);
			put(t, &f);
		}
	}
}

/* What was said since t.keeps was set. */
static void wrap_late(struct dp_test *t, const struct dp_wrapping *wrapping, const struct way *way)
{
	t->keeps = false;
	for (size_t i = 0; i < t->nlate; i++) {
		put_wrapped(t, wrapping, t->late[i].p, t->late[i].n, way);
		free(t->late[i].p);
	}
	free(t->late);
	t->late = NULL;
	t->nlate = 0;
}

/* Others' fragments, without a first one, until something gives way; none of them is from whoever sent before. */
static void flood(struct dp_test *t, bool v6, unsigned tags)
{
	uint8_t frame[2048], fragment[2048];
	uint64_t evicted = t->worker->frags->stats.evicted;
	for (uint32_t i = 0; i < 64 && t->worker->frags->stats.evicted == evicted; i++) {
		struct dp_test_conn c = dp_test_conn(2);
		c.ip[0] = 0xcb000000 + (i << 12);
		c.v6 = v6;
		c.nvlan = (uint8_t)tags;
		c.vlan[0] = 5;
		c.vlan[1] = 6;
		size_t len = dp_test_segment_write(&c, 0, RS_TCP_ACK, 1, "anything, long enough to be cut in two", 38, frame);
		size_t n = dp_test_fragment_write(frame, len, 24, 8, true, i, NULL, fragment);
		dp_test_frame(t, DP_LINK_ETHERNET, fragment, n);
	}
	assert_true(t->worker->frags->stats.evicted > evicted);
}

static void open(struct dp_test *t, const struct way *way)
{
	dp_test_init(t);
	t->use = DP_USE_MIRROR;
	t->config.ip.fragments_max = way->why == TOO_MANY ? 5 : 8192;
	dp_test_open(t);
	dp_frags_seed_by(t->worker->frags, 0, "the datagram's group has most", 29);
	seen = (struct seen){ .worker = t->worker };
	t->worker->frags->begun = look;
}

/* A message up to its 300th byte. */
static void begin(struct dp_test *t, struct dp_test_conn *c, const struct way *way, struct dp_text *mail)
{
	dp_made_mail(mail, "nothing in it at all, but long enough to be parted in three or more", 67);
	while (mail->n < BEFORE + CONTENT + 200)
		dp_text_printf(mail, "and one more line of it\r\n");
	t->keeps = true;
	dp_test_greet(t, c);
	dp_test_envelope(t, c);
	dp_test_bytes(t, c, 0, mail->p, BEFORE);
	wrap_late(t, way->wrapping, NULL);
}

static void end(struct dp_test *t, struct dp_test_conn *c, const struct way *way, const struct dp_text *mail)
{
	t->keeps = true;
	dp_test_segment(t, c, 1, RS_TCP_ACK, c->seq[1], NULL, 0);
	dp_test_bytes(t, c, 0, mail->p + BEFORE + CONTENT, mail->n - BEFORE - CONTENT);
	dp_test_accept(t, c);
	dp_test_fins(t, c);
	wrap_late(t, way->wrapping, NULL);
	dp_test_lull(t);
}

static void judged(const struct dp_test *t, const struct way *way)
{
	const struct ct_message *m = &dp_test_nth(t, CT_MESSAGE, 0)->rec.u.message;
	if (dp_test_count(t, CT_MESSAGE) != 1 || m->verdict != CT_UNSCANNED || m->reason != CT_REASON_GAP || seen.handed == 0)
		fail_msg("%s, %s%s, IPv%d in it, %s by IPv%d with %u tags: %zu messages, the first %s %s; handed on: %u", way->wrapping->name,
			 way->outer ? "outer" : "inner", way->backwards ? " backwards" : "", way->v6 ? 6 : 4, whys[way->why],
			 way->other_v6 ? 6 : 4, way->other_tags, dp_test_count(t, CT_MESSAGE), ct_verdict_name(m->verdict),
			 ct_reason_name(m->reason), seen.handed);
}

/* The end of all that was begun. */
static void end_judged(struct dp_test *t, struct dp_test_conn *c, const struct way *way, struct dp_text *mail)
{
	end(t, c, way, mail);
	judged(t, way);
	dp_text_free(mail);
	dp_test_close(t);
}

static void gives_way(const struct way *way, bool other)
{
	struct dp_test t;
	struct dp_test_conn c = dp_test_conn(1);
	struct dp_text mail = { 0 };
	uint8_t decoy[CONTENT];
	memset(decoy, 'x', sizeof decoy);
	c.v6 = way->v6;
	open(&t, way);
	begin(&t, &c, way, &mail);
	t.keeps = true;
	dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], mail.p + BEFORE, CONTENT);
	wrap_late(&t, way->wrapping, way);
	if (way->why == FLOOD)
		flood(&t, way->other_v6, way->other_tags);
	if (way->why == TIMEOUT)
		dp_test_tick(&t, 31);
	t.keeps = true;
	dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], other ? decoy : mail.p + BEFORE, CONTENT);
	c.seq[0] += CONTENT;
	wrap_late(&t, way->wrapping, NULL);
	end(&t, &c, way, &mail);
	judged(&t, way);
	/* What says other than the beginning that was seen is told, too. */
	assert_int_equal(dp_test_count(&t, CT_ANOMALY), other);
	dp_text_free(&mail);
	dp_test_close(&t);
}

static void what_gives_way_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < dp_nwrappings; i++)
		for (unsigned k = 0; k < 4 * WHYS; k++) {
			struct way way = { .wrapping = &dp_wrappings[i], .outer = k & 1, .v6 = k & 2, .why = k / 4 };
			if (way.outer && way.wrapping->depth == 0)
				continue;
			for (unsigned by = 0; by < (way.why == FLOOD ? 6 : 1); by++) {
				way.other_v6 = by & 1;
				way.other_tags = by / 2;
				gives_way(&way, false);
				gives_way(&way, true);
			}
		}
}

/* Its first fragment comes when others have been given up already. */
static void what_comes_backwards_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < dp_nwrappings; i++)
		for (unsigned k = 0; k < 8; k++) {
			struct way way = { .wrapping = &dp_wrappings[i], .outer = k & 1, .backwards = true, .v6 = k & 2, .why = k & 4 ? TOO_MANY : FLOOD,
					   .part = 240 /* all headers are in the first, which is one too many */ };
			struct dp_test t;
			struct dp_test_conn c = dp_test_conn(1);
			struct dp_text mail = { 0 };
			if (way.outer && way.wrapping->depth == 0)
				continue;
			c.v6 = way.v6;
			open(&t, &way);
			begin(&t, &c, &way, &mail);
			if (way.why == TOO_MANY) {
				t.keeps = true;
				dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], mail.p + BEFORE, CONTENT);
				wrap_late(&t, way.wrapping, &way);
			} else {
				uint8_t frame[4096];
				size_t len = dp_test_segment_write(&c, 0, RS_TCP_ACK, c.seq[0], mail.p + BEFORE, CONTENT, frame);
				put_wrapped(&t, way.wrapping, frame, len, &way);
				assert_int_equal(seen.handed, 0);
				flood(&t, false, 0);
				assert_int_equal(seen.handed, 0);
				/* As it began; then its first fragment. */
				t.ident--;
				way.backwards = false;
				way.first_only = true;
				put_wrapped(&t, way.wrapping, frame, len, &way);
			}
			t.keeps = true;
			dp_test_segment(&t, &c, 0, RS_TCP_ACK, c.seq[0], mail.p + BEFORE, CONTENT);
			c.seq[0] += CONTENT;
			wrap_late(&t, way.wrapping, NULL);
			end_judged(&t, &c, &way, &mail);
		}
}

/* What is lost on the way, and comes again before the rest of it is given up, is what its receiver has. */
static void what_came_again_in_time_is_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < dp_nwrappings; i++)
		for (unsigned k = 0; k < 4 * WHYS; k++) {
			struct way way = { .wrapping = &dp_wrappings[i], .outer = k & 1, .v6 = k & 2, .why = k / 4 };
			struct dp_test t;
			struct dp_test_conn c = dp_test_conn(1);
			struct dp_text mail = { 0 };
			if ((way.outer && way.wrapping->depth == 0) || way.why == TOO_MANY)
				continue;
			c.v6 = way.v6;
			open(&t, &way);
			begin(&t, &c, &way, &mail);
			uint8_t frame[4096];
			size_t len = dp_test_segment_write(&c, 0, RS_TCP_ACK, c.seq[0], mail.p + BEFORE, CONTENT, frame);
			way.left_out = 3;
			put_wrapped(&t, way.wrapping, frame, len, &way);
			put_wrapped(&t, way.wrapping, frame, len, NULL);
			c.seq[0] += CONTENT;
			if (way.why == FLOOD)
				flood(&t, !way.v6, 1);
			else
				dp_test_tick(&t, 31);
			end(&t, &c, &way, &mail);
			assert_int_equal(seen.handed, 1);
			dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
			assert_int_equal(dp_test_count(&t, CT_ANOMALY), 0);
			dp_text_free(&mail);
			dp_test_close(&t);
		}
}

/* The ports are there, the rest of TCP's header is not. */
static void ports_are_enough(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		struct way way = { .wrapping = &dp_wrappings[0], .v6 = k & 1, .why = k & 2 ? TOO_MANY : TIMEOUT, .part = 8, .left_out = 1 };
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		struct dp_text mail = { 0 };
		uint8_t frame[4096];
		c.v6 = way.v6;
		open(&t, &way);
		begin(&t, &c, &way, &mail);
		size_t len = dp_test_segment_write(&c, 0, RS_TCP_ACK, c.seq[0], mail.p + BEFORE, CONTENT, frame);
		put_wrapped(&t, way.wrapping, frame, len, &way);
		if (way.why == TIMEOUT)
			dp_test_tick(&t, 31);
		put_wrapped(&t, way.wrapping, frame, len, NULL);
		c.seq[0] += CONTENT;
		end_judged(&t, &c, &way, &mail);
	}
}

/* A tunnel's datagram that gives way bears a fragment of the connection's. The others come whole: the tunnel's are short. */
static void a_fragment_in_one_that_gives_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < dp_nwrappings; i++)
		for (unsigned k = 0; k < 8; k++) {
			struct way way = { .wrapping = &dp_wrappings[i], .v6 = k & 1, .why = k & 2 ? TIMEOUT : FLOOD, .nested = k & 4 ? 2 : 1 };
			struct dp_test t;
			struct dp_test_conn c = dp_test_conn(1);
			struct dp_text mail = { 0 };
			uint8_t frame[4096];
			if (way.wrapping->depth == 0)
				continue;
			c.v6 = way.v6;
			open(&t, &way);
			seen.several = true;
			begin(&t, &c, &way, &mail);
			size_t len = dp_test_segment_write(&c, 0, RS_TCP_ACK, c.seq[0], mail.p + BEFORE, CONTENT, frame);
			put_nested(&t, &way, frame + 14, len - 14);
			if (way.why == FLOOD)
				flood(&t, false, 0);
			else
				dp_test_tick(&t, 31);
			put_wrapped(&t, way.wrapping, frame, len, NULL);
			c.seq[0] += CONTENT;
			end_judged(&t, &c, &way, &mail);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_gives_way_is_told),
		cmocka_unit_test(what_comes_backwards_is_told),
		cmocka_unit_test(what_came_again_in_time_is_not),
		cmocka_unit_test(ports_are_enough),
		cmocka_unit_test(a_fragment_in_one_that_gives_way),
	};
	return cmocka_run_group_tests_name("dp_frags_tunnel", tests, dp_test_eal, dp_test_eal_stop);
}
