/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reassembly/smtp/rs_smtp_script.h"
#include "reassembly/smtp/rs_smtp_dialogues.h"
#define DIALOGUES (sizeof dialogues / sizeof dialogues[0])

static void check(const struct dialogue *d, const struct play *y, size_t part, size_t cut, size_t at)
{
	char *got = play(y, part, cut, at);
	if (strcmp(got, d->log))
		fail_msg("%s, parts of %zu, piece %zu cut at %zu:\n--- expected\n%s--- got\n%s", d->name, part, cut, at,
			 d->log, got);
	free(got);
}

static void test_dialogues_cut_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALOGUES; i++) {
		const struct dialogue *d = &dialogues[i];
		struct piece pieces[PIECES_MAX];
		struct play y = { .pieces = pieces, .blocks = 16 };
		y.n = parse(d, pieces, &y.midstream);
		for (enum log_bulk bulk = LOG_BULK_NONE; bulk <= LOG_BULK_SOME; bulk++) {
			y.bulk = bulk;
			check(d, &y, SIZE_MAX, SIZE_MAX, 0);
			for (size_t part = 1; part <= 5; part++)
				check(d, &y, part, SIZE_MAX, 0);
			for (size_t piece = 0; piece < y.n; piece++)
				for (size_t at = 1; at < pieces[piece].n; at++)
					check(d, &y, SIZE_MAX, piece, at);
		}
	}
}

/* Pieces of one direction that follow each other are one stream: joined they say the same. */
static void test_dialogues_joined(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALOGUES; i++) {
		const struct dialogue *d = &dialogues[i];
		struct piece pieces[PIECES_MAX], joined[PIECES_MAX];
		struct play y = { .pieces = joined, .blocks = 16, .bulk = LOG_BULK_SOME };
		size_t n = parse(d, pieces, &y.midstream);
		char *bytes = malloc(d->len), *at = bytes;
		assert_non_null(bytes);
		for (size_t k = 0; k < n; k++) {
			struct piece *last = y.n ? &joined[y.n - 1] : NULL;
			if (pieces[k].gap || !last || last->gap || last->dir != pieces[k].dir) {
				joined[y.n] = pieces[k];
				if (!pieces[k].gap)
					joined[y.n].p = (const uint8_t *)at;
				last = &joined[y.n++];
				last->n = 0;
			}
			if (pieces[k].gap)
				continue;
			memcpy(at, pieces[k].p, pieces[k].n);
			at += pieces[k].n;
			last->n += pieces[k].n;
		}
		check(d, &y, SIZE_MAX, SIZE_MAX, 0);
		free(bytes);
	}
}

/* Without blocks, and with a caller that has no room for transactions, the dialogue ends in order. */
static void test_dialogues_starved(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALOGUES; i++) {
		struct piece pieces[PIECES_MAX];
		struct play y = { .pieces = pieces };
		y.n = parse(&dialogues[i], pieces, &y.midstream);
		for (y.blocks = 0; y.blocks < 4; y.blocks++)
			for (size_t part = 1; part < 40; part += 6) {
				y.refuse_handles = false;
				free(play(&y, part, SIZE_MAX, 0));
				y.refuse_handles = true;
				free(play(&y, part, SIZE_MAX, 0));
			}
	}
}

/* The secrets stand in the scripts between these words. */
static void test_no_credential_is_handed_out(void **state)
{
	(void)state;
	size_t with = 0;
	for (size_t i = 0; i < DIALOGUES; i++) {
		const struct dialogue *d = &dialogues[i];
		if (!memmem(d->script, d->len, "c2VjcmV0", 8))
			continue;
		with++;
		struct piece pieces[PIECES_MAX];
		struct play y = { .pieces = pieces, .blocks = 16 };
		y.n = parse(d, pieces, &y.midstream);
		for (size_t part = 1; part < 64; part++) {
			char *got = play(&y, part, SIZE_MAX, 0);
			assert_null(strstr(got, "c2VjcmV0"));
			free(got);
		}
	}
	assert_true(with >= 8);
}

/* What an incomplete AUTH line or credential left in a block does not stay there. */
static void test_no_credential_is_kept(void **state)
{
	(void)state;
	static _Alignas(64) uint8_t mem[RS_POOL_BYTES(RS_SMTP_BLOCK, 4)];
	struct rs_pool pool;
	rs_pool_init(&pool, mem, RS_SMTP_BLOCK, 4);
	struct log l;
	log_init(&l, LOG_BULK_NONE);
	struct rs_smtp s;
	rs_smtp_init(&s, &log_ops, &l, &pool, false);
	static const char *const said[] = { "AUTH LOGIN c2Vj", "cmV0\r\n", "c2VjcmV0c2Vj", "cmV0\r\nc2VjcmV0" };
	for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
		play_feed(&s, &l, RS_SMTP_CLIENT, (const uint8_t *)said[i], strlen(said[i]));
	rs_smtp_close(&s);
	log_finish(&l);
	free(l.said.text);
	/* All are out again, so that their bytes may be looked at. */
	for (int i = 0; i < 4; i++)
		assert_non_null(rs_pool_get(&pool));
	assert_null(memmem(mem, sizeof mem, "c2Vj", 4));
	assert_null(memmem(mem, sizeof mem, "cmV0", 4));
}

static const struct probe {
	enum rs_smtp_dir dir;
	const char *text;
	int answer;
} probes[] = {
	{ RS_SMTP_SERVER, "220 mx ESMTP\r\n", 1 },
	{ RS_SMTP_SERVER, "220-mx", 1 },
	{ RS_SMTP_SERVER, "554 no", 1 },
	{ RS_SMTP_SERVER, "421 later", 1 },
	{ RS_SMTP_SERVER, "22", -1 },
	{ RS_SMTP_SERVER, "", -1 },
	{ RS_SMTP_SERVER, "+OK POP3", 0 },
	{ RS_SMTP_SERVER, "* OK IMAP4", 0 },
	{ RS_SMTP_SERVER, "SSH-2.0-", 0 },
	{ RS_SMTP_SERVER, "250 OK", 0 },
	{ RS_SMTP_CLIENT, "", -1 },
	{ RS_SMTP_CLIENT, "EH", -1 },
	{ RS_SMTP_CLIENT, "ehlo a.example\r\n", 1 },
	{ RS_SMTP_CLIENT, "EHLO\r\n", 1 },
	{ RS_SMTP_CLIENT, "MAIL FROM:<a@x>\r\n", 1 },
	{ RS_SMTP_CLIENT, "QUIT\r\n", -1 },
	{ RS_SMTP_CLIENT, "NOOP\r\nUSER a\r\n", 0 },
	{ RS_SMTP_CLIENT, "RSET\r\nMAIL FROM:<a@x>", 1 },
	{ RS_SMTP_CLIENT, "GET / HTTP/1.1\r\n", 0 },
	{ RS_SMTP_CLIENT, "CONNECT mx:25 HTTP/1.0\r\n", 0 },
	{ RS_SMTP_CLIENT, "\x16\x03\x01", 0 },
};

static void test_probe(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
		const struct probe *c = &probes[i];
		size_t n = strlen(c->text);
		if (rs_smtp_probe(c->dir, (const uint8_t *)c->text, n) != c->answer)
			fail_msg("%s: expected %d", c->text, c->answer);
		/* What is told early does not change. */
		for (size_t k = 0; k < n; k++) {
			int early = rs_smtp_probe(c->dir, (const uint8_t *)c->text, k);
			if (early != -1 && early != c->answer)
				fail_msg("%s: %d at %zu, then %d", c->text, early, k, c->answer);
		}
	}
}

/* More replies owed than are kept: the order of those kept holds, and it comes right again behind the others. */
static void test_pipeline_limit(void **state)
{
	(void)state;
	enum { COMMANDS = 3000 };
	struct piece pieces[2 * COMMANDS + 16];
	size_t n = 0;
	const struct {
		enum rs_smtp_dir dir;
		const char *text;
		int times;
	} say[] = {
		{ RS_SMTP_SERVER, "220 mx\r\n", 1 },
		{ RS_SMTP_CLIENT, "MAIL FROM:<a@x>\r\n", 1 },
		{ RS_SMTP_CLIENT, "RCPT TO:<b@y>\r\n", COMMANDS },
		{ RS_SMTP_SERVER, "250 mail\r\n", 1 },
		{ RS_SMTP_SERVER, "250 rcpt\r\n", 10 },
		{ RS_SMTP_CLIENT, "RCPT TO:<late@y>\r\n",
		  1 }, /* there is room again, but those before it were not kept */
		{ RS_SMTP_SERVER, "250 rcpt\r\n", COMMANDS - 10 },
		{ RS_SMTP_SERVER, "550 late\r\n", 1 },
		{ RS_SMTP_CLIENT, "DATA\r\n", 1 },
		{ RS_SMTP_SERVER, "354 go\r\n", 1 },
		{ RS_SMTP_CLIENT, "x\r\n.\r\n", 1 },
		{ RS_SMTP_SERVER, "250 queued\r\n", 1 },
	};
	for (size_t i = 0; i < sizeof say / sizeof say[0]; i++)
		for (int k = 0; k < say[i].times; k++)
			pieces[n++] =
				(struct piece){ say[i].dir, 0, (const uint8_t *)say[i].text, strlen(say[i].text) };
	struct play y = { .pieces = pieces, .n = n, .blocks = 2 + 17 };
	char *got = play(&y, SIZE_MAX, SIZE_MAX, 0);
	assert_non_null(strstr(got, "! pipeline_limit 0\n"));
	assert_non_null(strstr(got, "0 to/2999 b@y\n"));
	assert_non_null(strstr(got, "0 RCPT/1022 250 rcpt\n"));
	assert_null(strstr(got, "0 RCPT/1023 "));
	assert_non_null(strstr(got, "0 to/3000 late@y\n"));
	assert_null(strstr(got, "0 RCPT/3000 "));
	assert_non_null(strstr(got, "0 DATA/0 354 go\n0 {\n0 \"x\\r\\n\"\n0 } dot\n"));
	assert_non_null(strstr(got, "-0 accepted 250 queued\n"));
	assert_null(strstr(got, "reply_unexpected"));
	free(got);
}

/* A client that never reads replies does not get more than the blocks that rs_smtp.h states. */
static void test_mail_without_end(void **state)
{
	(void)state;
	enum { COMMANDS = 20000, BLOCKS = 2 + 17 + 42 };
	struct piece *pieces = malloc((COMMANDS + 1) * sizeof *pieces);
	assert_non_null(pieces);
	for (size_t i = 0; i <= COMMANDS; i++)
		pieces[i] = (struct piece){ RS_SMTP_CLIENT, 0, (const uint8_t *)"MAIL FROM:<a@x>\r\n", 17 };
	pieces[0] = (struct piece){ RS_SMTP_SERVER, 0, (const uint8_t *)"220 mx\r\n", 8 };
	struct play y = { .pieces = pieces, .n = COMMANDS + 1, .blocks = BLOCKS };
	char *got = play(&y, 10, SIZE_MAX, 0);
	assert_null(strstr(got, "block_limit"));
	assert_non_null(strstr(got, "! pipeline_limit"));
	assert_non_null(strstr(got, "-18000 abandoned\n"));
	free(got);
	free(pieces);
}

static void test_long_lines(void **state)
{
	(void)state;
	for (size_t n = 980; n < 1100; n++) {
		char line[1200] = "MAIL FROM:<a@x> ";
		size_t head = strlen(line);
		memset(line + head, 'p', n - head);
		memcpy(line + n, "\r\n", 2);
		struct piece pieces[] = { { RS_SMTP_SERVER, 0, (const uint8_t *)"220 mx\r\n", 8 },
					  { RS_SMTP_CLIENT, 0, (const uint8_t *)line, n + 2 },
					  { RS_SMTP_CLIENT, 0, (const uint8_t *)"RCPT TO:<b@y>\r\n", 15 } };
		struct play y = { .pieces = pieces, .n = 3, .blocks = 16 };
		char *whole = play(&y, SIZE_MAX, SIZE_MAX, 0);
		assert_int_equal(!!strstr(whole, "! command_too_long"), n > RS_SMTP_LINE_MAX);
		assert_non_null(strstr(whole, "0 to/0 b@y\n"));
		size_t kept = n > RS_SMTP_LINE_MAX ? RS_SMTP_LINE_MAX : n;
		const char *params = strchr(whole, '[');
		assert_non_null(params);
		assert_int_equal(strchr(params, ']') - params - 1, kept - head);
		for (size_t at = 970; at < n + 2; at++) {
			char *cut = play(&y, SIZE_MAX, 1, at);
			assert_string_equal(whole, cut);
			free(cut);
		}
		free(whole);
	}
}

/* Against a slow and obvious reading of the content: RFC 5321 4.1.1.4 and 4.5.2, no bare line end near a dot. */
static void test_content_against_oracle(void **state)
{
	(void)state;
	static const char *const parts[] = { "a", ".", "\r\n", "..", "\r\n..", "\r\n.x", "bc.d", "\r\n\r\n", "\r\r\n" };
	uint32_t dice = 7;
	for (int round = 0; round < 3000; round++) {
		char content[256] = "", stored[256] = "";
		size_t n = 0, m = 0;
		for (int i = 0; i < 20; i++) {
			dice = dice * 1664525u + 1013904223u;
			const char *part = parts[(dice >> 16) % (sizeof parts / sizeof parts[0])];
			memcpy(content + n, part, strlen(part));
			n += strlen(part);
		}
		memcpy(content + n, "\r\n", 2);
		n += 2;
		size_t end = n;
		for (size_t i = 0; i < n; i++) {
			bool start = !i || (i > 1 && content[i - 1] == '\n' && content[i - 2] == '\r');
			if (start && content[i] == '.' && content[i + 1] == '\r' && content[i + 2] == '\n') {
				end = i;
				break;
			}
			if (!(start && content[i] == '.'))
				stored[m++] = content[i];
		}
		memcpy(content + end, ".\r\n", 3);
		/* A dot line behind a bare CR, or ended by one, is another test's. */
		if (memmem(content, end + 3, "\r.", 2) || memmem(content, end + 3, ".\r\r", 3))
			continue;
		struct piece pieces[] = { { RS_SMTP_CLIENT, 0, (const uint8_t *)"MAIL FROM:<>\r\nDATA\r\n", 20 },
					  { RS_SMTP_CLIENT, 0, (const uint8_t *)content, end + 3 } };
		struct play y = { .pieces = pieces, .n = 2, .blocks = 4, .bulk = round % 3 };
		struct log want;
		log_init(&want, LOG_BULK_NONE);
		log_raw(&want.said, "+0\n0 from  []\n0 {\n", 18);
		if (m)
			log_raw(&want.said, "0 \"", 3);
		log_bytes(&want.said, (const uint8_t *)stored, m);
		if (m)
			log_raw(&want.said, "\"\n", 2);
		log_raw(&want.said, "0 } dot\n-0 unknown\n", 19);
		for (size_t part = 1; part < 8; part++) {
			char *got = play(&y, part, SIZE_MAX, 0);
			assert_string_equal(want.said.text, got);
			free(got);
		}
		free(want.said.text);
	}
}

/* Content is handed out in pieces that are worth a call, however short its lines are and whatever is taken out of them. */

static size_t pieces_told;
static uint64_t bytes_told;

static void count_content(void *arg, void *handle, const uint8_t *p, size_t n)
{
	(void)arg;
	(void)handle;
	(void)p;
	pieces_told++;
	bytes_told += n;
}

static void count_in(const char *line, size_t n, bool hold)
{
	enum { SEGMENT = 1460, SEGMENTS = 40 };
	static const char client[] = "HELO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n";
	static const char *const replies[] = { "220 mx\r\n", "250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n" };
	struct rs_smtp_ops ops = log_ops;
	struct rs_smtp s;
	struct log l;
	struct rs_pool blocks;
	uint8_t segment[SEGMENT];
	void *memory = aligned_alloc(64, RS_POOL_BYTES(RS_SMTP_BLOCK, 16));
	assert_non_null(memory);
	rs_pool_init(&blocks, memory, RS_SMTP_BLOCK, 16);
	log_init(&l, LOG_BULK_NONE);
	l.smtp = &s;
	ops.content = count_content;
	pieces_told = 0;
	bytes_told = 0;
	rs_smtp_init(&s, &ops, &l, &blocks, false);
	rs_smtp_hold(&s, hold);
	size_t said = 0;
	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
		rs_smtp_feed(&s, RS_SMTP_SERVER, (const uint8_t *)replies[i], strlen(replies[i]));
		said += rs_smtp_feed(&s, RS_SMTP_CLIENT, (const uint8_t *)client + said, sizeof client - 1 - said);
	}
	assert_true(rs_smtp_in_content(&s));
	for (size_t at = 0; at < (size_t)SEGMENT * SEGMENTS;) {
		for (size_t i = 0; i < SEGMENT; i++, at++)
			segment[i] = (uint8_t)line[at % n];
		assert_int_equal(rs_smtp_feed(&s, RS_SMTP_CLIENT, segment, SEGMENT), SEGMENT);
	}
	assert_true(bytes_told > (size_t)SEGMENT * SEGMENTS / 3);
	/* Of a segment at most: two ends, where spans of it begin, and what they hold. */
	if (pieces_told > (size_t)SEGMENTS * 8)
		fail_msg("lines that begin with %02x %02x: %zu pieces of %llu bytes", line[0], line[1], pieces_told,
			 (unsigned long long)bytes_told);
	rs_smtp_close(&s);
	log_finish(&l);
	free((void *)(uintptr_t)l.sent);
	free(l.said.text);
	free(memory);
}

static void test_pieces_of_short_lines(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		size_t n;
		bool candidate; /* which is told each time, with hold */
	} lines[] = {
		{ "..\r\n", 4, false },    { "..a\r\n", 5, false }, { "...\r\n", 5, false }, { "..\r", 3, false }, { "..\n", 3, false },
		{ "\0\r\n", 3, false },    { "\0a\r\n", 4, false }, { "a\r\n", 3, false },   { "\r\n", 2, false }, { "\n", 1, false },
		{ ".\n..\r\n", 6, true }, { ".\r", 2, true },      { ".\ra", 3, true },     { ".\nm", 3, true },
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		count_in(lines[i].line, lines[i].n, false);
		if (!lines[i].candidate)
			count_in(lines[i].line, lines[i].n, true);
	}
}

/* Writes the dialogues as seeds for rs_smtp_fuzz: this is how pktgen-tests/seeds/rs_smtp was made. */
static void write_seed(const char *folder, const struct dialogue *d)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", folder, d->name);
	for (char *c = path + strlen(folder) + 1; *c; c++)
		if (*c == ' ')
			*c = '-';
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	struct piece pieces[PIECES_MAX];
	bool midstream;
	size_t n = parse(d, pieces, &midstream);
	fputc(midstream ? 1 : 0, f);
	for (size_t i = 0; i < n; i++) {
		size_t len = pieces[i].gap ? (size_t)pieces[i].gap : pieces[i].n;
		fputc((int)pieces[i].dir | (pieces[i].gap ? 2 : 0), f);
		fputc((int)(len & 0xff), f);
		fputc((int)(len >> 8), f);
		if (!pieces[i].gap)
			fwrite(pieces[i].p, 1, len, f);
	}
	fclose(f);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		for (size_t i = 0; i < DIALOGUES; i++)
			write_seed(argv[1], &dialogues[i]);
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogues_cut_everywhere),
		cmocka_unit_test(test_dialogues_joined),
		cmocka_unit_test(test_dialogues_starved),
		cmocka_unit_test(test_no_credential_is_handed_out),
		cmocka_unit_test(test_no_credential_is_kept),
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_pipeline_limit),
		cmocka_unit_test(test_mail_without_end),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_content_against_oracle),
		cmocka_unit_test(test_pieces_of_short_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
