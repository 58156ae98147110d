/* SPDX-License-Identifier: Apache-2.0 */
/* uuencode (POSIX.1-2017 uuencode), and its base64; yEnc (yenc-draft.1.3).
 *
 * In what writers do wrong this follows most readers, Python's among them: characters that are missing at a line's end are spaces which
 * got lost on the way, those that are too many are passed over. A line that is none of it ends nothing; two in a row do, for the "end"
 * may be missing. */
#include "reassembly/decode/rs_text_internal.h"

#include <stdlib.h>

#include "reassembly/archive/rs_crc32.h"

enum state { NAME, FIRST, DATA, HEADER, CONTROL };

/* LOOSE_MAX: bytes of a header beside which two lines can be held. */
enum { WRONG_MAX = 2, LINE_MAX_UU = 1 + 84 + 2, LOOSE_MAX = 130 };

static void ended(struct rs_text *t, uint32_t flags)
{
	rs_text_member_end(t, flags);
	t->act = RS_TEXT_DONE;
}

static void none(struct rs_text *t)
{
	t->act = RS_TEXT_NONE;
}

/* "644 NAME" is held. Readers take much else for it, some of them anything: of that more must follow that looks like data. */
static void uu_header(struct rs_text *t)
{
	const uint8_t *p = t->hold;
	struct rs_text_lines *l = &t->m.lines;
	size_t i = 0, n = t->nhold, digits = 0;
	while (i < n && (p[i] == ' ' || p[i] == '\t' || p[i] == '('))
		i++;
	l->loose = i > 0 || l->caps;
	for (; i + digits < n && p[i + digits] >= '0' && p[i + digits] <= '9'; digits++)
		l->loose |= p[i + digits] > '7';
	l->loose |= digits < 3 || digits > 4 || i + digits == n || p[i + digits] != ' ';
	i += digits;
	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	while (n > i && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	t->name_len = (uint16_t)(n - i < sizeof t->name ? n - i : sizeof t->name);
	memcpy(t->name, p + i, t->name_len);
	if (t->mode == RS_SPOT_UU64 && l->loose) {
		none(t);
		return;
	}
	t->nline = 0;
	if (t->nhold > LOOSE_MAX) {
		/* Its name is known; the room is for what follows. */
		t->lost = true;
		t->nhold = 0;
	}
	l->from = t->nhold;
	l->state = FIRST;
}

/* A byte of the header's line. What is no number ends soon: it may be prose. */
static void uu_header_byte(struct rs_text *t, uint8_t b)
{
	bool number = true;
	if (rs_text_is_end(b)) {
		uu_header(t);
		return;
	}
	if (t->nhold < LOOSE_MAX)
		return;
	for (size_t i = 0; i < 3; i++)
		number &= t->hold[i] >= '0' && t->hold[i] <= '7';
	if (!number)
		none(t);
}

static size_t count_of(const uint8_t *line)
{
	return (size_t)(line[0] - 0x20) & 63;
}

/* Of a line that says it holds so many bytes: whether they may be there. */
static bool uu_holds(const uint8_t *line, size_t n)
{
	const size_t least = (count_of(line) * 4 + 2) / 3;
	for (size_t i = 0; i < n && i <= least; i++)
		if (line[i] < 0x20 || line[i] > 0x60)
			return false;
	return true;
}

/* Whether it has too many characters for them. */
static bool uu_is_over(const uint8_t *line, size_t n)
{
	return n - 1 > (count_of(line) + 2) / 3 * 4 + 2;
}

static bool uu_fits(const uint8_t *line, size_t n)
{
	return !uu_is_over(line, n) && uu_holds(line, n);
}

static void uu_decode(struct rs_text *t, const uint8_t *line, size_t n)
{
	const size_t count = count_of(line);
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

static bool is_uu_end(const struct rs_text_lines *l, const uint8_t *line, size_t n)
{
	return is_word(line, n, "end") || (l->caps && is_word(line, n, "END"));
}

/* at: where it stands. */
static void uu_line(struct rs_text *t, const uint8_t *line, size_t n, uint64_t at)
{
	struct rs_text_lines *l = &t->m.lines;
	if (is_uu_end(l, line, n)) {
		ended(t, l->odd ? RS_UNWRAP_ODD : 0);
		return;
	}
	const bool over = uu_is_over(line, n), fits = !l->cut && uu_holds(line, n) && !(over && !count_of(line));
	if (!is_data(t, fits, "uuencode", at))
		return;
	l->odd |= over;
	uu_decode(t, line, n);
}

/* It is proved: what is held of it are lines of it. */
static void uu_proved(struct rs_text *t)
{
	const size_t n = t->nhold;
	const uint64_t at = t->u.pos - n;
	rs_text_member_begin(t, "uuencode", at + t->m.lines.from, 0, 62, 45, true);
	t->m.lines.state = DATA;
	for (size_t i = t->m.lines.from, k; i < n && t->act == RS_TEXT_GO; i += k + 1) {
		for (k = 0; i + k < n && !rs_text_is_end(t->hold[i + k]);)
			k++;
		if (k)
			uu_line(t, t->hold + i, k, at + i);
	}
}

/* A line before it is proved; last: nothing follows. One that is as long as it says tells most; blanks at its end may be lost, all of
 * them; readers pass over an empty one before the data. */
static void uu_prove(struct rs_text *t, const uint8_t *line, size_t n, bool last)
{
	enum { ENOUGH = 2, ENOUGH_LOOSE = 4 };
	struct rs_text_lines *l = &t->m.lines;
	const size_t count = n ? count_of(line) : 0, least = (count * 4 + 2) / 3;
	if (n && is_uu_end(l, line, n))
		last = true;
	else if (l->cut || (n && !uu_fits(line, n)))
		goto none;
	else if (n && count == 0)
		l->score += l->score > 0;
	else if (n)
		l->score += n - 1 >= least || (!l->loose && (n - 1) * 2 >= least) ? 2 : (n - 1) * 2 >= least;
	if (last && l->score)
		l->score += 2;
	if (l->score >= (l->loose ? ENOUGH_LOOSE : ENOUGH) || t->nhold + LINE_MAX_UU + 2 > (int)sizeof t->hold)
		uu_proved(t);
	else if (last)
		goto none;
	return;
none:
	none(t);
}

static void uu64_line(struct rs_text *t, const uint8_t *line, size_t n, uint64_t at)
{
	struct rs_text_lines *l = &t->m.lines;
	uint8_t out[RS_BASE64_OUT_MAX(sizeof t->line)];
	bool fits = n >= 4 || l->state == DATA, any = l->state == DATA;
	for (size_t i = 0; i < n; i++) {
		fits &= rs_base64_has(line[i]) || line[i] == '=';
		any |= rs_base64_has(line[i]);
	}
	/* An end at once: a text that says how it is written, or a file of nothing. */
	fits &= any;
	if (l->state != FIRST && is_word(line, n, "====")) {
		rs_text_member_data(t, out, rs_base64_end(&l->base64, out));
		ended(t, l->odd ? RS_UNWRAP_ODD : 0);
	} else if (is_data(t, fits, "base64", at)) {
		rs_text_member_data(t, out, rs_base64_feed(&l->base64, line, n, out));
	}
}

/* A line ends that is not empty; at: where it stands. */
static void line_ends(struct rs_text *t, uint64_t at)
{
	if (t->mode == RS_SPOT_UU64)
		uu64_line(t, t->line, t->nline, at);
	else if (t->proving)
		uu_prove(t, t->line, t->nline, false);
	else
		uu_line(t, t->line, t->nline, at);
}

static size_t uu_feed(struct rs_text *t, const uint8_t *p, size_t n)
{
	struct rs_text_lines *l = &t->m.lines;
	size_t i = 0;
	if (l->state == NAME) {
		uu_header_byte(t, p[0]);
		return t->act == RS_TEXT_GO;
	}
	while (i < n && t->act == RS_TEXT_GO) {
		const uint8_t b = p[i++];
		const bool full = t->nline == sizeof t->line;
		if (!rs_text_is_end(b) && !full) {
			t->line[t->nline++] = b;
		} else if (t->nline && (rs_text_is_end(b) || t->mode == RS_SPOT_UU64)) {
			line_ends(t, t->u.pos + i - 1 - t->nline);
			l->cut = false;
			t->nline = 0;
			if (!rs_text_is_end(b))
				t->line[t->nline++] = b;
		} else if (!rs_text_is_end(b)) {
			l->cut = true;
		}
		/* What proves it is held whole. */
		if (t->proving) {
			if (t->mode == RS_SPOT_UU && (t->nline > LINE_MAX_UU || t->nhold == sizeof t->hold))
				none(t);
			break;
		}
	}
	return i;
}

static void uu_end(struct rs_text *t)
{
	if (t->mode == RS_SPOT_UU && t->proving && t->m.lines.state == FIRST) {
		t->act = RS_TEXT_GO;
		uu_prove(t, t->line, t->nline, true);
		t->nline = 0;
	} else if (!t->proving && t->nline && t->act == RS_TEXT_DONE) {
		t->act = RS_TEXT_GO;
		line_ends(t, t->u.pos - t->nline);
	}
	if (t->proving)
		none(t);
	else if (t->member)
		ended(t, RS_UNWRAP_CUT | RS_UNWRAP_ODD);
	t->act = t->act == RS_TEXT_GO ? RS_TEXT_DONE : t->act;
}

static void uu_begin(struct rs_text *t)
{
	static const char word[] = "begin ";
	const size_t n = sizeof word - 1;
	t->m.lines.caps = t->mode == RS_SPOT_UU && (t->nback < n || memcmp(t->back + t->nback - n, word, n) != 0);
	t->m.lines.state = NAME;
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
	uint64_t number;
	while (at + k <= n && (memcmp(t->hold + at, word, k) != 0 || (at && t->hold[at - 1] != ' ')))
		at++;
	if (at + k > n || !number_of(t->hold, at, "size=", 10, &l->said)) {
		none(t);
		return;
	}
	l->part = number_of(t->hold, at, "part=", 10, &number);
	l->loose_lines = !number_of(t->hold, at, "line=", 10, &number) || number > UINT32_MAX;
	l->long_said = (uint32_t)number;
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

/* Whether a line is as long as the header says: writers count what is escaped as two characters or as one, and do not part the two. */
static bool is_full(const struct rs_text_lines *l)
{
	const uint64_t all = (uint64_t)l->of_line + l->escapes;
	return l->of_line == l->long_said || all == l->long_said || all == (uint64_t)l->long_said + 1;
}

/* Data of one line, or some of it. Returns how many bytes it took. */
static size_t yenc_data(struct rs_text *t, const uint8_t *p, size_t n)
{
	struct rs_text_lines *l = &t->m.lines;
	uint8_t out[512];
	size_t i = 0, made = 0;
	for (; i < n && made < sizeof out && l->state == DATA; i++) {
		const uint8_t b = p[i];
		if (l->line && !rs_text_is_end(b)) {
			if (made)
				break;
			rs_text_known(t, t->u.pos + i);
		}
		if (rs_text_is_end(b)) {
			l->loose_lines |= !l->line && !is_full(l);
			l->of_line = l->escapes = 0;
			l->escape = false;
			l->line = true;
		} else if (l->escape && l->first && b == 'y') {
			l->state = CONTROL;
			t->nline = 0;
		} else if (b == '=' && !l->escape) {
			l->escape = true;
			l->escapes++;
			l->first = l->line;
			l->line = false;
		} else {
			l->blanks += b == ' ';
			out[made++] = (uint8_t)(b - 42 - (l->escape ? 64 : 0));
			l->of_line++;
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
		while (k < n && !rs_text_is_end(p[k]))
			k++;
		if (k == 0)
			yenc_header(t);
		return k ? k : t->act == RS_TEXT_GO;
	}
	if (l->state == DATA)
		return yenc_data(t, p, n);
	if (!rs_text_is_end(*p)) {
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

/* A text that quotes the header and goes on: it was handed out, as a file that breaks off. */
static bool is_talk(const struct rs_text *t)
{
	enum { PROSE = 16 }; /* characters to one blank at the most; of encoded bytes one in 256 is one */
	return t->m.lines.loose_lines && t->u.made < (uint64_t)t->m.lines.blanks * PROSE;
}

/* It breaks off. */
static void yenc_cut(struct rs_text *t)
{
	ended(t, RS_UNWRAP_CUT | (is_talk(t) ? 0 : RS_UNWRAP_ODD));
}

size_t rs_text_yenc_beside(struct rs_text *t, const uint8_t *p, size_t n, enum rs_spotted *what)
{
	enum { AT_ONCE = 512, RUNS = 32 }; /* of lines as they should be some are letters in a row: spaces are */
	struct rs_text_lines *l = &t->m.lines;
	struct rs_spot seen = t->spot;
	size_t most = rs_spot_look(&seen, t->back, t->nback, p, n < AT_ONCE ? n : AT_ONCE, 0, what), k = yenc_feed(t, p, most);
	if (k < most) {
		seen = t->spot;
		rs_spot_look(&seen, t->back, t->nback, p, k, 0, what);
	}
	t->spot = seen;
	if (*what == RS_SPOT_RUN) {
		l->runs = t->u.pos + k == l->run_end + RS_SPOT_RUN_MIN ? (uint8_t)(l->runs + 1) : 1;
		l->run_end = t->u.pos + k;
	}
	if (t->act != RS_TEXT_GO || *what == RS_SPOT_HQX || *what == RS_SPOT_YENC || (*what == RS_SPOT_RUN && !l->loose_lines && l->runs < RUNS))
		*what = RS_SPOT_NOTHING;
	else if (*what)
		yenc_cut(t);
	return k;
}

static void yenc_end(struct rs_text *t)
{
	if (t->m.lines.state == HEADER)
		none(t);
	else if (t->m.lines.state == CONTROL && t->member)
		yenc_control(t);
	if (t->member)
		yenc_cut(t);
}

static void yenc_begin(struct rs_text *t)
{
	t->m.lines.state = HEADER;
}

const struct rs_text_mode rs_text_uu_mode = { uu_begin, uu_feed, uu_end };
const struct rs_text_mode rs_text_yenc_mode = { yenc_begin, yenc_feed, yenc_end };
