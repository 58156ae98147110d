/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_columns.h"

#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "control/ct_text.h"
#include "control/ct_utf8.h"

#define WIDTH_MIN 40

/* wcwidth knows wide characters only in a UTF-8 locale, whatever the person's own is. */
static locale_t utf8_locale;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_locale(void)
{
	utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static unsigned rune_width(uint32_t rune)
{
	if (rune >= 0x20 && rune < 0x7f)
		return 1;
	pthread_once(&once, open_locale);
	locale_t before = utf8_locale ? uselocale(utf8_locale) : (locale_t)0;
	int w = wcwidth((wchar_t)rune);
	if (utf8_locale)
		uselocale(before);
	return w < 0 ? 1 : (unsigned)w;
}

static size_t next(const char *p, size_t n, unsigned *width)
{
	uint32_t rune;
	size_t k = ct_utf8_next((const uint8_t *)p, n, &rune);
	*width = rune >= CT_RUNE_CUT ? 1 : rune_width(rune);
	return k;
}

static unsigned width_of(const char *p, size_t n)
{
	unsigned all = 0, w;
	for (size_t i = 0; i < n; all += w)
		i += next(p + i, n - i, &w);
	return all;
}

unsigned ct_columns_width(const char *text)
{
	return width_of(text, strlen(text));
}

static const char *const escapes[] = {
	[CT_PLAIN] = "",         [CT_DIM] = "\033[2m", [CT_RED] = "\033[1;31m", [CT_YELLOW] = "\033[1;33m",
	[CT_GREEN] = "\033[32m",
};

static void put(struct ct_columns *c, const char *p, size_t n, enum ct_colour colour)
{
	bool coloured = c->style.colour && colour != CT_PLAIN;
	if (coloured)
		fputs(escapes[colour], c->to);
	fwrite(p, 1, n, c->to);
	if (coloured)
		fputs("\033[0m", c->to);
}

void ct_columns_begin(struct ct_columns *c, FILE *to, struct ct_style style, unsigned margin, unsigned indent,
		      const char *label, enum ct_colour colour)
{
	if (style.width < WIDTH_MIN)
		style.width = WIDTH_MIN;
	*c = (struct ct_columns){ .to = to, .style = style, .indent = indent };
	fprintf(to, "%*s", (int)margin, "");
	put(c, label, strlen(label), colour);
	c->column = margin + width_of(label, strlen(label));
	do {
		fputc(' ', to);
	} while (++c->column < indent);
}

void ct_columns_space(struct ct_columns *c)
{
	if (c->gap)
		c->gap++;
}

void ct_columns_break(struct ct_columns *c)
{
	fprintf(c->to, "\n%*s", (int)c->indent, "");
	c->column = c->indent;
	c->gap = 0;
}

/* Breaks before a word when it does not fit here, and inside it only when it would not fit on a line of its own. */
static void put_word(struct ct_columns *c, const char *p, size_t n, enum ct_colour colour)
{
	unsigned width = width_of(p, n), room = c->style.width;
	if (c->column > c->indent && c->column + c->gap + width > room)
		ct_columns_break(c);
	for (; c->gap; c->gap--, c->column++)
		fputc(' ', c->to);
	while (c->column + width > room) {
		size_t i = 0;
		unsigned w = 0, all = 0;
		while (i < n) {
			size_t k = next(p + i, n - i, &w);
			if (c->column + all + w > room)
				break;
			all += w;
			i += k;
		}
		put(c, p, i, colour);
		p += i;
		n -= i;
		width -= all;
		ct_columns_break(c);
	}
	put(c, p, n, colour);
	c->column += width;
	c->gap = 1;
}

void ct_columns_words(struct ct_columns *c, const char *text, enum ct_colour colour)
{
	char *s = ct_text_plain((const uint8_t *)text, strlen(text));
	if (!s)
		return;
	for (char *p = s; *(p += strspn(p, " "));) {
		size_t n = strcspn(p, " ");
		put_word(c, p, n, colour);
		p += n;
	}
	free(s);
}

void ct_columns_unit(struct ct_columns *c, const char *text, enum ct_colour colour)
{
	char *s = ct_text_plain((const uint8_t *)text, strlen(text));
	if (!s)
		return;
	if (width_of(s, strlen(s)) <= c->style.width - c->indent)
		put_word(c, s, strlen(s), colour);
	else
		ct_columns_words(c, s, colour);
	free(s);
}

void ct_columns_end(struct ct_columns *c)
{
	fputc('\n', c->to);
}
