/* SPDX-License-Identifier: Apache-2.0 */
/* Input: policy; most runs held, most remembered; then segments of four bytes: where it begins, its length, how far is
 * acknowledged before it comes, and what its bytes say.
 * Checked: what is handed on, what is held and what contradicts are the slow oracle's, while there is room; every reference
 * goes back. */
#include <stdlib.h>
#include <string.h>

#include "reassembly/tcp/rs_stream_oracle.h"

#define NODES 128

#define CHECK(x) ((x) ? (void)0 : abort())

struct packet {
	int held;
	uint32_t off, len;
	uint8_t byte[RS_ORACLE_SPAN];
};

struct run {
	struct rs_stream s;
	struct rs_stream_mem mem;
	struct rs_oracle o;
	struct packet packet[RS_ORACLE_SEGMENTS];
};

static void ref_get(void *ref)
{
	((struct packet *)ref)->held++;
}

static void ref_put(void *ref)
{
	CHECK(--((struct packet *)ref)->held >= 0);
}

static bool same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len, uint32_t *first)
{
	const struct packet *p = a, *q = b;
	CHECK(len && skip_a + len <= p->len && skip_b + len <= q->len);
	for (*first = 0; *first < len; ++*first)
		if (p->byte[skip_a + *first] != q->byte[skip_b + *first])
			return false;
	return true;
}

/* What is handed on is what the oracle has there; and it is remembered. */
static void take(struct run *r, uint64_t at, struct packet *p, uint32_t skip, uint32_t len)
{
	CHECK(skip + len <= p->len && p->off + skip == at);
	for (uint32_t i = 0; i < len; i++)
		CHECK(p->byte[skip + i] == rs_oracle_byte(&r->o, (uint32_t)at + i));
	rs_stream_keep(&r->s, &r->mem, at, len, p, skip, 1);
}

static enum rs_verdict add(struct run *r, struct packet *p)
{
	uint32_t skip;
	enum rs_verdict v = RS_DUP;
	while (r->s.next < p->off + p->len && (v = rs_stream_add(&r->s, &r->mem, p->off, p->len, p, 1, &skip)) == RS_INORDER) {
		take(r, p->off + skip, p, skip, (uint32_t)(r->s.next - (p->off + skip)));
		for (struct rs_seg seg; rs_stream_pop(&r->s, &r->mem, &seg); ref_put(seg.ref))
			take(r, seg.off, seg.ref, seg.skip, seg.len);
	}
	return v;
}

static void check_held(const struct run *r)
{
	for (const struct rs_seg *seg = r->s.head; seg; seg = seg->next) {
		const struct packet *p = seg->ref;
		CHECK(seg->len && p->off + seg->skip == seg->off && seg->skip + seg->len + seg->after == p->len);
		for (uint32_t i = 0; i < seg->len; i++)
			CHECK(r->o.owner[seg->off + i] == p - r->packet);
	}
}

static void compare(const struct run *r, const struct packet *p)
{
	struct rs_seen seen;
	int at = rs_oracle_compare(&r->o, p->off, p->len, p->byte);
	rs_stream_compare(&r->s, &r->mem, p->off, p->len, p, 0, &seen);
	/* What is forgotten is not found; but what is found is right. */
	if (!r->mem.forgotten && r->s.remember)
		CHECK(seen.contradicts == (at >= 0) && !seen.unknown_len);
	if (seen.contradicts)
		CHECK(at >= 0 && seen.contradiction.at >= (uint64_t)at && seen.contradiction.at < p->off + p->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run r;
	struct rs_pool pool;
	if (size < 3)
		return 0;
	void *nodes = aligned_alloc(64, RS_POOL_BYTES(sizeof(struct rs_seg), NODES));
	CHECK(nodes);
	rs_pool_init(&pool, nodes, sizeof(struct rs_seg), NODES);
	r = (struct run){ .mem = { .segs = &pool, .ref_get = ref_get, .ref_put = ref_put, .window = RS_ORACLE_SPAN,
				   .held_max = NODES, .limit = data[1] % NODES, .same = same } };
	enum rs_overlap_policy policy = data[0] % RS_OVERLAP_MAX;
	rs_stream_init(&r.s, 0, policy, data[2] % NODES);
	rs_oracle_init(&r.o, policy);
	for (size_t i = 3; i + 4 <= size && r.o.n < RS_ORACLE_SEGMENTS; i += 4) {
		struct packet *p = &r.packet[r.o.n];
		p->off = data[i];
		p->len = 1 + data[i + 1] % (RS_ORACLE_SPAN - p->off);
		for (uint32_t k = 0; k < p->len; k++)
			p->byte[k] = (uint8_t)(data[i + 3] & 1 ? data[i + 3] : (p->off + k) * 5);
		if (data[i + 2] & 1 && data[i + 2] > r.o.acked && data[i + 2] <= r.o.next) {
			r.o.acked = data[i + 2];
			rs_stream_acked(&r.s, &r.mem, r.o.acked);
		}
		compare(&r, p);
		struct rs_oracle before = r.o;
		rs_oracle_add(&r.o, p->off, p->len, p->byte);
		if (add(&r, p) == RS_LIMIT) {
			/* What there was no room for did not come; unless a part of it did. */
			if (r.s.next != before.next)
				break;
			CHECK(!p->held);
			r.o = before;
		}
		CHECK(r.s.next == r.o.next);
		check_held(&r);
		CHECK(r.s.held <= r.mem.limit && r.s.kept_cost <= r.s.remember && r.s.held + r.s.kept_cost == pool.used);
	}
	rs_stream_clear(&r.s, &r.mem);
	CHECK(!pool.used && !r.mem.held && !r.mem.kept);
	for (int i = 0; i < RS_ORACLE_SEGMENTS; i++)
		CHECK(!r.packet[i].held);
	free(nodes);
	return 0;
}
