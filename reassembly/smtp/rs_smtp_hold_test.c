/* SPDX-License-Identifier: Apache-2.0 */
/* Reading that halts: what is taken before an answer, and where ends are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reassembly/smtp/rs_smtp_script.h"

#define CHUNKED S("220 mx\r\n") C("EHLO c.example\r\n") S("250-mx\r\n250-PIPELINING\r\n250-Chunking\r\n250 OK\r\n")

#include "reassembly/smtp/rs_smtp_hold_dialogues.h"
#define DIALOGUES (sizeof dialogues / sizeof dialogues[0])

static void check(const struct dialogue *d, const struct play *y, size_t part, size_t cut, size_t at)
{
	char *got = play(y, part, cut, at);
	if (strcmp(got, d->log))
		fail_msg("%s, parts of %zu, piece %zu cut at %zu, halts %d:\n--- expected\n%s--- got\n%s", d->name, part,
			 cut, at, y->halts, d->log, got);
	free(got);
}

static void test_dialogues_cut_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALOGUES; i++) {
		struct piece pieces[PIECES_MAX];
		struct play y = { .pieces = pieces, .blocks = 32, .hold = true };
		y.n = parse(&dialogues[i], pieces, &y.midstream);
		for (unsigned way = 0; way < 6; way++) {
			y.bulk = (enum log_bulk)(way % 3);
			y.halts = way >= 3;
			check(&dialogues[i], &y, SIZE_MAX, SIZE_MAX, 0);
			for (size_t part = 1; part <= 5; part++)
				check(&dialogues[i], &y, part, SIZE_MAX, 0);
			for (size_t piece = 0; piece < y.n; piece++)
				for (size_t at = 1; at < pieces[piece].n; at++)
					check(&dialogues[i], &y, SIZE_MAX, piece, at);
		}
	}
}

/* A connection that is fed by hand. */
struct line {
	struct rs_smtp s;
	struct log l;
	struct rs_pool pool;
	void *mem;
};

static void begin(struct line *x, bool chunking, bool midstream, uint32_t blocks)
{
	size_t size = RS_POOL_BYTES(RS_SMTP_BLOCK, blocks + 1);
	x->mem = aligned_alloc(64, (size + 63) & ~(size_t)63);
	assert_non_null(x->mem);
	rs_pool_init(&x->pool, x->mem, RS_SMTP_BLOCK, blocks);
	log_init(&x->l, LOG_BULK_NONE);
	rs_smtp_init(&x->s, &log_ops, &x->l, &x->pool, midstream);
	rs_smtp_hold(&x->s, true);
	x->l.smtp = &x->s;
	if (midstream)
		return;
	static const char banner[] = "220 mx\r\n", hello[] = "EHLO c\r\n", plain[] = "250-mx\r\n250 SIZE\r\n",
			  chunks[] = "250-mx\r\n250 CHUNKING\r\n";
	const char *said = chunking ? chunks : plain;
	assert_int_equal(rs_smtp_feed(&x->s, RS_SMTP_SERVER, (const uint8_t *)banner, strlen(banner)), strlen(banner));
	assert_int_equal(rs_smtp_feed(&x->s, RS_SMTP_CLIENT, (const uint8_t *)hello, strlen(hello)), strlen(hello));
	assert_int_equal(rs_smtp_feed(&x->s, RS_SMTP_SERVER, (const uint8_t *)said, strlen(said)), strlen(said));
	assert_false(rs_smtp_halted(&x->s));
}

static void end(struct line *x)
{
	rs_smtp_close(&x->s);
	log_finish(&x->l);
	assert_int_equal(x->pool.used, 0);
	free(x->l.said.text);
	free(x->mem);
}

/* Feeds n bytes in two parts; returns how many were taken. */
static size_t client(struct line *x, const char *p, size_t n, size_t cut)
{
	size_t took = 0;
	if (cut && cut < n) {
		took = rs_smtp_feed(&x->s, RS_SMTP_CLIENT, (const uint8_t *)p, cut);
		if (took < cut) {
			assert_true(rs_smtp_halted(&x->s));
			return took;
		}
	}
	return took + rs_smtp_feed(&x->s, RS_SMTP_CLIENT, (const uint8_t *)p + took, n - took);
}

static void server(struct line *x, const char *p)
{
	assert_int_equal(rs_smtp_feed(&x->s, RS_SMTP_SERVER, (const uint8_t *)p, strlen(p)), strlen(p));
}

static const struct wait {
	const char *text; /* up to where reading stops when it waits */
	bool waits;
	const char *reply;
} waits[] = {
	{ "DATA\r\n", true, "554 no\r\n" },
	{ "DATA\r\n", true, "354 go\r\n" },
	{ "DATA\n", true, "354-go\r\n354 on\r\n" },
	{ " data \r\n", true, "503 no\r\n" },
	{ "DATA\r\r\n", true, "503 no\r\n" },
	{ "DATA\r", true, "503 no\r\n" },
	{ "NOOP\r", true, "250 ok\r\n" },
	{ "MAIL FROM:<a@x>\r\r", true, "250 ok\r\n" },
	{ "DATA\r", true, "354 go\r\n" },
	{ "STARTTLS\r\n", true, "454 no\r\n" },
	{ "STARTTLS\r\n", true, "220 go\r\n" },
	{ "X-ANONYMOUSTLS\r\n", true, "220 go\r\n" },
	{ "AUTH PLAIN eHg=\r\n", true, "235 ok\r\n" },
	{ "AUTH LOGIN\r\n", true, "535 no\r\n" },
	{ "EHLO again\r\n", true, "250-mx\r\n250-CHUNKING\r\n250 OK\r\n" },
	{ "HELO again\r\n", true, "250 mx\r\n" },
	{ "LHLO again\r\n", true, "500 no\r\n" },
	{ "XCLIENT ADDR=1.2.3.4\r\n", true, "220 mx\r\n" },
	{ "XEXCH50 5 2\r\n", true, "500 no\r\n" },
	{ "XEXCH50 5 2\r\n", true, "354 binary\r\n" },
	{ "BDAT 5 LAST\r\n", true, "502 no\r\n" },
	{ "BDAT 5\r\n", true, "250 ok\r\n" },
	{ "BDAT 5x\r\n", true, "501 no\r\n" },
	{ "BDAT 2147483648\r\n", true, "501 no\r\n" },
	{ "BDAT 18446744073709551621 LAST\r\n", true, "501 no\r\n" },
	{ "BDAT 18446744073709551621\r\n", true, "250 ok\r\n" },
	{ "\r\n", true, "500 no\r\n" },
	{ "TURN\r\n", true, "500 no\r\n" },
	{ "DATA now\r\n", true, "501 no\r\n" },
	{ "MAIL FROM:<a@x>\r\n", false, "250 ok\r\n" },
	{ "RCPT TO:<a@x>\r\n", false, "250 ok\r\n" },
	{ "RSET\r\n", false, "250 ok\r\n" },
	{ "NOOP\r\n", false, "250 ok\r\n" },
	{ "NOOP\r\r\n", false, "250 ok\r\n" },
	{ "VRFY a\r\n", false, "252 ok\r\n" },
	{ "EXPN a\r\n", false, "502 no\r\n" },
	{ "HELP\r\n", false, "214 no\r\n" },
	{ "QUIT\r\n", false, "221 bye\r\n" },
	{ "ETRN a\r\n", false, "250 ok\r\n" },
	{ "XFORWARD ADDR=1.2.3.4\r\n", false, "250 ok\r\n" },
};

static void wait_once(const struct wait *w, size_t cut, bool queued)
{
	static const char behind[] = "xyz\r\nNOOP\r\n";
	struct line x;
	begin(&x, false, false, 32);
	char all[128];
	size_t n = strlen(w->text), total;
	if (queued)
		assert_int_equal(client(&x, "NOOP\r\n", 6, 0), 6);
	uint64_t from = rs_smtp_position(&x.s);
	snprintf(all, sizeof all, "%s%s", w->text, w->waits ? behind : "NOOP\r\n");
	total = strlen(all);
	size_t took = client(&x, all, total, cut);
	assert_int_equal(rs_smtp_position(&x.s) - from, took);
	assert_int_equal(took, w->waits ? n : total);
	assert_int_equal(rs_smtp_halted(&x.s), w->waits);
	if (w->waits) {
		if (queued) {
			server(&x, "250 noop\r\n");
			assert_true(rs_smtp_halted(&x.s));
		}
		/* Nothing less than the whole answer will do. */
		for (const char *r = w->reply; *r; r++) {
			assert_true(rs_smtp_halted(&x.s));
			assert_int_equal(client(&x, all + took, total - took, 0), 0);
			struct rs_smtp_owed_view v;
			assert_true(rs_smtp_owed_first(&x.s, &v));
			assert_int_equal(v.at, from + n);
			assert_int_equal(rs_smtp_feed(&x.s, RS_SMTP_SERVER, (const uint8_t *)r, 1), 1);
		}
		assert_false(rs_smtp_halted(&x.s));
		assert_true(client(&x, all + took, total - took, cut) > 0);
	}
	end(&x);
}

static void test_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
		for (size_t cut = 0; cut < strlen(waits[i].text) + 8; cut++) {
			wait_once(&waits[i], cut, false);
			wait_once(&waits[i], cut, true);
		}
}

static void test_positions_in_tls(void **state)
{
	(void)state;
	struct line x;
	begin(&x, false, false, 4);
	uint64_t at = rs_smtp_position(&x.s);
	assert_int_equal(client(&x, "STARTTLS\r\n\x16\x03\x01", 13, 0), 10);
	server(&x, "220 go\r\n");
	assert_int_equal(client(&x, "\x16\x03\x01\x02\x03", 5, 0), 5);
	assert_true(x.l.tls);
	rs_smtp_gap(&x.s, RS_SMTP_CLIENT, 100);
	assert_int_equal(rs_smtp_position(&x.s), at + 115);
	rs_smtp_halt(&x.s);
	assert_int_equal(client(&x, "abc", 3, 0), 0);
	rs_smtp_resume(&x.s);
	assert_int_equal(client(&x, "abc", 3, 0), 3);
	end(&x);
}

static void test_advertised(void **state)
{
	(void)state;
	struct line x;
	begin(&x, true, false, 4);
	assert_true(rs_smtp_chunking(&x.s));
	assert_false(rs_smtp_pipelining(&x.s));
	client(&x, "EHLO c\r\n", 8, 0);
	assert_false(rs_smtp_chunking(&x.s));
	/* The first line is the server's name, and a word that only begins so is another. */
	server(&x, "250-CHUNKING\r\n250-CHUNKINGS\r\n250-pipelining\r\n250 SIZE CHUNKING\r\n");
	assert_false(rs_smtp_chunking(&x.s));
	assert_true(rs_smtp_pipelining(&x.s));
	client(&x, "EHLO c\r\n", 8, 0);
	server(&x, "250-mx\r\n250 chunking\r\n");
	assert_true(rs_smtp_chunking(&x.s));
	client(&x, "HELO c\r\n", 8, 0);
	server(&x, "250-mx\r\n250 CHUNKING\r\n");
	assert_false(rs_smtp_chunking(&x.s));
	end(&x);
}

/* Some servers make two lines of one that is too long, and answer both. Tokens of AUTH may be that long (RFC 4954 4). */
static void test_long_lines(void **state)
{
	(void)state;
	static const struct {
		const char *begins, *reply;
		bool astray;
	} lines[] = { { "X", "500 no\r\n", true }, { "RCPT TO:<", "250 ok\r\n", true }, { "AUTH XOAUTH2 ", "235 ok\r\n", false } };
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		static char text[RS_SMTP_LINE_MAX + 200];
		struct line x;
		begin(&x, false, false, 4);
		memset(text, 'a', sizeof text);
		memcpy(text, lines[i].begins, strlen(lines[i].begins));
		memcpy(text + sizeof text - 2, "\r\n", 2);
		assert_int_equal(client(&x, text, sizeof text, 0), sizeof text);
		server(&x, lines[i].reply);
		assert_int_equal(strstr(x.l.said.text, "astray") != NULL, lines[i].astray);
		end(&x);
	}
}

static void owed(struct line *x, enum rs_smtp_verb verb, bool last, uint32_t i, uint64_t at, bool tx)
{
	struct rs_smtp_owed_view v;
	assert_true(rs_smtp_owed_first(&x->s, &v));
	assert_int_equal(v.verb, verb);
	assert_int_equal(v.last, last);
	assert_int_equal(v.i, i);
	assert_int_equal(v.at, at);
	assert_int_equal(v.tx != NULL, tx);
}

static void test_owed_with_chunks(void **state)
{
	(void)state;
	static const char said[] = "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\nBDAT 3\r\nabcBDAT 2 LAST\r\ndeRSET\r\n";
	struct line x;
	begin(&x, true, false, 8);
	uint64_t at = rs_smtp_position(&x.s);
	/* The last chunk is counted whole before it came. */
	assert_int_equal(client(&x, said, sizeof said - 9, 0), sizeof said - 9);
	owed(&x, RS_VERB_MAIL, false, 0, at + 17, true);
	server(&x, "250 ok\r\n");
	owed(&x, RS_VERB_RCPT, false, 0, at + 32, true);
	server(&x, "250 ok\r\n");
	owed(&x, RS_VERB_RCPT, false, 1, at + 47, true);
	server(&x, "550 no\r\n");
	owed(&x, RS_VERB_BDAT, false, 0, at + 58, true);
	server(&x, "250 3 octets\r\n");
	owed(&x, RS_VERB_CONTENT, true, 0, at + 73, true);
	assert_int_equal(client(&x, said + sizeof said - 9, 8, 0), 8);
	owed(&x, RS_VERB_CONTENT, true, 0, at + 73, true);
	server(&x, "554 no\r\n");
	owed(&x, RS_VERB_RSET, false, 0, at + 79, false);
	server(&x, "250 ok\r\n");
	struct rs_smtp_owed_view v;
	assert_false(rs_smtp_owed_first(&x.s, &v));
	end(&x);
}

static void test_owed_with_lmtp(void **state)
{
	(void)state;
	struct line x;
	begin(&x, false, false, 8);
	client(&x, "LHLO c\r\n", 8, 0);
	server(&x, "250 ok\r\n");
	client(&x, "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRCPT TO:<c@y>\r\nRCPT TO:<d@y>\r\nDATA\r\n", 68, 0);
	server(&x, "250 ok\r\n550 b\r\n250 c\r\n250 d\r\n");
	owed(&x, RS_VERB_DATA, false, 0, rs_smtp_position(&x.s), true);
	server(&x, "354 go\r\n");
	client(&x, "text\r\n.\r\nNOOP\r\n", 15, 0);
	uint64_t at = rs_smtp_position(&x.s) - 6;
	owed(&x, RS_VERB_CONTENT, false, 1, at, true);
	server(&x, "250 c\r\n");
	owed(&x, RS_VERB_CONTENT, false, 2, at, true);
	server(&x, "554 d\r\n");
	owed(&x, RS_VERB_NOOP, false, 0, at + 6, false);
	server(&x, "250 ok\r\n");
	end(&x);
}

/* With any number of blocks, and with more commands than replies are noted for: all are answered in the end, each its own. */
static void test_nothing_is_lost(void **state)
{
	(void)state;
	enum { COMMANDS = 3000 };
	static char said[COMMANDS * 17];
	for (size_t i = 0; i < COMMANDS; i++) {
		char rcpt[18];
		snprintf(rcpt, sizeof rcpt, "RCPT TO:<%05zu>\r\n", i);
		memcpy(said + 17 * i, rcpt, 17);
	}
	said[17 * (COMMANDS - 1) + 16] = '\n';
	for (uint32_t blocks = 0; blocks <= 24; blocks += blocks < 4 ? 1 : 10)
		for (size_t part = 5; part < sizeof said; part = part * 11) {
			struct line x;
			begin(&x, false, false, blocks + 1);
			size_t at = 0, answered = 0, most = 0;
			client(&x, "MAIL FROM:<a@x>\r\n", 17, 0);
			server(&x, "250 ok\r\n");
			while (answered < COMMANDS) {
				size_t k, n;
				do {
					n = sizeof said - at < part ? sizeof said - at : part;
					k = rs_smtp_feed(&x.s, RS_SMTP_CLIENT, (const uint8_t *)said + at, n);
					at += k;
				} while (k && k == n && at < sizeof said);
				assert_true(at == sizeof said || rs_smtp_halted(&x.s));
				size_t complete = at / 17;
				assert_true(complete > answered);
				most = complete - answered > most ? complete - answered : most;
				struct rs_smtp_owed_view v;
				assert_true(rs_smtp_owed_first(&x.s, &v));
				assert_int_equal(v.verb, RS_VERB_RCPT);
				assert_int_equal(v.i, answered++);
				server(&x, "250 ok\r\n");
			}
			assert_true(most <= RS_SMTP_WAIT_MAX);
			assert_true(blocks < 24 || most == RS_SMTP_WAIT_MAX);
			assert_null(strstr(x.l.said.text, "limit"));
			assert_non_null(strstr(x.l.said.text, "0 RCPT/2999 250 ok\n"));
			end(&x);
		}
}

/* A server that is not heard: nothing is owed for what came before, so nothing waits for it. */
static void test_midstream(void **state)
{
	(void)state;
	struct line x;
	begin(&x, false, true, 4);
	assert_int_equal(client(&x, "text\r\nmore\r\n.\r\nNOOP\r\nMAIL FROM:<a@x>\r\n", 38, 0), 38);
	assert_int_equal(client(&x, "DATA\r\nMAIL", 10, 0), 6);
	/* What it owed already is no answer to DATA. */
	server(&x, "250 unseen\r\n250 noop\r\n");
	assert_true(rs_smtp_halted(&x.s));
	server(&x, "250 mail\r\n354 go\r\n");
	assert_false(rs_smtp_halted(&x.s));
	assert_int_equal(client(&x, "MAIL\r\n.\r\n", 9, 0), 9);
	assert_non_null(strstr(x.l.said.text, "\"MAIL\\r\\n\"\n0 } dot\n0 end"));
	end(&x);
	/* Replies that are missing lift a wait: what is owed is not known any more. */
	begin(&x, false, false, 4);
	assert_int_equal(client(&x, "AUTH X\r\nabc", 11, 0), 8);
	rs_smtp_gap(&x.s, RS_SMTP_SERVER, 10);
	assert_false(rs_smtp_halted(&x.s));
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogues_cut_everywhere),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_positions_in_tls),
		cmocka_unit_test(test_advertised),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_owed_with_chunks),
		cmocka_unit_test(test_owed_with_lmtp),
		cmocka_unit_test(test_nothing_is_lost),
		cmocka_unit_test(test_midstream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
