/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_inline_seen.h"

#include <rte_mempool.h>

void dp_seen_init(struct dp_seen *s)
{
	dp_test_init(&s->t);
	s->t.use = DP_USE_INLINE;
	s->c = dp_test_conn(1);
	s->first = s->c.seq[0] + 1;
}

void dp_seen_open(struct dp_seen *s)
{
	dp_test_open(&s->t);
}

void dp_seen_begin(struct dp_seen *s)
{
	dp_seen_init(s);
	dp_seen_open(s);
}

void dp_seen_close(struct dp_seen *s)
{
	dp_test_close(&s->t);
}

void dp_seen_refuse(struct dp_seen *s)
{
	struct dp_text mail = { 0 };
	dp_made_infected(&mail);
	dp_test_greet(&s->t, &s->c);
	dp_test_envelope(&s->t, &s->c);
	dp_test_bytes(&s->t, &s->c, 0, mail.p, mail.n);
	assert_int_equal(dp_seen_ours(s, DP_OUTSIDE), 0);
	dp_test_say(&s->t, &s->c, 0, ".\r\n");
	dp_text_free(&mail);
}

void dp_seen_server(struct dp_seen *s, unsigned flags, uint32_t lacks, const char *text)
{
	struct dp_test_conn c = s->c;
	c.seq[0] -= lacks;
	dp_test_segment(&s->t, &c, 1, flags, c.seq[1], text, strlen(text));
	s->c.seq[1] += (uint32_t)strlen(text) + !!(flags & RS_TCP_FIN);
}

void dp_seen_client(struct dp_seen *s, unsigned flags, uint32_t more)
{
	struct dp_test_conn c = s->c;
	c.seq[1] += more;
	dp_test_segment(&s->t, &c, 0, flags, c.seq[0], NULL, 0);
	s->c.seq[0] += !!(flags & RS_TCP_FIN);
}

void dp_seen_greet(struct dp_seen *s)
{
	dp_test_greet(&s->t, &s->c);
	dp_seen_client(s, RS_TCP_ACK, 0);
	dp_test_forget_sent(&s->t);
}

static const uint8_t *payload(const struct dp_sent *f)
{
	return f->p + f->pkt.payload_off;
}

struct dp_text dp_seen_at_server(const struct dp_seen *s)
{
	struct dp_text text = { 0 };
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < s->t.nsent; i++) {
			const struct dp_sent *f = &s->t.sent[i];
			if (f->out != DP_INSIDE || !f->pkt.ip_version || f->pkt.tcp_flags & RS_TCP_RST || f->pkt.sport != s->c.port[0] ||
			    f->pkt.dport != s->c.port[1])
				continue;
			uint32_t off = f->pkt.seq - s->first, end = off + f->pkt.payload_len;
			if ((int32_t)(off - (uint32_t)text.n) > 0 || (int32_t)(end - (uint32_t)text.n) <= 0)
				continue;
			uint32_t skip = (uint32_t)text.n - off;
			dp_text_put(&text, payload(f) + skip, f->pkt.payload_len - skip);
			more = true;
		}
	}
	dp_text_put(&text, "", 1);
	text.n--;
	return text;
}

struct dp_text dp_seen_said(const struct dp_seen *s)
{
	struct dp_text text = { 0 };
	for (size_t i = 0; i < s->t.nsent; i++) {
		const struct dp_sent *f = &s->t.sent[i];
		if (f->out == DP_OUTSIDE && f->ours && f->pkt.payload_len)
			dp_text_put(&text, payload(f), f->pkt.payload_len);
	}
	dp_text_put(&text, "", 1);
	text.n--;
	return text;
}

size_t dp_seen_resets(const struct dp_seen *s, unsigned out)
{
	size_t n = 0;
	for (size_t i = 0; i < s->t.nsent; i++)
		n += s->t.sent[i].out == out && s->t.sent[i].pkt.ip_version && (s->t.sent[i].pkt.tcp_flags & RS_TCP_RST);
	return n;
}

size_t dp_seen_ours(const struct dp_seen *s, unsigned out)
{
	size_t n = 0;
	for (size_t i = 0; i < s->t.nsent; i++)
		n += s->t.sent[i].out == out && s->t.sent[i].ours;
	return n;
}

const struct dp_sent *dp_seen_one(const struct dp_seen *s, unsigned out, unsigned flags)
{
	const struct dp_sent *one = NULL;
	for (size_t i = 0; i < s->t.nsent; i++) {
		const struct dp_sent *f = &s->t.sent[i];
		if (f->out != out || !f->pkt.ip_version || (f->pkt.tcp_flags & flags) != flags)
			continue;
		if (one)
			fail_msg("more than one frame with flags %x", flags);
		one = f;
	}
	if (!one)
		fail_msg("no frame with flags %x", flags);
	return one;
}

void dp_seen_expect(const struct dp_seen *s, const char *text)
{
	struct dp_text said = dp_seen_said(s);
	if (strncmp((const char *)said.p, text, strlen(text)) != 0)
		fail_msg("expected: %s\nsaid: %s", text, (const char *)said.p);
	dp_text_free(&said);
}

void dp_seen_expect_resets(const struct dp_seen *s, size_t inside, size_t outside)
{
	assert_int_equal(dp_seen_resets(s, DP_INSIDE), inside);
	assert_int_equal(dp_seen_resets(s, DP_OUTSIDE), outside);
}

uint64_t dp_seen_dropped(const struct dp_seen *s, enum dp_drop why)
{
	return dp_test_account(&s->t).dropped[why];
}

void dp_seen_open_greeted(struct dp_seen *s)
{
	dp_seen_open(s);
	dp_seen_greet(s);
}
