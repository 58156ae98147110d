/* SPDX-License-Identifier: Apache-2.0 */
/* rs_stream against the slow oracle, by every policy: segments cut, shuffled, repeated, overlapped, of the same and other bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/tcp/rs_stream_oracle.h"

#define NODES 256
#define ROUNDS 4000 /* by each policy */

struct packet {
	int held;
	uint32_t off, len;
	const uint8_t *byte;
};

struct bench {
	struct rs_pool pool;
	struct rs_stream_mem mem;
	struct rs_stream s;
	struct rs_oracle o;
	struct packet packet[RS_ORACLE_SEGMENTS];
	uint8_t byte[RS_ORACLE_SEGMENTS][RS_ORACLE_SPAN];
	uint8_t got[RS_ORACLE_SPAN];
	int n;
	uint32_t span;
};

static void ref_get(void *ref)
{
	((struct packet *)ref)->held++;
}

static void ref_put(void *ref)
{
	assert_true(--((struct packet *)ref)->held >= 0);
}

static bool same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len, uint32_t *first)
{
	const struct packet *p = a, *q = b;
	assert_true(skip_a + len <= p->len && skip_b + len <= q->len);
	for (*first = 0; *first < len; ++*first)
		if (p->byte[skip_a + *first] != q->byte[skip_b + *first])
			return false;
	return true;
}

static uint64_t seed;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

static void failed(const struct bench *b, const char *what)
{
	print_message("%s; policy %s, next %u, acked %u:\n", what, rs_overlap_name(b->o.policy), (unsigned)b->o.next,
		      (unsigned)b->o.acked);
	for (int i = 0; i < b->n; i++) {
		print_message("  %2d: [%u, %u)", i, b->packet[i].off, b->packet[i].off + b->packet[i].len);
		for (uint32_t k = 0; k < b->packet[i].len; k++)
			print_message(" %02x", b->packet[i].byte[k]);
		print_message("\n");
	}
	fail_msg("%s", what);
}

#define EXPECT(b, x) ((x) ? (void)0 : failed(b, #x))

static void bench_init(struct bench *b, enum rs_overlap_policy policy, uint32_t nodes, uint32_t limit)
{
	memset(b, 0, sizeof *b);
	void *mem = aligned_alloc(64, RS_POOL_BYTES(sizeof(struct rs_seg), NODES));
	assert_non_null(mem);
	rs_pool_init(&b->pool, mem, sizeof(struct rs_seg), nodes);
	b->mem = (struct rs_stream_mem){ .segs = &b->pool, .ref_get = ref_get, .ref_put = ref_put, .window = RS_ORACLE_SPAN,
					 .held_max = UINT32_MAX, .limit = (uint16_t)limit, .same = same };
	rs_stream_init(&b->s, 0, policy, RS_ORACLE_SEGMENTS);
	rs_oracle_init(&b->o, policy);
	b->span = 8 + any(RS_ORACLE_SPAN - 8);
}

static void bench_end(struct bench *b, void *mem)
{
	rs_stream_clear(&b->s, &b->mem);
	EXPECT(b, b->pool.used == 0 && b->mem.held == 0 && b->mem.kept == 0 && b->s.held == 0 && b->s.kept_cost == 0);
	for (int i = 0; i < b->n; i++)
		EXPECT(b, b->packet[i].held == 0);
	free(mem);
}

/* What the sender meant, or what somebody else says; where it begins and ends is often where another one does. */
static struct packet *draw(struct bench *b)
{
	struct packet *p = &b->packet[b->n];
	const struct packet *q = b->n ? &b->packet[any((uint32_t)b->n)] : NULL;
	uint32_t edge = q ? (any(2) ? q->off : q->off + q->len) : 0;
	p->off = any(3) && q ? edge : any(3) ? any(b->span) : b->o.next - any(b->o.next + 1) / 4;
	if (any(4) == 0 && p->off)
		p->off--;
	if (p->off >= b->span)
		p->off = b->span - 1;
	p->len = 1 + any(1 + any(b->span));
	if (q && any(3) == 0 && q->off + q->len > p->off)
		p->len = q->off + q->len - p->off;
	if (p->len > b->span - p->off)
		p->len = b->span - p->off;
	bool lies = any(3) == 0;
	for (uint32_t i = 0; i < p->len; i++)
		b->byte[b->n][i] = (uint8_t)((p->off + i) * 7 + (lies && any(4) == 0 ? any(256) : 0));
	p->byte = b->byte[b->n++];
	return p;
}

static void take(struct bench *b, uint64_t at, const struct packet *p, uint32_t skip, uint32_t len)
{
	EXPECT(b, skip + len <= p->len && p->off + skip == at);
	memcpy(b->got + at, p->byte + skip, len);
}

/* As rs_tcp does it. */
static enum rs_verdict add(struct bench *b, struct packet *p)
{
	enum rs_verdict result = RS_DUP;
	do {
		uint32_t skip;
		enum rs_verdict v = rs_stream_add(&b->s, &b->mem, p->off, p->len, p, 1, &skip);
		if (v != RS_INORDER)
			return result == RS_INORDER ? result : v;
		result = v;
		uint32_t n = (uint32_t)(b->s.next - (p->off + skip));
		take(b, p->off + skip, p, skip, n);
		rs_stream_keep(&b->s, &b->mem, p->off + skip, n, p, skip, 1);
		for (struct rs_seg seg; rs_stream_pop(&b->s, &b->mem, &seg); ref_put(seg.ref)) {
			take(b, seg.off, seg.ref, seg.skip, seg.len);
			rs_stream_keep(&b->s, &b->mem, seg.off, seg.len, seg.ref, seg.skip, seg.cost);
		}
	} while (b->s.next < p->off + p->len);
	return result;
}

static void check_lists(struct bench *b)
{
	uint64_t at = b->s.next;
	uint32_t held = 0, kept = 0;
	const struct rs_seg *last = NULL;
	for (const struct rs_seg *seg = b->s.head; seg; last = seg, seg = seg->next, held++) {
		const struct packet *p = seg->ref;
		EXPECT(b, seg->off >= at + (last ? 0 : 1) && seg->len > 0 && p->off + seg->skip == seg->off);
		at = seg->off + seg->len;
		EXPECT(b, at + seg->after == p->off + p->len);
		for (uint64_t i = seg->off; i < at; i++)
			EXPECT(b, &b->packet[b->o.owner[i]] == p);
	}
	EXPECT(b, last == b->s.tail && held == b->s.held);
	last = NULL;
	at = 0;
	for (const struct rs_seg *seg = b->s.kept ? b->s.kept->next : NULL; seg; seg = seg == b->s.kept ? NULL : seg->next, kept++) {
		EXPECT(b, seg->off >= at && seg->off + seg->len > b->s.acked);
		at = seg->off + seg->len;
		last = seg;
	}
	EXPECT(b, last == b->s.kept && kept == b->s.kept_cost && kept == b->mem.kept && held + kept == b->pool.used);
}

static void check_compare(struct bench *b, const struct packet *p)
{
	struct rs_seen seen;
	int at = rs_oracle_compare(&b->o, p->off, p->len, p->byte);
	rs_stream_compare(&b->s, &b->mem, p->off, p->len, p, 0, &seen);
	EXPECT(b, seen.contradicts == (at >= 0) && seen.unknown_len == 0);
	if (at < 0)
		return;
	const struct rs_contradiction *c = &seen.contradiction;
	EXPECT(b, c->at == (uint64_t)at && c->off == p->off && c->len == p->len);
	EXPECT(b, c->seen_off <= c->at && c->at < c->seen_off + c->seen_len);
	/* Of what is held, the whole packet. */
	const struct packet *q = &b->packet[b->o.owner[at]];
	EXPECT(b, (uint32_t)at < b->o.next || (c->seen_off == q->off && c->seen_len == q->len));
}

static void one(enum rs_overlap_policy policy)
{
	struct bench b;
	bench_init(&b, policy, NODES, NODES);
	void *mem = b.pool.fresh;
	int segments = 2 + (int)any(RS_ORACLE_SEGMENTS - 2);
	for (int i = 0; i < segments && b.o.next < b.span; i++) {
		struct packet *p = draw(&b);
		bool was_inorder = p->off <= b.o.next && p->off + p->len > b.o.next;
		check_compare(&b, p);
		rs_oracle_add(&b.o, p->off, p->len, p->byte);
		enum rs_verdict v = add(&b, p);
		EXPECT(&b, was_inorder == (v == RS_INORDER) && (v == RS_INORDER || v == RS_HELD || v == RS_DUP));
		EXPECT(&b, b.s.next == b.o.next);
		if (any(4) == 0) {
			/* Sometimes what was not seen yet is, too. */
			uint32_t most = b.o.next + (any(4) ? 0 : any(6));
			b.o.acked += most > b.o.acked ? any(most - b.o.acked + 1) : 0;
			rs_stream_acked(&b.s, &b.mem, b.o.acked);
		}
		check_lists(&b);
		for (uint32_t at = 0; at < b.o.next; at++)
			EXPECT(&b, b.got[at] == rs_oracle_byte(&b.o, at));
	}
	bench_end(&b, mem);
}

static void every_policy_keeps_what_the_oracle_keeps(void **state)
{
	(void)state;
	for (int p = 0; p < RS_OVERLAP_MAX; p++)
		for (int i = 0; i < ROUNDS; i++) {
			seed = (uint64_t)(p * ROUNDS + i + 1) * 0x9e3779b97f4a7c15u;
			one(p);
		}
}

/* Where there is no room nothing changes, and every reference still goes back. */
static void without_room_nothing_changes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct bench b, before;
		seed = (i + 1) * 0x9e3779b97f4a7c15u;
		bench_init(&b, any(RS_OVERLAP_MAX), 1 + any(12), 1 + any(12));
		b.s.remember = (uint16_t)any(6);
		void *mem = b.pool.fresh;
		for (int k = 0; k < 40; k++) {
			struct packet *p = draw(&b);
			struct rs_seen seen;
			before = b;
			rs_stream_compare(&b.s, &b.mem, p->off, p->len, p, 0, &seen);
			if (add(&b, p) == RS_LIMIT)
				assert_true(memcmp(&before.s, &b.s, sizeof b.s) == 0 && before.mem.held == b.mem.held &&
					    before.pool.used == b.pool.used && p->held == 0);
			assert_true(b.s.held <= b.mem.limit && b.s.kept_cost <= b.s.remember && b.pool.used <= b.pool.size);
			assert_int_equal(b.mem.kept, b.s.kept_cost);
			assert_int_equal(b.mem.held, b.s.held + b.s.kept_cost);
			assert_true(b.mem.kept <= b.pool.size / 2);
		}
		bench_end(&b, mem);
	}
}

static void what_is_forgotten_cannot_be_compared(void **state)
{
	(void)state;
	struct bench b;
	seed = 1;
	bench_init(&b, RS_OVERLAP_LINUX, NODES, NODES);
	void *mem = b.pool.fresh;
	b.s.remember = 2;
	for (uint32_t i = 0; i < 4; i++) {
		struct packet *p = &b.packet[b.n];
		*p = (struct packet){ .off = i * 10, .len = 10, .byte = b.byte[b.n++] };
		assert_int_equal(add(&b, p), RS_INORDER);
	}
	assert_int_equal(b.mem.forgotten, 2);
	struct packet again = { .off = 5, .len = 30, .byte = b.byte[5] };
	struct rs_seen seen;
	rs_stream_compare(&b.s, &b.mem, 5, 30, &again, 0, &seen);
	assert_false(seen.contradicts);
	assert_int_equal(seen.unknown_off, 5);
	assert_int_equal(seen.unknown_len, 15);
	/* Acknowledged: nothing needs to be compared. */
	rs_stream_acked(&b.s, &b.mem, 12);
	rs_stream_compare(&b.s, &b.mem, 5, 30, &again, 0, &seen);
	assert_int_equal(seen.unknown_off, 12);
	assert_int_equal(seen.unknown_len, 8);
	rs_stream_acked(&b.s, &b.mem, 25);
	assert_int_equal(b.s.kept_cost, 2);
	b.byte[5][19] = 1;
	rs_stream_compare(&b.s, &b.mem, 5, 30, &again, 0, &seen);
	assert_false(seen.contradicts); /* at 24 */
	b.byte[5][21] = 1;
	rs_stream_compare(&b.s, &b.mem, 5, 30, &again, 0, &seen);
	assert_int_equal(seen.unknown_len, 0);
	assert_true(seen.contradicts);
	assert_int_equal(seen.contradiction.at, 26);
	assert_int_equal(seen.contradiction.seen_off, 20);
	rs_stream_acked(&b.s, &b.mem, 30);
	assert_int_equal(b.s.kept_cost, 1);
	rs_stream_acked(&b.s, &b.mem, 40);
	assert_null(b.s.kept);
	bench_end(&b, mem);
}

/* What came late is compared though it is acknowledged; where it was forgotten for want of room, that is told until it would have been
 * forgotten anyway. */
static void what_came_late_and_is_lost_is_told(void **state)
{
	(void)state;
	for (uint16_t remember = 1; remember <= 4; remember++) {
		struct bench b;
		seed = 1;
		bench_init(&b, RS_OVERLAP_LINUX, NODES, NODES);
		void *mem = b.pool.fresh;
		b.s.remember = remember;
		b.s.waits = true;
		rs_stream_acked(&b.s, &b.mem, 40);
		for (uint32_t i = 0; i < 4; i++) {
			struct packet *p = &b.packet[b.n];
			*p = (struct packet){ .off = i * 10, .len = 10, .byte = b.byte[b.n++] };
			assert_int_equal(add(&b, p), RS_INORDER);
		}
		if (remember == 1)
			rs_stream_lose(&b.s, &b.mem);
		struct packet again = { .off = 5, .len = 30, .byte = b.byte[5] };
		for (unsigned forgot = 0; forgot < RS_STREAM_LATE + 2; forgot++) {
			struct rs_seen seen;
			rs_stream_compare(&b.s, &b.mem, 5, 30, &again, 0, &seen);
			bool lost = remember < 4 && forgot <= RS_STREAM_LATE;
			assert_int_equal(seen.unknown_len, !lost ? 0 : remember == 1 || forgot > 1 ? 30 : 5 + 10 * (3 - remember));
			assert_int_equal(b.s.late, lost || forgot < 2);
			rs_stream_forget_late(&b.s, &b.mem, forgot ? 40 : 0);
		}
		bench_end(&b, mem);
	}
}

static struct packet *next(struct bench *b, uint32_t i)
{
	struct packet *p = &b->packet[b->n];
	*p = (struct packet){ .off = i * 10, .len = 10, .byte = b->byte[b->n++] };
	assert_int_equal(add(b, p), RS_INORDER);
	return p;
}

static bool contradicts(struct bench *b, uint32_t off, uint32_t len)
{
	uint8_t other[RS_ORACLE_SPAN];
	memset(other, 1, sizeof other);
	struct packet p = { .off = off, .len = len, .byte = other };
	struct rs_seen seen;
	rs_stream_compare(&b->s, &b->mem, off, len, &p, 0, &seen);
	assert_int_equal(seen.unknown_len, 0);
	return seen.contradicts;
}

/* Who waits compares below what is acknowledged, until told to forget it. */
static void what_is_acknowledged_is_compared_for_a_while(void **state)
{
	(void)state;
	struct bench b;
	seed = 1;
	bench_init(&b, RS_OVERLAP_LINUX, NODES, NODES);
	void *mem = b.pool.fresh;
	b.s.waits = true;
	for (uint32_t i = 0; i < 3; i++)
		next(&b, i);
	rs_stream_acked(&b.s, &b.mem, 25);
	assert_int_equal(b.s.kept_cost, 3);
	assert_true(b.s.late && contradicts(&b, 0, 5) && contradicts(&b, 20, 5));
	/* In the middle of a packet, too. */
	rs_stream_forget_late(&b.s, &b.mem, 12);
	assert_int_equal(b.s.kept_cost, 2);
	assert_true(b.s.late && !contradicts(&b, 0, 12) && contradicts(&b, 0, 13));
	/* Not what is not acknowledged. */
	rs_stream_forget_late(&b.s, &b.mem, 30);
	assert_true(!b.s.late && !contradicts(&b, 0, 25) && contradicts(&b, 25, 1));
	assert_int_equal(b.mem.forgotten, 0);
	bench_end(&b, mem);
}

/* It stays in an eighth of all, or half of that, and where a quarter is taken, in half of those. */
static void what_is_acknowledged_gives_way(void **state)
{
	(void)state;
	static const struct {
		uint32_t packets, held, kept, left;
	} cases[] = { { 10, 0, 0, 8 }, { 10, 40, 0, 4 }, { 10, 0, 4, 4 }, { 4, 0, 12, 4 }, { 4, 0, 13, 3 }, { 4, 40, 4, 4 }, { 4, 40, 6, 2 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bench b;
		seed = 1;
		bench_init(&b, RS_OVERLAP_LINUX, 128, NODES);
		void *mem = b.pool.fresh;
		b.s.waits = true;
		for (uint32_t k = 0; k < cases[i].packets; k++)
			next(&b, k);
		b.mem.held += cases[i].held + cases[i].kept;
		b.mem.kept += cases[i].kept;
		rs_stream_acked(&b.s, &b.mem, 1000);
		assert_int_equal(b.s.kept_cost, cases[i].left);
		/* What is read after its acknowledgement stays as far as there is room at all. */
		next(&b, cases[i].packets);
		rs_stream_acked(&b.s, &b.mem, 2000);
		assert_int_equal(b.s.kept_cost, cases[i].left + 1);
		b.mem.held -= cases[i].held + cases[i].kept;
		b.mem.kept -= cases[i].kept;
		bench_end(&b, mem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_policy_keeps_what_the_oracle_keeps),
		cmocka_unit_test(without_room_nothing_changes),
		cmocka_unit_test(what_is_forgotten_cannot_be_compared),
		cmocka_unit_test(what_came_late_and_is_lost_is_told),
		cmocka_unit_test(what_is_acknowledged_is_compared_for_a_while),
		cmocka_unit_test(what_is_acknowledged_gives_way),
	};
	return cmocka_run_group_tests_name("rs_stream_overlap", tests, NULL, NULL);
}
