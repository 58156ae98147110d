/* SPDX-License-Identifier: Apache-2.0 */
/* mailweir-bench latency: how much later a frame comes out, through mailweir and through testpmd.
 *
 * Frames go one at a time, at a rate far below what either can do; each carries the time at which it went. One thread sends and
 * receives, by one clock. What the tester takes itself is measured in the same run, over the wire, and taken off. */
#include <stdlib.h>

#include "pktgen-tests/pg_bench.h"
#include "pktgen-tests/pg_clock.h"
#include "pktgen-tests/pg_live.h"

#define IDLE (2 * PG_SECOND) /* without a frame: the device is taken for dead */
#define LINGER PG_SECOND /* for the last frames; then they are lost */

struct delays {
	uint64_t *ns;
	size_t n, cap;
	uint64_t sent;
};

struct latency {
	struct pg_live live;
	unsigned rate; /* frames a second */
	struct delays delays[PG_WHO_MAX];
};

static bool delays_add(struct delays *d, uint64_t ns)
{
	if (d->n == d->cap) {
		size_t cap = d->cap * 2 + 65536;
		uint64_t *more = realloc(d->ns, cap * sizeof *more);
		if (!more)
			return false;
		d->ns = more;
		d->cap = cap;
	}
	d->ns[d->n++] = ns;
	return true;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Microseconds that the share q of them is shorter than. Sorts. */
static double delays_quantile(struct delays *d, double q)
{
	qsort(d->ns, d->n, sizeof *d->ns, compare);
	return (double)d->ns[(size_t)(q * (double)(d->n - 1) + 0.5)] / 1e3;
}

struct turn {
	struct pg_link *link;
	struct delays *to;
	uint64_t first, from; /* numbers: of the turn, and of the frames that count; those before warm up */
	uint64_t next;
	uint64_t came; /* how many of the turn's */
};

static bool receive(struct turn *t)
{
	struct pg_arrival a[PG_LINK_BURST];
	unsigned came = pg_link_receive(t->link, a);
	uint64_t now = pg_now();
	for (unsigned i = 0; i < came; i++) {
		t->came += a[i].number >= t->first;
		if (a[i].number >= t->from && !delays_add(t->to, now - a[i].stamp))
			return false;
	}
	return true;
}

static void send_one(struct turn *t, bool warm)
{
	if (warm && t->from == UINT64_MAX)
		t->from = t->next;
	unsigned sent = pg_link_send(t->link, t->next, 1, pg_now());
	t->next += sent;
	t->to->sent += t->from == UINT64_MAX ? 0 : sent;
}

static bool turn(void *arg, enum pg_who who, struct pg_link *link, uint64_t until, char *err, size_t err_size)
{
	struct latency *w = arg;
	uint64_t start = pg_now(), gap = PG_SECOND / w->rate, next = start, last = start, came = 0, now;
	struct turn t = { .link = link, .to = &w->delays[who], .first = w->live.next, .from = UINT64_MAX, .next = w->live.next };
	snprintf(err, err_size, "out of memory");
	/* At the end it waits for the last ones, for a while. */
	while ((now = pg_now()) < until || (t.came < t.next - t.first && now < until + LINGER)) {
		if (now >= next && now < until) {
			send_one(&t, now - start > (until - start) / 8);
			/* Late, it does not send two at once. */
			next = next + gap > now ? next + gap : now + gap;
		}
		if (!receive(&t))
			return false;
		last = t.came > came ? now : last;
		came = t.came;
		if (now - last > IDLE) {
			snprintf(err, err_size, "no frame comes through %s any more",
				 who == PG_WIRE ? "the wire" : w->live.device.name);
			return false;
		}
	}
	w->live.next = t.next;
	return true;
}

static void report(struct latency *w)
{
	static const struct {
		const char *name, *added;
		double q;
	} figures[] = { { "p50_us", "added_p50_us", 0.5 }, { "p99_us", "added_p99_us", 0.99 } };
	json_t *o = pg_live_json(&w->live);
	pg_live_put(o, "rate", PG_MAILWEIR, json_integer(w->rate));
	for (enum pg_who who = 0; who < PG_WHO_MAX; who++) {
		struct delays *d = &w->delays[who], *wire = &w->delays[PG_WIRE];
		if (who == PG_WIRE && !w->live.wire)
			continue;
		for (unsigned i = 0; i < 2; i++) {
			double delay = delays_quantile(d, figures[i].q);
			if (who != PG_WIRE)
				pg_live_put(o, figures[i].added, who,
					    json_real(delay - (w->live.wire ? delays_quantile(wire, figures[i].q) : 0)));
			pg_live_put(o, figures[i].name, who, json_real(delay));
		}
		pg_live_put(o, "frames", who, json_integer((json_int_t)d->n));
		pg_live_put(o, "lost", who, json_integer((json_int_t)d->sent - (json_int_t)d->n));
	}
	pg_live_print(o);
}

int pg_bench_latency(int argc, char **argv, void (*usage)(FILE *))
{
	static struct latency w = { .rate = 5000 };
	const struct pg_live_option own = { "rate", 10, 100000, &w.rate };
	int rc = pg_live_parse(&w.live, argc, argv, &own, usage);
	if (rc != 0)
		return rc == 1 ? 0 : rc;
	rc = pg_live_run(&w.live, turn, &w);
	for (unsigned who = 0; rc == 0 && who < PG_WHO_MAX; who++)
		if (w.delays[who].n == 0 && (who != PG_WIRE || w.live.wire)) {
			fprintf(stderr,
				"mailweir-bench: too little time for one frame a turn: more --seconds, or fewer --rounds\n");
			rc = 2;
		}
	if (rc == 0)
		report(&w);
	for (unsigned who = 0; who < PG_WHO_MAX; who++)
		free(w.delays[who].ns);
	return rc;
}
