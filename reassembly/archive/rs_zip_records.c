/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_zip_internal.h"

#include <string.h>

#include "reassembly/archive/rs_crc32.h"
#include "reassembly/archive/rs_name.h"

#define FLAG_ENCRYPTED (1u << 0)
#define FLAG_DESCRIPTOR (1u << 3)
#define FLAG_UTF8 (1u << 11)
#define FLAG_MASKED (1u << 13)

#define LOCAL_FIXED 30
#define CENTRAL_FIXED 46
#define EOCD_FIXED 22
#define END64_FIXED 56
#define ZIP64_ID 1
#define PATH_ID 0x7075
#define PATH_FIXED 5

void rs_zip_hand_out(struct rs_zip *z)
{
	const size_t n = z->nspan;
	z->nspan = 0;
	if (!n)
		return;
	if (!z->span_is_data) {
		z->ops->outer(z->arg, z->span, n);
		return;
	}
	z->crc = rs_crc32(z->crc, z->span, n);
	z->ops->member_data(z->arg, z->span, n);
}

/* Bytes that are read one after the other, and are the same, are handed out together. */
static void hand_out_next(struct rs_zip *z, const uint8_t *p, size_t n, bool data)
{
	z->pos += n;
	if (z->nspan && z->span_is_data == data && z->span + z->nspan == p) {
		z->nspan += n;
		return;
	}
	rs_zip_hand_out(z);
	z->span = p;
	z->nspan = n;
	z->span_is_data = data;
}

static void outer(struct rs_zip *z, const uint8_t *p, size_t n)
{
	if (!n)
		return;
	if (z->signing.open)
		rs_zip_signing_see(&z->signing, p, n);
	hand_out_next(z, p, n, false);
}

/* ---- members ---- */

static bool inspectable(const struct rs_zip *z)
{
	return z->m.method == RS_ZIP_STORED && !(z->m.flags & RS_ZIP_ENCRYPTED);
}

static void fault(struct rs_zip *z, enum rs_zip_fault f)
{
	z->account.faults |= 1u << f;
}

static void member_end(struct rs_zip *z, uint32_t flags)
{
	if (!z->member)
		return;
	rs_zip_hand_out(z);
	z->member = z->streaming = false;
	z->open.start = NOT_SOUGHT;
	z->ops->member_end(z->arg, z->m.flags | flags);
}

static void expect(struct rs_zip *z, unsigned slack)
{
	z->state = RS_ZIP_RECORD;
	z->have = 0;
	z->want = 4;
	z->slack = (uint8_t)slack;
}

static void skip(struct rs_zip *z, uint64_t n, enum rs_zip_state next)
{
	z->have = 0;
	z->want = 4;
	z->left = n;
	z->next = next;
	z->state = n ? RS_ZIP_SKIP : next;
}

/* What was read of the member that ends here. */
static void member_account(struct rs_zip *z)
{
	struct rs_zip_entry *e = &z->entry;
	rs_zip_hand_out(z);
	const bool descriptor = z->m.flags & RS_ZIP_DESCRIPTOR, read = inspectable(z) || z->told;
	e->csize = z->m.csize;
	e->known = read || !descriptor;
	if (inspectable(z)) {
		e->size = e->csize;
		e->crc = z->crc;
	} else if (!z->told) {
		e->size = z->m.size;
		e->crc = z->m.crc;
	}
	if (read && !descriptor && e->crc != z->m.crc)
		fault(z, RS_ZIP_CHECKSUM_WRONG);
	if (read && !descriptor && e->size != z->m.size)
		fault(z, RS_ZIP_LENGTH_WRONG);
	rs_zip_account_local(&z->account, e);
}

static void member_done(struct rs_zip *z)
{
	if (z->streaming) /* other readers take more for its data, or fail */
		fault(z, RS_ZIP_LENGTH_WRONG);
	member_account(z);
	const bool descriptor = z->m.flags & RS_ZIP_DESCRIPTOR;
	member_end(z, 0);
	expect(z, descriptor ? 12 : 0);
}

/* Its header's size says that the member's data ends here. What follows is looked at where that may be wrong, and where it would be
 * known: not behind sizes of which the data descriptor may tell. */
static void data_ends(struct rs_zip *z)
{
	rs_zip_hand_out(z);
	const bool goes_on = inspectable(z) && !(z->m.flags & (RS_ZIP_DESCRIPTOR | RS_ZIP_GAP)) && (!z->m.csize || z->crc != z->m.crc);
	if (rs_zip_seeking(z) || z->m.flags & RS_ZIP_DIRECTORY || !(z->streaming || goes_on)) {
		z->streaming &= z->m.csize > 0;
		member_done(z);
		return;
	}
	z->state = RS_ZIP_PEEK;
	z->have = 0;
}

static void seek_end(struct rs_zip *z)
{
	z->open = (struct rs_zip_sought){ .start = z->m.data_off, .entry = z->entry };
	z->state = RS_ZIP_OPEN;
	z->have = 0;
}

static void entry_begin(struct rs_zip *z)
{
	z->entry = (struct rs_zip_entry){ .off = z->header_off, .name = rs_zip_sum_name(z->name, z->m.name_len, z->name_len),
					  .csize = z->m.csize, .size = z->m.size, .crc = z->m.crc, .method = z->m.method,
					  .encrypted = z->m.flags & RS_ZIP_ENCRYPTED };
}

/* What its other name is known by. */
static struct rs_zip_entry other_entry(const struct rs_zip *z)
{
	return (struct rs_zip_entry){ .off = z->header_off, .name = rs_zip_sum_name(z->other, z->m.other_len, z->other_full) };
}

/* Its other name, with which no data comes: of the directory where no local header had it. */
static void tell_other(struct rs_zip *z)
{
	const struct rs_zip_entry e = other_entry(z);
	struct rs_zip_member m = z->m;
	if (z->central && rs_zip_names_has(&z->names, &e, z->account.base))
		return;
	if (!z->central)
		rs_zip_names_add(&z->names, &e);
	m.name = z->other;
	m.name_len = m.other_len;
	m.other_len = 0;
	m.flags |= RS_ZIP_UTF8;
	m.data_off = z->pos;
	rs_zip_hand_out(z);
	if (z->ops->entry)
		z->ops->entry(z->arg, &m);
}

static void member_begin(struct rs_zip *z)
{
	rs_zip_hand_out(z);
	if (z->origin == RS_ZIP_HUNTED && z->account.ended)
		fault(z, RS_ZIP_SECOND);
	if (!z->account.based) {
		z->account.base = z->header_off;
		z->account.based = true;
		if (z->behind)
			fault(z, RS_ZIP_PREFIXED);
	}
	if (z->origin != RS_ZIP_EXPECTED || z->doubted.start != NOT_SOUGHT)
		z->m.flags |= RS_ZIP_UNSURE;
	z->m.data_off = z->pos;
	z->m.name = z->name;
	entry_begin(z);
	rs_zip_names_add(&z->names, &z->entry);
	const struct rs_zip_entry other = other_entry(z);
	if (z->m.other_len)
		rs_zip_names_add(&z->names, &other);
	z->crc = 0;
	z->told = false;
	const bool directory = z->m.name_len && z->name[z->m.name_len - 1] == '/';
	if (directory)
		z->m.flags |= RS_ZIP_DIRECTORY;
	z->member = true;
	z->streaming = z->ops->member_deflated && z->m.method == RS_ZIP_DEFLATED && !(z->m.flags & RS_ZIP_ENCRYPTED);
	/* Some writers set bit 3 on directories and write no descriptor; others deflate what is nothing, and write one. */
	const bool unsized = z->m.flags & RS_ZIP_DESCRIPTOR && !z->m.csize, open = unsized && !directory;
	if (unsized && directory && z->streaming && !rs_zip_seeking(z)) {
		z->state = RS_ZIP_PEEK;
		z->have = 0;
		return;
	}
	if (open)
		z->m.csize = z->m.size = RS_ZIP_SIZE_UNKNOWN;
	z->ops->member_begin(z->arg, &z->m);
	if (open && z->streaming) {
		z->state = RS_ZIP_STREAM;
	} else if (open) {
		seek_end(z);
	} else if (z->m.csize) {
		z->left = z->m.csize;
		z->state = RS_ZIP_DATA;
	} else {
		data_ends(z);
	}
}

void rs_zip_inflated(struct rs_zip *z, uint64_t size, uint32_t crc)
{
	z->told = true;
	z->entry.size = size;
	z->entry.crc = crc;
}

void rs_zip_records_ended(struct rs_zip *z, struct rs_zip_sought *s, unsigned len, unsigned slack)
{
	struct rs_zip_entry e = s->entry;
	rs_zip_hand_out(z);
	e.csize = z->pos - s->start;
	e.known = s == &z->open && inspectable(z);
	if (e.known) {
		e.size = e.csize;
		e.crc = z->crc;
	}
	if (s == &z->doubted) {
		/* All that was read since was inside this member. */
		member_end(z, RS_ZIP_CUT | RS_ZIP_UNSURE);
		z->account = z->before;
		z->doubted.start = NOT_SOUGHT;
	} else {
		member_end(z, 0);
	}
	rs_zip_account_local(&z->account, &e);
	z->entry = e;
	skip(z, len, RS_ZIP_RECORD);
	z->slack = (uint8_t)slack;
}

const uint8_t *rs_zip_first(const struct rs_zip *z, size_t *n)
{
	*n = z->have;
	return z->head;
}

static void let_go(struct rs_zip *z);

static void missing(struct rs_zip *z, uint64_t n, bool data)
{
	if (!n)
		return;
	z->pos += n;
	rs_zip_hand_out(z);
	z->ops->missing(z->arg, n, data);
}

void rs_zip_records_lose(struct rs_zip *z)
{
	let_go(z);
	fault(z, RS_ZIP_TORN);
	member_end(z, RS_ZIP_CUT | RS_ZIP_GAP);
	z->open.start = z->doubted.start = NOT_SOUGHT;
	z->state = RS_ZIP_HUNT;
	z->have = 0;
}

void rs_zip_records_gap(struct rs_zip *z, uint64_t n)
{
	let_go(z);
	fault(z, RS_ZIP_TORN);
	if ((z->state == RS_ZIP_DATA || z->state == RS_ZIP_SKIP) && !z->streaming) {
		const uint64_t k = n < z->left ? n : z->left;
		if (z->state == RS_ZIP_DATA)
			z->m.flags |= RS_ZIP_GAP;
		missing(z, k, z->state == RS_ZIP_DATA && inspectable(z));
		z->left -= k;
		n -= k;
		if (z->left)
			return;
	}
	missing(z, n, false);
	rs_zip_records_lose(z);
}

/* A header stands inside data of unknown size. */
static void leave(struct rs_zip *z)
{
	if (z->doubted.start == NOT_SOUGHT) {
		z->doubted = z->open;
		z->before = z->account;
	}
	fault(z, RS_ZIP_HEADER_INSIDE);
	member_end(z, RS_ZIP_UNSURE);
}

/* ---- signatures where none is due ---- */

static bool hunted(const struct rs_zip *z, const uint8_t *p, size_t n)
{
	const size_t k = n < 4 ? n : 4;
	return !memcmp(p, "PK\3\4", k) || !memcmp(p, "PK\1\2", k) || (z->state == RS_ZIP_HUNT && !memcmp(p, "PK\5\6", k));
}

/* The callee has all of the signature before that is taken for one. */
static void local_begins(struct rs_zip *z, uint64_t at)
{
	rs_zip_hand_out(z);
	z->local_at = at;
}

static void hunted_header(struct rs_zip *z)
{
	const uint32_t sig = le32(z->head);
	z->origin = z->state == RS_ZIP_OPEN ? RS_ZIP_INSIDE : RS_ZIP_HUNTED;
	z->state = sig == SIG_LOCAL ? RS_ZIP_LOCAL : sig == SIG_CENTRAL ? RS_ZIP_CENTRAL : RS_ZIP_EOCD;
	if (sig == SIG_LOCAL)
		local_begins(z, z->pos - z->have);
	/* Enough of the former two to judge it, and more than resume_hunt ever leaves. */
	z->want = sig == SIG_EOCD ? EOCD_FIXED : LOCAL_FIXED;
}

static void end_record(struct rs_zip *z);

/* The bytes in head (handed out already) hold no header at their beginning: does one begin further on? */
static void resume_hunt(struct rs_zip *z)
{
	unsigned k = 1;
	while (k < z->have && !hunted(z, z->head + k, z->have - k))
		k++;
	z->have = (uint8_t)(z->have - k);
	memmove(z->head, z->head + k, z->have);
	z->want = 4;
	if (z->have < 4)
		return;
	hunted_header(z);
	if (z->have >= z->want) /* an end record, which is shorter */
		end_record(z);
}

void rs_zip_records_hunted(struct rs_zip *z)
{
	if (hunted(z, z->head, 4))
		hunted_header(z);
	else
		resume_hunt(z);
}

static size_t hunt(struct rs_zip *z, const uint8_t *p, size_t n)
{
	const size_t i = rs_zip_find_pk(p, n);
	if (i) {
		outer(z, p, i);
		return i;
	}
	z->want = 4;
	z->head[z->have++] = 'P';
	outer(z, p, 1);
	return 1;
}

/* Four bytes alone prove little (the code of a self-extractor holds them): does the rest look like a header? */
static bool plausible(const uint8_t *version, const uint8_t *method, const uint8_t *name_len)
{
	const unsigned m = le16(method), n = le16(name_len);
	return version[0] <= 63 && version[1] <= 30 && (m <= 20 || (m >= 93 && m <= 99)) && n >= 1 && n <= 1024;
}

/* ---- records ---- */

static void garbage(struct rs_zip *z)
{
	if (!(z->account.faults & 1u << RS_ZIP_JUNK)) {
		rs_zip_signing_begin(&z->signing, z->pos - z->have);
		rs_zip_signing_see(&z->signing, z->head, z->have);
	}
	fault(z, RS_ZIP_JUNK);
	z->state = RS_ZIP_HUNT;
	resume_hunt(z);
}

static void fixed(struct rs_zip *z, enum rs_zip_state state, unsigned want)
{
	z->state = state;
	z->want = (uint8_t)want;
	z->origin = RS_ZIP_EXPECTED;
}

static bool is_record(uint32_t sig)
{
	return sig == SIG_LOCAL || sig == SIG_CENTRAL || sig == SIG_EOCD || sig == SIG_END64 || sig == SIG_ARCHIVE_EXTRA;
}

/* A data descriptor, without its signature: is it that of the member before it? */
static void descriptor(struct rs_zip *z, const uint8_t *p)
{
	const struct rs_zip_entry *e = &z->entry;
	/* The third number is the size, or the upper half of a wide compressed size. */
	const bool size = le32(p + 8) == (uint32_t)e->size || le32(p + 8) == e->csize >> 32;
	if (le32(p + 4) != (uint32_t)e->csize || (e->known && (le32(p) != e->crc || !size)))
		fault(z, RS_ZIP_DESCRIPTOR_WRONG);
}

static void trailer(struct rs_zip *z)
{
	descriptor(z, z->head + 4);
	expect(z, 8);
}

static void signature(struct rs_zip *z)
{
	const unsigned at = z->have - 4u, slack = z->slack;
	const uint32_t sig = le32(z->head + at);
	if (at >= 12 && sig != SIG_DESCRIPTOR && is_record(sig))
		descriptor(z, z->head);
	switch (sig) {
	case SIG_LOCAL:
		if (z->account.centrals)
			fault(z, RS_ZIP_SECOND);
		fixed(z, RS_ZIP_LOCAL, LOCAL_FIXED);
		local_begins(z, z->pos - 4);
		break;
	case SIG_CENTRAL:
		fixed(z, RS_ZIP_CENTRAL, CENTRAL_FIXED);
		break;
	case SIG_END64:
		fixed(z, RS_ZIP_END64, END64_FIXED);
		break;
	case SIG_LOCATOR:
		skip(z, 16, RS_ZIP_RECORD);
		z->slack = 0;
		return;
	case SIG_EOCD:
		fixed(z, RS_ZIP_EOCD, EOCD_FIXED);
		break;
	case SIG_ARCHIVE_EXTRA:
		fixed(z, RS_ZIP_SIZED4, 8);
		break;
	case SIG_DIGITAL_SIGNATURE:
		fixed(z, RS_ZIP_SIZED2, 6);
		break;
	case SIG_DESCRIPTOR:
		if (slack == 12 && !at) { /* behind a member of known size */
			fixed(z, RS_ZIP_TRAILER, 16);
			return;
		}
		/* fall through */
	case SIG_SPANNING:
		if (z->pos == 4) {
			expect(z, 0);
			return;
		}
		/* fall through */
	default:
		if (!slack) {
			garbage(z);
			return;
		}
		/* A descriptor without signature: 12 bytes, or 8 more; or the second half of a zip64 one. */
		z->want = (uint8_t)(z->have + slack);
		z->slack = slack == 12 ? 8 : 0;
		return;
	}
	z->have = 4;
	memmove(z->head, z->head + at, 4);
	z->slack = 0;
}

static void next_extra(struct rs_zip *z);

/* Fields at these offsets of the two kinds of header. */
static void header(struct rs_zip *z, const uint8_t *flags, const uint8_t *csize, const uint8_t *lengths)
{
	const unsigned f = le16(flags);
	const unsigned name_len = le16(lengths);
	z->m = (struct rs_zip_member){
		.method = le16(flags + 2),
		.flags = (f & (FLAG_ENCRYPTED | FLAG_MASKED) ? RS_ZIP_ENCRYPTED : 0) |
			 (f & FLAG_DESCRIPTOR ? RS_ZIP_DESCRIPTOR : 0) | (f & FLAG_UTF8 ? RS_ZIP_UTF8 : 0),
		.csize = le32(csize),
		.size = le32(csize + 4),
		.crc = le32(csize - 4),
	};
	z->name_len = (uint16_t)name_len;
	z->name_left = (uint16_t)name_len;
	z->name_crc = 0;
	z->extra_left = le16(lengths + 2);
	z->state = RS_ZIP_NAME;
	if (!name_len)
		next_extra(z);
}

static void local_header(struct rs_zip *z)
{
	const uint8_t *h = z->head;
	if (z->origin != RS_ZIP_EXPECTED && !plausible(h + 4, h + 8, h + 26)) {
		z->state = z->origin == RS_ZIP_INSIDE ? RS_ZIP_OPEN : RS_ZIP_HUNT;
		resume_hunt(z);
		return;
	}
	if (z->origin == RS_ZIP_INSIDE)
		leave(z);
	z->signing.open = false;
	z->central = false;
	z->header_off = z->pos - LOCAL_FIXED;
	header(z, h + 6, h + 18, h + 26);
}

static void central_header(struct rs_zip *z)
{
	const uint8_t *h = z->head;
	if (z->origin != RS_ZIP_EXPECTED && z->have < CENTRAL_FIXED) {
		if (!plausible(h + 6, h + 10, h + 28)) {
			z->state = z->origin == RS_ZIP_INSIDE ? RS_ZIP_OPEN : RS_ZIP_HUNT;
			resume_hunt(z);
			return;
		}
		if (z->origin == RS_ZIP_INSIDE)
			leave(z);
		if (rs_zip_signing_ends(&z->signing, z->pos - z->have, z->have))
			z->account.faults &= ~(1u << RS_ZIP_JUNK);
		z->signing.open = false;
		z->want = CENTRAL_FIXED;
		return;
	}
	if (!z->account.centrals)
		z->account.central_off = z->pos - CENTRAL_FIXED;
	z->central = true;
	z->header_off = le32(h + 42);
	z->comment_left = le16(h + 32);
	header(z, h + 8, h + 20, h + 28);
}

static void header_done(struct rs_zip *z)
{
	if (!z->central) {
		member_begin(z);
		return;
	}
	entry_begin(z);
	rs_zip_account_central(&z->account, &z->entry);
	z->m.name = z->name;
	z->m.data_off = z->pos;
	if (z->ops->entry && !rs_zip_names_has(&z->names, &z->entry, z->account.base)) {
		rs_zip_hand_out(z);
		z->ops->entry(z->arg, &z->m);
	}
	if (z->m.other_len)
		tell_other(z);
	skip(z, z->comment_left, RS_ZIP_RECORD);
}

static void next_extra(struct rs_zip *z)
{
	z->have = 0;
	if (z->extra_left >= 4) {
		z->state = RS_ZIP_EXTRA;
		z->want = 4;
	} else if (z->extra_left) { /* padding */
		z->state = RS_ZIP_EXTRA_REST;
		z->left = z->extra_left;
		z->extra_left = 0;
	} else {
		header_done(z);
	}
}

static void extra_rest(struct rs_zip *z)
{
	if (z->left)
		z->state = RS_ZIP_EXTRA_REST;
	else
		next_extra(z);
}

static void extra_head(struct rs_zip *z)
{
	const unsigned id = le16(z->head), said = le16(z->head + 2);
	z->extra_left = (uint16_t)(z->extra_left - 4);
	const unsigned size = said < z->extra_left ? said : z->extra_left;
	z->extra_left = (uint16_t)(z->extra_left - size);
	const unsigned wanted = id == ZIP64_ID ? (size < 24 ? size : 24) : id == PATH_ID && size > PATH_FIXED ? PATH_FIXED : 0;
	z->left = size - wanted;
	if (wanted) {
		z->state = id == ZIP64_ID ? RS_ZIP_EXTRA64 : RS_ZIP_EXTRA_PATH;
		z->have = 0;
		z->want = (uint8_t)wanted;
	} else {
		extra_rest(z);
	}
}

/* 4.5.3: only those fields that are all ones in the header, in this order. */
static void extra64(struct rs_zip *z)
{
	uint64_t *const fields[] = { &z->m.size, &z->m.csize, &z->header_off };
	unsigned at = 0;
	for (unsigned i = 0; i < (z->central ? 3 : 2); i++) {
		if (*fields[i] != UINT32_MAX || at + 8 > z->have)
			continue;
		*fields[i] = le64(z->head + at);
		at += 8;
	}
	extra_rest(z);
}

/* Its name follows, if it is the member's. Of several readers take the first or the last. */
static void extra_path(struct rs_zip *z)
{
	if (le32(z->head + 1) != z->name_crc) {
		extra_rest(z);
		return;
	}
	if (z->m.other_len)
		tell_other(z);
	z->m.other = z->other;
	z->m.other_len = 0;
	z->other_full = (uint16_t)z->left;
	z->state = RS_ZIP_PATH;
}

static size_t path(struct rs_zip *z, const uint8_t *p, size_t n)
{
	const size_t k = n < z->left ? n : (size_t)z->left;
	if (rs_name_add(z->other, &z->m.other_len, RS_ZIP_NAME_MAX, p, k))
		z->m.flags |= RS_ZIP_NAME_CUT;
	outer(z, p, k);
	z->left -= k;
	if (z->left)
		return k;
	if (z->other_full > RS_ZIP_NAME_MAX)
		z->m.other_len = rs_name_join(z->other, RS_ZIP_NAME_MAX);
	next_extra(z);
	return k;
}

/* The wide end record (4.3.14), and what may follow it. */
static void end64_record(struct rs_zip *z)
{
	const uint8_t *h = z->head;
	const uint64_t size = le64(h + 4);
	z->wide = true;
	z->end = (struct rs_zip_end){ .total = le64(h + 32), .central_off = le64(h + 48), .has_total = true, .has_off = true };
	skip(z, size > END64_FIXED - 12 ? size - (END64_FIXED - 12) : 0, RS_ZIP_RECORD);
}

static void end_record(struct rs_zip *z)
{
	const uint8_t *h = z->head;
	const unsigned total = le16(h + 10);
	const uint32_t off = le32(h + 16);
	struct rs_zip_end e = { .at = z->pos - z->have, .total = total, .central_off = off, .has_total = total != UINT16_MAX,
				.has_off = off != UINT32_MAX };
	if (z->wide) {
		if ((e.has_total && e.total != z->end.total) || (e.has_off && e.central_off != z->end.central_off))
			fault(z, RS_ZIP_DIFFERS + RS_ZIP_ENTRY);
		e.total = z->end.total;
		e.central_off = z->end.central_off;
		e.has_total = e.has_off = true;
	}
	const bool spanned = le16(h + 4) || le16(h + 6) || le16(h + 8) != total;
	const bool sought = z->origin == RS_ZIP_HUNTED;
	const uint32_t directory = le32(h + 12);
	/* Readers take it for one when there is room for a directory before it, of one entry at least. */
	if (!sought || z->account.ended || (directory >= CENTRAL_FIXED && directory <= e.at)) {
		rs_zip_account_end(&z->account, &e);
		z->comment_end = e.at + EOCD_FIXED + le16(h + 20);
		if (spanned)
			fault(z, RS_ZIP_SPANNED);
	}
	/* What stands in the comment, and behind it, is looked into: others may take that for the end. So are the fields of one that was
	 * sought, and may be none. */
	z->state = RS_ZIP_HUNT;
	if (sought)
		resume_hunt(z);
	else
		z->have = 0;
}

static void collected(struct rs_zip *z)
{
	switch (z->state) {
	case RS_ZIP_RECORD:
		signature(z);
		break;
	case RS_ZIP_HUNT:
	case RS_ZIP_OPEN:
		rs_zip_records_hunted(z);
		break;
	case RS_ZIP_LOCAL:
		local_header(z);
		break;
	case RS_ZIP_CENTRAL:
		central_header(z);
		break;
	case RS_ZIP_END64:
		end64_record(z);
		break;
	case RS_ZIP_TRAILER:
		trailer(z);
		break;
	case RS_ZIP_EOCD:
		end_record(z);
		break;
	case RS_ZIP_SIZED4:
		skip(z, le32(z->head + 4), RS_ZIP_RECORD);
		break;
	case RS_ZIP_SIZED2:
		skip(z, le16(z->head + 4), RS_ZIP_RECORD);
		break;
	case RS_ZIP_EXTRA:
		extra_head(z);
		break;
	case RS_ZIP_EXTRA64:
		extra64(z);
		break;
	case RS_ZIP_EXTRA_PATH:
		extra_path(z);
		break;
	case RS_ZIP_NAME:
	case RS_ZIP_PATH:
	case RS_ZIP_EXTRA_REST:
	case RS_ZIP_SKIP:
	case RS_ZIP_DATA:
	case RS_ZIP_STREAM:
	case RS_ZIP_PEEK:
	case RS_ZIP_BEYOND:
		break; /* not collected in head */
	}
}

static size_t collect(struct rs_zip *z, const uint8_t *p, size_t n)
{
	const size_t room = (size_t)(z->want - z->have), k = n < room ? n : room;
	memcpy(z->head + z->have, p, k);
	z->have = (uint8_t)(z->have + k);
	outer(z, p, k);
	if (z->have == z->want)
		collected(z);
	return k;
}

static size_t name(struct rs_zip *z, const uint8_t *p, size_t n)
{
	const size_t k = n < z->name_left ? n : z->name_left;
	z->name_crc = rs_crc32(z->name_crc, p, k);
	if (rs_name_add(z->name, &z->m.name_len, RS_ZIP_NAME_MAX, p, k))
		z->m.flags |= RS_ZIP_NAME_CUT;
	outer(z, p, k);
	z->name_left = (uint16_t)(z->name_left - k);
	if (z->name_left)
		return k;
	if (z->m.flags & RS_ZIP_NAME_CUT)
		z->m.name_len = rs_name_join(z->name, RS_ZIP_NAME_MAX);
	next_extra(z);
	return k;
}

static size_t take(struct rs_zip *z, size_t n)
{
	const size_t k = n < z->left ? n : (size_t)z->left;
	z->left -= k;
	return k;
}

/* How many of n bytes of data are taken at once. */
static size_t at_once(const struct rs_zip *z, size_t n)
{
	const uint64_t before = z->pos - z->m.data_off;
	return z->streaming && before < RS_ZIP_FIRST && n > RS_ZIP_FIRST - before ? (size_t)(RS_ZIP_FIRST - before) : n;
}

/* Shows deflated data; of it, *taken belong to the stream. */
static enum rs_zip_deflate show(struct rs_zip *z, const uint8_t *p, size_t n, size_t *taken)
{
	const uint64_t before = z->pos - z->m.data_off;
	rs_zip_hand_out(z);
	z->have = 0;
	if (before < RS_ZIP_FIRST) {
		memcpy(z->head + before, p, n);
		z->have = (uint8_t)(before + n);
	}
	const enum rs_zip_deflate how = z->ops->member_deflated(z->arg, p, n, taken);
	z->streaming = how == RS_ZIP_GOES_ON;
	return how;
}

/* Deflated data of unknown size. */
static size_t stream(struct rs_zip *z, const uint8_t *p, size_t n)
{
	size_t taken = 0;
	const enum rs_zip_deflate how = show(z, p, n, &taken);
	outer(z, p, taken);
	if (how == RS_ZIP_ENDED) {
		z->m.csize = z->pos - z->m.data_off;
		member_done(z);
	} else if (how == RS_ZIP_LOST) {
		seek_end(z);
	}
	return taken;
}

static void member_data(struct rs_zip *z, const uint8_t *p, size_t n)
{
	size_t taken;
	if (z->streaming && show(z, p, n, &taken) == RS_ZIP_ENDED && (taken < n || z->left))
		fault(z, RS_ZIP_LENGTH_WRONG); /* behind the stream */
	if (!inspectable(z)) {
		outer(z, p, n);
		return;
	}
	if (n)
		hand_out_next(z, p, n, true);
}

static size_t step(struct rs_zip *z, const uint8_t *p, size_t n);

/* A directory of which it is not known yet whether it has data. */
static bool is_untold(const struct rs_zip *z)
{
	return z->state == RS_ZIP_PEEK && z->m.flags & RS_ZIP_DIRECTORY;
}

/* The bytes in peek are no data: the member has ended. */
static void record_follows(struct rs_zip *z)
{
	uint8_t held[sizeof z->peek];
	const uint8_t n = z->have;
	memcpy(held, z->peek, n);
	if (is_untold(z))
		z->ops->member_begin(z->arg, &z->m);
	if (z->state == RS_ZIP_BEYOND)
		z->m.csize = z->pos - z->m.data_off;
	z->streaming &= z->m.csize > 0;
	member_done(z);
	if (n)
		collect(z, held, n);
	rs_zip_hand_out(z);
}

/* They are data, of which its header says that there is none, or that it ends before. */
static void data_goes_on(struct rs_zip *z)
{
	uint8_t held[sizeof z->peek];
	const uint8_t n = z->have;
	memcpy(held, z->peek, n);
	z->have = 0;
	if (is_untold(z)) {
		z->m.csize = z->m.size = RS_ZIP_SIZE_UNKNOWN;
		z->ops->member_begin(z->arg, &z->m);
	} else {
		fault(z, RS_ZIP_LENGTH_WRONG);
	}
	z->state = z->streaming ? RS_ZIP_STREAM : RS_ZIP_BEYOND;
	for (size_t at = 0; at < n;)
		at += step(z, held + at, n - at);
	rs_zip_hand_out(z);
}

static size_t peek(struct rs_zip *z, const uint8_t *p, size_t n)
{
	const size_t room = sizeof z->peek - z->have, k = n < room ? n : room;
	memcpy(z->peek + z->have, p, k);
	z->have = (uint8_t)(z->have + k);
	if (z->have < sizeof z->peek)
		return k;
	const uint32_t sig = le32(z->peek);
	/* Zeros begin no stream, but the descriptor without signature of a directory that has none. */
	if (is_record(sig) || sig == SIG_DESCRIPTOR || (is_untold(z) && !sig))
		record_follows(z);
	else
		data_goes_on(z);
	return k;
}

/* What was taken for the beginning of a signature is data. */
static void no_signature(struct rs_zip *z)
{
	const uint8_t n = z->have;
	z->have = 0;
	if (n)
		member_data(z, z->peek, n);
	rs_zip_hand_out(z);
}

static size_t beyond(struct rs_zip *z, const uint8_t *p, size_t n)
{
	if (z->have) {
		z->peek[z->have] = *p;
		if (!hunted(z, z->peek, z->have + 1u)) {
			no_signature(z);
			return 0;
		}
		if (++z->have == sizeof z->peek)
			record_follows(z);
		return 1;
	}
	const size_t i = rs_zip_find_pk(p, n);
	if (i) {
		member_data(z, p, i);
		return i;
	}
	z->peek[z->have++] = 'P';
	return 1;
}

/* No more bytes come of what is in peek. */
static void let_go(struct rs_zip *z)
{
	if (z->state == RS_ZIP_PEEK)
		record_follows(z);
	else if (z->state == RS_ZIP_BEYOND)
		no_signature(z);
}

void rs_zip_records_cut(struct rs_zip *z)
{
	let_go(z);
	member_end(z, RS_ZIP_CUT);
}

static size_t step(struct rs_zip *z, const uint8_t *p, size_t n)
{
	size_t k = 0;
	switch (z->state) {
	case RS_ZIP_NAME:
		return name(z, p, n);
	case RS_ZIP_PATH:
		return path(z, p, n);
	case RS_ZIP_EXTRA_REST:
		k = take(z, n);
		outer(z, p, k);
		if (!z->left)
			next_extra(z);
		return k;
	case RS_ZIP_SKIP:
		k = take(z, n);
		outer(z, p, k);
		if (!z->left)
			z->state = z->next;
		return k;
	case RS_ZIP_DATA:
		k = take(z, at_once(z, n));
		member_data(z, p, k);
		if (!z->left)
			data_ends(z);
		return k;
	case RS_ZIP_STREAM:
		return stream(z, p, at_once(z, n));
	case RS_ZIP_PEEK:
		return peek(z, p, n);
	case RS_ZIP_BEYOND:
		return beyond(z, p, n);
	case RS_ZIP_OPEN:
		if (inspectable(z)) {
			member_data(z, p, n);
			return n;
		}
		return z->have ? collect(z, p, n) : hunt(z, p, n);
	case RS_ZIP_HUNT:
		return z->have ? collect(z, p, n) : hunt(z, p, n);
	case RS_ZIP_RECORD:
	case RS_ZIP_LOCAL:
	case RS_ZIP_CENTRAL:
	case RS_ZIP_END64:
	case RS_ZIP_EOCD:
	case RS_ZIP_TRAILER:
	case RS_ZIP_SIZED4:
	case RS_ZIP_SIZED2:
	case RS_ZIP_EXTRA:
	case RS_ZIP_EXTRA64:
	case RS_ZIP_EXTRA_PATH:
		break;
	}
	return collect(z, p, n);
}

size_t rs_zip_records(struct rs_zip *z, const uint8_t *p, size_t n)
{
	const bool seeking = rs_zip_seeking(z);
	size_t done = 0;
	while (done < n && (seeking || !rs_zip_seeking(z)))
		done += step(z, p + done, n - done);
	return done;
}
