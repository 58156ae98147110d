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
	MARK(RS_KIND_PACKED, 0, "LZIP\1"),
	MARK(RS_KIND_PACKED, 0, "\x28\xb5\x2f\xfd"), /* zstd */
	MARK(RS_KIND_PACKED, 0, "\x04\x22\x4d\x18"), /* lz4 */
	MARK(RS_KIND_PACKED, 0, "\x02\x21\x4c\x18"), /* lz4 before version 1.4 */
	MARK(RS_KIND_PACKED, 0, "MSCF"), /* cab */
	MARK(RS_KIND_PACKED, 0, "ISc("), /* cab of InstallShield */
	MARK(RS_KIND_PACKED, 0, "\x1f\x9d"), /* compress */
	MARK(RS_KIND_PACKED, 0, "\x1f\x1e"), /* pack */
	MARK(RS_KIND_PACKED, 0, "\x1f\xa0"), /* compress -H, of SCO */
	MARK(RS_KIND_PACKED, 0, "\x89LZO\0\r\n\x1a\n"),
	MARK(RS_KIND_PACKED, 0, "LRZI"), /* lrzip */
	MARK(RS_KIND_PACKED, 0, "RZIP"),
	MARK(RS_KIND_PACKED, 0, "SZDD\x88\xf0\x27\x33"), /* compress.exe of MS-DOS */
	MARK(RS_KIND_PACKED, 0, "KWAJ\x88\xf0\x27\xd1"),
	MARK(RS_KIND_PACKED, 0, "\x8f\xaf\xac\x84"), /* ppmd */
	MARK(RS_KIND_PACKED, 0, "7kSt"), /* zpaq */
	MARK(RS_KIND_PACKED, 0, "zPQ"),
	MARK(RS_KIND_PACKED, 0, "\xff\x06\0\0sNaPpY"), /* snappy */
	MARK(RS_KIND_PACKED, 0, "\x05\x22\x4d\x18"), /* lz5 */
	MARK(RS_KIND_PACKED, 2, "-lh"), /* lzh: ?-lh5- */
	MARK(RS_KIND_PACKED, 2, "-lz"),
	MARK(RS_KIND_PACKED, 2, "-pm"),
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
	MARK(RS_KIND_PACKED, 0, "\x45\x3d\xcd\x28"), /* cramfs */
	MARK(RS_KIND_PACKED, 0, "QFI\xfb"), /* qcow */
	MARK(RS_KIND_PACKED, 0, "KDMV"), /* vmdk */
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
	default:
		return true;
	}
}

/* lzma's older format (LZMA Utils): literal bits that there are, a dictionary of 2^n or 2^n + 2^(n-1) bytes as xz asks for, a size that
 * is not known or below 256 GiB, and the first byte of the coder, which is zero. */
static bool is_lzma(const uint8_t *p, size_t n)
{
	if (n < 14 || p[0] > (4 * 5 + 4) * 9 + 8 || p[13])
		return false;
	uint32_t dictionary = 0;
	uint64_t size = 0;
	for (unsigned i = 0; i < 4; i++)
		dictionary |= (uint32_t)p[1 + i] << 8 * i;
	for (unsigned i = 0; i < 8; i++)
		size |= (uint64_t)p[5 + i] << 8 * i;
	const uint32_t low = dictionary & (0u - dictionary), rest = dictionary & ~low;
	return dictionary >= 4096 && size && (!rest || rest == low << 1 || dictionary == UINT32_MAX) &&
	       (size == UINT64_MAX || size < 1ull << 38);
}

/* Messages of OpenPGP (RFC 4880 4.2, 5.1, 5.3, 5.6) in the forms that GnuPG writes. PACKED: compressed; SEALED: encrypted. */
static enum rs_kind openpgp(const uint8_t *p, size_t n)
{
	if (n < RS_KIND_BYTES)
		return RS_KIND_PLAIN;
	/* Compressed, of any length: deflate's first block is no reserved one, or zlib's header, or bzip2's. */
	if (p[0] == 0xa3 && ((p[1] == 1 && (p[2] & 6) != 6) || (p[1] == 2 && p[2] == 0x78 && (p[2] << 8 | p[3]) % 31 == 0) ||
			     (p[1] == 3 && !memcmp(p + 2, "BZh", 3))))
		return RS_KIND_PACKED;
	/* To a key: version 3, 8 bytes of it, an algorithm. By a passphrase: version 4, a cipher, salted and iterated, a hash. */
	const bool key = p[0] == 0x84 || p[0] == 0x85 || p[0] == 0xc1, phrase = p[0] == 0x8c || p[0] == 0xc3;
	const bool longer = p[0] == 0x85 || (p[0] & 0x40 && p[1] >= 192);
	const uint8_t *body = p + (longer ? 3 : 2), a = body[9];
	if (key && body[0] == 3 && (a == 1 || a == 2 || a == 16 || a == 18 || a == 25))
		return RS_KIND_SEALED;
	if (phrase && body[0] == 4 && body[1] - 1u < 13 && body[2] == 3 && body[3] - 1u < 11)
		return RS_KIND_SEALED;
	return RS_KIND_PLAIN;
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
		['P'] = true,  [0x1f] = true, ['R'] = true,  ['7'] = true, ['B'] = true, [0xfd] = true, [0x89] = true, ['L'] = true,
		[0x28] = true, [0x04] = true, [0x02] = true, ['M'] = true, ['I'] = true, ['x'] = true,	[0xed] = true, ['!'] = true,
		['c'] = true,  ['v'] = true,  ['h'] = true,  ['S'] = true, ['A'] = true, ['E'] = true,	['-'] = true,
		['K'] = true,  [0x8f] = true, ['z'] = true,  [0xff] = true, [0x05] = true, ['Q'] = true,
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
	if (is_arj(p, n) || is_cpio(p, n) || is_lzma(p, n))
		return RS_KIND_PACKED;
	const enum rs_kind pgp = openpgp(p, n);
	if (pgp != RS_KIND_PLAIN)
		return pgp;
	return n >= RS_KIND_BYTES ? RS_KIND_TAR : rs_kind_else(p, n, false);
}

enum rs_kind rs_kind_else(const uint8_t *p, size_t n, bool stored)
{
	return is_zlib(p, n) ? RS_KIND_ZLIB : stored && rs_inflate_may_be(p, n) ? RS_KIND_DEFLATED : RS_KIND_PLAIN;
}
