/* SPDX-License-Identifier: Apache-2.0 */
/* dp_hold in every state that a small stream can bring it into.
 *
 * The exploration plays a client, the network, the reader and a model server against dp_hold, over a stream of a few
 * bytes. Its states are visited breadth first, each once, so that every order of steps up to a length is covered. A step:
 *   - the client sends [a, b), for all a < b: new, repeated, overlapping, early, its bytes as before or one different;
 *   - what is forwarded in that step arrives, or is lost;
 *   - the server acknowledges any part of what it holds in one piece;
 *   - a stop of the reader is lifted, or what it stopped at is found to be bad;
 *   - what is free to go after that goes: at once, or (late) in a step of its own, with other steps between.
 * A script says where the reader stops, and where a bad message ends and what of it is safe; all scripts of a size are
 * played. The server keeps the first copy of each byte, in any order, and takes any end that lies below its edge: every
 * place may be the end of a good message, before a bad one or with none.
 *
 * Sizes: `quick` and, with MAILWEIR_DEEP=1 (minutes), `deep`. Where the depth is ALL, the states are all there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dataplane/dp_hold.h"

#define MOST 8 /* bytes of an explored stream */
#define RUNS 24
#define STEPS 20
#define ALL STEPS /* no state is that far from the first */
#define NOWHERE 255
#define PLENTY 16 /* packets: never full */

typedef uint32_t bytes; /* a set of the stream's bytes: bit n is byte n */

static bytes below(uint64_t end)
{
	return (1u << end) - 1;
}

static bytes span(uint64_t off, uint64_t end)
{
	return below(end) & ~below(off);
}

static uint64_t edge_of(bytes b)
{
	return (uint64_t)__builtin_ctz(~b);
}

struct script {
	uint8_t n; /* bytes of the stream */
	uint8_t stop[2]; /* where the reader stops; NOWHERE: does not */
	uint8_t bad_end, safe; /* a bad message's end; NOWHERE: none */
	uint8_t twofold; /* a byte that the client sends in two forms; NOWHERE: none */
	uint8_t max; /* packets remembered */
	bool lossless; /* whatever is forwarded arrives */
	bool late;
};

enum kind { SEND, ACK, LIFT, CONDEMN, RELEASE };

struct step {
	uint8_t kind, off, end, odd;
	uint8_t lost; /* bit 0: the first packet forwarded, the third, ...; bit 1: the second, ... */
};

struct packet {
	uint8_t off, len;
	bytes odd; /* of its bytes, those in their second form */
	int held;
};

static struct world {
	struct dp_hold h;
	struct dp_hold_mem mem;
	struct rs_pool pool;
	struct packet packet[RUNS + 1];
	uint64_t bound; /* the server's edge never exceeds it */
	bytes taken, taken_odd; /* what dp_hold took, ever */
	bytes sent; /* what was forwarded: what the server may have */
	bytes got, got_odd; /* what it has */
	bool stopped, bad;
	uint8_t lifted; /* stops */
	_Alignas(64) char runs[RS_POOL_BYTES(sizeof(struct dp_hold_run), RUNS)];
} w; /* always at this address: it holds pointers into itself */

static struct script script;
static struct step steps[256];
static unsigned nsteps;

struct trace {
	uint8_t n, step[STEPS];
};
static struct trace now; /* what led here */

static void show(const char *what)
{
	print_error("%s\n  stream of %u, stops at %u %u, bad end %u (safe %u), twofold %u, max %u%s (255: none)\n", what, script.n,
		    script.stop[0], script.stop[1], script.bad_end, script.safe, script.twofold, script.max,
		    script.late ? ", late" : "");
	for (unsigned i = 0; i < now.n; i++) {
		static const char *const name[] = { "send", "acknowledge", "lift the stop", "the stop is a bad end", "release" };
		const struct step *s = &steps[now.step[i]];
		print_error("  %s [%u, %u)%s lost %u\n", name[s->kind], s->off, s->end, s->odd ? " changed" : "", s->lost);
	}
	fail();
}

#define CHECK(x) ((x) ? (void)0 : show(#x))

/* The packets. */

static void ref_get(void *p)
{
	((struct packet *)p)->held++;
}

static void ref_put(void *p)
{
	CHECK(--((struct packet *)p)->held >= 0);
}

static unsigned value(const struct packet *p, uint32_t at)
{
	CHECK(at < p->len);
	uint32_t pos = p->off + at;
	return pos * 2 + (p->odd >> pos & 1);
}

static bool same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len)
{
	CHECK(len > 0);
	for (uint32_t i = 0; i < len; i++)
		if (value(a, skip_a + i) != value(b, skip_b + i))
			return false;
	return true;
}

static struct packet *packet_new(uint8_t off, uint8_t end, bytes odd)
{
	struct packet *p = w.packet;
	while (p->held)
		CHECK(++p < w.packet + RUNS + 1);
	*p = (struct packet){ .off = off, .len = (uint8_t)(end - off), .odd = odd & span(off, end) };
	return p;
}

/* The worker, with a reader that follows the script. */

static void limit_for_good(uint64_t safe)
{
	w.bound = safe > w.h.edge ? safe : w.h.edge;
	w.h.limit = safe;
	w.stopped = w.bad = true;
}

/* What the reader meets at its place. */
static void meet(void)
{
	if (w.h.read == script.bad_end)
		limit_for_good(script.safe);
	for (unsigned i = 0; i < 2 && !w.bad; i++) {
		if (w.h.read == script.stop[i] && !(w.lifted >> i & 1)) {
			w.h.limit = w.bound = w.h.read;
			w.stopped = true;
		}
	}
}

static uint64_t next_place(void)
{
	uint64_t next = script.bad_end;
	for (unsigned i = 0; i < 2; i++)
		if (script.stop[i] > w.h.read && script.stop[i] < next)
			next = script.stop[i];
	return next;
}

static void read_on(void)
{
	void *ref;
	uint32_t skip, len;
	while (!w.stopped && dp_hold_unread(&w.h, &ref, &skip, &len)) {
		uint64_t next = next_place();
		CHECK(len > 0 && next > w.h.read);
		if (len > next - w.h.read)
			len = (uint32_t)(next - w.h.read);
		for (uint32_t i = 0; i < len; i++) {
			uint64_t pos = w.h.read + i;
			CHECK(value(ref, skip + i) == pos * 2 + (w.taken_odd >> pos & 1));
		}
		dp_hold_took(&w.h, len);
		meet();
	}
	CHECK(w.stopped || w.h.read == edge_of(w.taken | below(w.h.acked)));
}

static void forward(const struct packet *p, uint32_t k, bool lost)
{
	bytes b = span(p->off, p->off + k), fresh = b & ~w.got;
	CHECK(k <= p->len);
	w.sent |= b;
	dp_hold_forwarded(&w.h, p->off, k);
	if (lost)
		return;
	w.got |= fresh;
	w.got_odd |= p->odd & fresh;
}

/* A packet that was not remembered leaves everything as it was. */
static enum dp_hold_verdict add(struct packet *p)
{
	bytes b = span(p->off, p->off + p->len) & ~below(w.h.acked);
	struct dp_hold before = w.h;
	uint32_t used = w.pool.used;
	enum dp_hold_verdict v = dp_hold_add(&w.h, &w.mem, p->off, p->len, p, 1);
	bool contradicts = (w.taken_odd ^ p->odd) & w.taken & b;
	CHECK(contradicts == (v == DP_HOLD_CONTRADICTS));
	if (!contradicts)
		CHECK((v == DP_HOLD_KNOWN) == !(b & ~w.taken));
	CHECK(v != DP_HOLD_FULL || script.max < PLENTY);
	if (v == DP_HOLD_NEW) {
		w.taken_odd |= p->odd & b & ~w.taken;
		w.taken |= b;
	} else {
		CHECK(!memcmp(&before, &w.h, sizeof before) && used == w.pool.used && !p->held);
	}
	return v;
}

static enum dp_hold_verdict client_sends(uint8_t off, uint8_t end, bytes odd, bool lost)
{
	struct packet *p = packet_new(off, end, odd);
	enum dp_hold_verdict v = add(p);
	if (v == DP_HOLD_CONTRADICTS || v == DP_HOLD_FULL)
		return v;
	read_on();
	uint32_t k = dp_hold_may(&w.h, p->off, p->len);
	if (k)
		forward(p, k, lost);
	return v;
}

static void release(unsigned lost)
{
	struct dp_hold_run *r;
	for (unsigned i = 0; (r = dp_hold_unsent(&w.h)); i++) {
		const struct packet *p = r->ref;
		CHECK(r->sent < r->len && i < RUNS && p->off == r->off - r->skip);
		uint32_t k = dp_hold_may(&w.h, p->off, p->len);
		if (p->off + k <= r->off + r->sent)
			break;
		forward(p, k, lost >> (i & 1) & 1);
	}
}

static void stop_lifted(void)
{
	for (unsigned i = 0; i < 2; i++)
		w.lifted |= (uint8_t)((script.stop[i] == w.h.read) << i);
	w.stopped = false;
	w.h.limit = w.bound = DP_HOLD_NO_LIMIT;
	meet();
	read_on();
}

static void take(const struct step *s)
{
	switch (s->kind) {
	case SEND:
		client_sends(s->off, s->end, s->odd ? 1u << script.twofold : 0, s->lost);
		break;
	case ACK:
		CHECK(dp_hold_ack(&w.h, &w.mem, s->end));
		break;
	case LIFT:
		stop_lifted();
		if (!script.late)
			release(s->lost);
		break;
	case RELEASE:
		release(s->lost);
		break;
	case CONDEMN: /* the worst that safe may be: what is withheld is not only the end itself */
		limit_for_good(w.h.read ? w.h.read - 1 : 0);
		break;
	}
}

static bool possible(const struct step *s)
{
	if (s->kind == ACK)
		return s->end > w.h.acked && s->end <= edge_of(w.got);
	if (s->kind == LIFT || s->kind == CONDEMN)
		return w.stopped && !w.bad;
	return true;
}

/* What must hold in every state. */

static uint64_t highest(bytes b)
{
	return 31 - (uint64_t)__builtin_clz(b);
}

static void check_runs(void)
{
	bytes all = 0;
	uint64_t last = 0;
	uint32_t n = 0, unsent = 0;
	int held = 0;
	for (const struct dp_hold_run *r = w.h.head; r; last = r->off + r->len, r = r->next, n++) {
		bytes b = span(r->off, r->off + r->len);
		CHECK(n < RUNS && r->len && r->off >= last && r->off + r->len > w.h.acked);
		CHECK(r->off + r->sent == (w.sent & b ? highest(w.sent & b) + 1 : r->off));
		unsent += r->sent < r->len;
		all |= b;
		CHECK(r->next || w.h.tail == r);
	}
	for (unsigned i = 0; i < RUNS + 1; i++)
		held += w.packet[i].held;
	CHECK((all | below(w.h.acked)) == (w.taken | below(w.h.acked)));
	CHECK(n == w.pool.used && n == w.h.cost && n == w.mem.held && (int)n == held && unsent == w.h.unsent);
	CHECK(w.h.cost <= w.mem.max);
}

/* The most that the reader's limit lets the server have in one piece; what was forwarded earlier is out of reach of recall. */
static uint64_t most_edge(void)
{
	uint64_t end = edge_of(w.taken);
	if (w.h.limit == DP_HOLD_NO_LIMIT)
		return end;
	if (end > w.h.limit)
		end = w.h.limit;
	while (end && edge_of(w.sent | below(end)) > w.h.limit)
		end--;
	return edge_of(w.sent | below(end));
}

static void check_state(void)
{
	uint64_t edge = edge_of(w.got);
	CHECK(edge <= w.bound && edge <= w.h.read);
	/* What seems lost may be late. */
	CHECK(edge_of(w.sent) <= w.bound && edge_of(w.sent) <= w.h.read);
	CHECK(script.bad_end == NOWHERE || edge < script.bad_end);
	CHECK(edge <= w.h.edge && edge_of(w.sent) <= w.h.edge);
	CHECK(!(w.got & ~w.taken) && !((w.got_odd ^ w.taken_odd) & w.got));
	check_runs();
	if (script.late)
		return;
	/* Nothing is held without need. */
	CHECK(w.h.edge == edge_of(w.sent));
	CHECK(w.bound != w.h.limit || w.h.edge == most_edge());
	CHECK(w.h.limit != DP_HOLD_NO_LIMIT || !(w.taken & ~w.sent));
}

/* When the client repeats what the server lacks, byte by byte, and nothing is lost any more, the server gets everything.
 * Up to the bad end, where the stream has one. */
static void check_arrives(void)
{
	while (!w.bad && edge_of(w.got) < script.n) {
		uint64_t edge = edge_of(w.got);
		if (edge > w.h.acked)
			CHECK(dp_hold_ack(&w.h, &w.mem, edge));
		client_sends((uint8_t)edge, (uint8_t)(edge + 1), w.taken_odd, false);
		check_state();
		while (w.stopped && !w.bad) {
			stop_lifted();
			release(0);
			check_state();
		}
		CHECK(w.bad || edge_of(w.got) > edge);
	}
}

static void check_clear(void)
{
	dp_hold_clear(&w.h, &w.mem);
	CHECK(!w.h.cost && !w.h.unsent && !w.mem.held && !w.pool.used && !w.h.head && !w.h.tail);
	for (unsigned i = 0; i < RUNS + 1; i++)
		CHECK(!w.packet[i].held);
}

/* The search. */

static void begin(void)
{
	rs_pool_release(w.runs, sizeof w.runs);
	memset(&w, 0, sizeof w);
	rs_pool_init(&w.pool, w.runs, sizeof(struct dp_hold_run), RUNS);
	w.mem = (struct dp_hold_mem){ &w.pool, ref_get, ref_put, same, 0, RUNS * 4, script.max };
	dp_hold_init(&w.h);
	w.bound = DP_HOLD_NO_LIMIT;
	meet();
}

static struct world saved;

static void save(void)
{
	rs_pool_release(w.runs, sizeof w.runs);
	saved = w;
}

static void restore(void)
{
	rs_pool_release(w.runs, sizeof w.runs);
	w = saved;
}

static void list_steps(void)
{
	uint8_t one = script.lossless ? 1 : 2; /* ways of one packet; more than one: each other shares its fate */
	uint8_t several = script.lossless ? 1 : 4;
	nsteps = 0;
	for (uint8_t off = 0; off < script.n; off++) {
		for (uint8_t end = off + 1; end <= script.n; end++) {
			bool covers = script.twofold >= off && script.twofold < end;
			for (uint8_t odd = 0; odd <= covers; odd++)
				for (uint8_t lost = 0; lost < one; lost++)
					steps[nsteps++] = (struct step){ SEND, off, end, odd, lost };
		}
	}
	for (uint8_t end = 1; end <= script.n; end++)
		steps[nsteps++] = (struct step){ .kind = ACK, .end = end };
	for (uint8_t lost = 0; lost < several; lost++)
		steps[nsteps++] = (struct step){ .kind = script.late ? RELEASE : LIFT, .lost = lost };
	if (script.late)
		steps[nsteps++] = (struct step){ .kind = LIFT };
	steps[nsteps++] = (struct step){ .kind = CONDEMN };
}

static uint64_t mix(uint64_t hash, uint64_t v)
{
	hash = (hash ^ v) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

/* All that later steps can depend on. */
static uint64_t state_hash(void)
{
	uint64_t hash = mix(1, w.h.acked | w.h.edge << 8 | w.h.read << 16 | (w.h.limit & 255) << 24 | (w.bound & 255) << 32 |
				       (uint64_t)w.lifted << 40 | (uint64_t)w.stopped << 42 | (uint64_t)w.bad << 43);
	hash = mix(hash, w.taken | (uint64_t)w.taken_odd << 16 | (uint64_t)w.sent << 32);
	hash = mix(hash, w.got | (uint64_t)w.got_odd << 16);
	for (const struct dp_hold_run *r = w.h.head; r; r = r->next) {
		const struct packet *p = r->ref;
		hash = mix(hash, r->off | (uint64_t)r->len << 8 | (uint64_t)r->sent << 16 | (uint64_t)p->off << 24 |
					 (uint64_t)p->len << 32 | (uint64_t)p->odd << 40 | (uint64_t)(r == w.h.edge_run) << 60 |
					 (uint64_t)(r == w.h.read_run) << 61);
	}
	return hash ? hash : 1;
}

static struct {
	uint64_t *slot;
	size_t size, used; /* size: a power of two */
	struct trace *queue;
	size_t room;
} seen;

static bool insert_hash(uint64_t hash)
{
	size_t i = hash >> 7 & (seen.size - 1);
	for (; seen.slot[i]; i = (i + 1) & (seen.size - 1))
		if (seen.slot[i] == hash)
			return false;
	seen.slot[i] = hash;
	return true;
}

static void grow(void)
{
	uint64_t *old = seen.slot;
	size_t n = seen.size;
	seen.size *= 2;
	seen.slot = calloc(seen.size, sizeof *seen.slot);
	assert_non_null(seen.slot);
	for (size_t i = 0; i < n; i++)
		if (old[i])
			insert_hash(old[i]);
	free(old);
}

/* A state not met before: its trace is queued. */
static bool first_met(void)
{
	if (!insert_hash(state_hash()))
		return false;
	if (++seen.used * 2 > seen.size)
		grow();
	if (seen.used > seen.room) {
		seen.room = seen.room * 2 + 1024;
		seen.queue = realloc(seen.queue, seen.room * sizeof *seen.queue);
		assert_non_null(seen.queue);
	}
	seen.queue[seen.used - 1] = now;
	return true;
}

static void reach(const struct trace *t)
{
	begin();
	for (unsigned i = 0; i < t->n; i++)
		take(&steps[t->step[i]]);
	now = *t;
}

/* Every state that so many steps can reach; ALL: that any number can. Returns how many there are; *steps_taken is counted on. */
static size_t explore(unsigned depth, size_t *steps_taken)
{
	memset(seen.slot, 0, seen.size * sizeof *seen.slot);
	seen.used = 0;
	list_steps();
	now.n = 0;
	begin();
	check_state();
	first_met();
	for (size_t at = 0; at < seen.used; at++) {
		struct trace from = seen.queue[at];
		if (from.n == depth) {
			assert_int_not_equal(depth, ALL);
			break;
		}
		reach(&from);
		save();
		for (unsigned i = 0; i < nsteps; i++) {
			if (!possible(&steps[i]))
				continue;
			now.step[from.n] = (uint8_t)i;
			now.n = from.n + 1;
			take(&steps[i]);
			++*steps_taken;
			if (first_met()) {
				check_state();
				check_arrives();
				check_clear();
			}
			restore();
			now.n = from.n;
		}
	}
	return seen.used;
}

struct exploration {
	uint8_t n, depth; /* bytes of the stream; steps */
	uint8_t stops; /* most stops in a script */
	bool bad, twofold, lossless, late;
	uint8_t max; /* packets remembered */
};

static void explore_scripts(const struct exploration *e)
{
	const uint8_t n = e->n; /* as a place: none */
	size_t scripts = 0, states = 0, taken = 0;
	/* A bad end behind byte bad / 2, with one or two bytes of it withheld; 2 * n: none. */
	for (unsigned bad = e->bad ? 0 : 2 * n; bad <= 2 * n; bad++) {
		for (unsigned two = e->twofold ? 0 : n; two <= n; two++) {
			for (unsigned first = e->stops > 0 ? 0 : n; first <= n; first++) {
				for (unsigned second = e->stops > 1 && first < n ? first + 1 : n; second <= n; second++) {
					script = (struct script){ .n = n, .max = e->max, .lossless = e->lossless, .late = e->late };
					script.stop[0] = first < n ? (uint8_t)first : NOWHERE;
					script.stop[1] = second < n ? (uint8_t)second : NOWHERE;
					script.twofold = two < n ? (uint8_t)two : NOWHERE;
					script.bad_end = bad < 2 * n ? (uint8_t)(bad / 2 + 1) : NOWHERE;
					script.safe = (uint8_t)(bad / 2 - (bad > 1 && bad % 2));
					scripts++;
					states += explore(e->depth, &taken);
				}
			}
		}
	}
	print_message("%u bytes, %u steps, %u packets%s%s: %zu scripts, %zu states, %zu steps taken\n", n, e->depth, e->max,
	              e->lossless ? ", lossless" : "", e->late ? ", late" : "", scripts, states, taken);
}

/* How large: bytes, steps, and which scripts. */
static const struct exploration quick[] = {
	{ .n = 3, .depth = ALL, .stops = 2, .bad = true, .twofold = true, .max = PLENTY },
	{ .n = 3, .depth = ALL, .stops = 2, .bad = true, .late = true, .max = PLENTY },
	{ .n = 4, .depth = ALL, .stops = 1, .bad = true, .max = 3 },
	{ .n = 4, .depth = ALL, .stops = 1, .bad = true, .max = PLENTY },
	{ .n = 4, .depth = ALL, .twofold = true, .max = PLENTY },
	{ .n = 5, .depth = ALL, .max = 4 },
	{ .n = 5, .depth = ALL, .max = PLENTY },
	{ .n = 4, .depth = 5, .stops = 2, .bad = true, .late = true, .max = PLENTY },
	{ .n = 6, .depth = 4, .stops = 2, .bad = true, .lossless = true, .max = PLENTY },
	{ .n = 8, .depth = 4, .stops = 1, .lossless = true, .max = PLENTY },
	{ .n = 7, .depth = 5, .lossless = true, .max = PLENTY },
};

static const struct exploration deep[] = {
	{ .n = 4, .depth = ALL, .stops = 2, .bad = true, .twofold = true, .max = PLENTY },
	{ .n = 4, .depth = ALL, .stops = 2, .bad = true, .late = true, .max = PLENTY },
	{ .n = 5, .depth = ALL, .stops = 1, .bad = true, .max = PLENTY },
	{ .n = 6, .depth = 5, .stops = 2, .bad = true, .lossless = true, .max = PLENTY },
	{ .n = 8, .depth = 4, .stops = 2, .bad = true, .lossless = true, .max = PLENTY },
	{ .n = 8, .depth = 5, .bad = true, .lossless = true, .max = PLENTY },
};

static bool is_deep(void)
{
	const char *v = getenv("MAILWEIR_DEEP");
	return v && *v && strcmp(v, "0") != 0;
}

static void every_state_of_a_small_stream(void **state)
{
	(void)state;
	seen.size = 4096;
	seen.slot = calloc(seen.size, sizeof *seen.slot);
	assert_non_null(seen.slot);
	for (size_t i = 0; i < sizeof quick / sizeof *quick; i++)
		explore_scripts(&quick[i]);
	for (size_t i = 0; is_deep() && i < sizeof deep / sizeof *deep; i++)
		explore_scripts(&deep[i]);
	free(seen.slot);
	free(seen.queue);
}

/* What a search for wrong answers does not see: the work, and misuse. */

static struct dp_hold_run *const nowhere = (struct dp_hold_run *)16; /* looking at it ends the test */

static void without_a_limit_no_run_is_looked_at(void **state)
{
	(void)state;
	struct dp_hold h = { .limit = DP_HOLD_NO_LIMIT, .head = nowhere, .tail = nowhere, .edge_run = nowhere };
	assert_int_equal(dp_hold_may(&h, 5, 7), 7);
}

static void in_order_only_the_last_runs_are_looked_at(void **state)
{
	(void)state;
	struct packet p = { .len = 8 };
	struct dp_hold_run last = { .off = 4, .skip = 4, .len = 4, .sent = 2, .ref = &p, .cost = 1 };
	struct dp_hold_mem mem = { .same = same, .max = 9 };
	struct dp_hold h = { .edge = 6, .read = 6, .limit = 7, .head = nowhere, .tail = &last, .edge_run = &last, .read_run = &last,
			     .unsent = 1 };
	void *ref;
	uint32_t skip, len;
	assert_int_equal(dp_hold_add(&h, &mem, 5, 3, &(struct packet){ .off = 5, .len = 3 }, 1), DP_HOLD_KNOWN);
	assert_true(dp_hold_unread(&h, &ref, &skip, &len));
	assert_int_equal(skip, 6);
	assert_int_equal(len, 2);
	assert_int_equal(dp_hold_may(&h, 5, 3), 2);
	dp_hold_forwarded(&h, 5, 2);
	assert_int_equal(h.edge, 7);
	assert_ptr_equal(dp_hold_unsent(&h), &last);

	struct dp_hold_run next = { .off = 8, .len = 2, .ref = &p, .cost = 1 };
	dp_hold_forwarded(&h, 7, 1);
	last.next = h.tail = &next;
	h.unsent++;
	dp_hold_forwarded(&h, 8, 2);
	assert_int_equal(h.edge, 10);
	assert_ptr_equal(h.edge_run, &next);
	assert_null(dp_hold_unsent(&h));
}

static void an_acknowledgement_of_what_was_not_sent(void **state)
{
	(void)state;
	script = (struct script){ 8, { NOWHERE, NOWHERE }, NOWHERE, NOWHERE, NOWHERE, PLENTY, true, false };
	now.n = 0;
	begin();
	client_sends(0, 3, 0, false);
	client_sends(5, 7, 0, false);
	assert_true(dp_hold_ack(&w.h, &w.mem, 2));
	assert_true(dp_hold_ack(&w.h, &w.mem, 1));
	assert_int_equal(w.h.acked, 2);
	assert_false(dp_hold_ack(&w.h, &w.mem, 4));
	assert_int_equal(w.h.acked, 3);
	assert_int_equal(w.pool.used, 1);
	check_clear();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_limit_no_run_is_looked_at),
		cmocka_unit_test(in_order_only_the_last_runs_are_looked_at),
		cmocka_unit_test(an_acknowledgement_of_what_was_not_sent),
		cmocka_unit_test(every_state_of_a_small_stream),
	};
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
