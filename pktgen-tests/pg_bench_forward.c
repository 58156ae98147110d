/* SPDX-License-Identifier: Apache-2.0 */
/* mailweir-bench forward: frames a second that are no mail, through mailweir and through testpmd.
 *
 * As many frames as the window says are under way at any time; the next go in when others have come out. So nothing is lost for
 * want of room, and the figure is of frames that arrived. Of each slice of frames the median counts (pg_rounds.h).
 *
 * A round in which tester or device waited for a processor that others had says more of them than of the device, and the more so the
 * less a device sleeps: such rounds are kept apart, and count only when there are hardly any others. */
#include <string.h>

#include "pktgen-tests/pg_bench.h"
#include "pktgen-tests/pg_clock.h"
#include "pktgen-tests/pg_live.h"
#include "pktgen-tests/pg_rounds.h"

#define SLICES 4
/* Frames: as many as a device passes in a fraction of the time that the scheduler gives at once. */
#define SLICE 512
#define SLICE_KERNEL 128 /* by ports of the kernel's */
#define WAIT 20 /* one part in so many of a round may be waiting */
#define ENOUGH 20 /* rounds */
#define LINGER PG_SECOND /* for the last frames of a turn; then they are lost */
#define IDLE 20 /* tenths of a second without a frame: the device is taken for dead */

struct forward {
	struct pg_live live;
	unsigned window;
	struct pg_rounds quiet[PG_WHO_MAX], disturbed[PG_WHO_MAX];
	uint64_t frames[PG_WHO_MAX], lost[PG_WHO_MAX], disordered[PG_WHO_MAX];
};

/* What is under way. */
struct flight {
	uint64_t base, next; /* numbers: the first that is still waited for, the next one to go */
	uint64_t arrived; /* since base */
	uint64_t came; /* all */
	unsigned ahead; /* came in the slice before, beyond what it asked for */
	uint64_t lost, late; /* given up; of these came after all */
	uint64_t disordered; /* came after a later one of their flow, or twice: not taken for arrived */
	uint64_t last[PG_LINK_FLOWS];
};

/* How many of those that are waited for came out. */
static unsigned arrive(struct flight *f, struct pg_link *link)
{
	struct pg_arrival a[PG_LINK_BURST];
	unsigned came = pg_link_receive(link, a), n = 0;
	for (unsigned i = 0; i < came; i++) {
		uint64_t *last = &f->last[a[i].number % PG_LINK_FLOWS];
		if (a[i].number <= *last)
			f->disordered++;
		else if (a[i].number < f->base)
			f->late++;
		else
			n++;
		if (a[i].number > *last)
			*last = a[i].number;
	}
	f->arrived += n;
	f->came += n;
	return n;
}

static uint64_t missing(const struct flight *f)
{
	return f->next - f->base - f->arrived;
}

static void give_up(struct flight *f)
{
	f->lost += missing(f);
	f->base = f->next;
	f->arrived = 0;
}

/* n frames through. False when none comes any more. */
static bool pass(struct flight *f, struct pg_link *link, unsigned window, unsigned n)
{
	uint64_t last = pg_now(), tenth = PG_SECOND / 10;
	unsigned got = f->ahead, idle = 0;
	while (got < n) {
		uint64_t room = window - missing(f);
		if (room > 0)
			f->next += pg_link_send(link, f->next, room < PG_LINK_BURST ? (unsigned)room : PG_LINK_BURST, 0);
		unsigned now = arrive(f, link);
		got += now;
		if (now > 0) {
			last = pg_now();
			idle = 0;
		} else if (pg_now() - last > tenth) {
			if (++idle == IDLE)
				return false;
			give_up(f);
			last = pg_now();
		}
	}
	f->ahead = got - n;
	return true;
}

/* The rest comes out, so that none is taken for the next one's. */
static void land(struct flight *f, struct pg_link *link)
{
	uint64_t end = pg_now() + LINGER;
	while (missing(f) > 0 && pg_now() < end)
		arrive(f, link);
	give_up(f);
}

static unsigned slice(const struct forward *w)
{
	return w->live.port == PG_MEMIF ? SLICE : SLICE_KERNEL;
}

/* One round. False when no frame comes any more, or there is no memory. */
static bool round_of(struct forward *w, enum pg_who who, struct flight *f, struct pg_link *link, bool counts)
{
	uint64_t took[SLICES], all = 0, waited = pg_waits_ns(&w->live.waits);
	for (unsigned s = 0; s < SLICES; s++) {
		uint64_t start = pg_now();
		if (!pass(f, link, w->window, slice(w)))
			return false;
		all += took[s] = pg_now() - start;
	}
	waited = pg_waits_ns(&w->live.waits) - waited;
	if (!counts)
		return true;
	uint64_t *row = pg_rounds_next(waited * WAIT > all ? &w->disturbed[who] : &w->quiet[who]);
	if (row)
		memcpy(row, took, sizeof took);
	return row;
}

static bool turn(void *arg, enum pg_who who, struct pg_link *link, uint64_t until, char *err, size_t err_size)
{
	struct forward *w = arg;
	struct flight f = { .base = w->live.next, .next = w->live.next };
	bool ok = true;
	snprintf(err, err_size, "no frame comes through %s any more", who == PG_WIRE ? "the wire" : w->live.device.name);
	/* The first round warms up; of the others there is one at least. */
	for (unsigned n = 0; ok && (n < 2 || pg_now() < until); n++)
		ok = round_of(w, who, &f, link, n > 0);
	land(&f, link);
	w->frames[who] += f.came + f.late;
	w->lost[who] += f.lost - f.late;
	w->disordered[who] += f.disordered;
	w->live.next = f.next;
	return ok;
}

static const struct pg_rounds *best(const struct forward *w, enum pg_who who)
{
	return w->quiet[who].rounds >= ENOUGH || w->disturbed[who].rounds == 0 ? &w->quiet[who] : &w->disturbed[who];
}

static double mpps(const struct forward *w, enum pg_who who, double q)
{
	const struct pg_rounds *r = best(w, who);
	return SLICES * slice(w) * 1e9 / (double)pg_rounds_quantile(r, q) / 1e6;
}

static void report(const struct forward *w)
{
	json_t *o = pg_live_json(&w->live);
	pg_live_put(o, "window", PG_MAILWEIR, json_integer(w->window));
	for (enum pg_who who = 0; who < PG_WHO_MAX; who++) {
		size_t all = w->quiet[who].rounds + w->disturbed[who].rounds;
		if (all == 0)
			continue;
		pg_live_put(o, "mpps", who, json_real(mpps(w, who, 0.5)));
		/* Half of the rounds lie between. */
		pg_live_put(o, "mpps_low", who, json_real(mpps(w, who, 0.75)));
		pg_live_put(o, "mpps_high", who, json_real(mpps(w, who, 0.25)));
		pg_live_put(o, "disturbed", who, json_real((double)w->disturbed[who].rounds / (double)all));
		pg_live_put(o, "frames", who, json_integer((json_int_t)w->frames[who]));
		pg_live_put(o, "lost", who, json_integer((json_int_t)w->lost[who]));
		pg_live_put(o, "disordered", who, json_integer((json_int_t)w->disordered[who]));
	}
	pg_live_put(o, "ratio", PG_MAILWEIR, json_real(mpps(w, PG_MAILWEIR, 0.5) / mpps(w, PG_TESTPMD, 0.5)));
	/* Both figures are of rounds that nobody else had a part in. */
	bool quiet = best(w, PG_MAILWEIR) == &w->quiet[PG_MAILWEIR] && best(w, PG_TESTPMD) == &w->quiet[PG_TESTPMD];
	pg_live_put(o, "quiet", PG_MAILWEIR, json_boolean(quiet));
	pg_live_print(o);
}

int pg_bench_forward(int argc, char **argv, void (*usage)(FILE *))
{
	static struct forward w = { .window = 256 };
	const struct pg_live_option own = { "window", PG_LINK_BURST, 4096, &w.window };
	int rc = pg_live_parse(&w.live, argc, argv, &own, usage);
	if (rc != 0)
		return rc == 1 ? 0 : rc;
	for (unsigned who = 0; who < PG_WHO_MAX; who++) {
		pg_rounds_init(&w.quiet[who], SLICES);
		pg_rounds_init(&w.disturbed[who], SLICES);
	}
	rc = pg_live_run(&w.live, turn, &w);
	if (rc == 0)
		report(&w);
	for (unsigned who = 0; who < PG_WHO_MAX; who++) {
		pg_rounds_free(&w.quiet[who]);
		pg_rounds_free(&w.disturbed[who]);
	}
	return rc;
}
