/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/mime/rs_section.h"

#include <assert.h>
#include <string.h>
#include <strings.h>
#include "reassembly/mime/rs_extended.h"
#include "reassembly/mime/rs_param.h"
#include "reassembly/mime/rs_words.h"

_Static_assert(sizeof(struct rs_section_block) <= RS_MIME_BLOCK, "a section is what a block holds");

struct report {
	const struct rs_section_ops *ops;
	void *arg;
	uint8_t field; /* being read: a bit */
};

static void keep_type(struct rs_section *s, const char *type)
{
	size_t n = strlen(type);
	assert(n < sizeof s->type);
	memcpy(s->type, type, n + 1);
}

static void report(const struct report *r, enum rs_mime_anomaly a)
{
	r->ops->anomaly(r->arg, a);
}

/* Some take it to say this of the field under way; they are not asked again. */
static void differs(const struct report *r, struct rs_section *other)
{
	other->settled |= r->field;
	r->ops->differs(r->arg, other);
}

static void set_default_type(struct rs_section *s, bool message)
{
	keep_type(s, message ? "message/rfc822" : "text/plain");
	s->opens = message ? RS_SECTION_MESSAGE : RS_SECTION_LEAF;
	s->message = message;
}

void rs_section_init(struct rs_section *s, bool message)
{
	memset(s, 0, offsetof(struct rs_section, type));
	s->charset[0] = 0;
	set_default_type(s, message);
}

/* The type's name, which stood behind the disposition's. */
static void set_other_name(struct rs_section *s, const struct rs_extended *name)
{
	bool cut;
	const size_t n = rs_extended_name(name, s->other_name, sizeof s->other_name, s->other_charset, sizeof s->other_charset, &cut);
	s->other_len = (uint16_t)n;
	s->other_form = !n ? RS_NAME_NONE : rs_extended_escaped(name) ? RS_NAME_EXTENDED : RS_NAME_PLAIN;
}

/* The type's name, which another is to take the place of. Of a long one its ends. */
static void keep_other_name(struct rs_section *s)
{
	s->other_len = (uint16_t)rs_extended_ends(s->name, s->name_len, s->other_name, sizeof s->other_name);
	s->other_form = s->name_form;
	/* A charset's name that is longer is nobody's. */
	const size_t n = strnlen(s->charset, sizeof s->other_charset - 1);
	memcpy(s->other_charset, s->charset, n);
	s->other_charset[n] = 0;
}

/* Read aside first: an empty name must not take the place of one that is there. */
static void set_name(struct rs_section *s, const struct rs_extended *name, bool of_disposition, const struct report *r)
{
	if (name->duplicate)
		report(r, RS_MIME_DUPLICATE_PARAMETER);
	if (!rs_extended_present(name))
		return;
	if (s->name_of_disposition) {
		if (!of_disposition)
			set_other_name(s, name);
		return;
	}
	uint8_t text[RS_MIME_NAME_MAX];
	char charset[RS_SECTION_CHARSET];
	bool cut;
	size_t n = rs_extended_name(name, text, sizeof text, charset, sizeof charset, &cut);
	if (!n)
		return;
	if ((of_disposition || s->name_stray) && s->name_len && !s->name_left)
		keep_other_name(s);
	s->name_left = s->name_stray = false;
	memcpy(s->name, text, n);
	memcpy(s->charset, charset, sizeof charset);
	s->name_len = (uint16_t)n;
	s->name_form = rs_extended_escaped(name) ? RS_NAME_EXTENDED : RS_NAME_PLAIN;
	s->name_of_disposition = of_disposition;
	s->name_cut = cut;
	if (cut)
		report(r, RS_MIME_NAME_CUT);
}

/* One that stands in the other field's parameter: what is shown where there is no other, and told where there is. */
static void set_stray_name(struct rs_section *s, const struct rs_extended *name, const struct report *r)
{
	if (!rs_extended_present(name))
		return;
	if (s->name_len) {
		if (!s->other_len)
			set_other_name(s, name);
		return;
	}
	set_name(s, name, false, r);
	s->name_stray = s->name_len > 0;
}

/* Behind the last dot of what a reader shows of a name; NULL: there is none. words: room for n bytes. */
static const uint8_t *ending(const uint8_t *p, size_t n, uint8_t *words, size_t *len)
{
	const size_t k = rs_words_decode(p, n, words);
	if (k) {
		p = words;
		n = k;
	}
	const uint8_t *dot = memrchr(p, '.', n);
	*len = dot ? (size_t)(p + n - dot) : 0;
	return dot;
}

static bool same_ending(const struct rs_section *a, const struct rs_section *b)
{
	uint8_t words[2][RS_MIME_NAME_MAX];
	size_t na, nb;
	const uint8_t *p = ending(a->name, a->name_len, words[0], &na), *q = ending(b->name, b->name_len, words[1], &nb);
	return na == nb && (!na || !strncasecmp((const char *)p, (const char *)q, na));
}

/* Whether some take the name that stands in this form, and theirs is another. */
static bool is_other_name(const struct rs_section *s, const struct rs_extended *name, enum rs_extended_form form,
			  const struct rs_section *other)
{
	if (!other->name_len || (other->name_len == s->name_len && !memcmp(other->name, s->name, s->name_len)))
		return false;
	if (name->duplicate && form == rs_extended_form(name) + 1)
		return true;
	/* What a comment is behind no reader takes for the file's kind. */
	const bool ends_in_comment = form <= RS_EXTENDED_LAST_PLAIN && name->said.p && other->name[other->name_len - 1] == ')';
	return !ends_in_comment && !same_ending(s, other);
}

/* Of two names in the same form some take the last; of two in different forms, which are of different kinds, either. */
static void tell_other_names(const struct rs_section *s, const struct rs_extended *name, bool of_disposition, const struct report *r)
{
	if (s->name_of_disposition != of_disposition || !rs_extended_many(name))
		return;
	struct rs_section other = *s;
	for (int form = 0; form < RS_EXTENDED_FORMS; form++) {
		bool cut;
		if (form == RS_EXTENDED_WORD || form == RS_EXTENDED_BEGUN || (form < RS_EXTENDED_WORD && form & 1 && !name->duplicate))
			continue;
		other.name_len = (uint16_t)rs_extended_name_as(name, (enum rs_extended_form)form, other.name, sizeof other.name,
							       other.charset, sizeof other.charset, &cut);
		other.name_form = rs_extended_form_escaped(name, (enum rs_extended_form)form) ? RS_NAME_EXTENDED : RS_NAME_PLAIN;
		if (is_other_name(s, name, (enum rs_extended_form)form, &other))
			differs(r, &other);
	}
}

/* An unquoted one goes on to the semicolon, and there may be a comment before that. A boundary holds
 * parentheses (RFC 2046 5.1.1), but seldom after a space. */
static size_t without_comment(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (p[i] == ' ' && p[i + 1] == '(')
			n = i;
	/* "and must not end with white space" (RFC 2046 5.1.1). */
	while (n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	return n;
}

static bool has_boundary(const struct rs_section *s, const uint8_t *p, size_t n)
{
	return n == s->boundary_len && !memcmp(p, s->boundary, n);
}

/* The boundary that stands in each other form or place, once. */
static void tell_other_boundaries(const struct rs_section *s, const struct rs_extended *boundary, const struct report *r)
{
	struct rs_section told[RS_EXTENDED_FORMS];
	unsigned ntold = 0;
	if (s->boundary_len && !rs_extended_many(boundary))
		return;
	for (int form = 0; form < RS_EXTENDED_FORMS; form++) {
		struct rs_section *other = &told[ntold];
		size_t n;
		*other = *s;
		if (!rs_extended_read_as(boundary, (enum rs_extended_form)form, other->boundary, sizeof other->boundary, &n))
			continue;
		n = without_comment(other->boundary, n);
		bool known = has_boundary(s, other->boundary, n) && (n || s->empty_boundary);
		for (unsigned i = 0; i < ntold; i++)
			known |= has_boundary(&told[i], other->boundary, n);
		if (known)
			continue;
		other->boundary_len = (uint16_t)n;
		other->empty_boundary = !n;
		ntold++;
		differs(r, other);
	}
}

static void set_boundary(struct rs_section *s, const struct rs_extended *boundary, const struct report *r)
{
	if (boundary->duplicate)
		report(r, RS_MIME_DUPLICATE_PARAMETER);
	char charset[RS_SECTION_CHARSET];
	bool cut;
	size_t n = rs_extended_read(boundary, s->boundary, sizeof s->boundary, charset, sizeof charset, &cut);
	n = without_comment(s->boundary, n);
	s->boundary_len = (uint16_t)n;
	s->empty_boundary = false;
	s->no_boundary = !n && rs_extended_present(boundary);
	if (s->no_boundary)
		report(r, RS_MIME_BOUNDARY_EMPTY);
	if (n > RS_MIME_BOUNDARY_MAX)
		report(r, RS_MIME_BOUNDARY_TOO_LONG);
}

static void set_type(struct rs_section *s, const char *type, bool whole)
{
	s->opens = RS_SECTION_LEAF;
	/* Without a subtype the RFC has no type; a multipart is opened all the same. */
	if (!strncmp(type, "multipart", 9) && (type[9] == '/' || !type[9]))
		s->opens = RS_SECTION_MULTIPART;
	else if (!strcmp(type, "message/rfc822") || !strcmp(type, "message/global"))
		s->opens = RS_SECTION_MESSAGE;
	s->digest = !strcmp(type, "multipart/digest");
	keep_type(s, whole ? type : "");
}

static uint8_t field_bit(enum rs_field field)
{
	return (uint8_t)(1u << field);
}

static void read_type_parameters(struct rs_section *s, struct rs_param_reader *reader, const struct report *r)
{
	struct rs_param param;
	struct rs_extended name, stray, boundary;
	rs_extended_init(&name);
	rs_extended_init(&stray);
	rs_extended_init(&boundary);
	while (rs_param_next(reader, &param)) {
		if (rs_param_is(&param, "name"))
			rs_extended_add(&name, &param);
		else if (rs_param_is(&param, "boundary"))
			rs_extended_add(&boundary, &param);
		else if (rs_param_is(&param, "filename"))
			rs_extended_add(&stray, &param);
	}
	set_name(s, &name, false, r);
	set_stray_name(s, &stray, r);
	if (s->opens == RS_SECTION_MULTIPART)
		set_boundary(s, &boundary, r);
	tell_other_names(s, &name, false, r);
	if (s->opens == RS_SECTION_MULTIPART)
		tell_other_boundaries(s, &boundary, r);
}

static void read_type(struct rs_section *s, uint8_t *value, size_t n, const struct report *r)
{
	struct rs_param_reader reader;
	char type[RS_SECTION_TYPE];
	rs_param_start(&reader, value, n);
	bool whole = rs_param_media_type(&reader, type, sizeof type);
	set_type(s, type, whole);
	read_type_parameters(s, &reader, r);
}

bool rs_section_stray_boundary(struct rs_section *s, uint8_t *line, size_t n, const struct rs_section_ops *ops, void *arg)
{
	static const char name[] = "boundary=";
	if (s->opens != RS_SECTION_MULTIPART || s->boundary_len || n < sizeof name ||
	    strncasecmp((const char *)line, name, sizeof name - 1))
		return false;
	struct report r = { ops, arg, field_bit(RS_FIELD_CONTENT_TYPE) };
	struct rs_param_reader reader;
	rs_param_start(&reader, line, n);
	read_type_parameters(s, &reader, &r);
	return true;
}

static void read_disposition(struct rs_section *s, uint8_t *value, size_t n, const struct report *r)
{
	struct rs_param_reader reader;
	struct rs_param param;
	struct rs_extended name, stray;
	char type[16];
	rs_param_start(&reader, value, n);
	rs_param_word(&reader, type, sizeof type);
	/* RFC 2183 2.8: an unknown type is treated as attachment. */
	s->attachment = type[0] && strcmp(type, "inline");
	rs_extended_init(&name);
	rs_extended_init(&stray);
	while (rs_param_next(&reader, &param)) {
		if (rs_param_is(&param, "filename"))
			rs_extended_add(&name, &param);
		else if (rs_param_is(&param, "name"))
			rs_extended_add(&stray, &param);
	}
	set_name(s, &name, true, r);
	set_stray_name(s, &stray, r);
	tell_other_names(s, &name, true, r);
}

/* The letters and digits of a word are those of a name, or hold it. */
static bool is_like(const char *word, const char *part)
{
	char plain[32];
	size_t n = 0;
	for (; *word; word++)
		if ((*word >= 'a' && *word <= 'z') || (*word >= '0' && *word <= '9'))
			plain[n++] = *word;
	plain[n] = 0;
	return strstr(plain, part);
}

/* Readers that know no such encoding take the body as it stands; some take it for what may have been meant. */
static void read_unknown_cte(struct rs_section *s, const char *word, const struct report *r)
{
	static const char *const plain[] = { "7bit", "8bit", "bits", "binary", "ascii", "utf8", "none", "text", "7", "8" };
	s->cte = RS_CTE_UNKNOWN;
	report(r, RS_MIME_UNKNOWN_ENCODING);
	if (is_like(word, "64") || is_like(word, "quot") || is_like(word, "print"))
		s->cte = RS_CTE_IDENTITY;
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
		if (is_like(word, plain[i]))
			s->cte = RS_CTE_IDENTITY;
	struct rs_section other = *s;
	other.cte = is_like(word, "quot") || is_like(word, "print") ? RS_CTE_QP : RS_CTE_BASE64;
	other.guessed = true;
	differs(r, &other);
}

static void read_cte(struct rs_section *s, uint8_t *value, size_t n, const struct report *r)
{
	static const struct {
		const char *name;
		enum rs_cte cte;
	} known[] = {
		{ "7bit", RS_CTE_IDENTITY }, { "8bit", RS_CTE_IDENTITY },       { "binary", RS_CTE_IDENTITY },
		{ "base64", RS_CTE_BASE64 }, { "quoted-printable", RS_CTE_QP },
		/* What says by itself where it begins is found in any text (rs_text). */
		{ "x-uuencode", RS_CTE_UU }, { "uuencode", RS_CTE_UU }, { "x-uue", RS_CTE_UU }, { "uue", RS_CTE_UU },
		{ "x-yenc", RS_CTE_IDENTITY }, { "x-binhex40", RS_CTE_IDENTITY }, { "mac-binhex40", RS_CTE_IDENTITY },
	};
	struct rs_param_reader reader;
	char word[32];
	if (!n)
		return;
	rs_param_start(&reader, value, n);
	rs_param_word(&reader, word, sizeof word);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (!strcmp(word, known[i].name)) {
			s->cte = known[i].cte;
			return;
		}
	read_unknown_cte(s, word, r);
}

static void read_field(struct rs_section *s, enum rs_field field, uint8_t *value, size_t n, const struct report *r)
{
	if (field == RS_FIELD_CONTENT_TYPE)
		read_type(s, value, n, r);
	else if (field == RS_FIELD_CONTENT_TRANSFER_ENCODING)
		read_cte(s, value, n, r);
	else
		read_disposition(s, value, n, r);
}

/* As if the field had not been seen. A name stays: it is taken from another one. */
static void forget(struct rs_section *s, enum rs_field field)
{
	if (field == RS_FIELD_CONTENT_TYPE) {
		set_default_type(s, s->message);
		s->digest = s->empty_boundary = s->no_boundary = false;
		s->boundary_len = 0;
	} else if (field == RS_FIELD_CONTENT_TRANSFER_ENCODING) {
		s->cte = RS_CTE_IDENTITY;
		s->guessed = false;
	} else {
		s->name_left |= s->name_of_disposition;
		s->attachment = s->name_of_disposition = false;
	}
}

static bool same_names(const struct rs_section *a, const struct rs_section *b)
{
	return a->name_of_disposition == b->name_of_disposition && a->name_form == b->name_form && a->name_len == b->name_len &&
	       !memcmp(a->name, b->name, a->name_len) && a->other_form == b->other_form && a->other_len == b->other_len &&
	       !memcmp(a->other_name, b->other_name, a->other_len);
}

bool rs_section_same(const struct rs_section *a, const struct rs_section *b)
{
	return a->has_type == b->has_type && a->has_cte == b->has_cte && a->has_disposition == b->has_disposition &&
	       a->message == b->message && a->cte == b->cte && a->guessed == b->guessed && a->opens == b->opens &&
	       a->digest == b->digest && a->attachment == b->attachment && a->boundary_len == b->boundary_len &&
	       a->empty_boundary == b->empty_boundary && !memcmp(a->boundary, b->boundary, a->boundary_len) && !strcmp(a->type, b->type) &&
	       same_names(a, b);
}

static void tell_nothing(void *arg, enum rs_mime_anomaly a)
{
	(void)arg;
	(void)a;
}

static void follow_nothing(void *arg, const struct rs_section *other)
{
	(void)arg;
	(void)other;
}

/* Some read the field as if it were this: n = 0: none do. Of names nothing is told. why: RS_MIME_ANOMALY_MAX where it is right to. */
static void tell_reading(const struct rs_section *s, enum rs_field field, uint8_t *value, size_t n, enum rs_mime_anomaly why,
			 const struct report *r)
{
	static const struct rs_section_ops quiet = { tell_nothing, follow_nothing };
	const struct report unheard = { &quiet, NULL, r->field };
	struct rs_section other = *s;
	if (!n || field == RS_FIELD_CONTENT_DISPOSITION)
		return;
	forget(&other, field);
	read_field(&other, field, value, n, &unheard);
	if (other.cte == s->cte && other.opens == s->opens && other.digest == s->digest &&
	    (other.opens != RS_SECTION_MULTIPART || has_boundary(s, other.boundary, other.boundary_len)))
		return;
	if (why != RS_MIME_ANOMALY_MAX)
		report(r, why);
	differs(r, &other);
}

/* Where in a value its lexer stands (RFC 2045 5.1, RFC 5322 3.2.2). */
struct lexer {
	unsigned comments; /* open, in one another */
	bool quoted, escaped;
};

static void step(struct lexer *l, uint8_t c)
{
	if (l->escaped)
		l->escaped = false;
	else if (c == '\\' && (l->quoted || l->comments))
		l->escaped = true;
	else if (c == '"' && !l->comments)
		l->quoted = !l->quoted;
	else if (c == '(' && !l->quoted)
		l->comments++;
	else if (c == ')' && l->comments)
		l->comments--;
}

/* Comments say nothing. Returns what is left. */
static size_t without_comments(uint8_t *to, const uint8_t *p, size_t n)
{
	struct lexer l = { 0 };
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		const bool inside = l.comments;
		step(&l, p[i]);
		if (!inside && !l.comments)
			to[k++] = p[i];
	}
	for (unsigned i = 0; i < l.comments; i++)
		to[k++] = '(';
	if (l.escaped && l.comments)
		to[k++] = '\\';
	return k;
}

/* What other readers make of a field: without its encoded words (RFC 2047), which may not stand there, and without its comments (RFC 5322
 * 3.2.2) wherever they stand. */
struct others {
	size_t nwords, nbare;
	uint8_t words[RS_SECTION_VALUE], bare[RS_SECTION_VALUE];
};

static void others_read(struct others *o, const uint8_t *value, size_t n)
{
	const bool fits = n <= sizeof o->words;
	o->nwords = fits ? rs_words_decode(value, n, o->words) : 0;
	o->nbare = fits && memchr(value, '(', n) ? without_comments(o->bare, value, n) : 0;
}

static void others_tell(struct others *o, const struct rs_section *s, enum rs_field field, const struct report *r)
{
	tell_reading(s, field, o->words, o->nwords, RS_MIME_ENCODED_WORD, r);
	tell_reading(s, field, o->bare, o->nbare, RS_MIME_ANOMALY_MAX, r);
}

void rs_section_field(struct rs_section *s, enum rs_field field, uint8_t *value, size_t n, const struct rs_section_ops *ops, void *arg)
{
	struct report r = { ops, arg, field_bit(field) };
	struct others others;
	bool *seen = field == RS_FIELD_CONTENT_TYPE                ? &s->has_type
		     : field == RS_FIELD_CONTENT_TRANSFER_ENCODING ? &s->has_cte
								   : &s->has_disposition;
	others_read(&others, value, n);
	if (!*seen) {
		*seen = true;
		read_field(s, field, value, n, &r);
		others_tell(&others, s, field, &r);
		return;
	}
	report(&r, RS_MIME_DUPLICATE_FIELD);
	if (s->settled & r.field)
		return;
	struct rs_section other = *s;
	forget(&other, field);
	read_field(&other, field, value, n, &r);
	if (!rs_section_same(s, &other))
		differs(&r, &other);
	others_tell(&others, s, field, &r);
}

static bool holds_word(const uint8_t *p, size_t n, const char *word)
{
	const size_t len = strlen(word);
	for (size_t i = 0; i + len <= n; i++)
		if (!strncasecmp((const char *)p + i, word, len))
			return true;
	return false;
}

/* Something that is read may stand in it. */
static bool is_wanted(const uint8_t *p, size_t n)
{
	return holds_word(p, n, "boundary") || holds_word(p, n, "name");
}

/* Of what is passed over so much is kept: what is wanted may begin in it. */
#define OVERLAP 16
#define COMMENTS_MAX 64

/* Of a name that goes on: more than is kept of it, and room for what follows. */
#define NAME_HEAD 1024
#define NAME_TAIL 256

/* Its middle is left out, where nothing stands in that which the lexer heeds. */
static size_t without_middle(uint8_t *p, size_t n)
{
	if (n <= NAME_HEAD + NAME_TAIL || p[NAME_HEAD - 1] == '\\')
		return n;
	for (size_t i = NAME_HEAD; i < n - NAME_TAIL; i++)
		if (memchr("\"\\();", p[i], 5))
			return n;
	memmove(p + NAME_HEAD, p + n - NAME_TAIL, NAME_TAIL);
	return NAME_HEAD + NAME_TAIL;
}

/* What stands for a parameter that goes on and is not read: it leads the lexer to where it is. */
static size_t without_value(uint8_t *to, const uint8_t *p, size_t n, const struct lexer *l)
{
	uint8_t stub[3 + COMMENTS_MAX + OVERLAP + 1] = "x=";
	size_t k = 2;
	if (holds_word(p, n, "name") && !holds_word(p, n, "boundary")) {
		memmove(to, p, n);
		return without_middle(to, n);
	}
	if (is_wanted(p, n) || n < sizeof stub || l->comments > COMMENTS_MAX) {
		memmove(to, p, n);
		return n;
	}
	if (l->quoted)
		stub[k++] = '"';
	for (unsigned i = 0; i < l->comments; i++)
		stub[k++] = '(';
	for (size_t i = n - OVERLAP; i < n; i++)
		stub[k++] = memchr("\"\\();", p[i], 5) ? '_' : p[i];
	if (l->escaped)
		stub[k++] = '\\';
	memcpy(to, stub, k);
	return k;
}

size_t rs_section_squeeze(uint8_t *value, size_t n)
{
	struct lexer l = { 0 };
	size_t out = 0, from = 0;
	for (size_t i = 0; i < n; i++) {
		const bool ends = value[i] == ';' && !l.quoted && !l.comments;
		step(&l, value[i]);
		if (!ends)
			continue;
		const size_t len = i + 1 - from;
		if (!from) {
			out = without_comments(value, value, len);
		} else if (is_wanted(value + from, len)) {
			memmove(value + out, value + from, len);
			out += len;
		}
		from = i + 1;
	}
	return out + (from ? without_value(value + out, value + from, n - from, &l) : without_comments(value, value, n));
}
