/* SPDX-License-Identifier: Apache-2.0 */
/* Clients and servers at random with a worker between them: whatever the wires do, nothing infected is delivered, nothing clean is lost
 * or changed, and everything ends. With MAILWEIR_DEEP=1, many more. */
#include "dataplane/dp_inline_net.h"

#include "dataplane/dp_inline.h"

/* Seconds after which the wires are calm, and within which all has ended then: what a server waits for a command and a client for a
 * reply, what a message's owed replies are awaited, and repetitions of each. */
#define STORM 120
#define BOUND 1800

struct sum { /* so that a run in which nothing happens is noticed */
	unsigned letters, bad, told_good, told_bad, delivered, resets, ours, lost, repeated, challenged, stale, withheld, silent;
	uint64_t no_room, reset_both;
};

static unsigned rnd(struct dp_net *n, unsigned below)
{
	return dp_test_random(&n->random, below);
}

static void choose_letters(struct dp_net *n, struct dp_pair *p)
{
	for (unsigned k = 1 + rnd(n, 4); k > 0; k--) {
		struct dp_letter l = dp_net_letter(n, rnd(n, 3) == 0, 20 + rnd(n, rnd(n, 4) ? 400 : 6000));
		static const char *const forms[] = { ".\r\n", ".\n", ".\r" };
		l.bdat = p->server.chunking && !p->client.lmtp && rnd(n, 2);
		/* Commands behind such an end are smuggled ones, and whoever sends them may wait for ever: not where all is to be told. */
		bool bare = rnd(n, 3) == 0 && (n->loss > 0 || !p->client.pipelines);
		l.form = bare ? forms[rnd(n, p->server.ends + 1)] : ".\r\n";
		/* A strict server's content, and an end to others. */
		l.doubted = !l.bdat && (l.bad || p->server.ends == DP_ENDS_STRICT) && rnd(n, 4) == 0;
		if (l.doubted)
			dp_text_printf(&l.text, rnd(n, 2) ? "\n.\nand more\r\n" : "\r.\rand more\r\n");
		if (rnd(n, 4) == 0)
			dp_text_printf(&l.text, ".a line with a dot\r\n..and one with two\r\n");
		l.rcpts = 1 + rnd(n, 3);
		dp_net_send(p, l);
	}
}

static void choose_pair(struct dp_net *n)
{
	struct dp_pair *p = dp_net_pair(n);
	bool timestamps = rnd(n, 2), v6 = rnd(n, 2);
	unsigned nvlan = rnd(n, 3);
	for (unsigned side = 0; side < 2; side++) {
		struct dp_end *e = &p->end[side];
		e->c.v6 = v6;
		e->c.nvlan = (uint8_t)nvlan;
		e->c.vlan[0] = 17;
		e->c.vlan[1] = 99;
		e->timestamps = timestamps;
		e->mss = rnd(n, 2) ? 1460 : 1 + rnd(n, 1460);
		if (side == 0 && rnd(n, 8) == 0)
			e->mss = 1 + rnd(n, 8);
		e->pieces = rnd(n, 2);
		e->flight = e->mss * (1 + rnd(n, rnd(n, 4) ? 64 : 4));
		e->newest = rnd(n, 2);
	}
	p->server.ends = (enum dp_ends)rnd(n, 3);
	p->server.delay = rnd(n, 2) ? 0 : 1 + rnd(n, 2000);
	p->server.chunking = rnd(n, 4);
	p->client.lmtp = p->server.lmtp = rnd(n, 6) == 0;
	p->client.pipelines = rnd(n, 2);
	choose_letters(n, p);
}

static void add_up(const struct dp_net *n, struct sum *s)
{
	for (unsigned i = 0; i < n->npairs; i++) {
		const struct dp_pair *p = &n->pair[i];
		s->delivered += (unsigned)p->server.ndelivered;
		s->resets += p->resets[0] + p->resets[1];
		s->ours += p->ours;
		for (unsigned side = 0; side < 2; side++) {
			s->repeated += p->end[side].stats.repeated;
			s->challenged += p->end[side].stats.challenged;
			s->stale += p->end[side].stats.stale;
		}
		bool bad = false, word = p->client.log.n && strstr((const char *)p->client.log.p, "421 ");
		for (size_t k = 0; k < p->client.nletters; k++) {
			const struct dp_letter *l = &p->client.letters[k];
			bad |= l->bad;
			word |= l->failed || (l->ntold && l->told[0] >= 400);
			s->letters++;
			s->bad += l->bad;
			s->told_good += l->ntold && l->told[0] < 300;
			s->told_bad += l->ntold && l->told[0] == 554;
			s->withheld += l->ntold && l->told[0] == 451;
		}
		s->silent += bad && !word;
	}
	s->lost += (unsigned)n->lost;
	s->no_room += dp_test_account(n->t).dropped[DP_DROP_NO_ROOM];
	s->reset_both += n->t->worker->stats.connections_reset;
}

/* Where nothing is lost and nothing comes early every client is told everything, up to what ends its connection: a refusal, or the end of a
 * letter that may have ended before. */
static void judge_calm(const struct dp_net *n, uint64_t seed)
{
	for (unsigned i = 0; i < n->npairs; i++) {
		const struct dp_pair *p = &n->pair[i];
		const struct dp_client *c = &p->client;
		bool over = false;
		for (size_t k = 0; k < c->nletters && !over; k++) {
			const struct dp_letter *l = &c->letters[k];
			over = l->bad || l->doubted;
			if (l->ntold != (c->lmtp ? l->rcpts : 1) || l->told[0] != (l->bad ? 554 : 250))
				fail_msg("seed %llu: letter %zu: %s", (unsigned long long)seed, k, dp_net_tell(p));
		}
		if (!over && p->ours)
			fail_msg("seed %llu: %u frames of ours: %s", (unsigned long long)seed, p->ours, dp_net_tell(p));
	}
}

struct plan {
	unsigned loss, twice, late; /* of 1000 */
	uint32_t hold, mbufs; /* 0: enough */
};

static void run(uint64_t seed, const struct plan *plan, struct sum *sum)
{
	struct dp_test t;
	struct dp_net n;
	dp_test_init(&t);
	t.use = DP_USE_INLINE;
	t.config.capture.checksums = CT_CHECKSUMS_VERIFY;
	if (plan->hold)
		t.config.inline_.hold = plan->hold;
	if (plan->mbufs)
		t.config.memory.mbufs = plan->mbufs;
	dp_test_open(&t);
	dp_net_init(&n, &t, seed);
	n.loss = plan->loss;
	n.twice = plan->twice;
	n.late = plan->late;
	n.calm = t.time + STORM * UINT64_C(1000000000);
	for (unsigned i = 1 + rnd(&n, 4); i > 0; i--)
		choose_pair(&n);
	if (!dp_net_run(&n, STORM + BOUND))
		fail_msg("seed %llu: not over after %u seconds", (unsigned long long)seed, STORM + BOUND);
	dp_net_judge(&n, seed);
	if (!plan->loss && !plan->late && !plan->hold)
		judge_calm(&n, seed);
	/* Of a reset that is lost a client that waits for a word never hears. */
	uint64_t deaf = 0;
	for (unsigned i = 0; i < n.npairs; i++)
		if (n.pair[i].client.gave_up && (!n.lost || ++deaf > t.worker->stats.connections_reset))
			fail_msg("seed %llu: it stood still: %s\n%s", (unsigned long long)seed, dp_net_tell(&n.pair[i]), dp_test_story(&t));
	add_up(&n, sum);
	dp_net_free(&n);
	dp_test_close(&t);
}

static unsigned seeds(unsigned quick)
{
	if (getenv("MAILWEIR_SEED"))
		return 10000;
	const char *v = getenv("MAILWEIR_DEEP");
	return v && !strcmp(v, "1") ? quick * 50 : quick;
}

static struct sum run_all(unsigned quick, const struct plan *plan, uint64_t first)
{
	struct sum s = { 0 };
	const char *only = getenv("MAILWEIR_SEED");
	for (uint64_t seed = first; seed < first + seeds(quick); seed++)
		if (!only || strtoull(only, NULL, 10) == seed)
			run(seed, plan, &s);
	print_message("letters %u, bad %u, told 250 %u, 554 %u, 451 %u, delivered %u, resets %u, ours %u\n", s.letters, s.bad, s.told_good,
	              s.told_bad, s.withheld, s.delivered, s.resets, s.ours);
	print_message("lost %u, repeated %u, challenged %u, stale %u, no room %llu, reset both %llu, silent %u\n", s.lost, s.repeated,
	              s.challenged, s.stale, (unsigned long long)s.no_room, (unsigned long long)s.reset_both, s.silent);
	/* Whoever was to be refused was told so, unless the connection had to be reset. */
	assert_true(s.silent <= s.reset_both);
	return s;
}

static void calm(void **state)
{
	(void)state;
	struct sum s = run_all(100, &(struct plan){ 0 }, 1);
	assert_true(s.told_bad > 20 && s.told_good > 50 && s.lost == 0);
}

static void disordered(void **state)
{
	(void)state;
	struct sum s = run_all(60, &(struct plan){ .twice = 50, .late = 200 }, 10000);
	assert_true(s.told_bad > 10 && s.told_good > 20 && s.lost == 0);
}

static void lossy(void **state)
{
	(void)state;
	struct sum s = run_all(100, &(struct plan){ .loss = 50, .twice = 20, .late = 50 }, 20000);
	assert_true(s.told_bad > 10 && s.told_good > 20 && s.lost > 100 && s.repeated > 100);
}

static void very_lossy(void **state)
{
	(void)state;
	struct sum s = run_all(60, &(struct plan){ .loss = 300, .twice = 100, .late = 200 }, 30000);
	assert_true(s.told_bad > 5 && s.told_good > 10 && s.lost > 1000 && s.repeated > 1000);
}

/* There is room for few packets. */
static void tight(void **state)
{
	(void)state;
	struct sum s = run_all(60, &(struct plan){ .loss = 100, .twice = 50, .late = 200, .hold = 16, .mbufs = 255 }, 40000);
	assert_true(s.told_good > 10 && s.no_room > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calm),
		cmocka_unit_test(disordered),
		cmocka_unit_test(lossy),
		cmocka_unit_test(very_lossy),
		cmocka_unit_test(tight),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
