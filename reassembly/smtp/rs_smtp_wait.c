/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp.h"

#include <assert.h>

#define PER_BLOCK ((RS_SMTP_BLOCK - sizeof(void *)) / sizeof(struct rs_smtp_owed))

struct chunk {
	struct chunk *next;
	struct rs_smtp_owed e[PER_BLOCK];
};
static_assert(sizeof(struct chunk) <= RS_SMTP_BLOCK, "a chunk is a block");
static_assert(PER_BLOCK <= UINT8_MAX, "from and to are bytes");

enum rs_smtp_push rs_smtp_wait_push(struct rs_smtp_wait *w, struct rs_pool *blocks, const struct rs_smtp_owed *e,
				    uint32_t max)
{
	if (w->lost || w->kept >= max) {
		if (w->lost < UINT32_MAX)
			w->lost++;
		return RS_PUSH_LIMIT;
	}
	if (!w->kept) {
		w->first = *e;
		w->inlined = true;
	} else {
		struct chunk *c = w->tail;
		if (!c || w->to == PER_BLOCK) {
			struct chunk *fresh = rs_pool_get(blocks);
			if (!fresh) {
				w->lost = 1;
				return RS_PUSH_NO_BLOCK;
			}
			fresh->next = NULL;
			if (c) {
				c->next = fresh;
			} else {
				w->head = fresh;
				w->from = 0;
			}
			w->tail = c = fresh;
			w->to = 0;
		}
		c->e[w->to++] = *e;
	}
	w->kept++;
	w->data += e->verb == RS_VERB_DATA;
	return RS_PUSH_OK;
}

uint32_t rs_smtp_wait_needs(const struct rs_smtp_wait *w)
{
	return w->kept && (!w->tail || w->to == PER_BLOCK);
}

struct rs_smtp_owed *rs_smtp_wait_head(struct rs_smtp_wait *w)
{
	if (w->inlined)
		return &w->first;
	struct chunk *c = w->head;
	return c ? &c->e[w->from] : NULL;
}

const struct rs_smtp_owed *rs_smtp_wait_peek(const struct rs_smtp_wait *w)
{
	const struct chunk *c = w->head;
	if (w->inlined)
		return &w->first;
	return c ? &c->e[w->from] : NULL;
}

struct rs_smtp_owed *rs_smtp_wait_tail(struct rs_smtp_wait *w)
{
	if (w->lost)
		return NULL;
	struct chunk *c = w->tail;
	if (c)
		return &c->e[w->to - 1];
	return w->inlined ? &w->first : NULL;
}

void rs_smtp_wait_pop(struct rs_smtp_wait *w, struct rs_pool *blocks)
{
	struct rs_smtp_owed *e = rs_smtp_wait_head(w);
	assert(e);
	w->kept--;
	w->data -= e->verb == RS_VERB_DATA;
	if (w->inlined) {
		w->inlined = false;
		return;
	}
	struct chunk *c = w->head;
	w->from++;
	if (c == w->tail ? w->from == w->to : w->from == PER_BLOCK) {
		w->head = c->next;
		w->from = 0;
		if (!w->head)
			w->tail = NULL;
		rs_pool_put(blocks, c);
	}
}

void rs_smtp_wait_clear(struct rs_smtp_wait *w, struct rs_pool *blocks)
{
	for (struct chunk *c = w->head, *next; c; c = next) {
		next = c->next;
		rs_pool_put(blocks, c);
	}
	*w = (struct rs_smtp_wait){ 0 };
}
