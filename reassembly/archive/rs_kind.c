/* SPDX-License-Identifier: Apache-2.0 */
#include "reassembly/archive/rs_kind.h"

#include <string.h>

#include "reassembly/archive/rs_cms.h"
#include "reassembly/archive/rs_inflate.h"

#define MARK(kind, at, mark) { kind, at, sizeof mark - 1, mark[0], mark }

static const struct {
	enum rs_kind kind;
	uint8_t at, len;
	char first;
	const char *mark;
} marks[] = {
	MARK(RS_KIND_ZIP, 0, "PK\x03\x04"),
	MARK(RS_KIND_ZIP, 0, "PK\x05\x06"), /* empty */
	MARK(RS_KIND_ZIP, 0, "PK\x07\x08PK\x03\x04"), /* spanning marker (8.5.3) */
	MARK(RS_KIND_ZIP, 0, "PK00PK\x03\x04"), /* spanning marker of an archive that fitted on one disk (8.5.4) */
	MARK(RS_KIND_GZIP, 0, "\x1f\x8b"),
	MARK(RS_KIND_PACKED, 0, "Rar!\x1a\x07"),
	MARK(RS_KIND_PACKED, 0, "RE~^"), /* rar before version 1.5 */
	MARK(RS_KIND_PACKED, 0, "7z\xbc\xaf\x27\x1c"),
	MARK(RS_KIND_PACKED, 4, "1AY&SY"), /* bzip2, behind BZh and a digit */
	MARK(RS_KIND_PACKED, 4, "\x17\x72\x45\x38\x50\x90"), /* the same of nothing */
	MARK(RS_KIND_PACKED, 0, "\xfd" "7zXZ\0"),
	MARK(RS_KIND_PACKED, 5, "\xff\xff\xff\xff\xff\xff\xff\xff"), /* lzma, behind 5d and the size of its dictionary */
	MARK(RS_KIND_PACKED, 0, "LZIP\1"),
	MARK(RS_KIND_PACKED, 0, "\x28\xb5\x2f\xfd"), /* zstd */
	MARK(RS_KIND_PACKED, 0, "\x04\x22\x4d\x18"), /* lz4 */
	MARK(RS_KIND_PACKED, 0, "\x02\x21\x4c\x18"), /* lz4 before version 1.4 */
	MARK(RS_KIND_PACKED, 0, "MSCF"), /* cab */
	MARK(RS_KIND_PACKED, 0, "ISc("), /* cab of InstallShield */
	MARK(RS_KIND_PACKED, 0, "\x1f\x9d"), /* compress */
	MARK(RS_KIND_PACKED, 2, "-lh"), /* lzh: ?-lh5- */
	MARK(RS_KIND_PACKED, 2, "-lz"),
	MARK(RS_KIND_PACKED, 7, "**ACE**"),
	MARK(RS_KIND_PACKED, 20, "\xdc\xa7\xc4\xfd"), /* zoo */
	MARK(RS_KIND_PACKED, 0, "MSWIM\0\0\0"),
	MARK(RS_KIND_PACKED, 0, "xar!"),
	MARK(RS_KIND_PACKED, 0, "\xed\xab\xee\xdb"), /* rpm */
	MARK(RS_KIND_PACKED, 0, "ITSF\3\0\0\0"), /* chm */
	MARK(RS_KIND_AR, 0, "!<arch>\n"),
	MARK(RS_KIND_PACKED, 0, "conectix"), /* vhd, its blocks in any order */
	MARK(RS_KIND_PACKED, 0, "vhdxfile"),
	MARK(RS_KIND_PACKED, 0, "hsqs"), /* squashfs */
	MARK(RS_KIND_PACKED, 0, "SIT!"), /* StuffIt */
	MARK(RS_KIND_PACKED, 0, "StuffIt "),
	MARK(RS_KIND_PACKED, 0, "ALZ\1"),
	MARK(RS_KIND_PACKED, 0, "EGGA\0\1"),
	MARK(RS_KIND_SEALED, 0, "-----BEGIN PGP MESSAGE----"),
	MARK(RS_KIND_TNEF, 0, "\x78\x9f\x3e\x22"), /* winmail.dat */
};

/* What stands before a mark that does not stand first. */
static bool begins_right(const uint8_t *p, size_t n, unsigned at)
{
	switch (at) {
	case 2:
		return n > 6 && p[6] == '-';
	case 4:
		return !memcmp(p, "BZh", 3) && p[3] >= '1' && p[3] <= '9';
	case 5:
		return p[0] == 0x5d && p[1] == 0 && p[2] == 0;
	default:
		return true;
	}
}

/* arj: its mark, the size of the header that follows and of its first part, and a version below 50 in that. */
static bool is_arj(const uint8_t *p, size_t n)
{
	return n > 10 && p[0] == 0x60 && p[1] == 0xea && (p[2] | p[3] << 8) <= 2600 && p[4] >= 28 && p[4] <= 64 && p[5] < 50 &&
	       p[7] < 20;
}

/* cpio: its mark, and numbers of digits. */
static bool is_cpio(const uint8_t *p, size_t n)
{
	if (n < RS_KIND_BYTES || memcmp(p, "07070", 5) != 0 || (p[5] != '1' && p[5] != '2' && p[5] != '7'))
		return false;
	for (size_t i = 6; i < RS_KIND_BYTES; i++)
		if (!(p[i] >= '0' && p[i] <= '9') && !((p[i] | 32) >= 'a' && (p[i] | 32) <= 'f'))
			return false;
	return true;
}

/* A stream of zlib (RFC 1950 2.2): 32 KiB of window, no dictionary, a right check; and no text. */
static bool is_zlib(const uint8_t *p, size_t n)
{
	if (n < 8 || p[0] != 0x78 || (p[0] << 8 | p[1]) % 31 || p[1] & 0x20)
		return false;
	for (size_t i = 2; i < n; i++)
		if (p[i] >= 0x80 || p[i] < '\t')
			return true;
	return false;
}

/* Whether one of the marks may be there, by single bytes of them: most files' beginnings have none. */
static bool may_have_mark(const uint8_t *p, size_t n)
{
	static const bool first[256] = {
		['P'] = true,  [0x1f] = true, ['R'] = true,  ['7'] = true, ['B'] = true, [0xfd] = true, [0x5d] = true, ['L'] = true,
		[0x28] = true, [0x04] = true, [0x02] = true, ['M'] = true, ['I'] = true, ['x'] = true,	[0xed] = true, ['!'] = true,
		['c'] = true,  ['v'] = true,  ['h'] = true,  ['S'] = true, ['A'] = true, ['E'] = true,	['-'] = true,
	};
	return n < RS_KIND_BYTES || first[p[0]] || p[2] == '-' || p[7] == '*' || p[20] == 0xdc;
}

enum rs_kind rs_kind_of(const uint8_t *p, size_t n)
{
	const size_t nmarks = may_have_mark(p, n) ? sizeof marks / sizeof marks[0] : 0;
	for (size_t i = 0; i < nmarks; i++)
		if (marks[i].at < n && p[marks[i].at] == (uint8_t)marks[i].first && n >= marks[i].at + (size_t)marks[i].len &&
		    memcmp(p + marks[i].at, marks[i].mark, marks[i].len) == 0 &&
		    begins_right(p, n, marks[i].at))
			return marks[i].kind;
	if (rs_cms_is(p, n))
		return RS_KIND_CMS;
	if (is_arj(p, n) || is_cpio(p, n))
		return RS_KIND_PACKED;
	return n >= RS_KIND_BYTES ? RS_KIND_TAR : rs_kind_else(p, n, false);
}

enum rs_kind rs_kind_else(const uint8_t *p, size_t n, bool stored)
{
	return is_zlib(p, n) ? RS_KIND_ZLIB : stored && rs_inflate_may_be(p, n) ? RS_KIND_DEFLATED : RS_KIND_PLAIN;
}
