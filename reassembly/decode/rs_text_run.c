/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of base64 in a text, and data: URLs.
 *
 * Where a run begins is not always said: the word that ends the line before ("Hello CR LF CR LF TVqQ...") is of the same alphabet, and
 * would shift all that is behind it by a part of a quantum. So of the lines that it may begin with the first is taken from which on
 * there is a file that is known; else any place near its beginning where one of a longer mark is; else the first of the longest lines,
 * for only the last line of base64 is shorter than others. All four ways to cut it into quanta are not tried to its end: that would
 * cost four times as much, and no reader of mail decodes such a run but from a place that is told to it, by a quote, a comma, or the
 * end of a line.
 *
 * Where it ends: at padding, or at a byte that is of no alphabet, nor begins what rs_text_gap knows: an escaped character, a joint to
 * another piece. Behind a joint another file may begin, and pieces of a text that is none may each be one by itself: but for joints that
 * are certain, they are put together only where both readings are the same, between two quanta. */
#include "reassembly/decode/rs_text_internal.h"

#include "reassembly/archive/rs_kind.h"
#include "reassembly/decode/rs_text_gap.h"
#include "reassembly/rs_tail.h"

enum state {
	COLLECT, /* until there is enough to tell by */
	SHORT, /* no file: until it is long, or ends */
	DECODE,
	FRESH, /* behind a joint: another file may begin here */
	GAP, /* in what may join it to another piece, or be an escape: its bytes are held in `line` */
	PADDED,
	HEADER, /* of a data: URL */
	PLAIN, /* one without base64 */
};

enum { SHORT_MAX = RS_BASE64_OUT_MAX(RS_TEXT_HOLD + 32) }; /* of what a short run is decoded to */
enum { PIECE = 2048, TOLD = 48, NEAR = 24, MANY = 192, HEADER_MAX = 200, WORD = sizeof "data:" - 1 };

/* Of either alphabet the value is that of this character of the first. */
static uint8_t of_first(uint8_t b)
{
	return (uint8_t)(b ^ (b == '-' ? '-' ^ '+' : 0) ^ (b == '_' ? '_' ^ '/' : 0));
}

/* Decodes n bytes at p, all of either alphabet or line ends. */
static void decode(struct rs_text *t, const uint8_t *p, size_t n)
{
	uint8_t text[PIECE], out[RS_BASE64_OUT_MAX(PIECE)];
	while (n > 0) {
		const size_t k = n < PIECE ? n : PIECE;
		size_t made;
		for (size_t i = 0; i < k; i++)
			text[i] = of_first(p[i]);
		rs_base64_bulk(&t->m.run.base64, text, k, out, &made);
		rs_text_member_data(t, out, made);
		p += k;
		n -= k;
	}
}

/* Decodes as much as there is of the first characters at p; returns the bytes. */
static size_t taste(const uint8_t *p, size_t n, uint8_t out[RS_BASE64_OUT_MAX(TOLD)])
{
	struct rs_base64 s;
	uint8_t text[TOLD] = { 0 };
	size_t chars = 0;
	rs_base64_init(&s);
	for (size_t i = 0; i < n && chars < TOLD; i++)
		if (!rs_text_is_end(p[i]))
			text[chars++] = of_first(p[i]);
	return rs_base64_feed(&s, text, chars, out);
}

static bool is_file(const uint8_t *p, size_t n)
{
	uint8_t out[RS_BASE64_OUT_MAX(TOLD)];
	const size_t made = taste(p, n, out);
	return rs_text_is_file(out, made);
}

/* Of both alphabets. */
static const uint8_t values[256] = {
	['+'] = 62, ['-'] = 62, ['/'] = 63, ['_'] = 63,
	['A'] = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
	['a'] = 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
	['0'] = 52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
};

#define SECOND(a, b) UINT64_C(1) << (((a) & 3) << 4 | (b) >> 4)
/* Of the files that are looked for near the beginning, by their first two bytes: by the first character, the values of the second. */
static const uint64_t seconds[256] = {
	['T'] = SECOND('M', 'Z') | SECOND('M', 'S'), ['U'] = SECOND('P', 'K') | SECOND('R', 'a'), ['H'] = SECOND(0x1f, 0x8b),
	['N'] = SECOND('7', 'z'), ['f'] = SECOND(0x7f, 'E'), ['J'] = SECOND('%', 'P'), ['Q'] = SECOND('B', 'Z'),
	['/'] = SECOND(0xfd, '7'), ['_'] = SECOND(0xfd, '7'), ['K'] = SECOND(0x28, 0xb5), ['B'] = SECOND(0x04, 0x22),
};

/* Where from p[0] on a file's first two bytes may stand that is looked for near the beginning; n: nowhere. p[n + 2] is there. */
static size_t may_begin_file(const uint8_t *p, size_t i, size_t n)
{
	static const char marks[][3] = { "MZ", "PK", "\x1f\x8b", "Ra", "7z", "\x7f" "E", "%P", "MS", "BZ", "\xfd" "7", "\x28\xb5", "\x04\x22" };
	for (; i < n; i++) {
		if (!(seconds[p[i]] >> values[p[i + 1]] & 1))
			continue;
		const unsigned first = (values[p[i]] << 10u | values[p[i + 1]] << 4u | values[p[i + 2]] >> 2u) & 0xffff;
		for (size_t k = 0; k < sizeof marks / sizeof *marks; k++)
			if (first == ((unsigned)(uint8_t)marks[k][0] << 8 | (uint8_t)marks[k][1]))
				return i;
	}
	return n;
}

/* Marks that are not found by chance, however many places are tried: a program's usual ones, and those of four bytes and more. */
static bool is_surely_file(const uint8_t *p, size_t n)
{
	uint8_t out[RS_BASE64_OUT_MAX(TOLD)];
	if (taste(p, n, out) < RS_KIND_BYTES)
		return false;
	if (out[0] == 'M' && out[1] == 'Z')
		return out[3] == 0 && out[5] == 0;
	return rs_text_is_file(out, RS_KIND_BYTES) && rs_kind_of(out, RS_KIND_BYTES) != RS_KIND_TAR;
}

/* Near the beginning of a run, a place where a file surely begins; n: none. */
static size_t file_near(const uint8_t *p, size_t n)
{
	const size_t most = n < 4 ? 0 : n - 4 < NEAR ? n - 4 : NEAR;
	uint64_t any = 0;
	for (size_t i = 0; i < most; i++) /* without a branch */
		any |= seconds[p[i]] >> values[p[i + 1]];
	if (!(any & 1))
		return n;
	for (size_t i = 0; (i = may_begin_file(p, i, most)) < most; i++)
		if (is_surely_file(p + i, n - i))
			return i;
	return n;
}

/* Where in what was collected the run begins. */
static size_t beginning(const uint8_t *p, size_t n, bool *file)
{
	size_t best = 0, longest = 0;
	*file = true;
	if (!rs_text_is_end(p[0]) && is_file(p, n))
		return 0;
	const bool lines = memchr(p, '\n', n) || memchr(p, '\r', n);
	for (size_t i = 1; lines && i < n; i++)
		if (!rs_text_is_end(p[i]) && rs_text_is_end(p[i - 1]) && is_file(p + i, n - i))
			return i;
	best = file_near(p, n);
	if (best < n)
		return best;
	best = 0;
	*file = false;
	for (size_t i = 0, len; lines && i < n; i += len + 1) {
		for (len = 0; i + len < n && !rs_text_is_end(p[i + len]);)
			len++;
		if (len > longest) {
			longest = len;
			best = i;
		}
	}
	return best;
}

/* Lines that are drawn with dashes and underlines. */
static bool is_drawn(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!rs_text_is_end(p[i]) && p[i] != '-' && p[i] != '_')
			return false;
	return true;
}

/* Where hold[i] stands, or did before the last gap. */
static uint64_t held_at(const struct rs_text *t, size_t i)
{
	const struct rs_text_run *r = &t->m.run;
	return r->begin + i + (i >= r->lag_at ? r->lag : i ? r->lag_before : 0);
}

/* A gap of n bytes is held as `held`. */
static void lag(struct rs_text *t, size_t n, size_t held)
{
	struct rs_text_run *r = &t->m.run;
	r->lag_before = r->lag;
	r->lag += (uint32_t)(n - held);
	r->lag_at = (uint16_t)(t->nhold + held);
}

static void hold_anew(struct rs_text *t, uint64_t at)
{
	struct rs_text_run *r = &t->m.run;
	t->nhold = r->chars = 0;
	r->begin = at;
	r->lag = r->lag_before = r->lag_at = 0;
}

/* At hold[from], which stands at `at`. All lines are taken to be as long as the first. */
static void member_begin(struct rs_text *t, size_t from, uint64_t at, bool file)
{
	uint32_t line = 0, ends = 0;
	for (; from + line < t->nhold && !rs_text_is_end(t->hold[from + line]);)
		line++;
	while (from + line + ends < t->nhold && rs_text_is_end(t->hold[from + line + ends]))
		ends++;
	rs_base64_init(&t->m.run.base64);
	t->m.run.file = file;
	rs_text_member_begin(t, "base64", at, held_at(t, t->nhold) - 1, line ? (line + ends) * 4 : 4, line ? line * 3 : 3, file);
}

/* What is held is wanted, or is too long to be held: it is a member. */
static void open_held(struct rs_text *t, bool file)
{
	const size_t from = t->m.run.from, n = t->nhold;
	member_begin(t, from, t->m.run.at, file);
	decode(t, t->hold + from, n - from);
	t->m.run.state = DECODE;
}

/* What was collected is a run, if there are enough characters in it. */
static void begin_decoding(struct rs_text *t)
{
	bool file;
	/* Dashes and underlines are lines that are drawn. */
	if (t->m.run.chars < RS_TEXT_RUN_LEAST || is_drawn(t->hold, t->nhold)) {
		t->act = RS_TEXT_DONE;
		return;
	}
	t->m.run.from = (uint16_t)beginning(t->hold, t->nhold, &file);
	if (t->m.run.njoint && t->m.run.lag_at < t->nhold && is_surely_file(t->hold + t->m.run.lag_at, t->nhold - t->m.run.lag_at)) {
		t->m.run.from = t->m.run.lag_at; /* too little stands before the joint to be a file */
		file = true;
	}
	t->m.run.at = held_at(t, t->m.run.from);
	t->m.run.state = SHORT;
	if (file || !t->u.ops->member_wanted)
		open_held(t, file);
}

static bool is_one_line(const uint8_t *p, size_t n)
{
	unsigned ends = 0;
	for (size_t i = 0; i < n; i++) /* without a branch: many a step */
		ends |= rs_text_is_end(p[i]);
	return !ends;
}

/* All bytes of a short run. */
static size_t decode_short(const uint8_t *p, size_t n, uint8_t out[SHORT_MAX])
{
	enum { STEP = 32 }; /* line ends behind it, which mean nothing, are cheaper than a step that is not full */
	struct rs_base64 s;
	uint8_t text[RS_TEXT_HOLD + STEP];
	size_t made;
	memcpy(text, p, n);
	memset(text + n, '\n', STEP);
	n = (n + STEP - 1) / STEP * STEP;
	for (size_t i = 0; i < n; i++)
		text[i] = of_first(text[i]);
	rs_base64_init(&s);
	rs_base64_bulk(&s, text, n, out, &made);
	return made + rs_base64_end(&s, out + made);
}

bool rs_text_run_is_idle(const struct rs_unwrap_ops *ops, void *arg, const uint8_t *p, size_t n)
{
	uint8_t out[SHORT_MAX];
	/* As collect does. */
	for (; n && rs_text_is_end(*p); n--)
		p++;
	if (!ops->member_wanted || n < RS_TEXT_RUN_LEAST || !is_one_line(p, RS_TEXT_RUN_LEAST))
		return false;
	if (is_drawn(p, 1) && is_drawn(p, RS_TEXT_RUN_LEAST))
		return is_drawn(p, n);
	const size_t made = decode_short(p, n, out);
	return !rs_text_is_file(out, TOLD / 4 * 3) && file_near(p, RS_TEXT_RUN_LEAST) == RS_TEXT_RUN_LEAST &&
	       !ops->member_wanted(arg, out, made);
}

/* A short run has ended, or more of it is missing. */
void rs_text_run_settle(struct rs_text *t)
{
	const struct rs_text_run *r = &t->m.run;
	uint8_t out[SHORT_MAX];
	if (r->state != SHORT && (r->state != GAP || r->back_to != SHORT))
		return;
	const size_t made = decode_short(t->hold + r->from, t->nhold - r->from, out);
	if (t->u.ops->member_wanted(t->u.arg, out, made))
		open_held(t, false);
}

/* Behind a joint there is enough, or no more, to tell whether another file begins. */
static void taste_fresh(struct rs_text *t)
{
	struct rs_text_run *r = &t->m.run;
	const size_t n = t->nhold;
	if (r->certain ? is_file(t->hold, n) : is_surely_file(t->hold, n)) {
		rs_text_member_end(t, 0);
		t->nhold = (uint16_t)n;
		member_begin(t, 0, r->begin, true);
	}
	decode(t, t->hold, n);
	t->nhold = 0;
	r->state = DECODE;
}

static void finish(struct rs_text *t)
{
	struct rs_text_run *r = &t->m.run;
	uint8_t out[RS_BASE64_OUT_MAX(0)];
	if (r->state == COLLECT)
		begin_decoding(t);
	rs_text_run_settle(t);
	if (t->member) {
		if (r->state == FRESH)
			taste_fresh(t);
		rs_text_member_data(t, out, rs_base64_end(&r->base64, out));
		rs_text_member_end(t, 0);
	}
	t->act = RS_TEXT_DONE;
}

/* Whether what was collected is enough to choose where the run begins: a line that tells by itself, or many that do not. */
static bool is_enough(const struct rs_text *t)
{
	const struct rs_text_run *r = &t->m.run;
	return (r->chars >= RS_TEXT_RUN_LEAST && r->of_line >= TOLD) || r->chars >= MANY || t->nhold == RS_TEXT_HOLD;
}

static size_t less(size_t from, size_t n)
{
	return from > n ? from - n : 0;
}

/* How many characters more there must be in the line to be enough. */
static size_t wanting(const struct rs_text_run *r)
{
	const size_t all = less(RS_TEXT_RUN_LEAST, r->chars), line = less(TOLD, r->of_line), most = less(MANY, r->chars);
	const size_t least = all > line ? all : line;
	return least < most ? least : most;
}

/* Collects bytes of the alphabet up to `enough` of them, or as many as tell where a run begins (0). Returns how many. */
static size_t collect(struct rs_text *t, const uint8_t *p, size_t n, unsigned enough)
{
	struct rs_text_run *r = &t->m.run;
	const size_t most = RS_TEXT_HOLD - t->nhold;
	size_t i = 0;
	n = rs_spot_run(p, n < most ? n : most);
	while (i < n && (enough ? r->chars < enough : !is_enough(t))) {
		const size_t want = enough ? enough - r->chars : wanting(r);
		size_t k = 0;
		if (rs_text_is_end(p[i])) {
			if (!enough && is_drawn(t->hold, t->nhold))
				hold_anew(t, t->u.pos + i);
			r->of_line = 0;
			t->hold[t->nhold++] = p[i++];
			continue;
		}
		while (k < want && i + k < n && !rs_text_is_end(p[i + k]))
			k++;
		memcpy(t->hold + t->nhold, p + i, k);
		t->nhold = (uint16_t)(t->nhold + k);
		r->chars = (uint16_t)(r->chars + k);
		r->of_line = (uint16_t)(r->of_line + k);
		i += k;
	}
	return i;
}

bool rs_text_may_join(uint8_t last, const uint8_t *p, size_t n)
{
	const struct rs_text_gap_of of = { .last = last, .any = true, .blanks = true };
	return rs_text_gap_at(&of, p, n).is != RS_TEXT_GAP_NONE;
}

/* Whether what is behind any joint reads the same by itself and as more of it. */
static bool between_quanta(const struct rs_text *t)
{
	const struct rs_text_run *r = &t->m.run;
	unsigned chars = 0;
	if (r->back_to == COLLECT || r->file)
		return true;
	for (size_t i = r->back_to == SHORT ? r->from : 0; r->back_to != DECODE && i < t->nhold; i++)
		chars += !rs_text_is_end(t->hold[i]);
	return (chars + (r->back_to == SHORT ? 0 : r->base64.nacc)) % 4 == 0;
}

/* A character that was written in another way, up to where `end` stands. */
static void escaped(struct rs_text *t, uint8_t b, size_t len, uint64_t end)
{
	struct rs_text_run *r = &t->m.run;
	if (r->state == PLAIN) {
		rs_text_member_data(t, &b, 1);
		return;
	}
	if (!rs_spot_is_char(b) && !(r->url && rs_text_is_blank(b)) && !rs_text_is_end(b)) {
		finish(t);
		return;
	}
	if (r->state == SHORT && t->nhold == RS_TEXT_HOLD)
		open_held(t, false);
	if (r->state == DECODE) {
		if (rs_spot_is_char(b))
			decode(t, &b, 1);
		rs_text_known(t, end);
		return;
	}
	lag(t, len, 1);
	t->hold[t->nhold++] = rs_spot_is_char(b) ? b : '\n';
	if (!rs_spot_is_char(b)) {
		r->of_line = 0;
	} else {
		r->chars++;
		r->of_line++;
	}
	if (r->state == COLLECT && is_enough(t))
		begin_decoding(t);
	else if (r->state == FRESH && (r->chars == TOLD || t->nhold == RS_TEXT_HOLD))
		taste_fresh(t);
}

/* A joint of n bytes; another piece begins where `end` stands. */
static void joined(struct rs_text *t, enum rs_text_gap_is is, size_t n, uint64_t end)
{
	struct rs_text_run *r = &t->m.run;
	if (r->state == COLLECT) {
		/* What is behind it may be the beginning, as that of a line may. */
		const bool line = is != RS_TEXT_GAP_LINE;
		lag(t, n, line);
		if (line)
			t->hold[t->nhold++] = '\n';
		r->of_line = line ? 0 : r->of_line;
		if (is_enough(t))
			begin_decoding(t);
		return;
	}
	if (r->state == SHORT)
		open_held(t, false);
	if (r->state == FRESH) {
		lag(t, n, 0);
		return;
	}
	rs_text_known(t, end);
	if (is == RS_TEXT_GAP_LINE)
		return;
	r->state = FRESH;
	r->certain = is == RS_TEXT_GAP_QUOTES && r->base64.nacc == 0;
	hold_anew(t, end);
}

static void keep_joint(struct rs_text *t, const uint8_t *p, size_t n)
{
	struct rs_text_run *r = &t->m.run;
	r->njoint = (uint8_t)(n <= RS_TEXT_JOINT_MAX ? n : 0);
	memcpy(r->joint, p, r->njoint);
}

/* At what is of no run: more of it. Returns how many bytes are taken; those of what was held that are no part of it are read again. */
static size_t gap(struct rs_text *t, const uint8_t *p, size_t n)
{
	struct rs_text_run *r = &t->m.run;
	const size_t had = t->nline, room = RS_TEXT_GAP_MOST - had, k = n < room ? n : room;
	const struct rs_text_gap_of of = { r->joint, r->njoint, r->last, r->url, r->any, r->back_to != COLLECT };
	const uint8_t *all = had ? t->line : p;
	const uint64_t at = t->u.pos - had;
	if (had)
		memcpy(t->line + had, p, k);
	const struct rs_text_gap g = r->back_to == PLAIN ? rs_text_escape(all, had + k, true) : rs_text_gap_at(&of, all, had + k);
	if (g.is == RS_TEXT_GAP_MORE) {
		if (!had)
			memcpy(t->line, p, k);
		t->nline = (uint16_t)(had + k);
		return k;
	}
	const size_t len = g.is == RS_TEXT_GAP_NONE ? 0 : g.len;
	t->nline = 0;
	rs_text_give_back(t, len, had > len ? had - len : 0);
	r->state = r->back_to;
	if (g.is == RS_TEXT_GAP_NONE)
		finish(t);
	else if (g.is == RS_TEXT_GAP_CHAR)
		escaped(t, g.value, len, at + len);
	else {
		keep_joint(t, all, len);
		joined(t, g.is, len, at + len);
	}
	return len > had ? len - had : 0;
}

/* Bytes that are of no run. Returns how many are taken. */
static size_t other(struct rs_text *t, const uint8_t *p, size_t n)
{
	struct rs_text_run *r = &t->m.run;
	const uint8_t b = *p;
	if (b == '=' && r->state == COLLECT) {
		begin_decoding(t);
		if (t->act != RS_TEXT_GO)
			return 0;
	}
	if (b == '=' && r->state == SHORT) {
		finish(t);
		return 0;
	}
	if (r->url && (r->blanks || rs_text_is_end(b)) && rs_text_is_blank(b))
		return 1;
	r->pads = 0;
	if (b == '=') {
		if (r->state == FRESH)
			taste_fresh(t);
		r->state = PADDED;
		return 0;
	}
	r->back_to = r->state;
	r->last = t->nback ? t->back[t->nback - 1] : '\n';
	r->any = between_quanta(t);
	r->state = GAP;
	rs_text_mark(t);
	return gap(t, p, n);
}

/* One "=" or two. */
static size_t padded(struct rs_text *t, uint8_t b)
{
	if (b == '=' && t->m.run.pads < 2) {
		uint8_t out[RS_BASE64_OUT_MAX(1)];
		rs_text_member_data(t, out, rs_base64_feed(&t->m.run.base64, &b, 1, out));
		t->m.run.pads++;
		return 1;
	}
	finish(t);
	return 0;
}

/* How many of n bytes may stand in the media type and the parameters of a data: URL. */
static size_t header_text(const uint8_t *p, size_t n)
{
	size_t i = 0;
	while (i < n && p[i] > ' ' && p[i] < 0x7f && p[i] != ',' && p[i] != '<' && p[i] != '>' && p[i] != '(' && p[i] != ')' &&
	       !rs_text_is_quote(p[i]))
		i++;
	return i;
}

/* More of its media type, of which none was left out so far. */
static void header_type(struct rs_text *t, const uint8_t *p, size_t n)
{
	const size_t room = sizeof t->type - 1 - t->type_len;
	const uint8_t *end = memchr(p, ';', n);
	n = end ? (size_t)(end - p) : n;
	n = n < room ? n : room;
	memcpy(t->type + t->type_len, p, n);
	t->type_len = (uint16_t)(t->type_len + n);
	t->type[t->type_len] = 0;
}

/* A data: URL up to its comma: media type, parameters, and whether it is base64. */
static size_t header(struct rs_text *t, const uint8_t *p, size_t n)
{
	static const char word[] = ";base64";
	const uint8_t b = *p;
	if (b == ',') {
		const size_t len = sizeof word - 1;
		bool base64 = t->nline >= len;
		for (size_t i = 0; base64 && i < len; i++)
			base64 = (t->line[t->nline - len + i] | 0x20) == ((uint8_t)word[i] | 0x20);
		if (!base64 && t->nhold && !memchr(t->type, '/', t->type_len)) {
			t->act = RS_TEXT_NONE;
			return 0;
		}
		t->m.run.state = base64 ? DECODE : PLAIN;
		t->nline = 0;
		rs_text_member_begin(t, base64 ? "base64" : "percent", t->u.pos + 1, t->u.pos, base64 ? 4 : 2, base64 ? 3 : 1, true);
		return 1;
	}
	if (b == ' ' && t->nline && t->line[t->nline - 1] == ';')
		return 1;
	const size_t most = t->nhold < HEADER_MAX ? HEADER_MAX - t->nhold : 0, k = header_text(p, n < most ? n : most);
	if (!k) {
		t->act = RS_TEXT_NONE;
		return 0;
	}
	if (t->type_len == t->nhold)
		header_type(t, p, k);
	t->nline = (uint16_t)rs_tail_keep(t->line, sizeof word - 1, t->nline, p, k);
	return k;
}

static size_t plain(struct rs_text *t, const uint8_t *p, size_t n)
{
	size_t k = 0;
	while (k < n && p[k] > ' ' && p[k] < 0x7f && !rs_text_is_quote(p[k]) && p[k] != '<' && p[k] != '>' && p[k] != '%')
		k++;
	if (k) {
		rs_text_member_data(t, p, k);
		return k;
	}
	if (*p != '%') {
		finish(t);
		return 0;
	}
	t->m.run.back_to = PLAIN;
	t->m.run.state = GAP;
	rs_text_mark(t);
	return gap(t, p, n);
}

static size_t collect_more(struct rs_text *t, const uint8_t *p, size_t n)
{
	const bool fresh = t->m.run.state == FRESH;
	if (fresh && t->nhold == RS_TEXT_HOLD) {
		taste_fresh(t);
		return 0;
	}
	const size_t k = collect(t, p, n, fresh ? TOLD : 0);
	if (!k)
		return other(t, p, n);
	if (fresh && t->m.run.chars == TOLD)
		taste_fresh(t);
	else if (!fresh && is_enough(t))
		begin_decoding(t);
	return k;
}

/* Holds more of a short run. It is full before it is opened, however its bytes come. */
static size_t hold_more(struct rs_text *t, const uint8_t *p, size_t n)
{
	const size_t most = RS_TEXT_HOLD - t->nhold, run = rs_spot_run(p, most && n > most ? most : n);
	if (!run)
		return other(t, p, n);
	if (!most) {
		open_held(t, false);
		return 0;
	}
	memcpy(t->hold + t->nhold, p, run);
	t->nhold = (uint16_t)(t->nhold + run);
	return run;
}

static size_t run_feed(struct rs_text *t, const uint8_t *p, size_t n)
{
	size_t k;
	switch ((enum state)t->m.run.state) {
	case COLLECT:
	case FRESH:
		return collect_more(t, p, n);
	case SHORT:
		return hold_more(t, p, n);
	case DECODE:
		k = rs_spot_run(p, n);
		decode(t, p, k);
		return k ? k : other(t, p, n);
	case GAP:
		return gap(t, p, n);
	case PADDED:
		return padded(t, *p);
	case HEADER:
		return header(t, p, n);
	case PLAIN:
		break;
	}
	return plain(t, p, n);
}

static void run_end(struct rs_text *t)
{
	if (t->m.run.state == GAP) {
		rs_text_give_back(t, 0, t->nline);
		t->nline = 0;
		t->m.run.state = t->m.run.back_to;
	}
	if (t->m.run.state == HEADER)
		t->act = RS_TEXT_NONE;
	else
		finish(t);
}

static void run_begin(struct rs_text *t)
{
	t->m.run.state = COLLECT;
	t->m.run.begin = t->u.pos;
}

static void data_begin(struct rs_text *t)
{
	t->m.run.state = HEADER;
	t->m.run.url = true;
	/* In quotes, white space does not end it. */
	t->m.run.blanks = t->nback > WORD && rs_text_is_quote(t->back[t->nback - WORD - 1]);
	t->type_len = 0;
}

const struct rs_text_mode rs_text_run_mode = { run_begin, run_feed, run_end };
const struct rs_text_mode rs_text_data_mode = { data_begin, run_feed, run_end };
