/* SPDX-License-Identifier: Apache-2.0 */
/* What a capture lacks is said of the messages it was lost from, and of no other: before and behind a hole everything is found as
 * without it. */
#include "dataplane/dp_loss.h"

#define MSS 400
#define HELO " helo=client.example.org"

static unsigned connections;

/* What was said of a message: its own record, and those of its files; NULL: it is not there. Caller frees. */
struct told {
	const struct dp_found *record;
	char *text;
};

static const char *behind_numbers(const char *text)
{
	const char *p = strstr(text, " tx=");
	assert_non_null(p);
	return p + 4 + strspn(p + 4, "0123456789");
}

static struct told told_of(const struct dp_test *t, const char *subject)
{
	struct dp_text all = { 0 };
	struct told told = { 0 };
	for (size_t i = 0; i < t->nfound; i++)
		if (t->found[i].rec.kind == CT_MESSAGE && strstr(t->found[i].text, subject))
			told.record = &t->found[i];
	if (!told.record)
		return told;
	for (size_t i = 0; i < t->nfound; i++)
		/* That something is missing is told of the connection. */
		if (t->found[i].rec.tx_id == told.record->rec.tx_id && t->found[i].rec.kind != CT_ANOMALY &&
		    (t->found[i].rec.kind != CT_MESSAGE || told.record == &t->found[i])) {
			const char *p = behind_numbers(t->found[i].text), *helo = strstr(p, HELO);
			/* The client's name was lost, perhaps, and it is the connection's. */
			dp_text_put(&all, p, helo ? (size_t)(helo - p) : strlen(p));
			if (helo)
				dp_text_put(&all, helo + strlen(HELO), strlen(helo + strlen(HELO)));
		}
	dp_text_put(&all, "", 1);
	told.text = (char *)all.p;
	return told;
}

/* Without what the server said of each recipient: which reply that was is not known, where others were lost before. */
static char *without_replies(const char *text)
{
	char *out = strdup(text), *p = out;
	assert_non_null(out);
	while ((p = strstr(p, " to"))) {
		size_t digits = strspn(p + 3, "0123456789");
		if (strncmp(p + 3 + digits, "-reply=", 7)) {
			p++;
			continue;
		}
		char *to = p + 1, *next[] = { strstr(to, " to"), strstr(to, " header"), strstr(to, " reply-text"), strchr(to, '\n') };
		char *end = to + strlen(to);
		for (size_t i = 0; i < sizeof next / sizeof *next; i++)
			if (next[i] && next[i] < end)
				end = next[i];
		memmove(p, end, strlen(end) + 1);
	}
	return out;
}

static bool tells_the_same(const char *a, const char *b, bool replies)
{
	char *x = replies ? strdup(a) : without_replies(a), *y = replies ? strdup(b) : without_replies(b);
	bool same = !strcmp(x, y);
	free(x);
	free(y);
	return same;
}

static void describe(const struct dp_loss_session *s, const struct dp_loss_hole *h, size_t n, unsigned style)
{
	print_error("style %u:", style);
	for (; n--; h++)
		print_error(" side %u lacks [%zu, %zu) \"%.*s\" ... \"%.*s\"", h->from, h->at, h->to,
			    (int)(h->to - h->at < 40 ? h->to - h->at : 40), (const char *)s->said[h->from].p + h->at,
			    (int)(s->said[h->from].n - h->to < 20 ? s->said[h->from].n - h->to : 20),
			    (const char *)s->said[h->from].p + h->to);
	print_error("\n");
}

static void dump(const struct dp_test *t)
{
	for (size_t i = 0; i < t->nfound; i++)
		if (t->found[i].rec.kind == CT_MESSAGE)
			print_error("  tx %u %s %s delivered %u complete %d bytes %llu rcpts %u %.240s\n", t->found[i].rec.tx_id,
				    ct_verdict_name(t->found[i].rec.u.message.verdict),
				    ct_reason_name(t->found[i].rec.u.message.reason), t->found[i].rec.u.message.delivered,
				    t->found[i].rec.u.message.complete, (unsigned long long)t->found[i].rec.u.message.bytes,
				    t->found[i].rec.u.message.rcpts, strstr(t->found[i].text, "incident="));
}

struct course { /* a session, and what is said of it when all is seen */
	struct dp_loss_session s;
	unsigned style;
	struct told whole[DP_LOSS_MESSAGES];
	struct dp_test t;
	unsigned faults;
};

static void fault(struct course *c, const struct dp_loss_hole *h, size_t n, const char *what, const char *which)
{
	print_error("%s: %s\n", what, which);
	describe(&c->s, h, n, c->style);
	if (c->faults++ < 1)
		dump(&c->t);
}

static bool has_gap(const struct dp_found *f)
{
	return f->rec.u.message.reason == CT_REASON_GAP;
}

/* Bytes of both sides are missing not far from this message: then nobody may know that it is one. */
static bool is_between(const struct course *c, const struct dp_loss_hole *h, size_t n, size_t i)
{
	size_t first = SIZE_MAX, last = 0;
	for (size_t k = 0; k < c->s.nmessages; k++) {
		const struct dp_loss_message *m = &c->s.message[k];
		size_t from = k ? m[-1].reply_to : 0, begin = k ? m[-1].to : 0;
		if (!dp_loss_hits(h, n, 0, begin, m->to) && !dp_loss_hits(h, n, 1, from, m->reply_to))
			continue;
		first = first == SIZE_MAX ? k : first;
		last = k;
	}
	return dp_loss_hits(h, n, 0, 0, SIZE_MAX) && dp_loss_hits(h, n, 1, 0, SIZE_MAX) && i >= first && i <= last + 1;
}

/* What holds whatever is lost. */
static void check_message(struct course *c, const struct dp_loss_hole *h, size_t n, size_t i)
{
	const struct dp_loss_message *m = &c->s.message[i];
	bool hit = dp_loss_hits(h, n, 0, m->from, m->to);
	/* The last line end alone: the server's answer stands for it. */
	bool whole = hit && !dp_loss_hits(h, n, 0, m->from, m->to - 1);
	/* Without it nobody knows that each recipient is answered. */
	bool lhlo = c->style & DP_LOSS_LMTP && dp_loss_hits(h, n, 0, 0, strlen("LHLO client.example.org\r\n"));
	bool unheard = lhlo || dp_loss_hits(h, n, 1, m->reply_from, m->reply_to);
	struct told got = told_of(&c->t, m->subject);
	if (!m->taken && dp_loss_hits(h, n, 1, 0, m->reply_to))
		unheard = true;
	if (hit) {
		if (got.record && !has_gap(got.record) && !whole)
			fault(c, h, n, "lost from, and not said", m->subject);
	} else if (is_between(c, h, n, i)) {
		if (got.record && got.record->rec.u.message.verdict == CT_CLEAN && c->whole[i].record->rec.u.message.verdict != CT_CLEAN)
			fault(c, h, n, "called clean", m->subject);
	} else if (!got.record) {
		fault(c, h, n, "not found", m->subject);
	} else if (!unheard && !tells_the_same(got.text, c->whole[i].text, !dp_loss_hits(h, n, 1, 0, m->reply_to))) {
		fault(c, h, n, "told otherwise", m->subject);
		print_error("want %sgot %s", c->whole[i].text, got.text);
	} else if (unheard && got.record->rec.u.message.verdict != c->whole[i].record->rec.u.message.verdict &&
		   !has_gap(got.record)) {
		fault(c, h, n, "judged otherwise", m->subject);
	}
	free(got.text);
}

static void check(struct course *c, const struct dp_loss_hole *h, size_t n)
{
	size_t lost = 0, unsaid = 0, messages = dp_test_count(&c->t, CT_MESSAGE);
	bool replies = dp_loss_hits(h, n, 1, 0, SIZE_MAX), told = false;
	bool both = replies && dp_loss_hits(h, n, 0, 0, SIZE_MAX);
	for (size_t i = 0; i < c->s.nmessages; i++) {
		lost += dp_loss_hits(h, n, 0, c->s.message[i].from, c->s.message[i].to - 1);
		unsaid += !c->s.message[i].taken && dp_loss_hits(h, n, 0, c->s.message[i].from, c->s.message[i].to);
		check_message(c, h, n, i);
	}
	for (size_t i = 0; i < c->t.nfound; i++)
		told |= c->t.found[i].rec.kind == CT_MESSAGE && has_gap(&c->t.found[i]);
	if (lost && !told)
		fault(c, h, n, "nobody says that something is missing", "");
	/* The server's answers tell how many it took. */
	if (!both && messages + (replies ? lost : unsaid) < c->s.nmessages)
		fault(c, h, n, "messages went missing", "");
	if (messages > c->s.nmessages + both)
		fault(c, h, n, "messages were invented", "");
}

static void play(struct course *c, const struct dp_loss_hole *h, size_t n)
{
	dp_test_forget(&c->t);
	dp_loss_play(&c->t, &c->s, connections++ % 60000, MSS, h, n, 3);
	dp_test_check(&c->t);
	dp_test_end(&c->t);
	struct ct_account a = dp_test_account(&c->t);
	assert_true(ct_account_messages_balance(&a));
	assert_int_equal(a.open, 0);
	if (n)
		check(c, h, n);
}

static void course_open(struct course *c, unsigned style)
{
	*c = (struct course){ .style = style };
	dp_loss_make(&c->s, style);
	dp_test_begin(&c->t);
	play(c, NULL, 0);
	assert_int_equal(dp_test_count(&c->t, CT_MESSAGE), c->s.nmessages);
	struct dp_found *kept = c->t.found;
	for (size_t i = 0; i < c->s.nmessages; i++) {
		c->whole[i] = told_of(&c->t, c->s.message[i].subject);
		assert_non_null(c->whole[i].record);
		struct dp_found *copy = malloc(sizeof *copy);
		*copy = *c->whole[i].record;
		copy->text = NULL;
		c->whole[i].record = copy;
	}
	(void)kept;
}

static void course_close(struct course *c)
{
	assert_int_equal(c->faults, 0);
	for (size_t i = 0; i < c->s.nmessages; i++) {
		free((void *)(uintptr_t)c->whole[i].record);
		free(c->whole[i].text);
	}
	dp_loss_free(&c->s);
	dp_test_close(&c->t);
}

/* Each line or piece of a side is a segment of its own. */
static size_t segment_end(const struct dp_loss_session *s, unsigned from, size_t at)
{
	const struct dp_text *t = &s->said[from];
	const uint8_t *lf = memchr(t->p + at, '\n', t->n - at);
	return lf ? (size_t)(lf + 1 - t->p) : t->n;
}

static void each_line(struct course *c, unsigned from, size_t lines)
{
	for (size_t at = 0; at < c->s.said[from].n; at = segment_end(&c->s, from, at)) {
		struct dp_loss_hole h = { from, at, at };
		for (size_t i = 0; i < lines && h.to < c->s.said[from].n; i++)
			h.to = segment_end(&c->s, from, h.to);
		play(c, &h, 1);
	}
}

static void test_client_lines(void **state)
{
	(void)state;
	for (unsigned style = 0; style < 4; style++) {
		struct course c;
		course_open(&c, style);
		each_line(&c, 0, 1);
		course_close(&c);
	}
}

/* Whether to try all that there is (MAILWEIR_DEEP=1), and not only some of each size. */
static bool deep(void)
{
	const char *v = getenv("MAILWEIR_DEEP");
	return v && strcmp(v, "1") == 0;
}

/* All that two to forty lines together may be; of those above three half as many more each time. */
static void many_lines(unsigned from)
{
	for (unsigned style = 0; style < 4; style++) {
		struct course c;
		course_open(&c, style);
		for (size_t lines = 2; lines < 40; lines += deep() || lines < 3 ? 1 : lines / 2)
			each_line(&c, from, lines);
		course_close(&c);
	}
}

static void test_many_client_lines(void **state)
{
	(void)state;
	many_lines(0);
}

static void test_many_server_lines(void **state)
{
	(void)state;
	many_lines(1);
}

/* Bytes of either side, or of both, anywhere. */
static void test_anywhere(void **state)
{
	(void)state;
	const unsigned rounds = deep() ? 10000 : 1000;
	for (unsigned style = 0; style < 4; style++) {
		struct course c;
		course_open(&c, style);
		uint64_t seed = 4711 + style;
		for (unsigned round = 0; round < rounds; round++) {
			struct dp_loss_hole h[3];
			size_t n = 1 + dp_test_random(&seed, 3);
			for (size_t i = 0; i < n; i++) {
				h[i].from = dp_test_random(&seed, 4) == 0;
				size_t all = c.s.said[h[i].from].n, most = dp_test_random(&seed, 3) ? 100 : 1500;
				h[i].at = dp_test_random(&seed, (uint32_t)all);
				h[i].to = h[i].at + 1 + dp_test_random(&seed, (uint32_t)most);
				if (h[i].to > all)
					h[i].to = all;
			}
			play(&c, h, n);
		}
		course_close(&c);
	}
}

static void test_server_lines(void **state)
{
	(void)state;
	for (unsigned style = 0; style < 4; style++) {
		struct course c;
		course_open(&c, style);
		each_line(&c, 1, 1);
		course_close(&c);
	}
}

/* Base64 in lines of `width` characters, 0: in one line, with what the tests' rules know behind `n` bytes of noise. */
static size_t base64_of(struct dp_text *to, size_t n, size_t width, uint32_t *line)
{
	struct dp_text raw = { 0 };
	struct dp_made b64;
	uint64_t seed = 5;
	size_t chars = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t b = (uint8_t)dp_test_random(&seed, 256);
		dp_text_put(&raw, &b, 1);
	}
	dp_text_put(&raw, dp_made_bad, strlen(dp_made_bad));
	const size_t mark = n + (size_t)(strstr(dp_made_bad, "KERNEL32") - dp_made_bad);
	*line = width ? (uint32_t)((mark / 3 * 4 + mark % 3) / width + 1) : 1;
	dp_made_base64(&b64, raw.p, raw.n, NULL);
	for (size_t i = 0; i < b64.text.n; i++) {
		if (b64.text.p[i] == '\r' || b64.text.p[i] == '\n')
			continue;
		if (width && chars && chars % width == 0)
			dp_text_put(to, "\r\n", 2);
		dp_text_put(to, b64.text.p + i, 1);
		chars++;
	}
	dp_text_put(to, "\r\n", 2);
	dp_text_free(&raw);
	dp_made_free(&b64);
	return mark;
}

/* One message without the bytes [from, to) of its content. */
static void play_content(struct dp_test *t, const struct dp_text *mail, size_t from, size_t to)
{
	struct dp_test_conn c = dp_test_conn(connections++ % 60000);
	dp_test_forget(t);
	dp_test_greet(t, &c);
	dp_test_envelope(t, &c);
	if (from)
		dp_test_bytes(t, &c, 0, mail->p, from);
	c.seq[0] += (uint32_t)(to - from);
	for (size_t at = to, k; at < mail->n; at += k) {
		k = mail->n - at < MSS ? mail->n - at : MSS;
		dp_test_bytes(t, &c, 0, mail->p + at, k);
	}
	dp_test_accept(t, &c);
	dp_test_fins(t, &c);
	dp_test_lull(t);
}

/* A program behind a hole in base64 is found, where it stands in the file, and in which line of the text; the record says how
 * far the text went, and what of it is missing. */
static void test_behind_a_hole_in_base64(void **state)
{
	(void)state;
	static const size_t widths[] = { 76, 64, 60, 72, 70, 75, 0 };
	struct dp_test t;
	dp_test_begin(&t);
	for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
		struct dp_text body = { 0 }, mail = { 0 };
		uint32_t line;
		size_t mark = base64_of(&body, 3000, widths[w], &line);
		dp_made_message(&mail, "base64", "x.bin", &body);
		const size_t at = (size_t)((uint8_t *)memmem(mail.p, mail.n, body.p, 40) - mail.p);
		uint64_t seed = widths[w] + 1;
		for (unsigned round = 0; round < 400; round++) {
			/* From the third line on, up to a line before the mark's. */
			size_t from = at + 160 + dp_test_random(&seed, 2800), to = from + 1 + dp_test_random(&seed, 900);
			char want[200];
			play_content(&t, &mail, from, to);
			const struct dp_found *f = dp_test_nth(&t, CT_FILE, 0), *m = dp_test_nth(&t, CT_MESSAGE, 0);
			snprintf(want, sizeof want, "KERNEL32.DLL@%zu:%u", mark, line);
			dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_GAP, true);
			if (!strstr(m->text, want))
				fail_msg("lines of %zu, without [%zu, %zu) of %zu: %s not in %s", widths[w], from - at, to - at,
					 body.n, want, m->text);
			/* The line end before the delimiter is not the text's. */
			const struct ct_extent *e = &f->rec.u.file.encoded;
			if (e->offset != at || e->lost != to - from || e->length < body.n - 2 || e->length > body.n ||
			    f->rec.u.file.has_sha256 || !f->rec.u.file.gaps || f->rec.u.file.size != 3000 + strlen(dp_made_bad))
				fail_msg("lines of %zu, without [%zu, %zu): extent %llu+%llu-%llu, not %zu+%zu-%zu; size %llu",
					 widths[w], from - at, to - at, (unsigned long long)e->offset,
					 (unsigned long long)e->length, (unsigned long long)e->lost, at, body.n, to - from,
					 (unsigned long long)f->rec.u.file.size);
		}
		dp_text_free(&body);
		dp_text_free(&mail);
	}
	dp_test_close(&t);
}

/* The packets of one side, without the handshake. Of the client's everything is found but what the server said; of the server's,
 * that it took so many messages which nobody has read. */
static void test_one_side(void **state)
{
	(void)state;
	for (unsigned style = 0; style < 2; style++) {
		struct course c;
		course_open(&c, style);
		dp_test_forget(&c.t);
		dp_loss_play(&c.t, &c.s, connections++, MSS, NULL, 0, 1);
		dp_test_end(&c.t);
		dp_test_check(&c.t);
		for (size_t i = 0; i < c.s.nmessages; i++) {
			struct told got = told_of(&c.t, c.s.message[i].subject);
			assert_non_null(got.record);
			assert_int_equal(got.record->rec.u.message.verdict, c.whole[i].record->rec.u.message.verdict);
			free(got.text);
		}
		assert_int_equal(dp_test_count(&c.t, CT_MESSAGE), c.s.nmessages);
		dp_test_forget(&c.t);
		dp_loss_play(&c.t, &c.s, connections++, MSS, NULL, 0, 2);
		dp_test_end(&c.t);
		dp_test_check(&c.t);
		size_t taken = 0;
		for (size_t i = 0; i < dp_test_count(&c.t, CT_MESSAGE); i++) {
			const struct ct_message *m = &dp_test_nth(&c.t, CT_MESSAGE, i)->rec.u.message;
			assert_int_equal(m->verdict, CT_UNSCANNED);
			taken++;
		}
		assert_int_equal(taken, c.s.nmessages);
		course_close(&c);
	}
}

/* Where the lines before a hole had no one length, the line behind it is not known, and none is said; of text neither. */
static void test_unknown_lines(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_text text = { 0 };
	dp_test_begin(&t);
	for (unsigned i = 0; i < 40; i++)
		dp_text_printf(&text, "a line of text, with number %u\r\n", i * i * i);
	dp_text_printf(&text, "KERNEL32.DLL\r\nADVAPI32.DLL\r\n");
	for (unsigned encoded = 0; encoded < 2; encoded++) {
		struct dp_text mail = { 0 };
		struct dp_made made;
		uint64_t seed = 3;
		if (encoded)
			dp_made_base64(&made, text.p, text.n, &seed);
		else
			dp_made_plain(&made, text.p, text.n);
		dp_made_message(&mail, encoded ? "base64" : "8bit", "x.bin", &made.text);
		play_content(&t, &mail, 500, 600);
		const char *m = dp_test_nth(&t, CT_MESSAGE, 0)->text, *mark = strstr(m, "KERNEL32.DLL@");
		assert_true(encoded || mark);
		if (mark && strncmp(mark + strcspn(mark, ":"), ":0 ", 3))
			fail_msg("a line that nobody knows: %s", m);
		assert_int_equal(dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message.reason, CT_REASON_GAP);
		dp_text_free(&mail);
		dp_made_free(&made);
	}
	dp_text_free(&text);
	dp_test_close(&t);
}

/* Base64 in lines of which no two need have the same length: more often than not what a rule knows is found behind a hole (by
 * chance one time in four), and a hole is always said. */
static void test_behind_a_hole_in_uneven_lines(void **state)
{
	(void)state;
	struct dp_test t;
	unsigned found = 0, rounds = 300;
	uint64_t seed = 11;
	dp_test_begin(&t);
	for (unsigned round = 0; round < rounds; round++) {
		struct dp_text even = { 0 }, body = { 0 }, mail = { 0 };
		uint32_t line;
		base64_of(&even, 2000, 0, &line);
		for (size_t i = 0, n; i + 2 < even.n; i += n) {
			n = 20 + dp_test_random(&seed, 56);
			n = n < even.n - 2 - i ? n : even.n - 2 - i;
			dp_text_put(&body, even.p + i, n);
			dp_text_put(&body, "\r\n", 2);
		}
		dp_made_message(&mail, "base64", "x.bin", &body);
		const size_t at = (size_t)((uint8_t *)memmem(mail.p, mail.n, body.p, 40) - mail.p);
		const size_t from = at + 200 + dp_test_random(&seed, 1000), to = from + 1 + dp_test_random(&seed, 900);
		play_content(&t, &mail, from, to);
		const struct ct_message *m = &dp_test_nth(&t, CT_MESSAGE, 0)->rec.u.message;
		assert_int_equal(m->reason, CT_REASON_GAP);
		assert_true(m->verdict == CT_UNSCANNED || m->verdict == CT_INFECTED);
		found += m->verdict == CT_INFECTED;
		dp_text_free(&even);
		dp_text_free(&body);
		dp_text_free(&mail);
	}
	dp_test_close(&t);
	if (found <= rounds / 2)
		fail_msg("%u of %u found", found, rounds);
}

/* The DATA line alone is missing, and the server answered it before anybody knew: all of the content is read. */
static void test_data_line(void **state)
{
	(void)state;
	struct dp_test t;
	struct dp_made made;
	struct dp_text mail = { 0 };
	dp_test_begin(&t);
	dp_made_base64(&made, dp_made_bad, strlen(dp_made_bad), NULL);
	dp_made_message(&mail, "base64", "x.bin", &made.text);
	for (unsigned early = 0; early < 2; early++) {
		/* Without the content's first line, too, when it is. */
		const size_t lost = early ? (size_t)((uint8_t *)memchr(mail.p, '\n', mail.n) + 1 - mail.p) : 0;
		struct dp_test_conn c = dp_test_conn(connections++ % 60000);
		dp_test_forget(&t);
		dp_test_greet(&t, &c);
		dp_test_say(&t, &c, 0, "MAIL FROM:<anna@example.org>\r\n");
		dp_test_say(&t, &c, 1, "250 2.1.0 Ok\r\n");
		dp_test_say(&t, &c, 0, "RCPT TO:<bela@example.com>\r\n");
		dp_test_say(&t, &c, 1, "250 2.1.5 Ok\r\n");
		c.seq[0] += (uint32_t)strlen("DATA\r\n");
		dp_test_say(&t, &c, 1, "354 go on\r\n");
		c.seq[0] += (uint32_t)lost;
		dp_test_bytes(&t, &c, 0, mail.p + lost, mail.n - lost);
		dp_test_accept(&t, &c);
		dp_test_fins(&t, &c);
		dp_test_lull(&t);
		dp_test_check(&t);
		dp_test_verdict(&t, 0, CT_INFECTED, CT_REASON_GAP, true);
		const struct dp_found *m = dp_test_nth(&t, CT_MESSAGE, 0);
		assert_int_equal(m->rec.u.message.bytes, mail.n - lost);
		/* The first line is the first header field. */
		if (!early)
			assert_non_null(strstr(m->text, "header0="));
	}
	dp_text_free(&mail);
	dp_made_free(&made);
	dp_test_close(&t);
}

static struct dp_loss_again again; /* one course, as a failure names it */

static void test_again(void **state)
{
	(void)state;
	struct course c;
	course_open(&c, again.style);
	play(&c, again.holes, again.n);
	for (size_t i = 0; i < c.t.nfound; i++)
		print_message("%s", c.t.found[i].text);
	course_close(&c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest one[] = { cmocka_unit_test(test_again) };
	if (dp_loss_again_parse(&again, argc, argv))
		return cmocka_run_group_tests(one, dp_test_eal, dp_test_eal_stop);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_lines),
		cmocka_unit_test(test_server_lines),
		cmocka_unit_test(test_many_client_lines),
		cmocka_unit_test(test_many_server_lines),
		cmocka_unit_test(test_anywhere),
		cmocka_unit_test(test_behind_a_hole_in_base64),
		cmocka_unit_test(test_behind_a_hole_in_uneven_lines),
		cmocka_unit_test(test_data_line),
		cmocka_unit_test(test_one_side),
		cmocka_unit_test(test_unknown_lines),
	};
	return cmocka_run_group_tests(tests, dp_test_eal, dp_test_eal_stop);
}
