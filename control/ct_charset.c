/* SPDX-License-Identifier: Apache-2.0 */
#include "control/ct_charset.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "control/ct_utf8.h"

/* clang-format off */
/* Charsets as iconv names them. Those before ICONV need no descriptor. A superset stands where mail programs write more than
 * the name that they give allows: windows-1252 for ISO-8859-1, GB18030 for GB2312, CP949 for EUC-KR. */
enum charset {
	UTF_8,
	GUESS, /* US-ASCII, so what is above it is anybody's guess */
	GUESS_437, /* likewise, of a zip (APPNOTE.TXT D.1) */
	WINDOWS_1252,
	UTF_16,
	ICONV,
	UTF_16LE = ICONV, UTF_16BE, UTF_32, UTF_7,
	GB18030, BIG5, EUC_TW, EUC_JP, SHIFT_JIS, JIS, JIS_1, JIS_2, JIS_3, EUC_KR, KR_2022, CN_2022, JOHAB,
	WINDOWS_1250, WINDOWS_1251, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
	CP_874, LATIN_2, LATIN_3, LATIN_4, CYRILLIC, ARABIC, GREEK, HEBREW, LATIN_6, LATIN_7, LATIN_8, LATIN_9, LATIN_10,
	KOI8_R, KOI8_U, KOI8_T, CP_437, CP_850, CP_852, CP_855, CP_857, CP_862, CP_866, MAC_ROMAN, MAC_CYRILLIC, VISCII,
	CHARSETS
};

_Static_assert(CHARSETS <= CT_CHARSET_MAX, "a descriptor for each charset");

static const char *const iconv_names[CHARSETS] = {
	[UTF_16LE] = "UTF-16LE", [UTF_16BE] = "UTF-16BE", [UTF_32] = "UTF-32", [UTF_7] = "UTF-7",
	[GB18030] = "GB18030", [BIG5] = "BIG5-HKSCS", [EUC_TW] = "EUC-TW", [EUC_JP] = "EUC-JP-MS",
	[SHIFT_JIS] = "CP932", [JIS] = "ISO-2022-JP", [JIS_1] = "ISO-2022-JP-1", [JIS_2] = "ISO-2022-JP-2",
	[JIS_3] = "ISO-2022-JP-3", [EUC_KR] = "CP949", [KR_2022] = "ISO-2022-KR", [CN_2022] = "ISO-2022-CN",
	[JOHAB] = "JOHAB", [WINDOWS_1250] = "CP1250", [WINDOWS_1251] = "CP1251", [WINDOWS_1253] = "CP1253",
	[WINDOWS_1254] = "CP1254", [WINDOWS_1255] = "CP1255", [WINDOWS_1256] = "CP1256", [WINDOWS_1257] = "CP1257",
	[WINDOWS_1258] = "CP1258", [CP_874] = "CP874", [LATIN_2] = "ISO-8859-2", [LATIN_3] = "ISO-8859-3",
	[LATIN_4] = "ISO-8859-4", [CYRILLIC] = "ISO-8859-5", [ARABIC] = "ISO-8859-6", [GREEK] = "ISO-8859-7",
	[HEBREW] = "ISO-8859-8", [LATIN_6] = "ISO-8859-10", [LATIN_7] = "ISO-8859-13", [LATIN_8] = "ISO-8859-14",
	[LATIN_9] = "ISO-8859-15", [LATIN_10] = "ISO-8859-16", [KOI8_R] = "KOI8-R", [KOI8_U] = "KOI8-U",
	[KOI8_T] = "KOI8-T", [CP_437] = "IBM437", [CP_850] = "IBM850", [CP_852] = "IBM852", [CP_855] = "IBM855",
	[CP_857] = "IBM857", [CP_862] = "IBM862", [CP_866] = "IBM866", [MAC_ROMAN] = "MACINTOSH",
	[MAC_CYRILLIC] = "MAC-CYRILLIC", [VISCII] = "VISCII",
};

/* Names that mail uses, without their '-', '_' and spaces, in lower case. */
static const struct {
	const char *name;
	enum charset charset;
} names[] = {
	{ "utf8", UTF_8 }, { "unicode11utf8", UTF_8 }, { "unicode20utf8", UTF_8 }, { "utf8mb4", UTF_8 },
	{ "usascii", GUESS }, { "ascii", GUESS }, { "ansix3.41968", GUESS }, { "iso646us", GUESS }, { "us", GUESS },
	{ "unknown8bit", GUESS }, { "8bit", GUESS }, { "binary", GUESS },
	{ "utf8orcp437", GUESS_437 },
	{ "iso88591", WINDOWS_1252 }, { "latin1", WINDOWS_1252 }, { "iso8859", WINDOWS_1252 }, { "l1", WINDOWS_1252 },
	{ "windows1252", WINDOWS_1252 }, { "cp1252", WINDOWS_1252 }, { "xcp1252", WINDOWS_1252 },
	{ "ansi", WINDOWS_1252 },
	{ "utf16", UTF_16 }, { "unicode", UTF_16 }, { "ucs2", UTF_16 }, { "iso10646ucs2", UTF_16 },
	{ "utf16le", UTF_16LE }, { "utf16be", UTF_16BE }, { "utf32", UTF_32 },
	{ "utf7", UTF_7 }, { "unicode11utf7", UTF_7 }, { "xunicode20utf7", UTF_7 }, { "csunicode11utf7", UTF_7 },
	{ "gb2312", GB18030 }, { "gbk", GB18030 }, { "gb18030", GB18030 }, { "xgbk", GB18030 }, { "cp936", GB18030 },
	{ "euccn", GB18030 }, { "chinese", GB18030 }, { "windows936", GB18030 }, { "gb231280", GB18030 },
	{ "big5", BIG5 }, { "big5hkscs", BIG5 }, { "cnbig5", BIG5 }, { "cp950", BIG5 }, { "xxbig5", BIG5 }, { "euctw", EUC_TW },
	{ "eucjp", EUC_JP }, { "xeucjp", EUC_JP }, { "ujis", EUC_JP },
	{ "shiftjis", SHIFT_JIS }, { "sjis", SHIFT_JIS }, { "xsjis", SHIFT_JIS }, { "mskanji", SHIFT_JIS },
	{ "windows31j", SHIFT_JIS }, { "cp932", SHIFT_JIS }, { "windows932", SHIFT_JIS },
	{ "iso2022jp", JIS }, { "csiso2022jp", JIS }, { "jis", JIS }, { "iso2022jpms", JIS_3 }, { "cp50220", JIS_3 },
	{ "cp50221", JIS_3 }, { "iso2022jp1", JIS_1 }, { "iso2022jp2", JIS_2 }, { "iso2022jp3", JIS_3 },
	{ "euckr", EUC_KR }, { "ksc56011987", EUC_KR }, { "ksc5601", EUC_KR }, { "ksc56011992", EUC_KR },
	{ "ksc56011989", EUC_KR }, { "cp949", EUC_KR }, { "windows949", EUC_KR }, { "uhc", EUC_KR }, { "korean", EUC_KR },
	{ "iso2022kr", KR_2022 }, { "iso2022cn", CN_2022 }, { "johab", JOHAB },
	{ "windows1250", WINDOWS_1250 }, { "cp1250", WINDOWS_1250 }, { "windows1251", WINDOWS_1251 },
	{ "cp1251", WINDOWS_1251 }, { "win1251", WINDOWS_1251 }, { "windows1253", WINDOWS_1253 },
	{ "cp1253", WINDOWS_1253 }, { "windows1254", WINDOWS_1254 }, { "cp1254", WINDOWS_1254 },
	{ "iso88599", WINDOWS_1254 }, { "latin5", WINDOWS_1254 }, { "windows1255", WINDOWS_1255 },
	{ "cp1255", WINDOWS_1255 }, { "windows1256", WINDOWS_1256 }, { "cp1256", WINDOWS_1256 },
	{ "windows1257", WINDOWS_1257 }, { "cp1257", WINDOWS_1257 }, { "windows1258", WINDOWS_1258 },
	{ "cp1258", WINDOWS_1258 }, { "windows874", CP_874 }, { "tis620", CP_874 }, { "cp874", CP_874 },
	{ "iso885911", CP_874 },
	{ "iso88592", LATIN_2 }, { "latin2", LATIN_2 }, { "iso88593", LATIN_3 }, { "iso88594", LATIN_4 },
	{ "iso88595", CYRILLIC }, { "iso88596", ARABIC }, { "iso88596i", ARABIC }, { "iso88597", GREEK },
	{ "iso88598", HEBREW }, { "iso88598i", HEBREW }, { "iso88598e", HEBREW }, { "iso885910", LATIN_6 },
	{ "iso885913", LATIN_7 }, { "iso885914", LATIN_8 }, { "iso885915", LATIN_9 }, { "latin9", LATIN_9 },
	{ "iso885916", LATIN_10 },
	{ "koi8r", KOI8_R }, { "koi8", KOI8_R }, { "koi8u", KOI8_U }, { "koi8ru", KOI8_U }, { "koi8t", KOI8_T },
	{ "cp437", CP_437 }, { "ibm437", CP_437 }, { "437", CP_437 }, { "cp850", CP_850 }, { "ibm850", CP_850 },
	{ "cp852", CP_852 }, { "ibm852", CP_852 }, { "cp855", CP_855 }, { "ibm855", CP_855 }, { "cp857", CP_857 },
	{ "ibm857", CP_857 }, { "cp862", CP_862 }, { "ibm862", CP_862 }, { "doslatinus", CP_437 },
	{ "cp866", CP_866 }, { "ibm866", CP_866 }, { "macintosh", MAC_ROMAN }, { "macroman", MAC_ROMAN },
	{ "xmacroman", MAC_ROMAN }, { "xmaccyrillic", MAC_CYRILLIC }, { "maccyrillic", MAC_CYRILLIC },
	{ "viscii", VISCII },
};
/* clang-format on */

/* windows-1252 0x80 to 0x9f; the five that it leaves open are no characters. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

static void put_1252(const uint8_t *p, size_t n, struct ct_buf *b)
{
	for (size_t i = 0; i < n; i++)
		ct_buf_rune(b, p[i] >= 0x80 && p[i] < 0xa0 ? windows_1252[p[i] - 0x80] : p[i]);
}

void ct_charset_guess(const uint8_t *p, size_t n, struct ct_buf *b)
{
	if (ct_utf8_kind(p, n) == CT_UTF8_INVALID)
		put_1252(p, n, b);
	else
		ct_buf_put(b, p, n);
}

void ct_charsets_init(struct ct_charsets *c)
{
	memset(c, 0, sizeof *c);
}

void ct_charsets_free(struct ct_charsets *c)
{
	for (size_t i = 0; i < CT_CHARSET_MAX; i++)
		if (c->open[i])
			iconv_close(c->cd[i]);
	ct_charsets_init(c);
}

static int find(const char *name, size_t len)
{
	char plain[24];
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		char ch = name[i];
		if (ch == '-' || ch == '_' || ch == ' ')
			continue;
		if (n + 1 == sizeof plain)
			return -1;
		plain[n++] = ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch;
	}
	plain[n] = '\0';
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(plain, names[i].name))
			return (int)names[i].charset;
	return -1;
}

/* A piece at a time, so that the output has a fixed size; a charset's character is never larger in UTF-8 than that. */
static void put_iconv(iconv_t cd, const uint8_t *p, size_t n, struct ct_buf *b)
{
	iconv(cd, NULL, NULL, NULL, NULL);
	char out[1024];
	char *in = (char *)(uintptr_t)p; /* iconv does not write there (POSIX) */
	while (n) {
		char *to = out;
		size_t left = sizeof out;
		size_t r = iconv(cd, &in, &n, &to, &left);
		int error = r == (size_t)-1 ? errno : 0;
		ct_buf_put(b, out, sizeof out - left);
		if (error == EINVAL) {
			ct_buf_rune(b, CT_RUNE_REPLACEMENT);
			return;
		}
		if (error == EILSEQ || (error == E2BIG && left == sizeof out)) {
			ct_buf_rune(b, CT_RUNE_REPLACEMENT);
			in++;
			n--;
		}
	}
	char *to = out;
	size_t left = sizeof out;
	iconv(cd, NULL, NULL, &to, &left); /* what a charset with combining characters still kept back */
	ct_buf_put(b, out, sizeof out - left);
}

/* RFC 2781 3.3 says that UTF-16 without a byte order mark is big-endian; the programs that write it are little-endian. */
static enum charset byte_order(const uint8_t **p, size_t *n)
{
	bool big = *n >= 2 && (*p)[0] == 0xfe && (*p)[1] == 0xff;
	if (big || (*n >= 2 && (*p)[0] == 0xff && (*p)[1] == 0xfe)) {
		*p += 2;
		*n -= 2;
	}
	return big ? UTF_16BE : UTF_16LE;
}

bool ct_charset_utf8(struct ct_charsets *c, const char *name, size_t name_len, const uint8_t *p, size_t n,
		     struct ct_buf *b)
{
	int known = find(name, name_len);
	if (known < 0)
		return false;
	if (known == UTF_16)
		known = (int)byte_order(&p, &n);
	if (known == GUESS_437)
		known = ct_utf8_kind(p, n) == CT_UTF8_INVALID ? CP_437 : UTF_8;
	switch (known) {
	case UTF_8:
		ct_buf_put(b, p, n);
		return true;
	case GUESS:
		ct_charset_guess(p, n, b);
		return true;
	case WINDOWS_1252:
		put_1252(p, n, b);
		return true;
	}
	if (!c->open[known]) {
		iconv_t cd = iconv_open("UTF-8", iconv_names[known]);
		if (cd == (iconv_t)-1)
			return false;
		c->cd[known] = cd;
		c->open[known] = true;
	}
	put_iconv(c->cd[known], p, n, b);
	return true;
}
