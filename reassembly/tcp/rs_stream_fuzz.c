/* SPDX-License-Identifier: Apache-2.0 */
/* Input: limit, window / 4, nodes; then segments of three bytes: offset (14 bits, or with the top bit set from
 * next), length. Checked: each byte comes out of the segment that brought it first, every reference goes back. */
#include <stdlib.h>
#include <string.h>

#include "reassembly/tcp/rs_stream.h"

#define SPAN (1 << 14)
#define SEGMENTS 2048
#define NODES 255

#define CHECK(x) ((x) ? (void)0 : abort())

struct ref {
	uint64_t off;
	uint32_t len;
	int held;
};

static struct ref refs[SEGMENTS + 1]; /* 0 is nobody */
static uint16_t owner[SPAN + 512]; /* who brought this byte first */

static void ref_get(void *r)
{
	((struct ref *)r)->held++;
}

static void ref_put(void *r)
{
	CHECK(--((struct ref *)r)->held >= 0);
}

static void check_list(const struct rs_stream *s, const struct rs_pool *pool, uint32_t limit)
{
	uint64_t at = s->next;
	uint32_t n = 0;
	const struct rs_seg *last = NULL;
	for (const struct rs_seg *seg = s->head; seg; last = seg, seg = seg->next) {
		const struct ref *r = seg->ref;
		CHECK(seg->off >= at && seg->len);
		CHECK(r->off + seg->skip == seg->off && seg->skip + seg->len <= r->len);
		for (uint32_t i = 0; i < seg->len; i++)
			CHECK(&refs[owner[seg->off + i]] == r);
		at = seg->off + seg->len;
		n++;
	}
	CHECK(last == s->tail && n == s->held && n == pool->used && n <= limit);
	CHECK(at <= s->end || !n);
}

static void drain(struct rs_stream *s, struct rs_stream_mem *mem)
{
	struct rs_seg seg;
	for (uint64_t at = s->next; rs_stream_pop(s, mem, &seg); at = s->next) {
		CHECK(seg.off == at && s->next == at + seg.len);
		ref_put(seg.ref);
	}
}

static void own(uint16_t id, uint64_t from, uint64_t end)
{
	for (; from < end; from++)
		if (!owner[from])
			owner[from] = id;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	void *nodes = aligned_alloc(64, RS_POOL_BYTES(sizeof(struct rs_seg), NODES + 1));
	CHECK(nodes);
	struct rs_pool pool;
	rs_pool_init(&pool, nodes, sizeof(struct rs_seg), data[2]);
	struct rs_stream_mem mem = { .segs = &pool, .ref_get = ref_get, .ref_put = ref_put,
				     .window = data[1] * 4u, .held_max = UINT32_MAX, .limit = data[0] };
	struct rs_stream s;
	rs_stream_init(&s, 0, RS_OVERLAP_FIRST, 0);
	memset(owner, 0, sizeof owner);
	memset(refs, 0, sizeof refs);

	uint16_t id = 0;
	for (size_t i = 3; i + 3 <= size && id < SEGMENTS; i += 3) {
		uint64_t off = (data[i] & 0x3f) << 8 | data[i + 1];
		if (data[i] & 0x80)
			off = s.next + data[i + 1];
		uint32_t len = data[i + 2];
		if (off >= SPAN)
			break;
		if ((data[i] & 0xc0) == 0xc0) {
			uint64_t n = rs_stream_hole(&s, s.next + len);
			CHECK(n <= len);
			for (uint64_t k = 0; k < n; k++)
				CHECK(!owner[s.next + k]);
			rs_stream_skip(&s, n);
			drain(&s, &mem);
			continue;
		}
		struct ref *r = &refs[++id];
		*r = (struct ref){ .off = off, .len = len };
		uint64_t was = s.next, end = off + len;
		uint32_t skip, held = s.held;
		enum rs_verdict v = rs_stream_add(&s, &mem, off, len, r, 1, &skip);
		switch (v) {
		case RS_INORDER:
			for (;;) {
				for (uint64_t k = off + skip; k < s.next; k++)
					CHECK(!owner[k]);
				CHECK(off + skip == was && s.next > was && s.next <= end && !r->held);
				own(id, was, s.next);
				drain(&s, &mem);
				if (s.next >= end)
					break;
				was = s.next;
				CHECK(rs_stream_add(&s, &mem, off, len, r, 1, &skip) == RS_INORDER);
			}
			break;
		case RS_HELD:
			CHECK(s.next == was && off > was && s.held > held && r->held == (int)(s.held - held));
			own(id, off, end);
			break;
		case RS_DUP:
			for (uint64_t k = off > was ? off : was; k < end; k++)
				CHECK(owner[k]);
			/* fallthrough */
		case RS_LIMIT:
		case RS_WINDOW:
		case RS_CONTRADICTS:
			CHECK(s.next == was && s.held == held && !r->held);
		}
		check_list(&s, &pool, mem.limit);
	}
	rs_stream_clear(&s, &mem);
	CHECK(!pool.used);
	for (uint16_t i = 0; i <= id; i++)
		CHECK(!refs[i].held);
	free(nodes);
	return 0;
}
