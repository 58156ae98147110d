/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_ar.h"

#include <string.h>

/* Fields of a header: where they stand, how long they are. */
enum { NAME_LEN = 16, SIZE = 48, SIZE_LEN = 10, END = 58 };

static const char mark[] = "!<arch>\n", end_mark[] = "`\n", bsd[] = "#1/";
#define MARK_LEN (sizeof mark - 1)
#define BSD_LEN (sizeof bsd - 1)

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\n' || b == '\r' || b == 0;
}

/* A decimal number with blanks around it. False: it is none. */
static bool number_of(const uint8_t *p, size_t n, uint64_t *value)
{
	size_t i = 0, from;
	while (i < n && p[i] == ' ')
		i++;
	*value = 0;
	for (from = i; i < n && p[i] >= '0' && p[i] <= '9'; i++)
		*value = *value * 10 + (uint64_t)(p[i] - '0');
	const bool digits = i > from;
	while (i < n && is_blank(p[i]))
		i++;
	return digits && i == n;
}

static void await_header(struct rs_ar *a)
{
	a->state = RS_AR_MEMBER;
	a->odd = a->uneven;
	a->have = 0;
}

static void wrong(struct rs_ar *a)
{
	a->u.flags |= RS_UNWRAP_WRONG;
	a->state = RS_AR_REST;
}

static void member_end(struct rs_ar *a, uint32_t flags)
{
	if (a->member)
		a->u.ops->member_end(a->u.arg, flags | (a->gap ? RS_UNWRAP_GAP : 0));
	a->member = a->gap = false;
}

static void member_begin(struct rs_ar *a)
{
	const struct rs_member m = { .name = a->name, .name_len = a->name_len, .charset = "", .layer = "ar", .type = "", .size = a->size,
				     .at = a->u.pos, .file = true };
	a->u.made = 0;
	a->u.ops->member_begin(a->u.arg, &m);
	a->member = true;
	a->left = a->size;
	a->state = RS_AR_DATA;
}

static void name_put(struct rs_ar *a, const uint8_t *p, size_t n)
{
	const size_t room = RS_AR_NAME_MAX - a->name_len;
	n = n < room ? n : room;
	memcpy(a->name + a->name_len, p, n);
	a->name_len = (uint16_t)(a->name_len + n);
}

/* The name at this offset of the table, as far as that is kept. False: it is not. */
static bool name_from_table(struct rs_ar *a, uint64_t at)
{
	if (at >= a->table_said) {
		a->u.flags |= RS_UNWRAP_ODD;
		return false;
	}
	size_t end = at < a->table_len ? (size_t)at : a->table_len;
	while (end < a->table_len && a->table[end] != '\n' && a->table[end])
		end++;
	if (end == a->table_len && end < a->table_said) {
		a->u.flags |= RS_UNWRAP_LIMIT;
		return false;
	}
	const size_t n = end - (size_t)at;
	name_put(a, a->table + at, n && a->table[end - 1] == '/' ? n - 1 : n);
	return true;
}

/* The name that stands in the header, and that of GNU's table. */
static void name_header(struct rs_ar *a)
{
	size_t n = NAME_LEN;
	uint64_t at;
	while (n && is_blank(a->head[n - 1]))
		n--;
	a->name_len = 0;
	if (n > 1 && a->head[0] == '/' && number_of(a->head + 1, n - 1, &at) && name_from_table(a, at))
		return;
	name_put(a, a->head, n > 1 && a->head[n - 1] == '/' && a->head[0] != '/' ? n - 1 : n);
}

static bool is_named(const struct rs_ar *a, const char *name)
{
	const size_t n = strlen(name);
	return memcmp(a->head, name, n) == 0 && is_blank(a->head[n]);
}

static void header(struct rs_ar *a)
{
	uint64_t n;
	if (!number_of(a->head + SIZE, SIZE_LEN, &a->size)) {
		wrong(a);
		return;
	}
	a->uneven = a->size & 1;
	if (is_named(a, "//") || is_named(a, "ARFILENAMES/")) {
		a->table_said = a->left = a->size;
		a->table_len = 0;
		a->state = RS_AR_LONG_NAMES;
	} else if (memcmp(a->head, bsd, BSD_LEN) == 0 && number_of(a->head + BSD_LEN, NAME_LEN - BSD_LEN, &n) && n <= a->size) {
		a->left = n;
		a->size -= n;
		a->name_len = 0;
		a->state = RS_AR_NAME;
	} else {
		name_header(a);
		member_begin(a);
	}
}

/* What was being read has all its bytes. */
static void done(struct rs_ar *a)
{
	switch ((enum rs_ar_state)a->state) {
	case RS_AR_NAME:
		while (a->name_len && is_blank(a->name[a->name_len - 1]))
			a->name_len--;
		member_begin(a);
		break;
	case RS_AR_LONG_NAMES:
		await_header(a);
		break;
	case RS_AR_DATA:
		member_end(a, 0);
		await_header(a);
		break;
	default:
		break;
	}
}

static bool is_header(const struct rs_ar *a)
{
	return memcmp(a->head + END, end_mark, sizeof end_mark - 1) == 0;
}

/* So much of a header: only what some put behind the last member. */
static bool is_filling(const struct rs_ar *a)
{
	for (size_t i = 0; i < a->have; i++)
		if (!is_blank(a->head[i]))
			return false;
	return true;
}

static void header_byte(struct rs_ar *a, uint8_t b)
{
	if (a->odd && a->have == 0 && b == '\n') {
		a->odd = false;
		return;
	}
	a->head[a->have++] = b;
	if (a->have < RS_AR_HEADER)
		return;
	if (is_header(a)) {
		a->u.flags |= a->odd ? RS_UNWRAP_ODD : 0;
		header(a);
	} else if (a->odd) {
		/* The byte that is due is another one than usual. */
		memmove(a->head, a->head + 1, --a->have);
		a->odd = false;
	} else if (is_filling(a)) {
		a->have = 0;
	} else {
		wrong(a);
	}
}

static void mark_byte(struct rs_ar *a, uint8_t b)
{
	if (b != (uint8_t)mark[a->have++]) {
		a->u.flags |= RS_UNWRAP_NOT;
		a->state = RS_AR_REST;
	} else if (a->have == MARK_LEN) {
		await_header(a);
	}
}

static bool is_counted(const struct rs_ar *a)
{
	return a->state == RS_AR_NAME || a->state == RS_AR_LONG_NAMES || a->state == RS_AR_DATA;
}

/* What has no bytes to come is done. */
static void settle(struct rs_ar *a)
{
	while (is_counted(a) && a->left == 0)
		done(a);
}

static void table_put(struct rs_ar *a, const uint8_t *p, size_t n)
{
	const size_t room = RS_AR_TABLE - a->table_len;
	n = n < room ? n : room;
	memcpy(a->table + a->table_len, p, n);
	a->table_len = (uint16_t)(a->table_len + n);
}

/* Some of n bytes, n > 0: returns how many. Only data is a member's. */
static size_t take(struct rs_ar *a, const uint8_t *p, size_t n)
{
	const size_t k = !is_counted(a) ? 1 : a->left < n ? (size_t)a->left : n;
	if (a->state == RS_AR_DATA) {
		a->u.ops->member_data(a->u.arg, p, k);
		a->u.made += k;
	} else {
		a->u.ops->outer(a->u.arg, p, k);
	}
	a->u.pos += k;
	a->left -= is_counted(a) ? k : 0;
	switch ((enum rs_ar_state)a->state) {
	case RS_AR_MARK:
		mark_byte(a, *p);
		break;
	case RS_AR_MEMBER:
		header_byte(a, *p);
		break;
	case RS_AR_NAME:
		name_put(a, p, k);
		break;
	case RS_AR_LONG_NAMES:
		table_put(a, p, k);
		break;
	case RS_AR_DATA:
	case RS_AR_REST:
		break;
	}
	settle(a);
	return k;
}

static void ar_init(void *state, const struct rs_unwrap_ops *ops, void *arg)
{
	struct rs_ar *a = state;
	memset(a, 0, offsetof(struct rs_ar, head));
	a->u.ops = ops;
	a->u.arg = arg;
}

static void ar_feed(void *state, const uint8_t *p, size_t n)
{
	struct rs_ar *a = state;
	while (n > 0 && a->state != RS_AR_REST) {
		const size_t k = take(a, p, n);
		p += k;
		n -= k;
	}
	if (n == 0)
		return;
	a->u.ops->outer(a->u.arg, p, n);
	a->u.pos += n;
}

/* Of what is counted it is known where it ends. What was missing of a name or of the table is no part of any name. */
static void ar_gap(void *state, uint64_t n)
{
	struct rs_ar *a = state;
	while (n > 0 && is_counted(a)) {
		const uint64_t k = a->left < n ? a->left : n;
		const bool data = a->state == RS_AR_DATA;
		a->u.ops->missing(a->u.arg, k, data);
		a->gap |= data;
		a->u.made += data ? k : 0;
		a->u.pos += k;
		a->left -= k;
		n -= k;
		if (a->state == RS_AR_LONG_NAMES)
			a->table_said = a->table_len;
		settle(a);
	}
	if (!n)
		return;
	a->u.ops->missing(a->u.arg, n, false);
	a->u.pos += n;
	if (a->state == RS_AR_MEMBER && a->odd && a->have == 0 && n == 1)
		a->odd = false;
	else
		a->state = RS_AR_REST;
}

static uint32_t ar_end(void *state)
{
	struct rs_ar *a = state;
	if (a->state == RS_AR_MARK)
		a->u.flags |= RS_UNWRAP_NOT;
	else if (is_counted(a) || (a->state == RS_AR_MEMBER && !is_filling(a)))
		a->u.flags |= RS_UNWRAP_CUT;
	member_end(a, RS_UNWRAP_CUT);
	return a->u.flags;
}

const struct rs_unwrap_reader rs_ar_reader = { ar_init, ar_feed, ar_gap, ar_end, NULL };
