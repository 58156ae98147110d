/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp.h"

#include <assert.h>
#include <string.h>

#define PER_BLOCK ((RS_SMTP_BLOCK - 2 * sizeof(void *)) / sizeof(struct rs_smtp_tx))

struct chunk {
	struct chunk *next;
	uint32_t used; /* bit map */
	struct rs_smtp_tx tx[PER_BLOCK];
};
static_assert(sizeof(struct chunk) <= RS_SMTP_BLOCK, "a chunk is a block");
static_assert(PER_BLOCK < 32, "used is 32 bits");
static_assert(RS_SMTP_WAIT_MAX < 1u << 11, "owed is 11 bits");
static_assert(RS_SMTP_REFUSED_MAX / 8 == RS_SMTP_BLOCK, "a bit map is a block");

#define ALL ((1u << PER_BLOCK) - 1)

static struct rs_smtp_tx *room(struct rs_smtp_txs *t, struct rs_pool *blocks)
{
	if (!t->first.used)
		return &t->first;
	struct chunk *c = t->blocks;
	while (c && c->used == ALL)
		c = c->next;
	if (!c) {
		c = rs_pool_get(blocks);
		if (!c)
			return NULL;
		c->next = t->blocks;
		c->used = 0;
		t->blocks = c;
	}
	unsigned free = (unsigned)__builtin_ctz(~c->used);
	c->used |= 1u << free;
	return &c->tx[free];
}

struct rs_smtp_tx *rs_smtp_txs_add(struct rs_smtp_txs *t, struct rs_pool *blocks, uint32_t n)
{
	struct rs_smtp_tx *tx = room(t, blocks);
	if (!tx)
		return NULL;
	*tx = (struct rs_smtp_tx){ .n = n, .used = 1 };
	if (t->newest)
		t->newest->next = tx;
	else
		t->open = tx;
	t->newest = tx;
	return tx;
}

uint32_t rs_smtp_txs_needs(const struct rs_smtp_txs *t)
{
	if (!t->first.used)
		return 0;
	for (const struct chunk *c = t->blocks; c; c = c->next)
		if (c->used != ALL)
			return 0;
	return 1;
}

struct rs_smtp_tx *rs_smtp_txs_find(const struct rs_smtp_txs *t, uint32_t n)
{
	struct rs_smtp_tx *tx = t->open;
	while (tx && tx->n < n)
		tx = tx->next;
	return tx && tx->n == n ? tx : NULL;
}

void rs_smtp_txs_remove(struct rs_smtp_txs *t, struct rs_pool *blocks, struct rs_smtp_tx *tx)
{
	struct rs_smtp_tx *older = NULL;
	for (struct rs_smtp_tx *at = t->open; at != tx; at = at->next)
		older = at;
	if (older)
		older->next = tx->next;
	else
		t->open = tx->next;
	if (t->newest == tx)
		t->newest = older;
	rs_pool_put(blocks, tx->refused);
	if (tx == &t->first) {
		tx->used = 0;
		return;
	}
	struct chunk **c = (struct chunk **)&t->blocks;
	while (tx < (*c)->tx || tx >= (*c)->tx + PER_BLOCK)
		c = &(*c)->next;
	(*c)->used &= ~(1u << (tx - (*c)->tx));
	if (!(*c)->used) {
		struct chunk *empty = *c;
		*c = empty->next;
		rs_pool_put(blocks, empty);
	}
}

bool rs_smtp_tx_refuse(struct rs_smtp_tx *tx, struct rs_pool *blocks, uint32_t i)
{
	if (i >= RS_SMTP_REFUSED_MAX)
		return true;
	if (!tx->refused) {
		tx->refused = rs_pool_get(blocks);
		if (!tx->refused)
			return false;
		memset(tx->refused, 0, RS_SMTP_BLOCK);
	}
	tx->refused[i / 8] |= (uint8_t)(1u << i % 8);
	return true;
}

uint32_t rs_smtp_tx_accepted(const struct rs_smtp_tx *tx, uint32_t i)
{
	if (tx->refused)
		while (i < tx->rcpts && i < RS_SMTP_REFUSED_MAX && (tx->refused[i / 8] >> i % 8 & 1))
			i++;
	return i < tx->rcpts ? i : tx->rcpts;
}
