/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_inline_read.h"

#include <string.h>

#include "dataplane/dp_kept.h"
#include "dataplane/dp_protocol.h"
#include "dataplane/dp_session.h"

static size_t read_piece(struct dp_worker *w, struct dp_flow *f, const struct rte_mbuf *m, uint32_t skip, uint32_t len)
{
	size_t taken = 0;
	while (taken < len) {
		uint32_t n = len - (uint32_t)taken;
		const uint8_t *p = dp_kept_piece(m, skip + (uint32_t)taken, &n);
		size_t k = dp_protocol_read(w, f, f->client, p, n);
		taken += k;
		if (k < n)
			break;
	}
	return taken;
}

/* The first bytes in order, for who must tell what they are. */
static size_t gather(struct dp_inline *in, uint8_t *to, size_t size)
{
	struct dp_hold at = in->hold;
	size_t got = 0;
	void *ref;
	uint32_t skip, len;
	while (got < size && dp_hold_unread(&at, &ref, &skip, &len)) {
		uint32_t n = len < size - got ? len : (uint32_t)(size - got);
		const uint8_t *p = dp_kept_piece(ref, skip, &n);
		memcpy(to + got, p, n);
		got += n;
		dp_hold_took(&at, n);
	}
	return got;
}

/* False: the bytes there are too few to tell; or they are no mail's, and the server has not acknowledged them: it may have dropped them
 * (RFC 7323 5.3, RFC 9293 3.10.7.4), and with what is remembered other bytes in their place would be forgotten, too. */
static bool tell(struct dp_worker *w, struct dp_flow *f)
{
	uint8_t first[DP_PROBE_MAX];
	size_t n = gather(f->inl, first, sizeof first);
	if (n == 0 || !dp_protocol_tell(w, f, f->client, first, n))
		return false;
	if (f->proto == DP_PROTO_NONE && rs_tcp_acked(&f->tcp, f->client) < f->inl->hold.read + n) {
		f->proto = DP_PROTO_PROBING;
		return false;
	}
	/* The client did not wait for the greeting, or for all of it. */
	if (f->proto == DP_PROTO_SMTP)
		dp_protocol_catch_up(w, f, !f->client);
	return true;
}

static uint64_t limit_of(const struct dp_flow *f)
{
	const struct dp_inline *in = f->inl;
	uint64_t limit = DP_HOLD_NO_LIMIT;
	if (f->session && dp_session_refused(f->session))
		limit = in->base + f->session->safe;
	else if (f->session && dp_session_halted(f->session))
		limit = in->hold.read;
	/* What was forwarded before it was known cannot be taken back: those bytes were judged, or made no message. */
	return limit < in->hold.edge ? in->hold.edge : limit;
}

void dp_inline_read(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = f->inl;
	void *ref;
	uint32_t skip, len;
	/* What its end cut off stays where it is. */
	if (f->tcp.state == RS_TCP_CLOSED)
		return;
	w->flow = f;
	while (in->unreadable == CT_REASON_NONE) {
		if (f->session && dp_session_halted(f->session))
			break;
		if (f->proto == DP_PROTO_PROBING && !tell(w, f))
			break;
		if (!dp_hold_unread(&in->hold, &ref, &skip, &len))
			break;
		if (f->proto == DP_PROTO_NONE) {
			dp_hold_took(&in->hold, len);
			continue;
		}
		size_t n = read_piece(w, f, ref, skip, len);
		dp_hold_took(&in->hold, (uint32_t)n);
		if (n == 0 && f->proto != DP_PROTO_PROBING)
			break;
	}
	in->hold.limit = limit_of(f);
}
