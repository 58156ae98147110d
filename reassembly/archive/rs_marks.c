/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_marks.h"

#include <stdbool.h>
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
	{ RS_MARK_PACKED, 6, 6, 0, "\xfd" "7zXZ" },
	{ RS_MARK_PACKED, 5, 4, 0, "\x28\xb5\x2f\xfd" },
	/* xar's, from its fourth byte on, with the size of its header and its version: its first two are in every other text. */
	{ RS_MARK_PACKED, 5, 5, 0, "!\0\x1c\0\1" },
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

#define BLOCK 64

/* Whether a mark may begin here: of each, its first two bytes. */
static bool may(uint8_t a, uint8_t b)
{
	return (a == 'P' && b == 'K') || (a == 'R' && b == 'a') || (a == '7' && b == 'z') || (a == 'M' && b == 'S') ||
	       (a == 'C' && b == 'D') || (a == 'B' && (b == 'E' || b == 'Z')) || (a == 0x1f && b == 0x8b) ||
	       (a == 0xfd && b == '7') || (a == 0x28 && b == 0xb5) || (a == '!' && b == 0);
}

/* How many of the first bytes no mark begins at; it may be fewer than that. */
static size_t blocks_plain(const uint8_t *p, size_t n)
{
	size_t at = 0;
	while (at + 1 < n && !may(p[at], p[at + 1]))
		at++;
	return at;
}

static size_t (*without)(const uint8_t *p, size_t n) = blocks_plain;

#if defined(__x86_64__)
#include <immintrin.h>

/* Each pair has a bit, which is in the table's entry for each half of its two bytes. Some share one: what has a half of each may pass, and is
 * in few texts. */
__attribute__((target("avx2"))) static inline __m256i pairs(__m256i a, __m256i b)
{
	const __m256i low = _mm256_set1_epi8(15);
	const __m256i a0 = _mm256_broadcastsi128_si256(_mm_setr_epi8(1, -128, 34, 16, 0, 0, 0, 4, 64, 0, 0, 0, 0, 8, 0, 64));
	const __m256i a1 = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 64, -64, 4, 56, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8));
	const __m256i b0 = _mm256_broadcastsi128_si256(_mm_setr_epi8(-128, 2, 0, 8, 16, 96, 0, 8, 0, 0, 36, 65, 0, 0, 0, 0));
	const __m256i b1 = _mm256_broadcastsi128_si256(_mm_setr_epi8(-128, 0, 0, 8, 49, 40, 2, 4, 64, 0, 0, 64, 0, 0, 0, 0));
	const __m256i al = _mm256_and_si256(a, low), bl = _mm256_and_si256(b, low);
	const __m256i ah = _mm256_and_si256(_mm256_srli_epi16(a, 4), low), bh = _mm256_and_si256(_mm256_srli_epi16(b, 4), low);
	return _mm256_and_si256(_mm256_and_si256(_mm256_shuffle_epi8(a0, al), _mm256_shuffle_epi8(a1, ah)),
				_mm256_and_si256(_mm256_shuffle_epi8(b0, bl), _mm256_shuffle_epi8(b1, bh)));
}

/* Whether a mark may begin in the block at q, of which the byte behind it is there, too. */
__attribute__((target("avx2"))) static inline bool may_in_block(const uint8_t *q)
{
	const __m256i x = pairs(_mm256_loadu_si256((const void *)q), _mm256_loadu_si256((const void *)(q + 1)));
	const __m256i y = pairs(_mm256_loadu_si256((const void *)(q + 32)), _mm256_loadu_si256((const void *)(q + 33)));
	const __m256i any = _mm256_or_si256(x, y);
	return !_mm256_testz_si256(any, any);
}

__attribute__((target("avx2"))) static size_t blocks_avx2(const uint8_t *p, size_t n)
{
	size_t at = 0;
	for (; n - at > BLOCK; at += BLOCK)
		if (may_in_block(p + at))
			return at;
	/* The last block reaches back; no mark is one byte long. */
	return at && !may_in_block(p + n - BLOCK - 1) ? n : at;
}

__attribute__((constructor)) static void choose(void)
{
	if (__builtin_cpu_supports("avx2"))
		without = blocks_avx2;
}
#endif

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

/* Offset of the first mark that begins before `to` and is there whole, or `to`; *len: its length. pos: the position of p. */
static size_t first(const uint8_t *p, size_t n, size_t to, uint64_t pos, enum rs_mark *what, size_t *len)
{
	for (size_t i = 0; i < to; i++) {
		i += without(p + i, n - i);
		const size_t end = i + BLOCK < to ? i + BLOCK : to;
		for (; i < end; i++)
			if (i + 1 < n && may(p[i], p[i + 1]) && (*len = mark_at(p + i, n - i, pos + i, what)))
				return i;
		i--;
	}
	*len = 0;
	return to;
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

size_t rs_marks_find(struct rs_marks *m, const uint8_t *p, size_t n, enum rs_mark *what)
{
	uint8_t joint[2 * RS_MARKS_KEPT];
	const size_t before = m->n, k = n < RS_MARKS_KEPT ? n : RS_MARKS_KEPT;
	size_t len;
	*what = RS_MARK_NONE;
	if (!n)
		return 0;
	/* One that began before: it ends in p. */
	memcpy(joint, m->last, before);
	memcpy(joint + before, p, k);
	for (size_t i = 0; i < before; i++)
		if (i + 1 < before + k && may(joint[i], joint[i + 1]) &&
		    (len = mark_at(joint + i, before + k - i, m->pos - before + i, what)) && i + len > before)
			return found(m, p, i + len - before);
	*what = RS_MARK_NONE;
	const size_t at = first(p, n, n, m->pos, what, &len);
	return found(m, p, at + len);
}

void rs_marks_gap(struct rs_marks *m, uint64_t n)
{
	m->pos += n;
	m->n = 0;
}
