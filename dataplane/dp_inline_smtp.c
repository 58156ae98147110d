/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_inline_smtp.h"

#define IDLE UINT64_C(300000000000)
#define MS UINT64_C(1000000)

/* The server. */

void dp_server_init(struct dp_server *s, struct dp_end *end, uint64_t *random)
{
	*s = (struct dp_server){ .end = end, .random = random, .chunking = true, .pipelining = true };
}

void dp_server_free(struct dp_server *s)
{
	for (size_t i = 0; i < s->ndelivered; i++)
		dp_text_free(&s->delivered[i]);
	free(s->delivered);
	dp_text_free(&s->body);
	dp_text_free(&s->pending);
}

static void answer(struct dp_server *s, const char *text)
{
	dp_text_put(&s->pending, text, strlen(text));
}

/* The transaction's content is whole. */
static void deliver(struct dp_server *s)
{
	bool mute = s->mute && s->mute[0] == '.';
	s->muted |= mute;
	if (s->rcpts == 0) {
		answer(s, "554 5.5.1 no recipients\r\n");
	} else {
		s->delivered = realloc(s->delivered, (s->ndelivered + 1) * sizeof *s->delivered);
		assert_non_null(s->delivered);
		s->delivered[s->ndelivered++] = s->body;
		s->body = (struct dp_text){ 0 };
		for (unsigned i = 0; !mute && i < (s->lmtp ? s->rcpts : 1); i++)
			answer(s, "250 2.0.0 queued\r\n");
	}
	dp_text_free(&s->body);
	s->mail = false;
	s->rcpts = 0;
	s->mode = DP_SERVER_COMMANDS;
}

/* The length of a line's end at p, as this server sees it; -1: more bytes decide. */
static int line_end(const struct dp_server *s, const uint8_t *p, const uint8_t *end)
{
	if (p == end)
		return -1;
	if (*p == '\n')
		return s->ends >= DP_ENDS_LF ? 1 : 0;
	if (*p != '\r')
		return 0;
	if (p + 1 < end && p[1] == '\n')
		return 2;
	if (s->ends == DP_ENDS_CR)
		return 1;
	return p + 1 < end ? 0 : -1;
}

/* One line of content, or as much of it as is there. False: more is needed. */
static bool take_line(struct dp_server *s)
{
	if (s->at == s->end->got)
		return false;
	const uint8_t *p = s->end->in.p + s->at, *end = s->end->in.p + s->end->got, *q = p;
	int eol = 0;
	if (s->skip_lf && p < end) {
		s->skip_lf = false;
		if (*p == '\n') {
			s->at++;
			dp_text_put(&s->body, p, s->body.n > 0);
			return true;
		}
	}
	for (; q < end && (eol = line_end(s, q, end)) == 0; q++)
		;
	if (q == end || eol < 0)
		return false;
	s->skip_lf = eol == 1 && *q == '\r';
	s->at += (uint64_t)(q - p) + (uint64_t)eol;
	if (q - p == 1 && *p == '.') {
		deliver(s);
		return true;
	}
	const uint8_t *from = *p == '.' ? p + 1 : p;
	dp_text_put(&s->body, from, (size_t)(q + eol - from));
	return true;
}

static void take_chunk(struct dp_server *s)
{
	uint64_t there = s->end->got - s->at, n = there < s->chunk ? there : s->chunk;
	if (n)
		dp_text_put(&s->body, s->end->in.p + s->at, n);
	s->at += n;
	s->chunk -= n;
	if (s->chunk > 0)
		return;
	if (s->chunk_last) {
		deliver(s);
		return;
	}
	answer(s, "250 2.0.0 octets\r\n");
	s->mode = DP_SERVER_COMMANDS;
}

static bool is(const char *line, const char *verb)
{
	return strncasecmp(line, verb, strlen(verb)) == 0;
}

static void greet(struct dp_server *s)
{
	answer(s, "250-mx.example.com\r\n");
	if (s->pipelining)
		answer(s, "250-PIPELINING\r\n");
	answer(s, s->chunking ? "250 CHUNKING\r\n" : "250 SIZE\r\n");
}

static void rset(struct dp_server *s)
{
	s->mail = false;
	s->rcpts = 0;
	dp_text_free(&s->body);
}

static void command(struct dp_server *s, const char *line)
{
	if (is(line, "EHLO") || is(line, "LHLO") || is(line, "HELO")) {
		rset(s);
		greet(s);
	} else if (is(line, "MAIL FROM:")) {
		answer(s, s->mail ? "503 5.5.1 nested\r\n" : "250 2.1.0 Ok\r\n");
		s->mail = true;
	} else if (is(line, "RCPT TO:")) {
		bool ok = s->mail && !strstr(line, "<nobody");
		s->rcpts += ok;
		answer(s, ok ? "250 2.1.5 Ok\r\n" : "550 5.1.1 no such user\r\n");
	} else if (is(line, "DATA")) {
		bool ok = s->rcpts > 0;
		answer(s, ok ? "354 go on\r\n" : "503 5.5.1 no recipients\r\n");
		s->mode = ok ? DP_SERVER_DATA : DP_SERVER_COMMANDS;
	} else if (s->chunking && is(line, "BDAT ")) {
		s->chunk = strtoull(line + 5, NULL, 10);
		s->chunk_last = strcasestr(line, "LAST");
		s->mode = DP_SERVER_CHUNK;
	} else if (is(line, "RSET") || is(line, "NOOP")) {
		if (is(line, "RSET"))
			rset(s);
		answer(s, "250 2.0.0 Ok\r\n");
	} else if (is(line, "QUIT")) {
		answer(s, "221 2.0.0 Bye\r\n");
		s->quits = true;
	} else {
		answer(s, "500 5.5.2 what?\r\n");
	}
}

/* False: no whole line is there. */
static bool take_command(struct dp_server *s)
{
	uint64_t n = s->end->got - s->at;
	const uint8_t *p = n ? s->end->in.p + s->at : NULL, *lf = n ? memchr(p, '\n', n) : NULL;
	char line[512];
	if (!lf)
		return false;
	size_t len = (size_t)(lf - p) < sizeof line - 1 ? (size_t)(lf - p) : sizeof line - 1;
	memcpy(line, p, len);
	line[len] = '\0';
	s->at += (uint64_t)(lf - p) + 1;
	if (s->skip_lf && lf == p) {
		s->skip_lf = false;
		return true;
	}
	s->skip_lf = false;
	command(s, line);
	if (s->mute && is(line, s->mute)) {
		dp_text_free(&s->pending);
		s->muted = true;
	}
	return true;
}

static void idle(struct dp_server *s, uint64_t now)
{
	if (s->end->fin || s->last + IDLE > now)
		return;
	dp_end_write(s->end, "421 4.4.2 idle\r\n", 16);
	dp_end_close(s->end);
}

void dp_server_run(struct dp_server *s, uint64_t now)
{
	bool gone = dp_end_over(s->end);
	if (s->end->state < DP_END_OPEN)
		return;
	if (!s->last) {
		answer(s, "220 mx.example.com ESMTP\r\n");
		s->last = now;
		s->ready = now;
	}
	for (;;) {
		if (s->pending.n && (s->ready <= now || gone)) {
			dp_end_write(s->end, s->pending.p, s->pending.n);
			dp_text_free(&s->pending);
			if (s->quits)
				dp_end_close(s->end);
		}
		/* What has come of content, it has; what it says to that takes its time. */
		if (s->pending.n || s->quits || s->muted)
			break;
		uint64_t at = s->at;
		bool more = s->mode == DP_SERVER_COMMANDS ? take_command(s) : s->mode == DP_SERVER_DATA && take_line(s);
		if (s->mode == DP_SERVER_CHUNK)
			take_chunk(s);
		if (s->at != at)
			s->last = now;
		if (s->pending.n)
			s->ready = now + (s->delay ? dp_test_random(s->random, s->delay) * MS : 0);
		if (!more && s->at == at && !s->pending.n)
			break;
	}
	if (s->end->got_fin && s->at == s->end->got && !s->pending.n)
		dp_end_close(s->end);
	idle(s, now);
}

/* The client. */

void dp_client_init(struct dp_client *c, struct dp_end *end, uint64_t *random)
{
	*c = (struct dp_client){ .end = end, .random = random, .patience = 600000 * MS };
	c->asked[c->last++].what = DP_ASKED_BANNER;
}

void dp_client_free(struct dp_client *c)
{
	for (size_t i = 0; i < c->nitems; i++)
		dp_text_free(&c->items[i].text);
	for (size_t i = 0; i < c->nletters; i++)
		dp_text_free(&c->letters[i].text);
	free(c->items);
	free(c->letters);
	dp_text_free(&c->log);
}

static struct dp_item *item(struct dp_client *c, enum dp_asked asks, struct dp_letter *letter, bool wait)
{
	c->items = realloc(c->items, (c->nitems + 1) * sizeof *c->items);
	assert_non_null(c->items);
	struct dp_item *i = &c->items[c->nitems++];
	*i = (struct dp_item){ .asks = asks, .letter = letter, .wait = wait };
	return i;
}

static void script_chunks(struct dp_client *c, struct dp_letter *l)
{
	for (size_t at = 0, n; at < l->text.n; at += n) {
		n = 1 + dp_test_random(c->random, (uint32_t)l->text.n);
		n = n < l->text.n - at ? n : l->text.n - at;
		bool last = at + n == l->text.n, zero = last && dp_test_random(c->random, 4) == 0;
		struct dp_item *i = item(c, last && !zero ? DP_ASKED_CONTENT : DP_ASKED_CHUNK, l, !c->pipelines);
		dp_text_printf(&i->text, "BDAT %zu%s\r\n", n, last && !zero ? " LAST" : "");
		dp_text_put(&i->text, l->text.p + at, n);
		if (zero)
			dp_text_printf(&item(c, DP_ASKED_CONTENT, l, !c->pipelines)->text, "BDAT 0 LAST\r\n");
	}
}

static void script_content(struct dp_client *c, struct dp_letter *l)
{
	struct dp_item *i = item(c, DP_ASKED_CONTENT, l, true);
	for (size_t at = 0; at < l->text.n; at++) {
		/* RFC 5321 4.5.2, and not behind a bare LF: what a smuggler leaves to be misread. */
		if (l->text.p[at] == '.' && (at == 0 || (at > 1 && memcmp(l->text.p + at - 2, "\r\n", 2) == 0)))
			dp_text_put(&i->text, ".", 1);
		dp_text_put(&i->text, l->text.p + at, 1);
	}
	dp_text_put(&i->text, l->form, strlen(l->form));
}

void dp_client_script(struct dp_client *c)
{
	dp_text_printf(&item(c, DP_ASKED_EHLO, NULL, true)->text, "%s client.example.org\r\n", c->lmtp ? "LHLO" : "EHLO");
	for (size_t k = 0; k < c->nletters; k++) {
		struct dp_letter *l = &c->letters[k];
		bool wait = k == 0 || !c->pipelines;
		dp_text_printf(&item(c, DP_ASKED_MAIL, l, wait)->text, "MAIL FROM:<anna@example.org>\r\n");
		for (unsigned r = 0; r < l->rcpts; r++)
			dp_text_printf(&item(c, DP_ASKED_RCPT, l, !c->pipelines)->text, "RCPT TO:<bela%u@example.com>\r\n", r);
		for (unsigned r = 0; r < l->strangers; r++)
			dp_text_printf(&item(c, DP_ASKED_RCPT, l, !c->pipelines)->text, "RCPT TO:<nobody%u@example.com>\r\n", r);
		if (l->bdat) {
			script_chunks(c, l);
			continue;
		}
		dp_text_printf(&item(c, DP_ASKED_DATA, l, !c->pipelines)->text, "DATA\r\n");
		script_content(c, l);
	}
	dp_text_printf(&item(c, DP_ASKED_QUIT, NULL, true)->text, "QUIT\r\n");
}

static void heard(struct dp_client *c, unsigned code)
{
	if (c->first == c->last) {
		c->surprises += code != 421;
		c->closing |= code == 421;
		return;
	}
	enum dp_asked what = c->asked[c->first].what;
	struct dp_letter *l = c->asked[c->first++].letter;
	bool ok = what == DP_ASKED_DATA ? code == 354 : code < 400;
	if (what == DP_ASKED_CONTENT && l->ntold < 4)
		l->told[l->ntold++] = code;
	if (what == DP_ASKED_RCPT)
		l->accepted += ok;
	else if (l && !ok && what != DP_ASKED_CONTENT)
		l->failed = true;
	c->closing |= code == 421 || what == DP_ASKED_QUIT || (!ok && what <= DP_ASKED_EHLO);
}

static void listen_to(struct dp_client *c, uint64_t now)
{
	const struct dp_end *e = c->end;
	for (;;) {
		uint64_t n = e->got - c->read;
		const uint8_t *p = n ? e->in.p + c->read : NULL, *lf = n ? memchr(p, '\n', n) : NULL;
		if (!lf)
			return;
		assert_true(lf - p >= 4);
		dp_text_put(&c->log, p, (size_t)(lf + 1 - p));
		dp_text_put(&c->log, "", 1);
		c->log.n--;
		c->read += (uint64_t)(lf + 1 - p);
		c->heard = now;
		if (p[3] != '-')
			heard(c, (unsigned)(p[0] - '0') * 100 + (unsigned)(p[1] - '0') * 10 + (unsigned)(p[2] - '0'));
	}
}

static bool is_left_out(const struct dp_item *i)
{
	const struct dp_letter *l = i->letter;
	return l && i->asks != DP_ASKED_MAIL && (l->failed || (i->asks >= DP_ASKED_DATA && i->wait && l->accepted == 0));
}

static void go_on(struct dp_client *c, uint64_t now)
{
	for (; c->at < c->nitems && c->last + 8 < sizeof c->asked / sizeof *c->asked; c->at++) {
		const struct dp_item *i = &c->items[c->at];
		if (i->wait && c->first < c->last)
			return;
		if (is_left_out(i))
			continue;
		dp_end_write(c->end, i->text.p, i->text.n);
		c->heard = now;
		for (unsigned n = i->asks == DP_ASKED_CONTENT && c->lmtp ? i->letter->accepted : 1; n > 0; n--) {
			c->asked[c->last].what = i->asks;
			c->asked[c->last++].letter = i->letter;
		}
	}
}

void dp_client_run(struct dp_client *c, uint64_t now)
{
	if (c->end->state < DP_END_OPEN || (dp_end_over(c->end) && c->read == c->end->got))
		return;
	if (!c->heard || c->acked != c->end->una)
		c->heard = now;
	c->acked = c->end->una;
	listen_to(c, now);
	if (dp_end_over(c->end))
		return;
	if (c->end->got_fin || c->closing)
		dp_end_close(c->end);
	else
		go_on(c, now);
	if (!c->gave_up && c->heard + c->patience <= now) {
		c->gave_up = true;
		dp_end_abort(c->end, now);
	}
}
