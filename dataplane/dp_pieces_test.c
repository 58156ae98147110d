/* SPDX-License-Identifier: Apache-2.0 */
/* What is read costs by its length: of whatever a message is full, the matcher is given it in pieces that are worth a call. */
#include "dataplane/dp_made.h"
#include "dataplane/dp_session.h"

enum { SEGMENT = 1460, SIZE = 60000 };

static void put_full(struct dp_text *to, const char *of, size_t n)
{
	for (size_t i = 0; i + n <= SIZE; i += n)
		dp_text_put(to, of, n);
}

/* A stored member of unknown size, or a deflated one that is none. */
static void make_open(struct dp_text *to, const char *of, size_t n, char method)
{
	const char local[] = { 'P', 'K', 3, 4, 20, 0, 8, 0, method, 0, 0, 0, 33, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 'x' };
	struct dp_text zip = { 0 };
	dp_text_put(&zip, local, sizeof local);
	put_full(&zip, of, n);
	dp_made_mail(to, zip.p, zip.n);
	dp_text_free(&zip);
}

static void make_stored(struct dp_text *to, const char *of, size_t n)
{
	make_open(to, of, n, 0);
}

static void make_broken(struct dp_text *to, const char *of, size_t n)
{
	make_open(to, of, n, 8);
}

static void make_attached(struct dp_text *to, const char *of, size_t n)
{
	struct dp_text content = { 0 };
	put_full(&content, of, n);
	dp_made_mail(to, content.p, content.n);
	dp_text_free(&content);
}

static void make_text(struct dp_text *to, const char *of, size_t n)
{
	dp_text_printf(to, "Subject: x\r\n\r\n");
	put_full(to, of, n);
}

/* Two readings: a header section with a line that is none ends there, or does not. */
static void make_read_twice(struct dp_text *to, const char *of, size_t n)
{
	dp_text_printf(to, "Subject: x\r\nno field\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	put_full(to, of, n);
}

static void make_in_header(struct dp_text *to, const char *of, size_t n)
{
	dp_text_printf(to, "Subject: x\r\nX-Field: ");
	put_full(to, of, n);
}

static void make_message(struct dp_text *to, const char *of, size_t n)
{
	struct dp_text inner = { 0 };
	make_text(&inner, of, n);
	dp_made_mail(to, inner.p, inner.n);
	dp_text_free(&inner);
}

static void make_mbox(struct dp_text *to, const char *of, size_t n)
{
	struct dp_text inner = { 0 };
	dp_text_printf(&inner, "From a\r\nSubject: x\r\n\r\n");
	put_full(&inner, of, n);
	dp_made_mail(to, inner.p, inner.n);
	dp_text_free(&inner);
}

static uint64_t pieces_of(const struct dp_text *mail)
{
	struct dp_test t;
	struct dp_test_message u;
	dp_test_begin(&t);
	const struct dp_inspect_stats *s = &t.worker->inspect.stats;
	dp_test_message_begin(&t, &u);
	for (size_t i = 0; i < mail->n; i += SEGMENT)
		dp_test_content_feed(u.msg->content, mail->p + i, mail->n - i < SEGMENT ? mail->n - i : SEGMENT);
	dp_content_end(u.msg->content);
	u.msg->content = NULL;
	const uint64_t pieces = s->matched_pieces;
	dp_test_message_end(&t, &u);
	dp_test_forget(&t);
	dp_test_close(&t);
	return pieces;
}

static void test_pieces(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		void (*make)(struct dp_text *to, const char *of, size_t n);
	} ways[] = {
		{ "attached", make_attached }, { "text", make_text },         { "read twice", make_read_twice },
		{ "in a header", make_in_header }, { "in a message", make_message }, { "in a mailbox", make_mbox },
		{ "stored", make_stored },     { "in a broken zip", make_broken },
	};
	static const struct {
		const char *of;
		size_t n;
	} full[] = {
		{ "\r\n", 2 }, { "\n", 1 }, { "\r", 1 }, { "a\r\n", 3 }, { "a\n", 2 }, { ".\r", 2 }, { "\0\r\n", 3 }, { "--\r\n", 4 },
		{ "PK\7\10", 4 }, { "PK\1\2", 4 }, { "PK", 2 }, { "P", 1 }, { "BZh9", 4 }, { "\37\213\10\0", 4 }, { "begin ", 6 },
		{ "begin 6\n", 8 }, { ":", 1 }, { "data:", 5 }, { "From \n", 6 }, { "=ybegin ", 8 }, { "MZ", 2 }, { "TVqQ", 4 },
	};
	for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
		for (size_t i = 0; i < sizeof full / sizeof *full; i++) {
			struct dp_text mail = { 0 };
			ways[w].make(&mail, full[i].of, full[i].n);
			const uint64_t pieces = pieces_of(&mail);
			dp_text_free(&mail);
			/* Where several read, a piece is of 80 bytes, and each has its own. */
			if (pieces > SIZE / 8)
				fail_msg("%s, full of %02x %02x %02x: %" PRIu64 " pieces of %d bytes", ways[w].name, full[i].of[0] & 255,
					 full[i].n > 1 ? full[i].of[1] & 255 : 0, full[i].n > 2 ? full[i].of[2] & 255 : 0, pieces, SIZE);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
