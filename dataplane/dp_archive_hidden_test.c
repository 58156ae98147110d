/* SPDX-License-Identifier: Apache-2.0 */
/* What stands where the first reader of an archive does not look: behind something else, in an extra field, in a comment, under a
 * header that lies. In any split it is found, or what is said is that something is wrong. */
#include <zlib.h>

#include "dataplane/dp_made.h"
#include "dataplane/dp_session.h"

static const char bad[] = "\x01 here is KERNEL32.DLL and there is ADVAPI32.DLL, and that is all of it, of it, of it, of it";

static void has(const char *story, const char *text)
{
	if (!strstr(story, text))
		fail_msg("not found: %s\nin: %s", text, story);
}

/* Sends the file in segments of several sizes and cut in two at every so many places: one story, the caller's to free. */
static char *told(const struct dp_text *content)
{
	static const size_t sizes[] = { 1, 3, 7, 64, 333, 1460, 9000 };
	const size_t few = sizeof sizes / sizeof *sizes;
	struct dp_test t;
	struct dp_text mail = { 0 };
	char *story = NULL;
	dp_test_begin(&t);
	dp_made_mail(&mail, content->p, content->n);
	const size_t step = mail.n > 4000 ? mail.n / 60 : 29;
	for (size_t i = 0; i <= few + mail.n / step; i++) {
		struct dp_test_conn c = dp_test_conn((unsigned)i);
		dp_test_forget(&t);
		dp_test_mail(&t, &c, &mail, i < few ? sizes[i] : 0, i < few ? 0 : (i - few) * step);
		story = dp_test_same_story(&t, story, "way %zu", i);
	}
	dp_text_free(&mail);
	dp_test_close(&t);
	return story;
}

/* Its story holds each of these texts; the last one is NULL. */
static void expect(const struct dp_text *content, const char *const *texts)
{
	char *story = told(content);
	for (; *texts; texts++)
		has(story, *texts);
	free(story);
}
#define EXPECT(content, ...) expect(content, (const char *const[]){ __VA_ARGS__, NULL })

static struct dp_made_zip with_bad(unsigned flags)
{
	struct dp_made_zip z = { 0 };
	dp_made_zip_add(&z, "readme", "read me, read me, read me", 25, flags);
	dp_made_zip_add(&z, "loader", bad, sizeof bad, flags);
	dp_made_zip_end(&z);
	return z;
}

static void put32_at(struct dp_text *t, size_t at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		t->p[at + i] = (uint8_t)(v >> 8 * i);
}

static size_t find(const struct dp_text *t, const char *what, size_t n, unsigned which)
{
	const uint8_t *at = t->p;
	for (;; at++) {
		at = memmem(at, t->n - (size_t)(at - t->p), what, n);
		assert_non_null(at);
		if (!which--)
			return (size_t)(at - t->p);
	}
}
#define FIND(t, what, which) find(t, what, sizeof what - 1, which)

static void test_behind_anything(void **state)
{
	static const char *const before[] = { "MZ, a program that unpacks itself. ", "a", "text and text, PK and so on. PK\3\4 is no header, PK",
					      "a-text-that-may-be-the-name-in-a-tar-archive" };
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned comment = 0; comment <= 3000; comment += 3000) {
			struct dp_made_zip z = with_bad(i % 2 ? DP_MADE_DEFLATED : DP_MADE_STORED);
			struct dp_text all = { 0 };
			const size_t times = i == 3 ? 20 : 1 + i * 5;
			for (size_t k = 0; k < times; k++)
				dp_text_put(&all, before[i], strlen(before[i]));
			dp_text_put(&all, z.data.p, z.data.n - 2);
			dp_text_put(&all, (const uint8_t[]){ (uint8_t)comment, (uint8_t)(comment >> 8) }, 2);
			for (unsigned k = 0; k < comment; k++)
				dp_text_put(&all, "c", 1);
			EXPECT(&all, "verdict=infected reason= ", ">loader ", "error=zip.prefixed", "attachments=1/1/1");
			dp_made_zip_free(&z);
			dp_text_free(&all);
		}
}

/* What looks like a member and is followed by no end is nobody's archive, whatever it holds. */
static void test_no_archive_is_not_broken(void **state)
{
	struct dp_made_zip z = with_bad(DP_MADE_DEFLATED);
	struct dp_text all = { 0 };
	(void)state;
	dp_text_printf(&all, "a document, in which stands ");
	dp_text_put(&all, z.data.p, 60);
	for (unsigned i = 0; i < 300; i++)
		dp_text_printf(&all, "other words, ");
	EXPECT(&all, "verdict=clean reason= ");
	dp_made_zip_free(&z);
	dp_text_free(&all);
}

/* A whole zip in an extra field of another's first member; the directory names what is in there. */
static void test_in_an_extra_field(void **state)
{
	struct dp_made_zip hidden = { 0 }, z = { 0 };
	struct dp_text all = { 0 };
	(void)state;
	dp_made_zip_add(&hidden, "x", bad, sizeof bad, DP_MADE_DEFLATED);
	dp_made_zip_add(&z, "a", "harmless", 8, DP_MADE_STORED);
	const size_t grown = 4 + hidden.data.n;
	dp_text_put(&all, z.data.p, 31);
	all.p[28] = (uint8_t)grown;
	all.p[29] = (uint8_t)(grown >> 8);
	dp_text_put(&all, (const uint8_t[]){ 0xfe, 0xca, (uint8_t)hidden.data.n, (uint8_t)(hidden.data.n >> 8) }, 4);
	dp_text_put(&all, hidden.data.p, hidden.data.n);
	dp_text_put(&all, z.data.p + 31, z.data.n - 31);
	const size_t directory = all.n;
	dp_text_put(&all, hidden.directory.p, hidden.directory.n);
	put32_at(&all, directory + 42, 35);
	dp_text_put(&all, "PK\5\6\0\0\0\0\1\0\1\0", 12);
	dp_text_put(&all, "12345678\0", 10);
	put32_at(&all, all.n - 10, (uint32_t)(all.n - 22 - directory));
	put32_at(&all, all.n - 6, (uint32_t)directory);
	EXPECT(&all, "verdict=infected reason=malformed", "error=zip.entry_differs", " name=x ", ">x ");
	dp_text_free(&all);
	dp_made_zip_free(&z);
	dp_made_zip_free(&hidden);
}

/* Local headers that say another method, or that it is encrypted, than the directory. */
static void test_headers_that_lie(void **state)
{
	static const struct {
		unsigned flags;
		size_t at;
		uint8_t xor;
		const char *error, *mark;
	} lies[] = {
		{ DP_MADE_DEFLATED, 8, 8, "error=zip.method_differs", "mark=0" }, /* stored */
		{ DP_MADE_STORED, 8, 8, "error=zip.method_differs", "mark=0" }, /* deflated */
		{ DP_MADE_DEFLATED, 8, 8 ^ 93, "error=zip.method_differs", "mark=0" },
		{ DP_MADE_DEFLATED, 6, 1, "error=zip.encryption_differs", "mark=0" },
		{ DP_MADE_STORED, 6, 1, "error=zip.encryption_differs", "mark=0" },
	};
	(void)state;
	for (unsigned i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct dp_made_zip z = with_bad(lies[i].flags);
		z.data.p[FIND(&z.data, "PK\3\4", 1) + lies[i].at] ^= lies[i].xor;
		EXPECT(&z.data, "verdict=infected reason=malformed", lies[i].error, lies[i].mark);
		dp_made_zip_free(&z);
	}
}

/* Sizes in the local header that are less than the data's; the directory has the right ones. */
static void test_sizes_that_lie(void **state)
{
	(void)state;
	for (unsigned flags = DP_MADE_STORED; flags <= DP_MADE_DEFLATED; flags += DP_MADE_DEFLATED - DP_MADE_STORED)
		for (unsigned said = 0; said < 80; said += 13) {
			struct dp_made_zip z = with_bad(flags);
			put32_at(&z.data, FIND(&z.data, "PK\3\4", 1) + 18, said);
			EXPECT(&z.data, "verdict=infected reason=malformed", "error=zip.length_wrong", ">loader ");
			dp_made_zip_free(&z);
		}
}

/* Stored under a header that says deflated, and content that looks like it for some bytes; an archive in it is opened. */
static void test_stored_that_says_deflated(void **state)
{
	static const char *const before[] = { "", "MZ", "Zs and cs and ks", "KJRS", "some text, in which nothing of it stands for long" };
	struct dp_made_zip inner = with_bad(DP_MADE_DEFLATED);
	(void)state;
	for (unsigned i = 0; i < sizeof before / sizeof *before; i++) {
		struct dp_made_zip z = { 0 };
		struct dp_text content = { 0 };
		dp_text_printf(&content, "%s", before[i]);
		dp_text_put(&content, inner.data.p, inner.data.n);
		dp_made_zip_add(&z, "first", "read me", 7, DP_MADE_STORED);
		dp_made_zip_add(&z, "in.zip", content.p, content.n, DP_MADE_STORED);
		dp_made_zip_end(&z);
		z.data.p[FIND(&z.data, "PK\3\4", 1) + 8] = 8;
		EXPECT(&z.data, "verdict=infected reason=malformed", "error=zip.method_differs", ">in.zip >loader ");
		dp_text_free(&content);
		dp_made_zip_free(&z);
	}
	dp_made_zip_free(&inner);
}

/* Each of these is told by its name, and the message is not clean. */
static void test_faults_have_names(void **state)
{
	enum { CRC, CRC_OF_BOTH, NAME, SIZE, OFFSET, COUNT, SPANNED, JUNK, SECOND, COMMENT, CASES };
	static const char *const errors[CASES] = { "checksum_wrong", "checksum_wrong", "name_differs", "size_differs", "entry_differs", "entry_differs",
						   "spanned", "junk", "second_archive", "second_archive" };
	(void)state;
	for (unsigned i = 0; i < CASES; i++) {
		struct dp_made_zip z = { 0 };
		struct dp_text all = { 0 };
		char error[60];
		dp_made_zip_add(&z, "one", "some words, some words", 22, DP_MADE_DEFLATED);
		dp_made_zip_add(&z, "two", "other words", 11, DP_MADE_STORED);
		dp_made_zip_end(&z);
		struct dp_text *d = &z.data;
		const size_t local = FIND(d, "PK\3\4", 1), central = FIND(d, "PK\1\2", 1), end = FIND(d, "PK\5\6", 0);
		d->p[local + 14] ^= i == CRC || i == CRC_OF_BOTH;
		d->p[central + 16] ^= i == CRC_OF_BOTH;
		d->p[central + 46] ^= i == NAME;
		d->p[central + 20] ^= i == SIZE;
		d->p[central + 42] ^= i == OFFSET;
		d->p[end + 10] ^= i == COUNT;
		d->p[end + 8] ^= i == COUNT;
		d->p[end + 4] ^= i == SPANNED;
		if (i == COMMENT)
			d->p[end + 20] = 70;
		dp_text_put(&all, d->p, i == JUNK ? local : d->n);
		if (i == JUNK)
			dp_text_put(&all, "some junk between them", 22);
		dp_text_put(&all, d->p + local, i == JUNK ? d->n - local : 0);
		if (i == SECOND)
			dp_text_put(&all, d->p, d->n);
		if (i == COMMENT)
			dp_text_put(&all, d->p + local, 70);
		snprintf(error, sizeof error, "error=zip.%s", errors[i]);
		EXPECT(&all, "verdict=unscanned reason=malformed", error);
		dp_text_free(&all);
		dp_made_zip_free(&z);
	}
}

/* The directory's name is told too, where no header had it. */
static void test_both_names_are_told(void **state)
{
	struct dp_made_zip z = with_bad(DP_MADE_DEFLATED);
	(void)state;
	memcpy(z.data.p + FIND(&z.data, "loader", 1), "x.scr!", 6);
	EXPECT(&z.data, " name=loader ", " name=x.scr! ", "error=zip.name_differs");
	dp_made_zip_free(&z);
}

static void test_a_stream_of_zlib(void **state)
{
	(void)state;
	for (unsigned trailing = 0; trailing < 3; trailing++) {
		struct dp_made_zip z = with_bad(DP_MADE_STORED);
		struct dp_text all = { 0 };
		uint8_t packed[4000];
		uLongf n = sizeof packed;
		const char *content = trailing == 2 ? "nothing but harmless words, and words" : bad;
		assert_int_equal(compress2(packed, &n, (const Bytef *)content, strlen(content), trailing ? 9 : 1), Z_OK);
		dp_text_put(&all, packed, n);
		if (trailing == 1)
			dp_text_printf(&all, "something behind it");
		if (trailing == 2) /* a whole archive */
			dp_text_put(&all, z.data.p, z.data.n);
		EXPECT(&all, "verdict=infected reason= ", trailing == 2 ? ">loader " : ">zlib ");
		if (trailing == 0) { /* all of it, but it does not end */
			all.n = n - 5;
			EXPECT(&all, "verdict=infected reason=malformed");
		}
		dp_text_free(&all);
		dp_made_zip_free(&z);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_behind_anything),	 cmocka_unit_test(test_no_archive_is_not_broken),
		cmocka_unit_test(test_in_an_extra_field), cmocka_unit_test(test_headers_that_lie),
		cmocka_unit_test(test_sizes_that_lie),	  cmocka_unit_test(test_stored_that_says_deflated),
		cmocka_unit_test(test_faults_have_names), cmocka_unit_test(test_both_names_are_told),
		cmocka_unit_test(test_a_stream_of_zlib),
	};
	return cmocka_run_group_tests_name("dp_archive_hidden", tests, dp_test_eal, dp_test_eal_stop);
}
