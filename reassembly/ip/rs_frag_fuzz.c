/* SPDX-License-Identifier: Apache-2.0 */
/* Input: policy and version, most fragments; then fragments of three bytes: offset in 8 bytes (5 bits), whether more follow,
 * whether its bytes are other ones; length; ECN and how much of it. Checked: what rs_frag keeps, and says, is what the oracle
 * does. */
#include <stdlib.h>
#include <string.h>

#include "reassembly/ip/rs_frag_oracle.h"

#define CHECK(x) ((x) ? (void)0 : abort())

static uint32_t same(const void *a, uint32_t skip_a, const void *b, uint32_t skip_b, uint32_t len)
{
	const struct rs_oracle_fragment *x = a, *y = b;
	uint32_t n = 0;
	CHECK(skip_a + len <= x->len && skip_b + len <= y->len && len > 0);
	while (n < len && x->byte[skip_a + n] == y->byte[skip_b + n])
		n++;
	return n;
}

static void check(const struct rs_frag *f, const struct rs_oracle *o, const struct rs_pool *pool)
{
	uint32_t at = 0, have = 0, n = 0;
	for (const struct rs_frag_piece *p = f->head; p; p = p->next, n++) {
		const struct rs_oracle_fragment *r = p->ref;
		CHECK(p->off >= at && p->len && p->skip + p->len <= r->len && r->off + p->skip == p->off);
		for (uint32_t i = 0; i < p->len; i++)
			CHECK(o->owner[p->off + i] >= 0 && o->byte[p->off + i] == r->byte[p->skip + i]);
		at = p->off + p->len;
		have += p->len;
	}
	CHECK(n == pool->used && have == f->have && f->contradicts == o->contradicts);
	for (uint32_t i = 0; i < RS_ORACLE_SPAN; i++)
		have -= o->owner[i] >= 0;
	CHECK(!have && (!f->n || n <= 2u * f->n - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	static struct rs_oracle_fragment r[RS_ORACLE_FRAGMENTS];
	void *nodes = aligned_alloc(64, RS_POOL_BYTES(sizeof(struct rs_frag_piece), 2 * RS_ORACLE_FRAGMENTS));
	CHECK(nodes);
	enum rs_overlap_policy policy = (enum rs_overlap_policy)((data[0] & 0x7f) % RS_OVERLAP_MAX);
	unsigned version = data[0] & 0x80 ? 6 : 4, max = data[1] % RS_ORACLE_FRAGMENTS + 1;
	struct rs_pool pool;
	struct rs_frag_mem mem = { &pool, same };
	struct rs_oracle o;
	struct rs_frag f;
	rs_pool_init(&pool, nodes, sizeof(struct rs_frag_piece), 2 * RS_ORACLE_FRAGMENTS);
	rs_frag_init(&f, policy, version, (uint16_t)max);
	rs_oracle_init(&o, policy, version, max);
	for (size_t i = 2, n = 0; i + 3 <= size && n < RS_ORACLE_FRAGMENTS; i += 3, n++) {
		uint32_t off = (data[i] & 0x1f) * 8u;
		if (off >= RS_ORACLE_SPAN)
			break;
		uint32_t len = data[i + 1] % (RS_ORACLE_SPAN - off + 1);
		r[n] = (struct rs_oracle_fragment){ .off = off, .len = len, .more = data[i] & 0x20, .ecn = data[i + 2] & 3 };
		for (uint32_t k = 0; k < len; k++)
			r[n].byte[k] = (uint8_t)(off + k + (data[i] & 0x40 && k >= data[i + 2] >> 2 ? 1 : 0));
		struct rs_frag_part part = { &r[n], off, len, 20, r[n].more, r[n].ecn };
		enum rs_frag_verdict want = rs_oracle_add(&o, &r[n], (int)n), v = rs_frag_add(&f, &mem, &part);
		CHECK(v == want);
		if (v == RS_FRAG_DISCARD)
			break;
		check(&f, &o, &pool);
	}
	rs_frag_clear(&f, &mem);
	CHECK(!pool.used);
	free(nodes);
	return 0;
}
