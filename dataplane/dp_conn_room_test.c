/* SPDX-License-Identifier: Apache-2.0 */
/* Room and time: who gives way to whom, who is worth what, and what expires. */
#include "dataplane/dp_conn.h"
#include "dataplane/dp_made.h"

static void open_flow(struct dp_test *t, unsigned number, enum dp_flow_list list)
{
	struct dp_test_conn c = dp_test_conn(number);
	if (list == DP_FLOWS_OTHER)
		c.port[1] = 443;
	if (list == DP_FLOWS_HALF_OPEN) {
		dp_test_segment(t, &c, 0, RS_TCP_SYN, c.seq[0], NULL, 0);
		return;
	}
	if (list == DP_FLOWS_ONE_SIDED) {
		dp_test_say(t, &c, 0, "NOOP\r\n");
		return;
	}
	dp_test_shake(t, &c);
	if (list == DP_FLOWS_OTHER) {
		dp_test_say(t, &c, 0, "GET / HTTP/1.1\r\n");
		dp_test_say(t, &c, 1, "HTTP/1.1 200 Ok\r\n");
	} else {
		dp_test_say(t, &c, 1, "220 mx\r\n");
	}
	if (list == DP_FLOWS_CLOSED)
		dp_test_fins(t, &c);
}

static unsigned flows_in(const struct dp_test *t, enum dp_flow_list list)
{
	const struct dp_flow *f;
	unsigned n = 0;
	TAILQ_FOREACH(f, &t->worker->flows.lists[list], link)
	n++;
	return n;
}

static struct dp_flow *flow_of(const struct dp_test *t, unsigned number, uint16_t port)
{
	struct dp_test_conn c = dp_test_conn(number);
	struct dp_flow_key key;
	struct dp_packet pkt;
	unsigned end;
	uint8_t frame[200];
	c.port[1] = port;
	size_t n = dp_test_segment_write(&c, 0, RS_TCP_ACK, 0, NULL, 0, frame);
	dp_packet_parse(DP_LINK_ETHERNET, frame, n, n, &pkt);
	dp_flow_key_make(&key, &end, &pkt, true);
	return dp_flow_find(&t->worker->flows, &key);
}

static uint64_t evicted(const struct dp_test *t)
{
	uint64_t n = 0;
	for (unsigned i = 0; i < DP_FLOWS_LISTS; i++)
		n += t->worker->stats.flows_evicted[i];
	return n;
}

/* A newcomer takes the place of what is worth less, and none takes an established mail connection's. */
static void test_who_is_evicted(void **state)
{
	(void)state;
	for (unsigned detect = 0; detect < 2; detect++) {
		struct dp_test t;
		dp_test_init(&t);
		t.config.smtp.detect = detect;
		t.config.memory.flows = 16;
		t.config.memory.half_open = 4;
		dp_test_open(&t);
		const struct dp_worker_stats *st = &t.worker->stats;
		/* Mail came first, so it is not age alone that decides. */
		for (unsigned list = DP_FLOWS_RESET; list-- > 0;)
			for (unsigned i = 0; i < 3; i++)
				open_flow(&t, list * 10 + i, list);
		for (unsigned list = 0; list < DP_FLOWS_RESET; list++)
			assert_int_equal(flows_in(&t, list), 3);
		/* One place is free. Then the others' places, in their order. */
		for (unsigned i = 0; i < 1 + 3 + 3 + 3 + 3; i++) {
			open_flow(&t, 100 + i, DP_FLOWS_MAIL);
			assert_int_equal(evicted(&t), i);
			assert_int_equal(flows_in(&t, DP_FLOWS_CLOSED), i < 3 ? 3 - i : 0);
			assert_int_equal(flows_in(&t, DP_FLOWS_ONE_SIDED), i < 3 ? 3 : i < 6 ? 6 - i : 0);
			assert_int_equal(flows_in(&t, DP_FLOWS_OTHER), i < 6 ? 3 : i < 9 ? 9 - i : 0);
			assert_int_equal(flows_in(&t, DP_FLOWS_HALF_OPEN), i < 9 ? 3 : 12 - i);
			assert_int_equal(flows_in(&t, DP_FLOWS_MAIL), 4 + i);
		}
		assert_int_equal(st->flows_evicted[DP_FLOWS_MAIL], 0);
		assert_int_equal(st->flows_refused, 0);
		/* Now there is none left that would give way. What is refused is counted as mail when it says that it is: once. */
		struct dp_test_conn late = dp_test_conn(200);
		dp_test_greet(&t, &late);
		dp_test_say(&t, &late, 0, "MAIL FROM:<anna@example.org>\r\n");
		assert_true(st->flows_refused > 0);
		assert_int_equal(evicted(&t), 12);
		assert_int_equal(t.worker->account[0].seen, 1);
		assert_int_equal(t.worker->account[0].unscanned[CT_REASON_OVERLOAD], 1);
		assert_null(flow_of(&t, 200, 25));
		for (unsigned i = 0; i < 3; i++)
			assert_non_null(flow_of(&t, DP_FLOWS_MAIL * 10 + i, 25));
		dp_test_close(&t);
	}
}

/* Half-open connections have a share of their own: they always get it, and never more. */
static void test_half_open_share(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_init(&t);
	t.config.memory.flows = 64;
	dp_test_open(&t);
	for (unsigned i = 0; i < 60; i++)
		open_flow(&t, i, DP_FLOWS_OTHER);
	for (unsigned i = 0; i < 100; i++) {
		open_flow(&t, 1000 + i, DP_FLOWS_HALF_OPEN);
		assert_int_equal(flows_in(&t, DP_FLOWS_HALF_OPEN), i < 8 ? i + 1 : 8);
	}
	assert_int_equal(flows_in(&t, DP_FLOWS_OTHER), 56);
	assert_int_equal(t.worker->stats.flows_evicted[DP_FLOWS_HALF_OPEN], 92);
	assert_int_equal(t.worker->stats.flows_evicted[DP_FLOWS_OTHER], 4);
	assert_null(flow_of(&t, 1091, 25));
	assert_non_null(flow_of(&t, 1092, 25));
	/* A packet of one side of what is no mail makes no more than that either. */
	for (unsigned i = 0; i < 100; i++) {
		struct dp_test_conn c = dp_test_conn(2000 + i);
		c.port[1] = 443;
		dp_test_say(&t, &c, i % 2, "neither this nor that\r\n");
		assert_int_equal(flows_in(&t, DP_FLOWS_HALF_OPEN), 8);
	}
	dp_test_close(&t);
}

/* What a sender can do who sees no answer does not make an established connection. */
static void test_blind_sender(void **state)
{
	(void)state;
	for (unsigned way = 0; way < 5; way++) {
		struct dp_test t;
		struct dp_test_conn c = dp_test_conn(1);
		dp_test_begin(&t);
		uint32_t isn = c.seq[1];
		switch (way) {
		case 0: /* The number that the server answered with is not known. */
			dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0]++, NULL, 0);
			dp_test_segment(&t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1]++, NULL, 0);
			c.seq[1] = isn + 5000;
			dp_test_say(&t, &c, 0, "EHLO forged\r\n");
			break;
		case 1: /* No SYN was ever sent. */
			dp_test_segment(&t, &c, 1, RS_TCP_SYN | RS_TCP_ACK, c.seq[1]++, NULL, 0);
			dp_test_say(&t, &c, 1, "220 forged\r\n");
			break;
		case 2:
			dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0]++, NULL, 0);
			dp_test_say(&t, &c, 0, "EHLO forged\r\n");
			break;
		case 3: /* In the middle, and the server answers by its own numbers. */
			dp_test_say(&t, &c, 0, "NOOP\r\n");
			c.seq[0] += 100000;
			dp_test_segment(&t, &c, 1, RS_TCP_ACK, isn, NULL, 0);
			break;
		default: /* The same, behind what was forged. */
			dp_test_say(&t, &c, 0, "NOOP\r\n");
			c.seq[0] -= 100000;
			dp_test_say(&t, &c, 1, "220 mx\r\n");
			break;
		}
		assert_int_equal(flows_in(&t, DP_FLOWS_MAIL), 0);
		/* What no receiver accepts waits, and makes nothing of it. */
		assert_int_equal(flows_in(&t, way == 0 ? DP_FLOWS_HALF_OPEN : DP_FLOWS_ONE_SIDED), 1);
		dp_test_close(&t);
	}
}

/* What makes one: a handshake, or in the middle that each acknowledges the other's data. */
static void test_proven(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_begin(&t);
	dp_test_shake(&t, &c);
	assert_int_equal(flows_in(&t, DP_FLOWS_MAIL), 1);
	c = dp_test_conn(2);
	dp_test_say(&t, &c, 0, "NOOP\r\n");
	assert_int_equal(flows_in(&t, DP_FLOWS_ONE_SIDED), 1);
	dp_test_say(&t, &c, 1, "250 ok\r\n");
	assert_int_equal(flows_in(&t, DP_FLOWS_ONE_SIDED), 1);
	dp_test_say(&t, &c, 0, "NOOP\r\n");
	assert_int_equal(flows_in(&t, DP_FLOWS_ONE_SIDED), 0);
	assert_int_equal(flows_in(&t, DP_FLOWS_MAIL), 2);
	dp_test_close(&t);
}

/* Also where ports alone tell that it is not mail: a flood of SYNs is no crowd of connections. */
static void test_unanswered_is_worth_less(void **state)
{
	(void)state;
	for (unsigned detect = 0; detect < 2; detect++) {
		struct dp_test t;
		dp_test_init(&t);
		t.config.smtp.detect = detect;
		dp_test_open(&t);
		for (unsigned i = 0; i < 5; i++) {
			struct dp_test_conn c = dp_test_conn(i);
			c.port[1] = 443;
			dp_test_segment(&t, &c, 0, RS_TCP_SYN, c.seq[0], NULL, 0);
		}
		assert_int_equal(flows_in(&t, DP_FLOWS_HALF_OPEN), 5);
		for (unsigned i = 0; i < 2; i++) {
			struct dp_test_conn c = dp_test_conn(i);
			c.port[1] = 443;
			dp_test_shake(&t, &c);
		}
		assert_int_equal(flows_in(&t, DP_FLOWS_HALF_OPEN), 3);
		assert_int_equal(flows_in(&t, DP_FLOWS_OTHER), 2);
		dp_test_close(&t);
	}
}

static void test_expiry(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_init(&t);
	t.config.tcp.timeout_closed = 10;
	t.config.tcp.timeout_new = 20;
	t.config.tcp.timeout_established = 40;
	dp_test_open(&t);
	for (unsigned list = 0; list < DP_FLOWS_RESET; list++)
		open_flow(&t, list * 10, list);
	static const unsigned left[] = { 5, 4, 3, 3, 0 };
	for (unsigned i = 0; i < 5; i++) {
		/* 9, 18, ... seconds: before and after each time. */
		assert_int_equal(t.worker->flows.pool.used, i ? left[i - 1] : 5);
		dp_test_tick(&t, i == 0 ? 9 : i == 4 ? 10 : i == 1 ? 5 : 8);
		assert_int_equal(t.worker->flows.pool.used, left[i]);
	}
	assert_int_equal(t.worker->stats.flows_expired, 5);
	/* A packet in between puts it off. */
	struct dp_test_conn c = dp_test_conn(500);
	dp_test_greet(&t, &c);
	for (unsigned i = 0; i < 5; i++) {
		dp_test_tick(&t, 39);
		assert_int_equal(t.worker->flows.pool.used, 1);
		dp_test_say(&t, &c, 0, "NOOP\r\n");
		dp_test_say(&t, &c, 1, "250 ok\r\n");
	}
	/* Time that goes backwards ends nothing. */
	t.time -= UINT64_C(1000000000000);
	dp_test_say(&t, &c, 0, "NOOP\r\n");
	dp_test_tick(&t, 1);
	assert_int_equal(t.worker->flows.pool.used, 1);
	dp_test_close(&t);
}

/* On a port a tick ends no more than so many; the others at the next ones, and they are over all the same. */
static void test_expiry_is_bounded(void **state)
{
	(void)state;
	for (unsigned patient = 0; patient < 2; patient++) {
		struct dp_test t;
		dp_test_init(&t);
		t.patient = patient;
		t.config.memory.flows = 4 * DP_EXPIRE_MAX;
		t.config.memory.half_open = 3 * DP_EXPIRE_MAX;
		dp_test_open(&t);
		for (unsigned i = 0; i < 2 * DP_EXPIRE_MAX + 10; i++)
			open_flow(&t, i, DP_FLOWS_HALF_OPEN);
		for (unsigned i = patient ? 3 : 1; i < 4; i++) {
			dp_test_tick(&t, i == 1 || patient ? t.config.tcp.timeout_new : 0);
			assert_int_equal(t.worker->stats.flows_expired, i < 3 ? i * DP_EXPIRE_MAX : 2 * DP_EXPIRE_MAX + 10);
		}
		dp_test_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_evicted),
		cmocka_unit_test(test_half_open_share),
		cmocka_unit_test(test_blind_sender),
		cmocka_unit_test(test_proven),
		cmocka_unit_test(test_unanswered_is_worth_less),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_expiry_is_bounded),
	};
	return cmocka_run_group_tests_name("dp_conn_room", tests, dp_test_eal, dp_test_eal_stop);
}
