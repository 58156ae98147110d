/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_tar.h"

#include <string.h>

#include "reassembly/archive/rs_name.h"

/* Fields of a header: where they stand, how long they are. */
enum {
	NAME = 0,
	NAME_LEN = 100,
	SIZE = 124,
	SIZE_LEN = 12,
	SUM = 148,
	SUM_LEN = 8,
	TYPE = 156,
	MAGIC = 257,
	PREFIX = 345,
	PREFIX_LEN = 155,
	SPARSE_WHOLE = 483, /* of GNU's type S: the file's size with its holes */
	SPARSE_MORE = 482, /* of GNU's type S: whether a block with more of its map follows */
	SPARSE_MORE_STILL = 504, /* the same in such a block */
};

enum pax_part { PAX_LENGTH, PAX_KEY, PAX_VALUE };

/* An octal number, or a binary one whose first byte has its highest bit set (GNU). False: it is neither. */
static bool number_of(const uint8_t *p, size_t n, uint64_t *value)
{
	uint64_t v = 0;
	size_t i = 0;
	if (p[0] & 0x80) {
		for (v = p[0] & 0x3f, i = 1; i < n; i++) {
			if (v >> 55)
				return false;
			v = v << 8 | p[i];
		}
		*value = v;
		return !(p[0] & 0x40);
	}
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(p[i] - '0');
	*value = v;
	return i == n || p[i] == ' ' || p[i] == 0;
}

bool rs_tar_is_header(const uint8_t block[RS_TAR_BLOCK])
{
	uint64_t said;
	uint32_t sum = 0;
	int32_t signed_sum = 0; /* as some old writers do */
	for (unsigned i = 0; i < RS_TAR_BLOCK; i++) {
		const uint8_t b = i >= SUM && i < SUM + SUM_LEN ? ' ' : block[i];
		sum += b;
		signed_sum += (int8_t)b;
	}
	return number_of(block + SUM, SUM_LEN, &said) && said != 0 && (said == sum || (int64_t)said == signed_sum);
}

bool rs_tar_may_be_header(const uint8_t *p, size_t n)
{
	uint64_t said;
	if (n <= SUM)
		return true;
	const size_t of_sum = n - SUM < SUM_LEN ? n - SUM : SUM_LEN;
	return number_of(p + SUM, of_sum, &said) && (of_sum < SUM_LEN || said != 0);
}

static size_t length_of(const uint8_t *p, size_t n)
{
	const uint8_t *end = memchr(p, 0, n);
	return end ? (size_t)(end - p) : n;
}

static void name_none(struct rs_tar *t)
{
	t->name_len = 0;
	t->name_cut = false;
}

static void name_put(struct rs_tar *t, const uint8_t *p, size_t n)
{
	t->name_cut |= rs_name_add(t->name, &t->name_len, RS_TAR_NAME_MAX, p, n);
}

/* Data of type L: a name, and what follows its NUL is none. */
static void name_piece(struct rs_tar *t, const uint8_t *p, size_t n)
{
	const size_t k = length_of(p, n);
	name_put(t, p, k);
	if (k < n)
		t->state = RS_TAR_SKIP;
}

/* The name in the header, unless one was given before it. */
static void name_header(struct rs_tar *t)
{
	const uint8_t *b = t->block;
	if (t->name_len)
		return;
	if (memcmp(b + MAGIC, "ustar\0", 6) == 0 && b[PREFIX]) {
		name_put(t, b + PREFIX, length_of(b + PREFIX, PREFIX_LEN));
		name_put(t, (const uint8_t *)"/", 1);
	}
	name_put(t, b + NAME, length_of(b + NAME, NAME_LEN));
}

static void member_end(struct rs_tar *t, uint32_t flags)
{
	if (t->member)
		t->u.ops->member_end(t->u.arg, flags | (t->gap ? RS_UNWRAP_GAP : 0) | (t->holes ? RS_UNWRAP_HOLES : 0));
	if (t->member)
		t->holes = false;
	t->member = t->gap = false;
}

static void data_begin(struct rs_tar *t, enum rs_tar_state state, uint64_t size)
{
	t->left = size;
	t->pad = (uint16_t)(-size % RS_TAR_BLOCK);
	t->state = size ? state : RS_TAR_HEADER;
}

static void member_begin(struct rs_tar *t, uint64_t size)
{
	name_header(t);
	if (t->name_cut)
		t->name_len = rs_name_join(t->name, RS_TAR_NAME_MAX);
	const struct rs_member m = { .name = t->name, .name_len = t->name_len, .name_cut = t->name_cut, .charset = "", .layer = "tar",
				     .type = "", .size = t->holes ? t->whole : size, .at = t->u.pos, .file = true };
	t->whole = RS_UNWRAP_SIZE_UNKNOWN;
	t->u.made = 0;
	t->u.ops->member_begin(t->u.arg, &m);
	t->member = true;
	t->real = false;
	name_none(t);
	data_begin(t, RS_TAR_DATA, size);
	if (!size)
		member_end(t, 0);
}

/* A regular file whose name ends in a slash is a directory (as archives before POSIX.1-1988 have them). */
static bool is_directory_by_name(const struct rs_tar *t, const uint8_t *name, size_t n)
{
	return (t->block[TYPE] == '0' || t->block[TYPE] == 0) && n && name[n - 1] == '/';
}

/* Python looks at the header's own name, of old archives alone: a long name that is given before it may be cut behind a slash there. */
static bool is_old_directory(const struct rs_tar *t)
{
	return t->block[TYPE] == 0 && is_directory_by_name(t, t->block + NAME, length_of(t->block + NAME, NAME_LEN));
}

/* A header of what may have data; size: as it says there, or before it. */
static void member_header(struct rs_tar *t, uint64_t in_header, uint64_t size)
{
	const char type = (char)t->block[TYPE];
	name_header(t);
	const bool directory = is_directory_by_name(t, t->name, t->name_len);
	/* What has no data by its type (links, devices) says 0, or its size is that of something else. A directory has none whatever it
	 * says: that is the room it may take. Of one by its name readers differ in whether that much follows. */
	const bool empty = type >= '1' && type <= '6';
	if (type == '5')
		size = 0;
	else if ((empty && in_header) || ((directory || is_old_directory(t)) && size))
		t->u.flags |= RS_UNWRAP_ODD;
	if ((empty || directory) && !size) {
		name_none(t);
		t->holes = t->real = false;
		return;
	}
	member_begin(t, size);
}

/* The block is a header. */
static void header(struct rs_tar *t)
{
	uint64_t size;
	t->begun = true;
	t->torn = false;
	if (!number_of(t->block + SIZE, SIZE_LEN, &size)) {
		t->u.flags |= RS_UNWRAP_ODD;
		t->torn = true;
		return;
	}
	switch (t->block[TYPE]) {
	case 'L': /* GNU: the next one's name */
		name_none(t);
		data_begin(t, RS_TAR_NAME, size);
		return;
	case 'x':
	case 'X': /* of Solaris */
	case 'g': /* for all that follow */
		memset(&t->pax, 0, sizeof t->pax);
		t->global = t->block[TYPE] == 'g';
		data_begin(t, RS_TAR_PAX, size);
		return;
	case 'K': /* GNU: the next one's link */
		data_begin(t, RS_TAR_SKIP, size);
		return;
	case 'V': /* GNU: the archive's name */
		data_begin(t, RS_TAR_DATA, 0);
		return;
	case 'M': /* GNU: the rest of a file that began in another archive */
		t->u.flags |= RS_UNWRAP_ODD;
		break;
	case 'S':
		t->u.flags |= RS_UNWRAP_UNSUPPORTED;
		t->holes = true;
		if (!number_of(t->block + SPARSE_WHOLE, SIZE_LEN, &t->whole))
			t->whole = RS_UNWRAP_SIZE_UNKNOWN;
		t->sparse = size;
		if (!t->block[SPARSE_MORE])
			break;
		t->state = RS_TAR_SPARSE;
		name_header(t);
		return;
	default:
		break;
	}
	const uint64_t said = t->said;
	t->said = RS_UNWRAP_SIZE_UNKNOWN;
	member_header(t, size, said != RS_UNWRAP_SIZE_UNKNOWN ? said : size);
}

static bool is_zero(const uint8_t block[RS_TAR_BLOCK])
{
	return block[0] == 0 && memcmp(block, block + 1, RS_TAR_BLOCK - 1) == 0;
}

static void sparse_done(struct rs_tar *t)
{
	if (!t->block[SPARSE_MORE_STILL])
		member_begin(t, t->sparse);
}

/* The block is full: a header, or none. */
static void block_done(struct rs_tar *t)
{
	t->have = 0;
	if (t->state == RS_TAR_SPARSE)
		sparse_done(t);
	else if (rs_tar_is_header(t->block))
		header(t);
	else if (!t->begun && !t->torn)
		t->u.flags |= RS_UNWRAP_NOT;
	else if (t->begun && !is_zero(t->block) && !t->torn)
		t->u.flags |= RS_UNWRAP_ODD;
}

#define REAL_NAME "GNU.sparse.name"

/* A pax header's records (POSIX.1-2017 pax, "pax Extended Header"): "LENGTH KEY=VALUE\n", the length that of the whole record. */

/* The last two: of a file with holes, by the format's versions. */
static bool is_size(const char *key)
{
	return strcmp(key, "size") == 0 || strcmp(key, "GNU.sparse.realsize") == 0 || strcmp(key, "GNU.sparse.size") == 0;
}

static bool is_read(const char *key)
{
	return strcmp(key, "path") == 0 || strcmp(key, "size") == 0;
}

/* Its value is the next one's name; GNU's, of a file with holes, before the one that is made up for others. */
static bool is_name(const struct rs_tar *t)
{
	return strcmp(t->pax.key, REAL_NAME) == 0 || (strcmp(t->pax.key, "path") == 0 && !t->real);
}

static void pax_byte(struct rs_tar *t, uint8_t b)
{
	struct rs_tar_pax *r = &t->pax;
	r->at++;
	switch ((enum pax_part)r->part) {
	case PAX_LENGTH:
		if (b == ' ')
			r->part = PAX_KEY;
		else if (b >= '0' && b <= '9' && r->length < UINT32_MAX / 16)
			r->length = r->length * 10 + (uint64_t)(b - '0');
		else
			t->u.flags |= RS_UNWRAP_ODD;
		return;
	case PAX_KEY:
		if (b != '=') {
			if (r->key_len < sizeof r->key - 1)
				r->key[r->key_len] = (char)b;
			r->key_len = (uint8_t)(r->key_len + (r->key_len < sizeof r->key));
			break;
		}
		r->key[r->key_len < sizeof r->key ? r->key_len : 0] = 0;
		r->part = PAX_VALUE;
		r->value = 0;
		/* Of a file with holes: its data is less than the file. For all that follow, names and sizes make no sense. */
		if (strncmp(r->key, "GNU.sparse.", 11) == 0) {
			t->u.flags |= RS_UNWRAP_UNSUPPORTED;
			t->holes = !t->global;
		}
		if (t->global && is_read(r->key))
			t->u.flags |= RS_UNWRAP_ODD;
		if (t->global)
			r->key[0] = 0;
		if (is_name(t))
			name_none(t);
		t->real |= strcmp(r->key, REAL_NAME) == 0;
		break;
	case PAX_VALUE:
		if (r->at >= r->length) /* the line end */
			break;
		if (is_name(t))
			name_put(t, &b, 1);
		else if (is_size(r->key) && b >= '0' && b <= '9' && r->value < UINT64_MAX / 16)
			r->value = r->value * 10 + (uint64_t)(b - '0');
		break;
	}
	if (r->at < r->length)
		return;
	if (r->part == PAX_VALUE && strcmp(r->key, "size") == 0)
		t->said = r->value;
	else if (r->part == PAX_VALUE && is_size(r->key))
		t->whole = r->value;
	memset(r, 0, sizeof *r);
}

static void data(struct rs_tar *t, const uint8_t *p, size_t n)
{
	if (t->state == RS_TAR_DATA) {
		t->u.ops->member_data(t->u.arg, p, n);
		t->u.made += n;
	} else {
		t->u.ops->outer(t->u.arg, p, n);
	}
	t->u.pos += n;
	if (t->state == RS_TAR_NAME)
		name_piece(t, p, n);
	for (size_t i = 0; t->state == RS_TAR_PAX && i < n; i++)
		pax_byte(t, p[i]);
}

static void data_done(struct rs_tar *t)
{
	if (t->state == RS_TAR_DATA)
		member_end(t, 0);
	t->left = t->pad;
	t->pad = 0;
	t->state = t->left ? RS_TAR_PAD : RS_TAR_HEADER;
}

static void tar_init_but_block(struct rs_tar *t, const struct rs_unwrap_ops *ops, void *arg)
{
	memset(t, 0, offsetof(struct rs_tar, block));
	t->u.ops = ops;
	t->u.arg = arg;
	t->said = t->whole = RS_UNWRAP_SIZE_UNKNOWN;
}

static void tar_init(void *state, const struct rs_unwrap_ops *ops, void *arg)
{
	tar_init_but_block(state, ops, arg);
}

void rs_tar_start(struct rs_tar *t, const struct rs_unwrap_ops *ops, void *arg)
{
	tar_init_but_block(t, ops, arg);
	t->u.pos = RS_TAR_BLOCK;
	header(t);
}

/* Bytes of a block: they are nobody's member's, and are not waited for. */
static size_t block_feed(struct rs_tar *t, const uint8_t *p, size_t n)
{
	const size_t wanted = (size_t)RS_TAR_BLOCK - t->have, k = wanted < n ? wanted : n;
	memcpy(t->block + t->have, p, k);
	t->have = (uint16_t)(t->have + k);
	t->u.ops->outer(t->u.arg, p, k);
	t->u.pos += k;
	if (t->have == RS_TAR_BLOCK)
		block_done(t);
	return k;
}

static void tar_feed(void *state, const uint8_t *p, size_t n)
{
	struct rs_tar *t = state;
	while (n > 0) {
		size_t k;
		if (t->u.flags & (RS_UNWRAP_NOT | RS_UNWRAP_WRONG)) {
			t->u.ops->outer(t->u.arg, p, n);
			t->u.pos += n;
			return;
		}
		if (t->state == RS_TAR_HEADER || t->state == RS_TAR_SPARSE) {
			k = block_feed(t, p, n);
		} else {
			k = t->left < n ? (size_t)t->left : n;
			data(t, p, k);
			t->left -= k;
			if (!t->left)
				data_done(t);
		}
		p += k;
		n -= k;
	}
}

/* Blocks keep their places: behind the missing bytes the next one begins where it would have. */
static void tar_gap(void *state, uint64_t n)
{
	struct rs_tar *t = state;
	if (t->state == RS_TAR_HEADER || t->state == RS_TAR_SPARSE) {
		t->have = 0;
		t->state = RS_TAR_HEADER;
	}
	while (n > 0 && t->state != RS_TAR_HEADER) {
		const uint64_t k = t->left < n ? t->left : n;
		const bool of_member = t->state == RS_TAR_DATA;
		t->u.ops->missing(t->u.arg, k, of_member);
		t->gap |= of_member;
		t->u.made += of_member ? k : 0;
		t->u.pos += k;
		t->left -= k;
		n -= k;
		t->torn = true;
		if (!t->left)
			data_done(t);
	}
	if (!n)
		return;
	t->u.ops->missing(t->u.arg, n, false);
	t->u.pos += n;
	t->torn = true;
	name_none(t);
	t->left = -t->u.pos % RS_TAR_BLOCK;
	t->state = t->left ? RS_TAR_PAD : RS_TAR_HEADER;
}

static uint32_t tar_end(void *state)
{
	struct rs_tar *t = state;
	if (!t->begun)
		t->u.flags |= RS_UNWRAP_NOT;
	else if (t->state != RS_TAR_HEADER && (t->left + t->pad > 0 || t->state == RS_TAR_SPARSE))
		t->u.flags |= RS_UNWRAP_CUT;
	member_end(t, RS_UNWRAP_CUT);
	return t->u.flags;
}

const struct rs_unwrap_reader rs_tar_reader = { tar_init, tar_feed, tar_gap, tar_end, NULL };
