/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/ip/rs_frag_oracle.h"

#define PIECES (2 * RS_ORACLE_FRAGMENTS)

static uint32_t same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len)
{
	const struct rs_oracle_fragment *x = a, *y = b;
	uint32_t n = 0;
	assert_true(skip_a + len <= x->len && skip_b + len <= y->len && len > 0);
	while (n < len && x->byte[skip_a + n] == y->byte[skip_b + n])
		n++;
	return n;
}

struct bench {
	void *nodes;
	struct rs_pool pool;
	struct rs_frag_mem mem;
	struct rs_frag f;
};

static void bench_init(struct bench *b, uint32_t pieces)
{
	b->nodes = aligned_alloc(64, RS_POOL_BYTES(sizeof(struct rs_frag_piece), PIECES));
	assert_non_null(b->nodes);
	rs_pool_init(&b->pool, b->nodes, sizeof(struct rs_frag_piece), pieces);
	b->mem = (struct rs_frag_mem){ &b->pool, same };
}

static void bench_end(struct bench *b)
{
	rs_frag_clear(&b->f, &b->mem);
	assert_int_equal(b->pool.used, 0);
	free(b->nodes);
}

static enum rs_frag_verdict add(struct bench *b, struct rs_oracle_fragment *r, uint32_t header)
{
	struct rs_frag_part part = { r, r->off, r->len, header, r->more, r->ecn };
	return rs_frag_add(&b->f, &b->mem, &part);
}

static struct rs_oracle_fragment made(uint32_t off, uint32_t len, bool more, uint8_t fill)
{
	struct rs_oracle_fragment r = { .off = off, .len = len, .more = more };
	memset(r.byte, fill, sizeof r.byte);
	return r;
}

static uint32_t rnd(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)*seed * n) >> 32);
}

/* The pieces are in order, do not overlap, are within their fragments, and say what the oracle says. */
static const char *differ(const struct bench *b, const struct rs_oracle *o)
{
	uint32_t at = 0, have = 0, n = 0;
	const struct rs_frag_piece *last = NULL;
	for (const struct rs_frag_piece *p = b->f.head; p; last = p, p = p->next, n++) {
		const struct rs_oracle_fragment *r = p->ref;
		if (p->off < at || !p->len || p->skip + p->len > r->len || r->off + p->skip != p->off)
			return "the pieces are out of order";
		for (uint32_t i = 0; i < p->len; i++)
			if (o->owner[p->off + i] < 0 || o->byte[p->off + i] != r->byte[p->skip + i])
				return "another byte is kept";
		at = p->off + p->len;
		have += p->len;
	}
	for (uint32_t i = 0; i < RS_ORACLE_SPAN; i++)
		have -= o->owner[i] >= 0;
	if (have || last != b->f.tail || n != b->pool.used || (b->f.n && n > 2u * b->f.n - 1))
		return "other bytes are counted";
	return b->f.contradicts == o->contradicts ? NULL : "the contradiction";
}

static void show(enum rs_overlap_policy p, unsigned version, const struct rs_oracle_fragment *r, unsigned n, const char *what)
{
	fprintf(stderr, "%s, IPv%u:", rs_overlap_name(p), version);
	for (unsigned i = 0; i < n; i++)
		fprintf(stderr, " %u+%u%s", r[i].off, r[i].len, r[i].more ? "" : ".");
	fail_msg("%s", what);
}

/* Cut anywhere, in any order, repeated, overlapped, with equal and with other bytes. */
static void one_random_set(uint32_t *seed)
{
	struct bench b;
	struct rs_oracle o;
	static struct rs_oracle_fragment r[RS_ORACLE_FRAGMENTS];
	enum rs_overlap_policy policy = (enum rs_overlap_policy)rnd(seed, RS_OVERLAP_MAX);
	unsigned version = rnd(seed, 4) ? 4 : 6, units = 1 + rnd(seed, RS_ORACLE_SPAN / 8), count = 2 + rnd(seed, 30);
	unsigned max = rnd(seed, 8) ? RS_ORACLE_FRAGMENTS : 1 + rnd(seed, 8), wrong = rnd(seed, 3) ? 0 : 1 + rnd(seed, 10);
	bool odd = rnd(seed, 4) == 0;
	uint32_t total = units * 8 - rnd(seed, 8);
	bench_init(&b, PIECES);
	rs_frag_init(&b.f, policy, version, (uint16_t)max);
	rs_oracle_init(&o, policy, version, max);
	for (unsigned i = 0; i < count; i++) {
		uint32_t from = rnd(seed, units), to = from + 1 + rnd(seed, rnd(seed, 2) ? 3 : units - from);
		to = to < units ? to : units;
		r[i] = (struct rs_oracle_fragment){ .off = from * 8, .len = (to - from) * 8, .more = to < units };
		if (!r[i].more)
			r[i].len = total - r[i].off;
		if (odd && rnd(seed, 6) == 0)
			r[i].len = rnd(seed, r[i].len + 1);
		if (odd && rnd(seed, 12) == 0)
			r[i].more = !r[i].more;
		r[i].ecn = odd ? (uint8_t)rnd(seed, 4) : 0;
		for (uint32_t k = 0; k < r[i].len; k++)
			r[i].byte[k] = (uint8_t)(r[i].off + k + (wrong && rnd(seed, 100) < wrong ? 100 : 0));
		enum rs_frag_verdict want = rs_oracle_add(&o, &r[i], (int)i), v = add(&b, &r[i], 20);
		if (v != want)
			show(policy, version, r, i + 1, "another verdict");
		if (v == RS_FRAG_DISCARD)
			break;
		const char *why = differ(&b, &o);
		if (why)
			show(policy, version, r, i + 1, why);
		if (v == RS_FRAG_WHOLE && rnd(seed, 2))
			break;
	}
	bench_end(&b);
}

static void random_sets_equal_the_oracle(void **state)
{
	(void)state;
	uint32_t seed = 1;
	for (int i = 0; i < 300000; i++)
		one_random_set(&seed);
}

/* Every pair of overlaps: what begins and ends before, where and behind what, with each policy. */
static void pairs(void **state)
{
	(void)state;
	/* The second: of a held fragment [16, 40), which of its bytes a new fragment takes; in units of 8 bytes. */
	static const struct {
		uint32_t off, len;
		const char *first, *last, *bsd, *right, *linux24, *solaris, *windows; /* from unit 0: h held, n new, - neither */
	} cases[] = {
		{ 0, 24, "nnhhh", "nnnhh", "nnnhh", "nnhhh", "nnnhh", "nnhhh", "nnhhh" }, /* before, into */
		{ 0, 40, "nnhhh", "nnnnn", "nnnnn", "nnnnn", "nnnnn", "nnnnn", "nnhhh" }, /* before, to the same end */
		{ 0, 48, "nnhhhn", "nnnnnn", "nnnnnn", "nnnnnn", "nnnnnn", "nnnnnn", "nnnnnn" }, /* around */
		{ 16, 8, "--hhh", "--nhh", "--hhh", "--hhh", "--nhh", "--hhh", "--hhh" }, /* its beginning */
		{ 16, 24, "--hhh", "--nnn", "--hhh", "--nnn", "--nnn", "--hhh", "--hhh" }, /* the same */
		{ 16, 32, "--hhhn", "--nnnn", "--hhhn", "--nnnn", "--nnnn", "--hhhn", "--hhhn" }, /* longer */
		{ 24, 8, "--hhh", "--hnh", "--hhh", "--hhh", "--hhh", "--hhh", "--hhh" }, /* within */
		{ 24, 16, "--hhh", "--hnn", "--hhh", "--hhh", "--hhh", "--hhh", "--hhh" }, /* its end */
		{ 24, 24, "--hhhn", "--hnnn", "--hhhn", "--hnnn", "--hhhn", "--hhhn", "--hhhn" }, /* into, beyond */
	};
	static const enum rs_overlap_policy policies[] = { RS_OVERLAP_FIRST,     RS_OVERLAP_LAST,    RS_OVERLAP_BSD,    RS_OVERLAP_BSD_RIGHT,
		                                           RS_OVERLAP_OLD_LINUX, RS_OVERLAP_SOLARIS, RS_OVERLAP_WINDOWS };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *want[] = { cases[i].first,   cases[i].last,    cases[i].bsd,    cases[i].right,
			               cases[i].linux24, cases[i].solaris, cases[i].windows };
		for (size_t k = 0; k < sizeof policies / sizeof *policies; k++) {
			struct bench b;
			char got[8] = "------";
			struct rs_oracle_fragment held = made(16, 24, true, 'h'), now = made(cases[i].off, cases[i].len, true, 'n');
			bench_init(&b, PIECES);
			rs_frag_init(&b.f, policies[k], 4, 16);
			assert_int_equal(add(&b, &held, 20), RS_FRAG_HELD);
			enum rs_frag_verdict v = add(&b, &now, 20);
			for (const struct rs_frag_piece *p = b.f.head; p; p = p->next)
				memset(got + p->off / 8, ((const struct rs_oracle_fragment *)p->ref)->byte[0], p->len / 8);
			got[strlen(want[k])] = '\0';
			if (strcmp(got, want[k]) != 0)
				fail_msg("%u+%u, %s: %s, not %s", cases[i].off, cases[i].len, rs_overlap_name(policies[k]), got, want[k]);
			assert_int_equal(v, strchr(want[k], 'n') ? RS_FRAG_HELD : RS_FRAG_IGNORED);
			assert_true(b.f.contradicts);
			assert_int_equal(b.f.contradiction.seen_off, 16);
			assert_int_equal(b.f.contradiction.seen_len, 24);
			assert_int_equal(b.f.contradiction.off, cases[i].off);
			assert_int_equal(b.f.contradiction.len, cases[i].len);
			assert_int_equal(b.f.contradiction.at, cases[i].off < 16 ? 16 : cases[i].off);
			bench_end(&b);
			/* Linux gives up each of them that does not lie within; so is IPv6 given up. */
			for (unsigned version = 4; version <= 6; version += 2) {
				bench_init(&b, PIECES);
				rs_frag_init(&b.f, version == 4 ? RS_OVERLAP_LINUX : policies[k], version, 16);
				assert_int_equal(add(&b, &held, 20), RS_FRAG_HELD);
				bool within = cases[i].off >= 16 && cases[i].off + cases[i].len <= 40;
				assert_int_equal(add(&b, &now, 20), within ? RS_FRAG_IGNORED : RS_FRAG_DISCARD);
				assert_int_equal(b.f.fault, within ? RS_FRAG_REPEATED : RS_FRAG_OVERLAP);
				bench_end(&b);
			}
		}
	}
}

static void ends_and_sizes(void **state)
{
	(void)state;
	struct bench b;
	struct rs_oracle_fragment a = made(0, 16, true, 'a'), z = made(16, 5, false, 'z'), shorter = made(8, 5, false, 's'),
				  longer = made(16, 8, true, 'l'), none = made(16, 0, true, 'n'), odd = made(16, 5, true, 'o'),
				  far = made(65528, 16, false, 'f'), just = made(65528, 7, false, 'j');
	static const struct {
		enum rs_overlap_policy p;
		unsigned version;
	} kinds[] = { { RS_OVERLAP_FIRST, 4 }, { RS_OVERLAP_BSD, 4 }, { RS_OVERLAP_LINUX, 4 }, { RS_OVERLAP_FIRST, 6 } };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		bool gives_up = i >= 2;
		enum rs_frag_verdict bad = gives_up ? RS_FRAG_DISCARD : RS_FRAG_IGNORED;
		struct rs_oracle_fragment *const wrong[] = { &shorter, &longer, &none };
		for (size_t k = 0; k < 3; k++) {
			bench_init(&b, PIECES);
			rs_frag_init(&b.f, kinds[i].p, kinds[i].version, 16);
			assert_int_equal(add(&b, &z, 20), RS_FRAG_HELD);
			assert_int_equal(add(&b, wrong[k], 20), bad);
			assert_int_equal(b.f.fault, k < 2 ? RS_FRAG_ENDS : RS_FRAG_LENGTH);
			assert_int_equal(b.f.contradicts, k < 2);
			if (!gives_up) {
				assert_int_equal(add(&b, &a, 20), RS_FRAG_WHOLE);
				assert_int_equal(b.f.end, 21);
			}
			bench_end(&b);
		}
		bench_init(&b, PIECES);
		rs_frag_init(&b.f, kinds[i].p, kinds[i].version, 16);
		/* Five bytes and more to come: dropped, or no bytes at all. */
		bool drops = kinds[i].p == RS_OVERLAP_BSD || kinds[i].version == 6;
		assert_int_equal(add(&b, &odd, 20), drops || !gives_up ? RS_FRAG_IGNORED : RS_FRAG_DISCARD);
		/* The last byte of all that there can be, and the one behind it. */
		bool later = kinds[i].p == RS_OVERLAP_LINUX;
		assert_int_equal(add(&b, &far, 20), later ? RS_FRAG_HELD : RS_FRAG_IGNORED);
		assert_int_equal(b.f.fault, later ? RS_FRAG_NO_FAULT : RS_FRAG_TOO_LARGE);
		if (!later)
			assert_int_equal(add(&b, &just, 20), RS_FRAG_HELD);
		bench_end(&b);
	}
}

/* With its header it would be longer than any datagram: seen when all is there. */
static void a_datagram_that_would_be_too_long_with_its_header(void **state)
{
	(void)state;
	static struct rs_oracle_fragment r[2];
	for (uint32_t header = 19; header <= 20; header++) {
		struct bench b;
		bench_init(&b, PIECES);
		rs_frag_init(&b.f, RS_OVERLAP_FIRST, 4, 16);
		r[0] = (struct rs_oracle_fragment){ .len = 65512, .more = true };
		r[1] = (struct rs_oracle_fragment){ .off = 65512, .len = 4 };
		assert_int_equal(add(&b, &r[0], header), RS_FRAG_HELD);
		assert_int_equal(add(&b, &r[1], 0), header == 19 ? RS_FRAG_WHOLE : RS_FRAG_DISCARD);
		assert_int_equal(b.f.fault, header == 19 ? RS_FRAG_NO_FAULT : RS_FRAG_TOO_LARGE);
		bench_end(&b);
	}
}

static void ecn_of_all_fragments(void **state)
{
	(void)state;
	for (unsigned first = 0; first < 4; first++)
		for (unsigned second = 0; second < 4; second++)
			for (unsigned linux_ = 0; linux_ < 2; linux_++) {
				struct bench b;
				struct rs_oracle_fragment a = made(0, 8, true, 'a'), z = made(8, 1, false, 'z');
				a.ecn = (uint8_t)first;
				z.ecn = (uint8_t)second;
				bench_init(&b, PIECES);
				rs_frag_init(&b.f, linux_ ? RS_OVERLAP_LINUX : RS_OVERLAP_FIRST, 4, 16);
				assert_int_equal(add(&b, &a, 20), RS_FRAG_HELD);
				bool fits = !linux_ || (first == 0) == (second == 0);
				assert_int_equal(add(&b, &z, 20), fits ? RS_FRAG_WHOLE : RS_FRAG_DISCARD);
				/* RFC 3168 5.3: one that met congestion marks them all. */
				assert_int_equal(rs_frag_ecn(&b.f, first), first == 3 || second == 3 ? 3 : first);
				bench_end(&b);
			}
}

static void limits(void **state)
{
	(void)state;
	struct bench b;
	struct rs_oracle_fragment r[8];
	bench_init(&b, 2);
	rs_frag_init(&b.f, RS_OVERLAP_FIRST, 4, 100);
	for (uint32_t i = 0; i < 3; i++) {
		r[i] = made(i * 16, 8, true, 'x');
		assert_int_equal(add(&b, &r[i], 20), i < 2 ? RS_FRAG_HELD : RS_FRAG_DISCARD);
	}
	assert_int_equal(b.f.fault, RS_FRAG_TOO_MANY);
	bench_end(&b);

	bench_init(&b, PIECES);
	rs_frag_init(&b.f, RS_OVERLAP_FIRST, 4, 3);
	for (uint32_t i = 0; i < 4; i++) {
		r[i] = made(i * 8, 8, true, 'x');
		assert_int_equal(add(&b, &r[i], 20), i < 3 ? RS_FRAG_HELD : RS_FRAG_DISCARD);
	}
	assert_int_equal(b.f.fault, RS_FRAG_TOO_MANY);
	bench_end(&b);
}

static void names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RS_FRAG_FAULTS; i++)
		assert_non_null(rs_frag_fault_name(i));
	assert_string_equal(rs_frag_fault_name(RS_FRAG_FAULTS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs),
		cmocka_unit_test(ends_and_sizes),
		cmocka_unit_test(a_datagram_that_would_be_too_long_with_its_header),
		cmocka_unit_test(ecn_of_all_fragments),
		cmocka_unit_test(limits),
		cmocka_unit_test(names),
		cmocka_unit_test(random_sets_equal_the_oracle),
	};
	return cmocka_run_group_tests_name("rs_frag", tests, NULL, NULL);
}
