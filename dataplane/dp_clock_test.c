/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dataplane/dp_clock.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

/* Lets the monotonic clock go on for so long in ticks of 10 ms, the real clock being `ahead` of where it stood at start. */
static uint64_t go_on(struct dp_clock *c, uint64_t *mono, uint64_t real0, int64_t ahead, unsigned ticks)
{
	uint64_t last = dp_clock_now(c, *mono);
	for (unsigned i = 0; i < ticks; i++) {
		*mono += 10 * MS;
		assert_true(dp_clock_now(c, *mono) >= last);
		dp_clock_correct(c, *mono, real0 + *mono + (uint64_t)ahead);
		uint64_t now = dp_clock_now(c, *mono);
		assert_true(now >= last);
		/* No more than an eighth faster or slower than time. */
		assert_true(now - last <= 10 * MS + 10 * MS / 8 && now - last >= 10 * MS - 10 * MS / 8);
		last = now;
	}
	return last;
}

static void is_real_time(void **state)
{
	(void)state;
	struct dp_clock c;
	uint64_t mono = 77 * SECOND, real0 = UINT64_C(1700000000) * SECOND;
	dp_clock_start(&c, mono, real0 + mono);
	assert_int_equal(dp_clock_now(&c, mono), real0 + mono);
	uint64_t now = go_on(&c, &mono, real0, 0, 100);
	assert_int_equal(now, real0 + mono);
}

static void follows_a_step_slowly(void **state)
{
	(void)state;
	struct dp_clock c;
	uint64_t mono = 5 * SECOND, real0 = UINT64_C(1700000000) * SECOND;
	for (int sign = -1; sign <= 1; sign += 2) {
		int64_t step = sign * (int64_t)(2 * SECOND);
		dp_clock_start(&c, mono, real0 + mono);
		uint64_t now = go_on(&c, &mono, real0, step, 800); /* 8 s: half of the way */
		assert_int_equal(now, real0 + mono + (uint64_t)(step / 2));
		now = go_on(&c, &mono, real0, step, 900);
		assert_int_equal(now, real0 + mono + (uint64_t)step);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(is_real_time), cmocka_unit_test(follows_a_step_slowly) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
