/* SPDX-License-Identifier: Apache-2.0 */
/* Members and their sizes, in every form; archives cut, copied and random. Beside it: rs_zip_formed, rs_zip_inflated, rs_zip_hole. */
#include "reassembly/archive/rs_name.h"
#include "reassembly/archive/rs_zip_made.h"

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
	const struct rs_zip_ops ops = { count_outer, count_begin, count_data, NULL, count_end, NULL, NULL };
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

/* wrong: of the wide end record, 1 the count of entries, 2 the place of the directory. */
static void put_zip64(struct zip *to, unsigned wrong)
{
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
	put_int(&z, 45, 2);
	put_int(&z, 45, 2);
	put_int(&z, 0, 8);
	put_int(&z, 1, 8);
	put_int(&z, wrong == 1 ? 2 : 1, 8);
	put_int(&z, 0, 8);
	put_int(&z, wrong == 2 ? 0 : directory, 8);
	put_str(&z, "PK\6\7");
	put_int(&z, 0, 16 - 8);
	put_int(&z, 0, 8);
	put_str(&z, "PK\5\6");
	put_int(&z, 0, 4);
	put_int(&z, 0xffffffff, 4);
	put_int(&z, directory, 4);
	put_int(&z, 0xffffffff, 4);
	put_int(&z, 0, 2);
	*to = z;
}

static void zip64_records_are_known(void **state)
{
	(void)state;
	for (unsigned wrong = 0; wrong < 3; wrong++) {
		struct zip z;
		put_zip64(&z, wrong);
		expect_parts(&z, "begin a method 0 flags 0 csize 4 size 4\ndata 4\nend 0\n", wrong ? "\nnot well formed" : "\nwell formed");
	}
}

/* Of a long name its beginning and its end are kept. */
static void long_names_are_cut(void **state)
{
	(void)state;
	for (size_t n = RS_ZIP_NAME_MAX - 1; n < 399; n += n < RS_ZIP_NAME_MAX + 3 ? 1 : 47) {
		struct zip z = { 0 };
		char name[400], expected[400];
		const bool cut = n > RS_ZIP_NAME_MAX;
		const size_t kept = cut ? RS_ZIP_NAME_MAX : n, head = kept - RS_NAME_TAIL;
		for (size_t i = 0; i < n; i++)
			name[i] = (char)('a' + i % 23);
		memcpy(name + n - 4, ".scr", 5);
		put_member(&z, name, 0, 0, KNOWN, "MZ", 2);
		put_directory(&z);
		snprintf(expected, sizeof expected, "begin %.*s%s method 0 flags %d csize 2 size 2\ndata 2\nend", (int)head, name,
			 name + n - RS_NAME_TAIL, cut ? 4 : 0);
		expect_parts(&z, expected, "\nwell formed");
	}
	/* A directory's is one all the same. */
	struct zip z = { 0 };
	char name[400];
	memset(name, 'n', 300);
	memcpy(name + 299, "/", 2);
	put_member(&z, name, 0, 0, KNOWN, "", 0);
	put_directory(&z);
	expect_parts(&z, "method 0 flags 36 csize 0 size 0\nend 36\n", "\nwell formed");
}

/* Where its ends meet a character of UTF-8 may be cut: none is left, whole ones are. */
static void long_names_are_whole_characters(void **state)
{
	static const char *const character[] = { "\xc3\xbc", "\xe2\x9c\x93", "\xf0\x9f\x98\x80" };
	(void)state;
	for (unsigned c = 0; c < 3; c++) {
		for (size_t before = 0; before < 4; before++) {
			const size_t size = c + 2;
			uint8_t kept[RS_ZIP_NAME_MAX];
			uint16_t len = 0;
			bool cut = rs_name_add(kept, &len, sizeof kept, (const uint8_t *)"nnn", before);
			for (unsigned i = 0; i < 300; i++)
				for (size_t k = 0; k < size; k++)
					cut |= rs_name_add(kept, &len, sizeof kept, (const uint8_t *)character[c] + k, 1);
			assert_true(cut);
			len = rs_name_join(kept, sizeof kept);
			assert_true(len > sizeof kept - 2 * size && len <= sizeof kept && (len - before) % size == 0);
			for (size_t at = before; at < len; at += size)
				assert_memory_equal(kept + at, character[c], size);
		}
	}
}

/* A Unicode path (4.6.9) for the member of this name. */
static size_t unicode_path(uint8_t *to, unsigned version, const char *of, const char *path)
{
	const uint32_t crc = (uint32_t)crc32(0, (const uint8_t *)of, (uInt)strlen(of));
	const size_t n = strlen(path);
	const uint8_t head[9] = { 0x75, 0x70, (uint8_t)(n + 5), (uint8_t)((n + 5) >> 8), (uint8_t)version, (uint8_t)crc, (uint8_t)(crc >> 8),
				  (uint8_t)(crc >> 16), (uint8_t)(crc >> 24) };
	memcpy(to, head, 9);
	memcpy(to + 9, path, n);
	return 9 + n;
}

/* A stored member with these extra fields, in its header and in the directory. */
static void put_with_extra(struct zip *z, const char *name, const uint8_t *local, size_t nlocal, const uint8_t *central, size_t ncentral)
{
	put_header(z, name, 0, 0, KNOWN, 2);
	struct entry *e = &z->entries[z->n - 1];
	z->p[e->off + 28] = (uint8_t)nlocal;
	z->p[e->off + 29] = (uint8_t)(nlocal >> 8);
	put(z, local, nlocal);
	put(z, "MZ", 2);
	if (ncentral)
		memcpy(e->extra, central, ncentral);
	e->nextra = ncentral;
}

#define AN_EXTRA "\x55\x54\5\0\1abcd"

static void unicode_paths(void **state)
{
	static const char begun[] = "begin a.txt method 0 flags 0 csize 2 size 2\n";
	uint8_t path[1000] = AN_EXTRA;
	char expected[1000], name[400];
	const size_t before = sizeof AN_EXTRA - 1;
	(void)state;
	/* In both headers, behind another field; of any version. */
	for (unsigned version = 1; version < 3; version++) {
		struct zip z = { 0 };
		const size_t n = before + unicode_path(path + before, version, "a.txt", "b.exe");
		put_with_extra(&z, "a.txt", path, n, path, n);
		put_directory(&z);
		snprintf(expected, sizeof expected, "%sother b.exe\ndata 2\nend 0\nouter", begun);
		expect_parts(&z, expected, "\nwell formed");
	}
	/* Of another name: nobody takes it. */
	struct zip z = { 0 };
	size_t n = unicode_path(path, 1, "c.txt", "b.exe");
	put_with_extra(&z, "a.txt", path, n, path, n);
	/* One that is empty is none. */
	n = unicode_path(path, 1, "a.txt", "");
	put_with_extra(&z, "a.txt", path, n, path, n);
	put_directory(&z);
	snprintf(expected, sizeof expected, "%sdata 2\nend 0\nouter 44\n%sdata 2\nend 0\nouter", begun, begun);
	expect_parts(&z, expected, "\nwell formed");
	/* In the directory alone, where some look. */
	z = (struct zip){ 0 };
	n = unicode_path(path, 1, "a.txt", "b.exe");
	put_with_extra(&z, "a.txt", path, 0, path, n);
	put_directory(&z);
	expect_parts(&z, "begin a.txt method 0 flags 0 csize 2 size 2\ndata 2\nend 0\nouter 65\nentry b.exe\nouter", "\nwell formed");
	/* Several: some take the first, some the last. */
	z = (struct zip){ 0 };
	n += unicode_path(path + n, 1, "a.txt", "c.scr");
	put_with_extra(&z, "a.txt", path, n, path, n);
	put_directory(&z);
	expect_parts(&z, "outer 58\nentry b.exe\nouter 5\nbegin a.txt method 0 flags 0 csize 2 size 2\nother c.scr\ndata 2\nend 0\nouter",
		     " 108\nwell formed");
	/* A long one, of a long name. */
	z = (struct zip){ 0 };
	memset(name, 'n', 300);
	name[300] = 0;
	memset(expected, 'm', 300);
	memcpy(expected + 296, ".exe", 5);
	n = unicode_path(path, 1, name, expected);
	put_with_extra(&z, name, path, n, path, n);
	put_directory(&z);
	char other[400];
	snprintf(other, sizeof other, "other %.255s\ndata 2\nend 4\nouter", expected + 45);
	expect_parts(&z, other, "\nwell formed");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_a_zip),
		cmocka_unit_test(reads_known_sizes),
		cmocka_unit_test(reads_sizes_behind_the_data),
		cmocka_unit_test(a_directory_needs_no_descriptor),
		cmocka_unit_test(reads_past_a_nested_archive),
		cmocka_unit_test(masked_headers_are_encrypted),
		cmocka_unit_test(a_short_zip64_field_is_not_read_past),
		cmocka_unit_test(members_may_be_longer_than_4_gib),
		cmocka_unit_test(zip64_records_are_known),
		cmocka_unit_test(long_names_are_cut),
		cmocka_unit_test(long_names_are_whole_characters),
		cmocka_unit_test(unicode_paths),
		cmocka_unit_test(every_prefix_ends),
		cmocka_unit_test(a_copy_goes_its_own_way),
		cmocka_unit_test(random_archives),
		cmocka_unit_test_setup_teardown(reads_sizes_behind_the_data, inflating, not_inflating),
	};
	return cmocka_run_group_tests_name("rs_zip", tests, NULL, NULL);
}
