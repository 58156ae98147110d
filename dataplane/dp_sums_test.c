/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_sums.h"
#include "dataplane/dp_built.h"
#include "dataplane/dp_frames.h"
#include "dataplane/dp_test.h"
#include "dataplane/dp_tunnel.h"
#include "dataplane/dp_wrapped.h"

#define MAIL "RCPT TO:<b@example.com>\r\n"

static const uint16_t vxlan[] = { 4789 }, geneve[] = { 6081 };
static const struct dp_tunnels all = { 4, vxlan, geneve, 1, 1 };
static struct rte_mempool *pool;
static uint8_t frame[DP_BUILT_MAX], packet[DP_BUILT_MAX];

static int setup(void **state)
{
	if (dp_test_eal(state))
		return -1;
	pool = dp_frames_create("sums test", 63, 0, RTE_MBUF_DEFAULT_BUF_SIZE, false);
	return pool ? 0 : -1;
}

static int teardown(void **state)
{
	rte_mempool_free(pool);
	return dp_test_eal_stop(state);
}

static size_t make(const struct dp_wrapping *how, bool v6)
{
	struct dp_built b = dp_built_plain(v6);
	b.payload = (const uint8_t *)MAIL;
	b.len = sizeof MAIL - 1;
	size_t n = dp_built_write(&b, frame) - 14;
	memcpy(packet, frame + 14, n);
	return dp_wrapped_write(frame, packet, n, how->how, &(struct dp_wrapped){ .number = 5000 });
}

/* In a chain: the headers, and the payload in pieces of 7 bytes. */
static bool right(size_t n, size_t headers, uint64_t flags, bool *tcp)
{
	struct dp_test t = { .mbufs = pool };
	struct dp_packet p;
	struct rte_mbuf *m = dp_test_mbuf(&t, frame, headers);
	for (size_t at = headers; at < n; at += 7)
		assert_int_equal(rte_pktmbuf_chain(m, dp_test_mbuf(&t, frame + at, n - at < 7 ? n - at : 7)), 0);
	m->ol_flags |= flags;
	*tcp = dp_tunnel_parse(&all, DP_LINK_ETHERNET, rte_pktmbuf_mtod(m, uint8_t *), m->data_len, m->pkt_len, &p) == DP_TCP &&
	       !p.payload_missing;
	bool r = *tcp && (dp_sums_by_port(m, &p) || dp_sums_right(m, &p));
	rte_pktmbuf_free(m);
	return r;
}

/* Whether some sum covers the byte. */
static bool is_covered(const struct dp_packet *p, size_t at)
{
	bool covered = at >= (p->ip_version == 4 ? p->l3_off : p->l4_off);
	for (unsigned i = 0; i < p->nlayers; i++) {
		const struct dp_layer *l = &p->layer[i];
		covered |= l->kind == DP_LAYER_IPV4 && at >= l->off && at < l->off + 20u;
		covered |= l->kind == DP_LAYER_UDP && at >= l->off && (frame[l->off + 6] || frame[l->off + 7]);
		covered |= l->kind == DP_LAYER_GRE && at >= l->off && frame[l->off] & 0x80;
	}
	return covered;
}

static void every_bit_counts(void **state)
{
	(void)state;
	unsigned flipped = 0;
	for (size_t i = 0; i < dp_nwrappings; i++) {
		struct dp_packet p;
		bool tcp;
		size_t n = make(&dp_wrappings[i], i % 2);
		assert_int_equal(dp_tunnel_parse(&all, DP_LINK_ETHERNET, frame, n, n, &p), DP_TCP);
		size_t headers = p.payload_off;
		assert_true(right(n, headers, 0, &tcp));
		for (size_t at = 0; at < n; at++) {
			if (!is_covered(&p, at))
				continue;
			for (unsigned bit = 0; bit < 8; bit++) {
				frame[at] ^= (uint8_t)(1 << bit);
				/* Some headers are none any more: those are not TCP. Or a bit turned a sum off. */
				if (right(n, headers, 0, &tcp)) {
					struct dp_packet q;
					dp_tunnel_parse(&all, DP_LINK_ETHERNET, frame, n, n, &q);
					if (q.nlayers == p.nlayers && is_covered(&q, at))
						fail_msg("%s: byte %zu, bit %u", dp_wrappings[i].name, at, bit);
				}
				frame[at] ^= (uint8_t)(1 << bit);
				flipped += tcp;
			}
		}
	}
	assert_true(flipped > 5000);
}

static void what_the_card_says(void **state)
{
	(void)state;
	const uint64_t ip_good = RTE_MBUF_F_RX_IP_CKSUM_GOOD, good = RTE_MBUF_F_RX_L4_CKSUM_GOOD | ip_good;
	const uint64_t none = RTE_MBUF_F_RX_L4_CKSUM_NONE | RTE_MBUF_F_RX_IP_CKSUM_NONE;
	const uint64_t bad = RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_IP_CKSUM_BAD;
	bool tcp;
	for (int v6 = 0; v6 < 2; v6++)
		for (unsigned wrong = 0; wrong < 2; wrong++) {
			size_t n = make(&dp_wrappings[1], v6); /* with a VLAN */
			frame[n - 1] ^= (uint8_t)wrong;
			assert_int_equal(right(n, n, 0, &tcp), !wrong);
			assert_true(right(n, n, good, &tcp));
			assert_int_equal(right(n, n, bad, &tcp), !wrong);
			assert_int_equal(right(n, n, none, &tcp), !wrong);
			/* Of the IPv4 header it says nothing, or the contrary. */
			assert_int_equal(right(n, n, RTE_MBUF_F_RX_L4_CKSUM_GOOD, &tcp), !wrong || v6);
			assert_int_equal(right(n, n, RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_IP_CKSUM_BAD, &tcp), !wrong || v6);
			assert_int_equal(right(n, n, RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_IP_CKSUM_NONE, &tcp), !wrong || v6);
			assert_int_equal(right(n, n, ip_good, &tcp), !wrong);
			assert_int_equal(right(n, n, RTE_MBUF_F_RX_L4_CKSUM_NONE | ip_good, &tcp), !wrong);
		}
	/* Of which packet in a tunnel, or behind what else, it speaks nobody knows. */
	for (size_t i = 3; i < dp_nwrappings; i++) {
		size_t n = make(&dp_wrappings[i], false);
		frame[n - 1] ^= 1;
		assert_false(right(n, n, good, &tcp));
		assert_true(tcp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(what_the_card_says),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
