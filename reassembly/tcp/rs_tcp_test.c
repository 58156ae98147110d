/* SPDX-License-Identifier: Apache-2.0 */
/* Whole connections: a dialogue, repetitions, and random ones beside an oracle. Each part has a test of its own: rs_tcp_begin, rs_tcp_anew,
 * rs_tcp_hole, rs_tcp_end. */
#include "reassembly/tcp/rs_tcp_wire.h"

static void dialogue_from_syn_to_both_fins(void **state)
{
	(void)state;
	struct wire w;
	wire_open(&w);
	assert_int_equal(send(&w, 1, ACK, 0, 0, "220 hi\r\n"), RS_INORDER);
	assert_int_equal(send(&w, 0, ACK, 0, 8, "QUIT\r\n"), RS_INORDER);
	assert_int_equal(send(&w, 1, ACK | FIN, 8, 6, "221 bye\r\n"), RS_INORDER);
	assert_int_equal(w.c.state, RS_TCP_CLOSING);
	assert_int_equal(send(&w, 0, ACK | FIN, 6, 18, ""), RS_INORDER);
	assert_int_equal(w.c.state, RS_TCP_CLOSED);
	assert_false(w.c.reset);
	assert_int_equal(send(&w, 1, ACK, 18, 7, ""), RS_DUP);
	wire_end(&w, "QUIT\r\n", "220 hi\r\n221 bye\r\n");
}

static void keep_alives_and_repetitions_bring_nothing(void **state)
{
	(void)state;
	struct wire w;
	wire_open(&w);
	assert_int_equal(send(&w, 0, ACK, -1, 0, "?"), RS_DUP);
	assert_int_equal(send(&w, 0, ACK, -5, 0, "???"), RS_DUP);
	send(&w, 0, ACK, 0, 0, "abcd");
	assert_int_equal(send(&w, 0, ACK, 3, 0, "?"), RS_DUP);
	assert_int_equal(send(&w, 0, ACK, 3, 0, ""), RS_INORDER);
	/* Cut differently, and with other bytes: the first copy stands. */
	assert_int_equal(send(&w, 0, ACK, 2, 0, "??ef"), RS_INORDER);
	assert_int_equal(send(&w, 0, ACK, -3, 0, "???abcdefgh"), RS_INORDER);
	assert_int_equal(send(&w, 0, ACK, 10, 0, "KL"), RS_HELD);
	assert_int_equal(send(&w, 0, ACK, 8, 0, "ij??mn"), RS_INORDER);
	wire_end(&w, "abcdefghijKLmn", "");
}

/* Random connections: a text in each direction, cut, repeated, shuffled within a horizon, some lost. The receiver
 * acknowledges what it has, which is everything that was sent. The oracle knows what this reader was shown. */

#define TEXT 600

static uint32_t rnd(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)*seed * n) >> 32);
}

struct piece {
	uint32_t off, len;
};

/* Pieces that cover the text, some of them twice and cut elsewhere, locally out of order. */
static int cut(uint32_t *seed, struct piece *p, int most)
{
	int n = 0;
	for (uint32_t at = 0; at < TEXT && n < most - 2;) {
		uint32_t len = 1 + rnd(seed, 40);
		if (len > TEXT - at)
			len = TEXT - at;
		p[n++] = (struct piece){ at, len };
		if (!rnd(seed, 4)) {
			uint32_t off = at - rnd(seed, at < 30 ? at + 1 : 30);
			uint32_t more = 1 + rnd(seed, 60);
			p[n++] = (struct piece){ off, more < TEXT - off ? more : TEXT - off };
		}
		at += len;
	}
	for (int i = n - 1; i > 0; i--) {
		int j = i - (int)rnd(seed, i < 4 ? (uint32_t)i + 1 : 4);
		struct piece t = p[i];
		p[i] = p[j];
		p[j] = t;
	}
	return n;
}

static void random_connections_equal_the_oracle(void **state)
{
	(void)state;
	static char text[2][TEXT], want[4 * TEXT];
	uint32_t seed = 7;
	for (int round = 0; round < 20000; round++) {
		struct wire w;
		bool wrap = rnd(&seed, 2), lossy = !rnd(&seed, 3), acks = rnd(&seed, 2);
		wire_init(&w, wrap ? UINT32_MAX - rnd(&seed, TEXT) : rnd(&seed, UINT32_MAX),
			  wrap ? UINT32_MAX - rnd(&seed, TEXT) : rnd(&seed, UINT32_MAX));
		rs_tcp_init(&w.c);
		w.mem.limit = NODES / 2;
		struct piece p[2][128];
		int n[2], at[2] = { 0, 0 };
		bool shown[2][TEXT] = { { false } };
		handshake(&w);
		for (unsigned d = 0; d < 2; d++) {
			for (int i = 0; i < TEXT; i++)
				text[d][i] = (char)('a' + rnd(&seed, 26));
			n[d] = cut(&seed, p[d], 128);
		}
		while (at[0] < n[0] || at[1] < n[1]) {
			unsigned d = rnd(&seed, 2);
			if (at[d] == n[d])
				d = 1 - d;
			struct piece *q = &p[d][at[d]++];
			if (lossy && !rnd(&seed, 8))
				continue;
			/* What is not a gap yet by an acknowledgement; without any, nothing is. */
			uint64_t next = w.c.dir[d].next;
			enum rs_verdict v = send_n(&w, d, ACK, w.isn[d] + 1 + q->off,
						   w.isn[1 - d] + 1 + (acks ? (uint32_t)w.c.dir[1 - d].next : 0),
						   text[d] + q->off, q->len);
			assert_true(v == RS_INORDER || v == RS_HELD || v == RS_DUP);
			for (uint32_t i = q->off; i < q->off + q->len; i++)
				if (i >= next)
					shown[d][i] = true;
		}
		char wanted[2][4 * TEXT];
		for (unsigned d = 0; d < 2; d++) {
			size_t len = 0;
			int end = TEXT;
			while (end && !shown[d][end - 1])
				end--;
			for (int i = 0; i < end;) {
				if (shown[d][i]) {
					want[len++] = text[d][i++];
					continue;
				}
				int from = i;
				while (!shown[d][i])
					i++;
				len += (size_t)sprintf(want + len, "<%d>", i - from);
			}
			want[len] = 0;
			memcpy(wanted[d], want, len + 1);
		}
		wire_end(&w, wanted[0], wanted[1]);
	}
}

/* A receiver that acknowledges all at once: every byte lost here is given up in its place, and the count is exact. */
static void random_losses_with_acknowledgements_keep_their_place(void **state)
{
	(void)state;
	static char text[TEXT], want[4 * TEXT];
	uint32_t seed = 11;
	for (int round = 0; round < 5000; round++) {
		struct wire w;
		wire_init(&w, UINT32_MAX - rnd(&seed, TEXT), 5);
		handshake(&w);
		size_t len = 0;
		uint32_t at = 0, lost = 0;
		while (at < TEXT) {
			uint32_t n = 1 + rnd(&seed, 20);
			n = n < TEXT - at ? n : TEXT - at;
			for (uint32_t i = at; i < at + n; i++)
				text[i] = (char)('a' + rnd(&seed, 26));
			bool lose = !rnd(&seed, 4) && at + n < TEXT;
			if (!lose) {
				if (lost)
					len += (size_t)sprintf(want + len, "<%u>", lost);
				lost = 0;
				memcpy(want + len, text + at, n);
				len += n;
				send_n(&w, 0, ACK, w.isn[0] + 1 + at, 6, text + at, n);
			} else {
				lost += n;
			}
			at += n;
			/* Only behind what was seen: an acknowledgement inside a hole would split its count. */
			if (!lose && rnd(&seed, 2)) {
				send(&w, 1, ACK, 0, at, "");
				assert_int_equal(w.c.dir[0].next, at);
			}
		}
		want[len] = 0;
		wire_end(&w, want, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogue_from_syn_to_both_fins),
		cmocka_unit_test(keep_alives_and_repetitions_bring_nothing),
		cmocka_unit_test(random_connections_equal_the_oracle),
		cmocka_unit_test(random_losses_with_acknowledgements_keep_their_place),
	};
	return cmocka_run_group_tests_name("rs_tcp", tests, NULL, NULL);
}
