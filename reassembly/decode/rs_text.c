/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/decode/rs_text_internal.h"

#include "reassembly/archive/rs_kind.h"
#include "reassembly/decode/rs_text_gap.h"
#include "reassembly/rs_tail.h"

static const struct rs_text_mode *const modes[RS_SPOT_MAX] = {
	[RS_SPOT_RUN] = &rs_text_run_mode,
	[RS_SPOT_DATA] = &rs_text_data_mode,
	[RS_SPOT_UU] = &rs_text_uu_mode,
	[RS_SPOT_UU64] = &rs_text_uu_mode,
	[RS_SPOT_YENC] = &rs_text_yenc_mode,
	[RS_SPOT_HQX] = &rs_text_hqx_mode,
	[RS_SPOT_WIDE] = &rs_text_wide_mode,
};

/* Any bytes may be a name: here it has letters, and ends. */
static bool begins_tar(const uint8_t *p)
{
	size_t i = 0;
	while (i < RS_KIND_BYTES && p[i] >= ' ')
		i++;
	if (i == 0 || i > RS_KIND_BYTES - 2)
		return false;
	while (i < RS_KIND_BYTES && p[i] == 0)
		i++;
	return i == RS_KIND_BYTES;
}

/* Marks of two bytes are found by chance, in what is no file at all: more must be right. */
bool rs_text_is_file(const uint8_t *p, size_t n)
{
	if (n < RS_KIND_BYTES)
		return false;
	if ((p[0] == 'M' && p[1] == 'Z') || memcmp(p, "\177ELF", 4) == 0 || memcmp(p, "%PDF-", 5) == 0)
		return true;
	switch (rs_kind_of(p, n)) {
	case RS_KIND_PLAIN:
		return false;
	case RS_KIND_TAR:
		return begins_tar(p) || rs_kind_else(p, n, false) == RS_KIND_ZLIB;
	case RS_KIND_GZIP:
		return p[2] == 8 && p[3] < 0x20;
	case RS_KIND_ZIP:
	case RS_KIND_SEALED:
	case RS_KIND_TNEF:
	case RS_KIND_CMS:
	case RS_KIND_AR:
	case RS_KIND_ZLIB:
		return true;
	case RS_KIND_PACKED:
	case RS_KIND_DEFLATED:
		break;
	}
	return p[0] != 0x1f || (p[2] & 0x60) == 0;
}

void rs_text_member_begin(struct rs_text *t, const char *layer, uint64_t at, uint64_t seen_at, uint32_t in, uint32_t out, bool file)
{
	const struct rs_member m = { .name = t->name, .name_len = t->name_len, .charset = "", .layer = layer, .type = t->type,
				     .size = RS_UNWRAP_SIZE_UNKNOWN, .at = at, .in = in, .out = out, .seen_at = seen_at, .file = file };
	t->u.made = t->u.last_at = 0;
	rs_text_known(t, at);
	t->u.ops->member_begin(t->u.arg, &m);
	t->member = true;
	t->proving = false;
	t->nhold = 0;
}

void rs_text_known(struct rs_text *t, uint64_t at)
{
	t->u.known = t->u.made;
	t->u.known_at = at;
}

void rs_text_member_data(struct rs_text *t, const uint8_t *p, size_t n)
{
	if (!n)
		return;
	t->u.ops->member_data(t->u.arg, p, n);
	t->u.made += n;
}

void rs_text_member_end(struct rs_text *t, uint32_t flags)
{
	if (t->member)
		t->u.ops->member_end(t->u.arg, flags);
	t->member = false;
	t->name_len = 0;
	t->type[0] = 0;
}

/* Whether escaped characters may stand before the run that was seen, of which p[at] is the next byte. */
static bool may_be_escaped_before(const uint8_t *back, size_t nback, const uint8_t *p, size_t at)
{
	if (at + nback <= RS_SPOT_RUN_MIN)
		return false;
	const uint8_t b = at > RS_SPOT_RUN_MIN ? p[at - RS_SPOT_RUN_MIN - 1] : back[nback + at - RS_SPOT_RUN_MIN - 1];
	return b == '\\' || b == '#' || b == ';' || b == '}';
}

/* A run was seen, of which p[at] is the next byte: where it ends, if it is too short, or is told to be idle, with nothing behind it that
 * may join it to another; n: it may yet be one, or it is not to be told from p alone. */
static size_t end_of_none(const struct rs_unwrap_ops *ops, void *arg, const uint8_t *p, size_t at, size_t n)
{
	enum { ENOUGH = 24 }; /* for rs_spot_resume, of the words that a line may begin with */
	const size_t most = RS_TEXT_HOLD - RS_SPOT_RUN_MIN, here = n - at, run = rs_spot_run(p + at, here < most ? here : most);
	const size_t end = at + run;
	if (run == here || run == most || end < ENOUGH || rs_text_may_join(p[end - 1], p + end, n - end))
		return n;
	if (run < RS_TEXT_RUN_LEAST - RS_SPOT_RUN_MIN)
		return end;
	if (at < RS_SPOT_RUN_MIN || !rs_text_run_is_idle(ops, arg, p + at - RS_SPOT_RUN_MIN, run + RS_SPOT_RUN_MIN))
		return n;
	return end;
}

size_t rs_text_look(struct rs_spot *s, const struct rs_unwrap_ops *ops, void *arg, const uint8_t *back, size_t nback, const uint8_t *p,
		    size_t n, size_t quiet, enum rs_spotted *what)
{
	size_t i = rs_spot_look(s, back, nback, p, n, quiet, what);
	while (*what == RS_SPOT_RUN && !may_be_escaped_before(back, nback, p, i)) {
		const size_t end = end_of_none(ops, arg, p, i, n);
		if (end == n)
			break;
		const uint8_t *behind = p + end - (end < RS_SPOT_BACK ? end : RS_SPOT_BACK);
		rs_spot_behind(s, behind, (size_t)(p + end - behind));
		i = end + rs_spot_look(s, behind, (size_t)(p + end - behind), p + end, n - end, 0, what);
	}
	return i;
}

/* `n` bytes at p are read once more, before those that already are to be. */
static void again(struct rs_text *t, const uint8_t *p, size_t n)
{
	memmove(t->again + n, t->again, t->nagain);
	memcpy(t->again, p, n);
	t->nagain = (uint16_t)(t->nagain + n);
	t->u.pos -= n;
}

static void begin(struct rs_text *t, enum rs_spotted what)
{
	const bool escaped = what == RS_SPOT_ESCAPED;
	what = escaped ? RS_SPOT_RUN : what;
	memset(&t->m, 0, sizeof t->m);
	t->mode = (uint8_t)what;
	t->nhold = t->nline = t->name_len = 0;
	t->type[0] = 0;
	t->lost = false;
	t->proving = what != RS_SPOT_RUN;
	if (what == RS_SPOT_RUN) {
		/* It begins with the bytes by which it was seen, or with escaped ones before them. */
		const size_t n = t->nback;
		t->nback = (uint8_t)rs_text_gap_back(t->back, n, n - (escaped ? 2 : RS_SPOT_RUN_MIN));
		again(t, t->back + t->nback, n - t->nback);
	}
	memcpy(t->origin, t->back, t->nback);
	t->norigin = t->nback;
	modes[what]->begin(t);
}

/* Bytes of the mode were taken: they are known until it is certain that it is one. */
static void hold(struct rs_text *t, const uint8_t *p, size_t n)
{
	const size_t room = sizeof t->hold - t->nhold;
	t->lost |= n > room;
	n = n < room ? n : room;
	memcpy(t->hold + t->nhold, p, n);
	t->nhold = (uint16_t)(t->nhold + n);
}

void rs_text_mark(struct rs_text *t)
{
	memcpy(t->origin, t->back, t->nback);
	t->norigin = t->nback;
}

void rs_text_give_back(struct rs_text *t, size_t from, size_t n)
{
	t->give_from = (uint8_t)from;
	t->give = (uint8_t)n;
}

static void give_back(struct rs_text *t)
{
	memcpy(t->back, t->origin, t->norigin);
	t->nback = (uint8_t)rs_tail_keep(t->back, sizeof t->back, t->norigin, t->line, t->give_from);
	again(t, t->line + t->give_from, t->give);
	t->give = 0;
}

static void stop(struct rs_text *t)
{
	t->mode = RS_SPOT_NOTHING;
	t->proving = false;
	if (t->act == RS_TEXT_NONE) {
		/* So long a beginning is no prose. */
		if (t->lost)
			t->u.flags |= RS_UNWRAP_LIMIT;
		memcpy(t->back, t->origin, t->norigin);
		t->nback = t->norigin;
		again(t, t->hold, t->nhold);
	}
	t->nhold = 0;
	t->ended = t->u.pos;
	rs_spot_resume(&t->spot, t->back, t->nback);
}

/* Takes some of the n bytes that come next, n > 0. */
static size_t take(struct rs_text *t, const uint8_t *p, size_t n)
{
	enum rs_spotted what = RS_SPOT_NOTHING;
	const bool proving = t->proving;
	size_t k;
	t->act = RS_TEXT_GO;
	if (t->mode == RS_SPOT_NOTHING)
		k = rs_text_look(&t->spot, t->u.ops, t->u.arg, t->back, t->nback, p, n, 0, &what);
	else if (t->mode == RS_SPOT_YENC && !t->proving)
		k = rs_text_yenc_beside(t, p, n, &what);
	else
		k = modes[t->mode]->feed(t, p, n);
	if (proving && t->mode != RS_SPOT_NOTHING && (t->proving || t->act == RS_TEXT_NONE))
		hold(t, p, k);
	t->nback = (uint8_t)rs_tail_keep(t->back, sizeof t->back, t->nback, p, k);
	t->u.pos += k;
	if (p == t->again) {
		t->nagain = (uint16_t)(t->nagain - k);
		memmove(t->again, t->again + k, t->nagain);
	}
	if (t->give)
		give_back(t);
	/* What is seen behind escapes may be none itself: there the run ended, and was read. */
	if (what == RS_SPOT_ESCAPED && t->u.pos - t->ended <= 2)
		what = RS_SPOT_NOTHING;
	if (what)
		begin(t, what);
	else if (t->act != RS_TEXT_GO)
		stop(t);
	else if (proving && !t->proving)
		rs_spot_behind(&t->spot, t->back, t->nback);
	return k;
}

static void read_again(struct rs_text *t)
{
	while (t->nagain)
		take(t, t->again, t->nagain);
}

static void text_init(void *state, const struct rs_unwrap_ops *ops, void *arg)
{
	struct rs_text *t = state;
	memset(t, 0, sizeof *t);
	t->u.ops = ops;
	t->u.arg = arg;
	rs_spot_init(&t->spot);
}

void rs_text_start(struct rs_text *t, const struct rs_unwrap_ops *ops, void *arg, const uint8_t *back, size_t nback, uint64_t pos,
                   enum rs_spotted what)
{
	/* What is behind the counts of bytes is written before it is read. */
	memset(t, 0, offsetof(struct rs_text, back));
	t->u.ops = ops;
	t->u.arg = arg;
	t->u.pos = pos;
	memcpy(t->back, back, nback);
	t->nback = (uint8_t)nback;
	begin(t, what);
	read_again(t);
}

bool rs_text_is_idle(const struct rs_text *t)
{
	return t->mode == RS_SPOT_NOTHING;
}

static void text_feed(void *state, const uint8_t *p, size_t n)
{
	struct rs_text *t = state;
	t->u.ops->outer(t->u.arg, p, n);
	while (n > 0) {
		const size_t k = take(t, p, n);
		p += k;
		n -= k;
		read_again(t);
	}
}

static void end(struct rs_text *t)
{
	while (t->mode != RS_SPOT_NOTHING) {
		t->act = RS_TEXT_DONE;
		modes[t->mode]->end(t);
		if (t->give)
			give_back(t);
		stop(t);
		read_again(t);
	}
	t->nback = 0;
	rs_spot_resume(&t->spot, NULL, 0);
}

/* What is behind missing bytes begins anew. */
static void text_gap(void *state, uint64_t n)
{
	struct rs_text *t = state;
	if (t->mode == RS_SPOT_RUN)
		rs_text_run_settle(t);
	if (t->member)
		rs_text_member_end(t, RS_UNWRAP_GAP | RS_UNWRAP_CUT);
	end(t);
	t->u.ops->missing(t->u.arg, n, false);
	t->u.pos += n;
}

static uint32_t text_end(void *state)
{
	struct rs_text *t = state;
	end(t);
	return t->u.flags;
}

const struct rs_unwrap_reader rs_text_reader = { text_init, text_feed, text_gap, text_end, NULL };
