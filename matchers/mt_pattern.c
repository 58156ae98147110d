/* SPDX-License-Identifier: Apache-2.0 */
#include "matchers/mt_pattern.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hs.h>

#include "reassembly/rs_row.h"

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int mt_pattern_compare(const struct mt_pattern *a, const struct mt_pattern *b)
{
	int c = strcmp(a->expression, b->expression);
	if (!c)
		c = order(a->flags, b->flags);
	if (!c)
		c = order(a->min_offset, b->min_offset);
	return c ? c : order(a->max_offset, b->max_offset);
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes between two bars: pairs of digits, blanks between them. */
static enum mt_parsed hex_part(struct mt_parse *p, const char *open, struct mt_word digits, uint8_t *out, uint32_t *len)
{
	size_t i = 0, pairs = 0;
	while (i < digits.n) {
		if (isspace((unsigned char)digits.p[i])) {
			i++;
			continue;
		}
		if (hex(digits.p[i]) < 0)
			return mt_parse_fail(p, digits.p + i, "not a hexadecimal digit");
		if (i + 1 == digits.n || hex(digits.p[i + 1]) < 0)
			return mt_parse_fail(p, digits.p + i, "a byte is written with two hexadecimal digits");
		out[(*len)++] = (uint8_t)(hex(digits.p[i]) << 4 | hex(digits.p[i + 1]));
		i += 2;
		pairs++;
	}
	return pairs ? MT_PARSE_OK : mt_parse_fail(p, open, "no bytes between the bars");
}

enum mt_parsed mt_pattern_content(struct mt_parse *p, struct mt_word text, struct mt_arena *a, struct mt_item *item)
{
	uint8_t *out = mt_arena_get(a, text.n + 1);
	const char *end = text.p + text.n;

	if (!out)
		return mt_parse_fail_memory(p);
	item->bytes = out;
	for (const char *c = text.p; c < end; c++) {
		if (*c == '|') {
			const char *close = memchr(c + 1, '|', (size_t)(end - c - 1));
			if (!close)
				return mt_parse_fail(p, c, "no closing bar after this one");
			struct mt_word digits = { c + 1, (size_t)(close - c - 1) };
			if (hex_part(p, c, digits, out, &item->len) != MT_PARSE_OK)
				return MT_PARSE_BAD;
			c = close;
		} else if (*c == '\\') {
			if (c + 1 == end || !strchr("\\\";:|", c[1]))
				return mt_parse_fail(p, c, "a backslash stands only before one of \\ \" ; : |");
			out[item->len++] = (uint8_t) * ++c;
		} else if (*c == '"') {
			return mt_parse_fail(p, c,
					     "a quote inside is written \\\" or |22|; is a \";\" missing before it?");
		} else {
			out[item->len++] = (uint8_t)*c;
		}
	}
	return item->len ? MT_PARSE_OK : mt_parse_fail(p, text.p, "an empty content");
}

enum mt_parsed mt_pattern_pcre(struct mt_parse *p, struct mt_word text, struct mt_arena *a, struct mt_item *item)
{
	const char *close = text.n ? memrchr(text.p, '/', text.n) : NULL;
	bool extended = false;

	if (!text.n || *text.p != '/')
		return mt_parse_fail(p, text.p, "a pcre is written \"/expression/flags\"");
	if (close == text.p)
		return mt_parse_fail(p, text.p, "no closing \"/\"");
	for (const char *f = close + 1; f < text.p + text.n; f++) {
		switch (*f) {
		case 'i':
			item->flags |= HS_FLAG_CASELESS;
			break;
		case 's':
			item->flags |= HS_FLAG_DOTALL;
			break;
		case 'm':
			item->flags |= HS_FLAG_MULTILINE;
			break;
		case 'x':
			extended = true;
			break;
		case 'R':
			return mt_parse_fail(p, f, "pcre flag \"R\" (relative to the match before) is not supported");
		default:
			return mt_parse_fail(p, f, "pcre flag \"%c\" is not supported; i, m, s and x are", *f);
		}
	}
	if (close == text.p + 1)
		return mt_parse_fail(p, close, "an empty expression");
	item->shown = mt_arena_text(a, text.p, text.n);
	item->expression = mt_arena_format(a, "%s%.*s", extended ? "(?x)" : "", (int)(close - text.p - 1), text.p + 1);
	if (!item->shown || !item->expression)
		return mt_parse_fail_memory(p);
	return MT_PARSE_OK;
}

/* Literals share an expression with repeats, so every byte that could mean something is written as a number. */
static void put_literal(FILE *f, const struct mt_item *t)
{
	for (uint32_t i = 0; i < t->len; i++) {
		if (isalnum(t->bytes[i]) && t->bytes[i] < 0x80)
			fputc(t->bytes[i], f);
		else
			fprintf(f, "\\x%02x", t->bytes[i]);
	}
}

static void put_gap(FILE *f, uint64_t least, bool bounded, uint64_t most)
{
	if (bounded && !most)
		return;
	if (bounded && least == most)
		fprintf(f, ".{%llu}", (unsigned long long)least);
	else if (bounded)
		fprintf(f, ".{%llu,%llu}", (unsigned long long)least, (unsigned long long)most);
	else if (least)
		fprintf(f, ".{%llu,}", (unsigned long long)least);
	else
		fputs(".*", f);
}

static void put_shown(FILE *f, const struct mt_item *t)
{
	for (uint32_t i = 0; i < t->len; i++)
		if (t->bytes[i] >= ' ' && t->bytes[i] < 0x7f)
			fputc(t->bytes[i], f);
}

static bool is_relative(const struct mt_item *t)
{
	return t->given[MT_DISTANCE] || t->given[MT_WITHIN];
}

/* Where a match may begin: offset and depth say it from the buffer's start, distance and within from the end of the
 * match before, which for the first content is the buffer's start as well. */
struct range {
	uint64_t least, most;
	bool bounded;
};

static enum mt_parsed range_of(struct mt_parse *p, const struct mt_item *t, bool first, struct range *r)
{
	bool relative = is_relative(t);
	const char *near = t->given[relative ? MT_WITHIN : MT_DEPTH];
	int64_t from = relative ? t->value[MT_DISTANCE] : t->value[MT_OFFSET];
	int64_t span = relative ? t->value[MT_WITHIN] : t->value[MT_DEPTH];

	if (near && span < t->len)
		return mt_parse_fail(p, near, "the content is %u bytes long and cannot lie within %lld", t->len,
				     (long long)span);
	if (from < 0 && !first)
		return mt_parse_fail(p, t->given[MT_DISTANCE],
				     "a negative distance cannot be expressed as one regular expression");
	/* Before the buffer's start there is nothing. */
	int64_t most = near ? from + span - t->len : 0;
	if (most < 0)
		return mt_parse_fail(p, near, "the content would have to begin before the buffer");
	*r = (struct range){ .least = from > 0 ? (uint64_t)from : 0, .most = (uint64_t)most, .bounded = near != NULL };
	return MT_PARSE_OK;
}

static enum mt_parsed check_gap(struct mt_parse *p, const struct mt_item *t, const struct range *r)
{
	if (r->least <= MT_PATTERN_GAP_MAX && (!r->bounded || r->most <= MT_PATTERN_GAP_MAX))
		return MT_PARSE_OK;
	return mt_parse_fail(p, t->at, "a distance above %d inside a chain of contents is not supported",
			     MT_PATTERN_GAP_MAX);
}

/* One content alone: its place is told to Hyperscan by the offset of its end, which costs no state. */
static enum mt_parsed make_lone(struct mt_parse *p, const struct mt_item *t, FILE *f, struct mt_pattern *out)
{
	struct range r = { 0 };

	if (t->given[MT_STARTSWITH]) {
		fputc('^', f);
		out->depth = t->len;
	} else {
		if (range_of(p, t, true, &r) != MT_PARSE_OK)
			return MT_PARSE_BAD;
		if (r.least)
			out->min_offset = r.least + t->len;
		if (r.bounded) {
			out->max_offset = r.most + t->len;
			out->depth = out->max_offset;
		}
	}
	put_literal(f, t);
	if (t->given[MT_NOCASE])
		out->flags |= HS_FLAG_CASELESS;
	out->criterion.literal_len = t->len;
	return MT_PARSE_OK;
}

static enum mt_parsed make_chain(struct mt_parse *p, const struct mt_item *items, size_t n, FILE *f,
				 struct mt_pattern *out)
{
	uint64_t to = 0;
	bool bounded = true, fixed = true;

	out->flags |= HS_FLAG_DOTALL;
	for (size_t i = 0; i < n; i++) {
		const struct mt_item *t = &items[i];
		struct range r = { .bounded = true };
		if (t->negated)
			return mt_parse_fail(p, t->at, "a negated content cannot take part in distance or within");
		if (!t->given[MT_STARTSWITH] &&
		    (range_of(p, t, i == 0, &r) != MT_PARSE_OK || check_gap(p, t, &r) != MT_PARSE_OK))
			return MT_PARSE_BAD;
		bool anywhere = i == 0 && !r.bounded && !r.least;
		if (i == 0 && !anywhere)
			fputc('^', f);
		if (!anywhere)
			put_gap(f, r.least, r.bounded, r.most);
		fputs(t->given[MT_NOCASE] ? "(?i:" : "(?:", f);
		put_literal(f, t);
		fputc(')', f);
		bounded &= r.bounded;
		if (i)
			fixed &= r.bounded && r.least == r.most;
		to += r.most + t->len;
		out->criterion.literal_len += (uint32_t)(t->len + (i ? r.least : 0));
	}
	if (bounded)
		out->depth = to;
	if (!fixed)
		out->criterion.literal_len = 0; /* where it began is not known */
	return MT_PARSE_OK;
}

static size_t chain_length(const struct mt_item *items, size_t n)
{
	size_t len = 1;
	while (len < n && is_relative(&items[len]))
		len++;
	return len;
}

static const char *text_of(const struct mt_item *items, size_t n, struct mt_arena *a)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputs(" .. ", f);
		put_shown(f, &items[i]);
	}
	const char *copy = fclose(f) ? NULL : mt_arena_text(a, text, size);
	free(text);
	return copy;
}

static uint32_t row_of(const struct mt_item *items, size_t n)
{
	uint32_t longest = 0;
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0, row = 0; k < items[i].len; k++) {
			row = rs_row_is_text(items[i].bytes[k]) ? row + 1 : 0;
			longest = row > longest ? row : longest;
		}
	return longest;
}

int mt_pattern_make(struct mt_parse *p, const struct mt_item *items, size_t n, struct mt_arena *a,
		    struct mt_pattern *out)
{
	size_t len = chain_length(items, n);

	/* What is looked for is whether it is there and where first; SINGLEMATCH spares the rest. */
	*out = (struct mt_pattern){ .depth = UINT64_MAX, .flags = HS_FLAG_SINGLEMATCH };
	if (items->expression) {
		if (len > 1) {
			mt_parse_fail(p, items[1].at, "a content relative to a pcre is not supported");
			return 0;
		}
		out->expression = items->expression;
		out->flags |= items->flags;
		out->criterion.text = items->shown;
		return 1;
	}

	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	if (!f)
		return -ENOMEM;
	enum mt_parsed r = len == 1 ? make_lone(p, items, f, out) : make_chain(p, items, len, f, out);
	bool written = fclose(f) == 0;
	out->expression = written ? mt_arena_text(a, text, size) : NULL;
	free(text);
	if (r != MT_PARSE_OK)
		return 0;
	out->row = row_of(items, len);
	out->criterion.text = text_of(items, len, a);
	return out->expression && out->criterion.text ? (int)len : -ENOMEM;
}
