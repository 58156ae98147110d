/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/mime/rs_section.h"

#include <assert.h>
#include <string.h>
#include <strings.h>
#include "reassembly/mime/rs_extended.h"
#include "reassembly/mime/rs_param.h"

_Static_assert(sizeof(struct rs_section) <= RS_MIME_BLOCK, "a section is what a block holds");

struct report {
	const struct rs_mime_ops *ops;
	void *arg;
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

void rs_section_init(struct rs_section *s, bool message)
{
	memset(s, 0, offsetof(struct rs_section, type));
	keep_type(s, message ? "message/rfc822" : "text/plain");
	s->charset[0] = 0;
	s->opens = message ? RS_SECTION_MESSAGE : RS_SECTION_LEAF;
}

static void set_name(struct rs_section *s, const struct rs_extended *name, bool of_disposition, const struct report *r)
{
	if (name->duplicate)
		report(r, RS_MIME_DUPLICATE_PARAMETER);
	if (!rs_extended_present(name) || s->name_of_disposition)
		return;
	/* Read aside first: an empty name must not take the place of one that is there. */
	uint8_t text[RS_MIME_NAME_MAX];
	char charset[RS_SECTION_CHARSET];
	bool cut;
	size_t n = rs_extended_read(name, text, sizeof text, charset, sizeof charset, &cut);
	if (!n)
		return;
	memcpy(s->name, text, n);
	memcpy(s->charset, charset, sizeof charset);
	s->name_len = (uint16_t)n;
	s->name_form = rs_extended_escaped(name) ? RS_NAME_EXTENDED : RS_NAME_PLAIN;
	s->name_of_disposition = of_disposition;
	s->name_cut = cut;
	if (cut)
		report(r, RS_MIME_NAME_CUT);
}

static void set_boundary(struct rs_section *s, const struct rs_extended *boundary, const struct report *r)
{
	if (boundary->duplicate)
		report(r, RS_MIME_DUPLICATE_PARAMETER);
	char charset[RS_SECTION_CHARSET];
	bool cut;
	size_t n = rs_extended_read(boundary, s->boundary, sizeof s->boundary, charset, sizeof charset, &cut);
	/* An unquoted one goes on to the semicolon, and there may be a comment before that. A boundary holds
	 * parentheses (RFC 2046 5.1.1), but seldom after a space. */
	for (size_t i = 0; i + 1 < n; i++)
		if (s->boundary[i] == ' ' && s->boundary[i + 1] == '(')
			n = i;
	/* "and must not end with white space" (RFC 2046 5.1.1). */
	while (n && (s->boundary[n - 1] == ' ' || s->boundary[n - 1] == '\t'))
		n--;
	s->boundary_len = (uint16_t)n;
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

static void read_type_parameters(struct rs_section *s, struct rs_param_reader *reader, const struct report *r)
{
	struct rs_param param;
	struct rs_extended name, boundary;
	rs_extended_init(&name);
	rs_extended_init(&boundary);
	while (rs_param_next(reader, &param)) {
		if (rs_param_is(&param, "name"))
			rs_extended_add(&name, &param);
		else if (rs_param_is(&param, "boundary"))
			rs_extended_add(&boundary, &param);
	}
	set_name(s, &name, false, r);
	if (s->opens == RS_SECTION_MULTIPART)
		set_boundary(s, &boundary, r);
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

bool rs_section_stray_boundary(struct rs_section *s, uint8_t *line, size_t n, const struct rs_mime_ops *ops, void *arg)
{
	static const char name[] = "boundary=";
	if (s->opens != RS_SECTION_MULTIPART || s->boundary_len || n < sizeof name ||
	    strncasecmp((const char *)line, name, sizeof name - 1))
		return false;
	struct report r = { .ops = ops, .arg = arg };
	struct rs_param_reader reader;
	rs_param_start(&reader, line, n);
	read_type_parameters(s, &reader, &r);
	return true;
}

static void read_disposition(struct rs_section *s, uint8_t *value, size_t n, const struct report *r)
{
	struct rs_param_reader reader;
	struct rs_param param;
	struct rs_extended name;
	char type[16];
	rs_param_start(&reader, value, n);
	rs_param_word(&reader, type, sizeof type);
	/* RFC 2183 2.8: an unknown type is treated as attachment. */
	s->attachment = type[0] && strcmp(type, "inline");
	rs_extended_init(&name);
	while (rs_param_next(&reader, &param))
		if (rs_param_is(&param, "filename"))
			rs_extended_add(&name, &param);
	set_name(s, &name, true, r);
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
		{ "x-uuencode", RS_CTE_IDENTITY }, { "uuencode", RS_CTE_IDENTITY }, { "x-uue", RS_CTE_IDENTITY },
		{ "uue", RS_CTE_IDENTITY }, { "x-yenc", RS_CTE_IDENTITY }, { "x-binhex40", RS_CTE_IDENTITY },
		{ "mac-binhex40", RS_CTE_IDENTITY },
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
	s->cte = RS_CTE_UNKNOWN;
	report(r, RS_MIME_UNKNOWN_ENCODING);
}

void rs_section_field(struct rs_section *s, enum rs_field field, uint8_t *value, size_t n,
		      const struct rs_mime_ops *ops, void *arg)
{
	struct report r = { .ops = ops, .arg = arg };
	bool *seen = field == RS_FIELD_CONTENT_TYPE                ? &s->has_type
		     : field == RS_FIELD_CONTENT_TRANSFER_ENCODING ? &s->has_cte
								   : &s->has_disposition;
	if (*seen) {
		report(&r, RS_MIME_DUPLICATE_FIELD);
		return;
	}
	*seen = true;
	if (field == RS_FIELD_CONTENT_TYPE)
		read_type(s, value, n, &r);
	else if (field == RS_FIELD_CONTENT_TRANSFER_ENCODING)
		read_cte(s, value, n, &r);
	else
		read_disposition(s, value, n, &r);
}
