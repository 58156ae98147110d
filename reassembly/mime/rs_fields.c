/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/mime/rs_fields.h"

#include <string.h>
#include <strings.h>
#include "reassembly/mime/rs_mime.h"

enum state {
	LINE_START,
	LINE_START_CR, /* a CR: the empty line, if LF follows */
	NAME,
	NAME_SPACE, /* white space between name and colon */
	VALUE_START, /* outer white space before the value */
	VALUE,
	PASS, /* the rest of the line does not count */
};

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* RFC 5322 2.2: printable US-ASCII except colon. */
static bool is_name(uint8_t c)
{
	return c > ' ' && c < 127 && c != ':';
}

void rs_fields_init(struct rs_fields *h, uint8_t *buf, size_t cap, bool envelope)
{
	*h = (struct rs_fields){ .buf = buf,
				 .cap = (uint16_t)cap,
				 .state = LINE_START,
				 .envelope = envelope,
				 .first = true,
				 .virgin = true };
}

static uint8_t recognize(const struct rs_fields *h)
{
	static const struct {
		const char *name;
		uint8_t size, field;
	} known[] = {
#define KNOWN(name, field) { name, sizeof name - 1, field }
		KNOWN("content-type", RS_FIELD_CONTENT_TYPE),
		KNOWN("content-transfer-encoding", RS_FIELD_CONTENT_TRANSFER_ENCODING),
		KNOWN("content-disposition", RS_FIELD_CONTENT_DISPOSITION),
		KNOWN("from", RS_FIELD_ENVELOPE + RS_HDR_FROM),
		KNOWN("to", RS_FIELD_ENVELOPE + RS_HDR_TO),
		KNOWN("cc", RS_FIELD_ENVELOPE + RS_HDR_CC),
		KNOWN("subject", RS_FIELD_ENVELOPE + RS_HDR_SUBJECT),
		KNOWN("date", RS_FIELD_ENVELOPE + RS_HDR_DATE),
		KNOWN("message-id", RS_FIELD_ENVELOPE + RS_HDR_MESSAGE_ID),
		KNOWN("x-mailer", RS_FIELD_ENVELOPE + RS_HDR_X_MAILER),
		KNOWN("received", RS_FIELD_ENVELOPE + RS_HDR_RECEIVED),
#undef KNOWN
	};
	size_t n = h->len;
	while (n && is_space(h->buf[n - 1]))
		n--;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].size == n && !strncasecmp((const char *)h->buf, known[i].name, n))
			return known[i].field < RS_FIELD_ENVELOPE || h->envelope ? known[i].field : RS_FIELD_NONE;
	return RS_FIELD_NONE;
}

static bool is_envelope(const struct rs_fields *h)
{
	return h->field >= RS_FIELD_ENVELOPE;
}

/* Takes outer white space off the value's end. */
static void trim(struct rs_fields *h)
{
	while (h->len && (is_space(h->buf[h->len - 1]) || h->buf[h->len - 1] == '\r'))
		h->len--;
}

/* The buffer is full: hands out all but the white space at its end, which may be the value's end. */
static enum rs_fields_event hand_out(struct rs_fields *h)
{
	uint16_t full = h->len;
	trim(h);
	/* White space alone fills it: it is handed out, but for a byte that may be a line end's CR. */
	h->piece = h->len ? h->len : full - 1;
	h->len = full;
	return RS_FIELDS_PIECE;
}

/* Forgets what the last event handed out. */
static void forget(struct rs_fields *h)
{
	if (h->ended) {
		h->field = RS_FIELD_NONE;
		h->len = 0;
		h->ended = false;
	}
	if (!h->piece)
		return;
	h->len -= h->piece;
	memmove(h->buf, h->buf + h->piece, h->len);
	h->piece = 0;
	h->begun = true;
}

static void line_ended(struct rs_fields *h)
{
	h->state = LINE_START;
	h->first = false;
}

static void field_begin(struct rs_fields *h, uint8_t field)
{
	h->field = field;
	h->state = field ? VALUE_START : PASS;
	h->len = 0;
	h->cut = false;
	h->begun = false;
}

static enum rs_fields_event field_end(struct rs_fields *h)
{
	trim(h);
	h->ended = true;
	return RS_FIELDS_FIELD;
}

/* Adds value bytes up to the line's end. */
static size_t read_value(struct rs_fields *h, const uint8_t *p, size_t n, enum rs_fields_event *event)
{
	const uint8_t *lf = memchr(p, '\n', n);
	size_t span = lf ? (size_t)(lf - p) : n, room = h->cap - h->len, take = span < room ? span : room;
	memcpy(h->buf + h->len, p, take);
	h->len += (uint16_t)take;
	if (take < span) {
		if (is_envelope(h)) {
			*event = hand_out(h);
			return take;
		}
		if (!h->cut) {
			*event = RS_FIELDS_FULL;
			return take;
		}
	}
	if (!lf)
		return span;
	if (!h->cut && h->len && h->buf[h->len - 1] == '\r')
		h->len--;
	line_ended(h);
	return span + 1;
}

/* The first byte of a line. Returns whether it was eaten. */
static bool read_line_start(struct rs_fields *h, uint8_t c, enum rs_fields_event *event)
{
	if (is_space(c)) {
		if (h->first) {
			*event = RS_FIELDS_INVALID;
			h->buf[0] = c;
			h->len = 1;
			h->state = PASS;
		} else if (!h->field) {
			h->state = PASS;
		} else {
			h->state = h->len || h->begun ? VALUE : VALUE_START;
			/* Folding removes the line end only (RFC 5322 2.2.3): the space is read as value. */
			return false;
		}
		return true;
	}
	if (h->field) {
		*event = field_end(h);
		return false;
	}
	h->len = 0;
	if (c == '\n') {
		*event = RS_FIELDS_END;
		return true;
	}
	if (c == ':') {
		*event = RS_FIELDS_INVALID;
		h->buf[h->len++] = c;
		h->state = PASS;
		return true;
	}
	if (c == '\r')
		h->state = LINE_START_CR;
	else if (is_name(c))
		h->state = NAME;
	else {
		*event = RS_FIELDS_BODY;
		return false;
	}
	h->buf[h->len++] = c;
	return true;
}

/* A byte in the name or in the white space after it. Returns whether it was eaten. */
static bool read_name(struct rs_fields *h, uint8_t c, enum rs_fields_event *event)
{
	bool room = h->len < h->cap;
	if (!c && h->passes_nul)
		return true;
	if (c == ':') {
		field_begin(h, recognize(h));
	} else if (room && (is_space(c) || (h->state == NAME && is_name(c)))) {
		h->buf[h->len++] = c;
		if (is_space(c))
			h->state = NAME_SPACE;
	} else if (h->first && h->state == NAME_SPACE && h->len > 4 && !memcmp(h->buf, "From ", 5)) {
		h->len = 0;
		h->state = PASS;
		return false;
	} else {
		h->nul = !c;
		*event = RS_FIELDS_BODY;
		return false;
	}
	return true;
}

/* The bytes at p that only make the name longer; read_name judges the one behind them. */
static size_t read_name_run(struct rs_fields *h, const uint8_t *p, size_t n)
{
	size_t room = h->cap - h->len, i = 0;
	if (n > room)
		n = room;
	for (; i < n && is_name(p[i]); i++)
		h->buf[h->len + i] = p[i];
	h->len += (uint16_t)i;
	return i;
}

/* Without a buffer: the empty line is all that is looked for. */
static size_t feed_unread(struct rs_fields *h, const uint8_t *p, size_t n, enum rs_fields_event *event)
{
	size_t i = 0;
	while (i < n) {
		if (h->state == PASS) {
			const uint8_t *lf = memchr(p + i, '\n', n - i);
			if (!lf)
				return n;
			i = (size_t)(lf - p) + 1;
			h->state = LINE_START;
			continue;
		}
		uint8_t c = p[i++];
		if (c == '\n') {
			*event = RS_FIELDS_END;
			return i;
		}
		h->state = h->state == LINE_START && c == '\r' ? LINE_START_CR : PASS;
	}
	return n;
}

size_t rs_fields_feed(struct rs_fields *h, const uint8_t *p, size_t n, enum rs_fields_event *event)
{
	*event = RS_FIELDS_MORE;
	if (n)
		h->virgin = false;
	if (!h->buf)
		return feed_unread(h, p, n, event);
	forget(h);
	size_t i = 0;
	while (i < n && *event == RS_FIELDS_MORE) {
		switch ((enum state)h->state) {
		case LINE_START:
			i += read_line_start(h, p[i], event);
			break;
		case LINE_START_CR:
			*event = p[i] == '\n' ? RS_FIELDS_END : RS_FIELDS_BODY;
			i += *event == RS_FIELDS_END;
			break;
		case NAME:
			i += read_name_run(h, p + i, n - i);
			if (i == n)
				break;
			/* fall through */
		case NAME_SPACE:
			i += read_name(h, p[i], event);
			break;
		case VALUE_START:
			if (p[i] == '\n')
				line_ended(h);
			else if (!is_space(p[i]) && p[i] != '\r') {
				h->state = VALUE;
				break;
			}
			i++;
			break;
		case VALUE:
			i += read_value(h, p + i, n - i, event);
			break;
		case PASS: {
			const uint8_t *lf = memchr(p + i, '\n', n - i);
			i = lf ? (size_t)(lf - p) + 1 : n;
			if (lf)
				line_ended(h);
			break;
		}
		}
	}
	return i;
}

bool rs_fields_same(const struct rs_fields *a, const struct rs_fields *b)
{
	return !a->buf == !b->buf && a->state == b->state && a->field == b->field && a->envelope == b->envelope && a->first == b->first &&
	       a->cut == b->cut && a->begun == b->begun && a->ended == b->ended && a->virgin == b->virgin &&
	       a->passes_nul == b->passes_nul && a->len == b->len &&
	       a->piece == b->piece && (!a->buf || !memcmp(a->buf, b->buf, a->len));
}

void rs_fields_resume(struct rs_fields *h)
{
	if (h->nul) {
		h->nul = false;
		h->passes_nul = true;
		return;
	}
	h->len = 0;
	h->state = PASS;
}

enum rs_fields_event rs_fields_finish(struct rs_fields *h)
{
	if (!h->buf)
		return RS_FIELDS_END;
	forget(h);
	if (h->field)
		return field_end(h);
	return (h->state == NAME || h->state == NAME_SPACE) && h->len ? RS_FIELDS_BODY : RS_FIELDS_END;
}

bool rs_fields_gap(struct rs_fields *h)
{
	forget(h);
	bool begun = h->field && h->begun;
	h->field = RS_FIELD_NONE;
	h->len = 0;
	h->state = PASS;
	h->virgin = false;
	return begun;
}
