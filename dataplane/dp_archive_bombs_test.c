/* SPDX-License-Identifier: Apache-2.0 */
/* Bombs: small mail that comes to much. Each is judged "limit" (or "malformed"), what it cost is bounded by the limits, and
 * printed. */
#include <sys/resource.h>
#include <zlib.h>

#include "dataplane/dp_made.h"
#include "dataplane/dp_session.h"

static long resident(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/* One message with this attachment, or this body, with the limits as they are by default. */
static void explode(const char *what, const struct dp_text *content, bool attached, enum ct_verdict verdict, enum ct_reason reason,
                    uint64_t most)
{
	struct dp_test t;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(1);
	struct ct_config usual;
	dp_test_init(&t);
	assert_int_equal(ct_config_defaults(&usual), 0);
	t.config.limits = usual.limits;
	dp_test_open(&t);
	if (attached)
		dp_made_mail(&mail, content->p, content->n);
	else
		dp_text_put(&mail, content->p, content->n);
	const long before = resident();
	dp_test_mail(&t, &c, &mail, 9000, 0);
	const struct dp_inspect_stats *s = &t.worker->inspect.stats;
	printf("%s: %zu bytes of mail, matched %" PRIu64 " bytes in %" PRIu64 " files; %ld KB of memory more\n", what, mail.n, s->matched_bytes,
	       s->files, resident() - before);
	dp_test_verdict(&t, 0, verdict, reason, true);
	assert_true(s->matched_bytes <= most);
	ct_config_free(&usual);
	dp_text_free(&mail);
	dp_test_close(&t);
}

static void zip_once(struct dp_text *content, const char *name, unsigned copies)
{
	struct dp_made_zip z = { 0 };
	for (unsigned i = 0; i < copies; i++)
		dp_made_zip_add(&z, name, content->p, content->n, DP_MADE_DEFLATED);
	dp_made_zip_end(&z);
	dp_text_free(content);
	dp_text_put(content, z.data.p, z.data.n);
	dp_made_zip_free(&z);
}

/* Ten gigabytes of zeros: one block of a megabyte of them, ten thousand times. */
static void test_zeros(void **state)
{
	static uint8_t zeros[1 << 20], block[4096];
	struct dp_text gz = { 0 };
	z_stream z = { .next_in = zeros, .avail_in = sizeof zeros, .next_out = block, .avail_out = sizeof block };
	(void)state;
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, 0), Z_OK);
	assert_int_equal(deflate(&z, Z_FULL_FLUSH), Z_OK);
	dp_text_put(&gz, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
	for (unsigned i = 0; i < 10240; i++)
		dp_text_put(&gz, block, z.total_out);
	dp_text_put(&gz, "\3\0\0\0\0\0\0\0\0\0", 10);
	deflateEnd(&z);
	/* The ratio allows 250 times what came, beyond that of one file 100 MiB. */
	explode("ten gigabytes in gzip", &gz, true, CT_UNSCANNED, CT_REASON_LIMIT, (100u << 20) + (16u << 20));
	dp_text_free(&gz);
}

/* Sixteen in each of sixteen, five deep, as 42.zip. */
static void test_nested(void **state)
{
	static uint8_t zeros[1 << 20];
	struct dp_text all = { 0 };
	(void)state;
	dp_text_put(&all, zeros, sizeof zeros);
	for (unsigned i = 0; i < 6; i++)
		zip_once(&all, "lib.zip", i ? 16 : 1);
	explode("a megabyte 16^5 times, zips in zips", &all, true, CT_UNSCANNED, CT_REASON_LIMIT, (1u << 20) + 300 * all.n * 2);
	dp_text_free(&all);
	dp_text_put(&all, zeros, 1000);
	for (unsigned i = 0; i < 100; i++)
		zip_once(&all, "r.zip", 1);
	explode("a zip 100 deep", &all, true, CT_UNSCANNED, CT_REASON_LIMIT, 100 * all.n);
	dp_text_free(&all);
}

static void put32(struct dp_text *t, uint32_t v)
{
	dp_text_put(t, (const uint8_t[]){ (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) }, 4);
}

/* All entries of the directory name the same local header. */
static void test_overlapping(void **state)
{
	static uint8_t zeros[1 << 20];
	struct dp_made_zip z = { 0 };
	struct dp_text all = { 0 };
	(void)state;
	dp_made_zip_add(&z, "a", zeros, sizeof zeros, DP_MADE_DEFLATED);
	dp_text_put(&all, z.data.p, z.data.n);
	for (unsigned i = 0; i < 10000; i++)
		dp_text_put(&all, z.directory.p, z.directory.n);
	dp_text_put(&all, "PK\5\6\0\0\0\0\x10\x27\x10\x27", 12);
	put32(&all, (uint32_t)(10000 * z.directory.n));
	put32(&all, (uint32_t)z.data.n);
	dp_text_put(&all, "\0", 2);
	explode("one member, named 10,000 times", &all, true, CT_UNSCANNED, CT_REASON_MALFORMED, (1u << 20) + 2 * all.n);
	dp_text_free(&all);
	dp_made_zip_free(&z);
}

static void test_members(void **state)
{
	struct dp_made_zip z = { 0 };
	char name[16];
	(void)state;
	for (unsigned i = 0; i < 65535; i++) {
		snprintf(name, sizeof name, "%u", i);
		dp_made_zip_add(&z, name, name, strlen(name), DP_MADE_STORED);
	}
	dp_made_zip_end(&z);
	explode("65,535 members", &z.data, true, CT_UNSCANNED, CT_REASON_LIMIT, 2 * z.data.n);
	dp_made_zip_free(&z);
}

/* Each part's last line is the next one's beginning: multiparts in one another, and one after the other. */
static void test_mime(void **state)
{
	struct dp_text deep = { 0 }, many = { 0 };
	(void)state;
	dp_text_printf(&deep, "Subject: deep\r\nMIME-Version: 1.0\r\n");
	for (unsigned i = 0; i < 20000; i++)
		dp_text_printf(&deep, "Content-Type: multipart/mixed; boundary=b%u\r\n\r\n--b%u\r\n", i, i);
	dp_text_printf(&deep, "\r\ntext\r\n");
	explode("multiparts 20,000 deep", &deep, false, CT_UNSCANNED, CT_REASON_LIMIT, 2 * deep.n);
	dp_text_free(&deep);
	dp_text_printf(&many, "Subject: many\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (unsigned i = 0; i < 100000; i++)
		dp_text_printf(&many, "--b\r\n\r\nx\r\n");
	dp_text_printf(&many, "--b--\r\n");
	explode("100,000 parts", &many, false, CT_UNSCANNED, CT_REASON_LIMIT, 2 * many.n);
	dp_text_free(&many);
}

/* One line of base64: no bomb, for it comes to less than itself. What it costs is linear. */
static void test_base64(void **state)
{
	struct dp_text mail = { 0 };
	(void)state;
	dp_text_printf(&mail, "Subject: base64\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
		       "Content-Disposition: attachment; filename=a\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	for (unsigned i = 0; i < 1 << 18; i++)
		dp_text_put(&mail, "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB", 32);
	dp_text_printf(&mail, "\r\n");
	explode("8 MiB of base64 in one line", &mail, false, CT_CLEAN, CT_REASON_NONE, mail.n);
	dp_text_free(&mail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeros), cmocka_unit_test(test_nested), cmocka_unit_test(test_overlapping),
		cmocka_unit_test(test_members), cmocka_unit_test(test_mime), cmocka_unit_test(test_base64),
	};
	return cmocka_run_group_tests_name("dp_archive_bombs", tests, dp_test_eal, dp_test_eal_stop);
}
