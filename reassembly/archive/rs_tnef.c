/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_tnef.h"

#include <stdio.h>
#include <string.h>

enum step {
	/* Collected: so many bytes, then looked at. */
	SIGNATURE,
	ATTRIBUTE,
	CODE_PAGE,
	SUM,
	COUNT, /* of properties */
	TAG,
	NAMED, /* a property's name: by number, or how long it is */
	VALUES, /* how many */
	LENGTH,
	INTERFACE, /* of an object */
	/* Goes by. */
	REST, /* of the attribute */
	SKIP, /* a value */
	MEMBER,
	NAME,
	NAMED_TEXT,
	PAD,
};

enum { LEVEL_MESSAGE = 1, LEVEL_ATTACHMENT = 2 };
enum { ATT_BODY = 0x0002800c, ATT_TITLE = 0x00018010, ATT_DATA = 0x0006800f, ATT_TRANSPORT_NAME = 0x00069001, ATT_REND_DATA = 0x00069002,
       ATT_PROPERTIES = 0x00069003, ATT_ATTACHMENT = 0x00069005, ATT_CODE_PAGE = 0x00069007 };
enum { TYPE_I2 = 2, TYPE_BOOL = 11, TYPE_OBJECT = 13, TYPE_UNICODE = 0x1f, TYPE_CLSID = 0x48, TYPE_MULTIPLE = 0x1000 };
enum { PR_BODY = 0x1000, PR_RTF_COMPRESSED = 0x1009, PR_HTML = 0x1013, PR_ATTACH_DATA = 0x3701, PR_ATTACH_FILENAME = 0x3704,
       PR_ATTACH_LONG_FILENAME = 0x3707, PR_NAMED = 0x8000 };

static uint32_t le16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | le16(p + 2) << 16;
}

static void collect(struct rs_tnef *t, enum step step, uint8_t n)
{
	t->step = (uint8_t)step;
	t->need = n;
	t->have = 0;
}

static void pass(struct rs_tnef *t, enum step step, uint64_t n)
{
	t->step = (uint8_t)step;
	t->left = n;
}

static void member_end(struct rs_tnef *t, uint32_t flags)
{
	if (t->member)
		t->u.ops->member_end(t->u.arg, flags | (t->gap ? RS_UNWRAP_GAP : 0));
	t->member = t->attachment = t->gap = false;
}

static struct rs_member member_of(const struct rs_tnef *t, const char *layer, uint64_t size)
{
	return (struct rs_member){ .name = t->name, .name_len = t->name_len, .charset = t->wide ? "utf-16le" : t->charset, .layer = layer,
				   .type = "", .size = size, .at = t->u.pos, .file = true };
}

static void member_begin(struct rs_tnef *t, const char *layer, bool attachment, uint64_t size)
{
	member_end(t, 0);
	t->name_len = attachment ? t->name_len : 0;
	const struct rs_member m = member_of(t, layer, size);
	t->u.made = 0;
	t->member = true;
	t->attachment = attachment;
	t->u.ops->member_begin(t->u.arg, &m);
	t->name_len = 0;
	pass(t, MEMBER, size);
}

static void name_begin(struct rs_tnef *t, bool wide, uint64_t n)
{
	t->wide = wide;
	t->name_len = 0;
	pass(t, NAME, n);
}

/* Some write a NUL behind it, others do not; and it may be of white space alone. */
static void name_done(struct rs_tnef *t)
{
	const unsigned unit = t->wide ? 2 : 1;
	size_t n = 0;
	while (n + unit <= t->name_len && (t->name[n] || (t->wide && t->name[n + 1])))
		n += unit;
	t->name_len = (uint16_t)n;
	if (!n || !t->attachment)
		return;
	const struct rs_member m = member_of(t, "attachment", RS_UNWRAP_SIZE_UNKNOWN);
	if (t->u.ops->member_name)
		t->u.ops->member_name(t->u.arg, &m);
	t->name_len = 0;
}

/* number 0: none. */
static void set_charset(struct rs_tnef *t, const char *name, uint32_t number)
{
	char digits[10];
	size_t n = strlen(name), k = 0;
	memcpy(t->charset, name, n);
	for (; number; number /= 10)
		digits[k++] = (char)('0' + number % 10);
	while (k)
		t->charset[n++] = digits[--k];
	t->charset[n] = 0;
}

static void code_page(struct rs_tnef *t)
{
	const uint32_t page = le32(t->collected);
	if (page == 65001)
		set_charset(t, "utf-8", 0);
	else if (page >= 1250 && page <= 1258)
		set_charset(t, "windows-", page);
	else if (page < 10000)
		set_charset(t, "cp", page);
}

/* An attribute. */

static void attribute_end(struct rs_tnef *t)
{
	t->in_data = false;
	collect(t, SUM, 2);
}

/* An attribute as it is called here. There are readers that go by its number alone, and others that want its type to be right. */
static uint32_t known(struct rs_tnef *t)
{
	static const uint32_t attributes[] = { ATT_BODY,	ATT_TITLE,	ATT_DATA,	ATT_TRANSPORT_NAME,
					       ATT_REND_DATA,	ATT_PROPERTIES, ATT_ATTACHMENT, ATT_CODE_PAGE };
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
		if ((attributes[i] & 0xffff) != (t->attribute & 0xffff))
			continue;
		t->u.flags |= attributes[i] == t->attribute ? 0 : RS_UNWRAP_ODD;
		return attributes[i];
	}
	return t->attribute;
}

static void data_begin(struct rs_tnef *t)
{
	const uint32_t n = t->attribute_left;
	t->attribute = known(t);
	switch (t->attribute) {
	case ATT_BODY:
		member_begin(t, "body", false, n);
		break;
	case ATT_DATA:
		member_begin(t, "attachment", true, n);
		break;
	case ATT_TITLE:
	case ATT_TRANSPORT_NAME:
		name_begin(t, false, n);
		break;
	case ATT_CODE_PAGE:
		if (n >= 4)
			collect(t, CODE_PAGE, 4);
		else
			pass(t, REST, n);
		break;
	case ATT_PROPERTIES:
	case ATT_ATTACHMENT:
		collect(t, COUNT, 4);
		break;
	case ATT_REND_DATA: /* an attachment begins */
		member_end(t, 0);
		t->name_len = 0;
		pass(t, REST, n);
		break;
	default:
		pass(t, REST, n);
		break;
	}
}

static void attribute(struct rs_tnef *t)
{
	const uint8_t *p = t->collected;
	if (p[0] != LEVEL_MESSAGE && p[0] != LEVEL_ATTACHMENT) {
		t->u.flags |= RS_UNWRAP_WRONG;
		return;
	}
	t->attribute = le32(p + 1);
	t->attribute_left = le32(p + 5);
	t->sum = 0;
	t->unsure = false;
	t->in_data = true;
	data_begin(t);
}

static void sum(struct rs_tnef *t)
{
	if (le16(t->collected) != t->sum && !t->unsure)
		t->u.flags |= RS_UNWRAP_ODD;
	collect(t, ATTRIBUTE, 9);
}

/* A list of properties (2.1.3.4). */

static void property_next(struct rs_tnef *t)
{
	if (t->properties-- > 0)
		collect(t, TAG, 4);
	else
		pass(t, REST, t->attribute_left);
}

/* Of a type whose values have one size; 0: each says its length. */
static unsigned size_of(uint32_t type)
{
	switch (type) {
	case TYPE_I2:
	case 3:
	case 4:
	case 10:
	case TYPE_BOOL:
		return 4;
	case 5:
	case 6:
	case 7:
	case 0x14:
	case 0x40:
		return 8;
	case TYPE_CLSID:
		return 16;
	default:
		return 0;
	}
}

static void value_begin(struct rs_tnef *t)
{
	const uint32_t type = t->tag & 0xffff;
	const unsigned size = size_of(type & ~(uint32_t)TYPE_MULTIPLE);
	t->pad = 0;
	if (type & TYPE_MULTIPLE || !size)
		collect(t, VALUES, 4);
	else
		pass(t, SKIP, size);
	t->values = 0;
}

static void value_next(struct rs_tnef *t)
{
	const unsigned size = size_of(t->tag & 0xffff & ~(uint32_t)TYPE_MULTIPLE);
	if (t->values == 0) {
		property_next(t);
	} else if (size) {
		const uint64_t all = (uint64_t)t->values * size;
		t->values = 0;
		pass(t, SKIP, all);
	} else {
		t->values--;
		collect(t, LENGTH, 4);
	}
}

static void tag(struct rs_tnef *t)
{
	/* The type comes first. */
	t->tag = le16(t->collected + 2) << 16 | le16(t->collected);
	if (t->tag >> 16 >= PR_NAMED)
		collect(t, NAMED, 24);
	else
		value_begin(t);
}

/* Its GUID, whether it has a number or a text, and the number or the text's length. */
static void named(struct rs_tnef *t)
{
	const uint32_t n = le32(t->collected + 20);
	if (le32(t->collected + 16))
		pass(t, NAMED_TEXT, ((uint64_t)n + 3) & ~UINT64_C(3));
	else
		value_begin(t);
}

static void value(struct rs_tnef *t, uint32_t n)
{
	const bool of_attachment = t->attribute == ATT_ATTACHMENT;
	t->pad = (uint8_t)(-n & 3);
	switch (t->tag >> 16) {
	case PR_BODY:
		member_begin(t, "body", false, n);
		break;
	case PR_HTML:
		member_begin(t, "body-html", false, n);
		break;
	case PR_RTF_COMPRESSED:
		member_begin(t, "body-rtf", false, n);
		break;
	case PR_ATTACH_DATA:
		member_begin(t, "attachment", true, n);
		break;
	case PR_ATTACH_FILENAME:
	case PR_ATTACH_LONG_FILENAME:
		if (of_attachment) {
			name_begin(t, (t->tag & 0xffff) == TYPE_UNICODE, n);
			break;
		}
		/* fallthrough */
	default:
		pass(t, SKIP, n);
		break;
	}
}

static void length(struct rs_tnef *t)
{
	const uint32_t n = le32(t->collected);
	if (t->tag >> 16 == PR_ATTACH_DATA && (t->tag & 0xffff) == TYPE_OBJECT && n >= 16) {
		t->left = n;
		collect(t, INTERFACE, 16);
	} else {
		value(t, n);
	}
}

/* What was collected is whole. */
static void collected(struct rs_tnef *t)
{
	switch ((enum step)t->step) {
	case SIGNATURE:
		if (le32(t->collected) != 0x223e9f78)
			t->u.flags |= RS_UNWRAP_NOT;
		collect(t, ATTRIBUTE, 9);
		break;
	case ATTRIBUTE:
		attribute(t);
		break;
	case CODE_PAGE:
		code_page(t);
		pass(t, REST, t->attribute_left);
		break;
	case SUM:
		sum(t);
		break;
	case COUNT:
		t->properties = le32(t->collected);
		property_next(t);
		break;
	case TAG:
		tag(t);
		break;
	case NAMED:
		named(t);
		break;
	case VALUES:
		t->values = le32(t->collected);
		value_next(t);
		break;
	case LENGTH:
		length(t);
		break;
	case INTERFACE: {
		const uint32_t n = (uint32_t)t->left;
		value(t, n - 16);
		t->pad = (uint8_t)(-n & 3);
		break;
	}
	default:
		break;
	}
}

/* What went by is whole. */
static void passed(struct rs_tnef *t)
{
	const bool listed = t->attribute == ATT_PROPERTIES || t->attribute == ATT_ATTACHMENT;
	if (t->step == MEMBER && !t->attachment)
		member_end(t, 0);
	else if (t->step == NAME)
		name_done(t);
	if (t->step == REST || !listed) {
		attribute_end(t);
	} else if (t->step == NAMED_TEXT) {
		value_begin(t);
	} else if (t->pad) {
		pass(t, PAD, t->pad);
		t->pad = 0;
	} else {
		value_next(t);
	}
}

/* The attribute's data ends within its list of properties. */
static void cut_short(struct rs_tnef *t)
{
	t->u.flags |= t->unsure ? 0 : RS_UNWRAP_ODD;
	if (t->step == MEMBER)
		member_end(t, RS_UNWRAP_CUT);
	else if (t->step == NAME)
		name_done(t);
	attribute_end(t);
}

static bool is_collecting(const struct rs_tnef *t)
{
	return t->step < REST;
}

static bool is_off(const struct rs_tnef *t)
{
	return t->torn || t->u.flags & (RS_UNWRAP_NOT | RS_UNWRAP_WRONG);
}

/* What is whole is looked at, up to what wants more bytes. */
static void advance(struct rs_tnef *t)
{
	while (!is_off(t)) {
		if (is_collecting(t) && t->have == t->need)
			collected(t);
		else if (!is_collecting(t) && t->left == 0)
			passed(t);
		else if (t->in_data && t->attribute_left == 0)
			cut_short(t);
		else
			return;
	}
}

static void take(struct rs_tnef *t, const uint8_t *p, size_t n)
{
	if (t->step == MEMBER) {
		t->u.ops->member_data(t->u.arg, p, n);
		t->u.made += n;
	} else {
		t->u.ops->outer(t->u.arg, p, n);
	}
	t->u.pos += n;
	if (is_collecting(t)) {
		memcpy(t->collected + t->have, p, n);
		t->have = (uint8_t)(t->have + n);
	} else {
		t->left -= n;
	}
	if (t->step == NAME) {
		const size_t room = RS_TNEF_NAME_MAX - t->name_len, k = n < room ? n : room;
		memcpy(t->name + t->name_len, p, k);
		t->name_len = (uint16_t)(t->name_len + k);
	}
	if (!t->in_data)
		return;
	t->attribute_left -= (uint32_t)n;
	for (size_t i = 0; i < n; i++)
		t->sum = (uint16_t)(t->sum + p[i]);
}

/* How many of n bytes the step takes. */
static size_t most(const struct rs_tnef *t, uint64_t n)
{
	const uint64_t want = is_collecting(t) ? (uint64_t)t->need - t->have : t->left;
	n = n < want ? n : want;
	return t->in_data && n > t->attribute_left ? t->attribute_left : n;
}

static void tnef_init(void *state, const struct rs_unwrap_ops *ops, void *arg)
{
	struct rs_tnef *t = state;
	memset(t, 0, sizeof *t);
	t->u.ops = ops;
	t->u.arg = arg;
	collect(t, SIGNATURE, 6);
}

static void tnef_feed(void *state, const uint8_t *p, size_t n)
{
	struct rs_tnef *t = state;
	while (n > 0 && !is_off(t)) {
		const size_t k = most(t, n);
		take(t, p, k);
		p += k;
		n -= k;
		advance(t);
	}
	if (n > 0) {
		t->u.ops->outer(t->u.arg, p, n);
		t->u.pos += n;
	}
}

static void miss(struct rs_tnef *t, uint64_t n)
{
	const bool of_member = t->step == MEMBER;
	t->u.ops->missing(t->u.arg, n, of_member);
	t->gap |= of_member;
	t->u.made += of_member ? n : 0;
	t->u.pos += n;
	t->unsure = true;
	t->attribute_left -= t->in_data ? (uint32_t)n : 0;
	if (!is_collecting(t))
		t->left -= n;
	else if (t->in_data)
		pass(t, REST, t->attribute_left); /* lengths are missing */
	else if (t->step == SUM)
		t->have = (uint8_t)(t->have + n);
}

/* An attribute says how long it is: what is behind its data is found again. */
static void tnef_gap(void *state, uint64_t n)
{
	struct rs_tnef *t = state;
	while (n > 0 && !is_off(t) && (t->in_data || t->step == SUM)) {
		const size_t k = is_collecting(t) && t->in_data ? (n < t->attribute_left ? (size_t)n : t->attribute_left) : most(t, n);
		miss(t, k);
		n -= k;
		advance(t);
	}
	if (n == 0)
		return;
	t->u.ops->missing(t->u.arg, n, false);
	t->u.pos += n;
	t->torn = true;
}

static uint32_t tnef_end(void *state)
{
	struct rs_tnef *t = state;
	const bool within = t->step == MEMBER && t->left;
	if (!is_off(t) && (t->in_data || t->step == SIGNATURE || t->step == SUM || t->have))
		t->u.flags |= RS_UNWRAP_CUT;
	if (t->step == SIGNATURE)
		t->u.flags |= RS_UNWRAP_NOT;
	t->u.flags |= t->torn ? RS_UNWRAP_CUT : 0;
	member_end(t, within ? RS_UNWRAP_CUT : 0);
	return t->u.flags;
}

const struct rs_unwrap_reader rs_tnef_reader = { tnef_init, tnef_feed, tnef_gap, tnef_end, NULL };
