/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dataplane/dp_built.h"
#include "dataplane/dp_mptcp.h"
#include "dataplane/dp_packet.h"

struct made {
	uint8_t frame[DP_BUILT_MAX];
	size_t len;
	struct dp_packet pkt;
};

static uint8_t *l4_of(struct made *m)
{
	return m->frame + m->pkt.l4_off;
}

static void make(struct made *m, bool v6, const uint8_t *options, size_t n)
{
	struct dp_built b = dp_built_plain(v6);
	b.flags = 2;
	b.options = options;
	b.noptions = n;
	b.payload = (const uint8_t *)"abc";
	b.len = 3;
	m->len = dp_built_write(&b, m->frame);
	assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, m->frame, m->len, m->len, &m->pkt), DP_TCP);
}

static bool is_right(struct made *m)
{
	return dp_packet_checksum_tcp(&m->pkt, l4_of(m), m->pkt.tcp_hdr_len + m->pkt.payload_len);
}

/* MSS, MP_CAPABLE of version 1 in a SYN, timestamps; at every alignment. */
static void what_is_offered_is_taken_out(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++)
		for (unsigned subtype = 0; subtype < 2; subtype++)
			for (unsigned lead = 0; lead < 4; lead++) {
				uint8_t options[24];
				struct made m;
				memset(options, 1, sizeof options);
				memcpy(options + lead, (uint8_t[]){ 2, 4, 5, 0xb4 }, 4);
				memcpy(options + lead + 4, (uint8_t[]){ 30, 12, (uint8_t)(subtype << 4 | 1), 0x81, 9, 8, 7, 6, 5, 4, 3, 2 }, 12);
				memcpy(options + lead + 16, (uint8_t[]){ 3, 3, 7 }, 3);
				make(&m, v6, options, sizeof options);
				assert_true(is_right(&m));
				assert_int_equal(dp_mptcp_offer(l4_of(&m), m.pkt.tcp_hdr_len), subtype ? DP_MPTCP_JOIN : DP_MPTCP_CAPABLE);
				assert_true(dp_mptcp_remove(l4_of(&m), m.pkt.tcp_hdr_len));
				assert_true(is_right(&m));
				assert_int_equal(dp_mptcp_offer(l4_of(&m), m.pkt.tcp_hdr_len), DP_MPTCP_NONE);
				memset(options + lead + 4, 1, 12);
				assert_memory_equal(l4_of(&m) + 20, options, sizeof options);
				assert_false(dp_mptcp_remove(l4_of(&m), m.pkt.tcp_hdr_len));
			}
}

/* A wrong sum stays wrong: its receiver must not take it after all. */
static void a_wrong_sum_stays_wrong(void **state)
{
	(void)state;
	struct made m;
	uint8_t options[12] = { 30, 12, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	make(&m, false, options, sizeof options);
	l4_of(&m)[16] ^= 0x40;
	assert_true(dp_mptcp_remove(l4_of(&m), m.pkt.tcp_hdr_len));
	assert_false(is_right(&m));
}

/* Others are left as they are, and lengths that cannot be end the list, for its receiver, too. */
static void others_stay(void **state)
{
	(void)state;
	static const uint8_t kept[][8] = {
		{ 2, 4, 30, 12, 1, 1, 1, 1 }, /* inside another one */
		{ 1, 1, 0, 1, 30, 4, 0, 0 }, /* behind the end */
		{ 1, 1, 1, 1, 1, 1, 1, 30 }, /* without a length */
		{ 30, 12, 1, 1, 1, 1, 1, 1 }, /* longer than the header */
		{ 30, 1, 1, 1, 30, 4, 0, 0 }, /* too short */
		{ 2, 0, 1, 1, 30, 4, 0, 0 }, /* behind one that is */
	};
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		struct made m;
		make(&m, false, kept[i], sizeof *kept);
		assert_int_equal(dp_mptcp_offer(l4_of(&m), m.pkt.tcp_hdr_len), DP_MPTCP_NONE);
		assert_false(dp_mptcp_remove(l4_of(&m), m.pkt.tcp_hdr_len));
		assert_memory_equal(l4_of(&m) + 20, kept[i], sizeof *kept);
		assert_true(is_right(&m));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_offered_is_taken_out),
		cmocka_unit_test(a_wrong_sum_stays_wrong),
		cmocka_unit_test(others_stay),
	};
	return cmocka_run_group_tests_name("dp_mptcp", tests, NULL, NULL);
}
