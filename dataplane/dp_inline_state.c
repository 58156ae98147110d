/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_inline_state.h"

#include <string.h>

#include "dataplane/dp_inline_reset.h"
#include "dataplane/dp_session.h"
#include "dataplane/dp_streams.h"

bool dp_inline_begin(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = rs_pool_get(&w->inlines);
	if (!in) {
		w->stats.inlines_refused++;
		return false;
	}
	memset(in, 0, sizeof *in);
	in->flow = f;
	dp_hold_init(&in->hold, w->config->inline_.hold);
	f->inl = in;
	return true;
}

static void unlist(struct dp_worker *w, struct dp_inline *in)
{
	if (in->state == DP_INLINE_REFUSING)
		TAILQ_REMOVE(&w->refusing, in, due);
	else if (in->state == DP_INLINE_ANSWERING)
		TAILQ_REMOVE(&w->answering, in, due);
}

static void enlist(struct dp_worker *w, struct dp_inline *in)
{
	if (in->state == DP_INLINE_REFUSING)
		TAILQ_INSERT_TAIL(&w->refusing, in, due);
	else if (in->state == DP_INLINE_ANSWERING)
		TAILQ_INSERT_TAIL(&w->answering, in, due);
}

void dp_inline_enter(struct dp_worker *w, struct dp_inline *in, enum dp_inline_state state, uint64_t now)
{
	unlist(w, in);
	in->state = (uint8_t)state;
	in->since = now;
	enlist(w, in);
}

void dp_inline_free(struct dp_worker *w, struct dp_flow *f)
{
	struct dp_inline *in = f->inl;
	unlist(w, in);
	dp_hold_clear(&in->hold, &w->hold);
	if (in->replies)
		rs_pool_put(&w->replies, in->replies);
	rs_pool_put(&w->inlines, in);
	f->inl = NULL;
}

void dp_inline_end(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	dp_streams_close(w, f, why);
	if (f->inl)
		dp_inline_free(w, f);
	f->dead = true;
	f->tcp.state = RS_TCP_CLOSED;
	dp_flow_touch(&w->flows, f, DP_FLOWS_CLOSED, w->inspect.now.time);
}

void dp_inline_kill(struct dp_worker *w, struct dp_flow *f, enum ct_reason why)
{
	w->stats.connections_reset++;
	if (f->inl)
		dp_inline_reset_both(w, f);
	if (f->session)
		f->session->cut = true;
	dp_inline_end(w, f, why);
}

void dp_inline_leave(struct dp_worker *w, struct dp_flow *f)
{
	if (f->tcp.state == RS_TCP_CLOSED || f->proto != DP_PROTO_SMTP)
		return;
	w->stats.connections_reset++;
	if (f->session)
		f->session->cut = true;
	dp_inline_reset_both(w, f);
}
