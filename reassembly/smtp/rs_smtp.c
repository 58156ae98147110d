/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_dialogue.h"

#include <string.h>

/* While the server was never heard, as in a capture of one direction: no use in keeping more than one block. */
#define OWED_UNHEARD 64

void rs_smtp_init(struct rs_smtp *s, const struct rs_smtp_ops *ops, void *arg, struct rs_pool *blocks, bool midstream)
{
	*s = (struct rs_smtp){ .ops = ops, .arg = arg, .blocks = blocks };
	if (midstream) {
		s->lost_client = s->untold = s->torn = true;
		s->lost_server = true;
		s->unsure = true;
	} else {
		rs_smtp_owe(s, NULL, RS_VERB_BANNER, 0, false);
	}
}

void rs_smtp_tell(struct rs_smtp *s, enum rs_smtp_anomaly a)
{
	if (s->told & 1u << a)
		return;
	s->told |= (uint16_t)(1u << a);
	struct rs_smtp_tx *tx = s->body ? s->body : rs_smtp_tx_current(s);
	s->ops->anomaly(s->arg, tx ? tx->handle : NULL, a);
}

void rs_smtp_unread(struct rs_smtp *s)
{
	if (!s->untold)
		return;
	s->untold = false;
	struct rs_smtp_tx *tx = s->body ? s->body : rs_smtp_tx_current(s);
	s->ops->unread(s->arg, tx ? tx->handle : NULL);
}

bool rs_smtp_owe(struct rs_smtp *s, struct rs_smtp_tx *tx, enum rs_smtp_verb verb, uint32_t i, bool last)
{
	struct rs_smtp_owed e = { .tx = tx ? tx->n : RS_SMTP_NO_TX, .i = i, .verb = (uint8_t)verb, .last = last };
	uint32_t max = s->seen_server ? RS_SMTP_WAIT_MAX : OWED_UNHEARD;
	switch (rs_smtp_wait_push(&s->wait, s->blocks, &e, max)) {
	case RS_PUSH_OK:
		if (tx)
			tx->owed++;
		return true;
	case RS_PUSH_LIMIT:
		if (s->seen_server)
			rs_smtp_tell(s, RS_SMTP_PIPELINE_LIMIT);
		return false;
	default:
		rs_smtp_tell(s, RS_SMTP_BLOCK_LIMIT);
		return false;
	}
}

/* Nothing more will be heard of what is open. */
static void end_all(struct rs_smtp *s)
{
	while (s->txs.open) {
		struct rs_smtp_tx *tx = s->txs.open;
		tx->owed = 0;
		bool given_up = tx->flags & RS_TX_DROP || tx->code || tx->n < s->barrier;
		if (!(tx->flags & RS_TX_DONE) && given_up)
			rs_smtp_tx_give_up(s, tx, NULL);
		else
			rs_smtp_tx_end(s, tx, RS_OUT_UNKNOWN, NULL);
	}
	rs_smtp_wait_clear(&s->wait, s->blocks);
	rs_smtp_line_done(&s->line[RS_SMTP_CLIENT], s->blocks, true);
	rs_smtp_line_done(&s->line[RS_SMTP_SERVER], s->blocks, false);
}

static void turn_to_tls(struct rs_smtp *s)
{
	end_all(s);
	s->mode = RS_MODE_TLS;
	s->ops->tls(s->arg);
}

/* What may be the beginning of a TLS record's header at a line's start, in one byte: the type, and TLS_VERSION when the
 * major version has come too. No command or reply begins with such bytes (RFC 8446 5.1). */
#define TLS_VERSION 0x80

static bool tls_goes_on(uint8_t seen, uint8_t c)
{
	if (!seen)
		return c >= 0x14 && c <= 0x17; /* change_cipher_spec, alert, handshake, application_data */
	return seen & TLS_VERSION ? c <= 4 : c == 3;
}

/* Looks at one byte at a line's start. True: it is taken care of. */
static bool take_tls(struct rs_smtp *s, enum rs_smtp_dir dir, uint8_t c)
{
	uint8_t seen = s->tls[dir];
	if (tls_goes_on(seen, c)) {
		s->tls[dir] = seen ? seen | TLS_VERSION : c;
		if (seen & TLS_VERSION)
			turn_to_tls(s);
		return true;
	}
	uint8_t kept[2] = { seen & (uint8_t)~TLS_VERSION, 3 };
	struct rs_smtp_text none;
	bool whole;
	if (seen)
		rs_smtp_line_take(&s->line[dir], s->blocks, kept, seen & TLS_VERSION ? 2 : 1, &none, &whole);
	s->tls[dir] = 0;
	return false;
}

/* True when t is a line. */
static bool take_line(struct rs_smtp *s, enum rs_smtp_dir dir, const uint8_t **p, size_t *n, struct rs_smtp_text *t)
{
	struct rs_smtp_line *l = &s->line[dir];
	bool within = dir == RS_SMTP_CLIENT && s->skip_line;
	if (!l->len && !within && take_tls(s, dir, **p)) {
		++*p;
		--*n;
		return false;
	}
	if (dir == RS_SMTP_CLIENT && s->starttls) {
		s->starttls = false;
		rs_smtp_tell(s, RS_SMTP_CLEAR_AFTER_STARTTLS);
	}
	bool whole;
	size_t k = rs_smtp_line_take(l, s->blocks, *p, *n, t, &whole);
	*p += k;
	*n -= k;
	if (!whole && rs_smtp_line_long(l))
		rs_smtp_tell(s, dir == RS_SMTP_CLIENT ? RS_SMTP_COMMAND_TOO_LONG : RS_SMTP_REPLY_TOO_LONG);
	return whole;
}

static void feed_command(struct rs_smtp *s, const uint8_t **p, size_t *n)
{
	struct rs_smtp_text line;
	if (!take_line(s, RS_SMTP_CLIENT, p, n, &line))
		return;
	bool secret = s->auth || s->ask_credentials;
	rs_smtp_client_line(s, &line);
	rs_smtp_line_done(&s->line[RS_SMTP_CLIENT], s->blocks, secret || s->auth);
}

static void feed_client(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	s->seen_client = true;
	while (n) {
		size_t k;
		switch (s->mode) {
		case RS_MODE_COMMAND:
			feed_command(s, &p, &n);
			continue;
		case RS_MODE_DATA:
			k = rs_smtp_content_data(s, p, n);
			break;
		case RS_MODE_CHUNK:
			k = rs_smtp_content_chunk(s, p, n);
			break;
		default:
			return;
		}
		p += k;
		n -= k;
	}
}

static void feed_server(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	s->seen_server = true;
	while (n && s->mode != RS_MODE_TLS) {
		struct rs_smtp_text line;
		if (!take_line(s, RS_SMTP_SERVER, &p, &n, &line))
			continue;
		rs_smtp_server_line(s, &line);
		rs_smtp_line_done(&s->line[RS_SMTP_SERVER], s->blocks, false);
	}
}

void rs_smtp_feed(struct rs_smtp *s, enum rs_smtp_dir dir, const uint8_t *p, size_t n)
{
	if (!n || s->mode == RS_MODE_TLS || s->mode == RS_MODE_CLOSED)
		return;
	if (dir == RS_SMTP_CLIENT)
		feed_client(s, p, n);
	else
		feed_server(s, p, n);
}

static void gap_client(struct rs_smtp *s, uint64_t n)
{
	s->seen_client = true;
	if (s->mode != RS_MODE_COMMAND)
		n -= rs_smtp_content_missing(s, n);
	if (!n)
		return;
	rs_smtp_line_done(&s->line[RS_SMTP_CLIENT], s->blocks, true);
	s->skip_line = false;
	s->ask_credentials = false;
	s->lost_client = true;
	s->unsure = true;
	s->untold = s->torn = true;
	if (rs_smtp_tx_current(s))
		rs_smtp_unread(s);
}

void rs_smtp_gap(struct rs_smtp *s, enum rs_smtp_dir dir, uint64_t n)
{
	if (!n || s->mode == RS_MODE_TLS || s->mode == RS_MODE_CLOSED)
		return;
	s->tls[dir] = 0;
	if (dir == RS_SMTP_CLIENT) {
		gap_client(s, n);
		return;
	}
	s->seen_server = true;
	rs_smtp_line_done(&s->line[RS_SMTP_SERVER], s->blocks, false);
	rs_smtp_server_missing(s);
}

void rs_smtp_close(struct rs_smtp *s)
{
	if (s->mode == RS_MODE_CLOSED)
		return;
	end_all(s);
	s->mode = RS_MODE_CLOSED;
}

bool rs_smtp_in_content(const struct rs_smtp *s)
{
	return s->mode == RS_MODE_DATA || s->mode == RS_MODE_CHUNK;
}
