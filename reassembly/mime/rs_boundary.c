/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/mime/rs_boundary.h"

#include <assert.h>
#include <string.h>

static const uint8_t *text_of(const struct rs_boundary *b)
{
	return b->block ? b->block : b->own;
}

static uint8_t *text_to(struct rs_boundary *b)
{
	return b->block ? b->block : b->own;
}

static size_t size_of_all(const struct rs_boundary *b)
{
	return b->levels ? b->end[b->levels - 1] : 0;
}

static size_t level_begin(const struct rs_boundary *b, unsigned level)
{
	return level ? b->end[level - 1] : 0;
}

static size_t level_size(const struct rs_boundary *b, unsigned level)
{
	return b->end[level] - level_begin(b, level);
}

static bool is_padding(uint8_t c)
{
	return c == ' ' || c == '\t';
}

void rs_boundary_init(struct rs_boundary *b)
{
	b->block = NULL;
	b->open = b->closed = b->cut = b->alive = 0;
	b->levels = 0;
	rs_boundary_drop(b);
}

enum rs_boundary_room rs_boundary_push(struct rs_boundary *b, struct rs_pool *blocks, const uint8_t *text, size_t n)
{
	const size_t begin = size_of_all(b), keep = n < RS_BOUNDARY_ONE ? n : RS_BOUNDARY_ONE;
	if (b->levels == RS_BOUNDARY_LEVELS)
		return RS_BOUNDARY_LIMIT;
	if (!b->block && keep > RS_BOUNDARY_OWN - begin) {
		assert(blocks->object_size >= RS_BOUNDARY_TEXT);
		if (!(b->block = rs_pool_get(blocks)))
			return RS_BOUNDARY_STARVED;
		memcpy(b->block, b->own, begin);
	}
	uint16_t bit = (uint16_t)(1u << b->levels);
	if (text) {
		memcpy(text_to(b) + begin, text, keep);
		b->open |= bit;
	}
	if (keep < n)
		b->cut |= bit;
	b->end[b->levels++] = (uint16_t)(begin + keep);
	return RS_BOUNDARY_OK;
}

void rs_boundary_pop(struct rs_boundary *b, struct rs_pool *blocks, uint8_t levels)
{
	uint16_t kept = (uint16_t)((1u << levels) - 1);
	b->levels = levels;
	b->open &= kept;
	b->closed &= kept;
	b->cut &= kept;
	const size_t n = size_of_all(b);
	if (!b->block || n > RS_BOUNDARY_OWN)
		return;
	memcpy(b->own, b->block, n);
	rs_pool_put(blocks, b->block);
	b->block = NULL;
}

bool rs_boundary_copied(struct rs_boundary *b, struct rs_pool *blocks)
{
	if (!b->block)
		return true;
	const uint8_t *from = b->block;
	b->block = rs_pool_get(blocks);
	if (b->block) {
		memcpy(b->block, from, size_of_all(b));
		return true;
	}
	memset(b->end, 0, sizeof b->end);
	b->open = b->closed = b->cut = b->alive = b->fell = 0;
	b->alike = b->outside = b->decided = false;
	return false;
}

void rs_boundary_close(struct rs_boundary *b, uint8_t level)
{
	const uint16_t bit = (uint16_t)(1u << level);
	b->closed |= b->open & bit;
	b->open &= (uint16_t)~bit;
}

void rs_boundary_reopen(struct rs_boundary *b, uint8_t level)
{
	const uint16_t bit = (uint16_t)(1u << level);
	b->open |= b->closed & bit;
	b->closed &= (uint16_t)~bit;
}

void rs_boundary_drop(struct rs_boundary *b)
{
	b->held = 0;
	b->dashes = 0;
	b->fell = 0;
	b->alike = b->outside = false;
	b->decided = false;
}

/* Whether byte c may stand `at` bytes after the boundary; prev is the byte before it. */
static bool tail_goes_on(size_t at, uint8_t prev, uint8_t c)
{
	if (c == '-')
		return at == 0 || (at == 1 && prev == '-');
	/* A single dash is no end. */
	return (is_padding(c) || c == '\r') && (at == 0 || (at == 2 && prev == '-') || is_padding(prev));
}

/* The levels of `alive` that fit when c follows line[0..at). */
static uint16_t narrow(const struct rs_boundary *b, uint16_t alive, size_t at, uint8_t prev, uint8_t c)
{
	if (at < 2)
		return c == '-' ? alive : 0;
	for (uint16_t left = alive; left; left &= left - 1) {
		unsigned level = (unsigned)__builtin_ctz(left);
		size_t size = level_size(b, level), i = at - 2;
		bool fits;
		if (i < size)
			fits = c == text_of(b)[level_begin(b, level) + i];
		else
			fits = b->cut & 1u << level || tail_goes_on(i - size, prev, c);
		if (!fits)
			alive &= (uint16_t) ~(1u << level);
	}
	return alive;
}

/* Of these levels those whose whole boundary is in the n first bytes of a line that fits them so far. */
static uint16_t passed(const struct rs_boundary *b, uint16_t levels, size_t n)
{
	uint16_t all = 0;
	for (; levels; levels &= levels - 1) {
		unsigned level = (unsigned)__builtin_ctz(levels);
		if (n >= 2 + level_size(b, level))
			all |= (uint16_t)(1u << level);
	}
	return all;
}

bool rs_boundary_maybe(const struct rs_boundary *b, const uint8_t *p, size_t n)
{
	uint16_t alive = b->open | b->closed, fell = 0;
	for (size_t i = 0; i < n && i < RS_BOUNDARY_LINE && p[i] != '\n'; i++) {
		uint16_t left = narrow(b, alive, i, i ? p[i - 1] : 0, p[i]);
		if (left != alive)
			fell |= passed(b, alive & (uint16_t)~left & b->open, i);
		if (!left)
			return fell;
		alive = left;
	}
	return alive;
}

/* What the whole line is to one level. */
static enum rs_boundary_step judge_level(const struct rs_boundary *b, unsigned level)
{
	size_t size = 2 + level_size(b, level);
	if (b->held < size)
		return RS_BOUNDARY_NO;
	size_t tail = b->held - size;
	if (b->decided && b->cut & 1u << level)
		return b->dashes >= 2 ? RS_BOUNDARY_CLOSE : RS_BOUNDARY_PART;
	if (!tail || b->line[size] != '-')
		return RS_BOUNDARY_PART;
	/* What follows a dash can only be another one. */
	return tail > 1 ? RS_BOUNDARY_CLOSE : RS_BOUNDARY_NO;
}

/* Which of these levels the line is alike to. */
static void set_alike(struct rs_boundary *b, uint16_t levels, size_t held)
{
	b->alike = levels;
	b->ended = false;
	if (!levels)
		return;
	b->alike_level = (uint8_t)(31u - (unsigned)__builtin_clz(levels));
	const size_t size = 2 + level_size(b, b->alike_level);
	const bool final = held >= size + 2 && b->line[size] == '-' && b->line[size + 1] == '-';
	b->alike_step = final ? RS_BOUNDARY_CLOSE : RS_BOUNDARY_PART;
	b->ended = b->closed & 1u << b->alike_level;
}

/* Of these levels the outermost to which the line is a delimiter that is not final, or -1. */
static int outermost(const struct rs_boundary *b, uint16_t levels)
{
	for (; levels; levels &= levels - 1) {
		const int level = __builtin_ctz(levels);
		if (judge_level(b, (unsigned)level) == RS_BOUNDARY_PART)
			return level;
	}
	return -1;
}

/* What began with a whole boundary and went on, and a delimiter of what ended. */
static uint16_t alike_to(const struct rs_boundary *b)
{
	const int ended = outermost(b, b->alive & b->closed);
	return (uint16_t)(((b->fell | passed(b, b->alive, b->held)) & b->open) | (ended < 0 ? 0 : 1u << ended));
}

static enum rs_boundary_step judge(struct rs_boundary *b, uint8_t *level)
{
	for (uint16_t left = b->alive & b->open; left;) {
		unsigned l = 31u - (unsigned)__builtin_clz(left);
		enum rs_boundary_step s = judge_level(b, l);
		left &= (uint16_t) ~(1u << l);
		if (s != RS_BOUNDARY_NO) {
			const uint16_t inside = (uint16_t)((b->fell & b->open) >> l >> 1 << 1 << l);
			const int outside = s == RS_BOUNDARY_CLOSE ? outermost(b, left) : -1;
			const size_t held = b->held;
			*level = (uint8_t)l;
			rs_boundary_drop(b);
			set_alike(b, inside, held);
			b->outside = outside >= 0;
			b->outside_level = (uint8_t)(b->outside ? outside : 0);
			b->found = (uint16_t)held;
			return s;
		}
	}
	set_alike(b, alike_to(b), b->held);
	return RS_BOUNDARY_NO;
}

bool rs_boundary_same(const struct rs_boundary *a, const struct rs_boundary *b)
{
	const size_t n = size_of_all(a);
	return !a->held && !b->held && a->levels == b->levels && a->open == b->open && a->closed == b->closed && a->cut == b->cut &&
	       !memcmp(a->end, b->end, a->levels * sizeof *a->end) && !memcmp(text_of(a), text_of(b), n);
}

/* Whether no byte that may follow can make the line anything but a delimiter: a boundary that was
 * cut for comparison, or padding without end. */
static bool is_decided(const struct rs_boundary *b)
{
	if (b->held == RS_BOUNDARY_LINE)
		return true;
	return passed(b, b->alive & b->cut, b->held);
}

/* The rest of a decided line, which counts only for whether it ends in "--". */
static void read_rest(struct rs_boundary *b, uint8_t c)
{
	if (c == '-')
		b->dashes += b->dashes < 2;
	else if (!is_padding(c) && c != '\r')
		b->dashes = 0;
}

size_t rs_boundary_feed(struct rs_boundary *b, const uint8_t *p, size_t n, enum rs_boundary_step *step, uint8_t *level)
{
	*step = RS_BOUNDARY_MORE;
	if (!b->held) {
		b->alive = b->open | b->closed;
		b->alike = b->outside = false;
	}
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n') {
			*step = judge(b, level);
			if (*step != RS_BOUNDARY_NO)
				b->line[b->found++] = '\n';
			return i + (*step != RS_BOUNDARY_NO);
		}
		if (b->decided) {
			read_rest(b, p[i]);
			continue;
		}
		uint16_t alive = narrow(b, b->alive, b->held, b->held ? b->line[b->held - 1] : 0, p[i]);
		if (!alive) {
			set_alike(b, (b->fell | passed(b, b->alive, b->held)) & b->open, b->held);
			*step = RS_BOUNDARY_NO;
			return i;
		}
		if (alive != b->alive)
			b->fell |= passed(b, b->alive & (uint16_t)~alive, b->held);
		b->alive = alive;
		b->line[b->held++] = p[i];
		b->decided = is_decided(b);
	}
	return n;
}

enum rs_boundary_step rs_boundary_finish(struct rs_boundary *b, uint8_t *level)
{
	return judge(b, level);
}
