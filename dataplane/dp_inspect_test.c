/* SPDX-License-Identifier: Apache-2.0 */
/* What is found in mail, and what the records say of it: verdicts, marks, offsets, lines, paths. */
#include "dataplane/dp_made.h"

/* Plain verdicts. */

static void send_content(struct dp_test *t, unsigned number, const char *name, const void *p, size_t n)
{
	struct dp_made m;
	struct dp_text mail = { 0 };
	struct dp_test_conn c = dp_test_conn(number);
	dp_made_base64(&m, p, n, NULL);
	dp_made_message(&mail, "base64", name, &m.text);
	dp_test_mail(t, &c, &mail, 1460, 0);
	dp_text_free(&mail);
	dp_made_free(&m);
}

static void test_one_infected_one_clean(void **state)
{
	static const char good[] = "\1\2\3 nothing at all";
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	send_content(&t, 1, "a.bin", dp_made_bad, strlen(dp_made_bad));
	send_content(&t, 2, "b.bin", good, sizeof good - 1);
	dp_test_check(&t);

	const struct ct_account *a = t.worker->account;
	assert_int_equal(a->seen, 2);
	assert_int_equal(a->verdict[CT_INFECTED], 1);
	assert_int_equal(a->verdict[CT_CLEAN], 1);
	assert_int_equal(a->consumed, t.frames);

	/* Of each connection: its file first, then its message, numbered from 0. */
	assert_int_equal(t.nfound, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(t.found[i].rec.kind, i % 2 ? CT_MESSAGE : CT_FILE);
		assert_int_equal(t.found[i].rec.n, i % 2);
		assert_int_equal(t.found[i].rec.flow.first_seq, i < 2 ? 1 : 1 + t.frames / 2);
		assert_int_equal(t.found[i].rec.pcap_cnt, t.found[i].rec.seq);
	}
	/* All of one connection have its id, and it is no other's. */
	assert_int_equal(t.found[0].rec.flow.id, t.found[1].rec.flow.id);
	assert_int_not_equal(t.found[1].rec.flow.id, t.found[2].rec.flow.id);
	assert_int_equal(t.found[0].rec.flow.sport, 10001);
	assert_int_equal(t.found[0].rec.flow.dport, 25);
	/* The file leaves at the packet that ends it, the message when the server has answered. */
	assert_true(t.found[0].rec.seq < t.found[1].rec.seq);

	const struct dp_found *m = dp_test_nth(&t, CT_MESSAGE, 0);
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
	dp_test_verdict(&t, 1, CT_CLEAN, CT_REASON_NONE, true);
	assert_true(dp_test_has(m, "action=alert would=reject delivered=1"));
	assert_true(dp_test_has(m, "reply=250 rcpts=1 attachments=1/1/1"));
	assert_true(dp_test_has(
		m, "helo=client.example.org from=anna@example.org to0=bela@example.com to0-reply=250 2.1.5 Ok"));
	assert_true(dp_test_has(m, "header3=a test"));
	assert_true(dp_test_has(m, "attachment=a.bin"));
	assert_true(dp_test_has(m, "reply-text=2.0.0 queued as 4711"));
	assert_true(
		dp_test_has(m, "\n  mark=0@4:1 part=2 file=a.bin >a.bin hit=KERNEL32.DLL@4:1 hit=ADVAPI32.DLL@21:1\n"));
	assert_true(
		dp_test_has(dp_test_nth(&t, CT_FILE, 0), "name=a.bin type=application/octet-stream of-part=2 head=010203204b45"));
	const struct dp_found *clean = dp_test_nth(&t, CT_MESSAGE, 1);
	assert_true(dp_test_has(clean, "action=none would=none"));
	assert_true(dp_test_has(clean, "attachments=1/1/0"));
	assert_int_equal(clean->rec.u.message.incident, 0);
	dp_test_close(&t);
}

/* The record tells what an executable's headers say. Where there is no room for that, it does without, and nothing else changes. */
static void test_executables(void **state)
{
	uint8_t program[200] = "MZ\x90\0\3\0\0\0\4";
	(void)state;
	for (unsigned room = 0; room < 2; room++) {
		struct dp_test t;
		struct dp_hostage h;
		dp_test_begin(&t);
		if (!room)
			dp_hostage_take(&h, &t.worker->inspect.executables, 0);
		program[60] = 100;
		memcpy(program + 100, "NE", 2);
		send_content(&t, 1, "a.bin", program, sizeof program);
		dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
		assert_int_equal(strstr(dp_test_nth(&t, CT_FILE, 0)->text, "executable=NE unread=0") != NULL, room);
		assert_true(dp_test_has(dp_test_nth(&t, CT_FILE, 0), "size=200 sha256="));
		assert_int_equal(t.worker->inspect.stats.no_executable, !room);
		if (!room)
			dp_hostage_free(&h);
		dp_test_close(&t);
	}
}

/* pass, drop, reject, alert: the first that matched wins, and all leave their marks. */
static void test_order_of_actions(void **state)
{
	static const struct {
		const char *text;
		enum ct_verdict verdict;
		const char *says;
	} cases[] = {
		{ "only-an-alert", CT_SUSPICIOUS, "action=alert would=none" },
		{ "only-an-alert kernel32.dll advapi32.dll", CT_INFECTED, "action=alert would=reject" },
		{ "drop-this-one kernel32.dll advapi32.dll", CT_INFECTED, "action=alert would=drop" },
		{ "drop-this-one kernel32.dll advapi32.dll known-good only-an-alert", CT_CLEAN,
		  "action=none would=pass" },
	};
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	for (unsigned i = 0; i < 4; i++) {
		send_content(&t, i, "x", cases[i].text, strlen(cases[i].text));
		dp_test_verdict(&t, i, cases[i].verdict, CT_REASON_NONE, true);
		assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, i), cases[i].says));
	}
	for (unsigned rule = 0; rule < 4; rule++) {
		char mark[32];
		snprintf(mark, sizeof mark, "mark=%u@", rule);
		assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 3), mark));
	}
	dp_test_close(&t);
}

/* What cannot be looked into is named, beside a match too. */
static void test_reasons(void **state)
{
	static const uint8_t gzip[] = "\x1f\x8b\x08 something packed";
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	struct dp_made_zip z = { 0 };
	dp_made_zip_add(&z, "locked.txt", "some secret text", 16, DP_MADE_ENCRYPTED);
	dp_made_zip_end(&z);
	send_content(&t, 0, "a.zip", z.data.p, z.data.n);
	dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_ENCRYPTED_FILE, true);
	dp_made_zip_free(&z);

	z = (struct dp_made_zip){ 0 };
	dp_made_zip_add(&z, "packed.txt", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32, DP_MADE_DEFLATED);
	dp_made_zip_add(&z, "kernel32.dll+advapi32.dll", "", 0, DP_MADE_STORED);
	dp_made_zip_end(&z);
	send_content(&t, 1, "b.zip", z.data.p, z.data.n);
	/* Names of members are matched too, as the archive's own bytes. */
	dp_test_verdict(&t, 1, CT_INFECTED, CT_REASON_NONE, true);
	assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 1), "attachments=1/1/1"));

	send_content(&t, 2, "c.zip", z.data.p, z.data.n - 30);
	dp_test_verdict(&t, 2, CT_INFECTED, CT_REASON_MALFORMED, true);
	dp_made_zip_free(&z);

	send_content(&t, 3, "d.gz", gzip, sizeof gzip - 1);
	dp_test_verdict(&t, 3, CT_UNSCANNED, CT_REASON_MALFORMED, true);

	struct dp_text body = { 0 }, mail = { 0 };
	struct dp_test_conn c = dp_test_conn(4);
	dp_text_printf(&body, "what is this?\r\n");
	dp_made_message(&mail, "x-our-own", "e.dat", &body);
	dp_test_mail(&t, &c, &mail, 0, 0);
	dp_test_verdict(&t, 4, CT_UNSCANNED, CT_REASON_UNSUPPORTED, true);
	dp_text_free(&body);
	dp_text_free(&mail);

	/* One TLS session is one message. */
	c = dp_test_conn(5);
	dp_test_greet(&t, &c);
	dp_test_say(&t, &c, 0, "STARTTLS\r\n");
	dp_test_say(&t, &c, 1, "220 go\r\n");
	dp_test_bytes(&t, &c, 0, "\x16\x03\x01\x00\x05hello", 10);
	dp_test_bytes(&t, &c, 1, "\x16\x03\x01\x00\x05hello", 10);
	dp_test_fins(&t, &c);
	dp_test_verdict(&t, 5, CT_UNSCANNED, CT_REASON_TLS, false);
	assert_int_equal(t.worker->account[0].seen, 6);
	dp_test_close(&t);
}

/* A scan that the regex library refused has not looked. */
static void test_scan_that_fails(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	dp_test_scan_fails = true;
	send_content(&t, 1, "a.bin", dp_made_bad, strlen(dp_made_bad));
	dp_test_scan_fails = false;
	dp_test_verdict(&t, 0, CT_UNSCANNED, CT_REASON_OVERLOAD, true);
	assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "attachments=1/0/0"));
	send_content(&t, 2, "a.bin", dp_made_bad, strlen(dp_made_bad));
	dp_test_verdict(&t, 1, CT_INFECTED, CT_REASON_NONE, true);
	dp_test_close(&t);
}

/* Offsets and lines. */

#define CONTENT 260

/* Bytes in which nothing matches, then the two names at places of the seed's choosing, not overlapping. */
static void make_content(uint8_t p[CONTENT], size_t at[2], uint64_t *seed, bool text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz 0123456789";
	for (size_t i = 0; i < CONTENT; i++)
		p[i] = text || dp_test_random(seed, 4) ? (uint8_t)letters[dp_test_random(seed, 37)]
						       : (uint8_t)dp_test_random(seed, 256);
	/* No archive. */
	p[0] = 'n';
	if (text)
		for (size_t i = 1 + dp_test_random(seed, 30); i + 3 < CONTENT; i += 3 + dp_test_random(seed, 40))
			memcpy(p + i, "\r\nx", 3);
	at[0] = 1 + dp_test_random(seed, CONTENT / 2 - 14);
	at[1] = CONTENT / 2 + dp_test_random(seed, CONTENT / 2 - 13);
	if (dp_test_random(seed, 2)) {
		memcpy(p + at[0], "KERNEL32.DLL", 12);
		memcpy(p + at[1], "advapi32.dll", 12);
	} else {
		memcpy(p + at[0], "ADVAPI32.DLL", 12);
		memcpy(p + at[1], "kernel32.dll", 12);
		size_t swap = at[0];
		at[0] = at[1];
		at[1] = swap;
	}
	if (text) /* What stands before may have been a line end's first half. */
		for (size_t i = 0; i + 1 < CONTENT; i++)
			if (p[i] == '\r' && p[i + 1] != '\n')
				p[i] = 'r';
}

/* The mark as it must be: at[0] is where KERNEL32.DLL stands, at[1] ADVAPI32.DLL. base: of the file in the part. */
static void expect_mark(char *to, size_t size, const struct dp_made *m, const size_t at[2], size_t base,
			const char *path)
{
	size_t first = at[0] < at[1] ? at[0] : at[1];
	snprintf(to, size, "\n  mark=0@%zu:%u part=2 file=%s hit=KERNEL32.DLL@%zu:%u hit=ADVAPI32.DLL@%zu:%u\n", first,
		 m->line[base + first], path, at[0], m->line[base + at[0]], at[1], m->line[base + at[1]]);
}

/* The message whole, in small segments, and cut in two at every place: the same records each time, with this mark. */
static void every_cut(struct dp_test *t, const struct dp_text *mail, const char *mark, unsigned step)
{
	static const size_t sizes[] = { 1, 2, 3, 5, 7, 64, 65, 1460 };
	struct dp_test_conn c = dp_test_conn(0);
	dp_test_mail(t, &c, mail, 0, 0);
	assert_true(dp_test_has(dp_test_nth(t, CT_MESSAGE, 0), mark));
	dp_test_verdict(t, 0, CT_INFECTED, CT_REASON_NONE, true);
	char *story = dp_test_story(t);
	dp_test_forget(t);
	for (size_t cut = 1; cut < mail->n; cut += step) {
		c = dp_test_conn((unsigned)cut);
		dp_test_mail(t, &c, mail, 0, cut);
		story = dp_test_same_story(t, story, "cut at %zu of %zu", cut, mail->n);
		dp_test_forget(t);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		c = dp_test_conn((unsigned)(mail->n + i));
		dp_test_mail(t, &c, mail, sizes[i], 0);
		story = dp_test_same_story(t, story, "segments of %zu", sizes[i]);
		dp_test_forget(t);
	}
	free(story);
}

enum encoding { BASE64, QP, PLAIN };

static void encode(struct dp_made *m, enum encoding how, const uint8_t *p, size_t n, uint64_t *seed)
{
	switch (how) {
	case BASE64:
		dp_made_base64(m, p, n, seed);
		break;
	case QP:
		dp_made_qp(m, p, n, seed);
		break;
	case PLAIN:
		dp_made_plain(m, p, n);
		break;
	}
}

static const char *const cte[] = { "base64", "quoted-printable", "8bit" };

static void lines_of(enum encoding how, unsigned rounds)
{
	struct dp_test t;
	dp_test_begin(&t);
	for (uint64_t round = 0; round < rounds; round++) {
		uint64_t seed = round;
		uint8_t content[CONTENT];
		size_t at[2];
		char mark[512];
		struct dp_made m;
		struct dp_text mail = { 0 };
		make_content(content, at, &seed, how == PLAIN || round % 2);
		/* The first as mail programs encode. */
		encode(&m, how, content, CONTENT, round ? &seed : NULL);
		dp_made_message(&mail, cte[how], "x.bin", &m.text);
		expect_mark(mark, sizeof mark, &m, at, 0, "x.bin >x.bin");
		every_cut(&t, &mail, mark, 1);
		dp_text_free(&mail);
		dp_made_free(&m);
	}
	dp_test_close(&t);
}

static void test_lines_base64(void **state)
{
	(void)state;
	lines_of(BASE64, 6);
}

static void test_lines_qp(void **state)
{
	(void)state;
	lines_of(QP, 6);
}

static void test_lines_plain(void **state)
{
	(void)state;
	lines_of(PLAIN, 6);
}

/* Stored members, one inside another: the offset is that in the innermost, the line that in the attachment. */
static void zip_in_zip(unsigned flags, uint64_t seed, bool random_lines)
{
	struct dp_test t;
	uint8_t content[CONTENT];
	size_t at[2];
	char mark[512];
	struct dp_made m;
	struct dp_made_zip inner = { 0 }, outer = { 0 };
	struct dp_text mail = { 0 };
	dp_test_begin(&t);
	make_content(content, at, &seed, false);
	dp_made_zip_add(&inner, "readme.txt", "read me", 7, flags);
	size_t base = dp_made_zip_add(&inner, "loader.scr", content, CONTENT, flags);
	dp_made_zip_end(&inner);
	dp_made_zip_add(&outer, "empty/", "", 0, DP_MADE_STORED);
	base += dp_made_zip_add(&outer, "inner.zip", inner.data.p, inner.data.n, DP_MADE_STORED);
	dp_made_zip_end(&outer);
	dp_made_base64(&m, outer.data.p, outer.data.n, random_lines ? &seed : NULL);
	dp_made_message(&mail, "base64", "outer.zip", &m.text);
	expect_mark(mark, sizeof mark, &m, at, base, "outer.zip >outer.zip >inner.zip >loader.scr");
	every_cut(&t, &mail, mark, 1);
	dp_test_close(&t);
	dp_made_zip_free(&inner);
	dp_made_zip_free(&outer);
	dp_text_free(&mail);
	dp_made_free(&m);
}

static void test_zip_in_zip(void **state)
{
	(void)state;
	zip_in_zip(DP_MADE_STORED, 1, false);
	zip_in_zip(DP_MADE_STORED, 2, true);
}

static void test_zip_with_descriptors(void **state)
{
	(void)state;
	zip_in_zip(DP_MADE_DESCRIPTOR, 3, true);
}

/* The encoded text: the prefix at its start, a mark in its middle. */
static void test_lines_of_encoded_text(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_begin(&t);
	for (uint64_t round = 0; round < 6; round++) {
		uint64_t seed = 100 + round;
		uint8_t content[CONTENT];
		size_t at[2];
		char marks[256];
		struct dp_made m;
		struct dp_text mail = { 0 };
		make_content(content, at, &seed, true);
		for (size_t i = 0; i < CONTENT; i++)
			content[i] |= 0x80; /* nothing for the other rules */
		memcpy(content, "MZ\x90\0\3\0\0", 7);
		size_t where = 3 * (5 + dp_test_random(&seed, CONTENT / 3 - 10));
		memcpy(content + where, "SECRET", 6);
		dp_made_base64(&m, content, CONTENT, round ? &seed : NULL);
		dp_made_message(&mail, "base64", "x.exe", &m.text);
		snprintf(marks, sizeof marks,
			 "\n  mark=4@0:1 part=2 file=x.exe >x.exe hit=TVQQAAMAA@0:1\n"
			 "  mark=5@%zu:%u part=2 file=x.exe >x.exe hit=U0VDUKVU@%zu:%u\n",
			 where / 3 * 4, m.line[where], where / 3 * 4, m.line[where]);
		every_cut(&t, &mail, marks, 1);
		dp_text_free(&mail);
		dp_made_free(&m);
	}
	dp_test_close(&t);
}

/* Damaged in any way: whatever is said of it does not depend on where segments are cut. */

static void damage(struct dp_text *mail, uint64_t *seed)
{
	static const char *const pieces[] = { "=",         "\r\n",        "\n",          "\r",
					      "--=_b\r\n", "--=_b--\r\n", "\r\n\r\n",    "\r\n..\r\n",
					      "PK\3\4",    "=\r\n",       "QUJDRA==",    "a \t ",
					      "-",         "\xff",        "=3D=4b=\r\n", "PK\7\b" };
	for (unsigned k = dp_test_random(seed, 6); k > 0; k--) {
		struct dp_text to = { 0 };
		size_t at = dp_test_random(seed, (uint32_t)mail->n),
		       gone = dp_test_random(seed, 3) ? 0 : dp_test_random(seed, 30);
		const char *piece =
			dp_test_random(seed, 4) ? pieces[dp_test_random(seed, sizeof pieces / sizeof pieces[0])] : "";
		if (gone > mail->n - at)
			gone = mail->n - at;
		dp_text_put(&to, mail->p, at);
		dp_text_put(&to, piece, strlen(piece));
		dp_text_put(&to, mail->p + at + gone, mail->n - at - gone);
		dp_text_free(mail);
		*mail = to;
	}
}

static void make_any(struct dp_text *mail, uint64_t *seed)
{
	uint8_t content[CONTENT];
	size_t at[2];
	struct dp_made m;
	struct dp_made_zip z = { 0 };
	enum encoding how = dp_test_random(seed, 3);
	make_content(content, at, seed, how == PLAIN || dp_test_random(seed, 2));
	if (how == BASE64 && dp_test_random(seed, 2)) {
		dp_made_zip_add(&z, "a", "something", 9, dp_test_random(seed, 8));
		dp_made_zip_add(&z, "b", content, CONTENT, dp_test_random(seed, 8));
		dp_made_zip_end(&z);
		encode(&m, how, z.data.p, z.data.n, dp_test_random(seed, 2) ? seed : NULL);
	} else {
		encode(&m, how, content, CONTENT, dp_test_random(seed, 2) ? seed : NULL);
	}
	dp_made_message(mail, cte[how], "x", &m.text);
	dp_made_free(&m);
	dp_made_zip_free(&z);
}

static void test_damaged(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < 150; round++) {
		struct dp_test t;
		struct dp_text mail = { 0 };
		uint64_t seed = 1000 + round;
		char *story = NULL;
		dp_test_begin(&t);
		make_any(&mail, &seed);
		damage(&mail, &seed);
		for (unsigned i = 0; i < 12; i++) {
			struct dp_test_conn c = dp_test_conn(i);
			size_t mss = i == 0 ? 0 : i == 1 ? 1 : 1 + dp_test_random(&seed, 100);
			dp_test_mail(&t, &c, &mail, mss, i < 6 ? 0 : dp_test_random(&seed, (uint32_t)mail.n));
			story = dp_test_same_story(&t, story, "round %u, segments of %zu", (unsigned)round, mss);
			dp_test_forget(&t);
		}
		free(story);
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

/* A client's name of any length, and of several greetings the last: most stand in the session, the others take blocks. */
static void test_helo(void **state)
{
	(void)state;
	static const size_t lengths[] = { 1, 37, 38, 39, 300, 38 + 496, 38 + 497, 900, 3 };
	struct dp_test t;
	struct dp_test_conn c = dp_test_conn(1);
	dp_test_begin(&t);
	dp_test_greet(&t, &c);
	for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		char line[1024], expected[1024];
		memset(line, 'a' + (int)i, sizeof line);
		memcpy(line, "EHLO ", 5);
		memcpy(line + 5 + lengths[i], "\r\n", 3);
		line[4 + lengths[i]] = 'z'; /* the last of the name */
		snprintf(expected, sizeof expected, " helo=%.*s from=", (int)lengths[i], line + 5);
		dp_test_say(&t, &c, 0, line);
		dp_test_say(&t, &c, 1, "250 mx\r\n");
		assert_int_equal(t.worker->inspect.blocks.used, lengths[i] <= 38 ? 0 : lengths[i] <= 38 + 496 ? 1 : 2);
		dp_test_envelope(&t, &c);
		dp_test_say(&t, &c, 0, "Subject: a\r\n\r\nb\r\n");
		dp_test_accept(&t, &c);
		dp_test_check(&t);
		assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, i), expected));
		/* A capture's control gives its blocks back when it likes; here it has. */
		while (t.worker->inspect.reclaim(t.worker, false))
			;
	}
	/* Without room for the rest the name is cut. */
	struct dp_hostage h;
	dp_hostage_take(&h, &t.worker->inspect.blocks, 0);
	dp_test_say(&t, &c, 0, "EHLO 0123456789012345678901234567890123456789.example.org\r\n");
	dp_test_say(&t, &c, 1, "250 mx\r\n");
	dp_hostage_free(&h);
	dp_test_envelope(&t, &c);
	dp_test_say(&t, &c, 0, "Subject: a\r\n\r\nb\r\n");
	dp_test_accept(&t, &c);
	dp_test_check(&t);
	assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 9), " helo=01234567890123456789012345678901234567 from="));
	dp_test_close(&t);
}

/* Half of the messages in progress may be in a header section. The fields of the others' are not read, and they are no clean ones; when
 * one of the first has ended its section, there is room again. */
static void test_header_sections_at_once(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_test_conn c[10];
	dp_test_begin(&t);
	for (unsigned i = 0; i < 10; i++) {
		c[i] = dp_test_conn(i);
		if (i == 9)
			dp_test_say(&t, &c[0], 0, "\r\n");
		dp_test_greet(&t, &c[i]);
		dp_test_envelope(&t, &c[i]);
		dp_test_say(&t, &c[i], 0, "Subject: a\r\n");
		assert_int_equal(t.worker->inspect.headers.used, i < 8 ? i + 1 : 8);
	}
	assert_int_equal(t.worker->inspect.headers.failed, 1);
	for (unsigned i = 0; i < 10; i++) {
		if (i)
			dp_test_say(&t, &c[i], 0, "\r\n");
		dp_test_say(&t, &c[i], 0, "b\r\n");
		dp_test_accept(&t, &c[i]);
	}
	for (unsigned i = 0; i < 10; i++)
		dp_test_verdict(&t, i, i == 8 ? CT_UNSCANNED : CT_CLEAN, i == 8 ? CT_REASON_OVERLOAD : CT_REASON_NONE, true);
	dp_test_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_infected_one_clean),
		cmocka_unit_test(test_executables),
		cmocka_unit_test(test_order_of_actions),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_lines_base64),
		cmocka_unit_test(test_lines_qp),
		cmocka_unit_test(test_lines_plain),
		cmocka_unit_test(test_zip_in_zip),
		cmocka_unit_test(test_zip_with_descriptors),
		cmocka_unit_test(test_lines_of_encoded_text),
		cmocka_unit_test(test_scan_that_fails),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_helo),
		cmocka_unit_test(test_header_sections_at_once),
	};
	return cmocka_run_group_tests_name("dp_inspect", tests, dp_test_eal, dp_test_eal_stop);
}
