/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/rs_pool.h"

#define N 5

static void hands_out_each_object_once(void **state)
{
	(void)state;
	_Alignas(64) static char mem[RS_POOL_BYTES(20, N)];
	struct rs_pool p;
	rs_pool_init(&p, mem, 20, N);
	void *got[N];
	for (int i = 0; i < N; i++) {
		got[i] = rs_pool_get(&p);
		assert_non_null(got[i]);
		memset(got[i], 0xa5, 20);
		for (int j = 0; j < i; j++)
			assert_ptr_not_equal(got[i], got[j]);
	}
	assert_null(rs_pool_get(&p));
	assert_int_equal(p.failed, 1);
	assert_int_equal(p.peak, N);
	rs_pool_put(&p, got[2]);
	rs_pool_put(&p, NULL);
	assert_int_equal(p.used, N - 1);
	assert_ptr_equal(rs_pool_get(&p), got[2]);
	for (int i = 0; i < N; i++)
		rs_pool_put(&p, got[i]);
	assert_int_equal(p.used, 0);
}

static void objects_are_aligned(void **state)
{
	(void)state;
	_Alignas(64) static char mem[RS_POOL_BYTES(1, 3)];
	struct rs_pool p;
	rs_pool_init(&p, mem, 1, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal((size_t)rs_pool_get(&p) % 16, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_out_each_object_once),
		cmocka_unit_test(objects_are_aligned),
	};
	return cmocka_run_group_tests_name("rs_pool", tests, NULL, NULL);
}
