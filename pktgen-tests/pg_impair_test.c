/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pktgen-tests/pg_impair_line.h"
#include "pktgen-tests/pg_random.h"

#define FRAMES 200000
#define MS UINT64_C(1000000)

/* Five standard deviations: with fixed seeds it holds once and for all, and a wrong rate is far outside. */
static void assert_share(uint64_t count, uint64_t of, double share)
{
	double expected = (double)of * share, bound = 5 * sqrt(expected * (1 - share));
	if (fabs((double)count - expected) > bound)
		fail_msg("%llu of %llu where %g of them were expected", (unsigned long long)count, (unsigned long long)of, share);
}

struct tally {
	uint64_t lost, duplicated, reordered, behind[PG_IMPAIR_BEHIND_MAX + 1], runs;
};

static struct tally tally(const struct pg_impair_settings *s, unsigned direction)
{
	struct tally t = { 0 };
	bool before = true; /* so that a share of 1 comes out at 1 */
	for (uint64_t k = 0; k < FRAMES; k++) {
		struct pg_impair_fate f = pg_impair_plan(s, direction, k);
		t.lost += f.lost;
		t.runs += f.lost && before;
		t.duplicated += f.duplicated;
		t.reordered += f.behind > 0;
		t.behind[f.behind]++;
		before = f.lost;
		assert_false(f.lost && (f.duplicated || f.behind || f.delay));
	}
	return t;
}

static void test_rates(void **state)
{
	static const double shares[] = { 0, 0.0005, 0.01, 0.05, 0.25, 0.5, 1 };
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++)
		for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
			struct pg_impair_settings s = { .loss = shares[i], .duplicate = 0.125, .reorder = 0.75, .seed = seed };
			for (unsigned direction = 0; direction < 2; direction++) {
				struct tally t = tally(&s, direction);
				uint64_t left = FRAMES - t.lost;
				assert_share(t.lost, FRAMES, s.loss);
				/* One loss says nothing of the next. */
				assert_share(t.runs, t.lost, s.loss);
				assert_share(t.duplicated, left, s.duplicate);
				assert_share(t.reordered, left, s.reorder);
				for (unsigned b = 1; b <= PG_IMPAIR_BEHIND_MAX; b++)
					assert_share(t.behind[b], t.reordered, 1.0 / PG_IMPAIR_BEHIND_MAX);
			}
		}
}

static void test_delay(void **state)
{
	struct pg_impair_settings s = { .delay = 30 * MS, .jitter = 10 * MS, .seed = 7 };
	double sum = 0;
	(void)state;
	for (uint64_t k = 0; k < FRAMES; k++) {
		struct pg_impair_fate f = pg_impair_plan(&s, 0, k);
		assert_true(f.delay >= s.delay && f.delay <= s.delay + s.jitter);
		sum += (double)(f.delay - s.delay);
	}
	/* Of a uniform distribution: half, and a deviation of one by the root of 12. */
	assert_true(fabs(sum / FRAMES / (double)s.jitter - 0.5) < 5 / sqrt(12.0 * FRAMES));
	s.jitter = 0;
	for (uint64_t k = 0; k < 100; k++)
		assert_true(pg_impair_plan(&s, 0, k).delay == s.delay);
}

static bool same(struct pg_impair_fate a, struct pg_impair_fate b)
{
	return a.lost == b.lost && a.duplicated == b.duplicated && a.behind == b.behind && a.delay == b.delay;
}

static void test_deterministic(void **state)
{
	struct pg_impair_settings s = { .loss = 0.1, .duplicate = 0.1, .reorder = 0.1, .jitter = MS, .seed = 1 }, other = s,
				  fewer = s;
	unsigned seeds_differ = 0, directions_differ = 0;
	(void)state;
	other.seed = 2;
	fewer.reorder = fewer.duplicate = 0;
	fewer.jitter = 0;
	for (uint64_t k = 1000; k-- > 0;) { /* backwards: the frames before do not matter */
		struct pg_impair_fate f = pg_impair_plan(&s, 0, k);
		assert_true(same(f, pg_impair_plan(&s, 0, k)));
		assert_true(f.lost == pg_impair_plan(&fewer, 0, k).lost);
		seeds_differ += !same(f, pg_impair_plan(&other, 0, k));
		directions_differ += !same(f, pg_impair_plan(&s, 1, k));
	}
	assert_true(seeds_differ > 800 && directions_differ > 800);
}

static struct pg_impair_frame *frame(uint64_t number)
{
	struct pg_impair_frame *f = malloc(sizeof *f + sizeof number);
	assert_non_null(f);
	f->refs = 1;
	f->len = sizeof number;
	memcpy(f->data, &number, sizeof number);
	return f;
}

static uint64_t number_of(const struct pg_impair_frame *f)
{
	uint64_t number;
	memcpy(&number, f->data, sizeof number);
	return number;
}

static void assert_balanced(const struct pg_impair_line *l)
{
	const struct pg_impair_counts *c = &l->counts;
	assert_int_equal(c->received + c->duplicated, c->forwarded + c->lost + c->overflow + c->refused + pg_impair_line_inside(l));
}

#define N 3000

struct run {
	struct pg_impair_settings settings;
	uint64_t gap; /* frames come up to so far apart */
	struct pg_impair_line line;
	uint64_t came[N], went[N]; /* when the last of its copies */
	uint64_t out[2 * N]; /* numbers, in the order in which they went */
	size_t n;
	unsigned copies[N];
};

static void drain(struct run *r, uint64_t now)
{
	struct pg_impair_frame *f;
	while ((f = pg_impair_line_take(&r->line, now)) != NULL) {
		uint64_t k = number_of(f);
		assert_true(k < N && r->n < 2 * N);
		r->copies[k]++;
		r->went[k] = now;
		r->out[r->n++] = k;
		pg_impair_line_done(&r->line, f, k % 7 != 0);
		assert_balanced(&r->line);
	}
	assert_true(pg_impair_line_due(&r->line) > now);
}

/* Frames come at random times; the line is looked at exactly when it says so. */
static void pass(struct run *r, uint64_t seed)
{
	uint64_t now = 1;
	assert_int_equal(pg_impair_line_init(&r->line, &r->settings, 1, N), 0);
	for (uint64_t k = 0; k < N; k++) {
		uint64_t next = now + pg_random(&seed) % r->gap;
		while (pg_impair_line_due(&r->line) <= next) {
			now = pg_impair_line_due(&r->line);
			drain(r, now);
		}
		now = next;
		r->came[k] = now;
		pg_impair_line_add(&r->line, frame(k), now);
		assert_balanced(&r->line);
		drain(r, now);
	}
	while (pg_impair_line_due(&r->line) != PG_IMPAIR_NEVER) {
		now = pg_impair_line_due(&r->line);
		drain(r, now);
	}
	assert_int_equal(pg_impair_line_inside(&r->line), 0);
}

/* When the frame's turn was: its own delay, or that of one before it. */
static void assert_as_planned(const struct run *r)
{
	uint64_t turn = 0, reordered = 0, lost = 0, duplicated = 0;
	for (uint64_t k = 0; k < N; k++) {
		struct pg_impair_fate f = pg_impair_plan(&r->settings, 1, k);
		unsigned overtaken = 0;
		lost += f.lost;
		duplicated += f.duplicated;
		assert_int_equal(r->copies[k], f.lost ? 0 : 1 + f.duplicated);
		if (f.lost)
			continue;
		if (r->came[k] + f.delay > turn)
			turn = r->came[k] + f.delay;
		/* Until both have gone: the copy keeps its place, and goes before an original that is held. */
		for (size_t i = 0, left = r->copies[k]; left > 0; i++) {
			overtaken += r->out[i] > k;
			left -= r->out[i] == k;
		}
		reordered += overtaken > 0;
		assert_true(r->went[k] >= turn && r->went[k] <= turn + PG_IMPAIR_HOLD);
		if (overtaken < f.behind)
			assert_int_equal(r->went[k], turn + PG_IMPAIR_HOLD);
		if (f.behind == 0) {
			assert_int_equal(overtaken, 0);
			assert_int_equal(r->went[k], turn);
		}
		assert_true(overtaken <= f.behind);
	}
	assert_int_equal(r->line.counts.received, N);
	assert_int_equal(r->line.counts.lost, lost);
	assert_int_equal(r->line.counts.duplicated, duplicated);
	assert_int_equal(r->line.counts.overflow, 0);
	assert_int_equal(r->line.counts.reordered, reordered);
	if (r->settings.reorder > 0 && r->settings.reorder < 1 && r->gap < PG_IMPAIR_HOLD)
		assert_true(r->line.counts.reordered > N * r->settings.reorder / 4);
}

static void test_line(void **state)
{
	static const struct pg_impair_settings settings[] = {
		{ .seed = 1 },
		{ .seed = 1, .loss = 0.25 },
		{ .seed = 1, .reorder = 0.1 },
		{ .seed = 1, .reorder = 0.9 },
		{ .seed = 1, .reorder = 1 },
		{ .seed = 1, .delay = 5 * MS, .jitter = 50 * MS },
		{ .seed = 1, .duplicate = 0.3, .reorder = 0.3 },
		{ .seed = 1, .loss = 0.1, .reorder = 0.2, .delay = MS, .jitter = 3 * MS },
		{ .seed = 1, .loss = 0.5, .duplicate = 0.5, .reorder = 0.5, .delay = MS, .jitter = 30 * MS },
	};
	static const uint64_t gaps[] = { 10, MS, 10 * MS, 100 * MS };
	(void)state;
	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
		for (size_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
			struct run *r = calloc(1, sizeof *r);
			assert_non_null(r);
			r->settings = settings[i];
			r->gap = gaps[g];
			pass(r, i * 10 + g);
			assert_as_planned(r);
			pg_impair_line_free(&r->line);
			free(r);
		}
}

static void test_full(void **state)
{
	struct pg_impair_settings s = { .delay = MS, .duplicate = 1 };
	struct pg_impair_line l;
	struct pg_impair_frame *f;
	unsigned out = 0;
	(void)state;
	assert_int_equal(pg_impair_line_init(&l, &s, 0, 5), 0);
	assert_true(pg_impair_line_due(&l) == PG_IMPAIR_NEVER);
	for (uint64_t k = 0; k < 10; k++) {
		pg_impair_line_add(&l, frame(k), k);
		assert_balanced(&l);
	}
	assert_int_equal(pg_impair_line_inside(&l), 5);
	assert_int_equal(l.counts.overflow, 15);
	assert_null(pg_impair_line_take(&l, MS - 1));
	assert_int_equal(pg_impair_line_due(&l), MS);
	while ((f = pg_impair_line_take(&l, MS + 1)) != NULL) {
		assert_int_equal(number_of(f), out++ / 2);
		pg_impair_line_done(&l, f, true);
	}
	assert_int_equal(out, 4);
	/* What is left is given back with the line. */
	pg_impair_line_free(&l);
}

/* At the end everything that is inside goes, whatever it waits for. */
static void test_flush(void **state)
{
	struct pg_impair_settings s = { .delay = 1000 * MS, .reorder = 0.5, .seed = 3 };
	struct pg_impair_line l;
	struct pg_impair_frame *f;
	(void)state;
	assert_int_equal(pg_impair_line_init(&l, &s, 0, 100), 0);
	for (uint64_t k = 0; k < 100; k++)
		pg_impair_line_add(&l, frame(k), k);
	assert_null(pg_impair_line_take(&l, 100));
	while ((f = pg_impair_line_take(&l, PG_IMPAIR_NEVER)) != NULL)
		pg_impair_line_done(&l, f, true);
	assert_int_equal(l.counts.forwarded, 100);
	assert_balanced(&l);
	pg_impair_line_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates), cmocka_unit_test(test_delay), cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_line),  cmocka_unit_test(test_full),  cmocka_unit_test(test_flush),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
