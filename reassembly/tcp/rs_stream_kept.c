/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream remembers of the bytes that were handed on, and the comparing of repetitions. */
#include "reassembly/tcp/rs_stream.h"

static uint64_t seg_end(const struct rs_seg *seg)
{
	return seg->off + seg->len;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void forget_oldest(struct rs_stream *s, struct rs_stream_mem *mem)
{
	struct rs_seg *seg = s->kept->next;
	if (seg == s->kept) {
		s->kept = NULL;
		s->late = s->after = false;
	} else {
		s->kept->next = seg->next;
	}
	s->kept_cost = (uint16_t)(s->kept_cost - seg->cost);
	mem->kept -= seg->cost;
	mem->held -= seg->cost;
	mem->ref_put(seg->ref);
	rs_pool_put(mem->segs, seg);
}

/* Half of everything is for what comes out of order, and beyond an eighth the last quarter of it is never taken. */
static bool may_keep(const struct rs_stream *s, const struct rs_stream_mem *mem, uint32_t cost)
{
	uint32_t all = mem->held_max < mem->segs->size ? mem->held_max : mem->segs->size;
	uint32_t leave = mem->kept + (uint64_t)cost <= all / 8 ? 0 : all / 4;
	return s->kept_cost + (uint64_t)cost <= s->remember && mem->kept + (uint64_t)cost <= all / 2 &&
	       mem->held + (uint64_t)cost + leave <= mem->held_max && mem->segs->used + leave < mem->segs->size;
}

void rs_stream_keep(struct rs_stream *s, struct rs_stream_mem *mem, uint64_t off, uint32_t len, void *ref, uint32_t skip,
		    uint32_t cost)
{
	if (!s->remember || (off + len <= s->acked && !s->waits))
		return;
	for (; !may_keep(s, mem, cost); forget_oldest(s, mem)) {
		mem->forgotten += !s->kept || seg_end(s->kept->next) > s->acked;
		if (!s->kept)
			return;
	}
	struct rs_seg *seg = rs_pool_get(mem->segs);
	*seg = (struct rs_seg){ .next = seg, .off = off, .ref = ref, .skip = skip, .len = len, .cost = cost };
	if (s->kept) {
		seg->next = s->kept->next;
		s->kept->next = seg;
	}
	s->kept = seg;
	s->after |= s->waits && off < s->acked;
	s->late |= s->after;
	s->kept_cost = (uint16_t)(s->kept_cost + cost);
	mem->kept += cost;
	mem->held += cost;
	mem->ref_get(ref);
}

#define STAY_LEAST 4 /* the last packets, for whose sake others need not be forgotten */

/* What is acknowledged takes no room that anything else may need: where a quarter of all is taken, half of what there is to remember in
 * any case, else as much as that. Each has its last ones for longer. */
static bool may_stay(const struct rs_stream *s, const struct rs_stream_mem *mem)
{
	uint32_t all = mem->held_max < mem->segs->size ? mem->held_max : mem->segs->size;
	uint32_t most = mem->held < all / 4 ? all / 8 : all / 16;
	return s->waits && mem->kept <= (s->kept_cost <= STAY_LEAST ? most : most / 2);
}

void rs_stream_forget_acked(struct rs_stream *s, struct rs_stream_mem *mem)
{
	while (s->kept && seg_end(s->kept->next) <= s->acked && !may_stay(s, mem))
		forget_oldest(s, mem);
	s->late = s->waits && s->kept && s->kept->next->off < s->acked;
}

static void cut_front(struct rs_seg *seg, uint64_t to)
{
	uint32_t n = (uint32_t)(to - seg->off);
	seg->off += n;
	seg->skip += n;
	seg->len -= n;
}

void rs_stream_forget_late(struct rs_stream *s, struct rs_stream_mem *mem, uint64_t to)
{
	to = min_u64(to, s->acked);
	while (s->kept && seg_end(s->kept->next) <= to)
		forget_oldest(s, mem);
	if (s->kept && s->kept->next->off < to)
		cut_front(s->kept->next, to);
	s->late = s->waits && s->kept && s->kept->next->off < s->acked;
	s->after &= s->late;
}

void rs_stream_forget(struct rs_stream *s, struct rs_stream_mem *mem)
{
	while (s->kept)
		forget_oldest(s, mem);
}

/* A segment's bytes, and what came of comparing them. */
struct look {
	uint64_t off, end; /* without what is acknowledged */
	uint64_t sent_off; /* as it came */
	uint32_t len;
	const void *ref;
	uint32_t skip; /* of what is at sent_off */
};

/* cut: bytes of the packet before the run. */
static void compare_run(const struct look *l, const struct rs_seg *seg, uint32_t cut, const struct rs_stream_mem *mem,
			struct rs_seen *seen)
{
	uint64_t from = max_u64(l->off, seg->off), to = min_u64(l->end, seg_end(seg));
	uint32_t first;
	if (from >= to || seen->contradicts)
		return;
	if (mem->same(seg->ref, seg->skip + (uint32_t)(from - seg->off), l->ref, l->skip + (uint32_t)(from - l->sent_off),
		      (uint32_t)(to - from), &first))
		return;
	seen->contradicts = true;
	seen->contradiction = (struct rs_contradiction){
		.at = from + first,
		.off = l->sent_off,
		.len = l->len,
		.seen_off = seg->off - cut,
		.seen_len = cut + seg->len + seg->after,
	};
}

static void note_unknown(uint64_t from, uint64_t to, struct rs_seen *seen)
{
	if (from >= to || seen->unknown_len)
		return;
	seen->unknown_off = from;
	seen->unknown_len = (uint32_t)(to - from);
}

static void compare_kept(const struct rs_stream *s, const struct look *l, const struct rs_stream_mem *mem, struct rs_seen *seen)
{
	uint64_t at = l->off, end = min_u64(l->end, s->next);
	const struct rs_seg *last = s->kept, *seg = last && at < last->off ? last->next : last;
	for (; seg && at < end && seg->off < end; seg = seg == last ? NULL : seg->next) {
		if (seg_end(seg) <= at)
			continue;
		note_unknown(max_u64(at, s->acked), seg->off, seen);
		compare_run(l, seg, 0, mem, seen);
		at = seg_end(seg);
	}
	note_unknown(max_u64(at, s->acked), end, seen);
}

/* Below it nothing is compared: its receiver has it, and what is like it changes nothing there. What was handed on late, or not yet, may
 * have come before the acknowledgement all the same. */
static uint64_t compared_from(const struct rs_stream *s)
{
	return s->waits ? min_u64(s->acked, s->late ? s->kept->next->off : s->next) : s->acked;
}

void rs_stream_compare(const struct rs_stream *s, const struct rs_stream_mem *mem, uint64_t off, uint32_t len, const void *ref,
		       uint32_t skip, struct rs_seen *seen)
{
	struct look l = { max_u64(off, compared_from(s)), off + len, off, len, ref, skip };
	*seen = (struct rs_seen){ 0 };
	if (!mem->same || l.off >= l.end || l.off >= s->end)
		return;
	if (l.off < s->next && s->remember)
		compare_kept(s, &l, mem, seen);
	const struct rs_seg *seg = s->tail && l.off >= s->tail->off ? s->tail : s->head;
	for (; seg && seg->off < l.end && !seen->contradicts; seg = seg->next)
		compare_run(&l, seg, seg->skip, mem, seen);
}
