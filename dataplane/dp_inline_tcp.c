/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_inline_tcp.h"

#include "dataplane/dp_be.h"
#include "pktgen-tests/pg_random.h"

#define WAIT_FIRST UINT64_C(300000000)
#define WAIT_MOST UINT64_C(4000000000)
#define TRIES 60
#define TIMESTAMPS 12

void dp_end_init(struct dp_end *e, const struct dp_test_conn *c, unsigned side, uint64_t *random)
{
	*e = (struct dp_end){ .c = *c, .side = side, .random = random, .mss = 1460, .flight = 20000, .peer_fin = UINT64_MAX,
			      .wait = WAIT_FIRST };
	e->iss = (uint32_t)pg_random(random);
	e->state = DP_END_LISTENS;
}

void dp_end_free(struct dp_end *e)
{
	dp_text_free(&e->out);
	dp_text_free(&e->in);
	dp_text_free(&e->have);
}

static uint64_t written(const struct dp_end *e)
{
	return e->out.n + e->fin;
}

static void sign(uint8_t *frame, size_t len)
{
	struct dp_packet pkt;
	struct dp_checksum sum = { 0 };
	assert_int_equal(dp_packet_parse(DP_LINK_ETHERNET, frame, len, len, &pkt), DP_TCP);
	uint8_t *tcp = frame + pkt.l4_off;
	uint32_t n = pkt.tcp_hdr_len + pkt.payload_len;
	memset(tcp + 16, 0, 2);
	dp_checksum_add_pseudo(&sum, &pkt, n);
	dp_checksum_add(&sum, tcp, n);
	uint16_t v = dp_checksum_value(&sum);
	memcpy(tcp + 16, &v, 2);
}

static void send_segment(struct dp_end *e, unsigned flags, uint32_t seq, uint32_t ack, const void *p, size_t n, uint64_t now)
{
	static uint8_t frame[DP_TEST_FRAME_MAX];
	uint8_t body[TIMESTAMPS + DP_END_WINDOW] = { 0 };
	struct dp_test_conn c = e->c;
	size_t opts = e->timestamps ? TIMESTAMPS : 0;
	if (opts) {
		dp_be_put32(body, 0x0101080a);
		dp_be_put32(body + 4, (uint32_t)(now / 1000000) + e->iss);
		dp_be_put32(body + 8, flags & RS_TCP_ACK ? e->newest_ts : 0);
	}
	if (n)
		memcpy(body + opts, p, n);
	c.seq[!e->side] = ack;
	size_t len = dp_test_segment_write(&c, e->side, flags, seq, body, opts + n, frame);
	if (opts) {
		frame[len - opts - n - 20 + 12] = (20 + TIMESTAMPS) / 4 << 4;
		sign(frame, len);
	}
	e->emit(e->arg, e->side, frame, len);
}

static uint32_t expected(const struct dp_end *e)
{
	return e->irs + 1 + (uint32_t)e->got + e->got_fin;
}

static void acknowledge(struct dp_end *e, uint64_t now)
{
	uint64_t at = e->next > e->most ? e->next : e->most;
	send_segment(e, RS_TCP_ACK, e->iss + 1 + (uint32_t)at, expected(e), NULL, 0, now);
}

static void send_syn(struct dp_end *e, uint64_t now)
{
	bool answer = e->state == DP_END_SYN_RECEIVED;
	send_segment(e, RS_TCP_SYN | (answer ? RS_TCP_ACK : 0), e->iss, e->irs + 1, NULL, 0, now);
	e->due = now + e->wait;
}

void dp_end_connect(struct dp_end *e, uint64_t now)
{
	e->state = DP_END_SYN_SENT;
	send_syn(e, now);
}

void dp_end_write(struct dp_end *e, const void *p, size_t n)
{
	if (!e->fin)
		dp_text_put(&e->out, p, n);
}

void dp_end_close(struct dp_end *e)
{
	e->fin = true;
}

static void reset(struct dp_end *e, uint32_t seq, uint32_t ack, unsigned flags, uint64_t now)
{
	e->stats.resets_sent++;
	send_segment(e, RS_TCP_RST | flags, seq, ack, NULL, 0, now);
}

void dp_end_abort(struct dp_end *e, uint64_t now)
{
	if (dp_end_over(e))
		return;
	if (e->state == DP_END_OPEN)
		reset(e, e->iss + 1 + (uint32_t)e->next, expected(e), RS_TCP_ACK, now);
	e->state = DP_END_GAVE_UP;
	e->due = 0;
}

/* One segment at `at`. Returns what it took of the numbers. */
static uint64_t send_at(struct dp_end *e, uint64_t at, uint64_t now)
{
	size_t n = e->out.n > at ? e->out.n - at : 0;
	if (n > e->mss)
		n = e->mss;
	if (n && e->pieces)
		n = 1 + dp_test_random(e->random, (uint32_t)n);
	bool fin = e->fin && at + n == e->out.n;
	unsigned flags = RS_TCP_ACK | (n ? RS_TCP_PSH : 0) | (fin ? RS_TCP_FIN : 0);
	send_segment(e, flags, e->iss + 1 + (uint32_t)at, expected(e), n ? e->out.p + at : NULL, n, now);
	return n + fin;
}

bool dp_end_push(struct dp_end *e, uint64_t now)
{
	bool sent = false;
	if (e->state != DP_END_OPEN)
		return false;
	while (e->next < written(e) && e->next - e->una < e->flight) {
		e->stats.repeated += e->next < e->most;
		e->next += send_at(e, e->next, now);
		e->most = e->next > e->most ? e->next : e->most;
		sent = true;
	}
	if (sent && !e->due)
		e->due = now + e->wait;
	return sent;
}

/* Bytes. */

static void store(struct dp_end *e, uint64_t off, const uint8_t *p, uint32_t n)
{
	static const uint8_t zeros[4096];
	while (e->in.n < off + n) {
		size_t more = off + n - e->in.n < sizeof zeros ? off + n - e->in.n : sizeof zeros;
		dp_text_put(&e->in, zeros, more);
		dp_text_put(&e->have, zeros, more);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (off + i < e->got || (e->have.p[off + i] && !e->newest))
			continue;
		e->in.p[off + i] = p[i];
		e->have.p[off + i] = 1;
	}
	while (e->got < e->in.n && e->have.p[e->got])
		e->got++;
}

static void acked(struct dp_end *e, uint64_t to, bool empty, uint64_t now)
{
	if (to > e->una) {
		e->una = to;
		e->next = e->next < to ? to : e->next;
		e->tries = e->same_acks = 0;
		e->wait = WAIT_FIRST;
		e->fin_acked = e->fin && to == written(e);
		e->due = to < e->most ? now + e->wait : 0;
	} else if (to == e->una && empty && e->una < e->most && ++e->same_acks == 3) {
		e->stats.repeated++;
		send_at(e, e->una, now);
	}
}

/* The handshake. True: the segment goes on being looked at. */
static bool shake(struct dp_end *e, const struct dp_packet *pkt, uint64_t now)
{
	bool rst = pkt->tcp_flags & RS_TCP_RST, syn = pkt->tcp_flags & RS_TCP_SYN, ack = pkt->tcp_flags & RS_TCP_ACK;
	switch (e->state) {
	case DP_END_LISTENS:
		if (!syn || ack || rst)
			return false;
		e->irs = pkt->seq;
		e->state = DP_END_SYN_RECEIVED;
		send_syn(e, now);
		return false;
	case DP_END_SYN_SENT:
		if (ack && pkt->ack != e->iss + 1)
			return false;
		if (rst && ack) {
			e->state = DP_END_RESET;
			e->due = 0;
		} else if (syn && ack) {
			e->irs = pkt->seq;
			e->state = DP_END_OPEN;
			e->due = 0;
			acknowledge(e, now);
		}
		return false;
	case DP_END_SYN_RECEIVED:
		if (syn && pkt->seq == e->irs)
			send_syn(e, now);
		if (syn || !ack || pkt->ack != e->iss + 1)
			return rst;
		e->state = DP_END_OPEN;
		e->due = 0;
		return true;
	default:
		return true;
	}
}

/* RFC 9293 3.10.7.4, the first checks. True: it is taken. */
static bool acceptable(struct dp_end *e, const struct dp_packet *pkt, const struct dp_tcp_options *o, int64_t off, uint64_t now)
{
	int64_t edge = (int64_t)e->got + e->got_fin, end = off + (int64_t)dp_packet_sequence(pkt);
	if (pkt->tcp_flags & RS_TCP_RST) {
		if (off == edge && e->state != DP_END_CLOSED) {
			e->state = DP_END_RESET;
			e->due = 0;
		} else if (off > edge && off < edge + DP_END_WINDOW) {
			e->stats.challenged++;
			acknowledge(e, now);
		}
		return false;
	}
	bool stale = e->timestamps && o->timestamps && (int32_t)(o->tsval - e->newest_ts) < 0;
	e->stats.stale += stale;
	if (stale || end < edge || off > edge + DP_END_WINDOW || pkt->tcp_flags & RS_TCP_SYN) {
		acknowledge(e, now);
		return false;
	}
	if (e->timestamps && o->timestamps && off <= edge)
		e->newest_ts = o->tsval;
	return true;
}

/* Nobody is here. */
static void refuse(struct dp_end *e, const struct dp_packet *pkt, uint64_t now)
{
	if (pkt->tcp_flags & RS_TCP_RST)
		return;
	if (pkt->tcp_flags & RS_TCP_ACK)
		reset(e, pkt->ack, 0, 0, now);
	else
		reset(e, 0, pkt->seq + dp_packet_sequence(pkt), RS_TCP_ACK, now);
}

static void take_payload(struct dp_end *e, const uint8_t *frame, const struct dp_packet *pkt, int64_t off, uint64_t now,
                         void (*read)(void *arg), void *arg)
{
	uint32_t len = pkt->payload_len, skip = off < 0 ? (uint32_t)-off : 0;
	uint64_t before = e->got;
	if (len > skip && !e->got_fin)
		store(e, (uint64_t)(off + skip), frame + pkt->payload_off + skip, len - skip);
	if (pkt->tcp_flags & RS_TCP_FIN)
		e->peer_fin = (uint64_t)(off + len);
	bool end = !e->got_fin && e->got == e->peer_fin;
	e->got_fin |= end;
	if (e->got > before || end)
		read(arg);
	if (!dp_end_push(e, now) && dp_packet_sequence(pkt))
		acknowledge(e, now);
	if (e->got_fin && e->fin_acked && e->state == DP_END_OPEN)
		e->state = DP_END_CLOSED;
}

void dp_end_take(struct dp_end *e, const uint8_t *frame, const struct dp_packet *pkt, uint64_t now, void (*read)(void *arg), void *arg)
{
	struct dp_tcp_options o;
	dp_tcp_options_parse(frame + pkt->l4_off, pkt->tcp_hdr_len, &o);
	if (e->state == DP_END_RESET || e->state == DP_END_GAVE_UP) {
		refuse(e, pkt, now);
		return;
	}
	if (o.timestamps && e->state < DP_END_OPEN)
		e->newest_ts = o.tsval;
	if (!shake(e, pkt, now)) {
		dp_end_push(e, now);
		return;
	}
	int64_t edge = (int64_t)e->got, off = edge + (int32_t)(pkt->seq - (e->irs + 1 + (uint32_t)e->got));
	if (!acceptable(e, pkt, &o, off, now) || !(pkt->tcp_flags & RS_TCP_ACK))
		return;
	int64_t ack = (int64_t)e->una + (int32_t)(pkt->ack - (e->iss + 1 + (uint32_t)e->una));
	if (ack > (int64_t)e->most) {
		e->stats.early_acks++;
		acknowledge(e, now);
		return;
	}
	if (ack >= 0)
		acked(e, (uint64_t)ack, dp_packet_sequence(pkt) == 0, now);
	take_payload(e, frame, pkt, off, now, read, arg);
}

void dp_end_tick(struct dp_end *e, uint64_t now)
{
	if (!e->due || now < e->due || dp_end_over(e))
		return;
	if (++e->tries > TRIES) {
		dp_end_abort(e, now);
		return;
	}
	e->wait = e->wait * 2 < WAIT_MOST ? e->wait * 2 : WAIT_MOST;
	e->due = now + e->wait;
	if (e->state != DP_END_OPEN) {
		send_syn(e, now);
		return;
	}
	/* All that is not acknowledged, beginning with one segment. */
	e->next = e->una;
	e->stats.repeated++;
	e->next += send_at(e, e->next, now);
	e->most = e->next > e->most ? e->next : e->most;
}
