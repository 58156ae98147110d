/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/tcp/rs_stream.h"

#include <assert.h>

void rs_stream_init(struct rs_stream *s, uint32_t isn, uint32_t limit)
{
	*s = (struct rs_stream){ .isn = isn, .limit = limit, .fin = UINT64_MAX };
}

int64_t rs_stream_offset(const struct rs_stream *s, uint32_t seq)
{
	/* RFC 9293 3.4: sequence numbers are compared modulo 2^32; the nearer of the two readings is meant. */
	uint32_t expected = s->isn + 1 + (uint32_t)s->next;
	return (int64_t)s->next + (int32_t)(seq - expected);
}

static uint64_t seg_end(const struct rs_seg *seg)
{
	return seg->off + seg->len;
}

static void saw(struct rs_stream *s, uint64_t end)
{
	if (end > s->end)
		s->end = end;
}

static enum rs_verdict add_inorder(struct rs_stream *s, uint64_t off, uint32_t len, uint32_t *skip)
{
	uint64_t end = off + len;
	if (end <= s->next)
		return RS_DUP;
	*skip = (uint32_t)(s->next - off);
	/* The list is empty unless something is missing: then next is before its head. */
	s->next = s->head && s->head->off < end ? s->head->off : end;
	saw(s, end);
	return RS_INORDER;
}

/* The first hole in [*from, end), looking from *link on. Afterwards *link is where a node for it belongs. */
static bool next_hole(struct rs_seg ***link, uint64_t *from, uint64_t end, uint64_t *to)
{
	struct rs_seg *seg;
	for (; (seg = **link) && *from < end; *link = &seg->next) {
		if (*from < seg->off) {
			*to = seg->off < end ? seg->off : end;
			return true;
		}
		if (*from < seg_end(seg))
			*from = seg_end(seg);
	}
	*to = end;
	return *from < end;
}

static uint32_t count_holes(struct rs_seg **link, uint64_t from, uint64_t end)
{
	uint32_t n = 0;
	for (uint64_t to; next_hole(&link, &from, end, &to); from = to)
		n++;
	return n;
}

static bool has_room(const struct rs_stream *s, struct rs_stream_mem *mem, uint32_t nodes, uint32_t cost)
{
	uint64_t more = (uint64_t)nodes * cost;
	if (s->held + more > s->limit || mem->held + more > mem->held_max)
		return false;
	if (mem->segs->size - mem->segs->used < nodes) {
		mem->segs->failed++;
		return false;
	}
	return true;
}

enum rs_verdict rs_stream_add(struct rs_stream *s, struct rs_stream_mem *mem, uint64_t off, uint32_t len, void *ref,
			      uint32_t cost, uint32_t *skip)
{
	*skip = 0;
	if (!len)
		return RS_DUP;
	if (off <= s->next)
		return add_inorder(s, off, len, skip);

	uint64_t ahead = off - s->next;
	if (ahead > mem->window || len > mem->window - ahead)
		return RS_WINDOW;

	uint64_t end = off + len;
	struct rs_seg **link = s->tail && off >= s->tail->off ? &s->tail : &s->head;
	uint32_t nodes = count_holes(link, off, end);
	if (!nodes)
		return RS_DUP;
	if (!has_room(s, mem, nodes, cost))
		return RS_LIMIT;

	/* What starts behind the tail's start can only go behind the tail: no walk. */
	uint64_t from = off, to;
	if (link == &s->tail) {
		if (from < seg_end(s->tail))
			from = seg_end(s->tail);
		link = &s->tail->next;
	}
	for (; next_hole(&link, &from, end, &to); from = to) {
		struct rs_seg *seg = rs_pool_get(mem->segs);
		*seg = (struct rs_seg){
			.next = *link,
			.off = from,
			.ref = ref,
			.skip = (uint32_t)(from - off),
			.len = (uint32_t)(to - from),
			.cost = cost,
		};
		*link = seg;
		link = &seg->next;
		if (!seg->next)
			s->tail = seg;
		mem->ref_get(ref);
		s->held += cost;
		mem->held += cost;
	}
	saw(s, end);
	return RS_HELD;
}

bool rs_stream_pop(struct rs_stream *s, struct rs_stream_mem *mem, struct rs_seg *out)
{
	struct rs_seg *seg = s->head;
	if (!seg || seg->off != s->next)
		return false;
	s->head = seg->next;
	if (!s->head)
		s->tail = NULL;
	s->held -= seg->cost;
	mem->held -= seg->cost;
	s->next = seg_end(seg);
	*out = *seg;
	out->next = NULL;
	rs_pool_put(mem->segs, seg);
	return true;
}

uint64_t rs_stream_hole(const struct rs_stream *s, uint64_t to)
{
	if (s->head && s->head->off < to)
		to = s->head->off;
	return to > s->next ? to - s->next : 0;
}

void rs_stream_skip(struct rs_stream *s, uint64_t n)
{
	s->next += n;
	assert(!s->head || s->head->off >= s->next);
	saw(s, s->next);
}

void rs_stream_clear(struct rs_stream *s, struct rs_stream_mem *mem)
{
	for (struct rs_seg *seg; (seg = s->head);) {
		s->head = seg->next;
		mem->held -= seg->cost;
		mem->ref_put(seg->ref);
		rs_pool_put(mem->segs, seg);
	}
	s->tail = NULL;
	s->held = 0;
}
