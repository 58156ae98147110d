/* SPDX-License-Identifier: Apache-2.0 */
/* Input: window / 4, limit, nodes, ISNs' distance to the wrap; then segments of eight bytes: direction and flags,
 * sequence number (16 bits from the ISN, less 64), acknowledgement (likewise, or with the top bit of the first byte
 * what is in order), length, jitter of the sequence number for SYNs.
 * Checked: every byte handed on lies where its segment said and is the first copy of it, a gap holds nothing that was
 * taken, positions add up, every reference goes back. */
#include <stdlib.h>
#include <string.h>

#include "reassembly/tcp/rs_tcp.h"

#define SPAN (1 << 17)
#define SEGMENTS 2048
#define NODES 256

#define CHECK(x) ((x) ? (void)0 : abort())

struct ref {
	uint32_t seq; /* of the first payload byte */
	uint32_t len;
	int held;
	bool syn;
};

struct run {
	struct rs_tcp c;
	uint64_t at[2]; /* where the reader is */
	const struct ref *now; /* whose segment is being given */
};

static struct ref refs[SEGMENTS + 1]; /* 0 is nobody */
static uint16_t owner[2][SPAN]; /* who brought this byte first */

static void ref_get(void *r)
{
	((struct ref *)r)->held++;
}

static void ref_put(void *r)
{
	CHECK(--((struct ref *)r)->held >= 0);
}

static uint16_t *owner_of(unsigned d, uint64_t off)
{
	/* Catching up may go far ahead; there the oracle only compares places. */
	static uint16_t nowhere;
	nowhere = 0;
	return off < SPAN ? &owner[d][off] : &nowhere;
}

static void on_data(void *arg, unsigned d, void *ref, uint32_t skip, uint32_t len)
{
	struct run *r = arg;
	const struct ref *from = ref;
	CHECK(len && skip <= from->len && len <= from->len - skip);
	CHECK(from->seq + skip == r->c.dir[d].isn + 1 + (uint32_t)r->at[d]);
	for (uint32_t i = 0; i < len; i++) {
		uint16_t who = *owner_of(d, r->at[d] + i);
		if (from == r->now || from->syn)
			CHECK(!who || &refs[who] == from);
		else if (r->at[d] + i < SPAN)
			CHECK(&refs[who] == from);
	}
	r->at[d] += len;
}

static void on_gap(void *arg, unsigned d, uint64_t n)
{
	struct run *r = arg;
	CHECK(n);
	for (uint64_t i = 0; i < n && r->at[d] + i < SPAN; i++)
		CHECK(!owner[d][r->at[d] + i]);
	r->at[d] += n;
}

/* What is held now belongs to the segment that brought it. */
static void own_held(const struct run *r, unsigned d, uint32_t limit, uint32_t *nodes)
{
	const struct rs_stream *s = &r->c.dir[d];
	uint64_t at = s->next;
	uint32_t n = 0;
	for (const struct rs_seg *seg = s->head; seg; seg = seg->next) {
		const struct ref *from = seg->ref;
		CHECK(seg->off > at || (seg->off == at && at > s->next));
		CHECK(from->seq + seg->skip == s->isn + 1 + (uint32_t)seg->off && seg->skip + seg->len <= from->len);
		for (uint32_t i = 0; i < seg->len; i++) {
			uint16_t *who = owner_of(d, seg->off + i);
			CHECK(!*who || &refs[*who] == from);
			*who = (uint16_t)(from - refs);
		}
		at = seg->off + seg->len;
		n++;
	}
	CHECK(at <= s->end || !n);
	CHECK(n == s->held && n <= limit);
	*nodes += n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rs_tcp_ops ops = { .data = on_data, .gap = on_gap };
	if (size < 5)
		return 0;
	void *mem = aligned_alloc(64, RS_POOL_BYTES(sizeof(struct rs_seg), NODES));
	CHECK(mem);
	struct rs_pool pool;
	rs_pool_init(&pool, mem, sizeof(struct rs_seg), data[2]);
	struct rs_stream_mem sm = { .segs = &pool, .ref_get = ref_get, .ref_put = ref_put,
				     .window = data[0] * 4u, .held_max = UINT32_MAX, .limit = data[1] };
	uint32_t limit = data[1], isn[2] = { 0u - data[3], 0u - data[4] * 16u };
	struct run r = { .now = NULL };
	rs_tcp_init(&r.c);
	memset(refs, 0, sizeof refs);
	memset(owner, 0, sizeof owner);

	uint16_t id = 0;
	for (size_t i = 5; i + 8 <= size && id < SEGMENTS; i += 8) {
		unsigned d = data[i] >> 6 & 1;
		struct rs_tcp_segment seg = {
			.seq = isn[d] + 1 + ((uint32_t)data[i + 1] << 8 | data[i + 2]) - 64,
			.ack = isn[1 - d] + 1 + ((uint32_t)data[i + 3] << 8 | data[i + 4]) - 64,
			.len = data[i + 5],
			.flags = data[i] & 0x3f,
		};
		if (data[i] & 0x80)
			seg.ack = r.c.dir[1 - d].isn + 1 + (uint32_t)r.c.dir[1 - d].next + (data[i + 4] & 3);
		if (seg.flags & RS_TCP_SYN)
			seg.seq = isn[d] + (data[i + 6] & 3);
		struct ref *ref = &refs[++id];
		bool syn = seg.flags & RS_TCP_SYN;
		*ref = (struct ref){ .seq = seg.seq + syn, .len = seg.len, .syn = syn };
		bool closed = r.c.state == RS_TCP_CLOSED;
		r.now = ref;
		enum rs_verdict v = rs_tcp_packet(&r.c, &sm, d, &seg, ref, 1, &ops, &r);
		CHECK(!closed || v == RS_DUP);
		/* RS_HELD may have come out again: its hole was acknowledged. */
		CHECK(v == RS_HELD || !ref->held);
		uint32_t nodes = 0;
		for (unsigned k = 0; k < 2; k++) {
			CHECK(r.at[k] == r.c.dir[k].next);
			own_held(&r, k, limit, &nodes);
		}
		CHECK(nodes == pool.used);
		CHECK(!(r.c.reset && r.c.replaced));
		if (!r.c.replaced)
			continue;
		/* As the flow table does it. */
		r.now = NULL;
		rs_tcp_close(&r.c, &sm, &ops, &r);
		CHECK(!pool.used);
		rs_tcp_init(&r.c);
		memset(owner, 0, sizeof owner);
		r.at[0] = r.at[1] = 0;
		r.now = ref;
		rs_tcp_packet(&r.c, &sm, d, &seg, ref, 1, &ops, &r);
		CHECK(!r.c.replaced);
	}
	r.now = NULL;
	rs_tcp_close(&r.c, &sm, &ops, &r);
	CHECK(!pool.used);
	for (uint16_t i = 0; i <= id; i++)
		CHECK(!refs[i].held);
	free(mem);
	return 0;
}
