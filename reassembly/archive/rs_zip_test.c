/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/archive/rs_zip_log.h"

#define UNKNOWN RS_ZIP_SIZE_UNKNOWN
#define DEFLATED_TEXT "\x4b\xcc\x2d\xca\x4f\x01\x00" /* any bytes do */

/* ---- a small writer ---- */

enum form {
	KNOWN, /* sizes in the header */
	KNOWN64, /* in its zip64 extra field */
	SIGNED32, /* descriptor with signature */
	SIGNED64,
	UNSIGNED32, /* descriptor without */
	UNSIGNED64,
	NO_DESCRIPTOR, /* bit 3, and then none */
	KNOWN_SIGNED32, /* sizes in both places */
	KNOWN_UNSIGNED32,
	KNOWN_UNSIGNED64,
	FORMS
};

struct entry {
	char name[400];
	unsigned method, bits;
	uint64_t size, off;
};

struct zip {
	uint8_t *p;
	size_t len, cap;
	struct entry entries[64];
	unsigned n;
};

static void put(struct zip *z, const void *p, size_t n)
{
	if (z->cap - z->len < n) {
		z->cap = z->cap * 2 + n + 256;
		z->p = realloc(z->p, z->cap);
		assert_non_null(z->p);
	}
	if (n)
		memcpy(z->p + z->len, p, n);
	z->len += n;
}

static void put_int(struct zip *z, uint64_t v, unsigned bytes)
{
	for (; bytes--; v >>= 8)
		put(z, &(uint8_t){ (uint8_t)v }, 1);
}

static void put_str(struct zip *z, const char *s)
{
	put(z, s, strlen(s));
}

static void put_descriptor(struct zip *z, enum form form, uint64_t size)
{
	const bool wide = form == SIGNED64 || form == UNSIGNED64 || form == KNOWN_UNSIGNED64;
	if (form == SIGNED32 || form == SIGNED64 || form == KNOWN_SIGNED32)
		put_str(z, "PK\7\10");
	put_int(z, 0xaabbccdd, 4);
	put_int(z, size, wide ? 8 : 4);
	put_int(z, size, wide ? 8 : 4);
}

static void put_header(struct zip *z, const char *name, unsigned method, unsigned bits, enum form form, uint64_t size)
{
	struct entry *e = &z->entries[z->n++];
	const bool known = form == KNOWN || form >= KNOWN_SIGNED32;
	if (form != KNOWN && form != KNOWN64)
		bits |= 8;
	snprintf(e->name, sizeof e->name, "%s", name);
	e->method = method;
	e->bits = bits;
	e->size = size;
	e->off = z->len;
	put_str(z, "PK\3\4");
	put_int(z, 20, 2);
	put_int(z, bits, 2);
	put_int(z, method, 2);
	put_int(z, 0x12345678, 4);
	put_int(z, 0xaabbccdd, 4);
	put_int(z, form == KNOWN64 ? UINT32_MAX : known ? size : 0, 4);
	put_int(z, form == KNOWN64 ? UINT32_MAX : known ? size : 0, 4);
	put_int(z, strlen(name), 2);
	put_int(z, form == KNOWN64 ? 28 : 0, 2);
	put_str(z, name);
	if (form == KNOWN64) {
		put_int(z, 0x5455, 2); /* another field first */
		put_int(z, 4, 2);
		put_int(z, 0, 4);
		put_int(z, 1, 2);
		put_int(z, 16, 2);
		put_int(z, size, 8);
		put_int(z, size, 8);
	}
}

static void put_member(struct zip *z, const char *name, unsigned method, unsigned bits, enum form form, const void *p,
		       size_t n)
{
	put_header(z, name, method, bits, form, n);
	put(z, p, n);
	if (form != KNOWN && form != KNOWN64 && form != NO_DESCRIPTOR)
		put_descriptor(z, form, n);
}

static void put_directory(struct zip *z)
{
	const size_t off = z->len;
	for (unsigned i = 0; i < z->n; i++) {
		const struct entry *e = &z->entries[i];
		put_str(z, "PK\1\2");
		put_int(z, 20, 2);
		put_int(z, 20, 2);
		put_int(z, e->bits, 2);
		put_int(z, e->method, 2);
		put_int(z, 0x12345678, 4);
		put_int(z, 0xaabbccdd, 4);
		put_int(z, e->size, 4);
		put_int(z, e->size, 4);
		put_int(z, strlen(e->name), 2);
		put_int(z, 0, 2);
		put_int(z, 3, 2);
		put_int(z, 0, 2);
		put_int(z, 0, 2);
		put_int(z, 0, 4);
		put_int(z, e->off, 4);
		put_str(z, e->name);
		put_str(z, "any");
	}
	const size_t end = z->len;
	put_str(z, "PK\5\6");
	put_int(z, 0, 4);
	put_int(z, z->n, 2);
	put_int(z, z->n, 2);
	put_int(z, end - off, 4);
	put_int(z, off, 4);
	put_int(z, 4, 2);
	put_str(z, "PK\3\4"); /* a comment is no header */
}

/* ---- running ---- */

static size_t first_piece(void *arg, size_t left)
{
	(void)left;
	size_t *cut = arg;
	const size_t n = *cut;
	*cut = SIZE_MAX;
	return n;
}

static size_t by_ones(void *arg, size_t left)
{
	(void)arg;
	(void)left;
	return 1;
}

static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

static size_t by_chance(void *arg, size_t left)
{
	(void)left;
	return rnd(*(uint32_t *)arg) + 1;
}

static void same(const struct log *a, struct log *b)
{
	assert_string_equal(a->text, b->text);
	free(b->text);
}

/* The event log of the archive, the same however it is cut. The archive is given up. */
static char *events(struct zip *z)
{
	struct log whole, l;
	log_run(&whole, z->p, z->len, NULL, NULL);
	log_run(&l, z->p, z->len, by_ones, NULL);
	same(&whole, &l);
	for (size_t cut = 0; cut <= z->len && z->len < 4096; cut++) {
		size_t arg = cut ? cut : SIZE_MAX;
		log_run(&l, z->p, z->len, first_piece, &arg);
		same(&whole, &l);
	}
	for (uint32_t most = 2; most < 200; most = most * 3 / 2 + 1) {
		log_run(&l, z->p, z->len, by_chance, &most);
		same(&whole, &l);
	}
	free(z->p);
	memset(z, 0, sizeof *z);
	return whole.text;
}

/* The log holds each of the parts; the last one is NULL. */
static void expect_parts_of(struct zip *z, const char *const *part)
{
	char *got = events(z);
	for (; *part; part++)
		if (!strstr(got, *part))
			fail_msg("no \"%s\" in\n%s", *part, got);
	free(got);
}
#define expect_parts(z, ...) expect_parts_of(z, (const char *const[]){ __VA_ARGS__, NULL })

static void expect_events(struct zip *z, const char *expected)
{
	char *got = events(z);
	assert_string_equal(got, expected);
	free(got);
}

/* ---- tests ---- */

static void knows_a_zip(void **state)
{
	(void)state;
	assert_true(rs_zip_is((const uint8_t *)"PK\3\4", 4));
	assert_true(rs_zip_is((const uint8_t *)"PK\5\6", 4));
	assert_true(rs_zip_is((const uint8_t *)"PK00PK\3\4", 8));
	assert_true(rs_zip_is((const uint8_t *)"PK\7\10PK\3\4", 8));
	assert_false(rs_zip_is((const uint8_t *)"PK00PK\1\2", 8));
	assert_false(rs_zip_is((const uint8_t *)"PK\1\2", 4));
	assert_false(rs_zip_is((const uint8_t *)"PK\3", 3));
	assert_false(rs_zip_is(NULL, 0));
}

static void reads_known_sizes(void **state)
{
	(void)state;
	struct zip z = { 0 };
	put_member(&z, "a.scr", 0, 0, KNOWN, "MZ kernel32.dll", 15);
	put_member(&z, "b/", 0, 0, KNOWN, "", 0);
	put_member(&z, "b/c", 8, 1 << 11, KNOWN, DEFLATED_TEXT, 7);
	put_member(&z, "d", 0, 1, KNOWN, "twelve bytes and the data", 25);
	put_member(&z, "e", 0, 0, KNOWN64, "data", 4);
	put_directory(&z);
	expect_events(&z, "outer 35\n"
			  "begin a.scr method 0 flags 0 csize 15 size 15\ndata 15\nend 0\n"
			  "outer 32\n"
			  "begin b/ method 0 flags 32 csize 0 size 0\nend 32\n"
			  "outer 33\n"
			  "begin b/c method 8 flags 8 csize 7 size 7\nouter 7\nend 8\n"
			  "outer 31\n"
			  "begin d method 0 flags 1 csize 25 size 25\nouter 25\nend 1\n"
			  "outer 59\n"
			  "begin e method 0 flags 0 csize 4 size 4\ndata 4\nend 0\n"
			  "outer 283\nwell formed\n");
}

static void reads_sizes_behind_the_data(void **state)
{
	(void)state;
	static const char data[] = "data with PK\7\10 in it, and PK\3\4, and PK\1\2 and P";
	static const unsigned lengths[FORMS] = {
		[SIGNED32] = 16,       [SIGNED64] = 24,         [UNSIGNED32] = 12,      [UNSIGNED64] = 20,
		[KNOWN_SIGNED32] = 16, [KNOWN_UNSIGNED32] = 12, [KNOWN_UNSIGNED64] = 20
	};
	for (enum form form = SIGNED32; form < FORMS; form++) {
		if (form == NO_DESCRIPTOR)
			continue;
		for (size_t n = 0; n < sizeof data; n++) {
			struct zip z = { 0 };
			put_member(&z, "a", 0, 0, form, data, n);
			put_member(&z, "b", 0, 0, form, data, n);
			put_directory(&z);
			const long long size = form >= KNOWN_SIGNED32 && n ? (long long)n : -1;
			char expected[1000], run[30] = "";
			if (n)
				snprintf(run, sizeof run, "data %zu\n", n);
			snprintf(expected, sizeof expected,
				 "outer 31\n"
				 "begin a method 0 flags 2 csize %lld size %lld\n%send 2\n"
				 "outer %u\n"
				 "begin b method 0 flags 2 csize %lld size %lld\n%send 2\n"
				 "outer %u\nwell formed\n",
				 size, size, run, lengths[form] + 31, size, size, run, lengths[form] + 126);
			expect_events(&z, expected);
		}
	}
}

static void a_directory_needs_no_descriptor(void **state)
{
	(void)state;
	for (enum form form = SIGNED32; form <= NO_DESCRIPTOR; form++) {
		struct zip z = { 0 };
		put_member(&z, "d/", 0, 0, form, "", 0);
		put_member(&z, "d/f", 0, 0, SIGNED32, "data", 4);
		put_directory(&z);
		expect_parts(&z, "begin d/ method 0 flags 34 csize 0 size 0\nend 34\n",
			     "begin d/f method 0 flags 2 csize -1 size -1\ndata 4\nend 2\n", "\nwell formed");
	}
}

/* An archive stored in an archive has descriptors and headers of its own. */
static void reads_past_a_nested_archive(void **state)
{
	(void)state;
	for (enum form form = KNOWN; form < NO_DESCRIPTOR; form++) {
		for (unsigned method = 0; method <= 8; method += 8) {
			struct zip inner = { 0 }, z = { 0 };
			put_member(&inner, "x.exe", 0, 0, SIGNED32, "MZ", 2);
			put_member(&inner, "y.exe", 0, 0, UNSIGNED64, "MZ and so on", 12);
			put_member(&inner, "z.exe", 0, 0, KNOWN, "MZ", 2);
			put_directory(&inner);
			put_str(&inner, "what deflate would put behind");
			put_member(&z, "in.zip", method, 0, form, inner.p, inner.len);
			put_member(&z, "after", 0, 0, form, "data", 4);
			put_directory(&z);
			free(inner.p);
			char *got = events(&z);
			if (method == 0 || form == KNOWN || form == KNOWN64)
				assert_null(strstr(got, ".exe"));
			else /* what may be seen is told, as uncertain */
				assert_non_null(
					strstr(got, "begin x.exe method 0 flags 66 csize -1 size -1\ndata 2\nend 66"));
			const char *after = strstr(got, "begin after ");
			assert_non_null(after);
			assert_null(strstr(after, "flags 6"));
			assert_non_null(strstr(after, "\ndata 4\nend"));
			assert_non_null(strstr(got, "\nwell formed"));
			free(got);
		}
	}
}

static void a_wrong_descriptor_hides_no_member(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct zip z = { 0 };
		put_header(&z, "a", i ? 0 : 8, i ? 1 : 0, SIGNED32, 7); /* deflated; stored and encrypted */
		put(&z, DEFLATED_TEXT, 7);
		put_descriptor(&z, SIGNED32, 70000);
		put_member(&z, "b.scr", 0, 0, SIGNED32, "MZ data", 7);
		put_directory(&z);
		expect_parts(&z, "begin b.scr method 0 flags 66 csize -1 size -1\ndata 7\nend 66\n", "not well formed");
		/* The last member: the central directory ends it. */
		put_header(&z, "a", 8, 0, SIGNED32, 7);
		put(&z, DEFLATED_TEXT, 7);
		put_directory(&z);
		expect_events(&z, "outer 31\nbegin a method 8 flags 2 csize -1 size -1\nouter 37\nend 66\n"
				  "outer 46\nnot well formed\n");
	}
}

static void garbage_is_told(void **state)
{
	(void)state;
	struct zip z = { 0 };
	/* A self-extractor, whose code holds signatures. */
	put_str(&z, "MZ PK PK\3\4 is PKPPK\3\4 looked for, PK\5\6 PK\1\2 too\xff\xff\xff\xff PK\3");
	put_member(&z, "a", 0, 0, KNOWN, "data", 4);
	put_str(&z, "between");
	put_member(&z, "b", 0, 0, KNOWN, "data", 4);
	put_directory(&z);
	expect_parts(&z,
		     "begin a method 0 flags 64 csize 4 size 4\ndata 4\nend 64\nouter 38\n"
		     "begin b method 0 flags 64 csize 4 size 4\ndata 4\nend 64\n",
		     "not well formed");
}

static void a_second_archive_is_seen(void **state)
{
	(void)state;
	struct zip z = { 0 }, second = { 0 };
	put_member(&z, "a", 0, 0, KNOWN, "data", 4);
	put_directory(&z);
	put_str(&z, "\r\n");
	const size_t len = z.len;
	put_member(&second, "b.scr", 0, 0, SIGNED32, "MZ", 2);
	put_directory(&second);
	put(&z, second.p, second.len);
	free(second.p);
	struct log l;
	log_run(&l, z.p, len, NULL, NULL);
	assert_true(l.ok); /* a line end behind it is harmless */
	free(l.text);
	expect_parts(&z, "begin b.scr method 0 flags 66 csize -1 size -1\ndata 2\nend 66\n", "not well formed");
}

/* What extractors read in the central directory and what stands in the local headers. */
static void a_contradiction_is_told(void **state)
{
	(void)state;
	enum { AGREED, NAME, METHOD, SIZE, OFFSET, MISSING, EXTRA, TOTAL, CASES };
	for (int c = AGREED; c < CASES; c++) {
		struct zip z = { 0 };
		put_member(&z, "a", 0, 0, KNOWN, "data", 4);
		put_member(&z, "b", 0, 0, SIGNED32, "data", 4);
		struct entry *e = &z.entries[1];
		if (c == NAME)
			e->name[0] = 'c';
		else if (c == METHOD)
			e->method = 8;
		else if (c == SIZE)
			e->size++;
		else if (c == OFFSET)
			e->off++;
		else if (c == MISSING)
			z.n--;
		else if (c == EXTRA)
			z.entries[z.n++] = *e;
		put_directory(&z);
		if (c == TOTAL)
			z.p[z.len - 16]++;
		char *got = events(&z);
		assert_string_equal(strrchr(strstr(got, "end 2"), '\n') - (c == AGREED ? 11 : 15),
				    c == AGREED ? "well formed\n" : "not well formed\n");
		free(got);
	}
}

static void put_end(struct zip *z, unsigned total, size_t off)
{
	put_str(z, "PK\5\6");
	put_int(z, 0, 4);
	put_int(z, total, 2);
	put_int(z, total, 2);
	put_int(z, 0, 4);
	put_int(z, off, 4);
	put_int(z, 0, 2);
}

static void a_member_behind_the_directory_is_told(void **state)
{
	(void)state;
	for (int ended = 0; ended < 2; ended++) {
		struct zip z = { 0 };
		put_member(&z, "a", 0, 0, KNOWN, "data", 4);
		const size_t off = z.len;
		put_directory(&z);
		z.len -= 26; /* without its end record */
		if (ended)
			put_end(&z, 1, off);
		put_member(&z, "b", 0, 0, KNOWN, "data", 4);
		z.entries[0] = z.entries[1];
		z.n = 1;
		put_directory(&z);
		z.len -= 26;
		put_end(&z, 2, off);
		char expected[100];
		snprintf(expected, sizeof expected, "begin b method 0 flags %d csize 4 size 4\ndata 4\nend",
			 ended ? 64 : 0);
		expect_parts(&z, expected, "not well formed");
	}
}

/* Bit 13: the local header's values are masked (4.4.4), and the data encrypted. */
static void masked_headers_are_encrypted(void **state)
{
	(void)state;
	struct zip z = { 0 };
	put_member(&z, "1", 0, 1 << 13, KNOWN, "data", 4);
	put_directory(&z);
	expect_parts(&z, "begin 1 method 0 flags 1 csize 4 size 4\nouter 4\nend 1\n");
}

/* A zip64 field with room for the first size only: the other stays what the header says. */
static void a_short_zip64_field_is_not_read_past(void **state)
{
	(void)state;
	struct zip z = { 0 };
	put_header(&z, "a", 0, 0, KNOWN64, 4);
	z.p[z.len - 18] = 8;
	put_str(&z, "data");
	expect_parts(&z, "begin a method 0 flags 0 csize 4294967295 size 4\ndata 4\nend 16\n");
}

struct count {
	uint64_t outer, data;
	bool ended;
};

static void count_outer(void *arg, const uint8_t *p, size_t n)
{
	(void)p;
	((struct count *)arg)->outer += n;
}

static void count_data(void *arg, const uint8_t *p, size_t n)
{
	(void)p;
	((struct count *)arg)->data += n;
}

static void count_begin(void *arg, const struct rs_zip_member *m)
{
	(void)arg;
	(void)m;
}

static void count_end(void *arg, uint32_t flags)
{
	((struct count *)arg)->ended = !(flags & RS_ZIP_CUT);
}

/* Beyond 4 GiB only the wide forms of a descriptor can say the size. */
static void members_may_be_longer_than_4_gib(void **state)
{
	(void)state;
	static const uint8_t block[1 << 20];
	const uint64_t size = (4097ull << 20) + 5;
	const struct rs_zip_ops ops = { count_outer, count_begin, count_data, NULL, count_end, NULL };
	for (enum form form = SIGNED64; form <= UNSIGNED64; form += UNSIGNED64 - SIGNED64) {
		struct zip head = { 0 }, tail = { 0 };
		struct count count = { 0 };
		struct rs_zip z;
		put_header(&head, "a", 0, 0, form, size);
		put_descriptor(&tail, form, size);
		put_str(&tail, "PK\1\2");
		rs_zip_init(&z, &ops, &count);
		rs_zip_feed(&z, head.p, head.len);
		for (int i = 0; i < 4097; i++)
			rs_zip_feed(&z, block, sizeof block);
		rs_zip_feed(&z, block, 5);
		rs_zip_feed(&z, tail.p, tail.len);
		assert_true(count.ended);
		assert_true(count.data == size);
		rs_zip_end(&z);
		assert_int_equal(count.outer, head.len + tail.len);
		free(head.p);
		free(tail.p);
	}
}

static void order_of_the_directory_does_not_matter(void **state)
{
	(void)state;
	struct zip z = { 0 };
	put_member(&z, "a", 0, 0, KNOWN, "data", 4);
	put_member(&z, "b", 0, 0, SIGNED32, "more data", 9);
	const struct entry e = z.entries[0];
	z.entries[0] = z.entries[1];
	z.entries[1] = e;
	put_directory(&z);
	expect_parts(&z, "\nwell formed");
}

static void zip64_records_are_known(void **state)
{
	(void)state;
	struct zip z = { 0 };
	put_member(&z, "a", 0, 0, KNOWN64, "data", 4);
	put_str(&z, "PK\6\10"); /* archive extra data (4.3.11) */
	put_int(&z, 5, 4);
	put_str(&z, "extra");
	const size_t directory = z.len;
	put_str(&z, "PK\1\2");
	const uint8_t fixed[42] = { 45,   0, 45, [16] = 0xff, 0xff, 0xff,        0xff, 0xff, 0xff, 0xff,
				    0xff, 1, 0,  28,          0,    [38] = 0xff, 0xff, 0xff, 0xff };
	put(&z, fixed, sizeof fixed);
	put_str(&z, "a");
	put_int(&z, 1, 2);
	put_int(&z, 24, 2);
	put_int(&z, 4, 8);
	put_int(&z, 4, 8);
	put_int(&z, 0, 8);
	put_str(&z, "PK\5\5"); /* digital signature (4.3.13) */
	put_int(&z, 3, 2);
	put_str(&z, "abc");
	put_str(&z, "PK\6\6");
	put_int(&z, 44, 8);
	for (int i = 0; i < 44; i++)
		put_str(&z, "x");
	put_str(&z, "PK\6\7");
	put_int(&z, 0, 16 - 8);
	put_int(&z, 0, 8);
	put_str(&z, "PK\5\6");
	put_int(&z, 0, 4);
	put_int(&z, 0xffffffff, 4);
	put_int(&z, directory, 4);
	put_int(&z, 0xffffffff, 4);
	put_int(&z, 0, 2);
	expect_parts(&z, "begin a method 0 flags 0 csize 4 size 4\ndata 4\nend 0\n", "\nwell formed");
}

static void long_names_are_cut(void **state)
{
	(void)state;
	for (size_t n = RS_ZIP_NAME_MAX - 1; n < RS_ZIP_NAME_MAX + 3; n++) {
		struct zip z = { 0 };
		char name[400], expected[400];
		memset(name, 'n', n);
		memcpy(name + n - 4, ".scr", 5);
		put_member(&z, name, 0, 0, KNOWN, "MZ", 2);
		put_directory(&z);
		const bool cut = n > RS_ZIP_NAME_MAX;
		snprintf(expected, sizeof expected, "begin %.*s method 0 flags %d csize 2 size 2\ndata 2\nend",
			 RS_ZIP_NAME_MAX, name, cut ? 4 : 0);
		expect_parts(&z, expected, "\nwell formed");
	}
}

/* Any beginning of an archive: bytes out are bytes in (log_run checks it), what is open ends, nothing is well formed. */
static void every_prefix_ends(void **state)
{
	(void)state;
	struct zip z = { 0 };
	put_member(&z, "a", 0, 0, SIGNED64, "data PK\3\4 data", 14);
	put_member(&z, "b", 8, 0, SIGNED32, DEFLATED_TEXT, 7);
	put_member(&z, "c", 0, 0, KNOWN64, "data", 4);
	put_directory(&z);
	for (size_t n = 0; n < z.len; n++) {
		struct zip prefix = { 0 };
		put(&prefix, z.p, n);
		char *got = events(&prefix);
		assert_non_null(strstr(got, "not well formed"));
		if (n >= 31 && n < 31 + 14)
			assert_non_null(strstr(got, "end 18\n")); /* cut */
		free(got);
	}
	free(z.p);
}

/* A log to go on with from what another holds. */
static struct log log_copy(const struct log *from)
{
	struct log l = *from;
	l.text = malloc(l.cap);
	assert_non_null(l.text);
	memcpy(l.text, from->text, l.cap);
	return l;
}

static void finish(struct rs_zip *z, struct log *l, const uint8_t *p, size_t n)
{
	rs_zip_feed(z, p, n);
	l->ok = rs_zip_end(z);
	log_flush(l);
	log_line(l, "%s\n", l->ok ? "well formed" : "not well formed");
}

/* From any place on, also where bytes are held back; neither disturbs the other. */
static void a_copy_goes_its_own_way(void **state)
{
	(void)state;
	struct zip z = { 0 };
	put_member(&z, "a", 0, 0, SIGNED64, "data PK\3\4 data", 14);
	put_member(&z, "bb", 0, 0, UNSIGNED32, "more PK data", 12);
	put_member(&z, "c", 8, 0, SIGNED32, DEFLATED_TEXT, 7);
	put_directory(&z);
	char *want = events(&(struct zip){ .p = memcpy(malloc(z.len), z.p, z.len), .len = z.len });
	for (size_t cut = 0; cut <= z.len; cut++) {
		struct log l = { .input = z.p, .size = z.len };
		struct rs_zip one, other;
		log_line(&l, "%s", "");
		rs_zip_init(&one, &log_ops, &l);
		rs_zip_feed(&one, z.p, cut);
		struct log copy = log_copy(&l);
		rs_zip_copy(&other, &one, &copy);
		finish(&other, &copy, z.p + cut, z.len - cut);
		finish(&one, &l, z.p + cut, z.len - cut);
		assert_string_equal(copy.text, want);
		assert_string_equal(l.text, want);
		free(copy.text);
		free(l.text);
	}
	free(want);
	free(z.p);
}

static void an_empty_archive_is_well_formed(void **state)
{
	(void)state;
	struct zip z = { 0 };
	put_directory(&z);
	expect_events(&z, "outer 26\nwell formed\n");
	expect_events(&z, "not well formed\n");
	put_str(&z, "PK00");
	put_member(&z, "a", 0, 0, KNOWN, "data", 4);
	put_directory(&z);
	expect_parts(&z, "outer 35\nbegin a ", "\nwell formed");
}

/* Random archives, whose events are known from how they were made. */
static void random_archives(void **state)
{
	(void)state;
	static const char *const pieces[] = { "P",      "K",  "PK",       "PK\7\10", "PK\3\4",
					      "PK\1\2", "\0", "\1\0\0\0", "text",    "PK\5\6" };
	for (int round = 0; round < 3000; round++) {
		struct zip z = { 0 };
		struct log want = { 0 };
		unsigned outer = 0;
		log_line(&want, "%s", "");
		const unsigned members = rnd(6);
		for (unsigned i = 0; i < members; i++) {
			const enum form form = (enum form)rnd(FORMS);
			const bool encrypted = rnd(4) == 0, deflated = rnd(4) == 0, stored = !encrypted && !deflated;
			const bool open = form >= SIGNED32 && form <= NO_DESCRIPTOR;
			if (form == NO_DESCRIPTOR)
				continue;
			char data[400];
			size_t n = 0;
			for (unsigned k = rnd(30); k--;) {
				/* In data whose end is uncertain, no header may stand. */
				const unsigned piece = rnd(10);
				if (!stored && open && piece >= 4 && piece <= 5)
					continue;
				const size_t len = pieces[piece][0] ? strlen(pieces[piece]) : 1;
				memcpy(data + n, pieces[piece], len);
				n += len;
			}
			const size_t before = z.len;
			put_member(&z, "name", deflated ? 8 : 0, encrypted, form, data, n);
			const unsigned descriptor = form < SIGNED32
							    ? 0
							    : (form == SIGNED64                                 ? 24
							       : form == UNSIGNED64 || form == KNOWN_UNSIGNED64 ? 20
							       : form == UNSIGNED32 || form == KNOWN_UNSIGNED32 ? 12
														: 16);
			outer += (unsigned)(z.len - before - n - descriptor);
			log_line(&want, "outer %u\n", outer);
			const int flags = encrypted | (form >= SIGNED32 ? 2 : 0);
			const long long size = form >= SIGNED32 && (open || !n) ? -1 : (long long)n;
			log_line(&want, "begin name method %d flags %d csize %lld size %lld\n", deflated ? 8 : 0, flags,
				 size, size);
			if (n)
				log_line(&want, "%s %zu\n", stored ? "data" : "outer", n);
			log_line(&want, "end %d\n", flags);
			outer = descriptor;
		}
		const size_t before = z.len;
		put_directory(&z);
		log_line(&want, "outer %u\nwell formed\n", outer + (unsigned)(z.len - before));
		struct log l;
		uint32_t most = 1 + rnd(60);
		log_run(&l, z.p, z.len, by_chance, &most);
		assert_string_equal(l.text, want.text);
		free(l.text);
		free(want.text);
		free(z.p);
	}
}

/* ---- deflated members, inflated ---- */

static struct rs_inflate inflater;

static int inflating(void **state)
{
	(void)state;
	log_inflater = &inflater;
	return 0;
}

static int not_inflating(void **state)
{
	(void)state;
	log_inflater = NULL;
	return 0;
}

/* level 0: deflate keeps it as it is. Returns the stream's length. */
static size_t deflated(uint8_t *to, size_t room, const void *p, size_t n, int level)
{
	z_stream d = { 0 };
	assert_int_equal(deflateInit2(&d, level, Z_DEFLATED, -15, 8, 0), Z_OK);
	d.next_in = (Bytef *)(uintptr_t)p;
	d.avail_in = (uInt)n;
	d.next_out = to;
	d.avail_out = (uInt)room;
	assert_int_equal(deflate(&d, Z_FINISH), Z_STREAM_END);
	deflateEnd(&d);
	return d.total_out;
}

/* An archive as another archive's member: with headers, descriptors and a directory of its own. */
static struct zip nested(void)
{
	struct zip inner = { 0 };
	put_member(&inner, "x.exe", 0, 0, SIGNED32, "MZ and so on, MZ and so on", 26);
	put_member(&inner, "y.exe", 0, 0, KNOWN, "MZ", 2);
	put_directory(&inner);
	return inner;
}

static void a_stream_tells_its_end(void **state)
{
	(void)state;
	struct zip inner = nested();
	for (enum form form = KNOWN; form < FORMS; form++)
		for (int level = 0; level <= 6; level += 6) {
			struct zip z = { 0 };
			uint8_t packed[2000];
			const size_t n = deflated(packed, sizeof packed, inner.p, inner.len, level);
			put_member(&z, "in.zip", 8, 0, form, packed, n);
			put_member(&z, "none", 8, 0, form, "\3\0", 2);
			put_member(&z, "after", 0, 0, form == NO_DESCRIPTOR ? KNOWN : form, "data", 4);
			put_directory(&z);
			char expected[80];
			snprintf(expected, sizeof expected, "outer %zu\ninflated %zu %08x\nend", n, inner.len,
				 (unsigned)crc32(0, inner.p, (uInt)inner.len));
			char *got = events(&z);
			assert_non_null(strstr(got, expected));
			assert_null(strstr(got, ".exe"));
			const char *after = strstr(got, "begin after ");
			assert_non_null(after);
			assert_non_null(strstr(after, "\ndata 4\nend"));
			assert_non_null(strstr(got, "\nwell formed"));
			free(got);
		}
	free(inner.p);
}

/* One reader takes the stream's word for its end, another the header's. */
static void a_size_that_differs_is_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct zip z = { 0 };
		uint8_t packed[100];
		const size_t n = deflated(packed, sizeof packed, "text, text and text", 19, 6);
		memcpy(packed + n, "MZ", 2);
		put_member(&z, "a", 8, 0, KNOWN, packed, i == 0 ? n : i == 1 ? n + 2 : n - 1);
		put_member(&z, "b", 0, 0, KNOWN, "data", 4);
		put_directory(&z);
		char *got = events(&z);
		assert_non_null(strstr(got, "\ninflated 19 "));
		assert_true((strstr(got, " and on\n") != NULL) == (i == 2));
		assert_non_null(strstr(got, "begin b "));
		assert_true((strstr(got, "not well formed") != NULL) == (i > 0));
		free(got);
	}
}

/* What the directory says is its size is compared with what the stream took. */
static void a_stream_longer_than_said_is_told(void **state)
{
	(void)state;
	struct zip z = { 0 };
	uint8_t packed[100];
	const size_t n = deflated(packed, sizeof packed, "text, text and text", 19, 6);
	put_member(&z, "a", 8, 0, SIGNED32, packed, n);
	z.entries[0].size--;
	put_directory(&z);
	expect_parts(&z, "\nnot well formed");
}

/* A member that stands inside what a damaged stream claimed is found; its data is an archive's own bytes meanwhile. */
static void a_damaged_stream_hides_no_member(void **state)
{
	(void)state;
	for (enum form form = KNOWN; form <= UNSIGNED64; form++) {
		struct zip z = { 0 };
		put_member(&z, "a", 8, 0, form, "\7 no block is of this kind", 26);
		put_member(&z, "b.scr", 0, 0, KNOWN, "MZ data", 7);
		put_directory(&z);
		char *got = events(&z);
		assert_non_null(strstr(got, "begin b.scr method 0 flags 0 csize 7 size 7\ndata 7\nend 0\n"));
		assert_non_null(strstr(got, "\nwell formed")); /* its headers are: that the stream is not, the inflater says */
		free(got);
	}
	struct zip z = { 0 };
	put_header(&z, "a", 8, 0, SIGNED32, 7);
	put_str(&z, "\7 no block");
	put_descriptor(&z, SIGNED32, 70000);
	put_member(&z, "b.scr", 0, 0, SIGNED32, "MZ data", 7);
	put_directory(&z);
	expect_parts(&z, "begin b.scr method 0 flags 66 csize -1 size -1\ndata 7\nend 66\n", "not well formed");
	/* Every byte of it counts, however it is cut: a stream that was damaged anywhere. */
	struct zip inner = nested();
	uint8_t packed[2000];
	const size_t n = deflated(packed, sizeof packed, inner.p, inner.len, 6);
	for (size_t i = 0; i < n; i++) {
		packed[i] ^= (uint8_t)(1 << rnd(8));
		put_member(&z, "a", 8, 0, (enum form)rnd(NO_DESCRIPTOR), packed, n);
		put_member(&z, "b.scr", 0, 0, SIGNED32, "MZ data", 7);
		put_directory(&z);
		free(events(&z));
	}
	free(inner.p);
}

static void cut_in_a_stream(void **state)
{
	(void)state;
	struct zip z = { 0 };
	uint8_t packed[100];
	const size_t n = deflated(packed, sizeof packed, "text, text and text", 19, 6);
	for (size_t cut = 1; cut < n; cut++) {
		put_header(&z, "a", 8, 0, SIGNED32, n);
		put(&z, packed, cut);
		expect_parts(&z, "end 18\nnot well formed");
	}
}

/* ---- with bytes missing ---- */

/* What is said of a member, from its begin to its end; without flags, which say how sure it is. */
static char *said_of(const char *log, const char *name)
{
	char key[80], *out;
	snprintf(key, sizeof key, "begin %s ", name);
	const char *from = strstr(log, key), *end = from ? strstr(from, "\nend ") : NULL;
	if (!end)
		return NULL;
	out = strndup(from, (size_t)(end - from));
	assert_non_null(out);
	char *flags = strstr(out, "flags "), *csize = strstr(out, " csize");
	memmove(flags, csize, strlen(csize) + 1);
	return out;
}

#define TORN 7

/* Members of each kind, of known and unknown size; where each begins and ends. */
static void put_torn(struct zip *z, size_t begin[TORN], size_t end[TORN])
{
	static const enum form forms[TORN] = { KNOWN, SIGNED32, KNOWN, UNSIGNED32, KNOWN, SIGNED32, SIGNED32 };
	static const unsigned methods[TORN] = { 0, 0, 8, 8, 8, 8, 0 };
	for (unsigned i = 0; i < TORN; i++) {
		uint8_t text[60], packed[100];
		char name[8];
		snprintf(name, sizeof name, "m%u", i);
		for (size_t k = 0; k < sizeof text; k++)
			text[k] = (uint8_t)('a' + rnd(9));
		const size_t n = methods[i] ? deflated(packed, sizeof packed, text, sizeof text, 6) : sizeof text;
		begin[i] = z->len;
		/* One that is not inflated, though it could be. */
		put_member(z, name, methods[i], i == 4, forms[i], methods[i] ? packed : text, n);
		end[i] = z->len;
	}
	put_directory(z);
}

/* Members before a hole are as without it, those behind it too: wherever it is, and however the rest is cut. */
static void a_hole_hides_only_what_it_is_in(void **state)
{
	(void)state;
	struct zip z = { 0 };
	struct log whole, torn, again;
	size_t begin[TORN], end[TORN];
	put_torn(&z, begin, end);
	log_torn(&whole, z.p, z.len, 0, 0, true, SIZE_MAX);
	for (size_t from = 0; from < z.len; from++)
		for (unsigned way = 0; way < 12; way++) {
			const size_t to = from + 1 + rnd(way < 6 ? 8 : (uint32_t)(z.len - from));
			const bool sure = way % 3;
			if (to > z.len)
				continue;
			log_torn(&torn, z.p, z.len, from, to, sure, SIZE_MAX);
			log_torn(&again, z.p, z.len, from, to, sure, 1 + rnd(30));
			assert_string_equal(torn.text, again.text);
			for (unsigned i = 0; i < TORN; i++) {
				char name[8];
				snprintf(name, sizeof name, "m%u", i);
				char *want = said_of(whole.text, name), *got = said_of(torn.text, name);
				assert_non_null(want);
				/* That it ended, the next signature says. */
				if ((end[i] + 4 <= from || begin[i] >= to) && (!got || strcmp(got, want) != 0))
					fail_msg("%s, [%zu, %zu) of it at [%zu, %zu): %s\ninstead of\n%s\nin\n%s", name, begin[i],
						 end[i], from, to, got ? got : "nothing", want, torn.text);
				free(want);
				free(got);
			}
			free(again.text);
			free(torn.text);
		}
	free(whole.text);
	free(z.p);
}

/* A stored member goes on behind the hole, and ends where its header says; of a deflated one what came before is all. */
static void a_hole_in_a_member(void **state)
{
	(void)state;
	struct zip z = { 0 };
	struct log l;
	uint8_t packed[100], text[600];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)('a' + i / 100);
	put_member(&z, "a", 0, 0, KNOWN, text, sizeof text);
	const size_t n = deflated(packed, sizeof packed, text, sizeof text, 6), at = 31 + sizeof text + 31;
	put_member(&z, "b", 8, 0, KNOWN, packed, n);
	put_directory(&z);
	log_torn(&l, z.p, z.len, 131, 231, true, SIZE_MAX);
	assert_non_null(strstr(l.text, "\ndata 100\ndata missing 100\ndata 400\nend 128\n"));
	free(l.text);
	log_torn(&l, z.p, z.len, 131, at + n, true, SIZE_MAX);
	assert_non_null(strstr(l.text, "\ndata 100\ndata missing 500\n"));
	assert_null(strstr(l.text, "begin b"));
	free(l.text);
	log_torn(&l, z.p, z.len, at + n - 2, at + n - 1, true, SIZE_MAX);
	assert_non_null(strstr(l.text, " and on\nend 144\n"));
	free(l.text);
	free(z.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_a_zip),
		cmocka_unit_test(reads_known_sizes),
		cmocka_unit_test(reads_sizes_behind_the_data),
		cmocka_unit_test(a_directory_needs_no_descriptor),
		cmocka_unit_test(reads_past_a_nested_archive),
		cmocka_unit_test(a_wrong_descriptor_hides_no_member),
		cmocka_unit_test(garbage_is_told),
		cmocka_unit_test(a_second_archive_is_seen),
		cmocka_unit_test(a_contradiction_is_told),
		cmocka_unit_test(a_member_behind_the_directory_is_told),
		cmocka_unit_test(masked_headers_are_encrypted),
		cmocka_unit_test(a_short_zip64_field_is_not_read_past),
		cmocka_unit_test(members_may_be_longer_than_4_gib),
		cmocka_unit_test(order_of_the_directory_does_not_matter),
		cmocka_unit_test(zip64_records_are_known),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(every_prefix_ends),
		cmocka_unit_test(a_copy_goes_its_own_way),
		cmocka_unit_test(an_empty_archive_is_well_formed),
		cmocka_unit_test(random_archives),
		cmocka_unit_test_setup_teardown(a_stream_tells_its_end, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(a_size_that_differs_is_told, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(a_stream_longer_than_said_is_told, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(a_damaged_stream_hides_no_member, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(cut_in_a_stream, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(reads_sizes_behind_the_data, inflating, not_inflating),
		cmocka_unit_test(a_hole_hides_only_what_it_is_in),
		cmocka_unit_test_setup_teardown(a_hole_hides_only_what_it_is_in, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(a_hole_in_a_member, inflating, not_inflating),
	};
	return cmocka_run_group_tests_name("rs_zip", tests, NULL, NULL);
}
