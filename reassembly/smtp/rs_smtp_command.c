/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/smtp/rs_smtp.h"

#include <string.h>

enum form { /* what makes a line read as this command */
	    FORM_ALONE, /* the end of the line */
	    FORM_ARG, /* a blank */
	    FORM_EITHER, /* one or the other */
	    FORM_NUMBER, /* a blank and a digit */
	    FORM_KEYWORD, /* a keyword and a colon */
};

struct verb {
	const char *name;
	uint8_t len;
	uint8_t verb;
	uint8_t form;
	const char *keyword;
};

#define V(name, verb, form, keyword)                                                                                   \
	{                                                                                                              \
		name, sizeof(name) - 1, verb, form, keyword                                                            \
	}
static const struct verb verbs[] = {
	V("MAIL", RS_VERB_MAIL, FORM_KEYWORD, "FROM"),
	V("RCPT", RS_VERB_RCPT, FORM_KEYWORD, "TO"),
	V("DATA", RS_VERB_DATA, FORM_ALONE, NULL),
	V("BDAT", RS_VERB_BDAT, FORM_NUMBER, NULL),
	V("EHLO", RS_VERB_EHLO, FORM_EITHER, NULL),
	V("HELO", RS_VERB_HELO, FORM_EITHER, NULL),
	V("LHLO", RS_VERB_LHLO, FORM_EITHER, NULL),
	V("RSET", RS_VERB_RSET, FORM_ALONE, NULL),
	V("QUIT", RS_VERB_QUIT, FORM_ALONE, NULL),
	V("NOOP", RS_VERB_NOOP, FORM_ALONE, NULL),
	V("VRFY", RS_VERB_VRFY, FORM_ARG, NULL),
	V("EXPN", RS_VERB_EXPN, FORM_ARG, NULL),
	V("HELP", RS_VERB_HELP, FORM_ALONE, NULL),
	V("AUTH", RS_VERB_AUTH, FORM_ARG, NULL),
	V("ETRN", RS_VERB_ETRN, FORM_ARG, NULL),
	V("STARTTLS", RS_VERB_STARTTLS, FORM_ALONE, NULL),
	V("TURN", RS_VERB_TURN, FORM_ALONE, NULL),
	V("ATRN", RS_VERB_TURN, FORM_EITHER, NULL),
	V("XCLIENT", RS_VERB_XCLIENT, FORM_ARG, NULL),
	V("XFORWARD", RS_VERB_XFORWARD, FORM_ARG, NULL),
	/* What Exchange servers say to each other: properties of a message, the exchange of credentials, and STARTTLS. */
	V("XEXCH50", RS_VERB_XEXCH50, FORM_NUMBER, NULL),
	V("X-EXPS", RS_VERB_AUTH, FORM_ARG, NULL),
	V("X-ANONYMOUSTLS", RS_VERB_STARTTLS, FORM_ALONE, NULL),
};
#define VERBS (sizeof verbs / sizeof verbs[0])

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static uint8_t upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

/* How many bytes of p agree with word, letter case aside: at most its length. */
static size_t agree(const uint8_t *p, size_t n, const char *word)
{
	size_t i = 0;
	while (i < n && word[i] && upper(p[i]) == (uint8_t)word[i])
		i++;
	return i;
}

static void trim(const uint8_t **p, size_t *n)
{
	while (*n && blank((*p)[0])) {
		++*p;
		--*n;
	}
	while (*n && (blank((*p)[*n - 1]) || (*p)[*n - 1] == '\r'))
		--*n;
}

struct rs_smtp_command rs_smtp_command_parse(const uint8_t *p, size_t n)
{
	trim(&p, &n);
	for (size_t v = 0; v < VERBS; v++) {
		size_t len = verbs[v].len;
		if (n < len || agree(p, n, verbs[v].name) != len || (n > len && !blank(p[len])))
			continue;
		struct rs_smtp_command c = { .verb = verbs[v].verb, .arg = p + len, .arg_len = n - len };
		trim(&c.arg, &c.arg_len);
		return c;
	}
	return (struct rs_smtp_command){ .verb = RS_VERB_UNKNOWN };
}

/* The length of a path at p: up to `end` (or a blank when end is 0) outside quoted strings and domain literals
 * (RFC 5321 4.1.2), or n. */
static size_t path_span(const uint8_t *p, size_t n, uint8_t end)
{
	bool quoted = false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\\')
			i++;
		else if (p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (end ? p[i] == end : blank(p[i])))
			return i;
	}
	/* A quote that never ends quotes nothing: then the first end counts. */
	if (quoted)
		for (size_t i = 0; i < n; i++)
			if (end ? p[i] == end : blank(p[i]))
				return i;
	return n;
}

/* "@a,@b:user@c" (RFC 5321 4.1.1.3: servers ignore the route). */
static void skip_route(struct rs_smtp_path *path)
{
	if (!path->path_len || path->path[0] != '@')
		return;
	const uint8_t *colon = memchr(path->path, ':', path->path_len);
	if (!colon)
		return;
	path->path_len -= (size_t)(colon + 1 - path->path);
	path->path = colon + 1;
}

bool rs_smtp_command_path(const struct rs_smtp_command *c, struct rs_smtp_path *path)
{
	const char *keyword = c->verb == RS_VERB_MAIL ? "FROM" : "TO";
	const uint8_t *p = c->arg;
	size_t n = c->arg_len, k = agree(p, n, keyword);
	if (keyword[k])
		return false;
	while (k < n && blank(p[k]))
		k++;
	if (k == n || p[k] != ':')
		return false;
	p += k + 1;
	n -= k + 1;
	trim(&p, &n);
	size_t used;
	if (n && p[0] == '<') {
		size_t len = path_span(p + 1, n - 1, '>');
		path->path = p + 1;
		path->path_len = len;
		used = len + 1 < n ? len + 2 : n;
	} else {
		used = path_span(p, n, 0);
		path->path = p;
		path->path_len = used;
	}
	trim(&path->path, &path->path_len);
	skip_route(path);
	path->params = p + used;
	path->params_len = n - used;
	trim(&path->params, &path->params_len);
	return true;
}

bool rs_smtp_command_chunk(const struct rs_smtp_command *c, uint64_t *size, bool *last, bool *wraps)
{
	size_t i = 0;
	*size = 0;
	*wraps = false;
	while (i < c->arg_len && c->arg[i] >= '0' && c->arg[i] <= '9') {
		*wraps |= *size > INT64_MAX / 10 - 9;
		*size = *size * 10 + (uint64_t)(c->arg[i++] - '0');
	}
	if (!i || (i < c->arg_len && !blank(c->arg[i])))
		return false;
	while (i < c->arg_len && blank(c->arg[i]))
		i++;
	*last = c->arg_len - i == 4 && agree(c->arg + i, 4, "LAST") == 4;
	return *last || i == c->arg_len;
}

bool rs_smtp_command_chunk_last(const struct rs_smtp_command *c)
{
	if (c->arg_len < 4 || agree(c->arg + c->arg_len - 4, 4, "LAST") != 4)
		return false;
	return c->arg_len == 4 || blank(c->arg[c->arg_len - 5]);
}

uint32_t rs_smtp_command_properties(const struct rs_smtp_command *c)
{
	uint64_t size = 0;
	size_t i = 0;
	while (i < c->arg_len && c->arg[i] >= '0' && c->arg[i] <= '9' && size <= RS_SMTP_PROPERTIES_MAX)
		size = size * 10 + (uint64_t)(c->arg[i++] - '0');
	return size > RS_SMTP_PROPERTIES_MAX || (i < c->arg_len && !blank(c->arg[i])) ? 0 : (uint32_t)size;
}

bool rs_smtp_command_chunk_plain(const uint8_t *p, size_t n)
{
	size_t i = agree(p, n, "BDAT "), digits = i;
	if (i != 5)
		return false;
	while (i < n && p[i] >= '0' && p[i] <= '9')
		i++;
	return i > digits && (i == n || (n - i == 5 && agree(p + i, 5, " LAST") == 5));
}

static int reads_form(const struct verb *v, const uint8_t *p, size_t n, bool whole)
{
	const int more = whole ? 0 : -1;
	size_t i = 0;
	while (i < n && blank(p[i]))
		i++;
	switch (v->form) {
	case FORM_EITHER:
		if (i)
			return 1;
		/* fall through */
	case FORM_ALONE:
		if (i == n)
			return whole ? 1 : -1;
		if (p[i] == '\n')
			return 1;
		if (p[i] != '\r')
			return 0;
		if (i + 1 == n)
			return whole ? 1 : -1;
		return p[i + 1] == '\n';
	case FORM_ARG:
		return n ? i > 0 : more;
	case FORM_NUMBER:
		if (n && !i)
			return 0;
		return i == n ? more : p[i] >= '0' && p[i] <= '9';
	default:
		if (n && !i)
			return 0;
		size_t k = agree(p + i, n - i, v->keyword);
		if (v->keyword[k])
			return i + k == n ? more : 0;
		i += k;
		while (i < n && blank(p[i]))
			i++;
		return i == n ? more : p[i] == ':';
	}
}

int rs_smtp_command_reads(const uint8_t *p, size_t n, bool whole)
{
	int answer = 0;
	if (n && (upper(p[0]) < 'A' || upper(p[0]) > 'Z'))
		return 0;
	for (size_t v = 0; v < VERBS && answer <= 0; v++) {
		size_t k = agree(p, n, verbs[v].name);
		int a = 0;
		if (k == verbs[v].len)
			a = reads_form(&verbs[v], p + k, n - k, whole);
		else if (k == n && !whole)
			a = -1;
		if (a)
			answer = a;
	}
	return answer < 0 && n >= RS_SMTP_READS_MAX ? 0 : answer;
}
