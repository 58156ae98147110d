/* SPDX-License-Identifier: Apache-2.0 */
/* A connection whose segments contradict each other: what is told, with which places, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/tcp/rs_tcp.h"

#define NODES 32
#define ACK RS_TCP_ACK
#define SYN RS_TCP_SYN
#define FIN RS_TCP_FIN

struct wire {
	struct rs_tcp c;
	struct rs_pool pool;
	struct rs_stream_mem mem;
	void *nodes;
	char read[2][256];
	unsigned contradictions, unknown;
	struct rs_contradiction last;
	unsigned last_dir;
	uint64_t unknown_off;
	uint32_t unknown_len;
};

static int refs;

static void ref_get(void *ref)
{
	(void)ref;
	refs++;
}

static void ref_put(void *ref)
{
	(void)ref;
	refs--;
}

/* A reference is the payload itself. */
static bool same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len, uint32_t *first)
{
	const char *p = (const char *)a + skip_a, *q = (const char *)b + skip_b;
	for (*first = 0; *first < len; ++*first)
		if (p[*first] != q[*first])
			return false;
	return true;
}

static void on_data(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len)
{
	struct wire *w = arg;
	strncat(w->read[dir], (const char *)ref + skip, len);
}

static void on_gap(void *arg, unsigned dir, uint64_t n)
{
	struct wire *w = arg;
	for (; n; n--)
		strcat(w->read[dir], "?");
}

static void on_contradiction(void *arg, unsigned dir, const struct rs_contradiction *c)
{
	struct wire *w = arg;
	w->contradictions++;
	w->last = *c;
	w->last_dir = dir;
}

static void on_unknown(void *arg, unsigned dir, uint64_t off, uint32_t len)
{
	struct wire *w = arg;
	w->unknown++;
	w->unknown_off = off;
	w->unknown_len = len;
	w->last_dir = dir;
}

static const struct rs_tcp_ops ops = { .data = on_data, .gap = on_gap, .contradiction = on_contradiction, .unknown = on_unknown };

static enum rs_verdict send(struct wire *w, unsigned d, unsigned flags, int seq, int ack, const char *text)
{
	struct rs_tcp_segment seg = { .seq = 1000 + (uint32_t)seq, .ack = 1000 + (uint32_t)ack, .len = (uint32_t)strlen(text),
				      .flags = (uint8_t)flags };
	return rs_tcp_packet(&w->c, &w->mem, d, &seg, (void *)(uintptr_t)text, 1, &ops, w);
}

static void wire_init(struct wire *w, enum rs_overlap_policy policy, uint16_t remember)
{
	memset(w, 0, sizeof *w);
	w->nodes = aligned_alloc(64, RS_POOL_BYTES(sizeof(struct rs_seg), NODES));
	assert_non_null(w->nodes);
	rs_pool_init(&w->pool, w->nodes, sizeof(struct rs_seg), NODES);
	w->mem = (struct rs_stream_mem){ .segs = &w->pool, .ref_get = ref_get, .ref_put = ref_put,
				     .window = 1000, .held_max = NODES, .limit = NODES,
					 .same = same };
	rs_tcp_init(&w->c);
	for (unsigned d = 0; d < 2; d++)
		rs_tcp_overlaps(&w->c, &w->mem, d, policy, remember);
}

static void handshake(struct wire *w)
{
	send(w, 0, SYN, -1, 0, "");
	send(w, 1, SYN | ACK, -1, 0, "");
	send(w, 0, ACK, 0, 0, "");
}

static void wire_end(struct wire *w)
{
	rs_tcp_close(&w->c, &w->mem, &ops, w);
	assert_int_equal(w->pool.used, 0);
	assert_int_equal(w->mem.held, 0);
	assert_int_equal(w->mem.kept, 0);
	assert_int_equal(refs, 0);
	free(w->nodes);
}

static void told_with_both_places(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, RS_OVERLAP_LINUX, 8);
	handshake(&w);
	send(&w, 0, ACK, 0, 0, "abcdef");
	send(&w, 0, ACK, 6, 0, "ghijkl");
	assert_int_equal(send(&w, 0, ACK, 4, 0, "efgXijklmn"), RS_INORDER);
	assert_int_equal(w.contradictions, 1);
	assert_int_equal(w.last_dir, 0);
	assert_int_equal(w.last.at, 7);
	assert_int_equal(w.last.off, 4);
	assert_int_equal(w.last.len, 10);
	assert_int_equal(w.last.seen_off, 6);
	assert_int_equal(w.last.seen_len, 6);
	assert_string_equal(w.read[0], "abcdefghijklmn");
	/* Of what is held: the packet as it was sent. */
	send(&w, 0, ACK, 20, 0, "uvwxyz");
	send(&w, 0, ACK, 18, 0, "stuv");
	send(&w, 0, ACK, 22, 0, "wxYz0");
	assert_int_equal(w.contradictions, 2);
	assert_int_equal(w.last.at, 24);
	assert_int_equal(w.last.seen_off, 20);
	assert_int_equal(w.last.seen_len, 6);
	send(&w, 0, ACK, 14, 0, "opqr");
	assert_string_equal(w.read[0], "abcdefghijklmnopqrstuvwxyz0");
	/* Acknowledged: whatever it says. */
	send(&w, 1, ACK, 0, 27, "");
	assert_int_equal(send(&w, 0, ACK, 20, 0, "UVWXYZ!"), RS_DUP);
	assert_int_equal(w.contradictions, 2);
	assert_int_equal(w.unknown, 0);
	wire_end(&w);
}

static void a_refused_segment_changes_nothing(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, RS_OVERLAP_LAST, 8);
	w.c.refuse = true;
	handshake(&w);
	send(&w, 0, ACK, 0, 0, "abc");
	send(&w, 1, ACK, 0, 0, "xyz");
	send(&w, 0, ACK, 10, 0, "klm");
	struct rs_tcp before = w.c;
	uint32_t held = w.mem.held;
	/* Its acknowledgement and its FIN count no more than its bytes. */
	assert_int_equal(send(&w, 0, ACK | FIN, 1, 3, "bX"), RS_CONTRADICTS);
	assert_int_equal(send(&w, 0, ACK, 9, 3, "jkl?"), RS_CONTRADICTS);
	assert_int_equal(send(&w, 1, ACK | FIN, 0, 3, "xyZ"), RS_CONTRADICTS);
	assert_memory_equal(&before, &w.c, sizeof before);
	assert_int_equal(w.mem.held, held);
	assert_int_equal(w.contradictions, 3);
	assert_int_equal(send(&w, 0, ACK, 1, 3, "bcdefghijk"), RS_INORDER);
	assert_string_equal(w.read[0], "abcdefghijklm");
	assert_string_equal(w.read[1], "xyz");
	wire_end(&w);
}

static void what_is_forgotten_is_told(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, RS_OVERLAP_LINUX, 1);
	handshake(&w);
	send(&w, 0, ACK, 0, 0, "abc");
	send(&w, 1, ACK, 0, 0, "x");
	send(&w, 0, ACK, 3, 1, "def");
	assert_int_equal(w.mem.forgotten, 1);
	send(&w, 0, ACK, 1, 1, "bcde");
	assert_int_equal(w.unknown, 1);
	assert_int_equal(w.unknown_off, 1);
	assert_int_equal(w.unknown_len, 2);
	assert_int_equal(w.contradictions, 0);
	send(&w, 1, ACK, 1, 3, "");
	send(&w, 0, ACK, 1, 1, "bcde");
	assert_int_equal(w.unknown, 1);
	wire_end(&w);
}

/* Nobody acknowledges: what is forgotten counts as acknowledged, what is remembered is compared. */
static void of_one_direction_alone(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, RS_OVERLAP_LINUX, 1);
	send(&w, 0, ACK, 0, 0, "abc");
	send(&w, 0, ACK, 3, 0, "def");
	send(&w, 0, ACK, 0, 0, "aXcdef");
	assert_int_equal(w.unknown, 1);
	assert_int_equal(w.contradictions, 0);
	send(&w, 0, ACK, 0, 0, "abcdXf");
	assert_int_equal(w.contradictions, 1);
	assert_int_equal(w.last.at, 4);
	wire_end(&w);
}

static void data_of_a_syn(void **state)
{
	(void)state;
	struct wire w;
	wire_init(&w, RS_OVERLAP_LINUX, 4);
	send(&w, 0, SYN, -1, 0, "abc");
	send(&w, 0, SYN, -1, 0, "ab");
	assert_int_equal(w.contradictions, 0);
	send(&w, 0, SYN, -1, 0, "aXc");
	assert_int_equal(w.contradictions, 1);
	assert_int_equal(w.last.at, 1);
	assert_int_equal(w.last.seen_len, 3);
	/* Taken in part: the rest may be said otherwise, what was taken is acknowledged. */
	send(&w, 1, SYN | ACK, -1, 2, "");
	assert_int_equal(send(&w, 0, ACK, 2, 0, "X"), RS_INORDER);
	assert_int_equal(w.contradictions, 1);
	assert_string_equal(w.read[0], "abX");
	wire_end(&w);
	/* Captured behind its answer: what that acknowledges is not remembered. */
	wire_init(&w, RS_OVERLAP_LINUX, 4);
	send(&w, 1, SYN | ACK, -1, 2, "");
	send(&w, 0, SYN, -1, 0, "abc");
	assert_string_equal(w.read[0], "ab");
	assert_int_equal(w.mem.kept, 0);
	send(&w, 0, ACK, 0, 0, "XY");
	assert_int_equal(w.contradictions, 0);
	wire_end(&w);
}

/* The policy decides what is read of what is held; told it is by all. */
static void every_policy_tells(void **state)
{
	(void)state;
	for (int p = 0; p < RS_OVERLAP_MAX; p++) {
		struct wire w;
		wire_init(&w, p, 4);
		handshake(&w);
		send(&w, 0, ACK, 2, 0, "cd");
		send(&w, 0, ACK, 2, 0, "CD");
		send(&w, 0, ACK, 0, 0, "ab");
		assert_int_equal(w.contradictions, 1);
		bool new = rs_overlap_takes(p, (struct rs_extent){ 2, 4 }, (struct rs_extent){ 2, 4 });
		assert_string_equal(w.read[0], new ? "abCD" : "abcd");
		wire_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_with_both_places),
		cmocka_unit_test(a_refused_segment_changes_nothing),
		cmocka_unit_test(what_is_forgotten_is_told),
		cmocka_unit_test(of_one_direction_alone),
		cmocka_unit_test(data_of_a_syn),
		cmocka_unit_test(every_policy_tells),
	};
	return cmocka_run_group_tests_name("rs_tcp_overlap", tests, NULL, NULL);
}
