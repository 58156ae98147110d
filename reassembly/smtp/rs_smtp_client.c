/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_dialogue.h"

#include <string.h>

/* The reply to tx's MAIL could not be noted. Only one such transaction stays, or a client that never reads replies could have
 * any number. */
static void keep_one_unnoted(struct rs_smtp *s, struct rs_smtp_tx *newest)
{
	for (struct rs_smtp_tx *tx = s->txs.open, *next; tx != newest; tx = next) {
		next = tx->next;
		if (tx->flags & RS_TX_DEAF && rs_smtp_tx_forming(tx) && !tx->owed)
			rs_smtp_tx_give_up(s, tx, NULL);
	}
	newest->flags |= RS_TX_DEAF;
}

void rs_smtp_end_torn(struct rs_smtp *s)
{
	if (s->body && s->body->flags & RS_TX_TORN)
		rs_smtp_tx_end(s, s->body, RS_OUT_UNKNOWN, NULL);
}

static void on_mail(struct rs_smtp *s, const struct rs_smtp_command *c)
{
	struct rs_smtp_path path;
	if (!rs_smtp_command_path(c, &path)) {
		rs_smtp_owe(s, NULL, RS_VERB_MAIL, 0, false);
		return;
	}
	rs_smtp_end_torn(s);
	/* It is no MAIL within a transaction whose end may have gone unseen: that one has ended. */
	const struct rs_smtp_tx *outer = rs_smtp_tx_current(s);
	if (outer && outer->flags & (RS_TX_TORN | RS_TX_UNHEARD))
		s->torn_below = s->next_tx;
	struct rs_smtp_tx *tx = rs_smtp_tx_begin(s);
	s->ops->mail_from(s->arg, tx->handle, path.path, path.path_len, path.params, path.params_len);
	if (rs_smtp_owe(s, tx, RS_VERB_MAIL, 0, false))
		tx->flags |= RS_TX_MAIL_OWED;
	else
		keep_one_unnoted(s, tx);
}

/* The transaction that a command goes to, and that it was given to it now. */
static struct rs_smtp_tx *bind(struct rs_smtp *s)
{
	struct rs_smtp_tx *tx = rs_smtp_tx_current(s);
	/* A MAIL that went unseen is likelier than a RSET that was not taken. */
	if (tx && s->missed && tx->n < s->barrier)
		return NULL;
	if (tx)
		tx->bound = s->next_tx;
	return tx;
}

static void on_rcpt(struct rs_smtp *s, const struct rs_smtp_command *c)
{
	struct rs_smtp_path path;
	rs_smtp_end_torn(s);
	struct rs_smtp_tx *tx = bind(s);
	if (!tx && s->missed)
		tx = rs_smtp_tx_begin_unseen(s);
	if (!tx || !rs_smtp_command_path(c, &path)) {
		rs_smtp_owe(s, NULL, RS_VERB_RCPT, 0, false);
		return;
	}
	uint32_t i = tx->rcpts++;
	s->ops->rcpt_to(s->arg, tx->handle, i, path.path, path.path_len);
	rs_smtp_owe(s, tx, RS_VERB_RCPT, i, false);
}

/* Between two chunks, the transaction that they belong to; NULL: none, or a RSET on the way has given it up. */
static struct rs_smtp_tx *in_chunks(const struct rs_smtp *s)
{
	return s->body && s->body->n >= s->barrier ? s->body : NULL;
}

static struct rs_smtp_tx *for_content(struct rs_smtp *s)
{
	struct rs_smtp_tx *tx = in_chunks(s);
	return tx ? tx : bind(s);
}

static void on_data(struct rs_smtp *s, bool crlf)
{
	rs_smtp_end_torn(s);
	struct rs_smtp_tx *tx = for_content(s);
	if (!tx && s->missed)
		tx = rs_smtp_tx_begin_unseen(s);
	bool noted = rs_smtp_owe(s, tx, RS_VERB_DATA, 0, false);
	rs_smtp_content_expect(s, tx, noted ? RS_ANSWER_OWED : RS_ANSWER_MISSED, crlf);
}

static void on_chunk_invalid(struct rs_smtp *s, const struct rs_smtp_command *c)
{
	struct rs_smtp_tx *tx = in_chunks(s);
	if (!tx)
		tx = rs_smtp_tx_current(s);
	rs_smtp_tell(s, RS_SMTP_BDAT_INVALID);
	rs_smtp_owe(s, NULL, RS_VERB_BDAT, tx && rs_smtp_command_chunk_last(c) ? tx->n + 1 : 0, false);
	rs_smtp_wait_on(s);
	/* A server may read 0 LAST in it. */
	if (tx)
		rs_smtp_tell_end(s, tx, s->began, false);
}

/* Hold: whether the server takes a chunk at all is not known before it answers. */
static void ask_for_chunk(struct rs_smtp *s, bool empty)
{
	struct rs_smtp_tx *tx = for_content(s);
	s->chunk_asked = true;
	rs_smtp_owe_chunk(s, tx, RS_VERB_BDAT, s->chunk_last, 0);
	rs_smtp_wait_on(s);
	if (tx && s->chunk_last && empty)
		rs_smtp_tell_end(s, tx, s->began, false);
}

/* Whether some server may refuse the line without taking the bytes behind it, and read them as commands: it does not know BDAT,
 * or not so spelled, or not here. Exim does that behind any other command between two chunks. */
static bool is_doubtful(struct rs_smtp *s, const struct rs_smtp_text *line)
{
	if (!s->chunking || line->bare || !rs_smtp_command_chunk_plain(line->p, line->len))
		return true;
	if (in_chunks(s))
		return s->between;
	const struct rs_smtp_tx *tx = rs_smtp_tx_current(s);
	return tx ? !tx->rcpts || tx->n < s->barrier : !s->chunk_refused;
}

/* How many bytes a server takes for the chunk is not known. Where the number is too great, some take what is left of it in 64 bits:
 * then that many may be content, if they are not many. */
static bool is_uncountable(const struct rs_smtp *s, uint64_t size, bool wraps)
{
	if (s->hold)
		return wraps || size > RS_SMTP_CHUNK_MAX;
	return wraps && size > RS_SMTP_CHUNK_MAX;
}

static void on_chunk(struct rs_smtp *s, const struct rs_smtp_command *c, const struct rs_smtp_text *line)
{
	uint64_t size;
	bool last, wraps;
	if (!rs_smtp_command_chunk(c, &size, &last, &wraps) || is_uncountable(s, size, wraps)) {
		on_chunk_invalid(s, c);
		return;
	}
	s->chunk_wraps = wraps;
	enum rs_smtp_verb verb = last ? RS_VERB_CONTENT : RS_VERB_BDAT;
	s->chunk = size;
	s->chunk_last = last;
	s->answer = RS_ANSWER_GO;
	if (s->hold && is_doubtful(s, line)) {
		ask_for_chunk(s, !size);
		return;
	}
	if (!in_chunks(s)) {
		s->body = bind(s);
		s->between = false;
	}
	if (!s->body && s->chunk_refused) {
		/* The client had it on the way when an earlier chunk was refused (RFC 3030 2: it goes too). */
		s->chunk_refused = !last;
		rs_smtp_owe_chunk(s, NULL, RS_VERB_BDAT, false, size);
	} else {
		s->chunk_refused = false;
		rs_smtp_content_open(s);
		if (!rs_smtp_owe_chunk(s, s->body, verb, last, size) && last)
			s->body->flags |= RS_TX_DEAF;
	}
	if (wraps)
		rs_smtp_tell(s, RS_SMTP_BDAT_INVALID);
	rs_smtp_content_expect_chunk(s);
}

/* A command that, once accepted, ends the transactions before it. */
static void on_reset(struct rs_smtp *s, enum rs_smtp_verb verb)
{
	rs_smtp_owe(s, NULL, verb, s->next_tx, false);
	s->barrier = s->next_tx;
}

static void on_greeting(struct rs_smtp *s, const struct rs_smtp_command *c)
{
	s->ops->helo(s->arg, c->arg, c->arg_len);
	s->greeting = true;
	s->asked_lmtp = c->verb == RS_VERB_LHLO;
	if (!s->seen_server)
		s->lmtp = s->asked_lmtp;
	s->chunking = s->pipelining = false;
	on_reset(s, c->verb);
}

static void on_unknown(struct rs_smtp *s)
{
	struct rs_smtp_owed *e = rs_smtp_wait_head(&s->wait);
	if (s->auth) {
		if (s->credentials < UINT8_MAX)
			s->credentials++;
	} else if (!s->hold && e && e->verb == RS_VERB_BANNER) {
		/* Before the server has greeted a line that is no command is a proxy's, not the server's to answer. With hold, a
		 * client must not choose what counts as unanswered: only a load balancer's header does (rs_smtp_preface). */
	} else {
		rs_smtp_owe(s, NULL, RS_VERB_UNKNOWN, 0, false);
	}
}

static void ask_to_turn(struct rs_smtp *s)
{
	rs_smtp_owe(s, NULL, RS_VERB_TURN, 0, false);
	if (!s->hold)
		return;
	rs_smtp_tell(s, RS_SMTP_TURN);
	s->ops->turn(s->arg, s->began);
}

/* What a server expects between two chunks: another, or that they are given up, and what then begins. */
static bool may_stand_between(const struct rs_smtp *s, enum rs_smtp_verb verb)
{
	return !in_chunks(s) || verb == RS_VERB_BDAT || verb == RS_VERB_NOOP || verb == RS_VERB_RSET;
}

static void act(struct rs_smtp *s, const struct rs_smtp_command *c, const struct rs_smtp_text *line)
{
	s->between |= !may_stand_between(s, (enum rs_smtp_verb)c->verb);
	if (c->verb != RS_VERB_UNKNOWN) {
		s->auth = s->text_refused = false;
		s->chunk_refused &= c->verb == RS_VERB_BDAT;
	}
	switch (c->verb) {
	case RS_VERB_UNKNOWN:
		on_unknown(s);
		break;
	case RS_VERB_HELO:
	case RS_VERB_EHLO:
	case RS_VERB_LHLO:
		on_greeting(s, c);
		break;
	case RS_VERB_MAIL:
		on_mail(s, c);
		break;
	case RS_VERB_RCPT:
		on_rcpt(s, c);
		break;
	case RS_VERB_DATA:
		on_data(s, line->crlf);
		break;
	case RS_VERB_BDAT:
		on_chunk(s, c, line);
		break;
	case RS_VERB_XCLIENT:
		s->ops->via(s->arg, RS_VIA_XCLIENT, c->arg, c->arg_len);
		on_reset(s, RS_VERB_XCLIENT);
		break;
	case RS_VERB_XFORWARD:
		s->ops->via(s->arg, RS_VIA_XFORWARD, c->arg, c->arg_len);
		rs_smtp_owe(s, NULL, RS_VERB_XFORWARD, 0, false);
		break;
	case RS_VERB_RSET:
	case RS_VERB_QUIT:
	case RS_VERB_STARTTLS:
		on_reset(s, c->verb);
		break;
	case RS_VERB_AUTH:
		s->auth = true;
		s->credentials = 0;
		rs_smtp_owe(s, NULL, RS_VERB_AUTH, 0, false);
		break;
	case RS_VERB_XEXCH50:
		if (s->hold)
			on_unknown(s);
		else
			rs_smtp_owe(s, NULL, RS_VERB_XEXCH50, rs_smtp_command_properties(c), false);
		break;
	case RS_VERB_TURN:
		ask_to_turn(s);
		break;
	default:
		rs_smtp_owe(s, NULL, c->verb, 0, false);
	}
}

/* What RFC 2920 3.1 and 3030 let a client send more behind; the answer to none of it changes what that is. */
bool rs_smtp_may_go_on(enum rs_smtp_verb verb)
{
	switch (verb) {
	case RS_VERB_MAIL:
	case RS_VERB_RCPT:
	case RS_VERB_CONTENT:
	case RS_VERB_BDAT: /* waits by itself */
	case RS_VERB_RSET:
	case RS_VERB_NOOP:
	case RS_VERB_QUIT:
	case RS_VERB_VRFY:
	case RS_VERB_EXPN:
	case RS_VERB_HELP:
	case RS_VERB_ETRN:
	case RS_VERB_XFORWARD:
		return true;
	default:
		return false;
	}
}

/* Behind what went unseen: whether this line is a command. In a chunk whose BDAT was lost anything may stand in a line; the reader is
 * on firm ground again where the client waited for an answer. */
static bool found_again(const struct rs_smtp *s, const struct rs_smtp_text *line, bool fresh)
{
	return rs_smtp_command_reads(line->p, line->len, true) == 1 && (fresh || !s->chunking || s->hold);
}

/* A line behind what went unseen is no command: it is content, perhaps. */
static void skipped(struct rs_smtp *s)
{
	/* Of a chunk, then: what comes of the message later belongs to it. */
	if (s->untold && s->missed && s->chunking && !rs_smtp_tx_current(s))
		rs_smtp_tx_begin_unseen(s)->flags |= RS_TX_TORN;
	else
		rs_smtp_unread(s);
}

/* MAIL, RCPT and BDAT are answered with 2xx, and leave no other sign. (DATA is known by its 354.) */
#define REPLIES_OF_MESSAGE 3

/* Commands are found again: whether a whole message may have gone by between. */
static void tell_swallowed(struct rs_smtp *s, enum rs_smtp_verb found)
{
	bool within = found == RS_VERB_RCPT || found == RS_VERB_DATA || found == RS_VERB_BDAT;
	if (s->unowed >= REPLIES_OF_MESSAGE && !within && !rs_smtp_tx_current(s))
		rs_smtp_unread(s);
	s->unowed = 0;
}

void rs_smtp_client_line(struct rs_smtp *s, const struct rs_smtp_text *line)
{
	const bool fresh = s->fresh_line;
	if (fresh)
		s->unmatched = 0;
	if (line->cut)
		rs_smtp_tell(s, RS_SMTP_COMMAND_TOO_LONG);
	if (line->lost)
		rs_smtp_tell(s, RS_SMTP_BLOCK_LIMIT);
	if (s->skip_line) {
		/* A server that refused the content it began as answers it, one that ended it does not. */
		s->skip_line = false;
		if (!s->lost_client) {
			rs_smtp_owe(s, NULL, RS_VERB_UNKNOWN, 0, false);
			rs_smtp_wait_on(s);
		}
		return;
	}
	if (s->ask_credentials) {
		s->ask_credentials = false;
		rs_smtp_wait_on(s);
		return;
	}
	if (s->lost_client && !found_again(s, line, fresh)) {
		if (!s->hold && rs_smtp_kept_command(s, line))
			return;
		/* The rest of a line whose beginning is missing may be a command's. */
		if (line->len && !s->auth && !s->torn)
			skipped(s);
		/* What content ends with, where DATA was lost. */
		s->fresh = line->len == 1 && line->p[0] == '.';
		s->torn = false;
		return;
	}
	struct rs_smtp_command c = rs_smtp_command_parse(line->p, line->len);
	if (s->doubtful && c.verb == RS_VERB_UNKNOWN && !s->auth) {
		/* The client goes on as if it had been told to: the answer was another command's. */
		s->lost_client = s->untold = s->missed = true;
		skipped(s);
		return;
	}
	s->doubtful = false;
	if (s->lost_client)
		tell_swallowed(s, (enum rs_smtp_verb)c.verb);
	s->lost_client = s->untold = s->torn = s->unseen_rcpt = false;
	if (s->lmtp && s->unsure)
		rs_smtp_content_settle(s);
	bool credentials = c.verb == RS_VERB_AUTH || (c.verb == RS_VERB_UNKNOWN && s->auth);
	act(s, &c, line);
	if (line->cut && !credentials)
		rs_smtp_astray(s);
	if (!rs_smtp_may_go_on(c.verb) || line->cut || line->lost || line->bare)
		rs_smtp_wait_on(s);
}

void rs_smtp_client_replay(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	uint8_t copy[RS_SMTP_HELD]; /* p may be the very bytes that a DATA in them sets anew */
	memcpy(copy, p, n);
	for (size_t at = 0; at < n;) {
		struct rs_smtp_line *l = &s->line[RS_SMTP_CLIENT];
		struct rs_smtp_text line;
		bool whole;
		at += rs_smtp_line_take(l, s->blocks, copy + at, n - at, &line, &whole);
		if (!whole)
			break;
		rs_smtp_client_line(s, &line);
		rs_smtp_line_done(l, s->blocks, false);
	}
}
