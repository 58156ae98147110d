/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_dialogue.h"

#include <string.h>

/* Where the callee of bulk eats nothing, it is asked again after a line; where it still does not, after spans that grow to
 * this, over segments: plain text then comes in pieces worth a call. */
#define SPAN_MIN 256
#define SPAN_MAX 4096
#define BULK_LEAST 64 /* to eat less is to eat nothing: asking costs as much */

/* Where dots are taken out of short lines, what is left goes out in pieces worth a call, too: bytes that the callee has not had yet. All of
 * them go out before anything else is told, and before the call that read them returns. */
struct gather {
	size_t n;
	uint8_t bytes[1024];
};
#define GATHER_SPAN 256 /* what is longer goes out as it stands */

void rs_smtp_content_open(struct rs_smtp *s)
{
	if (!s->body) {
		struct rs_smtp_tx *tx = rs_smtp_tx_begin_bare(s);
		/* Its DATA was noted when there was no transaction; nothing was sent since. */
		struct rs_smtp_owed *e = rs_smtp_wait_tail(&s->wait);
		if (s->answer == RS_ANSWER_OWED && e && e->verb == RS_VERB_DATA) {
			e->tx = tx->n;
			tx->owed++;
		}
	}
	if (s->body->flags & RS_TX_OPEN)
		return;
	s->body->flags |= RS_TX_OPEN;
	s->span = 1;
	s->ops->content_begin(s->arg, s->body->handle);
}

void rs_smtp_content_close(struct rs_smtp *s, struct rs_smtp_tx *tx, enum rs_smtp_end how)
{
	if (!(tx->flags & RS_TX_OPEN))
		return;
	tx->flags &= ~(uint32_t)RS_TX_OPEN;
	s->ops->content_end(s->arg, tx->handle, how);
}

void rs_smtp_content_expect(struct rs_smtp *s, struct rs_smtp_tx *tx, enum rs_smtp_answer answer, bool crlf)
{
	s->body = tx;
	s->mode = RS_MODE_DATA;
	s->answer = answer;
	s->early_lines = 0;
	s->fed = s->reread = s->either = s->vague = false;
	if (!s->hold)
		s->asked_ahead = 0;
	s->armed = s->told_early = s->doubted = false;
	rs_smtp_eod_begin(&s->eod, crlf, s->hold);
}

void rs_smtp_content_comes(struct rs_smtp *s)
{
	s->either = false;
	s->fed = true;
	rs_smtp_content_open(s);
	rs_smtp_tx_revive(s->body);
}

void rs_smtp_content_none(struct rs_smtp *s)
{
	struct rs_smtp_tx *tx = s->body;
	s->either = s->vague = false;
	s->mode = RS_MODE_COMMAND;
	if (!tx || tx->flags & RS_TX_OPEN)
		return;
	s->body = NULL;
	rs_smtp_tx_settle(s, tx, NULL);
}

static void emit(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	if (n)
		s->ops->content(s->arg, s->body->handle, p, n);
}

static void gather_out(struct rs_smtp *s, struct gather *g)
{
	const size_t n = g->n;
	g->n = 0;
	emit(s, g->bytes, n);
}

/* Before s->position is set behind them: n bytes come next. */
static void gather_room(struct rs_smtp *s, struct gather *g, size_t n)
{
	if (n > GATHER_SPAN || n > sizeof g->bytes - g->n)
		gather_out(s, g);
}

static void gather(struct rs_smtp *s, struct gather *g, const uint8_t *p, size_t n)
{
	if (n > GATHER_SPAN) {
		emit(s, p, n);
		return;
	}
	if (!n)
		return;
	memcpy(g->bytes + g->n, p, n);
	g->n += n;
}

/* Where a server that has not seen the end may stand: s->position is its end. */
static uint64_t safe_before(const struct rs_smtp *s, bool chunk)
{
	if (!chunk)
		return s->dotted;
	return s->chunk_empty ? s->began : s->position - 1;
}

void rs_smtp_content_finish(struct rs_smtp *s, enum rs_smtp_end how)
{
	struct rs_smtp_tx *tx = s->body;
	bool chunk = s->mode == RS_MODE_CHUNK;
	rs_smtp_content_close(s, tx, how);
	tx->flags |= RS_TX_DONE;
	s->body = NULL;
	s->mode = RS_MODE_COMMAND;
	/* The reply to BDAT LAST is owed since its command line. */
	if (!chunk && !rs_smtp_owe(s, tx, RS_VERB_CONTENT, s->answer == RS_ANSWER_OWED ? s->early_lines : 0, false))
		tx->flags |= RS_TX_DEAF;
	/* One behind a gap was told as a candidate, and the server has taken it. */
	bool told = !chunk && s->eod.state == RS_EOD_ASK;
	if ((how == RS_END_DOT || how == RS_END_LAST) && !told)
		rs_smtp_tell_end(s, tx, safe_before(s, chunk), true);
	if (how == RS_END_DOT && s->doubted && !told)
		rs_smtp_astray(s);
	if (tx->flags & RS_TX_DEAF)
		rs_smtp_tx_end(s, tx, RS_OUT_UNKNOWN, NULL);
}

/* A candidate that turned out to be the end. */
static enum rs_smtp_end end_of_candidate(const struct rs_smtp_eod *e)
{
	bool proper = e->n_dot == 3 && e->before == RS_EOD_GAP;
	return proper ? RS_END_DOT : RS_END_BARE;
}

/* What stands behind it, beginning with a command. */
static bool begins_message(const uint8_t *p, size_t n)
{
	while (n && (*p == '\r' || *p == '\n')) {
		p++;
		n--;
	}
	return rs_smtp_command_parse(p, n).verb == RS_VERB_MAIL;
}

static void finish_candidate(struct rs_smtp *s, bool guess)
{
	/* Lines behind the candidate are commands, and answered as such. */
	if (s->answer == RS_ANSWER_OWED)
		s->early_lines -= rs_smtp_eod_rest_lines(&s->eod);
	size_t n;
	const struct rs_smtp_eod eod = s->eod; /* what is replayed may set it anew */
	const uint8_t *rest = rs_smtp_eod_rest(&eod, &n);
	const enum rs_smtp_end how = end_of_candidate(&eod);
	guess &= how == RS_END_BARE;
	if (guess && begins_message(rest, n))
		rs_smtp_tell(s, RS_SMTP_SMUGGLED);
	s->guessed = guess && !rs_smtp_strict_begin(s);
	rs_smtp_content_finish(s, how);
	s->guessed = false;
	/* To a server that ended the content there, the lines between were commands. */
	if (eod.later && s->behind)
		rs_smtp_owe(s, NULL, RS_VERB_UNKNOWN, s->behind - 1, false);
	rs_smtp_client_replay(s, rest, n);
}

void rs_smtp_content_answered(struct rs_smtp *s)
{
	rs_smtp_content_open(s);
	bool at_cr = s->eod.state == RS_EOD_DOT_CR;
	if (at_cr) {
		/* "." CR was enough for the server. */
		rs_smtp_tell(s, RS_SMTP_END_BARE_CR);
		s->eod.state = RS_EOD_ASK;
		s->eod.n_dot = s->eod.n_held;
	}
	if (s->eod.state == RS_EOD_ASK) {
		finish_candidate(s, false);
		/* Its LF may still come, and is no command. */
		s->late_lf = s->hold && at_cr;
		return;
	}
	size_t n;
	const uint8_t *held = rs_smtp_eod_flush(&s->eod, &n);
	emit(s, held, n);
	/* Where the server saw the end is not known: what follows may be the content's remainder. */
	s->skip_line = s->eod.state == RS_EOD_TEXT || s->eod.state == RS_EOD_CR || s->eod.state == RS_EOD_NUL ||
		       s->eod.state == RS_EOD_DOT_NUL || s->eod.state == RS_EOD_DOT_NUL_CR;
	s->lost_client = true;
	s->unsure = s->missed = true;
	/* To a server that did not take DATA these were commands, and a message may be among them. */
	if (s->vague)
		s->ops->unread(s->arg, s->body->handle);
	rs_smtp_content_finish(s, RS_END_BY_REPLY);
}

uint32_t rs_smtp_content_refused(struct rs_smtp *s)
{
	rs_smtp_kept_release(s);
	uint32_t lines = s->early_lines;
	s->mode = RS_MODE_COMMAND;
	if (s->fed) {
		lines -= rs_smtp_eod_rest_lines(&s->eod);
		/* It may have ended before, with a chunk of it that was refused. */
		if (s->body)
			rs_smtp_content_close(s, s->body, RS_END_REFUSED);
		s->skip_line = s->eod.state != RS_EOD_START && s->eod.state != RS_EOD_LF && s->eod.state != RS_EOD_ASK;
		size_t n;
		const uint8_t *rest = rs_smtp_eod_rest(&s->eod, &n);
		rs_smtp_client_replay(s, rest, n);
	}
	/* A refused DATA between two chunks leaves the chunks' content open: RFC 3030 2. */
	if (s->body && !(s->body->flags & RS_TX_OPEN))
		s->body = NULL;
	return lines;
}

/* The lines that a server which refuses DATA takes for commands, and answers each. */
static void count_lines(uint32_t *lines, const uint8_t *p, size_t n)
{
	for (const uint8_t *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		++*lines;
}

static size_t offer(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	size_t k = s->ops->bulk(s->arg, s->body->handle, p, n);
	return k < n ? k : n;
}

/* The length of p up to the line end at or behind `least` bytes. */
static size_t lines_len(const uint8_t *p, size_t n, size_t least)
{
	if (least >= n)
		return n;
	const uint8_t *lf = memchr(p + least - 1, '\n', n - least + 1);
	return lf ? (size_t)(lf + 1 - p) : n;
}

static uint16_t wider(uint16_t span)
{
	return span < SPAN_MIN ? SPAN_MIN : span < SPAN_MAX ? (uint16_t)(2 * span) : span;
}

void rs_smtp_content_watch(struct rs_smtp *s)
{
	if (s->armed)
		return;
	s->armed = true;
	s->smuggle = (struct rs_smtp_smuggle){ 0 };
	s->began = s->position;
}

/* Hold: some server takes the end here; the content goes on. */
static void tell_candidate(struct rs_smtp *s)
{
	rs_smtp_content_watch(s);
	rs_smtp_tell_end(s, s->body, s->dotted, false);
}

static enum rs_smtp_anomaly anomaly_of(enum rs_smtp_eod_found found)
{
	return found == RS_EOD_BARE_LF ? RS_SMTP_END_BARE_LF :
	       found == RS_EOD_BARE_CR ? RS_SMTP_END_BARE_CR :
	       found == RS_EOD_WITH_NUL ? RS_SMTP_END_NUL :
	                                  RS_SMTP_ANOMALY_MAX;
}

/* A "." line is whole that is not the certain end. */
static void found_candidate(struct rs_smtp *s, struct gather *g, enum rs_smtp_eod_found found, size_t took)
{
	const enum rs_smtp_anomaly a = anomaly_of(found);
	const bool told = a == RS_SMTP_ANOMALY_MAX || s->told & 1u << a;
	if (s->hold || !told)
		gather_out(s, g);
	/* Behind a CR that was told already no LF came. */
	if (s->hold && (took || !s->told_early))
		tell_candidate(s);
	s->doubted = s->hold;
	s->told_early = false;
	if (!told)
		rs_smtp_tell(s, a);
}

/* Hold: bytes of the content that were taken, at most one line's. */
static void watch(struct rs_smtp *s, struct gather *g, const uint8_t *p, size_t n)
{
	enum rs_smtp_smuggled found = rs_smtp_smuggle_feed(&s->smuggle, p, n);
	if (found != RS_SMUGGLED_NOT)
		gather_out(s, g);
	if (found != RS_SMUGGLED_NOT)
		rs_smtp_tell(s, RS_SMTP_SMUGGLED);
	if (found == RS_SMUGGLED_CHUNK)
		rs_smtp_tell_end(s, s->body, s->began, false);
	if (n && (p[n - 1] == '\r' || p[n - 1] == '\n'))
		s->began = s->position;
}

static enum rs_smtp_eod_found step(struct rs_smtp *s, struct gather *g, const uint8_t *p, size_t n, size_t *took)
{
	struct rs_smtp_eod_step out;
	*took = rs_smtp_eod_step(&s->eod, p, n, &out);
	gather_room(s, g, out.held_len);
	gather(s, g, out.held, out.held_len);
	gather_room(s, g, out.span_len);
	s->position += *took;
	if (s->hold && *took && s->eod.state == RS_EOD_DOT)
		s->dotted = s->position;
	gather(s, g, out.span, out.span_len);
	if (s->armed)
		watch(s, g, p, *took);
	if (out.found == RS_EOD_END || out.found == RS_EOD_COMMAND)
		gather_out(s, g);
	else if (out.found != RS_EOD_MORE)
		found_candidate(s, g, out.found, *took);
	return out.found;
}

/* Where lines are looked at: how far p may be read at once, up to the end of a line. */
static size_t one_line(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n && p[i] != '\r' && p[i] != '\n')
		i++;
	return i < n ? i + 1 : n;
}

static void count_behind(struct rs_smtp *s, enum rs_smtp_eod_found found, const uint8_t *p, size_t n)
{
	if (found != RS_EOD_MORE && found != RS_EOD_COMMAND)
		s->behind = 0;
	else if (s->eod.doubted || s->eod.state == RS_EOD_ASK)
		count_lines(&s->behind, p, n);
}

/* Steps over p, until the content ends (true) or reading is halted. */
static bool read_lines(struct rs_smtp *s, struct gather *g, const uint8_t *p, size_t n, size_t *at)
{
	const bool early = s->answer == RS_ANSWER_OWED;
	while (*at < n && !s->stop) {
		size_t took, some = s->armed || s->eod.doubted ? one_line(p + *at, n - *at) : n - *at;
		enum rs_smtp_eod_found found = step(s, g, p + *at, some, &took);
		if (early)
			count_lines(&s->early_lines, p + *at, took);
		if (!s->hold)
			count_behind(s, found, p + *at, took);
		*at += took;
		if (found == RS_EOD_END)
			rs_smtp_content_finish(s, RS_END_DOT);
		else if (found == RS_EOD_COMMAND)
			finish_candidate(s, true);
		else
			continue;
		return true;
	}
	return false;
}

static size_t read_bulk(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	size_t k = offer(s, p, n);
	rs_smtp_eod_skip(&s->eod, p, k);
	s->position += k;
	if (s->answer == RS_ANSWER_OWED)
		count_lines(&s->early_lines, p, k);
	return k;
}

/* True: the content has ended. */
static bool read_some(struct rs_smtp *s, const uint8_t *p, size_t n, size_t *read)
{
	struct gather g;
	size_t at = 0;
	g.n = 0;
	while (at < n && !s->stop) {
		if (rs_smtp_eod_quiet(&s->eod, p[at]) && !s->armed && !s->eod.doubted) {
			gather_out(s, &g);
			if (s->stop)
				break;
			size_t k = read_bulk(s, p + at, n - at);
			at += k;
			if (at == n || s->stop)
				break;
			s->span = k >= BULK_LEAST ? 1 : wider(s->span);
		}
		if (read_lines(s, &g, p, at + lines_len(p + at, n - at, s->span), &at)) {
			*read = at;
			return true;
		}
	}
	gather_out(s, &g);
	*read = at;
	return false;
}

size_t rs_smtp_content_read(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	size_t read;
	read_some(s, p, n, &read);
	return read;
}

size_t rs_smtp_content_data(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	size_t at = 0, k;
	s->fresh = false;
	if (s->either && (k = rs_smtp_kept_content(s, p, n)))
		return k;
	if (s->either)
		rs_smtp_content_comes(s);
	rs_smtp_content_open(s);
	s->fed = true;
	while (at < n && !s->stop) {
		at += k = s->reread ? rs_smtp_kept_content(s, p + at, n - at) : 0;
		/* Another message's begins. */
		if (s->mode != RS_MODE_DATA || !s->body || !(s->body->flags & RS_TX_OPEN))
			return at;
		if (k)
			continue;
		bool ended = read_some(s, p + at, s->reread ? rs_smtp_kept_before(p + at, n - at) : n - at, &k);
		at += k;
		if (ended)
			return at;
	}
	if (s->hold && rs_smtp_eod_open(&s->eod) && !s->told_early) {
		tell_candidate(s);
		s->told_early = true;
	}
	return at;
}

static void chunk_done(struct rs_smtp *s)
{
	if (s->body && s->chunk_last)
		rs_smtp_content_finish(s, RS_END_LAST);
	s->mode = RS_MODE_COMMAND;
}

size_t rs_smtp_content_chunk(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	if (n > s->chunk)
		n = (size_t)s->chunk;
	s->fresh = false;
	size_t at = 0;
	while (s->body && at < n && !s->stop) {
		size_t k = offer(s, p + at, n - at);
		at += k;
		s->position += k;
		s->span = k ? SPAN_MIN : wider(s->span);
		size_t some = s->stop ? 0 : lines_len(p + at, n - at, s->span);
		s->position += some;
		emit(s, p + at, some);
		at += some;
	}
	if (!s->body) {
		s->position += n;
		at = n;
	}
	s->chunk -= at;
	if (!s->chunk)
		chunk_done(s);
	return at;
}

void rs_smtp_content_expect_chunk(struct rs_smtp *s)
{
	s->mode = RS_MODE_CHUNK;
	s->chunk_empty = !s->chunk;
	if (!s->chunk)
		chunk_done(s);
}

static void missing_data(struct rs_smtp *s, uint64_t n)
{
	rs_smtp_content_open(s);
	s->fed = true;
	s->either = false;
	size_t held_len;
	const uint8_t *held = rs_smtp_eod_flush(&s->eod, &held_len);
	emit(s, held, held_len);
	s->reread = !s->hold;
	s->ops->content_gap(s->arg, s->body->handle, n);
	s->eod.state = RS_EOD_GAP;
	s->eod.torn = true;
	s->eod.doubted = false;
}

/* How many of n missing bytes are the commands that the server answered with 354: nobody knows what they said. */
static uint64_t missing_before(struct rs_smtp *s, uint64_t n)
{
	if (s->hold || s->fed || !s->asked_ahead)
		return 0;
	rs_smtp_content_open(s);
	s->ops->unread(s->arg, s->body->handle);
	const uint64_t before = n < s->asked_ahead ? n : s->asked_ahead;
	s->asked_ahead -= (uint32_t)before;
	return before;
}

uint64_t rs_smtp_content_missing(struct rs_smtp *s, uint64_t n)
{
	if (s->mode == RS_MODE_DATA) {
		const uint64_t before = missing_before(s, n);
		if (n > before)
			missing_data(s, n - before);
		return n;
	}
	if (n > s->chunk)
		n = s->chunk;
	if (s->body)
		s->ops->content_gap(s->arg, s->body->handle, n);
	s->chunk -= n;
	if (!s->chunk)
		chunk_done(s);
	return n;
}
