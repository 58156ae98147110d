/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/decode/rs_text_gap.h"

#include <string.h>

#include "reassembly/decode/rs_spot.h"
#include "reassembly/decode/rs_text_internal.h"

enum { BETWEEN_MAX = 64, OTHER_MAX = 16, SLASHES = 4, LONGEST = 12 }; /* LONGEST: of an escape, as most are written */

static const struct rs_text_gap more = { RS_TEXT_GAP_MORE, 0, 0 }, none = { RS_TEXT_GAP_NONE, 0, 0 };

static struct rs_text_gap character(unsigned value, size_t len)
{
	return (struct rs_text_gap){ RS_TEXT_GAP_CHAR, (uint8_t)value, len };
}

static int digit_of(uint8_t b, unsigned base)
{
	const uint8_t lower = b | 0x20;
	if (b >= '0' && b <= '9')
		return (unsigned)(b - '0') < base ? b - '0' : -1;
	return base == 16 && lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* A number at p[i], of `least` to `most` digits, and what ends it: a byte of its own (0: none; it need not be there where `loose`). */
static struct rs_text_gap number(const uint8_t *p, size_t i, size_t n, unsigned base, unsigned least, unsigned most, uint8_t end,
				 bool loose)
{
	unsigned value = 0, k = 0;
	for (; k < most && i < n && digit_of(p[i], base) >= 0; i++, k++)
		value = value > 0xffff ? value : value * base + (unsigned)digit_of(p[i], base);
	if (i == n && (k < most || end))
		return more;
	if (k < least || value > 0xff)
		return none;
	if (end && p[i] == end)
		return character(value, i + 1);
	return !end || (loose && digit_of(p[i], base) < 0) ? character(value, i) : none;
}

/* In a script's string. */
static struct rs_text_gap of_script(const uint8_t *p, size_t n)
{
	size_t i = 1;
	while (i < n && i < SLASHES && p[i] == '\\')
		i++;
	if (i == n)
		return more;
	const uint8_t b = p[i];
	if (rs_text_is_end(b) || b == 'n' || b == 'r' || b == 't')
		return character('\n', i + 1);
	if (b == 'x')
		return number(p, i + 1, n, 16, 2, 2, 0, false);
	if (b == 'u' && i + 1 == n)
		return more;
	if (b == 'u')
		return p[i + 1] == '{' ? number(p, i + 2, n, 16, 1, 8, '}', false) : number(p, i + 1, n, 16, 4, 4, 0, false);
	if (digit_of(b, 8) >= 0)
		return number(p, i, n, 8, 2, 3, 0, false);
	if (b == 'b' || b == 'f' || b == 'v')
		return none;
	return rs_spot_is_char(b) || b == '=' ? character(b, i + 1) : none;
}

/* In HTML. */
static struct rs_text_gap of_html(const uint8_t *p, size_t n)
{
	static const struct {
		char name[12];
		uint8_t value;
	} names[] = { { "&sol;", '/' },	   { "&plus;", '+' },	{ "&equals;", '=' },   { "&NewLine;", '\n' },
		      { "&Tab;", '\n' }, { "&lowbar;", '_' }, { "&UnderBar;", '_' } };
	if (n == 1 || (p[1] == '#' && n == 2))
		return more;
	if (p[1] == '#')
		return (p[2] | 0x20) == 'x' ? number(p, 3, n, 16, 1, 16, ';', true) : number(p, 2, n, 10, 1, 16, ';', true);
	for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
		const size_t len = strlen(names[k].name);
		if (memcmp(p, names[k].name, len < n ? len : n) == 0)
			return len <= n ? character(names[k].value, len) : more;
	}
	return none;
}

struct rs_text_gap rs_text_escape(const uint8_t *p, size_t n, bool url)
{
	if (*p == '\\')
		return of_script(p, n);
	if (*p == '&')
		return of_html(p, n);
	return url && *p == '%' ? number(p, 1, n, 16, 2, 2, 0, false) : none;
}

/* p[from] begins an escape of a character of a run, in which p[in] is. */
static bool is_escape(const uint8_t *p, size_t from, size_t in, size_t n)
{
	const struct rs_text_gap g = rs_text_escape(p + from, n - from, false);
	return g.is == RS_TEXT_GAP_CHAR && from + g.len > in && (rs_spot_is_char(g.value) || rs_text_is_end(g.value));
}

size_t rs_text_gap_back(const uint8_t *p, size_t n, size_t at)
{
	size_t from = at, i = at;
	while (i > 0) {
		size_t begin = i;
		if (rs_spot_run(p + i - 1, 1)) {
			i--;
			continue;
		}
		/* What ends it, or a byte in it that is of no run, is next to it: "\", "&#", "}", ";". */
		while (begin > 0 && i - begin < LONGEST && p[begin - 1] != '\\' && p[begin - 1] != '&')
			begin--;
		if (begin == 0 || i - begin == LONGEST)
			break;
		begin--;
		while (begin > 0 && p[begin] == '\\' && p[begin - 1] == '\\')
			begin--;
		if (!is_escape(p, begin, i - 1, n))
			break;
		from = i = begin;
	}
	return from == at ? at : i;
}

/* How many bytes of a run's piece, escapes and all, p begins with, up to RS_SPOT_RUN_MIN. html: those of HTML, too. */
static size_t piece(const uint8_t *p, size_t n, bool html)
{
	size_t i = 0;
	while (i < n && i < RS_SPOT_RUN_MIN &&
	       (rs_spot_is_char(p[i]) || p[i] == '\\' || (html && i && (p[i] == '&' || p[i] == ';' || p[i] == '#'))))
		i++;
	return i;
}

/* The same as before. */
static struct rs_text_gap again(const struct rs_text_gap_of *of, const uint8_t *p, size_t n)
{
	const size_t k = of->nbefore;
	if (!k || memcmp(p, of->before, n < k ? n : k) != 0)
		return none;
	if (n <= k)
		return more;
	return rs_spot_is_char(p[k]) || p[k] == '\\' || p[k] == '&' ? (struct rs_text_gap){ RS_TEXT_GAP_JOINT, 0, k } : none;
}

static bool is_between(uint8_t b)
{
	return rs_text_is_blank(b) || b == '+' || b == '&' || b == ',' || b == '.' || b == '_' || b == '\\';
}

/* Quotes of one kind, and operators. */
static struct rs_text_gap of_quotes(const uint8_t *p, size_t n)
{
	size_t i = 1;
	if (!rs_text_is_quote(*p))
		return none;
	while (i < n && i < BETWEEN_MAX && is_between(p[i]))
		i++;
	if (i == n)
		return more;
	return p[i] == *p ? (struct rs_text_gap){ RS_TEXT_GAP_QUOTES, 0, i + 1 } : none;
}

/* At the beginning of a line. */
static struct rs_text_gap of_line(const struct rs_text_gap_of *of, const uint8_t *p, size_t n)
{
	size_t i = 0;
	if (!rs_text_is_end(of->last))
		return none;
	while (i < n && i < BETWEEN_MAX && (p[i] == ' ' || p[i] == '\t' || p[i] == '>'))
		i++;
	if (i == n)
		return more;
	return i && rs_spot_is_char(p[i]) ? (struct rs_text_gap){ RS_TEXT_GAP_LINE, 0, i } : none;
}

/* Whether a piece may begin at p[i], behind a joint of a script or of tags. */
static bool opens(const uint8_t *p, size_t i)
{
	return rs_text_is_quote(p[i - 1]) || p[i - 1] == '>' || (rs_text_is_blank(p[i - 1]) && i > 1 && p[i - 2] == '>');
}

static bool is_blanks(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n && rs_text_is_blank(p[i]))
		i++;
	return i == n;
}

/* Words that a script puts strings together with, tags between two texts, any mark that separates. */
static struct rs_text_gap of_words(const struct rs_text_gap_of *of, const uint8_t *p, size_t n)
{
	const bool script = rs_text_is_quote(*p) || (*p == '\\' && n > 1 && rs_text_is_quote(p[1])), marked = script || *p == '<';
	const size_t most = marked ? RS_TEXT_JOINT_MAX : OTHER_MAX;
	if (n == 1 && *p == '\\')
		return more;
	for (size_t i = 0, len = 0; i <= most; i += len ? len : 1) {
		if (i == n)
			return more;
		/* Of an attribute's end a text follows, mostly. */
		if (i > 0 && p[i - 1] == '>' && script && !rs_text_is_blank(p[i]) && p[i] != '<' && p[i] != '(' && !rs_text_is_quote(p[i]))
			return none;
		len = piece(p + i, n - i, marked);
		if (len == RS_SPOT_RUN_MIN)
			return i && (marked ? opens(p, i) : of->blanks || !is_blanks(p, i)) ? (struct rs_text_gap){ RS_TEXT_GAP_JOINT, 0, i } : none;
		if (i + len == n)
			return more;
		if (!len && ((p[i] < ' ' && !rs_text_is_blank(p[i])) || p[i] > '~' ||
			     (of->url && (p[i] == '<' || p[i] == '>'))))
			return none;
	}
	return none;
}

struct rs_text_gap rs_text_gap_at(const struct rs_text_gap_of *of, const uint8_t *p, size_t n)
{
	struct rs_text_gap g = rs_text_escape(p, n, of->url);
	if (g.is == RS_TEXT_GAP_NONE)
		g = again(of, p, n);
	if (g.is == RS_TEXT_GAP_NONE)
		g = of_quotes(p, n);
	if (g.is == RS_TEXT_GAP_NONE)
		g = of_line(of, p, n);
	if (g.is == RS_TEXT_GAP_NONE && of->any)
		g = of_words(of, p, n);
	return g;
}
