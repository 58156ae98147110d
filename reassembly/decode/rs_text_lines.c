/* SPDX-License-Identifier: Apache-2.0 */
/* uuencode (POSIX.1-2017 uuencode), and its base64; yEnc (yenc-draft.1.3).
 *
 * In what writers do wrong this follows most readers, Python's among them: characters that are missing at a line's end are spaces which
 * got lost on the way, those that are too many are passed over. A line that is none of it ends nothing; two in a row do, for the "end"
 * may be missing. */
#include "reassembly/decode/rs_text_internal.h"

#include <stdlib.h>

#include "reassembly/archive/rs_crc32.h"

enum state { MODE, NAME, FIRST, DATA, HEADER, CONTROL };

enum { WRONG_MAX = 2, LINE_MAX_UU = 1 + 84 + 2 };

static bool is_end(uint8_t b)
{
	return b == '\n' || b == '\r';
}

static void ended(struct rs_text *t, uint32_t flags)
{
	rs_text_member_end(t, flags);
	t->act = RS_TEXT_DONE;
}

static void none(struct rs_text *t)
{
	t->act = RS_TEXT_NONE;
}

/* "644 NAME" up to the line's end. */
static void begin_byte(struct rs_text *t, uint8_t b)
{
	struct rs_text_lines *l = &t->m.lines;
	if (l->state == MODE) {
		const bool digit = b >= '0' && b <= '7';
		if (!(digit && t->nline < 4) && !(b == ' ' && (t->nline == 0 || t->nline >= 3)))
			none(t);
		else if (digit)
			t->nline++;
		else if (t->nline)
			l->state = NAME;
		return;
	}
	if (!is_end(b)) {
		if (t->name_len < sizeof t->name)
			t->name[t->name_len++] = b;
		return;
	}
	while (t->name_len && t->name[t->name_len - 1] == ' ')
		t->name_len--;
	t->nline = 0;
	l->state = FIRST;
}

/* Of a line that says it holds `count` bytes: whether it looks so. strict: it is to prove that this is uuencoded data. */
static bool uu_fits(const uint8_t *line, size_t n, bool strict)
{
	const size_t count = (size_t)(line[0] - 0x20) & 63, least = (count * 4 + 2) / 3, most = (count + 2) / 3 * 4 + 2;
	if (n - 1 > most || (strict && (count == 0 || (n - 1) * 2 < least)))
		return false;
	for (size_t i = 0; i < n && i <= least; i++)
		if (line[i] < 0x20 || line[i] > 0x60)
			return false;
	return true;
}

static void uu_decode(struct rs_text *t, const uint8_t *line, size_t n)
{
	const size_t count = (size_t)(line[0] - 0x20) & 63;
	uint8_t out[66];
	for (size_t i = 0; i < count; i += 3) {
		uint32_t v = 0;
		for (size_t j = 1 + i / 3 * 4, k = 0; k < 4; k++)
			v = v << 6 | (j + k < n ? (uint32_t)(line[j + k] - 0x20) & 63 : 0);
		out[i] = (uint8_t)(v >> 16);
		out[i + 1] = (uint8_t)(v >> 8);
		out[i + 2] = (uint8_t)v;
	}
	rs_text_member_data(t, out, count);
}

static bool is_word(const uint8_t *line, size_t n, const char *word)
{
	const size_t k = strlen(word);
	while (n > k && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	return n == k && memcmp(line, word, k) == 0;
}

/* A line that is none of the data. Answers whether there were too many. */
static bool is_over(struct rs_text *t)
{
	if (++t->m.lines.wrong < WRONG_MAX)
		return false;
	ended(t, RS_UNWRAP_CUT | RS_UNWRAP_ODD);
	return true;
}

/* Whether a line is of the data: the first begins the member, or shows that there is none; what does not fit is odd, and may be too
 * much. at: where it stands. */
static bool is_data(struct rs_text *t, bool fits, const char *layer, uint64_t at)
{
	struct rs_text_lines *l = &t->m.lines;
	if (l->state == FIRST) {
		if (!fits) {
			none(t);
			return false;
		}
		rs_text_member_begin(t, layer, at, 0, 62, 45, true);
		l->state = DATA;
	}
	l->odd |= !fits;
	if (!fits && is_over(t))
		return false;
	if (fits)
		l->wrong = 0;
	rs_text_known(t, at);
	return true;
}

static void uu_line(struct rs_text *t, const uint8_t *line, size_t n, uint64_t at)
{
	struct rs_text_lines *l = &t->m.lines;
	const bool fits = !l->cut && uu_fits(line, n, l->state == FIRST);
	if (l->state != FIRST && is_word(line, n, "end"))
		ended(t, l->odd ? RS_UNWRAP_ODD : 0);
	else if (is_data(t, fits, "uuencode", at) && n <= LINE_MAX_UU)
		uu_decode(t, line, n);
}

static void uu64_line(struct rs_text *t, const uint8_t *line, size_t n, uint64_t at)
{
	struct rs_text_lines *l = &t->m.lines;
	uint8_t out[RS_BASE64_OUT_MAX(sizeof t->line)];
	bool fits = n >= 4 || l->state == DATA;
	for (size_t i = 0; i < n; i++)
		fits &= rs_base64_has(line[i]) || line[i] == '=';
	if (l->state != FIRST && is_word(line, n, "====")) {
		rs_text_member_data(t, out, rs_base64_end(&l->base64, out));
		ended(t, l->odd ? RS_UNWRAP_ODD : 0);
	} else if (is_data(t, fits, "base64", at)) {
		rs_text_member_data(t, out, rs_base64_feed(&l->base64, line, n, out));
	}
}

static size_t uu_feed(struct rs_text *t, const uint8_t *p, size_t n)
{
	struct rs_text_lines *l = &t->m.lines;
	size_t i = 0;
	if (l->state == MODE || l->state == NAME) {
		begin_byte(t, p[0]);
		return t->act == RS_TEXT_GO;
	}
	while (i < n && t->act == RS_TEXT_GO) {
		const uint8_t b = p[i++];
		const bool full = t->nline == sizeof t->line;
		if (!is_end(b) && !full) {
			t->line[t->nline++] = b;
		} else if (t->nline && (is_end(b) || t->mode == RS_SPOT_UU64)) {
			const uint64_t at = t->u.pos + i - 1 - t->nline;
			(t->mode == RS_SPOT_UU ? uu_line : uu64_line)(t, t->line, t->nline, at);
			l->cut = false;
			t->nline = 0;
			if (!is_end(b))
				t->line[t->nline++] = b;
		} else if (!is_end(b)) {
			l->cut = true;
		}
		/* What proves it is held whole. */
		if (t->proving)
			break;
	}
	return i;
}

static void uu_end(struct rs_text *t)
{
	if (!t->proving && t->nline && t->act == RS_TEXT_DONE) {
		t->act = RS_TEXT_GO;
		(t->mode == RS_SPOT_UU ? uu_line : uu64_line)(t, t->line, t->nline, t->u.pos - t->nline);
	}
	if (t->proving)
		none(t);
	else if (t->member)
		ended(t, RS_UNWRAP_CUT | RS_UNWRAP_ODD);
	t->act = t->act == RS_TEXT_GO ? RS_TEXT_DONE : t->act;
}

static void uu_begin(struct rs_text *t)
{
	t->m.lines.state = MODE;
}

/* yEnc. */

/* The number behind "WORD=" in a line of words; false: there is none. */
static bool number_of(const uint8_t *line, size_t n, const char *word, int base, uint64_t *value)
{
	const size_t k = strlen(word);
	for (size_t i = 0; i + k < n; i++) {
		if ((i && line[i - 1] != ' ') || memcmp(line + i, word, k) != 0)
			continue;
		char digits[24] = { 0 };
		for (size_t j = 0; j < sizeof digits - 1 && i + k + j < n && line[i + k + j] != ' '; j++)
			digits[j] = (char)line[i + k + j];
		char *end;
		*value = strtoull(digits, &end, base);
		return end != digits;
	}
	return false;
}

/* The header is the line that was held. */
static void yenc_header(struct rs_text *t)
{
	static const char word[] = "name=";
	const size_t k = sizeof word - 1;
	struct rs_text_lines *l = &t->m.lines;
	size_t at = 0, n = t->nhold;
	uint64_t part, line;
	while (at + k <= n && (memcmp(t->hold + at, word, k) != 0 || (at && t->hold[at - 1] != ' ')))
		at++;
	if (at + k > n || !number_of(t->hold, at, "line=", 10, &line) || !number_of(t->hold, at, "size=", 10, &l->said)) {
		none(t);
		return;
	}
	l->part = number_of(t->hold, at, "part=", 10, &part);
	at += k;
	while (n > at && t->hold[n - 1] == ' ')
		n--;
	t->name_len = (uint16_t)(n - at < sizeof t->name ? n - at : sizeof t->name);
	memcpy(t->name, t->hold + at, t->name_len);
	rs_text_member_begin(t, "yenc", t->u.pos + 1, 0, 1, 1, true);
	l->crc = 0;
	l->state = DATA;
	l->line = true;
}

/* A line "=y...", without these two. */
static void yenc_control(struct rs_text *t)
{
	struct rs_text_lines *l = &t->m.lines;
	uint64_t crc, size;
	if (t->nline < 3 || memcmp(t->line, "end", 3) != 0)
		return;
	bool odd = number_of(t->line, t->nline, "size=", 10, &size) && size != t->u.made;
	if (number_of(t->line, t->nline, l->part ? "pcrc32=" : "crc32=", 16, &crc))
		odd |= crc != l->crc;
	/* Of a file in parts this is one. */
	ended(t, (odd ? RS_UNWRAP_ODD : 0) | (t->u.made != l->said ? l->part ? RS_UNWRAP_UNSUPPORTED : RS_UNWRAP_ODD : 0));
}

static void yenc_put(struct rs_text *t, const uint8_t *out, size_t n)
{
	t->m.lines.crc = rs_crc32(t->m.lines.crc, out, n);
	rs_text_member_data(t, out, n);
}

/* Data of one line, or some of it. Returns how many bytes it took. */
static size_t yenc_data(struct rs_text *t, const uint8_t *p, size_t n)
{
	struct rs_text_lines *l = &t->m.lines;
	uint8_t out[512];
	size_t i = 0, made = 0;
	for (; i < n && made < sizeof out && l->state == DATA; i++) {
		const uint8_t b = p[i];
		if (l->line && !is_end(b)) {
			if (made)
				break;
			rs_text_known(t, t->u.pos + i);
		}
		if (is_end(b)) {
			l->escape = false;
			l->line = true;
		} else if (l->escape && l->first && b == 'y') {
			l->state = CONTROL;
			t->nline = 0;
		} else if (b == '=' && !l->escape) {
			l->escape = true;
			l->first = l->line;
			l->line = false;
		} else {
			out[made++] = (uint8_t)(b - 42 - (l->escape ? 64 : 0));
			l->escape = l->line = false;
		}
	}
	yenc_put(t, out, made);
	return i;
}

static size_t yenc_feed(struct rs_text *t, const uint8_t *p, size_t n)
{
	struct rs_text_lines *l = &t->m.lines;
	size_t k = 0;
	if (l->state == HEADER) {
		while (k < n && !is_end(p[k]))
			k++;
		if (k == 0)
			yenc_header(t);
		return k ? k : t->act == RS_TEXT_GO;
	}
	if (l->state == DATA)
		return yenc_data(t, p, n);
	if (!is_end(*p)) {
		if (t->nline < sizeof t->line)
			t->line[t->nline++] = *p;
		return 1;
	}
	yenc_control(t);
	l->state = DATA;
	l->escape = l->first = false;
	l->line = true;
	return t->act == RS_TEXT_GO;
}

static void yenc_end(struct rs_text *t)
{
	if (t->m.lines.state == HEADER)
		none(t);
	else if (t->m.lines.state == CONTROL && t->member)
		yenc_control(t);
	if (t->member)
		ended(t, RS_UNWRAP_CUT | RS_UNWRAP_ODD);
}

static void yenc_begin(struct rs_text *t)
{
	t->m.lines.state = HEADER;
}

const struct rs_text_mode rs_text_uu_mode = { uu_begin, uu_feed, uu_end };
const struct rs_text_mode rs_text_yenc_mode = { yenc_begin, yenc_feed, yenc_end };
