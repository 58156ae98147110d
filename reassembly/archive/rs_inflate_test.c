/* SPDX-License-Identifier: Apache-2.0 */
/* Against zlib itself, on its own memory and in one piece. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reassembly/archive/rs_inflate.h"

struct bytes {
	uint8_t *p;
	size_t n;
};

static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

/* Text with repetitions, noise, or runs: every kind of block comes of one of them. */
static struct bytes make_plain(size_t n, unsigned kind)
{
	struct bytes b = { malloc(n + 1), n };
	assert_non_null(b.p);
	for (size_t i = 0; i < n; i++) {
		if (kind == 0 && i > 40 && rnd(4)) {
			const size_t back = 1 + rnd((uint32_t)(i < 40000 ? i : 40000));
			for (unsigned k = rnd(70); k > 0 && i + 1 < n; k--, i++)
				b.p[i] = b.p[i - back];
		}
		b.p[i] = (uint8_t)(kind == 1 ? rnd(256) : kind == 2 ? 0 : 'a' + rnd(20));
	}
	return b;
}

static struct bytes deflated(const struct bytes *plain, enum rs_inflate_format format, int level, int strategy)
{
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, format == RS_INFLATE_RAW ? -15 : 15, 8, strategy), Z_OK);
	struct bytes b = { 0 };
	b.n = deflateBound(&z, plain->n) + 64;
	b.p = malloc(b.n);
	assert_non_null(b.p);
	z.next_in = plain->p;
	z.avail_in = (uInt)plain->n;
	z.next_out = b.p;
	z.avail_out = (uInt)b.n;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	b.n = z.total_out;
	deflateEnd(&z);
	return b;
}

/* The oracle: all that zlib makes of it, and where it ends. */
struct outcome {
	struct bytes out;
	size_t taken;
	enum rs_inflate_verdict verdict;
};

static struct outcome oracle(const uint8_t *p, size_t n, enum rs_inflate_format format)
{
	struct outcome o = { .out = { malloc(1 << 20), 0 } };
	assert_non_null(o.out.p);
	z_stream z = { 0 };
	uint8_t *copy = malloc(n + 1);
	assert_non_null(copy);
	memcpy(copy, p, n);
	assert_int_equal(inflateInit2(&z, format == RS_INFLATE_RAW ? -15 : 15), Z_OK);
	z.next_in = copy;
	z.avail_in = (uInt)n;
	z.next_out = o.out.p;
	z.avail_out = 1 << 20;
	int rc = inflate(&z, Z_NO_FLUSH);
	o.out.n = z.total_out;
	o.taken = z.total_in;
	o.verdict = rc == Z_STREAM_END ? RS_INFLATE_END : rc == Z_OK || rc == Z_BUF_ERROR ? RS_INFLATE_MORE : RS_INFLATE_BAD;
	inflateEnd(&z);
	free(copy);
	return o;
}

/* A page's end: what is written or read beyond it is noticed. */
static uint8_t *guarded(size_t n)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), all = (n + page - 1) / page * page + page;
	uint8_t *p = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + all - page, page, PROT_NONE), 0);
	return p + all - page - n;
}

static void unguard(uint8_t *p, size_t n)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), all = (n + page - 1) / page * page + page;
	munmap(p + n + page - all, all);
}

static struct rs_inflate *inflater;
static uint8_t *in_page, *out_page; /* ends of 64 KiB, with a guard behind */
#define PAGE_BYTES 65536

static unsigned pauses;

/* Feeds n bytes as one call's input, room by room; hands out to `to`. */
static enum rs_inflate_verdict feed(struct rs_inflate *f, const uint8_t *p, size_t n, size_t room, struct bytes *to, size_t *left)
{
	enum rs_inflate_verdict v;
	do {
		size_t taken, made;
		uint8_t *exact = in_page + PAGE_BYTES - n, *out = out_page + PAGE_BYTES - room;
		memcpy(exact, p, n);
		v = rs_inflate_feed(f, exact, n, &taken, out, room, &made);
		assert_true(taken <= n && made <= room);
		assert_true(v != RS_INFLATE_MORE || taken == n);
		memcpy(to->p + to->n, out, made);
		to->n += made;
		p += taken;
		n -= taken;
		if (v == RS_INFLATE_PAUSE) {
			assert_true(f->in % RS_INFLATE_STEP == 0 && f->out >= f->pause_at);
			f->pause_at = f->out + 1000;
			pauses++;
		}
	} while (v == RS_INFLATE_FULL || v == RS_INFLATE_PAUSE);
	*left = n;
	return v;
}

/* Of the run in one piece, which comes first. */
static unsigned pauses_of_whole;

/* In pieces of at most `most` (0: whole, else cut once after `cut`). */
static void expect_outcome(const uint8_t *p, size_t n, enum rs_inflate_format format, const struct outcome *want, size_t cut,
                           uint32_t most, uint32_t room)
{
	struct bytes got = { malloc(1 << 20), 0 };
	assert_non_null(got.p);
	rs_inflate_init(inflater, format);
	enum rs_inflate_verdict v = RS_INFLATE_MORE;
	size_t at = 0, left = 0;
	inflater->pause_at = 500;
	pauses = 0;
	while (at < n && v == RS_INFLATE_MORE) {
		size_t k = cut ? (at ? n : cut) : most ? 1 + rnd(most) : n;
		if (k > n - at)
			k = n - at;
		if (k > PAGE_BYTES)
			k = PAGE_BYTES;
		v = feed(inflater, p + at, k, 1 + rnd(room), &got, &left);
		at += k;
	}
	if (!cut && !most)
		pauses_of_whole = pauses;
	assert_int_equal(pauses, pauses_of_whole); /* at the same places, however it is cut */
	assert_int_equal(v, want->verdict);
	assert_int_equal(at - left, want->taken);
	assert_int_equal(inflater->in, want->taken);
	assert_int_equal(got.n, want->out.n);
	assert_int_equal(inflater->out, want->out.n);
	assert_memory_equal(got.p, want->out.p, got.n);
	free(got.p);
}

static void every_way(const struct bytes *packed, enum rs_inflate_format format)
{
	struct outcome want = oracle(packed->p, packed->n, format);
	expect_outcome(packed->p, packed->n, format, &want, 0, 0, PAGE_BYTES);
	for (size_t cut = 1; cut < packed->n && packed->n < 3000; cut++)
		expect_outcome(packed->p, packed->n, format, &want, cut, 0, 20000);
	for (uint32_t most = 1; most < 2000; most = most * 5 / 2 + 1)
		for (uint32_t room = 1; room < 40000; room = room * 20)
			expect_outcome(packed->p, packed->n, format, &want, 0, most, room);
	free(want.out.p);
}

static void zlib_finds_room(void **state)
{
	(void)state;
	size_t asked;
	assert_int_equal(rs_inflate_check(&asked), 0);
	assert_true(asked > 32768 && asked <= RS_INFLATE_MEMORY);
	assert_int_equal(rs_inflate_check(NULL), 0);
}

static void whole_and_in_pieces(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 1, 63, 64, 65, 700, 90000 };
	for (unsigned kind = 0; kind < 3; kind++)
		for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
			for (int how = 0; how < 4; how++) {
				static const int levels[] = { 0, 6, 9, 6 };
				const enum rs_inflate_format format = how == 2 ? RS_INFLATE_ZLIB : RS_INFLATE_RAW;
				struct bytes plain = make_plain(sizes[i], kind);
				const int strategy = how == 3 ? Z_FIXED : Z_DEFAULT_STRATEGY;
				struct bytes packed = deflated(&plain, format, levels[how], strategy);
				struct outcome o = oracle(packed.p, packed.n, format);
				assert_int_equal(o.verdict, RS_INFLATE_END);
				assert_int_equal(o.out.n, plain.n);
				free(o.out.p);
				if (sizes[i] < 3000 || (kind == 0 && how == 1))
					every_way(&packed, format);
				free(plain.p);
				free(packed.p);
			}
}

/* What stands behind the stream is not taken; after the end and after a fault nothing is. */
static void stops_at_its_end(void **state)
{
	(void)state;
	struct bytes plain = make_plain(500, 0), packed = deflated(&plain, RS_INFLATE_RAW, 6, 0);
	packed.p = realloc(packed.p, packed.n + 8);
	assert_non_null(packed.p);
	memcpy(packed.p + packed.n, "\x4b\x04\0PK\3\4x", 8);
	packed.n += 8;
	every_way(&packed, RS_INFLATE_RAW);
	uint8_t out[8];
	size_t taken = 9, made = 9;
	struct outcome o = oracle(packed.p, packed.n, RS_INFLATE_RAW);
	expect_outcome(packed.p, packed.n, RS_INFLATE_RAW, &o, 0, 0, 9000);
	assert_int_equal(rs_inflate_feed(inflater, packed.p, 3, &taken, out, 8, &made), RS_INFLATE_END);
	assert_true(taken == 0 && made == 0);
	rs_inflate_init(inflater, RS_INFLATE_RAW);
	assert_int_equal(rs_inflate_feed(inflater, (const uint8_t *)"\7", 1, &taken, out, 8, &made), RS_INFLATE_BAD);
	assert_int_equal(rs_inflate_feed(inflater, packed.p, 3, &taken, out, 8, &made), RS_INFLATE_BAD);
	assert_true(taken == 0 && made == 0);
	/* A preset dictionary, which nobody has. */
	rs_inflate_init(inflater, RS_INFLATE_ZLIB);
	static const uint8_t preset[] = { 0x78, 0xbb, 1, 2, 3, 4, 'a', 'b', 'c' };
	assert_int_equal(rs_inflate_feed(inflater, preset, sizeof preset, &taken, out, 8, &made), RS_INFLATE_BAD);
	free(o.out.p);
	free(plain.p);
	free(packed.p);
}

/* Damaged and cut off at every place: as zlib has it, however the input is split. */
static void damaged(void **state)
{
	(void)state;
	unsigned bad = 0, more = 0, end = 0;
	for (unsigned round = 0; round < 500; round++) {
		const enum rs_inflate_format format = rnd(4) ? RS_INFLATE_RAW : RS_INFLATE_ZLIB;
		struct bytes plain = make_plain(rnd(3000), rnd(3));
		struct bytes packed = deflated(&plain, format, (int)rnd(10), rnd(2) ? Z_FIXED : Z_DEFAULT_STRATEGY);
		for (unsigned k = rnd(4); k > 0; k--)
			packed.p[rnd((uint32_t)packed.n)] ^= (uint8_t)(1 << rnd(8));
		if (rnd(4) == 0)
			packed.n = rnd((uint32_t)packed.n + 1);
		struct outcome want = oracle(packed.p, packed.n, format);
		bad += want.verdict == RS_INFLATE_BAD;
		more += want.verdict == RS_INFLATE_MORE;
		end += want.verdict == RS_INFLATE_END;
		for (unsigned i = 0; i < 12; i++)
			expect_outcome(packed.p, packed.n, format, &want, 0, i == 0 ? 0 : 1 + rnd(300),
				       i % 2 ? 1 + rnd(40) : 30000);
		free(want.out.p);
		free(plain.p);
		free(packed.p);
	}
	assert_true(bad > 50 && more > 50 && end > 50);
}

/* Bytes that are noise from beginning to end. */
static void noise(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 1500; round++) {
		struct bytes b = make_plain(1 + rnd(400), 1);
		struct outcome want = oracle(b.p, b.n, RS_INFLATE_RAW);
		for (unsigned i = 0; i < 4; i++)
			expect_outcome(b.p, b.n, RS_INFLATE_RAW, &want, 0, i == 0 ? 0 : 1 + rnd(50), 1 + rnd(300));
		free(want.out.p);
		free(b.p);
	}
}

/* Where a byte came from: the oracle feeds byte by byte and sees when each one of the output comes. */
static void knows_where_bytes_came_from(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 30; round++) {
		struct bytes plain = make_plain(20 + rnd(30000), round % 3), packed = deflated(&plain, RS_INFLATE_RAW, 6, 0);
		uint32_t *from = calloc(plain.n, sizeof *from), at = 0;
		assert_non_null(from);
		uint8_t *out = malloc(plain.n);
		assert_non_null(out);
		z_stream z = { 0 };
		assert_int_equal(inflateInit2(&z, -15), Z_OK);
		z.next_out = out;
		z.avail_out = (uInt)plain.n;
		for (uint32_t i = 0; i < packed.n; i++) {
			z.next_in = packed.p + i;
			z.avail_in = 1;
			inflate(&z, Z_NO_FLUSH);
			for (; at < z.total_out; at++)
				from[at] = i;
		}
		inflateEnd(&z);
		free(out);
		const uint32_t most = 1 + rnd(500), room = round % 2 ? 200 : 16384;
		size_t done = 0, seen = 0;
		rs_inflate_init(inflater, RS_INFLATE_RAW);
		while (done < packed.n) {
			size_t k = 1 + rnd(most), taken, made;
			uint8_t buffer[16384];
			if (k > packed.n - done)
				k = packed.n - done;
			rs_inflate_feed(inflater, packed.p + done, k, &taken, buffer, 1 + rnd(room), &made);
			done += taken;
			/* All that this call made, and some from before. */
			for (size_t i = seen < 50 ? 0 : seen - 50; i < seen + made; i++)
				assert_int_equal(rs_inflate_from(inflater, i), from[i] / RS_INFLATE_STEP * RS_INFLATE_STEP);
			seen += made;
		}
		/* What is too old comes from the oldest place known, or a later one. */
		assert_true(rs_inflate_from(inflater, 0) + RS_INFLATE_STEPS * RS_INFLATE_STEP + RS_INFLATE_STEP > inflater->in);
		free(from);
		free(plain.p);
		free(packed.p);
	}
}

/* Several streams one after the other, with other bytes between: offsets count them all. */
static void begins_again(void **state)
{
	(void)state;
	struct bytes plain = make_plain(700, 0), packed = deflated(&plain, RS_INFLATE_RAW, 6, 0);
	struct bytes got = { malloc(1 << 20), 0 };
	size_t left;
	rs_inflate_init(inflater, RS_INFLATE_RAW);
	for (unsigned i = 0; i < 5; i++) {
		rs_inflate_skip(inflater, 100);
		assert_int_equal(feed(inflater, packed.p, packed.n, 9000, &got, &left), RS_INFLATE_END);
		assert_int_equal(inflater->in, (packed.n + 100) * (i + 1));
		assert_int_equal(inflater->out, plain.n * (i + 1));
		assert_memory_equal(got.p + plain.n * i, plain.p, plain.n);
		const uint64_t from = rs_inflate_from(inflater, plain.n * i), begin = (packed.n + 100) * i + 100;
		assert_true(from + RS_INFLATE_STEP > begin && from <= begin + RS_INFLATE_STEP);
		rs_inflate_again(inflater);
	}
	free(got.p);
	free(plain.p);
	free(packed.p);
}

/* From any place on; neither disturbs the other. */
static void a_copy_goes_its_own_way(void **state)
{
	(void)state;
	struct bytes plain = make_plain(3000, 0), packed = deflated(&plain, RS_INFLATE_RAW, 6, 0);
	struct rs_inflate *copy = aligned_alloc(64, (sizeof *copy + 63) / 64 * 64);
	struct bytes one = { malloc(1 << 20), 0 }, other = { malloc(1 << 20), 0 };
	assert_true(copy && one.p && other.p);
	for (size_t cut = 0; cut <= packed.n; cut++) {
		size_t left;
		one.n = 0;
		rs_inflate_init(inflater, RS_INFLATE_RAW);
		feed(inflater, packed.p, cut, 500, &one, &left);
		memcpy(other.p, one.p, one.n);
		other.n = one.n;
		memset(copy, 0xaa, sizeof *copy);
		rs_inflate_copy(copy, inflater);
		const size_t rest = packed.n - cut;
		if (rest > 3) /* the copy goes astray */
			feed(copy, (const uint8_t *)"\xff\xff\xff", 3, 500, &other, &left);
		feed(inflater, packed.p + cut, rest, 500, &one, &left);
		assert_int_equal(one.n, plain.n);
		assert_memory_equal(one.p, plain.p, plain.n);
		one.n = 0;
		rs_inflate_init(inflater, RS_INFLATE_RAW);
		feed(inflater, packed.p, cut, 500, &one, &left);
		rs_inflate_copy(copy, inflater);
		memset(inflater, 0xaa, sizeof *inflater);
		assert_int_equal(feed(copy, packed.p + cut, rest, 500, &one, &left), RS_INFLATE_END);
		assert_int_equal(one.n, plain.n);
		assert_memory_equal(one.p, plain.p, plain.n);
		assert_int_equal(copy->out, plain.n);
	}
	free(one.p);
	free(other.p);
	free(copy);
	free(plain.p);
	free(packed.p);
}

/* Every stream may be one, in any of the three kinds of block; of noise few are. */
static void tells_what_may_be_a_stream(void **state)
{
	uint8_t words[400], packed[800], noise[32];
	unsigned may = 0;
	uint64_t s = 5;
	(void)state;
	for (unsigned level = 0; level <= 9; level++)
		for (unsigned strategy = 0; strategy <= Z_FIXED; strategy++)
			for (unsigned kinds = 1; kinds < 200; kinds *= 3) {
				z_stream z = { .next_in = words, .avail_in = sizeof words, .next_out = packed, .avail_out = sizeof packed };
				for (size_t i = 0; i < sizeof words; i++)
					words[i] = (uint8_t)((s = s * 6364136223846793005u + 1442695040888963407u) >> 33) % kinds;
				assert_int_equal(deflateInit2(&z, (int)level, Z_DEFLATED, -15, 8, (int)strategy), Z_OK);
				assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
				deflateEnd(&z);
				if (z.total_out >= 12)
					assert_true(rs_inflate_may_be(packed, z.total_out < 32 ? z.total_out : 32));
			}
	for (unsigned i = 0; i < 4000; i++) {
		for (size_t k = 0; k < sizeof noise; k++)
			noise[k] = (uint8_t)((s = s * 6364136223846793005u + 1442695040888963407u) >> 33);
		may += rs_inflate_may_be(noise, sizeof noise);
	}
	assert_true(may < 1200);
}

static int setup(void **state)
{
	(void)state;
	inflater = aligned_alloc(64, (sizeof *inflater + 63) / 64 * 64);
	in_page = guarded(PAGE_BYTES);
	out_page = guarded(PAGE_BYTES);
	return inflater ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(inflater);
	unguard(in_page, PAGE_BYTES);
	unguard(out_page, PAGE_BYTES);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zlib_finds_room),	   cmocka_unit_test(whole_and_in_pieces),
		cmocka_unit_test(stops_at_its_end),	   cmocka_unit_test(damaged),
		cmocka_unit_test(noise),		   cmocka_unit_test(knows_where_bytes_came_from),
		cmocka_unit_test(begins_again),		   cmocka_unit_test(a_copy_goes_its_own_way),
		cmocka_unit_test(tells_what_may_be_a_stream),
	};
	return cmocka_run_group_tests_name("rs_inflate", tests, setup, teardown);
}
