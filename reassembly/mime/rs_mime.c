/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/mime/rs_mime.h"

#include <string.h>
#include <strings.h>
#include "reassembly/rs_lines.h"
#include "reassembly/mime/rs_number.h"
#include "reassembly/mime/rs_section.h"

_Static_assert(RS_MIME_DEPTH == RS_BOUNDARY_LEVELS && RS_MIME_BOUNDARY_MAX == RS_BOUNDARY_ONE, "one limit each");
_Static_assert(RS_BOUNDARY_TEXT <= RS_MIME_BLOCK, "a block");
_Static_assert(sizeof(struct rs_mime) <= 1024, "one for each message under way");

enum reading {
	READING_HEADER,
	READING_LEAF,
	READING_PREAMBLE,
	READING_EPILOGUE,
	READING_DOUBT, /* the first bytes of a message that is said to be encoded, while it may be that it is not */
};

/* Behind missing bytes, so many lines are looked at for a header section: that of a part is shorter. */
#define TORN_LINES 64

/* A field's name is no longer: RFC 5322 2.1.1. */
#define DOUBT_MAX 998

/* Where readers differ throughout a message: what one that has the bit does and others do not. */
enum mode {
	MODE_ALIKE = 1, /* compares a line with a boundary as far as that goes */
	MODE_CR = 2, /* takes a CR for a line end */
	MODE_OUTSIDE = 4, /* asks of a line first whether it is the outermost multipart's */
};

enum line_end { LINE_END_NONE, LINE_END_CR, LINE_END_LF, LINE_END_CRLF };

static void anomaly(struct rs_mime *m, enum rs_mime_anomaly a)
{
	m->ops->anomaly(m->arg, a);
}

/* A copy that will read what follows otherwise, or NULL. */
static struct rs_mime *diverge(struct rs_mime *m)
{
	struct rs_mime *k = m->ops->fork && !m->ending ? m->ops->fork(m->arg) : NULL;
	if (!k)
		return NULL;
	k->forked = m->forked;
	m->forked = k;
	return k;
}

static struct rs_mime *copies_take(struct rs_mime **list)
{
	struct rs_mime *k = *list;
	*list = k->forked;
	k->forked = NULL;
	return k;
}

static void copies_put(struct rs_mime **list, struct rs_mime *more)
{
	while (*list)
		list = &(*list)->forked;
	*list = more;
}

/* Those made since the last time, which have to follow. */
static struct rs_mime *copies_of(struct rs_mime *m)
{
	struct rs_mime *list = m->forked;
	m->forked = NULL;
	return list;
}

/* Whether readers differ here, and this one has not been told apart from the others yet: then it has, and its copy too. */
static struct rs_mime *diverge_by(struct rs_mime *m, enum mode mode)
{
	if (m->settled & mode)
		return NULL;
	struct rs_mime *k = diverge(m);
	if (!k)
		return NULL;
	m->settled |= (uint8_t)mode;
	k->settled |= (uint8_t)mode;
	k->mode |= (uint8_t)mode;
	return k;
}

/* Calls part_begin, unless the limit of parts makes the part another. */
static void part_begin(struct rs_mime *m, struct rs_part *part)
{
	char number[RS_NUMBER_MAX];
	if (m->parts >= m->limits.parts) {
		anomaly(m, RS_MIME_PART_LIMIT);
		part->kind = RS_PART_LEAF;
		part->cte = RS_CTE_IDENTITY;
		part->flags |= RS_PART_LIMIT;
		m->sealed = true;
		m->boundary.open = m->boundary.closed = 0;
		m->reading = READING_LEAF;
	}
	rs_number_write(m->level, m->depth, part->kind != RS_PART_LEAF, number);
	part->number = number;
	part->depth = m->depth;
	part->offset = m->end_at - m->left;
	m->torn = 0;
	m->parts++;
	m->part_open = true;
	m->cte = (uint8_t)part->cte;
	m->ops->part_begin(m->arg, part);
}

/* A preamble or epilogue may come. */
static void margin_await(struct rs_mime *m, enum reading reading)
{
	m->reading = (uint8_t)reading;
	m->cte = RS_CTE_IDENTITY;
}

/* A preamble or epilogue begins with the first byte that is no line end. */
static void margin_begin(struct rs_mime *m)
{
	struct rs_part part = {
		.kind = m->reading == READING_PREAMBLE ? RS_PART_PREAMBLE : RS_PART_EPILOGUE,
		.cte = RS_CTE_IDENTITY,
		.type = "text/plain",
		.name_charset = "",
	};
	part_begin(m, &part);
}

/* Behind the last dot; NULL: there is none, or the name is of encoded words and does not show it. */
static const uint8_t *extension(const uint8_t *p, size_t n)
{
	const uint8_t *dot = memrchr(p, '.', n);
	return dot && !memmem(p, n, "=?", 2) ? dot + 1 : NULL;
}

bool rs_mime_names_differ(const uint8_t *p, size_t np, const uint8_t *q, size_t nq)
{
	const uint8_t *a = extension(p, np), *b = extension(q, nq);
	const size_t na = a ? (size_t)(p + np - a) : 0, nb = b ? (size_t)(q + nq - b) : 0;
	return a && b && (na != nb || strncasecmp((const char *)a, (const char *)b, na));
}

static void tell_other_name(struct rs_mime *m, const struct rs_section *s, struct rs_part *part)
{
	const bool same = s->other_form == s->name_form && s->other_len == s->name_len && !memcmp(s->other_name, s->name, s->name_len);
	part->other_charset = "";
	if (!s->other_len || same)
		return;
	part->other_form = s->other_form;
	part->other_name = s->other_name;
	part->other_len = s->other_len;
	part->other_charset = s->other_charset;
	if (rs_mime_names_differ(s->name, s->name_len, s->other_name, s->other_len))
		anomaly(m, RS_MIME_NAMES_DIFFER);
}

static void leaf_begin(struct rs_mime *m, uint32_t flags)
{
	struct rs_part part = { .kind = RS_PART_LEAF, .flags = flags, .type = "", .name_charset = "" };
	const struct rs_section *s = m->section;
	if (s) {
		part.cte = s->cte;
		part.type = s->type;
		part.name_form = s->name_form;
		part.name = s->name;
		part.name_len = s->name_len;
		part.name_charset = s->charset;
		tell_other_name(m, s, &part);
		if (s->attachment || s->name_form || (strncmp(s->type, "text/", 5) && s->opens != RS_SECTION_MULTIPART))
			part.flags |= RS_PART_ATTACHMENT;
		if (s->name_cut)
			part.flags |= RS_PART_NAME_CUT;
		if (!strcmp(s->type, "message/partial"))
			anomaly(m, RS_MIME_PARTIAL);
		else if (!strcmp(s->type, "message/external-body"))
			anomaly(m, RS_MIME_EXTERNAL_BODY);
		if (s->guessed)
			part.flags |= RS_PART_GUESSED;
		if (flags & RS_PART_ENCODED_MULTIPART) {
			part.boundary = s->boundary;
			part.boundary_len = s->boundary_len;
			part.digest = s->digest;
		} else if (s->opens == RS_SECTION_MULTIPART) {
			part.cte = RS_CTE_IDENTITY;
		}
	}
	m->reading = READING_LEAF;
	part_begin(m, &part);
}

/* Whether the multipart the part stands in has ended, or there is none. */
static bool is_enclosed(const struct rs_mime *m)
{
	for (unsigned i = m->depth; i-- > 0;)
		if (m->level[i].flags & RS_LEVEL_MULTIPART)
			return m->level[i].flags & RS_LEVEL_CLOSED;
	return true;
}

/* `ended` says whether it ended as its multipart has it: at that one's own delimiter. */
static void part_end(struct rs_mime *m, bool ended)
{
	uint32_t flags = m->end_flags;
	m->end_flags = 0;
	m->line_end = LINE_END_NONE;
	if (!m->part_open)
		return;
	m->part_open = false;
	if (!ended)
		flags |= RS_PART_MISSING_END;
	m->ops->part_end(m->arg, flags);
}

static void emit(struct rs_mime *m, const uint8_t *p, size_t n)
{
	if (!m->part_open) {
		while (n && (*p == '\r' || *p == '\n')) {
			p++;
			n--;
		}
		if (n)
			margin_begin(m);
	}
	if (n)
		m->ops->part_data(m->arg, p, n);
}

static void emit_line_end(struct rs_mime *m)
{
	static const uint8_t crlf[2] = "\r\n";
	enum line_end e = m->line_end;
	m->line_end = LINE_END_NONE;
	if (e == LINE_END_CR)
		emit(m, crlf, 1);
	else if (e == LINE_END_LF)
		emit(m, crlf + 1, 1);
	else if (e == LINE_END_CRLF)
		emit(m, crlf, 2);
}

static void block_put(struct rs_mime *m)
{
	rs_pool_put(m->blocks, m->section);
	m->section = NULL;
}

static void section_begin(struct rs_mime *m, bool message)
{
	if (!m->section)
		m->section = rs_pool_get(m->blocks);
	if (m->section) {
		rs_section_init(m->section, message);
		rs_fields_init(&m->header, rs_section_value(m->section), RS_SECTION_VALUE, m->depth == 0);
	} else {
		anomaly(m, RS_MIME_BLOCK_LIMIT);
		rs_fields_init(&m->header, NULL, 0, false);
	}
	m->reading = READING_HEADER;
	m->line_start = true;
}

static void level_begin(struct rs_mime *m, uint8_t flags)
{
	m->level[m->depth++] = (struct rs_mime_level){ .flags = flags };
}

/* A multipart's boundary is looked for as soon as it is known: the empty line after the header may be
 * missing, and a delimiter may look like a field. Its level begins where the section ends. */
static bool has_boundary(const struct rs_section *s)
{
	return s->boundary_len || s->empty_boundary;
}

static void boundary_announce(struct rs_mime *m)
{
	const struct rs_section *s = m->section;
	if (s->opens == RS_SECTION_MULTIPART && has_boundary(s) && m->depth < m->limits.depth &&
	    m->boundary.levels == m->depth &&
	    rs_boundary_push(&m->boundary, m->blocks, s->boundary, s->boundary_len) == RS_BOUNDARY_STARVED)
		anomaly(m, RS_MIME_BLOCK_LIMIT);
}

static void on_section_anomaly(void *arg, enum rs_mime_anomaly a)
{
	anomaly(arg, a);
}

/* What was announced before may be another. */
static void on_section_differs(void *arg, const struct rs_section *other)
{
	struct rs_mime *k = diverge(arg);
	if (!k || !k->section)
		return;
	*k->section = *other;
	if (k->boundary.levels > k->depth)
		rs_boundary_pop(&k->boundary, k->blocks, k->depth);
	boundary_announce(k);
}

static const struct rs_section_ops section_ops = { on_section_anomaly, on_section_differs };

static void multipart_begin(struct rs_mime *m)
{
	struct rs_section *s = m->section;
	if (m->boundary.levels > m->depth) {
		level_begin(m, RS_LEVEL_MULTIPART | (s->digest ? RS_LEVEL_DIGEST : 0));
		margin_await(m, READING_PREAMBLE);
		return;
	}
	if (has_boundary(s) || !s->no_boundary)
		anomaly(m, has_boundary(s) ? RS_MIME_DEPTH_LIMIT : RS_MIME_BOUNDARY_MISSING);
	leaf_begin(m, has_boundary(s) ? RS_PART_LIMIT : 0);
}

/* Some take an encoded message as it stands: whether it can be one is seen at its first field. */
static void doubt_begin(struct rs_mime *m)
{
	if (!m->ops->fork || m->ending) {
		leaf_begin(m, RS_PART_ENCODED_MESSAGE);
		return;
	}
	m->reading = READING_DOUBT;
	m->header.len = 0;
}

/* It is taken for what it is said to be. */
static void doubt_end(struct rs_mime *m)
{
	const uint8_t *held = m->header.buf;
	const size_t n = m->section ? m->header.len : 0;
	m->left += n;
	leaf_begin(m, RS_PART_ENCODED_MESSAGE);
	m->left -= n;
	emit(m, held, n);
	m->line_start = !n;
	block_put(m);
}

static void message_begin(struct rs_mime *m)
{
	if (m->section->cte == RS_CTE_BASE64 || m->section->cte == RS_CTE_QP) {
		doubt_begin(m);
	} else if (m->depth < m->limits.depth && rs_boundary_push(&m->boundary, m->blocks, NULL, 0) == RS_BOUNDARY_OK) {
		level_begin(m, 0);
		section_begin(m, false);
	} else {
		anomaly(m, RS_MIME_DEPTH_LIMIT);
		leaf_begin(m, RS_PART_LIMIT);
	}
}

/* The header section ended: what it announced begins. The block stays, for what the header parser still holds. */
static void section_end(struct rs_mime *m)
{
	if (!m->section)
		leaf_begin(m, RS_PART_LIMIT);
	else if (m->section->opens == RS_SECTION_MULTIPART)
		multipart_begin(m);
	else if (m->section->opens == RS_SECTION_MESSAGE)
		message_begin(m);
	else
		leaf_begin(m, m->section->opens == RS_SECTION_ENCODED ? RS_PART_ENCODED_MULTIPART : 0);
}

/* A multipart that is encoded, against RFC 2045 6.4, is a leaf to who decodes it first: what it holds is read by another structure. */
static struct rs_mime *diverge_encoded(struct rs_mime *m)
{
	const struct rs_section *s = m->section;
	if (!s || s->opens != RS_SECTION_MULTIPART || (s->cte != RS_CTE_BASE64 && s->cte != RS_CTE_QP))
		return NULL;
	anomaly(m, RS_MIME_ENCODED_MULTIPART);
	struct rs_mime *k = has_boundary(s) ? diverge(m) : NULL;
	if (!k || !k->section)
		return NULL;
	k->section->opens = RS_SECTION_ENCODED;
	if (k->boundary.levels > k->depth)
		rs_boundary_pop(&k->boundary, k->blocks, k->depth);
	return k;
}

static void section_end_whole(struct rs_mime *m)
{
	section_end(m);
	if (m->reading != READING_HEADER && m->reading != READING_DOUBT)
		block_put(m);
	m->line_start = true;
}

static void field_end(struct rs_mime *m)
{
	struct rs_fields *h = &m->header;
	if (h->field >= RS_FIELD_ENVELOPE) {
		m->ops->header(m->arg, (enum rs_header)(h->field - RS_FIELD_ENVELOPE), h->buf, h->len, !h->begun, true);
		return;
	}
	if (h->cut)
		anomaly(m, RS_MIME_HEADER_TOO_LONG);
	rs_section_field(m->section, h->field, h->buf, h->len, &section_ops, m);
	if (h->field == RS_FIELD_CONTENT_TYPE)
		boundary_announce(m);
}

static void field_piece(struct rs_mime *m)
{
	const struct rs_fields *h = &m->header;
	m->ops->header(m->arg, (enum rs_header)(h->field - RS_FIELD_ENVELOPE), h->buf, h->piece, !h->begun, false);
}

/* What of the value counts may yet come: what does not count makes room. */
static void field_full(struct rs_mime *m)
{
	struct rs_fields *h = &m->header;
	h->len = (uint16_t)rs_section_squeeze(h->buf, h->len);
	h->cut = h->len > h->cap - h->cap / 4;
}

/* A line that is no field ended the section: it is the body's first. Its beginning is in the block. */
static void section_end_in_line(struct rs_mime *m)
{
	const uint8_t *held = m->header.buf;
	size_t n = m->header.len;
	anomaly(m, RS_MIME_HEADER_INVALID);
	m->left += n;
	/* What is no field here is none in the header of a message inside. */
	do
		section_end(m);
	while (m->reading == READING_HEADER);
	if (m->reading == READING_DOUBT)
		leaf_begin(m, RS_PART_ENCODED_MESSAGE);
	emit(m, held, n);
	m->line_start = !n;
	block_put(m);
}

/* A line that is no field, and is taken for the body's first: some pass over it, and read fields behind it. */
static void body_found(struct rs_mime *m)
{
	struct rs_mime *k = diverge(m);
	if (k)
		rs_fields_resume(&k->header);
	k = diverge_encoded(m);
	if (k)
		section_end_in_line(k);
	section_end_in_line(m);
}

/* A line that is no field, and is passed over: to some it is the body's first. */
static void line_passed_over(struct rs_mime *m)
{
	anomaly(m, RS_MIME_HEADER_INVALID);
	struct rs_mime *k = diverge(m);
	if (k)
		section_end_in_line(k);
}

/* Hands one event of the header parser on. */
static void header_event(struct rs_mime *m, enum rs_fields_event event)
{
	struct rs_mime *k;
	switch (event) {
	case RS_FIELDS_MORE:
		break;
	case RS_FIELDS_FIELD:
		field_end(m);
		break;
	case RS_FIELDS_FULL:
		field_full(m);
		break;
	case RS_FIELDS_PIECE:
		field_piece(m);
		break;
	case RS_FIELDS_INVALID:
		line_passed_over(m);
		break;
	case RS_FIELDS_END:
		k = diverge_encoded(m);
		if (k)
			section_end_whole(k);
		section_end_whole(m);
		break;
	case RS_FIELDS_BODY:
		body_found(m);
		break;
	}
}

/* The section ended with its input: at a delimiter or the message's end. */
static void header_finish(struct rs_mime *m)
{
	while (m->reading == READING_HEADER)
		header_event(m, rs_fields_finish(&m->header));
	if (m->reading == READING_DOUBT)
		doubt_end(m);
}

/* The header parser takes a line, whose next byte is c, for the body's first: it has read the whole line, or up to a
 * word after white space. */
static bool is_stray_boundary(struct rs_mime *m, uint8_t c)
{
	struct rs_fields *h = &m->header;
	bool whole = c == '\r' || c == '\n' || (h->len > 2 && h->buf[h->len - 2] == ';');
	if (!whole || !rs_section_stray_boundary(m->section, h->buf, h->len, &section_ops, m))
		return false;
	anomaly(m, RS_MIME_HEADER_INVALID);
	boundary_announce(m);
	for (struct rs_mime *k = m; k; k = k->forked)
		rs_fields_resume(&k->header);
	return true;
}

/* Where the line ends, or the piece, or what some take for a line. */
static const uint8_t *line_stop(const struct rs_mime *m, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *lf = memchr(p, '\n', (size_t)(end - p)), *stop = lf ? lf + 1 : end;
	const uint8_t *cr = m->settled & MODE_CR ? NULL : memchr(p, '\r', (size_t)(stop - p));
	return cr && cr + 1 < stop && cr[1] != '\n' ? cr + 1 : stop;
}

/* Reads the header section as far as the line goes. */
static const uint8_t *header_run(struct rs_mime *m, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *const stop = line_stop(m, p, end);
	const bool lf = stop[-1] == '\n';
	m->line_start = false;
	while (p < stop && !m->forked) {
		enum rs_fields_event event;
		p += rs_fields_feed(&m->header, p, (size_t)(stop - p), &event);
		if (event == RS_FIELDS_BODY && p < stop && is_stray_boundary(m, *p))
			continue;
		m->left = (size_t)(end - p);
		/* Nothing of the next line was eaten: it may be the delimiter that the field announced. */
		m->line_start = event == RS_FIELDS_FIELD;
		header_event(m, event);
		if (event == RS_FIELDS_END || event == RS_FIELDS_BODY || event == RS_FIELDS_FIELD || m->forked)
			return p;
	}
	if (p < stop)
		return p;
	m->line_start = lf;
	m->cr = !lf && p[-1] == '\r';
	return p;
}

/* How much of the span's end must be withheld, as it may be the line end before a delimiter. */
static size_t withhold(struct rs_mime *m, const uint8_t *p, size_t n)
{
	/* Line ends mean nothing to a base64 decoder, which may have been given them by rs_mime_skip. */
	if (!n || m->cte == RS_CTE_BASE64)
		return 0;
	if (p[n - 1] == '\r') {
		m->line_end = LINE_END_CR;
		return 1;
	}
	if (p[n - 1] != '\n')
		return 0;
	bool crlf = n > 1 && p[n - 2] == '\r';
	m->line_end = crlf ? LINE_END_CRLF : LINE_END_LF;
	return crlf ? 2 : 1;
}

/* Hands out lines up to one that may be a delimiter. */
static const uint8_t *body_run(struct rs_mime *m, const uint8_t *p, const uint8_t *end)
{
	if (m->line_end == LINE_END_CR && *p == '\n') {
		m->line_end = LINE_END_CRLF;
		m->line_start = true;
		return p + 1;
	}
	m->left = (size_t)(end - p);
	emit_line_end(m);
	if (!rs_boundary_any(&m->boundary)) {
		emit(m, p, (size_t)(end - p));
		m->line_start = end[-1] == '\n';
		return end;
	}
	const bool cr = !((m->settled | m->mode) & MODE_CR);
	const uint8_t *q = p;
	do
		q += rs_lines_find(q, (size_t)(end - q), '-', cr);
	while (q < end && q[-1] == '\n' && !rs_boundary_maybe(&m->boundary, q, (size_t)(end - q)));
	const uint8_t *lf = m->torn ? memchr(p, '\n', (size_t)(q - p)) : NULL;
	if (lf) {
		q = lf + 1;
		m->torn--;
	}
	m->line_start = q[-1] == '\n';
	m->cr = q[-1] == '\r';
	size_t n = (size_t)(q - p);
	emit(m, p, n - withhold(m, p, n));
	return q;
}

static void pop_to(struct rs_mime *m, uint8_t depth)
{
	for (unsigned i = m->depth; i-- > depth;)
		if (rs_level_is_multipart(m->level, m->depth, i) && !(m->level[i].flags & RS_LEVEL_CLOSED) &&
		    !m->sealed)
			anomaly(m, RS_MIME_MISSING_END);
	m->depth = depth;
	rs_boundary_pop(&m->boundary, m->blocks, depth);
}

/* Whether the part under way is of the multipart `level`, or of one inside that ended. */
static bool ends_at(const struct rs_mime *m, uint8_t level)
{
	unsigned i = m->depth;
	while (i > level + 1u && !(m->level[i - 1].flags & RS_LEVEL_MULTIPART))
		i--;
	return i == level + 1u || m->level[i - 1].flags & RS_LEVEL_CLOSED;
}

static void read_at(struct rs_mime *m, const uint8_t *p, size_t n, uint64_t at);

/* The line was a delimiter of what the section announced, but not to a reading that takes that for something else. */
static void line_reread(struct rs_mime *m)
{
	uint8_t line[RS_BOUNDARY_LINE + 1];
	const size_t n = m->boundary.found;
	memcpy(line, m->boundary.line, n);
	m->line_start = true;
	read_at(m, line, n, m->end_at - m->left);
}

/* Some pass over a final delimiter that is right behind another one, as they do over any other. */
static void diverge_past_end(struct rs_mime *m, bool rest)
{
	if (!m->ending)
		anomaly(m, RS_MIME_END_AT_ONCE);
	struct rs_mime *k = diverge(m);
	if (!k)
		return;
	struct rs_mime_level *level = &k->level[k->depth - 1];
	level->parts++;
	k->skip = rest;
	section_begin(k, level->flags & RS_LEVEL_DIGEST);
}

/* rest: of the line, which does not count, is yet to come. */
static void on_delimiter(struct rs_mime *m, uint8_t level, bool final, bool rest)
{
	/* No empty line before the multipart's own delimiter. */
	bool early = level == m->depth;
	/* Delimiters one after the other make no part between them. */
	bool no_part = m->reading == READING_HEADER && m->header.virgin &&
		       rs_level_is_multipart(m->level, m->depth, m->depth - 1u);
	if (no_part)
		m->level[m->depth - 1].parts--;
	else
		header_finish(m);
	for (struct rs_mime *copies = copies_of(m); copies;) {
		struct rs_mime *k = copies_take(&copies);
		if (early)
			line_reread(k);
		else
			on_delimiter(k, level, final, rest);
		copies_put(&m->forked, k);
	}
	if (no_part && final && level + 1u == m->depth)
		diverge_past_end(m, rest);
	m->skip = rest;
	if (early)
		anomaly(m, RS_MIME_HEADER_INVALID);
	if (m->sealed)
		return;
	part_end(m, ends_at(m, level));
	pop_to(m, level + 1);
	if (final) {
		m->level[level].flags |= RS_LEVEL_CLOSED;
		m->whole = true;
		rs_boundary_close(&m->boundary, level);
		margin_await(m, READING_EPILOGUE);
		m->line_start = true;
		block_put(m);
	} else {
		m->level[level].parts++;
		m->level[level].flags &= (uint8_t)~RS_LEVEL_CLOSED;
		rs_boundary_reopen(&m->boundary, level);
		section_begin(m, m->level[level].flags & RS_LEVEL_DIGEST);
	}
}

static size_t feed(struct rs_mime *m, const uint8_t *p, size_t n);
static void bare_cr(struct rs_mime *m, uint8_t next);

/* Reads n bytes that end at this offset. Copies that are made on the way read the rest of them. */
static void read_at(struct rs_mime *m, const uint8_t *p, size_t n, uint64_t at)
{
	const uint64_t end_at = m->end_at;
	const size_t left = m->left;
	struct rs_mime *done = NULL;
	for (size_t i = 0; i < n;) {
		m->end_at = at;
		i += feed(m, p + i, n - i);
		for (struct rs_mime *copies = copies_of(m); copies;) {
			struct rs_mime *k = copies_take(&copies);
			k->end_at = end_at;
			k->left = left;
			read_at(k, p + i, n - i, at);
			copies_put(&done, k);
		}
	}
	m->end_at = end_at;
	m->left = left;
	m->forked = done;
}

enum doubt { DOUBT_GOES_ON, DOUBT_ENCODED, DOUBT_PLAIN };

/* What of n bytes and this one behind them is seen: whether a field's name is all there (RFC 5322 2.2; 4.5: white space behind it). What
 * other readers pass over at a message's beginning is white space, and an mbox's "From ". */
static enum doubt doubt_step(const uint8_t *held, size_t n, uint8_t c)
{
	const bool blank = c == ' ' || c == '\t', behind_blank = n && held[n - 1] <= ' ';
	if (c == ':' || n == DOUBT_MAX || (blank && (!n || (n == 4 && !memcmp(held, "From", 4)))))
		return DOUBT_PLAIN;
	return blank || (c > ' ' && c < 0x7f && !behind_blank) ? DOUBT_GOES_ON : DOUBT_ENCODED;
}

/* A copy reads it as it stands. */
static void diverge_plain(struct rs_mime *m)
{
	uint8_t held[DOUBT_MAX];
	const size_t n = m->header.len;
	struct rs_mime *k = diverge(m);
	if (!k)
		return;
	copies_of(m);
	memcpy(held, m->header.buf, n);
	if (k->depth < k->limits.depth && rs_boundary_push(&k->boundary, k->blocks, NULL, 0) == RS_BOUNDARY_OK) {
		level_begin(k, 0);
		section_begin(k, false);
		read_at(k, held, n, m->end_at - m->left);
	} else {
		anomaly(k, RS_MIME_DEPTH_LIMIT);
		k->left = m->left;
		doubt_end(k);
	}
	m->forked = k;
}

static const uint8_t *doubt_run(struct rs_mime *m, const uint8_t *p, const uint8_t *end)
{
	struct rs_fields *h = &m->header;
	enum doubt step = m->section ? DOUBT_GOES_ON : DOUBT_ENCODED;
	m->line_start = false;
	while (p < end && step == DOUBT_GOES_ON) {
		step = doubt_step(h->buf, h->len, *p);
		if (step == DOUBT_GOES_ON)
			h->buf[h->len++] = *p++;
	}
	m->left = (size_t)(end - p);
	if (step == DOUBT_PLAIN)
		diverge_plain(m);
	if (step != DOUBT_GOES_ON)
		doubt_end(m);
	return p;
}

/* The line under way turned out to be no delimiter: it is read as what it stands in. */
static void line_replay(struct rs_mime *m)
{
	uint8_t line[RS_BOUNDARY_LINE];
	size_t n = m->boundary.held;
	bool alike = m->boundary.alike;
	memcpy(line, m->boundary.line, n);
	rs_boundary_drop(&m->boundary);
	m->line_start = m->cr = false;
	/* The line's first byte may end a field that announces a boundary: then the line is held again, to be
	 * compared with that one too. */
	read_at(m, line, n, m->end_at - m->left);
	if (alike && !rs_boundary_holds(&m->boundary))
		anomaly(m, RS_MIME_BOUNDARY_ALIKE);
}

/* To who compares no further than the boundary the line is a delimiter. rest: of the line is yet to come. */
static void line_alike(struct rs_mime *m, bool rest)
{
	const uint8_t level = m->boundary.alike_level;
	const bool final = m->boundary.alike_step == RS_BOUNDARY_CLOSE;
	if (rs_boundary_holds(&m->boundary))
		m->boundary.found = m->boundary.held;
	rs_boundary_drop(&m->boundary);
	on_delimiter(m, level, final, rest);
}

/* What the line under way is was told. rest: of one that is no delimiter is yet to come. */
static void line_judged(struct rs_mime *m, enum rs_boundary_step step, uint8_t level, bool rest)
{
	const bool alike = m->boundary.alike, outside = m->boundary.outside;
	const uint8_t outer = m->boundary.outside_level;
	if (alike && m->mode & MODE_ALIKE) {
		line_alike(m, rest && step == RS_BOUNDARY_NO);
		return;
	}
	if (outside && m->mode & MODE_OUTSIDE) {
		on_delimiter(m, outer, false, false);
		return;
	}
	/* What breaks it off is behind a CR: to some the line ended there. */
	const uint16_t held = m->boundary.held;
	if (alike && !m->boundary.ended && step == RS_BOUNDARY_NO && rest && held && m->boundary.line[held - 1] == '\r' && !(m->mode & MODE_CR))
		bare_cr(m, '-');
	struct rs_mime *copies = copies_of(m), *k = alike ? diverge_by(m, MODE_ALIKE) : NULL;
	if (copies_of(m))
		line_alike(k, rest && step == RS_BOUNDARY_NO);
	copies_put(&copies, k);
	k = outside ? diverge_by(m, MODE_OUTSIDE) : NULL;
	if (copies_of(m))
		on_delimiter(k, outer, false, false);
	copies_put(&copies, k);
	if (step == RS_BOUNDARY_NO) {
		line_replay(m);
	} else {
		on_delimiter(m, level, step == RS_BOUNDARY_CLOSE, false);
		if (alike || outside)
			anomaly(m, RS_MIME_BOUNDARY_ALIKE);
	}
	copies_put(&m->forked, copies);
}

static const uint8_t *delimiter_run(struct rs_mime *m, const uint8_t *p, const uint8_t *end)
{
	enum rs_boundary_step step;
	uint8_t level;
	const size_t n = rs_boundary_feed(&m->boundary, p, (size_t)(end - p), &step, &level);
	m->cr = n && p[n - 1] == '\r' && m->mode & MODE_CR;
	m->left = (size_t)(end - p) - n;
	if (step != RS_BOUNDARY_MORE)
		line_judged(m, step, level, true);
	return p + n;
}

/* The CR that was read last is the line's end. */
static void line_end_at_cr(struct rs_mime *m)
{
	if (m->skip) {
		m->skip = false;
		m->line_start = true;
	} else if (rs_boundary_holds(&m->boundary)) {
		uint8_t level;
		const enum rs_boundary_step step = rs_boundary_finish(&m->boundary, &level);
		line_judged(m, step, level, true);
		if (step != RS_BOUNDARY_NO)
			return;
		struct rs_mime *done = NULL;
		for (struct rs_mime *copies = copies_of(m); copies;) {
			struct rs_mime *k = copies_take(&copies);
			line_end_at_cr(k);
			copies_put(&done, k);
		}
		line_end_at_cr(m);
		copies_put(&m->forked, done);
	} else if (m->reading == READING_HEADER) {
		read_at(m, (const uint8_t *)"\n", 1, m->end_at - m->left);
	} else {
		m->line_start = true;
	}
}

/* No LF follows the CR that was read last, but this. */
static void bare_cr(struct rs_mime *m, uint8_t next)
{
	if (m->mode & MODE_CR) {
		line_end_at_cr(m);
		return;
	}
	/* In a body it matters where a delimiter may follow. */
	if (m->settled & MODE_CR || (m->reading != READING_HEADER && (next != '-' || !rs_boundary_any(&m->boundary))))
		return;
	anomaly(m, RS_MIME_BARE_CR);
	struct rs_mime *k = diverge_by(m, MODE_CR);
	if (!k)
		return;
	copies_of(m);
	line_end_at_cr(k);
	m->forked = k;
}

static void init(struct rs_mime *m, const struct rs_mime_ops *ops, void *arg, struct rs_pool *blocks, struct rs_mime_limits limits)
{
	m->ops = ops;
	m->arg = arg;
	m->blocks = blocks;
	m->section = NULL;
	m->limits = limits;
	if (m->limits.depth > RS_MIME_DEPTH)
		m->limits.depth = RS_MIME_DEPTH;
	m->parts = 0;
	m->end_flags = 0;
	m->total = m->end_at = m->left = 0;
	m->torn = 0;
	m->depth = 0;
	m->line_end = LINE_END_NONE;
	m->cte = RS_CTE_IDENTITY;
	m->part_open = false;
	m->sealed = false;
	m->cr = m->skip = m->ending = m->whole = false;
	m->mode = m->settled = 0;
	m->forked = NULL;
	rs_boundary_init(&m->boundary);
}

void rs_mime_init(struct rs_mime *m, const struct rs_mime_ops *ops, void *arg, struct rs_pool *blocks,
		  struct rs_mime_limits limits)
{
	init(m, ops, arg, blocks, limits);
	section_begin(m, false);
}

void rs_mime_init_multipart(struct rs_mime *m, const struct rs_mime_ops *ops, void *arg, struct rs_pool *blocks,
			    struct rs_mime_limits limits, const uint8_t *boundary, size_t n, bool digest)
{
	init(m, ops, arg, blocks, limits);
	rs_boundary_push(&m->boundary, m->blocks, boundary, n);
	level_begin(m, RS_LEVEL_MULTIPART | (digest ? RS_LEVEL_DIGEST : 0));
	margin_await(m, READING_PREAMBLE);
	m->line_start = true;
}

/* The line at p names what stands only in the header section of a part: its delimiter is missing. */
static bool is_header_found(const struct rs_mime *m, const uint8_t *p, const uint8_t *end)
{
	static const char name[] = "Content-";
	const size_t n = sizeof name - 1;
	return m->torn && m->line_start && rs_boundary_any(&m->boundary) && m->reading != READING_HEADER && (size_t)(end - p) > n &&
	       !strncasecmp((const char *)p, name, n);
}

static void header_found(struct rs_mime *m)
{
	unsigned level = m->depth;
	while (level && !(m->level[level - 1].flags & RS_LEVEL_MULTIPART))
		level--;
	part_end(m, false);
	if (level) {
		pop_to(m, (uint8_t)level);
		m->level[level - 1].parts++;
	}
	m->torn = 0;
	section_begin(m, false);
}

static const uint8_t *skip_line(struct rs_mime *m, const uint8_t *p, const uint8_t *end)
{
	p = line_stop(m, p, end);
	m->line_start = p[-1] == '\n';
	m->skip = !m->line_start;
	m->cr = p[-1] == '\r';
	return p;
}

/* Returns how many bytes were read: fewer where a copy was made. */
static size_t feed(struct rs_mime *m, const uint8_t *p, size_t n)
{
	const uint8_t *const begin = p, *const end = p + n;
	while (p < end && !m->forked) {
		if (m->cr) {
			m->cr = false;
			m->left = (size_t)(end - p);
			if (*p != '\n')
				bare_cr(m, *p);
			if (m->forked)
				break;
		}
		if (m->skip) {
			p = skip_line(m, p, end);
			continue;
		}
		if (is_header_found(m, p, end))
			header_found(m);
		if (rs_boundary_holds(&m->boundary) || (m->line_start && *p == '-' && rs_boundary_any(&m->boundary)))
			p = delimiter_run(m, p, end);
		else if (m->reading == READING_HEADER)
			p = header_run(m, p, end);
		else if (m->reading == READING_DOUBT)
			p = doubt_run(m, p, end);
		else
			p = body_run(m, p, end);
	}
	return (size_t)(p - begin);
}

/* Where a line may end with a CR: how many of n bytes are read at once. In a body that matters before a '-' alone. */
static size_t cr_line(const struct rs_mime *m, const uint8_t *p, size_t n)
{
	if (rs_mime_in_body(m) && (*p != '-' || !rs_boundary_any(&m->boundary)))
		return rs_boundary_any(&m->boundary) ? rs_lines_find(p, n, '-', true) : n;
	const uint8_t *cr = memchr(p, '\r', n);
	return cr ? (size_t)(cr + 1 - p) : n;
}

size_t rs_mime_feed(struct rs_mime *m, const uint8_t *p, size_t n)
{
	if (m->mode & MODE_CR && n)
		n = cr_line(m, p, n);
	m->total += n;
	m->end_at = m->total;
	const size_t k = feed(m, p, n);
	for (struct rs_mime *t = m, *next; t; t = next) {
		next = t->forked;
		t->forked = NULL;
		t->total -= n - k;
		t->end_at = t->total;
		t->left = 0;
	}
	return k;
}

static void forget_copies(struct rs_mime *m)
{
	for (struct rs_mime *k = m, *next; k; k = next) {
		next = k->forked;
		k->forked = NULL;
	}
}

void rs_mime_unsettle(struct rs_mime *m)
{
	m->settled = 0;
}

void rs_mime_settle(struct rs_mime *a, struct rs_mime *b)
{
	const uint8_t apart = a->mode ^ b->mode;
	if (apart & (apart - 1))
		return;
	a->settled |= apart;
	b->settled |= apart;
}

bool rs_mime_same(const struct rs_mime *a, const struct rs_mime *b)
{
	if (a->reading != b->reading || a->reading == READING_DOUBT || a->depth != b->depth ||
	    a->line_end != b->line_end || a->line_start != b->line_start ||
	    a->part_open != b->part_open || a->cte != b->cte || a->torn != b->torn || a->skip != b->skip || a->cr != b->cr ||
	    a->sealed != b->sealed || a->end_flags != b->end_flags || !rs_boundary_same(&a->boundary, &b->boundary))
		return false;
	for (unsigned i = 0; i < a->depth; i++)
		if (a->level[i].flags != b->level[i].flags)
			return false;
	if (a->reading != READING_HEADER)
		return true;
	return a->section && b->section && rs_section_same(a->section, b->section) && rs_fields_same(&a->header, &b->header);
}

bool rs_mime_awaits_part(const struct rs_mime *m)
{
	return m->reading == READING_HEADER && m->header.virgin && rs_level_is_multipart(m->level, m->depth, m->depth - 1u);
}

bool rs_mime_in_header(const struct rs_mime *m)
{
	return m->reading == READING_HEADER && !m->depth;
}

bool rs_mime_base64_body(const struct rs_mime *m)
{
	return m->reading == READING_LEAF && m->cte == RS_CTE_BASE64 && !rs_boundary_holds(&m->boundary);
}

bool rs_mime_in_body(const struct rs_mime *m)
{
	return m->reading != READING_HEADER && m->reading != READING_DOUBT && !rs_boundary_holds(&m->boundary) && !m->skip &&
	       !m->torn;
}

bool rs_mime_in_cr_text(const struct rs_mime *m)
{
	return rs_mime_in_body(m) || (m->settled & MODE_CR && !(m->mode & MODE_CR));
}

void rs_mime_skip(struct rs_mime *m, const uint8_t *p, size_t n)
{
	if (n) {
		m->line_start = p[n - 1] == '\n';
		m->cr = p[n - 1] == '\r';
	}
	m->total += n;
	m->end_at = m->total;
}

void rs_mime_gap(struct rs_mime *m, uint64_t n)
{
	if (!n)
		return;
	while (rs_boundary_holds(&m->boundary)) {
		m->boundary.alike = false;
		line_replay(m);
		forget_copies(m);
	}
	m->cr = m->skip = false;
	if (m->reading == READING_DOUBT)
		doubt_end(m);
	if (m->reading == READING_HEADER) {
		uint8_t field = m->header.field;
		if (rs_fields_gap(&m->header))
			m->ops->header(m->arg, (enum rs_header)(field - RS_FIELD_ENVELOPE), m->header.buf, 0, false,
				       true);
	} else {
		emit_line_end(m);
	}
	m->end_flags |= RS_PART_GAP;
	/* Its line may have begun just here. */
	m->line_start = true;
	m->torn = m->reading == READING_HEADER ? 0 : TORN_LINES;
	m->total += n;
	m->end_at = m->total;
}

void rs_mime_copy(struct rs_mime *to, const struct rs_mime *from, const struct rs_mime_ops *ops, void *arg,
		  struct rs_pool *blocks)
{
	*to = *from;
	to->ops = ops;
	to->arg = arg;
	to->blocks = blocks;
	to->forked = NULL;
	to->section = from->section ? rs_pool_get(blocks) : NULL;
	if (to->section) {
		memcpy(to->section, from->section, sizeof(struct rs_section_block));
		to->header.buf = rs_section_value(to->section);
	} else if (from->section) {
		anomaly(to, RS_MIME_BLOCK_LIMIT);
		rs_fields_init(&to->header, NULL, 0, false);
	}
	if (!rs_boundary_copied(&to->boundary, blocks))
		anomaly(to, RS_MIME_BLOCK_LIMIT);
}

void rs_mime_let_go(struct rs_mime *m)
{
	block_put(m);
	rs_boundary_pop(&m->boundary, m->blocks, 0);
}

/* The line under way has no end but the message's. */
static void line_finish(struct rs_mime *m)
{
	uint8_t level;
	enum rs_boundary_step step = rs_boundary_finish(&m->boundary, &level);
	line_judged(m, step, level, false);
}

void rs_mime_end(struct rs_mime *m)
{
	/* Nothing comes any more about which readers could differ. */
	m->ending = true;
	while (rs_boundary_holds(&m->boundary) || m->reading == READING_HEADER) {
		if (rs_boundary_holds(&m->boundary))
			line_finish(m);
		else if (rs_mime_awaits_part(m))
			/* A delimiter with nothing after it begins no part. */
			margin_await(m, READING_EPILOGUE);
		else
			header_event(m, rs_fields_finish(&m->header));
	}
	if (m->reading == READING_DOUBT)
		doubt_end(m);
	emit_line_end(m);
	part_end(m, m->sealed || is_enclosed(m));
	pop_to(m, 0);
	block_put(m);
}
