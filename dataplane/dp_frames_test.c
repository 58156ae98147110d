/* SPDX-License-Identifier: Apache-2.0 */
/* Without huge pages, as these tests run, no object may cross a page of 4 KB: a pool as DPDK makes it has gaps. */
#include <unistd.h>

#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "dataplane/dp_frames.h"
#include "dataplane/dp_mbuf.h"
#include "dataplane/dp_test.h"

#define MANY 300

static void whole_pages_leave_no_gap(void **state)
{
	struct rte_mempool *plain = dp_frames_create("plain", MANY, 0, RTE_MBUF_DEFAULT_BUF_SIZE, false);
	struct rte_mempool *whole = dp_frames_create("whole", MANY, 0, RTE_MBUF_DEFAULT_BUF_SIZE, true);
	(void)state;
	assert_non_null(plain);
	assert_non_null(whole);
	assert_false(dp_frames_gapless(plain));
	assert_true(dp_frames_gapless(whole));
	assert_int_equal(rte_mempool_calc_obj_size(whole->elt_size, whole->flags, NULL), getpagesize());
	rte_mempool_free(plain);
	rte_mempool_free(whole);
}

static void rooms(void **state)
{
	(void)state;
	assert_int_equal(dp_frames_room(2176, false), 2176);
	assert_true(dp_frames_room(2176, true) > 2176);
	assert_int_equal(dp_frames_room(9300, true), 9300); /* no page is enough: AF_XDP refuses such frames by itself */
	assert_int_equal(dp_frames_room(dp_frames_room(2176, true), true), dp_frames_room(2176, true));
}

/* All of the room is there, and dp_meta is the mbuf's own. */
static void frames_are_usable(void **state)
{
	struct rte_mempool *pool = dp_frames_create("usable", MANY, 32, RTE_MBUF_DEFAULT_BUF_SIZE, true);
	struct rte_mbuf *m[MANY];
	(void)state;
	assert_non_null(pool);
	for (unsigned i = 0; i < MANY; i++) {
		m[i] = rte_pktmbuf_alloc(pool);
		assert_non_null(m[i]);
		uint16_t room = rte_pktmbuf_tailroom(m[i]);
		assert_int_equal(room + RTE_PKTMBUF_HEADROOM, dp_frames_room(RTE_MBUF_DEFAULT_BUF_SIZE, true));
		memset(rte_pktmbuf_append(m[i], room), (int)i, room);
		memset(dp_meta(m[i]), (int)i, sizeof(struct dp_meta));
	}
	assert_null(rte_pktmbuf_alloc(pool));
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(*rte_pktmbuf_mtod(m[i], uint8_t *), (uint8_t)i);
		assert_int_equal(*(uint8_t *)dp_meta(m[i]), (uint8_t)i);
		rte_pktmbuf_free(m[i]);
	}
	rte_mempool_free(pool);
}

static size_t taken(void)
{
	struct rte_malloc_socket_stats st;
	assert_int_equal(rte_malloc_get_socket_stats((int)rte_socket_id(), &st), 0);
	return st.heap_allocsz_bytes;
}

/* What is asked of EAL for a pool is enough, and not twice as much. */
static void bytes_are_enough(void **state)
{
	static const struct { uint32_t n, cache, room; } all[] = { { 5000, 0, 2176 }, { 20000, 256, 2176 }, { 8191, 32, 1100 }, { 3000, 32, 9300 } };
	(void)state;
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		size_t before = taken(), most = dp_frames_bytes(all[i].n, all[i].room);
		struct rte_mempool *pool = dp_frames_create("counted", all[i].n, all[i].cache, all[i].room, false);
		assert_non_null(pool);
		assert_true(taken() - before <= most);
		assert_true(taken() - before > most / 2);
		rte_mempool_free(pool);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_pages_leave_no_gap),
		cmocka_unit_test(rooms),
		cmocka_unit_test(frames_are_usable),
		cmocka_unit_test(bytes_are_enough),
	};
	return cmocka_run_group_tests_name("dp_frames", tests, dp_test_eal, dp_test_eal_stop);
}
