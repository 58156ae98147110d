/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_inline_state.h"

#include <string.h>

#include "dataplane/dp_inline_reset.h"
#include "dataplane/dp_session.h"
#include "dataplane/dp_streams.h"

bool dp_inline_begin(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *oldest = TAILQ_FIRST(&w->resetting);
	if (oldest && w->inlines.used == w->inlines.size)
		dp_inline_free(w, oldest->flow);
	struct dp_inline *in = rs_pool_get(&w->inlines);
	if (!in) {
		w->stats.inlines_refused++;
		return false;
	}
	memset(in, 0, sizeof *in);
	in->flow = f;
	dp_hold_init(&in->hold);
	f->inl = in;
	return true;
}

bool dp_inline_far(struct dp_worker *w, struct dp_inline *in, const struct dp_packet *pkt)
{
	if (!dp_voice_needs_far(pkt) || in->far)
		return true;
	struct dp_voice_far *far = rs_pool_get(&w->fars);
	if (!far) {
		w->stats.inlines_refused++;
		return false;
	}
	in->far = far;
	return true;
}

static struct dp_inline_list *list_of(struct dp_worker *w, const struct dp_inline *in)
{
	switch ((enum dp_inline_state)in->state) {
	case DP_INLINE_OPEN:
		break;
	case DP_INLINE_REFUSING:
		return &w->refusing;
	case DP_INLINE_ANSWERING:
		return &w->answering;
	case DP_INLINE_RESET:
		return &w->resetting;
	}
	return NULL;
}

static void unlist(struct dp_worker *w, struct dp_inline *in)
{
	struct dp_inline_list *list = list_of(w, in);
	if (list)
		TAILQ_REMOVE(list, in, due);
}

void dp_inline_enter(struct dp_worker *w, struct dp_inline *in, enum dp_inline_state state, uint64_t now)
{
	unlist(w, in);
	in->state = (uint8_t)state;
	in->since = now;
	struct dp_inline_list *list = list_of(w, in);
	if (list)
		TAILQ_INSERT_TAIL(list, in, due);
}

void dp_inline_free(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = f->inl;
	unlist(w, in);
	dp_hold_clear(&in->hold, &w->hold);
	if (in->replies)
		rs_pool_put(&w->replies, in->replies);
	if (in->far)
		rs_pool_put(&w->fars, in->far);
	rs_pool_put(&w->inlines, in);
	f->inl = NULL;
}

static void close_both(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	dp_streams_close(w, f, why);
	f->dead = true;
	f->tcp.state = RS_TCP_CLOSED;
	dp_flow_touch(&w->flows, f, DP_FLOWS_CLOSED, w->inspect.now.time);
}

void dp_inline_end(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	close_both(w, f, why);
	if (f->inl)
		dp_inline_free(w, f);
}

void dp_inline_kill(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	struct dp_inline *in = f->inl;
	w->stats.connections_reset++;
	if (f->session)
		f->session->cut = true;
	if (!in || in->state == DP_INLINE_ANSWERING) {
		if (in)
			dp_inline_reset_both(w, f);
		dp_inline_end(w, f, why);
		return;
	}
	uint32_t server_next = dp_inline_server_next(f);
	dp_inline_reset_both(w, f);
	close_both(w, f, why);
	in->server_next = server_next;
	dp_hold_clear(&in->hold, &w->hold);
	dp_inline_enter(w, in, DP_INLINE_RESET, w->inspect.now.time);
}

void dp_inline_reset_again(struct dp_worker *w, struct dp_flow *f, uint64_t now)
{
	dp_inline_reset_both(w, f);
	if (++f->inl->resets < DP_ANSWER_RESETS)
		dp_inline_enter(w, f->inl, DP_INLINE_RESET, now);
	else
		dp_inline_free(w, f);
}

void dp_inline_leave(struct dp_worker *w, struct dp_flow *f)
{
	/* Before the handshake is complete nothing has gone on but SYNs: whoever goes on will be found in the middle, and reset then. Until
	 * then a reset would answer a SYN that may be forged. */
	if (f->tcp.state == RS_TCP_CLOSED || f->tcp.state < RS_TCP_ESTABLISHED || f->proto != DP_PROTO_SMTP)
		return;
	w->stats.connections_reset++;
	if (f->session)
		f->session->cut = true;
	dp_inline_reset_both(w, f);
}
