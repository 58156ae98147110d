/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/mime/rs_mime.h"

#include <string.h>
#include <strings.h>
#include "reassembly/rs_lines.h"
#include "reassembly/mime/rs_number.h"
#include "reassembly/mime/rs_section.h"

_Static_assert(RS_MIME_DEPTH == RS_BOUNDARY_LEVELS && RS_MIME_BOUNDARY_MAX == RS_BOUNDARY_ONE, "one limit each");
_Static_assert(sizeof(struct rs_mime) < 3072, "one for each message under way");

enum reading {
	READING_HEADER,
	READING_LEAF,
	READING_PREAMBLE,
	READING_EPILOGUE,
};

/* Behind missing bytes, so many lines are looked at for a header section: that of a part is shorter. */
#define TORN_LINES 64

enum line_end { LINE_END_NONE, LINE_END_CR, LINE_END_LF, LINE_END_CRLF };

static void anomaly(struct rs_mime *m, enum rs_mime_anomaly a)
{
	m->ops->anomaly(m->arg, a);
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
		m->boundary.open = 0;
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
		if (s->attachment || s->name_form || (strncmp(s->type, "text/", 5) && s->opens != RS_SECTION_MULTIPART))
			part.flags |= RS_PART_ATTACHMENT;
		if (s->name_cut)
			part.flags |= RS_PART_NAME_CUT;
		if (s->opens == RS_SECTION_MULTIPART)
			part.cte = RS_CTE_IDENTITY;
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
		rs_fields_init(&m->header, m->section->value, sizeof m->section->value, m->depth == 0);
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
static void boundary_announce(struct rs_mime *m)
{
	const struct rs_section *s = m->section;
	if (s->opens == RS_SECTION_MULTIPART && s->boundary_len && m->depth < m->limits.depth &&
	    m->boundary.levels == m->depth)
		rs_boundary_push(&m->boundary, s->boundary, s->boundary_len);
}

static void multipart_begin(struct rs_mime *m)
{
	struct rs_section *s = m->section;
	if (s->cte == RS_CTE_BASE64 || s->cte == RS_CTE_QP)
		anomaly(m, RS_MIME_ENCODED_MULTIPART);
	if (m->boundary.levels > m->depth) {
		level_begin(m, RS_LEVEL_MULTIPART | (s->digest ? RS_LEVEL_DIGEST : 0));
		margin_await(m, READING_PREAMBLE);
		return;
	}
	anomaly(m, s->boundary_len ? RS_MIME_DEPTH_LIMIT : RS_MIME_BOUNDARY_MISSING);
	leaf_begin(m, s->boundary_len ? RS_PART_LIMIT : 0);
}

static void message_begin(struct rs_mime *m)
{
	if (m->section->cte == RS_CTE_BASE64 || m->section->cte == RS_CTE_QP) {
		leaf_begin(m, RS_PART_ENCODED_MESSAGE);
	} else if (m->depth < m->limits.depth && rs_boundary_push(&m->boundary, NULL, 0)) {
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
		leaf_begin(m, 0);
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
	rs_section_field(m->section, h->field, h->buf, h->len, m->ops, m->arg);
	if (h->field == RS_FIELD_CONTENT_TYPE)
		boundary_announce(m);
}

static void field_piece(struct rs_mime *m)
{
	const struct rs_fields *h = &m->header;
	m->ops->header(m->arg, (enum rs_header)(h->field - RS_FIELD_ENVELOPE), h->buf, h->piece, !h->begun, false);
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
	emit(m, held, n);
	m->line_start = !n;
	block_put(m);
}

/* Hands one event of the header parser on. */
static void header_event(struct rs_mime *m, enum rs_fields_event event)
{
	switch (event) {
	case RS_FIELDS_MORE:
		break;
	case RS_FIELDS_FIELD:
		field_end(m);
		break;
	case RS_FIELDS_PIECE:
		field_piece(m);
		break;
	case RS_FIELDS_INVALID:
		anomaly(m, RS_MIME_HEADER_INVALID);
		break;
	case RS_FIELDS_END:
		section_end(m);
		if (m->reading != READING_HEADER)
			block_put(m);
		m->line_start = true;
		break;
	case RS_FIELDS_BODY:
		section_end_in_line(m);
		break;
	}
}

/* The section ended with its input: at a delimiter or the message's end. */
static void header_finish(struct rs_mime *m)
{
	while (m->reading == READING_HEADER)
		header_event(m, rs_fields_finish(&m->header));
}

/* The header parser takes a line, whose next byte is c, for the body's first: it has read the whole line, or up to a
 * word after white space. */
static bool is_stray_boundary(struct rs_mime *m, uint8_t c)
{
	struct rs_fields *h = &m->header;
	bool whole = c == '\r' || c == '\n' || (h->len > 2 && h->buf[h->len - 2] == ';');
	if (!whole || !rs_section_stray_boundary(m->section, h->buf, h->len, m->ops, m->arg))
		return false;
	anomaly(m, RS_MIME_HEADER_INVALID);
	boundary_announce(m);
	rs_fields_resume(h);
	return true;
}

/* Reads the header section as far as the line goes. */
static const uint8_t *header_run(struct rs_mime *m, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
	const uint8_t *stop = lf ? lf + 1 : end;
	m->line_start = false;
	while (p < stop) {
		enum rs_fields_event event;
		p += rs_fields_feed(&m->header, p, (size_t)(stop - p), &event);
		if (event == RS_FIELDS_BODY && p < stop && is_stray_boundary(m, *p))
			continue;
		m->left = (size_t)(end - p);
		header_event(m, event);
		if (event == RS_FIELDS_END || event == RS_FIELDS_BODY)
			return p;
		if (event == RS_FIELDS_FIELD) {
			/* Nothing of the next line was eaten: it may be the delimiter that the field announced. */
			m->line_start = true;
			return p;
		}
	}
	m->line_start = lf;
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
	if (!m->boundary.open) {
		emit(m, p, (size_t)(end - p));
		return end;
	}
	const uint8_t *q = p;
	do
		q += rs_lines_find(q, (size_t)(end - q), '-', false);
	while (q < end && !rs_boundary_maybe(&m->boundary, q, (size_t)(end - q)));
	const uint8_t *lf = m->torn ? memchr(p, '\n', (size_t)(q - p)) : NULL;
	if (lf) {
		q = lf + 1;
		m->torn--;
	}
	m->line_start = q[-1] == '\n';
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
	rs_boundary_pop(&m->boundary, depth);
}

/* Whether the part under way is of the multipart `level`, or of one inside that ended. */
static bool ends_at(const struct rs_mime *m, uint8_t level)
{
	unsigned i = m->depth;
	while (i > level + 1u && !(m->level[i - 1].flags & RS_LEVEL_MULTIPART))
		i--;
	return i == level + 1u || m->level[i - 1].flags & RS_LEVEL_CLOSED;
}

static void on_delimiter(struct rs_mime *m, uint8_t level, bool final)
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
	if (early)
		anomaly(m, RS_MIME_HEADER_INVALID);
	if (m->sealed)
		return;
	part_end(m, ends_at(m, level));
	pop_to(m, level + 1);
	if (final) {
		m->level[level].flags |= RS_LEVEL_CLOSED;
		rs_boundary_close(&m->boundary, level);
		margin_await(m, READING_EPILOGUE);
		m->line_start = true;
		block_put(m);
	} else {
		m->level[level].parts++;
		section_begin(m, m->level[level].flags & RS_LEVEL_DIGEST);
	}
}

static void feed(struct rs_mime *m, const uint8_t *p, size_t n);

/* The line under way turned out to be no delimiter: it is read as what it stands in. */
static void line_replay(struct rs_mime *m)
{
	uint8_t line[RS_BOUNDARY_LINE];
	size_t n = m->boundary.held;
	bool alike = m->boundary.alike;
	memcpy(line, m->boundary.line, n);
	rs_boundary_drop(&m->boundary);
	m->line_start = false;
	/* The line's first byte may end a field that announces a boundary: then the line is held again, to be
	 * compared with that one too. */
	const uint64_t end_at = m->end_at;
	m->end_at -= m->left;
	feed(m, line, n);
	m->end_at = end_at;
	if (alike && !rs_boundary_holds(&m->boundary))
		anomaly(m, RS_MIME_BOUNDARY_ALIKE);
}

static const uint8_t *delimiter_run(struct rs_mime *m, const uint8_t *p, const uint8_t *end)
{
	enum rs_boundary_step step;
	uint8_t level;
	p += rs_boundary_feed(&m->boundary, p, (size_t)(end - p), &step, &level);
	m->left = (size_t)(end - p);
	if (step == RS_BOUNDARY_NO)
		line_replay(m);
	else if (step != RS_BOUNDARY_MORE)
		on_delimiter(m, level, step == RS_BOUNDARY_CLOSE);
	return p;
}

void rs_mime_init(struct rs_mime *m, const struct rs_mime_ops *ops, void *arg, struct rs_pool *blocks,
		  struct rs_mime_limits limits)
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
	rs_boundary_init(&m->boundary);
	section_begin(m, false);
}

/* The line at p names what stands only in the header section of a part: its delimiter is missing. */
static bool is_header_found(const struct rs_mime *m, const uint8_t *p, const uint8_t *end)
{
	static const char name[] = "Content-";
	const size_t n = sizeof name - 1;
	return m->torn && m->line_start && m->boundary.open && m->reading != READING_HEADER && (size_t)(end - p) > n &&
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

static void feed(struct rs_mime *m, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;
	while (p < end) {
		if (is_header_found(m, p, end))
			header_found(m);
		if (rs_boundary_holds(&m->boundary) || (m->line_start && *p == '-' && m->boundary.open))
			p = delimiter_run(m, p, end);
		else if (m->reading == READING_HEADER)
			p = header_run(m, p, end);
		else
			p = body_run(m, p, end);
	}
}

void rs_mime_feed(struct rs_mime *m, const uint8_t *p, size_t n)
{
	m->total += n;
	m->end_at = m->total;
	feed(m, p, n);
	m->left = 0;
}

bool rs_mime_base64_body(const struct rs_mime *m)
{
	return m->reading == READING_LEAF && m->cte == RS_CTE_BASE64 && !rs_boundary_holds(&m->boundary);
}

void rs_mime_skip(struct rs_mime *m, const uint8_t *p, size_t n)
{
	if (n)
		m->line_start = p[n - 1] == '\n';
	m->total += n;
	m->end_at = m->total;
}

void rs_mime_gap(struct rs_mime *m, uint64_t n)
{
	if (!n)
		return;
	while (rs_boundary_holds(&m->boundary))
		line_replay(m);
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
	to->section = from->section ? rs_pool_get(blocks) : NULL;
	if (to->section) {
		*to->section = *from->section;
		to->header.buf = to->section->value;
	} else if (from->section) {
		anomaly(to, RS_MIME_BLOCK_LIMIT);
		rs_fields_init(&to->header, NULL, 0, false);
	}
}

/* The line under way has no end but the message's. */
static void line_finish(struct rs_mime *m)
{
	uint8_t level;
	enum rs_boundary_step step = rs_boundary_finish(&m->boundary, &level);
	if (step == RS_BOUNDARY_NO)
		line_replay(m);
	else
		on_delimiter(m, level, step == RS_BOUNDARY_CLOSE);
}

void rs_mime_end(struct rs_mime *m)
{
	while (rs_boundary_holds(&m->boundary) || m->reading == READING_HEADER) {
		if (rs_boundary_holds(&m->boundary))
			line_finish(m);
		else if (m->header.virgin && rs_level_is_multipart(m->level, m->depth, m->depth - 1u))
			/* A delimiter with nothing after it begins no part. */
			margin_await(m, READING_EPILOGUE);
		else
			header_event(m, rs_fields_finish(&m->header));
	}
	emit_line_end(m);
	part_end(m, m->sealed || is_enclosed(m));
	pop_to(m, 0);
	block_put(m);
}
