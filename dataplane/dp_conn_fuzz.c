/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a connection with two messages, and what the network makes of it. The first byte says what there is (KIND_*), each further
 * operation is a byte and its arguments (see act). An honest program only cuts, shuffles, repeats and loses what the two ends say,
 * and adds what no receiver takes or what says nothing: pure acknowledgements, keep-alives, segments with wrong checksums. Others
 * may write segments with any number, flags, options, contents, fragments, and frames with any byte wrong.
 * Each side acknowledges what it really has; what a program leaves unsaid is said at its end.
 * Checked: after each frame, both sums; at the end every object of every pool and every mbuf is back; and of honest programs, that
 * there are two messages with the verdicts that they should have, no anomaly, and that no wrong checksum was believed. */
#include "dataplane/dp_built.h"
#include "dataplane/dp_made.h"

enum { CLIENT, SERVER };

enum {
	KIND_FIRST = 1, /* the first message is infected */
	KIND_SECOND = 2,
	KIND_HOSTILE = 4,
	KIND_V6 = 8,
	KIND_TIMESTAMPS = 16,
	KIND_AUTO = 32, /* checksums */
	KIND_CHAINS = 64,
	KIND_WRAP = 128, /* sequence numbers wrap early */
};

#define TURNS_MAX 16
#define STREAM_MAX 16384

struct side { /* what one end says, and how much of it the other one has */
	struct dp_text text;
	uint8_t has[STREAM_MAX]; /* the other end has this byte */
	size_t edge; /* all before it */
	size_t sent; /* all before it was sent once */
	size_t acked; /* what the other end has said that it has */
	uint32_t isn;
	bool fin;
};

struct turn {
	unsigned who;
	size_t end; /* of its bytes, in who's text */
};

struct run {
	struct dp_test t;
	unsigned kind;
	struct side side[2];
	struct turn turn[TURNS_MAX];
	size_t nturns;
	uint64_t began;
};

/* What is said. */

static void say(struct run *r, unsigned who, const void *p, size_t n)
{
	struct side *s = &r->side[who];
	dp_text_put(&s->text, p, n);
	assert_true(s->text.n < STREAM_MAX);
	if (r->nturns > 0 && r->turn[r->nturns - 1].who == who)
		r->nturns--;
	assert_true(r->nturns < TURNS_MAX);
	r->turn[r->nturns++] = (struct turn){ who, s->text.n };
}

static void say_text(struct run *r, unsigned who, const char *text)
{
	say(r, who, text, strlen(text));
}

static void say_mail(struct run *r, bool infected)
{
	struct dp_text mail = { 0 };
	if (infected)
		dp_made_infected(&mail);
	else
		dp_made_mail(&mail, "nothing in it", 13);
	say_text(r, CLIENT, "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n");
	say_text(r, SERVER, "250 Ok\r\n250 Ok\r\n354 go on\r\n");
	say(r, CLIENT, mail.p, mail.n);
	say_text(r, CLIENT, ".\r\n");
	say_text(r, SERVER, "250 2.0.0 queued as 4711\r\n");
	dp_text_free(&mail);
}

static void write_session(struct run *r)
{
	say_text(r, SERVER, "220 mx.example.com ESMTP\r\n");
	say_text(r, CLIENT, "EHLO client.example.org\r\n");
	say_text(r, SERVER, "250-mx.example.com\r\n250 PIPELINING\r\n");
	say_mail(r, r->kind & KIND_FIRST);
	say_mail(r, r->kind & KIND_SECOND);
	say_text(r, CLIENT, "QUIT\r\n");
	say_text(r, SERVER, "221 bye\r\n");
}

/* How much of it may be on its way by now: nobody speaks before the turn before has arrived. */
static size_t may_say(const struct run *r, unsigned who)
{
	size_t most = 0;
	for (size_t i = 0; i < r->nturns; i++) {
		const struct turn *turn = &r->turn[i];
		if (turn->who == who)
			most = turn->end;
		else if (r->side[turn->who].edge < turn->end)
			break;
	}
	return most;
}

static void take(struct side *s, size_t off, size_t n)
{
	memset(s->has + off, 1, n);
	while (s->edge < s->text.n && s->has[s->edge])
		s->edge++;
}

/* Segments. */

struct draft {
	unsigned who;
	struct dp_built b;
	uint8_t options[40];
	bool bad_sum;
	unsigned cut; /* not 0: fragments of so many times 8 bytes */
	unsigned shuffle; /* of these */
	unsigned flip_at, flip; /* a byte of the frame */
};

static void draft(const struct run *r, struct draft *d, unsigned who)
{
	*d = (struct draft){ .who = who, .b = dp_built_plain(r->kind & KIND_V6) };
	struct dp_built *b = &d->b;
	if (who == SERVER) {
		uint8_t swap[16];
		memcpy(swap, b->addr[0], 16);
		memcpy(b->addr[0], b->addr[1], 16);
		memcpy(b->addr[1], swap, 16);
		uint16_t port = b->port[0];
		b->port[0] = b->port[1];
		b->port[1] = port;
	}
	b->window = 0xfff0;
	b->flags = RS_TCP_ACK;
	b->seq = r->side[who].isn + 1 + (uint32_t)r->side[who].sent + r->side[who].fin;
	b->ack = r->side[!who].isn + 1 + (uint32_t)r->side[!who].edge + r->side[!who].fin;
	b->options = d->options;
	if (r->kind & KIND_TIMESTAMPS) {
		uint32_t ms = (uint32_t)((r->t.time - r->began) / 1000000);
		static const uint8_t kind[] = { 1, 1, 8, 10 };
		memcpy(d->options, kind, 4);
		for (unsigned i = 0; i < 4; i++) {
			d->options[4 + i] = (uint8_t)(ms >> (24 - 8 * i));
			d->options[8 + i] = (uint8_t)(ms >> (24 - 8 * i));
		}
		b->noptions = 12;
	}
}

static void put_frame(struct run *r, const uint8_t *p, size_t n)
{
	dp_test_frame(&r->t, DP_LINK_ETHERNET, p, n);
}

/* One fragment of the frame's IP packet (IPv4 alone): bytes from..to of what is behind its header. */
static void put_fragment(struct run *r, const uint8_t *frame, size_t from, size_t to, size_t all)
{
	uint8_t out[DP_BUILT_MAX];
	uint32_t sum = 0;
	memcpy(out, frame, 34);
	memcpy(out + 34, frame + 34 + from, to - from);
	unsigned words[] = { 20 + (unsigned)(to - from), 77, (to < all ? 0x2000 : 0) | (unsigned)from / 8 };
	for (unsigned i = 0; i < 3; i++) {
		out[16 + 2 * i] = (uint8_t)(words[i] >> 8);
		out[17 + 2 * i] = (uint8_t)words[i];
	}
	out[24] = out[25] = 0;
	for (unsigned i = 14; i < 34; i += 2)
		sum += (uint32_t)out[i] << 8 | out[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	out[24] = (uint8_t)(sum >> 8);
	out[25] = (uint8_t)sum;
	put_frame(r, out, 34 + to - from);
}

static void send_draft(struct run *r, struct draft *d)
{
	uint8_t frame[DP_BUILT_MAX];
	struct side *other = &r->side[!d->who];
	/* An honest segment that arrives here tells what its draft says. */
	if (!d->bad_sum && other->acked < other->edge)
		other->acked = other->edge;
	size_t n = dp_built_write(&d->b, frame), tcp = d->b.v6 ? 54 : 34, all = n - 34, step = d->cut * 8u;
	if (d->bad_sum)
		frame[tcp + 16] ^= 0x5a;
	if (d->flip)
		frame[d->flip_at % n] ^= (uint8_t)d->flip;
	if (!step || d->b.v6 || d->b.noptions + 20 + d->b.len != all) {
		put_frame(r, frame, n);
		return;
	}
	size_t pieces = (all + step - 1) / step;
	for (size_t i = 0; i < pieces; i++) {
		size_t from = (d->shuffle & 1 ? pieces - 1 - i : i) * step;
		if ((d->shuffle & 2) && i == 1)
			continue; /* one is lost */
		put_fragment(r, frame, from, from + step < all ? from + step : all, all);
		if ((d->shuffle & 4) && from + step + 8 < all)
			put_fragment(r, frame, from, from + step + 8, all);
	}
}

/* Bytes off.. of what who says, all that one segment may hold; arrives: or lost behind the reader. */
static void send_bytes(struct run *r, unsigned who, size_t off, size_t n, bool arrives)
{
	struct side *s = &r->side[who];
	size_t most = may_say(r, who);
	if (off >= most)
		return;
	n = n < most - off ? n : most - off;
	n = n < 1460 ? n : 1460;
	struct draft d;
	draft(r, &d, who);
	d.b.seq = s->isn + 1 + (uint32_t)off;
	d.b.flags |= RS_TCP_PSH;
	d.b.payload = s->text.p + off;
	d.b.len = n;
	send_draft(r, &d);
	if (s->sent < off + n)
		s->sent = off + n;
	if (arrives)
		take(s, off, n);
}

/* A segment that says nothing: an acknowledgement; or a probe, of bytes that its receiver has acknowledged (RFC 9293 3.8.4): before
 * that its sender could not know that nobody takes its garbage. He probes when he has heard nothing for a while. */
static void send_nothing(struct run *r, unsigned who, unsigned probe)
{
	struct draft d;
	uint8_t garbage[4] = { 0 };
	if (probe)
		r->t.time += UINT64_C(1000000000);
	draft(r, &d, who);
	if (probe && r->side[who].acked >= probe) {
		d.b.seq = r->side[who].isn + 1 + (uint32_t)r->side[who].acked - probe;
		d.b.payload = garbage;
		d.b.len = probe;
	}
	send_draft(r, &d);
}

static const char junk[] = "\r\n.\r\nMAIL FROM:<x>\r\nDATA\r\nRSET\r\nQUIT\r\nGET / HTTP/1.0\r\n\r\nSTARTTLS\r\n";

/* Other bytes, with a wrong checksum: no receiver takes it. */
static void send_wrong(struct run *r, unsigned who, unsigned ahead, unsigned what)
{
	struct draft d;
	draft(r, &d, who);
	d.b.seq += ahead;
	d.b.payload = (const uint8_t *)junk + what % 24;
	d.b.len = 1 + what % 40;
	d.b.flags |= what & 64 ? RS_TCP_FIN : 0;
	d.b.flags |= what & 128 ? RS_TCP_RST : 0;
	d.bad_sum = true;
	send_draft(r, &d);
}

static void handshake(struct run *r)
{
	struct draft d;
	for (unsigned who = CLIENT; who <= SERVER; who++) {
		draft(r, &d, who);
		d.b.seq = r->side[who].isn;
		d.b.flags = who == CLIENT ? RS_TCP_SYN : RS_TCP_SYN | RS_TCP_ACK;
		if (who == CLIENT) {
			d.b.ack = 0;
			memset(d.options + 8, 0, 4); /* nothing to echo (RFC 7323 3.2) */
		}
		send_draft(r, &d);
	}
	send_nothing(r, CLIENT, 0);
}

/* Operations. */

/* Where numbers are wrong, they are so near a place that matters. */
static uint32_t near(const struct run *r, unsigned who, unsigned where, unsigned by)
{
	const struct side *s = &r->side[who];
	const uint32_t edge = (uint32_t)s->edge, all = (uint32_t)s->text.n;
	const uint32_t places[8] = { edge, (uint32_t)s->sent, UINT32_MAX, all, edge + 0xfff0, 0x7fffffff, 0x40000000, edge / 2 };
	return s->isn + 1 + places[where % 8] + (uint32_t)(int8_t)by;
}

/* A segment of anything; p: 8 bytes. */
static void send_any(struct run *r, const uint8_t *p)
{
	unsigned who = p[0] & 1;
	struct draft d;
	const struct dp_text *text = &r->side[p[0] >> 2 & 1].text;
	draft(r, &d, who);
	d.b.flags = p[1];
	d.b.seq = near(r, who, p[0] >> 3, p[2]);
	if (p[0] & 64)
		d.b.ack = near(r, !who, p[3] >> 5, p[3] << 3 & 255);
	d.b.len = p[4] * (p[0] & 128 ? 8u : 1u);
	d.b.payload = (const uint8_t *)junk + p[5] % 16;
	if (p[0] & 2 && d.b.len <= text->n)
		d.b.payload = text->p + text->n * p[5] / 256 % (text->n - d.b.len + 1);
	else if (d.b.len > sizeof junk - 17)
		d.b.len = sizeof junk - 17;
	d.b.urgent = p[1] & 32 ? p[6] : 0;
	switch (p[6] % 8) {
	case 1:
		d.bad_sum = true;
		break;
	case 2:
		d.cut = 1 + p[7] / 8 % 16;
		d.shuffle = p[7] % 8;
		break;
	case 3: /* options of any bytes */
		d.b.noptions = 4 + p[7] % 10 * 4u;
		for (size_t i = 0; i < d.b.noptions; i++)
			d.options[i] = p[(i * 3 + p[7]) % 8];
		break;
	case 4: /* timestamps long ago or ahead, or none */
		d.options[4] ^= p[7];
		d.b.noptions = p[7] ? d.b.noptions : 0;
		break;
	case 5:
		d.flip_at = p[7];
		d.flip = 1u << p[5] % 8;
		break;
	case 6:
		d.b.ttl = p[7];
		d.b.window = p[7];
		break;
	case 7: /* another connection */
		d.b.port[who] = (uint16_t)(2000 + p[7] % 4);
		break;
	}
	send_draft(r, &d);
}

static size_t act(struct run *r, const uint8_t *p, size_t n)
{
	uint8_t a[9] = { 0 };
	memcpy(a, p, n < sizeof a ? n : sizeof a);
	unsigned who = a[0] >> 3 & 1;
	struct side *s = &r->side[who];
	switch (a[0] % 8) {
	case 0:
		send_bytes(r, who, s->sent, 1 + a[1] * (a[0] & 16 ? 8u : 1u), true);
		return 2;
	case 1: /* lost behind the reader */
		send_bytes(r, who, s->sent, 1 + a[1], false);
		return 2;
	case 2: /* any place, from what was said to what may be said */
		send_bytes(r, who, may_say(r, who) * a[1] / 256, 1 + a[2], !(a[0] & 16));
		return 3;
	case 3: /* from what the receiver has */
		send_bytes(r, who, s->edge, 1 + a[1], !(a[0] & 16));
		return 2;
	case 4:
		send_nothing(r, who, a[0] >> 4 & 3);
		return 1;
	case 5:
		send_wrong(r, who, a[1] % 64, a[2]);
		return 3;
	case 6:
		r->t.time += (uint64_t)a[1] * 10000000;
		if (a[0] & 16)
			dp_test_tick(&r->t, a[1] % 8);
		return 2;
	default:
		if (r->kind & KIND_HOSTILE)
			send_any(r, a + 1);
		else
			send_nothing(r, who, 0);
		return r->kind & KIND_HOSTILE ? 9 : 1;
	}
}

/* What is left is said, in order, until each has all of the other. */
static void finish(struct run *r)
{
	for (size_t i = 0; i < r->nturns; i++) {
		const struct turn *turn = &r->turn[i];
		struct side *s = &r->side[turn->who];
		while (s->edge < turn->end)
			send_bytes(r, turn->who, s->edge, 1460, true);
		send_nothing(r, !turn->who, 0);
	}
	for (unsigned who = CLIENT; who <= SERVER; who++) {
		struct draft d;
		draft(r, &d, who);
		d.b.seq = r->side[who].isn + 1 + (uint32_t)r->side[who].text.n;
		d.b.flags |= RS_TCP_FIN;
		send_draft(r, &d);
		r->side[who].fin = true;
		send_nothing(r, !who, 0);
	}
	dp_test_end(&r->t);
}

static void judge(struct run *r)
{
	size_t messages = dp_test_count(&r->t, CT_MESSAGE);
	bool right = messages == 2 && dp_test_count(&r->t, CT_ANOMALY) == 0 && r->t.worker->stats.checksum_trusted == 0;
	for (size_t i = 0; i < 2 && right; i++) {
		const struct ct_message *m = &dp_test_nth(&r->t, CT_MESSAGE, i)->rec.u.message;
		bool bad = r->kind & (i ? KIND_SECOND : KIND_FIRST);
		right = m->verdict == (bad ? CT_INFECTED : CT_CLEAN) && m->reason == CT_REASON_NONE && m->complete;
	}
	if (right)
		return;
	char *story = dp_test_story(&r->t);
	fprintf(stderr, "%zu messages, the first %s, the second %s; %llu wrong checksums believed:\n%s", messages,
		r->kind & KIND_FIRST ? "infected" : "clean", r->kind & KIND_SECOND ? "infected" : "clean",
		(unsigned long long)r->t.worker->stats.checksum_trusted, story);
	abort();
}

static void set_up(struct run *r)
{
	dp_test_init(&r->t);
	r->t.config.capture.checksums = r->kind & KIND_AUTO ? CT_CHECKSUMS_AUTO : CT_CHECKSUMS_VERIFY;
	/* No limit of these is met by an honest program. */
	r->t.config.memory.mbufs = 4095;
	r->t.config.memory.segments = 2048;
	r->t.config.tcp.held = 1500;
	r->t.chain = r->kind & KIND_CHAINS ? 100 : 0;
	dp_test_open(&r->t);
	r->began = r->t.time - 1000000000;
	r->side[CLIENT].isn = r->kind & KIND_WRAP ? 0xffffffff - 150 : 0x01020304;
	r->side[SERVER].isn = r->kind & KIND_WRAP ? 0x7fffffff - 40 : 0x05060708;
	write_session(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dp_test_eal_once();
	if (size < 1 || size > 512)
		return 0;
	struct run *r = calloc(1, sizeof *r);
	assert_non_null(r);
	r->kind = data[0];
	set_up(r);
	handshake(r);
	for (size_t at = 1; at < size;)
		at += act(r, data + at, size - at);
	finish(r);
	if (!(r->kind & KIND_HOSTILE))
		judge(r);
	dp_test_close(&r->t);
	dp_text_free(&r->side[CLIENT].text);
	dp_text_free(&r->side[SERVER].text);
	free(r);
	return 0;
}
