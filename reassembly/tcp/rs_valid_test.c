/* SPDX-License-Identifier: Apache-2.0 */
/* Each reason for which a receiver does not accept a segment, at its edge: one that is doubted, and its neighbour that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/tcp/rs_valid.h"

#define SECOND UINT64_C(1000000000)
#define ISN0 0xfffffff0u
#define ISN1 5000u

static const uint64_t none[2];
static const struct rs_options plain;

static void ref(void *r)
{
	(void)r;
}

static void on_data(void *arg, unsigned dir, void *r, uint32_t skip, uint32_t len)
{
	(void)arg;
	(void)dir;
	(void)r;
	(void)skip;
	(void)len;
}

static void on_gap(void *arg, unsigned dir, uint64_t n)
{
	on_data(arg, dir, NULL, 0, (uint32_t)n);
}

static const struct rs_tcp_ops ops = { .data = on_data, .gap = on_gap };

struct talk {
	struct rs_tcp c;
	struct rs_valid v;
	struct rs_pool pool;
	struct rs_stream_mem mem;
	uint64_t now;
	uint16_t window;
};

/* Numbers count from the first byte behind each ISN, as in rs_tcp_wire.h. */
static struct rs_tcp_segment made(const struct talk *t, unsigned d, unsigned flags, int64_t seq, int64_t ack, uint32_t len)
{
	uint32_t isn[2] = { ISN0, ISN1 };
	return (struct rs_tcp_segment){ .seq = isn[d] + 1 + (uint32_t)seq, .ack = isn[1 - d] + 1 + (uint32_t)ack, .len = len,
					.flags = (uint8_t)flags, .window = t->window };
}

static enum rs_doubt check(struct talk *t, unsigned d, unsigned flags, int64_t seq, int64_t ack, uint32_t len, struct rs_options o)
{
	struct rs_tcp_segment seg = made(t, d, flags, seq, ack, len);
	return rs_valid_check(&t->v, &t->c, d, &seg, &o, none, t->now);
}

static void read_it(struct talk *t, unsigned d, unsigned flags, int64_t seq, int64_t ack, uint32_t len, struct rs_options o)
{
	struct rs_tcp_segment seg = made(t, d, flags, seq, ack, len);
	rs_tcp_packet(&t->c, &t->mem, d, &seg, t, 1, &ops, NULL);
	rs_valid_note(&t->v, &t->c, d, &seg, &o, t->now);
}

/* 1000 bytes of side 0 and 200 of side 1, all acknowledged. */
static void open_talk(struct talk *t, struct rs_options syn0, struct rs_options syn1)
{
	memset(t, 0, sizeof *t);
	t->mem = (struct rs_stream_mem){ .segs = &t->pool, .ref_get = ref, .ref_put = ref, .window = 1 << 20, .held_max = UINT32_MAX,
						.limit = 32 };
	t->now = 1000 * SECOND;
	t->window = 4000;
	rs_tcp_init(&t->c);
	t->c.aside = true;
	read_it(t, 0, RS_TCP_SYN, -1, 0, 0, syn0);
	read_it(t, 1, RS_TCP_SYN | RS_TCP_ACK, -1, 0, 0, syn1);
	read_it(t, 0, RS_TCP_ACK, 0, 0, 1000, syn0);
	read_it(t, 1, RS_TCP_ACK, 0, 1000, 200, syn1);
	read_it(t, 0, RS_TCP_ACK, 1000, 200, 0, syn0);
}

static struct rs_options stamps(uint32_t value, uint32_t echo)
{
	return (struct rs_options){ .timestamps = true, .tsval = value, .tsecr = echo };
}

static struct rs_options stamp(uint32_t value)
{
	return stamps(value, 0);
}

static void timestamps(void **state)
{
	(void)state;
	for (unsigned wraps = 0; wraps < 2; wraps++) {
		struct talk t;
		uint32_t base = wraps ? 1 : 100000;
		open_talk(&t, stamps(base, 7), stamps(7, base));
		assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, stamp(base)), RS_DOUBT_NONE);
		assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, stamp(base - 1)), RS_DOUBT_NONE);
		assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, stamp(base - 2)), RS_DOUBT_TIMESTAMP);
		assert_int_equal(check(&t, 0, RS_TCP_ACK | RS_TCP_FIN, 1000, 200, 0, stamp(base - 2)), RS_DOUBT_TIMESTAMP);
		assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, stamp(base + 0x7fffffff)), RS_DOUBT_NONE);
		assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, plain), RS_DOUBT_NO_TIMESTAMP);
		assert_int_equal(check(&t, 1, RS_TCP_ACK, 200, 1000, 10, stamp(5)), RS_DOUBT_TIMESTAMP);
		/* What says nothing, and what rs_tcp judges. */
		assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 0, stamp(base - 2)), RS_DOUBT_NONE);
		assert_int_equal(check(&t, 0, RS_TCP_RST, 1000, 200, 0, stamp(base - 2)), RS_DOUBT_NONE);
		/* It counts when its receiver echoes it. */
		read_it(&t, 0, RS_TCP_ACK, 1000, 200, 10, stamps(base + 50, 7));
		assert_int_equal(check(&t, 0, RS_TCP_ACK, 1010, 200, 10, stamp(base)), RS_DOUBT_NONE);
		read_it(&t, 1, RS_TCP_ACK, 200, 1010, 0, stamps(9, base + 50));
		assert_int_equal(check(&t, 0, RS_TCP_ACK, 1010, 200, 10, stamp(base + 48)), RS_DOUBT_TIMESTAMP);
		/* An older echo, seen late, takes nothing back. */
		read_it(&t, 1, RS_TCP_ACK, 200, 1000, 0, stamps(7, base));
		assert_int_equal(check(&t, 0, RS_TCP_ACK, 1010, 200, 10, stamp(base + 48)), RS_DOUBT_TIMESTAMP);
		/* RFC 7323 5.5: 24 days. */
		t.now += UINT64_C(24) * 86400 * SECOND;
		assert_int_equal(check(&t, 0, RS_TCP_ACK, 1010, 200, 10, stamp(base)), RS_DOUBT_TIMESTAMP);
		t.now += SECOND;
		assert_int_equal(check(&t, 0, RS_TCP_ACK, 1010, 200, 10, stamp(base)), RS_DOUBT_NONE);
	}
	/* One side offered them: they mean nothing. */
	struct talk t;
	open_talk(&t, stamps(1000, 0), plain);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, stamp(1)), RS_DOUBT_NONE);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, plain), RS_DOUBT_NONE);
}

/* What made a timestamp old may have been sent behind bytes that are missing here: not what was echoed before they were acknowledged. */
static void timestamps_before_a_hole(void **state)
{
	(void)state;
	struct talk t;
	open_talk(&t, stamps(1000, 7), stamps(7, 1000));
	const struct rs_options old = stamp(1000), older = stamp(900);
	assert_true(rs_valid_was_old(&t.v, 0, &older));
	/* Up to 1100 all was read; to 1300 it is acknowledged. */
	read_it(&t, 0, RS_TCP_ACK, 1000, 200, 100, stamps(1010, 7));
	read_it(&t, 0, RS_TCP_ACK, 1200, 200, 100, stamps(1030, 7));
	read_it(&t, 1, RS_TCP_ACK, 200, 1300, 0, stamps(9, 1030));
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1100, 200, 100, old), RS_DOUBT_TIMESTAMP);
	assert_false(rs_valid_was_old(&t.v, 0, &old));
	assert_true(rs_valid_was_old(&t.v, 0, &older));
	/* An acknowledgement of what was read, as it came. */
	read_it(&t, 1, RS_TCP_ACK, 200, 1100, 0, stamps(9, 1010));
	assert_true(rs_valid_was_old(&t.v, 0, &old));
}

/* Segments with a timestamp far ahead that reach nobody, or that nobody takes, make no honest one old: neither by their own stamp nor by
 * what they echo. */
static void timestamps_far_ahead(void **state)
{
	(void)state;
	static const struct {
		unsigned flags;
		int64_t seq, ack;
		uint32_t len;
	} decoys[] = {
		{ RS_TCP_ACK, 1000, 200, 0 },           /* nothing tells it from an honest one */
		{ RS_TCP_ACK, 1000, 200, 1 },           /* nor this one */
		{ RS_TCP_ACK, 999, 200, 0 },            /* a keep-alive */
		{ RS_TCP_ACK, 999, 200, 1 },
		{ RS_TCP_ACK, 70000, 200, 0 },          /* out of the window */
		{ RS_TCP_ACK, 1000, 900, 0 },           /* of what was never sent */
		{ RS_TCP_PSH, 1000, 200, 0 },           /* without the ACK bit */
		{ RS_TCP_RST, 1000, 200, 0 },
		{ RS_TCP_RST | RS_TCP_ACK, 1000, 200, 0 },
		{ RS_TCP_SYN, 1000, 200, 0 },
	};
	for (size_t i = 0; i < sizeof decoys / sizeof *decoys; i++)
		for (uint32_t ahead = 1; ahead; ahead <<= 1) {
			struct talk t;
			open_talk(&t, stamps(1000, 7), stamps(7, 1000));
			read_it(&t, 0, decoys[i].flags, decoys[i].seq, decoys[i].ack, decoys[i].len, stamps(1000 + ahead, 7 + ahead));
			if (decoys[i].flags & RS_TCP_RST)
				rs_tcp_revive(&t.c, 0);
			assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, stamp(1000)), RS_DOUBT_NONE);
			assert_int_equal(check(&t, 1, RS_TCP_ACK, 200, 1000, 10, stamp(7)), RS_DOUBT_NONE);
			/* And then time goes on. */
			read_it(&t, 0, RS_TCP_ACK, 1000, 200, 100, stamps(1003, 7));
			read_it(&t, 1, RS_TCP_ACK, 200, 1100, 0, stamps(9, 1003));
			assert_int_equal(check(&t, 0, RS_TCP_ACK, 1100, 200, 10, stamp(1003)), RS_DOUBT_NONE);
			assert_int_equal(check(&t, 0, RS_TCP_ACK, 1100, 200, 10, stamp(1001)), RS_DOUBT_TIMESTAMP);
		}
}

static void acknowledgements(void **state)
{
	(void)state;
	struct talk t;
	open_talk(&t, plain, plain);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, plain), RS_DOUBT_NONE);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 201, 10, plain), RS_DOUBT_ACK);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 201, 0, plain), RS_DOUBT_NONE);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 0, 10, plain), RS_DOUBT_NONE);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, -1, 10, plain), RS_DOUBT_ACK_OLD);
	assert_int_equal(check(&t, 0, RS_TCP_PSH, 1000, 200, 10, plain), RS_DOUBT_NO_ACK);
	assert_int_equal(check(&t, 0, RS_TCP_FIN, 1000, 200, 0, plain), RS_DOUBT_NO_ACK);
	/* What waits may have been sent; a FIN has a number. */
	struct rs_tcp_segment seg = made(&t, 0, RS_TCP_ACK, 1000, 250, 10);
	const uint64_t waiting[2] = { 0, 250 };
	assert_int_equal(rs_valid_check(&t.v, &t.c, 0, &seg, &plain, waiting, t.now), RS_DOUBT_NONE);
	read_it(&t, 1, RS_TCP_ACK | RS_TCP_FIN, 200, 1000, 0, plain);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 201, 10, plain), RS_DOUBT_NONE);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 202, 10, plain), RS_DOUBT_ACK);
	/* RFC 5961 5.2: older than the largest window ago. */
	open_talk(&t, plain, plain);
	for (int64_t at = 200; at < 80000; at += 1000) {
		read_it(&t, 1, RS_TCP_ACK, at, 1000, 1000, plain);
		read_it(&t, 0, RS_TCP_ACK, 1000, at + 1000, 0, plain);
	}
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 80200 - 65535, 10, plain), RS_DOUBT_NONE);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 80200 - 65536, 10, plain), RS_DOUBT_ACK);
}

static void windows(void **state)
{
	(void)state;
	struct talk t;
	open_talk(&t, plain, plain);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000 + 3999, 200, 10, plain), RS_DOUBT_NONE);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000 + 4000, 200, 1, plain), RS_DOUBT_WINDOW);
	/* It does not shrink: bytes may be under way. */
	t.window = 0;
	read_it(&t, 1, RS_TCP_ACK, 200, 1000, 0, plain);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000 + 3999, 200, 10, plain), RS_DOUBT_NONE);
	/* Scaled, where both offered it; that of a SYN never is (RFC 7323 2.2). */
	struct rs_options scaled = { .window_scale = true, .wscale = 3 };
	open_talk(&t, scaled, scaled);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000 + 31999, 200, 10, plain), RS_DOUBT_NONE);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000 + 32000, 200, 10, plain), RS_DOUBT_WINDOW);
	open_talk(&t, scaled, plain);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000 + 4000, 200, 10, plain), RS_DOUBT_WINDOW);
}

static void signatures(void **state)
{
	(void)state;
	struct talk t;
	struct rs_options o = { .authenticated = true };
	open_talk(&t, plain, plain);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, o), RS_DOUBT_SIGNED);
	assert_int_equal(check(&t, 0, RS_TCP_RST, 1000, 200, 0, o), RS_DOUBT_SIGNED);
	assert_int_equal(check(&t, 0, RS_TCP_RST, 1000, 200, 0, plain), RS_DOUBT_NONE);
	open_talk(&t, o, o);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, o), RS_DOUBT_NONE);
	assert_int_equal(check(&t, 0, RS_TCP_RST, 1000, 200, 0, o), RS_DOUBT_NONE);
}

static void behind_an_end(void **state)
{
	(void)state;
	struct talk t;
	open_talk(&t, plain, plain);
	read_it(&t, 0, RS_TCP_ACK | RS_TCP_FIN, 1000, 200, 0, plain);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, plain), RS_DOUBT_NONE);
	read_it(&t, 1, RS_TCP_ACK, 200, 1001, 0, plain);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, plain), RS_DOUBT_FIN);
	/* A keep-alive's garbage. */
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 1, plain), RS_DOUBT_NONE);
	open_talk(&t, plain, plain);
	read_it(&t, 0, RS_TCP_RST, 1000, 0, 0, plain);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, plain), RS_DOUBT_RESET);
	assert_int_equal(check(&t, 1, RS_TCP_ACK, 200, 1000, 10, plain), RS_DOUBT_RESET);
}

/* What a connection's SYNs did not agree on changes nothing: of one found in the middle less is known, and less doubted. */
static void options_that_come_too_late(void **state)
{
	(void)state;
	struct talk t;
	open_talk(&t, plain, plain);
	t.window = 65535;
	struct rs_options o = { .timestamps = true, .window_scale = true, .wscale = 14, .tsval = 1, .authenticated = true };
	read_it(&t, 0, RS_TCP_SYN, -1, 0, 0, o);
	read_it(&t, 1, RS_TCP_SYN | RS_TCP_ACK, -1, 0, 0, o);
	assert_int_equal(t.v.timestamps | t.v.scales | t.v.authenticated, 0);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 1000, 200, 10, plain), RS_DOUBT_NONE);
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 200000, 200, 10, plain), RS_DOUBT_WINDOW);

	memset(&t, 0, sizeof t);
	t.mem = (struct rs_stream_mem){ .segs = &t.pool, .ref_get = ref, .ref_put = ref, .window = 1 << 20, .held_max = UINT32_MAX,
						.limit = 32 };
	rs_tcp_init(&t.c);
	read_it(&t, 0, RS_TCP_ACK, 1000, 200, 10, stamp(1000));
	read_it(&t, 1, RS_TCP_ACK, 200, 1010, 10, stamp(1000));
	assert_int_equal(check(&t, 0, RS_TCP_ACK, 300000, 5000, 10, stamp(1)), RS_DOUBT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timestamps),
		cmocka_unit_test(timestamps_before_a_hole),
		cmocka_unit_test(timestamps_far_ahead),
		cmocka_unit_test(acknowledgements),
		cmocka_unit_test(windows),
		cmocka_unit_test(signatures),
		cmocka_unit_test(behind_an_end),
		cmocka_unit_test(options_that_come_too_late),
	};
	return cmocka_run_group_tests_name("rs_valid", tests, NULL, NULL);
}
