/* SPDX-License-Identifier: Apache-2.0 */
/* Archives whose members are inflated: what is found, where, and what is said when they are not as they should be, or too much. */
#include "dataplane/dp_made.h"
#include "dataplane/dp_session.h"

static void attach(struct dp_text *mail, const char *name, const struct dp_text *content, struct dp_made *m)
{
	struct dp_made here;
	dp_made_base64(&here, content->p, content->n, NULL);
	dp_made_message(mail, "base64", name, &here.text);
	if (m)
		*m = here;
	else
		dp_made_free(&here);
}

static void send_file(struct dp_test *t, unsigned number, const char *name, const struct dp_text *content)
{
	struct dp_test_conn c = dp_test_conn(number);
	struct dp_text mail = { 0 };
	attach(&mail, name, content, NULL);
	dp_test_mail(t, &c, &mail, 1460, 0);
	dp_text_free(&mail);
}

/* In two at every place (or every so many), and in small segments: the same story, which is the caller's to free. */
static char *every_cut(struct dp_test *t, const struct dp_text *mail, size_t step)
{
	static const size_t sizes[] = { 1, 3, 7, 64, 333, 1460, 9000 };
	char *story = NULL;
	size_t ways = sizeof sizes / sizeof *sizes + mail->n / step;
	for (size_t i = 0; i <= ways; i++) {
		struct dp_test_conn c = dp_test_conn((unsigned)i);
		const size_t few = sizeof sizes / sizeof *sizes;
		dp_test_forget(t);
		dp_test_mail(t, &c, mail, i < few ? sizes[i] : 0, i < few ? 0 : (i - few) * step);
		story = dp_test_same_story(t, story, "way %zu of %zu", i, ways);
	}
	return story;
}

static void has(const char *story, const char *text)
{
	if (!strstr(story, text))
		fail_msg("not found: %s\nin: %s", text, strstr(story, "message n"));
}

#define CONTENT 3000

/* Words that deflate makes short, noise that it leaves, and the two names that make the rule match. */
static void make_content(uint8_t p[CONTENT], size_t at[2], uint64_t *seed)
{
	for (size_t i = 0; i < CONTENT; i++)
		p[i] = (uint8_t)(i / 300 % 2 ? (uint8_t)"ab "[dp_test_random(seed, 3)] : dp_test_random(seed, 256) | 0x80);
	p[0] = 1; /* no archive's name */
	at[0] = 40 + dp_test_random(seed, CONTENT / 2 - 60);
	at[1] = CONTENT / 2 + dp_test_random(seed, CONTENT / 2 - 20);
	memcpy(p + at[0], "KERNEL32.DLL", 12);
	memcpy(p + at[1], "ADVAPI32.DLL", 12);
}

/* The line of a byte of what the stream at `base` of the part's content makes: where the 64 bytes begin that it comes from. */
static uint32_t line_of(const struct dp_made *m, const struct dp_text *content, size_t base, size_t offset)
{
	return m->line[base + dp_made_inflated_from(content->p + base, content->n - base, offset) / 64 * 64];
}

static void expect_story(struct dp_test *t, const char *name, const struct dp_text *content, size_t base, const size_t at[2],
                         const char *path, const char *files)
{
	struct dp_text mail = { 0 };
	struct dp_made m;
	char mark[512];
	attach(&mail, name, content, &m);
	const unsigned lines[] = { line_of(&m, content, base, at[0]), line_of(&m, content, base, at[1]) };
	snprintf(mark, sizeof mark, "\n  mark=0@%zu:%u part=2 file=%s hit=KERNEL32.DLL@%zu:%u hit=ADVAPI32.DLL@%zu:%u\n", at[0],
		 lines[0], path, at[0], lines[0], at[1], lines[1]);
	assert_true(lines[1] > lines[0] + 5);
	char *story = every_cut(t, &mail, 11);
	has(story, mark);
	has(story, "verdict=infected reason= ");
	has(story, "attachments=1/1/1");
	has(story, files);
	free(story);
	dp_text_free(&mail);
	dp_made_free(&m);
}

static void test_deflated_members(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < 4; round++) {
		struct dp_test t;
		uint64_t seed = round;
		uint8_t content[CONTENT];
		size_t at[2];
		const unsigned flags = DP_MADE_DEFLATED | (round % 2 ? DP_MADE_DESCRIPTOR : 0);
		struct dp_made_zip z = { 0 };
		dp_test_begin(&t);
		make_content(content, at, &seed);
		dp_made_zip_add(&z, "readme.txt", "read me, read me", 16, flags);
		const size_t base = dp_made_zip_add(&z, "loader.scr", content, CONTENT, flags);
		dp_made_zip_end(&z);
		expect_story(&t, "a.zip", &z.data, base, at, "a.zip >a.zip >loader.scr", "size=3000 sha256=");
		dp_made_zip_free(&z);
		dp_test_close(&t);
	}
}

static void tnef_attribute(struct dp_text *to, unsigned level, uint32_t which, const void *p, size_t n)
{
	uint8_t head[9] = { (uint8_t)level, (uint8_t)which, (uint8_t)(which >> 8), (uint8_t)(which >> 16), 0, (uint8_t)n, (uint8_t)(n >> 8) };
	uint16_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint16_t)(sum + ((const uint8_t *)p)[i]);
	dp_text_put(to, head, sizeof head);
	dp_text_put(to, p, n);
	dp_text_put(to, (uint8_t[]){ (uint8_t)sum, (uint8_t)(sum >> 8) }, 2);
}

/* What stands in a wrapping as it is, in any split: found in its member, at its place, under its name. */
static void test_attachments_in_tnef(void **state)
{
	struct dp_test t;
	struct dp_made m;
	struct dp_text tnef = { 0 }, mail = { 0 };
	uint64_t seed = 4;
	uint8_t content[CONTENT];
	size_t at[2];
	char mark[512];
	(void)state;
	dp_test_begin(&t);
	make_content(content, at, &seed);
	dp_text_put(&tnef, "\x78\x9f\x3e\x22\1\0", 6);
	tnef_attribute(&tnef, 2, 0x00069002, "\1\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 14);
	tnef_attribute(&tnef, 2, 0x00018010, "LETTER~1.SCR", 13);
	const size_t base = tnef.n + 9;
	tnef_attribute(&tnef, 2, 0x0006800f, content, CONTENT);
	tnef_attribute(&tnef, 2, 0x00069001, "letter to you.scr", 18);
	attach(&mail, "winmail.dat", &tnef, &m);
	const unsigned lines[] = { m.line[base + at[0]], m.line[base + at[1]] };
	snprintf(mark, sizeof mark, "\n  mark=0@%zu:%u part=2 file=winmail.dat >winmail.dat >LETTER~1.SCR hit=KERNEL32.DLL@%zu:%u "
		 "hit=ADVAPI32.DLL@%zu:%u\n", at[0], lines[0], at[0], lines[0], at[1], lines[1]);
	char *story = every_cut(&t, &mail, 11);
	has(story, mark);
	has(story, "verdict=infected reason= ");
	has(story, "attachments=1/1/1");
	has(story, "size=3000 sha256=");
	has(story, "other-name=letter to you.scr");
	free(story);
	dp_text_free(&mail);
	dp_text_free(&tnef);
	dp_made_free(&m);
	dp_test_close(&t);
}

static void test_gzip_files(void **state)
{
	static const struct {
		const char *file, *inside, *path;
	} cases[] = {
		{ "a.bin.gz", NULL, "a.bin.gz >a.bin.gz >a.bin" },
		{ "A.TGZ", NULL, "A.TGZ >A.TGZ >A.tar" },
		{ "a", NULL, "a >a >a" },
		{ "a.gz", "loader.scr", "a.gz >a.gz >loader.scr" },
	};
	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dp_test t;
		uint64_t seed = i;
		uint8_t content[CONTENT];
		size_t at[2];
		struct dp_text gz = { 0 };
		dp_test_begin(&t);
		make_content(content, at, &seed);
		dp_text_put(&gz, content, CONTENT);
		/* Offsets of what comes from the file are counted from its beginning. */
		const size_t base = dp_made_gzip(&gz, cases[i].inside);
		struct dp_text mail = { 0 };
		struct dp_made m;
		char mark[512];
		attach(&mail, cases[i].file, &gz, &m);
		unsigned lines[2];
		for (unsigned k = 0; k < 2; k++)
			lines[k] = m.line[(base + dp_made_inflated_from(gz.p + base, gz.n - base, at[k])) / 64 * 64];
		snprintf(mark, sizeof mark, "\n  mark=0@%zu:%u part=2 file=%s hit=KERNEL32.DLL@%zu:%u hit=ADVAPI32.DLL@%zu:%u\n",
			 at[0], lines[0], cases[i].path, at[0], lines[0], at[1], lines[1]);
		char *story = every_cut(&t, &mail, 11);
		has(story, mark);
		has(story, "verdict=infected reason= ");
		has(story, "size=3000 sha256=");
		free(story);
		dp_text_free(&mail);
		dp_text_free(&gz);
		dp_made_free(&m);
		dp_test_close(&t);
	}
}

/* Wraps it once more. how: 0 zip, stored; 1 zip, deflated; 2 gzip. */
static void wrap(struct dp_text *content, unsigned how)
{
	struct dp_made_zip z = { 0 };
	if (how == 2) {
		dp_made_gzip(content, "in.gzip");
		return;
	}
	dp_made_zip_add(&z, "in.zip", content->p, content->n, how ? DP_MADE_DEFLATED | DP_MADE_DESCRIPTOR : DP_MADE_STORED);
	dp_made_zip_end(&z);
	dp_text_free(content);
	dp_text_put(content, z.data.p, z.data.n);
	dp_made_zip_free(&z);
}

/* Every combination of three, in any split; a fourth and fifth are not opened beyond the limit, and it is said. */
static void test_archives_in_archives(void **state)
{
	(void)state;
	struct dp_test t;
	dp_test_init(&t);
	t.config.limits.archive_depth = 3;
	dp_test_open(&t);
	for (unsigned i = 0; i < 27; i++) {
		uint64_t seed = i;
		uint8_t content[CONTENT];
		size_t at[2];
		struct dp_text all = { 0 }, mail = { 0 };
		make_content(content, at, &seed);
		dp_text_put(&all, content, CONTENT);
		wrap(&all, i % 3);
		wrap(&all, i / 3 % 3);
		wrap(&all, i / 9);
		attach(&mail, "x", &all, NULL);
		char *story = every_cut(&t, &mail, 307);
		has(story, "verdict=infected reason= ");
		free(story);
		dp_text_free(&mail);
		wrap(&all, 1);
		attach(&mail, "x", &all, NULL);
		story = every_cut(&t, &mail, 1009);
		has(story, "reason=limit");
		free(story);
		dp_text_free(&mail);
		dp_text_free(&all);
	}
	assert_true(t.worker->inspect.stats.archive_limit > 0);
	dp_test_close(&t);
}

/* Damaged anywhere: the same in every split, and everything is given back. What is neither found nor malformed is damaged where no reader
 * looks: in a time, an attribute. */
static void test_damaged(void **state)
{
	(void)state;
	struct dp_test t;
	unsigned malformed = 0, found = 0, clean = 0;
	dp_test_begin(&t);
	for (unsigned round = 0; round < 120; round++) {
		uint64_t seed = 77 + round;
		uint8_t content[CONTENT];
		size_t at[2];
		struct dp_text all = { 0 }, mail = { 0 };
		make_content(content, at, &seed);
		dp_text_put(&all, content, CONTENT);
		for (unsigned k = dp_test_random(&seed, 2); k < 2; k++)
			wrap(&all, 1 + dp_test_random(&seed, 2));
		const size_t where = 12 + dp_test_random(&seed, (uint32_t)all.n - 12);
		if (round % 4)
			all.p[where] ^= (uint8_t)(1 << dp_test_random(&seed, 8));
		else
			all.n = where;
		attach(&mail, "x", &all, NULL);
		char *story = every_cut(&t, &mail, 997);
		malformed += strstr(story, "reason=malformed") != NULL;
		clean += strstr(story, "verdict=clean") != NULL;
		found += strstr(story, "verdict=infected") != NULL;
		if (round % 4 == 0)
			has(story, "reason=malformed"); /* cut off */
		free(story);
		dp_text_free(&mail);
		dp_text_free(&all);
	}
	if (malformed < 60 || found < 30 || clean > 1)
		fail_msg("%u malformed, %u infected, %u clean", malformed, found, clean);
	dp_test_close(&t);
}

/* Zeros, which deflate makes a thousand times shorter, so often packed. */
static void bomb(struct dp_text *to, size_t n, unsigned times)
{
	uint8_t *zeros = calloc(n, 1);
	assert_non_null(zeros);
	dp_text_put(to, zeros, n);
	free(zeros);
	while (times-- > 0)
		wrap(to, 1);
}

static uint64_t most_of(const struct dp_test *t)
{
	uint64_t most = 0;
	for (size_t i = 0; i < dp_test_count(t, CT_FILE); i++) {
		const uint64_t size = dp_test_nth(t, CT_FILE, i)->rec.u.file.size;
		most = size > most ? size : most;
	}
	return most;
}

static void test_bombs(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text small = { 0 }, big = { 0 }, deep = { 0 }, mail = { 0 };
	dp_test_init(&t);
	t.config.limits.inflate_file = 8 << 20;
	dp_test_open(&t);
	const struct dp_inspect_stats *st = &t.worker->inspect.stats;

	/* Below a megabyte any ratio is honest. */
	bomb(&small, 1000000, 1);
	send_file(&t, 0, "a.zip", &small);
	dp_test_verdict(&t, 0, CT_CLEAN, CT_REASON_NONE, true);
	assert_int_equal(most_of(&t), 1000000);
	dp_test_forget(&t);

	bomb(&big, 6 << 20, 1); /* 6 KB */
	attach(&mail, "b.zip", &big, NULL);
	char *story = every_cut(&t, &mail, 1213);
	has(story, "verdict=unscanned reason=limit");
	has(story, "truncated=1");
	has(story, "attachments=1/0/0");
	free(story);
	assert_true(most_of(&t) < (1 << 20) + big.n * 250 + 2 * 66048);
	assert_true(st->inflate_ratio_limit > 0 && !st->inflate_limit && !st->inflate_file_limit);
	dp_text_free(&mail);

	/* A bomb in an archive, in an archive: the levels together. */
	bomb(&deep, 200 << 20, 3);
	assert_true(deep.n < 2000);
	attach(&mail, "c.zip", &deep, NULL);
	story = every_cut(&t, &mail, 517);
	has(story, "verdict=unscanned reason=limit");
	free(story);
	assert_true(most_of(&t) < (1 << 20) + deep.n * 250 + 4 * 66048);
	dp_text_free(&mail);
	dp_text_free(&small);
	dp_text_free(&big);
	dp_text_free(&deep);
	dp_test_close(&t);
}

/* Noise of 16 characters, which deflate halves, four levels deep, so that each level's bytes count; none of base64, which would be a fifth. */
static void test_work(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text all = { 0 }, mail = { 0 };
	uint8_t noise[40000];
	uint64_t seed = 4;
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)(0xc0 + dp_test_random(&seed, 16));
	dp_text_put(&all, noise, sizeof noise);
	for (unsigned i = 0; i < 4; i++)
		wrap(&all, i % 2 ? 0 : 1);
	attach(&mail, "a.zip", &all, NULL);
	for (unsigned round = 0; round < 2; round++) {
		dp_test_init(&t);
		/* Four archives of 20 KB, and what two of these come to. */
		t.config.limits.archive_work = round ? 65536 : 200000;
		dp_test_open(&t);
		char *story = every_cut(&t, &mail, 4001);
		has(story, round ? "verdict=unscanned reason=limit" : "verdict=clean");
		assert_true((t.worker->inspect.stats.work_limit > 0) == round);
		free(story);
		dp_test_close(&t);
	}
	dp_text_free(&mail);
	dp_text_free(&all);
}

/* What may be a tar archive, and is none, is no work of archives, however much of it came at once. */
static void test_work_on_what_is_none(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_made_zip z = { 0 };
	struct dp_text mail = { 0 };
	uint8_t noise[2000];
	uint64_t seed = 5;
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)(0xc0 + dp_test_random(&seed, 16));
	for (unsigned i = 0; i < 40; i++)
		dp_made_zip_add(&z, "noise", noise, sizeof noise, DP_MADE_STORED);
	dp_made_zip_add(&z, "last", noise, sizeof noise, DP_MADE_DEFLATED);
	dp_made_zip_end(&z);
	attach(&mail, "a.zip", &z.data, NULL);
	dp_test_init(&t);
	t.config.limits.archive_work = 90000;
	dp_test_open(&t);
	char *story = every_cut(&t, &mail, 4001);
	has(story, "verdict=clean");
	free(story);
	dp_text_free(&mail);
	dp_made_zip_free(&z);
	dp_test_close(&t);
}

static void test_limits_of_a_message_and_a_file(void **state)
{
	(void)state;
	for (unsigned of_file = 0; of_file < 2; of_file++) {
		struct dp_test t;
		struct dp_made_zip z = { 0 };
		uint8_t *noise = malloc(150000);
		uint64_t seed = 1;
		assert_non_null(noise);
		for (size_t i = 0; i < 150000; i++)
			noise[i] = (uint8_t)('a' + dp_test_random(&seed, 16));
		dp_made_zip_add(&z, "one", noise, 150000, DP_MADE_DEFLATED);
		dp_made_zip_add(&z, "two", noise, 90000, DP_MADE_DEFLATED);
		dp_made_zip_add(&z, "three.scr", dp_made_bad, strlen(dp_made_bad), DP_MADE_DEFLATED);
		dp_made_zip_end(&z);
		dp_test_init(&t);
		if (of_file)
			t.config.limits.inflate_file = 100000;
		else
			t.config.limits.inflate_bytes = 200000;
		dp_test_open(&t);
		struct dp_text mail = { 0 };
		attach(&mail, "a.zip", &z.data, NULL);
		char *story = every_cut(&t, &mail, 20011);
		/* A file that is too long hides no other; a message that is, says that there was more. */
		has(story, of_file ? "verdict=infected reason=limit" : "verdict=unscanned reason=limit");
		free(story);
		const struct ct_file *one = &dp_test_nth(&t, CT_FILE, 0)->rec.u.file;
		const struct ct_file *two = &dp_test_nth(&t, CT_FILE, 1)->rec.u.file;
		if (of_file)
			assert_true(one->size >= 100000 && one->size < 150000 && two->size == 90000);
		else
			assert_true(one->size == 150000 && two->size >= 50000 && two->size < 90000);
		const struct dp_inspect_stats *st = &t.worker->inspect.stats;
		assert_true((st->inflate_file_limit > 0) == of_file && (st->inflate_limit > 0) == !of_file);
		assert_int_equal(st->inflate_ratio_limit, 0);
		dp_text_free(&mail);
		dp_made_zip_free(&z);
		free(noise);
		dp_test_close(&t);
	}
}

/* No room: said, counted, and the next message finds room again. */
static void test_no_room(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_hostage h;
	struct dp_text one = { 0 }, gz = { 0 };
	dp_test_begin(&t);
	dp_text_put(&one, dp_made_bad, strlen(dp_made_bad));
	dp_text_put(&gz, dp_made_bad, strlen(dp_made_bad));
	wrap(&one, 1);
	wrap(&gz, 2);
	dp_hostage_take(&h, &t.worker->inspect.inflates, 0);
	send_file(&t, 0, "a.zip", &one);
	send_file(&t, 1, "a.gz", &gz);
	for (unsigned i = 0; i < 2; i++) {
		dp_test_verdict(&t, i, CT_UNSCANNED, CT_REASON_OVERLOAD, true);
		assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, i), "attachments=1/0/0"));
	}
	assert_int_equal(t.worker->inspect.stats.no_inflate, 2);
	dp_hostage_free(&h);
	send_file(&t, 2, "a.zip", &one);
	send_file(&t, 3, "a.gz", &gz);
	for (unsigned i = 2; i < 4; i++)
		dp_test_verdict(&t, i, CT_INFECTED, CT_REASON_NONE, true);
	dp_text_free(&one);
	dp_text_free(&gz);
	dp_test_close(&t);
}

/* n at once, each of another connection, of which there is room for `room`: so many inflate, so many archives are open. Where the last of those is
 * taken there is none for the first block of what is in it, which might be a tar archive. */
static void many_at_once(unsigned n, unsigned room, uint32_t inflating, uint32_t archives)
{
	struct dp_test t;
	struct dp_hostage h;
	struct dp_text content = { 0 }, mail = { 0 };
	struct dp_test_conn c[12];
	uint64_t seed = 3;
	uint8_t bytes[CONTENT];
	size_t at[2];
	dp_test_init(&t);
	t.config.memory.inflating = inflating;
	dp_test_open(&t);
	dp_hostage_take(&h, &t.worker->inspect.zips, archives);
	make_content(bytes, at, &seed);
	dp_text_put(&content, bytes, CONTENT);
	wrap(&content, 1);
	attach(&mail, "a.zip", &content, NULL);
	for (unsigned part = 0; part < 2; part++)
		for (unsigned i = 0; i < n; i++) {
			if (!part) {
				c[i] = dp_test_conn(i);
				dp_test_greet(&t, &c[i]);
				dp_test_envelope(&t, &c[i]);
				dp_test_bytes(&t, &c[i], 0, mail.p, 1500); /* no tar: that is known */
				assert_int_equal(t.worker->inspect.inflates.used, i < room ? i + 1 : room);
				continue;
			}
			dp_test_bytes(&t, &c[i], 0, mail.p + 1500, mail.n - 1500);
			dp_test_accept(&t, &c[i]);
			dp_test_fins(&t, &c[i]);
		}
	for (unsigned i = 0; i < n; i++)
		dp_test_verdict(&t, i, i < room ? CT_INFECTED : CT_UNSCANNED,
				i < room - (archives == room) ? CT_REASON_NONE : CT_REASON_OVERLOAD, true);
	dp_hostage_free(&h);
	dp_text_free(&mail);
	dp_text_free(&content);
	dp_test_close(&t);
}

static void test_as_many_at_once_as_there_is_room_for(void **state)
{
	(void)state;
	many_at_once(6, 4, 4, 16); /* memory.inflating */
	many_at_once(12, 8, 16, 8); /* the pool of archives */
}

/* Between two ports: the server never has the end of the message, whatever it was wrapped in. */
static void test_refused_inline(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 3; how++) {
		struct dp_test t;
		struct dp_text content = { 0 }, mail = { 0 };
		dp_test_init(&t);
		t.use = DP_USE_INLINE;
		dp_test_open(&t);
		dp_text_put(&content, dp_made_bad, strlen(dp_made_bad));
		wrap(&content, 1 + how % 2);
		if (how == 2)
			wrap(&content, 1);
		attach(&mail, "a", &content, NULL);
		struct dp_test_conn c = dp_test_conn(how);
		dp_test_greet(&t, &c);
		dp_test_envelope(&t, &c);
		dp_test_bytes(&t, &c, 0, mail.p, mail.n);
		const size_t before = t.nsent;
		dp_test_say(&t, &c, 0, ".\r\n");
		/* What leaves toward the server is a reset, no end. */
		for (size_t i = before; i < t.nsent; i++)
			assert_true(t.sent[i].out != DP_INSIDE || t.sent[i].ours);
		dp_test_end(&t);
		dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_NONE, true);
		assert_true(dp_test_has(dp_test_nth(&t, CT_MESSAGE, 0), "action=reject"));
		dp_text_free(&content);
		dp_text_free(&mail);
		dp_test_close(&t);
	}
}

/* A mail with a zip and a gzip file in base64, and where things begin in it. */
struct torn {
	struct dp_text mail;
	size_t zip, base[5]; /* of the base64 text of the zip; data of each member in the zip */
	char *whole;
};

/* The line of the story of one file. Borrowed; *n: its length. NULL: it is not there. */
static const char *file_line(const char *story, const char *name, size_t *n)
{
	char key[40];
	snprintf(key, sizeof key, " name=%s ", name);
	const char *at = strstr(story, key);
	if (!at)
		return NULL;
	while (at > story && at[-1] != '\n')
		at--;
	*n = strcspn(at, "\n");
	/* Its place among the records is another, where others are missing. */
	const char *size = strstr(at, " size=");
	*n -= (size_t)(size - at);
	return size;
}

static bool same_file(const char *a, const char *b, const char *name)
{
	size_t n = 0, k = 0;
	const char *x = file_line(a, name, &n), *y = file_line(b, name, &k);
	return x && y && n == k && !memcmp(x, y, n);
}

/* Where in the base64 text, in lines of 76, a byte of the content stands. */
static size_t in_base64(size_t at)
{
	const size_t chars = at / 3 * 4;
	return chars + chars / 76 * 2;
}

static void play_torn(struct dp_test *t, const struct torn *m, size_t from, size_t to)
{
	static unsigned number;
	struct dp_test_conn c = dp_test_conn(number++ % 60000);
	dp_test_forget(t);
	dp_test_greet(t, &c);
	dp_test_envelope(t, &c);
	if (from)
		dp_test_bytes(t, &c, 0, m->mail.p, from);
	/* Its receiver has had what is missing here, and says so while there is room in its window. */
	for (size_t left = to - from, k; left; left -= k) {
		k = left < 30000 ? left : 30000;
		c.seq[0] += (uint32_t)k;
		if (to - from > 30000)
			dp_test_segment(t, &c, 1, RS_TCP_ACK, c.seq[1], NULL, 0);
	}
	for (size_t at = to, k, sent = 0; at < m->mail.n; at += k) {
		k = m->mail.n - at < 700 ? m->mail.n - at : 700;
		dp_test_bytes(t, &c, 0, m->mail.p + at, k);
		if (++sent % 32 == 0)
			dp_test_segment(t, &c, 1, RS_TCP_ACK, c.seq[1], NULL, 0);
	}
	dp_test_accept(t, &c);
	dp_test_fins(t, &c);
	dp_test_lull(t);
}

static const char *const torn_names[] = { "m0", "m1", "m2", "m3", "m4" };

static void make_torn(struct torn *m)
{
	static const unsigned flags[] = { DP_MADE_DEFLATED, DP_MADE_STORED, DP_MADE_DEFLATED | DP_MADE_DESCRIPTOR,
					  DP_MADE_STORED | DP_MADE_DESCRIPTOR, DP_MADE_DEFLATED };
	struct dp_made_zip z = { 0 };
	struct dp_text gz = { 0 }, parts = { 0 };
	struct dp_made made[2];
	uint64_t seed = 9;
	for (unsigned i = 0; i < 5; i++) {
		uint8_t content[900];
		for (size_t k = 0; k < sizeof content; k++)
			content[k] = (uint8_t)('a' + dp_test_random(&seed, 16));
		if (i == 4)
			memcpy(content + 700, "KERNEL32.DLL ADVAPI32.DLL", 25);
		m->base[i] = dp_made_zip_add(&z, torn_names[i], content, sizeof content, flags[i]);
		dp_text_put(&gz, content, sizeof content / 2);
	}
	dp_made_zip_end(&z);
	dp_made_gzip(&gz, "unpacked");
	dp_made_base64(&made[0], z.data.p, z.data.n, NULL);
	dp_made_base64(&made[1], gz.p, gz.n, NULL);
	dp_text_printf(&parts, "Subject: torn\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (unsigned i = 0; i < 2; i++) {
		dp_text_printf(&parts, "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=%s\r\n"
			       "Content-Transfer-Encoding: base64\r\n\r\n", i ? "a.gz" : "a.zip");
		if (!i)
			m->zip = parts.n;
		dp_text_put(&parts, made[i].text.p, made[i].text.n);
		dp_made_free(&made[i]);
	}
	dp_text_printf(&parts, "--b--\r\n");
	m->mail = parts;
	dp_text_free(&gz);
	dp_made_zip_free(&z);
}

/* Wherever bytes are missing: members before are as without that, those behind are found by their headers, and what was torn is
 * not called malformed, nor the message clean. */
static void test_holes(void **state)
{
	(void)state;
	struct dp_test t;
	struct torn m = { 0 };
	uint64_t seed = 21;
	unsigned found = 0;
	dp_test_begin(&t);
	make_torn(&m);
	play_torn(&t, &m, 0, 0);
	m.whole = dp_test_story(&t);
	has(m.whole, "verdict=infected reason= ");
	has(m.whole, " name=unpacked ");
	for (size_t from = 0; from < m.mail.n; from += 1 + dp_test_random(&seed, 3)) {
		size_t to = from + 1 + dp_test_random(&seed, dp_test_random(&seed, 2) ? 90 : 1500);
		if (to > m.mail.n)
			to = m.mail.n;
		play_torn(&t, &m, from, to);
		char *story = dp_test_story(&t);
		for (size_t i = 0; i < dp_test_count(&t, CT_MESSAGE); i++) {
			const struct ct_message *r = &dp_test_nth(&t, CT_MESSAGE, i)->rec.u.message;
			if (r->reason != CT_REASON_GAP || (r->verdict != CT_INFECTED && r->verdict != CT_UNSCANNED))
				fail_msg("[%zu, %zu): %s", from, to, story);
			found += r->verdict == CT_INFECTED;
		}
		for (unsigned i = 0; i < 5; i++) {
			/* Its header begins 32 bytes before; what comes behind it ends it, where its header does not say its size. */
			const bool before = m.zip + in_base64(i < 4 ? m.base[i + 1] : m.base[4] + 900) + 8 <= from;
			/* The line in which the hole ends tells whether its length was guessed right. */
			const bool behind = i && from > m.zip + 76 * 3 && m.zip + in_base64(m.base[i] - 33) >= to + 78;
			if ((before || behind) && !same_file(story, m.whole, torn_names[i]))
				fail_msg("[%zu, %zu) without %s at %zu: %s\ninstead of\n%s", from, to, torn_names[i],
					 m.zip + in_base64(m.base[i]), story, m.whole);
		}
		free(story);
	}
	assert_true(found > 300);
	free(m.whole);
	dp_text_free(&m.mail);
	dp_test_close(&t);
}

/* Behind a hole of more than what is fed in its place, offsets are right, in a zip too. */
static void test_a_long_hole(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_made_zip z = { 0 };
	uint8_t *noise = calloc(1, 300000);
	assert_non_null(noise);
	dp_test_begin(&t);
	memcpy(noise + 290000, "KERNEL32.DLL ADVAPI32.DLL", 25);
	const size_t one = dp_made_zip_add(&z, "one", noise, 300000, DP_MADE_STORED);
	dp_made_zip_add(&z, "two", dp_made_bad, strlen(dp_made_bad), DP_MADE_DEFLATED);
	dp_made_zip_end(&z);
	struct dp_made b;
	struct torn m = { 0 };
	dp_made_base64(&b, z.data.p, z.data.n, NULL);
	dp_made_message(&m.mail, "base64", "a.zip", &b.text);
	const size_t body = (size_t)((uint8_t *)memmem(m.mail.p, m.mail.n, b.text.p, 76) - m.mail.p);
	play_torn(&t, &m, body + in_base64(one + 1000), body + in_base64(one + 200000));
	dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_GAP, true);
	char *story = dp_test_story(&t);
	has(story, "file=a.zip >a.zip >one hit=KERNEL32.DLL@290000:");
	has(story, "file=a.zip >a.zip >two hit=KERNEL32.DLL@");
	free(story);
	dp_text_free(&m.mail);
	dp_made_free(&b);
	dp_made_zip_free(&z);
	free(noise);
	dp_test_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deflated_members),
		cmocka_unit_test(test_attachments_in_tnef),
		cmocka_unit_test(test_gzip_files),
		cmocka_unit_test(test_archives_in_archives),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_work_on_what_is_none),
		cmocka_unit_test(test_limits_of_a_message_and_a_file),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_refused_inline),
		cmocka_unit_test(test_as_many_at_once_as_there_is_room_for),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_a_long_hole),
	};
	return cmocka_run_group_tests_name("dp_archive", tests, dp_test_eal, dp_test_eal_stop);
}
