/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp_dialogue.h"

#include <assert.h>
#include <string.h>

struct kept {
	uint16_t n;
	uint16_t line; /* where the line under way begins: all before are whole, and commands */
	uint8_t p[RS_SMTP_BLOCK - 2 * sizeof(uint16_t)];
};
static_assert(sizeof(struct kept) == RS_SMTP_BLOCK, "what is kept is a block");

bool rs_smtp_kept_any(const struct rs_smtp *s)
{
	return !s->hold && s->kept;
}

static size_t without_end(const uint8_t *p, size_t n)
{
	n -= n && p[n - 1] == '\n';
	return n - (n && p[n - 1] == '\r');
}

/* MAIL FROM:<path> or RCPT TO:<path>, and no prose that begins so. */
static bool has_path(const struct rs_smtp_command *c)
{
	struct rs_smtp_path path;
	return rs_smtp_command_path(c, &path) && memchr(c->arg, '<', c->arg_len) && memchr(c->arg, '>', c->arg_len);
}

/* MAIL, RCPT. */
static bool may_begin(uint8_t c)
{
	return (c | 0x20) == 'm' || (c | 0x20) == 'r';
}

/* Whether a line is the first that is kept, or may stand behind it: as rs_smtp_command_reads. */
static int reads(const uint8_t *p, size_t n, bool first, bool whole)
{
	int is = rs_smtp_command_reads(p, n, whole);
	if (is < 0)
		return !first || may_begin(p[0]) ? is : 0;
	if (!is)
		return 0;
	const struct rs_smtp_command c = rs_smtp_command_parse(p, n);
	switch (c.verb) {
	case RS_VERB_MAIL:
	case RS_VERB_RCPT:
		return !whole || has_path(&c);
	case RS_VERB_DATA:
	case RS_VERB_BDAT:
	case RS_VERB_RSET:
	case RS_VERB_NOOP:
		return !first;
	default:
		return 0;
	}
}

/* Behind a DATA that was answered neither yes nor no any command may stand. */
static int may_keep(const struct rs_smtp *s, const uint8_t *p, size_t n, bool first, bool whole)
{
	return s->either ? rs_smtp_command_reads(p, n, whole) : reads(p, n, first, whole);
}

static bool put(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	struct kept *k = s->kept;
	if (!k) {
		s->kept = k = rs_pool_get(s->blocks);
		if (!k)
			return false;
		k->n = k->line = 0;
	}
	if (n > sizeof k->p - k->n)
		return false;
	memcpy(k->p + k->n, p, n);
	k->n = (uint16_t)(k->n + n);
	return true;
}

/* What is kept, for the caller's copy; nothing is any more. */
static struct kept take(struct rs_smtp *s)
{
	struct kept k = *(struct kept *)s->kept;
	rs_pool_put(s->blocks, s->kept);
	s->kept = NULL;
	return k;
}

static void drop(struct rs_smtp *s)
{
	rs_pool_put(s->blocks, s->kept);
	s->kept = NULL;
}

void rs_smtp_kept_release(struct rs_smtp *s)
{
	if (!rs_smtp_kept_any(s))
		return;
	struct kept k = take(s);
	s->position -= k.n;
	if (s->either) {
		rs_smtp_content_comes(s);
		/* To a server that did not take DATA its first lines are commands. */
		if (k.line)
			s->ops->unread(s->arg, s->body->handle);
	}
	const size_t read = rs_smtp_content_read(s, k.p, k.n);
	/* The content ended amid them. */
	if (read < k.n)
		rs_smtp_feed(s, RS_SMTP_CLIENT, k.p + read, k.n - read);
}

void rs_smtp_kept_act(struct rs_smtp *s, bool answered)
{
	struct kept k = take(s);
	const bool either = s->either;
	if (either) {
		rs_smtp_content_none(s);
	} else if (s->mode == RS_MODE_DATA) {
		if (s->body) {
			rs_smtp_content_close(s, s->body, RS_END_BY_REPLY);
			rs_smtp_tx_end(s, s->body, RS_OUT_UNKNOWN, NULL);
		}
		s->mode = RS_MODE_COMMAND;
		s->unsure = s->missed = true;
	}
	for (size_t at = 0; at < k.line;) {
		size_t n = (size_t)((const uint8_t *)memchr(k.p + at, '\n', k.line - at) + 1 - k.p) - at;
		struct rs_smtp_text t = { .p = k.p + at, .len = without_end(k.p + at, n) };
		t.crlf = n - t.len == 2;
		at += n;
		s->fresh_line = at == n;
		/* Who sends them all at once sends DATA with them: those before were answered, unseen. */
		if (answered && !either && at == k.line && at > n)
			rs_smtp_server_missing(s);
		rs_smtp_client_line(s, &t);
	}
	/* What made them commands may have been wrong: then others follow in the same way. */
	if (!either) {
		s->reread = s->mode == RS_MODE_DATA;
		return;
	}
	s->position -= (uint64_t)(k.n - k.line);
	rs_smtp_feed(s, RS_SMTP_CLIENT, k.p + k.line, (size_t)(k.n - k.line));
}

/* The newest line is whole, and a command. */
static void line_done(struct rs_smtp *s)
{
	struct kept *k = s->kept;
	const uint8_t verb = rs_smtp_command_parse(k->p + k->line, without_end(k->p + k->line, (size_t)(k->n - k->line))).verb;
	k->line = k->n;
	if (!s->either && (verb == RS_VERB_DATA || verb == RS_VERB_BDAT))
		rs_smtp_kept_act(s, false);
}

size_t rs_smtp_kept_content(struct rs_smtp *s, const uint8_t *p, size_t n)
{
	const bool begins = s->eod.state == RS_EOD_START || s->eod.state == RS_EOD_LF || s->eod.state == RS_EOD_GAP;
	const uint8_t *lf = memchr(p, '\n', n);
	const size_t some = lf ? (size_t)(lf + 1 - p) : n;
	if (!s->kept && (!begins || !may_keep(s, p, lf ? without_end(p, some) : some, true, lf)))
		return 0;
	if (!put(s, p, some)) {
		rs_smtp_kept_release(s);
		return 0;
	}
	const struct kept *k = s->kept;
	const uint8_t *line = k->p + k->line;
	const size_t len = (size_t)(k->n - k->line);
	s->position += some;
	if (!may_keep(s, line, lf ? without_end(line, len) : len, !k->line, lf))
		rs_smtp_kept_release(s);
	else if (lf)
		line_done(s);
	return some;
}

bool rs_smtp_kept_command(struct rs_smtp *s, const struct rs_smtp_text *line)
{
	const bool first = !s->kept;
	bool fits = !line->cut && !line->lost && reads(line->p, line->len, first, true) && put(s, line->p, line->len) &&
		    put(s, (const uint8_t *)"\r\n", 2);
	if (fits)
		line_done(s);
	else if (s->kept)
		drop(s);
	return fits;
}

void rs_smtp_kept_settle(struct rs_smtp *s)
{
	if (!rs_smtp_kept_any(s))
		return;
	if (((const struct kept *)s->kept)->line)
		rs_smtp_kept_act(s, false);
	else if (s->mode == RS_MODE_DATA)
		rs_smtp_kept_release(s);
	else
		drop(s);
}

size_t rs_smtp_kept_before(const uint8_t *p, size_t n)
{
	for (const uint8_t *at = p, *end = p + n, *lf; (lf = memchr(at, '\n', (size_t)(end - at))); at = lf + 1)
		if (lf + 1 < end && may_begin(lf[1]))
			return (size_t)(lf + 1 - p);
	return n;
}
