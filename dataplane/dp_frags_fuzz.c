/* SPDX-License-Identifier: Apache-2.0 */
/* Input: where the worker stands, IP version and policy; then operations of four bytes on an infected mail's segments: a fragment
 * of one of eight of them (its beginning and length, whether more follow, whether its bytes are other ones), one with a byte of
 * its headers changed, a segment whole, time that passes.
 * Checked: both sums hold after each frame (dp_test), what is kept stays within its limits, all comes back in the end; between two
 * ports no datagram of a mail port leaves in fragments, and the server never has the mail with its end. */
#include "dataplane/dp_be.h"
#include "dataplane/dp_frags.h"
#include "dataplane/dp_inline_seen.h"

#define SEGMENTS 8
#define OPERATIONS 200

static uint8_t frames[SEGMENTS][2048];
static size_t lens[SEGMENTS];

static void check(const struct dp_seen *s)
{
	const struct dp_frags *f = s->t.worker->frags;
	if (f->kept > f->kept_max || f->pieces.used > 2 * f->kept || f->datagrams.used > f->kept)
		abort();
}

static void fragment(struct dp_seen *s, const uint8_t op[4], bool spoil)
{
	uint8_t to[4096], other[2048];
	unsigned which = op[0] % SEGMENTS, port = s->t.use == DP_USE_INLINE ? DP_OUTSIDE : DP_INSIDE;
	uint32_t total = (uint32_t)lens[which] - 14 - (s->c.v6 ? 40 : 20);
	uint32_t off = op[1] * 8u, len = op[2] & 0x3f ? (op[2] & 0x3f) * 8u : 2000;
	if (off > total)
		off = total & ~7u;
	if (len > total - off)
		len = total - off;
	memset(other, op[2] & 0x80 ? 'X' : 0, sizeof other);
	bool more = off + len < total;
	if (op[2] & 0x40)
		more = !more;
	size_t n = dp_test_fragment_write(frames[which], lens[which], off, len, more, which, op[2] & 0x80 ? other : NULL, to);
	if (spoil)
		to[op[3] % n] ^= (uint8_t)(op[0] | 1);
	dp_test_frame_at(&s->t, port, DP_LINK_ETHERNET, to, n);
	check(s);
}

static void act(struct dp_seen *s, const uint8_t op[4])
{
	switch (op[0] >> 4) {
	case 13:
		fragment(s, op, true);
		break;
	case 14:
		dp_test_frame_at(&s->t, s->t.use == DP_USE_INLINE ? DP_OUTSIDE : DP_INSIDE, DP_LINK_ETHERNET, frames[op[0] % SEGMENTS],
				 lens[op[0] % SEGMENTS]);
		break;
	case 15:
		dp_test_tick(&s->t, op[1] % 40);
		break;
	default:
		fragment(s, op, false);
		break;
	}
}

/* Some of the fragments of each segment are whole ones, so that much of what is tried is found. */
static void prepare(struct dp_seen *s)
{
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	dp_text_printf(&mail, ".\r\n");
	size_t each = (mail.n + SEGMENTS - 1) / SEGMENTS;
	for (size_t i = 0; i < SEGMENTS; i++) {
		size_t at = i * each < mail.n ? i * each : mail.n, n = mail.n - at < each ? mail.n - at : each;
		lens[i] = dp_test_segment_write(&s->c, 0, RS_TCP_ACK, s->c.seq[0] + (uint32_t)at, mail.p + at, n, frames[i]);
	}
	dp_text_free(&mail);
}

/* A first fragment, which has the ports: a mail port's. What has others because its bytes were changed is no mail. */
static bool begins_mail(const struct dp_sent *f)
{
	struct dp_packet pkt;
	if (dp_packet_parse(DP_LINK_ETHERNET, f->p, f->n, f->n, &pkt) != DP_FRAGMENT || pkt.proto != 6)
		return false;
	const uint8_t *at = f->p + pkt.l4_off, *flags = pkt.ip_version == 4 ? f->p + pkt.l3_off + 6 : at + 2;
	bool first = (dp_be_get16(flags) & (pkt.ip_version == 4 ? 0x1fff : 0xfff8)) == 0;
	at += pkt.ip_version == 4 ? 0 : 8;
	return first && at + 4 <= f->p + f->n && (dp_be_get16(at) == 25 || dp_be_get16(at + 2) == 25);
}

static void judge(const struct dp_seen *s)
{
	struct dp_text server = dp_seen_at_server(s);
	if (s->t.worker->account[0].verdict[CT_INFECTED] && strstr((const char *)server.p, "\r\n.\r\n"))
		abort();
	for (size_t i = 0; i < s->t.nsent; i++)
		if (begins_mail(&s->t.sent[i]))
			abort();
	dp_text_free(&server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dp_test_eal_once();
	if (size < 2 || size > 2 + 4 * OPERATIONS)
		return 0;
	struct dp_seen s;
	dp_seen_init(&s);
	s.t.use = data[0] % 3 == 0 ? DP_USE_MIRROR : DP_USE_INLINE;
	s.t.config.inline_.observe = data[0] % 3 == 1;
	s.t.config.memory.fragments = 64;
	s.t.config.ip.fragments_max = 32;
	s.t.config.capture.checksums = data[0] & 0x80 ? CT_CHECKSUMS_TRUST : CT_CHECKSUMS_VERIFY;
	s.t.config.receivers.fallback = (enum rs_overlap_policy)(data[1] % RS_OVERLAP_MAX);
	s.c.v6 = data[1] & 0x80;
	dp_seen_open(&s);
	dp_test_greet(&s.t, &s.c);
	dp_test_envelope(&s.t, &s.c);
	prepare(&s);
	for (size_t at = 2; at + 4 <= size; at += 4)
		act(&s, data + at);
	if (s.t.use == DP_USE_INLINE && !s.t.config.inline_.observe)
		judge(&s);
	dp_seen_close(&s);
	return 0;
}
