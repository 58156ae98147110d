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

static void append(struct rs_stream *s, struct rs_stream_mem *mem, struct rs_seg *seg)
{
	struct rs_group *g = &mem->groups[s->group];
	seg->since = mem->remembered++;
	seg->newer = NULL;
	seg->older = g->newest;
	if (g->newest) {
		g->newest->newer = seg;
	} else {
		g->oldest = seg;
		g->since = seg->since;
	}
	g->newest = seg;
	g->cost += seg->cost;
}

static void take_out(struct rs_stream *s, struct rs_stream_mem *mem, struct rs_seg *seg)
{
	struct rs_group *g = &mem->groups[s->group];
	if (seg->newer)
		seg->newer->older = seg->older;
	else
		g->newest = seg->older;
	if (seg->older) {
		seg->older->newer = seg->newer;
	} else {
		g->oldest = seg->newer;
		g->since = seg->newer ? seg->newer->since : 0;
	}
	g->cost -= seg->cost;
}

static void forget_oldest(struct rs_stream *s, struct rs_stream_mem *mem)
{
	struct rs_seg *seg = s->kept->next;
	if (seg == s->kept) {
		s->kept = NULL;
		s->late = s->lost > 0;
		s->after = false;
	} else {
		s->kept->next = seg->next;
	}
	take_out(s, mem, seg);
	s->kept_cost = (uint16_t)(s->kept_cost - seg->cost);
	mem->kept -= seg->cost;
	mem->held -= seg->cost;
	mem->ref_put(seg->ref);
	rs_pool_put(mem->segs, seg);
}

/* after: of what was handed on after its acknowledgement. That is told for as long as it would have been remembered. */
static void note_lost(struct rs_stream *s, struct rs_stream_mem *mem, bool after)
{
	mem->forgotten++;
	if (after) {
		s->lost = RS_STREAM_LATE + 1;
		s->late = true;
	}
}

/* For want of room. What was acknowledged since it was handed on is remembered as long as there is some: nobody misses it. */
static void lose_oldest(struct rs_stream *s, struct rs_stream_mem *mem)
{
	const struct rs_seg *seg = s->kept->next;
	bool after = s->after && seg->off < s->acked;
	if (after || seg_end(seg) > s->acked)
		note_lost(s, mem, after);
	forget_oldest(s, mem);
}

void rs_stream_set_group(struct rs_stream *s, struct rs_stream_mem *mem, uint8_t group)
{
	struct rs_seg *seg = s->kept;
	uint8_t old = s->group;
	do {
		if (!seg)
			break;
		seg = seg->next;
		s->group = old;
		take_out(s, mem, seg);
		s->group = group;
		append(s, mem, seg);
	} while (seg != s->kept);
	s->group = group;
}

/* There is a place for it at all. */
static bool fits(const struct rs_stream *s, const struct rs_stream_mem *mem, uint32_t cost)
{
	uint32_t denied = s->group == RS_GROUP_APART ? mem->denied : 0;
	return mem->held + (uint64_t)cost + denied <= mem->held_max && mem->segs->used < mem->segs->size;
}

/* Half of everything is for what comes out of order, and beyond an eighth the last quarter of it is never taken. */
static bool may_grow(const struct rs_stream *s, const struct rs_stream_mem *mem, uint32_t cost)
{
	uint32_t all = rs_stream_all(mem), leave = mem->kept + (uint64_t)cost <= all / 8 ? 0 : all / 4;
	if (s->group == RS_GROUP_APART && mem->groups[RS_GROUP_APART].cost + (uint64_t)cost > all / 16)
		return false;
	return mem->kept + (uint64_t)cost <= all / 2 && mem->held + (uint64_t)cost + leave <= mem->held_max &&
	       mem->segs->used + leave < mem->segs->size;
}

/* The largest, where it has more than its share; else the one that remembers something longest. */
static const struct rs_group *group_to_forget(const struct rs_stream_mem *mem)
{
	const struct rs_group *most = mem->groups, *oldest = NULL;
	for (const struct rs_group *g = mem->groups; g < mem->groups + RS_GROUPS; g++) {
		if (g->cost > most->cost)
			most = g;
		if (g->oldest && (!oldest || mem->remembered - g->since > mem->remembered - oldest->since))
			oldest = g;
	}
	return most->cost > mem->kept / RS_REMEMBER_GROUP ? most : oldest;
}

/* Whose oldest is forgotten for what s remembers next; NULL: nobody has any. */
static struct rs_stream *who_forgets(struct rs_stream *s, const struct rs_stream_mem *mem)
{
	if (s->kept && s->kept_cost > mem->kept / RS_REMEMBER_STREAM)
		return s;
	const struct rs_group *g = s->group == RS_GROUP_APART ? &mem->groups[RS_GROUP_APART] : group_to_forget(mem);
	return g && g->oldest ? g->oldest->owner : NULL;
}

/* Others forget as much as it takes, or, where all together remember more than they may by now, twice that: so that it becomes less. */
static bool push_out(struct rs_stream *s, struct rs_stream_mem *mem, uint32_t cost)
{
	const uint32_t before = mem->kept;
	struct rs_stream *other;
	while (before - mem->kept < 2 * (uint64_t)cost && (other = who_forgets(s, mem))) {
		lose_oldest(other, mem);
		if (other != s && mem->pushed_out)
			mem->pushed_out(mem, other);
		if (fits(s, mem, cost) && may_grow(s, mem, cost))
			return true;
	}
	return before - mem->kept >= cost && fits(s, mem, cost);
}

static bool make_room(struct rs_stream *s, struct rs_stream_mem *mem, uint32_t cost)
{
	if (cost > s->remember)
		return false;
	while (s->kept_cost + (uint64_t)cost > s->remember)
		lose_oldest(s, mem);
	return (fits(s, mem, cost) && may_grow(s, mem, cost)) || push_out(s, mem, cost);
}

void rs_stream_keep(struct rs_stream *s, struct rs_stream_mem *mem, uint64_t off, uint32_t len, void *ref, uint32_t skip,
		    uint32_t cost)
{
	if (!s->remember || (off + len <= s->acked && !s->waits))
		return;
	if (!make_room(s, mem, cost)) {
		note_lost(s, mem, s->waits && off < s->acked);
		return;
	}
	struct rs_seg *seg = rs_pool_get(mem->segs);
	*seg = (struct rs_seg){ .next = seg, .off = off, .ref = ref, .skip = skip, .len = len, .cost = cost, .owner = s };
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
	append(s, mem, seg);
	mem->ref_get(ref);
}

#define STAY_LEAST 4 /* the last packets, for whose sake others need not be forgotten */

/* What is acknowledged takes no room that anything else may need: where a quarter of all is taken, half of what there is to remember in
 * any case, else as much as that; of those apart half of theirs. Each has its last ones for longer. */
static bool may_stay(const struct rs_stream *s, const struct rs_stream_mem *mem)
{
	uint32_t all = rs_stream_all(mem), most = mem->held < all / 4 ? all / 8 : all / 16;
	if (s->group == RS_GROUP_APART && mem->groups[RS_GROUP_APART].cost > all / 32)
		return false;
	return s->waits && mem->kept <= (s->kept_cost <= STAY_LEAST ? most : most / 2);
}

static void note_late(struct rs_stream *s)
{
	bool acked = s->waits && s->kept && s->kept->next->off < s->acked;
	s->after &= acked;
	s->late = s->lost || acked;
}

void rs_stream_forget_acked(struct rs_stream *s, struct rs_stream_mem *mem)
{
	while (s->kept && seg_end(s->kept->next) <= s->acked && !may_stay(s, mem))
		forget_oldest(s, mem);
	note_late(s);
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
	s->lost -= s->lost > 0;
	note_late(s);
}

void rs_stream_lose(struct rs_stream *s, struct rs_stream_mem *mem)
{
	while (s->kept)
		lose_oldest(s, mem);
}

void rs_stream_forget(struct rs_stream *s, struct rs_stream_mem *mem)
{
	s->lost = 0;
	s->late = s->after = false;
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

/* before, after: bytes of the packet beyond the run. */
static void compare_run(const struct look *l, const struct rs_seg *seg, uint32_t before, uint32_t after, const struct rs_stream_mem *mem,
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
		.seen_off = seg->off - before,
		.seen_len = before + seg->len + after,
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
	uint64_t at = l->off, end = min_u64(l->end, s->next), told_from = s->lost ? 0 : s->acked;
	const struct rs_seg *last = s->kept, *seg = last && at < last->off ? last->next : last;
	for (; seg && at < end && seg->off < end; seg = seg == last ? NULL : seg->next) {
		if (seg_end(seg) <= at)
			continue;
		note_unknown(max_u64(at, told_from), seg->off, seen);
		compare_run(l, seg, 0, 0, mem, seen);
		at = seg_end(seg);
	}
	note_unknown(max_u64(at, told_from), end, seen);
}

/* Below it nothing is compared: its receiver has it, and what is like it changes nothing there. What was handed on late, or not yet, may
 * have come before the acknowledgement all the same; and where some of that is lost, it may have been anything. */
static uint64_t compared_from(const struct rs_stream *s)
{
	if (s->lost)
		return 0;
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
		compare_run(&l, seg, seg->skip, seg->after, mem, seen);
}
