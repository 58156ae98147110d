/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_record.h"

#include <string.h>

/* A note in a block: this head, never cut by a block's border (it begins the next block instead, and the few bytes
 * left are not used), then its bytes, which run on over as many blocks as they need. */
struct head {
	uint8_t kind, sub;
	uint16_t index;
	uint32_t len;
};

#define ROOM ((uint32_t)sizeof((struct ct_block *)0)->data)

static uint32_t room_left(const struct ct_notes *n)
{
	return n->last ? ROOM - n->last->used : 0;
}

/* A chain of `count` fresh blocks, or NULL and none taken. */
static struct ct_block *take_blocks(struct rs_pool *pool, uint32_t count)
{
	struct ct_block *chain = NULL;
	while (count--) {
		struct ct_block *b = rs_pool_get(pool);
		if (!b) {
			while (chain) {
				struct ct_block *next = chain->next;
				rs_pool_put(pool, chain);
				chain = next;
			}
			return NULL;
		}
		b->next = chain;
		b->used = 0;
		chain = b;
	}
	return chain;
}

/* Makes sure of `fresh` blocks behind the last one before anything is written: a note is kept whole or not at all. */
static bool reserve(struct ct_notes *n, struct rs_pool *pool, uint32_t max_blocks, uint64_t fresh)
{
	if (!fresh)
		return true;
	if (fresh > max_blocks || n->blocks > max_blocks - (uint32_t)fresh)
		return false;
	struct ct_block *chain = take_blocks(pool, (uint32_t)fresh);
	if (!chain)
		return false;
	if (n->last)
		n->last->next = chain;
	else
		n->first = n->last = chain;
	n->blocks += (uint32_t)fresh;
	return true;
}

static uint64_t blocks_for(uint64_t bytes)
{
	return (bytes + ROOM - 1) / ROOM;
}

/* Room was reserved. */
static void append(struct ct_notes *n, const void *p, size_t len)
{
	const uint8_t *from = p;
	while (len) {
		if (n->last->used == ROOM)
			n->last = n->last->next;
		size_t k = ROOM - n->last->used;
		if (k > len)
			k = len;
		memcpy(n->last->data + n->last->used, from, k);
		n->last->used += (uint32_t)k;
		from += k;
		len -= k;
	}
}

static bool lose(struct ct_notes *n)
{
	n->lost++;
	n->open = NULL;
	return false;
}

bool ct_note_put(struct ct_notes *n, struct rs_pool *blocks, uint32_t max_blocks, enum ct_note_kind kind, uint8_t sub,
		 uint16_t index, const void *p, size_t len)
{
	if (len > UINT32_MAX)
		return lose(n);
	struct head h = { .kind = (uint8_t)kind, .sub = sub, .index = index, .len = (uint32_t)len };
	uint32_t left = room_left(n);
	uint64_t want = sizeof h + (uint64_t)len;
	bool head_here = left >= sizeof h;
	uint64_t here = head_here ? left : 0;
	if (!reserve(n, blocks, max_blocks, want > here ? blocks_for(want - here) : 0))
		return lose(n);
	if (!head_here && n->last->used)
		n->last = n->last->next;
	n->open = n->last;
	n->open_at = n->last->used;
	append(n, &h, sizeof h);
	append(n, p, len);
	return true;
}

bool ct_note_more(struct ct_notes *n, struct rs_pool *blocks, uint32_t max_blocks, const void *p, size_t len)
{
	if (!n->open)
		return false;
	struct head h;
	memcpy(&h, n->open->data + n->open_at, sizeof h);
	uint32_t left = room_left(n);
	if (len > UINT32_MAX - h.len || !reserve(n, blocks, max_blocks, len > left ? blocks_for(len - left) : 0))
		return lose(n);
	append(n, p, len);
	h.len += (uint32_t)len;
	memcpy(n->open->data + n->open_at, &h, sizeof h);
	return true;
}

void ct_notes_free(struct ct_notes *n, struct rs_pool *blocks)
{
	for (struct ct_block *b = n->first; b;) {
		struct ct_block *next = b->next;
		rs_pool_put(blocks, b);
		b = next;
	}
	*n = (struct ct_notes){ 0 };
}

void ct_note_first(struct ct_note_iter *it, const struct ct_notes *n)
{
	*it = (struct ct_note_iter){ .block = n->first };
}

/* Passes up to len bytes of the note's body, copied to `to` where that is not NULL. */
static size_t read_body(struct ct_note_iter *it, uint8_t *to, size_t len)
{
	size_t done = 0;
	if (len > it->body)
		len = it->body;
	while (done < len) {
		if (it->pos == it->block->used) {
			it->block = it->block->next;
			it->pos = 0;
		}
		size_t k = it->block->used - it->pos;
		if (k > len - done)
			k = len - done;
		if (to)
			memcpy(to + done, it->block->data + it->pos, k);
		it->pos += (uint32_t)k;
		done += k;
	}
	it->body -= (uint32_t)done;
	return done;
}

bool ct_note_next(struct ct_note_iter *it, struct ct_note *note)
{
	read_body(it, NULL, it->body);
	while (it->block && it->pos == it->block->used) {
		it->block = it->block->next;
		it->pos = 0;
	}
	if (!it->block)
		return false;
	struct head h;
	memcpy(&h, it->block->data + it->pos, sizeof h);
	it->pos += (uint32_t)sizeof h;
	it->body = h.len;
	*note = (struct ct_note){ .kind = (enum ct_note_kind)h.kind, .sub = h.sub, .index = h.index, .len = h.len };
	return true;
}

size_t ct_note_copy(struct ct_note_iter *it, void *to, size_t size)
{
	return read_body(it, to, size);
}

const char *ct_verdict_name(enum ct_verdict v)
{
	switch (v) {
	case CT_CLEAN:
		return "clean";
	case CT_INFECTED:
		return "infected";
	case CT_SUSPICIOUS:
		return "suspicious";
	case CT_UNSCANNED:
		return "unscanned";
	case CT_VERDICT_MAX:
		break;
	}
	return "unknown";
}

const char *ct_reason_name(enum ct_reason r)
{
	switch (r) {
	case CT_REASON_NONE:
		return "";
	case CT_REASON_TLS:
		return "tls";
	case CT_REASON_OVERLOAD:
		return "overload";
	case CT_REASON_TIMEOUT:
		return "timeout";
	case CT_REASON_GAP:
		return "gap";
	case CT_REASON_MIDSTREAM:
		return "midstream";
	case CT_REASON_LIMIT:
		return "limit";
	case CT_REASON_MALFORMED:
		return "malformed";
	case CT_REASON_UNSUPPORTED:
		return "unsupported";
	case CT_REASON_ENCRYPTED_FILE:
		return "encrypted-file";
	case CT_REASON_MAX:
		break;
	}
	return "unknown";
}

const char *ct_action_name(enum ct_action a)
{
	switch (a) {
	case CT_ACT_NONE:
		return "none";
	case CT_ACT_ALERT:
		return "alert";
	case CT_ACT_REJECT:
		return "reject";
	case CT_ACT_DROP:
		return "drop";
	case CT_ACT_RESET:
		return "reset";
	case CT_ACT_TEMPFAIL:
		return "tempfail";
	case CT_ACT_PASS:
		return "pass";
	case CT_ACT_MAX:
		break;
	}
	return "unknown";
}
