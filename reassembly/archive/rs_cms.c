/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_cms.h"

#include <string.h>

#define NO_END UINT64_MAX

enum { TAG_OCTETS = 0x04, TAG_OID = 0x06, TAG_SEQUENCE = 0x30, TAG_0 = 0xa0, FORM_CONSTRUCTED = 0x20, NUMBER_LONG = 0x1f };

enum step { TAG, TAG_LONG, LENGTH, LENGTH_LONG, VALUE };

/* What an element is, by where it stands. */
enum role {
	ROLE_OTHER,
	ROLE_INFO, /* ContentInfo: a type, and [0] */
	ROLE_INFO_TYPE,
	ROLE_INFO_CONTENT, /* [0] of it */
	ROLE_BODY, /* SignedData and its like: among others, an encapContentInfo */
	ROLE_INNER, /* that: a type, and [0]. So is an algorithm's identifier, which has no [0] */
	ROLE_INNER_TYPE,
	ROLE_INNER_CONTENT,
	ROLE_OCTETS, /* the content, or a piece of it */
};

enum type { TYPE_OTHER, TYPE_DATA, TYPE_HOLDS, TYPE_COMPRESSED, TYPE_ENCRYPTED };

#define PKCS 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01

static const struct {
	uint8_t oid[11], len;
	uint8_t type;
} types[] = {
	{ { PKCS, 7, 1 }, 9, TYPE_DATA },
	{ { PKCS, 7, 2 }, 9, TYPE_HOLDS }, /* signedData */
	{ { PKCS, 7, 3 }, 9, TYPE_ENCRYPTED }, /* envelopedData */
	{ { PKCS, 7, 4 }, 9, TYPE_ENCRYPTED }, /* signedAndEnvelopedData (PKCS #7 1.5) */
	{ { PKCS, 7, 5 }, 9, TYPE_HOLDS }, /* digestedData */
	{ { PKCS, 7, 6 }, 9, TYPE_ENCRYPTED }, /* encryptedData */
	{ { PKCS, 9, 16, 1, 2 }, 11, TYPE_HOLDS }, /* authenticatedData */
	{ { PKCS, 9, 16, 1, 9 }, 11, TYPE_COMPRESSED },
	{ { PKCS, 9, 16, 1, 23 }, 11, TYPE_ENCRYPTED }, /* authEnvelopedData */
};

static enum type type_of(const uint8_t *oid, size_t n)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (n == types[i].len && memcmp(oid, types[i].oid, n) == 0)
			return (enum type)types[i].type;
	return TYPE_OTHER;
}

/* Passes a length; false: there is none. *value: what it says; NO_END. */
static bool skip_length(const uint8_t **p, const uint8_t *end, uint64_t *value)
{
	if (*p == end)
		return false;
	unsigned n = *(*p)++;
	*value = n;
	if (n < 0x80)
		return true;
	*value = n == 0x80 ? NO_END : 0;
	for (n &= 0x7f; n; n--) {
		if (*p == end)
			return false;
		*value = *value << 8 | *(*p)++;
	}
	return true;
}

bool rs_cms_is(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;
	uint64_t length;
	if (n < 2 || *p++ != TAG_SEQUENCE || !skip_length(&p, end, &length) || p == end || *p++ != TAG_OID || !skip_length(&p, end, &length))
		return false;
	return length <= (size_t)(end - p) && type_of(p, (size_t)length) != TYPE_OTHER;
}

static bool is_off(const struct rs_cms *c)
{
	return c->done || c->torn || c->u.flags & (RS_UNWRAP_WRONG | RS_UNWRAP_NOT | RS_UNWRAP_LIMIT);
}

static void member_end(struct rs_cms *c, uint32_t flags)
{
	if (c->member)
		c->u.ops->member_end(c->u.arg, flags | (c->gap ? RS_UNWRAP_GAP : 0));
	c->member = c->gap = false;
}

static void member_begin(struct rs_cms *c, uint64_t size)
{
	const bool entity = c->content == TYPE_DATA && c->type != TYPE_COMPRESSED;
	const struct rs_member m = { .name = (const uint8_t *)"", .charset = "", .type = entity ? "message/rfc822" : "",
				     .layer = c->type == TYPE_COMPRESSED ? "compressed-data" : "signed-data",
				     .size = c->pieces ? RS_UNWRAP_SIZE_UNKNOWN : size, .at = c->u.pos, .in = c->pieces, .out = c->pieces,
				     .file = true };
	if (c->type == TYPE_COMPRESSED || c->content > TYPE_DATA)
		c->u.flags |= RS_UNWRAP_UNSUPPORTED;
	c->u.made = c->npieces = 0;
	c->member = true;
	c->u.ops->member_begin(c->u.arg, &m);
}

/* An element's role, by its parent's and its tag. */
static enum role role_of(struct rs_cms *c)
{
	if (c->depth == 0)
		return c->tag == TAG_SEQUENCE ? ROLE_INFO : ROLE_OTHER;
	struct rs_cms_element *parent = &c->open[c->depth - 1];
	const bool first = parent->children == 0;
	parent->children = (uint8_t)(parent->children + (parent->children < UINT8_MAX));
	switch ((enum role)parent->role) {
	case ROLE_INFO:
		if (c->tag == TAG_OID && first)
			return ROLE_INFO_TYPE;
		return c->tag == TAG_0 ? ROLE_INFO_CONTENT : ROLE_OTHER;
	case ROLE_INFO_CONTENT:
		if (c->type == TYPE_DATA && (c->tag & ~FORM_CONSTRUCTED) == TAG_OCTETS)
			return ROLE_OCTETS;
		return (c->type == TYPE_HOLDS || c->type == TYPE_COMPRESSED) && c->tag == TAG_SEQUENCE ? ROLE_BODY : ROLE_OTHER;
	case ROLE_BODY:
		return c->tag == TAG_SEQUENCE ? ROLE_INNER : ROLE_OTHER;
	case ROLE_INNER:
		if (c->tag == TAG_OID && first)
			return ROLE_INNER_TYPE;
		return c->tag == TAG_0 ? ROLE_INNER_CONTENT : ROLE_OTHER;
	case ROLE_INNER_CONTENT:
		return (c->tag & ~FORM_CONSTRUCTED) == TAG_OCTETS ? ROLE_OCTETS : ROLE_OTHER;
	case ROLE_OCTETS: /* a piece of it, whatever its tag (X.690 8.7.3.2): there are readers that do not ask */
		if ((c->tag & ~FORM_CONSTRUCTED) != TAG_OCTETS)
			c->u.flags |= RS_UNWRAP_ODD;
		return ROLE_OCTETS;
	case ROLE_OTHER:
	case ROLE_INFO_TYPE:
	case ROLE_INNER_TYPE:
		break;
	}
	return ROLE_OTHER;
}

static uint64_t limit_of(const struct rs_cms *c)
{
	for (unsigned i = c->depth; i > 0; i--)
		if (c->open[i - 1].end != NO_END)
			return c->open[i - 1].end;
	return NO_END;
}

static void close_one(struct rs_cms *c)
{
	const enum role role = (enum role)c->open[--c->depth].role;
	const bool within = c->depth && c->open[c->depth - 1].role == ROLE_OCTETS;
	if (role == ROLE_OCTETS && !within)
		member_end(c, 0);
	c->done = c->depth == 0;
}

/* Elements that end here. */
static void close_ended(struct rs_cms *c)
{
	while (c->depth && c->open[c->depth - 1].end == c->u.pos)
		close_one(c);
	c->step = TAG;
}

static void open_one(struct rs_cms *c, enum role role, uint64_t end)
{
	if (c->depth == RS_CMS_DEPTH) {
		c->u.flags |= RS_UNWRAP_LIMIT;
		return;
	}
	const bool within = c->depth && c->open[c->depth - 1].role == ROLE_OCTETS;
	if (role == ROLE_OCTETS && !within) {
		c->pieces = true;
		member_begin(c, 0);
	}
	c->open[c->depth++] = (struct rs_cms_element){ end, (uint8_t)role, 0 };
	close_ended(c);
}

static void value_end(struct rs_cms *c)
{
	const bool within = c->depth && c->open[c->depth - 1].role == ROLE_OCTETS;
	const enum role role = (enum role)c->role;
	if (role == ROLE_INFO_TYPE) {
		c->type = (uint8_t)type_of(c->oid, c->oid_len);
		c->u.flags |= c->type == TYPE_ENCRYPTED ? RS_UNWRAP_ENCRYPTED : 0;
		c->content = c->type == TYPE_DATA ? TYPE_DATA : TYPE_OTHER;
	} else if (role == ROLE_INNER_TYPE) {
		c->content = (uint8_t)type_of(c->oid, c->oid_len);
	} else if (role == ROLE_OCTETS && !within) {
		member_end(c, 0);
	}
	close_ended(c);
}

/* Tag and length are known; NO_END: the element itself says where it ends. */
static void element(struct rs_cms *c, uint64_t length)
{
	const uint64_t limit = limit_of(c);
	const bool holds = c->tag & FORM_CONSTRUCTED;
	if (c->tag == 0 && length == 0 && c->depth && c->open[c->depth - 1].end == NO_END) {
		close_one(c);
		close_ended(c);
		return;
	}
	if (length == NO_END ? !holds : length > INT64_MAX || c->u.pos + length > limit) {
		c->u.flags |= RS_UNWRAP_WRONG;
		return;
	}
	const enum role role = role_of(c);
	if (c->depth == 0 && role != ROLE_INFO) {
		c->u.flags |= RS_UNWRAP_NOT;
		return;
	}
	/* What is of no interest goes by as a whole, where its length is known. */
	if (holds && (role != ROLE_OTHER || length == NO_END)) {
		open_one(c, role, length == NO_END ? NO_END : c->u.pos + length);
		return;
	}
	c->role = (uint8_t)role;
	c->end = c->u.pos + length;
	c->oid_len = 0;
	c->step = VALUE;
	if (role == ROLE_OCTETS && c->open[c->depth - 1].role != ROLE_OCTETS) {
		c->pieces = false;
		member_begin(c, length);
	}
	if (role == ROLE_OCTETS && length)
		c->piece[c->npieces++ % RS_CMS_PIECES] = (struct rs_cms_piece){ (uint32_t)c->u.made, (uint32_t)c->u.pos };
	if (!length)
		value_end(c);
}

static void header_byte(struct rs_cms *c, uint8_t b)
{
	switch ((enum step)c->step) {
	case TAG:
		c->tag = b;
		c->step = (b & NUMBER_LONG) == NUMBER_LONG ? TAG_LONG : LENGTH;
		break;
	case TAG_LONG:
		c->step = b & 0x80 ? TAG_LONG : LENGTH;
		break;
	case LENGTH:
		c->length = 0;
		c->more = b & 0x7f;
		if (b < 0x80)
			element(c, b);
		else if (b == 0x80)
			element(c, NO_END);
		else
			c->step = LENGTH_LONG;
		break;
	case LENGTH_LONG:
		if (c->length >> 55)
			c->u.flags |= RS_UNWRAP_WRONG;
		c->length = c->length << 8 | b;
		if (--c->more == 0)
			element(c, c->length);
		break;
	case VALUE:
		break;
	}
}

static void value_bytes(struct rs_cms *c, const uint8_t *p, size_t n)
{
	if (c->role == ROLE_OCTETS && !c->pieces) {
		c->u.ops->member_data(c->u.arg, p, n);
	} else {
		c->u.ops->outer(c->u.arg, p, n);
		if (c->role == ROLE_OCTETS)
			c->u.ops->member_data(c->u.arg, p, n);
	}
	c->u.made += c->role == ROLE_OCTETS ? n : 0;
	c->u.pos += n;
	for (size_t i = 0; i < n && c->role != ROLE_OCTETS && c->oid_len < sizeof c->oid; i++)
		c->oid[c->oid_len++] = p[i];
	if (c->u.pos == c->end)
		value_end(c);
}

static void cms_init(void *state, const struct rs_unwrap_ops *ops, void *arg)
{
	struct rs_cms *c = state;
	memset(c, 0, sizeof *c);
	c->u.ops = ops;
	c->u.arg = arg;
}

static void cms_feed(void *state, const uint8_t *p, size_t n)
{
	struct rs_cms *c = state;
	while (n > 0 && !is_off(c)) {
		size_t k = 1;
		if (c->step == VALUE) {
			k = c->end - c->u.pos < n ? (size_t)(c->end - c->u.pos) : n;
			value_bytes(c, p, k);
		} else {
			c->u.ops->outer(c->u.arg, p, 1);
			c->u.pos++;
			header_byte(c, *p);
		}
		p += k;
		n -= k;
	}
	if (n > 0) {
		c->u.ops->outer(c->u.arg, p, n);
		c->u.pos += n;
	}
}

/* A value says how long it is: what is behind it is found again. */
static void cms_gap(void *state, uint64_t n)
{
	struct rs_cms *c = state;
	if (!is_off(c) && c->step == VALUE && n <= c->end - c->u.pos && c->role != ROLE_INFO_TYPE && c->role != ROLE_INNER_TYPE) {
		const bool of_member = c->role == ROLE_OCTETS;
		c->u.ops->missing(c->u.arg, n, of_member);
		c->gap |= of_member;
		c->u.made += of_member ? n : 0;
		c->u.pos += n;
		if (c->u.pos == c->end)
			value_end(c);
		return;
	}
	c->u.ops->missing(c->u.arg, n, false);
	c->u.pos += n;
	c->torn |= !c->done;
}

static uint32_t cms_end(void *state)
{
	struct rs_cms *c = state;
	if (!c->done && !(c->u.flags & (RS_UNWRAP_WRONG | RS_UNWRAP_NOT | RS_UNWRAP_LIMIT)))
		c->u.flags |= RS_UNWRAP_CUT;
	member_end(c, RS_UNWRAP_CUT);
	return c->u.flags;
}

/* Pieces may be of a byte each, so it matters in which one the byte stands. */
static uint64_t cms_from(const void *state, uint64_t offset)
{
	const struct rs_cms *c = state;
	uint64_t begins = 0, at = c->u.pos;
	for (uint32_t i = 1; i <= c->npieces && i <= RS_CMS_PIECES; i++) {
		const struct rs_cms_piece *p = &c->piece[(c->npieces - i) % RS_CMS_PIECES];
		begins = c->u.made - (uint32_t)((uint32_t)c->u.made - p->offset);
		at = c->u.pos - (uint32_t)((uint32_t)c->u.pos - p->at);
		if (begins <= offset)
			break;
	}
	return at + offset - begins;
}

const struct rs_unwrap_reader rs_cms_reader = { cms_init, cms_feed, cms_gap, cms_end, cms_from };
