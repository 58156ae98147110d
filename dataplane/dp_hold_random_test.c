/* SPDX-License-Identifier: Apache-2.0 */
/* dp_hold with longer streams, at random, beside a slow oracle that knows each byte. With MAILWEIR_DEEP=1 more of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dataplane/dp_hold.h"

#define LONG 1500
#define PARCEL 90 /* bytes of a packet, at most */
#define COST 3

struct parcel {
	uint64_t off;
	uint32_t len;
	int held;
	uint8_t payload[]; /* nothing behind it: what reads on is found by AddressSanitizer */
};

struct slow {
	struct dp_hold h;
	struct dp_hold_mem mem;
	struct rs_pool pool;
	char *runs;
	uint8_t stream[LONG];
	bool taken[LONG + 1], sent[LONG + 1], got[LONG + 1]; /* the last stays false: a hole */
	uint64_t n, acked, read, stop, bad_end, bound;
	bool stopped, bad;
};

static bool is_deep(void)
{
	const char *v = getenv("MAILWEIR_DEEP");
	return v && *v && strcmp(v, "0") != 0;
}

static uint32_t random_state;

static uint32_t below_random(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

static void parcel_get(void *p)
{
	((struct parcel *)p)->held++;
}

static void parcel_put(void *p)
{
	struct parcel *q = p;
	assert_true(q->held > 0);
	if (!--q->held)
		free(q);
}

static bool parcel_same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len)
{
	return !memcmp(((const struct parcel *)a)->payload + skip_a, ((const struct parcel *)b)->payload + skip_b, len);
}

static uint64_t hole_from(const bool *there, uint64_t at)
{
	while (there[at])
		at++;
	return at;
}

/* By its meaning: as many bytes as possible, so that the receiver stays within the limit with all before their end. */
static uint32_t slow_may(const struct slow *s, uint64_t off, uint32_t len)
{
	for (uint32_t k = len; k; k--)
		if (s->h.limit == DP_HOLD_NO_LIMIT || (off + k <= s->h.limit && hole_from(s->sent, off + k) <= s->h.limit))
			return k;
	return 0;
}

static enum dp_hold_verdict slow_add(const struct slow *s, const struct parcel *p, uint32_t cost)
{
	uint32_t holes = 0;
	uint64_t end = p->off + p->len, first = end;
	for (uint64_t at = p->off > s->acked ? p->off : s->acked; at < end; at++) {
		if (s->taken[at] && s->stream[at] != p->payload[at - p->off])
			return DP_HOLD_CONTRADICTS;
		if (s->taken[at])
			continue;
		first = first == end ? at : first;
		holes += at + 1 == end || s->taken[at + 1];
	}
	if (!holes)
		return DP_HOLD_KNOWN;
	bool early = first > s->read;
	uint32_t more = holes * cost;
	if (s->h.cost + more + (early ? s->mem.max / 8 + cost : 0) > s->mem.max ||
	    s->mem.held + more + (early ? s->mem.held_max / 8 + cost : 0) > s->mem.held_max ||
	    s->pool.used + holes + (early ? s->pool.size / 8 + 1 : 0) > s->pool.size)
		return DP_HOLD_FULL;
	return DP_HOLD_NEW;
}

static void slow_begin(struct slow *s)
{
	uint32_t runs = 8 + below_random(30);
	*s = (struct slow){ .n = 100 + below_random(LONG - 100), .stop = below_random(300), .bound = UINT64_MAX };
	s->bad_end = below_random(3) ? UINT64_MAX : 3 + below_random((uint32_t)s->n - 3);
	for (unsigned i = 0; i < LONG; i++)
		s->stream[i] = (uint8_t)below_random(256);
	s->runs = aligned_alloc(64, (RS_POOL_BYTES(sizeof(struct dp_hold_run), runs) + 63) & ~(size_t)63);
	assert_non_null(s->runs);
	rs_pool_init(&s->pool, s->runs, sizeof(struct dp_hold_run), runs);
	s->mem = (struct dp_hold_mem){ &s->pool, parcel_get, parcel_put, parcel_same, 0, 8 * COST + below_random(60),
					 8 * COST + below_random(60) };
	dp_hold_init(&s->h);
}

static void slow_meet(struct slow *s)
{
	if (s->read == s->bad_end) {
		uint64_t safe = s->bad_end - 1 - below_random(2);
		s->h.limit = safe;
		s->bound = safe > s->h.edge ? safe : s->h.edge;
		s->stopped = s->bad = true;
	} else if (s->read == s->stop) {
		s->h.limit = s->bound = s->stop;
		s->stopped = true;
	}
}

static void slow_read(struct slow *s)
{
	void *ref;
	uint32_t skip, len;
	while (!s->stopped && dp_hold_unread(&s->h, &ref, &skip, &len)) {
		const struct parcel *p = ref;
		assert_true(len && skip + len <= p->len && p->off + skip == s->read);
		uint64_t next = s->stop > s->read && s->stop < s->bad_end ? s->stop : s->bad_end;
		if (next > s->read && len > next - s->read)
			len = (uint32_t)(next - s->read);
		assert_memory_equal(p->payload + skip, s->stream + s->read, len);
		dp_hold_took(&s->h, len);
		s->read += len;
		slow_meet(s);
	}
	assert_int_equal(s->h.read, s->read);
	if (!s->stopped)
		assert_int_equal(s->read, hole_from(s->taken, 0));
}

static uint32_t slow_forward(struct slow *s, const struct parcel *p, bool lost)
{
	uint32_t k = dp_hold_may(&s->h, p->off, p->len);
	if (s->bound == s->h.limit)
		assert_int_equal(k, slow_may(s, p->off, p->len));
	dp_hold_forwarded(&s->h, p->off, k);
	for (uint64_t at = p->off; at < p->off + k; at++) {
		s->sent[at] = true;
		if (lost || s->got[at])
			continue;
		s->got[at] = true;
		assert_int_equal(p->payload[at - p->off], s->stream[at]);
	}
	return k;
}

static void slow_check(const struct slow *s)
{
	uint64_t edge = hole_from(s->got, 0);
	uint32_t cost = 0;
	assert_true(edge <= s->bound && edge <= s->read && edge < s->bad_end);
	assert_int_equal(s->h.edge, hole_from(s->sent, 0));
	for (const struct dp_hold_run *r = s->h.head; r; r = r->next)
		cost += r->cost;
	assert_int_equal(cost, s->h.cost);
	assert_int_equal(cost, s->mem.held);
	assert_true(cost <= s->mem.max && cost <= s->mem.held_max);
}

/* change: where the client repeats, a byte of it is another: that contradicts what was taken, or is garbage below acked. */
static void slow_send(struct slow *s, uint64_t off, uint32_t len, bool change, bool lost)
{
	struct parcel *p = malloc(sizeof *p + len);
	assert_non_null(p);
	*p = (struct parcel){ .off = off, .len = len, .held = 1 };
	memcpy(p->payload, s->stream + off, len);
	uint32_t at = below_random(len), cost = 1 + below_random(COST);
	if (change && s->taken[off + at])
		p->payload[at] ^= (uint8_t)(1 + below_random(255));
	enum dp_hold_verdict v = slow_add(s, p, cost);
	assert_int_equal(dp_hold_add(&s->h, &s->mem, off, len, p, cost), v);
	if (v == DP_HOLD_NEW)
		memset(s->taken + off, true, len);
	if (v == DP_HOLD_NEW || v == DP_HOLD_KNOWN) {
		slow_read(s);
		slow_forward(s, p, lost);
	}
	parcel_put(p);
	slow_check(s);
}

static void slow_lift(struct slow *s, bool last)
{
	struct dp_hold_run *r;
	s->h.limit = s->bound = DP_HOLD_NO_LIMIT;
	s->stopped = false;
	s->stop = last ? UINT64_MAX : s->read + 1 + below_random(300);
	slow_meet(s);
	slow_read(s);
	while ((r = dp_hold_unsent(&s->h))) {
		const struct parcel *p = r->ref;
		uint64_t before = r->off + r->sent;
		if (p->off + slow_forward(s, p, !last && below_random(4) == 0) <= before)
			break;
	}
	slow_check(s);
}

static void slow_ack(struct slow *s, uint64_t to)
{
	assert_true(dp_hold_ack(&s->h, &s->mem, to));
	s->acked = to > s->acked ? to : s->acked;
	assert_int_equal(s->h.acked, s->acked);
}

static void slow_play(struct slow *s)
{
	for (unsigned i = 0; i < 400; i++) {
		uint32_t what = below_random(20);
		uint64_t base = s->acked > 40 ? s->acked - 40 : 0;
		uint64_t off = what < 8 ? hole_from(s->taken, 0) : base + below_random(300);
		if (what == 0 && s->stopped && !s->bad)
			slow_lift(s, false);
		else if (what == 1)
			slow_ack(s, below_random((uint32_t)hole_from(s->got, 0) + 1));
		else if (off < s->n)
			slow_send(s, off, 1 + below_random((uint32_t)(s->n - off < PARCEL ? s->n - off : PARCEL)), what == 19,
			          below_random(4) == 0);
	}
}

/* Whatever was lost comes again, in order and each hole by itself; nothing is lost any more. */
static void slow_finish(struct slow *s)
{
	for (uint64_t edge; !s->bad && (edge = hole_from(s->got, 0)) < s->n;) {
		uint64_t end = edge + 1;
		while (end < s->n && end - edge < PARCEL && s->taken[end] == s->taken[edge])
			end++;
		slow_ack(s, edge);
		slow_send(s, edge, (uint32_t)(end - edge), false, false);
		while (s->stopped && !s->bad)
			slow_lift(s, true);
		assert_true(s->bad || hole_from(s->got, 0) > edge);
	}
	dp_hold_clear(&s->h, &s->mem);
	assert_int_equal(s->h.cost + s->h.unsent + s->mem.held + s->pool.used, 0);
	free(s->runs);
}

static void long_streams_as_the_oracle_says(void **state)
{
	(void)state;
	static struct slow s;
	uint32_t bad = 0, streams = is_deep() ? 50000 : 2000;
	for (uint32_t seed = 0; seed < streams; seed++) {
		random_state = seed;
		slow_begin(&s);
		slow_meet(&s);
		slow_play(&s);
		slow_finish(&s);
		bad += s.bad;
	}
	assert_in_range(bad, streams / 20, streams - streams / 20);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_streams_as_the_oracle_says),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
