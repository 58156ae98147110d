/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an archive is well formed: what stands where nothing should, and a directory that says otherwise. */
#include "reassembly/archive/rs_zip_made.h"

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

/* The checksum in the header of the last member, whose name and data have these lengths. */
static void put_crc(struct zip *z, size_t name, const char *data, size_t n)
{
	const uint32_t crc = (uint32_t)crc32(0, (const uint8_t *)data, (uInt)n);
	for (unsigned i = 0; i < 4; i++)
		z->p[z->len - n - name - 16 + i] = (uint8_t)(crc >> 8 * i);
}

static void garbage_is_told(void **state)
{
	(void)state;
	struct zip z = { 0 };
	/* A self-extractor, whose code holds signatures. */
	put_str(&z, "MZ PK PK\3\4 is PKPPK\3\4 looked for, PK\5\6 PK\1\2 too\xff\xff\xff\xff PK\3");
	put_member(&z, "a", 0, 0, KNOWN, "data", 4);
	put_crc(&z, 1, "data", 4);
	put_str(&z, "between");
	put_member(&z, "b", 0, 0, KNOWN, "data", 4);
	put_directory(&z);
	expect_parts(&z,
		     "begin a method 0 flags 64 csize 4 size 4\ndata 4\nend 64\nouter 38\n"
		     "begin b method 0 flags 64 csize 4 size 4\ndata 4\nend 64\n",
		     "not well formed");
}

/* Readers that go by the directory take more for its data than the header says. */
static void stored_data_goes_on(void **state)
{
	(void)state;
	static const char data[] = "MZ and then, PK, PKK\3, PK\3P\4, PK\1 and PPK\5\7, all of it is the member's PK\3";
	const size_t n = sizeof data - 1;
	char expected[200];
	for (size_t said = 0; said < n; said++)
		for (unsigned more = 0; more < 2; more++) {
			struct zip z = { 0 };
			put_header(&z, "a", 0, 0, KNOWN, said);
			put(&z, data, n);
			z.entries[0].size = n;
			if (more)
				put_member(&z, "b", 0, 0, KNOWN, "", 0);
			put_directory(&z);
			snprintf(expected, sizeof expected, "outer 31\nbegin a method 0 flags 0 csize %zu size %zu\ndata %zu\nend 0\nouter ", said,
				 said, n);
			expect_parts(&z, expected, "\nnot well formed");
		}
	/* Nothing follows: the archive ends there. */
	struct zip z = { 0 };
	put_header(&z, "a", 0, 0, KNOWN, 5);
	put(&z, data, n);
	snprintf(expected, sizeof expected, "data %zu\nend 16\nnot well formed", n);
	expect_parts(&z, expected);
	/* What is not whole was followed by too little to tell. */
	for (size_t k = 0; k < 4; k++) {
		put_member(&z, "a", 0, 0, KNOWN, data, 5);
		put(&z, "data", k);
		expect_parts(&z, "data 5\nend 0\n", "\nnot well formed");
	}
}

/* Between members and directory, as a signing block of Android's; how: what is wrong with it. */
static void put_signing(struct zip *z, unsigned how, uint64_t pairs)
{
	const uint64_t size = pairs + 24;
	for (unsigned k = how == 1 ? 300 : 0; k--;)
		put_int(z, 0, 1);
	put_int(z, how == 2 ? size - 1 : size, 8);
	for (uint64_t k = 0; k < pairs; k++)
		put_int(z, k < 7 ? 0 : k * 77, 1);
	put_int(z, how == 3 ? size + 1 : size, 8);
	put_str(z, how == 4 ? "APK Sig Block 43" : "APK Sig Block 42");
	if (how == 5)
		put_str(z, "x");
}

static void a_signing_block_is_no_junk(void **state)
{
	(void)state;
	for (unsigned how = 0; how <= 5; how++)
		for (uint64_t pairs = 0; pairs <= 232; pairs += 58) {
			struct zip z = { 0 };
			put_member(&z, "a", 0, 0, SIGNED32, "data", 4);
			put_signing(&z, how, pairs);
			put_directory(&z);
			expect_parts(&z, "data 4\nend ", how <= 1 ? "\nwell formed" : "\nnot well formed");
		}
}

/* What a reader that looks for headers would find in one is found. */
static void a_member_in_a_signing_block_is_told(void **state)
{
	(void)state;
	struct zip z = { 0 }, inner = { 0 };
	put_member(&inner, "b.scr", 0, 0, KNOWN, "MZ", 2);
	put_member(&z, "a", 0, 0, SIGNED32, "data", 4);
	put_int(&z, inner.len + 24, 8);
	put(&z, inner.p, inner.len);
	put_int(&z, inner.len + 24, 8);
	put_str(&z, "APK Sig Block 42");
	put_directory(&z);
	free(inner.p);
	expect_parts(&z, "begin b.scr ", "\nnot well formed");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_descriptor_hides_no_member),
		cmocka_unit_test(garbage_is_told),
		cmocka_unit_test(stored_data_goes_on),
		cmocka_unit_test(a_second_archive_is_seen),
		cmocka_unit_test(a_contradiction_is_told),
		cmocka_unit_test(a_signing_block_is_no_junk),
		cmocka_unit_test(a_member_in_a_signing_block_is_told),
		cmocka_unit_test(a_member_behind_the_directory_is_told),
		cmocka_unit_test(order_of_the_directory_does_not_matter),
		cmocka_unit_test(an_empty_archive_is_well_formed),
	};
	return cmocka_run_group_tests_name("rs_zip_formed", tests, NULL, NULL);
}
