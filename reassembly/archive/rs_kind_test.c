/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_kind.h"
#include "reassembly/archive/rs_zip.h"

static const struct {
	enum rs_kind kind;
	const char *mark; /* a dot is any byte */
	size_t n;
} cases[] = {
#define CASE(kind, mark) { kind, mark, sizeof mark - 1 }
	CASE(RS_KIND_ZIP, "PK\3\4"),
	CASE(RS_KIND_ZIP, "PK\5\6"),
	CASE(RS_KIND_ZIP, "PK\7\bPK\3\4"),
	CASE(RS_KIND_ZIP, "PK00PK\3\4"),
	CASE(RS_KIND_GZIP, "\x1f\x8b"),
	CASE(RS_KIND_PACKED, "Rar!\x1a\a"),
	CASE(RS_KIND_PACKED, "RE~^"),
	CASE(RS_KIND_PACKED, "7z\xbc\xaf\x27\x1c"),
	CASE(RS_KIND_PACKED, "BZh91AY&SY"),
	CASE(RS_KIND_PACKED, "BZh9\x17\x72\x45\x38\x50\x90"),
	CASE(RS_KIND_PACKED, "\xfd" "7zXZ\0"),
	CASE(RS_KIND_PACKED, "LZIP\1"),
	CASE(RS_KIND_PACKED, "\x28\xb5\x2f\xfd"),
	CASE(RS_KIND_PACKED, "\x04\x22\x4d\x18"),
	CASE(RS_KIND_PACKED, "\x02\x21\x4c\x18"),
	CASE(RS_KIND_PACKED, "MSCF"),
	CASE(RS_KIND_PACKED, "ISc("),
	CASE(RS_KIND_PACKED, "\x1f\x9d"),
	CASE(RS_KIND_PACKED, "\x1f\x1e"),
	CASE(RS_KIND_PACKED, "\x1f\xa0"),
	CASE(RS_KIND_PACKED, "\x89LZO\0\r\n\x1a\n"),
	CASE(RS_KIND_PACKED, "LRZI"),
	CASE(RS_KIND_PACKED, "RZIP"),
	CASE(RS_KIND_PACKED, "SZDD\x88\xf0\x27\x33"),
	CASE(RS_KIND_PACKED, "KWAJ\x88\xf0\x27\xd1"),
	CASE(RS_KIND_PACKED, "\x8f\xaf\xac\x84"),
	CASE(RS_KIND_PACKED, "7kSt"),
	CASE(RS_KIND_PACKED, "zPQ"),
	CASE(RS_KIND_PACKED, "\xff\6\0\0sNaPpY"),
	CASE(RS_KIND_PACKED, "\5\x22\x4d\x18"),
	CASE(RS_KIND_PACKED, "..-pm.-"),
	CASE(RS_KIND_PACKED, "\x45\x3d\xcd\x28"),
	CASE(RS_KIND_PACKED, "QFI\xfb"),
	CASE(RS_KIND_PACKED, "KDMV"),
	CASE(RS_KIND_PACKED, "..-lh.-"),
	CASE(RS_KIND_PACKED, "..-lz.-"),
	CASE(RS_KIND_PACKED, ".......**ACE**"),
	CASE(RS_KIND_PACKED, "....................\xdc\xa7\xc4\xfd"),
	CASE(RS_KIND_PACKED, "MSWIM\0\0\0"),
	CASE(RS_KIND_PACKED, "xar!"),
	CASE(RS_KIND_PACKED, "\xed\xab\xee\xdb"),
	CASE(RS_KIND_PACKED, "ITSF\3\0\0\0"),
	CASE(RS_KIND_AR, "!<arch>\n"),
	CASE(RS_KIND_PACKED, "conectix"),
	CASE(RS_KIND_PACKED, "vhdxfile"),
	CASE(RS_KIND_PACKED, "hsqs"),
	CASE(RS_KIND_PACKED, "SIT!"),
	CASE(RS_KIND_PACKED, "StuffIt "),
	CASE(RS_KIND_PACKED, "ALZ\1"),
	CASE(RS_KIND_PACKED, "EGGA\0\1"),
	CASE(RS_KIND_SEALED, "-----BEGIN PGP MESSAGE----"),
	CASE(RS_KIND_TNEF, "\x78\x9f\x3e\x22"),
};
#define CASES (sizeof cases / sizeof cases[0])

/* What is nothing else may be a tar archive, when there is enough of it. */
static enum rs_kind none(size_t n)
{
	return n < RS_KIND_BYTES ? RS_KIND_PLAIN : RS_KIND_TAR;
}

/* In a buffer of exactly this size, so that a read beyond it is seen. */
static enum rs_kind kind_of(const void *p, size_t n)
{
	uint8_t *copy = malloc(n + !n);
	assert_non_null(copy);
	memcpy(copy, p, n);
	enum rs_kind kind = rs_kind_of(copy, n);
	free(copy);
	return kind;
}

static void test_marks(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		uint8_t first[RS_KIND_BYTES];
		memset(first, 1, sizeof first);
		memcpy(first, cases[i].mark, cases[i].n);
		assert_true(cases[i].n <= RS_KIND_BYTES);
		/* Whole, and with anything behind; less is nothing yet. */
		for (size_t n = 0; n <= sizeof first; n++)
			assert_int_equal(kind_of(first, n), n < cases[i].n ? none(n) : cases[i].kind);
		/* Every byte of it counts. */
		for (size_t k = 0; k < cases[i].n; k++) {
			if (cases[i].mark[k] == '.')
				continue;
			first[k] ^= 0x80;
			assert_int_equal(kind_of(first, sizeof first), RS_KIND_TAR);
			first[k] ^= 0x80;
		}
	}
}

static void test_what_needs_more_than_a_mark(void **state)
{
	static const uint8_t arj[] = { 0x60, 0xea, 0x28, 0, 30, 11, 1, 0, 16, 0, 2, 0 };
	uint8_t zlib[] = { 0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57 };
	(void)state;
	assert_int_equal(kind_of(arj, sizeof arj), RS_KIND_PACKED);
	assert_int_equal(kind_of(zlib, sizeof zlib), RS_KIND_ZLIB);
	for (unsigned b = 0; b < 256; b++) {
		zlib[1] = (uint8_t)b;
		assert_true((kind_of(zlib, sizeof zlib) == RS_KIND_ZLIB) == (b == 0x01 || b == 0x5e || b == 0x9c || b == 0xda));
	}
	assert_int_equal(kind_of("0707010000a1b2000081a4000003e800", 32), RS_KIND_PACKED);
	assert_int_equal(kind_of("070701 is a number, and so is this", 34), RS_KIND_TAR);
	assert_int_equal(rs_kind_else(zlib, sizeof zlib, false), RS_KIND_PLAIN);
	zlib[1] = 0x9c;
	assert_int_equal(rs_kind_else(zlib, sizeof zlib, false), RS_KIND_ZLIB);
	assert_int_equal(rs_kind_else((const uint8_t *)"bytes that may begin a stream", 29, false), RS_KIND_PLAIN);
	assert_int_equal(rs_kind_else((const uint8_t *)"bytes that may begin a stream", 29, true), RS_KIND_DEFLATED);
	assert_int_equal(kind_of("x^2 + y^2 = z^2 has solutions", 29), RS_KIND_PLAIN);
	assert_int_equal(kind_of("BZh is the beginning of", 23), RS_KIND_PLAIN);
}

/* By fields that agree with each other. */
static void test_lzma_and_openpgp(void **state)
{
	static const struct {
		enum rs_kind kind;
		const char *begin;
	} begins[] = {
#define LZMA(kind, begin) { kind, begin "\0 and so on, and so on, and so on" }
		LZMA(RS_KIND_PACKED, "\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff"),
		LZMA(RS_KIND_PACKED, "\x5d\0\0\x80\0\1\0\0\0\0\0\0\0"),
		LZMA(RS_KIND_PACKED, "\x00\0\x10\0\0\1\0\0\0\0\0\0\0"),
		LZMA(RS_KIND_PACKED, "\xe0\0\0\x60\0\xff\xff\xff\xff\x3f\0\0\0"),
		LZMA(RS_KIND_PACKED, "\x5d\xff\xff\xff\xff\1\0\0\0\0\0\0\0"),
		LZMA(RS_KIND_TAR, "\xe1\0\0\x60\0\xff\xff\xff\xff\x3f\0\0\0"), /* no such literal bits */
		LZMA(RS_KIND_TAR, "\x5d\0\0\x50\0\1\0\0\0\0\0\0\0"), /* no such dictionary */
		LZMA(RS_KIND_TAR, "\x5d\0\4\0\0\1\0\0\0\0\0\0\0"),
		LZMA(RS_KIND_TAR, "\x5d\0\0\x80\0\1\0\0\0\x40\0\0\0"), /* too large */
		LZMA(RS_KIND_TAR, "\x5d\0\0\x80\0\1\0\0\0\0\0\0\0\1"), /* a coder does not begin so */
		{ RS_KIND_PACKED, "\xa3\1\xcb\x48 and so on, and so on, and so on" },
		{ RS_KIND_TAR, "\xa3\1\x07\x48 and so on, and so on, and so on" },
		{ RS_KIND_PACKED, "\xa3\2\x78\x9c and so on, and so on, and so on" },
		{ RS_KIND_TAR, "\xa3\2\x78\x9d and so on, and so on, and so on" },
		{ RS_KIND_PACKED, "\xa3\3" "BZh9 and so on, and so on, and so on" },
		{ RS_KIND_SEALED, "\x85\1\x0c\3........\1 and so on, and so on" },
		{ RS_KIND_SEALED, "\x84\x5e\3........\x12 and so on, and so on." },
		{ RS_KIND_SEALED, "\xc1\x5e\3........\x12 and so on, and so on." },
		{ RS_KIND_SEALED, "\xc1\xc0\x4c\3........\1 and so on, and so on" },
		{ RS_KIND_TAR, "\x85\1\x0c\3........\3 and so on, and so on" }, /* signs only */
		{ RS_KIND_TAR, "\x85\1\x0c\2........\1 and so on, and so on" },
		{ RS_KIND_SEALED, "\x8c\x0d\4\x09\3\2 and so on, and so on, and so on" },
		{ RS_KIND_SEALED, "\xc3\x0d\4\x07\3\x08 and so on, and so on, and so on" },
		{ RS_KIND_TAR, "\x8c\x0d\4\x09\3\x0c and so on, and so on, and so on" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
		assert_int_equal(kind_of(begins[i].begin, RS_KIND_BYTES), begins[i].kind);
	for (size_t n = 0; n < 14; n++)
		assert_int_equal(kind_of(begins[0].begin, n), RS_KIND_PLAIN);
}

/* By its outer type, however its length is written. */
static void test_smime(void **state)
{
	static const char signed_data[] = "\x30\x82\1\xe9\6\x9\x2a\x86\x48\x86\xf7\x0d\1\7\2 and so on, and so on",
			  in_pieces[] = "\x30\x80\6\x9\x2a\x86\x48\x86\xf7\x0d\1\7\3 and so on, and so on",
			  pkcs12[] = "\x30\x82\1\xe9\2\1\3\x30\x82\1\xe9\6\x9\x2a\x86\x48\x86\xf7\x0d\1\7\1 and so on";
	(void)state;
	assert_int_equal(kind_of(signed_data, RS_KIND_BYTES), RS_KIND_CMS);
	assert_int_equal(kind_of(in_pieces, RS_KIND_BYTES), RS_KIND_CMS);
	assert_int_equal(kind_of(pkcs12, RS_KIND_BYTES), RS_KIND_TAR); /* it may be */
	for (size_t n = 0; n < 15; n++)
		assert_int_equal(kind_of(signed_data, n), RS_KIND_PLAIN);
}

static void test_plain(void **state)
{
	static const char *const texts[] = {
		"", "M", "MZ\x90", "%PDF-1.4", "hello, world", "PK", "PK\1\2 a directory alone", "7z", "Rar", " PK\3\4"
	};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_int_equal(kind_of(texts[i], strlen(texts[i])), RS_KIND_PLAIN);
}

/* What is told to be a zip is what the reader of zips takes for one. */
static void test_zip_reader_agrees(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++)
		assert_int_equal(rs_zip_is((const uint8_t *)cases[i].mark, cases[i].n), cases[i].kind == RS_KIND_ZIP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_what_needs_more_than_a_mark),
		cmocka_unit_test(test_lzma_and_openpgp),
		cmocka_unit_test(test_smime),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_zip_reader_agrees),
	};
	return cmocka_run_group_tests_name("rs_kind", tests, NULL, NULL);
}
