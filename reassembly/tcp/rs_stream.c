/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/tcp/rs_stream.h"

#include <assert.h>

void rs_stream_init(struct rs_stream *s, uint32_t isn, enum rs_overlap_policy policy, uint16_t remember)
{
	*s = (struct rs_stream){ .isn = isn, .fin = UINT64_MAX, .policy = (uint8_t)policy, .remember = remember };
}

static uint64_t seg_end(const struct rs_seg *seg)
{
	return seg->off + seg->len;
}

static uint64_t begin_of(const struct rs_seg *seg)
{
	return seg->off - seg->before;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void saw(struct rs_stream *s, uint64_t end)
{
	if (end > s->end)
		s->end = end;
}

/* Overlaps. */

struct arrival { /* a segment on its way into the list */
	uint64_t off, end; /* of its bytes */
	struct rs_extent sent; /* by which it is compared with others: of what is appended, the whole */
	void *ref;
	uint32_t cost, born;
	uint64_t twin_end; /* Linux: where the held one ends that begins with it; 0 until that one is met */
};

static uint64_t sent_end(const struct rs_seg *seg)
{
	return seg_end(seg) + seg->after;
}

/* A segment that others were appended to ends where the last of them does: of runs with one beginning, which lie side by side, only
 * the last one knows. Two segments with one beginning are never both held by `linux`. */
static void meet(const struct rs_stream *s, const struct rs_seg *seg, struct arrival *a)
{
	if (s->policy != RS_OVERLAP_LINUX || a->twin_end || begin_of(seg) != a->sent.begin)
		return;
	while (seg->next && begin_of(seg->next) == a->sent.begin)
		seg = seg->next;
	a->twin_end = sent_end(seg);
}

static bool takes(const struct rs_stream *s, const struct rs_seg *held, const struct arrival *a)
{
	struct rs_extent x = { begin_of(held), sent_end(held) };
	if (a->twin_end && x.begin == a->sent.begin)
		x.end = a->twin_end;
	return rs_overlap_takes(s->policy, x, a->sent);
}

/* Linux appends a segment to the one that ends where it begins (tcp_ooo_try_coalesce), if it meets that one on its way down the
 * tree, before any that lies between the two beginnings: in a tree of two nodes, the older one is met first. The run with the
 * last byte before it is the only one that counts: what ends there and lies below another run was not met. */
static void append(const struct rs_stream *s, struct arrival *a)
{
	const struct rs_seg *seg = s->head;
	if (s->tail && a->off > s->tail->off) {
		if (seg_end(s->tail) > a->off)
			return;
		seg = s->tail;
	}
	while (seg && seg_end(seg) < a->off)
		seg = seg->next;
	if (!seg || seg_end(seg) != a->off || seg->after)
		return;
	for (const struct rs_seg *n = seg->next; n && begin_of(n) <= a->off; n = n->next)
		if (begin_of(n) == begin_of(seg) || (int32_t)(n->born - seg->born) < 0)
			return;
	a->sent.begin = begin_of(seg);
	a->born = seg->born;
}

/* Giving back. */

static void release(struct rs_stream *s, struct rs_stream_mem *mem, struct rs_seg *seg)
{
	s->held = (uint16_t)(s->held - seg->cost);
	mem->held -= seg->cost;
	mem->ref_put(seg->ref);
	rs_pool_put(mem->segs, seg);
}

static void unlink_head(struct rs_stream *s)
{
	s->head = s->head->next;
	if (!s->head)
		s->tail = NULL;
}

static void cut_front(struct rs_seg *seg, uint64_t to)
{
	uint32_t n = (uint32_t)(to - seg->off);
	seg->off += n;
	seg->before += n;
	seg->skip += n;
	seg->len -= n;
}

static void cut_back(struct rs_seg *seg, uint64_t from)
{
	uint32_t n = (uint32_t)(seg_end(seg) - from);
	seg->len -= n;
	seg->after += n;
}

static enum rs_verdict add_inorder(struct rs_stream *s, struct rs_stream_mem *mem, const struct arrival *a, uint32_t *skip)
{
	if (a->end <= s->next)
		return RS_DUP;
	*skip = (uint32_t)(s->next - a->off);
	uint64_t to = a->end;
	/* The list is empty unless something is missing: then next is before its head. */
	for (struct rs_seg *seg; (seg = s->head) && seg->off < to;) {
		if (!takes(s, seg, a)) {
			to = seg->off;
		} else if (seg_end(seg) > to) {
			cut_front(seg, to);
		} else {
			unlink_head(s);
			release(s, mem, seg);
		}
	}
	s->next = to;
	saw(s, a->end);
	return RS_INORDER;
}

struct need {
	uint32_t nodes;
	uint64_t cost;
};

/* What it needs: a node for each stretch of it that is kept, and one for a held run that it lies within and parts. */
static struct need count_nodes(const struct rs_stream *s, struct arrival *a, const struct rs_seg *seg)
{
	uint64_t at = a->off;
	struct need n = { 0 };
	bool open = false;
	for (; seg && seg->off < a->end; seg = seg->next) {
		if (seg_end(seg) <= at)
			continue;
		meet(s, seg, a);
		bool kept = takes(s, seg, a), hole = seg->off > at;
		n.nodes += !open && (hole || kept);
		if (kept && seg->off < a->off && seg_end(seg) > a->end)
			return (struct need){ 2, (uint64_t)a->cost + seg->cost };
		/* It takes the place of the one with its beginning. */
		if (kept && begin_of(seg) == a->sent.begin)
			a->born = seg->born;
		open = kept;
		at = seg_end(seg);
	}
	n.nodes += at < a->end && !open;
	n.cost = (uint64_t)n.nodes * a->cost;
	return n;
}

static bool has_room(const struct rs_stream *s, struct rs_stream_mem *mem, struct need n)
{
	if (s->held + n.cost > mem->limit || mem->held + n.cost + mem->denied > mem->held_max)
		return false;
	if (mem->segs->size - mem->segs->used < n.nodes) {
		mem->segs->failed++;
		return false;
	}
	return true;
}

static struct rs_seg *insert(struct rs_stream *s, struct rs_stream_mem *mem, struct rs_seg **link, const struct rs_seg *from)
{
	struct rs_seg *seg = rs_pool_get(mem->segs);
	*seg = *from;
	seg->next = *link;
	*link = seg;
	if (!seg->next)
		s->tail = seg;
	mem->ref_get(seg->ref);
	s->held = (uint16_t)(s->held + seg->cost);
	mem->held += seg->cost;
	return seg;
}

/* Takes [at, to) out of the run at *link, which has all of it. Afterwards *link is where a node for these bytes belongs. */
static struct rs_seg **take_out(struct rs_stream *s, struct rs_stream_mem *mem, struct rs_seg **link, uint64_t at, uint64_t to)
{
	struct rs_seg *seg = *link;
	if (seg->off == at) {
		if (seg_end(seg) > to) {
			cut_front(seg, to);
		} else {
			*link = seg->next;
			release(s, mem, seg);
		}
		return link;
	}
	if (seg_end(seg) > to)
		cut_front(insert(s, mem, &seg->next, seg), to);
	cut_back(seg, at);
	return &seg->next;
}

/* Puts [at, to) of it where *link is, or makes the node before longer. */
static struct rs_seg *fill(struct rs_stream *s, struct rs_stream_mem *mem, const struct arrival *a, struct rs_seg *open,
			   struct rs_seg **link, uint64_t at, uint64_t to)
{
	if (open) {
		open->len += (uint32_t)(to - at);
		open->after -= (uint32_t)(to - at);
	} else {
		open = insert(s, mem, link, &(struct rs_seg){ .off = at, .ref = a->ref, .skip = (uint32_t)(at - a->off),
							      .len = (uint32_t)(to - at), .cost = a->cost, .born = a->born,
							      .before = (uint32_t)(at - a->sent.begin),
							      .after = (uint32_t)(a->sent.end - to) });
	}
	/* What was behind it may have been taken out. */
	if (!open->next)
		s->tail = open;
	return open;
}

static void hold(struct rs_stream *s, struct rs_stream_mem *mem, const struct arrival *a, struct rs_seg **link)
{
	struct rs_seg *open = NULL;
	for (uint64_t at = a->off, to; at < a->end;) {
		struct rs_seg *seg = *link;
		if (seg && seg_end(seg) <= at) {
			link = &seg->next;
			continue;
		}
		to = a->end;
		if (!seg || seg->off > at) {
			to = seg ? min_u64(seg->off, to) : to;
		} else {
			to = min_u64(seg_end(seg), to);
			if (!takes(s, seg, a)) {
				open = NULL;
				link = &seg->next;
				at = to;
				continue;
			}
			link = take_out(s, mem, link, at, to);
		}
		open = fill(s, mem, a, open, link, at, to);
		link = &open->next;
		at = to;
	}
}

enum rs_verdict rs_stream_add(struct rs_stream *s, struct rs_stream_mem *mem, uint64_t off, uint32_t len, void *ref,
			      uint32_t cost, uint32_t *skip)
{
	struct arrival a = { .off = off, .end = off + len, .sent = { off, off + len }, .ref = ref, .cost = cost, .born = s->born };
	*skip = 0;
	if (!len)
		return RS_DUP;
	if (off <= s->next)
		return add_inorder(s, mem, &a, skip);

	uint64_t ahead = off - s->next;
	if (ahead > mem->window || len > mem->window - ahead)
		return RS_WINDOW;

	/* What starts behind the tail's start can only change the tail, and go behind it: no walk. */
	struct rs_seg *last = s->tail, **link = last && off > last->off ? &last : &s->head;
	if (s->policy == RS_OVERLAP_LINUX)
		append(s, &a);
	struct need n = count_nodes(s, &a, *link);
	if (!n.nodes)
		return RS_DUP;
	if (!has_room(s, mem, n))
		return RS_LIMIT;
	s->born++;
	hold(s, mem, &a, link);
	saw(s, a.end);
	return RS_HELD;
}

bool rs_stream_pop(struct rs_stream *s, struct rs_stream_mem *mem, struct rs_seg *out)
{
	struct rs_seg *seg = s->head;
	if (!seg || seg->off != s->next)
		return false;
	unlink_head(s);
	s->held = (uint16_t)(s->held - seg->cost);
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

bool rs_stream_has(const struct rs_stream *s, int64_t off, uint32_t len)
{
	int64_t end = off + (int64_t)len, at = (int64_t)s->next;
	if (end <= at)
		return true;
	if (off > at)
		at = off;
	for (const struct rs_seg *seg = s->head; seg && (int64_t)seg->off <= at; seg = seg->next) {
		if ((int64_t)(seg->off + seg->len) > at)
			at = (int64_t)(seg->off + seg->len);
		if (at >= end)
			return true;
	}
	return false;
}

void rs_stream_skip(struct rs_stream *s, uint64_t n)
{
	s->next += n;
	assert(!s->head || s->head->off >= s->next);
	saw(s, s->next);
}

void rs_stream_drop(struct rs_stream *s, struct rs_stream_mem *mem)
{
	while (s->head) {
		struct rs_seg *seg = s->head;
		unlink_head(s);
		release(s, mem, seg);
	}
}

void rs_stream_clear(struct rs_stream *s, struct rs_stream_mem *mem)
{
	rs_stream_drop(s, mem);
	rs_stream_forget(s, mem);
}
