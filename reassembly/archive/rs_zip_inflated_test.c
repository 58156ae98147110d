/* SPDX-License-Identifier: Apache-2.0 */
/* Members that are inflated: the stream says where it ends, and the records may say otherwise. */
#include "reassembly/archive/rs_zip_made.h"

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

/* Readers that go by the directory know its size, whatever its header says: the stream tells its end. */
static void a_stream_goes_on_behind_its_size(void **state)
{
	(void)state;
	struct zip inner = nested();
	uint8_t packed[2000];
	for (int level = 0; level <= 6; level += 6) {
		const size_t n = deflated(packed, sizeof packed, inner.p, inner.len, level);
		for (size_t said = 0; said < n; said++) {
			struct zip z = { 0 };
			char expected[80];
			if (said + 4 <= n && !memcmp(packed + said, "PK", 2)) /* a record follows: its header may be right */
				continue;
			put_header(&z, "a", 8, 0, said % 2 && said > 1 ? KNOWN_SIGNED32 : KNOWN, said);
			put(&z, packed, n);
			z.entries[0].size = n;
			put_member(&z, "b", 0, 0, KNOWN, "data", 4);
			put_directory(&z);
			snprintf(expected, sizeof expected, "outer %zu\ninflated %zu %08x\nend", n, inner.len,
				 (unsigned)crc32(0, inner.p, (uInt)inner.len));
			expect_parts(&z, expected, "begin b method 0 flags 0 csize 4 size 4\ndata 4\nend 0\n", "\nnot well formed");
		}
	}
	free(inner.p);
}

/* Said to be deflated, and to be nothing: there is nothing. */
static void nothing_deflated_is_nothing(void **state)
{
	(void)state;
	struct zip z = { 0 };
	put_member(&z, "a", 8, 0, KNOWN, "", 0);
	put_member(&z, "b", 0, 0, KNOWN, "data", 4);
	put_directory(&z);
	expect_parts(&z, "outer 31\nbegin a method 8 flags 0 csize 0 size 0\nend 0\nouter 31\nbegin b ", "\nwell formed");
}

/* A directory that is a stream of nothing, as some writers make it, or of something; or is nothing, with a descriptor or without. */
static void a_directory_may_be_a_stream(void **state)
{
	(void)state;
	static const enum form forms[] = { SIGNED32, SIGNED64, UNSIGNED32, UNSIGNED64, NO_DESCRIPTOR };
	for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++)
		for (unsigned what = 0; what < 3; what++) {
			struct zip z = { 0 };
			uint8_t packed[100];
			const char *text = "text, text and text";
			const size_t n = what ? deflated(packed, sizeof packed, text, what == 2 ? 19 : 0, 6) : 0;
			if (!what && (forms[i] == UNSIGNED32 || forms[i] == UNSIGNED64)) {
				put_header(&z, "M/", 8, 0, forms[i], 0);
				put_int(&z, 0, 8);
				put_int(&z, 0, forms[i] == UNSIGNED64 ? 12 : 4);
			} else {
				put_member(&z, "M/", 8, 0, forms[i], packed, n);
			}
			put_member(&z, "a", 0, 0, KNOWN, "data", 4);
			put_directory(&z);
			char *got = events(&z);
			assert_non_null(strstr(got, "begin M/ method 8 "));
			assert_true((strstr(got, "\ninflated 19 ") != NULL) == (what == 2));
			assert_non_null(strstr(got, "begin a method 0 "));
			assert_non_null(strstr(got, "\nwell formed"));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_stream_tells_its_end, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(a_size_that_differs_is_told, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(a_stream_goes_on_behind_its_size, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(nothing_deflated_is_nothing, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(a_directory_may_be_a_stream, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(a_stream_longer_than_said_is_told, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(a_damaged_stream_hides_no_member, inflating, not_inflating),
		cmocka_unit_test_setup_teardown(cut_in_a_stream, inflating, not_inflating),
	};
	return cmocka_run_group_tests_name("rs_zip_inflated", tests, NULL, NULL);
}
