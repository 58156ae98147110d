/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "control/ct_order.h"

#define N 3000

struct key {
	uint64_t seq, first_seq;
	uint32_t n;
};

static uint64_t random_state = 88172645463325252u;

static uint64_t rnd(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static int compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	if (x->first_seq != y->first_seq)
		return x->first_seq < y->first_seq ? -1 : 1;
	return x->n < y->n ? -1 : x->n > y->n;
}

static struct ct_item *item(struct key k)
{
	struct ct_item *i = calloc(1, sizeof *i);
	i->seq = k.seq;
	i->first_seq = k.first_seq;
	i->n = k.n;
	return i;
}

static void expect(struct ct_item *i, struct key k)
{
	assert_non_null(i);
	assert_int_equal(i->seq, k.seq);
	assert_int_equal(i->first_seq, k.first_seq);
	assert_int_equal(i->n, k.n);
	ct_item_free(i);
}

static void is_sorted_whatever_order_they_come_in(void **state)
{
	(void)state;
	static struct key in[N], sorted[N];
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < N; i++)
			sorted[i] = in[i] = (struct key){ rnd(100), rnd(20), (uint32_t)rnd(10) };
		qsort(sorted, N, sizeof *sorted, compare);
		struct ct_order o;
		ct_order_init(&o);
		for (int i = 0; i < N; i++)
			assert_int_equal(ct_order_push(&o, item(in[i])), 0);
		for (int i = 0; i < N; i++)
			expect(ct_order_pop(&o, UINT64_MAX), sorted[i]);
		assert_null(ct_order_pop(&o, UINT64_MAX));
		ct_order_free(&o);
	}
}

/* The same records from one worker and from several, each in its own order and at its own pace: one order comes out. */
static void does_not_depend_on_the_workers(void **state)
{
	(void)state;
	static struct key all[N];
	for (int i = 0; i < N; i++)
		all[i] = (struct key){ (uint64_t)i / 3, (uint64_t)(i % 3), (uint32_t)rnd(4) };
	for (unsigned workers = 1; workers <= 5; workers++) {
		struct ct_order o;
		int next[5], out = 0;
		ct_order_init(&o);
		for (unsigned w = 0; w < workers; w++)
			next[w] = (int)w;
		while (out < N) {
			unsigned w = (unsigned)rnd(workers);
			for (uint64_t burst = rnd(50); burst && next[w] < N; burst--, next[w] += (int)workers)
				assert_int_equal(ct_order_push(&o, item(all[next[w]])), 0);
			uint64_t watermark = UINT64_MAX;
			for (unsigned i = 0; i < workers; i++) {
				/* Done with all packets before that of its next record. */
				uint64_t done = next[i] < N ? all[next[i]].seq : UINT64_MAX;
				if (!done) {
					watermark = 0;
					break;
				}
				if (done != UINT64_MAX && done - 1 < watermark)
					watermark = done - 1;
			}
			if (watermark == 0)
				continue;
			for (struct ct_item *i; (i = ct_order_pop(&o, watermark));)
				expect(i, all[out++]);
		}
		ct_order_free(&o);
	}
}

static void waits_for_the_watermark(void **state)
{
	(void)state;
	struct ct_order o;
	ct_order_init(&o);
	assert_null(ct_order_pop(&o, UINT64_MAX));
	assert_int_equal(ct_order_push(&o, item((struct key){ 10, 1, 0 })), 0);
	assert_null(ct_order_pop(&o, 9));
	expect(ct_order_pop(&o, 10), (struct key){ 10, 1, 0 });
	assert_int_equal(ct_order_push(&o, item((struct key){ 11, 1, 0 })), 0);
	ct_order_free(&o); /* frees the one that was left */
	assert_int_equal(o.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_sorted_whatever_order_they_come_in),
		cmocka_unit_test(does_not_depend_on_the_workers),
		cmocka_unit_test(waits_for_the_watermark),
	};
	return cmocka_run_group_tests_name("ct_order", tests, NULL, NULL);
}
