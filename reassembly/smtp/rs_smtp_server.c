/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_dialogue.h"

#include <string.h>
#include <strings.h>

static bool positive(uint16_t code)
{
	return code / 100 == 2;
}

static bool negative(uint16_t code)
{
	return code >= 400;
}

static void pop(struct rs_smtp *s, struct rs_smtp_owed *e, struct rs_smtp_tx **tx)
{
	*e = *rs_smtp_wait_head(&s->wait);
	rs_smtp_wait_pop(&s->wait, s->blocks);
	*tx = e->tx == RS_SMTP_NO_TX ? NULL : rs_smtp_txs_find(&s->txs, e->tx);
	if (*tx)
		(*tx)->owed--;
}

static void hand_out(struct rs_smtp *s, const struct rs_smtp_tx *tx, enum rs_smtp_verb verb, uint32_t i,
		     const struct rs_smtp_reply *r)
{
	if (tx)
		s->ops->reply(s->arg, tx->handle, verb, i, r);
}

/* MAIL was accepted. Inside another transaction that means that the server gave up the outer one, unless the
 * outer one has got commands since: then that one is taken to go on, and no recipient goes missing. */
static void on_mail_accepted(struct rs_smtp *s, struct rs_smtp_tx *mail, const struct rs_smtp_reply *r)
{
	bool late = false;
	for (struct rs_smtp_tx *tx = s->txs.open, *next; tx != mail; tx = next) {
		next = tx->next;
		if (!rs_smtp_tx_forming(tx))
			continue;
		if (tx->bound > mail->n) {
			late = true;
			continue;
		}
		if (tx->flags & RS_TX_TORN)
			tx->flags |= RS_TX_STRAY;
		rs_smtp_tx_give_up(s, tx, r);
	}
	if (late)
		rs_smtp_tx_give_up(s, mail, r);
}

static void on_mail(struct rs_smtp *s, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r)
{
	if (!tx)
		return;
	tx->flags &= ~(uint32_t)RS_TX_MAIL_OWED;
	hand_out(s, tx, RS_VERB_MAIL, 0, r);
	if (!rs_smtp_tx_forming(tx)) {
		rs_smtp_tx_settle(s, tx, r);
	} else if (positive(r->code)) {
		on_mail_accepted(s, tx, r);
	} else if (!tx->owed && tx != s->body) {
		rs_smtp_tx_end(s, tx, negative(r->code) ? RS_OUT_REJECTED : RS_OUT_UNKNOWN, r);
	} else {
		tx->flags |= RS_TX_MAIL_REFUSED;
		tx->code = r->code;
	}
}

static void on_rcpt(struct rs_smtp *s, struct rs_smtp_tx *tx, uint32_t i, const struct rs_smtp_reply *r)
{
	if (!tx)
		return;
	hand_out(s, tx, RS_VERB_RCPT, i, r);
	if (positive(r->code)) {
		if (!(tx->flags & RS_TX_DROP))
			rs_smtp_tx_revive(tx);
	} else if (s->lmtp && !rs_smtp_tx_refuse(tx, s->blocks, i)) {
		rs_smtp_tell(s, RS_SMTP_BLOCK_LIMIT);
	}
	rs_smtp_tx_settle(s, tx, r);
}

/* Content that was refused ends its transaction. */
static void end_refused(struct rs_smtp *s, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r)
{
	if (!tx->owed) {
		rs_smtp_tx_end(s, tx, negative(r->code) ? RS_OUT_REJECTED : RS_OUT_UNKNOWN, r);
		return;
	}
	tx->flags |= RS_TX_DROP;
	if (negative(r->code))
		tx->code = r->code;
	else
		tx->flags |= RS_TX_STRAY;
	if (s->body == tx)
		s->body = NULL;
}

/* The content of this DATA was sent whole before the answer: what it said to the server were commands. */
static void on_data_refused_after(struct rs_smtp *s, struct rs_smtp_tx *tx, struct rs_smtp_owed *content,
				  const struct rs_smtp_reply *r)
{
	content->verb = RS_VERB_UNKNOWN;
	content->tx = RS_SMTP_NO_TX;
	content->i = content->i ? content->i - 1 : 0;
	if (!tx)
		return;
	tx->owed--;
	end_refused(s, tx, r);
}

static void on_data_refused(struct rs_smtp *s, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r)
{
	bool fed = s->fed;
	uint32_t lines = rs_smtp_content_refused(s);
	s->doubtful = s->unsure && !s->hold;
	s->text_refused = !fed && !s->hold;
	if (lines)
		rs_smtp_owe(s, NULL, RS_VERB_UNKNOWN, lines - 1, false);
	if (!tx)
		return;
	if (fed) {
		end_refused(s, tx, r);
		return;
	}
	/* The server may go on with the transaction, and take more recipients and another DATA. */
	if (negative(r->code))
		tx->code = r->code;
	rs_smtp_tx_settle(s, tx, r);
}

/* RFC 5321 4.2.1. */
static bool is_known(uint16_t code)
{
	return code >= 200 && code <= 599;
}

/* DATA is answered 3xx, 4xx or 5xx. There are clients that take whatever is below 400 for a yes, and servers that mean it so. */
static bool is_vague(const struct rs_smtp *s, const struct rs_smtp_reply *r)
{
	return !s->hold && (positive(r->code) || !is_known(r->code));
}

/* DATA, of which no content came so far, was answered neither yes nor no. What comes next tells. */
static void on_data_vague(struct rs_smtp *s, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r)
{
	hand_out(s, tx, RS_VERB_DATA, 0, r);
	s->answer = RS_ANSWER_GO;
	s->either = s->vague = true;
}

/* tx may have ended, and yet its DATA is answered. */
static void on_data(struct rs_smtp *s, const struct rs_smtp_owed *e, struct rs_smtp_tx *tx,
		    const struct rs_smtp_reply *r)
{
	const bool vague = is_vague(s, r), go = r->code / 100 == 3 || vague;
	struct rs_smtp_owed *next = rs_smtp_wait_head(&s->wait);
	if (vague && is_known(r->code))
		rs_smtp_tell(s, RS_SMTP_REPLY_UNEXPECTED);
	if (next && next->verb == RS_VERB_CONTENT && next->tx == e->tx && !next->last) {
		hand_out(s, tx, RS_VERB_DATA, 0, r);
		if (!go) {
			on_data_refused_after(s, tx, next, r);
		} else {
			next->i = 0;
			if (tx)
				rs_smtp_tx_revive(tx);
		}
		return;
	}
	/* The content under way belongs to the newest DATA. */
	if (s->mode != RS_MODE_DATA || s->answer != RS_ANSWER_OWED || s->wait.data)
		return;
	if (!go) {
		hand_out(s, tx, RS_VERB_DATA, 0, r);
		on_data_refused(s, tx, r);
		return;
	}
	if (vague && !s->fed) {
		on_data_vague(s, tx, r);
		return;
	}
	s->answer = RS_ANSWER_GO;
	if (!s->body) {
		rs_smtp_tx_begin_bare(s);
		/* What came of it went to the transaction that a refused chunk has ended. */
		if (s->fed)
			s->ops->unread(s->arg, s->body->handle);
	}
	hand_out(s, s->body, RS_VERB_DATA, 0, r);
	rs_smtp_tx_revive(s->body);
	rs_smtp_content_open(s);
	/* It was asked for more than once: between were commands, perhaps. */
	if (s->vague && s->fed)
		s->ops->unread(s->arg, s->body->handle);
	s->vague = vague;
}

/* Hold: the answer to a BDAT line whose chunk was not read yet. */
static void on_chunk_asked(struct rs_smtp *s, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r)
{
	hand_out(s, tx, RS_VERB_BDAT, 0, r);
	if (negative(r->code)) {
		if (tx) {
			tx->code = r->code;
			rs_smtp_tx_settle(s, tx, r);
		}
		return;
	}
	if (tx)
		s->body = tx;
	rs_smtp_content_open(s);
	if (r->code / 100 == 3) {
		rs_smtp_owe_chunk(s, s->body, s->chunk_last ? RS_VERB_CONTENT : RS_VERB_BDAT, s->chunk_last, s->chunk);
	} else {
		s->unsure = true;
		if (s->chunk_last)
			s->body->flags |= RS_TX_DEAF;
	}
	rs_smtp_tx_revive(s->body);
	s->stop &= (uint8_t)~RS_STOP_WAIT;
	rs_smtp_content_expect_chunk(s);
}

/* The server took a chunk of which nobody here knew that it is one, or how long. */
static void on_chunk_unread(struct rs_smtp *s, const struct rs_smtp_owed *e, const struct rs_smtp_reply *r)
{
	struct rs_smtp_tx *ends = e->i && !s->hold ? rs_smtp_txs_find(&s->txs, e->i - 1) : NULL;
	const struct rs_smtp_tx *tx = ends ? ends : rs_smtp_tx_current(s);
	s->ops->unread(s->arg, tx ? tx->handle : NULL);
	rs_smtp_astray(s);
	if (!ends)
		return;
	/* What was sent behind before the answer was given to this one, and may be another's. */
	if (s->wait.kept)
		for (const struct rs_smtp_tx *later = ends->next; later; later = later->next)
			s->ops->unread(s->arg, later->handle);
	if (ends->flags & RS_TX_DONE)
		return;
	rs_smtp_content_close(s, ends, RS_END_BY_REPLY);
	hand_out(s, ends, RS_VERB_CONTENT, 0, r);
	rs_smtp_tx_end(s, ends, RS_OUT_ACCEPTED, r);
}

/* A server refused a chunk that it could not count: it does not take its bytes. */
static void on_wrapped_refused(struct rs_smtp *s)
{
	if (s->mode == RS_MODE_CHUNK && s->chunk_wraps)
		s->mode = RS_MODE_COMMAND;
	s->chunk_wraps = false;
}

static void on_chunk(struct rs_smtp *s, const struct rs_smtp_owed *e, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r)
{
	/* Nothing was read behind its line, so its answer is the last that is owed. */
	if (s->chunk_asked && !s->wait.kept) {
		s->chunk_asked = false;
		on_chunk_asked(s, tx, r);
		return;
	}
	if (!tx) {
		/* Of a transaction that has ended since, its bytes were read. */
		if (e->tx == RS_SMTP_NO_TX && positive(r->code))
			on_chunk_unread(s, e, r);
		return;
	}
	hand_out(s, tx, RS_VERB_BDAT, 0, r);
	if (positive(r->code)) {
		if (!(tx->flags & RS_TX_DROP))
			rs_smtp_tx_revive(tx);
		rs_smtp_tx_settle(s, tx, r);
		return;
	}
	if (tx->flags & RS_TX_OPEN) {
		s->chunk_refused = !s->chunk_wraps;
		rs_smtp_content_close(s, tx, RS_END_REFUSED);
	}
	on_wrapped_refused(s);
	end_refused(s, tx, r);
}

/* The server answered BDAT LAST before the chunk was whole. */
static void on_last_early(struct rs_smtp *s, struct rs_smtp_tx *tx, const struct rs_smtp_reply *r)
{
	rs_smtp_content_close(s, tx, positive(r->code) ? RS_END_BY_REPLY : RS_END_REFUSED);
	if (s->body == tx) {
		if (!positive(r->code))
			on_wrapped_refused(s);
		s->body = NULL;
	}
}

/* The outcome, and true; LMTP: false while further recipients' answers are to come. */
static bool on_content(struct rs_smtp *s, struct rs_smtp_owed *head, const struct rs_smtp_reply *r)
{
	struct rs_smtp_tx *tx = rs_smtp_txs_find(&s->txs, head->tx);
	uint32_t i = 0;
	bool more = false;
	if (tx && s->lmtp) {
		/* RFC 2033 4.2: one reply for each recipient that was accepted, in their order. */
		i = rs_smtp_tx_accepted(tx, head->i);
		more = i < tx->rcpts && rs_smtp_tx_accepted(tx, i + 1) < tx->rcpts;
		head->i = i + 1;
		if (i == tx->rcpts)
			i = 0;
	}
	struct rs_smtp_owed e = *head;
	if (!more)
		pop(s, &e, &tx);
	if (!tx)
		return true;
	on_last_early(s, tx, r);
	hand_out(s, tx, RS_VERB_CONTENT, i, r);
	if (positive(r->code) && !positive(tx->code))
		tx->code = r->code;
	if (more)
		return false;
	enum rs_smtp_outcome out = positive(tx->code)  ? RS_OUT_ACCEPTED
				   : negative(r->code) ? RS_OUT_REJECTED
						       : RS_OUT_UNKNOWN;
	struct rs_smtp_reply first = { .code = tx->code, .text = (const uint8_t *)"" };
	rs_smtp_tx_end(s, tx, out, out == RS_OUT_ACCEPTED && !positive(r->code) ? &first : r);
	return true;
}

void rs_smtp_content_settle(struct rs_smtp *s)
{
	struct rs_smtp_owed *head = rs_smtp_wait_head(&s->wait), e;
	struct rs_smtp_tx *tx = head && head->verb == RS_VERB_CONTENT && head->i ? rs_smtp_txs_find(&s->txs, head->tx) : NULL;
	if (!tx || !(tx->flags & (RS_TX_UNHEARD | RS_TX_TORN)))
		return;
	pop(s, &e, &tx);
	const bool yes = positive(tx->code);
	struct rs_smtp_reply first = { .code = tx->code, .text = (const uint8_t *)"" };
	rs_smtp_tx_end(s, tx, yes ? RS_OUT_ACCEPTED : RS_OUT_UNKNOWN, yes ? &first : NULL);
}

static void on_reset(struct rs_smtp *s, const struct rs_smtp_owed *e, const struct rs_smtp_reply *r)
{
	if (s->barrier == e->i)
		s->barrier = 0;
	s->greeting &= e->verb != RS_VERB_EHLO && e->verb != RS_VERB_HELO && e->verb != RS_VERB_LHLO;
	if (e->verb == RS_VERB_XCLIENT && negative(r->code))
		s->ops->via(s->arg, RS_VIA_XCLIENT, NULL, 0);
	/* No server refuses RSET: that was to something which went unseen. */
	if (!positive(r->code) && !(s->unsure && e->verb == RS_VERB_RSET))
		return;
	rs_smtp_tx_reset(s, e->i, r);
	if (e->verb == RS_VERB_EHLO || e->verb == RS_VERB_HELO || e->verb == RS_VERB_LHLO)
		s->lmtp = e->verb == RS_VERB_LHLO;
	if (e->verb != RS_VERB_STARTTLS)
		return;
	s->starttls = true;
	s->chunking = s->pipelining = false;
	/* Commands behind STARTTLS in clear: a server that keeps them over the handshake is fooled (RFC 3207 6). */
	if (s->wait.kept || s->line[RS_SMTP_CLIENT].len)
		rs_smtp_tell(s, RS_SMTP_CLEAR_AFTER_STARTTLS);
}

static void on_turn(struct rs_smtp *s, const struct rs_smtp_reply *r)
{
	s->turned = positive(r->code);
	if (!s->turned || s->hold)
		return;
	rs_smtp_tell(s, RS_SMTP_TURN);
	s->ops->turn(s->arg, s->position);
}

/* True: the exchange goes on. */
static bool on_auth(struct rs_smtp *s, const struct rs_smtp_reply *r)
{
	struct rs_smtp_owed *head = rs_smtp_wait_head(&s->wait);
	if (r->code / 100 == 3) {
		if (s->credentials)
			s->credentials--;
		else
			s->ask_credentials = true;
		return true;
	}
	s->ask_credentials = false;
	if (s->wait.kept == 1)
		s->auth = false;
	if (!s->credentials)
		return false;
	/* Sent before they were asked for, and never were: the server takes each for a command. */
	head->verb = RS_VERB_UNKNOWN;
	head->i = s->credentials - 1u;
	s->credentials = 0;
	return true;
}

/* The server closes the connection (RFC 5321 3.8): nothing that is unanswered will be accepted. */
static void on_closing(struct rs_smtp *s, const struct rs_smtp_reply *r)
{
	if (s->body)
		rs_smtp_content_close(s, s->body, s->answer == RS_ANSWER_GO ? RS_END_BY_REPLY : RS_END_REFUSED);
	while (s->txs.open)
		rs_smtp_tx_end(s, s->txs.open, RS_OUT_REJECTED, r);
	rs_smtp_wait_clear(&s->wait, s->blocks);
	if (s->mode == RS_MODE_DATA)
		s->mode = RS_MODE_COMMAND;
	s->barrier = 0;
	s->auth = s->ask_credentials = false;
	s->chunk_asked = false;
	s->lost_client = true;
	s->unsure = true;
}

/* 354: what the client sends next is content, whatever its command looked like here. */
static void on_go_unasked(struct rs_smtp *s, const struct rs_smtp_reply *r)
{
	struct rs_smtp_owed e;
	struct rs_smtp_tx *tx;
	if (rs_smtp_wait_head(&s->wait)) {
		pop(s, &e, &tx);
		if (tx)
			rs_smtp_tx_settle(s, tx, NULL);
	} else if (s->wait.lost) {
		s->wait.lost--;
	}
	if (!s->unsure && s->seen_client)
		rs_smtp_tell(s, RS_SMTP_REPLY_UNEXPECTED);
	rs_smtp_line_done(&s->line[RS_SMTP_CLIENT], s->blocks, true);
	/* Nor is what began like a load balancer's header: nothing of it is put before what comes behind the content. */
	s->preface.state = RS_PREFACE_NONE;
	s->skip_line = false;
	s->lost_client = false;
	s->auth = false;
	s->chunk_asked = false;
	/* No DATA comes between chunks: their message has ended unseen. */
	if (s->body && !s->hold)
		rs_smtp_tx_lose(s);
	rs_smtp_content_expect(s, s->body ? s->body : rs_smtp_tx_current(s), RS_ANSWER_GO, true);
	if (!s->hold)
		s->asked_ahead = s->ahead;
	s->unowed = 0;
	/* The client's side is lost so far, or is not in the capture. */
	s->missed |= !s->seen_client;
	if (!s->body)
		rs_smtp_tx_begin_bare(s);
	rs_smtp_unread(s);
	hand_out(s, s->body, RS_VERB_DATA, 0, r);
	rs_smtp_tx_revive(s->body);
	rs_smtp_content_open(s);
	/* Only the server knows how what it asked for ends. */
	if (s->hold)
		rs_smtp_content_watch(s);
	rs_smtp_astray(s);
}

/* Replies to what stands before the first DATA went unseen, or never came. */
static void skip_to_data(struct rs_smtp *s)
{
	while (rs_smtp_wait_head(&s->wait)->verb != RS_VERB_DATA) {
		struct rs_smtp_owed e;
		struct rs_smtp_tx *tx;
		pop(s, &e, &tx);
		if (e.verb == RS_VERB_AUTH)
			s->ask_credentials = false;
		if (!tx)
			continue;
		tx->flags &= ~(uint32_t)RS_TX_MAIL_OWED;
		if (e.verb == RS_VERB_CONTENT && tx->flags & RS_TX_DONE)
			rs_smtp_tx_end(s, tx, RS_OUT_UNKNOWN, NULL);
		else
			rs_smtp_tx_settle(s, tx, NULL);
	}
}

/* 2.1.0 is said of a good sender, 2.1.5 of a good recipient, and neither of anything else (RFC 3463 3.2). */
static bool says_of(const struct rs_smtp_reply *r, const char *what)
{
	return r->code == 250 && r->text_len >= 6 && !memcmp(r->text, what, 6);
}

/* What it answers is no such command as is owed an answer: it went unseen. */
static bool is_anothers(const struct rs_smtp_owed *e, const struct rs_smtp_reply *r)
{
	return (e->verb != RS_VERB_MAIL && says_of(r, "2.1.0 ")) || (e->verb != RS_VERB_RCPT && says_of(r, "2.1.5 "));
}

/* Of a MAIL that went unseen together with all that came before what is read now: a message that nobody was told of. */
static void on_anothers(struct rs_smtp *s, const struct rs_smtp_reply *r)
{
	struct rs_smtp_tx *tx = rs_smtp_tx_current(s);
	if (!says_of(r, "2.1.0 "))
		return;
	if (tx && tx->flags & RS_TX_NO_MAIL)
		tx->flags &= ~(uint32_t)RS_TX_NO_MAIL;
	else
		s->ops->unread(s->arg, NULL);
}

/* The server has taken a MAIL that was not seen here. Whatever was open before is over. */
static void on_mail_unseen(struct rs_smtp *s)
{
	struct rs_smtp_tx *tx = rs_smtp_tx_current(s);
	s->unowed = 0;
	if (tx && tx->flags & RS_TX_NO_MAIL) {
		tx->flags &= ~(uint32_t)RS_TX_NO_MAIL;
		return;
	}
	rs_smtp_tx_lose(s);
	rs_smtp_tx_begin_unseen(s)->flags &= ~(uint32_t)RS_TX_NO_MAIL;
}

/* A reply, and none is noted as owed. */
static void on_unowed(struct rs_smtp *s, const struct rs_smtp_reply *r)
{
	if (s->wait.lost) {
		s->wait.lost--;
		if (s->mode == RS_MODE_DATA && r->code / 100 == 3)
			s->answer = RS_ANSWER_GO;
		return;
	}
	if (s->mode == RS_MODE_DATA && s->answer == RS_ANSWER_MISSED) {
		if (r->code / 100 == 3) {
			s->answer = RS_ANSWER_GO;
			rs_smtp_content_open(s);
			hand_out(s, s->body, RS_VERB_DATA, 0, r);
			rs_smtp_tx_revive(s->body);
		} else if (negative(r->code) && !s->fed) {
			on_data_refused(s, s->body, r);
		}
		return;
	}
	if (s->unmatched) {
		s->unmatched--;
		return;
	}
	/* The command that it answers went unseen; lines that are none follow. */
	if (r->code == 334 && s->mode == RS_MODE_COMMAND && !s->hold) {
		s->auth = s->ask_credentials = true;
		s->credentials = 0;
		rs_smtp_owe(s, NULL, RS_VERB_AUTH, 0, false);
		return;
	}
	if (positive(r->code) && s->unowed < UINT8_MAX)
		s->unowed++;
	s->unseen_rcpt |= says_of(r, "2.1.5 ");
	if (says_of(r, "2.1.0 ") && s->mode != RS_MODE_DATA && !s->hold) {
		on_mail_unseen(s);
		return;
	}
	/* A server may say at any time that it gives up waiting. */
	if (r->code / 100 == 4 || !s->seen_client || s->unsure)
		return;
	rs_smtp_tell(s, RS_SMTP_REPLY_UNEXPECTED);
	rs_smtp_astray(s);
}

/* Whether this is the answer to lines that may be commands: nothing else is owed one. Content is not answered 3xx. */
static bool answers_kept(const struct rs_smtp *s, const struct rs_smtp_reply *r)
{
	if (!rs_smtp_kept_any(s))
		return false;
	return s->mode == RS_MODE_COMMAND || (!s->wait.kept && (s->answer == RS_ANSWER_GO || r->code / 100 != 3));
}

/* 354 to XEXCH50: so many bytes come as it said, whatever is in them. False: the client has not waited, or nobody knows how many. */
static bool on_properties(struct rs_smtp *s, struct rs_smtp_owed *head)
{
	const struct rs_smtp_line *l = &s->line[RS_SMTP_CLIENT];
	if (!head->i || head->last || s->mode != RS_MODE_COMMAND || s->body || s->wait.kept > 1 || s->wait.lost || l->len ||
	    s->tls[RS_SMTP_CLIENT])
		return false;
	head->last = true;
	/* A server that is no Exchange asks for a message so, perhaps: lines behind them that are no commands are its rest. */
	s->doubtful = true;
	s->chunk = head->i;
	s->chunk_last = s->chunk_wraps = false;
	rs_smtp_content_expect_chunk(s);
	return true;
}

/* The answer to them. Where it comes too early the server counts otherwise: what comes may be commands, or a message. */
static void on_properties_answered(struct rs_smtp *s, const struct rs_smtp_owed *e)
{
	if (!e->last)
		return;
	s->doubtful = false;
	if (s->mode != RS_MODE_CHUNK || s->body)
		return;
	s->mode = RS_MODE_COMMAND;
	s->lost_client = s->untold = s->missed = s->unsure = true;
}

/* A line that is no command. The text behind a DATA that was refused, perhaps, and the server took it. */
static void on_unknown(struct rs_smtp *s, const struct rs_smtp_reply *r)
{
	const struct rs_smtp_tx *tx = rs_smtp_tx_current(s);
	if (!s->text_refused || !positive(r->code))
		return;
	s->text_refused = false;
	s->ops->unread(s->arg, tx ? tx->handle : NULL);
}

/* Another answer, when DATA was answered neither yes nor no. */
static void on_second_answer(struct rs_smtp *s, const struct rs_smtp_reply *r)
{
	if (r->code == 354) {
		rs_smtp_kept_release(s);
		s->either = s->vague = false;
	} else if (!rs_smtp_kept_any(s)) {
		/* Nothing was said in between: the first was another command's. */
		rs_smtp_content_none(s);
		s->doubtful = true;
	}
}

/* DATA is never answered 2xx: that was to a command that went unseen. */
static void on_data_passed_over(struct rs_smtp *s)
{
	if (!s->unsure)
		rs_smtp_tell(s, RS_SMTP_REPLY_UNEXPECTED);
	if (s->hold || s->mode != RS_MODE_DATA || s->answer != RS_ANSWER_OWED)
		return;
	/* And another: to what is taken for content. */
	if (s->vague && s->fed && s->body)
		s->ops->unread(s->arg, s->body->handle);
	s->vague = true;
}

static void act(struct rs_smtp *s, const struct rs_smtp_reply *r)
{
	if (s->either)
		on_second_answer(s, r);
	if (answers_kept(s, r))
		rs_smtp_kept_act(s, !s->wait.kept);
	struct rs_smtp_owed *head = rs_smtp_wait_head(&s->wait);
	/* A greeting is 220 or a refusal (RFC 5321 4.3.2): with anything else it went unseen. */
	if (head && head->verb == RS_VERB_BANNER && r->code < 400 && r->code != 220) {
		rs_smtp_wait_pop(&s->wait, s->blocks);
		head = rs_smtp_wait_head(&s->wait);
	}
	if (r->code == 354 && head && head->verb != RS_VERB_DATA && s->wait.data) {
		skip_to_data(s);
		head = rs_smtp_wait_head(&s->wait);
	}
	if (!head && !s->wait.lost && s->mode == RS_MODE_DATA && r->code / 100 != 3 &&
	    (s->answer == RS_ANSWER_GO || (s->answer == RS_ANSWER_MISSED && s->fed && (negative(r->code) || !s->unmatched)))) {
		rs_smtp_content_answered(s);
		head = rs_smtp_wait_head(&s->wait);
	}
	if (r->code == 354 && head && head->verb == RS_VERB_XEXCH50 && on_properties(s, head))
		return;
	if (r->code == 354 && (s->mode == RS_MODE_COMMAND || (s->mode == RS_MODE_CHUNK && !s->hold)) &&
	    !(head && (head->verb == RS_VERB_CONTENT || head->verb == RS_VERB_DATA))) {
		on_go_unasked(s, r);
		return;
	}
	if (!head) {
		on_unowed(s, r);
		return;
	}
	if (s->unsure && !s->hold && is_anothers(head, r)) {
		on_anothers(s, r);
		return;
	}
	if ((s->unsure || s->hold) && head->verb == RS_VERB_DATA && positive(r->code)) {
		on_data_passed_over(s);
		return;
	}
	if (head->verb == RS_VERB_AUTH && on_auth(s, r))
		return;
	if (head->verb == RS_VERB_UNKNOWN && head->i) {
		head->i--;
		return;
	}
	if (head->verb == RS_VERB_CONTENT) {
		on_content(s, head, r);
		return;
	}
	struct rs_smtp_owed e;
	struct rs_smtp_tx *tx;
	pop(s, &e, &tx);
	switch (e.verb) {
	case RS_VERB_MAIL:
		on_mail(s, tx, r);
		break;
	case RS_VERB_RCPT:
		on_rcpt(s, tx, e.i, r);
		break;
	case RS_VERB_DATA:
		on_data(s, &e, tx, r);
		break;
	case RS_VERB_BDAT:
		on_chunk(s, &e, tx, r);
		break;
	case RS_VERB_HELO:
	case RS_VERB_EHLO:
	case RS_VERB_LHLO:
	case RS_VERB_RSET:
	case RS_VERB_QUIT:
	case RS_VERB_STARTTLS:
	case RS_VERB_XCLIENT:
		on_reset(s, &e, r);
		break;
	case RS_VERB_TURN:
		on_turn(s, r);
		break;
	case RS_VERB_XFORWARD:
		if (negative(r->code))
			s->ops->via(s->arg, RS_VIA_XFORWARD, NULL, 0);
		break;
	case RS_VERB_XEXCH50:
		on_properties_answered(s, &e);
		break;
	case RS_VERB_UNKNOWN:
		on_unknown(s, r);
		break;
	default:
		break;
	}
}

/* A name or a password is awaited, or was good; TLS begins (RFC 959 4.2.2, RFC 4217 4). */
static bool is_ftp(uint16_t code)
{
	return code == 230 || code == 232 || code == 234 || code == 331 || code == 332;
}

/* True: it is no answer yet. */
static bool on_odd_code(struct rs_smtp *s, uint16_t code)
{
	const struct rs_smtp_owed *head = rs_smtp_wait_head(&s->wait);
	const enum rs_smtp_verb verb = head ? (enum rs_smtp_verb)head->verb : RS_VERB_BANNER;
	if (!s->lost_server)
		rs_smtp_tell(s, RS_SMTP_REPLY_INVALID);
	if (verb == RS_VERB_BDAT || (verb != RS_VERB_BANNER && !rs_smtp_may_go_on(verb)))
		rs_smtp_astray(s);
	return code < 200 && verb == RS_VERB_DATA;
}

static void on_reply(struct rs_smtp *s, uint16_t code, const uint8_t *text, size_t len)
{
	struct rs_smtp_reply r = { .code = code, .text = text, .text_len = len };
	if (!is_known(code) && on_odd_code(s, code))
		return;
	s->ftp |= !s->next_tx && is_ftp(code);
	if (!s->hold)
		rs_smtp_strict_reply(s);
	act(s, &r);
	if (code == 421)
		on_closing(s, &r);
}

static bool says(const struct rs_smtp_reply_line *l, const char *keyword)
{
	size_t n = strlen(keyword);
	if (l->text_len < n || strncasecmp((const char *)l->text, keyword, n))
		return false;
	return l->text_len == n || l->text[n] == ' ' || l->text[n] == '\t' || l->text[n] == '\r';
}

/* A line behind the first of the reply to EHLO (RFC 5321 4.1.1.1). */
static void on_keyword(struct rs_smtp *s, const struct rs_smtp_reply_line *l)
{
	struct rs_smtp_owed *head = rs_smtp_wait_head(&s->wait);
	const bool unseen = !head && !s->hold;
	if (!unseen && (!head || (head->verb != RS_VERB_EHLO && head->verb != RS_VERB_LHLO)))
		return;
	s->chunking |= says(l, "CHUNKING");
	s->pipelining |= says(l, "PIPELINING");
}

void rs_smtp_server_line(struct rs_smtp *s, const struct rs_smtp_text *line)
{
	if (line->cut)
		rs_smtp_tell(s, RS_SMTP_REPLY_TOO_LONG);
	if (line->lost) {
		rs_smtp_tell(s, RS_SMTP_BLOCK_LIMIT);
		rs_smtp_server_missing(s);
		return;
	}
	struct rs_smtp_reply_line l;
	if (!rs_smtp_reply_parse(line->p, line->len, &l)) {
		if (s->unproved && line->len)
			rs_smtp_unread(s);
		if (!s->lost_server)
			rs_smtp_tell(s, RS_SMTP_REPLY_INVALID);
		return;
	}
	s->lost_server = false;
	/* Another code in the middle of a reply: where more than one is owed, the reply that was under way is over. */
	if (s->multi && s->multi != l.code && s->wait.kept > 1)
		on_reply(s, s->multi, (const uint8_t *)"", 0);
	else if (s->multi && positive(l.code))
		on_keyword(s, &l);
	s->multi = l.more ? l.code : 0;
	if (!l.more)
		on_reply(s, l.code, l.text, l.text_len);
}

void rs_smtp_server_missing(struct rs_smtp *s)
{
	/* Content that came is behind the answer to its DATA. */
	const bool went = s->mode == RS_MODE_DATA && s->answer == RS_ANSWER_OWED && s->fed && s->wait.kept;
	s->unmatched = (uint16_t)(s->wait.kept - went);
	rs_smtp_wait_clear(&s->wait, s->blocks);
	s->multi = 0;
	/* Servers do not refuse RSET; and what follows it must not be taken for the older transaction's. */
	const uint32_t barrier = s->barrier;
	s->barrier = 0;
	/* A greeting may have been accepted, and what it advertised is not known. */
	if (s->greeting) {
		s->greeting = false;
		s->lmtp = s->asked_lmtp;
		s->chunking = !s->hold;
	}
	s->lost_server = true;
	s->unsure = true;
	s->ask_credentials = false;
	s->chunk_asked = false;
	if (s->mode == RS_MODE_DATA && s->answer == RS_ANSWER_OWED)
		s->answer = RS_ANSWER_MISSED;
	if (s->mode == RS_MODE_CHUNK && s->body && s->chunk_last)
		s->body->flags |= RS_TX_DEAF;
	for (struct rs_smtp_tx *tx = s->txs.open, *next; tx; tx = next) {
		next = tx->next;
		tx->owed = 0;
		tx->flags |= RS_TX_UNHEARD;
		tx->flags &= ~(uint32_t)RS_TX_MAIL_OWED;
		if (tx->flags & RS_TX_DONE)
			rs_smtp_tx_end(s, tx, RS_OUT_UNKNOWN, NULL);
		else
			rs_smtp_tx_settle(s, tx, NULL);
	}
	rs_smtp_tx_reset(s, barrier, NULL);
}
