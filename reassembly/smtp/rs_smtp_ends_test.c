/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of content that some server takes, against a slow reading of the whole content at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "reassembly/smtp/rs_smtp.h"

#define ENDS_MAX 128
#define CONTENT_MAX 1024

struct found {
	uint64_t safe, at;
	bool certain;
	size_t content; /* bytes handed out before it */
};

struct reading {
	struct found end[ENDS_MAX];
	size_t ends;
	bool smuggled;
	uint8_t content[CONTENT_MAX];
	size_t len;
};

struct line {
	struct rs_smtp s;
	struct rs_pool pool;
	_Alignas(64) uint8_t mem[RS_POOL_BYTES(RS_SMTP_BLOCK, 4)];
	struct reading r;
	bool open, halts, bulk;
	uint64_t base; /* the content's first byte */
};

static void *on_tx_begin(void *arg, uint32_t n)
{
	(void)n;
	return arg;
}

static void on_bytes(void *arg, const uint8_t *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n;
}

static void on_mail(void *arg, void *tx, const uint8_t *p, size_t n, const uint8_t *params, size_t params_len)
{
	(void)params;
	(void)params_len;
	(void)tx;
	on_bytes(arg, p, n);
}

static void on_rcpt(void *arg, void *tx, uint32_t i, const uint8_t *p, size_t n)
{
	(void)i;
	(void)tx;
	on_bytes(arg, p, n);
}

static void on_reply(void *arg, void *tx, enum rs_smtp_verb verb, uint32_t i, const struct rs_smtp_reply *r)
{
	(void)arg;
	(void)tx;
	(void)verb;
	(void)i;
	(void)r;
}

static void on_content_begin(void *arg, void *tx)
{
	struct line *x = arg;
	(void)tx;
	x->open = true;
}

static void on_content(void *arg, void *tx, const uint8_t *p, size_t n)
{
	struct line *x = arg;
	(void)tx;
	assert_true(x->r.len + n <= CONTENT_MAX);
	memcpy(x->r.content + x->r.len, p, n);
	x->r.len += n;
}

static size_t on_bulk(void *arg, void *tx, const uint8_t *p, size_t n)
{
	const uint8_t *dot = memchr(p, '.', n);
	size_t k = dot ? (size_t)(dot - p) : n;
	if (!((struct line *)arg)->bulk)
		return 0;
	on_content(arg, tx, p, k);
	return k;
}

static void on_content_end(void *arg, void *tx, enum rs_smtp_end how)
{
	struct line *x = arg;
	(void)tx;
	(void)how;
	x->open = false;
}

static void on_end(void *arg, void *tx, const struct rs_smtp_end_at *e)
{
	struct line *x = arg;
	struct reading *r = &x->r;
	assert_ptr_equal(tx, x);
	assert_int_equal(e->at, rs_smtp_position(&x->s));
	assert_true(x->open == !e->certain);
	/* "." CR and then LF: the later one stands for both. */
	if (r->ends && r->end[r->ends - 1].safe == e->safe - x->base && r->end[r->ends - 1].at + 1 == e->at - x->base)
		r->ends--;
	assert_true(r->ends < ENDS_MAX);
	r->end[r->ends++] = (struct found){ e->safe - x->base, e->at - x->base, e->certain, r->len };
	if (x->halts)
		rs_smtp_halt(&x->s);
}

static void on_tx_end(void *arg, void *tx, enum rs_smtp_outcome out, const struct rs_smtp_reply *r)
{
	(void)arg;
	(void)tx;
	(void)out;
	(void)r;
}

static void on_anomaly(void *arg, void *tx, enum rs_smtp_anomaly a)
{
	struct line *x = arg;
	(void)tx;
	x->r.smuggled |= a == RS_SMTP_SMUGGLED;
}

static void on_astray(void *arg)
{
	(void)arg;
}

static const struct rs_smtp_ops ops = {
	.tx_begin = on_tx_begin,
	.helo = on_bytes,
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
};

static void begin(struct line *x, bool crlf, bool halts, bool bulk)
{
	rs_pool_release(x->mem, sizeof x->mem);
	memset(x, 0, sizeof *x);
	x->halts = halts;
	x->bulk = bulk;
	rs_pool_init(&x->pool, x->mem, RS_SMTP_BLOCK, 4);
	rs_smtp_init(&x->s, &ops, x, &x->pool, false);
	rs_smtp_hold(&x->s, true);
	const char *said = crlf ? "MAIL FROM:<a@x>\r\nDATA\r\n" : "MAIL FROM:<a@x>\r\nDATA\n";
	static const char go[] = "220 mx\r\n250 ok\r\n354 go\r\n";
	assert_int_equal(rs_smtp_feed(&x->s, RS_SMTP_CLIENT, (const uint8_t *)said, strlen(said)), strlen(said));
	rs_smtp_feed(&x->s, RS_SMTP_SERVER, (const uint8_t *)go, sizeof go - 1);
	assert_true(rs_smtp_in_content(&x->s));
	x->base = strlen(said);
}

/* All of p, in a buffer of its own; halts are where an end was told. */
static void feed(struct line *x, const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n + 1);
	assert_non_null(exact);
	memcpy(exact, p, n);
	for (size_t at = 0; at < n;) {
		size_t k = rs_smtp_feed(&x->s, RS_SMTP_CLIENT, exact + at, n - at);
		at += k;
		if (!rs_smtp_halted(&x->s)) {
			assert_int_equal(at, n);
			break;
		}
		assert_true(x->halts);
		assert_int_equal(x->r.end[x->r.ends - 1].at + x->base, rs_smtp_position(&x->s));
		assert_int_equal(rs_smtp_feed(&x->s, RS_SMTP_CLIENT, exact + at, n - at), 0);
		rs_smtp_resume(&x->s);
	}
	rs_smtp_resume(&x->s);
	free(exact);
}

/* The slow reading. */

static bool is_end(uint8_t c)
{
	return c == '\r' || c == '\n';
}

static bool reads(const uint8_t *p, size_t n, bool *chunk)
{
	char line[CONTENT_MAX + 1];
	size_t m = 0;
	for (size_t i = 0; i < n; i++)
		if (p[i] && !strchr(" \t\v\f", p[i]))
			line[m++] = (char)(p[i] >= 'a' && p[i] <= 'z' ? p[i] - 32 : p[i]);
	line[m] = 0;
	*chunk = m > 4 && !strncmp(line, "BDAT", 4);
	return *chunk || !strncmp(line, "MAILFROM:", 9) || !strcmp(line, "DATA") ||
	       (m > 7 && !strncmp(line, "XEXCH50", 7));
}

static void note(struct reading *r, uint64_t safe, uint64_t at, bool certain, size_t content)
{
	assert_true(r->ends < ENDS_MAX);
	r->end[r->ends++] = (struct found){ safe, at, certain, content };
}

/* Whether the dot at i stands at a line's start, and behind what. */
static bool starts(const uint8_t *c, size_t i, bool data_crlf, bool *crlf, bool *nul)
{
	size_t j = i;
	while (j && !c[j - 1])
		j--;
	*nul = j < i;
	*crlf = !*nul && (j ? j > 1 && c[j - 2] == '\r' && c[j - 1] == '\n' : data_crlf);
	return !j || is_end(c[j - 1]);
}

static int by_place(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

static void expect_dots(struct reading *r, const uint8_t *c, size_t n, bool data_crlf)
{
	for (size_t i = 0; i < n; i++) {
		bool crlf, nul;
		if (c[i] != '.' || !starts(c, i, data_crlf, &crlf, &nul)) {
			r->content[r->len++] = c[i];
			continue;
		}
		size_t k = i + 1, before = r->len;
		bool junk = k < n && !c[k];
		while (junk && k < n && !is_end(c[k]))
			k++;
		bool ended = k < n && is_end(c[k]), whole = k + 1 < n && c[k] == '\r' && c[k + 1] == '\n';
		if (ended && whole && crlf && !junk) {
			note(r, i + 1, k + 2, true, before);
			return;
		}
		if (!crlf)
			r->content[r->len++] = '.';
		size_t at = k + 1 + whole;
		if (ended)
			note(r, i + 1, at, false, junk ? r->len + at - i - 1 : before);
	}
}

static size_t strict_len(const uint8_t *c, size_t n, bool data_crlf)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		bool crlf, nul;
		len += !(c[i] == '.' && starts(c, i, data_crlf, &crlf, &nul) && crlf);
	}
	return len;
}

static void expect(struct reading *r, const uint8_t *c, size_t n, bool data_crlf)
{
	memset(r, 0, sizeof *r);
	expect_dots(r, c, n, data_crlf);
	if (!r->ends || r->end[0].certain)
		return;
	size_t stop = r->end[r->ends - 1].certain ? r->end[r->ends - 1].at : n;
	for (size_t from = r->end[0].at, i = from; i < stop; i++) {
		bool chunk;
		if (!is_end(c[i]))
			continue;
		if (reads(c + from, i - from, &chunk)) {
			r->smuggled = true;
			if (chunk)
				note(r, from, i + 1, false, strict_len(c, i + 1, data_crlf));
		}
		from = i + 1;
	}
	qsort(r->end, r->ends, sizeof *r->end, by_place);
}

static void same(const struct reading *want, const struct reading *got, const char *when, size_t cut)
{
	assert_int_equal(want->ends, got->ends);
	for (size_t i = 0; i < want->ends; i++) {
		const struct found *w = &want->end[i], *g = &got->end[i];
		if (w->safe != g->safe || w->at != g->at || w->certain != g->certain || w->content != g->content)
			fail_msg("%s, cut at %zu, end %zu: expected %zu %zu %d %zu, got %zu %zu %d %zu", when, cut, i,
				 (size_t)w->safe, (size_t)w->at, w->certain, w->content, (size_t)g->safe, (size_t)g->at,
				 g->certain, g->content);
	}
	assert_int_equal(want->smuggled, got->smuggled);
}

/* At each place: what was told for the bytes up to there, and then for all. */
static void check(const uint8_t *c, size_t n, bool crlf, bool halts, bool bulk)
{
	struct reading want;
	static struct line x;
	for (size_t cut = 0; cut <= n; cut++) {
		begin(&x, crlf, halts, bulk);
		feed(&x, c, cut);
		expect(&want, c, cut, crlf);
		same(&want, &x.r, "so far", cut);
		expect(&want, c, n, crlf);
		assert_true(want.ends && want.end[want.ends - 1].certain);
		assert_int_equal(want.end[want.ends - 1].at, n);
		feed(&x, c + cut, n - cut);
		same(&want, &x.r, "all", cut);
		assert_int_equal(want.len, x.r.len);
		assert_memory_equal(want.content, x.r.content, want.len);
		assert_int_equal(rs_smtp_position(&x.s), x.base + n);
		rs_smtp_close(&x.s);
		assert_int_equal(x.pool.used, 0);
	}
	begin(&x, crlf, halts, bulk);
	for (size_t i = 0; i < n; i++)
		feed(&x, c + i, 1);
	same(&want, &x.r, "byte by byte", 0);
	rs_smtp_close(&x.s);
}

#define T(text, safe, at) { text, sizeof(text) - 1, safe, at }
static const struct form {
	const char *text; /* behind "be" */
	size_t n;
	size_t safe, at; /* of the first end, from "be" on; 0: none but the last */
} forms[] = {
	T("\r\n.\r\n", 5, 7),   T("\n.\n", 4, 5),        T("\n.\r\n", 4, 6),      T("\r\n.\n", 5, 6),
	T("\r.\r", 4, 5),       T("\r.\r\n", 4, 6),      T("\r\n.\r", 5, 6),      T("\n.\r", 4, 5),
	T("\r.\n", 4, 5),       T("\r\r.\r", 5, 6),      T("\r\n\0.\r\n", 6, 8),  T("\r\n\0.\r", 6, 7),
	T("\r\n\0.\n", 6, 7),   T("\n\0\0.\n", 6, 7),    T("\r\n.\0\r\n", 5, 8),  T("\r\n.\0\r", 5, 7),
	T("\n.\0junk\n", 4, 10), T("\r\n.\0.\0\n", 5, 9), T("\r\n..\r\n", 0, 0),   T(".\r\n", 0, 0),
	T("\r\n.a\r\n", 0, 0),  T("\0.\r\n", 0, 0),      T("\r\n. \r\n", 0, 0),
};

static void test_forms(void **state)
{
	(void)state;
	static const char *const behind[] = { "", "fore", "MAIL FROM:<a@x>\r\n", "\n.\nDATA\n", "bdat 3 last\r\n" };
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		for (size_t b = 0; b < sizeof behind / sizeof behind[0]; b++) {
			uint8_t c[128] = "be";
			size_t n = 2, last = forms[i].n;
			memcpy(c + n, forms[i].text, last);
			n += last;
			bool ended = i == 0;
			if (!ended) {
				memcpy(c + n, behind[b], strlen(behind[b]));
				n += strlen(behind[b]);
				memcpy(c + n, "\r\n.\r\n", 5);
				n += 5;
			}
			/* A form that ends in CR, and what follows begins with LF: another form. */
			if (forms[i].text[last - 1] == '\r' && c[2 + last] == '\n')
				continue;
			/* This one has a form of its own. */
			if (!forms[i].safe && b == 3)
				continue;
			struct reading want;
			expect(&want, c, n, true);
			assert_int_equal(want.end[0].safe, forms[i].safe ? forms[i].safe : n - 2);
			assert_int_equal(want.end[0].at, forms[i].at ? forms[i].at : n);
			assert_int_equal(want.smuggled, b >= 2 && forms[i].safe && !ended);
			for (unsigned way = 0; way < 4; way++)
				check(c, n, true, way & 1, way & 2);
		}
}

static void test_random_content(void **state)
{
	(void)state;
	static const struct {
		const char *p;
		size_t n;
	} parts[] = { { "\r\n", 2 }, { "\n", 1 },      { "\r", 1 },  { ".", 1 },      { ".", 1 },
		      { "\0", 1 },   { "a", 1 },       { " ", 1 },   { "\r\n.", 3 },  { ".\r", 2 },
		      { "DATA", 4 }, { "mail\tfr", 7 }, { "om :", 4 }, { "BDAT 1", 6 }, { "XEXCH50 1", 9 } };
	uint32_t dice = 11;
	for (int round = 0; round < 4000; round++) {
		uint8_t c[256];
		size_t n = 0;
		for (int i = 0; i < 14; i++) {
			dice = dice * 1664525u + 1013904223u;
			size_t k = (dice >> 16) % (sizeof parts / sizeof parts[0]);
			memcpy(c + n, parts[k].p, parts[k].n);
			n += parts[k].n;
		}
		memcpy(c + n, "a\r\n.\r\n", 6);
		n += 6;
		struct reading want;
		bool crlf = round & 4;
		expect(&want, c, n, crlf);
		n = want.end[want.ends - 1].at; /* it may have ended earlier */
		check(c, n, crlf, round & 1, round & 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_random_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
