/* SPDX-License-Identifier: Apache-2.0 */
/* rs_marks: the marks of archives in the middle of a file, where unpackers look for them: behind a program that unpacks itself,
 * or behind anything.
 *
 * Owner:  one thread. Memory: the struct, which is copied by assignment. Units: bytes. What is found does not depend on how the
 * file was split. */
#ifndef RS_MARKS_H
#define RS_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rs_mark {
	RS_MARK_NONE,
	RS_MARK_ZIP, /* a local header's signature (APPNOTE.TXT 4.3.7), or a directory's (4.3.12) */
	RS_MARK_RAR, /* 4 and 5 */
	RS_MARK_7Z,
	RS_MARK_CAB,
	RS_MARK_GZIP, /* a header (RFC 1952 2.3) as writers make it: all of its 10 bytes */
	RS_MARK_PACKED, /* bzip2, xz, zstd, xar */
	RS_MARK_DISC, /* ECMA-119 8.1.2, ECMA-167 2/9.1.2: in its 16th sector */
};

#define RS_MARKS_KEPT 10 /* the longest mark */
#define RS_MARKS_ZIP 4 /* bytes of its mark */
#define RS_MARKS_GZIP 10

/* The first two bytes of each; the first is below 128. */
#define RS_MARKS_PAIRS(X)                                                                                                                     \
	X('P', 'K') X('R', 'a') X('7', 'z') X('M', 'S') X('C', 'D') X('B', 'E') X('B', 'Z') X(0x1f, 0x8b) X(0x28, 0xb5) X('r', '!')

/* Whether a mark may begin with these. */
static inline bool rs_marks_may(uint8_t a, uint8_t b)
{
#define X(first, second) || (a == (first) && b == (second))
	return false RS_MARKS_PAIRS(X);
#undef X
}

struct rs_marks {
	uint64_t pos; /* bytes looked at */
	uint8_t last[RS_MARKS_KEPT]; /* the last ones */
	uint8_t n;
};

/* Looks at p up to the end of the first mark that ends in it; returns how many bytes those are, n where there is none.
 * first: where the first one in p may begin (rs_spot_glance), or any place before that. */
size_t rs_marks_find(struct rs_marks *m, const uint8_t *p, size_t n, size_t first, enum rs_mark *what);
/* The mark that was found last: its bytes. */
static inline const uint8_t *rs_marks_last(const struct rs_marks *m, size_t n)
{
	return m->last + m->n - n;
}
/* Whether a mark begins with p, as far as n bytes tell. */
bool rs_marks_begins(const uint8_t *p, size_t n);
/* n bytes are missing here. */
void rs_marks_gap(struct rs_marks *m, uint64_t n);

#endif
