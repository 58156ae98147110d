/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_loss.h"

static void say(struct dp_loss_session *s, unsigned from, const void *p, size_t n)
{
	struct dp_loss_turn *last = s->nturns ? &s->turns[s->nturns - 1] : NULL;
	dp_text_put(&s->said[from], p, n);
	if (last && last->from == from) {
		last->to += n;
		return;
	}
	s->turns = realloc(s->turns, (s->nturns + 1) * sizeof *s->turns);
	assert_non_null(s->turns);
	s->turns[s->nturns++] = (struct dp_loss_turn){ from, s->said[from].n - n, s->said[from].n };
}

static void line(struct dp_loss_session *s, unsigned from, const char *text)
{
	say(s, from, text, strlen(text));
	say(s, from, "\r\n", 2);
}

/* What the server says, line by line. */
static void answer(struct dp_loss_session *s, const char *text)
{
	size_t code = strcspn(text, "0123456789") + 3, enhanced = code + 1 + strspn(text + code + 1, "0123456789.");
	if (s->terse && strlen(text) > code && text[enhanced] == ' ') {
		say(s, 1, text, code + 1);
		text += enhanced + 1;
	}
	line(s, 1, text);
}

/* Commands whose answers come one by one, or together. */
struct group {
	struct dp_loss_session *s;
	bool pipelined;
	const char *owed[8];
	size_t nowed;
};

static void step(struct group *g, const char *command, const char *reply)
{
	line(g->s, 0, command);
	if (g->pipelined)
		g->owed[g->nowed++] = reply;
	else
		answer(g->s, reply);
}

static void settle(struct group *g)
{
	for (size_t i = 0; i < g->nowed; i++)
		answer(g->s, g->owed[i]);
	g->nowed = 0;
}

static struct dp_loss_message *message_begin(struct dp_loss_session *s, bool taken)
{
	assert_true(s->nmessages < DP_LOSS_MESSAGES);
	struct dp_loss_message *m = &s->message[s->nmessages];
	*m = (struct dp_loss_message){ .from = s->said[0].n, .reply_from = s->said[1].n, .taken = taken };
	snprintf(m->subject, sizeof m->subject, "letter-%zu-of-many", s->nmessages);
	s->nmessages++;
	return m;
}

static void envelope(struct group *g, const struct dp_loss_message *m, bool refused)
{
	char text[128];
	snprintf(text, sizeof text, "MAIL FROM:<%s@example.org>", m->subject);
	step(g, text, "250 2.1.0 Ok");
	snprintf(text, sizeof text, "RCPT TO:<%s@example.com>", m->subject);
	step(g, text, "250-2.1.5 a reply\r\n250-of more\r\n250 lines");
	if (refused)
		step(g, "RCPT TO:<nobody@example.com>", "550 5.1.1 not here");
	snprintf(text, sizeof text, "RCPT TO:<%s@example.net>", m->subject);
	step(g, text, "250 2.1.5 Ok");
}

/* Bodies. */

static void header(struct dp_text *to, const struct dp_loss_message *m, const char *more)
{
	dp_text_printf(to,
		       "Received: from here by there\r\nFrom: Anna <anna@example.org>\r\nTo: Bela <bela@example.com>\r\n"
		       "Subject: %s\r\nMIME-Version: 1.0\r\n%s\r\n",
		       m->subject, more);
}

static void body_text(struct dp_text *to, const struct dp_loss_message *m)
{
	header(to, m, "Content-Type: text/plain; charset=utf-8\r\n");
	dp_text_printf(to, "Dear all,\r\n\r\n..two dots\r\nMAIL order is open.\r\nRCPT\r\nDATA follow.\r\n-- \r\nA.\r\n");
}

static void noise(struct dp_text *to, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t b = (uint8_t)dp_test_random(&seed, 256);
		dp_text_put(to, &b, 1);
	}
}

static void part(struct dp_text *to, const char *boundary, const char *type, const char *cte, const char *name,
		 const struct dp_text *body)
{
	dp_text_printf(to, "--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: %s\r\n", boundary, type, cte);
	if (name)
		dp_text_printf(to, "Content-Disposition: attachment; filename=\"%s\"\r\n", name);
	dp_text_printf(to, "\r\n");
	dp_text_put(to, body->p, body->n);
}

/* Parts of every encoding, a message within, and an archive. */
static void body_rich(struct dp_text *to, const struct dp_loss_message *m)
{
	struct dp_text raw = { 0 };
	struct dp_made b64, qp, zipped;
	struct dp_made_zip zip = { 0 };
	static const char words[] = "Caf\xc3\xa9 and a long line of words that must be broken because it is long = yes \r\nEnd.\r\n";
	noise(&raw, 400, 7);
	dp_made_base64(&b64, raw.p, raw.n, NULL);
	dp_made_qp(&qp, words, sizeof words - 1, NULL);
	dp_made_zip_add(&zip, "one.txt", raw.p, 120, DP_MADE_STORED);
	dp_made_zip_add(&zip, "two.txt", raw.p, 90, DP_MADE_STORED);
	dp_made_zip_end(&zip);
	dp_made_base64(&zipped, zip.data.p, zip.data.n, NULL);
	header(to, m, "Content-Type: multipart/mixed; boundary=\"=_outer\"\r\n");
	dp_text_printf(to, "This is a multipart message.\r\n");
	part(to, "=_outer", "text/plain", "quoted-printable", NULL, &qp.text);
	part(to, "=_outer", "application/octet-stream", "base64", "noise.bin", &b64.text);
	dp_text_printf(to, "--=_outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: within\r\n"
			   "Content-Type: multipart/alternative; boundary=inner\r\n\r\n");
	part(to, "inner", "text/plain", "7bit", NULL, &(struct dp_text){ .p = (uint8_t *)(uintptr_t) "plain\r\n", .n = 7 });
	part(to, "inner", "application/zip", "base64", "a.zip", &zipped.text);
	dp_text_printf(to, "--inner--\r\n\r\n--=_outer--\r\n");
	dp_text_free(&raw);
	dp_made_free(&b64);
	dp_made_free(&qp);
	dp_made_free(&zipped);
	dp_made_zip_free(&zip);
}

/* The marks stand at the end, behind much else. */
static void body_infected(struct dp_text *to, const struct dp_loss_message *m)
{
	struct dp_text raw = { 0 };
	struct dp_made b64;
	noise(&raw, 500, 9);
	dp_text_put(&raw, dp_made_bad, strlen(dp_made_bad));
	dp_made_base64(&b64, raw.p, raw.n, NULL);
	header(to, m, "Content-Type: multipart/mixed; boundary=\"=_x\"\r\n");
	part(to, "=_x", "application/octet-stream", "base64", "x.bin", &b64.text);
	dp_text_printf(to, "--=_x--\r\n");
	dp_text_free(&raw);
	dp_made_free(&b64);
}

typedef void body_fn(struct dp_text *to, const struct dp_loss_message *m);

static void end(struct dp_loss_session *s, struct dp_loss_message *m, unsigned style)
{
	m->to = s->said[0].n;
	answer(s, "250 2.0.0 queued as 4711");
	if (style & DP_LOSS_LMTP)
		answer(s, "250 2.0.0 and for the other");
	m->reply_to = s->said[1].n;
}

static void by_data(struct dp_loss_session *s, unsigned style, body_fn *body, bool refused)
{
	struct dp_loss_message *m = message_begin(s, true);
	struct group g = { .s = s, .pipelined = style & DP_LOSS_PIPELINED };
	struct dp_text content = { 0 };
	envelope(&g, m, refused);
	step(&g, "DATA", "354 go on");
	settle(&g);
	m->content = s->said[0].n;
	body(&content, m);
	say(s, 0, content.p, content.n);
	line(s, 0, ".");
	dp_text_free(&content);
	end(s, m, style);
}

static void by_chunks(struct dp_loss_session *s, unsigned style, body_fn *body, size_t size)
{
	struct dp_loss_message *m = message_begin(s, true);
	struct group g = { .s = s, .pipelined = style & DP_LOSS_PIPELINED };
	struct dp_text content = { 0 };
	envelope(&g, m, false);
	settle(&g);
	m->content = s->said[0].n;
	body(&content, m);
	for (size_t at = 0, n; at < content.n; at += n) {
		char text[64];
		n = content.n - at < size ? content.n - at : size;
		bool last = at + n == content.n;
		snprintf(text, sizeof text, "BDAT %zu%s", n, last ? " LAST" : "");
		line(s, 0, text);
		say(s, 0, content.p + at, n);
		if (!last)
			answer(s, "250 2.0.0 chunk taken");
	}
	dp_text_free(&content);
	end(s, m, style);
}

static void given_up(struct dp_loss_session *s, unsigned style)
{
	struct dp_loss_message *m = message_begin(s, false);
	struct group g = { .s = s, .pipelined = style & DP_LOSS_PIPELINED };
	envelope(&g, m, true);
	step(&g, "RSET", "250 2.0.0 Ok");
	settle(&g);
	m->content = m->to = s->said[0].n;
	m->reply_to = s->said[1].n;
}

void dp_loss_make(struct dp_loss_session *s, unsigned style)
{
	*s = (struct dp_loss_session){ 0 };
	line(s, 1, "220-mx.example.com\r\n220 ESMTP");
	line(s, 0, style & DP_LOSS_LMTP ? "LHLO client.example.org" : "EHLO client.example.org");
	line(s, 1, "250-mx.example.com\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE");
	line(s, 0, "AUTH LOGIN");
	line(s, 1, "334 VXNlcm5hbWU6");
	line(s, 0, "YW5uYQ==");
	line(s, 1, "334 UGFzc3dvcmQ6");
	line(s, 0, "c2VjcmV0");
	line(s, 1, "235 2.7.0 in");
	by_data(s, style, body_text, false);
	by_data(s, style, body_rich, false);
	by_chunks(s, style, body_rich, 700);
	given_up(s, style);
	by_data(s, style, body_infected, true);
	by_data(s, style, body_text, false);
	by_chunks(s, style, body_infected, 300);
	by_chunks(s, style, body_text, 90);
	line(s, 0, "NOOP");
	line(s, 1, "250 2.0.0 Ok");
	by_data(s, style, body_infected, false);
	by_data(s, style, body_text, true);
	line(s, 0, "QUIT");
	line(s, 1, "221 2.0.0 bye");
}

static void exchange(struct dp_loss_session *s, const char *command, const char *reply)
{
	line(s, 0, command);
	answer(s, reply);
}

void dp_loss_make_three(struct dp_loss_session *s, unsigned style)
{
	static body_fn *const bodies[] = { body_text, body_infected, body_text };
	*s = (struct dp_loss_session){ .terse = style & DP_LOSS_TERSE };
	line(s, 1, "220 mx.example.com ESMTP");
	exchange(s, "EHLO client.example.org",
		 "250-mx.example.com\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-AUTH PLAIN\r\n250-STARTTLS\r\n250 SIZE");
	if (style & DP_LOSS_REFUSED) {
		exchange(s, "STARTTLS", "454 4.7.0 not now");
		exchange(s, "AUTH PLAIN AGFubmEAc2VjcmV0", "535 5.7.8 no");
	}
	for (size_t i = 0; i < 3; i++) {
		if (style & DP_LOSS_RESET)
			exchange(s, "RSET", "250 2.0.0 Ok");
		if (style & DP_LOSS_CHUNKED)
			by_chunks(s, style, bodies[i], 300);
		else
			by_data(s, style, bodies[i], false);
	}
	exchange(s, "QUIT", "221 2.0.0 bye");
}

void dp_loss_free(struct dp_loss_session *s)
{
	dp_text_free(&s->said[0]);
	dp_text_free(&s->said[1]);
	free(s->turns);
}

bool dp_loss_hits(const struct dp_loss_hole *h, size_t n, unsigned from, size_t at, size_t to)
{
	for (; n--; h++)
		if (h->from == from && h->at < to && at < h->to)
			return true;
	return false;
}

/* How far the bytes at `at` go that are all in a hole, or all in none. */
static size_t same_until(const struct dp_loss_hole *h, size_t n, unsigned from, size_t at, size_t to, bool *lost)
{
	*lost = false;
	for (; n--; h++) {
		if (h->from != from || h->to <= at)
			continue;
		if (h->at <= at) {
			*lost = true;
			return h->to < to ? h->to : to;
		}
		if (h->at < to)
			to = h->at;
	}
	return to;
}

/* The turn in which this byte is. */
static const struct dp_loss_turn *turn_of(const struct dp_loss_session *s, unsigned from, size_t at)
{
	const struct dp_loss_turn *u = s->turns;
	while (u->from != from || at < u->at || at >= u->to)
		u++;
	return u;
}

size_t dp_loss_segment_end(const struct dp_loss_session *s, unsigned from, size_t at, size_t mss)
{
	const struct dp_loss_turn *u = turn_of(s, from, at);
	return u->to - at > mss ? at + mss : u->to;
}

void dp_loss_play(struct dp_test *t, const struct dp_loss_session *s, unsigned number, size_t mss,
		  const struct dp_loss_hole *h, size_t n, unsigned only)
{
	struct dp_test_conn c = dp_test_conn(number);
	if (only == 3) {
		dp_test_shake(t, &c);
	} else {
		c.seq[0]++;
		c.seq[1]++;
	}
	for (size_t i = 0; i < s->nturns; i++) {
		const struct dp_loss_turn *u = &s->turns[i];
		for (size_t at = u->at, to; at < u->to; at = to) {
			bool lost;
			to = u->to - at > mss ? at + mss : u->to;
			to = same_until(h, n, u->from, at, to, &lost);
			if (lost || !(only >> u->from & 1))
				c.seq[u->from] += (uint32_t)(to - at);
			else
				dp_test_bytes(t, &c, u->from, s->said[u->from].p + at, to - at);
		}
	}
	if (only == 3)
		dp_test_fins(t, &c);
}

bool dp_loss_again_parse(struct dp_loss_again *a, int argc, char **argv)
{
	*a = (struct dp_loss_again){ .style = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0 };
	for (int i = 2; i + 2 < argc && a->n < sizeof a->holes / sizeof *a->holes; i += 3)
		a->holes[a->n++] = (struct dp_loss_hole){ (unsigned)strtoul(argv[i], NULL, 10), strtoul(argv[i + 1], NULL, 10),
							  strtoul(argv[i + 2], NULL, 10) };
	return argc > 1;
}
