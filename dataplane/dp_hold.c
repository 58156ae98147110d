/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_hold.h"

void dp_hold_init(struct dp_hold *h)
{
	*h = (struct dp_hold){ .limit = DP_HOLD_NO_LIMIT };
}

static uint64_t run_end(const struct dp_hold_run *r)
{
	return r->off + r->len;
}

static uint64_t sent_end(const struct dp_hold_run *r)
{
	return r->off + r->sent;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Remembering. */

struct want { /* a segment, and where it is looked for */
	uint64_t off, end;
	void *ref;
	uint32_t base; /* of ref's payload: what is at off */
};

/* The first run that may overlap what begins at off, or that what follows it belongs behind: what was sent last comes most often. */
static struct dp_hold_run *start_at(struct dp_hold *h, uint64_t off)
{
	return h->tail && off >= h->tail->off ? h->tail : h->head;
}

static bool agrees(struct dp_hold_run *r, const struct dp_hold_mem *mem, const struct want *s)
{
	for (; r && r->off < s->end; r = r->next) {
		uint64_t from = max_u64(r->off, s->off), to = min_u64(run_end(r), s->end);
		if (from < to && !mem->same(r->ref, r->skip + (uint32_t)(from - r->off), s->ref, s->base + (uint32_t)(from - s->off),
		                            (uint32_t)(to - from)))
			return false;
	}
	return true;
}

/* The holes of [*from, end): the first one at or behind *from, looking from run r on. Afterwards *after is the run that it lies
 * behind (NULL: before all of them). */
static bool next_hole(struct dp_hold_run **r, struct dp_hold_run **after, uint64_t *from, uint64_t end, uint64_t *to)
{
	for (; *r && *from < end; *after = *r, *r = (*r)->next) {
		if (*from < (*r)->off) {
			*to = min_u64((*r)->off, end);
			return true;
		}
		*from = max_u64(*from, run_end(*r));
	}
	*to = end;
	return *from < end;
}

static uint32_t count_holes(struct dp_hold_run *r, uint64_t from, uint64_t end)
{
	struct dp_hold_run *after = NULL;
	uint32_t n = 0;
	for (uint64_t to; next_hole(&r, &after, &from, end, &to); from = to)
		n++;
	return n;
}

/* What came early leaves room for what is read next. */
static uint64_t reserve(uint32_t max, uint32_t one, bool early)
{
	return early ? max / 8 + one : 0;
}

static bool has_room(const struct dp_hold *h, struct dp_hold_mem *mem, uint32_t runs, uint32_t cost, bool early)
{
	uint64_t more = (uint64_t)runs * cost;
	if (h->cost + more + reserve(mem->max, cost, early) > mem->max ||
	    mem->held + more + reserve(mem->held_max, cost, early) > mem->held_max)
		return false;
	if (mem->runs->used + runs + reserve(mem->runs->size, 1, early) > mem->runs->size) {
		mem->runs->failed++;
		return false;
	}
	return true;
}

static struct dp_hold_run *insert(struct dp_hold *h, struct dp_hold_mem *mem, struct dp_hold_run *after, const struct want *s,
                                  uint64_t from, uint64_t to, uint32_t cost)
{
	struct dp_hold_run *r = rs_pool_get(mem->runs);
	*r = (struct dp_hold_run){ .next = after ? after->next : h->head, .off = from, .ref = s->ref, .len = (uint32_t)(to - from),
				   .skip = s->base + (uint32_t)(from - s->off), .cost = cost };
	if (after)
		after->next = r;
	else
		h->head = r;
	if (!r->next)
		h->tail = r;
	mem->ref_get(s->ref);
	h->unsent++;
	h->cost += cost;
	mem->held += cost;
	return r;
}

enum dp_hold_verdict dp_hold_add(struct dp_hold *h, struct dp_hold_mem *mem, uint64_t off, uint32_t len, void *ref, uint32_t cost)
{
	uint64_t from = max_u64(off, h->acked), end = off + len, to;
	if (from >= end)
		return DP_HOLD_KNOWN;
	struct want s = { .off = from, .end = end, .ref = ref, .base = (uint32_t)(from - off) };
	struct dp_hold_run *r = start_at(h, from), *after = NULL;
	if (!agrees(r, mem, &s))
		return DP_HOLD_CONTRADICTS;
	if (!next_hole(&r, &after, &from, end, &to))
		return DP_HOLD_KNOWN;
	if (!has_room(h, mem, count_holes(r, from, end), cost, from > h->read))
		return DP_HOLD_FULL;
	for (; next_hole(&r, &after, &from, end, &to); from = to)
		after = insert(h, mem, after, &s, from, to, cost);
	return DP_HOLD_NEW;
}

/* Forwarding. */

/* With the receiver's edge brought to `end`, what was forwarded earlier from there on joins it. So a stretch forwarded earlier that goes
 * beyond the limit must not be reached: the byte before it stays away. */
uint32_t dp_hold_may(const struct dp_hold *h, uint64_t off, uint32_t len)
{
	if (h->limit == DP_HOLD_NO_LIMIT)
		return len;
	uint64_t end = min_u64(off + len, h->limit), stretch = 0, stretch_end = UINT64_MAX;
	const struct dp_hold_run *r = h->edge_run ? h->edge_run : h->head;
	for (; r && (r->off <= end || r->off == stretch_end); r = r->next) {
		if (r->off != stretch_end)
			stretch = r->off;
		stretch_end = sent_end(r);
		if (stretch_end > h->limit)
			return stretch > off ? (uint32_t)(stretch - 1 - off) : 0;
	}
	return end > off ? (uint32_t)(end - off) : 0;
}

static struct dp_hold_run *go_on(struct dp_hold *h, struct dp_hold_run *at)
{
	return at ? at : h->head;
}

static void advance_edge(struct dp_hold *h)
{
	for (struct dp_hold_run *r = go_on(h, h->edge_run); r && r->off <= h->edge; r = r->next) {
		h->edge_run = r;
		h->edge = sent_end(r);
	}
}

void dp_hold_forwarded(struct dp_hold *h, uint64_t off, uint32_t len)
{
	uint64_t end = off + len;
	struct dp_hold_run *r = start_at(h, off);
	for (; r && r->off < end; r = r->next) {
		uint64_t to = min_u64(run_end(r), end);
		if (to <= off || to <= sent_end(r))
			continue;
		/* Bytes of the run before off count as sent, too: too much is safe, and their sender repeats them. */
		r->sent = (uint32_t)(to - r->off);
		h->unsent -= r->sent == r->len;
	}
	advance_edge(h);
}

struct dp_hold_run *dp_hold_unsent(struct dp_hold *h)
{
	if (!h->unsent)
		return NULL;
	struct dp_hold_run *r = go_on(h, h->edge_run);
	while (r && r->sent == r->len)
		r = r->next;
	return r;
}

/* Reading. */

bool dp_hold_unread(struct dp_hold *h, void **ref, uint32_t *skip, uint32_t *len)
{
	struct dp_hold_run *r = go_on(h, h->read_run);
	while (r && run_end(r) <= h->read)
		r = r->next;
	if (!r || r->off > h->read)
		return false;
	h->read_run = r;
	uint32_t past = (uint32_t)(h->read - r->off);
	*ref = r->ref;
	*skip = r->skip + past;
	*len = r->len - past;
	return true;
}

void dp_hold_took(struct dp_hold *h, uint32_t n)
{
	h->read += n;
}

uint64_t dp_hold_known(const struct dp_hold *h)
{
	uint64_t to = max_u64(h->read, h->acked);
	for (const struct dp_hold_run *r = h->read_run ? h->read_run : h->head; r && r->off <= to; r = r->next)
		to = max_u64(to, run_end(r));
	return to;
}

/* Forgetting. */

static void drop_head(struct dp_hold *h, struct dp_hold_mem *mem)
{
	struct dp_hold_run *r = h->head;
	h->head = r->next;
	if (!h->head)
		h->tail = NULL;
	if (h->edge_run == r)
		h->edge_run = NULL;
	if (h->read_run == r)
		h->read_run = NULL;
	h->unsent -= r->sent < r->len;
	h->cost -= r->cost;
	mem->held -= r->cost;
	mem->ref_put(r->ref);
	rs_pool_put(mem->runs, r);
}

bool dp_hold_ack(struct dp_hold *h, struct dp_hold_mem *mem, uint64_t to)
{
	bool known = to <= h->edge;
	if (!known)
		to = h->edge;
	if (to <= h->acked)
		return known;
	h->acked = to;
	while (h->head && run_end(h->head) <= to)
		drop_head(h, mem);
	return known;
}

void dp_hold_clear(struct dp_hold *h, struct dp_hold_mem *mem)
{
	while (h->head)
		drop_head(h, mem);
}
