/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a message does not depend on where its segments are cut: the smallest messages of which it once did. dp_message_fuzz
 * looks for others. */
#include <zlib.h>

#include "dataplane/dp_made.h"
#include "reassembly/decode/rs_text_made.h"

/* In segments of any size, and of two at every `step`-th place, the same is said of it, and this. */
static void is_one_story(const struct dp_text *mail, size_t step, const char *said)
{
	struct dp_test t;
	char *story = NULL;
	dp_test_begin(&t);
	for (size_t i = 0; i < 70 + mail->n / step; i++) {
		struct dp_test_conn c = dp_test_conn((unsigned)i);
		const size_t cut = i < 70 ? 0 : (i - 70) * step;
		dp_test_forget(&t);
		dp_test_mail(&t, &c, mail, i == 0 ? 1460 : i < 70 ? i : 0, cut);
		story = dp_test_same_story(&t, story, "in segments of %zu, cut at %zu", i, cut);
	}
	if (!strstr(story, said)) {
		fprintf(stderr, "%s\n", story);
		fail_msg("no %s", said);
	}
	free(story);
	dp_test_close(&t);
}

/* A run of which the first line is much longer than the others: where in it a byte stands is told by that line, and far from it. */
static void test_line_in_a_run(void **state)
{
	(void)state;
	struct made run = { 0 };
	struct dp_text body = { 0 }, mail = { 0 };
	uint8_t file[4000] = { 'M', 'Z', 0x90, 0, 3 };
	for (size_t i = 5; i < sizeof file; i++)
		file[i] = (uint8_t)(i * 7 | 0x80);
	memcpy(file + sizeof file - strlen(dp_made_bad), dp_made_bad, strlen(dp_made_bad));
	dp_text_printf(&body, "This is it\r\n\r\n");
	made_base64(&run, file, 750, 100, "\r\n", false, false);
	made_text(&run, "\r\n");
	made_base64(&run, file + 750, sizeof file - 750, 4, "\r\n", false, true);
	dp_text_put(&body, run.p, run.n);
	dp_made_message(&mail, "7bit", "x", &body);
	is_one_story(&mail, 97, "KERNEL32.DLL@3952:3 ");
	made_free(&run);
	dp_text_free(&body);
	dp_text_free(&mail);
}

/* What BinHex writes short comes from fewer characters than other bytes do. */
static void test_line_behind_repeated_bytes(void **state)
{
	(void)state;
	struct made hqx = { 0 };
	struct dp_text file = { 0 }, body = { 0 }, mail = { 0 };
	for (unsigned i = 0; i < 250; i++)
		dp_text_put(&file, "\0", 1);
	dp_text_put(&file, dp_made_bad, strlen(dp_made_bad));
	made_text(&hqx, "(This file must be converted with BinHex 4.0)\r\n\r\n");
	made_hqx(&hqx, "x", file.p, file.n, "", 0, "\r\n");
	dp_text_put(&body, hqx.p, hqx.n);
	for (unsigned i = 0; i < 100; i++)
		dp_text_printf(&body, "%u\r\n", i);
	dp_made_mail(&mail, body.p, body.n);
	is_one_story(&mail, 1, "KERNEL32.DLL@254:2 ");
	made_free(&hqx);
	dp_text_free(&file);
	dp_text_free(&body);
	dp_text_free(&mail);
}

/* The same of a file of these bytes, and this archive behind them. Frees both. */
static void is_one_story_of(struct dp_text *begin, struct dp_made_zip *zip, const char *said)
{
	struct dp_text mail = { 0 };
	dp_made_zip_end(zip);
	dp_text_put(begin, zip->data.p, zip->data.n);
	dp_made_mail(&mail, begin->p, begin->n);
	is_one_story(&mail, 1, said);
	dp_made_zip_free(zip);
	dp_text_free(begin);
	dp_text_free(&mail);
}

/* A message in which an archive stands, as it is: each of the two is read, and a line of one is no line of the other. */
static void test_archive_and_message(void **state)
{
	(void)state;
	struct dp_made_zip zip = { 0 };
	struct dp_text body = { 0 };
	dp_text_printf(&body, "Content-Disposition: attachment\r\n\r\n");
	dp_made_zip_add(&zip, "a", "\r", 1, DP_MADE_STORED);
	dp_made_zip_add(&zip, "b", dp_made_bad, strlen(dp_made_bad), DP_MADE_STORED);
	is_one_story_of(&body, &zip, "verdict=infected");
}

/* In an mbox a message ends within the line with which the next one begins, and in which there is more to be found. */
static void test_archive_in_mbox(void **state)
{
	static const char less[] = "KERNEL32.DLL,ADVAPI32.DLL";
	(void)state;
	struct dp_text body = { 0 };
	struct dp_made_zip zip = { 0 };
	dp_text_printf(&body, "From a@b Mon Jan  5 10:00:00 2004\r\nContent-Disposition: attachment; filename=x\r\n\r\n");
	dp_text_printf(&body, "%s\r\n\r\nFrom ", dp_made_bad);
	dp_made_zip_add(&zip, "b", less, strlen(less), DP_MADE_STORED);
	assert_null(memchr(zip.data.p, '\n', 30));
	is_one_story_of(&body, &zip, "verdict=infected");
}

/* What S/MIME signs is base64, without fields: whether its first bytes may be a field's name is asked of as many of them however they
 * come. */
static void test_first_bytes(void **state)
{
	static const char begin[] = "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00"
				    "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80\x04";
	(void)state;
	struct dp_made text = { 0 };
	struct dp_text body = { 0 }, mail = { 0 };
	dp_made_base64(&text, dp_made_bad, strlen(dp_made_bad), NULL);
	dp_text_put(&body, begin, sizeof begin - 1);
	dp_text_put(&body, &(uint8_t){ (uint8_t)text.text.n }, 1);
	dp_text_put(&body, text.text.p, text.text.n);
	dp_text_put(&body, "\0\0\0\0\x31\x00\0\0\0\0\0\0", 12);
	dp_made_mail(&mail, body.p, body.n);
	is_one_story(&mail, 1, "verdict=infected");
	dp_made_free(&text);
	dp_text_free(&body);
	dp_text_free(&mail);
}

/* A text, stored in a zip, whose first bytes may be a deflate stream: what is encoded in it is found all the same. */
static void test_text_that_may_be_deflated(void **state)
{
	static const char *const begins[] = { "KERNEL text here\n", "SomeCode text here\n", "Context: here is it\n",
					      "KERNEL text here, and it is much longer than that. It ends here, or nearly so\n" };
	(void)state;
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
		struct made text = { 0 };
		struct dp_made_zip zip = { 0 };
		struct dp_text mail = { 0 };
		made_text(&text, begins[i]);
		made_base64(&text, dp_made_bad, strlen(dp_made_bad), 0, "", false, true);
		for (unsigned k = 0; k < 30; k++)
			made_text(&text, "\nand so on.");
		dp_made_zip_add(&zip, "a", text.p, text.n, DP_MADE_STORED);
		dp_made_zip_end(&zip);
		dp_made_mail(&mail, zip.data.p, zip.data.n);
		is_one_story(&mail, 7, "verdict=infected");
		made_free(&text);
		dp_made_zip_free(&zip);
		dp_text_free(&mail);
	}
}

/* A zlib stream of two stored blocks (RFC 1950, RFC 1951 3.2.4), so that its bytes look as they like; of another type: no stream any more. */
static void make_zlib(struct dp_text *to, const void *p, size_t n, size_t first, uint8_t type)
{
	const uLong sum = adler32(adler32(0, NULL, 0), p, (uInt)n);
	const uint8_t trailer[4] = { (uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8), (uint8_t)sum };
	dp_text_put(to, "\x78\x01", 2);
	for (unsigned i = 0; i < 2; i++) {
		const size_t len = i ? n - first : first;
		const uint8_t head[5] = { i ? (uint8_t)(type << 1 | 1) : 0, (uint8_t)len, (uint8_t)(len >> 8), (uint8_t)~len, (uint8_t)(~len >> 8) };
		dp_text_put(to, head, sizeof head);
		dp_text_put(to, (const uint8_t *)p + (i ? first : 0), len);
	}
	dp_text_put(to, trailer, sizeof trailer);
}

/* Its bytes as they travel look like the beginning of something encoded: that ends no stream. */
static void test_stream_that_looks_like_text(void **state)
{
	static const char *const begins[] = { "\n:", "\nbegin 644 a\n",
					      "\nTWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24sIGJ1dA==\n" };
	static const char *const said[] = { "verdict=infected", "verdict=clean", "reason=malformed" };
	(void)state;
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		for (unsigned how = 0; how < 3; how++) {
			struct dp_text in = { 0 }, stream = { 0 }, mail = { 0 };
			dp_text_printf(&in, "%s", begins[i]);
			const size_t first = in.n;
			dp_text_put(&in, dp_made_bad, how == 1 ? 12 : strlen(dp_made_bad));
			dp_text_put(&in, "\xff\xfe\xfd\xfc", 4);
			make_zlib(&stream, in.p, in.n, first, how == 2 ? 3 : 0);
			if (how == 2) /* what stands behind is no program either */
				memset(stream.p + stream.n - 50, 0xfe, 50);
			dp_made_mail(&mail, stream.p, stream.n);
			is_one_story(&mail, 5, said[how]);
			dp_text_free(&in);
			dp_text_free(&stream);
			dp_text_free(&mail);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_in_a_run), cmocka_unit_test(test_line_behind_repeated_bytes),
		cmocka_unit_test(test_archive_and_message), cmocka_unit_test(test_archive_in_mbox),
		cmocka_unit_test(test_first_bytes), cmocka_unit_test(test_text_that_may_be_deflated),
		cmocka_unit_test(test_stream_that_looks_like_text),
	};
	return cmocka_run_group_tests_name("dp_splits", tests, dp_test_eal, dp_test_eal_stop);
}
