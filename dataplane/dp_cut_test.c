/* SPDX-License-Identifier: Apache-2.0 */
/* A cut frame equals, byte for byte, the one that would have been built with so much less. */
#include "dataplane/dp_built.h"
#include "dataplane/dp_craft.h"
#include "dataplane/dp_cut.h"
#include "dataplane/dp_frames.h"
#include "dataplane/dp_test.h"

static struct rte_mempool *pool;
static uint8_t whole[DP_BUILT_MAX], expected[DP_BUILT_MAX], text[3000];

static const uint8_t stamps[12] = { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 };

static int setup(void **state)
{
	if (dp_test_eal(state))
		return -1;
	pool = dp_frames_create("cut test", 255, 0, RTE_MBUF_DEFAULT_BUF_SIZE, false);
	uint64_t random = 5;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)dp_test_random(&random, 256);
	return pool ? 0 : -1;
}

static int teardown(void **state)
{
	unsigned left = rte_mempool_in_use_count(pool);
	rte_mempool_free(pool);
	return left ? -1 : dp_test_eal_stop(state);
}

/* In pieces of `piece` bytes behind the headers; 0: as many as fit. */
static struct rte_mbuf *chain_of(const uint8_t *p, size_t n, size_t headers, size_t piece)
{
	struct dp_test t = { .mbufs = pool };
	if (!piece)
		return dp_test_mbuf(&t, p, n);
	struct rte_mbuf *m = dp_test_mbuf(&t, p, headers < n ? headers : n);
	for (size_t at = headers; at < n; at += piece) {
		struct rte_mbuf *next = dp_test_mbuf(&t, p + at, n - at < piece ? n - at : piece);
		assert_int_equal(rte_pktmbuf_chain(m, next), 0);
	}
	return m;
}

static enum dp_class parse(struct rte_mbuf *m, struct dp_packet *p)
{
	return dp_packet_parse(DP_LINK_ETHERNET, rte_pktmbuf_mtod(m, uint8_t *), m->data_len, m->pkt_len, p);
}

static void expect_part(const struct dp_built *b, const struct rte_mbuf *from, const struct dp_packet *p, uint32_t skip,
			uint32_t keep)
{
	struct rte_mbuf *to = rte_pktmbuf_alloc(pool);
	assert_non_null(to);
	assert_true(dp_cut(to, from, p, skip, keep));
	struct dp_built shorter = *b;
	shorter.payload += skip;
	shorter.seq += skip;
	shorter.len = keep;
	shorter.trailer = 0;
	shorter.min = 60;
	shorter.no_length = b->no_length && keep == b->len;
	if (skip + keep < b->len)
		shorter.flags &= (uint8_t) ~(RS_TCP_FIN | RS_TCP_PSH);
	size_t n = dp_built_write(&shorter, expected);
	assert_int_equal(to->nb_segs, 1);
	assert_int_equal(to->pkt_len, n);
	assert_int_equal(to->data_len, n);
	assert_memory_equal(rte_pktmbuf_mtod(to, uint8_t *), expected, n);
	struct dp_packet q;
	assert_int_equal(parse(to, &q), DP_TCP);
	assert_int_equal(q.payload_len, keep);
	assert_true(dp_packet_checksum_tcp(&q, rte_pktmbuf_mtod_offset(to, uint8_t *, q.l4_off), q.tcp_hdr_len + keep));
	rte_pktmbuf_free(to);
}

static void expect_cut(const struct dp_built *b, const struct rte_mbuf *from, const struct dp_packet *p, uint32_t keep)
{
	expect_part(b, from, p, 0, keep);
}

/* Parts from 0 to `skips` on. */
static void expect_cuts(const struct dp_built *b, uint32_t skips)
{
	static const size_t pieces[] = { 0, 1, 7, 64 };
	size_t n = dp_built_write(b, whole);
	for (unsigned i = 0; i < 4; i++) {
		struct dp_packet p;
		assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, whole, n, n, &p), DP_TCP);
		struct rte_mbuf *from = chain_of(whole, n, p.payload_off, pieces[i]);
		assert_int_equal(parse(from, &p), DP_TCP);
		for (uint32_t skip = 0; skip <= skips; skip++)
			for (uint32_t keep = 0; keep <= p.payload_len - skip; keep++)
				expect_part(b, from, &p, skip, keep);
		rte_pktmbuf_free(from);
	}
}

static struct dp_built segment(bool v6, size_t len)
{
	struct dp_built b = dp_built_plain(v6);
	b.flags = RS_TCP_ACK | RS_TCP_PSH | RS_TCP_FIN | 0x40; /* ECE */
	b.payload = text;
	b.len = len;
	b.options = stamps;
	b.noptions = sizeof stamps;
	return b;
}

static void every_part_of_every_kind(void **state)
{
	(void)state;
	static const uint8_t options[40] = { 0x83, 7, 4, 192, 0, 2, 9, 1, [8 ... 39] = 1 };
	/* Hop by hop, routing of 24 bytes, destination, atomic fragment. */
	static const uint8_t ext[] = { 43, 0, 1, 4, 0, 0, 0, 0, 60, 2, 4, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9,
				       9,  9, 9, 9, 9, 9, 9, 9, 44, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0, 0, 1, 2, 3, 4 };
	for (unsigned c = 0; c < 32; c++) {
		struct dp_built b = segment(c & 1, 90);
		b.tags = c >> 2 & 3;
		if (b.tags == 3)
			continue;
		b.tag_type[0] = b.tags == 2 ? 0x88a8 : 0x8100;
		b.tag_type[1] = 0x8100;
		b.tci[0] = 0xe123;
		b.tci[1] = 0x0456;
		b.trailer = c & 16 ? 9 : 0;
		if (c & 2) {
			b.between = b.v6 ? ext : options;
			b.nbetween = b.v6 ? sizeof ext : sizeof options;
			b.next = b.v6 ? DP_BUILT_HOP_BY_HOP : 0;
			b.noptions = 0;
		}
		expect_cuts(&b, 90);
	}
}

static void syn_with_data_and_an_urgent_pointer(void **state)
{
	(void)state;
	static const uint8_t options[] = { 2, 4, 5, 0xb4, 4, 2, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct dp_built b = segment(false, 20);
	b.flags = RS_TCP_SYN | RS_TCP_URG;
	b.urgent = 15;
	b.options = options;
	b.noptions = sizeof options;
	expect_cuts(&b, 0);
	b = segment(true, 1);
	b.flags = RS_TCP_SYN | RS_TCP_PSH;
	expect_cuts(&b, 0);
}

/* Sums of which one half is 0 or all ones: where two ways to write zero could be taken for each other. */
static void sums_at_their_edges(void **state)
{
	(void)state;
	static uint8_t payload[6];
	for (unsigned word = 0; word < 65536; word++) {
		struct dp_built b = segment(word & 1, sizeof payload);
		b.noptions = 0;
		payload[0] = (uint8_t)(word >> 8);
		payload[1] = (uint8_t)word;
		payload[2] = payload[3] = word & 2 ? 0xff : 0;
		payload[4] = (uint8_t)~payload[0];
		payload[5] = (uint8_t)~payload[1];
		b.payload = payload;
		struct dp_packet p;
		struct rte_mbuf *from = chain_of(whole, dp_built_write(&b, whole), 0, 0);
		assert_int_equal(parse(from, &p), DP_TCP);
		for (uint32_t keep = 0; keep < sizeof payload; keep++)
			expect_cut(&b, from, &p, keep);
		for (uint32_t skip = 1; skip < sizeof payload; skip++)
			expect_part(&b, from, &p, skip, (uint32_t)sizeof payload - skip);
		rte_pktmbuf_free(from);
	}
}

static void full_frames_and_what_has_no_length(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 4; c++) {
		struct dp_built b = segment(c & 1, 1448);
		b.no_length = c & 2;
		struct dp_packet p;
		struct rte_mbuf *from = chain_of(whole, dp_built_write(&b, whole), 0, 0);
		assert_int_equal(parse(from, &p), DP_TCP);
		expect_cut(&b, from, &p, 1448);
		expect_cut(&b, from, &p, 1447);
		expect_cut(&b, from, &p, 3);
		expect_part(&b, from, &p, 3, 1445);
		expect_part(&b, from, &p, 1447, 1);
		expect_cut(&b, from, &p, 0);
		rte_pktmbuf_free(from);
	}
}

/* Of a jumbo chain, what is kept fits; more is refused. */
static void what_fits_the_mbuf(void **state)
{
	(void)state;
	struct dp_built b = segment(false, sizeof text);
	struct dp_packet p;
	size_t n = dp_built_write(&b, whole);
	struct rte_mbuf *from = chain_of(whole, n, 128, 700), *to = rte_pktmbuf_alloc(pool);
	assert_int_equal(parse(from, &p), DP_TCP);
	uint32_t room = rte_pktmbuf_tailroom(to) - p.payload_off;
	expect_cut(&b, from, &p, room);
	assert_false(dp_cut(to, from, &p, 0, room + 1));
	assert_int_equal(to->pkt_len, 0);
	assert_int_equal(to->data_len, 0);
	rte_pktmbuf_free(to);
	rte_pktmbuf_free(from);
}

static void refused_part(const struct dp_built *b, uint32_t skip, uint32_t keep, size_t lost)
{
	struct dp_packet p;
	size_t n = dp_built_write(b, whole);
	struct rte_mbuf *from = chain_of(whole, n - lost, 0, 0), *to = rte_pktmbuf_alloc(pool);
	assert_int_equal(parse(from, &p), DP_TCP);
	assert_false(dp_cut(to, from, &p, skip, keep));
	assert_int_equal(to->pkt_len, 0);
	rte_pktmbuf_free(to);
	rte_pktmbuf_free(from);
}

static void refused(const struct dp_built *b, uint32_t keep, size_t lost)
{
	refused_part(b, 0, keep, lost);
}

static void what_cannot_be_cut(void **state)
{
	(void)state;
	static const uint8_t ah[24] = { 6, 4 }, ext_ah[48] = { 60, 0, 1, 4, [8] = 51, 1, 1, 4, [24] = 6, 4 };
	static const uint8_t fragment_ah[32] = { 51, 200, 0, 0, [8] = 6, 4 }; /* its second byte is reserved */
	static const uint8_t jumbo[8] = { 6, 0, 0xc2, 4 };
	static const uint8_t md5[20] = { 1, 1, 19, 18 }, ao[12] = { 29, 12 };
	for (int v6 = 0; v6 < 2; v6++) {
		struct dp_built b = segment(v6, 50);
		refused(&b, 51, 0);
		refused_part(&b, 51, 0, 0);
		refused_part(&b, 50, 1, 0);
		refused_part(&b, 1, UINT32_MAX, 0);
		b.flags |= RS_TCP_URG;
		refused_part(&b, 1, 1, 0);
		b.flags = RS_TCP_SYN;
		refused_part(&b, 1, 1, 0);
		b = segment(v6, 50);
		refused(&b, 10, 1);
		b.next = 51;
		b.between = ah;
		b.nbetween = sizeof ah;
		b.between_is_upper = true;
		refused(&b, 10, 0);
		b = segment(v6, 50);
		b.options = md5;
		b.noptions = sizeof md5;
		refused(&b, 10, 0);
		b.options = ao;
		b.noptions = sizeof ao;
		refused(&b, 10, 0);
	}
	struct dp_built b = segment(true, 50);
	b.next = DP_BUILT_HOP_BY_HOP;
	b.between = ext_ah;
	b.nbetween = sizeof ext_ah;
	refused(&b, 10, 0);
	b.next = 44;
	b.between = fragment_ah;
	b.nbetween = sizeof fragment_ah;
	refused(&b, 10, 0);
	b.next = DP_BUILT_HOP_BY_HOP;
	b.between = jumbo;
	b.nbetween = sizeof jumbo;
	b.no_length = true;
	refused(&b, 10, 0);
}

/* A bit that fell over anywhere in the IPv4 packet, before it was cut. */
static void what_was_wrong_stays_wrong(void **state)
{
	(void)state;
	struct dp_built b = segment(false, 40);
	size_t n = dp_built_write(&b, whole);
	struct dp_packet p, q;
	for (size_t bit = (14 + 8) * 8; bit < n * 8; bit++) {
		/* Lengths and protocols excepted, which the parser would read another way: 8 bytes IP, TCP's offset. */
		if (bit / 8 == 14 + 9 || bit / 8 == 34 + 12)
			continue;
		whole[bit / 8] ^= (uint8_t)(1 << bit % 8);
		struct rte_mbuf *from = chain_of(whole, n, 0, 0), *to = rte_pktmbuf_alloc(pool);
		whole[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(parse(from, &p), DP_TCP);
		for (uint32_t keep = 0; keep < 40; keep++) {
			rte_pktmbuf_reset(to);
			if (!dp_cut(to, from, &p, bit & 1 ? 40 - keep : 0, keep))
				continue; /* an option that became another */
			assert_int_equal(parse(to, &q), DP_TCP);
			const uint8_t *f = rte_pktmbuf_mtod(to, uint8_t *);
			/* FIN and PSH are cleared: a wrong one there leaves a difference all the same. */
			assert_false(dp_packet_checksum_ip(f + q.l3_off) &&
				     dp_packet_checksum_tcp(&q, f + q.l4_off, q.tcp_hdr_len + (size_t)q.payload_len));
		}
		rte_pktmbuf_free(to);
		rte_pktmbuf_free(from);
	}
}

/* Wherever it stands in the header. */
static void another_timestamp(void **state)
{
	(void)state;
	static const uint8_t late[16] = { 1, 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 0 };
	static const uint32_t newer[] = { 0x01020305, 0, UINT32_MAX, 0xfefdfcfb };
	for (unsigned c = 0; c < 16; c++) {
		struct dp_built b = segment(c & 1, 30);
		uint8_t options[sizeof late];
		struct dp_packet p;
		b.options = c & 2 ? late : stamps;
		b.noptions = c & 2 ? sizeof late : sizeof stamps;
		struct rte_mbuf *from = chain_of(whole, dp_built_write(&b, whole), 0, 0), *to = rte_pktmbuf_alloc(pool);
		assert_int_equal(parse(from, &p), DP_TCP);
		assert_true(dp_cut(to, from, &p, 7, 23));
		dp_cut_stamp(to, &p, newer[c >> 2]);
		memcpy(options, b.options, b.noptions);
		for (unsigned i = 0; i < 4; i++)
			options[(c & 2 ? 5 : 4) + i] = (uint8_t)(newer[c >> 2] >> (24 - 8 * i));
		b.options = options;
		b.payload += 7;
		b.seq += 7;
		b.len -= 7;
		b.min = 60;
		size_t n = dp_built_write(&b, expected);
		assert_int_equal(to->pkt_len, n);
		assert_memory_equal(rte_pktmbuf_mtod(to, uint8_t *), expected, n);
		rte_pktmbuf_free(to);
		rte_pktmbuf_free(from);
	}
	/* Without one it stays as it is. */
	struct dp_built b = segment(false, 30);
	struct dp_packet p;
	b.noptions = 0;
	size_t n = dp_built_write(&b, whole);
	struct rte_mbuf *m = chain_of(whole, n, 0, 0);
	assert_int_equal(parse(m, &p), DP_TCP);
	dp_cut_stamp(m, &p, 1);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), whole, n);
	rte_pktmbuf_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_of_every_kind),  cmocka_unit_test(syn_with_data_and_an_urgent_pointer),
		cmocka_unit_test(sums_at_their_edges),        cmocka_unit_test(full_frames_and_what_has_no_length),
		cmocka_unit_test(what_fits_the_mbuf),         cmocka_unit_test(what_cannot_be_cut),
		cmocka_unit_test(what_was_wrong_stays_wrong), cmocka_unit_test(another_timestamp),
	};
	return cmocka_run_group_tests_name("dp_cut", tests, setup, teardown);
}
