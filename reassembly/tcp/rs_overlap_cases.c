/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/tcp/rs_overlap_cases.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Ends at point[2i] and point[2i + 1] are a case when each segment has a byte, and every number up to the highest is used. */
static bool is_case(const unsigned *point, unsigned n, struct rs_case *c)
{
	unsigned used = 0;
	*c = (struct rs_case){ .n = n };
	for (unsigned i = 0; i < n; i++) {
		if (point[2 * i] >= point[2 * i + 1])
			return false;
		c->begin[i] = (uint8_t)point[2 * i];
		c->end[i] = (uint8_t)point[2 * i + 1];
		used |= 1u << point[2 * i] | 1u << point[2 * i + 1];
	}
	for (c->points = 0; used & (1u << c->points); c->points++)
		;
	return used >> c->points == 0;
}

unsigned rs_cases(unsigned n, struct rs_case *to)
{
	unsigned point[RS_CASE_POINTS] = { 0 }, found = 0, at;
	assert(n <= RS_CASE_SEGMENTS);
	do {
		struct rs_case c;
		if (is_case(point, n, &c)) {
			assert(found < RS_CASE_MAX);
			to[found++] = c;
		}
		/* The next number of 2n digits to the base 2n. */
		for (at = 0; at < 2 * n && ++point[at] == 2 * n; at++)
			point[at] = 0;
	} while (at < 2 * n);
	return found;
}

void rs_case_draw(const struct rs_case *c, unsigned segment, char to[RS_CASE_POINTS])
{
	for (unsigned i = 0; i + 1 < c->points; i++)
		to[i] = (char)(i >= c->begin[segment] && i < c->end[segment] ? '1' + segment : '.');
	to[c->points - 1] = '\0';
}

const char *rs_case_relation(const struct rs_case *c, unsigned b, unsigned a)
{
	unsigned b0 = c->begin[b], b1 = c->end[b], a0 = c->begin[a], a1 = c->end[a];
	if (b1 < a0)
		return "before";
	if (b1 == a0)
		return "meets";
	if (b0 > a1)
		return "after";
	if (b0 == a1)
		return "met by";
	if (b0 == a0)
		return b1 == a1 ? "equals" : b1 < a1 ? "starts" : "started by";
	if (b1 == a1)
		return b0 > a0 ? "finishes" : "finished by";
	if (b0 > a0)
		return b1 < a1 ? "during" : "overlapped by";
	return b1 > a1 ? "contains" : "overlaps";
}

struct reader {
	struct rs_pool pool;
	struct rs_stream_mem mem;
	struct rs_stream s;
	char got[1 + RS_CASE_SPAN]; /* by stream offset */
};

/* A reference is the letter of its segment; nothing is counted. */
static void nothing(void *ref)
{
	(void)ref;
}

static void take(struct reader *r, uint64_t from, uint64_t to, const void *ref)
{
	for (; from < to && from < sizeof r->got; from++)
		r->got[from] = *(const char *)ref;
}

static void add(struct reader *r, uint64_t off, uint32_t len, const char *letter)
{
	uint32_t skip;
	while (rs_stream_add(&r->s, &r->mem, off, len, (void *)(uintptr_t)letter, 1, &skip) == RS_INORDER) {
		take(r, off + skip, r->s.next, letter);
		for (struct rs_seg seg; rs_stream_pop(&r->s, &r->mem, &seg);)
			take(r, seg.off, seg.off + seg.len, seg.ref);
	}
}

void rs_case_read_any(const struct rs_extent *segment, const char *letter, unsigned n, unsigned span, enum rs_case_start start,
		      enum rs_overlap_policy policy, char *to)
{
	_Alignas(64) static char nodes[RS_POOL_BYTES(sizeof(struct rs_seg), RS_CASE_SPAN)];
	struct reader r = { .mem = { .segs = &r.pool, .ref_get = nothing, .ref_put = nothing, .window = 1 + RS_CASE_SPAN,
				     .held_max = RS_CASE_SPAN, .limit = RS_CASE_SPAN } };
	unsigned hole = start == RS_CASE_BEHIND;
	assert(span <= RS_CASE_SPAN);
	rs_pool_init(&r.pool, nodes, sizeof(struct rs_seg), RS_CASE_SPAN);
	rs_stream_init(&r.s, 0, policy, 0);
	for (unsigned i = 0; i < n; i++)
		add(&r, hole + segment[i].begin, (uint32_t)(segment[i].end - segment[i].begin), &letter[i]);
	/* What is missing comes byte by byte. */
	while (r.s.next < hole + span)
		add(&r, r.s.next, 1, ".");
	memcpy(to, r.got + hole, span);
	to[span] = '\0';
}

void rs_case_read(const struct rs_case *c, enum rs_case_start start, enum rs_overlap_policy policy, char to[RS_CASE_POINTS])
{
	struct rs_extent segment[RS_CASE_SEGMENTS];
	for (unsigned i = 0; i < c->n; i++)
		segment[i] = (struct rs_extent){ c->begin[i], c->end[i] };
	rs_case_read_any(segment, "123", c->n, c->points - 1, start, policy, to);
}
