/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/mime/rs_extended.h"

#include <string.h>

struct writer {
	uint8_t *out;
	size_t n, cap;
	size_t ring; /* the last so many of cap hold the last bytes that came; 0: what does not fit is left out */
	size_t over; /* bytes that came when it was full */
	bool cut;
};

void rs_extended_init(struct rs_extended *e)
{
	e->whole[0].p = e->whole[1].p = e->word.p = e->said.p = NULL;
	e->present = e->escaped = 0;
	e->duplicate = e->cut = false;
}

void rs_extended_add(struct rs_extended *e, const struct rs_param *param)
{
	struct rs_extended_piece piece = { .p = param->value, .n = param->value_len };
	if (param->section == RS_PARAM_WHOLE) {
		struct rs_extended_piece *whole = &e->whole[param->extended];
		e->last_whole[param->extended] = piece;
		if (whole->p) {
			e->duplicate = true;
			return;
		}
		*whole = piece;
		if (!param->extended && param->word_len < param->value_len)
			e->word = (struct rs_extended_piece){ .p = param->value, .n = param->word_len };
		if (!param->extended && param->said_len < param->value_len)
			e->said = (struct rs_extended_piece){ .p = param->value, .n = param->said_len };
		return;
	}
	if (param->section >= RS_EXTENDED_SECTIONS) {
		e->cut = true;
		return;
	}
	uint64_t bit = UINT64_C(1) << param->section;
	e->last_section[param->section] = piece;
	if (e->present & bit) {
		e->duplicate = true;
		return;
	}
	e->present |= bit;
	if (param->extended)
		e->escaped |= bit;
	e->section[param->section] = piece;
}

bool rs_extended_present(const struct rs_extended *e)
{
	return e->whole[0].p || e->whole[1].p || e->present;
}

bool rs_extended_escaped(const struct rs_extended *e)
{
	return e->whole[1].p || e->escaped;
}

bool rs_extended_form_escaped(const struct rs_extended *e, enum rs_extended_form form)
{
	if (form == RS_EXTENDED_FIRST_JOINED || form == RS_EXTENDED_LAST_JOINED || form == RS_EXTENDED_BEGUN)
		return e->escaped;
	return form == RS_EXTENDED_FIRST_ESCAPED || form == RS_EXTENDED_LAST_ESCAPED;
}

static void put(struct writer *w, uint8_t c)
{
	if (w->n < w->cap) {
		w->out[w->n++] = c;
		return;
	}
	w->cut = true;
	if (w->ring)
		w->out[w->cap - w->ring + w->over++ % w->ring] = c;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where the first whole encoded word of these begins; n: nowhere. */
static size_t first_word(const uint8_t *p, size_t n)
{
	for (size_t i = 1; i + 1 < n; i++)
		if (p[i] == '=' && p[i + 1] == '?' && blank(p[i - 1]))
			return i;
	return n;
}

/* Behind the last encoded word that is whole, and the blank that ends it; n: there is none. */
static size_t behind_words(const uint8_t *p, size_t n)
{
	for (size_t i = n; i >= 3; i--)
		if (p[i - 3] == '?' && p[i - 2] == '=' && blank(p[i - 1]))
			return i;
	return n;
}

/* The ring in its order, behind what came first: of encoded words, whole ones. */
static void join_ends(struct writer *w)
{
	uint8_t end[RS_EXTENDED_TAIL];
	if (!w->over)
		return;
	const size_t head = w->cap - w->ring, at = w->over % w->ring;
	memcpy(end, w->out + head + at, w->ring - at);
	memcpy(end + w->ring - at, w->out + head, at);
	const size_t word = first_word(end, w->ring), from = word < w->ring ? word : 0;
	w->n = from ? behind_words(w->out, head) : head;
	memcpy(w->out + w->n, end + from, w->ring - from);
	w->n += w->ring - from;
}

static void put_plain(struct writer *w, struct rs_extended_piece piece)
{
	for (size_t i = 0; i < piece.n; i++)
		put(w, piece.p[i]);
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void put_escaped(struct writer *w, struct rs_extended_piece piece)
{
	for (size_t i = 0; i < piece.n; i++) {
		int high = piece.p[i] == '%' && i + 2 < piece.n ? hex(piece.p[i + 1]) : -1;
		int low = high < 0 ? -1 : hex(piece.p[i + 2]);
		if (low >= 0) {
			put(w, (uint8_t)(high << 4 | low));
			i += 2;
		} else {
			put(w, piece.p[i]);
		}
	}
}

/* Takes charset'language' off the front (RFC 2231 4), where it is. */
static struct rs_extended_piece take_charset(struct rs_extended_piece piece, char *charset, size_t cap)
{
	const uint8_t *first = memchr(piece.p, '\'', piece.n);
	if (!first)
		return piece;
	const uint8_t *end = piece.p + piece.n, *second = memchr(first + 1, '\'', (size_t)(end - first - 1));
	if (!second)
		return piece;
	size_t n = 0;
	for (const uint8_t *p = piece.p; p < first && n + 1 < cap; p++)
		if (*p > ' ' && *p < 127)
			charset[n++] = (char)*p;
	charset[n] = 0;
	return (struct rs_extended_piece){ .p = second + 1, .n = (size_t)(end - second - 1) };
}

/* Sections that are there without the one before them. */
static bool has_hole(const struct rs_extended *e)
{
	return e->present & (e->present + 1);
}

bool rs_extended_many(const struct rs_extended *e)
{
	return e->duplicate || e->word.p || has_hole(e) || (e->whole[0].p != NULL) + (e->whole[1].p != NULL) + (e->present != 0) > 1;
}

enum rs_extended_form rs_extended_form(const struct rs_extended *e)
{
	return e->whole[1].p ? RS_EXTENDED_FIRST_ESCAPED : e->present ? RS_EXTENDED_FIRST_JOINED : RS_EXTENDED_FIRST_PLAIN;
}

static void put_joined(struct writer *w, const struct rs_extended *e, const struct rs_extended_piece *section, uint64_t present,
		       char *charset, size_t charset_cap)
{
	for (uint64_t left = present; left; left &= left - 1) {
		int i = __builtin_ctzll(left);
		if (!(e->escaped & UINT64_C(1) << i))
			put_plain(w, section[i]);
		else if (i == 0)
			put_escaped(w, take_charset(section[i], charset, charset_cap));
		else
			put_escaped(w, section[i]);
	}
	w->cut |= e->cut;
}

static void put_form(struct writer *w, const struct rs_extended *e, enum rs_extended_form form, char *charset, size_t charset_cap)
{
	const bool last = form & 1;
	const struct rs_extended_piece *whole = last ? e->last_whole : e->whole;
	charset[0] = 0;
	switch (form) {
	case RS_EXTENDED_FIRST_ESCAPED:
	case RS_EXTENDED_LAST_ESCAPED:
		if (e->whole[1].p)
			put_escaped(w, take_charset(whole[1], charset, charset_cap));
		break;
	case RS_EXTENDED_FIRST_JOINED:
	case RS_EXTENDED_LAST_JOINED:
		put_joined(w, e, last ? e->last_section : e->section, e->present, charset, charset_cap);
		break;
	case RS_EXTENDED_WORD:
		if (e->word.p)
			put_plain(w, e->word);
		break;
	case RS_EXTENDED_SAID:
		if (e->said.p)
			put_plain(w, e->said);
		break;
	case RS_EXTENDED_BEGUN:
		put_joined(w, e, e->section, (~e->present & (e->present + 1)) - 1, charset, charset_cap);
		break;
	default:
		if (e->whole[0].p)
			put_plain(w, whole[0]);
	}
}

size_t rs_extended_read(const struct rs_extended *e, uint8_t *out, size_t cap, char *charset, size_t charset_cap,
			bool *cut)
{
	struct writer w = { .out = out, .cap = cap };
	put_form(&w, e, rs_extended_form(e), charset, charset_cap);
	*cut = w.cut;
	return w.n;
}

size_t rs_extended_name(const struct rs_extended *e, uint8_t *out, size_t cap, char *charset, size_t charset_cap, bool *cut)
{
	const enum rs_extended_form form = rs_extended_form(e);
	const bool said = form == RS_EXTENDED_FIRST_PLAIN && e->said.p;
	return rs_extended_name_as(e, said ? RS_EXTENDED_SAID : form, out, cap, charset, charset_cap, cut);
}

size_t rs_extended_name_as(const struct rs_extended *e, enum rs_extended_form form, uint8_t *out, size_t cap, char *charset,
			   size_t charset_cap, bool *cut)
{
	struct writer w = { .out = out, .cap = cap, .ring = RS_EXTENDED_TAIL };
	put_form(&w, e, form, charset, charset_cap);
	join_ends(&w);
	*cut = w.cut;
	return w.n;
}

size_t rs_extended_ends(const uint8_t *name, size_t n, uint8_t *out, size_t cap)
{
	struct writer w = { .out = out, .cap = cap, .ring = RS_EXTENDED_TAIL };
	put_plain(&w, (struct rs_extended_piece){ .p = name, .n = n });
	join_ends(&w);
	return w.n;
}

bool rs_extended_read_as(const struct rs_extended *e, enum rs_extended_form form, uint8_t *out, size_t cap, size_t *n)
{
	struct writer w = { .out = out, .cap = cap };
	char charset[2];
	const bool there = form <= RS_EXTENDED_LAST_PLAIN	? e->whole[0].p != NULL
			   : form <= RS_EXTENDED_LAST_ESCAPED	? e->whole[1].p != NULL
			   : form == RS_EXTENDED_WORD		? e->word.p != NULL
			   : form == RS_EXTENDED_SAID		? e->said.p != NULL
			   : form == RS_EXTENDED_BEGUN		? has_hole(e) && e->present & 1
								: e->present != 0;
	if (there)
		put_form(&w, e, form, charset, sizeof charset);
	*n = w.n;
	return there;
}
