/* SPDX-License-Identifier: Apache-2.0 */
#include "matchers/mt_parse.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mt_parse_seam {
	size_t from; /* offset in the rule */
	unsigned line;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

int mt_word_shown(struct mt_word w)
{
	return w.n > 60 ? 60 : (int)w.n;
}

bool mt_word_is(struct mt_word w, const char *s)
{
	return strlen(s) == w.n && memcmp(w.p, s, w.n) == 0;
}

struct mt_word mt_word_trim(struct mt_word w)
{
	while (w.n && blank(*w.p)) {
		w.p++;
		w.n--;
	}
	while (w.n && blank(w.p[w.n - 1]))
		w.n--;
	return w;
}

bool mt_word_cut(struct mt_word *rest, char separator, struct mt_word *first)
{
	if (!rest->p)
		return false;
	const char *cut = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
	*first = *rest;
	if (cut) {
		first->n = (size_t)(cut - rest->p);
		rest->n -= first->n + 1;
		rest->p = cut + 1;
	} else {
		rest->p = NULL;
	}
	*first = mt_word_trim(*first);
	return true;
}

int mt_parse_init(struct mt_parse *p, const char *text, size_t size)
{
	*p = (struct mt_parse){ .text = text, .size = size, .line = 1 };
	p->rule = malloc(MT_PARSE_RULE_MAX);
	p->seams = malloc(MT_PARSE_LINES_MAX * sizeof *p->seams);
	if (p->rule && p->seams)
		return 0;
	mt_parse_free(p);
	return -ENOMEM;
}

void mt_parse_free(struct mt_parse *p)
{
	free(p->rule);
	free(p->seams);
	p->rule = NULL;
	p->seams = NULL;
}

void mt_parse_place(const struct mt_parse *p, const char *at, unsigned *line, unsigned *column)
{
	size_t off = (size_t)(at - p->rule), i = p->nseams;
	while (i > 1 && p->seams[i - 1].from > off)
		i--;
	*line = p->seams[i - 1].line;
	*column = (unsigned)(off - p->seams[i - 1].from) + 1;
}

static enum mt_parsed note(struct mt_parse *p, const char *format, va_list ap)
{
	vsnprintf(p->reason, sizeof p->reason, format, ap);
	/* A reason may quote the rule, and the rule may hold anything. */
	for (char *c = p->reason; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return MT_PARSE_BAD;
}

enum mt_parsed mt_parse_fail(struct mt_parse *p, const char *at, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	note(p, format, ap);
	va_end(ap);
	mt_parse_place(p, at, &p->bad_line, &p->bad_column);
	return MT_PARSE_BAD;
}

enum mt_parsed mt_parse_fail_memory(struct mt_parse *p)
{
	p->no_memory = true;
	return mt_parse_fail(p, p->rule, "out of memory");
}

__attribute__((format(printf, 4, 5))) static enum mt_parsed fail_at(struct mt_parse *p, unsigned line, size_t column,
								    const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	note(p, format, ap);
	va_end(ap);
	p->bad_line = line;
	p->bad_column = (unsigned)column;
	return MT_PARSE_BAD;
}

/* One line of the file, without its end. False at the end of the file. */
static bool next_line(struct mt_parse *p, struct mt_word *line)
{
	if (p->at >= p->size)
		return false;
	line->p = p->text + p->at;
	const char *end = memchr(line->p, '\n', p->size - p->at);
	line->n = end ? (size_t)(end - line->p) : p->size - p->at;
	p->at += line->n + (end ? 1 : 0);
	p->line++;
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static bool continues(struct mt_word line)
{
	return line.n && line.p[line.n - 1] == '\\';
}

/* The rest of a rule that was switched off as a whole: its first line is a comment that ends in a backslash, and the
 * lines that it would have joined are indented. One that is not is a rule of its own. */
static void skip_comment(struct mt_parse *p, struct mt_word line)
{
	while (continues(line) && p->at < p->size && blank(p->text[p->at]))
		next_line(p, &line);
}

static bool skip_to_rule(struct mt_parse *p, struct mt_word *line)
{
	while (next_line(p, line)) {
		struct mt_word t = mt_word_trim(*line);
		if (t.n && *t.p != '#' && *t.p != ';')
			return true;
		if (t.n)
			skip_comment(p, *line);
	}
	return false;
}

enum mt_parsed mt_parse_rule(struct mt_parse *p)
{
	struct mt_word line;
	enum mt_parsed r = MT_PARSE_OK;
	bool more;

	p->rule_len = p->pos = p->nseams = 0;
	if (!skip_to_rule(p, &line))
		return MT_PARSE_END;
	do {
		unsigned number = p->line - 1;
		more = continues(line);
		if (more)
			line.n--;
		const char *nul = r == MT_PARSE_OK && line.n ? memchr(line.p, 0, line.n) : NULL;
		if (r != MT_PARSE_OK)
			continue;
		if (nul)
			r = fail_at(p, number, (size_t)(nul - line.p) + 1, "a NUL byte in the text");
		else if (p->nseams == MT_PARSE_LINES_MAX)
			r = fail_at(p, number, 1, "the rule has more than %d lines", MT_PARSE_LINES_MAX);
		else if (line.n > MT_PARSE_RULE_MAX - p->rule_len)
			r = fail_at(p, number, MT_PARSE_RULE_MAX - p->rule_len + 1, "the rule is longer than %d bytes",
				    MT_PARSE_RULE_MAX);
		if (r != MT_PARSE_OK)
			continue;
		p->seams[p->nseams++] = (struct mt_parse_seam){ .from = p->rule_len, .line = number };
		if (line.n)
			memcpy(p->rule + p->rule_len, line.p, line.n);
		p->rule_len += line.n;
	} while (more && next_line(p, &line));

	while (p->rule_len && blank(p->rule[p->rule_len - 1]))
		p->rule_len--;
	while (p->pos < p->rule_len && blank(p->rule[p->pos]))
		p->pos++;
	if (r == MT_PARSE_OK && p->pos == p->rule_len)
		return fail_at(p, p->seams[0].line, 1, "a rule begins here and holds nothing");
	return r;
}

/* A field of the header: up to a blank or the options' parenthesis, but a list in brackets may hold blanks. */
static struct mt_word header_field(struct mt_parse *p)
{
	int depth = 0;
	size_t from = p->pos;
	for (; p->pos < p->rule_len; p->pos++) {
		char c = p->rule[p->pos];
		depth += (c == '[') - (c == ']' && depth);
		if ((blank(c) || c == '(') && !depth)
			break;
	}
	return (struct mt_word){ p->rule + from, p->pos - from };
}

static void skip_blanks(struct mt_parse *p)
{
	while (p->pos < p->rule_len && blank(p->rule[p->pos]))
		p->pos++;
}

enum mt_parsed mt_parse_header(struct mt_parse *p, struct mt_word header[MT_HEADER_FIELDS])
{
	static const char *const names[] = { "an action",        "a protocol",  "source addresses",
					     "source ports",     "a direction", "destination addresses",
					     "destination ports" };

	for (int i = 0; i < MT_HEADER_FIELDS; i++) {
		skip_blanks(p);
		header[i] = header_field(p);
		if (!header[i].n)
			return mt_parse_fail(p, p->rule + p->pos, "%s expected", names[i]);
	}
	skip_blanks(p);
	const char *here = p->rule + p->pos;
	if (p->pos == p->rule_len || *here != '(')
		return mt_parse_fail(p, here, "\"(\" expected after the destination ports");
	p->pos++;
	if (p->rule[p->rule_len - 1] != ')')
		return mt_parse_fail(p, p->rule + p->rule_len, "\")\" expected at the end of the rule");
	return MT_PARSE_OK;
}

/* The first c without a backslash before it. */
static const char *find_unescaped(struct mt_word w, char c)
{
	for (size_t i = 0; i < w.n; i++) {
		if (w.p[i] == '\\')
			i++;
		else if (w.p[i] == c)
			return w.p + i;
	}
	return NULL;
}

static bool name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
	       c == '-';
}

/* Takes the quotes off a value; the last byte of it is its closing quote, whatever stands between: rules in use
 * hold quotes without a backslash inside pcre. */
static enum mt_parsed unquote(struct mt_parse *p, struct mt_option *o)
{
	struct mt_word v = o->value;
	struct mt_word inner = { v.p + 1, v.n - 1 };
	const char *close = find_unescaped(inner, '"');
	if (!close)
		return mt_parse_fail(p, v.p,
				     "no closing quote before the next \";\" (a \";\" inside is written \"\\;\")");
	if (v.p[v.n - 1] != '"')
		return mt_parse_fail(p, close + 1, "\";\" expected after the value of \"%.*s\"", mt_word_shown(o->name),
				     o->name.p);
	o->quoted = true;
	o->value = (struct mt_word){ inner.p, inner.n - 1 };
	return MT_PARSE_OK;
}

enum mt_parsed mt_parse_option(struct mt_parse *p, struct mt_option *o)
{
	*o = (struct mt_option){ .name = { NULL, 0 } };
	skip_blanks(p);
	size_t end = p->rule_len - 1; /* the closing parenthesis */
	if (p->pos >= end)
		return MT_PARSE_END;

	struct mt_word all = { p->rule + p->pos, end - p->pos };
	const char *stop = find_unescaped(all, ';');
	o->name.p = all.p;
	while (o->name.n < all.n && name_byte(all.p[o->name.n]))
		o->name.n++;
	if (!o->name.n)
		return mt_parse_fail(p, all.p, "a keyword expected");
	if (!stop) {
		struct mt_word t = mt_word_trim(all);
		return mt_parse_fail(p, t.p + t.n, "\";\" expected after the option \"%.*s\"", mt_word_shown(o->name),
				     o->name.p);
	}
	p->pos = (size_t)(stop + 1 - p->rule);

	const char *after = o->name.p + o->name.n;
	struct mt_word rest = mt_word_trim((struct mt_word){ after, (size_t)(stop - after) });
	if (!rest.n)
		return MT_PARSE_OK;
	if (*rest.p != ':')
		return mt_parse_fail(p, rest.p, "\":\" or \";\" expected after \"%.*s\"", mt_word_shown(o->name),
				     o->name.p);
	o->value = mt_word_trim((struct mt_word){ rest.p + 1, rest.n - 1 });
	o->has_value = true;
	if (!o->value.n)
		return mt_parse_fail(p, rest.p + 1, "a value expected after \"%.*s:\"", mt_word_shown(o->name),
				     o->name.p);
	if (*o->value.p == '!') {
		struct mt_word v = mt_word_trim((struct mt_word){ o->value.p + 1, o->value.n - 1 });
		if (v.n && *v.p == '"') {
			o->negated = true;
			o->value = v;
		}
	}
	return *o->value.p == '"' ? unquote(p, o) : MT_PARSE_OK;
}

unsigned mt_parse_sid(struct mt_parse *p)
{
	const char *open = p->rule_len ? memchr(p->rule, '(', p->rule_len) : NULL;
	struct mt_word rest, name;

	if (!open)
		return 0;
	rest = (struct mt_word){ open + 1, p->rule_len - (size_t)(open + 1 - p->rule) };
	while (rest.n) {
		const char *stop = find_unescaped(rest, ';');
		struct mt_word o = { rest.p, stop ? (size_t)(stop - rest.p) : rest.n };
		rest.p += o.n + (stop ? 1 : 0);
		rest.n -= o.n + (stop ? 1 : 0);
		mt_word_cut(&o, ':', &name);
		if (!mt_word_is(name, "sid") || !o.p)
			continue;
		unsigned long sid = 0;
		o = mt_word_trim(o);
		for (size_t i = 0; i < o.n && o.p[i] >= '0' && o.p[i] <= '9' && sid <= UINT_MAX; i++)
			sid = sid * 10 + (unsigned long)(o.p[i] - '0');
		return sid <= UINT_MAX ? (unsigned)sid : 0;
	}
	return 0;
}
