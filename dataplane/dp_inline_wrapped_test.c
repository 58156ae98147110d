/* SPDX-License-Identifier: Apache-2.0 */
/* Mail behind every link header and inside every tunnel, between two ports: the clean is delivered, the infected refused, and every frame that
 * leaves is what its side would have sent, byte for byte (dp_inline_net compares). */
#include "dataplane/dp_inline_net.h"

#define SECONDS 300

static void open_net(struct dp_test *t, struct dp_net *n, const struct dp_wrapping *how, uint64_t seed)
{
	t->use = DP_USE_INLINE;
	t->config.capture.checksums = CT_CHECKSUMS_VERIFY;
	dp_test_open(t);
	dp_net_init(n, t, seed);
	n->wrapping = how;
	for (unsigned i = 0; i < 4; i++) {
		struct dp_pair *p = dp_net_pair(n);
		p->end[0].c.v6 = p->end[1].c.v6 = i % 2;
		p->end[0].timestamps = p->end[1].timestamps = i / 2;
		p->client.pipelines = i / 2;
		/* IEEE 802.3's length ends at 1500. */
		p->end[0].mss = p->end[1].mss = 1400;
		dp_net_send(p, dp_net_letter(n, false, 3000));
		dp_net_send(p, dp_net_letter(n, i != 3, 3000));
	}
}

static void close_net(struct dp_test *t, struct dp_net *n)
{
	dp_net_free(n);
	dp_test_close(t);
}

static void judge_told(const struct dp_net *n, const char *name)
{
	for (unsigned i = 0; i < n->npairs; i++) {
		const struct dp_client *c = &n->pair[i].client;
		for (size_t k = 0; k < c->nletters; k++)
			if (c->letters[k].ntold != 1 || c->letters[k].told[0] != (c->letters[k].bad ? 554 : 250))
				fail_msg("%s: letter %zu: %s", name, k, dp_net_tell(&n->pair[i]));
	}
}

/* Behind labels and in PPTP the other direction's header cannot be told: whoever still speaks in a connection that is forgotten is not
 * told so. */
static bool can_turn(const struct dp_wrapping *how)
{
	for (const enum dp_wrap *w = how->how; *w != DP_WRAP_END; w++)
		if (*w == DP_WRAP_MPLS || *w == DP_WRAP_PPTP)
			return false;
	return true;
}

static void every_wrapping(void **state)
{
	(void)state;
	for (size_t i = 0; i < dp_nwrappings; i++) {
		const struct dp_wrapping *how = &dp_wrappings[i];
		struct dp_test t;
		struct dp_net n;
		if (!how->inline_)
			continue;
		dp_test_init(&t);
		open_net(&t, &n, how, 1 + i);
		if (!dp_net_run(&n, SECONDS) && can_turn(how))
			fail_msg("%s: not over: %s", how->name, dp_net_tell(&n.pair[0]));
		dp_net_judge(&n, i);
		judge_told(&n, how->name);
		if (can_turn(how))
			assert_int_equal(t.worker->stats.injected_lost, 0);
		assert_int_equal(n.pair[3].ours, 0);
		assert_true(n.pair[0].ours > 0);
		close_net(&t, &n);
	}
}

/* Segments are cut and repeated. */
static void on_bad_wires(void **state)
{
	(void)state;
	for (size_t i = 0; i < dp_nwrappings; i++) {
		struct dp_test t;
		struct dp_net n;
		if (!dp_wrappings[i].inline_)
			continue;
		dp_test_init(&t);
		open_net(&t, &n, &dp_wrappings[i], 100 + i);
		n.loss = 50;
		n.twice = 20;
		n.late = 50;
		n.calm = t.time + UINT64_C(60000000000);
		if (!dp_net_run(&n, 60 + SECONDS) && can_turn(&dp_wrappings[i]))
			fail_msg("%s: not over: %s", dp_wrappings[i].name, dp_net_tell(&n.pair[0]));
		dp_net_judge(&n, i);
		assert_true(n.lost > 0);
		close_net(&t, &n);
	}
}

static unsigned delivered(const struct dp_net *n)
{
	unsigned sum = 0;
	for (unsigned i = 0; i < n->npairs; i++)
		sum += (unsigned)n->pair[i].server.ndelivered;
	return sum;
}

/* A mirror's copies between two ports are nobody's mail; nor is what is in tunnels, where the configuration says so. */
static void what_is_not_judged(void **state)
{
	(void)state;
	static const struct { const char *name; bool tunnels; } cases[] = { { "ERSPAN II", true }, { "ERSPAN III", true }, { "VXLAN", false } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dp_test t;
		struct dp_net n;
		dp_test_init(&t);
		t.config.capture.tunnels = cases[i].tunnels;
		open_net(&t, &n, dp_wrapping_named(cases[i].name), 7);
		assert_true(dp_net_run(&n, SECONDS));
		assert_int_equal(delivered(&n), 8);
		assert_int_equal(t.worker->account[0].seen, 0);
		assert_int_equal(t.worker->stats.flows, 0);
		close_net(&t, &n);
	}
}

/* What is in more tunnels than are opened does not pass unread. */
static void too_deep_is_dropped(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_net n;
	dp_test_init(&t);
	t.config.capture.tunnel_depth = 1;
	open_net(&t, &n, dp_wrapping_named("VXLAN in GRE over IPv6"), 7);
	dp_net_run(&n, 20);
	assert_int_equal(delivered(&n), 0);
	struct ct_account a = dp_test_account(&t);
	assert_true(a.received > 0);
	assert_int_equal(a.dropped[DP_DROP_TOO_DEEP], a.received);
	assert_int_equal(t.worker->stats.class_packets[DP_TOO_DEEP], a.received);
	close_net(&t, &n);
}

static void without_room_nothing_passes(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_net n;
	dp_test_init(&t);
	t.config.memory.wrapped = 1;
	open_net(&t, &n, dp_wrapping_named("VXLAN"), 7);
	assert_true(dp_net_run(&n, SECONDS));
	dp_net_judge(&n, 7);
	/* One after the other: whoever found no room was repeated until there was some. */
	judge_told(&n, "VXLAN");
	assert_true(dp_test_account(&t).dropped[DP_DROP_NO_ROOM] > 0);
	assert_true(t.worker->stats.inlines_refused > 0);
	close_net(&t, &n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrapping),
		cmocka_unit_test(on_bad_wires),
		cmocka_unit_test(what_is_not_judged),
		cmocka_unit_test(too_deep_is_dropped),
		cmocka_unit_test(without_room_nothing_passes),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
