/* SPDX-License-Identifier: Apache-2.0 */
/* The short way for the next segment of an open connection comes to the same as the general way: both read the same random
 * talk, and agree about every verdict, every call and the whole state after each segment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/tcp/rs_tcp.h"

/* The general way alone, under other names. */
#define RS_TCP_GENERAL_ONLY
#define rs_tcp_init general_init
#define rs_tcp_overlaps general_overlaps
#define rs_tcp_wait general_wait
#define rs_tcp_packet general_packet
#define rs_tcp_close general_close
#define rs_tcp_revive general_revive
#define rs_tcp_is_anew general_is_anew
#define rs_tcp_as_other general_as_other
#define rs_tcp_set_other general_set_other
#define rs_tcp_give_up general_give_up
#define rs_tcp_heard general_heard
void general_init(struct rs_tcp *c);
void general_overlaps(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir, enum rs_overlap_policy policy, uint16_t remember);
enum rs_verdict general_packet(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir,
			       const struct rs_tcp_segment *seg, void *ref, uint32_t cost, const struct rs_tcp_ops *ops,
			       void *arg);
void general_wait(struct rs_tcp *c);
void general_revive(struct rs_tcp *c, unsigned dir);
bool general_is_anew(const struct rs_tcp *c, unsigned dir, const struct rs_tcp_segment *seg, uint32_t window);
struct rs_tcp_other general_as_other(const struct rs_tcp *c, unsigned dir);
void general_set_other(struct rs_tcp *c, const struct rs_tcp_other *other);
void general_close(struct rs_tcp *c, struct rs_stream_mem *mem, const struct rs_tcp_ops *ops, void *arg);
void general_heard(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir, uint64_t to);
void general_give_up(struct rs_tcp *c, struct rs_stream_mem *mem, unsigned dir, uint64_t to, const struct rs_tcp_ops *ops, void *arg);
#include "reassembly/tcp/rs_tcp.c"
#undef rs_tcp_init
#undef rs_tcp_overlaps
#undef rs_tcp_wait
#undef rs_tcp_packet
#undef rs_tcp_close
#undef rs_tcp_revive
#undef rs_tcp_is_anew
#undef rs_tcp_as_other
#undef rs_tcp_set_other
#undef rs_tcp_give_up
#undef rs_tcp_heard

#define NODES 64
#define WINDOW 4000
#define CALLS 64 /* most that one segment causes */

struct call {
	unsigned dir;
	uint64_t ref, skip, len; /* ref 0: a gap */
};

struct reader {
	struct rs_tcp c;
	struct rs_pool pool;
	struct rs_stream_mem mem;
	void *nodes;
	struct call calls[CALLS];
	size_t ncalls;
};

static long refs; /* all that are held, of both readers */
static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * below >> 32);
}

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

static void note(struct reader *r, unsigned dir, uint64_t ref, uint64_t skip, uint64_t len)
{
	assert_true(r->ncalls < CALLS);
	r->calls[r->ncalls++] = (struct call){ dir, ref, skip, len };
}

static void on_data(void *arg, unsigned dir, void *ref, uint32_t skip, uint32_t len)
{
	note(arg, dir, (uintptr_t)ref, skip, len);
}

static void on_gap(void *arg, unsigned dir, uint64_t n)
{
	note(arg, dir, 0, 0, n);
}

static void on_contradiction(void *arg, unsigned dir, const struct rs_contradiction *c)
{
	note(arg, dir, c->at, c->seen_off, c->off);
}

static void on_unknown(void *arg, unsigned dir, uint64_t off, uint32_t len)
{
	note(arg, dir, 0, off, len);
}

static const struct rs_tcp_ops ops = { .data = on_data, .gap = on_gap, .contradiction = on_contradiction, .unknown = on_unknown };

/* Some packets contradict some others. */
static bool same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len, uint32_t *first)
{
	*first = (skip_a ^ skip_b) % len;
	return ((uintptr_t)a + (uintptr_t)b) % 5;
}

static void reader_init(struct reader *r)
{
	memset(r, 0, sizeof *r);
	r->nodes = aligned_alloc(64, RS_POOL_BYTES(sizeof(struct rs_seg), NODES));
	assert_non_null(r->nodes);
	rs_pool_init(&r->pool, r->nodes, sizeof(struct rs_seg), NODES);
	r->mem.segs = &r->pool;
	r->mem.ref_get = ref_get;
	r->mem.ref_put = ref_put;
	r->mem.window = WINDOW;
	r->mem.held_max = NODES;
	r->mem.limit = 8;
	r->mem.same = same;
}

/* What does not point into a reader's own pool. */
static struct rs_tcp state_of(const struct reader *r)
{
	struct rs_tcp c = r->c;
	for (unsigned d = 0; d < 2; d++)
		c.dir[d].head = c.dir[d].tail = c.dir[d].kept = NULL;
	return c;
}

static void compare(const struct reader *a, const struct reader *b)
{
	struct rs_tcp x = state_of(a), y = state_of(b);
	assert_memory_equal(&x, &y, sizeof x);
	assert_int_equal(a->ncalls, b->ncalls);
	for (size_t i = 0; i < a->ncalls; i++)
		assert_memory_equal(&a->calls[i], &b->calls[i], sizeof a->calls[i]);
}

struct side { /* of the talk: numbers that are plausible next */
	uint32_t next, acked;
};

static struct rs_tcp_segment segment_of(struct side *s, struct side *o, unsigned odds)
{
	struct rs_tcp_segment seg = {
		.seq = s->next, .ack = o->next, .len = any(3) ? any(1500) : 0, .flags = RS_TCP_ACK
	};
	switch (any(odds)) {
	case 0: /* some of it again, or out of order, or far away */
		seg.seq += any(3000) - 1500;
		break;
	case 1: /* lost */
		seg.seq += 1 + any(any(4) ? 100 : 10000);
		s->next = seg.seq;
		break;
	case 2:
		seg.ack += any(3000) - 1500;
		break;
	case 3: /* the other side's was seen here, but never reached this one */
		seg.ack = o->acked;
		break;
	case 4:
		seg.flags |= RS_TCP_FIN;
		break;
	case 5:
		seg.flags = (uint8_t)any(64);
		break;
	case 6:
		seg.flags |= RS_TCP_PSH;
		break;
	default:
		break;
	}
	s->acked = seg.ack;
	if (any(odds) != 0)
		s->next = seg.seq + seg.len;
	return seg;
}

static void talk(unsigned odds, unsigned segments)
{
	struct reader quick, general;
	/* Also numbers that wrap, and those that an ISN not known yet would give. */
	struct side side[2] = { { any(2) ? any(UINT32_MAX) : 0u - any(5000), 0 }, { any(8) ? any(UINT32_MAX) : 1, 0 } };
	unsigned only = any(8) ? 2 : any(2), opening = any(2) ? 0 : any(4);
	reader_init(&quick);
	reader_init(&general);
	rs_tcp_init(&quick.c);
	general_init(&general.c);
	quick.c.refuse = general.c.refuse = any(2);
	for (unsigned d = 0; d < 2; d++) {
		enum rs_overlap_policy policy = any(RS_OVERLAP_MAX);
		uint16_t remember = (uint16_t)any(8);
		rs_tcp_overlaps(&quick.c, &quick.mem, d, policy, remember);
		general_overlaps(&general.c, &general.mem, d, policy, remember);
	}
	for (uint64_t n = 1; n <= segments; n++) {
		unsigned d = only < 2 ? only : any(2);
		struct rs_tcp_segment seg = segment_of(&side[d], &side[!d], odds);
		/* The handshake, or what is left of it, and of data with it. */
		if (n + opening <= 3) {
			d = (n + opening) % 2 == 0;
			seg = (struct rs_tcp_segment){ .seq = side[d].next,
						       .ack = side[!d].next,
						       .flags = n + opening == 1   ? RS_TCP_SYN
								: n + opening == 2 ? RS_TCP_SYN | RS_TCP_ACK
										   : RS_TCP_ACK };
			if ((seg.flags & RS_TCP_SYN) && any(6) == 0)
				seg.len = any(100);
			side[d].next += seg.flags & RS_TCP_SYN ? 1 + seg.len : 0;
		} else if (any(50) == 0) {
			seg.missing = any(seg.len + 1);
			seg.len -= seg.missing;
		}
		quick.ncalls = general.ncalls = 0;
		enum rs_verdict v = rs_tcp_packet(&quick.c, &quick.mem, d, &seg, (void *)(uintptr_t)n, 1, &ops, &quick);
		assert_int_equal(
			v, general_packet(&general.c, &general.mem, d, &seg, (void *)(uintptr_t)n, 1, &ops, &general));
		compare(&quick, &general);
	}
	quick.ncalls = general.ncalls = 0;
	rs_tcp_close(&quick.c, &quick.mem, &ops, &quick);
	general_close(&general.c, &general.mem, &ops, &general);
	compare(&quick, &general);
	free(quick.nodes);
	free(general.nodes);
	assert_int_equal(refs, 0);
}

static void orderly(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		talk(60, 60);
}

static void disorderly(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 30000; i++)
		talk(12, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(orderly), cmocka_unit_test(disorderly) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
