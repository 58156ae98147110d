/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp.h"

#include <string.h>

#include "reassembly/rs_lines.h"

void rs_smtp_eod_begin(struct rs_smtp_eod *e, bool crlf, bool hold)
{
	*e = (struct rs_smtp_eod){ .state = crlf ? RS_EOD_START : RS_EOD_LF, .hold = hold };
}

static bool at_line_start(const struct rs_smtp_eod *e)
{
	return e->state < RS_EOD_TEXT;
}

bool rs_smtp_eod_quiet(const struct rs_smtp_eod *e, uint8_t next)
{
	return e->state == RS_EOD_TEXT || (at_line_start(e) && next != '.' && next);
}

bool rs_smtp_eod_open(const struct rs_smtp_eod *e)
{
	return e->hold && (e->state == RS_EOD_DOT_CR || e->state == RS_EOD_DOT_NUL_CR);
}

/* The state behind the n bytes at p, which began in `state`. */
static uint8_t behind(uint8_t state, const uint8_t *p, size_t n)
{
	if (!n)
		return state;
	if (p[n - 1] == '\r')
		return RS_EOD_CR;
	if (p[n - 1] != '\n')
		return RS_EOD_TEXT;
	bool cr = n > 1 ? p[n - 2] == '\r' : state == RS_EOD_CR;
	return cr ? RS_EOD_START : RS_EOD_LF;
}

static bool line_end(uint8_t c)
{
	return c == '\r' || c == '\n';
}

void rs_smtp_eod_skip(struct rs_smtp_eod *e, const uint8_t *p, size_t n)
{
	size_t text = n;
	if (!n || p[n - 1]) {
		e->state = behind(e->state, p, n);
		return;
	}
	while (text && !p[text - 1])
		text--;
	e->state = (text ? line_end(p[text - 1]) : at_line_start(e)) ? RS_EOD_NUL : RS_EOD_TEXT;
}

const uint8_t *rs_smtp_eod_flush(struct rs_smtp_eod *e, size_t *n)
{
	/* Behind CRLF the dot was put in by the client, and whoever stores the line takes it out: RFC 5321 4.5.2. */
	size_t from = e->n_held && e->before == RS_EOD_START && e->held[0] == '.' ? 1 : 0;
	*n = e->n_held - from;
	if (e->n_held)
		e->state = behind(RS_EOD_TEXT, e->held, e->n_held);
	else if (e->state == RS_EOD_ASK)
		e->state = e->before;
	e->n_held = 0;
	return e->held + from;
}

uint32_t rs_smtp_eod_rest_lines(const struct rs_smtp_eod *e)
{
	size_t n;
	const uint8_t *p = rs_smtp_eod_rest(e, &n);
	uint32_t lines = 0;
	while (n--)
		lines += *p++ == '\n';
	return lines;
}

const uint8_t *rs_smtp_eod_rest(const struct rs_smtp_eod *e, size_t *n)
{
	*n = e->state == RS_EOD_ASK ? e->n_held - e->n_dot : 0;
	return e->held + e->n_dot;
}

static void hold(struct rs_smtp_eod *e, uint8_t c, uint8_t state)
{
	e->held[e->n_held++] = c;
	e->state = state;
}

static enum rs_smtp_eod_found ask(struct rs_smtp_eod *e, enum rs_smtp_eod_found which)
{
	e->n_dot = e->n_held;
	e->later = false;
	e->state = RS_EOD_ASK;
	return which;
}

/* A "." line is whole, and is not the certain end. */
static enum rs_smtp_eod_found candidate(struct rs_smtp_eod *e, enum rs_smtp_eod_found which)
{
	return ask(e, e->before == RS_EOD_NUL ? RS_EOD_WITH_NUL : which);
}

/* A line that began with a dot and a NUL is whole, and was handed out; e->state is behind it. Nothing is held but what follows. */
static enum rs_smtp_eod_found candidate_gone(struct rs_smtp_eod *e)
{
	if (!e->hold) {
		e->before = e->state;
		ask(e, RS_EOD_WITH_NUL);
	}
	return RS_EOD_WITH_NUL;
}

static size_t release(struct rs_smtp_eod *e, struct rs_smtp_eod_step *out)
{
	out->held = rs_smtp_eod_flush(e, &out->held_len);
	return 0;
}

static size_t step_dot(struct rs_smtp_eod *e, uint8_t c, struct rs_smtp_eod_step *out)
{
	if (c == '\r') {
		hold(e, c, RS_EOD_DOT_CR);
	} else if (c == '\n') {
		hold(e, c, RS_EOD_DOT);
		out->found = candidate(e, RS_EOD_BARE_LF);
	} else {
		release(e, out);
		if (!c)
			e->state = RS_EOD_DOT_NUL;
		return 0;
	}
	return 1;
}

static size_t step_dot_cr(struct rs_smtp_eod *e, uint8_t c, struct rs_smtp_eod_step *out)
{
	if (c != '\n') {
		out->found = candidate(e, RS_EOD_BARE_CR);
		return 0;
	}
	hold(e, c, RS_EOD_DOT_CR);
	switch (e->before) {
	case RS_EOD_START:
		out->found = RS_EOD_END;
		break;
	case RS_EOD_LF:
		out->found = ask(e, RS_EOD_BARE_LF);
		break;
	case RS_EOD_CR:
		out->found = ask(e, RS_EOD_BARE_CR);
		break;
	default: /* behind a gap, where CRLF may have been: nothing odd, but not certain */
		out->found = candidate(e, e->hold ? RS_EOD_MAYBE : RS_EOD_MORE);
	}
	return 1;
}

/* Whether what follows the candidate, c being its newest byte, reads as a command. Empty lines before it say nothing. */
static int rest_reads(struct rs_smtp_eod *e, uint8_t c)
{
	e->held[e->n_held] = c;
	const uint8_t *p = e->held + e->n_dot;
	size_t n = e->n_held - e->n_dot + 1u;
	bool full = n == RS_SMTP_READS_MAX;
	while (n && (*p == '\r' || *p == '\n')) {
		p++;
		n--;
	}
	int reads = rs_smtp_command_reads(p, n, false);
	/* Further behind it only what begins a message counts. */
	if (e->later && reads > 0 && rs_smtp_command_parse(p, n).verb != RS_VERB_MAIL)
		return 0;
	return reads < 0 && full ? 0 : reads;
}

static size_t step_ask(struct rs_smtp_eod *e, uint8_t c, struct rs_smtp_eod_step *out)
{
	int reads = e->hold ? 0 : rest_reads(e, c);
	if (!reads) {
		e->doubted = !e->hold && !e->torn;
		return release(e, out);
	}
	e->n_held++;
	if (reads > 0)
		out->found = RS_EOD_COMMAND;
	return 1;
}

/* A line that may be MAIL, somewhere behind a candidate that did not read as the end: to a server that took it for one, and refused
 * what came between. */
static size_t step_later(struct rs_smtp_eod *e, uint8_t c, struct rs_smtp_eod_step *out)
{
	e->before = e->state;
	e->n_dot = 0;
	e->later = true;
	e->state = RS_EOD_ASK;
	return step_ask(e, c, out);
}

static void pass(struct rs_smtp_eod *e, const uint8_t *p, size_t n, uint8_t state, struct rs_smtp_eod_step *out)
{
	out->span = p;
	out->span_len = n;
	e->state = state;
}

static size_t step_dot_nul(struct rs_smtp_eod *e, const uint8_t *p, size_t n, struct rs_smtp_eod_step *out)
{
	size_t i = 0;
	if (e->state == RS_EOD_DOT_NUL_CR) {
		bool lf = p[0] == '\n';
		pass(e, p, lf, lf ? RS_EOD_START : RS_EOD_CR, out);
		out->found = candidate_gone(e);
		return lf;
	}
	while (i < n && !line_end(p[i]))
		i++;
	if (i == n) {
		pass(e, p, n, RS_EOD_DOT_NUL, out);
		return n;
	}
	bool lf = p[i] == '\n';
	pass(e, p, i + 1, lf ? RS_EOD_LF : RS_EOD_DOT_NUL_CR, out);
	if (lf)
		out->found = candidate_gone(e);
	return i + 1;
}

/* How far p goes before a NUL at a line's start. */
static size_t before_nul(const struct rs_smtp_eod *e, const uint8_t *p, size_t n)
{
	const uint8_t *at = p, *end = p + n;
	while (at < end && (at = memchr(at, 0, (size_t)(end - at)))) {
		if (at == p ? at_line_start(e) : line_end(at[-1]))
			return (size_t)(at - p);
		at++;
	}
	return n;
}

static size_t nuls(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n && !p[i])
		i++;
	return i;
}

size_t rs_smtp_eod_step(struct rs_smtp_eod *e, const uint8_t *p, size_t n, struct rs_smtp_eod_step *out)
{
	*out = (struct rs_smtp_eod_step){ .found = RS_EOD_MORE };
	switch (e->state) {
	case RS_EOD_DOT:
		return step_dot(e, p[0], out);
	case RS_EOD_DOT_CR:
		return step_dot_cr(e, p[0], out);
	case RS_EOD_ASK:
		return step_ask(e, p[0], out);
	case RS_EOD_DOT_NUL:
	case RS_EOD_DOT_NUL_CR:
		return step_dot_nul(e, p, n, out);
	default:
		break;
	}
	if (at_line_start(e) && p[0] == '.') {
		e->before = e->state;
		hold(e, '.', RS_EOD_DOT);
		return 1;
	}
	if (at_line_start(e) && !p[0]) {
		pass(e, p, nuls(p, n), RS_EOD_NUL, out);
		return out->span_len;
	}
	if (e->doubted && at_line_start(e) && (p[0] | 0x20) == 'm')
		return step_later(e, p[0], out);
	/* Up to the first dot at a line start. */
	out->span = p;
	out->span_len = rs_lines_find(p, n, '.', true);
	out->span_len = before_nul(e, p, out->span_len);
	rs_smtp_eod_skip(e, p, out->span_len);
	return out->span_len;
}
