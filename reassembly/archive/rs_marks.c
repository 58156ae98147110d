/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_marks.h"

#include "reassembly/decode/rs_spot.h"

#include <string.h>

#define DISC_AT 0x8001

static const struct {
	enum rs_mark what;
	uint8_t len, same; /* of it so many bytes are always the same; of the rest is_right tells */
	uint32_t at; /* the one place where it means something; 0: anywhere */
	const char *bytes;
} marks[] = {
	{ RS_MARK_ZIP, RS_MARKS_ZIP, 4, 0, "PK\3\4" },
	{ RS_MARK_ZIP, RS_MARKS_ZIP, 4, 0, "PK\1\2" },
	{ RS_MARK_RAR, 6, 6, 0, "Rar!\x1a\7" },
	{ RS_MARK_7Z, 6, 6, 0, "7z\xbc\xaf\x27\x1c" },
	{ RS_MARK_CAB, 8, 8, 0, "MSCF\0\0\0\0" },
	{ RS_MARK_GZIP, RS_MARKS_GZIP, 3, 0, "\x1f\x8b\x08" },
	{ RS_MARK_PACKED, 10, 3, 0, "BZh" },
	{ RS_MARK_PACKED, 5, 5, 0, "7zXZ" }, /* xz's, from its second byte on */
	{ RS_MARK_PACKED, 5, 4, 0, "\x28\xb5\x2f\xfd" },
	/* xar's, from its third byte on, with the size of its header and its version: its first two are in every other text. */
	{ RS_MARK_PACKED, 6, 6, 0, "r!\0\x1c\0\1" },
	{ RS_MARK_DISC, 5, 5, DISC_AT, "CD001" },
	{ RS_MARK_DISC, 5, 5, DISC_AT, "BEA01" },
};

/* What of a mark is not always the same. */
static bool is_right(const uint8_t *p)
{
	switch (p[0]) {
	case 0x1f: /* no reserved flag, and of how much was tried and the system what there is (RFC 1952 2.3.1) */
		return !(p[3] & 0xe0) && (p[8] == 0 || p[8] == 2 || p[8] == 4) && (p[9] <= 20 || p[9] == 255);
	case 'B':
		return p[3] >= '1' && p[3] <= '9' && !memcmp(p + 4, "1AY&SY", 6);
	default: /* zstd: no reserved bit (RFC 8878 3.1.1.1.1) */
		return !(p[4] & 8);
	}
}

/* The mark at p, of which n bytes are there: its length, or 0. */
static size_t mark_at(const uint8_t *p, size_t n, uint64_t pos, enum rs_mark *what)
{
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (*p == (uint8_t)marks[i].bytes[0] && n >= marks[i].len && (!marks[i].at || marks[i].at == pos) &&
		    !memcmp(p, marks[i].bytes, marks[i].same) && (marks[i].same == marks[i].len || is_right(p))) {
			*what = marks[i].what;
			return marks[i].len;
		}
	return 0;
}

/* Where one may begin, from p[i] on; n: nowhere. */
static size_t next(const uint8_t *p, size_t i, size_t n)
{
	struct rs_glance g;
	rs_spot_glance(&g, p, i, n, RS_GLANCE_MARK);
	return g.mark;
}

bool rs_marks_begins(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (*p == (uint8_t)marks[i].bytes[0] && !memcmp(p, marks[i].bytes, n < marks[i].same ? n : marks[i].same))
			return true;
	return false;
}

static void keep(struct rs_marks *m, const uint8_t *p, size_t n)
{
	m->pos += n;
	if (n >= RS_MARKS_KEPT) {
		memcpy(m->last, p + n - RS_MARKS_KEPT, RS_MARKS_KEPT);
		m->n = RS_MARKS_KEPT;
		return;
	}
	const size_t left = m->n + n > RS_MARKS_KEPT ? RS_MARKS_KEPT - n : m->n;
	memmove(m->last, m->last + m->n - left, left);
	memcpy(m->last + left, p, n);
	m->n = (uint8_t)(left + n);
}

/* What was found is not found again. */
static size_t found(struct rs_marks *m, const uint8_t *p, size_t taken)
{
	keep(m, p, taken);
	return taken;
}

size_t rs_marks_find(struct rs_marks *m, const uint8_t *p, size_t n, size_t first, enum rs_mark *what)
{
	uint8_t joint[2 * RS_MARKS_KEPT] = { 0 };
	const size_t before = m->n, k = n < RS_MARKS_KEPT ? n : RS_MARKS_KEPT;
	size_t len;
	*what = RS_MARK_NONE;
	if (!n)
		return 0;
	/* One that began before: it ends in p. */
	memcpy(joint, m->last, before);
	memcpy(joint + before, p, k);
	for (size_t i = rs_spot_may(joint, before + 1) ? 0 : before; i < before; i++)
		if ((len = mark_at(joint + i, before + k - i, m->pos - before + i, what)) && i + len > before)
			return found(m, p, i + len - before);
	for (size_t i = next(p, first, n); i < n; i = next(p, i + 1, n))
		if ((len = mark_at(p + i, n - i, m->pos + i, what)))
			return found(m, p, i + len);
	*what = RS_MARK_NONE;
	return found(m, p, n);
}

void rs_marks_gap(struct rs_marks *m, uint64_t n)
{
	m->pos += n;
	m->n = 0;
}
