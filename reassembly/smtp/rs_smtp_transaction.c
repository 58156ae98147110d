/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_dialogue.h"

bool rs_smtp_tx_forming(const struct rs_smtp_tx *tx)
{
	return !(tx->flags & (RS_TX_DONE | RS_TX_DROP));
}

struct rs_smtp_tx *rs_smtp_tx_current(struct rs_smtp *s)
{
	/* The oldest, because servers refuse a MAIL inside a transaction: a recipient given while such a MAIL is
	 * unanswered belongs to the outer one. But a RSET on the way counts as done, and so does what may have been lost. */
	struct rs_smtp_tx *current = NULL;
	for (struct rs_smtp_tx *tx = s->txs.open; tx; tx = tx->next) {
		if (!rs_smtp_tx_forming(tx))
			continue;
		if (tx->n >= s->barrier && tx->n >= s->torn_below)
			return tx;
		if (!current || (current->n < s->barrier && tx->n >= s->barrier))
			current = tx;
	}
	return current;
}

void rs_smtp_tx_revive(struct rs_smtp_tx *tx)
{
	tx->flags &= ~(uint32_t)(RS_TX_MAIL_REFUSED | RS_TX_DROP | RS_TX_STRAY);
	tx->code = 0;
}

/* Nobody answers: what is open will not be heard of again when the next transaction begins. */
static void close_unheard(struct rs_smtp *s)
{
	for (struct rs_smtp_tx *tx = s->txs.open, *next; tx; tx = next) {
		next = tx->next;
		if (rs_smtp_strict_is_of(s, tx))
			continue;
		tx->owed = 0;
		if (tx->flags & RS_TX_DONE)
			rs_smtp_tx_end(s, tx, RS_OUT_UNKNOWN, NULL);
		else
			rs_smtp_tx_give_up(s, tx, NULL);
	}
}

struct rs_smtp_tx *rs_smtp_tx_begin(struct rs_smtp *s)
{
	if (!s->seen_server && !s->hold)
		close_unheard(s);
	struct rs_smtp_tx *tx = rs_smtp_txs_add(&s->txs, s->blocks, s->next_tx);
	if (!tx) {
		/* One that waits for its reply makes room: its outcome stays unknown. */
		rs_smtp_tell(s, RS_SMTP_BLOCK_LIMIT);
		rs_smtp_tx_end(s, s->txs.open, RS_OUT_UNKNOWN, NULL);
		tx = rs_smtp_txs_add(&s->txs, s->blocks, s->next_tx);
	}
	s->told = 0;
	s->missed = false;
	tx->handle = s->ops->tx_begin(s->arg, s->next_tx++);
	return tx;
}

struct rs_smtp_tx *rs_smtp_tx_begin_bare(struct rs_smtp *s)
{
	const bool unseen = s->missed;
	s->body = unseen ? rs_smtp_tx_begin_unseen(s) : rs_smtp_tx_begin(s);
	if (!unseen)
		rs_smtp_tell(s, RS_SMTP_NO_MAIL);
	return s->body;
}

struct rs_smtp_tx *rs_smtp_tx_begin_unseen(struct rs_smtp *s)
{
	struct rs_smtp_tx *tx = rs_smtp_tx_begin(s);
	tx->flags |= RS_TX_NO_MAIL | RS_TX_UNHEARD;
	s->untold = false;
	s->ops->unread(s->arg, tx->handle);
	return tx;
}

void rs_smtp_tx_end(struct rs_smtp *s, struct rs_smtp_tx *tx, enum rs_smtp_outcome out, const struct rs_smtp_reply *r)
{
	rs_smtp_content_close(s, tx, RS_END_ABORTED);
	if (s->body == tx)
		s->body = NULL;
	if (!s->hold)
		rs_smtp_strict_tx_ends(s, tx, r);
	s->ops->tx_end(s->arg, tx->handle, out, r);
	rs_smtp_txs_remove(&s->txs, s->blocks, tx);
}

static void end_given_up(struct rs_smtp *s, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r)
{
	if (tx->flags & RS_TX_STRAY) {
		rs_smtp_tx_end(s, tx, RS_OUT_UNKNOWN, NULL);
	} else if (tx->code) {
		struct rs_smtp_reply earlier = { .code = tx->code, .text = (const uint8_t *)"" };
		bool decides = r && r->code >= 400;
		rs_smtp_tx_end(s, tx, RS_OUT_REJECTED, decides ? r : &earlier);
	} else {
		rs_smtp_tx_end(s, tx, RS_OUT_ABANDONED, r);
	}
}

void rs_smtp_tx_give_up(struct rs_smtp *s, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r)
{
	if (tx->owed)
		tx->flags |= RS_TX_DROP;
	else
		end_given_up(s, tx, r);
}

void rs_smtp_tx_reset(struct rs_smtp *s, uint32_t n, const struct rs_smtp_reply *r)
{
	for (struct rs_smtp_tx *tx = s->txs.open, *next; tx && tx->n < n; tx = next) {
		next = tx->next;
		if (rs_smtp_tx_forming(tx))
			rs_smtp_tx_give_up(s, tx, r);
	}
}

void rs_smtp_tx_settle(struct rs_smtp *s, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r)
{
	if (tx->owed || (tx == s->body && s->mode != RS_MODE_COMMAND))
		return;
	if (tx->flags & RS_TX_DROP)
		end_given_up(s, tx, r);
	else if (tx->flags & RS_TX_MAIL_REFUSED && rs_smtp_tx_forming(tx))
		end_given_up(s, tx, r);
}

void rs_smtp_tx_lose(struct rs_smtp *s)
{
	for (struct rs_smtp_tx *tx = s->txs.open, *next; tx; tx = next) {
		next = tx->next;
		if (!rs_smtp_tx_forming(tx))
			continue;
		s->ops->unread(s->arg, tx->handle);
		rs_smtp_tx_end(s, tx, RS_OUT_UNKNOWN, NULL);
	}
}
