/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_order.h"

#include <errno.h>
#include <stdlib.h>

static bool before(const struct ct_item *a, const struct ct_item *b)
{
	if (a->seq != b->seq)
		return a->seq < b->seq;
	if (a->first_seq != b->first_seq)
		return a->first_seq < b->first_seq;
	return a->n < b->n;
}

void ct_order_init(struct ct_order *o)
{
	*o = (struct ct_order){ 0 };
}

int ct_order_push(struct ct_order *o, struct ct_item *item)
{
	if (o->n == o->size) {
		size_t size = o->size ? o->size * 2 : 64;
		struct ct_item **heap = realloc(o->heap, size * sizeof(*heap));
		if (!heap)
			return -ENOMEM;
		o->heap = heap;
		o->size = size;
	}
	size_t i = o->n++;
	for (; i && before(item, o->heap[(i - 1) / 2]); i = (i - 1) / 2)
		o->heap[i] = o->heap[(i - 1) / 2];
	o->heap[i] = item;
	return 0;
}

/* The hole at the top is filled from the smaller child downwards, until the item that was last fits. */
static void sift_down(struct ct_order *o, struct ct_item *item)
{
	size_t i = 0;
	for (;;) {
		size_t child = 2 * i + 1;
		if (child >= o->n)
			break;
		if (child + 1 < o->n && before(o->heap[child + 1], o->heap[child]))
			child++;
		if (!before(o->heap[child], item))
			break;
		o->heap[i] = o->heap[child];
		i = child;
	}
	o->heap[i] = item;
}

struct ct_item *ct_order_pop(struct ct_order *o, uint64_t watermark)
{
	if (!o->n || o->heap[0]->seq > watermark)
		return NULL;
	struct ct_item *top = o->heap[0];
	struct ct_item *last = o->heap[--o->n];
	if (o->n)
		sift_down(o, last);
	return top;
}

void ct_order_free(struct ct_order *o)
{
	for (size_t i = 0; i < o->n; i++)
		ct_item_free(o->heap[i]);
	free(o->heap);
	ct_order_init(o);
}
