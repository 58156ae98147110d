/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_dialogue.h"

void rs_smtp_hold(struct rs_smtp *s, bool on)
{
	s->hold = on;
}

void rs_smtp_halt(struct rs_smtp *s)
{
	s->stop |= RS_STOP_HALT;
}

void rs_smtp_resume(struct rs_smtp *s)
{
	s->stop &= (uint8_t)~RS_STOP_HALT;
}

bool rs_smtp_halted(const struct rs_smtp *s)
{
	return s->stop;
}

uint64_t rs_smtp_position(const struct rs_smtp *s)
{
	return s->position;
}

bool rs_smtp_chunk_answered(struct rs_smtp *s)
{
	const struct rs_smtp_owed *newest = rs_smtp_wait_tail(&s->wait);
	return s->mode == RS_MODE_CHUNK && s->chunk && !(newest && newest->at > s->position);
}

bool rs_smtp_chunking(const struct rs_smtp *s)
{
	return s->chunking;
}

bool rs_smtp_pipelining(const struct rs_smtp *s)
{
	return s->pipelining;
}

void rs_smtp_wait_on(struct rs_smtp *s)
{
	if (s->hold && s->wait.kept)
		s->stop |= RS_STOP_WAIT;
}

void rs_smtp_lift(struct rs_smtp *s)
{
	s->stop &= (uint8_t)~RS_STOP_FULL;
	if (!s->wait.kept || s->ask_credentials)
		s->stop &= (uint8_t)~RS_STOP_WAIT;
}

bool rs_smtp_has_room(const struct rs_smtp *s)
{
	uint32_t max = s->seen_server ? RS_SMTP_WAIT_MAX : RS_SMTP_WAIT_UNHEARD;
	if (!s->wait.kept)
		return true;
	if (s->wait.kept >= max)
		return false;
	/* The line itself may have to be kept first, and then the server's. */
	uint32_t needs = rs_smtp_wait_needs(&s->wait) + rs_smtp_txs_needs(&s->txs) + !s->line[RS_SMTP_CLIENT].block +
			 !s->line[RS_SMTP_SERVER].block;
	return needs <= s->blocks->size - s->blocks->used;
}

void rs_smtp_tell_end(struct rs_smtp *s, const struct rs_smtp_tx *tx, uint64_t safe, bool certain)
{
	if (!s->hold)
		return;
	struct rs_smtp_end_at e = { .safe = safe, .at = s->position, .certain = certain };
	s->ops->end(s->arg, tx->handle, &e);
}

void rs_smtp_astray(struct rs_smtp *s)
{
	if (s->hold)
		s->ops->astray(s->arg);
}

bool rs_smtp_owed_first(const struct rs_smtp *s, struct rs_smtp_owed_view *v)
{
	const struct rs_smtp_owed *e = rs_smtp_wait_peek(&s->wait);
	if (!e)
		return false;
	const struct rs_smtp_tx *tx = e->tx == RS_SMTP_NO_TX ? NULL : rs_smtp_txs_find(&s->txs, e->tx);
	*v = (struct rs_smtp_owed_view){ .verb = (enum rs_smtp_verb)e->verb, .last = e->last, .at = e->at };
	if (tx)
		v->tx = tx->handle;
	if (e->verb == RS_VERB_RCPT || e->verb == RS_VERB_UNKNOWN)
		v->i = e->i;
	if (e->verb == RS_VERB_CONTENT && tx && s->lmtp) {
		uint32_t i = rs_smtp_tx_accepted(tx, e->i);
		v->i = i < tx->rcpts ? i : 0;
	}
	return true;
}
