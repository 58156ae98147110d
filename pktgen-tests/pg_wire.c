/* SPDX-License-Identifier: Apache-2.0 */
#include "pktgen-tests/pg_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/dp_be.h"
#include "dataplane/dp_packet.h"

#define HEADERS (14 + 20 + 20)

enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

struct talk { /* one session's sequence numbers: client, server */
	struct pg_wire *w;
	uint32_t session, seq[2];
};

static struct pg_frame *add_frame(struct pg_wire *w, uint32_t len)
{
	if (w->len + len > w->cap) {
		size_t cap = (w->len + len) * 2;
		uint8_t *more = realloc(w->data, cap);
		if (!more) {
			w->failed = true;
			return NULL;
		}
		w->data = more;
		w->cap = cap;
	}
	if (w->nframes == w->capframes) {
		size_t cap = w->capframes * 2 + 1024;
		struct pg_frame *more = realloc(w->frames, cap * sizeof *more);
		if (!more) {
			w->failed = true;
			return NULL;
		}
		w->frames = more;
		w->capframes = cap;
	}
	struct pg_frame *f = &w->frames[w->nframes++];
	*f = (struct pg_frame){ .off = w->len, .len = len };
	w->len += len;
	return f;
}

struct pg_frame *pg_wire_add(struct pg_wire *w, const uint8_t *p, uint32_t len)
{
	struct pg_frame *f = add_frame(w, len);
	if (f)
		memcpy(w->data + f->off, p, len);
	return f;
}

static void send_segment(struct talk *t, unsigned from, unsigned flags, const uint8_t *p, uint32_t n, const struct pg_mail *m)
{
	struct pg_frame *f = add_frame(t->w, HEADERS + n);
	if (!f)
		return;
	f->session = t->session;
	uint8_t *e = t->w->data + f->off, *ip = e + 14, *tcp = ip + 20;
	memset(e, 0, HEADERS);
	e[5] = from ? 1 : 2;
	e[11] = from ? 2 : 1;
	dp_be_put16(e + 12, 0x0800);
	ip[0] = 0x45;
	dp_be_put16(ip + 2, 40 + n);
	ip[8] = 64;
	ip[9] = 6;
	/* 10.0.0.0/8 the clients, 192.0.2.25 the server; the client's port and lower address say which session. */
	uint32_t client = 10u << 24, server = 192u << 24 | 2u << 8 | 25;
	dp_be_put32(ip + 12, from ? server : client);
	dp_be_put32(ip + 16, from ? client : server);
	unsigned port = 1024 + t->session % 60000;
	dp_be_put16(tcp, from ? 25 : port);
	dp_be_put16(tcp + 2, from ? port : 25);
	dp_be_put32(tcp + 4, t->seq[from]);
	dp_be_put32(tcp + 8, flags & ACK ? t->seq[!from] : 0);
	tcp[12] = 5 << 4;
	tcp[13] = (uint8_t)flags;
	dp_be_put16(tcp + 14, 65535);
	if (n)
		memcpy(tcp + 20, p, n);
	t->seq[from] += n + ((flags & (SYN | FIN)) ? 1 : 0);
	if (m && p >= m->data && p < m->data + m->len) {
		size_t at = (size_t)(p - m->data), lo = at > m->body ? at : m->body;
		size_t hi = at + n < m->body + m->body_len ? at + n : m->body + m->body_len;
		if (lo < hi) {
			f->payload = HEADERS + (uint32_t)(lo - at);
			f->payload_len = (uint32_t)(hi - lo);
		}
	}
}

static void say(struct talk *t, unsigned from, const char *line)
{
	send_segment(t, from, ACK | PSH, (const uint8_t *)line, (uint32_t)strlen(line), NULL);
}

void pg_wire_session(struct pg_wire *w, uint32_t session, const struct pg_mail *m, uint32_t mss)
{
	struct talk t = { w, session, { 1000 + session, 500000 + session } };
	send_segment(&t, 0, SYN, NULL, 0, NULL);
	send_segment(&t, 1, SYN | ACK, NULL, 0, NULL);
	send_segment(&t, 0, ACK, NULL, 0, NULL);
	say(&t, 1, "220 mx.example.com ESMTP\r\n");
	say(&t, 0, "EHLO client.example.org\r\n");
	say(&t, 1, "250-mx.example.com\r\n250 PIPELINING\r\n");
	say(&t, 0, "MAIL FROM:<sender@example.org>\r\nRCPT TO:<reader@example.com>\r\nDATA\r\n");
	say(&t, 1, "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n");
	for (size_t at = 0; at < m->len; at += mss) {
		send_segment(&t, 0, ACK, m->data + at, (uint32_t)(m->len - at < mss ? m->len - at : mss), m);
		if (at / mss % 2)
			send_segment(&t, 1, ACK, NULL, 0, NULL);
	}
	say(&t, 0, ".\r\nQUIT\r\n");
	say(&t, 1, "250 2.0.0 Ok: queued as 4CDEB4BA92F9\r\n221 2.0.0 Bye\r\n");
	send_segment(&t, 1, ACK | FIN, NULL, 0, NULL);
	send_segment(&t, 0, ACK | FIN, NULL, 0, NULL);
	send_segment(&t, 1, ACK, NULL, 0, NULL);
}

void pg_wire_tls(struct pg_wire *w, uint32_t session, size_t bytes, uint32_t mss)
{
	struct talk t = { w, session, { 1000 + session, 500000 + session } };
	uint8_t p[65536];
	uint64_t seed = session;
	send_segment(&t, 0, SYN, NULL, 0, NULL);
	send_segment(&t, 1, SYN | ACK, NULL, 0, NULL);
	send_segment(&t, 0, ACK, NULL, 0, NULL);
	say(&t, 1, "220 mx.example.com ESMTP\r\n");
	say(&t, 0, "EHLO client.example.org\r\n");
	say(&t, 1, "250-mx.example.com\r\n250 STARTTLS\r\n");
	say(&t, 0, "STARTTLS\r\n");
	say(&t, 1, "220 2.0.0 Ready to start TLS\r\n");
	say(&t, 0, "\x16\x03\x01\x02\x00\x01"); /* a ClientHello begins (RFC 8446 5.1) */
	for (size_t i = 0; i < sizeof p; i++)
		p[i] = (uint8_t)pg_random(&seed);
	for (size_t at = 0; at < bytes; at += mss) {
		uint32_t n = (uint32_t)(bytes - at < mss ? bytes - at : mss);
		send_segment(&t, 0, ACK, p + at % (sizeof p - mss), n, NULL);
		if (w->failed)
			return;
		w->frames[w->nframes - 1].payload = HEADERS;
		w->frames[w->nframes - 1].payload_len = n;
		if (at / mss % 2)
			send_segment(&t, 1, ACK, NULL, 0, NULL);
	}
	send_segment(&t, 1, ACK | FIN, NULL, 0, NULL);
	send_segment(&t, 0, ACK | FIN, NULL, 0, NULL);
	send_segment(&t, 1, ACK, NULL, 0, NULL);
}

/* Where frame i goes when `by` segments with payload overtake it: not past its session, nor what is no acknowledgement. */
static size_t late_place(const struct pg_wire *w, size_t i, unsigned by)
{
	size_t to = i;
	for (size_t at = i + 1; by > 0 && at < w->nframes; at++) {
		const struct pg_frame *f = &w->frames[at];
		if (f->session != w->frames[i].session || (!f->payload_len && (f->len != HEADERS || w->data[f->off + 47] != ACK)))
			break;
		if (f->payload_len) {
			to = at;
			by--;
		}
	}
	return to;
}

#define AHEAD_MAX 16

/* The server acknowledges what it has in order; what waits is at most what one late segment lets wait. */
static void acknowledge(struct pg_wire *w, size_t from, size_t to)
{
	uint32_t edge = 0, ahead[AHEAD_MAX], len[AHEAD_MAX];
	unsigned n = 0;
	for (size_t i = from; i < to; i++) {
		const struct pg_frame *f = &w->frames[i];
		uint8_t *tcp = w->data + f->off + 34;
		if (!pg_wire_from_client(w, f)) {
			if (tcp[13] & ACK)
				dp_be_put32(tcp + 8, edge);
			continue;
		}
		uint32_t seq = dp_be_get32(tcp + 4), size = f->len - HEADERS + !!(tcp[13] & (SYN | FIN));
		if (tcp[13] & SYN)
			edge = seq;
		if (size && n < AHEAD_MAX) {
			ahead[n] = seq;
			len[n++] = size;
		}
		for (unsigned k = 0; k < n;) {
			if (ahead[k] != edge) {
				k++;
				continue;
			}
			edge += len[k];
			ahead[k] = ahead[--n];
			len[k] = len[n];
			k = 0;
		}
	}
}

uint64_t pg_wire_disorder(struct pg_wire *w, unsigned percent, uint64_t seed)
{
	uint64_t late = 0;
	for (size_t i = 0; i < w->nframes; i++) {
		struct pg_frame f = w->frames[i];
		/* Those that overtake one, two on average, are late themselves in no case. */
		if (!f.payload_len || pg_random(&seed) % (100 - 2 * percent) >= percent)
			continue;
		size_t to = late_place(w, i, 1 + (unsigned)(pg_random(&seed) % 3));
		memmove(&w->frames[i], &w->frames[i + 1], (to - i) * sizeof f);
		w->frames[to] = f;
		late += to > i;
		i = to;
	}
	for (size_t from = 0, to; from < w->nframes; from = to) {
		for (to = from; to < w->nframes && w->frames[to].session == w->frames[from].session;)
			to++;
		acknowledge(w, from, to);
	}
	return late;
}

int pg_wire_interleave(struct pg_wire *w, uint32_t sessions, uint32_t together, uint64_t seed)
{
	struct pg_frame *to = malloc(w->nframes * sizeof *to);
	size_t *next = calloc(sessions + 1, sizeof *next), *end = calloc(sessions + 1, sizeof *end);
	uint32_t *open = calloc(together, sizeof *open), nopen = 0, started = 0;
	int rc = -ENOMEM;
	if (!to || !next || !end || !open)
		goto out;
	for (size_t i = w->nframes; i-- > 0;)
		next[w->frames[i].session] = i;
	for (size_t i = 0; i < w->nframes; i++)
		end[w->frames[i].session] = i + 1;
	for (size_t n = 0; n < w->nframes;) {
		while (nopen < together && started < sessions)
			open[nopen++] = started++;
		uint32_t slot = (uint32_t)(pg_random(&seed) % nopen), s = open[slot];
		/* Segments of a window arrive together. */
		for (unsigned k = 1 + pg_random(&seed) % 8; k > 0 && next[s] < end[s]; k--)
			to[n++] = w->frames[next[s]++];
		if (next[s] == end[s])
			open[slot] = open[--nopen];
	}
	free(w->frames);
	w->frames = to;
	w->capframes = w->nframes;
	to = NULL;
	rc = 0;
out:
	free(to);
	free(next);
	free(end);
	free(open);
	return rc;
}

/* The client is the end in 10.0.0.0/8. */
bool pg_wire_from_client(const struct pg_wire *w, const struct pg_frame *f)
{
	return w->data[f->off + 14 + 12] == 10;
}

static void sum(uint8_t *field, const struct dp_checksum *c)
{
	uint16_t value = dp_checksum_value(c);
	memcpy(field, &value, sizeof value);
}

void pg_wire_sum(struct pg_wire *w)
{
	for (size_t i = 0; i < w->nframes; i++) {
		uint8_t *frame = w->data + w->frames[i].off, *ip = frame + 14, *tcp = ip + 20;
		struct dp_checksum of_ip = { 0 }, of_tcp = { 0 };
		struct dp_packet pkt;
		if (dp_packet_parse(DP_LINK_ETHERNET, frame, w->frames[i].len, w->frames[i].len, &pkt) != DP_TCP)
			continue;
		memset(ip + 10, 0, 2);
		memset(tcp + 16, 0, 2);
		dp_checksum_add(&of_ip, ip, 20);
		dp_checksum_add_pseudo(&of_tcp, &pkt, pkt.tcp_hdr_len + pkt.payload_len);
		dp_checksum_add(&of_tcp, tcp, pkt.tcp_hdr_len + pkt.payload_len);
		sum(ip + 10, &of_ip);
		sum(tcp + 16, &of_tcp);
	}
}

void pg_wire_renew(struct pg_wire *w, uint32_t round)
{
	for (size_t i = 0; i < w->nframes; i++) {
		uint8_t *ip = w->data + w->frames[i].off + 14;
		uint8_t *address = pg_wire_from_client(w, &w->frames[i]) ? ip + 12 : ip + 16;
		dp_be_put16(address + 1, round & 0xffff);
		address[3] = (uint8_t)(w->frames[i].session / 60000);
	}
}

void pg_wire_free(struct pg_wire *w)
{
	free(w->data);
	free(w->frames);
}
