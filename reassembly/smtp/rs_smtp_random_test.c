/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions whose meaning is known because they were made: sent in random pieces, answered at random moments, in hold mode, they
 * say the same. The client's side and the server's are told apart, since only their own order is fixed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/smtp/rs_smtp.h"

#define TEXT_MAX 16384
#define REPLIES_MAX 256

struct text {
	char p[TEXT_MAX];
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
	va_list a;
	va_start(a, format);
	int n = vsnprintf(t->p + t->n, TEXT_MAX - t->n, format, a);
	va_end(a);
	assert_true(n >= 0 && (size_t)n < TEXT_MAX - t->n);
	t->n += (size_t)n;
}

struct answer {
	char text[64];
	uint64_t at; /* the server sends it when it has this much */
	enum rs_smtp_verb verb;
	bool last, waits; /* the client's next byte is read after it */
};

struct session {
	struct text said; /* by the client */
	struct answer answer[REPLIES_MAX];
	size_t answers;
	struct text client, server; /* what must be called back */
	uint32_t txs;
	uint32_t dice;
};

static uint32_t roll(uint32_t *dice, uint32_t n)
{
	*dice = *dice * 1664525u + 1013904223u;
	return (*dice >> 16) % n;
}

static void answer(struct session *m, enum rs_smtp_verb verb, bool last, bool waits, const char *text)
{
	assert_true(m->answers < REPLIES_MAX);
	struct answer *a = &m->answer[m->answers++];
	*a = (struct answer){ .at = m->said.n, .verb = verb, .last = last, .waits = waits };
	snprintf(a->text, sizeof a->text, "%s\r\n", text);
}

static void make_envelope(struct session *m)
{
	uint32_t tx = m->txs, rcpts = 1 + roll(&m->dice, 4);
	put(&m->said, "MAIL FROM:<%u@x>\r\n", tx);
	put(&m->client, "+%u\n%u from %u@x\n", tx, tx, tx);
	put(&m->server, "%u MAIL/0 250\n", tx);
	answer(m, RS_VERB_MAIL, false, false, "250 ok");
	for (uint32_t i = 0; i < rcpts; i++) {
		bool ok = roll(&m->dice, 3);
		put(&m->said, "RCPT TO:<%u@y>\r\n", i);
		put(&m->client, "%u to/%u %u@y\n", tx, i, i);
		put(&m->server, "%u RCPT/%u %u\n", tx, i, ok ? 250 : 550);
		answer(m, RS_VERB_RCPT, false, false, ok ? "250 ok" : "550 no");
	}
	m->txs++;
}

/* Lines that read as commands are content after 354, and commands after anything else. */
static void make_data(struct session *m)
{
	uint32_t tx = m->txs;
	make_envelope(m);
	put(&m->said, roll(&m->dice, 2) ? "DATA\r\n" : "data\n");
	if (!roll(&m->dice, 4)) {
		answer(m, RS_VERB_DATA, false, true, "554 no");
		put(&m->said, "RSET\r\n");
		answer(m, RS_VERB_RSET, false, false, "250 ok");
		put(&m->server, "%u DATA/0 554\n-%u rejected\n", tx, tx);
		return;
	}
	answer(m, RS_VERB_DATA, false, true, "354 go");
	put(&m->server, "%u DATA/0 354\n", tx);
	uint32_t lines = roll(&m->dice, 4);
	/* Behind a bare LF the dot would be no certain end. */
	put(&m->said, "first\r\n");
	put(&m->client, "first\r\n");
	for (uint32_t i = 0; i < lines; i++) {
		static const char *const line[] = { "text\r\n", "RSET\r\n", "MAIL FROM:<c>\r\n", "\r\n", "a.b\r\n" };
		const char *l = line[roll(&m->dice, 5)];
		put(&m->said, "%s", l);
		put(&m->client, "%s", l);
	}
	put(&m->said, ".\r\n");
	put(&m->client, "%u }\n%u end %zu %zu\n", tx, tx, m->said.n - 2, m->said.n);
	bool ok = roll(&m->dice, 2);
	answer(m, RS_VERB_CONTENT, false, false, ok ? "250 queued" : "554 no");
	put(&m->server, "%u CONTENT/0 %u\n-%u %s\n", tx, ok ? 250 : 554, tx, ok ? "accepted" : "rejected");
}

static void make_chunks(struct session *m)
{
	uint32_t tx = m->txs, chunks = 1 + roll(&m->dice, 3);
	make_envelope(m);
	for (uint32_t i = 1; i <= chunks; i++) {
		static const char *const chunk[] = { "", ".\r\n", "RSET\r\nDATA\r\n", "x" };
		const char *c = chunk[roll(&m->dice, 4)];
		bool last = i == chunks;
		size_t began = m->said.n;
		put(&m->said, "BDAT %zu%s\r\n%s", strlen(c), last ? " LAST" : "", c);
		put(&m->client, "%s", c);
		if (!last) {
			answer(m, RS_VERB_BDAT, false, false, "250 ok");
			put(&m->server, "%u BDAT/0 250\n", tx);
			continue;
		}
		put(&m->client, "%u }\n%u end %zu %zu\n", tx, tx, *c ? m->said.n - 1 : began, m->said.n);
		answer(m, RS_VERB_CONTENT, true, false, "250 queued");
		put(&m->server, "%u CONTENT/0 250\n-%u accepted\n", tx, tx);
	}
}

static void make_auth(struct session *m)
{
	put(&m->said, "AUTH LOGIN\r\n");
	for (uint32_t i = roll(&m->dice, 3); i; i--) {
		answer(m, RS_VERB_AUTH, false, true, "334 more");
		put(&m->said, "QUIT\r\n");
	}
	answer(m, RS_VERB_AUTH, false, true, roll(&m->dice, 2) ? "235 ok" : "535 no");
}

static void make(struct session *m, uint32_t seed)
{
	*m = (struct session){ .dice = seed };
	answer(m, RS_VERB_BANNER, false, false, "220 mx");
	for (int i = 0; i < 12; i++) {
		uint32_t what = i ? roll(&m->dice, 7) : 0;
		if (what == 0) {
			put(&m->said, "EHLO %d\r\n", i);
			put(&m->client, "helo %d\n", i);
			answer(m, RS_VERB_EHLO, false, true, "250-mx\r\n250-CHUNKING\r\n250 PIPELINING");
		} else if (what == 1) {
			put(&m->said, "NOOP\r\n");
			answer(m, RS_VERB_NOOP, false, false, "250 ok");
		} else if (what == 2) {
			put(&m->said, "XSTRANGE\r\n");
			answer(m, RS_VERB_UNKNOWN, false, true, "500 what");
		} else if (what == 3) {
			make_auth(m);
		} else if (what == 4) {
			make_chunks(m);
		} else {
			make_data(m);
		}
	}
}

struct heard {
	struct rs_smtp s;
	struct text client, server;
	uint32_t n; /* whose content it is */
};

/* A transaction's handle is its number and one. */
static uint32_t number(const void *tx)
{
	return (uint32_t)(uintptr_t)tx - 1;
}

static void *on_tx_begin(void *arg, uint32_t n)
{
	put(&((struct heard *)arg)->client, "+%u\n", n);
	return (void *)(uintptr_t)(n + 1);
}

static void on_helo(void *arg, const uint8_t *name, size_t len)
{
	put(&((struct heard *)arg)->client, "helo %.*s\n", (int)len, (const char *)name);
}

static void on_mail(void *arg, void *tx, const uint8_t *p, size_t n, const uint8_t *params, size_t params_len)
{
	(void)params;
	(void)params_len;
	put(&((struct heard *)arg)->client, "%u from %.*s\n", number(tx), (int)n, (const char *)p);
}

static void on_rcpt(void *arg, void *tx, uint32_t i, const uint8_t *p, size_t n)
{
	put(&((struct heard *)arg)->client, "%u to/%u %.*s\n", number(tx), i, (int)n, (const char *)p);
}

static void on_reply(void *arg, void *tx, enum rs_smtp_verb verb, uint32_t i, const struct rs_smtp_reply *r)
{
	put(&((struct heard *)arg)->server, "%u %s/%u %u\n", number(tx), rs_smtp_verb_name(verb), i, r->code);
}

static void on_content_begin(void *arg, void *tx)
{
	((struct heard *)arg)->n = number(tx);
}

static void on_content(void *arg, void *tx, const uint8_t *p, size_t n)
{
	struct heard *h = arg;
	assert_int_equal(number(tx), h->n);
	put(&h->client, "%.*s", (int)n, (const char *)p);
}

static size_t on_bulk(void *arg, void *tx, const uint8_t *p, size_t n)
{
	size_t k = n > 3 ? 3 : n;
	const uint8_t *dot = memchr(p, '.', k);
	k = dot ? (size_t)(dot - p) : k;
	on_content(arg, tx, p, k);
	return k;
}

static void on_content_end(void *arg, void *tx, enum rs_smtp_end how)
{
	assert_true(how == RS_END_DOT || how == RS_END_LAST);
	put(&((struct heard *)arg)->client, "%u }\n", number(tx));
}

static void on_end(void *arg, void *tx, const struct rs_smtp_end_at *e)
{
	struct heard *h = arg;
	if (e->certain)
		put(&h->client, "%u end %zu %zu\n", number(tx), (size_t)e->safe, (size_t)e->at);
}

static void on_tx_end(void *arg, void *tx, enum rs_smtp_outcome out, const struct rs_smtp_reply *r)
{
	static const char *const names[] = { "accepted", "rejected", "abandoned", "unknown" };
	(void)r;
	put(&((struct heard *)arg)->server, "-%u %s\n", number(tx), names[out]);
}

static void on_anomaly(void *arg, void *tx, enum rs_smtp_anomaly a)
{
	(void)arg;
	(void)tx;
	fail_msg("%s", rs_smtp_anomaly_name(a));
}

static void on_unread(void *arg, void *tx)
{
	(void)arg;
	(void)tx;
	fail_msg("unread");
}

static void on_astray(void *arg)
{
	(void)arg;
	fail_msg("astray");
}

static const struct rs_smtp_ops ops = {
	.tx_begin = on_tx_begin,
	.helo = on_helo,
	.mail_from = on_mail,
	.rcpt_to = on_rcpt,
	.reply = on_reply,
	.content_begin = on_content_begin,
	.bulk = on_bulk,
	.content = on_content,
	.content_end = on_content_end,
	.end = on_end,
	.astray = on_astray,
	.tx_end = on_tx_end,
	.anomaly = on_anomaly,
	.unread = on_unread,
};

/* How far the client may be read when the first n answers are out: to where the next that it waits for is owed. */
static uint64_t readable(const struct session *m, size_t n)
{
	while (n < m->answers && !m->answer[n].waits)
		n++;
	return n < m->answers ? m->answer[n].at : m->said.n;
}

static void check_owed(const struct session *m, const struct heard *h, size_t answered)
{
	struct rs_smtp_owed_view v;
	const struct answer *a = &m->answer[answered];
	bool owed = rs_smtp_owed_first(&h->s, &v);
	if (!owed)
		return;
	assert_true(answered < m->answers);
	assert_int_equal(v.verb, a->verb);
	assert_int_equal(v.last, a->last);
	/* AUTH stays owed, as of its line, until its exchange is over. */
	if (a->verb != RS_VERB_AUTH)
		assert_int_equal(v.at, a->verb == RS_VERB_BANNER ? 0 : a->at);
}

static void play(struct session *m, struct heard *h, uint32_t blocks, uint32_t most)
{
	static _Alignas(64) uint8_t mem[RS_POOL_BYTES(RS_SMTP_BLOCK, 16)];
	struct rs_pool pool;
	memset(h, 0, sizeof *h);
	rs_pool_init(&pool, mem, RS_SMTP_BLOCK, blocks);
	rs_smtp_init(&h->s, &ops, h, &pool, false);
	rs_smtp_hold(&h->s, true);
	size_t answered = 0, within = 0; /* the next answer, and how much of it was sent */
	while (answered < m->answers) {
		uint64_t at = rs_smtp_position(&h->s);
		check_owed(m, h, answered);
		if (at < m->said.n && roll(&m->dice, 3)) {
			size_t n = 1 + roll(&m->dice, most);
			n = n < m->said.n - at ? n : m->said.n - at;
			size_t k = rs_smtp_feed(&h->s, RS_SMTP_CLIENT, (const uint8_t *)m->said.p + at, n);
			uint64_t stop = readable(m, answered);
			assert_int_equal(rs_smtp_position(&h->s), at + k);
			if (blocks == 16) /* else room may be short */
				assert_int_equal(at + k, at + n < stop ? at + n : stop);
			assert_true(at + k <= stop);
			assert_true(k == n || rs_smtp_halted(&h->s));
		} else if (at >= m->answer[answered].at) {
			const char *text = m->answer[answered].text + within;
			size_t n = 1 + roll(&m->dice, 12);
			n = n < strlen(text) ? n : strlen(text);
			assert_int_equal(rs_smtp_feed(&h->s, RS_SMTP_SERVER, (const uint8_t *)text, n), n);
			within += n;
			if (!text[n]) {
				answered++;
				within = 0;
			}
		}
	}
	assert_int_equal(rs_smtp_position(&h->s), m->said.n);
	assert_false(rs_smtp_halted(&h->s));
	rs_smtp_close(&h->s);
	assert_int_equal(pool.used, 0);
	assert_string_equal(m->client.p, h->client.p);
	assert_string_equal(m->server.p, h->server.p);
}

static void test_random_sessions(void **state)
{
	(void)state;
	static struct session m;
	static struct heard h;
	for (uint32_t seed = 1; seed <= 1500; seed++) {
		make(&m, seed);
		for (uint32_t most = 1; most < 4000; most *= 7) {
			play(&m, &h, 16, most);
			play(&m, &h, 3, most);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_sessions) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
