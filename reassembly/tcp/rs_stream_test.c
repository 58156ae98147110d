/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/tcp/rs_stream.h"

#define NODES 64
#define SPAN 96 /* bytes of a random stream */

struct ref { /* stands for an mbuf: whose payload it is, and how often it is held */
	int held;
	uint8_t id;
};

static void ref_get(void *r)
{
	((struct ref *)r)->held++;
}

static void ref_put(void *r)
{
	assert_true(--((struct ref *)r)->held >= 0);
}

struct bench {
	void *nodes;
	struct rs_pool pool;
	struct rs_stream_mem mem;
	struct rs_stream s;
};

static void bench_init(struct bench *b, uint32_t n, uint32_t limit, uint32_t window)
{
	b->nodes = aligned_alloc(64, RS_POOL_BYTES(sizeof(struct rs_seg), NODES));
	assert_non_null(b->nodes);
	rs_pool_init(&b->pool, b->nodes, sizeof(struct rs_seg), n);
	b->mem = (struct rs_stream_mem){ .segs = &b->pool, .ref_get = ref_get, .ref_put = ref_put,
				     .window = window, .limit = (uint16_t)limit, .held_max = UINT32_MAX };
	rs_stream_init(&b->s, 0, RS_OVERLAP_FIRST, 0);
}

/* Everything must be back where it came from. */
static void bench_end(struct bench *b)
{
	rs_stream_clear(&b->s, &b->mem);
	assert_int_equal(b->pool.used, 0);
	assert_int_equal(b->s.held, 0);
	free(b->nodes);
}

static enum rs_verdict put(struct bench *b, uint64_t off, uint32_t len, struct ref *r)
{
	uint32_t skip;
	return rs_stream_add(&b->s, &b->mem, off, len, r, 1, &skip);
}

static void in_order_needs_no_node(void **state)
{
	(void)state;
	struct bench b;
	struct ref r = { 0 };
	bench_init(&b, 0, 0, 0);
	uint32_t skip = 7;
	for (uint64_t off = 0; off < 100000; off += 1000) {
		assert_int_equal(rs_stream_add(&b.s, &b.mem, off, 1000, &r, 1, &skip), RS_INORDER);
		assert_int_equal(skip, 0);
		assert_int_equal(b.s.next, off + 1000);
	}
	assert_int_equal(rs_stream_add(&b.s, &b.mem, 99500, 1000, &r, 1, &skip), RS_INORDER);
	assert_int_equal(skip, 500);
	assert_int_equal(put(&b, 99500, 1000, &r), RS_DUP);
	assert_int_equal(put(&b, 100500, 0, &r), RS_DUP);
	assert_int_equal(b.s.end, 100500);
	bench_end(&b);
	assert_int_equal(r.held, 0);
}

static void held_run_comes_after_the_hole(void **state)
{
	(void)state;
	struct bench b;
	struct ref r[3] = { 0 };
	struct rs_seg seg;
	bench_init(&b, NODES, NODES, 1000);
	assert_int_equal(put(&b, 20, 10, &r[2]), RS_HELD);
	assert_int_equal(put(&b, 10, 10, &r[1]), RS_HELD);
	assert_int_equal(rs_stream_hole(&b.s, UINT64_MAX), 10);
	assert_int_equal(rs_stream_hole(&b.s, 4), 4);
	assert_false(rs_stream_pop(&b.s, &b.mem, &seg));
	assert_int_equal(put(&b, 0, 10, &r[0]), RS_INORDER);
	for (int i = 1; i < 3; i++) {
		assert_true(rs_stream_pop(&b.s, &b.mem, &seg));
		assert_ptr_equal(seg.ref, &r[i]);
		assert_int_equal(seg.len, 10);
		assert_int_equal(r[i].held, 1);
		ref_put(seg.ref);
	}
	assert_false(rs_stream_pop(&b.s, &b.mem, &seg));
	assert_int_equal(b.s.next, 30);
	assert_int_equal(rs_stream_hole(&b.s, 30), 0);
	assert_null(b.s.tail);
	bench_end(&b);
}

static void what_was_seen_is_known(void **state)
{
	(void)state;
	struct bench b;
	struct ref r[3] = { 0 };
	bench_init(&b, NODES, NODES, 1000);
	assert_int_equal(put(&b, 0, 10, &r[0]), RS_INORDER);
	assert_int_equal(put(&b, 20, 10, &r[1]), RS_HELD);
	assert_int_equal(put(&b, 30, 10, &r[2]), RS_HELD);
	for (int64_t off = -5; off < 45; off++)
		for (uint32_t len = 0; off + (int64_t)len <= 45; len++) {
			bool seen = true;
			for (int64_t at = off; at < off + (int64_t)len; at++)
				seen &= at < 10 || (at >= 20 && at < 40);
			if (len)
				assert_int_equal(rs_stream_has(&b.s, off, len), seen);
		}
	bench_end(&b);
}

static void a_segment_that_fills_three_holes_makes_three_nodes_or_none(void **state)
{
	(void)state;
	struct bench b;
	struct ref r = { 0 }, wide = { 0 };
	bench_init(&b, 5, 100, 1000);
	assert_int_equal(put(&b, 20, 10, &r), RS_HELD);
	assert_int_equal(put(&b, 40, 10, &r), RS_HELD);
	assert_int_equal(put(&b, 90, 10, &r), RS_HELD);
	assert_int_equal(put(&b, 10, 50, &wide), RS_LIMIT);
	assert_int_equal(wide.held, 0);
	assert_int_equal(b.pool.used, 3);
	assert_int_equal(b.pool.failed, 1);
	assert_int_equal(b.s.end, 100);
	bench_end(&b);
	assert_int_equal(r.held, 0);

	bench_init(&b, NODES, 5, 1000);
	assert_int_equal(put(&b, 20, 10, &r), RS_HELD);
	assert_int_equal(put(&b, 40, 10, &r), RS_HELD);
	assert_int_equal(put(&b, 10, 50, &wide), RS_HELD);
	assert_int_equal(wide.held, 3);
	assert_int_equal(b.s.held, 5);
	assert_int_equal(put(&b, 70, 1, &r), RS_LIMIT);
	bench_end(&b);
	assert_int_equal(wide.held, 0);
	assert_int_equal(r.held, 0);
}

static void cost_counts_once_a_node(void **state)
{
	(void)state;
	struct bench b;
	struct ref r = { 0 };
	uint32_t skip;
	bench_init(&b, NODES, 10, 1000);
	assert_int_equal(rs_stream_add(&b.s, &b.mem, 10, 10, &r, 7, &skip), RS_HELD);
	assert_int_equal(rs_stream_add(&b.s, &b.mem, 30, 10, &r, 4, &skip), RS_LIMIT);
	assert_int_equal(rs_stream_add(&b.s, &b.mem, 30, 10, &r, 3, &skip), RS_HELD);
	assert_int_equal(b.s.held, 10);
	/* UINT32_MAX of cost must not wrap around the limit. */
	assert_int_equal(rs_stream_add(&b.s, &b.mem, 50, 10, &r, UINT32_MAX, &skip), RS_LIMIT);
	bench_end(&b);
	assert_int_equal(r.held, 0);
}

static void what_is_too_far_ahead_is_refused(void **state)
{
	(void)state;
	struct bench b;
	struct ref r = { 0 };
	bench_init(&b, NODES, NODES, 100);
	assert_int_equal(put(&b, 90, 11, &r), RS_WINDOW);
	assert_int_equal(put(&b, 101, 1, &r), RS_WINDOW);
	assert_int_equal(put(&b, UINT64_MAX, UINT32_MAX, &r), RS_WINDOW);
	assert_int_equal(b.s.end, 0);
	assert_int_equal(put(&b, 90, 10, &r), RS_HELD);
	/* In order, the window does not matter. */
	assert_int_equal(put(&b, 0, 90, &r), RS_INORDER);
	rs_stream_clear(&b.s, &b.mem);
	assert_int_equal(put(&b, 90, 10000, &r), RS_INORDER);
	bench_end(&b);
}

static void offsets_go_on_over_the_wrap(void **state)
{
	(void)state;
	static const uint32_t isns[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
	for (size_t i = 0; i < sizeof isns / sizeof *isns; i++) {
		struct rs_stream s;
		rs_stream_init(&s, isns[i], RS_OVERLAP_FIRST, 0);
		assert_int_equal(rs_stream_offset(&s, isns[i]), -1);
		for (uint64_t next = 0; next < (uint64_t)1 << 34; next += 0x3fffff01) {
			s.next = next;
			uint32_t at = isns[i] + 1 + (uint32_t)next;
			assert_true(rs_stream_offset(&s, at) == (int64_t)next);
			assert_true(rs_stream_offset(&s, at + 0x7fffffff) == (int64_t)next + 0x7fffffff);
			assert_true(rs_stream_offset(&s, at - 0x80000000) == (int64_t)next - 0x80000000ll);
		}
	}
}

static uint8_t sent[256][SPAN]; /* payload of each segment */

/* The slow oracle: for each byte, which segment brought it first, and in which run it is held. */
struct oracle {
	int owner[SPAN], run[SPAN]; /* -1: nothing yet */
	int runs;
	uint8_t byte[SPAN];
	uint64_t next;
};

static uint32_t oracle_held(const struct oracle *o)
{
	uint32_t n = 0;
	for (int i = (int)o->next; i < SPAN; i++)
		n += o->run[i] >= 0 && (i == (int)o->next || o->run[i] != o->run[i - 1]);
	return n;
}

static enum rs_verdict oracle_add(struct oracle *o, int id, int off, int len, int limit, int window)
{
	int fresh = 0, runs = 0;
	for (int i = off; i < off + len; i++) {
		bool is_new = i >= (int)o->next && o->owner[i] < 0;
		bool was_new = i > off && i - 1 >= (int)o->next && o->owner[i - 1] < 0;
		fresh += is_new;
		runs += is_new && !was_new;
	}
	if (len && off > (int)o->next && off + len > (int)o->next + window)
		return RS_WINDOW;
	if (!fresh)
		return RS_DUP;
	bool inorder = off <= (int)o->next;
	if (!inorder && (int)oracle_held(o) + runs > limit)
		return RS_LIMIT;
	for (int i = off; i < off + len; i++) {
		if (i < (int)o->next || o->owner[i] >= 0)
			continue;
		o->owner[i] = id;
		o->byte[i] = sent[id][i - off];
		o->run[i] = i > off && o->owner[i - 1] == id && o->run[i - 1] == o->runs - 1 && i - 1 >= (int)o->next
				    ? o->runs - 1
				    : o->runs++;
	}
	while (o->next < SPAN && o->owner[o->next] >= 0)
		o->next++;
	return inorder ? RS_INORDER : RS_HELD;
}

static uint32_t rnd(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)*seed * n) >> 32);
}

static void take(uint8_t *got, uint64_t at, const struct ref *r, uint32_t skip, uint64_t len)
{
	memcpy(got + at, sent[r->id] + skip, len);
}

static void read_held(struct bench *b, uint8_t *got)
{
	struct rs_seg seg;
	while (rs_stream_pop(&b->s, &b->mem, &seg)) {
		take(got, seg.off, seg.ref, seg.skip, seg.len);
		ref_put(seg.ref);
	}
}

static void check_list(const struct rs_stream *s)
{
	uint64_t at = s->next;
	const struct rs_seg *last = NULL;
	for (const struct rs_seg *seg = s->head; seg; last = seg, seg = seg->next) {
		assert_true(seg->off >= at && seg->len > 0);
		at = seg->off + seg->len;
	}
	assert_ptr_equal(last, s->tail);
}

static void one_random_set(uint32_t *seed)
{
	struct bench b;
	struct oracle o = { .runs = 0 };
	struct ref refs[48] = { 0 };
	uint8_t got[SPAN] = { 0 };
	uint32_t limit = rnd(seed, 4) ? NODES : 1 + rnd(seed, 6);
	uint32_t window = rnd(seed, 4) ? SPAN : 1 + rnd(seed, SPAN);
	uint32_t isn = rnd(seed, 2) ? UINT32_MAX - rnd(seed, SPAN) : rnd(seed, UINT32_MAX);
	uint32_t longest = 1 + rnd(seed, SPAN / 2);
	memset(o.owner, -1, sizeof o.owner);
	memset(o.run, -1, sizeof o.run);
	bench_init(&b, NODES, limit, window);
	rs_stream_init(&b.s, isn, RS_OVERLAP_FIRST, 0);

	for (int i = 0; i < 48; i++) {
		struct ref *r = &refs[i];
		r->id = (uint8_t)i;
		/* Half of the segments where the hole is, so that streams come to their end. */
		uint32_t off = rnd(seed, 2) ? rnd(seed, SPAN) : (uint32_t)o.next - rnd(seed, (uint32_t)o.next / 4 + 1);
		if (off >= SPAN)
			off = SPAN - 1;
		uint32_t len = rnd(seed, longest + 1);
		if (len > SPAN - off)
			len = SPAN - off;
		for (uint32_t j = 0; j < len; j++)
			sent[i][j] = (uint8_t)rnd(seed, 256);
		int64_t where = rs_stream_offset(&b.s, isn + 1 + off);
		assert_true(where == off);

		enum rs_verdict want_v = oracle_add(&o, i, (int)off, (int)len, (int)limit, (int)window), v;
		for (bool again = false;; again = true) {
			uint32_t skip, used = b.pool.used;
			v = rs_stream_add(&b.s, &b.mem, off, len, r, 1, &skip);
			assert_int_equal(v, again ? RS_INORDER : want_v);
			if (v != RS_INORDER) {
				assert_true(v == RS_HELD || (used == b.pool.used && !r->held));
				break;
			}
			take(got, off + skip, r, skip, b.s.next - (off + skip));
			read_held(&b, got);
			if (b.s.next >= off + len)
				break;
		}
		check_list(&b.s);
		assert_int_equal(b.s.next, o.next);
		assert_int_equal(b.s.held, oracle_held(&o));
		assert_int_equal(b.s.held, b.pool.used);
	}
	assert_memory_equal(got, o.byte, o.next);

	/* What is left comes out behind its holes, if the reader will; or goes back unread. */
	if (rnd(seed, 2)) {
		uint64_t n;
		for (; (n = rs_stream_hole(&b.s, SPAN)); read_held(&b, got)) {
			for (uint64_t i = 0; i < n; i++)
				assert_true(o.owner[b.s.next + i] < 0);
			rs_stream_skip(&b.s, n);
		}
		assert_int_equal(b.s.next, SPAN);
		assert_memory_equal(got, o.byte, SPAN);
	}
	bench_end(&b);
	for (int i = 0; i < 48; i++)
		assert_int_equal(refs[i].held, 0);
}

static void random_sets_equal_the_oracle(void **state)
{
	(void)state;
	uint32_t seed = 1;
	for (int i = 0; i < 100000; i++)
		one_random_set(&seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_needs_no_node),
		cmocka_unit_test(held_run_comes_after_the_hole),
		cmocka_unit_test(what_was_seen_is_known),
		cmocka_unit_test(a_segment_that_fills_three_holes_makes_three_nodes_or_none),
		cmocka_unit_test(cost_counts_once_a_node),
		cmocka_unit_test(what_is_too_far_ahead_is_refused),
		cmocka_unit_test(offsets_go_on_over_the_wrap),
		cmocka_unit_test(random_sets_equal_the_oracle),
	};
	return cmocka_run_group_tests_name("rs_stream", tests, NULL, NULL);
}
