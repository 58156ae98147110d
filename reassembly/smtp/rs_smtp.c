/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_dialogue.h"

#include <string.h>

void rs_smtp_init(struct rs_smtp *s, const struct rs_smtp_ops *ops, void *arg, struct rs_pool *blocks, bool midstream)
{
	*s = (struct rs_smtp){ .ops = ops, .arg = arg, .blocks = blocks };
	if (midstream) {
		s->preface.state = RS_PREFACE_NONE;
		s->lost_client = s->untold = s->torn = s->missed = true;
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

static bool owe(struct rs_smtp *s, struct rs_smtp_tx *tx, struct rs_smtp_owed *e)
{
	e->tx = tx ? tx->n : RS_SMTP_NO_TX;
	uint32_t max = s->seen_server ? RS_SMTP_WAIT_MAX : RS_SMTP_WAIT_UNHEARD;
	switch (rs_smtp_wait_push(&s->wait, s->blocks, e, max)) {
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

bool rs_smtp_owe(struct rs_smtp *s, struct rs_smtp_tx *tx, enum rs_smtp_verb verb, uint32_t i, bool last)
{
	struct rs_smtp_owed e = { .at = s->position & RS_SMTP_AT_MAX, .verb = verb & 0x7f, .last = last, .i = i };
	return owe(s, tx, &e);
}

bool rs_smtp_owe_chunk(struct rs_smtp *s, struct rs_smtp_tx *tx, enum rs_smtp_verb verb, bool last, uint64_t size)
{
	uint64_t at = s->position + size;
	if (at > RS_SMTP_AT_MAX)
		at = RS_SMTP_AT_MAX;
	struct rs_smtp_owed e = { .at = at & RS_SMTP_AT_MAX, .verb = verb & 0x7f, .last = last };
	return owe(s, tx, &e);
}

/* Nothing more will be heard of what is open. */
static void end_all(struct rs_smtp *s)
{
	rs_smtp_kept_settle(s);
	if (!s->hold)
		rs_smtp_strict_missing(s);
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
	rs_smtp_lift(s);
	rs_smtp_line_done(&s->line[RS_SMTP_CLIENT], s->blocks, true);
	rs_smtp_line_done(&s->line[RS_SMTP_SERVER], s->blocks, false);
}

static void turn_to_tls(struct rs_smtp *s)
{
	end_all(s);
	s->mode = RS_MODE_TLS;
	s->stop = 0;
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

static void skip(struct rs_smtp *s, enum rs_smtp_dir dir, const uint8_t **p, size_t *n, size_t k)
{
	*p += k;
	*n -= k;
	if (dir == RS_SMTP_CLIENT)
		s->position += k;
}

/* How many of n > 0 bytes belong to the line under way, when CRs that no LF follows end one too. True in *bare: they do. */
static size_t bare_line(const struct rs_smtp_line *l, const uint8_t *p, size_t n, bool *bare)
{
	bool cr = l->len && l->cr;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n')
			return i + 1;
		*bare = cr && p[i] != '\r';
		if (*bare)
			return i;
		cr = p[i] == '\r';
		if (cr)
			continue;
		const uint8_t *lf = memchr(p + i, '\n', n - i);
		size_t line = lf ? (size_t)(lf - p) : n;
		const uint8_t *next = memchr(p + i, '\r', line - i);
		i = (next ? (size_t)(next - p) : line) - 1;
	}
	return n;
}

/* True when t is a line. */
static bool take_line(struct rs_smtp *s, enum rs_smtp_dir dir, const uint8_t **p, size_t *n, struct rs_smtp_text *t)
{
	struct rs_smtp_line *l = &s->line[dir];
	bool within = dir == RS_SMTP_CLIENT && s->skip_line, bare = false;
	if (dir == RS_SMTP_CLIENT && s->late_lf) {
		s->late_lf = false;
		if (**p == '\n') {
			skip(s, dir, p, n, 1);
			return false;
		}
	}
	if (dir == RS_SMTP_CLIENT && !l->len && !s->tls[dir]) {
		if (s->hold)
			s->began = s->position;
		s->fresh_line = s->fresh;
		s->fresh = false;
	}
	/* With hold, only the server's word counts: its 220 to STARTTLS, or a record of its own. A client may say anything. */
	bool may_be_tls = !s->hold || dir == RS_SMTP_SERVER || s->starttls;
	if (!l->len && !within && may_be_tls && take_tls(s, dir, **p)) {
		skip(s, dir, p, n, 1);
		return false;
	}
	if (dir == RS_SMTP_CLIENT && s->starttls) {
		s->starttls = false;
		rs_smtp_tell(s, RS_SMTP_CLEAR_AFTER_STARTTLS);
	}
	bool whole;
	size_t some = (s->hold || s->cr_lines) && dir == RS_SMTP_CLIENT ? bare_line(l, *p, *n, &bare) : *n;
	size_t k = rs_smtp_line_take(l, s->blocks, *p, some, t, &whole);
	skip(s, dir, p, n, k);
	if (bare) {
		rs_smtp_line_end(l, t);
		t->bare = whole = true;
	}
	if (!whole && rs_smtp_line_long(l))
		rs_smtp_tell(s, dir == RS_SMTP_CLIENT ? RS_SMTP_COMMAND_TOO_LONG : RS_SMTP_REPLY_TOO_LONG);
	return whole;
}

static void feed_command(struct rs_smtp *s, const uint8_t **p, size_t *n)
{
	struct rs_smtp_text line;
	if (s->hold && !rs_smtp_has_room(s)) {
		s->stop |= RS_STOP_FULL;
		return;
	}
	if (!take_line(s, RS_SMTP_CLIENT, p, n, &line))
		return;
	bool secret = s->auth || s->ask_credentials;
	rs_smtp_client_line(s, &line);
	rs_smtp_line_done(&s->line[RS_SMTP_CLIENT], s->blocks, secret || s->auth);
}

/* No line is under way: its block takes the header, as far as it goes. */
static void keep_preface(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	struct rs_smtp_line *l = &s->line[RS_SMTP_CLIENT];
	if (n && !l->block)
		l->block = rs_pool_get(s->blocks);
	if (!l->block)
		return;
	if (n > RS_SMTP_BLOCK - l->len)
		n = RS_SMTP_BLOCK - l->len;
	memcpy(l->block + l->len, p, n);
	l->len += (uint32_t)n;
}

/* The connection's first bytes: returns how many of them are no client's, or do not tell yet. */
static size_t pass_preface(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	struct rs_smtp_preface *f = &s->preface;
	struct rs_smtp_line *l = &s->line[RS_SMTP_CLIENT];
	size_t k = rs_smtp_preface_take(f, p, n);
	s->position += k;
	if (!s->prefaced)
		keep_preface(s, p, k);
	if (f->state == RS_PREFACE_SEEN && l->block)
		s->ops->via(s->arg, RS_VIA_PROXY, l->block, l->len);
	if (f->state == RS_PREFACE_SEEN || f->state == RS_PREFACE_NONE)
		rs_smtp_line_done(l, s->blocks, false);
	if (f->state == RS_PREFACE_SEEN) {
		f->state = RS_PREFACE_NONE;
		if (s->hold && !s->seen_server)
			s->stop |= RS_STOP_PREFACE;
	} else if (f->state == RS_PREFACE_NONE && f->n) {
		rs_smtp_client_replay(s, rs_smtp_preface_taken(f), f->n);
	}
	return k;
}

void rs_smtp_prefaced(struct rs_smtp *s, const struct rs_smtp_preface *f)
{
	s->preface = *f;
	s->prefaced = true;
	if (f->state != RS_PREFACE_SEEN)
		return;
	s->preface.state = RS_PREFACE_NONE;
	if (s->hold && !s->seen_server)
		s->stop |= RS_STOP_PREFACE;
}

/* Some of the n > 0 bytes at p, and whatever they end. Returns how many: 0 only where reading stops. */
static size_t read_client(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	const uint8_t *from = p;
	switch (s->mode) {
	case RS_MODE_DATA:
		return rs_smtp_content_data(s, p, n);
	case RS_MODE_CHUNK:
		return rs_smtp_content_chunk(s, p, n);
	default:
		feed_command(s, &p, &n);
		return (size_t)(p - from);
	}
}

static size_t one_line(const uint8_t *p, size_t n)
{
	const uint8_t *lf = memchr(p, '\n', n);
	return lf ? (size_t)(lf + 1 - p) : n;
}

/* Roles have changed. Whether they have not, by the first byte of a line: the server's begin with a digit, the client's do not. */
static bool turns_back(struct rs_smtp *s, enum rs_smtp_dir dir, uint8_t c)
{
	const unsigned bit = 1u << dir;
	const bool digit = c >= '0' && c <= '9', tls = tls_goes_on(0, c);
	if (!(s->unproved & bit) || s->line[dir].len || s->tls[dir] || c == '\r' || c == '\n' || tls)
		return false;
	if (digit == (dir == RS_SMTP_SERVER)) {
		/* The new server may say anything: only the new client's word is proof. */
		s->unproved = dir == RS_SMTP_CLIENT ? 0 : s->unproved & ~bit & 3u;
		return false;
	}
	s->turned = s->back = true;
	s->ops->turn(s->arg, s->position);
	return true;
}

/* Returns how many bytes it left. */
static size_t feed_client(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	s->seen_client = true;
	if (s->unproved && turns_back(s, RS_SMTP_CLIENT, *p))
		return n;
	if (s->preface.state != RS_PREFACE_NONE && s->mode == RS_MODE_COMMAND && !s->stop) {
		size_t k = pass_preface(s, p, n);
		p += k;
		n -= k;
	} else if (s->preface.state != RS_PREFACE_NONE && s->mode != RS_MODE_COMMAND && !s->preface.n) {
		/* Content that began unseen is behind it. */
		s->preface.state = RS_PREFACE_NONE;
	}
	while (n && !s->stop && s->mode < RS_MODE_TLS) {
		if (!s->hold)
			rs_smtp_strict_client(s);
		const bool both = !s->hold && s->strict;
		const size_t k = read_client(s, p, both ? one_line(p, n) : n);
		if (both)
			rs_smtp_strict_feed(s, p, k);
		p += k;
		n -= k;
		if (n && s->unproved && turns_back(s, RS_SMTP_CLIENT, *p))
			return n;
	}
	if (s->stop || s->mode < RS_MODE_TLS)
		return n;
	s->position += n;
	return 0;
}

/* The server speaks, nothing is owed, and a CR ends what came of the client: that was enough of a line end for the server. */
static void end_by_answer(struct rs_smtp *s)
{
	struct rs_smtp_line *l = &s->line[RS_SMTP_CLIENT];
	if (!s->hold || s->mode != RS_MODE_COMMAND || s->wait.kept || s->stop || !l->len || !l->cr)
		return;
	struct rs_smtp_text line;
	bool secret = s->auth || s->ask_credentials;
	rs_smtp_line_end(l, &line);
	line.bare = true;
	rs_smtp_client_line(s, &line);
	rs_smtp_line_done(l, s->blocks, secret || s->auth);
	s->late_lf = s->mode == RS_MODE_COMMAND;
}

/* An answer of which the beginning is missing. Content that was asked for is not answered before it has ended. */
static bool ends_kept(const struct rs_smtp *s)
{
	return s->mode == RS_MODE_COMMAND || (s->lost_server && !s->wait.kept && s->answer == RS_ANSWER_GO);
}

/* The server has answered: what comes of the client next begins a line, and is no rest of what began unseen. */
static void refresh(struct rs_smtp *s)
{
	struct rs_smtp_line *l = &s->line[RS_SMTP_CLIENT];
	s->fresh = true;
	if (rs_smtp_kept_any(s) && ends_kept(s)) {
		rs_smtp_kept_act(s, false);
		rs_smtp_server_missing(s);
	}
	if (s->hold || !s->lost_client || s->mode != RS_MODE_COMMAND)
		return;
	if (l->len)
		rs_smtp_line_done(l, s->blocks, true);
	s->tls[RS_SMTP_CLIENT] = 0;
	s->torn = s->skip_line = false;
}

/* Returns how many bytes it left. */
static size_t feed_server(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	s->seen_server = true;
	s->stop &= (uint8_t)~RS_STOP_PREFACE;
	end_by_answer(s);
	while (n && s->mode != RS_MODE_TLS && (!s->turned || s->hold)) {
		struct rs_smtp_text line;
		if (s->unproved && turns_back(s, RS_SMTP_SERVER, *p))
			break;
		if (!take_line(s, RS_SMTP_SERVER, &p, &n, &line))
			continue;
		rs_smtp_server_line(s, &line);
		rs_smtp_line_done(&s->line[RS_SMTP_SERVER], s->blocks, false);
		if (!s->multi)
			refresh(s);
		rs_smtp_lift(s);
	}
	return s->mode == RS_MODE_TLS ? 0 : n;
}

size_t rs_smtp_feed(struct rs_smtp *s, enum rs_smtp_dir dir, const uint8_t *p, size_t n)
{
	if (!n)
		return 0;
	if (dir == RS_SMTP_CLIENT)
		return n - feed_client(s, p, n);
	return s->mode == RS_MODE_CLOSED ? n : n - feed_server(s, p, n);
}

bool rs_smtp_turned(const struct rs_smtp *s)
{
	return s->turned;
}

void rs_smtp_turn(struct rs_smtp *s)
{
	const uint32_t next_tx = s->next_tx;
	const bool back = s->back, heard = s->seen_client;
	/* What the client went on with was read as replies. */
	if (back && !(s->unproved & 1u << RS_SMTP_SERVER))
		rs_smtp_unread(s);
	end_all(s);
	rs_smtp_init(s, s->ops, s->arg, s->blocks, false);
	s->next_tx = next_tx;
	s->preface.state = RS_PREFACE_NONE;
	if (!back) {
		s->unproved = 3;
		s->untold = true;
	} else if (!heard) {
		/* The server has greeted long ago. */
		rs_smtp_wait_clear(&s->wait, s->blocks);
	}
}

void rs_smtp_ahead(struct rs_smtp *s, uint64_t n)
{
	if (!s->hold)
		s->ahead = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* Of a MAIL only the beginning was seen: its transaction may leave no other sign. */
static void begin_cut(struct rs_smtp *s)
{
	const struct rs_smtp_line *l = &s->line[RS_SMTP_CLIENT];
	if (s->hold || !l->block || s->skip_line || s->ask_credentials || (s->lost_client && !s->fresh_line))
		return;
	struct rs_smtp_text t;
	rs_smtp_line_end(l, &t);
	if (rs_smtp_command_parse(t.p, t.len).verb == RS_VERB_MAIL && !rs_smtp_tx_current(s))
		rs_smtp_tx_begin(s)->flags |= RS_TX_NO_MAIL | RS_TX_UNHEARD;
}

static void gap_client(struct rs_smtp *s, uint64_t n)
{
	s->seen_client = true;
	if (!s->hold)
		rs_smtp_strict_missing(s);
	rs_smtp_kept_settle(s);
	begin_cut(s);
	if (s->mode != RS_MODE_COMMAND)
		n -= rs_smtp_content_missing(s, n);
	if (!n)
		return;
	rs_smtp_line_done(&s->line[RS_SMTP_CLIENT], s->blocks, true);
	s->skip_line = false;
	s->ask_credentials = false;
	s->lost_client = true;
	s->unsure = true;
	s->untold = s->torn = s->missed = true;
	for (struct rs_smtp_tx *tx = s->txs.open; tx; tx = tx->next) {
		if (!rs_smtp_tx_forming(tx))
			continue;
		tx->flags |= RS_TX_TORN;
		s->ops->unread(s->arg, tx->handle);
		s->untold = false;
	}
	if (s->unseen_rcpt)
		rs_smtp_end_torn(s);
	s->unseen_rcpt = false;
}

void rs_smtp_gap(struct rs_smtp *s, enum rs_smtp_dir dir, uint64_t n)
{
	if (dir == RS_SMTP_CLIENT)
		s->position += n;
	if (!n || s->mode == RS_MODE_TLS || s->mode == RS_MODE_CLOSED)
		return;
	s->tls[dir] = 0;
	/* Who is who is known no more. */
	if (s->unproved)
		rs_smtp_unread(s);
	s->unproved = 0;
	if (dir == RS_SMTP_CLIENT) {
		gap_client(s, n);
		return;
	}
	s->seen_server = true;
	rs_smtp_line_done(&s->line[RS_SMTP_SERVER], s->blocks, false);
	rs_smtp_server_missing(s);
	rs_smtp_lift(s);
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
