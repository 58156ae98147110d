/* SPDX-License-Identifier: Apache-2.0 */
/* Input: what a hostile client does, an operation a byte or two (see act): tokens of SMTP, whole or in pieces, early, again, contradicting
 * itself; FIN, RST, silence; loss; segments of any kind, also such as the server does not get or does not take, or in the server's name,
 * which a router beside the server sends back. Before it, a byte that
 * says what kind of server there is, and whether the first of these comes before the connection's SYN.
 * Checked: nothing that an honest server delivers is what the rules of the tests reject, as a reader that has all of it judges; the sums
 * hold after each frame; every object of every pool comes back. */
#include "dataplane/dp_inline_seen.h"
#include "dataplane/dp_inline_smtp.h"

#define STREAM_MAX 20000

struct frame {
	size_t n;
	uint8_t *p;
};

struct run {
	struct dp_seen s;
	struct dp_end end;
	struct dp_server server;
	uint64_t random;
	struct dp_text stream; /* all that the client ever said */
	struct frame queue[4096]; /* of the server's, on their way to the sensor */
	size_t nqueue;
	bool loses, lags;
	bool misses; /* what goes to the server does not arrive (too few hops), or is not taken */
};

static const char *const words[] = {
	"EHLO client.example.org\r\n", "MAIL FROM:<a@example.org>\r\n", "RCPT TO:<b@example.com>\r\n", "DATA\r\n", "BDAT 10\r\n",
	"BDAT 0 LAST\r\n", "BDAT 3 LAST\r\nabc", ".\r\n", "\r\n.\r\n", "\n.\n", "\r.\r", ".\n", ".\r", "\r\n", "\n", "\r", ".", "RSET\r\n",
	"NOOP\r\n", "QUIT\r\n", "HELO x\r\n", "VRFY x\r\n", "XYZZY\r\n", "x", "Subject: x\r\n\r\n", "AUTH PLAIN AGEAYg==\r\n", "LHLO x\r\n",
	"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n",
};
enum { WORDS = sizeof words / sizeof *words, BAD = WORDS, BAD_CHUNK, GOOD, TOKENS };

static void put_token(struct dp_text *to, unsigned token)
{
	struct dp_text mail = { 0 };
	if (token < WORDS) {
		dp_text_put(to, words[token], strlen(words[token]));
		return;
	}
	dp_made_mail(&mail, token == GOOD ? "nothing in it" : dp_made_bad, token == GOOD ? 13 : strlen(dp_made_bad));
	if (token == BAD_CHUNK)
		dp_text_printf(to, "BDAT %zu LAST\r\n", mail.n);
	dp_text_put(to, mail.p, mail.n);
	dp_text_free(&mail);
}

/* Frames. */

static void emit(void *arg, unsigned side, const uint8_t *frame, size_t n)
{
	struct run *r = arg;
	(void)side;
	if (r->loses || r->nqueue == sizeof r->queue / sizeof *r->queue)
		return;
	struct frame *f = &r->queue[r->nqueue++];
	*f = (struct frame){ n, malloc(n) };
	assert_non_null(f->p);
	memcpy(f->p, frame, n);
}

static void run_server(void *arg)
{
	struct run *r = arg;
	dp_server_run(&r->server, r->s.t.time);
}

/* It is for the client, and so goes out again by the server's port. */
static void route_back(struct run *r, const struct dp_sent *f)
{
	uint8_t *copy = malloc(f->n);
	assert_non_null(copy);
	memcpy(copy, f->p, f->n);
	dp_test_frame_at(&r->s.t, DP_INSIDE, DP_LINK_ETHERNET, copy, f->n);
	free(copy);
}

/* What left the sensor reaches the server, and what that says the sensor, until nobody says more. */
static void settle(struct run *r)
{
	struct dp_test *t = &r->s.t;
	for (size_t sent = 0, queued = 0; sent < t->nsent || queued < r->nqueue;) {
		if (sent < t->nsent) {
			/* The array may move while it is being answered. */
			struct dp_sent f = t->sent[sent++];
			if (f.out != DP_INSIDE || !f.pkt.ip_version || r->misses)
				continue;
			if (f.pkt.dport != r->s.c.port[1]) {
				route_back(r, &f);
				continue;
			}
			dp_end_take(&r->end, f.p, &f.pkt, t->time, run_server, r);
			run_server(r);
			dp_end_push(&r->end, t->time);
		} else {
			struct frame *f = &r->queue[queued++];
			dp_test_frame_at(t, DP_INSIDE, DP_LINK_ETHERNET, f->p, f->n);
		}
	}
	while (r->nqueue)
		free(r->queue[--r->nqueue].p);
	dp_test_forget_sent(t);
}

static void segment(struct run *r, unsigned flags, uint64_t off, const void *p, size_t n)
{
	struct dp_test_conn c = r->s.c;
	c.seq[1] = r->end.iss + 1 + (uint32_t)(r->lags ? r->end.most / 2 : r->end.most);
	dp_test_segment(&r->s.t, &c, 0, flags, r->s.first + (uint32_t)off, p, n);
	settle(r);
}

/* In the server's name, by the client's port; it acknowledges the client's bytes up to `off`. */
static void forge(struct run *r, unsigned flags, uint64_t off, int64_t from_here, const char *text)
{
	uint8_t frame[256];
	struct dp_test_conn c = r->s.c;
	c.seq[0] = r->s.first + (uint32_t)off;
	uint32_t seq = r->end.iss + 1 + (uint32_t)((int64_t)r->end.most + from_here);
	size_t n = dp_test_segment_write(&c, 1, flags, seq, text, strlen(text), frame);
	dp_test_frame_at(&r->s.t, DP_OUTSIDE, DP_LINK_ETHERNET, frame, n);
	settle(r);
}

/* Operations. */

static void say(struct run *r, unsigned token, size_t piece, bool now)
{
	size_t from = r->stream.n;
	if (from > STREAM_MAX)
		return;
	put_token(&r->stream, token % TOKENS);
	for (size_t at = from, n; now && at < r->stream.n; at += n) {
		n = r->stream.n - at < piece ? r->stream.n - at : piece;
		segment(r, RS_TCP_ACK | RS_TCP_PSH, at, r->stream.p + at, n);
	}
}

static void again(struct run *r, unsigned where, size_t n, bool other)
{
	size_t at = r->stream.n * where / 256;
	uint8_t copy[1024];
	n = n < r->stream.n - at ? n : r->stream.n - at;
	if (n == 0)
		return;
	memcpy(copy, r->stream.p + at, n);
	copy[n / 2] ^= other ? 0x20 : 0;
	segment(r, RS_TCP_ACK, at, copy, n);
}

static void wait(struct run *r, uint64_t seconds)
{
	dp_test_tick(&r->s.t, seconds);
	dp_end_tick(&r->end, r->s.t.time);
	run_server(r);
	dp_end_push(&r->end, r->s.t.time);
	settle(r);
}

/* A segment of any flags and place, with nothing in it, or with what was or may be said there. */
static void decoy(struct run *r, unsigned a, unsigned b)
{
	static const unsigned flags[] = { RS_TCP_SYN, RS_TCP_SYN | RS_TCP_ACK, RS_TCP_ACK, RS_TCP_RST, RS_TCP_RST | RS_TCP_ACK,
					  RS_TCP_FIN | RS_TCP_ACK, RS_TCP_ACK | RS_TCP_URG, 0 };
	static const char *const texts[] = { "", ".\r\n", "GET / HTTP/1.0\r\n\r\n", "220 x ESMTP\r\n" };
	static const int64_t from_here[] = { 0, -1, 1, 3, -100, 100, -5000, 1 << 20 };
	const char *text = texts[a / 8 % 4];
	uint64_t off = b & 8 ? 0 : r->stream.n;
	if (a & 128) {
		forge(r, flags[a % 8], r->stream.n + b / 32 * 3, b & 16 ? from_here[b % 8] : 0, text);
		return;
	}
	r->s.c.bad_sum = a & 32;
	r->misses = a & (32 | 64);
	segment(r, flags[a % 8], off + (uint64_t)from_here[b % 8], text, strlen(text));
	r->misses = r->s.c.bad_sum = false;
}

static void rarely(struct run *r, unsigned what)
{
	switch (what % 8) {
	case 0:
		wait(r, 1);
		break;
	case 1:
		wait(r, 60);
		break;
	case 2:
		segment(r, RS_TCP_ACK | RS_TCP_FIN, r->stream.n, NULL, 0);
		break;
	case 3:
		segment(r, RS_TCP_RST, r->stream.n, NULL, 0);
		break;
	case 4:
		segment(r, RS_TCP_ACK, r->stream.n, NULL, 0);
		break;
	case 5:
		r->loses = !r->loses;
		break;
	case 6:
		r->s.t.port_full = !r->s.t.port_full;
		break;
	case 7:
		r->lags = !r->lags;
		break;
	}
}

static size_t act(struct run *r, const uint8_t *p, size_t n)
{
	unsigned a = n > 1 ? p[1] : 0, b = n > 2 ? p[2] : 0;
	switch (p[0] % 8) {
	case 0:
		say(r, a, 1460, true);
		return 2;
	case 1:
		decoy(r, a, b);
		return 3;
	case 2:
		say(r, a, 1 + b % 32, true);
		return 3;
	case 3:
		say(r, a, 0, false);
		return 2;
	case 4:
		again(r, a, 1 + b * 4u, false);
		return 3;
	case 5:
		again(r, a, 1 + b % 64, true);
		return 3;
	case 6:
		rarely(r, a);
		return 2;
	default:
		wait(r, 1);
		return 1;
	}
}

/* The oracle. */

/* Whether who has all of it rejects it. */
static bool is_bad(const struct dp_text *body)
{
	struct dp_test t;
	struct dp_test_conn c = dp_test_conn(1);
	struct dp_text stuffed = { 0 };
	for (size_t i = 0; i < body->n; i++) {
		if (body->p[i] == '.' && (i == 0 || body->p[i - 1] == '\n'))
			dp_text_put(&stuffed, ".", 1);
		dp_text_put(&stuffed, body->p + i, 1);
	}
	dp_test_begin(&t);
	dp_test_greet(&t, &c);
	dp_test_envelope(&t, &c);
	dp_test_bytes(&t, &c, 0, stuffed.p, stuffed.n);
	dp_test_say(&t, &c, 0, "\r\n.\r\n");
	dp_test_say(&t, &c, 1, "250 2.0.0 queued\r\n");
	dp_test_end(&t);
	bool bad = dp_test_account(&t).verdict[CT_INFECTED] > 0;
	dp_test_close(&t);
	dp_text_free(&stuffed);
	return bad;
}

static void judge(const struct run *r)
{
	for (size_t i = 0; i < r->server.ndelivered; i++) {
		const struct dp_text *body = &r->server.delivered[i];
		if (body->n && is_bad(body)) {
			fprintf(stderr, "delivered: %.*s\n", (int)body->n, (const char *)body->p);
			abort();
		}
	}
}

/* Returns how many bytes of p it has used. */
static size_t begin(struct run *r, unsigned kind, const uint8_t *p, size_t n)
{
	bool early = (kind & 128) && n > 1;
	dp_seen_init(&r->s);
	r->s.t.config.capture.checksums = CT_CHECKSUMS_VERIFY;
	if (kind & 64)
		r->s.c.port[1] = 8025;
	r->random = kind;
	if (kind & 16)
		r->s.t.config.inline_.hold = 16;
	dp_seen_open(&r->s);
	dp_end_init(&r->end, &r->s.c, 1, &r->random);
	r->end.emit = emit;
	r->end.arg = r;
	r->end.newest = kind & 32;
	dp_server_init(&r->server, &r->end, &r->random);
	r->server.ends = (enum dp_ends)(kind % 3);
	r->server.chunking = !(kind & 4);
	r->server.delay = kind & 8 ? 2000 : 0;
	if (early)
		decoy(r, p[0], p[1]);
	segment(r, RS_TCP_SYN, UINT64_MAX, NULL, 0);
	segment(r, RS_TCP_ACK, 0, NULL, 0);
	return early ? 2 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dp_test_eal_once();
	if (size < 2 || size > 512)
		return 0;
	struct run *r = calloc(1, sizeof *r);
	assert_non_null(r);
	for (size_t at = 1 + begin(r, data[0], data + 1, size - 1); at < size;)
		at += act(r, data + at, size - at);
	r->s.t.port_full = false;
	judge(r);
	dp_seen_close(&r->s);
	dp_server_free(&r->server);
	dp_end_free(&r->end);
	dp_text_free(&r->stream);
	free(r);
	return 0;
}
