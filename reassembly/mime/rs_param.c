/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/mime/rs_param.h"

#include <string.h>
#include <strings.h>

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 2045 5.1: token. Bytes above ASCII are let pass: they stand in names as they are. */
static bool is_token(uint8_t c)
{
	return c > ' ' && c != 127 && !memchr("()<>@,;:\\\"/[]?=", c, 15);
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* What a parameter's name is made of in practice: narrower than a token, so that text with '=' in
 * an unquoted value is seldom taken for a parameter. */
static bool is_name(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '*';
}

static uint8_t *skip_space(uint8_t *p, const uint8_t *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* p stands at '('. Comments nest (RFC 5322 3.2.2); one without an end goes on to the end. */
static uint8_t *skip_comment(uint8_t *p, const uint8_t *end)
{
	unsigned depth = 0;
	while (p < end) {
		uint8_t c = *p++;
		if (c == '\\' && p < end)
			p++;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			break;
	}
	return p;
}

static uint8_t *skip_blank(uint8_t *p, const uint8_t *end)
{
	for (;;) {
		p = skip_space(p, end);
		if (p == end || *p != '(')
			return p;
		p = skip_comment(p, end);
	}
}

void rs_param_start(struct rs_param_reader *r, uint8_t *value, size_t n)
{
	r->p = value;
	r->end = value + n;
	r->unended = false;
}

static uint8_t *skip_token(uint8_t *p, const uint8_t *end)
{
	while (p < end && is_token(*p))
		p++;
	return p;
}

static size_t lower(char *out, size_t at, size_t cap, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n && at + 1 < cap; i++)
		out[at++] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i]);
	out[at] = 0;
	return at;
}

/* A field may begin with its first parameter: then there is no first word. */
static bool is_before_equals(uint8_t *p, const uint8_t *end)
{
	p = skip_blank(p, end);
	return p < end && *p == '=';
}

void rs_param_word(struct rs_param_reader *r, char *out, size_t cap)
{
	uint8_t *p = skip_blank(r->p, r->end);
	if (p < r->end && *p == '"')
		p++;
	uint8_t *stop = skip_token(p, r->end);
	out[0] = 0;
	if (is_before_equals(stop, r->end))
		return;
	lower(out, 0, cap, p, (size_t)(stop - p));
	if (stop < r->end && *stop == '"')
		stop++;
	r->p = stop;
}

bool rs_param_media_type(struct rs_param_reader *r, char *out, size_t cap)
{
	rs_param_word(r, out, cap);
	uint8_t *p = skip_blank(r->p, r->end);
	if (!out[0] || p == r->end || *p != '/')
		return false;
	p = skip_blank(p + 1, r->end);
	uint8_t *stop = skip_token(p, r->end);
	if (stop == p)
		return false;
	/* A second slash, or any other byte that ends no word, makes it something else. */
	bool clean = stop == r->end || is_space(*stop) || memchr(";(\",", *stop, 4);
	if (is_before_equals(stop, r->end))
		return false;
	r->p = stop < r->end && *stop == '"' ? stop + 1 : stop;
	if (!clean)
		return false;
	size_t at = strlen(out);
	at = lower(out, at, cap, (const uint8_t *)"/", 1);
	lower(out, at, cap, p, (size_t)(stop - p));
	return true;
}

/* Whether at p, after white space, a new parameter begins though no semicolon stands before it. */
static bool is_parameter(uint8_t *p, const uint8_t *end)
{
	const uint8_t *name = p;
	while (p < end && is_name(*p))
		p++;
	if (p == name)
		return false;
	p = skip_space(p, end);
	return p < end && *p == '=';
}

/* Where the quoted string at p ends: its quote, or where that is missing the next semicolon. */
static uint8_t *quoted_end(struct rs_param_reader *r, uint8_t *p)
{
	uint8_t *q = p + 1;
	/* Looked for in vain once, so that no field is gone through again and again. */
	while (!r->unended && q < r->end && *q != '"')
		q += *q == '\\' && q + 1 < r->end ? 2 : 1;
	if (!r->unended && q < r->end)
		return q;
	r->unended = true;
	q = memchr(p, ';', (size_t)(r->end - p));
	return q ? q : r->end;
}

/* Moves the content of the quoted string at p to *out; returns what follows it. */
static uint8_t *read_quoted(struct rs_param_reader *r, uint8_t *p, uint8_t **out)
{
	uint8_t *stop = quoted_end(r, p);
	for (uint8_t *from = p + 1; from < stop; from++) {
		if (*from == '\\' && from + 1 < stop)
			from++;
		*(*out)++ = *from;
	}
	return stop < r->end && *stop == '"' ? stop + 1 : stop;
}

/* The comments of a value, and where those begin that stand at its end. */
struct comments {
	size_t from, to;
	unsigned depth;
	bool escaped;
};

static bool is_blank(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n && is_space(p[i]))
		i++;
	return i == n;
}

/* One byte of bare text, which stands there in the value. */
static void comments_step(struct comments *k, uint8_t c, const uint8_t *value, size_t at)
{
	if (k->escaped) {
		k->escaped = false;
	} else if (c == '\\') {
		k->escaped = k->depth;
	} else if (c == '(') {
		if (!k->depth++ && !is_blank(value + k->to, at - k->to))
			k->from = at;
	} else if (c == ')' && k->depth && !--k->depth) {
		k->to = at + 1;
	}
}

static size_t comments_before(const struct comments *k, const uint8_t *value, size_t n)
{
	if (!k->from || (!k->depth && k->to < n))
		return n;
	n = k->from;
	while (n && is_space(value[n - 1]))
		n--;
	return n;
}

/* A value at p, quoted strings and bare text in any order, moved together at its start. */
static void read_value(struct rs_param_reader *r, uint8_t *p, struct rs_param *param)
{
	uint8_t *out = p;
	bool bare = false, word = true;
	struct comments comments = { 0 };
	param->value = p;
	while (p < r->end && *p != ';') {
		if (word && (*p <= ' ' || *p == ',' || *p == '"' || *p == '(') && out > param->value) {
			param->word_len = (size_t)(out - param->value);
			word = false;
		}
		if (*p == '"') {
			const bool first = out == param->value;
			p = read_quoted(r, p, &out);
			if (first && out > param->value) {
				param->word_len = (size_t)(out - param->value);
				word = false;
			}
			bare = false;
		} else if (!is_space(*p)) {
			comments_step(&comments, *p, param->value, (size_t)(out - param->value));
			*out++ = *p++;
			bare = true;
		} else {
			uint8_t *next = skip_space(p, r->end);
			if (!bare || next == r->end || *next == ';' || is_parameter(next, r->end)) {
				p = next;
				break;
			}
			while (p < next)
				*out++ = *p++;
		}
	}
	param->value_len = (size_t)(out - param->value);
	if (word)
		param->word_len = param->value_len;
	param->said_len = comments_before(&comments, param->value, param->value_len);
	r->p = p;
}

/* Takes "*3", "*3*" or "*" off the name (RFC 2231 7). */
static void read_section(struct rs_param *param)
{
	const uint8_t *name = param->name;
	size_t n = param->name_len;
	param->section = RS_PARAM_WHOLE;
	param->extended = false;
	if (n && name[n - 1] == '*') {
		param->extended = true;
		n--;
	}
	size_t digits = n;
	while (digits && is_digit(name[digits - 1]))
		digits--;
	if (digits < n && digits && name[digits - 1] == '*') {
		param->section = 0;
		for (size_t i = digits; i < n; i++)
			if (param->section < 1 << 16)
				param->section = param->section * 10 + (name[i] - '0');
		n = digits - 1;
	}
	param->name_len = n;
}

bool rs_param_next(struct rs_param_reader *r, struct rs_param *out)
{
	uint8_t *p = r->p;
	while ((p = skip_blank(p, r->end)) < r->end) {
		uint8_t *name = p;
		while (p < r->end && is_name(*p))
			p++;
		out->name = name;
		out->name_len = (size_t)(p - name);
		uint8_t *equals = skip_blank(p, r->end);
		if (p > name && equals < r->end && *equals == '=') {
			read_section(out);
			/* A parenthesis is a comment before a quoted string; else a name may well begin with one. */
			uint8_t *value = skip_blank(equals + 1, r->end);
			if (value == r->end || *value != '"')
				value = skip_space(equals + 1, r->end);
			read_value(r, value, out);
			return true;
		}
		/* Not a parameter: the word is passed over, or what is in the way of one. */
		p = p > name ? equals : p + 1;
	}
	r->p = p;
	return false;
}

bool rs_param_is(const struct rs_param *p, const char *name)
{
	return p->name_len == strlen(name) && !strncasecmp((const char *)p->name, name, p->name_len);
}
