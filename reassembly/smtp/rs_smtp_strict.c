/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_dialogue.h"

#include <assert.h>

struct strict {
	struct rs_smtp_eod eod;
	uint32_t tx; /* number of the transaction whose content it is */
	bool whole; /* CRLF "." CRLF has come */
	bool answered; /* and then one reply */
};
static_assert(sizeof(struct strict) <= RS_SMTP_BLOCK, "it is a block");

static void drop(struct rs_smtp *s)
{
	rs_pool_put(s->blocks, s->strict);
	s->strict = NULL;
	s->cr_lines = false;
}

static void emit(struct rs_smtp *s, void *handle, const uint8_t *p, size_t n)
{
	if (n)
		s->ops->strict(s->arg, handle, p, n);
}

bool rs_smtp_strict_begin(struct rs_smtp *s)
{
	const struct rs_smtp_eod *e = &s->eod;
	if (s->hold || s->strict || !s->ops->strict_begin)
		return false;
	struct strict *t = rs_pool_get(s->blocks);
	if (!t)
		return false;
	if (!s->ops->strict_begin(s->arg, s->body->handle)) {
		rs_pool_put(s->blocks, t);
		return false;
	}
	*t = (struct strict){ .tx = s->body->n };
	rs_smtp_eod_begin(&t->eod, true, true);
	t->eod.state = e->before;
	s->strict = t;
	/* To a server that took it, lines end at CR. */
	s->cr_lines = e->before == RS_EOD_CR || (e->n_dot && e->held[e->n_dot - 1] == '\r');
	rs_smtp_strict_feed(s, e->held, e->n_held);
	return true;
}

void rs_smtp_strict_feed(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	struct strict *t = s->strict;
	if (!t || t->whole)
		return;
	void *handle = rs_smtp_txs_find(&s->txs, t->tx)->handle;
	for (size_t at = 0; at < n && !t->whole;) {
		struct rs_smtp_eod_step out;
		at += rs_smtp_eod_step(&t->eod, p + at, n - at, &out);
		emit(s, handle, out.held, out.held_len);
		emit(s, handle, out.span, out.span_len);
		t->whole = out.found == RS_EOD_END;
	}
	if (!t->whole)
		return;
	s->cr_lines = false;
	s->ops->strict_end(s->arg, handle, RS_END_DOT);
}

bool rs_smtp_strict_is_of(const struct rs_smtp *s, const struct rs_smtp_tx *tx)
{
	const struct strict *t = s->strict;
	return t && t->tx == tx->n && !t->whole;
}

void rs_smtp_strict_tx_ends(struct rs_smtp *s, const struct rs_smtp_tx *tx, bool answered)
{
	struct strict *t = s->strict;
	if (!t || t->tx != tx->n)
		return;
	if (!t->whole)
		s->ops->strict_end(s->arg, tx->handle, answered ? RS_END_BY_REPLY : RS_END_ABORTED);
	t->answered = t->whole && answered;
	if (!t->answered)
		drop(s);
}

void rs_smtp_strict_missing(struct rs_smtp *s)
{
	struct strict *t = s->strict;
	if (!t)
		return;
	if (!t->whole)
		s->ops->strict_end(s->arg, rs_smtp_txs_find(&s->txs, t->tx)->handle, RS_END_ABORTED);
	drop(s);
}

void rs_smtp_strict_reply(struct rs_smtp *s)
{
	const struct strict *t = s->strict;
	if (t && t->answered)
		drop(s);
}

void rs_smtp_strict_client(struct rs_smtp *s)
{
	const struct strict *t = s->strict;
	if (!t || !t->whole)
		return;
	const bool answered = t->answered;
	drop(s);
	if (!answered)
		return;
	/* What was read as commands is owed no replies, and what it began was never a message. */
	rs_smtp_wait_clear(&s->wait, s->blocks);
	for (struct rs_smtp_tx *tx = s->txs.open, *next; tx; tx = next) {
		next = tx->next;
		tx->owed = 0;
		rs_smtp_tx_end(s, tx, RS_OUT_UNKNOWN, NULL);
	}
	rs_smtp_line_done(&s->line[RS_SMTP_CLIENT], s->blocks, true);
	s->mode = RS_MODE_COMMAND;
	s->body = NULL;
	s->barrier = 0;
	s->greeting = s->auth = s->ask_credentials = s->starttls = s->skip_line = s->chunk_refused = false;
}
